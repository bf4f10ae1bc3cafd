"""Batches of rows that come one after the other: iterables, Arrow record batches, Parquet files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, zip_longest
from typing import Any, NamedTuple, TypeVar

import numpy as np

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

SLICE = 2**23
"""Bytes of an array on disk that are a batch: 8 MB."""


class Source(NamedTuple):
    """A way to open a stream of blocks, whether only once, and how many rows if that is known."""

    open: Callable[[], Iterator[Any]]
    once: bool = False
    length: int | None = None


class BatchPasses(Passes):
    """Batches of one sample, gone through as often as their source can be opened."""

    def __init__(
        self,
        batches: Any,
        *,
        weights: Any = None,
        labels: Any = None,
        columns: Any = None,
        called: str = "batches",
        labels_called: str = "labels",
    ) -> None:
        chosen = None if columns is None else checks.column_list(columns)
        rows = source(called, batches, chosen)
        self.labels = None if batchwise(labels) else np.asarray(labels)
        beside = {
            field: (name, source(name, value, None))
            for field, name, value in (
                ("weights", "weights", weights),
                ("labels", labels_called, labels if self.labels is None else None),
            )
            if value is not None
        }
        self.labels_called = labels_called
        self.once = rows.once or any(extra.once for _, extra in beside.values())
        self.called, self.kind, self.spent = called, type(batches).__name__, False
        self.open: Callable[[], Iterator[Block]] = lambda: _blocks(called, rows, beside, chosen)
        stream = self.open()
        first = next(stream, None)
        if first is None:
            checks.refuse_no_batches(called)
        if self.once:
            self.open = lambda: chain([first], stream)
        self.width = checks.batch_width(first.rows, called)
        self.names, self.length = column_names(first.rows), rows.length
        self.weighted = weights is not None

    def fold(self, part: Callable[..., T], merge: Callable[[T, T], T], *shared: Any) -> T:
        """Return part(block, *shared) of all blocks, merged in a tree: one pass over the rows."""
        parts = (
            of_block(where, self.width, self.names, part, block, *shared)
            for where, block in self._pass()
        )
        whole = in_pairs(parts, merge)
        return checks.refuse_empty_pass(self.called) if whole is None else whole

    def gather(self) -> Block:
        """Return all rows in one block: only for samples known to be small."""
        blocks = [block for _, block in self._pass()]
        return joined(blocks)

    def again(self, what: str) -> None:
        """Refuse `what`, which takes more than one pass, where there is only one."""
        if self.once:
            checks.refuse_second_pass(what, self.kind, self.called)

    def count(self, what: str) -> int:
        """Return how many rows there are; where Arrow does not know it, by a pass for `what`."""
        if self.length is None:
            self.again(what)
            self.length = sum(checks.row_count(block.rows) for _, block in self._pass())
        return self.length

    def _pass(self) -> Iterator[tuple[str, Block]]:
        """Yield each block and where it is."""
        if self.spent:
            self.again("a second pass")
        self.spent, start = True, 0
        for number, block in enumerate(self.open()):
            stop = start + checks.row_count(block.rows)
            if self.labels is not None:
                block = block._replace(labels=self.labels[start:stop])  # noqa: PLW2901
            where = f"{self.called}[{number}] ({span(start, stop - start)})"
            yield where, block._replace(start=start)
            start = stop
        if self.labels is not None:
            checks.as_long(self.labels_called, self.labels.shape, start, self.called)


def source(name: str, value: Any, columns: Sequence[str] | None) -> Source:
    """Return how batches are opened: a file, Arrow's objects, a function, an iterable."""
    if isinstance(value, (str, os.PathLike)):
        files = arrow.dataset(value, columns)
        return Source(files.to_batches, length=files.count_rows())
    if hasattr(value, "schema") and hasattr(value, "to_batches"):  # a table or a data set of Arrow
        rows = value.num_rows if hasattr(value, "num_rows") else value.count_rows()
        return Source(lambda: iter(value.to_batches()), length=rows)
    if hasattr(value, "schema") and hasattr(value, "iter_batches"):  # a Parquet file
        batches = partial(value.iter_batches, columns=columns)
        return Source(lambda: iter(batches()), length=value.metadata.num_rows)
    if isinstance(value, np.memmap):
        return Source(lambda: _slices(value), length=len(value))
    if callable(value):
        return Source(lambda: iter(checks.stream(name, value())))
    if not isinstance(value, Iterable) or hasattr(value, "columns"):  # a frame, a record batch
        checks.refuse_batches(name, value)
    return Source(lambda: iter(value), once=iter(value) is value or hasattr(value, "read_all"))


def batchwise(labels: Any) -> bool:
    """Tell whether labels come batch by batch, if they come, and not in one piece."""
    if not isinstance(labels, (list, tuple, np.ndarray)) and not hasattr(labels, "iloc"):
        return True
    some = labels[:1]
    return len(some) == 0 or np.ndim(np.asarray(some, dtype=object)[0]) > 0


def _slices(array: Any) -> Iterator[Any]:
    """Cut the rows of an array on disk."""
    size = max(1, SLICE // max(1, array[:1].nbytes))
    return (array[start : start + size] for start in range(0, len(array), size))


def _blocks(
    called: str,
    rows: Source,
    beside: dict[str, tuple[str, Source]],
    columns: Sequence[str] | None,
) -> Iterator[Block]:
    """Yield the batches, each with its weights and labels."""
    streams = [_batches(called, rows, columns), *(extra.open() for _, extra in beside.values())]
    names = tuple(name for name, _ in beside.values())
    for number, parts in enumerate(zip_longest(*streams)):
        for name, part in zip((called, *names), parts, strict=True):
            if part is None:
                checks.refuse_unpaired(number, name, called, names)
        yield Block(parts[0], **dict(zip(beside, parts[1:], strict=True)))


def _batches(called: str, rows: Source, columns: Sequence[str] | None) -> Iterator[Any]:
    """Yield the rows of each batch, of Arrow's as an array with the names of its columns."""
    for number, batch in enumerate(rows.open()):
        with checks.naming(f"{called}[{number}]"):
            chosen = _chosen(batch, columns)
        yield chosen


def _chosen(batch: Any, columns: Sequence[str] | None) -> Any:
    if hasattr(batch, "schema") and hasattr(batch, "num_rows"):  # of Arrow
        return arrow.Columns.of(batch, columns)
    return batch if columns is None else checks.chosen_columns(batch, columns)
