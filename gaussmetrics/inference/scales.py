"""On which scale a metric is estimated, and the way back from it.

A distance such as W₂ has a kink at p = q, where the jackknife and every normal limit fail; its
square has none. So each metric is estimated through a smooth function of the two laws, and carried
back. Where that function has a closed correction of its bias, it is here too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from gaussmetrics._array.types import Scalars
from gaussmetrics.divergences.chernoff import (
    chernoff_information,
    chi_squared_divergence,
    renyi_divergence,
)
from gaussmetrics.divergences.fisher_rao import fisher_rao_distance
from gaussmetrics.divergences.information import jeffreys_divergence, kl_divergence
from gaussmetrics.divergences.jensen_shannon import (
    geometric_jensen_shannon_divergence,
    jensen_shannon_divergence,
)
from gaussmetrics.divergences.overlap import (
    bhattacharyya_coefficient,
    bhattacharyya_distance,
    cauchy_schwarz_divergence,
    hellinger_distance,
)
from gaussmetrics.divergences.total_variation import bayes_error, total_variation_distance
from gaussmetrics.inference.corrections import (
    Bias,
    bhattacharyya_bias,
    jeffreys_bias,
    kl_bias,
)
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.pairwise import Metric
from gaussmetrics.transport.entropic import sinkhorn_divergence
from gaussmetrics.transport.gromov import gromov_wasserstein_distance
from gaussmetrics.transport.kernels import energy_distance, maximum_mean_discrepancy
from gaussmetrics.transport.wasserstein import (
    gelbrich_bound,
    squared_wasserstein_distance,
    wasserstein_distance,
)


class Scale(NamedTuple):
    """The way to a smooth scale and back; `back` never leaves the range of the metric."""

    there: Callable[[Any], Any]
    back: Callable[[Any], Any]


def _root(square: Any) -> Any:
    return np.sqrt(np.maximum(square, 0.0))


def _chord(log_overlap: Any) -> Any:
    """Return √(1 − e^−v), the Hellinger distance of a Bhattacharyya distance v."""
    return np.sqrt(-np.expm1(-np.maximum(log_overlap, 0.0)))


def _arc(chord: Any) -> Any:
    return -np.log1p(-np.square(chord))


def _overlap(log_overlap: Any) -> Any:
    return np.exp(-np.maximum(log_overlap, 0.0))


def _error_of(separation: Any) -> Any:
    """Return ½ (1 − √(1 − e^−v)), the Bayes error whose 4 e (1 − e) is e^−v."""
    rest = np.exp(-np.maximum(separation, 0.0))
    return 0.5 * rest / (1.0 + np.sqrt(1.0 - rest))


SCALES = {
    "identity": Scale(np.asarray, np.asarray),
    "square": Scale(np.square, _root),
    "hellinger": Scale(_arc, _chord),
    "coefficient": Scale(lambda overlap: -np.log(overlap), _overlap),
    "bayes error": Scale(lambda error: -np.log(4.0 * error * (1.0 - error)), _error_of),
}


@dataclass(frozen=True)
class Route:
    """How a metric is estimated.

    `smooth` is what is jackknifed, `scale` the way back from it, `bias` its correction in closed
    form. `distance` tells that it is 0 at p = q and positive elsewhere, `inverse` that it holds an
    inverse covariance.
    """

    smooth: Callable[..., Any]
    scale: str = "identity"
    bias: Bias | None = None
    distance: bool = True
    inverse: bool = False


def _separation(p: Gaussian, q: Gaussian) -> Scalars:
    """Return −log(1 − TV²) = −log 4 e (1 − e), with the Bayes error e, which keeps its digits."""
    return SCALES["bayes error"].there(bayes_error(p, q))


def _twice(p: Gaussian, q: Gaussian) -> Scalars:
    return 2.0 * bhattacharyya_distance(p, q)


def _twice_bias(p: Gaussian, q: Gaussian, n: Scalars, m: Scalars) -> Any:
    return 2.0 * bhattacharyya_bias(p, q, n, m)


def _square_of(metric: Any) -> Metric:
    def square(p: Gaussian, q: Gaussian) -> Any:
        return np.square(metric(p, q))

    return square


ROUTES: dict[Any, Route] = {
    kl_divergence: Route(kl_divergence, bias=kl_bias, inverse=True),
    jeffreys_divergence: Route(jeffreys_divergence, bias=jeffreys_bias, inverse=True),
    bhattacharyya_distance: Route(bhattacharyya_distance, bias=bhattacharyya_bias, inverse=True),
    bhattacharyya_coefficient: Route(
        bhattacharyya_distance, "coefficient", bhattacharyya_bias, inverse=True
    ),
    hellinger_distance: Route(
        bhattacharyya_distance, "hellinger", bhattacharyya_bias, inverse=True
    ),
    cauchy_schwarz_divergence: Route(
        cauchy_schwarz_divergence, bias=partial(bhattacharyya_bias, weight=0.25), inverse=True
    ),
    total_variation_distance: Route(_separation, "hellinger", inverse=True),
    bayes_error: Route(_separation, "bayes error", inverse=True),
    fisher_rao_distance: Route(_square_of(fisher_rao_distance), "square", inverse=True),
    squared_wasserstein_distance: Route(squared_wasserstein_distance),
    wasserstein_distance: Route(squared_wasserstein_distance, "square"),
    gelbrich_bound: Route(squared_wasserstein_distance, "square"),
    **{
        metric: Route(_square_of(metric), "square")
        for metric in (gromov_wasserstein_distance, energy_distance, maximum_mean_discrepancy)
    },
    **{
        metric: Route(metric, inverse=True)
        for metric in (
            renyi_divergence,
            chi_squared_divergence,
            chernoff_information,
            geometric_jensen_shannon_divergence,
            jensen_shannon_divergence,
        )
    },
    sinkhorn_divergence: Route(sinkhorn_divergence),
}
"""The metrics of the library that are estimated otherwise than a function of the user's own."""


def route_of(metric: Metric, scale: str | None) -> Route:
    """Return how to estimate a metric, on the scale asked for or on the one known to be good."""
    if scale == "square":
        return Route(_square_of(metric), "square")
    known = metric if not isinstance(metric, partial) else metric.func
    route = ROUTES.get(known) if _hashable(known) else None
    if route is None:
        return Route(metric, distance=False)
    if isinstance(metric, partial):
        route = _with_options(route, metric)
    if scale == "identity" and route.scale != "identity":
        return Route(metric, distance=False, inverse=route.inverse)
    return route


def unmoved(metric: Metric) -> bool:
    """Tell that a metric is known not to change when both laws are moved alike."""
    known = metric if not isinstance(metric, partial) else metric.func
    return _hashable(known) and known in ROUTES


def _hashable(value: Any) -> bool:
    return type(value).__hash__ is not None


def _with_options(route: Route, metric: partial[Any]) -> Route:
    """Return the route of a metric of the library with options, such as the order of Rényi's."""
    if metric.func is renyi_divergence and metric.keywords == {"alpha": 0.5}:
        return Route(_twice, bias=_twice_bias, inverse=True)
    if metric.func is bayes_error:
        return Route(metric, distance=False, inverse=True)
    if not metric.keywords and not metric.args:
        return route
    smooth = _square_of(metric) if route.scale == "square" else metric
    return Route(smooth, route.scale, distance=not metric.args, inverse=route.inverse)
