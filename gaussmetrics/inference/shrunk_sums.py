"""Shrunk covariances of groups of rows that are not kept: from moments and sums of fourth order.

Ledoit and Wolf's formula asks for Σ ‖x − m‖⁴ about the mean m of the rows that are left. With
z = (x − c)/√u from a centre c near it and s = (m − c)/√u it is u² times

    Σ ‖z‖⁴ − 4 s·Σ ‖z‖² z + 4 sᵀSs/u + 2 ‖s‖² tr S/u + 3 n ‖s‖⁴,

so that the d + 1 sums Σ ‖z‖² z and Σ ‖z‖⁴ of each group are enough.
"""

from __future__ import annotations

from operator import add
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array.two_floats import TwoFloats, deviations, difference, split
from gaussmetrics._array.types import Array, Scalars
from gaussmetrics.inference.group_passes import Grouping
from gaussmetrics.inference.jackknife import Sums
from gaussmetrics.laws.moments import Moments, rows_of_block
from gaussmetrics.laws.sample_covariance import Sample, shrunk
from gaussmetrics.streams import Block, Passes


class Centre(NamedTuple):
    """A place near the mean, in two floats, and a unit of variance."""

    place: TwoFloats
    unit: Array

    @classmethod
    def of(cls, passes: Passes, whole: Moments) -> Centre:
        """Take the mean and the mean variance of all rows, whose squares must not underflow."""
        if np.diagonal(whole.scatter).min() < whole.count * np.finfo(float).tiny:
            sample = passes.fold(Sample.of_block, Sample.merged)
            shrunk(sample, lambda *_: np.float64(0.0), 1.0, 0.5)
        variance = np.trace(whole.scatter) / (whole.count * whole.mean.size)
        return cls((whole.mean, whole.mean_low), np.asarray(variance))


def fourth_sums(
    passes: Passes, grouping: Grouping, labels: NDArray[Any], centre: Centre
) -> NDArray[Any]:
    """Return Σ ‖z‖² z and Σ ‖z‖⁴ of each group, (g, d + 1): one pass."""
    return passes.fold(_of_block, add, grouping, labels, centre)


def _of_block(block: Block, grouping: Grouping, labels: NDArray[Any], centre: Centre) -> Array:
    rows, _ = rows_of_block(block)
    own, codes = grouping(block)
    origin = rows[:1]
    shift = difference((centre.place[0][None], centre.place[1][None]), split(origin))
    z = (deviations(rows, origin) - shift) / np.sqrt(centre.unit)
    squares = np.sum(z**2, axis=1)[:, None]
    values = squares * np.hstack([z, squares])
    sums = np.zeros((len(labels), values.shape[1]))
    order = np.argsort(codes, kind="stable")
    present, starts = np.unique(codes[order], return_index=True)
    if len(present):
        sums[np.searchsorted(labels, own[present])] = np.add.reduceat(values[order], starts, axis=0)
    return sums


def covariance(shrinkage: Any, centre: Centre, sums: Sums) -> Array:
    """Return (1 − γ) S + γ (tr S/d) I of the rows that have these sums."""

    def fourth(mean: TwoFloats, unit: Array) -> Scalars:
        return _fourth_moment(sums, mean, centre) * (centre.unit / unit) ** 2

    return shrunk(Sample.of_moments(sums.moments, 0.0), fourth, 1.0, shrinkage)


def _fourth_moment(sums: Sums, mean: TwoFloats, centre: Centre) -> Array:
    s = difference(mean, centre.place) / np.sqrt(centre.unit)
    scatter = sums.moments.scatter / centre.unit
    squares = np.sum(s**2, axis=-1)
    along = np.einsum("...i,...ij,...j->...", s, scatter, s)
    moved = 4.0 * along + 2.0 * squares * np.trace(scatter, axis1=-2, axis2=-1)
    cubic = np.sum(s * sums.others[..., :-1], axis=-1)
    return sums.others[..., -1] - 4.0 * cubic + moved + 3.0 * sums.moments.count * squares**2
