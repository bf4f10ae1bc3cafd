"""``gaussmetrics reference``: the moments of a table in a file, and what distances are usual."""

from __future__ import annotations

import json
import zipfile
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from io import BytesIO
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array.types import Array
from gaussmetrics.command.files import Table, read_table
from gaussmetrics.command.selection import (
    Selection,
    columns_of_numbers,
    encoded,
    names_of_groups,
    tell_codes,
)
from gaussmetrics.command.stopping import DONE, Refusal, folder, refusing
from gaussmetrics.command.wording import counted, listed, rounded, wrapped
from gaussmetrics.divergences import kl_divergence
from gaussmetrics.laws import Gaussian, Moments
from gaussmetrics.laws.sample_checks import no_underflow
from gaussmetrics.transport import wasserstein_distance

FEWEST_PARTS = 5
ENTRY = "table.npy"

METRICS: dict[str, Callable[[Gaussian, Gaussian], Any]] = {
    "kl": kl_divergence,
    "wasserstein": wasserstein_distance,
}


@dataclass(frozen=True)
class Reference:
    """The moments of rows, the names of their columns, and how far parts of them are from the rest.

    ``encoded`` holds both words of columns of two words, in their order; ``sizes`` are the rows of
    the parts, and ``usual`` their distances, by metric, or nothing.
    """

    moments: Moments
    columns: list[str]
    encoded: dict[str, tuple[str, str]]
    sizes: list[int] = field(default_factory=list)
    usual: dict[str, list[float]] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write a file that `Moments.load` reads too, with one more entry beside the moments."""
        told = {"columns": self.columns, "encoded": self.encoded, "sizes": self.sizes,
                "usual": self.usual}  # fmt: skip
        self.moments.save(path)
        buffer = BytesIO()
        np.save(buffer, np.array(json.dumps(told)), allow_pickle=False)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(ENTRY, buffer.getvalue())

    @classmethod
    def load(cls, path: Path) -> Reference:
        """Read what `save` has written, or moments without names."""
        if not path.is_file():
            raise Refusal(
                f"There is no file {path}. gaussmetrics reference TABLE --output {path} makes one."
            )
        if not zipfile.is_zipfile(path):
            raise Refusal(
                f"No reference: {path} is truncated, damaged or no .npz file. The reference, which "
                "gaussmetrics reference writes, comes before the table."
            )
        try:
            moments = Moments.load(path)
            with np.load(path, allow_pickle=False) as archive:
                told = json.loads(str(archive["table"])) if "table" in archive else None
        except ValueError as error:
            raise Refusal(f"No reference: {error}") from None
        if moments.mean.ndim != 1:
            raise Refusal(
                f"{path} holds the moments of {moments.mean.shape[:-1]} samples, not one."
            )
        if told is None:
            names = [f"column {k + 1}" for k in range(len(moments.mean))]
            return cls(moments, names, {})
        pairs = {name: (words[0], words[1]) for name, words in told["encoded"].items()}
        return cls(moments, told["columns"], pairs, told["sizes"], told["usual"])


def reference(options: Namespace) -> int:
    """Read, gather, save, tell."""
    folder(options.output.parent)
    options.clusters = None
    tables = [read_table(path, options) for path in options.tables]
    _check_names(tables, options)
    numbers, parts, told = _gathered(tables, options)
    if len(numbers) < 2:
        raise Refusal(f"A reference needs 2 complete rows at least, got {len(numbers)}.")
    files = listed(options.tables)
    with refusing(files):
        made = _made(numbers, parts, told)
        _no_underflow(made.moments, numbers.to_numpy())
    varying_columns(made.moments, files)
    made.save(options.output)
    print(
        f"Written to {options.output}: {counted(len(numbers), 'row')}, "
        f"{counted(len(made.columns), 'column')}"
    )
    lines = [f"Columns: {listed(made.columns, 12)}."]
    lines += dict.fromkeys(remark for table in tables for remark in table.remarks)
    lines += [f"Left out: {line}" for line in told.left_out]
    lines.append(_usual_told(made))
    print("\n".join(map(wrapped, lines)))
    return DONE


def _check_names(tables: list[Table], options: Namespace) -> None:
    for table in tables:
        for name in (options.by, *options.columns, *options.without):
            if name is not None and name not in table.frame.columns:
                raise Refusal(
                    f"There is no column {name!r} in {table.path}. All columns: "
                    f"{listed(list(table.frame.columns), 30)}."
                )
        if options.by in options.columns:
            raise Refusal(f"{options.by!r} names the parts, and cannot be compared as well.")
        missing = [c for c in tables[0].frame.columns if c not in table.frame.columns]
        if missing:
            raise Refusal(
                f"{table.path} lacks the column {missing[0]!r} of {tables[0].path}. The tables of "
                "a reference must have the same columns."
            )


def _gathered(tables: list[Table], options: Namespace) -> tuple[Any, Any, Selection]:
    """Return the complete rows of all tables, the part of each, and what was left out."""
    import pandas as pd  # type: ignore[import-untyped]

    frames = [t.frame.assign(**{_PART: str(t.path)}) for t in tables]
    whole = pd.concat(frames, ignore_index=True)
    by = options.by or (_PART if len(tables) > 1 else None)
    parts = None if by is None else names_of_groups(whole[by])
    told, remarks = Selection(None, parts), tables[0].remarks
    own = {_PART, options.by, *(t.by for t in tables)} - {None}
    frame = whole.drop(columns=list(own & set(whole.columns)))
    numbers = columns_of_numbers(frame, options, told, remarks)
    empty = [c for c in numbers if numbers[c].isna().mean() > 0.5]
    if empty:
        told.left_out.append(f"{listed(empty)}: more than half of it missing")
    rows = numbers.drop(columns=empty).dropna()
    if parts is not None:
        rows = rows[parts[rows.index].notna()]
        parts = parts[rows.index]
    if len(rows) < len(whole):
        told.left_out.append(f"{counted(len(whole) - len(rows), 'row')}: something missing")
    if rows.shape[1] == 0:
        raise Refusal(f"No column of numbers is left. {'; '.join(told.left_out)}")
    return rows, parts, told


_PART = "part of the reference"


def _made(numbers: Any, parts: Any, told: Selection) -> Reference:
    columns, rows = list(numbers.columns), numbers.to_numpy()
    pairs = {name: words for name, words in told.encoded.items() if name in columns}
    if parts is None:
        return Reference(Moments.from_samples(rows), columns, pairs)
    each = [Moments.from_samples(rows[(parts == name).to_numpy()]) for name in parts.unique()]
    whole: Moments = reduce(add, each)
    sizes = [int(m.count) for m in each]
    return Reference(whole, columns, pairs, sizes, _usual(each, whole))


def _no_underflow(moments: Moments, rows: Array) -> None:
    tiny = float(moments.count) * np.finfo(np.float64).tiny
    no_underflow((np.diagonal(moments.scatter) < tiny) & (np.ptp(rows, axis=0) > 0))


def varying_columns(moments: Moments, path: object) -> NDArray[np.bool_]:
    """Return which columns of a reference vary: some must."""
    varying: NDArray[np.bool_] = np.diagonal(moments.scatter) > 0
    if not varying.any():
        raise Refusal(
            f"{path}: all rows of the reference are alike, which tells nothing of how rows spread. "
            "Take more rows, or other columns."
        )
    return varying


def _usual(parts: list[Moments], whole: Moments) -> dict[str, list[float]]:
    """Return the distances of each part from all others, by metric."""
    varying = np.diagonal(whole.scatter) > 0
    d = int(varying.sum())
    if len(parts) < FEWEST_PARTS or min(float(m.count) for m in parts) <= d:
        return {}
    scale = deviations(whole)
    found: dict[str, list[float]] = {}
    for name, metric in METRICS.items():
        laws = [
            (
                law(m, varying, scale),
                law(reduce(add, [*parts[:k], *parts[k + 1 :]]), varying, scale),
            )
            for k, m in enumerate(parts)
        ]
        distances = [float(metric(*pair)) for pair in laws]
        if np.isfinite(distances).all():
            found[name] = distances
    return found


def deviations(moments: Moments) -> Array:
    """Return the standard deviations of the columns, 1 where they do not vary."""
    spread = np.sqrt(np.diagonal(moments.covariance()))
    return np.where(spread > 0, spread, 1.0)


def law(moments: Moments, chosen: Any, scale: Array) -> Gaussian:
    """Return the law of some columns, in units of a scale."""
    factors = scale[chosen]
    cov = moments.covariance()[np.ix_(chosen, chosen)] / np.outer(factors, factors)
    return Gaussian(moments.mean[chosen] / factors, cov, allow_singular=True)


def _usual_told(made: Reference) -> str:
    if made.usual:
        worst = ", ".join(
            f"{rounded(max(values))} {unit}"
            for values, unit in zip(made.usual.values(), ("nats (KL)", "standard deviations "
                                   "(Wasserstein)"), strict=False)
        )  # fmt: skip
        return (
            f"Each of {len(made.sizes)} parts was compared with all others; the largest distances, "
            f"{worst}, are the thresholds of drift: about one false alarm in {len(made.sizes) + 1}."
        )
    if made.sizes:
        return (
            f"No threshold: it takes {FEWEST_PARTS} parts of more rows than columns, and there are "
            f"{counted(len(made.sizes), 'part')}. Drift then needs --threshold, or tests."
        )
    return "No parts (--by COLUMN, or several tables): drift then needs --threshold, or tests."


def rows_like(made: Reference, table: Table) -> tuple[Array, int, list[str]]:
    """Return the complete rows of a table in the columns of a reference, and what was left out."""
    frame = table.frame
    names = made.columns
    if names[0] == "column 1" and names[0] not in frame.columns and frame.shape[1] == len(names):
        frame = frame.set_axis(names, axis=1)
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise Refusal(
            f"{table.path} lacks {counted(len(missing), 'column')} of the reference: "
            f"{listed(missing)}. Its columns: {listed(list(frame.columns), 30)}."
        )
    values, told = _in_numbers(made, frame[names], table)
    numbers = values.astype("float64").replace([np.inf, -np.inf], np.nan)
    tell_codes(numbers, table.remarks)
    rows = numbers.dropna()
    if len(rows) < len(numbers):
        gaps = numbers.isna().sum()
        most = [f"{name} {n}" for name, n in gaps[gaps > 0].items()]
        told.append(
            f"{counted(len(numbers) - len(rows), 'row')} of {len(numbers)}, something missing: "
            f"{listed(most)}"
        )
    return rows.to_numpy(), len(numbers), told


def _in_numbers(made: Reference, frame: Any, table: Table) -> tuple[Any, list[str]]:
    """Encode columns of two words as the reference did, and tell which words it did not know."""
    values, told = frame.copy(), []
    for name, pair in made.encoded.items():
        if values[name].dtype.kind not in "iuf":
            values[name] = encoded(values[name], pair)
            unknown = frame[name][frame[name].notna() & values[name].isna()].astype(str)
            unknown = unknown[unknown.str.strip() != ""]
            if len(unknown):
                told.append(
                    f"{counted(len(unknown), 'row')}, {name} is neither {pair[0]!r} nor "
                    f"{pair[1]!r} but such as {unknown.iloc[0]!r}"
                )
    for name in values:
        if values[name].dtype.kind not in "iufb":
            raise Refusal(
                f"Column {name!r} of {table.path} holds numbers in the reference, and now entries "
                f"such as {values[name].dropna().iloc[:1].tolist()}."
            )
    return values, told
