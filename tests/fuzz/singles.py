"""Theorems about one law: densities, entropies, conditionals, information, samples."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import gaussmetrics as gm

from .cases import Case
from .findings import Finding
from .maps import _try
from .values import Values, condition, differ, same_numbers, versus


def densities(case: Case, values: Values) -> Iterator[Finding]:
    """Own samples have a density; that of a pair is that of one, times the other given it."""
    for law in (values.p, values.q):
        x, broken = _try("sample", lambda p=law: p.sample((5, *p.batch_shape), case.number))
        yield from broken
        if x is None:
            continue
        if not np.isfinite(x).all():
            yield Finding("finite samples", "sample", f"{x}")
            continue
        value, broken = _try("logpdf", lambda p=law, x=x: p.logpdf(x))
        yield from broken
        if value is not None and not np.isfinite(value).all():
            yield Finding("own samples have a density", "logpdf", f"{value}")
        elif value is not None and law.dim > 1 and case.regular:
            yield from _chain(case, law, x, value)
        yield from _distances(law, x)


def _distances(law: gm.Gaussian, x: np.ndarray) -> Iterator[Finding]:
    """Own samples are at a finite distance, whose square is twice the loss of log-density."""
    name = "mahalanobis_distance"
    way, broken = _try(name, lambda: gm.mahalanobis_distance(x, law))
    yield from broken
    square, broken = _try(name, lambda: gm.squared_mahalanobis_distance(x, law))
    yield from broken
    if way is None or square is None:
        return
    if not (np.isfinite(way) & (way >= 0)).all() or differ(way * way, square, 1e-13):
        yield Finding("finite, and its square", name, versus(way, square))
    top = law.logpdf(law.mean)
    drop = 2.0 * (top - law.logpdf(x))
    if differ(drop, square, 1e-12, 1e-13 * (1 + np.abs(top).max())):
        yield Finding("half its square is lost by the log-density", name, versus(drop, square))


def _chain(case: Case, law: gm.Gaussian, x: np.ndarray, value: np.ndarray) -> Iterator[Finding]:
    k = int(case.rng().integers(1, law.dim))
    given = list(range(k))
    marginal, broken = _try("marginal", lambda: law.marginal(given))
    yield from broken
    regression, broken = _try("conditional", lambda: law.conditional(given))
    yield from broken
    if marginal is None or regression is None:
        return
    parts, broken = _try(
        "conditional",
        lambda: marginal.logpdf(x[..., :k]) + regression(x[..., :k]).logpdf(x[..., k:]),
    )
    yield from broken
    if parts is not None and differ(
        parts, value, 0.0, 1e3 * same_numbers(case) * (1 + np.abs(value).max())
    ):
        yield Finding("p(x, y) = p(x) p(y | x)", "conditional", versus(parts, value))


def information(case: Case, values: Values) -> Iterator[Finding]:
    """Not negative, one verdict in both orders, and H(x) + H(y) − H(x, y)."""
    for law in (values.p, values.q):
        if law.dim < 2:
            continue
        order = case.rng().permutation(law.dim).tolist()
        k = int(case.rng().integers(1, law.dim))
        x, y = order[:k], order[k:]
        there, broken = _try(
            "mutual_information", lambda p=law, x=x, y=y: gm.mutual_information(p, x, y)
        )
        yield from broken
        back, broken = _try(
            "mutual_information", lambda p=law, x=x, y=y: gm.mutual_information(p, y, x)
        )
        yield from broken
        if there is None or back is None:
            continue
        if np.isnan(there).any() or np.any(there < 0):
            yield Finding("no negative information", "mutual_information", f"{there}")
        if differ(there, back, 1e3 * same_numbers(case), 1e-13):
            yield Finding("symmetry", "mutual_information", versus(there, back))
        if case.regular and condition(case) < 1e9:
            h = [gm.entropy(law.marginal(i)) for i in (x, y)]
            expected = h[0] + h[1] - gm.entropy(law)
            slack = 1e3 * same_numbers(case) * (1 + np.abs(h).max() + np.abs(gm.entropy(law)).max())
            if differ(there, expected, 0.0, slack):
                yield Finding(
                    "H(x) + H(y) − H(x, y)", "mutual_information", versus(there, expected)
                )


def entropies(case: Case, values: Values) -> Iterator[Finding]:
    """Scaling adds the logarithm of the unit for each dimension of the support."""
    for law, plain in ((values.p, case.plain().p), (values.q, case.plain().q)):
        one, broken = _try("entropy", lambda p=law: gm.entropy(p))
        yield from broken
        other, broken = _try("entropy", lambda p=plain: gm.entropy(p))
        yield from broken
        if one is None or other is None:
            continue
        rank, other_rank = law.covariance.rank(), plain.covariance.rank()
        if np.any(rank != other_rank):
            yield Finding("scale", "rank", versus(rank, other_rank))
            continue
        expected = other + rank * case.exponent * np.log(2)
        if differ(one, expected, 1e-10, 1e-10):
            yield Finding("scale", "entropy", versus(one, expected))


def images(case: Case, values: Values) -> Iterator[Finding]:
    """Other units and another order change no divergence; a wide image is singular and as far."""
    p, q = values.p, values.q
    if "kl_divergence" not in values:
        return
    rng = case.rng()
    units = 2.0 ** rng.integers(-3, 4, p.dim) * rng.choice([-1.0, 1.0], p.dim)
    if case.relation == "tilted supports":
        units = np.sign(units)  # how far one support leaves the other depends on the units
    turned = (np.diag(units)[rng.permutation(p.dim)], 0.0)
    tall = (np.concatenate([np.eye(p.dim), np.ones((1, p.dim))]), 1e3)
    for a, loose in (turned, tall):
        moved, broken = _try("transform", lambda a=a: [law.transform(a) for law in (p, q)])
        yield from broken
        if moved is None or (loose and not (case.regular and condition(case) < 1e4)):
            continue
        value, broken = _try("kl_divergence", lambda m=moved: gm.kl_divergence(*m))
        yield from broken
        expected = values["kl_divergence"]
        if value is not None and differ(value, expected, (1 + loose) * same_numbers(case), 1e-13):
            yield Finding("unchanged by affine maps", "transform", versus(value, expected))


CHECKS = (densities, information, entropies, images)
