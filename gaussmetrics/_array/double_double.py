"""Sums and products that keep what rounding takes from them: double-double arithmetic."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gaussmetrics._array.linalg import side_by_side
from gaussmetrics._array.two_floats import two_sum
from gaussmetrics._array.types import Array

_LOW_BITS = np.int64(2**27 - 1)
_NEAR_OVERFLOW = 2.0**900


class DoubleDouble(NamedTuple):
    """The sum of an array and of what its rounding left over, with about 32 digits."""

    leading: Array
    rest: Array


def exactly(array: Array) -> DoubleDouble:
    return DoubleDouble(array, np.zeros_like(array))


def two_product(a: Array, b: Array) -> DoubleDouble:
    """Return a b, elementwise, and its rounding error (Dekker)."""
    product = a * b
    (a1, a2), (b1, b2) = _halves(a), _halves(b)
    return DoubleDouble(product, ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2)


def _halves(x: Array) -> tuple[Array, Array]:
    """Cut the digits in two; unlike Veltkamp's, this way cannot overflow."""
    upper = (np.ascontiguousarray(x).view(np.int64) & ~_LOW_BITS).view(np.float64)
    return upper, x - upper


def square_root(x: Array) -> DoubleDouble:
    root = np.sqrt(x)
    square, error = two_product(root, root)
    return DoubleDouble(root, ((x - square) - error) / (2.0 * np.where(root > 0, root, 1.0)))


def scaled_columns(columns: Array, scale: DoubleDouble) -> DoubleDouble:
    """Return F diag(s)."""
    s, rest = (part[..., None, :] for part in scale)
    product, error = two_product(*np.broadcast_arrays(columns, s))
    return DoubleDouble(product, error + columns * rest)


def beside(left: DoubleDouble, right: DoubleDouble) -> DoubleDouble:
    """Return [A B] for batches that broadcast."""
    return DoubleDouble(*(side_by_side(a, b) for a, b in zip(left, right, strict=True)))


def accurate_matmul(a: Array, b: Array) -> Array:
    """Return A B with an error near ε·|AB| even where the sum cancels."""
    total, rest = _sliced_matmul(a, b)
    return total + rest


def matmul(a: DoubleDouble, b: Array) -> DoubleDouble:
    """Return A B for an A that goes beyond the digits of a double."""
    total, rest = _sliced_matmul(a.leading, b)
    return DoubleDouble(*two_sum(total, rest + a.rest @ b if a.rest.any() else rest))


def _sliced_matmul(a: Array, b: Array) -> tuple[Array, Array]:
    """Return A B in two parts, not yet added.

    A and B are cut into slices so short that the leading products are exact in double precision
    (Ozaki, Ogita, Oishi & Rump 2012, doi:10.1007/s11075-011-9478-1).
    """
    (a, raised), (b, more) = _below_overflow(a), _below_overflow(b)
    if raised or more:
        total, rest = _sliced_matmul(a, b)
        return np.ldexp(total, raised + more), np.ldexp(rest, raised + more)
    bits = int((53 - np.ceil(np.log2(max(1, a.shape[-1])))) // 2)
    a1 = _leading_bits(a, bits, -1)
    a2 = _leading_bits(a - a1, bits, -1)
    b1 = _leading_bits(b, bits, -2)
    b2 = _leading_bits(b - b1, bits, -2)
    a3, b3 = (a - a1) - a2, (b - b1) - b2
    rest = a1 @ b3 + a2 @ (b - b1) + a3 @ b
    total, error = two_sum(a1 @ b1, a1 @ b2)
    total, another = two_sum(total, a2 @ b1)
    return total, (error + another) + rest


def _below_overflow(matrix: Array) -> tuple[Array, int]:
    """Return a matrix whose entries leave room for anchors, and the power of two taken out."""
    # What is infinite, or not a number, stays so.
    if not _NEAR_OVERFLOW <= np.abs(matrix).max(initial=0.0) < np.inf:
        return matrix, 0
    return np.ldexp(matrix, -100), 100


def _leading_bits(matrix: Array, bits: int, axis: int) -> Array:
    """Round each row or column to a multiple of its largest entry times 2**-bits."""
    largest = np.max(np.abs(matrix), axis=axis, keepdims=True, initial=0.0)
    _, exponent = np.frexp(largest)
    anchor = np.ldexp(np.where(largest > 0, 1.5, 0.0), exponent + 52 - bits)
    return (matrix + anchor) - anchor
