"""The distances of Wasserstein and Gelbrich."""

from __future__ import annotations

import numpy as np

from gaussmetrics._array import linalg
from gaussmetrics._array.types import Scalars
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.laws.operands import mean_difference, operands, symmetric
from gaussmetrics.pairs.bures import bures


@symmetric
def squared_wasserstein_distance(p: Gaussian, q: Gaussian) -> Scalars:
    """Return the squared Wasserstein-2 distance, the least mean squared transport distance.

    W2² = ‖μp − μq‖² + tr Σp + tr Σq − 2 tr (Σp^½ Σq Σp^½)^½

    Also known as the Fréchet distance (as in FID); the covariance part is the squared Bures
    distance.

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. Symmetric in p and q.

    Returns
    -------
    float or (...) array
        The squared distance, in squared units of the variables; right to relative rounding near
        zero.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ or batches do not broadcast.

    See Also
    --------
    wasserstein_distance, squared_wasserstein_distance_gradient, explain, sinkhorn_divergence

    References
    ----------
    Dowson & Landau 1982, doi:10.1016/0047-259X(82)90077-X; Olkin & Pukelsheim 1982,
    doi:10.1016/0024-3795(82)90112-4; the derivation: Su Jianlin, https://kexue.fm/archives/8512.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(f"{gm.squared_wasserstein_distance(p, q):.6f}")
    2.000000
    """
    p, q = operands("squared_wasserstein_distance", p, q)
    shift = linalg.sum_of_squares(mean_difference(p, q), 1)
    return shift + bures(p.covariance, q.covariance)


@symmetric
def wasserstein_distance(p: Gaussian, q: Gaussian) -> Scalars:
    """Return the Wasserstein-2 distance, the square root of the squared one.

    W2 = √(‖μp − μq‖² + tr Σp + tr Σq − 2 tr (Σp^½ Σq Σp^½)^½)

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. Symmetric in p and q.

    Returns
    -------
    float or (...) array
        The distance itself, in the unit of the variables. A metric.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ or batches do not broadcast.

    See Also
    --------
    squared_wasserstein_distance, transport_map, gelbrich_bound, equality_test

    References
    ----------
    Dowson & Landau 1982, doi:10.1016/0047-259X(82)90077-X; Givens & Shortt 1984,
    doi:10.1307/mmj/1029003026.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([3.0], [[25.0]])
    >>> print(f"{gm.wasserstein_distance(p, q):.6f}")
    5.000000
    """
    p, q = operands("wasserstein_distance", p, q)
    shift = linalg.norm(mean_difference(p, q))
    return np.hypot(shift, np.sqrt(bures(p.covariance, q.covariance)))


@symmetric
def gelbrich_bound(p: Gaussian, q: Gaussian) -> Scalars:
    """Return a lower bound on the Wasserstein-2 distance of any two laws, from their moments.

    W2(P, Q) ≥ √(‖μp − μq‖² + tr Σp + tr Σq − 2 tr (Σp^½ Σq Σp^½)^½)

    P and Q may be any laws whatever: p and q only carry their means and covariances, and the bound
    is `wasserstein_distance(p, q)`. It is reached where Q is the image of P under x ↦ b + T x with
    a positive semidefinite T, such as within one elliptical family.

    Parameters
    ----------
    p, q : Gaussian
        The mean and the covariance of each law, of the same dimension; batches (...) broadcast.
        Of samples, ``Gaussian.from_samples(X, ddof=0)`` holds those of the empirical law.

    Returns
    -------
    float or (...) array
        A bound on the distance itself, not squared, in the unit of the variables.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ or batches do not broadcast.

    See Also
    --------
    wasserstein_distance

    References
    ----------
    Gelbrich 1990, doi:10.1002/mana.19901470121.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> x, y = [[0.0], [2.0]], [[1.0], [5.0]]  # one moves by 1, the other by 3
    >>> p, q = (gm.Gaussian.from_samples(points, ddof=0) for points in (x, y))
    >>> print(f"{gm.gelbrich_bound(p, q):.6f} {((1 + 9) / 2) ** 0.5:.6f}")
    2.236068 2.236068
    """
    p, q = operands("gelbrich_bound", p, q)
    return wasserstein_distance(p, q)
