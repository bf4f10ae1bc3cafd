"""Does the float error of InfoNCE hurt at small batch, and does FlatNCE mend it?

A linear encoder is trained on pairs by stochastic gradient descent or Adam, in one precision
throughout. Only the gradient in the scores differs:

    usual    P − 1 by softmax, as automatic differentiation of logsumexp(s) − s₊ gives it
    log1p    (1 − p₊)(q, −1), InfoNCE's gradient with all its digits
    flat     (q, −1), FlatNCE

Judged on held-out pairs by how often the partner is the nearest of all.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

OUT, DECAY = 64, (0.9, 0.999)


class Setting(NamedTuple):
    batch: int
    temperature: float
    optimiser: str
    steps: int


def usual(s):
    p = np.exp(s - s.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    return p - np.eye(len(s), dtype=s.dtype)


def negatives(s):
    """Return log ξ and q."""
    s = s - np.diag(s)[:, None]
    np.fill_diagonal(s, -np.inf)
    top = s.max(axis=1, keepdims=True)
    q = np.exp(s - top)
    total = q.sum(axis=1, keepdims=True)
    return top + np.log(total), q / total


def flat(s):
    return negatives(s)[1] - np.eye(len(s), dtype=s.dtype)


def log1p(s):
    log_xi, q = negatives(s)
    share = 1 / (1 + np.exp(-np.maximum(log_xi, -85)))
    return share * (q - np.eye(len(s), dtype=s.dtype))


GRADIENTS = {"usual": usual, "log1p": log1p, "flat": flat}


def encoded(x, weights):
    h = x @ weights
    lengths = np.linalg.norm(h, axis=1, keepdims=True)
    return h / lengths, lengths


def through_length(slope, unit, lengths):
    return (slope - (slope * unit).sum(axis=1, keepdims=True) * unit) / lengths


class Adam:
    """Kingma & Ba 2015, arXiv:1412.6980."""

    def __init__(self, weights):
        self.mean, self.square, self.count = np.zeros_like(weights), np.zeros_like(weights), 0

    def step(self, slope):
        self.count += 1
        self.mean += (1 - DECAY[0]) * (slope - self.mean)
        self.square += (1 - DECAY[1]) * (slope**2 - self.square)
        mean = self.mean / (1 - DECAY[0] ** self.count)
        return mean / (np.sqrt(self.square / (1 - DECAY[1] ** self.count)) + 1e-8)


class Plain:
    def __init__(self, weights):
        del weights

    def step(self, slope):
        return slope


OPTIMISERS = {"SGD": Plain, "Adam": Adam}


def train(pairs, rows, setting, name, dtype, *, rate, seed):
    """Return the trained weights and the share of losses that are 0 in the usual form."""
    rng = np.random.default_rng(seed)
    u, v = (side[rows].astype(dtype) for side in (pairs.u, pairs.v))
    weights = (rng.standard_normal((u.shape[1], OUT)) / np.sqrt(OUT)).astype(dtype)
    optimiser = OPTIMISERS[setting.optimiser](weights)
    temperature, zeros = dtype(setting.temperature), 0
    for _ in range(setting.steps):
        chosen = rng.choice(len(u), setting.batch, replace=False)
        (a, a_lengths), (b, b_lengths) = (encoded(x[chosen], weights) for x in (u, v))
        scores = a @ b.T / temperature
        zeros += np.count_nonzero(loss(scores) == 0)
        gap = GRADIENTS[name](scores) / dtype(setting.batch) / temperature
        slope = u[chosen].T @ through_length(gap @ b, a, a_lengths)
        slope += v[chosen].T @ through_length(gap.T @ a, b, b_lengths)
        weights -= dtype(rate) * optimiser.step(slope)
    return weights, zeros / (setting.batch * setting.steps)


def loss(scores):
    """The usual form, logsumexp(s) − s₊."""
    top = scores.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(scores - top).sum(axis=1)) + top[:, 0]
    return log_sum - np.diag(scores)


def recall(pairs, rows, weights):
    """Return how often the partner is the nearest, in per cent."""
    a, b = (encoded(side[rows].astype(float), weights.astype(float))[0] for side in pairs[1:3])
    return 100 * np.mean((a @ b.T).argmax(axis=1) == np.arange(len(rows)))


RATES = {"SGD": (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0), "Adam": (3e-4, 1e-3, 3e-3, 1e-2)}
RUNS = (("usual", np.float32), ("usual", np.float64), ("log1p", np.float32), ("flat", np.float32),
        ("flat", np.float64))  # fmt: skip


def compare(pairs, setting, *, seeds, train_rows, rates=None):
    """Yield each run's recall on test rows at the rate that is best on validation rows."""
    order = np.random.default_rng(1).permutation(len(pairs.u))
    training, rest = order[:train_rows], order[train_rows:]
    validation, test = np.array_split(rest, [len(rest) // 3])
    for name, dtype in RUNS:
        scored = []
        for rate in rates or RATES[setting.optimiser]:
            results = []
            for seed in range(seeds):
                weights, zeros = train(pairs, training, setting, name, dtype, rate=rate, seed=seed)
                results.append(
                    (recall(pairs, validation, weights), recall(pairs, test, weights), zeros)
                )
            scored.append((np.mean([r[0] for r in results]), rate, results))
        _, rate, results = max(scored)
        _, tested, zeros = np.transpose(results)
        yield {
            "batch": setting.batch,
            "temperature": setting.temperature,
            "optimiser": setting.optimiser,
            "loss": name,
            "precision": np.dtype(dtype).name,
            "rate": rate,
            "recall": tested.mean(),
            "recall_error": tested.std(ddof=1) / np.sqrt(seeds) if seeds > 1 else float("nan"),
            "losses_that_are_0": 100 * zeros.mean(),
        }


def drifts(pairs, settings_and_rates, *, train_rows):
    """Yield how far training in float32 ends from the same training in float64, of InfoNCE."""
    training = np.random.default_rng(1).permutation(len(pairs.u))[:train_rows]
    for setting, rate in settings_and_rates:
        ends = [
            train(pairs, training, setting, name, dtype, rate=rate, seed=0)[0]
            for name, dtype in RUNS[:3]
        ]
        truth = np.linalg.norm(ends[1])
        yield {
            "batch": setting.batch,
            "temperature": setting.temperature,
            "optimiser": setting.optimiser,
            "usual_float32": np.linalg.norm(ends[0] - ends[1]) / truth,
            "log1p_float32": np.linalg.norm(ends[2] - ends[1]) / truth,
        }
