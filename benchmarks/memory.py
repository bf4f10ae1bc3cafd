"""Time and memory of the Wasserstein distance between samples much wider than long.

    python benchmarks/memory.py

Two samples of 200 rows and 20 000 columns: one 20 000 × 20 000 matrix alone would take 3.2 GB.
"""

from __future__ import annotations

import time
import tracemalloc

import numpy as np

import gaussmetrics as gm

ROWS, COLUMNS = 200, 20_000


def main() -> None:
    rng = np.random.default_rng(0)
    samples = [rng.standard_normal((ROWS, COLUMNS)) for _ in range(2)]
    tracemalloc.start()
    start = time.perf_counter()
    p, q = (gm.Gaussian.from_samples(x) for x in samples)
    fitted = time.perf_counter()
    distance = gm.wasserstein_distance(p, q)
    done = time.perf_counter()
    peak = tracemalloc.get_traced_memory()[1]
    print(f"distance {distance:.3f}")
    print(f"fit {fitted - start:.2f} s, distance {done - fitted:.2f} s (bar: 1 s together)")
    print(f"peak {peak / 1e6:.0f} MB beside the samples (bar: 300 MB)")


if __name__ == "__main__":
    main()
