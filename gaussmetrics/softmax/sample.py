"""Labelled rows, what each weighs, and what is left out with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array.types import Array
from gaussmetrics.softmax.class_moments import ClassMoments


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows with a class each, and the units in which they are left out.

    Parameters
    ----------
    X : (n, d)
        Dense or sparse.
    codes : (n,)
        Class of each row, 0 … K − 1.
    n_classes : int
        K.
    weights : (n,), optional
        What each row weighs.
    out : (n,), optional
        What is left out of each row's weight; 1 if not given. One copy of a row that stands for
        several, all of a row weighed by its class.
    units : (n,), optional
        How many units each row counts for: a row that stands for w equal ones counts w, the rows
        of a group of g count 1/g each; 1 if not given.
    groups : (n,), optional
        Code of each row's group. Groups are left out whole; without groups, rows are.
    columns : int, optional
        The d in τ = tr S/d: the columns before rows were turned into fewer coordinates.
    alike : bool
        Whether rows are left out one by one, with the same weight each.
    """

    X: Any
    codes: NDArray[np.intp]
    n_classes: int
    weights: Array | None = None
    out: Array | None = None
    units: Array | None = None
    groups: NDArray[np.intp] | None = None
    columns: int | None = None
    alike: bool = True

    def weighted(
        self,
        repeats: Array | None,
        by_class: Array | None,
        groups: NDArray[np.intp] | None,
        *,
        within: tuple[float, float] | None = None,
    ) -> Sample:
        """Say what each row weighs and what is left out with it.

        Parameters
        ----------
        repeats : (n,) or None
            How many equal rows each row stands for; they are left out one by one.
        by_class : (K,) or None
            What a row of each class weighs; left out whole.
        groups : (n,) or None
            Codes of groups; left out whole.
        within : (float, float), optional
            The least of `repeats` above 0 and the largest, of all rows, if these are some of them.
        """
        if repeats is None and by_class is None and groups is None:
            return self
        w = np.ones(len(self.codes)) if repeats is None else repeats
        least, largest = within or (w[w > 0].min(), w.max())
        factors = np.ones(self.n_classes) if by_class is None else by_class
        each = factors[self.codes]
        if groups is None:
            out, units = np.minimum(w, 1.0) * each, w / min(1.0, float(largest))
        else:
            present = w > 0
            out, units = w * each, present / np.maximum(np.bincount(groups, present), 1)[groups]
        # Rows that weigh nothing take no part, so that the others may all be alike.
        out = np.where(w > 0, out, min(largest, 1.0) * factors.max())
        alike = groups is None and min(least, 1.0) == min(largest, 1.0) and np.ptp(factors) == 0
        return replace(
            self, weights=w * each, out=out, units=units, groups=groups, alike=bool(alike)
        )

    def class_totals(self) -> Array:
        """Return the weight of each class, (K,)."""
        totals = np.bincount(self.codes, self.weights, minlength=self.n_classes)
        return totals.astype(np.float64)

    def moments(self) -> ClassMoments:
        """Gather the moments of the rows, class by class."""
        return ClassMoments.from_samples(self.X, self.codes, self.n_classes, weights=self.weights)

    @property
    def width(self) -> int:
        """The d in τ = tr S/d."""
        return int(self.columns or self.X.shape[1])

    def rows(self, at: Any) -> Sample:
        """Return some of the rows."""

        def part(values: Any) -> Any:
            return None if values is None else values[at]

        return replace(
            self,
            X=part(self.X),
            codes=part(self.codes),
            weights=part(self.weights),
            out=part(self.out),
            units=part(self.units),
            groups=part(self.groups),
        )
