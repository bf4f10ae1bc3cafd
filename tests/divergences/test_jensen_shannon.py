"""The Jensen–Shannon divergence: against quadrature of its definition, near and far apart."""

import numpy as np
import oracles
import pytest
import random_laws
from mpmath import mp
from scipy import integrate

import gaussmetrics as gm

LOG_2 = np.log(2.0)


def on_the_line(p, q):
    """½ KL(p‖m) + ½ KL(q‖m) by quadrature in 40 digits."""
    with mp.workdps(40):
        laws = [(mp.mpf(float(x.mean[0])), mp.sqrt(mp.mpf(float(x.cov[0, 0])))) for x in (p, q)]

        def density(x, mean, deviation):
            return mp.exp(-(((x - mean) / deviation) ** 2) / 2) / deviation

        def integrand(x):
            values = [density(x, *law) for law in laws]
            middle = sum(values) / 2
            return mp.fsum(v * mp.log(v / middle) for v in values if v > 0) / 2

        steps = (-45, -20, -12, -8, -5, -3, -2, -1, 0, 1, 2, 3, 5, 8, 12, 20, 45)
        cuts = sorted({mean + k * deviation for mean, deviation in laws for k in steps})
        return mp.quad(integrand, cuts) / mp.sqrt(2 * mp.pi)


@pytest.mark.parametrize(
    ("shift", "variance"),
    [(1.0, 4.0), (3.0, 1.0), (0.0, 1e4), (0.0, 1e-4), (8.0, 1e-4), (0.3, 0.9), (12.0, 2.0),
     (1e-3, 1.0), (0.0, 1.001), (1e-8, 1.0), (1e-8, 1 + 2.0**-26), (0.0, 1 + 2.0**-40)],
)  # fmt: skip
def test_definition_on_the_line(shift, variance):
    p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([shift], [[variance]])
    truth = on_the_line(p, q)
    assert oracles.relative_error(gm.jensen_shannon_divergence(p, q), truth) <= 2e-14
    assert oracles.relative_error(gm.jensen_shannon_divergence(q, p), truth) <= 2e-14


@pytest.mark.parametrize("scale", [1e-150, 1e150])
def test_extreme_scales(scale):
    p, q = gm.Gaussian([0.0], [[scale]]), gm.Gaussian([np.sqrt(scale)], [[3.0 * scale]])
    plain = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[3.0]])
    expected = gm.jensen_shannon_divergence(*plain)
    assert gm.jensen_shannon_divergence(p, q) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("seed", range(4))
def test_definition_in_the_plane(seed):
    rng = np.random.default_rng(seed)
    p, q = (random_laws.gaussian(rng, 2, kappa=4.0) for _ in range(2))
    p, q = (gm.Gaussian(0.6 * x.mean, x.cov) for x in (p, q))

    def integrand(y, x):
        a, b = (law.logpdf([x, y]) for law in (p, q))
        middle = np.logaddexp(a, b) - LOG_2
        return 0.5 * (np.exp(a) * (a - middle) + np.exp(b) * (b - middle))

    wide = 9.0 * np.sqrt(np.maximum(p.covariance.variances(), q.covariance.variances()))
    low, high = np.minimum(p.mean, q.mean) - wide, np.maximum(p.mean, q.mean) + wide
    expected, error = integrate.dblquad(
        integrand, low[0], high[0], low[1], high[1], epsabs=1e-8, epsrel=1e-8
    )
    assert error < 1e-6
    assert gm.jensen_shannon_divergence(p, q) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("d", [2, 5, 30])
def test_laws_that_differ_along_one_axis_are_those_of_the_line(d):
    rng = np.random.default_rng(d)
    cov = random_laws.covariance(rng, d, kappa=10.0)
    shift = rng.standard_normal(d)
    p, q = gm.Gaussian(np.zeros(d), cov), gm.Gaussian(shift, cov)
    length = gm.mahalanobis_distance(shift, p)
    truth = on_the_line(gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([length], [[1.0]]))
    assert oracles.relative_error(gm.jensen_shannon_divergence(p, q), truth) <= 1e-12


@pytest.mark.parametrize("apart", [1e-3, 1e-6, 1e-10])
@pytest.mark.parametrize("d", [1, 3, 20])
def test_near_equality_it_is_an_eighth_of_jeffreys(d, apart):
    rng = np.random.default_rng(d)
    p, q = random_laws.pair(rng, d, 10.0, apart, 1.0)
    expected = oracles.jeffreys_divergence(p, q) / 8
    error = oracles.relative_error(gm.jensen_shannon_divergence(p, q), expected)
    assert error <= 10 * apart * np.sqrt(d) + 1e-13


def test_between_its_bounds():
    rng = np.random.default_rng(6)
    p, q = (random_laws.gaussian(rng, 4, batch=(200,), kappa=30.0) for _ in range(2))
    lower, upper = gm.jensen_shannon_bounds(p, q)
    value = gm.jensen_shannon_divergence(p, q)
    assert ((lower <= value) & (value <= upper)).all()
    assert (value <= LOG_2 * gm.total_variation_distance(p, q) + 1e-8).all()


def test_its_root_is_a_metric():
    rng = np.random.default_rng(7)
    p, q, r = (random_laws.gaussian(rng, 3, batch=(300,)) for _ in range(3))
    root = [np.sqrt(gm.jensen_shannon_divergence(a, b)) for a, b in ((p, q), (q, r), (p, r))]
    assert (root[2] <= root[0] + root[1]).all()


def test_disjoint_and_singular_laws():
    far = gm.Gaussian([1e300], [[1.0]]), gm.Gaussian([0.0], [[1e-300]])
    assert gm.jensen_shannon_divergence(*far) == LOG_2
    f = np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 2.0]])
    p, q = (gm.Gaussian(m * f[:, 0], gm.Covariance.from_factor(m * f)) for m in (1.0, 1.5))
    expected = gm.jensen_shannon_divergence(p.marginal([0, 1]), q.marginal([0, 1]))
    assert gm.jensen_shannon_divergence(p, q) == pytest.approx(expected, rel=1e-12)
    aside = gm.Gaussian([0.0, 0.0, 1.0], p.covariance)
    assert gm.jensen_shannon_divergence(p, aside) == LOG_2
    assert gm.jensen_shannon_divergence(p, gm.Gaussian.standard(3)) == LOG_2
