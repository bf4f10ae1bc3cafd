"""Entropies and Kullback–Leibler divergences of mixtures: bounds in closed form, and sampling.

Neither has a closed form. Both lie between bounds made of divergences between the components.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np

from gaussmetrics._array import reading
from gaussmetrics._array.types import Array, Scalars
from gaussmetrics.divergences.information import entropy, kl_divergence
from gaussmetrics.divergences.overlap import bhattacharyya_distance, cauchy_schwarz_divergence
from gaussmetrics.laws import gaussian_checks
from gaussmetrics.laws.gaussian import Gaussian, Mixture
from gaussmetrics.laws.operands import mixture, same_names, same_space
from gaussmetrics.pairwise import pairwise

_STEPS = 200
_SETTLED = 1e-12


class MixtureBounds(NamedTuple):
    """What a quantity of mixtures lies between.

    Attributes
    ----------
    lower, upper : float
        In nats.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> m = gm.Mixture(None, gm.Gaussian([[0.0], [9.0]], [[1.0]]))
    >>> bounds = gm.mixture_entropy_bounds(m)
    >>> print(f"{bounds.lower:.6f} {bounds.upper:.6f}")
    2.112046 2.112086
    """

    lower: np.float64
    upper: np.float64


@final
@dataclass(frozen=True)
class MonteCarloEstimate:
    """A number known by sampling, and by bounds.

    ``value, error = estimate`` unpacks it and ``f"{estimate:.3f}"`` writes value ± error.

    Attributes
    ----------
    value : float
        The mean over the samples, or the bound that it exceeds.
    standard_error : float
        Estimated standard deviation of the value over repeated sampling, at most the distance of
        the bounds.
    lower, upper : float
        What the truth lies between for certain.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> result = gm.MonteCarloEstimate(0.5, 0.01, 0.485, 0.9)
    >>> low, high = result.confidence_interval()
    >>> print(f"{low:.4f} {high:.4f}")
    0.4850 0.5196
    >>> print(f"{result:.2f}")
    0.50 ± 0.01
    """

    value: float
    standard_error: float
    lower: float
    upper: float

    def __iter__(self) -> Iterator[float]:
        return iter((self.value, self.standard_error))

    def __format__(self, spec: str) -> str:
        return f"{self.value:{spec}} ± {self.standard_error:{spec}}" if spec else repr(self)

    def __repr__(self) -> str:
        return (
            f"MonteCarloEstimate(value={self.value:.6g}, "
            f"standard_error={self.standard_error:.3g}, lower={self.lower:.6g}, "
            f"upper={self.upper:.6g})"
        )

    def confidence_interval(self, confidence_level: float = 0.95) -> tuple[float, float]:
        """Return value ± z · standard_error, cut off at the bounds.

        Parameters
        ----------
        confidence_level : float
            Between 0 and 1.

        Returns
        -------
        (low, high) : tuple of float

        Raises
        ------
        TypeError, ValueError
            If confidence_level is no number between 0 and 1.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> gm.MonteCarloEstimate(0.5, 0.0, 0.5, 0.5).confidence_interval(0.99)
        (0.5, 0.5)
        """
        level = reading.probability("confidence_level", confidence_level)
        from scipy.special import ndtri

        reach = float(ndtri(0.5 + 0.5 * level)) * self.standard_error
        return max(self.lower, self.value - reach), min(self.upper, self.value + reach)


def mixture_entropy_bounds(m: Mixture) -> MixtureBounds:
    """Return bounds on the entropy −E log m of a mixture m = Σ w_i p_i.

    Σ w_i H(p_i) − Σ w_i log Σ_j w_j exp(−D(p_i, p_j)),  D_B below and KL above in place of D

    Parameters
    ----------
    m : Mixture
        Its components have densities.

    Returns
    -------
    MixtureBounds
        A named pair (lower, upper) of floats in nats. Equal where all components are, and where
        they are far apart.

    Raises
    ------
    TypeError
        If m is not a Mixture.
    ValueError
        If a component is singular.

    See Also
    --------
    entropy, mixture_kl_bounds, Mixture

    References
    ----------
    Kolchinsky & Tracey 2017, doi:10.3390/e19070361, arXiv:1706.02419.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> m = gm.Mixture(None, gm.Gaussian([[0.0], [3.0]], [[1.0]]))
    >>> lower, upper = gm.mixture_entropy_bounds(m)
    >>> print(f"{lower:.6f} {upper:.6f}")
    1.830936 2.101038
    """
    weights, laws = _regular("mixture_entropy_bounds", "m", m)
    own = _mean(weights, entropy(laws))
    lower, upper = (
        own - _mean(weights, _log_overlap(weights, pairwise(metric, laws)))
        for metric in (bhattacharyya_distance, kl_divergence)
    )
    return MixtureBounds(np.float64(lower), np.float64(upper))


def mixture_kl_bounds(p: Mixture, q: Mixture) -> MixtureBounds:
    """Return bounds on the Kullback–Leibler divergence KL(p‖q) of two mixtures.

    With p = Σ π_a p_a and q = Σ ω_b q_b, and H the entropy, KL(p‖q) is at least

    Σ π_a [log Σ π_a′ exp(−KL(p_a‖p_a′)) − H(p_a) − log Σ ω_b ∫ p_a q_b]

    and at most the least of Σ π_a [log Σ π_a′ exp(−D_B(p_a, p_a′)) − log Σ ω_b exp(−KL(p_a‖q_b))]
    and Σ φ_ab [KL(p_a‖q_b) + log(φ_ab / ψ_ab)] over φ ≥ 0 with row sums π and ψ ≥ 0 with column
    sums ω.

    Parameters
    ----------
    p, q : Mixture
        Of one dimension; their components have densities. The expectation is under p.

    Returns
    -------
    MixtureBounds
        A named pair (lower, upper) of floats in nats. Both are KL between single components.

    Raises
    ------
    TypeError
        If p or q is not a Mixture.
    ValueError
        If dimensions or names differ, or a component is singular.

    See Also
    --------
    mixture_kl_divergence, mixture_entropy_bounds, kl_divergence

    References
    ----------
    The first upper and the lower bound: Durrieu, Thiran & Kelly 2012,
    doi:10.1109/ICASSP.2012.6289001, with the tighter entropies of Kolchinsky & Tracey 2017,
    arXiv:1706.02419; the second upper bound, by iteration: Hershey & Olsen 2007,
    doi:10.1109/ICASSP.2007.366913.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p = gm.Mixture(None, gm.Gaussian([[0.0], [6.0]], [[1.0]]))
    >>> q = gm.Mixture(None, gm.Gaussian([[1.0], [6.0]], [[1.0]]))
    >>> lower, upper = gm.mixture_kl_bounds(p, q)
    >>> print(f"{lower:.6f} {upper:.6f}")
    0.000000 0.250000
    """
    pi, ps, omega, qs = _both("mixture_kl_bounds", p, q)
    return _kl_bounds(pi, ps, omega, qs)


def mixture_kl_divergence(
    p: Mixture,
    q: Mixture,
    *,
    samples: int = 100_000,
    rng: np.random.Generator | int | None = None,
) -> MonteCarloEstimate:
    """Estimate the Kullback–Leibler divergence KL(p‖q) of two mixtures by Monte Carlo.

    KL(p‖q) = E_m [a log(a/b) − a + b],  m = ½ (p + q),  a = p/m,  b = q/m

    Half of the samples are from p and half from q. No term is negative and none large, so that the
    error is small beside the value also where p and q are nearly equal, or far apart.

    Parameters
    ----------
    p, q : Mixture
        Of one dimension; their components have densities. The expectation is under p.
    samples : int
        How many points are drawn, at least 4.
    rng : Generator or int, optional
        The source of randomness or a seed; None draws fresh entropy.

    Returns
    -------
    MonteCarloEstimate
        In nats: `value`, `standard_error`, and `lower` and `upper`, the bounds of
        `mixture_kl_bounds`. Between single components the value is exact.

    Raises
    ------
    TypeError
        If p or q is not a Mixture, samples is no integer or rng no source of randomness.
    ValueError
        If dimensions or names differ, or a component is singular.

    See Also
    --------
    mixture_kl_bounds, kl_divergence, mixture_wasserstein_distance

    References
    ----------
    Hershey & Olsen 2007, doi:10.1109/ICASSP.2007.366913; sampling from both laws: Owen & Zhou
    2000, doi:10.1080/01621459.2000.10473909.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p = gm.Mixture(None, gm.Gaussian([[0.0], [6.0]], [[1.0]]))
    >>> q = gm.Mixture(None, gm.Gaussian([[1.0], [6.0]], [[1.0]]))
    >>> value, error = gm.mixture_kl_divergence(p, q, rng=0)
    >>> print(f"{value:.3f} {error:.3f}")
    0.246 0.002
    """
    pi, ps, omega, qs = _both("mixture_kl_divergence", p, q)
    size = reading.step_count("samples", samples, least=4)
    source = reading.generator(rng)
    lower, upper = _kl_bounds(pi, ps, omega, qs)
    x = [law.sample((n,), source) for law, n in ((p, size - size // 2), (q, size // 2))]
    # Laws so far apart that the divergence is beyond the floats are infinitely far apart.
    with np.errstate(invalid="ignore"):
        strata = [_excess(np.asarray(p.logpdf(y) - q.logpdf(y))) for y in x]
        value = 0.5 * sum(float(part.mean()) for part in strata)
        # In units of the largest excess, whose square may be beyond the floats.
        unit = max(float(np.abs(part).max()) for part in strata) or 1.0
        variance = sum((part / unit).var(ddof=1) / len(part) for part in strata)
        error = 0.5 * unit * float(np.sqrt(variance))
        error = float(np.fmin(np.fmin(error, upper - lower), np.inf))
    return MonteCarloEstimate(
        float(np.clip(value, lower, upper)), error, float(lower), float(upper)
    )


def _excess(r: Array) -> Array:
    """Return a log(a/b) − a + b for a + b = 2, from r = log(a/b): a = 2 / (1 + e⁻ʳ)."""
    from scipy.special import expit

    a, b = 2.0 * expit(r), 2.0 * expit(-r)
    # b (eʳ r − eʳ + 1), a difference of nearly equal numbers where r is small.
    near = np.abs(r) < 1e-2
    small = np.where(near, r, 0.0)
    series = 0.5 + small * (1 / 3 + small * (1 / 8 + small * (1 / 30 + small / 144)))
    far = np.where(a > 0, a * r, 0.0) - a + b
    return np.where(near, b * small * small * series, far)


def _kl_bounds(pi: Array, ps: Gaussian, omega: Array, qs: Gaussian) -> MixtureBounds:
    across = pairwise(kl_divergence, ps, qs)
    if across.size == 1:
        return MixtureBounds(across[0, 0], across[0, 0])
    near = _log_overlap(pi, pairwise(kl_divergence, ps))
    apart = _log_overlap(pi, pairwise(bhattacharyya_distance, ps))
    # log ∫ p_a q_b = ½ log ∫ p_a² + ½ log ∫ q_b² − the Cauchy–Schwarz divergence
    products = pairwise(cauchy_schwarz_divergence, ps, qs)
    products = products - 0.5 * (_log_square(ps)[:, None] + _log_square(qs))
    lower = _mean(pi, near - entropy(ps) - _log_overlap(omega, products))
    upper = _mean(pi, apart - _log_overlap(omega, across))
    upper = max(0.0, min(upper, _variational(pi, omega, across)))
    return MixtureBounds(np.float64(min(max(lower, 0.0), upper)), np.float64(upper))


def _log_square(laws: Gaussian) -> Array:
    """Return log ∫ p²."""
    log_det = np.broadcast_to(laws.covariance.log_det(), laws.batch_shape)
    return -0.5 * (laws.dim * np.log(4.0 * np.pi) + log_det)


def _variational(pi: Array, omega: Array, divergences: Array) -> float:
    """Return Σ φ [K + log(φ/ψ)], lowered by the best φ and the best ψ in turn: each is a bound."""
    costs = np.minimum(divergences, 1e300)
    log_pi, log_omega = np.log(pi)[:, None], np.log(omega)
    log_psi, best = log_pi + log_omega, np.inf
    for _ in range(_STEPS):
        joint = log_psi - costs
        log_rows = np.logaddexp.reduce(joint, axis=1)
        value = _mean(pi, log_pi[:, 0] - log_rows)
        if not value < best - _SETTLED * max(value, 0.0):
            break
        best = value
        log_phi = log_pi + joint - log_rows[:, None]
        log_psi = log_omega + log_phi - np.logaddexp.reduce(log_phi, axis=0)
    value = min(best, value)
    return value if value < 1e299 else np.inf


def _log_overlap(weights: Array, divergences: Array) -> Array:
    """Return log Σ_j w_j exp(−D_ij)."""
    return np.asarray(np.logaddexp.reduce(np.log(weights) - divergences, axis=-1))


def _mean(weights: Array, values: Scalars) -> float:
    return float(weights @ values)


def _both(name: str, p: Mixture, q: Mixture) -> tuple[Array, Gaussian, Array, Gaussian]:
    pi, ps = _regular(name, "p", p)
    omega, qs = _regular(name, "q", q)
    same_space(name, ps.dim, qs.dim)
    same_names(name, ps.names, qs.names)
    return pi, ps, omega, qs


def _regular(name: str, label: str, m: Mixture) -> tuple[Array, Gaussian]:
    """Check a mixture of laws with densities, and leave out those without weight."""
    weights, laws = mixture(name, label, m)
    gaussian_checks.has_densities(name, laws.covariance)
    return weights[weights > 0], laws[weights > 0]
