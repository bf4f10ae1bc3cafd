"""All pairs of several samples: estimates with errors and tests, as a table to be reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import combinations, permutations
from typing import Any, Literal, NamedTuple, final

import numpy as np
from numpy.typing import ArrayLike

from gaussmetrics._array import reading
from gaussmetrics.inference import checks
from gaussmetrics.inference.equality import equality_test
from gaussmetrics.inference.estimate import estimate
from gaussmetrics.inference.holm import adjusted
from gaussmetrics.inference.intervals import Estimate
from gaussmetrics.laws.operands import SYMMETRIC, callable_metric
from gaussmetrics.pairwise import Metric

HEADINGS = ("pair", "value", "standard error", "low", "high", "adjusted p")


class PairEstimate(NamedTuple):
    """One row of the table: two names, the estimate, its interval and the adjusted p-value."""

    first: str
    second: str
    estimate: Estimate
    low: float
    high: float
    p_value: float


@final
@dataclass(frozen=True, repr=False)
class PairwiseEstimates:
    """The estimates of a metric between all pairs of several samples.

    Attributes
    ----------
    metric : str
        Its name.
    confidence_level : float
        Of the intervals, one by one.
    rows : tuple of PairEstimate
        ``first``, ``second``, ``estimate``, ``low``, ``high``, and ``p_value`` of the test that
        both laws are equal, adjusted by Holm for all rows.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> from sklearn.datasets import load_iris
    >>> iris = load_iris()
    >>> samples = {name: iris.data[iris.target == k] for k, name in enumerate(iris.target_names)}
    >>> gm.estimate_pairwise(gm.wasserstein_distance, samples, rng=0)
    wasserstein_distance    value  standard error  low    high   adjusted p
    setosa – versicolor     3.229  0.07959         3.065  3.392  0.003
    setosa – virginica      4.782  0.1041          4.569  4.996  0.003
    versicolor – virginica  1.619  0.1396          1.31   1.92   0.003
    """

    metric: str
    confidence_level: float
    rows: tuple[PairEstimate, ...]

    def __repr__(self) -> str:
        cells = [(self.metric, *HEADINGS[1:]), *self._cells()]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = (
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            for line in cells
        )
        return "\n".join(line.rstrip() for line in lines)

    def __len__(self) -> int:
        return len(self.rows)

    def _cells(self) -> list[tuple[str, ...]]:
        return [
            (
                f"{row.first} – {row.second}",
                *(f"{number:.4g}" for number in (*row.estimate, row.low, row.high, row.p_value)),
            )
            for row in self.rows
        ]

    def to_frame(self) -> Any:
        """Return the table as a data frame of pandas.

        Returns
        -------
        pandas.DataFrame
            With the names of both samples in columns of their own.

        Raises
        ------
        ImportError
            If pandas is not there.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> import numpy as np
        >>> samples = list(np.random.default_rng(0).normal(size=(3, 40, 2)))
        >>> gm.estimate_pairwise(gm.kl_divergence, samples, rng=0).to_frame().shape
        (6, 7)
        """
        try:
            import pandas as pd  # type: ignore[import-untyped]
        except ImportError:
            raise ImportError("to_frame needs the package pandas: pip install pandas.") from None
        columns = ("first", "second", "value", "standard_error", "low", "high", "p_value")
        rows = [(r.first, r.second, *r.estimate, r.low, r.high, r.p_value) for r in self.rows]
        return pd.DataFrame(rows, columns=list(columns))

    def to_markdown(self) -> str:
        """Return the table in Markdown.

        Returns
        -------
        str

        Raises
        ------
        None

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> import numpy as np
        >>> samples = list(np.random.default_rng(0).normal(size=(2, 40, 2)))
        >>> table = gm.estimate_pairwise(gm.wasserstein_distance, samples, rng=0)
        >>> print(table.to_markdown().splitlines()[0])
        | pair | value | standard error | low | high | adjusted p |
        """
        lines = [HEADINGS, ("---", *["---:"] * (len(HEADINGS) - 1)), *self._cells()]
        escaped = ([cell.replace("|", "\\|") for cell in line] for line in lines)
        return "\n".join(f"| {' | '.join(line)} |" for line in escaped)

    def to_latex(self) -> str:
        """Return the table in LaTeX, for the package booktabs.

        Returns
        -------
        str

        Raises
        ------
        None

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> import numpy as np
        >>> samples = list(np.random.default_rng(0).normal(size=(2, 40, 2)))
        >>> table = gm.estimate_pairwise(gm.wasserstein_distance, samples, rng=0)
        >>> print(table.to_latex().splitlines()[2])
        pair & value & standard error & low & high & adjusted p \\\\
        """
        lines = [" & ".join(map(_tex, line)) + r" \\" for line in (HEADINGS, *self._cells())]
        start = rf"\\begin{{tabular}}{{l{'r' * (len(HEADINGS) - 1)}}}".replace("\\\\", "\\")
        body = [start, r"\toprule", lines[0], r"\midrule", *lines[1:], r"\bottomrule"]
        return "\n".join([*body, r"\end{tabular}"])

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(cell)}</th>" for cell in (self.metric, *HEADINGS[1:]))
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in line) + "</tr>"
            for line in self._cells()
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


_TEX = {"\\": r"\textbackslash{}", "–": "--", **{c: rf"\{c}" for c in "&%$#_{}"}}


def _tex(text: str) -> str:
    return "".join(_TEX.get(letter, letter) for letter in text)


def estimate_pairwise(
    metric: Metric,
    samples: Any,
    names: Sequence[str] | None = None,
    *,
    confidence_level: float = 0.95,
    permutations: int = 999,
    groups: Sequence[ArrayLike] | None = None,
    scale: Literal["identity", "square"] | None = None,
    shrinkage: float | Literal["oas", "ledoit-wolf"] = 0.0,
    allow_singular: bool = False,
    rng: np.random.Generator | int | None = None,
) -> PairwiseEstimates:
    """Estimate a metric between all pairs of several samples, with intervals and tests.

    A row a pair: `estimate` of it, its interval, and the p-value of `equality_test` with the
    metric as statistic, adjusted by Holm for all rows. Of a metric that is not symmetric, both
    directions.

    Parameters
    ----------
    metric : callable
        A metric of the library, or any function of two Gaussians that broadcasts like them.
    samples : list or mapping of (n, d) array_like, or in blocks as in `estimate`
        Independent draws, one a row; a mapping names them. Those in blocks are read twice a row of
        the table.
    names : sequence of str, optional
        One a sample; by default numbers.
    confidence_level : float
        Of each interval.
    permutations : int
        Of each test.
    groups : sequence of array_like, optional
        Labels of the rows of each sample that depend on each other.
    scale, shrinkage, allow_singular
        As in `estimate`.
    rng : Generator or int, optional
        Deals the rows of the tests.

    Returns
    -------
    PairwiseEstimates
        A plain table, with ``to_frame()``, ``to_markdown()`` and ``to_latex()``.

    Raises
    ------
    TypeError, ValueError
        As `estimate` and `equality_test` do; and if names are not one a sample and all different.

    See Also
    --------
    PairwiseEstimates, estimate, pairwise

    References
    ----------
    Holm 1979, https://www.jstor.org/stable/4615733.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> import numpy as np
    >>> samples = list(np.random.default_rng(0).normal(size=(3, 60, 2)))
    >>> table = gm.estimate_pairwise(gm.wasserstein_distance, samples, ["a", "b", "c"], rng=0)
    >>> len(table), table.rows[0].first, table.rows[0].second
    (3, 'a', 'b')
    """
    callable_metric("metric", metric)
    level = reading.probability("confidence_level", confidence_level)
    known, values = checks.several_samples("estimate_pairwise", samples, names)
    labels = None if groups is None else checks.labels_of_samples(groups, known)
    values = checks.flat_samples("estimate_pairwise", known, values, labels)
    if labels is not None:
        labels = checks.cluster_labels(labels, values, known)
    generator = reading.generator(rng)
    mirrored = any(metric is one for one in SYMMETRIC)
    indices = range(len(values))
    pairs = list(combinations(indices, 2) if mirrored else _both_ways(indices))
    options = {"shrinkage": shrinkage, "allow_singular": allow_singular}
    estimates, p_values = [], []
    for i, j in pairs:
        of_pair: Any = None if labels is None else (labels[i], labels[j])
        pair: Any = values[i], values[j]
        estimates.append(estimate(metric, *pair, groups=of_pair, scale=scale, **options))  # type: ignore[arg-type]
        test = equality_test(
            *pair,
            statistic=metric,
            permutations=permutations,
            groups=of_pair,
            rng=generator,
            **options,  # type: ignore[arg-type]
        )
        p_values.append(test.p_value)
    rows = [
        PairEstimate(known[i], known[j], one, *one.confidence_interval(level), p)
        for (i, j), one, p in zip(pairs, estimates, adjusted(p_values), strict=True)
    ]
    return PairwiseEstimates(checks.name_of(metric), level, tuple(rows))


def _both_ways(indices: Any) -> list[tuple[int, int]]:
    return list(permutations(indices, 2))
