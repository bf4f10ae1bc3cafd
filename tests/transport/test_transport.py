"""The rotation-invariant family: maps, paths, means, entropic transport, kernels, mixtures."""

import re
from functools import partial
from itertools import product

import numpy as np
import oracles
import pytest
import random_laws
from hypothesis import given, settings
from hypothesis import strategies as st
from random_laws import pair
from scipy import integrate, optimize, special, stats
from structured_laws import STRUCTURES, D, law, twin

import gaussmetrics as gm

seeds = st.integers(0, 2**32 - 1)
dims = st.integers(1, 6)


def refused(error, text):
    return pytest.raises(error, match=re.escape(text))


def named(function, oracle, **options):
    """A distance with its options fixed, beside its oracle."""
    closed_form = partial(function, **options)
    closed_form.__name__ = function.__name__
    return pytest.param(closed_form, partial(oracle, **options), id=closed_form.__name__)


SINKHORN = named(gm.sinkhorn_divergence, oracles.sinkhorn_divergence, epsilon=0.7)
COST = named(gm.entropic_transport_cost, oracles.entropic_transport_cost, epsilon=0.7)
MMD = named(gm.maximum_mean_discrepancy, oracles.maximum_mean_discrepancy, bandwidth=0.7)
ENERGY = named(gm.energy_distance, oracles.energy_distance)
GROMOV = named(gm.gromov_wasserstein_distance, oracles.gromov_wasserstein_distance)
GELBRICH = named(gm.gelbrich_bound, oracles.wasserstein_distance)
ALL = [SINKHORN, COST, MMD, ENERGY, GROMOV, GELBRICH]
DISTANCES = [SINKHORN, MMD, ENERGY, GROMOV, GELBRICH]

of_all = pytest.mark.parametrize(("function", "oracle"), ALL)
of_distances = pytest.mark.parametrize(("function", "oracle"), DISTANCES)


# Against 100 digits


@pytest.mark.parametrize("apart", [1.0, 0.3, 1e-2, 1e-4, 1e-9, 1e-12])
@pytest.mark.parametrize("kappa", [10.0, 1e4, 1e8])
@pytest.mark.parametrize("parameter", [1e-6, 1e-2, 1.0, 100.0])
@pytest.mark.parametrize(
    ("function", "name"),
    [
        (gm.entropic_transport_cost, "epsilon"),
        (gm.sinkhorn_divergence, "epsilon"),
        (gm.maximum_mean_discrepancy, "bandwidth"),
    ],
)
def test_grid(function, name, parameter, kappa, apart):
    p, q = pair(np.random.default_rng(int(kappa)), 4, kappa, apart, 1.0)
    q = gm.Gaussian(p.mean if kappa == 1e4 else q.mean, q.cov)
    options = {name: np.sqrt(parameter) if name == "bandwidth" else parameter}
    truth = getattr(oracles, function.__name__)(p, q, **options)
    # What blurs the laws bounds the condition number; transport has the bounds of Wasserstein's.
    conditioning = min(kappa, 1.0 / parameter)
    bound = 2e-14 + 5 * np.finfo(float).eps * conditioning if name == "bandwidth" else 1e-11
    assert oracles.relative_error(function(p, q, **options), truth) <= bound


@pytest.mark.parametrize("apart", [1.0, 1e-4, 1e-12])
@pytest.mark.parametrize("kappa", [10.0, 1e8])
@pytest.mark.parametrize("d", [1, 3])
def test_energy_distance(d, kappa, apart):
    p, q = pair(np.random.default_rng([d, int(kappa)]), d, kappa, apart, 1.0)
    truth = oracles.energy_distance(p, q)
    assert oracles.relative_error(gm.energy_distance(p, q), truth) <= 1e-10


@pytest.mark.parametrize("apart", [0.3, 1e-4, 1e-8, 1e-12])
@pytest.mark.parametrize("kappa", [10.0, 1e8])
def test_gromov_wasserstein_distance(kappa, apart):
    p, q = pair(np.random.default_rng(int(kappa)), 5, kappa, apart, 1.0)
    truth = oracles.gromov_wasserstein_distance(p, q)
    assert oracles.relative_error(gm.gromov_wasserstein_distance(p, q), truth) <= 1e-13


@of_all
@pytest.mark.parametrize("scale", [1e-20, 1e20])
def test_other_units(function, oracle, scale):
    p, q = pair(np.random.default_rng(1), 3, 10.0, 1e-3, scale)
    options = {
        k: v * scale ** (0.5 if k == "bandwidth" else 1) for k, v in function.keywords.items()
    }
    truth = oracle.func(p, q, **options)
    assert oracles.relative_error(function.func(p, q, **options), truth) <= 1e-10


# Against the definitions


def test_the_entropic_cost_is_that_of_sinkhorns_iteration():
    # On a grid the trapezoidal rule integrates normal densities to rounding.
    p, q, epsilon = gm.Gaussian([0.3], [[0.6]]), gm.Gaussian([-0.4], [[1.7]]), 0.8
    x = np.linspace(-12, 12, 241)
    a, b = (np.exp(law.logpdf(x[:, None])) * (x[1] - x[0]) for law in (p, q))
    cost = (x[:, None] - x) ** 2
    g = np.zeros_like(x)
    for _ in range(100):
        f = -epsilon * special.logsumexp((g - cost) / epsilon, b=b, axis=1)
        g = -epsilon * special.logsumexp((f[:, None] - cost) / epsilon, b=a[:, None], axis=0)
    np.testing.assert_allclose(
        gm.entropic_transport_cost(p, q, epsilon=epsilon), a @ f + b @ g, rtol=1e-12
    )


def test_the_kernels_expectation_by_quadrature():
    p, q, width = gm.Gaussian([0.3], [[0.6]]), gm.Gaussian([-0.4], [[1.7]]), 0.8

    def expected_kernel(first, second):
        def integrand(x, y):
            kernel = np.exp(-((x - y) ** 2) / (2 * width**2))
            return kernel * np.exp(first.logpdf([x]) + second.logpdf([y]))

        return integrate.dblquad(integrand, -12, 12, -12, 12, epsabs=1e-11)[0]

    expected = expected_kernel(p, p) + expected_kernel(q, q) - 2 * expected_kernel(p, q)
    result = gm.maximum_mean_discrepancy(p, q, bandwidth=width) ** 2
    np.testing.assert_allclose(result, expected, rtol=1e-8)


@pytest.mark.parametrize(
    ("mean", "variance"), [(0.7, 1.0), (0.0, 4.0), (5.0, 1e-6), (1e-3, 1.0), (0.0, 1e6)]
)
def test_energy_distance_between_distribution_functions(mean, variance):
    # In one dimension D² = 2 ∫ (F − G)², here by Gauss and Legendre's rule between many points.
    p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([mean], [[variance]])
    deviation, grid = np.sqrt(variance), np.linspace(-14, 14, 57)
    ends = np.unique(np.concatenate([grid, mean + deviation * grid]))
    nodes, weights = np.polynomial.legendre.leggauss(20)
    centres, halves = (ends[1:] + ends[:-1]) / 2, (ends[1:] - ends[:-1]) / 2
    x = centres[:, None] + halves[:, None] * nodes
    gap = stats.norm.cdf(x) - stats.norm.cdf(x, mean, deviation)
    expected = np.sqrt(2 * (halves[:, None] * weights * gap**2).sum())
    np.testing.assert_allclose(gm.energy_distance(p, q), expected, rtol=1e-10)


@pytest.mark.parametrize("d", [1, 2, 3, 10, 100])
def test_energy_distance_of_scaled_spheres(d):
    # E‖Z‖ of a standard normal Z is √2 Γ((d+1)/2) / Γ(d/2).
    mean_norm = np.sqrt(2) * np.exp(special.gammaln((d + 1) / 2) - special.gammaln(d / 2))
    p, q = gm.Gaussian.standard(d), gm.Gaussian(np.zeros(d), 9.0 * np.eye(d))
    expected = mean_norm * (2 * np.sqrt(10) - np.sqrt(2) - np.sqrt(18))
    np.testing.assert_allclose(gm.energy_distance(p, q) ** 2, expected, rtol=1e-10)


def test_energy_distance_of_points_is_that_of_their_distance():
    p, q = (gm.Gaussian(m, np.zeros((2, 2)), allow_singular=True) for m in ([0.0, 0.0], [3.0, 4.0]))
    np.testing.assert_allclose(gm.energy_distance(p, q) ** 2, 10.0, rtol=1e-10)
    assert gm.energy_distance(p, p) == 0.0


@pytest.mark.parametrize("dims", [(2, 2), (1, 3)])
def test_gromov_wasserstein_is_the_minimum_over_gaussian_couplings(dims):
    rng = np.random.default_rng(3)
    a, b = (random_laws.covariance(rng, k, scale=s) for k, s in zip(dims, (1.0, 2.0), strict=True))
    la, lb = np.linalg.cholesky(a), np.linalg.cholesky(b)

    def cost(flat):
        # E‖u‖⁴ = (tr S)² + 2‖S‖² and E‖u‖²‖v‖² = tr S tr T + 2‖K‖² for normals u, v.
        u, s, vt = np.linalg.svd(flat.reshape(dims), full_matrices=False)
        cross = la @ (u * np.minimum(s, 1.0)) @ vt @ lb.T
        trace = 2 * np.trace(a) - 2 * np.trace(b)
        return trace**2 + 8 * ((a**2).sum() + (b**2).sum() - 2 * (cross**2).sum())

    best = min(
        optimize.minimize(cost, rng.standard_normal(dims[0] * dims[1]), method="Nelder-Mead",
                          options={"xatol": 1e-10, "fatol": 1e-14, "maxiter": 4000}).fun
        for _ in range(2)
    )  # fmt: skip
    p, q = (gm.Gaussian(np.zeros(len(c)), c) for c in (a, b))
    np.testing.assert_allclose(gm.gromov_wasserstein_distance(p, q) ** 2, best, rtol=1e-8)


def test_gelbrich_bounds_the_distance_of_samples():
    rng = np.random.default_rng(4)
    x, y = rng.exponential(size=(60, 2)), rng.uniform(-1, 2, size=(60, 2))
    costs = ((x[:, None] - y) ** 2).sum(axis=-1)
    rows, columns = optimize.linear_sum_assignment(costs)
    exact = np.sqrt(costs[rows, columns].mean())
    p, q = (gm.Gaussian.from_samples(points, ddof=0) for points in (x, y))
    assert 0.5 * exact < gm.gelbrich_bound(p, q) < exact
    image = gm.Gaussian.from_samples(x @ [[2.0, 0.5], [0.5, 1.0]] + 1.0, ddof=0)
    moved = np.sqrt(((x @ [[1.0, 0.5], [0.5, 0.0]] + 1.0) ** 2).sum(axis=1).mean())
    np.testing.assert_allclose(gm.gelbrich_bound(p, image), moved, rtol=1e-12)


# Laws of distances


@of_distances
@given(seed=seeds, d=dims, apart=st.floats(-13, 0))
@settings(max_examples=30, deadline=None)
def test_never_negative_symmetric_and_zero_between_equals(function, oracle, seed, d, apart):
    del oracle
    rng = np.random.default_rng(seed)
    p = random_laws.gaussian(rng, d, kappa=1e4)
    q = gm.Gaussian(p.mean, random_laws.perturbed(rng, p.cov, 0.9 * 10.0**apart))
    value = function(p, q)
    assert value >= 0.0
    np.testing.assert_allclose(function(q, p), value, rtol=1e-8, atol=1e-14)
    assert function(p, gm.Gaussian(p.mean, p.cov)) == 0.0


@pytest.mark.parametrize(("function", "oracle"), [MMD, ENERGY, GROMOV, GELBRICH])
@given(seed=seeds, d=dims)
@settings(max_examples=30, deadline=None)
def test_triangle_inequality(function, oracle, seed, d):
    del oracle
    rng = np.random.default_rng(seed)
    p, q, r = (random_laws.gaussian(rng, d, scale=x) for x in (1.0, 2.0, 3.0))
    assert function(p, r) <= (function(p, q) + function(q, r)) * (1 + 1e-10) + 1e-13


@of_all
@given(seed=seeds, d=dims)
@settings(max_examples=20, deadline=None)
def test_unchanged_by_rigid_motions(function, oracle, seed, d):
    del oracle
    rng = np.random.default_rng(seed)
    p, q = random_laws.gaussian(rng, d), random_laws.gaussian(rng, d, scale=2.0)
    a, b = random_laws.orthogonal(rng, d), rng.standard_normal(d)
    moved = [gm.Gaussian(x.mean @ a.T + b, a @ x.cov @ a.T) for x in (p, q)]
    np.testing.assert_allclose(function(*moved), function(p, q), rtol=1e-9)


# Batches, structures, singular laws


@of_all
@pytest.mark.parametrize(
    ("first", "second"), [((4,), (4,)), ((3, 1), (4,)), ((), (4,)), ((3,), ())]
)
def test_batches_broadcast_like_a_loop(function, oracle, first, second):
    del oracle
    rng = np.random.default_rng(5)
    p, q = (
        random_laws.gaussian(rng, 3, batch=first),
        random_laws.gaussian(rng, 3, batch=second, scale=2.0),
    )
    result = function(p, q)
    assert result.shape == np.broadcast_shapes(first, second)
    for index in np.ndindex(result.shape):
        i, j = (
            tuple(k if n > 1 else 0 for k, n in zip(index[result.ndim - len(b) :], b, strict=True))
            for b in (first, second)
        )
        single = function(p[i] if first else p, q[j] if second else q)
        assert type(single) is np.float64
        np.testing.assert_allclose(result[index], single, rtol=1e-10)


@of_all
def test_near_and_far_pairs_in_one_batch(function, oracle):
    del oracle
    rng = np.random.default_rng(0)
    p = random_laws.gaussian(rng, 4, kappa=1e3)
    near = [
        gm.Gaussian(p.mean, random_laws.perturbed(rng, p.cov, 10.0**-k)) for k in range(1, 13, 3)
    ]
    others = [*near, random_laws.gaussian(rng, 4, kappa=1e2), p]
    batch = gm.Gaussian([q.mean for q in others], [q.cov for q in others])
    np.testing.assert_allclose(function(p, batch), [function(p, q) for q in others], rtol=1e-10)


@of_all
@pytest.mark.parametrize(("first", "second"), list(product(STRUCTURES, repeat=2)))
def test_every_pair_of_structures_equals_its_dense_twin(function, oracle, first, second):
    del oracle
    rng = np.random.default_rng(0)
    p, q = law(rng, first, (4, 1)), law(rng, second, (3,))
    result = function(p, q)
    assert result.shape == (4, 3)
    np.testing.assert_allclose(result, function(twin(p), twin(q)), rtol=1e-10, atol=1e-12)


@of_distances
@pytest.mark.parametrize("structure", STRUCTURES)
def test_equal_laws_are_at_distance_zero(structure, function, oracle):
    del oracle
    p = law(np.random.default_rng(8), structure, (3,))
    np.testing.assert_array_equal(function(p, p), np.zeros(3))


class Exact:
    """A law whose covariance F Fᵀ + diag(v) is not rounded to double precision."""

    def __init__(self, f, v):
        f = oracles.matrix(f)
        self.cov = f * f.T + oracles.mp.diag([oracles.mp.mpf(float(x)) for x in v])
        self.dim = len(v)
        self.mean = np.zeros(self.dim)


@pytest.mark.parametrize("size", [0.1, 1e-4, 1e-8, 1e-12])
@pytest.mark.parametrize("noise", [0.0, 0.5])
@pytest.mark.parametrize(("function", "oracle"), [SINKHORN, MMD])
def test_near_factors_keep_their_digits(function, oracle, noise, size, monkeypatch):
    plain = oracles.matrix
    monkeypatch.setattr(
        oracles, "matrix", lambda a: a if isinstance(a, oracles.mp.matrix) else plain(a)
    )
    rng = np.random.default_rng(6)
    f = rng.standard_normal((D, D + 2 if noise == 0 else 2))
    v = noise * rng.gamma(2.0, size=D)
    g, w = f * (1 + size * rng.standard_normal(f.shape)), v * (1 + size * rng.standard_normal(D))
    p, q = (
        gm.Gaussian(np.zeros(D), gm.Covariance.from_factor(x, y if noise else None))
        for x, y in ((f, v), (g, w))
    )
    error = oracles.relative_error(function(p, q), oracle(Exact(f, v), Exact(g, w)))
    assert error <= 5e-13


@of_all
def test_singular_laws_are_limits_of_regular_ones(function, oracle):
    del oracle
    rng = np.random.default_rng(7)
    f, g = rng.standard_normal((4, 2)), rng.standard_normal((4, 3))
    p, q = (gm.Gaussian(rng.standard_normal(4), gm.Covariance.from_factor(x)) for x in (f, g))
    blurred = [gm.Gaussian(x.mean, x.cov + 1e-12 * np.eye(4)) for x in (p, q)]
    value = function(p, q)
    assert np.isfinite(value)
    np.testing.assert_allclose(value, function(*blurred), rtol=1e-5)
    points = [gm.Gaussian(x.mean, np.zeros((4, 4)), allow_singular=True) for x in (p, q)]
    assert np.isfinite(function(*points))
    assert np.isfinite(function(p, points[1]))


def test_a_batch_of_different_ranks():
    covs = [np.diag(v) for v in ([1.0, 2.0, 0.0], [1.0, 2.0, 3.0], [0.0, 0.0, 0.0])]
    p = gm.Gaussian(np.zeros((3, 3)), covs, allow_singular=True)
    diagonal = gm.Covariance.from_diagonal([np.diag(c) for c in covs], allow_singular=True)
    q = gm.Gaussian(np.zeros((3, 3)), diagonal)
    for parameter in ALL:
        function = parameter.values[0]
        table = function(p[:, None], p)
        np.testing.assert_allclose(function(q[:, None], q), table, rtol=1e-9, atol=1e-14)


@of_all
def test_isotropic_low_rank_in_many_dimensions(function, oracle):
    del oracle
    rng = np.random.default_rng(9)
    f, g = rng.standard_normal((2, 60, 2))
    p = gm.Gaussian(np.zeros(60), gm.Covariance.from_factor(f, 0.1))
    q = gm.Gaussian(np.full(60, 0.1), gm.Covariance.from_factor(g, 0.2))
    np.testing.assert_allclose(function(p, q), function(twin(p), twin(q)), rtol=1e-9)


# Entropic transport


@given(seed=seeds, d=dims)
@settings(max_examples=30, deadline=None)
def test_entropic_transport_runs_between_its_limits(seed, d):
    rng = np.random.default_rng(seed)
    p, q = random_laws.gaussian(rng, d), random_laws.gaussian(rng, d, scale=2.0)
    exact, shift = gm.squared_wasserstein_distance(p, q), ((p.mean - q.mean) ** 2).sum()
    blind = shift + np.trace(p.cov + q.cov)
    epsilons = [1e-9, 1e-3, 0.1, 1.0, 10.0, 1e10]
    costs = [gm.entropic_transport_cost(p, q, epsilon=e) for e in epsilons]
    sinkhorn = [gm.sinkhorn_divergence(p, q, epsilon=e) for e in epsilons]
    assert (np.diff(costs) >= -1e-12).all()
    np.testing.assert_allclose([costs[0], costs[-1]], [exact, blind], rtol=1e-6)
    np.testing.assert_allclose([sinkhorn[0], sinkhorn[-1]], [exact, shift], rtol=1e-6, atol=1e-8)
    assert (np.diff(sinkhorn) <= 1e-12).all()


@pytest.mark.parametrize("epsilon", [1e-3, 1.0, 1e3])
def test_sinkhorn_is_the_cost_without_its_bias(epsilon):
    rng = np.random.default_rng(10)
    p, q = random_laws.gaussian(rng, 4), random_laws.gaussian(rng, 4)
    cost = partial(gm.entropic_transport_cost, epsilon=epsilon)
    expected = cost(p, q) - (cost(p, p) + cost(q, q)) / 2
    np.testing.assert_allclose(gm.sinkhorn_divergence(p, q, epsilon=epsilon), expected, rtol=1e-10)


def test_sinkhorn_where_only_the_small_axes_differ():
    # The iteration of the difference form does not settle here; the sum of its parts does.
    rng = np.random.default_rng(11)
    turn = random_laws.orthogonal(rng, 4)
    a, b = (np.array([1.0, 0.5, x, x]) for x in (1e-6, 9e-6))
    p, q = (gm.Gaussian(np.zeros(4), (turn * v) @ turn.T) for v in (a, b))
    for epsilon in (1e-9, 1e-6, 1e-3):
        truth = oracles.sinkhorn_divergence(p, q, epsilon)
        error = oracles.relative_error(gm.sinkhorn_divergence(p, q, epsilon=epsilon), truth)
        assert error <= 1e-9


def test_sinkhorn_of_nearly_equal_precisions_of_a_large_condition_number():
    # Of determinant 1: the covariance is exact, and so is the second precision.
    precision, scale = np.array([[10946.0, 6765.0], [6765.0, 4181.0]]), 1 + 2.0**-30
    given = (gm.Covariance.from_precision(x) for x in (precision, scale * precision))
    p, q = (gm.Gaussian([0, 0], cov) for cov in given)
    mp = oracles.mp
    values = mp.eigsy(mp.matrix(precision.tolist()), eigvals_only=True)

    def saving(size):
        root = mp.sqrt(1 + 16 * (size / mp.mpf(epsilon)) ** 2)
        return epsilon / mp.mpf(2) * (root - 1 - mp.log((1 + root) / 2))

    for epsilon in (1.0, 1e4):
        truth = mp.fsum(
            (saving(1 / v) + saving(1 / (scale * v))) / 2 - saving(1 / (v * mp.sqrt(scale)))
            for v in values
        )
        error = oracles.relative_error(gm.sinkhorn_divergence(p, q, epsilon=epsilon), truth)
        assert error <= 1e-7


@pytest.mark.parametrize("power", [1, -1])
def test_wasserstein_keeps_its_digits_between_near_and_far(power):
    form = np.array if power == 1 else gm.Covariance.from_precision
    for ratio in np.geomspace(1.01, 1.5, 60):
        p, q = (gm.Gaussian([0.0], form([[value]])) for value in (1.0, ratio))
        truth = abs(oracles.mp.mpf(float(ratio)) ** (oracles.mp.mpf(power) / 2) - 1)
        error = oracles.relative_error(gm.wasserstein_distance(p, q), truth)
        assert error <= 50 * np.finfo(float).eps


# Maps and paths


@given(seed=seeds, d=dims, kappa=st.floats(0, 6))
@settings(max_examples=40, deadline=None)
def test_the_map_pushes_p_to_q(seed, d, kappa):
    rng = np.random.default_rng(seed)
    p, q = (
        random_laws.gaussian(rng, d, kappa=10.0**kappa),
        random_laws.gaussian(rng, d, kappa=10.0**kappa),
    )
    move = gm.transport_map(p, q)
    t = move.matrix
    np.testing.assert_allclose(t @ p.cov @ t.T, q.cov, atol=1e-13)
    np.testing.assert_array_equal(t, t.T)
    assert np.linalg.eigvalsh(t)[0] > 0
    np.testing.assert_allclose(move(p.mean), q.mean)
    # E‖X − T(X)‖² is the squared distance.
    cost = ((p.mean - q.mean) ** 2).sum() + np.trace((t - np.eye(d)) @ p.cov @ (t - np.eye(d)).T)
    np.testing.assert_allclose(cost, gm.squared_wasserstein_distance(p, q), rtol=1e-9)
    x = rng.standard_normal((5, d))
    np.testing.assert_allclose(move.inverse()(move(x)), x, atol=1e-15 * 100 * 10.0 ** (1.5 * kappa))
    np.testing.assert_allclose(x @ t + move.offset, move(x), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(("first", "second"), list(product(STRUCTURES, repeat=2)))
def test_maps_and_paths_of_every_structure(first, second):
    rng = np.random.default_rng(12)
    p, q = law(rng, first, (4, 1)), law(rng, second, (3,))
    move = gm.transport_map(p, q)
    root = np.vectorize(np.linalg.cholesky, signature="(d,d)->(d,d)")(p.cov)
    inner = np.swapaxes(root, -1, -2) @ q.cov @ root
    w, v = np.linalg.eigh(inner)
    left = np.linalg.inv(np.swapaxes(root, -1, -2)) @ v
    expected = (left * np.sqrt(w)[..., None, :]) @ np.swapaxes(left, -1, -2)
    np.testing.assert_allclose(move.matrix, expected, rtol=1e-8, atol=1e-9)
    assert move(np.ones(D)).shape == (4, 3, D)
    middle = gm.wasserstein_geodesic(p, q, 0.25)
    assert middle.batch_shape == (4, 3)
    half = 0.75 * np.eye(D) + 0.25 * expected
    np.testing.assert_allclose(middle.cov, half @ p.cov @ half, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(middle.mean, 0.75 * p.mean + 0.25 * q.mean)


def test_a_diagonal_path_stays_diagonal():
    p, q = (gm.Gaussian([0.0, 0.0], gm.Covariance.from_diagonal(v)) for v in ([1.0, 4.0], [9.0, 4]))
    assert "Diagonal" in repr(gm.wasserstein_geodesic(p, q, 0.5).covariance)
    np.testing.assert_allclose(gm.wasserstein_geodesic(p, q, 0.5).cov, np.diag([4.0, 4.0]))


@given(seed=seeds, d=dims, s=st.floats(0, 1), t=st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_distances_add_along_the_geodesic(seed, d, s, t):
    rng = np.random.default_rng(seed)
    p, q = random_laws.gaussian(rng, d), random_laws.gaussian(rng, d)
    whole = gm.wasserstein_distance(p, q)
    path = gm.wasserstein_geodesic(p, q, [s, t])
    np.testing.assert_allclose(
        gm.wasserstein_distance(path[0], path[1]), abs(s - t) * whole, rtol=1e-7, atol=1e-13
    )
    expected = np.array([s, t]) * whole
    np.testing.assert_allclose(gm.wasserstein_distance(p, path), expected, rtol=1e-7, atol=1e-13)


def test_times_broadcast_with_the_batch():
    rng = np.random.default_rng(13)
    p, q = random_laws.gaussian(rng, 3, batch=(4,)), random_laws.gaussian(rng, 3)
    path = gm.wasserstein_geodesic(p, q, [[0.0], [1.0]])
    assert path.batch_shape == (2, 4)
    np.testing.assert_allclose(path[0].cov, p.cov, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(path[1].cov, np.broadcast_to(q.cov, (4, 3, 3)), atol=1e-14)


def test_paths_exist_between_all_singular_laws_and_maps_between_some():
    rng = np.random.default_rng(14)
    line, plane = (
        gm.Gaussian(np.zeros(3), gm.Covariance.from_factor(rng.standard_normal((3, k))))
        for k in (1, 2)
    )
    full = random_laws.gaussian(rng, 3)
    for p, q in [(line, plane), (plane, line), (line, full), (full, line), (plane, full)]:
        whole = gm.wasserstein_distance(p, q)
        path = gm.wasserstein_geodesic(p, q, [0.3, 0.7])
        np.testing.assert_allclose(gm.wasserstein_distance(p, path), whole * np.array([0.3, 0.7]))
        np.testing.assert_allclose(gm.wasserstein_distance(path, q), whole * np.array([0.7, 0.3]))
    for p, q in [(plane, line), (full, line), (full, plane), (line, line), (plane, plane)]:
        t = gm.transport_map(p, q).matrix
        np.testing.assert_allclose(t @ p.cov @ t, q.cov, atol=1e-13)
    for p, q in [(line, plane), (line, full), (plane, full)]:
        with refused(ValueError, "no map carries p to q, because q varies in directions"):
            gm.transport_map(p, q)
    with refused(ValueError, "no map carries p to q"):
        gm.transport_map(full, line).inverse()


# Barycentres


@given(seed=seeds, d=dims, share=st.floats(0.01, 0.99))
@settings(max_examples=30, deadline=None)
def test_the_barycentre_of_two_lies_on_the_geodesic(seed, d, share):
    rng = np.random.default_rng(seed)
    ps = random_laws.gaussian(rng, d, batch=(2,))
    middle = gm.wasserstein_barycenter(ps, weights=[3 * (1 - share), 3 * share])
    on_path = gm.wasserstein_geodesic(ps[0], ps[1], share)
    np.testing.assert_allclose(middle.mean, on_path.mean, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(middle.cov, on_path.cov, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("scale", [1e-100, 1.0, 1e100])
@pytest.mark.parametrize("kappa", [10.0, 1e3])
@pytest.mark.parametrize("d", [2, 8, 30])
def test_the_mean_of_the_maps_from_the_barycentre_is_the_identity(d, kappa, scale):
    rng = np.random.default_rng([d, int(kappa)])
    ps = random_laws.gaussian(rng, d, batch=(6,), kappa=kappa, scale=scale)
    w = rng.dirichlet(np.ones(6))
    middle = gm.wasserstein_barycenter(ps, w, max_steps=10 if kappa == 10.0 else 30)
    maps = gm.transport_map(middle, ps).matrix
    np.testing.assert_allclose(np.einsum("n,nij->ij", w, maps), np.eye(d), atol=1e-7)
    np.testing.assert_allclose(middle.mean, w @ ps.mean)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_barycentres_of_every_structure(structure):
    ps = law(np.random.default_rng(16), structure, (4,))
    middle, other = gm.wasserstein_barycenter(ps), gm.wasserstein_barycenter(twin(ps))
    np.testing.assert_allclose(middle.cov, other.cov, rtol=1e-8, atol=1e-8)
    assert ("Diagonal" in repr(middle.covariance)) == (structure == "diagonal")


def test_a_barycentre_with_singular_members():
    rng = np.random.default_rng(17)
    covs = [random_laws.covariance(rng, 3), np.diag([1.0, 0.0, 0.0]), np.diag([0.0, 2.0, 0.0])]
    ps = gm.Gaussian(np.zeros((3, 3)), covs, allow_singular=True)
    middle = gm.wasserstein_barycenter(ps)
    maps = gm.transport_map(middle, ps).matrix
    np.testing.assert_allclose(maps.mean(axis=0), np.eye(3), atol=1e-7)
    with refused(ValueError, "a barycentre needs a law of positive weight with a nonsingular cov"):
        gm.wasserstein_barycenter(ps, weights=[0.0, 1.0, 1.0])


def test_a_barycentre_of_few_columns():
    rng = np.random.default_rng(18)
    ps = gm.Gaussian(np.zeros((3, 4)), gm.Covariance.from_factor(rng.standard_normal((3, 4, 2))))
    with refused(ValueError, "all are singular. Shrink one of them"):
        gm.wasserstein_barycenter(ps)


def test_the_barycentre_of_one_law_and_of_equal_laws():
    p = random_laws.gaussian(np.random.default_rng(19), 4)
    for ps, w in [
        (gm.Gaussian(p.mean[None], p.cov[None]), None),
        (gm.Gaussian([p.mean] * 3, [p.cov] * 3), [1.0, 5.0, 0.0]),
    ]:
        middle = gm.wasserstein_barycenter(ps, w)
        np.testing.assert_allclose(middle.mean, p.mean, rtol=1e-14)
        np.testing.assert_allclose(middle.cov, p.cov, atol=1e-14)


def test_weights_are_normalised_and_zero_ones_do_not_count():
    rng = np.random.default_rng(20)
    ps = random_laws.gaussian(rng, 3, batch=(3,))
    first = gm.wasserstein_barycenter(ps[:2], [0.5e308, 1.5e308])
    again = gm.wasserstein_barycenter(ps, [0.25, 0.75, 0.0])
    np.testing.assert_allclose(first.cov, again.cov, rtol=1e-12)
    np.testing.assert_allclose(first.mean, again.mean, rtol=1e-12)


# Mixtures


def test_mw2_of_equal_weights_is_an_assignment():
    rng = np.random.default_rng(21)
    ps, qs = random_laws.gaussian(rng, 3, batch=(40,)), random_laws.gaussian(rng, 3, batch=(40,))
    costs = gm.pairwise(gm.squared_wasserstein_distance, ps, qs)
    rows, columns = optimize.linear_sum_assignment(costs)
    expected = np.sqrt(costs[rows, columns].mean())
    np.testing.assert_allclose(gm.mixture_wasserstein_distance(ps, qs), expected, rtol=1e-10)
    plan = gm.mixture_transport_plan(ps, qs)
    np.testing.assert_allclose(plan[rows, columns], 1 / 40, rtol=1e-9)


def test_mw2_of_integer_weights_is_an_assignment_of_copies():
    rng = np.random.default_rng(22)
    ps, qs = random_laws.gaussian(rng, 2, batch=(4,)), random_laws.gaussian(rng, 2, batch=(3,))
    many, others = np.repeat(np.arange(4), [3, 1, 4, 2]), np.repeat(np.arange(3), [5, 1, 4])
    costs = gm.pairwise(gm.squared_wasserstein_distance, ps[many], qs[others])
    expected = np.sqrt(costs[optimize.linear_sum_assignment(costs)].mean())
    result = gm.mixture_wasserstein_distance(ps, qs, weights_p=[3, 1, 4, 2], weights_q=[5, 1, 4])
    np.testing.assert_allclose(result, expected, rtol=1e-10)


@given(seed=seeds, d=st.integers(1, 3), n=st.integers(1, 5), m=st.integers(1, 5))
@settings(max_examples=30, deadline=None)
def test_mw2_and_its_plan(seed, d, n, m):
    rng = np.random.default_rng(seed)
    ps, qs = random_laws.gaussian(rng, d, batch=(n,)), random_laws.gaussian(rng, d, batch=(m,))
    a, b = rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m))
    plan = gm.mixture_transport_plan(ps, qs, weights_p=a, weights_q=b)
    distance = gm.mixture_wasserstein_distance(ps, qs, weights_p=a, weights_q=b)
    assert type(distance) is np.float64
    assert (plan >= 0).all()
    assert np.count_nonzero(plan) <= n + m - 1
    np.testing.assert_allclose(plan.sum(axis=1), a, atol=1e-12)
    np.testing.assert_allclose(plan.sum(axis=0), b, atol=1e-12)
    costs = gm.pairwise(gm.squared_wasserstein_distance, ps, qs)
    np.testing.assert_allclose(distance**2, (plan * costs).sum(), rtol=1e-12)

    def collapsed(laws_, w):
        mean = w @ laws_.mean
        spread = laws_.mean - mean
        within = np.einsum("n,nij->ij", w, laws_.cov)
        return gm.Gaussian(mean, within + (w[:, None] * spread).T @ spread)

    whole = gm.wasserstein_distance(collapsed(ps, a), collapsed(qs, b))
    assert whole <= distance * (1 + 1e-9)


def test_mw2_of_a_mixture_and_itself_in_another_order_is_zero():
    rng = np.random.default_rng(23)
    ps = random_laws.gaussian(rng, 3, batch=(7,))
    order, w = rng.permutation(7), rng.dirichlet(np.ones(7))
    result = gm.mixture_wasserstein_distance(ps, ps[order], weights_p=w, weights_q=w[order])
    np.testing.assert_allclose(result, 0.0, atol=1e-6)
    assert gm.mixture_wasserstein_distance(ps[:1], ps[:1]) == 0.0


# Errors


@of_all
def test_wrong_operands(function, oracle):
    del oracle
    p = gm.Gaussian.standard(2)
    with refused(TypeError, f"{function.__name__} takes Gaussian objects, but p is of type ndarr"):
        function(np.zeros(2), p)
    with refused(TypeError, "q = gaussmetrics.Gaussian(mean, cov)"):
        function(p, np.eye(2))
    three, four = (gm.Gaussian(np.zeros((n, 2)), np.eye(2)) for n in (3, 4))
    with refused(ValueError, "the batch shapes of p and q must broadcast, got (3,) and (4,)"):
        function(three, four)
    if "gromov" not in function.__name__:
        with refused(ValueError, f"{function.__name__} needs p and q of the same dimension"):
            function(p, gm.Gaussian.standard(3))


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (gm.entropic_transport_cost, "epsilon"),
        (gm.sinkhorn_divergence, "epsilon"),
        (gm.maximum_mean_discrepancy, "bandwidth"),
    ],
)
def test_wrong_options(function, name):
    p = gm.Gaussian.standard(2)
    for value in (0.0, -1.0, np.inf, np.nan):
        with refused(ValueError, f"{name} must be positive and finite, got {value!r}"):
            function(p, p, **{name: value})
    for value in ("1", None, True, [1.0]):
        with refused(TypeError, f"{name} must be a number, got {value!r}"):
            function(p, p, **{name: value})
    with pytest.raises(TypeError):
        function(p, p, 1.0)


PS = gm.Gaussian(np.zeros((3, 2)), np.eye(2))
SPREAD = gm.Gaussian(np.zeros((2, 2)), [[[1.0, 0.9], [0.9, 1]], [[3.0, 0], [0, 0.1]]])
LAW = gm.Gaussian.standard(2)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: gm.transport_map(LAW, gm.Gaussian.standard(3)), ValueError, "same dimension"),
        (lambda: gm.transport_map(LAW, np.eye(2)), TypeError, "transport_map takes Gaussian"),
        (lambda: gm.transport_map(LAW, LAW)([1.0]), ValueError, "x must have shape (..., 2)"),
        (
            lambda: gm.transport_map(PS, LAW)(np.zeros((4, 2))),
            ValueError,
            "the batch shapes of x and the map must broadcast",
        ),
        (lambda: gm.wasserstein_geodesic(LAW, LAW, 1.5), ValueError, "t must lie between 0, where"),
        (lambda: gm.wasserstein_geodesic(LAW, LAW, [0.5, -1]), ValueError, "got -1"),
        (lambda: gm.wasserstein_geodesic(LAW, LAW, "a"), TypeError, "t must hold real numbers"),
        (lambda: gm.wasserstein_geodesic(LAW, LAW, np.nan), ValueError, "t must be finite"),
        (lambda: gm.wasserstein_geodesic(PS, LAW, [0.5, 1]), ValueError, "p, q and t must broadc"),
        (lambda: gm.wasserstein_barycenter(LAW), ValueError, "ps must be a batch of shape (n,)"),
        (lambda: gm.wasserstein_barycenter([LAW]), TypeError, "takes a batch of Gaussians, but ps"),
        (lambda: gm.wasserstein_barycenter(PS[:0]), ValueError, "at least one law, got an empty"),
        (lambda: gm.wasserstein_barycenter(PS, [1, 2]), ValueError, "weights must have one entry"),
        (lambda: gm.wasserstein_barycenter(PS, [1, -2, 1]), ValueError, "but weights[1] is -2"),
        (lambda: gm.wasserstein_barycenter(PS, [0, 0, 0]), ValueError, "must not all be zero"),
        (lambda: gm.wasserstein_barycenter(PS, "abc"), TypeError, "weights must hold real numbers"),
        (lambda: gm.wasserstein_barycenter(PS, tolerance=0.0), ValueError, "tolerance must be pos"),
        (lambda: gm.wasserstein_barycenter(PS, max_steps=0), ValueError, "max_steps must be at le"),
        (lambda: gm.wasserstein_barycenter(PS, max_steps=1.5), TypeError, "max_steps must be an i"),
        (
            lambda: gm.wasserstein_barycenter(SPREAD, max_steps=1),
            RuntimeError,
            "the barycentre has not converged: after 1 steps the last one was",
        ),
        (lambda: gm.mixture_wasserstein_distance(LAW, PS), ValueError, "ps must be a batch of sha"),
        (lambda: gm.mixture_wasserstein_distance(PS, LAW), ValueError, "qs must be a batch of sha"),
        (lambda: gm.mixture_transport_plan(PS, 1), TypeError, "mixture_transport_plan takes Gauss"),
        (
            lambda: gm.mixture_transport_plan(PS, gm.Gaussian(np.zeros((1, 3)), np.eye(3))),
            ValueError,
            "mixture_transport_plan needs p and q of the same dimension",
        ),
        (
            lambda: gm.mixture_wasserstein_distance(PS, PS, weights_q=[1, 1]),
            ValueError,
            "weights_q must have one entry a law, shape (3,), got (2,)",
        ),
        (
            lambda: gm.mixture_wasserstein_distance(PS, PS, weights_p=[1, 1, -1]),
            ValueError,
            "weights_p must not be negative, but weights_p[2] is -1",
        ),
    ],
)
def test_errors(call, error, text):
    with refused(error, text):
        call()


def test_a_solver_that_gives_up_is_an_error(monkeypatch):
    failed = optimize.OptimizeResult(success=False, message="out of luck", x=None)
    monkeypatch.setattr(optimize, "linprog", lambda *_, **__: failed)
    with refused(RuntimeError, "the transport plan has not been found. The solver says: out of lu"):
        gm.mixture_wasserstein_distance(PS, PS, weights_p=[1.0, 2.0, 3.0])


def test_laws_that_share_one_covariance_have_it_as_the_barycentre():
    laws = gm.Gaussian([[0.0, 1.0], [2.0, 0.0]], [[2.0, 0.5], [0.5, 1.0]])
    mean = gm.wasserstein_barycenter(laws, [0.25, 0.75])
    np.testing.assert_allclose(mean.mean, [1.5, 0.25], rtol=1e-15)
    np.testing.assert_allclose(mean.cov, laws.cov, rtol=1e-14)


LEFT = np.array([[1.0, 0.0, 0.0], [0.5, 1.0, 0.0], [0.3, 0.7, 1.0]])
RIGHT = np.array([[1.0, 0.0, 0.0], [-0.8, 1.0, 0.0], [0.4, -0.6, 1.0]])


@pytest.mark.parametrize("given", [gm.Covariance.from_cholesky, lambda f: f @ f.T])
@pytest.mark.parametrize("ratio", [1e-60, 1e-9, 1e5, 1e13, 1e20, 1e60])
def test_paths_between_laws_of_very_different_size(ratio, given):
    p, q = (gm.Gaussian(np.zeros(3), given(f)) for f in (LEFT, ratio * RIGHT))
    start, end = (gm.wasserstein_geodesic(p, q, t) for t in (0.0, 1.0))
    np.testing.assert_allclose(start.cov, p.cov, rtol=1e-13)
    np.testing.assert_allclose(end.cov, q.cov, rtol=1e-13)
    there, back = gm.wasserstein_geodesic(p, q, 0.3), gm.wasserstein_geodesic(q, p, 0.7)
    np.testing.assert_allclose(there.cov, back.cov, rtol=1e-12)
    dense = [gm.Gaussian(np.zeros(3), f @ f.T) for f in (LEFT, ratio * RIGHT)]
    for metric in (gm.wasserstein_distance, gm.gromov_wasserstein_distance):
        np.testing.assert_allclose(metric(p, q), metric(*dense), rtol=1e-12)
