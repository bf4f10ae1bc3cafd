"""What a comparison says in words: tables and sentences that text and HTML share."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gaussmetrics.command.comparison import ENDS, ROWS, ROWS_A_COLUMN, Comparison, Pair
from gaussmetrics.command.files import Table
from gaussmetrics.command.selection import Selection
from gaussmetrics.command.wording import (
    columns_of_text,
    counted,
    listed,
    probability,
    rounded,
    shortened,
    wrapped,
)

DISTANCES = ("pair", "distance", "low", "high", "adjusted p", "confused", "")
PARTS = ("pair", "means", "scales", "orientations", "columns that differ most")
MOST_COLUMNS = 3


@dataclass(frozen=True)
class Section:
    """A heading, what is to be known, and lines of a table with their headings."""

    title: str
    text: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    lines: tuple[tuple[str, ...], ...] = ()


def sections(table: Table, chosen: Selection, found: Comparison) -> list[Section]:
    """Return all that is told, in its order."""
    told = [
        Section("What was read", (*_read(table, chosen, found), *table.remarks)),
        Section("Left out", tuple(chosen.left_out) or ("nothing",)),
        *_distances(found),
        _parts(found),
        Section("The clearest columns", (_clearest(found),)),
    ]
    if found.clusters:
        told.insert(-2, Section("Groups near each other", (CLUSTERS,), (), _clusters(found)))
    if found.remarks:
        told.append(Section("To be careful with", tuple(found.remarks)))
    return told


def as_text(told: list[Section]) -> str:
    """Return the report for a terminal."""
    return "\n\n".join(_text_of(section) for section in told)


def _text_of(section: Section) -> str:
    lines = [section.title]
    if section.lines:
        rows = [section.header, *section.lines] if section.header else section.lines
        words = [k for k, name in enumerate(rows[0]) if name in ("pair", "", PARTS[-1])]
        left = words if section.header else range(len(rows[0]))
        lines += [f"  {line}" for line in columns_of_text(rows, list(left)).split("\n")]
    return "\n".join([*lines, *map(wrapped, section.text)])


def _read(table: Table, chosen: Selection, found: Comparison) -> list[str]:
    groups = [f"{name} {size}" for name, size in zip(found.names, found.sizes, strict=True)]
    lines = [
        f"{table.path}: {counted(len(table.frame), 'row')}, "
        f"{counted(table.frame.shape[1], 'column')}.",
        f"Compared: {counted(len(groups), 'group')} of {table.by}, with their rows: "
        f"{listed(groups, 12)}.",
        f"In: {counted(len(found.columns), 'column')}, each divided by its standard deviation over "
        f"all rows: {listed(found.columns, 12)}.",
    ]
    if chosen.clusters is not None:
        lines.append(f"Rows with one {chosen.clusters.name} are dealt together.")
    if found.coordinates.principal:
        axes = found.coordinates.rows.shape[1]
        lines.append(
            f"Of so many columns distances are taken along {axes} principal axes of all rows, "
            f"which hold {found.coordinates.share:.0%} of the variance."
        )
    if found.shrinkage:
        lines.append(
            f"Some group has fewer than {ROWS} rows, or {ROWS_A_COLUMN} a column: covariances are "
            "shrunk after Ledoit and Wolf, and distances are those of the shrunk laws."
        )
    return lines


def _distances(found: Comparison) -> list[Section]:
    title, lines = "Wasserstein distances, in standard deviations", [
        _distance(found, pair) for pair in found.pairs
    ]  # fmt: skip
    if found.all_shown:
        return [Section(f"{title}, nearest first", _legend(found), DISTANCES, tuple(lines))]
    of = f"{ENDS} of {found.pair_count} pairs"
    return [
        Section(f"{title}: nearest, {of}", (), DISTANCES, tuple(lines[:ENDS])),
        Section(f"{title}: farthest, {of}", _legend(found), DISTANCES, tuple(lines[:-ENDS-1:-1])),
    ]  # fmt: skip


def _legend(found: Comparison) -> tuple[str, ...]:
    rule = "Holm" if found.all_shown else "Bonferroni"
    many = f", adjusted by {rule} for all {found.pair_count} pairs"
    return (
        f"distance: less what few rows add to it; low to high: its {1 - found.level:.0%} interval",
        f"adjusted p: how often rows dealt anew are as far apart{many * (found.pair_count > 1)}; "
        f"of {found.deals} deals it is "
        f"{probability(found.pair_count / (found.deals + 1))} at least",
        "confused: share of new rows a linear classifier would put in the wrong one of both",
    )


def _distance(found: Comparison, pair: Pair) -> tuple[str, ...]:
    if math.isnan(pair.standard_error):
        return name_of(pair), f"{pair.distance:.2f}", "", "", "", "", "no interval, no test"
    return (
        name_of(pair),
        *(f"{value:.2f}" for value in (pair.distance, pair.low, pair.high)),
        probability(pair.adjusted_p),
        f"{pair.confused:.1%}",
        "" if found.told_apart(pair) else "not told from chance",
    )


def name_of(pair: Pair) -> str:
    """Return the names of both groups."""
    return f"{shortened(pair.first)} – {shortened(pair.second)}"


PARTS_TITLE = "What the distances are made of"
PARTS_EXPLAINED = (
    "shares of the squared distance of the fitted laws; a column: its own distance, and the "
    "second group's mean less the first's in standard deviations, and its spread times the first's"
)
CLUSTERS = "clusters of average linkage, of the distances of the fitted laws"


def _parts(found: Comparison) -> Section:
    told = found.explained
    others = [name_of(pair) for pair in found.pairs if not found.told_apart(pair)]
    text = [PARTS_EXPLAINED] if told else []
    if others:
        text.append(f"not told from chance, and so without parts: {listed(others)}")
    return Section(PARTS_TITLE, tuple(text), PARTS, tuple(map(_part, told)))


def _part(pair: Pair) -> tuple[str, ...]:
    most = [
        f"{shortened(c.name)} {c.distance:.2f} "
        f"({c.mean_difference:+.2f}, ×{rounded(c.spread_ratio)})"
        for c in pair.columns[:MOST_COLUMNS]
    ]
    shares = (f"{share:.0%}" for share in (pair.means, pair.scales, pair.orientations))
    return (name_of(pair), *shares, ", ".join(most).replace("-", "−"))


def _clusters(found: Comparison) -> tuple[tuple[str, ...], ...]:
    return tuple((str(len(names)), listed(names, 12)) for names in found.clusters)


def _clearest(found: Comparison) -> str:
    clear = found.clearest
    names = " and ".join(found.columns[c] for c in clear.columns)
    if len(clear.columns) == 1:
        return (
            f"{names} is the only column. In it groups are {clear.distance:.2f} apart "
            f"(Hellinger of ranks, 0 to 1, mean of all pairs); by chance {clear.by_chance:.2f} "
            f"(p = {probability(clear.p_value)}, {clear.deals} deals)."
        )
    many = f"the best of {counted(clear.pairs, 'pair')} of columns" if clear.pairs > 1 else (
        "the only pair of columns"
    )  # fmt: skip
    verdict = "" if clear.p_value < found.level else (
        " So the picture shows no more than chance would."
    )  # fmt: skip
    return (
        f"The picture shows {names}, {many}: groups are {clear.distance:.2f} apart there "
        f"(Hellinger of ranks, 0 to 1, mean of all pairs of groups). Groups dealt anew to the "
        f"rows are {clear.by_chance:.2f} apart in their best pair (median of {clear.deals} "
        f"deals; as far as here p = {probability(clear.p_value)}).{verdict}"
    )
