"""Moments of labelled samples that no machine holds: class by class, in one pass over blocks."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array.two_floats import TwoFloats, deviations, shifted, split
from gaussmetrics._array.types import Array
from gaussmetrics.laws.blocks import merge_exactly
from gaussmetrics.laws.moments import rows_of_block
from gaussmetrics.softmax import checks
from gaussmetrics.softmax.class_moments import ClassMoments
from gaussmetrics.streams import Block, Passes


def classes_of_passes(passes: Passes) -> NDArray[Any]:
    """Return the labels that occur, in sorted order: one pass over the labels."""
    return passes.fold(_labels, np.union1d)


def class_moments_of_passes(passes: Passes, classes: NDArray[Any]) -> ClassMoments:
    """Return the moments of all rows, class by class, in one pass.

    Parameters
    ----------
    passes : Passes
        Blocks with labels.
    classes : (K,)
        All labels there are, in sorted order.

    Returns
    -------
    ClassMoments
        Those of one machine that holds all rows, to rounding, far from the origin too.
    """
    whole = passes.fold(_Sums.of_block, _Sums.merged, classes)
    return ClassMoments(whole.counts, whole.means[0], whole.scatter)


class _Sums(NamedTuple):
    """Class moments whose means are kept in two floats, for parts to merge exactly."""

    counts: Array
    means: TwoFloats
    scatter: Array

    @classmethod
    def of_block(cls, block: Block, classes: NDArray[Any]) -> _Sums:
        rows, weights = rows_of_block(block)
        codes = checks.known_labels(np.asarray(block.labels), classes)
        # Any row will do for the origin; a block without rows has none.
        origin = rows[:1] if len(rows) else np.zeros((1, rows.shape[1]))
        near = ClassMoments.from_samples(
            deviations(rows, origin), codes, len(classes), weights=weights
        )
        seen = near.counts[:, None] > 0
        high, low = shifted(split(origin), near.means)
        means = np.where(seen, high, 0.0), np.where(seen, low, 0.0)
        return cls(near.counts, means, near.scatter)

    def merged(self, other: _Sums) -> _Sums:
        counts, means, steps = merge_exactly(self.counts, self.means, other.counts, other.means)
        return _Sums(counts, means, self.scatter + other.scatter + steps.T @ steps)


def _labels(block: Block) -> NDArray[Any]:
    return np.unique(np.asarray(block.labels))
