"""Eigenvalues and sums of singular values of large batches, which the cores share."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from scipy.linalg.blas import dsyrk
from scipy.linalg.lapack import dgesdd

from gaussmetrics._array import batch_last, cores, root_traces
from gaussmetrics._array.linalg import transpose
from gaussmetrics._array.symmetric_functions import singular_value_sums
from gaussmetrics._array.types import Array, Mask, Scalars

Arrays: TypeAlias = tuple[Array, ...]
Shape: TypeAlias = tuple[int, ...]


def eigvalsh(matrix: Array) -> Array:
    """Return the eigenvalues of symmetric matrices; the cores share a large batch of them."""
    flat = matrix.reshape(-1, *matrix.shape[-2:])
    (values,) = _in_blocks(
        lambda at: (np.asarray(np.linalg.eigvalsh(flat[at]), float),), flat.shape
    )
    return values.reshape(matrix.shape[:-1])


def nuclear_norm(matrix: Array) -> tuple[Scalars, Scalars]:
    """Return the sum of the singular values s, and how much rounding weighs in it, from 1 up.

    The weight is the mean of 1/s times the mean of s² over that of s: the Gram matrix, whose roots
    they are, knows an s to ε s₁²/s. Where the smallest is too small for that, s are computed, and
    the weight is 1.
    """
    if matrix.ndim == 2 and len(matrix) <= 24:
        _, values, _, failed = dgesdd(matrix, compute_uv=0)
        if not failed:
            return values.sum(), np.float64(1.0)
    flat = matrix.reshape(-1, *matrix.shape[-2:])
    total, weight = nuclear_norms(lambda at: flat[at], flat.shape)
    return total.reshape(matrix.shape[:-2]), weight.reshape(matrix.shape[:-2])


def nuclear_norms(matrices: Callable[[slice], Array], shape: Shape) -> tuple[Array, Array]:
    """Do the same for a batch (n, d, k) that is made block by block and never leaves the cache."""
    total, weight = _in_blocks(lambda at: _nuclear_norms(matrices(at)), shape)
    return total, weight


def _nuclear_norms(matrix: Array) -> tuple[Array, Array]:
    rows, width = matrix.shape[-2:]
    many = len(matrix) >= 32
    if many and rows == width <= 3:
        return singular_value_sums(matrix), np.ones(len(matrix))
    # Where squares overflow or vanish, nothing is taken from them.
    with np.errstate(all="ignore"):
        gram = _gram(matrix, many=many)
        square = np.einsum("nii->n", gram)
        lost = ~((square > 1e-250) & (square < 1e250))
        gram[lost], square[lost] = np.eye(width) / width, 1.0
        by_poles = many and width <= root_traces.WIDEST
        traces_of = root_traces.root_trace if by_poles else _root_trace_by_eigenvalues
        root, inverse, trusted = traces_of(gram, square)
        total, weight = np.sqrt(square) * root, inverse / (width * root)
    steep = lost | ~trusted
    if steep.any():
        total[steep] = np.linalg.svd(matrix[steep], compute_uv=False).sum(axis=-1)
        weight[steep] = 1.0
    return total, weight


def _gram(matrix: Array, *, many: bool) -> Array:
    """Return MᵀM; of one alone, its lower half."""
    if len(matrix) == 1:
        return np.asarray(dsyrk(1.0, matrix[0].T, lower=1))[None]
    # Of an array and its own transpose BLAS computes a half and copies it, slow for small ones.
    return transpose(matrix) @ (matrix.copy() if many else matrix)


def _root_trace_by_eigenvalues(gram: Array, trace: Array) -> tuple[Array, Array, Mask]:
    """Return tr √(G/t), tr 1/√(G/t) for t = tr G and whether they can be trusted."""
    squares = np.asarray(np.linalg.eigvalsh(gram), float) / trace[:, None]
    trusted = squares[:, 0] > 1e-4 * squares[:, -1]
    roots = np.sqrt(np.where(trusted[:, None], squares, 1.0))
    return roots.sum(axis=-1), (1.0 / roots).sum(axis=-1), trusted


def _in_blocks(function: Callable[[slice], Arrays], shape: Shape) -> list[Array]:
    """Apply a function to blocks of a batch (n, d, k) and join the results; cores share them."""
    size = math.prod(shape)
    blocks = list(batch_last.blocks(shape)) if size >= cores.WORTH_SHARING else [slice(None)]
    parts = list(cores.shared(function, blocks, size))
    return [np.concatenate(part) for part in zip(*parts, strict=True)]
