"""Checks of what two laws are compared by: rows, their moments, or a law itself."""

from __future__ import annotations

from collections.abc import Collection
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array.reading import is_number, nearest_float
from gaussmetrics.inference.checks import no_groups_of_normal_rows
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.laws.gaussian_checks import agreed_names
from gaussmetrics.laws.interop import labels
from gaussmetrics.laws.moments import Moments

FEWEST_ALARMS = 1e-7
"""The smallest level of a test by permutations: smaller ones take days."""


def moments(name: str, value: Any) -> Moments:
    """Return the moments of one sample, given by them or by its rows."""
    if isinstance(value, Gaussian):
        raise TypeError(
            f"{name} is a law, and a law is compared with another by a bound on a metric: "
            "assert_laws_close(p, q, gaussmetrics.kl_divergence, bound). Give the rows that were "
            "drawn, or their Moments."
        )
    known = value if isinstance(value, Moments) else Moments.from_samples(value)
    if known.mean.ndim != 1:
        raise ValueError(
            f"{name} must be one sample of shape (n, d), one draw a row, got a batch of shape "
            f"{known.mean.shape[:-1]}."
        )
    return known


def law_or_moments(name: str, value: Any) -> Moments | Gaussian:
    """Return a single law, or the moments of one sample."""
    if not isinstance(value, Gaussian):
        return moments(name, value)
    if value.batch_shape:
        raise ValueError(
            f"{name} must be a single law, got a batch of shape {value.batch_shape}. Index it."
        )
    return value


def rows(name: str, value: Any) -> Any:
    """Refuse what has no rows that can be dealt."""
    if isinstance(value, (Gaussian, Moments)):
        raise TypeError(
            f'null="permutation" deals rows, but {name} is of type {type(value).__name__} and has '
            'none. Give its rows, such as law.sample(n, rng), or take null="normal".'
        )
    return value


def false_alarms(level: Any) -> float:
    """Check the probability of a false alarm."""
    if not is_number(level):
        raise TypeError(f"level must be a number, got {level!r}.")
    number = nearest_float(level)
    if not 0.0 < number < 1.0:
        raise ValueError(
            f"level is the probability of a false alarm and must lie between 0 and 1, got "
            f"{level!r}. For one in a million runs pass level=1e-6."
        )
    return number


def permutations(level: float) -> int:
    """Return how many permutations show a p-value of the level."""
    if level < FEWEST_ALARMS:
        raise ValueError(
            f"level={level:g} takes {1.0 / level:.3g} permutations. Pass {FEWEST_ALARMS:g} or "
            'more, or null="normal", whose law is exact at any level.'
        )
    return ceil(1.0 / level - 1e-9) - 1


def no_groups(value: Any) -> None:
    """Check that no labels are given to an exact law."""
    if value is not None:
        no_groups_of_normal_rows("normal")


def comparable(x: Moments, reference: Moments | Gaussian) -> None:
    """Check that a sample and its reference are of the same columns, with rows enough."""
    d = x.mean.shape[-1]
    if reference.mean.shape[-1] != d:
        raise ValueError(
            f"x and the reference must have the same columns, got {d} in x and "
            f"{reference.mean.shape[-1]} in the reference."
        )
    samples = {"x": x} if isinstance(reference, Gaussian) else {"x": x, "the reference": reference}
    for name, sample in samples.items():
        if not sample.count > d:
            raise ValueError(
                f"{name} has too few rows: laws of {d} columns are compared by at least {d + 1} "
                f"rows, got {sample.count:g}. Draw more, or compare fewer columns."
            )
        varies_everywhere(name, Gaussian(sample.mean, sample.covariance(), allow_singular=True))
    if isinstance(reference, Gaussian):
        varies_everywhere("the reference", reference)


def varies_everywhere(name: str, law: Gaussian) -> None:
    """Check that the likelihood of a law is finite."""
    if law.covariance.singular:
        raise ValueError(
            f"{name} varies in {int(law.covariance.rank())} of {law.dim} directions only, and its "
            "law has no density. Leave constant and redundant columns out on both sides."
        )


def same_names(x: Any, reference: Any, dim: int) -> None:
    """Check that both name the columns alike, in one order, if both name them."""
    known = reference.names if isinstance(reference, Gaussian) else labels(reference)
    agreed_names(dim, reference=known, x=labels(x))


def bound(value: Any) -> float:
    """Check the largest distance that passes."""
    if not is_number(value):
        raise TypeError(f"bound must be a number, got {value!r}.")
    number = nearest_float(value)
    if not 0.0 <= number < np.inf:
        raise ValueError(f"bound must be finite and not negative, got {number!r}.")
    return number


def laws(*values: Any) -> None:
    """Check that two laws are given, not arrays."""
    for name, value in zip("pq", values, strict=True):
        if not isinstance(value, Gaussian):
            raise TypeError(
                f"assert_laws_close takes laws, but {name} is of type {type(value).__name__}. "
                "Write gaussmetrics.Gaussian(mean, cov) or Gaussian.from_samples(rows); for rows "
                "with a rate of false alarms there is assert_same_law."
            )


def distances(name: str, value: Any, batch: tuple[int, ...]) -> NDArray[np.float64]:
    """Check what a metric returns."""
    array = np.asarray(value)
    if array.dtype.kind not in "biuf" or np.isnan(array).any():
        raise ValueError(f"{name} must return real numbers, got {value!r}.")
    if array.shape != batch:
        raise ValueError(
            f"{name} must return one number a pair, of shape {batch}, got shape {array.shape}. "
            "Compare laws one by one if it takes no batches."
        )
    return array.astype(np.float64)


def same_columns(x: Moments, reference: Moments, path: Path) -> None:
    """Fail where rows have not the columns that they had."""
    new, old = x.mean.shape[-1], reference.mean.shape[-1]
    if new != old:
        raise AssertionError(f"x has {new} columns, and had {old} when {path} was written.")


def one_check_a_name(path: Path, checked: Collection[Path]) -> None:
    """Check that no two checks of a test share a reference."""
    if path in checked:
        raise ValueError(
            f"two checks of one test have the reference {path.name}. Name them: "
            'law_regression.check(x, name="...").'
        )
