"""Numbers carried as an unevaluated sum of two floats, high + low: twice the digits."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array.types import Array

TwoFloats: TypeAlias = tuple[Array, Array]
"""High and low part; the high one is the sum rounded to float64."""

_HALF = 32
_LOWER = 2**_HALF - 1


def two_sum(a: Array, b: Array) -> TwoFloats:
    """Return a + b and what rounding took from it, exactly (Knuth 1969)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def shifted(a: TwoFloats, step: Array) -> TwoFloats:
    """Return a + step."""
    high, low = two_sum(a[0], step)
    return two_sum(high, low + a[1])


def difference(a: TwoFloats, b: TwoFloats) -> Array:
    """Return a − b, rounded to float64 after the subtraction."""
    high, low = two_sum(a[0], -b[0])
    return high + (low + (a[1] - b[1]))


def split(value: NDArray[Any]) -> TwoFloats:
    """Return numbers of any type in two floats: integers of 64 bits exactly."""
    if value.dtype.kind in "iu" and value.dtype.itemsize == 8:
        upper = (value >> _HALF).astype(np.float64)
        return two_sum(2.0**_HALF * upper, (value & _LOWER).astype(np.float64))
    high = value.astype(np.float64)
    return high, np.asarray(value - high, dtype=np.float64)


def deviations(rows: NDArray[Any], origin: NDArray[Any]) -> Array:
    """Return rows − origin in float64, where integers beyond 2⁵³ keep their digits too."""
    if rows.dtype.kind in "iu" and not (_fits(rows) and _fits(origin)):
        result = (rows >> _HALF).astype(np.float64) - (origin >> _HALF)
        result *= 2.0**_HALF
        result += (rows & _LOWER).astype(np.float64) - (origin & _LOWER)
        return result
    if rows.dtype.itemsize > 8:  # long double
        return (rows - origin).astype(np.float64)
    return np.asarray(rows - origin.astype(np.float64))


def _fits(integers: NDArray[Any]) -> bool:
    """Tell whether integers are floats too."""
    if integers.dtype.itemsize < 8 or integers.size == 0:
        return True
    return bool(integers.max() <= 2**53 and integers.min() >= -(2**53))
