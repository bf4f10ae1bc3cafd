"""Extra memory of one fit at 200 000 x 512, as a share of the samples.

    python benchmarks/classifier_memory.py

Two measures: what Python and NumPy allocate at the peak (tracemalloc), and how far the process
grows (its peak resident size), which also counts the work space of BLAS and LAPACK. Each fit runs
in a process of its own, for a peak never falls.
"""

from __future__ import annotations

import resource
import sys
import tracemalloc
from multiprocessing import get_context

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from gaussmetrics.softmax.classifier import AnalyticLogisticRegression

ROWS, COLUMNS, CLASSES = 200_000, 512, 15
BAR = 0.15

CANDIDATES = {
    "closed form, plain": (AnalyticLogisticRegression(shrinkage=0.0, temperature=1.0), BAR),
    "closed form, default": (AnalyticLogisticRegression(), BAR),
    "closed form, ledoit-wolf": (AnalyticLogisticRegression(shrinkage="ledoit-wolf"), BAR),
    "LDA (lsqr)": (LinearDiscriminantAnalysis(solver="lsqr"), None),
}


def resident_peak():
    scale = 1 if sys.platform == "darwin" else 1024
    return scale * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def extra_memory(name):
    """Return the allocated and the resident growth of one fit, as shares of the samples."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, CLASSES, ROWS)
    X = np.empty((ROWS, COLUMNS))
    rng.standard_normal(out=X)  # in place, or the samples themselves would set the peak
    X[:, 0] += y
    before = resident_peak()
    tracemalloc.start()
    CANDIDATES[name][0].fit(X, y)
    _, allocated = tracemalloc.get_traced_memory()
    return allocated / X.nbytes, (resident_peak() - before) / X.nbytes


def verdict(allocated, bar):
    if bar is None:
        return ""
    return "reached" if allocated < bar else "MISSED"


def main():
    size = 8 * ROWS * COLUMNS / 2**20
    print(f"{ROWS} x {COLUMNS} float64, {size:.0f} MB, {CLASSES} classes\n")
    print("| fit | allocated / X | resident growth / X | bar |\n|---|---|---|---|")
    with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for name, (_, bar) in CANDIDATES.items():
            allocated, resident = pool.apply(extra_memory, (name,))
            print(f"| {name} | {allocated:.3f} | {resident:.3f} | {verdict(allocated, bar)} |")


if __name__ == "__main__":
    main()
