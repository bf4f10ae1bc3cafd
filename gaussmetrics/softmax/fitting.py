"""From labelled rows to a softmax model: choose, solve, calibrate, refine."""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import NamedTuple

import numpy as np

from gaussmetrics._array.types import Array
from gaussmetrics.softmax import checks, refinement
from gaussmetrics.softmax.calibration import (
    Calibration,
    calibrated,
    centred,
    fit_calibration,
)
from gaussmetrics.softmax.class_moments import ClassMoments
from gaussmetrics.softmax.leave_one_out import (
    Judge,
    Scores,
    ShrinkagePath,
    centres,
    fourth_moment,
    ledoit_wolf,
    oas,
)
from gaussmetrics.softmax.regression import softmax_coefficients
from gaussmetrics.softmax.rows import Rows
from gaussmetrics.softmax.temperature import search_nothing, search_temperature

TABLE = 2**26
"""Scores judged at once, 512 MB: of more, every second, third … row is judged."""


class Settings(NamedTuple):
    """How to fit. A temperature of None is to be chosen."""

    shrinkage: float | str
    temperature: float | None
    calibrate: bool = False
    refine: bool = False

    @property
    def looks_at_rows(self) -> bool:
        """Tell whether moments are not enough."""
        by_rows = self.shrinkage in {"loo", "ledoit-wolf"}
        return by_rows or self.temperature is None or self.calibrate or self.refine


class Fitted(NamedTuple):
    """A softmax model and what was chosen for it.

    coefficients (K, d) and intercepts (K,) are those in use; axes (K, d) are the coefficients
    before temperature, calibration and refinement; steps counts those of the refinement.
    """

    coefficients: Array
    intercepts: Array
    axes: Array
    shrinkage: float
    temperature: float
    calibration: Calibration
    steps: int


def fit_moments(moments: ClassMoments, shrinkage: float | str, temperature: float) -> Fitted:
    """Solve for a model of which nothing is to be chosen from rows."""
    checks.spread_within(moments.scatter)
    gamma = oas(moments, len(moments.scatter)) if shrinkage == "oas" else float(shrinkage)
    w, b = softmax_coefficients(moments, shrinkage=gamma)
    return _scaled(w, b, gamma, temperature)


def fit_rows(rows: Rows, moments: ClassMoments, settings: Settings) -> Fitted:
    """Choose what is to be chosen by leave-one-out, and solve."""
    checks.spread_within(moments.scatter)
    shrinkage = _given_shrinkage(rows, moments, settings.shrinkage)
    temperature, unit = settings.temperature, rows.unit_variance(moments)
    second = settings.calibrate or settings.refine
    if shrinkage is not None:  # says first of all if the covariance is singular
        w, b = softmax_coefficients(moments, shrinkage=shrinkage, unit=unit)
        if temperature is not None and not second:
            return _scaled(w, b, shrinkage, temperature)
    judged = rows.spread(TABLE)
    judge, about = judged.judge(ShrinkagePath(moments, unit)), 1.0
    if shrinkage is None:
        best = judge.search(temperature)
        shrinkage, about = best.shrinkage, 1.0 / best.temperature
        w, b = softmax_coefficients(moments, shrinkage=shrinkage, unit=unit)
        if temperature is not None and not second:
            return _scaled(w, b, shrinkage, temperature)
    start = _look(judge, shrinkage, temperature, about)
    if start is None:
        checks.refuse_leaving_out(shrinkage)
    model = _scaled(w, b, shrinkage, start.temperature)
    if not second:
        return model
    model, refined = _second_stage(judged, moments, start, model, settings.calibrate)
    count = _steps_to_make(judged, moments, model, settings.calibrate) if settings.refine else 0
    for step in islice(refinement.steps(refined), count - 1, count) if count else ():
        model = _moved(model, step)
    return model._replace(steps=count)


class _Look(NamedTuple):
    """Scores of rows left out, a temperature for them, and what the rows count."""

    scores: Scores
    temperature: float
    weight: float
    units: float


def _look(
    judge: Judge, shrinkage: float, temperature: float | None, about: float = 1.0
) -> _Look | None:
    """Look at the rows left out, and find the temperature to all its digits if none is given."""
    search = search_temperature(about) if temperature is None else search_nothing(1.0 / temperature)
    looked = judge.scores(shrinkage, search)
    if looked is None:
        return None
    scores, found = looked
    temperature = 1.0 / found.beta if temperature is None else temperature
    return _Look(scores, temperature, found.weight, found.units)


def _given_shrinkage(rows: Rows, moments: ClassMoments, shrinkage: float | str) -> float | None:
    """Return a shrinkage that is a number or a formula, or None if it is to be chosen."""
    if shrinkage == "loo":
        return None
    if shrinkage == "ledoit-wolf":
        (fourth,) = rows.sum(fourth_moment, centres(moments), rows.unit_variance(moments))
        return ledoit_wolf(moments, rows.width, fourth)
    if shrinkage == "oas":
        return oas(moments, rows.width)
    return float(shrinkage)


def _scaled(w: Array, b: Array, shrinkage: float, temperature: float) -> Fitted:
    none = Calibration(np.ones(len(b)), np.zeros(len(b)))
    return Fitted(w / temperature, b / temperature, w, shrinkage, temperature, none, 0)


def _moved(model: Fitted, step: refinement.Step) -> Fitted:
    return model._replace(
        coefficients=model.coefficients + step.coefficients,
        intercepts=model.intercepts + step.intercepts,
    )


def _second_stage(
    rows: Rows, moments: ClassMoments, start: _Look, model: Fitted, calibrate: bool
) -> tuple[Fitted, refinement.Start]:
    """Calibrate the model by the scores that rows get when left out; say where to go on from."""
    scores = start.scores.then(
        partial(centred, temperature=model.temperature, weight=start.weight, units=start.units)
    )
    if calibrate:
        calibration = fit_calibration(scores.ask, rows.n_classes, start.units)
        w, b = calibration.coefficients(model.coefficients, model.intercepts)
        model = model._replace(coefficients=w, intercepts=b, calibration=calibration)
        scores = scores.then(partial(calibrated, calibration=calibration))
    walk = rows.walk(scores, moments.mean)
    return model, refinement.Start(walk, moments, rows.unit_variance(moments), start.units)


def _steps_to_make(rows: Rows, whole: ClassMoments, model: Fitted, calibrate: bool) -> int:
    """Return after how many steps rows held out of both stages have the least loss."""
    losses = np.zeros(len(refinement.PENALTIES) + 1)
    for training, held_out in rows.folds(whole):
        moments = training.moments()
        if not (moments.counts > 0).all():
            return 0
        unit = training.unit_variance(moments)
        judge = training.judge(ShrinkagePath(moments, unit))
        start = _look(judge, model.shrinkage, model.temperature)
        if start is None:
            return 0
        w, b = softmax_coefficients(moments, shrinkage=model.shrinkage, unit=unit)
        part = _scaled(w, b, model.shrinkage, model.temperature)
        part, refined = _second_stage(training, moments, start, part, calibrate)
        path = [part, *(_moved(part, step) for step in refinement.steps(refined))]
        models = [(point.coefficients, point.intercepts) for point in path]
        losses += held_out.sum(refinement.held_out_losses, models)[0]
    return int(losses.argmin())
