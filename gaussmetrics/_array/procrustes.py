"""The difference of two factors up to a rotation, from products without cancellation."""

from __future__ import annotations

import numpy as np

from gaussmetrics._array.double_double import DoubleDouble, accurate_matmul
from gaussmetrics._array.linalg import pair_sums, same_width, side_by_side, stacked, transpose
from gaussmetrics._array.types import Array


def aligned_difference(f: DoubleDouble, g: DoubleDouble) -> tuple[Array, Array]:
    """Return F − G Q and G Q for the orthogonal Q that makes ‖F − G Q‖ smallest (Procrustes).

    Q is kept as a rounded matrix and a small correction, so that the difference of two nearly
    equal factors keeps its digits whatever rotation lies between them.
    """
    f, g = padded(f, g)
    rotation, correction = _best_rotation(f, _of_like_size(g, f))
    aligned = g.leading @ rotation
    difference = _turned(_both(f, g), rotation) - g.leading @ correction
    equal = [(a == b).all(axis=(-2, -1)) for a, b in zip(f, g, strict=True)]
    return np.where((equal[0] & equal[1])[..., None, None], 0.0, difference), aligned


def padded(f: DoubleDouble, g: DoubleDouble) -> tuple[DoubleDouble, DoubleDouble]:
    """Pad the narrower of two factors with zero columns."""
    leading, rest = same_width(f.leading, g.leading), same_width(f.rest, g.rest)
    return DoubleDouble(leading[0], rest[0]), DoubleDouble(leading[1], rest[1])


def _both(f: DoubleDouble, g: DoubleDouble) -> tuple[Array, Array | None]:
    """Return [F −G] and, where there is any, what its rounding left over."""
    leading = side_by_side(f.leading, -g.leading)
    if not (f.rest.any() or g.rest.any()):
        return leading, None
    return leading, side_by_side(f.rest, -g.rest)


def _turned(both: tuple[Array, Array | None], rotation: Array) -> Array:
    """Return F − G Q, given [F −G]."""
    below = stacked(np.eye(rotation.shape[-1]), rotation)
    leading, rest = both
    difference = accurate_matmul(leading, below)
    return difference if rest is None else difference + rest @ below


def _best_rotation(f: DoubleDouble, g: DoubleDouble) -> tuple[Array, Array]:
    """Return Q as a rounded matrix and a small correction, by Newton's steps from its rounding."""
    u, s, vt = np.linalg.svd(transpose(g.leading) @ f.leading)
    rotation, correction, eye = u @ vt, np.zeros_like(u), np.eye(u.shape[-1])
    both = _both(f, g)
    for _ in range(4):
        difference = _turned(both, rotation) - g.leading @ correction
        skew = transpose(g.leading @ rotation) @ difference
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


def _of_like_size(g: DoubleDouble, f: DoubleDouble) -> DoubleDouble:
    """Bring G to the size of F by a power of two where they differ by more than 2⁸.

    The best rotation stays the same, and its steps do not drown in the rounding of the larger one.
    """
    largest = [np.abs(x.leading).max(axis=(-2, -1), initial=0.0) for x in (f, g)]
    steps = np.frexp(largest[0])[1] - np.frexp(largest[1])[1]
    steps = np.where(np.abs(steps) > 8, steps, 0)[..., None, None]
    if not steps.any():
        return g
    return DoubleDouble(*(np.ldexp(part, steps) for part in g))
