"""Gradient, what every gradient returns: slopes in means and covariances, as those are stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from gaussmetrics._array import linalg
from gaussmetrics._array.types import Array
from gaussmetrics.laws.diagonal import Diagonal
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.laws.operands import operands
from gaussmetrics.laws.structure import Structure


@final
@dataclass(frozen=True, eq=False)
class Gradient:
    """The gradient of a function of two Gaussians, one for each pair of a batch.

    Attributes
    ----------
    p_mean, q_mean : (..., d) array
        Gradients in the means.
    p_cov, q_cov : (..., d, d) array, or (..., d) array
        Gradients in the covariances, symmetric matrices G with df = tr(G dΣ). For a covariance
        made by `Covariance.from_diagonal`, the gradient in its variances; for every other
        structure the gradient in the matrix Σ itself.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> slope = gm.squared_wasserstein_distance_gradient(p, q)
    >>> print(slope.p_mean, slope.q_mean, slope.p_cov, slope.q_cov)
    [-2.] [2.] [[-1.]] [[0.5]]
    """

    p_mean: Array
    p_cov: Array
    q_mean: Array
    q_cov: Array


def regular_operands(name: str, p: Gaussian, q: Gaussian) -> tuple[Gaussian, Gaussian]:
    """Check the two operands of a gradient."""
    operands(name, p, q)
    full = {k: law.covariance.rank() == law.dim for k, law in (("p", p), ("q", q))}
    positive_definite_operands(name, **full)
    return p, q


def in_stored_shapes(
    in_matrices: Callable[[Gaussian, Gaussian], Gradient], p: Gaussian, q: Gaussian
) -> Gradient:
    """Bring a gradient in means and matrices to the batch of pairs, and to what is stored."""
    a, b = p.covariance, q.covariance
    if isinstance(a, Diagonal) and isinstance(b, Diagonal):
        g = in_matrices(_coordinates(p), _coordinates(q))
        parts = (g.p_mean[..., 0], g.p_cov[..., 0, 0], g.q_mean[..., 0], g.q_cov[..., 0, 0])
    else:
        g = in_matrices(p, q)
        parts = (g.p_mean, _as_stored(g.p_cov, a), g.q_mean, _as_stored(g.q_cov, b))
    batch = np.broadcast_shapes(p.batch_shape, q.batch_shape)
    cores = (1, _stored_dimensions(a), 1, _stored_dimensions(b))
    return Gradient(
        *(
            np.broadcast_to(part, (*batch, *part.shape[part.ndim - core :])).copy()
            for part, core in zip(parts, cores, strict=True)
        )
    )


def _coordinates(p: Gaussian) -> Gaussian:
    """Return the batch of the laws of the coordinates, which are independent."""
    return Gaussian._from_checked(p.mean[..., None], Diagonal(p.covariance.variances()[..., None]))


def _stored_dimensions(cov: Structure) -> int:
    return 1 if isinstance(cov, Diagonal) else 2


def _as_stored(matrix: Array, cov: Structure) -> Array:
    return linalg.diagonal(matrix) if isinstance(cov, Diagonal) else matrix


def positive_definite_operands(gradient: str, **ranks: Any) -> None:
    """Check that both laws of a gradient have a density."""
    for name, full in ranks.items():
        if not np.all(full):
            raise ValueError(
                f"{gradient} needs positive definite covariances, but that of {name} is singular: "
                "off its support the metric jumps or has an infinite slope. "
                "Shrink the covariance, or project both laws on the support first."
            )
