"""The jackknife: laws fitted without each group of rows, and what their metric says of its error.

Groups are summed up by their moments, and only added, never subtracted: an outlier leaves no trace
where it is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array.linalg import norm
from gaussmetrics._array.types import Array, Scalars
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.laws.moments import Moments
from gaussmetrics.pairwise import CHUNK_BYTES

GROUPS = 50
"""So many replicates fix a standard error to a tenth: 1/√(2·49)."""

Rows = NDArray[Any]
Fitted = Iterator[tuple[Array, Gaussian]]
"""Numbers of rows and laws of these: (k,) and a batch (k, ...)."""


class Contribution(NamedTuple):
    """The bias and the standard error that the rows of one sample give a metric."""

    bias: Any
    error: Any


def dealt(rows: Rows, groups: int) -> list[Rows]:
    """Deal the rows (..., n, d) into groups whose sizes differ by one at most, always alike."""
    n = rows.shape[-2]
    # Groups of neighbours would take an order in the rows for noise.
    mixed = rows if groups == n else rows[..., np.random.default_rng(0).permutation(n), :]
    ends = n * np.arange(1, groups) // groups
    return np.split(mixed, ends, axis=-2)


def clustered(rows: Rows, labels: NDArray[Any]) -> list[Rows]:
    """Collect the rows (..., n, d) of each label."""
    return [rows[..., labels == label, :] for label in np.unique(labels)]


def fitted_to_moments(groups: Sequence[Rows], fit: Callable[[Moments], Gaussian]) -> Fitted:
    """Yield the laws of the moments of all groups but one, as many at once as memory allows."""
    parts = [Moments.from_samples(group) for group in groups]
    size = max(1, CHUNK_BYTES // (8 * parts[0].scatter.size))
    left_over = without_each(parts, None)
    while some := list(islice(left_over, size)):
        fields = zip(*((m.count, m.mean, m.scatter) for m in some), strict=True)
        together = Moments(*(np.stack(field) for field in fields))
        yield np.asarray(together.count), fit(together)


def without_each(parts: Sequence[Moments], rest: Moments | None) -> Iterator[Moments]:
    """Yield the moments of `rest` and all parts but one, for each part, by halving."""
    if len(parts) == 1:
        if rest is not None:
            yield rest
        return
    half = len(parts) // 2
    for kept, left in ((parts[:half], parts[half:]), (parts[half:], parts[:half])):
        total = left[0] if rest is None else rest + left[0]
        for part in left[1:]:
            total = total + part
        yield from without_each(kept, total)


def fitted_to_rows(groups: Sequence[Rows], fit: Callable[[Rows], Gaussian]) -> Fitted:
    """Yield the law of all groups but one, each from its rows, where moments do not tell it."""
    for i in range(len(groups)):
        rest = np.concatenate([*groups[:i], *groups[i + 1 :]], axis=-2)
        law = fit(rest)
        yield np.full((1, *law.batch_shape), float(rest.shape[-2])), Gaussian.stack([law])


def contribution(whole: Scalars, replicates: Array, left: Array) -> Contribution:
    """Return what one sample contributes, from the metric without each of its groups.

    `left` are the shares of the rows that are left, (g, ...) like the replicates.
    """
    bias = np.sum(left * (replicates - whole), axis=0)
    odds = left / (1.0 - left)
    deviations = (odds * (whole - replicates) + bias) / np.sqrt(odds * len(left))
    return Contribution(bias, norm(np.moveaxis(deviations, 0, -1)))
