"""Distances unchanged by rigid motions: Wasserstein and kin, their maps, paths and means."""

from gaussmetrics.transport.barycenter import wasserstein_barycenter
from gaussmetrics.transport.entropic import (
    entropic_transport_cost,
    entropic_transport_plan,
    sinkhorn_divergence,
)
from gaussmetrics.transport.gradients import squared_wasserstein_distance_gradient
from gaussmetrics.transport.gromov import gromov_wasserstein_distance, gromov_wasserstein_map
from gaussmetrics.transport.kernels import energy_distance, maximum_mean_discrepancy
from gaussmetrics.transport.maps import (
    GromovWassersteinMap,
    TransportMap,
    transport_map,
    wasserstein_geodesic,
)
from gaussmetrics.transport.mixture_barycenter import mixture_wasserstein_barycenter
from gaussmetrics.transport.mixture_maps import MixtureTransportMap, mixture_transport_map
from gaussmetrics.transport.mixtures import mixture_transport_plan, mixture_wasserstein_distance
from gaussmetrics.transport.wasserstein import (
    gelbrich_bound,
    squared_wasserstein_distance,
    wasserstein_distance,
)

__all__ = [
    "GromovWassersteinMap",
    "MixtureTransportMap",
    "TransportMap",
    "energy_distance",
    "entropic_transport_cost",
    "entropic_transport_plan",
    "gelbrich_bound",
    "gromov_wasserstein_distance",
    "gromov_wasserstein_map",
    "maximum_mean_discrepancy",
    "mixture_transport_map",
    "mixture_transport_plan",
    "mixture_wasserstein_barycenter",
    "mixture_wasserstein_distance",
    "sinkhorn_divergence",
    "squared_wasserstein_distance",
    "squared_wasserstein_distance_gradient",
    "transport_map",
    "wasserstein_barycenter",
    "wasserstein_distance",
    "wasserstein_geodesic",
]
