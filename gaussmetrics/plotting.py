"""Pictures of laws, transport, tables and classifiers: the library's only file with matplotlib.

Every function draws on the axes it is given, or on those of a new figure, and returns them. Labels
that stand on the axes are kept; no setting of matplotlib is changed and nothing is shown or saved.
Labels may hold formulas, as everywhere in matplotlib; names of variables and classes, which come
with the data, are shown letter by letter.
Single colours come from the property cycle; what is told apart by colour is told apart by marker or
by place too, so that it survives black-and-white print.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import cycle
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform
from scipy.special import gammaincinv, ndtri

from gaussmetrics import _checks, _interop
from gaussmetrics._linalg import transpose
from gaussmetrics._typing import Array
from gaussmetrics.displacement import transport_map, wasserstein_geodesic
from gaussmetrics.explain import Explanation
from gaussmetrics.gaussian import Gaussian, Mixture, operand, operands

try:
    from matplotlib import colormaps, pyplot
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import to_rgba, to_rgba_array
    from matplotlib.image import AxesImage
    from matplotlib.lines import Line2D
    from matplotlib.ticker import MaxNLocator
    from matplotlib.typing import ColorType
except ModuleNotFoundError:
    _checks.needs_extra("plotting", "matplotlib", "plot")

_CIRCLE = np.stack([f(np.linspace(0.0, 2.0 * np.pi, 181)) for f in (np.cos, np.sin)], axis=-1)
_MARKERS = "osD^vP*Xh"
_SHADE = 0.15
_PATH = colormaps["viridis"]
_PATH_END = 0.75  # the yellow beyond is lost on white paper
_HEAT = colormaps["viridis"].with_extremes(bad="0.85")
_FEW_CELLS = 144
_FEW_TICKS = 24
_PARTS = {"mean": "#0072B2", "scale": "#E69F00", "orientation": "#CCCCCC"}  # dark to light
_QUANTITIES = {
    "kl_divergence": "KL divergence (nats)",
    "bhattacharyya_distance": "Bhattacharyya distance (nats)",
    "squared_wasserstein_distance": "squared Wasserstein-2 distance",
}
_ALIKE = 5.0  # ranges that differ by more leave a sliver
_GRID = 256
_DEEPEST = 0.55
_DIAGONAL = "calibrated"


# Laws


def plot_gaussian(
    p: Gaussian,
    *,
    probability: float = 0.95,
    coordinates: Any = None,
    label: str | None = None,
    color: ColorType | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a law by its mean and the smallest region of a given probability.

    (x − μ)ᵀ Σ⁺ (x − μ) = χ²_r(probability),  r = rank Σ

    For a pair of coordinates that is an ellipse, or a segment where Σ is singular. For one
    coordinate it is the density with the region shaded, or a vertical line where it does not vary.

    Parameters
    ----------
    p : Gaussian
        A law, or a batch of any shape, which is drawn in one colour.
    probability : float
        The probability of the region, between 0 and 1.
    coordinates : index, name, or pair of them, optional
        What is drawn of a law of more dimensions: its marginal. By default the first two.
    label : str, optional
        For the legend, which ``ax.legend()`` draws.
    color : colour, optional
        By default the next one of the property cycle.
    ax : Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    Axes
        Its aspect is left alone, for the variables may have different units.

    Raises
    ------
    TypeError
        If p is not a Gaussian, the probability not a number or ax not an Axes.
    ValueError
        If the probability or the coordinates are out of range.

    References
    ----------
    The quadratic form of a normal vector is χ² with the rank of Σ for degrees of freedom: Rao,
    Linear Statistical Inference and Its Applications (1973), section 3b, doi:10.1002/9780470316436.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p = gm.Gaussian([1.0, 2.0], [[2.0, 0.5], [0.5, 1.0]])
    >>> ax = gm.plot_gaussian(p, probability=0.9, label="p")
    >>> ax.get_legend_handles_labels()[1]
    ['p']
    """
    chosen = _chosen(operand("plot_gaussian", "p", p), coordinates)
    level = _checks.probability("probability", probability)
    ax = _axes(ax)
    _draw(ax, p.marginal(chosen), level, color=color, label=label)
    _name_axes(ax, *_axis_names(p.names, chosen, "density"))
    return ax


def plot_gaussians(
    ps: Gaussian | Mixture | Iterable[Gaussian],
    *,
    labels: Sequence[str] | None = None,
    probability: float = 0.95,
    coordinates: Any = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw several laws, each in a colour and with a marker of its own, and a legend.

    (x − μ)ᵀ Σ⁺ (x − μ) = χ²_r(probability),  r = rank Σ

    Parameters
    ----------
    ps : Gaussian, Mixture or iterable of Gaussian
        A batch of shape (n,), a mixture of n components, or n laws of one dimension; each of these
        may be a batch again.
    labels : sequence of str, optional
        Names for the legend, by default the numbers 0, …, n − 1.
    probability : float
        The probability of the regions, between 0 and 1.
    coordinates : index, name, or pair of them, optional
        What is drawn of laws of more dimensions: their marginals. By default the first two.
    ax : Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    Axes
        Its aspect is left alone, for the variables may have different units.

    Raises
    ------
    TypeError
        If ps is no batch or list of Gaussians.
    ValueError
        If the dimensions differ, there is no law, a batch is empty, or there are not as many
        labels as laws.

    References
    ----------
    As for `plot_gaussian`.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> ps = gm.Gaussian([[0.0, 0.0], [2.0, 1.0]], [[1.0, 0.5], [0.5, 1.0]])
    >>> ax = gm.plot_gaussians(ps, labels=["before", "after"])
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['before', 'after']
    """
    laws = _laws(ps)
    chosen = _chosen(laws[0], coordinates)
    level = _checks.probability("probability", probability)
    names = _checks.tick_labels(
        "labels", range(len(laws)) if labels is None else labels, len(laws), "laws"
    )
    ax = _axes(ax)
    handles = [
        _draw(ax, law.marginal(chosen), level, label=name, marker=marker)
        for law, name, marker in zip(laws, names, cycle(_MARKERS), strict=False)
    ]
    ax.legend(handles, names)
    _name_axes(ax, *_axis_names(laws[0].names, chosen, "density"))
    return ax


def plot_transport(
    p: Gaussian,
    q: Gaussian,
    *,
    steps: int = 5,
    arrows: int = 8,
    probability: float = 0.95,
    coordinates: Any = None,
    labels: Sequence[str] = ("p", "q"),
    ax: Axes | None = None,
) -> Axes:
    """Draw the Wasserstein geodesic from p to q and the optimal map, as arrows.

    N((1 − t) μp + t μq, Tt Σp Tt),  Tt = (1 − t) I + t T,  x ↦ μq + T (x − μp)

    For a pair of coordinates the laws at `steps` times are ellipses whose colour runs from p to q,
    and arrows lead from the mean of p and from points of its ellipse, of equal probability between
    them, to their images. For one coordinate time goes upwards, a density stands at each time, and
    arrows join quantiles of p at t = 0 to those of q at t = 1.

    Parameters
    ----------
    p, q : Gaussian
        Single laws of the same dimension. The map goes from p to q.
    steps : int
        How many laws are drawn along the path, p and q among them.
    arrows : int
        How many arrows start on the ellipse, or at quantiles; 0 draws the geodesic alone.
    probability : float
        The probability of the ellipses, between 0 and 1.
    coordinates : index, name, or pair of them, optional
        What is drawn of laws of more dimensions. By default the first two.
    labels : pair of str
        Names of p and q for the legend.
    ax : Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    Axes
        For a pair of coordinates of equal aspect, since the distance adds their squares, unless
        one range is more than five times the other.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian, or an option is not a number.
    ValueError
        If p or q is a batch, dimensions differ, an option is out of range, or arrows are wanted
        where p is singular and no map exists.

    Notes
    -----
    In more dimensions path and map are those between the whole laws, seen along the coordinates.
    A point of the picture then stands for all x over it: the arrow leads to the mean of their
    images, under p.

    References
    ----------
    McCann 1997, doi:10.1006/aima.1997.1634; Knott & Smith 1984, doi:10.1007/BF00934745.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p = gm.Gaussian([0.0, 0.0], [[1.0, 0.0], [0.0, 4.0]])
    >>> q = gm.Gaussian([6.0, 0.0], [[4.0, 0.0], [0.0, 1.0]])
    >>> ax = gm.plot_transport(p, q, steps=7)
    >>> ax.get_aspect()
    1.0
    """
    p, q = operands("plot_transport", p, q)
    for name, law in (("p", p), ("q", q)):
        _checks.single_law("plot_transport", name, law.batch_shape)
    chosen = _chosen(p, coordinates)
    times = np.linspace(0.0, 1.0, _checks.step_count("steps", steps, least=2))
    path = wasserstein_geodesic(p, q, times).marginal(chosen)
    level = _checks.probability("probability", probability)
    ends = _checks.tick_labels("labels", labels, 2, "laws, p and q")
    starts, images = _mapped(p, q, chosen, _checks.step_count("arrows", arrows, least=0), level)
    ax = _axes(ax)
    plane = path.dim == 2
    handles = _draw_path(ax, path, times, level) if plane else _draw_ridges(ax, path, times)
    if len(starts):
        _draw_arrows(ax, starts, images)
    if plane and max(ax.dataLim.size) <= _ALIKE * min(ax.dataLim.size):
        ax.set_aspect("equal")
    ax.legend(handles, ends)
    _name_axes(ax, *_axis_names(p.names or q.names, chosen, "time t"))
    return ax


def _chosen(law: Gaussian, coordinates: Any) -> NDArray[np.intp]:
    if coordinates is None:
        return np.arange(min(law.dim, 2))
    chosen = _checks.coordinates("coordinates", coordinates, law.dim, law.names)
    _checks.drawable_coordinates(len(chosen))
    return chosen


def _axis_names(names: Sequence[str] | None, chosen: Iterable[int], beside: str = "") -> list[str]:
    """Name both axes: the second, of a single coordinate, for what stands beside it."""
    return [*(_plain(names[i]) if names else f"$x_{{{i}}}$" for i in chosen), beside][:2]


def _plain(text: object) -> str:
    """Return text in which matplotlib sees no formula."""
    return str(text).replace("$", r"\$")


def _name_axes(ax: Axes, x: str, y: str) -> None:
    """Label the axes, unless their owner has."""
    if not ax.get_xlabel():
        ax.set_xlabel(x)
    if not ax.get_ylabel():
        ax.set_ylabel(y)


def _axes(ax: Axes | None) -> Axes:
    if ax is None:
        return pyplot.subplots(layout="tight")[1]
    if not isinstance(ax, Axes) or hasattr(ax, "zaxis"):
        _checks.refuse_axes(ax)
    return ax


def _laws(ps: Gaussian | Mixture | Iterable[Any]) -> list[Gaussian]:
    if isinstance(ps, Mixture):
        ps = ps.components
    if isinstance(ps, Gaussian):
        _checks.flat_batch("ps", ps.batch_shape)
        given = [ps[i] for i in range(len(ps))]
    elif isinstance(ps, Iterable):
        given = [operand("plot_gaussians", f"ps[{i}]", law) for i, law in enumerate(ps)]
    else:
        _checks.refuse_operand("plot_gaussians", "ps", ps)
    for i, law in enumerate(given):
        _checks.drawn_batch(f"ps[{i}]", law.batch_shape)
    _checks.alike("plot_gaussians", given)
    return given


def _draw(ax: Axes, law: Gaussian, level: float, **style: Any) -> tuple[Artist, ...]:
    """Draw a law of one or two coordinates; return what stands for it in a legend."""
    return (_draw_densities if law.dim == 1 else _draw_ellipses)(ax, law, level, **style)


def _draw_ellipses(
    ax: Axes,
    law: Gaussian,
    level: float,
    *,
    color: ColorType | None = None,
    marker: str = "o",
    label: str | None = None,
) -> tuple[PolyCollection, Line2D]:
    centres = np.broadcast_to(law.mean, (*law.batch_shape, 2)).reshape(-1, 2)
    (points,) = ax.plot(*centres.T, linestyle="", marker=marker, markersize=4, color=color)
    ellipses = PolyCollection(list(_outlines(law, level)), label=label)
    # The shades of a batch would cover each other.
    alone = len(centres) == 1
    ellipses.set_facecolor(to_rgba(points.get_color(), _SHADE) if alone else "none")
    ellipses.set_edgecolor(points.get_color())
    ellipses.set_linewidth(1.5 if alone else 0.6)
    ax.add_collection(ellipses)  # which looks at the limits again only since matplotlib 3.11
    ax.autoscale_view()
    return ellipses, points


def _outlines(law: Gaussian, level: float) -> Array:
    """Return points (n, m, 2) of the edges of the regions of given probability."""
    u, s, _ = np.linalg.svd(law.covariance.factor(), full_matrices=False)
    axes = _radius(law, level)[..., None, None] * u * s[..., None, :]
    points = law.mean[..., None, :] + _CIRCLE[:, : s.shape[-1]] @ transpose(axes)
    return np.broadcast_to(points, (*law.batch_shape, *_CIRCLE.shape)).reshape(-1, *_CIRCLE.shape)


def _radius(law: Gaussian, level: float) -> Array:
    """Return the root of the quantile of χ², whose degrees of freedom are the rank."""
    rank = np.asarray(law.covariance.rank())
    return np.where(rank > 0, np.sqrt(2.0 * gammaincinv(np.maximum(rank, 1) / 2.0, level)), 0.0)


def _draw_densities(
    ax: Axes,
    law: Gaussian,
    level: float,
    *,
    color: ColorType | None = None,
    marker: str = "o",
    label: str | None = None,
) -> tuple[Artist, ...]:
    """Draw densities with the region below shaded, and the mean marked on top."""
    radius = float(np.max(_radius(law, level), initial=0.0))
    means, deviations = _means_and_deviations(law)
    z = max(4.0, 1.1 * radius) * np.linspace(-1.0, 1.0, 401)
    inside = radius * np.linspace(-1.0, 1.0, 201)
    on_top: dict[str, Any] = {"marker": marker, "markersize": 4, "markevery": [len(z) // 2]}
    curves: list[Line2D] = []
    for mean, deviation in zip(means, deviations, strict=True):
        if deviation == 0:
            upright = ax.get_xaxis_transform()
            (curve,) = ax.plot([mean, mean], [0.0, 1.0], color=color, transform=upright)
        else:
            (curve,) = ax.plot(mean + deviation * z, _bell(z) / deviation, color=color, **on_top)
            shade = to_rgba(curve.get_color(), _SHADE)
            below = _bell(inside) / deviation
            region = ax.fill_between(mean + deviation * inside, below, color=shade, linewidth=0)
            region.sticky_edges.y.append(0.0)
        color = curve.get_color()
        curves.append(curve)
    if curves and label is not None:
        curves[0].set_label(label)
    return tuple(curves[:1])


def _bell(z: Array) -> Array:
    return np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)


def _means_and_deviations(law: Gaussian) -> tuple[Array, Array]:
    """Return one mean and one standard deviation, zero if the rank is, a law of the batch."""
    rank = np.asarray(law.covariance.rank())[..., None]
    deviations = np.where(rank > 0, np.sqrt(law.covariance.variances()), 0.0)
    shape = (*law.batch_shape, 1)
    return np.broadcast_to(law.mean, shape).ravel(), np.broadcast_to(deviations, shape).ravel()


def _draw_path(ax: Axes, path: Gaussian, times: Array, level: float) -> list[Artist]:
    """Draw a path of laws as ellipses; return the first and the last."""
    strip: list[Artist] = []
    for i, t in enumerate(times):
        color = tuple(_PATH(_PATH_END * t))
        ellipse, _ = _draw_ellipses(ax, path[i], level, color=color, marker=".")
        ellipse.set(linewidth=1.8 if t in {0.0, 1.0} else 0.8)
        strip.append(ellipse)
    return [strip[0], strip[-1]]


def _draw_ridges(ax: Axes, path: Gaussian, times: Array) -> list[Artist]:
    """Draw a path of densities, each standing at its time; return the first and the last."""
    means, deviations = _means_and_deviations(path)
    z = 4.0 * np.linspace(-1.0, 1.0, 401)
    narrowest = deviations[deviations > 0].min(initial=np.inf)
    ridges: list[Artist] = []
    for t, mean, deviation in zip(times, means, deviations, strict=True):
        # A law that does not vary stands as a line of full height.
        peak = 0.9 * times[1] * (narrowest / deviation if deviation > 0 else 1.0)
        color = tuple(_PATH(_PATH_END * t))
        top = t + peak * np.exp(-0.5 * z * z)
        shade = to_rgba(color, 2 * _SHADE)
        x = mean + deviation * z
        ridges.append(ax.fill_between(x, t, top, facecolor=shade, edgecolor=color))
    return [ridges[0], ridges[-1]]


def _mapped(
    p: Gaussian, q: Gaussian, chosen: NDArray[np.intp], arrows: int, level: float
) -> tuple[Array, Array]:
    """Return points of the picture and the means of the images of what lies over them."""
    if not arrows:
        return np.empty((0, 2)), np.empty((0, 2))
    factor = p.covariance.factor()
    _, _, vt = np.linalg.svd(factor[chosen], full_matrices=False)
    # Where the whitened coordinates seen are z, the mean of all others is on these columns.
    normals = _starts(arrows, len(chosen), float(_radius(p.marginal(chosen), level)))
    x = p.mean + normals[:, : len(vt)] @ vt @ factor.T
    try:
        images = transport_map(p, q)(x)
    except ValueError as error:
        _checks.refuse_arrows(error)
    if len(chosen) == 2:
        return x[:, chosen], images[:, chosen]
    return np.insert(x[:, chosen], 1, 0.0, axis=1), np.insert(images[:, chosen], 1, 1.0, axis=1)


def _starts(count: int, dim: int, radius: float) -> Array:
    """Return where arrows start, in whitened coordinates: at quantiles, or around the mean."""
    share = (np.arange(count) + 0.5) / count
    if dim == 1:
        return np.asarray(ndtri(share))[:, None]
    around = radius * np.stack([np.cos(2 * np.pi * share), np.sin(2 * np.pi * share)], axis=-1)
    return np.concatenate([np.zeros((1, 2)), around])


def _draw_arrows(ax: Axes, starts: Array, ends: Array) -> None:
    in_data: dict[str, Any] = {"angles": "xy", "scale_units": "xy", "scale": 1.0}
    shape: dict[str, Any] = {"width": 0.0025, "headwidth": 4.5, "headlength": 6.0}
    ax.quiver(*starts.T, *(ends - starts).T, color="0.3", zorder=3, **in_data, **shape)
    ax.update_datalim(ends)
    ax.autoscale_view()


# Tables and parts


def plot_pairwise(
    table: ArrayLike,
    *,
    labels: Sequence[str] | None = None,
    column_labels: Sequence[str] | None = None,
    order: Literal["clustering"] | None = None,
    quantity: str | None = None,
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
    values = _checks.drawn_table(table)
    _checks.table_order(order, values)
    rows, columns = _table_names(values.shape, labels, column_labels)
    if order is not None:
        leaves = _clustered(values)
        values = values[np.ix_(leaves, leaves)]
        rows, columns = ([names[i] for i in leaves] for names in (rows, columns))
    ax = _axes(ax)
    square = len(values) == len(values.T)
    masked = np.ma.masked_invalid(values)
    image = ax.imshow(masked, _HEAT, aspect="equal" if square else "auto", interpolation="nearest")
    _set_ticks(ax, rows, columns)
    if not (square and np.array_equal(values, values.T)):
        _name_axes(ax, "q", "p")
    bar = quantity or ""
    if values.size <= _FEW_CELLS:
        _annotate(ax, image, values)
    elif not np.isfinite(values).all():
        bar = f"{bar} (grey: infinite)".strip()
    ax.figure.colorbar(image, ax=ax, label=bar)
    return ax


def _table_names(
    shape: tuple[int, ...], labels: Sequence[str] | None, column_labels: Sequence[str] | None
) -> tuple[list[str], list[str]]:
    n, m = shape
    rows = _checks.tick_labels("labels", range(n) if labels is None else labels, n, "rows")
    if column_labels is None:
        return rows, rows if n == m else [str(j) for j in range(m)]
    return rows, _checks.tick_labels("column_labels", column_labels, m, "columns")


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


def _annotate(ax: Axes, image: AxesImage, values: Array) -> None:
    """Write every value in its cell, dark on light and light on dark."""
    colors = image.to_rgba(np.ma.masked_invalid(values))[..., :3]
    # Where black and white contrast alike with a colour, its relative luminance is 0.18.
    light = colors**2.2 @ [0.2126, 0.7152, 0.0722] > 0.18
    size = min(9.0, 80.0 / max(values.shape))
    for (i, j), value in np.ndenumerate(values):
        text = f"{value:.3g}".replace("inf", "∞").replace("-", "−")
        color = "black" if light[i, j] else "white"
        ax.text(j, i, text, ha="center", va="center", color=color, fontsize=size)


def plot_explanation(
    explanation: Explanation | Iterable[Explanation],
    *,
    labels: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw what of a divergence is due to means, scales and orientations, as stacked bars.

    height of a bar = mean + scale + orientation

    A single explanation has a bar for each axis, in the order of falling variance of the reference,
    and the sums over them in the legend; several, a bar for each. No part is negative, so that
    heights can be compared.

    Parameters
    ----------
    explanation : Explanation or iterable of Explanation
        From `explain`: single, a batch of shape (n,), or single ones of the same metric.
    labels : sequence of str, optional
        Names of the bars; by default axes are numbered from 1 and explanations from 0.
    ax : Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    Axes
        An infinite part has no bar, and is named above the others.

    Raises
    ------
    TypeError
        If something is not an Explanation.
    ValueError
        If there is none, metrics differ, batches are not flat, or labels do not fit.

    References
    ----------
    As for `explain`.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p = gm.Gaussian([1.0, 0.0], [[3.0, 1.0], [1.0, 2.0]])
    >>> q = gm.Gaussian([0.0, 0.0], [[2.0, 0.0], [0.0, 1.0]])
    >>> ax = gm.plot_explanation(gm.explain(gm.kl_divergence, p, q))
    >>> ax.get_ylabel()
    'KL divergence (nats)'
    """
    given = _checks.explanations(explanation, Explanation)
    listed = not isinstance(explanation, Explanation)
    for one in given:
        _checks.explained_batch(one.means.shape[:-1], listed=listed)
    by_axis = not listed and given[0].means.ndim == 1
    heights = _heights(given, by_axis=by_axis)
    places = np.arange(heights.shape[1]) + int(by_axis)
    names = None
    if labels is not None:
        names = _checks.tick_labels("labels", labels, len(places), "bars")
    ax = _axes(ax)
    titles = list(_PARTS)
    if by_axis:
        titles = [f"{part}: {getattr(given[0], part):.3g}" for part in _PARTS]
    _draw_bars(ax, places, heights, titles)
    ax.legend(title=f"total: {given[0].total:.3g}" if by_axis else None)
    if names is None:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    else:
        ax.set_xticks(places, names)
    _name_axes(ax, "principal axis" if by_axis else "", _QUANTITIES[given[0].metric])
    return ax


def _heights(given: Sequence[Explanation], *, by_axis: bool) -> Array:
    """Return the heights (3, bars) of the parts."""
    if by_axis:
        return np.stack([getattr(given[0], f"{part}s") for part in _PARTS])
    return np.stack([np.hstack([getattr(one, part) for one in given]) for part in _PARTS])


def _draw_bars(ax: Axes, places: NDArray[Any], heights: Array, titles: Sequence[str]) -> None:
    drawn = np.where(np.isfinite(heights), heights, 0.0)
    bottoms = np.cumsum(np.vstack([np.zeros_like(drawn[:1]), drawn[:-1]]), axis=0)
    for height, bottom, title, color in zip(drawn, bottoms, titles, _PARTS.values(), strict=True):
        style: dict[str, Any] = {"label": title, "color": color, "edgecolor": "0.25"}
        for bar in ax.bar(places, height, bottom=bottom, linewidth=0.4, **style):
            bar.sticky_edges.y[:] = [0.0]  # the axis begins at zero, not at the foot of some part
    for part, i in np.argwhere(~np.isfinite(heights)):
        above = (0, 2 + 10 * int((~np.isfinite(heights[:part, i])).sum()))
        ax.annotate(f"{list(_PARTS)[part]} = ∞", (places[i], drawn[:, i].sum()), above,
                    textcoords="offset points", ha="center", fontsize="small")  # fmt: skip


# Classifiers


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
    classes = _checks.fitted_classifier("plot_decision_regions", classifier)
    rows = _checks.two_features(X)
    codes = _checks.class_places(y, classes, len(rows))
    horizontal, vertical = (_span(column) for column in rows.T)
    grid = np.stack(np.meshgrid(horizontal, vertical), axis=-1)
    chances = _checks.forecasts(classifier.predict_proba(_like(X, grid.reshape(-1, 2))))
    chances = chances.reshape(*grid.shape[:2], len(classes))
    ax = _axes(ax)
    points = _draw_classes(ax, rows, codes, classes)
    extent = (horizontal[0], horizontal[-1], vertical[0], vertical[-1])
    colors = to_rgba_array([line.get_color() for line in points])[:, :3]
    ax.imshow(_shaded(chances, colors), extent=extent, origin="lower", aspect="auto", zorder=0)
    _draw_boundaries(ax, grid, chances)
    ax.legend(handles=points)
    _name_axes(ax, *_axis_names(_interop.labels(X), range(2)))
    return ax


def _draw_classes(
    ax: Axes, rows: NDArray[Any], codes: NDArray[np.intp], classes: NDArray[Any]
) -> list[Line2D]:
    edge: dict[str, Any] = {"markersize": 5, "markeredgecolor": "white", "markeredgewidth": 0.5}
    return [
        ax.plot(*rows[codes == k].T, linestyle="", marker=marker, label=_plain(name), **edge)[0]
        for k, (name, marker) in enumerate(zip(classes, cycle(_MARKERS), strict=False))
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
    classes = _checks.fitted_classifier("plot_calibration", classifier)
    count = float(_checks.step_count("bins", bins))
    chances = _checks.forecasts(classifier.predict_proba(X))
    codes = _checks.class_places(y, classes, len(chances))
    sure, right = _forecasts(chances, codes)
    members, mean, frequency = _binned(sure, right, count)
    gap = members / len(codes) @ np.abs(frequency - mean)
    ax = _axes(ax)
    loss = f"{_log_loss(chances, codes):.3g}".replace("inf", "∞")
    title = f"{label or type(classifier).__name__}\nlog-loss {loss}, ECE {gap:.2g}"
    _draw_diagonal(ax)
    low, high = _wilson(frequency, members)
    bars = np.maximum([frequency - low, high - frequency], 0.0)
    style: dict[str, Any] = {"fmt": "o-", "markersize": 4, "capsize": 2, "elinewidth": 0.8}
    ax.errorbar(mean, frequency, yerr=bars, label=title, **style)
    ax.legend(fontsize="small", framealpha=0.6)
    _name_axes(ax, *_calibration_names(classes))
    return ax


def _calibration_names(classes: NDArray[Any]) -> tuple[str, str]:
    if len(classes) == 2:
        second = _plain(classes[1])
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
