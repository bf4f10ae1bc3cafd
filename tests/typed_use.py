"""What users write and type checkers must accept; mypy reads this file, and so does a test."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import gaussmetrics as gm
from gaussmetrics.testing import assert_laws_close

p = gm.Gaussian([0.0], [[1.0]])
batch = gm.Gaussian(np.zeros((3, 1)), [[1.0]])

number: float = gm.kl_divergence(p, p)
as_number: float = float(gm.wasserstein_distance(p, p))
shown: str = f"{gm.hellinger_distance(p, p):.3f}"
small: bool = bool(gm.kl_divergence(p, p) < 1e-3)
values: NDArray[np.float64] = gm.kl_divergence(batch, p)
first: float = gm.kl_divergence(batch, p)[0]
table: NDArray[np.float64] = gm.pairwise(gm.kl_divergence, batch)
mean: NDArray[np.float64] = p.mean
estimate: gm.Estimate = gm.estimate(gm.kl_divergence, np.eye(30), np.eye(30)[::-1], shrinkage=0.5)
assert_laws_close(p, p, gm.kl_divergence, 0.0)
