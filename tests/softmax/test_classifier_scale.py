"""Many classes in blocks, and more columns than rows in the space that the rows span."""

import tracemalloc

import numpy as np
import pytest

from gaussmetrics.softmax import classifier, fitting, leave_one_out
from gaussmetrics.softmax.classifier import AnalyticLogisticRegression
from gaussmetrics.softmax.few_rows import SpannedSpace
from gaussmetrics.softmax.fitting import Settings, fit_rows
from gaussmetrics.softmax.rows import RowsInMemory
from gaussmetrics.softmax.sample import Sample


def samples(n, d, classes, seed=0, distance=1.0):
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.tile(np.arange(classes), 2), rng.integers(0, classes, n - 2 * classes)])
    X = rng.standard_normal((n, d))
    X += distance * rng.standard_normal((classes, d))[y]
    return X, y


def peak(X, y, **options):
    tracemalloc.start()
    model = AnalyticLogisticRegression(**options).fit(X, y)
    allocated = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return allocated, model


def test_many_classes_need_one_table_of_scores():
    X, y = samples(9000, 16, 600)
    allocated, _ = peak(X, y)
    assert allocated < 1.2 * 8 * 9000 * 600


def test_more_scores_than_a_table_holds_are_judged_on_rows_evenly_spread(monkeypatch):
    X, y = samples(3000, 8, 20)
    whole = AnalyticLogisticRegression().fit(X, y)
    monkeypatch.setattr(fitting, "TABLE", 20 * 1000)
    allocated, third = peak(X, y)
    assert allocated < 3 * 8 * 20 * 1000 + 2**20
    sample = Sample(X, y, 20)
    part = RowsInMemory(sample).spread(20 * 1000).sample
    np.testing.assert_array_equal(part.X, X[::3])
    assert third.temperature_ == pytest.approx(whole.temperature_, rel=0.1)
    np.testing.assert_allclose(third.means_, whole.means_)
    groups = np.arange(3000) // 5
    grouped = Sample(X, y, 20).weighted(None, None, groups)
    part = RowsInMemory(grouped).spread(20 * 1000).sample
    np.testing.assert_array_equal(np.unique(part.groups), np.arange(0, 600, 3))
    assert len(part.codes) == 1000


def test_pairs_of_classes_in_blocks_are_those_of_one_table():
    rng = np.random.default_rng(0)
    means, scales, frequencies = rng.standard_normal((30, 4)), rng.random(4), rng.random(30)
    between = leave_one_out._Between(means, means * scales, frequencies)
    y = rng.integers(0, 30, 50)
    whole = between.shifts(y, np.empty((30, 50)))
    between.table = None
    np.testing.assert_allclose(between.shifts(y, np.empty((30, 50))), whole, rtol=1e-12)
    gaps = means[:, None] - means[y]
    expected = frequencies[:, None] - 0.5 * (gaps**2 * scales).sum(axis=-1)
    np.testing.assert_allclose(whole, expected, rtol=1e-12, atol=1e-14)


def test_coordinates_keep_distances_and_come_back():
    X = samples(20, 500, 2)[0] + 1e3
    space = SpannedSpace(X)
    Z = space.coordinates()
    assert Z.shape == (20, 19)
    centred = X - X.mean(axis=0)
    np.testing.assert_allclose(Z @ Z.T, centred @ centred.T, rtol=1e-9, atol=1e-8)
    np.testing.assert_allclose(space.lift(Z) + space.mean, X, rtol=1e-11)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"shrinkage": 0.2, "temperature": 1.0},
        {"shrinkage": "oas"},
        {"shrinkage": "ledoit-wolf"},
        {"class_weight": "balanced"},
        {"refine": "auto"},
        {"priors": "uniform"},
    ],
)
@pytest.mark.parametrize("duplicates", [False, True])
def test_few_rows_give_the_model_of_all_columns(options, duplicates):
    X, y = samples(40, 90, 3, distance=0.4)
    X, y = (np.vstack([X, X[:10]]), np.append(y, y[:10])) if duplicates else (X, y)
    model = AnalyticLogisticRegression(**options).fit(X, y)
    counts = np.bincount(y)
    by_class = len(y) / (3 * counts) if "class_weight" in options else None
    sample = Sample(X, y, 3).weighted(None, by_class, None)
    full = fit_rows(
        RowsInMemory(sample),
        sample.moments(),
        Settings(
            model.shrinkage if isinstance(model.shrinkage, str) else 0.2,
            None if model.temperature == "loo" else 1.0,
            model.temperature == "loo",
            "refine" in options,
        ),
    )
    assert model.shrinkage_ == pytest.approx(full.shrinkage, rel=1e-7)
    assert model.temperature_ == pytest.approx(full.temperature, rel=1e-7)
    np.testing.assert_allclose(model.coef_, full.coefficients, rtol=1e-6, atol=1e-8)
    shift = -np.log(3 * counts / len(y)) if "priors" in options else 0.0
    np.testing.assert_allclose(model.intercept_, full.intercepts + shift, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(
        model.means_, [np.average(X[y == k], axis=0) for k in range(3)], rtol=1e-9, atol=1e-11
    )
    assert model.moments_.scatter.shape == (90, 90)


def test_no_square_matrix_of_the_columns_is_formed(monkeypatch):
    X, y = samples(60, 8000, 2, distance=0.2)
    allocated, model = peak(X, y)
    assert allocated < 4 * X.nbytes
    assert not hasattr(model, "moments_")
    with pytest.raises(AttributeError, match="it would be 8000 × 8000"):
        model.covariance_  # noqa: B018
    model.set_params(shrinkage=0.5, temperature=1.0)
    with pytest.raises(ValueError, match="partial_fit cannot go on from a fit of fewer rows than"):
        model.partial_fit(X, y)
    assert model.transform(X).shape == (60, 1)
    monkeypatch.setattr(classifier, "WIDE", 10_000)
    kept = AnalyticLogisticRegression().fit(X[:, :3000], y)
    deviations = kept.means_ - kept.priors_ @ kept.means_
    solved = np.linalg.solve(kept.covariance_, deviations[1] - deviations[0])
    direction = kept.coef_[0] / np.linalg.norm(kept.coef_)
    np.testing.assert_allclose(solved / np.linalg.norm(solved), direction, atol=1e-9)


def test_the_plain_formula_has_no_answer_for_few_rows():
    X, y = samples(30, 5000, 2)
    with pytest.raises(ValueError, match="30 samples of 2 classes cannot determine it for 5000"):
        AnalyticLogisticRegression(shrinkage=0.0, temperature=1.0).fit(X, y)


def test_few_rows_that_are_all_equal_are_refused():
    with pytest.raises(ValueError, match="the rows of each class are all equal"):
        AnalyticLogisticRegression().fit(np.ones((4, 9)), [0, 0, 1, 1])


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function", "transform"])
def test_rows_whose_scores_leave_the_floats_are_refused(method):
    X, y = np.random.default_rng(0).standard_normal((60, 3)), np.arange(60) % 3
    X[:, 0] += 3 * y
    model = AnalyticLogisticRegression().fit(X, y)
    far = np.array([[0.0, 0.0, 0.0], [1.7e308, -1.7e308, 1.7e308]])
    with pytest.raises(ValueError, match=r"X\[1\] holds numbers so large, 1\.7e\+308, that the "):
        getattr(model, method)(far)
    assert np.isfinite(model.predict_proba(1e-5 * far)).all()
