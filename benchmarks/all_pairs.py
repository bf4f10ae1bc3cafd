"""Wasserstein distances of all pairs of 1000 laws, by one worker and by two, beside pyRiemann.

    OMP_NUM_THREADS=1 python benchmarks/all_pairs.py [rounds]    # two minutes a round

Wall times from arrays, in turn; the start of the workers, which the first call waits for, by
itself. Both must give the same table first.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from _laws import rotated
from pyriemann.geometry.distance import pairwise_distance

import gaussmetrics as gm

COUNT, DIM, KAPPA = 1000, 16, 100.0
BAR = 20.0
"""How many times pyRiemann's time two workers should be worth."""


def covariances(count):
    rng = np.random.default_rng(0)
    return rotated(rng, KAPPA ** -rng.uniform(size=(count, DIM)))


def table(covs, workers):
    laws = gm.Gaussian(np.zeros((len(covs), DIM)), covs)
    return gm.pairwise(gm.wasserstein_distance, laws, n_jobs=workers)


def pyriemann(covs):
    return pairwise_distance(covs, metric="wasserstein")


def seconds(call, *arguments):
    start = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - start


def main():
    covs = covariances(COUNT)
    few = covs[:40]
    np.testing.assert_allclose(table(few, 1), pyriemann(few), atol=1e-7)
    print(f"two workers start in {seconds(table, covs[:200], 2):.2f} s")
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    for _ in range(rounds):
        one, two, peer = (
            seconds(table, covs, 1),
            seconds(table, covs, 2),
            seconds(pyriemann, covs),
        )
        verdict = "reached" if peer / two >= BAR else "MISSED"
        print(
            f"one worker {one:.2f} s, two {two:.2f} s, pyRiemann {peer:.1f} s: "
            f"{peer / one:.1f} and {peer / two:.1f} times (bar {BAR:.0f} for two): {verdict}"
        )


if __name__ == "__main__":
    main()
