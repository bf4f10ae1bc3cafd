"""Theorems about changed pairs: units, order, batches, dense twins, products, marginals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import gaussmetrics as gm

from .cases import Case
from .findings import Finding
from .metrics import ALL, METRICS
from .values import (
    EPS,
    Values,
    condition,
    differ,
    rounded_again,
    same_numbers,
    unit_of,
    versus,
)
from .watching import Broken, Refused, finding, watch


def _built(law: str, build: Any) -> Any:
    try:
        return watch(build), None
    except Refused as refused:
        return None, Finding(law, "Gaussian", f"refused: {refused}")
    except Broken as broken:
        return None, finding("Gaussian", broken)


def scale(case: Case, values: Values) -> Iterator[Finding]:
    """A power of two as the unit rounds nothing: degree by degree, every digit stays."""
    other = case.plain() if case.exponent else None
    if other is None:
        return
    metrics = [m for m in ALL if m.degree is not None]
    plain = Values(other.p, other.q, metrics)
    for metric in metrics:
        if metric.name in values and metric.name in plain:
            with np.errstate(over="ignore", under="ignore"):
                expected = plain[metric.name] * 2.0 ** (metric.degree * case.exponent)
            # LAPACK brings matrices of extreme size within range by factors that do round.
            rounding = unit_of(values, metric.name)
            if differ(values[metric.name], expected, 100 * same_numbers(case), rounding):
                yield Finding("scale", metric.name, versus(values[metric.name], expected))
        elif (metric.name in values.refused) != (metric.name in plain.refused):
            yield Finding("scale", metric.name, "refused in one unit only")


def order_of_coordinates(case: Case, values: Values) -> Iterator[Finding]:
    turned = case.rng().permutation(values.p.dim).tolist()
    laws = []
    for law in (values.p, values.q):
        marginal, broken = _built("order of coordinates", lambda x=law: x.marginal(turned))
        if broken:
            yield broken
            return
        laws.append(marginal)
    yield from _compared(case, values, Values(*laws), "order of coordinates")


def _compared(case: Case, values: Values, others: Values, law: str) -> Iterator[Finding]:
    yield from others.broken
    for name in values.both(others):
        if name == "chernoff_alpha" or (not case.regular and case.relation == "tilted supports"):
            continue
        rtol, atol = rounded_again(case, values, name)
        if rtol < 0.1 and differ(
            values[name], others[name], rtol * (1 if case.regular else 1e3), atol
        ):
            yield Finding(law, name, versus(values[name], others[name]))


def dense_twin(case: Case, values: Values) -> Iterator[Finding]:
    """A structure and its matrix are one law, to what rounding the matrix leaves."""
    if not case.regular or condition(case) > 1e9:
        return
    twins = []
    for law in (values.p, values.q):
        twin, broken = _built("dense twin", lambda x=law: gm.Gaussian(x.mean, x.cov))
        if broken:
            yield broken
            return
        twins.append(twin)
    for pair in ((twins[0], values.q), (values.p, twins[1]), tuple(twins)):
        yield from _compared(case, values, Values(*pair), "dense twin")


def batch_equals_singles(case: Case, values: Values) -> Iterator[Finding]:
    p, q = values.p, values.q
    if not p.batch_shape:
        stacked, broken = _built("a batch equals its members", lambda: gm.Gaussian.stack([p, q]))
        if broken:
            yield broken
            return
        table = Values(stacked[:, None], stacked)
        yield from table.broken
        for name in values.both(table):
            # A batch of two structures holds their matrices.
            kept = case.structures[0] == case.structures[1]
            rtol, atol = (same_numbers(case), 0.0) if kept else rounded_again(case, values, name)
            if rtol < 0.1 and differ(values[name], table[name][0, 1], rtol, atol):
                text = versus(values[name], table[name][0, 1])
                yield Finding("a batch equals its members", name, text)
        return
    for i in range(p.batch_shape[0]):
        single = Values(p[i], q[i])
        yield from single.broken
        for name in values.both(single):
            if differ(values[name][i], single[name], same_numbers(case)):
                yield Finding(
                    "a batch equals its members", name, versus(values[name][i], single[name])
                )


def pairwise_equals_broadcast(case: Case, values: Values) -> Iterator[Finding]:
    p, q = values.p, values.q
    if not p.batch_shape:
        return
    for metric in METRICS:
        if metric.name not in values or metric.name in ("fisher_rao_distance",):
            continue
        try:
            table = watch(lambda m=metric: gm.pairwise(m.function, p, q))
        except Broken as broken:
            yield finding(f"pairwise {metric.name}", broken)
            continue
        except Refused:
            continue
        if differ(np.diagonal(table), values[metric.name], same_numbers(case)):
            yield Finding("pairwise", metric.name, versus(np.diagonal(table), values[metric.name]))


GROWING = (  # without such a theorem
    "cauchy", "gromov", "geometric", "explain", "chernoff_alpha", "energy", "maximum_mean",
    "sinkhorn",
)  # fmt: skip


def fewer_coordinates(case: Case, values: Values) -> Iterator[Finding]:
    """No distance grows when coordinates are dropped (data processing; projection)."""
    rng, d = case.rng(), values.p.dim
    if d < 2 or case.relation == "tilted supports":
        return
    kept = np.sort(rng.permutation(d)[: rng.integers(1, d)]).tolist()
    laws = []
    for law in (values.p, values.q):
        marginal, broken = _built("marginal", lambda x=law: x.marginal(kept))
        if broken:
            yield broken
            return
        laws.append(marginal)
    fewer = Values(*laws, [m for m in METRICS if m.name in values])
    yield from fewer.broken
    for name in values.both(fewer):
        if name.startswith(GROWING):
            continue
        rtol, atol = rounded_again(case, values, name)
        larger = fewer[name] > values[name] * (1 + rtol) + atol
        if rtol < 0.1 and np.any(larger):
            yield Finding(
                "no larger in fewer coordinates", name, f"{fewer[name]} above {values[name]}"
            )


def units(case: Case, values: Values) -> Iterator[Finding]:
    """Affine invariants do not see the unit of one coordinate; powers of two round nothing."""
    if case.structures != ("matrix", "matrix") or case.exponent:
        return
    unit = np.ldexp(1.0, case.rng().integers(-150, 150, values.p.dim))
    laws = []
    for law in (values.p, values.q):
        made, broken = _built(
            "units", lambda x=law: gm.Gaussian(x.mean * unit, x.cov * unit * unit[:, None])
        )
        if broken:
            yield broken
            return
        laws.append(made)
    turned = Values(*laws, [m for m in ALL if m.degree == 0 and not m.name.startswith("explain")])
    yield from turned.broken
    for name in values.both(turned):
        if name != "chernoff_alpha" and differ(
            values[name], turned[name], 100 * same_numbers(case)
        ):
            yield Finding("units", name, versus(values[name], turned[name]))


def product_laws(case: Case, values: Values) -> Iterator[Finding]:
    """Of independent parts the divergences add up: a block diagonal of the pair with itself."""
    additive = ("kl_divergence", "jeffreys_divergence", "bhattacharyya_distance",
                "renyi_divergence alpha=0.5", "cauchy_schwarz_divergence",
                "geometric_jensen_shannon_divergence", "squared_wasserstein_distance")  # fmt: skip
    if values.p.batch_shape or not case.regular or case.structures != ("matrix", "matrix"):
        return
    zero = np.zeros_like(values.p.cov)
    laws = [
        gm.Gaussian(np.tile(x.mean, 2), np.block([[x.cov, zero], [zero, x.cov]]))
        for x in (values.p, values.q)
    ]
    doubled = Values(*laws, [m for m in METRICS if m.name in additive])
    for name in values.both(doubled):
        if differ(2 * values[name], doubled[name], max(same_numbers(case), 300 * EPS)):
            yield Finding("products add up", name, versus(2 * values[name], doubled[name]))


CHECKS = (
    scale, order_of_coordinates, dense_twin, batch_equals_singles, pairwise_equals_broadcast,
    fewer_coordinates, units, product_laws,
)  # fmt: skip
