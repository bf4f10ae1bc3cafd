"""Labelled rows in blocks that no machine holds: each question is a pass over them.

No scores are kept. A task reads its block, finds the scores of its rows left out, and answers; the
questions of many shrinkages share a pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from operator import or_
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array.types import Array
from gaussmetrics.softmax import checks, refinement
from gaussmetrics.softmax.calibration import Centred
from gaussmetrics.softmax.class_moments import ClassMoments
from gaussmetrics.softmax.class_passes import Census, ClassSums, checked_rows
from gaussmetrics.softmax.leave_one_out import Judge, Scores, ShrinkagePath
from gaussmetrics.softmax.rows import Rows, left_out, spread, stride_within
from gaussmetrics.softmax.sample import Sample
from gaussmetrics.softmax.sums import Question, Search, Sums, added, answered_together
from gaussmetrics.streams import Block, Passes

H = TypeVar("H")
T = TypeVar("T")

Changes = tuple[Callable[..., Any], ...]
Asked = tuple[Changes, Callable[[Sample, Any], Sums]]
"""What is made of the margins, and a question about rows and the result."""
Point = tuple[Array, Array]
"""Coefficients (K, d) and what is added at the mean of all rows, (K,)."""


class Reading(NamedTuple):
    """How a block becomes a part of the sample; what a part must know of the whole.

    `starts` has the first row of each block; of the rows, or groups, one in `stride` is taken, and
    of these those that `kept` names, block by block.
    """

    classes: NDArray[Any]
    by_class: Array | None
    within: tuple[float, float]
    group_names: NDArray[Any] | None
    starts: dict[int, int]
    stride: int = 1
    kept: dict[int, NDArray[np.bool_]] | None = None

    def sample(self, block: Block) -> Sample:
        """Return the part of the sample that a block holds."""
        number = block.labels.number
        rows, labels, repeats, names = checked_rows(block)
        # A label of weight 0 is not among the classes: any will do.
        codes = np.minimum(np.searchsorted(self.classes, labels), len(self.classes) - 1)
        there = self.classes[codes] == labels
        checks.same_rows_again(bool((there if repeats is None else there | (repeats == 0)).all()))
        groups = None if names is None else np.searchsorted(self._groups, names)
        whole = Sample(rows, codes, len(self.classes))
        sample = whole.weighted(repeats, self.by_class, groups, within=self.within)
        if self.stride > 1:
            sample = spread(sample, self.stride, self.starts[number])
        return sample if self.kept is None else sample.rows(self.kept[number])

    @property
    def _groups(self) -> NDArray[Any]:
        return np.empty(0) if self.group_names is None else self.group_names


class RowsInBlocks(Rows):
    """Labelled rows in blocks."""

    def __init__(self, passes: Passes, reading: Reading) -> None:
        self.passes, self.reading = passes, reading
        self.n_classes, self.width = len(reading.classes), passes.width

    @classmethod
    def of(
        cls, passes: Any, census: Census, classes: NDArray[Any], by_class: Array | None
    ) -> RowsInBlocks:
        """Return the rows that a census has been taken of."""
        within = (1.0, 1.0) if census.weights is None else census.weights[1:]
        names = census.group_names(passes.place)
        return cls(passes, Reading(classes, by_class, within, names, census.starts()))

    def sum(self, of: Callable[..., Sums], *shared: Any) -> Sums:
        """Return the sum over all rows: one pass."""
        sums: Sums = self.fold(_sum, _added, of, shared)
        return sums

    def fold(self, part: Callable[..., T], merge: Callable[[T, T], T], *shared: Any) -> T:
        """Return part(block, reading, *shared) of all blocks, merged: one pass."""
        return self.passes.fold(part, merge, self.reading, *shared)

    def moments(self) -> ClassMoments:
        """Gather the moments of the rows, class by class: one pass."""
        return self.fold(_class_sums, ClassSums.merged).moments()

    def spread(self, scores: int) -> RowsInBlocks:
        """Return all rows, or so many of them, evenly spread, that have so many scores at most."""
        n = self.reading.starts[max(self.reading.starts)]
        return self._read(stride=stride_within(scores, n, self.n_classes))

    def judge(self, path: ShrinkagePath) -> Judge:
        """Return who can tell what the rows are worth when left out."""
        return _JudgeInBlocks(self, path)

    def walk(self, scores: Scores, mean: Array) -> refinement.Walk:
        """Return where a refinement walks, beginning at these scores."""
        return _WalkInBlocks(scores, mean, self.n_classes)

    def folds(self, moments: ClassMoments) -> Iterator[tuple[Rows, Rows]]:
        """Yield the rows to fit and those held out: one pass, and a few numbers a row travel."""
        parts = self.fold(_placed, or_, moments.mean)
        numbers = sorted(parts)
        fields: Any = zip(*(parts[number] for number in numbers), strict=True)
        fields = [None if field[0] is None else np.concatenate(field) for field in fields]
        whole = refinement.Placed(*fields)
        ends = np.cumsum([len(parts[number].codes) for number in numbers])[:-1]
        for held_out in refinement.folds(whole):
            cut = dict(zip(numbers, np.split(held_out, ends), strict=True))
            rest = {number: ~part for number, part in cut.items()}
            yield self._read(kept=rest), self._read(kept=cut)

    def _read(self, **changes: Any) -> RowsInBlocks:
        return RowsInBlocks(self.passes, self.reading._replace(**changes))


class _JudgeInBlocks(Judge):
    """Rows in blocks, left out block by block."""

    def __init__(self, rows: RowsInBlocks, path: ShrinkagePath) -> None:
        self.rows, self.path = rows, path

    def answers(self, searches: Mapping[float, Search[T]]) -> dict[float, T | None]:
        """Return what is found in the margins of each shrinkage; all search at once."""
        return answered_together(searches, self._ask_margins)

    def scores(self, shrinkage: float, search: Search[T]) -> tuple[Scores, T] | None:
        """Return the scores at one shrinkage, and what is found in them, or None."""
        if not self.path.resolves(shrinkage):
            return None
        found = self.answers({shrinkage: search})[shrinkage]
        return None if found is None else (_ScoresInBlocks(self, shrinkage), found)

    def ask(self, asked: Mapping[float, Asked]) -> dict[float, Sums | None]:
        """Return the answers at some shrinkages: one pass."""
        return self.rows.fold(_answers, _all_added, self.path, asked)

    def _ask_margins(self, questions: dict[float, Question]) -> dict[float, Sums | None]:
        return self.ask({s: ((), partial(_of_scores, of)) for s, of in questions.items()})


class _ScoresInBlocks(Scores):
    """Scores at one shrinkage, found again with every question."""

    def __init__(self, judge: _JudgeInBlocks, shrinkage: float, changes: Changes = ()) -> None:
        self.judge, self.shrinkage, self.changes = judge, shrinkage, changes

    def ask(self, question: Question) -> Sums:
        """Return the sums that answer a question about scores: one pass."""
        return self.ask_rows(partial(_of_scores, question))

    def ask_rows(self, question: Callable[[Sample, Any], Sums]) -> Sums:
        """Return the sums that answer a question about rows and their scores: one pass."""
        answer = self.judge.ask({self.shrinkage: (self.changes, question)})[self.shrinkage]
        if answer is None:
            checks.refuse_leaving_out(self.shrinkage)
        return answer

    def then(self, change: Callable[..., Any]) -> Scores:
        """Return the scores that a function makes of these."""
        return _ScoresInBlocks(self.judge, self.shrinkage, (*self.changes, change))


class _WalkInBlocks(refinement.Walk):
    """A refinement of which only the coefficients are kept."""

    def __init__(self, scores: Any, mean: Array, n_classes: int) -> None:
        self.scores, self.mean = scores, mean
        self.point: Point = np.zeros((n_classes, len(mean))), np.zeros(n_classes)

    def gradient(self) -> Sums:
        """Return the gradients of the loss in V and v, and A."""
        sums: Sums = self.scores.ask_rows(partial(_gradient, mean=self.mean, point=self.point))
        return sums

    def aim(self, D: Array, e: Array) -> None:
        """Look along a line."""
        self.direction: Point = D, e

    def slopes(self, length: float) -> Sums:
        """Return two derivatives of the loss along the line."""
        line = self.mean, self.point, self.direction
        sums: Sums = self.scores.ask_rows(partial(_slopes, line=line, length=length))
        return sums

    def go(self, length: float) -> None:
        """Go so far along the line."""
        (V, v), (D, e) = self.point, self.direction
        self.point = V + length * D, v + length * e


def _gradient(sample: Sample, table: Centred, mean: Array, point: Point) -> Sums:
    z = refinement.added_scores(sample, mean, *point) + table.scores
    return refinement.gradient_sums(sample, z, table.targets, mean)


def _slopes(
    sample: Sample, table: Centred, line: tuple[Array, Point, Point], length: float
) -> Sums:
    mean, point, direction = line
    z = refinement.added_scores(sample, mean, *point) + table.scores
    change = refinement.added_scores(sample, mean, *direction)
    return refinement.line_sums(z, change, table.targets, length)


def _of_scores(question: Question, sample: Sample, table: Any) -> Sums:
    del sample
    return question(table)


def _sum(block: Block, reading: Reading, of: Callable[..., Sums], shared: Any) -> Any:
    sample = reading.sample(block)
    return of(sample, *shared) if len(sample.codes) else None


def _class_sums(block: Block, reading: Reading) -> ClassSums:
    return ClassSums.of(reading.sample(block))


def _placed(block: Block, reading: Reading, mean: Array) -> dict[int, refinement.Placed]:
    return {block.labels.number: refinement.placed(reading.sample(block), mean)}


def _answers(
    block: Block, reading: Reading, path: ShrinkagePath, asked: Mapping[float, Asked]
) -> dict[float, Sums | None]:
    sample = reading.sample(block)
    answers: dict[float, Sums | None] = {}
    if not len(sample.codes):
        return answers
    rows = left_out(sample, path)
    rows.prepare(np.array(list(asked)))
    for shrinkage, (changes, question) in asked.items():
        table: Any = rows.table(shrinkage)
        if table is not None:
            for change in changes:
                table = change(table)
        answers[shrinkage] = None if table is None else question(sample, table)
        del table  # before the next is made
    return answers


def _added(one: Any, other: Any) -> Any:
    """Add two answers, of which one may be that there are no rows."""
    if one is None or other is None:
        return other if one is None else one
    return added(one, other)


def _all_added(one: dict[H, Sums | None], other: dict[H, Sums | None]) -> dict[H, Sums | None]:
    """Add answers question by question. None answers a question for all rows."""
    both = {
        name: None if (a := one[name]) is None or (b := other[name]) is None else added(a, b)
        for name in one.keys() & other.keys()
    }
    return one | other | both
