"""Plans between mixtures: right to rounding, whatever the spread of the components."""

import re
from fractions import Fraction

import numpy as np
import pytest
from mpmath import mp
from scipy import optimize

import gaussmetrics as gm
from gaussmetrics.transport import plans


def points(x):
    return gm.Gaussian(np.asarray(x, float)[:, None], [[1.0]])


def on_the_line(x, a, y, b):
    """MW2 of laws that differ by their place on the line, by the monotone coupling, exactly."""
    parts = []
    for places, weights in ((x, a), (y, b)):
        exact = [Fraction(float(w)) for w in weights]
        shares = [w / sum(exact) for w in exact]
        ordered = sorted(zip((Fraction(float(z)) for z in places), shares, strict=True))
        parts.append([list(part) for part in ordered if part[1]])
    first, second = parts
    value = Fraction(0)
    while first and second:
        moved = min(first[0][1], second[0][1])
        value += moved * (first[0][0] - second[0][0]) ** 2
        for side in parts:
            side[0][1] -= moved
            if not side[0][1]:
                side.pop(0)
    with mp.workdps(40):
        return mp.sqrt(mp.mpf(value.numerator) / value.denominator)


def error(x, y, a, b):
    value = gm.mixture_wasserstein_distance(points(x), points(y), weights_p=a, weights_q=b)
    truth = on_the_line(x, gm_weights(a), y, gm_weights(b))
    return float(abs(value - truth) / truth) if truth else float(value)


def gm_weights(w):
    """The weights as they are rounded when they are divided by their sum."""
    w = np.asarray(w) / np.max(w)
    return w / w.sum()


def test_two_clusters_in_another_order():
    ps, qs = points([0.0, 1.0, 1e5, 1e5 + 1]), points([1e5, 1.0, 1e5 + 1, 0.0])
    assert gm.mixture_wasserstein_distance(ps, qs) == 0.0
    w = np.array([0.1, 0.2, 0.3, 0.4])
    order = [2, 1, 3, 0]
    assert gm.mixture_wasserstein_distance(ps, qs, weights_p=w, weights_q=w[order]) == 0.0


@pytest.mark.parametrize("spread", [1.0, 1e3, 1e6, 1e9, 1e12])
@pytest.mark.parametrize("seed", range(6))
def test_clusters_far_apart(seed, spread):
    rng = np.random.default_rng(seed)
    n, m = rng.integers(2, 20, 2)
    x, y = (rng.integers(0, 4, k) * spread + rng.standard_normal(k) for k in (n, m))
    a, b = rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m))
    assert error(x, y, a, b) <= 4e-15
    # The same weights, so that nothing has to leave its cluster.
    moved = x[::-1] + 1e-3 * rng.standard_normal(n)
    assert error(x, moved, a, a[::-1]) <= 4e-15
    equal = np.full(n, 1.0)
    assert error(x, moved, equal, equal) <= 4e-15


@pytest.mark.parametrize("weights", [[1.0, 1.0, 1.0], [1.0, 2.0, 3.0]])
def test_components_three_hundred_decades_apart(weights):
    x = np.array([0.0, 1e-100, 1e150])
    assert error(x, x[[1, 0, 2]], weights, weights) <= 4e-15
    order = [1, 0, 2]
    assert error(x, x[order], weights, np.array(weights)[order]) == 0.0


def test_weights_that_nearly_vanish_are_moved_too():
    x, y = [0.0, 1.0, 2.0], [0.0, 1.5, 1e6]
    assert error(x, y, [1.0, 1e-14, 1.0], [1.0, 1.0, 1e-18]) <= 4e-15
    plan = gm.mixture_transport_plan(points(x), points(y), weights_q=[1.0, 1.0, 1e-18])
    np.testing.assert_allclose(plan.sum(axis=0), np.array([1.0, 1.0, 1e-18]) / 2.0, rtol=1e-15)
    assert (plan >= 0).all()


@pytest.mark.parametrize("seed", range(10))
def test_from_any_tree_the_cheapest_plan_is_reached(seed):
    rng = np.random.default_rng(seed)
    n, m = rng.integers(2, 9, 2)
    costs = rng.integers(0, 5, (n, m)).astype(float)  # many ties
    a, b = rng.integers(1, 4, n).astype(float), rng.integers(1, 4, m).astype(float)
    # A poor start: the tree of a random plan.
    arcs = plans._first_arcs(rng.permuted(costs, axis=1), rng.random((n, m)))
    tree = plans._Tree(costs, plans._integers(a / a.sum(), b / b.sum()), arcs)
    tree.make_feasible()
    tree.make_cheapest()
    plan = tree.plan()
    copies = np.repeat(np.repeat(costs, (a * b.sum()).astype(int), 0), (b * a.sum()).astype(int), 1)
    rows, columns = optimize.linear_sum_assignment(copies)
    expected = copies[rows, columns].mean()
    assert (plan * costs).sum() == pytest.approx(expected, rel=1e-13, abs=1e-15)
    assert np.count_nonzero(plan) <= n + m - 1
    np.testing.assert_allclose(plan.sum(axis=1), a / a.sum(), rtol=1e-14)


def test_what_cannot_be_proved_is_an_error(monkeypatch):
    monkeypatch.setattr(plans._Tree, "_patience", lambda _: 0)
    text = "the transport plan has not been proved: the best one found is not feasible. Weights"
    with pytest.raises(RuntimeError, match=re.escape(text)):
        gm.mixture_transport_plan(points([0.0, 1.0]), points([0.0]))
    monkeypatch.setattr(plans._Tree, "make_feasible", lambda _: None)
    with pytest.raises(RuntimeError, match=r"found costs .* more than the bound of its dual"):
        gm.mixture_transport_plan(points([0.0, 1.0]), points([0.0]))
