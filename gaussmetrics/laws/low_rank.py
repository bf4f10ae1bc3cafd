"""Covariances of a few latent factors and independent noise."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import final

import numpy as np

from gaussmetrics._array import linalg
from gaussmetrics._array.linalg import frozen, sum_of_squares, transpose
from gaussmetrics._array.types import Array, Index, Scalars
from gaussmetrics.laws.given import Columns
from gaussmetrics.laws.structure import Structure


@final
class LowRank(Structure):
    """A few latent factors and independent noise, Σ = F Fᵀ + diag(v) with v > 0.

    With D = diag(v) and the singular value decomposition D^−½ F = U s Wᵀ,
    Σ^−½ = (I − U Uᵀ + U (1 + s²)^−½ Uᵀ) D^−½ up to a rotation. All costs are O(d r²).
    """

    def __init__(self, columns: Array, noise: Array) -> None:
        self.columns = frozen(columns)
        self.noise = frozen(noise)
        self.dim = noise.shape[-1]
        self.batch_shape = np.broadcast_shapes(columns.shape[:-2], noise.shape[:-1])

    @cached_property
    def _spectrum(self) -> tuple[Array, Array, Array]:
        """U (..., d, r), s (..., r) and Wᵀ (..., r, r); values of pure rounding are zero."""
        scaled = self.columns / np.sqrt(self.noise)[..., None]
        u, s, wt = np.linalg.svd(scaled, full_matrices=False)
        s = np.where(s > linalg.EPS * self.dim * s[..., :1], s, 0.0)
        return frozen(u), frozen(s), frozen(wt)

    @property
    def isotropic(self) -> bool:
        """Whether the noise is one variance for all variables."""
        return bool((self.noise == self.noise[..., :1]).all())

    @property
    def given(self) -> Columns:
        return Columns(self.columns, noise=self.noise)

    def dense(self) -> Array:
        return self.columns @ transpose(self.columns) + self.noise[..., None] * np.eye(self.dim)

    def factor(self) -> Array:
        return self.given.factor()

    def half(self, columns: Array) -> Array:
        return linalg.stacked(
            transpose(self.columns) @ columns, np.sqrt(self.noise)[..., None] * columns
        )

    def variances(self) -> Array:
        return self.noise + sum_of_squares(self.columns, 1)

    def whiten(self, x: Array) -> Array:
        return self.whiten_columns(x[..., None])[..., 0]

    def whiten_columns(self, columns: Array) -> Array:
        inside, outside = self._split(columns / np.sqrt(self.noise)[..., None])
        s = self._spectrum[1]
        return linalg.stacked(inside / np.hypot(1.0, s)[..., None], outside)

    def solve(self, columns: Array) -> Array:
        """Return Σ⁻¹ B."""
        u, s, _ = self._spectrum
        root = np.sqrt(self.noise)[..., None]
        inside, outside = self._split(columns / root)
        return (outside + u @ (inside / (1.0 + s * s)[..., None])) / root

    def _split(self, scaled: Array) -> tuple[Array, Array]:
        """Return Uᵀ B and (I − U Uᵀ) B."""
        u = self._spectrum[0]
        inside = transpose(u) @ scaled
        outside = scaled - u @ inside
        # Once more, because what is left outside may be small.
        return inside, outside - u @ (transpose(u) @ outside)

    def explained(self) -> Array:
        """Return H (..., d, r) with Σ⁻¹ = diag(1/v) − H Hᵀ."""
        u, s, _ = self._spectrum
        return u * (s / np.sqrt(1.0 + s * s))[..., None, :] / np.sqrt(self.noise)[..., None]

    def log_det(self) -> Scalars:
        return np.log(self.noise).sum(axis=-1) + self.log_gain()

    def log_gain(self) -> Scalars:
        """Return log det(I + D^−½ F Fᵀ D^−½), by which the factors raise that of the noise."""
        return _log_of_squares(self._spectrum[1]).sum(axis=-1)

    def precisions(self) -> Array:
        u, s, _ = self._spectrum
        within = u * u
        outside = 1.0 - within.sum(axis=-1)
        # Where the factors explain most of a variable, what they leave is measured, not subtracted.
        rows = np.flatnonzero((outside < 0.5).reshape(-1, self.dim).any(axis=0))
        unit = np.eye(self.dim)[:, rows] if len(rows) else np.zeros((self.dim, 0))
        outside[..., rows] = sum_of_squares(transpose(self._split(unit)[1]), 1)
        return (outside + (within / (1.0 + s * s)[..., None, :]).sum(axis=-1)) / self.noise

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        factors = rng.standard_normal((*shape, self.columns.shape[-1]))
        noise = rng.standard_normal((*shape, self.dim)) * np.sqrt(self.noise)
        return (self.columns @ factors[..., None])[..., 0] + noise

    def marginal(self, chosen: Index) -> LowRank:
        return LowRank(self.columns[..., chosen, :], self.noise[..., chosen])

    def regress(self, y: Index, x: Index) -> tuple[Array, LowRank]:
        # Given x, the latent factors keep the covariance (I + Fxᵀ Dx⁻¹ Fx)⁻¹ = W (1 + s²)⁻¹ Wᵀ
        # in the row space of Fx, and all of it outside.
        fy, known = self.columns[..., y, :], self.marginal(x)
        u, s, wt = known._spectrum
        coefficients = (fy @ transpose(wt)) * (s / (1.0 + s * s))[..., None, :]
        weights = (u @ transpose(coefficients)) / np.sqrt(known.noise)[..., None]
        kept = transpose(wt) @ (wt / np.sqrt(1.0 + s * s)[..., None])
        columns = fy @ (kept + np.eye(wt.shape[-1]) - transpose(wt) @ wt)
        return weights, LowRank(columns, self.noise[..., y])

    def _with_parts(self, change: Callable[[Array, int], Array]) -> LowRank:
        full = self.batch_shape
        columns = np.broadcast_to(self.columns, (*full, *self.columns.shape[-2:]))
        noise = np.broadcast_to(self.noise, (*full, self.dim))
        return LowRank(change(columns, 2), change(noise, 1))


def _log_of_squares(s: Array) -> Array:
    """Return log(1 + s²), also where the square leaves the floats."""
    return np.where(
        s < 1e150, np.log1p(np.minimum(s, 1e150) ** 2), 2.0 * np.log(np.maximum(s, 1.0))
    )
