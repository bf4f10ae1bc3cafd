"""Moments of labelled samples: a count and a mean for each class, and one pooled scatter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import ArrayLike

from gaussmetrics._array.two_floats import difference, shifted
from gaussmetrics._array.types import Array
from gaussmetrics.laws import sample_checks
from gaussmetrics.laws.blocks import freeze_fields, merge_exactly
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
        return cls(*centred_classes.sums(rows, np.asarray(codes), n_classes, w))

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
