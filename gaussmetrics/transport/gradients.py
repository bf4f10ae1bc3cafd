"""The gradient of the squared Wasserstein distance, in both means and both covariances."""

from __future__ import annotations

from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.laws.operands import mean_difference
from gaussmetrics.pairs.bures import map_minus_identity
from gaussmetrics.pairs.gradient import Gradient, in_stored_shapes, regular_operands


def squared_wasserstein_distance_gradient(p: Gaussian, q: Gaussian) -> Gradient:
    """Return the gradient of the squared Wasserstein-2 distance.

    ∂/∂μp = 2Δ,  ∂/∂Σp = I − T,  ∂/∂μq = −2Δ,  ∂/∂Σq = I − T⁻¹,  Δ = μp − μq

    with the optimal map T of N(0, Σp) to N(0, Σq), the positive T with T Σp T = Σq.

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension with positive definite covariances; batches (...) broadcast.

    Returns
    -------
    Gradient
        In squared units of the variables per unit of the parameter; right to relative rounding
        near p = q.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If a covariance is singular, dimensions differ or batches do not broadcast.

    See Also
    --------
    squared_wasserstein_distance, transport_map, Gradient

    References
    ----------
    Olkin & Pukelsheim 1982, doi:10.1016/0024-3795(82)90112-4; Bhatia, Jain & Lim 2019,
    doi:10.1016/j.exmath.2018.01.002.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(gm.squared_wasserstein_distance_gradient(p, q).p_cov)
    [[-1.]]
    """
    p, q = regular_operands("squared_wasserstein_distance_gradient", p, q)
    return in_stored_shapes(_wasserstein, p, q)


def _wasserstein(p: Gaussian, q: Gaussian) -> Gradient:
    a, b = p.covariance, q.covariance
    mean = mean_difference(p, q, times=2.0)
    return Gradient(mean, -map_minus_identity(a, b), -mean, -map_minus_identity(b, a))
