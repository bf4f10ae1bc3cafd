"""The closed forms in 60-digit arithmetic, from the definitions: the judge of the accuracy grid."""

from __future__ import annotations

from typing import Any

import mpmath as mp
from _laws import Array, Pair

mp.mp.dps = 60


def _matrix(array: Array) -> Any:
    return mp.matrix(array.tolist())


def _trace(a: Any) -> Any:
    return mp.fsum(a[i, i] for i in range(a.rows))


def _log_det(lower: Any) -> Any:
    return 2 * mp.fsum(mp.log(lower[i, i]) for i in range(lower.rows))


def _quadratic(a: Any, x: Any) -> Any:
    return mp.fdot(x, mp.lu_solve(a, x))


def truths(pair: Pair) -> dict[str, Any]:
    """Return every quantity of the grid for one pair."""
    mean_p, a, mean_q, b = map(_matrix, pair)
    shift, middle = mean_p - mean_q, (a + b) / 2
    lower_a, lower_b, lower_middle = map(mp.cholesky, (a, b, middle))
    log_ratio = _log_det(lower_b) - _log_det(lower_a)
    kl = (_quadratic(b, shift) + _trace(mp.inverse(b) * a) + log_ratio - a.rows) / 2
    midpoint_log_ratio = _log_det(lower_middle) - (_log_det(lower_a) + _log_det(lower_b)) / 2
    bhattacharyya = midpoint_log_ratio / 2 + _quadratic(middle, shift) / 8
    # LᵀΣqL has the eigenvalues of Σp^½ Σq Σp^½.
    squares = mp.eigsy(lower_a.T * b * lower_a, eigvals_only=True)
    overlap = mp.fsum(mp.sqrt(square) for square in squares)
    return {
        "squared Wasserstein-2": mp.fdot(shift, shift) + _trace(a) + _trace(b) - 2 * overlap,
        "Kullback–Leibler": kl,
        "Bhattacharyya": bhattacharyya,
        "Hellinger": mp.sqrt(-mp.expm1(-bhattacharyya)),
    }


def relative_error(value: float, truth: Any) -> float:
    return float(abs(mp.mpf(value) - truth) / abs(truth))
