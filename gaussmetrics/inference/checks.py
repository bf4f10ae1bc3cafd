"""Checks of samples to be compared, and of the groups that are left out."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from gaussmetrics._array.reading import step_count
from gaussmetrics._array.types import Array
from gaussmetrics.laws.sample_checks import streamed_samples


def two_samples(x: Any, y: Any) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Check two samples of the same columns, one draw a row."""
    for name, value in (("x", x), ("y", y)):
        if hasattr(value, "logpdf"):
            raise TypeError(
                f"estimate takes samples, but {name} is a {type(value).__name__}. The metric "
                "between known laws needs no estimate: call metric(p, q)."
            )
    samples = streamed_samples("x", x), streamed_samples("y", y)
    for name, rows in zip("xy", samples, strict=True):
        if rows.ndim != 2:
            raise ValueError(f"{name} must have shape (n, d), one draw a row, got {rows.shape}.")
    d_x, d_y = (rows.shape[1] for rows in samples)
    if d_x != d_y:
        raise ValueError(f"x and y must have the same columns, got {d_x} in x and {d_y} in y.")
    return samples


def jackknife_groups(value: Any, default: int, *shapes: tuple[int, ...]) -> tuple[int, ...]:
    """Check a number of groups, and that each sample determines a covariance without one."""
    wanted = default if value is None else step_count("groups", value, least=2)
    for name, (n, d) in zip("xy", shapes, strict=True):
        if value is not None and wanted > n:
            raise ValueError(
                f"groups must not exceed the {n} rows of {name}, got {wanted}. Leave it out for "
                "one group a row."
            )
        left = n - -(-n // max(1, min(wanted, n)))
        if left <= d:
            raise ValueError(
                f"{name} has too few rows: of {n}, {left} are left without a group, and a "
                f"covariance of {d} columns needs at least {d + 1}. Give more rows, or project "
                "both samples on fewer columns."
            )
    return tuple(min(wanted, n) for n, _ in shapes)


def finite_values(value: Any, shape: tuple[int, ...]) -> Array:
    """Check the values of a metric between fitted laws."""
    values = np.asarray(value)
    if values.dtype.kind not in "biuf":
        raise TypeError(f"metric must return real numbers, got dtype {values.dtype}.")
    if values.shape != shape:
        raise ValueError(
            "metric must return one number a pair and broadcast: for laws of batch shape "
            f"{shape} and () it must return an array of shape {shape}, got {values.shape}."
        )
    if not np.isfinite(values).all():
        raise ValueError(
            f"metric must be finite, but it is {values[~np.isfinite(values)][0]} between the "
            "fitted laws or without some rows, and has no standard error. Where a covariance is "
            "singular, drop its constant columns or use gaussmetrics.wasserstein_distance."
        )
    return values.astype(np.float64)


def refuse_sample(name: str, error: ValueError, *, whole: bool) -> NoReturn:
    """Say which sample determines no law, or none once some of its rows are left out."""
    part = "" if whole else " without some of its rows"
    raise ValueError(f"{name}{part} determines no law: {error}") from error
