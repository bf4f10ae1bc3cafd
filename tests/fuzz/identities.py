"""Theorems about one pair: symmetry, identity, bounds, one verdict."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import gaussmetrics as gm

from .cases import Case
from .findings import Finding
from .metrics import ALL, METRICS
from .values import Values, differ, same_numbers, unit_of, versus
from .watching import Broken, Refused, finding, watch


def symmetry(case: Case, values: Values) -> Iterator[Finding]:
    metrics = [m for m in ALL if m.symmetric and m.name in values]
    mirrored = Values(values.q, values.p, metrics)
    yield from mirrored.broken
    for name in values.both(mirrored):
        if differ(values[name], mirrored[name], same_numbers(case), unit_of(values, name)):
            yield Finding("symmetry", name, versus(values[name], mirrored[name]))


def identity(case: Case, values: Values) -> Iterator[Finding]:
    """Zero between a law and itself, and between it and its copy."""
    metrics = [m for m in METRICS if m.zero]
    for other in (values.p, case.first.scaled(case.exponent).law()):
        own = Values(values.p, other, metrics)
        yield from own.broken
        for name, value in own.items():
            if np.any(value != 0):
                yield Finding("zero at p = q", name, f"{value}")


IDENTITIES = [  # name, what it is of others
    ("jeffreys_divergence", lambda v, w: v["kl_divergence"] + w["kl_divergence"]),
    ("renyi_divergence alpha=0.5", lambda v, _: 2 * v["bhattacharyya_distance"]),
    ("bhattacharyya_coefficient", lambda v, _: np.exp(-v["bhattacharyya_distance"])),
    ("hellinger_distance", lambda v, _: np.sqrt(-np.expm1(-v["bhattacharyya_distance"]))),
    ("squared_wasserstein_distance", lambda v, _: v["wasserstein_distance"] ** 2),
    ("gelbrich_bound", lambda v, _: v["wasserstein_distance"]),
    ("explain kl_divergence", lambda v, _: v["kl_divergence"]),
    ("explain bhattacharyya_distance", lambda v, _: v["bhattacharyya_distance"]),
    ("explain squared_wasserstein_distance", lambda v, _: v["squared_wasserstein_distance"]),
]


def identities(case: Case, values: Values) -> Iterator[Finding]:
    mirrored = Values(values.q, values.p, [m for m in METRICS if m.name == "kl_divergence"])
    for name, formula in IDENTITIES:
        with np.errstate(all="ignore"):
            try:
                expected = formula(values, mirrored)
            except KeyError:
                continue
        if name in values and differ(values[name], expected, 10 * same_numbers(case)):
            yield Finding("an identity", name, versus(values[name], expected))
    yield from _bayes(values)


def _bayes(values: Values) -> Iterator[Finding]:
    if {"bayes_error", "total_variation_distance"} <= set(values):
        error, tv = values["bayes_error"], values["total_variation_distance"]
        if differ(error, (1 - tv) / 2, 1e-9, 1e-9):
            yield Finding("an identity", "bayes_error", f"{error} at total variation {tv}")


BOUNDS = [  # smaller, larger
    ("lower bound", "upper bound", lambda v: v),
    ("lower bound", "jensen_shannon_divergence", lambda v: v),
    ("jensen_shannon_divergence", "upper bound", lambda v: v),
    ("jensen_shannon_divergence", "total_variation_distance", lambda v: np.log(2) * v + 1e-8),
    ("bhattacharyya_distance", "chernoff_information", lambda v: v),
    ("chernoff_information", "kl_divergence", lambda v: v),
    ("renyi_divergence alpha=0.5", "kl_divergence", lambda v: v),
    ("renyi_divergence alpha=0.5", "renyi_divergence alpha=0.9999999", lambda v: v),
    ("renyi_divergence alpha=1e-7", "renyi_divergence alpha=0.5", lambda v: v),
    ("renyi_divergence alpha=0.9999999", "kl_divergence", lambda v: v),
    ("kl_divergence", "renyi_divergence alpha=1.5", lambda v: v),
    ("kl_divergence", "chi_squared_divergence", lambda v: v),
    ("squared_wasserstein_distance", "entropic_transport_cost epsilon=0.3", lambda v: v),
    ("sinkhorn_divergence epsilon=0.3", "entropic_transport_cost epsilon=0.3", lambda v: v),
    ("total_variation_distance", "kl_divergence", lambda v: np.sqrt(v / 2)),
    ("total_variation_distance", "hellinger_distance", lambda h: h * np.sqrt(2 - h * h)),
    ("geometric_jensen_shannon_divergence", "jeffreys_divergence", lambda v: v / 4),
]  # Pinsker; Le Cam; van Erven & Harremoës 2014 for the order of Rényi divergences


def bounds(case: Case, values: Values) -> Iterator[Finding]:
    slack = 10 * same_numbers(case)
    for smaller, larger, of in BOUNDS:
        if smaller not in values or larger not in values:
            continue
        low, high = values[smaller], of(values[larger])
        with np.errstate(over="ignore", invalid="ignore"):
            bad = low > high * (1 + slack) + 1e-300
        if np.any(bad) and differ(low, high, slack, 1e-15 if "bayes" in smaller else 0.0):
            yield Finding(f"below {larger}", smaller, versus(low, high))
    for name, most in (("upper bound", np.log(2)), ("hellinger_distance", 1),
                       ("total_variation_distance", 1), ("bayes_error", 0.5),
                       ("chernoff_alpha", 1)):  # fmt: skip
        if name in values and np.any(values[name] > most * (1 + 1e-15)):
            yield Finding(f"at most {most:.3g}", name, f"{values[name]}")


def one_verdict(case: Case, values: Values) -> Iterator[Finding]:
    """All that diverges off a common support diverges for the same pairs."""
    if case.relation == "far":
        return  # some overflow before others
    divergent = [m.name for m in METRICS if m.divergent and m.name in values]
    if not divergent:
        return
    finite = {name: np.isfinite(values[name]) for name in divergent}
    if any(np.isfinite(values[n]).any() and np.max(values[n]) > 1e100 for n in divergent):
        return
    votes = np.stack(list(finite.values()))
    if case.regular and not votes.all():
        names = [name for name in divergent if not finite[name].all()]
        yield Finding("finite between regular laws", names[0], f"infinite: {', '.join(names)}")
    elif np.any(votes != votes[0]):
        odd = [name for name in divergent if np.any(finite[name] != finite["kl_divergence"])] \
            if "kl_divergence" in finite else divergent  # fmt: skip
        text = ", ".join(
            f"{name} {values[name]}" for name in ["kl_divergence", *odd[:3]] if name in values
        )
        yield Finding("one verdict about the supports", odd[0], text)
    apart = ~votes[0]
    if np.all(votes == votes[0]) and np.any(apart):
        for name, limit in (("hellinger_distance", 1.0), ("total_variation_distance", 1.0),
                            ("bhattacharyya_coefficient", 0.0), ("bayes_error", 0.0)):  # fmt: skip
            if name in values and np.any(values[name][apart] != limit):
                yield Finding("saturated off a common support", name, f"{values[name]}")


def known_verdict(case: Case, values: Values) -> Iterator[Finding]:
    """What the relation says about the supports."""
    if "kl_divergence" not in values:
        return
    finite = np.isfinite(values["kl_divergence"])
    if case.relation == "shared support" and not finite.all():
        yield Finding("finite on a shared support", "kl_divergence", f"{values['kl_divergence']}")
    rank = [np.asarray(law.covariance.rank()) for law in (values.p, values.q)]
    if np.any(finite & (rank[0] != rank[1])):
        yield Finding("infinite between different ranks", "kl_divergence", f"{rank}")


def explanations(case: Case, values: Values) -> Iterator[Finding]:
    """The parts of a distance are not negative, and nothing is NaN."""
    del case
    for metric in (gm.kl_divergence, gm.bhattacharyya_distance, gm.squared_wasserstein_distance):
        name = f"explain {metric.__name__}"
        try:
            e = watch(lambda m=metric: gm.explain(m, values.p, values.q))
        except Broken as broken:
            yield finding(name, broken)
            continue
        except Refused:
            continue
        for part in ("means", "scales", "orientations"):
            value = getattr(e, part)
            if np.isnan(value).any() or (value < 0).any():
                yield Finding(f"no negative part: {part}", name, f"{value}")


CHECKS = (symmetry, identity, identities, bounds, one_verdict, known_verdict, explanations)
