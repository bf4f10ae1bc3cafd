"""Arrays of NumPy in files: features, groups of rows, statistics of features."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from gaussmetrics._array.types import Array
from gaussmetrics.command.stopping import Refusal
from gaussmetrics.command.wording import listed

ARRAYS = (".npy", ".npz")


def read_arrays(path: Path) -> dict[str, Any]:
    """Return the arrays of a .npy or .npz file, or of the .npy files of a folder, by their names.

    Lists of objects are refused: reading them would run what the file says.
    """
    files = sorted(path.glob("*.npy")) if path.is_dir() else [path]
    found: dict[str, Any] = {}
    for file in files:
        found.update(_of_file(file))
    return found


def _of_file(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                return {path.stem: loaded}
            return {name: loaded[name] for name in loaded.files}
    except (ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error, KeyError) as error:
        objects = "allow_pickle" in str(error) or "Object arrays" in str(error)
        why = "it holds Python objects, not numbers" if objects else "it is damaged or cut short"
        raise Refusal(
            f"{path} cannot be read as arrays of NumPy: {why}. Write it with numpy.save or "
            "numpy.savez, from arrays of numbers."
        ) from None


def groups_of_rows(path: Path) -> dict[str, Array]:
    """Return the arrays of shape (n, d), each a group of rows."""
    found = read_arrays(path)
    groups = {name: rows for name, rows in found.items() if np.ndim(rows) == 2}
    widths = {rows.shape[1] for rows in groups.values()}
    if not groups:
        raise Refusal(f"{path} holds no array of shape (rows, columns), but {_shapes(found)}.")
    if len(widths) > 1:
        raise Refusal(
            f"The groups of {path} must have the same columns, but their arrays are of shapes "
            f"{_shapes(groups)}."
        )
    return groups


def _shapes(arrays: dict[str, Any]) -> str:
    return listed([f"{name} {np.shape(rows)}" for name, rows in arrays.items()]) or "nothing"


def one_array(path: Path) -> Array:
    """Return all rows of features in a file, or in the .npy files of a folder."""
    found = read_arrays(path)
    if not found:
        what = "no .npy file in the folder" if path.is_dir() else "no array in"
        raise Refusal(f"There is {what} {path}.")
    if path.suffix == ".npz":
        found = {name: rows for name, rows in found.items() if np.ndim(rows) == 2}
        if len(found) != 1:
            raise Refusal(
                f"{path} must hold one array of shape (rows, features), or mu and sigma; it holds "
                f"{_shapes(read_arrays(path))}."
            )
    parts = [np.atleast_2d(rows) for rows in found.values()]
    if len({rows.shape[1:] for rows in parts}) > 1 or parts[0].ndim != 2:
        raise Refusal(
            f"{path} must hold features of one length, one vector a row; it holds {_shapes(found)}."
        )
    rows = np.concatenate(parts)
    if not rows.shape[1]:
        raise Refusal(f"{path} holds {len(rows)} rows of no feature.")
    if rows.dtype.kind not in "biuf":
        raise Refusal(f"{path} must hold real numbers, but its features are of type {rows.dtype}.")
    return np.asarray(rows, dtype=np.float64)


def statistics(path: Path) -> tuple[Array, Array] | None:
    """Return mu and sigma, where that is what a file holds."""
    if path.suffix != ".npz" or path.is_dir():
        return None
    found = read_arrays(path)
    if not {"mu", "sigma"} <= set(found):
        return None
    mean, cov = np.asarray(found["mu"]), np.asarray(found["sigma"])
    if not {mean.dtype.kind, cov.dtype.kind} <= set("biuf"):
        raise Refusal(
            f"{path} must hold real numbers, but its mu and sigma are of types {mean.dtype} and "
            f"{cov.dtype}."
        )
    if mean.ndim != 1 or cov.shape != (len(mean), len(mean)):
        raise Refusal(f"mu and sigma of {path} do not fit: {_shapes(found)}.")
    return np.asarray(mean, dtype=np.float64), np.asarray(cov, dtype=np.float64)
