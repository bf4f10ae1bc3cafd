"""Two covariances after equal noise, and how far they are then apart."""

from __future__ import annotations

import numpy as np

from gaussmetrics._array import spectra
from gaussmetrics._array.types import Array
from gaussmetrics.laws.diagonal import Diagonal
from gaussmetrics.laws.structure import Structure
from gaussmetrics.pairs.combinations import midpoint, with_noise
from gaussmetrics.pairs.differences import whitened_difference


def smoothed_shape(
    p: Structure, q: Structure, variance: Array
) -> tuple[Structure, Array, Array, Array]:
    """Compare A = Σp + v I with B = Σq + v I.

    Returns C = (A + B)/2, log det A/v and log det B/v, their difference, which keeps its digits,
    and ½ log[det C / √(det A det B)]. Where the laws are alike all comes from the eigenvalues m of
    C⁻¹(Σp − Σq)/2, since A is C (1 + m) and B is C (1 − m).
    """
    a, b = with_noise(p, variance), with_noise(q, variance)
    middle = midpoint(a, b)
    logs = [cov.log_det() - cov.dim * np.log(variance) for cov in (a, b)]
    shape = np.array(0.5 * middle.log_det() - 0.25 * (a.log_det() + b.log_det()))
    change = np.array(logs[0] - logs[1])
    near = np.array(shape < 0.1)
    if near.any():
        chosen = (cov.broadcast_to(near.shape)[near] for cov in (p, q, middle))
        m = _relative_half_difference(*chosen)
        # Where rounding has hidden that the laws differ, the plain form stands.
        alike = (np.abs(m) < 0.9).all(axis=-1)
        near[near] = alike
        shape[near] = -0.25 * np.log1p(-(m[alike] ** 2)).sum(axis=-1)
        change[near] = 2.0 * np.arctanh(m[alike]).sum(axis=-1)
    return middle, np.stack(np.broadcast_arrays(*logs)), change, shape


def _relative_half_difference(p: Structure, q: Structure, middle: Structure) -> Array:
    if isinstance(p, Diagonal) and isinstance(q, Diagonal):
        return 0.5 * (p.variances() - q.variances()) / middle.variances()
    return 0.5 * spectra.eigvalsh(whitened_difference(p, q, middle))
