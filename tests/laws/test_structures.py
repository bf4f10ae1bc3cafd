"""Structured covariances: the answers of their dense twins, more digits, the singular rules."""

import numpy as np
import oracles
import pytest
import random_laws
from hypothesis import given, settings
from hypothesis import strategies as st
from structured_laws import STRUCTURES, D, Exact, law, near, twin
from table import METRICS, OVERLAPS

import gaussmetrics as gm

Cov = gm.Covariance
ALL = [*METRICS, *OVERLAPS]
AFFINE = [m for m in METRICS if m.affine and m.oracle]
BOUNDED = {
    "hellinger_distance": 1.0,
    "total_variation_distance": 1.0,
    "jensen_shannon_divergence": np.log(2.0),
}


@pytest.mark.parametrize("metric", ALL, ids=lambda m: m.name)
@pytest.mark.parametrize("second", STRUCTURES)
@pytest.mark.parametrize("first", STRUCTURES)
def test_every_pair_equals_its_dense_twin(first, second, metric):
    rng = np.random.default_rng(0)
    p, q = law(rng, first, (4, 1)), law(rng, second, (3,))
    result = metric.function(p, q)
    assert result.shape == (4, 3)
    np.testing.assert_allclose(result, metric.function(twin(p), twin(q)), rtol=1e-10)
    single = metric.function(p[2, 0], q[1])
    np.testing.assert_allclose(single, result[2, 1], rtol=1e-11)
    assert type(single) is np.float64


@pytest.mark.parametrize("batch", [(), (3,)])
@pytest.mark.parametrize("structure", STRUCTURES)
class TestOne:
    def test_parts(self, structure, batch):
        rng = np.random.default_rng(1)
        p = law(rng, structure, batch)
        cov, matrix = p.covariance, p.cov
        x = rng.standard_normal((*batch, D))
        f = cov.factor()
        np.testing.assert_allclose(f @ np.swapaxes(f, -1, -2), matrix, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(cov.half(x[..., None]), np.swapaxes(f, -1, -2) @ x[..., None])
        np.testing.assert_allclose(
            cov.log_det(), np.linalg.slogdet(matrix)[1], rtol=1e-9, atol=1e-9
        )
        np.testing.assert_allclose(cov.trace(), np.trace(matrix, axis1=-2, axis2=-1), rtol=1e-12)
        inverse = np.linalg.inv(matrix)
        np.testing.assert_allclose(
            cov.precisions(), np.diagonal(inverse, axis1=-2, axis2=-1), rtol=1e-8
        )
        expected = np.einsum("...i,...ij,...j->...", x, inverse, x)
        np.testing.assert_allclose((cov.whiten(x) ** 2).sum(axis=-1), expected, rtol=1e-9)
        assert np.all(cov.rank() == D)
        assert not cov.singular
        assert str(D) in repr(cov)

    def test_methods_agree_with_the_dense_twin(self, structure, batch):
        rng = np.random.default_rng(2)
        p = law(rng, structure, batch)
        x = rng.standard_normal((2, *batch, D))
        np.testing.assert_allclose(p.logpdf(x), twin(p).logpdf(x), rtol=1e-10)
        np.testing.assert_allclose(gm.entropy(p), gm.entropy(twin(p)), rtol=1e-10)
        chosen = [3, 0]
        np.testing.assert_allclose(p.marginal(chosen).cov, twin(p).marginal(chosen).cov, rtol=1e-10)
        ours, theirs = p.conditional(chosen), twin(p).conditional(chosen)
        np.testing.assert_allclose(ours.weights, theirs.weights, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(ours.intercept, theirs.intercept, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(
            ours.covariance.dense(), theirs.covariance.dense(), rtol=1e-8, atol=1e-10
        )

    def test_samples_are_whitened_to_unit_covariance(self, structure, batch):
        n = 20_000
        p = law(np.random.default_rng(3), structure, batch)
        x = p.sample(n, rng=4) - p.mean
        distances = (p.covariance.whiten(x) ** 2).sum(axis=-1)
        z = (distances.mean(axis=0) - D) / np.sqrt(2 * D / n)
        assert np.abs(z).max() < 4


@pytest.fixture
def unrounded(monkeypatch):
    plain = oracles.matrix
    monkeypatch.setattr(
        oracles, "matrix", lambda a: a if isinstance(a, oracles.mp.matrix) else plain(a)
    )


@pytest.mark.usefixtures("unrounded")
@pytest.mark.parametrize("size", [0.3, 1e-2, 1e-4, 1e-7, 1e-10, 1e-12])
@pytest.mark.parametrize("structure", ["diagonal", "cholesky", "factor", "low rank"])
@pytest.mark.parametrize("metric", [m for m in METRICS if m.oracle], ids=lambda m: m.name)
def test_near_pairs_keep_their_digits(metric, structure, size):
    a, b = near(np.random.default_rng(5), structure, size)
    p, q = (gm.Gaussian(np.zeros(D), cov) for cov in (a, b))
    truth = metric.oracle(Exact(a), Exact(b))
    bound = 2e-12 if not metric.affine else 1e-12 if structure == "low rank" else 1e-13
    assert oracles.relative_error(metric.function(p, q), truth) <= bound


@pytest.mark.usefixtures("unrounded")
@pytest.mark.parametrize("size", [1.0, 1e-4, 1e-9])
def test_a_cholesky_factor_keeps_its_accuracy(size):
    # The matrices have condition number 1e14; their factors only 1e7.
    rng = np.random.default_rng(6)
    d = 8
    covs = []
    upper = np.linalg.qr(random_laws.covariance(rng, d, kappa=1e7))[1]
    lower = np.tril(upper.T * np.sign(np.diag(upper)))
    for change in (0.0, size):
        noise = np.tril(rng.standard_normal((d, d)))
        covs.append(Cov.from_cholesky(lower * (1 + 0.5 * change * np.tanh(noise))))
    p, q = (gm.Gaussian(np.zeros(d), cov) for cov in covs)
    truth = oracles.kl_divergence(*(Exact(cov, d) for cov in covs))
    assert np.linalg.cond(lower) > 0.9e7
    assert oracles.relative_error(gm.kl_divergence(p, q), truth) <= 1e-12


@pytest.mark.usefixtures("unrounded")
@pytest.mark.parametrize("metric", AFFINE, ids=lambda m: m.name)
@pytest.mark.parametrize("size", [1.0, 1e-3, 1e-8])
@pytest.mark.parametrize("strength", [1.0, 1e2, 1e4])
def test_low_rank_accuracy_is_that_of_the_condition_number(metric, size, strength):
    # Stated: relative error below 1e-13 + 5 ε κ, κ the condition number of the whitened factor.
    rng = np.random.default_rng(7)
    f, v = strength * rng.standard_normal((D, 2)), rng.gamma(2.0, size=D)
    g, w = f * (1 + size * rng.random(f.shape)), v * (1 + size * rng.random(D))
    a, b = Cov.from_factor(f, v), Cov.from_factor(g, w)
    p, q = (gm.Gaussian(np.zeros(D), cov) for cov in (a, b))
    truth = metric.oracle(Exact(a), Exact(b))
    kappa = 1 + np.linalg.norm(f / np.sqrt(v)[:, None], 2) ** 2
    error = oracles.relative_error(metric.function(p, q), truth)
    assert error <= 1e-13 + 5 * np.finfo(float).eps * kappa


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.name)
@pytest.mark.parametrize("structure", STRUCTURES)
def test_equal_laws_are_at_distance_zero(structure, metric):
    p = law(np.random.default_rng(8), structure, (3,))
    np.testing.assert_array_equal(metric.function(p, p), np.zeros(3))


class TestSingular:
    """The rules for laws on subspaces: finite where the mathematics is, never NaN."""

    rng = np.random.default_rng(9)
    basis = random_laws.orthogonal(rng, 4)
    inside = basis[:, :2]

    def on(self, columns, mean=None, seed=0):
        k = columns.shape[1]
        small = random_laws.covariance(np.random.default_rng(seed), k) if k else np.zeros((0, 0))
        return gm.Gaussian(
            np.zeros(4) if mean is None else mean, columns @ small @ columns.T, allow_singular=True
        )

    def reduced(self, columns, p):
        return gm.Gaussian(columns.T @ p.mean, columns.T @ p.cov @ columns)

    @pytest.mark.parametrize("metric", ALL, ids=lambda m: m.name)
    def test_equal_supports_are_a_smaller_space(self, metric):
        p = self.on(self.inside, seed=1)
        q = self.on(self.inside, mean=self.inside @ [0.5, -0.3], seed=2)
        expected = metric.function(self.reduced(self.inside, p), self.reduced(self.inside, q))
        np.testing.assert_allclose(metric.function(p, q), expected, rtol=1e-9)

    def test_different_supports(self):
        flat, other = self.on(self.inside), self.on(self.basis[:, 1:3])
        line, full = self.on(self.basis[:, :1]), gm.Gaussian.standard(4)
        for p, q in [(flat, other), (line, flat), (flat, line), (flat, full), (full, flat)]:
            assert gm.kl_divergence(p, q) == np.inf
            assert gm.bhattacharyya_distance(p, q) == np.inf
            assert gm.hellinger_distance(p, q) == 1.0
            assert gm.bhattacharyya_coefficient(p, q) == 0.0
            assert np.isfinite(gm.wasserstein_distance(p, q))
        assert gm.cross_entropy(full, flat) == np.inf
        assert np.isfinite(gm.cross_entropy(line, flat))
        assert np.isfinite(gm.cross_entropy(flat, full))

    def test_a_mean_off_the_support(self):
        p, q = self.on(self.inside), self.on(self.inside, mean=1e-6 * self.basis[:, 3])
        assert gm.kl_divergence(p, q) == np.inf
        assert gm.hellinger_distance(p, q) == 1.0
        np.testing.assert_allclose(gm.wasserstein_distance(p, q), 1e-6, rtol=1e-9)

    def test_points(self):
        p, q = (gm.Gaussian(m, np.zeros((4, 4)), allow_singular=True) for m in np.eye(4)[:2])
        assert gm.kl_divergence(p, p) == gm.bhattacharyya_distance(p, p) == 0.0
        assert gm.kl_divergence(p, q) == gm.bhattacharyya_distance(p, q) == np.inf
        np.testing.assert_allclose(gm.wasserstein_distance(p, q), np.sqrt(2), rtol=1e-15)
        np.testing.assert_array_equal(p.sample(3, rng=0), [p.mean] * 3)
        assert gm.entropy(p) == 0.0

    @pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.name)
    def test_identical(self, metric):
        p = self.on(self.inside)
        assert metric.function(p, p) == 0.0
        again = gm.Gaussian(p.mean, p.cov, allow_singular=True)
        np.testing.assert_allclose(metric.function(p, again), 0.0, atol=1e-14)

    @pytest.mark.parametrize("angle", [0.0, 1e-3, 0.4, np.pi / 2])
    def test_wasserstein_between_planes_at_an_angle(self, angle):
        # diag(1, 4, 0) and its rotation by an angle about the first axis: Σ s = 1 + 4 cos.
        c, s = np.cos(angle), np.sin(angle)
        turn = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
        a = np.diag([1.0, 4.0, 0.0])
        p, q = (gm.Gaussian(np.zeros(3), m, allow_singular=True) for m in (a, turn @ a @ turn.T))
        expected = 16 * np.sin(angle / 2) ** 2
        result = gm.squared_wasserstein_distance(p, q)
        np.testing.assert_allclose(result, expected, rtol=1e-12, atol=1e-15)

    def test_density_is_on_the_support(self):
        p = self.on(self.inside, mean=self.basis[:, 3])
        x = p.sample(50, rng=0)
        expected = self.reduced(self.inside, p).logpdf(x @ self.inside)
        np.testing.assert_allclose(p.logpdf(x), expected, rtol=1e-9)
        assert (p.logpdf(x + 1e-6 * self.basis[:, 2]) == -np.inf).all()

    def test_marginals_and_conditionals(self):
        p = self.on(self.inside)
        np.testing.assert_allclose(
            p.marginal([1, 3]).cov, p.cov[np.ix_([1, 3], [1, 3])], atol=1e-15
        )
        regression = p.conditional([0, 1])  # two coordinates fix the other two
        np.testing.assert_allclose(regression.covariance.dense(), np.zeros((2, 2)), atol=1e-14)
        assert regression.covariance.rank() == 0
        x = p.sample(5, rng=0)
        np.testing.assert_allclose(regression(x[:, :2]).mean, x[:, 2:], atol=1e-12)

    def test_a_batch_of_different_ranks(self):
        covs = [
            np.diag(v) for v in ([1.0, 2.0, 0.0], [1.0, 2.0, 3.0], [0.0, 0.0, 0.0], [1.0, 0, 0])
        ]
        p = gm.Gaussian(np.zeros((4, 3)), covs, allow_singular=True)
        diagonal = gm.Gaussian(
            np.zeros((4, 3)),
            Cov.from_diagonal([np.diag(c) for c in covs], allow_singular=True),
        )
        np.testing.assert_array_equal(p.covariance.rank(), [2, 3, 0, 1])
        for metric in METRICS:
            table = metric.function(p[:, None], p)
            np.testing.assert_array_equal(np.diag(table), np.zeros(4))
            off = table[~np.eye(4, dtype=bool)]
            if metric.affine:
                assert (off == BOUNDED.get(metric.name, np.inf)).all()
            for other in (diagonal[:, None], p[:, None]):
                np.testing.assert_allclose(
                    metric.function(other, diagonal), table, rtol=1e-12, atol=1e-14
                )

    def test_low_rank_factor_is_singular_by_construction(self):
        f = np.random.default_rng(0).standard_normal((4, 2))
        p = gm.Gaussian(np.zeros(4), Cov.from_factor(f))
        q = gm.Gaussian(np.zeros(4), f @ f.T, allow_singular=True)
        for metric in METRICS:
            np.testing.assert_allclose(metric.function(p, q), 0.0, atol=1e-7)
        assert p.covariance.rank() == q.covariance.rank() == 2

    @pytest.mark.usefixtures("unrounded")
    @pytest.mark.parametrize("size", [0.5, 1e-3, 1e-7, 1e-11])
    def test_wasserstein_between_near_factors(self, size):
        rng = np.random.default_rng(11)
        f = rng.standard_normal((6, 2))
        # Rotated latent factors give the same law: only the change may count.
        g = (f * (1 + size * rng.standard_normal(f.shape))) @ random_laws.orthogonal(rng, 2)
        p, q = (gm.Gaussian(np.zeros(6), Cov.from_factor(x)) for x in (f, g))
        a, b = oracles.matrix(f), oracles.matrix(g)
        overlap = oracles.mp.fsum(oracles.mp.svd_r(a.T * b, compute_uv=False))
        truth = oracles.trace(a.T * a) + oracles.trace(b.T * b) - 2 * overlap
        error = oracles.relative_error(gm.squared_wasserstein_distance(p, q), truth)
        assert error <= 2e-12


# Any structure, any dimension, any rank


def factor(rng, d, rank, batch):
    return Cov.from_factor(rng.standard_normal((*batch, d, rank)))


def singular_matrix(rng, d, rank, batch):
    f = rng.standard_normal((*batch, d, rank))
    return f @ np.swapaxes(f, -1, -2)


def with_noise(rng, d, rank, batch):
    return Cov.from_factor(
        rng.standard_normal((*batch, d, rank)), rng.uniform(0.5, 2.0, (*batch, d))
    )


def variances(rng, d, rank, batch):
    v = rng.uniform(0.5, 2.0, (*batch, d))
    v[..., rank:] = 0.0
    return Cov.from_diagonal(v, allow_singular=True)


def precision(rng, d, rank, batch):
    return Cov.from_precision(with_noise(rng, d, rank, batch).dense())


KINDS = [factor, singular_matrix, with_noise, variances, precision]
SHAPES = [((), ()), ((3,), ()), ((2, 1), (3,)), ((40,), (40,))]


@st.composite
def two_laws(draw, kinds=KINDS):
    """Two laws of one dimension, of any structure and rank, whose batches broadcast."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    d = draw(st.integers(1, 6))
    pair = []
    for batch in draw(st.sampled_from(SHAPES)):
        cov = draw(st.sampled_from(kinds))(rng, d, draw(st.integers(1, d + 2)), batch)
        # Half of the means agree, so that supports may, too.
        mean = rng.standard_normal((*batch, d)) if draw(st.booleans()) else np.zeros((*batch, d))
        pair.append(gm.Gaussian(mean, cov, allow_singular=True))
    return pair


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.name)
@given(laws=two_laws())
@settings(max_examples=40, deadline=None)
def test_no_structure_gives_nan_or_less_than_zero(metric, laws):
    p, q = laws
    value = metric.function(p, q)
    assert np.all(value >= 0.0)
    assert np.shape(value) == np.broadcast_shapes(p.batch_shape, q.batch_shape)
    if metric.symmetric:
        np.testing.assert_allclose(metric.function(q, p), value, rtol=1e-9)


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.name)
@given(laws=two_laws())
@settings(max_examples=20, deadline=None)
def test_every_structure_is_at_distance_zero_from_itself(metric, laws):
    for p in laws:
        assert np.all(metric.function(p, p) == 0.0)


@pytest.mark.parametrize("metric", ALL, ids=lambda m: m.name)
@given(laws=two_laws(kinds=[with_noise, precision]))
@settings(max_examples=30, deadline=None)
def test_any_regular_pair_equals_its_dense_twin(metric, laws):
    p, q = laws
    np.testing.assert_allclose(
        metric.function(p, q), metric.function(twin(p), twin(q)), rtol=1e-9, atol=1e-13
    )


@given(laws=two_laws())
@settings(max_examples=60, deadline=None)
def test_any_pair_has_the_transport_distance_of_its_matrices(laws):
    # tr Σp + tr Σq − 2 Σ s, with the singular values s of the product of two symmetric roots.
    p, q = laws
    roots = []
    for one in laws:
        values, vectors = np.linalg.eigh(one.cov)
        roots.append(vectors * np.sqrt(np.maximum(values, 0.0))[..., None, :])
    s = np.linalg.svd(np.swapaxes(roots[0], -1, -2) @ roots[1], compute_uv=False)
    traces = np.trace(p.cov, axis1=-2, axis2=-1) + np.trace(q.cov, axis1=-2, axis2=-1)
    shift = np.square(p.mean - q.mean).sum(axis=-1)
    np.testing.assert_allclose(
        gm.squared_wasserstein_distance(p, q),
        shift + traces - 2.0 * s.sum(axis=-1),
        rtol=1e-10,
        atol=1e-6,
    )
