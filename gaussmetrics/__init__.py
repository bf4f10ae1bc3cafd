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

from gaussmetrics.divergences import (
    JensenShannonBounds,
    MixtureBounds,
    MonteCarloEstimate,
    bayes_error,
    bhattacharyya_coefficient,
    bhattacharyya_distance,
    bhattacharyya_distance_gradient,
    cauchy_schwarz_divergence,
    chernoff_alpha,
    chernoff_information,
    chi_squared_divergence,
    cross_entropy,
    entropy,
    fisher_rao_barycenter,
    fisher_rao_distance,
    fisher_rao_geodesic,
    geometric_jensen_shannon_divergence,
    hellinger_distance,
    hellinger_distance_gradient,
    jeffreys_barycenter,
    jeffreys_divergence,
    jeffreys_divergence_gradient,
    jensen_shannon_bounds,
    jensen_shannon_divergence,
    kl_divergence,
    kl_divergence_gradient,
    mahalanobis_distance,
    mixture_entropy_bounds,
    mixture_kl_bounds,
    mixture_kl_divergence,
    mutual_information,
    renyi_divergence,
    renyi_divergence_gradient,
    squared_mahalanobis_distance,
    total_variation_distance,
)
from gaussmetrics.explain import Explanation, explain
from gaussmetrics.inference import (
    EqualityTest,
    EquivalenceTest,
    Estimate,
    PairwiseEstimates,
    equality_test,
    equivalence_test,
    estimate,
    estimate_pairwise,
)
from gaussmetrics.laws import Conditional, Covariance, Gaussian, Mixture, Moments
from gaussmetrics.pairs.gradient import Gradient
from gaussmetrics.pairwise import pairwise
from gaussmetrics.softmax import (
    InformationBound,
    LogitGradient,
    RowGradients,
    contrastive_row_gradients,
    flat_nce_loss,
    flat_nce_loss_gradient,
    info_nce_loss,
    info_nce_loss_gradient,
    mutual_information_bound,
    softmax_bhattacharyya_distance,
    softmax_bhattacharyya_distance_gradient,
    softmax_cross_entropy,
    softmax_cross_entropy_gradient,
    softmax_entropy,
    softmax_entropy_gradient,
    softmax_hellinger_distance,
    softmax_hellinger_distance_gradient,
    softmax_jeffreys_divergence,
    softmax_jeffreys_divergence_gradient,
    softmax_jensen_shannon_divergence,
    softmax_jensen_shannon_divergence_gradient,
    softmax_kl_divergence,
    softmax_kl_divergence_gradient,
    softmax_renyi_divergence,
    softmax_renyi_divergence_gradient,
    softmax_total_variation_distance,
    softmax_total_variation_distance_gradient,
)
from gaussmetrics.transport import (
    GromovWassersteinMap,
    MixtureTransportMap,
    TransportMap,
    energy_distance,
    entropic_transport_cost,
    entropic_transport_plan,
    gelbrich_bound,
    gromov_wasserstein_distance,
    gromov_wasserstein_map,
    maximum_mean_discrepancy,
    mixture_transport_map,
    mixture_transport_plan,
    mixture_wasserstein_barycenter,
    mixture_wasserstein_distance,
    sinkhorn_divergence,
    squared_wasserstein_distance,
    squared_wasserstein_distance_gradient,
    transport_map,
    wasserstein_barycenter,
    wasserstein_distance,
    wasserstein_geodesic,
)

if TYPE_CHECKING:
    from gaussmetrics.plotting import (
        plot_calibration,
        plot_decision_regions,
        plot_explanation,
        plot_gaussian,
        plot_gaussians,
        plot_pairwise,
        plot_transport,
    )
    from gaussmetrics.softmax.classifier import AnalyticLogisticRegression

__version__ = "0.2.0"

__all__ = [
    "AnalyticLogisticRegression",
    "Conditional",
    "Covariance",
    "EqualityTest",
    "EquivalenceTest",
    "Estimate",
    "Explanation",
    "Gaussian",
    "Gradient",
    "GromovWassersteinMap",
    "InformationBound",
    "JensenShannonBounds",
    "LogitGradient",
    "Mixture",
    "MixtureBounds",
    "MixtureTransportMap",
    "Moments",
    "MonteCarloEstimate",
    "PairwiseEstimates",
    "RowGradients",
    "TransportMap",
    "bayes_error",
    "bhattacharyya_coefficient",
    "bhattacharyya_distance",
    "bhattacharyya_distance_gradient",
    "cauchy_schwarz_divergence",
    "chernoff_alpha",
    "chernoff_information",
    "chi_squared_divergence",
    "contrastive_row_gradients",
    "cross_entropy",
    "energy_distance",
    "entropic_transport_cost",
    "entropic_transport_plan",
    "entropy",
    "equality_test",
    "equivalence_test",
    "estimate",
    "estimate_pairwise",
    "explain",
    "fisher_rao_barycenter",
    "fisher_rao_distance",
    "fisher_rao_geodesic",
    "flat_nce_loss",
    "flat_nce_loss_gradient",
    "gelbrich_bound",
    "geometric_jensen_shannon_divergence",
    "gromov_wasserstein_distance",
    "gromov_wasserstein_map",
    "hellinger_distance",
    "hellinger_distance_gradient",
    "info_nce_loss",
    "info_nce_loss_gradient",
    "jeffreys_barycenter",
    "jeffreys_divergence",
    "jeffreys_divergence_gradient",
    "jensen_shannon_bounds",
    "jensen_shannon_divergence",
    "kl_divergence",
    "kl_divergence_gradient",
    "mahalanobis_distance",
    "maximum_mean_discrepancy",
    "mixture_entropy_bounds",
    "mixture_kl_bounds",
    "mixture_kl_divergence",
    "mixture_transport_map",
    "mixture_transport_plan",
    "mixture_wasserstein_barycenter",
    "mixture_wasserstein_distance",
    "mutual_information",
    "mutual_information_bound",
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
    "softmax_bhattacharyya_distance",
    "softmax_bhattacharyya_distance_gradient",
    "softmax_cross_entropy",
    "softmax_cross_entropy_gradient",
    "softmax_entropy",
    "softmax_entropy_gradient",
    "softmax_hellinger_distance",
    "softmax_hellinger_distance_gradient",
    "softmax_jeffreys_divergence",
    "softmax_jeffreys_divergence_gradient",
    "softmax_jensen_shannon_divergence",
    "softmax_jensen_shannon_divergence_gradient",
    "softmax_kl_divergence",
    "softmax_kl_divergence_gradient",
    "softmax_renyi_divergence",
    "softmax_renyi_divergence_gradient",
    "softmax_total_variation_distance",
    "softmax_total_variation_distance_gradient",
    "squared_mahalanobis_distance",
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
_LAZY["AnalyticLogisticRegression"] = "gaussmetrics.softmax.classifier"


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    text = f"module {__name__!r} has no attribute {name!r}"
    # Python and its tools ask for names with underscores all the time.
    if name.startswith("_"):
        raise AttributeError(text)
    other_names = import_module("gaussmetrics.other_names")
    raise AttributeError(f"{text}.{other_names.suggestion(name, __all__)}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
