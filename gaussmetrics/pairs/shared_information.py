"""What two groups of coordinates of one law know of each other."""

from __future__ import annotations

import numpy as np

from gaussmetrics._array.linalg import transpose
from gaussmetrics._array.types import Array, Index, Scalars
from gaussmetrics.laws.diagonal import Diagonal
from gaussmetrics.laws.low_rank import LowRank
from gaussmetrics.laws.singular import Singular
from gaussmetrics.laws.structure import Structure


def shared_information(cov: Structure, x: Index, y: Index) -> Scalars:
    """Return −½ Σ log(1 − ρ²) over the canonical correlations ρ of the coordinates x and y."""
    if isinstance(cov, Diagonal):
        return np.zeros(cov.batch_shape)[()]
    a, b = cov.marginal(x), cov.marginal(y)
    _, residual = cov.regress(y, x)
    value = 0.5 * (np.asarray(b.log_det()) - residual.log_det())
    value = np.where(np.equal(residual.rank(), b.rank()), value, np.inf)
    whitened = b.whiten_columns(transpose(a.whiten_columns(_cross_covariance(cov, x, y))))
    correlations = np.linalg.svd(whitened, compute_uv=False)
    # Beyond ρ = ½ the determinants are right and 1 − ρ² is not; before it, the other way round.
    near = correlations.max(axis=-1) < 0.5
    terms = -0.5 * np.log1p(-(np.where(near[..., None], correlations, 0.0) ** 2))
    return np.where(near, terms.sum(axis=-1), value)[()]


def _cross_covariance(cov: Structure, x: Index, y: Index) -> Array:
    if isinstance(cov, (LowRank, Singular)):
        return cov.columns[..., x, :] @ transpose(cov.columns[..., y, :])
    return cov.dense()[..., x[:, None], y]
