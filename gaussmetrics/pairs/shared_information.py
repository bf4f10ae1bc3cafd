"""What two groups of coordinates of one law know of each other."""

from __future__ import annotations

import numpy as np

from gaussmetrics._array.linalg import transpose
from gaussmetrics._array.types import Array, Index, Scalars
from gaussmetrics.laws.diagonal import Diagonal
from gaussmetrics.laws.low_rank import LowRank
from gaussmetrics.laws.structure import Structure
from gaussmetrics.pairs.combinations import as_regular
from gaussmetrics.pairs.supports import groups


def shared_information(cov: Structure, x: Index, y: Index) -> Scalars:
    """Return −½ Σ log(1 − ρ²) over the canonical correlations ρ of the coordinates x and y.

    Infinite where a direction of y is a function of x: where their joint law has fewer dimensions
    than both have together.
    """
    if isinstance(cov, Diagonal):
        return np.zeros(cov.batch_shape)[()]
    if not cov.singular:
        return _of_densities(cov, x, y)
    a, b, both = (cov.marginal(index) for index in (x, y, np.concatenate([x, y])))
    result = np.full(cov.batch_shape, np.inf)
    free = np.equal(both.rank(), np.add(a.rank(), b.rank()))
    determining = np.concatenate([a.independent(), b.independent()], axis=-1)
    for at, chosen in groups(np.asarray(free), determining):
        known, told = np.arange(chosen[: len(x)].sum()), np.arange(chosen[len(x) :].sum())
        varies = len(known) and len(told)
        joint = both[at].marginal(np.flatnonzero(chosen)) if varies else both
        told = told + len(known)
        result[at] = _of_densities(as_regular(joint), known, told) if varies else 0.0
    return result[()]


def _of_densities(cov: Structure, x: Index, y: Index) -> Scalars:
    a, b = cov.marginal(x), cov.marginal(y)
    _, residual = cov.regress(y, x)
    value = 0.5 * (np.asarray(b.log_det()) - residual.log_det())
    whitened = b.whiten_columns(transpose(a.whiten_columns(_cross_covariance(cov, x, y))))
    correlations = np.linalg.svd(whitened, compute_uv=False)
    # Beyond ρ = ½ the determinants are right and 1 − ρ² is not; before it, the other way round.
    near = correlations.max(axis=-1) < 0.5
    terms = -0.5 * np.log1p(-(np.where(near[..., None], correlations, 0.0) ** 2))
    return np.where(near, terms.sum(axis=-1), value)[()]


def _cross_covariance(cov: Structure, x: Index, y: Index) -> Array:
    if isinstance(cov, LowRank):
        return cov.columns[..., x, :] @ transpose(cov.columns[..., y, :])
    return cov.dense()[..., x[:, None], y]
