"""The rotation-invariant family: the Wasserstein-2 distance.

None changes when both laws are carried through the same rigid motion. Distances have the unit of
the variables themselves.
"""

from __future__ import annotations

import numpy as np

from gaussmetrics import _linalg, _pair
from gaussmetrics._typing import Scalars
from gaussmetrics.gaussian import Gaussian, operands


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
    shift = _linalg.sum_of_squares(p.mean - q.mean, 1)
    return shift + _pair.bures(p.covariance, q.covariance)


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
    shift = _linalg.norm(p.mean - q.mean)
    return np.hypot(shift, np.sqrt(_pair.bures(p.covariance, q.covariance)))
