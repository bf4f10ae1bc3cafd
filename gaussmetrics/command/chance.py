"""The two columns that tell groups apart best, and how well the best two would do by chance.

Of many pairs of columns the best one looks good even where groups are equal. So the groups are
dealt anew to the rows, and the best pair is looked for again each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array.types import Array
from gaussmetrics.divergences import hellinger_distance
from gaussmetrics.laws import Gaussian

CANDIDATES = 10
"""Pairs are formed of so many columns that differ most one by one."""

WORK = 400_000
"""So many distances are computed at most."""


@dataclass(frozen=True)
class Clearest:
    """The clearest columns, and what the clearest would be by chance.

    `distance` is the mean Hellinger distance of the groups' laws in these columns, 0 for equal and
    1 for disjoint ones; `by_chance` is its median over deals, and `p_value` the share of deals that
    reach it.
    """

    columns: tuple[int, ...]
    distance: float
    by_chance: float
    p_value: float
    pairs: int
    deals: int


def clearest(
    scaled: Array, codes: NDArray[np.intp], units: NDArray[np.intp], seed: int
) -> Clearest:
    """Find the clearest columns of the rows, and of rows whose units are dealt anew."""
    count = int(codes.max()) + 1
    columns, distance = _best(scaled, codes, count)
    d = scaled.shape[1]
    pairs = len(list(combinations(range(min(d, CANDIDATES)), min(2, d))))
    deals = int(np.clip(WORK // (pairs * count * count), 19, 199))
    rng = np.random.default_rng(seed)
    owners = np.zeros(int(units.max()) + 1, dtype=np.intp)
    owners[units] = codes
    values = []
    for _ in range(deals):
        dealt = rng.permutation(owners)[units]
        values.append(_best(scaled, dealt, count)[1])
    reached = np.count_nonzero(np.array(values) >= distance * (1 - 1e-12))
    p_value = (1 + reached) / (1 + deals)
    return Clearest(columns, distance, float(np.median(values)), p_value, d * (d - 1) // 2, deals)


def _best(scaled: Array, codes: NDArray[np.intp], count: int) -> tuple[tuple[int, ...], float]:
    sizes, means, variances = _by_group(scaled, codes, count)
    spread = means.var(axis=0) + np.sqrt(variances).var(axis=0)
    telling = np.argsort(-spread, kind="stable")[:CANDIDATES]
    covariances = _covariances(scaled[:, telling], codes, means[:, telling], sizes)
    subsets = list(combinations(range(len(telling)), min(2, len(telling))))
    chosen = np.array(subsets)
    laws = Gaussian(
        means[:, telling[chosen]].swapaxes(0, 1),
        covariances[:, chosen[:, :, None], chosen[:, None, :]].swapaxes(0, 1),
    )
    i, j = np.triu_indices(count, 1)
    distances = np.asarray(hellinger_distance(laws[:, i], laws[:, j])).mean(axis=1)
    best = int(np.argmax(distances))
    return tuple(int(telling[k]) for k in subsets[best]), float(distances[best])


def _by_group(scaled: Array, codes: NDArray[np.intp], count: int) -> tuple[Array, Array, Array]:
    """Return sizes, means and variances; of a group that got no row, those of all rows."""
    member = np.equal.outer(np.arange(count), codes).astype(np.float64)
    sizes = member.sum(axis=1)
    weights = member / np.maximum(sizes, 1.0)[:, None]
    means = weights @ scaled
    return sizes, means, np.maximum(weights @ scaled**2 - means**2, 0.0)


def _covariances(rows: Array, codes: NDArray[np.intp], means: Array, sizes: Array) -> Array:
    """Return the covariances of the groups, with one more row of the spread of all rows."""
    d = rows.shape[1]
    scatters = np.stack(
        [(rows[codes == k] - mean).T @ (rows[codes == k] - mean) for k, mean in enumerate(means)]
    )
    return (scatters + np.eye(d)) / np.maximum(sizes, 1.0)[:, None, None]
