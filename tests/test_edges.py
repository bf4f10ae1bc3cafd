"""Corners where a plausible implementation goes wrong: each of these once gave a wrong answer."""

import copy
import pickle
import re

import laws
import numpy as np
import oracles
import pytest

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
    u, v = laws.orthogonal(rng, 3), laws.orthogonal(rng, 5)[:3]
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
    a = laws.covariance(rng, 4, kappa=1e8)
    b = laws.perturbed(rng, a, 1e-10)
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
    a, b = laws.covariance(rng, 3), laws.covariance(rng, 3)
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
    cov = laws.covariance(np.random.default_rng(8), 4, kappa=1e14)
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
