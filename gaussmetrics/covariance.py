"""Covariances: one contract, and a small final class for each structure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaussmetrics import _batch_last, _checks, _linalg
from gaussmetrics._linalg import sum_of_squares, transpose
from gaussmetrics._typing import Array, Scalars

Index: TypeAlias = NDArray[np.intp]


class Covariance(ABC):
    """A batch of covariance matrices Σ of shape (..., d, d), checked and factorised once.

    Pass a matrix to `Gaussian` for a covariance without structure, or make one here from its
    variances, a factor, its precision or its eigenvalues: the structure is kept, and with it the
    accuracy of what was given.

    The contract every structure fulfils, with F any matrix such that Σ = F Fᵀ and Σ⁺ the inverse
    on the support (the inverse itself, unless Σ is singular):

    - `dense()` is Σ, `factor()` is F, `half(B)` is Fᵀ B, `variances()` the diagonal of Σ;
    - `whiten(x)` is z with ‖z‖² = xᵀ Σ⁺ x, `log_det()` the logarithm of the product of the
      positive eigenvalues, `rank()` their number, `precisions()` the diagonal of Σ⁺;
    - `contains(x, magnitude)` tells whether x lies in the support, up to rounding of numbers as
      large as `magnitude`;
    - `draw(shape, rng)` are samples of N(0, Σ);
    - `marginal(chosen)` and `regress(y, x)` are the covariances of some coordinates, and of some
      given others; `cov[index]` and `broadcast_to(shape)` act on the batch.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> gm.Covariance.from_diagonal([1.0, 4.0]).dense()
    array([[1., 0.],
           [0., 4.]])
    >>> p = gm.Gaussian([0.0, 0.0, 0.0], gm.Covariance.from_factor([[1.0], [2.0], [2.0]]))
    >>> print(p.covariance.rank())
    1
    """

    dim: int
    batch_shape: tuple[int, ...]

    @staticmethod
    def from_diagonal(variances: ArrayLike, *, allow_singular: bool = False) -> Covariance:
        """Return the covariance diag(v) of independent variables.

        Parameters
        ----------
        variances : (..., d) array_like
            Positive, or not negative if `allow_singular`.
        allow_singular : bool
            Accept variables that do not vary.

        Returns
        -------
        Covariance
            Diagonal: all costs are O(d).

        Raises
        ------
        ValueError
            If a variance is negative, or zero without `allow_singular`.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> gm.Covariance.from_diagonal([1.0, 4.0])
        <Diagonal covariance, dim=2>
        """
        return Diagonal(_checks.variances("variances", variances, allow_zero=allow_singular))

    @staticmethod
    def from_cholesky(lower: ArrayLike) -> Covariance:
        """Return L Lᵀ for a lower triangular L (..., d, d) with a positive diagonal.

        Distances between two laws given so are as accurate as the factors, whose condition number
        is the square root of that of the matrices.

        Parameters
        ----------
        lower : (..., d, d) array_like
            L, the Cholesky factor.

        Returns
        -------
        Covariance
            Without structure, known by its factor.

        Raises
        ------
        ValueError
            If L is not lower triangular with a positive diagonal.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> gm.Covariance.from_cholesky([[1.0, 0.0], [2.0, 3.0]]).dense()
        array([[ 1.,  2.],
               [ 2., 13.]])
        """
        triangle = _checks.cholesky_factor("lower", lower)
        return Dense(triangle, factor=triangle)

    @staticmethod
    def from_factor(factor: ArrayLike, diagonal: ArrayLike | None = None) -> Covariance:
        """Return F Fᵀ, or F Fᵀ + diag(v).

        Without a diagonal the law lives on the range of F, and is singular if F has fewer than
        d independent columns. With one, costs grow with d r² and never with d³, except for
        Wasserstein distances with variances v that differ from each other.

        Parameters
        ----------
        factor : (..., d, r) array_like
            F: one row a variable, one column a latent factor.
        diagonal : (..., d) or () array_like, optional
            Positive variances v; one number stands for d equal ones.

        Returns
        -------
        Covariance
            Singular, low-rank plus diagonal, or, for d columns or more, without structure.

        Raises
        ------
        ValueError
            If shapes do not fit or a variance is not positive.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> gm.Covariance.from_factor([[1.0], [2.0]], 0.5).dense()
        array([[1.5, 2. ],
               [2. , 4.5]])
        """
        columns = _checks.factor_matrix("factor", factor)
        if diagonal is None:
            return _from_columns(columns)
        low_rank = LowRank(columns, _checks.factor_diagonal(diagonal, columns))
        if columns.shape[-1] < low_rank.dim:
            return low_rank
        return Dense(_linalg.triangle(low_rank.factor()), factor=low_rank.factor())

    @staticmethod
    def from_precision(precision: ArrayLike) -> Covariance:
        """Return P⁻¹ for a symmetric positive definite precision matrix P (..., d, d).

        Parameters
        ----------
        precision : (..., d, d) array_like
            P.

        Returns
        -------
        Covariance
            Without structure, known by a factor of P⁻¹.

        Raises
        ------
        ValueError
            If P is asymmetric, indefinite or singular.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> gm.Covariance.from_precision([[4.0, 0.0], [0.0, 0.25]]).dense()
        array([[0.25, 0.  ],
               [0.  , 4.  ]])
        """
        matrix = _checks.square_matrix("precision", precision)
        # Factorised from the last row up, P = U Uᵀ, so that U⁻ᵀ is lower triangular.
        upper = Dense.from_matrix(matrix[..., ::-1, ::-1], "precision").lower[..., ::-1, ::-1]
        reversed_inverse = _linalg.invert_lower(upper[..., ::-1, ::-1])
        lower = np.ascontiguousarray(transpose(reversed_inverse[..., ::-1, ::-1]))
        return Dense(lower, factor=lower)

    @staticmethod
    def from_eigendecomposition(
        eigenvalues: ArrayLike, eigenvectors: ArrayLike, *, allow_singular: bool = False
    ) -> Covariance:
        """Return V diag(w) Vᵀ for eigenvalues w (..., d) and orthonormal columns V (..., d, d).

        Parameters
        ----------
        eigenvalues : (..., d) array_like
            w, positive, or not negative if `allow_singular`.
        eigenvectors : (..., d, d) array_like
            V, one eigenvector a column.
        allow_singular : bool
            Accept eigenvalues of zero.

        Returns
        -------
        Covariance
            Without structure, known by its factor V √w.

        Raises
        ------
        ValueError
            If an eigenvalue is negative, or zero without `allow_singular`, or V is not orthogonal.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> gm.Covariance.from_eigendecomposition([1.0, 9.0], [[0.0, 1.0], [1.0, 0.0]]).dense()
        array([[9., 0.],
               [0., 1.]])
        """
        w = _checks.variances("eigenvalues", eigenvalues, allow_zero=allow_singular)
        v = _checks.orthogonal_matrix("eigenvectors", eigenvectors, w)
        covariance = _from_columns(v * np.sqrt(w)[..., None, :])
        if not allow_singular:
            _checks.not_singular("eigenvalues", covariance.singular, w)
        return covariance

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

    @abstractmethod
    def log_det(self) -> Scalars: ...

    @abstractmethod
    def precisions(self) -> Array: ...

    @abstractmethod
    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array: ...

    @abstractmethod
    def marginal(self, chosen: Index) -> Covariance: ...

    @abstractmethod
    def regress(self, y: Index, x: Index) -> tuple[Array, Covariance]: ...

    @abstractmethod
    def _with_parts(self, change: Callable[[Array, int], Array]) -> Covariance:
        """Rebuild from changed arrays; `change` gets each with its number of matrix dimensions."""

    def rank(self) -> Any:
        return self.dim

    def contains(self, x: Array, magnitude: Scalars) -> Any:
        del x, magnitude
        return True

    @property
    def singular(self) -> bool:
        """Whether some covariance of the batch may be singular."""
        return False

    @property
    def given_by_matrix(self) -> bool:
        """Whether entries of Σ were given, which then know more than the factor."""
        return False

    def prepare(self) -> None:  # noqa: B027 - most structures need nothing more
        """Compute once what every pair with this covariance needs."""

    def trace(self) -> Scalars:
        return self.variances().sum(axis=-1)

    def __getitem__(self, index: Any) -> Covariance:
        key = index if isinstance(index, tuple) else (index,)
        return self._with_parts(lambda part, core: part[key + (slice(None),) * core])

    def broadcast_to(self, batch_shape: tuple[int, ...]) -> Covariance:
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
                    _frozen(part)

    def __repr__(self) -> str:
        batch = f", batch_shape={self.batch_shape}" if self.batch_shape else ""
        return f"<{type(self).__name__} covariance, dim={self.dim}{batch}>"


@final
class Dense(Covariance):
    """A positive definite Σ = L Lᵀ without further structure.

    It remembers what was given, the matrix or a factor of it: the difference of two nearly equal
    covariances is taken between what was given.
    """

    def __init__(
        self,
        lower: Array,
        *,
        matrix: Array | None = None,
        factor: Array | None = None,
        inverse: Array | None = None,
    ) -> None:
        self.lower = _frozen(lower)
        self.given_factor = None if factor is None else _frozen(factor)
        self._matrix = None if matrix is None else _frozen(matrix)
        self._inverse = None if inverse is None else _frozen(inverse)
        self.dim = lower.shape[-1]
        self.batch_shape = lower.shape[:-2]

    @classmethod
    def from_matrix(cls, matrix: Array, name: str = "cov") -> Dense:
        """Factorise a symmetric matrix, or say why it is no covariance."""
        try:
            lower = _linalg.cholesky(matrix)
        except np.linalg.LinAlgError:
            _checks.refuse_not_positive_definite(name, matrix)
        if not _is_well_factorised(matrix, lower):
            _checks.refuse_not_positive_definite(name, matrix)
        return cls(lower, matrix=matrix)

    def dense(self) -> Array:
        if self._matrix is None:
            self._matrix = _frozen(self.lower @ transpose(self.lower))
        return self._matrix

    @property
    def given_by_matrix(self) -> bool:
        return self.given_factor is None

    def factor(self) -> Array:
        return self.lower if self.given_factor is None else self.given_factor

    def half(self, columns: Array) -> Array:
        return transpose(self.factor()) @ columns

    def variances(self) -> Array:
        if self._matrix is None:
            return np.asarray(sum_of_squares(self.lower, 1))
        return _linalg.diagonal(self._matrix)

    def whiten(self, x: Array) -> Array:
        if self._matches_few(x.shape[:-1]):
            return self._substitute(x[..., None], 1)[..., 0]
        if self.batch_shape:
            return (self._inverse_lower() @ x[..., None])[..., 0]
        return _linalg.solve_lower(self.lower, x.reshape(-1, self.dim).T).T.reshape(x.shape)

    def whiten_columns(self, columns: Array) -> Array:
        if self.batch_shape or columns.ndim > 2:
            return self._inverse_lower() @ columns
        return _linalg.solve_lower(self.lower, columns)

    def whiten_lower(self, other: Array) -> Array:
        """Return L⁻¹ K for a lower triangular K (..., d, d)."""
        if self._matches_few(other.shape[:-2]):
            return self._substitute(other, 0)
        if self.batch_shape or other.ndim > 2:
            return self._inverse_lower() @ other
        return _linalg.solve_lower_triangle(self.lower, other)

    def whitened_squares(self, other: Array, x: Array) -> tuple[Scalars, Scalars]:
        """Return ‖L⁻¹ K‖² for a lower triangular K (..., d, d), and ‖L⁻¹ x‖²."""
        if self._matches_few(other.shape[:-2]) and self._matches_few(x.shape[:-1]):
            flat = (part.reshape(-1, *part.shape[self.lower.ndim - 2 :]) for part in (other, x))
            squares = _batch_last.whitened_squares(self._flat_lower(), *flat)
            return squares[0].reshape(self.batch_shape), squares[1].reshape(self.batch_shape)
        return sum_of_squares(self.whiten_lower(other), 2), sum_of_squares(self.whiten(x), 1)

    def _matches_few(self, batch_shape: tuple[int, ...]) -> bool:
        """Tell whether substitution in step with another batch beats inverting this one."""
        return self._inverse is None and self.dim <= 8 and self.batch_shape == batch_shape != ()

    def _substitute(self, columns: Array, full: int) -> Array:
        flat = columns.reshape(-1, *columns.shape[-2:])
        return _batch_last.solve_lower_batch(self._flat_lower(), flat, full=full).reshape(
            columns.shape
        )

    def _flat_lower(self) -> Array:
        return self.lower.reshape(-1, self.dim, self.dim)

    def _inverse_lower(self) -> Array:
        """L⁻¹, kept so that a table of n × m pairs inverts n + m factors."""
        if self._inverse is None:
            self._inverse = _frozen(_linalg.invert_lower(self.lower))
        return self._inverse

    def prepare(self) -> None:
        self._inverse_lower()

    def log_det(self) -> Scalars:
        return 2.0 * np.log(_linalg.diagonal(self.lower)).sum(axis=-1)

    def precisions(self) -> Array:
        return np.asarray(sum_of_squares(transpose(self._inverse_lower()), 1))

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        normals = rng.standard_normal((*shape, self.dim))
        return (self.lower @ normals[..., None])[..., 0]

    def marginal(self, chosen: Index) -> Dense:
        lower = _linalg.triangle(self.lower[..., chosen, :])
        if self.given_factor is not None:
            return Dense(lower, factor=self.given_factor[..., chosen, :])
        return Dense(lower, matrix=self.dense()[..., chosen[:, None], chosen])

    def regress(self, y: Index, x: Index) -> tuple[Array, Dense]:
        # The Cholesky factor of (x, y) holds the regression in its blocks.
        lower, k = self.marginal(np.concatenate([x, y])).lower, len(x)
        inverse = _linalg.invert_lower(lower[..., :k, :k])
        residual = np.ascontiguousarray(lower[..., k:, k:])
        return transpose(lower[..., k:, :k] @ inverse), Dense(residual, factor=residual)

    def _with_parts(self, change: Callable[[Array, int], Array]) -> Dense:
        def changed(part: Array | None) -> Array | None:
            return None if part is None else change(part, 2)

        return Dense(
            change(self.lower, 2),
            matrix=changed(self._matrix),
            factor=changed(self.given_factor),
            inverse=changed(self._inverse),
        )


@final
class Diagonal(Covariance):
    """Independent variables, Σ = diag(v); those with v = 0 do not vary."""

    def __init__(self, variances: Array) -> None:
        self._variances = _frozen(variances)
        self.dim = variances.shape[-1]
        self.batch_shape = variances.shape[:-1]

    @cached_property
    def deviations(self) -> Array:
        """The standard deviations √v."""
        return _frozen(np.sqrt(self._variances))

    @cached_property
    def _whitener(self) -> Array:
        positive = self._variances > 0
        return _frozen(np.where(positive, 1.0 / np.where(positive, self.deviations, 1.0), 0.0))

    @property
    def given_by_matrix(self) -> bool:
        return True

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

    def contains(self, x: Array, magnitude: Scalars) -> Any:
        tolerance = _linalg.eigenvalue_cutoff(self.dim) * np.asarray(magnitude)[..., None]
        return ((self._variances > 0) | (np.abs(x) <= tolerance)).all(axis=-1)

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


@final
class LowRank(Covariance):
    """A few latent factors and independent noise, Σ = F Fᵀ + diag(v) with v > 0.

    With D = diag(v) and the singular value decomposition D^−½ F = U s Wᵀ,
    Σ^−½ = (I − U Uᵀ + U (1 + s²)^−½ Uᵀ) D^−½ up to a rotation. All costs are O(d r²).
    """

    def __init__(self, columns: Array, noise: Array) -> None:
        self.columns = _frozen(columns)
        self.noise = _frozen(noise)
        self.dim = noise.shape[-1]
        self.batch_shape = np.broadcast_shapes(columns.shape[:-2], noise.shape[:-1])

    @cached_property
    def _spectrum(self) -> tuple[Array, Array, Array]:
        """U (..., d, r), s (..., r) and Wᵀ (..., r, r)."""
        scaled = self.columns / np.sqrt(self.noise)[..., None]
        u, s, wt = np.linalg.svd(scaled, full_matrices=False)
        return _frozen(u), _frozen(s), _frozen(wt)

    @property
    def isotropic(self) -> bool:
        """Whether the noise is one variance for all variables."""
        return bool((self.noise == self.noise[..., :1]).all())

    def dense(self) -> Array:
        return self.columns @ transpose(self.columns) + self.noise[..., None] * np.eye(self.dim)

    def factor(self) -> Array:
        noise = np.sqrt(self.noise)[..., None] * np.eye(self.dim)
        return _linalg.side_by_side(self.columns, noise)

    def half(self, columns: Array) -> Array:
        return _linalg.stacked(
            transpose(self.columns) @ columns, np.sqrt(self.noise)[..., None] * columns
        )

    def variances(self) -> Array:
        return self.noise + sum_of_squares(self.columns, 1)

    def whiten(self, x: Array) -> Array:
        return self.whiten_columns(x[..., None])[..., 0]

    def whiten_columns(self, columns: Array) -> Array:
        inside, outside = self._split(columns / np.sqrt(self.noise)[..., None])
        s = self._spectrum[1]
        return _linalg.stacked(inside / np.sqrt(1.0 + s * s)[..., None], outside)

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
        s = self._spectrum[1]
        return np.log(self.noise).sum(axis=-1) + np.log1p(s * s).sum(axis=-1)

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


@final
class Singular(Covariance):
    """Σ = F Fᵀ of any rank: the law lives on the range of F.

    Singular values of F below the cutoff count as zero. `scale` is the size their rounding is
    measured by, the largest of them unless F is what is left of something larger. `matrix` is
    given where F was computed from it.
    """

    def __init__(
        self, columns: Array, scale: Array | None = None, matrix: Array | None = None
    ) -> None:
        self.columns = _frozen(columns)
        self.scale = None if scale is None else _frozen(np.asarray(scale))
        self.given_matrix = None if matrix is None else _frozen(matrix)
        self.dim = columns.shape[-2]
        self.batch_shape = columns.shape[:-2]

    @cached_property
    def _spectrum(self) -> tuple[Array, Array]:
        """Orthonormal U (..., d, k) and s (..., k), both zero beyond the rank."""
        u, s, _ = np.linalg.svd(self.columns, full_matrices=False)
        scale = s.max(axis=-1, initial=0.0) if self.scale is None else self.scale
        cutoff = _linalg.eigenvalue_cutoff(max(self.columns.shape[-2:]))
        kept = s > cutoff * np.asarray(scale)[..., None]
        return _frozen(u * kept[..., None, :]), _frozen(s * kept)

    @cached_property
    def _whitener(self) -> Array:
        """Rows u / s of the support, (..., k, d)."""
        u, s = self._spectrum
        return _frozen(transpose(u / np.where(s > 0, s, 1.0)[..., None, :]))

    @property
    def given_by_matrix(self) -> bool:
        return self.given_matrix is not None

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
        tolerance = np.minimum(_linalg.eigenvalue_cutoff(25 * self.dim) * spread, 1e-6)
        return _linalg.norm(outside) <= tolerance * np.maximum(magnitude, _linalg.norm(x))

    @property
    def singular(self) -> bool:
        return True

    def precisions(self) -> Array:
        return np.asarray(sum_of_squares(transpose(self._whitener), 1))

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        normals = rng.standard_normal((*shape, self.columns.shape[-1]))
        return (self.columns @ normals[..., None])[..., 0]

    def marginal(self, chosen: Index) -> Covariance:
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
        return Singular(change(self.columns, 2), scale, matrix)


def from_symmetric(matrix: Array, *, allow_singular: bool = False) -> Covariance:
    """Return the covariance of a checked symmetric matrix; singular ones only if allowed."""
    if not allow_singular:
        return Dense.from_matrix(matrix)
    try:
        lower = _linalg.cholesky(matrix)
        if _is_well_factorised(matrix, lower):
            return Dense(lower, matrix=matrix)
    except np.linalg.LinAlgError:
        pass
    w, v = np.linalg.eigh(matrix)
    _checks.not_indefinite("cov", w)
    kept = w > _linalg.eigenvalue_cutoff(matrix.shape[-1]) * w[..., -1:]
    return Singular(v * np.sqrt(np.where(kept, w, 0.0))[..., None, :], matrix=matrix)


def stacked(covs: Sequence[Any]) -> Covariance:
    """Return covariances of one batch shape as one batch, with the structure all of them have."""
    kinds = {type(cov) for cov in covs}
    if kinds == {Diagonal}:
        return Diagonal(np.stack([cov.variances() for cov in covs]))
    if kinds == {LowRank}:
        columns = _of_one_width([cov.columns for cov in covs])
        return LowRank(columns, np.stack([cov.noise for cov in covs]))
    if all(cov.given_by_matrix for cov in covs):
        return from_symmetric(np.stack([cov.dense() for cov in covs]), allow_singular=True)
    return _from_columns(_of_one_width([cov.factor() for cov in covs]))


def _of_one_width(factors: Sequence[Array]) -> Array:
    """Stack factors (..., d, r), the narrower ones filled up with columns of zeros."""
    result = np.zeros((len(factors), *factors[0].shape[:-1], max(f.shape[-1] for f in factors)))
    for target, factor in zip(result, factors, strict=True):
        target[..., : factor.shape[-1]] = factor
    return result


def _from_columns(columns: Array) -> Covariance:
    """Return F Fᵀ: positive definite if F has d independent columns, singular otherwise."""
    d, r = columns.shape[-2:]
    if r < d:
        return Singular(columns)
    lower = _linalg.triangle(columns)
    rows = np.sqrt(sum_of_squares(columns, 1))
    if (_linalg.diagonal(lower) <= _linalg.eigenvalue_cutoff(r) * rows).any():
        return Singular(columns)
    return Dense(lower, factor=columns)


def _is_well_factorised(matrix: Array, lower: Array) -> bool:
    """Tell whether every variable has some variance left that the ones before do not explain."""
    pivots = _linalg.diagonal(lower) ** 2
    return bool(
        (pivots > _linalg.eigenvalue_cutoff(matrix.shape[-1]) * _linalg.diagonal(matrix)).all()
    )


def _frozen(array: Array) -> Array:
    if array.flags.writeable:
        array.flags.writeable = False
    return array
