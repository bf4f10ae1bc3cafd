"""The report as one page of HTML that holds its pictures and can be sent around."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

from gaussmetrics.page import document, figure

STYLE = """
:root { color-scheme: light dark; --line: #8885; --bad: #c62828; --good: #2e7d32; }
@media (prefers-color-scheme: dark) { :root { --bad: #ff8a80; --good: #81c784; } }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 64rem; padding: 0 1rem; }
h1 { font-size: 1.7rem; }
h2 { font-size: 1.2rem; margin-top: 2.5rem; }
.verdict { font-size: 1.2rem; font-weight: bold; }
.pass { color: var(--good); }
.fail { color: var(--bad); font-weight: bold; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: 0.2rem 0.7rem; text-align: right; }
th, td { white-space: nowrap; }
.word { text-align: left; }
figure { margin: 2rem 0; }
img { background: white; max-width: 100%; }
figcaption, details { font-size: 0.9rem; opacity: 0.8; }
"""

Lines = Sequence[Sequence[str]]


class Picture(NamedTuple):
    """A picture as bytes of PNG, and what it shows."""

    caption: str
    png: bytes


def page(
    title: str,
    verdict: str,
    *,
    passed: bool,
    rules: str,
    tables: Iterable[tuple[str, Lines]],
    pictures: Iterable[Picture],
) -> str:
    """Return a page without anything to fetch.

    Parameters
    ----------
    title, verdict, rules : str
    passed : bool
        Whether the verdict is a good one.
    tables : iterable of (str, list of tuple of str)
        Titles, and headings followed by lines.
    pictures : iterable of Picture

    Returns
    -------
    str

    Examples
    --------
    >>> text = page("All is well", "1 row", passed=True, rules="", tables=[], pictures=[])
    >>> "<h1>All is well</h1>" in text
    True
    """
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="verdict {"pass" if passed else "fail"}">{escape(verdict)}</p>',
        f"<details><summary>What lets a row pass</summary><p>{escape(rules)}</p></details>",
        *(figure(picture.png, picture.caption) for picture in pictures),
        *(f"<h2>{escape(heading)}</h2>\n{_table(lines)}" for heading, lines in tables),
    ]
    return document(title, STYLE, "\n".join(parts))


def _table(lines: Lines) -> str:
    """Return a table that scrolls where it is wider than the window; words stand to the left."""
    header, *body = lines
    words = [not any(_is_number(line[j]) for line in body) for j in range(len(header))]
    rows = [_row("th", header, words), *(_row("td", line, words) for line in body)]
    return f'<div class="scroll"><table>\n{chr(10).join(rows)}\n</table></div>'


def _is_number(cell: str) -> bool:
    starts = cell[:1] in {*"+-−0123456789"}
    return cell in {"nan", "inf"} or (starts and not re.search("[a-z]{2}", cell))


def _row(tag: str, cells: Sequence[str], words: Sequence[bool]) -> str:
    failed = ' class="fail"' if cells[-1].endswith("FAIL") else ""
    inside = "".join(
        f"<{tag}{' class=word' if word else ''}>{escape(cell)}</{tag}>"
        for cell, word in zip(cells, words, strict=True)
    )
    return f"<tr{failed}>{inside}</tr>"
