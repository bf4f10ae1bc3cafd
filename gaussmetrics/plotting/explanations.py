"""Pictures of explanations: what of a distance is means, scales and orientations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from gaussmetrics._array.types import Array
from gaussmetrics.explain import Explanation
from gaussmetrics.plotting.canvas import (
    INFINITE,
    axes_to_draw_on,
    draw_legend,
    name_axes,
    number,
    tick_labels,
)

_PARTS = {"mean": "#0072B2", "scale": "#E69F00", "orientation": "#CCCCCC"}  # dark to light
_QUANTITIES = {
    "kl_divergence": "KL divergence (nats)",
    "bhattacharyya_distance": "Bhattacharyya distance (nats)",
    "squared_wasserstein_distance": "squared Wasserstein-2 distance",
}


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

    See Also
    --------
    explain, Explanation

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
    given = explanations(explanation, Explanation)
    listed = not isinstance(explanation, Explanation)
    for one in given:
        explained_batch(one.means.shape[:-1], listed=listed)
    by_axis = not listed and given[0].means.ndim == 1
    heights = _heights(given, by_axis=by_axis)
    places = np.arange(heights.shape[1]) + int(by_axis)
    names = None
    if labels is not None:
        names = tick_labels("labels", labels, len(places), "bars")
    ax = axes_to_draw_on(ax)
    titles = list(_PARTS)
    if by_axis:
        titles = [f"{part}: {number(getattr(given[0], part))}" for part in _PARTS]
    _draw_bars(ax, places, heights, titles)
    total = f"total: {number(given[0].total)}" if by_axis else None
    draw_legend(ax, *ax.get_legend_handles_labels(), title=total)
    if names is None:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    else:
        ax.set_xticks(places, names)
    name_axes(ax, "principal axis" if by_axis else "", _QUANTITIES[given[0].metric])
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
        ax.annotate(f"{list(_PARTS)[part]} = {INFINITE}", (places[i], drawn[:, i].sum()), above,
                    textcoords="offset points", ha="center", fontsize="small")  # fmt: skip


def explanations(values: Any, kind: type) -> list[Any]:
    """Check explanations that are to stand beside each other: one metric, each alone."""
    given = list(values) if isinstance(values, Iterable) else [values]
    for value in given:
        if not isinstance(value, kind):
            raise TypeError(
                "explanation must come from gaussmetrics.explain(metric, p, q), or be a list of "
                f"such, got {type(value).__name__}."
            )
    if not given:
        raise ValueError("explanation must hold at least one explanation, got none.")
    metrics = sorted({value.metric for value in given})
    if len(metrics) > 1:
        raise ValueError(
            f"explanations in one picture must be of one metric, got {', '.join(metrics)}. They "
            "have different units: draw them on axes of their own."
        )
    return given


def explained_batch(shape: tuple[int, ...], *, listed: bool) -> None:
    """Check that explanations form one row of bars."""
    if len(shape) > 1 or (listed and shape):
        raise ValueError(
            f"explanation must be single, a batch of shape (n,), or a list of single ones, got "
            f"one of batch_shape {shape}."
        )
