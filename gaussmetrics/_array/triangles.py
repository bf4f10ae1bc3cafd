"""Triangular factors of stacks of matrices: Cholesky, QR, and solving and inverting with them."""

from __future__ import annotations

import math

import numpy as np
from scipy.linalg.blas import dgemm, dtrmm, dtrsm
from scipy.linalg.lapack import dpotrf, dtrtri, dtrtrs

from gaussmetrics._array import batch_last
from gaussmetrics._array.linalg import diagonal, sum_of_squares, transpose
from gaussmetrics._array.types import Array

_LEAF = 64
"""So many rows are LAPACK's in one call; halves of more are multiplied."""
_CALL_PAYS = 24
"""From so many rows on, calling LAPACK for each matrix costs less than NumPy's two copies."""


def cholesky(matrix: Array) -> Array:
    """Return the lower triangular L with Σ = L Lᵀ; of many small ones, the batch lies last."""
    if batch_last.suits(matrix):
        return batch_last.cholesky(matrix)
    d = matrix.shape[-1]
    if matrix.ndim > 2 and d < _CALL_PAYS:
        return np.asarray(np.linalg.cholesky(matrix), dtype=np.float64)
    lower = np.empty(matrix.shape)
    if matrix.ndim == 2:
        _factorise(matrix, lower)
    else:
        for given, each in zip(matrix.reshape(-1, d, d), lower.reshape(-1, d, d), strict=True):
            _factorise(given, each)
    return lower


def _factorise(matrix: Array, lower: Array) -> None:
    lower[...] = matrix
    # In its place: LAPACK reads its rows as columns, and so the upper triangle it wants.
    _, failed = dpotrf(lower.T, 0, 1, 1)  # lower, clean, overwrite; names take half a µs
    if failed:
        raise np.linalg.LinAlgError("Matrix is not positive definite")


def triangle(columns: Array) -> Array:
    """Return the lower triangular L with L Lᵀ = F Fᵀ for F (..., d, r) with r ≥ d."""
    upper: Array = np.asarray(np.linalg.qr(transpose(columns), mode="r"))
    signs = np.where(diagonal(upper) < 0, -1.0, 1.0)
    return np.ascontiguousarray(transpose(upper) * signs[..., None, :])


def solve_lower(lower: Array, columns: Array) -> Array:
    """Return L⁻¹ B for one lower triangular L (d, d) and B (d, k)."""
    # A C-ordered array is to LAPACK its transpose, and turning it round costs as much as solving.
    if columns.strides[-1] == columns.itemsize:
        return np.asarray(dtrsm(1.0, lower.T, columns.T, 1, 0).T)  # side, lower
    solution, _ = dtrtrs(lower.T, columns, 0, 1)  # lower, trans
    return solution


def solve_lower_triangle(lower: Array, other: Array) -> Array:
    """Return L⁻¹ K for one lower triangular L and one lower triangular K, both (d, d)."""
    if len(lower) <= _LEAF:
        return solve_lower(lower, other)
    result = np.zeros_like(other)
    _solve_by_halves(lower, other, result)
    return result


def _solve_by_halves(lower: Array, other: Array, result: Array) -> None:
    """Leave out the half of the work that the zeros of K make superfluous."""
    d = len(lower)
    if d <= _LEAF:
        result[:] = solve_lower(lower, other)
        return
    first, last = slice(None, d // 2), slice(d // 2, None)
    for half in (first, last):
        _solve_by_halves(lower[half, half], other[half, half], result[half, half])
    # SciPy's BLAS, as in the solves: its threads and those of NumPy's would wait for each other.
    product = dgemm(1.0, result[first, first].T, lower[last, first].T).T
    result[last, first] = solve_lower(lower[last, last], other[last, first] - product)


def solve_each_lower(lower: Array, columns: Array) -> Array:
    """Turn B into L⁻¹ B for every L (..., d, d) and fresh B (..., d, k) of a batch."""
    d, k = columns.shape[-2:]
    for factor, each in zip(lower.reshape(-1, d, d), columns.reshape(-1, d, k), strict=True):
        # Xᵀ Lᵀ = Bᵀ, as in `solve_lower`: side, lower, trans_a, diag, overwrite_b.
        dtrsm(1.0, factor.T, each.T, 1, 0, 0, 0, 1)
    return columns


def whitened_squares(lower: Array, other: Array, x: Array) -> tuple[Array, Array]:
    """Return ‖L⁻¹ K − I‖² and ‖L⁻¹ x‖² for lower triangular L and K (n, d, d) and x (n, d)."""
    n, d = x.shape
    if d <= 8:
        return batch_last.whitened_squares(lower, other, x)
    squares = np.empty((2, n))
    for block in batch_last.blocks((n, d, d + 1), cache=batch_last.NEAR_CACHE):
        columns = np.empty((len(x[block]), d, d + 1))
        columns[..., 0] = x[block]
        np.subtract(other[block], lower[block], out=columns[..., 1:])
        solve_each_lower(lower[block], columns)
        squares[0, block] = sum_of_squares(columns[..., 1:], 2)
        squares[1, block] = sum_of_squares(columns[..., 0], 1)
    return squares[0], squares[1]


def lower_overlap(lower: Array, other: Array) -> Array:
    """Return Lᵀ K for one lower triangular L and one lower triangular K, both (d, d)."""
    # BLAS reads C-ordered arrays as their transposes, and returns that of the product.
    return np.asarray(dtrmm(1.0, lower.T, other.T, side=1, lower=0, trans_a=1).T)


def invert_lower(lower: Array) -> Array:
    """Return L⁻¹ for lower triangular matrices (..., d, d)."""
    if lower.ndim == 2:
        inverse, _ = dtrtri(lower.T, 0)  # upper; a name takes half a µs
        return inverse.T
    if lower.shape[-1] >= 16 or math.prod(lower.shape[:-2]) < 32:
        inverse = np.array(lower, order="C")
        for each in inverse.reshape(-1, *lower.shape[-2:]):
            dtrtri(each.T, 0, 0, 1)  # lower, unitdiag, overwrite_c
        return inverse
    inverse = np.zeros(lower.shape)
    _invert_by_halves(lower, inverse)
    return inverse


def invert_by_products(lower: Array) -> Array:
    """Return the same in half the time, to fewer digits where the products cancel."""
    d = lower.shape[-1]
    if d <= _LEAF:
        return invert_lower(lower)
    inverse = np.zeros(lower.shape)
    for each, result in zip(lower.reshape(-1, d, d), inverse.reshape(-1, d, d), strict=True):
        _invert_each_by_halves(each, result)
    return inverse


def _invert_by_halves(lower: Array, inverse: Array) -> None:
    """Work on the whole batch at once: LAPACK called for each small matrix takes longer."""
    d = lower.shape[-1]
    if d <= 4:
        _invert_by_rows(lower, inverse)
        return
    first, last = slice(None, d // 2), slice(d // 2, None)
    for half in (first, last):
        _invert_by_halves(lower[..., half, half], inverse[..., half, half])
    corner = lower[..., last, first] @ inverse[..., first, first]
    np.negative(inverse[..., last, last] @ corner, out=inverse[..., last, first])


def _invert_each_by_halves(lower: Array, inverse: Array) -> None:
    d = len(lower)
    if d <= _LEAF:
        inverse[...] = dtrtri(lower.T, 0)[0].T
        return
    first, last = slice(None, d // 2), slice(d // 2, None)
    for half in (first, last):
        _invert_each_by_halves(lower[half, half], inverse[half, half])
    # BLAS reads transposes: (B A⁻¹)ᵀ = A⁻ᵀ Bᵀ, and what it makes of that with C⁻ᵀ is turned back;
    # side, lower, trans_a, diag, overwrite_b.
    corner = dtrmm(1.0, inverse[first, first].T, lower[last, first].T, 0, 0)
    inverse[last, first] = dtrmm(-1.0, inverse[last, last].T, corner, 1, 0, 0, 0, 1).T


def _invert_by_rows(lower: Array, inverse: Array) -> None:
    for i in range(lower.shape[-1]):
        pivot = 1.0 / lower[..., i, i]
        inverse[..., i, i] = pivot
        for j in range(i):
            known = (lower[..., i, k] * inverse[..., k, j] for k in range(j, i))
            inverse[..., i, j] = -pivot * sum(known)
