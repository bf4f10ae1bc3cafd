"""Entropic optimal transport between Gaussians, and the Sinkhorn divergence made from it."""

from __future__ import annotations

from gaussmetrics._array import linalg, reading
from gaussmetrics._array.types import Scalars
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.laws.operands import mean_difference, operands
from gaussmetrics.pairs.couplings import overlaps
from gaussmetrics.pairs.entropic import entropic_loss, sinkhorn_shape
from gaussmetrics.transport.wasserstein import squared_wasserstein_distance


def entropic_transport_cost(p: Gaussian, q: Gaussian, *, epsilon: float) -> Scalars:
    """Return the cost of entropic optimal transport, with the squared distance as ground cost.

    OTε = min E‖X − Y‖² + ε KL(π ‖ p⊗q)
        = ‖Δ‖² + tr Σp + tr Σq − (ε/2) Σ [m − log m + log 2 − 2],  m = 1 + √(1 + 16 s²/ε²)

    The minimum is over all couplings π of p and q; s² are the eigenvalues of Σp^½ Σq Σp^½. It
    rises from W2² at ε → 0 to E‖X − Y‖² under independence at ε → ∞.

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension, singular ones included; batches (...) broadcast. Symmetric.
    epsilon : float
        The strength ε > 0 of the regularisation, in squared units of the variables. Beware of
        conventions: libraries that regularise by ½‖X − Y‖² or by −ε H(π) mean other numbers.

    Returns
    -------
    float or (...) array
        In squared units of the variables; positive also at p = q, unless that is a point.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian or epsilon is not a number.
    ValueError
        If dimensions differ, batches do not broadcast, or epsilon is not positive.

    See Also
    --------
    sinkhorn_divergence, squared_wasserstein_distance

    References
    ----------
    Janati, Muzellec, Peyré & Cuturi 2020, arXiv:2006.02572; Mallasto, Gerolin & Minh 2022,
    doi:10.1007/s41884-021-00052-8, arXiv:2006.03416.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> for epsilon in (1e-6, 1.0, 1e6):
    ...     print(f"{gm.entropic_transport_cost(p, q, epsilon=epsilon):.4f}")
    2.0000
    3.2244
    6.0000
    """
    p, q = operands("entropic_transport_cost", p, q)
    epsilon = reading.positive_number("epsilon", epsilon)
    loss = entropic_loss(overlaps(p.covariance, q.covariance), epsilon)
    return squared_wasserstein_distance(p, q) + loss


def sinkhorn_divergence(p: Gaussian, q: Gaussian, *, epsilon: float) -> Scalars:
    """Return the Sinkhorn divergence, entropic transport without its bias at p = q.

    Sε(p, q) = OTε(p, q) − ½ OTε(p, p) − ½ OTε(q, q),  OTε as in `entropic_transport_cost`

    It falls from W2² at ε → 0 to ‖μp − μq‖² at ε → ∞.

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension, singular ones included; batches (...) broadcast. Symmetric.
    epsilon : float
        The strength ε > 0 of the regularisation, in squared units of the variables.

    Returns
    -------
    float or (...) array
        In squared units of the variables; never negative, zero only at p = q, and right to
        relative rounding near zero.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian or epsilon is not a number.
    ValueError
        If dimensions differ, batches do not broadcast, or epsilon is not positive.

    See Also
    --------
    entropic_transport_cost, squared_wasserstein_distance

    References
    ----------
    Feydy et al. 2019, arXiv:1810.08278; for Gaussians: Janati, Muzellec, Peyré & Cuturi 2020,
    arXiv:2006.02572.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> for epsilon in (1e-6, 1.0, 1e6):
    ...     print(f"{gm.sinkhorn_divergence(p, q, epsilon=epsilon):.4f}")
    2.0000
    1.9923
    1.0000
    """
    p, q = operands("sinkhorn_divergence", p, q)
    epsilon = reading.positive_number("epsilon", epsilon)
    shift = linalg.sum_of_squares(mean_difference(p, q), 1)
    return shift + sinkhorn_shape(p.covariance, q.covariance, epsilon)
