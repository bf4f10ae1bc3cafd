"""The rotation-invariant family: the distances of Wasserstein and of Gromov and Wasserstein.

None changes when both laws are carried through the same rigid motion. Distances have the unit of
the variables themselves.
"""

from __future__ import annotations

import numpy as np

from gaussmetrics import _checks, _coupling, _linalg, _pair
from gaussmetrics._typing import Scalars
from gaussmetrics.gaussian import Gaussian, operand, operands


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


def gromov_wasserstein_distance(p: Gaussian, q: Gaussian) -> Scalars:
    """Return the Gromov–Wasserstein distance over Gaussian couplings, a comparison of shapes.

    GW² = min E(‖X − X′‖² − ‖Y − Y′‖²)² = 4 (tr Σp − tr Σq)² + 8 Σ (λi − κi)²

    (X, Y) and (X′, Y′) are independent copies of a jointly Gaussian coupling, λ and κ the
    eigenvalues of Σp and Σq, largest first, the shorter list filled with zeros.

    Parameters
    ----------
    p, q : Gaussian
        Laws whose dimensions may differ; batches (...) broadcast. Symmetric in p and q.

    Returns
    -------
    float or (...) array
        The distance itself, not squared, in squared units of the variables, because it compares
        squared distances. Zero where a rigid motion carries one law to the other.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If batches do not broadcast.

    Notes
    -----
    Over all couplings the minimum may be smaller: this is an upper bound on it. Between nearly
    equal laws digits are kept where no two eigenvalues of a law are as near each other as those of
    the two laws; elsewhere the error is about 1e-15 times the largest eigenvalue.

    References
    ----------
    Delon, Desolneux & Salmona 2022, doi:10.1017/jpr.2022.16, arXiv:2104.07970.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian.standard(2)
    >>> print(f"{gm.gromov_wasserstein_distance(p, q):.6f}")
    3.464102
    """
    operand("gromov_wasserstein_distance", "p", p)
    operand("gromov_wasserstein_distance", "q", q)
    _checks.batch_shape("p and q", p.batch_shape, q.batch_shape)
    difference = _coupling.eigenvalue_differences(p.covariance, q.covariance)
    value = np.hypot(2.0 * difference.sum(axis=-1), np.sqrt(8.0) * _linalg.norm(difference))
    return np.broadcast_to(value, np.broadcast_shapes(p.batch_shape, q.batch_shape))[()]
