"""Small operations on stacks of matrices, and the one cutoff below which an eigenvalue is zero."""

from __future__ import annotations

import math

import numpy as np

from gaussmetrics._array.types import Array, Scalars

EPS = float(np.finfo(np.float64).eps)


def eigenvalue_cutoff(dim: int, precision: float = EPS) -> float:
    """Return the fraction of the largest eigenvalue below which an eigenvalue counts as zero.

    An eigenvalue of a d × d matrix is known to d·ε times the largest one: below that, it is noise.
    `precision` is the relative rounding ε of what was given.
    """
    return 4 * dim * precision


def transpose(matrix: Array) -> Array:
    """Swap the last two axes."""
    return matrix.swapaxes(-1, -2)


def symmetric_part(matrix: Array) -> Array:
    """Return (A + Aᵀ) / 2, halved first so that no entry overflows."""
    half = 0.5 * matrix
    return half + transpose(half)


def side_by_side(left: Array, right: Array) -> Array:
    """Return [A B] for batches that broadcast."""
    batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    parts = [np.broadcast_to(part, (*batch, *part.shape[-2:])) for part in (left, right)]
    return np.concatenate(parts, axis=-1)


def together(matrix: Array) -> Array:
    """Copy a stack of matrices whose entries lie apart, which a product would take one by one."""
    near = matrix.itemsize in matrix.strides[-2:]
    return matrix if near else np.ascontiguousarray(matrix)


def stacked(top: Array, bottom: Array) -> Array:
    """Return A above B for batches that broadcast."""
    return transpose(side_by_side(transpose(top), transpose(bottom)))


def same_width(f: Array, g: Array) -> tuple[Array, Array]:
    """Pad the narrower of two factors with zero columns."""
    width = max(f.shape[-1], g.shape[-1])
    if f.shape[-1] == g.shape[-1]:
        return f, g
    padded = [
        np.concatenate([x, np.zeros((*x.shape[:-1], width - x.shape[-1]))], axis=-1) for x in (f, g)
    ]
    return padded[0], padded[1]


def sum_of_squares(array: Array, axes: int) -> Scalars:
    """Sum the squares over the last `axes` axes."""
    # BLAS is quick on few numbers; on many it wakes threads that cost more than they bring.
    if array.ndim == axes and array.size < 10_000:
        return np.float64(np.vdot(array, array))
    letters = "ij"[-axes:]
    return np.einsum(f"...{letters},...{letters}->...", array, array)[()]


def total(array: Array) -> Scalars:
    """Sum over the last axis; a few numbers without NumPy, which takes a µs to begin."""
    if array.ndim == 1 and array.size <= 8:
        return np.float64(sum(array.tolist()))
    return np.add.reduce(array, axis=-1)


def norm(vector: Array) -> Scalars:
    """Euclidean norm over the last axis, scaled so that no square over- or underflows."""
    if vector.ndim == 1:
        return np.float64(math.hypot(*vector.tolist()))
    # NumPy is quick along the first axis, and slow along a short last one.
    entries = np.ascontiguousarray(np.moveaxis(np.abs(vector), -1, 0))
    largest = entries.max(axis=0)[..., None]
    scale = np.where((largest > 0) & (largest < np.inf), largest, 1.0)
    with np.errstate(over="ignore"):  # the norm itself may leave the floats
        return scale[..., 0] * np.sqrt(sum_of_squares(vector / scale, 1))


def diagonal(matrix: Array) -> Array:
    """View the main diagonals of the last two axes."""
    return matrix.diagonal(0, -2, -1)


def pair_sums(s: Array) -> Array:
    """Return s_i + s_j, and infinity where both vanish, so that a division by it gives zero."""
    sums = s[..., :, None] + s[..., None, :]
    cutoff = eigenvalue_cutoff(s.shape[-1]) * s[..., :1, None]
    return np.where(sums > cutoff, sums, np.inf)


def x_minus_log1p(x: Array) -> Array:
    """Return x − log(1 + x) for x > −1 without the cancellation near zero.

    With r = x / (2 + x), log(1 + x) = 2 artanh r, and x − 2r = x·r exactly; what is left is
    a series in r² whose first term is a third of the leading one at most.
    """
    small = np.abs(x) < 0.5
    near = np.where(small, x, 0.0)
    ratio = near / (2.0 + near)
    square = ratio * ratio
    series = np.zeros_like(x)
    for k in range(16, 0, -1):
        series = series * square + 1.0 / (2 * k + 1)
    far = np.where(small, 0.0, x)
    return np.where(small, ratio * (near - 2.0 * square * series), far - np.log1p(far))


def log_ratio(v: Array, w: Array) -> Array:
    """Return log(v / w) of positive numbers, to rounding beside one."""
    with np.errstate(over="ignore", under="ignore", divide="ignore"):
        logs = np.log(v / w)
    # A quotient that leaves the floats, or nearly, has logarithms far apart.
    far = ~(np.abs(logs) < 700.0)
    return np.where(far, np.log(v) - np.log(w), logs) if far.any() else logs


def frozen(array: Array) -> Array:
    if array.flags.writeable:
        array.flags.writeable = False
    return array
