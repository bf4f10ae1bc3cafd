"""Samples that no machine holds, as passes of blocks: batches, files, Dask.

What is wanted of all rows is written as two functions: `part`, of one block of rows, and `merge`,
of two such results. `Passes.fold` brings one to the rows and the other to the results, wherever
the rows are. This wing knows neither moments nor laws; those who have a formula pass it in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gaussmetrics.streams.passes import Block, Passes, in_pairs

__all__ = [
    "Block",
    "Passes",
    "batch_passes",
    "collection_passes",
    "in_pairs",
    "is_collection",
    "labelled_passes",
    "mapped",
]


def is_collection(value: Any) -> bool:
    """Tell whether a value is a Dask collection: computed in blocks, perhaps on other machines."""
    return hasattr(value, "__dask_graph__")


def collection_passes(X: Any, *, weights: Any = None, labels: Any = None) -> Passes:
    """Return the blocks of a Dask array or data frame, where they are."""
    from gaussmetrics.streams.dask_blocks import DaskPasses

    return DaskPasses(X, weights=weights, labels=labels)


def batch_passes(
    batches: Any, *, weights: Any = None, labels: Any = None, columns: Any = None
) -> Passes:
    """Return batches of rows that come one after the other in this process."""
    from gaussmetrics.streams.batches import BatchPasses

    return BatchPasses(batches, weights=weights, labels=labels, columns=columns)


def labelled_passes(X: Any, y: Any, weights: Any = None, groups: Any = None) -> Any:
    """Return the blocks of labelled rows, or None if X is an ordinary array."""
    from gaussmetrics.streams.labelled import LabelledBatches, are_batches

    if is_collection(X):
        from gaussmetrics.streams.dask_labelled import LabelledDask

        return LabelledDask(X, y, weights, groups)
    return LabelledBatches(X, y, weights) if are_batches(X, y) else None


def mapped(
    function: Callable[..., Any], X: Any, *shared: Any, width: int | None, dtype: Any
) -> Any:
    """Return function(block, *shared) of all blocks of a Dask collection, as a lazy Dask array."""
    from gaussmetrics.streams import dask_blocks

    return dask_blocks.mapped(function, X, *shared, width=width, dtype=dtype)
