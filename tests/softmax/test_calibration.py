"""Class calibration: the minimum of its loss, on scores that rows get when left out."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, logsumexp
from sklearn.datasets import load_breast_cancer, load_iris, load_wine

from gaussmetrics.laws import blocks
from gaussmetrics.softmax import calibration
from gaussmetrics.softmax.calibration import centred, fit_calibration
from gaussmetrics.softmax.classifier import AnalyticLogisticRegression
from gaussmetrics.softmax.temperature import Table


def problem(n=150, classes=4, seed=0, spread=2.0):
    """Return scores less their mean, (K, n), labels and weights."""
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(classes), rng.integers(0, classes, n - classes)])
    scores = spread * rng.standard_normal((classes, n))
    scores[y, np.arange(n)] += 1.0
    return scores - scores.mean(axis=0), y, rng.random(n) + 0.2


def calibration_of(scores, y, weights, units):
    """Calibrate scores less their mean."""
    table = Table(scores.copy(), y, weights, units)
    table = centred(table, 1.0, weights.sum(), units)
    return fit_calibration(lambda question: question(table), len(scores), units)


def literal_loss(theta, scores, y, weights, units):
    """s, d and b apart, row by row, from the definition."""
    k, n = scores.shape
    s, d, b = theta[0], theta[1 : k + 1], theta[k + 1 :]
    error, total = 1.0 / (units + 2.0), 0.0
    for i in range(n):
        z = (s + d) * scores[:, i] + b
        rival = max(set(range(k)) - {y[i]}, key=lambda j, i=i: scores[j, i])
        total += weights[i] * (logsumexp(z) - (1 - error) * z[y[i]] - error * z[rival])
    return total / weights.sum() + (10 * d @ d + b @ b) / (2 * units)


@pytest.mark.parametrize(("classes", "units"), [(2, 60), (2, 15), (4, 60)])
def test_is_the_minimum_that_bfgs_finds(classes, units, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_ELEMENTS", 2**8)
    scores, y, w = problem(60, classes)
    found = calibration_of(scores, y, w, units)
    s = found.slopes.mean()
    theta = np.concatenate([[s], found.slopes - s, found.intercepts])
    start = np.concatenate([[1.0], np.zeros(2 * classes)])
    best = minimize(literal_loss, start, (scores, y, w, units), options={"gtol": 1e-7})
    assert literal_loss(theta, scores, y, w, units) <= best.fun + 1e-12
    np.testing.assert_allclose(theta, best.x, atol=2e-4)


def test_two_classes_are_the_method_of_platt_with_a_prior():
    scores, y, _ = problem(classes=2)
    n = len(y)
    found = calibration_of(scores, y, np.ones(n), n)
    target = np.where(y == 1, (n + 1) / (n + 2), 1 / (n + 2))

    def platt(theta):
        p = expit(theta[0] * (scores[1] - scores[0]) + theta[1])
        cross_entropy = -np.mean(target * np.log(p) + (1 - target) * np.log1p(-p))
        return cross_entropy + theta[1] ** 2 / (4 * n)  # b₁ = −b₀ = θ₁/2; equal slopes cost nothing

    best = minimize(platt, [1.0, 0.0], options={"gtol": 1e-9})
    # z₁ − z₀ = a₁L₁ + b₁ − a₀L₀ − b₀ with L₀ = −L₁ = −(score₁ − score₀)/2
    np.testing.assert_allclose(found.slopes[0], found.slopes[1], rtol=1e-7)
    assert found.slopes.mean() == pytest.approx(best.x[0], rel=1e-5)
    assert np.diff(found.intercepts)[0] == pytest.approx(best.x[1], rel=1e-4)


@pytest.mark.parametrize("spread", [1e-6, 0.1, 10.0, 1e3])
def test_ten_steps_are_enough(spread, monkeypatch):
    scores, y, w = problem(spread=spread)
    short = calibration_of(scores, y, w, 150.0)
    monkeypatch.setattr(calibration, "STEPS", 100)
    long = calibration_of(scores, y, w, 150.0)
    np.testing.assert_allclose(short.slopes, long.slopes, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(short.intercepts, long.intercepts, rtol=1e-5, atol=1e-6)


def test_scores_that_say_nothing_give_the_frequencies():
    y = np.repeat([0, 1, 2], [60, 30, 10])
    scores = np.zeros((3, 100))
    found = calibration_of(scores, y, np.ones(100), 100.0)
    p = np.exp(found.intercepts - logsumexp(found.intercepts))
    np.testing.assert_allclose(p, [0.6, 0.3, 0.1], atol=0.02)


def test_separable_scores_do_not_diverge():
    y = np.repeat([0, 1], 20)
    scores = np.where(y == 1, 50.0, -50.0) * np.array([[-1.0], [1.0]])
    found = calibration_of(scores, y, np.ones(40), 40.0)
    p = expit(found.slopes.sum() * 50.0)
    assert p == pytest.approx(41 / 42, rel=1e-6)


def test_margins_are_centred_in_place():
    margins, y, _ = problem()
    expected = (margins - margins.mean(axis=0)) / 3
    shifted = margins - margins[y, np.arange(len(y))]
    table = Table(shifted, y, np.ones(len(y)), 150.0)
    assert centred(table, 3.0, 150.0, 150.0).scores is shifted
    np.testing.assert_allclose(shifted, expected, rtol=1e-12, atol=1e-14)


# In the classifier


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer])
def test_the_model_is_the_calibrated_one(load):
    X, y = load(return_X_y=True)
    model = AnalyticLogisticRegression().fit(X, y)
    before = AnalyticLogisticRegression(calibration="temperature").fit(X, y)
    assert model.shrinkage_ == before.shrinkage_
    assert model.temperature_ == before.temperature_
    slopes, intercepts = model.calibration_
    scores = before.decision_function(X)
    if scores.ndim == 1:
        scores = np.column_stack([-scores, scores]) / 2
    calibrated = slopes * (scores - scores.mean(axis=1, keepdims=True)) + intercepts
    expected = calibrated - logsumexp(calibrated, axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_log_proba(X), expected, rtol=1e-8, atol=1e-8)
    np.testing.assert_array_equal(before.calibration_.slopes, 1.0)
    np.testing.assert_array_equal(before.calibration_.intercepts, 0.0)


def test_calibration_sees_rows_left_out_and_not_the_rows_themselves():
    X, y = load_iris(return_X_y=True)
    X, y = X[::3], y[::3]
    model = AnalyticLogisticRegression(shrinkage=0.2, temperature=1.0, calibration="class").fit(
        X, y
    )
    scores = np.empty((3, len(y)))
    counts = np.bincount(y)
    means = np.array([X[y == k].mean(axis=0) for k in range(3)])
    tau = ((X - means[y]) ** 2).sum(axis=1).mean() / 4
    for i in range(len(y)):
        keep = np.arange(len(y)) != i
        left = np.array([X[keep & (y == k)].mean(axis=0) for k in range(3)])
        residuals = (X - left[y])[keep]
        cov = 0.8 * residuals.T @ residuals / keep.sum() + 0.2 * tau * np.eye(4)
        gaps = X[i] - left
        prior = np.log((counts - (np.arange(3) == y[i])) / keep.sum())
        scores[:, i] = prior - 0.5 * (gaps * np.linalg.solve(cov, gaps.T).T).sum(axis=1)
    scores -= scores.mean(axis=0)
    n = len(y)
    expected = calibration_of(scores, y, np.ones(n), n)
    np.testing.assert_allclose(model.calibration_.slopes, expected.slopes, rtol=1e-8)
    np.testing.assert_allclose(model.calibration_.intercepts, expected.intercepts, rtol=1e-8)


def test_a_temperature_that_is_given_is_left_alone():
    X, y = load_iris(return_X_y=True)
    plain = AnalyticLogisticRegression(shrinkage=0, temperature=1).fit(X, y)
    without = AnalyticLogisticRegression(shrinkage=0, temperature=1, calibration=None).fit(X, y)
    np.testing.assert_array_equal(plain.coef_, without.coef_)
    np.testing.assert_array_equal(plain.intercept_, without.intercept_)
    none = AnalyticLogisticRegression(calibration=None).fit(X, y)
    shrunk = AnalyticLogisticRegression(temperature=1).fit(X, y)
    assert none.temperature_ == 1.0
    np.testing.assert_array_equal(none.coef_, shrunk.coef_)


def test_many_classes_are_calibrated_only_if_asked_for(monkeypatch):
    from gaussmetrics.softmax import classifier

    monkeypatch.setattr(classifier, "CLASSES", 2)
    X, y = load_iris(return_X_y=True)
    assert (AnalyticLogisticRegression().fit(X, y).calibration_.slopes == 1.0).all()
    asked = AnalyticLogisticRegression(calibration="class").fit(X, y)
    assert (asked.calibration_.slopes != 1.0).all()


@pytest.mark.parametrize("value", ["platt", 1, True, ["class"]])
def test_an_unknown_calibration_is_refused(value):
    text = 'calibration must be "auto", "class", "temperature" or None, got'
    with pytest.raises(ValueError, match=text):
        AnalyticLogisticRegression(calibration=value).fit([[0.0], [1.0], [2.0]], [0, 1, 1])


def test_a_rare_class_with_a_weak_signal_is_predicted_as_often_as_it_comes():
    """Dividing by T brings log-frequencies nearer to each other: rate .09, mean .15."""
    rng = np.random.default_rng(0)
    y = (np.arange(1100) < 100).astype(int)
    X = rng.standard_normal((1100, 40)) + 0.5 * y[:, None] * (np.arange(40) < 2)
    means = {}
    for calibration_name in ("temperature", "class"):
        model = AnalyticLogisticRegression(calibration=calibration_name).fit(X, y)
        means[calibration_name] = model.predict_proba(X)[:, 1].mean()
    assert abs(means["class"] - 1 / 11) < 0.01
    assert abs(means["class"] - 1 / 11) < abs(means["temperature"] - 1 / 11)


@pytest.mark.parametrize("unit", [1e15, 1e100])
def test_weights_beside_which_the_prior_is_nothing(unit):
    # Its pull alone holds a shift of all intercepts, and was lost in the rounding of the loss.
    X, y = load_iris(return_X_y=True)
    weights = np.random.default_rng(0).random(len(y))
    many, more = (
        AnalyticLogisticRegression().fit(X, y, sample_weight=weights * u).predict_proba(X)
        for u in (1e11, unit)
    )
    np.testing.assert_allclose(more, many, atol=1e-8)
