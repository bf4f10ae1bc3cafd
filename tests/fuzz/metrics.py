"""The functions of two laws, and what mathematics says of each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import gaussmetrics as gm


class Metric(NamedTuple):
    """`degree` is the power of the unit: 0 for what no affine map changes."""

    name: str
    function: Callable[[gm.Gaussian, gm.Gaussian], Any]
    symmetric: bool
    degree: float | None  # None: has a scale of its own
    zero: bool = True  # at p = q
    divergent: bool = False  # infinite exactly where the supports differ
    order: int = 2  # vanishes like this power of the distance of the parameters


def _order(alpha: float) -> Callable[..., Any]:
    return partial(gm.renyi_divergence, alpha=alpha)


def _explained(metric: Callable[..., Any], p: gm.Gaussian, q: gm.Gaussian) -> Any:
    return gm.explain(metric, p, q).total


METRICS = [
    Metric("kl_divergence", gm.kl_divergence, False, 0, divergent=True),
    Metric("jeffreys_divergence", gm.jeffreys_divergence, True, 0, divergent=True),
    Metric("bhattacharyya_distance", gm.bhattacharyya_distance, True, 0, divergent=True),
    Metric("hellinger_distance", gm.hellinger_distance, True, 0, order=1),
    Metric("renyi_divergence alpha=1e-7", _order(1e-7), False, 0, divergent=True),
    Metric("renyi_divergence alpha=0.5", _order(0.5), True, 0, divergent=True),
    Metric("renyi_divergence alpha=0.9999999", _order(1 - 1e-7), False, 0, divergent=True),
    Metric("renyi_divergence alpha=1.5", _order(1.5), False, 0),
    Metric("chi_squared_divergence", gm.chi_squared_divergence, False, 0),
    Metric("chernoff_information", gm.chernoff_information, True, 0, divergent=True),
    Metric("cauchy_schwarz_divergence", gm.cauchy_schwarz_divergence, True, 0, divergent=True),
    Metric(
        "geometric_jensen_shannon_divergence",
        gm.geometric_jensen_shannon_divergence, True, 0, divergent=True,
    ),
    Metric("jensen_shannon_divergence", gm.jensen_shannon_divergence, True, 0),
    Metric("total_variation_distance", gm.total_variation_distance, True, 0, order=1),
    Metric("fisher_rao_distance", gm.fisher_rao_distance, True, 0, divergent=True, order=1),
    Metric(
        "explain kl_divergence", partial(_explained, gm.kl_divergence), False, 0, divergent=True,
    ),
    Metric(
        "explain bhattacharyya_distance",
        partial(_explained, gm.bhattacharyya_distance), True, 0, divergent=True,
    ),
    Metric("squared_wasserstein_distance", gm.squared_wasserstein_distance, True, 2),
    Metric("wasserstein_distance", gm.wasserstein_distance, True, 1, order=1),
    Metric("gelbrich_bound", gm.gelbrich_bound, True, 1, order=1),
    Metric(
        "explain squared_wasserstein_distance",
        partial(_explained, gm.squared_wasserstein_distance), True, 2,
    ),
    Metric("gromov_wasserstein_distance", gm.gromov_wasserstein_distance, True, 2, order=1),
    Metric("energy_distance", gm.energy_distance, True, 0.5, order=1),
    Metric(
        "sinkhorn_divergence epsilon=0.3",
        partial(gm.sinkhorn_divergence, epsilon=0.3), True, None,
    ),
    Metric(
        "maximum_mean_discrepancy bandwidth=0.7",
        partial(gm.maximum_mean_discrepancy, bandwidth=0.7), True, None, order=1,
    ),
]  # fmt: skip
OTHERS = [  # not zero at p = q
    Metric("cross_entropy", gm.cross_entropy, False, None, zero=False),
    Metric("bhattacharyya_coefficient", gm.bhattacharyya_coefficient, True, 0, zero=False),
    Metric("chernoff_alpha", gm.chernoff_alpha, False, 0, zero=False),
    Metric("bayes_error", gm.bayes_error, True, 0, zero=False),
    Metric("bayes_error prior=0.1", partial(gm.bayes_error, prior=0.1), False, 0, zero=False),
    Metric("lower bound", lambda p, q: gm.jensen_shannon_bounds(p, q).lower, True, 0, zero=False),
    Metric("upper bound", lambda p, q: gm.jensen_shannon_bounds(p, q).upper, True, 0, zero=False),
    Metric(
        "entropic_transport_cost epsilon=0.3",
        partial(gm.entropic_transport_cost, epsilon=0.3), True, None, zero=False,
    ),
]  # fmt: skip
ALL = [*METRICS, *OTHERS]
SIGNED = {"cross_entropy"}

GRADIENTS: dict[str, tuple[Callable[..., gm.Gradient], str]] = {  # and of what it is the gradient
    "kl_divergence_gradient": (gm.kl_divergence_gradient, "kl_divergence"),
    "jeffreys_divergence_gradient": (gm.jeffreys_divergence_gradient, "jeffreys_divergence"),
    "bhattacharyya_distance_gradient": (
        gm.bhattacharyya_distance_gradient, "bhattacharyya_distance",
    ),
    "hellinger_distance_gradient": (gm.hellinger_distance_gradient, "hellinger_distance"),
    "renyi_divergence_gradient alpha=0.5": (
        partial(gm.renyi_divergence_gradient, alpha=0.5), "renyi_divergence alpha=0.5",
    ),
    "renyi_divergence_gradient alpha=1.5": (
        partial(gm.renyi_divergence_gradient, alpha=1.5), "renyi_divergence alpha=1.5",
    ),
    "squared_wasserstein_distance_gradient": (
        gm.squared_wasserstein_distance_gradient, "squared_wasserstein_distance",
    ),
}  # fmt: skip
