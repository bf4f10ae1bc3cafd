"""How a run ends: its exit status, the text of one that cannot go on, closed pipes and Ctrl-C."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

DONE, DRIFT, UNUSABLE, INTERRUPTED, CLOSED_PIPE = 0, 1, 2, 130, 141


class Refusal(Exception):
    """What was given cannot be worked on; the text says why, and what to do."""


@contextlib.contextmanager
def refusing(what: object) -> Iterator[None]:
    """Tell what the library will not take of the data as what this run will not."""
    try:
        yield
    except ValueError as error:
        raise Refusal(f"{what}: {error}") from None


def ended(program: str, task: Callable[[], int]) -> int:
    """Run a task and return the exit status, with a line on standard error where it stops early."""
    try:
        status = task()
        sys.stdout.flush()
    except Refusal as refusal:
        return _stopped(program, str(refusal), UNUSABLE)
    except KeyboardInterrupt:
        return _stopped(program, "interrupted", INTERRUPTED)
    except BrokenPipeError:
        _abandon_output()
        return CLOSED_PIPE
    except MemoryError:
        return _stopped(program, "this does not fit in memory: take fewer columns", UNUSABLE)
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        return _stopped(program, f"cannot read or write{where}: {error.strerror}", UNUSABLE)
    return status


def _stopped(program: str, why: str, status: int) -> int:
    _abandon_output()
    with contextlib.suppress(OSError, ValueError):
        print(f"{program}: {why}", file=sys.stderr)
    return status


def _abandon_output() -> None:
    """Let nothing that could not be written be tried again when Python ends."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def needed(module: str, what: str) -> None:
    """Check that a package of the extra is there."""
    if sys.modules.get(module, module) is None or importlib.util.find_spec(module) is None:
        raise Refusal(f'{what} needs {module}: pip install "gaussmetrics[cli]"')


def folder(path: Path) -> Path:
    """Make a folder for what is written, before the work is done."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refusal(f"cannot make the folder {path}: {error.strerror}") from None
    if not os.access(path, os.W_OK):
        raise Refusal(f"cannot write to the folder {path}")
    return path
