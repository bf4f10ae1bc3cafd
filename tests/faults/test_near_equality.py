"""What was given is kept, and the difference of two laws is taken there."""

from functools import partial

import numpy as np
import oracles
import pytest
import random_laws
from given import (
    from_diagonal,
    from_eigendecomposition,
    from_factor,
    from_precision,
    given,
)
from oracles import mp, relative_error

import gaussmetrics as gm

EPS = np.finfo(float).eps
STEPS = [1e-1, 1e-3, 1e-6, 1e-9, 1e-12]
TRANSPORT = {
    "squared wasserstein": (gm.squared_wasserstein_distance, oracles.squared_wasserstein_distance),
    "wasserstein": (gm.wasserstein_distance, oracles.wasserstein_distance),
    "gelbrich": (gm.gelbrich_bound, oracles.wasserstein_distance),
    "explained": (
        lambda p, q: gm.explain(gm.squared_wasserstein_distance, p, q).total,
        oracles.squared_wasserstein_distance,
    ),
}
INFORMATION = {
    "kl": (gm.kl_divergence, oracles.kl_divergence),
    "jeffreys": (gm.jeffreys_divergence, oracles.jeffreys_divergence),
    "bhattacharyya": (gm.bhattacharyya_distance, oracles.bhattacharyya_distance),
    "hellinger": (gm.hellinger_distance, oracles.hellinger_distance),
    "cauchy schwarz": (gm.cauchy_schwarz_divergence, oracles.cauchy_schwarz_divergence),
    "explained kl": (lambda p, q: gm.explain(gm.kl_divergence, p, q).total, oracles.kl_divergence),
}
ALL = {**TRANSPORT, **INFORMATION}


def error(name, p, q):
    function, oracle = ALL[name]
    return relative_error(function(p.law, q.law), oracle(p, q))


# Low rank plus diagonal: √D is rounded before a difference is taken


@pytest.mark.parametrize("h", STEPS)
@pytest.mark.parametrize("name", TRANSPORT)
def test_transport_of_low_rank_plus_diagonal(name, h):
    f, d = np.array([[0.5], [0.5]]), np.array([1.0, 3.0])
    assert error(name, from_factor(f, d), from_factor(f, d * (1 + h))) <= 2e-12


@pytest.mark.parametrize("h", STEPS)
@pytest.mark.parametrize("name", ALL)
def test_a_random_low_rank_plus_diagonal(name, h):
    rng = np.random.default_rng(5)
    f, d = rng.standard_normal((5, 2)), rng.gamma(2.0, size=5)
    p = from_factor(f, d)
    q = from_factor(f * (1 + h * rng.random(f.shape)), d * (1 + h * rng.random(5)))
    kappa = 1 + np.linalg.norm(f / np.sqrt(d)[:, None], 2) ** 2
    assert error(name, p, q) <= max(2e-12, 100 * EPS * kappa)


# Covariance gradients: from their formulas, in exact arithmetic


def exact_gradient(name, p, q):
    """∂/∂Σp and ∂/∂Σq at equal means, by Magnus & Neudecker's rules."""
    a, b = p.cov, q.cov
    ia, ib, im = mp.inverse(a), mp.inverse(b), mp.inverse((a + b) / 2)
    if name == "kl":
        return (ib - ia) / 2, (ib - ib * a * ib) / 2
    if name == "jeffreys":
        return (ib - ia * b * ia) / 2, (ia - ib * a * ib) / 2
    if name == "bhattacharyya":
        return (im - ia) / 4, (im - ib) / 4
    if name == "hellinger":  # H² = 1 − exp(−D)
        distance = oracles.bhattacharyya_distance(p, q)
        slope = mp.exp(-distance) / (2 * mp.sqrt(-mp.expm1(-distance)))
        return slope * (im - ia) / 4, slope * (im - ib) / 4
    if name == "renyi":
        s = mp.inverse(a / 4 + 3 * b / 4)  # α = ¾
        return (s - ia) / 2, mp.mpf(3) / 2 * (s - ib)
    root = oracles.square_root(a)
    inner = root * b * root
    inverse = mp.inverse(root)
    there = inverse * oracles.square_root((inner + inner.T) / 2) * inverse
    return mp.eye(a.rows) - there, mp.eye(a.rows) - mp.inverse(there)


GRADIENTS = {
    "kl": gm.kl_divergence_gradient,
    "jeffreys": gm.jeffreys_divergence_gradient,
    "bhattacharyya": gm.bhattacharyya_distance_gradient,
    "hellinger": gm.hellinger_distance_gradient,
    "renyi": partial(gm.renyi_divergence_gradient, alpha=0.75),
    "wasserstein": gm.squared_wasserstein_distance_gradient,
}


def gradient_errors(name, p, q):
    """Relative to the largest entry of each part."""
    result = GRADIENTS[name](p.law, q.law)
    return [distance(g, e) for g, e in zip(
        (result.p_cov, result.q_cov), exact_gradient(name, p, q), strict=True
    )]  # fmt: skip


def distance(value, truth):
    if np.ndim(value) == 1:
        truth = mp.matrix([truth[i, i] for i in range(truth.rows)])
    gap = oracles.matrix(value) - truth
    return float(max(abs(x) for x in gap) / max(abs(x) for x in truth))


def moved_by_an_ulp(name, build, f, d, h):
    """How far the exact gradient moves where the given diagonal moves by a rounding error."""
    ulp = d * (1 + EPS * np.array([1.0, -1.0] * len(d))[: len(d)])
    pair, other = build(f, d, h), (build(f, ulp, h)[0], build(f, d, h)[1])
    one, two = (exact_gradient(name, *pq) for pq in (pair, other))
    return [float(mp.norm(x - y, mp.inf) / mp.norm(x, mp.inf)) for x, y in zip(
        one, two, strict=True
    )]  # fmt: skip


@pytest.mark.parametrize("h", STEPS)
@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_of_well_conditioned_low_rank_plus_diagonal(name, h):
    rng = np.random.default_rng(5)
    f, d = rng.standard_normal((4, 2)), rng.gamma(2.0, size=4)
    p, moved = from_factor(f, d), from_factor(f * (1 + h * rng.random(f.shape)), d)
    for q in (moved, from_factor(f, d * (1 + h * rng.random(4)))):
        assert max(gradient_errors(name, p, q)) <= 2e-12


@pytest.mark.parametrize("c", [1e-4, 1e-6, 1e-8])
@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_of_a_strong_factor_with_little_noise(name, c):
    # An ulp of D moves the truth by 1e-12, 1e-10, 9e-9: the answer may be wrong by a hundred such.
    f, d = np.array([[1.0], [0.75]]), c * np.array([1.0, 2.0])

    def build(f, d, h):
        return from_factor(f, d), from_factor((1 + h) * f, d)

    allowed = 100 * np.array(moved_by_an_ulp(name, build, f, d, 0.25))
    if name == "wasserstein":  # hardly moves; stated is the condition number
        allowed += 10 * EPS * 2 / c
    for got, most in zip(gradient_errors(name, *build(f, d, 0.25)), allowed, strict=True):
        assert got <= 1e-13 + most


# Precisions and eigendecompositions


@pytest.mark.parametrize("h", STEPS)
@pytest.mark.parametrize("name", ALL)
def test_precisions_of_one_variable(name, h):
    p, q = from_precision([[3.0]]), from_precision([[3.0 * (1 + h)]])
    assert error(name, p, q) <= 2e-12


@pytest.mark.parametrize("h", STEPS)
@pytest.mark.parametrize("kappa", [10.0, 1e4])
@pytest.mark.parametrize("name", ALL)
def test_precisions(name, kappa, h):
    rng = np.random.default_rng(11)
    first = random_laws.covariance(rng, 5, kappa=kappa)
    second = random_laws.perturbed(rng, first, h)
    assert error(name, from_precision(first), from_precision(second)) <= 100 * EPS * kappa + 2e-12


@pytest.mark.parametrize("h", STEPS)
@pytest.mark.parametrize("kappa", [10.0, 1e4])
@pytest.mark.parametrize("name", ALL)
def test_eigenvalues_that_move(name, kappa, h):
    rng = np.random.default_rng(12)
    w, v = kappa ** -np.linspace(0, 1, 5), random_laws.orthogonal(rng, 5)
    p = from_eigendecomposition(w, v)
    q = from_eigendecomposition(w * (1 + h * rng.random(5)), v)
    # V is orthogonal to rounding, and enters both laws.
    assert error(name, p, q) <= 2e-12


@pytest.mark.parametrize("h", STEPS)
@pytest.mark.parametrize("name", ALL)
def test_eigenvalues_of_one_variable(name, h):
    p, q = (from_eigendecomposition([w], [[1.0]]) for w in (2.0, 2.0 * (1 + h)))
    assert error(name, p, q) <= 2e-12


@pytest.mark.parametrize("structure", ["precision", "eigen"])
@pytest.mark.parametrize("h", STEPS)
@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_of_precisions_and_eigenvalues(name, h, structure):
    rng = np.random.default_rng(13)
    if structure == "precision":
        first = random_laws.covariance(rng, 4, kappa=30.0)
        p, q = from_precision(first), from_precision(random_laws.perturbed(rng, first, h))
    else:
        w, v = rng.gamma(4.0, size=4), random_laws.orthogonal(rng, 4)
        p = from_eigendecomposition(w, v)
        q = from_eigendecomposition(w * (1 + h * rng.random(4)), v)
    assert max(gradient_errors(name, p, q)) <= 2e-12


# The split of the transport distance


@pytest.mark.parametrize("h", STEPS)
@pytest.mark.parametrize("scale", [1.0, 1e-268, 1e268])
def test_explained_transport_between_diagonal_laws(scale, h):
    # (√a − √b)², from the definition.
    p, q = from_diagonal([2.0 * scale]), from_diagonal([2.0 * scale * (1 + h)])
    truth = (mp.sqrt(p.cov[0, 0]) - mp.sqrt(q.cov[0, 0])) ** 2
    if truth < 1e-290:
        pytest.skip("below the digits of doubles")
    parts = gm.explain(gm.squared_wasserstein_distance, p.law, q.law)
    assert relative_error(parts.total, truth) <= 2e-12
    assert parts.mean == parts.orientation == 0


# Rényi divergences of order near 0 and 1


@pytest.mark.parametrize("alpha", [1e-9, 1e-6, 1 - 1e-6, 1 - 1e-9, 1 + 1e-9])
@pytest.mark.parametrize("noise", [1.0, 1e-4, 1e-8])
def test_renyi_between_unrelated_low_rank_laws(noise, alpha):
    d = noise * np.array([1.0, 2.0])
    p, q = (from_factor(f, d) for f in ([[1.0], [1.0]], [[1.0], [-1.0]]))
    truth = oracles.renyi_divergence(p, q, alpha)
    other = oracles.renyi_divergence(from_factor([[1.0], [1.0]], d * [1 + EPS, 1 - EPS]), q, alpha)
    value = gm.renyi_divergence(p.law, q.law, alpha=alpha)
    if mp.isinf(truth):
        assert value == np.inf
        return
    assert relative_error(value, truth) <= 1e-13 + 100 * relative_error(other, truth)


# Entropic transport


@pytest.mark.parametrize("epsilon", [1.0, 1e-4, 1e-8, 1e-12])
def test_entropic_cost_of_a_low_rank_law_with_itself(epsilon):
    p = from_factor([[1.0], [2.0], [-1.0]], np.array([1.0, 0.5, 2.0]))
    truth = oracles.entropic_transport_cost(p, p, epsilon)
    value = gm.entropic_transport_cost(p.law, p.law, epsilon=epsilon)
    assert relative_error(value, truth) <= 1e-13


# Distances between spaces


@pytest.mark.parametrize("h", STEPS)
@pytest.mark.parametrize("shape", [(3, 2), (5, 2), (8, 3)])
def test_gromov_wasserstein_between_singular_laws(shape, h):
    # Both spectra have d − r zeros, known exactly; the distance is that of the others.
    f = np.random.default_rng(shape).standard_normal(shape)
    p, q = from_factor(f), from_factor(f * (1 + h))
    a, b = (oracles.matrix(x.cov) for x in (p, q))
    small = [oracles.matrix(g).T * oracles.matrix(g) for g in (f, f * (1 + h))]
    a, b = (given(None, np.array(m.tolist(), float), m) for m in small)
    truth = oracles.gromov_wasserstein_distance(a, b)
    assert relative_error(gm.gromov_wasserstein_distance(p.law, q.law), truth) <= 2e-12
