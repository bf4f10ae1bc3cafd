"""Gradients: directional derivatives of the definitions in 100-digit arithmetic."""

import dataclasses
import re
from functools import partial

import numpy as np
import oracles
import pytest
import random_laws
from oracles import mp
from structured_laws import STRUCTURES, Exact, law, near, twin

import gaussmetrics as gm

EPS = np.finfo(float).eps
PARTS = ("p_mean", "p_cov", "q_mean", "q_cov")
ALPHAS = (0.3, 0.999999, 1.0, 1.2)


def renyi(p, q, *, alpha):
    if alpha == 1:
        return oracles.kl_divergence(p, q)
    return oracles.renyi_divergence(p, q, alpha)


GRADIENTS = {
    "kl": (gm.kl_divergence_gradient, oracles.kl_divergence, gm.kl_divergence),
    "jeffreys": (
        gm.jeffreys_divergence_gradient,
        oracles.jeffreys_divergence,
        gm.jeffreys_divergence,
    ),
    "bhattacharyya": (
        gm.bhattacharyya_distance_gradient,
        oracles.bhattacharyya_distance,
        gm.bhattacharyya_distance,
    ),
    "hellinger": (
        gm.hellinger_distance_gradient,
        oracles.hellinger_distance,
        gm.hellinger_distance,
    ),
    "wasserstein": (
        gm.squared_wasserstein_distance_gradient,
        oracles.squared_wasserstein_distance,
        gm.squared_wasserstein_distance,
    ),
}
for alpha in ALPHAS:
    GRADIENTS[f"renyi {alpha}"] = tuple(
        partial(f, alpha=alpha) for f in (gm.renyi_divergence_gradient, renyi, gm.renyi_divergence)
    )
every = pytest.mark.parametrize("name", GRADIENTS)


class Moved:
    """A law whose parameters are moved by h times a direction, exactly."""

    def __init__(self, p, mean, cov):
        self.mean, self.cov, self.dim = mean, cov, p.dim


@pytest.fixture(autouse=True)
def unrounded(monkeypatch):
    plain = oracles.matrix
    monkeypatch.setattr(
        oracles, "matrix", lambda a: a if isinstance(a, mp.matrix) else plain(np.asarray(a))
    )


def derivative(function, p, q, part, direction):
    """(f(θ + hδ) − f(θ − hδ)) / 2h with h = 1e-30, right to 40 digits and more."""
    h = mp.mpf(10) ** -30
    values = []
    for sign in (1, -1):
        at = {
            f"{k}_{w}": oracles.matrix(getattr(x, w))
            for k, x in (("p", p), ("q", q))
            for w in ("mean", "cov")
        }
        at[part] = at[part] + sign * h * oracles.matrix(direction)
        values.append(
            function(Moved(p, at["p_mean"], at["p_cov"]), Moved(q, at["q_mean"], at["q_cov"]))
        )
    return float((values[0] - values[1]) / (2 * h))


def check_by_directions(rng, name, p, q, bound, *, exact=None):
    """Compare with derivatives of the oracle at p and q, or at their exact parameters."""
    gradient, oracle, _ = GRADIENTS[name]
    result = gradient(p, q)
    for part in PARTS:
        g = getattr(result, part)
        for _ in range(2):
            direction = rng.standard_normal(g.shape)
            if g.ndim == 2:
                direction = direction + direction.T
            matrix = np.diag(direction) if "cov" in part and g.ndim == 1 else direction
            expected = derivative(oracle, *(exact or (p, q)), part, matrix)
            size = np.linalg.norm(g) * np.linalg.norm(direction)
            assert abs((g * direction).sum() - expected) <= bound * size + 1e-40, part


def pair(rng, d, kappa, apart):
    a = random_laws.covariance(rng, d, kappa=kappa)
    b = (
        random_laws.perturbed(rng, a, apart)
        if apart < 1
        else random_laws.covariance(rng, d, kappa=kappa)
    )
    mean = rng.standard_normal(d)
    shift = apart * rng.standard_normal(d) / np.sqrt(kappa)
    # A mean that doubles hold exactly, so that the difference of the means is what was meant.
    mean = np.round(mean * 4) / 4
    return gm.Gaussian(0 * mean, a), gm.Gaussian(shift, b)


@pytest.mark.parametrize("apart", [1.0, 0.3, 1e-3, 1e-7, 1e-11])
@pytest.mark.parametrize("kappa", [1.0, 1e5])
@pytest.mark.parametrize("d", [1, 4])
@every
def test_directional_derivatives(name, d, kappa, apart):
    # Stated: right to 1e-13 + 10 ε κ of the size of each part of the gradient.
    if name == "renyi 1.2" and apart == 1.0 and kappa > 1:
        pytest.skip("the divergence is infinite")
    rng = np.random.default_rng([d, int(kappa)])
    p, q = pair(rng, d, kappa, apart)
    check_by_directions(rng, name, p, q, 1e-13 + 10 * EPS * kappa)


@pytest.mark.parametrize("size", [0.3, 1e-3, 1e-7, 1e-11])
@pytest.mark.parametrize("structure", ["diagonal", "cholesky", "factor", "low rank"])
@every
def test_near_pairs_of_one_structure_keep_their_digits(name, structure, size):
    rng = np.random.default_rng(5)
    a, b = near(rng, structure, size)
    p, q = (gm.Gaussian(np.zeros(a.dim), cov) for cov in (a, b))
    if name == "renyi 1.2" and size == 0.3:
        pytest.skip("the divergence is infinite for some of these laws")
    kappa = max(np.linalg.cond(cov.dense()) for cov in (a, b))
    check_by_directions(rng, name, p, q, 1e-12 + 10 * EPS * kappa, exact=(Exact(a), Exact(b)))


V = random_laws.orthogonal(np.random.default_rng(0), 4)
REPEATED = {
    "both isotropic": (np.eye(4), 2 * np.eye(4)),
    "one isotropic": (np.eye(4), (V * [1.0, 2.0, 3.0, 4.0]) @ V.T),
    "pairs, common axes": ((V * [1.0, 1.0, 3.0, 3.0]) @ V.T, (V * [2.0, 2.0, 1.0, 1.0]) @ V.T),
    "pairs, other axes": ((V * [1.0, 1.0, 3.0, 3.0]) @ V.T, np.diag([2.0, 2.0, 1.0, 1.0])),
    "equal": (3 * np.eye(4), 3 * np.eye(4)),
}


@pytest.mark.parametrize("case", REPEATED)
@every
def test_repeated_eigenvalues(name, case):
    rng = np.random.default_rng(1)
    p, q = (gm.Gaussian(rng.standard_normal(4), (m + m.T) / 2) for m in REPEATED[case])
    if name == "renyi 1.2":
        q = gm.Gaussian(q.mean, 2 * q.cov)
    check_by_directions(rng, name, p, q, 1e-13)


@every
def test_five_point_differences_of_the_metric_itself(name):
    rng = np.random.default_rng(2)
    gradient, _, metric = GRADIENTS[name]
    p, q = random_laws.gaussian(rng, 3), random_laws.gaussian(rng, 3)
    q = gm.Gaussian(q.mean, q.cov + 0.2 * p.cov)
    result = gradient(p, q)
    moves = {part: rng.standard_normal(getattr(result, part).shape) for part in PARTS}
    for part in ("p_cov", "q_cov"):
        moves[part] = moves[part] + moves[part].T

    def at(h):
        return metric(
            gm.Gaussian(p.mean + h * moves["p_mean"], p.cov + h * moves["p_cov"]),
            gm.Gaussian(q.mean + h * moves["q_mean"], q.cov + h * moves["q_cov"]),
        )

    h = 1e-4
    difference = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)
    expected = sum((getattr(result, part) * moves[part]).sum() for part in PARTS)
    np.testing.assert_allclose(difference, expected, rtol=1e-8)


@pytest.mark.parametrize("second", STRUCTURES)
@pytest.mark.parametrize("first", STRUCTURES)
@every
def test_every_structure_equals_its_dense_twin(name, first, second):
    if name == "renyi 1.2":
        pytest.skip("infinite between most of these laws")
    rng = np.random.default_rng(0)
    gradient, _, _ = GRADIENTS[name]
    p, q = law(rng, first, (4, 1)), law(rng, second, (3,))
    result, expected = gradient(p, q), gradient(twin(p), twin(q))
    for part, structure in zip(PARTS, (None, first, None, second), strict=True):
        ours, theirs = getattr(result, part), getattr(expected, part)
        if structure == "diagonal":
            theirs = np.diagonal(theirs, axis1=-2, axis2=-1)
        assert ours.shape == theirs.shape
        axes = tuple(range(2, theirs.ndim))
        size = np.sqrt((theirs**2).sum(axis=axes, keepdims=True))
        assert (np.abs(ours - theirs) <= 1e-9 * size).all(), part


@pytest.mark.parametrize(
    "shapes", [((4,), (4,)), ((3, 1), (4,)), ((), (4,)), ((3,), ()), ((0,), ())]
)
@every
def test_batches_broadcast_like_a_loop(name, shapes):
    rng = np.random.default_rng(3)
    gradient, _, _ = GRADIENTS[name]
    p, q = (random_laws.gaussian(rng, 3, batch=shape, kappa=1.2) for shape in shapes)
    batch = np.broadcast_shapes(*shapes)
    result = gradient(p, q)
    for part, core in zip(PARTS, ((3,), (3, 3)) * 2, strict=True):
        assert getattr(result, part).shape == batch + core
    means = [np.broadcast_to(x.mean, (*batch, 3)) for x in (p, q)]
    covs = [np.broadcast_to(x.cov, (*batch, 3, 3)) for x in (p, q)]
    for i in np.ndindex(batch):
        single = gradient(*(gm.Gaussian(m[i], c[i]) for m, c in zip(means, covs, strict=True)))
        for part in PARTS:
            np.testing.assert_allclose(
                getattr(result, part)[i], getattr(single, part), rtol=1e-10, atol=1e-13
            )


def test_one_mean_for_a_batch_of_covariances():
    variances = gm.Covariance.from_diagonal([[1.0, 2.0], [3.0, 4.0]])
    result = gm.kl_divergence_gradient(gm.Gaussian([0.0, 1.0], variances), gm.Gaussian.standard(2))
    np.testing.assert_array_equal(result.p_mean, [[0.0, 1.0], [0.0, 1.0]])
    np.testing.assert_allclose(result.p_cov, [[0.0, 0.25], [1 / 3, 3 / 8]])
    assert result.q_cov.shape == (2, 2)


@pytest.mark.parametrize("structure", STRUCTURES)
@every
def test_equal_laws_have_gradient_zero(name, structure):
    p = law(np.random.default_rng(4), structure, (3,))
    if name == "hellinger":
        with pytest.raises(ValueError, match="is not defined where p = q: the distance has a kink"):
            gm.hellinger_distance_gradient(p, p)
        return
    result = GRADIENTS[name][0](p, p)
    for part in PARTS:
        np.testing.assert_array_equal(getattr(result, part), 0.0)


@pytest.mark.parametrize("scale", [1e-100, 1e100])
@every
def test_extreme_scales(name, scale):
    rng = np.random.default_rng(5)
    p, q = (random_laws.gaussian(rng, 3, kappa=1.2) for _ in range(2))
    a, b = (gm.Gaussian(np.sqrt(scale) * x.mean, scale * x.cov) for x in (p, q))
    plain, scaled = GRADIENTS[name][0](p, q), GRADIENTS[name][0](a, b)
    degree = 1.0 if name == "wasserstein" else 0.0
    for part, power in zip(PARTS, (0.5, 1.0, 0.5, 1.0), strict=True):
        np.testing.assert_allclose(
            getattr(scaled, part) * scale ** (power - degree), getattr(plain, part), rtol=1e-10
        )


@every
def test_gradients_are_symmetric_and_frozen(name):
    rng = np.random.default_rng(6)
    result = GRADIENTS[name][0](
        random_laws.gaussian(rng, 4, kappa=1.2), random_laws.gaussian(rng, 4, kappa=1.2)
    )
    for g in (result.p_cov, result.q_cov):
        np.testing.assert_allclose(g, g.T, rtol=1e-14, atol=1e-16)
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.p_mean = 0.0


def test_a_step_against_the_gradient_descends():
    rng = np.random.default_rng(7)
    p, q = random_laws.gaussian(rng, 4), random_laws.gaussian(rng, 4)
    for name in ("kl", "jeffreys", "bhattacharyya", "hellinger", "wasserstein"):
        gradient, _, metric = GRADIENTS[name]
        g = gradient(p, q)
        moved = gm.Gaussian(p.mean - 1e-3 * g.p_mean, p.cov - 1e-3 * g.p_cov)
        assert metric(moved, q) < metric(p, q)


@every
class TestErrors:
    def test_operands(self, name):
        gradient = GRADIENTS[name][0]
        title = getattr(gradient, "func", gradient).__name__
        with pytest.raises(TypeError, match=f"{title} takes Gaussian objects, but p is of type"):
            gradient([0.0], gm.Gaussian.standard(1))
        with pytest.raises(ValueError, match=f"{title} needs p and q of the same dimension"):
            gradient(gm.Gaussian.standard(1), gm.Gaussian.standard(2))

    def test_singular_laws_have_none(self, name):
        gradient = GRADIENTS[name][0]
        title = getattr(gradient, "func", gradient).__name__
        flat = gm.Gaussian([0.0, 0.0], [[1.0, 1.0], [1.0, 1.0]], allow_singular=True)
        point = gm.Gaussian(
            [0.0, 0.0], gm.Covariance.from_diagonal([1.0, 0.0], allow_singular=True)
        )
        full = gm.Gaussian.standard(2)
        for p, q, which in [(flat, full, "p"), (full, point, "q"), (flat, flat, "p")]:
            text = f"{title} needs positive definite covariances, but that of {which} is singular"
            with pytest.raises(ValueError, match=re.escape(text)):
                gradient(p, q)


def test_a_regular_law_among_those_allowed_to_be_singular():
    a = np.array([[2.0, 0.5], [0.5, 1.0]])
    factor = np.linalg.cholesky(a)
    wide = gm.Covariance.from_factor(np.concatenate([factor, np.zeros((2, 1))], axis=1))
    p, q = gm.Gaussian([1.0, 0.0], wide), gm.Gaussian.standard(2)
    result = gm.kl_divergence_gradient(p, q)
    np.testing.assert_allclose(result.p_cov, 0.5 * (np.eye(2) - np.linalg.inv(a)), rtol=1e-13)


def test_renyi_where_it_is_infinite():
    p, q = gm.Gaussian([0.0], [[4.0]]), gm.Gaussian([0.0], [[1.0]])
    with pytest.raises(ValueError, match=r"at alpha=2 the matrix \(1 - alpha\) cov_p"):
        gm.renyi_divergence_gradient(p, q, alpha=2.0)
    for alpha, error in [(0.0, ValueError), (-1.0, ValueError), ("a", TypeError)]:
        with pytest.raises(error, match="alpha must be"):
            gm.renyi_divergence_gradient(p, q, alpha=alpha)
