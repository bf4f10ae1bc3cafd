"""Odd values of every argument: an answer, or a text of this package's own."""

import re
import subprocess
import sys

import numpy as np
import pytest
from refusals import answer_or_text, refusal
from test_extreme_scales import NUMBERS

import gaussmetrics as gm

LAWS = gm.Gaussian(np.zeros((2, 1)), [[1.0]])


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("number", [1e308, 5e-324, np.longdouble("1e4000")], ids=str)
def test_numbers_at_the_ends_of_double_precision(name, number):
    answer_or_text(lambda: NUMBERS[name](number))


@pytest.mark.parametrize("jobs", ["a", np.inf, {}, 10**400, 1j, 0.5, [1], LAWS], ids=repr)
def test_numbers_of_processes(jobs):
    # The texts were joblib's and Python's.
    text = refusal(lambda: gm.pairwise(gm.kl_divergence, LAWS, n_jobs=jobs))
    assert text.startswith("n_jobs must")


@pytest.mark.parametrize("value", [None, 1.0, True, np.array(3.0), LAWS.dim, abs], ids=repr)
def test_what_cannot_be_stacked(value):
    assert re.match(
        r"Gaussian\.stack (takes|needs)|laws must", refusal(lambda: gm.Gaussian.stack(value))
    )


@pytest.mark.parametrize("value", ["a", {}, 10**400, 1j, [[1.0], [1.0, 2.0]], abs], ids=repr)
@pytest.mark.parametrize("part", ["count", "mean", "scatter"])
def test_parts_of_moments(part, value):
    parts = {"count": 3.0, "mean": [0.0], "scatter": [[1.0]], part: value}
    assert part in refusal(lambda: gm.Moments(**parts))


def test_names_without_a_length():
    assert "names must" in refusal(lambda: gm.Gaussian([0.0], [[1.0]], names=np.array("a")))


@pytest.mark.parametrize("weights", [np.inf, 1j, 1e308], ids=str)
def test_one_weight_for_all_rows(weights):
    x, y = np.arange(6.0)[:, None], [0, 0, 0, 1, 1, 1]
    _, text = answer_or_text(
        lambda: gm.AnalyticLogisticRegression().fit(x, y, sample_weight=weights)
    )
    assert text is None or "weight" in text


@pytest.mark.parametrize("temperature", [5e-324, 1e-310, 1e308])
def test_temperatures(temperature):
    x, y = np.array([[0.0], [1.0], [4.0], [6.0]]), [0, 0, 1, 1]
    model, text = answer_or_text(
        lambda: gm.AnalyticLogisticRegression(temperature=temperature).fit(x, y)
    )
    assert text or np.isfinite(model.predict_proba([[0.5], [2.75], [5.0]])).all()


def test_classes_that_cannot_be_sorted():
    model = gm.AnalyticLogisticRegression(shrinkage=0.1, temperature=1.0)
    text = refusal(lambda: model.partial_fit([[0.0], [1.0]], [1, 1], classes=[1, "a"]))
    assert "classes" in text


def test_a_list_that_holds_itself_is_no_seed():
    # In a process of its own, because it ended the interpreter.
    code = (
        "import gaussmetrics as gm\nseed = []\nseed.append(seed)\n"
        "try: gm.Gaussian.standard(1).sample(2, rng=seed)\n"
        "except (TypeError, ValueError) as error: print('refused:', error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "refused: rng must be" in done.stdout
