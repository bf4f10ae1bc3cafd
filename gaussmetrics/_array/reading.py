"""Reading what a user passes: arrays, numbers, batches; what every wing checks alike."""

from __future__ import annotations

import numbers
import re
from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from gaussmetrics._array.types import Array


def real_array(name: str, value: Any, *, shape: str, min_ndim: int, hint: str = "") -> Array:
    """Return `value` as a fresh, finite float64 array with at least `min_ndim` dimensions."""
    array = as_array(name, value)
    if array.dtype.kind == "c":
        raise TypeError(f"{name} must hold real numbers, got complex ones. Take the real part.")
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"{name} must hold real numbers, got dtype {array.dtype}. "
            f"Convert it first, for example with np.asarray({name}, dtype=float)."
        )
    if array.ndim < min_ndim:
        raise ValueError(f"{name} must have shape {shape}, got {array.shape}.{hint}")
    with np.errstate(over="ignore"):
        result = np.array(array, dtype=np.float64, order="C")
    if not np.isfinite(result).all():
        refuse_infinite(name, result, value)
    return result


def refuse_infinite(
    name: str, array: np.ndarray[Any, Any], value: Any, *, first_row: int = 0
) -> NoReturn:
    """Name the first entry that is not finite; rows of a part are counted from `first_row`."""
    index = [int(i) for i in np.argwhere(~np.isfinite(array))[0]]
    number = array[tuple(index)]
    if array.ndim > 1:
        index[-2] += first_row
    raise ValueError(
        f"{name} must be finite, but {name}{_entry(index, value)} is {number}. "
        "Remove or impute such entries first."
    )


def as_array(name: str, value: Any) -> np.ndarray[Any, Any]:
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise TypeError(f"{name} has masked entries. Remove or impute them first.")
    if hasattr(value, "toarray"):
        raise TypeError(f"{name} is a sparse matrix. Pass {name}.toarray().")
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} is not a rectangular array of numbers: {error}") from error
    return _joined_columns(name, value) if array.dtype.kind == "O" and _is_frame(value) else array


def _is_frame(value: Any) -> bool:
    return hasattr(value, "columns") and hasattr(value, "dtypes")


def _joined_columns(name: str, frame: Any) -> np.ndarray[Any, Any]:
    """Read a data frame of several types of numbers, or say which column holds none."""
    for column, dtype in zip(frame.columns, frame.dtypes, strict=True):
        if not re.match(r"u?int\d|float|double|bool", str(dtype).lower()):
            raise TypeError(
                f"{name} must hold real numbers, but its column {column!r} is of type {dtype}. "
                "Drop it, or encode it as numbers."
            )
    cast = frame.astype if hasattr(frame, "astype") else frame.cast  # pandas and polars
    return np.asarray(cast(float))


def _entry(index: Sequence[int], value: Any) -> list[Any]:
    """Return an index into an array, of a data frame with the name of the column."""
    return [*index[:-1], list(value.columns)[index[-1]]] if _is_frame(value) else list(index)


def is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_))


def positive_number(name: str, value: Any) -> float:
    """Check a length or another number that must be positive."""
    if not is_number(value):
        raise TypeError(f"{name} must be a number, got {value!r}.")
    if not 0.0 < value < np.inf:
        raise ValueError(f"{name} must be positive and finite, got {value!r}.")
    return float(value)


def probability(name: str, value: Any) -> float:
    """Check a probability that is neither 0 nor 1."""
    if not is_number(value):
        raise TypeError(f"{name} must be a number, got {value!r}.")
    if not 0.0 < value < 1.0:
        raise ValueError(
            f"{name} must lie between 0 and 1, got {value!r}. For 95 % pass {name}=0.95."
        )
    return float(value)


def step_count(name: str, value: Any, *, least: int = 1) -> int:
    """Check a number of steps, parts or dimensions."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, got {value!r}.")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value!r}.")
    return int(value)


def generator(value: Any) -> np.random.Generator:
    """Check a source of randomness: a Generator, a seed, or None for fresh entropy."""
    try:
        return np.random.default_rng(value)
    except (TypeError, ValueError):
        raise TypeError(
            f"rng must be a numpy.random.Generator or a non-negative integer seed, got {value!r}."
        ) from None


def in_order(source: str, value: Any) -> None:
    """Check that names come in an order, which that of a set is not."""
    if isinstance(value, (set, frozenset)):
        raise TypeError(
            f"{source} must be a list of names, got a {type(value).__name__}, which has no order."
        )


def batch_shape(names: str, *shapes: tuple[int, ...]) -> tuple[int, ...]:
    """Broadcast batch shapes, or say which do not fit."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        listed = " and ".join(map(str, shapes))
        raise ValueError(
            f"the batch shapes of {names} must broadcast, got {listed}. "
            "For all pairs, index one with [:, None]."
        ) from None


def label(name: str, batch_index: Sequence[int]) -> str:
    return f"{name}[{', '.join(map(str, batch_index))}]" if len(batch_index) else name


def needs_extra(what: str, package: str, extra: str) -> NoReturn:
    """Say which optional package is missing and how to get it."""
    raise ImportError(
        f'{what} needs the package {package}: pip install "gaussmetrics[{extra}]".'
    ) from None
