"""From the measured trials to tables, beside the article's own figures, and to the page.

Everything is read from the two files of a results directory, so a report can be made again at any
time. The tables go between two marks of the README in that directory.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from methods import DEFAULT, DESCENT, METHODS, PLAIN, SHRUNK, TUNED
from picture import save_picture
from texts import TASKS

FULL = "full"
RESULTS, CONDITIONS, PICTURE, PAGE = "results.csv", "run.json", "accuracy.png", "README.md"
BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"
ARTICLE = Path(__file__).with_name("article.csv")
ABSENT = "–"
COMPARED = (DESCENT, PLAIN, DEFAULT, TUNED)

Row = Sequence[Any]


def write(output: Path) -> str:
    """Write picture and tables from the results in a directory; return the tables."""
    trials = pd.read_csv(output / RESULTS, dtype={"size": str})
    conditions = json.loads((output / CONDITIONS).read_text(encoding="utf-8"))
    tables = "\n\n".join(f"### {title}\n\n{body}" for title, body in sections(trials, conditions))
    save_picture(trials, output / PICTURE)
    page = output / PAGE
    text = page.read_text(encoding="utf-8") if page.exists() else f"{BEGIN}\n{END}\n"
    page.write_text(between_marks(text, tables), encoding="utf-8")
    return tables


def between_marks(text: str, tables: str) -> str:
    """Put the tables between the two marks of a page."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{rest.partition(END)[2]}"


def sections(trials: pd.DataFrame, conditions: dict[str, str]) -> Iterable[tuple[str, str]]:
    """Yield title and body of every table."""
    yield "In the shape of the article's table", article_table(trials)
    yield "Test accuracy, per cent", by_size(trials, "test_accuracy", percent)
    yield "Test log-loss, nats", by_size(trials, "test_log_loss", number)
    yield "Default closed form minus the others", difference_table(trials)
    yield "Seconds for one fit", by_size(trials, "seconds", number)
    yield "What was chosen from the training rows, median over seeds", choice_table(trials)
    yield "Conditions", conditions_line(trials, conditions)


def article_table(trials: pd.DataFrame) -> str:
    """Return accuracies, training / held-out: ours, then the article's for its nearest tasks."""
    lines: list[Row] = []
    for (task, size), published in pd.read_csv(ARTICLE).groupby(["ours", "size"], sort=False):
        cell = trials[(trials["task"] == task) & (trials["size"] == size)]
        if len(cell):
            lines.append(our_line(task, cell))
            lines += [article_line(row) for row in published.itertuples()]
    header = ["task", "classes", "rows", *COMPARED]
    return "Accuracy in per cent and rows: training / held-out.\n\n" + markdown(header, lines)


def article_line(row: Any) -> Row:
    """Return one line of the article's table with the article's figures."""
    name = f"*article: {row.task}*"
    return name, row.classes, row.rows, row.gradient_descent, row.closed_form, ABSENT, ABSENT


def our_line(task: str, cell: pd.DataFrame) -> Row:
    """Return one line of the article's table with our figures."""
    means = 100 * cell.groupby("method")[["train_accuracy", "test_accuracy"]].mean()
    accuracies = (
        "{:.2f} / {:.2f}".format(*means.loc[name]) if name in means.index else ABSENT
        for name in COMPARED
    )
    _, classes, *rows = cell[["task", "classes", "train_rows", "test_rows"]].iloc[0]
    return f"**{TASKS[task].title}**", classes, "{} / {}".format(*rows), *accuracies


def by_size(trials: pd.DataFrame, quantity: str, written: Callable[[float, float], str]) -> str:
    """Return mean ± standard error of a quantity: tasks and sizes down, methods across."""
    lines = [
        (*head, *each(METHODS, cell.groupby("method")[quantity].agg(["mean", "sem"]), written))
        for head, cell in cells(trials)
    ]
    return markdown(["task", "training rows", *METHODS], lines)


def difference_table(trials: pd.DataFrame) -> str:
    """Return paired differences of accuracy and log-loss between the default and the others."""
    note = "Accuracy in points, then log-loss in nats; paired by seed. More accuracy is better, "
    others = (PLAIN, SHRUNK, TUNED, DESCENT)
    lines = [(*head, *differences(cell, others)) for head, cell in cells(trials)]
    header = ["task", "training rows", *(f"minus {name}" for name in others)]
    return f"{note}less log-loss is better.\n\n{markdown(header, lines)}"


def differences(cell: pd.DataFrame, others: Sequence[str]) -> list[str]:
    """Write both differences to every other method."""
    accuracy = each(others, paired(cell, "test_accuracy"), signed_percent)
    log_loss = each(others, paired(cell, "test_log_loss"), signed_number)
    return [a if a == b else f"{a}; {b}" for a, b in zip(accuracy, log_loss, strict=True)]


def paired(cell: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """Return mean and standard error over seeds of default minus other, one line a method."""
    table = cell.pivot_table(index="seed", columns="method", values=quantity)
    return table.rsub(table[DEFAULT], axis=0).agg(["mean", "sem"]).T


def choice_table(trials: pd.DataFrame) -> str:
    """Return what leave-one-out and cross-validation settled on, the median over seeds."""
    picks = [(DEFAULT, "shrinkage"), (DEFAULT, "temperature"), (TUNED, "C")]
    lines = []
    for head, cell in cells(trials):
        medians = cell.groupby("method")[[name for _, name in picks]].median()
        lines.append((*head, *(f"{medians.loc[pick]:.3g}" for pick in picks)))
    return markdown(["task", "training rows", *(name for _, name in picks)], lines)


def conditions_line(trials: pd.DataFrame, conditions: dict[str, str]) -> str:
    """Return how the figures were measured."""
    minutes = trials["seconds"].sum() / 60
    known = "; ".join(f"{name} {value}" for name, value in conditions.items())
    return f"{known}; {len(trials)} fits in {minutes:.0f} minutes."


def cells(trials: pd.DataFrame) -> list[tuple[Row, pd.DataFrame]]:
    """Return title, training rows and trials of every task and size, in the order of the tasks."""
    groups = dict(list(trials.groupby(["task", "train_rows"])))
    order = sorted(groups, key=lambda key: (list(TASKS).index(key[0]), key[1]))
    return [((TASKS[task].title, rows), groups[task, rows]) for task, rows in order]


def each(
    methods: Iterable[str], groups: pd.DataFrame, written: Callable[[float, float], str]
) -> list[str]:
    """Write mean and standard error of every method, and a dash where it has none."""
    return [
        written(groups["mean"][name], groups["sem"][name]) if name in groups.index else ABSENT
        for name in methods
    ]


def percent(mean: float, error: float) -> str:
    return with_error(f"{100 * mean:.2f}", f"{100 * error:.2f}")


def signed_percent(mean: float, error: float) -> str:
    return with_error(f"{100 * mean:+.2f}", f"{100 * error:.2f}")


def number(mean: float, error: float) -> str:
    return with_error(f"{mean:.3f}", f"{error:.3f}")


def signed_number(mean: float, error: float) -> str:
    return with_error(f"{mean:+.3f}", f"{error:.3f}")


def with_error(mean: str, error: str) -> str:
    """Join mean and standard error; a single seed has none."""
    return mean if error == "nan" else f"{mean} ± {error}"


def markdown(header: Row, lines: Iterable[Row]) -> str:
    """Return a Markdown table."""
    rows = [header, ["---"] * len(header), *lines]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)
