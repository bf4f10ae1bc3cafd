"""The judges of the affine-invariant family: they tell right from wrong."""

from __future__ import annotations

import ast
from dataclasses import replace
from inspect import getsource

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import gaussmetrics as gm
from gaussmetrics.validation import DIVERGENCES, overlaps
from gaussmetrics.validation.__main__ import main
from gaussmetrics.validation.rows import Outcome, conclude


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    with threadpool_limits(1):
        yield


def random_normal(seed, dim, shift=0.0):
    rng = np.random.default_rng(seed)
    factor = rng.standard_normal((dim, 2 * dim))
    return gm.Gaussian(rng.standard_normal(dim) + shift, factor @ factor.T / (2 * dim))


P = random_normal(0, 3)
PAIRS = {
    "overlapping": (P, random_normal(1, 3, 0.5)),
    "far apart": (P, random_normal(1, 3, 4.0)),
    "seven dimensions": (random_normal(2, 7), random_normal(3, 7)),
}


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS.keys())
@pytest.mark.parametrize("quantity", DIVERGENCES, ids=lambda q: q.name)
def test_a_judge_accepts_the_right_value_and_rejects_one_ten_percent_off(quantity, pair):
    normals = pair[: len(next(quantity.operands(["p", "q"])))]
    estimate = quantity.judge(*normals, samples=20_000, rng=np.random.default_rng(0))
    closed_form = float(quantity.closed_form(*normals))
    row = Outcome("made up", "p, q", quantity.name, closed_form, estimate)
    assert conclude([row])[0].passed, row
    for factor in (0.89, 1.11, np.nan):
        assert not conclude([replace(row, closed_form=factor * closed_form)])[0].passed


def swapped(function):
    return lambda p, q: function(q, p)


def without_mean(function):
    return lambda p, q: function(p, gm.Gaussian(p.mean, q.cov))


SABOTAGE = {
    "Jeffreys as half the sum": (
        "jeffreys_divergence", lambda p, q: gm.jeffreys_divergence(p, q) / 2),
    "Rényi of order 1 − α": (
        "renyi_divergence", lambda p, q: gm.renyi_divergence(p, q, alpha=1 - overlaps.ORDER)),
    "Rényi, operands swapped": (
        "renyi_divergence", lambda p, q: gm.renyi_divergence(q, p, alpha=overlaps.ORDER)),
    "χ² without −1": (
        "chi_squared_divergence",
        lambda p, q: 1 + gm.chi_squared_divergence(p, overlaps.pooled(p, q))),
    "Chernoff at ½": ("chernoff_information", gm.bhattacharyya_distance),
    "the weight of q": ("chernoff_alpha", swapped(gm.chernoff_alpha)),
    "Cauchy–Schwarz with ⅛": ("cauchy_schwarz_divergence", gm.bhattacharyya_distance),
    "geometric mean of the covariances": (
        "geometric_jensen_shannon_divergence", lambda p, q: gm.jeffreys_divergence(p, q) / 8),
    "Jensen–Shannon as its lower bound": (
        "jensen_shannon_divergence", lambda p, q: gm.jensen_shannon_bounds(p, q).lower),
    "Jensen–Shannon without the means": (
        "jensen_shannon_divergence", without_mean(gm.jensen_shannon_divergence)),
    "lower bound from KL": (
        "jensen_shannon_lower", lambda p, q: gm.jensen_shannon_bounds(p, q).upper),
    "upper bound from the overlap": (
        "jensen_shannon_upper", lambda p, q: gm.jensen_shannon_bounds(p, q).lower),
    "total variation as Hellinger": ("total_variation_distance", gm.hellinger_distance),
    "total variation without the means": (
        "total_variation_distance", without_mean(gm.total_variation_distance)),
    "Bayes error of equal priors": ("bayes_error", gm.bayes_error),
    "prior of the other law": (
        "bayes_error", lambda p, q: gm.bayes_error(p, q, prior=1 - overlaps.PRIOR)),
    "Fisher–Rao as the root of Jeffreys": (
        "fisher_rao_distance",
        lambda p, q: np.sqrt(gm.jeffreys_divergence(p.marginal([0, 1]), q.marginal([0, 1])))),
    "mutual information without its ½": (
        "mutual_information", lambda p: 2 * gm.mutual_information(p, 0, slice(1, None))),
}  # fmt: skip


def test_there_is_a_sabotage_for_every_closed_form():
    assert {name for name, _ in SABOTAGE.values()} == {quantity.name for quantity in DIVERGENCES}


@pytest.mark.parametrize("what", SABOTAGE)
def test_a_sabotaged_closed_form_makes_the_run_fail(what, capsys):
    name, wrong = SABOTAGE[what]
    chosen = [quantity for quantity in DIVERGENCES if quantity.name == name]
    arguments = ["--quick", "--dataset", "iris"]
    assert main(arguments, checks=chosen) == 0
    sabotaged = [replace(quantity, closed_form=wrong) for quantity in chosen]
    assert main(arguments, checks=sabotaged) == 1
    assert "FAIL" in capsys.readouterr().out


def test_judges_do_not_import_the_closed_forms():
    allowed = {"gaussmetrics._array.types", "gaussmetrics.laws.gaussian",
               "gaussmetrics.validation.rows",
               "gaussmetrics.validation.montecarlo"}  # fmt: skip
    found = {
        node.module
        for node in ast.walk(ast.parse(getsource(overlaps)))
        if isinstance(node, ast.ImportFrom)
    }
    assert {name for name in found if name.startswith("gaussmetrics")} <= allowed
