"""Batched linear algebra that keeps every digit: factorisations, triangular solves, Procrustes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import numpy as np
from scipy.linalg.blas import dgemm
from scipy.linalg.lapack import dtrtri, dtrtrs

from gaussmetrics import _batch_last
from gaussmetrics._typing import Array, Mask, Scalars

Arrays: TypeAlias = tuple[Array, ...]

EPS = float(np.finfo(np.float64).eps)
# Smaller batches are done before another thread has begun.
_WORTH_SHARING = 2**17


def eigenvalue_cutoff(dim: int) -> float:
    """Return the fraction of the largest eigenvalue below which an eigenvalue counts as zero.

    An eigenvalue of a d × d matrix is known to d·ε times the largest one: below that, it is noise.
    """
    return 4 * dim * EPS


def transpose(matrix: Array) -> Array:
    """Swap the last two axes."""
    return np.swapaxes(matrix, -1, -2)


def symmetric_part(matrix: Array) -> Array:
    """Return (A + Aᵀ) / 2, halved first so that no entry overflows."""
    half = 0.5 * matrix
    return half + transpose(half)


def side_by_side(left: Array, right: Array) -> Array:
    """Return [A B] for batches that broadcast."""
    batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    parts = [np.broadcast_to(part, (*batch, *part.shape[-2:])) for part in (left, right)]
    return np.concatenate(parts, axis=-1)


def stacked(top: Array, bottom: Array) -> Array:
    """Return A above B for batches that broadcast."""
    return transpose(side_by_side(transpose(top), transpose(bottom)))


def sum_of_squares(array: Array, axes: int) -> Scalars:
    """Sum the squares over the last `axes` axes."""
    # BLAS is quick on few numbers; on many it wakes threads that cost more than they bring.
    if array.ndim == axes and array.size < 10_000:
        return np.float64(np.vdot(array, array))
    letters = "ij"[-axes:]
    return np.einsum(f"...{letters},...{letters}->...", array, array)[()]


def norm(vector: Array) -> Scalars:
    """Euclidean norm over the last axis, scaled so that no square over- or underflows."""
    largest = np.max(np.abs(vector), axis=-1, keepdims=True)
    scale = np.where(largest > 0, largest, 1.0)
    return scale[..., 0] * np.sqrt(sum_of_squares(vector / scale, 1))


def diagonal(matrix: Array) -> Array:
    """View the main diagonals of the last two axes."""
    return np.diagonal(matrix, axis1=-2, axis2=-1)


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


def cholesky(matrix: Array) -> Array:
    """Return the lower triangular L with Σ = L Lᵀ."""
    return np.asarray(np.linalg.cholesky(matrix), dtype=np.float64)


def eigvalsh(matrix: Array) -> Array:
    """Return the eigenvalues of symmetric matrices; the cores share a large batch of them."""
    flat = matrix.reshape(-1, *matrix.shape[-2:])
    (values,) = in_blocks(lambda block: (np.asarray(np.linalg.eigvalsh(block), float),), flat)
    return values.reshape(matrix.shape[:-1])


def in_blocks(function: Callable[[Array], Arrays], flat: Array) -> list[Array]:
    """Apply a function to blocks of a batch (n, d, k) and join the results; cores share them."""
    if flat.size < _WORTH_SHARING:
        return [np.asarray(part) for part in function(flat)]
    blocks = [flat[block] for block in _batch_last.blocks(flat)]
    parts = list(_shared(function, blocks))
    return [np.concatenate(part) for part in zip(*parts, strict=True)]


def _shared(function: Callable[[Array], Arrays], blocks: list[Array]) -> Iterable[Arrays]:
    cores = _cores()
    # While the interpreter shuts down, no thread can be started any more.
    if cores == 1 or not threading.main_thread().is_alive():
        return map(function, blocks)
    from concurrent.futures import ThreadPoolExecutor

    # NumPy lets other threads run while it works through a block.
    with ThreadPoolExecutor(cores) as pool:
        return list(pool.map(function, blocks))


def _cores() -> int:
    """Return the first number of OMP_NUM_THREADS, or how many cores there are."""
    wanted = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(wanted) if wanted.isdecimal() and int(wanted) else os.cpu_count() or 1


def triangle(columns: Array) -> Array:
    """Return the lower triangular L with L Lᵀ = F Fᵀ for F (..., d, r) with r ≥ d."""
    upper: Array = np.asarray(np.linalg.qr(transpose(columns), mode="r"))
    signs = np.where(diagonal(upper) < 0, -1.0, 1.0)
    return np.ascontiguousarray(transpose(upper) * signs[..., None, :])


def nuclear_norm(matrix: Array) -> tuple[Array, Array]:
    """Return the sum of the singular values s, and how much rounding weighs in it, from 1 up.

    The weight is the mean of 1/s times the mean of s² over that of s: the Gram matrix, whose roots
    they are, knows an s to ε s₁²/s. Where the smallest is too small for that, s are computed.
    """
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
        root, inverse, trusted = (_batch_last.root_trace if few else _root_trace)(gram)
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


def accelerated(past: Sequence[tuple[Array, Array]]) -> Array:
    """Return the next point of an iteration x ↦ x + s(x), from its last points and steps (x, s).

    The combination of them whose step is smallest: Anderson's method, after Walker & Ni 2011,
    doi:10.1137/10078356X.
    """
    point, step = past[-1]
    changes, moves = (
        np.diff([part.ravel() for part in parts], axis=0).T
        for parts in ([s for _, s in past], [x for x, _ in past])
    )
    share = np.linalg.lstsq(changes, step.ravel(), rcond=1e-10)[0]
    return point + step - ((changes + moves) @ share).reshape(point.shape)


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


def _leading_bits(matrix: Array, bits: int, axis: int) -> Array:
    """Round each row or column to a multiple of its largest entry times 2**-bits."""
    largest = np.max(np.abs(matrix), axis=axis, keepdims=True)
    _, exponent = np.frexp(largest)
    anchor = np.ldexp(np.where(largest > 0, 1.5, 0.0), exponent + 52 - bits)
    return (matrix + anchor) - anchor


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
    total, error = _two_sum(a1 @ b1, a1 @ b2)
    total, another = _two_sum(total, a2 @ b1)
    return total + ((error + another) + rest)


def _two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """Return a + b and its rounding error (Knuth)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


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


def same_width(f: Array, g: Array) -> tuple[Array, Array]:
    """Pad the narrower of two factors with zero columns."""
    width = max(f.shape[-1], g.shape[-1])
    padded = [
        np.concatenate([x, np.zeros((*x.shape[:-1], width - x.shape[-1]))], axis=-1) for x in (f, g)
    ]
    return padded[0], padded[1]


def pair_sums(s: Array) -> Array:
    """Return s_i + s_j, and infinity where both vanish, so that a division by it gives zero."""
    sums = s[..., :, None] + s[..., None, :]
    cutoff = eigenvalue_cutoff(s.shape[-1]) * s[..., :1, None]
    return np.where(sums > cutoff, sums, np.inf)
