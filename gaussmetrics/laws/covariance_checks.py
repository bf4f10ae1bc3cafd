"""Checks of covariances: matrices, variances and factors, and the texts of their errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np

from gaussmetrics._array import batch_last
from gaussmetrics._array.linalg import diagonal, eigenvalue_cutoff, transpose
from gaussmetrics._array.reading import (
    batch_shape,
    float_array,
    is_number,
    label,
    precision,
    real_array,
    refuse_infinite,
)
from gaussmetrics._array.types import Array
from gaussmetrics.laws.definiteness import correlations

SINGULAR_REMEDY = (
    "Drop redundant variables, shrink the covariance, or pass allow_singular=True "
    "to work on its support."
)

_TILE = 64


def square_matrix(name: str, value: Any) -> Array:
    """Check a stack of symmetric matrices; positive definiteness is left to the factorisation."""
    matrix = symmetric_matrix(name, value)
    if not np.isfinite(matrix).all():
        refuse_infinite(name, matrix, value)
    return matrix


def symmetric_matrix(name: str, value: Any) -> Array:
    """Check the same, where what is infinite is left to the factorisation, too."""
    hint = " For variances alone, use Covariance.from_diagonal."
    shape = getattr(value, "shape", None)
    if shape == () or (shape is None and is_number(value)):  # what np.cov makes of one variable
        hint = " Of one variable the covariance is [[v]], such as np.atleast_2d(np.cov(x))."
    given = float_array(name, value, shape="(..., d, d)", min_ndim=2, hint=hint)
    d = given.shape[-1]
    if given.shape[-2] != d or d == 0:
        raise ValueError(f"{name} must have shape (..., d, d), got {given.shape}.{hint}")
    return _symmetric_copy(name, given, value)


def _symmetric_copy(name: str, given: Array, value: Any) -> Array:
    """Copy matrices of floats, and look at both halves while they are at hand."""
    d = given.shape[-1]
    if given.ndim == 2 and d <= _TILE:
        matrix = given.copy()
        if (matrix == matrix.T).all():
            return matrix
    elif batch_last.suits(given):
        matrix = batch_last.copied(given)
        if batch_last.symmetric(matrix):
            return matrix
    matrix = np.empty(given.shape)
    flat, copies = given.reshape(-1, d, d), matrix.reshape(-1, d, d)
    for block in batch_last.blocks(flat.shape, cache=batch_last.NEAR_CACHE):
        copies[block] = flat[block]
        for rows, columns in _tiles(d):
            upper, lower = copies[block, rows, columns], transpose(copies[block, columns, rows])
            if not (upper == lower).all():
                _refuse_asymmetric(name, matrix, value, (block, rows, columns))
                upper[...] = lower[...] = 0.5 * upper + 0.5 * lower  # halved, so none overflows
    return matrix


def _tiles(dim: int) -> Iterator[tuple[slice, slice]]:
    """Cut a matrix on and above the diagonal into tiles of which the cache holds two."""
    starts = range(0, dim, _TILE)
    for i in starts:
        for j in starts[i // _TILE :]:
            yield slice(i, i + _TILE), slice(j, j + _TILE)


def _refuse_asymmetric(
    name: str, matrix: Array, value: Any, tile: tuple[slice, slice, slice]
) -> None:
    """Accept asymmetry at the level of rounding in the precision of the input, and no more."""
    block, rows, columns = tile
    given = matrix.reshape(-1, *matrix.shape[-2:])[block]
    upper, lower = given[:, rows, columns], transpose(given[:, columns, rows])
    if not (np.isfinite(upper).all() and np.isfinite(lower).all()):
        refuse_infinite(name, matrix, value)  # the blocks before are finite, or named first
    tolerance = np.sqrt(precision(value))
    scale = np.sqrt(np.abs(diagonal(given)))
    with np.errstate(over="ignore", invalid="ignore"):
        gap = np.abs(upper - lower)
        bad = gap > tolerance * scale[:, rows, None] * scale[:, None, columns]
    if bad.any():
        k, i, j = (int(k) for k in np.argwhere(bad)[0])
        batch = map(int, np.unravel_index(k + block.start, matrix.shape[:-2]))
        at = (*batch, i + rows.start, j + columns.start)
        mirrored = (*at[:-2], at[-1], at[-2])
        raise ValueError(
            f"{name} must be symmetric, but {name}{list(at)} = {matrix[at]:.6g} and "
            f"{name}{list(mirrored)} = {matrix[mirrored]:.6g}. "
            f"If the asymmetry is noise, pass ({name} + {name}.T) / 2."
        )


def refuse_not_positive_definite(name: str, matrix: Array, rounding: float) -> NoReturn:
    """Say which matrix of a batch is infinite, indefinite, or else singular."""
    refuse_indefinite(name, matrix, rounding, "definite")
    spectra = np.asarray(np.linalg.eigvalsh(correlations(matrix)))
    relative = spectra[..., 0] / np.where(spectra[..., -1] > 0, spectra[..., -1], 1.0)
    near = np.argwhere(relative <= eigenvalue_cutoff(matrix.shape[-1], rounding))
    index = tuple(
        int(i) for i in (near if len(near) else np.argwhere(relative == relative.min()))[0]
    )
    if name == "cov" and not matrix[index].any():
        raise ValueError(
            f"{label(name, index)} is zero: every column is constant. Give columns that vary, or "
            "pass allow_singular=True for a law that sits in one point."
        )
    remedy = SINGULAR_REMEDY if name == "cov" else "It has no inverse."
    raise ValueError(
        f"{label(name, index)} is singular: the smallest eigenvalue of its correlation matrix, "
        f"{spectra[index][0]:.6g}, is zero to rounding (largest {spectra[index][-1]:.6g}). {remedy}"
    )


def refuse_indefinite(name: str, matrix: Array, rounding: float, wanted: str) -> None:
    """Check Σ for negative eigenvalues beyond rounding."""
    if not np.isfinite(matrix).all():
        refuse_infinite(name, matrix, matrix)
    cutoff = eigenvalue_cutoff(matrix.shape[-1], rounding)
    spectra = np.linalg.eigvalsh(matrix)
    smallest, largest = spectra[..., 0], np.abs(spectra).max(axis=-1)
    negative = np.argwhere(smallest < -cutoff * largest)
    if len(negative):
        index = tuple(int(i) for i in negative[0])
        raise ValueError(
            f"{label(name, index)} must be positive {wanted}, but its smallest eigenvalue is "
            f"{smallest[index]:.6g} (largest {spectra[index][-1]:.6g}). A covariance has none "
            f"below zero: check how it was made. To set them to zero: w, V = "
            f"np.linalg.eigh({name}), then Covariance.from_eigendecomposition("
            "np.maximum(w, 0), V, allow_singular=True)."
        )


def variances(name: str, value: Any, *, allow_zero: bool) -> Array:
    """Check variances or eigenvalues: none negative, and none zero unless that is allowed."""
    v = real_array(name, value, shape="(..., d)", min_ndim=1)
    if v.shape[-1] == 0:
        raise ValueError(f"{name} must have at least one entry, got shape {v.shape}.")
    if (v < 0).any():
        at = [int(i) for i in np.argwhere(v < 0)[0]]
        raise ValueError(f"{name} must not be negative, but {name}{at} is {v[tuple(at)]:.6g}.")
    if not allow_zero and not v.all():
        at = [int(i) for i in np.argwhere(v == 0)[0]]
        raise ValueError(
            f"{name}{at} is zero, which makes the covariance singular. {SINGULAR_REMEDY}"
        )
    return v


def cholesky_factor(name: str, value: Any) -> Array:
    """Check a lower triangular factor; the signs of its columns do not matter."""
    lower = real_array(name, value, shape="(..., d, d)", min_ndim=2)
    d = lower.shape[-1]
    if lower.shape[-2] != d or d == 0:
        raise ValueError(f"{name} must have shape (..., d, d), got {lower.shape}.")
    above = np.argwhere(np.triu(lower, 1))
    if len(above):
        at = [int(i) for i in above[0]]
        raise ValueError(
            f"{name} must be lower triangular, but {name}{at} is {lower[tuple(at)]:.6g}. "
            f"Pass its transpose if it is upper triangular."
        )
    pivots = np.diagonal(lower, axis1=-2, axis2=-1)
    bad = np.argwhere(pivots == 0)
    if len(bad):
        at = [int(i) for i in bad[0]]
        raise ValueError(
            f"{name} must have a diagonal without zeros, but {name}{[*at, at[-1]]} is zero. "
            f"For a singular covariance, use Covariance.from_factor."
        )
    return lower * np.sign(pivots)[..., None, :]


def factor_matrix(name: str, value: Any) -> Array:
    """Check a factor of a covariance: one row a variable."""
    factor = real_array(name, value, shape="(..., d, r)", min_ndim=2)
    if 0 in factor.shape[-2:]:
        raise ValueError(
            f"{name} must have shape (..., d, r) with at least one row and one column, "
            f"got {factor.shape}."
        )
    return factor


def factor_diagonal(value: Any, factor: Array) -> Array:
    """Check the noise variances that go with a factor."""
    d = factor.shape[-2]
    noise = real_array("diagonal", value, shape="(..., d) or a number", min_ndim=0)
    if noise.ndim and noise.shape[-1] != d:
        raise ValueError(
            f"diagonal must have one entry for each of the {d} rows of factor, got {noise.shape}."
        )
    if (noise <= 0).any():
        at = [int(i) for i in np.argwhere(noise <= 0)[0]]
        raise ValueError(
            f"diagonal must be positive, but diagonal{at or ''} is {noise[tuple(at)]:.6g}. "
            f"Leave it out for a covariance F Fᵀ."
        )
    noise = np.array(np.broadcast_to(noise, (*noise.shape[:-1], d)))
    batch_shape("factor and diagonal", factor.shape[:-2], noise.shape[:-1])
    return noise


def not_singular(name: str, singular: bool, eigenvalues: Array) -> None:
    """Check that positive eigenvalues do not vanish beside the largest."""
    if singular:
        raise ValueError(
            f"{name} from {eigenvalues.min():.6g} to {eigenvalues.max():.6g} span more than double "
            f"precision, which makes the covariance singular. {SINGULAR_REMEDY}"
        )


def orthogonal_matrix(name: str, value: Any, eigenvalues: Array) -> Array:
    """Check that the columns of a square matrix are orthonormal, one for each eigenvalue."""
    v = real_array(name, value, shape="(..., d, d)", min_ndim=2)
    dim = eigenvalues.shape[-1]
    batch_shape("eigenvalues and eigenvectors", eigenvalues.shape[:-1], v.shape[:-2])
    if v.shape[-2:] != (dim, dim):
        raise ValueError(f"{name} must have shape (..., {dim}, {dim}), got {v.shape}.")
    defect = np.abs(transpose(v) @ v - np.eye(dim)).max(axis=(-2, -1), initial=0.0)
    bad = np.argwhere(np.atleast_1d(defect) > 1e-8)
    if len(bad):
        index = tuple(int(i) for i in bad[0]) if v.ndim > 2 else ()
        raise ValueError(
            f"{label(name, index)} must have orthonormal columns, but VᵀV differs from the "
            f"identity by {np.atleast_1d(defect)[tuple(bad[0])]:.2g}."
        )
    return v


def full_rank(name: str, rank: int, dim: int, allow_singular: bool) -> None:
    """Check that a covariance with a factor is nonsingular, unless that is allowed."""
    if rank < dim and not allow_singular:
        raise ValueError(f"{name} is singular: its rank is {rank} of {dim}. {SINGULAR_REMEDY}")
