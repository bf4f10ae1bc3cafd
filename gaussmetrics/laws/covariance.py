"""Covariance: how each structure is made, and which one fits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gaussmetrics._array import linalg, reading, triangles
from gaussmetrics._array.linalg import transpose
from gaussmetrics._array.types import Array
from gaussmetrics.laws import covariance_checks
from gaussmetrics.laws.definiteness import some_factor_singular
from gaussmetrics.laws.dense import Dense, regular_factor
from gaussmetrics.laws.diagonal import Diagonal
from gaussmetrics.laws.given import Columns, Precision
from gaussmetrics.laws.low_rank import LowRank
from gaussmetrics.laws.singular import Singular
from gaussmetrics.laws.structure import Structure


class Covariance(Structure):
    """A batch of covariance matrices Σ of shape (..., d, d), checked and factorised once.

    Pass a matrix to `Gaussian` for a covariance without structure, or make one here from its
    variances, a factor, its precision or its eigenvalues: the structure is kept, and with it the
    accuracy of what was given. All of them fulfil one contract: `dense()` is Σ, `variances()` its
    diagonal, `rank()` its rank, `log_det()` the logarithm of the product of its positive
    eigenvalues, and `cov[index]` picks from the batch.

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

    @staticmethod
    def from_diagonal(variances: ArrayLike, *, allow_singular: bool = False) -> Structure:
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
        return Diagonal(
            covariance_checks.variances("variances", variances, allow_zero=allow_singular)
        )

    @staticmethod
    def from_cholesky(lower: ArrayLike) -> Structure:
        """Return L Lᵀ for a lower triangular L (..., d, d) without zeros on its diagonal.

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
            If L is not lower triangular, or has a zero on its diagonal.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> gm.Covariance.from_cholesky([[1.0, 0.0], [2.0, 3.0]]).dense()
        array([[ 1.,  2.],
               [ 2., 13.]])
        """
        triangle = covariance_checks.cholesky_factor("lower", lower)
        return Dense(triangle)

    @staticmethod
    def from_factor(factor: ArrayLike, diagonal: ArrayLike | None = None) -> Structure:
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
        columns = covariance_checks.factor_matrix("factor", factor)
        if diagonal is None:
            return from_columns(columns, reading.precision(factor))
        noise = covariance_checks.factor_diagonal(diagonal, columns)
        batch = np.broadcast_shapes(columns.shape[:-2], noise.shape[:-1])
        low_rank = LowRank(columns, noise).broadcast_to(batch)
        if columns.shape[-1] < low_rank.dim:
            return low_rank
        return Dense(triangles.triangle(low_rank.factor()), given=low_rank.given)

    @staticmethod
    def from_precision(precision: ArrayLike) -> Structure:
        """Return P⁻¹ for a symmetric positive definite precision matrix P (..., d, d).

        Parameters
        ----------
        precision : (..., d, d) array_like
            P.

        Returns
        -------
        Covariance
            Without structure, known by its precision.

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
        matrix = covariance_checks.square_matrix("precision", precision)
        rounding = reading.precision(precision)
        # Factorised from the last row up, P = U Uᵀ, so that U⁻ᵀ is lower triangular.
        upper = Dense.from_matrix(matrix[..., ::-1, ::-1], "precision", rounding).lower[
            ..., ::-1, ::-1
        ]
        reversed_inverse = triangles.invert_lower(upper[..., ::-1, ::-1])
        lower = np.ascontiguousarray(transpose(reversed_inverse[..., ::-1, ::-1]))
        inverse = np.ascontiguousarray(transpose(upper))
        return Dense(lower, given=Precision(matrix), inverse=inverse)

    @staticmethod
    def from_eigendecomposition(
        eigenvalues: ArrayLike, eigenvectors: ArrayLike, *, allow_singular: bool = False
    ) -> Structure:
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
            Without structure, known by its eigenvalues and eigenvectors.

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
        w = covariance_checks.variances("eigenvalues", eigenvalues, allow_zero=allow_singular)
        v = covariance_checks.orthogonal_matrix("eigenvectors", eigenvectors, w)
        batch = np.broadcast_shapes(w.shape[:-1], v.shape[:-2])
        v = np.broadcast_to(v, (*batch, *v.shape[-2:]))
        w = np.broadcast_to(w, (*batch, *w.shape[-1:]))
        covariance = from_given(Columns(v, weights=w))
        if not allow_singular:
            covariance_checks.not_singular("eigenvalues", covariance.singular, w)
        return covariance


for structure in (Dense, Diagonal, LowRank, Singular):
    Covariance.register(structure)


def from_symmetric(
    matrix: Array, *, allow_singular: bool = False, precision: float = linalg.EPS
) -> Structure:
    """Return the covariance of a checked symmetric matrix; singular ones only if allowed."""
    if not allow_singular:
        return Dense.from_matrix(matrix, precision=precision)
    lower = regular_factor(matrix, precision)
    if lower is not None:
        return Dense(lower, matrix=matrix)
    covariance_checks.refuse_indefinite("cov", matrix, precision, "semidefinite")
    return Singular.from_matrix(matrix, precision)


def stacked(covs: Sequence[Any]) -> Structure:
    """Return covariances of one batch shape as one batch, with the structure all of them have."""
    if _given_alike(covs):
        given = covs[0].given
        parts = zip(*(cov.given for cov in covs), strict=True)
        given = given._make(None if part[0] is None else np.stack(part) for part in parts)
        return Dense(np.stack([cov.lower for cov in covs]), given=given)
    kinds = {type(cov) for cov in covs}
    if kinds == {Diagonal}:
        return Diagonal(np.stack([cov.variances() for cov in covs]))
    if kinds == {LowRank}:
        columns = _of_one_width([cov.columns for cov in covs])
        return LowRank(columns, np.stack([cov.noise for cov in covs]))
    if all(cov.given.knows_entries for cov in covs):
        return from_symmetric(np.stack([cov.dense() for cov in covs]), allow_singular=True)
    return from_columns(_of_one_width([cov.factor() for cov in covs]))


def _given_alike(covs: Sequence[Any]) -> bool:
    """Tell whether all are without structure, and given in one form by arrays of one shape."""
    forms = {(type(cov), type(cov.given), *map(np.shape, cov.given)) for cov in covs}
    return len(forms) == 1 and isinstance(covs[0], Dense)


def _of_one_width(factors: Sequence[Array]) -> Array:
    """Stack factors (..., d, r), the narrower ones filled up with columns of zeros."""
    result = np.zeros((len(factors), *factors[0].shape[:-1], max(f.shape[-1] for f in factors)))
    for target, factor in zip(result, factors, strict=True):
        target[..., : factor.shape[-1]] = factor
    return result


def from_columns(columns: Array, precision: float = linalg.EPS) -> Structure:
    """Return F Fᵀ: positive definite if F has d independent columns, singular otherwise."""
    return from_given(Columns(columns), precision)


def from_given(given: Columns, precision: float = linalg.EPS) -> Structure:
    """Return F diag(w) Fᵀ + diag(v)."""
    columns = given.factor()
    d, r = columns.shape[-2:]
    if r >= d:
        lower = triangles.triangle(columns)
        cutoff = linalg.eigenvalue_cutoff(r, precision)
        if not some_factor_singular(columns, lower, cutoff):
            return Dense(lower, given=given)
    return Singular(columns, precision=precision, given=given)
