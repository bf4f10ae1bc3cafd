"""Contrastive losses against the definition in many digits, and the bound against the truth."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

import gaussmetrics as gm

DIGITS = 1500  # a lead of 700, over a temperature of ½


def info_nce(s, t, tau):
    scaled = [mp.mpf(x) / mp.mpf(tau) if mp.isfinite(x) else x for x in s]
    total = mp.log(mp.fsum(mp.exp(x) for x in scaled if mp.isfinite(x)))
    return mp.fsum(w * (total - x) for w, x in zip(t, scaled, strict=True) if w)


def flat_nce(s, t, tau):
    scaled = [mp.mpf(x) / mp.mpf(tau) if mp.isfinite(x) else x for x in s]
    negatives = [x for w, x in zip(t, scaled, strict=True) if not w and mp.isfinite(x)]
    total = mp.log(mp.fsum(mp.exp(x) for x in negatives))
    return total - mp.fsum(w * x for w, x in zip(t, scaled, strict=True) if w)


def exact(weights):
    """The targets that a float64 row of weights stands for."""
    total = mp.fsum(mp.mpf(w) for w in weights)
    return [mp.mpf(w) / total for w in weights]


def grid():
    rng = np.random.default_rng(0)
    for lead in (-40.0, -3.0, 0.0, 1.0, 17.0, 40.0, 700.0):
        for candidates in (2, 5):
            s = rng.standard_normal(candidates)
            s[0] += lead
            one = np.eye(candidates)[0]
            yield s, one, 1.0
            yield s / 16, one, 0.0625
            yield s + 1024.0, one, 1.0
            yield s, np.r_[0.9, np.full(candidates - 1, 0.1 / (candidates - 1))], 1.0
    s = np.array([40.0, 40.0, 0.5, -1.0])
    yield s, np.array([1.0, 1.0, 0.0, 0.0]), 1.0
    yield s - np.eye(4)[1], np.array([1.0, 3.0, 0.0, 0.0]), 0.5
    yield s, np.array([0.0, 0.0, 1.0, 0.0]), 1.0
    yield np.array([3.0, -np.inf, 1.0, 0.0]), np.array([1.0, 0.0, 0.0, 0.0]), 1.0
    for tau in (1.0, 0.5):
        yield tau * np.array([36.0, 0.0, -100.0]), np.array([1.0, 1e-17, 0.0]), tau
        yield tau * np.array([-40.0, 0.0, 34.0]), np.array([0.0, 1e-15, 1.0]), tau


GRID = list(grid())
HARD = [case for case in GRID if (case[1] == 0).any()]


def error(value, truth, size):
    return float(abs(mp.mpf(float(value)) - truth) / size)


def condition(s, tau):
    """An exponential multiplies the relative rounding of its argument by the argument."""
    return 1.0 + np.ptp(s[np.isfinite(s)]) / tau


@pytest.mark.parametrize(("s", "t", "tau"), GRID)
def test_info_nce_keeps_every_digit(s, t, tau):
    with mp.workdps(DIGITS):
        truth = info_nce(s, exact(t), tau)
        got = error(gm.info_nce_loss(s, t, temperature=tau), truth, abs(truth))
    assert got < 4e-16 * condition(s, tau)


@pytest.mark.parametrize(("s", "t", "tau"), HARD)
def test_flat_nce_keeps_every_digit(s, t, tau):
    with mp.workdps(DIGITS):
        truth = flat_nce(s, exact(t), tau)
        got = error(gm.flat_nce_loss(s, t, temperature=tau), truth, max(1, abs(truth)))
    assert got < 1e-15


def slopes(f, s):
    step = mp.mpf(10) ** -(DIGITS // 3)
    for k, x in enumerate(s):
        moved = [[mp.mpf(y) if np.isfinite(y) else -mp.inf for y in s] for _ in range(2)]
        if np.isfinite(x):
            moved[0][k] += step
            moved[1][k] -= step
        yield (f(moved[0]) - f(moved[1])) / (2 * step)


@pytest.mark.parametrize(("s", "t", "tau"), GRID)
def test_gradient_of_info_nce(s, t, tau):
    gradient = gm.info_nce_loss_gradient(s, t, temperature=tau)
    with mp.workdps(DIGITS):
        truth = list(slopes(lambda x: info_nce(x, exact(t), tau), s))
        size = max(map(abs, truth))
        worst = max(error(g, x, size) for g, x in zip(gradient, truth, strict=True))
    assert worst < 1e-15 * condition(s, tau)
    assert abs(gradient.sum()) <= 4e-16 * np.abs(gradient).sum()


@pytest.mark.parametrize(("s", "t", "tau"), HARD[::2])
def test_gradient_of_flat_nce(s, t, tau):
    gradient = gm.flat_nce_loss_gradient(s, t, temperature=tau)
    with mp.workdps(DIGITS):
        truth = slopes(lambda x: flat_nce(x, exact(t), tau), s)
        worst = max(error(g, x, 1 / mp.mpf(tau)) for g, x in zip(gradient, truth, strict=True))
    assert worst < 1e-15 * condition(s, tau)
    assert abs(gradient.sum()) < 4e-16 / tau


@pytest.mark.parametrize("lead", [17, 40, 700])
def test_the_lead_costs_no_digit(lead):
    with mp.workdps(DIGITS):
        truth = float(mp.log1p(3 * mp.exp(-lead)))
    scores = [float(lead), 0.0, 0.0, 0.0]
    assert gm.info_nce_loss(scores, 0) == pytest.approx(truth, rel=1e-15)
    assert gm.info_nce_loss_gradient(scores, 0)[0] == pytest.approx(np.expm1(-truth), rel=1e-15)


@pytest.mark.parametrize("lead", [17, 40, 700])
def test_two_positives_that_lead_together_have_a_slope(lead):
    """p is ½, ½ to rounding, but the gradient is not 0."""
    gradient = gm.info_nce_loss_gradient([float(lead), float(lead), 0.0], [1, 1, 0])
    xi = np.exp(-float(lead)) / 2
    np.testing.assert_allclose(gradient, xi / (1 + xi) * np.array([-0.5, -0.5, 1.0]), rtol=1e-14)


@pytest.mark.parametrize("lead", [17.0, 40.0, 80.0])
def test_float32_where_the_usual_form_is_zero(lead):
    scores = np.array([lead, 0.0, 0.1, -0.3, 0.2], dtype=np.float32)
    usual = np.float32(np.log(np.exp(scores - lead).sum(dtype=np.float32)))
    with mp.workdps(200):
        truth = float(info_nce(list(map(float, scores)), [1, 0, 0, 0, 0], 1))
    assert gm.info_nce_loss(scores, 0) == pytest.approx(truth, rel=1e-13)
    if lead > 17:
        assert usual == 0 < truth


# What positives may be


S = np.random.default_rng(3).standard_normal((2, 4, 4))


def test_places_one_hot_and_default_are_the_same():
    for function in (
        gm.info_nce_loss,
        gm.info_nce_loss_gradient,
        gm.flat_nce_loss,
        gm.flat_nce_loss_gradient,
    ):
        default = function(S)
        np.testing.assert_array_equal(function(S, np.broadcast_to(np.arange(4), (2, 4))), default)
        one_hot = np.broadcast_to(np.eye(4), S.shape)
        np.testing.assert_array_equal(function(S, one_hot), default)
        np.testing.assert_array_equal(function(S, one_hot.astype(bool)), default)
        np.testing.assert_array_equal(function(S, 5 * one_hot), default)
        assert default.shape[:2] == (2, 4)
        np.testing.assert_array_equal(function(S, 2), function(S, np.full((2, 4), 2)))


def test_both_directions_are_rows_and_columns():
    rows, columns = gm.info_nce_loss(S[0]), gm.info_nce_loss(S[0].T)
    both = gm.info_nce_loss(S[0], both_directions=True)
    np.testing.assert_allclose(both, (rows + columns) / 2, rtol=1e-15)
    gradient = gm.info_nce_loss_gradient(S[0], temperature=0.3, both_directions=True)
    step = 1e-6 * np.eye(16).reshape(16, 4, 4)

    def total(s):
        return gm.info_nce_loss(s, temperature=0.3, both_directions=True).sum(axis=-1)

    slope = (total(S[0] + step) - total(S[0] - step)) / 2e-6
    np.testing.assert_allclose(gradient.ravel(), slope, atol=1e-8)
    soft = np.array([[1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 3, 1], [0, 0, 0, 1]])
    expected = gm.info_nce_loss(S[0], soft) + gm.info_nce_loss(S[0].T, soft.T)
    both = gm.info_nce_loss(S[0], soft, both_directions=True)
    np.testing.assert_allclose(both, expected / 2, rtol=1e-15)


def test_what_is_excluded_is_not_there():
    partner = np.array([1, 0, 3, 2])
    excluded = np.eye(4, dtype=bool)
    loss = gm.info_nce_loss(S[0], partner, excluded=excluded)
    gradient = gm.info_nce_loss_gradient(S[0], partner, excluded=excluded)
    flat = gm.flat_nce_loss(S[0], partner, excluded=excluded)
    for k in range(4):
        others = np.delete(np.arange(4), k)
        place = list(others).index(partner[k])
        assert loss[k] == pytest.approx(gm.info_nce_loss(S[0, k, others], place), rel=1e-15)
        assert flat[k] == pytest.approx(gm.flat_nce_loss(S[0, k, others], place), rel=1e-15)
        assert gradient[k, k] == 0.0
        expected = gm.info_nce_loss_gradient(S[0, k, others], place)
        np.testing.assert_allclose(gradient[k, others], expected, rtol=1e-14)


def test_no_negative():
    for scores, positives in (([3.0], 0), ([3.0, -np.inf], 0)):
        assert gm.info_nce_loss(scores, positives) == 0.0
        assert gm.flat_nce_loss(scores, positives) == -np.inf
        np.testing.assert_array_equal(gm.info_nce_loss_gradient(scores, positives), 0.0)
        with pytest.raises(ValueError, match="no negative is left: the loss of scores is -inf"):
            gm.flat_nce_loss_gradient(scores, positives)
    excluded = np.array([[False, True], [False, False]])
    np.testing.assert_array_equal(gm.info_nce_loss(np.eye(2), excluded=excluded)[0], 0.0)
    with pytest.raises(ValueError, match=r"the loss of scores\[0\] is -inf. Leave such rows out"):
        gm.flat_nce_loss_gradient(np.eye(2), excluded=excluded)


def test_an_impossible_positive():
    for positives in (1, [1, 1, 0]):
        assert gm.info_nce_loss([0.0, -np.inf, 1.0], positives) == np.inf
        assert gm.flat_nce_loss([0.0, -np.inf, 1.0], positives) == np.inf
    np.testing.assert_allclose(
        gm.info_nce_loss_gradient([0.0, -np.inf, 0.0], 1), [0.5, -1.0, 0.5], rtol=1e-15
    )


def test_scores_beyond_the_floats_once_divided():
    assert gm.info_nce_loss([1e300, 0.0], 0, temperature=1e-10) == 0.0
    assert gm.info_nce_loss([0.0, 1e300], 0, temperature=1e-10) > 1e308
    gradient = gm.info_nce_loss_gradient([0.0, 1e300], 0, temperature=1e-2)
    np.testing.assert_array_equal(gradient, [-100.0, 100.0])


def test_the_smallest_temperature_has_finite_gradients():
    for gradient in (gm.info_nce_loss_gradient, gm.flat_nce_loss_gradient):
        slope = gradient([0.0, 1.0], 0, temperature=2.3e-308)
        np.testing.assert_allclose(slope, np.array([-1, 1]) / 2.3e-308)


# The bound on mutual information


def best_scores(rho, n, rng):
    """log p(y|x) / p(y) of every x with every y, written out."""
    x = rng.standard_normal(n)
    y = rho * x + np.sqrt(1 - rho**2) * rng.standard_normal(n)
    joint = (y - rho * x[:, None]) ** 2 / (1 - rho**2)
    return -0.5 * (joint - y**2 + np.log1p(-(rho**2)))


def test_bound_is_log_k_less_the_loss():
    scores = best_scores(0.8, 30, np.random.default_rng(0))
    bound = gm.mutual_information_bound(scores)
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert bound.value == pytest.approx(np.log(30) + np.log(np.diag(p)).mean(), rel=1e-13)
    assert bound.ceiling == pytest.approx(np.log(30), rel=1e-15)


def test_bound_is_below_the_truth_and_its_error_is_that_of_repetition():
    rng = np.random.default_rng(1)
    bounds = [gm.mutual_information_bound(best_scores(0.9, 64, rng)) for _ in range(400)]
    values, errors, _ = np.array(bounds).T
    law = gm.Gaussian([0, 0], [[1, 0.9], [0.9, 1]])
    assert values.mean() < gm.mutual_information(law, 0, 1)
    assert values.mean() == pytest.approx(gm.mutual_information(law, 0, 1), abs=0.1)
    spread = values.std(ddof=1)
    assert np.sqrt((errors**2).mean()) == pytest.approx(spread, rel=4 / np.sqrt(2 * 400) + 0.05)


def test_error_of_pairs_is_the_literal_jackknife():
    scores = best_scores(0.9, 12, np.random.default_rng(2))
    scores[3, 5] = 900.0  # one negative that leads by far
    check_jackknife(scores)
    scores[2, [4, 7]] = -np.inf
    check_jackknife(scores)


def test_error_of_pairs_whose_squared_scores_are_beyond_the_floats():
    check_jackknife(1e160 * best_scores(0.9, 12, np.random.default_rng(2)))
    bound = gm.mutual_information_bound([[0.0, 1e160], [0.0, 3e160]], [0, 0])
    assert bound.value == pytest.approx(-2e160, rel=1e-15)
    assert bound.standard_error == pytest.approx(1e160, rel=1e-15)


def check_jackknife(scores):
    without = []
    for k in range(12):
        kept = np.delete(np.arange(12), k)
        without.append(gm.mutual_information_bound(scores[np.ix_(kept, kept)]).value)
    mean = mp.fsum(map(mp.mpf, without)) / 12
    expected = float(mp.sqrt(mp.fsum((x - mean) ** 2 for x in without) * 11 / 12))
    assert gm.mutual_information_bound(scores).standard_error == pytest.approx(expected, rel=1e-10)


def test_error_of_rows_that_are_independent():
    scores = np.random.default_rng(4).standard_normal((50, 7))
    losses = gm.info_nce_loss(scores, np.zeros(50, int))
    bound = gm.mutual_information_bound(scores, np.zeros(50, int))
    assert bound.standard_error == pytest.approx(losses.std(ddof=1) / np.sqrt(50), rel=1e-12)
    assert bound.value == pytest.approx(np.log(7) - losses.mean(), rel=1e-12)


def test_the_ceiling_holds_whatever_the_truth_is():
    scores = best_scores(0.999999, 16, np.random.default_rng(5))
    bound = gm.mutual_information_bound(scores)
    assert 0.9 * np.log(16) < bound.value <= bound.ceiling
    assert -0.5 * np.log1p(-(0.999999**2)) > 2 * np.log(16)


# Bad input


BAD = [
    ({"scores": [0.0, np.nan], "positives": 0}, ValueError, r"but scores\[1\] is nan"),
    ({"scores": [-np.inf] * 2, "positives": 0}, ValueError, "scores is -inf throughout"),
    ({"scores": [1.0, 2.0], "positives": 2}, ValueError,
     "positives must be places 0 to 1 in a row of 2 candidates, but positives is 2"),
    ({"scores": np.eye(3), "positives": [0, -1, 1]}, ValueError, r"but positives\[1\] is -1"),
    ({"scores": np.eye(3), "positives": [0.0, 1.0, 2.0]}, TypeError,
     "positives must be integers, the place of the positive in each row, got dtype float64"),
    ({"scores": np.eye(3), "positives": [0, 1]}, ValueError,
     r"places of shape \(3,\) or weights of the scores' shape \(3, 3\), got shape \(2,\)"),
    ({"scores": [0.0, 1.0], "positives": [0.5, -0.5]}, ValueError,
     r"positives must not be negative, but positives\[1\] is -0.5"),
    ({"scores": np.eye(2), "positives": [[1, 0], [0, 0]]}, ValueError,
     r"each row needs a positive, but positives\[1\] is zero throughout"),
    ({"scores": [0.0, 1.0], "positives": [np.nan, 1.0]}, ValueError, "positives must be finite"),
    ({"scores": np.zeros((2, 3))}, ValueError,
     r"similarity matrix \(..., n, n\) where positives are not given .* got shape \(2, 3\)"),
    ({"scores": [1.0, 2.0]}, ValueError, r"got shape \(2,\). Pass positives, one a row"),
    ({"scores": np.eye(2), "excluded": np.eye(2)}, TypeError,
     "excluded must be boolean, True where a candidate is not compared, got dtype float64"),
    ({"scores": np.eye(2), "excluded": np.ones((3, 3), bool)}, ValueError,
     r"excluded must have the scores' shape \(2, 2\) or broadcast to it, got \(3, 3\)"),
    ({"scores": np.eye(2), "excluded": np.eye(2, dtype=bool)}, ValueError,
     r"scores\[0, 0\] is a positive and excluded"),
    ({"scores": [-np.inf, 0.0], "positives": 0, "excluded": np.array([False, True])}, ValueError,
     "scores is -inf throughout"),
    ({"scores": np.eye(2), "temperature": 0}, ValueError, "temperature must be positive"),
    ({"scores": np.eye(2), "temperature": -1.0}, ValueError, "temperature must be positive"),
    ({"scores": np.eye(2), "temperature": 1e-320}, ValueError,
     "temperature must be at least 2.225e-308, or gradients overflow, got 9.99989e-321. Multiply"),
    ({"scores": np.eye(2), "temperature": "loo"}, TypeError, "temperature must be a number"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "kind", "text"), BAD)
@pytest.mark.parametrize(
    "name",
    [
        "info_nce_loss",
        "info_nce_loss_gradient",
        "flat_nce_loss",
        "flat_nce_loss_gradient",
        "mutual_information_bound",
    ],
)
def test_bad_input(name, arguments, kind, text):
    with pytest.raises(kind, match=text):
        getattr(gm, name)(**arguments)


def test_bad_input_of_single_functions():
    with pytest.raises(ValueError, match="both directions need a positive in each column, but col"):
        gm.info_nce_loss(np.eye(2), [0, 0], both_directions=True)
    with pytest.raises(ValueError, match="both directions are asked for, got shape"):
        gm.info_nce_loss(np.zeros((2, 3)), [0, 0], both_directions=True)
    with pytest.raises(ValueError, match=r"matrix \(n, K\) of at least 3 rows, got shape \(2, 2\)"):
        gm.mutual_information_bound(np.eye(2))
    with pytest.raises(ValueError, match=r"matrix \(n, K\) of at least 2 rows, got shape \(1, 2\)"):
        gm.mutual_information_bound([[0.0, 1.0]], [0])


def test_no_bound_of_losses_that_are_infinite_or_sum_beyond_the_floats():
    scores = np.eye(3)
    scores[1, 1] = -np.inf
    for positives in (None, [0, 1, 2]):
        with pytest.raises(ValueError, match=r"scores\[1\] has a positive of score -inf"):
            gm.mutual_information_bound(scores, positives)
        with pytest.raises(ValueError, match=r"floats, but that of scores\[0\] is 1e\+308"):
            gm.mutual_information_bound(-1e300 * np.eye(3), positives, temperature=1e-8)


@pytest.mark.parametrize("value", [np.array([True, False]), "no", 1, None])
def test_both_directions_is_on_or_off(value):
    for function in (gm.info_nce_loss, gm.info_nce_loss_gradient):
        with pytest.raises(TypeError, match="both_directions must be True or False, got "):
            function(np.eye(2), both_directions=value)
        function(np.eye(2), both_directions=np.True_)


def test_no_rows():
    for positives in ([], np.zeros((0, 3))):
        for function in (gm.info_nce_loss, gm.flat_nce_loss):
            assert function(np.zeros((0, 3)), positives).shape == (0,)
        for function in (gm.info_nce_loss_gradient, gm.flat_nce_loss_gradient):
            assert function(np.zeros((0, 3)), positives).shape == (0, 3)
