"""Time and memory of `contrastive_row_gradients`, against the three bare matrix products.

``python benchmarks/contrastive.py --rows 65536`` takes some minutes on one core. Seconds
are those of the processor, of one thread; the products are timed before and after, on one block of
rows in 32.
"""

from __future__ import annotations

import argparse
import resource
from time import process_time

import numpy as np

import gaussmetrics as gm
from gaussmetrics.softmax.row_gradients import BLOCK_BYTES


def products(u, v, size):
    """Return the seconds that S = u vᵀ, S v and Sᵀ u take, block by block, on one block in 32."""
    second, start = np.zeros_like(v), process_time()
    blocks = [u[k : k + size] for k in range(0, len(u), 32 * size)]
    for block in blocks:
        scores = block @ v.T
        scores @ v
        second += scores.T @ block
    return (process_time() - start) * len(u) / sum(map(len, blocks))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=8192)
    parser.add_argument("--columns", type=int, default=256)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    shape = (options.rows, options.columns)
    u, v = (rng.standard_normal(shape, dtype=np.float32).astype(float) for _ in range(2))
    size = BLOCK_BYTES // (8 * len(u))
    bare = [products(u, v, size)]
    start = process_time()
    gm.contrastive_row_gradients(u, v, temperature=0.05, unit_length=True)
    ours = process_time() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    bare.append(products(u, v, size))
    print(f"{shape[0]} pairs of {shape[1]} numbers, {size} rows of scores at a time")
    print(f"row gradients {ours:.1f} s, bare products {bare[0]:.1f} and {bare[1]:.1f} s")
    print(f"ratio {ours / np.mean(bare):.2f}; largest memory of the process {memory:.2f} GiB")


if __name__ == "__main__":
    main()
