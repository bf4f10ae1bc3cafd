"""The distance of Bures between two covariances, and the map that takes one to the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from gaussmetrics._array import double_double, linalg, procrustes, spectra, triangles
from gaussmetrics._array.double_double import DoubleDouble, accurate_matmul, exactly
from gaussmetrics._array.linalg import sum_of_squares, transpose
from gaussmetrics._array.two_floats import two_sum
from gaussmetrics._array.types import Array, Scalars
from gaussmetrics.laws.dense import Dense
from gaussmetrics.laws.diagonal import Diagonal
from gaussmetrics.laws.given import Precision
from gaussmetrics.laws.low_rank import LowRank
from gaussmetrics.laws.singular import Singular
from gaussmetrics.laws.structure import Structure
from gaussmetrics.pairs.combinations import as_dense, as_low_rank, both_low_rank
from gaussmetrics.pairs.differences import difference, given_by_columns, unrounded
from gaussmetrics.pairs.near import recompute

_NEWTON_STEPS = 20


def bures(p: Structure, q: Structure) -> Scalars:
    """Return tr Σp + tr Σq − 2 tr (Σp^½ Σq Σp^½)^½: squared Wasserstein-2 for equal means."""
    if isinstance(p, Diagonal) and isinstance(q, Diagonal):
        return sum_of_squares(_root_difference(p.variances(), q.variances()), 1)
    if both_isotropic(p, q):
        return _bures_isotropic(as_low_rank(p), as_low_rank(q))
    value, cancels = _from_traces(p, q)
    return recompute(value, cancels, _bures_from_difference, p, q)


def _from_traces(p: Structure, q: Structure) -> tuple[Scalars, Any]:
    """Return the value as it stands on paper, and where too many digits cancel."""
    traces = p.trace() + q.trace()
    total, weight = _overlap_norm(p, q)
    value = traces - 2.0 * total
    # Given the factors, the total is right to ε times the weight: plain while that is 5e-14.
    cancels = value < 1e-2 * traces
    doubtful = ~cancels & (value < 1e-2 * weight * traces)
    return recompute(value, doubtful, _from_singular_values, p, q), cancels


def _from_singular_values(p: Structure, q: Structure) -> Array:
    """Return the same from singular values that know the small ones, too."""
    singular_values = np.linalg.svd(overlap(p, q), compute_uv=False)
    return np.asarray(p.trace() + q.trace() - 2.0 * singular_values.sum(axis=-1))


def _overlap_norm(p: Structure, q: Structure) -> tuple[Array, Array]:
    """Return tr (Σp^½ Σq Σp^½)^½, and how much rounding weighs in it."""
    if p.batch_shape == q.batch_shape and len(p.batch_shape) == 1:
        shape = (*p.batch_shape, _width(p), _width(q))
        return spectra.nuclear_norms(lambda at: overlap(p[at], q[at]), shape)
    return spectra.nuclear_norm(overlap(p, q))


def _root_difference(v: Array, w: Array) -> Array:
    """Return √v − √w."""
    sums = np.sqrt(v) + np.sqrt(w)
    return (v - w) / np.where(sums > 0, sums, 1.0)


def overlap(p: Structure, q: Structure) -> Array:
    """Return Fqᵀ Fp or its transpose, through the factor that has fewer columns."""
    if _is_triangle(p) and _is_triangle(q):
        return triangles.lower_overlap(q.factor(), p.factor())
    few, many = (p, q) if _width(p) <= _width(q) else (q, p)
    return many.half(few.factor())


def _is_triangle(cov: Structure) -> bool:
    """Tell whether the factor of one covariance is its triangle."""
    return isinstance(cov, Dense) and not cov.batch_shape and cov.factor() is cov.lower


def _width(cov: Structure) -> int:
    return cov.columns.shape[-1] if isinstance(cov, Singular) else cov.dim


def both_isotropic(p: Structure, q: Structure) -> bool:
    """Tell whether both are a few factors, or none, and noise of one variance."""
    return both_low_rank(p, q) and as_low_rank(p).isotropic and as_low_rank(q).isotropic


def _bures_isotropic(p: LowRank, q: LowRank) -> Scalars:
    """Outside the span of both factors the laws are scalar; inside they are small."""
    inside, _, count = split_isotropic(p, q)
    within, cancels = _from_traces(*inside)
    value = within + count * _root_difference(p.noise[..., 0], q.noise[..., 0]) ** 2
    return recompute(value, cancels, _isotropic_from_difference, p, q)


def _isotropic_from_difference(p: LowRank, q: LowRank) -> Array:
    """Project what the factors differ by, not the factors, on the span of both."""
    residual, aligned = procrustes.aligned_difference(*(exactly(cov.columns) for cov in (p, q)))
    span, _ = np.linalg.qr(linalg.side_by_side(residual, aligned))
    change, columns = transpose(span) @ residual, transpose(span) @ aligned
    inside = (DoubleDouble(*two_sum(columns, change)), exactly(columns))
    eye = np.eye(span.shape[-1])
    factors = []
    for law, part in zip((p, q), inside, strict=True):
        root = double_double.square_root(law.noise[..., :1, None])
        factors.append(double_double.beside(part, DoubleDouble(*(x * eye for x in root))))
    within = sum_of_squares(procrustes.aligned_difference(*factors)[0], 2)
    beyond = _root_difference(p.noise[..., 0], q.noise[..., 0]) ** 2
    return np.asarray(within + (p.dim - span.shape[-1]) * beyond)


def split_isotropic(
    p: LowRank, q: LowRank
) -> tuple[tuple[Singular, Singular], tuple[Array, Array], int]:
    """Return both laws in the span of their factors, and outside it their deviation and its dim."""
    span, _ = np.linalg.qr(linalg.side_by_side(p.columns, q.columns))
    k = span.shape[-1]
    outside = [np.sqrt(law.noise[..., 0]) for law in (p, q)]
    inside = []
    for law, deviation in zip((p, q), outside, strict=True):
        identity = deviation[..., None, None] * np.eye(k)
        inside.append(Singular(linalg.side_by_side(transpose(span) @ law.columns, identity)))
    return (inside[0], inside[1]), (outside[0], outside[1]), p.dim - k


def _bures_from_difference(p: Structure, q: Structure) -> Array:
    if _solved_by_newton(p, q):
        differ = difference(p, q).dense().any(axis=(-2, -1))
        return np.asarray(recompute(np.zeros(differ.shape), differ, _bures_moved, p, q))
    residual, _ = procrustes.aligned_difference(unrounded(p), unrounded(q))
    return np.asarray(sum_of_squares(residual, 2))


def _bures_moved(p: Structure, q: Structure) -> Array:
    return _bures_newton(p, q)[0]


def _solved_by_newton(p: Structure, q: Structure) -> bool:
    """Tell whether an equation for the map starts from more than factors would know."""
    return not (p.singular or q.singular or given_by_columns(p, q))


def map_minus_identity(p: Structure, q: Structure) -> Array:
    """Return T − I for the optimal map T of N(0, Σp) to N(0, Σq), both positive definite.

    For T itself add the identity; the difference keeps its digits where Σp and Σq nearly agree.
    """
    if isinstance(p, Diagonal) and isinstance(q, Diagonal):
        stretch = -_root_difference(p.variances(), q.variances()) / p.deviations
        return stretch[..., None] * np.eye(p.dim)
    if _solved_by_newton(p, q):
        return _bures_newton(p, q)[1]
    residual, _ = procrustes.aligned_difference(unrounded(p), unrounded(q))
    return -_from_columns_of(p, residual)


def map_of_factors(p: Structure, q: Structure) -> Array:
    """Return the optimal map T of two regular laws given by factors F and G: T F = G Q."""
    _, aligned = procrustes.aligned_difference(exactly(p.factor()), exactly(q.factor()))
    w, v = np.linalg.eigh(_from_columns_of(p, aligned))
    half = v * np.sqrt(np.maximum(w, 0.0))[..., None, :]
    return half @ transpose(half)


def _from_columns_of(p: Structure, images: Array) -> Array:
    """Return the symmetric A with A F = B, for the factor F of Σp."""
    moved = images[..., : p.factor().shape[-1]] @ transpose(p.whitened_factor())
    return linalg.symmetric_part(moved @ p.whiten_columns(np.eye(p.dim)))


def displacement(p: Structure, q: Structure) -> tuple[Array, Array]:
    """Return Fp − G and G with Σp = Fp Fpᵀ and Σq = G Gᵀ, such that ‖Fp − G‖² is `bures`.

    The optimal transport carries the point Fp z to G z, where Σp is singular too.
    """
    if isinstance(p, Diagonal) and isinstance(q, Diagonal):
        change = _root_difference(p.variances(), q.variances())
        return change[..., None] * np.eye(p.dim), q.factor()
    if _solved_by_newton(p, q):
        lower = as_dense(p).lower
        moved = _bures_newton(p, q)[1] @ lower
        return -moved, lower + moved
    return procrustes.aligned_difference(unrounded(p), unrounded(q))


def _bures_newton(p: Structure, q: Structure) -> tuple[Array, Array]:
    """Return ‖Y L‖² and Y, with Σp = L Lᵀ and I + Y the optimal map of p to q.

    Y Σp + Σp Y + Y Σp Y = Σq − Σp.

    Newton's method, started from the map that the singular value decomposition gives. The residual
    is the difference of nearly equal matrices, so its products are formed without cancellation.
    """
    # A power of four leaves every digit alone, in the matrices as in their factors.
    scale = np.exp2((np.frexp(p.trace())[1] - 1) // 2 * 2)[..., None, None]
    # Between laws so far apart that squares leave the floats, nothing is taken from the steps.
    with np.errstate(over="ignore", invalid="ignore"):
        return _newton_steps(p, q, scale)


def _newton_steps(p: Structure, q: Structure, scale: Array) -> tuple[Array, Array]:
    sigma, change = p.dense() / scale, difference(q, p).dense() / scale
    left, right = (as_dense(cov).lower / np.sqrt(scale) for cov in (p, q))
    u, s, vt = np.linalg.svd(transpose(right) @ left)
    basis, dual = left @ transpose(vt), transpose(vt @ triangles.invert_lower(left))
    y = linalg.symmetric_part((dual * s[..., None, :]) @ transpose(dual)) - np.eye(p.dim)
    start = y
    for _ in range(_NEWTON_STEPS):
        product = accurate_matmul(sigma, y)
        residual = change - (product + transpose(product) + y @ product)
        half_step = dual @ ((transpose(basis) @ residual @ basis) / linalg.pair_sums(s))
        y = y + linalg.symmetric_part(half_step @ transpose(dual))
        value = np.einsum("...ij,...ij->...", y, accurate_matmul(sigma, y))
        converged = sum_of_squares(half_step, 2) <= 1e-20 * np.abs(value)
        if np.all(converged):
            break
    bound = _procrustes_bound(left, right, u @ vt)
    # Variables of very different units lead astray; the bound is right to rounding of the traces.
    slack = _slack(p, q, dual, np.sqrt(bound))
    told_apart = s[..., -1] > linalg.eigenvalue_cutoff(p.dim) * s[..., 0]
    believed = converged & told_apart & (np.abs(value - bound) <= slack)
    value = np.where(believed, value, bound) * scale[..., 0, 0]
    y = np.where(np.asarray(believed)[..., None, None], y, start)
    differ = np.asarray(change.any(axis=(-2, -1)))
    return np.where(differ, value, 0.0), np.where(differ[..., None, None], y, 0.0)


def _slack(p: Structure, q: Structure, inverse: Array, root: Array) -> Array:
    """Return how far rounding may take the bound, whose root is given, from the truth."""
    precision = 32 * p.dim * linalg.EPS
    if not any(isinstance(cov.given, Precision) for cov in (p, q)):
        return precision * (1.0 + root)
    # A precision knows the factor of its inverse, of trace one to four, to its condition number.
    lost = precision * (1.0 + np.asarray(sum_of_squares(inverse, 2)))
    return lost * (1.0 + lost + 2.0 * root)


def _procrustes_bound(f: Array, g: Array, rotation: Array) -> Array:
    """Return the smaller of ‖F − G‖² and ‖F − G Q‖²: no coupling costs less than the best one."""
    turned = sum_of_squares(f - g @ rotation, 2)
    return np.minimum(turned, sum_of_squares(f - g, 2))
