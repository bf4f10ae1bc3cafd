"""Labelled rows of Dask collections: labels, weights and groups in the blocks of the rows.

A block and what goes beside it are brought together by one task, which Dask makes one with those
that read them, so that the rows do not travel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from dask.array import blockwise
from dask.delayed import delayed

from gaussmetrics.streams import checks
from gaussmetrics.streams.dask_blocks import DaskPasses, alike, pieces
from gaussmetrics.streams.labelled import Beside
from gaussmetrics.streams.passes import Block

ARGUMENTS = ("y", "sample_weight", "groups")


class LabelledDask(DaskPasses):
    """The rows of a Dask array or data frame, with what goes beside them."""

    def __init__(self, X: Any, y: Any, weights: Any = None, groups: Any = None) -> None:
        super().__init__(X)
        values = dict(zip(ARGUMENTS, (y, weights, groups), strict=True))
        given = {name: value for name, value in values.items() if value is not None}
        of_frame = [hasattr(value, "divisions") for value in given.values()]
        if hasattr(X, "columns") and all(of_frame):
            self.blocks = _cut_together(X, given)
        elif hasattr(X, "columns") or any(of_frame):
            cut = {name: self._like_rows(name, value) for name, value in given.items()}
            self.blocks = self._side_by_side(cut)
        else:
            self.blocks = self._zipped(given)

    def place(self, number: int) -> str:
        """Say which block that is."""
        return self._places()[number]

    def _blocks(self) -> list[Any]:
        return self.blocks

    def _side_by_side(self, cut: dict[str, list[Any]]) -> list[Any]:
        """Bring blocks of different collections together."""
        of = delayed(_block, pure=False)
        parts = zip(*cut.values(), strict=True)
        return [
            of(i, tuple(cut), rows, *beside)
            for i, (rows, beside) in enumerate(zip(self.rows, parts, strict=True))
        ]

    def _zipped(self, given: dict[str, Any]) -> list[Any]:
        """Bring the blocks of arrays together, within the graph of arrays; others go along."""
        lazy, local = {}, {}
        for name, value in given.items():
            if hasattr(value, "__dask_graph__"):
                lazy[name] = alike(name, value, self.starts, self.called)
                checks.as_many_blocks(name, lazy[name].numblocks[0], len(self.rows), self.called)
            else:
                local[name] = self._like_rows(name, value)
        if not lazy:
            return self._side_by_side(local)
        beside = [part for array in lazy.values() for part in (array, "i")]
        whole = blockwise(  # type: ignore[no-untyped-call]
            _entries, "i", self.whole, "ij", *beside,
            concatenate=True, align_arrays=False, dtype=object, meta=np.empty(0, object),
        )  # fmt: skip
        of, names = delayed(_numbered, pure=False), (*lazy, *local)
        return [
            of(i, names, entries, *(parts[i] for parts in local.values()))
            for i, entries in enumerate(pieces(whole))
        ]


def _cut_together(X: Any, series: dict[str, Any]) -> list[Any]:
    """Return the blocks of a data frame and of series that belong to its rows.

    Read by themselves, Dask might cut a few columns of the same files otherwise.
    """
    for name, value in series.items():
        checks.cut_alike(name, value.divisions, X.divisions)
    names = {name: f"{name} of gaussmetrics" for name in series}
    frame = X.assign(**{names[name]: value for name, value in series.items()})
    of = delayed(_of_frame, pure=False)
    return [of(i, piece, list(X.columns), names) for i, piece in enumerate(pieces(frame))]


def _block(number: int, names: Sequence[str], rows: Any, *beside: Any) -> Block:
    found = dict(zip(names, beside, strict=True))
    return Block(rows, labels=Beside(number, *(found.get(name) for name in ARGUMENTS)))


def _entries(rows: Any, *beside: Any) -> tuple[Any, ...]:
    return rows, *beside


def _numbered(number: int, names: Sequence[str], entries: tuple[Any, ...], *local: Any) -> Block:
    return _block(number, names, *entries, *local)


def _of_frame(number: int, frame: Any, columns: Sequence[Any], names: dict[str, str]) -> Block:
    beside = (frame[name] for name in names.values())
    return _block(number, tuple(names), frame[list(columns)], *beside)
