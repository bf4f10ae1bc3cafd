"""Theorems about what moves laws: maps, geodesics, barycentres, plans between mixtures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import gaussmetrics as gm

from .cases import Case
from .findings import Finding
from .values import EPS, Values, another_form, condition, differ, rounded_again, versus
from .watching import Broken, Refused, finding, watch


def _size(values: Values) -> float:
    return max(float(np.max(np.abs(x.cov), initial=0.0)) for x in (values.p, values.q))


def _try(name: str, call: Callable[[], Any]) -> tuple[Any, list[Finding]]:
    try:
        return watch(call), []
    except Broken as broken:
        return None, [finding(name, broken)]
    except Refused:
        return None, []


def maps(case: Case, values: Values) -> Iterator[Finding]:
    p, q = values.p, values.q
    transport, broken = _try("transport_map", lambda: gm.transport_map(p, q))
    yield from broken
    if transport is None:
        return
    t = transport.matrix
    if not np.isfinite(t).all():
        yield Finding("no NaN", "transport_map", f"{t}")
        return
    if not case.regular or condition(case) > 1e9 or case.relation == "far":
        return
    pushed = t @ p.cov @ np.swapaxes(t, -1, -2)
    if differ(pushed, q.cov, 0.0, 1e4 * EPS * condition(case) * _size(values)):
        yield Finding("T Σp T = Σq", "transport_map", versus(pushed, q.cov))
    if differ(transport(p.mean), q.mean, 1e-12, 1e-12 * np.sqrt(_size(values))):
        yield Finding("means to means", "transport_map", versus(transport(p.mean), q.mean))


def geodesics(case: Case, values: Values) -> Iterator[Finding]:
    p, q = values.p, values.q
    if "wasserstein_distance" not in values:
        return
    w = values["wasserstein_distance"]
    yield from _information_path(case, values)
    for t in (0.0, 0.3, 1.0):
        middle, broken = _try("wasserstein_geodesic", lambda t=t: gm.wasserstein_geodesic(p, q, t))
        yield from broken
        if middle is None:
            continue
        for start, part in ((p, t), (q, 1 - t)):
            way, broken = _try(
                "wasserstein_distance", lambda x=start, m=middle: gm.wasserstein_distance(x, m)
            )
            yield from broken
            unit = 1e3 * EPS * np.sqrt(condition(case) * _size(values))
            if way is not None and differ(way, part * w, 1e-9, unit + 1e-9 * np.max(w, initial=0)):
                yield Finding(
                    "t W2 along the geodesic", f"wasserstein_geodesic t={t}", versus(way, part * w)
                )


def _information_path(case: Case, values: Values) -> Iterator[Finding]:
    p, q, name = values.p, values.q, "fisher_rao_geodesic"
    if not case.regular or "fisher_rao_distance" not in values or condition(case) > 1e9:
        return
    w = values["fisher_rao_distance"]
    middle, broken = _try(name, lambda: gm.fisher_rao_geodesic(p, q, 0.3))
    yield from broken
    if middle is None or not np.isfinite(w).all() or np.max(w) > 20:
        return
    for start, part in ((p, 0.3), (q, 0.7)):
        way, broken = _try(name, lambda x=start: gm.fisher_rao_distance(x, middle))
        yield from broken
        if way is not None and differ(way, part * w, 1e-6, 1e4 * EPS * condition(case)):
            yield Finding("t of the distance along the geodesic", name, versus(way, part * w))


def barycentres(case: Case, values: Values) -> Iterator[Finding]:
    p, q = values.p, values.q
    if p.batch_shape or case.relation == "far" or "wasserstein_distance" not in values:
        return
    pair = gm.Gaussian.stack([p, q])
    centre, broken = _try("wasserstein_barycenter", lambda: gm.wasserstein_barycenter(pair))
    yield from broken
    if centre is None:
        return
    w = values["wasserstein_distance"]
    for start in (p, q):
        way, broken = _try(
            "wasserstein_distance", lambda x=start: gm.wasserstein_distance(x, centre)
        )
        yield from broken
        unit = np.sqrt(_size(values)) * (1e-7 + 1e3 * EPS * np.sqrt(condition(case)))
        if way is not None and differ(way, w / 2, 1e-6, unit):
            yield Finding(
                "half way to the barycentre", "wasserstein_barycenter", versus(way, w / 2)
            )


def centroids(case: Case, values: Values) -> Iterator[Finding]:
    """The Jeffreys centroid of two laws is no farther from them than either, nor half way."""
    p, q, name = values.p, values.q, "jeffreys_barycenter"
    if p.batch_shape or case.relation == "far" or not case.regular or condition(case) > 1e9:
        return
    pair = gm.Gaussian.stack([p, q])
    centre, broken = _try(name, lambda: gm.jeffreys_barycenter(pair))
    yield from broken
    if centre is None:
        return
    other, broken = _try(name, lambda: gm.fisher_rao_geodesic(p, q, 0.5))
    yield from broken
    totals = [gm.jeffreys_divergence(pair, x).sum() for x in (centre, p, q, other) if x is not None]
    slack = 1e-9 * totals[1] + (1e3 * EPS * condition(case)) ** 2 + 1e-13
    if not (totals[0] <= np.array(totals[1:]) + slack).all():
        yield Finding("the centroid is the nearest", name, f"{totals}")


def mixtures(case: Case, values: Values) -> Iterator[Finding]:
    p, q = values.p, values.q
    if p.batch_shape or "wasserstein_distance" not in values:
        return
    w = values["wasserstein_distance"]
    one, two = (gm.Gaussian.stack(x) for x in ([p, q], [q, p]))
    # A batch of two structures holds their matrices.
    alike = case.structures[0] == case.structures[1]
    rtol, atol = (1e-12, 0.0) if alike else rounded_again(case, values, "wasserstein_distance")
    name = "mixture_wasserstein_distance"
    same, broken = _try(name, lambda: gm.mixture_wasserstein_distance(one, two))
    yield from broken
    if same is not None and same != 0:
        yield Finding("zero between reordered mixtures", name, f"{same}")
    single, broken = _try(name, lambda: gm.mixture_wasserstein_distance(one[:1], one[1:]))
    yield from broken
    if single is not None and differ(single, w, rtol, atol):
        yield Finding("single components", name, versus(single, w))
    weights = case.rng().random(2) + 0.1
    weights /= weights.sum()
    half, broken = _try(
        name, lambda: gm.mixture_wasserstein_distance(one, one[:1], weights_p=weights)
    )
    yield from broken
    yield from _half_way(case, values, one, two, weights)
    if half is not None and differ(half, np.sqrt(weights[1]) * w, max(rtol, 1e-9), atol):
        yield Finding("to one component", name, versus(half, np.sqrt(weights[1]) * w))


def _half_way(
    case: Case, values: Values, one: gm.Gaussian, two: gm.Gaussian, weights: Any
) -> Iterator[Finding]:
    """The barycentre of two mixtures is as far from one as from the other."""
    name = "mixture_wasserstein_barycenter"
    ends = [gm.Mixture(weights, one), gm.Mixture(None, two)]
    middle, broken = _try(name, lambda: gm.mixture_wasserstein_barycenter(ends))
    yield from broken
    if middle is None or case.relation == "far":
        return
    whole, broken = _try(name, lambda: gm.mixture_wasserstein_distance(*ends))
    yield from broken
    for end in ends:
        way, broken = _try(name, lambda end=end: gm.mixture_wasserstein_distance(end, middle))
        yield from broken
        unit = np.sqrt(_size(values)) * (1e-7 + 1e3 * EPS * np.sqrt(condition(case)))
        if way is not None and whole is not None and differ(way, whole / 2, 1e-6, unit):
            yield Finding("half way between mixtures", name, versus(way, whole / 2))


def plans(case: Case, values: Values) -> Iterator[Finding]:
    """The marginals of the entropic plan are p and q, and its cost is the least."""
    p, q, d = values.p, values.q, values.p.dim
    name = "entropic_transport_plan"
    unit = _size(values)
    if not (case.regular and 0 < unit < 1e140) or condition(case) > 1e9 or case.relation == "far":
        return
    epsilon = 0.3 * unit
    plan, broken = _try(name, lambda: gm.entropic_transport_plan(p, q, epsilon=epsilon))
    yield from broken
    if plan is None:
        return
    for law, part in ((p, slice(d)), (q, slice(d, 2 * d))):
        marginal = plan.marginal(part).cov
        if differ(marginal, law.cov, 0.0, 1e3 * another_form(case) * unit):
            yield Finding("marginals of the plan", name, versus(marginal, law.cov))
    cost, broken = _try(name, lambda: gm.entropic_transport_cost(p, q, epsilon=epsilon))
    yield from broken
    if cost is None:
        return
    moved = plan.transform(np.concatenate([np.eye(d), -np.eye(d)], axis=1), allow_singular=True)
    spread = moved.covariance.trace() + (moved.mean**2).sum(-1)
    shared = gm.mutual_information(plan, slice(d), slice(d, 2 * d))
    if differ(spread + epsilon * shared, cost, 1e-9):
        yield Finding("the cost of the plan", name, versus(spread + epsilon * shared, cost))


def stretches(case: Case, values: Values) -> Iterator[Finding]:
    """The map of Gromov and Wasserstein carries p to q, and costs their distance."""
    p, q = values.p, values.q
    name = "gromov_wasserstein_map"
    move, broken = _try(name, lambda: gm.gromov_wasserstein_map(p, q))
    yield from broken
    if move is None or not case.regular or case.relation == "far":
        return
    half, unit = move.matrix @ p.cov, _size(values)
    pushed = half @ np.swapaxes(move.matrix, -1, -2)
    if differ(pushed, q.cov, 0.0, 1e4 * EPS * condition(case) * unit):
        yield Finding("T Σp Tᵀ = Σq", name, versus(pushed, q.cov))


CHECKS = (maps, geodesics, barycentres, centroids, mixtures, plans, stretches)
