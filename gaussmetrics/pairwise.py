"""All pairs at once: a table of any metric between two batches of Gaussians."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from math import isqrt
from typing import Any

import numpy as np

from gaussmetrics._array import reading
from gaussmetrics._array.types import Array
from gaussmetrics.laws.gaussian import Gaussian, operand
from gaussmetrics.laws.operands import SYMMETRIC, callable_metric, flat_batch

Metric = Callable[[Gaussian, Gaussian], Any]
Block = tuple[slice, slice]

CHUNK_BYTES = 4 * 2**20
"""A block of pairs is so small that one array (..., d, d) of it takes at most this much memory."""

# Rows of a block of a mirrored table: few, so that few pairs below the diagonal are computed.
_FLAT = 8


def pairwise(
    metric: Metric,
    ps: Gaussian,
    qs: Gaussian | None = None,
    *,
    n_jobs: int | None = None,
    progress: bool = False,
) -> Array:
    """Return the table of a metric between every law of one batch and every law of another.

    T[i, j] = metric(ps[i], qs[j])

    Each covariance is factorised once, and pairs are computed in blocks: beyond the table itself
    a job needs at most about ten arrays of 4 MB, or of one pair where that is larger.

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
        How many joblib workers share the blocks, -1 for one a core; inside a
        ``joblib.parallel_config`` they run on that backend, such as Dask or Ray.
    progress : bool
        Show a progress bar on standard error (needs rich, the extra "progress").

    Returns
    -------
    (n, m) array
        In the unit of the metric.

    Raises
    ------
    TypeError
        If the metric is not callable or an operand is not a Gaussian.
    ValueError
        If a batch is not one-dimensional, dimensions differ, or the metric does not broadcast.

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
    shape = (len(ps), len(others))
    for law in (ps, others):
        law.covariance.prepare()
    blocks = list(_blocks(shape, max(ps.dim, others.dim), mirrored=mirrored))
    results = _run([partial(_compute, metric, ps, others, block) for block in blocks], n_jobs)
    if progress:
        results = _shown(results, len(blocks))
    table = np.empty(shape)
    for (rows, columns), values in zip(blocks, results, strict=True):
        table[rows, columns] = values
    return np.triu(table) + np.triu(table, 1).T if mirrored else table


def _batch(name: str, law: Any) -> Gaussian:
    flat_batch(name, operand("pairwise", name, law).batch_shape)
    return law


def _blocks(shape: tuple[int, int], dim: int, *, mirrored: bool) -> Iterator[Block]:
    """Cut the table into square blocks, or its upper half into flat ones."""
    n, m = shape
    pairs = max(1, CHUNK_BYTES // (8 * dim * dim))
    height = min(_FLAT, pairs) if mirrored else isqrt(pairs)
    for i in range(0, n, height):
        for j in range(i if mirrored else 0, m, pairs // height):
            yield slice(i, min(i + height, n)), slice(j, min(j + pairs // height, m))


def _compute(metric: Metric, ps: Gaussian, qs: Gaussian, block: Block) -> Array:
    rows, columns = block
    values = np.asarray(metric(ps[rows][:, None], qs[columns]), dtype=np.float64)
    broadcast_result(values.shape, (rows.stop - rows.start, columns.stop - columns.start))
    return values


def _run(tasks: list[Callable[[], Array]], n_jobs: int | None) -> Iterable[Array]:
    """Yield the results of the tasks in order, here or on joblib's workers."""
    if n_jobs is None:
        return (task() for task in tasks)
    from joblib import Parallel, delayed

    return Parallel(n_jobs=n_jobs, return_as="generator")(delayed(task)() for task in tasks)


def _shown(results: Iterable[Array], total: int) -> Iterable[Array]:
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
