"""Run the theorems over the cases."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from . import identities, invariance, maps, singles, slopes
from .cases import Case, case
from .findings import Finding, Findings
from .values import Values
from .watching import Broken, Refused, finding, watch

Check = Callable[[Case, Values], Iterator[Finding]]
THEOREMS: tuple[Check, ...] = (
    *identities.CHECKS, *invariance.CHECKS, *slopes.CHECKS, *maps.CHECKS, *singles.CHECKS,
)  # fmt: skip


AT_ONCE = 5
"""Theorems a case: more cases are worth more than more theorems about one."""


def examine(c: Case, *, thorough: bool = False) -> Iterator[Finding]:
    """Hold a case against some of the theorems, always the same ones, or against all."""
    try:
        watch(lambda: (c.p, c.q))
    except Refused as refused:
        yield Finding("a good law is accepted", "Gaussian", str(refused))
        return
    except Broken as broken:
        yield finding("Gaussian", broken)
        return
    values = Values(c.p, c.q)
    yield from values.broken
    chosen = c.rng().permutation(len(THEOREMS))[:AT_ONCE]
    for i in range(len(THEOREMS)) if thorough else chosen:
        yield from THEOREMS[i](c, values)


def run(
    seed: int, numbers: Iterable[int], *, seconds: float = float("inf"), thorough: bool = False
) -> tuple[Findings, int]:
    """Examine cases until they or the time run out; return what was found, in how many cases."""
    findings, count, end = Findings(), 0, time.monotonic() + seconds
    for n in numbers:
        if time.monotonic() > end:
            break
        c = case(seed, n)
        for found in examine(c, thorough=thorough):
            findings.add(c, found)
        count += 1
    return findings, count
