"""Blocks of Dask collections, worked on where they are; Dask is imported here and beside it only.

Whatever runs the graph may be threads, processes or a cluster; Dask decides. A worker that dies
takes its results along, and Dask computes those again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from cloudpickle import dumps  # type: ignore[import-untyped]
from dask.array import concatenate, from_delayed
from dask.base import compute
from dask.delayed import delayed

from gaussmetrics.streams import checks, cluster
from gaussmetrics.streams.passes import Block, Passes, column_names, joined, of_block, span

T = TypeVar("T")

INLINE = 2**24
"""Values that take no more bytes go along with every task, 16 MB all together. One that hangs on
nothing but its block is one task with it for Dask, and then the rows never travel."""

FAN_IN = 8
"""How many results one task merges: the depth of the tree is log₈ of the number of blocks."""


class DaskPasses(Passes):
    """The rows of a Dask array or data frame, with weights and labels cut like them."""

    def __init__(
        self,
        X: Any,
        *,
        weights: Any = None,
        labels: Any = None,
        called: str = "X",
        labels_called: str = "labels",
    ) -> None:
        self.called, self.whole = called, (whole := whole_rows(X, called))
        self.rows = pieces(whole)
        self.names, self.weighted = column_names(X), weights is not None
        self.width = len(X.columns) if hasattr(X, "columns") else int(X.shape[1])
        self.starts = starts(whole)
        self.length = None if self.starts is None else self.starts[-1]
        self.weights = None if weights is None else self._like_rows("weights", weights)
        self.labels = None if labels is None else self._like_rows(labels_called, labels)

    def fold(self, part: Callable[..., T], merge: Callable[[T, T], T], *shared: Any) -> T:
        """Return part(block, *shared) of all blocks, merged in a tree: one pass over the rows."""
        given: Callable[..., T] = partial(_with, part, shared)
        sent: list[Any] = []
        if len(dumps(shared)) * len(self.rows) > INLINE:
            given, sent = part, [delayed(value, traverse=False) for value in shared]
        of = delayed(of_block, pure=False)
        merging = delayed(_merged, pure=False)
        tree = [
            of(where, self.width, self.names, given, block, *sent)
            for where, block in zip(self._places(), self._blocks(), strict=True)
        ]
        while len(tree) > 1:
            tree = [merging(merge, tree[i : i + FAN_IN]) for i in range(0, len(tree), FAN_IN)]
        return computed(tree[0])

    def gather(self) -> Block:
        """Return all rows in one block: only for samples known to be small."""
        return joined(Block(*block) for block in computed([tuple(b) for b in self._blocks()]))

    def again(self, what: str) -> None:
        """Let any number of passes go: Dask reads or computes the rows again."""

    def count(self, what: str) -> int:  # noqa: ARG002
        """Return how many rows there are; of unknown blocks, by a pass over the first column."""
        if self.starts is None:
            length = delayed(len, pure=False)
            sizes = computed([length(block) for block in self._narrow()])
            self.starts = [0, *np.cumsum(sizes).tolist()]
            self.length = self.starts[-1]
        return int(self.starts[-1])

    def _narrow(self) -> list[Any]:
        """Return blocks of as many rows as ours, with fewer columns to be read if there can be."""
        if not hasattr(self.whole, "columns"):
            return self.rows
        first = pieces(self.whole[[self.whole.columns[0]]])
        # Dask may join blocks of files that have become small.
        return first if len(first) == len(self.rows) else self.rows

    def _blocks(self) -> list[Block]:
        nothing = [None] * len(self.rows)
        weights, labels = self.weights or nothing, self.labels or nothing
        return list(map(Block, self.rows, weights, labels, self.starts or nothing))

    def _places(self) -> list[str]:
        if self.starts is None:
            return [f"block {i} of {self.called}" for i in range(len(self.rows))]
        spans = (span(start, stop - start) for start, stop in pairwise(self.starts))
        return [f"block {i} of {self.called} ({rows})" for i, rows in enumerate(spans)]

    def _like_rows(self, name: str, value: Any) -> list[Any]:
        """Return weights or labels in the blocks of the rows."""
        if hasattr(value, "__dask_graph__"):
            cut = pieces(alike(name, value, self.starts, self.called))
            checks.as_many_blocks(name, len(cut), len(self.rows), self.called)
            return cut
        array = np.asarray(value)
        if self.starts is None:
            checks.refuse_local_beside_unknown(name, self.called)
        checks.as_long(name, array.shape, self.starts[-1], self.called)
        return [array[start:stop] for start, stop in pairwise(self.starts)]


def mapped(
    function: Callable[..., Any], X: Any, *shared: Any, width: int | None, dtype: Any
) -> Any:
    """Return function(block, *shared) of all blocks as a lazy Dask array: (n, width), or (n,).

    The function keeps the rows of a block and returns an array; its width is None for (n,).
    """
    passes, beyond = DaskPasses(X), () if width is None else (width,)
    sizes = [np.nan] * len(passes.rows) if passes.starts is None else np.diff(passes.starts)
    sent = [delayed(value, traverse=False) for value in shared]
    of, results = delayed(of_block, pure=False), []
    for size, where, block in zip(sizes, passes._places(), passes.rows, strict=True):
        rows = of(where, passes.width, passes.names, _of_rows, Block(block), function, *sent)
        results.append(from_delayed(rows, (size, *beyond), dtype=dtype))  # type: ignore[no-untyped-call]
    return concatenate(results, allow_unknown_chunksizes=True)  # type: ignore[no-untyped-call]


def _of_rows(block: Block, function: Callable[..., T], *shared: Any) -> T:
    return function(block.rows, *shared)


def whole_rows(X: Any, called: str = "X") -> Any:
    """Return a collection whose blocks hold whole rows of numbers."""
    if hasattr(X, "columns"):
        return X
    checks.dask_samples(X.ndim, X.shape, X.dtype, called)
    split = X.numblocks[1]
    if split > 1:
        checks.warn_of_joining(split, X.nbytes, called)
        return X.rechunk({1: -1})
    return X


def alike(name: str, value: Any, starts: Sequence[int] | None, called: str) -> Any:
    """Return a Dask array in blocks that begin where the rows' do, if all sizes are known."""
    if starts is None or not hasattr(value, "rechunk") or np.isnan(value.shape).any():
        return value
    checks.as_long(name, value.shape, starts[-1], called)
    return value.rechunk((tuple(np.diff(starts).tolist()),))


def starts(X: Any) -> Sequence[int] | None:
    """Return the first row of each block and the number of rows, if they are known."""
    if hasattr(X, "columns") or np.isnan(X.shape[0]):
        return None
    return [0, *np.cumsum(X.chunks[0]).tolist()]


def pieces(collection: Any) -> list[Any]:
    """Return the blocks of a collection along its rows."""
    return list(np.ravel(np.asarray(collection.to_delayed(), dtype=object)))


def computed(graph: Any) -> Any:
    """Compute a graph where Dask computes, on a cluster that has what it needs for that."""
    cluster.installed(cluster.client())
    return compute(graph)[0]  # type: ignore[no-untyped-call]


def _with(part: Callable[..., T], shared: tuple[Any, ...], block: Block) -> T:
    """Return part(block, *shared)."""
    return part(block, *shared)


def _merged(merge: Callable[[T, T], T], parts: Sequence[T]) -> T:
    """Merge a few results, halves with halves."""
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    return merge(_merged(merge, parts[:half]), _merged(merge, parts[half:]))
