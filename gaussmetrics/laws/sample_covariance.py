"""Covariances of samples: dense from many rows, a factor from few, and shrunk on request."""

from __future__ import annotations

from typing import Any

import numpy as np

from gaussmetrics._array.linalg import sum_of_squares, transpose
from gaussmetrics._array.two_floats import deviations, shifted, split
from gaussmetrics._array.types import Array, Mask, Scalars
from gaussmetrics.laws import intensity, sample_checks
from gaussmetrics.laws.blocks import first_row
from gaussmetrics.laws.low_rank import LowRank
from gaussmetrics.laws.moments import Moments
from gaussmetrics.laws.singular import Singular
from gaussmetrics.laws.structure import Structure

_SMALLEST = float(np.finfo(np.float64).tiny)
"""Squares smaller than this have lost digits; rounding of so many of them adds up."""


def few_samples(
    rows: Array, weights: Array | None, ddof: float, shrinkage: float | str
) -> tuple[Array, Structure]:
    """Return the mean and the covariance F Fᵀ of n ≤ d rows, whose factor F has n columns."""
    w = np.ones(rows.shape[:-1]) if weights is None else np.broadcast_to(weights, rows.shape[:-1])
    count = w.sum(axis=-1)
    # Measured from a row of its own, a sample far from the origin keeps its digits.
    origin = first_row(rows, w)
    centred = np.where((w > 0)[..., None], deviations(rows, origin), 0.0)
    shift = (w[..., None, :] @ centred) / count[..., None, None]
    centred = np.sqrt(w)[..., None] * (centred - shift)
    mean = shifted(split(origin), shift)[0][..., 0, :]
    columns = transpose(centred) / np.sqrt(count - ddof)[..., None, None]
    if not isinstance(shrinkage, str) and shrinkage == 0:
        return mean, Singular(columns)
    squares = np.asarray(sum_of_squares(columns, 2))
    lost = squares < rows.shape[-2] * rows.shape[-1] * _SMALLEST
    sample_checks.no_underflow(lost & columns.any(axis=(-2, -1)))
    target = squares / rows.shape[-1]
    sample_checks.some_variance(target)
    gamma = np.asarray(_few_intensity(shrinkage, centred, w, count))
    if not gamma.any():
        return mean, Singular(columns)
    sample_checks.shrunk_everywhere(gamma)
    kept = np.sqrt(1.0 - gamma)[..., None, None]
    noise = np.broadcast_to((gamma * target)[..., None], mean.shape)
    return mean, LowRank(kept * columns, noise.copy())


def _few_intensity(shrinkage: float | str, centred: Array, w: Array, count: Array) -> Scalars:
    gram = centred @ transpose(centred)
    unit = np.trace(gram, axis1=-2, axis2=-1) / (count * centred.shape[-1])
    size = intensity.relative_size(gram, centred.shape[-1])
    squares = np.diagonal(gram, axis1=-2, axis2=-1) / np.where(w > 0, w, 1.0) / unit[..., None]
    fourth = (w * squares**2).sum(axis=-1)
    return _intensity_of(shrinkage, count, centred.shape[-1], size, fourth)


def shrunk(
    moments: Moments, rows: Array, weights: Array | None, ddof: float, shrinkage: float | str
) -> Array:
    """Return the covariance (1 − γ) S + γ (tr S/d) I of many rows."""
    lost = np.diagonal(moments.scatter, axis1=-2, axis2=-1) < rows.shape[-2] * _SMALLEST
    if lost.any():
        sample_checks.no_underflow(lost & _varying(rows, weights))
    cov = moments.covariance(ddof=ddof)
    if not isinstance(shrinkage, str) and shrinkage == 0:
        return cov
    d = cov.shape[-1]
    trace = np.trace(moments.scatter, axis1=-2, axis2=-1)
    unit = trace / (moments.count * d)
    sample_checks.some_variance(unit)
    size = intensity.relative_size(moments.scatter, d)
    fourth: Any = 0.0
    if shrinkage == "ledoit-wolf":
        deviations = (rows - moments.mean[..., None, :]) / np.sqrt(unit)[..., None, None]
        squares = np.asarray(sum_of_squares(deviations, 1))
        w = np.ones(squares.shape) if weights is None else weights
        fourth = (w * squares**2).sum(axis=-1)
    gamma = np.asarray(_intensity_of(shrinkage, moments.count, d, size, fourth))[..., None, None]
    target = np.asarray(np.trace(cov, axis1=-2, axis2=-1))[..., None, None] / d
    return (1.0 - gamma) * cov + gamma * target * np.eye(d)


def _varying(rows: Array, weights: Array | None) -> Mask:
    """Tell which columns differ between rows that count."""
    w = np.ones(rows.shape[:-1]) if weights is None else weights
    changes = rows != first_row(rows, weights)
    return (changes & (w > 0)[..., None]).any(axis=-2)


def _intensity_of(
    shrinkage: float | str, count: Scalars, dim: int, size: Scalars, fourth: Scalars
) -> Scalars:
    if shrinkage == "oas":
        return intensity.oas(count, dim, size)
    if shrinkage == "ledoit-wolf":
        return intensity.ledoit_wolf(count, dim, size, fourth)
    return np.float64(shrinkage)
