"""How far to shrink the pooled covariance and how much to trust it: formulas and leave-one-out.

The covariance of the closed-form classifier is (1 − γ) S + γ τ I with τ = tr S / d, and its scores
are divided by a temperature T. OAS and Ledoit–Wolf are formulas for γ. Leave-one-out judges γ and
T by the smoothed log-loss (`temperature`) of each row under the classifier fitted without it, and
no second fit is needed: without row i the covariance changes by one rank, and in the eigenbasis of
S every B is diagonal.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
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
from gaussmetrics.softmax.centred_classes import dense_rows
from gaussmetrics.softmax.class_moments import ClassMoments
from gaussmetrics.softmax.regression import log_priors
from gaussmetrics.softmax.sample import Sample
from gaussmetrics.softmax.temperature import (
    IN_CACHE,
    ROUGH,
    confusion,
    fit_temperature,
    mean_rival,
    smoothed_loss,
)

COARSE, FINE = 12, 2
"""Points of the whole path, of which every second and those beside the best are tried, and then
vertices of parabolas through the best."""


def oas(moments: ClassMoments, columns: int) -> float:
    """Return the oracle approximating shrinkage of the pooled covariance."""
    size = intensity.relative_size(moments.scatter, columns)
    return float(intensity.oas(moments.count, columns, size))


def ledoit_wolf(sample: Sample, moments: ClassMoments) -> float:
    """Return the Ledoit–Wolf shrinkage of the pooled residuals, about their known mean 0."""
    unit, columns = sample.unit_variance(moments), sample.columns or sample.X.shape[1]
    fourth = np.float64(0.0)
    for at, block in residuals(sample.X, sample.codes, moments.means):
        squares = np.einsum("ij,ij->i", block, block) / unit
        w = np.ones(len(squares)) if sample.weights is None else sample.weights[at]
        fourth += squares**2 @ w
    size = intensity.relative_size(moments.scatter, columns)
    return float(intensity.ledoit_wolf(moments.count, columns, size, fourth))


class Choice(NamedTuple):
    """A point of the search and its leave-one-out loss, smoothed."""

    loss: float
    shrinkage: float
    temperature: float


class LeftOut(ABC):
    """Scores that rows get from the classifier fitted without them, along the shrinkage path.

    n is the total weight; without a part of weight u the covariance is
    (1 − γ) S' + γτI with S' = scatter of what is left / (n − u), and τ is held fixed.

    Parameters
    ----------
    sample : Sample
        The rows to judge.
    moments : ClassMoments
        Of all rows.
    """

    def __init__(self, sample: Sample, moments: ClassMoments) -> None:
        self.X, self.codes, self.moments = sample.X, sample.codes, moments
        self.unit = sample.unit_variance(moments)
        values, self.vectors = np.linalg.eigh(moments.scatter / moments.count)
        self.eigenvalues = np.maximum(values, 0.0)
        self.means = (moments.means - moments.mean) @ self.vectors
        n = len(self.codes)
        w = np.ones(n) if sample.weights is None else sample.weights
        self.out = np.ones(n) if sample.out is None else sample.out
        self.judged = self.can_be_judged(sample, w)
        checks.some_are_judged(self.judged, sample.groups)
        self.weights = np.where(self.judged, w, 0.0)
        self.units = float(
            self.judged.sum() if sample.units is None else sample.units[self.judged].sum()
        )
        self.confusion = confusion(self.units)

    @abstractmethod
    def can_be_judged(self, sample: Sample, weights: Array) -> NDArray[np.bool_]:
        """Tell whose class keeps rows when they are left out."""

    def prepare(self, shrinkages: Array) -> None:
        """Look at the rows once for all of these shrinkages, if that saves anything."""
        del shrinkages

    @abstractmethod
    def tables(self, shrinkages: Array) -> Iterator[tuple[float, Array | None]]:
        """Yield, for each shrinkage, score of class j minus score of the own class, (K, n).

        None says that some row cannot be left out: the covariance without it is singular.
        """

    def spectrum(self, shrinkage: float, left: float | Array) -> Array:
        """Return the eigenvalues of B = (1 − γ) n/left S + γτI."""
        within: Array = (1.0 - shrinkage) * self.moments.count / left * self.eigenvalues
        return within + shrinkage * self.unit

    def resolves(self, shrinkage: float) -> bool:
        """Tell whether the covariance has an inverse in float64."""
        spectrum = self.spectrum(shrinkage, self.moments.count)
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

    def judge(self, shrinkages: Array, temperature: float | None) -> list[Choice]:
        """Return the best temperature (or the given one) and the loss at each shrinkage."""
        choices: list[Choice] = []
        beta = 1.0 if temperature is None else 1.0 / temperature
        for shrinkage, margins in self.tables(
            np.array([s for s in shrinkages if self.resolves(s)])
        ):
            if margins is None:
                continue
            pull = self._pull(margins)
            if temperature is None:
                loss, beta = fit_temperature(margins, self.weights, pull, beta, ROUGH)
            else:
                loss = smoothed_loss(margins, self.weights, pull, beta)[0]
            choices.append(Choice(loss, float(shrinkage), 1.0 / beta))
            del margins  # before the next table is made
        return choices

    def temperature(self, margins: Array) -> float:
        """Return the temperature of least loss, to all its digits."""
        return 1.0 / fit_temperature(margins, self.weights, self._pull(margins), 1.0)[1]

    def _pull(self, margins: Array) -> float:
        return self.confusion * mean_rival(margins, self.codes, self.weights)

    def search(self, temperature: float | None) -> Choice:
        """Return the point of least loss: along the whole path, beside the best, by parabolas."""
        path = self.path()
        self.prepare(path)
        choices = self.judge(path[::2], temperature)
        best = int(np.searchsorted(path, min(choices).shrinkage)) if choices else 0
        beside = [i for i in range(1, len(path), 2) if abs(i - best) == 1 or not choices]
        choices += self.judge(path[beside], temperature)
        for _ in range(FINE):
            choices += self.judge(_vertex(choices), temperature)
        return min(choices)

    def margins(self, shrinkage: float) -> Array | None:
        """Return the table of one shrinkage, or None if some row cannot be left out."""
        if not self.resolves(shrinkage):
            return None
        return next(self.tables(np.array([shrinkage])))[1]


class LeaveOneOut(LeftOut):
    """Rows left out one by one, each with the same weight u.

    Row i has residual r to the mean of its class y. n is the total weight, nₖ that of class k, and

    - B = (1 − γ) n/(n − u) S + γτI,  h = rᵀB⁻¹r,  c = n_y/(n_y − u),  a = 1/(1 − e h),
      e = (1 − γ) u c/(n − u);
    - δⱼ = rᵀB⁻¹(μ_y − μⱼ),  Δ²ⱼ = (μ_y − μⱼ)ᵀB⁻¹(μ_y − μⱼ).

    By Sherman–Morrison the left-out squared distances of row i are c²ah to its own class and
    a(h + 2δⱼ + eδⱼ²) + Δ²ⱼ to class j. The class frequencies lose the row too. A row alone in its
    class is not judged.
    """

    def can_be_judged(self, sample: Sample, weights: Array) -> NDArray[np.bool_]:
        """Tell whose class keeps rows when they are left out."""
        del sample
        self.forms: dict[float, Array] = {}
        own = self.moments.counts[self.codes]
        self.rest = float(self.moments.count - self.out[0])
        keeps: NDArray[np.bool_] = own - self.out > 1e-9 * own
        self.inflation = own / np.where(keeps, own - self.out, own)
        return keeps & (weights > 0)

    def tables(self, shrinkages: Array) -> Iterator[tuple[float, Array | None]]:
        """Yield, for each shrinkage, score of class j minus score of the own class, (K, n)."""
        self.prepare(shrinkages)
        for shrinkage in shrinkages:
            yield shrinkage, self._table(shrinkage, self.forms[shrinkage])

    def prepare(self, shrinkages: Array) -> None:
        """Find the quadratic forms h of these shrinkages in one pass over the rows."""
        new = np.array([s for s in shrinkages if s not in self.forms and self.resolves(s)])
        if len(new):
            self.forms |= dict(zip(new.tolist(), self.quadratic_forms(new), strict=True))

    def quadratic_forms(self, shrinkages: Array) -> Array:
        """Return h of every row for every shrinkage, (G, n), in one pass over the rows."""
        inverse = np.empty((len(shrinkages), len(self.eigenvalues)))
        for row, shrinkage in zip(inverse, shrinkages, strict=True):
            row[:] = 1.0 / self.spectrum(shrinkage, self.rest)
        h = np.empty((len(shrinkages), len(self.codes)))
        for at, block in residuals(self.X, self.codes, self.moments.means):
            rotated = block @ self.vectors
            rotated *= rotated
            h[:, at] = inverse @ rotated.T
        return h

    def _table(self, shrinkage: float, h: Array) -> Array | None:
        e = (1.0 - shrinkage) * self.out * self.inflation / self.rest
        remaining = np.where(self.judged, 1.0 - e * h, 1.0)
        if remaining.min() < eigenvalue_cutoff(len(self.eigenvalues)):
            return None
        scaled = self.means / self.spectrum(shrinkage, self.rest)
        frequencies = log_priors(self.moments)
        between = _Between(self.means, scaled, frequencies)
        weights = self.vectors @ scaled.T
        # The margin is square·δ² + line·δ + constant − Δ²/2 + the log-prior of the class.
        line = -1.0 / remaining
        square = 0.5 * line * e
        # A class that has lost a row weighs a little less.
        constant = 0.5 * line * (1.0 - self.inflation**2) * h + np.log(self.inflation)
        constant -= frequencies[self.codes]
        result = np.empty((len(self.means), len(self.codes)))
        for at, block in residuals(self.X, self.codes, self.moments.means, len(self.means)):
            y, rows = self.codes[at], np.arange(len(block))
            margins = result[:, at]
            delta = weights.T @ block.T
            np.subtract(delta[y, rows], delta, out=delta)
            np.multiply(square[at], delta, out=margins)
            margins += line[at]
            margins *= delta
            margins += constant[at]
            margins += between.shifts(y, out=delta)
            margins[y, rows] = 0.0
        return result


class _Between:
    """Log-frequency of a class less ½Δ² from another, in one table if it fits in the cache."""

    def __init__(self, means: Array, scaled: Array, frequencies: Array) -> None:
        self.means, self.scaled, self.frequencies = means, scaled, frequencies
        self.norms = np.einsum("kd,kd->k", means, scaled)
        self.table = self._columns(np.arange(len(means))) if len(means) <= 512 else None

    def shifts(self, y: NDArray[np.intp], out: Array) -> Array:
        """Return the entries of every class from the classes y, (K, len(y))."""
        if self.table is not None:
            return np.take(self.table, y, axis=1, out=out, mode="clip")
        classes, places = np.unique(y, return_inverse=True)
        return np.take(self._columns(classes), places, axis=1, out=out, mode="clip")

    def _columns(self, classes: NDArray[np.intp]) -> Array:
        products = self.scaled @ self.means[classes].T
        products += (self.frequencies - 0.5 * self.norms)[:, None]
        products -= 0.5 * self.norms[classes]
        return products


def _vertex(choices: list[Choice]) -> Array:
    """Return where the parabola in log γ/(1 − γ) through the best three neighbours is least.

    Nothing is returned if that is not between them, or has been tried.
    """
    inner = sorted((c.shrinkage, c.loss) for c in choices if 0.0 < c.shrinkage < 1.0)
    if len(inner) < 3:
        return np.empty(0)
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


def residuals(
    X: Any, codes: NDArray[Any], means: Array, beside: int = 0
) -> Iterator[tuple[slice, Array]]:
    """Yield blocks of rows, centred within the classes; `beside` numbers a row need room too."""
    for at in row_blocks((len(codes), max(X.shape[1], beside)), IN_CACHE):
        block = means[codes[at]]
        yield at, np.subtract(dense_rows(X, at), block, out=block)
