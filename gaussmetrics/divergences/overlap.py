"""How much two densities overlap: Bhattacharyya, Hellinger, Cauchy–Schwarz."""

from __future__ import annotations

from functools import partial

import numpy as np

from gaussmetrics._array.types import Scalars
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.laws.operands import operands, symmetric
from gaussmetrics.pairs.combinations import midpoint
from gaussmetrics.pairs.covariance_terms import bhattacharyya_shape
from gaussmetrics.pairs.supports import on_common_support, squared_mahalanobis


@symmetric
def bhattacharyya_distance(p: Gaussian, q: Gaussian) -> Scalars:
    """Return the Bhattacharyya distance D_B = −log ∫ √(p q).

    D_B = ½ log[det Σ / √(det Σp det Σq)] + ⅛ Δᵀ Σ⁻¹ Δ,  Σ = ½ (Σp + Σq),  Δ = μp − μq

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. Symmetric in p and q.

    Returns
    -------
    float or (...) array
        In nats; zero if and only if p = q, and right to relative rounding near zero. It does not
        obey the triangle inequality; the Hellinger distance does.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ or batches do not broadcast.

    See Also
    --------
    bhattacharyya_coefficient, hellinger_distance, chernoff_information, explain

    References
    ----------
    Kailath 1967, doi:10.1109/TCOM.1967.1089532; the derivation: Su Jianlin,
    https://kexue.fm/archives/8512.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(f"{gm.bhattacharyya_distance(p, q):.6f}")
    0.161572
    """
    p, q = operands("bhattacharyya_distance", p, q)
    return on_common_support(partial(_about_midpoint, 0.125), p, q, np.inf)


@symmetric
def bhattacharyya_coefficient(p: Gaussian, q: Gaussian) -> Scalars:
    """Return the Bhattacharyya coefficient BC = ∫ √(p q) = exp(−D_B), the overlap of two laws.

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. Symmetric in p and q.

    Returns
    -------
    float or (...) array
        Between 0 (disjoint) and 1 (equal), without unit.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ or batches do not broadcast.

    See Also
    --------
    bhattacharyya_distance, hellinger_distance, bayes_error

    References
    ----------
    Kailath 1967, doi:10.1109/TCOM.1967.1089532.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(f"{gm.bhattacharyya_coefficient(p, q):.6f}")
    0.850805
    """
    p, q = operands("bhattacharyya_coefficient", p, q)
    return np.exp(-bhattacharyya_distance(p, q))


@symmetric
def hellinger_distance(p: Gaussian, q: Gaussian) -> Scalars:
    """Return the Hellinger distance H = √(1 − ∫ √(p q)) = √(1 − exp(−D_B)).

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. Symmetric in p and q.

    Returns
    -------
    float or (...) array
        The distance itself, not its square; between 0 and 1, without unit. A metric.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ or batches do not broadcast.

    See Also
    --------
    bhattacharyya_distance, total_variation_distance, hellinger_distance_gradient

    References
    ----------
    Pardo, Statistical Inference Based on Divergence Measures (2005), doi:10.1201/9781420034813.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(f"{gm.hellinger_distance(p, q):.6f}")
    0.386257
    """
    p, q = operands("hellinger_distance", p, q)
    return np.sqrt(-np.expm1(-bhattacharyya_distance(p, q)))


@symmetric
def cauchy_schwarz_divergence(p: Gaussian, q: Gaussian) -> Scalars:
    """Return the Cauchy–Schwarz divergence −log[∫ p q / √(∫ p² ∫ q²)].

    D_CS = ½ log[det Σ / √(det Σp det Σq)] + ¼ Δᵀ Σ⁻¹ Δ,  Σ = ½ (Σp + Σq),  Δ = μp − μq

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. Symmetric in p and q.

    Returns
    -------
    float or (...) array
        In nats; zero if and only if p = q, and right to relative rounding near zero. Infinite
        between different supports.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ or batches do not broadcast.

    See Also
    --------
    bhattacharyya_distance, maximum_mean_discrepancy

    References
    ----------
    Jenssen, Príncipe, Erdogmus & Eltoft 2006, doi:10.1016/j.jfranklin.2006.03.018.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(f"{gm.cauchy_schwarz_divergence(p, q):.6f}")
    0.211572
    """
    p, q = operands("cauchy_schwarz_divergence", p, q)
    return on_common_support(partial(_about_midpoint, 0.25), p, q, np.inf)


def _about_midpoint(weight: float, p: Gaussian, q: Gaussian) -> Scalars:
    """Return ½ log[det Σ / √(det Σp det Σq)] + w Δᵀ Σ⁻¹ Δ with Σ = ½ (Σp + Σq)."""
    middle = midpoint(p.covariance, q.covariance)
    shape = bhattacharyya_shape(p.covariance, q.covariance, middle)
    return shape + weight * squared_mahalanobis(p, q, middle)
