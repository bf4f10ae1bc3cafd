"""Every closed form against Monte Carlo and gradient descent, on real data.

``python -m gaussmetrics.validation`` runs it all; `validate` is the same as a function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from threadpoolctl import threadpool_limits

from gaussmetrics.validation.classifiers import CLASSIFIERS, Classification, Identity
from gaussmetrics.validation.datasets import Dataset, load, load_all
from gaussmetrics.validation.divergences import DIVERGENCES
from gaussmetrics.validation.inference import INFERENCE, Promise
from gaussmetrics.validation.quantities import QUANTITIES, Quantity
from gaussmetrics.validation.rows import Estimate, Outcome, Row, Work, conclude, z_bound
from gaussmetrics.validation.softmax import SOFTMAX
from gaussmetrics.validation.transport import TRANSPORT

__all__ = [
    "CHECKS",
    "CLASSIFIERS",
    "DIVERGENCES",
    "INFERENCE",
    "QUANTITIES",
    "SOFTMAX",
    "TRANSPORT",
    "Check",
    "Classification",
    "Dataset",
    "Estimate",
    "Identity",
    "Outcome",
    "Promise",
    "Quantity",
    "Row",
    "load",
    "load_all",
    "validate",
    "z_bound",
]


class Check(Protocol):
    """Something to be checked on a data set: a `Quantity`, a `Classification`, a `Promise` …"""

    def comparisons(self, dataset: Dataset, *, samples: int, seed: int) -> Iterator[Work]:
        """List the comparisons to be made."""


CHECKS: tuple[Check, ...] = (
    *QUANTITIES,
    *DIVERGENCES,
    *TRANSPORT,
    *SOFTMAX,
    *CLASSIFIERS,
    *INFERENCE,
)
"""All checks of a default run."""


def validate(
    datasets: Sequence[Dataset] | None = None,
    *,
    checks: Sequence[Check] = CHECKS,
    samples: int = 100_000,
    seed: int = 0,
    track: Callable[[Sequence[Work]], Iterable[Work]] = iter,
) -> list[Row]:
    """Compare every closed form with its judges, on every pair of classes of real data sets.

    A sampled row passes when \\|z\\| is below Šidák's bound for the number of sampled rows
    (probability of a false alarm in the whole run 0.001) and the standard error is at most 2 % of
    the value. A bound's row passes when the closed form lies between the two bounds and these are
    at most 1e-6 of the value apart. What the classifier must reach is `classifiers.MARGINS`, and
    how often intervals and tests may err `inference.COVERAGE` and `inference.SIZE`.

    Parameters
    ----------
    datasets : sequence of Dataset, optional
        Default: iris, wine, breast cancer and digits.
    checks : sequence of Check
        Closed forms with their judges.
    samples : int
        Points that a judge draws. The classifier is scored on one split for every 5000.
    seed : int
        The same seed gives the same rows.
    track : callable
        Wraps the list of comparisons while it is worked through; a progress bar for example.

    Returns
    -------
    list of Row

    Examples
    --------
    >>> rows = validate([load("iris")], checks=QUANTITIES, samples=20_000)
    >>> len(rows), all(row.passed for row in rows)
    (36, True)
    """
    work = [
        comparison
        for dataset in (load_all() if datasets is None else datasets)
        for check in checks
        for comparison in check.comparisons(dataset, samples=samples, seed=seed)
    ]
    # For matrices as small as these a second thread costs more than it brings.
    with threadpool_limits(1):
        return conclude([outcome for comparison in track(work) for outcome in comparison()])
