"""One idea of "singular": the correlation matrix decides, for every matrix in the same way."""

import re
from functools import partial

import numpy as np
import pytest
import random_laws
from given import columns
from oracles import kl_divergence, matrix, mp, relative_error
from refusals import answer_or_text

import gaussmetrics as gm

DIMS = [3, 4, 5, 8, 20]


def rank_deficient(seed, d):
    f = np.random.default_rng([seed, d]).standard_normal((d, d - 1))
    return f @ f.T


def accepted(matrices, **options):
    """Which of the matrices a Gaussian is made of without complaint."""
    texts = [
        answer_or_text(partial(gm.Gaussian, np.zeros(len(m)), m, **options))[1] for m in matrices
    ]
    assert all("singular" in text for text in texts if text)
    return [i for i, text in enumerate(texts) if text is None]


def one_hot(*counts):
    return np.repeat(np.eye(len(counts)), counts, axis=0)


def test_the_smallest_example_is_refused():
    f = np.random.default_rng(39).standard_normal((3, 2))
    values = mp.eigsy(matrix(f @ f.T), eigvals_only=True)
    assert abs(values[0]) < 1e-17 * values[2]  # singular by sixty digits
    with pytest.raises(ValueError, match="cov is singular"):
        gm.Gaussian(np.zeros(3), f @ f.T)


@pytest.mark.parametrize("d", DIMS)
def test_no_matrix_of_rank_d_minus_one_is_accepted(d):
    # F Fᵀ has rank d − 1; its rounding moves the smallest eigenvalue by less than 4dε.
    assert accepted(rank_deficient(seed, d) for seed in range(300)) == []


@pytest.mark.parametrize("d", DIMS)
def test_a_batch_is_judged_like_its_members(d):
    good = random_laws.covariance(np.random.default_rng(0), d)
    for seed in range(100):
        batch = np.stack([good, rank_deficient(seed, d), good])
        with pytest.raises(ValueError, match=re.escape("cov[1] is singular")):
            gm.Gaussian(np.zeros(d), batch)


@pytest.mark.parametrize("d", DIMS)
def test_the_flag_finds_their_rank(d):
    stack = np.stack([rank_deficient(seed, d) for seed in range(300)])
    ranks = [gm.Gaussian(np.zeros(d), m, allow_singular=True).covariance.rank() for m in stack]
    assert set(map(int, ranks)) == {d - 1}
    assert (gm.Gaussian(np.zeros(d), stack, allow_singular=True).covariance.rank() == d - 1).all()


def test_units_do_not_decide():
    # Scaling a column scales no correlation: variances 1e-120 and 1e120 are only units.
    for seed in range(300):
        rng = np.random.default_rng(seed)
        d = int(rng.integers(2, 9))
        c = random_laws.covariance(rng, d, kappa=10 ** rng.uniform(0, 8))
        root = np.sqrt(np.diag(c))
        units = 10.0 ** rng.uniform(-60, 60, d)
        regular = c / root / root[:, None] * units * units[:, None]
        assert accepted([(regular + regular.T) / 2]) == [0]
        deficient = rank_deficient(seed, d + 1)
        units = 10.0 ** rng.uniform(-60, 60, d + 1)
        assert accepted([deficient * units * units[:, None]]) == []


def tables(kind, count):
    rng = np.random.default_rng(count)
    for _ in range(count):
        if kind == "one-hot":
            yield one_hot(*rng.integers(1, 12, rng.integers(2, 6)))
        elif kind == "percentages":  # whole per cent, so that the rows add up exactly
            share = rng.dirichlet(np.ones(rng.integers(3, 8)))
            yield rng.multinomial(100, share, 100).astype(float)
        else:
            yield rng.dirichlet(np.full(rng.integers(3, 8), 5.0), 200)


@pytest.mark.parametrize("kind", ["one-hot", "percentages", "composition"])
def test_tables_whose_rows_add_up_are_refused_and_have_one_rank(kind):
    for rows in tables(kind, 100):
        if len(rows) <= rows.shape[1] or not np.ptp(rows, axis=0).all():
            continue
        with pytest.raises(ValueError, match="singular"):
            gm.Gaussian.from_samples(rows)
        law = gm.Gaussian.from_samples(rows, allow_singular=True)
        assert law.covariance.rank() == rows.shape[1] - 1


A, B, C = one_hot(5, 11, 1), one_hot(4, 9, 3), one_hot(2, 3, 9)


@pytest.mark.parametrize("first", [A, B, C])
@pytest.mark.parametrize("second", [A, B, C])
def test_one_hot_tables_differ_as_all_but_one_of_their_columns(first, second):
    # The last column is one minus the others: an injective affine map of two columns.
    p, q = (gm.Gaussian.from_samples(rows, allow_singular=True) for rows in (first, second))
    x, y = (columns(rows, [0, 1]) for rows in (first, second))
    truth = kl_divergence(x, y)
    assert abs(gm.kl_divergence(p, q) - truth) <= 1e-13 + 1e-12 * truth


def test_entropy_of_a_one_hot_table_is_that_on_its_support():
    # The product of the positive eigenvalues of a 3 × 3 matrix of rank 2: its 2 × 2 minors, summed.
    s = columns(A, [0, 1]).cov
    m = s.copy()
    third = [-(m[0, 0] + m[0, 1]), -(m[0, 1] + m[1, 1])]
    corner = -(third[0] + third[1])
    minors = mp.det(s) + m[0, 0] * corner - third[0] ** 2 + m[1, 1] * corner - third[1] ** 2
    truth = (mp.log(minors) + 2 * (1 + mp.log(2 * mp.pi))) / 2
    law = gm.Gaussian.from_samples(A, allow_singular=True)
    assert relative_error(gm.entropy(law), truth) <= 1e-13


# float32


CENTRED = ((4 * np.eye(4) - np.ones((4, 4))) / 3).astype(np.float32)


def test_the_precision_of_the_input_sets_the_cutoff():
    # The rows of the exact matrix sum to zero; in float32 an eigenvalue is −3e-8.
    law = gm.Gaussian(np.zeros(4), CENTRED, allow_singular=True)
    assert law.covariance.rank() == 3
    with pytest.raises(ValueError, match="cov is singular"):
        gm.Gaussian(np.zeros(4), CENTRED)


def test_an_indefinite_matrix_gets_a_next_step_under_the_flag():
    with pytest.raises(ValueError, match="from_eigendecomposition") as caught:
        gm.Gaussian([0, 0], [[1.0, 2.0], [2.0, 1.0]], allow_singular=True)
    assert "must be positive definite" not in str(caught.value)


def constrained(kind):
    rng = np.random.default_rng(7)
    x = rng.standard_normal((200, 5))
    if kind == "softmax":
        e = np.exp(x)
        return (e / e.sum(1, keepdims=True)).astype(np.float32)
    return (x - x.mean(1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("kind", ["softmax", "average reference"])
def test_float32_samples_with_a_constraint_are_not_of_full_rank(kind):
    # The rows add up to a constant in exact arithmetic; what is left is the rounding of float32.
    with pytest.raises(ValueError, match="singular"):
        gm.Gaussian.from_samples(constrained(kind))
    law = gm.Gaussian.from_samples(constrained(kind), allow_singular=True)
    assert law.covariance.rank() == 4


def test_float32_samples_without_a_constraint_are_accepted():
    x = np.random.default_rng(7).standard_normal((200, 5)).astype(np.float32)
    assert gm.Gaussian.from_samples(1e3 + x).covariance.rank() == 5


def test_a_negative_pivot_is_a_regular_covariance():
    lower = np.array([[1.0, 0.0], [2.0, -3.0]])
    cov, text = answer_or_text(lambda: gm.Covariance.from_cholesky(lower))
    if text:  # L and L diag(1, −1) have one L Lᵀ: the remedy is a sign, no other constructor.
        assert "sign" in text
        assert "singular" not in text
        return
    np.testing.assert_allclose(cov.dense(), lower @ lower.T, rtol=1e-15)
