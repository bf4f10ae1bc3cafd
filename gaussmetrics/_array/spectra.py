"""Eigenvalues and sums of singular values of large batches, which the cores share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from scipy.linalg.lapack import dgesdd

from gaussmetrics._array import batch_last, cores
from gaussmetrics._array.linalg import diagonal, transpose
from gaussmetrics._array.types import Array, Mask, Scalars

Arrays: TypeAlias = tuple[Array, ...]


def eigvalsh(matrix: Array) -> Array:
    """Return the eigenvalues of symmetric matrices; the cores share a large batch of them."""
    flat = matrix.reshape(-1, *matrix.shape[-2:])
    (values,) = in_blocks(lambda block: (np.asarray(np.linalg.eigvalsh(block), float),), flat)
    return values.reshape(matrix.shape[:-1])


def nuclear_norm(matrix: Array) -> tuple[Scalars, Scalars]:
    """Return the sum of the singular values s, and how much rounding weighs in it, from 1 up.

    The weight is the mean of 1/s times the mean of s² over that of s: the Gram matrix, whose roots
    they are, knows an s to ε s₁²/s. Where the smallest is too small for that, s are computed.
    """
    if matrix.ndim == 2 and len(matrix) <= 24:
        _, values, _, failed = dgesdd(matrix, compute_uv=0)
        if not failed:
            return values.sum(), np.float64(1.0)
    flat = matrix.reshape(-1, *matrix.shape[-2:])
    total, weight = in_blocks(_nuclear_norms, flat)
    return total.reshape(matrix.shape[:-2]), weight.reshape(matrix.shape[:-2])


def _nuclear_norms(matrix: Array) -> tuple[Array, Array]:
    width = matrix.shape[-1]
    few = width <= 24 and len(matrix) >= 32
    # Where squares overflow or vanish, nothing is taken from them.
    with np.errstate(all="ignore"):
        gram = transpose(matrix) @ matrix
        square = diagonal(gram).sum(axis=-1)
        lost = ~((square > 1e-250) & (square < 1e250))
        gram /= square[:, None, None]
        gram[lost] = np.eye(width)
        root, inverse, trusted = (batch_last.root_trace if few else _root_trace)(gram)
        total, weight = np.sqrt(square) * root, inverse / (width * root)
    steep = lost | ~trusted
    if steep.any():
        total[steep] = np.linalg.svd(matrix[steep], compute_uv=False).sum(axis=-1)
        weight[steep] = 250.0
    return total, weight


def _root_trace(gram: Array) -> tuple[Array, Array, Mask]:
    """Return tr √G, tr 1/√G and whether they can be trusted, from the eigenvalues."""
    squares = np.asarray(np.linalg.eigvalsh(gram), float)
    trusted = squares[:, 0] > 1e-4 * squares[:, -1]
    roots = np.sqrt(np.where(trusted[:, None], squares, 1.0))
    return roots.sum(axis=-1), (1.0 / roots).sum(axis=-1), trusted


def in_blocks(function: Callable[[Array], Arrays], flat: Array) -> list[Array]:
    """Apply a function to blocks of a batch (n, d, k) and join the results; cores share them."""
    if flat.size < cores.WORTH_SHARING:
        return [np.asarray(part) for part in function(flat)]
    blocks = [flat[block] for block in batch_last.blocks(flat)]
    parts = list(cores.shared(function, blocks, flat.size))
    return [np.concatenate(part) for part in zip(*parts, strict=True)]
