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

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from gaussmetrics._array.types import Array
from gaussmetrics.laws.blocks import row_blocks
from gaussmetrics.softmax.temperature import IN_CACHE, ROUGH, confusion, fit_temperature, rivals

SLOPE_PRIOR, INTERCEPT_PRIOR = 10.0, 1.0
"""How many rows the prior of a slope and of an intercept is worth."""
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

    def scores(self, table: Array) -> Array:
        """Calibrate a table of centred scores, (K, n), in place."""
        table *= self.slopes[:, None]
        table += self.intercepts[:, None]
        return table


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


def smoothed_targets(
    table: Array, codes: NDArray[np.intp], weights: Array, units: float
) -> SmoothedTargets:
    """Name the rivals in a table of scores, (K, n)."""
    nearest = rivals(table, codes)
    return SmoothedTargets(codes, nearest, confusion(units), weights / weights.sum())


def centred_scores(margins: Array, temperature: float) -> Array:
    """Turn margins, (K, n), into scores less their mean over classes, in place."""
    for at in row_blocks(margins.T.shape, IN_CACHE):
        block = margins[:, at]
        block -= block.mean(axis=0)
        block /= temperature
    return margins


def fit_calibration(table: Array, targets: SmoothedTargets, units: float) -> Calibration:
    """Return the slopes and intercepts of least penalised loss.

    Parameters
    ----------
    table : (K, n)
        Scores of rows left out, less their mean over the classes.
    targets : SmoothedTargets
    units : float
        How many rows were left out.
    """
    k = len(table)
    loss = _PenalisedLoss(table, targets, units)
    theta = np.concatenate([np.full(k, _common_slope(table, targets)), np.zeros(k)])
    for _ in range(STEPS):
        value, gradient, hessian = loss.expansion(theta)
        step = -cho_solve(cho_factor(hessian), gradient)
        slope = float(gradient @ step)
        if -slope < DECREMENT:
            break
        length = 1.0
        while length > 1e-6 and loss.value(theta + length * step) > value + 1e-4 * length * slope:
            length /= 2.0
        theta = theta + length * step
    return Calibration(theta[:k], theta[k:])


def _common_slope(table: Array, targets: SmoothedTargets) -> float:
    """Return about the best slope of all classes together: Newton's steps are short from there."""
    pull = sum(
        float(targets.weights[at] @ targets.mean_score(table[:, at], at))
        for at in row_blocks(table.T.shape, IN_CACHE)
    )
    return fit_temperature(table, targets.weights, pull, 1.0, ROUGH)[1] if pull else 1.0


def log_partition(z: Array) -> Array:
    """Return log Σⱼ exp zⱼ of scores (K, m), and turn them into probabilities in place."""
    top = z.max(axis=0)
    z -= top
    np.exp(z, out=z)
    total = z.sum(axis=0)
    z /= total
    return np.asarray(top + np.log(total))


class _PenalisedLoss:
    """The objective in θ = (a, b), 2K numbers, with its gradient and Hessian."""

    def __init__(self, table: Array, targets: SmoothedTargets, units: float) -> None:
        self.table, self.targets = table, targets
        k = len(table)
        self.penalty = np.zeros((2 * k, 2 * k))
        # A little of each slope by itself, for scores that are all 0.
        self.penalty[:k, :k] = SLOPE_PRIOR * ((1.0 + 1e-9) * np.eye(k) - 1.0 / k)
        self.penalty[k:, k:] = INTERCEPT_PRIOR * np.eye(k)
        self.penalty /= units

    def value(self, theta: Array) -> float:
        total = 0.5 * float(theta @ self.penalty @ theta)
        for at, z in self._scores(theta):
            scores = self.targets.mean_score(z, at)
            total += float(self.targets.weights[at] @ (log_partition(z) - scores))
        return total

    def expansion(self, theta: Array) -> tuple[float, Array, Array]:
        """Return the value, the gradient (2K,) and the Hessian (2K, 2K)."""
        k, table, targets = len(self.table), self.table, self.targets
        value = 0.5 * float(theta @ self.penalty @ theta)
        gradient, hessian = self.penalty @ theta, np.zeros_like(self.penalty)
        curvatures = np.zeros((3, k))
        for at, p in self._scores(theta):
            block, w = table[:, at], targets.weights[at]
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
        return value, gradient, hessian + self.penalty

    def _scores(self, theta: Array) -> Iterator[tuple[slice, Array]]:
        k = len(self.table)
        for at in row_blocks(self.table.T.shape, IN_CACHE):
            z = self.table[:, at] * theta[:k, None]
            z += theta[k:, None]
            yield at, z
