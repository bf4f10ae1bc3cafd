"""The difference of two covariances, taken between what was given."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gaussmetrics._array import linalg, procrustes
from gaussmetrics._array.linalg import transpose
from gaussmetrics._array.types import Array
from gaussmetrics.laws.dense import Dense
from gaussmetrics.laws.low_rank import LowRank
from gaussmetrics.laws.singular import Singular
from gaussmetrics.laws.structure import Structure
from gaussmetrics.pairs.combinations import as_low_rank, both_low_rank


def whitened_difference(p: Structure, q: Structure, by: Structure) -> Array:
    """Return Σp − Σq, whitened on both sides; the difference is of what was given."""
    if given_by_factors(p, q):
        residual, aligned = procrustes.aligned_difference(p.factor(), q.factor())
        y, z = by.whiten_columns(residual), by.whiten_columns(aligned)
        whitened = y @ transpose(z) + z @ transpose(y) + y @ transpose(y)
    else:
        half = transpose(by.whiten_columns(_difference(p, q)))
        whitened = by.whiten_columns(half)
    return linalg.symmetric_part(whitened)


def _difference(p: Structure, q: Structure) -> Array:
    """Return Σp − Σq as a matrix."""
    if not both_low_rank(p, q):
        return p.dense() - q.dense()
    diagonal, left, right = low_rank_difference(as_low_rank(p), as_low_rank(q))
    return diagonal[..., None] * np.eye(p.dim) + left @ transpose(right)


def difference_along(p: Structure, q: Structure, rows: Array) -> Array:
    """Return A (Σp − Σq) Aᵀ for the rows of A (..., k, d); the difference is of what was given."""
    if given_by_factors(p, q):
        residual, aligned = procrustes.aligned_difference(p.factor(), q.factor())
        y, z = rows @ residual, rows @ aligned
        return y @ transpose(z) + z @ transpose(y) + y @ transpose(y)
    return rows @ _difference(p, q) @ transpose(rows)


def given_by_factors(p: Structure, q: Structure) -> bool:
    """Tell whether factors of both were given, which then know more than the matrices."""
    return all(isinstance(c, (Dense, Singular)) and not c.given_by_matrix for c in (p, q))


class DiagonalPlusProduct(NamedTuple):
    """The product Σ⁻¹ Δ = diag(a) + L Nᵀ of a low-rank precision and a low-rank difference."""

    diagonal: Array
    left: Array
    right: Array


def low_rank_difference(p: LowRank, q: LowRank) -> DiagonalPlusProduct:
    """Return Σp − Σq as a diagonal matrix and a product of thin ones."""
    r, z = procrustes.aligned_difference(p.columns, q.columns)
    left, right = linalg.side_by_side(r, z), linalg.side_by_side(r + z, r)
    return DiagonalPlusProduct(p.noise - q.noise, left, right)
