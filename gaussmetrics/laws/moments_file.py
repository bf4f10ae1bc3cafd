"""The file format of moments: NumPy's .npz without pickles, with a name and a version."""

from __future__ import annotations

import os
import zipfile
import zlib
from typing import Any, NoReturn

import numpy as np

from gaussmetrics._array.types import Array

FORMAT, VERSION = "gaussmetrics.Moments", 1
FIELDS = ("count", "mean", "scatter", "mean_low")


def write(path: str | os.PathLike[str], moments: Any) -> None:
    """Write the fields of moments."""
    fields = {name: getattr(moments, name) for name in FIELDS}
    with open(path, "wb") as file:
        np.savez(file, format=FORMAT, version=VERSION, **fields)


def read(path: str | os.PathLike[str]) -> dict[str, Array]:
    """Return the fields of moments, of a file that is whole and of a known version."""
    with open(path, "rb") as file:
        try:
            with np.load(file, allow_pickle=False) as archive:
                entries = {name: archive[name] for name in getattr(archive, "files", ())}
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, TypeError) as error:
            refuse_damaged(path, error)
    known_format(path, entries)
    return whole_fields(path, entries)


def known_format(path: Any, entries: dict[str, Any]) -> None:
    """Check that a file says it holds moments, in a version this one reads."""
    if str(entries.get("format")) != FORMAT or "version" not in entries:
        raise ValueError(
            f"{os.fspath(path)} holds no Moments, but {sorted(entries)}. Moments.load reads what "
            "Moments.save has written."
        )
    version = int(entries["version"])
    if version > VERSION:
        raise ValueError(
            f"{os.fspath(path)} is of version {version} of its format, and this gaussmetrics reads "
            f"up to {VERSION}. Upgrade gaussmetrics."
        )


def whole_fields(path: Any, entries: dict[str, Any]) -> dict[str, Array]:
    """Check that no field is missing and that they fit each other."""
    missing = [name for name in FIELDS if name not in entries]
    if missing:
        refuse_damaged(path, f"it lacks {missing[0]}")
    fields = {name: entries[name] for name in FIELDS}
    d = fields["mean"].shape[-1:]
    if fields["scatter"].shape != (*fields["count"].shape, *d, *d):
        refuse_damaged(path, "its arrays are of " + str([x.shape for x in fields.values()]))
    return fields


def refuse_damaged(path: Any, cause: Any) -> NoReturn:
    """Say that a file cannot be trusted."""
    raise ValueError(
        f"{os.fspath(path)} is truncated, damaged or no .npz file: {cause}. Write it again with "
        "Moments.save."
    )
