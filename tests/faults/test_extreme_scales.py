"""Extreme but legal input: right, infinite where it should be, or a text that teaches."""

import re
from functools import partial

import numpy as np
import oracles
import pytest
from given import from_diagonal
from oracles import mp, relative_error
from refusals import answer_or_text
from test_near_equality import exact_gradient

import gaussmetrics as gm

LARGEST = np.finfo(float).max
GRADIENTS = {
    "kl": gm.kl_divergence_gradient,
    "jeffreys": gm.jeffreys_divergence_gradient,
    "bhattacharyya": gm.bhattacharyya_distance_gradient,
    "hellinger": gm.hellinger_distance_gradient,
    "renyi": partial(gm.renyi_divergence_gradient, alpha=0.75),
    "wasserstein": gm.squared_wasserstein_distance_gradient,
}
every_gradient = pytest.mark.parametrize("name", GRADIENTS)


def agrees(value, truth, rtol):
    """Right to rtol; infinite beyond the largest double, and anything tiny below the smallest."""
    if abs(truth) > LARGEST:
        return value == (np.inf if truth > 0 else -np.inf)
    return abs(mp.mpf(float(value)) - truth) <= rtol * abs(truth) + mp.mpf(10) ** -300


@pytest.mark.parametrize("structure", ["dense", "diagonal"])
@pytest.mark.parametrize("scales", [(1.0, 1e-110), (1.0, 1e110), (1e-110, 1e60), (1e-75, 1e75)])
@every_gradient
def test_gradients_between_distant_scales(name, scales, structure):
    # The formulas of Magnus & Neudecker, in exact arithmetic.
    for first, second in (scales, scales[::-1]):
        p, q = (from_diagonal(np.array([1.0, 2.0]) * s) for s in (first, second))
        laws = [x.law if structure == "diagonal" else gm.Gaussian([0, 0], x.law.cov)
                for x in (p, q)]  # fmt: skip
        result = GRADIENTS[name](*laws)
        for got, exact in zip((result.p_cov, result.q_cov), exact_gradient(name, p, q),
                              strict=True):  # fmt: skip
            slopes = got if got.ndim == 1 else np.diag(got)
            assert all(agrees(slopes[i], exact[i, i], 1e-12) for i in range(2)), (got, exact)


@every_gradient
def test_gradients_of_empty_batches(name):
    p, q = (gm.Gaussian(np.zeros((0, 2)), v * np.eye(2)) for v in (1.0, 2.0))
    result = GRADIENTS[name](p, q)
    assert result.p_mean.shape == result.q_mean.shape == (0, 2)
    assert result.p_cov.shape == result.q_cov.shape == (0, 2, 2)


@pytest.mark.parametrize("alpha", [0.3, 1.0, 1.2])
def test_gradients_of_empty_batches_of_every_order(alpha):
    p, q = (gm.Gaussian(np.zeros((0, 2)), v * np.eye(2)) for v in (1.0, 2.0))
    assert gm.renyi_divergence_gradient(p, q, alpha=alpha).p_cov.shape == (0, 2, 2)


# Parameters


P, Q = from_diagonal([1.0, 2.0], [0.0, 0.0]), from_diagonal([2.0, 3.0], [1.0, -1.0])


@pytest.mark.parametrize("bandwidth", [1e-170, 1e-155, 1e-100, 1e100, 1e155, 1e170])
def test_bandwidths(bandwidth):
    with mp.workdps(800):
        truth = oracles.maximum_mean_discrepancy(P, Q, mp.mpf(bandwidth))
    if bandwidth < 1e-151:
        with pytest.raises(ValueError, match=r"bandwidth must be at least .* its square vanishes"):
            gm.maximum_mean_discrepancy(P.law, Q.law, bandwidth=bandwidth)
        return
    value = gm.maximum_mean_discrepancy(P.law, Q.law, bandwidth=bandwidth)
    assert agrees(value, truth, 1e-12)


@pytest.mark.parametrize("alpha", [1e-300, 1e-155, 1e16, 1e155, 1e300])
@pytest.mark.parametrize("pair", [(P, P), (P, Q), (Q, P)])
def test_orders_of_renyi_divergences(pair, alpha):
    with mp.workdps(900):
        truth = oracles.renyi_divergence(*pair, mp.mpf(alpha))
    value = gm.renyi_divergence(*(x.law for x in pair), alpha=alpha)
    if pair[0] is pair[1]:
        assert value == 0
    else:
        assert agrees(value, truth, 1e-12) or (mp.isinf(truth) and value == np.inf)


@pytest.mark.parametrize("scale", [1e-50, 1.0, 1e50])
@pytest.mark.parametrize("epsilon", [1e-300, 1e-155, 1.0, 1e155, 1e300])
def test_entropic_transport(epsilon, scale):
    p, q = (from_diagonal([2.0 * scale], [0.0]), from_diagonal([3.0 * scale], [np.sqrt(scale)]))
    with mp.workdps(900):
        cost = oracles.entropic_transport_cost(p, q, mp.mpf(epsilon))
        own = oracles.entropic_transport_cost(p, p, mp.mpf(epsilon))
        divergence = oracles.sinkhorn_divergence(p, q, mp.mpf(epsilon))
    assert agrees(gm.entropic_transport_cost(p.law, q.law, epsilon=epsilon), cost, 1e-12)
    assert agrees(gm.entropic_transport_cost(p.law, p.law, epsilon=epsilon), own, 1e-12)
    assert agrees(gm.sinkhorn_divergence(p.law, q.law, epsilon=epsilon), divergence, 1e-10)
    assert gm.sinkhorn_divergence(p.law, p.law, epsilon=epsilon) == 0


# Scales


@pytest.mark.parametrize("scales", [(3e1, 1e-154), (1e-154, 1e154), (1e-300, 1e300), (1e-308, 1)])
@pytest.mark.parametrize("d", [1, 2, 5])
def test_fisher_rao_between_distant_scales(d, scales):
    # At equal means √(½ Σ log² λ), λ the eigenvalues of Σp⁻¹Σq.
    rng = np.random.default_rng(d)
    a, b = (s * rng.gamma(4.0, size=d) for s in scales)
    truth = mp.sqrt(
        mp.fsum(mp.log(mp.mpf(x) / mp.mpf(y)) ** 2 for x, y in zip(a, b, strict=True)) / 2
    )
    for p, q in (
        [gm.Gaussian(np.zeros(d), gm.Covariance.from_diagonal(v)) for v in (a, b)],
        [gm.Gaussian(np.zeros(d), np.diag(v)) for v in (a, b)],
    ):
        assert relative_error(gm.fisher_rao_distance(p, q), truth) <= 1e-12


@pytest.mark.parametrize(
    ("means", "variances"),
    [
        ((1e300, 0.0), (1e-30, 1e-30)),
        ((1.5e308, -1.5e308), (1e300, 1e-300)),
        ((1e308, -1e308), (1e-300, 1e-280)),
        ((1e200, 0.0), (1e-300, 1e300)),
    ],
)
def test_fisher_rao_between_means_more_deviations_apart_than_floats_reach(means, variances):
    # √2 arcosh(1 + [½ Δ² + (σp − σq)²] / (2 σp σq)): infinity came where some thousand are right.
    (m, n), (v, w) = ([mp.mpf(x) for x in pair] for pair in (means, variances))
    s, t = mp.sqrt(v), mp.sqrt(w)
    with mp.workdps(700):
        truth = mp.sqrt(2) * mp.acosh(1 + ((m - n) ** 2 / 2 + (s - t) ** 2) / (2 * s * t))
    for build in (lambda x: [[x]], lambda x: gm.Covariance.from_diagonal([x])):
        p, q = (gm.Gaussian([m], build(v)) for m, v in zip(means, variances, strict=True))
        assert relative_error(gm.fisher_rao_distance(p, q), truth) <= 1e-14
        assert relative_error(gm.fisher_rao_distance(q, p), truth) <= 1e-14


def test_fisher_rao_between_equal_covariances_so_far_apart():
    # √2 arcosh(1 + ¼ Δᵀ Σ⁻¹ Δ), in a batch with equal laws and with near ones.
    cov = 1e-200 * np.array([[2.0, 0.5], [0.5, 1.0]])
    q = gm.Gaussian([0.0, 0.0], cov)
    p = gm.Gaussian([[1e300, 1e299], [0.0, 0.0], [1e-100, 0.0]], cov)
    with mp.workdps(1000):
        d = mp.matrix([mp.mpf(1e300), mp.mpf(1e299)])
        square = (d.T * mp.inverse(oracles.matrix(cov)) * d)[0]
        truth = mp.sqrt(2) * mp.acosh(1 + square / 4)
    values = gm.fisher_rao_distance(p, q)
    assert relative_error(values[0], truth) <= 1e-14
    assert values[1] == 0.0
    assert values[2] == gm.fisher_rao_distance(p[2], q)


@pytest.mark.parametrize("seed", range(4))
def test_fisher_rao_between_distant_scales_and_means(seed):
    # Never a bare "Eigenvalues did not converge": a distance, or the text of an uncertain one.
    rng = np.random.default_rng(seed)
    for first, second in ((3e1, 1e-154), (1e-154, 3e1)):
        f, g = rng.standard_normal((2, 3, 3))
        p = gm.Gaussian(np.sqrt(first) * rng.standard_normal(3), first * f @ f.T)
        q = gm.Gaussian(np.sqrt(second) * rng.standard_normal(3), second * g @ g.T)
        value, text = answer_or_text(partial(gm.fisher_rao_distance, p, q))
        assert "fisher_rao_distance is not certain" in text if text else 0 < value < np.inf


@pytest.mark.parametrize("scale", [1e-155, 1e-300, 1e155, 1e300])
@pytest.mark.parametrize("ratio", [1.0, 2.0, 1e5])
def test_affine_invariants_at_every_scale(scale, ratio):
    # Unchanged when both laws are scaled by a power of two, which rounds nothing.
    scale = 2.0 ** np.round(np.log2(scale) / 2)  # of the standard deviations
    cov, other = np.array([[2.0, 0.5], [0.5, 1.0]]), ratio * np.array([[1.0, 0.25], [0.25, 3.0]])
    pairs = [
        (gm.Gaussian([0.0, 0.0], cov * s * s), gm.Gaussian([s, -s], other * s * s))
        for s in (1.0, scale)
    ]
    for function in (
        gm.chernoff_alpha,
        gm.chernoff_information,
        gm.bayes_error,
        partial(gm.bayes_error, prior=0.1),
        gm.total_variation_distance,
        gm.fisher_rao_distance,
        gm.jensen_shannon_divergence,
        gm.jensen_shannon_bounds,
        gm.cauchy_schwarz_divergence,
        gm.geometric_jensen_shannon_divergence,
    ):
        one, two = (np.asarray(function(*pair)) for pair in pairs)
        np.testing.assert_allclose(two, one, rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-155, 1e-300, 1e155, 1e300])
def test_energy_distance_at_every_scale(scale):
    # E‖X‖ is homogeneous: the square root of a length scales by √s.
    s = 2.0 ** np.round(np.log2(scale) / 2)
    cov, other = np.array([[2.0, 0.5], [0.5, 1.0]]), np.array([[1.0, 0.25], [0.25, 3.0]])
    plain, scaled = (
        gm.energy_distance(
            gm.Gaussian([0.0, 0.0], cov * t * t), gm.Gaussian([t, -t], other * t * t)
        )
        for t in (1.0, s)
    )
    np.testing.assert_allclose(scaled, plain * np.sqrt(s), rtol=1e-12)


@pytest.mark.parametrize("variance", [1e-155, 1e-250, 1e-307])
@pytest.mark.parametrize("ratio", [1.0, 2.0, 1e10])
def test_points_far_apart_in_their_own_spread(variance, ratio):
    # Means one apart. E‖X − Y‖ is that of the means; nothing of the laws overlaps.
    p, q = from_diagonal([variance], [0.0]), from_diagonal([variance * ratio], [1.0])
    for laws in ((p.law, q.law), (gm.Gaussian([0.0], p.law.cov), gm.Gaussian([1.0], q.law.cov))):
        truth = oracles.chernoff_information(p, q)
        assert agrees(gm.chernoff_information(*laws), truth, 1e-12)
        alpha = gm.chernoff_alpha(*laws)
        np.testing.assert_allclose(alpha, float(oracles.chernoff_alpha(p, q)), rtol=1e-10)
        assert gm.bayes_error(*laws) == 0
        assert gm.total_variation_distance(*laws) == gm.hellinger_distance(*laws) == 1
        np.testing.assert_allclose(gm.energy_distance(*laws), np.sqrt(2), rtol=1e-12)


@pytest.mark.parametrize("away", [1e77, 1e155, 1e300])
@pytest.mark.parametrize("scales", [(1e-20, 1e-20), (1.0, 1e-155), (1e-155, 1e300)])
@pytest.mark.parametrize("d", [1, 2, 3])
def test_means_far_apart(d, scales, away):
    rng = np.random.default_rng(d)
    f, g = rng.standard_normal((2, d, d + 1))
    p = gm.Gaussian(np.zeros(d), scales[0] * f @ f.T)
    q = gm.Gaussian(away * rng.standard_normal(d), scales[1] * g @ g.T)
    with mp.workdps(1000):
        truth = oracles.bhattacharyya_distance(p, q)
    assert agrees(gm.bhattacharyya_distance(p, q), truth, 1e-12)
    assert 0 <= gm.chernoff_alpha(p, q) <= 1
    assert gm.chernoff_information(p, q) >= gm.bhattacharyya_distance(p, q) * (1 - 1e-12)
    if truth > 1e3:
        assert gm.bayes_error(p, q) == 0
        assert gm.total_variation_distance(p, q) == 1
    assert 0 < gm.energy_distance(p, q) < np.inf


HUGE = 10**400
NUMBERS = {
    "alpha": lambda x: gm.renyi_divergence(P.law, Q.law, alpha=x),
    "gradient": lambda x: gm.renyi_divergence_gradient(P.law, Q.law, alpha=x),
    "epsilon": lambda x: gm.sinkhorn_divergence(P.law, Q.law, epsilon=x),
    "cost": lambda x: gm.entropic_transport_cost(P.law, Q.law, epsilon=x),
    "bandwidth": lambda x: gm.maximum_mean_discrepancy(P.law, Q.law, bandwidth=x),
    "prior": lambda x: gm.bayes_error(P.law, Q.law, prior=x),
    "t": lambda x: gm.wasserstein_geodesic(P.law, Q.law, x),
    "mean": lambda x: gm.Gaussian([x], [[1.0]]),
    "cov": lambda x: gm.Gaussian([0.0], [[x]]),
    "variances": lambda x: gm.Covariance.from_diagonal([x]),
    "factor": lambda x: gm.Covariance.from_factor([[x]]),
    "diagonal": lambda x: gm.Covariance.from_factor([[1.0]], x),
    "x": lambda x: P.law.logpdf([x, 0.0]),
    "X": lambda x: gm.Gaussian.from_samples([[x], [0.0], [1.0]]),
    "ddof": lambda x: gm.Gaussian.from_samples([[2.0], [0.0], [1.0]], ddof=x),
    "shrinkage": lambda x: gm.Gaussian.from_samples([[2.0], [0.0], [1.0]], shrinkage=x),
    "weights": lambda x: gm.Gaussian.from_samples([[2.0], [0.0], [1.0]], weights=[x, 1, 1]),
    "barycenter": lambda x: gm.wasserstein_barycenter(gm.Gaussian.stack([P.law, Q.law]), [x, 1]),
    "tolerance": lambda x: gm.wasserstein_barycenter(
        gm.Gaussian.stack([P.law, Q.law]), tolerance=x
    ),
    "max_steps": lambda x: gm.wasserstein_barycenter(
        gm.Gaussian.stack([P.law, Q.law]), max_steps=x
    ),
    "dim": gm.Gaussian.standard,
    "size": P.law.sample,
    "temperature": lambda x: gm.AnalyticLogisticRegression(temperature=x).fit(
        [[0.0], [1.0], [5.0], [7.0]], [0, 0, 1, 1]
    ),
    "confidence_level": lambda x: gm.estimate(
        gm.kl_divergence, np.arange(9.0)[:, None] ** 2, np.arange(9.0)[:, None]
    ).confidence_interval(x),
}


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("number", [HUGE, -HUGE], ids=["positive", "negative"])
def test_an_integer_beyond_every_double(name, number):
    # An answer, or a text that names the argument: no OverflowError, no NumPy text.
    _, text = answer_or_text(lambda: NUMBERS[name](number))
    assert text is None or re.search(r"must|needs|got|is not|too large|finite", text), text


@pytest.mark.parametrize("unit", [1e-153, 1e-150, 1e150, 1e153])
def test_the_covariance_of_a_precision_near_the_ends_of_the_floats(unit):
    # The slices of exact products were anchored beyond the largest float.
    precision = np.array([[2.0, 0.5], [0.5, 1.0]])
    covariance = gm.Covariance.from_precision(precision / unit / unit)
    law = gm.Gaussian(np.zeros(2), covariance)
    expected = np.array([[1.0, -0.5], [-0.5, 2.0]]) / 1.75
    np.testing.assert_allclose(law.cov / unit / unit, expected, rtol=1e-14)


def test_an_image_whose_precision_leaves_the_floats():
    precision = np.array([[2.0, 0.5], [0.5, 1.0]])
    law = gm.Gaussian(np.zeros(2), gm.Covariance.from_precision(precision))
    image = law.transform(np.diag([1.0, 1e-160]), allow_singular=True)
    expected = np.array([[1.0, -0.5e-160], [-0.5e-160, 0.0]]) / 1.75
    np.testing.assert_allclose(image.cov, expected, rtol=1e-14, atol=1e-319)
    assert np.isfinite(image.sample(3, np.random.default_rng(0))).all()


@pytest.mark.parametrize("unit", [1.0, 1e150])
def test_spectra_of_covariances_of_huge_units_given_differently(unit):
    variances, turn = np.array([4.0, 1.0]), np.array([[0.6, -0.8], [0.8, 0.6]])
    eigen = gm.Covariance.from_eigendecomposition(variances * unit * unit, turn)
    p = gm.Gaussian(np.zeros(2), eigen)
    q = gm.Gaussian(np.zeros(2), np.array([[2.0, 0.5], [0.5, 3.0]]) * unit * unit)
    differences = np.linalg.eigvalsh([[2.0, 0.5], [0.5, 3.0]]) - [1.0, 4.0]
    trace, squares = 0.0, np.sum(differences**2)  # both have the trace 5
    assert gm.gromov_wasserstein_distance(p, q) / unit / unit == pytest.approx(
        np.sqrt(4.0 * trace**2 + 8.0 * squares), rel=1e-13
    )


def test_a_barycentre_of_a_weight_whose_square_underflows():
    # All but the law of this weight sit in a point, so that all spread is its own.
    point = gm.Gaussian(np.zeros(2), np.zeros((2, 2)), allow_singular=True)
    law = gm.Gaussian(np.zeros(2), [[4.0, 0.0], [0.0, 9.0]])
    middle = gm.wasserstein_barycenter(gm.Gaussian.stack([point, law]), weights=[1.0, 1e-200])
    factor = middle.covariance.factor() / 1e-200
    np.testing.assert_allclose(factor @ factor.T, law.cov, rtol=1e-13, atol=1e-13)
