"""Moments of labelled samples: a count and a mean for each class, and one pooled scatter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import ArrayLike

from gaussmetrics._array.types import Array
from gaussmetrics.laws import sample_checks
from gaussmetrics.laws.blocks import freeze_fields, merge
from gaussmetrics.laws.moments import Moments
from gaussmetrics.softmax import centred_classes


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
    >>> from gaussmetrics.softmax import ClassMoments
    >>> m = ClassMoments.from_samples([[0.0], [2.0], [9.0]], [0, 0, 1], 2)
    >>> print(m.counts, m.means[:, 0], m.scatter)
    [2. 1.] [1. 9.] [[2.]]
    """

    counts: Array
    means: Array
    scatter: Array

    def __post_init__(self) -> None:
        freeze_fields(self, counts=self.counts, means=self.means, scatter=self.scatter)

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
        return cls(*centred_classes.sums(rows, np.asarray(codes), n_classes, w))

    def __add__(self, other: ClassMoments) -> ClassMoments:
        if not isinstance(other, ClassMoments):
            return NotImplemented
        sample_checks.mergeable(self.means.shape, other.means.shape)
        counts, means, steps = merge(self.counts, self.means, other.counts, other.means)
        return ClassMoments(counts, means, self.scatter + other.scatter + steps.T @ steps)

    @property
    def count(self) -> np.float64:
        """Total weight of all rows."""
        return cast(np.float64, self.counts.sum())

    @property
    def mean(self) -> Array:
        """Mean of all rows."""
        origin = self.means[self.counts.argmax()]
        shares = self.counts / max(self.counts.sum(), np.finfo(float).tiny)
        return cast(Array, origin + shares @ (self.means - origin))

    def total(self) -> Moments:
        """Forget the classes: moments of all rows, by the law of total covariance.

        Returns
        -------
        Moments
            Its scatter is the scatter within the classes plus the scatter of their means.
        """
        between = Moments.from_samples(self.means, weights=self.counts)
        return Moments(between.count, between.mean, self.scatter + between.scatter)
