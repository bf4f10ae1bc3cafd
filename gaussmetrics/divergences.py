"""The affine-invariant family: entropy, Kullback–Leibler, Bhattacharyya, Hellinger.

Each is a sum over the eigenvalues of Σq⁻¹Σp plus a quadratic form in Δ = μp − μq, so none changes
when both laws are carried through the same invertible affine map (entropies excepted). All are in
nats.
"""

from __future__ import annotations

import numpy as np

from gaussmetrics import _linalg, _pair
from gaussmetrics._typing import Scalars
from gaussmetrics.covariance import Covariance
from gaussmetrics.gaussian import LOG_2PI, Gaussian, operand, operands


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
    a, b = p.covariance, q.covariance
    normaliser = b.log_det() + b.rank() * LOG_2PI
    trace = _pair.infinite_unless(_pair.support_within(a, b), _pair.relative_trace(a, b))
    return 0.5 * (normaliser + trace + _squared_mahalanobis(p, q, b))


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
    shape = _pair.kl_shape(p.covariance, q.covariance)
    return shape + 0.5 * _squared_mahalanobis(p, q, q.covariance)


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
    middle = _pair.midpoint(p.covariance, q.covariance)
    shape = _pair.bhattacharyya_shape(p.covariance, q.covariance, middle)
    return shape + 0.125 * _squared_mahalanobis(p, q, middle)


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


def _squared_mahalanobis(p: Gaussian, q: Gaussian, cov: Covariance) -> Scalars:
    """Return Δᵀ Σ⁻¹ Δ, infinite where the difference of the means leaves the support of Σ."""
    shift = p.mean - q.mean
    distance = _linalg.sum_of_squares(cov.whiten(shift), 1)
    if not cov.singular:
        return distance
    magnitude = _linalg.norm(p.mean) + _linalg.norm(q.mean)
    return _pair.infinite_unless(cov.contains(shift, magnitude), distance)
