"""Odd but honest input gets an answer or a text that teaches, never a bare one."""

import os
import re
import signal
import subprocess
import sys
import time
import warnings

import numpy as np
import pandas as pd
import pytest
from refusals import answer_or_text, refusal

import gaussmetrics as gm

# The classifier


X = np.array([[0.0, 1.0], [1.0, 0.0], [0.5, 0.4], [5.0, 6.0], [7.0, 5.0], [6.0, 6.5]])
Y = np.array(["a", "a", "a", "b", "b", "b"])


def fitted(**options):
    return gm.AnalyticLogisticRegression(**options).fit(X, Y)


def test_a_masked_array_keeps_its_mask():
    hidden = np.zeros(X.shape, bool)
    hidden[0, 0] = True
    masked = np.ma.array(np.where(hidden, -999.0, X), mask=hidden)
    text = refusal(lambda: gm.AnalyticLogisticRegression().fit(masked, Y))
    assert "mask" in text


def test_rows_of_a_class_that_agree_to_an_ulp():
    rows = np.array([[1.0], [np.nextafter(1.0, 2.0)], [3.0], [np.nextafter(3.0, 4.0)]])
    model, text = answer_or_text(lambda: gm.AnalyticLogisticRegression().fit(rows, [0, 0, 1, 1]))
    assert text or model.predict([[0.9], [3.1]]).tolist() == [0, 1]


def test_rows_of_one_class_of_three_that_differ_by_an_ulp():
    x = 1302179.5068623181
    rows = np.array([[9e5], [9e5], [-2e6], [-2e6], [-x], [np.nextafter(-x, 0)]])
    labels = [0, 0, 1, 1, 2, 2]
    model, text = answer_or_text(lambda: gm.AnalyticLogisticRegression().fit(rows, labels))
    assert text or model.predict(rows).tolist() == labels


@pytest.mark.parametrize("weight", [np.inf, np.nan, -1.0, 1 + 1j])
def test_weights_that_cannot_be_used(weight):
    weights = np.array([1, 1, 1, 1, 1, weight])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "sample_weight" in refusal(
            lambda: gm.AnalyticLogisticRegression().fit(X, Y, sample_weight=weights)
        )


def test_weights_of_very_different_size():
    # Six rows of which two count: a model, or a text that names the weights.
    weights = np.array([1e-300, 1, 1e300, 1e-300, 1, 1e300])
    model, text = answer_or_text(
        lambda: gm.AnalyticLogisticRegression(shrinkage=0.5).fit(X, Y, sample_weight=weights)
    )
    assert "weight" in text if text else np.isfinite(model.coef_).all()


def test_after_a_failed_fit_the_model_is_not_fitted():
    from sklearn.exceptions import NotFittedError

    model = gm.AnalyticLogisticRegression()
    with pytest.raises(ValueError, match="class"):
        model.fit(np.zeros((4, 2)), [0, 0, 1, 1])
    with pytest.raises(NotFittedError):
        model.predict(X)


def test_a_failed_refit_mixes_no_old_with_new():
    from sklearn.exceptions import NotFittedError

    model = fitted()
    before = model.predict(X).tolist()
    with pytest.raises(ValueError, match="class"):
        model.fit(np.zeros((4, 2)), [7, 7, 8, 8])
    try:
        after = model.predict(X).tolist()
    except NotFittedError:
        return
    assert after == before


def test_parameters_set_after_fit_change_no_result():
    # As in scikit-learn: set_params speaks of the next fit.
    model = fitted(priors=[0.5, 0.5])
    before = model.priors_.copy(), model.coef_.copy(), model.intercept_.copy()
    model.set_params(priors=[0.9, 0.1])
    for one, two in zip(before, (model.priors_, model.coef_, model.intercept_), strict=True):
        np.testing.assert_array_equal(one, two)


def test_labelled_priors_are_taken_by_label():
    by_position = fitted(priors=[0.2, 0.8])
    model, text = answer_or_text(lambda: fitted(priors=pd.Series({"b": 0.8, "a": 0.2})))
    if text:
        assert "priors" in text
        return
    np.testing.assert_allclose(model.priors_, [0.2, 0.8])
    np.testing.assert_allclose(model.intercept_, by_position.intercept_)


def test_moments_beyond_the_largest_double():
    # The scatter is 2 · (1.7e308)²: no double.
    refusal(lambda: gm.Moments.from_samples([[1.7e308], [-1.7e308]]))


# The command line of the validation


def validation(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "gaussmetrics.validation", *arguments],
        capture_output=True, text=True, timeout=60, check=False, **options,
    )  # fmt: skip


def test_more_samples_than_any_memory_holds():
    done = validation("--quick", "--dataset", "iris", "--samples", "9" * 23)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "--samples" in done.stderr


def test_an_unwritable_report_is_found_before_the_run(tmp_path):
    (tmp_path / "report.json").mkdir()  # cannot be opened for writing, whoever runs this
    start = time.monotonic()
    done = validation("--quick", "--dataset", "iris", "--output", str(tmp_path))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "report.json" in done.stderr
    assert time.monotonic() - start < 10


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no full disk at hand")
def test_a_full_disk():
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "gaussmetrics.validation", "--quick", "--dataset", "iris"],
            stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode != 0
    assert "Traceback" not in done.stderr


def test_an_interrupt():
    code = "from gaussmetrics.validation.__main__ import main; print(0, flush=True); exit(main([]))"
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "0\n"
    time.sleep(1)
    child.send_signal(signal.SIGINT)
    _, text = child.communicate(timeout=30)
    # Where the comparison has begun, what is left of its progress bar stands beside the message.
    assert "python -m gaussmetrics.validation: interrupted, nothing is reported\n" in text
    assert "Traceback" not in text
    assert child.returncode == 130


# Single things


def test_a_table_between_spaces():
    flat = gm.Gaussian(np.zeros((2, 2)), [[2.0, 0.0], [0.0, 1.0]])
    solid = gm.Gaussian(np.zeros((3, 3)), np.diag([3.0, 2.0, 1.0]))
    table = gm.pairwise(gm.gromov_wasserstein_distance, flat, solid)
    assert table.shape == (2, 3)
    np.testing.assert_allclose(table, gm.gromov_wasserstein_distance(flat[0], solid[0]))
    assert "dimension" in refusal(lambda: gm.pairwise(gm.kl_divergence, flat, solid))


def test_a_matrix_is_no_generator():
    # In a process of its own, because it once crashed the interpreter.
    code = (
        "import numpy as np, gaussmetrics as gm\n"
        "try: gm.Gaussian.standard(1).sample(2, rng=np.matrix([[1]]))\n"
        "except (TypeError, ValueError) as error: print('refused:', error)\n"
        "else: print('accepted')"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "refused: rng must be" in done.stdout


@pytest.mark.parametrize("metric", [gm.kl_divergence, gm.wasserstein_distance, gm.bayes_error])
def test_a_mixture_is_no_law(metric):
    law = gm.Gaussian([[0.0], [4.0]], [[1.0]])
    mixture = gm.Mixture(np.array([0.5, 0.5]), law)
    text = refusal(lambda: metric(mixture, law))
    assert "mixture" in text.lower()
    assert "Gaussian(mean, cov)" not in text
    assert "mixture_kl_divergence" in text or "mixture_wasserstein_distance" in text


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "float64"])
def test_tensors_of_every_float_type(dtype):
    torch = pytest.importorskip("torch")
    rows = torch.tensor([[0, 1], [1, 3], [2, 0], [5, 1]], dtype=getattr(torch, dtype))
    law, text = answer_or_text(lambda: gm.Gaussian.from_samples(rows))
    if text:  # NumPy has no bfloat16
        assert dtype == "bfloat16"
        assert re.search(r"\.(float|double)\(\)|\.to\(", text)
        return
    np.testing.assert_allclose(law.mean, [2.0, 1.25], rtol=1e-6)


def test_the_covariance_of_one_variable():
    data = np.array([1.0, 2.0, 4.0])
    text = refusal(lambda: gm.Gaussian([2.0], np.cov(data)))
    assert "from_diagonal" not in text
    assert re.search(r"\[\[|atleast_2d|reshape", text)


@pytest.mark.parametrize("sizes", [(100, 100, 100), (100, 80)])
def test_shards_do_not_silently_become_a_batch(sizes):
    # An array (k, n, d) is a batch, as documented; a list of arrays is a sample in pieces.
    rng = np.random.default_rng(0)
    shards = [rng.standard_normal((n, 3)) for n in sizes]
    assert re.search(r"concatenate|vstack", refusal(lambda: gm.Gaussian.from_samples(shards)))


def test_image_features_of_shape_n_d_1_1():
    features = np.random.default_rng(0).standard_normal((50, 8, 1, 1))
    text = refusal(lambda: gm.Gaussian.from_samples(features))
    assert "needs more than 1 samples" not in text
    assert re.search(r"squeeze|reshape|\[\.\.\., 0, 0\]|flatten", text)
