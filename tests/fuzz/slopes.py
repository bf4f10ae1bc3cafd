"""Theorems about gradients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .cases import Case
from .findings import Finding
from .metrics import ALL, GRADIENTS
from .values import Values, differ, same_numbers, versus
from .watching import Broken, Refused, finding, watch

PARTS = ("p_mean", "p_cov", "q_mean", "q_cov")
METRIC = {m.name: m for m in ALL}
SMALLEST = 5e-324
"""The unit of rounding of slopes that have all but vanished, beside laws of huge units no zero."""


def gradients(case: Case, values: Values) -> Iterator[Finding]:
    for name, (function, of) in GRADIENTS.items():
        try:
            g = watch(lambda f=function: f(values.p, values.q))
        except Broken as broken:
            yield finding(name, broken)
            continue
        except Refused as refused:
            own = name.split()[0]
            if not str(refused).startswith(own):
                yield Finding("a refusal names its function", name, str(refused))
            continue
        if not case.regular:
            yield Finding("no gradient off the regular laws", name, "none refused")
            continue
        bad = [part for part in PARTS if np.isnan(getattr(g, part)).any()]
        if bad:
            yield Finding("no NaN", name, ", ".join(bad))
            continue
        yield from _laws(case, values, name, of, g)


def _laws(case: Case, values: Values, name: str, of: str, g: Any) -> Iterator[Finding]:
    if differ(g.p_mean, -g.q_mean, 1e-13):
        yield Finding("unchanged by translations", name, versus(g.p_mean, g.q_mean))
    for part in ("p_cov", "q_cov"):
        slope, law = getattr(g, part), values.p if part == "p_cov" else values.q
        if slope.ndim == law.mean.ndim + 1 and not np.array_equal(
            slope, np.swapaxes(slope, -1, -2)
        ):
            yield Finding("symmetric", name, f"{part}: {slope}")
    yield from _euler(case, values, name, of, g)


def _euler(case: Case, values: Values, name: str, of: str, g: Any) -> Iterator[Finding]:
    """Euler: a function of degree k in the unit has ⟨∂μ, Δ⟩ + 2 tr(Gp Σp) + 2 tr(Gq Σq) = k f."""
    p, q, degree = values.p, values.q, METRIC[of].degree
    if of not in values or degree is None:
        return
    shift = p.mean - q.mean
    with np.errstate(all="ignore"):
        terms = [(g.p_mean * shift).sum(-1)]
        sizes = [(np.abs(g.p_mean * shift)).sum(-1)]
        lost = SMALLEST * np.abs(shift).sum(-1)
        for slope, law in ((g.p_cov, p), (g.q_cov, q)):
            matrix = law.covariance.variances() if slope.ndim == law.mean.ndim else law.cov
            flat, spread = (
                array.reshape(*law.mean.shape[:-1], -1) for array in (slope * matrix, matrix)
            )
            terms.append(2 * flat.sum(-1))
            sizes.append(2 * np.abs(flat).sum(-1))
            lost = lost + SMALLEST * np.abs(spread).sum(-1)
        total, size = sum(terms), sum(sizes)
        if not (np.isfinite(size) & (size > 1e-100)).all():
            return  # entries may have underflowed
        rounding = 10 * same_numbers(case) * size + 1e-290 + 2 * lost
        wrong = np.abs(total - degree * values[of]) > rounding
    if np.any(wrong):
        yield Finding(
            "Euler's homogeneity", name, f"{total} where {degree * values[of]}, of {size}"
        )


CHECKS = (gradients,)
