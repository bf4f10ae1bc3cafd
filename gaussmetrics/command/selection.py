"""Which rows and columns are compared, and what is left out and why."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gaussmetrics.command.files import Table
from gaussmetrics.command.stopping import Refusal
from gaussmetrics.command.wording import counted, listed

FEWEST_ROWS = 5
NAMES_ROWS = (
    "another whole number in each row, by its name no measurement: --columns takes it nevertheless"
)
_CODE = re.compile(r"-9|-?9{2,}")
_NAME_OF_ROWS = re.compile(r"(?:.*[\W_])?(?:id|ID|Id)(?:[\W_].*)?|.*[a-z](?:Id|ID)")


@dataclass
class Selection:
    """Rows of numbers without gaps, the name of the group of each, and what was left out."""

    rows: Any
    groups: Any
    clusters: Any = None
    left_out: list[str] = field(default_factory=list)
    encoded: dict[str, tuple[str, str]] = field(default_factory=dict)


def selected(table: Table, options: Any) -> Selection:
    """Choose what is compared of a table, and tell what is not."""
    frame, by = table.frame, table.by
    _check_names(table, options)
    groups = names_of_groups(frame[by])
    _check_groups(table, groups)
    chosen = Selection(None, groups)
    others = frame.drop(columns=list({by, options.clusters} & set(frame.columns)))
    numbers = columns_of_numbers(others, options, chosen, table.remarks)
    numbers = _usable(numbers, chosen)
    _choose_rows(numbers, chosen, len(frame))
    _drop_constant(chosen)
    if options.clusters is not None:
        chosen.clusters = names_of_groups(frame[options.clusters])[chosen.rows.index]
        _clusters_known(chosen, options.clusters)
    return chosen


def names_of_groups(column: Any) -> Any:
    """Return the entries as names; 4.0 in a column of whole numbers is 4."""
    present = column.dropna()
    if present.dtype.kind == "f" and (present == present.round()).all():
        present = present.astype("int64")
    names = present.astype(str).str.strip()
    return names[names != ""].reindex(column.index)


def columns_of_numbers(frame: Any, options: Any, chosen: Selection, remarks: list[str]) -> Any:
    """Return the columns of numbers asked for, with those of two words encoded."""
    if options.columns:
        frame = frame[list(dict.fromkeys(options.columns))]
    frame = frame.drop(columns=[name for name in options.without if name in frame.columns])
    failing = {}
    for name in [c for c in frame.columns if frame[c].dtype.kind not in "iuf"]:
        values = frame[name]
        pair = two_words(values)
        if pair is not None:
            chosen.encoded[name] = pair
            frame = frame.assign(**{name: encoded(values, pair)})
        else:
            failing[name] = no_number(values)
    told = [f"{c} ({counted(len(x), 'entry').replace('entrys', 'entries')} such as {x.iloc[0]!r})"
            for c, x in failing.items() if len(x)]  # fmt: skip
    _left_out(chosen, told, "not only numbers")
    empty = [c for c, x in failing.items() if not len(x)]
    _left_out(chosen, empty, "without any entry")
    frame = frame.drop(columns=list(failing))
    if chosen.encoded:
        pairs = [f"{c} ({low} 0, {high} 1)" for c, (low, high) in chosen.encoded.items()]
        remarks.append(f"Columns of two words are encoded: {listed(pairs)}.")
    numbers = frame.astype("float64").replace([np.inf, -np.inf], np.nan)
    # Floats would make equals of whole numbers above 2⁵³.
    exact = frame.where(numbers.notna()) if numbers.isna().to_numpy().any() else frame
    parts = [slice(None), *_places(chosen.groups)]
    about = [c for c in exact if c not in options.columns]
    counting = [c for c in about if _in_each(_counts, exact[c].to_numpy(), parts)]
    naming = [c for c in about if c not in counting and _NAME_OF_ROWS.fullmatch(str(c))
              and _in_each(_differ, exact[c].to_numpy(), parts)]  # fmt: skip
    _left_out(chosen, counting, "only counts the rows")
    _left_out(chosen, naming, NAMES_ROWS)
    numbers = numbers.drop(columns=counting + naming)
    tell_codes(numbers, remarks)
    return numbers


def _places(groups: Any) -> list[Any]:
    """Return the places of the rows of each group."""
    return [] if groups is None else list(groups.groupby(groups).indices.values())


def _in_each(tells: Callable[[Any], bool], values: Any, parts: list[Any]) -> bool:
    """Tell whether something holds of all entries, or of those of each part of three or more."""
    whole, *others = (values[part][~np.isnan(values[part])] for part in parts)
    if len(whole) < 3 or tells(whole):
        return len(whole) > 2
    large = [part for part in others if len(part) > 2]
    return len(large) > 0 and all(map(tells, large))


def _counts(values: Any) -> bool:
    """Tell whether the entries are numbers one apart, in any order."""
    return bool((np.diff(np.sort(values)) == 1).all())


def _differ(values: Any) -> bool:
    """Tell whether the entries are whole numbers, no two of them alike."""
    return len(np.unique(values)) == len(values) and bool((values == np.round(values)).all())


def two_words(column: Any) -> tuple[str, str] | None:
    """Return both values of a column of yes and no, or of other two words, in their order."""
    present = column.dropna()
    if present.dtype.kind == "M":
        return None
    values = sorted(present.astype(str).str.strip().unique(), key=str.casefold)
    return (values[0], values[1]) if len(values) == 2 else None


def encoded(column: Any, pair: tuple[str, str]) -> Any:
    """Return 0 and 1 for two words, and nothing for any other."""
    words = column.astype("object").where(column.notna(), "")
    return words.astype(str).str.strip().map({pair[0]: 0.0, pair[1]: 1.0}).astype("float64")


def no_number(column: Any) -> Any:
    """Return the entries that keep a column from being one of numbers."""
    import pandas as pd  # type: ignore[import-untyped]

    text = column.dropna().astype(str)
    readings = [
        pd.to_numeric(text.str.replace(mark, ".", regex=False), errors="coerce") for mark in ".,"
    ]
    failing = [text[reading.isna()] for reading in readings if reading.isna().any()]
    return min(failing, key=len, default=text)


def tell_codes(numbers: Any, remarks: list[str]) -> None:
    """Say which columns hold a number that looks like a code for a missing one."""
    for name in numbers:
        code, times = looks_like_code(numbers[name].dropna().to_numpy())
        if code:
            remarks.append(
                f"{code} in {name} ({counted(times, 'row')}) looks like a code for a missing "
                f"value and is read as a number: if it is a code, say --missing {code}."
            )


def looks_like_code(values: Any) -> tuple[str, int]:
    """Return a number of nines, −999 or 9999, that lies far outside all others, and its count."""
    if len(values) == 0:
        return "", 0
    for end in (values.min(), values.max()):
        text = f"{end:.0f}" if float(end).is_integer() else ""
        others = values[values != end]
        if _CODE.fullmatch(text) and len(others):
            low, high = others.min(), others.max()
            if min(abs(end - low), abs(end - high)) > high - low > 0:
                return text, int((values == end).sum())
    return "", 0


def _usable(numbers: Any, chosen: Selection) -> Any:
    """Drop columns of which most is missing."""
    share = numbers.isna().mean()
    gaps = [f"{c} ({share[c]:.0%})" for c in numbers if share[c] > 0.5]
    _left_out(chosen, gaps, "more than half of it missing")
    return numbers.drop(columns=[c for c in numbers if share[c] > 0.5])


def _choose_rows(numbers: Any, chosen: Selection, total: int) -> None:
    nameless = int(chosen.groups.isna().sum())
    if nameless:
        chosen.left_out.append(f"{counted(nameless, 'row')} of {total}, without a group")
    numbers = numbers[chosen.groups.notna()]
    gaps = numbers.isna().sum().sort_values(ascending=False, kind="stable")
    rows = numbers.dropna()
    if len(rows) < len(numbers):
        most = [f"{name} {n}" for name, n in gaps[gaps > 0].items()]
        chosen.left_out.append(
            f"{counted(len(numbers) - len(rows), 'row')} of {total}, something missing: "
            f"{listed(most, 5)}"
        )
    sizes = chosen.groups[rows.index].value_counts(sort=False)
    small = [f"{name} ({n})" for name, n in sizes.items() if n < FEWEST_ROWS]
    gone = [str(x) for x in chosen.groups.dropna().unique() if x not in sizes.index]
    _left_out(chosen, small, f"group of fewer than {FEWEST_ROWS} complete rows")
    _left_out(chosen, gone, "group without a complete row")
    rows = rows[chosen.groups[rows.index].map(sizes) >= FEWEST_ROWS]
    chosen.rows, chosen.groups = rows, chosen.groups[rows.index]


def _drop_constant(chosen: Selection) -> None:
    rows, groups = chosen.rows, chosen.groups
    if len(rows) and rows.shape[1]:
        values = rows.groupby(groups).nunique()
        still = list(values.columns[values.max() <= 1])
        _left_out(chosen, still, "the same throughout every group")
        alike = list(values.index[values.max(axis=1) <= 1])
        _left_out(chosen, alike, "group whose rows are all alike")
        kept = ~groups.isin(alike)
        chosen.rows, chosen.groups = rows.loc[kept].drop(columns=still), groups[kept]
    left = chosen.groups.nunique()
    if chosen.rows.shape[1] == 0 or left < 2:
        gone = "".join(f"\n  Left out: {line}" for line in chosen.left_out)
        raise Refusal(
            f"Nothing is left to compare: it takes two groups of {FEWEST_ROWS} complete rows and a "
            f"column of numbers, and there are {counted(left, 'group')} and "
            f"{counted(chosen.rows.shape[1], 'column')}.{gone}"
        )


def _left_out(chosen: Selection, what: list[Any], why: str) -> None:
    if what:
        chosen.left_out.append(f"{listed(what)}: {why}")


def _check_names(table: Table, options: Any) -> None:
    """Stop with an explanation unless all columns named are there."""
    names = list(table.frame.columns)
    if table.by is None:
        raise Refusal(f"Which column names the groups? Say --by COLUMN. {_hint(table)}")
    for name in (table.by, options.clusters, *options.columns, *options.without):
        if name is not None and name not in names:
            near = [c for c in names if str(c).casefold().startswith(name.casefold())]
            meant = f" Did you mean {min(near, key=len)!r}?" if near else ""
            raise Refusal(f"There is no column {name!r} in {table.path}.{meant} {_hint(table)}")
    if table.by in options.columns:
        raise Refusal(f"{table.by!r} names the groups, and cannot be compared as well.")
    if options.clusters in options.columns:
        raise Refusal(f"{options.clusters!r} names the clusters, and cannot be compared as well.")


def _hint(table: Table) -> str:
    frame = table.frame
    most = max(2, min(40, len(frame) / 5))
    likely = [c for c in frame if 2 <= frame[c].astype(str).nunique() <= most]
    header = "".join(f" {text}" for text in table.remarks if text.startswith("The header"))
    return (
        f"Columns that may name groups: {listed(likely) or 'none'}; all columns: "
        f"{listed(list(frame), 30)}.{header}"
    )


def _check_groups(table: Table, groups: Any) -> None:
    """Stop with an explanation unless two groups are large enough and hold most of the rows."""
    sizes = groups.value_counts()
    large = sizes[sizes >= FEWEST_ROWS]
    if len(sizes) == 1:
        raise Refusal(
            f"Column {table.by!r} has one group only, {sizes.index[0]!r}, and there is nothing to "
            "compare it with. To compare with an earlier table, see gaussmetrics reference and "
            f"gaussmetrics drift. {_hint(table)}"
        )
    if len(large) < 2:
        raise Refusal(
            f"Column {table.by!r} has {counted(len(sizes), 'value')} in "
            f"{counted(len(groups), 'row')}. To be compared, two groups need {FEWEST_ROWS} rows "
            f"each: fewer tell nothing of how their rows spread. Numbers are cut into classes "
            f"first. {_hint(table)}"
        )
    if large.sum() < len(groups) / 2:
        raise Refusal(
            f"Column {table.by!r} has {counted(len(sizes), 'value')} in "
            f"{counted(len(groups), 'row')}, and most rows are in groups of fewer than "
            f"{FEWEST_ROWS}. Does it name groups? Numbers are cut into classes first. "
            f"{_hint(table)}"
        )


def _clusters_known(chosen: Selection, name: str) -> None:
    if chosen.clusters.isna().any():
        raise Refusal(
            f"Column {name!r} must say of each row what it depends on; "
            f"{counted(int(chosen.clusters.isna().sum()), 'row')} that would be compared have no "
            "entry there."
        )
