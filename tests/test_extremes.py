"""Extreme but legal input: right, infinite where it should be, or a text that teaches."""

import numpy as np
import oracles
import pytest
from mpmath import mp

import gaussmetrics as gm

Cov = gm.Covariance
SHAPE = np.array([[2.0, 1.0], [1.0, 3.0]])


def law(mean, scale, shape=SHAPE):
    return gm.Gaussian(mean, shape * scale**2)


def line(mean, deviation):
    return gm.Gaussian([mean], Cov.from_cholesky([[deviation]]))


def exact(p):
    """Mean and covariance as given, in the current precision."""
    lower = oracles.matrix(p.covariance.factor())
    cov = (
        lower * lower.T
        if p.covariance.given is not None and type(p.covariance.given).__name__ == "Columns"
        else oracles.matrix(p.cov)
    )
    return oracles.matrix(p.mean[:, None]), cov


def to_float(x):
    return np.array([[float(v) for v in row] for row in x.tolist()])


def kl_slopes(p, q):
    """∂KL/∂μp, ∂Σp and ∂Σq from the formulas, in many digits."""
    with mp.workdps(800):
        (m, a), (n, b) = exact(p), exact(q)
        ai, bi = mp.inverse(a), mp.inverse(b)
        shift = m - n
        p_cov, q_cov = (bi - ai) / 2, (bi - bi * (a + shift * shift.T) * bi) / 2
        return [to_float(x) for x in (bi * shift, p_cov, q_cov)]


@pytest.mark.parametrize(
    ("first", "second", "shift"),
    [
        (1.0, 1e-110, 0.0), (1e-110, 1.0, 1.0), (1e100, 1e-50, 1e20), (1e-150, 1e-150, 1e-150),
        (1e150, 1e-150, 0.0), (1e-150, 1e150, 1e150), (1e-154, 30.0, 1.0), (1.0, 1.0, 1e200),
    ],
)  # fmt: skip
def test_gradients_between_scales_far_apart(first, second, shift):
    p, q = law([shift, -shift], first), law([0.0, 0.5 * shift], second)
    found = gm.kl_divergence_gradient(p, q)
    for value, truth in zip(
        (found.p_mean[:, None], found.p_cov, found.q_cov), kl_slopes(p, q), strict=True
    ):
        np.testing.assert_allclose(value, truth, rtol=1e-13)
    back = gm.kl_divergence_gradient(q, p)
    jeffreys = gm.jeffreys_divergence_gradient(p, q)
    for name, other in (("p_cov", "q_cov"), ("q_cov", "p_cov")):
        parts = getattr(found, name), getattr(back, other)
        if np.isfinite(parts).all():
            np.testing.assert_allclose(getattr(jeffreys, name), sum(parts), rtol=1e-12)
        assert not np.isnan(getattr(jeffreys, name)).any()
    for gradient in (
        gm.renyi_divergence_gradient(p, q, alpha=0.3),
        gm.bhattacharyya_distance_gradient(p, q),
        gm.hellinger_distance_gradient(p, q),
        gm.squared_wasserstein_distance_gradient(p, q),
    ):
        assert not any(np.isnan(part).any() for part in vars(gradient).values())


@pytest.mark.parametrize("distance", [30.0, 60.0, 80.0, 1e3])
def test_the_slope_of_hellinger_far_away_vanishes_and_is_no_nan(distance):
    deviation = 1e-150
    p, q = line(distance * deviation, deviation), line(0.0, deviation)
    with mp.workdps(50):
        d = mp.mpf(distance * deviation) / deviation
        truth = mp.exp(-d * d / 8) * d / 4 / deviation / 2
        truth /= mp.sqrt(1 - mp.exp(-d * d / 8))
    value = gm.hellinger_distance_gradient(p, q).p_mean[0]
    assert value == pytest.approx(float(truth), rel=1e-9 * distance)


SHAPES = [(0,), (0, 1), (1, 0), (0, 3)]
GRADIENTS = {
    name: {"alpha": 0.5} if name.startswith("renyi") else {}
    for name in gm.__all__
    if name.endswith(("distance_gradient", "divergence_gradient")) and "softmax" not in name
}


@pytest.mark.parametrize("name", GRADIENTS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("structure", ["matrix", "diagonal", "low rank"])
def test_gradients_of_empty_batches(name, shape, structure):
    cov = {
        "matrix": np.broadcast_to(SHAPE, (*shape, 2, 2)),
        "diagonal": Cov.from_diagonal(np.ones((*shape, 2))),
        "low rank": Cov.from_factor(np.ones((*shape, 2, 1)), 1.0),
    }[structure]
    empty, whole = gm.Gaussian(np.zeros(2), cov), gm.Gaussian([1.0, 0.0], SHAPE)
    for pair in ((empty, whole), (whole, empty), (empty, empty)):
        gradient = getattr(gm, name)(*pair, **GRADIENTS[name])
        assert gradient.p_mean.shape == (*shape, 2)


@pytest.mark.parametrize("alpha", [1e16, 1e155, 1e308])
def test_renyi_of_immense_order(alpha):
    p = law([0.0, 1.0], 1.0)
    assert gm.renyi_divergence(p, p, alpha=alpha) == 0.0
    narrow, wide = line(0.0, 0.5), line(0.0, 1.0)
    assert gm.renyi_divergence(narrow, wide, alpha=alpha) == pytest.approx(np.log(2), rel=1e-14)
    assert gm.renyi_divergence(wide, narrow, alpha=alpha) == np.inf
    # Beyond all orders it is the largest log of p/q: at x = 4/3 for N(1, 1/4) against N(0, 1).
    moved = line(1.0, 0.5)
    expected = np.log(2) + 0.5 / (1 - 0.25)
    assert gm.renyi_divergence(moved, wide, alpha=alpha) == pytest.approx(expected, rel=1e-12)
    same = line(1e-10, 1.0)
    assert gm.renyi_divergence(same, wide, alpha=alpha) == pytest.approx(alpha * 0.5e-20, rel=1e-12)


@pytest.mark.parametrize("alpha", [1e-300, 1e-17, 0.3, 1 - 1e-16])
def test_renyi_between_scales_whose_squares_overflow(alpha):
    for first, second in ((1e-154, 1e150), (1e150, 1e-154)):
        p, q = line(0.0, first), line(0.0, second)
        with mp.workdps(900):
            a, b, x = mp.mpf(first) ** 2, mp.mpf(second) ** 2, mp.mpf(alpha)
            mixed = (1 - x) * a + x * b
            truth = (mp.log(mixed) - (1 - x) * mp.log(a) - x * mp.log(b)) / (1 - x) / 2
        assert gm.renyi_divergence(p, q, alpha=alpha) == pytest.approx(float(truth), rel=1e-12)


@pytest.mark.parametrize("distance", [1e10, 1e100, 1e153, 1e154, 1e155, 1e300, 1.7e308])
@pytest.mark.parametrize("deviations", [(1.0, 1.0), (1.0, 2.0), (1e-150, 1e-100)])
def test_laws_far_apart(distance, deviations):
    p, q = line(distance, deviations[0]), line(-distance, deviations[1])
    wide = mp.mpf(max(deviations))
    largest = mp.mpf(np.finfo(float).max)
    for value in (gm.chernoff_information(p, q), gm.bhattacharyya_distance(p, q)):
        # Between D²/8 and D²/2 for the distance D in units of the wider law, unless scales matter.
        assert value >= min(float(min((2 * distance / wide) ** 2 / 8, largest)), np.inf) * 0.99
        assert value < np.inf or (2 * distance / wide) ** 2 > largest
    assert 0.0 <= gm.chernoff_alpha(p, q) <= 1.0
    assert gm.total_variation_distance(p, q) == 1.0
    assert gm.bayes_error(p, q) == gm.bayes_error(q, p, prior=1e-300) == 0.0
    assert gm.wasserstein_distance(p, q) == 2 * distance
    assert gm.sinkhorn_divergence(p, q, epsilon=1e-100) == gm.squared_wasserstein_distance(p, q)
    assert gm.maximum_mean_discrepancy(p, q, bandwidth=max(deviations)) > 0.8
    assert p.logpdf(q.mean) < -1e18 or distance < 1e10
    twin = (gm.Gaussian([*m, 0.5 * m[0]], np.eye(2)) for m in (p.mean, q.mean))
    assert_certain_or_refused(*twin)


def assert_certain_or_refused(p, q):
    try:
        value = gm.fisher_rao_distance(p, q)
    except ValueError as error:
        value, text = 0.0, str(error)
    else:
        text = "fisher_rao_distance is not certain"
    assert not np.isnan(value)
    assert text.startswith("fisher_rao_distance is not certain")


@pytest.mark.parametrize("scales", [(3e1, 1e-154), (1e150, 1e-150), (1e-100, 1e100), (1e5, 1e-5)])
def test_fisher_rao_between_scales_far_apart(scales):
    p, q = (law([s, -s], s, shape) for s, shape in zip(scales, (SHAPE, np.eye(2)), strict=True))
    assert_certain_or_refused(p, q)
    centred = [gm.Gaussian([0.0, 0.0], Cov.from_diagonal([s * s, s * s])) for s in scales]
    expected = 2.0 * np.log(scales[0] / scales[1])
    assert gm.fisher_rao_distance(*centred) == pytest.approx(abs(expected), rel=1e-13)


@pytest.mark.parametrize("exponent", [-300, -150, 0, 150, 300])
def test_the_chernoff_point_of_swapped_laws_is_as_exact(exponent):
    shift = 3.0
    p, q = line(shift, 10.0 ** (exponent / 2)), line(0.0, 10.0 ** (-exponent / 2))
    forth, back = gm.chernoff_information(p, q), gm.chernoff_information(q, p)
    assert forth == pytest.approx(back, rel=1e-12)
    assert gm.chernoff_alpha(p, q) == pytest.approx(1 - gm.chernoff_alpha(q, p), abs=1e-12)


@pytest.mark.parametrize("bandwidth", [1e-140, 1e-10, 1.0, 1e100, 1e155, 1e200, 1e300])
@pytest.mark.parametrize("unit", [1.0, 1e-100, 1e100])
def test_the_discrepancy_at_bandwidths_of_any_size(bandwidth, unit):
    p, q = line(0.0, unit), line(0.3 * unit, 2.0 * unit)
    if bandwidth < 1e-150 * unit:
        text = "bandwidth must be at least .* between laws so wide, got 1e-140: its square vanishes"
        with pytest.raises(ValueError, match=text):
            gm.maximum_mean_discrepancy(p, q, bandwidth=bandwidth)
        return
    with mp.workdps(1500):
        g, s, t = (mp.mpf(x) ** 2 for x in (bandwidth, unit, 2.0 * unit))
        shift = mp.mpf(0.3 * unit) ** 2

        def kernel(variance, moved=0):
            return mp.sqrt(g / (g + variance)) * mp.exp(-moved / 2 / (g + variance))

        truth = mp.sqrt(kernel(2 * s) + kernel(2 * t) - 2 * kernel(s + t, shift))
    value = gm.maximum_mean_discrepancy(p, q, bandwidth=bandwidth)
    assert value == pytest.approx(float(truth), rel=1e-12)


@pytest.mark.parametrize("epsilon", [1e-320, 1e-300, 1e-100, 1.0, 1e100, 1e300])
@pytest.mark.parametrize("unit", [1e-150, 1e-50, 1.0, 1e50, 1e150])
def test_entropic_transport_at_any_strength_and_scale(epsilon, unit):
    p, q = line(0.0, unit), line(0.3 * unit, 2.0 * unit)

    def cost(s, e):
        m = 1 + mp.sqrt(1 + 16 * s * s / e / e)
        return -e / 2 * (m - mp.log(m) + mp.log(2) - 2)

    with mp.workdps(1500):
        e, s, t = mp.mpf(epsilon), mp.mpf(unit), mp.mpf(2.0 * unit)
        shift = mp.mpf(0.3 * unit) ** 2
        crossed, first, second = cost(s * t, e), cost(s * s, e), cost(t * t, e)
        entropic = shift + s * s + t * t + crossed
        sinkhorn = shift + crossed - (first + second) / 2
        own = 2 * s * s + first
    for value, truth in (
        (gm.entropic_transport_cost(p, q, epsilon=epsilon), entropic),
        (gm.sinkhorn_divergence(p, q, epsilon=epsilon), sinkhorn),
        (gm.entropic_transport_cost(p, p, epsilon=epsilon), own),
    ):
        assert value == pytest.approx(float(truth), rel=1e-12, abs=1e-307)
    assert gm.sinkhorn_divergence(p, p, epsilon=epsilon) == 0.0


@pytest.mark.parametrize("epsilon", [1e-300, 1e-10, 1.0, 1e300])
@pytest.mark.parametrize("scale", [1e-75, 1e50, 1e70])
def test_nearly_equal_laws_at_any_strength_and_scale(epsilon, scale):
    near = SHAPE + 1e-9 * np.array([[1.0, 0.5], [0.5, -1.0]])
    p, q = law([0.0, 0.0], scale), law([0.0, 0.0], scale, near)
    unit = epsilon / scale / scale
    if 1e-300 < unit < 1e300:
        expected = gm.sinkhorn_divergence(
            law([0.0, 0.0], 1.0), law([0.0, 0.0], 1.0, near), epsilon=unit
        )
        value = gm.sinkhorn_divergence(p, q, epsilon=epsilon)
        assert value / scale / scale == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("scale", [1e-160, 1e-155, 1e-154, 1e-100])
def test_energy_distances_of_small_laws_far_apart(scale):
    for cov in (Cov.from_diagonal([scale**2]), Cov.from_factor([[scale]], scale**2)):
        p, q = gm.Gaussian([0.0], cov), gm.Gaussian([1.0], cov)
        assert gm.energy_distance(p, q) == pytest.approx(np.sqrt(2.0), rel=1e-9)


def test_maps_between_variances_four_hundred_decades_apart():
    p, q = law([0.0, 0.0], 1e-100, np.eye(2)), law([0.0, 0.0], 1e100, SHAPE)
    gradient = gm.squared_wasserstein_distance_gradient(p, q)
    w, v = np.linalg.eigh(SHAPE)
    root = (v * np.sqrt(w)) @ v.T
    np.testing.assert_allclose(gradient.p_cov, -root * 1e200, rtol=1e-12)
    np.testing.assert_allclose(gradient.q_cov, np.eye(2), rtol=1e-12, atol=1e-200)


@pytest.mark.parametrize("structure", ["matrix", "diagonal", "low rank", "singular"])
@pytest.mark.parametrize("distance", [1e154, 1e200, 1.7e308])
def test_log_densities_far_away(structure, distance):
    cov = {
        "matrix": SHAPE,
        "diagonal": Cov.from_diagonal([1.0, 1e-200]),
        "low rank": Cov.from_factor([[1.0], [2.0]], 1.0),
        "singular": Cov.from_factor([[1.0], [2.0]]),
    }[structure]
    p = gm.Gaussian([distance, -distance], cov)
    assert p.logpdf([-distance, distance]) == -np.inf
