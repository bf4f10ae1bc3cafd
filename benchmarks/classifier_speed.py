"""Time of one fit: the closed form beside scikit-learn's linear classifiers and a bare product XᵀX.

    OMP_NUM_THREADS=1 python benchmarks/classifier_speed.py [repeats]

All candidates fit the same rows in the same process, in turn, again and again; the table gives
medians, and each as a multiple of the bare symmetric product X.T @ X, which no method that looks
at all covariances can beat. Before anything is timed, the plain closed form must predict what
scikit-learn's linear discriminant analysis predicts.
"""

from __future__ import annotations

import sys
import time
import warnings

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, RidgeClassifier

from gaussmetrics.softmax.classifier import AnalyticLogisticRegression

SHAPES = ((50_000, 384, 15, 0.12), (12_000, 768, 119, 0.12))
"""Rows, columns, classes, and the distance of the class means in standard deviations a column."""

PRODUCT, PLAIN, DEFAULT = "X.T @ X", "closed form, plain", "closed form, default"
LDA, LOGISTIC = "LDA (svd)", "LogisticRegression"

BARS = (
    (PLAIN, PRODUCT, 2.0),
    (PLAIN, LDA, 1 / 5),
    (PLAIN, LOGISTIC, 1 / 3),
    (DEFAULT, LOGISTIC, 1.0),
)
"""First candidate, second candidate, and the largest ratio of their times that will do."""


class Product:
    """The symmetric product that every method based on covariances needs."""

    def fit(self, X, _):
        return X.T @ X


CANDIDATES = {
    PRODUCT: Product(),
    PLAIN: AnalyticLogisticRegression(shrinkage=0.0, temperature=1.0),
    DEFAULT: AnalyticLogisticRegression(),
    LDA: LinearDiscriminantAnalysis(),
    "LDA (lsqr)": LinearDiscriminantAnalysis(solver="lsqr"),
    "RidgeClassifier": RidgeClassifier(),
    LOGISTIC: LogisticRegression(),
}


def samples(n, d, classes, distance, seed=0):
    """Classes that overlap, as sentence vectors do, in columns of falling variance."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, n)
    centres = distance * rng.standard_normal((classes, d))
    return (centres[y] + rng.standard_normal((n, d))) * np.arange(1, d + 1) ** -0.35, y


def check_agreement(X, y):
    """Refuse to time a formula that gives other answers; return the accuracy on the rows."""
    ours, lda = CANDIDATES[PLAIN].fit(X, y), CANDIDATES[LDA].fit(X, y)
    same = np.mean(ours.predict(X) == lda.predict(X))
    if same < 0.9999:
        raise SystemExit(f"closed form and LDA predict the same label for {same:.4%} of the rows")
    return ours.score(X, y)


def median_times(X, y, repeats):
    """Time every candidate once in each round, so that a slow spell of the machine hits all."""
    times = {name: [] for name in CANDIDATES}
    for _ in range(repeats):
        for name, candidate in CANDIDATES.items():
            start = time.perf_counter()
            candidate.fit(X, y)
            times[name].append(time.perf_counter() - start)
    return {name: float(np.median(values)) for name, values in times.items()}


def report(shape, accuracy, times):
    n, d, classes, _ = shape
    print(f"\n{n} x {d}, {classes} classes (accuracy on these rows {accuracy:.3f})\n")
    print("| fit | seconds | multiple of X.T @ X |\n|---|---|---|")
    for name, seconds in times.items():
        print(f"| {name} | {seconds:.3f} | {seconds / times[PRODUCT]:.1f} |")
    print()
    for first, second, bar in BARS:
        ratio = times[first] / times[second]
        verdict = "reached" if ratio <= bar else "MISSED"
        print(f"{first} / {second}: {ratio:.2f} (bar {bar:.2f}): {verdict}")


def main():
    warnings.simplefilter("ignore", ConvergenceWarning)
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    for shape in SHAPES:
        X, y = samples(*shape)
        accuracy = check_agreement(X, y)
        report(shape, accuracy, median_times(X, y, repeats))


if __name__ == "__main__":
    main()
