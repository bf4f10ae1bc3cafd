"""How far to shrink a sample covariance S towards (tr S/d) I, from a few numbers of the sample.

`size` is tr S²/τ² with τ = tr S/d and S divided by the count, `fourth` the sum of ‖x − m‖⁴/τ².
"""

from __future__ import annotations

import numpy as np

from gaussmetrics._array.linalg import sum_of_squares
from gaussmetrics._array.types import Array, Scalars


def relative_size(scatter: Array, dim: int) -> Scalars:
    """Return `size` from the scatter or, what is the same, from the Gram matrix of the rows."""
    unit = np.asarray(np.trace(scatter, axis1=-2, axis2=-1)) / dim
    return sum_of_squares(scatter / unit[..., None, None], 2)


def oas(count: Scalars, dim: int, size: Scalars) -> Scalars:
    """Return the oracle approximating shrinkage, in the form scikit-learn has it.

    References
    ----------
    Chen, Wiesel, Eldar & Hero 2010, doi:10.1109/TSP.2010.2053029, eq. 23.
    """
    excess = (count + 1.0) * (size - dim)
    return np.where(excess > size + dim**2, (size + dim**2) / np.maximum(excess, 1e-300), 1.0)[()]


def ledoit_wolf(count: Scalars, dim: int, size: Scalars, fourth: Scalars) -> Scalars:
    """Return the Ledoit–Wolf shrinkage.

    References
    ----------
    Ledoit & Wolf 2004, doi:10.1016/S0047-259X(03)00096-4.
    """
    noise, spread = np.maximum(fourth / count - size, 0.0) / count, size - dim
    return np.where(spread > noise, noise / np.maximum(spread, 1e-300), 1.0)[()]
