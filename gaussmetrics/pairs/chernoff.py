"""The exponent −log ∫ p^α q^(1−α) along common axes, and where its slope is given."""

from __future__ import annotations

from typing import Any

import numpy as np

from gaussmetrics._array import linalg
from gaussmetrics._array.types import Array, Scalars
from gaussmetrics.pairs.common_axes import Axes

_END = 700.0
"""How far log λ and log(α/β) may go before λ overflows and α vanishes."""


def contracted(axes: Axes) -> Axes:
    """Swap the laws along the axes where λ > 1, so that none is, and w is in units of the wider."""
    t, w = axes
    return Axes(-np.abs(t), w * np.exp(-0.5 * np.maximum(t, 0.0)))


def chernoff_exponent(axes: Axes, alpha: Any, beta: Any) -> Scalars:
    """Return −log ∫ p^α q^β, β = 1 − α, with 0 < α < 1 of the shape of the batch."""
    a, b = np.asarray(alpha)[..., None], np.asarray(beta)[..., None]
    t, w = contracted(axes)
    swapped = axes.log_scales > 0
    spread = np.where(swapped, b, a) + np.where(swapped, a, b) * np.exp(t)
    lengths = _weighted_squares(w, a * b / spread)
    return (chernoff_terms(axes.log_scales, a, b) + 0.5 * lengths).sum(axis=-1)


def renyi_beyond_one(axes: Axes, alpha: float) -> Scalars:
    """Return −log ∫ p^α q^β / β for α > 1 and β = 1 − α; infinite where the integral diverges."""
    t, w = axes
    beta = 1.0 - alpha
    with np.errstate(over="ignore"):
        e = np.expm1(t)
        finite = 1.0 + beta * e > 0
    near = np.abs(e) < 0.5
    small, rest = np.where(near & finite, e, 0.0), np.where(~near & finite, e, 0.0)
    close = linalg.x_minus_log1p(small) - linalg.x_minus_log1p(beta * small) / beta
    shape = np.where(near, close, np.log1p(beta * rest) / beta - t)
    seen, w = contracted(axes)
    # α + βλ is 1 + βe, and 1 − α + α/λ where the laws are swapped.
    spread = 1.0 + np.where(t > 0, alpha, beta) * np.expm1(seen)
    lengths = _weighted_squares(w, alpha / np.where(finite, spread, 1.0))
    return 0.5 * np.where(finite, shape + lengths, np.inf).sum(axis=-1)


def _weighted_squares(w: Array, weight: Array) -> Array:
    """Return w² times a weight, infinite beyond the floats."""
    with np.errstate(over="ignore"):
        return w * (w * weight)


def chernoff_point(axes: Axes, slope: float) -> tuple[Scalars, Scalars]:
    """Return α in (0, 1) and β = 1 − α where the exponent −log ∫ p^α q^β has the given slope.

    The exponent is concave in α. Bisection runs on log(α/β), so that both ends are resolved.
    """
    from scipy.special import expit

    ends = np.full(axes.shift.shape[:-1], _END)
    low, high = -ends, ends
    # Only the sign of the slope matters: of laws far apart it is taken in units of the largest w².
    shift = np.clip(axes.shift, -1e300, 1e300)
    unit = np.abs(shift).max(axis=-1, initial=1.0)
    scaled = Axes(axes.log_scales, shift / unit[..., None])
    wanted = slope / unit / unit
    for _ in range(64):
        middle = 0.5 * (low + high)
        alpha, beta = expit(middle)[..., None], expit(-middle)[..., None]
        gain = _chernoff_slope(scaled, alpha, beta, unit[..., None]) - wanted
        low, high = np.where(gain >= 0, middle, low), np.where(gain <= 0, middle, high)
    found = 0.5 * (low + high)
    return expit(found)[()], expit(-found)[()]


def _chernoff_slope(axes: Axes, alpha: Array, beta: Array, unit: Array) -> Array:
    """Return the derivative of the exponent over u², for w given in units of u.

    It is ½ Σ [log λ − e/(1 + βe) + w² (β²λ − α²)/(α + βλ)²].
    """
    # The exponent of swapped laws falls where this one rises.
    sign = np.where(axes.log_scales > 0, -1.0, 1.0)
    a, b = np.where(sign < 0, beta, alpha), np.where(sign < 0, alpha, beta)
    t, w = contracted(axes)
    root, e = np.exp(0.5 * t), np.expm1(t)
    spread = a + b * root * root
    near = e > -0.5
    small = np.where(near, e, 0.0)
    close = b * small * small / (1.0 + b * small) - linalg.x_minus_log1p(small)
    shape = np.where(near, close, t - e / spread) / unit / unit
    moved = (w * (b * root - a) / spread) * (w * (b * root + a) / spread)
    return 0.5 * (sign * (shape + moved)).sum(axis=-1)


def chernoff_terms(log_scales: Array, alpha: Any, beta: Any) -> Array:
    """Return ½ [log(1 + βe) − β log(1 + e)], β = 1 − α, for every log(1 + e) and 0 < α < 1.

    Their sum is −log ∫ p^α q^β for equal means.
    """
    # The exponent is the same for swapped laws and α, so that β can be the smaller of the two.
    t, beta = np.where(np.less(alpha, beta), -log_scales, log_scales), np.minimum(alpha, beta)
    e = np.expm1(np.minimum(t, _END))
    near, beyond = np.abs(e) < 0.5, t > _END
    small = np.where(near, e, 0.0)
    close = beta * linalg.x_minus_log1p(small) - linalg.x_minus_log1p(beta * small)
    log_sum = np.where(
        beyond,
        np.logaddexp(np.log1p(-beta), np.log(beta) + t),
        np.log1p(np.where(near, 0.0, beta * e)),
    )
    return 0.5 * np.where(near, close, log_sum - beta * t)
