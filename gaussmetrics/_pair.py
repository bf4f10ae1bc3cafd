"""What depends on the structures of two covariances at once, and nothing else does.

Every quantity has a plain form and, for laws so near each other that the plain form cancels, a
form that starts from the difference of the covariances.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from gaussmetrics import _linalg
from gaussmetrics._linalg import sum_of_squares, transpose
from gaussmetrics._typing import Array, Scalars
from gaussmetrics.covariance import Covariance, Dense, Diagonal, LowRank, Singular

_NEWTON_STEPS = 20
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(14)


# The affine-invariant family


def midpoint(p: Covariance, q: Covariance) -> Covariance:
    """Return the covariance (Σp + Σq) / 2."""
    if isinstance(p, Diagonal) and isinstance(q, Diagonal):
        return Diagonal(0.5 * p.variances() + 0.5 * q.variances())
    if _both_low_rank(p, q):
        a, b = _as_low_rank(p), _as_low_rank(q)
        columns = np.sqrt(0.5) * _linalg.side_by_side(a.columns, b.columns)
        return LowRank(columns, 0.5 * a.noise + 0.5 * b.noise)
    if p.singular and q.singular:
        return Singular(np.sqrt(0.5) * _linalg.side_by_side(p.factor(), q.factor()))
    matrix = 0.5 * p.dense() + 0.5 * q.dense()
    return Dense(_linalg.cholesky(matrix), matrix=matrix)


def relative_trace(p: Covariance, q: Covariance) -> Scalars:
    """Return tr(Σq⁺ Σp)."""
    if isinstance(p, Diagonal):
        return (p.variances() * q.precisions()).sum(axis=-1)
    if isinstance(p, LowRank):
        within = sum_of_squares(q.whiten_columns(p.columns), 2)
        return within + (p.noise * q.precisions()).sum(axis=-1)
    return sum_of_squares(q.whiten_columns(p.factor()), 2)


def supports_agree(p: Covariance, q: Covariance) -> Any:
    """Tell whether both laws live on the same linear subspace."""
    if not (p.singular or q.singular):
        return True
    same_rank = np.equal(p.rank(), q.rank())
    return same_rank & support_within(p, q) if same_rank.any() else same_rank


def support_within(p: Covariance, q: Covariance) -> Any:
    """Tell whether the support of p lies in that of q."""
    if not q.singular:
        return True
    columns = transpose(p.factor())
    size = np.sqrt(np.asarray(p.trace()))[..., None]
    return _each_column(q).contains(columns, size).all(axis=-1)


def kl_shape(p: Covariance, q: Covariance) -> Scalars:
    """Return ½ Σ [e − log(1 + e)] over the eigenvalues e of Σq⁻¹Σp − I: KL for equal means."""
    if isinstance(p, Diagonal) and isinstance(q, Diagonal):
        return _kl_diagonal(p.variances(), q.variances())
    if isinstance(p, Dense) and isinstance(q, Dense):
        value, nearly = _kl_triangular(p, q), 1.0
    else:
        excess = relative_trace(p, q) - q.rank()
        value = 0.5 * (excess + q.log_det() - p.log_det())
        nearly = 0.1 if _both_low_rank(p, q) else 1.0
    value = infinite_unless(supports_agree(p, q), value)
    return _recompute(value, value < nearly, _kl_from_difference, p, q)


def _kl_triangular(p: Dense, q: Dense) -> Scalars:
    ratio = q.whiten_columns(p.lower)
    pivots = _linalg.diagonal(ratio)
    return 0.5 * (sum_of_squares(ratio, 2) - p.dim) - np.log(pivots).sum(axis=-1)


def _kl_diagonal(v: Array, w: Array) -> Array:
    ratio = np.where(w > 0, v, 1.0) / np.where(w > 0, w, 1.0)
    excess = np.where(w > 0, v - w, 0.0) / np.where(w > 0, w, 1.0)
    with np.errstate(divide="ignore"):
        near = np.abs(excess) < 0.5
        far = excess - np.log(np.where(near, 1.0, ratio))
    terms = np.where(near, _linalg.x_minus_log1p(np.where(near, excess, 0.0)), far)
    return 0.5 * np.where((w == 0) & (v > 0), np.inf, terms).sum(axis=-1)


def _kl_from_difference(p: Covariance, q: Covariance) -> Array:
    if _both_low_rank(p, q):
        return _kl_low_rank(_as_low_rank(p), _as_low_rank(q))
    eigenvalues = _whitened_difference(p, q, q)
    return 0.5 * _linalg.x_minus_log1p(eigenvalues).sum(axis=-1)


def bhattacharyya_shape(p: Covariance, q: Covariance, middle: Covariance) -> Scalars:
    """Return ½ log[det Σ / √(det Σp det Σq)] with Σ = (Σp + Σq)/2, the midpoint."""
    if isinstance(p, Diagonal) and isinstance(q, Diagonal):
        return _bhattacharyya_diagonal(p.variances(), q.variances())
    if isinstance(p, Dense) and isinstance(q, Dense) and isinstance(middle, Dense):
        a, b, c = (_linalg.diagonal(cov.lower) for cov in (p, q, middle))
        value, nearly = 0.5 * np.log((c / a) * (c / b)).sum(axis=-1), 1.0
    else:
        value = 0.5 * middle.log_det() - 0.25 * (p.log_det() + q.log_det())
        nearly = 0.025 if _both_low_rank(p, q) else 1.0
    value = infinite_unless(supports_agree(p, q), value)
    return _recompute(value, value < nearly, _bhattacharyya_from_difference, p, q, middle)


def _bhattacharyya_diagonal(v: Array, w: Array) -> Array:
    half = 0.5 * v + 0.5 * w
    ratio = 0.5 * (v - w) / np.where(half > 0, half, 1.0)
    with np.errstate(divide="ignore"):
        near = np.abs(ratio) < 0.5
        safe = np.where(half > 0, half, 1.0)
        first, second = (np.log(np.where(near, safe, x)) for x in (v, w))
        logs = 2.0 * np.log(safe) - first - second
    terms = np.where(near, -np.log1p(-(np.where(near, ratio, 0.0) ** 2)), logs)
    return 0.25 * terms.sum(axis=-1)


def _bhattacharyya_from_difference(p: Covariance, q: Covariance, middle: Covariance) -> Array:
    if _both_low_rank(p, q):
        return _bhattacharyya_low_rank(*(_as_low_rank(cov) for cov in (p, q, middle)))
    m = 0.5 * _whitened_difference(p, q, middle)
    return -0.25 * np.log1p(-m * m).sum(axis=-1)


def _whitened_difference(p: Covariance, q: Covariance, by: Covariance) -> Array:
    """Return the eigenvalues of Σp − Σq, whitened; the difference is of what was given."""
    if _given_by_factors(p, q):
        residual, aligned = _aligned_difference(p.factor(), q.factor())
        y, z = by.whiten_columns(residual), by.whiten_columns(aligned)
        whitened = y @ transpose(z) + z @ transpose(y) + y @ transpose(y)
    else:
        half = transpose(by.whiten_columns(p.dense() - q.dense()))
        whitened = by.whiten_columns(half)
    return np.asarray(np.linalg.eigvalsh(_linalg.symmetric_part(whitened)), dtype=np.float64)


# The rotation-invariant family


def bures(p: Covariance, q: Covariance) -> Scalars:
    """Return tr Σp + tr Σq − 2 tr (Σp^½ Σq Σp^½)^½: squared Wasserstein-2 for equal means."""
    if isinstance(p, Diagonal) and isinstance(q, Diagonal):
        sums = p.deviations + q.deviations
        return sum_of_squares((p.variances() - q.variances()) / np.where(sums > 0, sums, 1.0), 1)
    if _both_low_rank(p, q) and _as_low_rank(p).isotropic and _as_low_rank(q).isotropic:
        return _bures_isotropic(_as_low_rank(p), _as_low_rank(q))
    traces = p.trace() + q.trace()
    value = traces - 2.0 * _linalg.nuclear_norm(_overlap(p, q))
    return _recompute(value, value < 0.1 * traces, _bures_from_difference, p, q)


def _overlap(p: Covariance, q: Covariance) -> Array:
    """Return Fqᵀ Fp or its transpose, through the factor that has fewer columns."""
    few, many = (p, q) if _width(p) <= _width(q) else (q, p)
    return many.half(few.factor())


def _width(cov: Covariance) -> int:
    return cov.columns.shape[-1] if isinstance(cov, Singular) else cov.dim


def _bures_isotropic(p: LowRank, q: LowRank) -> Scalars:
    """Outside the span of both factors the laws are scalar; inside they are small."""
    joint = _linalg.side_by_side(p.columns, q.columns)
    span, _ = np.linalg.qr(joint)
    a, b = p.noise[..., :1], q.noise[..., :1]
    outside = (p.dim - span.shape[-1]) * (np.sqrt(a) - np.sqrt(b))[..., 0] ** 2
    inside = []
    for law, noise in ((p, a), (q, b)):
        k = span.shape[-1]
        identity = np.sqrt(noise)[..., None] * np.eye(k)
        inside.append(Singular(_linalg.side_by_side(transpose(span) @ law.columns, identity)))
    return outside + bures(*inside)


def _bures_from_difference(p: Covariance, q: Covariance) -> Array:
    if isinstance(p, Dense) and isinstance(q, Dense) and not _given_by_factors(p, q):
        return _bures_newton(p, q)
    residual, _ = _aligned_difference(p.factor(), q.factor())
    return np.asarray(sum_of_squares(residual, 2))


def _bures_newton(p: Dense, q: Dense) -> Array:
    """Return ‖Y L‖² with Σp = L Lᵀ and I + Y the optimal map: Y Σp + Σp Y + Y Σp Y = Σq − Σp.

    Newton's method, started from the map that the singular value decomposition gives. The residual
    is the difference of nearly equal matrices, so its products are formed without cancellation.
    """
    # A power of four leaves every digit alone, in the matrices as in their factors.
    scale = np.exp2(2 * (np.frexp(p.trace())[1] // 2))[..., None, None]
    sigma, difference = p.dense() / scale, (q.dense() - p.dense()) / scale
    left, right = p.lower / np.sqrt(scale), q.lower / np.sqrt(scale)
    u, s, vt = np.linalg.svd(transpose(right) @ left)
    basis, dual = left @ transpose(vt), transpose(vt @ _linalg.invert_lower(left))
    y = _linalg.symmetric_part((dual * s[..., None, :]) @ transpose(dual)) - np.eye(p.dim)
    for _ in range(_NEWTON_STEPS):
        product = _linalg.accurate_matmul(sigma, y)
        residual = difference - (product + transpose(product) + y @ product)
        half_step = dual @ ((transpose(basis) @ residual @ basis) / _pair_sums(s))
        y = y + _linalg.symmetric_part(half_step @ transpose(dual))
        value = np.einsum("...ij,...ij->...", y, _linalg.accurate_matmul(sigma, y))
        converged = sum_of_squares(half_step, 2) <= 1e-20 * np.abs(value)
        if np.all(converged):
            break
    procrustes = sum_of_squares(left - right @ (u @ vt), 2)
    value = np.where(converged, value, procrustes) * scale[..., 0, 0]
    return np.where(difference.any(axis=(-2, -1)), value, 0.0)


def _aligned_difference(f: Array, g: Array) -> tuple[Array, Array]:
    """Return F − G Q and G Q for the orthogonal Q that makes ‖F − G Q‖ smallest (Procrustes).

    Q is kept as a rounded matrix and a small correction, so that the difference of two nearly
    equal factors keeps its digits whatever rotation lies between them.
    """
    f, g = _same_width(f, g)
    u, s, vt = np.linalg.svd(transpose(g) @ f)
    rotation, correction, eye = u @ vt, np.zeros_like(u), np.eye(u.shape[-1])
    both = _linalg.side_by_side(f, -g)
    for _ in range(3):
        difference = _linalg.accurate_matmul(both, _linalg.stacked(eye, rotation))
        difference = difference - g @ correction
        aligned = g @ rotation
        skew = transpose(aligned) @ difference
        skew = vt @ (skew - transpose(skew)) @ transpose(vt)
        turn = transpose(vt) @ (skew / _pair_sums(s)) @ vt
        square = _linalg.side_by_side(transpose(rotation), eye)
        defect = _linalg.accurate_matmul(square, _linalg.stacked(rotation, -eye))
        mixed = transpose(rotation) @ correction
        defect = defect + mixed + transpose(mixed)
        correction = correction + rotation @ (turn - 0.5 * defect)
    difference = _linalg.accurate_matmul(both, _linalg.stacked(eye, rotation)) - g @ correction
    equal = (f == g).all(axis=(-2, -1))[..., None, None]
    return np.where(equal, 0.0, difference), aligned


def _same_width(f: Array, g: Array) -> tuple[Array, Array]:
    """Pad the narrower of two factors with zero columns."""
    width = max(f.shape[-1], g.shape[-1])
    padded = [
        np.concatenate([x, np.zeros((*x.shape[:-1], width - x.shape[-1]))], axis=-1) for x in (f, g)
    ]
    return padded[0], padded[1]


def _pair_sums(s: Array) -> Array:
    """Return s_i + s_j, and infinity where both vanish, so that a division by it gives zero."""
    sums = s[..., :, None] + s[..., None, :]
    return np.where(sums > _linalg.EPS**2 * s[..., :1, None], sums, np.inf)


# Differences of two low-rank covariances


class _Product(NamedTuple):
    """The product Σ⁻¹ Δ = diag(a) + L Nᵀ of a low-rank precision and a low-rank difference."""

    diagonal: Array
    left: Array
    right: Array


def _kl_low_rank(p: LowRank, q: LowRank) -> Array:
    """Return ½ Σ [e − log(1 + e)] = ½ ∫₀¹ t tr(Σq⁻¹ Δ Σt⁻¹ Δ) dt with Σt = Σq + t Δ.

    Δ = Σp − Σq is diagonal plus low-rank, and so every trace costs O(d r²).
    """
    difference = _low_rank_difference(p, q)
    fixed = _times_inverse(q, difference)
    return 0.5 * _integrate(
        lambda t: t * _trace_of_product(fixed, _times_inverse(_mixture(p, q, t), difference))
    )


def _bhattacharyya_low_rank(p: LowRank, q: LowRank, middle: LowRank) -> Array:
    """Return −¼ Σ log(1 − m²) = 1/16 ∫₀¹ t tr(Σ⁻¹ Δ (Σ₊⁻¹ + Σ₋⁻¹) Δ) dt with Σ± = Σ ± tΔ/2."""
    difference = _low_rank_difference(p, q)
    fixed = _times_inverse(middle, difference)

    def integrand(t: float) -> Array:
        ends = (_mixture(p, q, 0.5 + 0.5 * t), _mixture(p, q, 0.5 - 0.5 * t))
        traces = [_trace_of_product(fixed, _times_inverse(end, difference)) for end in ends]
        return t * (traces[0] + traces[1])

    return 0.0625 * _integrate(integrand)


def _integrate(integrand: Callable[[float], Array]) -> Array:
    """Integrate a function that is smooth well beyond [0, 1] by Gauss and Legendre's rule."""
    return np.asarray(
        sum(0.5 * w * integrand(0.5 * x + 0.5) for x, w in zip(_NODES, _WEIGHTS, strict=True))
    )


def _low_rank_difference(p: LowRank, q: LowRank) -> _Product:
    r, z = _aligned_difference(p.columns, q.columns)
    left, right = _linalg.side_by_side(r, z), _linalg.side_by_side(r + z, r)
    return _Product(p.noise - q.noise, left, right)


def _times_inverse(cov: LowRank, difference: _Product) -> _Product:
    explained = cov.explained()
    scaled = difference.diagonal[..., None] * explained
    left = _linalg.side_by_side(-explained, cov.solve(difference.left))
    return _Product(
        difference.diagonal / cov.noise, left, _linalg.side_by_side(scaled, difference.right)
    )


def _trace_of_product(x: _Product, y: _Product) -> Array:
    """Return tr(X Y) in O(d r²)."""
    mixed = (y.diagonal * (x.left * x.right).sum(axis=-1)).sum(axis=-1)
    mixed = mixed + (x.diagonal * (y.left * y.right).sum(axis=-1)).sum(axis=-1)
    inner = (transpose(x.right) @ y.left) * transpose(transpose(y.right) @ x.left)
    return (x.diagonal * y.diagonal).sum(axis=-1) + mixed + inner.sum(axis=(-2, -1))


def _mixture(p: LowRank, q: LowRank, t: float) -> LowRank:
    """Return the covariance t Σp + (1 − t) Σq."""
    columns = _linalg.side_by_side(np.sqrt(t) * p.columns, np.sqrt(1.0 - t) * q.columns)
    return LowRank(columns, t * p.noise + (1.0 - t) * q.noise)


# Structures


def infinite_unless(condition: Any, value: Scalars) -> Scalars:
    if condition is True:
        return value
    return np.where(condition, value, np.inf)[()]


def _both_low_rank(p: Covariance, q: Covariance) -> bool:
    kinds = (LowRank, Diagonal)
    return isinstance(p, kinds) and isinstance(q, kinds) and not (p.singular or q.singular)


def _as_low_rank(cov: Covariance) -> LowRank:
    if isinstance(cov, LowRank):
        return cov
    return LowRank(np.zeros((*cov.batch_shape, cov.dim, 1)), cov.variances())


def _given_by_factors(p: Covariance, q: Covariance) -> bool:
    return all(
        isinstance(cov, Singular) or (isinstance(cov, Dense) and cov.given_factor is not None)
        for cov in (p, q)
    )


def _each_column(cov: Covariance) -> Covariance:
    """Give the batch one more dimension, to broadcast with the columns of a matrix."""
    return cov[..., None] if cov.batch_shape else cov


def _recompute(
    value: Scalars, cancels: Any, accurate: Callable[..., Array], *covariances: Covariance
) -> Scalars:
    """Compute anew, by the accurate formula, the entries of `value` that lose their digits."""
    if not np.any(cancels):
        return value
    result = np.array(value)
    if result.ndim == 0:
        return accurate(*covariances)[()]
    selected = (cov.broadcast_to(result.shape)[cancels] for cov in covariances)
    result[cancels] = accurate(*selected)
    return result
