"""Jeffreys centroids and Fréchet means: by their equations, by search, by other libraries."""

import re

import numpy as np
import oracles
import pytest
import random_laws
from mpmath import mp
from scipy.optimize import minimize

import gaussmetrics as gm

EPS = np.finfo(float).eps
MEANS = [gm.jeffreys_barycenter, gm.fisher_rao_barycenter]
of_both = pytest.mark.parametrize("mean", MEANS, ids=lambda f: f.__name__)


def laws(seed, n, d, apart=1.0, *, kappa=4.0, scale=1.0):
    rng = np.random.default_rng(seed)
    ps = random_laws.gaussian(rng, d, batch=(n,), kappa=kappa, scale=scale)
    return gm.Gaussian(apart * ps.mean, ps.cov), rng.dirichlet(np.ones(n))


def objective(mean, ps, w, q):
    if mean is gm.jeffreys_barycenter:
        return w @ gm.jeffreys_divergence(ps, q)
    return w @ gm.fisher_rao_distance(ps, q) ** 2


@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e150])
@pytest.mark.parametrize("apart", [0.0, 0.3, 3.0, 100.0])
@pytest.mark.parametrize(("n", "d"), [(2, 1), (4, 1), (3, 3), (2, 5)])
def test_the_centroid_solves_its_equations(n, d, apart, scale):
    ps, w = laws(n, n, d, apart, scale=scale)
    q = gm.jeffreys_barycenter(ps, w)
    s, m = oracles.matrix(q.cov), oracles.matrix(q.mean)
    total, moment = mp.zeros(d), mp.zeros(d)
    pull = mp.zeros(d, 1)
    for k in range(n):
        cov, mu = oracles.matrix(ps[k].cov), oracles.matrix(ps[k].mean)
        weight, precision = mp.mpf(float(w[k])), mp.inverse(cov)
        total += weight * precision
        moment += weight * (cov + (mu - m) * (mu - m).T)
        pull += weight * (precision + mp.inverse(s)) * (mu - m)
    # S P S = A in deviations of A, and the pull on m in those of S, up to what the last step of the
    # iteration, 1e-12 of the size of the laws, and the rounding of S may have left.
    size = mp.sqrt(oracles.trace(moment * total))
    root = mp.inverse(oracles.square_root(moment))
    error = root * s * total * s * root - mp.eye(d)
    assert max(abs(x) for x in error) <= 4e-12 * size + 100 * EPS * np.linalg.cond(q.cov)
    assert mp.sqrt((pull.T * s * pull)[0]) <= 1e-9 * size


@of_both
@pytest.mark.parametrize("apart", [0.0, 1.0, 4.0])
@pytest.mark.parametrize("d", [1, 2, 3])
def test_no_law_nearby_is_better(mean, d, apart):
    ps, w = laws(d, 4, d, apart)
    q = mean(ps, w)
    best = objective(mean, ps, w, q)
    rng = np.random.default_rng(0)
    root = np.linalg.cholesky(q.cov)
    for size in (1e-2, 1e-3):
        for _ in range(10):
            turn = np.eye(d) + size * rng.standard_normal((d, d))
            moved = q.mean + size * root @ rng.standard_normal(d)
            factor = root @ turn
            assert objective(mean, ps, w, gm.Gaussian(moved, factor @ factor.T)) > best


@of_both
def test_on_the_line_by_search(mean):
    ps, w = laws(7, 5, 1, 3.0)

    def value(x):
        return objective(mean, ps, w, gm.Gaussian(x[:1], [[np.exp(2 * x[1])]]))

    found = minimize(
        value, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-14}
    )
    q = mean(ps, w)
    np.testing.assert_allclose(q.mean, found.x[:1], atol=1e-6)
    np.testing.assert_allclose(q.cov, [[np.exp(2 * found.x[1])]], rtol=1e-6)


def test_equal_means_by_another_library():
    mean = pytest.importorskip("pyriemann.geometry.mean", reason="needs pyriemann")
    ps, w = laws(8, 5, 4, 0.0, kappa=100.0)
    expected = mean.mean_riemann(ps.cov, sample_weight=w, tol=1e-12, maxiter=200)
    q = gm.fisher_rao_barycenter(ps, w, tolerance=1e-11)
    np.testing.assert_allclose(q.cov, expected, rtol=1e-8, atol=1e-9 * np.abs(expected).max())
    np.testing.assert_array_equal(q.mean, np.zeros(4))


def test_equal_means_the_centroid_is_a_geometric_mean():
    ps, w = laws(9, 5, 3, 0.0, kappa=100.0)
    arithmetic = np.einsum("n,nij->ij", w, ps.cov)
    harmonic = np.linalg.inv(np.einsum("n,nij->ij", w, np.linalg.inv(ps.cov)))
    ends = gm.Gaussian(np.zeros((2, 3)), [arithmetic, harmonic])
    expected = gm.fisher_rao_geodesic(ends[0], ends[1], 0.5)
    np.testing.assert_allclose(
        gm.jeffreys_barycenter(ps, w).cov, expected.cov, rtol=1e-10, atol=1e-12
    )


@of_both
def test_affine_maps_carry_the_mean(mean):
    ps, w = laws(10, 4, 3)
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((3, 3)), rng.standard_normal(3)
    there = mean(ps.transform(a, b), w)
    here = mean(ps, w).transform(a, b)
    np.testing.assert_allclose(there.mean, here.mean, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(there.cov, here.cov, rtol=1e-7, atol=1e-8)


@of_both
@pytest.mark.parametrize("scale", [1e-150, 1e150])
def test_extreme_scales(mean, scale):
    ps, w = laws(11, 3, 2)
    root = np.sqrt(scale)
    big = mean(gm.Gaussian(root * ps.mean, scale * ps.cov), w)
    plain = mean(ps, w)
    np.testing.assert_allclose(big.mean, root * plain.mean, rtol=1e-8)
    np.testing.assert_allclose(big.cov, scale * plain.cov, rtol=1e-8)


@of_both
def test_weights_and_few_laws(mean):
    ps, _ = laws(12, 3, 2)
    one = mean(ps, [0.0, 1.0, 0.0])
    np.testing.assert_allclose(one.cov, ps[1].cov, rtol=1e-12)
    np.testing.assert_allclose(one.mean, ps[1].mean, rtol=1e-12)
    twice = gm.Gaussian.stack([ps[0], ps[1], ps[1]])
    np.testing.assert_allclose(mean(twice).cov, mean(ps[:2], [1.0, 2.0]).cov, rtol=1e-7, atol=1e-9)
    same = mean(gm.Gaussian.stack([ps[0]] * 4))
    np.testing.assert_allclose(same.cov, ps[0].cov, rtol=1e-12)
    np.testing.assert_allclose(same.mean, ps[0].mean, rtol=1e-12)


def test_two_laws_meet_half_way():
    ps, _ = laws(13, 2, 3, 2.0)
    d = gm.fisher_rao_distance(ps, gm.fisher_rao_barycenter(ps))
    np.testing.assert_allclose(d, 0.5 * gm.fisher_rao_distance(ps[0], ps[1]), rtol=1e-9)


@of_both
@pytest.mark.parametrize("kind", ["diagonal", "low rank", "precision", "shared"])
def test_every_structure(mean, kind):
    rng = np.random.default_rng(14)
    dense = random_laws.gaussian(rng, 3, batch=(4,)).cov
    cov = {
        "diagonal": lambda: gm.Covariance.from_diagonal(rng.gamma(3.0, size=(4, 3))),
        "low rank": lambda: gm.Covariance.from_factor(rng.standard_normal((4, 3, 1)), 0.5),
        "precision": lambda: gm.Covariance.from_precision(dense),
        "shared": lambda: dense[0],
    }[kind]()  # fmt: skip
    ps = gm.Gaussian(rng.standard_normal((4, 3)), cov)
    twin = gm.Gaussian(ps.mean, ps.cov)
    np.testing.assert_allclose(mean(ps).cov, mean(twin).cov, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(mean(ps).mean, mean(twin).mean, atol=1e-7)


@of_both
def test_names_are_kept(mean):
    ps = gm.Gaussian([[0.0], [1.0], [3.0]], [[1.0]], names=["a"])
    assert mean(ps).names == ("a",)


@of_both
def test_what_is_refused(mean):
    name, ps = mean.__name__, laws(15, 3, 2)[0]
    with pytest.raises(TypeError, match=rf"^{name} takes a batch of Gaussians, but ps is a list"):
        mean([ps[0], ps[1]])
    with pytest.raises(
        ValueError, match=re.escape("ps must be a batch of shape (n,), got batch_s")
    ):
        mean(ps[0])
    with pytest.raises(
        ValueError, match=re.escape("weights must have one entry a law, shape (3,)")
    ):
        mean(ps, [1.0])
    with pytest.raises(ValueError, match="a mean or a mixture needs at least one law"):
        mean(ps[:0])
    line = gm.Gaussian([[0.0, 0.0]], gm.Covariance.from_factor([[1.0], [1.0]]))
    text = f"{name} needs positive definite covariances, but that of ps is singular. Shrink"
    with pytest.raises(ValueError, match=re.escape(text)):
        mean(line)
    with pytest.raises(ValueError, match=r"tolerance must be positive and finite, got 0\.0"):
        mean(ps, tolerance=0.0)
    with pytest.raises(
        RuntimeError, match=rf"^{name} has not converged: after 1 steps .* was left"
    ):
        mean(ps, tolerance=1e-14, max_steps=1)
