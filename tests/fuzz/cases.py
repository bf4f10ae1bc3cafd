"""Pairs of laws in a relation: unrelated, near, far; supports shared, nested, tilted; tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

import gaussmetrics as gm

from .recipes import REGULAR, SINGULAR, Recipe, Rng, draw

RELATIONS = (
    "unrelated", "near", "near, mixed", "far", "shared support", "nested supports",
    "tilted supports", "apart supports", "singular and regular", "tables",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """Two recipes, known by (seed, number); `exponent` is the power of two of their unit."""

    seed: int
    number: int
    relation: str
    size: float
    kappa: float
    exponent: int
    first: Recipe
    second: Recipe

    @cached_property
    def p(self) -> gm.Gaussian:
        return self.first.scaled(self.exponent).law()

    @cached_property
    def q(self) -> gm.Gaussian:
        return self.second.scaled(self.exponent).law()

    def plain(self) -> Case:
        """The same laws in their own unit."""
        return replace(self, exponent=0)

    def rng(self) -> Rng:
        """Randomness of a check, apart from that of the laws."""
        return np.random.default_rng([self.seed, self.number, 1])

    @property
    def structures(self) -> tuple[str, str]:
        return self.first.structure, self.second.structure

    @property
    def regular(self) -> bool:
        return not (self.first.singular or self.second.singular)

    def program(self, call: str) -> str:
        return (
            "import gaussmetrics as gm\n"
            "from tests.fuzz.cases import case\n"
            f"c = case({self.seed}, {self.number})  # {self}\n{call}"
        )

    def __str__(self) -> str:
        size = f" {self.size:.0e}" if self.size else ""
        batch = self.first.mean.shape[:-1]
        return (
            f"{self.relation}{size}: {' and '.join(self.structures)}, d={self.first.mean.shape[-1]}"
            f"{f', batch {batch}' if batch else ''}, κ {self.kappa:.0e}, unit 2^{self.exponent}"
        )


def case(seed: int, number: int) -> Case:
    """Draw a case; the same arguments always draw the same."""
    rng = np.random.default_rng([seed, number])
    relation = RELATIONS[rng.integers(len(RELATIONS))]
    batch = () if rng.random() < 0.7 else (int(rng.integers(1, 4)),)
    d = int(rng.integers(1, 7))
    kappa = float(10 ** rng.choice([0.0, 1.0, 3.0, 6.0]))
    size = float(10.0 ** rng.uniform(-14, -1))
    exponent = int(rng.choice([0, 0, 0, 50, -50, 249, -249]))  # covariances up to 1e±150
    first, second, used = MAKE[relation](rng, batch, d, kappa, size)
    return Case(seed, number, relation, size if used else 0.0, kappa, exponent, first, second)


Made = tuple[Recipe, Recipe, bool]  # and whether the size played a role


def _one(rng: Rng, batch: Any, d: int, kappa: float, among: list[str]) -> Recipe:
    return draw(rng, among[rng.integers(len(among))], batch, d, kappa)


def _unrelated(rng: Rng, batch: Any, d: int, kappa: float, size: float) -> Made:
    del size
    return *(_one(rng, batch, d, kappa, REGULAR) for _ in range(2)), False  # type: ignore[return-value]


def _near(rng: Rng, batch: Any, d: int, kappa: float, size: float) -> Made:
    first = _one(rng, batch, d, kappa, REGULAR)
    return first, first.moved(rng, size), True


def _near_mixed(rng: Rng, batch: Any, d: int, kappa: float, size: float) -> Made:
    """Near, but the second is given as a matrix."""
    first = _one(rng, batch, d, kappa, REGULAR)
    return first, Recipe("matrix", first.mean, (first.law().cov,)).moved(rng, size), True


def _far(rng: Rng, batch: Any, d: int, kappa: float, size: float) -> Made:
    first, second, _ = _unrelated(rng, batch, d, kappa, size)
    return first, second.scaled(int(rng.integers(-200, 200))), False


def _supports(f: Any, g: Any, rng: Rng) -> Made:
    """Two singular laws by their factors, about one mean, each a matrix or a factor."""
    mean = np.zeros((*f.shape[:-2], f.shape[-2]))
    kinds = ["singular factor", "singular matrix"]
    first, second = (kinds[rng.integers(2)] for _ in range(2))
    return Recipe(first, mean, (f,)), Recipe(second, mean, (g,)), False


def _basis(rng: Rng, batch: Any, d: int) -> tuple[Any, int]:
    rank = int(rng.integers(1, d))
    return rng.standard_normal((*batch, d, rank)), rank


def _shared(rng: Rng, batch: Any, d: int, kappa: float, size: float) -> Made:
    del kappa, size
    basis, rank = _basis(rng, batch, d + 1)
    turn = rng.standard_normal((*batch, rank, rank)) + 2 * np.eye(rank)
    return _supports(basis, basis @ turn, rng)


def _nested(rng: Rng, batch: Any, d: int, kappa: float, size: float) -> Made:
    del kappa, size
    basis, rank = _basis(rng, batch, d + 2)
    inner = int(rng.integers(1, rank + 1))
    f, g = basis, basis[..., :inner] * np.sqrt(rng.gamma(2.0, size=inner))
    return _supports(f, g, rng) if rng.random() < 0.5 else _supports(g, f, rng)


def _tilted(rng: Rng, batch: Any, d: int, kappa: float, size: float) -> Made:
    del kappa
    f, _ = _basis(rng, batch, d + 1)
    first, second, _ = _supports(f, f + size * rng.standard_normal(f.shape), rng)
    return first, second, True


def _apart(rng: Rng, batch: Any, d: int, kappa: float, size: float) -> Made:
    del size
    return *(_one(rng, batch, d + 1, kappa, SINGULAR) for _ in range(2)), False  # type: ignore[return-value]


def _singular_and_regular(rng: Rng, batch: Any, d: int, kappa: float, size: float) -> Made:
    del size
    both = [_one(rng, batch, d + 1, kappa, among) for among in (REGULAR, SINGULAR)]
    first, second = both if rng.random() < 0.5 else both[::-1]
    return first, second, False


def _tables(rng: Rng, batch: Any, d: int, kappa: float, size: float) -> Made:
    """Centred rows of tables whose columns add up: one-hot, whole per cent, wide."""
    del batch, kappa, size
    k = d + 2
    kind = rng.integers(3)

    def rows() -> Any:
        if kind == 0:
            return np.repeat(np.eye(k), rng.integers(1, 9, k), axis=0)
        if kind == 1:
            return rng.multinomial(100, rng.dirichlet(np.full(k, 5.0)), 3 * k) / 1.0
        return rng.standard_normal((max(2, k // 2), k))

    def recipe(x: Any) -> Recipe:
        factor = (x - x.mean(0)).T / np.sqrt(len(x) - 1)
        given = "singular factor" if kind == 2 else "singular matrix"
        return Recipe(given, x.mean(0), (factor,))

    return recipe(rows()), recipe(rows()), False


MAKE: dict[str, Callable[[Rng, Any, int, float, float], Made]] = dict(
    zip(
        RELATIONS,
        (_unrelated, _near, _near_mixed, _far, _shared, _nested, _tilted, _apart,
         _singular_and_regular, _tables),
        strict=True,
    )
)  # fmt: skip
