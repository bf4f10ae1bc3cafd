"""Arrow record batches and Parquet files; only here is pyarrow imported, to open a path."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from gaussmetrics._array.reading import needs_extra
from gaussmetrics.streams import checks


def dataset(path: str | os.PathLike[str], columns: Sequence[str] | None) -> Any:
    """Return the Parquet data set of a file or a folder, of which only `columns` are read."""
    try:
        from pyarrow.dataset import dataset as open_dataset
    except ImportError:
        needs_extra("a path as batches", "pyarrow", "arrow")
    return _Projected(open_dataset(path, format="parquet"), columns)


class _Projected:
    """A data set that reads some of its columns."""

    def __init__(self, whole: Any, columns: Sequence[str] | None) -> None:
        checks.known_columns(columns, whole.schema.names)
        self.whole, self.columns = whole, columns

    def count_rows(self) -> int:
        """Ask the files, which know it."""
        return int(self.whole.count_rows())

    def to_batches(self) -> Any:
        """Open it."""
        return self.whole.to_batches(columns=None if self.columns is None else list(self.columns))


class Columns:
    """The rows of a record batch: an array with the names of its columns."""

    def __init__(self, rows: NDArray[Any], names: tuple[str, ...]) -> None:
        self.rows, self.columns, self.shape = rows, names, rows.shape

    @classmethod
    def of(cls, batch: Any, columns: Sequence[str] | None) -> Columns:
        """Read a record batch, which must hold numbers and nothing that is missing."""
        names = tuple(batch.schema.names)
        checks.known_columns(columns, names)
        chosen = names if columns is None else tuple(columns)
        arrays = [_numbers(name, batch.column(name)) for name in chosen]
        rows = np.column_stack(arrays) if arrays else np.empty((batch.num_rows, 0))
        return cls(rows, chosen)

    def __len__(self) -> int:
        return len(self.rows)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        # NumPy 1 asks without `copy`, and knows no None in its place.
        return np.array(self.rows, dtype=dtype) if copy else np.asarray(self.rows, dtype=dtype)


def _numbers(name: str, column: Any) -> NDArray[Any]:
    """Return the numbers of one column."""
    checks.complete_numbers(name, str(column.type), column.null_count)
    numbers: NDArray[Any] = column.to_numpy(zero_copy_only=False)
    return numbers
