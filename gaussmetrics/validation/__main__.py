"""Run the validation from the command line: ``python -m gaussmetrics.validation``."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gaussmetrics.validation import CHECKS, Check, validate
from gaussmetrics.validation.datasets import NAMES, Dataset, load_all
from gaussmetrics.validation.report import FILES, RULES, show, write
from gaussmetrics.validation.rows import Row, Work

if TYPE_CHECKING:
    from rich.console import Console

PROGRAM = "python -m gaussmetrics.validation"
SAMPLES, QUICK_SAMPLES, FEWEST_SAMPLES, MOST_SAMPLES = 100_000, 10_000, 100, 10**9
INTERRUPTED = 130
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
    samples = options.samples or (QUICK_SAMPLES if options.quick else SAMPLES)
    try:
        datasets = load_all(options.dataset or NAMES)
        if options.quick:
            datasets = [dataset.first_classes(QUICK_CLASSES) for dataset in datasets]
        rows = validate(
            datasets, checks=checks, samples=samples, seed=options.seed, track=_progress
        )
        _report(rows, datasets, options.output)
    except KeyboardInterrupt:
        return _stopped("interrupted, nothing is reported", INTERRUPTED)
    except MemoryError:
        return _stopped(f"{samples} samples do not fit in memory: take fewer with --samples")
    except OSError as error:
        return _stopped(f"cannot write the report: {error.strerror}")
    return int(not all(row.passed for row in rows))


def _report(rows: Sequence[Row], datasets: Sequence[Dataset], directory: Path | None) -> None:
    show(rows, _stdout())
    sys.stdout.flush()
    if directory is not None:
        write(rows, datasets, directory)


def _stopped(why: str, status: int = 2) -> int:
    """Say in a line why there is no report."""
    # What could not be written would be tried again at the end; the standard error still works.
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    print(f"{PROGRAM}: {why}", file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Compare every closed form with Monte Carlo and gradient descent, on the "
        "classes of real data sets.",
        epilog=f"{RULES} Exit status: 0 all rows pass, 1 a row fails, 2 bad usage or no room, "
        f"{INTERRUPTED} interrupted.",
    )
    add = parser.add_argument
    add("--dataset", action="extend", nargs="+", choices=NAMES, metavar="NAME",
        help=f"data sets to use, of {', '.join(NAMES)} (default: all)")  # fmt: skip
    add("--samples", type=_integer(FEWEST_SAMPLES, MOST_SAMPLES), metavar="N",
        help=f"points that a judge draws (default: {SAMPLES}, quick: {QUICK_SAMPLES})")  # fmt: skip
    add("--seed", type=_integer(0, MOST_SAMPLES), default=0, metavar="N", help="default: 0")
    add("--quick", action="store_true",
        help=f"fewer samples, and the first {QUICK_CLASSES} classes only")  # fmt: skip
    add("--output", type=Path, metavar="DIR",
        help="write report.html, report.md, report.json and pictures there")  # fmt: skip
    return parser


def _integer(smallest: int, largest: int) -> Callable[[str], int]:
    """Return a reader of integers from the smallest to the largest."""

    def read(text: str) -> int:
        # Of numbers of thousands of digits Python reads none.
        small_enough = len(text.lstrip("0")) <= len(str(largest))
        if not text.isdecimal() or (small_enough and int(text) < smallest):
            message = f"must be an integer not less than {smallest}, got {text!r}"
            raise argparse.ArgumentTypeError(message)
        if not small_enough or int(text) > largest:
            message = f"must be an integer not greater than {largest}, got {text[:40]!r}"
            raise argparse.ArgumentTypeError(message)
        return int(text)

    return read


def _require(module: str, parser: argparse.ArgumentParser) -> None:
    if importlib.util.find_spec(module) is None:
        parser.error(f'{module} is missing; pip install "gaussmetrics[validation]"')


def _make_directory(directory: Path, parser: argparse.ArgumentParser) -> None:
    """Make the directory, and try every file now: a run takes minutes."""
    path = directory
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for path in (directory / name for name in FILES):
            is_new = not path.exists()
            path.open("ab").close()
            if is_new:
                path.unlink()
    except OSError as error:
        parser.error(f"argument --output: cannot write to {path}: {error.strerror}")


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
