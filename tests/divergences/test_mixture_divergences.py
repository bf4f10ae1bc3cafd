"""Entropies and divergences of mixtures: bounds that hold and are tight, and an honest error."""

import re

import numpy as np
import oracles
import pytest
import random_laws
from mpmath import mp

import gaussmetrics as gm
from gaussmetrics.divergences.mixtures import _excess


def on_the_line(seed, k, apart=3.0):
    rng = np.random.default_rng(seed)
    means, variances = apart * rng.standard_normal((k, 1)), rng.gamma(3.0, size=(k, 1, 1))
    return gm.Mixture(rng.dirichlet(np.full(k, 3.0)), gm.Gaussian(means, variances))


def integral(function, *mixtures):
    """∫ f over the line in double precision: the trapezoidal rule, whose error is e^−1/h."""
    deviations = [np.sqrt(m.components.cov.ravel()) for m in mixtures]
    reach = [(m.components.mean[:, 0], s) for m, s in zip(mixtures, deviations, strict=True)]
    low = min((mean - 14 * s).min() for mean, s in reach)
    high = max((mean + 14 * s).max() for mean, s in reach)
    step = 0.05 * min(s.min() for s in deviations)
    x = np.arange(low, high, step)
    return float(step * function(x[:, None]).sum())


def entropy(m):
    return integral(lambda x: -np.exp(m.logpdf(x)) * m.logpdf(x), m)


def kl(p, q):
    return integral(lambda x: np.exp(p.logpdf(x)) * (p.logpdf(x) - q.logpdf(x)), p, q)


@pytest.mark.parametrize("apart", [0.1, 1.0, 5.0, 50.0])
@pytest.mark.parametrize("k", [1, 2, 5])
def test_the_entropy_lies_between_its_bounds(k, apart):
    for seed in range(5):
        m = on_the_line(seed, k, apart)
        lower, upper = gm.mixture_entropy_bounds(m)
        slack = 1e-9 * (1 + abs(upper))
        assert lower - slack <= entropy(m) <= upper + slack


def test_the_bounds_meet_where_components_are_equal_or_far_apart():
    for means in ([[0.0], [0.0]], [[0.0], [1e3]]):
        m = gm.Mixture([1.0, 3.0], gm.Gaussian(means, [[2.0]]))
        lower, upper = gm.mixture_entropy_bounds(m)
        assert lower == pytest.approx(upper, rel=1e-12)
        assert lower == pytest.approx(entropy(m), rel=1e-10)


def test_the_bounds_are_their_formula():
    m = on_the_line(3, 3)
    w, laws = m
    for bound, distance in zip(
        gm.mixture_entropy_bounds(m),
        (oracles.bhattacharyya_distance, oracles.kl_divergence), strict=True,
    ):  # fmt: skip
        total = mp.fsum(
            mp.mpf(float(w[i]))
            * (
                oracles.entropy(laws[i])
                - mp.log(
                    mp.fsum(float(w[j]) * mp.exp(-distance(laws[i], laws[j])) for j in range(3))
                )
            )
            for i in range(3)
        )
        assert bound == pytest.approx(float(total), rel=1e-13)


@pytest.mark.parametrize("apart", [0.1, 1.0, 5.0, 30.0])
@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 3), (2, 2), (4, 3)])
def test_the_divergence_lies_between_its_bounds(n, m, apart):
    for seed in range(4):
        p, q = on_the_line(seed, n, apart), on_the_line(100 + seed, m, apart)
        lower, upper = gm.mixture_kl_bounds(p, q)
        truth = kl(p, q)
        slack = 1e-9 * (1 + upper)
        assert 0 <= lower <= truth + slack
        assert truth - slack <= upper
        if n == m == 1:
            assert lower == upper
            own = gm.kl_divergence(p.components, q.components)[0]
            np.testing.assert_allclose(lower, own, rtol=1e-15)


def test_the_lower_bound_is_that_of_durrieu():
    p, q = on_the_line(1, 2, 12.0), on_the_line(2, 3, 12.0)
    (pi, ps), (omega, qs) = p, q

    def overlap(a, b):
        total = a.cov[0, 0] + b.cov[0, 0]
        return np.exp(-0.5 * (a.mean - b.mean)[0] ** 2 / total) / np.sqrt(2 * np.pi * total)

    expected = 0.0
    for a in range(2):
        inside = sum(pi[c] * np.exp(-gm.kl_divergence(ps[a], ps[c])) for c in range(2))
        outside = sum(omega[b] * overlap(ps[a], qs[b]) for b in range(3))
        expected += pi[a] * (np.log(inside) - gm.entropy(ps[a]) - np.log(outside))
    assert expected > 0
    assert gm.mixture_kl_bounds(p, q).lower == pytest.approx(expected, rel=1e-12)


def test_the_upper_bound_pairs_components_in_any_order():
    # Far from each other, all components but one are alike: the divergence is that of this one.
    p = gm.Mixture([0.2, 0.5, 0.3], gm.Gaussian([[0.0], [1e3], [2e3]], [[1.0]]))
    q = gm.Mixture([0.3, 0.2, 0.5], gm.Gaussian([[2e3], [0.5], [1e3]], [[1.0]]))
    assert gm.mixture_kl_bounds(p, q).upper == pytest.approx(0.2 * 0.125, rel=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_monte_carlo_is_within_its_error(seed):
    p, q = on_the_line(seed, 3, 2.0), on_the_line(50 + seed, 2, 2.0)
    result = gm.mixture_kl_divergence(p, q, samples=40_000, rng=seed)
    assert abs(result.value - kl(p, q)) <= 4.5 * result.standard_error
    assert result.standard_error <= 0.03 * result.value
    assert (result.lower, result.upper) == gm.mixture_kl_bounds(p, q)
    assert result.lower <= result.value <= result.upper


def test_the_error_is_that_of_repeated_sampling():
    p, q = on_the_line(0, 3), on_the_line(1, 3)
    runs = [gm.mixture_kl_divergence(p, q, samples=2_000, rng=r) for r in range(200)]
    spread = np.std([run.value for run in runs], ddof=1)
    claimed = np.mean([run.standard_error for run in runs])
    # A standard deviation of 200 runs is known to 5 %.
    assert spread == pytest.approx(claimed, rel=0.25)
    mean = np.mean([run.value for run in runs])
    assert abs(mean - kl(p, q)) <= 4.5 * spread / np.sqrt(len(runs))


@pytest.mark.parametrize("size", [1e-2, 1e-5])
def test_nearly_equal_mixtures(size):
    p = on_the_line(4, 3)
    moved = gm.Gaussian(p.components.mean + size, p.components.covariance)
    q = gm.Mixture(p.weights, moved)
    # Shifted by δ: KL is ½ δ² times the Fisher information of the location.
    score = lambda x: (p.logpdf(x + 1e-5) - p.logpdf(x - 1e-5)) / 2e-5  # noqa: E731
    information = integral(lambda x: np.exp(p.logpdf(x)) * score(x) ** 2, p)
    result = gm.mixture_kl_divergence(p, q, samples=40_000, rng=0)
    expected = 0.5 * size**2 * information
    assert abs(result.value - expected) <= 5 * result.standard_error + size * expected
    assert result.standard_error <= 0.02 * result.value


def test_equal_mixtures_and_several_dimensions():
    rng = np.random.default_rng(6)
    m = gm.Mixture(rng.dirichlet(np.ones(3)), random_laws.gaussian(rng, 4, batch=(3,)))
    assert tuple(gm.mixture_kl_divergence(m, m, rng=0)) == (0.0, 0.0)
    # Unchanged by an affine map of both, up to the samples' rounding.
    n = gm.Mixture(None, random_laws.gaussian(rng, 4, batch=(2,)))
    a = rng.standard_normal((4, 4))
    moved = [gm.Mixture(x.weights, x.components.transform(a)) for x in (m, n)]
    np.testing.assert_allclose(
        gm.mixture_kl_bounds(*moved), gm.mixture_kl_bounds(m, n), rtol=1e-8, atol=1e-12
    )
    first, second = (gm.mixture_kl_divergence(*x, rng=0) for x in ((m, n), moved))
    error = np.hypot(first.standard_error, second.standard_error)
    assert abs(first.value - second.value) <= 4.5 * error


@pytest.mark.parametrize("scale", [1e-150, 1e150])
def test_extreme_scales(scale):
    p, q = on_the_line(0, 2), on_the_line(1, 3)
    root = np.sqrt(scale)
    big = [
        gm.Mixture(x.weights, gm.Gaussian(root * x.components.mean, scale * x.components.cov))
        for x in (p, q)
    ]
    np.testing.assert_allclose(gm.mixture_kl_bounds(*big), gm.mixture_kl_bounds(p, q), rtol=1e-11)
    expected = tuple(gm.mixture_kl_divergence(p, q, samples=1000, rng=0))
    np.testing.assert_allclose(
        tuple(gm.mixture_kl_divergence(*big, samples=1000, rng=0)), expected, rtol=1e-10
    )
    shift = gm.mixture_entropy_bounds(big[0]).lower - gm.mixture_entropy_bounds(p).lower
    assert shift == pytest.approx(np.log(root), rel=1e-13)


def test_laws_beyond_the_floats_apart():
    p = gm.Mixture(None, gm.Gaussian([[0.0], [1e-150]], [[1e-300]]))
    q = gm.Mixture(None, gm.Gaussian([[1e100], [1e101]], [[1e-300]]))
    result = gm.mixture_kl_divergence(p, q, samples=100, rng=0)
    assert result.value == result.upper == np.inf
    assert not np.isnan(result.standard_error)


def test_the_integrand():
    with mp.workdps(40):
        for r in (-700.0, -3.0, -9e-3, -1e-9, 0.0, 1e-12, 5e-3, 0.02, 1.0, 40.0):
            b = 2 / (1 + mp.exp(mp.mpf(r)))
            a = 2 - b
            truth = a * mp.mpf(r) - a + b
            assert oracles.relative_error(_excess(np.array(r)), truth) <= 1e-11


def test_components_without_weight_count_for_nothing():
    p = on_the_line(0, 3)
    more = gm.Mixture([*p.weights[:2], 0.0], p.components)
    less = gm.Mixture(p.weights[:2], p.components[:2])
    assert gm.mixture_entropy_bounds(more) == pytest.approx(gm.mixture_entropy_bounds(less))
    assert gm.mixture_kl_bounds(more, p) == pytest.approx(gm.mixture_kl_bounds(less, p))
    assert gm.mixture_kl_divergence(more, p, rng=0).value < np.inf


def test_what_is_refused():
    m = on_the_line(0, 2)
    two = (gm.mixture_kl_bounds, gm.mixture_kl_divergence)
    for f in two:
        text = (
            f"{f.__name__} takes Mixture objects, but q is of type Gaussian. Construct it first: "
        )
        with pytest.raises(
            TypeError, match=re.escape(text + "q = gaussmetrics.Mixture(None, q[Non")
        ):
            f(m, gm.Gaussian.standard(1))
        with pytest.raises(TypeError, match=re.escape("p = gaussmetrics.Mixture(None, p).")):
            f(m.components, m)
        wide = gm.Mixture(None, gm.Gaussian(np.zeros((2, 2)), np.eye(2)))
        with pytest.raises(ValueError, match=rf"^{f.__name__} needs p and q of the same dimension"):
            f(m, wide)
        flat = gm.Mixture(None, gm.Gaussian([[0.0]], gm.Covariance.from_factor([[0.0]])))
        with pytest.raises(ValueError, match=r"needs components with densities, but components\[0"):
            f(flat, m)
    with pytest.raises(TypeError, match=re.escape("m is of type list. Construct it first: m = ga")):
        gm.mixture_entropy_bounds([1.0])
    with pytest.raises(ValueError, match="samples must be at least 4, got 3"):
        gm.mixture_kl_divergence(m, m, samples=3)
    with pytest.raises(TypeError, match=r"rng must be a numpy\.random\.Generator"):
        gm.mixture_kl_divergence(m, m, rng="dice")
    with pytest.raises(ValueError, match="confidence_level must lie between 0 and 1, got 95"):
        gm.mixture_kl_divergence(m, m, rng=0).confidence_interval(95)
    a, b = (gm.Mixture(None, gm.Gaussian([[0.0]], [[1.0]], names=[n])) for n in "ab")
    with pytest.raises(ValueError, match="needs p and q of the same variables"):
        gm.mixture_kl_bounds(a, b)


def test_the_error_of_a_divergence_whose_square_is_beyond_the_floats():
    near = gm.Mixture(None, gm.Gaussian([[0.0], [1.0]], [[1.0]]))
    far = gm.Mixture(None, gm.Gaussian([[0.0], [1e100]], [[1.0]]))
    value, error = gm.mixture_kl_divergence(far, near, samples=400, rng=0)
    assert value == pytest.approx(2.5e199, rel=0.1)  # half of 1e200 / 2
    assert 0.0 < error < 0.2 * value
