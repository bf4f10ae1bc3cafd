"""One decision about two supports, which every metric reads."""

from functools import partial

import numpy as np
import oracles
import pytest
import random_laws
from given import columns, from_factor
from oracles import mp, relative_error

import gaussmetrics as gm

EPS = np.finfo(float).eps
TANGIBLE = {  # unchanged by every injective affine map, and +∞ or saturated off a common support
    "kl": (gm.kl_divergence, oracles.kl_divergence),
    "jeffreys": (gm.jeffreys_divergence, oracles.jeffreys_divergence),
    "bhattacharyya": (gm.bhattacharyya_distance, oracles.bhattacharyya_distance),
    "coefficient": (gm.bhattacharyya_coefficient, oracles.bhattacharyya_coefficient),
    "hellinger": (gm.hellinger_distance, oracles.hellinger_distance),
    "renyi ½": (
        partial(gm.renyi_divergence, alpha=0.5),
        partial(oracles.renyi_divergence, alpha=0.5),
    ),
    "renyi 1.1": (
        partial(gm.renyi_divergence, alpha=1.1),
        partial(oracles.renyi_divergence, alpha=1.1),
    ),
    "chi squared": (gm.chi_squared_divergence, oracles.chi_squared_divergence),
    "chernoff": (gm.chernoff_information, oracles.chernoff_information),
    "cauchy schwarz": (gm.cauchy_schwarz_divergence, oracles.cauchy_schwarz_divergence),
    "geometric": (
        gm.geometric_jensen_shannon_divergence,
        oracles.geometric_jensen_shannon_divergence,
    ),
    "lower": (
        lambda p, q: gm.jensen_shannon_bounds(p, q).lower,
        lambda p, q: oracles.jensen_shannon_bounds(p, q)[0],
    ),
    "upper": (
        lambda p, q: gm.jensen_shannon_bounds(p, q).upper,
        lambda p, q: oracles.jensen_shannon_bounds(p, q)[1],
    ),
    "jensen shannon": (gm.jensen_shannon_divergence, None),
    "total variation": (gm.total_variation_distance, None),
    "bayes error": (gm.bayes_error, None),
    "fisher rao": (gm.fisher_rao_distance, None),
    "explained kl": (lambda p, q: gm.explain(gm.kl_divergence, p, q).total, oracles.kl_divergence),
    "explained bhattacharyya": (
        lambda p, q: gm.explain(gm.bhattacharyya_distance, p, q).total,
        oracles.bhattacharyya_distance,
    ),
}
every = pytest.mark.parametrize("name", TANGIBLE)


def with_their_sum(seed):
    """Two samples whose third column is the sum of the first two, of scales 1 and 1e-3."""
    rng = np.random.default_rng(seed)
    for count, size in ((200, 1.0), (150, 1.3)):
        two = rng.standard_normal((count, 2)) * [size, 1e-3 * size]
        yield np.column_stack([two, two.sum(1)])


@every
@pytest.mark.parametrize("seed", range(4))
def test_on_a_common_support_the_independent_columns_decide(seed, name):
    # An injective linear map makes the third column; the condition number of the two is 1e6.
    samples = list(with_their_sum(seed))
    p, q = (gm.Gaussian.from_samples(x, allow_singular=True) for x in samples)
    x, y = (columns(rows, [0, 1]) for rows in samples)
    function, oracle = TANGIBLE[name]
    for first, second, a, b in ((p, q, x, y), (q, p, y, x)):
        truth = oracle(a, b) if oracle else mp.mpf(float(function(a.law, b.law)))
        assert relative_error(function(first, second), truth) <= 100 * EPS * 1e6


def nearly_one_plane(seed, size):
    """Two singular matrices whose supports differ by an angle of about `size`."""
    rng = np.random.default_rng(seed)
    f = rng.standard_normal((3, 2))
    g = f + size * rng.standard_normal((3, 2))
    return [gm.Gaussian(np.zeros(3), h @ h.T, allow_singular=True) for h in (f, g)]


DIVERGENT = [n for n in TANGIBLE if n not in ("coefficient", "hellinger", "lower", "upper",
             "jensen shannon", "total variation", "bayes error")]  # fmt: skip


@pytest.mark.parametrize("size", [*(10.0**-k for k in range(15, 5, -1)), 1e-4, 1e-2])
@pytest.mark.parametrize("seed", range(6))
def test_one_verdict_near_the_boundary(seed, size):
    p, q = nearly_one_plane(seed, size)
    for a, b in ((p, q), (q, p)):
        values = {name: float(TANGIBLE[name][0](a, b)) for name in TANGIBLE}
        assert not any(np.isnan(list(values.values()))), values
        finite = {name: np.isfinite(values[name]) for name in DIVERGENT}
        assert len(set(finite.values())) == 1, finite
        assert not (finite["kl"] and size >= 1e-4), "these planes are not one"
        assert values["lower"] <= values["upper"]
        if finite["kl"]:
            # Of the size of the change, squared, or of what rounding leaves of the matrices.
            spread = np.linalg.eigvalsh(p.cov)
            bound = 100 * (size + EPS) ** 2 * (spread[2] / spread[1]) ** 2
            small = {n: values[n] for n in DIVERGENT if n not in ("fisher rao",)}
            assert all(0 <= value <= bound for value in small.values()), (bound, small)
            assert values["hellinger"] <= np.sqrt(bound)
            assert values["total variation"] <= np.sqrt(bound)
            assert values["fisher rao"] <= 10 * np.sqrt(bound)
        else:
            assert values["hellinger"] == values["total variation"] == 1
            assert values["coefficient"] == values["bayes error"] == 0
            np.testing.assert_allclose(values["lower"], np.log(2), rtol=1e-15)


@pytest.mark.parametrize("split", [(1, 7), (2, 6), (3, 5), (4, 4)])
def test_mutual_information_has_one_verdict_in_both_orders(split):
    # Rank 7 in eight coordinates: the joint law is singular, the product of its marginals is not.
    for seed in range(200):
        rng = np.random.default_rng(seed)
        factor = rng.standard_normal((8, 7))
        p = gm.Gaussian(np.zeros(8), gm.Covariance.from_factor(factor))
        order = rng.permutation(8).tolist()
        x, y = order[: split[0]], order[split[0] :]
        assert gm.mutual_information(p, x, y) == gm.mutual_information(p, y, x) == np.inf


def test_mutual_information_of_a_singular_matrix_has_one_verdict():
    for seed in range(100):
        f = np.random.default_rng(seed).standard_normal((5, 4))
        p = gm.Gaussian(np.zeros(5), f @ f.T, allow_singular=True)
        assert gm.mutual_information(p, [0, 1], [2, 3, 4]) == np.inf
        assert gm.mutual_information(p, [2, 3, 4], [0, 1]) == np.inf
        regular = gm.mutual_information(p, [0, 1], [2, 3])
        truth = oracles.mutual_information(p, [0, 1], [2, 3])
        assert relative_error(regular, truth) <= 100 * EPS * np.linalg.cond(p.cov[:4, :4])


# Points of a singular law


def log_density_on_support(f, points):
    """−½ (‖z‖² + log det(FᵀF) + r log 2π) with F z the projection of the point."""
    f = oracles.matrix(f)
    gram = f.T * f
    half = (mp.log(mp.det(gram)) + f.cols * mp.log(2 * mp.pi)) / 2
    coordinates = [mp.lu_solve(gram, f.T * oracles.matrix(x)) for x in points]
    return [float(-half - mp.fsum(z * z for z in c) / 2) for c in coordinates]


@pytest.mark.parametrize("kind", ["numpy", "float32", "twelve digits", "own"])
@pytest.mark.parametrize("shape", [(2, 1), (3, 2), (5, 2), (8, 7)])
def test_points_of_a_singular_law_have_a_density(shape, kind):
    # Eigenvalues below 4dε count as zero, so deviations up to √(4dε) cannot be told from none.
    f = np.random.default_rng(shape).standard_normal(shape)
    p = gm.Gaussian(np.zeros(shape[0]), f @ f.T, allow_singular=True)
    if kind == "numpy":
        rng = np.random.default_rng(1)
        points = rng.multivariate_normal(p.mean, p.cov, 200, method="svd")
    else:
        points = p.sample(200, rng=1)
        if kind == "float32":
            points = points.astype(np.float32)
        elif kind == "twelve digits":
            points = np.array([[float(f"{v:.12g}") for v in row] for row in points])
    values = p.logpdf(points)
    assert np.isfinite(values).all()
    digits = 1e-5 if kind == "float32" else 1e-9
    expected = log_density_on_support(f, points[:20])
    kappa = np.linalg.cond(f) ** 2
    np.testing.assert_allclose(values[:20], expected, rtol=digits * kappa, atol=digits * kappa)


@pytest.mark.parametrize("d", [2, 3, 5])
@pytest.mark.parametrize("r", [1, 2, 4])
def test_draws_from_a_projection_have_a_density(d, r):
    # The covariance is an orthogonal projection, the draws NumPy's, as in SciPy's own test.
    if r >= d:
        pytest.skip("no singular law")
    for seed in range(20):
        rng = np.random.default_rng(seed)
        u = random_laws.orthogonal(rng, d)[:, :r]
        p = gm.Gaussian(np.zeros(d), u @ u.T, allow_singular=True)
        x = rng.multivariate_normal(np.zeros(d), u @ u.T, size=10)
        expected = -0.5 * ((x * x).sum(1) + r * np.log(2 * np.pi))
        np.testing.assert_allclose(p.logpdf(x), expected, rtol=1e-6)


@pytest.mark.parametrize("away", [1e-6, 1e-3, 1.0])
def test_points_off_the_support_have_none(away):
    f = np.random.default_rng(3).standard_normal((3, 2))
    p = gm.Gaussian(np.zeros(3), f @ f.T, allow_singular=True)
    normal = np.cross(f[:, 0], f[:, 1])
    point = f @ [0.3, 0.5] + away * normal / np.linalg.norm(normal)
    assert p.logpdf(point) == -np.inf


@every
def test_means_within_the_tolerance_off_a_common_support(name):
    # 1e-10 across the support is less than √(4dε): the answer is that of the means within it.
    f = np.random.default_rng(4).standard_normal((3, 2))
    normal = np.cross(f[:, 0], f[:, 1])
    normal /= np.linalg.norm(normal)
    step = f @ [0.2, -0.1]
    p = gm.Gaussian(np.zeros(3), f @ f.T, allow_singular=True)
    q, aside = (
        gm.Gaussian(step + h * normal, 1.5 * f @ f.T, allow_singular=True) for h in (0.0, 1e-10)
    )
    function = TANGIBLE[name][0]
    np.testing.assert_allclose(function(p, aside), function(p, q), rtol=1e-9)
    assert np.isfinite(function(p, aside))


@pytest.mark.parametrize("kinds", ["factors", "matrices", "factor and matrix"])
@pytest.mark.parametrize("name", [n for n in TANGIBLE if TANGIBLE[n][1]])
def test_factors_and_matrices_on_one_support(name, kinds):
    # q is p's factor times a square matrix: in the coordinates of the factor, p is standard.
    function, oracle = TANGIBLE[name]
    for seed in (*range(20), 76, 144, 158, 196, 333, 390):
        rng = np.random.default_rng(seed)
        d = int(rng.integers(2, 8))
        r = int(rng.integers(1, d))
        f = rng.standard_normal((d, r))
        turn = rng.standard_normal((r, r)) + 2 * np.eye(r)
        g = f @ turn
        p, q = (
            gm.Gaussian(np.zeros(d), h @ h.T, allow_singular=True)
            if kinds == "matrices" or (kinds == "factor and matrix" and h is g)
            else gm.Gaussian(np.zeros(d), gm.Covariance.from_factor(h))
            for h in (f, g)
        )
        standard, turned = from_factor(np.eye(r)), from_factor(turn)
        truth = oracle(standard, turned)
        kappa = np.linalg.cond(turn) ** 2 * np.linalg.cond(f) ** 2
        assert relative_error(function(p, q), truth) <= 1e-10 + 100 * EPS * kappa, seed
