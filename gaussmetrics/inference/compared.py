"""Samples to be compared, in memory or in blocks: their moments, and groups of rows to be dealt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, reduce
from operator import add
from typing import Any, NamedTuple

import numpy as np

from gaussmetrics._array.linalg import EPS
from gaussmetrics._array.two_floats import TwoFloats
from gaussmetrics._array.types import Array, Scalars
from gaussmetrics.inference import checks, permutation
from gaussmetrics.inference.checks import Rows
from gaussmetrics.inference.permutation import Units
from gaussmetrics.laws.covariance import from_symmetric
from gaussmetrics.laws.moments import Moments, block_moments, measured_from
from gaussmetrics.laws.sample_covariance import (
    Sample,
    block_fourth_moment,
    fourth_moment,
    shrunk,
)
from gaussmetrics.streams import Passes, sample_passes


class Compared(NamedTuple):
    """One of several samples: its name, its rows, and labels if rows with one are dealt together.

    Of a sample in blocks the labels go with the blocks.
    """

    name: str
    rows: Rows | Passes
    labels: Any = None


class Summed(NamedTuple):
    """The moments of samples, and how their rows are dealt anew, measured from centres."""

    moments: list[Moments]
    units_from: Callable[[Sequence[TwoFloats]], Units]

    def units(self, *, each: bool) -> Units:
        """Measure rows from their common mean, or those of each sample from its own."""
        whole = reduce(add, self.moments)
        return self.units_from([_mean(m if each else whole) for m in self.moments])


def read(x: Any, y: Any, groups: Any) -> list[Compared]:
    """Check two samples, or a list or mapping of several, and the labels of their rows."""
    names, values = ["x", "y"], [x, y]
    if y is None:
        names, values = checks.several_samples("equality_test", x, None)
    labels = [None] * len(names) if groups is None else checks.labels_of_samples(groups, names)
    rows = checks.flat_samples("equality_test", names, values, labels)
    if groups is not None:
        labels = checks.cluster_labels(labels, rows, names)
    form = _as_blocks if any(isinstance(part, Passes) for part in rows) else _as_floats
    return [form(sample) for sample in map(Compared, names, rows, labels)]


def _as_blocks(sample: Compared) -> Compared:
    """Let a sample in memory go along with others in blocks, as one block."""
    if isinstance(sample.rows, Passes):
        return sample
    named = {"called": sample.name, "labels_called": "groups"}
    return sample._replace(rows=sample_passes([sample.rows], labels=sample.labels, **named))


def _as_floats(sample: Compared) -> Compared:
    return sample._replace(rows=np.asarray(sample.rows, dtype=np.float64))


def moments_of(samples: Sequence[Compared]) -> list[Moments]:
    """Sum samples up, in one pass over each."""
    return [
        sample.rows.fold(block_moments, add)
        if isinstance(sample.rows, Passes)
        else Moments.from_samples(sample.rows)
        for sample in samples
    ]


def about_their_mean(samples: Sequence[Moments]) -> list[Moments]:
    """Measure the rows of all samples from their common mean, as those that are dealt anew."""
    origin = reduce(add, samples).mean
    return [measured_from(moments, origin) for moments in samples]


def in_groups(samples: Sequence[Compared], rng: np.random.Generator) -> Summed:
    """Sum samples up by groups of rows that can be dealt anew, in one pass over each."""
    rows: Any = [sample.rows for sample in samples]
    labels = [sample.labels for sample in samples]
    if not isinstance(rows[0], Passes):
        return Summed(moments_of(samples), partial(_units_in_memory, rows, labels, rng))
    if labels[0] is None:
        sizes = [passes.count("equality_test") for passes in rows]
        parts = permutation.parts_of_rows(rows, sizes, rng)
    else:
        clusters, parts = permutation.parts_of_clusters(rows)
        checks.separate_clusters([sample.name for sample in samples], clusters)
    moments = [
        reduce(add, groups, rest) for groups, rest in zip(parts.dealt, parts.kept, strict=True)
    ]
    return Summed(moments, partial(Units.of_moments, parts))


def _units_in_memory(
    samples: Sequence[Rows],
    labels: Sequence[Any],
    rng: np.random.Generator,
    centres: Sequence[TwoFloats],
) -> Units:
    centred = [rows - high - low for rows, (high, low) in zip(samples, centres, strict=True)]
    if labels[0] is None:
        return permutation.of_rows(centred, rng)
    return permutation.of_clusters(centred, labels)


def determines_a_law(name: str, moments: Moments) -> None:
    """Check that the covariance of a sample is one of full rank."""
    try:
        precision = Sample.of_moments(moments, EPS).rounding_of_covariance()
        from_symmetric(moments.covariance(), allow_singular=False, precision=precision)
    except ValueError as error:
        checks.refuse_sample(name, error, whole=True)


def pooled_shrinkage(samples: Sequence[Compared], pooled: Moments, rule: str) -> float:
    """Return the shrinkage γ that a formula chooses for all rows: Σ − τ I = (1 − γ)(S − τ I)."""

    def fourth(mean: TwoFloats, unit: Array) -> Scalars:
        return np.sum([_fourth_moment(sample.rows, mean, unit) for sample in samples])

    cov = pooled.covariance()
    target = np.trace(cov) / len(cov) * np.eye(len(cov))
    spread = float(np.linalg.norm(cov - target))
    left = shrunk(Sample.of_moments(pooled, EPS), fourth, 1.0, rule) - target
    return 1.0 - float(np.linalg.norm(left)) / spread if spread else 0.0


def _fourth_moment(rows: Rows | Passes, mean: TwoFloats, unit: Array) -> Scalars:
    if not isinstance(rows, Passes):
        return fourth_moment(rows, None, mean, unit)
    rows.again('shrinkage="ledoit-wolf"')
    return rows.fold(block_fourth_moment, add, mean, unit)


def _mean(moments: Moments) -> TwoFloats:
    return moments.mean, moments.mean_low
