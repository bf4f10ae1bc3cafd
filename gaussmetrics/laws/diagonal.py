"""Covariances of independent variables."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, final

import numpy as np

from gaussmetrics._array.linalg import frozen
from gaussmetrics._array.types import Array, Index, Mask, Scalars
from gaussmetrics.laws.given import Columns
from gaussmetrics.laws.structure import Structure


@final
class Diagonal(Structure):
    """Independent variables, Σ = diag(v); those with v = 0 do not vary."""

    def __init__(self, variances: Array) -> None:
        self._variances = frozen(variances)
        self.dim = variances.shape[-1]
        self.batch_shape = variances.shape[:-1]

    @cached_property
    def deviations(self) -> Array:
        """The standard deviations √v."""
        return frozen(np.sqrt(self._variances))

    @cached_property
    def _whitener(self) -> Array:
        positive = self._variances > 0
        return frozen(np.where(positive, 1.0 / np.where(positive, self.deviations, 1.0), 0.0))

    @property
    def given(self) -> Columns:
        return Columns(np.zeros((*self._variances.shape, 0)), noise=self._variances)

    def dense(self) -> Array:
        return self._variances[..., None] * np.eye(self.dim)

    def factor(self) -> Array:
        return self.deviations[..., None] * np.eye(self.dim)

    def half(self, columns: Array) -> Array:
        return self.deviations[..., None] * columns

    def variances(self) -> Array:
        return self._variances

    def whiten(self, x: Array) -> Array:
        return x * self._whitener

    def whiten_columns(self, columns: Array) -> Array:
        return columns * self._whitener[..., None]

    def log_det(self) -> Scalars:
        return np.log(np.where(self._variances > 0, self._variances, 1.0)).sum(axis=-1)

    def rank(self) -> Any:
        return (self._variances > 0).sum(axis=-1)

    def contains(self, x: Array, noise: Array) -> Any:
        return ((self._variances > 0) | (np.abs(x) <= noise)).all(axis=-1)

    def independent(self) -> Mask:
        return self._variances > 0

    @property
    def singular(self) -> bool:
        return not self._variances.all()

    def precisions(self) -> Array:
        return self._whitener**2

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        return rng.standard_normal((*shape, self.dim)) * self.deviations

    def marginal(self, chosen: Index) -> Diagonal:
        return Diagonal(self._variances[..., chosen])

    def regress(self, y: Index, x: Index) -> tuple[Array, Diagonal]:
        return np.zeros((*self.batch_shape, len(x), len(y))), self.marginal(y)

    def _with_parts(self, change: Callable[[Array, int], Array]) -> Diagonal:
        return Diagonal(change(self._variances, 1))
