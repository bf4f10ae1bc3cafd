"""Run the validation from the command line: ``python -m gaussmetrics.validation``."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gaussmetrics.validation import CHECKS, Check, validate
from gaussmetrics.validation.datasets import NAMES, load_all
from gaussmetrics.validation.report import RULES, show, write
from gaussmetrics.validation.rows import Work

if TYPE_CHECKING:
    from rich.console import Console

SAMPLES, QUICK_SAMPLES, FEWEST_SAMPLES = 100_000, 10_000, 100
QUICK_CLASSES = 3
WIDTH = 120


def main(arguments: Sequence[str] | None = None, *, checks: Sequence[Check] = CHECKS) -> int:
    """Run the validation and report it.

    Parameters
    ----------
    arguments : sequence of str, optional
        Command line; default ``sys.argv[1:]``.
    checks : sequence of Check
        Closed forms with their judges.

    Returns
    -------
    int
        0 when all rows pass, 1 when any fails. Bad usage raises ``SystemExit(2)``.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    _require("rich", parser)
    if options.output is not None:
        _require("matplotlib", parser)
        _make_directory(options.output, parser)
    datasets = load_all(options.dataset or NAMES)
    if options.quick:
        datasets = [dataset.first_classes(QUICK_CLASSES) for dataset in datasets]
    samples = options.samples or (QUICK_SAMPLES if options.quick else SAMPLES)
    rows = validate(datasets, checks=checks, samples=samples, seed=options.seed, track=_progress)
    show(rows, _stdout())
    if options.output is not None:
        write(rows, datasets, options.output)
    return int(not all(row.passed for row in rows))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gaussmetrics.validation",
        description="Compare every closed form with Monte Carlo and gradient descent, on the "
        "classes of real data sets.",
        epilog=f"{RULES} Exit status: 0 all rows pass, 1 a row fails, 2 bad usage.",
    )
    add = parser.add_argument
    add("--dataset", action="extend", nargs="+", choices=NAMES, metavar="NAME",
        help=f"data sets to use, of {', '.join(NAMES)} (default: all)")  # fmt: skip
    add("--samples", type=_at_least(FEWEST_SAMPLES), metavar="N",
        help=f"points that a judge draws (default: {SAMPLES}, quick: {QUICK_SAMPLES})")  # fmt: skip
    add("--seed", type=_at_least(0), default=0, metavar="N", help="default: 0")
    add("--quick", action="store_true",
        help=f"fewer samples, and the first {QUICK_CLASSES} classes only")  # fmt: skip
    add("--output", type=Path, metavar="DIR",
        help="write report.json, report.md and pictures there")  # fmt: skip
    return parser


def _at_least(smallest: int) -> Callable[[str], int]:
    """Return a reader of integers that are not less than the smallest."""

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < smallest:
            message = f"must be an integer not less than {smallest}, got {text!r}"
            raise argparse.ArgumentTypeError(message)
        return int(text)

    return read


def _require(module: str, parser: argparse.ArgumentParser) -> None:
    if importlib.util.find_spec(module) is None:
        parser.error(f'{module} is missing; pip install "gaussmetrics[validation]"')


def _make_directory(directory: Path, parser: argparse.ArgumentParser) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"argument --output: cannot write to {directory}: {error.strerror}")


def _stdout() -> Console:
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)


def _progress(work: Sequence[Work]) -> Iterable[Work]:
    """Show on stderr how much of the work is done."""
    from rich.console import Console
    from rich.progress import track

    return track(work, "comparing", console=Console(stderr=True))


if __name__ == "__main__":
    sys.exit(main())
