"""The temperature of least smoothed log-loss, for scores that are held fixed.

n rows told apart without error do not show that errors never happen: their log-loss falls to 0
with T. By Laplace's rule of succession the odds of an error are put at 1 to n + 1, and the error is
to take the row for the nearest rival, the other class of the highest score. With the margins m of
a row, score of class j minus score of its own class, T minimises

    mean over rows of  log Σⱼ exp(mⱼ/T) − ε max_{j≠y} mⱼ/T,    ε = 1/(n + 2),

the cross-entropy against a share 1 − ε of the row's own class and ε of the rival. It is convex in
β = 1/T, and T is above 0.

References
----------
Platt 1999, Probabilistic outputs for support vector machines: targets smoothed like these, with
the rows of one class for n.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array import cores
from gaussmetrics._array.types import Array
from gaussmetrics.laws.blocks import row_blocks
from gaussmetrics.softmax import checks
from gaussmetrics.softmax.sums import Search, Sums

TEMPERATURES = (1e-6, 1e6)
"""Where the temperature is sought."""
PRECISE, ROUGH = 1e-5, 2e-2
"""Last relative steps in 1/T. One squares the error: after 10⁻⁵, T has all the digits it can
have; after 2·10⁻² the loss, less what the step gains, is known to 10⁻⁶: enough to compare."""
IN_CACHE = 0.25
"""Share of a block of rows that leaves room in the cache for scores beside them."""


class Table(NamedTuple):
    """Margins of some rows, (K, m), their classes and weights, and how many were left out."""

    scores: Array
    codes: NDArray[np.intp]
    weights: Array
    units: float


class Found(NamedTuple):
    """The least loss, β = 1/T there, and the weight and number of the rows judged."""

    loss: float
    beta: float
    weight: float
    units: float


def confusion(units: float) -> float:
    """Return ε, the share of a row that is taken for its rival, when so many were left out."""
    return 1.0 / (units + 2.0)


def rivals(margins: Array, codes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return, for every row, the other class of the highest score."""
    nearest = np.empty(len(codes), dtype=np.intp)
    for at in row_blocks(margins.T.shape, IN_CACHE):
        block = margins[:, at].copy()
        block[codes[at], np.arange(block.shape[1])] = -np.inf
        nearest[at] = block.argmax(axis=0)
    return nearest


def rival_sum(table: Table) -> float:
    """Return the sum over rows, weighted, of the largest margin of another class."""
    margins, own = table.scores, (table.codes, np.arange(len(table.codes)))
    margins[own] = -np.inf
    largest = margins.max(axis=0)
    margins[own] = 0.0
    return float(table.weights @ largest)


def first_look(table: Table, beta: float) -> Sums:
    """Return what the loss is a function of, and the sums of `loss_sums`."""
    return table.weights.sum(), table.units, rival_sum(table), *loss_sums(table, beta)


def search_temperature(start: float, tolerance: float = PRECISE) -> Search[Found]:
    """Find the least loss over β = 1/T, and β."""
    weight, units, rivals, *sums = yield partial(first_look, beta=start)
    checks.some_are_judged(units)
    pull = confusion(units) * rivals / weight
    loss, beta = yield from descend(tuple(sums), weight, pull, start, tolerance)
    return Found(loss, beta, weight, units)


def search_nothing(beta: float) -> Search[Found]:
    """Look at the loss of a given β."""
    weight, units, rivals, *sums = yield partial(first_look, beta=beta)
    checks.some_are_judged(units)
    loss = smoothed_loss(tuple(sums), weight, confusion(units) * rivals / weight, beta)[0]
    return Found(loss, beta, weight, units)


def descend(
    sums: Sums, weight: float, pull: float, start: float, tolerance: float
) -> Search[tuple[float, float]]:
    """Find the least loss over β, and β, by Newton's method within a shrinking bracket."""
    beta, low, high = start, 1.0 / TEMPERATURES[1], 1.0 / TEMPERATURES[0]
    for _ in range(100):
        loss, slope, curvature = smoothed_loss(sums, weight, pull, beta)
        low, high = (low, beta) if slope > 0 else (beta, high)
        # Far above the minimum the loss is a straight line, and a plain step would leave β > 0.
        damped = beta * curvature + max(slope, 0.0)
        following = beta - beta * slope / damped if damped > 0 else np.inf
        if not low <= following <= high:
            following = float(np.sqrt(low * high))
        if abs(following - beta) <= tolerance * beta:
            break
        beta = following
        sums = yield partial(loss_sums, beta=beta)
    return loss + 0.5 * slope * (following - beta), following


def smoothed_loss(
    sums: Sums, weight: float, pull: float, beta: float
) -> tuple[float, float, float]:
    """Mean of log Σⱼ exp(β · margin) over rows minus β · pull, and two derivatives in β."""
    loss, slope, curvature = np.array(sums) / weight
    return float(loss - beta * pull), float(slope - pull), float(curvature)


def loss_sums(table: Any, beta: float) -> Sums:
    """Sum log Σⱼ exp(β · score) over rows, weighted, and two derivatives in β."""

    def of_block(at: slice) -> Array:
        m, w = table.scores[:, at], table.weights[at]
        top = m.max(axis=0)
        p = np.exp(beta * (m - top))
        total = p.sum(axis=0)
        p /= total
        p *= m
        first = p.sum(axis=0)
        p *= m
        second = p.sum(axis=0)
        return np.array([w @ (beta * top + np.log(total)), w @ first, w @ (second - first**2)])

    blocks = list(row_blocks(table.scores.T.shape, IN_CACHE))
    return tuple(sum(cores.shared(of_block, blocks, table.scores.size), np.zeros(3)))
