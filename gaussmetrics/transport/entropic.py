"""Entropic optimal transport between Gaussians, and the Sinkhorn divergence made from it."""

from __future__ import annotations

import numpy as np

from gaussmetrics._array import linalg, reading
from gaussmetrics._array.types import Scalars
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.laws.operands import mean_difference, operands
from gaussmetrics.pairs.couplings import overlaps
from gaussmetrics.pairs.entropic import entropic_joint, entropic_loss, sinkhorn_shape
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


def entropic_transport_plan(p: Gaussian, q: Gaussian, *, epsilon: float) -> Gaussian:
    """Return the joint law of (X, Y) under the best coupling of entropic optimal transport.

    argmin E‖X − Y‖² + ε KL(π ‖ p⊗q) = N((μp, μq), [[Σp, C], [Cᵀ, Σq]])
    C = Fp V diag(k) Uᵀ Fqᵀ,  k = 4s / (ε + √(ε² + 16 s²)),  U diag(s) Vᵀ = svd(Fqᵀ Fp), Σ = F Fᵀ

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension d, singular ones included; batches (...) broadcast.
    epsilon : float
        The strength ε > 0 of the regularisation, in squared units of the variables, as in
        `entropic_transport_cost`.

    Returns
    -------
    Gaussian
        Of 2d variables, those of X first. Its marginals are p and q, and
        ``plan.conditional(given=range(d))`` is the blurred map from p to q.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian or epsilon is not a number.
    ValueError
        If dimensions differ, batches do not broadcast, or epsilon is not positive.

    See Also
    --------
    entropic_transport_cost, transport_map, mixture_transport_plan

    Notes
    -----
    From the optimal coupling of W2 at ε → 0, which is singular, to independence at ε → ∞. Where ε
    is below the rounding of the laws the plan is singular too.

    References
    ----------
    Janati, Muzellec, Peyré & Cuturi 2020, arXiv:2006.02572; Mallasto, Gerolin & Minh 2022,
    doi:10.1007/s41884-021-00052-8, arXiv:2006.03416.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> plan = gm.entropic_transport_plan(p, q, epsilon=3.0)
    >>> plan.mean, plan.cov.round(6)
    (array([0., 1.]), array([[1.      , 1.386001],
           [1.386001, 4.      ]]))
    >>> print(f"{gm.mutual_information(plan, 0, 1):.6f}")
    0.327203
    """
    p, q = operands("entropic_transport_plan", p, q)
    epsilon = reading.positive_number("epsilon", epsilon)
    batch = np.broadcast_shapes(p.batch_shape, q.batch_shape)
    means = [np.broadcast_to(law.mean, (*batch, law.dim)) for law in (p, q)]
    covariance = entropic_joint(p.covariance, q.covariance, epsilon)
    return Gaussian._from_checked(np.concatenate(means, axis=-1), covariance)


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
