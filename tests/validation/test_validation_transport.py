"""The judges of the rotation-invariant family: they tell right from wrong."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from inspect import getsource

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import gaussmetrics as gm
from gaussmetrics.validation import TRANSPORT, Quantity, couplings
from gaussmetrics.validation.__main__ import main
from gaussmetrics.validation.rows import GAP, Estimate, Outcome, Row, conclude
from gaussmetrics.validation.transport import (
    entropic_cost,
    squared_distance_on_the_way,
    twice_half_way,
)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    with threadpool_limits(1):
        yield


def random_normal(seed: int, dim: int, *, shift: float = 0.0) -> gm.Gaussian:
    rng = np.random.default_rng(seed)
    factor = rng.standard_normal((dim, 2 * dim))
    return gm.Gaussian(rng.standard_normal(dim) + shift, factor @ factor.T / (2 * dim))


P = random_normal(0, 3)
LAWS = {
    "overlapping": (P, random_normal(1, 3, shift=0.5)),
    "out of sight": (P, random_normal(1, 3, shift=10.0)),
    "one inside the other": (P, gm.Gaussian(P.mean + 1.0, 1e-2 * P.cov)),
    "one dimension": (gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([2.0], [[3.0]])),
    "ten dimensions": (random_normal(2, 10), random_normal(3, 10)),
    "huge": (gm.Gaussian([0.0, 0.0], 1e60 * np.eye(2)), gm.Gaussian([1e30, 0.0], 3e60 * np.eye(2))),
    "tiny": (
        gm.Gaussian([0.0, 0.0], 1e-24 * np.eye(2)),
        gm.Gaussian([1e-12, 0.0], np.eye(2) * 3e-24),
    ),
}


def judge(quantity: Quantity, laws: tuple[gm.Gaussian, ...], seed: int = 0) -> Row:
    rng = np.random.default_rng(seed)
    estimate = quantity.judge(*laws, samples=40_000, rng=rng)
    closed_form = float(quantity.closed_form(*laws))
    return conclude([Outcome("made up", "p, q", quantity.name, closed_form, estimate)])[0]


@pytest.mark.parametrize("laws", LAWS.values(), ids=LAWS.keys())
@pytest.mark.parametrize("quantity", TRANSPORT, ids=lambda q: q.name)
def test_a_judge_accepts_the_right_value_and_rejects_one_ten_percent_off(quantity, laws):
    right = judge(quantity, laws)
    assert right.passed, right
    for factor in (0.89, 1.11, np.nan):
        wrong = replace(right.outcome, closed_form=factor * right.outcome.closed_form)
        assert not conclude([wrong])[0].passed


@pytest.mark.parametrize("name", ["maximum_mean_discrepancy", "energy_distance"])
def test_z_scores_of_random_pairs_are_standard_normal_over_seeds(name):
    quantity = next(q for q in TRANSPORT if q.name == name)
    laws = LAWS["overlapping"]
    z = [judge(quantity, laws, seed).z for seed in range(40)]
    assert abs(np.mean(z)) < 4 / np.sqrt(40)
    assert 0.6 < np.std(z) < 1.5


@pytest.mark.parametrize("epsilon", [0.5, 5.0, 50.0])
def test_entropic_bounds_enclose_the_cost_of_discrete_couplings(epsilon):
    # Sinkhorn's iteration on a grid, where the trapezoidal rule is exact to rounding.
    p, q = LAWS["one dimension"]
    x = np.linspace(-14, 16, 241)
    a, b = (law.logpdf(x[:, None]) + np.log(x[1] - x[0]) for law in (p, q))
    kernel = -((x[:, None] - x) ** 2) / epsilon
    g = np.zeros_like(x)
    for _ in range(150):
        f = -epsilon * np.logaddexp.reduce(kernel + g / epsilon + b, axis=1)
        g = -epsilon * np.logaddexp.reduce(kernel.T + f / epsilon + a, axis=1)
    lower, upper = couplings.entropic_bounds(p, q, epsilon)
    value = np.exp(a) @ f + np.exp(b) @ g
    assert lower - 1e-9 <= value <= upper + 1e-9
    assert upper - lower < 1e-7


@pytest.mark.parametrize("seed", range(3))
def test_barycenter_bounds_enclose_the_value_at_a_fixed_point(seed):
    laws = [random_normal(seed + 10 * k, 4) for k in range(4)]
    s = np.eye(4)
    for _ in range(100):
        lower = np.linalg.cholesky(s)
        spectra = [np.linalg.eigh(lower.T @ x.cov @ lower) for x in laws]
        mean_root = np.mean([(v * np.sqrt(w)) @ v.T for w, v in spectra], axis=0)
        inverse = np.linalg.inv(lower)
        s = inverse.T @ mean_root @ mean_root @ inverse
    middle = gm.Gaussian(np.mean([x.mean for x in laws], axis=0), (s + s.T) / 2)
    value = np.mean([gm.squared_wasserstein_distance(middle, x) for x in laws])
    bounds = couplings.barycenter_bounds(*laws)
    assert bounds[0] <= value <= bounds[1]
    assert bounds[1] - bounds[0] <= 1e-8 * value


def test_a_wide_interval_does_not_pass():
    assert couplings.enclosed(1.0, Estimate("", 1.0, 0.9 * GAP), 4.0)
    assert not couplings.enclosed(1.0, Estimate("", 1.0, 1.1 * GAP), 4.0)
    assert not couplings.enclosed(1.0 + 2 * GAP, Estimate("", 1.0, 0.9 * GAP), 4.0)


def as_if_commuting(p: gm.Gaussian, q: gm.Gaussian) -> float:
    """The cost of x ↦ μq + Σq^½ Σp^−½ (x − μp), which carries p to q but not optimally."""
    roots = []
    for law in (p, q):
        w, v = np.linalg.eigh(law.cov)
        roots.append((v * np.sqrt(w)) @ v.T)
    return float(np.sum((p.mean - q.mean) ** 2) + np.sum((roots[0] - roots[1]) ** 2))


def around(middle: Callable[..., gm.Gaussian]) -> Callable[..., float]:
    def value(*laws: gm.Gaussian) -> float:
        target = middle(*laws)
        return float(np.mean([gm.squared_wasserstein_distance(target, x) for x in laws]))

    return value


def average_of_moments(*laws: gm.Gaussian) -> gm.Gaussian:
    return gm.Gaussian(np.mean([x.mean for x in laws], 0), np.mean([x.cov for x in laws], 0))


def scaled(function: Callable[..., float], name: str, factor: float) -> Callable[..., float]:
    """The closed form with its parameter off by a factor."""
    typical = couplings.length if name == "bandwidth" else couplings.average_variance

    def value(p: gm.Gaussian, q: gm.Gaussian) -> float:
        return function(p, q, **{name: factor * typical(p, q)})

    return value


def mixture(*laws: gm.Gaussian, weights: list[int], other: list[int]) -> float:
    ps, qs = (
        gm.Gaussian([x.mean for x in part], [x.cov for x in part])
        for part in (laws[: len(weights)], laws[-len(weights) :])
    )
    return gm.mixture_wasserstein_distance(ps, qs, weights_p=weights, weights_q=other)


def independent_cost(p: gm.Gaussian, q: gm.Gaussian) -> float:
    return float(np.sum((p.mean - q.mean) ** 2) + np.trace(p.cov + q.cov))


def stretch_of_transport(p: gm.Gaussian, q: gm.Gaussian) -> float:
    p, q = p.marginal(couplings.LEADING), q.marginal(couplings.LEADING)
    cross = gm.transport_map(p, q).matrix @ p.cov
    squares = np.sum(p.cov**2) + np.sum(q.cov**2) - 2 * np.sum(cross**2)
    return float(np.sqrt(4 * np.trace(p.cov - q.cov) ** 2 + 8 * squares))


SABOTAGE: dict[str, tuple[str, Callable[..., float]]] = {
    "a map that pushes p to q but is not optimal": ("transport_map", as_if_commuting),
    "a map that stays where it is": ("transport_map", lambda *_: 0.0),
    "a path of means and covariances": (
        "wasserstein_geodesic",
        lambda p, q: gm.squared_wasserstein_distance(
            p, gm.Gaussian(0.7 * p.mean + 0.3 * q.mean, 0.7 * p.cov + 0.3 * q.cov)
        ),
    ),
    "a path from q to p": (
        "wasserstein_geodesic",
        lambda p, q: gm.squared_wasserstein_distance(q, gm.wasserstein_geodesic(p, q, 0.3)),
    ),
    "a distance that is not squared": (
        "wasserstein_geodesic",
        lambda p, q: np.sqrt(squared_distance_on_the_way(p, q)),
    ),
    "the mean of the covariances": ("wasserstein_barycenter", around(average_of_moments)),
    "the first law": ("wasserstein_barycenter", around(lambda *laws: laws[0])),
    "a bound that is squared": ("gelbrich_bound", gm.squared_wasserstein_distance),
    "a bound that forgets the means": (
        "gelbrich_bound",
        lambda p, q: gm.wasserstein_distance(p, gm.Gaussian(p.mean, q.cov)),
    ),
    "eigenvalues in opposite orders": (
        "gromov_wasserstein_distance",
        lambda p, q: np.sqrt(
            4 * np.trace(p.cov - q.cov) ** 2
            + 8 * np.sum((np.linalg.eigvalsh(p.cov) - np.linalg.eigvalsh(q.cov)[::-1]) ** 2)
        ),
    ),
    "Gromov–Wasserstein squared": (
        "gromov_wasserstein_distance",
        lambda p, q: gm.gromov_wasserstein_distance(p, q) ** 2,
    ),
    "a map that is optimal for another cost": ("gromov_wasserstein_map", stretch_of_transport),
    "entropic plan for half of epsilon": (
        "entropic_transport_plan",
        lambda p, q: entropic_cost(p, q, 0.5 * couplings.average_variance(p, q)),
    ),
    "entropic cost without entropy": ("entropic_transport_cost", gm.squared_wasserstein_distance),
    "entropic cost under independence": ("entropic_transport_cost", independent_cost),
    "entropic cost with half of epsilon": (
        "entropic_transport_cost",
        scaled(gm.entropic_transport_cost, "epsilon", 0.5),
    ),
    "Sinkhorn with its bias": (
        "sinkhorn_divergence",
        scaled(gm.entropic_transport_cost, "epsilon", 1.0),
    ),
    "Sinkhorn with half of epsilon": (
        "sinkhorn_divergence",
        scaled(gm.sinkhorn_divergence, "epsilon", 0.5),
    ),
    "MMD squared": (
        "maximum_mean_discrepancy",
        lambda p, q: gm.maximum_mean_discrepancy(p, q, bandwidth=couplings.length(p, q)) ** 2,
    ),
    "MMD of the kernel exp(−‖x − y‖²/γ²)": (
        "maximum_mean_discrepancy",
        scaled(gm.maximum_mean_discrepancy, "bandwidth", np.sqrt(0.5)),
    ),
    "energy distance squared": ("energy_distance", lambda p, q: gm.energy_distance(p, q) ** 2),
    "half an energy distance": (
        "energy_distance",
        lambda p, q: gm.energy_distance(p, q) / np.sqrt(2),
    ),
    "a mixture with the weights of the other": (
        "mixture_wasserstein_distance",
        lambda *laws: mixture(*laws, weights=[1, 2, 3], other=[1, 2, 3]),
    ),
    "a mixture of equal weights": (
        "mixture_wasserstein_distance",
        lambda *laws: mixture(*laws, weights=[1, 1, 1], other=[1, 1, 1]),
    ),
    "a barycentre three quarters of the way": (
        "mixture_wasserstein_barycenter",
        lambda *laws: 1.5 * twice_half_way(*laws),
    ),
}


def test_there_is_a_sabotage_for_every_closed_form():
    assert {name for name, _ in SABOTAGE.values()} == {quantity.name for quantity in TRANSPORT}


@pytest.mark.parametrize("what", SABOTAGE)
def test_a_sabotaged_closed_form_makes_the_run_fail(what, capsys):
    name, wrong = SABOTAGE[what]
    chosen = [quantity for quantity in TRANSPORT if quantity.name == name]
    sabotaged = [replace(quantity, closed_form=wrong) for quantity in chosen]
    arguments = ["--quick", "--dataset", "iris"]
    assert main(arguments, checks=chosen) == 0
    assert "FAIL" not in capsys.readouterr().out
    assert main(arguments, checks=sabotaged) == 1
    assert "FAIL" in capsys.readouterr().out


def test_judges_do_not_import_the_closed_forms():
    allowed = {"gaussmetrics._array.types", "gaussmetrics.laws.gaussian",
               "gaussmetrics.validation.rows",
               "gaussmetrics.validation.montecarlo", "gaussmetrics.validation.descent"}  # fmt: skip
    found = {
        node.module
        for node in ast.walk(ast.parse(getsource(couplings)))
        if isinstance(node, ast.ImportFrom)
    }
    assert {name for name in found if name.startswith("gaussmetrics")} <= allowed
