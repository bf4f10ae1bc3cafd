"""Random pairs of normal laws with a stated condition number, distance and scale."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]


class Pair(NamedTuple):
    """Two laws N(mean, cov), or two batches of them, as plain arrays."""

    mean_p: Array
    cov_p: Array
    mean_q: Array
    cov_q: Array


class Cell(NamedTuple):
    """One point of the accuracy grid; `apart` is 1 for unrelated laws."""

    dim: int
    kappa: float
    apart: float
    scale: float


def orthogonal(rng: np.random.Generator, count: int, dim: int) -> Array:
    return np.linalg.qr(rng.standard_normal((count, dim, dim)))[0]


def rotated(rng: np.random.Generator, eigenvalues: Array) -> Array:
    """Return covariances with the given eigenvalues (n, d) in random directions, symmetric."""
    basis = orthogonal(rng, *eigenvalues.shape)
    half = 0.5 * (basis * eigenvalues[:, None, :]) @ basis.swapaxes(-1, -2)
    return half + half.swapaxes(-1, -2)


def perturbed(rng: np.random.Generator, cov: Array, size: float) -> Array:
    """Return L (I + size·E) Lᵀ, L Lᵀ = cov, with a random symmetric E of spectral norm one."""
    lower = np.linalg.cholesky(cov)
    noise = rng.standard_normal(cov.shape)
    noise = noise + noise.T
    change = 0.5 * size / np.linalg.norm(noise, 2) * (lower @ noise @ lower.T)
    return cov + (change + change.T)


def pair_in(cell: Cell, rng: np.random.Generator) -> Pair:
    """Draw a pair for one point of the accuracy grid."""
    eigenvalues = cell.scale * cell.kappa ** -np.linspace(0.0, 1.0, cell.dim)
    cov_p, unrelated = rotated(rng, np.stack([eigenvalues, eigenvalues]))
    cov_q = perturbed(rng, cov_p, cell.apart) if cell.apart < 1 else unrelated
    mean_p, direction = np.sqrt(cell.scale) * rng.standard_normal((2, cell.dim))
    return Pair(mean_p, cov_p, mean_p + cell.apart / np.sqrt(cell.kappa) * direction, cov_q)


def spread(rng: np.random.Generator, count: int, dim: int) -> Array:
    """Return covariances whose eigenvalues are log-uniform between 0.01 and 1."""
    return rotated(rng, 100.0 ** -rng.random((count, dim)))


def sampled(rng: np.random.Generator, count: int, dim: int) -> Array:
    """Return sample covariances of 10 d standard normal points: laws that nearly agree."""
    points = rng.standard_normal((count, dim, 10 * dim))
    return points @ points.swapaxes(-1, -2) / (10 * dim)


def centred_pairs(covariances: Callable[..., Array], *, count: int, dim: int) -> Pair:
    """Draw a batch of pairs with equal means, the only ones that every library compares."""
    rng = np.random.default_rng([count, dim])
    mean = np.zeros((count, dim))
    return Pair(mean, covariances(rng, count, dim), mean, covariances(rng, count, dim))
