"""Rows of samples, read block by block, centred before they are multiplied, and merged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array.linalg import EPS, transpose
from gaussmetrics._array.two_floats import TwoFloats, difference, shifted
from gaussmetrics._array.types import Array, Scalars

BLOCK_ELEMENTS = 2**20  # 8 MB: large enough for BLAS, small enough to stay near the cache


def row_blocks(shape: tuple[int, ...], share: float = 1.0) -> Iterator[slice]:
    """Cut the rows of (..., n, d) samples into slices of about BLOCK_ELEMENTS · share numbers."""
    n = shape[-2]
    size = max(64, int(share * BLOCK_ELEMENTS) * n // max(1, int(np.prod(shape))))
    return (slice(start, min(start + size, n)) for start in range(0, n, size))


def first_row(rows: NDArray[Any], weights: Array | None) -> NDArray[Any]:
    """Return the first row that counts, (..., 1, d), or none of no rows."""
    if weights is None or rows.shape[-2] == 0:
        return rows[..., :1, :]
    counted = np.argmax(np.broadcast_to(weights, rows.shape[:-1]) > 0, axis=-1)
    return np.take_along_axis(rows, counted[..., None, None], axis=-2)


def centre(block: Array, weights: Array | None) -> tuple[Scalars, Array]:
    """Centre rows in place, scale them by √weight, and return their total weight and mean."""
    if weights is None:
        mean = block.mean(axis=-2)
        block -= mean[..., None, :]
        return np.full(block.shape[:-2], float(block.shape[-2])), mean
    count = weights.sum(axis=-1)
    total = (weights[..., None, :] @ block)[..., 0, :]
    mean = total / np.where(count > 0, count, 1.0)[..., None]
    block -= mean[..., None, :]
    block *= np.sqrt(weights)[..., None]
    return count, mean


def gram(block: Array) -> Array:
    """BᵀB, symmetric to the last bit; the check of the scatter is what reports an overflow."""
    with np.errstate(over="ignore", invalid="ignore"):
        return transpose(block) @ block


def merge(n1: Scalars, m1: Array, n2: Scalars, m2: Array) -> tuple[Array, Array, Array]:
    """Merge two counts and means; the third result s has s sᵀ = (n₁n₂/n) δδᵀ."""
    n, (mean, _), step = merge_exactly(n1, (m1, np.zeros(1)), n2, (m2, np.zeros(1)))
    return n, mean, step


def merge_exactly(
    n1: Scalars, m1: TwoFloats, n2: Scalars, m2: TwoFloats
) -> tuple[Array, TwoFloats, Array]:
    """Merge two counts and means kept in two floats, which lose nothing far from the origin."""
    n: Array = np.asarray(n1 + n2)
    part1, part2 = (np.divide(k, n, out=np.zeros(n.shape), where=n > 0) for k in (n1, n2))
    delta = difference(m2, m1)
    # Stepping from the heavier mean makes `+` symmetric and a merge with nothing exact.
    first = np.asarray(n1 >= n2)[..., None]
    high, low = (np.where(first, one, other) for one, other in zip(m1, m2, strict=True))
    mean = shifted((high, low), np.where(first, part2[..., None], -part1[..., None]) * delta)
    weight = np.minimum(n1, n2) * np.maximum(part1, part2)
    return n, mean, np.sqrt(weight)[..., None] * delta


def take_away(
    n1: Scalars, m1: TwoFloats, n2: Scalars, m2: TwoFloats
) -> tuple[Array, TwoFloats, Array]:
    """Undo `merge_exactly`: the count and mean of the rest, and s with s sᵀ = (n₁n₂/n) δδᵀ."""
    n: Array = np.asarray(n1 - n2)
    n = np.where(n > 4 * EPS * n1, n, 0.0)
    ratio = np.divide(n2, n, out=np.zeros(n.shape), where=n > 0)
    delta = difference(m1, m2)
    high, low = shifted(m1, ratio[..., None] * delta)
    left = (n > 0)[..., None]
    mean = np.where(left, high, 0.0), np.where(left, low, 0.0)
    return n, mean, np.sqrt(np.where(n > 0, n1 * ratio, n2))[..., None] * delta


def freeze_fields(moments: Any, **arrays: Any) -> None:
    """Set the fields of a frozen instance to float64 copies that no one can write to."""
    for name, value in arrays.items():
        array = np.array(value, dtype=np.float64)
        array.flags.writeable = False
        object.__setattr__(moments, name, array[()] if array.ndim == 0 else array)
