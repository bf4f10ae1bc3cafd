"""Labelled rows, wherever they are, and what a fit asks of them; in memory they are one block."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, cast

from gaussmetrics._array.types import Array
from gaussmetrics.softmax import refinement
from gaussmetrics.softmax.class_moments import ClassMoments
from gaussmetrics.softmax.leave_groups_out import LeaveGroupsOut
from gaussmetrics.softmax.leave_one_out import (
    Judge,
    LeaveOneOut,
    LeftOut,
    Scores,
    ScoresInMemory,
    ShrinkagePath,
)
from gaussmetrics.softmax.sample import Sample
from gaussmetrics.softmax.sums import Sums


class Rows(ABC):
    """Rows of which sums can be had.

    Attributes
    ----------
    n_classes : int
    width : int
        The d in τ = tr S/d.
    """

    n_classes: int
    width: int

    def unit_variance(self, moments: ClassMoments) -> float:
        """Return τ, the mean variance within the classes."""
        return float(moments.scatter.trace() / moments.count / self.width)

    @abstractmethod
    def sum(self, of: Callable[..., Sums], *shared: Any) -> Sums:
        """Return the sum over all rows: of(sample, *shared), added up over blocks of them."""

    @abstractmethod
    def moments(self) -> ClassMoments:
        """Gather the moments of the rows, class by class."""

    @abstractmethod
    def spread(self, scores: int) -> Rows:
        """Return all rows, or so many of them, evenly spread, that have so many scores at most."""

    @abstractmethod
    def judge(self, path: ShrinkagePath) -> Judge:
        """Return who can tell what the rows are worth when left out."""

    @abstractmethod
    def walk(self, scores: Scores, mean: Array) -> refinement.Walk:
        """Return where a refinement walks, beginning at these scores."""

    @abstractmethod
    def folds(self, moments: ClassMoments) -> Iterator[tuple[Rows, Rows]]:
        """Yield the rows to fit and those held out, a few times, or never if some would be none."""


class RowsInMemory(Rows):
    """A sample, which is one block."""

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self.n_classes, self.width = sample.n_classes, sample.width

    def sum(self, of: Callable[..., Sums], *shared: Any) -> Sums:
        """Return the sum over all rows."""
        return of(self.sample, *shared)

    def moments(self) -> ClassMoments:
        """Gather the moments of the rows, class by class."""
        return self.sample.moments()

    def spread(self, scores: int) -> RowsInMemory:
        """Return all rows, or so many of them, evenly spread, that have so many scores at most."""
        stride = stride_within(scores, len(self.sample.codes), self.n_classes)
        return self if stride == 1 else RowsInMemory(spread(self.sample, stride))

    def judge(self, path: ShrinkagePath) -> LeftOut:
        """Return who can tell what the rows are worth when left out."""
        return left_out(self.sample, path)

    def walk(self, scores: Scores, mean: Array) -> refinement.Walk:
        """Return where a refinement walks, beginning at these scores."""
        return refinement.WalkInMemory(self.sample, cast(ScoresInMemory, scores).table, mean)

    def folds(self, moments: ClassMoments) -> Iterator[tuple[Rows, Rows]]:
        """Yield the rows to fit and those held out, a few times."""
        for held_out in refinement.folds(refinement.placed(self.sample, moments.mean)):
            parts = (self.sample.rows(part) for part in (~held_out, held_out))
            training, other = map(RowsInMemory, parts)
            yield training, other


def stride_within(scores: int, n: int, n_classes: int) -> int:
    """Return which of so many rows to take for so many scores: every first, second, third …"""
    return max(1, -(-n * n_classes // scores))


def spread(sample: Sample, stride: int, first: int = 0) -> Sample:
    """Return one row, or group, in `stride`; the first row of the sample is that many-th of all."""
    if sample.groups is None:
        return sample.rows(slice(-first % stride, None, stride))
    return sample.rows(sample.groups % stride == 0)


def left_out(sample: Sample, path: ShrinkagePath) -> LeftOut:
    """Return the rows left out, one by one or in groups."""
    return (LeaveOneOut if sample.alike else LeaveGroupsOut)(sample, path)
