"""Rows for reading: the table on the terminal, and the files of ``--output``."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from gaussmetrics.validation.classifiers import CLASSIFIERS, MARGINS, ROUNDING
from gaussmetrics.validation.datasets import Dataset
from gaussmetrics.validation.inference import COVERAGE, HEAVY, INFERENCE, NORMAL, SIZE, Rate
from gaussmetrics.validation.page import Picture, page
from gaussmetrics.validation.rows import (
    FALSE_ALARM,
    GAP,
    RESOLUTION,
    NotWorse,
    Row,
    equal,
    sampled,
)
from gaussmetrics.validation.softmax import SOFTMAX
from gaussmetrics.validation.transport import TRANSPORT

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod
    from rich.table import Table

_margins = ", ".join(f"{rule.margin} for {name}" for name, rule in MARGINS.items())

_held = {kind: f"{0.95 - rule.below:.0%}" for kind, rule in COVERAGE.items()}

RULES = f"""\
A sampled row passes when |z| is within Šidák's bound for the number of sampled rows (false alarm in
a whole run: {FALSE_ALARM}) and the standard error is at most {RESOLUTION:.0%} of the value (of one
nat, for an entropy nearer to zero). A row with a bound passes when the closed form lies between the
upper and the lower bound and these are at most {GAP:g} of the value apart. Two routes to the same
number pass when they differ by at most {ROUNDING:g}, relative. A score passes when it is worse than
the baseline's by at most a margin ({_margins}) and three
standard errors of the difference over random splits of the data set, and the standard error is at
most the margin. Intervals of 95 % pass when they hold the truth in {_held[NORMAL]} of simulated
samples (t₅ rows: {_held[HEAVY]}), tests of size 0.05 when they reject equal laws in
{0.05 - SIZE.below:.0%} to {0.05 + SIZE.above:.0%}, less or more three standard errors of the
simulation."""

_OF = {
    check.name: subject
    for subject, checks in {
        "Optimal transport and kernels": TRANSPORT,
        "Softmax laws and contrastive losses": SOFTMAX,
        "The classifier": CLASSIFIERS,
        "Intervals and tests": INFERENCE,
    }.items()
    for check in checks
    if hasattr(check, "name")
}
SCORES = (
    "The closed-form classifier against iterative ones, by the number of training rows "
    "(± standard error of the difference)"
)
FAILED = "Failed rows"
TITLE = "Closed forms against their judges"
DATA = "Data: one normal is fitted to each class"
PICTURES = {
    "agreement.png": "Closed form against estimate, relative difference, and z-scores",
    "classes.png": "Two classes with their 50 % and 95 % ellipses",
    "descents.png": "Bounds that close in on a distance, and losses of softmax regression",
}
FILES = ("report.json", "report.md", "report.html", *PICTURES)

SUMMARY = ("quantity", "baseline", "data", "rows", "worst |z|", "s.e. / value", "verdict")
DETAIL = ("dataset", "pair", "quantity", "closed form", "baseline", "estimate", "s.e.", "z")
WORDS = {"dataset", "pair", "score", "quantity", "baseline", "verdict"}

Lines: TypeAlias = Sequence[Sequence[str]]


def summary(rows: Iterable[Row]) -> list[tuple[str, ...]]:
    """Return one line for all rows of a quantity and a baseline; scores are left out.

    Parameters
    ----------
    rows : iterable of Row

    Returns
    -------
    list of tuple of str
        Cells under the headings `SUMMARY`.
    """
    lines = []
    for key, group in _grouped(rows, "quantity", "baseline"):
        if not _is_score(group[0]):
            datasets = len({row.outcome.dataset for row in group})
            counts = str(datasets), str(len(group))
            lines.append((*key, *counts, _worst(group), _coarsest(group), _tally(group)))
    return lines


def subjects(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Return the rows by what they are about.

    Parameters
    ----------
    rows : iterable of Row

    Returns
    -------
    dict of str to list of Row
        In the order in which the subjects first appear.
    """
    groups: dict[str, list[Row]] = {}
    for row in rows:
        name = row.outcome.quantity
        other = "wasserstein" in name and _OF.get(name) is None
        subject = "Optimal transport and kernels" if other else _OF.get(name, "Divergences")
        groups.setdefault(subject, []).append(row)
    return groups


def scores(rows: Iterable[Row]) -> list[tuple[str, ...]]:
    """Return one line for each score of the classifier, with all its baselines.

    Parameters
    ----------
    rows : iterable of Row

    Returns
    -------
    list of tuple of str
        The headings, then the cells; empty if there are no scores.
    """
    chosen = [row for row in rows if _is_score(row)]
    if not chosen:
        return []
    baselines = dict.fromkeys(row.outcome.estimate.baseline for row in chosen)
    lines = [("dataset", "rows", "score", "closed form", *baselines, "verdict")]
    for (name, trained_on, score), group in _grouped(chosen, "dataset", "pair", "quantity"):
        cells = {
            row.outcome.estimate.baseline: f"{row.outcome.estimate.value:.3f} ± "
            f"{row.outcome.estimate.standard_error:.3f}"
            for row in group
        }
        own = f"{group[0].outcome.closed_form:.3f}"
        estimates = [cells.get(baseline, "") for baseline in baselines]
        lines.append((name, trained_on.split()[0], score, own, *estimates, _tally(group)))
    return lines


def failures(rows: Iterable[Row]) -> list[tuple[str, ...]]:
    """Return one line for each failed row.

    Parameters
    ----------
    rows : iterable of Row

    Returns
    -------
    list of tuple of str
        Cells under the headings `DETAIL`.
    """
    return [
        tuple(
            value if isinstance(value, str) else f"{value:.6g}"
            for key, value in row.record().items()
            if key != "passed"
        )
        for row in rows
        if not row.passed
    ]


def _grouped(rows: Iterable[Row], *keys: str) -> list[tuple[tuple[str, ...], list[Row]]]:
    """Collect the rows that agree in some fields, in the order in which these first appear."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        record = row.record()
        groups.setdefault(tuple(str(record[key]) for key in keys), []).append(row)
    return list(groups.items())


def _is_score(row: Row) -> bool:
    return isinstance(row.outcome.estimate.rule, NotWorse)


def _worst(rows: Sequence[Row]) -> str:
    rule = rows[0].outcome.estimate.rule
    if isinstance(rule, Rate):
        return "rate"
    if rule is sampled:
        return f"{max(abs(row.z) for row in rows):.2f}"
    return "equal" if rule is equal else "between"


def _coarsest(rows: Sequence[Row]) -> str:
    return f"{max(row.outcome.estimate.resolution for row in rows):.1g}"


def _tally(rows: Sequence[Row]) -> str:
    failed = sum(not row.passed for row in rows)
    return f"{failed} FAIL" if failed else "pass"


def verdict(rows: Sequence[Row]) -> str:
    """Return the run in one sentence.

    Parameters
    ----------
    rows : sequence of Row

    Returns
    -------
    str
    """
    failed = sum(not row.passed for row in rows)
    drawn = [abs(row.z) for row in rows if row.outcome.estimate.rule is sampled]
    worst = f", worst |z| {max(drawn):.2f} of {rows[0].bound:.2f} allowed" if drawn else ""
    return f"{len(rows)} rows, {failed} failed{worst}"


def show(rows: Sequence[Row], console: Console) -> None:
    """Print the summary, the scores, every failed row, the rules and the verdict.

    Parameters
    ----------
    rows : sequence of Row
    console : rich.console.Console
    """
    for title, (header, *lines) in tables(rows):
        console.print(_table(title, header, lines))
    console.print(RULES.replace("\n", " "), style="dim", highlight=False)
    style = "bold green" if all(row.passed for row in rows) else "bold red"
    console.print(verdict(rows), style=style, highlight=False)


def tables(rows: Sequence[Row]) -> list[tuple[str, Lines]]:
    """Return the titles of the tables that have lines, and their headings and lines.

    Parameters
    ----------
    rows : sequence of Row

    Returns
    -------
    list of (str, list of tuple of str)
    """
    contents: dict[str, Lines] = {
        subject: [SUMMARY, *summary(group)] for subject, group in subjects(rows).items()
    }
    contents |= {SCORES: scores(rows), FAILED: [DETAIL, *failures(rows)]}
    return [(title, lines) for title, lines in contents.items() if len(lines) > 1]


def _table(title: str, header: Sequence[str], lines: Lines) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in header:
        justify: JustifyMethod = "left" if name in WORDS else "right"
        table.add_column(name, justify=justify, overflow="fold", min_width=len(name))
    for before, line in zip([lines[0], *lines], lines, strict=False):
        if header[0] == "dataset" and before[0] != line[0]:
            table.add_section()
        table.add_row(*line, style="bold red" if line[-1].endswith("FAIL") else None)
    return table


def write(rows: Sequence[Row], datasets: Sequence[Dataset], directory: Path) -> None:
    """Write report.json, report.md, the pictures, and report.html, which holds them all.

    Parameters
    ----------
    rows : sequence of Row
    datasets : sequence of Dataset
        What the rows were computed on.
    directory : Path
        Made if it is not there.
    """
    from gaussmetrics.validation import pictures

    directory.mkdir(parents=True, exist_ok=True)
    drawn = (pictures.agreement(rows), pictures.classes(datasets), pictures.descents(datasets))
    shown = []
    for (name, caption), figure in zip(PICTURES.items(), drawn, strict=True):
        figure.savefig(file := BytesIO(), format="png")
        (directory / name).write_bytes(file.getvalue())
        shown.append(Picture(caption, file.getvalue()))
    records, text, site = (directory / name for name in FILES[:3])
    records.write_text(_json(rows), encoding="utf-8")
    text.write_text(markdown(rows, datasets), encoding="utf-8")
    passed = all(row.passed for row in rows)
    contents = sorted(tables(rows), key=lambda table: table[0] != FAILED)
    contents.append((DATA, _data(datasets)))
    html = page(TITLE, verdict(rows), passed=passed, rules=RULES, tables=contents, pictures=shown)
    site.write_text(html, encoding="utf-8")


def _json(rows: Sequence[Row]) -> str:
    """Return one record a row; JSON knows no NaN and no infinity, so these become null."""
    records = [
        {
            key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in row.record().items()
        }
        for row in rows
    ]
    return json.dumps(records, indent=1, allow_nan=False)


def markdown(rows: Sequence[Row], datasets: Sequence[Dataset]) -> str:
    """Return the report as Markdown.

    Parameters
    ----------
    rows : sequence of Row
    datasets : sequence of Dataset

    Returns
    -------
    str
    """
    sections = [f"# {TITLE}", f"**{verdict(rows)}.**", RULES]
    sections += [f"## {DATA}", _markdown_table(_data(datasets))]
    sections += [f"![{caption}]({name})" for name, caption in PICTURES.items()]
    for title, lines in tables(rows):
        sections += [f"## {title}", _markdown_table(lines)]
    return "\n\n".join(sections) + "\n"


def _data(datasets: Sequence[Dataset]) -> Lines:
    return [
        ("dataset", "rows", "classes", "columns"),
        *(
            (data.name, str(len(data.labels)), str(len(data.classes)), data.preparation)
            for data in datasets
        ),
    ]


def _markdown_table(lines: Lines) -> str:
    escaped = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    escaped.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(line)} |" for line in escaped)
