"""Covariances: one contract, and a small final class for each structure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from gaussmetrics import _checks, _linalg
from gaussmetrics._typing import Array, Scalars

Index: TypeAlias = NDArray[np.intp]


class Covariance(ABC):
    """A batch of covariance matrices Σ of shape (..., d, d), checked and factorised once.

    The contract every structure fulfils, with F any matrix such that Σ = F Fᵀ:

    - `dense()` returns Σ, `factor()` returns F, `variances()` the diagonal of Σ;
    - `whiten(x)` returns z with ‖z‖² = xᵀ Σ⁻¹ x, and `log_det()` returns log det Σ;
    - `draw(shape, rng)` returns samples of N(0, Σ);
    - `marginal(chosen)` and `regress(y, x)` are the covariances of some coordinates, and of some
      given others; `cov[index]` and `broadcast_to(shape)` act on the batch.
    """

    dim: int
    batch_shape: tuple[int, ...]

    @abstractmethod
    def dense(self) -> Array:
        """Return Σ as an array (..., d, d)."""

    @abstractmethod
    def factor(self) -> Array:
        """Return F (..., d, r) with Σ = F Fᵀ."""

    @abstractmethod
    def variances(self) -> Array:
        """Return the diagonal of Σ, (..., d)."""

    @abstractmethod
    def whiten(self, x: Array) -> Array:
        """Return z (..., r) with ‖z‖² = xᵀ Σ⁻¹ x, for x (..., d) that broadcasts with the batch."""

    @abstractmethod
    def log_det(self) -> Scalars:
        """Return log det Σ, (...)."""

    @abstractmethod
    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Return samples of N(0, Σ), (*shape, d); shape ends with the batch shape."""

    @abstractmethod
    def marginal(self, chosen: Index) -> Covariance:
        """Return the covariance of the chosen coordinates."""

    @abstractmethod
    def regress(self, y: Index, x: Index) -> tuple[Array, Covariance]:
        """Return W = Σxx⁻¹ Σxy (..., k, m) and the residual covariance Σyy − Σyx Σxx⁻¹ Σxy."""

    @abstractmethod
    def __getitem__(self, index: Any) -> Covariance:
        """Return the covariances at an index into the batch."""

    @abstractmethod
    def broadcast_to(self, batch_shape: tuple[int, ...]) -> Covariance:
        """Repeat the batch, without copying, to a shape it broadcasts to."""

    def trace(self) -> Scalars:
        """Return tr Σ, (...)."""
        return self.variances().sum(axis=-1)

    def __repr__(self) -> str:
        batch = f", batch_shape={self.batch_shape}" if self.batch_shape else ""
        return f"<{type(self).__name__} covariance, dim={self.dim}{batch}>"


@final
class Dense(Covariance):
    """A positive definite matrix Σ = L Lᵀ without further structure."""

    def __init__(self, matrix: Array, lower: Array) -> None:
        self._matrix = _frozen(matrix)
        self.lower = _frozen(lower)
        self.dim = matrix.shape[-1]
        self.batch_shape = matrix.shape[:-2]

    @classmethod
    def from_matrix(cls, matrix: Array, name: str = "cov") -> Dense:
        """Factorise a symmetric matrix, or say why it is not a covariance."""
        try:
            lower = _linalg.cholesky(matrix)
        except np.linalg.LinAlgError:
            index = _first_without_factor(matrix)
            _checks.refuse_not_positive_definite(name, matrix[index], index)
        pivots = _linalg.diagonal(lower) ** 2
        cutoff = _linalg.eigenvalue_cutoff(matrix.shape[-1]) * _linalg.diagonal(matrix)
        if (pivots <= cutoff).any():
            index = tuple(int(i) for i in np.argwhere((pivots <= cutoff).any(axis=-1))[0])
            _checks.refuse_not_positive_definite(name, matrix[index], index)
        return cls(matrix, lower)

    def dense(self) -> Array:
        return self._matrix

    def factor(self) -> Array:
        return self.lower

    def variances(self) -> Array:
        return _linalg.diagonal(self._matrix)

    def whiten(self, x: Array) -> Array:
        if self.batch_shape:
            return (self._inverse_lower @ x[..., None])[..., 0]
        return _linalg.solve_lower(self.lower, x.reshape(-1, self.dim).T).T.reshape(x.shape)

    def whiten_matrix(self, matrix: Array) -> Array:
        """Return L⁻¹ B for B (..., d, k)."""
        if self.batch_shape or matrix.ndim > 2:
            return self._inverse_lower @ matrix
        return _linalg.solve_lower(self.lower, matrix)

    @cached_property
    def _inverse_lower(self) -> Array:
        """L⁻¹, kept so that a table of n × m pairs inverts n + m factors."""
        return _linalg.invert_lower(self.lower)

    def log_det(self) -> Scalars:
        return 2.0 * np.log(_linalg.diagonal(self.lower)).sum(axis=-1)

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        normals = rng.standard_normal((*shape, self.dim))
        return (self.lower @ normals[..., None])[..., 0]

    def marginal(self, chosen: Index) -> Dense:
        return Dense.from_matrix(self._matrix[..., chosen[:, None], chosen])

    def regress(self, y: Index, x: Index) -> tuple[Array, Dense]:
        # The Cholesky factor of (x, y) holds the regression in its blocks.
        joint = self.marginal(np.concatenate([x, y]))
        k = len(x)
        weights = _linalg.transpose(_linalg.invert_lower(joint.lower[..., :k, :k])) @ (
            _linalg.transpose(joint.lower[..., k:, :k])
        )
        residual = joint.lower[..., k:, k:]
        return weights, Dense(residual @ _linalg.transpose(residual), residual)

    def __getitem__(self, index: Any) -> Dense:
        return Dense(self._matrix[index], self.lower[index])

    def broadcast_to(self, batch_shape: tuple[int, ...]) -> Dense:
        shape = (*batch_shape, self.dim, self.dim)
        return Dense(np.broadcast_to(self._matrix, shape), np.broadcast_to(self.lower, shape))


def _first_without_factor(matrix: Array) -> tuple[int, ...]:
    """Return the batch index of the first matrix that Cholesky refuses."""
    for index in np.ndindex(matrix.shape[:-2]):
        try:
            _linalg.cholesky(matrix[index])
        except np.linalg.LinAlgError:
            return index
    return ()


def _frozen(array: Array) -> Array:
    array.flags.writeable = False
    return array
