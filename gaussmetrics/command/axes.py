"""The coordinates in which rows are compared: columns in standard deviations, or principal axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gaussmetrics._array.types import Array

MOST_AXES = 32


@dataclass(frozen=True)
class Coordinates:
    """Rows of centred coordinates, and how much of the variance of all columns they hold."""

    rows: Array
    share: float
    principal: bool


def coordinates(scaled: Array) -> Coordinates:
    """Return the columns, less their mean, or the leading principal axes of many.

    Wasserstein distances are the same after a rotation, and smaller after a projection. The axes
    are those of all rows, whatever their groups, so that tests by dealing rows anew stay exact.
    """
    centred = scaled - scaled.mean(axis=0)
    n, d = centred.shape
    if d <= MOST_AXES:
        return Coordinates(centred, 1.0, principal=False)
    if n <= d:
        u, s, _ = np.linalg.svd(centred, full_matrices=False)
        along, squares = u * s, s**2
    else:
        values, vectors = np.linalg.eigh(centred.T @ centred)
        squares = np.maximum(values[::-1], 0.0)
        along = centred @ vectors[:, ::-1][:, :MOST_AXES]
    share = float(squares[:MOST_AXES].sum() / squares.sum())
    return Coordinates(along[:, :MOST_AXES], share, principal=True)
