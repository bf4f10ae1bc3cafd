"""Covariances of any rank, known by a factor."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, final

import numpy as np
from scipy.linalg import qr

from gaussmetrics._array import linalg
from gaussmetrics._array.linalg import EPS, frozen, sum_of_squares, transpose
from gaussmetrics._array.types import Array, Index, Mask, Scalars
from gaussmetrics.laws import definiteness
from gaussmetrics.laws.definiteness import inverse_or_zero
from gaussmetrics.laws.given import Columns, Entries, Given, kept
from gaussmetrics.laws.structure import Structure


@final
class Singular(Structure):
    """Σ = F Fᵀ of any rank: the law lives on the range of F.

    With the deviations σ of the variables and the singular value decomposition
    diag(1/σ) F = U s Wᵀ, values s below the cutoff count as zero, whatever the units. `sizes` are
    the σ that rounding is measured by, those of F unless it is what is left of something larger;
    `matrix`, or another form, is given where F was computed from it; `precision` is the rounding of
    what was given.
    """

    def __init__(
        self,
        columns: Array,
        sizes: Array | None = None,
        matrix: Array | None = None,
        precision: float = EPS,
        given: Given | None = None,
    ) -> None:
        self.columns = frozen(columns)
        self.given_matrix = None if matrix is None else frozen(matrix)
        self.precision = precision
        form: Given = Columns(columns) if matrix is None else Entries(matrix)
        self._given = kept(form if given is None else given)
        self.dim = columns.shape[-2]
        self.batch_shape = columns.shape[:-2]
        self.sizes = frozen(np.asarray(linalg.norm(columns)) if sizes is None else sizes)

    @classmethod
    def from_matrix(cls, matrix: Array, precision: float = EPS) -> Singular:
        """Return the covariance of a symmetric matrix that is positive semidefinite to rounding."""
        columns = definiteness.spectrum(matrix).factor(
            linalg.eigenvalue_cutoff(matrix.shape[-1], precision)
        )
        return cls(columns, matrix=matrix, precision=precision)

    @property
    def _cutoff(self) -> float:
        return linalg.eigenvalue_cutoff(max(self.columns.shape[-2:]), self.precision)

    @cached_property
    def _spectrum(self) -> tuple[Array, Array]:
        """Orthonormal U (..., d, k) and s (..., k), both zero beyond the rank."""
        scaled = self.columns * inverse_or_zero(self.sizes)[..., None]
        u, s, _ = np.linalg.svd(scaled, full_matrices=False)
        kept = s > self._cutoff * np.maximum(s[..., :1], 1.0)
        return frozen(u * kept[..., None, :]), frozen(s * kept)

    @cached_property
    def _basis(self) -> tuple[Array, Array]:
        """Orthonormal Q (..., d, k) with the same range as F, and R with Q R = diag(σ) U s."""
        u, s = self._spectrum
        rows = self.sizes[..., None] * u * s[..., None, :]
        # With the largest rows first, no unit drowns another.
        order = np.argsort(-np.abs(rows).max(axis=-1, initial=0.0), axis=-1)[..., None]
        q, r = np.linalg.qr(np.take_along_axis(rows, order, axis=-2))
        q = np.take_along_axis(q, np.argsort(order, axis=-2), axis=-2)
        return frozen(q * (s > 0)[..., None, :]), frozen(np.asarray(r))

    @cached_property
    def _whitener(self) -> Array:
        """F⁺, as rows (..., k, d): what stands on the support at a right angle is nothing."""
        u, s = self._spectrum
        q, _ = self._basis
        rows = (
            transpose(u) * inverse_or_zero(s)[..., None] * inverse_or_zero(self.sizes)[..., None, :]
        )
        return frozen((rows @ q) @ transpose(q))

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
        pivots = np.abs(linalg.diagonal(self._basis[1]))
        return 2.0 * np.log(np.where(self._spectrum[1] > 0, pivots, 1.0)).sum(axis=-1)

    def rank(self) -> Any:
        return (self._spectrum[1] > 0).sum(axis=-1)

    def contains(self, x: Array, noise: Array) -> Any:
        q, _ = self._basis
        unit = inverse_or_zero(self._units)
        # A point more deviations away than there are floats lies on no support.
        with np.errstate(over="ignore", invalid="ignore"):
            outside = x - (q @ (transpose(q) @ x[..., None]))[..., 0]
            size = linalg.norm(x * inverse_or_zero(self.sizes))
            allowed = self._tolerance * np.maximum(size, 1.0) + linalg.norm(noise * unit)
            inside = linalg.norm(outside * unit) <= allowed
        return inside & ((self.sizes > 0) | (np.abs(x) <= noise)).all(axis=-1)

    @property
    def _units(self) -> Array:
        """The largest deviation, as if variables had one unit, within a thousand of their own."""
        return np.minimum(self.sizes.max(axis=-1, keepdims=True, initial=0.0), 1e3 * self.sizes)

    @property
    def _tolerance(self) -> Array:
        """How far off the support, in deviations, nothing can be told from lying on it.

        An eigenvalue below the cutoff c counts as zero, so a deviation up to √c cannot be seen in a
        matrix; a factor shows deviations down to c. A support that hangs on a small value is known
        so much less.
        """
        _, s = self._spectrum
        smallest = np.where(s > 0, s, np.inf).min(axis=-1, initial=np.inf)
        spread = np.maximum(s.max(axis=-1, initial=0.0) / smallest, 1.0)
        if self.given_matrix is None:
            return np.maximum(self._cutoff, np.minimum(self._cutoff * spread, 1e-6))
        return np.maximum(np.sqrt(self._cutoff), np.minimum(self._cutoff * spread**2, 1e-6))

    def unseen(self) -> Array:
        return self._tolerance[..., None] * self.sizes

    def independent(self) -> Mask:
        flat = self._spectrum[0].reshape(-1, *self._spectrum[0].shape[-2:])
        ranks = np.asarray(self.rank()).ravel()
        chosen = np.zeros((len(flat), self.dim), dtype=bool)
        for mask, u, rank in zip(chosen, flat, ranks, strict=True):
            mask[qr(u.T, mode="r", pivoting=True)[1][:rank]] = True
        return chosen.reshape(*self.batch_shape, self.dim)

    @property
    def singular(self) -> bool:
        return True

    def precisions(self) -> Array:
        return np.asarray(sum_of_squares(transpose(self._whitener), 1))

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        normals = rng.standard_normal((*shape, self.columns.shape[-1]))
        return (self.columns @ normals[..., None])[..., 0]

    def marginal(self, chosen: Index) -> Singular:
        if self.given_matrix is not None:
            return Singular.from_matrix(
                self.given_matrix[..., chosen[:, None], chosen], self.precision
            )
        return Singular(
            self.columns[..., chosen, :],
            self.sizes[..., chosen],
            precision=self.precision,
            given=self._given.marginal(chosen),
        )

    def regress(self, y: Index, x: Index) -> tuple[Array, Singular]:
        # With z the latent normals, x = Fx z fixes their part in the row space of Fx.
        fx, fy = self.columns[..., x, :], self.columns[..., y, :]
        known = Singular(fx, self.sizes[..., x], precision=self.precision)
        rows = known._whitener @ fx
        coefficients = fy @ transpose(rows)
        weights = transpose(known._whitener) @ transpose(coefficients)
        left = fy - coefficients @ rows
        return weights, Singular(left, self.sizes[..., y], precision=self.precision)

    def _with_parts(self, change: Callable[[Array, int], Array]) -> Singular:
        matrix = None if self.given_matrix is None else change(self.given_matrix, 2)
        return Singular(
            change(self.columns, 2),
            change(self.sizes, 1),
            matrix,
            self.precision,
            self._given.changed(change),
        )
