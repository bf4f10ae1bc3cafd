"""The two columns that tell groups apart best, and how well the best two would do by chance.

Of many pairs of columns the best one looks good even where groups are equal. So the groups are
dealt anew to the rows, and the best pair is looked for again each time. Columns are compared by the
normal scores of their ranks: a few entries far out make no column clear.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array.types import Array
from gaussmetrics.divergences import hellinger_distance
from gaussmetrics.laws import Gaussian

CANDIDATES = 10
"""Pairs are formed of so many columns that differ most one by one."""

WORK = 400_000
"""So many distances are computed at most."""

FEWEST_DEALS, MOST_DEALS = 19, 199
MOST_ROWS = 5000
FLOOR = 0.1
"""Groups spread at least by this share of the variance of all rows."""


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


def clearest(rows: Array, codes: NDArray[np.intp], units: NDArray[np.intp], seed: int) -> Clearest:
    """Find the clearest columns of the rows, and of rows whose units are dealt anew."""
    rng = np.random.default_rng(seed)
    if len(rows) > MOST_ROWS:
        some = np.sort(rng.permutation(len(rows))[:MOST_ROWS])
        rows, codes, units = rows[some], codes[some], units[some]
    scores, count, d = _normal_scores(rows), int(codes.max()) + 1, rows.shape[1]
    columns, distance = _best(scores, codes, count)
    tried = comb(min(d, CANDIDATES), min(2, d))
    deals = int(np.clip(WORK // (tried * count * count), FEWEST_DEALS, MOST_DEALS))
    _, first, units = np.unique(units, return_index=True, return_inverse=True)
    owners = codes[first]
    values = np.array([
        _best(scores, rng.permutation(owners)[units], count)[1] for _ in range(deals)
    ])  # fmt: skip
    reached = int(np.count_nonzero(values >= distance * (1 - 1e-12)))
    p_value = (1 + reached) / (1 + deals)
    return Clearest(columns, distance, float(np.median(values)), p_value, comb(d, 2), deals)


def _normal_scores(rows: Array) -> Array:
    """Return the normal quantiles of the ranks of each column, of equal entries alike."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    ranks = rankdata(rows, axis=0)
    return np.asarray(ndtri(ranks / (len(rows) + 1)))


def _best(scores: Array, codes: NDArray[np.intp], count: int) -> tuple[tuple[int, ...], float]:
    """Return the columns, two if there are, whose laws are furthest apart on average, and how."""
    member = np.equal.outer(np.arange(count), codes).astype(np.float64)
    weights = member / np.maximum(member.sum(axis=1), 1.0)[:, None]
    means = weights @ scores
    deviations = np.sqrt(np.maximum(weights @ scores**2 - means**2, 0.0))
    differing = means.var(axis=0) + deviations.var(axis=0)
    telling = np.argsort(-differing, kind="stable")[:CANDIDATES]
    chosen = np.array(list(combinations(range(len(telling)), min(2, len(telling)))))
    covariances = _covariances(scores[:, telling], weights)
    laws = Gaussian(
        means[:, telling[chosen]].swapaxes(0, 1),
        covariances[:, chosen[:, :, None], chosen[:, None, :]].swapaxes(0, 1),
    )
    i, j = np.triu_indices(count, 1)
    distances = np.asarray(hellinger_distance(laws[:, i], laws[:, j])).mean(axis=1)
    best = int(np.argmax(distances))
    return tuple(int(k) for k in telling[chosen[best]]), float(distances[best])


def _covariances(scores: Array, weights: Array) -> Array:
    """Return the covariances of the groups, none below the floor."""
    d = scores.shape[1]
    means = weights @ scores
    squares = np.stack([(scores * w[:, None]).T @ scores for w in weights])
    return squares - means[:, :, None] * means[:, None, :] + FLOOR * np.eye(d)
