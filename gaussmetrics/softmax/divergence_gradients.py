"""Gradients of the entropies and divergences of softmax laws, in their logits.

If f has the derivative gₖ in pₖ, its gradient in the logits is pₖ (gₖ − Σ p g). The entries of a
row sum to 0, for a constant added to the logits changes nothing; the entry of the likeliest class
is therefore minus the sum of the others, which keeps its digits where that class is nearly certain.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gaussmetrics._array.types import Array, Scalars
from gaussmetrics.softmax.divergences import (
    bhattacharyya,
    hellinger,
    kl,
    order,
    renyi,
    softmax_total_variation_distance,
    tilted,
)
from gaussmetrics.softmax.log_ratios import Pair, change
from gaussmetrics.softmax.logits import Law, balanced, logits, softmax, weighted


class LogitGradient(NamedTuple):
    """The gradient of a function of two rows of logits, one for each pair of a batch.

    Attributes
    ----------
    u, v : (..., K) array
        Gradients in the logits of both laws; each row sums to 0.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> slope = gm.softmax_kl_divergence_gradient([0.0, 0.0], [0.0, 1.0])
    >>> print(slope.u, slope.v.round(6))
    [ 0.25 -0.25] [-0.231059  0.231059]
    """

    u: Array
    v: Array


def softmax_entropy_gradient(u: Any) -> Array:
    """Return the gradient of the entropy H(p), p = softmax(u), in the logits.

    ∂H/∂uₖ = −pₖ (log pₖ + H)

    Parameters
    ----------
    u : (..., K)
        Logits; −inf is probability 0.

    Returns
    -------
    (..., K) array
        In nats per unit of the logits; each row sums to 0.

    Raises
    ------
    TypeError, ValueError
        If the logits are no real numbers below +inf, or a row is −inf throughout.

    See Also
    --------
    softmax_entropy

    References
    ----------
    Cover & Thomas, Elements of Information Theory (2006), section 2.1, doi:10.1002/047174882X.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> print(gm.softmax_entropy_gradient([0.0, 1.0]).round(6))
    [ 0.196612 -0.196612]
    """
    law = softmax(logits("u", u))
    return _centred(law, -law.log_from(law.top))


def softmax_cross_entropy_gradient(u: Any, v: Any) -> LogitGradient:
    """Return the gradient of the cross-entropy H(p, q) of p = softmax(u) and q = softmax(v).

    ∂/∂uₖ = −pₖ (log qₖ + H(p, q)),  ∂/∂v = q − p

    Parameters
    ----------
    u, v : (..., K)
        Logits of the same classes; −inf is probability 0. Batches (...) broadcast.

    Returns
    -------
    LogitGradient
        In nats per unit of the logits.

    Raises
    ------
    TypeError, ValueError
        If logits are no real numbers below +inf, a row is −inf throughout, shapes do not fit, or
        the cross-entropy is infinite.

    See Also
    --------
    softmax_cross_entropy, LogitGradient

    References
    ----------
    Cover & Thomas, Elements of Information Theory (2006), section 5.4, doi:10.1002/047174882X.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> print(gm.softmax_cross_entropy_gradient([0.0, 0.0], [0.0, 1.0]).v.round(6))
    [-0.231059  0.231059]
    """
    pair = Pair.of("softmax_cross_entropy_gradient", u, v)
    _finite("softmax_cross_entropy_gradient", pair.dominated())
    return LogitGradient(_centred(pair.p, -pair.q.log_from(pair.p.top)), _step(pair))


def softmax_kl_divergence_gradient(u: Any, v: Any) -> LogitGradient:
    """Return the gradient of the Kullback–Leibler divergence KL(p‖q), p = softmax(u).

    ∂/∂uₖ = pₖ (log pₖ/qₖ − KL),  ∂/∂v = q − p

    Parameters
    ----------
    u, v : (..., K)
        Logits of the same classes; −inf is probability 0. Batches (...) broadcast.

    Returns
    -------
    LogitGradient
        In nats per unit of the logits; right to relative rounding near p = q.

    Raises
    ------
    TypeError, ValueError
        If logits are no real numbers below +inf, a row is −inf throughout, shapes do not fit, or
        the divergence is infinite.

    See Also
    --------
    softmax_kl_divergence, LogitGradient

    References
    ----------
    Liang et al. 2021, arXiv:2106.14448; Su Jianlin, https://kexue.fm/archives/8496.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> print(gm.softmax_kl_divergence_gradient([0.0, 0.0], [0.0, 1.0]).u)
    [ 0.25 -0.25]
    """
    pair = Pair.of("softmax_kl_divergence_gradient", u, v)
    _finite("softmax_kl_divergence_gradient", pair.dominated())
    return LogitGradient(_kl_first(pair), _step(pair))


def softmax_jeffreys_divergence_gradient(u: Any, v: Any) -> LogitGradient:
    """Return the gradient of Jeffreys' divergence J = KL(p‖q) + KL(q‖p), the plain sum.

    ∂/∂uₖ = pₖ (log pₖ/qₖ − KL(p‖q)) + pₖ − qₖ, and the same with p and q exchanged

    Parameters
    ----------
    u, v : (..., K)
        Logits of the same classes; −inf is probability 0. Batches (...) broadcast.

    Returns
    -------
    LogitGradient
        In nats per unit of the logits; right to relative rounding near p = q.

    Raises
    ------
    TypeError, ValueError
        If logits are no real numbers below +inf, a row is −inf throughout, shapes do not fit, or
        the divergence is infinite.

    See Also
    --------
    softmax_jeffreys_divergence, LogitGradient

    References
    ----------
    Jeffreys 1946, doi:10.1098/rspa.1946.0056; Liang et al. 2021, arXiv:2106.14448 (R-Drop).

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> print(gm.softmax_jeffreys_divergence_gradient([0.0, 0.0], [0.0, 1.0]).u.round(6))
    [ 0.481059 -0.481059]
    """
    pair = Pair.of("softmax_jeffreys_divergence_gradient", u, v)
    back = pair.swapped()
    _finite("softmax_jeffreys_divergence_gradient", pair.dominated() & back.dominated())
    return LogitGradient(_kl_first(pair) + _step(back), _kl_first(back) + _step(pair))


def softmax_renyi_divergence_gradient(u: Any, v: Any, *, alpha: float) -> LogitGradient:
    """Return the gradient of the Rényi divergence D_α(p‖q) = log Σ p^α q^(1−α) / (α − 1).

    With the law w ∝ p^α q^(1−α), whose logits are α u + (1−α) v:

    ∂/∂u = α (w − p) / (α − 1),  ∂/∂v = q − w;  α = 1 is KL(p‖q), continuously.

    Parameters
    ----------
    u, v : (..., K)
        Logits of the same classes; −inf is probability 0. Batches (...) broadcast.
    alpha : float
        The order, 0 < α ≤ 1e15.

    Returns
    -------
    LogitGradient
        In nats per unit of the logits; right to relative rounding near p = q.

    Raises
    ------
    TypeError, ValueError
        If logits are no real numbers below +inf, a row is −inf throughout, shapes do not fit, alpha
        is no positive number up to 1e15, or the divergence is infinite.

    See Also
    --------
    softmax_renyi_divergence, LogitGradient

    References
    ----------
    van Erven & Harremoës 2014, doi:10.1109/TIT.2014.2320500.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> print(gm.softmax_renyi_divergence_gradient([0.0, 0.0], [0.0, 1.0], alpha=2).v.round(6))
    [-0.462117  0.462117]
    """
    pair = Pair.of("softmax_renyi_divergence_gradient", u, v)
    checked = order("alpha", alpha)
    divergence = renyi(pair, checked)
    _finite("softmax_renyi_divergence_gradient", np.isfinite(divergence))
    return _renyi_gradient(pair, checked, divergence)


def softmax_bhattacharyya_distance_gradient(u: Any, v: Any) -> LogitGradient:
    """Return the gradient of the Bhattacharyya distance D_B = −log Σ √(p q).

    ∂/∂u = ½ (p − w),  ∂/∂v = ½ (q − w),  w ∝ √(p q)

    Parameters
    ----------
    u, v : (..., K)
        Logits of the same classes; −inf is probability 0. Batches (...) broadcast.

    Returns
    -------
    LogitGradient
        In nats per unit of the logits; right to relative rounding near p = q.

    Raises
    ------
    TypeError, ValueError
        If logits are no real numbers below +inf, a row is −inf throughout, shapes do not fit, or
        the distance is infinite.

    See Also
    --------
    softmax_bhattacharyya_distance, LogitGradient

    References
    ----------
    Kailath 1967, doi:10.1109/TCOM.1967.1089532.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> print(gm.softmax_bhattacharyya_distance_gradient([0.0, 0.0], [0.0, 1.0]).v.round(6))
    [-0.0543  0.0543]
    """
    pair = Pair.of("softmax_bhattacharyya_distance_gradient", u, v)
    distance = bhattacharyya(pair)
    _finite("softmax_bhattacharyya_distance_gradient", np.isfinite(distance))
    twice = _renyi_gradient(pair, 0.5, 2.0 * distance)
    return LogitGradient(0.5 * twice.u, 0.5 * twice.v)


def softmax_hellinger_distance_gradient(u: Any, v: Any) -> LogitGradient:
    """Return the gradient of the Hellinger distance H = √(1 − Σ √(p q)).

    With the affinity A = Σ √(p q):

    ∂/∂u = (A p − √(p q)) / 4H,  ∂/∂v = (A q − √(p q)) / 4H

    Parameters
    ----------
    u, v : (..., K)
        Logits of the same classes; −inf is probability 0. Batches (...) broadcast.

    Returns
    -------
    LogitGradient
        Per unit of the logits; right to relative rounding near p = q.

    Raises
    ------
    TypeError, ValueError
        If logits are no real numbers below +inf, a row is −inf throughout, shapes do not fit, or
        p = q, where a distance has a kink.

    See Also
    --------
    softmax_hellinger_distance, LogitGradient

    References
    ----------
    Pardo, Statistical Inference Based on Divergence Measures (2005), doi:10.1201/9781420034813.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> print(gm.softmax_hellinger_distance_gradient([0.0, 0.0], [0.0, 1.0]).v.round(6))
    [-0.15564  0.15564]
    """
    pair = Pair.of("softmax_hellinger_distance_gradient", u, v)
    distance = hellinger(pair)
    remedy = "softmax_bhattacharyya_distance_gradient, which is zero there"
    _distinct("softmax_hellinger_distance_gradient", remedy, distance)
    scale = -4.0 * np.asarray(distance)[..., None]
    back = pair.swapped()
    return LogitGradient(_affinity_step(pair) / scale, _affinity_step(back) / scale)


def softmax_total_variation_distance_gradient(u: Any, v: Any) -> LogitGradient:
    """Return the gradient of the total variation distance TV = ½ Σ |p − q|.

    ∂/∂uₖ = ½ pₖ (sₖ − Σ p s),  s = sign(p − q), and the same with p and q exchanged

    Parameters
    ----------
    u, v : (..., K)
        Logits of the same classes; −inf is probability 0. Batches (...) broadcast.

    Returns
    -------
    LogitGradient
        Per unit of the logits. Where single classes have pₖ = qₖ there is a kink, and the gradient
        is one of those between the slopes of both sides.

    Raises
    ------
    TypeError, ValueError
        If logits are no real numbers below +inf, a row is −inf throughout, shapes do not fit, or
        p = q, where a distance has a kink.

    See Also
    --------
    softmax_total_variation_distance, LogitGradient

    References
    ----------
    Levin & Peres, Markov Chains and Mixing Times (2017), chapter 4, doi:10.1090/mbk/107.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> print(gm.softmax_total_variation_distance_gradient([0.0, 0.0], [0.0, 1.0]).u)
    [ 0.25 -0.25]
    """
    pair = Pair.of("softmax_total_variation_distance_gradient", u, v)
    remedy = "softmax_jensen_shannon_divergence_gradient, which is zero there"
    distance = softmax_total_variation_distance(u, v)
    _distinct("softmax_total_variation_distance_gradient", remedy, distance)
    sign = 0.5 * np.sign(pair.log_ratio)
    return LogitGradient(_centred(pair.p, -sign), _centred(pair.q, sign))


def softmax_jensen_shannon_divergence_gradient(u: Any, v: Any) -> LogitGradient:
    """Return the gradient of the Jensen–Shannon divergence ½ KL(p‖m) + ½ KL(q‖m), m = ½ (p + q).

    ∂/∂uₖ = ½ pₖ (log pₖ/mₖ − KL(p‖m)), and the same with p and q exchanged

    Parameters
    ----------
    u, v : (..., K)
        Logits of the same classes; −inf is probability 0. Batches (...) broadcast.

    Returns
    -------
    LogitGradient
        In nats per unit of the logits; right to relative rounding near p = q.

    Raises
    ------
    TypeError, ValueError
        If logits are no real numbers below +inf, a row is −inf throughout, or shapes do not fit.

    See Also
    --------
    softmax_jensen_shannon_divergence, LogitGradient

    References
    ----------
    Lin 1991, doi:10.1109/18.61115.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> print(gm.softmax_jensen_shannon_divergence_gradient([0.0, 0.0], [0.0, 1.0]).u.round(6))
    [ 0.058827 -0.058827]
    """
    pair = Pair.of("softmax_jensen_shannon_divergence_gradient", u, v)
    ratio = pair.log_ratio
    return LogitGradient(
        _centred(pair.p, 0.5 * _log_to_middle(ratio)),
        _centred(pair.q, 0.5 * _log_to_middle(-ratio)),
    )


def _log_to_middle(ratio: Array) -> Array:
    """Return log p/m = −log ½(1 + e^ℓ)."""
    small = np.minimum(ratio, 1.0)
    with np.errstate(invalid="ignore"):
        far = np.log(2.0) - ratio - np.log1p(np.exp(-np.abs(ratio)))
    return np.where(ratio <= 1.0, -np.log1p(0.5 * np.expm1(small)), far)


def _kl_first(pair: Pair) -> Array:
    """Return p (log p/q − KL)."""
    value = np.asarray(kl(pair))[..., None]
    return balanced(weighted(pair.p.probabilities, -(pair.log_ratio + value)), pair.p.top)


def _step(pair: Pair) -> Array:
    """Return q − p, with the likeliest class of q from the others."""
    return balanced(pair.gap(), pair.q.top)


def _renyi_gradient(pair: Pair, alpha: float, divergence: Scalars) -> LogitGradient:
    """Return −α/β (w − p) and q − w from log w/p = β (ℓ + D) and log w/q = −α ℓ + β D."""
    beta, value = 1.0 - alpha, np.asarray(divergence)[..., None]
    if beta == 0:
        return LogitGradient(_kl_first(pair), _step(pair))
    p, q, ratio = pair.p.probabilities, pair.q.probabilities, pair.log_ratio
    law = softmax(tilted(pair, alpha)).probabilities
    u = (-alpha / beta) * change(p, beta * (ratio + value), law)
    v = -change(q, beta * value - alpha * ratio, law)
    return LogitGradient(balanced(u, pair.p.top), balanced(v, pair.q.top))


def _affinity_step(pair: Pair) -> Array:
    """Return √(p q) − A p, with A p = p exp −D_B."""
    distance = np.asarray(bhattacharyya(pair))[..., None]
    affine = np.exp(-distance) * pair.p.probabilities
    with np.errstate(invalid="ignore"):  # ∞ − ∞ for disjoint laws, where no weight is left
        exponent = 0.5 * pair.log_ratio + distance
    step = change(affine, exponent, np.exp(tilted(pair, 0.5)))
    return balanced(step, pair.p.top)


def _centred(law: Law, slope: Array) -> Array:
    """Return p (g − Σ p g)."""
    p = law.probabilities
    mean = weighted(p, slope).sum(axis=-1, keepdims=True)
    return balanced(weighted(p, slope - mean), law.top)


def _finite(gradient: str, finite: Any) -> None:
    """Check that a divergence has a gradient: that it is not infinite."""
    if not np.all(finite):
        raise ValueError(
            f"{gradient} is not defined where the divergence is infinite: a class that is possible "
            "under one law has the logit -inf under the other. Give it a finite logit, or use "
            "softmax_jensen_shannon_divergence_gradient, which is always finite."
        )


def _distinct(gradient: str, remedy: str, distance: Any) -> None:
    """Check that a distance is taken where it has a gradient."""
    if not np.all(distance):
        raise ValueError(
            f"{gradient} is not defined where p = q: the distance has a kink there. Use {remedy}."
        )
