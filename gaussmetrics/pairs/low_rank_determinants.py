"""Determinants of mixtures of two low-rank plus diagonal covariances, beside one of the two."""

from __future__ import annotations

import numpy as np

from gaussmetrics._array.types import Array
from gaussmetrics.laws.low_rank import LowRank


def log_det_gain(p: LowRank, q: LowRank, alpha: float, beta: float) -> Array:
    """Return log det(β Σp + α Σq) − log det Σq, α + β = 1, to relative rounding for any small β.

    With Σ = F Fᵀ + diag(v) and u = β vp + α vq it is

    Σ log[1 + β (vp − vq)/vq] + Σ log(1 − β τ) + Σ log(1 + β σ)

    for the eigenvalues τ of (I + A)^−½ B (I + A)^−½, A = Fqᵀ diag(1/vq) Fq,
    B = Fqᵀ diag(vp/(u vq)) Fq, and σ of Fpᵀ (diag(u) + α Fq Fqᵀ)⁻¹ Fp.
    """
    noise = beta * p.noise + alpha * q.noise
    with np.errstate(over="ignore"):
        stretch = beta * ((p.noise - q.noise) / q.noise)
    near = stretch < 1e8
    apart = np.log(noise) - np.log(q.noise)
    stretched = np.where(near, np.log1p(np.where(near, stretch, 0.0)), apart)
    lost = np.sqrt(p.noise / noise)[..., None] * np.sqrt(q.noise)[..., None] * q.explained()
    gained = LowRank(np.sqrt(alpha) * q.columns, noise).whiten_columns(p.columns)
    tau, sigma = (np.linalg.svd(x, compute_uv=False) ** 2 for x in (lost, gained))
    terms = (stretched, np.log1p(-beta * tau), np.log1p(beta * sigma))
    return np.asarray(sum(part.sum(axis=-1) for part in terms))
