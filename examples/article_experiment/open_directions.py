"""The two directions that the article leaves open, measured on its kind of data.

    python open_directions.py --task reviews departments --sizes 1000 4000 --seeds 5

*Unequal covariances.* Give each class a covariance of its own, shrunk half-way to the pooled one;
the log-ratio of the normals is then quadratic in x, and the linear model that stands nearest to it,
by least squares over the training rows, is taken in its place.

*Kernels.* Take the class densities from a Gaussian kernel instead of a normal; turn the log-ratios
that a row gets from all other rows back into a linear model in the same way.

Both are given what the default has: the ridge of the least squares is of the size of the
shrinkage, and class calibration is fitted to scores of rows held out in five folds. What is
compared is therefore the direction and not the calibration. The README tells the result.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

import experiment
import numpy as np
import texts
from rich.progress import Progress
from sklearn.covariance import ledoit_wolf
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from gaussmetrics.softmax import log_softmax
from gaussmetrics.softmax.calibration import centred, fit_calibration
from gaussmetrics.softmax.classifier import AnalyticLogisticRegression
from gaussmetrics.softmax.temperature import Table

FOLDS, RIDGE = 5, 1e-2


def linear(X, scores):
    """Return the linear model nearest to scores (n, K) less their mean, by ridge regression."""
    mean = X.mean(axis=0)
    centred = X - mean
    gram = centred.T @ centred / len(X)
    gram += RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram))
    scores = scores - scores.mean(axis=1, keepdims=True)
    w = np.linalg.solve(gram, centred.T @ (scores - scores.mean(axis=0)) / len(X)).T
    return w, scores.mean(axis=0) - w @ mean


def unequal_covariances(X, y):
    """Return log-densities (n, K) of normals with a covariance each."""
    classes = range(y.max() + 1)
    residuals = X - np.array([X[y == k].mean(axis=0) for k in classes])[y]
    pooled, _ = ledoit_wolf(residuals, assume_centered=True)
    scores = np.empty((len(X), len(classes)))
    for k in classes:
        own = residuals[y == k]
        covariance = 0.5 * pooled + 0.5 * ledoit_wolf(own, assume_centered=True)[0]
        gaps = X - X[y == k].mean(axis=0)
        distances = np.einsum("ij,ij->i", gaps @ np.linalg.inv(covariance), gaps)
        log_volume = np.linalg.slogdet(covariance)[1]
        scores[:, k] = np.log(np.mean(y == k)) - 0.5 * (distances + log_volume)
    return scores


def kernel_log_ratios(X, y):
    """Return logarithms (n, K) of kernel densities, each row without itself."""
    squares = (X**2).sum(axis=1)
    distances = np.maximum(squares[:, None] + squares - 2.0 * X @ X.T, 0.0)
    np.fill_diagonal(distances, np.inf)
    bandwidth = np.median(distances.min(axis=1))
    weights = np.exp(-0.5 * (distances - distances.min(axis=1, keepdims=True)) / bandwidth)
    sums = weights @ np.eye(y.max() + 1)[y]
    return np.log(sums + 1e-6 * sums.sum(axis=1, keepdims=True))


DIRECTIONS = {"unequal covariances": unequal_covariances, "kernel log-ratios": kernel_log_ratios}


def calibrated(direction, X, y):
    """Fit a direction, and calibrate it by the scores of rows held out."""
    held_out = np.empty((len(y), y.max() + 1))
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(X, y):
        w, b = linear(X[train], direction(X[train], y[train]))
        held_out[test] = X[test] @ w.T + b
    n, k = held_out.shape
    scores = centred(Table(held_out.T.copy(), y, np.ones(n), n), 1.0, weight=n, units=n)
    calibration = fit_calibration(lambda question: question(scores), k, n)
    return calibration.coefficients(*linear(X, direction(X, y)))


def judged(log_p, y):
    return 100.0 * np.mean(log_p.argmax(axis=1) == y), -log_p[np.arange(len(y)), y].mean()


def results(rows):
    default = AnalyticLogisticRegression().fit(rows.X, rows.y)
    yield "default", judged(default.predict_log_proba(rows.X_test), rows.y_test)
    for name, direction in DIRECTIONS.items():
        w, b = calibrated(direction, rows.X, rows.y)
        yield name, judged(log_softmax(rows.X_test @ w.T + b), rows.y_test)


def main():
    line = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    line.add_argument("--task", nargs="+", choices=texts.TASKS, default=["reviews", "departments"])
    line.add_argument("--sizes", nargs="+", default=["1000", "4000"])
    line.add_argument("--seeds", type=int, default=5)
    line.add_argument("--cache-dir", type=Path, default=Path("article_experiment_cache"))
    options = line.parse_args()
    writer = csv.writer(sys.stdout)
    writer.writerow(["task", "rows", "direction", "accuracy", "log-loss", "Δ", "±", "Δ loss", "±"])
    with threadpool_limits(1):
        for task in options.task:
            with Progress(disable=True) as progress:
                data = texts.load(task, options.cache_dir, progress)
            for size in options.sizes:
                draws = [experiment.split(data, size, seed) for seed in range(options.seeds)]
                scores = [dict(results(rows)) for rows in draws]
                for name in scores[0]:
                    values = np.array([score[name] for score in scores])
                    gaps = values - [score["default"] for score in scores]
                    errors = gaps.std(axis=0, ddof=1) / np.sqrt(len(gaps))
                    means, differences = values.mean(axis=0), gaps.mean(axis=0)
                    cells = means[0], means[1], differences[0], errors[0], differences[1], errors[1]
                    writer.writerow([task, size, name, *(f"{cell:.3f}" for cell in cells)])
                sys.stdout.flush()


if __name__ == "__main__":
    main()
