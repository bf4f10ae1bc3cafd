"""``gaussmetrics drift``: has a table the law of the reference? The exit status tells."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass
from typing import Any

import numpy as np

from gaussmetrics._array.types import Array
from gaussmetrics.command.files import read_table
from gaussmetrics.command.record import as_json
from gaussmetrics.command.reference import (
    METRICS,
    Reference,
    deviations,
    law,
    rows_like,
    varying_columns,
)
from gaussmetrics.command.shares import shares
from gaussmetrics.command.stopping import DONE, DRIFT, Refusal, refusing
from gaussmetrics.command.wording import counted, listed, probability, rounded, wrapped
from gaussmetrics.inference.equality import exact_test
from gaussmetrics.laws import Gaussian, Moments

UNITS = {"kl": "nats", "wasserstein": "standard deviations"}
MOST_COLUMNS = 5


@dataclass(frozen=True)
class Finding:
    """A distance from the reference, how it was judged, and what it is made of."""

    drift: bool
    metric: str
    distance: float
    threshold: float | None
    p_value: float | None
    rule: str
    rows: int
    moved: list[str]
    shares: dict[str, float] | None
    columns: dict[str, float]


def drift(options: Namespace) -> int:
    """Read, compare, judge, tell."""
    options.by = None
    known = Reference.load(options.reference)
    table = read_table(options.table, options)
    rows, total, left_out = rows_like(known, table)
    found = judged(known, rows, options)
    if options.json:
        told = {**vars(found), "command": "drift", "reference": str(options.reference),
                "file": str(options.table), "left_out": left_out}  # fmt: skip
        print(as_json(told))
    else:
        print(_told(known, found))
        lines = [*table.remarks, *(f"Left out: {line}" for line in left_out)]
        if len(rows) < total / 2:
            lines.append("More than half of the rows are left out: the rest may be no fair sample.")
        print("\n".join(map(wrapped, lines)) if lines else "", end="\n" if lines else "")
    return DRIFT if found.drift else DONE


def judged(known: Reference, rows: Array, options: Namespace) -> Finding:
    """Compare rows with a reference, and judge by a threshold or a test."""
    varying = varying_columns(known.moments, options.reference)
    d = int(varying.sum())
    _enough(len(rows), d, options.metric)
    moved = [
        name
        for name, value, column in zip(
            np.array(known.columns)[~varying], known.moments.mean[~varying], rows[:, ~varying].T,
            strict=True,
        )
        if (column != value).any()
    ]  # fmt: skip
    with refusing(options.table):
        now = Moments.from_samples(rows)
    scale = deviations(known.moments)
    p, q = (law(m, varying, scale) for m in (now, known.moments))
    distance = float(METRICS[options.metric](p, q))
    p_value = _p_value(now, known.moments, varying, p, q)
    threshold, rule = _rule(known, len(rows), options)
    if threshold is not None:
        far = distance > threshold
    elif p_value is None:
        raise Refusal(
            "There is no threshold, and no test: it takes more rows than columns, none of which is "
            "determined by others. Say --threshold."
        )
    else:
        far = p_value < options.level
    names = [name for name, kept in zip(known.columns, varying, strict=True) if kept]
    return Finding(
        bool(far or moved), options.metric, distance, threshold, p_value, rule, len(rows), moved,
        shares(p, q), _by_column(options.metric, names, p, q),
    )  # fmt: skip


def _enough(n: int, d: int, metric: str) -> None:
    least = d + 1 if metric == "kl" else 2
    if n < least:
        hint = " Or say --metric wasserstein, which takes 2." if metric == "kl" and n >= 2 else ""
        raise Refusal(
            f"{counted(n, 'complete row')} for {counted(d, 'column')}: it takes {least} rows at "
            f"least to tell how they spread, and some times as many to tell it well.{hint}"
        )


def _p_value(now: Moments, then: Moments, varying: Any, p: Gaussian, q: Gaussian) -> float | None:
    """Return the p-value of the likelihood ratio by its exact law for normal rows."""
    d = int(varying.sum())
    full = all(int(np.asarray(one.covariance.rank())) == d for one in (p, q))
    sizes = [int(m.count) for m in (now, then)]
    if not full or min(sizes) <= d:
        return None
    # The likelihood ratio does not depend on units; determinants of scaled columns do not overflow.
    scale = deviations(then)[varying]
    pair = [
        Moments(m.count, (m.mean[varying] - then.mean[varying]) / scale,
                m.scatter[np.ix_(varying, varying)] / np.outer(scale, scale))
        for m in (now, then)
    ]  # fmt: skip
    return exact_test(pair).p_value


def _rule(known: Reference, n: int, options: Namespace) -> tuple[float | None, str]:
    """Return the threshold and its origin.

    By chance the divergence of n rows from N others is of order 1/n + 1/N.
    """
    if options.threshold is not None:
        return options.threshold, "the threshold given"
    if options.metric not in known.usual:
        return None, f"the test at level {options.level:g}"
    distances, sizes = np.array(known.usual[options.metric]), np.array(known.sizes)
    rule = f"the largest of {len(sizes)} parts of the reference"
    chance = 1.0 / sizes + 1.0 / (sizes.sum() - sizes)
    fewer = np.maximum((1.0 / n + 1.0 / sizes.sum()) / chance, 1.0)
    allowed = float((distances * (fewer if options.metric == "kl" else np.sqrt(fewer))).max())
    if allowed == distances.max():
        return allowed, rule
    return allowed, f"{rule}, times {allowed / distances.max():.2g} because it has fewer rows"


def _by_column(metric: str, names: list[str], p: Gaussian, q: Gaussian) -> dict[str, float]:
    alone = {
        name: float(METRICS[metric](p.marginal([k]), q.marginal([k])))
        for k, name in enumerate(names)
    }
    return dict(sorted(alone.items(), key=lambda item: -item[1]))


def _told(known: Reference, found: Finding) -> str:
    name = "KL divergence" if found.metric == "kl" else "Wasserstein distance"
    far = f"{name} {rounded(found.distance)} {UNITS[found.metric]}"
    allowed = "" if found.threshold is None else f", {rounded(found.threshold)} allowed"
    lines = [f"{'drift' if found.drift else 'as usual'}: {far}{allowed} ({found.rule})"]
    told = [f"{counted(found.rows, 'row')}; reference: {known.moments.count:g} rows."]
    if found.moved:
        told.append(f"No longer constant, or at another value: {listed(found.moved)}.")
    if found.p_value is None:
        told.append(
            "No test: it takes more rows than columns, and columns not determined by others."
        )
    else:
        told.append(
            f"Likelihood ratio test of the same law: p = {probability(found.p_value)}, by its "
            "exact law for normal rows. Of many rows it finds differences that do not matter, and "
            "of rows with heavy tails some that are not there."
        )
    if not np.isfinite(found.distance):
        told.append(
            "The divergence is infinite: columns that determined each other in the reference do so "
            "no longer, or some have become constant. --metric wasserstein is always finite."
        )
    if found.shares:
        parts = ", ".join(f"{name} {share:.0%}" for name, share in found.shares.items())
        told.append(
            f"What {'has changed' if found.drift else 'differs'}: {parts} (of the squared "
            "Wasserstein distance in standard deviations of the reference)."
        )
    most = [f"{column} {rounded(value)}" for column, value in found.columns.items()]
    if most:
        told.append(f"Columns that differ most, each alone: {listed(most[:MOST_COLUMNS])}.")
    return "\n".join([*lines, *map(wrapped, told)])
