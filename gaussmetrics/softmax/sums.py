"""Sums over rows that may be anywhere: questions, searches that ask them, and who answers.

A question is a function of some rows whose results, tuples of numbers and arrays, are added up. A
search is a generator: it yields questions and is sent the sums over all rows. It does not know
where the rows are. In memory a question is asked of one table; in blocks, of a table a block, and
many searches share one pass.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any, TypeVar

Sums = tuple[Any, ...]
Question = Callable[[Any], Sums]

H = TypeVar("H")
T = TypeVar("T")
Search = Generator[Question, Sums, T]


def added(one: Sums, other: Sums) -> Sums:
    """Add what two parts of the rows have answered."""
    return tuple(a + b for a, b in zip(one, other, strict=True))


def answered(search: Search[T], ask: Callable[[Question], Sums | None]) -> T | None:
    """Return what a search finds, or None if a question has no answer."""
    return answered_together({0: search}, lambda questions: {0: ask(questions[0])})[0]


def answered_together(
    searches: Mapping[H, Search[T]],
    ask: Callable[[dict[H, Question]], Mapping[H, Sums | None]],
) -> dict[H, T | None]:
    """Return what each search finds, or None; all that are not done ask at once."""
    found: dict[H, T | None] = dict.fromkeys(searches)
    questions = {name: next(search) for name, search in searches.items()}
    while questions:
        following = {}
        for name, sums in ask(questions).items():
            if sums is None:
                searches[name].close()
                continue
            try:
                following[name] = searches[name].send(sums)
            except StopIteration as done:
                found[name] = done.value
        questions = following
    return found
