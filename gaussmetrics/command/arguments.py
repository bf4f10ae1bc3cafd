"""What may be said on the command line, and what each word does."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gaussmetrics import __version__

PROGRAM = "gaussmetrics"
WIDTH = 80

STATUSES = {
    "compare": "0 compared (whether or not groups differ), 2 the table cannot be compared",
    "reference": "0 written, 2 no reference can be made of it",
    "drift": "0 as usual, 1 drift, 2 it cannot be told",
    "fid": "0 computed, 2 the features cannot be read or compared",
    "validate": "0 all rows pass, 1 a row fails, 2 bad usage",
}
EVERYWHERE = "130 interrupted, 141 the reader of the output went away."
TABLES = (
    "Tables may be CSV (any separator, decimal commas, lines of # comments, gzipped or not), "
    "Parquet or Excel."
)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    top = _parser(
        argparse.ArgumentParser,
        prog=PROGRAM,
        description="Closed-form statistics of multivariate normals on the files you have.",
        epilog=f"gaussmetrics SUBCOMMAND --help tells more, also the exit statuses. {TABLES}",
    )
    top.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = top.add_subparsers(dest="command", metavar="SUBCOMMAND", required=True)
    _compare(_subcommand(commands, "compare", "how far apart are the groups of a table, by what"))
    _reference(_subcommand(commands, "reference", "save the moments of a table for drift"))
    _drift(_subcommand(commands, "drift", "has a table the law of the reference?"))
    _fid(_subcommand(commands, "fid", "the Fréchet distance of two sets of features"))
    commands.add_parser(
        "validate", add_help=False, help="judge every closed form on real data",
    )  # fmt: skip
    return top


def _parser(make: Callable[..., Any], **options: Any) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = make(formatter_class=_Formatter, allow_abbrev=False, **options)
    return made


class _Formatter(argparse.HelpFormatter):
    """Help of one width, so that documentation can show it."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=24, width=WIDTH)


DESCRIPTIONS = {
    "compare": "Compare the groups of rows of a table: Wasserstein distances with intervals and "
    "p-values, what of them is means, scales and orientations, and the columns that differ. Says "
    "what it leaves out and why.",
    "reference": "Save the moments of one or more tables, to which gaussmetrics drift compares "
    "later ones. If there are parts, such as nights, the distances of each from all others tell "
    "what is usual.",
    "drift": "Compare a table with the reference, for a nightly job. It is drift if the distance "
    "exceeds the threshold: the one given, else the largest of the parts of the reference. Without "
    "either, if the likelihood ratio test finds a difference.",
    "fid": "The squared Wasserstein distance of two sets of features, as in FID, as it is and less "
    "its bias, with an interval.",
}


def _subcommand(commands: Any, name: str, what: str) -> argparse.ArgumentParser:
    usage = {
        "compare": "gaussmetrics compare TABLE --by COLUMN [options]",
        "reference": "gaussmetrics reference TABLE [TABLE ...] --output FILE [options]",
        "drift": "gaussmetrics drift REFERENCE TABLE [options]",
        "fid": "gaussmetrics fid A B [options]",
    }
    return _parser(
        commands.add_parser, name=name, help=what, usage=usage[name],
        description=DESCRIPTIONS[name], epilog=f"Exit status: {STATUSES[name]}; {EVERYWHERE}",
    )  # fmt: skip


def _compare(to: argparse.ArgumentParser) -> None:
    add = to.add_argument
    add("table", type=Path, metavar="TABLE", help=f"{TABLES} Or arrays of NumPy: an .npz file or a "
        "folder of .npy files, each array (rows, columns) a group")  # fmt: skip
    add("--by", metavar="COLUMN", help="the column that names the groups")
    _columns(to)
    add("--clusters", metavar="COLUMN", help="rows with one entry here depend on each other, such "
        "as those of one subject, and are dealt together")  # fmt: skip
    add("--output", type=Path, metavar="DIR", help="write report.html, report.json and pictures")
    add("--level", type=_level_of_deals, default=0.05, metavar="P",
        help="of the tests, 0.0001 at least; intervals hold with 1 − P "
        "(default: 0.05)")  # fmt: skip
    add("--seed", type=_count, default=0, metavar="N", help="deals the rows (default: 0)")
    add("--json", action="store_true", help="print JSON instead of text")
    _reading(to)


def _reference(to: argparse.ArgumentParser) -> None:
    add = to.add_argument
    add("tables", type=Path, nargs="+", metavar="TABLE", help="several are parts of the reference")
    add("--output", type=Path, required=True, metavar="FILE", help="the .npz file to write")
    add("--by", metavar="COLUMN", help="the column that names the parts, such as nights")
    _columns(to)
    _reading(to)


def _drift(to: argparse.ArgumentParser) -> None:
    add = to.add_argument
    add("reference", type=Path, metavar="REFERENCE", help="what gaussmetrics reference has written")
    add("table", type=Path, metavar="TABLE", help=TABLES)
    add("--metric", choices=("kl", "wasserstein"), default="kl", help="KL divergence from the "
        "reference in nats (default), or Wasserstein distance in its standard "
        "deviations")  # fmt: skip
    add("--threshold", type=_positive, metavar="X", help="the largest distance that is no drift")
    add("--level", type=_probability, default=0.001, metavar="P",
        help="of the test, where there is no threshold (default: 0.001)")  # fmt: skip
    add("--json", action="store_true", help="print JSON instead of text")
    _reading(to)


def _fid(to: argparse.ArgumentParser) -> None:
    add = to.add_argument
    what = "a .npy, .npz, CSV or Parquet file, or a folder of .npy files, a row a vector; or an "
    add("a", type=Path, metavar="A", help=f"{what}.npz file of mu and sigma")
    add("b", type=Path, metavar="B", help="the other one")
    add("--groups", type=_groups, metavar="G", help="groups of rows of the jackknife (default: 50, "
        "20 beyond 512 features)")  # fmt: skip
    add("--level", type=_level_of_interval, default=0.05, metavar="P",
        help="the interval holds with 1 − P (default: 0.05)")  # fmt: skip
    add("--json", action="store_true", help="print JSON instead of text")
    _reading(to)


def _columns(to: argparse.ArgumentParser) -> None:
    to.add_argument("--columns", nargs="+", default=[], metavar="COLUMN",
                    help="the columns to look at (default: all of numbers)")  # fmt: skip
    to.add_argument("--without", nargs="+", default=[], metavar="COLUMN",
                    help="columns to leave out")  # fmt: skip


def _reading(to: argparse.ArgumentParser) -> None:
    group = to.add_argument_group("reading the table")
    add = group.add_argument
    add("--separator", type=_separator, metavar="TEXT", help="of the columns of a text file, or "
        "tab, or blanks (default: as it looks)")  # fmt: skip
    add("--decimal", choices=(".", ","), metavar="MARK",
        help="the decimal mark, a point or a comma (default: as it looks)")  # fmt: skip
    add("--no-header", action="store_true", help="the first row is data; columns are then called "
        "by their numbers, 1, 2, …")  # fmt: skip
    add("--missing", nargs="+", default=[], metavar="CODE",
        help="entries that stand for a missing value, such as -999")  # fmt: skip
    add("--sheet", metavar="NAME", help="the sheet of an Excel file (default: the first)")


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"must be a number, got {text!r}")
    return value


def _probability(text: str) -> float:
    value = _number(text)
    if not 0.0 < value < 1.0:
        raise argparse.ArgumentTypeError(f"must be between 0 and 1, got {text!r}")
    return value


def _level_of_deals(text: str) -> float:
    value = _probability(text)
    if value < 1e-4:
        raise argparse.ArgumentTypeError(
            f"must be 0.0001 at least, as rows are dealt 2/P times, got {text!r}"
        )
    return value


def _level_of_interval(text: str) -> float:
    value = _probability(text)
    if 1.0 - value == 1.0:
        raise argparse.ArgumentTypeError(f"must not be so small that 1 − P is 1, got {text!r}")
    return value


def _positive(text: str) -> float:
    value = _number(text)
    if value < 0.0:
        raise argparse.ArgumentTypeError(f"must not be negative, got {text!r}")
    return value


def _count(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise argparse.ArgumentTypeError(f"must be a whole number from 0 on, got {text[:40]!r}")
    return int(text)


def _groups(text: str) -> int:
    if _count(text) < 2:
        raise argparse.ArgumentTypeError(f"must be 2 at least, got {text!r}")
    return int(text)


def _separator(text: str) -> str:
    named = {"tab": "\t", "\\t": "\t", "blank": r"\s+", "blanks": r"\s+", " ": r"\s+"}
    found = named.get(text, text)
    if len(found) != 1 and found != r"\s+":
        raise argparse.ArgumentTypeError(f"must be one character, tab or blanks, got {text!r}")
    return found
