"""Draw the README's picture from the results of accuracy.py.

python accuracy.py --output DIR
python picture.py DIR/accuracy.json ../docs/_static/accuracy.png
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from accuracy import MODERATE, OURS
from matplotlib.axes import Axes
from matplotlib.figure import Figure

QUANTITIES = {
    "squared Wasserstein-2": "Squared Wasserstein distance",
    "Kullback–Leibler": "Kullback–Leibler divergence",
}
COLOURS = {OURS: "#0072B2", "POT": "#D55E00", "pyRiemann": "#E69F00", "FID formula": "#009E73",
           "torch": "#D55E00", "det and inv": "#009E73"}  # fmt: skip
LABELS = {"torch": "PyTorch", "FID formula": "FID scripts", "det and inv": "det and inv, typed"}
LEAST, MOST = 1e-16, 1e16


def worst(results: list[dict[str, Any]], quantity: str) -> dict[str, dict[float, float]]:
    """Return the largest relative error by library and distance, at scale 1 and moderate κ."""
    errors: dict[str, dict[float, float]] = defaultdict(lambda: defaultdict(lambda: LEAST))
    for r in results:
        if r["quantity"] == quantity and r["scale"] == 1.0 and r["kappa"] <= MODERATE:
            # An answer that is no number has no error: it stands at the upper edge.
            error = MOST if r["error"] is None else r["error"]
            by_distance = errors[r["library"]]
            by_distance[r["apart"]] = max(by_distance[r["apart"]], error)
    return errors


def draw(axes: Axes, errors: dict[str, dict[float, float]], title: str) -> None:
    for library, by_distance in errors.items():
        x, y = zip(*sorted(by_distance.items()), strict=True)
        ours = library == OURS
        style = {"color": COLOURS[library], "lw": 3 if ours else 1.6, "marker": "o", "ms": 4}
        axes.loglog(x, y, label=LABELS.get(library, library), **style)
    axes.axhline(1.0, color="0.3", lw=1, ls=":")
    axes.text(1e-12, 2.0, "no digit left", color="0.3", ha="right")
    axes.set(title=title, xlabel="how far the two laws are apart", ylim=(LEAST, MOST))
    axes.invert_xaxis()
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper left")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("results", type=Path, help="the file accuracy.json that accuracy.py saved")
    parser.add_argument("picture", type=Path, help="the file to write")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    results = json.loads(options.results.read_text(encoding="utf8"))["results"]
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, (quantity, title) in zip((left, right), QUANTITIES.items(), strict=True):
        draw(axes, worst(results, quantity), title)
    left.set_ylabel("worst relative error")
    figure.savefig(options.picture, dpi=130)


if __name__ == "__main__":
    main()
