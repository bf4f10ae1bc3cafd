"""The one decision whether a covariance is singular, free of units and of the order of variables.

Σ is singular when the smallest eigenvalue of its correlation matrix R is at most `cutoff` of the
largest: below that lies the rounding of what was given. Small eigenvalues of Σ itself prove
nothing, for variables may have any units, and neither do pivots: of a singular matrix rounding may
leave no small one. So a triangular factor may acquit, by bounds that always hold, and the spectrum
of R decides the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from gaussmetrics._array import linalg, spectra, triangles
from gaussmetrics._array.types import Array, Mask, Scalars


class Spectrum(NamedTuple):
    """The eigenvalues λ of R, ascending, and V with R = V diag(λ) Vᵀ; σ, the deviations."""

    values: Array
    vectors: Array
    deviations: Array

    def factor(self, cutoff: float) -> Array:
        """Return F with Σ = F Fᵀ, from the eigenvalues that are not zero to rounding."""
        kept = self.values > cutoff * self.values[..., -1:]
        roots = np.sqrt(np.where(kept, self.values, 0.0))
        return self.deviations[..., None] * self.vectors * roots[..., None, :]


def spectrum(matrix: Array) -> Spectrum:
    """Return the eigenvalues and eigenvectors of R."""
    deviations = np.sqrt(np.maximum(linalg.diagonal(matrix), 0.0))
    return Spectrum(*np.linalg.eigh(correlations(matrix)), deviations)


def correlations(matrix: Array) -> Array:
    """Return R; a variable that does not vary keeps its row of zeros."""
    scale = inverse_or_zero(np.sqrt(np.maximum(linalg.diagonal(matrix), 0.0)))
    return scale[..., :, None] * matrix * scale[..., None, :]


def inverse_or_zero(deviations: Array) -> Array:
    """Return 1/σ, and zero for what does not vary by any number of full precision."""
    varies = deviations >= np.finfo(np.float64).tiny
    return np.where(varies, 1.0 / np.where(varies, deviations, 1.0), 0.0)


def some_matrix_singular(matrix: Array, lower: Array, cutoff: float) -> bool:
    """Tell whether any Σ = L Lᵀ is singular, or not finite."""
    variances = linalg.diagonal(matrix)
    with np.errstate(invalid="ignore"):
        shares = np.square(linalg.diagonal(lower)) / variances
    doubtful = _doubtful(lower, shares, lambda k: np.sqrt(variances[k]), cutoff)
    if doubtful is None:
        return False
    # What is infinite in a row of Σ has made the diagonal of L infinite or NaN there.
    if not np.isfinite(shares).all():
        return True
    values = spectra.eigvalsh(correlations(matrix[doubtful]))
    return bool((values[..., 0] <= cutoff * values[..., -1]).any())


def some_factor_singular(columns: Array, lower: Array, cutoff: float) -> bool:
    """Tell whether any Σ = F Fᵀ = L Lᵀ is: a factor knows the roots of the eigenvalues of R."""
    deviations = np.asarray(linalg.norm(columns))
    shares = np.square(linalg.diagonal(lower) * inverse_or_zero(deviations))
    doubtful = _doubtful(lower, shares, deviations.__getitem__, cutoff * cutoff)
    if doubtful is None:
        return False
    rows = columns[doubtful] * inverse_or_zero(deviations[doubtful])[..., None]
    values = np.linalg.svd(rows, compute_uv=False)
    return bool((values[..., -1] <= cutoff * values[..., 0]).any())


def _doubtful(
    lower: Array, shares: Array, deviations: Callable[[Mask], Array], cutoff: float
) -> Mask | None:
    """Tell where L does not prove λ_min(R) > 2 cutoff λ_max(R); R may be regular there, too.

    By the means of its eigenvalues, λ_min(R) ≥ det R ((d − 1)/d)^(d−1), and det R is the product of
    the `shares` of the variances that variables before do not explain; also λ_min(R) ≥ 1/tr R⁻¹,
    which is first bounded from above and then computed.
    """
    d = lower.shape[-1]
    # λ_max(R) ≤ d; the factor two leaves room for the rounding of L.
    floor = 2.0 * d * cutoff
    proved = np.asarray(shares.prod(axis=-1) > np.e * floor)
    for trace in (_bound_by_entries if d <= 32 else _bound_by_halves, _inverse_trace):
        if proved.all():
            return None
        rest = ~proved & (shares > 0).all(axis=-1)
        with np.errstate(over="ignore"):
            proved[rest] = trace(lower[rest], deviations(rest)) * floor < 1.0
    return None if proved.all() else ~proved


def _inverse_trace(lower: Array, deviations: Array) -> Scalars:
    """Return tr R⁻¹ = ‖L⁻¹ diag(σ)‖²."""
    inverse = triangles.invert_lower(lower)
    inverse *= deviations[..., None, :]
    return linalg.sum_of_squares(inverse, 2)


def _bound_by_entries(lower: Array, deviations: Array) -> Scalars:
    """Return a bound on tr R⁻¹ in O(d²): no row of |L⁻¹| diag(σ) sums to more than z.

    Higham, Accuracy and Stability of Numerical Algorithms (2002), theorem 8.12,
    doi:10.1137/1.9780898718027.
    """
    z = np.empty_like(deviations)
    for i in range(lower.shape[-1]):
        before = np.einsum("...j,...j->...", np.abs(lower[..., i, :i]), z[..., :i])
        z[..., i] = (deviations[..., i] + before) / lower[..., i, i]
    return linalg.sum_of_squares(z, 1)


def _bound_by_halves(lower: Array, deviations: Array) -> Scalars:
    """Return a bound on tr R⁻¹ from the inverses of two halves of L, for a quarter of the cost.

    With A, B and C the blocks of diag(1/σ) L, its inverse is made of A⁻¹, −C⁻¹ B A⁻¹ and C⁻¹.
    """
    half = lower.shape[-1] // 2
    halves = slice(None, half), slice(half, None)
    first, last = (_inverse_trace(lower[..., s, s], deviations[..., s]) for s in halves)
    below = lower[..., half:, :half] / deviations[..., half:, None]
    return first + last + first * linalg.sum_of_squares(below, 2) * last
