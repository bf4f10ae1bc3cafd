"""Corners where a plausible implementation goes wrong: each of these once gave a wrong answer."""

import copy
import pickle
import re

import mpmath as mp
import numpy as np
import oracles
import pytest
import random_laws

import gaussmetrics as gm

G, Cov = gm.Gaussian, gm.Covariance


def law(cov):
    return G(np.zeros(cov.dim), cov)


def exact_overlap(f, g):
    a, b = oracles.matrix(f), oracles.matrix(g)
    s = oracles.mp.fsum(oracles.mp.svd_r(a.T * b, compute_uv=False))
    return oracles.trace(a.T * a) + oracles.trace(b.T * b) - 2 * s


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("distance", [1e-3, 0.1])
def test_wasserstein_from_a_plane_to_a_full_law_nearby(seed, distance):
    f = np.random.default_rng(seed).standard_normal((4, 2))
    s = f @ f.T
    p = G(np.zeros(4), (s + s.T) / 2, allow_singular=True)
    q = G(np.zeros(4), (s + s.T) / 2 + distance * np.eye(4))
    eigenvalues = np.linalg.eigvalsh(s)[2:]
    expected = 2 * distance + ((np.sqrt(eigenvalues + distance) - np.sqrt(eigenvalues)) ** 2).sum()
    for a, b in ((p, q), (q, p)):
        np.testing.assert_allclose(gm.squared_wasserstein_distance(a, b), expected, rtol=1e-11)


@pytest.mark.parametrize("size", [0.1, 1e-3, 1e-6, 1e-9])
@pytest.mark.parametrize("kappa", [1e4, 1e10, 1e12, 1e14])
def test_wasserstein_between_ill_conditioned_factors(kappa, size):
    rng = np.random.default_rng(0)
    u, v = random_laws.orthogonal(rng, 3), random_laws.orthogonal(rng, 5)[:3]
    f = (u * np.sqrt(kappa) ** -np.linspace(0.0, 1.0, 3)) @ v
    g = f * (1 + size * rng.standard_normal(f.shape))
    p, q = law(Cov.from_factor(f)), law(Cov.from_factor(g))
    truth = exact_overlap(f, g)
    assert oracles.relative_error(gm.squared_wasserstein_distance(p, q), truth) <= 2e-12


@pytest.mark.parametrize("noise", [1e-8, 1e-12, 1e-16])
@pytest.mark.parametrize("r", [2, 4])
def test_low_rank_with_little_noise(noise, r):
    rng = np.random.default_rng(1)
    f = rng.standard_normal((4, r))
    q = law(Cov.from_factor(f, noise))
    p = law(Cov.from_diagonal(rng.gamma(2.0, size=4)))
    a = oracles.matrix(f)
    b = a * a.T + oracles.mp.mpf(noise) * oracles.mp.eye(4)
    ratio = oracles.mp.inverse(b) * oracles.matrix(p.cov)
    truth = (oracles.trace(ratio) - oracles.log_det(ratio) - 4) / 2
    assert oracles.relative_error(gm.kl_divergence(p, q), truth) <= 1e-10
    x, y = [0], [1, 2, 3]
    weights = q.conditional(x).weights
    exact = b[1:, 0] / b[0, 0]
    np.testing.assert_allclose(weights[0], [float(v) for v in exact], rtol=1e-10)
    residual = b[1:, 1:] - b[1:, 0] * b[0, 1:] / b[0, 0]
    np.testing.assert_allclose(
        q.conditional(x).covariance.dense(),
        np.array(residual.tolist(), dtype=float),
        rtol=1e-9,
        atol=1e-13,
    )
    assert len(y) == residual.rows


@pytest.mark.parametrize("kappa", [1e8, 1e15])
def test_bhattacharyya_of_factors_keeps_their_accuracy(kappa):
    small = kappa**-0.5
    p, q = (law(Cov.from_cholesky([[1.0, 0.0], [1.0, k * small]])) for k in (1, 2))
    a, b = ((oracles.matrix(c.covariance.lower)) for c in (p, q))
    a, b = a * a.T, b * b.T
    truth = oracles.log_det((a + b) / 2) / 2 - (oracles.log_det(a) + oracles.log_det(b)) / 4
    assert oracles.relative_error(gm.bhattacharyya_distance(p, q), truth) <= 1e-12


def test_a_singular_neighbour_in_the_batch_costs_no_digits():
    rng = np.random.default_rng(5)
    a = random_laws.covariance(rng, 4, kappa=1e8)
    b = random_laws.perturbed(rng, a, 1e-10)
    flat = np.diag([1.0, 1.0, 0.0, 0.0])
    p, q = (G(np.zeros(4), np.stack([m, flat]), allow_singular=True) for m in (a, b))
    alone = gm.kl_divergence(G(np.zeros(4), a), G(np.zeros(4), b))
    np.testing.assert_allclose(gm.kl_divergence(p, q), [alone, 0.0], rtol=1e-6)


def test_an_ellipsis_indexes_the_batch_and_not_the_coordinates():
    p = G(np.arange(9.0).reshape(3, 3), np.stack([np.eye(3) * k for k in (1, 2, 3)]))
    np.testing.assert_array_equal(p[..., 0].mean, [0.0, 1.0, 2.0])
    assert p[..., None].batch_shape == (3, 1)
    assert p[..., 1:].batch_shape == (2,)
    assert gm.kl_divergence(p[..., 0], p[0]) == 0.0


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e155, 1e300])
def test_wasserstein_where_squares_of_variances_overflow(scale):
    rng = np.random.default_rng(6)
    a, b = random_laws.covariance(rng, 3), random_laws.covariance(rng, 3)
    expected = gm.squared_wasserstein_distance(*(G(np.zeros(3), m) for m in (a, b)))
    scaled = gm.squared_wasserstein_distance(*(G(np.zeros(3), m * scale) for m in (a, b)))
    np.testing.assert_allclose(scaled / scale, expected, rtol=1e-12)


def test_thin_directions_are_told_apart():
    p, q = (
        law(Cov.from_factor(f)) for f in ([[1, 0], [0, 0], [0, 1e-6]], [[1, 0], [0, 1e-6], [0, 0]])
    )
    assert gm.kl_divergence(p, q) == gm.bhattacharyya_distance(p, q) == np.inf
    assert gm.cross_entropy(p, q) == np.inf
    thin = Cov.from_factor([[1.0, 0.0], [0.0, 1e-5], [0.0, 0.0]])
    assert gm.kl_divergence(G([0, 0, 0], thin), G([0, 0, 9e-7], thin)) == np.inf


def test_diagonal_variances_340_decades_apart():
    p, q = (law(Cov.from_diagonal([v])) for v in (1e-170, 1e170))
    np.testing.assert_allclose(gm.kl_divergence(p, q), 170 * np.log(10) - 0.5, rtol=1e-14)
    assert gm.kl_divergence(q, p) == np.inf


def test_a_row_of_weight_zero_leaves_no_trace():
    wide = [[1e20] * 3, [1.0, 2.0, 3.0], [3.0, 5.0, 4.0]]
    p = G.from_samples(wide, weights=[0, 1, 1])
    np.testing.assert_array_equal(p.mean, [2.0, 3.5, 3.5])
    np.testing.assert_allclose(p.cov, np.cov(np.array(wide[1:]).T), rtol=1e-14)
    tall = G.from_samples([[1e20], [1.0], [2.0], [3.0]], weights=[0, 1, 1, 1])
    np.testing.assert_array_equal([tall.mean[0], tall.cov[0, 0]], [2.0, 1.0])


def test_eigenvalues_beyond_double_precision_are_refused():
    v = np.sqrt(0.5) * np.array([[1.0, -1.0], [1.0, 1.0]])
    text = "eigenvalues from 1e-34 to 1 span more than double precision"
    with pytest.raises(ValueError, match=re.escape(text)):
        Cov.from_eigendecomposition([1.0, 1e-34], v)
    assert Cov.from_eigendecomposition([1.0, 1e-34], v, allow_singular=True).rank() == 1


@pytest.mark.parametrize("seed", range(6))
def test_ledoit_wolf_on_two_rows_is_no_shrinkage(seed):
    x = np.random.default_rng(seed).standard_normal((2, 3))
    p = G.from_samples(x, shrinkage="ledoit-wolf")
    np.testing.assert_allclose(p.cov, np.cov(x.T), atol=1e-12)
    assert np.isfinite(p.logpdf(x)).all()


def test_conditionals_at_the_edge_of_double_precision():
    p = law(Cov.from_cholesky([[1.0, 0.0], [1.0, 1e-15]]))
    np.testing.assert_allclose(p.conditional([0]).weights, [[1.0]])
    np.testing.assert_allclose(p.conditional([0]).covariance.dense(), [[1e-30]])
    cov = random_laws.covariance(np.random.default_rng(8), 4, kappa=1e14)
    q = G(np.zeros(4), cov)
    for order in ([0, 1, 2, 3], [3, 2, 1, 0]):
        np.testing.assert_array_equal(q.marginal(order).cov, q.cov[np.ix_(order, order)])
        assert np.isfinite(q.conditional(order[:2]).weights).all()


@pytest.mark.parametrize("tiny", [-1e-20, -1e-300])
def test_a_tiny_negative_variance_is_refused_with_a_clear_text(tiny):
    with pytest.raises(ValueError, match="cov is singular"):
        G(np.zeros(2), [[1.0, 0.0], [0.0, tiny]])
    with pytest.raises(ValueError, match=re.escape("precision is singular")):
        Cov.from_precision([[1.0, 0.0], [0.0, tiny]])


@pytest.mark.parametrize("zero", [np.float32(0), np.int64(0), 0])
def test_no_shrinkage_of_any_number_type(zero):
    x = np.random.default_rng(9).standard_normal((3, 5))
    assert G.from_samples(x, shrinkage=zero).covariance.rank() == 2


@pytest.mark.parametrize("scale", [1e-100, 1e100])
@pytest.mark.parametrize("n", [3, 30])
@pytest.mark.parametrize("shrinkage", [0.5, "oas", "ledoit-wolf"])
def test_shrinkage_has_no_scale(shrinkage, n, scale):
    x = np.random.default_rng(10).standard_normal((n, 4))
    expected = G.from_samples(x, shrinkage=shrinkage).cov
    scaled = G.from_samples(x * scale, shrinkage=shrinkage).cov
    np.testing.assert_allclose(scaled / scale / scale, expected, rtol=1e-10)


def test_a_shared_covariance_is_not_repeated():
    p = G(np.random.default_rng(11).standard_normal((100, 3)), np.eye(3))
    assert p[:, None].covariance is p.covariance
    assert gm.pairwise(gm.wasserstein_distance, p).shape == (100, 100)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))])
@pytest.mark.parametrize(
    "cov",
    [
        np.eye(2),
        Cov.from_factor(np.eye(2, 3)),
        Cov.from_factor([[1.0], [2.0]]),
        Cov.from_factor([[1.0], [2.0]], 1.0),
        Cov.from_diagonal([1.0, 2.0]),
    ],
    ids=str,
)
def test_copies_stay_read_only(cov, again):
    p = again(G(np.zeros(2), cov))
    arrays = [p.mean, *(v for v in vars(p.covariance).values() if isinstance(v, np.ndarray))]
    assert not any(array.flags.writeable for array in arrays)


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match="the batch shapes of X and weights must broadcast"):
        G.from_samples(np.ones((5, 2)), weights=np.ones((3, 5)))
    with pytest.raises(ValueError, match="the batch shapes of eigenvalues and eigenvectors"):
        Cov.from_eigendecomposition(np.ones((3, 2)), np.stack([np.eye(2)] * 4))
    regression = G(np.zeros((3, 2)), np.eye(2)).conditional(0)
    with pytest.raises(ValueError, match="the batch shapes of x and the Gaussian"):
        regression(np.ones((5, 1)))
    with pytest.raises(ValueError, match="indices must name coordinates"):
        gm.Gaussian.standard(3).marginal([[0], [1, 2]])
    with pytest.raises(ValueError, match="indices must name coordinates"):
        gm.Gaussian.standard(3).marginal(slice(0.5, 2))
    assert G.from_samples(np.zeros((0, 5, 2))).batch_shape == (0,)


def test_a_divergence_to_a_singular_law_forms_no_matrix():
    d = 20_000
    p = law(Cov.from_factor(np.ones((d, 1))))
    q = law(Cov.from_diagonal(np.ones(d)))
    assert gm.bhattacharyya_distance(p, q) == gm.kl_divergence(p, q) == np.inf
    assert gm.hellinger_distance(q, p) == 1.0


def test_extended_precision_input_is_rounded():
    x = np.random.default_rng(12).standard_normal((3, 5))
    np.testing.assert_allclose(
        G.from_samples(x.astype(np.longdouble)).cov, G.from_samples(x).cov, rtol=1e-14, atol=1e-16
    )
    if np.finfo(np.longdouble).max > np.finfo(float).max:
        with pytest.raises(ValueError, match="mean must be finite"):
            G([np.longdouble("1e400")], [[1.0]])


TRIDIAGONAL = np.array([[2.0, 1.0, 0.0], [1.0, 2.0, 1.0], [0.0, 1.0, 2.0]])
LINE = Cov.from_factor(np.ones((3, 1)))


def centred(matrix):
    return G(np.zeros(len(matrix)), matrix)


@pytest.mark.parametrize("scale", [1e-16, 1e-20])
@pytest.mark.parametrize("large", [LINE, Cov.from_factor(np.ones((3, 1)), 1e-21)], ids=str)
def test_kernel_distances_of_a_small_law_from_a_thin_one(large, scale):
    p, q = centred(TRIDIAGONAL * scale), law(large)
    truth = oracles.energy_distance(p, q)
    assert oracles.relative_error(gm.energy_distance(p, q), truth) <= 1e-10
    for bandwidth in np.sqrt(scale) * np.array([0.3, 1.0, 1e6]):
        truth = oracles.maximum_mean_discrepancy(p, q, bandwidth)
        value = gm.maximum_mean_discrepancy(q, p, bandwidth=bandwidth)
        assert oracles.relative_error(value, truth) <= 1e-9


STRUCTURES = {
    "matrix": lambda p: p,
    "large batch": lambda p: G(np.tile(p.mean, (40, 1)), np.tile(p.cov, (40, 1, 1))),
    "diagonal": lambda p: G(p.mean, Cov.from_diagonal(np.diag(p.cov))),
    "low rank": lambda p: G(p.mean, Cov.from_factor(np.sqrt(p.cov[:, :1]), np.diag(p.cov) / 2)),
    "factor": lambda p: G(p.mean, Cov.from_factor(np.linalg.cholesky(p.cov) @ np.eye(3, 4))),
    "singular": lambda p: G(p.mean, Cov.from_factor(np.sqrt(p.cov[:, :1]) * np.eye(3))),
}
INFINITE = {
    "kl_divergence": {},
    "jeffreys_divergence": {},
    "cross_entropy": {},
    "bhattacharyya_distance": {},
    "cauchy_schwarz_divergence": {},
    "renyi_divergence": {"alpha": 0.7},
    "chi_squared_divergence": {},
    "geometric_jensen_shannon_divergence": {},
}


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize(
    ("scales", "shift"),
    [
        ((1e-300, 1e-300), [1e160, 1e160, 1e160]),
        ((1e-300, 1e-300), [1e160, -1e160, 1e160]),
        ((1.0, 0.1), [1e308, -1e308, 1e308]),
    ],
)
def test_squared_mahalanobis_distances_beyond_the_largest_float(structure, scales, shift):
    given = STRUCTURES[structure]
    a, b = (TRIDIAGONAL * scale for scale in scales)
    p, q = given(G(np.zeros(3), a)), given(G(shift, b))
    for name, options in INFINITE.items():
        assert np.all(getattr(gm, name)(p, q, **options) == np.inf), name
    assert np.all(gm.hellinger_distance(p, q) == 1.0)
    assert np.all(gm.bhattacharyya_coefficient(p, q) == 0.0)
    np.testing.assert_allclose(gm.jensen_shannon_bounds(p, q), np.log(2))


@pytest.mark.parametrize("first", STRUCTURES)
@pytest.mark.parametrize("second", STRUCTURES)
def test_variances_400_decades_apart(first, second):
    p = STRUCTURES[first](centred(TRIDIAGONAL * 1e200))
    q = STRUCTURES[second](centred(TRIDIAGONAL * 1e-200))
    for name in ("kl_divergence", "jeffreys_divergence", "geometric_jensen_shannon_divergence"):
        assert np.all(getattr(gm, name)(p, q) == np.inf), name
    assert np.all(gm.cross_entropy(p, q) == np.inf)


@pytest.mark.parametrize("metric", [gm.kl_divergence, gm.bhattacharyya_distance])
def test_what_explains_an_infinite_divergence(metric):
    far = gm.explain(metric, G([1e155, 0], np.eye(2)), G([0, 0], np.eye(2)))
    np.testing.assert_array_equal([far.means[0], far.means[1], far.scale], [np.inf, 0, 0])
    p, q = G([0, 0], np.eye(2) * 1e200), G([0, 0], np.eye(2) * 1e-200)
    for pair in ((p, q), (q, p)):
        parts = gm.explain(metric, *pair)
        np.testing.assert_allclose(parts.scale, metric(*pair), rtol=1e-14)
        assert parts.mean == parts.orientation == 0.0


def test_what_explains_a_squared_wasserstein_distance_beyond_the_largest_float():
    p, q = G([1e155, 0], np.eye(2)), G([0, 0], np.eye(2))
    assert gm.explain(gm.squared_wasserstein_distance, p, q).means.tolist() == [np.inf, 0.0]


@pytest.mark.parametrize(("scale", "variance"), [(1e-170, 1e-300), (1e200, 1.0)])
def test_mixtures_whose_squared_distances_leave_the_floats(scale, variance):
    ps, qs = (G([[0.0], [x]], [[variance]]) for x in (3 * scale, scale))
    distance = gm.mixture_wasserstein_distance(ps, qs)
    np.testing.assert_allclose(distance / scale, np.sqrt(2), rtol=1e-12)
    np.testing.assert_allclose(gm.mixture_transport_plan(ps, qs), 0.5 * np.eye(2), atol=1e-12)


@pytest.mark.parametrize("scale", [2.0**-500, 2.0**500])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_energy_distances_where_squares_leave_the_floats(structure, scale):
    p, q = centred(TRIDIAGONAL), G([0.0, 0.3, 1.0], 2 * TRIDIAGONAL)
    expected = gm.energy_distance(*(STRUCTURES[structure](g) for g in (p, q)))
    scaled = (STRUCTURES[structure](G(scale * g.mean, scale**2 * g.cov)) for g in (p, q))
    np.testing.assert_allclose(gm.energy_distance(*scaled) / scale**0.5, expected, rtol=1e-11)


@pytest.mark.parametrize("distance", [1e155, 1e200, 1.6e308])
@pytest.mark.parametrize("variance", [0.0, 1e-300, 1.0, 1e300])
def test_the_energy_distance_of_laws_far_apart_is_that_of_points(distance, variance):
    cov = Cov.from_diagonal([variance], allow_singular=True)
    p, q = G([distance], cov), G([-distance], cov)
    width = np.sqrt(variance) / distance / np.sqrt(4 * np.pi)
    np.testing.assert_allclose(gm.energy_distance(p, q) / 2 / distance**0.5, 1 - width, rtol=2e-10)


@pytest.mark.parametrize("rows", [50, 3])
@pytest.mark.parametrize("shrinkage", [0.0, 0.3, "oas", "ledoit-wolf"])
def test_samples_whose_squares_underflow_are_refused(rows, shrinkage):
    x = np.random.default_rng(13).standard_normal((rows, 3))
    expected = G.from_samples(x, shrinkage=shrinkage)
    p = G.from_samples(x * 2.0**-500, shrinkage=shrinkage)
    np.testing.assert_allclose(p.cov * 2.0**1000, expected.cov, rtol=1e-13)
    if rows == 3 and shrinkage == 0.0:
        return
    for scale in (1e-155, 1e-160, 1e-200, 1e-300):
        with pytest.raises(ValueError, match=r"squares of X underflow float64\. Rescale"):
            G.from_samples(x * scale, shrinkage=shrinkage, allow_singular=True)


def test_few_samples_keep_a_factor_whose_squares_underflow():
    x = np.random.default_rng(13).standard_normal((3, 4))
    p, small = G.from_samples(x), G.from_samples(x * 2.0**-700)
    np.testing.assert_array_equal(small.covariance.factor() * 2.0**700, p.covariance.factor())
    assert small.covariance.rank() == 2
    assert gm.kl_divergence(small, small) == 0.0


def test_columns_that_do_not_vary_are_no_underflow():
    x = np.random.default_rng(14).standard_normal((20, 3))
    x[:, 1] = 1e-200
    x[0, 1] = 7.0
    weights = np.r_[0.0, np.ones(19)]
    p = G.from_samples(x, weights=weights, allow_singular=True)
    assert p.covariance.rank() == 2
    x[3, 1] = 1e-180
    with pytest.raises(ValueError, match="the squares of X underflow float64"):
        G.from_samples(x, weights=weights, allow_singular=True)


def test_errors_between_mixtures_name_what_was_passed():
    ps, qs = G([[0.0], [1.0]], [[1.0]], names=["a"]), G([[0.0], [1.0]], [[1.0]], names=["b"])
    for metric in (gm.mixture_wasserstein_distance, gm.mixture_transport_plan):
        with pytest.raises(ValueError, match=rf"^{metric.__name__} needs p and q of the same vari"):
            metric(ps, qs)
        with pytest.raises(ValueError, match=re.escape("weights_p must have one entry a law")):
            metric(ps, ps, weights_p=[1.0])
    with pytest.raises(ValueError, match=r"^weights must have one entry a law"):
        gm.Mixture(np.ones(3) / 3, ps)
    with pytest.raises(ValueError, match=re.escape("but weights[1] is -1")):
        gm.Mixture([1.0, -1.0], ps)


@pytest.mark.parametrize("ratio", [1e-4, 1e-12, 1e-20])
@pytest.mark.parametrize("kind", ["low rank", "cholesky"])
def test_bhattacharyya_of_a_small_matrix_against_a_factor(kind, ratio):
    # Summed as matrices, the small one is lost in the rounding of the large one.
    small = ratio * np.array([[2.0, 1.0, 0.0], [1.0, 2.0, 1.0], [0.0, 1.0, 2.0]])
    f = np.array([[1.0, 0.5], [1.0, -1.0], [1.0, 2.0]])
    if kind == "low rank":
        cov = gm.Covariance.from_factor(f, ratio)
        p, q = gm.Gaussian(np.zeros(3), small), gm.Gaussian(np.zeros(3), cov)
        second = [[*f[i], *(np.sqrt(ratio) * np.eye(3)[i])] for i in range(3)]
    else:
        second = [[1.0, 0.0, 0.0], [1.0, np.sqrt(ratio), 0.0], [1.0, 0.5, 1.0]]
        cov = gm.Covariance.from_cholesky(second)
        p, q = gm.Gaussian(np.zeros(3), small), gm.Gaussian(np.zeros(3), cov)
    with mp.workdps(120):
        g = mp.matrix([[mp.mpf(float(x)) for x in row] for row in second])
        a, b = mp.matrix(small.tolist()), g * g.T
        truth = mp.log(mp.det((a + b) / 2) / mp.sqrt(mp.det(a) * mp.det(b))) / 2
    assert gm.bhattacharyya_distance(p, q) == pytest.approx(float(truth), rel=1e-8)
