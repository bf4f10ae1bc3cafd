"""Axes to draw on, and the names, legends and colours that stand on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NoReturn

import numpy as np
from matplotlib import colormaps, pyplot, rcParams
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, is_color_like
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.typing import ColorType

from gaussmetrics._array.reading import in_order

MARKERS = "osD^vP*Xh"
SHADE = 0.15
INFINITE = r"$\infty$"  # as a formula, for few fonts of text have the sign
_FEW_NAMES = 10
_NAMES_IN_COLUMN = 20


def plain(text: object) -> str:
    """Return text in which matplotlib sees no formula."""
    return str(text).replace("$", r"\$")


def name_axes(ax: Axes, x: str, y: str) -> None:
    """Label the axes, unless their owner has."""
    if not ax.get_xlabel():
        ax.set_xlabel(x)
    if not ax.get_ylabel():
        ax.set_ylabel(y)


def axes_to_draw_on(ax: Axes | None) -> Axes:
    """Return the axes given, or those of a new figure."""
    if ax is None:
        return pyplot.subplots(layout="compressed")[1]
    if not isinstance(ax, Axes) or hasattr(ax, "zaxis"):
        refuse_axes(ax)
    return ax


def number(value: float, digits: int = 3) -> str:
    """Write a number in signs that the font has."""
    minus = "−" if rcParams["axes.unicode_minus"] else "-"
    return f"{value:.{digits}g}".replace("-", minus).replace("inf", INFINITE)


def draw_legend(ax: Axes, handles: Sequence[Any], names: Sequence[str], **style: Any) -> None:
    """Name what is drawn: inside, or beside if it would cover something and can."""
    if len(names) > _FEW_NAMES:
        style.setdefault("fontsize", "small")
    legend = ax.legend(handles, names, **style)
    legend.set_in_layout(False)  # one that is too tall would leave no room for the axes
    layout, figure = ax.figure.get_layout_engine(), ax.get_figure()
    ax.get_xlim()  # which brings the limits up to date
    ax.apply_aspect()
    if layout is not None and isinstance(figure, Figure):
        layout.execute(figure)
    legend.set_in_layout(True)
    frame = legend.get_window_extent()
    covers = any(path.intersects_bbox(frame, filled) for path, filled in _drawn(ax))
    too_tall = frame.height > ax.bbox.height
    if too_tall or (covers and layout is not None):
        columns = -(-len(names) // _NAMES_IN_COLUMN)
        beside: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.02, 1.0)}
        ax.legend(handles, names, ncols=columns, borderaxespad=0.0, **beside, **style)


def _drawn(ax: Axes) -> Iterator[tuple[Path, bool]]:
    """Yield outlines of lines, points, regions and bars in pixels, and whether they are full."""
    for line in ax.lines:
        points = line.get_transform().transform(line.get_xydata())
        apart = [Path([point]) for point in points]
        joined = [Path(points)] if len(points) else []
        yield from ((path, False) for path in (apart if line.get_linestyle() == "None" else joined))
    for shapes in ax.collections:
        turn, full = shapes.get_transform(), bool(np.any(shapes.get_facecolor()))
        yield from ((path.transformed(turn), full) for path in shapes.get_paths() if len(path))
    for bar in ax.patches:
        yield bar.get_path().transformed(bar.get_transform()), True


def colour_map(name: str, value: Any) -> Colormap:
    """Check a colour map or the name of one."""
    if isinstance(value, Colormap):
        return value
    if not isinstance(value, str) or value not in colormaps:
        raise ValueError(
            f"{name} must be a colour map of matplotlib or the name of one, such as 'viridis', got "
            f"{value!r}. list(matplotlib.colormaps) has the names."
        )
    return colormaps[value]


def colours(name: str, value: Any, count: int, what: str) -> list[ColorType | None]:
    """Check one colour each; None leaves them to the property cycle."""
    if value is None:
        return [None] * count
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(f"{name} must be a list of colours, got {value!r}.")
    chosen = list(value)
    for i, color in enumerate(chosen):
        if not is_color_like(color):
            raise ValueError(
                f"{name} must hold colours such as 'C0', 'black' or '#0072B2', but {name}[{i}] is "
                f"{color!r}."
            )
    if len(chosen) != count:
        raise ValueError(
            f"{name} must hold a colour for each of the {count} {what}, got {len(chosen)}."
        )
    return chosen


def axis_names(names: Sequence[str] | None, chosen: Iterable[int], beside: str = "") -> list[str]:
    """Name both axes: the second, of a single coordinate, for what stands beside it."""
    return [*(plain(names[i]) if names else f"$x_{{{i}}}$" for i in chosen), beside][:2]


def refuse_axes(value: Any) -> NoReturn:
    """Say what can be drawn on."""
    raise TypeError(
        f"ax must be a matplotlib Axes of two dimensions, got {type(value).__name__}. Make one "
        "with figure, ax = plt.subplots(), or leave ax out for a new figure."
    )


def tick_labels(name: str, value: Any, count: int, what: str) -> list[str]:
    """Check the names of what a picture shows, one each."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(f"{name} must be a list of names, got {value!r}.")
    in_order(name, value)
    names = [str(label) for label in value]
    if len(names) != count:
        raise ValueError(f"{name} must name each of the {count} {what}, got {len(names)} names.")
    return names
