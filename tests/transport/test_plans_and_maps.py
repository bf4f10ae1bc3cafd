"""The entropic plan and the map of Gromov and Wasserstein: by what makes them the best."""

import re

import numpy as np
import oracles
import pytest
import random_laws
import structured_laws
from mpmath import mp
from structured_laws import STRUCTURES

import gaussmetrics as gm


def blocks(plan, d):
    return plan.cov[..., :d, :d], plan.cov[..., :d, d:], plan.cov[..., d:, d:]


def cross_covariance(p, q, epsilon):
    """C from Σp^½ K Σp^−½ Σq …: the solution of the Schrödinger system in 100 digits.

    C = Σp^½ [(Σp^½ Σq Σp^½ + (ε/4)² I)^½ − (ε/4) I] Σp^−½
    """
    a, b, _ = oracles.parameters(p, q)
    quarter = mp.mpf(epsilon) / 4
    root = oracles.square_root(a)
    inner = root * b * root
    middle = oracles.square_root((inner + inner.T) / 2 + quarter**2 * mp.eye(p.dim))
    return root * (middle - quarter * mp.eye(p.dim)) * mp.inverse(root)


@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e150])
@pytest.mark.parametrize("epsilon", [1e-3, 0.3, 1e3])
@pytest.mark.parametrize("d", [1, 2, 5])
def test_cross_covariance(d, epsilon, scale):
    rng = np.random.default_rng(d)
    p, q = (random_laws.gaussian(rng, d, kappa=20.0, scale=scale) for _ in range(2))
    plan = gm.entropic_transport_plan(p, q, epsilon=scale * epsilon)
    expected = cross_covariance(p, q, scale * epsilon)
    first, cross, second = blocks(plan, d)
    for i in range(d):
        for j in range(d):
            size = mp.sqrt(mp.mpf(float(p.cov[i, i])) * mp.mpf(float(q.cov[j, j])))
            assert abs(mp.mpf(float(cross[i, j])) - expected[i, j]) / size <= 1e-12
    np.testing.assert_allclose(first, p.cov, rtol=1e-12, atol=1e-14 * scale)
    np.testing.assert_allclose(second, q.cov, rtol=1e-12, atol=1e-14 * scale)
    np.testing.assert_array_equal(plan.mean, [*p.mean, *q.mean])


@pytest.mark.parametrize("structure", STRUCTURES)
def test_its_density_is_that_of_a_gibbs_law(structure):
    # f(x) g(y) exp(−‖x − y‖²/ε): across, the precision is −2/ε times the identity.
    rng = np.random.default_rng(1)
    p, q = (structured_laws.law(rng, structure) for _ in range(2))
    epsilon = 2.0
    precision = np.linalg.inv(gm.entropic_transport_plan(p, q, epsilon=epsilon).cov)
    np.testing.assert_allclose(precision[:5, 5:], -2 / epsilon * np.eye(5), atol=1e-8)


@pytest.mark.parametrize("epsilon", [1e-4, 1e-2, 1.0, 1e4])
def test_its_cost_is_the_entropic_cost(epsilon):
    rng = np.random.default_rng(2)
    p, q = (random_laws.gaussian(rng, 3, batch=(4,)) for _ in range(2))
    plan = gm.entropic_transport_plan(p, q, epsilon=epsilon)
    _, cross, _ = blocks(plan, 3)
    spread = np.trace(p.cov + q.cov - 2 * cross, axis1=-2, axis2=-1)
    spread = spread + ((p.mean - q.mean) ** 2).sum(axis=-1)
    information = gm.mutual_information(plan, slice(3), slice(3, 6))
    np.testing.assert_allclose(
        spread + epsilon * information, gm.entropic_transport_cost(p, q, epsilon=epsilon), rtol=1e-9
    )


def test_from_the_optimal_coupling_to_independence():
    rng = np.random.default_rng(3)
    p, q = (random_laws.gaussian(rng, 3) for _ in range(2))
    sharp = gm.entropic_transport_plan(p, q, epsilon=1e-300)
    assert sharp.covariance.rank() == 3
    expected = p.cov @ gm.transport_map(p, q).matrix
    np.testing.assert_allclose(blocks(sharp, 3)[1], expected, rtol=1e-9)
    blurred = gm.entropic_transport_plan(p, q, epsilon=1e12)
    assert np.abs(blocks(blurred, 3)[1]).max() < 1e-10
    assert blurred.covariance.rank() == 6


def test_plans_of_singular_laws_and_of_a_law_with_itself():
    f = gm.Covariance.from_factor([[1.0], [2.0]])
    p, q = gm.Gaussian([0.0, 0.0], f), gm.Gaussian([1.0, 1.0], 4 * f.dense() + np.eye(2))
    plan = gm.entropic_transport_plan(p, q, epsilon=0.5)
    assert plan.covariance.rank() == 3
    np.testing.assert_allclose(blocks(plan, 2)[0], p.cov, atol=1e-14)
    np.testing.assert_allclose(blocks(plan, 2)[2], q.cov, atol=1e-13)
    point = gm.Gaussian([3.0], gm.Covariance.from_factor([[0.0]]))
    assert gm.entropic_transport_plan(point, point, epsilon=1.0).covariance.rank() == 0
    own = gm.entropic_transport_plan(q, q, epsilon=0.5)
    np.testing.assert_allclose(blocks(own, 2)[1], blocks(own, 2)[1].T, rtol=1e-12)


def quality(p, q, matrix):
    """E(‖X − X′‖² − ‖Y − Y′‖²)² for Y = T X."""
    cross = matrix @ p.cov
    gap = np.trace(p.cov) - np.trace(q.cov)
    return 4 * gap**2 + 8 * (p.cov**2).sum() + 8 * (q.cov**2).sum() - 16 * (cross**2).sum()


@pytest.mark.parametrize("scale", [1e-70, 1.0, 1e70])
@pytest.mark.parametrize(("m", "n"), [(1, 1), (3, 3), (5, 2), (4, 1)])
def test_the_map_costs_the_distance(m, n, scale):
    rng = np.random.default_rng([m, n])
    p, q = random_laws.gaussian(rng, m, scale=scale), random_laws.gaussian(rng, n, scale=scale)
    move = gm.gromov_wasserstein_map(p, q)
    assert move.matrix.shape == (n, m)
    np.testing.assert_allclose(move.matrix @ p.cov @ move.matrix.T, q.cov, rtol=1e-9)
    np.testing.assert_allclose(move(p.mean), q.mean, rtol=1e-13)
    expected = gm.gromov_wasserstein_distance(p, q) ** 2
    size = (np.trace(p.cov) + np.trace(q.cov)) ** 2
    assert quality(p, q, move.matrix) == pytest.approx(expected, rel=1e-9, abs=1e-13 * size)


def test_the_map_by_draws():
    rng = np.random.default_rng(4)
    p, q = random_laws.gaussian(rng, 3), random_laws.gaussian(rng, 2)
    move = gm.gromov_wasserstein_map(p, q)
    x, other = p.sample((2, 40_000), rng)
    lengths = [((a - b) ** 2).sum(axis=-1) for a, b in ((x, other), (move(x), move(other)))]
    values = (lengths[0] - lengths[1]) ** 2
    error = values.std() / np.sqrt(len(values))
    assert abs(values.mean() - gm.gromov_wasserstein_distance(p, q) ** 2) < 4.5 * error
    # No other map to q is better.
    turn = random_laws.orthogonal(rng, 2)
    root = np.linalg.cholesky(q.cov) @ turn @ np.linalg.inv(np.linalg.cholesky(q.cov))
    assert quality(p, q, root @ move.matrix) >= quality(p, q, move.matrix)


def test_reflections_are_chosen_so_that_little_moves():
    rng = np.random.default_rng(5)
    p = random_laws.gaussian(rng, 4)
    np.testing.assert_allclose(gm.gromov_wasserstein_map(p, p).matrix, np.eye(4), atol=1e-9)
    near = gm.Gaussian(p.mean, random_laws.perturbed(rng, p.cov, 1e-6))
    assert np.abs(gm.gromov_wasserstein_map(p, near).matrix - np.eye(4)).max() < 1e-3


def test_batches_and_diagonal_laws():
    rng = np.random.default_rng(6)
    p = gm.Gaussian(np.zeros(3), gm.Covariance.from_diagonal(rng.gamma(2.0, size=(4, 1, 3))))
    q = gm.Gaussian(rng.standard_normal((5, 2)), random_laws.gaussian(rng, 2, batch=(5,)).cov)
    move = gm.gromov_wasserstein_map(p, q)
    assert move.matrix.shape == (4, 5, 2, 3)
    assert move.offset.shape == (4, 5, 2)
    twin = gm.Gaussian(p.mean, p.cov)
    np.testing.assert_allclose(move.matrix, gm.gromov_wasserstein_map(twin, q).matrix, atol=1e-10)
    np.testing.assert_allclose(
        move.matrix[1, 2], gm.gromov_wasserstein_map(p[1, 0], q[2]).matrix, atol=1e-12
    )


def test_singular_laws():
    line = gm.Gaussian([0.0, 0.0], gm.Covariance.from_factor([[1.0], [2.0]]))
    number = gm.Gaussian([1.0], [[20.0]])
    move = gm.gromov_wasserstein_map(line, number)
    assert abs(move([1.0, 2.0])[0] - 1.0) == pytest.approx(np.sqrt(20.0), rel=1e-12)
    with pytest.raises(ValueError, match="no map carries p to q, because q varies in directions"):
        gm.gromov_wasserstein_map(line, gm.Gaussian.standard(2))
    with pytest.raises(ValueError, match="no map carries p to q"):
        gm.gromov_wasserstein_map(gm.Gaussian.standard(1), gm.Gaussian.standard(2))


def test_what_is_refused():
    p, q = gm.Gaussian.standard(2), gm.Gaussian.standard(3)
    with pytest.raises(
        TypeError, match=r"^gromov_wasserstein_map takes Gaussian objects, but q is"
    ):
        gm.gromov_wasserstein_map(p, [0.0])
    with pytest.raises(ValueError, match=re.escape("x must have shape (..., 2), got (3,).")):
        gm.gromov_wasserstein_map(p, p)([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"^entropic_transport_plan needs p and q of the same dim"):
        gm.entropic_transport_plan(p, q, epsilon=1.0)
    with pytest.raises(ValueError, match=r"epsilon must be positive and finite, got 0\.0"):
        gm.entropic_transport_plan(p, p, epsilon=0.0)
    with pytest.raises(TypeError, match="epsilon must be a number, got 'x'"):
        gm.entropic_transport_plan(p, p, epsilon="x")
