"""Batches of rows that come one after the other: iterables, Arrow record batches, Parquet files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, zip_longest
from typing import Any, NamedTuple, TypeVar

from gaussmetrics.streams import arrow, checks
from gaussmetrics.streams.passes import (
    Block,
    Passes,
    column_names,
    in_pairs,
    joined,
    of_block,
    span,
)

T = TypeVar("T")


class Source(NamedTuple):
    """A way to open a stream of blocks, and whether that can be done only once."""

    open: Callable[[], Iterator[Any]]
    once: bool = False


class BatchPasses(Passes):
    """Batches of one sample, gone through as often as their source can be opened."""

    def __init__(
        self, batches: Any, *, weights: Any = None, labels: Any = None, columns: Any = None
    ) -> None:
        chosen = None if columns is None else checks.column_list(columns)
        rows = source("batches", batches, chosen)
        beside = {
            name: source(name, value, None)
            for name, value in (("weights", weights), ("labels", labels))
            if value is not None
        }
        self.once = rows.once or any(extra.once for extra in beside.values())
        self.kind, self.spent = type(batches).__name__, False
        self.open: Callable[[], Iterator[Block]] = lambda: _blocks(rows, beside, chosen)
        stream = self.open()
        first = next(stream, None)
        if first is None:
            checks.refuse_no_batches()
        if self.once:
            self.open = lambda: chain([first], stream)
        self.width = checks.batch_width(first.rows)
        self.names, self.length = column_names(first.rows), None
        self.weighted = weights is not None

    def fold(self, part: Callable[..., T], merge: Callable[[T, T], T], *shared: Any) -> T:
        """Return part(block, *shared) of all blocks, merged in a tree: one pass over the rows."""
        parts = (
            of_block(where, self.width, self.names, part, block, *shared)
            for where, block in self._pass()
        )
        whole = in_pairs(parts, merge)
        return checks.refuse_empty_pass() if whole is None else whole

    def gather(self) -> Block:
        """Return all rows in one block: only for samples known to be small."""
        blocks = [block for _, block in self._pass()]
        return joined(blocks)

    def again(self, what: str) -> None:
        """Refuse `what`, which takes more than one pass, where there is only one."""
        if self.once:
            checks.refuse_second_pass(what, self.kind)

    def _pass(self) -> Iterator[tuple[str, Block]]:
        """Yield each block and where it is."""
        if self.spent:
            self.again("a second pass")
        self.spent, start = True, 0
        for number, block in enumerate(self.open()):
            count = checks.row_count(block.rows)
            yield f"batches[{number}] ({span(start, count)})", block
            start += count


def source(name: str, value: Any, columns: Sequence[str] | None) -> Source:
    """Return how batches are opened: a file, Arrow's objects, a function, an iterable."""
    if isinstance(value, (str, os.PathLike)):
        return Source(arrow.dataset(value, columns).to_batches)
    if hasattr(value, "schema") and hasattr(value, "to_batches"):  # a table or a data set of Arrow
        return Source(lambda: iter(value.to_batches()))
    if hasattr(value, "schema") and hasattr(value, "iter_batches"):  # a Parquet file
        return Source(lambda: iter(value.iter_batches(columns=columns)))
    if callable(value):
        return Source(lambda: iter(value()))
    if not isinstance(value, Iterable) or hasattr(value, "columns"):  # a frame, a record batch
        checks.refuse_batches(name, value)
    return Source(lambda: iter(value), once=iter(value) is value or hasattr(value, "read_all"))


def _blocks(
    rows: Source, beside: dict[str, Source], columns: Sequence[str] | None
) -> Iterator[Block]:
    """Yield the batches, each with its weights and labels."""
    streams = [_batches(rows, columns), *(extra.open() for extra in beside.values())]
    for number, parts in enumerate(zip_longest(*streams)):
        for name, part in zip(("batches", *beside), parts, strict=True):
            if part is None:
                checks.refuse_unpaired(number, name, tuple(beside))
        yield Block(parts[0], **dict(zip(beside, parts[1:], strict=True)), number=number)


def _batches(rows: Source, columns: Sequence[str] | None) -> Iterator[Any]:
    """Yield the rows of each batch, of Arrow's as an array with the names of its columns."""
    for number, batch in enumerate(rows.open()):
        with checks.naming(f"batches[{number}]"):
            chosen = _chosen(batch, columns)
        yield chosen


def _chosen(batch: Any, columns: Sequence[str] | None) -> Any:
    if hasattr(batch, "schema") and hasattr(batch, "num_rows"):  # of Arrow
        return arrow.Columns.of(batch, columns)
    return batch if columns is None else checks.chosen_columns(batch, columns)
