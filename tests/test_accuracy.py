"""Every closed form against 100-digit arithmetic, from unrelated laws to a relative 1e-12 apart."""

import numpy as np
import oracles
import pytest
import random_laws
from random_laws import pair
from table import METRICS, OVERLAPS

import gaussmetrics as gm

EPS = np.finfo(float).eps
DISTANCES = {metric.name: metric for metric in METRICS if metric.oracle}


def bound(name, kappa, apart):
    if "wasserstein" in name:
        return 1e-9 if kappa >= 1e7 and apart < 1e-8 else 2e-12
    return 2e-14 + 5 * EPS * kappa


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
@pytest.mark.parametrize("apart", [1.0, 0.3, 1e-2, 1e-4, 1e-6, 1e-9, 1e-12])
@pytest.mark.parametrize("kappa", [1.0, 1e4, 1e8])
@pytest.mark.parametrize("d", [2, 7])
@pytest.mark.parametrize("name", list(DISTANCES))
def test_grid(name, d, kappa, apart, scale):
    p, q = pair(np.random.default_rng([d, int(kappa)]), d, kappa, apart, scale)
    metric = DISTANCES[name]
    truth = metric.oracle(p, q)
    assert oracles.relative_error(metric.function(p, q), truth) <= bound(name, kappa, apart)


@pytest.mark.parametrize("apart", [1.0, 1e-3, 1e-9])
@pytest.mark.parametrize("kappa", [1e2, 1e8])
@pytest.mark.parametrize("name", list(DISTANCES))
def test_forty_dimensions(name, kappa, apart):
    p, q = pair(np.random.default_rng(40), 40, kappa, apart, 1.0)
    metric = DISTANCES[name]
    truth = metric.oracle(p, q)
    assert oracles.relative_error(metric.function(p, q), truth) <= bound(name, kappa, apart)


@pytest.mark.parametrize("size", [1e-3, 1e-7, 1e-11])
@pytest.mark.parametrize("kappa", [1e4, 1e8, 1e12])
def test_wasserstein_where_only_the_smallest_axis_moves(kappa, size):
    # The traces hide the change below their last digit: the hardest case for the distance.
    rng = np.random.default_rng(3)
    q = random_laws.orthogonal(rng, 6)
    eigenvalues = kappa ** -np.linspace(0.0, 1.0, 6)
    moved = eigenvalues.copy()
    moved[-1] *= 1 + size
    a, b = (gm.Gaussian(np.zeros(6), (q * w) @ q.T) for w in (eigenvalues, moved))
    if (a.cov == b.cov).all():
        pytest.skip("the change is below the rounding of the entries")
    truth = oracles.squared_wasserstein_distance(a, b)
    assert oracles.relative_error(gm.squared_wasserstein_distance(a, b), truth) <= 2e-12


@pytest.mark.parametrize("kappa", [1.0, 1e6, 1e10])
def test_wasserstein_between_shapes_far_apart_in_small_axes_only(kappa):
    rng = np.random.default_rng(4)
    q = random_laws.orthogonal(rng, 5)
    eigenvalues = kappa ** -np.linspace(0.0, 1.0, 5)
    a = gm.Gaussian(np.zeros(5), (q * eigenvalues) @ q.T)
    b = gm.Gaussian(np.zeros(5), a.cov + 3 * eigenvalues[-1] * random_laws.covariance(rng, 5))
    truth = oracles.squared_wasserstein_distance(a, b)
    assert oracles.relative_error(gm.squared_wasserstein_distance(a, b), truth) <= 2e-12


@pytest.mark.parametrize("metric", OVERLAPS, ids=lambda m: m.name)
@pytest.mark.parametrize("apart", [1.0, 1e-2, 1e-6])
def test_overlaps(metric, apart):
    p, q = pair(np.random.default_rng(5), 5, 100.0, apart, 1.0)
    truth = metric.oracle(p, q)
    assert oracles.relative_error(metric.function(p, q), truth) <= 1e-13


@pytest.mark.parametrize("scale", [1e-150, 1e-30, 1.0, 1e150])
def test_entropy(scale):
    p = random_laws.gaussian(np.random.default_rng(6), 4, kappa=1e3, scale=scale)
    assert oracles.relative_error(gm.entropy(p), oracles.entropy(p)) <= 1e-13


@pytest.mark.parametrize("scale", [1e-150, 1e150])
@pytest.mark.parametrize("apart", [0.5, 1e-9])
@pytest.mark.parametrize("name", list(DISTANCES))
def test_extreme_scales(name, apart, scale):
    p, q = pair(np.random.default_rng(7), 3, 10.0, apart, scale)
    truth = DISTANCES[name].oracle(p, q)
    assert oracles.relative_error(DISTANCES[name].function(p, q), truth) <= 2e-12


@pytest.mark.parametrize("name", list(DISTANCES))
def test_scales_three_hundred_decades_apart(name):
    rng = np.random.default_rng(8)
    p, q = random_laws.gaussian(rng, 3, scale=1e-150), random_laws.gaussian(rng, 3, scale=1e150)
    truth = DISTANCES[name].oracle(p, q)
    assert oracles.relative_error(DISTANCES[name].function(p, q), truth) <= 1e-13


@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize("name", list(DISTANCES))
def test_variables_of_very_different_units(name, d):
    # A condition number of 1e40 that a change of units removes is no loss of digits.
    rng = np.random.default_rng(9)
    units = np.array([1e-20, 1e20])[:d]
    a, b = (random_laws.covariance(rng, d) * np.outer(units, units) for _ in range(2))
    p, q = gm.Gaussian(units, a), gm.Gaussian(2 * units, b)
    truth = DISTANCES[name].oracle(p, q)
    assert oracles.relative_error(DISTANCES[name].function(p, q), truth) <= 1e-13


@pytest.mark.parametrize("apart", [0.3, 1e-2, 1e-4, 1e-6])
@pytest.mark.parametrize("decades", [3.0, 3.5, 4.0, 5.0, 8.0, 20.0])
def test_wasserstein_in_very_different_units_near_equality(decades, apart):
    # Here the traces hide all but the largest variables; what they leave is right to rounding.
    rng = np.random.default_rng(10)
    for d in (2, 2, 2, 4, 4, 4):
        units = np.geomspace(10.0**-decades, 10.0**decades, d)
        a = random_laws.covariance(rng, d)
        b = random_laws.perturbed(rng, a, apart)
        p, q = (gm.Gaussian(np.zeros(d), m * np.outer(units, units)) for m in (a, b))
        truth = DISTANCES["squared_wasserstein_distance"].oracle(p, q)
        value = gm.squared_wasserstein_distance(p, q)
        assert value > 0.0
        assert abs(float(value - truth)) <= 16 * d * EPS * np.trace(p.cov)


def batch(d, kappa, count, scale=1.0):
    """Draw pairs whose distance lies on both sides of every switch between two forms."""
    rng = np.random.default_rng([d, int(kappa)])
    pairs = [pair(rng, d, kappa, apart, scale) for apart in 10.0 ** -rng.uniform(0.0, 4.0, count)]
    sides = zip(*pairs, strict=True)
    return [gm.Gaussian([x.mean for x in side], [x.cov for x in side]) for side in sides]


@pytest.mark.parametrize("kappa", [1.0, 1e2, 1e4, 1e8])
@pytest.mark.parametrize("d", [1, 2, 5])
@pytest.mark.parametrize("name", ["squared_wasserstein_distance", "kl_divergence"])
def test_large_batches_of_small_laws(name, d, kappa):
    p, q = batch(d, kappa, 48)
    metric = DISTANCES[name]
    for i, value in enumerate(metric.function(p, q)):
        assert oracles.relative_error(value, metric.oracle(p[i], q[i])) <= bound(name, kappa, 1.0)


@pytest.mark.parametrize("scale", [1e-150, 1e-100, 1e-50, 1e50, 1e100, 1e150])
@pytest.mark.parametrize("name", ["squared_wasserstein_distance", "kl_divergence"])
def test_large_batches_at_extreme_scales(name, scale):
    p, q = batch(3, 1e2, 32, scale)
    metric = DISTANCES[name]
    for i, value in enumerate(metric.function(p, q)):
        assert oracles.relative_error(value, metric.oracle(p[i], q[i])) <= bound(name, 1e2, 1.0)


@pytest.mark.parametrize("kappa", [1.0, 1e2, 1e8])
@pytest.mark.parametrize("d", [17, 24, 25])
def test_a_large_batch_is_as_right_as_each_of_its_pairs(d, kappa):
    p, q = batch(d, kappa, 48)
    alone = [gm.squared_wasserstein_distance(p[i], q[i]) for i in range(48)]
    np.testing.assert_allclose(gm.squared_wasserstein_distance(p, q), alone, rtol=4e-12)


def test_a_large_batch_of_laws_of_lower_rank():
    # Most overlaps are singular, some vanish, and one pair has nothing but zeros.
    rng = np.random.default_rng(8)
    factors = rng.standard_normal((2, 40, 3, 2))
    factors[0, :10, 2], factors[1, :10, :2] = 0.0, 0.0
    factors[:, 10] = 0.0
    p, q = (gm.Gaussian(np.zeros(3), gm.Covariance.from_factor(f)) for f in factors)
    overlap = np.linalg.svd(factors[1].swapaxes(-1, -2) @ factors[0], compute_uv=False).sum(axis=-1)
    traces = (factors**2).sum(axis=(0, 2, 3))
    value = gm.squared_wasserstein_distance(p, q)
    assert value[10] == 0.0
    np.testing.assert_allclose(value, traces - 2.0 * overlap, rtol=1e-12)


SIZED = {
    "diagonal": lambda v, _: gm.Covariance.from_diagonal(v),
    "low rank": lambda v, f: gm.Covariance.from_factor(f, v),
    "triangular": lambda v, _: gm.Covariance.from_cholesky(np.diag(np.sqrt(v))),
}
BY_SIZE = {
    "kl_divergence": {},
    "bhattacharyya_distance": {},
    "jeffreys_divergence": {},
    "maximum_mean_discrepancy": {"bandwidth": 0.5},
}


@pytest.mark.parametrize("exponent", [-390, 390])
@pytest.mark.parametrize("name", BY_SIZE)
@pytest.mark.parametrize("structure", SIZED)
def test_the_size_of_the_variables_costs_no_digits(structure, name, exponent):
    # Determinants at scale 1e±117 have logarithms of hundreds, which their ratio has not.
    rng, metric, options = np.random.default_rng(11), getattr(gm, name), BY_SIZE[name]
    unit = 2.0**exponent
    for _ in range(20):
        v, w = rng.uniform(1.0, 2.0, (2, 6))
        f, g = 0.3 * rng.standard_normal((2, 6, 2))
        build = SIZED[structure]
        small = [gm.Gaussian(np.zeros(6), build(a, b)) for a, b in ((v, f), (w, g))]
        large = [
            gm.Gaussian(np.zeros(6), build(unit**2 * a, unit * b)) for a, b in ((v, f), (w, g))
        ]
        scaled = {key: unit * value for key, value in options.items()}
        np.testing.assert_allclose(
            metric(*large, **scaled), metric(*small, **options), rtol=8 * EPS
        )
