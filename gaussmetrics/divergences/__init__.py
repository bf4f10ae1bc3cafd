"""Divergences and distances unchanged by x ↦ Ax + b: information, overlap, Chernoff, Fisher–Rao."""

from gaussmetrics.divergences.barycenters import fisher_rao_barycenter, jeffreys_barycenter
from gaussmetrics.divergences.chernoff import (
    chernoff_alpha,
    chernoff_information,
    chi_squared_divergence,
    renyi_divergence,
)
from gaussmetrics.divergences.fisher_rao import fisher_rao_distance
from gaussmetrics.divergences.geodesics import fisher_rao_geodesic
from gaussmetrics.divergences.gradients import (
    bhattacharyya_distance_gradient,
    hellinger_distance_gradient,
    jeffreys_divergence_gradient,
    kl_divergence_gradient,
    renyi_divergence_gradient,
)
from gaussmetrics.divergences.information import (
    cross_entropy,
    entropy,
    jeffreys_divergence,
    kl_divergence,
    mutual_information,
)
from gaussmetrics.divergences.jensen_shannon import (
    JensenShannonBounds,
    geometric_jensen_shannon_divergence,
    jensen_shannon_bounds,
    jensen_shannon_divergence,
)
from gaussmetrics.divergences.mahalanobis import (
    mahalanobis_distance,
    squared_mahalanobis_distance,
)
from gaussmetrics.divergences.mixtures import (
    MixtureBounds,
    MonteCarloEstimate,
    mixture_entropy_bounds,
    mixture_kl_bounds,
    mixture_kl_divergence,
)
from gaussmetrics.divergences.overlap import (
    bhattacharyya_coefficient,
    bhattacharyya_distance,
    cauchy_schwarz_divergence,
    hellinger_distance,
)
from gaussmetrics.divergences.total_variation import bayes_error, total_variation_distance

__all__ = [
    "JensenShannonBounds",
    "MixtureBounds",
    "MonteCarloEstimate",
    "bayes_error",
    "bhattacharyya_coefficient",
    "bhattacharyya_distance",
    "bhattacharyya_distance_gradient",
    "cauchy_schwarz_divergence",
    "chernoff_alpha",
    "chernoff_information",
    "chi_squared_divergence",
    "cross_entropy",
    "entropy",
    "fisher_rao_barycenter",
    "fisher_rao_distance",
    "fisher_rao_geodesic",
    "geometric_jensen_shannon_divergence",
    "hellinger_distance",
    "hellinger_distance_gradient",
    "jeffreys_barycenter",
    "jeffreys_divergence",
    "jeffreys_divergence_gradient",
    "jensen_shannon_bounds",
    "jensen_shannon_divergence",
    "kl_divergence",
    "kl_divergence_gradient",
    "mahalanobis_distance",
    "mixture_entropy_bounds",
    "mixture_kl_bounds",
    "mixture_kl_divergence",
    "mutual_information",
    "renyi_divergence",
    "renyi_divergence_gradient",
    "squared_mahalanobis_distance",
    "total_variation_distance",
]
