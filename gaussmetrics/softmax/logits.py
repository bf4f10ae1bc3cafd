"""Logits: reading and checking them, and the softmax law that each row of them names.

A row of logits u ∈ [−∞, ∞)ᴷ stands for the law pₖ = exp uₖ / Σⱼ exp uⱼ; −∞ is probability 0. What
comes as float32 is read exactly, and everything is computed in float64.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array import reading
from gaussmetrics._array.types import Array, Mask

Places: TypeAlias = NDArray[np.intp]
"""The place of one entry in each row, (..., 1)."""

LARGEST = 1e300
"""Of a finite logit."""


class Law(NamedTuple):
    """Probabilities, their logarithms and the place of the largest, right to the last digit."""

    logits: Array
    log: Array
    probabilities: Array
    top: Places

    @property
    def possible(self) -> Mask:
        """Where the probability is not 0, though it may be too small for a float."""
        return self.log > -np.inf

    def log_from(self, place: Places) -> Array:
        """Return log pₖ/pᵣ = uₖ − uᵣ, which has its digits also where the law is nearly uniform."""
        return difference(self.logits, at(self.logits, place))[0]


def logits(name: str, value: Any) -> Array:
    """Return logits as a fresh float64 array; each row has an entry that is not −∞."""
    array = read(name, value)
    impossible = ~(array > -np.inf).any(axis=-1)
    if impossible.any():
        row = reading.label(name, np.argwhere(impossible)[0])
        raise ValueError(
            f"{row} is -inf throughout, which is no law. Leave one class with a finite logit."
        )
    return array


def read(name: str, value: Any) -> Array:
    """Return numbers below +∞ along at least one class as a fresh float64 array."""
    array = reading.as_array(name, value)
    impossible = np.isneginf(array) if array.dtype.kind == "f" else np.zeros(array.shape, bool)
    finite = np.where(impossible, 0.0, array) if impossible.any() else value
    result = reading.real_array(name, finite, shape="(..., K)", min_ndim=1)
    if not result.shape[-1]:
        raise ValueError(f"{name} must have at least one class, got shape {result.shape}.")
    _in_range(name, result)
    result[impossible] = -np.inf
    return result


def _in_range(name: str, array: Array) -> None:
    """Check that differences of logits, and multiples of them, stay within the floats."""
    beyond = np.abs(array) > LARGEST
    if beyond.any():
        place = np.argwhere(beyond)[0]
        raise ValueError(
            f"{name} must lie within ±{LARGEST:g}, but {reading.label(name, place)} is "
            f"{array[tuple(place)]:.6g}. Pass -inf for probability 0."
        )


def two_logits(metric: str, u: Any, v: Any) -> tuple[Array, Array]:
    """Check the two operands of a divergence and broadcast them."""
    a, b = logits("u", u), logits("v", v)
    if a.shape[-1] != b.shape[-1]:
        raise ValueError(
            f"{metric} needs u and v of the same classes, got {a.shape[-1]} and {b.shape[-1]}."
        )
    reading.batch_shape("u and v", a.shape[:-1], b.shape[:-1])
    a, b = np.broadcast_arrays(a, b)
    return a, b


def softmax(u: Array) -> Law:
    """Return the law of checked logits."""
    top = u.argmax(axis=-1)[..., None]
    gap, rest = difference(u, at(u, top))
    weights = np.exp(gap) * (1.0 + rest)
    others = without(weights, top).sum(axis=-1, keepdims=True)
    return Law(u, gap + (rest - np.log1p(others)), weights / (1.0 + others), top)


def difference(a: Array, b: Array) -> tuple[Array, Array]:
    """Return a − b rounded, and what rounding took off; nothing where it is infinite.

    Knuth's two-sum: The Art of Computer Programming 2 (1997), section 4.2.2.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        rounded = a - b
        part = rounded - a
        rest = (a - (rounded - part)) - (b + part)
    return rounded, np.where(np.isfinite(rounded) & np.isfinite(rest), rest, 0.0)


def at(array: Array, place: Places) -> Array:
    """Return the entry of each row at a place."""
    return np.take_along_axis(array, place, axis=-1)


def without(array: Array, place: Places) -> Array:
    """Return a copy with zeros at one place of each row."""
    result = array.copy()
    np.put_along_axis(result, place, 0.0, axis=-1)
    return result


def balanced(gradient: Array, place: Places) -> Array:
    """Let the entry of each row at a place be minus the sum of the others."""
    result = without(gradient, place)
    np.put_along_axis(result, place, -result.sum(axis=-1, keepdims=True), axis=-1)
    return result


def weighted(weights: Array, values: Array) -> Array:
    """Return weights × values, and 0 wherever the weight is 0, also times infinity."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where(weights != 0, weights * values, 0.0)
