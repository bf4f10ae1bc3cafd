"""Softmax laws, their divergences and gradients against the definitions in many digits."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

import gaussmetrics as gm
from gaussmetrics.softmax import log_softmax

DIGITS = 800  # exp(−700) beside 1 needs 304 of them, twice
ORDERS = (1e-6, 0.3, 0.5, 1.0, 1.0 + 1e-9, 2.0, 7.5)


def law(u):
    weights = [mp.exp(x) if mp.isfinite(x) else mp.mpf(0) for x in u]
    total = mp.fsum(weights)
    return [w / total for w in weights]


def expectation(p, f):
    return mp.fsum(a * f(k) for k, a in enumerate(p) if a)


def entropy(p):
    return -expectation(p, lambda k: mp.log(p[k]))


def cross_entropy(p, q):
    return expectation(p, lambda k: -mp.log(q[k]) if q[k] else mp.inf)


def kl(p, q):
    return expectation(p, lambda k: mp.log(p[k] / q[k]) if q[k] else mp.inf)


def affinity(p, q):
    return mp.fsum(mp.sqrt(a * b) for a, b in zip(p, q, strict=True))


def renyi(alpha):
    if alpha == 1:
        return kl

    def divergence(p, q):
        order = mp.mpf(alpha)
        both = [(a, b) for a, b in zip(p, q, strict=True) if a]
        if alpha > 1 and any(b == 0 for _, b in both):
            return mp.inf
        total = mp.fsum(a**order * b ** (1 - order) for a, b in both if b)
        return mp.log(total) / (order - 1) if total else mp.inf

    return divergence


def jensen_shannon(p, q):
    m = [(a + b) / 2 for a, b in zip(p, q, strict=True)]
    return (kl(p, m) + kl(q, m)) / 2


def minus_log(x):
    return -mp.log(x) if x else mp.inf


def of_order(function, alpha):
    return lambda u, v: function(u, v, alpha=alpha)


DIVERGENCES = {
    "softmax_cross_entropy": cross_entropy,
    "softmax_kl_divergence": kl,
    "softmax_jeffreys_divergence": lambda p, q: kl(p, q) + kl(q, p),
    "softmax_bhattacharyya_distance": lambda p, q: minus_log(affinity(p, q)),
    "softmax_hellinger_distance": lambda p, q: mp.sqrt(1 - affinity(p, q)),
    "softmax_total_variation_distance": lambda p, q: (
        mp.fsum(abs(a - b) for a, b in zip(p, q, strict=True)) / 2
    ),
    "softmax_jensen_shannon_divergence": jensen_shannon,
}
CASES = [(getattr(gm, name), getattr(gm, f"{name}_gradient"), f) for name, f in DIVERGENCES.items()]
CASES += [
    (
        of_order(gm.softmax_renyi_divergence, alpha),
        of_order(gm.softmax_renyi_divergence_gradient, alpha),
        renyi(alpha),
    )
    for alpha in ORDERS
]
NAMES = [*DIVERGENCES, *(f"softmax_renyi_divergence, alpha={alpha:.10g}" for alpha in ORDERS)]
each_divergence = pytest.mark.parametrize(("function", "gradient", "oracle"), CASES, ids=NAMES)


def grid():
    """Pairs of logits: unrelated, nearly equal, nearly certain, large, with a constant added."""
    rng = np.random.default_rng(0)
    for classes in (2, 3, 7):
        for scale in (0.1, 1.0, 10.0, 100.0):
            yield scale * rng.standard_normal((2, classes))
        for step in 10.0 ** -np.arange(1, 15):
            u = 2.0 * rng.standard_normal(classes)
            yield u, u + step * rng.standard_normal(classes)
            yield u, u + 5.0 + step * rng.standard_normal(classes)
        u = np.r_[0.0, -40.0 - rng.random(classes - 1)]
        yield u, u + rng.standard_normal(classes)
        yield u, u + 1e-9 * rng.standard_normal(classes)
        yield u, u[::-1]
    yield [0.0, -300.0, -310.0], [0.0, -80.0, -301.0]
    yield [0.0, -80.0, -300.0], [0.0, -300.0, -320.0]
    yield [0.1, -600.3], [0.2, -599.9]
    yield [1e4, -1e4, 1e4 - 1.0], [1e4, -1e4, 1e4 - 1.5]
    yield [1e4, 9990.0, 0.0], [5.0, 3.0, -1e4]
    yield [0.0, 0.0, -1e4], [1.0, 0.5, 1.0]
    yield [1e150, 0.0, -3e150], [-2e150, 1e150, 5e149]
    yield [1e150, 0.0], [1.5e150, -np.inf]
    yield [-np.inf, 0.0, 1.0], [-np.inf, 0.3, 0.2]
    yield [-np.inf, 0.0, 1.0], [-1.0, 0.3, 0.2]
    yield [0.0, 1.0, -40.0], [0.3, -np.inf, 1.0]
    yield [0.0, -np.inf], [-np.inf, 0.0]


GRID = [np.array(pair, dtype=float) for pair in grid()]


def literal(oracle, u, v):
    return oracle(law([mp.mpf(x) for x in u]), law([mp.mpf(x) for x in v]))


def relative_error(value, truth):
    if mp.isinf(truth):
        return 0.0 if value == np.inf else np.inf
    if abs(truth) < 1e-300:  # 0, or below what a float64 holds with all its digits
        return float(abs(value) / 1e-300)
    return float(abs(mp.mpf(float(value)) / truth - 1))


@each_divergence
def test_every_digit(function, gradient, oracle):
    del gradient
    with mp.workdps(DIGITS):
        worst = max(
            (relative_error(function(u, v), literal(oracle, u, v)), i)
            for i, (u, v) in enumerate(GRID)
        )
    assert worst[0] < 1e-14, GRID[worst[1]]


def slopes(f, x, step):
    """Central differences in many digits."""
    for k in range(len(x)):
        if mp.isinf(x[k]):
            yield mp.mpf(0)
            continue
        up, down = list(x), list(x)
        up[k] += step
        down[k] -= step
        yield (f(up) - f(down)) / (2 * step)


def norm_error(value, truth):
    size = max(abs(t) for t in truth)
    return float(max(abs(mp.mpf(float(a)) - b) for a, b in zip(value, truth, strict=True)) / size)


SMOOTH = [pair for pair in GRID if np.isfinite(pair).all()][::3]


@each_divergence
def test_gradients_are_the_slopes(function, gradient, oracle):
    del function
    with mp.workdps(DIGITS):
        for u, v in SMOOTH:
            a, b = ([mp.mpf(x) for x in side] for side in (u, v))
            step = mp.mpf(10) ** -200
            slope = gradient(u, v)
            sides = [
                (slope.u, list(slopes(lambda x, b=b: oracle(law(x), law(b)), a, step))),
                (slope.v, list(slopes(lambda x, a=a: oracle(law(a), law(x)), b, step))),
            ]
            for side, truth in sides:
                if max(map(abs, truth)) > 1e-290:
                    assert norm_error(side, truth) < 5e-14, (u, v)
                else:
                    assert np.abs(side).max() < 1e-290, (u, v)


ENTROPIES = [u for pair in GRID for u in pair]


def test_entropy_and_its_gradient():
    with mp.workdps(DIGITS):
        for u in ENTROPIES[::3]:
            x = [mp.mpf(value) for value in u]
            truth = entropy(law(x))
            assert relative_error(gm.softmax_entropy(u), truth) < 1e-14, u
            if truth < 1e-290:
                continue
            slope = list(slopes(lambda y: entropy(law(y)), x, mp.mpf(10) ** -200))
            assert norm_error(gm.softmax_entropy_gradient(u), slope) < 5e-14, u


@pytest.mark.parametrize("step", [1e-3, 1e-8, 1e-13, 1e-16, 1e-150])
def test_gradients_near_the_uniform_law_in_every_digit(step):
    """The logarithms are all near −log K there, but the gradients are of the size of the step."""
    u, near = np.array([0.3, 1.0, -0.5]), step * np.array([0.0, 1.0, 0.3])
    with mp.workdps(400):
        h = mp.mpf(10) ** -200
        x, y = ([mp.mpf(value) for value in side] for side in (near, u))
        own = list(slopes(lambda z: entropy(law(z)), x, h))
        first = list(slopes(lambda z: cross_entropy(law(z), law(x)), y, h))
        assert norm_error(gm.softmax_entropy_gradient(near), own) < 1e-15
        assert norm_error(gm.softmax_cross_entropy_gradient(u, near).u, first) < 1e-15


BATCH = np.random.default_rng(1).standard_normal((2, 4, 3, 5))


@each_divergence
def test_batches_are_their_rows_and_broadcast(function, gradient, oracle):
    del oracle
    u, v = BATCH
    value, slope = function(u, v[0]), gradient(u, v[0])
    assert value.shape == (4, 3)
    assert slope.u.shape == slope.v.shape == (4, 3, 5)
    for i, j in np.ndindex(4, 3):
        assert function(u[i, j], v[0, j]) == value[i, j]
        np.testing.assert_array_equal(gradient(u[i, j], v[0, j]).v, slope.v[i, j])
    assert isinstance(function(u[0, 0], v[0, 0]), np.float64)


@each_divergence
def test_a_constant_added_changes_nothing(function, gradient, oracle):
    del oracle
    u, v = np.round(BATCH * 2**20) / 2**20
    assert function(u + 2.0**20, v) == pytest.approx(function(u, v), rel=1e-13)
    slope = gradient(u, v)
    for side in slope:
        np.testing.assert_allclose(side.sum(axis=-1), 0.0, atol=1e-16 * np.abs(side).max() * 5)


@each_divergence
def test_one_class_has_one_law(function, gradient, oracle):
    del oracle
    assert function([3.0], [-7.0]) == 0.0
    if "hellinger" in str(gradient) or "total_variation" in str(gradient):
        with pytest.raises(ValueError, match="not defined where p = q: the distance has a kink"):
            gradient([3.0], [-7.0])
    else:
        assert gradient([3.0], [-7.0]).u == 0.0


@each_divergence
def test_equal_laws_are_at_zero(function, gradient, oracle):
    del gradient
    if oracle is not cross_entropy:
        u = np.array([0.3, -1e4, 2.0, -np.inf])
        assert function(u, u) == 0.0


@each_divergence
def test_float32_is_read_exactly(function, gradient, oracle):
    del gradient, oracle
    u, v = BATCH.astype(np.float32)
    np.testing.assert_array_equal(function(u, v), function(u.astype(float), v.astype(float)))


def test_float32_laws_that_differ_in_the_last_bit():
    u = np.linspace(-3, 3, 8, dtype=np.float32)
    v = np.nextafter(u, np.float32(np.inf))
    with mp.workdps(60):
        truth = float(literal(kl, map(float, u), map(float, v)))
    assert gm.softmax_kl_divergence(u, v) == pytest.approx(truth, rel=1e-14)
    assert truth < 1e-13


def test_disjoint_laws():
    u, v = [0.0, -np.inf], [-np.inf, 0.0]
    assert gm.softmax_total_variation_distance(u, v) == 1.0
    assert gm.softmax_hellinger_distance(u, v) == 1.0
    assert gm.softmax_jensen_shannon_divergence(u, v) == np.log(2)
    for side in gm.softmax_hellinger_distance_gradient(u, v):
        np.testing.assert_array_equal(side, 0.0)


@pytest.mark.parametrize("where", [1e-3, 0.01, 0.1])
def test_gradients_with_impossible_classes(where):
    """The entry of a class that is impossible is 0, the others are those without it."""
    u, v = np.array([0.0, where, -1.0]), np.array([0.2, 0.0, 1.0])
    wide = [np.r_[x, -np.inf] for x in (u, v)]
    for _, gradient, _ in CASES:
        for side, whole in zip(gradient(u, v), gradient(*wide), strict=True):
            np.testing.assert_array_equal(np.r_[side, 0.0], whole)


def test_a_class_impossible_under_one_law_has_finite_slopes_where_the_divergence_is_finite():
    u, v = [-np.inf, 0.0, 1.0], [-1.0, 0.3, 0.2]
    slope = gm.softmax_kl_divergence_gradient(u, v)
    p, q = (np.exp(log_softmax(x)) for x in (u, v))
    np.testing.assert_allclose(slope.v, q - p, rtol=1e-14)
    assert slope.u[0] == 0.0
    for _, gradient, oracle in CASES[-len(ORDERS) : -len(ORDERS) + 3]:  # orders below 1
        with mp.workdps(60):
            a = [mp.mpf(x) for x in v]
            first = list(slopes(lambda x, f=oracle: f(law(x), law(u)), a, mp.mpf(10) ** -25))
        assert norm_error(gradient(v, u).u, first) < 5e-14


DISJOINT = "is not defined where the divergence is infinite: a class that is possible"


@pytest.mark.parametrize(
    "name",
    [
        "softmax_cross_entropy",
        "softmax_kl_divergence",
        "softmax_jeffreys_divergence",
        "softmax_bhattacharyya_distance",
    ],
)
def test_no_gradient_where_the_divergence_is_infinite(name):
    with pytest.raises(ValueError, match=f"{name}_gradient {DISJOINT}"):
        getattr(gm, f"{name}_gradient")([0.0, -np.inf], [-np.inf, 0.0])
    with pytest.raises(ValueError, match=f"softmax_renyi_divergence_gradient {DISJOINT}"):
        gm.softmax_renyi_divergence_gradient([0.0, 0.0], [-np.inf, 0.0], alpha=2)


def test_no_gradient_of_a_distance_at_its_kink():
    u = BATCH[0]
    for name, remedy in [("hellinger", "bhattacharyya"), ("total_variation", "jensen_shannon")]:
        gradient = getattr(gm, f"softmax_{name}_distance_gradient")
        text = f"softmax_{name}_distance_gradient is not defined where p = q.*Use softmax_{remedy}"
        with pytest.raises(ValueError, match=text):
            gradient(u, u)


def test_total_variation_takes_a_slope_between_those_of_both_sides_where_one_class_agrees():
    u = np.array([0.0, 1.0, 2.0])
    v = u[[2, 1, 0]]
    f, step = gm.softmax_total_variation_distance, 1e-6 * np.eye(3)
    sides = [[(f(u + s, v) - f(u - t, v)) / 1e-6 for s, t in ((e, 0), (0, e))] for e in step]
    slope = gm.softmax_total_variation_distance_gradient(u, v).u
    low, high = np.sort(sides, axis=1).T
    assert ((low - 1e-6 < slope) & (slope < high + 1e-6)).all()
    assert (high - low).max() > 0.1


BAD = [
    ([0.0, np.nan], ValueError, r"u must be finite, but u\[1\] is nan"),
    ([0.0, np.inf], ValueError, r"u must be finite, but u\[1\] is inf"),
    ([0.0, -2e300], ValueError, r"u must lie within ±1e\+300, but u\[1\] is -2e\+300. Pass -inf"),
    ([-np.inf, -np.inf], ValueError, "u is -inf throughout, which is no law. Leave one class"),
    ([[0.0, 1.0], [-np.inf, -np.inf]], ValueError, r"u\[1\] is -inf throughout"),
    (["a", "b"], TypeError, "u must hold real numbers, got dtype"),
    ([1j, 0.0], TypeError, "u must hold real numbers, got complex ones"),
    (1.0, ValueError, r"u must have shape \(..., K\), got \(\)"),
    (np.zeros((3, 0)), ValueError, r"u must have at least one class, got shape \(3, 0\)"),
]


@pytest.mark.parametrize(("u", "error", "text"), BAD)
@pytest.mark.parametrize("name", ["softmax_entropy", "softmax_entropy_gradient", *DIVERGENCES])
def test_bad_logits(name, u, error, text):
    operands = (u,) if "entropy" in name and "cross" not in name else (u, np.zeros(2))
    with pytest.raises(error, match=text):
        getattr(gm, name)(*operands)


def test_operands_that_do_not_fit():
    with pytest.raises(ValueError, match="needs u and v of the same classes, got 3 and 1"):
        gm.softmax_kl_divergence(np.zeros(3), np.zeros(1))
    with pytest.raises(ValueError, match=r"batch shapes of u and v must broadcast, got \(2,\) and"):
        gm.softmax_kl_divergence(np.zeros((2, 3)), np.zeros((5, 3)))
    for function in (gm.softmax_renyi_divergence, gm.softmax_renyi_divergence_gradient):
        with pytest.raises(ValueError, match="alpha must be positive and finite, got 0"):
            function([0.0], [0.0], alpha=0)
        with pytest.raises(TypeError, match="alpha must be a number, got 'a'"):
            function([0.0], [0.0], alpha="a")
        for alpha in (1e16, 1e18, 1e25):
            with pytest.raises(
                ValueError, match=r"alpha must be at most 1e\+15, got 1e\+.*the limit"
            ):
                function([0.0, 1.0, 0.5], [0.0, 2.0, 0.1], alpha=alpha)


@pytest.mark.parametrize("alpha", [1e4, 1e8, 1e15])
@pytest.mark.parametrize(
    ("u", "v"),
    [([0.0, 1.0, 0.5], [0.0, 2.0, 0.1]), ([0.0, 0.0, 0.0], [0.0, 1e-15, 3e-15])],
    ids=["apart", "near"],
)
def test_large_orders(u, v, alpha):
    with mp.workdps(60):
        truth = literal(renyi(alpha), u, v)
        p, q = (law([mp.mpf(x) for x in side]) for side in (u, v))
        order = mp.mpf(alpha)
        tilt = law([order * mp.log(a) + (1 - order) * mp.log(b) for a, b in zip(p, q, strict=True)])
        first = [order * (w - a) / (order - 1) for w, a in zip(tilt, p, strict=True)]
        second = [b - w for w, b in zip(tilt, q, strict=True)]
        slope = gm.softmax_renyi_divergence_gradient(u, v, alpha=alpha)
        assert relative_error(gm.softmax_renyi_divergence(u, v, alpha=alpha), truth) < 1e-14
        assert norm_error(slope.u, first) < 5e-14
        assert norm_error(slope.v, second) < 5e-14


def test_gradients_of_laws_that_differ_by_less_than_a_float_can_square():
    u = np.array([0.0, -7000.0, -1440.0])
    for _, gradient, _ in CASES:
        if gradient is not gm.softmax_total_variation_distance_gradient:
            for side in gradient(u, u + np.arange(3) / 10):
                assert np.isfinite(side).all()


def test_the_caller_keeps_his_arrays():
    u = np.array([0.0, -np.inf, 1.0])
    gm.softmax_entropy_gradient(u)
    np.testing.assert_array_equal(u, [0.0, -np.inf, 1.0])


def test_empty_batches():
    empty = np.zeros((0, 3))
    assert gm.softmax_kl_divergence(empty, empty).shape == (0,)
    assert gm.softmax_kl_divergence_gradient(empty, empty).u.shape == (0, 3)
