"""Moments of groups of rows, in one pass over a sample that no machine holds.

The group of a row depends on its number in the sample, or on its label, alone, and moments merge
exactly: what comes out is what one machine finds that holds all rows, whatever the blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gaussmetrics.inference import checks
from gaussmetrics.inference.shuffle import Shuffle
from gaussmetrics.laws.blocks import BLOCK_ELEMENTS
from gaussmetrics.laws.moments import Moments, moments_of_rows
from gaussmetrics.laws.moments import fields as fields_of
from gaussmetrics.laws.sample_checks import streamed_samples
from gaussmetrics.streams import Block, Passes

Grouping: TypeAlias = Callable[[Block], tuple[NDArray[Any], NDArray[np.intp]]]
"""The groups there are, in sorted order, and the place there of the group of each row."""


@dataclass(frozen=True)
class Dealt:
    """Groups of the places that n rows have in a random order, or in their own, up to each end."""

    n: int
    ends: NDArray[np.intp]
    shuffle: Shuffle | None

    def __call__(self, block: Block) -> tuple[NDArray[Any], NDArray[np.intp]]:
        """Look the places of the rows of a block up."""
        start, stop = block.start or 0, (block.start or 0) + len(block.rows)
        checks.same_count(max(stop, self.n), self.n)
        places = np.arange(start, stop)
        if self.shuffle is not None:
            places = self.shuffle.places(start, stop)
        return np.arange(len(self.ends) + 1), np.searchsorted(self.ends, places, side="right")


def by_label(block: Block) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Group the rows that have one label."""
    labels = checks.one_label_a_row("the block", np.asarray(block.labels), len(block.rows))
    return np.unique(labels, return_inverse=True)


def grouped(passes: Passes, grouping: Grouping) -> tuple[NDArray[Any], list[Moments]]:
    """Return the groups in sorted order and the moments of each: g d × d matrices travel."""
    labels, moments = passes.fold(sums_of_block, merged, grouping)
    parts = [Moments(*some) for some in zip(*fields_of(moments), strict=True)]
    if isinstance(grouping, Dealt):
        checks.same_count(int(moments.count.sum()), grouping.n, passes.called)
    return labels, parts


Grouped: TypeAlias = tuple[NDArray[Any], Moments]
"""Groups in sorted order, and their moments, a batch of shape (g,)."""


def sums_of_block(block: Block, grouping: Grouping) -> Grouped:
    """Return the groups of one block."""
    rows = streamed_samples("X", block.rows)
    labels, codes = grouping(block)
    return labels, moments_of_groups(rows, codes, len(labels))


def merged(first: Grouped, second: Grouped) -> Grouped:
    """Return the groups of both."""
    if np.array_equal(first[0], second[0]):
        return first[0], first[1] + second[1]
    labels = np.union1d(first[0], second[0])
    return labels, _among(labels, *first) + _among(labels, *second)


def _among(labels: NDArray[Any], own: NDArray[Any], moments: Moments) -> Moments:
    """Return the moments of groups of which some are empty here."""
    places = np.searchsorted(labels, own)
    fields = [np.zeros((len(labels), *field.shape[1:])) for field in fields_of(moments)]
    for all_groups, field in zip(fields, fields_of(moments), strict=True):
        all_groups[places] = field
    return Moments(*fields)


def moments_of_groups(rows: NDArray[Any], codes: NDArray[np.intp], groups: int) -> Moments:
    """Return the moments of g groups of rows in memory, a batch of shape (g,)."""
    sizes, order = np.bincount(codes, minlength=groups), np.argsort(codes, kind="stable")
    starts, d = np.cumsum(sizes) - sizes, rows.shape[-1]
    fields = [np.zeros((groups, *shape)) for shape in ((), (d,), (d, d), (d,))]
    for some in _alike(sizes, BLOCK_ELEMENTS // d):
        # Shorter groups are filled up with rows that have no weight.
        steps = np.arange(sizes[some].max())
        inside = steps < sizes[some, None]
        index = order[starts[some, None] + np.where(inside, steps, 0)]
        part = moments_of_rows(rows[index], None if inside.all() else inside.astype(float), rows)
        for all_groups, field in zip(fields, fields_of(part), strict=True):
            all_groups[some] = field
    return Moments(*fields)


def _alike(sizes: NDArray[np.intp], most: int) -> Iterator[NDArray[np.intp]]:
    """Yield groups that differ by less than a factor of two in size, few rows at a time."""
    bits = np.frexp(sizes.astype(float))[1]
    for size in np.unique(bits[sizes > 0]):
        members = np.flatnonzero(bits == size)
        at_once = max(1, most >> int(size))
        for start in range(0, len(members), at_once):
            yield members[start : start + at_once]
