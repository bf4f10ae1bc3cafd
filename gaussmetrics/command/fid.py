"""``gaussmetrics fid``: the Fréchet distance of two sets of features, and less its bias."""

from __future__ import annotations

import sys
import warnings
from argparse import Namespace
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from gaussmetrics._array.types import Array
from gaussmetrics.command.arrays import ARRAYS, one_array, statistics
from gaussmetrics.command.files import read_table
from gaussmetrics.command.record import as_json
from gaussmetrics.command.selection import Selection, columns_of_numbers
from gaussmetrics.command.stopping import DONE, Refusal, refusing
from gaussmetrics.command.wording import counted, rounded, wrapped
from gaussmetrics.inference import estimate
from gaussmetrics.laws import Gaussian
from gaussmetrics.transport import squared_wasserstein_distance

GROUPS, FEWER_GROUPS, MANY_FEATURES = 50, 20, 512
ROWS_A_COLUMN = 3.3
LONG = 60.0
"""Seconds of waiting that are announced."""


@dataclass(frozen=True)
class Features:
    """Rows of features, or the law that a file of mu and sigma holds."""

    path: Path
    law: Gaussian
    rows: Array | None

    @property
    def count(self) -> str:
        """How many rows there are."""
        return "mu and sigma" if self.rows is None else counted(len(self.rows), "row")


def fid(options: Namespace) -> int:
    """Read, compute, tell."""
    a, b = (_features(path, options) for path in (options.a, options.b))
    if a.law.dim != b.law.dim:
        raise Refusal(
            f"Both must have the same features, but {a.path} has {a.law.dim} and {b.path} has "
            f"{b.law.dim}."
        )
    start = perf_counter()
    plain = float(squared_wasserstein_distance(a.law, b.law))
    seconds = perf_counter() - start
    told = {"command": "fid", "a": str(a.path), "b": str(b.path), "features": a.law.dim,
            "rows": [None if x.rows is None else len(x.rows) for x in (a, b)],
            "fid": plain, "value": None, "standard_error": None, "low": None, "high": None,
            "level": options.level}  # fmt: skip
    lines = [f"{x.count} in {x.path}" for x in (a, b)]
    lines.append(f"FID of {counted(a.law.dim, 'feature')} as it is: {rounded(plain)}")
    groups = options.groups or (GROUPS if a.law.dim <= MANY_FEATURES else FEWER_GROUPS)
    why = ""
    if a.rows is None or b.rows is None:
        why = "it takes the features themselves, and mu and sigma are all there is."
    elif _too_few(min(len(a.rows), len(b.rows)), a.law.dim, groups):
        why = (
            f"{min(len(a.rows), len(b.rows))} rows for {a.law.dim} features are too few to take "
            "the bias off, which is most of the number above. It takes more rows than features, "
            f"{ROWS_A_COLUMN} times as many to do it well. Compare only numbers from equally many "
            "rows."
        )
    else:
        _announce(2 * groups + 1, seconds)
        lines += _with_interval(a.rows, b.rows, groups, options.level, told)
    if why:
        lines.append(wrapped(f"No bias, no interval: {why}"))
    print(as_json({**told, "why_no_interval": why or None}) if options.json else "\n".join(lines))
    return DONE


def _features(path: Path, options: Namespace) -> Features:
    if not path.exists():
        raise Refusal(f"There is no file or folder {path}.")
    known = statistics(path)
    if known is not None:
        try:
            return Features(path, Gaussian(*known, allow_singular=True), None)
        except (TypeError, ValueError) as error:
            raise Refusal(f"mu and sigma of {path} are no law: {error}") from None
    if path.is_dir() or path.suffix.lower() in ARRAYS:
        rows = one_array(path)
    else:
        rows = _rows_of_table(path, options)
    finite = np.isfinite(rows).all(axis=1)
    if not finite.all():
        raise Refusal(
            f"{path} must hold finite features, but {counted(int((~finite).sum()), 'row')} of "
            f"{len(rows)} has a NaN or infinity, the first of them row {int(np.argmin(finite))}."
        )
    if len(rows) < 2:
        raise Refusal(f"{path} holds {counted(len(rows), 'row')}: a law takes 2 at least.")
    with refusing(path):
        return Features(path, Gaussian.from_samples(rows, allow_singular=True), rows)


def _rows_of_table(path: Path, options: Namespace) -> Array:
    options.by, options.columns, options.without = None, [], []
    table = read_table(path, options)
    told = Selection(None, None)
    numbers = columns_of_numbers(table.frame, options, told, table.remarks)
    if told.left_out or told.encoded:
        raise Refusal(f"{path} must hold features, numbers only: {told.left_out or table.remarks}")
    rows: Array = numbers.to_numpy()
    return rows


def _too_few(n: int, d: int, groups: int) -> bool:
    """Whether no more rows than columns are left without a group."""
    return n - -(-n // groups) <= d


def _announce(distances: int, seconds: float) -> None:
    """Say on standard error how long it takes, if that is long."""
    minutes = ceil(distances * seconds / 60.0)
    if distances * seconds > LONG:
        print(
            f"gaussmetrics fid: the interval takes {distances} more distances, about {minutes} "
            "minutes; fewer --groups take less and tell the error less well.",
            file=sys.stderr,
        )


def _with_interval(
    x: Array, y: Array, groups: int, level: float, told: dict[str, Any]
) -> list[str]:
    fewest, d = min(len(x), len(y)), x.shape[1]
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            found = estimate(squared_wasserstein_distance, x, y,
                             groups=min(groups, fewest), allow_singular=True)  # fmt: skip
        except ValueError as error:
            raise Refusal(str(error)) from None
    low, high = found.confidence_interval(1.0 - level)
    told.update(value=found.value, standard_error=found.standard_error, low=low, high=high)
    lines = [
        f"less its bias: {rounded(found.value)} ± {rounded(found.standard_error)}, "
        f"{1.0 - level:.0%} interval {rounded(low)} to {rounded(high)}"
    ]
    if fewest < ROWS_A_COLUMN * d:
        lines.append(wrapped(
            f"With fewer than {ROWS_A_COLUMN} rows a feature the interval may hold less often than "
            "it says."
        ))  # fmt: skip
    return lines + [wrapped(str(w.message)) for w in heard]
