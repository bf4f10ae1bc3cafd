"""Two softmax laws side by side: the log-ratio ℓ = log q/p that every divergence is a sum of.

With δ = v − u, r a class likely under both and d = δ − δᵣ, which is formed without rounding,

    ℓₖ = dₖ − log Σⱼ pⱼ exp dⱼ = dₖ − log1p Σⱼ pⱼ (exp dⱼ − 1),

so that ℓ has all its digits where the laws are nearly equal, whatever constant was added to either
row of logits. Far from equality ℓᵣ is log qᵣ − log pᵣ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gaussmetrics._array.types import Array, Mask
from gaussmetrics.softmax.logits import (
    Law,
    at,
    difference,
    softmax,
    two_logits,
    weighted,
    without,
)

NEAR = 0.5
"""Below this size of its argument a series or a log1p is the better formula."""


@dataclass(frozen=True, eq=False)
class Pair:
    """The laws p, q of two rows of logits and the log-ratio ℓ = log q/p; 0 where neither is."""

    p: Law
    q: Law
    log_ratio: Array

    @classmethod
    def of(cls, metric: str, u: Any, v: Any) -> Pair:
        """Check two operands and compare them."""
        a, b = two_logits(metric, u, v)
        p, q = softmax(a), softmax(b)
        return cls(p, q, _log_ratio(a, b, p, q))

    def swapped(self) -> Pair:
        """Return the pair (q, p)."""
        return Pair(self.q, self.p, -self.log_ratio)

    def gap(self) -> Array:
        """Return q − p."""
        return change(self.p.probabilities, self.log_ratio, self.q.probabilities)

    def dominated(self) -> Mask:
        """Tell whether q is possible wherever p is."""
        return np.asarray((self.log_ratio > -np.inf).all(axis=-1))


def _log_ratio(u: Array, v: Array, p: Law, q: Law) -> Array:
    place = (p.log + q.log).argmax(axis=-1)[..., None]
    with np.errstate(all="ignore"):  # infinite and undefined ratios are set below
        rounded, rest = difference(v, u)
        d = (rounded - at(rounded, place)) + (rest - at(rest, place))
        a, b = p.probabilities, q.probabilities
        far = at(a, place) * (b / at(b, place)) - a
        terms = without(np.where(d <= 1.0, weighted(a, np.expm1(d)), far), place)
        near = np.abs(terms).sum(axis=-1, keepdims=True) < NEAR
        shift = -np.log1p(np.where(near, terms.sum(axis=-1, keepdims=True), 0.0))
        ratio = d + np.where(near, shift, at(q.log, place) - at(p.log, place))
    only_p, only_q = p.possible & ~q.possible, q.possible & ~p.possible
    ratio = np.where(only_p, -np.inf, np.where(only_q, np.inf, ratio))
    return np.where(p.possible | q.possible, ratio, 0.0)


def change(weights: Array, exponent: Array, changed: Array) -> Array:
    """Return w eˣ − w, given w eˣ too, which serves where x is large."""
    with np.errstate(over="ignore"):
        return np.where(
            np.abs(exponent) <= 1.0, weighted(weights, np.expm1(exponent)), changed - weights
        )


def log_sum_exp(exponents: Array) -> Array:
    """Return log Σ exp x along the last axis, −∞ for an empty sum."""
    top = exponents.max(axis=-1, keepdims=True)
    shift = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore", over="ignore"):
        return np.log(np.exp(exponents - shift).sum(axis=-1)) + shift[..., 0]
