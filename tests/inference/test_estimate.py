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
from gaussmetrics.inference import scales

jackknife = importlib.import_module("gaussmetrics.inference.jackknife")


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


def own(metric):
    """Hide a metric of the library, to be estimated as a function of the user's own."""

    def hidden(p, q):
        return metric(p, q)

    return hidden


@pytest.mark.parametrize("metric", [m.function for m in METRICS], ids=lambda f: f.__name__)
def test_one_group_a_row_is_the_textbook_jackknife(metric):
    x, y = samples()
    y = 5 * y  # wide enough for the χ² divergence to be finite
    result = gm.estimate(own(metric), x, y)
    check(result, delete_one(metric, x, y))
    assert result.degrees_of_freedom == 8
    assert not result.distance
    if metric is not gm.kl_divergence:
        found = gm.estimate(metric, x, y, scale="identity")
        assert min(abs(found.value / e.value - 1) for e in (result, gm.estimate(metric, x, y))) < (
            1e-12
        )


def log_det_bias(nu, d):
    return sum(special.digamma((nu + 1 - i) / 2) for i in range(1, d + 1)) + d * np.log(2 / nu)


def moments_of(rows):
    return len(rows), rows.mean(axis=0), np.atleast_2d(np.cov(rows.T))


def corrected_kl(x, y):
    """The unbiased estimate of KL, word by word."""
    (n, mean_p, p), (m, mean_q, q) = moments_of(x), moments_of(y)
    d, inverse, shift = len(p), np.linalg.inv(q), mean_p - mean_q
    c = (m - 1 - d - 1) / (m - 1)
    trace = c * np.trace(inverse @ p)
    square = c * shift @ inverse @ shift - trace / n - d / m
    log_dets = np.linalg.slogdet(q)[1] - np.linalg.slogdet(p)[1]
    log_dets += log_det_bias(n - 1, d) - log_det_bias(m - 1, d)
    return 0.5 * (trace + square - d + log_dets)


def corrected_bhattacharyya(x, y, weight=0.125):
    (n, mean_p, p), (m, mean_q, q) = moments_of(x), moments_of(y)
    d, shift, middle = len(p), mean_p - mean_q, (p + q) / 2
    spread = 0.0
    for count, cov in ((n, p), (m, q)):
        c = np.linalg.inv(p + q) @ cov
        spread += (np.trace(c) ** 2 + np.trace(c @ c)) / (count - 1)
    nu = (d * d + d) / spread
    inverse = np.linalg.inv(middle) * (nu - d - 1) / nu
    noise = np.trace(inverse @ p) / n + np.trace(inverse @ q) / m
    log_dets = 0.5 * (np.linalg.slogdet(middle)[1] - log_det_bias(nu, d))
    for count, cov in ((n, p), (m, q)):
        log_dets -= 0.25 * (np.linalg.slogdet(cov)[1] - log_det_bias(count - 1, d))
    return log_dets + weight * (shift @ inverse @ shift - noise)


CORRECTED = [
    (gm.kl_divergence, corrected_kl),
    (gm.jeffreys_divergence, lambda x, y: corrected_kl(x, y) + corrected_kl(y, x)),
    (gm.bhattacharyya_distance, corrected_bhattacharyya),
    (
        functools.partial(gm.renyi_divergence, alpha=0.5),
        lambda x, y: 2 * corrected_bhattacharyya(x, y),
    ),
    (gm.cauchy_schwarz_divergence, functools.partial(corrected_bhattacharyya, weight=0.25)),
]


@pytest.mark.parametrize(("metric", "corrected"), CORRECTED)
def test_corrected_divergences_are_jackknifed(metric, corrected):
    x, y = samples(20, 17, 3)
    whole, left, variance = corrected(x, y), 0.0, 0.0
    for values in (
        [corrected(np.delete(x, i, axis=0), y) for i in range(len(x))],
        [corrected(x, np.delete(y, i, axis=0)) for i in range(len(y))],
    ):
        n = len(values)
        left += (n - 1) * (np.mean(values) - whole)
        variance += (n - 1) / n * np.sum((values - np.mean(values)) ** 2)
    result = gm.estimate(metric, x, y)
    np.testing.assert_allclose(result.value, whole - left, rtol=1e-9)
    np.testing.assert_allclose(result.value + result.bias, refitted(metric, x, y), rtol=1e-10)
    error = np.sqrt(variance + 0.25 * left**2)
    np.testing.assert_allclose(result.standard_error, error, rtol=1e-7)


@pytest.mark.parametrize(
    ("metric", "smooth", "back"),
    [
        (gm.wasserstein_distance, gm.squared_wasserstein_distance, np.sqrt),
        (gm.gelbrich_bound, gm.squared_wasserstein_distance, np.sqrt),
        (gm.hellinger_distance, gm.bhattacharyya_distance, lambda v: np.sqrt(1 - np.exp(-v))),
        (gm.bhattacharyya_coefficient, gm.bhattacharyya_distance, lambda v: np.exp(-v)),
    ],
)
def test_metrics_are_carried_back_from_their_smooth_scale(metric, smooth, back):
    x, y = samples(40, 30, 3)
    result, on_scale = gm.estimate(metric, x, y), gm.estimate(smooth, x, y)
    np.testing.assert_allclose(result.smooth, (*on_scale, on_scale.bias), rtol=1e-12)
    np.testing.assert_allclose(result.value, back(on_scale.value), rtol=1e-12)
    np.testing.assert_allclose(result.value + result.bias, refitted(metric, x, y), rtol=1e-10)
    for method in (None, "score", "student"):
        ends = sorted(map(back, np.maximum(on_scale.confidence_interval(method=method), 0.0)))
        np.testing.assert_allclose(result.confidence_interval(method=method), ends, rtol=1e-12)
    around = back(on_scale.value + np.array([-1, 1]) * on_scale.standard_error)
    np.testing.assert_allclose(result.standard_error, abs(np.diff(around)) / 2, rtol=1e-10)


@pytest.mark.parametrize(
    ("metric", "smooth"),
    [
        (
            gm.total_variation_distance,
            lambda p, q: -np.log(1 - gm.total_variation_distance(p, q) ** 2),
        ),
        (
            gm.bayes_error,
            lambda p, q: -np.log(4 * gm.bayes_error(p, q) * (1 - gm.bayes_error(p, q))),
        ),
        (gm.fisher_rao_distance, lambda p, q: gm.fisher_rao_distance(p, q) ** 2),
        (gm.energy_distance, lambda p, q: gm.energy_distance(p, q) ** 2),
        (
            functools.partial(gm.maximum_mean_discrepancy, bandwidth=2.0),
            lambda p, q: gm.maximum_mean_discrepancy(p, q, bandwidth=2.0) ** 2,
        ),
    ],
)
def test_other_kinks_have_a_scale_too(metric, smooth):
    x, y = samples(30, 25)
    result, expected = gm.estimate(metric, x, y), gm.estimate(smooth, x, y)
    np.testing.assert_allclose(result.smooth, (*expected, expected.bias), rtol=1e-6)
    np.testing.assert_allclose(result.value + result.bias, refitted(metric, x, y), rtol=1e-9)


def test_a_distance_of_your_own_is_squared_on_request():
    x, y = samples(30, 25)
    expected = gm.estimate(gm.wasserstein_distance, x, y)
    result = gm.estimate(own(gm.wasserstein_distance), x, y, scale="square")
    np.testing.assert_allclose(result.smooth, expected.smooth, rtol=1e-9)
    np.testing.assert_allclose(result.confidence_interval(), expected.confidence_interval())


@pytest.mark.parametrize("given", [(0.5, 0.2, 0.1), (0.02, 0.05, 0.1), (-0.03, 0.04, 0.1)])
def test_the_score_interval_solves_its_inequality(given):
    value, error, bias = given
    result = gm.Estimate(*given, 20, distance=True)
    t = stats.t.ppf(0.975, 20)
    slope = error**2 / (max(value, 0.0) + bias)
    grid = np.linspace(0.0, 3.0, 1_000_001)
    inside = grid[(value - grid) ** 2 <= t**2 * slope * (grid + bias / 2)]
    ends = result.confidence_interval(method="score")
    np.testing.assert_allclose(ends, (inside[0], inside[-1]), atol=4e-6)
    student = value - t * error, value + t * error
    np.testing.assert_allclose(result.confidence_interval(method="student"), student)
    hull = max(min(student[0], ends[0]), 0.0), max(student[1], ends[1])
    np.testing.assert_allclose(result.confidence_interval(), hull)


def test_an_interval_is_never_empty_nor_negative():
    low, high = gm.Estimate(-5.0, 0.1, 0.2, 20, distance=True).confidence_interval(method="score")
    assert low == 0.0
    assert high >= 0.0


def test_batches_are_estimated_one_by_one():
    rng = np.random.default_rng(8)
    x, y = rng.normal(size=(3, 2, 40, 3)), 1.2 * rng.normal(size=(3, 2, 55, 3))
    for metric in (gm.kl_divergence, gm.wasserstein_distance, gm.chernoff_information):
        batch = gm.estimate(metric, x, y, groups=11)
        low, high = batch.confidence_interval()
        assert batch.value.shape == low.shape == high.shape == (3, 2)
        for i in np.ndindex(3, 2):
            one = gm.estimate(metric, x[i], y[i], groups=11)
            ends = one.confidence_interval()
            np.testing.assert_allclose(
                [batch.value[i], batch.standard_error[i], batch.bias[i], low[i], high[i]],
                [*one, one.bias, *ends],
                rtol=1e-8,
                atol=1e-14,
            )
    assert repr(batch).startswith("Estimate(value=[[")
    assert batch._repr_html_() == "6 estimates"
    with pytest.raises(TypeError, match="a batch of 6 estimates cannot be formatted as one"):
        f"{batch:.3f}"


def test_clusters_are_left_out_whole():
    x, y = samples(31, 26)
    labels = np.arange(31) % 7, [f"s{i % 5}" for i in range(26)]
    metric = own(gm.kl_divergence)
    result = gm.estimate(metric, x, y, groups=labels)
    ordered = []
    sizes = []
    for rows, names in zip((x, y), labels, strict=True):
        kinds, counts = np.unique(names, return_counts=True)
        ordered.append(np.concatenate([rows[np.asarray(names) == kind] for kind in kinds]))
        sizes.append(counts)
    check(result, delete_groups(gm.kl_divergence, *ordered, sizes))
    assert result.degrees_of_freedom == 4


def test_rows_of_a_subject_widen_the_error():
    rng = np.random.default_rng(9)
    x, y = (
        np.repeat(rng.normal(size=(25, 2)), 8, axis=0) + 0.1 * rng.normal(size=(200, 2))
        for _ in "xy"
    )
    labels = np.repeat(np.arange(25), 8)
    alone, together = (
        gm.estimate(gm.squared_wasserstein_distance, x, y, groups=groups)
        for groups in (None, (labels, labels + 25))
    )
    assert together.bias > 4 * alone.bias


@pytest.mark.parametrize("shrinkage", [0.3, "oas", "ledoit-wolf"])
def test_shrinkage_fits_as_from_samples_does(shrinkage):
    x, y = samples(9, 8, 12)
    result = gm.estimate(gm.kl_divergence, x, y, shrinkage=shrinkage)

    def fitted(x, y):
        laws = (gm.Gaussian.from_samples(rows, shrinkage=shrinkage) for rows in (x, y))
        return float(gm.kl_divergence(*laws))

    whole, bias, variance = fitted(x, y), 0.0, 0.0
    for values in (
        [fitted(np.delete(x, i, axis=0), y) for i in range(9)],
        [fitted(x, np.delete(y, i, axis=0)) for i in range(8)],
    ):
        n = len(values)
        bias += (n - 1) * (np.mean(values) - whole)
        variance += (n - 1) / n * np.sum((values - np.mean(values)) ** 2)
    np.testing.assert_allclose(result.value, whole - bias, rtol=1e-9, atol=1e-10)
    size = max(whole - bias, 0.0) + bias
    error = np.sqrt(variance * size / whole)
    np.testing.assert_allclose(result.standard_error, error, rtol=1e-7)


@pytest.mark.parametrize(
    "metric", [gm.kl_divergence, gm.jeffreys_divergence, gm.hellinger_distance]
)
def test_a_constant_column_counts_for_nothing(metric):
    x, y = samples(30, 25)
    wide = [np.column_stack([rows, np.full(len(rows), 3.0)]) for rows in (x, y)]
    result, expected = gm.estimate(metric, *wide, allow_singular=True), gm.estimate(metric, x, y)
    np.testing.assert_allclose([*result, result.bias], [*expected, expected.bias], rtol=1e-7)


def test_few_rows_a_column_are_told():
    rng = np.random.default_rng(10)
    x, y = rng.normal(size=(2, 40, 6))
    text = (
        r"renyi_divergence of 6 columns is estimated reliably from 54 rows \(1.5 d²\) on, got 40: "
        "with fewer the correction of its bias goes too far, and intervals miss. Use kl_divergence"
    )
    with pytest.warns(UserWarning, match=text) as told:
        gm.estimate(functools.partial(gm.renyi_divergence, alpha=0.7), x, y)
    assert told[0].filename == __file__
    with pytest.warns(UserWarning, match="chernoff_information of 6 columns"):
        gm.estimate(gm.chernoff_information, x, y)
    gm.estimate(gm.kl_divergence, x, y)


def test_a_distance_below_zero_is_told():
    """Each row twice: the jackknife takes the halves for independent and overshoots."""
    x = np.random.default_rng(2).normal(size=(20, 3))
    text = "a distance cannot be negative, but this estimate is, by more than its error explains"
    with pytest.warns(UserWarning, match=text) as told:
        gm.estimate(own(gm.squared_wasserstein_distance), x, x, scale="square")
    assert told[0].filename == __file__


def test_estimates_unpack_and_write_themselves():
    x, y = samples(30, 25)
    result = gm.estimate(gm.wasserstein_distance, x, y)
    value, error = result
    assert (value, error) == (result.value, result.standard_error)
    assert f"{result:.3f}" == f"{value:.3f} ± {error:.3f}"
    assert f"{result}" == repr(result)
    low, high = result.confidence_interval()
    html = f"<b>{value:.4g} ± {error:.2g}</b>, 95 % interval {low:.4g} to {high:.4g}"
    assert result._repr_html_().startswith(html)


@pytest.mark.parametrize("groups", [2, 5, 7])
def test_groups_of_unequal_size(groups):
    x, y = samples(31, 26)
    dealt = [rows[np.random.default_rng(0).permutation(len(rows))] for rows in (x, y)]
    sizes = [[len(part) for part in jackknife.dealt(rows, groups)] for rows in (x, y)]
    for rows, ends in zip((x, y), sizes, strict=True):
        base, more = divmod(len(rows), groups)
        assert sorted(ends) == [base] * (groups - more) + [base + 1] * more
    result = gm.estimate(own(gm.kl_divergence), x, y, groups=groups)
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
    samples = (law.sample((count, n), rng) for law, n in zip((p, q), sizes, strict=True))
    return gm.estimate(metric, *samples, groups=groups)


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
    results = replicates(own(gm.kl_divergence), p, q, sizes=(n, m), count=400, groups=8, seed=1)
    assert near(results.value + results.bias, expected)
    # What a jackknife leaves is of order 1/n².
    error = np.std(results.bias) / np.sqrt(len(results.bias))
    bias = expected - gm.kl_divergence(p, q)
    assert abs(np.mean(results.bias) - bias) < 4 * error + 4 / n**2
    assert error < bias / 10


@pytest.mark.parametrize(("metric", "corrected"), CORRECTED[:3])
@pytest.mark.parametrize("d", [1, 4, 12])
def test_corrected_divergences_have_no_bias(metric, corrected, d):
    """With 2 to 3 rows a column, where the plain value is far off."""
    del corrected
    rng = np.random.default_rng([d, 5])
    p, q = random_laws.gaussian(rng, d), random_laws.gaussian(rng, d)
    q = gm.Gaussian(p.mean + 0.3 * (q.mean - p.mean), p.cov + 0.3 * q.cov)
    n, m = 2 * d + 10, 3 * d + 10
    x, y = p.sample((3000, n), rng), q.sample((3000, m), rng)
    laws = [gm.Gaussian(k.mean, k.covariance()) for k in map(gm.Moments.from_samples, (x, y))]
    route = scales.ROUTES[metric]
    values = metric(*laws)
    left = values - route.bias(*laws, float(n), float(m))
    error = np.std(left) / np.sqrt(len(left))
    truth = metric(p, q)
    allowed = 0.03 if metric is gm.bhattacharyya_distance else 0.0
    assert abs(left.mean() - truth) < 4 * error + allowed
    assert abs(values.mean() - truth) > 3 * abs(left.mean() - truth)


@pytest.mark.parametrize(
    "metric",
    [gm.kl_divergence, gm.hellinger_distance, gm.squared_wasserstein_distance],
    ids=lambda f: f.__name__,
)
def test_estimates_from_many_samples(metric):
    p = gm.Gaussian([0.0, 0.0, 0.0], np.diag([1.0, 2.0, 0.5]))
    q = gm.Gaussian([1.0, 0.0, 0.5], [[1.5, 0.5, 0.2], [0.5, 1.0, 0.0], [0.2, 0.0, 1.0]])
    count, truth = 400, float(metric(p, q))
    results = replicates(metric, p, q, sizes=(150, 200), count=count, groups=8, seed=2)
    values = results.value
    assert near(values, truth)
    assert not near(values + results.bias, truth)

    # The variance of a sample variance is (kurtosis − 1) σ⁴ / count.
    squares = results.standard_error**2
    noise = np.hypot(
        np.sqrt((stats.kurtosis(values) + 2.0) / count),
        squares.std() / squares.mean() / np.sqrt(count),
    )
    assert abs(squares.mean() / values.var(ddof=1) - 1.0) < 4 * noise < 0.6

    for method, most in (("student", 0.95), (None, 0.995)):
        low, high = results.confidence_interval(method=method)
        covered = np.count_nonzero((low <= truth) & (truth <= high))
        slack = 4 * np.sqrt(count * 0.95 * 0.05)
        assert 0.95 * count - slack < covered < most * count + slack


@pytest.mark.parametrize(
    "metric", [gm.kl_divergence, gm.hellinger_distance, gm.wasserstein_distance]
)
@pytest.mark.parametrize("d", [2, 20])
def test_where_the_laws_are_equal_or_near(metric, d):
    for seed, shift in ((3, 0.0), (4, 0.1)):
        p = gm.Gaussian.standard(d)
        q = gm.Gaussian(np.r_[shift, np.zeros(d - 1)], np.eye(d))
        results = replicates(metric, p, q, sizes=(60, 60), count=100, groups=20, seed=seed)
        low, high = results.confidence_interval()
        truth = float(metric(p, q))
        assert np.mean((low <= truth) & (truth <= high)) > 0.93 - 4 * np.sqrt(0.07 * 0.93 / 100)
        assert low.min() >= 0.0
        value, _, _ = results.smooth or (results.value, None, None)
        assert abs(np.mean(value)) < 0.3 * np.mean(
            np.abs(results.smooth[2] if results.smooth else results.bias)
        )


def test_barely_more_rows_than_columns():
    rng = np.random.default_rng(5)
    p, q = (gm.Gaussian(np.zeros(30), random_laws.covariance(rng, 30)) for _ in range(2))
    truth = gm.squared_wasserstein_distance(p, q)
    results = replicates(
        gm.squared_wasserstein_distance, p, q, sizes=(45, 45), count=10, groups=None, seed=6
    )
    assert abs(np.mean(results.value) - truth) < 0.1 * np.mean(results.bias)


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
    monkeypatch.setattr(jackknife, "CHUNK_BYTES", 8 * 9 * 7)
    blocks = gm.estimate(gm.kl_divergence, x, y)
    np.testing.assert_allclose(blocks.value, whole.value, rtol=1e-10)
    np.testing.assert_allclose(blocks.standard_error, whole.standard_error, rtol=1e-10)


def test_an_outlier_leaves_no_trace_where_it_is_left_out():
    x, _ = samples(20)
    x[7] = 1e9
    parts = [gm.Moments.from_samples(row[None]) for row in x]
    left = list(jackknife.without_each(parts, None))[7]
    rest = np.delete(x, 7, axis=0)
    np.testing.assert_allclose(left.mean, rest.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(left.covariance(), np.cov(rest.T), rtol=1e-13)


def test_data_frames_keep_their_names():
    x, y = samples()
    frames = [pd.DataFrame(rows, columns=["height", "weight"]) for rows in (x, y)]

    def of_heights(p, q):
        return gm.kl_divergence(p.marginal("height"), q.marginal("height"))

    alone = gm.estimate(own(gm.kl_divergence), x[:, :1], y[:, :1])
    assert gm.estimate(of_heights, *frames) == alone
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
    partial = functools.partial(gm.renyi_divergence, alpha=0.7)
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
        (
            {"y": np.ones((2, 9, 2))},
            ValueError,
            "estimate needs as many samples in x as in y, got batches of shape () and (2,). One",
        ),
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
            "y has too few rows: of 5, 2 are left without a group, and this divergence of 2 "
            'columns needs at least 5. Give more rows, pass shrinkage="ledoit-wolf", or project',
        ),
        (
            {"metric": gm.wasserstein_distance, "groups": 2, "y": samples(4, 5)[1]},
            ValueError,
            "and a covariance of 2 columns needs at least 3.",
        ),
        ({"scale": "log"}, ValueError, 'scale must be "identity", "square" or None, got \'log\'.'),
        ({"shrinkage": 2}, ValueError, "shrinkage must lie between 0 and 1, got 2."),
        (
            {"groups": [1, 2, 3]},
            ValueError,
            "groups must be a number, or one list of labels for each of x and y: groups=(labels of",
        ),
        (
            {"groups": (np.arange(12), np.arange(8))},
            ValueError,
            "groups must have one label for each of the 9 rows of y, got shape (8,).",
        ),
        (
            {"groups": (np.arange(12), np.ones(9))},
            ValueError,
            "groups must tell at least two clusters of rows apart in y, got 1. One cluster has no",
        ),
        (
            {"groups": (np.arange(12), np.arange(9))},
            ValueError,
            "groups has the label 0 in x and in y. Samples must be independent: if these are diff",
        ),
        (
            {
                "metric": lambda p, q: np.full(
                    np.broadcast_shapes(p.batch_shape, q.batch_shape), np.nan
                )
            },
            ValueError,
            "metric must be finite, but it is nan between the fitted laws or without some rows",
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


def test_errors_of_the_method():
    result = gm.Estimate(2.0, 0.5, 0.1, 9)
    with pytest.raises(ValueError, match='method must be "score", "student" or None, got \'wald\''):
        result.confidence_interval(method="wald")
    with pytest.raises(ValueError, match="supposes a metric that is zero at p = q and positive"):
        result.confidence_interval(method="score")


@pytest.mark.parametrize(
    ("label", "error", "text"),
    [
        (None, TypeError, "none of them missing, but those of x are NoneType, float64. Convert"),
        (np.nan, ValueError, "groups must not be NaN, but some labels of x are"),
    ],
)
def test_labels_of_groups_that_are_missing(label, error, text):
    rows = np.random.default_rng(0).normal(size=(2, 12, 1))
    labels = [np.array([label, *np.arange(11.0)]), np.arange(12) + 100]
    with pytest.raises(error, match=text):
        gm.estimate(gm.wasserstein_distance, *rows, groups=labels)


def test_an_interval_that_is_a_point_is_zero():
    """As far below zero as the bias can explain, or further: both score ends are zero."""
    for value in (-2.97, -3.3, -30.0):
        for error in (0.2, 0.65, 0.7):
            far = gm.Estimate(value, error, 13.4, 49, distance=True)
            assert far.confidence_interval() == (0.0, 0.0)
