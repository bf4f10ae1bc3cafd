"""How many digits are right: every library against 60-digit arithmetic, on one grid.

    python accuracy.py                   # the whole grid, a few minutes
    python accuracy.py --quick           # a few cells of it, seconds
    python accuracy.py --markdown        # only the README's table
    python accuracy.py --output DIR      # also every single result, as JSON

The grid: dimensions from 2 to 40, condition numbers κ from 1 to 1e8, laws from unrelated to a
relative 1e-12 apart, scales of the covariance from 1e-30 to 1e30. All libraries first have to agree
on a well-separated, well-conditioned pair. The exit status is 1 where gaussmetrics misses its bars.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import sys
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from _laws import Cell, Pair, pair_in
from _oracle import relative_error, truths
from _peers import FORMULAS, Formula
from _table import machine, table
from rich.console import Console
from rich.progress import track

EPS = float(np.finfo(np.float64).eps)
OURS = "gaussmetrics"
UNREMARKABLE = "number"
MODERATE = 1e4  # the condition number up to which the README compares
APART = (1.0, *(10.0**-k for k in range(1, 13)))
GRID = [Cell(*c) for c in itertools.product(
    (2, 3, 5, 10, 20, 40), (1.0, 1e2, 1e4, 1e6, 1e7, 1e8), APART, (1e-30, 1.0, 1e30)
)]  # fmt: skip
QUICK_GRID = [Cell(*c) for c in itertools.product(
    (2, 8), (1.0, 1e4, 1e8), (1.0, 1e-4, 1e-8, 1e-12), (1.0, 1e30)
)]  # fmt: skip


class Result(NamedTuple):
    """What one library says of one pair; `kind` is "number", "negative", "nan", …"""

    quantity: str
    library: str
    cell: Cell
    truth: float
    kind: str
    error: float

    @property
    def holds(self) -> bool:
        return self.kind == UNREMARKABLE and self.error <= bar(self.quantity, self.cell)


def bar(quantity: str, cell: Cell) -> float:
    """Return the relative error that gaussmetrics promises to stay below."""
    if "Wasserstein" in quantity:
        return 1e-9 if cell.kappa >= 1e7 and cell.apart < 1e-8 else 2e-12
    return 2e-14 + 5 * EPS * cell.kappa


# Measuring


def evaluate(formula: Formula, pair: Pair) -> tuple[str, float]:
    """Return the kind of an answer and, where it is a number, the number."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            value = formula(pair)
    except (ArithmeticError, ValueError, np.linalg.LinAlgError):
        return "refused", math.nan
    if isinstance(value, complex):
        return "complex", math.nan
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf", math.nan
    return "negative" if value < 0 else UNREMARKABLE, float(value)


def judge(cell: Cell, rng: np.random.Generator) -> list[Result]:
    pair = pair_in(cell, rng)
    truth = truths(pair)
    results = []
    for quantity, formulas in FORMULAS.items():
        for library, formula in formulas.items():
            kind, value = evaluate(formula, pair)
            error = math.nan if math.isnan(value) else relative_error(value, truth[quantity])
            results.append(Result(quantity, library, cell, float(truth[quantity]), kind, error))
    return results


def refuse_disagreement(rng: np.random.Generator) -> None:
    """Stop unless all libraries compute the same quantities, in the same conventions."""
    for result in judge(Cell(dim=4, kappa=10.0, apart=1.0, scale=1.0), rng):
        if not result.error <= 1e-12:
            raise SystemExit(f"{result.library} disagrees on {result.quantity}: {result}")


def measure(grid: Sequence[Cell], seed: int) -> list[Result]:
    refuse_disagreement(np.random.default_rng(seed))
    console = Console(stderr=True)
    cells = track(list(enumerate(grid)), "pairs", console=console, disable=not console.is_terminal)
    return [r for i, cell in cells for r in judge(cell, np.random.default_rng([seed, i]))]


# Presenting


def worst(results: Iterable[Result]) -> str:
    """Say the largest error, and what came instead of a distance, if anything did."""
    results = list(results)
    errors = [r.error for r in results if not math.isnan(r.error)]
    kinds = sorted({r.kind for r in results} - {UNREMARKABLE})
    return ", ".join([f"{max(errors):.0e}"] * bool(errors) + kinds)


def apart_label(apart: float) -> str:
    return "unrelated" if apart == 1.0 else f"{apart:.0e}"


def values(results: Sequence[Result], name: str) -> list[Any]:
    return sorted({getattr(r.cell, name) for r in results})


def libraries(results: Sequence[Result]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((r.quantity, r.library) for r in results))


def comparison(results: Sequence[Result], kappa: float, *, markdown: bool) -> str:
    """Tabulate the worst relative error of each library, at scale 1 and up to a κ."""
    results = [r for r in results if r.cell.scale == 1.0 and r.cell.kappa <= kappa]
    columns = values(results, "apart")[::-1]
    columns = columns[::2] if len(columns) > 7 else columns
    rows = [
        [*key, *(worst(r for r in results if r[:2] == key and r.cell.apart == a) for a in columns)]
        for key in libraries(results)
    ]
    return table(["", "", *map(apart_label, columns)], rows, markdown=markdown)


def failures(results: Sequence[Result], *, markdown: bool) -> str:
    """Tabulate what came instead of a distance, over the whole grid, in percent."""
    kinds = ("negative", "nan", "inf", "complex", "refused")
    rows = []
    for key in libraries(results):
        mine = [r for r in results if r[:2] == key]
        counts = [sum(r.kind == kind for r in mine) for kind in kinds]
        counts.append(sum(r.kind == UNREMARKABLE and r.error >= 1 for r in mine))
        rows.append([*key, *(f"{100 * count / len(mine):.1f}" for count in counts)])
    return table(["percent of all pairs", "", *kinds, "off by 100 %"], rows, markdown=markdown)


def bars(results: Sequence[Result], quantity: str) -> str:
    """Tabulate the errors of gaussmetrics, worst over the scales; `!` marks one above its bar."""
    mine = [r for r in results if (r.quantity, r.library) == (quantity, OURS)]
    columns = values(mine, "apart")[::-1]
    rows = []
    for dim, kappa in itertools.product(values(mine, "dim"), values(mine, "kappa")):
        line = [r for r in mine if (r.cell.dim, r.cell.kappa) == (dim, kappa)]
        limits = sorted({bar(quantity, r.cell) for r in line})
        cells = [[r for r in line if r.cell.apart == a] for a in columns]
        marked = [worst(cell) + "!" * (not all(r.holds for r in cell)) for cell in cells]
        rows.append([str(dim), f"{kappa:.0e}", *marked, " or ".join(f"{x:.0e}" for x in limits)])
    return table(["d", "κ", *map(apart_label, columns), "bar"], rows, markdown=False)


def report(results: Sequence[Result]) -> str:
    parts = [
        machine(),
        "The worst relative error at scale 1 and κ ≤ 1e4, by how far the laws are apart:",
        comparison(results, MODERATE, markdown=False),
        "The same up to κ = 1e8:",
        comparison(results, math.inf, markdown=False),
        "What came instead of a distance, at all scales:",
        failures(results, markdown=False),
    ]
    for quantity in FORMULAS:
        parts += [f"{quantity}: relative error of {OURS}", bars(results, quantity)]
    mine = [r for r in results if r.library == OURS]
    missed = sum(not r.holds for r in mine)
    verdict = f"{missed} miss their bar" if missed else "all hold their bar"
    return "\n\n".join([*parts, f"{len(mine)} results of {OURS}: {verdict}."])


def save(results: Sequence[Result], directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    records = [
        {
            **result.cell._asdict(),
            **{name: getattr(result, name) for name in ("quantity", "library", "truth", "kind")},
            "error": None if math.isnan(result.error) else result.error,
            "bar": bar(result.quantity, result.cell) if result.library == OURS else None,
        }
        for result in results
    ]
    content = {"machine": machine(), "results": records}
    (directory / "accuracy.json").write_text(json.dumps(content, indent=0), encoding="utf8")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a few cells of the grid")
    parser.add_argument("--markdown", action="store_true", help="print only the README's table")
    parser.add_argument("--output", type=Path, metavar="DIR", help="write accuracy.json here")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def main() -> int:
    options = arguments()
    results = measure(QUICK_GRID if options.quick else GRID, options.seed)
    markdown = options.markdown
    print(comparison(results, MODERATE, markdown=True) if markdown else report(results))
    if options.output:
        save(results, options.output)
    return int(not all(r.holds for r in results if r.library == OURS))


if __name__ == "__main__":
    sys.exit(main())
