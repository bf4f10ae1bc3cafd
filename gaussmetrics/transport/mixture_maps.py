"""What the plan between two mixtures does to a point: a map that spreads, and its mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from gaussmetrics._array import reading
from gaussmetrics._array.types import Array
from gaussmetrics.laws import gaussian_checks
from gaussmetrics.laws.gaussian import Mixture
from gaussmetrics.laws.operands import mixture
from gaussmetrics.transport.maps import TransportMap, transport_map
from gaussmetrics.transport.mixtures import mixture_transport_plan


@final
@dataclass(frozen=True, eq=False)
class MixtureTransportMap:
    """The plan between two mixtures, as what it does to a point x of the first.

    With the plan's weight w_ij and the optimal map T_ij from component i to component j, x moves to
    T_ij(x) with a probability proportional to w_ij p_i(x). A call returns the mean of that.

    Attributes
    ----------
    source, target : Mixture
        The mixture it starts from and the one it arrives at.
    weights : (r,) array
        The positive weights of the plan.
    maps : TransportMap
        The batch (r,) of the maps between the components that they pair.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p = gm.Mixture(None, gm.Gaussian([[0.0], [9.0]], [[1.0]]))
    >>> q = gm.Mixture([3.0, 1.0], gm.Gaussian([[1.0], [10.0]], [[1.0]]))
    >>> move = gm.mixture_transport_map(p, q)
    >>> move([[0.0], [9.0]]).round(6)
    array([[1. ],
           [5.5]])
    >>> move.sample([[9.0]] * 4, rng=0)
    array([[10.],
           [ 1.],
           [ 1.],
           [ 1.]])
    """

    source: Mixture
    target: Mixture
    weights: Array
    maps: TransportMap

    def __call__(self, x: ArrayLike) -> Array:
        """Return the mean image of points, E[Y | X = x] under the plan.

        Parameters
        ----------
        x : (..., d) array_like
            Points.

        Returns
        -------
        (..., d) array

        Raises
        ------
        ValueError
            If the last dimension of x is not d.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> p = gm.Mixture(None, gm.Gaussian([[0.0], [9.0]], [[1.0]]))
        >>> q = gm.Mixture(None, gm.Gaussian([[2.0]], [[1.0]]))
        >>> gm.mixture_transport_map(p, q)([4.5])
        array([2.])
        """
        points = gaussian_checks.points(x, self.source.dim)
        return np.einsum("...r,...rd->...d", self._shares(points), self.maps(points[..., None, :]))

    def sample(self, x: ArrayLike, rng: np.random.Generator | int | None = None) -> Array:
        """Draw an image of every point: of draws from the source they are draws from the target.

        Parameters
        ----------
        x : (..., d) array_like
            Points.
        rng : Generator or int, optional
            The source of randomness or a seed; None draws fresh entropy.

        Returns
        -------
        (..., d) array

        Raises
        ------
        TypeError
            If rng is no source of randomness.
        ValueError
            If the last dimension of x is not d.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> p = gm.Mixture(None, gm.Gaussian([[0.0]], [[1.0]]))
        >>> q = gm.Mixture(None, gm.Gaussian([[0.0], [9.0]], [[1.0]]))
        >>> gm.mixture_transport_map(p, q).sample([[0.0]] * 5, rng=0).ravel()
        array([9., 0., 0., 0., 9.])
        """
        points = gaussian_checks.points(x, self.source.dim)
        reached = np.cumsum(self._shares(points), axis=-1)
        drawn = reading.generator(rng).random((*points.shape[:-1], 1))
        chosen = (drawn * reached[..., -1:] >= reached).sum(axis=-1)
        images = self.maps(points[..., None, :])
        return np.take_along_axis(images, chosen[..., None, None], axis=-2)[..., 0, :]

    def _shares(self, points: Array) -> Array:
        """Return the probability (..., r) of each map at each point."""
        logs = np.log(self.weights) + self.maps.source.logpdf(points[..., None, :])
        top = logs.max(axis=-1, keepdims=True)
        # So far out that all densities vanish, the plan alone decides.
        logs = np.where(np.isneginf(top), np.log(self.weights), logs - np.maximum(top, -1e308))
        shares = np.exp(logs)
        return np.asarray(shares / shares.sum(axis=-1, keepdims=True))


def mixture_transport_map(p: Mixture, q: Mixture) -> MixtureTransportMap:
    """Return what the plan behind MW2 does to points of the first of two mixtures.

    x ↦ Σ w_ij p_i(x) T_ij(x) / Σ w_ij p_i(x),  w the plan, T_ij the map from p_i to q_j

    Parameters
    ----------
    p, q : Mixture
        Of one dimension. The map goes from p to q; the components of p have densities.

    Returns
    -------
    MixtureTransportMap
        A function of points (..., d), the mean image E[Y | X = x]; its method `sample` draws an
        image, and carries draws from p to draws from q at the mean square cost MW2².

    Raises
    ------
    TypeError
        If p or q is not a Mixture.
    ValueError
        If dimensions or names differ, or a component of p is singular.
    RuntimeError
        If no plan has been proved to be the cheapest.

    See Also
    --------
    transport_map, mixture_transport_plan, mixture_wasserstein_distance

    References
    ----------
    Delon & Desolneux 2020, doi:10.1137/19M1301047, arXiv:1907.05254.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p = gm.Mixture(None, gm.Gaussian([[0.0], [9.0]], [[1.0]]))
    >>> q = gm.Mixture(None, gm.Gaussian([[1.0], [20.0]], [[4.0]]))
    >>> gm.mixture_transport_map(p, q)([[0.0], [1.0], [10.0]]).round(6)
    array([[ 1.],
           [ 3.],
           [22.]])
    """
    name = "mixture_transport_map"
    ps, qs = mixture(name, "p", p).components, mixture(name, "q", q).components
    gaussian_checks.has_densities(name, ps.covariance)
    plan = mixture_transport_plan(p, q)
    i, j = np.nonzero(plan)
    return MixtureTransportMap(p, q, plan[i, j], transport_map(ps[i], qs[j]))
