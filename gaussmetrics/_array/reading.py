"""Reading what a user passes: arrays, batches, numbers in a range; what every wing checks alike."""

from __future__ import annotations

import contextlib
import numbers
import re
from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from gaussmetrics._array.linalg import EPS
from gaussmetrics._array.types import Array


def real_array(name: str, value: Any, *, shape: str, min_ndim: int, hint: str = "") -> Array:
    """Return `value` as a fresh, finite float64 array with at least `min_ndim` dimensions."""
    array = _numbers(name, value, shape=shape, min_ndim=min_ndim, hint=hint)
    result = np.array(array, order="C") if array.dtype == np.float64 else _rounded(array)
    if not np.isfinite(result).all():
        refuse_infinite(name, result, value)
    return result


def float_array(name: str, value: Any, *, shape: str, min_ndim: int, hint: str = "") -> Array:
    """Return the same, which may hold infinities and NaN and be what the user holds."""
    array = _numbers(name, value, shape=shape, min_ndim=min_ndim, hint=hint)
    return array if array.dtype == np.float64 else _rounded(array)


def _rounded(array: np.ndarray[Any, Any]) -> Array:
    with np.errstate(over="ignore"):
        return np.array(array, dtype=np.float64, order="C")


def _numbers(
    name: str, value: Any, *, shape: str, min_ndim: int, hint: str
) -> np.ndarray[Any, Any]:
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
    return array


def refuse_infinite(
    name: str, array: np.ndarray[Any, Any], value: Any, *, first_row: int = 0
) -> NoReturn:
    """Name the first entry that is not finite; rows of a part are counted from `first_row`."""
    index = [int(i) for i in np.argwhere(~np.isfinite(array))[0]]
    number = array[tuple(index)]
    if array.ndim > 1:
        index[-2] += first_row
    raise ValueError(
        f"{name} must be finite, but {name}{_entry(index, value) or ''} is {number}. "
        "Remove or impute such entries first."
    )


def as_array(name: str, value: Any) -> np.ndarray[Any, Any]:
    if type(value) is np.ndarray and value.dtype.kind != "O":
        return value
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise TypeError(f"{name} has masked entries. Remove or impute them first.")
    if getattr(value, "requires_grad", False):
        raise TypeError(
            f"{name} is a tensor that requires grad, and NumPy records none. Pass {name}.detach() "
            "for the value; to train with the closed-form gradient see examples/training_losses.py."
        )
    if hasattr(value, "toarray"):
        raise TypeError(f"{name} is a sparse matrix. Pass {name}.toarray().")
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        _refuse_unreadable(name, value, error)
    if array.dtype.kind == "O" and _is_frame(value):
        return _joined_columns(name, value)
    if array.dtype.kind == "O" and array.size and all(map(is_number, array.flat)):
        return np.array([nearest_float(x) for x in array.flat]).reshape(array.shape)
    return array


def nearest_float(value: Any) -> float:
    """Round a number of any kind, such as an integer of any length; beyond the floats is ±∞."""
    try:
        return float(value)
    except OverflowError:
        return np.inf if value > 0 else -np.inf


def _refuse_unreadable(name: str, value: Any, error: Exception) -> NoReturn:
    """Say what to write for a tensor that NumPy cannot read, or for rows of several lengths."""
    tensor = next((x for x in (value, *_items(value)) if hasattr(x, "detach")), None)
    if tensor is not None:
        kind = f"{str(tensor.dtype).removeprefix('torch.')} on {tensor.device}"
        whole = name if tensor is value else f"torch.stack({name})"
        dense = ".to_dense()" if "sparse" in str(tensor.layout) else ""
        raise TypeError(
            f"{name} holds a tensor of PyTorch ({kind}) that NumPy cannot read. "
            f"Pass {whole}.detach(){dense}.cpu().double().numpy()."
        ) from error
    if isinstance(error, ValueError):
        shards = {np.ndim(x) for x in _items(value) if isinstance(x, np.ndarray)} == {2}
        remedy = f" For one sample of all rows pass np.concatenate({name})." if shards else ""
        raise ValueError(
            f"{name} is not a rectangular array of numbers: {str(error).rstrip('.')}.{remedy}"
        ) from error
    raise TypeError(f"{name} cannot be read as an array of numbers: {error}") from error


def _items(value: Any) -> Sequence[Any]:
    return value if isinstance(value, (list, tuple)) else ()


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


def precision(value: Any) -> float:
    """Return the relative rounding of what a user passes: that of its type, at least of float64."""
    kind = np.asarray(value).dtype
    if kind == np.float64:
        return EPS
    return max(float(np.finfo(kind).eps), EPS) if kind.kind == "f" else EPS


def is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_))


def positive_number(name: str, value: Any) -> float:
    """Check a length or another number that must be positive."""
    if not is_number(value):
        raise TypeError(f"{name} must be a number, got {value!r}.")
    number = nearest_float(value)
    if not 0.0 < number < np.inf:
        raise ValueError(f"{name} must be positive and finite, got {number!r}.")
    return number


def probability(name: str, value: Any) -> float:
    """Check a probability that is neither 0 nor 1."""
    if not is_number(value):
        raise TypeError(f"{name} must be a number, got {value!r}.")
    number = nearest_float(value)
    if not 0.0 < number < 1.0:
        known = value if np.isfinite(number) else number
        raise ValueError(
            f"{name} must lie between 0 and 1, got {known!r}. For 95 % pass {name}=0.95."
        )
    return number


def step_count(name: str, value: Any, *, least: int = 1) -> int:
    """Check a number of steps, parts or dimensions."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, got {value!r}.")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {shown(value)}.")
    return int(value)


def length(name: str, value: int) -> int:
    """Check that an array can be as long as is asked for."""
    if value > np.iinfo(np.intp).max:
        raise ValueError(f"{name} is longer than any array can be, got {shown(value)}.")
    return value


def shown(value: Any) -> str:
    """Write a value out, of what takes pages the beginning."""
    try:
        text = repr(value)
    except ValueError:  # Python does not write out integers of thousands of digits
        return f"a value of type {type(value).__name__} that is too long to print"
    return text if len(text) <= 300 else f"{text[:100]}…"


def generator(value: Any) -> np.random.Generator:
    """Check a source of randomness: a Generator, a seed, or None for fresh entropy."""
    # NumPy follows the rows of a np.matrix, which are matrices again, until the stack overflows.
    if not np.iterable(value) or _holds_integers(value):
        with contextlib.suppress(TypeError, ValueError):
            return np.random.default_rng(value)
    raise TypeError(
        f"rng must be a numpy.random.Generator or a non-negative integer seed, got {shown(value)}."
    )


def _holds_integers(value: Any) -> bool:
    return isinstance(value, (Sequence, np.ndarray)) and all(
        isinstance(item, numbers.Integral) for item in value
    )


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
