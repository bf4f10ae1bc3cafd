"""``gaussmetrics compare``: how far apart are the groups of a table, and by what."""

from __future__ import annotations

import sys
from argparse import Namespace

from gaussmetrics.command import record
from gaussmetrics.command.compare_report import Section, as_text, sections
from gaussmetrics.command.comparison import Comparison, compared
from gaussmetrics.command.files import Table, read_table
from gaussmetrics.command.selection import Selection, selected
from gaussmetrics.command.stopping import DONE, folder, needed

FILES = ("report.html", "report.json")


def compare(options: Namespace) -> int:
    """Read, choose, compare, report."""
    if options.output is not None:
        needed("matplotlib", "--output")
        folder(options.output)
    table = read_table(options.table, options)
    chosen = selected(table, options)
    found = compared(chosen, level=options.level, seed=options.seed, tell=progress)
    told = sections(table, chosen, found)
    if options.json:
        print(record.as_json(record.of_comparison(table, chosen, found)))
    else:
        print(as_text(told))
    if options.output is not None:
        written = _write(options, table, chosen, found, told)
        if not options.json:
            print(f"\nWritten to {options.output}: {', '.join(written)}")
    return DONE


def progress(text: str) -> None:
    """Show on a terminal what is done at the moment."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def _write(
    options: Namespace, table: Table, chosen: Selection, found: Comparison, told: list[Section]
) -> list[str]:
    from gaussmetrics.command.html import page
    from gaussmetrics.command.pictures import drawn_pictures

    drawn, missing = drawn_pictures(chosen, found)
    if missing:
        print(f"no font here has {missing}: boxes are in their place", file=sys.stderr)
    title = f"{table.path.name}, by {table.by}"
    text = page(title, told, list(drawn.values()), options.typed)
    (options.output / FILES[0]).write_text(text, encoding="utf-8")
    said = record.as_json(record.of_comparison(table, chosen, found))
    (options.output / FILES[1]).write_text(said + "\n", encoding="utf-8")
    for name, (png, _) in drawn.items():
        (options.output / f"{name}.png").write_bytes(png)
    return [*FILES, *(f"{name}.png" for name in drawn)]
