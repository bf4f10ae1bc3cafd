"""Gaussians from samples: few rows, weights, shrinkage."""

import re

import numpy as np
import pytest
from sklearn import covariance as sk

import gaussmetrics as gm


def data(n, d, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)) @ rng.standard_normal((d, d)) + 5.0


@pytest.mark.parametrize(("n", "d"), [(2, 3), (5, 5), (6, 9), (2, 2)])
@pytest.mark.parametrize("ddof", [0, 1])
def test_few_rows_keep_their_factor(n, d, ddof):
    x = data(n, d)
    p = gm.Gaussian.from_samples(x, ddof=ddof)
    assert p.covariance.factor().shape == (d, n)
    assert p.covariance.rank() == n - 1
    np.testing.assert_allclose(p.mean, x.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(p.cov, np.cov(x.T, ddof=ddof), rtol=1e-10, atol=1e-12)


def test_few_rows_in_a_batch_with_weights():
    x = np.array([data(4, 6, seed) for seed in range(3)])
    weights = np.array([1, 2, 0, 3])
    p = gm.Gaussian.from_samples(x, weights=weights)
    assert p.batch_shape == (3,)
    for i in range(3):
        repeated = np.repeat(x[i], weights, axis=0)
        np.testing.assert_allclose(p[i].mean, repeated.mean(axis=0), rtol=1e-13)
        np.testing.assert_allclose(p[i].cov, np.cov(repeated.T), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("n", [8, 60])
@pytest.mark.parametrize("name", ["oas", "ledoit-wolf"])
def test_shrinkage_is_scikit_learns(name, n):
    x = data(n, 10)
    expected, _ = {"oas": sk.oas, "ledoit-wolf": sk.ledoit_wolf}[name](x)
    p = gm.Gaussian.from_samples(x, ddof=0, shrinkage=name)
    np.testing.assert_allclose(p.cov, expected, rtol=1e-9, atol=1e-11)
    batch = gm.Gaussian.from_samples(np.array([x, 2 * x]), ddof=0, shrinkage=name)
    np.testing.assert_allclose(batch.cov, [expected, 4 * expected], rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("n", [8, 60])
@pytest.mark.parametrize("shrinkage", [0.3, 1.0, "oas", "ledoit-wolf"])
def test_shrinkage_with_weights_is_that_of_repeated_rows(shrinkage, n):
    x, weights = data(n, 10), np.random.default_rng(1).integers(0, 3, n)
    weighted = gm.Gaussian.from_samples(x, weights=weights, shrinkage=shrinkage)
    repeated = gm.Gaussian.from_samples(np.repeat(x, weights, axis=0), shrinkage=shrinkage)
    np.testing.assert_allclose(weighted.cov, repeated.cov, rtol=1e-9, atol=1e-11)


def test_shrunk_few_rows_stay_low_rank():
    x = data(5, 9)
    p = gm.Gaussian.from_samples(x, shrinkage=0.2)
    s = np.cov(x.T)
    np.testing.assert_allclose(p.cov, 0.8 * s + 0.2 * np.trace(s) / 9 * np.eye(9), rtol=1e-10)
    assert p.covariance.factor().shape == (9, 5 + 9)
    assert type(p.covariance).__name__ == "LowRank"
    assert np.isfinite(gm.kl_divergence(p, gm.Gaussian.standard(9)))


def test_wide_samples_never_form_a_square_matrix():
    # 40 000 variables: one 40 000 × 40 000 matrix would take 12.8 GB.
    rng = np.random.default_rng(0)
    p, q = (gm.Gaussian.from_samples(rng.standard_normal((20, 40_000))) for _ in range(2))
    # Two samples of the standard law: the plug-in distance is bias, near 2d + d(1/n + 1/n).
    assert 7e4 < gm.squared_wasserstein_distance(p, q) < 9e4
    assert gm.kl_divergence(p, q) == np.inf
    assert gm.squared_wasserstein_distance(p, p) == 0.0


def test_a_far_origin():
    x = data(4, 6)
    near, far = (gm.Gaussian.from_samples(x + shift).cov for shift in (0.0, 2.0**30))
    np.testing.assert_allclose(far, near, rtol=1e-5)


@pytest.mark.parametrize("shrinkage", ["oas", "ledoit-wolf"])
def test_a_far_origin_of_many_rows(shrinkage):
    x = np.round(data(60, 6) * 2**20) / 2**20  # so that the shift loses nothing
    near = gm.Gaussian.from_samples(x, shrinkage=shrinkage)
    far = gm.Gaussian.from_samples(x + 2.0**30, shrinkage=shrinkage)
    np.testing.assert_allclose(far.cov, near.cov, rtol=1e-13, atol=1e-13)


def test_constant_columns_of_integers():
    x = np.column_stack([np.arange(9), np.full(9, 2**60 + 1)])
    p = gm.Gaussian.from_samples(x, allow_singular=True)
    np.testing.assert_array_equal(p.cov, [[7.5, 0.0], [0.0, 0.0]])


def test_more_rows_that_are_singular_all_the_same():
    x = data(20, 3)
    x = np.column_stack([x, x[:, 0] + x[:, 1]])
    with pytest.raises(ValueError, match=re.escape("allow_singular=True")):
        gm.Gaussian.from_samples(x)
    p = gm.Gaussian.from_samples(x, allow_singular=True)
    assert p.covariance.rank() == 3


@pytest.mark.parametrize(
    ("x", "keywords", "error", "text"),
    [
        (np.zeros((1, 3)), {}, ValueError, "a covariance with ddof=1 needs more than 1 samples"),
        (np.eye(3), {"ddof": 3}, ValueError, "a covariance with ddof=3 needs more than 3 samples"),
        (np.eye(3), {"ddof": "1"}, TypeError, "ddof must be a number, got '1'"),
        (np.eye(3), {"shrinkage": 2}, ValueError, "shrinkage must lie between 0 and 1, got 2"),
        (np.eye(3), {"shrinkage": -0.1}, ValueError, "shrinkage must lie between 0 and 1"),
        (np.eye(3), {"shrinkage": np.nan}, ValueError, "shrinkage must lie between 0 and 1"),
        (
            np.eye(3),
            {"shrinkage": "lw"},
            TypeError,
            'shrinkage must be a number from 0 to 1, "oas"',
        ),
        (np.eye(3), {"shrinkage": None}, TypeError, "shrinkage must be a number from 0 to 1"),
        (np.ones((3, 5)), {"shrinkage": 0.5}, ValueError, "X does not vary at all"),
        (np.ones((9, 5)), {"shrinkage": 0.5}, ValueError, "X does not vary at all"),
    ],
)
def test_errors(x, keywords, error, text):
    with pytest.raises(error, match=re.escape(text)):
        gm.Gaussian.from_samples(x, **keywords)
