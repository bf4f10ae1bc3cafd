"""Print the tables of the README from the results: ``python report.py``."""

from __future__ import annotations

import json
from pathlib import Path

HERE = Path(__file__).parent


def rows(part):
    return json.loads((HERE / f"{part}.json").read_text(encoding="utf8"))


def table(head, lines):
    print("| " + " | ".join(head).replace("|u − v|", r"\|u − v\|") + " |\n|" + "---|" * len(head))
    for line in lines:
        print("| " + " | ".join(line) + " |")
    print()


def saturation():
    found = {}
    for row in rows("saturation"):
        setting = (str(row["batch"]), str(row["temperature"]), row["optimiser"])
        cell = f"{row['recall']:.1f} ± {row['recall_error']:.1f}"
        found.setdefault(setting, {})[row["loss"], row["precision"]] = cell
        if (row["loss"], row["precision"]) == ("usual", "float32"):
            found[setting]["zero"] = f"{row['losses_that_are_0']:.1f}"
    columns = [(loss, f"float{bits}") for loss in ("usual", "log1p", "flat") for bits in (32, 64)]
    columns.remove(("log1p", "float64"))
    head = ["batch", "τ", "optimiser", "zeros, %", *(f"{a}, {b}" for a, b in columns)]
    lines = ([*key, cells["zero"], *(cells[c] for c in columns)] for key, cells in found.items())
    table(head, lines)


def drift():
    lines = (
        [
            str(row["batch"]),
            str(row["temperature"]),
            row["optimiser"],
            f"{row['usual_float32']:.0e}",
            f"{row['log1p_float32']:.0e}",
        ]
        for row in rows("drift")
    )
    table(["batch", "τ", "optimiser", "usual, float32", "log1p, float32"], lines)


def curse():
    found = {}
    for row in rows("curse"):
        key = (str(row["d"]), str(row["rho"]), f"{row['information']:.2f}")
        found.setdefault(key, []).append(f"{row['bound']:.2f} ± {row['standard_error']:.2f}")
    counts = sorted({(row["K"], row["log_K"]) for row in rows("curse")})
    head = ["d", "ρ", "truth", *(f"K = {k} (log K {ceiling:.2f})" for k, ceiling in counts)]
    table(head, ([*key, *cells] for key, cells in found.items()))


def similarity():
    found = {}
    for row in rows("similarity"):
        cell = f"{row['accuracy']:.1f} ± {row['accuracy_error']:.1f}, {row['auc']:.2f}"
        found.setdefault((row["false_pairs"], str(row["rows"])), {})[row["features"]] = cell
    names = next(iter(found.values()))
    head = ["false pairs", "true pairs trained on", *names]
    table(head, ([*key, *(cells[name] for name in names)] for key, cells in found.items()))


if __name__ == "__main__":
    saturation()
    drift()
    curse()
    similarity()
