"""Labelled rows, read once: centred within their classes in the cache, summed up, multiplied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dsyrk

from gaussmetrics._array import cores
from gaussmetrics._array.two_floats import two_sum
from gaussmetrics._array.types import Array, Scalars
from gaussmetrics.laws.blocks import centre, row_blocks

PIECE = 0.125
"""Share of a block of rows that stays in the cache of one core while it is centred."""


class Stretch(NamedTuple):
    """Rows of one class: its code, their total weight and their mean, from the class's origin."""

    code: int
    weight: Scalars
    mean: Array


def sums(
    X: Any, codes: NDArray[Any], n_classes: int, weights: Array | None
) -> tuple[Array, Array, Array, Array]:
    """Return the weights, means, pooled scatter of classes of rows, and what the means lost.

    Every stretch of rows of one class is centred by itself; the stretches are merged at the end.
    Reading the rows in the order of their classes leaves few stretches and no loop over rows.
    """
    order = np.argsort(codes.astype(np.min_scalar_type(n_classes)), kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=n_classes))
    origins = _first_rows(X, order, ends)
    scatter = np.zeros((X.shape[1], X.shape[1]), order="F")
    stretches: list[Stretch] = []
    for block, found in _centred(X, order, ends, origins, weights):
        _add_gram(scatter, block)
        stretches += found
    counts, offsets, steps = _merged(stretches, n_classes, X.shape[1])
    _add_gram(scatter, steps)
    means, low = two_sum(origins, offsets)
    return counts, means, _mirrored(scatter), low


def _centred(
    X: Any, order: NDArray[Any], ends: NDArray[Any], origins: Array, weights: Array | None
) -> Iterator[tuple[Array, list[Stretch]]]:
    """Yield blocks of centred rows, times √weight, each in the place of the last one."""
    blocks = list(row_blocks(X.shape))
    room = np.empty((blocks[0].stop if blocks else 0, X.shape[1]))
    most = max(1, int(PIECE * len(room)))
    for at in blocks:
        block, taken = room[: at.stop - at.start], order[at]

        def centred(piece: tuple[int, slice], block: Array = block, taken: Any = taken) -> Stretch:
            k, rows = piece
            part = block[rows]
            _read(X, taken[rows], part)
            part -= origins[k]
            return Stretch(k, *centre(part, None if weights is None else weights[taken[rows]]))

        pieces = list(_pieces(ends, at, most))
        yield block, list(cores.shared(centred, pieces, block.size))


def _read(X: Any, at: NDArray[Any], room: Array) -> None:
    """Write some rows of a dense or sparse matrix to an array."""
    if isinstance(X, np.ndarray) and X.dtype == room.dtype and X.flags.c_contiguous:
        np.take(X, at, axis=0, out=room, mode="clip")
    else:
        room[:] = dense_rows(X, at)


def dense_rows(X: Any, at: Any) -> NDArray[Any]:
    """Return some rows of a dense or sparse matrix as an array."""
    rows = X[at]
    return cast(NDArray[Any], rows.toarray() if hasattr(rows, "toarray") else rows)


def _first_rows(X: Any, order: NDArray[Any], ends: NDArray[Any]) -> Array:
    """Return the first row of each class; 0 for a class without rows."""
    starts = np.concatenate([[0], ends[:-1]])
    first = np.zeros((len(ends), X.shape[1]))
    first[starts < ends] = dense_rows(X, order[starts[starts < ends]])
    return first


def _pieces(ends: NDArray[Any], at: slice, most: int) -> Iterator[tuple[int, slice]]:
    """Yield each class within a block of rows sorted by class, and where in it, piece by piece."""
    start = at.start
    for k in range(int(np.searchsorted(ends, start, side="right")), len(ends)):
        stop = min(int(ends[k]), at.stop)
        for first in range(start, stop, most):
            yield k, slice(first - at.start, min(first + most, stop) - at.start)
        start = max(start, stop)
        if start == at.stop:
            return


def _add_gram(scatter: Array, rows: Array) -> None:
    """Add RᵀR to the lower half of a matrix in Fortran's order."""
    if len(rows):
        dsyrk(1.0, rows.T, beta=1.0, c=scatter, overwrite_c=True, lower=True)


def _mirrored(scatter: Array) -> Array:
    """Fill the upper half of a matrix in Fortran's order with the lower one."""
    for j in range(len(scatter) - 1):
        scatter[j, j + 1 :] = scatter[j + 1 :, j]
    return scatter.T


def _merged(stretches: list[Stretch], n_classes: int, d: int) -> tuple[Array, Array, Array]:
    """Merge stretches into counts and means; the squares of the third sum up to what they step."""
    classes = np.array([stretch.code for stretch in stretches], dtype=np.intp)
    weights = np.array([stretch.weight for stretch in stretches], dtype=np.float64)
    means = np.array([stretch.mean for stretch in stretches]).reshape(-1, d)
    counts: Array = np.bincount(classes, weights, minlength=n_classes).astype(np.float64)
    merged = np.zeros((n_classes, d))
    np.add.at(merged, classes, weights[:, None] * means)
    merged /= np.where(counts > 0, counts, 1.0)[:, None]
    return counts, merged, np.sqrt(weights)[:, None] * (means - merged[classes])
