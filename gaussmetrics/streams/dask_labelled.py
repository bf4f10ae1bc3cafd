"""Labelled rows of Dask collections: labels, weights and groups in the blocks of the rows."""

from __future__ import annotations

from typing import Any

from gaussmetrics.streams.dask_blocks import DaskPasses
from gaussmetrics.streams.labelled import Beside


class LabelledDask(DaskPasses):
    """The rows of a Dask array or data frame, with what goes beside them."""

    def __init__(self, X: Any, y: Any, weights: Any = None, groups: Any = None) -> None:
        super().__init__(X)
        nothing = [None] * len(self.rows)
        parts = [
            nothing if value is None else self._like_rows(name, value)
            for name, value in (("y", y), ("sample_weight", weights), ("groups", groups))
        ]
        self.labels = list(map(Beside, range(len(self.rows)), *parts))

    def place(self, number: int) -> str:
        """Say which block that is."""
        return self._places()[number]
