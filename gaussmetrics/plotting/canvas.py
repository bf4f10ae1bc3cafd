"""Axes to draw on, and the names that stand on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from matplotlib import pyplot
from matplotlib.axes import Axes

from gaussmetrics._array.reading import in_order

MARKERS = "osD^vP*Xh"
SHADE = 0.15


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
        return pyplot.subplots(layout="tight")[1]
    if not isinstance(ax, Axes) or hasattr(ax, "zaxis"):
        refuse_axes(ax)
    return ax


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
