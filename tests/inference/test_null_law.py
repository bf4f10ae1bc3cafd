"""The exact law of likelihood ratios: against F, against products of Betas, against simulation."""

import mpmath as mp
import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad
from scipy.optimize import brentq

import gaussmetrics as gm
from gaussmetrics.inference import likelihood
from gaussmetrics.inference.known_law import against
from gaussmetrics.inference.null_law import PermutationLaw, exact_law, exact_law_of_one


@pytest.mark.parametrize(
    ("d", "n", "m"), [(1, 5, 6), (2, 20, 30), (10, 30, 15), (64, 100, 90), (30, 17, 17)]
)
@pytest.mark.parametrize("f", [0.01, 0.3, 1.0, 5.0, 30.0])
def test_means_alone_are_hotellings_f(d, n, m, f):
    law = exact_law((n, m), d, means=True, covariances=False)
    total = n + m
    statistic = total * np.log1p(f * d / (total - d - 1))
    expected = stats.f.sf(f, d, total - d - 1)
    np.testing.assert_allclose(law.p_value(statistic), expected, rtol=1e-11, atol=1e-15)
    if 1e-10 < expected < 0.9999:
        np.testing.assert_allclose(law.threshold(expected), statistic, rtol=1e-7)


@pytest.mark.parametrize("exponent", [250, 300, 305])
def test_tiny_p_values_keep_their_digits(exponent):
    """Of one column and two samples, against F in many digits: |W|/|A| is a Beta."""
    n = 500
    law = exact_law((n, n), 1, means=True, covariances=False)
    with mp.workdps(30):
        freedom = mp.mpf(2 * n - 2)

        def tail(share):
            return mp.betainc(freedom / 2, mp.mpf(1) / 2, 0, share, regularized=True)

        statistic = float(exponent * 2 * mp.log(10))
        expected = float(tail(mp.exp(-mp.mpf(statistic) / (2 * n))))
    np.testing.assert_allclose(law.p_value(statistic), expected, rtol=1e-9)


def test_a_p_value_that_no_float_holds_is_zero():
    law = exact_law((2000, 2000), 64, means=True, covariances=True)
    assert law.p_value(2e4) == law.p_value(3e5) == 0.0


def test_the_mean_is_that_of_a_beta():
    """|W|/|A| of one column and two samples is Beta((N − 2)/2, 1/2)."""
    law = exact_law((9, 12), 1, means=True, covariances=False)
    expected = -21 * (mp.digamma(mp.mpf(19) / 2) - mp.digamma(10))
    np.testing.assert_allclose(law.mean(), float(expected), rtol=1e-13)


@pytest.mark.parametrize("sizes", [(5, 9), (20, 20)])
@pytest.mark.parametrize("level", [0.9, 0.5, 0.05, 1e-6])
def test_variances_alone_are_an_f_with_two_tails(sizes, level):
    """Bartlett's statistic is a function of a Beta, the share of one sum of squares."""
    law = exact_law(sizes, 1, means=False, covariances=True)
    x = law.threshold(level)
    v, w = (n - 1.0 for n in sizes)

    def statistic(share):
        logs = v * mp.log(share / v) + w * mp.log((1 - share) / w)
        return (v + w) * mp.log(1 / (v + w)) - logs

    peak = v / (v + w)
    with mp.workdps(30):
        low = mp.findroot(lambda s: statistic(s) - x, (mp.mpf("1e-20"), peak), solver="anderson")
        high = mp.findroot(
            lambda s: statistic(s) - x, (peak, 1 - mp.mpf("1e-20")), solver="anderson"
        )
        inside = mp.betainc(v / 2, w / 2, low, high, regularized=True)
    np.testing.assert_allclose(float(1 - inside), level, rtol=1e-9)


@pytest.mark.parametrize("level", [0.5, 0.05])
def test_the_joint_law_in_one_column_by_quadrature(level):
    """Of one pooled sum of squares, u² ~ Beta(1/2, (N − 2)/2) is between the means.

    Of the rest a share s ~ Beta((n − 1)/2, (m − 1)/2) is within the first sample.
    """
    n, m = 6, 8
    x = exact_law((n, m), 1, means=True, covariances=True).threshold(level)
    nodes, weights = np.polynomial.legendre.leggauss(400)
    # Beyond this u every share has L > x.
    edge = np.sqrt(-np.expm1(-x / (n + m)))
    u = 0.5 * edge * (nodes + 1.0)

    def statistic(s):
        within = 1.0 - u**2
        return (
            (n + m) * np.log(1 / (n + m))
            - n * np.log(s * within / n)
            - m * np.log((1 - s) * within / m)
        )

    ends = []
    for outside in (0.0, 1.0):
        out, inside = np.full(400, outside), np.full(400, n / (n + m))
        for _ in range(60):
            middle = (out + inside) / 2
            beyond = statistic(middle) > x
            out, inside = np.where(beyond, middle, out), np.where(beyond, inside, middle)
        ends.append(stats.beta.cdf(inside, (n - 1) / 2, (m - 1) / 2))
    density = 2.0 * u * stats.beta.pdf(u**2, 0.5, (n + m - 2) / 2)
    inside = 0.5 * edge * np.sum(weights * density * (ends[1] - ends[0]))
    np.testing.assert_allclose(1.0 - inside, level, rtol=1e-4)


@pytest.mark.parametrize(
    ("d", "sizes", "count"), [(1, (4, 7), 8000), (3, (6, 9, 30), 8000), (20, (24, 60), 2000)]
)
@pytest.mark.parametrize(("means", "covariances"), [(True, True), (True, False), (False, True)])
def test_sizes_by_simulation(d, sizes, count, means, covariances):
    rng = np.random.default_rng([d, means, covariances])
    samples = [rng.normal(size=(count, n, d)) for n in sizes]
    statistic = likelihood.chosen(means=means, covariances=covariances)
    values = statistic([gm.Moments.from_samples(rows) for rows in samples])
    law = exact_law(sizes, d, means=means, covariances=covariances)
    assert abs(values.mean() - law.mean()) < 4 * values.std() / np.sqrt(count)
    for level in (0.9, 0.1, 0.05, 0.01):
        rate = np.mean(values > law.threshold(level))
        assert abs(rate - level) < 4 * np.sqrt(level * (1 - level) / count)


def test_the_statistic_is_two_kullback_leibler_divergences():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(30, 4)), 1.5 * rng.normal(size=(20, 4)) + 0.5
    p, q, pooled = (
        gm.Gaussian.from_samples(rows, ddof=0) for rows in (x, y, np.concatenate([x, y]))
    )
    expected = 2 * (30 * gm.kl_divergence(p, pooled) + 20 * gm.kl_divergence(q, pooled))
    test = gm.equality_test(x, y, null="normal")
    np.testing.assert_allclose(test.statistic, expected, rtol=1e-10)


def test_extreme_statistics():
    law = exact_law((10, 12), 3, means=True, covariances=True)
    assert law.p_value(0.0) == 1.0
    assert law.p_value(-1e-14) == 1.0
    assert abs(law.p_value(1e-8) - 1.0) < 1e-12
    assert 0.0 <= law.p_value(1e4) < 1e-100
    large = exact_law((10**6, 10**6), 3, means=True, covariances=True)
    np.testing.assert_allclose(large.p_value(16.9), stats.chi2.sf(16.9, 9), rtol=1e-4)


def test_thresholds_of_permutations():
    law = PermutationLaw(np.arange(99.0), "rows")
    assert law.p_value(98.0) == 0.02
    assert law.p_value(98.5) == 0.01
    for level in (0.02, 0.05, 0.5):
        x = law.threshold(level)
        assert law.p_value(x + 0.5) <= level < law.p_value(x - 0.5)
    assert law.threshold(0.001) == np.inf
    assert repr(law) == "99 permutations of rows"


@pytest.mark.parametrize("n", [3, 12, 400])
@pytest.mark.parametrize("level", [0.9, 0.05, 1e-6])
def test_a_variance_against_a_known_one_is_a_chi_squared_with_two_tails(n, level):
    law = exact_law_of_one(n, 1, means=False, covariances=True)
    x, v = law.threshold(level), n - 1.0

    def statistic(a):
        return a - v * mp.log(a / v) - v

    with mp.workdps(30):
        low = mp.findroot(lambda a: statistic(a) - x, (mp.mpf("1e-30"), v), solver="anderson")
        high = mp.findroot(lambda a: statistic(a) - x, (v, v + 8 * x + 20), solver="anderson")
        inside = mp.gammainc(v / 2, low / 2, high / 2, regularized=True)
        outside = float(1 - inside)
    np.testing.assert_allclose(outside, level, rtol=1e-9)


@pytest.mark.parametrize("n", [4, 30])
@pytest.mark.parametrize("level", [0.5, 0.01])
def test_one_column_against_a_known_law_by_quadrature(n, level):
    """The mean adds a χ² of one degree to the statistic of the variance, with n for n − 1."""
    law = exact_law_of_one(n, 1, means=True, covariances=True)
    x = law.threshold(level)

    def density(a):
        rest = x - (a - n * np.log(a / n) - n)
        return stats.chi2.pdf(a, n - 1) * stats.chi2.cdf(max(rest, 0.0), 1)

    ends = [
        brentq(lambda a: a - n * np.log(a / n) - n - x, *pair)
        for pair in ((1e-30, n), (n, n + 8 * x + 20))
    ]
    inside = quad(density, *ends, epsabs=1e-12, epsrel=1e-12, limit=200)[0]
    np.testing.assert_allclose(1.0 - inside, level, rtol=1e-7)


@pytest.mark.parametrize(("d", "n"), [(2, 4), (8, 20), (30, 31)])
@pytest.mark.parametrize("parts", [(True, True), (False, True), (True, False)], ids=str)
def test_one_sample_against_a_known_law_by_simulation(d, n, parts):
    means, covariances = parts
    rng, runs = np.random.default_rng(n), 3000
    law = exact_law_of_one(n, d, means=means, covariances=covariances)
    known = gm.Gaussian(np.ones(d), np.eye(d) + 0.5)
    samples = [gm.Moments.from_samples(known.sample(n, rng)) for _ in range(runs)]
    values = [against(one, known, means=means, covariances=covariances) for one in samples]
    for level in (0.9, 0.5, 0.05):
        share = np.mean(np.array(values) > law.threshold(level))
        assert abs(share - level) < 4 * np.sqrt(level * (1 - level) / runs)
    error = np.std(values) / np.sqrt(runs)
    assert abs(np.mean(values) - law.mean()) < 4 * error < 0.1 * law.mean()


@pytest.mark.parametrize("x", [1e-300, 1e-15, 1e-9, 1e-6])
def test_a_statistic_that_is_almost_zero(x):
    """Of two samples whose moments are the same to rounding: no warning, and the F of Hotelling."""
    law = exact_law((30, 40), 1, means=True, covariances=False)
    expected = stats.f.cdf(np.expm1(x / 70.0) * 68.0, 1, 68)
    np.testing.assert_allclose(1.0 - law.p_value(x), expected, rtol=1e-5, atol=1e-12)
    for sizes, d in (((30, 40), 3), ((1e8, 1e8), 30)):
        assert exact_law(sizes, d, means=True, covariances=True).p_value(x) == 1.0
    assert exact_law_of_one(30, 3, means=True, covariances=True).p_value(x) > 1.0 - 1e-12
