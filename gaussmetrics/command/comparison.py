"""How far apart groups are: distances with intervals and tests, and what of them is what."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array.types import Array
from gaussmetrics.command.axes import Coordinates, coordinates
from gaussmetrics.command.chance import Clearest, clearest
from gaussmetrics.command.selection import Selection
from gaussmetrics.command.shares import shares
from gaussmetrics.command.stopping import Refusal
from gaussmetrics.inference import equality_test, estimate
from gaussmetrics.inference.holm import adjusted
from gaussmetrics.laws import Gaussian
from gaussmetrics.pairwise import pairwise
from gaussmetrics.transport import wasserstein_distance

MOST_PAIRS = 45
"""All pairs are tested of ten groups; of more, as many as this nearest and farthest:"""

ENDS = 10
FEW_DEALS, MOST_DEALS = 999, 99_999
NO_SHARES = {"means": 0.0, "scales": 0.0, "orientations": 0.0}
MOST_CLUSTERS = 8
ROWS_A_COLUMN, ROWS = 3.3, 30
"""With fewer rows in a group covariances are shrunk: docs/how-to/standard-errors.md."""


@dataclass(frozen=True)
class ColumnDifference:
    """How two groups differ in one column alone, in standard deviations of all rows."""

    name: str
    distance: float
    mean_difference: float
    spread_ratio: float


@dataclass(frozen=True)
class Pair:
    """Two groups: their distance, its test, and what it is made of."""

    first: str
    second: str
    distance: float
    standard_error: float
    low: float
    high: float
    p_value: float
    adjusted_p: float
    confused: float
    means: float
    scales: float
    orientations: float
    columns: tuple[ColumnDifference, ...]


@dataclass(frozen=True)
class Comparison:
    """All that is told of the groups of a table."""

    names: list[str]
    sizes: list[int]
    columns: list[str]
    units: list[float]
    coordinates: Coordinates
    shrinkage: float | str
    level: float
    pairs: list[Pair]
    pair_count: int
    deals: int
    table: Array
    clearest: Clearest
    clusters: list[list[str]]
    remarks: list[str]

    @property
    def all_shown(self) -> bool:
        """Whether every pair is tested."""
        return len(self.pairs) == self.pair_count

    def told_apart(self, pair: Pair) -> bool:
        """Whether a pair is told from chance."""
        return pair.adjusted_p < self.level

    @property
    def explained(self) -> list[Pair]:
        """The pairs that are told from chance, of many the nearest and the farthest."""
        told = [pair for pair in self.pairs if self.told_apart(pair)]
        return told if len(told) <= 2 * ENDS else [*told[:ENDS], *told[-ENDS:]]


def compared(
    chosen: Selection, *, level: float, seed: int, tell: Callable[[str], None]
) -> Comparison:
    """Compare the groups of the rows chosen."""
    codes, unique = chosen.groups.factorize()
    names = list(unique)
    scaled, deviations = _standardised(chosen.rows.to_numpy())
    along = coordinates(scaled)
    labels = None if chosen.clusters is None else chosen.clusters.to_numpy().astype(str)
    parts = [along.rows[codes == k] for k in range(len(names))]
    enough = min(map(len, parts)) >= max(ROWS, ROWS_A_COLUMN * along.rows.shape[1])
    shrinkage = 0.0 if enough else "ledoit-wolf"
    laws = Gaussian.stack([_law(part, shrinkage) for part in parts])
    table = pairwise(wasserstein_distance, laws)
    everyone = sorted(combinations(range(len(names)), 2), key=lambda pair: table[pair])
    shown = everyone if len(everyone) <= MOST_PAIRS else [*everyone[:ENDS], *everyone[-ENDS:]]
    judge = _Judge(parts, _by_part(labels, codes), shrinkage, len(everyone), level, seed)
    verdicts = []
    for count, (i, j) in enumerate(shown):
        tell(f"pair {count + 1} of {len(shown)}: {names[i]} – {names[j]}")
        verdicts.append(judge(i, j, float(table[i, j])))
    tell("")
    _some_judged(judge, len(shown))
    final = _adjusted([verdict.p_value for verdict in verdicts], len(everyone))
    columns, spreads = list(chosen.rows.columns), _by_group(scaled, codes, len(names))
    pairs = []
    for (i, j), verdict, p_value in zip(shown, verdicts, final, strict=True):
        both = [part[[i, j]] for part in spreads]
        pairs.append(
            Pair(
                names[i], names[j], *verdict.interval, verdict.p_value, p_value, verdict.confused,
                columns=_columns(columns, *both), **(shares(laws[i], laws[j]) or NO_SHARES),
            )
        )  # fmt: skip
    if len(shown) == len(everyone):
        pairs.sort(key=lambda pair: pair.distance)
        for (i, j), verdict in zip(shown, verdicts, strict=True):
            table[i, j] = table[j, i] = verdict.interval[0]
    return Comparison(
        names, [len(part) for part in parts], columns, list(deviations), along, shrinkage, level,
        pairs, len(everyone), judge.deals, table,
        clearest(scaled, codes, _units(codes, labels), seed), _clusters(table, names),
        judge.remarks,
    )  # fmt: skip


def _some_judged(judge: _Judge, count: int) -> None:
    """Check that not every pair was refused, and tell why some were."""
    if len(judge.refused) == count:
        raise Refusal(f"Groups cannot be compared: {judge.refused[0]}")
    if judge.pair_count >= judge.level * (judge.deals + 1):
        judge.remarks.append(
            f"Of {judge.pair_count} pairs none can be told from chance one by one: {judge.deals} "
            "deals do not leave p small enough for so many. Compare fewer groups."
        )
    for why in dict.fromkeys(judge.refused):
        pairs = f"{judge.refused.count(why)} of {count} pairs"
        judge.remarks.append(f"No interval and no test of {pairs}: {why}")


def _by_part(labels: Any, codes: NDArray[np.intp]) -> list[Any] | None:
    if labels is None:
        return None
    return [labels[codes == k] for k in range(int(codes.max()) + 1)]


def _adjusted(p_values: Sequence[float], pair_count: int) -> list[float]:
    """Adjust by Holm; where only some pairs are tested, by a factor that holds for any choice."""
    if len(p_values) == pair_count:
        return adjusted(p_values)
    return [min(1.0, p * pair_count) for p in p_values]


def _standardised(rows: Array) -> tuple[Array, Array]:
    """Return columns divided by their standard deviations, of entries however large."""
    size = np.abs(rows).max(axis=0)
    size[size == 0] = 1.0
    reduced = rows / size
    reduced = reduced - reduced.mean(axis=0)
    deviations = reduced.std(axis=0, ddof=1)
    return reduced / deviations, deviations * size


def _law(rows: Array, shrinkage: Any) -> Gaussian:
    matrix = Gaussian.from_samples(rows, shrinkage=shrinkage, allow_singular=True)
    return Gaussian(matrix.mean, matrix.cov, allow_singular=True)


def _units(codes: NDArray[np.intp], labels: Any) -> NDArray[np.intp]:
    """Number what is dealt: rows, or those of one cluster together."""
    if labels is None:
        return np.arange(len(codes))
    keys = [f"{code} {label}" for code, label in zip(codes, labels, strict=True)]
    return np.asarray(np.unique(keys, return_inverse=True)[1], dtype=np.intp)


class _Verdict(NamedTuple):
    """Value, standard error and both ends of the interval; the test; the confusion."""

    interval: tuple[float, float, float, float]
    p_value: float
    confused: float


@dataclass
class _Judge:
    """The estimate, its interval, the test and the confusion of two groups."""

    parts: Sequence[Array]
    labels: Sequence[Any] | None
    shrinkage: Any
    pair_count: int
    level: float
    seed: int
    remarks: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def deals(self) -> int:
        """So many that the smallest p-value, times the number of pairs, is half of the level."""
        return min(MOST_DEALS, max(FEW_DEALS, round(2 * self.pair_count / self.level) - 1))

    def __call__(self, i: int, j: int, fitted: float) -> _Verdict:
        pair = self.parts[i], self.parts[j]
        of_pair: Any = None if self.labels is None else (self.labels[i], self.labels[j])
        options: dict[str, Any] = {"shrinkage": self.shrinkage, "allow_singular": True}
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            try:
                one = estimate(wasserstein_distance, *pair, groups=of_pair, **options)
                ends = one.confidence_interval(1.0 - self.level)
                verdict = _Verdict(
                    (one.value, one.standard_error, *ends), self._p_value(pair, of_pair, options),
                    _confused(*pair, of_pair),
                )  # fmt: skip
            except ValueError as error:
                self.refused.append(str(error))
                verdict = _Verdict((fitted, np.nan, np.nan, np.nan), 1.0, np.nan)
        said = {str(warning.message) for warning in heard}
        self.remarks += sorted(said - set(self.remarks))
        return verdict

    def _p_value(self, pair: tuple[Array, Array], labels: Any, options: dict[str, Any]) -> float:
        """Test by few deals, and by many only if few leave it open: one p-value or the other.

        They leave it open if no deal is as far apart, however small the level.
        """
        for deals in sorted({FEW_DEALS, self.deals}):
            rng = np.random.default_rng([self.seed, deals])
            test = equality_test(
                *pair, statistic=wasserstein_distance, permutations=deals, groups=labels, rng=rng,
                **options,
            )  # fmt: skip
            if test.p_value > max(self.level, 1.5 / (deals + 1)):
                break
        return test.p_value


def _confused(a: Array, b: Array, labels: Any) -> float:
    """Return the share of rows put in the wrong group, the mean of both groups, in new rows."""
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_val_score

    from gaussmetrics.softmax.classifier import AnalyticLogisticRegression

    X, y = np.concatenate([a, b]), np.repeat([0, 1], [len(a), len(b)])
    model = AnalyticLogisticRegression(priors=[0.5, 0.5])
    groups, folds = None, StratifiedKFold(5, shuffle=True, random_state=0)
    if labels is not None:
        groups = np.concatenate([[f"0 {x}" for x in labels[0]], [f"1 {x}" for x in labels[1]]])
        folds = StratifiedGroupKFold(
            min(5, *(len(set(x)) for x in labels)), shuffle=True, random_state=0
        )
    scores = cross_val_score(model, X, y, groups=groups, cv=folds, scoring="balanced_accuracy")
    return float(1.0 - scores.mean())


def _by_group(scaled: Array, codes: NDArray[np.intp], count: int) -> tuple[Array, Array]:
    parts = [scaled[codes == k] for k in range(count)]
    return (
        np.stack([part.mean(axis=0) for part in parts]),
        # Rounding is no spread.
        np.stack([part.std(axis=0, ddof=1) * (np.ptp(part, axis=0) > 0) for part in parts]),
    )


def _columns(names: list[str], means: Array, spreads: Array) -> tuple[ColumnDifference, ...]:
    """Return the columns in which two groups differ, most first; each by its own distance."""
    ones = [Gaussian(m[:, None], (s**2)[:, None, None], allow_singular=True)
            for m, s in zip(means, spreads, strict=True)]  # fmt: skip
    alone = np.asarray(wasserstein_distance(*ones))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = spreads[1] / spreads[0]
    return tuple(
        ColumnDifference(names[c], float(alone[c]), float(means[1, c] - means[0, c]),
                         float(ratios[c]))
        for c in np.argsort(-alone, kind="stable")
    )  # fmt: skip


def _clusters(table: Array, names: list[str]) -> list[list[str]]:
    """Return groups that are near each other together, by average linkage, largest first."""
    if len(names) * (len(names) - 1) // 2 <= MOST_PAIRS:
        return []
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    tree = linkage(squareform(table, checks=False), "average")
    which = fcluster(tree, MOST_CLUSTERS, "maxclust")
    found = [[name for name, k in zip(names, which, strict=True) if k == one] for one in set(which)]
    return sorted(found, key=len, reverse=True)
