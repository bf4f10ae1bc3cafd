"""How long the metrics take beside their peers, on the same inputs in the same run.

    python speed.py                    # every case, some minutes
    python speed.py --quick            # one round of each case
    python speed.py --only batch       # the cases whose name holds a word
    python speed.py --markdown         # the README's table
    python speed.py --threads 2        # default 1
    python speed.py --processor-time   # for a machine that others use, too; one thread only
    python speed.py --output DIR       # also every single time, as JSON

Timed is the call of the metric on ready objects: Gaussians here, MultivariateNormals in torch,
plain arrays elsewhere. Building the objects from arrays (checks, factorisation) is timed apart.
Objects are built anew for every call, so nothing is left over from the call before. First all
libraries must give equal answers; then they take turns, and a ratio is the median over the turns
of a peer's time divided by ours. Every case comes twice: with unrelated laws, for which the bars
are meant, and with laws that nearly agree, where the careful formulas cost time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import ot
import torch
from _laws import Array, Pair, centred_pairs, sampled, spread
from _peers import fid, gaussians, torch_normals
from _table import machine, table
from pyriemann.geometry import distance as riemann
from threadpoolctl import threadpool_limits

import gaussmetrics as gm

Call: TypeAlias = Callable[[], Any]
Clock: TypeAlias = Callable[[], float]
Prepare: TypeAlias = Callable[[Pair], Call]
OURS = "gaussmetrics"
ROUNDS, BUDGET = (3, 25), 8.0  # at least and at most, and in between for so many seconds


class Case(NamedTuple):
    """One task: a batch of pairs, who computes it, and the ratios that are promised."""

    name: str
    covariances: Callable[..., Array]
    pairs: int
    dim: int
    libraries: Mapping[str, Prepare]
    bars: Mapping[str, float] = {}
    limit: float | None = None  # promised seconds of one call of ours
    single: bool = False  # one call for each pair, not one for the batch


class Times(NamedTuple):
    """Seconds of one library in every round: building its objects, and the call."""

    build: list[float]
    call: list[float]


# What each library does with a batch of pairs


def ours(metric: Callable[..., Any]) -> Prepare:
    def prepare(pair: Pair) -> Call:
        p, q = gaussians(pair)
        return lambda: metric(p, q)

    return prepare


def ours_all_pairs(metric: Callable[..., Any]) -> Prepare:
    def prepare(pair: Pair) -> Call:
        laws = gm.Gaussian(pair.mean_p, pair.cov_p)
        if hasattr(gm, "pairwise"):
            return lambda: gm.pairwise(metric, laws)
        return lambda: metric(laws[:, None], laws[None])

    return prepare


def torch_kl(*, validate: bool | None) -> Prepare:
    def prepare(pair: Pair) -> Call:
        p, q = torch_normals(pair, validate=validate)
        return lambda: torch.distributions.kl_divergence(p, q).numpy()

    return prepare


def torch_kl_all_pairs(pair: Pair) -> Call:
    mean, cov = pair.mean_p, pair.cov_p
    table_of_pairs = Pair(mean[:, None], cov[:, None], mean[None], cov[None])
    return torch_kl(validate=False)(table_of_pairs)


def pot(pair: Pair) -> Call:
    mean_p, cov_p, mean_q, cov_q = pair
    distance = ot.gaussian.bures_wasserstein_distance
    return lambda: distance(mean_p, mean_q, cov_p, cov_q, paired=True)


def pot_all_pairs(pair: Pair) -> Call:
    mean, cov = pair.mean_p, pair.cov_p
    return lambda: ot.gaussian.bures_wasserstein_distance(mean, mean, cov, cov)


def pyriemann(distance: Callable[..., Any]) -> Prepare:
    return lambda pair: lambda: distance(pair.cov_p, pair.cov_q)


def pyriemann_all_pairs(metric: str) -> Prepare:
    return lambda pair: lambda: riemann.pairwise_distance(pair.cov_p, metric=metric)


def fid_distance(pair: Pair) -> Call:
    return lambda: np.sqrt(fid(pair))


WASSERSTEIN = {
    OURS: ours(gm.wasserstein_distance),
    "pyRiemann": pyriemann(riemann.distance_wasserstein),
    "POT": pot,
}
KL = {
    OURS: ours(gm.kl_divergence),
    "torch": torch_kl(validate=False),
    "torch, validating": torch_kl(validate=None),
    "pyRiemann": pyriemann(riemann.distance_kullback),
}
ONE_WASSERSTEIN = {**WASSERSTEIN, "FID formula": fid_distance}
ALL_WASSERSTEIN = {
    OURS: ours_all_pairs(gm.wasserstein_distance),
    "pyRiemann": pyriemann_all_pairs("wasserstein"),
    "POT": pot_all_pairs,
}
ALL_KL = {
    OURS: ours_all_pairs(gm.kl_divergence),
    "pyRiemann": pyriemann_all_pairs("kullback"),
    "torch": torch_kl_all_pairs,
}

ONE_BARS = {"POT": 4.0, "pyRiemann": 1.5, "FID formula": 5.0}
ALL_BARS = {"pyRiemann": 20.0}
CASES = [
    Case("KL, one pair, d = 512", spread, 1, 512, KL, {"torch": 1.0}),
    Case("KL, one pair, d = 1024", spread, 1, 1024, KL, {"torch": 1.0}),
    Case("Wasserstein, one pair, d = 512", spread, 1, 512, ONE_WASSERSTEIN, ONE_BARS),
    Case("Wasserstein, one pair, d = 1024", spread, 1, 1024, ONE_WASSERSTEIN, ONE_BARS),
    Case("Wasserstein, batch of 10 000, d = 8", spread, 10_000, 8, WASSERSTEIN, {"pyRiemann": 4.0}),
    Case("Wasserstein, batch of 2 000, d = 32", spread, 2_000, 32, WASSERSTEIN, {"pyRiemann": 5.0}),
    Case("Wasserstein, all pairs of 300, d = 16", spread, 300, 16, ALL_WASSERSTEIN, ALL_BARS),
    Case("KL, all pairs of 300, d = 16", spread, 300, 16, ALL_KL, ALL_BARS),
    Case("KL, batch of 10 000, d = 3", spread, 10_000, 3, KL, {"torch": 1.2}),
    Case("KL, batch of 10 000, d = 8", spread, 10_000, 8, KL, {"torch": 1.2}),
    Case("KL, one pair, d = 2", spread, 500, 2, KL, limit=60e-6, single=True),
    Case("Wasserstein, one pair, d = 2", spread, 500, 2, ONE_WASSERSTEIN, limit=60e-6, single=True),
]  # fmt: skip
NEAR_CASES = [
    case._replace(name=f"{case.name}, nearly equal", covariances=sampled, bars={}, limit=None)
    for case in CASES
    if case.dim < 1024
]


# Measuring


def batch_of(case: Case) -> Pair:
    pairs = centred_pairs(case.covariances, count=case.pairs, dim=case.dim)
    return Pair(*(array[0] for array in pairs)) if case.pairs == 1 else pairs


def one_by_one(prepare: Prepare) -> Prepare:
    """Turn a function of one pair into one that is called for each pair of a batch."""

    def prepare_each(pairs: Pair) -> Call:
        calls = [prepare(Pair(*arrays)) for arrays in zip(*pairs, strict=True)]
        return lambda: np.array([call() for call in calls])

    return prepare_each


def preparations(case: Case) -> dict[str, Prepare]:
    return {k: one_by_one(v) if case.single else v for k, v in case.libraries.items()}


def timed(prepare: Prepare, pair: Pair, clock: Clock) -> tuple[float, float]:
    start = clock()
    call = prepare(pair)
    ready = clock()
    call()
    return ready - start, clock() - ready


def refuse_disagreement(case: Case, pair: Pair) -> None:
    """Stop unless all libraries answer alike; the calls warm up, too."""
    answers = {name: prepare(pair)() for name, prepare in preparations(case).items()}
    for name, answer in answers.items():
        if not np.allclose(answer, answers[OURS], rtol=1e-6, atol=1e-6):
            raise SystemExit(f"{case.name}: {name} answers {answer}, {OURS} {answers[OURS]}")


def measure(case: Case, clock: Clock, *, quick: bool) -> dict[str, Times]:
    pair = batch_of(case)
    refuse_disagreement(case, pair)
    libraries = preparations(case)
    times = {name: Times([], []) for name in libraries}
    calls = case.pairs if case.single else 1
    for _ in rounds(quick=quick):
        for name, prepare in libraries.items():
            build, call = timed(prepare, pair, clock)
            times[name].build.append(build / calls)
            times[name].call.append(call / calls)
    return times


def rounds(*, quick: bool) -> Iterator[int]:
    least, most = (1, 1) if quick else ROUNDS
    end = time.perf_counter() + BUDGET
    for i in range(most):
        if i >= least and time.perf_counter() > end:
            return
        yield i


# Presenting


def ratio(peer: Sequence[float], mine: Sequence[float]) -> float:
    """Return the median over the rounds of a peer's time divided by ours."""
    return statistics.median(a / b for a, b in zip(peer, mine, strict=True))


def from_arrays(times: Times) -> list[float]:
    return [build + call for build, call in zip(*times, strict=True)]


def duration(seconds: Sequence[float]) -> str:
    value = statistics.median(seconds)
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value / 1e-6:.3g} µs"


def verdict(promised: float, *, kept: bool, sign: str) -> str:
    return f"{sign} {promised:g}: {'holds' if kept else 'MISSED'}"


def our_row(case: Case, mine: Times) -> list[str]:
    said = ""
    if case.limit is not None:
        kept = statistics.median(mine.call) <= case.limit
        said = verdict(1e6 * case.limit, kept=kept, sign="≤").replace(":", " µs:")
    return [case.name, OURS, duration(mine.build), duration(mine.call), "1", said, "1"]


def peer_row(case: Case, name: str, times: Times, mine: Times) -> list[str]:
    calls = ratio(times.call, mine.call)
    said = ""
    if name in case.bars:
        said = verdict(case.bars[name], kept=calls >= case.bars[name], sign="≥")
    elif calls < 1:
        said = "peer faster"
    whole = ratio(from_arrays(times), from_arrays(mine))
    build = duration(times.build) if name.startswith("torch") else "–"
    return ["", name, build, duration(times.call), f"{calls:.2f}", said, f"{whole:.2f}"]


def rows(case: Case, times: Mapping[str, Times]) -> list[list[str]]:
    mine = times[OURS]
    peers = [(name, t) for name, t in times.items() if name != OURS]
    return [our_row(case, mine), *(peer_row(case, name, t, mine) for name, t in peers)]


def comparison(results: Sequence[tuple[Case, dict[str, Times]]], *, markdown: bool) -> str:
    header = ["task", "library", "build", "call", "ratio", "bar", "ratio with build"]
    body = [row for case, times in results for row in rows(case, times)]
    return table(header, body, markdown=markdown)


def save(results: Sequence[tuple[Case, dict[str, Times]]], directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    records = [
        {"task": case.name, "library": name, **t._asdict(), "bar": case.bars.get(name)}
        for case, times in results
        for name, t in times.items()
    ]
    content = {"machine": machine(), "times": records}
    (directory / "speed.json").write_text(json.dumps(content, indent=1), encoding="utf8")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one round of each case")
    parser.add_argument("--markdown", action="store_true", help="print the README's table")
    parser.add_argument("--only", default="", metavar="WORD", help="cases whose name holds a word")
    parser.add_argument("--threads", type=int, default=1, help="threads of BLAS and torch")
    parser.add_argument("--processor-time", action="store_true", help="instead of wall time")
    parser.add_argument("--output", type=Path, metavar="DIR", help="write speed.json here")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    clock = time.process_time if options.processor_time else time.perf_counter
    torch.set_num_threads(options.threads)
    results = []
    with threadpool_limits(options.threads):
        for case in (c for c in [*CASES, *NEAR_CASES] if options.only in c.name):
            print(case.name, file=sys.stderr)
            results.append((case, measure(case, clock, quick=options.quick)))
        print(machine(), end="\n\n")
    print(comparison(results, markdown=options.markdown))
    if options.output:
        save(results, options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
