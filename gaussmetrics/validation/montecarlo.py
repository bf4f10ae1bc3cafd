"""Judges by sampling: entropies, KL and the Bhattacharyya family from their integrals.

A judge takes the normals, `samples` (how many points to draw) and `rng`, and returns an `Estimate`.
It evaluates log-densities at random points and never sees the closed form.

Conventions
-----------
E_p is the mean over points of p. Points of a mixture m = (1/k) Σ_j p_j are drawn in strata, n / k
of each component, so the weights p_j / m never exceed k, whatever the normals are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import logsumexp

from gaussmetrics._array.types import Array
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.validation.rows import Estimate


def mean_with_error(values: Array) -> tuple[float, float]:
    """Mean of stratified samples and its standard error.

    Parameters
    ----------
    values : ndarray, shape (..., n)
        One row a stratum; all strata weigh the same.

    Returns
    -------
    mean, standard_error : float

    Examples
    --------
    >>> mean_with_error(np.array([-1.0, 1.0]))
    (0.0, 1.0)
    """
    strata = np.atleast_2d(values)
    variances = strata.var(axis=1, ddof=1) / strata.shape[1]
    return float(strata.mean()), float(np.sqrt(variances.sum())) / len(strata)


def entropy(p: Gaussian, *, samples: int, rng: np.random.Generator) -> Estimate:
    """Estimate H(p) = −E_p[log p]."""
    values = -p.logpdf(p.sample(samples, rng))
    return Estimate("Monte Carlo under p", *mean_with_error(values), unit=1.0)


def cross_entropy(p: Gaussian, q: Gaussian, *, samples: int, rng: np.random.Generator) -> Estimate:
    """Estimate H(p, q) = −E_p[log q]."""
    values = -q.logpdf(p.sample(samples, rng))
    return Estimate("Monte Carlo under p", *mean_with_error(values), unit=1.0)


def kl_divergence(p: Gaussian, q: Gaussian, *, samples: int, rng: np.random.Generator) -> Estimate:
    """Estimate KL(p‖q) = E_p[log (p/q)] = E_m[a log (a/b) − a + b], a = p/m, b = q/m, m = ½p + ½q.

    The terms b − a have mean zero. They make the integrand non-negative and of second order where
    p and q are alike, so that the relative standard error stays small for near and far pairs.
    """
    log_p, log_q = _log_weights([p, q], samples, rng)
    a, b = np.exp(log_p), np.exp(log_q)
    values = a * (log_p - log_q) - a + b
    return Estimate("defensive Monte Carlo", *mean_with_error(values))


def bhattacharyya_distance(
    p: Gaussian, q: Gaussian, *, samples: int, rng: np.random.Generator
) -> Estimate:
    """Estimate D_B = −log ∫√(pq) by importance sampling and the delta method."""
    log, error = _log_affinity(p, q, samples, rng)
    return Estimate(IMPORTANCE, -log, error)


def bhattacharyya_coefficient(
    p: Gaussian, q: Gaussian, *, samples: int, rng: np.random.Generator
) -> Estimate:
    """Estimate ∫√(pq) by importance sampling."""
    log, error = _log_affinity(p, q, samples, rng)
    coefficient = float(np.exp(log))
    return Estimate(IMPORTANCE, coefficient, coefficient * error)


def hellinger_distance(
    p: Gaussian, q: Gaussian, *, samples: int, rng: np.random.Generator
) -> Estimate:
    """Estimate H = √(½ ∫(√p − √q)²) by importance sampling and the delta method."""
    log, error = _log_affinity(p, q, samples, rng)
    distance = float(np.sqrt(-np.expm1(log)))
    slope = np.exp(log) / (2 * distance) if distance else 0.0
    return Estimate(IMPORTANCE, distance, float(slope * error))


IMPORTANCE = "importance sampling"


def _log_affinity(
    p: Gaussian, q: Gaussian, samples: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Return log ∫√(pq) and its standard error.

    With a = p/m and b = q/m, both E_m[√(ab)] and 1 − E_m[½(√a − √b)²] are the affinity. The smaller
    of the two expectations is the one that sampling resolves.
    """
    log_p, log_q, _ = _log_weights([p, q, between(p, q)], samples, rng)
    log_root = (log_p + log_q) / 2
    shift = log_root.max()
    affinity, error = mean_with_error(np.exp(log_root - shift))
    log = float(shift + np.log(affinity))
    if log < np.log(0.5):
        return log, error / affinity
    squared, error = mean_with_error((np.exp(log_p / 2) - np.exp(log_q / 2)) ** 2 / 2)
    return float(np.log1p(-squared)), error / (1 - squared)


def between(p: Gaussian, q: Gaussian) -> Gaussian:
    """Return a normal that covers the region where p and q overlap.

    Points of p and q alone never see ∫√(pq) when the two are far apart. Its mass sits around the
    precision-weighted mean, within the harmonic mean H of the covariances. This normal is broader,
    N(c, (1 + 1/√d) H), so √(pq) relative to it is at most (1 + 1/√d)^(d/2) ≤ e^(√d/2) times the
    integral. Where points are drawn can cost precision; it cannot move an estimate.

    Parameters
    ----------
    p, q : Gaussian
        Of the same dimension d, unbatched.

    Returns
    -------
    Gaussian

    References
    ----------
    Owen & Zhou (2000), doi:10.1080/01621459.2000.10473909 (mixtures as safe proposals)

    Examples
    --------
    >>> from gaussmetrics import Gaussian
    >>> between(Gaussian([0.0], [[1.0]]), Gaussian([4.0], [[1.0]])).mean
    array([2.])
    """
    share = np.linalg.solve(p.cov + q.cov, q.cov)  # (Σp + Σq)⁻¹ Σq
    harmonic = 2 * p.cov @ share
    mean = p.mean @ share + q.mean @ (np.eye(p.dim) - share)
    return Gaussian(mean, (1 + p.dim**-0.5) * (harmonic + harmonic.T) / 2)


def _log_weights(components: Sequence[Gaussian], samples: int, rng: np.random.Generator) -> Array:
    """Return log p_j/m of every component, shape (k, k, n), at n points of each component."""
    size = -(-samples // len(components))
    points = np.stack([component.sample(size, rng) for component in components])
    logs = np.stack([component.logpdf(points) for component in components])
    return np.asarray(logs - logsumexp(logs, axis=0) + np.log(len(components)))
