"""The classifier's rows: baselines that reach the optimum, and sabotage that does not pass."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy import optimize
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from threadpoolctl import threadpool_limits

import gaussmetrics as gm
from gaussmetrics.validation import (
    CLASSIFIERS,
    Classification,
    Identity,
    classifiers,
    descent,
    load,
)
from gaussmetrics.validation.__main__ import main
from gaussmetrics.validation.rows import Estimate, NotWorse, equal

NAMES = ["iris", "wine", "breast_cancer", "digits"]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    with threadpool_limits(1):
        yield


def penalty(labels):
    return (2 if labels.max() == 1 else 1) / len(labels)


def optimum(name):
    data = load(name)
    model = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000)
    return data.features, data.labels, model.fit(data.features, data.labels)


@pytest.mark.parametrize("name", NAMES)
def test_gradient_descent_reaches_the_optimum_of_logistic_regression(name):
    x, y, model = optimum(name)
    fit = descent.softmax_by_gradient_descent(x, y, penalty=penalty(y), tolerance=1e-9)
    np.testing.assert_allclose(fit.log_probabilities(x), model.predict_log_proba(x), atol=2e-5)
    assert fit.losses[-1] == min(fit.losses)
    assert len(fit.losses) < 5000


@pytest.mark.parametrize("name", NAMES)
def test_adam_comes_near_the_same_optimum(name):
    x, y, _ = optimum(name)
    lowest = descent.softmax_by_gradient_descent(x, y, penalty=penalty(y)).losses[-1]
    fit = descent.softmax_by_adam(x, y, penalty=penalty(y), rng=np.random.default_rng(0))
    reached, _ = descent._softmax_loss(
        fit.parameters, descent._with_ones(x), descent._one_hot(y), penalty(y)
    )
    assert lowest - 1e-9 <= reached <= lowest + 2e-3
    assert fit.losses[-1] < fit.losses[0]


def test_adam_repeats_itself_with_the_same_seed():
    data = load("iris")
    fits = [
        descent.softmax_by_adam(
            data.features, data.labels, steps=50, rng=np.random.default_rng(seed)
        ).parameters
        for seed in (1, 1, 2)
    ]
    np.testing.assert_array_equal(fits[0], fits[1])
    assert not np.array_equal(fits[0], fits[2])


def test_gradient_of_the_softmax_loss():
    rng = np.random.default_rng(0)
    rows = descent._with_ones(rng.standard_normal((20, 3)))
    targets = descent._one_hot(np.arange(20) % 4)

    def loss(flat, part):
        result = descent._softmax_loss(flat.reshape(4, 4), rows, targets, 0.3)[part]
        return np.ravel(result)[0] if part == 0 else np.ravel(result)

    start = rng.standard_normal(16)
    error = optimize.check_grad(lambda x: loss(x, 0), lambda x: loss(x, 1), start)
    assert error < 1e-6


@pytest.mark.parametrize("rows_per_class", [None, 10])
def test_splits_are_stratified_and_random(rows_per_class):
    labels = load("wine").labels
    rng = np.random.default_rng(0)
    first, second = (classifiers.stratified(labels, rows_per_class, rng) for _ in range(2))
    expected = [41, 50, 34] if rows_per_class is None else [10, 10, 10]
    assert [int(first[labels == k].sum()) for k in range(3)] == expected
    assert not np.array_equal(first, second)


def test_scores_are_those_of_scikit_learn():
    x, y, model = optimum("wine")
    expected = log_loss(y, model.predict_proba(x)), accuracy_score(y, model.predict(x))
    np.testing.assert_allclose(classifiers.score(model.predict_log_proba, x, y), expected)


def test_a_score_may_be_worse_by_the_margin_and_three_standard_errors():
    lower, higher = NotWorse(0.1, higher_is_better=False), NotWorse(0.1, higher_is_better=True)
    baseline = Estimate("", 1.0, 0.01)
    assert lower(1.129, baseline, 0.0)
    assert not lower(1.131, baseline, 0.0)
    assert lower(-5.0, baseline, 0.0)
    assert higher(0.871, baseline, 0.0)
    assert not higher(0.869, baseline, 0.0)
    assert not lower(1.0, Estimate("", 1.0, 0.11), 0.0)
    assert not lower(np.nan, baseline, 0.0)


def test_identities_hold_to_their_rounding_only():
    estimate = Estimate("", 2.0, 2e-9, equal)
    assert equal(2.0 + 1.9e-9, estimate, 0.0)
    assert not equal(2.0 + 2.1e-9, estimate, 0.0)
    assert not equal(np.nan, estimate, 0.0)


def test_the_whole_quick_run_passes(capsys):
    assert main(["--quick"]) == 0
    out = capsys.readouterr().out
    assert "The closed-form classifier against iterative ones" in out
    assert " 0 failed" in out
    assert all(name in out for name in [*NAMES, "Adam", "gradient descent", "LogisticRegression"])


class Sabotaged(gm.AnalyticLogisticRegression):
    def predict_log_proba(self, X):
        return log_softmax(self.spoiled(X @ self.coef_.T, self.intercept_), axis=1)


class SwappedClasses(Sabotaged):
    def spoiled(self, linear, intercept):
        return np.roll(linear + intercept, 1, axis=1)


class NoIntercept(Sabotaged):
    def spoiled(self, linear, intercept):
        return linear + 0 * intercept


class TwiceTheIntercept(Sabotaged):
    def spoiled(self, linear, intercept):
        return linear + 2 * intercept


class TwiceAsSure(Sabotaged):
    def spoiled(self, linear, intercept):
        return 2 * (linear + intercept)


class EqualPriors(Sabotaged):
    def spoiled(self, linear, intercept):
        return linear + intercept - np.log(self.priors_)


CLASSIFICATION = [check for check in CLASSIFIERS if isinstance(check, Classification)]
POSTERIOR = [check for check in CLASSIFIERS if check.name == "plain log-posterior"]
REGRESSION = [check for check in CLASSIFIERS if check.name == "linear regression"]


def posterior(classifier) -> list[Identity]:
    spoiled = partial(classifiers.plain_posterior, classifier=classifier)
    return [replace(check, closed_form=spoiled) for check in POSTERIOR]


SABOTAGE = {
    "classes swapped": [replace(check, classifier=SwappedClasses) for check in CLASSIFICATION],
    "no intercept": posterior(NoIntercept),
    "intercept without its ½": posterior(TwiceTheIntercept),
    "temperature ½": posterior(TwiceAsSure),
    "equal priors": posterior(EqualPriors),
    "regression through the origin": [
        replace(check, closed_form=lambda data: classifiers.conditional_mean(data) + 0.1)
        for check in REGRESSION
    ],
    "regression, one part in a hundred million off": [
        replace(check, closed_form=lambda data: classifiers.conditional_mean(data) * (1 + 1e-8))
        for check in REGRESSION
    ],
}


def test_the_classifier_checks_pass_unsabotaged():
    assert main(["--quick", "--dataset", "wine"], checks=CLASSIFIERS) == 0


@pytest.mark.parametrize("what", SABOTAGE)
def test_a_sabotaged_classifier_makes_the_run_fail(what, capsys):
    for check in SABOTAGE[what]:
        assert main(["--quick", "--dataset", "wine"], checks=[check]) == 1
        assert "FAIL" in capsys.readouterr().out


def test_a_log_loss_half_as_high_again_is_no_pass():
    """.117 against .078, with the standard error that such rows have."""
    assert not classifiers.MANY_ROWS["test log-loss"](0.117, Estimate("", 0.078, 0.005, equal), 0.0)
    many = {work.name: work.margins for work in CLASSIFIERS if isinstance(work, Classification)}
    assert many["seven rows in ten"] is classifiers.MANY_ROWS
