"""Checks of samples and their moments: rows, weights, degrees of freedom, shrinkage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from gaussmetrics._array.reading import (
    as_array,
    batch_shape,
    is_number,
    nearest_float,
    real_array,
    refuse_infinite,
    shown,
)
from gaussmetrics._array.types import Array


def sample_rows(name: str, value: Any) -> np.ndarray[Any, Any]:
    """Check type and shape of samples, not their entries: no copy, and no loss of their dtype."""
    array = as_array(name, value)
    _no_shards(name, value, array)
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"{name} must hold real numbers, got dtype {array.dtype}. "
            f"Convert it first, for example with np.asarray({name}, dtype=float)."
        )
    if array.ndim < 2 or array.shape[-1] == 0:
        raise ValueError(
            f"{name} must have shape (..., n, d) with at least one column, got {array.shape}."
            + (f" One column of numbers is {name}[:, None]." if array.ndim == 1 else "")
        )
    return array


def _no_shards(name: str, value: Any, array: np.ndarray[Any, Any]) -> None:
    """Refuse to guess whether a list of samples is one in parts, or a batch."""
    if isinstance(value, (list, tuple)) and array.ndim > 2 and hasattr(value[0], "shape"):
        raise TypeError(
            f"{name} is a list of {len(value)} arrays of shape {array.shape[1:]}. For one sample "
            f"of all their rows pass np.concatenate({name}), for a batch of samples, a law each, "
            f"np.stack({name})."
        )


def streamed_samples(name: str, value: Any) -> np.ndarray[Any, Any]:
    """Check samples that will be read block by block, as `sample_rows`, and that all are finite."""
    array = sample_rows(name, value)
    with np.errstate(over="ignore", invalid="ignore"):
        if not np.isfinite(array.sum()):
            finite_rows(name, array, value)
    return array


def finite_rows(name: str, rows: np.ndarray[Any, Any], value: Any, *, first_row: int = 0) -> None:
    """Check that rows, a part of `value` that begins at `first_row`, are finite."""
    if not np.isfinite(rows).all():
        refuse_infinite(name, rows, value, first_row=first_row)


def fitted_samples(
    value: Any, weights: Any, ddof: float
) -> tuple[np.ndarray[Any, Any], Array | None]:
    """Check samples, not their entries, with weights that leave some degrees of freedom."""
    rows = sample_rows("X", value)
    if rows.shape[-2] == 0:
        raise ValueError(f"X must have at least one row, got shape {rows.shape}.")
    w = None if weights is None else sample_weights(weights, rows.shape[:-1])
    degrees_of_freedom(rows.shape[-2] if w is None else w.sum(axis=-1), ddof, rows.shape)
    return rows, w


def sample_weights(value: Any, shape: tuple[int, ...]) -> Array:
    """Check the weights of samples: one a row, none negative, not all zero."""
    weights = row_weights(value, shape)
    usable_weights("weights", weights)
    return weights


def row_weights(value: Any, shape: tuple[int, ...]) -> Array:
    """Check the weights of some rows of a sample, all of which may be zero."""
    weights = real_array("weights", value, shape="(..., n)", min_ndim=1)
    if weights.shape[-1] != shape[-1]:
        raise ValueError(
            f"weights must have one entry a row of X, {shape[-1]}, got {weights.shape}."
        )
    none_negative("weights", weights)
    with np.errstate(over="ignore"):
        total = weights.sum(axis=-1)
    if not np.isfinite(total).all():
        raise ValueError("the sum of the weights overflows float64. Divide them by their largest.")
    if batch_shape("X and weights", shape[:-1], weights.shape[:-1]) != shape[:-1]:
        raise ValueError(
            f"the batch shapes of X and weights must broadcast to that of X, got {shape[:-1]} "
            f"and {weights.shape[:-1]}."
        )
    return weights


def usable_weights(name: str, weights: Array) -> None:
    """Check that no weight is negative and that they are not all zero."""
    none_negative(name, weights)
    if not weights.any(axis=-1).all():
        raise ValueError(f"{name} must not all be zero.")


def none_negative(name: str, weights: Array) -> None:
    """Check that no weight is negative."""
    if (weights < 0).any():
        index = [int(i) for i in np.argwhere(weights < 0)[0]]
        raise ValueError(f"{name} must not be negative, but {name}{index} is.")


def some_weight(count: Any, *, weighted: bool) -> None:
    """Check that the weights of all blocks of a sample together are not all zero."""
    if weighted and not np.asarray(count).any():
        raise ValueError("weights must not all be zero.")


def degrees_of_freedom(count: Any, ddof: Any, shape: tuple[int, ...] = ()) -> None:
    """Check that enough samples are left to divide a scatter matrix by."""
    if not is_number(ddof):
        raise TypeError(f"ddof must be a number, got {ddof!r}.")
    taken = nearest_float(ddof)
    if not np.isfinite(taken):
        raise ValueError(f"ddof must be finite, got {taken!r}.")
    smallest = float(np.min(np.asarray(count, dtype=float), initial=np.inf))
    if not smallest > taken:
        if len(shape) > 2:
            _refuse_as_a_batch(shape)
        raise ValueError(
            f"a covariance with ddof={taken:g} needs more than {taken:g} samples, got {smallest:g}."
        )


def _refuse_as_a_batch(shape: tuple[int, ...]) -> NoReturn:
    """Say how an array of more than two dimensions is read."""
    raise ValueError(
        f"X of shape {shape} is read as a batch {shape[:-2]} of samples, each of {shape[-2]} rows "
        f"and {shape[-1]} columns, which are too few rows for a covariance. For one sample of "
        f"{shape[0]} rows pass X.reshape(len(X), -1)."
    )


SHRINKAGE_FORMULAS = ("oas", "ledoit-wolf")


def shrinkage(name: str, value: Any, rules: Sequence[str] = SHRINKAGE_FORMULAS) -> None:
    """Check a shrinkage: a number from 0 to 1, or the name of a rule."""
    if not (value in rules if isinstance(value, str) else is_number(value)):
        *others, last = (f'"{rule}"' for rule in rules)
        raise TypeError(
            f"{name} must be a number from 0 to 1, {', '.join(others)} or {last}, "
            f"got {shown(value)}."
        )
    if not isinstance(value, str) and not 0 <= value <= 1:
        raise ValueError(f"{name} must lie between 0 and 1, got {shown(value)}.")


def shrunk_everywhere(shrinkages: Any) -> None:
    """Check that a formula shrinks every covariance of a batch, or none."""
    zero = np.argwhere(np.atleast_1d(shrinkages) == 0)
    if len(zero):
        raise ValueError(
            f"the shrinkage of X[{int(zero[0][0])}] comes out as 0, which leaves it singular among "
            f"others that are not. Give the shrinkage as a number."
        )


def some_variance(variance: Any) -> None:
    """Check that there is a variance to shrink towards."""
    if not np.all(variance):
        raise ValueError("X does not vary at all, so there is no variance to shrink towards.")


def moments(count: Any, mean: Any, scatter: Any) -> tuple[Array, Array, Array]:
    """Check that a count, a mean and a scatter matrix can belong to one sample."""
    s = finite_scatter(scatter)  # first: its text tells why a mean has overflowed too
    n = real_array("count", count, shape="(...)", min_ndim=0)
    m = real_array("mean", mean, shape="(..., d)", min_ndim=1)
    if (n < 0).any():
        raise ValueError(f"count must not be negative, got {n.min():g}.")
    if s.shape != (*m.shape, m.shape[-1]) or n.shape != m.shape[:-1]:
        raise ValueError(
            f"count, mean and scatter must have shapes (...), (..., d) and (..., d, d), "
            f"got {n.shape}, {m.shape} and {s.shape}."
        )
    return n, m, s


def finite_scatter(value: Any) -> Array:
    """Check that the squares of samples are within the floats."""
    array = as_array("scatter", value)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"scatter must hold real numbers, got dtype {array.dtype}.")
    scatter = array.astype(np.float64, copy=False)
    if not np.isfinite(scatter).all():
        raise ValueError(
            "the squares of X overflow float64. Rescale its columns, for example to unit variance; "
            "the scatter must be finite."
        )
    return scatter


def no_underflow(lost: Any) -> None:
    """Check that columns that vary have squares that keep their digits."""
    if np.any(lost):
        raise ValueError(
            "the squares of X underflow float64. Rescale its columns, for example to unit variance."
        )


def mean_low(value: Any, shape: tuple[int, ...]) -> Array:
    """Check what rounding has taken from a mean."""
    if value is None:
        return np.zeros(shape)
    low = real_array("mean_low", value, shape="(..., d)", min_ndim=1)
    if low.shape != shape:
        raise ValueError(f"mean_low must have the shape of the mean, {shape}, got {low.shape}.")
    return low


def mergeable(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    """Check that two moments speak of the same variables, classes and batch."""
    if first != second:
        raise ValueError(
            f"only moments of one shape can be merged, got means of shape {first} and {second}."
        )


PART_ROUNDING = 1e-10
"""Share of the whole, in each column, below which what is taken away may exceed it: rounding."""


def part_of(count: Array, rest: Array, whole: Array) -> None:
    """Check that what a part has left is the scatter of a sample: no variance is negative."""
    own, left = (np.diagonal(scatter, axis1=-2, axis2=-1) for scatter in (whole, rest))
    unit = np.sqrt(np.where(own > 0, own, 1.0))
    scaled = rest / unit[..., :, None] / unit[..., None, :]
    least = np.linalg.eigvalsh(scaled)[..., 0]
    too_much = (least < -PART_ROUNDING) | (left < -PART_ROUNDING * own).any(axis=-1)
    unequal = (count == 0) & (np.abs(scaled).max(axis=(-2, -1)) > PART_ROUNDING)
    if (too_much | unequal).any():
        raise ValueError(
            "a - b takes b away from a sample that holds it, but the scatter of b, with the "
            "distance of its mean, does not fit into that of a: its rows are not among those of a."
        )


def smaller_part(whole: Array, part: Array) -> None:
    """Check that a part has no more weight than the whole it is taken from."""
    if (part > whole * (1.0 + PART_ROUNDING)).any():
        index = tuple(int(i) for i in np.argwhere(part > whole)[0])
        raise ValueError(
            f"a - b takes b away from a sample that holds it, but the count of b, "
            f"{part[index]:g}, exceeds that of a, {whole[index]:g}."
        )
