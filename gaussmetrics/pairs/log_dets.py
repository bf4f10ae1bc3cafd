"""Ratios of determinants, from which the size that both have in common has gone."""

from __future__ import annotations

import numpy as np

from gaussmetrics._array import linalg
from gaussmetrics._array.linalg import log_ratio
from gaussmetrics._array.types import Array, Scalars
from gaussmetrics.laws.dense import Dense
from gaussmetrics.laws.diagonal import Diagonal
from gaussmetrics.laws.low_rank import LowRank
from gaussmetrics.laws.structure import Structure


def log_det_ratio(p: Structure, q: Structure) -> Scalars:
    """Return log det Σp − log det Σq.

    Each is a sum of logarithms of squares, one for each variable, and of what latent factors add.
    """
    roots = [_roots(cov) for cov in (p, q)]
    if roots[0] is None or roots[1] is None:
        return p.log_det() - q.log_det()
    return 2.0 * log_ratio(roots[0], roots[1]).sum(axis=-1) + (_gain(p) - _gain(q))


def _roots(cov: Structure) -> Array | None:
    if isinstance(cov, Dense):
        return linalg.diagonal(cov.lower)
    if isinstance(cov, Diagonal) and not cov.singular:
        return cov.deviations
    return np.sqrt(cov.noise) if isinstance(cov, LowRank) else None


def _gain(cov: Structure) -> Scalars:
    return cov.log_gain() if isinstance(cov, LowRank) else np.float64(0.0)
