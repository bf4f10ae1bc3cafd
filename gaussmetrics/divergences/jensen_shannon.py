"""Jensen and Shannon: the geometric divergence, and bounds on the true one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gaussmetrics._array.types import Scalars
from gaussmetrics.divergences.information import jeffreys_divergence, kl_divergence
from gaussmetrics.divergences.overlap import bhattacharyya_distance
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.laws.operands import operands, symmetric


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
    """Return bounds on JS(p, q) = ½ KL(p‖m) + ½ KL(q‖m), m = ½ (p + q), which has no closed form.

    −log[½ (1 + BC)] ≤ JS ≤ −½ log[½ (1 + exp(−KL(p‖q)))] − ½ log[½ (1 + exp(−KL(q‖p)))],
    BC = ∫ √(p q)

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
