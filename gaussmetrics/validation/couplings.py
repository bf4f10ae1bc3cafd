"""Judges of the rotation-invariant family: descents over couplings, assignments, random pairs.

Couplings of normals are searched for with `descent.descend`; a dual value, or the convexity of what
is minimised, tells how far the search is from its end.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

import numpy as np
from scipy.optimize import linear_sum_assignment

from gaussmetrics._array.types import Array
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.validation.descent import CONVERGED, ITERATIONS, descend, transport_bounds
from gaussmetrics.validation.montecarlo import mean_with_error
from gaussmetrics.validation.rows import GAP, Estimate, below

ROUNDING = 64 * float(np.finfo(np.float64).eps)
COUPLINGS = "descent over couplings"
LEADING = slice(3)
"""The coordinates on which Gromov and Wasserstein's distance is judged."""

TIME = 0.3
"""Where on the way from p to q a path is looked at."""


def enclosed(closed_form: float, estimate: Estimate, bound: float) -> bool:
    """Lie within the interval that a search has left, which must be small."""
    del bound
    return abs(estimate.z(closed_form)) <= 1 and estimate.resolution <= GAP


def average_variance(p: Gaussian, q: Gaussian) -> float:
    """Return the mean variance of the variables of both: a strength of regularisation to try."""
    return float(np.trace(p.cov + q.cov)) / (2 * p.dim)


def length(p: Gaussian, q: Gaussian) -> float:
    """Return the typical length of a vector of deviations: a bandwidth to try."""
    return float(np.sqrt(np.trace(p.cov + q.cov) / 2))


def mixture_weights(count: int) -> list[int]:
    """Return the weights of the first laws in one mixture, and backwards of the last in another."""
    return list(range(1, min(3, count) + 1))


def entropic_bounds(p: Gaussian, q: Gaussian, epsilon: float) -> tuple[float, float]:
    """Enclose min E‖X − Y‖² + ε KL(π‖p⊗q) over normal couplings with cross-covariance Fp K Fqᵀ.

    The cost ‖Δ‖² + tr Σp + tr Σq − 2 tr(Fp K Fqᵀ) − (ε/2) log det(I − K Kᵀ) is convex in K, whose
    norm is below one, so no coupling is cheaper than this one by more than ⟨g, K⟩ + √d ‖g‖ with
    g the gradient.
    """
    factors = [np.linalg.cholesky(law.cov) for law in (p, q)]
    gain, identity = factors[0].T @ factors[1], np.eye(p.dim)

    def objective(k: Array) -> tuple[float, Array]:
        rest = identity - k @ k.T
        if np.linalg.eigvalsh(rest)[0] <= 0:
            return np.inf, k
        value = -2 * np.sum(gain * k) - epsilon / 2 * np.linalg.slogdet(rest)[1]
        return float(value), epsilon * np.linalg.solve(rest, k) - 2 * gain

    fixed = float(np.sum((p.mean - q.mean) ** 2) + np.trace(p.cov + q.cov))
    rounding = ROUNDING * (fixed + epsilon * p.dim)
    for step in islice(descend(np.zeros_like(gain), objective), ITERATIONS):
        slope = float(np.linalg.norm(step.gradient))
        gap = abs(float(np.sum(step.gradient * step.point))) + np.sqrt(p.dim) * slope
        if gap <= CONVERGED * (fixed + step.value):
            break
    upper = fixed + step.value
    return upper - float(gap) - rounding, upper + rounding


def entropic_transport_cost(p: Gaussian, q: Gaussian, **_: object) -> Estimate:
    """Bound the entropic cost from above by descent over couplings, with a gap by convexity."""
    lower, upper = entropic_bounds(p, q, average_variance(p, q))
    return Estimate(COUPLINGS + " (≥)", upper, upper - lower, below)


def sinkhorn_divergence(p: Gaussian, q: Gaussian, **_: object) -> Estimate:
    """Enclose the cost between two laws less the mean of the costs within each."""
    epsilon = average_variance(p, q)
    bounds = np.array([entropic_bounds(a, b, epsilon) for a, b in ((p, q), (p, p), (q, q))])
    middle, half = bounds.mean(axis=1), (bounds[:, 1] - bounds[:, 0]) / 2
    value = float(middle[0] - middle[1:].mean())
    return Estimate(COUPLINGS, value, float(half[0] + half[1:].mean()), enclosed)


def barycenter_bounds(*laws: Gaussian) -> tuple[float, float]:
    """Enclose the least mean of W₂² over all laws as targets.

    With Σi = Gi Giᵀ, orthogonal Qi, Hi = Gi Qi and F their mean, and with Ai = Hi F⁻¹, made
    symmetric, whose mean is the identity,

        mean tr Σi − tr(Σi Ai⁻¹)  ≤  least mean of W₂² − spread of the means  ≤  mean ‖Hi − F‖².

    The left side needs positive definite Ai. The descent goes over all Qi at once.

    References
    ----------
    Agueh & Carlier (2011), doi:10.1137/100805741
    """
    covs, means = np.stack([x.cov for x in laws]), np.stack([x.mean for x in laws])
    factors, n = np.linalg.cholesky(covs), len(laws)
    spread = float(np.sum((means - means.mean(axis=0)) ** 2)) / n

    def objective(turns: Array) -> tuple[float, Array]:
        turned = factors @ turns
        middle = turned.mean(axis=0)
        moment = np.swapaxes(turned, -1, -2) @ middle
        gradient = (np.swapaxes(moment, -1, -2) - moment) / n
        return float(np.sum((turned - middle) ** 2)) / n, gradient

    lower, start = -np.inf, np.broadcast_to(np.eye(covs.shape[-1]), covs.shape)
    for step in islice(descend(start, objective, retract=_rotate), ITERATIONS):
        turned = factors @ step.point
        maps = turned @ np.linalg.inv(turned.mean(axis=0))
        maps = (maps + np.swapaxes(maps, -1, -2)) / 2
        if np.linalg.eigvalsh(maps)[:, 0].min() > 0:
            dual = np.trace(covs - np.linalg.solve(maps, covs), axis1=-2, axis2=-1).mean()
            lower = max(lower, float(dual))
        if step.value - lower <= CONVERGED * (spread + step.value):
            break
    rounding = ROUNDING * (spread + float(np.trace(covs, axis1=-2, axis2=-1).mean()))
    return spread + lower - rounding, spread + step.value + rounding


def _rotate(turns: Array, tangents: Array) -> Array:
    """Return the orthogonal factors of Q + Q Ω, with the signs that keep them near Q."""
    orthogonal, triangle = np.linalg.qr(turns + turns @ tangents)
    signs = np.sign(np.diagonal(triangle, axis1=-2, axis2=-1))
    return np.asarray(orthogonal * signs[..., None, :])


def barycenter_variance(*laws: Gaussian, **_: object) -> Estimate:
    """Bound the mean of W₂² to the barycentre from above by descent over multi-couplings."""
    lower, upper = barycenter_bounds(*laws)
    return Estimate("descent over multi-couplings (≥)", upper, upper - lower, below)


def squared_distance(p: Gaussian, q: Gaussian, **_: object) -> Estimate:
    """Enclose W₂², the least cost of a map, between the bounds of `descent.transport_bounds`."""
    bounds = transport_bounds(p, q)
    return _within("descent and ascent", bounds.lower, bounds.upper)


def distance(p: Gaussian, q: Gaussian, **_: object) -> Estimate:
    """Enclose W₂ between the roots of the bounds of `descent.transport_bounds`."""
    bounds = transport_bounds(p, q)
    lower, upper = np.sqrt([max(bounds.lower, 0.0), bounds.upper])
    return _within("descent and ascent", lower, upper)


def squared_distance_on_the_way(p: Gaussian, q: Gaussian, **_: object) -> Estimate:
    """Enclose W₂² from p to the law at `TIME` of the shortest path to q: TIME² times the whole."""
    bounds = transport_bounds(p, q)
    return _within("descent and ascent", TIME**2 * bounds.lower, TIME**2 * bounds.upper)


def _within(baseline: str, lower: float, upper: float) -> Estimate:
    return Estimate(baseline, (lower + upper) / 2, (upper - lower) / 2, enclosed)


def mixture_wasserstein_distance(*laws: Gaussian, **_: object) -> Estimate:
    """Enclose MW₂ of two small mixtures by the exact assignment of copies of their components."""
    weights = mixture_weights(len(laws))
    k = len(weights)
    first = np.repeat(np.arange(k), weights).tolist()
    last = np.repeat(np.arange(len(laws) - k, len(laws)), weights[::-1]).tolist()
    bounds = {(i, j): transport_bounds(laws[i], laws[j]) for i in set(first) for j in set(last)}
    tables = (
        np.array([[bounds[i, j].lower for j in last] for i in first]),
        np.array([[bounds[i, j].upper for j in last] for i in first]),
    )
    lower, upper = (
        float(np.sqrt(max(table[linear_sum_assignment(table)].mean(), 0.0))) for table in tables
    )
    return _within("assignment of copies", lower, upper)


def gromov_wasserstein_distance(
    p: Gaussian, q: Gaussian, *, rng: np.random.Generator, **_: object
) -> Estimate:
    """Find the normal coupling of least E(‖X − X′‖² − ‖Y − Y′‖²)², from a random one on.

    For the cross-covariance K = Fp Q Fqᵀ that is 4 (tr Σp − tr Σq)² + 8‖Σp‖² + 8‖Σq‖² − 16‖K‖².
    The laws are the marginals of the leading coordinates, where the descent arrives in time.
    """
    factors = [np.linalg.cholesky(law.marginal(LEADING).cov) for law in (p, q)]
    a, b = (factor.T @ factor for factor in factors)

    def objective(turn: Array) -> tuple[float, Array]:
        turned = turn.T @ a @ turn
        return -float(np.sum(turned * b)), b @ turned - turned @ b

    start = np.linalg.qr(rng.standard_normal(a.shape))[0]
    for step in islice(descend(start, objective, retract=_rotate), ITERATIONS):
        if float(np.linalg.norm(step.gradient)) <= CONVERGED * abs(step.value):
            break
    squares = 4 * np.trace(a - b) ** 2 + 8 * np.sum(a * a) + 8 * np.sum(b * b) + 16 * step.value
    value = float(np.sqrt(squares))
    return Estimate(COUPLINGS, value, GAP / 2 * value, enclosed)


def maximum_mean_discrepancy(
    p: Gaussian, q: Gaussian, *, samples: int, rng: np.random.Generator
) -> Estimate:
    """Estimate MMD from the kernel's values at random pairs, by the delta method."""
    width = length(p, q)
    return _from_pairs(
        lambda z: np.exp(-np.sum(z * z, axis=-1) / (2 * width**2)), p, q, samples, rng
    )


def energy_distance(
    p: Gaussian, q: Gaussian, *, samples: int, rng: np.random.Generator
) -> Estimate:
    """Estimate the energy distance from the lengths of differences of random pairs."""
    return _from_pairs(lambda z: -np.linalg.norm(z, axis=-1), p, q, samples, rng)


def _from_pairs(
    kernel: Callable[[Array], Array],
    p: Gaussian,
    q: Gaussian,
    samples: int,
    rng: np.random.Generator,
) -> Estimate:
    """Estimate √(E k(X − X′) + E k(Y − Y′) − 2 E k(X − Y))."""
    (x, other_x), (y, other_y) = (law.sample((2, samples), rng) for law in (p, q))
    within = kernel(x - other_x) + kernel(y - other_y)
    squared, error = mean_with_error(within - kernel(x - other_y) - kernel(other_x - y))
    distance = float(np.sqrt(max(squared, 0.0)))
    return Estimate("random pairs", distance, error / (2 * distance) if distance else error)
