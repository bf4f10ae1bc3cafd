"""The jackknife: laws fitted without each group of rows, and what their metric says of its error.

Groups are summed up, and sums only added, never subtracted: an outlier leaves no trace where it is
left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from itertools import islice
from operator import add
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array.linalg import norm
from gaussmetrics._array.types import Array, Scalars
from gaussmetrics.inference.shuffle import Shuffle
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.laws.moments import Moments, fields
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


class LeftOut(Protocol):
    """The law of one sample, and its laws without each of its groups of rows.

    `from_origin` has rows measured from a place near them: there means keep digits that they have
    no room for far away. `place` is one.
    """

    def place(self) -> Array:
        """Return a place near the rows."""

    def from_origin(self, origin: Array) -> LeftOut:
        """Return the same sample measured from an origin."""

    @property
    def sizes(self) -> list[int]:
        """Return how many rows each group has."""

    def whole(self) -> Gaussian:
        """Return the law of all rows."""

    def without_each(self) -> Fitted:
        """Yield the laws of all groups but one, as many at once as memory allows."""


def deal(n: int, groups: int) -> tuple[NDArray[np.intp], Shuffle | None]:
    """Return where groups end whose sizes differ by one at most, in a random order, always alike.

    Groups of neighbours would take an order in the rows for noise.
    """
    shuffle = None if groups == n else Shuffle(n, np.random.default_rng(0))
    return n * np.arange(1, groups) // groups, shuffle


def dealt(rows: Rows, groups: int) -> list[Rows]:
    """Deal the rows (..., n, d) into groups."""
    ends, shuffle = deal(rows.shape[-2], groups)
    mixed = rows if shuffle is None else rows[..., shuffle.order(), :]
    return np.split(mixed, ends, axis=-2)


def clustered(rows: Rows, labels: NDArray[Any]) -> list[Rows]:
    """Collect the rows (..., n, d) of each label."""
    return [rows[..., labels == label, :] for label in np.unique(labels)]


@dataclass(frozen=True)
class Sums:
    """Moments of rows, with other sums (..., k) over them, of which there may be none."""

    moments: Moments
    others: Array

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.moments + other.moments, self.others + other.others)

    @classmethod
    def stack(cls, parts: Sequence[Sums]) -> Sums:
        """Return a batch of sums."""
        columns = zip(*(fields(part.moments) for part in parts), strict=True)
        return cls(Moments(*map(np.stack, columns)), np.stack([part.others for part in parts]))


@dataclass(frozen=True)
class SummedUp:
    """Groups of which sums are kept; `fit` finds the law of such sums, or of a batch of them."""

    groups: Sequence[Sums]
    fit: Callable[..., Gaussian]

    def place(self) -> Array:
        """Return the mean of a group."""
        return self.groups[0].moments.mean

    def from_origin(self, origin: Array) -> SummedUp:
        """Return the same sample measured from an origin."""
        return SummedUp(self.groups, partial(self.fit, origin=origin))

    @property
    def sizes(self) -> list[int]:
        """Return how many rows each group has."""
        return [int(np.max(group.moments.count)) for group in self.groups]

    def whole(self) -> Gaussian:
        """Return the law of all rows."""
        return self.fit(reduce(add, self.groups), whole=True)

    def without_each(self) -> Fitted:
        """Yield the laws of all groups but one, as many at once as memory allows."""
        size = max(1, CHUNK_BYTES // (8 * self.groups[0].moments.scatter.size))
        left_over = without_each(self.groups, None)
        while some := list(islice(left_over, size)):
            together = Sums.stack(some)
            yield np.asarray(together.moments.count), self.fit(together, whole=False)


@dataclass(frozen=True)
class KeptRows:
    """Groups whose rows are kept, where sums do not tell the law: `fit` finds it from rows."""

    groups: Sequence[Rows]
    fit: Callable[..., Gaussian]

    def place(self) -> Array:
        """Return a row."""
        return np.asarray(self.groups[0][..., 0, :], dtype=np.float64)

    def from_origin(self, origin: Array) -> KeptRows:
        """Return the same sample measured from an origin."""
        rows = [group - origin[..., None, :] for group in self.groups]
        return KeptRows(rows, self.fit)

    @property
    def sizes(self) -> list[int]:
        """Return how many rows each group has."""
        return [group.shape[-2] for group in self.groups]

    def whole(self) -> Gaussian:
        """Return the law of all rows."""
        return self.fit(np.concatenate(self.groups, axis=-2), whole=True)

    def without_each(self) -> Fitted:
        """Yield the law of all groups but one, each from its rows."""
        for i in range(len(self.groups)):
            rest = np.concatenate([*self.groups[:i], *self.groups[i + 1 :]], axis=-2)
            law = self.fit(rest, whole=False)
            yield np.full((1, *law.batch_shape), float(rest.shape[-2])), Gaussian.stack([law])


def without_each(parts: Sequence[Sums], rest: Sums | None) -> Iterator[Sums]:
    """Yield the sums of `rest` and all parts but one, for each part, by halving."""
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


def contribution(whole: Scalars, replicates: Array, left: Array) -> Contribution:
    """Return what one sample contributes, from the metric without each of its groups.

    `left` are the shares of the rows that are left, (g, ...) like the replicates.
    """
    bias = np.sum(left * (replicates - whole), axis=0)
    odds = left / (1.0 - left)
    deviations = (odds * (whole - replicates) + bias) / np.sqrt(odds * len(left))
    return Contribution(bias, norm(np.moveaxis(deviations, 0, -1)))
