"""Couplings of two laws: optimal maps, entropic transport, and noise added to both.

`_pair.py` sums what two covariances have in common up in one number; a coupling needs more of them.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from gaussmetrics import _linalg, _pair
from gaussmetrics._linalg import transpose
from gaussmetrics._typing import Array, Scalars
from gaussmetrics.covariance import Covariance, Dense, Diagonal, LowRank, Singular

_FIXED_POINT_STEPS = 100


def overlaps(p: Covariance, q: Covariance) -> Array:
    """Return the singular values of Fqᵀ Fp, whose squares are the eigenvalues of ΣpΣq."""
    if isinstance(p, Diagonal) and isinstance(q, Diagonal):
        return p.deviations * q.deviations
    if _pair.both_low_rank(p, q):
        a, b = _pair.as_low_rank(p), _pair.as_low_rank(q)
        if a.isotropic and b.isotropic:
            inside, outside, count = _pair.split_isotropic(a, b)
            within = overlaps(*inside)
            beyond = (outside[0] * outside[1])[..., None]
            shape = (*within.shape[:-1], count)
            return np.concatenate([within, np.broadcast_to(beyond, shape)], axis=-1)
    return np.asarray(np.linalg.svd(_pair.overlap(p, q), compute_uv=False))


def optimal_map(p: Covariance, q: Covariance) -> tuple[Array, Any]:
    """Return T = Fq U s⁺ Uᵀ Fqᵀ with U s Vᵀ = svd(Fqᵀ Fp), and whether T Σp T = Σq.

    No map spreads a law into a direction in which it does not vary.
    """
    g = q.factor()
    u, s, _ = np.linalg.svd(transpose(g) @ p.factor(), full_matrices=False)
    exists: Any = True
    if p.singular or q.singular:
        s = np.where(s > _linalg.eigenvalue_cutoff(max(g.shape[-2:])) * s[..., :1], s, 0.0)
        exists = (s > 0).sum(axis=-1) == q.rank()
    roots = np.where(s > 0, 1.0 / np.sqrt(np.where(s > 0, s, 1.0)), 0.0)
    columns = g @ (u * roots[..., None, :])
    return columns @ transpose(columns), exists


def interpolate(p: Covariance, q: Covariance, t: Array) -> Covariance:
    """Return the covariance of (1 − t) X + t Y under the optimal coupling of X and Y."""
    if isinstance(p, Diagonal) and isinstance(q, Diagonal):
        u = t[..., None]
        deviations = (1.0 - u) * p.deviations + u * q.deviations
        return Diagonal(deviations**2)
    _, aligned = _linalg.aligned_difference(p.factor(), q.factor())
    factor, aligned = _linalg.same_width(p.factor(), aligned)
    u = t[..., None, None]
    return Covariance.from_factor((1.0 - u) * factor + u * aligned)


def mean_after_alignment(factors: Array, weights: Array, target: Array) -> Array:
    """Return Σ w G Q over factors G (n, d, k), each turned towards the target by its best Q."""
    u, _, vt = np.linalg.svd(transpose(factors) @ target, full_matrices=False)
    return np.einsum("n,nij->ij", weights, factors @ (u @ vt))


def widened(array: Array, width: int) -> Array:
    """Fill the last axis up with zeros."""
    missing = max(0, width - array.shape[-1])
    return np.pad(array, [(0, 0)] * (array.ndim - 1) + [(0, missing)])


def eigenvalue_differences(p: Covariance, q: Covariance) -> Array:
    """Return the differences of the eigenvalues, largest first; the shorter list ends in zeros.

    From Vᵀ(Σp − Σq)W = a VᵀW − VᵀW b, wherever eigenvectors of the two laws can be paired.
    """
    if p.dim != q.dim or (isinstance(p, Diagonal) and isinstance(q, Diagonal)):
        a, b = (np.sort(_eigenvalues(cov))[..., ::-1] for cov in (p, q))
        width = max(p.dim, q.dim)
        return widened(a, width) - widened(b, width)
    (a, v), (b, w) = (np.linalg.eigh(cov.dense()) for cov in (p, q))
    turn = transpose(v) @ w
    cosines = _linalg.diagonal(turn)
    paired = np.abs(cosines) > 0.5
    change = _linalg.diagonal(_pair.difference_along(p, q, transpose(v)) @ turn)
    return np.where(paired, change / np.where(paired, cosines, 1.0), a - b)


def _eigenvalues(cov: Covariance) -> Array:
    if isinstance(cov, Diagonal):
        return cov.variances()
    return np.maximum(np.linalg.eigvalsh(cov.dense()), 0.0)


# Entropic transport: with h = √(ε² + 16 s²) and 1 + u = h/ε, an overlap s makes transport cheaper
# by F(s) = (ε/2) (u − log(1 + u/2)), which is 2s at ε = 0.


def entropic_saving(s: Array, epsilon: float) -> Scalars:
    """Return Σ F(s) over the overlaps."""
    excess = _entropic_excess(s, epsilon)
    return (0.5 * epsilon * (excess - np.log1p(0.5 * excess))).sum(axis=-1)


def entropic_loss(s: Array, epsilon: float) -> Scalars:
    """Return Σ [2s − F(s)] over the overlaps, as a sum of positive terms."""
    blur = epsilon * (4.0 * s / (4.0 * s + epsilon + np.hypot(epsilon, 4.0 * s)))
    return (blur + 0.5 * epsilon * np.log1p(0.5 * _entropic_excess(s, epsilon))).sum(axis=-1)


def _entropic_excess(s: Array, epsilon: float) -> Array:
    return (4.0 * s / epsilon) * (4.0 * s / (epsilon + np.hypot(epsilon, 4.0 * s)))


def sinkhorn_shape(p: Covariance, q: Covariance, epsilon: float) -> Scalars:
    """Return ½ Σ F(eigenvalues of Σp) + ½ Σ F(eigenvalues of Σq) − Σ F(overlaps)."""
    own = [0.5 * entropic_saving(overlaps(cov, cov), epsilon) for cov in (p, q)]
    total = own[0] + own[1]
    value = total - entropic_saving(overlaps(p, q), epsilon)
    accurate = partial(_sinkhorn_from_difference, epsilon)
    return _pair.recompute(value, value <= 0.01 * total, accurate, p, q)


def _sinkhorn_from_difference(epsilon: float, p: Covariance, q: Covariance) -> Array:
    """Return ½ tr((Xq − Xp) D) and a part for each law, with D = Σq − Σp.

    X solves XΣX + (ε/2) X = Σ for each law, and H solves HΣqH + (ε/2) H = Σp. The difference of
    the two equations is one for Z = H − X that starts from D; all terms are of second order in D.
    """
    (a, v), (b, w) = (np.linalg.eigh(cov.dense()) for cov in (p, q))
    a, b = np.maximum(a, 0.0), np.maximum(b, 0.0)
    x, y = _entropic_root(a, epsilon), _entropic_root(b, epsilon)
    # The divided difference (y − x) / (b − a) of the root has no cancellation in this form.
    sums = 2.0 * a[..., :, None] * (x[..., :, None] + y[..., None, :]) + epsilon
    slope = 4.0 * epsilon / (epsilon + np.hypot(epsilon, 4.0 * b))
    in_p, in_q = (_pair.difference_along(q, p, transpose(basis)) for basis in (v, w))
    crossed = in_p @ (transpose(v) @ w)
    first = 0.5 * (slope[..., None, :] / sums * crossed * crossed).sum(axis=(-2, -1))
    of_p, converged_p = _entropic_part(a, -in_p, epsilon)
    of_q, converged_q = _entropic_part(b, in_q, epsilon)
    plain = _pair.bures(p, q) + entropic_loss(overlaps(p, q), epsilon)
    plain = plain - 0.5 * (entropic_loss(a, epsilon) + entropic_loss(b, epsilon))
    near = converged_p & converged_q
    return np.asarray(np.where(near, first + of_p + of_q, np.maximum(plain, 0.0)))


def _entropic_root(b: Array, epsilon: float) -> Array:
    """Return the x with b x² + (ε/2) x = b."""
    return 4.0 * b / (epsilon + np.hypot(epsilon, 4.0 * b))


def _entropic_part(b: Array, change: Array, epsilon: float) -> tuple[Array, Any]:
    """Return ½ tr(XZΣZ) − (ε/4) Σ [e − log(1 + e)], e the eigenvalues of XZ, in Σ's eigenbasis.

    Z (XΣ + ε/4) + (XΣ + ε/4) Z = −D − ZΣZ is iterated; the second result tells where that settles.
    """
    x = _entropic_root(b, epsilon)
    pairs = (b * x)[..., :, None] + (b * x)[..., None, :] + 0.5 * epsilon
    z, last = np.zeros_like(change), np.full(change.shape[:-2], np.inf)
    for _ in range(_FIXED_POINT_STEPS):
        new = -(change + (z * b[..., None, :]) @ z) / pairs
        step = (pairs * (new - z) ** 2).sum(axis=(-2, -1))
        shorter = step < last
        z, last = np.where(shorter[..., None, None], new, z), np.where(shorter, step, last)
        settled = last <= 1e-29 * (pairs * z * z).sum(axis=(-2, -1))
        if np.all(settled | ~shorter):
            break
    root = np.sqrt(x)
    product = _linalg.symmetric_part(root[..., :, None] * z * root[..., None, :])
    e = np.linalg.eigvalsh(np.where(settled[..., None, None], product, 0.0))
    quadratic = 0.5 * (x[..., :, None] * z * z * b[..., None, :]).sum(axis=(-2, -1))
    return quadratic - 0.25 * epsilon * _linalg.x_minus_log1p(e).sum(axis=-1), settled


# Noise added


def with_noise(cov: Covariance, variance: Array) -> Covariance:
    """Return Σ + v I for variances v (...), as exact as Σ was given."""
    v = variance[..., None]
    if isinstance(cov, Diagonal):
        return Diagonal(cov.variances() + v)
    if isinstance(cov, LowRank):
        return LowRank(cov.columns, cov.noise + v)
    if isinstance(cov, Singular) or (isinstance(cov, Dense) and not cov.given_by_matrix):
        return LowRank(cov.factor(), np.repeat(v, cov.dim, axis=-1))
    matrix = cov.dense() + v[..., None] * np.eye(cov.dim)
    return Dense(_linalg.cholesky(matrix), matrix=matrix)


def smoothed_shape(
    p: Covariance, q: Covariance, variance: Array
) -> tuple[Covariance, Array, Array, Array]:
    """Compare A = Σp + v I with B = Σq + v I.

    Returns C = (A + B)/2, log det A/v and log det B/v, their difference, which keeps its digits,
    and ½ log[det C / √(det A det B)]. Where the laws are alike all comes from the eigenvalues m of
    C⁻¹(Σp − Σq)/2, since A is C (1 + m) and B is C (1 − m).
    """
    a, b = with_noise(p, variance), with_noise(q, variance)
    middle = _pair.midpoint(a, b)
    logs = [cov.log_det() - cov.dim * np.log(variance) for cov in (a, b)]
    shape = np.array(0.5 * middle.log_det() - 0.25 * (a.log_det() + b.log_det()))
    change = np.array(logs[0] - logs[1])
    near = np.array(shape < 0.1)
    if near.any():
        chosen = (cov.broadcast_to(near.shape)[near] for cov in (p, q, middle))
        m = _relative_half_difference(*chosen)
        # Where rounding has hidden that the laws differ, the plain form stands.
        alike = (np.abs(m) < 0.9).all(axis=-1)
        near[near] = alike
        shape[near] = -0.25 * np.log1p(-(m[alike] ** 2)).sum(axis=-1)
        change[near] = 2.0 * np.arctanh(m[alike]).sum(axis=-1)
    return middle, np.stack(np.broadcast_arrays(*logs)), change, shape


def _relative_half_difference(p: Covariance, q: Covariance, middle: Covariance) -> Array:
    if isinstance(p, Diagonal) and isinstance(q, Diagonal):
        return 0.5 * (p.variances() - q.variances()) / middle.variances()
    return 0.5 * _linalg.eigvalsh(_pair.whitened_difference(p, q, middle))
