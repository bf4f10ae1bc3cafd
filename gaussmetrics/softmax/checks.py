"""Checks of labelled samples and of the options of the classifier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike, fspath
from typing import Any, NoReturn, cast

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array.reading import is_number, nearest_float, real_array, shown, step_count
from gaussmetrics._array.types import Array
from gaussmetrics.laws.sample_checks import (
    finite_scatter,
    none_negative,
    sample_weights,
    streamed_samples,
)
from gaussmetrics.streams import is_collection


def labelled_samples(
    X: Any, y: Any, weights: Any
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], Array | None]:
    """Check samples with one label a row, without copying them."""
    rows = streamed_samples("X", X)
    labels = np.asarray(y)
    if rows.ndim != 2 or labels.shape != rows.shape[:1]:
        raise ValueError(
            f"X must have shape (n, d) and y shape (n,), got {rows.shape} and {labels.shape}."
        )
    return rows, labels, None if weights is None else sample_weights(weights, labels.shape)


def refuse_singular_within(counts: Array, variances: Array) -> NoReturn:
    """Say why the covariance within the classes has no inverse, and what to do."""
    n, d, classes = counts.sum(), len(variances), np.count_nonzero(counts)
    constant = np.flatnonzero(~(variances > 0))
    if n - classes < d:
        why = f"{n:g} samples of {classes} classes cannot determine it for {d} columns"
    elif len(constant):
        listed = ", ".join(map(str, constant[:5])) + (", …" if len(constant) > 5 else "")
        why = f"columns without spread within the classes: {listed}"
    else:
        why = "some columns are combinations of others"
    raise ValueError(
        f"the covariance within the classes is singular: {why}. Shrink it, with "
        "AnalyticLogisticRegression(shrinkage='loo') or a number above 0, or drop such columns."
    )


def refuse_leaving_out(shrinkage: float) -> NoReturn:
    """Say that a classifier cannot be judged by leave-one-out, and what to do."""
    raise ValueError(
        f"temperature='loo' cannot judge shrinkage={shrinkage:g}: without some row or group the "
        "covariance within the classes is singular to rounding. Shrink more, scale the columns "
        "alike, or pass temperature=1, which leaves probabilities uncalibrated."
    )


def some_are_judged(units: float) -> None:
    """Check that something can be left out without a class losing all its rows."""
    if not units > 0:
        raise ValueError(
            "groups cannot be left out: each holds all rows of some class. Give finer groups, or "
            "give shrinkage and temperature as numbers and leave groups away."
        )


def temperature(value: Any) -> None:
    """Check a temperature: a positive number, or the name of the way to choose it."""
    if not (value == "loo" if isinstance(value, str) else is_number(value)):
        raise TypeError(f'temperature must be a positive number or "loo", got {value!r}.')
    if not isinstance(value, str) and not 1e-300 < nearest_float(value) < 1e300:
        raise ValueError(
            f"temperature must be positive and finite, got {shown(value)}. Give one from 1e-300 to "
            "1e300."
        )


def calibration(value: Any) -> None:
    """Check how scores are to become probabilities."""
    if not (value is None or value in ("auto", "class", "temperature")):
        raise ValueError(
            f'calibration must be "auto", "class", "temperature" or None, got {value!r}.'
        )


def refine(value: Any) -> None:
    """Check whether there may be a second stage."""
    if not (value is False or (isinstance(value, str) and value == "auto")):
        raise ValueError(f'refine must be False or "auto", got {value!r}.')


def refuse_streaming(name: str, parameters: dict[str, Any]) -> NoReturn:
    """Say why a stream of rows cannot be fitted with choices that look at all rows again."""
    listed = ", ".join(f"{key}={value!r}" for key, value in parameters.items())
    raise AttributeError(
        f"{name}.partial_fit keeps moments and no rows, but {listed} looks at every row again. "
        "Use fit, or set shrinkage to a number or 'oas' and temperature to a number."
    )


def refuse_going_on(columns: int) -> NoReturn:
    """Say that a fit of few rows has kept no moments to go on from."""
    raise ValueError(
        f"partial_fit cannot go on from a fit of fewer rows than columns: no {columns} × {columns} "
        "scatter was kept. Fit all rows at once."
    )


def streamed_classes(known: Any, classes: Any) -> np.ndarray[Any, Any]:
    """Check the classes of a stream: given at first, the same ever after."""
    if known is None and classes is None:
        raise ValueError("classes must list all labels in the first call of partial_fit.")
    given = known if classes is None else np.unique(np.asarray(classes))
    if known is not None and not np.array_equal(known, given):
        raise ValueError(
            f"classes must be the same in every call of partial_fit, got {given.tolist()} after "
            f"{known.tolist()}."
        )
    several_classes(given)
    return cast(np.ndarray[Any, Any], given)


def known_labels(labels: np.ndarray[Any, Any], classes: np.ndarray[Any, Any]) -> NDArray[np.intp]:
    """Check that a stream brings no label that was not announced; return places in `classes`."""
    unknown = np.setdiff1d(labels, classes)
    if len(unknown):
        raise ValueError(
            f"y holds labels that are not among the classes {classes.tolist()}: "
            f"{unknown[:5].tolist()}. List all labels in the first call of partial_fit."
        )
    return np.searchsorted(classes, labels)


def several_classes(classes: np.ndarray[Any, Any]) -> None:
    """Check that there is something to tell apart."""
    if len(classes) < 2:
        raise ValueError(
            f"a classifier needs samples of at least 2 classes, got {len(classes)} class: "
            f"{classes.tolist()}."
        )


def priors(value: Any, classes: np.ndarray[Any, Any]) -> Array | None:
    """Check class probabilities and put them in the order of `classes`; None stays None."""
    if value is None:
        return None
    if isinstance(value, str):
        if value != "uniform":
            raise ValueError(
                "priors must be class probabilities, a mapping from label to probability or "
                f'"uniform", got {value!r}.'
            )
        return np.full(len(classes), 1.0 / len(classes))
    p = real_array("priors", _in_order("priors", value, classes), shape="(K,)", min_ndim=1)
    if p.shape != (len(classes),):
        raise ValueError(
            f"priors must have one entry for each of the {len(classes)} classes, got shape "
            f"{p.shape}."
        )
    if not (p > 0).all() or abs(p.sum() - 1.0) > 1e-8:
        raise ValueError(
            f"priors must be positive and sum to 1, got {p.tolist()}. Divide them by their sum."
        )
    return p


def _in_order(name: str, value: Any, classes: np.ndarray[Any, Any]) -> Any:
    """Return the values of a mapping or a labelled Series in the order of the classes."""
    if isinstance(value, Mapping):
        given = dict(value)
    elif hasattr(value, "index") and hasattr(value, "to_dict"):
        given = value.to_dict()
        if len(given) < len(value):
            raise ValueError(f"{name} has a label twice.")
    else:
        return value
    labels = classes.tolist()
    missing = [label for label in labels if label not in given]
    unknown = [label for label in given if label not in labels]
    if missing or unknown:
        raise ValueError(
            f"{name} must have one entry for each of the classes {labels}, and those alone; "
            f"missing: {missing}, unknown: {unknown}. A list or array is taken in the order of "
            "the classes."
        )
    return [given[label] for label in labels]


def class_weight(value: Any, classes: np.ndarray[Any, Any], counts: Array) -> Array | None:
    """Check weights of classes and return them in the order of `classes`; None stays None."""
    if value is None:
        return None
    if isinstance(value, str) and value == "balanced":
        return cast(Array, counts.sum() / (len(classes) * counts))
    if not isinstance(value, Mapping):
        raise TypeError(
            f'class_weight must be None, "balanced" or a mapping from label to weight, '
            f"got {value!r}."
        )
    labels = classes.tolist()
    unknown = [label for label in value if label not in labels]
    if unknown and any(label not in value for label in labels):
        raise ValueError(
            f"class_weight holds labels that are not among the classes {labels}: {unknown}. "
            "Classes that it does not name weigh 1."
        )
    weights = real_array(
        "class_weight", [value.get(label, 1.0) for label in labels], shape="(K,)", min_ndim=1
    )
    if not (weights > 0).all():
        raise ValueError(f"class_weight must be positive, got {dict(value)}.")
    return weights


def no_mask(**arrays: Any) -> None:
    """Refuse masked entries, which would be taken for data."""
    for name, value in arrays.items():
        if np.ma.is_masked(value):
            raise TypeError(f"{name} has masked entries. Remove or impute them first.")


def rows_to_predict(X: Any) -> None:
    """Refuse the path of a file, which `fit` takes, and masked entries."""
    if isinstance(X, (str, PathLike)):
        raise TypeError(
            f"X must be rows, got the path {fspath(X)!r}. Of a file too large for memory read and "
            "predict one batch at a time, such as those of pyarrow.parquet's iter_batches."
        )
    no_mask(X=X)


def images(rows: Any, axes: Array) -> Array:
    """Return X A for rows to predict, and check that it stays within the floats."""
    with np.errstate(over="ignore", invalid="ignore"):
        result = rows @ axes
    if not np.isfinite(result).all():
        row = int(np.argwhere(~np.isfinite(result))[0, 0])
        raise ValueError(
            f"X[{row}] holds numbers so large, {np.abs(rows[[row]]).max():.3g}, that the scores of "
            "this row leave the floats. Divide the columns by units of their own size, in fit, too."
        )
    return cast(Array, result)


def repeats(value: Any, n: int) -> Array:
    """Check sample weights: how many equal rows each row stands for."""
    weights = some_repeats(value, n)
    repeats_within(*weight_span(weights))
    return weights


def weight_span(weights: Array) -> tuple[float, float, float]:
    """Return the sum of weights, the least above 0 and the largest."""
    least = weights.min(initial=np.inf, where=weights > 0)
    with np.errstate(over="ignore"):
        return float(weights.sum()), float(least), float(weights.max(initial=0.0))


def some_repeats(value: Any, n: int) -> Array:
    """Check sample weights of some rows, all of which may be 0."""
    weights = real_array("sample_weight", value, shape="(n,)", min_ndim=0)
    if weights.ndim == 0:
        weights = np.full(n, float(weights))
    if weights.shape != (n,):
        raise ValueError(
            f"sample_weight.shape == {weights.shape}, expected {(n,)}: one weight a row of X."
        )
    none_negative("sample_weight", weights)
    return weights


def repeats_within(total: float, smallest: float, largest: float) -> None:
    """Check that the sample weights of all rows are not all zero, and can be added up."""
    if not largest > 0:
        raise ValueError("sample_weight must not all be zero.")
    if not np.isfinite(total):
        raise ValueError("the sum of sample_weight overflows float64. Divide by the largest.")
    if smallest < 1e-12 * largest:
        raise ValueError(
            f"sample_weight ranges from {smallest:g} to {largest:g}, so the rows of small weight "
            "are lost in rounding. Set such weights to 0, or bring them within a factor of 1e12."
        )


def block_labels(value: Any, n: int) -> NDArray[Any]:
    """Check the labels of a block of rows."""
    labels = np.asarray(value)
    if labels.shape != (n,):
        raise ValueError(f"y must have one label a row of X, {n}, got shape {labels.shape}.")
    if labels.dtype.kind == "f" and not (np.isfinite(labels) & (labels == np.rint(labels))).all():
        wrong = labels[~(np.isfinite(labels) & (labels == np.rint(labels)))][0]
        raise ValueError(f"y must hold labels of classes, got the number {wrong}.")
    if labels.dtype.kind == "c":
        raise TypeError(f"y must hold labels of classes, got dtype {labels.dtype}.")
    if labels.dtype.kind == "O":
        kinds = kinds_of_objects(labels)
        if len(kinds) > 1 or kinds in (["NoneType"], ["float"], ["NAType"]):
            refuse_mixed_labels(kinds)
    return labels


def kinds_of_objects(labels: NDArray[Any]) -> list[str]:
    """Return the types of labels that are objects of Python."""
    return sorted({type(label).__name__ for label in labels.tolist()})


def refuse_mixed_labels(kinds: Sequence[str]) -> NoReturn:
    """Say what labels must be."""
    raise TypeError(
        f"y must hold labels of one type, none of them missing, got {', '.join(kinds)}. Convert "
        "them to strings, and give rows without a label one, or leave them out."
    )


def kind_of_labels(labels: NDArray[Any]) -> str:
    """Name what kind of labels an array holds, as far as kinds can be told from each other."""
    if not len(labels):
        return ""
    named = {"U": "str", "S": "bytes", "b": "bool", "i": "number", "u": "number", "f": "number"}
    of_object = type(labels[0]).__name__ if labels.dtype.kind == "O" else str(labels.dtype)
    return named.get(labels.dtype.kind, "number" if of_object == "int" else of_object)


def one_kind(kinds: dict[str, str]) -> None:
    """Check that labels are of one kind, given the block where each kind was found."""
    if len(kinds) > 1:
        found = ", ".join(f"{kind} in {place}" for kind, place in kinds.items())
        raise TypeError(f"y must hold labels of one type, got {found}.")


def groups_within_blocks(first: str, second: str, group: Any) -> None:
    """Say why a group must not be spread over blocks."""
    raise ValueError(
        f"groups must each lie in one block, but rows of the group {group!r} are in {first} and "
        f"in {second}. Leaving a group out takes all its rows at once: bring them together first, "
        "for example with frame.shuffle(on='subject')."
    )


def same_rows_again(same: bool) -> None:
    """Check that a pass meets the labels of the first one."""
    if not same:
        raise ValueError(
            "y holds labels that the first pass did not meet. Each pass must find the same rows: "
            "seed what is drawn at random, or persist it."
        )


def rows_at_hand(**arrays: Any) -> None:
    """Refuse Dask collections, which would quietly be gathered."""
    for name, value in arrays.items():
        if is_collection(value):
            raise TypeError(
                f"partial_fit adds rows that are at hand, but {name} is a Dask collection. Pass it "
                "to fit, which goes to the blocks."
            )


def lazy_output(kind: str) -> None:
    """Refuse containers that would gather a Dask collection."""
    if kind != "default":
        raise TypeError(
            "transform returns a Dask array for a Dask collection, but set_output asks for "
            f'"{kind}", which is in memory. Call set_output(transform="default"), or compute X.'
        )


def all_in_blocks(X_in_blocks: bool, **others: Any) -> None:
    """Check that labels go with X, and that what goes with it is where it is."""
    if X_in_blocks and others["y"] is None:
        raise ValueError("y must hold the labels of the rows of X, but it was left out.")
    for name, value in others.items():
        if is_collection(value) and not X_in_blocks:
            raise TypeError(
                f"{name} is a Dask collection and X is not. Pass both as Dask collections, or "
                f"{name}.compute()."
            )


def group_codes(value: Any, n: int) -> NDArray[np.intp]:
    """Check labels of groups, one a row, and return a code for each."""
    names, codes = np.unique(group_labels(value, n), return_inverse=True)
    several_groups(len(names))
    return codes


def group_labels(value: Any, n: int) -> NDArray[Any]:
    """Check labels of groups, one a row."""
    labels = np.asarray(value)
    if labels.shape != (n,):
        raise ValueError(f"groups must have one label a row of X, {n}, got shape {labels.shape}.")
    try:
        np.sort(labels)
    except TypeError:
        raise TypeError(
            "groups must hold labels that can be sorted, got a mixture of types. Convert them to "
            "strings."
        ) from None
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        raise ValueError(
            "groups must not hold NaN or infinity. Give such rows a group of their own."
        )
    return labels


def several_groups(count: int) -> None:
    """Check that leaving a group out leaves something."""
    if count < 2:
        raise ValueError("groups must name at least 2 groups, got 1: it cannot be left out.")


def component_count(value: Any, most: int) -> int:
    """Check a number of discriminant axes; None is all of them."""
    count = most if value is None else step_count("n_components", value)
    if count > most:
        raise ValueError(
            f"n_components must be at most {most}, the number of classes less one or of columns, "
            f"got {count}."
        )
    return count


def spread_within(scatter: Array) -> None:
    """Check that samples differ within their classes, by a number that float64 can square."""
    if not finite_scatter(scatter.trace()) > 0:
        raise ValueError(
            "the rows of each class are all equal (or differ by less than 1e-154), so there is no "
            "covariance to measure distances by. Rescale X, or give each class rows that differ."
        )
