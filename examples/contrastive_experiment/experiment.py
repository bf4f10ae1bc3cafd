"""Measure what the articles claim of contrastive losses and of similarity models.

``python experiment.py --quick`` takes digits in place of sentences, and some seconds;
``python experiment.py`` wants the packages of requirements.txt and ten minutes on one core.
``python experiment.py saturation`` (or drift, curse, similarity) makes one part. Results are kept
as JSON.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import curse
import saturation
import similarity
from pairs import digits, halves, sentences
from saturation import Setting

HERE = Path(__file__).parent
SETTINGS = [
    *(Setting(batch, tau, "SGD", 800) for batch in (4, 16, 64) for tau in (0.2, 0.05, 0.02)),
    *(Setting(batch, 0.05, "Adam", 800) for batch in (4, 64)),
]


def saturation_rows(quick):
    if quick:
        setting = Setting(8, 0.05, "SGD", 500)
        return saturation.compare(halves(), setting, seeds=2, train_rows=900, rates=(0.03, 0.1))
    pairs = sentences()
    return (
        row
        for setting in SETTINGS
        for row in saturation.compare(pairs, setting, seeds=3, train_rows=4000)
    )


def drift_rows(quick):
    if quick:
        return saturation.drifts(halves(), [(Setting(8, 0.05, "SGD", 500), 0.1)], train_rows=900)
    chosen = [
        (Setting(4, 0.02, "SGD", 800), 0.03),
        (Setting(64, 0.02, "SGD", 800), 3.0),
        (Setting(4, 0.05, "Adam", 800), 1e-3),
    ]
    return saturation.drifts(sentences(), chosen, train_rows=4000)


def curse_rows(quick):
    if quick:
        return curse.rows((2, 16), (0.5, 0.99), (16, 128), repeats=5)
    return curse.rows((2, 8, 32, 64), (0.3, 0.7, 0.9, 0.99), (16, 128, 1024), repeats=20)


def similarity_rows(quick):
    if quick:
        return similarity.rows(digits(), train_rows=(600,), seeds=2)
    return similarity.rows(sentences(), train_rows=(200, 1000, 4000), seeds=5)


PARTS = {
    "saturation": saturation_rows,
    "drift": drift_rows,
    "curse": curse_rows,
    "similarity": similarity_rows,
}


def show(row):
    return "  ".join(
        f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in row.items()
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="*", choices=[[], *PARTS], help="default: all")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    for part in options.part or PARTS:
        print(part)
        results = []
        for row in PARTS[part](options.quick):
            print(show(row), flush=True)
            results.append(row)
        if not options.quick:
            text = json.dumps(results, indent=1, ensure_ascii=False)
            (HERE / f"{part}.json").write_text(text + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
