"""Laws of very different size: silently wrong answers of the kinds that near ones do not show."""

import numpy as np
import oracles
import pytest
from given import from_diagonal, from_factor, from_matrix
from oracles import mp, relative_error

import gaussmetrics as gm

RATIOS = [1e-88, 1e-44, 1e-20, 1e20, 1e44, 1e88]


def pair(structure, ratio):
    rng = np.random.default_rng(3)
    means = rng.standard_normal((2, 3)) * [[1.0], [np.sqrt(ratio)]]
    if structure == "low rank":
        f, d = rng.standard_normal((3, 2)), rng.gamma(2.0, size=3)
        return from_factor(f, d, means[0]), from_factor(
            np.sqrt(ratio) * f[::-1], ratio * d, means[1]
        )
    a, b = rng.gamma(2.0, size=(2, 3))
    if structure == "diagonal":
        return from_diagonal(a, means[0]), from_diagonal(ratio * b, means[1])
    return from_matrix(np.diag(a) + 0.1, means[0]), from_matrix(
        ratio * (np.diag(b) + 0.1), means[1]
    )


@pytest.mark.parametrize("structure", ["low rank", "diagonal", "matrix"])
@pytest.mark.parametrize("ratio", RATIOS)
def test_chernoff_information(structure, ratio):
    # 1e33 to 1e87 came where a few hundred nats are right: α stayed at ½.
    with mp.workdps(300):
        p, q = pair(structure, ratio)
        truth = oracles.chernoff_information(p, q)
        alpha = oracles.chernoff_alpha(p, q)
    assert relative_error(gm.chernoff_information(p.law, q.law), truth) <= 1e-10
    assert relative_error(gm.chernoff_information(q.law, p.law), truth) <= 1e-10
    assert abs(gm.chernoff_alpha(p.law, q.law) - alpha) <= 1e-9


@pytest.mark.parametrize("structure", ["low rank", "diagonal", "matrix"])
@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("alpha", [1e-7, 0.3, 1 - 1e-7, 1 - 1e-12])
def test_renyi_divergence(structure, ratio, alpha):
    # 281.6 came where 755.1 is right, at α = 1 − 1e-7.
    with mp.workdps(300):
        p, q = pair(structure, ratio)
        truth = oracles.renyi_divergence(p, q, alpha)
    assert relative_error(gm.renyi_divergence(p.law, q.law, alpha=alpha), truth) <= 1e-10


@pytest.mark.parametrize("structure", ["low rank", "diagonal", "matrix"])
@pytest.mark.parametrize("ratio", RATIOS)
def test_fisher_rao_distance(structure, ratio):
    # At equal means √(½ Σ log² λ); "divide by zero encountered in log" came in 24 kinds of pairs.
    p, q = pair(structure, ratio)
    values = mp.eigsy(_whitened(p, q), eigvals_only=True)
    truth = mp.sqrt(mp.fsum(mp.log(v) ** 2 for v in values) / 2)
    same_mean = gm.Gaussian(p.law.mean, q.law.covariance)
    assert relative_error(gm.fisher_rao_distance(p.law, same_mean), truth) <= 1e-11


def _whitened(p, q):
    with mp.workdps(300):
        size = oracles.trace(q.cov)
        inverse = mp.inverse(mp.sqrt(size) * mp.cholesky(q.cov / size))
        whitened = inverse * p.cov * inverse.T
        return (whitened + whitened.T) / 2


@pytest.mark.parametrize("bandwidth", [1e-60, 1e-20, 1.0, 1e20, 1e60])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_a_singular_law_is_no_discrepancy_from_itself(rank, bandwidth):
    # 1e-38 to 1e-16 came.
    f = np.random.default_rng(rank).standard_normal((4, rank))
    for build in (
        lambda: gm.Gaussian(np.zeros(4), gm.Covariance.from_factor(f)),
        lambda: gm.Gaussian(np.zeros(4), f @ f.T, allow_singular=True),
    ):
        assert gm.maximum_mean_discrepancy(build(), build(), bandwidth=bandwidth) == 0
