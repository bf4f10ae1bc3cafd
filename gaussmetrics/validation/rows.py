"""What a judge returns, what a row of the report records, and what lets a row pass.

A judge knows neither the closed form nor the verdict. It returns an `Estimate`; the estimate meets
the closed form in an `Outcome`; when all outcomes are known, `conclude` turns them into rows,
because the bound on \\|z\\| has to account for how many rows there are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from scipy.special import ndtri_exp

FALSE_ALARM = 1e-3
"""Probability that a run whose closed forms are all right fails nevertheless."""

RESOLUTION = 0.02
"""Largest standard error of a sampled estimate, relative to the estimate."""

GAP = 1e-6
"""Largest distance between two bounds, relative to the upper one."""

ROUNDING = 16 * np.finfo(np.float64).eps
"""Relative uncertainty that a number has for being a float64."""


@dataclass(frozen=True)
class Estimate:
    """A judge's number and how uncertain it is.

    Parameters
    ----------
    baseline : str
        How the number was found.
    value : float
        The number.
    standard_error : float
        Its standard error, or for one of two bounds the distance between the two.
    rule : callable, default `sampled`
        What lets a closed form pass beside this estimate.
    unit : float, default 0
        Size below which the quantity is not small but merely near its arbitrary zero: one nat for
        an entropy, nothing for a distance. Relative standard errors are taken against the larger
        of this and the value.
    """

    baseline: str
    value: float
    standard_error: float
    rule: Rule = field(default_factory=lambda: sampled)
    unit: float = 0.0

    @property
    def resolution(self) -> float:
        """Standard error relative to the value."""
        size = max(abs(self.value), self.unit)
        return self.standard_error / size if size else float(self.standard_error > 0)

    def z(self, closed_form: float) -> float:
        """Distance of the closed form from the estimate, in standard errors."""
        difference = closed_form - self.value
        error = math.hypot(self.standard_error, ROUNDING * abs(self.value))
        if difference == 0:
            return 0.0
        return difference / error if error else math.copysign(math.inf, difference)


Rule: TypeAlias = Callable[[float, Estimate, float], bool]
"""Closed form, estimate and bound on \\|z\\| in; verdict out."""


def sampled(closed_form: float, estimate: Estimate, bound: float) -> bool:
    """Agree within `bound` standard errors that are small enough to mean something."""
    return abs(estimate.z(closed_form)) <= bound and estimate.resolution <= RESOLUTION


def above(closed_form: float, estimate: Estimate, bound: float) -> bool:
    """Lie at or above a lower bound, and below the upper one that closed in on it."""
    del bound
    return 0 <= estimate.z(closed_form) <= 1 and estimate.resolution <= GAP


def below(closed_form: float, estimate: Estimate, bound: float) -> bool:
    """Lie at or below an upper bound, and above the lower one that closed in on it."""
    del bound
    return -1 <= estimate.z(closed_form) <= 0 and estimate.resolution <= GAP


def equal(closed_form: float, estimate: Estimate, bound: float) -> bool:
    """Agree to rounding: the standard error is what rounding may do."""
    del bound
    return abs(estimate.z(closed_form)) <= 1


@dataclass(frozen=True)
class NotWorse:
    """Rule for scores: be worse by no more than a margin and three standard errors.

    The standard error must not exceed the margin, or the row would prove nothing.

    Parameters
    ----------
    margin : float
    higher_is_better : bool
    """

    margin: float
    higher_is_better: bool

    def __call__(self, closed_form: float, estimate: Estimate, bound: float) -> bool:
        """Tell whether the closed form passes."""
        del bound
        loss = closed_form - estimate.value
        loss = -loss if self.higher_is_better else loss
        resolved = estimate.standard_error <= self.margin
        return resolved and loss <= self.margin + 3 * estimate.standard_error


@dataclass(frozen=True)
class Outcome:
    """A closed form's value beside a judge's estimate of it."""

    dataset: str
    pair: str
    quantity: str
    closed_form: float
    estimate: Estimate


Work: TypeAlias = Callable[[], list[Outcome]]
"""A comparison that is still to be made."""


@dataclass(frozen=True)
class Row:
    """An outcome with its verdict: one line of the report.

    Parameters
    ----------
    outcome : Outcome
    bound : float
        Bound on \\|z\\| of the run that the row belongs to.
    """

    outcome: Outcome
    bound: float

    @property
    def z(self) -> float:
        """(closed_form - estimate) / standard_error."""
        return self.outcome.estimate.z(self.outcome.closed_form)

    @property
    def passed(self) -> bool:
        """Whether the rule of the estimate lets the closed form pass."""
        estimate = self.outcome.estimate
        return bool(estimate.rule(self.outcome.closed_form, estimate, self.bound))

    def record(self) -> dict[str, str | float | bool]:
        """Return the row as it stands in report.json.

        Where the baseline is one of two bounds, the distance between the two stands in the place
        of the standard error.
        """
        outcome, estimate = self.outcome, self.outcome.estimate
        return {
            "dataset": outcome.dataset,
            "pair": outcome.pair,
            "quantity": outcome.quantity,
            "closed_form": outcome.closed_form,
            "baseline": estimate.baseline,
            "estimate": estimate.value,
            "standard_error": estimate.standard_error,
            "z": self.z,
            "passed": self.passed,
        }


def z_bound(rows: int, *, false_alarm: float = FALSE_ALARM) -> float:
    """Bound that the largest of `rows` standard normal \\|z\\| exceeds with a stated probability.

    Šidák's bound: Φ(bound) = ½ + ½ (1 − false_alarm)^(1 / rows).

    Parameters
    ----------
    rows : int
        Number of independent z-scores.
    false_alarm : float
        Probability that any of them exceeds the bound.

    Returns
    -------
    float

    References
    ----------
    Šidák (1967), doi:10.1080/01621459.1967.10482935

    Examples
    --------
    >>> round(z_bound(1, false_alarm=0.05), 2), round(z_bound(600), 2)
    (1.96, 4.79)
    """
    tail = -math.expm1(math.log1p(-false_alarm) / max(rows, 1)) / 2
    return float(-ndtri_exp(math.log(tail)))


def conclude(outcomes: Sequence[Outcome]) -> list[Row]:
    """Turn outcomes into rows, under one bound that accounts for how many of them were sampled.

    Parameters
    ----------
    outcomes : sequence of Outcome

    Returns
    -------
    list of Row
        In the same order.

    Examples
    --------
    >>> right = Outcome("iris", "p, q", "kl_divergence", 1.0, Estimate("dice", 1.01, 0.01))
    >>> [row.passed for row in conclude([right])]
    [True]
    """
    bound = z_bound(sum(outcome.estimate.rule is sampled for outcome in outcomes))
    return [Row(outcome, bound) for outcome in outcomes]
