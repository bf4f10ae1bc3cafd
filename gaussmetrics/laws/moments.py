"""Moments of samples, gathered block by block, that merge exactly.

A sample is summed up by its total weight n, its mean m and its scatter S = Σ w (x − m)(x − m)ᵀ. Two
parts combine by the pairwise update of Chan, Golub & LeVeque (1983)::

    δ = m₂ − m₁,   n = n₁ + n₂,   m = m₁ + (n₂/n) δ,   S = S₁ + S₂ + (n₁n₂/n) δδᵀ

Every block is measured from a row of the sample and centred before it is multiplied, so nothing
cancels when the mean is large against the spread, and a constant column has scatter exactly 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import cast

import numpy as np
from numpy.typing import ArrayLike

from gaussmetrics._array.types import Array, Scalars
from gaussmetrics.laws import sample_checks
from gaussmetrics.laws.blocks import centre, first_row, freeze_fields, gram, merge, row_blocks


@dataclass(frozen=True, eq=False)
class Moments:
    """Total weight, mean and scatter of a sample; ``a + b`` is both samples taken together.

    Parameters
    ----------
    count : (...)
        Total weight of the rows; an empty sample has count, mean and scatter 0.
    mean : (..., d)
        Weighted mean of the rows.
    scatter : (..., d, d)
        Σ w (x − mean)(x − mean)ᵀ.

    References
    ----------
    Chan, Golub & LeVeque, The American Statistician 37 (1983), doi:10.1080/00031305.1983.10483115.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> week = gm.Moments.from_samples([[1.0], [3.0]]) + gm.Moments.from_samples([[8.0]])
    >>> print(week.count, week.mean, week.covariance())
    3.0 [4.] [[13.]]
    """

    count: Scalars
    mean: Array
    scatter: Array

    def __post_init__(self) -> None:
        count, mean, scatter = sample_checks.moments(self.count, self.mean, self.scatter)
        freeze_fields(self, count=count[()], mean=mean, scatter=scatter)

    @classmethod
    def from_samples(cls, X: ArrayLike, *, weights: ArrayLike | None = None) -> Moments:
        """Gather the moments of the rows of X.

        Parameters
        ----------
        X : (..., n, d)
            Samples, one a row. They are read block by block and never copied as a whole.
        weights : (..., n), optional
            Weights that are not negative; weight 2 is the row given twice.

        Returns
        -------
        Moments
            Of batch shape ``X.shape[:-2]``.

        Raises
        ------
        TypeError, ValueError
            If X or the weights are not finite real numbers of these shapes.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> gm.Moments.from_samples([[0.0], [6.0]], weights=[2, 1]).mean
        array([2.])
        """
        rows = sample_checks.streamed_samples("X", X)
        w = None if weights is None else sample_checks.sample_weights(weights, rows.shape[:-1])
        if w is not None:
            w = np.broadcast_to(w, rows.shape[:-1])
        origin = first_row(rows, w).astype(np.float64)
        empty = cls(*_no_samples(rows.shape[:-2], rows.shape[-1]))
        parts = (_part(rows[..., at, :] - origin, w, at) for at in row_blocks(rows.shape))
        whole = reduce(add, parts, empty)
        return cls(whole.count, whole.mean + origin.sum(axis=-2), whole.scatter)

    def __add__(self, other: Moments) -> Moments:
        if not isinstance(other, Moments):
            return NotImplemented
        sample_checks.mergeable(self.mean.shape, other.mean.shape)
        count, mean, step = merge(self.count, self.mean, other.count, other.mean)
        between = step[..., :, None] * step[..., None, :]
        return Moments(count, mean, self.scatter + other.scatter + between)

    def covariance(self, *, ddof: float = 1) -> Array:
        """Return the covariance matrix, scatter / (count − ddof).

        Parameters
        ----------
        ddof : float
            1 for the unbiased estimate, 0 for the one of maximum likelihood.

        Returns
        -------
        (..., d, d) array

        Raises
        ------
        ValueError
            If the count does not exceed `ddof`.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> gm.Moments.from_samples([[0.0], [2.0]]).covariance(ddof=0)
        array([[1.]])
        """
        sample_checks.degrees_of_freedom(self.count, ddof)
        return cast(Array, self.scatter / np.asarray(self.count - ddof)[..., None, None])


def _no_samples(batch: tuple[int, ...], d: int) -> tuple[Array, Array, Array]:
    return np.zeros(batch), np.zeros((*batch, d)), np.zeros((*batch, d, d))


def _part(block: Array, weights: Array | None, at: slice) -> Moments:
    """Moments of one block, which is centred in place."""
    count, mean = centre(block, None if weights is None else weights[..., at])
    return Moments(count, mean, gram(block))
