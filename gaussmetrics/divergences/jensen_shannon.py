"""Jensen and Shannon: the divergence by one integral, bounds on it, and the geometric one.

With M(s) = ∫ pˢ q¹⁻ˢ, known in closed form for complex s,

    JS = ½ · 1/(2πi) ∫ [1 − M(s)] π / [s (1 − s) sin πs] ds   along ½ + iℝ,

because u log(1 + 1/u) + log(1 + u) has the Mellin transform π / [s (1 − s) sin πs]. On that line
the weight is positive, and no term of the sum is negative: nothing cancels, and near p = q all
digits are kept.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gaussmetrics._array.types import Array, Scalars
from gaussmetrics.divergences.information import jeffreys_divergence, kl_divergence
from gaussmetrics.divergences.overlap import bhattacharyya_distance
from gaussmetrics.divergences.total_variation import by_chunks, complex_exponent
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.laws.operands import operands, symmetric
from gaussmetrics.pairs.common_axes import Axes, axes_of
from gaussmetrics.pairs.supports import on_common_support

LOG_2 = float(np.log(2.0))
# The weight has poles half a unit off the line and decays like exp(−πy): errors are below 1e-16.
_STEP = 1.0 / 16.0
_HEIGHTS = _STEP * np.arange(190)
_WEIGHTS = 0.5 * _STEP / ((0.25 + _HEIGHTS**2) * np.cosh(np.pi * _HEIGHTS))
_WEIGHTS[0] *= 0.5


@symmetric
def jensen_shannon_divergence(p: Gaussian, q: Gaussian) -> Scalars:
    """Return the Jensen–Shannon divergence JS(p, q) = ½ KL(p‖m) + ½ KL(q‖m), m = ½ (p + q).

    It has no closed form, but ∫ pˢ q¹⁻ˢ has, and it is one integral of that:

    JS = ½ ∫ Re[1 − M(½ + iy)] / [(¼ + y²) cosh πy] dy over y > 0,  M(s) = ∫ pˢ q¹⁻ˢ

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. Symmetric in p and q.

    Returns
    -------
    float or (...) array
        In nats, from 0 at p = q to log 2 for disjoint laws; right to relative rounding near zero,
        where it is J/8 with Jeffreys' divergence J. Its root is a metric.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ or batches do not broadcast.

    See Also
    --------
    jensen_shannon_bounds, geometric_jensen_shannon_divergence, bayes_error,
    softmax_jensen_shannon_divergence

    Notes
    -----
    Costs O(d³) for all structures but the diagonal one, and 190 terms an axis. It is the mutual
    information of a draw from p or q, by a fair coin, and the coin.

    References
    ----------
    Lin 1991, doi:10.1109/18.61115; its root: Endres & Schindelin 2003,
    doi:10.1109/TIT.2003.813506; the integral ∫ pˢ q¹⁻ˢ: Gil, Alajaji & Linder 2013,
    doi:10.1016/j.ins.2013.06.018.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(f"{gm.jensen_shannon_divergence(p, q):.6f}")
    0.128175
    """
    p, q = operands("jensen_shannon_divergence", p, q)
    return on_common_support(_of_densities, p, q, LOG_2)


def _of_densities(p: Gaussian, q: Gaussian) -> Scalars:
    return np.minimum(by_chunks(_integral, axes_of(p, q)), LOG_2)[()]


def _integral(axes: Axes) -> Array:
    line = np.broadcast_to(0.5 + 1j * _HEIGHTS, (len(axes.shift), len(_HEIGHTS)))
    return np.asarray(-np.expm1(-complex_exponent(axes, line)).real @ _WEIGHTS)


@symmetric
def geometric_jensen_shannon_divergence(p: Gaussian, q: Gaussian) -> Scalars:
    """Return the geometric Jensen–Shannon divergence ½ KL(p‖g) + ½ KL(q‖g), g ∝ √(p q).

    The normal g has the mean of the precisions as its precision, and the divergence is
    J/4 − D_B, with Jeffreys' divergence J and the Bhattacharyya distance D_B.

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. Symmetric in p and q.

    Returns
    -------
    float or (...) array
        In nats; zero if and only if p = q, and right to relative rounding near zero. Unlike the
        Jensen–Shannon divergence it exceeds log 2 for laws far apart, and it may grow where a
        coordinate is forgotten; infinite between different supports.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ or batches do not broadcast.

    See Also
    --------
    jensen_shannon_bounds, jeffreys_divergence, bhattacharyya_distance

    References
    ----------
    Nielsen 2019, arXiv:1904.04017.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(f"{gm.geometric_jensen_shannon_divergence(p, q):.6f}")
    0.275928
    """
    p, q = operands("geometric_jensen_shannon_divergence", p, q)
    quarter = 0.25 * jeffreys_divergence(p, q)
    finite = np.isfinite(quarter)
    distance = np.where(finite, bhattacharyya_distance(p, q), 0.0)
    return quarter - distance[()]


class JensenShannonBounds(NamedTuple):
    """What the Jensen–Shannon divergence lies between.

    Attributes
    ----------
    lower, upper : float or (...) array
        In nats.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> bounds = gm.jensen_shannon_bounds(p, q)
    >>> print(f"{bounds.lower:.6f} {bounds.upper:.6f}")
    0.077526 0.325413
    """

    lower: Scalars
    upper: Scalars


def jensen_shannon_bounds(p: Gaussian, q: Gaussian) -> JensenShannonBounds:
    """Return bounds on JS(p, q) = ½ KL(p‖m) + ½ KL(q‖m), m = ½ (p + q), in closed form.

    −log[½ (1 + BC)] ≤ JS ≤ ½ b(KL(p‖q)) + ½ b(KL(q‖p)),
    BC = ∫ √(p q),  b(k) = −log[½ (1 + exp(−k))]

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. Symmetric in p and q.

    Returns
    -------
    JensenShannonBounds
        A named pair (lower, upper), each a float or (...) array, in nats, from 0 at p = q to log 2
        for disjoint laws. Near p = q they are J/16 and J/4, and JS itself is J/8.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ or batches do not broadcast.

    See Also
    --------
    JensenShannonBounds, geometric_jensen_shannon_divergence, total_variation_distance

    References
    ----------
    Kolchinsky & Tracey 2017, arXiv:1706.02419.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> lower, upper = gm.jensen_shannon_bounds(p, q)
    >>> print(f"{lower:.6f} {upper:.6f}")
    0.077526 0.325413
    """
    p, q = operands("jensen_shannon_bounds", p, q)
    ends = kl_divergence(p, q), kl_divergence(q, p)
    upper = 0.5 * _mixed_overlap(ends[0]) + 0.5 * _mixed_overlap(ends[1])
    return JensenShannonBounds(_mixed_overlap(bhattacharyya_distance(p, q)), upper)


def _mixed_overlap(distance: Scalars) -> Scalars:
    """Return −log[½ (1 + exp(−D))]."""
    return -np.log1p(0.5 * np.expm1(-distance))
