"""Likelihood ratios of equal normal laws, from the moments of the samples alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import add
from typing import Any, TypeAlias

import numpy as np

from gaussmetrics._array.types import Array
from gaussmetrics.laws.moments import Moments

Statistic: TypeAlias = Callable[[Sequence[Moments]], Any]
"""The moments of all samples in, one number or a batch of them out."""


def joint(samples: Sequence[Moments]) -> Any:
    """Compare means and covariances: N log|Σ| − Σ n log|Σ_g|, of maximum likelihood."""
    pooled = reduce(add, samples)
    parts = sum(m.count * _log_det(m.scatter / _times(m.count)) for m in samples)
    return pooled.count * _log_det(pooled.scatter / _times(pooled.count)) - parts


def of_means(samples: Sequence[Moments]) -> Any:
    """Compare means of samples with one covariance: N log (|A| / |W|), of Hotelling and Wilks."""
    pooled = reduce(add, samples)
    within = sum(m.scatter for m in samples)
    return pooled.count * (_log_det(pooled.scatter) - _log_det(within))


def of_covariances(samples: Sequence[Moments]) -> Any:
    """Compare covariances, whatever the means: Box's M = ν log|S| − Σ ν_g log|S_g|."""
    freedoms = [m.count - 1.0 for m in samples]
    within, total = sum(m.scatter for m in samples), sum(freedoms)
    parts = sum(v * _log_det(m.scatter / _times(v)) for v, m in zip(freedoms, samples, strict=True))
    return total * _log_det(within / _times(total)) - parts


def chosen(*, means: bool, covariances: bool) -> Statistic:
    """Return the statistic for what is to be compared."""
    if means and covariances:
        return joint
    return of_means if means else of_covariances


def _times(count: Any) -> Array:
    return np.asarray(count)[..., None, None]


def _log_det(matrix: Any) -> Any:
    sign, value = np.linalg.slogdet(matrix)
    return np.where(sign > 0, value, -np.inf)
