"""Geodesics of the information metric: by distances, by their equation, in closed form."""

import re

import numpy as np
import pytest
import random_laws
import structured_laws
from mpmath import mp
from scipy import linalg as sla
from structured_laws import STRUCTURES

import gaussmetrics as gm


def law(rng, d, apart=1.0, **options):
    p = random_laws.gaussian(rng, d, **options)
    return gm.Gaussian(apart * p.mean, p.cov)


@pytest.mark.parametrize("apart", [0.0, 0.1, 1.0, 5.0])
@pytest.mark.parametrize("d", [1, 2, 5])
def test_constant_speed(d, apart):
    rng = np.random.default_rng(d)
    p, q = law(rng, d, apart), law(rng, d, apart)
    whole = gm.fisher_rao_distance(p, q)
    times = np.array([0.0, 0.2, 0.5, 0.9, 1.0])
    path = gm.fisher_rao_geodesic(p, q, times)
    np.testing.assert_allclose(gm.fisher_rao_distance(p, path), times * whole, atol=1e-9 * whole)
    np.testing.assert_allclose(
        gm.fisher_rao_distance(path, q), (1 - times) * whole, atol=1e-9 * whole
    )
    back = gm.fisher_rao_geodesic(q, p, 1 - times)
    np.testing.assert_allclose(path.mean, back.mean, atol=1e-8)
    np.testing.assert_allclose(path.cov, back.cov, atol=1e-8 * np.abs(path.cov).max())


@pytest.mark.parametrize("apart", [0.5, 3.0])
def test_its_differential_equation(apart):
    # μ″ = Σ′ Σ⁻¹ μ′ and Σ″ = Σ′ Σ⁻¹ Σ′ − μ′ μ′ᵀ (Skovgaard 1984).
    rng = np.random.default_rng(1)
    p, q = law(rng, 3, apart), law(rng, 3, apart)
    step, centre = 1e-3, 0.4
    around = gm.fisher_rao_geodesic(p, q, centre + step * np.arange(-2, 3))
    first = np.array([1.0, -8.0, 0.0, 8.0, -1.0]) / (12 * step)
    second = np.array([-1.0, 16.0, -30.0, 16.0, -1.0]) / (12 * step**2)
    m1, m2 = (np.tensordot(c, around.mean, 1) for c in (first, second))
    s1, s2 = (np.tensordot(c, around.cov, 1) for c in (first, second))
    inverse = np.linalg.inv(around[2].cov)
    size = np.abs(s2).max()
    np.testing.assert_allclose(m2, s1 @ inverse @ m1, atol=1e-5 * size)
    np.testing.assert_allclose(s2, s1 @ inverse @ s1 - np.outer(m1, m1), atol=1e-5 * size)


@pytest.mark.parametrize("t", [0.0, 0.3, 1.0])
def test_equal_means_are_powers_of_covariances(t):
    rng = np.random.default_rng(2)
    a, b = (random_laws.covariance(rng, 4, kappa=100.0) for _ in range(2))
    root = sla.sqrtm(a)
    inverse = np.linalg.inv(root)
    expected = root @ sla.fractional_matrix_power(inverse @ b @ inverse, t) @ root
    p, q = gm.Gaussian(np.ones(4), a), gm.Gaussian(np.ones(4), b)
    path = gm.fisher_rao_geodesic(p, q, t)
    np.testing.assert_allclose(path.cov, expected, rtol=1e-10, atol=1e-12 * np.abs(a).max())
    np.testing.assert_array_equal(path.mean, np.ones(4))


@pytest.mark.parametrize(("shift", "ratio"), [(1.0, 1.0), (3.0, 0.1), (1e-6, 1.0), (50.0, 7.0)])
@pytest.mark.parametrize("t", [0.25, 0.8])
@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e150])
def test_on_the_line_it_is_an_arc_of_a_circle(shift, ratio, t, scale):
    """Half-circles with the centre on the edge, in 50 digits, by the angle."""
    root = np.sqrt(scale)
    p = gm.Gaussian([0.0], [[scale]])
    q = gm.Gaussian([shift * root], [[ratio**2 * scale]])
    with mp.workdps(50):
        r = mp.mpf(float(root))
        (x0, y0), (x1, y1) = (
            (mp.mpf(float(g.mean[0])) / r / mp.sqrt(2), mp.sqrt(mp.mpf(float(g.cov[0, 0]))) / r)
            for g in (p, q)
        )
        centre = (x1**2 + y1**2 - x0**2 - y0**2) / (2 * (x1 - x0))
        radius = mp.sqrt((x0 - centre) ** 2 + y0**2)
        # log tan(θ/2) grows in proportion to the length.
        ends = [mp.log(mp.tan(mp.atan2(y, x - centre) / 2)) for x, y in ((x0, y0), (x1, y1))]
        angle = 2 * mp.atan(mp.exp((1 - mp.mpf(t)) * ends[0] + mp.mpf(t) * ends[1]))
        mean = mp.sqrt(2) * (centre + radius * mp.cos(angle)) * r
        variance = (radius * mp.sin(angle) * r) ** 2
    path = gm.fisher_rao_geodesic(p, q, t)
    assert path.cov[0, 0] == pytest.approx(float(variance), rel=1e-12)
    assert path.mean[0] == pytest.approx(float(mean), abs=1e-12 * shift * root)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_every_structure(structure):
    rng = np.random.default_rng(3)
    p, q = (structured_laws.law(rng, structure) for _ in range(2))
    path = gm.fisher_rao_geodesic(p, q, 0.4)
    twin = gm.fisher_rao_geodesic(structured_laws.twin(p), structured_laws.twin(q), 0.4)
    np.testing.assert_allclose(path.cov, twin.cov, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(path.mean, twin.mean, atol=1e-8)


def test_affine_maps_carry_the_path():
    rng = np.random.default_rng(4)
    p, q = law(rng, 3), law(rng, 3)
    a, b = rng.standard_normal((3, 3)), rng.standard_normal(3)
    path = gm.fisher_rao_geodesic(p, q, 0.3).transform(a, b)
    moved = gm.fisher_rao_geodesic(p.transform(a, b), q.transform(a, b), 0.3)
    np.testing.assert_allclose(moved.mean, path.mean, rtol=1e-7)
    np.testing.assert_allclose(moved.cov, path.cov, rtol=1e-7, atol=1e-9)


def test_batches_are_those_of_a_loop():
    rng = np.random.default_rng(5)
    ps, qs = law(rng, 2, batch=(3, 1)), law(rng, 2, batch=(2,))
    times = np.array([0.1, 0.6])
    path = gm.fisher_rao_geodesic(ps, qs, times)
    assert path.batch_shape == (3, 2)
    wide = gm.fisher_rao_geodesic(ps, qs, times[:, None, None])
    assert wide.batch_shape == (2, 3, 2)
    for i in range(3):
        for j in range(2):
            alone = gm.fisher_rao_geodesic(ps[i, 0], qs[j], times[j])
            np.testing.assert_allclose(path[i, j].cov, alone.cov, rtol=1e-9)
            later = gm.fisher_rao_geodesic(ps[i, 0], qs[j], 0.6).mean
            np.testing.assert_allclose(wide[1, i, j].mean, later, rtol=1e-9, atol=1e-12)
    assert gm.fisher_rao_geodesic(ps[:0], qs[0], 0.5).batch_shape == (0, 1)


@pytest.mark.parametrize("size", [1e-4, 1e-8])
def test_nearly_equal_laws(size):
    rng = np.random.default_rng(6)
    p, q = random_laws.pair(rng, 3, 10.0, size, 1.0)
    path = gm.fisher_rao_geodesic(p, q, 0.25)
    # To first order the path is straight.
    change = (path.cov - p.cov) - 0.25 * (q.cov - p.cov)
    assert np.abs(change).max() <= 10 * size**2 + 1e-14
    np.testing.assert_allclose(
        path.mean - p.mean, 0.25 * (q.mean - p.mean), atol=10 * size**2 + 1e-15
    )


def test_a_law_and_itself():
    p = law(np.random.default_rng(7), 3)
    path = gm.fisher_rao_geodesic(p, p, 0.7)
    np.testing.assert_allclose(path.cov, p.cov, rtol=1e-13)
    np.testing.assert_array_equal(path.mean, p.mean)


def test_what_is_refused():
    p, q = gm.Gaussian.standard(2), gm.Gaussian([1.0, 1.0], [[2.0, 0.0], [0.0, 3.0]])
    name = "fisher_rao_geodesic"
    with pytest.raises(TypeError, match=rf"^{name} takes Gaussian objects, but q is of type int"):
        gm.fisher_rao_geodesic(p, 1, 0.5)
    with pytest.raises(ValueError, match=rf"^{name} needs p and q of the same dimension"):
        gm.fisher_rao_geodesic(p, gm.Gaussian.standard(3), 0.5)
    with pytest.raises(ValueError, match=r"t must lie between 0, .* got 1\.5"):
        gm.fisher_rao_geodesic(p, q, 1.5)
    with pytest.raises(ValueError, match="the batch shapes of p, q and t must broadcast"):
        gm.fisher_rao_geodesic(gm.Gaussian(np.zeros((3, 2)), np.eye(2)), q, np.ones(2))
    line = gm.Gaussian([0.0, 0.0], gm.Covariance.from_factor([[1.0], [1.0]]))
    text = f"{name} needs positive definite covariances, but that of q is singular. Shrink"
    with pytest.raises(ValueError, match=re.escape(text)):
        gm.fisher_rao_geodesic(p, line, 0.5)
    far = gm.Gaussian([1e200, 1e180], [[1.0, 0.3], [0.3, 2.0]])
    with pytest.raises(ValueError, match=rf"^{name} is not certain between these laws"):
        gm.fisher_rao_geodesic(p, far, 0.5)
