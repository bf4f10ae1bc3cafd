"""Moments of labelled rows: against exact fractions, in every layout, by any number of cores."""

from fractions import Fraction

import numpy as np
import pytest
from scipy import sparse

from gaussmetrics.laws import blocks
from gaussmetrics.softmax import ClassMoments


def rows(n=90, d=3, classes=4, seed=0):
    """Return rows, labels (one class has a single row, one none) and weights, some of them 0."""
    rng = np.random.default_rng(seed)
    y = np.append(rng.integers(0, classes - 1, n - 1), classes - 1)
    weights = rng.integers(0, 4, n) / 2.0
    weights[-1] = 1.0
    return rng.standard_normal((n, d)), y, weights


def exact(X, y, weights, n_classes):
    """Sum up by the definition, in fractions."""
    n, d = X.shape
    table = [[Fraction(float(x)) for x in row] for row in X]
    w = [Fraction(float(x)) for x in weights]
    counts = [sum(w[i] for i in range(n) if y[i] == k) for k in range(n_classes)]
    means = [
        [
            sum((w[i] * table[i][j] for i in range(n) if y[i] == k), Fraction()) / (counts[k] or 1)
            for j in range(d)
        ]
        for k in range(n_classes)
    ]
    gaps = [[table[i][j] - means[y[i]][j] for j in range(d)] for i in range(n)]
    scatter = [
        [sum(w[i] * gaps[i][a] * gaps[i][b] for i in range(n)) for b in range(d)] for a in range(d)
    ]
    return [np.array(part, dtype=float) for part in (counts, means, scatter)]


@pytest.mark.parametrize("offset", [0.0, 1e8, 1e12])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("block", [2**20, 300])
def test_moments_are_exact_wherever_the_classes_lie(offset, weighted, block, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_ELEMENTS", block)
    X, y, weights = rows()
    X = X + offset * np.arange(1.0, 13.0).reshape(4, 3)[y]
    w = weights if weighted else np.ones(len(y))
    moments = ClassMoments.from_samples(X, y, 5, weights=w if weighted else None)
    counts, means, scatter = exact(X, y, w, 5)
    np.testing.assert_array_equal(moments.counts, counts)
    np.testing.assert_allclose(moments.means, means, rtol=4e-16, atol=1e-15)
    size = np.sqrt(scatter.diagonal())
    assert np.abs((moments.scatter - scatter) / np.outer(size, size)).max() < 2e-15
    np.testing.assert_array_equal(moments.scatter, moments.scatter.T)


@pytest.mark.parametrize("cores", ["1", "2", "3"])
@pytest.mark.parametrize(
    "layout", [np.asfortranarray, lambda X: X.astype(np.float32), sparse.csr_array]
)
def test_layout_and_cores_change_no_bit(layout, cores, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    X, y, _ = rows(9_000, 20)
    X = X.astype(np.float32).astype(float)
    one = ClassMoments.from_samples(X, y, 4)
    monkeypatch.setenv("OMP_NUM_THREADS", cores)
    other = ClassMoments.from_samples(layout(X), y, 4)
    for name in ("counts", "means", "scatter"):
        np.testing.assert_array_equal(getattr(other, name), getattr(one, name))


def test_no_rows_have_moments_of_zero():
    none = ClassMoments.from_samples(np.zeros((0, 3)), np.zeros(0, dtype=int), 2)
    np.testing.assert_array_equal(none.counts, np.zeros(2))
    np.testing.assert_array_equal(none.means, np.zeros((2, 3)))
    np.testing.assert_array_equal(none.scatter, np.zeros((3, 3)))
