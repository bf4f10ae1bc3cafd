"""Checks of samples to be compared, of the groups of their rows, and of what a metric returns."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import partial
from math import comb
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array.reading import is_number, positive_number, step_count
from gaussmetrics._array.types import Array
from gaussmetrics.laws.sample_checks import streamed_samples
from gaussmetrics.streams import Passes, in_blocks, sample_passes

Rows = NDArray[Any]

FEWEST_WAYS = 20
"""With fewer ways to deal the rows no p-value can be as small as 0.05."""


def name_of(metric: Any) -> str:
    """Return the name of a metric, for texts."""
    known = metric.func if isinstance(metric, partial) else metric
    name = getattr(known, "__name__", "metric")
    return "metric" if name == "<lambda>" else str(name)


def one_sample(function: str, name: str, value: Any, labels: Any = None) -> Rows | Passes:
    """Check samples, one draw a row, or open one that comes in blocks with the labels beside it."""
    if isinstance(value, Passes):
        return value
    if hasattr(value, "logpdf"):
        remedy = (
            "Rows are compared with a known law by gaussmetrics.testing.assert_same_law(x, law)."
            if function == "equality_test"
            else "The metric between known laws needs no estimate: call metric(p, q)."
        )
        raise TypeError(
            f"{function} takes samples, but {name} is a {type(value).__name__}. {remedy}"
        )
    if in_blocks(value):
        return sample_passes(value, labels=labels, called=name, labels_called="groups")
    return streamed_samples(name, value)


def two_samples(
    function: str, x: Any, y: Any, labels: Sequence[Any] = (None, None)
) -> tuple[Rows | Passes, Rows | Passes]:
    """Check two samples of the same columns, one draw a row, or two batches of them."""
    first, second = (
        one_sample(function, *given) for given in zip("xy", (x, y), labels, strict=True)
    )
    same_columns(["x", "y"], [first, second])
    shapes = [() if isinstance(rows, Passes) else rows.shape[:-2] for rows in (first, second)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"{function} needs as many samples in x as in y, got batches of shape "
            f"{shapes[0]} and {shapes[1]}. One sample has shape (n, d), one draw a row."
        )
    return first, second


def flat_samples(
    function: str, names: Sequence[str], values: Sequence[Any], labels: Sequence[Any] | None = None
) -> list[Rows | Passes]:
    """Check samples of shape (n, d) of the same columns."""
    beside = [None] * len(names) if labels is None else labels
    samples = [one_sample(function, *given) for given in zip(names, values, beside, strict=True)]
    for name, rows in zip(names, samples, strict=True):
        if not isinstance(rows, Passes) and rows.ndim != 2:
            raise ValueError(f"{name} must have shape (n, d), one draw a row, got {rows.shape}.")
    same_columns(names, samples)
    return samples


def width(sample: Rows | Passes) -> int:
    """Return the number of columns of a sample."""
    return sample.width if isinstance(sample, Passes) else sample.shape[-1]


def row_count(function: str, sample: Rows | Passes) -> int:
    """Return the number of rows of a sample, which may take a pass over them."""
    return sample.count(function) if isinstance(sample, Passes) else sample.shape[-2]


def same_columns(names: Sequence[str], samples: Sequence[Rows | Passes]) -> None:
    """Check that all samples have as many columns as the first."""
    d = width(samples[0])
    for name, rows in zip(names, samples, strict=True):
        if width(rows) != d:
            raise ValueError(
                f"{names[0]} and {name} must have the same columns, got {d} in {names[0]} and "
                f"{width(rows)} in {name}."
            )


def same_count(found: int, wanted: int, called: str = "the sample") -> None:
    """Check that a pass has seen the rows that there were to be."""
    if found != wanted:
        raise ValueError(
            f"{called} has {found} rows where {wanted} were announced. Its blocks must have the "
            "sizes that they say they have, and be the same each time they are read."
        )


def several_samples(function: str, value: Any, names: Any) -> tuple[list[str], list[Any]]:
    """Check that there is a list of samples, or a mapping that names them, but not these."""
    if names is None and hasattr(value, "keys"):
        names, value = list(value), [value[key] for key in value]
    if not isinstance(value, (list, tuple)) or not all(map(_sample_alone, value)):
        raise TypeError(
            f"{function} takes two samples, or a list of samples of shape (n, d) or a mapping of "
            f"names to such, got one object of type {type(value).__name__}."
        )
    if len(value) < 2:
        raise ValueError(f"{function} compares two samples or more, got {len(value)}.")
    known = [str(i) for i in range(len(value))] if names is None else [str(n) for n in names]
    if len(known) != len(value) or len(set(known)) < len(known):
        raise ValueError(f"names must be {len(value)} different names, one a sample, got {known}.")
    return known, list(value)


def _sample_alone(value: Any) -> bool:
    return isinstance(value, Passes) or in_blocks(value) or np.ndim(value) >= 2


def group_counts(value: Any, default: int, *sizes: int) -> tuple[int, ...]:
    """Check a number of groups of rows."""
    wanted = default if value is None else step_count("groups", value, least=2)
    for name, n in zip("xy", sizes, strict=True):
        if value is not None and wanted > n:
            raise ValueError(
                f"groups must not exceed the {n} rows of {name}, got {wanted}. Leave it out for "
                "one group a row."
            )
    return tuple(max(1, min(wanted, n)) for n in sizes)


def labels_of_samples(value: Any, names: Sequence[str]) -> list[Any]:
    """Check that labels that tell which rows depend on each other come with every sample."""
    if not isinstance(value, (list, tuple)) or len(value) != len(names):
        raise ValueError(
            f"groups must be a number, or one list of labels for each of {' and '.join(names)}: "
            f"groups=(labels of the rows of {names[0]}, labels of the rows of {names[1]}, ...)."
        )
    return list(value)


def one_label_a_row(name: str, labels: NDArray[Any], rows: int) -> NDArray[Any]:
    """Check that there are as many labels as rows."""
    if labels.shape != (rows,):
        raise ValueError(
            f"groups must have one label for each of the {rows} rows of {name}, got shape "
            f"{labels.shape}."
        )
    if labels.dtype.kind == "f" and np.isnan(labels).any():
        raise ValueError(
            f"groups must not be NaN, but some labels of {name} are. Give such rows a group of "
            "their own."
        )
    if labels.dtype.kind == "O":
        try:
            np.sort(labels)
        except TypeError:
            kinds = sorted({type(label).__name__ for label in labels.tolist()})
            raise TypeError(
                f"groups must hold labels of one type, none of them missing, but those of {name} "
                f"are {', '.join(kinds)}. Convert them to strings."
            ) from None
    return labels


def cluster_labels(
    labels: Sequence[Any], samples: Sequence[Rows | Passes], names: Sequence[str]
) -> list[Any]:
    """Check the labels of samples in memory; of those in blocks they go with the blocks."""
    kept = [
        part if isinstance(rows, Passes) else one_label_a_row(name, np.asarray(part), len(rows))
        for name, rows, part in zip(names, samples, labels, strict=True)
    ]
    if not any(isinstance(rows, Passes) for rows in samples):
        separate_clusters(names, [np.unique(part) for part in kept])
    return kept


def separate_clusters(names: Sequence[str], clusters: Sequence[NDArray[Any]]) -> None:
    """Check that each sample has clusters of its own, each label once."""
    seen: dict[Any, str] = {}
    for name, part in zip(names, clusters, strict=True):
        kinds = part.tolist()
        if len(kinds) < 2:
            raise ValueError(
                f"groups must tell at least two clusters of rows apart in {name}, got "
                f"{len(kinds)}. One cluster has no spread to take an error from."
            )
        for kind in kinds:
            if kind in seen:
                raise ValueError(
                    f"groups has the label {kind!r} in {seen[kind]} and in {name}. Samples must be "
                    "independent: if these are different clusters, give them different labels; if "
                    "it is one subject measured twice, compare the differences of its rows with "
                    "zero, or average the rows of each subject first."
                )
            seen[kind] = name


def enough_rows(sizes: Sequence[Sequence[int]], dim: int, *, corrected: bool) -> None:
    """Check that each sample determines a covariance without any group of its rows."""
    needed = dim + 3 if corrected else dim + 1
    why = "this divergence" if corrected else "a covariance"
    for name, groups in zip("xy", sizes, strict=True):
        left = sum(groups) - max(groups)
        if left < needed:
            raise ValueError(
                f"{name} has too few rows: of {sum(groups)}, {left} are left without a group, and "
                f"{why} of {dim} columns needs at least {needed}. Give more rows, pass "
                'shrinkage="ledoit-wolf", or project both samples on fewer columns.'
            )


def rows_without_correction(metric: Any, dim: int, *sizes: int) -> None:
    """Warn where the jackknife of a divergence without a closed correction overshoots."""
    fewest = 1.5 * dim**2
    if min(sizes) < fewest:
        warnings.warn(
            f"{name_of(metric)} of {dim} columns is estimated reliably from "
            f"{int(np.ceil(fewest))} rows (1.5 d²) on, got {min(sizes)}: with fewer the correction "
            "of its bias goes too far, and intervals miss. Use kl_divergence, jeffreys_divergence "
            "or bhattacharyya_distance, which have a correction of their own, or shrinkage=.",
            UserWarning,
            stacklevel=3,
        )


def not_far_below_zero(value: Array, error: Array, bias: Array) -> None:
    """Warn where a distance comes out as negative by more than its spread at p = q explains."""
    # Of the variance that the jackknife finds there, half is left.
    if np.any((value < -3.0 * np.sqrt(0.5) * error) & (bias > 0)):
        worst = np.argmin(value / np.where(error > 0, error, np.inf))
        shown = (np.ravel(part)[worst] for part in (value, error))
        warnings.warn(
            "a distance cannot be negative, but this estimate is, by more than its error explains: "
            "{:.3g} ± {:.2g}. There are too few rows for so many columns, or rows depend on each "
            "other. Do not rely on the interval.".format(*shown),
            UserWarning,
            stacklevel=4,
        )


def scale_name(value: Any) -> None:
    """Check the name of a scale."""
    if value not in (None, "identity", "square"):
        raise ValueError(f'scale must be "identity", "square" or None, got {value!r}.')


def interval_method(value: Any, *, distance: bool) -> None:
    """Check the name of a method for intervals, and that it may be used."""
    if value not in (None, "score", "student"):
        raise ValueError(f'method must be "score", "student" or None, got {value!r}.')
    if value == "score" and not distance:
        raise ValueError(
            'method="score" supposes a metric that is zero at p = q and positive elsewhere, which '
            'this estimate is not known to be of. For a distance of your own pass scale="square" '
            "to estimate."
        )


def one_estimate(value: Any) -> None:
    """Check that an estimate is of one pair of samples."""
    if np.ndim(value):
        raise TypeError(
            f"a batch of {np.size(value)} estimates cannot be formatted as one. Format the entries "
            "of value and standard_error."
        )


def finite_values(value: Any, shape: tuple[int, ...]) -> Array:
    """Check the values of a metric between fitted laws."""
    values = broadcast_values(value, shape)
    if not np.isfinite(values).all():
        raise ValueError(
            f"metric must be finite, but it is {values[~np.isfinite(values)][0]} between the "
            "fitted laws or without some rows, and has no standard error. Where a covariance is "
            "singular, drop its constant columns or use gaussmetrics.wasserstein_distance."
        )
    return values


def broadcast_values(value: Any, shape: tuple[int, ...]) -> Array:
    """Check that a metric returns one real number a pair of laws."""
    values = np.asarray(value)
    if values.dtype.kind not in "biuf":
        raise TypeError(f"metric must return real numbers, got dtype {values.dtype}.")
    if values.shape != shape:
        raise ValueError(
            "metric must return one number a pair and broadcast: for laws of batch shape "
            f"{shape} and () it must return an array of shape {shape}, got {values.shape}."
        )
    return values.astype(np.float64)


def refuse_sample(name: str, error: ValueError, *, whole: bool) -> NoReturn:
    """Say which sample determines no law, or none once some of its rows are left out."""
    part = "" if whole else " without some of its rows"
    raise ValueError(f"{name}{part} determines no law: {error}") from error


def null_name(value: Any) -> None:
    """Check the name of a null law."""
    if value not in ("permutation", "normal"):
        raise ValueError(f'null must be "permutation" or "normal", got {value!r}.')


def statistic_of_test(value: Any, null: str, *, means: bool, covariances: bool) -> None:
    """Check a statistic and what it is to compare."""
    if value != "likelihood_ratio" and not callable(value):
        raise TypeError(
            'statistic must be "likelihood_ratio" or a metric such as '
            f"gaussmetrics.squared_wasserstein_distance, got {value!r}."
        )
    if not (means or covariances):
        raise ValueError("means and covariances are both False: nothing is left to compare.")
    if callable(value) and not (means and covariances):
        raise ValueError(
            "means and covariances choose the likelihood ratio; a metric compares both. For one "
            "alone give a function of your own, such as lambda p, q: ..., or leave statistic out."
        )
    if callable(value) and null == "normal":
        raise ValueError(
            'null="normal" is the exact law of the likelihood ratio only. With a metric take '
            'null="permutation".'
        )


def options_of_likelihood(shrinkage: Any, *, allow_singular: bool) -> None:
    """Check that nothing is asked of the likelihood ratio that only a metric can do."""
    if isinstance(shrinkage, str) or shrinkage > 0 or allow_singular:
        raise ValueError(
            "the likelihood ratio needs covariances of full rank as they are. With shrinkage or "
            "allow_singular pass a metric as statistic, such as "
            "gaussmetrics.squared_wasserstein_distance."
        )


def no_groups_of_normal_rows(null: str) -> None:
    """Check that an exact law is not asked for where rows depend on each other."""
    if null == "normal":
        raise ValueError(
            'null="normal" supposes independent rows. With groups take null="permutation".'
        )


def refuse_dealt(error: ValueError) -> NoReturn:
    """Say that the samples, or rows dealt anew, determine no law."""
    raise ValueError(f"a sample, or rows dealt anew to it, determine no law: {error}") from error


def two_rows_each(names: Sequence[str], sizes: Sequence[int]) -> None:
    """Check that each sample has a covariance."""
    for name, n in zip(names, sizes, strict=True):
        if n < 2:
            raise ValueError(f"{name} has too few rows: a covariance needs two, got {n}.")


def rows_for_likelihood(names: Sequence[str], sizes: Sequence[int], dim: int) -> None:
    """Check that each sample has a covariance of full rank."""
    for name, n in zip(names, sizes, strict=True):
        if n <= dim:
            raise ValueError(
                f"{name} has too few rows: the likelihood ratio of {dim} columns needs at least "
                f"{dim + 1} in each sample, got {n}. Give more rows, project on fewer columns, or "
                "pass statistic=gaussmetrics.squared_wasserstein_distance and allow_singular=True."
            )


def rows_for_means(sizes: Sequence[int], dim: int) -> None:
    """Check that all samples together have a covariance of full rank."""
    if sum(sizes) - len(sizes) < dim:
        raise ValueError(
            f"too few rows: means of {dim} columns need {dim + len(sizes)} rows in all samples "
            f"together, got {sum(sizes)}."
        )


def ways_to_deal(units: Sequence[int]) -> None:
    """Check that there are enough ways to deal the groups of rows to the samples."""
    ways, left = 1, sum(units)
    for n in units:
        ways, left = ways * comb(left, n), left - n
    if ways < FEWEST_WAYS:
        raise ValueError(
            f"the {sum(units)} groups of rows can be dealt to the samples in {ways} ways only, so "
            f"that no p-value below {1 / ways:.2g} is possible. Give more rows or clusters."
        )


def finite_statistics(values: Array) -> None:
    """Check the statistic of the data and of all permutations."""
    if not np.isfinite(values).all():
        raise ValueError(
            f"the statistic is {values[~np.isfinite(values)][0]} for the samples or for rows dealt "
            "anew, and cannot be compared. Where a covariance is singular, drop constant columns "
            "or use gaussmetrics.squared_wasserstein_distance with allow_singular=True."
        )
    if len(values) > 1 and np.ptp(values) <= 1e-12 * np.abs(values).max():
        raise ValueError(
            f"the statistic is {values[0]:.6g} however the rows are dealt, and tells nothing. Is "
            "it a function of both laws, and do the samples vary?"
        )


def bound_of_equivalence(value: Any, scale: str, *, distance: bool) -> float:
    """Check the bound that a distance is shown to stay below."""
    if not is_number(value):
        raise TypeError(f"bound must be a number, got {value!r}.")
    if not distance or scale not in ("identity", "square", "hellinger"):
        raise ValueError(
            "equivalence is a distance below a bound, and this metric is not known to be one. Pass "
            'a distance or divergence of the library, or scale="square" with a distance of your '
            "own."
        )
    if not 0.0 < value < np.inf:
        raise ValueError(
            f"bound must be positive and finite, got {value!r}. It is the largest distance that "
            "does not matter, in the unit of the metric; equality itself cannot be shown."
        )
    if scale == "hellinger" and value >= 1.0:
        raise ValueError(
            f"bound must be below 1, which this distance never exceeds, got {value!r}."
        )
    return positive_number("bound", value)
