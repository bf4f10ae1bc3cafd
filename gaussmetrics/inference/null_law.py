"""The laws of a test statistic where the tested laws are equal: exact, or by permutation.

For normal rows the moments of a likelihood ratio are ratios of multivariate Gamma functions, and so
its cumulant function is known for complex arguments. One contour integral through its saddle point
turns that into a p-value.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array.types import Array

_STEP = 0.05
_STEPS = _STEP * np.arange(280)
_BEND = np.pi / 8
_NEAR_ZERO = 1e-6


@dataclass(frozen=True, repr=False, eq=False)
class PermutationLaw:
    """The statistic of rows dealt anew to the samples.

    Attributes
    ----------
    values : (b,) array
        One a permutation.
    units : str
        What was dealt: rows, groups of rows or clusters.
    """

    values: Array
    units: str

    def __repr__(self) -> str:
        return f"{len(self.values)} permutations of {self.units}"

    def p_value(self, statistic: float) -> float:
        """Return the share of the permutations, the data among them, that reach a statistic."""
        # Permutations that are the data again may differ from it by rounding.
        reached = self.values >= statistic - 1e-9 * abs(statistic)
        return float((1 + np.count_nonzero(reached)) / (1 + len(self.values)))

    def threshold(self, level: float) -> float:
        """Return the least statistic whose p-value is below a level, or infinity if none is."""
        may_reach = int(np.floor(level * (1 + len(self.values)) * (1 + 1e-12))) - 1
        if may_reach < 0:
            return np.inf
        return float(np.sort(self.values)[len(self.values) - 1 - may_reach])


class ExactLaw(ABC):
    """A law of −2 log of a ratio of likelihoods of normal samples, by its cumulant function."""

    def __repr__(self) -> str:
        return "the exact law for normal rows"

    @abstractmethod
    def cumulant(self, t: Any) -> NDArray[np.complex128]:
        """Return K(t) for complex t off the half-line where the moments are infinite."""

    @abstractmethod
    def _slope(self, t: float) -> float:
        """Return K′(t)."""

    @abstractmethod
    def _curvature(self, t: float) -> float:
        """Return K″(t)."""

    @abstractmethod
    def _last(self) -> float:
        """Return the least t at which the moment is infinite."""

    def mean(self) -> float:
        """Return the mean, by digammas."""
        return self._slope(0.0)

    def p_value(self, statistic: float) -> float:
        """Return the probability to exceed a statistic: ∫ e^(K(s) − s x) / (2πi s) ds.

        The contour is a hyperbola about the saddle point that bends to the right, where the
        integrand decays; left of the pole at 0 it counts the other tail. Far below the mean the
        other tail is a power of the statistic, whose exponent the saddle point tells.
        """
        if statistic <= 0.0:
            return 1.0
        least = _NEAR_ZERO * self.mean()
        if statistic < least:
            power = -least * self._centre(least)[0]
            return 1.0 - (1.0 - self.p_value(least)) * (statistic / least) ** power
        centre, width = self._centre(statistic)
        out, up = width * np.cosh(_STEPS), width * np.sinh(_STEPS)
        s = centre + np.sin(_BEND) * (out - width) + 1j * np.cos(_BEND) * up
        steps = _STEP * (np.sin(_BEND) * up + 1j * np.cos(_BEND) * out)
        exponent = self.cumulant(s) - s * statistic
        # Its size apart, which a float may not hold: a p-value below 1e-324 is zero.
        size = float(exponent[0].real)
        exponent = exponent - size
        terms = (np.exp(np.where(exponent.real > -700.0, exponent, -700.0)) / s * steps).imag
        tail = exp(size) * float(terms.sum() - 0.5 * terms[0]) / np.pi
        return float(np.clip(tail + (centre < 0.0), 0.0, 1.0))

    def threshold(self, level: float) -> float:
        """Return the statistic that is exceeded with a probability."""
        from scipy.optimize import brentq

        low, high = 0.0, 2.0 * self.mean()
        while self.p_value(high) > level:
            low, high = high, 2.0 * high
        return float(brentq(lambda x: self.p_value(x) - level, low, high, rtol=1e-12))

    def _centre(self, statistic: float) -> tuple[float, float]:
        """Return the saddle point, or a point near it that keeps off the pole, and a width."""
        from scipy.optimize import brentq

        last, spread = self._last(), 1.0 / np.sqrt(self._curvature(0.0))

        def excess(u: float) -> float:
            return self._slope(last - np.exp(u)) - statistic

        middle = np.log(last)
        low, high = middle - 1.0, middle + 1.0
        while excess(low) < 0.0:
            low -= 2.0
        while excess(high) > 0.0:
            high += 2.0
        centre = last - float(np.exp(brentq(excess, low, high, xtol=1e-6)))
        nearest = 0.5 * min(spread, last)
        if abs(centre) < nearest:
            centre = np.copysign(nearest, centre)
        return centre, min(1.0 / np.sqrt(self._curvature(centre)), 2.0 * abs(centre))


@dataclass(frozen=True, repr=False)
class LikelihoodRatioLaw(ExactLaw):
    """The law of −2 log of a ratio of likelihoods of normal samples, exact for every n.

    With scatter matrices A_g of ν_g degrees of freedom and A of ν, where A − Σ A_g is independent
    of them, L = w log|A/w| − Σ w_g log|A_g/w_g|, w = Σ w_g, has the cumulant function

        K(t) = c t + log Γ_d(ν/2) − log Γ_d(ν/2 − w t) + Σ [log Γ_d(ν_g/2 − w_g t) − log Γ_d(ν_g/2)]

    with c = d (Σ w_g log w_g − w log w) and the multivariate Gamma function Γ_d.

    Attributes
    ----------
    dim : int
        d.
    whole : (float, float)
        ν and w.
    parts : sequence of (float, float)
        ν_g and w_g.

    References
    ----------
    The moments: Wilks 1932, doi:10.1093/biomet/24.3-4.471; Anderson 2003, sections 10.4 and 10.5,
    ISBN 978-0-471-36091-9.
    """

    dim: int
    whole: tuple[float, float]
    parts: Sequence[tuple[float, float]]

    def cumulant(self, t: Any) -> NDArray[np.complex128]:
        """Return K(t), of loggammas."""
        from scipy.special import loggamma

        t = np.asarray(t, dtype=np.complex128)[..., None]
        value = self._offset() * t[..., 0]
        for sign, freedom, weight in self._factors():
            start = _ladder(freedom, self.dim)
            value = value + sign * (loggamma(start - weight * t) - loggamma(start)).sum(axis=-1)
        return np.asarray(value)

    def _slope(self, t: float) -> float:
        from scipy.special import digamma

        slopes = (
            -sign * weight * digamma(_ladder(freedom, self.dim) - weight * t).sum()
            for sign, freedom, weight in self._factors()
        )
        return float(self._offset() + sum(slopes))

    def _curvature(self, t: float) -> float:
        from scipy.special import zeta

        return float(
            sum(
                sign * weight**2 * zeta(2.0, _ladder(freedom, self.dim) - weight * t).sum()
                for sign, freedom, weight in self._factors()
            )
        )

    def _factors(self) -> list[tuple[float, float, float]]:
        return [(-1.0, *self.whole), *((1.0, *part) for part in self.parts)]

    def _offset(self) -> float:
        weights = np.array([weight for _, weight in self.parts])
        total = self.whole[1]
        return float(self.dim * (np.sum(weights * np.log(weights / total))))

    def _last(self) -> float:
        return min((freedom - self.dim + 1.0) / (2.0 * weight) for freedom, weight in self.parts)


@dataclass(frozen=True, repr=False)
class KnownCovarianceLaw(ExactLaw):
    """The law of −2 log of the ratio of likelihoods of a known and of the fitted normal law.

    With a scatter matrix A ~ W_d(ν, Σ) and w the rows, or ν where the mean is not compared,
    L = tr Σ⁻¹A − w log|Σ⁻¹A/w| − w d, and n Δᵀ Σ⁻¹ Δ where it is, has the cumulant function

        K(t) = d w [t (log(w/2) − 1) − ½ (1 − 2t) log(1 − 2t)] + log Γ_d(ν/2 − w t) − log Γ_d(ν/2)

    Attributes
    ----------
    dim : int
        d.
    freedom, weight : float
        ν and w.

    References
    ----------
    The moments: Anderson 2003, sections 10.8 and 10.9, ISBN 978-0-471-36091-9.
    """

    dim: int
    freedom: float
    weight: float

    def cumulant(self, t: Any) -> NDArray[np.complex128]:
        """Return K(t), of loggammas."""
        from scipy.special import loggamma

        t = np.asarray(t, dtype=np.complex128)
        start, w = _ladder(self.freedom, self.dim), self.weight
        gammas = (loggamma(start - w * t[..., None]) - loggamma(start)).sum(axis=-1)
        traces = t * (np.log(w / 2.0) - 1.0) - 0.5 * (1.0 - 2.0 * t) * np.log(1.0 - 2.0 * t)
        return np.asarray(self.dim * w * traces + gammas)

    def _slope(self, t: float) -> float:
        from scipy.special import digamma

        w = self.weight
        digammas = digamma(_ladder(self.freedom, self.dim) - w * t).sum()
        return float(w * (self.dim * np.log(w / 2.0 - w * t) - digammas))

    def _curvature(self, t: float) -> float:
        from scipy.special import zeta

        w = self.weight
        trigammas = zeta(2.0, _ladder(self.freedom, self.dim) - w * t).sum()
        return float(w * (w * trigammas - 2.0 * self.dim / (1.0 - 2.0 * t)))

    def _last(self) -> float:
        return (self.freedom - self.dim + 1.0) / (2.0 * self.weight)


def _ladder(freedom: float, dim: int) -> Array:
    """Return the arguments of the Gammas that Γ_d(ν/2) is a product of."""
    return np.asarray((freedom - np.arange(dim)) / 2.0, dtype=np.float64)


def exact_law(
    sizes: Sequence[float], dim: int, *, means: bool, covariances: bool
) -> LikelihoodRatioLaw:
    """Return the null law of the likelihood ratio of samples of these sizes.

    Means alone: Hotelling's T², or Wilks' Λ for more than two samples. Covariances alone: Box's M.
    """
    n, k = float(sum(sizes)), len(sizes)
    if not covariances:
        return LikelihoodRatioLaw(dim, (n - 1.0, n), ((n - k, n),))
    if not means:
        return LikelihoodRatioLaw(dim, (n - k, n - k), tuple((m - 1.0, m - 1.0) for m in sizes))
    return LikelihoodRatioLaw(dim, (n - 1.0, n), tuple((m - 1.0, float(m)) for m in sizes))


def exact_law_of_one(n: float, dim: int, *, means: bool, covariances: bool) -> ExactLaw:
    """Return the null law of the likelihood ratio of one sample of n rows and a known law.

    Means alone, the covariance unknown: Hotelling's T² as n log(1 + T²/(n − 1)).
    """
    if not covariances:
        return LikelihoodRatioLaw(dim, (n, n), ((n - 1.0, n),))
    return KnownCovarianceLaw(dim, n - 1.0, n if means else n - 1.0)
