"""What depends on the structures of two covariances at once, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np

from gaussmetrics import _linalg
from gaussmetrics._typing import Array, Scalars
from gaussmetrics.covariance import Covariance, Dense

_NEWTON_STEPS = 20


def midpoint(p: Covariance, q: Covariance) -> Covariance:
    """Return the covariance (Σp + Σq) / 2."""
    matrix = 0.5 * p.dense() + 0.5 * q.dense()
    return Dense(matrix, _linalg.cholesky(matrix))


def relative_trace(p: Covariance, q: Covariance) -> Scalars:
    """Return tr(Σq⁻¹ Σp)."""
    return _linalg.sum_of_squares(_as_dense(q).whiten_matrix(p.factor()), 2)


def kl_shape(p: Covariance, q: Covariance) -> Scalars:
    """Return ½ Σ [e − log(1 + e)] over the eigenvalues e of Σq⁻¹Σp − I: KL for equal means.

    Where it is below 1, the trace, the log-determinant and d nearly cancel, and the eigenvalues
    come from the difference of the covariances instead.
    """
    ratio = _as_dense(q).whiten_matrix(_as_dense(p).lower)
    pivots = _linalg.diagonal(ratio)
    value = 0.5 * (_linalg.sum_of_squares(ratio, 2) - p.dim) - np.log(pivots).sum(axis=-1)
    return _replace(value, value < 1.0, _kl_from_difference, p, q)


def _kl_from_difference(p: Dense, q: Dense) -> Array:
    difference = p.dense() - q.dense()
    return 0.5 * _linalg.x_minus_log1p(_whitened_spectrum(difference, q)).sum(axis=-1)


def bhattacharyya_shape(p: Covariance, q: Covariance, middle: Covariance) -> Scalars:
    """Return ½ log[det Σ / √(det Σp det Σq)] with Σ = (Σp + Σq)/2, the midpoint."""
    a, b, c = (_linalg.diagonal(_as_dense(cov).lower) for cov in (p, q, middle))
    value = 0.5 * np.log((c / a) * (c / b)).sum(axis=-1)
    return _replace(value, value < 1.0, _bhattacharyya_from_difference, p, q, middle)


def _bhattacharyya_from_difference(p: Dense, q: Dense, middle: Dense) -> Array:
    half_difference = 0.5 * (p.dense() - q.dense())
    m = _whitened_spectrum(half_difference, middle)
    return -0.25 * np.log1p(-m * m).sum(axis=-1)


def _whitened_spectrum(symmetric: Array, cov: Dense) -> Array:
    """Return the eigenvalues of L⁻¹ S L⁻ᵀ."""
    half = _linalg.transpose(cov.whiten_matrix(symmetric))
    whitened = _linalg.symmetric_part(cov.whiten_matrix(half))
    return np.asarray(np.linalg.eigvalsh(whitened), dtype=np.float64)


def bures(p: Covariance, q: Covariance) -> Scalars:
    """Return tr Σp + tr Σq − 2 tr (Σp^½ Σq Σp^½)^½: squared Wasserstein-2 for equal means.

    Where it is below a tenth of the traces, they nearly cancel, and the optimal map is refined
    from the difference of the covariances instead.
    """
    traces = p.trace() + q.trace()
    overlap = _linalg.transpose(q.factor()) @ p.factor()
    value = traces - 2.0 * _linalg.nuclear_norm(overlap)
    return _replace(value, value < 0.1 * traces, _bures_from_difference, p, q)


def _bures_from_difference(p: Dense, q: Dense) -> Array:
    """Return ‖Y L‖² with Σp = L Lᵀ and I + Y the optimal map: Y Σp + Σp Y + Y Σp Y = Σq − Σp.

    Newton's method, started from the map that the singular value decomposition gives. The residual
    is the difference of nearly equal matrices, so its products are formed without cancellation.
    """
    # A power of four leaves every digit alone, in the matrices as in their factors.
    scale = np.exp2(2 * (np.frexp(p.trace())[1] // 2))[..., None, None]
    sigma, difference = p.dense() / scale, (q.dense() - p.dense()) / scale
    left, right = p.lower / np.sqrt(scale), q.lower / np.sqrt(scale)
    u, s, vt = np.linalg.svd(_linalg.transpose(right) @ left)
    basis, dual = left @ _linalg.transpose(vt), _linalg.transpose(vt @ _linalg.invert_lower(left))
    y = _linalg.symmetric_part((dual * s[..., None, :]) @ _linalg.transpose(dual)) - np.eye(p.dim)
    for _ in range(_NEWTON_STEPS):
        product = _linalg.accurate_matmul(sigma, y)
        residual = difference - (product + _linalg.transpose(product) + y @ product)
        half_step = dual @ (
            (_linalg.transpose(basis) @ residual @ basis) / (s[..., :, None] + s[..., None, :])
        )
        y = y + _linalg.symmetric_part(half_step @ _linalg.transpose(dual))
        value = np.einsum("...ij,...ij->...", y, _linalg.accurate_matmul(sigma, y))
        converged = _linalg.sum_of_squares(half_step, 2) <= 1e-20 * np.abs(value)
        if converged.all():
            break
    procrustes = _linalg.sum_of_squares(left - right @ (u @ vt), 2)
    value = np.where(converged, value, procrustes) * scale[..., 0, 0]
    return np.where(difference.any(axis=(-2, -1)), value, 0.0)


def _replace(
    value: Scalars,
    cancels: Any,
    accurate: Callable[..., Array],
    *covariances: Covariance,
) -> Scalars:
    """Compute anew, by the accurate formula, the entries of `value` that lose their digits."""
    if not np.any(cancels):
        return value
    result = np.array(value)
    selected = (cov.broadcast_to(result.shape)[cancels] for cov in covariances)
    result[cancels] = accurate(*selected)
    return result[()]


def _as_dense(cov: Covariance) -> Dense:
    return cast(Dense, cov)
