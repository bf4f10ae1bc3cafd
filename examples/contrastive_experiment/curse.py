"""The log-K curse: log K − InfoNCE with the best scores, beside the exact mutual information."""

from __future__ import annotations

import numpy as np

import gaussmetrics as gm


def joint(d, rho):
    """The law of (x, y) in 2d dimensions, every canonical correlation ρ."""
    return gm.Gaussian(np.zeros(2 * d), np.kron([[1.0, rho], [rho, 1.0]], np.eye(d)))


def best_scores(x, y, rho):
    """The log density ratio log p(y|x) / p(y) of all pairs, which no score can better."""
    squares = np.square(x).sum(axis=1)[:, None] + np.square(y).sum(axis=1)
    noise = 1 - rho**2
    return (rho * (x @ y.T) - 0.5 * rho**2 * squares) / noise - 0.5 * x.shape[1] * np.log(noise)


def rows(dimensions, correlations, counts, *, repeats, seed=0):
    """Yield the truth and the bound, averaged over repeated batches of K pairs."""
    rng = np.random.default_rng(seed)
    for d in dimensions:
        for rho in correlations:
            law = joint(d, rho)
            truth = gm.mutual_information(law, np.arange(d), np.arange(d, 2 * d))
            for count in counts:
                bounds = []
                for _ in range(repeats):
                    x, y = np.split(law.sample(count, rng), 2, axis=1)
                    bounds.append(gm.mutual_information_bound(best_scores(x, y, rho)))
                value, error, ceiling = np.mean(bounds, axis=0)
                yield {
                    "d": d,
                    "rho": rho,
                    "K": count,
                    "information": truth,
                    "bound": value,
                    "standard_error": error / np.sqrt(repeats),
                    "log_K": ceiling,
                }
