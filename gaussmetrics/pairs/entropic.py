"""Entropic couplings: what blurring saves and costs, and the shape of the Sinkhorn divergence."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from gaussmetrics._array import linalg
from gaussmetrics._array.linalg import transpose
from gaussmetrics._array.types import Array, Scalars
from gaussmetrics.laws.structure import Structure
from gaussmetrics.pairs.bures import bures
from gaussmetrics.pairs.couplings import overlaps
from gaussmetrics.pairs.differences import difference_along
from gaussmetrics.pairs.near import recompute

_FIXED_POINT_STEPS = 100


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
    a, b = np.maximum(a, 0.0), np.maximum(b, 0.0)
    x, y = _entropic_root(a, epsilon), _entropic_root(b, epsilon)
    # The divided difference (y − x) / (b − a) of the root has no cancellation in this form.
    sums = 2.0 * a[..., :, None] * (x[..., :, None] + y[..., None, :]) + epsilon
    slope = 4.0 * epsilon / (epsilon + np.hypot(epsilon, 4.0 * b))
    in_p, in_q = (difference_along(q, p, transpose(basis)) for basis in (v, w))
    crossed = in_p @ (transpose(v) @ w)
    first = 0.5 * (slope[..., None, :] / sums * crossed * crossed).sum(axis=(-2, -1))
    of_p, converged_p = _entropic_part(a, -in_p, epsilon)
    of_q, converged_q = _entropic_part(b, in_q, epsilon)
    plain = bures(p, q) + entropic_loss(overlaps(p, q), epsilon)
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
    product = linalg.symmetric_part(root[..., :, None] * z * root[..., None, :])
    e = np.linalg.eigvalsh(np.where(settled[..., None, None], product, 0.0))
    quadratic = 0.5 * (x[..., :, None] * z * z * b[..., None, :]).sum(axis=(-2, -1))
    return quadratic - 0.25 * epsilon * linalg.x_minus_log1p(e).sum(axis=-1), settled
