"""The five classifiers that are compared, each as a scikit-learn estimator made from a seed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegressionCV

from gaussmetrics.softmax.classifier import AnalyticLogisticRegression
from gaussmetrics.validation.descent import softmax_by_adam

DESCENT = "gradient descent"
PLAIN = "closed form, plain"
SHRUNK = "closed form, shrinkage only"
DEFAULT = "closed form, default"
TUNED = "LogisticRegression, C by CV"
METHODS = (DESCENT, PLAIN, SHRUNK, DEFAULT, TUNED)

INVERSE_PENALTIES = (0.3, 1, 3, 10, 30, 100, 300, 1000)
FOLDS = 3
PASSES, BATCH, RATE = 50, 64, 0.02


class GradientDescent(ClassifierMixin, BaseEstimator):
    """Unpenalised softmax regression by mini-batch Adam, for a fixed number of passes."""

    def __init__(self, *, seed: int = 0) -> None:
        self.seed = seed

    def fit(self, X: NDArray[np.float64], y: NDArray[np.intp]) -> GradientDescent:
        self.classes_, labels = np.unique(y, return_inverse=True)
        rng = np.random.default_rng(self.seed)
        steps = math.ceil(PASSES * len(y) / BATCH)
        self.model_ = softmax_by_adam(X, labels, rng=rng, steps=steps, batch=BATCH, rate=RATE)
        return self

    def predict_log_proba(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.model_.log_probabilities(X)

    def predict(self, X: NDArray[np.float64]) -> NDArray[np.intp]:
        return self.classes_[self.predict_log_proba(X).argmax(axis=1)]


def estimators(seed: int) -> dict[str, Any]:
    """Return the unfitted classifiers by name."""
    return {
        DESCENT: GradientDescent(seed=seed),
        PLAIN: AnalyticLogisticRegression(shrinkage=0, temperature=1),
        SHRUNK: AnalyticLogisticRegression(temperature=1),
        DEFAULT: AnalyticLogisticRegression(),
        TUNED: LogisticRegressionCV(
            Cs=INVERSE_PENALTIES,
            cv=FOLDS,
            scoring="neg_log_loss",
            l1_ratios=(0,),
            use_legacy_attributes=False,
            max_iter=1000,
        ),
    }


def first_defined(method: str, classes: int, columns: int) -> int:
    """Return the fewest rows a method accepts: the plain formula inverts a matrix of rank n − K."""
    return classes + columns if method == PLAIN else 1


def chosen(model: Any) -> dict[str, float]:
    """Return what a fitted method chose from the data, if anything."""
    if isinstance(model, LogisticRegressionCV):
        return {"C": float(np.max(model.C_))}
    if isinstance(model, AnalyticLogisticRegression):
        return {"shrinkage": float(model.shrinkage_), "temperature": float(model.temperature_)}
    return {}
