"""The operands of a metric: Gaussians that fit each other."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from gaussmetrics._array import reading
from gaussmetrics._array.reading import real_array
from gaussmetrics._array.types import Array
from gaussmetrics.laws.gaussian import Gaussian, Mixture, operand

Metric = TypeVar("Metric", bound=Callable[..., Any])

SYMMETRIC: set[Callable[..., Any]] = set()
"""The metrics whose table with itself is computed in one half and mirrored."""


def symmetric(metric: Metric) -> Metric:
    """Tell that a metric has f(p, q) = f(q, p)."""
    SYMMETRIC.add(metric)
    return metric


def operands(metric: str, p: Any, q: Any) -> tuple[Gaussian, Gaussian]:
    """Check the two operands of a metric."""
    if not (isinstance(p, Gaussian) and isinstance(q, Gaussian)):
        operand(metric, "p", p)
        operand(metric, "q", q)
    if p.dim != q.dim:
        same_space(metric, p.dim, q.dim)
    if p.names is not q.names:
        same_names(metric, p.names, q.names)
    if p.batch_shape != q.batch_shape:
        reading.batch_shape("p and q", p.batch_shape, q.batch_shape)
    return p, q


def mixture(function: str, name: str, value: Any) -> Mixture:
    """Check one operand that is a mixture."""
    if not isinstance(value, Mixture):
        made = f"gaussmetrics.Mixture(weights, {name})"
        if isinstance(value, Gaussian):
            made = f"gaussmetrics.Mixture(None, {name}{'' if value.batch_shape else '[None]'})"
        raise TypeError(
            f"{function} takes Mixture objects, but {name} is of type {type(value).__name__}. "
            f"Construct it first: {name} = {made}."
        )
    return value


def mean_difference(p: Gaussian, q: Gaussian, *, times: float = 1.0) -> Array:
    """Return a multiple of Δ = μp − μq, infinite where that leaves the floats."""
    with np.errstate(over="ignore"):
        return times * (p.mean - q.mean)


def same_space(metric: str, p_dim: int, q_dim: int) -> None:
    """Check that two operands have the same dimension."""
    if p_dim != q_dim:
        raise ValueError(
            f"{metric} needs p and q of the same dimension, got p.dim = {p_dim} and "
            f"q.dim = {q_dim}."
        )


def same_names(metric: str, p: Sequence[str] | None, q: Sequence[str] | None) -> None:
    """Check that two operands that name their variables name them alike, in one order."""
    if p is None or q is None or p == q:
        return
    if set(p) == set(q):
        remedy = "They are the same in another order: pass q.marginal(p.names) for q."
    else:
        remedy = (
            "Compare the variables that both have, p.marginal(names) and q.marginal(names); if "
            "they are only spelled differently, pass "
            "gaussmetrics.Gaussian(q.mean, q.covariance, names=p.names) for q."
        )
    raise ValueError(
        f"{metric} needs p and q of the same variables, got p.names = {reprlib.repr(p)} and "
        f"q.names = {reprlib.repr(q)}. {remedy}"
    )


def path_time(value: Any) -> Array:
    """Check the time along a path."""
    t = real_array("t", value, shape="(...)", min_ndim=0)
    if ((t < 0) | (t > 1)).any():
        raise ValueError(
            f"t must lie between 0, where the path is at p, and 1, where it is at q, got "
            f"{float(t[(t < 0) | (t > 1)][0]):g}."
        )
    return t


def regular_laws(function: str, **laws: Gaussian) -> None:
    """Check that laws have densities."""
    for name, law in laws.items():
        if np.less(law.covariance.rank(), law.dim).any():
            raise ValueError(
                f"{function} needs positive definite covariances, but that of {name} is singular. "
                f"Shrink the covariance, or work in coordinates of its support: "
                f"{name}.marginal(indices)."
            )


def callable_metric(name: str, value: Any) -> None:
    """Check that something can be called on two Gaussians."""
    if not callable(value):
        raise TypeError(
            f"{name} must be a function of two Gaussians, such as gaussmetrics.kl_divergence, "
            f"got an object of type {type(value).__name__}."
        )
