"""How often do intervals hold the truth, and tests reject? Simulations, one file a cell.

    python benchmarks/coverage.py DIR              # hours in all; goes on where it was stopped
    python benchmarks/coverage.py DIR --dims 2 5   # minutes
    python benchmarks/coverage.py DIR --markdown   # the tables, of the cells that are there

Three questions, each with laws whose truth is known and rows that are normal or, with the same mean
and covariance, of Student's t with 5 degrees of freedom:

- coverage of 95 % intervals of `estimate`, 300 samples a cell,
- how often tests of size 0.1, 0.05 and 0.01 reject equal laws: permutations and the exact law,
- how often they reject unequal ones, beside Hotelling's T² and Box's M.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
from _table import machine, table
from scipy.optimize import brentq

import gaussmetrics as gm
from gaussmetrics.inference import likelihood
from gaussmetrics.inference.null_law import exact_law

REPLICATIONS, EXACT_REPLICATIONS = 300, 4000
SIZE_REPLICATIONS, PERMUTATIONS = 1000, 199
DIMS, DISTANCES = (2, 5, 10, 30, 64), {"equal": 0.0, "near": 0.02, "moderate": 0.5, "far": 5.0}
LEVELS = (0.1, 0.05, 0.01)
BARS = {"normal": 0.93, "t5": 0.90}
BATCH_BYTES = 2**27
# The second of a pair is the first on its smooth scale.
PAIRS = (
    (gm.kl_divergence, None),
    (gm.jeffreys_divergence, None),
    (gm.hellinger_distance, gm.bhattacharyya_distance),
    (gm.wasserstein_distance, gm.squared_wasserstein_distance),
)
METRICS = ("KL", "Jeffreys", "Bhattacharyya", "Hellinger", "W2", "W2²")
COLUMN = {
    "kl_divergence": "KL",
    "jeffreys_divergence": "Jeffreys",
    "bhattacharyya_distance": "Bhattacharyya",
    "hellinger_distance": "Hellinger",
    "wasserstein_distance": "W2",
    "squared_wasserstein_distance": "W2²",
}


class Laws(NamedTuple):
    """Two laws, and whether rows are normal or t₅ with these moments."""

    p: gm.Gaussian
    q: gm.Gaussian
    heavy: bool

    def samples(self, shape: tuple[int, ...], rng: np.random.Generator) -> list[Any]:
        return [_rows(law, shape, self.heavy, rng) for law in (self.p, self.q)]


def _rows(law: gm.Gaussian, shape: tuple[int, ...], heavy: bool, rng: np.random.Generator) -> Any:
    rows = law.sample(shape, rng)
    if not heavy:
        return rows
    return law.mean + (rows - law.mean) * np.sqrt(3.0 / rng.chisquare(5, (*shape, 1)))


def apart(dim: int, kl: float, rng: np.random.Generator) -> tuple[gm.Gaussian, gm.Gaussian]:
    """Return two laws with half of KL(p‖q) in the means and half in a random covariance."""
    q = gm.Gaussian.standard(dim)
    if kl == 0.0:
        return q, q
    noise = rng.standard_normal((dim, dim))
    w, v = np.linalg.eigh((noise + noise.T) / np.sqrt(2 * dim))
    t = brentq(lambda t: 0.5 * (np.expm1(t * w) - t * w).sum() - kl / 2, 0.0, 30.0)
    direction = rng.standard_normal(dim)
    mean = np.sqrt(kl) * direction / np.linalg.norm(direction)
    return gm.Gaussian(mean, (v * np.exp(t * w)) @ v.T), q


def interval_cell(dim: int, n: int, distance: str, heavy: bool) -> dict[str, Any]:
    """Return the coverage, the misses and the errors of every metric."""
    rng = np.random.default_rng([dim, n, crc32(distance.encode()), heavy])
    laws = Laws(*apart(dim, DISTANCES[distance], rng), heavy)
    size = max(1, min(REPLICATIONS, BATCH_BYTES // (16 * n * dim)))
    found: dict[str, list[Any]] = {}
    for start in range(0, REPLICATIONS, size):
        x, y = laws.samples((min(size, REPLICATIONS - start), n), rng)
        for metric, smooth in PAIRS:
            result = gm.estimate(metric, x, y)
            kept = [(metric, result)]
            if smooth is not None:
                within = gm.Estimate(*result.smooth, result.degrees_of_freedom, distance=True)
                kept.append((smooth, within))
            for one, estimate in kept:
                ends = (*estimate, *estimate.confidence_interval(), estimate.bias)
                found.setdefault(one.__name__, []).append(np.stack(ends))
    truths = {one: getattr(gm, one)(laws.p, laws.q) for one in found}
    return {COLUMN[one]: _summary(np.hstack(parts), truths[one]) for one, parts in found.items()}


def _summary(parts: Any, truth: float) -> dict[str, float]:
    value, error, low, high, bias = parts
    return {
        "truth": float(truth),
        "coverage": float(np.mean((low <= truth) & (truth <= high))),
        "too high": float(np.mean(low > truth)),
        "too low": float(np.mean(high < truth)),
        "bias": float(np.mean(value) - truth),
        "rmse": float(np.sqrt(np.mean((value - truth) ** 2))),
        "plain rmse": float(np.sqrt(np.mean((value + bias - truth) ** 2))),
        "error": float(np.sqrt(np.mean(error**2))),
        "length": float(np.mean(high - low)),
    }


def exact_cell(dim: int, sizes: list[int], means: bool, covariances: bool) -> dict[str, Any]:
    """Return how often the likelihood ratio of equal normal laws exceeds its exact quantiles."""
    rng = np.random.default_rng([dim, *sizes, means, covariances])
    statistic = likelihood.chosen(means=means, covariances=covariances)
    block = max(1, BATCH_BYTES // (16 * sum(sizes) * dim))
    values = []
    for start in range(0, EXACT_REPLICATIONS, block):
        count = min(block, EXACT_REPLICATIONS - start)
        samples = [rng.standard_normal((count, n, dim)) for n in sizes]
        values.append(statistic([gm.Moments.from_samples(rows) for rows in samples]))
    found = np.concatenate(values)
    law = exact_law(sizes, dim, means=means, covariances=covariances)
    rates = {str(level): float(np.mean(found > law.threshold(level))) for level in LEVELS}
    return {"rejected": rates, "mean": float(found.mean()), "exact mean": law.mean()}


TESTS: dict[str, Callable[..., gm.EqualityTest]] = {
    "likelihood ratio": gm.equality_test,
    "W2²": partial(gm.equality_test, statistic=gm.squared_wasserstein_distance),
    "means": partial(gm.equality_test, covariances=False),
    "covariances": partial(gm.equality_test, means=False),
    "exact likelihood ratio": partial(gm.equality_test, null="normal"),
    "Hotelling": partial(gm.equality_test, null="normal", covariances=False),
    "Box": partial(gm.equality_test, null="normal", means=False),
}
"""The first four by permutation."""


def _changed(what: str, dim: int) -> tuple[gm.Gaussian, gm.Gaussian]:
    q = gm.Gaussian.standard(dim)
    if what == "equal":
        return q, q
    mean, cov = np.zeros(dim), np.eye(dim)
    if what == "widest mean":
        cov = np.diag(np.geomspace(10.0, 0.1, dim))
        mean[0] = 0.5 * np.sqrt(cov[0, 0])
        q = gm.Gaussian(np.zeros(dim), cov)
    if what == "means":
        mean = np.full(dim, 0.8 / np.sqrt(10 * dim) * np.sqrt(3))
    elif what == "one correlation":
        cov[0, 1] = cov[1, 0] = 0.6
    elif what == "scale":
        cov = 1.25 * cov
    elif what == "one scale":
        cov[0, 0] = 2.0
    return gm.Gaussian(mean, cov), q


CHANGES = ("equal", "means", "widest mean", "one correlation", "scale", "one scale")


def test_cell(dim: int, n: int, what: str, heavy: bool) -> dict[str, Any]:
    """Return how often each test of size 0.05 rejects."""
    rng = np.random.default_rng([dim, n, crc32(what.encode()), heavy])
    laws = Laws(*_changed(what, dim), heavy)
    count = SIZE_REPLICATIONS if what == "equal" else REPLICATIONS
    rejected = dict.fromkeys(TESTS, 0)
    for _ in range(count):
        x, y = laws.samples((n,), rng)
        for name, test in TESTS.items():
            result = test(x, y, permutations=PERMUTATIONS, rng=rng)
            rejected[name] += result.p_value <= 0.05
    return {name: hits / count for name, hits in rejected.items()}


class Task(NamedTuple):
    name: str
    work: Callable[[], dict[str, Any]]


def tasks(dims: list[int]) -> Iterator[Task]:
    """List all cells, small dimensions first."""
    for d in dims:
        for sizes in ([d + 3, 2 * d + 5], [5 * d + 10, 3 * d + 10], [2 * d + 4] * 3):
            for means, covs in ((True, True), (True, False), (False, True)):
                name = f"exact {d} {'+'.join(map(str, sizes))} {means:d}{covs:d}"
                yield Task(name, partial(exact_cell, d, sizes, means, covs))
        if d in (2, 10, 30):
            for heavy in (False, True):
                for n in sorted({max(20, 2 * d), max(40, 10 * d)} if d < 30 else {100}):
                    for what in CHANGES:
                        name = f"test {d} {n} {what} {'t5' if heavy else 'normal'}"
                        yield Task(name, partial(test_cell, d, n, what, heavy))
        for n in sizes_of(d) if d > 1 else ():
            for distance in DISTANCES:
                for heavy in (False, True):
                    name = f"interval {d} {n} {distance} {'t5' if heavy else 'normal'}"
                    yield Task(name, partial(interval_cell, d, n, distance, heavy))


def sizes_of(dim: int) -> list[int]:
    """Return 3.3 and 8 rows a column, and 500; at d = 64 the last two are nearly one."""
    return sorted({max(30, -(-33 * dim // 10)), min(max(40, 8 * dim), 500), 500})


def run(directory: Path, dims: list[int], kinds: list[str]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name, work in tasks(dims):
        path = directory / f"{name.replace(' ', '_')}.json"
        if path.exists() or name.split(" ")[0] not in kinds:
            continue
        start = time.perf_counter()
        result = work()
        partial_path = path.with_suffix(".part")
        partial_path.write_text(json.dumps({"cell": name, **result}, indent=1), encoding="utf8")
        os.replace(partial_path, path)
        print(f"{name}: {time.perf_counter() - start:.1f} s", flush=True)


def markdown(directory: Path) -> str:
    """Return all tables of the cells that are there."""
    cells = {}
    for path in directory.glob("*.json"):
        content = json.loads(path.read_text(encoding="utf8"))
        cells[content.pop("cell")] = content
    parts = [f"{len(cells)} cells; {machine()}", "<!-- tables -->", _INTRODUCTION]
    parts += ["## In short: worst and median coverage", _short(cells)]
    for kind, law in (("normal rows", "normal"), ("t₅ rows", "t5")):
        parts += [f"## Coverage of 95 % intervals, {kind}", _coverage(cells, law)]
    parts += ["## RMSE of the estimate, of the plain value, and bias: KL", _errors(cells, "KL")]
    parts += ["## The same: W2²", _errors(cells, "W2²")]
    parts += ["## Rejections of equal normal laws by the exact law", _exact(cells)]
    parts += ["## Rejections at size 0.05", _tests(cells)]
    title = "# Coverage of intervals, size and power of tests"
    made = f"By `python benchmarks/coverage.py DIR`: {parts[0]}."
    return "\n\n".join([title, made, *parts[1:]]).replace("W2", "W₂").replace("t5", "t₅")


_INTRODUCTION = """\
Samples are of n rows each, 300 pairs a cell, so that a coverage of 0.95 has a standard error of
0.013. The laws are equal or have a KL divergence of 0.02, 0.5 or 5 nats, half of it in the means.
Intervals are those of `estimate` with all defaults. Below the bar, 0.93 for normal rows and 0.90
for t₅ rows, a number is in bold. Cells that are not listed have not been run."""


def _short(cells: dict[str, Any]) -> str:
    rows = []
    for law, name in (("normal", "normal"), ("t5", "t₅")):
        found = [cell for cell in _of_kind(cells, "interval") if cell[0][3] == law]
        for metric in METRICS if found else ():
            rates = [(content[metric]["coverage"], words) for words, content in found]
            least, (d, n, distance, _) = min(rates, key=lambda pair: pair[0])
            median = np.median([rate for rate, _ in rates])
            where = f"{least:.3f} (d = {d}, n = {n}, {distance})"
            below = sum(rate < BARS[law] for rate, _ in rates)
            rows.append((metric, name, str(len(rates)), f"{median:.3f}", where, str(below)))
    header = ("metric", "rows", "cells", "median", "worst", "below the bar")
    return table(header, rows, markdown=True)


def _of_kind(cells: dict[str, Any], kind: str) -> Iterator[tuple[list[str], Any]]:
    chosen = [(name.split(" "), content) for name, content in cells.items()]
    chosen = [(words[1:], content) for words, content in chosen if words[0] == kind]
    return iter(sorted(chosen, key=lambda cell: [int(w) if w.isdigit() else 0 for w in cell[0]]))


def _order(words: list[str]) -> tuple[int, int, int]:
    return int(words[0]), int(words[1]), list(DISTANCES).index(words[2])


def _coverage(cells: dict[str, Any], law: str) -> str:
    rows = []
    found = [cell for cell in _of_kind(cells, "interval") if cell[0][3] == law]
    for (d, n, distance, _), content in sorted(found, key=lambda cell: _order(cell[0])):
        rows.append((d, n, distance, *(_marked(content[m], law) for m in METRICS)))
    return table(("d", "n", "laws", *METRICS), rows, markdown=True)


def _marked(summary: dict[str, float], law: str) -> str:
    """Write a coverage, in bold where it is below the bar of its kind."""
    text = f"{summary['coverage']:.3f}"
    return f"**{text}**" if summary["coverage"] < BARS[law] else text


def _errors(cells: dict[str, Any], metric: str) -> str:
    rows = []
    found = list(_of_kind(cells, "interval"))
    for (d, n, distance, law), content in sorted(found, key=lambda cell: _order(cell[0])):
        s = content[metric]
        names = ("truth", "rmse", "plain rmse", "bias", "error", "length")
        rows.append((d, n, distance, law, *(f"{s[name]:.3g}" for name in names)))
    header = ("d", "n", "laws", "rows", "truth", "RMSE", "of the plain", "bias", "s.e.", "length")
    return table(header, rows, markdown=True)


def _exact(cells: dict[str, Any]) -> str:
    what = {"11": "both", "10": "means", "01": "covariances"}
    rows = []
    for (d, sizes, kind), content in _of_kind(cells, "exact"):
        rates = []
        for level in LEVELS:
            rate = content["rejected"][str(level)]
            z = (rate - level) / np.sqrt(level * (1 - level) / EXACT_REPLICATIONS)
            rates.append(f"{rate:.4f} ({z:+.1f})")
        rows.append((d, sizes, what[kind], *rates))
    header = ("d", "rows", "compared", *(f"at {level} (standard errors off)" for level in LEVELS))
    return table(header, rows, markdown=True)


def _tests(cells: dict[str, Any]) -> str:
    rows = []
    for words, content in _of_kind(cells, "test"):
        d, n, *what, law = words
        rows.append((d, n, law, " ".join(what), *(f"{content[name]:.3f}" for name in TESTS)))
    rows.sort(key=lambda r: (r[2], CHANGES.index(r[3]), int(r[0]), int(r[1])))
    return table(("d", "n", "rows", "change", *TESTS), rows, markdown=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("directory", type=Path, help="one JSON file a cell")
    parser.add_argument("--dims", type=int, nargs="+", default=[1, *DIMS])
    kinds = ["exact", "test", "interval"]
    parser.add_argument("--kinds", nargs="+", default=kinds, choices=kinds)
    parser.add_argument("--markdown", action="store_true", help="print the tables, run nothing")
    options = parser.parse_args()
    if options.markdown:
        print(markdown(options.directory))
    else:
        run(options.directory, options.dims, options.kinds)


if __name__ == "__main__":
    main()
