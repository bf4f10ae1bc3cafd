"""gaussmetrics: closed-form statistics for multivariate normals, right to the last digit.

>>> import gaussmetrics as gm
>>> p = gm.Gaussian([0.0, 0.0], [[1.0, 0.3], [0.3, 2.0]])
>>> q = gm.Gaussian([1.0, 0.0], [[1.0, 0.0], [0.0, 1.0]])
>>> print(f"{gm.kl_divergence(p, q):.6f} {gm.wasserstein_distance(p, q):.6f}")
0.676448 1.094674
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gaussmetrics.covariance import Covariance
from gaussmetrics.displacement import (
    TransportMap,
    transport_map,
    wasserstein_barycenter,
    wasserstein_geodesic,
)
from gaussmetrics.divergences import (
    JensenShannonBounds,
    bhattacharyya_coefficient,
    bhattacharyya_distance,
    cauchy_schwarz_divergence,
    chernoff_alpha,
    chernoff_information,
    chi_squared_divergence,
    cross_entropy,
    entropy,
    geometric_jensen_shannon_divergence,
    hellinger_distance,
    jeffreys_divergence,
    jensen_shannon_bounds,
    kl_divergence,
    mutual_information,
    renyi_divergence,
)
from gaussmetrics.entropic import entropic_transport_cost, sinkhorn_divergence
from gaussmetrics.explain import Explanation, explain
from gaussmetrics.fisher_rao import fisher_rao_distance
from gaussmetrics.gaussian import Conditional, Gaussian, Mixture
from gaussmetrics.gradients import (
    Gradient,
    bhattacharyya_distance_gradient,
    hellinger_distance_gradient,
    jeffreys_divergence_gradient,
    kl_divergence_gradient,
    renyi_divergence_gradient,
    squared_wasserstein_distance_gradient,
)
from gaussmetrics.inference import Estimate, estimate
from gaussmetrics.kernels import energy_distance, maximum_mean_discrepancy
from gaussmetrics.mixtures import mixture_transport_plan, mixture_wasserstein_distance
from gaussmetrics.moments import Moments
from gaussmetrics.pairwise import pairwise
from gaussmetrics.total_variation import bayes_error, total_variation_distance
from gaussmetrics.transport import (
    gelbrich_bound,
    gromov_wasserstein_distance,
    squared_wasserstein_distance,
    wasserstein_distance,
)

if TYPE_CHECKING:
    from gaussmetrics.linear_model import AnalyticLogisticRegression
    from gaussmetrics.plotting import (
        plot_calibration,
        plot_decision_regions,
        plot_explanation,
        plot_gaussian,
        plot_gaussians,
        plot_pairwise,
        plot_transport,
    )

__version__ = "0.1.0"

__all__ = [
    "AnalyticLogisticRegression",
    "Conditional",
    "Covariance",
    "Estimate",
    "Explanation",
    "Gaussian",
    "Gradient",
    "JensenShannonBounds",
    "Mixture",
    "Moments",
    "TransportMap",
    "bayes_error",
    "bhattacharyya_coefficient",
    "bhattacharyya_distance",
    "bhattacharyya_distance_gradient",
    "cauchy_schwarz_divergence",
    "chernoff_alpha",
    "chernoff_information",
    "chi_squared_divergence",
    "cross_entropy",
    "energy_distance",
    "entropic_transport_cost",
    "entropy",
    "estimate",
    "explain",
    "fisher_rao_distance",
    "gelbrich_bound",
    "geometric_jensen_shannon_divergence",
    "gromov_wasserstein_distance",
    "hellinger_distance",
    "hellinger_distance_gradient",
    "jeffreys_divergence",
    "jeffreys_divergence_gradient",
    "jensen_shannon_bounds",
    "kl_divergence",
    "kl_divergence_gradient",
    "maximum_mean_discrepancy",
    "mixture_transport_plan",
    "mixture_wasserstein_distance",
    "mutual_information",
    "pairwise",
    "plot_calibration",
    "plot_decision_regions",
    "plot_explanation",
    "plot_gaussian",
    "plot_gaussians",
    "plot_pairwise",
    "plot_transport",
    "renyi_divergence",
    "renyi_divergence_gradient",
    "sinkhorn_divergence",
    "squared_wasserstein_distance",
    "squared_wasserstein_distance_gradient",
    "total_variation_distance",
    "transport_map",
    "wasserstein_barycenter",
    "wasserstein_distance",
    "wasserstein_geodesic",
]


# Loaded when asked for: scikit-learn and matplotlib take longer to import than all of the rest.
_LAZY = {name: "gaussmetrics.plotting" for name in __all__ if name.startswith("plot_")}
_LAZY["AnalyticLogisticRegression"] = "gaussmetrics.linear_model"


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
