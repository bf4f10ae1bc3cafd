"""Pictures of classifiers: decision regions and calibration."""

from __future__ import annotations

from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba_array
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from gaussmetrics._array import reading
from gaussmetrics._array.reading import real_array
from gaussmetrics._array.types import Array
from gaussmetrics.laws import interop
from gaussmetrics.laws.sample_checks import streamed_samples
from gaussmetrics.plotting.canvas import (
    MARKERS,
    axes_to_draw_on,
    axis_names,
    draw_legend,
    name_axes,
    number,
    plain,
)

_GRID = 256
_DEEPEST = 0.55
_DIAGONAL = "calibrated"


def plot_decision_regions(
    classifier: Any, X: ArrayLike, y: ArrayLike, *, ax: Axes | None = None
) -> Axes:
    """Draw where a classifier of two features decides for which class, and how surely.

    A point has the colour of its most probable class k, the deeper the larger p(k|x), and white
    where all classes are as probable. Lines show where the decision changes. What this adds to
    scikit-learn's display: one scale for the confidence of all K classes, and the samples.

    Parameters
    ----------
    classifier : fitted classifier
        With `predict_proba` and `classes_`, such as `AnalyticLogisticRegression` or any of
        scikit-learn, fitted on two columns.
    X : (n, 2) array_like or data frame
        Samples to draw on top. The names of a frame's columns are written on the axes.
    y : (n,) array_like
        Their labels, each class in the next colour of the property cycle, with its own marker.
    ax : Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    Axes
        Its aspect is left alone, for the features may have different units.

    Raises
    ------
    TypeError
        If the classifier is none, or gives no probabilities.
    ValueError
        If it is not fitted, X has not two columns, a label is unknown to it, or a probability is
        not finite.

    See Also
    --------
    plot_calibration, AnalyticLogisticRegression
    sklearn.inspection.DecisionBoundaryDisplay

    References
    ----------
    Bayes' rule, which takes the most probable class: Duda, Hart & Stork, Pattern Classification
    (2001), section 2.2, ISBN 978-0-471-05669-0.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = gm.AnalyticLogisticRegression().fit(X[:, 2:], y)
    >>> ax = gm.plot_decision_regions(model, X[:, 2:], y)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['0', '1', '2']
    """
    classes = fitted_classifier("plot_decision_regions", classifier)
    rows = two_features(X)
    codes = class_places(y, classes, len(rows))
    horizontal, vertical = (_span(column) for column in rows.T)
    grid = np.stack(np.meshgrid(horizontal, vertical), axis=-1)
    chances = forecasts(classifier.predict_proba(_like(X, grid.reshape(-1, 2))))
    chances = chances.reshape(*grid.shape[:2], len(classes))
    ax = axes_to_draw_on(ax)
    points = _draw_classes(ax, rows, codes, classes)
    extent = (horizontal[0], horizontal[-1], vertical[0], vertical[-1])
    colors = to_rgba_array([line.get_color() for line in points])[:, :3]
    ax.imshow(_shaded(chances, colors), extent=extent, origin="lower", aspect="auto", zorder=0)
    _draw_boundaries(ax, grid, chances)
    draw_legend(ax, points, [plain(name) for name in classes])
    name_axes(ax, *axis_names(interop.labels(X), range(2)))
    return ax


def _draw_classes(
    ax: Axes, rows: NDArray[Any], codes: NDArray[np.intp], classes: NDArray[Any]
) -> list[Line2D]:
    edge: dict[str, Any] = {"markersize": 5, "markeredgecolor": "white", "markeredgewidth": 0.5}
    return [
        ax.plot(*rows[codes == k].T, linestyle="", marker=marker, label=plain(name), **edge)[0]
        for k, (name, marker) in enumerate(zip(classes, cycle(MARKERS), strict=False))
    ]


def _span(values: NDArray[Any]) -> Array:
    """Return a grid over the range of the values and a little beyond."""
    low, high = float(values.min()), float(values.max())
    margin = 0.07 * (high - low) or 1.0
    return np.linspace(low - margin, high + margin, _GRID)


def _like(X: Any, rows: Array) -> Any:
    """Return rows as a frame if X is one: a classifier may insist on its names."""
    if not hasattr(X, "columns"):
        return rows
    return type(X)(dict(zip(X.columns, rows.T, strict=True)))


def _shaded(chances: Array, colors: Array) -> Array:
    even = 1.0 / chances.shape[-1]
    surplus = (chances.max(axis=-1) - even) / max(1.0 - even, even)
    depth = _DEEPEST * np.clip(surplus, 0.0, 1.0)[..., None]
    return 1.0 - depth * (1.0 - colors[chances.argmax(axis=-1)])


def _draw_boundaries(ax: Axes, grid: Array, chances: Array) -> None:
    """Draw where a class draws level with its strongest rival."""
    for k in range(chances.shape[-1] - (chances.shape[-1] == 2)):
        lead = chances[..., k] - np.delete(chances, k, axis=-1).max(axis=-1, initial=0.0)
        if lead.min() < 0 < lead.max():
            at = (grid[..., 0], grid[..., 1], lead)
            ax.contour(*at, levels=[0.0], colors="0.3", linewidths=0.8, zorder=1)


def plot_calibration(
    classifier: Any,
    X: ArrayLike,
    y: ArrayLike,
    *,
    bins: int = 10,
    label: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how often a classifier is right against how sure it is: a reliability curve.

    ECE = Σ_b (n_b/n) |frequency_b − mean probability_b|,  log-loss = −(1/n) Σ log p(y|x)

    Between two classes it is the probability of the second, `classes_[1]`, against its frequency.
    Among more it is the confidence, the probability of the class predicted, against the frequency
    with which that is right. Bars are Wilson's 95 % intervals for a binomial frequency. What this
    adds to scikit-learn's display: the intervals, both scores, and more than two classes.

    Parameters
    ----------
    classifier : fitted classifier
        With `predict_proba` and `classes_`, such as `AnalyticLogisticRegression` or any of
        scikit-learn.
    X : n samples
        Whatever the classifier takes, best such as it has not seen.
    y : (n,) array_like
        Their labels.
    bins : int
        Into how many bins of equal width probabilities are put; empty ones are left out.
    label : str, optional
        A name for the legend, by default that of the classifier's type.
    ax : Axes, optional
        Where to draw; by default a new figure. Several classifiers may share one.

    Returns
    -------
    Axes
        Of equal aspect. The legend has the log-loss, in nats, and the ECE of what is drawn.

    Raises
    ------
    TypeError
        If the classifier is none, gives no probabilities, or bins is not an integer.
    ValueError
        If it is not fitted, shapes do not fit, a label is unknown to it, or a probability is not
        finite.

    See Also
    --------
    plot_decision_regions, AnalyticLogisticRegression
    sklearn.calibration.CalibrationDisplay

    References
    ----------
    Guo, Pleiss, Sun & Weinberger 2017, arXiv:1706.04599; the intervals: Wilson 1927,
    doi:10.1080/01621459.1927.10502953.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> from sklearn.datasets import load_breast_cancer
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = gm.AnalyticLogisticRegression().fit(X[::2], y[::2])
    >>> ax = gm.plot_calibration(model, X[1::2], y[1::2], label="closed form")
    >>> ax.get_xlabel()
    'predicted probability of 1'
    """
    classes = fitted_classifier("plot_calibration", classifier)
    count = float(reading.step_count("bins", bins))
    chances = forecasts(classifier.predict_proba(X))
    codes = class_places(y, classes, len(chances))
    sure, right = _forecasts(chances, codes)
    members, mean, frequency = _binned(sure, right, count)
    gap = members / len(codes) @ np.abs(frequency - mean)
    ax = axes_to_draw_on(ax)
    loss = number(_log_loss(chances, codes))
    title = f"{label or type(classifier).__name__}\nlog-loss {loss}, ECE {number(float(gap), 2)}"
    _draw_diagonal(ax)
    low, high = _wilson(frequency, members)
    bars = np.maximum([frequency - low, high - frequency], 0.0)
    style: dict[str, Any] = {"fmt": "o-", "markersize": 4, "capsize": 2, "elinewidth": 0.8}
    ax.errorbar(mean, frequency, yerr=bars, label=title, **style)
    draw_legend(ax, *ax.get_legend_handles_labels(), fontsize="small")
    name_axes(ax, *_calibration_names(classes))
    return ax


def _calibration_names(classes: NDArray[Any]) -> tuple[str, str]:
    if len(classes) == 2:
        second = plain(classes[1])
        return f"predicted probability of {second}", f"fraction of {second}"
    return "probability of the predicted class", "fraction predicted right"


def _forecasts(chances: Array, codes: NDArray[np.intp]) -> tuple[Array, NDArray[np.bool_]]:
    """Return the probabilities that are judged, and whether what they speak of came true."""
    if chances.shape[1] == 2:
        return chances[:, 1], codes == 1
    return chances.max(axis=1), codes == chances.argmax(axis=1)


def _binned(sure: Array, right: NDArray[np.bool_], bins: float) -> tuple[Array, Array, Array]:
    """Return the sizes of the bins that are not empty, their mean forecasts and frequencies."""
    lower = np.clip(np.floor(sure * bins), 0.0, bins - 1.0)
    _, place = np.unique(lower, return_inverse=True)
    members = np.bincount(place).astype(float)
    mean, frequency = (np.bincount(place, weights) / members for weights in (sure, right))
    return members, mean, frequency


def _log_loss(chances: Array, codes: NDArray[np.intp]) -> float:
    with np.errstate(divide="ignore"):
        return 0.0 - float(np.log(np.take_along_axis(chances, codes[:, None], axis=1)).mean())


def _wilson(frequency: Array, n: Array) -> tuple[Array, Array]:
    """Return Wilson's 95 % interval for a binomial probability."""
    z = float(ndtri(0.975))
    middle = (frequency + z * z / (2.0 * n)) / (1.0 + z * z / n)
    half = z * np.sqrt(frequency * (1.0 - frequency) / n + z * z / (4.0 * n * n))
    half = half / (1.0 + z * z / n)
    return middle - half, middle + half


def _draw_diagonal(ax: Axes) -> None:
    """Draw what perfect calibration looks like, once."""
    if _DIAGONAL not in ax.get_legend_handles_labels()[1]:
        ax.plot([0.0, 1.0], [0.0, 1.0], color="0.6", linestyle="--", linewidth=1, label=_DIAGONAL)
        ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")


def fitted_classifier(function: str, classifier: Any) -> np.ndarray[Any, Any]:
    """Check that a classifier gives probabilities; return its classes."""
    if isinstance(classifier, type) or not hasattr(classifier, "predict"):
        raise TypeError(
            f"{function} takes a fitted classifier, got {classifier!r}. For example "
            "classifier = gaussmetrics.AnalyticLogisticRegression().fit(X, y)."
        )
    if not hasattr(classifier, "classes_"):
        raise ValueError(f"{function} needs a fitted classifier: call classifier.fit(X, y) first.")
    if not hasattr(classifier, "predict_proba"):
        raise TypeError(
            f"{function} needs probabilities, but {type(classifier).__name__} has no "
            "predict_proba. Calibrate it first, with scikit-learn's CalibratedClassifierCV."
        )
    return np.asarray(classifier.classes_)


def two_features(X: Any) -> np.ndarray[Any, Any]:
    """Check samples that fit on paper."""
    rows = streamed_samples("X", X)
    if rows.ndim != 2 or rows.shape[1] != 2:
        raise ValueError(
            f"plot_decision_regions needs X of shape (n, 2), got {rows.shape}. Fit the classifier "
            "on two of the columns, or on the first two principal components."
        )
    return rows


def class_places(y: Any, classes: np.ndarray[Any, Any], count: int) -> NDArray[np.intp]:
    """Check the labels of samples for a fitted classifier; return their places in `classes`."""
    labels = np.asarray(y)
    if labels.shape != (count,) or count == 0:
        raise ValueError(
            f"y must hold one label a row of X, at least one, got shape {labels.shape} for "
            f"{count} rows."
        )
    places = {label: k for k, label in enumerate(classes.tolist())}
    unknown = [label for label in labels.tolist() if label not in places]
    if unknown:
        raise ValueError(
            f"y holds labels that the classifier was not fitted on: "
            f"{list(dict.fromkeys(unknown))[:5]}; its classes are {classes.tolist()}."
        )
    return np.array([places[label] for label in labels.tolist()])


def forecasts(value: Any) -> Array:
    """Check the probabilities that a classifier gives."""
    return real_array("predict_proba(X)", value, shape="(n, K)", min_ndim=2)
