"""Weighted sums of two covariances, and noise added to one, in the structure they have."""

from __future__ import annotations

import numpy as np

from gaussmetrics._array import linalg, triangles
from gaussmetrics._array.types import Array
from gaussmetrics.laws.dense import Dense
from gaussmetrics.laws.diagonal import Diagonal
from gaussmetrics.laws.given import Columns, Entries
from gaussmetrics.laws.low_rank import LowRank
from gaussmetrics.laws.singular import Singular
from gaussmetrics.laws.structure import Structure


def midpoint(p: Structure, q: Structure) -> Structure:
    """Return the covariance (Σp + Σq) / 2."""
    return mixture(p, q, 0.5)


def mixture(p: Structure, q: Structure, t: float) -> Structure:
    """Return the covariance t Σp + (1 − t) Σq for t from 0 to 1."""
    if isinstance(p, Diagonal) and isinstance(q, Diagonal):
        return Diagonal(t * p.variances() + (1.0 - t) * q.variances())
    if both_low_rank(p, q):
        return mixture_of_low_rank(as_low_rank(p), as_low_rank(q), t)
    if p.singular or q.singular:
        columns = linalg.side_by_side(np.sqrt(t) * p.factor(), np.sqrt(1.0 - t) * q.factor())
        return Singular(columns)
    if not (p.given.knows_entries and q.given.knows_entries):
        columns = linalg.side_by_side(np.sqrt(t) * p.factor(), np.sqrt(1.0 - t) * q.factor())
        return Dense(triangles.triangle(columns), given=Columns(columns))
    matrix = t * p.dense() + (1.0 - t) * q.dense()
    return Dense(triangles.cholesky(matrix), matrix=matrix)


def mixture_of_low_rank(p: LowRank, q: LowRank, t: float) -> LowRank:
    """Return the covariance t Σp + (1 − t) Σq."""
    noise = t * p.noise + (1.0 - t) * q.noise
    if p.columns.shape == q.columns.shape and (p.columns == q.columns).all():
        # Twice the same columns would bring values of pure rounding beside a small noise.
        return LowRank(p.columns, noise)
    columns = linalg.side_by_side(np.sqrt(t) * p.columns, np.sqrt(1.0 - t) * q.columns)
    return LowRank(columns, noise)


def both_low_rank(p: Structure, q: Structure) -> bool:
    """Tell whether both are a few factors, or none, and noise everywhere."""
    kinds = (LowRank, Diagonal)
    return isinstance(p, kinds) and isinstance(q, kinds) and not (p.singular or q.singular)


def as_low_rank(cov: Structure) -> LowRank:
    """See independent variables as noise around a factor of zeros."""
    if isinstance(cov, LowRank):
        return cov
    return LowRank(np.zeros((*cov.batch_shape, cov.dim, 1)), cov.variances())


def as_dense(cov: Structure) -> Dense:
    """Forget the structure."""
    if isinstance(cov, Dense):
        return cov
    matrix = cov.dense()
    return Dense(triangles.cholesky(matrix), matrix=matrix)


def as_regular(cov: Structure) -> Structure:
    """See a covariance that might have been singular, and is not, as one without structure."""
    if not cov.singular:
        return cov
    lower = triangles.triangle(cov.factor())
    if isinstance(cov.given, Entries):
        return Dense(lower, matrix=cov.dense())
    return Dense(lower, given=cov.given)


def with_noise(cov: Structure, variance: Array) -> Structure:
    """Return Σ + v I for variances v (...), as exact as Σ was given."""
    v = variance[..., None]
    if isinstance(cov, Diagonal):
        return Diagonal(cov.variances() + v)
    if isinstance(cov, LowRank):
        return LowRank(cov.columns, cov.noise + v)
    if isinstance(cov, Singular) or not cov.given.knows_entries:
        return LowRank(cov.factor(), np.repeat(v, cov.dim, axis=-1))
    matrix = cov.dense() + v[..., None] * np.eye(cov.dim)
    return Dense(triangles.cholesky(matrix), matrix=matrix)
