"""Optimal couplings of two laws: overlaps, maps, and the covariances along a geodesic."""

from __future__ import annotations

from typing import Any

import numpy as np

from gaussmetrics._array import linalg, procrustes
from gaussmetrics._array.double_double import exactly
from gaussmetrics._array.linalg import transpose
from gaussmetrics._array.types import Array
from gaussmetrics.laws.covariance import Covariance
from gaussmetrics.laws.diagonal import Diagonal
from gaussmetrics.laws.singular import Singular
from gaussmetrics.laws.structure import Structure
from gaussmetrics.pairs.bures import both_isotropic, map_of_factors, overlap, split_isotropic
from gaussmetrics.pairs.combinations import as_low_rank
from gaussmetrics.pairs.differences import difference_along, given_by_columns
from gaussmetrics.pairs.near import recompute


def overlaps(p: Structure, q: Structure) -> Array:
    """Return the singular values of Fqᵀ Fp, whose squares are the eigenvalues of ΣpΣq."""
    if isinstance(p, Diagonal) and isinstance(q, Diagonal):
        return p.deviations * q.deviations
    if both_isotropic(p, q):
        inside, outside, count = split_isotropic(as_low_rank(p), as_low_rank(q))
        within = overlaps(*inside)
        beyond = (outside[0] * outside[1])[..., None]
        shape = (*within.shape[:-1], count)
        return np.concatenate([within, np.broadcast_to(beyond, shape)], axis=-1)
    s = np.asarray(np.linalg.svd(overlap(p, q), compute_uv=False), float)[..., : p.dim]
    if not (p.singular or q.singular):
        return s
    # Beyond either rank there is only rounding.
    exist = np.arange(s.shape[-1]) < np.minimum(p.rank(), q.rank())[..., None]
    return np.where(exist, s, 0.0)


def optimal_map(p: Structure, q: Structure) -> tuple[Array, Any]:
    """Return T = Fq U s⁺ Uᵀ Fqᵀ with U s Vᵀ = svd(Fqᵀ Fp), and whether T Σp T = Σq.

    No map spreads a law into a direction in which it does not vary.
    """
    if isinstance(p, Diagonal) and isinstance(q, Diagonal) and not (p.singular or q.singular):
        with np.errstate(over="ignore"):
            return (q.deviations / p.deviations)[..., None] * np.eye(p.dim), True
    g = q.factor()
    u, s, _ = np.linalg.svd(transpose(g) @ p.factor(), full_matrices=False)
    # What more latent normals than variables overlap by is nothing but rounding.
    u, s = u[..., : p.dim], s[..., : p.dim]
    if p.singular or q.singular:
        s = np.where(s > linalg.eigenvalue_cutoff(max(g.shape[-2:])) * s[..., :1], s, 0.0)
        return _map_along(g @ u, s), (s > 0).sum(axis=-1) == q.rank()
    matrix = _map_along(g @ u, s)
    if given_by_columns(p, q):
        # Small overlaps lose digits that the factors have.
        lossy = s[..., 0] > 100.0 * s[..., -1]
        matrix = np.asarray(recompute(matrix, lossy, map_of_factors, p, q))
    return matrix, True


def _map_along(directions: Array, overlaps: Array) -> Array:
    """Return U s⁺ Uᵀ for the columns of U."""
    roots = np.where(overlaps > 0, 1.0 / np.sqrt(np.where(overlaps > 0, overlaps, 1.0)), 0.0)
    columns = directions * roots[..., None, :]
    return columns @ transpose(columns)


def interpolate(p: Structure, q: Structure, t: Array) -> Structure:
    """Return the covariance of (1 − t) X + t Y under the optimal coupling of X and Y."""
    if isinstance(p, Diagonal) and isinstance(q, Diagonal):
        return Diagonal(_between(p.deviations, q.deviations, t[..., None]) ** 2)
    _, aligned = procrustes.aligned_difference(exactly(p.factor()), exactly(q.factor()))
    factor, aligned = linalg.same_width(p.factor(), aligned)
    return Covariance.from_factor(_between(factor, aligned, t[..., None, None]))


def _between(start: Array, end: Array, t: Array) -> Array:
    return (1.0 - t) * start + t * end


def widened(array: Array, width: int) -> Array:
    """Fill the last axis up with zeros."""
    missing = max(0, width - array.shape[-1])
    return np.pad(array, [(0, 0)] * (array.ndim - 1) + [(0, missing)])


def eigenvalue_differences(p: Structure, q: Structure) -> Array:
    """Return the differences of the eigenvalues, largest first; the shorter list ends in zeros.

    From Vᵀ(Σp − Σq)W = a VᵀW − VᵀW b, wherever eigenvectors of the two laws can be paired.
    """
    if p.dim != q.dim or (isinstance(p, Diagonal) and isinstance(q, Diagonal)):
        a, b = (np.sort(_eigenvalues(cov))[..., ::-1] for cov in (p, q))
        width = max(p.dim, q.dim)
        return widened(a, width) - widened(b, width)
    if both_isotropic(p, q):
        f, g = (as_low_rank(cov) for cov in (p, q))
        within = eigenvalue_differences(Singular(f.columns), Singular(g.columns))
        return within + (f.noise[..., :1] - g.noise[..., :1])
    (a, v), (b, w) = (_eigenvectors(cov) for cov in (p, q))
    turn = transpose(v) @ w
    cosines = linalg.diagonal(turn)
    paired = np.abs(cosines) > 0.5
    change = linalg.diagonal(difference_along(p, q, transpose(v)) @ turn)
    change = np.where(paired, change / np.where(paired, cosines, 1.0), a - b)
    return np.where((a == 0.0) & (b == 0.0), 0.0, change) if p.singular and q.singular else change


def _eigenvectors(cov: Structure) -> tuple[Array, Array]:
    """Return the eigenvalues, largest first and zero beyond the rank, and their vectors."""
    w, v = np.linalg.eigh(cov.dense())
    w, v = w[..., ::-1], v[..., ::-1]
    if not cov.singular:
        return w, v
    exist = np.arange(cov.dim) < np.asarray(cov.rank())[..., None]
    return np.where(exist, np.maximum(w, 0.0), 0.0), v


def _eigenvalues(cov: Structure) -> Array:
    if isinstance(cov, Diagonal):
        return cov.variances()
    return np.maximum(_eigenvectors(cov)[0], 0.0)


def aligned_axes(p: Structure, q: Structure) -> tuple[Array, Any]:
    """Return Σ w √(κ/λ) vᵀ over the axes of both, largest first, and whether it carries Σp to Σq.

    Each w is turned towards its v, over the coordinates that both spaces have.
    """
    (a, v), (b, w) = (_axes(cov) for cov in (p, q))
    r = min(p.dim, q.dim)
    a, v, w = a[..., :r], v[..., :r], w[..., :r]
    exists = np.less_equal(q.rank(), p.rank())
    b = b[..., :r]
    ratios = np.where(a > 0, b / np.where(a > 0, a, 1.0), 0.0)
    cosines = np.einsum("...ij,...ij->...j", v[..., :r, :], w[..., :r, :])
    scales = np.where(cosines < 0, -1.0, 1.0) * ratios
    return (w * scales[..., None, :]) @ transpose(v), exists


def _axes(cov: Structure) -> tuple[Array, Array]:
    """Return the deviations along the axes, largest first, and the axes, by the factor."""
    if isinstance(cov, Diagonal):
        order = np.argsort(-cov.deviations, axis=-1, kind="stable")
        axes = np.equal(order[..., None, :], np.arange(cov.dim)[:, None]).astype(np.float64)
        return np.take_along_axis(cov.deviations, order, axis=-1), axes
    u, s, _ = np.linalg.svd(cov.factor())
    s = widened(s[..., : cov.dim], cov.dim)
    if not cov.singular:
        return s, u
    return np.where(np.arange(cov.dim) < np.asarray(cov.rank())[..., None], s, 0.0), u
