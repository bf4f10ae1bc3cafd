"""The distance of Bures between two covariances, and the map that takes one to the other."""

from __future__ import annotations

import numpy as np

from gaussmetrics._array import linalg, procrustes, spectra, triangles
from gaussmetrics._array.linalg import sum_of_squares, transpose
from gaussmetrics._array.types import Array, Scalars
from gaussmetrics.laws.dense import Dense
from gaussmetrics.laws.diagonal import Diagonal
from gaussmetrics.laws.low_rank import LowRank
from gaussmetrics.laws.singular import Singular
from gaussmetrics.laws.structure import Structure
from gaussmetrics.pairs.combinations import as_dense, as_low_rank, both_low_rank
from gaussmetrics.pairs.differences import given_by_factors
from gaussmetrics.pairs.near import recompute

_NEWTON_STEPS = 20


def bures(p: Structure, q: Structure) -> Scalars:
    """Return tr Σp + tr Σq − 2 tr (Σp^½ Σq Σp^½)^½: squared Wasserstein-2 for equal means."""
    if isinstance(p, Diagonal) and isinstance(q, Diagonal):
        sums = p.deviations + q.deviations
        return sum_of_squares((p.variances() - q.variances()) / np.where(sums > 0, sums, 1.0), 1)
    if both_low_rank(p, q) and as_low_rank(p).isotropic and as_low_rank(q).isotropic:
        return _bures_isotropic(as_low_rank(p), as_low_rank(q))
    traces = p.trace() + q.trace()
    total, weight = spectra.nuclear_norm(overlap(p, q))
    value = traces - 2.0 * total
    # The total is right to about ε times the weight: keep the plain form while that is 5e-13.
    return recompute(value, value < 1e-3 * weight * traces, _bures_from_difference, p, q)


def overlap(p: Structure, q: Structure) -> Array:
    """Return Fqᵀ Fp or its transpose, through the factor that has fewer columns."""
    few, many = (p, q) if _width(p) <= _width(q) else (q, p)
    return many.half(few.factor())


def _width(cov: Structure) -> int:
    return cov.columns.shape[-1] if isinstance(cov, Singular) else cov.dim


def _bures_isotropic(p: LowRank, q: LowRank) -> Scalars:
    """Outside the span of both factors the laws are scalar; inside they are small."""
    inside, outside, count = split_isotropic(p, q)
    return count * (outside[0] - outside[1]) ** 2 + bures(*inside)


def split_isotropic(
    p: LowRank, q: LowRank
) -> tuple[tuple[Singular, Singular], tuple[Array, Array], int]:
    """Return both laws in the span of their factors, and outside it their deviation and its dim."""
    span, _ = np.linalg.qr(linalg.side_by_side(p.columns, q.columns))
    k = span.shape[-1]
    outside = [np.sqrt(law.noise[..., 0]) for law in (p, q)]
    inside = []
    for law, deviation in zip((p, q), outside, strict=True):
        identity = deviation[..., None, None] * np.eye(k)
        inside.append(Singular(linalg.side_by_side(transpose(span) @ law.columns, identity)))
    return (inside[0], inside[1]), (outside[0], outside[1]), p.dim - k


def _bures_from_difference(p: Structure, q: Structure) -> Array:
    if isinstance(p, Dense) and isinstance(q, Dense) and not given_by_factors(p, q):
        differ = (p.dense() != q.dense()).any(axis=(-2, -1))
        return np.asarray(recompute(np.zeros(differ.shape), differ, _bures_moved, p, q))
    residual, _ = procrustes.aligned_difference(p.factor(), q.factor())
    return np.asarray(sum_of_squares(residual, 2))


def _bures_moved(p: Dense, q: Dense) -> Array:
    return _bures_newton(p, q)[0]


def map_minus_identity(p: Structure, q: Structure) -> Array:
    """Return T − I for the optimal map T of N(0, Σp) to N(0, Σq), both positive definite.

    For T itself add the identity; the difference keeps its digits where Σp and Σq nearly agree.
    """
    if isinstance(p, Diagonal) and isinstance(q, Diagonal):
        change = q.variances() - p.variances()
        stretch = change / (p.deviations * (p.deviations + q.deviations))
        return stretch[..., None] * np.eye(p.dim)
    if given_by_factors(p, q):
        factor = p.factor()
        residual, _ = procrustes.aligned_difference(factor, q.factor())
        whitener = p.whiten_columns(np.eye(p.dim))
        moved = residual[..., : factor.shape[-1]] @ transpose(p.whiten_columns(factor))
        return -linalg.symmetric_part(moved @ whitener)
    return _bures_newton(as_dense(p), as_dense(q))[1]


def displacement(p: Structure, q: Structure) -> tuple[Array, Array]:
    """Return Fp − G and G with Σp = Fp Fpᵀ and Σq = G Gᵀ, such that ‖Fp − G‖² is `bures`.

    The optimal transport carries the point Fp z to G z, where Σp is singular too.
    """
    if isinstance(p, Dense) and isinstance(q, Dense) and not given_by_factors(p, q):
        moved = _bures_newton(p, q)[1] @ p.lower
        return -moved, p.lower + moved
    return procrustes.aligned_difference(p.factor(), q.factor())


def _bures_newton(p: Dense, q: Dense) -> tuple[Array, Array]:
    """Return ‖Y L‖² and Y, with Σp = L Lᵀ and I + Y the optimal map of p to q.

    Y Σp + Σp Y + Y Σp Y = Σq − Σp.

    Newton's method, started from the map that the singular value decomposition gives. The residual
    is the difference of nearly equal matrices, so its products are formed without cancellation.
    """
    # A power of four leaves every digit alone, in the matrices as in their factors.
    scale = np.exp2((np.frexp(p.trace())[1] - 1) // 2 * 2)[..., None, None]
    # Between laws so far apart that squares leave the floats, nothing is taken from the steps.
    with np.errstate(over="ignore", invalid="ignore"):
        return _newton_steps(p, q, scale)


def _newton_steps(p: Dense, q: Dense, scale: Array) -> tuple[Array, Array]:
    sigma, difference = p.dense() / scale, (q.dense() - p.dense()) / scale
    left, right = p.lower / np.sqrt(scale), q.lower / np.sqrt(scale)
    u, s, vt = np.linalg.svd(transpose(right) @ left)
    basis, dual = left @ transpose(vt), transpose(vt @ triangles.invert_lower(left))
    y = linalg.symmetric_part((dual * s[..., None, :]) @ transpose(dual)) - np.eye(p.dim)
    start = y
    for _ in range(_NEWTON_STEPS):
        product = procrustes.accurate_matmul(sigma, y)
        residual = difference - (product + transpose(product) + y @ product)
        half_step = dual @ ((transpose(basis) @ residual @ basis) / linalg.pair_sums(s))
        y = y + linalg.symmetric_part(half_step @ transpose(dual))
        value = np.einsum("...ij,...ij->...", y, procrustes.accurate_matmul(sigma, y))
        converged = sum_of_squares(half_step, 2) <= 1e-20 * np.abs(value)
        if np.all(converged):
            break
    bound = _procrustes_bound(left, right, u @ vt)
    # Variables of very different units lead astray; the bound is right to rounding of the traces.
    slack = 32 * p.dim * linalg.EPS * (1.0 + np.sqrt(bound))
    told_apart = s[..., -1] > linalg.eigenvalue_cutoff(p.dim) * s[..., 0]
    believed = converged & told_apart & (np.abs(value - bound) <= slack)
    value = np.where(believed, value, bound) * scale[..., 0, 0]
    y = np.where(np.asarray(believed)[..., None, None], y, start)
    differ = np.asarray(difference.any(axis=(-2, -1)))
    return np.asarray(value), np.where(differ[..., None, None], y, 0.0)


def _procrustes_bound(f: Array, g: Array, rotation: Array) -> Array:
    """Return the smaller of ‖F − G‖² and ‖F − G Q‖²: no coupling costs less than the best one."""
    turned = sum_of_squares(f - g @ rotation, 2)
    return np.minimum(turned, sum_of_squares(f - g, 2))
