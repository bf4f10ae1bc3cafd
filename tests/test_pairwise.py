"""The table of all pairs."""

import functools
import importlib
import re
from dataclasses import dataclass

import numpy as np
import pytest
import random_laws
from table import COMPARISONS, METRICS, OVERLAPS

import gaussmetrics as gm

room = importlib.import_module("gaussmetrics.pairwise")


@pytest.fixture
def batches():
    rng = np.random.default_rng(0)
    return random_laws.gaussian(rng, 3, batch=(7,)), random_laws.gaussian(rng, 3, batch=(5,))


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(room, "CHUNK_BYTES", 8 * 9 * 4)  # two by two pairs a block


def table(metric, ps, qs):
    return [[metric(p, q) for q in qs] for p in ps]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize(
    "metric", [m.function for m in METRICS + OVERLAPS], ids=lambda f: f.__name__
)
class TestTable:
    def test_every_pair(self, metric, batches):
        ps, qs = batches
        np.testing.assert_allclose(gm.pairwise(metric, ps, qs), table(metric, ps, qs), rtol=1e-11)

    def test_with_itself(self, metric, batches):
        ps, _ = batches
        result = gm.pairwise(metric, ps)
        np.testing.assert_allclose(result, table(metric, ps, ps), rtol=1e-11, atol=1e-15)
        if metric in room.SYMMETRIC:
            np.testing.assert_array_equal(result, result.T)
        if metric in {m.function for m in METRICS}:
            np.testing.assert_array_equal(np.diag(result), np.zeros(7))


def test_symmetric_metrics_are_declared():
    assert {m.function for m in METRICS + OVERLAPS + COMPARISONS if m.symmetric} == room.SYMMETRIC


@pytest.mark.usefixtures("small_blocks")
def test_workers_give_the_same_table(batches):
    ps, qs = batches
    serial = gm.pairwise(gm.kl_divergence, ps, qs)
    np.testing.assert_array_equal(gm.pairwise(gm.kl_divergence, ps, qs, n_jobs=2), serial)


@pytest.mark.usefixtures("small_blocks")
def test_progress_goes_to_standard_error(batches, capsys):
    ps, qs = batches
    shown = gm.pairwise(gm.kl_divergence, ps, qs, progress=True)
    np.testing.assert_array_equal(shown, gm.pairwise(gm.kl_divergence, ps, qs))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "100%" in captured.err


def test_a_function_of_the_users_own(batches):
    ps, qs = batches
    distance = lambda p, q: np.abs(p.mean - q.mean).sum(axis=-1)  # noqa: E731
    expected = np.abs(ps.mean[:, None] - qs.mean).sum(axis=-1)
    np.testing.assert_array_equal(gm.pairwise(distance, ps, qs), expected)
    doubled = functools.partial(lambda factor, p, q: factor * distance(p, q), 2.0)
    np.testing.assert_array_equal(gm.pairwise(doubled, ps, qs), 2 * expected)


@pytest.mark.parametrize("structure", ["diagonal", "low rank", "singular"])
def test_structures(structure):
    rng = np.random.default_rng(1)
    f = rng.standard_normal((6, 4, 2))
    cov = {
        "diagonal": gm.Covariance.from_diagonal(rng.gamma(2.0, size=(6, 4))),
        "low rank": gm.Covariance.from_factor(f, 0.5),
        "singular": gm.Covariance.from_factor(f),
    }[structure]
    ps = gm.Gaussian(rng.standard_normal((6, 4)), cov)
    for metric in (gm.kl_divergence, gm.wasserstein_distance):
        np.testing.assert_allclose(
            gm.pairwise(metric, ps), table(metric, ps, ps), rtol=1e-10, atol=1e-15
        )


def test_each_covariance_is_inverted_once(batches, monkeypatch):
    from gaussmetrics._array import triangles

    count = []
    invert = triangles.invert_lower
    monkeypatch.setattr(triangles, "invert_lower", lambda x: count.append(len(x)) or invert(x))
    gm.pairwise(gm.cross_entropy, *batches)
    assert count == [7, 5]


def test_an_empty_batch():
    empty = gm.Gaussian(np.zeros((0, 2)), np.eye(2))
    assert gm.pairwise(gm.kl_divergence, empty).shape == (0, 0)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (lambda p: ("kl", p), TypeError, "metric must be a function of two Gaussians"),
        (lambda p: (gm.kl_divergence, p[0]), ValueError, "ps must be a batch of shape (n,), got"),
        (lambda p: (gm.kl_divergence, p, p[:, None]), ValueError, "qs must be a batch of shape"),
        (lambda p: (gm.kl_divergence, p.cov), TypeError, "pairwise takes Gaussian objects, but ps"),
        (
            lambda p: (gm.kl_divergence, p, gm.Gaussian(np.zeros((2, 1)), [[1.0]])),
            ValueError,
            "kl_divergence needs p and q of the same dimension",
        ),
        (lambda p: (lambda _a, _b: 1.0, p), ValueError, "must return an array of shape (7, 7)"),
    ],
)
def test_errors(batches, arguments, error, text):
    with pytest.raises(error, match=re.escape(text)):
        gm.pairwise(*arguments(batches[0]))


@dataclass
class Weighted:
    """A metric that cannot be hashed."""

    weight: float

    def __call__(self, p, q):
        return self.weight * gm.wasserstein_distance(p, q)


def test_a_metric_that_cannot_be_hashed():
    ps = gm.Gaussian([[0.0], [3.0]], [[1.0]])
    np.testing.assert_array_equal(gm.pairwise(Weighted(2.0), ps), [[0.0, 6.0], [6.0, 0.0]])
