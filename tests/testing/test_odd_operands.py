"""Assertions of what cannot be asserted: metrics of one pair, levels of no use, columns swapped."""

import numpy as np
import pandas as pd
import pytest

import gaussmetrics as gm
from gaussmetrics.testing import LawRegression, assert_laws_close, assert_same_law

LAW = gm.Gaussian([0.0, 1.0], [[2.0, 0.5], [0.5, 1.0]], names=["a", "b"])
ROWS = LAW.sample(100, np.random.default_rng(0))


@pytest.mark.parametrize("value", [3.0, np.inf, [[1.0, 2.0]]])
def test_a_metric_returns_one_number_a_pair(value):
    laws = gm.Gaussian.stack([LAW, LAW])
    with pytest.raises(ValueError, match=r"metric must return one number a pair, of shape \(2,\)"):
        assert_laws_close(laws, LAW, lambda _p, _q: value, 1.0)


@pytest.mark.parametrize("level", [0, 1, 95, np.nan])
def test_a_level_is_a_rate_of_false_alarms(level):
    with pytest.raises(ValueError, match="For one in a million runs pass level=1e-6"):
        assert_same_law(ROWS, LAW, level=level)


def test_a_level_of_more_permutations_than_a_day_holds():
    with pytest.raises(ValueError, match=r"takes 1e\+300 permutations. Pass 1e-07 or more, or nul"):
        assert_same_law(ROWS, ROWS, null="permutation", level=1e-300)


@pytest.mark.parametrize("reference", [LAW, pd.DataFrame(ROWS, columns=["a", "b"])])
def test_columns_are_of_the_same_names_in_one_order(reference):
    assert_same_law(pd.DataFrame(ROWS, columns=["a", "b"]), reference)
    with pytest.raises(ValueError, match="must name the same variables in the same order"):
        assert_same_law(pd.DataFrame(ROWS, columns=["b", "a"]), reference)


@pytest.mark.parametrize(
    ("x", "options", "text"),
    [
        (ROWS[:2], {}, "x has too few rows"),
        (ROWS * [1, 0], {}, "x varies in 1 of 2 directions only"),
        (ROWS, {"level": 7}, "level is the probability of a false alarm"),
    ],
)
def test_no_reference_is_written_that_no_rows_could_be_compared_with(tmp_path, x, options, text):
    with pytest.raises(ValueError, match=text):
        LawRegression(tmp_path, "walk").check(x, **options)
    assert not list(tmp_path.iterdir())


def test_names_longer_than_file_systems_take_are_cut_and_stay_apart(tmp_path):
    x, long = np.random.default_rng(0).standard_normal((50, 2)), "ж" * 300
    for name in (f"{long}[1]", f"{long}[2]"):
        with pytest.raises(AssertionError, match="no reference yet"):
            LawRegression(tmp_path, name).check(x)
        LawRegression(tmp_path, name).check(x)
    assert len(list(tmp_path.iterdir())) == 2
