"""The validation: judges that tell right from wrong, and a run whose exit status can be trusted."""

from __future__ import annotations

import ast
import errno
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from inspect import getsource

import numpy as np
import pytest
from scipy import linalg, stats
from threadpoolctl import threadpool_limits

import gaussmetrics as gm
from gaussmetrics.validation import (
    QUANTITIES,
    Quantity,
    descent,
    load,
    montecarlo,
    pictures,
    report,
    validate,
)
from gaussmetrics.validation import __main__ as command_line
from gaussmetrics.validation.__main__ import main
from gaussmetrics.validation.page import page
from gaussmetrics.validation.rows import (
    Estimate,
    Outcome,
    Row,
    above,
    below,
    conclude,
    sampled,
    z_bound,
)

FIELDS = {
    "dataset",
    "pair",
    "quantity",
    "closed_form",
    "baseline",
    "estimate",
    "standard_error",
    "z",
    "passed",
}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    with threadpool_limits(1):
        yield


def random_normal(seed: int, dim: int, *, shift: float = 0.0) -> gm.Gaussian:
    rng = np.random.default_rng(seed)
    factor = rng.standard_normal((dim, 2 * dim))
    return gm.Gaussian(rng.standard_normal(dim) + shift, factor @ factor.T / (2 * dim))


def nearby(p: gm.Gaussian, distance: float) -> gm.Gaussian:
    rng = np.random.default_rng(5)
    change = rng.standard_normal((p.dim, p.dim))
    return gm.Gaussian(
        p.mean + distance * rng.standard_normal(p.dim), p.cov + distance * (change + change.T) / 9
    )


P = random_normal(0, 3)
PAIRS = {
    "overlapping": (P, random_normal(1, 3, shift=0.5)),
    "far apart": (P, random_normal(1, 3, shift=5.0)),
    "out of sight": (P, random_normal(1, 3, shift=10.0)),
    "one inside the other": (P, gm.Gaussian(P.mean, 1e-4 * P.cov)),
    "nearly identical": (P, nearby(P, 1e-5)),
    "one dimension": (gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([2.0], [[3.0]])),
    "thirty dimensions": (random_normal(2, 30), random_normal(3, 30)),
    "huge": (gm.Gaussian([0.0, 0.0], 1e60 * np.eye(2)), gm.Gaussian([1e30, 0.0], 3e60 * np.eye(2))),
    "tiny": (
        gm.Gaussian([0.0, 0.0], 1e-24 * np.eye(2)),
        gm.Gaussian([1e-12, 0.0], np.eye(2) * 3e-24),
    ),
}


def operands(quantity: Quantity, pair: tuple[gm.Gaussian, gm.Gaussian]) -> tuple[gm.Gaussian, ...]:
    return pair[: len(next(quantity.operands(["p", "q"])))]


def judge(quantity: Quantity, pair: tuple[gm.Gaussian, gm.Gaussian], seed: int = 0) -> Row:
    normals = operands(quantity, pair)
    rng = np.random.default_rng(seed)
    estimate = quantity.judge(*normals, samples=20_000, rng=rng)
    closed_form = float(quantity.closed_form(*normals))
    return conclude([Outcome("made up", "p, q", quantity.name, closed_form, estimate)])[0]


def label(quantity: Quantity) -> str:
    return f"{quantity.name}-{quantity.judge.__name__}"


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS.keys())
@pytest.mark.parametrize("quantity", QUANTITIES, ids=label)
def test_a_judge_accepts_the_right_value_and_rejects_one_ten_percent_off(quantity, pair):
    right = judge(quantity, pair)
    assert right.passed, right
    estimate = right.outcome.estimate
    wrong = right.outcome.closed_form + 0.11 * max(abs(estimate.value), estimate.unit)
    assert not conclude([replace(right.outcome, closed_form=wrong)])[0].passed


@pytest.mark.parametrize("quantity", QUANTITIES[2:], ids=label)
def test_of_a_normal_and_itself_only_the_exact_value_passes(quantity):
    row = judge(quantity, (P, P))
    assert row.passed, row
    for wrong in (1e-12, -1e-12):
        changed = replace(row.outcome, closed_form=row.outcome.closed_form + wrong)
        assert not conclude([changed])[0].passed


@pytest.mark.parametrize(
    "quantity", [q for q in QUANTITIES if "bound" not in q.judge.__name__], ids=label
)
@pytest.mark.parametrize("pair", ["overlapping", "far apart", "nearly identical"])
def test_z_scores_are_standard_normal_over_seeds(quantity, pair):
    normals = operands(quantity, PAIRS[pair])
    truth = float(quantity.closed_form(*normals))
    z = [
        quantity.judge(*normals, samples=3000, rng=np.random.default_rng(seed)).z(truth)
        for seed in range(150)
    ]
    assert stats.kstest(z, "norm").pvalue > 1e-4
    assert 1e-4 < stats.chi2(150).cdf(np.sum(np.square(z))) < 1 - 1e-4


@pytest.mark.parametrize("quantity", QUANTITIES, ids=label)
def test_nan_never_passes(quantity):
    row = judge(quantity, PAIRS["overlapping"])
    assert not conclude([replace(row.outcome, closed_form=np.nan)])[0].passed


def test_weights_never_exceed_the_number_of_components():
    p, q = PAIRS["out of sight"]
    components = [p, q, montecarlo.between(p, q)]
    log_weights = montecarlo._log_weights(components, 3000, np.random.default_rng(0))
    assert log_weights.shape == (3, 3, 1000)
    assert np.exp(log_weights).max() <= 3 * (1 + 1e-12)


def test_bhattacharyya_weights_stay_bounded_relative_to_the_integral():
    p, q = random_normal(0, 10), random_normal(1, 10, shift=30.0)
    log_p, log_q, _ = montecarlo._log_weights(
        [p, q, montecarlo.between(p, q)], 30_000, np.random.default_rng(0)
    )
    largest = np.max(log_p + log_q) / 2 + float(gm.bhattacharyya_distance(p, q))
    assert largest <= np.log(3) + 5 * np.log1p(10**-0.5)


@pytest.mark.parametrize("seed", range(4))
def test_transport_bounds_enclose_the_distance_by_matrix_square_roots(seed):
    p, q = random_normal(seed, 5), random_normal(seed + 50, 5)
    root = linalg.sqrtm(p.cov)
    cross = linalg.sqrtm(root @ q.cov @ root)
    truth = np.sum((p.mean - q.mean) ** 2) + np.trace(p.cov + q.cov - 2 * cross)
    bounds = descent.transport_bounds(p, q)
    assert bounds.lower <= truth <= bounds.upper
    assert bounds.upper - bounds.lower <= 2e-9 * truth
    np.testing.assert_allclose(bounds.map @ p.cov @ bounds.map, q.cov, atol=1e-3)


def test_bounds_that_did_not_meet_do_not_pass():
    p, q = PAIRS["thirty dimensions"]
    bounds = descent.transport_bounds(p, q, iterations=3)
    truth = float(gm.squared_wasserstein_distance(p, q))
    assert bounds.lower < truth < bounds.upper
    gap = bounds.upper - bounds.lower
    assert not below(truth, Estimate("", bounds.upper, gap, below), 4.0)
    assert not above(truth, Estimate("", bounds.lower, gap, above), 4.0)


def test_descent_of_a_badly_conditioned_quadratic():
    scales = np.logspace(0, 3, 12)
    walk = descent.descend(np.ones(12), lambda x: (float(scales @ x**2), 2 * scales * x))
    values = [next(walk).value for _ in range(800)]
    assert values[-1] < 1e-12
    assert next(walk).value <= values[-1]


def test_a_large_standard_error_does_not_pass():
    assert sampled(1.0, Estimate("dice", 1.0, 0.019), 4.0)
    assert not sampled(1.0, Estimate("dice", 1.0, 0.021), 4.0)
    assert not sampled(0.0, Estimate("dice", 0.0, 0.019), 4.0)
    assert sampled(0.0, Estimate("dice", 0.0, 0.019, unit=1.0), 4.0)


def test_equal_numbers_without_an_error_have_z_zero():
    assert Estimate("", 0.0, 0.0).z(0.0) == 0
    assert Estimate("", 0.0, 0.0).z(-1e-300) == -np.inf
    assert Estimate("", 0.0, 0.0).resolution == 0


@pytest.mark.parametrize("rows", [1, 10, 590])
def test_z_bound_keeps_the_probability_of_a_false_alarm(rows):
    inside = stats.norm.cdf(z_bound(rows)) - stats.norm.cdf(-z_bound(rows))
    assert 1 - inside**rows == pytest.approx(1e-3, rel=1e-6)


def test_every_pair_of_classes_of_every_data_set_gets_its_rows():
    expected = {"iris": 3, "wine": 3, "breast_cancer": 2, "digits": 10}
    for name, count in expected.items():
        data = load(name)
        assert len(data.gaussians()) == count
        np.testing.assert_allclose(data.features.mean(axis=0), 0, atol=1e-12)
        np.testing.assert_allclose(data.features.std(axis=0), 1, rtol=1e-12)
    pairs = [len(list(quantity.operands(range(10)))) for quantity in QUANTITIES]
    assert pairs == [10, 90, 90, 45, 45, 45, 45, 45, 45, 45]


def test_unknown_data_set():
    with pytest.raises(ValueError, match=r"data set must be one of iris, wine, .* got 'titanic'"):
        load("titanic")


def test_numbers_of_a_row_do_not_depend_on_what_else_is_run():
    alone = validate([load("iris")], checks=QUANTITIES[2:3], samples=500, seed=3)
    beside = validate([load("wine"), load("iris")], checks=QUANTITIES, samples=500, seed=3)
    chosen = [
        row.outcome
        for row in beside
        if (row.outcome.dataset, row.outcome.quantity) == ("iris", "kl_divergence")
    ]
    assert [row.outcome for row in alone] == chosen
    assert validate([load("iris")], checks=QUANTITIES[2:3], samples=500, seed=4) != alone


def half_log_det(cov: np.ndarray) -> float:
    return float(np.linalg.slogdet(cov)[1]) / 2


def bhattacharyya(p: gm.Gaussian, q: gm.Gaussian, *, mean_factor: float) -> float:
    mid, shift = (p.cov + q.cov) / 2, p.mean - q.mean
    determinants = half_log_det(mid) - half_log_det(p.cov) / 2 - half_log_det(q.cov) / 2
    return determinants + mean_factor * shift @ np.linalg.solve(mid, shift)


def fidelity(p: gm.Gaussian, q: gm.Gaussian) -> float:
    return float(np.linalg.svd(np.linalg.cholesky(q.cov).T @ np.linalg.cholesky(p.cov))[1].sum())


def squared_shift(p: gm.Gaussian, q: gm.Gaussian) -> float:
    return float(np.sum((p.mean - q.mean) ** 2))


def commuting(p: gm.Gaussian, q: gm.Gaussian) -> float:
    roots = linalg.sqrtm(p.cov) - linalg.sqrtm(q.cov)
    return squared_shift(p, q) + float(np.sum(roots**2))


SABOTAGE: dict[str, tuple[str, Callable[..., float]]] = {
    "entropy without log 2π": (
        "entropy",
        lambda p: gm.entropy(p) - p.dim / 2 * np.log(2 * np.pi),
    ),
    "entropy of the whole log-determinant": (
        "entropy",
        lambda p: gm.entropy(p) + half_log_det(p.cov),
    ),
    "cross-entropy without the entropy": ("cross_entropy", gm.kl_divergence),
    "cross-entropy, operands swapped": ("cross_entropy", lambda p, q: gm.cross_entropy(q, p)),
    "KL without its ½": ("kl_divergence", lambda p, q: 2 * gm.kl_divergence(p, q)),
    "KL, operands swapped": ("kl_divergence", lambda p, q: gm.kl_divergence(q, p)),
    "KL without −d": ("kl_divergence", lambda p, q: gm.kl_divergence(p, q) + p.dim / 2),
    "Bhattacharyya with ¼": (
        "bhattacharyya_distance",
        lambda p, q: bhattacharyya(p, q, mean_factor=1 / 4),
    ),
    "Bhattacharyya without the mean": (
        "bhattacharyya_distance",
        lambda p, q: bhattacharyya(p, q, mean_factor=0),
    ),
    "coefficient with ¼": (
        "bhattacharyya_coefficient",
        lambda p, q: np.exp(-bhattacharyya(p, q, mean_factor=1 / 4)),
    ),
    "coefficient squared": (
        "bhattacharyya_coefficient",
        lambda p, q: np.exp(-2 * gm.bhattacharyya_distance(p, q)),
    ),
    "coefficient stuck at zero": ("bhattacharyya_coefficient", lambda *_: 0.0),
    "Hellinger without the root": (
        "hellinger_distance",
        lambda p, q: gm.hellinger_distance(p, q) ** 2,
    ),
    "Hellinger stuck at one": ("hellinger_distance", lambda *_: 1.0),
    "Wasserstein without the mean": (
        "squared_wasserstein_distance",
        lambda p, q: gm.squared_wasserstein_distance(p, q) - squared_shift(p, q),
    ),
    "Wasserstein with one trace of the root": (
        "squared_wasserstein_distance",
        lambda p, q: gm.squared_wasserstein_distance(p, q) + fidelity(p, q),
    ),
    "Wasserstein as if the covariances commuted": ("squared_wasserstein_distance", commuting),
    "Wasserstein, one part in a million off": (
        "squared_wasserstein_distance",
        lambda p, q: gm.squared_wasserstein_distance(p, q) * (1 + 1e-6),
    ),
    "Wasserstein without the root": ("wasserstein_distance", gm.squared_wasserstein_distance),
}


def test_there_is_a_sabotage_for_every_closed_form():
    assert {name for name, _ in SABOTAGE.values()} == {quantity.name for quantity in QUANTITIES}


@pytest.mark.parametrize("what", SABOTAGE)
def test_a_sabotaged_closed_form_makes_the_run_fail(what, capsys):
    name, wrong = SABOTAGE[what]
    chosen = [quantity for quantity in QUANTITIES if quantity.name == name]
    sabotaged = [replace(quantity, closed_form=wrong) for quantity in chosen]
    arguments = ["--quick", "--dataset", "iris"]
    assert main(arguments, checks=chosen) == 0
    assert "FAIL" not in capsys.readouterr().out
    assert main(arguments, checks=sabotaged) == 1
    assert "FAIL" in capsys.readouterr().out


def test_the_legend_of_the_agreement_covers_no_data():
    names = [f"quantity {k}" for k in range(30)]
    estimate = Estimate("dice", 1.01, 0.01)
    rows = conclude([Outcome("iris", "p, q", name, 1.0, estimate) for name in names])
    figure = pictures.agreement(rows)
    figure.draw_without_rendering()
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == names
    place = legend.get_window_extent()
    assert not any(place.overlaps(axes.get_tightbbox()) for axes in figure.axes)
    assert figure.bbox.y0 <= place.y0


def test_the_tables_are_by_subject_and_a_line_holds_all_data_sets():
    estimate = Estimate("dice", 1.01, 0.01)
    names = ["kl_divergence", "wasserstein_distance", "energy_distance", "softmax_entropy"]
    rows = conclude(
        [Outcome(data, "p, q", name, 1.0, estimate) for data in ("iris", "wine") for name in names]
    )
    lines = {title: [line[0] for line in table[1:]] for title, table in report.tables(rows)}
    assert lines == {
        "Divergences": names[:1],
        "Optimal transport and kernels": names[1:3],
        "Softmax laws and contrastive losses": names[3:],
    }
    assert report.summary(rows)[0][2:4] == ("2", "2")


def test_words_of_the_page_stand_to_the_left_and_numbers_to_the_right():
    lines = [("data", "columns", "error"), ("iris", "4 columns", "1e-9"), ("wine", "13", "± 2")]
    text = page("", "", passed=True, rules="", tables=[("", lines)], pictures=[])
    assert re.findall("<td( class=word)?>", text) == [" class=word", "", ""] * 2
    words = page("", "", passed=True, rules="", tables=[("", lines[:2])], pictures=[])
    assert re.findall("<td( class=word)?>", words) == [" class=word", " class=word", ""]


def test_output_files(tmp_path, capsys):
    chosen = [replace(QUANTITIES[2], closed_form=lambda *_: np.nan), *QUANTITIES]
    arguments = ["--quick", "--dataset", "iris", "--output", str(tmp_path / "new" / "report")]
    assert main(arguments, checks=chosen) == 1
    directory = tmp_path / "new" / "report"
    records = json.loads((directory / "report.json").read_text(encoding="utf-8"))
    assert all(set(record) == FIELDS for record in records)
    assert [record["passed"] for record in records] == [False] * 6 + [True] * (len(records) - 6)
    assert records[0]["closed_form"] is None
    text = (directory / "report.md").read_text(encoding="utf-8")
    assert f"{len(records)} rows, 6 failed" in text
    assert "## Failed rows" in text
    for picture in ("agreement.png", "classes.png"):
        assert f"]({picture})" in text
        assert (directory / picture).read_bytes().startswith(b"\x89PNG")
    site = (directory / "report.html").read_text(encoding="utf-8")
    assert f"{len(records)} rows, 6 failed" in site
    assert site.index("Failed rows") < site.index("Divergences")
    assert site.count('src="data:image/png;base64,iVBOR') == 3
    assert not re.search(r"(?:src|href)=.(?!data:)|@import|url\(", site)  # nothing to fetch
    out, err = capsys.readouterr()
    assert "6 FAIL" in out
    assert "comparing" in err


def test_too_few_samples_fail_because_they_prove_nothing(capsys):
    assert main(["--samples", "100", "--dataset", "iris"], checks=QUANTITIES) == 1
    assert "FAIL" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "titanic"], "argument --dataset: invalid choice: 'titanic'"),
        (["--dataset"], "argument --dataset: expected at least one argument"),
        (["--samples", "99"], "argument --samples: must be an integer not less than 100, got '99'"),
        (["--samples", "many"], "must be an integer not less than 100, got 'many'"),
        (["--samples", "9" * 23], "must be an integer not greater than 1000000000, got '999"),
        (["--samples", "9" * 9999], "must be an integer not greater than 1000000000, got '999"),
        (["--seed", "9" * 9999], "argument --seed: must be an integer not greater than"),
        (["--seed", "-1"], "argument --seed: "),
        (["--output", __file__], "argument --output: cannot write to"),
        (["--fast"], "unrecognized arguments: --fast"),
    ],
)
def test_bad_usage(arguments, message, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("name", ["report.json", "report.md", "agreement.png"])
def test_a_file_that_cannot_be_written_is_found_before_the_run(name, tmp_path, capsys):
    (tmp_path / name).mkdir()
    with pytest.raises(SystemExit) as stop:
        main(["--dataset", "iris", "--output", str(tmp_path)], checks=[])
    assert stop.value.code == 2
    assert f"argument --output: cannot write to {tmp_path / name}: " in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [name]


class Stopping:
    """A check that does not get far."""

    def __init__(self, error):
        self.error = error

    def comparisons(self, *_, **__):
        raise self.error


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (KeyboardInterrupt(), 130, "python -m gaussmetrics.validation: interrupted, nothing is"),
        (MemoryError(), 2, "100000 samples do not fit in memory: take fewer with --samples"),
    ],
)
def test_a_run_that_is_stopped_says_so(error, status, text, capsys):
    assert main(["--dataset", "iris"], checks=[Stopping(error)]) == status
    assert text in capsys.readouterr().err


def test_a_full_disk_is_named(tmp_path, monkeypatch, capsys):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(command_line, "write", full)
    assert main(["--dataset", "iris", "--output", str(tmp_path)], checks=[]) == 2
    assert "cannot write the report: No space left on device" in capsys.readouterr().err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_standard_output_is_named():
    command = [sys.executable, "-c", "import sys; from gaussmetrics.validation.__main__ import "
               "main; sys.exit(main(['--dataset', 'iris'], checks=[]))"]  # fmt: skip
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, check=False, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert "cannot write the report: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


@pytest.mark.parametrize("module", ["rich", "matplotlib"])
def test_a_missing_extra_is_named(module, monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SystemExit) as stop:
        main(["--dataset", "iris", "--output", str(tmp_path)])
    assert stop.value.code == 2
    message = f'{module} is missing; pip install "gaussmetrics[validation]"'
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("module", [montecarlo, descent])
def test_judges_do_not_import_the_closed_forms(module):
    allowed = {"gaussmetrics._array.types", "gaussmetrics.laws.gaussian",
               "gaussmetrics.validation.rows",
               "gaussmetrics.validation.montecarlo"}  # fmt: skip
    found = {
        node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(ast.parse(getsource(module)))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert {name for name in found if name.startswith("gaussmetrics")} <= allowed
