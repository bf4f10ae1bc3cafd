"""The pictures of the report: agreement over the decades, and classes with their ellipses."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse

import gaussmetrics as gm
from gaussmetrics._array.types import Array
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.validation.classifiers import penalty
from gaussmetrics.validation.datasets import Dataset
from gaussmetrics.validation.descent import (
    closing_bounds,
    softmax_by_adam,
    softmax_by_gradient_descent,
)
from gaussmetrics.validation.rows import Row, sampled

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#7F7F7F")
MARKERS = "osD^vP*Xh"  # nine beside eight colours: seventy-two different pairs
LEVELS = (0.5, 0.95)


def agreement(rows: Sequence[Row]) -> Figure:
    """Draw closed forms against estimates, their relative difference, and the z-scores.

    Parameters
    ----------
    rows : sequence of Row

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = Figure(figsize=(12, 9), dpi=150, layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(1.5, 1), height_ratios=(2.2, 1))
    values = figure.add_subplot(grid[0, 0])
    differences = figure.add_subplot(grid[1, 0], sharex=values)
    _draw_values(values, differences, [row for row in rows if _has_decades(row)])
    drawn = [row for row in rows if row.outcome.estimate.rule is sampled]
    _draw_z_scores(figure.add_subplot(grid[:, 1]), drawn)
    handles, names = values.get_legend_handles_labels()
    if names:  # below, for there are more of them than an axes has room for
        figure.legend(handles, names, loc="outside lower center", ncols=4, frameon=False)
    return figure


def _has_decades(row: Row) -> bool:
    """Tell the quantities with a true zero from the entropies."""
    estimate = row.outcome.estimate
    return (
        estimate.rule is sampled
        and estimate.unit == 0
        and min(estimate.value, row.outcome.closed_form) > 0
    )


def _draw_values(values: Axes, differences: Axes, rows: Sequence[Row]) -> None:
    names = list(dict.fromkeys(row.outcome.quantity for row in rows))
    for name, colour, marker in zip(names, cycle(COLOURS), cycle(MARKERS), strict=False):
        chosen = [row.outcome for row in rows if row.outcome.quantity == name]
        closed = np.array([outcome.closed_form for outcome in chosen])
        estimate = np.array([outcome.estimate.value for outcome in chosen])
        error = np.array([outcome.estimate.standard_error for outcome in chosen])
        style: dict[str, Any] = {
            "fmt": marker,
            "color": colour,
            "ms": 5,
            "mew": 0.4,
            "mec": "white",
            "lw": 0.8,
        }
        values.errorbar(closed, estimate, error, label=name.replace("_", " "), **style)
        difference = 100 * (closed / estimate - 1)
        differences.errorbar(closed, difference, 100 * error / estimate, **style)
    if rows:
        values.set(xscale="log", yscale="log")
        values.axline((1, 1), (10, 10), color="0.6", lw=0.8, zorder=0)
    differences.axhline(0, color="0.6", lw=0.8, zorder=0)
    values.set(ylabel="estimate", title="Every pair of classes: closed form and estimate")
    values.tick_params(labelbottom=False)
    differences.set(xlabel="closed form", ylabel="difference, %")


def _draw_z_scores(axes: Axes, rows: Sequence[Row]) -> None:
    bound = rows[0].bound if rows else 5.0
    grid = np.linspace(-1.1 * bound, 1.1 * bound, 400)
    density = np.exp(-(grid**2) / 2) / np.sqrt(2 * np.pi)
    scores = np.clip([row.z for row in rows], grid[0], grid[-1])
    axes.hist(
        scores, bins=list(grid[::20]), density=len(scores) > 0, color=COLOURS[5], label="rows"
    )
    axes.plot(grid, density, color="black", lw=1.2, label="standard normal")
    for side in (-bound, bound):
        axes.axvline(side, color=COLOURS[1], lw=1.2, ls="--")
    axes.annotate("allowed", (bound, 0.97), xycoords=("data", "axes fraction"), rotation=90,
                  ha="right", va="top", color=COLOURS[1])  # fmt: skip
    axes.set(title=f"z-scores of {len(rows)} sampled rows", xlabel="z", ylabel="density")
    axes.legend(frameon=False, loc="upper left")


def classes(datasets: Sequence[Dataset]) -> Figure:
    """Draw the closest pair of classes of each data set with their 50 % and 95 % ellipses.

    Parameters
    ----------
    datasets : sequence of Dataset

    Returns
    -------
    matplotlib.figure.Figure
    """
    columns = min(2, len(datasets))
    lines = -(-len(datasets) // 2)
    figure = Figure(figsize=(6 * columns, 5 * lines), dpi=150, layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes in panels[len(datasets) :]:
        axes.set_axis_off()
    for axes, dataset in zip(panels, datasets, strict=False):
        _draw_pair(axes, dataset)
    figure.suptitle("The closest two classes and their 50 % and 95 % ellipses")
    return figure


def _closest(dataset: Dataset) -> tuple[str, str]:
    """Return the names of the two classes with the smallest Bhattacharyya distance."""
    normals = dataset.gaussians()
    return min(
        combinations(normals, 2),
        key=lambda pair: float(gm.bhattacharyya_distance(*(normals[name] for name in pair))),
    )


def _draw_pair(axes: Axes, dataset: Dataset) -> None:
    names, normals = _closest(dataset), dataset.gaussians()
    p, q = (normals[name] for name in names)
    plane = _plane(p, q)
    for name, normal, colour, marker in zip(names, (p, q), COLOURS, MARKERS, strict=False):
        x, y = (dataset.rows(name) @ plane).T
        axes.scatter(x, y, s=14, c=colour, marker=marker, alpha=0.5, lw=0, label=name)
        for level in LEVELS:
            axes.add_patch(_ellipse(normal, plane, level, colour))
    axes.set(xlabel="direction that separates the means best", ylabel="widest direction across it")
    axes.set_title(
        f"{dataset.name}, d = {p.dim}: KL {gm.kl_divergence(p, q):.3g}, "
        f"D_B {gm.bhattacharyya_distance(p, q):.3g}, W₂ {gm.wasserstein_distance(p, q):.3g}",
        fontsize=11,
    )
    axes.legend(frameon=False)


def _plane(p: Gaussian, q: Gaussian) -> Array:
    """Return two orthonormal directions: Fisher's discriminant, and the widest across it."""
    within = (p.cov + q.cov) / 2
    first = np.linalg.solve(within, p.mean - q.mean)
    first /= np.linalg.norm(first)
    across = np.eye(p.dim) - np.outer(first, first)
    second = np.linalg.eigh(across @ within @ across)[1][:, -1]
    return np.column_stack([first, second])


def _ellipse(normal: Gaussian, plane: Array, level: float, colour: str) -> Ellipse:
    """Return the smallest region that holds `level` of the normal's projection on the plane."""
    variances, axes = np.linalg.eigh(plane.T @ normal.cov @ plane)
    width, height = 2 * np.sqrt(-2 * np.log1p(-level) * variances)
    angle = np.degrees(np.arctan2(axes[1, 0], axes[0, 0]))
    x, y = normal.mean @ plane
    return Ellipse((x, y), width, height, angle=angle, fill=False, color=colour, lw=1.5)


def descents(datasets: Sequence[Dataset]) -> Figure:
    """Draw the bounds closing in on a Wasserstein distance, and the losses of softmax regression.

    Parameters
    ----------
    datasets : sequence of Dataset

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = Figure(figsize=(12, 5), dpi=150, layout="constrained")
    bounds, losses = figure.subplots(1, 2)
    for dataset, colour in zip(datasets, cycle(COLOURS), strict=False):
        _draw_bounds(bounds, dataset, colour)
        _draw_losses(losses, dataset, colour)
    bounds.set(xscale="log", yscale="log", xlabel="steps", ylim=(1e-12, 1))
    bounds.set_ylabel("distance from W₂², relative")
    bounds.set_title("Two descents close in on W₂² from above (—) and below (– –)")
    losses.set(xscale="log", yscale="log", xlabel="passes through the rows")
    losses.set_ylabel("penalised log-loss, nats")
    losses.set_title("Softmax regression: full batch (—), mini-batch Adam (· ·)")
    bounds.legend(frameon=False)
    return figure


def _draw_bounds(axes: Axes, dataset: Dataset, colour: str) -> None:
    names, normals = _closest(dataset), dataset.gaussians()
    p, q = (normals[name] for name in names)
    truth = float(gm.squared_wasserstein_distance(p, q))
    path = list(closing_bounds(p, q))
    steps = np.arange(1, len(path) + 1)
    above = [max(bounds.upper / truth - 1, 1e-13) for bounds in path]
    below = [max(1 - bounds.lower / truth, 1e-13) for bounds in path]
    axes.plot(steps, above, color=colour, label=f"{dataset.name}: {', '.join(names)}")
    axes.plot(steps, below, color=colour, ls="--")


def _draw_losses(axes: Axes, dataset: Dataset, colour: str) -> None:
    x, y = dataset.features, dataset.labels
    full = softmax_by_gradient_descent(x, y, penalty=penalty(y), tolerance=1e-9).losses
    adam = softmax_by_adam(x, y, penalty=penalty(y), rng=np.random.default_rng(0)).losses
    for curve, style in ((full, "-"), (adam, ":")):
        axes.plot(np.arange(1, len(curve) + 1), curve, style, color=colour, lw=1.2)
