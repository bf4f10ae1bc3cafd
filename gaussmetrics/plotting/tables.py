"""Pictures of tables of distances: a map of all pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.image import AxesImage
from numpy.typing import ArrayLike
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from gaussmetrics._array.reading import as_array
from gaussmetrics._array.types import Array
from gaussmetrics.plotting.canvas import (
    INFINITE,
    axes_to_draw_on,
    colour_map,
    name_axes,
    number,
    tick_labels,
)

_FEW_CELLS = 144
_SMALLEST = 4.0  # in points; smaller figures are left out
_FEW_TICKS = 24


def plot_pairwise(
    table: ArrayLike,
    *,
    labels: Sequence[str] | None = None,
    column_labels: Sequence[str] | None = None,
    order: Literal["clustering"] | None = None,
    quantity: str | None = None,
    cmap: str | Colormap = "viridis",
    ax: Axes | None = None,
) -> Axes:
    """Draw a table of pairs as a heat map, with a colour bar and, if they are few, the values.

    Row i, column j has the colour of T[i, j] = metric(ps[i], qs[j])

    Infinite values are grey. A table that is not symmetric gets the names p and q on its axes, the
    first and the second operand.

    Parameters
    ----------
    table : (n, m) array_like
        As `pairwise` returns it.
    labels : sequence of str, optional
        Names of the rows, and of the columns too if the table is square; numbers by default.
    column_labels : sequence of str, optional
        Names of the columns where they are others than those of the rows.
    order : "clustering", optional
        Put near laws beside each other, in SciPy's optimal leaf ordering of the clusters of average
        linkage. Only for this the table is made symmetric, ½ (T + Tᵀ), and infinity taken for
        twice the largest finite value.
    quantity : str, optional
        What the colour bar shows, with its unit.
    cmap : str or Colormap
        The colours; such as are light at one end and dark at the other survive black-and-white
        print.
    ax : Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    Axes
        Of equal aspect if the table is square. The tick labels tell the order.

    Raises
    ------
    TypeError
        If the table does not hold real numbers.
    ValueError
        If shapes do not fit, a value is NaN, or clustering is asked of what are no distances.

    See Also
    --------
    pairwise, estimate_pairwise

    References
    ----------
    Optimal leaf ordering: Bar-Joseph, Gifford & Jaakkola 2001,
    doi:10.1093/bioinformatics/17.suppl_1.S22.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> ps = gm.Gaussian([[0.0], [5.0], [1.0]], [[1.0]])
    >>> table = gm.pairwise(gm.wasserstein_distance, ps)
    >>> ax = gm.plot_pairwise(table, labels=["a", "b", "c"], order="clustering")
    >>> [text.get_text() for text in ax.get_yticklabels()]
    ['a', 'c', 'b']
    """
    values = drawn_table(table)
    table_order(order, values)
    rows, columns = _table_names(values.shape, labels, column_labels)
    heat = colour_map("cmap", cmap).with_extremes(bad="0.85")
    if order is not None:
        leaves = _clustered(values)
        values = values[np.ix_(leaves, leaves)]
        rows, columns = ([names[i] for i in leaves] for names in (rows, columns))
    ax = axes_to_draw_on(ax)
    square = len(values) == len(values.T)
    masked = np.ma.masked_invalid(values)
    image = ax.imshow(masked, heat, aspect="equal" if square else "auto", interpolation="nearest")
    _set_ticks(ax, rows, columns)
    if not (square and np.array_equal(values, values.T)):
        name_axes(ax, "q", "p")
    bar = ax.figure.colorbar(image, ax=ax, label=quantity or "")
    texts = [number(value) for value in values.ravel()]
    size = _size_in_cells(ax, values.shape, texts)
    if values.size <= _FEW_CELLS and size >= _SMALLEST:
        _annotate(ax, image, values, texts, size)
    elif not np.isfinite(values).all():
        bar.set_label(f"{quantity or ''} (grey: infinite)".strip())
    return ax


def _table_names(
    shape: tuple[int, ...], labels: Sequence[str] | None, column_labels: Sequence[str] | None
) -> tuple[list[str], list[str]]:
    n, m = shape
    rows = tick_labels("labels", range(n) if labels is None else labels, n, "rows")
    if column_labels is None:
        return rows, rows if n == m else [str(j) for j in range(m)]
    return rows, tick_labels("column_labels", column_labels, m, "columns")


def _clustered(table: Array) -> list[int]:
    """Return the rows in the order of a dendrogram turned so that neighbours are near."""
    if len(table) == 1:
        return [0]
    distances = 0.5 * table + 0.5 * table.T
    finite = np.isfinite(distances)
    furthest = distances[finite].max(initial=0.0) or 1.0
    distances = np.where(finite, distances / furthest, 2.0)
    np.fill_diagonal(distances, 0.0)
    pairs = squareform(distances, checks=False)
    leaves = leaves_list(linkage(pairs, "average", optimal_ordering=True)).tolist()
    return leaves if leaves[0] < leaves[-1] else leaves[::-1]


def _set_ticks(ax: Axes, rows: Sequence[str], columns: Sequence[str]) -> None:
    """Name rows and columns, every k-th where they are many."""
    for axis, names in ((ax.yaxis, rows), (ax.xaxis, columns)):
        step = -(-len(names) // _FEW_TICKS)
        axis.set_ticks(range(0, len(names), step), names[::step])
    if max(map(len, columns)) > 3:
        ax.tick_params(axis="x", labelrotation=45)
        for text in ax.get_xticklabels():
            text.set(ha="right", rotation_mode="anchor")


def _size_in_cells(ax: Axes, shape: tuple[int, ...], texts: Sequence[str]) -> float:
    """Return the size of type, in points, at which the longest value fits into a cell."""
    ax.apply_aspect()
    rows, columns = shape
    frame = ax.get_window_extent()
    point = ax.figure.dpi / 72.0
    signs = max(len(text.replace(INFINITE, "∞")) for text in texts)
    width = 0.8 * frame.width / columns / point / (0.65 * signs)  # a figure is 0.65 as wide as high
    return float(min(0.9 * rcParams["font.size"], width, 0.6 * frame.height / rows / point))


def _annotate(ax: Axes, image: AxesImage, values: Array, texts: Sequence[str], size: float) -> None:
    """Write every value in its cell, dark on light and light on dark."""
    colors = image.to_rgba(np.ma.masked_invalid(values))[..., :3]
    # Where black and white contrast alike with a colour, its relative luminance is 0.18.
    light = colors**2.2 @ [0.2126, 0.7152, 0.0722] > 0.18
    for (i, j), text in zip(np.ndindex(*values.shape), texts, strict=True):
        color = "black" if light[i, j] else "white"
        ax.text(j, i, text, ha="center", va="center", color=color, fontsize=size)


def drawn_table(value: Any) -> Array:
    """Check a table of distances; infinite ones are allowed."""
    array = as_array("table", value)
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"table must hold real numbers, got dtype {array.dtype}. Pass laws through "
            "gaussmetrics.pairwise(metric, laws) first."
        )
    if array.ndim != 2 or array.size == 0:
        raise ValueError(
            f"table must have shape (n, m), as gaussmetrics.pairwise returns it, got {array.shape}."
        )
    if np.isnan(array).any():
        i, j = (int(k) for k in np.argwhere(np.isnan(array))[0])
        raise ValueError(f"table must hold no NaN, but table[{i}, {j}] is one.")
    return array.astype(np.float64)


def table_order(value: Any, table: Array) -> None:
    """Check how a table is to be ordered, and that it can be."""
    if value is None:
        return
    if not (isinstance(value, str) and value == "clustering"):
        raise ValueError(f'order must be None or "clustering", got {value!r}.')
    if table.shape[0] != table.shape[1]:
        raise ValueError(
            f'order="clustering" needs the table of a batch with itself, got shape {table.shape}.'
        )
    if (table < 0).any() or (np.diagonal(table)[:, None] > np.minimum(table, table.T)).any():
        raise ValueError(
            'order="clustering" needs distances: none negative, and none of a law to itself larger '
            "than to another. Turn similarities around first, for example 1 - table."
        )
