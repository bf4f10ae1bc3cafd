"""The picture: test accuracy and log-loss against the number of training rows, task by task."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import (
    FixedLocator,
    LogLocator,
    MaxNLocator,
    NullLocator,
    StrMethodFormatter,
)
from methods import DEFAULT, DESCENT, PLAIN, SHRUNK, TUNED, first_defined
from texts import DIMENSION, TASKS


class Style(NamedTuple):
    """How one method is drawn; the colours stay apart for colour-blind eyes."""

    color: str
    marker: str
    line: str = "-"
    width: float = 1.6


STYLES = {
    DESCENT: Style("#999999", "s"),
    TUNED: Style("#0072B2", "D"),
    PLAIN: Style("#D55E00", "v"),
    SHRUNK: Style("#E69F00", "^", "--"),
    DEFAULT: Style("#009E73", "o", width=2.6),
}
GRID, INK = "#e6e6e6", "#333333"


def save_picture(trials: pd.DataFrame, path: Path) -> None:
    """Draw one column for each task: accuracy above, log-loss below."""
    tasks = [task for task in TASKS if task in set(trials["task"])]
    figure = Figure(figsize=(1.2 + 4.6 * len(tasks), 8.2), layout="constrained")
    grid = figure.subplots(2, len(tasks), sharex="col", squeeze=False)
    for column, task in zip(grid.T, tasks, strict=True):
        draw_task(column, trials[trials["task"] == task], TASKS[task].title)
    grid[0, 0].set_ylabel("test accuracy (%)")
    grid[1, 0].set_ylabel("test log-loss (nats, log scale)")
    handles, names = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=len(names), frameon=False)
    figure.savefig(path, dpi=130)


def draw_task(column: tuple[Axes, Axes], trials: pd.DataFrame, title: str) -> None:
    """Draw both quantities of one task."""
    accuracy, log_loss = column
    classes, sizes = trials["classes"].iloc[0], sorted(trials["train_rows"].unique())
    percent = trials.assign(test_accuracy=100 * trials["test_accuracy"])
    draw_curves(accuracy, percent, "test_accuracy")
    draw_curves(log_loss, trials, "test_log_loss")
    accuracy.yaxis.set_major_locator(MaxNLocator(8, integer=True))
    accuracy.set_title(f"{title} ({classes} classes)", fontweight="bold", color=INK)
    log_loss.set_yscale("log")
    log_loss.yaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
    log_loss.yaxis.set_minor_locator(NullLocator())
    log_loss.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    log_loss.set_xlabel("training rows (log scale)")
    for axes, side in ((accuracy, "bottom"), (log_loss, "top")):
        dress(axes, sizes)
        mark_undefined(axes, first_defined(PLAIN, classes, DIMENSION), side)


def draw_curves(axes: Axes, trials: pd.DataFrame, quantity: str) -> None:
    """Draw mean and standard error over seeds of every method."""
    for name, style in STYLES.items():
        sizes = trials[trials["method"] == name].groupby("train_rows")
        curve = sizes[quantity].agg(["mean", "sem"])
        axes.errorbar(
            curve.index, curve["mean"], curve["sem"], label=name, color=style.color,
            marker=style.marker, linestyle=style.line, linewidth=style.width, markersize=5.5,
            markeredgecolor="white", markeredgewidth=0.6, capsize=3,
        )  # fmt: skip


def dress(axes: Axes, sizes: list[int]) -> None:
    """Set ticks at the sizes that were run and a quiet frame."""
    axes.set_xscale("log")
    axes.set_xlim(sizes[0] / 1.15, sizes[-1] * 1.15)
    axes.xaxis.set_major_locator(FixedLocator(sizes))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([f"{size:,}".replace(",", " ") for size in sizes], rotation=45)
    axes.grid(color=GRID)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def mark_undefined(axes: Axes, rows: int, side: str) -> None:
    """Shade the sizes at which the plain formula has no invertible covariance."""
    left, color = axes.get_xlim()[0], STYLES[PLAIN].color
    if left < rows:
        axes.axvspan(left, rows, color=color, alpha=0.08, linewidth=0)
        axes.text(
            (left * rows) ** 0.5, 0.03 if side == "bottom" else 0.97, "plain formula undefined",
            transform=axes.get_xaxis_transform(), rotation=90, ha="center", va=side,
            color=color, fontsize=9,
        )  # fmt: skip
