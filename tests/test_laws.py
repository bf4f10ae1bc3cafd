"""One test a law, over all metrics for which it is a theorem."""

import numpy as np
import pytest
import random_laws
from hypothesis import given, settings
from hypothesis import strategies as st
from table import METRICS, OVERLAPS

import gaussmetrics as gm

ALL = [*METRICS, *OVERLAPS]
seeds = st.integers(0, 2**32 - 1)
dims = st.integers(1, 6)


def of(metrics):
    return pytest.mark.parametrize("metric", metrics, ids=lambda m: m.name)


def through(law, a, b):
    """The law of A x + b."""
    return gm.Gaussian(law.mean @ a.T + b, a @ law.cov @ a.T)


@of(METRICS)
@given(seed=seeds, d=dims, apart=st.floats(-14, 0))
@settings(max_examples=30, deadline=None)
def test_never_negative(metric, seed, d, apart):
    rng = np.random.default_rng(seed)
    a = random_laws.covariance(rng, d, kappa=1e4)
    p = gm.Gaussian(np.zeros(d), a)
    q = gm.Gaussian(np.zeros(d), random_laws.perturbed(rng, a, 0.9 * 10.0**apart))
    assert metric.function(p, q) >= 0.0


@of(METRICS)
@given(seed=seeds, d=dims, kappa=st.floats(0, 10))
@settings(max_examples=20, deadline=None)
def test_zero_between_equal_laws(metric, seed, d, kappa):
    p = random_laws.gaussian(np.random.default_rng(seed), d, kappa=10.0**kappa)
    assert metric.function(p, gm.Gaussian(p.mean, p.cov)) == 0.0


@of([m for m in ALL if m.symmetric])
@given(seed=seeds, d=dims)
@settings(max_examples=30, deadline=None)
def test_symmetric(metric, seed, d):
    rng = np.random.default_rng(seed)
    p, q = random_laws.gaussian(rng, d), random_laws.gaussian(rng, d)
    np.testing.assert_allclose(metric.function(p, q), metric.function(q, p), rtol=1e-11)


@of([m for m in METRICS if m.affine])
@given(seed=seeds, d=dims)
@settings(max_examples=30, deadline=None)
def test_unchanged_by_affine_maps(metric, seed, d):
    rng = np.random.default_rng(seed)
    p, q = random_laws.gaussian(rng, d), random_laws.gaussian(rng, d)
    a = random_laws.orthogonal(rng, d) @ random_laws.covariance(rng, d, kappa=30.0)
    b = rng.standard_normal(d)
    np.testing.assert_allclose(
        metric.function(through(p, a, b), through(q, a, b)), metric.function(p, q), rtol=1e-9
    )


@of([m for m in METRICS if not m.affine])
@given(seed=seeds, d=dims)
@settings(max_examples=30, deadline=None)
def test_unchanged_by_rigid_motions(metric, seed, d):
    rng = np.random.default_rng(seed)
    p, q = random_laws.gaussian(rng, d), random_laws.gaussian(rng, d)
    a, b = random_laws.orthogonal(rng, d), rng.standard_normal(d)
    np.testing.assert_allclose(
        metric.function(through(p, a, b), through(q, a, b)), metric.function(p, q), rtol=1e-10
    )


@of([m for m in METRICS if m.triangle])
@given(seed=seeds, d=dims)
@settings(max_examples=30, deadline=None)
def test_triangle_inequality(metric, seed, d):
    rng = np.random.default_rng(seed)
    p, q, r = (random_laws.gaussian(rng, d) for _ in range(3))
    f = metric.function
    assert f(p, r) <= (f(p, q) + f(q, r)) * (1 + 1e-12)


@of([m for m in ALL if m.additive])
@given(seed=seeds, d=st.integers(1, 3), e=st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_additive_over_independent_parts(metric, seed, d, e):
    rng = np.random.default_rng(seed)
    p1, q1, p2, q2 = (random_laws.gaussian(rng, k) for k in (d, d, e, e))

    def product(first, second):
        cov = np.zeros((d + e, d + e))
        cov[:d, :d], cov[d:, d:] = first.cov, second.cov
        return gm.Gaussian(np.concatenate([first.mean, second.mean]), cov)

    np.testing.assert_allclose(
        metric.function(product(p1, p2), product(q1, q2)),
        metric.function(p1, q1) + metric.function(p2, q2),
        rtol=1e-10,
    )


@of(ALL)
@pytest.mark.parametrize("d", [1, 2, 5, 11])
@pytest.mark.parametrize(
    ("first", "second"), [((4,), (4,)), ((3, 1), (4,)), ((), (4,)), ((3,), ()), ((2, 3), (3,))]
)
def test_batches_broadcast_like_a_loop(metric, first, second, d):
    rng = np.random.default_rng([d, len(first), len(second)])
    p, q = random_laws.gaussian(rng, d, batch=first), random_laws.gaussian(rng, d, batch=second)
    shape = np.broadcast_shapes(first, second)
    loop = np.empty(shape)
    for index in np.ndindex(shape):
        i, j = (
            tuple(k if n > 1 else 0 for k, n in zip(index[len(shape) - len(b) :], b, strict=True))
            for b in (first, second)
        )
        loop[index] = metric.function(p[i] if first else p, q[j] if second else q)
    result = metric.function(p, q)
    assert result.shape == shape
    np.testing.assert_allclose(result, loop, rtol=1e-11)


@of(METRICS)
def test_near_and_far_pairs_in_one_batch(metric):
    rng = np.random.default_rng(0)
    p = random_laws.gaussian(rng, 4, kappa=1e3)
    near = [
        gm.Gaussian(p.mean, random_laws.perturbed(rng, p.cov, 10.0**-k)) for k in range(1, 13, 3)
    ]
    others = [*near, random_laws.gaussian(rng, 4, kappa=1e3), p]
    batch = gm.Gaussian([q.mean for q in others], [q.cov for q in others])
    np.testing.assert_allclose(
        metric.function(p, batch), [metric.function(p, q) for q in others], rtol=1e-11
    )


@of(ALL)
def test_a_result_without_batch_is_a_numpy_scalar(metric):
    rng = np.random.default_rng(0)
    p, q = random_laws.gaussian(rng, 3), random_laws.gaussian(rng, 3)
    assert type(metric.function(p, q)) is np.float64
    assert type(metric.function(p, gm.Gaussian(p.mean, 1.0001 * p.cov))) is np.float64


@of(ALL)
def test_an_empty_batch_gives_an_empty_result(metric):
    empty = gm.Gaussian(np.zeros((0, 3)), np.zeros((0, 3, 3)))
    assert metric.function(empty, gm.Gaussian.standard(3)).shape == (0,)


@given(seed=seeds, d=dims)
@settings(max_examples=30, deadline=None)
def test_hellinger_bounds_and_kl(seed, d):
    rng = np.random.default_rng(seed)
    p, q = random_laws.gaussian(rng, d), random_laws.gaussian(rng, d)
    # 2 D_B ≤ KL by Jensen's inequality; 0 ≤ H ≤ 1.
    assert 2 * gm.bhattacharyya_distance(p, q) <= gm.kl_divergence(p, q) * (1 + 1e-12)
    assert 0 <= gm.hellinger_distance(p, q) <= 1


@given(seed=seeds, d=dims)
@settings(max_examples=30, deadline=None)
def test_cross_entropy_is_entropy_plus_kl(seed, d):
    rng = np.random.default_rng(seed)
    p, q = random_laws.gaussian(rng, d), random_laws.gaussian(rng, d)
    np.testing.assert_allclose(
        gm.cross_entropy(p, q), gm.entropy(p) + gm.kl_divergence(p, q), rtol=1e-11, atol=1e-11
    )
    np.testing.assert_allclose(gm.cross_entropy(p, p), gm.entropy(p), rtol=1e-11, atol=1e-11)


@given(seed=seeds, d=st.integers(2, 6))
@settings(max_examples=30, deadline=None)
def test_marginals_are_closer(seed, d):
    # Data processing: no divergence grows when a coordinate is forgotten, but for one.
    rng = np.random.default_rng(seed)
    p, q = random_laws.gaussian(rng, d), random_laws.gaussian(rng, d)
    monotone = {m for m in METRICS if m.function is not gm.geometric_jensen_shannon_divergence}
    for metric in monotone:
        part = metric.function(p.marginal(slice(1, None)), q.marginal(slice(1, None)))
        assert part <= metric.function(p, q) * (1 + 1e-10)
