"""Estimates from samples: against refits in a loop, exact formulas, and laws that are known."""

import functools
import importlib
import re

import mpmath as mp
import numpy as np
import pandas as pd
import pytest
import random_laws
from scipy import special, stats
from table import METRICS

import gaussmetrics as gm

room = importlib.import_module("gaussmetrics.inference.estimate")


def samples(n=12, m=9, d=2, seed=0):
    rng = np.random.default_rng(seed)
    p, q = random_laws.gaussian(rng, d), random_laws.gaussian(rng, d)
    return p.sample(n, rng), q.sample(m, rng)


def refitted(metric, x, y):
    p, q = (gm.Gaussian(rows.mean(axis=0), np.atleast_2d(np.cov(rows.T))) for rows in (x, y))
    return float(metric(p, q))


def delete_one(metric, x, y):
    """Bias and standard error by the textbook: refit without each row."""
    whole = refitted(metric, x, y)
    without_x = [refitted(metric, np.delete(x, i, axis=0), y) for i in range(len(x))]
    without_y = [refitted(metric, x, np.delete(y, i, axis=0)) for i in range(len(y))]
    bias = variance = 0.0
    for values in (without_x, without_y):
        n = len(values)
        bias += (n - 1) * (np.mean(values) - whole)
        variance += (n - 1) / n * np.sum((values - np.mean(values)) ** 2)
    return whole, bias, np.sqrt(variance)


def delete_groups(metric, x, y, sizes):
    """Bias and standard error by Busing, Meijer & van der Leeden, their formulas word by word."""
    whole = refitted(metric, x, y)
    bias = variance = 0.0
    for side, rows in enumerate((x, y)):
        n, g = len(rows), len(sizes[side])
        ends = np.cumsum(sizes[side])
        estimator, pseudo = g * whole, []
        for m, end in zip(sizes[side], ends, strict=True):
            rest = np.delete(rows, np.arange(end - m, end), axis=0)
            without = refitted(metric, rest, y) if side == 0 else refitted(metric, x, rest)
            estimator -= (1 - m / n) * without
            pseudo.append((n / m) * whole - (n / m - 1) * without)
        bias += whole - estimator
        variance += (
            sum(
                (one - estimator) ** 2 / (n / m - 1)
                for one, m in zip(pseudo, sizes[side], strict=True)
            )
            / g
        )
    return whole, bias, np.sqrt(variance)


def check(result, expected):
    whole, bias, error = expected
    np.testing.assert_allclose(result.value + result.bias, whole, rtol=1e-10)
    np.testing.assert_allclose(result.bias, bias, rtol=1e-7, atol=1e-10 * whole)
    np.testing.assert_allclose(result.standard_error, error, rtol=1e-7)


@pytest.mark.parametrize("metric", [m.function for m in METRICS], ids=lambda f: f.__name__)
def test_one_group_a_row_is_the_textbook_jackknife(metric):
    x, y = samples()
    y = 5 * y  # wide enough for the χ² divergence to be finite
    result = gm.estimate(metric, x, y)
    check(result, delete_one(metric, x, y))
    assert result.degrees_of_freedom == 8


@pytest.mark.parametrize("groups", [2, 5, 7])
def test_groups_of_unequal_size(groups):
    x, y = samples(31, 26)
    dealt = [rows[np.random.default_rng(0).permutation(len(rows))] for rows in (x, y)]
    sizes = []
    for rows in (x, y):
        base, more = divmod(len(rows), groups)
        nothing = gm.Moments(0, np.zeros(2), np.zeros((2, 2)))
        left = [m.count for m in room._without_each_group(rows, groups, nothing)]
        sizes.append([len(rows) - int(n) for n in left])
        assert sorted(sizes[-1]) == [base] * (groups - more) + [base + 1] * more
    result = gm.estimate(gm.kl_divergence, x, y, groups=groups)
    check(result, delete_groups(gm.kl_divergence, *dealt, sizes))
    assert result.degrees_of_freedom == groups - 1


def test_the_default_is_50_groups_or_one_a_row():
    x, y = samples(70, 20)
    calls = []

    def counted(p, q):
        calls.append((p.batch_shape, q.batch_shape))
        return gm.kl_divergence(p, q)

    gm.estimate(counted, x, y)
    assert calls == [((), ()), ((50,), ()), ((), (20,))]


def test_a_function_linear_in_the_means_has_welchs_error_and_no_bias():
    x, y = samples(15, 10, 1)
    result = gm.estimate(lambda p, q: (p.mean - q.mean)[..., 0], x, y)
    np.testing.assert_allclose(result.value, x.mean() - y.mean(), rtol=1e-12)
    np.testing.assert_allclose(result.bias, 0.0, atol=1e-13)
    error = np.sqrt(x.var(ddof=1) / 15 + y.var(ddof=1) / 10)
    np.testing.assert_allclose(result.standard_error, error, rtol=1e-10)


def test_the_bias_of_a_square_is_exact():
    x, y = samples(15, 10, 1)
    result = gm.estimate(lambda p, q: ((p.mean - q.mean) ** 2)[..., 0], x, y)
    np.testing.assert_allclose(result.bias, x.var(ddof=1) / 15 + y.var(ddof=1) / 10, rtol=1e-9)


def replicates(metric, p, q, *, sizes, count, groups, seed):
    rng = np.random.default_rng(seed)
    return [
        gm.estimate(metric, p.sample(sizes[0], rng), q.sample(sizes[1], rng), groups=groups)
        for _ in range(count)
    ]


def near(values, truth):
    """Tell whether the mean of values is within four standard errors of the truth."""
    return abs(np.mean(values) - truth) < 4 * np.std(values, ddof=1) / np.sqrt(len(values))


def test_the_bias_of_kl_in_one_dimension_is_the_exact_one():
    """With S ~ σ² χ²ₖ / k: E S⁻¹ = σ⁻² k / (k − 2) and E log S = log σ² + ψ(k/2) − log(k/2)."""
    p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([0.5], [[2.0]])
    n, m = 80, 100
    k_p, k_q = n - 1, m - 1
    inverse = k_q / (k_q - 2) / 2.0
    quadratic = (0.25 + 1.0 / n + 2.0 / m + 1.0) * inverse
    log_p = special.digamma(k_p / 2) - np.log(k_p / 2)
    log_q = np.log(2.0) + special.digamma(k_q / 2) - np.log(k_q / 2)
    expected = 0.5 * (quadratic - 1.0 - log_p + log_q)
    results = replicates(gm.kl_divergence, p, q, sizes=(n, m), count=150, groups=8, seed=1)
    assert near([r.value + r.bias for r in results], expected)
    # What a jackknife leaves is of order 1/n².
    biases = [r.bias for r in results]
    error = np.std(biases) / np.sqrt(len(biases))
    bias = expected - gm.kl_divergence(p, q)
    assert abs(np.mean(biases) - bias) < 4 * error + 4 / n**2
    assert error < bias / 10


@pytest.mark.parametrize(
    "metric",
    [gm.kl_divergence, gm.hellinger_distance, gm.squared_wasserstein_distance],
    ids=lambda f: f.__name__,
)
def test_estimates_from_many_samples(metric):
    p = gm.Gaussian([0.0, 0.0, 0.0], np.diag([1.0, 2.0, 0.5]))
    q = gm.Gaussian([1.0, 0.0, 0.5], [[1.5, 0.5, 0.2], [0.5, 1.0, 0.0], [0.2, 0.0, 1.0]])
    count, truth = 250, float(metric(p, q))
    results = replicates(metric, p, q, sizes=(150, 200), count=count, groups=8, seed=2)
    values = np.array([r.value for r in results])
    assert near(values, truth)
    assert not near([r.value + r.bias for r in results], truth)

    # The variance of a sample variance is (kurtosis − 1) σ⁴ / count.
    squares = np.array([r.standard_error**2 for r in results])
    noise = np.hypot(
        np.sqrt((stats.kurtosis(values) + 2.0) / count),
        squares.std() / squares.mean() / np.sqrt(count),
    )
    assert abs(squares.mean() / values.var(ddof=1) - 1.0) < 4 * noise < 0.6

    intervals = np.array([r.confidence_interval() for r in results])
    covered = np.count_nonzero((intervals[:, 0] <= truth) & (truth <= intervals[:, 1]))
    assert abs(covered - 0.95 * count) < 4 * np.sqrt(count * 0.95 * 0.05)


def test_where_the_laws_are_equal():
    """As the docstring says: the square is fine, the distance keeps half of its bias."""
    p = gm.Gaussian.standard(6)
    square = replicates(
        gm.squared_wasserstein_distance, p, p, sizes=(100, 100), count=100, groups=8, seed=3
    )
    values = [r.value for r in square]
    assert near(values, 0.0)
    too_large = np.mean([r.standard_error**2 for r in square]) / np.var(values, ddof=1)
    assert 1.2 < too_large < 3.2
    low, high = np.array([r.confidence_interval() for r in square]).T
    assert np.mean((low <= 0) & (high >= 0)) > 0.9

    distance = replicates(
        gm.wasserstein_distance, p, p, sizes=(100, 100), count=50, groups=8, seed=4
    )
    kept = np.mean([r.value for r in distance]) / np.mean([r.value + r.bias for r in distance])
    assert 0.4 < kept < 0.6


def test_barely_more_rows_than_columns():
    rng = np.random.default_rng(5)
    p, q = (gm.Gaussian(np.zeros(30), random_laws.covariance(rng, 30)) for _ in range(2))
    truth = gm.squared_wasserstein_distance(p, q)
    results = replicates(
        gm.squared_wasserstein_distance, p, q, sizes=(45, 45), count=10, groups=None, seed=6
    )
    left = np.mean([r.value for r in results]) - truth
    assert abs(left) < 0.1 * np.mean([r.bias for r in results])


def test_the_order_of_the_rows_does_not_matter():
    x, y = samples(400, 300, 3)
    shuffled = gm.estimate(gm.squared_wasserstein_distance, x, y, groups=20)
    ordered = gm.estimate(gm.squared_wasserstein_distance, x[np.argsort(x[:, 0])], y, groups=20)
    assert 0.6 < ordered.standard_error / shuffled.standard_error < 1.6
    assert abs(ordered.value - shuffled.value) < shuffled.standard_error
    assert gm.estimate(gm.squared_wasserstein_distance, x, y, groups=20) == shuffled


def test_replicates_in_small_blocks(monkeypatch):
    x, y = samples(40, 30, 3)
    whole = gm.estimate(gm.kl_divergence, x, y)
    monkeypatch.setattr(room, "CHUNK_BYTES", 8 * 9 * 7)
    blocks = gm.estimate(gm.kl_divergence, x, y)
    np.testing.assert_allclose(blocks.value, whole.value, rtol=1e-10)
    np.testing.assert_allclose(blocks.standard_error, whole.standard_error, rtol=1e-10)


def test_an_outlier_leaves_no_trace_where_it_is_left_out():
    x, _ = samples(20)
    x[7] = 1e9
    nothing = gm.Moments(0, np.zeros(2), np.zeros((2, 2)))
    left = list(room._without_each_group(x, 20, nothing))[7]
    rest = np.delete(x, 7, axis=0)
    np.testing.assert_allclose(left.mean, rest.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(left.covariance(), np.cov(rest.T), rtol=1e-13)


def test_data_frames_keep_their_names():
    x, y = samples()
    frames = [pd.DataFrame(rows, columns=["height", "weight"]) for rows in (x, y)]

    def of_heights(p, q):
        return gm.kl_divergence(p.marginal("height"), q.marginal("height"))

    assert gm.estimate(of_heights, *frames) == gm.estimate(gm.kl_divergence, x[:, :1], y[:, :1])
    with pytest.raises(ValueError, match="needs p and q of the same variables"):
        gm.estimate(gm.kl_divergence, frames[0], frames[1][["weight", "height"]])


def test_constant_columns_are_accepted_on_request():
    x, y = samples()
    wide = [np.column_stack([rows, np.full(len(rows), 3.0)]) for rows in (x, y)]
    result = gm.estimate(gm.squared_wasserstein_distance, *wide, allow_singular=True)
    check(result, delete_one(gm.squared_wasserstein_distance, x, y))
    text = r"^{} determines no law: cov(\[0\])? is singular: .* pass allow_singular=True"
    with pytest.raises(ValueError, match=text.format("x")):
        gm.estimate(gm.squared_wasserstein_distance, *wide)
    with pytest.raises(ValueError, match=text.format("y")):
        gm.estimate(gm.squared_wasserstein_distance, np.eye(12)[:, :3], wide[1])
    wide[0][0, 2], wide[1][:, 2] = 4.0, y[:, 0] ** 2
    with pytest.raises(ValueError, match=text.format("x without some of its rows")):
        gm.estimate(gm.squared_wasserstein_distance, *wide)


@pytest.mark.parametrize("unit", [1e-82, 1e77])
def test_units_without_their_squares(unit):
    x, y = samples(60, 50)
    expected = gm.estimate(gm.squared_wasserstein_distance, x, y)
    result = gm.estimate(gm.squared_wasserstein_distance, unit * x, unit * y)
    for name in ("value", "bias", "standard_error"):
        scaled = getattr(result, name) / unit / unit
        np.testing.assert_allclose(scaled, getattr(expected, name), rtol=1e-6)


@pytest.mark.parametrize("k", [2, 8])
def test_how_far_the_bias_of_a_divergence_is_corrected(k):
    """KL(N(0, I) ‖ fit to n rows), n = 40 k, has a known mean; Quenouille's correction thus too."""
    d = 40

    def mean(n):
        rest = n - 1
        inverse = rest * d / (rest - d - 1) * (1.0 + 1.0 / n)
        log_det = special.digamma((rest - np.arange(d)) / 2).sum() + d * np.log(2.0 / rest)
        return 0.5 * (inverse - d + log_det)

    n = k * d
    left = n * mean(n) - (n - 1) * mean(n - 1)
    assert left < 0
    assert (abs(left) > mean(n)) == (k == 2)


def test_samples_are_read_in_any_precision_and_not_changed():
    x, y = (rows.astype(np.float32) for rows in samples(80, 70))
    before = x.copy(), y.copy()
    result = gm.estimate(gm.kl_divergence, x, y)
    assert result == gm.estimate(gm.kl_divergence, x.astype(float), y.astype(float))
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(y, before[1])


def test_options_of_a_metric():
    x, y = samples()
    partial = functools.partial(gm.renyi_divergence, alpha=0.5)
    check(gm.estimate(partial, x, y), delete_one(partial, x, y))


def test_the_interval_is_students():
    result = gm.Estimate(2.0, 0.5, 0.1, 9)
    expected = stats.t.interval(0.8, 9, loc=2.0, scale=0.5)
    np.testing.assert_allclose(result.confidence_interval(0.8), expected, rtol=1e-12)
    assert repr(result) == "Estimate(value=2, standard_error=0.5, bias=0.1)"


@pytest.mark.parametrize("beyond", [1e-3, 1e-12, 2.0**-53])
def test_levels_next_to_one(beyond):
    """With one degree of freedom Student's law is Cauchy's, whose quantile is a cotangent."""
    low, high = gm.Estimate(0.0, 1.0, 0.1, 1).confidence_interval(1.0 - beyond)
    exact = float(1 / mp.tan(mp.pi * mp.mpf(1.0 - (1.0 - beyond)) / 2))
    np.testing.assert_allclose([-low, high], exact, rtol=1e-12)


def infinite(p, q):
    return np.full(np.broadcast_shapes(p.batch_shape, q.batch_shape), np.inf)


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        (
            {"metric": np.eye(2)},
            TypeError,
            "metric must be a function of two Gaussians, such as gaussmetrics.kl_divergence, got "
            "an object of type ndarray.",
        ),
        (
            {"metric": lambda _p, _q: "a"},
            TypeError,
            "metric must return real numbers, got dtype <U",
        ),
        (
            {"metric": lambda _p, _q: 1j},
            TypeError,
            "must return real numbers, got dtype complex128",
        ),
        (
            {"x": gm.Gaussian.standard(2), "y": gm.Gaussian.standard(2)},
            TypeError,
            "estimate takes samples, but x is a Gaussian. The metric between known laws needs no",
        ),
        ({"x": [[1.0, 2.0], [3.0, np.nan]]}, ValueError, "x must be finite, but x[1, 1] is nan"),
        ({"y": [["a", "b"]]}, TypeError, "y must hold real numbers"),
        ({"x": [1.0, 2.0]}, ValueError, "x must have shape (..., n, d) with at least one column"),
        ({"y": np.ones((2, 9, 2))}, ValueError, "y must have shape (n, d), one draw a row, got (2"),
        ({"y": np.ones((9, 3))}, ValueError, "the same columns, got 2 in x and 3 in y"),
        ({"x": np.ones((0, 2))}, ValueError, "x has too few rows: of 0, "),
        (
            {"x": samples(3)[0]},
            ValueError,
            "x has too few rows: of 3, 2 are left without a group, ",
        ),
        (
            {"groups": 2, "y": samples(4, 5)[1]},
            ValueError,
            "y has too few rows: of 5, 2 are left without a group, and a covariance of 2 columns "
            "needs at least 3. Give more rows, or project",
        ),
        ({"groups": 10}, ValueError, "groups must not exceed the 9 rows of y, got 10. Leave it"),
        ({"groups": 1}, ValueError, "groups must be at least 2, got 1"),
        ({"groups": 2.0}, TypeError, "groups must be an integer, got 2.0"),
        ({"metric": infinite}, ValueError, "metric must be finite, but it is inf between"),
        ({"metric": lambda p, q: p.mean - q.mean}, ValueError, "must return one number a pair"),
        (
            {"metric": lambda _p, _q: 1.0},
            ValueError,
            "for laws of batch shape (12,) and () it must return an array of shape (12,), got ().",
        ),
    ],
)
def test_errors(change, error, text):
    x, y = samples()
    arguments = {"metric": gm.kl_divergence, "x": x, "y": y, **change}
    with pytest.raises(error, match=re.escape(text)):
        gm.estimate(**arguments)


@pytest.mark.parametrize(
    ("level", "error", "text"),
    [
        ("95%", TypeError, "confidence_level must be a number, got '95%'"),
        (95, ValueError, "confidence_level must lie between 0 and 1, got 95"),
    ],
)
def test_errors_of_the_interval(level, error, text):
    with pytest.raises(error, match=text):
        gm.Estimate(2.0, 0.5, 0.1, 9).confidence_interval(level)
