"""The judges of intervals and tests: they accept what holds, and reject what does not."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

import gaussmetrics as gm
from gaussmetrics.validation import INFERENCE, load, validate
from gaussmetrics.validation.inference import COVERAGE, HEAVY, NORMAL, SIZE, Setting, rejected
from gaussmetrics.validation.rows import Estimate

IRIS = load("iris")


def test_every_promise_is_kept_on_iris():
    rows = validate([IRIS], checks=INFERENCE, samples=1000, seed=1)
    assert len(rows) == 9
    assert all(row.passed for row in rows)
    assert {row.outcome.closed_form for row in rows} == {0.95, 0.05}


def test_the_same_seed_gives_the_same_rows():
    first, second = (validate([IRIS], checks=INFERENCE[:1], samples=1000, seed=3) for _ in "ab")
    assert [row.record() for row in first] == [row.record() for row in second]


def plain_intervals(setting, count, rng):
    """Do as many do: the plain value and its bootstrap spread, with no correction of the bias."""
    x, y = setting.samples((setting.p, setting.q), (count,), rng)
    result = gm.estimate(gm.squared_wasserstein_distance, x, y, groups=20)
    truth = gm.squared_wasserstein_distance(setting.p, setting.q)
    return (abs(result.value + result.bias - truth) < 0.4 * result.standard_error).astype(float)


def chi_squared(setting, count, rng):
    """Do as many do: compare the likelihood ratio with χ²."""
    from scipy import stats

    hits = []
    for _ in range(count):
        x, y = setting.samples((setting.p, setting.p), (), rng)
        statistic = gm.equality_test(x[:15], y[:15], null="normal").statistic
        hits.append(statistic > stats.chi2.ppf(0.95, 14))
    return np.array(hits, dtype=float)


@pytest.mark.parametrize(
    ("promise", "simulation"),
    [
        (INFERENCE[0], plain_intervals),
        (INFERENCE[-1], chi_squared),
        (replace(INFERENCE[-1], rules={HEAVY: SIZE}), partial(rejected, "normal")),
    ],
)
def test_broken_promises_are_seen(promise, simulation):
    broken = replace(promise, simulation=simulation)
    rows = validate([IRIS], checks=[broken], samples=100_000, seed=2)
    assert not any(row.passed for row in rows)


@pytest.mark.parametrize(
    ("rule", "promised", "rate", "count", "passed"),
    [
        (COVERAGE[NORMAL], 0.95, 0.90, 10_000, False),
        (COVERAGE[NORMAL], 0.95, 0.925, 10_000, True),
        (COVERAGE[NORMAL], 0.95, 1.0, 10_000, True),
        (COVERAGE[HEAVY], 0.95, 0.895, 10_000, True),
        (COVERAGE[HEAVY], 0.95, 0.87, 10_000, False),
        (SIZE, 0.05, 0.08, 10_000, False),
        (SIZE, 0.05, 0.02, 10_000, False),
        (SIZE, 0.05, 0.0, 40, True),
    ],
)
def test_what_a_rate_may_be(rule, promised, rate, count, passed):
    assert rule(promised, Estimate("", rate, 0.0, rule, count**-0.5), 4.0) == passed


def test_heavy_rows_have_the_same_moments():
    p = gm.Gaussian([1.0, 2.0], [[2.0, 0.5], [0.5, 1.0]])
    setting = Setting(p, p, (200_000, 2), HEAVY)
    rows, _ = setting.samples((p, p), (), np.random.default_rng(0))
    np.testing.assert_allclose(rows.mean(axis=0), p.mean, atol=0.02)
    np.testing.assert_allclose(np.cov(rows.T), p.cov, atol=0.06)
    assert np.mean((rows[:, 0] - 1.0) ** 4) > 5 * 4
