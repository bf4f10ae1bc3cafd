"""Tasks on joblib's workers: what they share is sent once, and few results wait to be taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

from joblib import Parallel, delayed, effective_n_jobs, parallel_config
from joblib.parallel import get_active_backend

from gaussmetrics.streams.cluster import installed

S = TypeVar("S")
T = TypeVar("T")

AHEAD = 8
"""Tasks a worker that are under way at once: results that wait take bounded memory."""


def worker_count(n_jobs: int) -> int:
    """Return how many workers there are."""
    return int(effective_n_jobs(n_jobs))


def on_workers(
    function: Callable[[Any, S], T], shared: Any, tasks: Iterator[S], n_jobs: int
) -> Iterator[tuple[S, T]]:
    """Yield each task and function(shared, task), in order."""
    ahead = AHEAD * worker_count(n_jobs)
    with _holding(shared), Parallel(n_jobs=n_jobs, return_as="generator") as pool:
        while some := list(islice(tasks, ahead)):
            results = pool(delayed(function)(shared, task) for task in some)
            yield from zip(some, results, strict=True)


@contextmanager
def _holding(shared: Any) -> Iterator[None]:
    """Send what is shared to the workers of Dask, if these are in use, before any task."""
    backend, _ = get_active_backend()
    client = getattr(backend, "client", None)
    if type(backend).__name__ != "DaskDistributedBackend" or client is None:
        yield
        return
    installed(client)
    options = {"client": client, "scatter": [shared], **backend.submit_kwargs}
    with parallel_config(backend="dask", **options):
        holder, _ = get_active_backend()
        try:
            yield
        finally:
            # The backend lives on in a cycle of references, and with it what the workers hold.
            holder.data_futures.clear()
