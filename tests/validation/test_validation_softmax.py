"""The judges of softmax laws: right values pass, wrong ones fail, and nothing is looked up."""

import ast
from dataclasses import replace
from inspect import getsource

import numpy as np
import pytest

import gaussmetrics as gm
from gaussmetrics.validation import SOFTMAX, outcomes, validate
from gaussmetrics.validation.__main__ import main
from gaussmetrics.validation.datasets import load
from gaussmetrics.validation.quantities import Quantity
from gaussmetrics.validation.softmax import (
    first_is_positive,
    means,
    of_means,
    pair_gradients,
    vectors,
)

QUANTITIES = [check for check in SOFTMAX if isinstance(check, Quantity)]
IRIS = load("iris")


def test_all_pass_with_another_seed():
    assert all(row.passed for row in validate([IRIS], checks=SOFTMAX, samples=20_000, seed=1))


def swapped(function):
    return lambda u, v, **options: function(v, u, **options)


def with_first_only(gradient):
    """The gradient in u on both sides."""
    return lambda data: pair_gradients(lambda u, v: [gradient(u, v).u] * 2, data)


def of_pairs(function):
    return lambda data: pair_gradients(function, data)


def exchanged(gradient):
    return lambda u, v: gradient(v, u)


def scaled(gradient, factor):
    return lambda u, v: factor * np.stack(gradient(u, v))


def renyi_gradient(u, v):
    return gm.softmax_renyi_divergence_gradient(u, v, alpha=1 - outcomes.ORDER)


SABOTAGE = {
    "entropy in bits": ("softmax_entropy", of_means(lambda u: gm.softmax_entropy(u) / np.log(2))),
    "cross-entropy without the entropy": (
        "softmax_cross_entropy", of_means(gm.softmax_kl_divergence)),
    "KL, operands swapped": (
        "softmax_kl_divergence", of_means(swapped(gm.softmax_kl_divergence))),
    "Jeffreys as half the sum": (
        "softmax_jeffreys_divergence",
        of_means(lambda u, v: gm.softmax_jeffreys_divergence(u, v) / 2)),
    "Rényi of order 1 − α": (
        "softmax_renyi_divergence",
        of_means(lambda u, v: gm.softmax_renyi_divergence(u, v, alpha=1 - outcomes.ORDER))),
    "Bhattacharyya as Rényi of order ½": (
        "softmax_bhattacharyya_distance",
        of_means(lambda u, v: gm.softmax_renyi_divergence(u, v, alpha=0.5))),
    "Hellinger squared": (
        "softmax_hellinger_distance",
        of_means(lambda u, v: gm.softmax_hellinger_distance(u, v) ** 2)),
    "total variation without ½": (
        "softmax_total_variation_distance",
        of_means(lambda u, v: 2 * gm.softmax_total_variation_distance(u, v))),
    "Jensen–Shannon as an eighth of Jeffreys": (
        "softmax_jensen_shannon_divergence",
        of_means(lambda u, v: gm.softmax_jeffreys_divergence(u, v) / 8)),
    "InfoNCE as ξ": (
        "info_nce_loss", lambda p: np.expm1(gm.info_nce_loss(p.mean, 0))),
    "FlatNCE as InfoNCE": ("flat_nce_loss", of_means(first_is_positive(gm.info_nce_loss))),
    "entropy's slope with the sign of the divergence": (
        "softmax_entropy_gradient", lambda data: -gm.softmax_entropy_gradient(means(data))),
    "cross-entropy's slope in u as that of KL": (
        "softmax_cross_entropy_gradient", of_pairs(gm.softmax_kl_divergence_gradient)),
    "KL's slopes exchanged": (
        "softmax_kl_divergence_gradient",
        of_pairs(lambda u, v: gm.softmax_kl_divergence_gradient(u, v)[::-1])),
    "KL's slope for Jeffreys": (
        "softmax_jeffreys_divergence_gradient", of_pairs(gm.softmax_kl_divergence_gradient)),
    "the slope of Rényi of order 1 − α": (
        "softmax_renyi_divergence_gradient", of_pairs(renyi_gradient)),
    "Bhattacharyya's slope without ½": (
        "softmax_bhattacharyya_distance_gradient",
        of_pairs(scaled(gm.softmax_bhattacharyya_distance_gradient, 2.0))),
    "Hellinger's slope with 2H": (
        "softmax_hellinger_distance_gradient",
        of_pairs(scaled(gm.softmax_hellinger_distance_gradient, 2.0))),
    "total variation's slope in u twice": (
        "softmax_total_variation_distance_gradient",
        with_first_only(gm.softmax_total_variation_distance_gradient)),
    "Jensen–Shannon's slopes of the other pair": (
        "softmax_jensen_shannon_divergence_gradient",
        of_pairs(exchanged(gm.softmax_jensen_shannon_divergence_gradient))),
    "InfoNCE's slope not less the target": (
        "info_nce_loss_gradient",
        lambda data: gm.info_nce_loss_gradient(means(data), np.zeros(len(means(data)), int))
        + np.eye(len(means(data)[0]))[0]),
    "FlatNCE's slope as InfoNCE's": (
        "flat_nce_loss_gradient",
        lambda data: gm.info_nce_loss_gradient(means(data), np.zeros(len(means(data)), int))),
    "row gradients of the other side": (
        "contrastive_row_gradients",
        lambda data: gm.contrastive_row_gradients(*vectors(data)).v),
}  # fmt: skip


def test_there_is_a_sabotage_for_every_closed_form():
    assert {name for name, _ in SABOTAGE.values()} == {check.name for check in SOFTMAX}


@pytest.mark.parametrize("what", SABOTAGE)
def test_a_sabotaged_closed_form_makes_the_run_fail(what, capsys):
    name, wrong = SABOTAGE[what]
    chosen = [check for check in SOFTMAX if check.name == name]
    arguments = ["--quick", "--dataset", "iris"]
    assert main(arguments, checks=chosen) == 0
    assert main(arguments, checks=[replace(check, closed_form=wrong) for check in chosen]) == 1
    assert "FAIL" in capsys.readouterr().out


def test_races_are_won_as_often_as_softmax_says():
    u = np.array([0.0, 1.0, -2.0])
    wins = np.bincount(outcomes.race(u, 40_000, np.random.default_rng(0)), minlength=3) / 40_000
    p = np.exp(u) / np.exp(u).sum()
    assert (np.abs(wins - p) < 4 * np.sqrt(p * (1 - p) / 40_000)).all()


def test_complex_steps_are_derivatives():
    x = np.array([0.3, 2.0])
    np.testing.assert_allclose(outcomes.slope(lambda z: np.exp(z).sum(), x), np.exp(x), rtol=1e-15)


def test_judges_do_not_import_the_closed_forms():
    found = {
        node.module
        for node in ast.walk(ast.parse(getsource(outcomes)))
        if isinstance(node, ast.ImportFrom) and node.module.startswith("gaussmetrics")
    }
    assert found == {
        "gaussmetrics._array.types",
        "gaussmetrics.laws.gaussian",
        "gaussmetrics.validation.montecarlo",
        "gaussmetrics.validation.rows",
    }
