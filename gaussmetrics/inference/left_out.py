"""Samples cut into the groups of rows that the jackknife leaves out, wherever the rows are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, reduce
from operator import add
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array.types import Array
from gaussmetrics.inference import checks, jackknife, shrunk_sums
from gaussmetrics.inference.group_passes import Dealt, Grouping, by_label, grouped
from gaussmetrics.inference.jackknife import GROUPS, KeptRows, LeftOut, Rows, SummedUp, Sums
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.laws.moments import Moments, measured_from
from gaussmetrics.laws.sample_checks import streamed_samples
from gaussmetrics.streams import Passes

Kinds = NDArray[Any]


def of_samples(
    samples: Sequence[Rows | Passes],
    columns: Sequence[Sequence[str] | None],
    labels: Sequence[Any],
    groups: int | None,
    *,
    shrinkage: Any,
    allow_singular: bool,
) -> list[LeftOut]:
    """Cut x and y into groups, by the labels of their rows or into as many as are asked for."""
    clusters = labels[0] is not None
    counts: Sequence[int] = (0, 0)
    if is_shrunk(shrinkage):
        here = [_few_rows_here(*pair) for pair in zip(samples, labels, strict=True)]
        samples, labels = zip(*here, strict=True)
    if not clusters:
        rows = [checks.row_count("estimate", sample) for sample in samples]
        counts = checks.group_counts(groups, GROUPS, *rows)
    parts: list[LeftOut] = []
    kinds: list[Kinds] = []
    for name, sample, names, own, count in zip("xy", samples, columns, labels, counts, strict=True):
        fit = Fit(name, shrinkage, {"names": names, "allow_singular": allow_singular})
        if isinstance(sample, Passes):
            part, kind = _in_blocks(sample, own, count, fit)
        else:
            part, kind = _in_memory(sample, own, count, fit)
        parts.append(part)
        kinds.append(kind)
    if clusters:
        checks.separate_clusters("xy", kinds)
    return parts


def is_shrunk(shrinkage: Any) -> bool:
    """Tell whether a covariance is shrunk at all."""
    return isinstance(shrinkage, str) or shrinkage > 0


def _few_rows_here(sample: Rows | Passes, labels: Any) -> tuple[Rows | Passes, Any]:
    """Bring rows that are fewer than columns here: they are smaller than one d × d matrix."""
    if not isinstance(sample, Passes) or sample.count("estimate") > sample.width:
        return sample, labels
    block = sample.gather()
    return streamed_samples(sample.called, block.rows), block.labels


class Fit(NamedTuple):
    """How the law of one sample is found; errors say of which."""

    name: str
    shrinkage: Any
    options: dict[str, Any]

    def of_rows(self, rows: Rows, *, whole: bool) -> Gaussian:
        """Fit a law to rows: all of the sample, or without some."""
        make = partial(Gaussian.from_samples, shrinkage=self.shrinkage, **self.options)
        return self._told(make, rows, whole)

    def of_sums(
        self,
        covariance: Callable[[Sums], Array],
        sums: Sums,
        *,
        whole: bool,
        origin: Array | None = None,
    ) -> Gaussian:
        """Fit a law to the sums of rows, which are measured from an origin."""

        def make(sums: Sums) -> Gaussian:
            moments = sums.moments if origin is None else measured_from(sums.moments, origin)
            return Gaussian(moments.mean, covariance(sums), **self.options)

        return self._told(make, sums, whole)

    def _told(self, make: Callable[[Any], Gaussian], given: Any, whole: bool) -> Gaussian:
        try:
            return make(given)
        except ValueError as error:
            checks.refuse_sample(self.name, error, whole=whole)


def _in_memory(rows: Rows, labels: Any, count: int, fit: Fit) -> tuple[LeftOut, Kinds]:
    if labels is None:
        kinds, groups = np.arange(count), jackknife.dealt(rows, count)
    else:
        own = checks.one_label_a_row(fit.name, np.asarray(labels), rows.shape[-2])
        kinds, groups = np.unique(own), jackknife.clustered(rows, own)
    if is_shrunk(fit.shrinkage):
        return KeptRows(groups, fit.of_rows), kinds
    sums = [Sums(Moments.from_samples(group), np.zeros(0)) for group in groups]
    return SummedUp(sums, partial(fit.of_sums, _unbiased)), kinds


def _in_blocks(passes: Passes, labels: Any, count: int, fit: Fit) -> tuple[LeftOut, Kinds]:
    grouping: Grouping = by_label
    if labels is None:
        n = passes.count("estimate")
        grouping = Dealt(n, *jackknife.deal(n, count))
    kinds, parts = grouped(passes, grouping)
    covariance, others = _unbiased, np.zeros((len(parts), 0))
    if is_shrunk(fit.shrinkage):
        centre = shrunk_sums.Centre.of(passes, reduce(add, parts))
        covariance = partial(shrunk_sums.covariance, fit.shrinkage, centre)
        if fit.shrinkage == "ledoit-wolf":
            others = shrunk_sums.fourth_sums(passes, grouping, kinds, centre)
    sums = [Sums(*pair) for pair in zip(parts, others, strict=True)]
    return SummedUp(sums, partial(fit.of_sums, covariance)), kinds


def _unbiased(sums: Sums) -> Array:
    return sums.moments.covariance()
