"""Assertions about laws: their rate of false alarms, what they see, and what they say."""

import re

import numpy as np
import pandas as pd
import pytest

import gaussmetrics as gm
from gaussmetrics.testing import assert_laws_close, assert_same_law

LAW = gm.Gaussian([0.0, 1.0], [[2.0, 0.5], [0.5, 1.0]])
SHIFT = np.array([1.0, 0.0])
REFERENCES = {
    "law": lambda _: LAW,
    "rows": lambda rng: LAW.sample(400, rng),
    "moments": lambda rng: gm.Moments.from_samples(LAW.sample(400, rng)),
}
PARTS = [{}, {"means": False}, {"covariances": False}]


def rows(seed, n=200):
    return LAW.sample(n, np.random.default_rng(seed))


def fails(*args, **options):
    try:
        assert_same_law(*args, **options)
    except AssertionError:
        return True
    return False


@pytest.mark.parametrize("reference", REFERENCES)
@pytest.mark.parametrize("parts", PARTS, ids=str)
def test_false_alarms_come_at_the_stated_rate(reference, parts):
    rng, level, runs = np.random.default_rng(3), 0.1, 1000
    alarms = sum(
        fails(LAW.sample(30, rng), REFERENCES[reference](rng), level=level, **parts)
        for _ in range(runs)
    )
    assert abs(alarms / runs - level) < 4 * np.sqrt(level * (1 - level) / runs)


@pytest.mark.parametrize("reference", REFERENCES)
def test_what_is_compared_is_seen_and_nothing_else(reference):
    known = REFERENCES[reference](np.random.default_rng(8))
    moved, wider = rows(1) + SHIFT, rows(2) * [1.0, 3.0] - [0.0, 2.0]
    assert fails(moved, known)
    assert fails(moved, known, covariances=False)
    assert not fails(moved, known, means=False)
    assert fails(wider, known)
    assert fails(wider, known, means=False)
    assert not fails(wider, known, covariances=False)


def test_rows_and_their_moments_are_one():
    x = rows(5) * 1.3
    with pytest.raises(AssertionError) as of_rows:
        assert_same_law(x, LAW)
    with pytest.raises(AssertionError) as of_moments:
        assert_same_law(gm.Moments.from_samples(x), LAW)
    assert str(of_rows.value) == str(of_moments.value)


def test_permutations_hold_for_any_law_and_see_a_metric():
    rng = np.random.default_rng(0)
    x, y = rng.standard_t(3, size=(2, 150, 2))
    options = {"null": "permutation", "level": 0.01, "rng": 0}
    for statistic in ("likelihood_ratio", gm.squared_wasserstein_distance):
        assert_same_law(x, y, statistic=statistic, **options)
        with pytest.raises(AssertionError, match=r"p = 0\.01 .*99 permutations of rows"):
            assert_same_law(x + 1.0, y, statistic=statistic, **options)


def test_rows_of_one_subject_are_dealt_together():
    rng = np.random.default_rng(1)
    subjects = np.repeat(np.arange(12), 20)
    x, y = (np.repeat(rng.normal(size=(12, 2)), 20, 0) + rng.normal(size=(240, 2)) for _ in "xy")
    options = {"null": "permutation", "level": 0.01, "rng": 0}
    assert fails(x, y, **options)
    assert not fails(x, y, groups=(subjects, subjects + 12), **options)


def test_the_text_says_what_moved():
    x = pd.DataFrame(rows(7, 4000) * [1.0, 1.2], columns=["dose", "weight"])
    with pytest.raises(AssertionError) as failure:
        assert_same_law(x, LAW)
    first, second, *lines = str(failure.value).splitlines()
    assert first.startswith("x is not of the law of the reference: likelihood ratio = ")
    assert first.endswith("where at most 1e-06 is a false alarm (the exact law for normal rows).")
    assert second.startswith("4000 rows against a known law; kl_divergence 0.0")
    assert all(line.startswith("column 'weight': ") for line in lines)
    assert any(re.search(r"standard deviation 1 → 1\.(19|2)", line) for line in lines)


def test_the_text_names_a_correlation():
    turned = gm.Gaussian(LAW.mean, LAW.cov * [[1.0, -1.0], [-1.0, 1.0]]).sample(500, 0)
    with pytest.raises(AssertionError, match=r"columns 0 and 1: correlation 0\.3\d+ → -0\.3"):
        assert_same_law(turned, rows(4, 700))


def test_far_laws_still_have_a_text():
    with pytest.raises(AssertionError, match="p < 1e-300"):
        assert_same_law(rows(0) * 1e140, LAW)


@pytest.mark.parametrize(
    ("x", "reference", "options", "error", "text"),
    [
        (rows(0), rows(0)[:, :1], {}, ValueError, "same columns, got 2 in x and 1 in the ref"),
        (rows(0)[:2], LAW, {}, ValueError, "x has too few rows: .* at least 3 rows, got 2"),
        (rows(0), rows(1)[:2], {}, ValueError, "the reference has too few rows"),
        (rows(0)[None], LAW, {}, ValueError, r"x must be one sample .* batch of shape \(1,\)"),
        (rows(0), gm.Gaussian.stack([LAW, LAW]), {}, ValueError, "must be a single law"),
        (LAW, LAW, {}, TypeError, "x is a law, .* assert_laws_close"),
        (
            rows(0),
            LAW,
            {"null": "permutation"},
            TypeError,
            "deals rows, but reference is of type G",
        ),
        (rows(0), rows(1), {"groups": ([], [])}, ValueError, 'With groups take null="permutation"'),
        (rows(0), LAW, {"statistic": gm.kl_divergence}, ValueError, "With a metric take null"),
        (rows(0), LAW, {"null": "exact"}, ValueError, 'null must be "permutation" or "normal"'),
        (rows(0), LAW, {"level": 0.0}, ValueError, "must lie between 0 and 1"),
        (rows(0) * [1, 0], LAW, {}, ValueError, "x varies in 1 of 2 directions only"),
        (rows(0), rows(0) * [1, 0], {}, ValueError, "the reference varies in 1 of 2 directions"),
        (rows(0) * np.nan, LAW, {}, ValueError, "X must be finite"),
        (rows(0), LAW, {"means": False, "covariances": False}, ValueError, "are both False"),
    ],
)
def test_what_cannot_be_compared(x, reference, options, error, text):
    with pytest.raises(error, match=text):
        assert_same_law(x, reference, **options)


def test_close_laws_pass_and_the_bound_itself_does():
    near = gm.Gaussian(LAW.mean + 0.5 * SHIFT, LAW.cov)
    assert_laws_close(LAW, near, gm.wasserstein_distance, 0.5)
    with pytest.raises(AssertionError, match=r"^wasserstein_distance is 0\.5, more than 0\.49"):
        assert_laws_close(LAW, near, gm.wasserstein_distance, 0.49)
    with pytest.raises(AssertionError, match=r"squared_wasserstein_distance 0\.25: mean 0\.25, "):
        assert_laws_close(LAW, near, gm.wasserstein_distance, 0.49)


def test_the_worst_pair_of_a_batch_is_named():
    laws = gm.Gaussian([[[0.0, 1.0]], [[0.0, 4.0]]], LAW.cov)
    with pytest.raises(
        AssertionError, match=r"for pair \[1, 0\] of the batch, more than 1\.\n.*mean 9"
    ):
        assert_laws_close(laws, gm.Gaussian.stack([LAW, LAW]), gm.wasserstein_distance, 1.0)


def test_laws_apart_are_explained():
    line = gm.Gaussian([0.0, 1.0], [[2.0, 0.0], [0.0, 0.0]], allow_singular=True)
    with pytest.raises(AssertionError, match="kl_divergence is infinite: one law lives where"):
        assert_laws_close(LAW, line, gm.kl_divergence, 1.0)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ((LAW, rows(0), gm.kl_divergence, 1.0), TypeError, "q is of type ndarray. Write gaussm"),
        ((LAW, LAW, gm.kl_divergence, -1.0), ValueError, "bound must be finite and not negative"),
        ((LAW, LAW, gm.kl_divergence, "1"), TypeError, "bound must be a number"),
        ((LAW, LAW, "kl", 1.0), TypeError, "metric must be a function of two Gaussians"),
        ((LAW, LAW, lambda *_: np.nan, 1.0), ValueError, "metric must return real numbers"),
        ((LAW, LAW.marginal([0]), gm.kl_divergence, 1.0), ValueError, "of the same dimension"),
    ],
)
def test_what_is_no_pair_of_laws(arguments, error, text):
    with pytest.raises(error, match=text):
        assert_laws_close(*arguments)
