"""The one table of metrics: every law of the test suite reads from it which metrics obey it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import oracles

import gaussmetrics as gm


class Metric(NamedTuple):
    function: Callable[..., Any]
    oracle: Callable[..., Any]
    symmetric: bool  # f(p, q) = f(q, p)
    affine: bool  # unchanged when both laws go through x ↦ Ax + b; otherwise only rigid motions
    triangle: bool  # f(p, r) ≤ f(p, q) + f(q, r)
    additive: bool  # f of product laws is the sum over the factors

    @property
    def name(self) -> str:
        return self.function.__name__


METRICS = [
    Metric(gm.kl_divergence, oracles.kl_divergence, False, True, False, True),
    Metric(gm.bhattacharyya_distance, oracles.bhattacharyya_distance, True, True, False, True),
    Metric(gm.hellinger_distance, oracles.hellinger_distance, True, True, True, False),
    Metric(
        gm.squared_wasserstein_distance,
        oracles.squared_wasserstein_distance,
        True,
        False,
        False,
        True,
    ),
    Metric(gm.wasserstein_distance, oracles.wasserstein_distance, True, False, True, False),
]

# Functions of two laws that are no distances: they do not vanish at p = q.
OVERLAPS = [
    Metric(
        gm.bhattacharyya_coefficient, oracles.bhattacharyya_coefficient, True, True, False, False
    ),
    Metric(gm.cross_entropy, oracles.cross_entropy, False, False, False, True),
]
