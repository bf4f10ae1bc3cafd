"""A report as one page of HTML, with its pictures inside."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from gaussmetrics.command.compare_report import Section
from gaussmetrics.page import document, figure

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td {
  padding: .2rem .7rem; border-bottom: 1px solid #8885; text-align: right; white-space: nowrap;
}
thead + tbody td:first-child, td:last-child:not(:empty) { min-width: 12rem; white-space: normal; }
th:first-child, td:first-child, th:last-child, td:last-child { text-align: left; }
figure { margin: 1.5rem 0; } img { max-width: 100%; background: white; }
figcaption, footer { font-size: .9rem; opacity: .8; }
"""


def page(
    title: str, told: Sequence[Section], pictures: Sequence[tuple[bytes, str]], footer: str
) -> str:
    """Return the page."""
    parts = [
        f"<h1>{escape(title)}</h1>",
        *map(_section, told),
        "<h2>Pictures</h2>",
        *(figure(png, what) for png, what in pictures),
        f"<footer>{escape(footer)}</footer>",
    ]
    return document(title, STYLE, "\n".join(parts))


def _section(section: Section) -> str:
    parts = [f"<h2>{escape(section.title)}</h2>"]
    if section.lines:
        head = "".join(f"<th>{escape(cell)}</th>" for cell in section.header)
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in line) + "</tr>\n"
            for line in section.lines
        )
        top = f"<thead><tr>{head}</tr></thead>" if head else ""
        parts.append(f'<div class="wide"><table>{top}<tbody>\n{rows}</tbody></table></div>')
    items = "".join(f"<li>{escape(text)}</li>" for text in section.text)
    if items:
        parts.append(f"<ul>{items}</ul>")
    return "\n".join(parts)
