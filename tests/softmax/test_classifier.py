"""The closed-form classifier: against refitting, the posterior of LDA, and scikit-learn's rules."""

from __future__ import annotations

import pickle
import tracemalloc
import warnings

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit, logsumexp
from sklearn import config_context
from sklearn.base import clone
from sklearn.covariance import ledoit_wolf, oas
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import _get_feature_names

from gaussmetrics.laws import blocks
from gaussmetrics.softmax.classifier import AnalyticLogisticRegression
from gaussmetrics.softmax.leave_one_out import Choice, ShrinkagePath, _vertex
from gaussmetrics.softmax.rows import RowsInMemory
from gaussmetrics.softmax.rows import left_out as rows_left_out
from gaussmetrics.softmax.sample import Sample
from gaussmetrics.softmax.sums import answered
from gaussmetrics.softmax.temperature import (
    Table,
    loss_sums,
    search_temperature,
    smoothed_loss,
)

PLAIN = {"shrinkage": 0.0, "temperature": 1.0}


def samples(n=120, d=4, classes=3, seed=0, distance=0.7):
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(classes), rng.integers(0, classes, n - classes)])
    centres = distance * rng.standard_normal((classes, d))
    return centres[y] + rng.standard_normal((n, d)) @ rng.standard_normal((d, d)), y


def same_model(one, other, rtol=1e-9):
    assert one.shrinkage_ == pytest.approx(other.shrinkage_, rel=rtol)
    assert one.temperature_ == pytest.approx(other.temperature_, rel=1e-6)
    np.testing.assert_array_equal(one.classes_, other.classes_)
    np.testing.assert_allclose(one.coef_, other.coef_, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(one.intercept_, other.intercept_, rtol=1e-6, atol=1e-8)


# scikit-learn's rules


@parametrize_with_checks(
    [
        AnalyticLogisticRegression(),
        AnalyticLogisticRegression(temperature=2.0),
        AnalyticLogisticRegression(shrinkage=0.1),
        AnalyticLogisticRegression(shrinkage=0.1, temperature=1.0),
        AnalyticLogisticRegression(shrinkage="oas", temperature=1.0),
        AnalyticLogisticRegression(shrinkage="oas", calibration="class"),
        AnalyticLogisticRegression(calibration="temperature", n_components=1),
        AnalyticLogisticRegression(calibration=None, class_weight="balanced"),
        AnalyticLogisticRegression(refine="auto"),
    ]
)
def test_keeps_every_rule_of_scikit_learn(estimator, check):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        check(estimator)


# The formula


@pytest.mark.parametrize("shrinkage", [0.0, 0.3])
@pytest.mark.parametrize("classes", [2, 3])
def test_is_the_posterior_of_linear_discriminant_analysis(shrinkage, classes):
    X, y = samples(classes=classes)
    ours = AnalyticLogisticRegression(shrinkage=shrinkage, temperature=1.0).fit(X, y)
    lda = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage).fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(X), lda.predict_proba(X), rtol=1e-9)
    np.testing.assert_array_equal(ours.predict(X), lda.predict(X))


def test_temperature_divides_the_scores():
    X, y = samples()
    one = AnalyticLogisticRegression(shrinkage=0.1, temperature=1.0).fit(X, y)
    two = AnalyticLogisticRegression(shrinkage=0.1, temperature=2.0).fit(X, y)
    np.testing.assert_allclose(two.decision_function(X), one.decision_function(X) / 2, rtol=1e-12)


@pytest.mark.parametrize("classes", [2, 3])
def test_scores_and_probabilities_fit_together(classes):
    X, y = samples(classes=classes)
    model = AnalyticLogisticRegression().fit(X, y)
    scores = model.decision_function(X)
    np.testing.assert_allclose(np.squeeze(X @ model.coef_.T + model.intercept_), scores)
    full = np.column_stack([np.zeros(len(X)), scores]) if classes == 2 else scores
    expected = full - logsumexp(full, axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_log_proba(X), expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(model.predict_proba(X), np.exp(expected), rtol=1e-10)
    np.testing.assert_array_equal(model.predict(X), model.predict_proba(X).argmax(1))
    assert model.coef_.shape == ((1, 4) if classes == 2 else (3, 4))


@pytest.mark.parametrize("classes", [2, 3])
def test_log_probabilities_have_no_floor(classes):
    X, y = samples(classes=classes)
    model = AnalyticLogisticRegression(**PLAIN).fit(X, y)
    far = model.predict_log_proba(1e6 * X[:5])
    assert far.min() < -1e4
    assert np.isfinite(far).all()


def test_priors_change_intercepts_only():
    X, y = samples()
    priors = np.array([0.2, 0.3, 0.5])
    free = AnalyticLogisticRegression(**PLAIN).fit(X, y)
    given = AnalyticLogisticRegression(priors=priors, **PLAIN).fit(X, y)
    np.testing.assert_array_equal(given.coef_, free.coef_)
    shift = np.log(priors) - np.log(np.bincount(y) / len(y))
    np.testing.assert_allclose(given.intercept_ - free.intercept_, shift, rtol=1e-12)
    np.testing.assert_array_equal(given.priors_, priors)
    np.testing.assert_allclose(free.priors_, np.bincount(y) / len(y))


@pytest.mark.parametrize(("name", "function"), [("oas", oas), ("ledoit-wolf", ledoit_wolf)])
def test_named_shrinkages_are_those_of_scikit_learn_on_pooled_residuals(name, function):
    X, y = samples(60, 5)
    model = AnalyticLogisticRegression(shrinkage=name, temperature=1.0).fit(1e3 * X, y)
    _, expected = function((X - model.means_[y] / 1e3), assume_centered=True)
    assert model.shrinkage_ == pytest.approx(expected, rel=1e-10)
    assert 0 < expected < 1


@pytest.mark.parametrize("name", ["oas", "ledoit-wolf"])
def test_named_shrinkages_of_one_column_are_one(name):
    X, y = samples(d=1)
    assert AnalyticLogisticRegression(shrinkage=name).fit(X, y).shrinkage_ == 1.0


# Leave-one-out


def refitted_margins(X, y, weights, shrinkage):
    """Take out each row (one copy of it), fit again from the definitions, and score the row."""
    n, d = X.shape
    K = y.max() + 1
    out = np.minimum(weights, 1.0)
    means = np.array([np.average(X[y == k], axis=0, weights=weights[y == k]) for k in range(K)])
    target = np.average(np.sum((X - means[y]) ** 2, axis=1), weights=weights) / d
    result = np.full((K, n), np.nan)
    for i in range(n):
        w = weights.copy()
        w[i] -= out[i]
        counts = np.bincount(y, w, minlength=K)
        if counts[y[i]] < 1e-12:
            continue
        left = np.array([(w * (y == k)) @ X / counts[k] for k in range(K)])
        residuals = X - left[y]
        scatter = (w[:, None] * residuals).T @ residuals
        cov = (1 - shrinkage) * scatter / w.sum() + shrinkage * target * np.eye(d)
        gaps = X[i] - left
        distances = np.einsum("kd,dk->k", gaps, np.linalg.solve(cov, gaps.T))
        scores = np.log(counts) - distances / 2
        result[:, i] = scores - scores[y[i]]
    return result


def left_out(X, y, weights=None):
    sample = Sample(X, y, y.max() + 1).weighted(weights, None, None)
    moments = sample.moments()
    return rows_left_out(
        sample, ShrinkagePath(moments, RowsInMemory(sample).unit_variance(moments))
    )


def weights_of(kind, n):
    rng = np.random.default_rng(9)
    return {
        "none": np.ones(n),
        "integer": rng.integers(1, 4, n).astype(float),
        "fractional": rng.random(n),
        "mixed": 2.5 * rng.random(n),
    }[kind]


@pytest.mark.parametrize("shrinkage", [0.0, 1e-3, 0.4, 1.0])
@pytest.mark.parametrize("kind", ["none", "integer", "fractional", "mixed"])
def test_leave_one_out_is_refitting(shrinkage, kind, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_ELEMENTS", 1)
    X, y = samples(90, 4, 3)
    y[:70] = np.minimum(y[:70], 1)  # unequal classes
    X, y = np.vstack([X, X[:1] + 1.0]), np.append(y, 3)  # and one with a single row
    w = weights_of(kind, 91)
    loo = left_out(X, y, None if kind == "none" else w)
    margins = loo.margins(shrinkage)
    expected = refitted_margins(X, y, w, shrinkage)
    judged = np.isfinite(expected).all(axis=0)
    assert judged.sum() == (91 if w[-1] > 1 else 90)
    np.testing.assert_array_equal(loo.judged, judged)
    np.testing.assert_allclose(margins[:, judged], expected[:, judged], rtol=1e-9, atol=1e-9)
    assert (loo.weights[~judged] == 0).all()
    for temperature in (1.0, 2.5):
        [choice] = loo.judge(np.array([shrinkage]), temperature)
        rows = expected[:, judged], y[judged], w[judged]
        assert choice.loss == pytest.approx(literal_loss(*rows, temperature), rel=1e-9)


def test_leave_one_out_is_refitting_with_more_columns_than_rows_and_a_large_offset():
    X, y = samples(20, 30, 3)
    w = np.ones(20)
    for offset in (0.0, 1e6):
        margins = left_out(X + offset, y).margins(0.2)
        expected = refitted_margins(X, y, w, 0.2)
        np.testing.assert_allclose(margins, expected, atol=1e-9 + 1e-14 * offset, rtol=1e-8)


def literal_loss(margins, y, weights, temperature):
    """Cross-entropy in the definition: one row in n + 2 is its nearest rival."""
    row = min(1.0, weights.max())
    error = row / (weights.sum() + 2 * row)
    losses = []
    for scores, own in zip(margins.T, y, strict=True):
        log_p = scores / temperature - logsumexp(scores / temperature)
        rival = max(set(range(len(scores))) - {own}, key=lambda j: scores[j])
        losses.append(-(1 - error) * log_p[own] - error * log_p[rival])
    return np.average(losses, weights=weights)


@pytest.mark.parametrize("kind", ["none", "integer", "fractional"])
@pytest.mark.parametrize("shrinkage", [0.05, "oas", "ledoit-wolf", "loo"])
def test_temperature_minimises_the_loss_of_refitting(shrinkage, kind):
    X, y = samples(100, 5, 3)
    w = weights_of(kind, 100)
    model = AnalyticLogisticRegression(shrinkage=shrinkage).fit(X, y, w)
    margins = refitted_margins(X, y, w, model.shrinkage_)
    best = minimize_scalar(
        lambda t: literal_loss(margins, y, w, np.exp(t)), bounds=(-3, 3), options={"xatol": 1e-9}
    )
    assert model.temperature_ == pytest.approx(np.exp(best.x), rel=1e-5)


@pytest.mark.parametrize("temperature", ["loo", 1.0, 3.0])
@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("load", [None, load_iris, load_wine, load_breast_cancer, load_digits])
def test_shrinkage_minimises_the_leave_one_out_loss_along_the_whole_path(load, scaled, temperature):
    X, y = samples(60, 10, 2) if load is None else load(return_X_y=True)
    X, y = X[:, X.std(axis=0) > 0][:700], y[:700]
    X = StandardScaler().fit_transform(X) if scaled else X
    model = AnalyticLogisticRegression(temperature=temperature).fit(X, y)
    loo = left_out(X, y)
    ridge = np.geomspace(1e-10, 1e4, 400)
    given = None if temperature == "loo" else temperature
    [found] = loo.judge(np.array([model.shrinkage_]), given)
    assert found.temperature == pytest.approx(model.temperature_, rel=1e-3)
    best = min(choice.loss for choice in loo.judge(np.append(ridge / (1 + ridge), [0, 1]), given))
    assert found.loss < best + 1e-4


def test_the_vertex_of_a_parabola_is_found_once():
    logits = np.array([-3.0, -1.0, 2.0])
    points = [Choice((x - 0.5) ** 2, float(expit(x)), 1.0) for x in logits]
    np.testing.assert_allclose(logit(_vertex(points)), [0.5], rtol=1e-12)
    assert len(_vertex([*points, Choice(0.0, float(expit(0.5)), 1.0)])) == 0
    assert len(_vertex([Choice(-x, float(expit(x)), 1.0) for x in logits])) == 0


def temperature_of(table, start=1.0):
    return answered(search_temperature(start), lambda question: question(table)).beta


def test_rows_told_apart_without_error_are_given_the_odds_of_laplace():
    margins = np.array([np.zeros(40), np.full(40, -8.0)])
    beta = temperature_of(Table(margins, np.zeros(40, int), np.ones(40), 40.0))
    assert expit(-8.0 * beta) == pytest.approx(1 / 42, rel=1e-9)


@pytest.mark.parametrize("start", [1e-5, 1.0, 1e5])
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_the_temperature_is_found_from_afar(start, sign):
    margins = np.vstack([np.zeros(300), sign + 3 * np.random.default_rng(2).standard_normal(300)])
    table = Table(margins, np.zeros(300, int), np.ones(300), 300.0)
    beta = temperature_of(table, start)
    pull = margins[1].mean() / 302
    if margins[1].mean() * (0.5 - 1 / 302) < 0:
        assert abs(smoothed_loss(loss_sums(table, beta), 300.0, pull, beta)[1]) < 1e-9
    else:  # the rows are classified worse than by chance: no temperature is high enough
        assert beta == pytest.approx(1e-6, rel=0.1)


@pytest.mark.parametrize("n", [30, 300])
def test_classes_that_are_told_apart_without_error_leave_room_for_one(n):
    X, y = samples(n, 2, 2, distance=100.0)
    model = AnalyticLogisticRegression().fit(X, y)
    assert model.score(X, y) == 1.0
    p = model.predict_proba(X)[np.arange(n), y]
    assert 0.2 / n < -np.log(p).mean() < 2.0 / n


def test_derivatives_of_the_loss_in_the_temperature():
    rng = np.random.default_rng(5)
    w = rng.random(50)
    table = Table(3 * rng.standard_normal((4, 50)), np.zeros(50, int), w, 50.0)

    def loss(beta):
        return smoothed_loss(loss_sums(table, beta), w.sum(), -0.4, beta)

    _, slope, curvature = loss(0.7)
    near = [np.array(loss(0.7 + step)) for step in (-1e-5, 1e-5)]
    np.testing.assert_allclose([slope, curvature], (near[1] - near[0])[:2] / 2e-5, rtol=1e-6)


def test_labels_without_meaning_give_finite_probabilities_near_the_frequencies():
    rng = np.random.default_rng(3)
    X, y = rng.standard_normal((200, 40)), rng.integers(0, 2, 200)
    model = AnalyticLogisticRegression().fit(X, y)
    assert np.isfinite(model.coef_).all()
    assert abs(model.predict_proba(X) - 0.5).max() < 0.25


def test_a_temperature_by_leave_one_out_needs_a_covariance_that_stands_the_loss_of_a_row():
    X = np.random.default_rng(0).standard_normal((6, 4))
    y = np.array([0, 0, 0, 1, 1, 1])
    AnalyticLogisticRegression(**PLAIN).fit(X, y)
    with pytest.raises(ValueError, match="'loo' cannot judge shrinkage=0: without some row"):
        AnalyticLogisticRegression(shrinkage=0.0).fit(X, y)
    X, y = samples()
    with pytest.raises(ValueError, match="Shrink more, scale the columns alike, or pass temp"):
        AnalyticLogisticRegression(shrinkage=0.0).fit(X * [1e20, 1.0, 1.0, 1e-20], y)


# Weights and streams


@pytest.mark.parametrize(
    "parameters",
    [{}, PLAIN, {"shrinkage": "oas"}, {"shrinkage": "ledoit-wolf"}, {"temperature": 1.0}],
)
def test_integer_weights_are_repeated_rows(parameters):
    X, y = samples(70, 5, 3)
    w = np.random.default_rng(1).integers(0, 4, 70)
    weighted = AnalyticLogisticRegression(**parameters).fit(X, y, sample_weight=w)
    repeated = AnalyticLogisticRegression(**parameters).fit(np.repeat(X, w, 0), np.repeat(y, w))
    same_model(weighted, repeated)


def test_a_class_whose_rows_weigh_nothing_is_no_class():
    X, y = samples(70, 3, 3)
    w = (y != 1).astype(float)
    labels = np.array(["a", "b", "c"])[y]
    weighted = AnalyticLogisticRegression().fit(X, labels, sample_weight=w)
    assert weighted.classes_.tolist() == ["a", "c"]
    same_model(weighted, AnalyticLogisticRegression().fit(X[y != 1], labels[y != 1]))


def test_weights_may_have_any_scale_below_one():
    X, y = samples(70, 3, 3)
    one = AnalyticLogisticRegression().fit(X, y, sample_weight=np.full(70, 1.0))
    tiny = AnalyticLogisticRegression().fit(X, y, sample_weight=np.full(70, 1 / 70))
    same_model(one, tiny)


@pytest.mark.parametrize("shrinkage", [0.0, 0.3, "oas"])
@pytest.mark.parametrize("weighted", [False, True])
def test_chunks_equal_one_fit(shrinkage, weighted):
    X, y = samples(101, 4, 3)
    w = np.random.default_rng(2).integers(1, 4, 101) if weighted else np.ones(101)
    whole = AnalyticLogisticRegression(shrinkage=shrinkage, temperature=1.5).fit(X, y, w)
    stream = clone(whole)
    order = np.argsort(y)  # the first chunks hold a single class, and fewer rows than columns
    for rows in np.split(order, [1, 3, 40, 41]):
        assert stream.partial_fit(X[rows], y[rows], [0, 1, 2], w[rows]) is stream
    for name in ("coef_", "intercept_", "means_", "priors_", "shrinkage_"):
        ours, expected = getattr(stream, name), getattr(whole, name)
        np.testing.assert_allclose(ours, expected, rtol=1e-10, atol=1e-10)


def test_a_stream_may_go_on_from_a_fit_and_be_read_in_between():
    X, y = samples(100, 3, 3)
    whole = AnalyticLogisticRegression(**PLAIN).fit(X, y)
    stream = AnalyticLogisticRegression(**PLAIN).fit(X[:50], y[:50])
    half = stream.coef_
    stream.partial_fit(X[50:], y[50:])
    assert not np.allclose(stream.coef_, half)
    np.testing.assert_allclose(stream.coef_, whole.coef_, rtol=1e-10)


def test_a_class_that_has_not_come_yet_has_probability_zero():
    X, y = samples(100, 3, 3)
    model = AnalyticLogisticRegression(**PLAIN)
    model.partial_fit(X[y < 2], y[y < 2], classes=[0, 1, 2])
    two = AnalyticLogisticRegression(**PLAIN).fit(X[y < 2], y[y < 2])
    np.testing.assert_allclose(model.predict_proba(X)[:, :2], two.predict_proba(X), rtol=1e-9)
    np.testing.assert_array_equal(model.predict_proba(X)[:, 2], 0.0)
    assert np.isnan(model.means_[2]).all()
    for only in (0, 1):
        one = AnalyticLogisticRegression(**PLAIN).partial_fit(X[y == only], y[y == only], [0, 1])
        np.testing.assert_array_equal(one.predict_proba(X)[:, only], 1.0)
        np.testing.assert_array_equal(one.predict(X), only)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"shrinkage": 0.1},
        {"temperature": 1.0},
        {"shrinkage": "ledoit-wolf", "temperature": 1.0},
    ],
)
def test_partial_fit_says_why_it_cannot_choose_by_looking_at_all_rows(parameters):
    model = AnalyticLogisticRegression(**parameters)
    assert not hasattr(model, "partial_fit")
    with pytest.raises(AttributeError, match=r"keeps moments and no rows, but shrinkage=.* again"):
        model.partial_fit([[0.0], [1.0]], [0, 1], classes=[0, 1])


def test_bad_streams_are_refused():
    X, y = samples(30, 2, 2)
    with pytest.raises(ValueError, match="classes must list all labels in the first call"):
        AnalyticLogisticRegression(**PLAIN).partial_fit(X, y)
    with pytest.raises(ValueError, match="at least 2 classes, got 1 class"):
        AnalyticLogisticRegression(**PLAIN).partial_fit(X, y, classes=[0])
    model = AnalyticLogisticRegression(**PLAIN).partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match=r"not among the classes \[0, 1\]: \[7\]"):
        model.partial_fit(X, np.full(30, 7))
    with pytest.raises(ValueError, match=r"the same in every call of partial_fit, got \[0, 2\]"):
        model.partial_fit(X, y, classes=[0, 2])
    short = AnalyticLogisticRegression(**PLAIN).partial_fit(X[:2], y[:2], classes=[0, 1])
    with pytest.raises(ValueError, match="all equal"):
        short.predict(X)


# Hard data


@pytest.mark.parametrize("d", [30, 200])
def test_more_columns_than_rows(d):
    X, y = samples(25, d, 3, distance=2.0)
    model = AnalyticLogisticRegression().fit(X, y)
    assert 0 < model.shrinkage_ <= 1
    assert np.isfinite(model.predict_log_proba(X)).all()
    with pytest.raises(ValueError, match=f"25 samples of 3 classes cannot .* {d} columns. Shrink"):
        AnalyticLogisticRegression(**PLAIN).fit(X, y)


def test_one_class_is_refused():
    with pytest.raises(ValueError, match=r"at least 2 classes, got 1 class: \[5\]"):
        AnalyticLogisticRegression().fit([[0.0], [1.0]], [5, 5])


def test_constant_columns_take_no_part():
    X, y = samples(80, 3, 3)
    padded = np.column_stack([X, np.full(80, 1e8 / 3)])
    model = AnalyticLogisticRegression(shrinkage=0.2, temperature=1.0).fit(padded, y)
    np.testing.assert_array_equal(model.coef_[:, 3], 0.0)
    assert np.isfinite(AnalyticLogisticRegression().fit(padded, y).coef_).all()
    with pytest.raises(ValueError, match=r"columns without spread within the classes: 3\. Shrink"):
        AnalyticLogisticRegression(**PLAIN).fit(padded, y)


def test_duplicate_columns_share_one_coefficient():
    X, y = samples(80, 3, 3)
    doubled = np.column_stack([X, X[:, 0]])
    model = AnalyticLogisticRegression().fit(doubled, y)
    np.testing.assert_allclose(model.coef_[:, 0], model.coef_[:, 3], rtol=1e-6)
    with pytest.raises(ValueError, match="some columns are combinations of others"):
        AnalyticLogisticRegression(**PLAIN).fit(doubled, y)


def test_classes_with_one_row():
    X, y = samples(40, 3, 2)
    X, y = np.vstack([X, [[50.0, 0.0, 0.0], [0.0, 50.0, 0.0]]]), np.append(y, [2, 3])
    model = AnalyticLogisticRegression().fit(X, y)
    np.testing.assert_array_equal(model.predict(X[-2:]), [2, 3])


def test_rows_that_do_not_differ_within_classes_are_refused():
    for X, y in (([[0.0], [1.0]], [0, 1]), ([[0.0], [0.0], [1.0], [1.0]], [0, 0, 1, 1])):
        for parameters in ({}, PLAIN, {"shrinkage": "oas"}, {"shrinkage": "ledoit-wolf"}):
            with pytest.raises(ValueError, match="the rows of each class are all equal"):
                AnalyticLogisticRegression(**parameters).fit(X, y)


@pytest.mark.parametrize("parameters", [{}, PLAIN, {"shrinkage": "ledoit-wolf"}])
def test_a_huge_offset_changes_nothing(parameters):
    X, y = samples(150, 4, 3)
    X = np.round(X * 2**20) / 2**20  # so that X + 2**27 is exact
    near = AnalyticLogisticRegression(**parameters).fit(X, y)
    far = AnalyticLogisticRegression(**parameters).fit(X + 2.0**27, y)
    assert far.shrinkage_ == pytest.approx(near.shrinkage_, rel=1e-6)
    np.testing.assert_allclose(far.coef_, near.coef_, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        far.predict_proba(X + 2.0**27), near.predict_proba(X), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("scale", [1e150, 1e-150])
@pytest.mark.parametrize(
    "parameters", [{}, PLAIN, {"shrinkage": "ledoit-wolf"}, {"shrinkage": "oas"}]
)
def test_extreme_units_change_nothing(scale, parameters):
    X, y = samples(80, 4, 3)
    one = AnalyticLogisticRegression(**parameters).fit(X, y)
    scaled = AnalyticLogisticRegression(**parameters).fit(X * scale, y)
    assert scaled.shrinkage_ == pytest.approx(one.shrinkage_, rel=1e-6)
    np.testing.assert_allclose(scaled.predict_proba(X * scale), one.predict_proba(X), rtol=1e-6)


@pytest.mark.parametrize(("scale", "text"), [(1e200, "overflow float64"), (1e-200, "all equal")])
def test_units_beyond_float64_are_refused(scale, text):
    X, y = samples(80, 4, 3)
    with pytest.raises(ValueError, match=text):
        AnalyticLogisticRegression().fit(X * scale, y)


def test_unscaled_columns_of_very_different_size():
    X, y = load_wine(return_X_y=True)
    assert cross_val_score(AnalyticLogisticRegression(), X, y).mean() > 0.95


def test_float32_is_computed_in_float64():
    X, y = samples(80, 4, 3)
    X = X.astype(np.float32)
    single = AnalyticLogisticRegression().fit(X, y)
    double = AnalyticLogisticRegression().fit(X.astype(np.float64), y)
    assert single.coef_.dtype == np.float64
    np.testing.assert_array_equal(single.coef_, double.coef_)
    np.testing.assert_allclose(single.predict_proba(X), double.predict_proba(X), rtol=1e-12)


def test_memory_layout_does_not_matter_and_data_are_not_changed():
    X, y = samples(80, 4, 3)
    before = X.copy()
    one = AnalyticLogisticRegression().fit(X, y)
    other = AnalyticLogisticRegression().fit(np.asfortranarray(X), y)
    np.testing.assert_array_equal(X, before)
    np.testing.assert_allclose(one.coef_, other.coef_, rtol=1e-9)


@pytest.mark.parametrize("parameters", [{}, PLAIN, {"shrinkage": "ledoit-wolf"}])
def test_no_copy_of_the_samples_is_made(parameters, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_ELEMENTS", 2**16)
    X, y = samples(20_000, 160, 2)
    tracemalloc.start()
    AnalyticLogisticRegression(**parameters).fit(X, y)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 0.3 * X.nbytes


# Bad parameters


@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan])
def test_a_shrinkage_out_of_range_is_refused(value):
    X, y = samples()
    with pytest.raises(ValueError, match="shrinkage must lie between 0 and 1, got"):
        AnalyticLogisticRegression(shrinkage=value).fit(X, y)


@pytest.mark.parametrize("value", ["none", True, None, [0.1]])
def test_what_is_no_shrinkage_is_refused(value):
    X, y = samples()
    text = 'shrinkage must be a number from 0 to 1, "loo", "oas" or "ledoit-wolf", got'
    with pytest.raises(TypeError, match=text):
        AnalyticLogisticRegression(shrinkage=value).fit(X, y)


@pytest.mark.parametrize("value", [0.0, -1.0, np.inf, np.nan])
def test_a_temperature_out_of_range_is_refused(value):
    X, y = samples()
    with pytest.raises(ValueError, match="temperature must be positive and finite, got"):
        AnalyticLogisticRegression(temperature=value).fit(X, y)


@pytest.mark.parametrize("value", ["oas", True, None])
def test_what_is_no_temperature_is_refused(value):
    X, y = samples()
    with pytest.raises(TypeError, match='temperature must be a positive number or "loo", got'):
        AnalyticLogisticRegression(temperature=value).fit(X, y)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([0.5, 0.5], "one entry for each of the 3 classes"),
        ([0.2, 0.3, 0.6], "sum to 1"),
        ([0.0, 0.5, 0.5], "must be positive"),
        ([np.nan] * 3, "priors must be finite"),
    ],
)
def test_bad_priors_are_refused(value, text):
    X, y = samples()
    with pytest.raises(ValueError, match=text):
        AnalyticLogisticRegression(priors=value).fit(X, y)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-1.0, r"sample_weight must not be negative, but sample_weight\[0\]"),
        (0.0, "zero"),
    ],
)
def test_bad_weights_are_refused(value, text):
    X, y = samples()
    with pytest.raises(ValueError, match=text):
        AnalyticLogisticRegression().fit(X, y, sample_weight=np.full(len(y), value))


# Company


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_data_frames(library):
    frames = pytest.importorskip(library)
    X, y = samples()
    names = list("abcd")
    frame = frames.DataFrame({name: X[:, j] for j, name in enumerate(names)})
    labels = frames.Series(np.array(["x", "y", "z"])[y])
    model = AnalyticLogisticRegression().fit(frame, labels)
    # What older versions of scikit-learn read of newer frames has no names.
    if library == "pandas" or _get_feature_names(frame) is not None:
        assert model.feature_names_in_.tolist() == names
    expected = AnalyticLogisticRegression().fit(X, y)
    np.testing.assert_allclose(model.predict_proba(frame), expected.predict_proba(X), rtol=1e-9)
    assert set(model.predict(frame)) <= {"x", "y", "z"}


def test_clone_and_pickle():
    X, y = samples()
    model = AnalyticLogisticRegression(shrinkage="oas", temperature=1.0).fit(X, y)
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "classes_")
    loaded = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    loaded.partial_fit(X, y)


def test_pipelines_and_searches():
    X, y = load_breast_cancer(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), AnalyticLogisticRegression(temperature=1.0))
    grid = {"analyticlogisticregression__shrinkage": [0.01, 0.1, "oas", "ledoit-wolf", "loo"]}
    search = GridSearchCV(pipeline, grid, scoring="neg_log_loss", cv=3).fit(X, y)
    assert search.score(X, y) > -0.2
    assert cross_val_score(pipeline, X, y, cv=3).mean() > 0.93


def test_weights_are_routed():
    X, y = samples()
    w = np.random.default_rng(4).integers(0, 3, len(y))
    with config_context(enable_metadata_routing=True):
        model = AnalyticLogisticRegression(**PLAIN).set_fit_request(sample_weight=True)
        model.set_partial_fit_request(sample_weight=True, classes=True)
        scaler = StandardScaler(with_std=False).set_fit_request(sample_weight=False)
        routed = make_pipeline(scaler, model).fit(X, y, sample_weight=w)
    direct = AnalyticLogisticRegression(**PLAIN).fit(X - X.mean(0), y, sample_weight=w)
    np.testing.assert_allclose(routed[-1].coef_, direct.coef_, rtol=1e-9)


def test_few_rows_are_better_served_than_by_the_plain_formula():
    X, y = load_digits(return_X_y=True)
    X = X[:, X[:150].std(axis=0) > 0]
    default = AnalyticLogisticRegression().fit(X[:150], y[:150])
    plain = AnalyticLogisticRegression(shrinkage=1e-6, temperature=1.0).fit(X[:150], y[:150])
    iterated = LogisticRegression(max_iter=5000).fit(X[:150], y[:150])

    def loss(model):
        log_p = np.maximum(model.predict_log_proba(X[150:]), -700)
        return -log_p[np.arange(len(X) - 150), y[150:]].mean()

    assert loss(default) < 0.2 * loss(plain)
    assert loss(default) < 1.2 * loss(iterated)
