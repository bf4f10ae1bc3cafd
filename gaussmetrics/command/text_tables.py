"""Tables in text files: encoding, comments, separator, header and decimal mark."""

from __future__ import annotations

import csv
import gzip
import re
import warnings
from io import StringIO
from pathlib import Path
from typing import Any

from gaussmetrics.command.stopping import Refusal
from gaussmetrics.command.wording import listed

SEPARATORS = ",;\t|"
SAMPLE = 50
"""So many lines tell the separator."""

MISSING_GROUP = ("", "NA", "NaN", "nan", "<NA>")
"""What is no group; a group may well be called None, null or n/a."""


def read_text(path: Path, options: Any, remarks: list[str]) -> Any:
    """Return the table of a text file as a data frame; tell what had to be guessed."""
    lines = _without_comments(_decoded(path, remarks).split("\n"))
    if all(map(_is_comment, lines)):
        raise Refusal(f"{path} is empty: no line of it holds a table.")
    sep = options.separator or _separator([line for line in lines if line.strip()][:SAMPLE])
    lines = _comment_as_header(lines, sep, remarks)
    text = "\n".join(_without_trailing(lines, sep))
    frame = _parsed(path, text, sep, options, remarks)
    if not options.no_header:
        _header_of_numbers(list(frame.columns), remarks)
    return frame


def _decoded(path: Path, remarks: list[str]) -> str:
    content = path.read_bytes()
    if content.startswith(b"\x1f\x8b"):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError):
            raise Refusal(f"{path} is a damaged file of gzip.") from None
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = content.decode("utf-16", errors="replace")
    else:
        if b"\0" in content[:65536]:
            raise Refusal(
                f"{path} is no table in text, but binary. Tables may be CSV, Parquet (.parquet), "
                "Excel (.xlsx), or arrays of NumPy (.npy, .npz)."
            )
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            remarks.append(f"{path} is not in UTF-8: read as Latin-1.")
            text = content.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _without_comments(lines: list[str]) -> list[str]:
    """Empty the lines that begin with #, but for those that begin the file."""
    first = next((k for k, line in enumerate(lines) if not _is_comment(line)), len(lines))
    return [
        *lines[:first],
        *("" if line.lstrip().startswith("#") else line for line in lines[first:]),
    ]


def _is_comment(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _comment_as_header(lines: list[str], sep: str, remarks: list[str]) -> list[str]:
    """Empty the comments at the top, but take the last for the header if only numbers follow."""
    first = next((k for k, line in enumerate(lines) if not _is_comment(line)), len(lines))
    top, rest = lines[:first], lines[first:]
    names = next((line.strip().lstrip("# ") for line in reversed(top) if line.strip()), "")
    below = _fields(rest[0], sep)
    if names and all(map(is_number, below)) and len(_fields(names, sep)) == len(below) > 1:
        remarks.append(f"The names of the columns are taken from the comment “# {names}”.")
        return [*[""] * (first - 1), names, *rest]
    return [*[""] * first, *rest]


def _fields(line: str, sep: str) -> list[str]:
    if sep == r"\s+":
        return line.split()
    return next(csv.reader([line], delimiter=sep, skipinitialspace=True), [])


def is_number(text: str) -> bool:
    """Whether text is a number, with a decimal point or comma."""
    return bool(re.fullmatch(r"\s*[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?\s*", text))


def _separator(lines: list[str]) -> str:
    """Return what cuts all lines into equally many fields, or the first line into the most."""
    lines = [line for line in lines if not _is_comment(line)]
    counts = {sep: {len(row) for row in csv.reader(lines, delimiter=sep)} for sep in SEPARATORS}
    even = {sep: next(iter(sizes)) for sep, sizes in counts.items() if len(sizes) == 1}
    if even and max(even.values()) > 1:
        return max(even, key=lambda sep: even[sep])
    best = max(SEPARATORS, key=lines[0].count)
    if best not in lines[0] and len(lines[0].split()) > 1:
        return r"\s+"
    return best


def _without_trailing(lines: list[str], sep: str) -> list[str]:
    """Cut off a separator that ends every line but the header, which would shift the names."""
    header, *rows = [k for k, line in enumerate(lines) if line.strip()]
    if sep == r"\s+" or lines[header].rstrip().endswith(sep) or not rows:
        return lines
    if not all(lines[k].rstrip(" ").endswith(sep) for k in rows):
        return lines
    if len(_fields(lines[rows[0]], sep)) != len(_fields(lines[header], sep)) + 1:
        return lines
    return [line.rstrip(" ").removesuffix(sep) if k in set(rows) else line
            for k, line in enumerate(lines)]  # fmt: skip


def _parsed(path: Path, text: str, sep: str, options: Any, remarks: list[str]) -> Any:
    """Read with the decimal mark that makes more columns numbers."""
    import pandas as pd  # type: ignore[import-untyped]

    marks = options.decimal or (".," if sep != "," else ".")
    try:
        readings = [_reading(text, sep, mark, options) for mark in marks]
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        said = re.sub(r"^Error tokenizing data\. C error: ", "", str(error).strip())
        raise Refusal(
            f"{path} is no table: {said}. Every line must have as many fields as the first; here "
            f"they were cut at {_named(sep)}. Another is given with --separator."
        ) from None
    best = max(readings, key=lambda frame: len(frame.select_dtypes("number").columns))
    if marks == ".," and best is readings[1]:
        remarks.append("Decimal commas: 1,5 is read as 1.5 (--decimal . reads it otherwise).")
    return best


def _reading(text: str, sep: str, mark: str, options: Any) -> Any:
    import pandas as pd

    how: dict[str, Any] = {
        "sep": sep,
        "decimal": mark,
        "skipinitialspace": True,
        "header": None if options.no_header else "infer",
    }
    with warnings.catch_warnings():
        # A column of mixed kinds is looked at entry by entry later.
        warnings.simplefilter("ignore", pd.errors.DtypeWarning)
        words = ["?", ".", *options.missing]
        frame = _named_columns(pd.read_csv(StringIO(text), na_values=words, **how), options)
        kept = [name for name in groupings(options) if name in frame and frame[name].isna().any()]
        if kept:
            own: dict[str, Any] = {"keep_default_na": False, "na_values": [*MISSING_GROUP]}
            as_text = _named_columns(pd.read_csv(StringIO(text), **own, **how), options)
            frame[kept] = as_text[kept]
    return frame


def _named_columns(frame: Any, options: Any) -> Any:
    names = (f"column {k + 1}" if options.no_header else name.strip()
             for k, name in enumerate(frame.columns))  # fmt: skip
    frame.columns = list(names)
    return frame


def groupings(options: Any) -> set[str]:
    """Return the columns that name groups, whose entries are names whatever they are."""
    return {name for name in (options.by, getattr(options, "clusters", None)) if name}


def _header_of_numbers(names: list[str], remarks: list[str]) -> None:
    plain = [re.sub(r"(\.\d+)\.\d+$", r"\1", name) for name in names]
    numbers = [name for name, text in zip(names, plain, strict=True) if is_number(text)]
    if len(numbers) > len(names) / 2:
        remarks.append(
            f"The header looks like numbers: {listed(numbers, 5)}. If it is a row of data, say "
            "--no-header."
        )


def _named(sep: str) -> str:
    return {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", r"\s+": "blanks"}.get(
        sep, repr(sep)
    )
