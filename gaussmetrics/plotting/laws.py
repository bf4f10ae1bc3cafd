"""Pictures of laws: ellipses of two coordinates, densities of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.typing import ColorType, LineStyleType
from numpy.typing import NDArray
from scipy.special import gammaincinv

from gaussmetrics._array import reading
from gaussmetrics._array.linalg import transpose
from gaussmetrics._array.types import Array
from gaussmetrics.laws import gaussian_checks
from gaussmetrics.laws.gaussian import Gaussian, Mixture, operand
from gaussmetrics.laws.gaussian_checks import flat_batch, refuse_operand
from gaussmetrics.plotting.canvas import (
    MARKERS,
    SHADE,
    axes_to_draw_on,
    axis_names,
    colours,
    draw_legend,
    name_axes,
    tick_labels,
)

_FEW_LAWS = 10  # more shades would cover each other, and there are no more colours in the cycle
_STROKES: tuple[LineStyleType, ...] = ("-", "--", ":", "-.")
_CIRCLE = np.stack([f(np.linspace(0.0, 2.0 * np.pi, 181)) for f in (np.cos, np.sin)], axis=-1)


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

    See Also
    --------
    plot_gaussians

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
    chosen = drawn_coordinates(operand("plot_gaussian", "p", p), coordinates)
    level = reading.probability("probability", probability)
    ax = axes_to_draw_on(ax)
    _draw(ax, p.marginal(chosen), level, color=color, label=label)
    name_axes(ax, *axis_names(p.names, chosen, "density"))
    return ax


def plot_gaussians(
    ps: Gaussian | Mixture | Iterable[Gaussian],
    *,
    labels: Sequence[str] | None = None,
    probability: float = 0.95,
    coordinates: Any = None,
    colors: Sequence[ColorType] | None = None,
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
    colors : sequence of colours, optional
        One a law; by default the next ones of the property cycle. Every tenth law takes another
        stroke, for then the cycle's colours come again.
    ax : Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    Axes
        Its aspect is left alone, for the variables may have different units. The legend stands
        beside the axes where inside it would cover a law, if the figure has a layout, as
        ``plt.subplots(layout="compressed")`` has, that makes room.

    Raises
    ------
    TypeError
        If ps is no batch or list of Gaussians.
    ValueError
        If the dimensions differ, there is no law, a batch is empty, or there are not as many
        labels as laws.

    See Also
    --------
    plot_gaussian, plot_transport

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
    laws = laws_to_draw(ps)
    chosen = drawn_coordinates(laws[0], coordinates)
    level = reading.probability("probability", probability)
    names = tick_labels("labels", range(len(laws)) if labels is None else labels, len(laws), "laws")
    paints = colours("colors", colors, len(laws), "laws")
    ax = axes_to_draw_on(ax)
    handles = [
        _draw(ax, law.marginal(chosen), level, color=color, label=name, marker=marker,
              stroke=_STROKES[k // _FEW_LAWS % len(_STROKES)], shaded=len(laws) <= _FEW_LAWS)
        for k, (law, name, color, marker) in enumerate(
            zip(laws, names, paints, cycle(MARKERS), strict=False))
    ]  # fmt: skip
    draw_legend(ax, handles, names)
    name_axes(ax, *axis_names(laws[0].names, chosen, "density"))
    return ax


def drawn_coordinates(law: Gaussian, coordinates: Any) -> NDArray[np.intp]:
    """Check which coordinates are drawn, by default the first two."""
    if coordinates is None:
        return np.arange(min(law.dim, 2))
    chosen = gaussian_checks.coordinates("coordinates", coordinates, law.dim, law.names)
    drawable_coordinates(len(chosen))
    return chosen


def laws_to_draw(ps: Gaussian | Mixture | Iterable[Any]) -> list[Gaussian]:
    """Check laws that are to be told apart: a batch, a mixture or a list."""
    if isinstance(ps, Mixture):
        ps = ps.components
    if isinstance(ps, Gaussian):
        flat_batch("ps", ps)
        given = [ps[i] for i in range(len(ps))]
    elif isinstance(ps, Iterable):
        given = [operand("plot_gaussians", f"ps[{i}]", law) for i, law in enumerate(ps)]
    else:
        refuse_operand("plot_gaussians", "ps", ps)
    for i, law in enumerate(given):
        drawn_batch(f"ps[{i}]", law.batch_shape)
    gaussian_checks.alike("plot_gaussians", given)
    return given


def _draw(ax: Axes, law: Gaussian, level: float, **style: Any) -> tuple[Artist, ...]:
    """Draw a law of one or two coordinates; return what stands for it in a legend."""
    return (_draw_densities if law.dim == 1 else draw_ellipses)(ax, law, level, **style)


def draw_ellipses(
    ax: Axes,
    law: Gaussian,
    level: float,
    *,
    color: ColorType | None = None,
    marker: str = "o",
    label: str | None = None,
    stroke: LineStyleType = "-",
    shaded: bool = True,
) -> tuple[PolyCollection, Line2D]:
    """Draw the edges of the regions of given probability, and the means."""
    centres = np.broadcast_to(law.mean, (*law.batch_shape, 2)).reshape(-1, 2)
    (points,) = ax.plot(*centres.T, linestyle="", marker=marker, markersize=4, color=color)
    ellipses = PolyCollection(list(_outlines(law, level)), label=label)
    # The shades of a batch would cover each other.
    alone = len(centres) == 1
    ellipses.set_facecolor(to_rgba(points.get_color(), SHADE) if alone and shaded else "none")
    ellipses.set_edgecolor(points.get_color())
    ellipses.set_linewidth(0.6 if not alone else 1.5 if shaded else 1.0)
    ellipses.set_linestyle(stroke)
    ax.add_collection(ellipses)  # which looks at the limits again only since matplotlib 3.11
    ax.autoscale_view()
    return ellipses, points


def _outlines(law: Gaussian, level: float) -> Array:
    """Return points (n, m, 2) of the edges of the regions of given probability."""
    u, s, _ = np.linalg.svd(law.covariance.factor(), full_matrices=False)
    axes = mahalanobis_radius(law, level)[..., None, None] * u * s[..., None, :]
    points = law.mean[..., None, :] + _CIRCLE[:, : s.shape[-1]] @ transpose(axes)
    return np.broadcast_to(points, (*law.batch_shape, *_CIRCLE.shape)).reshape(-1, *_CIRCLE.shape)


def mahalanobis_radius(law: Gaussian, level: float) -> Array:
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
    stroke: LineStyleType = "-",
    shaded: bool = True,
) -> tuple[Artist, ...]:
    """Draw densities with the region below shaded, and the mean marked on top."""
    radius = float(np.max(mahalanobis_radius(law, level), initial=0.0))
    means, deviations = means_and_deviations(law)
    z = max(4.0, 1.1 * radius) * np.linspace(-1.0, 1.0, 401)
    inside = radius * np.linspace(-1.0, 1.0, 201)
    on_top: dict[str, Any] = {"marker": marker, "markersize": 4, "markevery": [len(z) // 2]}
    line: dict[str, Any] = {"linestyle": stroke, "linewidth": 1.5 if shaded else 1.0}
    curves: list[Line2D] = []
    for mean, deviation in zip(means, deviations, strict=True):
        if deviation == 0:
            upright = ax.get_xaxis_transform()
            (curve,) = ax.plot([mean, mean], [0.0, 1.0], color=color, transform=upright, **line)
        else:
            bell = (mean + deviation * z, _bell(z) / deviation)
            (curve,) = ax.plot(*bell, color=color, **on_top, **line)
            shade = to_rgba(curve.get_color(), SHADE if shaded else 0.0)
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


def means_and_deviations(law: Gaussian) -> tuple[Array, Array]:
    """Return one mean and one standard deviation, zero if the rank is, a law of the batch."""
    rank = np.asarray(law.covariance.rank())[..., None]
    deviations = np.where(rank > 0, np.sqrt(law.covariance.variances()), 0.0)
    shape = (*law.batch_shape, 1)
    return np.broadcast_to(law.mean, shape).ravel(), np.broadcast_to(deviations, shape).ravel()


def drawable_coordinates(dim: int) -> None:
    """Check that a law fits on paper."""
    if dim > 2:
        raise ValueError(
            f"coordinates must name one coordinate, whose density is drawn, or a pair, whose "
            f"ellipse is drawn, got {dim}."
        )


def drawn_batch(name: str, shape: tuple[int, ...]) -> None:
    """Check that what gets an entry in the legend is something."""
    if 0 in shape:
        raise ValueError(
            f"plot_gaussians has nothing to draw of {name}, which is an empty batch. Leave it out."
        )
