"""The covariance terms of the divergences: KL, Bhattacharyya and Rényi for equal means."""

from __future__ import annotations

from functools import partial

import numpy as np

from gaussmetrics._array import linalg, spectra, triangles
from gaussmetrics._array.linalg import log_ratio, sum_of_squares
from gaussmetrics._array.types import Array, Scalars
from gaussmetrics.laws.dense import Dense
from gaussmetrics.laws.diagonal import Diagonal
from gaussmetrics.laws.low_rank import LowRank
from gaussmetrics.laws.structure import Structure
from gaussmetrics.pairs.chernoff import chernoff_terms
from gaussmetrics.pairs.combinations import as_low_rank, both_low_rank
from gaussmetrics.pairs.common_axes import common_axes
from gaussmetrics.pairs.differences import relative_excess, whitened_difference
from gaussmetrics.pairs.log_dets import log_det_ratio
from gaussmetrics.pairs.low_rank_determinants import log_det_gain
from gaussmetrics.pairs.low_rank_integrals import (
    bhattacharyya_low_rank,
    kl_low_rank,
    renyi_low_rank,
)
from gaussmetrics.pairs.near import recompute


def relative_trace(p: Structure, q: Structure) -> Scalars:
    """Return tr(Σq⁺ Σp)."""
    if isinstance(p, Diagonal):
        return (p.variances() * q.precisions()).sum(axis=-1)
    if isinstance(p, LowRank):
        within = sum_of_squares(q.whiten_columns(p.columns), 2)
        return within + (p.noise * q.precisions()).sum(axis=-1)
    return sum_of_squares(q.whiten_columns(p.factor()), 2)


def kl_terms(p: Structure, q: Structure, shift: Array) -> tuple[Scalars, Scalars]:
    """Return KL for equal means, ½ Σ [e − log(1 + e)], and Δᵀ Σq⁻¹ Δ.

    e are the eigenvalues of Σq⁻¹Σp − I.
    """
    if isinstance(p, Dense) and isinstance(q, Dense):
        square, distance = q.whitened_squares(p.lower, shift)
        value = _kl_triangular(p, q, square)
        return recompute(value, value < 0.01, _kl_from_difference, p, q), distance
    return _kl_structured(p, q), sum_of_squares(q.whiten(shift), 1)


def _kl_structured(p: Structure, q: Structure) -> Scalars:
    if isinstance(p, Diagonal) and isinstance(q, Diagonal):
        return _kl_diagonal(p.variances(), q.variances())
    excess = relative_trace(p, q) - q.rank()
    value = 0.5 * (excess - log_det_ratio(p, q))
    nearly = 0.1 if both_low_rank(p, q) else 1.0
    return recompute(value, value < nearly, _kl_from_difference, p, q)


def _kl_triangular(p: Dense, q: Dense, square: Scalars) -> Scalars:
    """Return ½ ‖C − I‖² + Σ (c_ii − 1 − log c_ii), given the square; C = Lq⁻¹ Lp is triangular.

    No term is negative, and so a rounding of C weighs no more than C − I.
    """
    pivots = linalg.diagonal(p.lower) / linalg.diagonal(q.lower)
    return 0.5 * square + linalg.total(pivots - 1.0 - np.log(pivots))


def _kl_positive(p: Dense, q: Dense) -> Scalars:
    return _kl_triangular(p, q, sum_of_squares(q.whiten_lower(p.lower - q.lower), 2))


def _kl_diagonal(v: Array, w: Array) -> Array:
    # Where a ratio of variances overflows, so does the divergence.
    with np.errstate(over="ignore"):
        excess = (v - w) / w
    near = np.abs(excess) < 0.5
    terms = linalg.x_minus_log1p(np.where(near, excess, 0.0))
    if not near.all():
        terms = np.where(near, terms, excess - log_ratio(v, w))
    return 0.5 * terms.sum(axis=-1)


def _kl_from_difference(p: Structure, q: Structure) -> Array:
    if both_low_rank(p, q):
        return kl_low_rank(as_low_rank(p), as_low_rank(q))
    excess = relative_excess(p, q, q.whiten_columns)
    if np.all(sum_of_squares(excess, 2) < 0.25):
        return _kl_of_excess(excess)
    return 0.5 * linalg.x_minus_log1p(spectra.eigvalsh(excess)).sum(axis=-1)


def _kl_of_excess(excess: Array) -> Array:
    """Return ½ [tr E − log det (I + E)] in positive terms, ½ Σ_{i>j} c_ij² + ½ Σ [x − log(1 + x)].

    I + E = C Cᵀ, and x = c_ii² − 1 is read off E, where nothing has been added to it.
    """
    lower = triangles.cholesky(np.eye(excess.shape[-1]) + excess)
    below = np.square(lower * np.tri(excess.shape[-1], k=-1)).sum(axis=-1)
    gain = linalg.diagonal(excess) - below
    return 0.5 * (below + linalg.x_minus_log1p(gain)).sum(axis=-1)


def bhattacharyya_shape(p: Structure, q: Structure, middle: Structure) -> Scalars:
    """Return ½ log[det Σ / √(det Σp det Σq)] with Σ = (Σp + Σq)/2, the midpoint."""
    if isinstance(p, Diagonal) and isinstance(q, Diagonal):
        return _bhattacharyya_diagonal(p.variances(), q.variances())
    if isinstance(p, Dense) and isinstance(q, Dense) and isinstance(middle, Dense):
        a, b, c = (linalg.diagonal(cov.lower) for cov in (p, q, middle))
        value = 0.5 * np.log((c / a) * (c / b)).sum(axis=-1)
        return recompute(value, value < 0.1 + 0.02 * p.dim, _bhattacharyya_near, p, q, middle)
    value = 0.25 * (log_det_ratio(middle, p) + log_det_ratio(middle, q))
    nearly = 0.025 if both_low_rank(p, q) else 1.0
    return recompute(value, value < nearly, _bhattacharyya_from_difference, p, q, middle)


def _bhattacharyya_near(p: Dense, q: Dense, middle: Dense) -> Array:
    """Return ½ [KL(p‖m) + KL(q‖m)], in positive terms, for the midpoint m and equal means."""
    value = 0.5 * (_kl_positive(p, middle) + _kl_positive(q, middle))
    return np.asarray(recompute(value, value < 0.01, _bhattacharyya_from_difference, p, q, middle))


def _bhattacharyya_diagonal(v: Array, w: Array) -> Array:
    half = 0.5 * v + 0.5 * w
    ratio = 0.5 * (v - w) / half
    near = np.abs(ratio) < 0.5
    terms = -np.log1p(-(np.where(near, ratio, 0.0) ** 2))
    if not near.all():
        terms = np.where(near, terms, log_ratio(half, v) + log_ratio(half, w))
    return 0.25 * terms.sum(axis=-1)


def _bhattacharyya_from_difference(p: Structure, q: Structure, middle: Structure) -> Array:
    if both_low_rank(p, q):
        return bhattacharyya_low_rank(*(as_low_rank(cov) for cov in (p, q, middle)))
    m = 0.5 * spectra.eigvalsh(whitened_difference(p, q, middle))
    return -0.25 * np.log1p(-m * m).sum(axis=-1)


def renyi_shape(p: Structure, q: Structure, middle: Structure, alpha: float) -> Scalars:
    """Return ½ Σ [log(1 + βe)/β − log(1 + e)], β = 1 − α: Rényi's divergence for equal means.

    `middle` is the mixture β Σp + α Σq with 0 < α < 1. Swapped laws give β/α times the same sum.
    """
    beta = 1.0 - alpha
    if not both_low_rank(p, q) or isinstance(middle, Diagonal):
        log_scales, _ = common_axes(p, q, np.zeros(p.dim))
        return chernoff_terms(log_scales, alpha, beta).sum(axis=-1) / beta
    a, b = as_low_rank(p), as_low_rank(q)
    if alpha < 0.5:
        # 1 − β would have lost the digits of a small α.
        return alpha / beta * _renyi_low_rank((beta, alpha), b, a, middle)
    return _renyi_low_rank((alpha, beta), a, b, middle)


def _renyi_low_rank(
    orders: tuple[float, float], p: LowRank, q: LowRank, middle: Structure
) -> Scalars:
    """Return the same between low-rank plus diagonal covariances, for α ≥ ½ and β = 1 − α."""
    alpha, beta = orders
    # Divided by a small β, the difference of two determinants would lose its digits.
    gain = log_det_gain(p, q, alpha, beta) if beta < 0.1 else log_det_ratio(middle, q)
    value = 0.5 * (gain / beta - log_det_ratio(p, q))
    return recompute(value, value < 0.05, partial(renyi_low_rank, orders), p, q)
