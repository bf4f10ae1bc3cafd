"""Geodesics of Fisher and Rao: the laws on the shortest path, and the velocity it starts with.

Where the means differ along one common axis at most, the path is known in closed form. There, laws
are points (μ/√2, σ) of the half-plane, and with D the distance in it, a = sinh((1 − t) D) / sinh D
and b = sinh(t D) / sinh D,

    1/σ = a/σp + b/σq,   μ/σ = a μp/σp + b μq/σq,

because 1/σ, μ/σ and (½ μ² + σ²)/σ are the coordinates of the hyperboloid, in which geodesics are
plane sections. Along the other axes σ goes from σp to σq as a geometric mean.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from gaussmetrics._array import linalg, reading
from gaussmetrics._array.linalg import transpose
from gaussmetrics._array.types import Array
from gaussmetrics.divergences.fisher_rao import arrival, certified, shot
from gaussmetrics.laws.covariance import Covariance
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.laws.operands import operands, path_time, regular_laws
from gaussmetrics.pairs.common_axes import joint_basis


class _Point(NamedTuple):
    """A law in coordinates: its mean (d,), and a factor (d, d) of its covariance."""

    mean: Array
    factor: Array


def fisher_rao_geodesic(p: Gaussian, q: Gaussian, t: ArrayLike) -> Gaussian:
    """Return the law at time t of the shortest path from p to q in the Fisher information metric.

    It has constant speed: the Fisher–Rao distance from p to the law at time t is t times that from
    p to q. For equal means its covariance is Σp^½ (Σp^−½ Σq Σp^−½)^t Σp^½.

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension, with densities; batches (...) broadcast.
    t : (...) array_like
        Times from 0 (p) to 1 (q); they broadcast with the batch.

    Returns
    -------
    Gaussian
        With the batch of all three, without structure.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian, or t does not hold real numbers.
    ValueError
        If dimensions differ, batches do not broadcast, t leaves [0, 1] or a law is singular; or if
        the laws are so far apart that rounding keeps the path from being certified.

    See Also
    --------
    fisher_rao_distance, wasserstein_geodesic, fisher_rao_barycenter

    Notes
    -----
    Closed form where the means differ along one common axis of the covariances at most: equal
    means, equal covariances, and all laws on the line. Elsewhere the velocity is found by
    iteration, as for `fisher_rao_distance`, and certified: the path shot with it ends at q up to
    1e-8 of the distance.

    References
    ----------
    Eriksen 1987, "Geodesics connected with the Fisher metric on the multivariate normal manifold";
    Calvo & Oller 1991, "An explicit solution of information geodesic equations for the
    multivariate normal model"; Kobayashi 2023, "Geodesics of multivariate normal distributions and
    a Toda lattice type Lax pair"; Nielsen 2023, arXiv:2302.08175.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([-1.0], [[1.0]]), gm.Gaussian([1.0], [[1.0]])
    >>> halfway = gm.fisher_rao_geodesic(p, q, 0.5)
    >>> halfway.mean.round(12), halfway.cov.round(12)
    (array([0.]), array([[1.5]]))
    """
    p, q = operands("fisher_rao_geodesic", p, q)
    times = path_time(t)
    regular_laws("fisher_rao_geodesic", p=p, q=q)
    reading.batch_shape("p, q and t", p.batch_shape, q.batch_shape, times.shape)
    pairs = np.broadcast_shapes(p.batch_shape, q.batch_shape)
    shape, d = np.broadcast_shapes(pairs, times.shape), p.dim
    whitener, e, roots = joint_basis(p.covariance, q.covariance)
    near = np.abs(e) < 0.5
    scales = np.where(near, np.log1p(np.where(near, e, 0.0)), 2.0 * np.log(roots))
    with np.errstate(over="ignore"):
        shift = (whitener @ (p.mean - q.mean)[..., None])[..., 0]
    scales, shift = (np.broadcast_to(x, (*pairs, d)) for x in (scales, shift))
    paths = {at: path("fisher_rao_geodesic", scales[at], shift[at]) for at in np.ndindex(pairs)}
    means, factors = np.empty((*shape, d)), np.empty((*shape, d, d))
    lead = len(shape) - len(pairs)
    for at, time in zip(np.ndindex(shape), np.broadcast_to(times, shape).ravel(), strict=True):
        pair = tuple(k if n > 1 else 0 for k, n in zip(at[lead:], pairs, strict=True))
        means[at], factors[at] = paths[pair].law(1.0 - float(time))
    factor = q.covariance.factor()
    # B⁻¹ = Σ Bᵀ, because B Σ Bᵀ = I.
    back = factor @ transpose(whitener @ factor)
    mean = q.mean + (back @ means[..., None])[..., 0]
    return Gaussian._from_checked(mean, Covariance.from_factor(back @ factors), p.names or q.names)


class _Line(NamedTuple):
    """The path from N(0, I) to N(w, diag(exp t)) whose mean moves in one direction."""

    direction: Array
    end: float  # the mean at the end, along it
    scale: float  # log λ along it
    others: Array  # log λ of all axes, zero where the direction is

    @property
    def distance(self) -> float:
        """In the half-plane of curvature −1."""
        narrow = self.end * np.exp(-0.25 * self.scale)
        half = np.hypot(narrow / np.sqrt(8.0), np.sinh(0.25 * self.scale))
        return float(2.0 * np.arcsinh(half))

    def law(self, time: float) -> _Point:
        reach = self.distance
        start, end = _share(1.0 - time, reach), _share(time, reach)
        inverse = np.exp(-0.5 * self.scale)
        deviation = 1.0 / (start + end * inverse)
        mean = deviation * end * inverse * self.end
        u = self.direction
        factor = np.diag(np.exp(0.5 * time * self.others))
        return _Point(mean * u, factor + (deviation - 1.0) * np.outer(u, u))

    def start(self) -> tuple[Array, Array]:
        """Return the velocities of Σ⁻¹ and Σ⁻¹μ at N(0, I)."""
        reach = self.distance
        u, inverse = self.direction, np.exp(-0.5 * self.scale)
        # The derivatives of a and b at t = 0.
        rise = 1.0 if reach == 0.0 else 2.0 * reach * np.exp(-reach) / -np.expm1(-2.0 * reach)
        fall = 1.0 if reach == 0.0 else reach / np.tanh(reach)
        along = 2.0 * (rise * inverse - fall)
        return along * np.outer(u, u) - np.diag(self.others), rise * inverse * self.end * u


class _Curve(NamedTuple):
    """The path from N(0, I), shot with velocities that were found by iteration."""

    scales: Array
    shift: Array
    velocity: tuple[Array, Array]
    swapped: bool

    def law(self, time: float) -> _Point:
        if not self.swapped:
            return self._shot(time)
        # Shot from the other law, in coordinates −exp(−½ t) (x − w).
        mean, factor = self._shot(1.0 - time)
        root = np.exp(0.5 * self.scales)
        return _Point(self.shift - root * mean, root[:, None] * factor)

    def _shot(self, time: float) -> _Point:
        excess, scaled_mean = shot(*self.velocity, time)
        precision = linalg.symmetric_part(excess) + np.eye(len(excess))
        values, vectors = np.linalg.eigh(precision)
        factor = vectors / np.sqrt(values)
        return _Point(factor @ (factor.T @ scaled_mean), factor)

    def start(self) -> tuple[Array, Array]:
        """Return the velocities of Σ⁻¹ and Σ⁻¹μ at N(0, I)."""
        if not self.swapped:
            return self.velocity
        # The path that arrives here, backwards.
        root = np.exp(0.5 * self.scales)
        precision, mean = arrival(*self.velocity)
        return -precision / root[:, None] / root, root * mean


def _share(time: float, reach: float) -> float:
    """Return sinh(t D) / sinh D, which is t for D = 0."""
    if reach == 0.0:
        return time
    ratio = np.expm1(-2.0 * time * reach) / np.expm1(-2.0 * reach)
    return float(np.exp((time - 1.0) * reach) * ratio)


def path(function: str, scales: Array, shift: Array) -> _Line | _Curve:
    """Return the path from N(0, I) to N(w, diag(exp t))."""
    if not scales.any() and np.isfinite(shift).all():
        length = float(linalg.norm(shift))
        direction = shift / length if length else np.eye(len(shift))[0]
        return _Line(direction, length, 0.0, np.zeros_like(scales))
    if np.count_nonzero(shift) <= 1 and np.isfinite(shift).all():
        k = int(np.argmax(np.abs(shift)))
        others = np.where(np.arange(len(scales)) == k, 0.0, scales)
        return _Line(np.eye(len(scales))[k], float(shift[k]), float(scales[k]), others)
    _, log, swapped = certified(function, scales, shift)
    return _Curve(scales, shift, log.start(), swapped)
