"""Moments of labelled samples: a count and a mean for each class, and one pooled scatter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaussmetrics._array.two_floats import difference, shifted, two_sum
from gaussmetrics._array.types import Array, Scalars
from gaussmetrics.laws import sample_checks
from gaussmetrics.laws.blocks import centre, freeze_fields, gram, merge_exactly, row_blocks
from gaussmetrics.laws.moments import Moments


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
    means_low : (K, d), optional
        What rounding took from the means: far from the origin their differences need it.

    Examples
    --------
    >>> from gaussmetrics.softmax import ClassMoments
    >>> m = ClassMoments.from_samples([[0.0], [2.0], [9.0]], [0, 0, 1], 2)
    >>> print(m.counts, m.means[:, 0], m.scatter)
    [2. 1.] [1. 9.] [[2.]]
    """

    counts: Array
    means: Array
    scatter: Array
    means_low: Array = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        low = np.zeros(np.shape(self.means)) if self.means_low is None else self.means_low
        fields = {"counts": self.counts, "means": self.means, "scatter": self.scatter}
        freeze_fields(self, **fields, means_low=low)

    @classmethod
    def from_samples(
        cls, X: ArrayLike, codes: ArrayLike, n_classes: int, *, weights: ArrayLike | None = None
    ) -> ClassMoments:
        """Gather the moments of the rows of X, class by class, in one pass.

        Parameters
        ----------
        X : (n, d)
            Samples, one a row, dense or in sparse rows. They are read block by block and never
            copied as a whole.
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
        rows = X if hasattr(X, "toarray") else np.asarray(X)
        w = None if weights is None else np.asarray(weights, dtype=np.float64)
        return _by_class(rows, np.asarray(codes), n_classes, w)

    def __add__(self, other: ClassMoments) -> ClassMoments:
        if not isinstance(other, ClassMoments):
            return NotImplemented
        sample_checks.mergeable(self.means.shape, other.means.shape)
        counts, means, steps = merge_exactly(
            self.counts, (self.means, self.means_low), other.counts, (other.means, other.means_low)
        )
        scatter = self.scatter + other.scatter + steps.T @ steps
        return ClassMoments(counts, means[0], scatter, means[1])

    @property
    def count(self) -> np.float64:
        """Total weight of all rows."""
        return cast(np.float64, self.counts.sum())

    @property
    def mean(self) -> Array:
        """Mean of all rows."""
        return self._about_the_heaviest()[0]

    def deviations(self) -> Array:
        """Return the means less the mean of all rows, (K, d); 0 for a class without rows."""
        return self._about_the_heaviest()[1]

    def _about_the_heaviest(self) -> tuple[Array, Array]:
        heaviest = int(self.counts.argmax())
        origin = self.means[heaviest], self.means_low[heaviest]
        steps = difference((self.means, self.means_low), origin)
        steps[self.counts == 0] = 0.0
        step = self.counts @ steps / max(float(self.counts.sum()), np.finfo(float).tiny)
        return shifted(origin, step)[0], np.where(self.counts[:, None] > 0, steps - step, 0.0)

    def total(self) -> Moments:
        """Forget the classes: moments of all rows, by the law of total covariance.

        Returns
        -------
        Moments
            Its scatter is the scatter within the classes plus the scatter of their means.
        """
        between = Moments.from_samples(self.deviations(), weights=self.counts)
        return Moments(between.count, self.mean, self.scatter + between.scatter)


def _by_class(X: Any, codes: NDArray[Any], n_classes: int, weights: Array | None) -> ClassMoments:
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
        block = dense_rows(X, taken).astype(np.float64, copy=False)
        w = None if weights is None else weights[taken]
        for k, rows in _stretches(ends, at):
            block[rows] -= origins[k]
            stretches.append((k, *centre(block[rows], None if w is None else w[rows])))
        scatter += gram(block)
    counts, offsets, between = _merge_stretches(stretches, n_classes, X.shape[1])
    means, low = two_sum(origins, offsets)
    return ClassMoments(counts, means, scatter + between, low)


def _first_rows(X: Any, order: NDArray[Any], ends: NDArray[Any]) -> Array:
    """Return the first row of each class; 0 for a class without rows."""
    starts = np.concatenate([[0], ends[:-1]])
    first = np.zeros((len(ends), X.shape[1]))
    first[starts < ends] = dense_rows(X, order[starts[starts < ends]])
    return first


def dense_rows(X: Any, at: Any) -> NDArray[Any]:
    """Return some rows of a dense or sparse matrix as an array."""
    rows = X[at]
    return cast(NDArray[Any], rows.toarray() if hasattr(rows, "toarray") else rows)


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
