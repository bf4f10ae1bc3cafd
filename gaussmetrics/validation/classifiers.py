"""The closed-form classifier against gradient descent, and its identities, on real data.

What passes is stated here, before anything is run: see `MARGINS` and `ROUNDING`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array.types import Array
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.validation import descent
from gaussmetrics.validation.datasets import Dataset
from gaussmetrics.validation.montecarlo import mean_with_error
from gaussmetrics.validation.rows import Estimate, NotWorse, Outcome, Work, equal

C = 1.0
"""The baselines minimise the objective of ``LogisticRegression(C=1)``, scikit-learn's default."""

MARGINS = {
    "test log-loss": NotWorse(0.05, higher_is_better=False),
    "test accuracy": NotWorse(0.03, higher_is_better=True),
    "train log-loss": NotWorse(0.08, higher_is_better=False),
    "train accuracy": NotWorse(0.04, higher_is_better=True),
}
"""How much worse than a baseline the closed form may score, in nats and in shares of the rows.

The baselines are fitted to the training rows' log-loss and the closed form is not.
"""

MANY_ROWS = {**MARGINS, "test log-loss": NotWorse(0.02, higher_is_better=False)}
"""The same where rows are many, and draws of them alike: .117 against .078 does not pass."""

ROUNDING = 1e-9
"""Largest relative difference between two routes to the same number."""

Rows: TypeAlias = Array
Codes: TypeAlias = NDArray[np.intp]
Predictor: TypeAlias = Callable[[Rows], Array]
"""Rows in; log-probabilities of the classes out."""

Classifier: TypeAlias = Callable[..., Any]
"""Makes an estimator with ``fit`` and ``predict_log_proba``."""


def analytic(**options: Any) -> Any:
    """Make the toolkit's own classifier."""
    from gaussmetrics.softmax.classifier import AnalyticLogisticRegression

    return AnalyticLogisticRegression(**options)


def penalty(labels: Codes) -> float:
    """Return the penalty of ``LogisticRegression(C=1)`` as `descent` counts it.

    For two classes scikit-learn penalises w₁ − w₀ and not w₀ and w₁, which doubles it.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        Classes 0 … K − 1.

    Returns
    -------
    float

    Examples
    --------
    >>> penalty(np.array([0, 1, 1, 0])), penalty(np.array([0, 1, 2, 0]))
    (0.5, 0.25)
    """
    return (2 if labels.max() == 1 else 1) / (C * len(labels))


def by_gradient_descent(features: Rows, labels: Codes, rng: np.random.Generator) -> Predictor:
    """Fit by full-batch gradient descent."""
    del rng
    fit = descent.softmax_by_gradient_descent(features, labels, penalty=penalty(labels))
    return fit.log_probabilities


def by_adam(features: Rows, labels: Codes, rng: np.random.Generator) -> Predictor:
    """Fit by mini-batch Adam."""
    fit = descent.softmax_by_adam(features, labels, penalty=penalty(labels), rng=rng)
    return fit.log_probabilities


def by_logistic_regression(features: Rows, labels: Codes, rng: np.random.Generator) -> Predictor:
    """Fit by scikit-learn's LogisticRegression."""
    from sklearn.linear_model import LogisticRegression

    del rng
    model = LogisticRegression(C=C, max_iter=1000).fit(features, labels)
    return model.predict_log_proba


BASELINES = {
    "gradient descent": by_gradient_descent,
    "Adam": by_adam,
    "LogisticRegression": by_logistic_regression,
}


@dataclass(frozen=True)
class Classification:
    """The closed-form classifier's scores beside those of the baselines.

    Parameters
    ----------
    name : str
    classifier : callable
        Makes the classifier under test.
    rows_per_class : int, optional
        How many rows of each class it is trained on; default: seven in ten.
    margins : mapping, optional
        How much worse it may be in each score.
    """

    name: str
    classifier: Classifier = analytic
    rows_per_class: int | None = None
    margins: Mapping[str, NotWorse] = field(default_factory=lambda: MARGINS)

    def comparisons(self, dataset: Dataset, *, samples: int, seed: int) -> Iterator[Work]:
        """List the one comparison: repeated stratified splits, one for every 5000 samples."""
        yield lambda: self._compare(dataset, max(4, samples // 5000), seed)

    def _compare(self, dataset: Dataset, splits: int, seed: int) -> list[Outcome]:
        rng = np.random.default_rng([seed, crc32(f"{dataset.name}: {self.name}".encode())])
        scores = np.stack([self._scores(dataset, rng) for _ in range(splits)], axis=-1)
        rows = f"{stratified(dataset.labels, self.rows_per_class, rng).sum()} training rows"
        return [
            Outcome(
                dataset.name,
                rows,
                score,
                float(own.mean()),
                self._paired(baseline, score, own, other),
            )
            for baseline, others in zip(BASELINES, scores[1:], strict=True)
            for score, own, other in zip(MARGINS, scores[0], others, strict=True)
        ]

    def _paired(self, baseline: str, score: str, own: Array, other: Array) -> Estimate:
        """Return a baseline's mean score, with the standard error of its difference from ours."""
        _, error = mean_with_error(own - other)
        return Estimate(baseline, float(other.mean()), error, self.margins[score])

    def _scores(self, dataset: Dataset, rng: np.random.Generator) -> Array:
        """Return the scores of one split, (1 + baselines, len(MARGINS))."""
        training = stratified(dataset.labels, self.rows_per_class, rng)
        features, labels = dataset.features[training], dataset.labels[training]
        predictors = [self.classifier().fit(features, labels).predict_log_proba]
        predictors += [fit(features, labels, rng) for fit in BASELINES.values()]
        held_out = dataset.features[~training], dataset.labels[~training]
        return np.array(
            [
                [*score(predict, *held_out), *score(predict, features, labels)]
                for predict in predictors
            ]
        )


def stratified(labels: Codes, rows_per_class: int | None, rng: np.random.Generator) -> Codes:
    """Choose training rows at random, from each class the same number or seven in ten.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
    rows_per_class : int or None
        None for seven in ten.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of bool, shape (n,)

    Examples
    --------
    >>> chosen = stratified(np.array([0] * 10 + [1] * 20), None, np.random.default_rng(0))
    >>> int(chosen[:10].sum()), int(chosen[10:].sum())
    (7, 14)
    """
    chosen = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        of_class = rng.permutation(np.flatnonzero(labels == label))
        chosen[of_class[: rows_per_class or round(0.7 * len(of_class))]] = True
    return chosen


def score(predict: Predictor, features: Rows, labels: Codes) -> tuple[float, float]:
    """Return the log-loss and the accuracy of a predictor.

    Parameters
    ----------
    predict : callable
        Rows in; log-probabilities of the classes out.
    features : ndarray, shape (n, d)
    labels : ndarray of int, shape (n,)

    Returns
    -------
    log_loss, accuracy : float
    """
    log_p = predict(features)
    own = log_p[np.arange(len(labels)), labels]
    return float(-own.mean()), float(np.mean(log_p.argmax(axis=1) == labels))


@dataclass(frozen=True)
class Identity:
    """Two routes to the same numbers, compared where they differ most.

    Parameters
    ----------
    name : str
    closed_form : callable
        Data set in; an array out.
    baseline : str
        Name of the other route.
    route : callable
        Data set in; an array of the same shape out.
    """

    name: str
    closed_form: Callable[[Dataset], Array]
    baseline: str
    route: Callable[[Dataset], Array]

    def comparisons(self, dataset: Dataset, *, samples: int, seed: int) -> Iterator[Work]:
        """List the one comparison."""
        del samples, seed
        yield lambda: [self._compare(dataset)]

    def _compare(self, dataset: Dataset) -> Outcome:
        closed_form, route = self.closed_form(dataset), self.route(dataset)
        allowed = ROUNDING * np.maximum(1, np.abs(route))
        worst = np.unravel_index(np.argmax(np.abs(closed_form - route) / allowed), route.shape)
        value, error = float(route[worst]), float(allowed[worst])
        estimate = Estimate(self.baseline, value, error, equal, unit=1.0)
        return Outcome(dataset.name, "all rows", self.name, float(closed_form[worst]), estimate)


def plain_posterior(dataset: Dataset, classifier: Classifier = analytic) -> Array:
    """Return the log-probabilities of the classifier without shrinkage and temperature."""
    model = classifier(shrinkage=0.0, temperature=1.0)
    log_p = model.fit(dataset.features, dataset.labels).predict_log_proba(dataset.features)
    return np.asarray(log_p)


def discriminant_posterior(dataset: Dataset) -> Array:
    """Return the log-probabilities of scikit-learn's linear discriminant analysis."""
    from scipy.special import log_softmax
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    model = LinearDiscriminantAnalysis(solver="lsqr").fit(dataset.features, dataset.labels)
    scores = model.decision_function(dataset.features)
    if scores.ndim == 1:
        scores = np.column_stack([np.zeros_like(scores), scores])
    return np.asarray(log_softmax(scores, axis=1))


def normal_posterior(dataset: Dataset) -> Array:
    """Return the log-probabilities by Bayes' rule from normals that share one covariance."""
    from scipy.special import log_softmax

    count = len(dataset.labels)
    rows = [dataset.rows(name) for name in dataset.classes]
    pooled = sum(len(x) * np.cov(x, rowvar=False, ddof=0) for x in rows) / count
    joint = [
        np.log(len(x) / count) + Gaussian(x.mean(axis=0), pooled).logpdf(dataset.features)
        for x in rows
    ]
    return np.asarray(log_softmax(np.column_stack(joint), axis=1))


def conditional_mean(dataset: Dataset) -> Array:
    """Return the mean of the last column given the others, in the normal fitted to all rows."""
    given = np.arange(dataset.features.shape[1] - 1)
    conditional = Gaussian.from_samples(dataset.features).conditional(given)
    return np.asarray(conditional(dataset.features[:, given]).mean[:, 0])


def least_squares(dataset: Dataset) -> Array:
    """Return the least-squares prediction of the last column by the others and a constant."""
    target = dataset.features[:, -1]
    design = np.column_stack([dataset.features[:, :-1], np.ones(len(target))])
    return np.asarray(design @ np.linalg.lstsq(design, target, rcond=None)[0])


CLASSIFIERS: tuple[Classification | Identity, ...] = (
    Classification("ten rows a class", rows_per_class=10),
    Classification("thirty rows a class", rows_per_class=30),
    Classification("seven rows in ten", margins=MANY_ROWS),
    Identity(
        "plain log-posterior", plain_posterior, "LinearDiscriminantAnalysis", discriminant_posterior
    ),
    Identity(
        "plain log-posterior", plain_posterior, "normals with one covariance", normal_posterior
    ),
    Identity("linear regression", conditional_mean, "least squares", least_squares),
)
"""The classifier's rows."""
