"""Work shared among the cores, by threads: NumPy lets others run while it works on a block."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, TypeVar

S = TypeVar("S")
T = TypeVar("T")

WORTH_SHARING = 2**17
"""Numbers; fewer are done before another thread has begun."""
_SHARING = threading.Lock()


def shared(function: Callable[[S], T], parts: Sequence[S], size: int) -> Iterable[T]:
    """Yield function(part) for each part of an array, in order; cores share one worth it.

    Whoever comes while the cores are shared has one.
    """
    # While the interpreter shuts down, no thread can be started any more.
    if min(_cores(size), len(parts)) <= 1 or not threading.main_thread().is_alive():
        return map(function, parts)
    if not _SHARING.acquire(blocking=False):
        return map(function, parts)
    try:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(count()) as pool:
            return list(pool.map(function, parts))
    finally:
        _SHARING.release()


def shared_products(function: Callable[[S], T], parts: Sequence[S], size: int) -> list[T]:
    """Return the same of a function that multiplies large matrices.

    Meanwhile BLAS keeps to one thread a core, in the whole process, for more would wait for one
    another.
    """
    if _cores(size) == 1 or _SHARING.locked():
        return list(map(function, parts))
    with _blas().limit(limits=1):
        return list(shared(function, parts, size))


def _cores(size: int) -> int:
    return count() if size >= WORTH_SHARING else 1


@cache
def _blas() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


def count() -> int:
    """Return the first number of OMP_NUM_THREADS, or how many cores there are."""
    wanted = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(wanted) if wanted.isdecimal() and int(wanted) else os.cpu_count() or 1
