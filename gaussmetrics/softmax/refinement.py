"""A bounded second stage: eleven Newton-like steps from the scores that rows get when left out.

The scores zᵢ of rows left out, calibrated, are held fixed; V and v minimise the cross-entropy of

    zᵢ + V(xᵢ − μ) + v    against Yᵢ,    plus a τ/2 ‖V‖² + ‖v‖²/(2n).

One step is made at each of eleven values of a, from 10 down to 10⁻⁴, so the penalty is lowered
along a path and never solved for to the end. With the mean of diag p − ppᵀ = U diag(g) Uᵀ and the
covariance of all rows = Q diag(t) Qᵀ, and as if one did not depend on the other, the step is

    −U [(Uᵀ G Q)ₖⱼ / (gₖ tⱼ + aτ)] Qᵀ,    G the gradient in V,

followed by an exact line search. Where to stop on the path, or not to start, is decided by rows
held out of both stages: four folds of them when rows are few, one when they are many. The offset
is never scaled once more: in-sample that would leak the labels.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from gaussmetrics._array.types import Array
from gaussmetrics.laws.blocks import row_blocks
from gaussmetrics.softmax.calibration import Centred, SmoothedTargets, log_partition
from gaussmetrics.softmax.class_moments import ClassMoments
from gaussmetrics.softmax.leave_one_out import residuals
from gaussmetrics.softmax.sample import Sample
from gaussmetrics.softmax.sums import Sums
from gaussmetrics.softmax.temperature import IN_CACHE

PENALTIES = np.geomspace(10.0, 1e-4, 11)
"""Values of a, one step each."""
FOLDS, FEW_ROWS = 4, 1000
"""Parts of the rows, of which all are held out in turn up to so many rows, and one beyond."""
SEARCH = 6
"""Newton steps of a line search at most."""


class Step(NamedTuple):
    """A point of the path: coefficients (K, d) and intercepts (K,) to add to the model's."""

    coefficients: Array
    intercepts: Array


class Walk(ABC):
    """Rows with their scores z where a refinement has come to, and the line it looks along."""

    @abstractmethod
    def gradient(self) -> Sums:
        """Return the gradients of the loss in V and v, and A."""

    @abstractmethod
    def aim(self, D: Array, e: Array) -> None:
        """Look along a line."""

    @abstractmethod
    def slopes(self, length: float) -> Sums:
        """Return two derivatives of the loss along the line."""

    @abstractmethod
    def go(self, length: float) -> None:
        """Go so far along the line."""


class Start(NamedTuple):
    """What a refinement starts from: all rows, where they are, and how many were left out."""

    walk: Walk
    moments: ClassMoments
    unit: float
    units: float


def steps(start: Start) -> Iterator[Step]:
    """Yield the point after each step."""
    walk, mean, tau = start.walk, start.moments.mean, start.unit
    variances, Q = np.linalg.eigh(start.moments.total().covariance(ddof=0))
    k = len(start.moments.counts)
    V, v = np.zeros((k, len(mean))), np.zeros(k)
    for a in PENALTIES:
        G, g, A = walk.gradient()
        G = G + a * tau * V
        g = g + v / start.units
        curvatures, U = np.linalg.eigh(A)
        products = np.maximum(curvatures, 0.0)[:, None] * np.maximum(variances, 0.0)
        D = -U @ ((U.T @ G @ Q) / (products + a * tau)) @ Q.T
        e = -cho_solve(cho_factor(A + np.eye(k) / start.units), g)
        walk.aim(D, e)
        slope = a * tau * np.vdot(V, D) + v @ e / start.units
        curvature = a * tau * np.vdot(D, D) + e @ e / start.units
        length = _line_search(walk, float(slope), float(curvature))
        V, v = V + length * D, v + length * e
        walk.go(length)
        yield Step(V, v - V @ mean)


def _line_search(walk: Walk, slope: float, curvature: float) -> float:
    """Return the length of least loss along the line, plus slope·t + curvature·t²/2."""
    length = 0.0
    for _ in range(SEARCH):
        first, second = walk.slopes(length)
        first, second = first + slope + curvature * length, second + curvature
        if second <= 0.0 or abs(first / second) < 1e-6:
            break
        length -= float(first / second)
    return length


class WalkInMemory(Walk):
    """All rows in memory, with their scores and the changes along the line."""

    def __init__(self, sample: Sample, table: Centred, mean: Array) -> None:
        self.sample, self.targets, self.mean = sample, table.targets, mean
        self.z = table.scores.copy()

    def gradient(self) -> Sums:
        """Return the gradients of the loss in V and v, and A."""
        return gradient_sums(self.sample, self.z, self.targets, self.mean)

    def aim(self, D: Array, e: Array) -> None:
        """Look along a line."""
        self.change = added_scores(self.sample, self.mean, D, e)

    def slopes(self, length: float) -> Sums:
        """Return two derivatives of the loss along the line."""
        return line_sums(self.z, self.change, self.targets, length)

    def go(self, length: float) -> None:
        """Go so far along the line."""
        self.change *= length
        self.z += self.change


def _centred(sample: Sample, mean: Array) -> Iterator[tuple[slice, Array]]:
    return residuals(
        sample.X, np.zeros(len(sample.codes), dtype=np.intp), (mean[None], None), sample.n_classes
    )


def added_scores(sample: Sample, mean: Array, D: Array, e: Array) -> Array:
    """Return D(x − μ) + e of every row, (K, n)."""
    scores = np.empty((len(e), len(sample.codes)))
    for at, block in _centred(sample, mean):
        scores[:, at] = D @ block.T
    scores += e[:, None]
    return scores


def gradient_sums(sample: Sample, z: Array, targets: SmoothedTargets, mean: Array) -> Sums:
    """Sum over rows the gradients of the loss in V and v, and A."""
    k = len(z)
    G, g, A = np.zeros((k, len(mean))), np.zeros(k), np.zeros((k, k))
    for at, block in _centred(sample, mean):
        p, w = z[:, at].copy(), targets.weights[at]
        log_partition(p)
        A += np.diag(p @ w) - (p * w) @ p.T
        targets.less(p, at)
        p *= w
        G += p @ block
        g += p.sum(axis=1)
    return G, g, A


def line_sums(z: Array, change: Array, targets: SmoothedTargets, length: float) -> Sums:
    """Sum over rows two derivatives of the loss along a line."""
    first = second = 0.0
    for at in row_blocks(z.T.shape, IN_CACHE):
        direction, w = change[:, at], targets.weights[at]
        p = direction * length
        p += z[:, at]
        log_partition(p)
        p *= direction
        mean = p.sum(axis=0)
        p *= direction
        first += float(w @ (mean - targets.mean_score(direction, at)))
        second += float(w @ (p.sum(axis=0) - mean**2))
    return first, second


class Placed(NamedTuple):
    """What decides into which fold a row goes: whether it counts, its place, class and group."""

    counted: NDArray[np.bool_]
    distances: Array
    codes: NDArray[np.intp]
    groups: NDArray[np.intp] | None
    units: Array


def placed(sample: Sample, mean: Array) -> Placed:
    """Return what decides about the rows of a sample."""
    n = len(sample.codes)
    counted = np.ones(n, bool) if sample.weights is None else sample.weights > 0
    units = np.ones(n) if sample.units is None else sample.units
    squares = np.zeros(n)
    if sample.groups is None:
        for at, block in _centred(sample, mean):
            squares[at] = np.einsum("ij,ij->i", block, block)
    return Placed(counted, squares, sample.codes, sample.groups, units)


def folds(rows: Placed) -> list[NDArray[np.bool_]]:
    """Return which rows are held out each time: of every class, or of the groups, one in four.

    Rows of a class are counted off in the order of their distances from the mean of all rows, so
    that a fold is a fair sample, equal rows share a fold, and no order of the rows or of the
    columns matters. A class of which all rows are equal is never held out. No folds are returned
    if some would be empty.
    """
    if rows.groups is None:
        part = np.full(len(rows.codes), -1)
        # To nine digits, below which rounding depends on the order.
        scale = max(float(rows.distances.mean()), np.finfo(float).tiny)
        distances = np.round(rows.distances / scale, 9)
        for k in np.unique(rows.codes):
            own = np.flatnonzero(rows.counted & (rows.codes == k))
            values, place = np.unique(distances[own], return_inverse=True)
            part[own] = place % FOLDS if len(values) > 1 else -1
    else:
        part = np.unique(rows.groups, return_inverse=True)[1] % FOLDS
    units = rows.units[rows.counted].sum()
    parts = [rows.counted & (part == fold) for fold in range(FOLDS if units <= FEW_ROWS else 1)]
    return parts if all(held_out.any() for held_out in parts) else []


def held_out_losses(sample: Sample, models: list[tuple[Array, Array]]) -> Sums:
    """Sum the loss of other rows under each of some models."""
    return (np.array([_loss(w, b, sample) for w, b in models]),)


def _loss(w: Array, b: Array, sample: Sample) -> float:
    total = 0.0
    for at, block in _centred(sample, np.zeros(w.shape[1])):
        z = w @ block.T + b[:, None]
        own = z[sample.codes[at], np.arange(z.shape[1])]
        weights = np.ones(len(own)) if sample.weights is None else sample.weights[at]
        total += float(weights @ (log_partition(z) - own))
    return total
