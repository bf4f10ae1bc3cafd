"""What depends on the structures of two covariances at once, and nothing else does.

Every quantity has a plain form and, for laws so near each other that the plain form cancels, a
form that starts from the difference of the covariances.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from gaussmetrics import _linalg
from gaussmetrics._linalg import sum_of_squares, transpose
from gaussmetrics._typing import Array, Scalars
from gaussmetrics.covariance import Covariance, Dense, Diagonal, Index, LowRank, Singular

_NEWTON_STEPS = 20
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(14)


def _double_exponential(step: float) -> list[tuple[float, float]]:
    """Return nodes and weights on [0, 1] that resolve any scale near the ends.

    Takahasi & Mori 1974, doi:10.2977/prims/1195192451.
    """
    x = step * np.arange(-round(3.0 / step), round(3.0 / step) + 1)
    inner = 0.5 * np.pi * np.sinh(x)
    weights = 0.25 * np.pi * step * np.cosh(x) / np.cosh(inner) ** 2
    return list(zip(0.5 * (1.0 + np.tanh(inner)), weights, strict=True))


_DOUBLE_EXPONENTIAL = _double_exponential(0.1)


# The affine-invariant family


def midpoint(p: Covariance, q: Covariance) -> Covariance:
    """Return the covariance (Σp + Σq) / 2."""
    return mixture(p, q, 0.5)


def mixture(p: Covariance, q: Covariance, t: float) -> Covariance:
    """Return the covariance t Σp + (1 − t) Σq for t from 0 to 1."""
    if isinstance(p, Diagonal) and isinstance(q, Diagonal):
        return Diagonal(t * p.variances() + (1.0 - t) * q.variances())
    if both_low_rank(p, q):
        return _mixture(as_low_rank(p), as_low_rank(q), t)
    if p.singular or q.singular:
        columns = _linalg.side_by_side(np.sqrt(t) * p.factor(), np.sqrt(1.0 - t) * q.factor())
        return Singular(columns)
    if not (p.given_by_matrix and q.given_by_matrix):
        columns = _linalg.side_by_side(np.sqrt(t) * p.factor(), np.sqrt(1.0 - t) * q.factor())
        return Dense(_linalg.triangle(columns), factor=columns)
    matrix = t * p.dense() + (1.0 - t) * q.dense()
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
    return _each_column(q).contains(columns, _linalg.norm(columns)).all(axis=-1)


def kl_terms(p: Covariance, q: Covariance, shift: Array) -> tuple[Scalars, Scalars]:
    """Return KL for equal means, ½ Σ [e − log(1 + e)], and Δᵀ Σq⁻¹ Δ.

    e are the eigenvalues of Σq⁻¹Σp − I.
    """
    if isinstance(p, Dense) and isinstance(q, Dense):
        value, distance = _kl_triangular(p, q, shift)
        return recompute(value, value < 0.2 + 0.04 * p.dim, _kl_near, p, q), distance
    return _kl_structured(p, q), sum_of_squares(q.whiten(shift), 1)


def _kl_structured(p: Covariance, q: Covariance) -> Scalars:
    if isinstance(p, Diagonal) and isinstance(q, Diagonal):
        return _kl_diagonal(p.variances(), q.variances())
    excess = relative_trace(p, q) - q.rank()
    value = 0.5 * (excess + q.log_det() - p.log_det())
    nearly = 0.1 if both_low_rank(p, q) else 1.0
    value = infinite_unless(supports_agree(p, q), value)
    return recompute(value, value < nearly, _kl_from_difference, p, q)


def _kl_triangular(p: Dense, q: Dense, shift: Array) -> tuple[Scalars, Scalars]:
    """Return ½ [‖C‖² − d − Σ log c_ii²] with the lower triangular C = Lq⁻¹ Lp, and ‖Lq⁻¹ Δ‖²."""
    square, distance = q.whitened_squares(p.lower, shift)
    pivots = _linalg.diagonal(p.lower) / _linalg.diagonal(q.lower)
    return 0.5 * (square - p.dim) - np.log(pivots).sum(axis=-1), distance


def _kl_positive(p: Dense, q: Dense) -> Array:
    """Return the same sum in positive terms, ½ [Σ_{i>j} c_ij² + Σ (c_ii² − 1 − log c_ii²)].

    It loses half as many digits, and so the eigenvalues of the difference can wait.
    """
    ratio = q.whiten_lower(p.lower)
    pivots = _linalg.diagonal(ratio)
    below = ratio * np.tri(p.dim, k=-1)
    terms = _linalg.x_minus_log1p((pivots - 1.0) * (pivots + 1.0))
    return np.asarray(0.5 * (sum_of_squares(below, 2) + terms.sum(axis=-1)))


def _kl_near(p: Dense, q: Dense) -> Array:
    value = _kl_positive(p, q)
    return np.asarray(recompute(value, value < 0.01, _kl_from_difference, p, q))


def _kl_diagonal(v: Array, w: Array) -> Array:
    safe = np.where(w > 0, w, 1.0)
    # Where a ratio of variances overflows, so does the divergence; no variance gives log 0.
    with np.errstate(divide="ignore", over="ignore"):
        excess = np.where(w > 0, v - w, 0.0) / safe
        near = np.abs(excess) < 0.5
        far = excess - np.log(np.where(near | (w == 0), 1.0, v)) + np.log(np.where(near, 1.0, safe))
    terms = np.where(near, _linalg.x_minus_log1p(np.where(near, excess, 0.0)), far)
    return 0.5 * np.where((w == 0) & (v > 0), np.inf, terms).sum(axis=-1)


def _kl_from_difference(p: Covariance, q: Covariance) -> Array:
    if both_low_rank(p, q):
        return _kl_low_rank(as_low_rank(p), as_low_rank(q))
    eigenvalues = _linalg.eigvalsh(whitened_difference(p, q, q))
    return 0.5 * _linalg.x_minus_log1p(eigenvalues).sum(axis=-1)


def bhattacharyya_shape(p: Covariance, q: Covariance, middle: Covariance) -> Scalars:
    """Return ½ log[det Σ / √(det Σp det Σq)] with Σ = (Σp + Σq)/2, the midpoint."""
    if isinstance(p, Diagonal) and isinstance(q, Diagonal):
        return _bhattacharyya_diagonal(p.variances(), q.variances())
    if isinstance(p, Dense) and isinstance(q, Dense) and isinstance(middle, Dense):
        a, b, c = (_linalg.diagonal(cov.lower) for cov in (p, q, middle))
        value = 0.5 * np.log((c / a) * (c / b)).sum(axis=-1)
        return recompute(value, value < 0.1 + 0.02 * p.dim, _bhattacharyya_near, p, q, middle)
    value = 0.5 * middle.log_det() - 0.25 * (p.log_det() + q.log_det())
    nearly = 0.025 if both_low_rank(p, q) else 1.0
    value = infinite_unless(supports_agree(p, q), value)
    return recompute(value, value < nearly, _bhattacharyya_from_difference, p, q, middle)


def _bhattacharyya_near(p: Dense, q: Dense, middle: Dense) -> Array:
    """Return ½ [KL(p‖m) + KL(q‖m)], in positive terms, for the midpoint m and equal means."""
    value = 0.5 * (_kl_positive(p, middle) + _kl_positive(q, middle))
    return np.asarray(recompute(value, value < 0.01, _bhattacharyya_from_difference, p, q, middle))


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
    if both_low_rank(p, q):
        return _bhattacharyya_low_rank(*(as_low_rank(cov) for cov in (p, q, middle)))
    m = 0.5 * _linalg.eigvalsh(whitened_difference(p, q, middle))
    return -0.25 * np.log1p(-m * m).sum(axis=-1)


def renyi_shape(p: Covariance, q: Covariance, middle: Covariance, alpha: float) -> Scalars:
    """Return ½ Σ [log(1 + βe)/β − log(1 + e)], β = 1 − α: Rényi's divergence for equal means.

    `middle` is the mixture β Σp + α Σq with 0 < α < 1.
    """
    beta = 1.0 - alpha
    if not both_low_rank(p, q) or isinstance(middle, Diagonal):
        log_scales, _ = common_axes(p, q, np.zeros(p.dim))
        value = _chernoff_terms(log_scales, alpha).sum(axis=-1) / beta
        return infinite_unless(supports_agree(p, q), value)
    exponent = 0.5 * (middle.log_det() - beta * p.log_det() - alpha * q.log_det())
    return recompute(exponent / beta, exponent < 0.025, partial(_renyi_low_rank, alpha), p, q)


def chernoff_exponent(axes: Axes, alpha: Any) -> Scalars:
    """Return −log ∫ p^α q^β, β = 1 − α, with α > 0 of the shape of the batch.

    −∞ where α > 1 makes the integral diverge.
    """
    a = np.asarray(alpha)[..., None]
    t, w = axes
    terms = _chernoff_terms(t, a)
    with np.errstate(over="ignore"):
        spread = np.where(np.isfinite(terms), a + (1.0 - a) * np.exp(t), 1.0)
    return (terms + 0.5 * a * (1.0 - a) * w * (w / spread)).sum(axis=-1)


def chernoff_point(axes: Axes, slope: float) -> Scalars:
    """Return the α in (0, 1) where the exponent −log ∫ p^α q^β has the given slope.

    The exponent is concave in α. Bisection runs on log(α/β), so that both ends are resolved.
    """
    from scipy.special import expit

    t, w = axes
    low, high = np.full(t.shape[:-1], -600.0), np.full(t.shape[:-1], 600.0)
    for _ in range(64):
        middle = 0.5 * (low + high)
        gain = _chernoff_slope(t, w, expit(middle)[..., None], expit(-middle)[..., None]) - slope
        low, high = np.where(gain >= 0, middle, low), np.where(gain <= 0, middle, high)
    return expit(0.5 * (low + high))[()]


def _chernoff_slope(t: Array, w: Array, alpha: Array, beta: Array) -> Array:
    """Return the derivative of the exponent: ½ Σ [log λ − e/(1 + βe) + w² (β²λ − α²)/(α + βλ)²]."""
    # λ or 1/λ, whichever is at most one; the exponent of swapped laws falls where this one rises.
    sign = np.where(t > 0, -1.0, 1.0)
    a, b = np.where(t > 0, beta, alpha), np.where(t > 0, alpha, beta)
    ratio, e, t = np.exp(-np.abs(t)), np.expm1(-np.abs(t)), -np.abs(t)
    w = w * np.where(sign < 0, np.sqrt(ratio), 1.0)
    spread = a + b * ratio
    near = e > -0.5
    small = np.where(near, e, 0.0)
    close = b * small * small / (1.0 + b * small) - _linalg.x_minus_log1p(small)
    shape = np.where(near, close, t - e / spread)
    return 0.5 * (sign * (shape + w * w * (b * b * ratio - a * a) / spread**2)).sum(axis=-1)


def _chernoff_terms(log_scales: Array, alpha: Any) -> Array:
    """Return ½ [log(1 + βe) − β log(1 + e)], β = 1 − α, for every log(1 + e).

    Their sum is −log ∫ p^α q^β for equal means, −∞ where α > 1 makes the integral diverge.
    """
    # The exponent is the same for swapped laws and α, so that β can be the smaller of the two.
    low = np.less(alpha, 0.5)
    t, beta = np.where(low, -log_scales, log_scales), np.where(low, alpha, 1.0 - alpha)
    with np.errstate(over="ignore"):
        e = np.expm1(t)
    near, finite = np.abs(e) < 0.5, 1.0 + beta * e > 0
    small = np.where(near & finite, e, 0.0)
    close = beta * _linalg.x_minus_log1p(small) - _linalg.x_minus_log1p(beta * small)
    far = np.log1p(np.where(near | ~finite, 0.0, beta * e)) - beta * t
    return 0.5 * np.where(finite, np.where(near, close, far), -np.inf)


def whitened_difference(p: Covariance, q: Covariance, by: Covariance) -> Array:
    """Return Σp − Σq, whitened on both sides; the difference is of what was given."""
    if _given_by_factors(p, q):
        residual, aligned = _linalg.aligned_difference(p.factor(), q.factor())
        y, z = by.whiten_columns(residual), by.whiten_columns(aligned)
        whitened = y @ transpose(z) + z @ transpose(y) + y @ transpose(y)
    else:
        half = transpose(by.whiten_columns(_difference(p, q)))
        whitened = by.whiten_columns(half)
    return _linalg.symmetric_part(whitened)


def _difference(p: Covariance, q: Covariance) -> Array:
    """Return Σp − Σq as a matrix."""
    if not both_low_rank(p, q):
        return p.dense() - q.dense()
    diagonal, left, right = _low_rank_difference(as_low_rank(p), as_low_rank(q))
    return diagonal[..., None] * np.eye(p.dim) + left @ transpose(right)


class Axes(NamedTuple):
    """Two laws in the coordinates where q is N(0, I) and p is N(w, diag(λ)), (..., k) each.

    Coordinates beyond the rank of the laws have log λ = w = 0.
    """

    log_scales: Array
    shift: Array


def common_axes(p: Covariance, q: Covariance, shift: Array) -> Axes:
    """Return log λ for the eigenvalues λ of Σq⁻¹Σp, and w = Vᵀ Σq^−½ Δ for their directions V.

    The supports must agree where the result is to mean anything. Costs O(d³) for all structures but
    the diagonal one.
    """
    if isinstance(p, Diagonal) and isinstance(q, Diagonal):
        batch = np.broadcast_shapes(p.batch_shape, q.batch_shape, shift.shape[:-1])
        w = np.broadcast_to(q.whiten(shift), (*batch, p.dim))
        return Axes(np.broadcast_to(_log_ratio(p.variances(), q.variances()), w.shape), w)
    u, s, _ = np.linalg.svd(q.whiten_columns(p.factor()))
    values = np.zeros(u.shape[:-1])
    values[..., : s.shape[-1]] = s
    supported = np.arange(u.shape[-1]) < np.asarray(q.rank())[..., None]
    logs = 2.0 * np.log(np.where(supported & (values > 0), values, 1.0))
    near = np.abs(logs).max(axis=-1) < 0.4
    if near.any():
        e, v = np.linalg.eigh(whitened_difference(*_selected(near, p, q, q)))
        logs[near], u[near] = np.log1p(np.maximum(e, -0.5)), v
    white = q.whiten(shift)
    w = (transpose(u) @ white[..., None])[..., 0]
    return Axes(np.broadcast_to(logs, w.shape), w)


def _log_ratio(v: Array, w: Array) -> Array:
    """Return log(v / w), and zero where either vanishes."""
    v, w = np.broadcast_arrays(v, w)
    positive = (v > 0) & (w > 0)
    v, w = np.where(positive, v, 1.0), np.where(positive, w, 1.0)
    near = np.abs(v - w) < 0.5 * w
    excess = np.where(near, v - w, 0.0) / w
    return np.where(near, np.log1p(excess), np.log(v) - np.log(w))


def difference_along(p: Covariance, q: Covariance, rows: Array) -> Array:
    """Return A (Σp − Σq) Aᵀ for the rows of A (..., k, d); the difference is of what was given."""
    if _given_by_factors(p, q):
        residual, aligned = _linalg.aligned_difference(p.factor(), q.factor())
        y, z = rows @ residual, rows @ aligned
        return y @ transpose(z) + z @ transpose(y) + y @ transpose(y)
    return rows @ _difference(p, q) @ transpose(rows)


def joint_basis(p: Covariance, q: Covariance) -> tuple[Array, Array, Array]:
    """Return B (..., d, d), e and λ = 1 + e with B Σq Bᵀ = I and B Σp Bᵀ = diag(λ).

    λ are the eigenvalues of Σq⁻¹Σp, and e keeps its digits near zero; both are positive definite.
    """
    whitener = q.whiten_columns(np.eye(q.dim))
    if whitener.shape[-2] > q.dim:
        whitener = np.asarray(np.linalg.qr(whitener, mode="r"))
    change = _linalg.symmetric_part(difference_along(p, q, whitener))
    near = np.asarray(sum_of_squares(change, 2) < 0.25)[..., None]
    e, u = np.linalg.eigh(np.where(near[..., None], change, 0.0))
    far, s, _ = np.linalg.svd(whitener @ p.factor(), full_matrices=False)
    turn = np.where(near[..., None], u, far)
    basis = transpose(turn) @ whitener
    return basis, np.where(near, e, s * s - 1.0), np.where(near, 1.0 + e, s * s)


def shared_information(cov: Covariance, x: Index, y: Index) -> Scalars:
    """Return −½ Σ log(1 − ρ²) over the canonical correlations ρ of the coordinates x and y."""
    if isinstance(cov, Diagonal):
        return np.zeros(cov.batch_shape)[()]
    a, b = cov.marginal(x), cov.marginal(y)
    _, residual = cov.regress(y, x)
    value = 0.5 * (np.asarray(b.log_det()) - residual.log_det())
    value = np.where(np.equal(residual.rank(), b.rank()), value, np.inf)
    whitened = b.whiten_columns(transpose(a.whiten_columns(_cross_covariance(cov, x, y))))
    correlations = np.linalg.svd(whitened, compute_uv=False)
    # Beyond ρ = ½ the determinants are right and 1 − ρ² is not; before it, the other way round.
    near = correlations.max(axis=-1) < 0.5
    terms = -0.5 * np.log1p(-(np.where(near[..., None], correlations, 0.0) ** 2))
    return np.where(near, terms.sum(axis=-1), value)[()]


def _cross_covariance(cov: Covariance, x: Index, y: Index) -> Array:
    if isinstance(cov, (LowRank, Singular)):
        return cov.columns[..., x, :] @ transpose(cov.columns[..., y, :])
    return cov.dense()[..., x[:, None], y]


# The rotation-invariant family


def bures(p: Covariance, q: Covariance) -> Scalars:
    """Return tr Σp + tr Σq − 2 tr (Σp^½ Σq Σp^½)^½: squared Wasserstein-2 for equal means."""
    if isinstance(p, Diagonal) and isinstance(q, Diagonal):
        sums = p.deviations + q.deviations
        return sum_of_squares((p.variances() - q.variances()) / np.where(sums > 0, sums, 1.0), 1)
    if both_low_rank(p, q) and as_low_rank(p).isotropic and as_low_rank(q).isotropic:
        return _bures_isotropic(as_low_rank(p), as_low_rank(q))
    traces = p.trace() + q.trace()
    total, weight = _linalg.nuclear_norm(overlap(p, q))
    value = traces - 2.0 * total
    # The total is right to about ε times the weight: keep the plain form while that is 5e-13.
    return recompute(value, value < 1e-3 * weight * traces, _bures_from_difference, p, q)


def overlap(p: Covariance, q: Covariance) -> Array:
    """Return Fqᵀ Fp or its transpose, through the factor that has fewer columns."""
    few, many = (p, q) if _width(p) <= _width(q) else (q, p)
    return many.half(few.factor())


def _width(cov: Covariance) -> int:
    return cov.columns.shape[-1] if isinstance(cov, Singular) else cov.dim


def _bures_isotropic(p: LowRank, q: LowRank) -> Scalars:
    """Outside the span of both factors the laws are scalar; inside they are small."""
    inside, outside, count = split_isotropic(p, q)
    return count * (outside[0] - outside[1]) ** 2 + bures(*inside)


def split_isotropic(
    p: LowRank, q: LowRank
) -> tuple[tuple[Singular, Singular], tuple[Array, Array], int]:
    """Return both laws in the span of their factors, and outside it their deviation and its dim."""
    span, _ = np.linalg.qr(_linalg.side_by_side(p.columns, q.columns))
    k = span.shape[-1]
    outside = [np.sqrt(law.noise[..., 0]) for law in (p, q)]
    inside = []
    for law, deviation in zip((p, q), outside, strict=True):
        identity = deviation[..., None, None] * np.eye(k)
        inside.append(Singular(_linalg.side_by_side(transpose(span) @ law.columns, identity)))
    return (inside[0], inside[1]), (outside[0], outside[1]), p.dim - k


def _bures_from_difference(p: Covariance, q: Covariance) -> Array:
    if isinstance(p, Dense) and isinstance(q, Dense) and not _given_by_factors(p, q):
        differ = (p.dense() != q.dense()).any(axis=(-2, -1))
        return np.asarray(recompute(np.zeros(differ.shape), differ, _bures_moved, p, q))
    residual, _ = _linalg.aligned_difference(p.factor(), q.factor())
    return np.asarray(sum_of_squares(residual, 2))


def _bures_moved(p: Dense, q: Dense) -> Array:
    return _bures_newton(p, q)[0]


def map_minus_identity(p: Covariance, q: Covariance) -> Array:
    """Return T − I for the optimal map T of N(0, Σp) to N(0, Σq), both positive definite.

    For T itself add the identity; the difference keeps its digits where Σp and Σq nearly agree.
    """
    if isinstance(p, Diagonal) and isinstance(q, Diagonal):
        change = q.variances() - p.variances()
        stretch = change / (p.deviations * (p.deviations + q.deviations))
        return stretch[..., None] * np.eye(p.dim)
    if _given_by_factors(p, q):
        factor = p.factor()
        residual, _ = _linalg.aligned_difference(factor, q.factor())
        whitener = p.whiten_columns(np.eye(p.dim))
        moved = residual[..., : factor.shape[-1]] @ transpose(p.whiten_columns(factor))
        return -_linalg.symmetric_part(moved @ whitener)
    return _bures_newton(_as_dense(p), _as_dense(q))[1]


def displacement(p: Covariance, q: Covariance) -> tuple[Array, Array]:
    """Return Fp − G and G with Σp = Fp Fpᵀ and Σq = G Gᵀ, such that ‖Fp − G‖² is `bures`.

    The optimal transport carries the point Fp z to G z, where Σp is singular too.
    """
    if isinstance(p, Dense) and isinstance(q, Dense) and not _given_by_factors(p, q):
        moved = _bures_newton(p, q)[1] @ p.lower
        return -moved, p.lower + moved
    return _linalg.aligned_difference(p.factor(), q.factor())


def _bures_newton(p: Dense, q: Dense) -> tuple[Array, Array]:
    """Return ‖Y L‖² and Y, with Σp = L Lᵀ and I + Y the optimal map of p to q.

    Y Σp + Σp Y + Y Σp Y = Σq − Σp.

    Newton's method, started from the map that the singular value decomposition gives. The residual
    is the difference of nearly equal matrices, so its products are formed without cancellation.
    """
    # A power of four leaves every digit alone, in the matrices as in their factors.
    scale = np.exp2((np.frexp(p.trace())[1] - 1) // 2 * 2)[..., None, None]
    sigma, difference = p.dense() / scale, (q.dense() - p.dense()) / scale
    left, right = p.lower / np.sqrt(scale), q.lower / np.sqrt(scale)
    u, s, vt = np.linalg.svd(transpose(right) @ left)
    basis, dual = left @ transpose(vt), transpose(vt @ _linalg.invert_lower(left))
    y = _linalg.symmetric_part((dual * s[..., None, :]) @ transpose(dual)) - np.eye(p.dim)
    start = y
    for _ in range(_NEWTON_STEPS):
        product = _linalg.accurate_matmul(sigma, y)
        residual = difference - (product + transpose(product) + y @ product)
        half_step = dual @ ((transpose(basis) @ residual @ basis) / _linalg.pair_sums(s))
        y = y + _linalg.symmetric_part(half_step @ transpose(dual))
        value = np.einsum("...ij,...ij->...", y, _linalg.accurate_matmul(sigma, y))
        converged = sum_of_squares(half_step, 2) <= 1e-20 * np.abs(value)
        if np.all(converged):
            break
    procrustes = _procrustes_bound(left, right, u @ vt)
    # Variables of very different units lead astray; the bound is right to rounding of the traces.
    slack = 32 * p.dim * _linalg.EPS * (1.0 + np.sqrt(procrustes))
    told_apart = s[..., -1] > _linalg.eigenvalue_cutoff(p.dim) * s[..., 0]
    believed = converged & told_apart & (np.abs(value - procrustes) <= slack)
    value = np.where(believed, value, procrustes) * scale[..., 0, 0]
    y = np.where(np.asarray(believed)[..., None, None], y, start)
    differ = difference.any(axis=(-2, -1))
    return np.asarray(value), np.where(differ[..., None, None], y, 0.0)


def _procrustes_bound(f: Array, g: Array, rotation: Array) -> Array:
    """Return the smaller of ‖F − G‖² and ‖F − G Q‖²: no coupling costs less than the best one."""
    turned = sum_of_squares(f - g @ rotation, 2)
    return np.minimum(turned, sum_of_squares(f - g, 2))


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


def _renyi_low_rank(alpha: float, p: LowRank, q: LowRank) -> Array:
    """Return ½ ∫₀¹ G(s) tr(Σs⁻¹ Δ Σs⁻¹ Δ) ds, Σs = Σq + sΔ, G(s) = min(s, β) (1 − max(s, β)) / β.

    G is Green's function of the second derivative, and the trace that of −log det Σs.
    """
    p, q, beta = as_low_rank(p), as_low_rank(q), 1.0 - alpha
    difference = _low_rank_difference(p, q)

    def trace(s: float) -> Array:
        product = _times_inverse(_mixture(p, q, s), difference)
        return _trace_of_product(product, product)

    below = [w * x * trace(beta * x) for x, w in _DOUBLE_EXPONENTIAL]
    above = [w * x * trace(1.0 - alpha * x) for x, w in _DOUBLE_EXPONENTIAL]
    return np.asarray(0.5 * alpha * (beta * sum(below) + alpha * sum(above)))


def _integrate(integrand: Callable[[float], Array]) -> Array:
    """Integrate a function that is smooth well beyond [0, 1] by Gauss and Legendre's rule."""
    return np.asarray(
        sum(0.5 * w * integrand(0.5 * x + 0.5) for x, w in zip(_NODES, _WEIGHTS, strict=True))
    )


def _low_rank_difference(p: LowRank, q: LowRank) -> _Product:
    r, z = _linalg.aligned_difference(p.columns, q.columns)
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


def both_low_rank(p: Covariance, q: Covariance) -> bool:
    kinds = (LowRank, Diagonal)
    return isinstance(p, kinds) and isinstance(q, kinds) and not (p.singular or q.singular)


def as_low_rank(cov: Covariance) -> LowRank:
    if isinstance(cov, LowRank):
        return cov
    return LowRank(np.zeros((*cov.batch_shape, cov.dim, 1)), cov.variances())


def _as_dense(cov: Covariance) -> Dense:
    if isinstance(cov, Dense):
        return cov
    matrix = cov.dense()
    return Dense(_linalg.cholesky(matrix), matrix=matrix)


def _given_by_factors(p: Covariance, q: Covariance) -> bool:
    return all(isinstance(c, (Dense, Singular)) and not c.given_by_matrix for c in (p, q))


def _each_column(cov: Covariance) -> Covariance:
    """Give the batch one more dimension, to broadcast with the columns of a matrix."""
    return cov[..., None] if cov.batch_shape else cov


def recompute(
    value: Scalars, cancels: Any, accurate: Callable[..., Array], *covariances: Covariance
) -> Scalars:
    """Compute anew, by the accurate formula, the entries of `value` that lose their digits."""
    if not np.any(cancels):
        return value
    result = np.array(value)
    if result.ndim == 0:
        return accurate(*covariances)[()]
    result[cancels] = accurate(*_selected(cancels, *covariances))
    return result


def _selected(chosen: Any, *covariances: Covariance) -> list[Covariance]:
    """Return the covariances of a broadcast batch at the places of a mask; of one law, itself."""
    if not np.ndim(chosen):
        return list(covariances)
    return [cov.broadcast_to(chosen.shape)[chosen] for cov in covariances]
