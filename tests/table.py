"""The one table of metrics: every law of the test suite reads from it which metrics obey it."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import oracles

import gaussmetrics as gm


class Metric(NamedTuple):
    function: Callable[..., Any]
    oracle: Callable[..., Any] | None  # None: its own file compares it with quadrature
    symmetric: bool  # f(p, q) = f(q, p)
    affine: bool  # unchanged when both laws go through x ↦ Ax + b; otherwise only rigid motions
    triangle: bool  # f(p, r) ≤ f(p, q) + f(q, r)
    additive: bool  # f of product laws is the sum over the factors

    @property
    def name(self) -> str:
        return self.function.__name__


def renyi_divergence(p, q):
    return gm.renyi_divergence(p, q, alpha=0.7)


METRICS = [
    Metric(gm.kl_divergence, oracles.kl_divergence, False, True, False, True),
    Metric(gm.bhattacharyya_distance, oracles.bhattacharyya_distance, True, True, False, True),
    Metric(gm.hellinger_distance, oracles.hellinger_distance, True, True, True, False),
    Metric(gm.jeffreys_divergence, oracles.jeffreys_divergence, True, True, False, True),
    Metric(
        renyi_divergence, partial(oracles.renyi_divergence, alpha=0.7), False, True, False, True
    ),
    Metric(gm.chi_squared_divergence, oracles.chi_squared_divergence, False, True, False, False),
    Metric(gm.chernoff_information, oracles.chernoff_information, True, True, False, False),
    Metric(
        gm.cauchy_schwarz_divergence, oracles.cauchy_schwarz_divergence, True, True, False, True
    ),
    Metric(
        gm.geometric_jensen_shannon_divergence,
        oracles.geometric_jensen_shannon_divergence,
        True,
        True,
        False,
        True,
    ),
    Metric(gm.jensen_shannon_divergence, None, True, True, False, False),
    Metric(gm.total_variation_distance, None, True, True, True, False),
    Metric(gm.fisher_rao_distance, None, True, True, True, False),
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

# Distances whose laws and accuracy are stated in test_transport.py.
COMPARISONS = [
    Metric(gm.energy_distance, oracles.energy_distance, True, False, True, False),
    Metric(gm.gelbrich_bound, oracles.wasserstein_distance, True, False, True, False),
    Metric(
        gm.gromov_wasserstein_distance,
        oracles.gromov_wasserstein_distance,
        True,
        False,
        True,
        False,
    ),
]
