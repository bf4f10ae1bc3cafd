"""The affine-invariant family beyond the table: orders, bounds, integrals, geodesics."""

import re
from itertools import pairwise

import mpmath as mp
import numpy as np
import oracles
import pytest
import random_laws
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import dblquad, quad, solve_ivp
from scipy.optimize import root

import gaussmetrics as gm

Cov = gm.Covariance
seeds = st.integers(0, 2**32 - 1)
dims = st.integers(1, 6)
LINE = gm.Gaussian([0.3], [[1.0]]), gm.Gaussian([1.0], [[4.0]])


def pair(seed, d, **options):
    rng = np.random.default_rng(seed)
    return random_laws.gaussian(rng, d, **options), random_laws.gaussian(rng, d, **options)


def near(seed, d, apart, kappa=10.0):
    rng = np.random.default_rng(seed)
    p = random_laws.gaussian(rng, d, kappa=kappa)
    shift = apart * rng.standard_normal(d) / np.sqrt(kappa)
    return p, gm.Gaussian(p.mean + shift, random_laws.perturbed(rng, p.cov, apart))


def integral(f):
    return quad(f, -60, 60, epsabs=1e-13, epsrel=1e-13, limit=500, points=[-5, 0, 1, 5])[0]


def low_rank(seed, apart, d=6):
    rng = np.random.default_rng(seed)
    f, v = rng.standard_normal((d, 2)), rng.gamma(2.0, size=d)
    g, u = (x * (1 + apart * rng.random(x.shape)) for x in (f, v))
    return [gm.Gaussian(np.zeros(d), Cov.from_factor(*x)) for x in ((f, v), (g, u))]


class TestRenyi:
    orders = (1e-6, 0.1, 0.3, 0.5, 0.8, 0.999, 1 - 1e-9, 1 + 1e-9, 1.001, 1.2, 2.0)

    @pytest.mark.parametrize("apart", [0.4, 1e-3, 1e-8, 1e-12])
    @pytest.mark.parametrize("alpha", orders)
    def test_near_pairs(self, alpha, apart):
        p, q = near(0, 4, apart)
        error = oracles.relative_error(
            gm.renyi_divergence(p, q, alpha=alpha), oracles.renyi_divergence(p, q, alpha)
        )
        assert error <= 2e-13

    @pytest.mark.parametrize("seed", range(4))
    @pytest.mark.parametrize("alpha", orders)
    def test_far_pairs(self, alpha, seed):
        p, q = pair(seed, 4, kappa=100.0)
        truth = oracles.renyi_divergence(p, q, alpha)
        assert oracles.relative_error(gm.renyi_divergence(p, q, alpha=alpha), truth) <= 1e-11

    @pytest.mark.parametrize("apart", [30.0, 1.0, 1e-2, 1e-6])
    @pytest.mark.parametrize("alpha", [1e-4, 0.2, 0.5, 0.9, 1 - 1e-6, 1.05])
    def test_low_rank_pairs(self, alpha, apart):
        p, q = low_rank(1, apart)
        result = gm.renyi_divergence(q, p, alpha=alpha)
        twins = [gm.Gaussian(x.mean, x.cov) for x in (q, p)]
        bound = 1e-9 if apart > 1e-4 else 1e-5  # of the dense twins, whose entries are rounded
        np.testing.assert_allclose(result, gm.renyi_divergence(*twins, alpha=alpha), rtol=bound)

    def test_the_definition_on_the_line(self):
        p, q = LINE
        for alpha in (0.2, 0.7, 1.5):
            power = integral(lambda x, a=alpha: np.exp(a * p.logpdf([x]) + (1 - a) * q.logpdf([x])))
            expected = np.log(power) / (alpha - 1)
            np.testing.assert_allclose(gm.renyi_divergence(p, q, alpha=alpha), expected, rtol=1e-10)

    @given(seed=seeds, d=dims)
    @settings(max_examples=30, deadline=None)
    def test_increases_with_its_order(self, seed, d):
        p, q = pair(seed, d)
        values = [gm.renyi_divergence(p, q, alpha=a) for a in (0.01, 0.5, 0.9, 1, 1.1, 2, 10)]
        assert (np.array(values[1:]) >= np.array(values[:-1]) * (1 - 1e-12)).all()

    @given(seed=seeds, d=dims, alpha=st.floats(0.01, 0.99))
    @settings(max_examples=30, deadline=None)
    def test_swapping_the_laws_and_the_order(self, seed, d, alpha):
        p, q = pair(seed, d)
        left = (1 - alpha) * gm.renyi_divergence(p, q, alpha=alpha)
        right = alpha * gm.renyi_divergence(q, p, alpha=1 - alpha)
        np.testing.assert_allclose(left, right, rtol=1e-11)

    def test_special_orders(self):
        p, q = pair(3, 3)
        assert gm.renyi_divergence(p, q, alpha=1) == gm.kl_divergence(p, q)
        twice = 2 * gm.bhattacharyya_distance(p, q)
        np.testing.assert_allclose(gm.renyi_divergence(p, q, alpha=0.5), twice, rtol=1e-13)

    def test_the_integral_diverges_where_the_mixture_is_indefinite(self):
        narrow, wide = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([0.0], [[2.0]])
        assert gm.renyi_divergence(wide, narrow, alpha=2) == np.inf
        assert gm.chi_squared_divergence(wide, narrow) == np.inf
        assert np.isfinite(gm.renyi_divergence(wide, narrow, alpha=1.99))
        assert np.isfinite(gm.renyi_divergence(narrow, wide, alpha=100))

    @pytest.mark.parametrize("alpha", [0.3, 1.0, 2.0])
    def test_different_supports(self, alpha):
        flat = gm.Gaussian([0.0, 0.0], np.diag([1.0, 0.0]), allow_singular=True)
        moved = gm.Gaussian([0.0, 1.0], np.diag([1.0, 0.0]), allow_singular=True)
        full = gm.Gaussian.standard(2)
        for p, q in [(flat, full), (full, flat), (flat, moved)]:
            assert gm.renyi_divergence(p, q, alpha=alpha) == np.inf
        assert gm.renyi_divergence(flat, flat, alpha=alpha) == 0


@given(seed=seeds, d=dims)
@settings(max_examples=30, deadline=None)
def test_chernoff_is_the_largest_exponent(seed, d):
    p, q = pair(seed, d)
    information, alpha = gm.chernoff_information(p, q), gm.chernoff_alpha(p, q)
    assert information >= gm.bhattacharyya_distance(p, q) * (1 - 1e-12)
    for other in (0.1, 0.4, 0.6, 0.9, alpha):
        exponent = (1 - other) * gm.renyi_divergence(p, q, alpha=other)
        assert exponent <= information * (1 + 1e-12)
    np.testing.assert_allclose(exponent, information, rtol=1e-11)
    np.testing.assert_allclose(alpha + gm.chernoff_alpha(q, p), 1.0, rtol=1e-9)


@pytest.mark.parametrize("apart", [0.4, 1e-2, 1e-6, 1e-10])
def test_chernoff_alpha(apart):
    p, q = near(1, 4, apart)
    error = oracles.relative_error(gm.chernoff_alpha(p, q), oracles.chernoff_alpha(p, q))
    assert error <= 1e-13 + 1e-14 / apart


def test_chernoff_alpha_of_equal_covariances_and_different_supports():
    p = gm.Gaussian([0.0, 0.0], [[2.0, 1.0], [1.0, 2.0]])
    flat = gm.Gaussian([0.0, 0.0], np.diag([1.0, 0.0]), allow_singular=True)
    for q in (p, gm.Gaussian([3.0, 1.0], p.cov), flat):
        np.testing.assert_allclose(gm.chernoff_alpha(p, q), 0.5, rtol=1e-15)


def test_definitions_on_the_line():
    p, q = LINE
    f, g = (lambda x, law=law: float(np.exp(law.logpdf([x]))) for law in (p, q))
    root_overlap = integral(lambda x: np.sqrt(f(x) * g(x)))
    cross = integral(lambda x: f(x) * g(x))
    own = [integral(lambda x, h=h: h(x) ** 2) for h in (f, g)]
    expected = -np.log(cross / np.sqrt(own[0] * own[1]))
    np.testing.assert_allclose(gm.cauchy_schwarz_divergence(p, q), expected, rtol=1e-10)

    def relative(law):
        def integrand(x):
            centre = 0.5 * (p.logpdf([x]) + q.logpdf([x])) - np.log(root_overlap)
            return np.exp(law.logpdf([x])) * (law.logpdf([x]) - centre)

        return integral(integrand)

    expected = 0.5 * relative(p) + 0.5 * relative(q)
    result = gm.geometric_jensen_shannon_divergence(p, q)
    np.testing.assert_allclose(result, expected, rtol=1e-10)
    expected = integral(lambda x: (f(x) - g(x)) ** 2 / g(x))
    np.testing.assert_allclose(gm.chi_squared_divergence(p, q), expected, rtol=1e-10)


class TestJensenShannonBounds:
    @pytest.mark.parametrize("shift", [0.0, 1e-3, 0.5, 3.0, 20.0])
    @pytest.mark.parametrize("variance", [1.001, 3.0, 100.0])
    def test_enclose_the_divergence_on_the_line(self, shift, variance):
        p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([shift], [[variance]])

        def integrand(x):
            a, b = p.logpdf([x]), q.logpdf([x])
            m = np.logaddexp(a, b) - np.log(2)
            return 0.5 * np.exp(a) * (a - m) + 0.5 * np.exp(b) * (b - m)

        lower, upper = gm.jensen_shannon_bounds(p, q)
        assert lower <= integral(integrand) * (1 + 1e-6) <= upper * (1 + 2e-6)

    @pytest.mark.parametrize("apart", [0.4, 1e-4, 1e-10])
    def test_accuracy(self, apart):
        p, q = near(2, 4, apart)
        truths = oracles.jensen_shannon_bounds(p, q)
        for value, truth in zip(gm.jensen_shannon_bounds(p, q), truths, strict=True):
            assert oracles.relative_error(value, truth) <= 1e-13

    def test_batches_and_disjoint_laws(self):
        p, q = pair(4, 3, batch=(5,))
        lower, upper = gm.jensen_shannon_bounds(p[:, None], q)
        assert lower.shape == upper.shape == (5, 5)
        far = gm.Gaussian([1e3], [[1.0]])
        np.testing.assert_allclose(gm.jensen_shannon_bounds(far, LINE[0]), np.log(2))
        assert gm.jensen_shannon_bounds(far, far) == (0.0, 0.0)


class TestMutualInformation:
    @pytest.mark.parametrize("coupling", [0.9, 0.1, 1e-4, 1e-9, 1e-14])
    def test_accuracy(self, coupling):
        rng = np.random.default_rng(0)
        cov = random_laws.covariance(rng, 5)
        cov[:3, 3:] = coupling * cov[:3, 3:]
        cov[3:, :3] = cov[:3, 3:].T
        p = gm.Gaussian(np.zeros(5), cov)
        truth = oracles.mutual_information(p, [0, 1, 2], [3, 4])
        assert oracles.relative_error(gm.mutual_information(p, slice(3), [3, 4]), truth) <= 1e-13

    def test_is_the_divergence_from_independence(self):
        p = random_laws.gaussian(np.random.default_rng(1), 4)
        cov = p.cov.copy()
        cov[:2, 2:] = cov[2:, :2] = 0.0
        expected = gm.kl_divergence(p, gm.Gaussian(p.mean, cov))
        np.testing.assert_allclose(gm.mutual_information(p, [0, 1], [2, 3]), expected, rtol=1e-12)
        assert gm.mutual_information(p, 0, [1, 2]) <= gm.mutual_information(p, 0, [1, 2, 3])

    @pytest.mark.parametrize("batch", [(), (3,)])
    def test_structures(self, batch):
        rng = np.random.default_rng(2)
        f, v = rng.standard_normal((*batch, 5, 2)), rng.gamma(2.0, size=(*batch, 5))
        square = rng.standard_normal((*batch, 5, 7))
        for cov in (Cov.from_factor(f, v), Cov.from_factor(square), Cov.from_diagonal(v)):
            p = gm.Gaussian(np.zeros((*batch, 5)), cov)
            expected = gm.mutual_information(gm.Gaussian(p.mean, p.cov), [0, 3], [4, 1])
            result = gm.mutual_information(p, [0, 3], [4, 1])
            assert np.shape(result) == batch
            np.testing.assert_allclose(result, expected, rtol=1e-10)

    def test_singular_laws(self):
        f = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
        p = gm.Gaussian(np.zeros(3), Cov.from_factor(f))
        assert gm.mutual_information(p, [0, 1], 2) == np.inf  # the third is the sum of the two
        np.testing.assert_allclose(gm.mutual_information(p, 0, 2), 0.5 * np.log(2), rtol=1e-13)
        np.testing.assert_allclose(gm.mutual_information(p, 0, 1), 0.0, atol=1e-15)

    @pytest.mark.parametrize(
        ("x", "y", "text"),
        [
            ([0, 1], [1, 2], "x_index and y_index must not share coordinates, but both name [1]"),
            (3, 0, "x_index must name coordinates from 0 to 2"),
            (0, [1, 1], "y_index must name each coordinate once"),
        ],
    )
    def test_errors(self, x, y, text):
        with pytest.raises(ValueError, match=re.escape(text)):
            gm.mutual_information(gm.Gaussian.standard(3), x, y)
        with pytest.raises(TypeError, match="mutual_information takes Gaussian objects"):
            gm.mutual_information(np.eye(2), 0, 1)


def overlap_on_the_line(shift, variance, prior=0.5):
    """∫ min(π p, (1 − π) q) for p = N(shift, variance), q = N(0, 1), between exact crossings."""
    m, v, prior = mp.mpf(shift), mp.mpf(variance), mp.mpf(prior)
    a, b = (1 - 1 / v) / 2, m / v
    c = -(m * m / v + mp.log(v)) / 2 + mp.log(prior / (1 - prior))
    discriminant = b * b - 4 * a * c
    if a == 0:
        crossings = [-c / b] if b else []
    else:
        crossings = [(-b + s * mp.sqrt(discriminant)) / (2 * a) for s in (-1, 1)]
        crossings = sorted(crossings) if discriminant > 0 else []
    ends = [-mp.inf, *crossings, mp.inf]
    total = mp.mpf(0)
    for low, high in pairwise(ends):
        masses = [mp.ncdf(high, *law) - mp.ncdf(low, *law) for law in ((m, mp.sqrt(v)), (0, 1))]
        total += min(prior * masses[0], (1 - prior) * masses[1])
    return total


class TestTotalVariation:
    @pytest.mark.parametrize("shift", [0.0, 1e-12, 1e-5, 0.1, 1.0, 6.0])
    @pytest.mark.parametrize("log_scale", [0.0, 1e-12, -1e-6, 0.01, -0.3, 2.0, -8.0])
    def test_on_the_line(self, shift, log_scale):
        variance = float(np.exp(log_scale))
        p, q = gm.Gaussian([shift], [[variance]]), gm.Gaussian.standard(1)
        with mp.workdps(40):
            truth = 1 - 2 * overlap_on_the_line(shift, variance)
        result = gm.total_variation_distance(p, q)
        assert oracles.relative_error(result, truth) <= 1e-11
        np.testing.assert_allclose(gm.bayes_error(p, q), float(1 - truth) / 2, rtol=1e-11)

    @pytest.mark.parametrize("prior", [0.01, 0.3, 0.5, 0.9, 1 - 1e-9])
    @pytest.mark.parametrize("variance", [1.0, 1 + 1e-9, 1.3, 0.01, 50.0])
    @pytest.mark.parametrize("shift", [0.0, 1e-6, 0.3, 4.0, 30.0])
    def test_bayes_error_on_the_line(self, shift, variance, prior):
        p, q = gm.Gaussian([shift], [[variance]]), gm.Gaussian.standard(1)
        with mp.workdps(400):
            truth = overlap_on_the_line(shift, variance, prior)
        assert oracles.relative_error(gm.bayes_error(p, q, prior=prior), truth) <= 1e-11

    def test_in_the_plane(self):
        p, q = pair(0, 2, kappa=3.0)

        def difference(y, x):
            return abs(np.exp(p.logpdf([x, y])) - np.exp(q.logpdf([x, y]))) / 2

        expected, _ = dblquad(difference, -8, 8, -8, 8, epsabs=1e-5, epsrel=1e-5)
        np.testing.assert_allclose(gm.total_variation_distance(p, q), expected, atol=2e-5)

    @pytest.mark.parametrize("d", [2, 5, 20])
    def test_equals_the_integral_of_imhof(self, d):
        # TV = P_p(ℓ > 0) − P_q(ℓ > 0) for the log-likelihood ratio ℓ, along the real axis.
        p, q = pair(d, d, kappa=2.0)
        lower = np.linalg.cholesky(q.cov)
        values, vectors = np.linalg.eigh(np.linalg.solve(lower, np.linalg.solve(lower, p.cov).T))
        w = vectors.T @ np.linalg.solve(lower, p.mean - q.mean)

        def characteristic(u, square, linear, constant):
            spread = 1 - 2j * u * square
            logs = -0.5 * np.log(spread) - 0.5 * u * u * linear**2 / spread
            return np.exp(logs.sum() + 1j * u * constant)

        under_p = (0.5 * (values - 1), w * np.sqrt(values), 0.5 * (w @ w - np.log(values).sum()))
        constant = -0.5 * (w @ (w / values) + np.log(values).sum())
        under_q = (0.5 * (1 - 1 / values), w / values, constant)

        def integrand(u):
            return (characteristic(u, *under_p) - characteristic(u, *under_q)).imag / (np.pi * u)

        expected = sum(
            quad(integrand, a, b, epsabs=1e-12, epsrel=1e-12, limit=2000)[0]
            for a, b in [(1e-12, 1), (1, 10), (10, 100), (100, 1000)]
        )
        tolerance = 1e-8 if d > 2 else 1e-3  # the integrand falls as u^(−1 − d/2)
        np.testing.assert_allclose(gm.total_variation_distance(p, q), expected, atol=tolerance)

    @pytest.mark.parametrize("apart", [1e-3, 1e-6, 1e-10])
    def test_near_pairs_keep_their_digits(self, apart):
        # In the same direction, TV is linear in the difference up to its square.
        p, q = near(5, 3, apart)
        step = gm.Gaussian(0.5 * p.mean + 0.5 * q.mean, 0.5 * p.cov + 0.5 * q.cov)
        half, whole = (gm.total_variation_distance(p, x) for x in (step, q))
        np.testing.assert_allclose(2 * half, whole, rtol=2 * apart + 3e-6 * (apart < 1e-8))

    @given(seed=seeds, d=dims, apart=st.floats(-10, 0))
    @settings(max_examples=40, deadline=None)
    def test_bounds(self, seed, d, apart):
        for p, q in (pair(seed, d), near(seed, d, 0.9 * 10.0**apart)):
            tv, h = gm.total_variation_distance(p, q), gm.hellinger_distance(p, q)
            kl = gm.kl_divergence(p, q)
            assert h * h * (1 - 1e-9) <= tv <= h * np.sqrt(2 - h * h) * (1 + 1e-9)
            assert tv <= np.sqrt(kl / 2) * (1 + 1e-9)  # Pinsker
            assert tv <= np.sqrt(-np.expm1(-kl)) * (1 + 1e-9)  # Bretagnolle and Huber

    def test_disjoint_and_equal_laws(self):
        flat = gm.Gaussian([0.0, 0.0], np.diag([1.0, 0.0]), allow_singular=True)
        full = gm.Gaussian.standard(2)
        assert gm.total_variation_distance(flat, full) == 1.0
        assert gm.bayes_error(flat, full) == 0.0
        np.testing.assert_allclose(gm.bayes_error(full, full, prior=0.2), 0.2, rtol=1e-13)

    @pytest.mark.parametrize(
        ("prior", "error", "text"),
        [
            (0.0, ValueError, "prior must lie between 0 and 1, got 0.0"),
            (1.5, ValueError, "prior must lie between 0 and 1, got 1.5"),
            (float("nan"), ValueError, "must lie between 0 and 1, got nan"),
            ("half", TypeError, "prior must be a number, got 'half'"),
        ],
    )
    def test_errors(self, prior, error, text):
        with pytest.raises(error, match=re.escape(text)):
            gm.bayes_error(*LINE, prior=prior)


@pytest.mark.parametrize(
    ("alpha", "error", "text"),
    [
        (0.0, ValueError, "alpha must be positive and finite, got 0.0."),
        (-1, ValueError, "alpha must be positive and finite, got -1"),
        (float("inf"), ValueError, "alpha must be positive and finite, got inf"),
        (float("nan"), ValueError, "alpha must be positive and finite, got nan"),
        ("kl", TypeError, "alpha must be a number, got 'kl'"),
        (True, TypeError, "alpha must be a number, got True"),
    ],
)
def test_orders_that_are_refused(alpha, error, text):
    with pytest.raises(error, match=re.escape(text)):
        gm.renyi_divergence(*LINE, alpha=alpha)


class TestFisherRao:
    def shot(self, p, q):
        """The length of the geodesic from p to q, by integrating its equation (Skovgaard 1984)."""
        d = p.dim
        upper = np.triu_indices(d)

        def unpack(x):
            sigma = np.zeros((d, d))
            sigma[upper] = x[d:]
            return x[:d], sigma + np.triu(sigma, 1).T

        def motion(_, state):
            (_, sigma), (speed, change) = (unpack(x) for x in np.split(state, 2))
            rate = change @ np.linalg.inv(sigma)
            bend = rate @ change - np.outer(speed, speed)
            return np.concatenate([state[len(state) // 2 :], rate @ speed, bend[upper]])

        start, target = (np.concatenate([x.mean, x.cov[upper]]) for x in (p, q))

        def miss(velocity):
            path = solve_ivp(
                motion, (0, 1), np.concatenate([start, velocity]), rtol=1e-12, atol=1e-13
            )
            return path.y[: len(start), -1] - target

        solution = root(miss, 0.5 * (target - start), tol=1e-13)
        speed, change = unpack(solution.x)
        assert np.abs(miss(solution.x)).max() < 1e-10
        rate = np.linalg.solve(p.cov, change)
        return np.sqrt(speed @ np.linalg.solve(p.cov, speed) + 0.5 * np.trace(rate @ rate))

    @pytest.mark.parametrize(("d", "seed"), [(2, 0), (2, 1), (3, 1)])
    def test_equals_the_integrated_geodesic(self, d, seed):
        p, q = pair([d, seed], d, kappa=2.0)
        result = gm.fisher_rao_distance(p, q)
        np.testing.assert_allclose(result, self.shot(p, q), rtol=1e-8)

    @pytest.mark.parametrize("shift", [0.0, 1e-9, 1e-3, 1.0, 50.0])
    @pytest.mark.parametrize("log_scale", [0.0, 1e-9, -0.1, 3.0, -20.0])
    def test_on_the_line(self, shift, log_scale):
        p, q = gm.Gaussian([shift], [[np.exp(log_scale)]]), gm.Gaussian.standard(1)
        m, s = mp.mpf(shift), mp.sqrt(mp.mpf(float(np.exp(log_scale))))
        truth = mp.sqrt(2) * mp.acosh(1 + (m * m / 2 + (s - 1) ** 2) / (2 * s))
        assert oracles.relative_error(gm.fisher_rao_distance(p, q), truth) <= 1e-13

    def test_closed_forms(self):
        p, q = pair(0, 4)
        distance = np.linalg.norm(np.linalg.solve(np.linalg.cholesky(p.cov), p.mean - q.mean))
        expected = np.sqrt(2) * np.arccosh(1 + distance**2 / 4)
        result = gm.fisher_rao_distance(p, gm.Gaussian(q.mean, p.cov))
        np.testing.assert_allclose(result, expected, rtol=1e-12)
        ratios = np.linalg.eigvals(np.linalg.solve(q.cov, p.cov)).real
        expected = np.sqrt(0.5 * np.sum(np.log(ratios) ** 2))
        result = gm.fisher_rao_distance(p, gm.Gaussian(p.mean, q.cov))
        np.testing.assert_allclose(result, expected, rtol=1e-12)

    def test_the_geodesic_leaves_the_product_of_the_lines_unless_one_mean_alone_moves(self):
        q = gm.Gaussian([1.0, -1.0, 0.5], Cov.from_diagonal([1.0, 9.0, 0.04]))
        one, all_three = (gm.Gaussian(m, np.eye(3)) for m in ([0.0, -1.0, 0.5], [0.0, 1.0, 2.0]))
        lengths = [
            np.linalg.norm([gm.fisher_rao_distance(p.marginal(i), q.marginal(i)) for i in range(3)])
            for p in (one, all_three)
        ]
        np.testing.assert_allclose(gm.fisher_rao_distance(one, q), lengths[0], rtol=1e-12)
        assert gm.fisher_rao_distance(all_three, q) < 0.999 * lengths[1]

    @given(seed=seeds, d=dims, apart=st.floats(-12, -5))
    @settings(max_examples=30, deadline=None)
    def test_near_pairs_are_the_root_of_jeffreys(self, seed, d, apart):
        p, q = near(seed, d, 10.0**apart)
        root_jeffreys = np.sqrt(gm.jeffreys_divergence(p, q))
        np.testing.assert_allclose(gm.fisher_rao_distance(p, q), root_jeffreys, rtol=1e-9)

    @pytest.mark.parametrize(("d", "kappa"), [(3, 1e4), (10, 1e3), (30, 30.0)])
    def test_far_pairs_are_certified(self, d, kappa):
        p, q = pair(d, d, kappa=kappa)
        result = gm.fisher_rao_distance(p, q)
        assert result <= np.sqrt(gm.jeffreys_divergence(p, q))
        np.testing.assert_allclose(gm.fisher_rao_distance(q, p), result, rtol=1e-10)

    def test_what_cannot_be_certified_is_refused(self):
        p = gm.Gaussian([1e9, 2e9, 3e9], np.diag([1e8, 1.0, 1e-8]))
        with pytest.raises(ValueError, match="fisher_rao_distance is not certain between these"):
            gm.fisher_rao_distance(p, gm.Gaussian.standard(3))

    def test_different_supports(self):
        flat = gm.Gaussian([0.0, 0.0], np.diag([1.0, 0.0]), allow_singular=True)
        assert gm.fisher_rao_distance(flat, gm.Gaussian.standard(2)) == np.inf
