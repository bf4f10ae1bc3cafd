"""Samples that no machine holds, as passes of blocks: batches, files, Dask.

What is wanted of all rows is written as two functions: `part`, of one block of rows, and `merge`,
of two such results. `Passes.fold` brings one to the rows and the other to the results, wherever
the rows are. This wing knows neither moments nor laws; those who have a formula pass it in.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gaussmetrics.streams.passes import Block, Passes, in_pairs

__all__ = [
    "Block",
    "Passes",
    "batch_passes",
    "collection_passes",
    "in_blocks",
    "in_pairs",
    "is_collection",
    "labelled_passes",
    "mapped",
    "sample_passes",
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


def in_blocks(value: Any) -> bool:
    """Tell whether a sample comes in blocks: of Dask, of a file, of Arrow, of an open stream."""
    if is_collection(value) or isinstance(value, (str, os.PathLike, np.memmap, Iterator)):
        return True
    some = value[0] if isinstance(value, (list, tuple)) and value else value
    of_arrow = hasattr(some, "schema") and hasattr(some, "num_rows")
    return (
        of_arrow
        or hasattr(value, "to_batches")
        or hasattr(value, "iter_batches")
        or (callable(value) and not hasattr(value, "__array__"))
    )


def sample_passes(value: Any, *, labels: Any = None, called: str, labels_called: str) -> Passes:
    """Return the blocks of one sample among the arguments of a function, which texts name."""
    if is_collection(value):
        from gaussmetrics.streams.dask_blocks import DaskPasses

        return DaskPasses(value, labels=labels, called=called, labels_called=labels_called)
    from gaussmetrics.streams.batches import BatchPasses

    return BatchPasses(value, labels=labels, called=called, labels_called=labels_called)


def labelled_passes(X: Any, y: Any, weights: Any = None, groups: Any = None) -> Any:
    """Return the blocks of labelled rows, or None if X is an ordinary array."""
    from gaussmetrics.streams.checks import labels_in_batches
    from gaussmetrics.streams.labelled import LabelledBatches, are_batches

    if is_collection(X):
        from gaussmetrics.streams.dask_labelled import LabelledDask

        return LabelledDask(X, y, weights, groups)
    if are_batches(X, y):
        return LabelledBatches(X, y, weights)
    labels_in_batches(X)
    return None


def mapped(
    function: Callable[..., Any], X: Any, *shared: Any, width: int | None, dtype: Any
) -> Any:
    """Return function(block, *shared) of all blocks of a Dask collection, as a lazy Dask array."""
    from gaussmetrics.streams import dask_blocks

    return dask_blocks.mapped(function, X, *shared, width=width, dtype=dtype)
