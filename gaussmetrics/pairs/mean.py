"""The mean of many covariances under the Wasserstein distance: a fixed point of aligned factors."""

from __future__ import annotations

from collections import deque
from typing import Any, NoReturn

import numpy as np

from gaussmetrics._array import linalg
from gaussmetrics._array.fixed_point import accelerated
from gaussmetrics._array.types import Array
from gaussmetrics.laws.covariance import Covariance
from gaussmetrics.laws.diagonal import Diagonal
from gaussmetrics.laws.structure import Structure
from gaussmetrics.pairs.couplings import widened

_MEMORY = 8


def mean_covariance(covs: Structure, w: Array, tolerance: float, steps: int) -> Structure:
    """Return the covariance of the barycentre of N(0, Σ_i) with weights w."""
    if isinstance(covs, Diagonal):
        return Diagonal((w @ covs.deviations) ** 2)
    _some_regular(np.equal(covs.rank(), covs.dim))
    factors = covs.factor()
    # The mean of the symmetric roots is the answer where all commute.
    factor = np.einsum("n,nij->ij", w, _symmetric_roots(factors))
    factors = widened(factors, covs.dim)
    past: deque[tuple[Array, Array]] = deque(maxlen=_MEMORY)
    for _ in range(steps):
        new = _mean_after_alignment(factors, w, factor)
        past.append((factor, new - factor))
        # In units of the largest entry, whose square may underflow.
        size = np.abs(new).max()
        residual = float(np.linalg.norm((new - factor) / size) / np.linalg.norm(new / size))
        if residual <= tolerance:
            break
        # The plain iteration creeps where the laws are ill-conditioned.
        factor = accelerated(past)
    else:
        _refuse_not_converged(steps, residual, tolerance)
    return Covariance.from_factor(new)


def _mean_after_alignment(factors: Array, weights: Array, target: Array) -> Array:
    """Return Σ w G Q over factors G (n, d, k), each turned towards the target by its best Q."""
    u, _, vt = np.linalg.svd(linalg.transpose(factors) @ target, full_matrices=False)
    return np.einsum("n,nij->ij", weights, factors @ (u @ vt))


def _symmetric_roots(factors: Array) -> Array:
    """Return Σ^½ of Σ = F Fᵀ."""
    u, s, _ = np.linalg.svd(factors, full_matrices=False)
    return (u * s[..., None, :]) @ linalg.transpose(u)


def _some_regular(full_rank: Any) -> None:
    """Check that a barycentre is unique."""
    if not np.any(full_rank):
        raise ValueError(
            "a barycentre needs a law of positive weight with a nonsingular covariance, but all "
            "are singular. Shrink one of them, or work in the coordinates of their support."
        )


def _refuse_not_converged(steps: int, residual: float, tolerance: float) -> NoReturn:
    """Say how far an iteration has come."""
    raise RuntimeError(
        f"the barycentre has not converged: after {steps} steps the last one was "
        f"{residual:.3g} of its size, above tolerance={tolerance:.3g}. Raise max_steps or "
        "tolerance."
    )
