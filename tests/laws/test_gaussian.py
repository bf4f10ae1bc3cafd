"""Gaussian: what it holds, its density, samples, marginals and conditionals."""

import copy
import pickle

import numpy as np
import pytest
import random_laws
from scipy import stats

import gaussmetrics as gm


def test_holds_what_it_was_given():
    mean, cov = np.arange(3.0), np.diag([1.0, 2.0, 3.0])
    p = gm.Gaussian(mean, cov)
    np.testing.assert_array_equal(p.mean, mean)
    np.testing.assert_array_equal(p.cov, cov)
    assert (p.dim, p.batch_shape) == (3, ())
    assert isinstance(p.covariance, gm.Covariance)
    assert repr(p) == "Gaussian(dim=3)"
    assert repr(p.covariance) == "<Dense covariance, dim=3>"
    assert repr(random_laws.gaussian(np.random.default_rng(0), 2, batch=(4,))) == (
        "Gaussian(dim=2, batch_shape=(4,))"
    )


def test_is_independent_of_the_arrays_it_was_given():
    mean, cov = np.zeros(2), np.eye(2)
    p = gm.Gaussian(mean, cov)
    mean[0] = cov[0, 0] = 99.0
    assert mean.flags.writeable
    assert cov.flags.writeable
    np.testing.assert_array_equal(p.mean, [0.0, 0.0])
    np.testing.assert_array_equal(p.cov, np.eye(2))


def test_is_read_only():
    p = gm.Gaussian([0.0, 0.0], np.eye(2))
    with pytest.raises(ValueError, match="read-only"):
        p.mean[0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        p.cov[0, 0] = 2.0
    for name in ("mean", "covariance", "dim", "names", "sigma"):
        with pytest.raises(AttributeError, match=f"{name} cannot be set: .* Make a new one"):
            setattr(p, name, 0)
    assert p.dim == 2


COVARIANCES = {
    "dense": gm.Gaussian([0.0, 0.0], [[2.0, 1.0], [1.0, 3.0]]).covariance,
    "diagonal": gm.Covariance.from_diagonal([1.0, 2.0]),
    "low rank": gm.Covariance.from_factor([[1.0], [2.0]], 0.5),
    "singular": gm.Covariance.from_factor([[1.0], [2.0]]),
}


@pytest.mark.parametrize("pickled", [False, True])
@pytest.mark.parametrize("cov", COVARIANCES.values(), ids=COVARIANCES)
def test_what_a_covariance_remembers_is_read_only(cov, pickled):
    cov.prepare()
    for use in (cov.precisions, cov.log_det, cov.variances, cov.factor, cov.dense):
        use()
    cov = pickle.loads(pickle.dumps(cov)) if pickled else cov
    kept = [part for v in vars(cov).values() for part in (v if isinstance(v, tuple) else (v,))]
    arrays = [part for part in kept if isinstance(part, np.ndarray)]
    assert arrays
    assert not any(array.flags.writeable for array in arrays)


def test_a_singular_law_says_so():
    flat = gm.Gaussian([0.0, 0.0], [[1.0, 1.0], [1.0, 1.0]], allow_singular=True)
    assert repr(flat) == "Gaussian(dim=2, singular, rank=1)"
    both = gm.Gaussian.stack([flat, gm.Gaussian.standard(2)])
    assert repr(both) == "Gaussian(dim=2, singular, batch_shape=(2,))"
    assert repr(both[1]) == "Gaussian(dim=2)"


def test_float32_and_integers_are_computed_in_double_precision():
    cov = np.array([[2.0, 1.0], [1.0, 3.0]])
    exact = gm.Gaussian(np.zeros(2), cov)
    for dtype in (np.float32, np.float16, np.int64, np.uint8):
        p = gm.Gaussian(np.zeros(2, dtype), cov.astype(dtype))
        assert p.mean.dtype == p.cov.dtype == np.float64
        assert gm.entropy(p) == gm.entropy(exact)


def test_rounding_asymmetry_is_averaged():
    cov = np.array([[2.0, 1.0], [1.0 + 1e-14, 3.0]])
    p = gm.Gaussian(np.zeros(2), cov)
    np.testing.assert_array_equal(p.cov, p.cov.T)
    assert p.cov[0, 1] == (cov[0, 1] + cov[1, 0]) / 2


@pytest.mark.parametrize(
    "copier", [copy.copy, copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))]
)
def test_copies_and_pickles(copier):
    p = random_laws.gaussian(np.random.default_rng(0), 3, batch=(2,))
    q = copier(p)
    np.testing.assert_array_equal(q.mean, p.mean)
    np.testing.assert_array_equal(gm.kl_divergence(p, q), [0.0, 0.0])


def test_batch_indexing_and_iteration():
    p = random_laws.gaussian(np.random.default_rng(0), 3, batch=(4, 2))
    assert len(p) == 4
    assert p[1].batch_shape == (2,)
    assert p[:, None].batch_shape == (4, 1, 2)
    assert p[..., 0].batch_shape == (4,)
    assert p[[0, 2]].batch_shape == (2, 2)
    np.testing.assert_array_equal(p[3, 1].cov, p.cov[3, 1])
    assert [law.batch_shape for law in p] == [(2,)] * 4


@pytest.mark.parametrize("batch", [(), (3,)])
@pytest.mark.parametrize("kind", [*COVARIANCES, "factor", "mixed"])
def test_stacked_laws_are_the_same_laws_with_their_structure(kind, batch):
    covs = [cov for name, cov in COVARIANCES.items() if kind in (name, "mixed")] * 2
    if kind == "factor":
        covs = [gm.Covariance.from_cholesky([[1.0, 0.0], [c, 1e-9]]) for c in (1.0, 2.0)]
    rng = np.random.default_rng(0)
    given = [gm.Gaussian(rng.standard_normal((*batch, 2)), cov) for cov in covs]
    ps = gm.Gaussian.stack(given)
    assert ps.batch_shape == (len(covs), *batch)
    if kind != "mixed":
        assert type(ps.covariance) is type(covs[0])
    for one, law in zip(ps, given, strict=True):
        np.testing.assert_array_equal(one.mean, law.mean)
        np.testing.assert_allclose(gm.kl_divergence(one, law), np.zeros(batch), atol=1e-25)
    np.testing.assert_array_equal(gm.Gaussian.stack(ps).cov, ps.cov)


def test_stacked_factors_of_unequal_width():
    columns = np.random.default_rng(0).standard_normal((6, 3))
    given = [
        gm.Gaussian(np.zeros(6), gm.Covariance.from_factor(columns[:, :r], 0.5)) for r in (1, 3)
    ]
    ps = gm.Gaussian.stack(given)
    assert type(ps.covariance) is type(given[0].covariance)
    for one, law in zip(ps, given, strict=True):
        np.testing.assert_allclose(one.cov, law.cov, rtol=1e-15)
        np.testing.assert_allclose(gm.entropy(one), gm.entropy(law), rtol=1e-14)


def test_a_stacked_singular_law_keeps_its_support():
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    flat = gm.Gaussian(np.zeros(3), (turn * [1.0, 1e-9, 0.0]) @ turn.T, allow_singular=True)
    twin = gm.Gaussian(np.zeros(3), (turn * [2.0, 3e-9, 0.0]) @ turn.T, allow_singular=True)
    ps = gm.Gaussian.stack([flat, gm.Gaussian.standard(3)])
    np.testing.assert_allclose(
        gm.kl_divergence(twin, ps)[0], gm.kl_divergence(twin, flat), rtol=1e-5
    )


def test_stacked_names():
    named, bare = gm.Gaussian([0.0], [[1.0]], names=["a"]), gm.Gaussian([0.0], [[1.0]])
    assert gm.Gaussian.stack([bare, named]).names == ("a",)
    assert gm.Gaussian.stack(law for law in [bare, bare]).names is None


def test_a_mean_and_a_covariance_broadcast():
    p = gm.Gaussian(np.zeros((5, 2)), np.eye(2))
    assert p.batch_shape == (5,)
    assert p[3].batch_shape == ()
    assert gm.kl_divergence(p, p[0]).shape == (5,)
    assert gm.entropy(p).shape == (5,)
    q = gm.Gaussian(np.zeros(2), np.array([np.eye(2)] * 3))
    assert q.batch_shape == (3,)
    assert q[:2].mean.shape == (2, 2)


@pytest.mark.parametrize("d", [1, 2, 5])
def test_logpdf_is_scipys(d):
    rng = np.random.default_rng(d)
    p = random_laws.gaussian(rng, d, kappa=1e3)
    x = rng.standard_normal((4, 6, d))
    expected = stats.multivariate_normal(p.mean, p.cov).logpdf(x)
    np.testing.assert_allclose(p.logpdf(x), expected, rtol=1e-11)
    assert type(p.logpdf(x[0, 0])) is np.float64


def test_logpdf_broadcasts_with_the_batch():
    rng = np.random.default_rng(0)
    p = random_laws.gaussian(rng, 3, batch=(2, 4))
    x = rng.standard_normal((5, 1, 1, 3))
    values = p.logpdf(x)
    assert values.shape == (5, 2, 4)
    np.testing.assert_allclose(values[3, 1, 2], p[1, 2].logpdf(x[3, 0, 0]), rtol=1e-12)


def test_samples_have_the_moments_of_the_law():
    n = 200_000
    p = random_laws.gaussian(np.random.default_rng(0), 3, kappa=50.0)
    x = p.sample(n, rng=np.random.default_rng(1))
    assert x.shape == (n, 3)
    z_mean = (x.mean(axis=0) - p.mean) / np.sqrt(np.diag(p.cov) / n)
    spread = np.cov(x.T) - p.cov
    variances = np.diag(p.cov)
    z_cov = spread / np.sqrt((p.cov**2 + np.outer(variances, variances)) / n)
    assert np.abs(z_mean).max() < 4
    assert np.abs(z_cov).max() < 4


def test_sample_shapes_and_seeds():
    p = random_laws.gaussian(np.random.default_rng(0), 3, batch=(2, 4))
    assert p.sample(rng=1).shape == (2, 4, 3)
    assert p.sample(5, rng=1).shape == (5, 2, 4, 3)
    assert p.sample((5, 0), rng=1).shape == (5, 0, 2, 4, 3)
    np.testing.assert_array_equal(p.sample(7, rng=3), p.sample(7, np.random.default_rng(3)))
    assert (p.sample(7, rng=3) != p.sample(7, rng=4)).all()
    assert np.isfinite(p.sample(2)).all()


def test_samples_of_a_batch_follow_their_own_law():
    p = gm.Gaussian([[0.0], [100.0]], [[[1.0]], [[1e-6]]])
    x = p.sample(1000, rng=0)
    assert abs(x[:, 1].mean() - 100) < 1e-4
    assert 0.9 < x[:, 0].std() < 1.1


@pytest.mark.parametrize(
    ("indices", "expected"),
    [
        (1, [1]),
        (-1, [2]),
        ([2, 0], [2, 0]),
        (slice(1, None), [1, 2]),
        ([True, False, True], [0, 2]),
    ],
)
def test_marginal(indices, expected):
    p = random_laws.gaussian(np.random.default_rng(0), 3, batch=(2,))
    part = p.marginal(indices)
    np.testing.assert_array_equal(part.mean, p.mean[:, expected])
    np.testing.assert_array_equal(part.cov, p.cov[:, expected][:, :, expected])


@pytest.mark.parametrize("batch", [(), (3,)])
def test_conditional_is_the_quotient_of_densities(batch):
    rng = np.random.default_rng(0)
    p = random_laws.gaussian(rng, 5, batch=batch)
    given, rest = [3, 1], [0, 2, 4]
    x = rng.standard_normal((*batch, 5))
    law = p.conditional(given)(x[..., given])
    joint, known = p.logpdf(x), p.marginal(given).logpdf(x[..., given])
    np.testing.assert_allclose(law.logpdf(x[..., rest]), joint - known, rtol=1e-9)


def test_conditional_is_least_squares():
    rng = np.random.default_rng(0)
    data = rng.standard_normal((100, 4)) @ rng.standard_normal((4, 4)) + 3.0
    regression = gm.Gaussian.from_samples(data).conditional(given=[0, 1])
    design = np.column_stack([np.ones(100), data[:, :2]])
    solution, residuals, *_ = np.linalg.lstsq(design, data[:, 2:], rcond=None)
    np.testing.assert_allclose(regression.intercept, solution[0], rtol=1e-9)
    np.testing.assert_allclose(regression.weights, solution[1:], rtol=1e-9)
    np.testing.assert_allclose(np.diag(regression.covariance.dense()) * 99, residuals, rtol=1e-9)


def test_from_samples_is_numpys_mean_and_covariance():
    x = np.random.default_rng(0).standard_normal((3, 50, 4))
    p = gm.Gaussian.from_samples(x)
    assert p.batch_shape == (3,)
    np.testing.assert_allclose(p.mean, x.mean(axis=1), atol=1e-14)
    np.testing.assert_allclose(p.cov[1], np.cov(x[1].T), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(
        gm.Gaussian.from_samples(x[0], ddof=0).cov, np.cov(x[0].T, ddof=0), rtol=1e-12, atol=1e-14
    )


def test_integer_weights_are_repeated_rows():
    rng = np.random.default_rng(0)
    x, weights = rng.standard_normal((20, 3)), rng.integers(0, 4, 20)
    weighted = gm.Gaussian.from_samples(x, weights=weights)
    repeated = gm.Gaussian.from_samples(np.repeat(x, weights, axis=0))
    np.testing.assert_allclose(weighted.mean, repeated.mean, atol=1e-14)
    np.testing.assert_allclose(weighted.cov, repeated.cov, rtol=1e-12, atol=1e-14)


def test_from_samples_keeps_its_digits_far_from_the_origin():
    x = np.random.default_rng(0).standard_normal((1000, 3))
    far = gm.Gaussian.from_samples(x + 1e8).cov
    np.testing.assert_allclose(far, np.cov((x + 1e8 - 1e8).T), rtol=1e-7, atol=1e-8)


def test_standard():
    p = gm.Gaussian.standard(4)
    np.testing.assert_array_equal(p.mean, np.zeros(4))
    np.testing.assert_array_equal(p.cov, np.eye(4))
