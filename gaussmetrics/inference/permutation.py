"""Rows dealt anew to the samples, by the moments of small groups of rows.

Groups of equally many rows of one sample are exchangeable where the laws are equal, and so the
moments of rows dealt anew are sums of moments of groups: one product of matrices for all of them.
No law is fitted to rows again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array.linalg import transpose
from gaussmetrics._array.two_floats import TwoFloats, difference
from gaussmetrics._array.types import Array
from gaussmetrics.inference.group_passes import Dealt, by_label, grouped
from gaussmetrics.inference.shuffle import Shuffle
from gaussmetrics.laws.moments import Moments, no_samples
from gaussmetrics.pairwise import CHUNK_BYTES
from gaussmetrics.streams import Passes

MOST_UNITS = 400
"""Rows beyond so many are dealt in groups; and of no sample more groups are dealt."""

FEWEST_UNITS = 20
"""But each sample is cut into so many groups at least, or into its rows."""


class Sums(NamedTuple):
    """Number, sum and sum of squares x xᵀ of rows that stay where they are."""

    rows: float
    total: Array
    square: Array


@dataclass(frozen=True)
class Units:
    """Groups of rows, which are dealt, and the rows over, which stay where they are.

    `owners` holds the number of the sample each group comes from, `sizes` and `totals` how many
    rows it has and their sum; `squares` returns the sums of x xᵀ of some groups. `kept` holds the
    sums of the rows that stay, for each sample. Rows are measured from about their common mean.
    """

    owners: NDArray[np.intp]
    sizes: Array
    totals: Array
    squares: Callable[[slice], Array]
    kept: Sequence[Sums]
    name: str

    def counts(self) -> list[int]:
        """Return how many groups each sample has."""
        return np.bincount(self.owners, minlength=len(self.kept)).tolist()

    @classmethod
    def of_arrays(cls, dealt: Sequence[Sequence[Array]], kept: Sequence[Array], name: str) -> Units:
        """Keep the rows of the groups of each sample."""
        groups = [rows for of_sample in dealt for rows in of_sample]

        def squares(some: slice) -> Array:
            return np.stack([rows.T @ rows for rows in groups[some]])

        return cls(
            _owners(dealt),
            np.array([len(rows) for rows in groups], dtype=np.float64),
            np.stack([rows.sum(axis=0) for rows in groups]),
            squares,
            [Sums(len(rows), rows.sum(axis=0), rows.T @ rows) for rows in kept],
            name,
        )

    @classmethod
    def of_moments(
        cls,
        parts: Parts,
        centres: Sequence[TwoFloats],
    ) -> Units:
        """Keep the moments of the groups of each sample, measured from a centre of its own."""
        groups = [
            _from(centre, part)
            for centre, of_sample in zip(centres, parts.dealt, strict=True)
            for part in of_sample
        ]
        return cls(
            _owners(parts.dealt),
            np.array([group.rows for group in groups]),
            np.stack([group.total for group in groups]),
            lambda some: np.stack([group.square for group in groups[some]]),
            [_from(centre, part) for centre, part in zip(centres, parts.kept, strict=True)],
            parts.name,
        )


def _owners(dealt: Sequence[Sequence[Any]]) -> NDArray[np.intp]:
    return np.repeat(np.arange(len(dealt)), [len(groups) for groups in dealt])


def _from(centre: TwoFloats, moments: Moments) -> Sums:
    """Return the sums of rows measured from a centre."""
    shift = difference((moments.mean, moments.mean_low), centre)
    square = moments.scatter + moments.count * np.outer(shift, shift)
    return Sums(float(moments.count), moments.count * shift, square)


class Cut(NamedTuple):
    """How samples of so many rows are cut: into groups of `size`, of which some are dealt."""

    sizes: Sequence[int]

    @property
    def size(self) -> int:
        """Return how many rows a group has."""
        return max(1, min(-(-sum(self.sizes) // MOST_UNITS), min(self.sizes) // FEWEST_UNITS))

    @property
    def name(self) -> str:
        """Say what is dealt."""
        return "rows" if self.size == 1 else f"groups of {self.size} rows"

    def shuffles(self, rng: np.random.Generator) -> Iterator[tuple[int, Shuffle | None]]:
        """Yield how many groups of each sample are dealt, and the order in which they are cut."""
        for n in self.sizes:
            dealt = min(n // self.size, MOST_UNITS)
            yield dealt, None if dealt == n else Shuffle(n, rng)


def of_rows(samples: Sequence[Array], rng: np.random.Generator) -> Units:
    """Cut samples into groups of equally many rows, dealt at random."""
    cut = Cut([len(rows) for rows in samples])
    dealt, kept = [], []
    for rows, (groups, shuffle) in zip(samples, cut.shuffles(rng), strict=True):
        mixed = rows if shuffle is None else rows[shuffle.order()]
        dealt.append(list(mixed[: groups * cut.size].reshape(groups, cut.size, -1)))
        kept.append(mixed[groups * cut.size :])
    return Units.of_arrays(dealt, kept, cut.name)


def of_clusters(samples: Sequence[Array], labels: Sequence[NDArray[Any]]) -> Units:
    """Collect the rows of each label, to be dealt whole."""
    dealt = [
        [rows[names == name] for name in np.unique(names)]
        for rows, names in zip(samples, labels, strict=True)
    ]
    return Units.of_arrays(dealt, [rows[:0] for rows in samples], "clusters")


class Parts(NamedTuple):
    """The moments of the groups of each sample, and of the rows over: what `of_moments` takes."""

    dealt: list[list[Moments]]
    kept: list[Moments]
    name: str


def parts_of_rows(
    samples: Sequence[Passes], sizes: Sequence[int], rng: np.random.Generator
) -> Parts:
    """Cut samples in blocks as `of_rows` does: one pass over each."""
    cut = Cut(sizes)
    dealt, kept = [], []
    for passes, n, (groups, shuffle) in zip(samples, sizes, cut.shuffles(rng), strict=True):
        ends = cut.size * np.arange(1, groups + 1)
        _, parts = grouped(passes, Dealt(n, ends, shuffle))
        dealt.append(parts[:-1])
        kept.append(parts[-1])
    return Parts(dealt, kept, cut.name)


def parts_of_clusters(samples: Sequence[Passes]) -> tuple[list[NDArray[Any]], Parts]:
    """Collect the rows of each label of samples in blocks, and tell the labels."""
    clusters = [grouped(passes, by_label) for passes in samples]
    dealt = [parts for _, parts in clusters]
    none = [no_samples((), passes.width) for passes in samples]
    return [labels for labels, _ in clusters], Parts(dealt, none, "clusters")


def moments_dealt(
    units: Units, permutations: int, rng: np.random.Generator
) -> Iterator[list[Moments]]:
    """Yield the moments of all samples for permutations of the groups, a batch at a time."""
    d = units.totals.shape[-1]
    batch = max(1, CHUNK_BYTES // (8 * d * d))
    for start in range(0, permutations, batch):
        count = min(batch, permutations - start)
        owners = rng.permuted(np.tile(units.owners, (count, 1)), axis=1)
        taken = [np.asarray(owners == k, dtype=np.float64) for k in range(len(units.kept))]
        squares = _squares(units, taken, batch)
        yield [
            _moments(chosen @ units.sizes + n, chosen @ units.totals + total, square + second)
            for chosen, square, (n, total, second) in zip(taken, squares, units.kept, strict=True)
        ]


def _squares(units: Units, taken: Sequence[Array], batch: int) -> list[Array]:
    """Return Σ x xᵀ over the groups that each sample takes, with few groups in memory at once."""
    d = units.totals.shape[-1]
    totals = [np.zeros((len(chosen), d * d)) for chosen in taken]
    for start in range(0, len(units.owners), batch):
        some = slice(start, start + batch)
        second = units.squares(some).reshape(-1, d * d)
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
