"""The table of the rotation-invariant closed forms with their judges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

import gaussmetrics as gm
from gaussmetrics._array.types import Scalars
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.validation import couplings
from gaussmetrics.validation.quantities import Quantity, neighbours


def together(names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Take all classes at once as operands."""
    yield tuple(names)


def cost_of_the_map(p: Gaussian, q: Gaussian) -> Scalars:
    """Return E‖X − T(X)‖² of the optimal map T."""
    move = gm.transport_map(p, q)
    change = move.matrix - np.eye(p.dim)
    return np.sum((move(p.mean) - p.mean) ** 2) + np.sum((change @ p.cov) * change)


def gromov_wasserstein_distance(p: Gaussian, q: Gaussian) -> Scalars:
    """Return the distance between the marginals of the leading coordinates."""
    leading = couplings.LEADING
    return gm.gromov_wasserstein_distance(p.marginal(leading), q.marginal(leading))


def cost_of_the_stretch(p: Gaussian, q: Gaussian) -> Scalars:
    """Return √E(‖X − X′‖² − ‖Y − Y′‖²)² for Y = T X, T the map of Gromov and Wasserstein."""
    p, q = p.marginal(couplings.LEADING), q.marginal(couplings.LEADING)
    cross = gm.gromov_wasserstein_map(p, q).matrix @ p.cov
    squares = np.sum(p.cov**2) + np.sum(q.cov**2) - 2 * np.sum(cross**2)
    return np.sqrt(4 * np.trace(p.cov - q.cov) ** 2 + 8 * squares)


def cost_of_the_plan(p: Gaussian, q: Gaussian) -> Scalars:
    """Return E‖X − Y‖² + ε I(X; Y) under the entropic plan."""
    return entropic_cost(p, q, couplings.average_variance(p, q))


def entropic_cost(p: Gaussian, q: Gaussian, strength: float) -> Scalars:
    """Return the cost of the plan for one ε, by another."""
    plan, d = gm.entropic_transport_plan(p, q, epsilon=strength), p.dim
    spread = np.sum((p.mean - q.mean) ** 2) + np.trace(p.cov + q.cov - 2 * plan.cov[:d, d:])
    shared = gm.mutual_information(plan, slice(d), slice(d, 2 * d))
    return spread + couplings.average_variance(p, q) * shared


def squared_distance_on_the_way(p: Gaussian, q: Gaussian) -> Scalars:
    """Return W₂² from p to a law on the geodesic."""
    return gm.squared_wasserstein_distance(p, gm.wasserstein_geodesic(p, q, couplings.TIME))


def variance_around_the_barycenter(*laws: Gaussian) -> Scalars:
    """Return the mean of W₂² between the laws and their barycentre."""
    ps = _batch(laws)
    return np.asarray(gm.squared_wasserstein_distance(gm.wasserstein_barycenter(ps), ps)).mean()


def entropic_transport_cost(p: Gaussian, q: Gaussian) -> Scalars:
    """Return the entropic cost, blurred by as much as the laws vary."""
    return gm.entropic_transport_cost(p, q, epsilon=couplings.average_variance(p, q))


def sinkhorn_divergence(p: Gaussian, q: Gaussian) -> Scalars:
    """Return the Sinkhorn divergence, blurred by as much as the laws vary."""
    return gm.sinkhorn_divergence(p, q, epsilon=couplings.average_variance(p, q))


def maximum_mean_discrepancy(p: Gaussian, q: Gaussian) -> Scalars:
    """Return the discrepancy for a kernel as wide as the laws."""
    return gm.maximum_mean_discrepancy(p, q, bandwidth=couplings.length(p, q))


def mixture_wasserstein_distance(*laws: Gaussian) -> Scalars:
    """Return MW₂ of a mixture of the first laws and one of the last."""
    weights = couplings.mixture_weights(len(laws))
    ps, qs = _batch(laws[: len(weights)]), _batch(laws[-len(weights) :])
    return gm.mixture_wasserstein_distance(ps, qs, weights_p=weights, weights_q=weights[::-1])


def twice_half_way(*laws: Gaussian) -> Scalars:
    """Return twice MW₂ from the same mixture of the first laws to the barycentre of both."""
    weights = couplings.mixture_weights(len(laws))
    first = gm.Mixture(weights, _batch(laws[: len(weights)]))
    second = gm.Mixture(weights[::-1], _batch(laws[-len(weights) :]))
    middle = gm.mixture_wasserstein_barycenter([first, second])
    return 2 * gm.mixture_wasserstein_distance(first, middle)


def _batch(laws: tuple[Gaussian, ...]) -> Gaussian:
    return Gaussian([law.mean for law in laws], [law.cov for law in laws])


TRANSPORT = (
    Quantity("transport_map", cost_of_the_map, couplings.squared_distance, neighbours),
    Quantity(
        "wasserstein_geodesic",
        squared_distance_on_the_way,
        couplings.squared_distance_on_the_way,
        neighbours,
    ),
    Quantity(
        "wasserstein_barycenter",
        variance_around_the_barycenter,
        couplings.barycenter_variance,
        together,
    ),
    Quantity("gelbrich_bound", gm.gelbrich_bound, couplings.distance, neighbours),
    Quantity(
        "gromov_wasserstein_distance",
        gromov_wasserstein_distance,
        couplings.gromov_wasserstein_distance,
        neighbours,
    ),
    Quantity(
        "gromov_wasserstein_map",
        cost_of_the_stretch,
        couplings.gromov_wasserstein_distance,
        neighbours,
    ),
    Quantity(
        "entropic_transport_cost",
        entropic_transport_cost,
        couplings.entropic_transport_cost,
        neighbours,
    ),
    Quantity(
        "entropic_transport_plan", cost_of_the_plan, couplings.entropic_transport_cost, neighbours
    ),
    Quantity("sinkhorn_divergence", sinkhorn_divergence, couplings.sinkhorn_divergence, neighbours),
    Quantity(
        "maximum_mean_discrepancy",
        maximum_mean_discrepancy,
        couplings.maximum_mean_discrepancy,
        neighbours,
    ),
    Quantity("energy_distance", gm.energy_distance, couplings.energy_distance, neighbours),
    Quantity(
        "mixture_wasserstein_distance",
        mixture_wasserstein_distance,
        couplings.mixture_wasserstein_distance,
        together,
    ),
    Quantity(
        "mixture_wasserstein_barycenter",
        twice_half_way,
        couplings.mixture_wasserstein_distance,
        together,
    ),
)
