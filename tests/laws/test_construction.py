"""A Gaussian costs a factorisation and one look: neither overlooks what a slow check would see."""

import numpy as np
import pytest
from scipy.optimize import brentq

import gaussmetrics as gm
from gaussmetrics._array import batch_last, linalg, triangles
from gaussmetrics.laws import definiteness


@pytest.fixture
def rng():
    return np.random.default_rng(12)


def covariances(rng, *shape, kappa=100.0):
    """Return exactly symmetric matrices with eigenvalues from 1/κ to 1 in random directions."""
    basis = np.linalg.qr(rng.standard_normal((*shape, shape[-1])))[0]
    eigenvalues = kappa ** -rng.random((*shape[:-1], 1, shape[-1]))
    half = 0.5 * (basis * eigenvalues) @ basis.swapaxes(-1, -2)
    return half + half.swapaxes(-1, -2)


@pytest.mark.parametrize(("d", "at"), [(3, (0, 2)), (150, (3, 140)), (150, (70, 71)), (64, (1, 0))])
def test_one_asymmetric_entry_is_found_in_every_tile(d, at):
    matrix = np.eye(d)
    matrix[at] = 0.25
    i, j = sorted(at)
    with pytest.raises(ValueError, match=rf"must be symmetric, but cov\[{i}, {j}\] = "):
        gm.Gaussian(np.zeros(d), matrix)


@pytest.mark.parametrize("d", [2, 5, 8, 9])
def test_one_asymmetric_entry_of_a_batch_is_found_wherever_it_is(rng, d):
    matrices = covariances(rng, 5, 10, d)
    for i, j in zip(*np.tril_indices(d, -1), strict=True):
        given = matrices.copy()
        given[3, 4, i, j] += 0.25
        with pytest.raises(ValueError, match=rf"must be symmetric, but cov\[3, 4, {j}, {i}\] = "):
            gm.Gaussian(np.zeros(d), given)


def test_an_asymmetric_matrix_is_found_at_the_end_of_a_large_batch():
    matrices = np.broadcast_to(np.eye(9), (3, 500, 9, 9)).copy()
    matrices[2, 499, 8, 0] = 0.25
    with pytest.raises(ValueError, match=r"must be symmetric, but cov\[2, 499, 0, 8\] = "):
        gm.Gaussian(np.zeros(9), matrices)


@pytest.mark.parametrize("shape", [(40, 3), (5, 10, 8), (3, 9), (100,)])
@pytest.mark.parametrize("asymmetry", [0.0, 1e-15])
@pytest.mark.parametrize(
    "laid",
    [
        np.array,
        np.asfortranarray,
        lambda x: x.repeat(2, axis=-1)[..., ::2],
        lambda x: np.moveaxis(np.moveaxis(x, 0, -1).copy(), -1, 0),
        lambda x: x[..., ::-1, ::-1],
    ],
)
def test_no_law_shares_memory_with_what_was_given(rng, shape, asymmetry, laid):
    given = laid(covariances(rng, *shape, shape[-1]))
    given[..., -1, 0] *= 1 + asymmetry
    kept = given.copy()
    given.flags.writeable = False
    law = gm.Gaussian(np.zeros(shape[-1]), given)
    assert not np.shares_memory(law.cov, given)
    assert (law.cov == 0.5 * kept + 0.5 * kept.swapaxes(-1, -2)).all()
    assert (given == kept).all()
    np.testing.assert_allclose(law.covariance.lower, np.linalg.cholesky(kept), rtol=0, atol=1e-14)


def test_rounding_is_mended_only_where_entries_differ(rng):
    exact = covariances(rng, 150)
    given = exact.copy()
    given[3, 140] *= 1 + 1e-15
    kept = given.copy()
    cov = gm.Gaussian(np.zeros(150), given).cov
    assert (given == kept).all()
    changed = np.argwhere(cov != exact)
    assert changed.tolist() in ([[3, 140], [140, 3]], [])
    assert (cov == (given + given.T) / 2).all()


def test_the_smallest_floats_of_a_symmetric_matrix_are_kept():
    tiny = np.array([[1.0, 5e-324], [5e-324, 1.0]])
    assert (gm.Gaussian([0.0, 0.0], tiny).cov == tiny).all()


@pytest.mark.parametrize("allow_singular", [False, True])
@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    ("shape", "at"),
    [
        ((2,), (0, 1)),
        ((2,), (1, 1)),
        ((100,), (2, 99)),
        ((100,), (99, 99)),
        ((40, 3), (7, 0, 2)),
        ((40, 3), (39, 0, 0)),
        ((5, 10, 20), (4, 9, 3, 19)),
    ],
)
def test_what_is_not_finite_is_named(shape, at, number, allow_singular):
    matrix = np.broadcast_to(np.eye(shape[-1]), (*shape, shape[-1])).copy()
    matrix[at] = matrix[(*at[:-2], at[-1], at[-2])] = number
    place = ", ".join(map(str, at))
    with pytest.raises(ValueError, match=rf"cov must be finite, but cov\[{place}\] is {number}"):
        gm.Gaussian(np.zeros(shape[-1]), matrix, allow_singular=allow_singular)


@pytest.mark.parametrize("d", range(1, 9))
@pytest.mark.parametrize("batch", [(40,), (5, 10), (2100,)])
def test_factors_of_many_small_matrices_are_those_of_lapack(rng, batch, d):
    matrix = covariances(rng, *batch, d)
    assert batch_last.suits(matrix)
    lower = triangles.cholesky(matrix)
    np.testing.assert_allclose(lower, np.linalg.cholesky(matrix), rtol=1e-12, atol=1e-14)
    assert (np.triu(lower, 1) == 0).all()


def test_an_indefinite_member_of_many_is_named(rng):
    matrix = covariances(rng, 50, 4)
    matrix[17, 2, 2] = -1.0
    with pytest.raises(ValueError, match=r"cov\[17\] must be positive definite"):
        gm.Gaussian(np.zeros(4), matrix)


@pytest.mark.parametrize("d", [2, 8, 31, 80])
@pytest.mark.parametrize("kappa", [10.0, 1e6, 1e12])
def test_bounds_on_the_inverse_trace_hold(rng, d, kappa):
    matrix = covariances(rng, 20, d, kappa=kappa)
    deviations = np.sqrt(linalg.diagonal(matrix))
    truth = np.trace(np.linalg.inv(definiteness.correlations(matrix)), axis1=-2, axis2=-1)
    lower = np.linalg.cholesky(matrix)
    largest = np.linalg.eigvalsh(definiteness.correlations(matrix))[:, -1]
    sums = definiteness._row_sums(matrix, deviations**2, np.ones(20, dtype=bool))
    assert (sums >= (1 - 1e-14) * largest).all()
    rounding = 1 - 1e-15 * kappa
    for bound in (definiteness._bound_by_entries, definiteness._bound_by_halves):
        assert (bound(lower, deviations) >= rounding * truth).all()


@pytest.mark.parametrize("d", [2, 3, 8, 31])
@pytest.mark.parametrize("kappa", [1.0, 10.0, 1e6])
def test_the_determinant_bounds_the_condition_of_correlations(rng, d, kappa):
    matrices = definiteness.correlations(covariances(rng, 200, d, kappa=kappa))
    values = np.linalg.eigvalsh(matrices)
    assert (4.0 * values[:, 0] / values[:, -1] > 0.999 * values.prod(axis=-1)).all()


def test_the_bound_by_the_determinant_is_nearly_attained():
    """With λ_max = 2, a small λ_min and all others one, only what λ_min lacks is given away."""
    t = 1e-3
    matrix = np.eye(6)
    matrix[0, 1] = matrix[1, 0] = 1.0 - t
    values = np.linalg.eigvalsh(matrix)
    ratio = 4.0 * values[0] / values[-1] / values.prod()
    assert 1.0 <= ratio <= 1.0 + 2 * t


@pytest.mark.parametrize("d", [65, 100, 257])
def test_an_inverse_by_products_is_the_inverse(rng, d):
    lower = np.tril(rng.standard_normal((2, d, d))) / d + np.eye(d)
    inverse = triangles.invert_by_products(lower)
    np.testing.assert_allclose(inverse, np.linalg.inv(lower), atol=1e-15)
    assert (np.triu(inverse, 1) == 0).all()


@pytest.mark.parametrize("d", [20, 40, 120])
def test_no_direction_hides_a_singular_matrix(rng, d):
    """Σ = I − u uᵀ, whose R vanishes along v with v_i = u_i √(1 − u_i²), across random vectors."""
    seen = np.random.default_rng(0).standard_normal((d, 12))
    v = np.linalg.qr(np.column_stack([seen, rng.standard_normal(d)]))[0][:, -1]

    def direction(c):
        return np.sign(v) * np.sqrt(0.5 - 0.5 * np.sqrt(1.0 - 4.0 * (c * v) ** 2))

    c = brentq(lambda c: (direction(c) ** 2).sum() - 1.0, 0.5, 0.5 / np.abs(v).max())
    u = direction(c) / np.linalg.norm(direction(c))
    with pytest.raises(ValueError, match="is singular"):
        gm.Gaussian(np.zeros(d), np.eye(d) - (1.0 - 1e-16) * np.outer(u, u))


@pytest.mark.parametrize("d", [5, 33, 120])
def test_ill_conditioned_matrices_above_the_cutoff_are_accepted(rng, d):
    matrix = covariances(rng, d, kappa=1e9)
    np.testing.assert_array_equal(gm.Gaussian(np.zeros(d), matrix).cov, matrix)


@pytest.mark.parametrize("d", [2, 5, 40, 120])
@pytest.mark.parametrize("times", [0.3, 3.0])
def test_the_verdict_on_either_side_of_the_cutoff(d, times):
    """Of R = (1 − t) I + t 𝟏𝟏ᵀ the eigenvalues are 1 − t and 1 + (d − 1) t."""
    ratio = times * linalg.eigenvalue_cutoff(d)
    t = (1.0 - ratio) / (1.0 + (d - 1) * ratio)
    exact = 1.0 - t - ratio * (1.0 + (d - 1) * t)
    assert abs(exact) < 1e-16 * d  # what rounds is far below the cutoff of 4 d ε
    matrix = np.full((d, d), t)
    np.fill_diagonal(matrix, 1.0)
    lower = np.linalg.cholesky(matrix + 0.0)
    verdict = definiteness.some_matrix_singular(matrix, lower, linalg.eigenvalue_cutoff(d))
    assert verdict == (times < 1.0)


@pytest.mark.parametrize("units", [(1e150, 1e-200), (1e100, 1e-240), (1e-200, 1e150), (1.0, 1.0)])
def test_the_verdict_on_a_factor_does_not_depend_on_units(units):
    """Inverses whose entries grow to 2⁶⁰, and are no floats in the units of the variables."""
    d = 60
    factor = np.eye(d) - 0.97 * np.tril(np.ones((d, d)), -1)
    factor /= np.linalg.norm(factor, axis=1)[:, None]
    factor *= np.repeat(units, d // 2)[:, None]
    assert gm.Covariance.from_factor(factor).singular
