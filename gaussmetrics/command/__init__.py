"""The command line: ``gaussmetrics compare``, ``reference``, ``drift``, ``fid`` and ``validate``.

Nothing imports this wing; it stands on all others. Each subcommand reads files (`files`), chooses
rows and columns (`selection`), computes by the library, and reports in words, as JSON or HTML. How
runs end is in `stopping`.
"""

from __future__ import annotations

import shlex
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence

from gaussmetrics.command.arguments import PROGRAM, parser
from gaussmetrics.command.stopping import ended

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default ``sys.argv[1:]``.

    Returns
    -------
    int
        The exit status, as the help of each subcommand tells. Bad usage raises ``SystemExit(2)``.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    _in_unicode()
    if given[:1] == ["validate"]:
        return ended(PROGRAM, lambda: _validate(given[1:]))
    options = parser().parse_args(given)
    options.typed = shlex.join([PROGRAM, *given])
    if getattr(options, "no_header", False):
        _by_numbers(options)
    return ended(f"{PROGRAM} {options.command}", lambda: _task(options.command)(options))


def _task(command: str) -> Callable[[Namespace], int]:
    """Return what a subcommand does; only what it needs is imported."""
    if command == "compare":
        from gaussmetrics.command.compare import compare

        return compare
    if command == "reference":
        from gaussmetrics.command.reference import reference

        return reference
    if command == "drift":
        from gaussmetrics.command.drift import drift

        return drift
    from gaussmetrics.command.fid import fid

    return fid


def _validate(arguments: list[str]) -> int:
    from gaussmetrics.validation.__main__ import main as validation

    return validation(arguments)


def _by_numbers(options: Namespace) -> None:
    """Let columns without names be called by their numbers."""
    for key in ("by", "clusters"):
        if getattr(options, key, None):
            setattr(options, key, _numbered(getattr(options, key)))
    for key in ("columns", "without"):
        setattr(options, key, [_numbered(name) for name in getattr(options, key, [])])


def _numbered(name: str) -> str:
    return f"column {name}" if name.isdecimal() else name


def _in_unicode() -> None:
    """Write what the terminal cannot show as a question mark instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
