"""The bounded second stage: its steps, its line search, and when it makes none."""

import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar
from scipy.special import logsumexp
from sklearn.datasets import load_digits, load_iris

from gaussmetrics.laws import blocks
from gaussmetrics.softmax import refinement
from gaussmetrics.softmax.calibration import Centred, SmoothedTargets
from gaussmetrics.softmax.classifier import AnalyticLogisticRegression
from gaussmetrics.softmax.refinement import PENALTIES, Start, WalkInMemory, steps
from gaussmetrics.softmax.rows import RowsInMemory
from gaussmetrics.softmax.sample import Sample


def start_of(n=90, d=4, classes=3, seed=0, weighted=True):
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(classes), rng.integers(0, classes, n - classes)])
    X = rng.standard_normal((n, d)) + rng.standard_normal((classes, d))[y] + 5.0
    w = rng.random(n) + 0.5 if weighted else np.ones(n)
    sample = Sample(X, y, classes, w)
    scores = rng.standard_normal((classes, n))
    targets = SmoothedTargets(y, (y + 1) % classes, 0.01, w / w.sum())
    moments = sample.moments()
    walk = WalkInMemory(sample, Centred(scores, targets), moments.mean)
    walk.scores = scores
    return Start(walk, moments, RowsInMemory(sample).unit_variance(moments), float(n))


def folds(sample):
    return refinement.folds(refinement.placed(sample, sample.moments().mean))


def objective(start, V, v, a):
    """From the definition; v is the intercept at the mean."""
    mean = np.average(start.walk.sample.X, axis=0, weights=start.walk.sample.weights)
    tau = start.unit
    z = start.walk.scores + V @ (start.walk.sample.X - mean).T + v[:, None]
    rows = np.arange(z.shape[1])
    own, rival = z[start.walk.targets.codes, rows], z[start.walk.targets.rivals, rows]
    total = start.walk.targets.weights @ (logsumexp(z, axis=0) - 0.99 * own - 0.01 * rival)
    return total + 0.5 * a * tau * (V**2).sum() + (v**2).sum() / (2 * start.units)


def at_the_mean(start, step):
    mean = np.average(start.walk.sample.X, axis=0, weights=start.walk.sample.weights)
    return step.coefficients, step.intercepts + step.coefficients @ mean


@pytest.mark.parametrize("block", [1, 2**20])
def test_every_step_is_the_best_along_its_line(block, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_ELEMENTS", block)
    start = start_of()
    V, v = np.zeros((3, 4)), np.zeros(3)
    for a, step in zip(PENALTIES, steps(start), strict=True):
        new_V, new_v = at_the_mean(start, step)
        D, e = new_V - V, new_v - v
        best = minimize_scalar(
            lambda t, V=V, v=v, D=D, e=e, a=a: objective(start, V + t * D, v + t * e, a),
            bracket=(0.5, 1.0, 1.5),
            tol=1e-9,
        )
        assert best.x == pytest.approx(1.0, abs=1e-4)
        assert objective(start, new_V, new_v, a) < objective(start, V, v, a)
        V, v = new_V, new_v


def test_the_last_point_is_near_the_minimum():
    start = start_of()
    *_, last = steps(start)
    V, v = at_the_mean(start, last)
    value = objective(start, V, v, PENALTIES[-1])
    zero = objective(start, 0.0 * V, 0.0 * v, PENALTIES[-1])
    best = minimize(
        lambda t: objective(start, t[:12].reshape(3, 4), t[12:], PENALTIES[-1]), np.zeros(15)
    )
    assert 0.0 <= value - best.fun < 0.03 * (zero - best.fun)


@pytest.mark.parametrize("n", [100, 2000])
def test_folds_are_parts_of_every_class(n):
    rng = np.random.default_rng(0)
    y = np.append(rng.integers(0, 3, n - 1), 3)
    sample = Sample(rng.standard_normal((n, 2)), y, 4)
    held_out = np.array(list(folds(sample)))
    assert len(held_out) == (4 if n == 100 else 1)
    assert held_out.sum(axis=0).max() == 1
    assert not held_out[:, -1].any()  # the only row of its class
    for k in range(3):
        shares = held_out[:, y == k].sum(axis=1)
        np.testing.assert_allclose(shares, (y == k).sum() / 4, atol=1)


def test_folds_keep_equal_rows_together_in_any_order():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((60, 3)), np.arange(60) % 3
    sample = Sample(X, y, 3)
    one = np.array(list(folds(sample)))
    order = rng.permutation(np.repeat(np.arange(60), 2))
    sample = Sample(X[order], y[order], 3)
    np.testing.assert_array_equal(list(folds(sample)), one[:, order])


def test_folds_keep_groups_together():
    groups = np.arange(100) // 5
    sample = Sample(np.zeros((100, 1)), np.arange(100) % 2, 2, groups=groups)
    for held_out in folds(sample):
        shares = np.bincount(groups, held_out)
        assert set(shares) <= {0.0, 5.0}
        assert held_out.sum() == 25


def loss(model, X, y):
    return -model.predict_log_proba(X)[np.arange(len(y)), y].mean()


def test_refinement_pays_where_one_covariance_is_the_wrong_model():
    X, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))
    X, y = X[order][:, X.std(axis=0) > 0], y[order]
    plain = AnalyticLogisticRegression().fit(X[:1200], y[:1200])
    refined = AnalyticLogisticRegression(refine="auto").fit(X[:1200], y[:1200])
    assert 0 < refined.refinement_steps_ <= 11
    assert plain.refinement_steps_ == 0
    assert loss(refined, X[1200:], y[1200:]) < 0.9 * loss(plain, X[1200:], y[1200:])
    assert refined.shrinkage_ == plain.shrinkage_


def test_no_refinement_is_one_of_the_outcomes():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((120, 30)), rng.integers(0, 2, 120)
    model = AnalyticLogisticRegression(refine="auto").fit(X, y)
    plain = AnalyticLogisticRegression().fit(X, y)
    assert model.refinement_steps_ == 0
    np.testing.assert_array_equal(model.coef_, plain.coef_)


def test_no_refinement_where_a_held_out_class_is_gone():
    X, y = load_iris(return_X_y=True)
    groups = np.where(y == 2, 1000 + np.arange(150) % 2, np.arange(150))
    model = AnalyticLogisticRegression(refine="auto").fit(X, y, groups=groups)
    assert np.isfinite(model.predict_log_proba(X)).all()


def test_refinement_without_class_calibration():
    X, y = load_iris(return_X_y=True)
    model = AnalyticLogisticRegression(refine="auto", calibration="temperature").fit(X, y)
    assert (model.calibration_.slopes == 1.0).all()
    assert loss(model, X, y) < 0.1


def test_integer_weights_of_a_refined_model():
    X, y = load_iris(return_X_y=True)
    w = np.random.default_rng(0).integers(1, 3, 150)
    repeated = np.repeat(np.arange(150), w)
    one = AnalyticLogisticRegression(refine="auto").fit(X, y, sample_weight=w)
    two = AnalyticLogisticRegression(refine="auto").fit(X[repeated], y[repeated])
    assert one.refinement_steps_ == two.refinement_steps_
    np.testing.assert_allclose(one.predict_proba(X), two.predict_proba(X), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("value", [True, "yes", 1, None])
def test_an_unknown_refinement_is_refused(value):
    with pytest.raises(ValueError, match='refine must be False or "auto", got'):
        AnalyticLogisticRegression(refine=value).fit([[0.0], [1.0], [2.0]], [0, 1, 1])
