"""Passes over samples in blocks: a function of each block, and the results merged in a tree."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any, NamedTuple, TypeVar

import numpy as np

from gaussmetrics._array.reading import as_array
from gaussmetrics.streams import checks

T = TypeVar("T")
Names = tuple[str, ...]


class Block(NamedTuple):
    """Some rows of a sample, with a weight and a label each where the sample has them.

    `start` is the number of its first row in the sample: always known of batches, of Dask's blocks
    once `Passes.count` has been asked.
    """

    rows: Any
    weights: Any = None
    labels: Any = None
    start: int | None = None


class Passes(ABC):
    """A sample in blocks.

    Attributes
    ----------
    width : int
        How many columns each block has.
    names : tuple of str, or None
        What they are called.
    length : int or None
        How many rows there are, where that is known without a pass.
    weighted : bool
        Whether the rows have weights.
    called : str
        What texts call it.
    """

    width: int
    names: Names | None
    length: int | None
    weighted: bool
    called: str

    @abstractmethod
    def fold(self, part: Callable[..., T], merge: Callable[[T, T], T], *shared: Any) -> T:
        """Return part(block, *shared) of all blocks, merged in a tree: one pass over the rows."""

    @abstractmethod
    def gather(self) -> Block:
        """Return all rows in one block: only for samples known to be small."""

    @abstractmethod
    def again(self, what: str) -> None:
        """Refuse `what`, which takes more than one pass, where there is only one."""

    @abstractmethod
    def count(self, what: str) -> int:
        """Return how many rows there are; `what` takes the pass for it, where it must be found."""


def in_pairs(parts: Iterable[T], merge: Callable[[T, T], T]) -> T | None:
    """Merge parts as they come, like with like: each has gone through log₂ of their number only."""
    waiting: list[T] = []
    for number, part in enumerate(parts, 1):
        merged, size = part, number
        while size % 2 == 0:
            merged, size = merge(waiting.pop(), merged), size // 2
        waiting.append(merged)
    return reduce(lambda late, early: merge(early, late), reversed(waiting)) if waiting else None


def of_block(
    where: str,
    width: int,
    names: Names | None,
    part: Callable[..., T],
    block: Block,
    *shared: Any,
) -> T:
    """Return part(block, *shared); an error names the block."""
    with checks.naming(where):
        checks.same_columns(block.rows, width, names, column_names(block.rows))
        return part(block, *shared)


def joined(blocks: Iterable[Block]) -> Block:
    """Return the rows of blocks in one."""
    kept = list(blocks)
    parts = {
        name: [as_array(name, getattr(block, name)) for block in kept]
        for name in ("rows", "weights", "labels")
        if getattr(kept[0], name) is not None
    }
    whole: dict[str, Any] = {name: np.concatenate(part) for name, part in parts.items()}
    return Block(**whole)


def column_names(rows: Any) -> Names | None:
    """Return the names of the columns of a data frame, if all are text."""
    columns = getattr(rows, "columns", None)
    named = () if columns is None else tuple(columns)
    return named if named and all(isinstance(name, str) for name in named) else None


def span(start: int, count: int) -> str:
    """Say which of all rows a block holds."""
    return f"rows {start} to {start + count - 1}, counted from 0 in it" if count else "no rows"
