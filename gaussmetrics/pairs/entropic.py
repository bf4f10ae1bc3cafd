"""Entropic couplings: what blurring saves and costs, and the shape of the Sinkhorn divergence."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from gaussmetrics._array import linalg
from gaussmetrics._array.linalg import transpose
from gaussmetrics._array.types import Array, Scalars
from gaussmetrics.laws.covariance import Covariance
from gaussmetrics.laws.structure import Structure
from gaussmetrics.pairs.bures import bures
from gaussmetrics.pairs.couplings import overlaps
from gaussmetrics.pairs.differences import difference_along
from gaussmetrics.pairs.near import recompute

_FIXED_POINT_STEPS = 100


def entropic_joint(p: Structure, q: Structure, epsilon: float) -> Structure:
    """Return the covariance of (X, Y) under the best coupling, by its factor.

    With U s Vᵀ = svd(Fqᵀ Fp), the part k = 4s / (ε + √(ε² + 16 s²)) of each axis is shared:
    Fq U [k, √(1 − k²)] stands under Fp V [I, 0]. From 1 − k² = εk / 2s nothing cancels.
    """
    f, g = p.factor(), q.factor()
    u, s, vt = np.linalg.svd(transpose(g) @ f)
    size = np.hypot(0.25 * epsilon, s) + 0.25 * epsilon
    shared = s / size
    own = np.sqrt(0.5 * epsilon / size)
    rows, columns, rank = u.shape[-1], vt.shape[-1], s.shape[-1]
    correlations, rest = np.zeros((*s.shape[:-1], rows, columns)), np.ones((*s.shape[:-1], rows))
    correlations[..., range(rank), range(rank)] = shared
    rest[..., :rank] = own
    turned = g @ u
    top = linalg.side_by_side(f @ transpose(vt), np.zeros((*s.shape[:-1], p.dim, rows)))
    bottom = linalg.side_by_side(turned @ correlations, turned * rest[..., None, :])
    return Covariance.from_factor(linalg.stacked(top, bottom))


def entropic_saving(s: Array, epsilon: Any) -> Scalars:
    """Return Σ F(s) over the overlaps."""
    growth, logs = _entropic_terms(s, epsilon)
    return (0.5 * (growth - logs)).sum(axis=-1)


def entropic_loss(s: Array, epsilon: Any) -> Scalars:
    """Return Σ [2s − F(s)] over the overlaps, as a sum of positive terms."""
    quarter = _quarter(epsilon)
    size = 0.5 * s + 0.5 * quarter + 0.5 * np.hypot(quarter, s)
    blur = np.minimum(s, epsilon) * (0.5 * np.maximum(s, epsilon) / size)
    return (blur + 0.5 * _entropic_terms(s, epsilon)[1]).sum(axis=-1)


def _entropic_terms(s: Array, epsilon: Any) -> tuple[Array, Array]:
    """Return ε x and ε log(1 + ½ x) for x = √(1 + 16 s²/ε²) − 1, which may leave the floats."""
    quarter = _quarter(epsilon)
    size = quarter + np.hypot(quarter, s)
    share = s / size
    growth = 4.0 * s * share
    with np.errstate(over="ignore"):
        excess = s / quarter * share
    large, tiny = excess > 1e20, excess < 1e-20
    logs = np.log1p(0.5 * np.where(large, 0.0, excess))
    logs = np.where(large, np.log(size) - np.log(2.0 * quarter), logs)
    return growth, np.where(tiny, 0.5 * growth, epsilon * logs)


def _quarter(epsilon: Any) -> Any:
    return np.maximum(0.25 * epsilon, np.finfo(float).smallest_subnormal)


def sinkhorn_shape(p: Structure, q: Structure, epsilon: float) -> Scalars:
    """Return ½ Σ F(eigenvalues of Σp) + ½ Σ F(eigenvalues of Σq) − Σ F(overlaps)."""
    own = [0.5 * entropic_saving(overlaps(cov, cov), epsilon) for cov in (p, q)]
    total = own[0] + own[1]
    value = total - entropic_saving(overlaps(p, q), epsilon)
    accurate = partial(_sinkhorn_from_difference, epsilon)
    return recompute(value, value <= 0.01 * total, accurate, p, q)


def _sinkhorn_from_difference(epsilon: float, p: Structure, q: Structure) -> Array:
    """Return ½ tr((Xq − Xp) D) and a part for each law, with D = Σq − Σp.

    X solves XΣX + (ε/2) X = Σ for each law, and H solves HΣqH + (ε/2) H = Σp. The difference of
    the two equations is one for Z = H − X that starts from D; all terms are of second order in D.
    """
    (a, v), (b, w) = (np.linalg.eigh(cov.dense()) for cov in (p, q))
    a, b = _positive(a), _positive(b)
    # The overlaps of these very matrices, whose rounding a law given by its precision amplifies.
    across = np.sqrt(a)[..., :, None] * (transpose(v) @ w) * np.sqrt(b)[..., None, :]
    shared = entropic_loss(np.linalg.svd(across, compute_uv=False), epsilon)
    own = 0.5 * (entropic_loss(a, epsilon) + entropic_loss(b, epsilon))
    plain = bures(p, q) + (shared - own)
    # In units of the larger law no square leaves the floats; a power of two keeps all digits.
    unit = np.exp2(np.frexp(np.maximum(a[..., -1], b[..., -1]))[1])
    a, b = a / unit[..., None], b / unit[..., None]
    eps = np.clip(epsilon, 1e-300 * unit, 1e300 * np.minimum(unit, 1e8)) / unit
    eps = eps[..., None]
    x, y = _entropic_root(a, eps), _entropic_root(b, eps)
    # The divided difference (y − x) / (b − a) of the root has no cancellation in this form.
    sums = 2.0 * a[..., :, None] * (x[..., :, None] + y[..., None, :]) + eps[..., None]
    slope = 4.0 * eps / (eps + np.hypot(eps, 4.0 * b))
    in_p, in_q = (
        difference_along(q, p, transpose(basis)) / unit[..., None, None] for basis in (v, w)
    )
    crossed = in_p @ (transpose(v) @ w)
    first = 0.5 * (slope[..., None, :] / sums * crossed * crossed).sum(axis=(-2, -1))
    of_p, converged_p = _entropic_part(a, -in_p, eps)
    of_q, converged_q = _entropic_part(b, in_q, eps)
    value = unit * (first + of_p + of_q)
    # The plain form is right to the rounding of the traces: what lies beyond has gone astray.
    rounding = 1e-12 * unit * (a.sum(axis=-1) + b.sum(axis=-1))
    near = converged_p & converged_q & (np.abs(value - plain) <= rounding)
    return np.asarray(np.where(near, value, np.maximum(plain, 0.0)))


def _positive(eigenvalues: Array) -> Array:
    return np.maximum(eigenvalues, 0.0)


def _entropic_root(b: Array, epsilon: Array) -> Array:
    """Return the x with b x² + (ε/2) x = b."""
    return 4.0 * b / (epsilon + np.hypot(epsilon, 4.0 * b))


def _entropic_part(b: Array, change: Array, epsilon: Array) -> tuple[Array, Any]:
    """Return ½ tr(XZΣZ) − (ε/4) Σ [e − log(1 + e)], e the eigenvalues of XZ, in Σ's eigenbasis.

    Z (XΣ + ε/4) + (XΣ + ε/4) Z = −D − ZΣZ is iterated; the second result tells where that settles.
    """
    x = _entropic_root(b, epsilon)
    pairs = (b * x)[..., :, None] + (b * x)[..., None, :] + 0.5 * epsilon[..., None]
    z, last = np.zeros_like(change), np.full(change.shape[:-2], np.inf)
    for _ in range(_FIXED_POINT_STEPS):
        new = -(change + (z * b[..., None, :]) @ z) / pairs
        # Steps that leave the floats lead nowhere, and are not taken.
        with np.errstate(over="ignore"):
            step = (pairs * (new - z) ** 2).sum(axis=(-2, -1))
        shorter = step < last
        z, last = np.where(shorter[..., None, None], new, z), np.where(shorter, step, last)
        settled = last <= 1e-29 * (pairs * z * z).sum(axis=(-2, -1))
        if np.all(settled | ~shorter):
            break
    root = np.sqrt(x)
    product = linalg.symmetric_part(root[..., :, None] * z * root[..., None, :])
    e = np.linalg.eigvalsh(np.where(settled[..., None, None], product, 0.0))
    quadratic = 0.5 * (x[..., :, None] * z * z * b[..., None, :]).sum(axis=(-2, -1))
    return quadratic - 0.25 * epsilon[..., 0] * linalg.x_minus_log1p(e).sum(axis=-1), settled
