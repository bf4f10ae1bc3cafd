"""All pairs at once: a table of any metric between two batches of Gaussians."""

from __future__ import annotations

import numbers
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from math import isqrt
from typing import Any, TypeVar

import numpy as np

from gaussmetrics._array import reading
from gaussmetrics._array.types import Array
from gaussmetrics.laws.gaussian import Gaussian, operand
from gaussmetrics.laws.gaussian_checks import flat_batch
from gaussmetrics.laws.operands import SYMMETRIC, callable_metric

T = TypeVar("T")
Metric = Callable[[Gaussian, Gaussian], Any]
Block = tuple[slice, slice]

CHUNK_BYTES = 4 * 2**20
"""A block of pairs is so small that one array (..., d, d) of it takes at most this much memory."""

TILE = 512
"""A task of joblib's workers is a square of at most so many rows and columns of the table."""

# Rows of a block of a mirrored table: few, so that few pairs below the diagonal are computed.
_FLAT = 8


def pairwise(
    metric: Metric,
    ps: Gaussian,
    qs: Gaussian | None = None,
    *,
    n_jobs: int | None = None,
    progress: bool = False,
    out: Any = None,
) -> Any:
    """Return the table of a metric between every law of one batch and every law of another.

    T[i, j] = metric(ps[i], qs[j])

    Each covariance is factorised once, and pairs are computed in blocks: beyond the table itself
    a job needs at most about ten arrays of 4 MB, or of one pair where that is larger. With `out`
    the table itself may be larger than memory.

    Parameters
    ----------
    metric : callable
        A metric of the library, or any function of two Gaussians that broadcasts like them.
    ps : Gaussian
        A batch of shape (n,).
    qs : Gaussian, optional
        A batch of shape (m,); by default `ps` itself. Then a symmetric metric of the library
        computes one half of the table.
    n_jobs : int, optional
        How many joblib workers share the table, -1 for one a core; inside a
        ``joblib.parallel_config`` they run on that backend, such as Ray, or Dask, of which each
        worker gets the laws once.
    progress : bool
        Show a progress bar on standard error (needs rich, the extra "progress").
    out : path or (n, m) array, optional
        Where the table goes, square by square: the name of a ``.npy`` file, which is there only
        once it is complete, or what can be written to like an array: a ``numpy.memmap``, a Zarr
        array.

    Returns
    -------
    (n, m) array
        In the unit of the metric. If `out` is an array, `out` itself; if it is a file, a
        ``numpy.memmap`` of it.

    Raises
    ------
    TypeError
        If the metric is not callable or an operand is not a Gaussian.
    ValueError
        If a batch is not one-dimensional, dimensions differ, the metric does not broadcast, or
        `out` is of another shape.

    See Also
    --------
    estimate_pairwise, plot_pairwise

    References
    ----------
    The blocks run on joblib, https://joblib.readthedocs.io.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> ps = gm.Gaussian([[0.0], [1.0], [3.0]], [[1.0]])
    >>> gm.pairwise(gm.wasserstein_distance, ps)
    array([[0., 1., 3.],
           [1., 0., 2.],
           [3., 2., 0.]])
    """
    callable_metric("metric", metric)
    ps = _batch("ps", ps)
    others = ps if qs is None else _batch("qs", qs)
    mirrored = qs is None and any(metric is known for known in SYMMETRIC)
    workers("n_jobs", n_jobs)
    laws = Laws(metric, ps, others, mirrored=mirrored)
    for law in (ps, others):
        law.covariance.prepare()
    if out is None and n_jobs is None:
        return laws.table(progress=progress)
    with target(out, laws.shape) as table:
        _fill(table, laws, n_jobs, progress=progress)
    return np.load(out, mmap_mode="r+") if isinstance(out, (str, os.PathLike)) else table


class Laws:
    """A metric and the two batches of its table, which workers keep while they have tasks."""

    def __init__(self, metric: Metric, ps: Gaussian, qs: Gaussian, *, mirrored: bool) -> None:
        self.metric, self.ps, self.qs, self.mirrored = metric, ps, qs, mirrored
        self.shape = len(ps), len(qs)

    def tile(self, tile: Block) -> Array:
        """Compute a part of the table; a square on the diagonal of a mirrored one is mirrored."""
        rows, columns = tile
        mirrored = self.mirrored and rows == columns
        return Laws(self.metric, self.ps[rows], self.qs[columns], mirrored=mirrored).table()

    def table(self, *, progress: bool = False) -> Array:
        """Compute all of it, block by block."""
        table, dim = np.empty(self.shape), max(self.ps.dim, self.qs.dim)
        blocks = list(_blocks(self.shape, dim, mirrored=self.mirrored))
        for rows, columns in _shown(blocks, len(blocks)) if progress else blocks:
            values = self.block(rows, columns)
            if self.mirrored and rows.start == columns.start:
                square = values[:, : len(values)]
                values[:, : len(values)] = np.triu(square) + np.triu(square, 1).T
            _write(table, rows, columns, values, mirrored=self.mirrored)
        return table

    def block(self, rows: slice, columns: slice) -> Array:
        """Compute all pairs of a few laws at once."""
        result = self.metric(self.ps[rows][:, None], self.qs[columns])
        values = np.array(result, dtype=np.float64)
        broadcast_result(values.shape, (rows.stop - rows.start, columns.stop - columns.start))
        return values


def _fill(table: Any, laws: Laws, n_jobs: int | None, *, progress: bool) -> None:
    """Compute a table square by square, here or on joblib's workers, and write it."""
    tiles, count = _tiles(laws.shape, _side(laws.shape, n_jobs), mirrored=laws.mirrored)
    results: Iterable[tuple[Block, Array]]
    if n_jobs is None:
        results = ((tile, laws.tile(tile)) for tile in tiles)
    else:
        from gaussmetrics.streams.workers import on_workers

        results = on_workers(Laws.tile, laws, tiles, n_jobs)
    for (rows, columns), values in _shown(results, count) if progress else results:
        _write(table, rows, columns, values, mirrored=laws.mirrored)


def _side(shape: tuple[int, int], n_jobs: int | None) -> int:
    """Return the side of a square, of which every worker is to have some."""
    if n_jobs is None:
        return TILE
    from gaussmetrics.streams.workers import worker_count

    return min(TILE, max(_FLAT, isqrt(shape[0] * shape[1] // (8 * worker_count(n_jobs)))))


def _write(table: Any, rows: slice, columns: slice, values: Array, *, mirrored: bool) -> None:
    table[rows, columns] = values
    if mirrored and rows != columns:
        table[columns, rows] = values.T


def _batch(name: str, law: Any) -> Gaussian:
    flat_batch(name, operand("pairwise", name, law))
    return law


def _blocks(shape: tuple[int, int], dim: int, *, mirrored: bool) -> Iterator[Block]:
    """Cut the table into square blocks, or its upper half into flat ones."""
    n, m = shape
    pairs = max(1, CHUNK_BYTES // (8 * dim * dim))
    height = min(_FLAT, isqrt(pairs)) if mirrored else isqrt(pairs)
    for i in range(0, n, height):
        for j in range(i if mirrored else 0, m, pairs // height):
            yield slice(i, min(i + height, n)), slice(j, min(j + pairs // height, m))


def _tiles(shape: tuple[int, int], side: int, *, mirrored: bool) -> tuple[Iterator[Block], int]:
    """Cut the table, or its upper half, into squares, and count them."""
    n, m = (-(-length // side) for length in shape)

    def cut() -> Iterator[Block]:
        for i in range(n):
            for j in range(i if mirrored else 0, m):
                yield _part(i, side, shape[0]), _part(j, side, shape[1])

    return cut(), n * (n + 1) // 2 if mirrored else n * m


def _part(number: int, side: int, length: int) -> slice:
    return slice(number * side, min(number * side + side, length))


@contextmanager
def target(out: Any, shape: tuple[int, int]) -> Iterator[Any]:
    """Give what the table is written to; a file gets its name when it is complete."""
    if out is None:
        yield np.empty(shape)
    elif not isinstance(out, (str, os.PathLike)):
        writable_table(out, shape)
        yield out
    else:
        named_npy(out)
        unfinished = f"{os.fspath(out)}.part"
        table = np.lib.format.open_memmap(unfinished, "w+", np.dtype(np.float64), shape)
        yield table
        table.flush()
        del table
        os.replace(unfinished, out)


def _shown(results: Iterable[T], total: int) -> Iterable[T]:
    """Pass the results on, with a bar on standard error that counts them."""
    try:
        from rich.console import Console
        from rich.progress import track
    except ImportError:
        reading.needs_extra("progress=True", "rich", "progress")
    return track(results, "pairs", total=total, console=Console(stderr=True))


def workers(name: str, value: Any) -> None:
    """Check a number of workers, as joblib counts them."""
    if value is None:
        return
    if not isinstance(value, numbers.Integral) or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer or None, got {reading.shown(value)}.")
    if value == 0 or abs(int(value)) >= 2**31:
        raise ValueError(
            f"{name} must be a number of workers, or -1 for one a core, got {reading.shown(value)}."
        )


def broadcast_result(shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    """Check that a metric of the user's own broadcasts."""
    if shape != expected:
        raise ValueError(
            f"metric must broadcast: for batches of shapes ({expected[0]}, 1) and "
            f"({expected[1]},) it must return an array of shape {expected}, got {shape}."
        )


def named_npy(out: Any) -> None:
    """Check the name of a file for the table."""
    if not os.fspath(out).endswith(".npy"):
        raise ValueError(
            f"out must be the name of a .npy file or an array to write to, got "
            f"{os.fspath(out)!r}. A Zarr store is opened first, and the array passed: "
            'zarr.create_array("table.zarr", shape=(n, m), chunks=(512, 512), dtype="float64").'
        )


def writable_table(out: Any, shape: tuple[int, int]) -> None:
    """Check an array that a table is written to."""
    if not hasattr(out, "shape") or not hasattr(out, "__setitem__"):
        raise TypeError(
            "out must be the name of a .npy file or an array to write to, such as a numpy.memmap "
            f"or a Zarr array, got an object of type {type(out).__name__}."
        )
    if tuple(out.shape) != shape or np.dtype(out.dtype).kind != "f":
        raise ValueError(
            f"out must be an array of floats of shape {shape}, got {np.dtype(out.dtype)} of shape "
            f"{tuple(out.shape)}."
        )
