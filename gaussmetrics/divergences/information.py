"""Expected logarithms: entropies, Kullback–Leibler, Jeffreys and mutual information."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array.types import Scalars
from gaussmetrics.laws import gaussian_checks
from gaussmetrics.laws.gaussian import LOG_2PI, Gaussian, operand
from gaussmetrics.laws.operands import operands, symmetric
from gaussmetrics.pairs.covariance_terms import kl_terms, relative_trace
from gaussmetrics.pairs.shared_information import shared_information
from gaussmetrics.pairs.supports import (
    infinite_beyond_floats,
    on_common_support,
    on_second_support,
    squared_mahalanobis,
)


def entropy(p: Gaussian) -> Scalars:
    """Return the differential entropy H(p) = −E_p log p of a Gaussian.

    H = ½ log det Σ + ½ d (1 + log 2π)

    Parameters
    ----------
    p : Gaussian
        A law or a batch (...) of laws.

    Returns
    -------
    float or (...) array
        In nats; negative for concentrated laws.

    Raises
    ------
    TypeError
        If p is not a Gaussian.

    See Also
    --------
    cross_entropy, mutual_information

    References
    ----------
    Cover & Thomas, Elements of Information Theory (2006), theorem 8.4.1,
    doi:10.1002/047174882X.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> print(f"{gm.entropy(gm.Gaussian.standard(1)):.6f}")
    1.418939
    """
    p = operand("entropy", "p", p)
    log_det = np.broadcast_to(p.covariance.log_det(), p.batch_shape)
    return 0.5 * (log_det + p.covariance.rank() * (1.0 + LOG_2PI))


def cross_entropy(p: Gaussian, q: Gaussian) -> Scalars:
    """Return the cross-entropy H(p, q) = −E_p log q = H(p) + KL(p‖q).

    H(p, q) = ½ [log det Σq + d log 2π + tr(Σq⁻¹Σp) + Δᵀ Σq⁻¹ Δ],  Δ = μp − μq

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. The expectation is under p.

    Returns
    -------
    float or (...) array
        In nats.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ or batches do not broadcast.

    See Also
    --------
    entropy, kl_divergence

    References
    ----------
    Cover & Thomas, Elements of Information Theory (2006), section 8.5, doi:10.1002/047174882X.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(f"{gm.cross_entropy(p, q):.6f}")
    1.862086
    """
    p, q = operands("cross_entropy", p, q)
    square = on_second_support(_mean_square, p, q, np.inf)
    return 0.5 * (q.covariance.log_det() + q.covariance.rank() * LOG_2PI + square)


def kl_divergence(p: Gaussian, q: Gaussian) -> Scalars:
    """Return the Kullback–Leibler divergence KL(p‖q) = E_p log(p/q) of p from q.

    KL(p‖q) = ½ [Δᵀ Σq⁻¹ Δ + tr(Σq⁻¹Σp) − log det(Σq⁻¹Σp) − d],  Δ = μp − μq

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. The expectation is under p: swapping
        the operands changes the value.

    Returns
    -------
    float or (...) array
        In nats; zero if and only if p = q, and right to relative rounding near zero.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ or batches do not broadcast.

    See Also
    --------
    jeffreys_divergence, renyi_divergence, cross_entropy, kl_divergence_gradient, explain

    References
    ----------
    Kullback & Leibler 1951, doi:10.1214/aoms/1177729694; the derivation: Su Jianlin,
    https://kexue.fm/archives/8512.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(f"{gm.kl_divergence(p, q):.6f} {gm.kl_divergence(q, p):.6f}")
    0.443147 1.306853
    """
    p, q = operands("kl_divergence", p, q)
    return on_common_support(_kl, p, q, np.inf)


@symmetric
def jeffreys_divergence(p: Gaussian, q: Gaussian) -> Scalars:
    """Return Jeffreys' divergence J = KL(p‖q) + KL(q‖p), the plain sum.

    J = ½ [tr(Σq⁻¹Σp) + tr(Σp⁻¹Σq) − 2d + Δᵀ (Σp⁻¹ + Σq⁻¹) Δ],  Δ = μp − μq

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. Symmetric in p and q.

    Returns
    -------
    float or (...) array
        In nats, the sum and not half of it; zero if and only if p = q, and right to relative
        rounding near zero. Infinite between different supports.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ or batches do not broadcast.

    See Also
    --------
    kl_divergence, geometric_jensen_shannon_divergence, jeffreys_divergence_gradient

    References
    ----------
    Jeffreys 1946, doi:10.1098/rspa.1946.0056; Kullback & Leibler 1951,
    doi:10.1214/aoms/1177729694.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(f"{gm.jeffreys_divergence(p, q):.6f}")
    1.750000
    """
    p, q = operands("jeffreys_divergence", p, q)
    return kl_divergence(p, q) + kl_divergence(q, p)


def mutual_information(p: Gaussian, x_index: Any, y_index: Any) -> Scalars:
    """Return the mutual information I(x; y) of two groups of coordinates of one law.

    I = KL(p_xy ‖ p_x ⊗ p_y) = ½ log[det Σxx det Σyy / det Σ] = −½ Σ log(1 − ρ²),
    with the canonical correlations ρ of x and y.

    Parameters
    ----------
    p : Gaussian
        A law or a batch (...) of laws.
    x_index, y_index : int, slice, sequence of int, or boolean mask
        Two groups of coordinates that share none; others are forgotten.

    Returns
    -------
    float or (...) array
        In nats; zero if and only if x and y are independent, and right to relative rounding near
        zero. Infinite where a direction of y is a function of x.

    Raises
    ------
    TypeError
        If p is not a Gaussian.
    ValueError
        If a coordinate is out of range or named twice.

    See Also
    --------
    kl_divergence, entropy, mutual_information_bound

    References
    ----------
    Cover & Thomas, Elements of Information Theory (2006), section 8.5, doi:10.1002/047174882X.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p = gm.Gaussian([0.0, 0.0], [[1.0, 0.6], [0.6, 1.0]])
    >>> print(f"{gm.mutual_information(p, 0, 1):.6f}")
    0.223144
    """
    p = operand("mutual_information", "p", p)
    x = gaussian_checks.coordinates("x_index", x_index, p.dim, p.names)
    y = gaussian_checks.coordinates("y_index", y_index, p.dim, p.names)
    disjoint(x, y)
    value = shared_information(p.covariance, x, y)
    return np.broadcast_to(value, p.batch_shape)[()] * 1.0


@infinite_beyond_floats
def _kl(p: Gaussian, q: Gaussian) -> Scalars:
    shape, distance = kl_terms(p.covariance, q.covariance, p.mean - q.mean)
    return shape + 0.5 * distance


@infinite_beyond_floats
def _mean_square(p: Gaussian, q: Gaussian) -> Scalars:
    """Return E_p (x − μq)ᵀ Σq⁻¹ (x − μq)."""
    trace = relative_trace(p.covariance, q.covariance)
    return trace + squared_mahalanobis(p, q, q.covariance)


def disjoint(x: NDArray[np.intp], y: NDArray[np.intp]) -> None:
    """Check that two groups of coordinates share none."""
    both = np.intersect1d(x, y)
    if len(both):
        raise ValueError(
            f"x_index and y_index must not share coordinates, but both name {both.tolist()}. "
            "A variable and itself have infinite mutual information."
        )
