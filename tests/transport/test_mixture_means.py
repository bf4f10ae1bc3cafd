"""Maps and barycentres of mixtures: by draws, by brute force, by what makes them the best."""

import itertools
import re

import numpy as np
import pytest
import random_laws
from scipy.special import logsumexp
from scipy.stats import chi2

import gaussmetrics as gm
from gaussmetrics.transport import mixture_barycenter


def mixture(seed, k, d=2, apart=3.0):
    rng = np.random.default_rng(seed)
    laws = random_laws.gaussian(rng, d, batch=(k,), kappa=4.0)
    return gm.Mixture(rng.dirichlet(np.ones(k)), gm.Gaussian(apart * laws.mean, laws.cov))


def points(x, weights=None):
    return gm.Mixture(weights, gm.Gaussian(np.asarray(x, float)[:, None], [[1.0]]))


def refused(error, text):
    return pytest.raises(error, match=re.escape(text))


@pytest.mark.parametrize(("k", "m"), [(1, 1), (2, 3), (3, 2)])
def test_draws_are_carried_to_draws(k, m):
    p, q = mixture(k, k), mixture(10 + m, m)
    move = gm.mixture_transport_map(p, q)
    rng = np.random.default_rng(0)
    n = 40_000
    x = p.sample(n, rng)
    y = move.sample(x, rng)
    error = y.mean(axis=0) - q.mean
    assert n * error @ np.linalg.solve(q.cov, error) < chi2(2).isf(1e-6)
    # Where q has its mass: the entropy of q by the images is that by draws of its own.
    own, carried = q.logpdf(q.sample(n, rng)), q.logpdf(y)
    assert abs(own.mean() - carried.mean()) < 4.5 * np.sqrt((own.var() + carried.var()) / n)
    costs = ((x - y) ** 2).sum(axis=1)
    expected = gm.mixture_wasserstein_distance(p, q) ** 2
    assert abs(costs.mean() - expected) < 4.5 * costs.std() / np.sqrt(n)


def test_the_mean_image_is_its_formula():
    p, q = mixture(1, 3), mixture(2, 2)
    move, plan = gm.mixture_transport_map(p, q), gm.mixture_transport_plan(p, q)
    x = p.sample((2, 3), rng=0)
    total = np.zeros(x.shape)
    for i, j in itertools.product(range(3), range(2)):
        share = plan[i, j] * np.exp(p.components[i].logpdf(x) - p.logpdf(x))
        total += share[..., None] * gm.transport_map(p.components[i], q.components[j])(x)
    np.testing.assert_allclose(move(x), total, rtol=1e-11, atol=1e-12)
    draws = np.stack([move.sample(x, rng=r) for r in range(2000)])
    error = draws.std(axis=0) / np.sqrt(2000)
    assert (np.abs(draws.mean(axis=0) - move(x)) <= 5 * error + 1e-12).all()


def test_single_components_are_the_map_of_gaussians():
    p, q = mixture(3, 1), mixture(4, 1)
    x = p.sample(5, rng=0)
    expected = gm.transport_map(p.components[0], q.components[0])(x)
    np.testing.assert_allclose(gm.mixture_transport_map(p, q)(x), expected, rtol=1e-12)
    np.testing.assert_allclose(
        gm.mixture_transport_map(p, q).sample(x, rng=1), expected, rtol=1e-12
    )


@pytest.mark.parametrize("scale", [1e-75, 1e75])
def test_extreme_scales_and_points_far_out(scale):
    p, q = mixture(5, 2), mixture(6, 3)
    big = [
        gm.Mixture(m.weights, gm.Gaussian(scale * m.components.mean, scale**2 * m.components.cov))
        for m in (p, q)
    ]
    x = p.sample(4, rng=0)
    expected = scale * gm.mixture_transport_map(p, q)(x)
    np.testing.assert_allclose(gm.mixture_transport_map(*big)(scale * x), expected, rtol=1e-9)
    far = gm.mixture_transport_map(p, q)([[1e200, 0.0], [1e4, 1e4]])
    assert np.isfinite(far).all()


@pytest.mark.parametrize("t", [0.0, 0.25, 1.0])
def test_of_two_it_is_the_geodesic(t):
    p, q = mixture(7, 3), mixture(8, 2)
    middle = gm.mixture_wasserstein_barycenter([p, q], [1 - t, t])
    whole = gm.mixture_wasserstein_distance(p, q)
    assert gm.mixture_wasserstein_distance(p, middle) == pytest.approx(t * whole, abs=1e-7 * whole)
    rest = gm.mixture_wasserstein_distance(middle, q)
    assert rest == pytest.approx((1 - t) * whole, abs=1e-7 * whole)
    assert len(middle.weights) <= 4


@pytest.mark.parametrize("seed", range(4))
def test_of_three_it_is_the_best_of_all_assignments(seed):
    # With equal weights a vertex of the plans pairs each component with one of every mixture.
    rng = np.random.default_rng(seed)
    mixtures = [
        gm.Mixture(None, random_laws.gaussian(rng, 2, batch=(3,), kappa=3.0)) for _ in range(3)
    ]
    shares = rng.dirichlet(np.ones(3))
    costs = np.empty((3, 3, 3))
    for group in itertools.product(range(3), repeat=3):
        laws = gm.Gaussian.stack([m.components[k] for m, k in zip(mixtures, group, strict=True)])
        centre = gm.wasserstein_barycenter(laws, shares)
        costs[group] = shares @ gm.squared_wasserstein_distance(laws, centre)
    orders = list(itertools.permutations(range(3)))
    best = min(
        np.mean([costs[k, a[k], b[k]] for k in range(3)])
        for a, b in itertools.product(orders, repeat=2)
    )
    centre = gm.mixture_wasserstein_barycenter(mixtures, shares)
    squares = [gm.mixture_wasserstein_distance(m, centre) ** 2 for m in mixtures]
    # Three permutations are vertices, but fractional vertices may be cheaper.
    assert shares @ squares <= best * (1 + 1e-9)
    for other in [*mixtures, gm.mixture_wasserstein_barycenter(mixtures[:2])]:
        value = [gm.mixture_wasserstein_distance(m, other) ** 2 for m in mixtures]
        assert shares @ squares <= shares @ value * (1 + 1e-9)


def test_the_same_mixture_twice_counts_twice():
    p, q = mixture(9, 2), mixture(10, 3)
    three = gm.mixture_wasserstein_barycenter([p, q, q], [2.0, 1.0, 1.0])
    two = gm.mixture_wasserstein_barycenter([p, q])
    size = gm.mixture_wasserstein_distance(p, q)
    assert gm.mixture_wasserstein_distance(three, two) <= 1e-6 * size


def test_components_and_mixtures_without_weight():
    p, q, r = points([0.0, 7.0], [1.0, 0.0]), points([4.0]), points([99.0])
    middle = gm.mixture_wasserstein_barycenter([p, q, r], [1.0, 1.0, 0.0])
    np.testing.assert_allclose(middle.components.mean, [[2.0]])
    third = gm.mixture_wasserstein_barycenter([p, q, points([5.0])])
    np.testing.assert_allclose(third.components.mean, [[3.0]])
    assert gm.mixture_wasserstein_barycenter([p]) is p


def test_what_cannot_be_proved_is_an_error(monkeypatch):
    three = [points([0.0, 1.0]), points([2.0, 3.0]), points([5.0, 6.0])]
    monkeypatch.setattr(mixture_barycenter, "_PROVED", -1.0)
    with pytest.raises(RuntimeError, match="has not been proved to be the cheapest: it costs"):
        gm.mixture_wasserstein_barycenter(three)
    monkeypatch.setattr(mixture_barycenter, "_MOST", 7)
    with refused(ValueError, "takes at most 7 groups of one component from each mixture, got 8."):
        gm.mixture_wasserstein_barycenter(three)


def test_what_is_refused():
    p, q = mixture(11, 2), mixture(12, 2, d=3)
    with refused(
        TypeError, "mixture_transport_map takes Mixture objects, but q is of type Gaussian"
    ):
        gm.mixture_transport_map(p, p.components)
    with refused(ValueError, "mixture_transport_plan needs p and q of the same dimension"):
        gm.mixture_transport_map(p, q)
    flat = gm.Mixture(None, gm.Gaussian([[0.0, 0.0]], gm.Covariance.from_factor([[1.0], [1.0]])))
    with refused(ValueError, "mixture_transport_map needs components with densities"):
        gm.mixture_transport_map(flat, p)
    np.testing.assert_allclose(
        gm.mixture_transport_map(p, flat)([[1.0, 3.0]]) @ [1.0, -1.0], 0.0, atol=1e-12
    )
    with refused(ValueError, "x must have shape (..., 2), got (3,)."):
        gm.mixture_transport_map(p, p)([0.0, 0.0, 0.0])
    with refused(TypeError, "rng must be a numpy.random.Generator"):
        gm.mixture_transport_map(p, p).sample([0.0, 0.0], rng="dice")
    name = "mixture_wasserstein_barycenter"
    with refused(TypeError, f"{name} takes a list of Mixture objects, got an object of type Mixtu"):
        gm.mixture_wasserstein_barycenter(p)
    with refused(TypeError, f"{name} takes Mixture objects, but mixtures[1] is of type Gaussian."):
        gm.mixture_wasserstein_barycenter([p, p.components])
    with refused(ValueError, f"{name} needs at least one law, got none."):
        gm.mixture_wasserstein_barycenter([])
    with refused(ValueError, f"{name} needs laws of one dimension, got [2, 3]"):
        gm.mixture_wasserstein_barycenter([p, q])
    with refused(ValueError, "weights must have one entry a law, shape (2,), got (3,)."):
        gm.mixture_wasserstein_barycenter([p, p], [1.0, 1.0, 1.0])
    with refused(ValueError, "tolerance must be positive and finite"):
        gm.mixture_wasserstein_barycenter([p, p], tolerance=0.0)


def test_shares_are_the_posterior():
    p, q = mixture(13, 3), mixture(14, 3)
    move = gm.mixture_transport_map(p, q)
    x = p.sample(6, rng=0)
    logs = np.log(move.weights) + move.maps.source.logpdf(x[:, None])
    expected = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
    np.testing.assert_allclose(move._shares(x), expected, rtol=1e-12)
