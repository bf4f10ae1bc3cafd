"""Covariances of samples: dense from many rows, a factor from few, and shrunk on request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array import reading
from gaussmetrics._array.linalg import EPS, sum_of_squares, transpose
from gaussmetrics._array.two_floats import TwoFloats, deviations, difference, shifted, split
from gaussmetrics._array.types import Array, Scalars
from gaussmetrics.laws import intensity, sample_checks
from gaussmetrics.laws.blocks import first_row, row_blocks
from gaussmetrics.laws.low_rank import LowRank
from gaussmetrics.laws.moments import Moments, moments_of_rows, rows_of_block
from gaussmetrics.laws.singular import Singular
from gaussmetrics.laws.structure import Structure
from gaussmetrics.streams import Block

_SMALLEST = float(np.finfo(np.float64).tiny)
"""Squares smaller than this have lost digits; rounding of so many of them adds up."""


def few_samples(
    rows: Array, weights: Array | None, ddof: float, shrinkage: float | str
) -> tuple[Array, Structure]:
    """Return the mean and the covariance F Fᵀ of n ≤ d rows, whose factor F has n columns."""
    w = np.ones(rows.shape[:-1]) if weights is None else np.broadcast_to(weights, rows.shape[:-1])
    count = w.sum(axis=-1)
    # Measured from a row of its own, a sample far from the origin keeps its digits.
    origin = first_row(rows, w)
    centred = np.where((w > 0)[..., None], deviations(rows, origin), 0.0)
    shift = (w[..., None, :] @ centred) / count[..., None, None]
    centred = np.sqrt(w)[..., None] * (centred - shift)
    mean = shifted(split(origin), shift)[0][..., 0, :]
    columns = transpose(centred) / np.sqrt(count - ddof)[..., None, None]
    if not isinstance(shrinkage, str) and shrinkage == 0:
        return mean, Singular(columns)
    squares = np.asarray(sum_of_squares(columns, 2))
    lost = squares < rows.shape[-2] * rows.shape[-1] * _SMALLEST
    sample_checks.no_underflow(lost & columns.any(axis=(-2, -1)))
    target = squares / rows.shape[-1]
    sample_checks.some_variance(target)
    gamma = np.asarray(_few_intensity(shrinkage, centred, w, count))
    if not gamma.any():
        return mean, Singular(columns)
    sample_checks.shrunk_everywhere(gamma)
    kept = np.sqrt(1.0 - gamma)[..., None, None]
    noise = np.broadcast_to((gamma * target)[..., None], mean.shape)
    return mean, LowRank(kept * columns, noise.copy())


def _few_intensity(shrinkage: float | str, centred: Array, w: Array, count: Array) -> Scalars:
    gram = centred @ transpose(centred)
    unit = np.trace(gram, axis1=-2, axis2=-1) / (count * centred.shape[-1])
    size = intensity.relative_size(gram, centred.shape[-1])
    squares = np.diagonal(gram, axis1=-2, axis2=-1) / np.where(w > 0, w, 1.0) / unit[..., None]
    fourth = (w * squares**2).sum(axis=-1)
    return _intensity_of(shrinkage, count, centred.shape[-1], size, fourth)


class Sample(NamedTuple):
    """What one pass over the rows of a sample leaves, block by block or all at once.

    `low` and `high` are the extremes of the columns, where underflow may have hidden that they
    vary; elsewhere they are −inf and inf. `precision` is the relative rounding of the numbers.
    """

    rows: int
    moments: Moments
    low: Array
    high: Array
    precision: float

    @classmethod
    def of(cls, rows: NDArray[Any], weights: Array | None, moments: Moments) -> Sample:
        """Look closer at columns that seem not to vary."""
        n = rows.shape[-2]
        low, high = (np.full(moments.mean.shape, side) for side in (-np.inf, np.inf))
        lost = (np.diagonal(moments.scatter, axis1=-2, axis2=-1) < n * _SMALLEST) | (n == 0)
        columns = lost.any(axis=tuple(range(lost.ndim - 1)))
        if columns.any():
            some = rows[..., columns].astype(np.float64)
            counted = True if weights is None else (weights > 0)[..., None]
            low[..., columns] = some.min(axis=-2, initial=np.inf, where=counted)
            high[..., columns] = some.max(axis=-2, initial=-np.inf, where=counted)
        # Integers are what they are.
        precision = reading.precision(rows) if rows.dtype.kind == "f" else 0.0
        return cls(n, moments, low, high, precision)

    @classmethod
    def of_moments(cls, moments: Moments, precision: float) -> Sample:
        """Take moments for all that is known: no column hides that it varies."""
        nowhere = np.zeros(moments.mean.shape)
        return cls(0, moments, nowhere, nowhere, precision)

    @classmethod
    def of_block(cls, block: Block) -> Sample:
        """Sum up one block of a sample in many."""
        rows, weights = rows_of_block(block)
        return cls.of(rows, weights, moments_of_rows(rows, weights, block.rows))

    def merged(self, other: Sample) -> Sample:
        """Return what both leave together."""
        low, high = np.minimum(self.low, other.low), np.maximum(self.high, other.high)
        precision = max(self.precision, other.precision)
        return Sample(self.rows + other.rows, self.moments + other.moments, low, high, precision)

    def rounding_of_covariance(self) -> float:
        """Return the relative rounding of the covariance.

        Sums of n products are known to about √n of the rounding of one. A number x of precision ε
        is itself rounded by up to ε|x|/2, of variance (ε x)²/12: columns that are dependent but for
        that have an eigenvalue of this size, which in float32 is far above the rounding of sums.
        """
        count = np.asarray(self.moments.count)
        variances = np.diagonal(self.moments.scatter, axis1=-2, axis2=-1)
        varying = variances > 0
        # From the root, a mean whose square leaves the floats has none.
        with np.errstate(over="ignore"):
            offsets = np.sqrt(count)[..., None] * np.abs(self.moments.mean)
            relative = offsets[varying] / np.sqrt(variances[varying])
            largest = 1.0 + float(relative.max(initial=0.0)) ** 2
        sums = EPS * max(1.0, float(np.sqrt(count.max(initial=1.0))) / 8.0)
        return max(sums, self.precision**2 / 12.0 * largest)


def shrunk(
    sample: Sample,
    fourth: Callable[[TwoFloats, Array], Scalars],
    ddof: float,
    shrinkage: float | str,
) -> Array:
    """Return the covariance (1 − γ) S + γ (tr S/d) I of many rows.

    `fourth` returns Σ w ‖x − mean‖⁴ / unit² for a mean and a unit of variance, in a second pass.
    """
    moments = sample.moments
    lost = np.diagonal(moments.scatter, axis1=-2, axis2=-1) < sample.rows * _SMALLEST
    sample_checks.no_underflow(lost & (sample.high > sample.low))
    cov = moments.covariance(ddof=ddof)
    if not isinstance(shrinkage, str) and shrinkage == 0:
        return cov
    d = cov.shape[-1]
    trace = np.trace(moments.scatter, axis1=-2, axis2=-1)
    unit = trace / (moments.count * d)
    sample_checks.some_variance(unit)
    size = intensity.relative_size(moments.scatter, d)
    fourths = (
        fourth((moments.mean, moments.mean_low), np.asarray(unit))
        if shrinkage == "ledoit-wolf"
        else 0.0
    )
    gamma = np.asarray(_intensity_of(shrinkage, moments.count, d, size, np.float64(fourths)))
    target = np.asarray(np.trace(cov, axis1=-2, axis2=-1))[..., None, None] / d
    gamma = gamma[..., None, None]
    return (1.0 - gamma) * cov + gamma * target * np.eye(d)


def fourth_moment(
    rows: NDArray[Any], weights: Array | None, mean: TwoFloats, unit: Array
) -> Scalars:
    """Return Σ w ‖x − mean‖⁴ / unit²."""
    total: Scalars = np.zeros(rows.shape[:-2])
    origin = rows[..., :1, :]
    shift = difference((mean[0][..., None, :], mean[1][..., None, :]), split(origin))
    for at in row_blocks(rows.shape):
        centred = deviations(rows[..., at, :], origin) - shift
        squares = np.asarray(sum_of_squares(centred / np.sqrt(unit)[..., None, None], 1)) ** 2
        total = total + (squares if weights is None else weights[..., at] * squares).sum(axis=-1)
    return total


def block_fourth_moment(block: Block, mean: TwoFloats, unit: Array) -> Scalars:
    """Return the part of `fourth_moment` of one block of a sample in many."""
    return fourth_moment(*rows_of_block(block), mean, unit)


def _intensity_of(
    shrinkage: float | str, count: Scalars, dim: int, size: Scalars, fourth: Scalars
) -> Scalars:
    if shrinkage == "oas":
        return intensity.oas(count, dim, size)
    if shrinkage == "ledoit-wolf":
        return intensity.ledoit_wolf(count, dim, size, fourth)
    return np.float64(shrinkage)
