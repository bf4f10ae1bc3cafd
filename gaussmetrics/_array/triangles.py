"""Triangular factors of stacks of matrices: Cholesky, QR, and solving and inverting with them."""

from __future__ import annotations

import numpy as np
from scipy.linalg.blas import dgemm, dtrmm
from scipy.linalg.lapack import dtrtri, dtrtrs

from gaussmetrics._array.linalg import diagonal, transpose
from gaussmetrics._array.types import Array


def cholesky(matrix: Array) -> Array:
    """Return the lower triangular L with Σ = L Lᵀ."""
    return np.asarray(np.linalg.cholesky(matrix), dtype=np.float64)


def triangle(columns: Array) -> Array:
    """Return the lower triangular L with L Lᵀ = F Fᵀ for F (..., d, r) with r ≥ d."""
    upper: Array = np.asarray(np.linalg.qr(transpose(columns), mode="r"))
    signs = np.where(diagonal(upper) < 0, -1.0, 1.0)
    return np.ascontiguousarray(transpose(upper) * signs[..., None, :])


def solve_lower(lower: Array, columns: Array) -> Array:
    """Return L⁻¹ B for one lower triangular L (d, d) and B (d, k)."""
    # LAPACK reads a C-ordered L as its transpose: an upper triangle, solved transposed.
    solution, _ = dtrtrs(lower.T, columns, lower=0, trans=1)
    return solution


def solve_lower_triangle(lower: Array, other: Array) -> Array:
    """Return L⁻¹ K for one lower triangular L and one lower triangular K, both (d, d)."""
    result = np.zeros_like(other)
    _solve_by_halves(lower, other, result)
    return result


def _solve_by_halves(lower: Array, other: Array, result: Array) -> None:
    """Leave out the half of the work that the zeros of K make superfluous."""
    d = len(lower)
    if d <= 256:
        result[:] = solve_lower(lower, other)
        return
    first, last = slice(None, d // 2), slice(d // 2, None)
    for half in (first, last):
        _solve_by_halves(lower[half, half], other[half, half], result[half, half])
    # SciPy's BLAS, as in the solves: its threads and those of NumPy's would wait for each other.
    product = dgemm(1.0, result[first, first].T, lower[last, first].T).T
    result[last, first] = solve_lower(lower[last, last], other[last, first] - product)


def lower_overlap(lower: Array, other: Array) -> Array:
    """Return Lᵀ K for one lower triangular L and one lower triangular K, both (d, d)."""
    # BLAS reads C-ordered arrays as their transposes, and returns that of the product.
    return np.asarray(dtrmm(1.0, lower.T, other.T, side=1, lower=0, trans_a=1).T)


def invert_lower(lower: Array) -> Array:
    """Return L⁻¹ for lower triangular matrices (..., d, d)."""
    if lower.ndim == 2:
        inverse, _ = dtrtri(lower.T, lower=0)
        return inverse.T
    inverse = np.zeros(lower.shape)
    _invert_by_halves(lower, inverse)
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


def _invert_by_rows(lower: Array, inverse: Array) -> None:
    for i in range(lower.shape[-1]):
        pivot = 1.0 / lower[..., i, i]
        inverse[..., i, i] = pivot
        for j in range(i):
            known = (lower[..., i, k] * inverse[..., k, j] for k in range(j, i))
            inverse[..., i, j] = -pivot * sum(known)
