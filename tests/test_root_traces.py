"""Traces of roots of many matrices, beside eigenvalues known beforehand."""

from __future__ import annotations

import numpy as np
import oracles
import pytest

import gaussmetrics as gm
from gaussmetrics._array import root_traces
from gaussmetrics._array.types import Array

EPS = np.finfo(float).eps


def with_eigenvalues(values: Array, rng: np.random.Generator) -> Array:
    basis = np.linalg.qr(rng.standard_normal((*values.shape, values.shape[-1])))[0]
    gram = (basis * values[:, None, :]) @ basis.swapaxes(-1, -2)
    return (gram + gram.swapaxes(-1, -2)) / 2


@pytest.mark.parametrize("dim", [1, 2, 3, 8, 16, 17, 32, 64])
@pytest.mark.parametrize("steepness", [1.0, 1e2, 1e4])
def test_traces_are_right_whatever_the_unit(dim, steepness):
    rng = np.random.default_rng(dim)
    values = steepness ** -rng.uniform(size=(40, dim))
    unit = 10.0 ** rng.uniform(-90, 90, 40)
    gram = with_eigenvalues(values, rng) * unit[:, None, None]
    shares = values / values.sum(axis=-1, keepdims=True)
    root, inverse, trusted = root_traces.root_trace(gram, np.trace(gram, axis1=1, axis2=2))
    assert trusted.all()
    # Rounding moves an eigenvalue by a few ε of the largest, its root by that over the root.
    blurred = 8 * EPS * shares.max(axis=-1) * (1 / np.sqrt(shares)).sum(axis=-1)
    assert (abs(root - np.sqrt(shares).sum(axis=-1)) <= 16 * EPS * root + blurred).all()
    np.testing.assert_allclose(inverse, (1 / np.sqrt(shares)).sum(axis=-1), rtol=1e-6)


@pytest.mark.parametrize("dim", [6, 20, 64])
def test_what_is_too_steep_or_indefinite_is_not_trusted(dim):
    rng = np.random.default_rng(0)
    values = np.ones((6, dim))
    values[0, 0] = 2.0**-23 * dim  # just below the floor, of a trace of one
    values[1, 0] = 0.0
    values[2, 0] = -0.5
    values[3, :2] = -0.5  # whose product is positive
    values[4, 1:] = 2.0**-19  # of 64 the determinant is no float any more
    gram = with_eigenvalues(values, rng)
    with np.errstate(all="ignore"):
        root, _, trusted = root_traces.root_trace(gram, np.trace(gram, axis1=1, axis2=2))
    assert trusted.tolist() == [False, False, False, False, dim == 6, True]
    assert np.isfinite(root[trusted]).all()


def test_one_bad_matrix_spoils_no_other():
    rng = np.random.default_rng(1)
    gram = with_eigenvalues(rng.uniform(0.5, 1.0, (5, 20)), rng)
    trace = np.trace(gram, axis1=1, axis2=2)
    alone = root_traces.root_trace(gram[1:], trace[1:])
    gram[0] = np.nan
    with np.errstate(all="ignore"):
        together = root_traces.root_trace(gram, trace)
    np.testing.assert_allclose(together[0][1:], alone[0], rtol=4 * EPS)
    np.testing.assert_allclose(together[1][1:], alone[1], rtol=1e-12)
    assert together[2].tolist() == [False, True, True, True, True]


@pytest.mark.parametrize("dim", [4, 8, 20, 33])
@pytest.mark.parametrize("kappa", [1e2, 1e3, 1e5])
def test_distances_of_steep_laws_in_a_batch(dim, kappa):
    """Where roots of the Gram matrix know too little, singular values or the difference do."""
    rng = np.random.default_rng([dim, int(kappa)])
    values = kappa ** -rng.uniform(size=(2, 33, dim))
    values[..., 0], values[..., -1] = 1.0, 1.0 / kappa
    covs = [with_eigenvalues(v, rng) for v in values]
    laws = [gm.Gaussian(np.zeros((33, dim)), cov) for cov in covs]
    batch = gm.wasserstein_distance(*laws)
    p, q = (law[0] for law in laws)
    assert oracles.relative_error(batch[0], oracles.wasserstein_distance(p, q)) < 1e-13
    singles = [gm.wasserstein_distance(p, q) for p, q in zip(*laws, strict=True)]
    np.testing.assert_allclose(batch, singles, rtol=2e-13)


def test_distances_of_turned_factors_with_many_small_axes():
    """Squares of such factors know the small axes too badly."""
    rng = np.random.default_rng(8)
    axes = np.linalg.qr(rng.standard_normal((3, 40, 8, 8)))[0]
    sizes = np.where(np.arange(8) > 0, [[2.0**-7], [2.0**-2]], [[1.0], [1.5]])
    f, g = ((axes[0] * s) @ turn for s, turn in zip(sizes, axes[1:], strict=True))
    p, q = (gm.Gaussian(np.zeros((40, 8)), gm.Covariance.from_factor(x)) for x in (f, g))
    batch = gm.squared_wasserstein_distance(p, q)
    for i in range(4):
        a, b = oracles.matrix(f[i]), oracles.matrix(g[i])
        overlap = sum(oracles.mp.svd_r(a.T * b, compute_uv=False))
        exact = sum(x * x for x in a) + sum(x * x for x in b) - 2 * overlap
        assert oracles.relative_error(batch[i], exact) < 1e-14
