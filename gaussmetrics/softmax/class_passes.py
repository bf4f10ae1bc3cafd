"""Labelled rows that no machine holds: what a first pass over their blocks finds."""

from __future__ import annotations

from itertools import pairwise
from operator import or_
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array.two_floats import TwoFloats, deviations, shifted, split
from gaussmetrics._array.types import Array
from gaussmetrics.laws import sample_checks
from gaussmetrics.laws.blocks import merge_exactly
from gaussmetrics.softmax import checks
from gaussmetrics.softmax.class_moments import ClassMoments
from gaussmetrics.softmax.sample import Sample
from gaussmetrics.streams import Block, Passes

Span = tuple[float, float, float]


class ClassSums(NamedTuple):
    """Class moments whose means are kept in two floats, for parts to merge exactly."""

    counts: Array
    means: TwoFloats
    scatter: Array

    @classmethod
    def of(cls, sample: Sample) -> ClassSums:
        """Gather them from some rows."""
        rows = sample.X
        # Any row will do for the origin; a block without rows has none.
        origin = rows[:1] if len(rows) else np.zeros((1, rows.shape[1]))
        near = ClassMoments.from_samples(
            deviations(rows, origin), sample.codes, sample.n_classes, weights=sample.weights
        )
        seen = near.counts[:, None] > 0
        high, low = shifted(shifted(split(origin), near.means), near.means_low)
        means = np.where(seen, high, 0.0), np.where(seen, low, 0.0)
        return cls(near.counts, means, near.scatter)

    def merged(self, other: ClassSums) -> ClassSums:
        """Return the sums of both parts."""
        counts, means, steps = merge_exactly(self.counts, self.means, other.counts, other.means)
        return ClassSums(counts, means, self.scatter + other.scatter + steps.T @ steps)

    def among(self, places: NDArray[np.intp], n_classes: int) -> ClassSums:
        """Put the classes in these places among more of them."""
        high, low = (np.zeros((n_classes, mean.shape[1])) for mean in self.means)
        counts = np.zeros(n_classes)
        counts[places], high[places], low[places] = self.counts, *self.means
        return ClassSums(counts, (high, low), self.scatter)

    def moments(self, of: Any = slice(None)) -> ClassMoments:
        """Return the moments of these classes, which hold all rows of any weight."""
        high, low = self.means
        return ClassMoments(self.counts[of], high[of], self.scatter, low[of])


class Census(NamedTuple):
    """What one pass finds in labelled blocks.

    kinds has the first block of each kind of labels; sizes and groups are by block; weights are
    the sum, the least above 0 and the largest. With more than one kind of labels there are no sums.
    """

    kinds: dict[str, int]
    sizes: dict[int, int]
    weights: Span | None
    groups: dict[int, NDArray[Any]]
    classes: NDArray[Any]
    sums: ClassSums

    @classmethod
    def of_block(cls, block: Block) -> Census:
        """Look at one block, and check all that one block can tell."""
        rows, labels, repeats, groups = checked_rows(block)
        sample_checks.finite_rows("X", rows, block.rows)
        classes, codes = np.unique(labels, return_inverse=True)
        sums = ClassSums.of(Sample(rows, codes, len(classes), repeats))
        number, kind = block.labels.number, checks.kind_of_labels(labels)
        return cls(
            {kind: number} if kind else {},
            {number: len(rows)},
            None if repeats is None else checks.weight_span(repeats),
            {} if groups is None else {number: np.unique(groups)},
            classes,
            sums,
        )

    def merged(self, other: Census) -> Census:
        """Return what both parts of the rows hold."""
        kinds = dict(other.kinds)
        kinds |= {kind: min(n, kinds.get(kind, n)) for kind, n in self.kinds.items()}
        classes, sums = self.classes, self.sums
        if not len(classes) or not len(other.classes):
            classes, sums = (self if len(classes) else other)[-2:]
        elif len(kinds) == 1:
            classes = np.unique(np.concatenate([classes, other.classes]))
            first, second = (
                part.sums.among(np.searchsorted(classes, part.classes), len(classes))
                for part in (self, other)
            )
            sums = first.merged(second)
        spans = [part.weights for part in (self, other) if part.weights is not None]
        totals, least, largest = zip(*spans, strict=True) if spans else ((), (), ())
        return Census(
            kinds,
            self.sizes | other.sizes,
            (sum(totals), min(least), max(largest)) if spans else None,
            self.groups | other.groups,
            classes,
            sums,
        )

    def checked(self, place: Any) -> Census:
        """Check what takes all blocks to tell; `place` names a block."""
        checks.one_kind({kind: place(number) for kind, number in self.kinds.items()})
        if self.weights is not None:
            checks.repeats_within(*self.weights)
        return self

    def starts(self) -> dict[int, int]:
        """Return the first row of each block."""
        numbers = sorted(self.sizes)
        ends = np.cumsum([self.sizes[number] for number in numbers]).tolist()
        return dict(zip(numbers, [0, *ends], strict=False))

    def group_names(self, place: Any) -> NDArray[Any] | None:
        """Return the names of all groups, each of which lies in one block."""
        if not self.groups:
            return None
        numbers = sorted(self.groups)
        names = np.concatenate([self.groups[number] for number in numbers])
        blocks = np.repeat(numbers, [len(self.groups[number]) for number in numbers])
        order = np.argsort(names, kind="stable")
        for i, j in pairwise(order[np.flatnonzero(_repeated(names[order]))]):
            if names[i] == names[j]:
                checks.groups_within_blocks(
                    place(blocks[i]), place(blocks[j]), *names[[i]].tolist()
                )
        checks.several_groups(len(names))
        return names[order]


def checked_rows(
    block: Block,
) -> tuple[NDArray[Any], NDArray[Any], Array | None, NDArray[Any] | None]:
    """Check the rows of a block, not their entries, and what goes beside them."""
    rows, beside = sample_checks.sample_rows("X", block.rows), block.labels
    n = len(rows)
    labels = checks.block_labels(beside.labels, n)
    repeats = None if beside.weights is None else checks.some_repeats(beside.weights, n)
    groups = None if beside.groups is None else checks.group_labels(beside.groups, n)
    return rows, labels, repeats, groups


def _repeated(names: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which of sorted names are not alone."""
    same = names[1:] == names[:-1]
    return np.append(same, False) | np.append(False, same)


def gathered(passes: Passes) -> tuple[Any, ...]:
    """Return the rows, labels, weights and groups of all blocks: of samples known to be small."""
    blocks = passes.fold(_numbered, or_)
    parts = zip(*(blocks[number] for number in sorted(blocks)), strict=True)
    return tuple(None if part[0] is None else np.concatenate(part) for part in parts)


def _numbered(block: Block) -> dict[int, Any]:
    rows, *beside = checked_rows(block)
    return {block.labels.number: (rows.astype(np.float64), *beside)}
