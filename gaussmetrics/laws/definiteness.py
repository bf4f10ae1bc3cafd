"""The one decision whether a covariance is singular, free of units and of the order of variables.

Σ is singular when the smallest eigenvalue of its correlation matrix R is at most `cutoff` of the
largest: below that lies the rounding of what was given. Small eigenvalues of Σ itself prove
nothing, for variables may have any units, and neither do pivots: of a singular matrix rounding may
leave no small one. So a triangular factor may acquit, by bounds from below, and the spectrum of R
decides the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from gaussmetrics._array import linalg, spectra, triangles
from gaussmetrics._array.types import Array, Mask, Scalars

_PROBES, _CHANCE = 12, 0.05


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


def singular_matrices(matrix: Array, lower: Array, cutoff: float) -> Mask:
    """Tell which matrices Σ = L Lᵀ are singular."""
    variances = linalg.diagonal(matrix)
    shares = linalg.diagonal(lower) ** 2 / variances
    singular = np.array(~_proved_regular(lower, shares, lambda k: np.sqrt(variances[k]), cutoff))
    if singular.any():
        values = spectra.eigvalsh(correlations(matrix[singular]))
        singular[singular] = values[..., 0] <= cutoff * values[..., -1]
    return singular


def singular_factors(columns: Array, lower: Array, cutoff: float) -> Mask:
    """Tell which Σ = F Fᵀ = L Lᵀ are singular: a factor knows the roots of the eigenvalues of R."""
    deviations = np.asarray(linalg.norm(columns))
    shares = (linalg.diagonal(lower) * inverse_or_zero(deviations)) ** 2
    singular = np.array(~_proved_regular(lower, shares, deviations.__getitem__, cutoff * cutoff))
    if singular.any():
        rows = columns[singular] * inverse_or_zero(deviations[singular])[..., None]
        values = np.linalg.svd(rows, compute_uv=False)
        singular[singular] = values[..., -1] <= cutoff * values[..., 0]
    return singular


def _proved_regular(
    lower: Array, shares: Array, deviations: Callable[[Mask], Array], cutoff: float
) -> Mask:
    """Tell where L proves λ_min(R) > 2 cutoff λ_max(R); where it does not, R may be regular too.

    By the means of its eigenvalues, λ_min(R) ≥ det R ((d − 1)/d)^(d−1), and det R is the product of
    the `shares` of the variances that variables before do not explain; also λ_min(R) ≥ 1/tr R⁻¹. In
    many dimensions the trace is bounded from random vectors instead.
    """
    d = lower.shape[-1]
    # λ_max(R) ≤ d; the factor two leaves room for the rounding of L.
    floor = 2.0 * d * cutoff
    proved = np.array(shares.prod(axis=-1) > np.e * floor)
    if not proved.all():
        rest = ~proved & (shares > 0).all(axis=-1)
        bound = _probed_norm if d > 32 and lower.ndim == 2 else _inverse_trace
        proved[rest] = bound(lower[rest], deviations(rest)) * floor < 1.0
    return proved


def _inverse_trace(lower: Array, deviations: Array) -> Scalars:
    """Return tr R⁻¹."""
    with np.errstate(over="ignore"):
        inverse = triangles.invert_lower(lower) * deviations[..., None, :]
        return linalg.sum_of_squares(inverse, 2)


def _probed_norm(lower: Array, deviations: Array) -> Scalars:
    """Return a number above ‖R⁻¹‖, 400 times the largest zᵀR⁻¹z of twelve normal vectors z.

    Each is at least ‖R⁻¹‖ (uᵀz)² for a unit vector u, and |uᵀz| is below a twentieth in all of
    them with a probability of 2e-17 (Dixon 1983, doi:10.1137/0720053).
    """
    probes = deviations[0, :, None] * _normal_vectors(lower.shape[-1])
    with np.errstate(over="ignore"):
        return np.square(triangles.solve_lower(lower[0], probes)).sum(axis=0).max() / _CHANCE**2


@cache
def _normal_vectors(dim: int) -> Array:
    return np.random.default_rng(0).standard_normal((dim, _PROBES))
