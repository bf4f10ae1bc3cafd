"""Means of many laws that no affine map changes: under Jeffreys' divergence and Fisher–Rao."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike

from gaussmetrics._array import linalg, reading, triangles
from gaussmetrics._array.linalg import transpose
from gaussmetrics._array.types import Array
from gaussmetrics.divergences.fisher_rao import shot
from gaussmetrics.divergences.geodesics import fisher_rao_geodesic, path
from gaussmetrics.laws.covariance import Covariance
from gaussmetrics.laws.gaussian import Gaussian, operand
from gaussmetrics.laws.gaussian_checks import flat_batch, law_weights
from gaussmetrics.laws.operands import regular_laws


def jeffreys_barycenter(
    ps: Gaussian,
    weights: ArrayLike | None = None,
    *,
    tolerance: float = 1e-12,
    max_steps: int = 1000,
) -> Gaussian:
    """Return the Jeffreys centroid, the normal law q with the least mean divergence Σ w J(p, q).

    It is the only N(m, S) with (P + S⁻¹) m = Σ w (Σ⁻¹ + S⁻¹) μ and S P S = A, sums over the laws,
    P = Σ w Σ⁻¹ and A = Σ w [Σ + (μ − m)(μ − m)ᵀ]: S is the geometric mean of A and P⁻¹.

    Parameters
    ----------
    ps : Gaussian
        A batch of shape (n,), of laws with densities.
    weights : (n,) array_like, optional
        Not negative, not all zero; divided by their sum. Equal by default.
    tolerance : float
        The iteration stops when a step moves m by less than this fraction of the largest distance
        from m to a mean, in deviations of P⁻¹.
    max_steps : int
        How many steps it may take; ordinary data need about twenty.

    Returns
    -------
    Gaussian
        A single law, without structure.

    Raises
    ------
    TypeError
        If ps is not a Gaussian or an option is not a number.
    ValueError
        If ps is not a batch of shape (n,), weights do not fit, or a law is singular.
    RuntimeError
        If the iteration has not converged; the text gives the last step.

    See Also
    --------
    jeffreys_divergence, fisher_rao_barycenter, wasserstein_barycenter

    Notes
    -----
    For equal means it is closed: m is that mean. Elsewhere m and S are found in turn, each exactly
    given the other, so that the mean divergence falls with every step.

    References
    ----------
    Nielsen & Nock 2009, doi:10.1109/TIT.2009.2018176; the geometric mean of the arithmetic and the
    harmonic mean: Moakher & Batchelor 2006, doi:10.1007/3-540-31272-2_17.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> ps = gm.Gaussian([[0.0], [0.0]], [[[1.0]], [[4.0]]])
    >>> print(gm.jeffreys_barycenter(ps).cov.round(6))  # the mean 2.5, and the harmonic mean 1.6
    [[2.]]
    """
    name = "jeffreys_barycenter"
    laws, w = _laws(name, ps, weights)
    tolerance = reading.positive_number("tolerance", tolerance)
    steps = reading.step_count("max_steps", max_steps)
    roots = np.sqrt(w)[:, None, None]
    covs = laws.covariance.broadcast_to(laws.batch_shape)
    whiteners = covs.whiten_columns(np.eye(laws.dim))
    # P = Rᵀ R; from here on in the coordinates R x, from the mean of the means.
    upper = transpose(triangles.triangle(_beside(roots * transpose(whiteners))))
    centre = w @ laws.mean
    offsets = (laws.mean - centre) @ upper.T
    spread = _beside(roots * (upper @ covs.factor()))
    pull = (w[:, None, None] * transpose(whiteners)) @ (whiteners @ (laws.mean - centre)[..., None])
    target = np.linalg.solve(upper.T, pull.sum(axis=0)[:, 0])
    mean, size = np.zeros(laws.dim), 1.0
    for _ in range(steps):
        columns = np.concatenate([spread, (roots[:, :, 0] * (offsets - mean)).T], axis=1)
        u, s, _ = np.linalg.svd(columns, full_matrices=False)
        new = u @ ((s / (1.0 + s)) * (u.T @ target))
        size = float(np.abs(offsets - new).max())
        step, mean = float(np.abs(new - mean).max()), new
        if step <= tolerance * size:
            break
    else:
        _refuse_not_converged(name, steps, step / size, tolerance)
    factor = np.linalg.solve(upper, u * np.sqrt(s))
    shift = np.linalg.solve(upper, mean)
    return Gaussian._from_checked(centre + shift, Covariance.from_factor(factor), laws.names)


def fisher_rao_barycenter(
    ps: Gaussian,
    weights: ArrayLike | None = None,
    *,
    tolerance: float = 1e-9,
    max_steps: int = 200,
) -> Gaussian:
    """Return the Fréchet mean of laws in the Fisher information metric.

    Where Σ w d²(p, ·) is least, d the Fisher–Rao distance, the velocities of the geodesics from it
    to the laws cancel: Σ w Log(p) = 0

    Parameters
    ----------
    ps : Gaussian
        A batch of shape (n,), of laws with densities.
    weights : (n,) array_like, optional
        Not negative, not all zero; divided by their sum. Equal by default.
    tolerance : float
        The iteration stops when the mean of the velocities is at most this fraction of the root of
        the mean squared distance: the certificate.
    max_steps : int
        How many steps it may take; laws near each other need about ten, laws a distance of 10
        apart a hundred.

    Returns
    -------
    Gaussian
        A single law, without structure.

    Raises
    ------
    TypeError
        If ps is not a Gaussian or an option is not a number.
    ValueError
        If ps is not a batch of shape (n,), weights do not fit, or a law is singular; or if laws are
        so far apart that rounding keeps a geodesic from being certified.
    RuntimeError
        If the iteration has not converged; the text gives the residual.

    See Also
    --------
    fisher_rao_distance, fisher_rao_geodesic, wasserstein_barycenter, jeffreys_barycenter

    Notes
    -----
    Of two laws it is `fisher_rao_geodesic`, in closed form where that is. On the line and for equal
    means the space has no positive curvature, and the mean is unique. In general some of its planes
    are curved positively: among laws far apart in their means there may be other points where the
    velocities cancel. The iteration starts from the Jeffreys centroid. A step costs n geodesics.

    References
    ----------
    Fréchet means: Karcher 1977, doi:10.1002/cpa.3160300502; Afsari 2011,
    doi:10.1090/S0002-9939-2010-10541-5; the curvature: Skovgaard 1984, "A Riemannian geometry of
    the multivariate normal model"; of covariances alone: Moakher 2005,
    doi:10.1137/S0895479803436937.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> ps = gm.Gaussian([[0.0], [0.0], [0.0]], [[[1.0]], [[2.0]], [[32.0]]])
    >>> print(gm.fisher_rao_barycenter(ps).cov.round(6))  # of one mean: the geometric mean
    [[4.]]
    """
    name = "fisher_rao_barycenter"
    laws, w = _laws(name, ps, weights)
    tolerance = reading.positive_number("tolerance", tolerance)
    steps = reading.step_count("max_steps", max_steps)
    if len(w) == 1:
        return laws[0]
    if len(w) == 2:
        return fisher_rao_geodesic(laws[0], laws[1], w[1])
    start = jeffreys_barycenter(laws, w, tolerance=1e-3)
    mean, factor = start.mean, triangles.triangle(start.covariance.factor())
    covs = laws.covariance.broadcast_to(laws.batch_shape).factor()
    for _ in range(steps):
        scaled = triangles.solve_lower(factor, (laws.mean - mean).T).T
        logs = [
            _logarithm(name, triangles.solve_lower(factor, f), x)
            for f, x in zip(covs, scaled, strict=True)
        ]
        precision = np.einsum("n,nij->ij", w, [log[0] for log in logs])
        pull = w @ np.array([log[1] for log in logs])
        lengths = np.array([_length(*log) for log in logs])
        residual = _length(precision, pull) / max(float(np.sqrt(w @ lengths**2)), 1e-300)
        if residual <= tolerance:
            break
        # In a space of curvature −½ the mean squared distance curves by no more than this.
        reach = lengths / np.sqrt(2.0)
        bend = w @ np.where(reach > 0, reach / np.tanh(np.where(reach > 0, reach, 1.0)), 1.0)
        excess, move = shot(precision, pull, 1.0 / float(bend))
        lower = triangles.cholesky(linalg.symmetric_part(excess) + np.eye(laws.dim))
        whitened = triangles.invert_lower(lower)
        mean = mean + factor @ (whitened.T @ (whitened @ move))
        factor = triangles.triangle(factor @ whitened.T)
    else:
        _refuse_not_converged(name, steps, residual, tolerance)
    return Gaussian._from_checked(mean, Covariance.from_cholesky(factor), laws.names)


def _logarithm(name: str, factor: Array, mean: Array) -> tuple[Array, Array]:
    """Return the velocities of Σ⁻¹ and Σ⁻¹μ of the geodesic from N(0, I) to N(m, F Fᵀ)."""
    u, s, _ = np.linalg.svd(factor, full_matrices=False)
    precision, scaled_mean = path(name, 2.0 * np.log(s), u.T @ mean).start()
    return u @ precision @ u.T, u @ scaled_mean


def _length(precision: Array, scaled_mean: Array) -> float:
    """Return the length of a velocity at N(0, I)."""
    half = np.sqrt(0.5) * linalg.norm(precision.ravel())
    return float(np.hypot(half, linalg.norm(scaled_mean)))


def _beside(columns: Array) -> Array:
    """Put matrices (n, d, k) side by side, (d, n k)."""
    return np.concatenate(list(columns), axis=1)


def _laws(name: str, ps: Any, weights: ArrayLike | None) -> tuple[Gaussian, Array]:
    """Check the laws of a mean, and leave out those without weight."""
    flat_batch("ps", operand(name, "ps", ps))
    w = law_weights("weights", weights, len(ps))
    laws = ps[w > 0]
    regular_laws(name, ps=laws)
    return laws, w[w > 0]


def _refuse_not_converged(name: str, steps: int, residual: float, tolerance: float) -> NoReturn:
    """Say how far an iteration has come."""
    raise RuntimeError(
        f"{name} has not converged: after {steps} steps {residual:.3g} was left, above "
        f"tolerance={tolerance:.3g}. Raise max_steps or tolerance."
    )
