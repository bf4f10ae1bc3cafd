"""Moments of samples, gathered block by block, that merge exactly.

A sample is summed up by its total weight n, its mean m and its scatter S = Σ w (x − m)(x − m)ᵀ. Two
parts combine by the pairwise update of Chan, Golub & LeVeque (1983)::

    δ = m₂ − m₁,   n = n₁ + n₂,   m = m₁ + (n₂/n) δ,   S = S₁ + S₂ + (n₁n₂/n) δδᵀ

Every block is measured from a row of the sample and centred before it is multiplied, so nothing
cancels when the mean is large against the spread, and a constant column has scatter exactly 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaussmetrics import _checks
from gaussmetrics._linalg import transpose
from gaussmetrics._typing import Array, Scalars

BLOCK_ELEMENTS = 2**20  # 8 MB: large enough for BLAS, small enough to stay near the cache


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
        count, mean, scatter = _checks.moments(self.count, self.mean, self.scatter)
        _store(self, count=count[()], mean=mean, scatter=scatter)

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
        rows = _checks.streamed_samples("X", X)
        w = None if weights is None else _checks.sample_weights(weights, rows.shape[:-1])
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
        _checks.mergeable(self.mean.shape, other.mean.shape)
        count, mean, step = _merge(self.count, self.mean, other.count, other.mean)
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
        _checks.degrees_of_freedom(self.count, ddof)
        return cast(Array, self.scatter / np.asarray(self.count - ddof)[..., None, None])


@dataclass(frozen=True, eq=False)
class ClassMoments:
    """Weight and mean of each of K classes and their pooled scatter; ``+`` merges two parts.

    The arrays are taken as they are: whoever lets a user's samples in has checked them.

    Parameters
    ----------
    counts : (K,)
        Total weight of each class; a class without rows has count 0 and mean 0.
    means : (K, d)
        Mean of each class.
    scatter : (d, d)
        Σ w (x − m)(x − m)ᵀ over all rows, m the mean of the row's own class.

    Examples
    --------
    >>> from gaussmetrics.moments import ClassMoments
    >>> m = ClassMoments.from_samples([[0.0], [2.0], [9.0]], [0, 0, 1], 2)
    >>> print(m.counts, m.means[:, 0], m.scatter)
    [2. 1.] [1. 9.] [[2.]]
    """

    counts: Array
    means: Array
    scatter: Array

    def __post_init__(self) -> None:
        _store(self, counts=self.counts, means=self.means, scatter=self.scatter)

    @classmethod
    def from_samples(
        cls, X: ArrayLike, codes: ArrayLike, n_classes: int, *, weights: ArrayLike | None = None
    ) -> ClassMoments:
        """Gather the moments of the rows of X, class by class, in one pass.

        Parameters
        ----------
        X : (n, d)
            Samples, one a row. They are read block by block and never copied as a whole.
        codes : (n,)
            The class of each row, an integer from 0 to K − 1.
        n_classes : int
            K.
        weights : (n,), optional
            Weights that are not negative; weight 2 is the row given twice.

        Returns
        -------
        ClassMoments
        """
        rows = np.asarray(X)
        w = None if weights is None else np.asarray(weights, dtype=np.float64)
        return _by_class(rows, np.asarray(codes), n_classes, w)

    def __add__(self, other: ClassMoments) -> ClassMoments:
        if not isinstance(other, ClassMoments):
            return NotImplemented
        _checks.mergeable(self.means.shape, other.means.shape)
        counts, means, steps = _merge(self.counts, self.means, other.counts, other.means)
        return ClassMoments(counts, means, self.scatter + other.scatter + steps.T @ steps)

    @property
    def count(self) -> np.float64:
        """Total weight of all rows."""
        return cast(np.float64, self.counts.sum())

    @property
    def mean(self) -> Array:
        """Mean of all rows."""
        return self.total().mean

    def total(self) -> Moments:
        """Forget the classes: moments of all rows, by the law of total covariance.

        Returns
        -------
        Moments
            Its scatter is the scatter within the classes plus the scatter of their means.
        """
        between = Moments.from_samples(self.means, weights=self.counts)
        return Moments(between.count, between.mean, self.scatter + between.scatter)


def first_row(rows: NDArray[Any], weights: Array | None) -> NDArray[Any]:
    """Return the first row that counts, (..., 1, d), or none of no rows."""
    if weights is None or rows.shape[-2] == 0:
        return rows[..., :1, :]
    counted = np.argmax(np.broadcast_to(weights, rows.shape[:-1]) > 0, axis=-1)
    return np.take_along_axis(rows, counted[..., None, None], axis=-2)


def _store(moments: Any, **arrays: Any) -> None:
    """Set the fields of a frozen instance to float64 copies that no one can write to."""
    for name, value in arrays.items():
        array = np.array(value, dtype=np.float64)
        array.flags.writeable = False
        object.__setattr__(moments, name, array[()] if array.ndim == 0 else array)


def _no_samples(batch: tuple[int, ...], d: int) -> tuple[Array, Array, Array]:
    return np.zeros(batch), np.zeros((*batch, d)), np.zeros((*batch, d, d))


def _merge(n1: Scalars, m1: Array, n2: Scalars, m2: Array) -> tuple[Array, Array, Array]:
    """Merge two counts and means; the third result s has s sᵀ = (n₁n₂/n) δδᵀ."""
    n: Array = np.asarray(n1 + n2)
    part1, part2 = (np.divide(k, n, out=np.zeros(n.shape), where=n > 0) for k in (n1, n2))
    delta = m2 - m1
    # Stepping from the heavier mean makes `+` symmetric and a merge with nothing exact.
    from_first, from_second = m1 + part2[..., None] * delta, m2 - part1[..., None] * delta
    mean = np.where(np.asarray(n1 >= n2)[..., None], from_first, from_second)
    return n, mean, np.sqrt(n1 * part2)[..., None] * delta


def row_blocks(shape: tuple[int, ...], share: float = 1.0) -> Iterator[slice]:
    """Cut the rows of (..., n, d) samples into slices of about BLOCK_ELEMENTS · share numbers."""
    n = shape[-2]
    size = max(64, int(share * BLOCK_ELEMENTS) * n // max(1, int(np.prod(shape))))
    return (slice(start, min(start + size, n)) for start in range(0, n, size))


def _centre(block: Array, weights: Array | None) -> tuple[Scalars, Array]:
    """Centre rows in place, scale them by √weight, and return their total weight and mean."""
    if weights is None:
        mean = block.mean(axis=-2)
        block -= mean[..., None, :]
        return np.full(block.shape[:-2], float(block.shape[-2])), mean
    count = weights.sum(axis=-1)
    total = (weights[..., None, :] @ block)[..., 0, :]
    mean = total / np.where(count > 0, count, 1.0)[..., None]
    block -= mean[..., None, :]
    block *= np.sqrt(weights)[..., None]
    return count, mean


def _gram(block: Array) -> Array:
    """BᵀB, symmetric to the last bit; the check of the scatter is what reports an overflow."""
    with np.errstate(over="ignore", invalid="ignore"):
        return transpose(block) @ block


def _part(block: Array, weights: Array | None, at: slice) -> Moments:
    """Moments of one block, which is centred in place."""
    count, mean = _centre(block, None if weights is None else weights[..., at])
    return Moments(count, mean, _gram(block))


def _by_class(
    X: NDArray[Any], codes: NDArray[Any], n_classes: int, weights: Array | None
) -> ClassMoments:
    """Centre every stretch of rows of one class within a block; merge the stretches at the end.

    Reading the rows in the order of their classes leaves few stretches and no loop over rows.
    """
    order = np.argsort(codes.astype(np.min_scalar_type(n_classes)), kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=n_classes))
    origins = _first_rows(X, order, ends)
    scatter = np.zeros((X.shape[1], X.shape[1]))
    stretches: list[tuple[int, Scalars, Array]] = []
    for at in row_blocks(X.shape):
        taken = order[at]
        block = X[taken].astype(np.float64, copy=False)
        w = None if weights is None else weights[taken]
        for k, rows in _stretches(ends, at):
            block[rows] -= origins[k]
            stretches.append((k, *_centre(block[rows], None if w is None else w[rows])))
        scatter += _gram(block)
    counts, offsets, between = _merge_stretches(stretches, n_classes, X.shape[1])
    return ClassMoments(counts, origins + offsets, scatter + between)


def _first_rows(X: NDArray[Any], order: NDArray[Any], ends: NDArray[Any]) -> Array:
    """Return the first row of each class; 0 for a class without rows."""
    starts = np.concatenate([[0], ends[:-1]])
    first = np.zeros((len(ends), X.shape[1]))
    first[starts < ends] = X[order[starts[starts < ends]]]
    return first


def _stretches(ends: NDArray[Any], at: slice) -> Iterator[tuple[int, slice]]:
    """Yield each class within a block of rows sorted by class, and where in the block it lies."""
    start = at.start
    for k in range(int(np.searchsorted(ends, start, side="right")), len(ends)):
        if start == at.stop:
            return
        stop = min(int(ends[k]), at.stop)
        if stop > start:
            yield k, slice(start - at.start, stop - at.start)
        start = stop


def _merge_stretches(
    stretches: list[tuple[int, Scalars, Array]], n_classes: int, d: int
) -> tuple[Array, Array, Array]:
    """Merge stretches into counts, means and the scatter of the stretches about those means."""
    classes = np.array([k for k, _, _ in stretches], dtype=np.intp)
    weights = np.array([n for _, n, _ in stretches], dtype=np.float64)
    means = np.array([m for _, _, m in stretches]).reshape(-1, d)
    counts: Array = np.bincount(classes, weights, minlength=n_classes).astype(np.float64)
    merged = np.zeros((n_classes, d))
    np.add.at(merged, classes, weights[:, None] * means)
    merged /= np.where(counts > 0, counts, 1.0)[:, None]
    steps = np.sqrt(weights)[:, None] * (means - merged[classes])
    return counts, merged, steps.T @ steps
