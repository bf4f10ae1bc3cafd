"""Transport plans between mixtures are exact, whatever the spread of the components."""

import numpy as np
import pytest
from oracles import mp, relative_error

import gaussmetrics as gm

EPS = np.finfo(float).eps


def on_the_line(points):
    """Point-like components of unit variance: MW2 is the distance of the weighted points."""
    return gm.Gaussian(np.asarray(points, float)[:, None], [[1.0]])


def quantile_coupling(x, y, a, b):
    """The monotone coupling, optimal on the line for every convex cost; exact in fractions."""
    x, y = ([(mp.mpf(float(v)), mp.mpf(int(n))) for v, n in zip(*z, strict=True)]
            for z in ((x, a), (y, b)))  # fmt: skip
    x, y = ([[v, n / sum(m for _, m in z)] for v, n in sorted(z)] for z in (x, y))
    total = mp.mpf(0)
    while x and y:
        mass = min(x[0][1], y[0][1])
        total += mass * (x[0][0] - y[0][0]) ** 2
        for side in (x, y):
            side[0][1] -= mass
        x, y = ([z for z in side if z[1] > mp.mpf(10) ** -90] for side in (x, y))
    return mp.sqrt(total)


def test_two_close_pairs_far_apart_in_another_order():
    points = np.array([0.0, 1.0, 1e5, 1e5 + 1])
    for order in ([1, 0, 3, 2], [3, 2, 1, 0], [2, 0, 3, 1]):
        ps, qs = on_the_line(points), on_the_line(points[order])
        assert gm.mixture_wasserstein_distance(ps, qs) == 0
        plan = gm.mixture_transport_plan(ps, qs)
        np.testing.assert_allclose(plan, (points[:, None] == points[order]) / 4, atol=1e-15)


@pytest.mark.parametrize("spread", [1.0, 1e5, 1e8, 1e12])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("weighted", [False, True])
def test_close_groups_far_apart(seed, spread, weighted):
    rng = np.random.default_rng(seed)
    centres = spread * np.repeat([0.0, 1.0, 3.0], 4)
    x, y = (centres + rng.integers(0, 64, 12) for _ in range(2))
    a, b = (rng.integers(1, 9, 12) if weighted else np.ones(12) for _ in range(2))
    # Equal masses of the groups, so that no mass has to cross the gaps.
    if weighted:
        b = rng.permutation(a.reshape(3, 4), axis=1).ravel()
    order = rng.permutation(12)
    value = gm.mixture_wasserstein_distance(
        on_the_line(x), on_the_line(y[order]), weights_p=a, weights_q=b[order]
    )
    truth = quantile_coupling(x, y, a, b)
    # Weights divided by their sum are rounded, and a rounding error may cross the widest gap.
    crossing = 12 * EPS * (3 * spread / float(truth)) ** 2 if weighted else 0.0
    assert relative_error(value, truth) <= 1e-12 + crossing


@pytest.mark.parametrize("spread", [1.0, 1e4])
def test_the_plan_has_the_margins(spread):
    rng = np.random.default_rng(2)
    a, b = rng.random(7), rng.random(9)
    ps, qs = (gm.Gaussian(spread * rng.standard_normal((n, 2)), np.eye(2)) for n in (7, 9))
    plan = gm.mixture_transport_plan(ps, qs, weights_p=a, weights_q=b)
    assert (plan >= 0).all()
    np.testing.assert_allclose(plan.sum(1), a / a.sum(), rtol=1e-13)
    np.testing.assert_allclose(plan.sum(0), b / b.sum(), rtol=1e-13)
    assert (plan > 0).sum() <= 15
