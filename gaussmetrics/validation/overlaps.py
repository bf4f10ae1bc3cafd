"""Judges of the other affine-invariant quantities: integrals of powers of densities, geodesics.

A judge takes two normals, `samples` and `rng`, and returns an `Estimate`; it never sees the closed
form.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import minimize_scalar, root
from scipy.special import logsumexp

from gaussmetrics._array.types import Array
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.validation.montecarlo import kl_divergence, mean_with_error
from gaussmetrics.validation.rows import Estimate, equal

BASELINE = "importance sampling"
ORDER = 0.7
PRIOR = 0.3
STEPS = 5


def tilted(
    p: Gaussian, q: Gaussian, alpha: float, beta: float, *, breadth: float | None = None
) -> Gaussian:
    """Return the normal p^α q^β, somewhat broadened to draw points from."""
    precisions = [alpha * np.linalg.inv(p.cov), beta * np.linalg.inv(q.cov)]
    cov = np.linalg.inv(precisions[0] + precisions[1])
    mean = cov @ (precisions[0] @ p.mean + precisions[1] @ q.mean)
    return Gaussian(mean, (breadth or 1 + p.dim**-0.5) * (cov + cov.T) / 2)


def pooled(p: Gaussian, q: Gaussian) -> Gaussian:
    """Return a normal broader than both laws, from which each has a finite χ² divergence."""
    shift = p.mean - q.mean
    return Gaussian((p.mean + q.mean) / 2, p.cov + q.cov + np.outer(shift, shift) / 4)


def log_power(
    p: Gaussian, q: Gaussian, alpha: float, beta: float, *, samples: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Return log ∫ p^α q^β and its standard error."""
    proposal = tilted(p, q, alpha, beta)
    x = proposal.sample(samples, rng)
    logs = np.asarray(alpha * p.logpdf(x) + beta * q.logpdf(x) - proposal.logpdf(x))
    mean, error = mean_with_error(np.exp(logs - logs.max()))
    return float(logs.max() + np.log(mean)), error / mean


def _log_ratios(
    p: Gaussian, q: Gaussian, samples: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return log p/m and log q/m, m = ½ (p + q), at points of p in one row, of q in the other."""
    points = np.stack([law.sample(samples // 2, rng) for law in (p, q)])
    logs = np.stack([p.logpdf(points), q.logpdf(points)])
    ratios = logs - logsumexp(logs, axis=0) + np.log(2)
    return ratios[0], ratios[1]


def jeffreys_divergence(
    p: Gaussian, q: Gaussian, *, samples: int, rng: np.random.Generator
) -> Estimate:
    """Estimate J = ∫ (p − q) log (p/q), whose integrand is never negative."""
    a, b = _log_ratios(p, q, samples, rng)
    values = (np.exp(a) - np.exp(b)) * (a - b)
    return Estimate("defensive Monte Carlo", *mean_with_error(values))


def renyi_divergence(
    p: Gaussian, q: Gaussian, *, samples: int, rng: np.random.Generator
) -> Estimate:
    """Estimate D_α = log ∫ p^α q^(1−α) / (α − 1)."""
    log, error = log_power(p, q, ORDER, 1 - ORDER, samples=samples, rng=rng)
    return Estimate(BASELINE, log / (ORDER - 1), error / (1 - ORDER))


def chi_squared_divergence(
    p: Gaussian, q: Gaussian, *, samples: int, rng: np.random.Generator
) -> Estimate:
    """Estimate ∫ (p − m)² / m for the pooled normal m of both laws."""
    whole = pooled(p, q)
    proposal = tilted(p, whole, 2.0, -1.0)
    log, error = _log_square(p, whole, proposal, samples, rng)
    return Estimate(BASELINE, float(np.expm1(log)), float(np.exp(log)) * error)


def _log_square(
    p: Gaussian, m: Gaussian, proposal: Gaussian, samples: int, rng: np.random.Generator
) -> tuple[float, float]:
    x = proposal.sample(samples, rng)
    logs = np.asarray(2 * p.logpdf(x) - m.logpdf(x) - proposal.logpdf(x))
    mean, error = mean_with_error(np.exp(logs - logs.max()))
    return float(logs.max() + np.log(mean)), error / mean


def best_power(p: Gaussian, q: Gaussian, samples: int, rng: np.random.Generator) -> float:
    """Return the α that makes a sampled ∫ p^α q^(1−α) least."""
    low, high = 0.0, 1.0
    for _ in range(3):
        centre = (low + high) / 2
        proposal = tilted(p, q, centre, 1 - centre)
        x = proposal.sample(samples, rng)
        log_p, log_q, log_m = (np.asarray(law.logpdf(x)) for law in (p, q, proposal))

        def log_integral(
            alpha: float, log_p: Array = log_p, log_q: Array = log_q, log_m: Array = log_m
        ) -> float:
            return float(logsumexp(alpha * log_p + (1 - alpha) * log_q - log_m))

        best = float(minimize_scalar(log_integral, bounds=(low, high), method="bounded").x)
        width = (high - low) / 6
        low, high = max(0.0, best - width), min(1.0, best + width)
    return best


def chernoff_information(
    p: Gaussian, q: Gaussian, *, samples: int, rng: np.random.Generator
) -> Estimate:
    """Estimate max −log ∫ p^α q^(1−α): the α from one sample, the integral from another."""
    alpha = best_power(p, q, samples, rng)
    log, error = log_power(p, q, alpha, 1 - alpha, samples=samples, rng=rng)
    return Estimate(BASELINE, -log, error)


def chernoff_alpha(p: Gaussian, q: Gaussian, *, samples: int, rng: np.random.Generator) -> Estimate:
    """Estimate the α under which E log (p/q) vanishes for the law p^α q^(1−α), by Newton's method.

    The derivative of that mean over α is the variance.
    """
    alpha, error = 0.5, 0.0
    for _ in range(10):
        x = tilted(p, q, alpha, 1 - alpha, breadth=1.0).sample(samples, rng)
        logs = np.asarray(p.logpdf(x) - q.logpdf(x))
        alpha = float(np.clip(alpha - logs.mean() / logs.var(), 0.01, 0.99))
        error = float(1 / np.sqrt(samples * logs.var()))
    return Estimate("Newton's method on samples", alpha, error)


def cauchy_schwarz_divergence(
    p: Gaussian, q: Gaussian, *, samples: int, rng: np.random.Generator
) -> Estimate:
    """Estimate −log ∫ p q + ½ log ∫ p² + ½ log ∫ q²."""
    pairs = ((p, q, -1.0), (p, p, 0.5), (q, q, 0.5))
    parts = [(w, *log_power(a, b, 1.0, 1.0, samples=samples, rng=rng)) for a, b, w in pairs]
    value = sum(w * log for w, log, _ in parts)
    return Estimate(BASELINE, value, float(np.hypot.reduce([w * e for w, _, e in parts])))


def geometric_jensen_shannon_divergence(
    p: Gaussian, q: Gaussian, *, samples: int, rng: np.random.Generator
) -> Estimate:
    """Estimate ½ KL(p‖g) + ½ KL(q‖g) with g = √(p q) / ∫ √(p q)."""
    log, error = log_power(p, q, 0.5, 0.5, samples=samples, rng=rng)
    halves = []
    for first, second in ((p, q), (q, p)):
        x = first.sample(samples, rng)
        halves.append(0.5 * (np.asarray(first.logpdf(x)) - second.logpdf(x)))
    value, spread = mean_with_error(np.stack(halves))
    return Estimate(BASELINE, value + log, float(np.hypot(spread, error)))


def jensen_shannon_lower(
    p: Gaussian, q: Gaussian, *, samples: int, rng: np.random.Generator
) -> Estimate:
    """Estimate −log ½ (1 + ∫ √(p q))."""
    log, error = log_power(p, q, 0.5, 0.5, samples=samples, rng=rng)
    overlap = float(np.exp(log))
    return Estimate(BASELINE, -np.log((1 + overlap) / 2), error * overlap / (1 + overlap))


def jensen_shannon_upper(
    p: Gaussian, q: Gaussian, *, samples: int, rng: np.random.Generator
) -> Estimate:
    """Estimate −½ Σ log ½ (1 + exp(−KL)) over both directions."""
    value, variance = 0.0, 0.0
    for first, second in ((p, q), (q, p)):
        x = first.sample(samples, rng)
        kl, error = mean_with_error(np.asarray(first.logpdf(x)) - second.logpdf(x))
        value -= 0.5 * float(np.log((1 + np.exp(-kl)) / 2))
        variance += (0.5 * error * float(np.exp(-kl)) / (1 + float(np.exp(-kl)))) ** 2
    return Estimate("Monte Carlo under p and q", value, float(np.sqrt(variance)))


def jensen_shannon_divergence(
    p: Gaussian, q: Gaussian, *, samples: int, rng: np.random.Generator
) -> Estimate:
    """Estimate E_m ½ [A log A + B log B], A = p/m and B = q/m, or what it lacks of log 2.

    That is ½ E_p log(1 + q/p) + ½ E_q log(1 + p/q), of which draws between the laws see most.
    """
    a, b = _log_ratios(p, q, samples, rng)
    value, error = mean_with_error((np.exp(a) * a + np.exp(b) * b) / 2)
    if value > 0.5:
        lack, error = _between(p, q, 0.5, samples, rng, factor=_uncertainty)
        value = np.log(2) - lack
    return Estimate("defensive Monte Carlo", value, error)


def _nothing(log_p: Array, log_q: Array) -> Array:
    return np.zeros_like(log_p - log_q)


def _uncertainty(log_p: Array, log_q: Array) -> Array:
    """Return the logarithm of [p log(1 + q/p) + q log(1 + p/q)] / min(p, q)."""
    r = -np.abs(log_p - log_q)
    slope = np.where(r > -30, np.log1p(np.exp(r)) / np.exp(np.maximum(r, -30)), 1.0)
    return np.asarray(np.log(slope - r + np.log1p(np.exp(r))))


def total_variation_distance(
    p: Gaussian, q: Gaussian, *, samples: int, rng: np.random.Generator
) -> Estimate:
    """Estimate ½ ∫ |p − q|, or 1 − ∫ min(p, q) where that is the part that sampling resolves."""
    a, b = _log_ratios(p, q, samples, rng)
    value, error = mean_with_error(np.abs(np.exp(a) - np.exp(b)) / 2)
    if value > 0.5:
        overlap, error = _between(p, q, 0.5, samples, rng)
        value, error = 1 - 2 * overlap, 2 * error
    return Estimate("defensive Monte Carlo", value, error)


def bayes_error(p: Gaussian, q: Gaussian, *, samples: int, rng: np.random.Generator) -> Estimate:
    """Estimate ∫ min(π p, (1 − π) q)."""
    return Estimate(BASELINE, *_between(p, q, PRIOR, samples, rng))


def _between(
    p: Gaussian,
    q: Gaussian,
    prior: float,
    samples: int,
    rng: np.random.Generator,
    *,
    factor: Callable[[Array, Array], Array] = _nothing,
) -> tuple[float, float]:
    """Estimate ∫ min(π p, (1 − π) q) from points where p^α q^(1−α) lies, for the best α.

    A factor, given by its logarithm, may weigh them.

    Ten points for one, because only the few near the boundary between the laws count.
    """
    alpha = best_power(p, q, samples, rng)
    proposal = tilted(p, q, alpha, 1 - alpha)
    x = proposal.sample(10 * samples, rng)
    likelihoods = np.log(prior) + p.logpdf(x), np.log1p(-prior) + q.logpdf(x)
    logs = np.minimum(*likelihoods) - proposal.logpdf(x) + factor(*likelihoods)
    mean, error = mean_with_error(np.exp(logs - logs.max()))
    size = float(np.exp(logs.max()))
    return size * mean, size * error


def mutual_information(p: Gaussian, *, samples: int, rng: np.random.Generator) -> Estimate:
    """Estimate KL between the law and the one whose first coordinate is independent of the rest."""
    cov = p.cov.copy()
    cov[0, 1:] = cov[1:, 0] = 0.0
    # The information may be small against what one sample says of it.
    return kl_divergence(p, Gaussian(p.mean, cov), samples=4 * samples, rng=rng)


def fisher_rao_distance(p: Gaussian, q: Gaussian, **_: object) -> Estimate:
    """Shoot the geodesic of the marginals in the plane, from N(0, I) to further and further ends.

    With P = Σ⁻¹ and δ = Σ⁻¹μ it obeys Ṗ = −BP + xδᵀ and δ̇ = −Bδ + (1 + δᵀP⁻¹δ) x for constants
    B and x, and has the length √(½ tr B² + ‖x‖²) (Eriksen 1987).
    """
    first, second = (law.marginal([0, 1]) for law in (p, q))
    whiten = np.linalg.inv(np.linalg.cholesky(first.cov))
    scales, turn = np.linalg.eigh(whiten @ second.cov @ whiten.T)
    shift = turn.T @ whiten @ (second.mean - first.mean)

    def end(velocity: Array) -> Array:
        bend, push = np.array([[velocity[0], velocity[1]], velocity[1:3]]), velocity[3:]

        def motion(_: float, state: Array) -> Array:
            precision, mean = state[:4].reshape(2, 2), state[4:]
            stretch = 1 + mean @ np.linalg.solve(precision, mean)
            change = -bend @ precision + np.outer(push, mean)
            return np.concatenate([change.ravel(), -bend @ mean + stretch * push])

        start = np.array([1.0, 0.0, 0.0, 1.0, 0.0, 0.0])
        path = solve_ivp(motion, (0, 1), start, method="DOP853", rtol=1e-8, atol=1e-10)
        return np.asarray(path.y[:, -1])

    velocity, earlier = np.zeros(5), np.zeros(5)
    for part in np.linspace(0, 1, STEPS + 1)[1:]:
        lengths = scales**part

        def miss(v: Array, lengths: Array = lengths, part: float = part) -> Array:
            state = end(v)
            return np.concatenate(
                [lengths[[0, 0, 1]] ** 0.5 * state[[0, 1, 3]] * lengths[[0, 1, 1]] ** 0.5
                 - [1, 0, 1], lengths**0.5 * state[4:] - part * shift / lengths**0.5]
            )  # fmt: skip

        solution = root(miss, 2 * velocity - earlier, tol=1e-11)
        velocity, earlier = solution.x, velocity
    square = velocity[0] ** 2 + 2 * velocity[1] ** 2 + velocity[2] ** 2
    length = float(np.sqrt(square / 2 + velocity[3] ** 2 + velocity[4] ** 2))
    arrived = np.abs(solution.fun).max() < 1e-7
    return Estimate("the geodesic equation", length, 1e-6 * length if arrived else 0.0, equal)
