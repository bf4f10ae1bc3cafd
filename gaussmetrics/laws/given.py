"""In which form a covariance was given: the difference of two is taken between these forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np

from gaussmetrics._array import linalg
from gaussmetrics._array.linalg import frozen
from gaussmetrics._array.types import Array, Index

Change: TypeAlias = Callable[[Array, int], Array]


class Entries(NamedTuple):
    """Σ itself."""

    matrix: Array

    @property
    def knows_entries(self) -> bool:
        """Whether entries of Σ follow without rounding."""
        return True

    def marginal(self, chosen: Index) -> Entries:
        return Entries(self.matrix[..., chosen[:, None], chosen])

    def changed(self, change: Change) -> Entries:
        return Entries(change(self.matrix, 2))


class Columns(NamedTuple):
    """Columns F, weights w and variances v of noise, Σ = F diag(w) Fᵀ + diag(v).

    Factors, eigenvectors with eigenvalues, latent factors with noise, independent variables.
    Where they are None, all weights are one, and there is no noise.
    """

    columns: Array
    weights: Array | None = None
    noise: Array | None = None

    @property
    def knows_entries(self) -> bool:
        """Whether entries of Σ follow without rounding."""
        return self.columns.shape[-1] == 0

    def marginal(self, chosen: Index) -> Columns:
        noise = None if self.noise is None else self.noise[..., chosen]
        return Columns(self.columns[..., chosen, :], self.weights, noise)

    def changed(self, change: Change) -> Columns:
        weights = None if self.weights is None else change(self.weights, 1)
        noise = None if self.noise is None else change(self.noise, 1)
        return Columns(change(self.columns, 2), weights, noise)

    def factor(self) -> Array:
        """Return [F √w, diag(√v)], rounded."""
        weighted = self.columns
        if self.weights is not None:
            weighted = weighted * np.sqrt(self.weights)[..., None, :]
        if self.noise is None:
            return weighted
        noise = np.sqrt(self.noise)[..., None] * np.eye(self.noise.shape[-1])
        return linalg.side_by_side(weighted, noise)


class Precision(NamedTuple):
    """The inverse Σ⁻¹."""

    matrix: Array

    @property
    def knows_entries(self) -> bool:
        """Whether entries of Σ follow without rounding."""
        return False

    def marginal(self, chosen: Index) -> Precision | None:
        """Reorder all coordinates; the law of some has no part of Σ⁻¹ as its precision."""
        if len(chosen) < self.matrix.shape[-1]:
            return None
        return Precision(self.matrix[..., chosen[:, None], chosen])

    def changed(self, change: Change) -> Precision:
        return Precision(change(self.matrix, 2))


Given: TypeAlias = Entries | Columns | Precision


def kept(given: Given) -> Given:
    """Freeze the arrays of a form."""
    for part in given:
        if part is not None:
            frozen(part)
    return given
