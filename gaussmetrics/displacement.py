"""Moving mass: optimal maps between Gaussians, the paths along them, and means of laws."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from gaussmetrics import _checks, _coupling, _linalg
from gaussmetrics._typing import Array
from gaussmetrics.covariance import Covariance, Diagonal
from gaussmetrics.gaussian import Gaussian, operand, operands

_MEMORY = 8


@final
@dataclass(frozen=True, eq=False)
class TransportMap:
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

    source: Gaussian
    target: Gaussian
    matrix: Array

    @property
    def offset(self) -> Array:
        """The b (..., d) of x ↦ T x + b."""
        return self.target.mean - (self.matrix @ self.source.mean[..., None])[..., 0]

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
        points = _checks.points(x, self.source.dim)
        _checks.batch_shape("x and the map", points.shape[:-1], self.matrix.shape[:-2])
        moved = self.matrix @ (points - self.source.mean)[..., None]
        return self.target.mean + moved[..., 0]

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
    matrix, exists = _coupling.optimal_map(p.covariance, q.covariance)
    _checks.map_exists(exists)
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
    times = _checks.path_time(t)
    _checks.batch_shape("p, q and t", p.batch_shape, q.batch_shape, times.shape)
    weight = times[..., None]
    mean = (1.0 - weight) * p.mean + weight * q.mean
    covariance = _coupling.interpolate(p.covariance, q.covariance, times)
    return Gaussian._from_checked(mean, covariance, p.names or q.names)


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
    _checks.flat_batch("ps", operand("wasserstein_barycenter", "ps", ps).batch_shape)
    w = _checks.law_weights("weights", weights, len(ps))
    tolerance = _checks.positive_number("tolerance", tolerance)
    steps = _checks.step_count("max_steps", max_steps)
    laws = ps[w > 0]
    w = w[w > 0]
    covs = laws.covariance.broadcast_to(laws.batch_shape)
    covariance = _mean_covariance(covs, w, tolerance, steps)
    return Gaussian._from_checked(w @ laws.mean, covariance, laws.names)


def _mean_covariance(covs: Covariance, w: Array, tolerance: float, steps: int) -> Covariance:
    if isinstance(covs, Diagonal):
        return Diagonal((w @ covs.deviations) ** 2)
    _checks.some_regular(np.equal(covs.rank(), covs.dim))
    factors = covs.factor()
    # The mean of the symmetric roots is the answer where all commute.
    factor = np.einsum("n,nij->ij", w, _symmetric_roots(factors))
    factors = _coupling.widened(factors, covs.dim)
    past: deque[tuple[Array, Array]] = deque(maxlen=_MEMORY)
    for _ in range(steps):
        new = _coupling.mean_after_alignment(factors, w, factor)
        past.append((factor, new - factor))
        residual = float(np.linalg.norm(new - factor) / np.linalg.norm(new))
        if residual <= tolerance:
            break
        # The plain iteration creeps where the laws are ill-conditioned.
        factor = _linalg.accelerated(past)
    else:
        _checks.refuse_not_converged(steps, residual, tolerance)
    return Covariance.from_factor(new)


def _symmetric_roots(factors: Array) -> Array:
    """Return Σ^½ of Σ = F Fᵀ."""
    u, s, _ = np.linalg.svd(factors, full_matrices=False)
    return (u * s[..., None, :]) @ _linalg.transpose(u)
