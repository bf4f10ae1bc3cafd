"""Checks of labelled samples and of the options of the classifier."""

from __future__ import annotations

from typing import Any, NoReturn, cast

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array.reading import is_number, real_array
from gaussmetrics._array.types import Array
from gaussmetrics.laws.sample_checks import finite_scatter, sample_weights, streamed_samples


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
        f"temperature='loo' cannot judge shrinkage={shrinkage:g}: without some row the covariance "
        "within the classes is singular to rounding. Shrink more, scale the columns alike, or pass "
        "temperature=1."
    )


def temperature(value: Any) -> None:
    """Check a temperature: a positive number, or the name of the way to choose it."""
    if not (value == "loo" if isinstance(value, str) else is_number(value)):
        raise TypeError(f'temperature must be a positive number or "loo", got {value!r}.')
    if not isinstance(value, str) and not 0.0 < value < np.inf:
        raise ValueError(f"temperature must be positive and finite, got {value!r}.")


def streaming_parameters(name: str, shrinkage: Any, temperature: Any) -> None:
    """Say why a stream of rows cannot be fitted with choices that look at all rows again."""
    if shrinkage in {"loo", "ledoit-wolf"} or temperature == "loo":
        raise AttributeError(
            f"{name}.partial_fit keeps moments and no rows, but shrinkage={shrinkage!r}, "
            f"temperature={temperature!r} looks at every row again. Use fit, or set shrinkage to "
            "a number or 'oas' and temperature to a number."
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


def priors(value: Any, n_classes: int) -> Array:
    """Check class probabilities."""
    p = real_array("priors", value, shape="(K,)", min_ndim=1)
    if p.shape != (n_classes,):
        raise ValueError(
            f"priors must have one entry for each of the {n_classes} classes, got shape {p.shape}."
        )
    if not (p > 0).all() or abs(p.sum() - 1.0) > 1e-8:
        raise ValueError(
            f"priors must be positive and sum to 1, got {p.tolist()}. Divide them by their sum."
        )
    return p


def spread_within(scatter: Array) -> None:
    """Check that samples differ within their classes, by a number that float64 can square."""
    if not finite_scatter(scatter.trace()) > 0:
        raise ValueError(
            "the rows of each class are all equal (or differ by less than 1e-154), so there is no "
            "covariance to measure distances by. Rescale X, or give each class rows that differ."
        )
