"""Rows, groups and whole weighted rows left out: against refitting without them."""

import warnings

import numpy as np
import pytest
from scipy.special import logsumexp

from gaussmetrics.laws import blocks
from gaussmetrics.softmax.classifier import AnalyticLogisticRegression
from gaussmetrics.softmax.leave_groups_out import LeaveGroupsOut
from gaussmetrics.softmax.leave_one_out import LeaveOneOut, ShrinkagePath
from gaussmetrics.softmax.rows import RowsInMemory
from gaussmetrics.softmax.rows import left_out as rows_left_out
from gaussmetrics.softmax.sample import Sample


def samples(n=72, d=5, classes=3, seed=0, distance=0.7):
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(classes), rng.integers(0, classes, n - classes)])
    X = distance * rng.standard_normal((classes, d))[y] + rng.standard_normal((n, d))
    return X @ rng.standard_normal((d, d)), y


def refitted(X, y, shrinkage, *, weights, out, groups):
    """Fit from the definitions without each group, and score its rows, (K, n)."""
    K, d = y.max() + 1, X.shape[1]
    means = np.array([np.average(X[y == k], axis=0, weights=weights[y == k]) for k in range(K)])
    target = np.average(((X - means[y]) ** 2).sum(axis=1), weights=weights) / d
    table = np.full((K, len(y)), np.nan)
    for group in np.unique(groups):
        inside = groups == group
        w = np.where(inside, weights - out, weights)
        counts = np.array([w[y == k].sum() for k in range(K)])
        if (counts < 1e-9).any():
            continue
        left = np.array([(w * (y == k)) @ X / counts[k] for k in range(K)])
        residuals = X - left[y]
        scatter = (w[:, None] * residuals).T @ residuals
        covariance = (1 - shrinkage) * scatter / w.sum() + shrinkage * target * np.eye(d)
        for i in np.flatnonzero(inside & (weights > 0)):
            gaps = X[i] - left
            distances = (gaps * np.linalg.solve(covariance, gaps.T).T).sum(axis=1)
            scores = np.log(counts / w.sum()) - distances / 2
            table[:, i] = scores - scores[y[i]]
    return table


RNG = np.random.default_rng(4)
EACH = np.arange(72)
CASES = {
    "rows": (None, None, None),
    "repeats": (RNG.integers(0, 4, 72).astype(float), None, None),
    "fractions": (RNG.random(72), None, None),
    "classes": (None, np.array([3.0, 0.2, 1.4]), None),
    "repeats of weighted classes": (
        RNG.integers(0, 4, 72).astype(float), np.array([3.0, 0.2, 1.4]), None,
    ),
    "pairs": (None, None, EACH // 2),
    "subjects": (None, None, RNG.integers(0, 20, 72)),
    "weighted subjects": (2 * RNG.random(72), np.array([3.0, 0.2, 1.4]), RNG.integers(0, 20, 72)),
    "more rows than columns": (RNG.integers(0, 3, 72).astype(float), None, RNG.integers(0, 4, 72)),
    "a class in one group": (None, None, "class 2"),
}  # fmt: skip


def path_of(sample):
    moments = sample.moments()
    return ShrinkagePath(moments, RowsInMemory(sample).unit_variance(moments))


@pytest.mark.parametrize("shrinkage", [0.0, 1e-3, 0.4, 1.0])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("block", [1, 2**20])
def test_leaving_out_is_refitting(case, shrinkage, block, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_ELEMENTS", block)
    X, y = samples()
    repeats, by_class, groups = CASES[case]
    groups = np.where(y == 2, 99, EACH) if isinstance(groups, str) else groups
    sample = Sample(X, y, 3).weighted(repeats, by_class, groups)
    left_out = rows_left_out(sample, path_of(sample))
    assert isinstance(left_out, LeaveOneOut if case in {"rows", "repeats"} else LeaveGroupsOut)
    each = np.ones(72) if by_class is None else by_class[y]
    w = (np.ones(72) if repeats is None else repeats) * each
    whole = groups is not None
    out = w if whole else np.minimum(1.0 if repeats is None else repeats, 1.0) * each
    split = groups if whole else EACH
    expected = refitted(X, y, shrinkage, weights=w, out=out, groups=split)
    judged = np.isfinite(expected).all(axis=0)
    np.testing.assert_array_equal(left_out.judged, judged)
    margins = left_out.margins(shrinkage)
    np.testing.assert_allclose(margins[:, judged], expected[:, judged], rtol=1e-9, atol=1e-9)


def test_two_ways_of_leaving_rows_out_agree():
    X, y = samples(200, 6, 4)
    sample = Sample(X, y, 4)
    path = path_of(sample)
    for shrinkage in (0.0, 0.2):
        one = LeaveOneOut(sample, path).margins(shrinkage)
        other = LeaveGroupsOut(sample, path).margins(shrinkage)
        np.testing.assert_allclose(other, one, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_a_group_without_which_the_covariance_is_singular_cannot_be_judged(seed):
    for n, d in ((14, 9), (20, 9)):  # groups of 7 and of 10: below and above the columns
        X, y, groups = samples(n, d, 2)[0], np.tile([0, 1], n // 2), np.arange(n) // (n // 2)
        X = X * np.random.default_rng(seed).uniform(0.5, 2.0, d)  # rounding falls another way
        AnalyticLogisticRegression(shrinkage=0.0, temperature=1.0).fit(X, y, groups=groups)
        with pytest.raises(ValueError, match="cannot judge shrinkage=0: without some row or group"):
            AnalyticLogisticRegression(shrinkage=0.0).fit(X, y, groups=groups)


# What is chosen


def literal_choice_loss(table, y, weights, units):
    """Smoothed cross-entropy of the rows left out."""
    judged = np.isfinite(table).all(axis=0)
    error = 1.0 / (units + 2.0)
    losses = []
    for scores, own in zip(table.T[judged], y[judged], strict=True):
        log_p = scores - logsumexp(scores)
        rival = max(set(range(len(scores))) - {own}, key=lambda j: scores[j])
        losses.append(-(1 - error) * log_p[own] - error * log_p[rival])
    return np.average(losses, weights=weights[judged])


@pytest.mark.parametrize("case", ["classes", "subjects"])
def test_temperature_is_best_for_what_was_left_out(case):
    X, y = samples(distance=0.4)
    _, by_class, groups = CASES[case]
    options = {} if by_class is None else {"class_weight": dict(enumerate(by_class))}
    model = AnalyticLogisticRegression(calibration="temperature", **options)
    model.fit(X, y, groups=groups)
    w = np.ones(72) if by_class is None else by_class[y]
    units = 72 if groups is None else len(np.unique(groups))
    split = EACH if groups is None else groups
    table = refitted(X, y, model.shrinkage_, weights=w, out=w, groups=split) / model.temperature_
    losses = [literal_choice_loss(table / factor, y, w, units) for factor in (0.98, 1.0, 1.02)]
    assert losses[1] == min(losses)


def same(one, other, X, rtol=1e-7):
    assert one.shrinkage_ == pytest.approx(other.shrinkage_, rel=1e-6)
    np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(X), rtol=rtol, atol=1e-12)


def test_copies_in_one_group_change_nothing():
    X, y = samples(d=20, distance=0.2)
    copies = np.repeat(np.arange(72), 3)
    once = AnalyticLogisticRegression().fit(X, y)
    grouped = AnalyticLogisticRegression().fit(X[copies], y[copies], groups=copies)
    same(grouped, once, X)
    leaking = AnalyticLogisticRegression().fit(X[copies], y[copies])
    assert leaking.shrinkage_ < 0.7 * once.shrinkage_


def test_one_weight_for_all_classes_changes_nothing():
    X, y = samples()
    once = AnalyticLogisticRegression().fit(X, y)
    weighted = AnalyticLogisticRegression(class_weight={0: 7.0, 1: 7.0, 2: 7.0}).fit(X, y)
    same(weighted, once, X)
    np.testing.assert_allclose(weighted.priors_, once.priors_, rtol=1e-12)


def test_repeats_of_weighted_classes_are_repeated_rows():
    X, y = samples()
    w = np.random.default_rng(1).integers(0, 4, 72)
    for options in ({"class_weight": "balanced"}, {"class_weight": {0: 5.0}}):
        weighted = AnalyticLogisticRegression(**options).fit(X, y, sample_weight=w)
        repeated = AnalyticLogisticRegression(**options).fit(np.repeat(X, w, 0), np.repeat(y, w))
        same(weighted, repeated, X)


def test_balanced_classes_have_equal_priors():
    X, y = samples()
    model = AnalyticLogisticRegression(class_weight="balanced").fit(X, y)
    np.testing.assert_allclose(model.priors_, np.full(3, 1 / 3), rtol=1e-12)


def log_loss(model, X, y, weights=None):
    own = model.predict_log_proba(X)[np.arange(len(y)), y]
    return -np.average(own, weights=weights)


def rare(n, share, seed, d=25):
    rng = np.random.default_rng(seed)
    y = (np.arange(n) < share * n).astype(int)
    return rng.standard_normal((n, d)) + 0.3 * y[:, None] * (np.arange(d) < 8), y


def test_balanced_weights_of_a_rare_class_do_not_judge_it_by_itself():
    """10 of 300 rows with a weight of 15 each: leaving out one copy of 15 judges them in-sample."""
    losses = []
    for seed in range(4):
        X, y = rare(300, 1 / 30, seed)
        X_new, y_new = rare(4000, 1 / 2, 100 + seed)
        whole = AnalyticLogisticRegression(class_weight="balanced").fit(X, y)
        losses.append(log_loss(whole, X_new, y_new))
    assert np.mean(losses) < np.log(2) + 0.03  # today: worse than a coin


def test_grouped_subjects_are_not_judged_by_their_own_rows():
    rng = np.random.default_rng(3)

    def subjects(count):
        y = np.repeat(np.arange(count) % 2, 8)
        own = np.repeat(rng.standard_normal((count, 20)), 8, axis=0)
        return 0.3 * y[:, None] + own + 0.3 * rng.standard_normal((8 * count, 20)), y

    X, y = subjects(30)
    X_new, y_new = subjects(300)
    grouped = AnalyticLogisticRegression().fit(X, y, groups=np.repeat(np.arange(30), 8))
    leaking = AnalyticLogisticRegression().fit(X, y)
    assert log_loss(grouped, X_new, y_new) < 0.75
    assert log_loss(grouped, X_new, y_new) < 0.5 * log_loss(leaking, X_new, y_new)


# Bad weights and groups


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        ("even", TypeError, 'class_weight must be None, "balanced" or a mapping'),
        ([1.0, 2.0, 3.0], TypeError, 'class_weight must be None, "balanced" or a mapping'),
        ({0: 1.0, 7: 2.0}, ValueError, r"class_weight holds labels .* \[0, 1, 2\]: \[7\]"),
        ({0: 0.0}, ValueError, "class_weight must be positive, got {0: 0.0}"),
        ({0: np.inf}, ValueError, "class_weight must be finite"),
        ({0: "a"}, TypeError, "class_weight must hold real numbers"),
    ],
)
def test_bad_class_weights_are_refused(value, error, text):
    with pytest.raises(error, match=text):
        AnalyticLogisticRegression(class_weight=value).fit(*samples())


@pytest.mark.parametrize(
    ("groups", "error", "text"),
    [
        ([1, 2], ValueError, r"groups must have one label a row of X, 72, got shape \(2,\)"),
        (np.zeros(72), ValueError, "groups must name at least 2 groups, got 1"),
        (np.where(EACH, EACH, np.nan), ValueError, "groups must not hold NaN or infinity"),
        ([None, *map(str, range(71))], TypeError, "groups must hold labels that can be sorted"),
        (samples()[1], ValueError, "groups cannot be left out: each holds all rows of some class"),
    ],
)
def test_bad_groups_are_refused(groups, error, text):
    with pytest.raises(error, match=text):
        AnalyticLogisticRegression().fit(*samples(), groups=groups)


@pytest.mark.parametrize(
    ("weights", "error", "text"),
    [
        (np.full(72, np.inf), ValueError, r"sample_weight must be finite, but sample_weight\[0\]"),
        (np.full(72, 1j), TypeError, "sample_weight must hold real numbers, got complex"),
        (np.where(EACH % 2, 1e-300, 1e300), ValueError, "ranges from 1e-300 to 1e\\+300"),
        (np.ones((72, 1)), ValueError, r"sample_weight.shape == \(72, 1\), expected \(72,\)"),
    ],
)
def test_unusable_weights_are_refused(weights, error, text):
    with pytest.raises(error, match=text):
        AnalyticLogisticRegression().fit(*samples(), sample_weight=weights)


def test_groups_are_routed():
    from sklearn import config_context
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X, y = samples()
    groups = EACH // 4
    with config_context(enable_metadata_routing=True):
        model = AnalyticLogisticRegression().set_fit_request(groups=True)
        routed = make_pipeline(StandardScaler(with_std=False), model).fit(X, y, groups=groups)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        direct = AnalyticLogisticRegression().fit(X - X.mean(0), y, groups=groups)
    np.testing.assert_allclose(routed[-1].coef_, direct.coef_, rtol=1e-9)
