"""The pictures of a comparison: the clearest columns, the table of distances, their parts."""

from __future__ import annotations

import re
import warnings
from io import BytesIO
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gaussmetrics.command.compare_report import name_of
from gaussmetrics.command.comparison import Comparison
from gaussmetrics.command.selection import Selection
from gaussmetrics.command.wording import shortened
from gaussmetrics.laws import Gaussian
from gaussmetrics.plotting import plot_gaussians, plot_pairwise
from gaussmetrics.plotting.canvas import MARKERS, plain

MOST_LAWS = 10
"""Of more groups than there are colours one of each cluster has one, and the rest are grey."""

MOST_POINTS = 500
SHOWN_COLUMNS = 12
PARTS = {"means": "#0072B2", "scales": "#E69F00", "orientations": "#CCCCCC"}
DPI = 150


def pictures(chosen: Selection, found: Comparison) -> dict[str, tuple[Figure, str]]:
    """Return the figures by their names, with what they show."""
    drawn = {"groups": (_groups(chosen, found), _of_groups(found))}
    if len(found.names) > 2:
        what = "less what few rows add" if found.all_shown else "of the fitted laws"
        title = f"Wasserstein distances in standard deviations, {what}; near groups side by side."
        drawn["distances"] = (_distances(found), title)
    if any(map(found.told_apart, found.pairs)):
        title = "What of the squared distances is due to means, scales and orientations."
        drawn["parts"] = (_parts(found), title)
        left = len(found.columns) - SHOWN_COLUMNS
        of_many = f" (the {SHOWN_COLUMNS} foremost of {len(found.columns)})" if left > 0 else ""
        title = (
            f"The columns that differ most between groups{of_many}, each alone, in standard "
            "deviations."
        )
        drawn["columns"] = (_columns(found), title)
    return drawn


def drawn_pictures(
    chosen: Selection, found: Comparison
) -> tuple[dict[str, tuple[bytes, str]], str]:
    """Return the pictures by their names, with what they show, and characters no font has."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        drawn = {
            name: (as_png(figure), what) for name, (figure, what) in pictures(chosen, found).items()
        }
    missing: dict[str, None] = {}
    for warning in heard:
        glyph = re.match(r"Glyph (\d+) .* missing from font", str(warning.message))
        if glyph:
            missing[chr(int(glyph[1]))] = None
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    return drawn, " ".join(missing)


def as_png(figure: Figure) -> bytes:
    """Return a figure as a picture."""
    buffer = BytesIO()
    figure.savefig(buffer, dpi=DPI, format="png", facecolor="white")
    return buffer.getvalue()


def _of_groups(found: Comparison) -> str:
    of = "columns, the pair" if len(found.clearest.columns) == 2 else "column, the one"
    more = ""
    if len(found.names) > MOST_LAWS:
        more = " Coloured is one group of each cluster."
    return f"Regions of 95 % and rows in the clearest {of} that tells the groups apart best.{more}"


def _groups(chosen: Selection, found: Comparison) -> Figure:
    """Draw rows and laws in the clearest columns, in their own units."""
    figure = Figure(figsize=(7.5, 5.0), layout="constrained")
    ax = figure.subplots()
    names = [found.columns[c] for c in found.clearest.columns]
    rows = chosen.rows[names]
    shown = found.names
    if len(shown) > MOST_LAWS:
        sizes = dict(zip(found.names, found.sizes, strict=True))
        shown = [max(cluster, key=lambda name: sizes[name]) for cluster in found.clusters]
    others = ~chosen.groups.isin(shown)
    if len(names) == 2 and others.any():
        grey: dict[str, Any] = {"color": "0.75", "markersize": 2, "zorder": 0}
        ax.plot(*rows[others].to_numpy().T, ".", **grey)
    parts = [rows[chosen.groups == name] for name in shown]
    laws = [Gaussian.from_samples(part, allow_singular=True) for part in parts]
    plot_gaussians(laws, labels=[plain(name) for name in shown], ax=ax)
    legend = ax.get_legend()
    handles: list[Any] = list(legend.legend_handles) if legend else []
    if len(names) == 2:
        _draw_rows(ax, [part.to_numpy() for part in parts])
    ax.legend_ = None
    figure.legend(handles, [plain(name) for name in shown], loc="outside right upper",
                  fontsize="small")  # fmt: skip
    return figure


def _draw_rows(ax: Axes, parts: list[Any]) -> None:
    rng = np.random.default_rng(0)
    for k, part in enumerate(parts):
        some = part if len(part) <= MOST_POINTS else rng.choice(part, MOST_POINTS, replace=False)
        style: dict[str, Any] = {"marker": MARKERS[k % len(MARKERS)], "linestyle": ""}
        ax.plot(*some.T, color=f"C{k}", markersize=2.5, alpha=0.45, zorder=1, **style)


def _distances(found: Comparison) -> Figure:
    side = min(10.0, 4.5 + 0.14 * len(found.names))
    figure = Figure(figsize=(side + 1.0, side), layout="constrained")
    ax = figure.subplots()
    order: Literal["clustering"] | None = "clustering" if len(found.names) > 3 else None
    labels = [plain(shortened(name)) for name in found.names]
    plot_pairwise(found.table, labels=labels, order=order, quantity="distance", ax=ax)
    return figure


def _parts(found: Comparison) -> Figure:
    """Draw the squared distances as bars, one a pair, cut into their parts."""
    pairs = found.explained
    figure = Figure(figsize=(7.5, 1.2 + 0.28 * len(pairs)), layout="constrained")
    ax = figure.subplots()
    left = np.zeros(len(pairs))
    for part, color in PARTS.items():
        width = np.array([getattr(pair, part) * pair.distance**2 for pair in pairs])
        ax.barh(range(len(pairs)), width, left=left, color=color, edgecolor="0.25", linewidth=0.4,
                label=part)  # fmt: skip
        left += width
    ax.set_yticks(range(len(pairs)), [plain(name_of(pair)) for pair in pairs])
    ax.set_xlabel("squared distance")
    figure.legend(*ax.get_legend_handles_labels(), loc="outside upper right", ncols=3,
                  fontsize="small")  # fmt: skip
    return figure


def _columns(found: Comparison) -> Figure:
    """Draw how far apart each pair is in the columns that differ most, as a map."""
    pairs = found.explained
    sums: dict[str, float] = {}
    for pair in pairs:
        for column in pair.columns:
            sums[column.name] = sums.get(column.name, 0.0) + column.distance
    most = sorted(sums, key=lambda name: -sums[name])[:SHOWN_COLUMNS]
    values = np.array(
        [[next(c.distance for c in pair.columns if c.name == name) for name in most]
         for pair in pairs]
    )  # fmt: skip
    figure = Figure(figsize=(4.0 + 0.5 * len(most), 2.0 + 0.3 * len(pairs)), layout="constrained")
    ax = figure.subplots()
    ax.set(xlabel=" ", ylabel=" ")
    plot_pairwise(
        values, labels=[plain(name_of(pair)) for pair in pairs],
        column_labels=[plain(shortened(name)) for name in most], quantity="distance", ax=ax,
    )  # fmt: skip
    ax.set(xlabel="", ylabel="")
    return figure
