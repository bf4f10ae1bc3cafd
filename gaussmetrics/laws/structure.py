"""The contract of covariances: what every structure answers about itself alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

from gaussmetrics._array.linalg import frozen
from gaussmetrics._array.types import Array, Index, Mask, Scalars
from gaussmetrics.laws.given import Given


class Structure(ABC):
    """What every covariance answers, whatever is known of its structure.

    With F any matrix such that Σ = F Fᵀ and Σ⁺ the inverse on the support (the inverse itself,
    unless Σ is singular):

    - `dense()` is Σ, `factor()` is F, `half(B)` is Fᵀ B, `variances()` the diagonal of Σ;
    - `whiten(x)` is z with ‖z‖² = xᵀ Σ⁺ x, `log_det()` the logarithm of the product of the
      positive eigenvalues, `rank()` their number, `precisions()` the diagonal of Σ⁺;
    - `contains(x, noise)` tells whether x lies in the support, given the rounding of its entries;
      `unseen()` is how far off it the law itself may lie without what was given showing it, and
      `independent()` tells which coordinates determine all others on the support;
    - `draw(shape, rng)` are samples of N(0, Σ);
    - `marginal(chosen)` and `regress(y, x)` are the covariances of some coordinates, and of some
      given others; `cov[index]` and `broadcast_to(shape)` act on the batch;
    - `given` is the form in which Σ was given, kept unrounded: entries, columns with weights and
      noise, or a precision. The difference of two covariances is taken between these forms.
      Marginals and members of a batch keep it; where it ceases to be true, `given` is a factor.
    """

    dim: int
    batch_shape: tuple[int, ...]

    @property
    @abstractmethod
    def given(self) -> Given: ...

    @abstractmethod
    def dense(self) -> Array: ...

    @abstractmethod
    def factor(self) -> Array: ...

    @abstractmethod
    def half(self, columns: Array) -> Array: ...

    @abstractmethod
    def variances(self) -> Array: ...

    @abstractmethod
    def whiten(self, x: Array) -> Array: ...

    @abstractmethod
    def whiten_columns(self, columns: Array) -> Array:
        """Whiten every column of B (..., d, k) to a column of the result."""

    def whitened_factor(self) -> Array:
        """Return Σ^−½ F, a matrix of orthonormal rows where Σ is regular and without structure."""
        return self.whiten_columns(self.factor())

    @abstractmethod
    def log_det(self) -> Scalars: ...

    @abstractmethod
    def precisions(self) -> Array: ...

    @abstractmethod
    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array: ...

    @abstractmethod
    def marginal(self, chosen: Index) -> Structure: ...

    @abstractmethod
    def regress(self, y: Index, x: Index) -> tuple[Array, Structure]: ...

    @abstractmethod
    def _with_parts(self, change: Callable[[Array, int], Array]) -> Structure:
        """Rebuild from changed arrays; `change` gets each with its number of matrix dimensions."""

    def rank(self) -> Any:
        return self.dim

    def contains(self, x: Array, noise: Array) -> Any:
        del x, noise
        return True

    def unseen(self) -> Array:
        return np.zeros((*self.batch_shape, self.dim))

    def independent(self) -> Mask:
        return np.ones((*self.batch_shape, self.dim), dtype=bool)

    @property
    def singular(self) -> bool:
        """Whether some covariance of the batch may be singular."""
        return False

    def prepare(self) -> None:  # noqa: B027 - most structures need nothing more
        """Compute once what every pair with this covariance needs."""

    def trace(self) -> Scalars:
        return self.variances().sum(axis=-1)

    def __getitem__(self, index: Any) -> Structure:
        key = index if isinstance(index, tuple) else (index,)
        return self._with_parts(lambda part, core: part[key + (slice(None),) * core])

    def broadcast_to(self, batch_shape: tuple[int, ...]) -> Structure:
        """Repeat the batch, without copying, to a shape it broadcasts to."""

        def repeat(part: Array, core: int) -> Array:
            return np.broadcast_to(part, batch_shape + part.shape[part.ndim - core :])

        return self._with_parts(repeat)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Freeze the arrays again, which a pickle does not keep frozen."""
        self.__dict__.update(state)
        for value in state.values():
            for part in value if isinstance(value, tuple) else (value,):
                if isinstance(part, np.ndarray):
                    frozen(part)

    def __repr__(self) -> str:
        batch = f", batch_shape={self.batch_shape}" if self.batch_shape else ""
        return f"<{type(self).__name__} covariance, dim={self.dim}{batch}>"
