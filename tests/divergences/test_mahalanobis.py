"""Mahalanobis distances: against the definition in 100 digits, off supports, at the ends."""

import re

import numpy as np
import oracles
import pytest
import random_laws
import structured_laws
from mpmath import mp
from structured_laws import STRUCTURES

import gaussmetrics as gm

EPS = np.finfo(float).eps


def truth(x, p, cov=None):
    sigma = oracles.matrix(p.cov if cov is None else cov)
    return oracles.quadratic(sigma, oracles.matrix(x) - oracles.matrix(p.mean))


@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e150])
@pytest.mark.parametrize("kappa", [1.0, 1e8])
@pytest.mark.parametrize("d", [1, 2, 7])
def test_definition(d, kappa, scale):
    rng = np.random.default_rng(d)
    p = random_laws.gaussian(rng, d, kappa=kappa, scale=scale)
    bound = 1e-14 + 5 * EPS * kappa
    for x in p.sample(3, rng):
        expected = truth(x, p)
        assert oracles.relative_error(gm.squared_mahalanobis_distance(x, p), expected) <= bound
        assert oracles.relative_error(gm.mahalanobis_distance(x, p), mp.sqrt(expected)) <= bound


@pytest.mark.parametrize("structure", STRUCTURES)
def test_every_structure(structure):
    rng = np.random.default_rng(2)
    p = structured_laws.law(rng, structure)
    x = rng.standard_normal(p.dim)
    expected = truth(x, p)
    assert oracles.relative_error(gm.squared_mahalanobis_distance(x, p), expected) <= 1e-10


def test_batches_broadcast_like_a_loop():
    rng = np.random.default_rng(3)
    ps, x = random_laws.gaussian(rng, 3, batch=(4,)), rng.standard_normal((5, 1, 3))
    for function in (gm.mahalanobis_distance, gm.squared_mahalanobis_distance):
        loop = [[function(row[0], ps[j]) for j in range(4)] for row in x]
        value = function(x, ps)
        assert value.shape == (5, 4)
        np.testing.assert_allclose(value, loop, rtol=1e-12)
        assert isinstance(function(x[0, 0], ps[0]), np.float64)


def test_unchanged_by_affine_maps_and_zero_at_the_mean():
    rng = np.random.default_rng(4)
    p, x = random_laws.gaussian(rng, 4), rng.standard_normal((6, 4))
    a, b = rng.standard_normal((4, 4)), rng.standard_normal(4)
    moved = gm.Gaussian(p.mean @ a.T + b, a @ p.cov @ a.T)
    np.testing.assert_allclose(
        gm.mahalanobis_distance(x @ a.T + b, moved), gm.mahalanobis_distance(x, p), rtol=1e-9
    )
    assert gm.mahalanobis_distance(p.mean, p) == 0.0


def test_the_density_is_a_function_of_it():
    rng = np.random.default_rng(5)
    p, x = random_laws.gaussian(rng, 3), rng.standard_normal((6, 3))
    drop = p.logpdf(p.mean) - p.logpdf(x)
    np.testing.assert_allclose(gm.squared_mahalanobis_distance(x, p), 2 * drop, rtol=1e-11)


def singular():
    f = np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 2.0]])
    return f, [
        gm.Gaussian([1.0, 0.0, 1.0], gm.Covariance.from_factor(f)),
        gm.Gaussian([1.0, 0.0, 1.0], f @ f.T, allow_singular=True),
    ]


def test_singular_laws_on_and_off_their_support():
    f, laws = singular()
    z = np.array([3.0, -4.0])
    for p in laws:
        on = p.mean + f @ z
        assert gm.mahalanobis_distance(on, p) == pytest.approx(5.0, rel=1e-12)
        assert gm.squared_mahalanobis_distance(on, p) == pytest.approx(25.0, rel=1e-12)
        off = on + np.array([0.0, 0.0, 1e-3])
        assert gm.mahalanobis_distance(off, p) == gm.squared_mahalanobis_distance(off, p) == np.inf
        # One verdict with the density.
        both = np.stack([on, off])
        np.testing.assert_array_equal(
            np.isinf(gm.mahalanobis_distance(both, p)), np.isinf(p.logpdf(both))
        )
    still = gm.Gaussian([1.0, 2.0], gm.Covariance.from_diagonal([0.0, 4.0], allow_singular=True))
    np.testing.assert_array_equal(
        gm.mahalanobis_distance([[1.0, 6.0], [1.5, 6.0]], still), [2.0, np.inf]
    )


def test_a_square_beyond_the_floats_is_infinite_and_its_root_is_not():
    p = gm.Gaussian([0.0, 0.0], np.eye(2) * 1e-300)
    x = [1e50, 1e50]
    assert gm.squared_mahalanobis_distance(x, p) == np.inf
    assert gm.mahalanobis_distance(x, p) == pytest.approx(np.sqrt(2) * 1e200, rel=1e-14)
    tiny = gm.Gaussian([0.0], [[1e-300]])
    assert gm.mahalanobis_distance([1e300], tiny) == np.inf
    wide = gm.Gaussian([1e308, 0.0], [[1e300, 0.5], [0.5, 1.0]])
    assert gm.mahalanobis_distance([-1e308, 0.0], wide) == np.inf


@pytest.mark.parametrize("function", [gm.mahalanobis_distance, gm.squared_mahalanobis_distance])
def test_what_is_refused(function):
    p = gm.Gaussian([0.0, 0.0], np.eye(2), names=["a", "b"])
    name = function.__name__
    with pytest.raises(TypeError, match=rf"^{name} takes Gaussian objects, but p is of type list"):
        function([0.0, 0.0], [0.0, 0.0])
    with pytest.raises(ValueError, match=re.escape("x must have shape (..., 2), got (3,)")):
        function([0.0, 0.0, 0.0], p)
    with pytest.raises(ValueError, match=re.escape("the batch shapes of x and the Gaussian")):
        function(np.zeros((3, 2)), gm.Gaussian(np.zeros((4, 2)), np.eye(2)))
    with pytest.raises(ValueError, match=re.escape("x must be finite, but x[1] is nan")):
        function([0.0, np.nan], p)
    pandas = pytest.importorskip("pandas")
    with pytest.raises(ValueError, match="'a'"):
        function(pandas.DataFrame([[1.0, 2.0]], columns=["b", "a"]), p)
