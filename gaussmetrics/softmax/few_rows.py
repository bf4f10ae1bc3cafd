"""Rows with more columns than rows, in the coordinates of the space that they span."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gaussmetrics._array.linalg import eigenvalue_cutoff
from gaussmetrics._array.types import Array
from gaussmetrics.laws.blocks import BLOCK_ELEMENTS
from gaussmetrics.laws.sample_checks import finite_scatter


class SpannedSpace:
    """The space, of n − 1 dimensions at most, in which n rows lie about their mean.

    With the centred rows X = U diag(s) Vᵀ, coordinates are X V = U diag(s). U and s come from the
    n × n matrix XXᵀ, and V is only ever multiplied by, a block of columns at a time.

    Parameters
    ----------
    X : (n, d)
        Dense, or in sparse columns.
    """

    def __init__(self, X: Any) -> None:
        self.X = X
        gram = np.zeros((X.shape[0], X.shape[0]))
        self.mean = np.empty(X.shape[1])
        for at in self._columns():
            block = self._dense(at)
            self.mean[at] = block.mean(axis=0)
            block -= self.mean[at]
            with np.errstate(over="ignore", invalid="ignore"):
                gram += block @ block.T
        values, vectors = np.linalg.eigh(finite_scatter(gram))
        kept = values > eigenvalue_cutoff(len(values)) * values[-1]
        kept[-1] = True  # rows that are all equal have a coordinate too: 0
        self.scales, self.vectors = np.sqrt(np.maximum(values[kept], 0.0)), vectors[:, kept]

    def coordinates(self) -> Array:
        """Return the rows in an orthonormal basis of the space, (n, r)."""
        return self.vectors * self.scales

    def lift(self, directions: Array) -> Array:
        """Return vectors in coordinates (·, r) as vectors in columns (·, d)."""
        combined = (directions / self.scales) @ self.vectors.T
        result = np.empty((len(directions), self.X.shape[1]))
        for at in self._columns():
            block = self._dense(at)
            block -= self.mean[at]
            result[:, at] = combined @ block
        return result

    def _columns(self) -> Iterator[slice]:
        n, d = self.X.shape
        size = max(64, BLOCK_ELEMENTS // n)
        return (slice(start, min(start + size, d)) for start in range(0, d, size))

    def _dense(self, at: slice) -> Array:
        columns = self.X[:, at]
        columns = columns.toarray() if hasattr(columns, "toarray") else columns
        return np.array(columns, dtype=np.float64, order="C")
