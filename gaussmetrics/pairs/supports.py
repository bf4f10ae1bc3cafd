"""Whether two laws live on one subspace, or one within that of the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gaussmetrics._array import linalg
from gaussmetrics._array.linalg import transpose
from gaussmetrics._array.types import Scalars
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.laws.structure import Structure


def ranges_agree(p: Structure, q: Structure) -> Any:
    """Tell whether both laws live on the same linear subspace."""
    if not (p.singular or q.singular):
        return True
    same_rank = np.equal(p.rank(), q.rank())
    return same_rank & range_within(p, q) if same_rank.any() else same_rank


def range_within(p: Structure, q: Structure) -> Any:
    """Tell whether the support of p lies in that of q."""
    if not q.singular:
        return True
    columns = transpose(p.factor())
    return _each_column(q).contains(columns, linalg.norm(columns)).all(axis=-1)


def infinite_unless(condition: Any, value: Scalars) -> Scalars:
    """Replace by infinity where a condition does not hold."""
    if condition is True:
        return value
    return np.where(condition, value, np.inf)[()]


def _each_column(cov: Structure) -> Structure:
    """Give the batch one more dimension, to broadcast with the columns of a matrix."""
    return cov[..., None] if cov.batch_shape else cov


def supports_agree(p: Gaussian, q: Gaussian) -> Any:
    """Tell whether both laws live on the same affine subspace."""
    if not (p.covariance.singular or q.covariance.singular):
        return True
    finite = np.isfinite(squared_mahalanobis(p, q, q.covariance))
    return finite & ranges_agree(p.covariance, q.covariance)


def infinite_beyond_floats(square: Callable[..., Scalars]) -> Callable[..., Scalars]:
    """Make a sum of squares infinite where it, or a sum on the way to it, leaves the floats."""

    def infinite(*operands: Any) -> Scalars:
        with np.errstate(over="ignore", invalid="ignore"):
            # ∞ − ∞ is NaN, and the smaller of NaN and ∞ is ∞ to fmin.
            return np.fmin(square(*operands), np.inf)

    return infinite


@infinite_beyond_floats
def squared_mahalanobis(p: Gaussian, q: Gaussian, cov: Structure) -> Scalars:
    """Return Δᵀ Σ⁻¹ Δ, infinite where the difference of the means leaves the support of Σ."""
    distance = linalg.sum_of_squares(cov.whiten(p.mean - q.mean), 1)
    return on_support(distance, p, q, cov)


def on_support(distance: Scalars, p: Gaussian, q: Gaussian, cov: Structure) -> Scalars:
    """Return the distance, infinite where the difference of the means leaves the support of Σ."""
    if not cov.singular:
        return distance
    magnitude = linalg.norm(p.mean) + linalg.norm(q.mean)
    return infinite_unless(cov.contains(p.mean - q.mean, magnitude), distance)
