"""The exponent −log ∫ p^α q^(1−α) along common axes, and where its slope is given."""

from __future__ import annotations

from typing import Any

import numpy as np

from gaussmetrics._array import linalg
from gaussmetrics._array.types import Array, Scalars
from gaussmetrics.pairs.common_axes import Axes


def chernoff_exponent(axes: Axes, alpha: Any) -> Scalars:
    """Return −log ∫ p^α q^β, β = 1 − α, with α > 0 of the shape of the batch.

    −∞ where α > 1 makes the integral diverge.
    """
    a = np.asarray(alpha)[..., None]
    t, w = axes
    terms = chernoff_terms(t, a)
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
    close = b * small * small / (1.0 + b * small) - linalg.x_minus_log1p(small)
    shape = np.where(near, close, t - e / spread)
    return 0.5 * (sign * (shape + w * w * (b * b * ratio - a * a) / spread**2)).sum(axis=-1)


def chernoff_terms(log_scales: Array, alpha: Any) -> Array:
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
    close = beta * linalg.x_minus_log1p(small) - linalg.x_minus_log1p(beta * small)
    far = np.log1p(np.where(near | ~finite, 0.0, beta * e)) - beta * t
    return 0.5 * np.where(finite, np.where(near, close, far), -np.inf)
