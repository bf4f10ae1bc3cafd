"""What a quantity and its judges are, and the first table: entropies, KL, overlap, Wasserstein.

A new quantity is one entry of `QUANTITIES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import combinations, islice, pairwise, permutations
from typing import TypeAlias
from zlib import crc32

import numpy as np

import gaussmetrics as gm
from gaussmetrics._array.types import Scalars
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.validation import descent, montecarlo
from gaussmetrics.validation.datasets import Dataset
from gaussmetrics.validation.rows import Estimate, Outcome, Work

Operands: TypeAlias = Callable[[Iterable[str]], Iterator[tuple[str, ...]]]

classes: Operands = partial(combinations, r=1)
pairs: Operands = partial(combinations, r=2)
ordered_pairs: Operands = partial(permutations, r=2)
neighbours: Operands = pairwise
"""Each class and the next: as many pairs as classes, where all pairs would take too long."""


def first_pair(names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Take the first class and the next, where a judge needs a second for one pair."""
    return islice(pairwise(names), 1)


@dataclass(frozen=True)
class Quantity:
    """A closed form and what it is compared with.

    Parameters
    ----------
    name : str
        Name of the quantity in the report.
    closed_form : callable
        Normals in, one number out.
    judge : callable
        Normals in, and `samples` and `rng` as keywords; an `Estimate` out.
    operands : callable
        Which classes it is computed for: `classes`, `pairs`, `ordered_pairs`, `neighbours` …
    """

    name: str
    closed_form: Callable[..., Scalars]
    judge: Callable[..., Estimate]
    operands: Operands = pairs

    def comparisons(self, dataset: Dataset, *, samples: int, seed: int) -> Iterator[Work]:
        """List what is to be compared on one data set.

        Every comparison draws from a stream of its own, made of the seed and of what is compared,
        so its numbers do not depend on what else is run.

        Parameters
        ----------
        dataset : Dataset
        samples : int
            Points that the judge draws.
        seed : int

        Yields
        ------
        callable
            Does the work and returns a list of one `Outcome`.
        """
        normals = dataset.gaussians()
        for names in self.operands(normals):
            operands = tuple(normals[name] for name in names)
            yield partial(self._compare, dataset.name, ", ".join(names), operands, samples, seed)

    def _compare(
        self, dataset: str, pair: str, operands: tuple[Gaussian, ...], samples: int, seed: int
    ) -> list[Outcome]:
        key = crc32(f"{dataset}: {self.name}({pair})".encode())
        rng = np.random.default_rng([seed, key])
        estimate = self.judge(*operands, samples=samples, rng=rng)
        closed_form = float(self.closed_form(*operands))
        return [Outcome(dataset, pair, self.name, closed_form, estimate)]


QUANTITIES = (
    Quantity("entropy", gm.entropy, montecarlo.entropy, classes),
    Quantity("cross_entropy", gm.cross_entropy, montecarlo.cross_entropy, ordered_pairs),
    Quantity("kl_divergence", gm.kl_divergence, montecarlo.kl_divergence, ordered_pairs),
    Quantity(
        "bhattacharyya_distance", gm.bhattacharyya_distance, montecarlo.bhattacharyya_distance
    ),
    Quantity(
        "bhattacharyya_coefficient",
        gm.bhattacharyya_coefficient,
        montecarlo.bhattacharyya_coefficient,
    ),
    Quantity("hellinger_distance", gm.hellinger_distance, montecarlo.hellinger_distance),
    Quantity(
        "squared_wasserstein_distance",
        gm.squared_wasserstein_distance,
        descent.transport_upper_bound,
    ),
    Quantity(
        "squared_wasserstein_distance",
        gm.squared_wasserstein_distance,
        descent.transport_lower_bound,
    ),
    Quantity(
        "squared_wasserstein_distance", gm.squared_wasserstein_distance, descent.transport_cost
    ),
    Quantity("wasserstein_distance", gm.wasserstein_distance, descent.transport_distance),
)
"""The closed forms that the articles derive, with their judges."""
