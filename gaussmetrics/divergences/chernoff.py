"""The integrals of p^α q^(1−α): Rényi, χ² and Chernoff."""

from __future__ import annotations

from functools import partial

import numpy as np

from gaussmetrics._array import reading
from gaussmetrics._array.types import Scalars
from gaussmetrics.divergences.information import kl_divergence
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.laws.operands import operands, symmetric
from gaussmetrics.pairs.chernoff import chernoff_exponent, chernoff_point, renyi_beyond_one
from gaussmetrics.pairs.combinations import mixture
from gaussmetrics.pairs.common_axes import axes_of
from gaussmetrics.pairs.covariance_terms import renyi_shape
from gaussmetrics.pairs.supports import on_common_support, squared_mahalanobis


def renyi_divergence(p: Gaussian, q: Gaussian, *, alpha: float) -> Scalars:
    """Return Rényi's divergence D_α(p‖q) = log ∫ p^α q^(1−α) / (α − 1) of order α.

    D_α = ½ α Δᵀ Σ_α⁻¹ Δ + ½ log[det Σ_α / (det Σp^(1−α) det Σq^α)] / (1 − α),
    Σ_α = (1 − α) Σp + α Σq,  Δ = μp − μq

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. Swapping them changes the value:
        (1 − α) D_α(p‖q) = α D_(1−α)(q‖p).
    alpha : float
        The order, positive and finite. Order 1 is KL, order ½ twice the Bhattacharyya distance.

    Returns
    -------
    float or (...) array
        In nats, increasing in α; zero if and only if p = q, and right to relative rounding near
        zero. Infinite between different supports, and for α > 1 where Σ_α is not positive
        definite, because the integral diverges.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian, or alpha not a number.
    ValueError
        If dimensions differ, batches do not broadcast, or alpha is not positive and finite.

    See Also
    --------
    kl_divergence, chernoff_information, chi_squared_divergence, renyi_divergence_gradient

    Notes
    -----
    Between low-rank plus diagonal covariances the cost is O(d r²) for α < 1. For α > 1 it is
    O(d³), because whether Σ_α is definite takes the eigenvalues of Σq⁻¹Σp.

    References
    ----------
    Gil, Alajaji & Linder 2013, doi:10.1016/j.ins.2013.06.018; van Erven & Harremoës 2014,
    arXiv:1206.2459.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(f"{gm.renyi_divergence(p, q, alpha=0.5):.6f}")
    0.323144
    >>> print(gm.renyi_divergence(q, p, alpha=2))
    inf
    """
    p, q = operands("renyi_divergence", p, q)
    alpha = reading.positive_number("alpha", alpha)
    if alpha == 1.0:
        return kl_divergence(p, q)
    renyi = _renyi_beyond_one if alpha > 1.0 else _renyi_below_one
    return on_common_support(partial(renyi, alpha), p, q, np.inf)


def _renyi_beyond_one(alpha: float, p: Gaussian, q: Gaussian) -> Scalars:
    return renyi_beyond_one(axes_of(p, q), alpha)


def _renyi_below_one(alpha: float, p: Gaussian, q: Gaussian) -> Scalars:
    mixed = mixture(p.covariance, q.covariance, 1.0 - alpha)
    shape = renyi_shape(p.covariance, q.covariance, mixed, alpha)
    return shape + 0.5 * alpha * squared_mahalanobis(p, q, mixed)


def chi_squared_divergence(p: Gaussian, q: Gaussian) -> Scalars:
    """Return Pearson's χ² divergence χ²(p‖q) = ∫ (p − q)² / q = exp(D_2(p‖q)) − 1.

    D_2 is Rényi's divergence of order 2.

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. The square is relative to q: swapping
        the operands gives Neyman's χ².

    Returns
    -------
    float or (...) array
        Without unit; zero if and only if p = q, and right to relative rounding near zero. Infinite
        unless 2Σq − Σp is positive definite, and where exp(D_2) exceeds the largest float.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ or batches do not broadcast.

    See Also
    --------
    renyi_divergence, kl_divergence

    Notes
    -----
    Costs O(d³) for all structures but the diagonal one.

    References
    ----------
    Nielsen & Nock 2014, arXiv:1309.3029.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(f"{gm.chi_squared_divergence(p, q):.6f}")
    0.744026
    """
    p, q = operands("chi_squared_divergence", p, q)
    with np.errstate(over="ignore"):
        return np.expm1(renyi_divergence(p, q, alpha=2.0))


@symmetric
def chernoff_information(p: Gaussian, q: Gaussian) -> Scalars:
    """Return the Chernoff information C = max over α of −log ∫ p^α q^(1−α), 0 < α < 1.

    It is the rate at which the error of the best test between p and q decays with the number of
    samples, and also KL(m‖p) = KL(m‖q) for the law m ∝ p^α q^(1−α) at the best α.

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. Symmetric in p and q.

    Returns
    -------
    float or (...) array
        In nats, at least the Bhattacharyya distance; zero if and only if p = q, and right to
        relative rounding near zero. Infinite between different supports.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ or batches do not broadcast.

    See Also
    --------
    chernoff_alpha, bhattacharyya_distance, bayes_error

    Notes
    -----
    The maximum is that of a concave function of one variable, found by bisection of its slope.
    Costs O(d³) for all structures but the diagonal one.

    References
    ----------
    Chernoff 1952, doi:10.1214/aoms/1177729330; Nielsen 2013, arXiv:1102.2684; Nielsen 2022,
    doi:10.3390/e24101400.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(f"{gm.chernoff_information(p, q):.6f}")
    0.172117
    """
    p, q = operands("chernoff_information", p, q)
    return on_common_support(_information, p, q, np.inf)


def _information(p: Gaussian, q: Gaussian) -> Scalars:
    axes = axes_of(p, q)
    return chernoff_exponent(axes, *chernoff_point(axes, 0.0))


def chernoff_alpha(p: Gaussian, q: Gaussian) -> Scalars:
    """Return the α in (0, 1) that maximises −log ∫ p^α q^(1−α), as the Chernoff information does.

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. Swapping them turns α into 1 − α.

    Returns
    -------
    float or (...) array
        The weight of p, without unit; ½ for equal covariances, for equal laws, and between
        different supports, where every α gives infinity.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ or batches do not broadcast.

    See Also
    --------
    chernoff_information, renyi_divergence

    Notes
    -----
    Costs O(d³) for all structures but the diagonal one.

    References
    ----------
    Nielsen 2013, arXiv:1102.2684; Nielsen 2022, doi:10.3390/e24101400.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(f"{gm.chernoff_alpha(p, q):.6f}")
    0.370577
    """
    p, q = operands("chernoff_alpha", p, q)
    return on_common_support(_best_alpha, p, q, 0.5)


def _best_alpha(p: Gaussian, q: Gaussian) -> Scalars:
    return chernoff_point(axes_of(p, q), 0.0)[0]
