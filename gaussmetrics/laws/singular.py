"""Covariances of any rank, known by a factor."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, final

import numpy as np

from gaussmetrics._array import linalg
from gaussmetrics._array.linalg import frozen, sum_of_squares, transpose
from gaussmetrics._array.types import Array, Index, Scalars
from gaussmetrics.laws.given import Columns, Entries, Given, kept
from gaussmetrics.laws.structure import Structure


@final
class Singular(Structure):
    """Σ = F Fᵀ of any rank: the law lives on the range of F.

    Singular values of F below the cutoff count as zero. `scale` is the size their rounding is
    measured by, the largest of them unless F is what is left of something larger. `matrix`, or
    another form, is given where F was computed from it.
    """

    def __init__(
        self,
        columns: Array,
        scale: Array | None = None,
        matrix: Array | None = None,
        given: Given | None = None,
    ) -> None:
        self.columns = frozen(columns)
        self.scale = None if scale is None else frozen(np.asarray(scale))
        self.given_matrix = None if matrix is None else frozen(matrix)
        form: Given = Columns(columns) if matrix is None else Entries(matrix)
        self._given = kept(form if given is None else given)
        self.dim = columns.shape[-2]
        self.batch_shape = columns.shape[:-2]

    @cached_property
    def _spectrum(self) -> tuple[Array, Array]:
        """Orthonormal U (..., d, k) and s (..., k), both zero beyond the rank."""
        u, s, _ = np.linalg.svd(self.columns, full_matrices=False)
        scale = s.max(axis=-1, initial=0.0) if self.scale is None else self.scale
        cutoff = linalg.eigenvalue_cutoff(max(self.columns.shape[-2:]))
        kept = s > cutoff * np.asarray(scale)[..., None]
        return frozen(u * kept[..., None, :]), frozen(s * kept)

    @cached_property
    def _whitener(self) -> Array:
        """Rows u / s of the support, (..., k, d)."""
        u, s = self._spectrum
        return frozen(transpose(u / np.where(s > 0, s, 1.0)[..., None, :]))

    @property
    def given(self) -> Given:
        return self._given

    def dense(self) -> Array:
        if self.given_matrix is not None:
            return self.given_matrix
        return self.columns @ transpose(self.columns)

    def factor(self) -> Array:
        return self.columns

    def half(self, columns: Array) -> Array:
        return transpose(self.columns) @ columns

    def variances(self) -> Array:
        return np.asarray(sum_of_squares(self.columns, 1))

    def whiten(self, x: Array) -> Array:
        return (self._whitener @ x[..., None])[..., 0]

    def whiten_columns(self, columns: Array) -> Array:
        return self._whitener @ columns

    def log_det(self) -> Scalars:
        _, s = self._spectrum
        return 2.0 * np.log(np.where(s > 0, s, 1.0)).sum(axis=-1)

    def rank(self) -> Any:
        return (self._spectrum[1] > 0).sum(axis=-1)

    def contains(self, x: Array, magnitude: Scalars) -> Any:
        u, s = self._spectrum
        outside = x - (u @ (transpose(u) @ x[..., None]))[..., 0]
        largest = s.max(axis=-1, initial=0.0)
        smallest = np.where(s > 0, s, np.inf).min(axis=-1, initial=np.inf)
        # The support itself is known to the rounding of F, or Σ, against its smallest value.
        given = 1 if self.given_matrix is None else 2
        spread = np.maximum(largest / smallest, 1.0) ** given
        tolerance = np.minimum(linalg.eigenvalue_cutoff(25 * self.dim) * spread, 1e-6)
        return linalg.norm(outside) <= tolerance * np.maximum(magnitude, linalg.norm(x))

    @property
    def singular(self) -> bool:
        return True

    def precisions(self) -> Array:
        return np.asarray(sum_of_squares(transpose(self._whitener), 1))

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        normals = rng.standard_normal((*shape, self.columns.shape[-1]))
        return (self.columns @ normals[..., None])[..., 0]

    def marginal(self, chosen: Index) -> Structure:
        return Singular(self.columns[..., chosen, :], self._scale())

    def _scale(self) -> Array:
        return self._spectrum[1].max(axis=-1, initial=0.0) if self.scale is None else self.scale

    def regress(self, y: Index, x: Index) -> tuple[Array, Singular]:
        # With z the latent normals, x = Fx z fixes their part in the row space of Fx.
        fx, fy = self.columns[..., x, :], self.columns[..., y, :]
        known = Singular(fx, self._scale())
        rows = known._whitener @ fx
        coefficients = fy @ transpose(rows)
        weights = transpose(known._whitener) @ transpose(coefficients)
        return weights, Singular(fy - coefficients @ rows, self._scale())

    def _with_parts(self, change: Callable[[Array, int], Array]) -> Singular:
        scale = None if self.scale is None else change(np.asarray(self.scale), 0)
        matrix = None if self.given_matrix is None else change(self.given_matrix, 2)
        return Singular(change(self.columns, 2), scale, matrix, self._given.changed(change))
