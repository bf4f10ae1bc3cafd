"""Mixtures as laws: density, moments and draws, against the definitions."""

import pickle
import re

import numpy as np
import pytest
import random_laws
from mpmath import mp
from scipy.integrate import trapezoid
from scipy.stats import chi2

import gaussmetrics as gm


def mixture(seed=0, k=3, d=2):
    rng = np.random.default_rng(seed)
    return gm.Mixture(rng.dirichlet(np.ones(k)), random_laws.gaussian(rng, d, batch=(k,)))


def refused(error, text):
    return pytest.raises(error, match=re.escape(text))


@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e150])
@pytest.mark.parametrize("d", [1, 3])
def test_density(d, scale):
    rng = np.random.default_rng(d)
    laws = random_laws.gaussian(rng, d, batch=(3,), scale=scale)
    m = gm.Mixture([1.0, 2.0, 1e-9], laws)
    for x in [*m.sample(3, rng), 40 * np.sqrt(scale) * np.ones(d)]:
        with mp.workdps(60):
            total = mp.fsum(
                mp.mpf(float(w)) * mp.exp(mp.mpf(float(laws[i].logpdf(x))))
                for i, w in enumerate(m.weights)
            )
            assert m.logpdf(x) == pytest.approx(float(mp.log(total)), rel=1e-13)


def test_shapes_and_a_component_without_weight():
    m = mixture()
    x = m.sample((4, 2), rng=1)
    assert x.shape == (4, 2, 2)
    np.testing.assert_allclose(m.logpdf(x)[1, 1], m.logpdf(x[1, 1]), rtol=1e-13)
    assert isinstance(m.logpdf(x[0, 0]), np.float64)
    one = gm.Mixture([0.0, 1.0, 0.0], m.components)
    np.testing.assert_allclose(one.logpdf(x), m.components[1].logpdf(x), rtol=1e-14)
    np.testing.assert_allclose(one.cov, m.components[1].cov, rtol=1e-14)
    assert m.sample(rng=0).shape == (2,)
    assert m.sample(0, rng=0).shape == (0, 2)


def test_the_density_integrates_to_one():
    m = gm.Mixture([1.0, 3.0], gm.Gaussian([[0.0], [4.0]], [[[1.0]], [[0.25]]]))
    x = np.linspace(-12.0, 14.0, 20_001)
    density = np.exp(m.logpdf(x[:, None]))
    assert trapezoid(density, x) == pytest.approx(1.0, abs=1e-12)
    assert trapezoid(density * x, x) == pytest.approx(m.mean[0], abs=1e-11)
    second = trapezoid(density * (x - m.mean[0]) ** 2, x)
    assert second == pytest.approx(m.cov[0, 0], rel=1e-11)


def test_samples_have_the_moments_and_the_weights():
    m = mixture(3)
    n = 40_000
    x = m.sample(n, rng=0)
    error = x.mean(axis=0) - m.mean
    # n · mean² in units of the covariance is χ² with two degrees of freedom.
    assert n * error @ np.linalg.solve(m.cov, error) < chi2(2).isf(1e-6)
    products = (x - m.mean)[:, :, None] * (x - m.mean)[:, None, :]
    z = (products.mean(axis=0) - m.cov) / (products.std(axis=0) / np.sqrt(n))
    assert np.abs(z).max() < 5
    split = gm.Mixture([1.0, 3.0], gm.Gaussian([[0.0], [1e6]], [[1.0]]))
    share = (split.sample(n, rng=2) > 5e5).mean()
    assert abs(share - 0.75) < 5 * np.sqrt(0.75 * 0.25 / n)
    np.testing.assert_array_equal(m.sample(9, rng=4), m.sample(9, rng=4))


def test_from_arrays_is_the_constructor():
    rng = np.random.default_rng(5)
    means, covs = rng.standard_normal((3, 2)), random_laws.gaussian(rng, 2, batch=(3,)).cov
    m = gm.Mixture.from_arrays([2, 1, 1], means, covs, names=["a", "b"])
    assert (m.names, m.dim, repr(m)) == (
        ("a", "b"), 2, "Mixture(3 components, dim=2, names=('a', 'b'))",
    )  # fmt: skip
    np.testing.assert_array_equal(m.weights, [0.5, 0.25, 0.25])
    np.testing.assert_array_equal(m.components.cov, covs)
    shared = gm.Mixture.from_arrays(None, means, covs[0])
    np.testing.assert_array_equal(shared.weights, np.full(3, 1 / 3))
    centred = means - means.mean(axis=0)
    np.testing.assert_allclose(shared.cov, covs[0] + centred.T @ centred / 3, rtol=1e-13)


def test_it_is_still_a_tuple():
    m = mixture()
    weights, components = m
    assert weights is m.weights
    assert components is m.components
    assert m[1] is components
    again = pickle.loads(pickle.dumps(m))
    assert isinstance(again, gm.Mixture)
    np.testing.assert_array_equal(again.mean, m.mean)
    with pytest.raises(ValueError, match="read-only"):
        m.weights[0] = 2.0


def test_moments_far_from_the_origin():
    m = gm.Mixture(None, gm.Gaussian([[1e9], [1e9 + 2.0]], [[1.0]]))
    assert m.cov[0, 0] == 2.0


def test_what_is_refused():
    m = mixture()
    with refused(TypeError, "Mixture takes Gaussian objects, but components is of type ndarray"):
        gm.Mixture([1.0], np.eye(2))
    with refused(ValueError, "components must be a batch of shape (n,), got batch_shape ()."):
        gm.Mixture([1.0], gm.Gaussian.standard(2))
    with refused(ValueError, "weights must have one entry a law, shape (3,), got (2,)."):
        gm.Mixture([1.0, 1.0], m.components)
    with refused(ValueError, "weights must not be negative, but weights[1] is -1."):
        gm.Mixture([1.0, -1.0, 1.0], m.components)
    with refused(ValueError, "weights must not all be zero."):
        gm.Mixture(np.zeros(3), m.components)
    with refused(ValueError, "a mean or a mixture needs at least one law, got an empty batch."):
        gm.Mixture(None, m.components[:0])
    with refused(ValueError, "x must have shape (..., 2), got (3,)."):
        m.logpdf([0.0, 0.0, 0.0])
    with refused(TypeError, "rng must be a numpy.random.Generator"):
        m.sample(3, rng="dice")
    flat = gm.Gaussian(
        [[0.0, 0.0]] * 2, gm.Covariance.from_diagonal([[1, 1], [1, 0]], allow_singular=True)
    )
    text = "components[1] is singular, of rank 1 in 2 dimensions. Where one subspace holds them all"
    with refused(ValueError, f"Mixture.logpdf needs components with densities, but {text}"):
        gm.Mixture(None, flat).logpdf([0.0, 0.0])
    assert gm.Mixture(None, flat).sample(3, rng=0).shape == (3, 2)
    line = gm.Gaussian(np.zeros((2, 2)), gm.Covariance.from_factor([[1.0], [2.0]]))
    with refused(ValueError, "components[0] is singular, of rank 1 in 2 dimensions"):
        gm.Mixture(None, line).logpdf([0.0, 0.0])
