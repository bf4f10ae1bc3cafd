"""Batches of labelled rows: pairs of rows and labels, or columns of which one holds the labels."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from gaussmetrics.streams import arrow, checks
from gaussmetrics.streams.batches import BatchPasses, source


class Beside(NamedTuple):
    """What goes with the rows of a block: its number, and an entry a row of each of these."""

    number: int
    labels: Any
    weights: Any = None
    groups: Any = None


class LabelledBatches(BatchPasses):
    """Batches (X, y) or (X, y, weights), or with columns of these names beside those of X."""

    def __init__(self, batches: Any, label: str | None = None, weight: str | None = None) -> None:
        checks.column_name("y", label)
        checks.column_name("sample_weight", weight)
        opened = source("X", batches, None)
        apart = _pair if label is None else _by_name(label, weight)
        if opened.once:
            stream = _Stream(opened.open, apart)
            super().__init__(stream.rows(), labels=stream.beside())
            self.kind = type(batches).__name__
        else:
            self.stream = _Stream(opened.open, apart)
            super().__init__(self.stream.rows, labels=self.stream.beside)

    def place(self, number: int) -> str:
        """Say which block that is."""
        return f"batches[{number}]"


class _Stream:
    """Labelled batches as two streams that are read in turns: of rows, and of what goes beside."""

    def __init__(self, opened: Callable[[], Iterator[Any]], apart: Callable[[Any], Any]) -> None:
        self.opened, self.apart = opened, apart
        self.last: Beside | None = None

    def rows(self) -> Iterator[Any]:
        """Open the rows."""
        parts = 0
        for number, batch in enumerate(self.opened()):
            with checks.naming(f"batches[{number}]"):
                rows, *beside = self.apart(batch)
                parts = parts or len(beside)
                checks.same_parts(len(beside), parts)
            self.last = Beside(number, *beside)
            yield rows
        self.last = None

    def beside(self) -> Iterator[Beside]:
        """Open what goes beside them."""
        while self.last is not None:
            yield self.last


def are_batches(X: Any, y: Any) -> bool:
    """Tell whether X, with y left out or the name of a column, brings its labels along."""
    if isinstance(X, (str, os.PathLike)):
        return True
    if not (y is None or isinstance(y, str)):
        return False
    if _of_arrow(X):
        return True
    if hasattr(X, "__array__") or hasattr(X, "toarray"):
        return False
    if isinstance(y, str):
        return True
    some = X[0] if isinstance(X, Sequence) and len(X) else X
    return isinstance(some, tuple) or callable(X) or isinstance(X, Iterator)


def _of_arrow(batches: Any) -> bool:
    """Tell whether these are a table, a data set, a reader or a file of Arrow."""
    readable = ("to_batches", "iter_batches", "read_all")
    return hasattr(batches, "schema") and any(hasattr(batches, name) for name in readable)


def _pair(batch: Any) -> tuple[Any, ...]:
    """Check a batch that is a pair, or has weights in the third place."""
    if hasattr(batch, "schema") or hasattr(batch, "columns"):
        checks.refuse_unlabelled()
    if not isinstance(batch, (tuple, list)) or len(batch) not in (2, 3):
        checks.refuse_unpaired_labels(batch)
    return tuple(batch)


def _by_name(label: str, weight: str | None) -> Callable[[Any], tuple[Any, ...]]:
    """Return how a batch with named columns is taken apart."""
    beside = [label] if weight is None else [label, weight]

    def apart(batch: Any) -> tuple[Any, ...]:
        if hasattr(batch, "schema"):
            names = list(batch.schema.names)
            checks.known_columns(beside, names)
            rows = [name for name in names if name not in beside]
            columns = (batch.column(name).to_numpy(zero_copy_only=False) for name in beside)
            return arrow.Columns.of(batch, rows), *columns
        rows = list(getattr(batch, "columns", ()))
        checks.chosen_columns(batch, beside)
        chosen = [name for name in rows if name not in beside]
        return batch[chosen], *(batch[name] for name in beside)

    return apart
