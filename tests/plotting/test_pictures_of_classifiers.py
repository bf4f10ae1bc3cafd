"""Pictures of classifiers: regions and calibration against scikit-learn and brute force."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from drawn import COLOURS, IRIS, SEED, TWO, X2, Stub, Y, legend
from matplotlib.colors import same_color, to_rgb
from scipy import stats
from sklearn.calibration import calibration_curve
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import gaussmetrics as gm


def regions(ax):
    """The colours of the background, and the coordinates of its pixels."""
    (image,) = ax.images
    rgb = np.asarray(image.get_array())
    left, right, bottom, top = image.get_extent()
    x, y = np.meshgrid(np.linspace(left, right, rgb.shape[1]), np.linspace(bottom, top, len(rgb)))
    return rgb, np.column_stack([x.ravel(), y.ravel()])


@pytest.mark.parametrize("names", [None, ["se", "ve", "vi"]])
def test_regions_have_the_colour_of_the_most_probable_class(names, ax):
    X, y = IRIS.data.to_numpy()[:, 2:], IRIS.target.to_numpy()
    y = y if names is None else np.array(names)[y]
    model = gm.AnalyticLogisticRegression().fit(X, y)
    gm.plot_decision_regions(model, X, y, ax=ax)
    rgb, points = regions(ax)
    chances = model.predict_proba(points)
    own = np.array([to_rgb(c) for c in COLOURS[:3]])[chances.argmax(axis=1)]
    missing = 1.0 - rgb.reshape(-1, 3)
    depth = (missing * (1 - own)).sum(axis=1) / ((1 - own) ** 2).sum(axis=1)
    np.testing.assert_allclose(missing, depth[:, None] * (1 - own), atol=1e-12)
    # White where all are as probable, and deeper in proportion to what the winner has beyond that.
    np.testing.assert_allclose(depth, depth.max() * (chances.max(axis=1) - 1 / 3) * 1.5, atol=2e-3)
    assert 0.4 < depth.max() < 0.7
    for k, (line, name) in enumerate(zip(ax.lines, model.classes_, strict=True)):
        np.testing.assert_array_equal(line.get_xydata(), X[y == name])
        assert same_color(line.get_color(), COLOURS[k])
    assert legend(ax) == [str(name) for name in model.classes_]
    assert len({line.get_marker() for line in ax.lines}) == 3


def test_boundaries_are_where_the_decision_changes(ax):
    data = load_wine()
    X, y = data.data[:, [0, 6]], data.target
    # Flat enough for the grid, whose cells a line crosses straight.
    model = gm.AnalyticLogisticRegression(calibration="temperature").fit(X, y)
    gm.plot_decision_regions(model, X, y, ax=ax)
    lines = [c for c in ax.collections if hasattr(c, "levels")]
    assert lines
    for contour in lines:
        for path in contour.get_paths():
            chances = np.sort(model.predict_proba(path.vertices), axis=1)
            np.testing.assert_allclose(chances[:, -1], chances[:, -2], atol=5e-3)


def test_classes_that_never_win_have_no_region_and_no_warning(ax):
    gm.plot_decision_regions(Stub([0.5, 0.3, 0.2]), X2, Y, ax=ax)
    assert len(ax.collections) == 0
    assert legend(ax) == ["0", "1", "2"]


def test_classes_in_any_order_have_their_own_samples(ax):
    shuffled = Stub([0.5, 0.3, 0.2], classes=["b", "c", "a"])
    X, y = np.arange(10.0).reshape(5, 2), np.array(["a", "b", "c", "a", "b"])
    gm.plot_decision_regions(shuffled, X, y, ax=ax)
    assert legend(ax) == ["b", "c", "a"]
    for line, name in zip(ax.lines, "bca", strict=True):
        np.testing.assert_array_equal(line.get_xydata(), X[y == name])


def test_a_column_without_spread_still_has_a_picture(ax):
    X = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0], [3.0, 1.0]])
    y = [0, 0, 1, 1]
    gm.plot_decision_regions(LogisticRegression().fit(X, y), X, y, ax=ax)
    assert ax.get_ylim()[0] < 1.0 < ax.get_ylim()[1]


@pytest.mark.parametrize("library", [pd, pl], ids=["pandas", "polars"])
def test_frames_keep_their_names(library, ax):
    X = library.DataFrame({name: IRIS.data[name].to_numpy() for name in TWO})
    y = IRIS.target.to_numpy()
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    gm.plot_decision_regions(model, X, y, ax=ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == tuple(TWO)


def halves(two):
    data = load_breast_cancer() if two else load_wine()
    X, y = data.data[:, :5], np.array(data.target_names)[data.target]
    model = gm.AnalyticLogisticRegression().fit(X[::2], y[::2])
    return model, X[1::2], y[1::2]


def reliability(ax, k=0):
    """The points and the ends of the bars of the k-th classifier."""
    container = ax.containers[k]
    segments = np.array(container.lines[2][0].get_segments())
    return container.lines[0].get_xydata(), segments[:, :, 1]


def test_two_classes_against_scikit_learn(ax):
    model, X, y = halves(two=True)
    gm.plot_calibration(model, X, y, bins=8, ax=ax)
    chances = model.predict_proba(X)
    truth = calibration_curve(y == model.classes_[1], chances[:, 1], n_bins=8)
    points, _ = reliability(ax)
    np.testing.assert_allclose(points, np.column_stack(truth[::-1]), atol=1e-12)
    assert ax.get_xlabel() == f"predicted probability of {model.classes_[1]}"
    assert ax.get_ylabel() == f"fraction of {model.classes_[1]}"
    assert ax.get_aspect() == 1.0
    loss = log_loss(y, chances)
    assert f"log-loss {loss:.3g}," in legend(ax)[1]


@pytest.mark.parametrize("two", [True, False])
def test_bars_and_ece_by_brute_force(two, ax):
    model, X, y = halves(two)
    gm.plot_calibration(model, X, y, bins=6, label="ours", ax=ax)
    chances, classes = model.predict_proba(X), model.classes_
    if two:
        sure, right = chances[:, 1], y == classes[1]
    else:
        sure, right = chances.max(axis=1), y == model.predict(X)
    gap, expected = 0.0, []
    for low in np.arange(6) / 6:
        inside = (sure >= low) & ((sure < low + 1 / 6) | (low == 5 / 6))
        if inside.any():
            hits, n = int(right[inside].sum()), int(inside.sum())
            gap += abs(hits - sure[inside].sum()) / len(y)
            ends = stats.binomtest(hits, n).proportion_ci(0.95, method="wilson")
            expected.append((sure[inside].mean(), hits / n, ends.low, ends.high))
    points, ends = reliability(ax)
    np.testing.assert_allclose(np.column_stack([points, ends]), expected, atol=1e-10)
    assert legend(ax) == ["calibrated", f"ours\nlog-loss {log_loss(y, chances):.3g}, ECE {gap:.2g}"]


def test_more_classes_are_judged_by_their_confidence(ax):
    gm.plot_calibration(*halves(two=False), ax=ax)
    assert ax.get_xlabel() == "probability of the predicted class"
    assert ax.get_ylabel() == "fraction predicted right"


def test_several_classifiers_share_a_picture(ax):
    model, X, y = halves(two=True)
    bayes = GaussianNB().fit(X, y)
    for one in (model, bayes):
        gm.plot_calibration(one, X, y, ax=ax)
    names = [text.split("\n")[0] for text in legend(ax)]
    assert names == ["calibrated", "AnalyticLogisticRegression", "GaussianNB"]
    assert [
        same_color(c.lines[0].get_color(), COLOURS[i]) for i, c in enumerate(ax.containers)
    ] == [
        True,
        True,
    ]


def test_a_certain_error_costs_infinitely_much(ax):
    # The samples may be of any kind that the classifier takes.
    sure = Stub([0.0, 1.0], [0.0, 1.0], [1.0, 0.0])
    gm.plot_calibration(sure, ["yes", "oh yes", "no"], [1, 0, 0], ax=ax)
    assert r"log-loss $\infty$, ECE 0.33" in legend(ax)[1]
    points, ends = reliability(ax)
    np.testing.assert_array_equal(points, [[0.0, 0.0], [1.0, 0.5]])
    assert ((ends >= 0) & (ends <= 1)).all()


def test_classes_in_any_order_have_their_own_probabilities(ax):
    perfect = Stub([1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], classes=["b", "c", "a"])
    gm.plot_calibration(perfect, range(3), ["b", "c", "a"], ax=ax)
    assert "log-loss 0, ECE 0" in legend(ax)[1]
    np.testing.assert_array_equal(reliability(ax)[0], [[1.0, 1.0]])


def test_a_bin_for_every_sample(ax):
    chances = np.random.default_rng(SEED).uniform(size=9)
    gm.plot_calibration(
        Stub(*np.column_stack([1 - chances, chances])), range(9), [0, 1, 1] * 3, bins=10**30, ax=ax
    )
    by_size = np.argsort(chances)
    expected = np.column_stack([chances, [0, 1, 1] * 3])[by_size]
    np.testing.assert_array_equal(reliability(ax)[0], expected)


def test_certainty_belongs_to_the_last_bin(ax):
    gm.plot_calibration(Stub([0.0, 1.0], [0.04, 0.96]), [0, 0], [1, 1], ax=ax)
    np.testing.assert_allclose(reliability(ax)[0], [[0.98, 1.0]])
