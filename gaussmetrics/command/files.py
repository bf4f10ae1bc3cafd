"""What is in a file: a table, whatever its format, and what had to be guessed to read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gaussmetrics.command.arrays import ARRAYS, groups_of_rows, read_arrays
from gaussmetrics.command.stopping import Refusal, needed
from gaussmetrics.command.text_tables import read_text
from gaussmetrics.command.wording import listed

PARQUET, EXCEL = (".parquet", ".pq"), (".xlsx", ".xlsm", ".xls", ".ods")
GROUP = "group"


@dataclass
class Table:
    """A data frame with one observation a row, the column that names groups, and remarks."""

    path: Path
    frame: Any
    by: str | None
    remarks: list[str] = field(default_factory=list)


def read_table(path: Path, options: Any) -> Table:
    """Read a table of text, Parquet, Excel or NumPy."""
    needed("pandas", "reading tables")
    if not path.exists():
        near = [x.name for x in path.parent.glob(f"{path.stem}*")] if path.parent.is_dir() else []
        hint = f" There is {listed(near)}." if near else ""
        raise Refusal(f"There is no file {path}.{hint}")
    table = Table(path, None, options.by)
    kind = _kind(path)
    if kind == "arrays":
        _read_groups(table)
    elif kind == "parquet":
        table.frame = _read_parquet(path)
    elif kind == "excel":
        table.frame = _read_excel(path, options, table.remarks)
    else:
        table.frame = read_text(path, options, table.remarks)
    table.frame.columns = [str(name).strip() for name in table.frame.columns]
    _only_names(table)
    if kind != "text" and options.missing:
        table.frame = _without_codes(table.frame, options.missing)
    return table


def _kind(path: Path) -> str:
    """Tell the format by the name, or by how the file begins."""
    suffix = path.suffix.lower()
    if path.is_dir():
        if any(path.glob("*.npy")):
            return "arrays"
        if any(path.rglob("*.parquet")):
            return "parquet"
        raise Refusal(
            f"{path} is a folder. Of folders, those with .npy files (a group each) or with "
            ".parquet files can be read."
        )
    with path.open("rb") as file:
        start = file.read(8)
    if suffix in ARRAYS or start.startswith(b"\x93NUMPY"):
        return "arrays"
    if suffix in PARQUET or start.startswith(b"PAR1"):
        return "parquet"
    return "excel" if suffix in EXCEL else "text"


def _read_parquet(path: Path) -> Any:
    import pandas as pd  # type: ignore[import-untyped]

    needed("pyarrow", "reading Parquet")
    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise Refusal(f"{path} cannot be read as Parquet: {str(error).splitlines()[0]}") from None
    named = [name for name in frame.index.names if name is not None]
    return frame.reset_index(level=named) if named else frame


def _read_excel(path: Path, options: Any, remarks: list[str]) -> Any:
    import pandas as pd

    if path.suffix.lower() in (".xls", ".ods"):
        raise Refusal(f"{path}: save it as .xlsx or CSV, which can be read.")
    needed("openpyxl", "reading Excel")
    try:
        book = pd.ExcelFile(path)
    except Exception as error:
        # openpyxl raises whatever the damage leads to.
        raise Refusal(f"{path} cannot be read as Excel: {error}") from None
    with book:
        sheets = list(book.sheet_names)
        if options.sheet is None and len(sheets) > 1:
            remarks.append(f"Read is the first sheet, of {listed(sheets)} (--sheet NAME).")
        if options.sheet is not None and options.sheet not in sheets:
            raise Refusal(f"{path} has no sheet {options.sheet!r}. Its sheets: {listed(sheets)}.")
        header = None if options.no_header else 0
        frame = pd.read_excel(book, sheet_name=options.sheet or sheets[0], header=header)
    if options.no_header:
        frame.columns = [f"column {k + 1}" for k in range(frame.shape[1])]
    return frame


def _read_groups(table: Table) -> None:
    """Make a table of arrays: each a group; or of the columns X and, say, y, which names groups."""
    import pandas as pd

    arrays = read_arrays(table.path)
    if table.by in arrays and np.ndim(arrays[table.by]) == 1:
        parts = []
        for name, values in arrays.items():
            if np.ndim(values) in (1, 2) and len(values) == len(arrays[table.by]):
                labels = [name] if np.ndim(values) == 1 else None
                part = pd.DataFrame(values)
                part.columns = labels or [f"{name}[{k}]" for k in range(part.shape[1])]
                parts.append(part)
        table.frame = pd.concat(parts, axis=1)
        return
    if table.by is not None:
        raise Refusal(
            f"{table.path} has no array {table.by!r} of one name a row. Without --by each array "
            "of shape (rows, columns) is a group."
        )
    groups = groups_of_rows(table.path)
    frames = [
        pd.DataFrame(rows, columns=[f"x{k}" for k in range(rows.shape[1])]).assign(**{GROUP: name})
        for name, rows in groups.items()
    ]
    table.frame, table.by = pd.concat(frames, ignore_index=True), GROUP


def _only_names(table: Table) -> None:
    frame = table.frame
    doubled = frame.columns[frame.columns.duplicated()]
    if len(doubled):
        raise Refusal(
            f"{table.path} has more than one column of the name {listed(list(doubled.unique()))}. "
            "Rename one."
        )
    if frame.shape[1] == 0 or len(frame) == 0:
        raise Refusal(f"{table.path} has a header, but no row of data below it.")


def _without_codes(frame: Any, codes: list[str]) -> Any:
    """Take codes for missing values out of a table whose format is not text."""
    numbers = [float(code) for code in codes if _is_float(code)]
    return frame.mask(frame.isin([*codes, *numbers]))


def _is_float(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
