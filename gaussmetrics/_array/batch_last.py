"""Many small matrices at once, with the batch as the last axis.

One operation then works on a whole block of matrices. LAPACK, called for one small matrix after
another, spends more of its time on the calls than on the numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np

from gaussmetrics._array.types import Array, Mask

_CACHE = 2**17  # numbers, one megabyte: about what a core keeps at hand
NEAR_CACHE = 2**15  # a quarter of it, where several arrays are at work
_FLOOR = 2.0**-17


def blocks(shape: tuple[int, ...], most: int = 1024, cache: int = _CACHE) -> Sequence[slice]:
    """Cut a batch of matrices (n, d, k) into blocks that stay in the cache."""
    n, d, k = shape
    size = min(most, cache // (d * k) + 1)
    return [slice(start, start + size) for start in range(0, n, size)]


def suits(batch: Array) -> bool:
    """Tell whether there are enough matrices (..., d, k), and small enough."""
    return batch.shape[-2] <= 8 and math.prod(batch.shape[:-2]) >= 32


def copied(batch: Array) -> Array:
    """Copy matrices (..., d, k) so that they lie in memory as all here want to read them."""
    flat = batch.reshape(-1, *batch.shape[-2:])
    turned = np.empty((*flat.shape[1:], len(flat)))
    for block in blocks(flat.shape, cache=2**12):  # what the nearest cache takes in
        turned[..., block] = flat[block].transpose(1, 2, 0)
    return turned.transpose(2, 0, 1).reshape(batch.shape)


def symmetric(matrix: Array) -> bool:
    """Tell whether all A = Aᵀ, exactly."""
    a = matrix.reshape(-1, *matrix.shape[-2:]).transpose(1, 2, 0)
    return all((a[i, :i] == a[:i, i]).all() for i in range(1, len(a)))


def cholesky(matrix: Array) -> Array:
    """Return the lower triangular L with Σ = L Lᵀ for Σ (..., d, d), in that layout."""
    flat = matrix.reshape(-1, *matrix.shape[-2:])
    lower = np.empty((*flat.shape[1:], len(flat)))
    with np.errstate(all="ignore"):
        for block in blocks(flat.shape, most=4096, cache=2 * _CACHE):
            _factorise(flat[block].transpose(1, 2, 0), lower[..., block])
    if not (np.diagonal(lower) > 0).all():
        raise np.linalg.LinAlgError("Matrix is not positive definite")
    return lower.transpose(2, 0, 1).reshape(matrix.shape)


def _factorise(matrix: Array, lower: Array) -> None:
    """Make the columns of L one after another."""
    for j in range(len(matrix)):
        column = lower[j:, j]
        known = np.einsum("ikn,kn->in", lower[j:, :j], lower[j, :j])
        np.subtract(matrix[j:, j], known, out=column)
        np.sqrt(column[0], out=column[0])
        column[1:] /= column[0]
        lower[:j, j] = 0.0


def solve_lower_batch(lower: Array, columns: Array, *, full: int) -> Array:
    """Return L⁻¹ B for L (n, d, d) and B (n, d, k): `full` columns, then a lower triangle."""
    solution = np.empty(columns.shape)
    for block in blocks(columns.shape):
        x = _turned(columns[block])
        _substitute(_batch_last(lower[block]), x, full)
        solution[block] = x.transpose(2, 0, 1)
    return solution


def whitened_squares(lower: Array, triangle: Array, x: Array) -> tuple[Array, Array]:
    """Return ‖L⁻¹ K − I‖² and ‖L⁻¹ x‖² for lower triangular L and K (n, d, d) and x (n, d)."""
    squares, d = np.empty((2, len(x))), x.shape[-1]
    for block in blocks(triangle.shape):
        factor = _batch_last(lower[block])
        columns = np.empty((d, d + 1, len(x[block])))
        columns[:, 0] = x[block].T
        np.subtract(triangle[block].transpose(1, 2, 0), factor, out=columns[:, 1:])
        _substitute(factor, columns, 1)
        for row, part in enumerate((columns[:, 1:], columns[:, :1])):
            squares[row, block] = np.einsum("ijn,ijn->n", part, part)
    return squares[0], squares[1]


def root_trace(gram: Array) -> tuple[Array, Array, Mask]:
    """Return tr √G and tr 1/√G for symmetric G (n, d, d) of trace 1, and where they can be trusted.

    They can where the smallest eigenvalue is more than 2⁻¹⁷. Householder's reflections make G
    tridiagonal; there the best rational approximation of the root takes O(d) a pole. Where the
    smallest eigenvalue is not positive, divisions by zero may happen on the way.
    """
    diagonal, beside = _tridiagonal(_turned(gram))
    return _rational_roots(diagonal, beside**2)


def _turned(matrix: Array) -> Array:
    return np.array(matrix.transpose(1, 2, 0), order="C")


def _batch_last(matrix: Array) -> Array:
    """Turn what does not lie so already."""
    return matrix.transpose(1, 2, 0) if matrix.strides[0] == matrix.itemsize else _turned(matrix)


def _substitute(lower: Array, x: Array, full: int) -> None:
    """Solve L X = B in the place of B (d, k, n), whose columns after `full` are a triangle."""
    for j in range(len(x)):
        done = x[j, : full + j + 1]
        done /= lower[j, j]
        x[j + 1 :, : len(done)] -= lower[j + 1 :, j, None] * done


def _tridiagonal(a: Array) -> tuple[Array, Array]:
    """Return the diagonal and what stands beside it, (d, n) each, of matrices similar to A."""
    d, _, n = a.shape
    beside = np.zeros((d, n))
    for k in range(d - 2):
        v, rest = a[k + 1 :, k], a[k + 1 :, k + 1 :]
        square = np.einsum("in,in->n", v, v)
        beside[k] = np.copysign(np.sqrt(square), v[0])
        half = square + beside[k] * v[0]
        v[0] += beside[k]
        scale = np.divide(1.0, half, out=np.zeros(n), where=half > 1e-200)
        w = np.einsum("ijn,jn->in", rest, v) * scale
        w -= (0.5 * scale * np.einsum("in,in->n", w, v)) * v
        update = v[:, None] * w
        rest -= update
        rest -= update.transpose(1, 0, 2)
    if d > 1:
        beside[d - 2] = a[d - 1, d - 2]
    return np.diagonal(a).T.copy(), beside


@cache
def _poles() -> tuple[Array, Array]:
    """Return τ and w with √x = Σ w x / (x + τ) to all digits for x from the floor to 1.

    Hale, Higham & Trefethen 2008, doi:10.1137/070700607, their third method. The poles come in
    pairs with the product `_FLOOR`; computed from the near half, they keep their digits.
    """
    from scipy.special import ellipj, ellipkm1

    step = ellipkm1(_FLOOR) / 28
    sn, cn, dn, _ = ellipj((np.arange(14) + 0.5) * step, 1.0 - _FLOOR)
    near, ratio = np.sqrt(_FLOOR) * dn / cn**2, (sn / cn) ** 2
    tau = np.concatenate([_FLOOR * ratio, 1.0 / ratio])
    return tau, 2.0 / np.pi * step * np.concatenate([near, dn / sn**2])


def _rational_roots(diagonal: Array, squares: Array) -> tuple[Array, Array, Mask]:
    """Return Σ w tr T (T + τ)⁻¹, Σ w tr (T + τ)⁻¹ and whether T minus the floor is positive.

    The pivots δ of T + τ and η = δ − τ dδ/dτ give tr T (T + τ)⁻¹ = Σ η / δ.
    """
    tau, weight = _poles()
    shift = np.append(tau, -_FLOOR)[:, None]
    pivot, eta = diagonal[0] + shift, np.repeat(diagonal[:1], len(shift), axis=0)
    traces = np.zeros(pivot.shape)
    definite = pivot[-1] > 0
    for i in range(1, len(diagonal) + 1):
        inverse = 1.0 / pivot
        eta *= inverse
        traces += eta
        if i < len(diagonal):
            inverse *= squares[i - 1]
            eta -= 2.0
            eta *= inverse
            eta += diagonal[i]
            np.add(diagonal[i], shift, out=pivot)
            pivot -= inverse
            definite &= pivot[-1] > 0
    traces = traces[:-1]
    return weight @ traces, (weight / tau) @ (len(diagonal) - traces), definite
