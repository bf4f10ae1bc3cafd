"""Intervals and tests against simulation: how often they hold the truth, how often they reject.

What passes is stated here, before anything is run: see `COVERAGE` and `SIZE`. The laws are those of
the first two classes of a data set, as are the numbers of rows; these are normal, or of Student's t
with 5 degrees of freedom and the same means and covariances.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal
from zlib import crc32

import numpy as np

import gaussmetrics as gm
from gaussmetrics._array.types import Array
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.pairwise import Metric
from gaussmetrics.validation.datasets import Dataset
from gaussmetrics.validation.rows import Estimate, Outcome, Work

FEWEST = 40
"""Simulations at least; else one for every 1000 points that other judges draw."""

GROUPS, PERMUTATIONS = 20, 39
NORMAL, HEAVY = "normal rows", "t₅ rows"


@dataclass(frozen=True)
class Rate:
    """Rule for rates: differ from the promised one by at most a margin and three standard errors.

    Parameters
    ----------
    below, above : float
        How much lower and higher the rate may be, apart from what simulation leaves open.
    """

    below: float
    above: float

    def __call__(self, promised: float, estimate: Estimate, bound: float) -> bool:
        """Tell whether the rate passes."""
        del bound
        slack = 3.0 * math.sqrt(promised * (1.0 - promised)) * estimate.unit
        return -self.below - slack <= estimate.value - promised <= self.above + slack


COVERAGE = {NORMAL: Rate(0.02, 0.05), HEAVY: Rate(0.05, 0.05)}
"""Intervals of 95 % hold the truth in 93 % of samples at least, with heavy tails in 90 %."""

SIZE = Rate(0.02, 0.02)
"""Tests of size 0.05 reject equal laws in 3 to 7 % of samples."""


@dataclass(frozen=True)
class Setting:
    """Two laws, how many rows of each, and of which kind."""

    p: Gaussian
    q: Gaussian
    sizes: tuple[int, int]
    kind: str

    def samples(
        self, laws: tuple[Gaussian, Gaussian], batch: tuple[int, ...], rng: np.random.Generator
    ) -> list[Array]:
        """Draw rows of both laws; heavy ones with the same means and covariances."""
        drawn = [law.sample((*batch, n), rng) for law, n in zip(laws, self.sizes, strict=True)]
        if self.kind == NORMAL:
            return drawn
        return [
            law.mean + (rows - law.mean) * np.sqrt(3.0 / rng.chisquare(5, (*rows.shape[:-1], 1)))
            for law, rows in zip(laws, drawn, strict=True)
        ]


Simulation = Callable[[Setting, int, np.random.Generator], Array]
"""A setting and a number of simulations in; 1 or 0 for each out."""


@dataclass(frozen=True)
class Promise:
    """A rate that the inference promises, and a simulation of it.

    Parameters
    ----------
    name : str
        Name in the report.
    promised : float
    simulation : callable
    rules : dict
        Of each kind of rows, what rate passes.
    """

    name: str
    promised: float
    simulation: Simulation
    rules: dict[str, Rate]

    def comparisons(self, dataset: Dataset, *, samples: int, seed: int) -> Iterator[Work]:
        """List one comparison for each kind of rows, on the first two classes of the data set."""
        normals = dataset.gaussians()
        names = list(normals)[:2]
        counts = len(dataset.rows(names[0])), len(dataset.rows(names[1]))
        p, q = (normals[name] for name in names)
        for kind in self.rules:
            key = crc32(f"{dataset.name}: {self.name}, {kind}".encode())
            rng = np.random.default_rng([seed, key])
            count = max(FEWEST, samples // 1000)
            work = partial(self.simulation, Setting(p, q, counts, kind), count, rng)
            yield partial(self._compare, dataset.name, ", ".join(names), kind, work)

    def _compare(
        self, dataset: str, pair: str, kind: str, simulation: Callable[[], Array]
    ) -> list[Outcome]:
        happened = simulation()
        rate, unit = float(happened.mean()), 1.0 / math.sqrt(len(happened))
        error = math.sqrt(rate * (1.0 - rate)) * unit
        estimate = Estimate(f"simulation, {kind}", rate, error, self.rules[kind], unit)
        return [Outcome(dataset, pair, self.name, self.promised, estimate)]


def covered(metric: Metric, setting: Setting, count: int, rng: np.random.Generator) -> Array:
    """Tell for each simulation whether the interval of a metric holds the truth."""
    x, y = setting.samples((setting.p, setting.q), (count,), rng)
    low, high = gm.estimate(metric, x, y, groups=GROUPS).confidence_interval()
    truth = metric(setting.p, setting.q)
    return np.asarray((low <= truth) & (truth <= high), dtype=np.float64)


def rejected(
    null: Literal["permutation", "normal"], setting: Setting, count: int, rng: np.random.Generator
) -> Array:
    """Tell for each simulation whether a test of size 0.05 rejects that p is p."""
    p_values = []
    for _ in range(count):
        x, y = setting.samples((setting.p, setting.p), (), rng)
        test = gm.equality_test(x, y, null=null, permutations=PERMUTATIONS, rng=rng)
        p_values.append(test.p_value)
    return np.asarray(np.array(p_values) <= 0.05, dtype=np.float64)


INFERENCE = (
    *(
        Promise(f"interval of {name}", 0.95, partial(covered, getattr(gm, name)), COVERAGE)
        for name in ("kl_divergence", "hellinger_distance", "wasserstein_distance")
    ),
    Promise(
        "equality_test",
        0.05,
        partial(rejected, "permutation"),
        dict.fromkeys((NORMAL, HEAVY), SIZE),
    ),
    Promise('equality_test, null="normal"', 0.05, partial(rejected, "normal"), {NORMAL: SIZE}),
)
"""The rates that intervals and tests promise."""
