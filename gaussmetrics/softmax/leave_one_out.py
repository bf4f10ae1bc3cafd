"""How far to shrink the pooled covariance and how much to trust it: formulas and leave-one-out.

The covariance of the closed-form classifier is (1 − γ) S + γ τ I with τ = tr S / d, and its scores
are divided by a temperature T. OAS and Ledoit–Wolf are formulas for γ. Leave-one-out judges γ and
T by the log-loss of each row under the classifier fitted without it, and no second fit is needed:
without row i the covariance changes by one rank, and in the eigenbasis of S every B is diagonal.

n rows told apart without error do not show that errors never happen: their log-loss falls to 0
with T. By Laplace's rule of succession the odds of an error are put at 1 to n + 1, and the error is
to take the row for the nearest rival, the other class of the highest score. With the margins m of
row i, score of class j minus score of its own class, γ and T minimise

    mean over rows of  log Σⱼ exp(mⱼ/T) − ε max_{j≠y} mⱼ/T,    ε = 1/(n + 2),

the cross-entropy against a share 1 − ε of the row's own class and ε of the rival. It is convex in
1/T, and T is above 0.

References
----------
Platt 1999, Probabilistic outputs for support vector machines: targets smoothed like these, with
the rows of one class for n.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from gaussmetrics._array.linalg import eigenvalue_cutoff
from gaussmetrics._array.types import Array
from gaussmetrics.laws import intensity
from gaussmetrics.laws.blocks import row_blocks
from gaussmetrics.softmax import checks
from gaussmetrics.softmax.class_moments import ClassMoments
from gaussmetrics.softmax.regression import log_priors, mean_variance

TEMPERATURES = (1e-6, 1e6)
"""Where the temperature is sought."""
IN_CACHE = 0.25
"""Share of a block of rows that leaves room in the cache for scores beside them."""
COARSE, FINE = 12, 2
"""Shrinkages tried along the whole path, and then at vertices of parabolas through the best."""


def oas(moments: ClassMoments) -> float:
    """Return the oracle approximating shrinkage of the pooled covariance."""
    d = len(moments.scatter)
    return float(intensity.oas(moments.count, d, intensity.relative_size(moments.scatter, d)))


def ledoit_wolf(
    X: NDArray[Any], codes: NDArray[Any], moments: ClassMoments, weights: Array | None
) -> float:
    """Return the Ledoit–Wolf shrinkage of the pooled residuals, about their known mean 0."""
    n, d, unit = moments.count, X.shape[1], mean_variance(moments)
    fourth = np.float64(0.0)
    for at, block in _residuals(X, codes, moments.means):
        squares = np.einsum("ij,ij->i", block, block) / unit
        fourth += squares**2 @ (np.ones(len(squares)) if weights is None else weights[at])
    size = intensity.relative_size(moments.scatter, d)
    return float(intensity.ledoit_wolf(n, d, size, fourth))


class Choice(NamedTuple):
    """A point of the search and its leave-one-out loss, smoothed."""

    loss: float
    shrinkage: float
    temperature: float


class LeaveOneOut:
    """Scores that each row gets from the classifier fitted without it, along the shrinkage path.

    Row i has residual r to the mean of its class y, and u is the weight left out: 1, or all of it
    if the row weighs less. n is the total weight, nₖ that of class k, and

    - B = (1 − γ) n/(n − 1) S + γτI,  h = rᵀB⁻¹r,  c = n_y/(n_y − u),  a = 1/(1 − e h),
      e = (1 − γ) u c/(n − 1);
    - δⱼ = rᵀB⁻¹(μ_y − μⱼ),  Δ²ⱼ = (μ_y − μⱼ)ᵀB⁻¹(μ_y − μⱼ).

    By Sherman–Morrison the left-out squared distances of row i are c²ah to its own class and
    a(h + 2δⱼ + eδⱼ²) + Δ²ⱼ to class j. τ is held fixed, and a row alone in its class is not judged.
    Where u < 1 = max u, the divisor of the covariance, target included, is n − u and not n − 1,
    and rows are counted in units of max u.

    Parameters
    ----------
    X : (n, d)
    codes : (n,)
    moments : ClassMoments
        Of these rows.
    weights : (n,) or None
    priors : (K,) or None
        None is the class frequencies, which also lose the row.
    """

    def __init__(
        self,
        X: NDArray[Any],
        codes: NDArray[Any],
        moments: ClassMoments,
        *,
        weights: Array | None = None,
        priors: Array | None = None,
    ) -> None:
        self.X, self.codes, self.moments = X, codes, moments
        self.unit = mean_variance(moments)
        values, self.vectors = np.linalg.eigh(moments.scatter / moments.count)
        self.eigenvalues = np.maximum(values, 0.0)
        self.means = (moments.means - moments.mean) @ self.vectors
        w = np.ones(len(codes)) if weights is None else weights
        self.out = np.minimum(w, 1.0)
        own = moments.counts[codes]
        self.judged = own - self.out > 1e-9 * own
        self.weights = np.where(self.judged, w, 0.0)
        self.inflation = own / np.where(self.judged, own - self.out, own)
        self.rest = moments.count - self.out.max()
        self.log_priors = log_priors(moments, priors)
        row = float(self.out.max())
        self.confusion = row / (float(self.weights.sum()) + 2.0 * row)
        # Against class frequencies, a class that has lost a row weighs a little less.
        self.own_gain = np.zeros(len(w)) if priors is not None else np.log(self.inflation)

    def spectrum(self, shrinkage: float) -> Array:
        """Return the eigenvalues of B."""
        within: Array = (1.0 - shrinkage) * self.moments.count / self.rest * self.eigenvalues
        return within + shrinkage * self.unit

    def resolves(self, shrinkage: float) -> bool:
        """Tell whether B has an inverse in float64."""
        spectrum = self.spectrum(shrinkage)
        return bool(spectrum.min() > eigenvalue_cutoff(len(spectrum)) * spectrum.max())

    def path(self) -> Array:
        """Return shrinkages from 0 (if S has an inverse) to 1, even in log γτ/(1 − γ)."""
        d, largest = len(self.eigenvalues), self.eigenvalues[-1]
        # The factor d keeps what is chosen clear of the singularity check in the one-norm.
        floor = d * eigenvalue_cutoff(d) * largest
        smallest = self.eigenvalues[self.eigenvalues > floor][0]
        ridge = np.geomspace(max(0.1 * smallest, floor), 10.0 * largest, COARSE - 2)
        between = ridge / (ridge + self.unit)
        first = [0.0] if self.eigenvalues[0] > floor else []
        return np.concatenate([first, between, [1.0]])

    def quadratic_forms(self, shrinkages: Array) -> Array:
        """Return h of every row for every shrinkage, (G, n), in one pass over the rows."""
        inverse = np.empty((len(shrinkages), len(self.eigenvalues)))
        for row, shrinkage in zip(inverse, shrinkages, strict=True):
            row[:] = 1.0 / self.spectrum(shrinkage)
        h = np.empty((len(shrinkages), len(self.codes)))
        for at, block in _residuals(self.X, self.codes, self.moments.means):
            rotated = block @ self.vectors
            rotated *= rotated
            h[:, at] = inverse @ rotated.T
        return h

    def margins(self, shrinkage: float, h: Array) -> Array | None:
        """Return score of class j minus score of the own class, (K, n), for every row left out.

        None says that some row cannot be left out: the covariance without it is singular.
        """
        e = (1.0 - shrinkage) * self.out * self.inflation / self.rest
        remaining = np.where(self.judged, 1.0 - e * h, 1.0)
        if remaining.min() < eigenvalue_cutoff(len(self.eigenvalues)):
            return None
        scaled = self.means / self.spectrum(shrinkage)
        products = scaled @ self.means.T
        norms = products.diagonal()
        between = norms[:, None] + norms - 2.0 * products
        weights = self.vectors @ scaled.T
        # The margin is square·δ² + line·δ + constant + factor·Δ² + the log-prior of the class.
        factor = -0.5 * (self.moments.count - self.out) / self.rest
        line = 2.0 * factor / remaining
        square = 0.5 * line * e
        constant = 0.5 * line * (1.0 - self.inflation**2) * h + self.own_gain
        constant -= self.log_priors[self.codes]
        result = np.empty((len(self.means), len(self.codes)))
        for at, block in _residuals(self.X, self.codes, self.moments.means):
            y, rows = self.codes[at], np.arange(len(block))
            delta = weights.T @ block.T
            np.subtract(delta[y, rows], delta, out=delta)
            margins = square[at] * delta
            margins += line[at]
            margins *= delta
            margins += constant[at]
            pairs = np.take(between, y, axis=1, out=delta, mode="clip")
            pairs *= factor[at]
            pairs += self.log_priors[:, None]
            margins += pairs
            margins[y, rows] = 0.0
            result[:, at] = margins
        return result

    def judge(self, shrinkages: Array, temperature: float | None) -> list[Choice]:
        """Return the best temperature (or the given one) and the loss at each shrinkage."""
        choices: list[Choice] = []
        beta = 1.0 if temperature is None else 1.0 / temperature
        resolved = np.array([s for s in shrinkages if self.resolves(s)])
        if not len(resolved):
            return choices
        for shrinkage, h in zip(resolved, self.quadratic_forms(resolved), strict=True):
            margins = self.margins(shrinkage, h)
            if margins is None:
                continue
            pull = self.confusion * self.mean_rival(margins)
            if temperature is None:
                loss, beta = _fit_temperature(margins, self.weights, pull, beta)
            else:
                loss = _loss(margins, self.weights, pull, beta)[0]
            choices.append(Choice(loss, float(shrinkage), 1.0 / beta))
        return choices

    def mean_rival(self, margins: Array) -> float:
        """Return the mean over rows of the largest margin of another class."""
        others = self.codes != np.arange(len(margins))[:, None]
        rivals = margins.max(axis=0, where=others, initial=-np.inf)
        return float(np.average(rivals, weights=self.weights))

    def search(self, temperature: float | None) -> Choice:
        """Return the point of least loss: along the whole path, then by parabolas."""
        choices = self.judge(self.path(), temperature)
        for _ in range(FINE):
            choices += self.judge(_vertex(choices), temperature)
        return min(choices)


def choose(
    loo: LeaveOneOut, shrinkage: float | None, temperature: float | None
) -> tuple[float, float]:
    """Return the shrinkage and temperature of least leave-one-out log-loss; None is sought."""
    if shrinkage is None:
        best = loo.search(temperature)
        return best.shrinkage, best.temperature
    found = loo.judge(np.array([shrinkage]), temperature)
    if not found:
        checks.refuse_leaving_out(shrinkage)
    return shrinkage, found[0].temperature


def _vertex(choices: list[Choice]) -> Array:
    """Return where the parabola in log γ/(1 − γ) through the best three neighbours is least.

    Nothing is returned if that is not between them, or has been tried.
    """
    inner = sorted((c.shrinkage, c.loss) for c in choices if 0.0 < c.shrinkage < 1.0)
    shrinkages, losses = np.array(inner).T
    centre = min(max(int(losses.argmin()), 1), len(losses) - 2)
    near = slice(centre - 1, centre + 2)
    logits = logit(shrinkages[near])
    # A parabola has the slope of a chord in the middle of the chord.
    left, right = np.diff(losses[near]) / np.diff(logits)
    middle, step = 0.5 * (logits[0] + logits[1]), 0.5 * (logits[2] - logits[0])
    vertex = middle - step * left / (right - left) if right > left else np.inf
    new = logits[0] < vertex < logits[2] and np.abs(vertex - logits).min() > 1e-6
    return np.asarray(expit([vertex] if new else []))


def _fit_temperature(
    margins: Array, weights: Array, pull: float, start: float
) -> tuple[float, float]:
    """Return the least loss over β = 1/T, and β, by Newton's method within a shrinking bracket."""
    beta, low, high = start, 1.0 / TEMPERATURES[1], 1.0 / TEMPERATURES[0]
    for _ in range(100):
        loss, slope, curvature = _loss(margins, weights, pull, beta)
        low, high = (low, beta) if slope > 0 else (beta, high)
        # Far above the minimum the loss is a straight line, and a plain step would leave β > 0.
        damped = beta * curvature + max(slope, 0.0)
        following = beta - beta * slope / damped if damped > 0 else np.inf
        if not low <= following <= high:
            following = float(np.sqrt(low * high))
        # A step squares the relative error: after one of 10⁻⁵, β has all the digits it can have.
        if abs(following - beta) <= 1e-5 * beta:
            break
        beta = following
    return loss, following


def _loss(margins: Array, weights: Array, pull: float, beta: float) -> tuple[float, float, float]:
    """Mean of log Σⱼ exp(β · margin) over rows minus β · pull, and two derivatives in β."""
    sums = np.zeros(3)
    for at in row_blocks(margins.T.shape, IN_CACHE):
        m = margins[:, at]
        top = m.max(axis=0)
        p = np.exp(beta * (m - top))
        total = p.sum(axis=0)
        p /= total
        p *= m
        first = p.sum(axis=0)
        p *= m
        second = p.sum(axis=0)
        w = weights[at]
        sums += w @ (beta * top + np.log(total)), w @ first, w @ (second - first**2)
    loss, slope, curvature = sums / weights.sum()
    return float(loss - beta * pull), float(slope - pull), float(curvature)


def _residuals(X: NDArray[Any], codes: NDArray[Any], means: Array) -> Iterator[tuple[slice, Array]]:
    """Yield blocks of rows, centred within the classes."""
    for at in row_blocks(X.shape, IN_CACHE):
        block = means[codes[at]]
        yield at, np.subtract(X[at], block, out=block)
