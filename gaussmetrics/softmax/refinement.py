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

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from gaussmetrics._array.types import Array
from gaussmetrics.laws.blocks import row_blocks
from gaussmetrics.softmax.calibration import SmoothedTargets, log_partition
from gaussmetrics.softmax.class_moments import ClassMoments
from gaussmetrics.softmax.leave_one_out import residuals
from gaussmetrics.softmax.sample import Sample
from gaussmetrics.softmax.temperature import IN_CACHE

PENALTIES = np.geomspace(10.0, 1e-4, 11)
"""Values of a, one step each."""
FOLDS, FEW_ROWS = 4, 1000
"""Parts of the rows, of which all are held out in turn up to so many rows, and one beyond."""
SEARCH = 6
"""Newton steps of a line search at most."""


class Start(NamedTuple):
    """What a refinement starts from.

    scores (K, n) are those of the rows left out, coefficients and intercepts the model itself.
    """

    sample: Sample
    moments: ClassMoments
    scores: Array
    targets: SmoothedTargets
    units: float
    coefficients: Array
    intercepts: Array


class Step(NamedTuple):
    """A point of the path: coefficients (K, d) and intercepts (K,) to add to the model's."""

    coefficients: Array
    intercepts: Array


def steps(start: Start) -> Iterator[Step]:
    """Yield the point after each step."""
    sample, targets = start.sample, start.targets
    mean, tau = start.moments.mean, sample.unit_variance(start.moments)
    variances, Q = np.linalg.eigh(start.moments.total().covariance(ddof=0))
    k = len(start.scores)
    V, v, z = np.zeros((k, len(mean))), np.zeros(k), start.scores.copy()
    for a in PENALTIES:
        G, g, A = _gradient(start, z, mean)
        G += a * tau * V
        g += v / start.units
        curvatures, U = np.linalg.eigh(A)
        products = np.maximum(curvatures, 0.0)[:, None] * np.maximum(variances, 0.0)
        D = -U @ ((U.T @ G @ Q) / (products + a * tau)) @ Q.T
        e = -cho_solve(cho_factor(A + np.eye(k) / start.units), g)
        change = np.empty_like(z)
        for at, block in _centred(sample, mean):
            change[:, at] = D @ block.T
        change += e[:, None]
        slope = a * tau * np.vdot(V, D) + v @ e / start.units
        curvature = a * tau * np.vdot(D, D) + e @ e / start.units
        length = _line_search(z, change, targets, float(slope), float(curvature))
        V, v = V + length * D, v + length * e
        change *= length
        z += change
        yield Step(V, v - V @ mean)


def _centred(sample: Sample, mean: Array) -> Iterator[tuple[slice, Array]]:
    return residuals(
        sample.X, np.zeros(len(sample.codes), dtype=np.intp), mean[None], sample.n_classes
    )


def _gradient(start: Start, z: Array, mean: Array) -> tuple[Array, Array, Array]:
    """Return the gradients of the loss in V and v, and A."""
    targets, k = start.targets, len(z)
    G, g, A = np.zeros((k, len(mean))), np.zeros(k), np.zeros((k, k))
    for at, block in _centred(start.sample, mean):
        p, w = z[:, at].copy(), targets.weights[at]
        log_partition(p)
        A += np.diag(p @ w) - (p * w) @ p.T
        targets.less(p, at)
        p *= w
        G += p @ block
        g += p.sum(axis=1)
    return G, g, A


def _line_search(
    z: Array, change: Array, targets: SmoothedTargets, slope: float, curvature: float
) -> float:
    """Return the length of least loss along `change`, plus slope·t + curvature·t²/2."""
    length = 0.0
    for _ in range(SEARCH):
        first, second = slope + curvature * length, curvature
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
        if second <= 0.0 or abs(first / second) < 1e-6:
            break
        length -= first / second
    return length


def folds(sample: Sample, moments: ClassMoments) -> Iterator[NDArray[np.bool_]]:
    """Yield which rows are held out: of every class, or of the groups, one in four.

    Rows of a class are counted off in the order of their distances from the mean of all rows, so
    that a fold is a fair sample, equal rows share a fold, and no order of the rows or of the
    columns matters. A class of which all rows are equal is never held out.
    """
    counted = np.ones(len(sample.codes), bool) if sample.weights is None else sample.weights > 0
    if sample.groups is None:
        part = np.full(len(counted), -1)
        distances = _distances(sample, moments)
        for k in range(sample.n_classes):
            rows = np.flatnonzero(counted & (sample.codes == k))
            values, place = np.unique(distances[rows], return_inverse=True)
            part[rows] = place % FOLDS if len(values) > 1 else -1
    else:
        part = np.unique(sample.groups, return_inverse=True)[1] % FOLDS
    units = counted.sum() if sample.units is None else sample.units[counted].sum()
    for fold in range(FOLDS if units <= FEW_ROWS else 1):
        yield counted & (part == fold)


def _distances(sample: Sample, moments: ClassMoments) -> Array:
    """Return the squared distance of every row from the mean, to nine digits."""
    squares = np.empty(len(sample.codes))
    for at, block in _centred(sample, moments.mean):
        squares[at] = np.einsum("ij,ij->i", block, block)
    return np.round(squares / max(float(squares.mean()), np.finfo(float).tiny), 9)


def held_out_loss(start: Start, path: Iterator[Step], sample: Sample) -> Array:
    """Return the summed loss of other rows before the first step and after each."""
    losses = [_loss(start.coefficients, start.intercepts, sample)]
    losses += [
        _loss(start.coefficients + step.coefficients, start.intercepts + step.intercepts, sample)
        for step in path
    ]
    return np.array(losses)


def _loss(w: Array, b: Array, sample: Sample) -> float:
    total = 0.0
    for at, block in _centred(sample, np.zeros(w.shape[1])):
        z = w @ block.T + b[:, None]
        own = z[sample.codes[at], np.arange(z.shape[1])]
        weights = np.ones(len(own)) if sample.weights is None else sample.weights[at]
        total += float(weights @ (log_partition(z) - own))
    return total
