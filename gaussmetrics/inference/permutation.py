"""Rows dealt anew to the samples, by the moments of small groups of rows.

Groups of equally many rows of one sample are exchangeable where the laws are equal, and so the
moments of rows dealt anew are sums of moments of groups: one product of matrices for all of them.
No law is fitted to rows again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array.linalg import transpose
from gaussmetrics._array.types import Array
from gaussmetrics.laws.moments import Moments
from gaussmetrics.pairwise import CHUNK_BYTES

MOST_UNITS = 400
"""Rows beyond so many are dealt in groups."""

FEWEST_UNITS = 20
"""But each sample is cut into so many groups at least, or into its rows."""


@dataclass(frozen=True)
class Units:
    """Groups of rows, which are dealt, and the rows over, which stay where they are.

    `dealt` holds the groups and `owners` the number of the sample each comes from; `kept` holds one
    array of rows a sample.
    """

    dealt: Sequence[Array]
    owners: NDArray[np.intp]
    kept: Sequence[Array]
    name: str

    def counts(self) -> list[int]:
        """Return how many groups each sample has."""
        return np.bincount(self.owners, minlength=len(self.kept)).tolist()


def of_rows(samples: Sequence[Array], rng: np.random.Generator) -> Units:
    """Cut samples into groups of equally many rows, dealt at random."""
    total, least = sum(map(len, samples)), min(map(len, samples))
    size = max(1, min(-(-total // MOST_UNITS), least // FEWEST_UNITS))
    dealt: list[Array] = []
    kept, owners = [], []
    for k, rows in enumerate(samples):
        mixed = rows if size == 1 else rows[rng.permutation(len(rows))]
        whole = len(rows) // size
        dealt += list(mixed[: whole * size].reshape(whole, size, -1))
        kept.append(mixed[whole * size :])
        owners += [k] * whole
    return Units(dealt, np.array(owners), kept, "rows" if size == 1 else f"groups of {size} rows")


def of_clusters(samples: Sequence[Array], labels: Sequence[NDArray[Any]]) -> Units:
    """Collect the rows of each label, to be dealt whole."""
    dealt: list[Array] = []
    owners = []
    for k, (rows, names) in enumerate(zip(samples, labels, strict=True)):
        clusters = [rows[names == name] for name in np.unique(names)]
        dealt += clusters
        owners += [k] * len(clusters)
    kept = [rows[:0] for rows in samples]
    return Units(dealt, np.array(owners), kept, "clusters")


def moments_dealt(
    units: Units, permutations: int, rng: np.random.Generator
) -> Iterator[list[Moments]]:
    """Yield the moments of all samples for permutations of the groups, a batch at a time.

    The rows should be measured from about their common mean.
    """
    d = units.kept[0].shape[-1]
    sizes = np.array([len(rows) for rows in units.dealt], dtype=np.float64)
    sums = np.stack([rows.sum(axis=0) for rows in units.dealt])
    fixed = [(len(rows), rows.sum(axis=0), rows.T @ rows) for rows in units.kept]
    batch = max(1, CHUNK_BYTES // (8 * d * d))
    for start in range(0, permutations, batch):
        count = min(batch, permutations - start)
        owners = rng.permuted(np.tile(units.owners, (count, 1)), axis=1)
        taken = [np.asarray(owners == k, dtype=np.float64) for k in range(len(fixed))]
        squares = _squares(units.dealt, taken, batch)
        yield [
            _moments(chosen @ sizes + n, chosen @ sums + total, square + second)
            for chosen, square, (n, total, second) in zip(taken, squares, fixed, strict=True)
        ]


def _squares(dealt: Sequence[Array], taken: Sequence[Array], batch: int) -> list[Array]:
    """Return Σ x xᵀ over the groups that each sample takes, with few groups in memory at once."""
    d = dealt[0].shape[-1]
    totals = [np.zeros((len(chosen), d * d)) for chosen in taken]
    for start in range(0, len(dealt), batch):
        some = slice(start, start + batch)
        second = np.stack([rows.T @ rows for rows in dealt[some]]).reshape(-1, d * d)
        for k, chosen in enumerate(taken):
            totals[k] += chosen[:, some] @ second
    return [total.reshape(-1, d, d) for total in totals]


def _moments(count: Array, total: Array, square: Array) -> Moments:
    mean = total / count[:, None]
    scatter = square - total[:, :, None] * mean[:, None, :]
    # Where all rows dealt to a sample are alike rounding leaves a little, of either sign.
    varying = [np.diagonal(x, axis1=-2, axis2=-1) for x in (scatter, square)]
    kept = varying[0] > 1e-13 * varying[1]
    scatter = np.where(kept[..., :, None] & kept[..., None, :], scatter, 0.0)
    return Moments(count, mean, 0.5 * (scatter + transpose(scatter)))
