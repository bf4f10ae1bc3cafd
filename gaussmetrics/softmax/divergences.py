"""Entropies and divergences of softmax laws, in their logits.

Each divergence is a sum of terms that are not negative, written in p, q and ℓ = log q/p, so nothing
cancels where the laws are nearly equal or nearly certain.
"""

from __future__ import annotations

from math import factorial
from typing import Any

import numpy as np

from gaussmetrics._array import reading
from gaussmetrics._array.types import Array, Scalars
from gaussmetrics.softmax.log_ratios import NEAR, Pair, change, log_sum_exp
from gaussmetrics.softmax.logits import Law, logits, softmax, weighted

TERMS = 16
"""Of a series at |x| ≤ ½, to the last digit: ½¹⁶ / 16! is 7e-19."""

LARGEST_ORDER = 1e15
"""Of a Rényi divergence: beyond it the rounding of (α − 1) ℓ is as large as 1."""

LOG_2 = float(np.log(2.0))


def softmax_entropy(u: Any) -> Scalars:
    """Return the entropy H(p) = −Σ p log p of the law p = softmax(u).

    H = −Σₖ pₖ log pₖ,  log pₖ = uₖ − log Σⱼ exp uⱼ

    Parameters
    ----------
    u : (..., K)
        Logits; −inf is probability 0.

    Returns
    -------
    float or (...) array
        In nats, from 0 to log K; right to relative rounding also near 0.

    Raises
    ------
    TypeError, ValueError
        If the logits are no real numbers below +inf, or a row is −inf throughout.

    See Also
    --------
    softmax_cross_entropy, softmax_entropy_gradient, entropy

    References
    ----------
    Cover & Thomas, Elements of Information Theory (2006), section 2.1, doi:10.1002/047174882X.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> print(f"{gm.softmax_entropy([0.0, 0.0]):.6f} {gm.softmax_entropy([0.0, -50.0]):.3e}")
    0.693147 9.837e-21
    """
    law = softmax(logits("u", u))
    return -weighted(law.probabilities, law.log).sum(axis=-1)


def softmax_cross_entropy(u: Any, v: Any) -> Scalars:
    """Return the cross-entropy H(p, q) = −Σ p log q of p = softmax(u) and q = softmax(v).

    H(p, q) = H(p) + KL(p‖q)

    Parameters
    ----------
    u, v : (..., K)
        Logits of the same classes; batches (...) broadcast. The expectation is under u. For given
        targets instead of logits u, pass their logarithms, or see `info_nce_loss`.

    Returns
    -------
    float or (...) array
        In nats; +inf where q is 0 and p is not.

    Raises
    ------
    TypeError, ValueError
        If logits are no real numbers below +inf, a row is −inf throughout, or shapes do not fit.

    See Also
    --------
    softmax_entropy, softmax_kl_divergence, softmax_cross_entropy_gradient

    References
    ----------
    Cover & Thomas, Elements of Information Theory (2006), section 5.4, doi:10.1002/047174882X.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> print(f"{gm.softmax_cross_entropy([0.0, 0.0], [0.0, 1.0]):.6f}")
    0.813262
    """
    pair = Pair.of("softmax_cross_entropy", u, v)
    value = -weighted(pair.p.probabilities, pair.q.log).sum(axis=-1)
    return np.where(pair.dominated(), value, np.inf)[()]


def softmax_kl_divergence(u: Any, v: Any) -> Scalars:
    """Return the Kullback–Leibler divergence KL(p‖q) of p = softmax(u) from q = softmax(v).

    KL(p‖q) = Σ p log(p/q) = Σ p (e^ℓ − 1 − ℓ),  ℓ = log q/p

    Parameters
    ----------
    u, v : (..., K)
        Logits of the same classes; −inf is probability 0. Batches (...) broadcast.

    Returns
    -------
    float or (...) array
        In nats; zero if and only if the laws are equal, and right to relative rounding near zero.
        +inf where q is 0 and p is not.

    Raises
    ------
    TypeError, ValueError
        If logits are no real numbers below +inf, a row is −inf throughout, or shapes do not fit.

    See Also
    --------
    softmax_jeffreys_divergence, softmax_cross_entropy, softmax_kl_divergence_gradient
    kl_divergence

    References
    ----------
    Kullback & Leibler 1951, doi:10.1214/aoms/1177729694; as a regulariser of two passes: Liang et
    al. 2021, arXiv:2106.14448; Su Jianlin, https://kexue.fm/archives/8496.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> print(f"{gm.softmax_kl_divergence([0.0, 0.0], [0.0, 1.0]):.6f}")
    0.120115
    >>> print(f"{gm.softmax_kl_divergence([0.0, 0.0], [0.0, 1e-9]):.6e}")
    1.250000e-19
    """
    return kl(Pair.of("softmax_kl_divergence", u, v))


def softmax_jeffreys_divergence(u: Any, v: Any) -> Scalars:
    """Return Jeffreys' divergence J = KL(p‖q) + KL(q‖p), p = softmax(u), q = softmax(v).

    J = Σ (q − p) log(q/p), the plain sum; R-Drop takes half of it.

    Parameters
    ----------
    u, v : (..., K)
        Logits of the same classes; −inf is probability 0. Batches (...) broadcast.

    Returns
    -------
    float or (...) array
        In nats; zero if and only if the laws are equal, and right to relative rounding near zero.
        +inf where one law is 0 and the other is not.

    Raises
    ------
    TypeError, ValueError
        If logits are no real numbers below +inf, a row is −inf throughout, or shapes do not fit.

    See Also
    --------
    softmax_kl_divergence, softmax_jeffreys_divergence_gradient, jeffreys_divergence

    References
    ----------
    Jeffreys 1946, doi:10.1098/rspa.1946.0056; Liang et al. 2021, arXiv:2106.14448 (R-Drop).

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> print(f"{gm.softmax_jeffreys_divergence([0.0, 0.0], [0.0, 1.0]):.6f}")
    0.231059
    """
    pair = Pair.of("softmax_jeffreys_divergence", u, v)
    value = weighted(pair.gap(), pair.log_ratio).sum(axis=-1)
    return np.where(pair.dominated() & pair.swapped().dominated(), value, np.inf)[()]


def softmax_renyi_divergence(u: Any, v: Any, *, alpha: float) -> Scalars:
    """Return the Rényi divergence D_α(p‖q) of p = softmax(u) from q = softmax(v).

    D_α = log Σ p^α q^(1−α) / (α − 1);  α = 1 is KL(p‖q), continuously.

    Parameters
    ----------
    u, v : (..., K)
        Logits of the same classes; −inf is probability 0. Batches (...) broadcast.
    alpha : float
        The order, 0 < α ≤ 1e15.

    Returns
    -------
    float or (...) array
        In nats; zero if and only if the laws are equal, and right to relative rounding near zero.
        +inf for laws without a common class, and for α ≥ 1 where q is 0 and p is not.

    Raises
    ------
    TypeError, ValueError
        If logits are no real numbers below +inf, a row is −inf throughout, shapes do not fit, or
        alpha is no positive number up to 1e15.

    See Also
    --------
    softmax_kl_divergence, softmax_renyi_divergence_gradient, renyi_divergence

    References
    ----------
    van Erven & Harremoës 2014, doi:10.1109/TIT.2014.2320500.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> print(f"{gm.softmax_renyi_divergence([0.0, 0.0], [0.0, 1.0], alpha=2):.6f}")
    0.240229
    """
    pair = Pair.of("softmax_renyi_divergence", u, v)
    return renyi(pair, order("alpha", alpha))


def softmax_bhattacharyya_distance(u: Any, v: Any) -> Scalars:
    """Return the Bhattacharyya distance D_B of p = softmax(u) and q = softmax(v).

    D_B = −log Σ √(p q) = −log(1 − H²), with the Hellinger distance H

    Parameters
    ----------
    u, v : (..., K)
        Logits of the same classes; −inf is probability 0. Batches (...) broadcast.

    Returns
    -------
    float or (...) array
        In nats; zero if and only if the laws are equal, and right to relative rounding near zero.
        +inf for laws without a common class.

    Raises
    ------
    TypeError, ValueError
        If logits are no real numbers below +inf, a row is −inf throughout, or shapes do not fit.

    See Also
    --------
    softmax_hellinger_distance, softmax_bhattacharyya_distance_gradient, bhattacharyya_distance

    References
    ----------
    Bhattacharyya 1943, Bulletin of the Calcutta Mathematical Society 35; Kailath 1967,
    doi:10.1109/TCOM.1967.1089532.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> print(f"{gm.softmax_bhattacharyya_distance([0.0, 0.0], [0.0, 1.0]):.6f}")
    0.029127
    """
    return bhattacharyya(Pair.of("softmax_bhattacharyya_distance", u, v))


def softmax_hellinger_distance(u: Any, v: Any) -> Scalars:
    """Return the Hellinger distance H of p = softmax(u) and q = softmax(v).

    H² = ½ Σ (√p − √q)² = 1 − Σ √(p q)

    Parameters
    ----------
    u, v : (..., K)
        Logits of the same classes; −inf is probability 0. Batches (...) broadcast.

    Returns
    -------
    float or (...) array
        From 0 to 1, a metric; right to relative rounding near zero.

    Raises
    ------
    TypeError, ValueError
        If logits are no real numbers below +inf, a row is −inf throughout, or shapes do not fit.

    See Also
    --------
    softmax_bhattacharyya_distance, softmax_hellinger_distance_gradient, hellinger_distance

    References
    ----------
    Pardo, Statistical Inference Based on Divergence Measures (2005), doi:10.1201/9781420034813.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> print(f"{gm.softmax_hellinger_distance([0.0, 0.0], [0.0, 1.0]):.6f}")
    0.169432
    """
    return hellinger(Pair.of("softmax_hellinger_distance", u, v))


def softmax_total_variation_distance(u: Any, v: Any) -> Scalars:
    """Return the total variation distance of p = softmax(u) and q = softmax(v).

    TV = ½ Σ |p − q|

    Parameters
    ----------
    u, v : (..., K)
        Logits of the same classes; −inf is probability 0. Batches (...) broadcast.

    Returns
    -------
    float or (...) array
        From 0 to 1, a metric; right to relative rounding near zero.

    Raises
    ------
    TypeError, ValueError
        If logits are no real numbers below +inf, a row is −inf throughout, or shapes do not fit.

    See Also
    --------
    softmax_hellinger_distance, softmax_total_variation_distance_gradient, total_variation_distance

    References
    ----------
    Levin & Peres, Markov Chains and Mixing Times (2017), chapter 4, doi:10.1090/mbk/107.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> print(f"{gm.softmax_total_variation_distance([0.0, 0.0], [0.0, 1.0]):.6f}")
    0.231059
    """
    pair = Pair.of("softmax_total_variation_distance", u, v)
    return np.minimum(0.5 * np.abs(pair.gap()).sum(axis=-1), 1.0)


def softmax_jensen_shannon_divergence(u: Any, v: Any) -> Scalars:
    """Return the Jensen–Shannon divergence of p = softmax(u) and q = softmax(v).

    JS = ½ KL(p‖m) + ½ KL(q‖m),  m = ½ (p + q);  exact, where that of Gaussians has only bounds.

    Parameters
    ----------
    u, v : (..., K)
        Logits of the same classes; −inf is probability 0. Batches (...) broadcast.

    Returns
    -------
    float or (...) array
        In nats, from 0 to log 2; right to relative rounding near zero. Its root is a metric.

    Raises
    ------
    TypeError, ValueError
        If logits are no real numbers below +inf, a row is −inf throughout, or shapes do not fit.

    See Also
    --------
    softmax_jeffreys_divergence, softmax_jensen_shannon_divergence_gradient, jensen_shannon_bounds

    References
    ----------
    Lin 1991, doi:10.1109/18.61115.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> print(f"{gm.softmax_jensen_shannon_divergence([0.0, 0.0], [0.0, 1.0]):.6f}")
    0.028535
    """
    return jensen_shannon(Pair.of("softmax_jensen_shannon_divergence", u, v))


def kl(pair: Pair) -> Scalars:
    """Return Σ p (e^ℓ − 1 − ℓ)."""
    p, q, ratio = pair.p.probabilities, pair.q.probabilities, pair.log_ratio
    near = weighted(p, _series(ratio, np.ones(TERMS)))
    value = np.where(np.abs(ratio) <= NEAR, near, (q - p) - weighted(p, ratio)).sum(axis=-1)
    return np.where(pair.dominated(), value, np.inf)[()]


def order(name: str, value: Any) -> float:
    """Check the order of a Rényi divergence."""
    alpha = reading.positive_number(name, value)
    if alpha > LARGEST_ORDER:
        raise ValueError(
            f"{name} must be at most {LARGEST_ORDER:g}, got {alpha:g}. Pass {LARGEST_ORDER:g} for "
            "the limit of large orders, log max p/q."
        )
    return alpha


def renyi(pair: Pair, alpha: float) -> Scalars:
    """Return D_α from Σ p^α q^β = 1 − β h, β = 1 − α.

    h is a sum of terms that are not negative, p (e^ℓ − 1) − p (e^βℓ − 1)/β, and tends to KL(p‖q).
    """
    beta = 1.0 - alpha
    h = _renyi_terms(pair, alpha).sum(axis=-1)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        near = h if beta == 0 else -np.log1p(np.where(np.abs(beta * h) < NEAR, -beta * h, 0)) / beta
        value = np.where(np.abs(beta * h) < NEAR, near, -log_sum_exp(tilted(pair, alpha)) / beta)
    return np.where(pair.dominated() | (alpha < 1), value, np.inf)[()]


def tilted(pair: Pair, alpha: float) -> Array:
    """Return log p^α q^(1−α), −∞ where either is 0."""
    common = pair.p.possible & pair.q.possible
    with np.errstate(invalid="ignore", over="ignore"):
        if alpha < NEAR:
            exponent = pair.q.log - alpha * pair.log_ratio
        else:
            exponent = pair.p.log + (1.0 - alpha) * pair.log_ratio
    return np.where(common, exponent, -np.inf)


def _renyi_terms(pair: Pair, alpha: float) -> Array:
    p, q, ratio = pair.p.probabilities, pair.q.probabilities, pair.log_ratio
    beta = 1.0 - alpha
    n = np.arange(1.0, TERMS + 1)
    # 1 − β^(n−1) for n = 2, 3, …, to the last digit also for small α.
    falls = -np.expm1(n * np.log1p(-alpha)) if alpha < NEAR else 1.0 - beta**n
    near = weighted(p, _series(ratio, falls))
    with np.errstate(over="ignore"):
        product = np.exp(tilted(pair, alpha))
    if alpha < NEAR:
        far = -(change(q, -alpha * ratio, product) + alpha * (q - p)) / beta
    elif beta:
        far = pair.gap() - change(p, beta * ratio, product) / beta
    else:
        far = pair.gap() - weighted(p, ratio)
    return np.where(np.abs(ratio) * max(1.0, abs(beta)) <= NEAR, near, far)


def _series(x: Array, factors: Array) -> Array:
    """Return Σₙ factorₙ xⁿ / n! over n = 2, 3, …, for |x| ≤ ½ and 0 elsewhere."""
    small = np.where(np.abs(x) <= NEAR, x, 0.0)
    total = np.zeros_like(small)
    for n in range(TERMS + 1, 1, -1):
        total = total * small + factors[n - 2] / factorial(n)
    return total * small * small


def bhattacharyya(pair: Pair) -> Scalars:
    """Return −log(1 − H²), or −log Σ √(p q) where the laws are far apart."""
    square = np.square(hellinger(pair))
    near = -np.log1p(-np.minimum(square, NEAR))
    return np.where(square < NEAR, near, -log_sum_exp(tilted(pair, 0.5)))[()]


def hellinger(pair: Pair) -> Scalars:
    """Return ‖√q − √p‖ / √2, the norm scaled so that tiny squares do not vanish."""
    steps = change(square_root(pair.p), 0.5 * pair.log_ratio, square_root(pair.q))
    scale = np.abs(steps).max(axis=-1, keepdims=True)
    scaled = steps / np.where(scale > 0, scale, 1.0)
    return np.minimum(scale[..., 0] * np.sqrt(0.5 * np.square(scaled).sum(axis=-1)), 1.0)


def square_root(law: Law) -> Array:
    """Return √p, also where p itself is too small for a float."""
    p = law.probabilities
    return np.where(p > np.finfo(float).tiny, np.sqrt(p), np.exp(0.5 * law.log))


def jensen_shannon(pair: Pair) -> Scalars:
    """Return ½ Σ m [t ℓ + log(1 − t²)], t = tanh ½ℓ = (q − p)/(q + p), m = ½ (p + q).

    Where |ℓ| > 1, from both logarithms by themselves.
    """
    p, q = pair.p.probabilities, pair.q.probabilities
    size = np.abs(pair.log_ratio)
    small = np.minimum(size, 1.0)
    tanh = np.tanh(0.5 * small)
    near = 0.25 * (p + q) * (tanh * small + np.log1p(-np.square(tanh)))
    likely = LOG_2 - np.log1p(np.exp(-size))
    far = 0.5 * (np.maximum(p, q) * likely + weighted(np.minimum(p, q), likely - size))
    return np.where(size <= 1.0, near, far).sum(axis=-1)
