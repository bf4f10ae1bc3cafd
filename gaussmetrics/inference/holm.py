"""Many p-values at once: Holm's adjustment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Return p-values such that the chance of any false one below α is at most α.

    The smallest of k is multiplied by k, the next by k − 1 and so on, and none falls below one
    before it.

    References
    ----------
    Holm 1979, https://www.jstor.org/stable/4615733.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    result = np.empty_like(p)
    result[order] = np.minimum(steps, 1.0)
    return [float(value) for value in result]
