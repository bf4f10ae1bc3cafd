"""Checks of blocks: that there are some, that they fit each other, that they can be read again."""

from __future__ import annotations

import re
import reprlib
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import numpy as np

from gaussmetrics._array.reading import in_order

Names = tuple[str, ...]


@contextmanager
def naming(where: str) -> Iterator[None]:
    """Put the place of a block before the text of an error in it."""
    try:
        yield
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"in {where}: {error}") from error


def stream(called: str, opened: Any) -> Any:
    """Check what a function that opens a stream has returned."""
    if not hasattr(opened, "__iter__"):
        raise TypeError(
            f"{called} is a function and must return an iterable of blocks whenever it is called, "
            f"but it returned {type(opened).__name__}."
        )
    return opened


def same_columns(rows: Any, width: int, names: Names | None, own: Names | None) -> None:
    """Check that a block has the columns of the sample."""
    shape = np.shape(rows)
    if len(shape) != 2:
        raise ValueError(f"a block must have shape (n, {width}), got {shape}.{_hint(shape)}")
    if shape[1] != width:
        raise ValueError(
            f"a block must have the {width} columns of the sample, got {shape[1]}. Bring all "
            "blocks to the same columns first."
        )
    if names is not None and own is not None and own != names:
        raise ValueError(
            f"a block must have the columns of the sample in their order, {reprlib.repr(names)}, "
            f"got {reprlib.repr(own)}. Choose them by name."
        )


def _hint(shape: tuple[int, ...]) -> str:
    return " One column of numbers is x[:, None]." if len(shape) == 1 else ""


def batch_width(rows: Any, called: str) -> int:
    """Check that the first batch is a block of rows, and return the number of its columns."""
    shape = np.shape(rows)
    if len(shape) != 2 or shape[1] == 0:
        raise ValueError(
            f"{called} must be an iterable of blocks of shape (n, d) with at least one column, but "
            f"the first has shape {shape}.{_hint(shape)} A sample that fits in memory goes into "
            "from_samples."
        )
    return int(shape[1])


def row_count(rows: Any) -> int:
    """Return the number of rows of a block whose shape is checked later."""
    shape = np.shape(rows)
    return int(shape[0]) if shape else 0


def refuse_no_batches(called: str) -> NoReturn:
    """Say that nothing came."""
    raise ValueError(f"{called} must hold at least one block of rows, got none.")


def refuse_empty_pass(called: str) -> NoReturn:
    """Say that a source opened again gave nothing."""
    raise ValueError(
        f"{called} gave blocks at first and none when it was opened again. Each call of the "
        "function, or of __iter__, must start a new stream."
    )


def refuse_second_pass(what: str, kind: str, called: str = "batches") -> NoReturn:
    """Say how a one-shot iterator becomes one that can be read again."""
    rows, a_list = ("the batches", "a list, ") if called == "batches" else (called, "")
    raise ValueError(
        f"{what} goes through {rows} more than once, but {called} can be read only once: it is of "
        f"type {kind}. Pass what can be opened again: {a_list}the path of Parquet files, or a "
        f"function without arguments that opens the stream, {called}=lambda: ..."
    )


def refuse_batches(name: str, value: Any) -> NoReturn:
    """Say what batches are."""
    raise TypeError(
        f"{name} must be an iterable of blocks, a function that returns one, or the path of "
        f"Parquet files, got an object of type {type(value).__name__}. A sample in one piece, or "
        "a Dask collection, goes into from_samples."
    )


def refuse_unpaired(number: int, missing: str, called: str, beside: tuple[str, ...]) -> NoReturn:
    """Say where batches and what goes with them have ceased to be as many."""
    raise ValueError(
        f"{called} and {' and '.join(beside)} must be as many, one array a batch, but {missing} "
        f"end after {number}."
    )


def column_list(value: Any) -> Names:
    """Check the names of the columns to be read."""
    if isinstance(value, str) or not isinstance(value, (Sequence, set, frozenset, np.ndarray)):
        raise TypeError(f"columns must be a list of names, got {value!r}.")
    in_order("columns", value)
    names = tuple(value)
    if not names or not all(isinstance(name, str) for name in names):
        raise TypeError(f"columns must be a list of at least one name, got {value!r}.")
    return tuple(map(str, names))


def known_columns(wanted: Sequence[str] | None, names: Sequence[str]) -> None:
    """Check that the columns to be read are there."""
    missing = [name for name in wanted or () if name not in names]
    if missing:
        raise ValueError(
            f"columns must be among those of the batches, {reprlib.repr(tuple(names))}, got "
            f"{missing[0]!r}."
        )


def chosen_columns(rows: Any, columns: Sequence[str]) -> Any:
    """Choose columns of a data frame by name."""
    if not hasattr(rows, "columns"):
        raise TypeError(
            "columns are chosen by name, which the batches do not have: they are of type "
            f"{type(rows).__name__}. Choose them in the batches, as block[:, [0, 2]]."
        )
    known_columns(columns, list(rows.columns))
    return rows[list(columns)]


def complete_numbers(name: str, kind: str, missing: int) -> None:
    """Check that a column of Arrow holds numbers, all of them there."""
    if not re.fullmatch(r"u?int\d+|halffloat|float|double|bool", kind):
        raise TypeError(
            f"batches must hold real numbers, but the column {name!r} is of type {kind}. Leave it "
            "out with columns=[...], of a data set of Arrow lambda: "
            "dataset.to_batches(columns=[...]), or cast it to numbers."
        )
    if missing:
        raise ValueError(
            f"batches must be finite, but {missing} entries of the column {name!r} are missing. "
            "Remove or impute such entries first."
        )


def dask_samples(
    ndim: int, shape: tuple[float, ...], dtype: np.dtype[Any], called: str = "X"
) -> None:
    """Check type and shape of a Dask array of samples."""
    if dtype.kind not in "biuf":
        raise TypeError(
            f"{called} must hold real numbers, got a Dask array of dtype {dtype}. Convert it "
            f"first, {called}.astype(float)."
        )
    if ndim != 2 or not shape[1] > 0:
        known = "unknown" if ndim == 2 and np.isnan(shape[1]) else str(shape)
        raise ValueError(
            f"{called} must be a Dask array of shape (n, d) with d known, got shape {known}."
            + (f" One column of numbers is {called}[:, None]." if ndim == 1 else "")
            + (f" Call {called}.compute_chunk_sizes() first." if known == "unknown" else "")
        )


def warn_of_joining(parts: int, size: float, called: str = "X") -> None:
    """Say what it costs that rows are spread over blocks."""
    cost = f"all of {called}" if np.isnan(size) else f"{size:.3g} bytes, all of {called},"
    warnings.warn(
        f"{called} is split along its columns, {parts} blocks a row, and a covariance needs whole "
        f"rows: the blocks are joined, and {cost} may travel between workers. Store or read "
        f"{called} in blocks of whole rows, {called}.rechunk({{0: 'auto', 1: -1}}).",
        UserWarning,
        stacklevel=6,
    )


def as_long(name: str, shape: tuple[float, ...], length: int, called: str = "X") -> None:
    """Check that weights or labels are one a row."""
    if tuple(shape) != (length,):
        raise ValueError(
            f"{name} must have one entry a row of {called}, {length}, got {tuple(shape)}."
        )


def as_many_blocks(name: str, found: int, wanted: int, called: str = "X") -> None:
    """Check that weights or labels come in the blocks of the rows."""
    if found != wanted:
        raise ValueError(
            f"{name} must come in the blocks of {called}, {wanted} of them, got {found}. Cut both "
            f"alike, or let Dask find the sizes of the blocks: {called}.compute_chunk_sizes()."
        )


def refuse_local_beside_unknown(name: str, called: str = "X") -> NoReturn:
    """Say why an array cannot be cut like a collection of unknown block sizes."""
    raise ValueError(
        f"{name} must be a Dask collection in the blocks of {called}, because Dask does not know "
        f"how many rows these have. Take {name} from the same collection as {called}, or call "
        f"{called}.compute_chunk_sizes() on an array first."
    )


def refuse_unlabelled() -> NoReturn:
    """Say how batches with named columns bring their labels."""
    raise TypeError(
        "X comes in batches with named columns: pass the name of the column that holds the labels "
        'as y, fit(batches, "species").'
    )


def refuse_unpaired_labels(batch: Any) -> NoReturn:
    """Say what a batch with its labels looks like."""
    raise TypeError(
        "X must be an iterable of batches (X, y) or (X, y, sample_weight) if y is left out, got a "
        f"batch of type {type(batch).__name__}"
        + (f" and length {len(batch)}." if hasattr(batch, "__len__") else ".")
    )


def labels_in_batches(X: Any) -> None:
    """Check that labels beside X are not those of a stream, which brings its own."""
    if callable(X) and not hasattr(X, "__array__"):
        raise TypeError(
            "X is a function, which opens batches that bring their labels along, (X, y) or (X, y, "
            "sample_weight): leave y out. Of batches with named columns y is the name of one."
        )


def same_parts(count: int, first: int) -> None:
    """Check that all batches bring weights, or none does."""
    if count != first:
        others, this = ("weights", "none") if count < first else ("none", "weights")
        raise TypeError(
            f"all batches must bring weights, or none of them: those before bring {others}, this "
            f"one {this}."
        )


def column_name(name: str, value: Any) -> None:
    """Check that what goes beside batches is the name of a column."""
    if not (value is None or isinstance(value, str)):
        raise TypeError(
            f"{name} must be the name of a column of the batches X, got {type(value).__name__}. "
            f"Batches without names are pairs (X, y), or (X, y, sample_weight), and y is left out."
        )


def cut_alike(name: str, divisions: tuple[Any, ...], wanted: tuple[Any, ...]) -> None:
    """Check that a series is cut like a data frame of Dask, so that it can belong to its rows."""
    if divisions != wanted:
        raise ValueError(
            f"{name} must belong to the rows of X: a column of the same Dask data frame, or a "
            f"series with the same divisions. X has {len(wanted) - 1} partitions, {name} "
            f"{len(divisions) - 1}."
        )
