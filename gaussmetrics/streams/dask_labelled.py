"""Labelled rows of Dask collections: labels, weights and groups in the blocks of the rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dask.delayed import delayed

from gaussmetrics.streams import checks
from gaussmetrics.streams.dask_blocks import DaskPasses, pieces
from gaussmetrics.streams.labelled import Beside

ARGUMENTS = ("y", "sample_weight", "groups")


class LabelledDask(DaskPasses):
    """The rows of a Dask array or data frame, with what goes beside them."""

    def __init__(self, X: Any, y: Any, weights: Any = None, groups: Any = None) -> None:
        super().__init__(X)
        values = dict(zip(ARGUMENTS, (y, weights, groups), strict=True))
        together = {name: value for name, value in values.items() if hasattr(value, "divisions")}
        if hasattr(X, "columns") and together:
            self.rows, cut = _cut_together(X, together)
        else:
            cut = {}
        nothing = [None] * len(self.rows)
        parts = [
            nothing if value is None else cut.get(name) or self._like_rows(name, value)
            for name, value in values.items()
        ]
        self.labels = list(map(Beside, range(len(self.rows)), *parts))

    def place(self, number: int) -> str:
        """Say which block that is."""
        return self._places()[number]


def _cut_together(X: Any, series: dict[str, Any]) -> tuple[list[Any], dict[str, list[Any]]]:
    """Return the blocks of a data frame and of series that belong to its rows.

    Read by themselves, Dask might cut a few columns of the same files otherwise.
    """
    for name, value in series.items():
        checks.cut_alike(name, value.divisions, X.divisions)
    names = {name: f"{name} of gaussmetrics" for name in series}
    frame = X.assign(**{names[name]: value for name, value in series.items()})
    apart = delayed(_apart, nout=1 + len(series), pure=False)
    blocks = [apart(piece, list(X.columns), list(names.values())) for piece in pieces(frame)]
    rows, *beside = ([block[i] for block in blocks] for i in range(1 + len(series)))
    return rows, dict(zip(series, beside, strict=True))


def _apart(frame: Any, columns: Sequence[Any], beside: Sequence[str]) -> tuple[Any, ...]:
    return frame[list(columns)], *(frame[name] for name in beside)
