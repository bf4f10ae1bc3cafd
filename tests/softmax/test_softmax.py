"""Softmax in closed form against the definition, mpmath and finite differences."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from scipy.optimize import approx_fprime

from gaussmetrics.softmax import (
    ClassMoments,
    analytic_softmax,
    log_softmax,
    shrunk_covariance,
    softmax_coefficients,
    softmax_loss,
    softmax_loss_gradient,
)


def samples(n=120, d=4, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(classes), rng.integers(0, classes, n - classes)])
    centres = rng.standard_normal((classes, d))
    return centres[y] + rng.standard_normal((n, d)) @ rng.standard_normal((d, d)), y


def posterior(X, y, points, digits=50):
    """Bayes' rule with one normal law a class, literally, in many digits."""
    with mpmath.workdps(digits):
        rows, d, n = mpmath.matrix(X.tolist()), X.shape[1], len(X)
        groups = [[i for i in range(n) if y[i] == k] for k in np.unique(y)]
        means = [
            mpmath.matrix([[mpmath.fsum(rows[i, j] for i in g) / len(g)] for j in range(d)])
            for g in groups
        ]
        pooled = mpmath.zeros(d)
        for g, m in zip(groups, means, strict=True):
            for i in g:
                pooled += (rows[i, :].T - m) * (rows[i, :].T - m).T / n
        inverse, result = pooled**-1, []
        for point in points.tolist():
            gaps = [mpmath.matrix(point) - m for m in means]
            terms = [
                mpmath.mpf(len(g)) / n * mpmath.exp(-(v.T * inverse * v)[0] / 2)
                for g, v in zip(groups, gaps, strict=True)
            ]
            result.append([float(mpmath.log(t / mpmath.fsum(terms))) for t in terms])
        return np.array(result)


@pytest.mark.parametrize("whiten", [False, True])
@pytest.mark.parametrize("classes", [2, 3])
def test_is_the_posterior_of_normal_classes(whiten, classes):
    X, y = samples(40, 3, classes)
    coefficients, intercepts = analytic_softmax(X, y, whiten=whiten)
    scores = log_softmax(X @ coefficients.T + intercepts)
    np.testing.assert_allclose(scores, posterior(X, y, X), rtol=1e-11, atol=1e-12)


def test_both_routes_agree_to_rounding():
    X, y = samples(300, 6, 4)
    direct, white = analytic_softmax(X, y), analytic_softmax(X, y, whiten=True)
    for one, other in zip(direct, white, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


def test_is_the_formula_of_the_article_up_to_one_common_vector():
    X, y = samples(90, 3, 3)
    counts = np.bincount(y)
    means = np.array([X[y == k].mean(0) for k in range(3)])
    within = (X - means[y]).T @ (X - means[y]) / len(X)
    plain = means @ np.linalg.inv(within)
    bias = np.log(counts / 90) - 0.5 * np.sum(plain * means, axis=1)
    coefficients, intercepts = analytic_softmax(X, y)
    np.testing.assert_allclose(coefficients - coefficients[0], plain - plain[0], atol=1e-12)
    np.testing.assert_allclose(intercepts - intercepts[0], bias - bias[0], atol=1e-12)
    np.testing.assert_allclose(counts @ coefficients, 0.0, atol=1e-11)


def test_an_offset_of_1e8_costs_no_digit_of_the_coefficients():
    X, y = samples(200, 4, 3)
    X = np.round(X * 2**20) / 2**20  # so that X + 2**27 is exact
    near, _ = analytic_softmax(X, y)
    far, intercepts = analytic_softmax(X + 2.0**27, y)
    np.testing.assert_allclose(far, near, rtol=1e-7, atol=1e-7)
    expected = posterior(X, y, X)
    np.testing.assert_allclose(
        log_softmax((X + 2.0**27) @ far.T + intercepts), expected, rtol=1e-5, atol=1e-5
    )


def test_units_of_columns_do_not_matter():
    X, y = samples(100, 3, 2)
    units = np.array([1e150, 1.0, 1e-150])
    coefficients, intercepts = analytic_softmax(X, y)
    scaled, same = analytic_softmax(X * units, y)
    np.testing.assert_allclose(scaled * units, coefficients, rtol=1e-11)
    np.testing.assert_allclose(same, intercepts, rtol=1e-11)


def test_integer_weights_are_repeated_rows():
    X, y = samples(80, 3, 3)
    w = np.random.default_rng(1).integers(0, 4, 80)
    weighted = analytic_softmax(X, y, weights=w)
    repeated = analytic_softmax(np.repeat(X, w, axis=0), np.repeat(y, w))
    for one, other in zip(weighted, repeated, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11)


def test_shrinkage_moves_the_covariance_towards_its_mean_variance():
    X, y = samples(50, 3, 2)
    m = ClassMoments.from_samples(X, y, 2)
    S = m.scatter / 50
    expected = 0.7 * S + 0.3 * np.trace(S) / 3 * np.eye(3)
    np.testing.assert_allclose(shrunk_covariance(m, 0.3), expected, rtol=1e-13, atol=1e-15)
    coefficients, _ = softmax_coefficients(m, shrinkage=0.3)
    difference = np.linalg.solve(expected, m.means[1] - m.means[0])
    np.testing.assert_allclose(coefficients[1] - coefficients[0], difference, rtol=1e-11)


def test_a_class_without_rows_has_probability_zero():
    X, y = samples(50, 3, 2)
    coefficients, intercepts = softmax_coefficients(ClassMoments.from_samples(X, 2 * y, 3))
    seen, bias = analytic_softmax(X, y)
    np.testing.assert_allclose(coefficients, [seen[0], np.zeros(3), seen[1]], rtol=1e-12)
    np.testing.assert_allclose(intercepts, [bias[0], -np.inf, bias[1]], rtol=1e-12)
    p = np.exp(log_softmax(X @ coefficients.T + intercepts))
    np.testing.assert_array_equal(p[:, 1], 0.0)


@pytest.mark.parametrize(
    "scores", [[0.0, -50.0, -60.0], [0.0, 0.0, 0.0], [1e4, -1e4, 3.0], [8e307, 0.0, -8e307]]
)
def test_log_softmax_keeps_every_digit(scores):
    with mpmath.workdps(2000):
        s = [mpmath.mpf(v) for v in scores]
        top = max(s)
        total = mpmath.log(mpmath.fsum(mpmath.exp(v - top) for v in s))
        expected = [float(v - top - total) for v in s]
    np.testing.assert_allclose(log_softmax(scores), expected, rtol=1e-15)


def test_log_softmax_takes_batches_and_impossible_classes():
    scores = np.array([[[0.0, -np.inf], [3.0, 3.0]]])
    expected = [[[0.0, -np.inf], [-np.log(2)] * 2]]
    np.testing.assert_allclose(log_softmax(scores), expected, rtol=1e-15)


@pytest.mark.parametrize("weighted", [False, True])
def test_loss_is_the_mean_of_minus_log_probability_and_the_gradient_its_derivative(weighted):
    rng = np.random.default_rng(2)
    X, y = samples(30, 3, 4)
    w = rng.random(30) if weighted else None
    W, b = rng.standard_normal((4, 3)), rng.standard_normal(4)
    p = np.exp(X @ W.T + b)
    own = -np.log(p[np.arange(30), y] / p.sum(1))
    loss, dW, db = softmax_loss_gradient(W, b, X, y, weights=w)
    assert loss == pytest.approx(np.average(own, weights=w), rel=1e-13)
    assert softmax_loss(W, b, X, y, weights=w) == pytest.approx(loss, rel=1e-14)

    def flat(v):
        return softmax_loss(v[:12].reshape(4, 3), v[12:], X, y, weights=w)

    numerical = approx_fprime(np.concatenate([W.ravel(), b]), flat, 1e-7)
    np.testing.assert_allclose(np.concatenate([dW.ravel(), db]), numerical, atol=1e-6)


@pytest.mark.parametrize(
    ("X", "y", "text"),
    [
        ([[1.0], [2.0]], ["a"], r"X must have shape \(n, d\) and y shape \(n,\)"),
        ([[[1.0]]], ["a"], r"X must have shape \(n, d\)"),
        ([[1.0], [2.0]], ["a", "a"], r"at least 2 classes, got 1 class: \['a'\]"),
        ([[1.0], [np.nan]], ["a", "b"], "X must be finite"),
        (np.eye(4), [0, 0, 1, 1], "4 samples of 2 classes cannot determine it for 4 columns"),
        (np.c_[np.arange(6.0), np.ones(6)], [0, 1] * 3, "without spread within the classes: 1"),
        (np.c_[np.arange(6.0) ** 2, np.arange(6.0) ** 2], [0, 1] * 3, "combinations of others"),
    ],
)
@pytest.mark.parametrize("whiten", [False, True])
def test_bad_data_are_refused_with_a_remedy(X, y, text, whiten):
    with pytest.raises(ValueError, match=text):
        analytic_softmax(X, y, whiten=whiten)


@pytest.mark.parametrize("seed", range(10))
def test_columns_that_add_up_are_refused_whatever_rounding_leaves_of_them(seed):
    X, y = samples(60, 5, 2, seed)
    with pytest.raises(ValueError, match="some columns are combinations of others"):
        analytic_softmax(np.column_stack([X, X @ np.arange(1.0, 6.0) / 3]), y)


def test_bad_weights_are_refused():
    with pytest.raises(ValueError, match="weights must have one entry a row"):
        analytic_softmax([[1.0], [2.0]], [0, 1], weights=[1.0])


def test_scores_further_apart_than_floats_are():
    found = log_softmax([1.7e308, -1.7e308])
    assert found.tolist() == [0.0, -np.inf]
