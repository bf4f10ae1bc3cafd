"""Two covariances after equal noise, and how far they are then apart."""

from __future__ import annotations

import numpy as np

from gaussmetrics._array import linalg, spectra
from gaussmetrics._array.types import Array
from gaussmetrics.laws.diagonal import Diagonal
from gaussmetrics.laws.structure import Structure
from gaussmetrics.pairs.combinations import midpoint, with_noise
from gaussmetrics.pairs.differences import whitened_difference
from gaussmetrics.pairs.log_dets import log_det_ratio


def smoothed_shape(
    p: Structure, q: Structure, deviation: Array
) -> tuple[Structure, Array, Array, Array]:
    """Compare A = Σp + v I with B = Σq + v I for v = s².

    Returns C = (A + B)/2, log det A/v and log det B/v, their difference, which keeps its digits,
    and the root of ½ log[det C / √(det A det B)]. Where the laws are alike all comes from the
    eigenvalues m of C⁻¹(Σp − Σq)/2, since A is C (1 + m) and B is C (1 − m).
    """
    variance = deviation * deviation
    a, b = with_noise(p, variance), with_noise(q, variance)
    middle = midpoint(a, b)
    noise = Diagonal(np.repeat(variance[..., None], p.dim, axis=-1))
    first, change = log_det_ratio(a, noise), np.array(log_det_ratio(a, b))
    logs = [first, first - change]
    shape = np.array(0.5 * log_det_ratio(middle, b) - 0.25 * change)
    near, root = np.array(shape < 0.1), np.array(np.sqrt(np.maximum(shape, 0.0)))
    if near.any():
        chosen = (cov.broadcast_to(near.shape)[near] for cov in (p, q, middle))
        m = _relative_half_difference(*chosen)
        # Where rounding has hidden that the laws differ, the plain form stands.
        alike = (np.abs(m) < 0.9).all(axis=-1)
        near[near] = alike
        root[near] = 0.5 * linalg.norm(_root_of_log(m[alike]))
        change[near] = 2.0 * np.arctanh(m[alike]).sum(axis=-1)
    return middle, np.stack(np.broadcast_arrays(*logs)), change, root


def _root_of_log(m: Array) -> Array:
    """Return √(−log(1 − m²)), also where the square vanishes."""
    return np.where(np.abs(m) < 1e-8, np.abs(m), np.sqrt(-np.log1p(-m * m)))


def _relative_half_difference(p: Structure, q: Structure, middle: Structure) -> Array:
    if isinstance(p, Diagonal) and isinstance(q, Diagonal):
        return 0.5 * (p.variances() - q.variances()) / middle.variances()
    return 0.5 * spectra.eigvalsh(whitened_difference(p, q, middle))
