"""A slope and an intercept for each class, fitted to scores that rows get when left out.

Scores of row i for class j, less their mean over the classes, are Lᵢⱼ. The calibrated ones are

    zᵢⱼ = (s + dⱼ) Lᵢⱼ + bⱼ,

linear in x if L is. s, d and b minimise the cross-entropy against Yᵢ, a share 1 − ε of the row's
own class and ε of its nearest rival, plus (10 ‖d‖² + ‖b‖²)/(2n): a prior by which a class of few
rows stays near the slope of all. With aⱼ = s + dⱼ the best s is the mean of a, so there are 2K
numbers to find: strictly convex, by Newton's method. For two classes this is Platt's method on
left-out scores.

References
----------
Platt 1999, Probabilistic outputs for support vector machines and comparisons to regularized
likelihood methods, in Advances in Large Margin Classifiers, MIT Press, section 2.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from gaussmetrics._array.types import Array
from gaussmetrics.laws.blocks import row_blocks
from gaussmetrics.softmax.sums import Question, Search, Sums, answered
from gaussmetrics.softmax.temperature import (
    IN_CACHE,
    ROUGH,
    Table,
    confusion,
    descend,
    loss_sums,
    rivals,
)

SLOPE_PRIOR, INTERCEPT_PRIOR = 10.0, 1.0
"""How many rows the prior of a slope and of an intercept is worth."""
MOST_UNITS = 1e12
"""Of more rows the prior is lost in rounding, and would leave a shift of all intercepts free."""
STEPS, DECREMENT = 10, 1e-14
"""Newton steps at most, and the predicted gain in nats below which none is made."""


class Calibration(NamedTuple):
    """Slope and intercept of each class, (K,) each."""

    slopes: Array
    intercepts: Array

    def coefficients(self, w: Array, b: Array) -> tuple[Array, Array]:
        """Return the calibrated coefficients and intercepts of a linear model."""
        slopes = self.slopes
        return (
            slopes[:, None] * (w - w.mean(axis=0)),
            slopes * (b - b.mean()) + self.intercepts,
        )


class SmoothedTargets(NamedTuple):
    """Rows with a share 1 − ε of their own class and ε of the rival, and their weights, sum 1."""

    codes: NDArray[np.intp]
    rivals: NDArray[np.intp]
    error: float
    weights: Array

    def less(self, p: Array, at: slice) -> Array:
        """Subtract the targets from probabilities (K, m), in place."""
        rows = np.arange(p.shape[1])
        p[self.codes[at], rows] -= 1.0 - self.error
        p[self.rivals[at], rows] -= self.error
        return p

    def mean_score(self, z: Array, at: slice) -> Array:
        """Return Σⱼ Yᵢⱼ zᵢⱼ of some rows."""
        rows = np.arange(z.shape[1])
        own: Array = (1.0 - self.error) * z[self.codes[at], rows]
        return own + self.error * z[self.rivals[at], rows]


class Centred(NamedTuple):
    """Scores of some rows left out, less their mean over the classes, (K, m), and the targets."""

    scores: Array
    targets: SmoothedTargets

    @property
    def weights(self) -> Array:
        """What the rows weigh; 1 all together."""
        return self.targets.weights


def centred(table: Table, temperature: float, weight: float, units: float) -> Centred:
    """Turn margins into centred scores, in place; weight and units are those of all rows."""
    nearest = rivals(table.scores, table.codes)
    for at in row_blocks(table.scores.T.shape, IN_CACHE):
        block = table.scores[:, at]
        block -= block.mean(axis=0)
        block /= temperature
    targets = SmoothedTargets(table.codes, nearest, confusion(units), table.weights / weight)
    return Centred(table.scores, targets)


def calibrated(table: Centred, calibration: Calibration) -> Centred:
    """Calibrate centred scores, in place."""
    scores = table.scores
    scores *= calibration.slopes[:, None]
    scores += calibration.intercepts[:, None]
    return table


def fit_calibration(ask: Callable[[Question], Sums], n_classes: int, units: float) -> Calibration:
    """Return the slopes and intercepts of least penalised loss.

    Parameters
    ----------
    ask : callable
        Answers questions about the centred scores of all rows left out.
    n_classes : int
        K.
    units : float
        How many rows were left out.
    """
    k, penalty = n_classes, _penalty(n_classes, units)
    start = answered(_common_slope(), ask)
    theta = np.concatenate([np.full(k, start), np.zeros(k)])

    def expansion(theta: Array) -> tuple[float, Array, Array]:
        value, gradient, hessian = ask(partial(loss_expansion, theta=theta))
        pull = penalty @ theta
        return value + 0.5 * float(theta @ pull), gradient + pull, hessian + penalty

    value, gradient, hessian = expansion(theta)
    for _ in range(STEPS):
        step = -cho_solve(cho_factor(hessian), gradient)
        slope = float(gradient @ step)
        if -slope < DECREMENT:
            break
        length = 1.0
        while (near := expansion(theta + length * step))[0] > value + 1e-4 * length * slope:
            if length <= 1e-6:
                break
            length /= 2.0
        theta = theta + length * step
        value, gradient, hessian = near
    return Calibration(theta[:k], theta[k:])


def _penalty(k: int, units: float) -> Array:
    penalty = np.zeros((2 * k, 2 * k))
    # A little of each slope by itself, for scores that are all 0.
    penalty[:k, :k] = SLOPE_PRIOR * ((1.0 + 1e-9) * np.eye(k) - 1.0 / k)
    penalty[k:, k:] = INTERCEPT_PRIOR * np.eye(k)
    return penalty / min(units, MOST_UNITS)


def _common_slope() -> Search[float]:
    """Find about the best slope of all classes together: Newton's steps are short from there."""
    pull, *sums = yield _first_look
    return (yield from descend(tuple(sums), 1.0, pull, 1.0, ROUGH))[1] if pull else 1.0


def _first_look(table: Centred) -> Sums:
    pull = sum(
        float(table.weights[at] @ table.targets.mean_score(table.scores[:, at], at))
        for at in row_blocks(table.scores.T.shape, IN_CACHE)
    )
    return pull, *loss_sums(table, 1.0)


def log_partition(z: Array) -> Array:
    """Return log Σⱼ exp zⱼ of scores (K, m), and turn them into probabilities in place."""
    top = z.max(axis=0)
    z -= top
    np.exp(z, out=z)
    total = z.sum(axis=0)
    z /= total
    return np.asarray(top + np.log(total))


def loss_expansion(table: Centred, theta: Array) -> Sums:
    """Return the loss in θ = (a, b), 2K numbers, its gradient (2K,) and Hessian (2K, 2K)."""
    k, targets, value = len(table.scores), table.targets, 0.0
    gradient, hessian = np.zeros(2 * k), np.zeros((2 * k, 2 * k))
    curvatures = np.zeros((3, k))
    for at, p in _calibrated_blocks(table.scores, theta):
        block, w = table.scores[:, at], targets.weights[at]
        scores = targets.mean_score(p, at)
        value += float(w @ (log_partition(p) - scores))
        features = np.concatenate([p * block, p])
        features *= np.sqrt(w)
        hessian -= features @ features.T
        # p − p² as p (1 − p), which keeps its digits and its sign where p is near 1.
        weighted = (1.0 - p) * p
        weighted *= w
        curvatures[0] += weighted.sum(axis=1)
        weighted *= block
        curvatures[1] += weighted.sum(axis=1)
        curvatures[2] += np.einsum("ki,ki->k", weighted, block)
        residual = targets.less(p, at)
        residual *= w
        gradient[:k] += np.einsum("ki,ki->k", residual, block)
        gradient[k:] += residual.sum(axis=1)
    slopes, intercepts = np.arange(k), np.arange(k, 2 * k)
    hessian[intercepts, intercepts] = curvatures[0]
    hessian[slopes, intercepts] = curvatures[1]
    hessian[intercepts, slopes] = curvatures[1]
    hessian[slopes, slopes] = curvatures[2]
    return value, gradient, hessian


def _calibrated_blocks(scores: Array, theta: Array) -> Iterator[tuple[slice, Array]]:
    k = len(scores)
    for at in row_blocks(scores.T.shape, IN_CACHE):
        z = scores[:, at] * theta[:k, None]
        z += theta[k:, None]
        yield at, z
