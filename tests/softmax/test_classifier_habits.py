"""Priors in use, habits of scikit-learn, discriminant axes, sparse rows and exports."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.linalg import eigh
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from gaussmetrics.softmax.classifier import AnalyticLogisticRegression

PLAIN = {"shrinkage": 0.0, "temperature": 1.0}


def samples(n=120, d=4, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(classes), rng.integers(0, classes, n - classes)])
    X = 0.7 * rng.standard_normal((classes, d))[y] + rng.standard_normal((n, d))
    return X @ rng.standard_normal((d, d)), y


# Priors


def two_classes(n, share, rng, d=60):
    y = (np.arange(n) < share * n).astype(int)
    return rng.standard_normal((n, d)) + 0.5 * y[:, None] * (np.arange(d) < 10), y


@pytest.mark.parametrize("calibration", ["auto", "temperature"])
def test_priors_in_use_are_those_of_a_shift_by_hand(calibration):
    """Trained half and half, used at 3 %."""
    rng = np.random.default_rng(7)
    X, y = two_classes(200, 0.5, rng)
    X_new, y_new = two_classes(20_000, 0.03, rng)
    model = AnalyticLogisticRegression(priors=[0.97, 0.03], calibration=calibration).fit(X, y)
    plain = AnalyticLogisticRegression(calibration=calibration).fit(X, y)
    shifted = plain.decision_function(X_new) + np.log(0.03 / 0.97)
    by_hand = np.mean(np.logaddexp(0, np.where(y_new == 1, -shifted, shifted)))
    loss = -np.mean(model.predict_log_proba(X_new)[np.arange(len(y_new)), y_new])
    assert loss < by_hand + 0.01
    assert loss < 0.135  # what a constant gives


@pytest.mark.parametrize(
    "options",
    [{}, {"refine": "auto"}, {"class_weight": "balanced"}, {"calibration": "temperature"}, PLAIN],
)
@pytest.mark.parametrize("classes", [2, 3])
def test_coefficients_do_not_depend_on_priors(options, classes):
    X, y = samples(classes=classes)
    free = AnalyticLogisticRegression(**options).fit(X, y)
    priors = np.array([0.05, 0.95] if classes == 2 else [0.05, 0.15, 0.8])
    given = AnalyticLogisticRegression(priors=priors, **options).fit(X, y)
    np.testing.assert_array_equal(given.coef_, free.coef_)
    assert given.temperature_ == free.temperature_
    shift = np.log(priors / free.priors_)
    shift = shift[1:] - shift[:1] if classes == 2 else shift
    np.testing.assert_allclose(given.intercept_ - free.intercept_, shift, rtol=1e-9)


def test_priors_by_label():
    X, y = samples()
    labels = np.array(["a", "b", "c"])[y]
    expected = AnalyticLogisticRegression(priors=[0.2, 0.3, 0.5]).fit(X, labels)
    for priors in (
        {"c": 0.5, "a": 0.2, "b": 0.3},
        pd.Series({"c": 0.5, "a": 0.2, "b": 0.3}),
        np.array([0.2, 0.3, 0.5]),
    ):
        model = AnalyticLogisticRegression(priors=priors).fit(X, labels)
        np.testing.assert_array_equal(model.priors_, [0.2, 0.3, 0.5])
        np.testing.assert_array_equal(model.intercept_, expected.intercept_)
    uniform = AnalyticLogisticRegression(priors="uniform").fit(X, labels)
    np.testing.assert_array_equal(uniform.priors_, np.full(3, 1 / 3))
    integers = AnalyticLogisticRegression(priors={0: 0.2, 1: 0.3, 2: 0.5}).fit(X, y)
    np.testing.assert_array_equal(integers.priors_, [0.2, 0.3, 0.5])


@pytest.mark.parametrize(
    ("priors", "text"),
    [
        ({"a": 0.5, "b": 0.5}, r"missing: \['c'\], unknown: \[\]"),
        ({"a": 0.5, "b": 0.2, "c": 0.2, "d": 0.1}, r"missing: \[\], unknown: \['d'\]"),
        (pd.Series([0.2, 0.3, 0.5]), "A list or array is taken in the order of the classes"),
        (pd.Series([0.2, 0.3, 0.5], index=["a", "a", "b"]), "priors has a label twice"),
        ("equal", "\"uniform\", got 'equal'"),
    ],
)
def test_priors_that_do_not_fit_the_labels_are_refused(priors, text):
    X, y = samples()
    with pytest.raises(ValueError, match=text):
        AnalyticLogisticRegression(priors=priors).fit(X, np.array(["a", "b", "c"])[y])


# Before and after a fit


def test_a_failed_first_fit_leaves_nothing():
    model = AnalyticLogisticRegression()
    for X, y in ((np.zeros((4, 2)), [0, 0, 1, 1]), (np.eye(3), [1, 1, 1])):
        with pytest.raises(ValueError, match=r"all equal|at least 2 classes"):
            model.fit(X, y)
        assert vars(model) == vars(AnalyticLogisticRegression())
        with pytest.raises(NotFittedError):
            model.predict(X)
        with pytest.raises(NotFittedError):
            model.coef_  # noqa: B018


@pytest.mark.parametrize("options", [{}, PLAIN, {"refine": "auto"}])
def test_a_failed_refit_leaves_the_old_model(options):
    X, y = samples()
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = AnalyticLogisticRegression(**options).fit(frame, y)
    before, state = model.predict_proba(frame), dict(vars(model))
    with pytest.raises(ValueError, match="all equal"):
        model.fit(np.zeros((4, 2)), ["x", "x", "y", "y"])
    with pytest.raises(ValueError, match="priors must have one entry"):
        model.set_params(priors=[0.5, 0.5]).fit(X, y)
    model.set_params(priors=None)
    assert vars(model) == state
    np.testing.assert_array_equal(model.predict_proba(frame), before)


def test_a_failed_part_leaves_the_stream_as_it_was():
    X, y = samples()
    model = AnalyticLogisticRegression(**PLAIN).partial_fit(X, y, classes=[0, 1, 2])
    state = dict(vars(model))
    with pytest.raises(ValueError, match="not among the classes"):
        model.partial_fit(X, y + 5)
    assert vars(model) == state


def test_parameters_set_after_a_fit_wait_for_the_next():
    X, y = samples()
    for model in (
        AnalyticLogisticRegression(**PLAIN).fit(X, y),
        AnalyticLogisticRegression(**PLAIN).partial_fit(X, y, classes=[0, 1, 2]),
    ):
        expected = AnalyticLogisticRegression(**PLAIN).fit(X, y)
        model.set_params(shrinkage=0.9, temperature=5.0, priors=[0.8, 0.1, 0.1])
        np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))
        np.testing.assert_array_equal(model.priors_, expected.priors_)
        model.fit(X, y)
        assert model.temperature_ == 5.0


def test_a_fit_is_repeated_to_the_last_bit():
    X, y = samples()
    for options in ({}, {"refine": "auto"}, {"class_weight": "balanced"}):
        one, two = (AnalyticLogisticRegression(**options).fit(X, y) for _ in range(2))
        np.testing.assert_array_equal(one.coef_, two.coef_)


@pytest.mark.parametrize("name", ["X", "y", "sample_weight"])
def test_masked_arrays_are_refused(name):
    X, y = samples()
    arrays = {"X": X, "y": y, "sample_weight": np.ones(len(y))}
    arrays[name] = np.ma.masked_array(arrays[name], np.arange(arrays[name].size) == 3)
    with pytest.raises(TypeError, match=f"{name} has masked entries. Remove or impute them"):
        AnalyticLogisticRegression().fit(**arrays)
    model = AnalyticLogisticRegression().fit(X, y)
    with pytest.raises(TypeError, match="X has masked entries"):
        model.predict(np.ma.masked_greater(X, 0.0))


@pytest.mark.parametrize("options", [{}, {"class_weight": "balanced"}, {"refine": "auto"}])
def test_rows_of_a_class_that_differ_by_an_ulp(options):
    X = np.array([[1.0], [np.nextafter(1.0, 2.0)], [2.0], [np.nextafter(2.0, 3.0)]] * 3)
    y = np.array([0, 0, 1, 1] * 3)
    model = AnalyticLogisticRegression(**options).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), y)
    assert np.isfinite(model.predict_log_proba(X)).all()


def test_class_weights_in_a_stream():
    X, y = samples()
    options = {"class_weight": {0: 3.0, 2: 0.5}, **PLAIN}
    whole = AnalyticLogisticRegression(**options).fit(X, y)
    stream = AnalyticLogisticRegression(**options)
    for part in np.array_split(np.arange(120), 5):
        stream.partial_fit(X[part], y[part], classes=[0, 1, 2])
    np.testing.assert_allclose(stream.coef_, whole.coef_, rtol=1e-10)
    np.testing.assert_allclose(stream.intercept_, whole.intercept_, rtol=1e-9)
    for options in ({"class_weight": "balanced"}, {"refine": "auto"}, {"calibration": "class"}):
        with pytest.raises(AttributeError, match=f"{next(iter(options))}='.*' looks at every row"):
            AnalyticLogisticRegression(**options, **PLAIN).partial_fit(X, y)


# Discriminant axes and the covariance


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer])
def test_axes_are_those_of_the_generalised_eigenproblem(load):
    X, y = load(return_X_y=True)
    model = AnalyticLogisticRegression(shrinkage=0.1).fit(X, y)
    K = len(model.classes_)
    means = np.array([X[y == k].mean(axis=0) for k in range(K)])
    p, residuals = np.bincount(y) / len(y), X - means[y]
    S = residuals.T @ residuals / len(y)
    covariance = 0.9 * S + 0.1 * np.trace(S) / len(S) * np.eye(len(S))
    np.testing.assert_allclose(model.covariance_, covariance, rtol=1e-10, atol=1e-12)
    deviations = means - p @ means
    values = eigh((deviations.T * p) @ deviations, covariance, eigvals_only=True)[::-1][: K - 1]
    Z = model.transform(X)
    assert Z.shape == (len(y), K - 1)
    np.testing.assert_allclose(Z.mean(axis=0), 0.0, atol=1e-9)
    centres = np.array([Z[y == k].mean(axis=0) for k in range(K)])
    np.testing.assert_allclose((centres.T * p) @ centres, np.diag(values), rtol=1e-7, atol=1e-7)
    axes = model.transform(np.eye(len(S))) - model.transform(np.zeros((1, len(S))))
    np.testing.assert_allclose(axes.T @ covariance @ axes, np.eye(K - 1), rtol=1e-7, atol=1e-7)


def test_axes_span_what_linear_discriminant_analysis_finds():
    X, y = load_wine(return_X_y=True)
    ours = AnalyticLogisticRegression(**PLAIN, n_components=2).fit(X, y).transform(X)
    theirs = LinearDiscriminantAnalysis(solver="eigen").fit(X, y).transform(X)
    for j in range(2):
        assert abs(np.corrcoef(ours[:, j], theirs[:, j])[0, 1]) == pytest.approx(1.0, abs=1e-9)


def test_data_frames_come_out_with_names():
    X, y = samples()
    model = AnalyticLogisticRegression(n_components=1).set_output(transform="pandas").fit(X, y)
    assert model.transform(X).columns.tolist() == ["analyticlogisticregression0"]
    assert model.get_feature_names_out().tolist() == ["analyticlogisticregression0"]
    np.testing.assert_array_equal(clone(model).fit_transform(X, y), model.transform(X))


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (3, ValueError, "n_components must be at most 2, the number of classes less one"),
        (0, ValueError, "n_components must be at least 1"),
        (1.5, TypeError, "n_components must be an integer"),
    ],
)
def test_bad_numbers_of_components_are_refused(value, error, text):
    with pytest.raises(error, match=text):
        AnalyticLogisticRegression(n_components=value).fit(*samples())


# Sparse rows


@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csc_matrix, sparse.coo_array])
@pytest.mark.parametrize(
    "options",
    [{}, PLAIN, {"shrinkage": "ledoit-wolf"}, {"class_weight": "balanced"}, {"refine": "auto"}],
)
def test_sparse_rows_give_the_model_of_dense_ones(kind, options):
    rng = np.random.default_rng(0)
    X = np.where(rng.random((200, 12)) < 0.3, rng.standard_normal((200, 12)) + 3.0, 0.0)
    y = (X[:, :3].sum(axis=1) + rng.standard_normal(200) > 3).astype(int)
    dense = AnalyticLogisticRegression(**options).fit(X, y)
    model = AnalyticLogisticRegression(**options).fit(kind(X), y)
    np.testing.assert_allclose(model.coef_, dense.coef_, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(
        model.predict_proba(kind(X)), dense.predict_proba(X), rtol=1e-10, atol=1e-15
    )
    np.testing.assert_allclose(model.transform(kind(X)), dense.transform(X), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("groups", [None, np.arange(40) // 2])
def test_sparse_rows_with_more_columns_than_rows(groups):
    rng = np.random.default_rng(0)
    X = np.where(rng.random((40, 300)) < 0.1, rng.standard_normal((40, 300)) + 2.0, 0.0)
    y = np.arange(40) % 3
    dense = AnalyticLogisticRegression().fit(X, y, groups=groups)
    model = AnalyticLogisticRegression().fit(sparse.csr_array(X), y, groups=groups)
    np.testing.assert_allclose(model.coef_, dense.coef_, rtol=1e-9, atol=1e-12)


# Export


@pytest.mark.parametrize("load", [load_iris, load_breast_cancer])
@pytest.mark.parametrize("options", [{}, {"refine": "auto"}, {"priors": "uniform"}])
def test_three_attributes_make_a_logistic_regression(load, options):
    X, y = load(return_X_y=True)
    model = AnalyticLogisticRegression(**options).fit(X, y)
    exported = LogisticRegression()
    exported.coef_, exported.intercept_ = model.coef_, model.intercept_
    exported.classes_ = model.classes_
    np.testing.assert_allclose(
        exported.predict_proba(X), model.predict_proba(X), rtol=1e-12, atol=1e-15
    )
    np.testing.assert_array_equal(exported.predict(X), model.predict(X))


def test_labels_that_are_missing_are_told():
    X = np.random.default_rng(0).normal(size=(4, 2))
    y = np.array(["a", "b", None, "a"], dtype=object)
    with pytest.raises(TypeError, match="none of them missing, got NoneType, str"):
        AnalyticLogisticRegression().fit(X, y)


def test_a_path_is_fitted_but_not_predicted(tmp_path):
    model = AnalyticLogisticRegression(shrinkage=0, temperature=1)
    model.fit([[-1.0], [1.0], [2.0], [6.0]], [0, 0, 1, 1])
    for path in (tmp_path / "big.parquet", "big.parquet"):
        for method in (model.predict, model.predict_proba, model.decision_function):
            with pytest.raises(TypeError, match=r"got the path .*big\.parquet'\. Of a file too"):
                method(path)
