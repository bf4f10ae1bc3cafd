"""From labelled rows to a softmax model: choose, solve, calibrate, refine."""

from __future__ import annotations

from itertools import islice
from typing import NamedTuple

import numpy as np

from gaussmetrics._array.types import Array
from gaussmetrics.softmax import checks, refinement
from gaussmetrics.softmax.calibration import (
    Calibration,
    centred_scores,
    fit_calibration,
    smoothed_targets,
)
from gaussmetrics.softmax.class_moments import ClassMoments
from gaussmetrics.softmax.leave_groups_out import LeaveGroupsOut
from gaussmetrics.softmax.leave_one_out import LeaveOneOut, LeftOut, ledoit_wolf, oas
from gaussmetrics.softmax.regression import softmax_coefficients
from gaussmetrics.softmax.sample import Sample

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


def fit_rows(sample: Sample, moments: ClassMoments, settings: Settings) -> Fitted:
    """Choose what is to be chosen by leave-one-out, and solve."""
    checks.spread_within(moments.scatter)
    shrinkage = _given_shrinkage(sample, moments, settings.shrinkage)
    temperature, unit = settings.temperature, sample.unit_variance(moments)
    if shrinkage is not None:  # says first of all if the covariance is singular
        w, b = softmax_coefficients(moments, shrinkage=shrinkage, unit=unit)
        if temperature is not None and not (settings.calibrate or settings.refine):
            return _scaled(w, b, shrinkage, temperature)
    judged = _judged(sample)
    left_out = _left_out(judged, moments)
    if shrinkage is None:
        shrinkage = left_out.search(temperature).shrinkage
    second = settings.calibrate or settings.refine
    if temperature is not None and not second:
        w, b = softmax_coefficients(moments, shrinkage=shrinkage, unit=unit)
        return _scaled(w, b, shrinkage, temperature)
    margins = left_out.margins(shrinkage)
    if margins is None:
        checks.refuse_leaving_out(shrinkage)
    if temperature is None:
        temperature = left_out.temperature(margins)
    model = _scaled(
        *softmax_coefficients(moments, shrinkage=shrinkage, unit=unit), shrinkage, temperature
    )
    if not second:
        return model
    start, calibration = _second_stage(left_out, margins, judged, model, settings.calibrate)
    count = _steps_to_make(judged, moments, model, settings.calibrate) if settings.refine else 0
    w, b = start.coefficients, start.intercepts
    for step in islice(refinement.steps(start), count - 1, count) if count else ():
        w, b = w + step.coefficients, b + step.intercepts
    return model._replace(coefficients=w, intercepts=b, calibration=calibration, steps=count)


def _judged(sample: Sample) -> Sample:
    """Return all rows, or so many of them, evenly spread, that their scores fit in the table."""
    stride = -(-len(sample.codes) * sample.n_classes // TABLE)
    if stride <= 1:
        return sample
    if sample.groups is None:
        return sample.rows(slice(None, None, stride))
    return sample.rows(sample.groups % stride == 0)


def _given_shrinkage(sample: Sample, moments: ClassMoments, shrinkage: float | str) -> float | None:
    """Return a shrinkage that is a number or a formula, or None if it is to be chosen."""
    if shrinkage == "loo":
        return None
    if shrinkage == "ledoit-wolf":
        return ledoit_wolf(sample, moments)
    if shrinkage == "oas":
        return oas(moments, sample.columns or len(moments.scatter))
    return float(shrinkage)


def _scaled(w: Array, b: Array, shrinkage: float, temperature: float) -> Fitted:
    none = Calibration(np.ones(len(b)), np.zeros(len(b)))
    return Fitted(w / temperature, b / temperature, w, shrinkage, temperature, none, 0)


def _left_out(sample: Sample, moments: ClassMoments) -> LeftOut:
    alike = sample.out is None or bool(np.ptp(sample.out) == 0)
    one_by_one = sample.groups is None and alike
    return (LeaveOneOut if one_by_one else LeaveGroupsOut)(sample, moments)


def _second_stage(
    left_out: LeftOut, margins: Array, sample: Sample, model: Fitted, calibrate: bool
) -> tuple[refinement.Start, Calibration]:
    """Calibrate the model by the scores that rows get when left out."""
    table = centred_scores(margins, model.temperature)
    targets = smoothed_targets(table, left_out.codes, left_out.weights, left_out.units)
    calibration = model.calibration
    w, b = model.coefficients, model.intercepts
    if calibrate:
        calibration = fit_calibration(table, targets, left_out.units)
        w, b = calibration.coefficients(w, b)
        table = calibration.scores(table)
    start = refinement.Start(sample, left_out.moments, table, targets, left_out.units, w, b)
    return start, calibration


def _steps_to_make(sample: Sample, whole: ClassMoments, model: Fitted, calibrate: bool) -> int:
    """Return after how many steps rows held out of both stages have the least loss."""
    losses = np.zeros(len(refinement.PENALTIES) + 1)
    for held_out in refinement.folds(sample, whole):
        training = sample.rows(~held_out)
        moments = training.moments()
        if not held_out.any() or not (moments.counts > 0).all():
            return 0
        left_out = _left_out(training, moments)
        margins = left_out.margins(model.shrinkage)
        if margins is None:
            return 0
        w, b = softmax_coefficients(
            moments, shrinkage=model.shrinkage, unit=training.unit_variance(moments)
        )
        part = _scaled(w, b, model.shrinkage, model.temperature)
        start, _ = _second_stage(left_out, margins, training, part, calibrate)
        losses += refinement.held_out_loss(start, refinement.steps(start), sample.rows(held_out))
    return int(losses.argmin())
