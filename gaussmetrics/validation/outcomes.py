"""Judges of softmax laws: outcomes drawn by races, and slopes by complex steps.

The operands are normals whose means serve as logits: real numbers of a real size. An outcome is
drawn by adding Gumbel noise to the logits and taking the largest, which is softmax without ever
computing it. Divergences are means over outcomes of the mixture m = ½ (p + q), in which weights
p/m never exceed 2. A slope is Im f(x + ih)/h of the formula as written: exact without differences.

References
----------
Maddison, Tarlow & Minka 2014, arXiv:1411.0030 (races); Squire & Trapp 1998,
doi:10.1137/S003614459631241X (complex steps)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from gaussmetrics._array.types import Array
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.validation.montecarlo import mean_with_error
from gaussmetrics.validation.rows import Estimate

ORDER = 0.7
"""Of the Rényi divergence."""

STEP = 1e-100
"""Of a complex step; its square is nothing."""

RACES = "Gumbel races"

Complex: TypeAlias = NDArray[np.complex128]
Formula: TypeAlias = Callable[[Any, Any], Any]


def race(logits: Array, samples: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw outcomes of the law softmax(logits).

    Parameters
    ----------
    logits : ndarray, shape (K,)
    samples : int
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of int, shape (samples,)

    Examples
    --------
    >>> race(np.array([0.0, -np.inf]), 3, np.random.default_rng(0))
    array([0, 0, 0])
    """
    return (logits + rng.gumbel(size=(samples, len(logits)))).argmax(axis=1)


def entropy(p: Gaussian, *, samples: int, rng: np.random.Generator) -> Estimate:
    """Estimate H(p) = −E_p log p."""
    return cross_entropy(p, p, samples=samples, rng=rng)


def cross_entropy(p: Gaussian, q: Gaussian, *, samples: int, rng: np.random.Generator) -> Estimate:
    """Estimate H(p, q) = −E_p log q."""
    outcomes = race(p.mean, samples, rng)
    return Estimate(RACES, *mean_with_error(-log_softmax(q.mean)[outcomes]), unit=1.0)


def kl_divergence(p: Gaussian, q: Gaussian, *, samples: int, rng: np.random.Generator) -> Estimate:
    """Estimate KL = E_m[a log(a/b) − a + b], a = p/m, b = q/m."""
    a, b = _weights(p, q, samples, rng)
    return Estimate(RACES, *mean_with_error(a * np.log(a / b) - a + b))


def jeffreys_divergence(
    p: Gaussian, q: Gaussian, *, samples: int, rng: np.random.Generator
) -> Estimate:
    """Estimate J = E_m[(a − b) log(a/b)]."""
    a, b = _weights(p, q, samples, rng)
    return Estimate(RACES, *mean_with_error((a - b) * np.log(a / b)))


def renyi_divergence(
    p: Gaussian, q: Gaussian, *, samples: int, rng: np.random.Generator
) -> Estimate:
    """Estimate D_α = log(1 + E_m[a^α b^(1−α) − α a − (1−α) b]) / (α − 1)."""
    a, b = _weights(p, q, samples, rng)
    terms = a**ORDER * b ** (1 - ORDER) - ORDER * a - (1 - ORDER) * b
    mean, error = mean_with_error(terms)
    value = float(np.log1p(mean) / (ORDER - 1))
    return Estimate(RACES, value, error / (1 + mean) / abs(ORDER - 1))


def hellinger_distance(
    p: Gaussian, q: Gaussian, *, samples: int, rng: np.random.Generator
) -> Estimate:
    """Estimate H = √(½ E_m(√a − √b)²)."""
    square, error = _squared_hellinger(p, q, samples, rng)
    return Estimate(RACES, float(np.sqrt(square)), error / (2 * float(np.sqrt(square))))


def bhattacharyya_distance(
    p: Gaussian, q: Gaussian, *, samples: int, rng: np.random.Generator
) -> Estimate:
    """Estimate D_B = −log(1 − ½ E_m(√a − √b)²)."""
    square, error = _squared_hellinger(p, q, samples, rng)
    return Estimate(RACES, -float(np.log1p(-square)), error / (1 - square))


def total_variation_distance(
    p: Gaussian, q: Gaussian, *, samples: int, rng: np.random.Generator
) -> Estimate:
    """Estimate TV = ½ E_m|a − b|."""
    a, b = _weights(p, q, samples, rng)
    return Estimate(RACES, *mean_with_error(0.5 * np.abs(a - b)))


def jensen_shannon_divergence(
    p: Gaussian, q: Gaussian, *, samples: int, rng: np.random.Generator
) -> Estimate:
    """Estimate JS = ½ E_m[a log a + b log b]."""
    a, b = _weights(p, q, samples, rng)
    return Estimate(RACES, *mean_with_error(0.5 * (a * np.log(a) + b * np.log(b))))


def info_nce_loss(p: Gaussian, *, samples: int, rng: np.random.Generator) -> Estimate:
    """Estimate −log of how often the first candidate wins."""
    share, error = mean_with_error((race(p.mean, samples, rng) == 0).astype(float))
    return Estimate(RACES, -float(np.log(share)), error / share, unit=1.0)


def flat_nce_loss(p: Gaussian, *, samples: int, rng: np.random.Generator) -> Estimate:
    """Estimate the log-odds against the first candidate, by more races: both shares count."""
    share, error = mean_with_error((race(p.mean, 4 * samples, rng) == 0).astype(float))
    return Estimate(RACES, float(np.log1p(-share) - np.log(share)), error / share / (1 - share),
                    unit=1.0)  # fmt: skip


def _weights(
    p: Gaussian, q: Gaussian, samples: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return p/m and q/m at outcomes of m, one row a stratum."""
    size = -(-samples // 2)
    outcomes = np.stack([race(law.mean, size, rng) for law in (p, q)])
    a, b = (np.exp(log_softmax(law.mean))[outcomes] for law in (p, q))
    return 2 * a / (a + b), 2 * b / (a + b)


def _squared_hellinger(
    p: Gaussian, q: Gaussian, samples: int, rng: np.random.Generator
) -> tuple[float, float]:
    a, b = _weights(p, q, samples, rng)
    return mean_with_error(0.5 * (np.sqrt(a) - np.sqrt(b)) ** 2)


def softmax(u: Any) -> Any:
    """Return the law of logits, as written, of complex ones too."""
    weights = np.exp(u - u.real.max())
    return weights / weights.sum()


def _kl(p: Any, q: Any) -> Any:
    return (p * np.log(p / q)).sum()


def _modulus(x: Any) -> Any:
    """Return |x| as an analytic function, x or −x."""
    return np.where(x.real < 0, -x, x)


FORMULAS: dict[str, Formula] = {
    "cross_entropy": lambda p, q: -(p * np.log(q)).sum(),
    "kl_divergence": _kl,
    "jeffreys_divergence": lambda p, q: ((p - q) * np.log(p / q)).sum(),
    "renyi_divergence": lambda p, q: np.log((p**ORDER * q ** (1 - ORDER)).sum()) / (ORDER - 1),
    "bhattacharyya_distance": lambda p, q: -np.log(np.sqrt(p * q).sum()),
    "hellinger_distance": lambda p, q: np.sqrt(1 - np.sqrt(p * q).sum()),
    "total_variation_distance": lambda p, q: 0.5 * _modulus(p - q).sum(),
    "jensen_shannon_divergence": lambda p, q: 0.5 * (_kl(p, 0.5 * (p + q)) + _kl(q, 0.5 * (p + q))),
}
"""Of two laws, as they are written."""


def slope(function: Callable[[Complex], Any], point: Array) -> Array:
    """Return the gradient of an analytic function by complex steps.

    Parameters
    ----------
    function : callable
        An array in, a number out, for complex arrays too.
    point : ndarray

    Returns
    -------
    ndarray, of the point's shape

    Examples
    --------
    >>> slope(lambda x: (x**2).sum(), np.array([1.0, 3.0]))
    array([2., 6.])
    """
    result = np.empty(point.shape)
    for index in np.ndindex(point.shape):
        moved = point.astype(np.complex128)
        moved[index] += 1j * STEP
        result[index] = np.imag(function(moved)) / STEP
    return result


def pair_slopes(name: str, u: Array, v: Array) -> Array:
    """Return the slopes of a formula in both rows of logits, (2, K)."""
    formula = FORMULAS[name]
    first = slope(lambda x: formula(softmax(x), softmax(v)), u)
    return np.stack([first, slope(lambda x: formula(softmax(u), softmax(x)), v)])


def entropy_slopes(u: Array) -> Array:
    """Return the slopes of the entropy, (K,)."""
    return slope(lambda x: -(softmax(x) * np.log(softmax(x))).sum(), u)


def loss_slopes(scores: Array, *, flat: bool) -> Array:
    """Return the slopes of −log p₀, or of log (1 − p₀)/p₀, in the scores."""

    def loss(s: Any) -> Any:
        p = softmax(s)
        return np.log(p[1:].sum() if flat else 1.0) - np.log(p[0])

    return slope(loss, scores)


def row_slopes(u: Array, v: Array) -> Array:
    """Return the slopes in u of the sum of the losses of all rows of u vᵀ, as written."""

    def loss(x: Any) -> Any:
        return -sum(np.log(softmax(row)[k]) for k, row in enumerate(x @ v.T))

    return slope(loss, u)
