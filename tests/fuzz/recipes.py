"""What a law is made of: the arrays of each structure, before the library sees them.

A recipe can be scaled by powers of two and moved a little in the form it was given, so that a
change is what it claims to be and not a rounding error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import gaussmetrics as gm

Cov = gm.Covariance
Rng = np.random.Generator


@dataclass(frozen=True)
class Recipe:
    """The mean and the arrays of a covariance; leading dimensions are the batch."""

    structure: str
    mean: Any
    parts: tuple[Any, ...]

    def law(self) -> gm.Gaussian:
        built = BUILD[self.structure](*self.parts)
        return gm.Gaussian(self.mean, built, **FLAGS.get(self.structure, {}))

    def scaled(self, exponent: int) -> Recipe:
        """The law of 2^exponent x, without a rounding error."""
        powers = POWERS[self.structure]
        parts = tuple(np.ldexp(a, k * exponent) for a, k in zip(self.parts, powers, strict=True))
        return Recipe(self.structure, np.ldexp(self.mean, exponent), parts)

    def moved(self, rng: Rng, size: float) -> Recipe:
        """The same with every number changed by up to a relative `size`, the structure kept."""
        parts = tuple(MOVE[self.structure](rng, self.parts, size))
        spread = np.sqrt(np.abs(np.diagonal(self.covariance(), axis1=-2, axis2=-1)))
        away = size * spread * rng.uniform(-1, 1, self.mean.shape)
        return Recipe(self.structure, self.mean + away, parts)

    def covariance(self) -> Any:
        """As a matrix, rounded."""
        built = BUILD[self.structure](*self.parts)
        return built.dense() if isinstance(built, Cov) else built

    @property
    def singular(self) -> bool:
        return self.structure.startswith("singular")


def _transpose(a: Any) -> Any:
    return np.swapaxes(a, -1, -2)


def _gram(f: Any) -> Any:
    product = f @ _transpose(f)
    return (product + _transpose(product)) / 2


def _eigen(w: Any, v: Any) -> Any:
    return Cov.from_eigendecomposition(w, v)


BUILD: dict[str, Callable[..., Any]] = {
    "matrix": lambda a: a,
    "diagonal": Cov.from_diagonal,
    "cholesky": Cov.from_cholesky,
    "square factor": Cov.from_factor,
    "low rank": Cov.from_factor,
    "precision": Cov.from_precision,
    "eigen": _eigen,
    "singular factor": Cov.from_factor,
    "singular matrix": _gram,
    "singular diagonal": lambda v: Cov.from_diagonal(v, allow_singular=True),
    "singular eigen": lambda w, v: Cov.from_eigendecomposition(w, v, allow_singular=True),
}
FLAGS = {"singular matrix": {"allow_singular": True}}
POWERS = {  # of the unit, in each part
    "matrix": (2,), "diagonal": (2,), "cholesky": (1,), "square factor": (1,), "low rank": (1, 2),
    "precision": (-2,), "eigen": (2, 0), "singular factor": (1,), "singular matrix": (1,),
    "singular diagonal": (2,), "singular eigen": (2, 0),
}  # fmt: skip


def _each(rng: Rng, parts: tuple[Any, ...], size: float) -> Any:
    return (a * (1 + size * rng.uniform(-1, 1, a.shape)) for a in parts)


def _congruence(rng: Rng, parts: tuple[Any, ...], size: float) -> Any:
    """L (I + size·E) Lᵀ with ‖E‖ below one: the change is relative in every axis."""
    (a,) = parts
    lower = np.linalg.cholesky(a)
    e = rng.uniform(-1, 1, a.shape) / (2 * a.shape[-1])
    change = size * lower @ (e + _transpose(e)) @ _transpose(lower)
    yield a + (change + _transpose(change)) / 2


def _values(rng: Rng, parts: tuple[Any, ...], size: float) -> Any:
    w, v = parts
    yield w * (1 + size * rng.uniform(-1, 1, w.shape))
    yield v


def _within(rng: Rng, parts: tuple[Any, ...], size: float) -> Any:
    """F (I + size·E): another law on the support of F."""
    (f,) = parts
    r = f.shape[-1]
    yield f @ (np.eye(r) + size / r * rng.uniform(-1, 1, (*f.shape[:-2], r, r)))


MOVE: dict[str, Callable[..., Any]] = {
    "matrix": _congruence, "diagonal": _each, "cholesky": _each, "square factor": _each,
    "low rank": _each, "precision": _congruence, "eigen": _values, "singular factor": _within,
    "singular matrix": _within, "singular diagonal": _each, "singular eigen": _values,
}  # fmt: skip


# Drawing


def orthogonal(rng: Rng, batch: tuple[int, ...], d: int) -> Any:
    return np.linalg.qr(rng.standard_normal((*batch, d, d)))[0]


def spectrum(rng: Rng, batch: tuple[int, ...], d: int, kappa: float) -> Any:
    return kappa ** -rng.random((*batch, d))


def positive(rng: Rng, batch: tuple[int, ...], d: int, kappa: float) -> Any:
    v = orthogonal(rng, batch, d)
    return _gram(v * np.sqrt(spectrum(rng, batch, d, kappa))[..., None, :])


def draw(rng: Rng, structure: str, batch: tuple[int, ...], d: int, kappa: float) -> Recipe:
    """A law of unit size with condition number at most `kappa`, or singular."""
    w = spectrum(rng, batch, d, kappa)
    rank = int(rng.integers(1, max(d, 2)))
    zeros = np.arange(d) < (rank if d > 1 else 0)
    f = orthogonal(rng, batch, d) * np.sqrt(w)[..., None, :]
    parts: dict[str, Callable[[], tuple[Any, ...]]] = {
        "matrix": lambda: (positive(rng, batch, d, kappa),),
        "diagonal": lambda: (w,),
        "cholesky": lambda: (np.linalg.cholesky(positive(rng, batch, d, kappa)),),
        "square factor": lambda: (f @ orthogonal(rng, batch, d + 2)[..., :d, :],),
        "low rank": lambda: (rng.standard_normal((*batch, d, rank)), w),
        "precision": lambda: (positive(rng, batch, d, kappa),),
        "eigen": lambda: (w, orthogonal(rng, batch, d)),
        "singular factor": lambda: (f[..., :rank] if d > 1 else 0 * f,),
        "singular matrix": lambda: (f[..., :rank] if d > 1 else 0 * f,),
        "singular diagonal": lambda: (w * zeros,),
        "singular eigen": lambda: (w * zeros, orthogonal(rng, batch, d)),
    }
    mean = rng.standard_normal((*batch, d))
    return Recipe(structure, mean, parts[structure]())


REGULAR = [s for s in BUILD if not s.startswith("singular")]
SINGULAR = [s for s in BUILD if s.startswith("singular")]
