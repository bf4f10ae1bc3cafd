"""Divergences of two samples less their bias for normal rows, in closed form.

An inverse sample covariance is too large on average and a log-determinant too small. For normal
rows both are known exactly, and with ν = n − 1 degrees of freedom

    E log|S| = log|Σ| + g(ν),   g(ν) = Σᵢ ψ((ν + 1 − i)/2) + d log(2/ν),   i = 1 … d
    E S⁻¹ = Σ⁻¹ / c,            c = (ν − d − 1) / ν
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from gaussmetrics._array.linalg import sum_of_squares, transpose
from gaussmetrics._array.types import Scalars
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.pairs.combinations import midpoint
from gaussmetrics.pairs.covariance_terms import relative_trace
from gaussmetrics.pairs.supports import squared_mahalanobis

Bias: TypeAlias = Callable[[Gaussian, Gaussian, Scalars, Scalars], Any]
"""The laws fitted to two samples and their numbers of rows in; what to take off the metric out."""


def kl_bias(p: Gaussian, q: Gaussian, n: Scalars, m: Scalars) -> Any:
    """Return the bias of KL(p‖q), ½ [(1 − c)(T + Q) + c T/n + d/m + g(νq) − g(νp)].

    T = tr(Sq⁻¹Sp) and Q = δᵀSq⁻¹δ with the difference δ of the means. Exact on average; it needs
    νq > d + 1 and νp ≥ d.
    """
    d, trace = q.covariance.rank(), relative_trace(p.covariance, q.covariance)
    kept = (m - 2.0 - d) / (m - 1.0)
    square = trace + squared_mahalanobis(p, q, q.covariance)
    noise = kept * trace / n + d / m
    log_dets = _log_det_bias(m - 1.0, d, q.dim) - _log_det_bias(n - 1.0, d, q.dim)
    return 0.5 * ((1.0 - kept) * square + noise + log_dets)


def jeffreys_bias(p: Gaussian, q: Gaussian, n: Scalars, m: Scalars) -> Any:
    """Return the bias of both directions of KL together."""
    return kl_bias(p, q, n, m) + kl_bias(q, p, m, n)


def bhattacharyya_bias(
    p: Gaussian, q: Gaussian, n: Scalars, m: Scalars, *, weight: float = 0.125
) -> Any:
    """Return nearly all bias of ½ log|S| − ¼ log|Sp| − ¼ log|Sq| + weight δᵀS⁻¹δ.

    The midpoint S = (Sp + Sq)/2 is taken for a Wishart matrix of ν degrees of freedom,
    ν = (d² + d) / Σ [(tr C)² + tr C²]/ν_g with C = ½ S⁻¹S_g for both samples g.

    References
    ----------
    Nel & van der Merwe 1986, doi:10.1080/03610928608829342.
    """
    d, middle = p.covariance.rank(), midpoint(p.covariance, q.covariance)
    # C and its counterpart of q add up to the identity: one of them is enough.
    whitened = middle.whiten_columns(p.covariance.factor())
    trace = 0.5 * sum_of_squares(whitened, 2)
    square = 0.25 * sum_of_squares(transpose(whitened) @ whitened, 2)
    spread = (trace**2 + square) / (n - 1.0)
    spread = spread + ((d - trace) ** 2 + d - 2.0 * trace + square) / (m - 1.0)
    noise = 2.0 * trace / n + 2.0 * (d - trace) / m
    freedom = (d * d + d) / spread
    kept = (freedom - d - 1.0) / freedom
    distance = squared_mahalanobis(p, q, middle)
    apart = _log_det_bias(n - 1.0, d, p.dim) + _log_det_bias(m - 1.0, d, p.dim)
    log_dets = 0.5 * _log_det_bias(freedom, d, p.dim) - 0.25 * apart
    return log_dets + weight * (distance - kept * (distance - noise))


def _log_det_bias(freedom: Any, rank: Any, dim: int) -> Any:
    """Return g(ν) for a covariance of this rank."""
    from scipy.special import digamma

    ladder = (np.asarray(freedom)[..., None] - np.arange(dim)) / 2.0
    counted = np.arange(dim) < np.asarray(rank)[..., None]
    terms = np.where(counted, digamma(np.where(counted, ladder, 1.0)), 0.0)
    return terms.sum(axis=-1) + rank * np.log(2.0 / np.asarray(freedom))
