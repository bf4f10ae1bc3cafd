"""How far to shrink the pooled covariance and how much to trust it: formulas and leave-one-out.

The covariance of the closed-form classifier is (1 − γ) S + γ τ I with τ = tr S / d, and its scores
are divided by a temperature T. OAS and Ledoit–Wolf are formulas for γ. Leave-one-out judges γ and
T by the smoothed log-loss (`temperature`) of each row under the classifier fitted without it, and
no second fit is needed: without row i the covariance changes by one rank, and in the eigenbasis of
S every B is diagonal.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from gaussmetrics._array import cores
from gaussmetrics._array.linalg import eigenvalue_cutoff
from gaussmetrics._array.types import Array
from gaussmetrics.laws import intensity
from gaussmetrics.laws.blocks import row_blocks
from gaussmetrics.softmax.centred_classes import dense_rows
from gaussmetrics.softmax.class_moments import ClassMoments
from gaussmetrics.softmax.regression import log_priors
from gaussmetrics.softmax.sample import Sample
from gaussmetrics.softmax.sums import Question, Search, Sums, answered
from gaussmetrics.softmax.temperature import (
    IN_CACHE,
    ROUGH,
    Table,
    search_nothing,
    search_temperature,
)

T = TypeVar("T")

COARSE, FINE = 12, 2
"""Points of the whole path, of which every second and those beside the best are tried, and then
vertices of parabolas through the best."""


Centres = tuple[Array, Array | None]
"""Class means, (K, d), and what rounding took from them, if that matters."""


def oas(moments: ClassMoments, columns: int) -> float:
    """Return the oracle approximating shrinkage of the pooled covariance."""
    size = intensity.relative_size(moments.scatter, columns)
    return float(intensity.oas(moments.count, columns, size))


def ledoit_wolf(moments: ClassMoments, columns: int, fourth: float) -> float:
    """Return the Ledoit–Wolf shrinkage of the pooled residuals, about their known mean 0."""
    size = intensity.relative_size(moments.scatter, columns)
    return float(intensity.ledoit_wolf(moments.count, columns, size, np.float64(fourth)))


def fourth_moment(sample: Sample, centres: Centres, unit: float) -> Sums:
    """Sum the fourth powers of the lengths of the residuals, in units of `unit`."""
    fourth = 0.0
    for at, block in residuals(sample.X, sample.codes, centres):
        squares = np.einsum("ij,ij->i", block, block) / unit
        w = np.ones(len(squares)) if sample.weights is None else sample.weights[at]
        fourth += float(squares**2 @ w)
    return (fourth,)


class Choice(NamedTuple):
    """A point of the search and its leave-one-out loss, smoothed."""

    loss: float
    shrinkage: float
    temperature: float


class ShrinkagePath:
    """The covariances (1 − γ) S' + γτI of a sample, or of what a part of it leaves.

    n is the total weight; without a part of weight u, S' is the scatter of what is left over
    n − u, and τ is held fixed.

    Parameters
    ----------
    moments : ClassMoments
        Of all rows.
    unit : float
        τ.
    """

    def __init__(self, moments: ClassMoments, unit: float) -> None:
        self.counts, self.count, self.unit = moments.counts, float(moments.count), unit
        values, self.vectors = np.linalg.eigh(moments.scatter / moments.count)
        self.eigenvalues = np.maximum(values, 0.0)
        self.centres = centres(moments)
        self.means = moments.deviations() @ self.vectors
        self.log_frequencies = log_priors(moments)

    def spectrum(self, shrinkage: float, left: float | Array) -> Array:
        """Return the eigenvalues of B = (1 − γ) n/left S + γτI."""
        within: Array = (1.0 - shrinkage) * self.count / left * self.eigenvalues
        return within + shrinkage * self.unit

    def resolves(self, shrinkage: float) -> bool:
        """Tell whether the covariance has an inverse in float64."""
        spectrum = self.spectrum(shrinkage, self.count)
        return bool(spectrum.min() > eigenvalue_cutoff(len(spectrum)) * spectrum.max())

    def points(self) -> Array:
        """Return shrinkages from 0 (if S has an inverse) to 1, even in log γτ/(1 − γ)."""
        d, largest = len(self.eigenvalues), self.eigenvalues[-1]
        # The factor d keeps what is chosen clear of the singularity check in the one-norm.
        floor = d * eigenvalue_cutoff(d) * largest
        smallest = self.eigenvalues[self.eigenvalues > floor][0]
        ridge = np.geomspace(max(0.1 * smallest, floor), 10.0 * largest, COARSE - 2)
        between = ridge / (ridge + self.unit)
        first = [0.0] if self.eigenvalues[0] > floor else []
        return np.concatenate([first, between, [1.0]])


class Scores(ABC):
    """Scores of all rows left out, at one shrinkage."""

    @abstractmethod
    def ask(self, question: Question) -> Sums:
        """Return the sums that answer a question."""

    @abstractmethod
    def then(self, change: Callable[..., Any]) -> Scores:
        """Return the scores that a function makes of these, which may be lost."""


class Judge(ABC):
    """Whoever can tell what rows are worth when left out, along the shrinkage path."""

    path: ShrinkagePath

    @abstractmethod
    def answers(self, searches: Mapping[float, Search[T]]) -> dict[float, T | None]:
        """Return what is found in the margins of each shrinkage.

        None says that some row cannot be left out: the covariance without it is singular.
        """

    @abstractmethod
    def scores(self, shrinkage: float, search: Search[T]) -> tuple[Scores, T] | None:
        """Return the scores at one shrinkage, and what is found in them, or None."""

    def prepare(self, shrinkages: Array) -> None:
        """Look at the rows once for all of these shrinkages, if that saves anything."""
        del shrinkages

    def judge(
        self, shrinkages: Array, temperature: float | None, start: float = 1.0
    ) -> list[Choice]:
        """Return the best temperature (or the given one) and the loss at each shrinkage."""
        searches = {
            float(s): search_temperature(start, ROUGH)
            if temperature is None
            else search_nothing(1.0 / temperature)
            for s in shrinkages
            if self.path.resolves(s)
        }
        return [
            Choice(found.loss, shrinkage, 1.0 / found.beta)
            for shrinkage, found in self.answers(searches).items()
            if found is not None
        ]

    def search(self, temperature: float | None) -> Choice:
        """Return the point of least loss: along the whole path, beside the best, by parabolas."""
        points = self.path.points()
        self.prepare(points)
        choices = self.judge(points[::2], temperature)
        best = int(np.searchsorted(points, min(choices).shrinkage)) if choices else 0
        beside = [i for i in range(1, len(points), 2) if abs(i - best) == 1 or not choices]
        choices += self.judge(points[beside], temperature, _about(choices))
        for _ in range(FINE):
            choices += self.judge(_vertex(choices), temperature, _about(choices))
        return min(choices)


def _about(choices: list[Choice]) -> float:
    """Return a β to begin with."""
    return 1.0 / min(choices).temperature if choices else 1.0


class LeftOut(Judge):
    """Rows in memory, and the margins that they get from the classifier fitted without them.

    Parameters
    ----------
    sample : Sample
        The rows to judge.
    path : ShrinkagePath
        Of all rows.
    """

    def __init__(self, sample: Sample, path: ShrinkagePath) -> None:
        self.X, self.codes, self.path = sample.X, sample.codes, path
        n = len(self.codes)
        w = np.ones(n) if sample.weights is None else sample.weights
        self.out = np.ones(n) if sample.out is None else sample.out
        self.judged = self.can_be_judged(sample, w)
        self.weights = np.where(self.judged, w, 0.0)
        self.units = float(
            self.judged.sum() if sample.units is None else sample.units[self.judged].sum()
        )

    @abstractmethod
    def can_be_judged(self, sample: Sample, weights: Array) -> NDArray[np.bool_]:
        """Tell whose class keeps rows when they are left out."""

    @abstractmethod
    def margins(self, shrinkage: float) -> Array | None:
        """Return score of class j minus score of the own class, (K, n), or None."""

    def table(self, shrinkage: float) -> Table | None:
        """Return the margins with what belongs to them, or None."""
        margins = self.margins(shrinkage)
        if margins is None:
            return None
        return Table(margins, self.codes, self.weights, self.units)

    def answers(self, searches: Mapping[float, Search[T]]) -> dict[float, T | None]:
        """Return what is found in the margins of each shrinkage, a table at a time."""
        self.prepare(np.array(list(searches)))
        return {s: self._found(s, search) for s, search in searches.items()}

    def scores(self, shrinkage: float, search: Search[T]) -> tuple[Scores, T] | None:
        """Return the scores at one shrinkage, and what is found in them, or None."""
        table = self.table(shrinkage)
        if table is None:
            return None
        scores = ScoresInMemory(table)
        found = answered(search, scores.ask)
        return None if found is None else (scores, found)

    def _found(self, shrinkage: float, search: Search[T]) -> T | None:
        """Return what is found, and let go of the table."""
        looked = self.scores(shrinkage, search)
        return None if looked is None else looked[1]


class ScoresInMemory(Scores):
    """A table in memory."""

    def __init__(self, table: Any) -> None:
        self.table = table

    def ask(self, question: Question) -> Sums:
        """Return the sums over the table."""
        return question(self.table)

    def then(self, change: Callable[..., Any]) -> Scores:
        """Change the table in place."""
        return ScoresInMemory(change(self.table))


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
        own = self.path.counts[self.codes]
        self.rest = float(self.path.count - self.out[0])
        keeps: NDArray[np.bool_] = own - self.out > 1e-9 * own
        self.inflation = own / np.where(keeps, own - self.out, own)
        return keeps & (weights > 0)

    def margins(self, shrinkage: float) -> Array | None:
        """Return score of class j minus score of the own class, (K, n), or None."""
        if not self.path.resolves(shrinkage):
            return None
        self.prepare(np.array([shrinkage]))
        return self._margins(shrinkage, self.forms[shrinkage])

    def prepare(self, shrinkages: Array) -> None:
        """Find the quadratic forms h of these shrinkages in one pass over the rows."""
        new = np.array([s for s in shrinkages if s not in self.forms and self.path.resolves(s)])
        if len(new):
            self.forms |= dict(zip(new.tolist(), self.quadratic_forms(new), strict=True))

    def quadratic_forms(self, shrinkages: Array) -> Array:
        """Return h of every row for every shrinkage, (G, n), in one pass over the rows."""
        inverse = np.empty((len(shrinkages), len(self.path.eigenvalues)))
        for row, shrinkage in zip(inverse, shrinkages, strict=True):
            row[:] = 1.0 / self.path.spectrum(shrinkage, self.rest)
        h = np.empty((len(shrinkages), len(self.codes)))

        def square(at: slice, block: Array) -> None:
            rotated = block @ self.path.vectors
            rotated *= rotated
            h[:, at] = inverse @ rotated.T

        with_residuals(square, self.X, self.codes, self.path.centres)
        return h

    def _margins(self, shrinkage: float, h: Array) -> Array | None:
        e = (1.0 - shrinkage) * self.out * self.inflation / self.rest
        remaining = np.where(self.judged, 1.0 - e * h, 1.0)
        if remaining.min() < eigenvalue_cutoff(len(self.path.eigenvalues)):
            return None
        scaled = self.path.means / self.path.spectrum(shrinkage, self.rest)
        frequencies = self.path.log_frequencies
        between = _Between(self.path.means, scaled, frequencies)
        weights = self.path.vectors @ scaled.T
        # The margin is square·δ² + line·δ + constant − Δ²/2 + the log-prior of the class.
        line = -1.0 / remaining
        square = 0.5 * line * e
        # A class that has lost a row weighs a little less.
        constant = 0.5 * line * (1.0 - self.inflation**2) * h + np.log(self.inflation)
        constant -= frequencies[self.codes]
        result = np.empty((len(self.path.means), len(self.codes)))

        def judge(at: slice, block: Array) -> None:
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

        with_residuals(judge, self.X, self.codes, self.path.centres, len(result))
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


def with_residuals(
    work: Callable[[slice, Array], None],
    X: Any,
    codes: NDArray[Any],
    centres: Centres,
    beside: int = 0,
) -> None:
    """Call work(at, residuals) for every block of rows; the cores share the blocks."""

    def of_block(at: slice) -> None:
        work(at, _residuals_at(X, codes, centres, at))

    blocks = list(_blocks(X, codes, beside))
    cores.shared_products(of_block, blocks, len(codes) * X.shape[1])


def residuals(
    X: Any, codes: NDArray[Any], centres: Centres, beside: int = 0
) -> Iterator[tuple[slice, Array]]:
    """Yield blocks of rows, centred within the classes; `beside` numbers a row need room too."""
    for at in _blocks(X, codes, beside):
        yield at, _residuals_at(X, codes, centres, at)


def _blocks(X: Any, codes: NDArray[Any], beside: int) -> Iterator[slice]:
    return row_blocks((len(codes), max(X.shape[1], beside)), IN_CACHE)


def _residuals_at(X: Any, codes: NDArray[Any], centres: Centres, at: slice) -> Array:
    means, low = centres
    block: Array = np.take(means, codes[at], axis=0, mode="clip")
    np.subtract(dense_rows(X, at), block, out=block)
    if low is not None:
        block -= low[codes[at]]
    return block


def centres(moments: ClassMoments) -> Centres:
    """Return the means of the classes, with their low part if residuals would show the lack."""
    spread = np.sqrt(moments.scatter.diagonal() / moments.count)
    low = moments.means_low
    return moments.means, low if (np.abs(low) > 1e-14 * spread).any() else None
