"""Many small matrices at once, with the batch as the last axis.

One operation then works on a whole block of matrices. LAPACK, called for one small matrix after
another, spends more of its time on the calls than on the numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gaussmetrics._array.types import Array

_CACHE = 2**17  # numbers, one megabyte: about what a core keeps at hand
NEAR_CACHE = 2**15  # a quarter of it, for passes that read the same numbers again and again


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
    """Return the lower triangular L with Σ = L Lᵀ for Σ (..., d, d), laid out as by `copied`."""
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
