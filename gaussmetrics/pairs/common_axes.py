"""Common axes of two laws: where one is standard normal and the other independent."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gaussmetrics._array import triangles
from gaussmetrics._array.linalg import EPS, log_ratio, sum_of_squares, transpose
from gaussmetrics._array.types import Array
from gaussmetrics.laws.dense import Dense
from gaussmetrics.laws.diagonal import Diagonal
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.laws.low_rank import LowRank
from gaussmetrics.laws.structure import Structure
from gaussmetrics.pairs.differences import relative_excess
from gaussmetrics.pairs.near import selected


class Axes(NamedTuple):
    """Two laws in the coordinates where q is N(0, I) and p is N(w, diag(λ)), (..., k) each."""

    log_scales: Array
    shift: Array


def common_axes(p: Structure, q: Structure, shift: Array) -> Axes:
    """Return log λ for the eigenvalues λ of Σq⁻¹Σp, and w = Vᵀ Σq^−½ Δ for their directions V.

    Both are positive definite. Costs O(d³) for all structures but the diagonal one.
    """
    if isinstance(p, Diagonal) and isinstance(q, Diagonal):
        batch = np.broadcast_shapes(p.batch_shape, q.batch_shape, shift.shape[:-1])
        w = np.broadcast_to(q.whiten(shift), (*batch, p.dim))
        return Axes(np.broadcast_to(_log_ratio(p.variances(), q.variances()), w.shape), w)
    u, s, _ = np.linalg.svd(q.whiten_columns(p.factor()))
    logs = np.zeros(u.shape[:-1])
    logs[..., : p.dim] = 2.0 * np.log(s[..., : p.dim])
    near = np.abs(logs).max(axis=-1) < 0.4
    if near.any():
        a, b = selected(near, p, q)
        e, v = np.linalg.eigh(relative_excess(a, b, b.whiten_columns))
        logs[near], u[near] = np.log1p(np.maximum(e, -0.5)), v
    white = q.whiten(shift)
    w = (transpose(u) @ white[..., None])[..., 0]
    # Whitened vectors of more entries than there are variables span no more axes than those.
    w[..., p.dim :] *= near[..., None]
    return Axes(np.broadcast_to(logs, w.shape), w)


def _log_ratio(v: Array, w: Array) -> Array:
    """Return log(v / w), to relative rounding near v = w."""
    near = np.abs(v - w) < 0.5 * w
    excess = np.where(near, v - w, 0.0) / w
    return np.where(near, np.log1p(excess), log_ratio(v, w))


def joint_basis(p: Structure, q: Structure, *, least: float = EPS) -> tuple[Array, Array, Array]:
    """Return B (..., d, d), e and √λ for λ = 1 + e with B Σq Bᵀ = I and B Σp Bᵀ = diag(λ).

    λ are the eigenvalues of Σq⁻¹Σp, and e keeps its digits near zero; both are positive definite.
    No √λ is less than the fraction `least` of the largest.
    """
    if isinstance(q, LowRank):
        q = Dense(triangles.triangle(q.factor()), given=q.given)
    whitener = q.whiten_columns(np.eye(q.dim))
    # Between laws far apart the difference may leave the floats; there it is not used.
    with np.errstate(over="ignore", invalid="ignore"):
        change = relative_excess(p, q, lambda columns: whitener @ columns)
    small = np.asarray(sum_of_squares(change, 2) < 4.0)[..., None]
    e, u = np.linalg.eigh(np.where(small[..., None], change, 0.0))
    near = small & (e[..., :1] > -0.5)
    far, s, _ = np.linalg.svd(whitener @ p.factor(), full_matrices=False)
    # Rounding hides what is smaller beside the largest.
    s = np.maximum(s, least * s[..., :1])
    turn = np.where(near[..., None], u, far)
    basis = transpose(turn) @ whitener
    e = np.where(near, e, 0.0)
    with np.errstate(over="ignore"):
        return basis, np.where(near, e, s * s - 1.0), np.where(near, np.sqrt(1.0 + e), s)


def axes_of(p: Gaussian, q: Gaussian) -> Axes:
    """Return two laws in the coordinates where q is standard normal and p is independent."""
    with np.errstate(over="ignore", invalid="ignore"):
        scales, shift = common_axes(p.covariance, q.covariance, p.mean - q.mean)
    return Axes(scales, np.fmin(shift, np.inf))
