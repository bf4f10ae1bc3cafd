"""Lists, counts and numbers in sentences."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any

LONGEST, LONGEST_NAME, WIDTH = 10, 24, 100


def listed(items: Sequence[Any], longest: int = LONGEST) -> str:
    """Return names in a row, a long row cut short."""
    more = f" and {len(items) - longest} more" if len(items) > longest else ""
    return ", ".join(map(str, items[:longest])) + more


def shortened(name: str, longest: int = LONGEST_NAME) -> str:
    """Return a name, a long one cut short."""
    return name if len(name) <= longest else f"{name[: longest - 1]}…"


def wrapped(text: str) -> str:
    """Return a sentence in lines that a terminal holds; its first one begins a little earlier."""
    return textwrap.fill(
        text, WIDTH, initial_indent="  ", subsequent_indent="    ", break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def counted(count: int, what: str) -> str:
    """Return a number of things."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def rounded(value: float) -> str:
    """Return a number with three digits, as a person would write it."""
    if not math.isfinite(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:.3g}" if 1e-4 <= abs(value) < 1e6 or value == 0 else f"{value:.2e}"
    if "e" in text and abs(value) >= 1 and abs(value) < 1e6:
        text = f"{value:.0f}"
    return text.replace("-", "−") if "e" not in text else text


def probability(p: float) -> str:
    """Return a p-value."""
    if p == 0.0:
        return "0, below every float"
    return f"{p:.3f}" if p >= 0.001 else f"{p:.1e}"


def columns_of_text(lines: Sequence[Sequence[str]], left: Sequence[int] = (0,)) -> str:
    """Set lines of cells in columns, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if k in left else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
