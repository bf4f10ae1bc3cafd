"""Pictures of transport: the path from one law to another, and the map as arrows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, to_rgba
from numpy.typing import NDArray
from scipy.special import ndtri

from gaussmetrics._array import reading
from gaussmetrics._array.types import Array
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.laws.operands import operands
from gaussmetrics.plotting.canvas import (
    SHADE,
    axes_to_draw_on,
    axis_names,
    colour_map,
    draw_legend,
    name_axes,
    tick_labels,
)
from gaussmetrics.plotting.laws import (
    draw_ellipses,
    drawn_coordinates,
    mahalanobis_radius,
    means_and_deviations,
)
from gaussmetrics.transport.maps import transport_map, wasserstein_geodesic

_PATH_END = 0.75  # the yellow beyond is lost on white paper
_ALIKE = 5.0  # ranges that differ by more leave a sliver


def plot_transport(
    p: Gaussian,
    q: Gaussian,
    *,
    steps: int = 5,
    arrows: int = 8,
    probability: float = 0.95,
    coordinates: Any = None,
    labels: Sequence[str] = ("p", "q"),
    cmap: str | Colormap = "viridis",
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
    cmap : str or Colormap
        The colours from p to q, its first three quarters.
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

    See Also
    --------
    transport_map, wasserstein_geodesic, plot_gaussians

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
        single_law("plot_transport", name, law.batch_shape)
    chosen = drawn_coordinates(p, coordinates)
    times = np.linspace(0.0, 1.0, reading.step_count("steps", steps, least=2))
    path = wasserstein_geodesic(p, q, times).marginal(chosen)
    level = reading.probability("probability", probability)
    ends = tick_labels("labels", labels, 2, "laws, p and q")
    shades = [tuple(colour_map("cmap", cmap)(_PATH_END * t)) for t in times]
    starts, images = _mapped(p, q, chosen, reading.step_count("arrows", arrows, least=0), level)
    ax = axes_to_draw_on(ax)
    plane = path.dim == 2
    handles = _draw_path(ax, path, shades, level) if plane else _draw_ridges(ax, path, shades)
    if len(starts):
        _draw_arrows(ax, starts, images)
    if plane and max(ax.dataLim.size) <= _ALIKE * min(ax.dataLim.size):
        ax.set_aspect("equal")
    draw_legend(ax, handles, ends)
    name_axes(ax, *axis_names(p.names or q.names, chosen, "time t"))
    return ax


def _draw_path(ax: Axes, path: Gaussian, shades: list[Any], level: float) -> list[Artist]:
    """Draw a path of laws as ellipses; return the first and the last."""
    strip: list[Artist] = []
    for i, color in enumerate(shades):
        ellipse, _ = draw_ellipses(ax, path[i], level, color=color, marker=".")
        ellipse.set(linewidth=1.8 if i in {0, len(shades) - 1} else 0.8)
        strip.append(ellipse)
    return [strip[0], strip[-1]]


def _draw_ridges(ax: Axes, path: Gaussian, shades: list[Any]) -> list[Artist]:
    """Draw a path of densities, each standing at its time; return the first and the last."""
    means, deviations = means_and_deviations(path)
    times = np.linspace(0.0, 1.0, len(shades))
    z = 4.0 * np.linspace(-1.0, 1.0, 401)
    narrowest = deviations[deviations > 0].min(initial=np.inf)
    ridges: list[Artist] = []
    for t, mean, deviation, color in zip(times, means, deviations, shades, strict=True):
        # A law that does not vary stands as a line of full height.
        peak = 0.9 * times[1] * (narrowest / deviation if deviation > 0 else 1.0)
        top = t + peak * np.exp(-0.5 * z * z)
        shade = to_rgba(color, 2 * SHADE)
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
    normals = _starts(arrows, len(chosen), float(mahalanobis_radius(p.marginal(chosen), level)))
    x = p.mean + normals[:, : len(vt)] @ vt @ factor.T
    try:
        images = transport_map(p, q)(x)
    except ValueError as error:
        refuse_arrows(error)
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


def single_law(function: str, name: str, shape: tuple[int, ...]) -> None:
    """Check that a law is alone."""
    if shape:
        raise ValueError(
            f"{function} draws one pair, but {name} has batch_shape {shape}. Pass {name}[i], and "
            "call it once a pair."
        )


def refuse_arrows(reason: Exception) -> NoReturn:
    """Say that there is no map to draw."""
    raise ValueError(f"{reason} Pass arrows=0 to draw the geodesic alone.") from reason
