"""Affine images of laws: what is left of the structure of a covariance under x ↦ A x + b."""

from __future__ import annotations

from typing import Any

import numpy as np

from gaussmetrics._array import linalg
from gaussmetrics._array.linalg import transpose
from gaussmetrics._array.reading import batch_shape, real_array
from gaussmetrics._array.types import Array, Index
from gaussmetrics.laws.covariance import from_given, from_symmetric
from gaussmetrics.laws.dense import Dense
from gaussmetrics.laws.diagonal import Diagonal
from gaussmetrics.laws.given import Columns, Entries, Given, Precision
from gaussmetrics.laws.low_rank import LowRank
from gaussmetrics.laws.singular import Singular
from gaussmetrics.laws.structure import Structure


def scaled_choice(a: Array) -> Index | None:
    """Return which coordinate each row of A takes, if it takes one, and none is taken twice."""
    if a.ndim > 2 or not (np.count_nonzero(a, axis=1) == 1).all():
        return None
    chosen = np.argmax(a != 0, axis=1)
    return chosen if len(set(chosen)) == len(chosen) else None


def image(cov: Structure, a: Array, precision: float) -> Structure:
    """Return A Σ Aᵀ, singular or not, for A known to a relative `precision`."""
    chosen = scaled_choice(a)
    if chosen is not None:
        return _rescaled(cov.marginal(chosen), a[np.arange(len(a)), chosen])
    if isinstance(cov, Singular) and isinstance(cov.given, Entries):
        # A factor would show more digits of the support than the matrix has.
        matrix = linalg.symmetric_part(a @ cov.given.matrix @ transpose(a))
        rounding = max(precision, cov.precision)
        return from_symmetric(matrix, allow_singular=True, precision=rounding)
    given = cov.given
    if isinstance(given, Columns) and given.noise is None:
        return from_given(_with_batch(a @ given.columns, given.weights), precision)
    return from_given(Columns(a @ cov.factor()), precision)


def _with_batch(columns: Array, weights: Array | None) -> Columns:
    """Repeat weights to the batch of the columns."""
    if weights is None:
        return Columns(columns)
    shape = (*columns.shape[:-2], columns.shape[-1])
    return Columns(columns, np.broadcast_to(weights, shape))


def _rescaled(cov: Any, a: Array) -> Structure:
    """Return the covariance of a_i x_i in the structure of that of x, for a_i ≠ 0."""
    if isinstance(cov, Diagonal):
        return Diagonal((a * cov.deviations) ** 2)
    if isinstance(cov, LowRank):
        return LowRank(a[:, None] * cov.columns, (a * np.sqrt(cov.noise)) ** 2)
    given = _given(cov.given, a)
    if isinstance(cov, Dense):
        lower = a[:, None] * cov.lower * np.sign(a)
        if isinstance(given, Precision) and not np.isfinite(given.matrix).all():
            given = Columns(lower)
        return Dense(lower, given=given)
    matrix = given.matrix if isinstance(given, Entries) else None
    sizes = np.abs(a) * cov.sizes
    return Singular(a[:, None] * cov.columns, sizes, matrix, cov.precision, given)


def _given(given: Given, a: Array) -> Given:
    if isinstance(given, Columns):
        noise = None if given.noise is None else (a * np.sqrt(given.noise)) ** 2
        return Columns(a[:, None] * given.columns, given.weights, noise)
    if isinstance(given, Entries):
        return Entries(a[:, None] * given.matrix * a)
    return Precision(given.matrix / a[:, None] / a)


def matrix_of_map(value: Any, dim: int) -> Array:
    """Check the matrix of a linear map."""
    hint = " For one linear combination a of the coordinates pass a[None]."
    a = real_array("A", value, shape=f"(..., k, {dim})", min_ndim=2, hint=hint)
    if a.shape[-1] != dim or not a.shape[-2]:
        raise ValueError(
            f"A must have shape (..., k, {dim}), one column a coordinate of the law and at least "
            f"one row, got {a.shape}."
        )
    return a


def offset_of_map(value: Any, a: Array) -> Array:
    """Check the offset of an affine map, zero by default."""
    k = a.shape[-2]
    if value is None:
        return np.zeros(k)
    b = real_array("b", value, shape=f"(..., {k})", min_ndim=1)
    if b.shape[-1] != k:
        raise ValueError(f"b must have one entry a row of A, shape (..., {k}), got {b.shape}.")
    batch_shape("A and b", a.shape[:-2], b.shape[:-1])
    return b


def within_floats(mean: Array, variances: Array) -> None:
    """Check that an image is a law that floats can hold."""
    if not (np.isfinite(mean).all() and np.isfinite(variances).all()):
        raise ValueError(
            "the image of the law is not representable: its mean or its variances are beyond the "
            "largest float64. Use other units: divide A and b."
        )


def regular_image(cov: Structure) -> None:
    """Check that an image that may have a density has one."""
    tiny = np.finfo(np.float64).tiny
    if np.less(cov.rank(), cov.dim).any() or (cov.variances() < tiny).any():
        raise ValueError(
            "A determines no law with a density: its rows, seen from the law, depend on each "
            "other, or their variance underflows. Drop redundant rows, or pass "
            "allow_singular=True to work on the support of the image."
        )
