"""Covariances without structure: a triangular factor, and what was given."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import numpy as np

from gaussmetrics._array import batch_last, linalg, triangles
from gaussmetrics._array.double_double import accurate_matmul
from gaussmetrics._array.linalg import EPS, frozen, sum_of_squares, transpose
from gaussmetrics._array.types import Array, Index, Scalars
from gaussmetrics.laws import covariance_checks
from gaussmetrics.laws.definiteness import some_matrix_singular
from gaussmetrics.laws.given import Columns, Entries, Given, Precision, kept
from gaussmetrics.laws.structure import Structure


@final
class Dense(Structure):
    """A positive definite Σ = L Lᵀ without further structure.

    Unless another form is given, Σ was given as `matrix`, or else as the factor L.
    """

    def __init__(
        self,
        lower: Array,
        *,
        matrix: Array | None = None,
        given: Given | None = None,
        inverse: Array | None = None,
    ) -> None:
        if given is None:
            given = Columns(lower) if matrix is None else Entries(matrix)
        if isinstance(given, Entries):
            matrix = given.matrix
        self.lower = frozen(lower)
        self._given = kept(given)
        self._factor = frozen(given.factor()) if isinstance(given, Columns) else self.lower
        self._matrix = None if matrix is None else frozen(matrix)
        self._inverse = None if inverse is None else frozen(inverse)
        self.dim = lower.shape[-1]
        self.batch_shape = lower.shape[:-2]

    @classmethod
    def from_matrix(cls, matrix: Array, name: str = "cov", precision: float = EPS) -> Dense:
        """Factorise a symmetric matrix, or say why it is no covariance."""
        lower = regular_factor(matrix, precision)
        if lower is None:
            covariance_checks.refuse_not_positive_definite(name, matrix, precision)
        return cls(lower, matrix=matrix)

    def dense(self) -> Array:
        if self._matrix is None:
            self._matrix = frozen(self._product())
        return self._matrix

    def _product(self) -> Array:
        """L Lᵀ, improved by a step of Newton's where a precision, its inverse, was given."""
        product = self.lower @ transpose(self.lower)
        if not isinstance(self._given, Precision):
            return product
        excess = accurate_matmul(self._given.matrix, product) - np.eye(self.dim)
        return linalg.symmetric_part(product - product @ excess)

    @property
    def given(self) -> Given:
        return self._given

    def factor(self) -> Array:
        return self._factor

    def half(self, columns: Array) -> Array:
        return transpose(linalg.together(self.factor())) @ linalg.together(columns)

    def variances(self) -> Array:
        if self._matrix is None:
            return np.asarray(sum_of_squares(self.lower, 1))
        return linalg.diagonal(self._matrix)

    def whiten(self, x: Array) -> Array:
        if self._matches_few(x.shape[:-1]):
            return self._substitute(x[..., None], 1)[..., 0]
        if self.batch_shape:
            return (self._inverse_lower() @ x[..., None])[..., 0]
        return triangles.solve_lower(self.lower, x.reshape(-1, self.dim).T).T.reshape(x.shape)

    def whiten_columns(self, columns: Array) -> Array:
        if self.batch_shape or columns.ndim > 2:
            return self._inverse_lower() @ columns
        return triangles.solve_lower(self.lower, columns)

    def whitened_factor(self) -> Array:
        """The rotation in F = L Q, by which no rounding of L⁻¹ F comes between L and F."""
        if self._factor is self.lower:
            return np.broadcast_to(np.eye(self.dim), self.lower.shape)
        rows, upper = np.linalg.qr(transpose(self._factor))
        signs = np.where(linalg.diagonal(upper) < 0, -1.0, 1.0)
        return transpose(rows * signs[..., None, :])

    def whiten_lower(self, other: Array) -> Array:
        """Return L⁻¹ K for a lower triangular K (..., d, d)."""
        if self._matches_few(other.shape[:-2]):
            return self._substitute(other, 0)
        if self._matches(other.shape[:-2]):
            return triangles.solve_each_lower(self.lower, np.array(other, order="C"))
        if self.batch_shape or other.ndim > 2:
            return self._inverse_lower() @ other
        return triangles.solve_lower_triangle(self.lower, other)

    def whitened_squares(self, other: Array, x: Array) -> tuple[Scalars, Scalars]:
        """Return ‖L⁻¹ K − I‖² for a lower triangular K (..., d, d), and ‖L⁻¹ x‖²."""
        if other.shape == self.lower.shape and x.shape == other.shape[:-1]:
            if not self.batch_shape:
                change = triangles.solve_lower_triangle(self.lower, other - self.lower)
                white = triangles.solve_lower(self.lower, x[:, None])
                return sum_of_squares(change, 2), sum_of_squares(white, 2)
            if self._inverse is None:
                return self._squares_in_step(other, x)
        return sum_of_squares(self._whiten_change(other), 2), sum_of_squares(self.whiten(x), 1)

    def _squares_in_step(self, other: Array, x: Array) -> tuple[Scalars, Scalars]:
        flat = (part.reshape(-1, *part.shape[self.lower.ndim - 2 :]) for part in (other, x))
        change, step = triangles.whitened_squares(self._flat_lower(), *flat)
        return change.reshape(self.batch_shape), step.reshape(self.batch_shape)

    def _whiten_change(self, other: Array) -> Array:
        """Return L⁻¹ K − I; in a table of pairs there are fewer K than differences K − L."""
        if other.shape == self.lower.shape:
            return self.whiten_lower(other - self.lower)
        ratio = self.whiten_lower(other)
        np.einsum("...ii->...i", ratio)[...] -= 1.0
        return ratio

    def _matches_few(self, batch_shape: tuple[int, ...]) -> bool:
        return self._matches(batch_shape) and self.dim <= 8

    def _matches(self, batch_shape: tuple[int, ...]) -> bool:
        """Tell whether substitution in step with another batch beats inverting this one."""
        return self._inverse is None and self.batch_shape == batch_shape != ()

    def _substitute(self, columns: Array, full: int) -> Array:
        flat = columns.reshape(-1, *columns.shape[-2:])
        return batch_last.solve_lower_batch(self._flat_lower(), flat, full=full).reshape(
            columns.shape
        )

    def _flat_lower(self) -> Array:
        return self.lower.reshape(-1, self.dim, self.dim)

    def _inverse_lower(self) -> Array:
        """L⁻¹, kept so that a table of n × m pairs inverts n + m factors."""
        if self._inverse is None:
            self._inverse = frozen(triangles.invert_lower(self.lower))
        return self._inverse

    def prepare(self) -> None:
        self._inverse_lower()

    def log_det(self) -> Scalars:
        return 2.0 * np.log(linalg.diagonal(self.lower)).sum(axis=-1)

    def precisions(self) -> Array:
        return np.asarray(sum_of_squares(transpose(self._inverse_lower()), 1))

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        normals = rng.standard_normal((*shape, self.dim))
        return (self.lower @ normals[..., None])[..., 0]

    def marginal(self, chosen: Index) -> Dense:
        lower = triangles.triangle(self.lower[..., chosen, :])
        given = self._given.marginal(chosen)
        if isinstance(given, Entries):
            return Dense(lower, matrix=given.matrix)
        return Dense(lower, given=given or Columns(self.lower[..., chosen, :]))

    def regress(self, y: Index, x: Index) -> tuple[Array, Dense]:
        # The Cholesky factor of (x, y) holds the regression in its blocks.
        lower, k = self.marginal(np.concatenate([x, y])).lower, len(x)
        inverse = triangles.invert_lower(lower[..., :k, :k])
        residual = np.ascontiguousarray(lower[..., k:, k:])
        return transpose(lower[..., k:, :k] @ inverse), Dense(residual)

    def _with_parts(self, change: Callable[[Array, int], Array]) -> Dense:
        def changed(part: Array | None) -> Array | None:
            return None if part is None else change(part, 2)

        lower, matrix = change(self.lower, 2), changed(self._matrix)
        same = isinstance(self._given, Entries)
        given = None if same else self._given.changed(change)
        return Dense(lower, matrix=matrix, given=given, inverse=changed(self._inverse))


def regular_factor(matrix: Array, precision: float) -> Array | None:
    """Return the triangular factors of matrices, or None if any is not positive definite."""
    try:
        lower = triangles.cholesky(matrix)
    except np.linalg.LinAlgError:
        return None
    cutoff = linalg.eigenvalue_cutoff(matrix.shape[-1], precision)
    return None if some_matrix_singular(matrix, lower, cutoff) else lower
