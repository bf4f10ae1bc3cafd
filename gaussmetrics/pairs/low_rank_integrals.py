"""Divergences of low-rank plus diagonal covariances near each other, as integrals of traces."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gaussmetrics._array import linalg
from gaussmetrics._array.linalg import transpose
from gaussmetrics._array.types import Array
from gaussmetrics.laws.low_rank import LowRank
from gaussmetrics.pairs.combinations import as_low_rank, mixture_of_low_rank
from gaussmetrics.pairs.differences import DiagonalPlusProduct, low_rank_difference


def _double_exponential(step: float) -> list[tuple[float, float]]:
    """Return nodes and weights on [0, 1] that resolve any scale near the ends.

    Takahasi & Mori 1974, doi:10.2977/prims/1195192451.
    """
    x = step * np.arange(-round(3.0 / step), round(3.0 / step) + 1)
    inner = 0.5 * np.pi * np.sinh(x)
    weights = 0.25 * np.pi * step * np.cosh(x) / np.cosh(inner) ** 2
    return list(zip(0.5 * (1.0 + np.tanh(inner)), weights, strict=True))


_DOUBLE_EXPONENTIAL = _double_exponential(0.1)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(14)


def kl_low_rank(p: LowRank, q: LowRank) -> Array:
    """Return ½ Σ [e − log(1 + e)] = ½ ∫₀¹ t tr(Σq⁻¹ Δ Σt⁻¹ Δ) dt with Σt = Σq + t Δ.

    Δ = Σp − Σq is diagonal plus low-rank, and so every trace costs O(d r²).
    """
    change = low_rank_difference(p, q)
    fixed = _times_inverse(q, change)
    return 0.5 * _integrate(
        lambda t: t * _trace_of_product(fixed, _times_inverse(mixture_of_low_rank(p, q, t), change))
    )


def bhattacharyya_low_rank(p: LowRank, q: LowRank, middle: LowRank) -> Array:
    """Return −¼ Σ log(1 − m²) = 1/16 ∫₀¹ t tr(Σ⁻¹ Δ (Σ₊⁻¹ + Σ₋⁻¹) Δ) dt with Σ± = Σ ± tΔ/2."""
    change = low_rank_difference(p, q)
    fixed = _times_inverse(middle, change)

    def integrand(t: float) -> Array:
        ends = (mixture_of_low_rank(p, q, 0.5 + 0.5 * t), mixture_of_low_rank(p, q, 0.5 - 0.5 * t))
        traces = [_trace_of_product(fixed, _times_inverse(end, change)) for end in ends]
        return t * (traces[0] + traces[1])

    return 0.0625 * _integrate(integrand)


def renyi_low_rank(orders: tuple[float, float], p: LowRank, q: LowRank) -> Array:
    """Return ½ ∫₀¹ G(s) tr(Σs⁻¹ Δ Σs⁻¹ Δ) ds, Σs = Σq + sΔ, G(s) = min(s, β) (1 − max(s, β)) / β.

    G is Green's function of the second derivative, and the trace that of −log det Σs.
    """
    (alpha, beta), p, q = orders, as_low_rank(p), as_low_rank(q)
    change = low_rank_difference(p, q)

    def trace(s: float) -> Array:
        product = _times_inverse(mixture_of_low_rank(p, q, s), change)
        return _trace_of_product(product, product)

    below = [w * x * trace(beta * x) for x, w in _DOUBLE_EXPONENTIAL]
    above = [w * x * trace(1.0 - alpha * x) for x, w in _DOUBLE_EXPONENTIAL]
    return np.asarray(0.5 * alpha * (beta * sum(below) + alpha * sum(above)))


def _integrate(integrand: Callable[[float], Array]) -> Array:
    """Integrate a function that is smooth well beyond [0, 1] by Gauss and Legendre's rule."""
    return np.asarray(
        sum(0.5 * w * integrand(0.5 * x + 0.5) for x, w in zip(_NODES, _WEIGHTS, strict=True))
    )


def _times_inverse(cov: LowRank, change: DiagonalPlusProduct) -> DiagonalPlusProduct:
    """Return Σ⁻¹ Δ."""
    explained = cov.explained()
    scaled = change.diagonal[..., None] * explained
    left = linalg.side_by_side(-explained, cov.solve(change.left))
    right = linalg.side_by_side(scaled, change.right)
    return DiagonalPlusProduct(change.diagonal / cov.noise, left, right)


def _trace_of_product(x: DiagonalPlusProduct, y: DiagonalPlusProduct) -> Array:
    """Return tr(X Y) in O(d r²)."""
    mixed = (y.diagonal * (x.left * x.right).sum(axis=-1)).sum(axis=-1)
    mixed = mixed + (x.diagonal * (y.left * y.right).sum(axis=-1)).sum(axis=-1)
    inner = (transpose(x.right) @ y.left) * transpose(transpose(y.right) @ x.left)
    return (x.diagonal * y.diagonal).sum(axis=-1) + mixed + inner.sum(axis=(-2, -1))
