"""Optimal maps between Gaussians, and the geodesics along them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike

from gaussmetrics._array import reading
from gaussmetrics._array.types import Array
from gaussmetrics.laws import gaussian_checks
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.laws.operands import operands, path_time
from gaussmetrics.pairs.couplings import interpolate, optimal_map


@dataclass(frozen=True, eq=False)
class _AffineMap:
    """The map x ↦ μq + T (x − μp) from one Gaussian to another."""

    source: Gaussian
    target: Gaussian
    matrix: Array

    @property
    def offset(self) -> Array:
        """The b (..., d) of x ↦ T x + b."""
        return self.target.mean - (self.matrix @ self.source.mean[..., None])[..., 0]

    def _images(self, x: ArrayLike) -> Array:
        points = gaussian_checks.points(x, self.source.dim)
        reading.batch_shape("x and the map", points.shape[:-1], self.matrix.shape[:-2])
        moved = self.matrix @ (points - self.source.mean)[..., None]
        return self.target.mean + moved[..., 0]


@final
@dataclass(frozen=True, eq=False)
class TransportMap(_AffineMap):
    """The optimal map x ↦ μq + T (x − μp) from one Gaussian to another.

    Attributes
    ----------
    source, target : Gaussian
        The law it starts from and the law it arrives at.
    matrix : (..., d, d) array
        T, symmetric and positive semidefinite, with T Σp T = Σq.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([1.0], [[1.0]]), gm.Gaussian([0.0], [[4.0]])
    >>> move = gm.transport_map(p, q)
    >>> move.matrix, move.offset, move([1.0, 3.0][0:1])
    (array([[2.]]), array([-2.]), array([0.]))
    """

    def __call__(self, x: ArrayLike) -> Array:
        """Return the images of points.

        Parameters
        ----------
        x : (..., d) array_like
            Points; their leading dimensions broadcast with the batch.

        Returns
        -------
        (..., d) array

        Raises
        ------
        ValueError
            If the last dimension of x is not d, or the batch shapes do not broadcast.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([3.0], [[4.0]])
        >>> gm.transport_map(p, q)([1.0])
        array([5.])
        """
        return self._images(x)

    def inverse(self) -> TransportMap:
        """Return the optimal map back, from q to p.

        Returns
        -------
        TransportMap

        Raises
        ------
        ValueError
            If p varies in directions that q does not see: no map leads back.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([3.0], [[4.0]])
        >>> gm.transport_map(p, q).inverse()([5.0])
        array([1.])
        """
        return transport_map(self.target, self.source)


@final
@dataclass(frozen=True, eq=False)
class GromovWassersteinMap(_AffineMap):
    """The map x ↦ μq + T (x − μp) that keeps distances best, between spaces of any dimensions.

    Attributes
    ----------
    source, target : Gaussian
        The law it starts from, of m variables, and the law it arrives at, of n.
    matrix : (..., n, m) array
        T, with T Σp Tᵀ = Σq.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([1.0, 0.0], [[9.0, 0.0], [0.0, 1.0]]), gm.Gaussian([5.0], [[4.0]])
    >>> move = gm.gromov_wasserstein_map(p, q)
    >>> move.offset.round(6), move([[1.0, 7.0], [4.0, 7.0]]).round(6)
    (array([4.333333]), array([[5.],
           [7.]]))
    """

    def __call__(self, x: ArrayLike) -> Array:
        """Return the images of points.

        Parameters
        ----------
        x : (..., m) array_like
            Points; their leading dimensions broadcast with the batch.

        Returns
        -------
        (..., n) array

        Raises
        ------
        ValueError
            If the last dimension of x is not m, or the batch shapes do not broadcast.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([3.0], [[4.0]])
        >>> gm.gromov_wasserstein_map(p, q)([1.0])
        array([5.])
        """
        return self._images(x)


def transport_map(p: Gaussian, q: Gaussian) -> TransportMap:
    """Return the optimal map from p to q, the one of least mean squared displacement.

    x ↦ μq + T (x − μp),  T = Σp^−½ (Σp^½ Σq Σp^½)^½ Σp^−½,  T Σp T = Σq

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. The map goes from p to q.

    Returns
    -------
    TransportMap
        A function of points (..., d), with `matrix` (..., d, d), `offset` (..., d) and
        `inverse()`, the map from q to p. E‖X − T(X)‖² is the squared Wasserstein-2 distance.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ, batches do not broadcast, or p is singular and no map exists.

    See Also
    --------
    TransportMap, wasserstein_geodesic, plot_transport

    Notes
    -----
    If p is singular, T is the solution that vanishes where it has no say: on directions in which
    q does not vary.

    References
    ----------
    Knott & Smith 1984, doi:10.1007/BF00934745; Olkin & Pukelsheim 1982,
    doi:10.1016/0024-3795(82)90112-4.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([3.0], [[4.0]])
    >>> move = gm.transport_map(p, q)
    >>> move([[0.0], [1.0]]), move.inverse()([[5.0]])
    (array([[3.],
           [5.]]), array([[1.]]))
    """
    p, q = operands("transport_map", p, q)
    matrix, exists = optimal_map(p.covariance, q.covariance)
    map_exists(exists)
    batch = np.broadcast_shapes(p.batch_shape, q.batch_shape)
    return TransportMap(p, q, np.broadcast_to(matrix, (*batch, p.dim, p.dim)))


def wasserstein_geodesic(p: Gaussian, q: Gaussian, t: ArrayLike) -> Gaussian:
    """Return the law at time t of the shortest path from p to q, McCann's interpolation.

    N((1 − t) μp + t μq, Tt Σp Tt),  Tt = (1 − t) I + t T,  T the optimal map

    It is the law of (1 − t) X + t Y under the optimal coupling, which exists for all laws, also
    for singular ones between which there is no map. W2(p, pt) = t W2(p, q).

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast.
    t : (...) array_like
        Times from 0 (p) to 1 (q); they broadcast with the batch.

    Returns
    -------
    Gaussian
        With the batch of all three. Diagonal between diagonal laws, without structure otherwise.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian, or t does not hold real numbers.
    ValueError
        If dimensions differ, batches do not broadcast, or t leaves [0, 1].

    See Also
    --------
    transport_map, wasserstein_barycenter, plot_transport

    References
    ----------
    McCann 1997, doi:10.1006/aima.1997.1634; Takatsu 2011, arXiv:0801.2250.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([2.0], [[9.0]])
    >>> halfway = gm.wasserstein_geodesic(p, q, 0.5)
    >>> halfway.mean, halfway.cov
    (array([1.]), array([[4.]]))
    """
    p, q = operands("wasserstein_geodesic", p, q)
    times = path_time(t)
    reading.batch_shape("p, q and t", p.batch_shape, q.batch_shape, times.shape)
    weight = times[..., None]
    mean = (1.0 - weight) * p.mean + weight * q.mean
    covariance = interpolate(p.covariance, q.covariance, times)
    return Gaussian._from_checked(mean, covariance, p.names or q.names)


def map_exists(exists: Any) -> None:
    """Check that p varies in enough directions to be carried to q by a map."""
    if not np.all(exists):
        raise ValueError(
            "no map carries p to q, because q varies in directions that p does not see. "
            "Use wasserstein_geodesic, which needs no map, or add noise to p."
        )
