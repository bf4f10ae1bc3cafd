"""How a Gaussian shows itself in a notebook: a table without colours of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from gaussmetrics._array.types import Array
from gaussmetrics.laws.diagonal import Diagonal
from gaussmetrics.laws.structure import Structure

MOST_ROWS, MOST_CORRELATIONS = 12, 8
TABLE = "border-collapse:collapse;color:inherit;font-size:inherit;font-variant-numeric:tabular-nums"
CAPTION = "caption-side:top;text-align:left;padding:0 0 .3em;color:inherit"
CELL = "padding:.15em .6em;text-align:right"
GROUP = "padding:.15em .6em;text-align:center"
NAME = "padding:.15em .6em;text-align:left;white-space:nowrap"
Group = tuple[str, Sequence[tuple[str, list[str]]]]


def table(mean: Array, cov: Structure, names: Sequence[str] | None, batch: tuple[int, ...]) -> str:
    """Return the means, standard deviations and, of few variables, correlations of a law."""
    rows = [escape(name) for name in names or map(str, range(cov.dim))]
    groups = _ranges(mean, cov) if batch else _values(mean, cov, rows)
    caption = f"<caption style='{CAPTION}'>{_caption(cov, batch)}</caption>"
    body = _body(rows, [column for _, columns in groups for _, column in columns])
    return f"<table style='{TABLE}'>{caption}{_head(groups)}<tbody>{body}</tbody></table>"


def _caption(cov: Structure, batch: tuple[int, ...]) -> str:
    variables = f"{cov.dim} {'variable' if cov.dim == 1 else 'variables'}"
    if batch:
        return f"Gaussian batch of shape {batch}, {variables}"
    independent = ", independent" if isinstance(cov, Diagonal) and cov.dim > 1 else ""
    rank = f", rank {int(cov.rank())}" if cov.singular else ""
    return f"Gaussian, {variables}{independent}{rank}"


def _values(mean: Array, cov: Structure, rows: list[str]) -> list[Group]:
    deviations = np.sqrt(cov.variances())
    groups: list[Group] = [
        ("mean", [("", _numbers(mean))]),
        ("standard deviation", [("", _numbers(deviations))]),
    ]
    if 1 < cov.dim <= MOST_CORRELATIONS and not isinstance(cov, Diagonal):
        scale = np.where(deviations > 0, deviations, np.nan)
        correlations = cov.dense() / scale[:, None] / scale
        columns = [[_correlation(r) for r in column] for column in correlations.T]
        groups.append(("correlation with", list(zip(rows, columns, strict=True))))
    return groups


def _ranges(mean: Array, cov: Structure) -> list[Group]:
    deviations = np.sqrt(cov.variances())
    return [("mean", _extremes(mean)), ("standard deviation", _extremes(deviations))]


def _extremes(values: Array) -> list[tuple[str, list[str]]]:
    flat = values.reshape(-1, values.shape[-1])
    if len(flat) == 0:
        return [("least", ["–"] * flat.shape[1]), ("greatest", ["–"] * flat.shape[1])]
    return [("least", _numbers(flat.min(axis=0))), ("greatest", _numbers(flat.max(axis=0)))]


def _numbers(values: Iterable[float]) -> list[str]:
    return [f"{value:#.4g}" for value in values]


def _correlation(value: float) -> str:
    return "–" if np.isnan(value) else f"{round(value, 3) + 0.0:.3f}"  # no -0.000


def _head(groups: list[Group]) -> str:
    """Return one row of headings, or two where some group has headings below it."""
    below = [label for _, columns in groups for label, _ in columns if label]
    depth = 2 if below else 1
    first = f"<th scope='col' rowspan='{depth}' style='{NAME}'>variable</th>"
    for title, columns in groups:
        if columns[0][0]:
            first += f"<th scope='colgroup' colspan='{len(columns)}' style='{GROUP}'>{title}</th>"
        else:
            first += f"<th scope='col' rowspan='{depth}' style='{CELL}'>{title}</th>"
    second = "".join(f"<th scope='col' style='{CELL}'>{label}</th>" for label in below)
    rows = f"<tr>{first}</tr>" + (f"<tr>{second}</tr>" if below else "")
    return f"<thead style='border-bottom:1px solid'>{rows}</thead>"


def _body(rows: list[str], columns: list[list[str]]) -> str:
    shown = len(rows) if len(rows) <= MOST_ROWS else MOST_ROWS - 2
    html = ""
    for i, name in enumerate(rows[:shown]):
        cells = "".join(f"<td style='{CELL}'>{column[i]}</td>" for column in columns)
        html += f"<tr><th scope='row' style='{NAME}'>{name}</th>{cells}</tr>"
    if shown < len(rows):
        rest = f"… and {len(rows) - shown} more"
        html += f"<tr><td colspan='{len(columns) + 1}' style='{NAME}'>{rest}</td></tr>"
    return html
