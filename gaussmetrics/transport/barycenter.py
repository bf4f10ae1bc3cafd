"""The mean of many laws under the Wasserstein distance."""

from __future__ import annotations

from numpy.typing import ArrayLike

from gaussmetrics._array import reading
from gaussmetrics.laws.gaussian import Gaussian, operand
from gaussmetrics.laws.gaussian_checks import flat_batch, law_weights
from gaussmetrics.pairs.mean import mean_covariance


def wasserstein_barycenter(
    ps: Gaussian,
    weights: ArrayLike | None = None,
    *,
    tolerance: float = 1e-9,
    max_steps: int = 100,
) -> Gaussian:
    """Return the barycentre, the law with the least mean squared Wasserstein-2 distance.

    Σ w W2²(p, ·) is smallest at N(Σ w μ, S) with S = Σ w (S^½ Σ S^½)^½, sums over the laws

    Fixed point: S ← T S T with T the mean of the optimal maps from S to the laws.

    Parameters
    ----------
    ps : Gaussian
        A batch of shape (n,).
    weights : (n,) array_like, optional
        Not negative, not all zero; divided by their sum. Equal by default.
    tolerance : float
        The iteration stops when a step changes the factor of S by less than this fraction.
    max_steps : int
        How many steps it may take; ordinary data need about ten.

    Returns
    -------
    Gaussian
        A single law; its covariance is diagonal if all are, and without structure otherwise.

    Raises
    ------
    TypeError
        If ps is not a Gaussian or an option is not a number.
    ValueError
        If ps is not a batch of shape (n,), weights do not fit, or all laws are singular.
    RuntimeError
        If the iteration has not converged; the text gives the residual.

    See Also
    --------
    wasserstein_geodesic, mixture_wasserstein_distance

    References
    ----------
    Agueh & Carlier 2011, doi:10.1137/100805741; the iteration: Álvarez-Esteban, del Barrio,
    Cuesta-Albertos & Matrán 2016, arXiv:1511.05355; how it is sped up:
    Walker & Ni 2011, doi:10.1137/10078356X.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> ps = gm.Gaussian([[0.0], [3.0]], [[[1.0]], [[16.0]]])
    >>> middle = gm.wasserstein_barycenter(ps, weights=[2.0, 1.0])
    >>> print(f"{middle.mean[0]:.6f} {middle.cov[0, 0]:.6f}")
    1.000000 4.000000
    """
    flat_batch("ps", operand("wasserstein_barycenter", "ps", ps))
    w = law_weights("weights", weights, len(ps))
    tolerance = reading.positive_number("tolerance", tolerance)
    steps = reading.step_count("max_steps", max_steps)
    laws = ps[w > 0]
    w = w[w > 0]
    covs = laws.covariance.broadcast_to(laws.batch_shape)
    covariance = mean_covariance(covs, w, tolerance, steps)
    return Gaussian._from_checked(w @ laws.mean, covariance, laws.names)
