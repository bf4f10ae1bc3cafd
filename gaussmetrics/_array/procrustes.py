"""The difference of two factors up to a rotation, from products without cancellation."""

from __future__ import annotations

import numpy as np

from gaussmetrics._array.linalg import pair_sums, same_width, side_by_side, stacked, transpose
from gaussmetrics._array.two_floats import two_sum
from gaussmetrics._array.types import Array


def accurate_matmul(a: Array, b: Array) -> Array:
    """Return A B with an error near ε·|AB| even where the sum cancels.

    A and B are cut into slices so short that the leading products are exact in double precision
    (Ozaki, Ogita, Oishi & Rump 2012, doi:10.1007/s11075-011-9478-1).
    """
    bits = int((53 - np.ceil(np.log2(a.shape[-1]))) // 2)
    a1 = _leading_bits(a, bits, -1)
    a2 = _leading_bits(a - a1, bits, -1)
    b1 = _leading_bits(b, bits, -2)
    b2 = _leading_bits(b - b1, bits, -2)
    a3, b3 = (a - a1) - a2, (b - b1) - b2
    rest = a1 @ b3 + a2 @ (b - b1) + a3 @ b
    total, error = two_sum(a1 @ b1, a1 @ b2)
    total, another = two_sum(total, a2 @ b1)
    return total + ((error + another) + rest)


def _leading_bits(matrix: Array, bits: int, axis: int) -> Array:
    """Round each row or column to a multiple of its largest entry times 2**-bits."""
    largest = np.max(np.abs(matrix), axis=axis, keepdims=True)
    _, exponent = np.frexp(largest)
    anchor = np.ldexp(np.where(largest > 0, 1.5, 0.0), exponent + 52 - bits)
    return (matrix + anchor) - anchor


def aligned_difference(f: Array, g: Array) -> tuple[Array, Array]:
    """Return F − G Q and G Q for the orthogonal Q that makes ‖F − G Q‖ smallest (Procrustes).

    Q is kept as a rounded matrix and a small correction, so that the difference of two nearly
    equal factors keeps its digits whatever rotation lies between them.
    """
    f, g = same_width(f, g)
    rotation, correction = _best_rotation(f, _of_like_size(g, f))
    aligned = g @ rotation
    both = side_by_side(f, -g)
    difference = accurate_matmul(both, _below_identity(rotation)) - g @ correction
    equal = (f == g).all(axis=(-2, -1))[..., None, None]
    return np.where(equal, 0.0, difference), aligned


def _best_rotation(f: Array, g: Array) -> tuple[Array, Array]:
    """Return Q as a rounded matrix and a small correction, by Newton's steps from its rounding."""
    u, s, vt = np.linalg.svd(transpose(g) @ f)
    rotation, correction, eye = u @ vt, np.zeros_like(u), np.eye(u.shape[-1])
    both = side_by_side(f, -g)
    for _ in range(4):
        difference = accurate_matmul(both, _below_identity(rotation))
        skew = transpose(g @ rotation) @ (difference - g @ correction)
        skew = vt @ (skew - transpose(skew)) @ transpose(vt)
        turn = transpose(vt) @ (skew / pair_sums(s)) @ vt
        square = side_by_side(transpose(rotation), eye)
        defect = accurate_matmul(square, stacked(rotation, -eye))
        mixed = transpose(rotation) @ correction
        defect = defect + mixed + transpose(mixed) + transpose(correction) @ correction
        step = correction + rotation @ (turn - 0.5 * defect)
        moved = rotation + step
        rotation, correction = moved, step - (moved - rotation)
    return rotation, correction


def _below_identity(rotation: Array) -> Array:
    return stacked(np.eye(rotation.shape[-1]), rotation)


def _of_like_size(g: Array, f: Array) -> Array:
    """Bring G to the size of F by a power of two where they differ by more than 2⁸.

    The best rotation stays the same, and its steps do not drown in the rounding of the larger one.
    """
    largest = [np.abs(x).max(axis=(-2, -1), initial=0.0) for x in (f, g)]
    steps = np.frexp(largest[0])[1] - np.frexp(largest[1])[1]
    return np.ldexp(g, np.where(np.abs(steps) > 8, steps, 0)[..., None, None])
