"""How many standard deviations a point lies from the centre of a law, in its own direction."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gaussmetrics._array import linalg
from gaussmetrics._array.types import Array, Scalars
from gaussmetrics.laws.gaussian import Gaussian, operand, whitened


def mahalanobis_distance(x: ArrayLike, p: Gaussian) -> Scalars:
    """Return the Mahalanobis distance √[(x − μ)ᵀ Σ⁻¹ (x − μ)] of points from the mean of a law.

    Parameters
    ----------
    x : (..., d) array_like
        Points; their leading dimensions broadcast with the batch. If they and the law have names,
        these must agree.
    p : Gaussian
        A law or a batch (...) of laws, singular ones included.

    Returns
    -------
    float or (...) array
        The distance itself, not squared, without unit: in one dimension |x − μ| / σ. Of a
        singular law it is that on its support, and infinite off it.

    Raises
    ------
    TypeError
        If p is not a Gaussian or x does not hold real numbers.
    ValueError
        If the last dimension of x is not d, names differ, or the batch shapes do not broadcast.

    See Also
    --------
    squared_mahalanobis_distance, kl_divergence, bayes_error

    Notes
    -----
    The square of a draw from p has the law χ² with as many degrees of freedom as Σ has rank.

    References
    ----------
    Mahalanobis 1936, "On the generalised distance in statistics", Proceedings of the National
    Institute of Sciences of India 2, 49–55; De Maesschalck, Jouan-Rimbaud & Massart 2000,
    doi:10.1016/S0169-7439(99)00047-7.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p = gm.Gaussian([0.0, 0.0], [[1.0, 0.6], [0.6, 1.0]])
    >>> print(gm.mahalanobis_distance([[1.0, 1.0], [1.0, -1.0]], p).round(6))
    [1.118034 2.236068]
    """
    deviations = _on_support("mahalanobis_distance", x, p)
    return np.fmin(linalg.norm(deviations), np.inf)[()]


def squared_mahalanobis_distance(x: ArrayLike, p: Gaussian) -> Scalars:
    """Return the squared Mahalanobis distance (x − μ)ᵀ Σ⁻¹ (x − μ) of points from a law's mean.

    Parameters
    ----------
    x : (..., d) array_like
        Points; their leading dimensions broadcast with the batch. If they and the law have names,
        these must agree.
    p : Gaussian
        A law or a batch (...) of laws, singular ones included.

    Returns
    -------
    float or (...) array
        The square, without unit. Of a singular law it is that on its support, and infinite off it;
        infinite too where it leaves the floats.

    Raises
    ------
    TypeError
        If p is not a Gaussian or x does not hold real numbers.
    ValueError
        If the last dimension of x is not d, names differ, or the batch shapes do not broadcast.

    See Also
    --------
    mahalanobis_distance, kl_divergence

    References
    ----------
    Mahalanobis 1936, "On the generalised distance in statistics", Proceedings of the National
    Institute of Sciences of India 2, 49–55; De Maesschalck, Jouan-Rimbaud & Massart 2000,
    doi:10.1016/S0169-7439(99)00047-7.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p = gm.Gaussian([0.0, 0.0], [[1.0, 0.6], [0.6, 1.0]])
    >>> print(gm.squared_mahalanobis_distance([[1.0, 1.0], [1.0, -1.0]], p).round(6))
    [1.25 5.  ]
    """
    deviations = _on_support("squared_mahalanobis_distance", x, p)
    with np.errstate(over="ignore"):
        return np.fmin(linalg.sum_of_squares(deviations, 1), np.inf)[()]


def _on_support(name: str, x: ArrayLike, p: Gaussian) -> Array:
    """Return whitened deviations, infinite off the support."""
    deviations, inside = whitened(x, operand(name, "p", p))
    if inside is True:
        return deviations
    return np.where(np.asarray(inside)[..., None], deviations, np.inf)
