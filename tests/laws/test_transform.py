"""Affine images of laws: moments in 100 digits, structures kept, singular images by the rule."""

import re

import numpy as np
import oracles
import pytest
import random_laws
import structured_laws
from structured_laws import STRUCTURES

import gaussmetrics as gm

EPS = np.finfo(float).eps


def refused(text):
    return pytest.raises(ValueError, match=re.escape(text))


def worst(value, truth, scale):
    """The largest error of an entry, in units of the deviations of its row and column."""
    value = oracles.matrix(value)
    return max(
        float(abs(value[i, j] - truth[i, j]) / (scale[i] * scale[j]))
        for i in range(truth.rows)
        for j in range(truth.cols)
    )


@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e150])
@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("k", [1, 3, 5, 7])
def test_moments(structure, k, scale):
    rng = np.random.default_rng(k)
    p = structured_laws.law(rng, structure)
    a, b = np.sqrt(scale) * rng.standard_normal((k, p.dim)), rng.standard_normal(k)
    image = p.transform(a, b)
    exact = oracles.matrix(a) * oracles.matrix(p.cov) * oracles.matrix(a).T
    sizes = [abs(exact[i, i]) ** 0.5 for i in range(k)]
    assert worst(image.cov, exact, sizes) <= 1e-13
    np.testing.assert_allclose(image.mean, a @ p.mean + b, rtol=1e-13)
    assert image.covariance.rank() == min(k, p.dim)


UNITS = np.array([2.5, -1e-3, 40.0, 1e5, 0.3])
ORDER = np.array([3, 0, 4, 1])


@pytest.mark.parametrize("structure", [*STRUCTURES, "singular factor", "singular matrix"])
def test_other_units_and_another_order_keep_the_structure(structure):
    rng = np.random.default_rng(1)
    if structure.startswith("singular"):
        f = rng.standard_normal((5, 2))
        cov = gm.Covariance.from_factor(f) if "factor" in structure else f @ f.T
        p = gm.Gaussian(rng.standard_normal(5), cov, allow_singular=True)
    else:
        p = structured_laws.law(rng, structure)
    a = np.zeros((4, 5))
    a[np.arange(4), ORDER] = UNITS[ORDER]
    image = p.transform(a, np.ones(4))
    part = p.marginal(ORDER)
    assert type(image.covariance) is type(part.covariance)
    assert type(image.covariance.given) is type(part.covariance.given)
    u = UNITS[ORDER]
    np.testing.assert_allclose(image.cov, part.cov * np.outer(u, u), rtol=1e-13)
    np.testing.assert_allclose(image.mean, u * part.mean + 1.0, rtol=1e-15)
    x = part.mean + part.covariance.draw((6,), rng)
    shift = np.log(np.abs(u)).sum()
    if not structure.startswith("singular"):
        np.testing.assert_allclose(image.logpdf(u * x + 1.0), part.logpdf(x) - shift, rtol=1e-9)
    np.testing.assert_allclose(
        gm.mahalanobis_distance(u * x + 1.0, image), gm.mahalanobis_distance(x, part), rtol=1e-8
    )


@pytest.mark.parametrize("structure", ["diagonal", "cholesky", "factor", "low rank"])
@pytest.mark.parametrize("size", [1e-3, 1e-8, 1e-12])
def test_images_of_nearly_equal_laws_keep_their_digits(structure, size):
    rng = np.random.default_rng(2)
    p, q = (gm.Gaussian(np.zeros(5), cov) for cov in structured_laws.near(rng, structure, size))
    # Powers of two, which round nothing; no row takes one coordinate alone.
    a = np.array(
        [[2, 1, 0, 0, 0], [0, 4, -1, 0, 0], [0, 0, 1, 2, 0], [0, 0, 0, 8, 1], [1, 0, 0, 0, 2]]
    )
    expected = gm.kl_divergence(p, q)
    assert gm.kl_divergence(p.transform(a), q.transform(a)) == pytest.approx(expected, rel=1e-8)
    units = np.diag([2.0, 0.25, -8.0, 1.0, 64.0])
    value = gm.kl_divergence(p.transform(units), q.transform(units))
    assert value == pytest.approx(expected, rel=1e-12)


def test_ill_conditioned_laws_have_images_all_the_same():
    # A Σ Aᵀ, formed, need not be positive definite to rounding; A F has half of the decades.
    rng = np.random.default_rng(3)
    p = random_laws.gaussian(rng, 6, kappa=1e13)
    a = random_laws.orthogonal(rng, 6)
    image = p.transform(a)
    assert image.covariance.log_det() == pytest.approx(p.covariance.log_det(), rel=1e-6)
    assert gm.entropy(image) == pytest.approx(gm.entropy(p), rel=1e-6)


def test_the_density_of_the_image():
    rng = np.random.default_rng(4)
    p, x = random_laws.gaussian(rng, 3), rng.standard_normal((5, 3))
    a, b = rng.standard_normal((3, 3)), rng.standard_normal(3)
    image = p.transform(a, b)
    expected = p.logpdf(x) - np.log(abs(np.linalg.det(a)))
    np.testing.assert_allclose(image.logpdf(x @ a.T + b), expected, rtol=1e-11)


def test_batches_are_those_of_a_loop():
    rng = np.random.default_rng(5)
    ps = random_laws.gaussian(rng, 3, batch=(4,))
    a, b = rng.standard_normal((2, 1, 2, 3)), rng.standard_normal((4, 2))
    image = ps.transform(a, b)
    assert image.batch_shape == (2, 4)
    for i in range(2):
        for j in range(4):
            alone = ps[j].transform(a[i, 0], b[j])
            np.testing.assert_allclose(image[i, j].mean, alone.mean, rtol=1e-13)
            np.testing.assert_allclose(image[i, j].cov, alone.cov, rtol=1e-12)
    weighted = gm.Gaussian(
        np.zeros(3), gm.Covariance.from_eigendecomposition([1.0, 2.0, 3.0], np.eye(3)[::-1])
    )
    np.testing.assert_allclose(
        weighted.transform(a).cov, a @ weighted.cov @ np.swapaxes(a, -1, -2), rtol=1e-13
    )


def test_singular_images():
    p = gm.Gaussian([1.0, 2.0], [[2.0, 0.5], [0.5, 1.0]])
    wide = p.transform([[1, 0], [0, 1], [1, 1]])
    assert wide.covariance.rank() == 2
    assert np.isfinite(wide.logpdf([3.0, -1.0, 2.0]))
    assert wide.logpdf([3.0, -1.0, 2.1]) == -np.inf
    again = wide.transform(np.eye(3)[:2])
    assert gm.kl_divergence(again, p) == pytest.approx(0.0, abs=1e-15)
    dependent = [[1.0, 1.0], [2.0, 2.0]]
    text = "its rows, seen from the law, depend on each other, or their variance underflows. Drop"
    with refused(f"A determines no law with a density: {text}"):
        p.transform(dependent)
    assert p.transform(dependent, allow_singular=True).covariance.rank() == 1
    with refused("or pass allow_singular=True"):
        p.transform([[0.0, 0.0]])
    point = p.transform([[0.0, 0.0]], [5.0], allow_singular=True)
    assert point.covariance.rank() == 0
    assert point.logpdf([5.0]) == 0.0
    # Of a singular law the image may have a density, or not.
    line = gm.Gaussian([0.0, 0.0], [[1.0, 1.0], [1.0, 1.0]], allow_singular=True)
    assert line.transform([[1.0, 2.0]]).cov[0, 0] == pytest.approx(9.0, rel=1e-14)
    assert line.transform([[1.0, -1.0]]).covariance.rank() == 0


def test_names():
    p = gm.Gaussian([0.0, 1.0], np.eye(2), names=["a", "b"])
    assert p.transform([[0.0, 2.0], [1.0, 0.0]]).names == ("b", "a")
    assert p.transform([[1.0, 2.0]]).names is None
    assert p.transform([[1.0, 0.0], [0.0, 1.0]], names=["x", "y"]).names == ("x", "y")
    with refused("names must be one for each of the 1 variables, got 2"):
        p.transform([[1.0, 2.0]], names=["x", "y"])


@pytest.mark.parametrize(
    ("a", "b", "error", "text"),
    [
        ([1.0, 1.0], None, ValueError, "A must have shape (..., k, 2), got (2,). For one linear"),
        (2.0, None, ValueError, "A must have shape (..., k, 2), got ()."),
        (np.eye(3), None, ValueError, "A must have shape (..., k, 2), one column a coordinate of"),
        (np.zeros((0, 2)), None, ValueError, "and at least one row, got (0, 2)."),
        (np.eye(2), [1.0, 2.0, 3.0], ValueError, "b must have one entry a row of A, shape (..., "),
        (np.eye(2), 1.0, ValueError, "b must have shape (..., 2), got ()."),
        ([["x", "y"]], None, TypeError, "A must hold real numbers"),
        (np.eye(2), [np.nan, 0.0], ValueError, "b must be finite, but b[0] is nan"),
        (np.ones((3, 1, 2)), np.ones((2, 1)), ValueError, "the batch shapes of A and b must broad"),
        (np.ones((3, 1, 2)), None, ValueError, "the batch shapes of the Gaussian, A and b must"),
        (1e200 * np.eye(2), None, ValueError, "the image of the law is not representable"),
        (1e200 * np.ones((2, 2)), None, ValueError, "beyond the largest float64. Use other units"),
        (1e-200 * np.eye(2), None, ValueError, "depend on each other, or their variance underflow"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("diagonal", [False, True])
def test_what_is_refused(a, b, error, text, diagonal):
    cov = gm.Covariance.from_diagonal([1.0, 2.0]) if diagonal else np.array([[1.0, 0.5], [0.5, 2]])
    p = gm.Gaussian(np.zeros((2, 2)), cov)
    if np.shape(a) != (3, 1, 2) or b is not None:
        p = p[0]
    with pytest.raises(error, match=re.escape(text)):
        p.transform(a, b)
