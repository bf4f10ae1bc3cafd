"""How long the metrics take beside their peers, on the same inputs in the same run.

    python speed.py                    # every case with one thread and with two, ten minutes
    python speed.py --quick            # one round of each case
    python speed.py --only batch       # the cases whose name holds a word
    python speed.py --threads 1        # default 1 2
    python speed.py --processor-time   # for a machine that others use, too; one thread only
    python speed.py --write            # also into the README, and into speed.md and speed.json
    python speed.py --compare          # against speed.json: the exit status is 1 where ratios fell

A task is timed twice: the call on ready laws, and from arrays, with the construction of the laws
(checks, factorisation); of peers that take matrices only, both are the call. Objects are built anew
for every call, so nothing is left over from the call before. First all libraries must give equal
answers; then they take turns, and a ratio is the median over the turns of a peer's time divided by
ours. Tasks come with unrelated laws and with nearly equal ones, where careful formulas could cost.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import ot
import torch
from _laws import Array, Pair, centred_pairs, sampled, spread
from _peers import fid, gaussians, torch_normals
from _speed_tables import OURS, Result, compare, report, write
from _table import machine
from pyriemann.geometry import distance as riemann
from threadpoolctl import threadpool_limits

import gaussmetrics as gm

Call: TypeAlias = Callable[[], Any]
Clock: TypeAlias = Callable[[], float]
Prepare: TypeAlias = Callable[[Pair], Call]
ROUNDS, BUDGET = (9, 25), 5.0  # at least and at most, and in between for so many seconds
SLOW, FEW = 5.0, 3  # a peer that takes so many seconds takes part in so few rounds


class Case(NamedTuple):
    """One task: a batch of pairs, who computes it, and what is promised.

    `bars` are ratios from arrays; `limits` are seconds of one call of ours, on ready laws and from
    arrays.
    """

    name: str
    covariances: Callable[..., Array]
    pairs: int
    dim: int
    libraries: Mapping[str, Prepare]
    bars: Mapping[str, float] = {}
    limits: tuple[float, float] | None = None
    single: bool = False  # one call for each pair, not one for the batch


# What each library does with a batch of pairs


def ours(metric: Callable[..., Any]) -> Prepare:
    def prepare(pair: Pair) -> Call:
        p, q = gaussians(pair)
        return lambda: metric(p, q)

    return prepare


def ours_all_pairs(metric: Callable[..., Any]) -> Prepare:
    def prepare(pair: Pair) -> Call:
        laws = gm.Gaussian(pair.mean_p, pair.cov_p)
        return lambda: gm.pairwise(metric, laws)

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


def construction(pair: Pair) -> Call:
    return lambda: pivots(gm.Gaussian(pair.mean_p, pair.cov_p).covariance.lower)


def numpy_cholesky(pair: Pair) -> Call:
    return lambda: pivots(np.linalg.cholesky(pair.cov_p))


def torch_construction(*, validate: bool | None) -> Prepare:
    def prepare(pair: Pair) -> Call:
        arrays = torch.from_numpy(pair.mean_p), torch.from_numpy(pair.cov_p)
        normal = torch.distributions.MultivariateNormal
        return lambda: pivots(normal(*arrays, validate_args=validate).scale_tril.numpy())

    return prepare


def pivots(lower: Array) -> Array:
    """View the diagonal, by which the factors are compared."""
    return np.diagonal(lower, axis1=-2, axis2=-1)


CONSTRUCTION = {
    OURS: construction,
    "numpy.linalg.cholesky": numpy_cholesky,
    "PyTorch": torch_construction(validate=False),
    "PyTorch, validating": torch_construction(validate=None),
}
KL = {
    OURS: ours(gm.kl_divergence),
    "PyTorch": torch_kl(validate=False),
    "PyTorch, validating": torch_kl(validate=None),
    "pyRiemann": pyriemann(riemann.distance_kullback),
}
WASSERSTEIN = {
    OURS: ours(gm.wasserstein_distance),
    "pyRiemann": pyriemann(riemann.distance_wasserstein),
    "POT": pot,
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
    "PyTorch": torch_kl_all_pairs,
}

SIZES = {
    "one pair, d = 512": (1, 512),
    "one pair, d = 1024": (1, 1024),
    "batch of 10 000, d = 3": (10_000, 3),
    "batch of 10 000, d = 8": (10_000, 8),
    "batch of 2 000, d = 32": (2_000, 32),
}
NEAR_BARS = {"PyTorch": 0.6, "PyTorch, validating": 1.0}
CONSTRUCTIONS = [
    Case(f"Gaussian, {size.removeprefix('one pair, ')}", spread, *shape, CONSTRUCTION,
         {"numpy.linalg.cholesky": 0.66})
    for size, shape in SIZES.items()
]  # fmt: skip
CASES = [
    *(
        Case(f"KL, {size}", spread, *shape, KL,
             {"PyTorch": 0.9 if shape[1] == 8 else 1.0, "PyTorch, validating": 1.5})
        for size, shape in SIZES.items()
    ),
    *(Case(f"KL, {size}, near", sampled, *shape, KL, NEAR_BARS) for size, shape in SIZES.items()),
    *(
        Case(f"Wasserstein, {size}", spread, *shape,
             ONE_WASSERSTEIN if shape[0] == 1 else WASSERSTEIN,
             {"pyRiemann": 2.5 if shape[0] == 1 else 4.0})
        for size, shape in SIZES.items()
    ),
    *(
        Case(f"Wasserstein, {size}, near", sampled, *SIZES[size], WASSERSTEIN)
        for size in ("one pair, d = 512", "batch of 10 000, d = 8", "batch of 2 000, d = 32")
    ),
    Case("KL, all pairs of 300, d = 16", spread, 300, 16, ALL_KL, {"pyRiemann": 20.0}),
    Case("Wasserstein, all pairs of 300, d = 16", spread, 300, 16, ALL_WASSERSTEIN),
    *(
        Case(f"{name}, one pair, d = {d}", spread, 500, d, libraries, limits=limits, single=True)
        for name, libraries, limits in (
            ("KL", KL, (12e-6, np.inf)),
            ("Wasserstein", ONE_WASSERSTEIN, (25e-6, 60e-6)),
        )
        for d in (2, 3)
    ),
]  # fmt: skip


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


def timed(prepare: Prepare, pair: Pair, clock: Clock, calls: int) -> tuple[float, float]:
    """Return the seconds of a call on ready laws, and from arrays."""
    start = clock()
    call = prepare(pair)
    ready = clock()
    call()
    end = clock()
    return (end - ready) / calls, (end - start) / calls


def refuse_disagreement(case: Case, pair: Pair) -> None:
    """Stop unless all libraries answer alike; the calls warm up, too."""
    answers = {name: prepare(pair)() for name, prepare in preparations(case).items()}
    for name, answer in answers.items():
        if not np.allclose(answer, answers[OURS], rtol=1e-6, atol=1e-6):
            raise SystemExit(f"{case.name}: {name} answers {answer}, {OURS} {answers[OURS]}")


def measure(case: Case, threads: int, clock: Clock, *, quick: bool) -> Result:
    """Let the libraries take turns."""
    pair = batch_of(case)
    refuse_disagreement(case, pair)
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in case.libraries}
    calls = case.pairs if case.single else 1
    for turn in rounds(quick=quick):
        for name, prepare in preparations(case).items():
            if turn < FEW or calls * statistics.median(t for _, t in times[name]) < SLOW:
                times[name].append(timed(prepare, pair, clock, calls))
    return Result(case.name, threads, times, case.bars, case.limits)


def rounds(*, quick: bool) -> Iterator[int]:
    least, most = (1, 1) if quick else ROUNDS
    end = time.perf_counter() + BUDGET
    for i in range(most):
        if i >= least and time.perf_counter() > end:
            return
        yield i


def run(options: argparse.Namespace, threads: int) -> Iterator[Result]:
    """Measure all cases with a number of threads."""
    clock = time.process_time if options.processor_time else time.perf_counter
    torch.set_num_threads(threads)
    os.environ["OMP_NUM_THREADS"] = str(threads)  # by this gaussmetrics shares its batches
    with threadpool_limits(threads):
        for case in (c for c in [*CONSTRUCTIONS, *CASES] if options.only in c.name):
            print(f"{threads}: {case.name}", file=sys.stderr)
            yield measure(case, threads, clock, quick=options.quick)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one round of each case")
    parser.add_argument("--only", default="", metavar="WORD", help="cases whose name holds a word")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="of BLAS and torch")
    parser.add_argument("--processor-time", action="store_true", help="instead of wall time")
    parser.add_argument("--write", action="store_true", help="README, speed.md and speed.json")
    parser.add_argument("--compare", action="store_true", help="with the ratios of speed.json")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    results = [result for threads in options.threads for result in run(options, threads)]
    print(machine(), end="\n\n")
    print(report(results, markdown=False))
    if options.write:
        write(results, machine())
    return compare(results) if options.compare else 0


if __name__ == "__main__":
    sys.exit(main())
