"""The one decision whether a covariance is singular, free of units and of the order of variables.

Σ is singular when the smallest eigenvalue of its correlation matrix R is at most `cutoff` of the
largest: below that lies the rounding of what was given. Small eigenvalues of Σ itself prove
nothing, for variables may have any units, and neither do pivots: of a singular matrix rounding may
leave no small one. So a triangular factor may acquit, by bounds that always hold, and the spectrum
of R decides the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np

from gaussmetrics._array import linalg, spectra, triangles
from gaussmetrics._array.types import Array, Mask, Scalars

_Sizes: TypeAlias = tuple[Callable[[Mask], Array], Callable[[Mask], Scalars]]


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
    shares = np.square(linalg.diagonal(lower))
    with np.errstate(invalid="ignore"):
        shares /= variances  # in the layout of L
    sizes = lambda k: np.sqrt(variances[k]), lambda k: _row_sums(matrix, variances, k)
    doubtful = _doubtful(lower, shares, sizes, cutoff)
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
    sizes = lambda k: deviations[k], lambda _: np.float64(lower.shape[-1])
    doubtful = _doubtful(lower, shares, sizes, cutoff * cutoff)
    if doubtful is None:
        return False
    rows = columns[doubtful] * inverse_or_zero(deviations[doubtful])[..., None]
    values = np.linalg.svd(rows, compute_uv=False)
    return bool((values[..., -1] <= cutoff * values[..., 0]).any())


def _doubtful(lower: Array, shares: Array, sizes: _Sizes, cutoff: float) -> Mask | None:
    """Tell where L does not prove λ_min(R) > 2 cutoff λ_max(R); R may be regular there, too.

    λ_min(R) ≥ ¼ det R λ_max(R): the d numbers ½ λ_max, ½ λ_max and what lies between λ_max and
    λ_min sum to d at most, so their product is 1 at most (Guggenheimer, Edelman & Johnson, College
    Mathematics Journal 26, 1995, pp. 2–5); det R is the product of the `shares` of the variances
    that variables before do not explain. Also λ_min(R) ≥ 1/tr R⁻¹, which is first bounded from
    above and then computed. Of chosen covariances `sizes` return σ, and a bound on λ_max(R) below d
    that costs a pass.
    """
    (deviations, largest), d = sizes, lower.shape[-1]
    # The factor two leaves room for what rounding usually does to L and its inverse.
    proved = np.asarray(shares.prod(axis=-1) > 8.0 * cutoff)
    for trace in (_bound_on_inverse_trace, _inverse_trace):
        if proved.all():
            return None
        rest = ~proved & (shares > 0).all(axis=-1)
        with np.errstate(over="ignore", invalid="ignore"):
            bound = trace(_at(rest, lower), deviations(rest)) * cutoff
            proved[rest] = bound * d < 0.5
            if d > 64 and not proved[rest].all():  # of fewer variables the sums are hardly below d
                proved[rest] = bound * largest(rest) < 0.5
    return None if proved.all() else ~proved


def _at(chosen: Mask, matrix: Array) -> Array:
    """Return the chosen matrices of a batch; one alone is not copied."""
    return matrix[chosen] if chosen.ndim else matrix[None][: int(chosen)]


def _row_sums(matrix: Array, variances: Array, chosen: Mask) -> Scalars:
    """Return the largest row sum of |R|."""
    scale = 1.0 / np.sqrt(variances[chosen])
    sums = (np.abs(_at(chosen, matrix)) @ scale[..., None])[..., 0] * scale
    return np.asarray(sums.max(axis=-1))


def _bound_on_inverse_trace(lower: Array, deviations: Array) -> Scalars:
    """Bound tr R⁻¹ in the cheaper way: entry by entry, where many small matrices go in step."""
    count, d = deviations.shape
    bound = _bound_by_entries if d <= 4 or (count >= 32 and d <= 64) else _bound_by_halves
    return bound(lower, deviations)


def _inverse_trace(lower: Array, deviations: Array) -> Scalars:
    """Return tr R⁻¹ = ‖(diag(1/σ) L)⁻¹‖²."""
    inverse = triangles.invert_by_products(lower / deviations[..., None])
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
