"""Sums of up to three singular values, from what is symmetric in them and needs no eigenvalue.

With e₁ = Σ sᵢ, e₂ = Σ sᵢsⱼ and e₃ = s₁s₂s₃ there hold e₁² = ‖M‖² + 2 e₂ and e₂² = ‖∧²M‖² + 2 e₁e₃,
where the entries of ∧²M are the minors of two rows and two columns, and e₃ = |det M|.
"""

from __future__ import annotations

import numpy as np

from gaussmetrics._array.types import Array

_STEPS = 17
"""Each takes a ninth of the error or less, which at first is √3 − 1 of the sum."""


def singular_value_sums(matrix: Array) -> Array:
    """Return Σ sᵢ for a batch of square matrices (n, d, d), d at most 3, to rounding of s₁."""
    m = np.array(matrix.transpose(2, 1, 0), order="C")  # columns, their entries, the batch
    scale = np.abs(m).max(axis=(0, 1))
    scale[scale == 0] = 1.0
    m /= scale
    squares = np.einsum("jin,jin->n", m, m)
    if len(m) == 1:
        return np.abs(m[0, 0]) * scale
    r = _triangles(m)
    if len(m) == 2:
        return np.sqrt(squares + 2.0 * r[0, 0] * r[1, 1]) * scale
    minors = _squared_minors(r)
    twice_det = 2.0 * r[0, 0] * r[1, 1] * r[2, 2]
    total = np.sqrt(3.0 * squares)
    for _ in range(_STEPS):
        total = np.sqrt(squares + 2.0 * np.sqrt(minors + twice_det * total))
    return total * scale


def _triangles(columns: Array) -> Array:
    """Return R of Q R = M, by Gram and Schmidt; its determinant is that of a matrix beside M."""
    d, _, n = columns.shape
    r = np.zeros((d, d, n))
    for k in range(d):
        square = np.einsum("in,in->n", columns[k], columns[k])
        r[k, k] = np.sqrt(square)
        inverse = np.divide(1.0, square, out=np.zeros(n), where=square > 0)
        for j in range(k + 1, d):
            along = np.einsum("in,in->n", columns[k], columns[j])
            r[k, j] = along * inverse * r[k, k]
            columns[j] -= (along * inverse) * columns[k]
    return r


def _squared_minors(r: Array) -> Array:
    """Return ‖∧²R‖² for upper triangular R (3, 3, n)."""
    (a, b, c), (_, d, e), (_, _, f) = r
    minors = (a * d, a * e, b * e - c * d, a * f, b * f, d * f)
    return np.asarray(sum(minor**2 for minor in minors))
