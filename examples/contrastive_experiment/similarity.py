"""Is a classifier of |u − v| and u·v, in closed form, better than cosine similarity?

Half of the pairs judged are true, half are false: partners drawn at random, or near misses. The
classifier sees true pairs and false ones of its own rows, and is judged on other rows.
"""

from __future__ import annotations

import numpy as np
from sklearn.metrics import roc_auc_score

import gaussmetrics as gm


def cosine(u, v):
    lengths = np.linalg.norm(u, axis=1) * np.linalg.norm(v, axis=1)
    return ((u * v).sum(axis=1) / lengths)[:, None]


FEATURES = {
    "cosine": cosine,
    "|u − v|": lambda u, v: np.abs(u - v),
    "u·v by entries": lambda u, v: u * v,
    "|u − v|, u·v": lambda u, v: np.hstack([np.abs(u - v), u * v]),
    "|u − v|, u·v, cosine": lambda u, v: np.hstack([np.abs(u - v), u * v, cosine(u, v)]),
}


def examples(pairs, rows, kind, rng):
    """Return u, v and whether the two are one thing."""
    wrong = pairs.near[rows] if kind == "near" else rng.permutation(len(pairs.v))[: len(rows)]
    u, v = pairs.u[rows], pairs.v
    return np.vstack([u, u]), np.vstack([v[rows], v[wrong]]), np.repeat([1, 0], len(rows))


def rows(pairs, *, train_rows, seeds):
    """Yield accuracy and area under the curve of each set of features, on rows not trained on."""
    for kind in ("random", "near"):
        for count in train_rows:
            for name, features in FEATURES.items():
                scores = []
                for seed in range(seeds):
                    rng = np.random.default_rng(seed)
                    order = rng.permutation(len(pairs.u))
                    u, v, y = examples(pairs, order[:count], kind, rng)
                    model = gm.AnalyticLogisticRegression().fit(features(u, v), y)
                    u, v, y = examples(pairs, order[count:], kind, rng)
                    p = model.predict_proba(features(u, v))[:, 1]
                    accuracy = 100 * np.mean((p > 0.5) == y)
                    scores.append((accuracy, 100 * roc_auc_score(y, p)))
                accuracy, area = np.transpose(scores)
                yield {
                    "false_pairs": kind,
                    "rows": count,
                    "features": name,
                    "accuracy": accuracy.mean(),
                    "accuracy_error": accuracy.std(ddof=1) / np.sqrt(seeds),
                    "auc": area.mean(),
                    "auc_error": area.std(ddof=1) / np.sqrt(seeds),
                }
