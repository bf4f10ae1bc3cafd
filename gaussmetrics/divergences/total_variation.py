"""How well one draw tells two laws apart: total variation and the Bayes error, one integral each.

With M(s) = ∫ pˢ q¹⁻ˢ, known in closed form for complex s, and log odds η of p,

    ∫ min(e^η p, q) = 1/(2πi) ∫ M(s) e^(ηs) / [s (1 − s)] ds   along any c + iℝ with 0 < c < 1.

It is Imhof's integral for the log-likelihood ratio, a generalised χ², moved off the poles: through
the saddle point, where nothing cancels, and bent towards where M decays.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array import linalg, reading
from gaussmetrics._array.types import Array, Scalars
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.laws.operands import operands, symmetric
from gaussmetrics.pairs.chernoff import chernoff_point, contracted
from gaussmetrics.pairs.common_axes import Axes, axes_of
from gaussmetrics.pairs.supports import on_common_support

Complex = NDArray[np.complex128]
_STEP = 0.09
_STEPS = _STEP * np.arange(400)
_BEND = np.pi / 8
_CHUNK = 2**18
_NOTHING = -750.0
_FAR = 1e3


@symmetric
def total_variation_distance(p: Gaussian, q: Gaussian) -> Scalars:
    """Return the total variation distance TV = ½ ∫ |p − q|, the largest difference P(A) − Q(A).

    TV = erf(√(Δᵀ Σ⁻¹ Δ) / (2√2)) for equal covariances Σ, Δ = μp − μq; otherwise one integral of
    the closed form of ∫ pˢ q¹⁻ˢ over complex s.

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. Symmetric in p and q.

    Returns
    -------
    float or (...) array
        Between 0 (equal) and 1 (disjoint), without unit; the absolute error is below 1e-8, the
        relative one too near p = q. A metric.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ or batches do not broadcast.

    See Also
    --------
    bayes_error, hellinger_distance, jensen_shannon_bounds

    Notes
    -----
    Costs O(d³) for all structures but the diagonal one.

    References
    ----------
    Imhof 1961, doi:10.1093/biomet/48.3-4.419; Rice 1980, doi:10.1137/0901032; Das & Geisler 2021,
    arXiv:2012.14331.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(f"{gm.total_variation_distance(p, q):.6f}")
    0.390066
    """
    p, q = operands("total_variation_distance", p, q)
    return on_common_support(_of_densities, p, q, 1.0)


def _of_densities(p: Gaussian, q: Gaussian) -> Scalars:
    axes = axes_of(p, q)
    general = by_chunks(_total_variation, axes)
    from scipy.special import erf

    equal = erf(linalg.norm(axes.shift) / np.sqrt(8.0))
    return np.where(axes.log_scales.any(axis=-1), general, equal)[()]


def bayes_error(p: Gaussian, q: Gaussian, *, prior: float = 0.5) -> Scalars:
    """Return the least probability of error, ∫ min(π p, (1 − π) q), in telling p from q by a draw.

    With equal priors it is ½ (1 − TV), with the total variation distance TV.

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast.
    prior : float
        The probability π, between 0 and 1, that the draw is from p.

    Returns
    -------
    float or (...) array
        A probability, from 0 to min(π, 1 − π). The absolute error is below 1e-8, and for laws far
        apart the relative one too.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian, or prior not a number.
    ValueError
        If dimensions differ, batches do not broadcast, or prior is not between 0 and 1.

    See Also
    --------
    total_variation_distance, chernoff_information, bhattacharyya_coefficient

    Notes
    -----
    Costs O(d³) for all structures but the diagonal one.

    References
    ----------
    Helstrom 1978, doi:10.1109/TAES.1978.308603; Das & Geisler 2021, arXiv:2012.14331.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([2.0], [[1.0]])
    >>> print(f"{gm.bayes_error(p, q):.6f} {gm.bayes_error(p, q, prior=0.1):.6f}")
    0.158655 0.070061
    """
    p, q = operands("bayes_error", p, q)
    prior = reading.probability("prior", prior)
    return on_common_support(partial(_least_error, prior), p, q, 0.0)


def _least_error(prior: float, p: Gaussian, q: Gaussian) -> Scalars:
    log_odds = np.log(prior) - np.log1p(-prior)
    overlap = by_chunks(lambda axes: _overlap(axes, log_odds), axes_of(p, q))
    return np.minimum((1.0 - prior) * overlap, min(prior, 1.0 - prior))[()]


def by_chunks(integral: Callable[[Axes], Array], axes: Axes) -> Array:
    """Integrate for so few pairs at a time that the arrays over all nodes stay small."""
    shape, k = axes.shift.shape[:-1], axes.shift.shape[-1]
    t, w = (part.reshape(-1, k) for part in axes)
    size = max(1, _CHUNK // (k * len(_STEPS)))
    values = np.empty(len(w))
    for start in range(0, len(w), size):
        chunk = slice(start, start + size)
        values[chunk] = integral(Axes(t[chunk], w[chunk]))
    return values.reshape(shape)


def _total_variation(axes: Axes) -> Array:
    """Integrate 1 − M where it is small, so that nearly equal laws keep their digits; else M."""
    centre, curvature = _saddle(axes, 0.0)
    near = curvature < 0.3
    # Less than this have only laws of equal covariances, which need no integral.
    scale = 1.0 / np.sqrt(np.where(near & (curvature > 1e-100), curvature, 1.0))
    width = np.where(near, scale, _narrow(centre, curvature))
    nodes, weights, exponent = _contour(axes, 0.0, centre, width)
    rest = np.where(near[:, None], -np.expm1(exponent), np.exp(exponent))
    value = _integrate(rest, nodes, weights)
    return np.clip(np.where(near, value, 1.0 - value), 0.0, 1.0)


def _overlap(axes: Axes, log_odds: float) -> Array:
    """Return ∫ min(e^η p, q)."""
    centre, curvature = _saddle(axes, log_odds)
    nodes, weights, exponent = _contour(axes, log_odds, centre, _narrow(centre, curvature))
    return _integrate(np.exp(exponent), nodes, weights)


def _narrow(centre: Array, curvature: Array) -> Array:
    """Return the scale of M(s) e^(ηs) / [s (1 − s)] around the saddle point."""
    poles = np.minimum(centre, 1.0 - centre)
    return np.minimum(poles, 1.0 / np.sqrt(np.maximum(curvature, 1.0)))


def _saddle(axes: Axes, log_odds: float) -> tuple[Array, Array]:
    """Return where M(s) e^(ηs) is least between the poles, and the curvature of −log M there."""
    centre = np.clip(chernoff_point(axes, log_odds)[0], 0.01, 0.99)
    t, w, b = _contracted(axes, centre[:, None])
    e = np.expm1(t)
    spread = 1.0 + b * e
    curvature = 0.5 * (e / spread) ** 2 + w * w * (1.0 + e) / spread**3
    return centre, curvature.sum(axis=-1)


def _contour(
    axes: Axes, log_odds: float, centre: Array, width: Array
) -> tuple[Complex, Complex, Complex]:
    """Return nodes s, weights ds and log M(s) + ηs on the upper half of a hyperbola through c.

    Of the two that bend by the same angle to the left and to the right, the one where M(s) e^(ηs)
    is smaller. Once that has vanished it stays so on a vertical line, whatever the arm does.
    """
    out, up = width[:, None] * np.cosh(_STEPS), width[:, None] * np.sinh(_STEPS)
    arms, totals = [], []
    for side in (np.sin(_BEND), -np.sin(_BEND)):
        s = centre[:, None] - side * (out - out[:, :1]) + 1j * np.cos(_BEND) * up
        weights = _STEP * (-side * up + 1j * np.cos(_BEND) * out)
        exponent = log_odds * s - complex_exponent(axes, s)
        sizes = exponent.real - exponent.real[:, :1]
        vanished = np.minimum.accumulate(sizes, axis=-1) < -45.0
        arms.append((s, weights, np.where(vanished, _NOTHING, exponent)))
        totals.append(np.exp(np.where(vanished, -45.0, np.minimum(sizes, 50.0))).sum(axis=-1))
    chosen = (totals[0] < totals[1])[:, None]
    s, weights, exponent = (np.where(chosen, *both) for both in zip(*arms, strict=True))
    return s, weights, exponent


def _integrate(values: Complex, s: Complex, weights: Complex) -> Array:
    """Sum by the trapezoidal rule, which converges exponentially here; the lower half mirrors."""
    terms = (values / (s * (1.0 - s)) * weights).imag / np.pi
    return np.asarray(terms.sum(axis=-1) - 0.5 * terms[:, 0])


def complex_exponent(axes: Axes, s: Complex) -> Complex:
    """Return −log M(s) = ½ Σ [log(1 + be) − b log(1 + e) + s b w² / (1 + be)] with b = 1 − s."""
    t, w, b = _contracted(axes, s[..., None])
    e = np.expm1(t)
    near = e > -0.5
    small, z = np.where(near, e, 0.0), b * e
    close = b * linalg.x_minus_log1p(small) - linalg.x_minus_log1p(np.where(near, z, 0.0))
    far = np.log1p(np.where(near, 0.0, z)) - b * np.where(near, 0.0, t)
    terms = np.where(near, close, far) + b * (1.0 - b) * w * w / (1.0 + z)
    return np.asarray(0.5 * terms.sum(axis=-1))


def _contracted(axes: Axes, s: Any) -> tuple[Array, Array, Any]:
    """Swap the laws, and with them s and 1 − s, along the axes where λ > 1: none exceeds 1 then."""
    shape = (len(axes.shift), *(1,) * (s.ndim - 2), -1)
    t, w = (part.reshape(shape) for part in contracted(axes))
    swapped = axes.log_scales.reshape(shape) > 0
    # Laws so many deviations apart overlap by less than the smallest float, at any odds.
    return t, np.clip(w, -_FAR, _FAR), np.where(swapped, s, 1.0 - s)
