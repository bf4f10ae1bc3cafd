"""Moments: exact against literal sums in many digits, and exact to merge."""

from __future__ import annotations

import pickle
from fractions import Fraction
from functools import reduce
from operator import add

import numpy as np
import pandas as pd
import pytest

import gaussmetrics as gm
from gaussmetrics import Moments
from gaussmetrics.laws import blocks
from gaussmetrics.softmax import ClassMoments


def exact_scatter(X, weights=None):
    """Mean and scatter in rational numbers: no rounding until the end."""
    w = [Fraction(1)] * len(X) if weights is None else [Fraction(float(v)) for v in weights]
    rows = [[Fraction(float(v)) for v in row] for row in X]
    n, d = sum(w), len(rows[0])
    mean = [sum(k * row[j] for k, row in zip(w, rows, strict=True)) / n for j in range(d)]
    centred = [[row[j] - mean[j] for j in range(d)] for row in rows]
    scatter = [
        [float(sum(k * c[i] * c[j] for k, c in zip(w, centred, strict=True))) for j in range(d)]
        for i in range(d)
    ]
    return np.array([float(m) for m in mean]), np.array(scatter)


@pytest.fixture
def small_blocks(monkeypatch):
    """Cut samples into many blocks, however small they are."""
    monkeypatch.setattr(blocks, "BLOCK_ELEMENTS", 1)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("offset", [0.0, 1e8])
@pytest.mark.parametrize("weighted", [False, True])
def test_equals_rational_arithmetic_also_far_from_zero(offset, weighted):
    rng = np.random.default_rng(0)
    X = offset + rng.standard_normal((150, 3)) @ rng.standard_normal((3, 3))
    w = rng.integers(0, 4, 150) if weighted else None
    mean, scatter = exact_scatter(X, w)
    m = Moments.from_samples(X, weights=w)
    np.testing.assert_allclose(m.mean, mean, rtol=4e-16, atol=1e-14)
    np.testing.assert_allclose(m.scatter, scatter, rtol=1e-12, atol=1e-12)
    assert m.count == (150 if w is None else w.sum())


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_class_moments_equal_rational_arithmetic(offset):
    rng = np.random.default_rng(1)
    codes = rng.choice(4, 200, p=[0.7, 0.2, 0.1, 0.0])
    X = offset + rng.standard_normal((200, 3)) + codes[:, None]
    w = rng.integers(1, 4, 200)
    m = ClassMoments.from_samples(X, codes, 4, weights=w)
    parts = [exact_scatter(X[codes == k], w[codes == k]) for k in range(3)]
    np.testing.assert_array_equal(m.counts, np.bincount(codes, w, minlength=4))
    np.testing.assert_allclose(m.means[:3], [mean for mean, _ in parts], rtol=4e-16, atol=1e-14)
    np.testing.assert_array_equal(m.means[3], 0.0)
    np.testing.assert_allclose(m.scatter, sum(s for _, s in parts), rtol=1e-12, atol=1e-12)


@pytest.mark.usefixtures("small_blocks")
def test_batches_are_the_moments_of_each_sample():
    rng = np.random.default_rng(2)
    X = rng.standard_normal((2, 3, 100, 4))
    w = rng.random((3, 100))
    m = Moments.from_samples(X, weights=w)
    assert m.count.shape == (2, 3)
    assert m.scatter.shape == (2, 3, 4, 4)
    one = Moments.from_samples(X[1, 2], weights=w[2])
    np.testing.assert_allclose(m.mean[1, 2], one.mean, rtol=1e-13)
    np.testing.assert_allclose(m.scatter[1, 2], one.scatter, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(m.count[1, 2], one.count, rtol=1e-14)
    assert isinstance(one.count, np.float64)


def test_covariance_is_that_of_numpy():
    X = np.random.default_rng(3).standard_normal((30, 4))
    for ddof in (0, 1):
        expected = np.cov(X.T, ddof=ddof)
        np.testing.assert_allclose(Moments.from_samples(X).covariance(ddof=ddof), expected)


def test_merging_parts_of_any_size_is_taking_them_together():
    X = 1e6 + np.random.default_rng(4).standard_normal((101, 3))
    whole = Moments.from_samples(X)
    parts = [Moments.from_samples(part) for part in np.split(X, [0, 1, 5, 60])]
    merged = reduce(add, parts)
    assert merged.count == whole.count
    np.testing.assert_allclose(merged.mean, whole.mean, rtol=1e-15)
    np.testing.assert_allclose(merged.scatter, whole.scatter, rtol=1e-9, atol=1e-9)


def test_merging_does_not_depend_on_the_order():
    rng = np.random.default_rng(13)
    one, other = (Moments.from_samples(n**6 * rng.standard_normal((n, 20))) for n in (50, 7))
    np.testing.assert_array_equal((one + other).mean, (other + one).mean)
    np.testing.assert_array_equal((one + other).scatter, (other + one).scatter)


def test_merging_classes_is_taking_them_together():
    rng = np.random.default_rng(5)
    X, codes, w = rng.standard_normal((90, 3)), rng.integers(0, 3, 90), rng.random(90)
    whole = ClassMoments.from_samples(X, codes, 3, weights=w)
    parts = (
        ClassMoments.from_samples(X[i], codes[i], 3, weights=w[i])
        for i in np.split(np.argsort(codes), [20, 21, 50])
    )
    merged = reduce(add, parts)
    np.testing.assert_allclose(merged.counts, whole.counts, rtol=1e-14)
    np.testing.assert_allclose(merged.means, whole.means, rtol=1e-13)
    np.testing.assert_allclose(merged.scatter, whole.scatter, rtol=1e-12, atol=1e-13)


def test_nothing_is_the_neutral_element():
    nothing = Moments.from_samples(np.empty((0, 2)))
    m = Moments.from_samples(np.random.default_rng(6).standard_normal((9, 2)))
    for total in (nothing + m, m + nothing):
        assert total.count == m.count
        np.testing.assert_array_equal(total.mean, m.mean)
        np.testing.assert_array_equal(total.scatter, m.scatter)
    assert (nothing + nothing).count == 0
    np.testing.assert_array_equal((nothing + nothing).mean, 0.0)


@pytest.mark.usefixtures("small_blocks")
def test_integer_weights_are_repeated_rows_and_weight_zero_is_no_row():
    rng = np.random.default_rng(7)
    X, w = rng.standard_normal((200, 3)), rng.integers(0, 3, 200)
    weighted = Moments.from_samples(X, weights=w)
    repeated = Moments.from_samples(np.repeat(X, w, axis=0))
    np.testing.assert_allclose(weighted.mean, repeated.mean, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(weighted.scatter, repeated.scatter, rtol=1e-12, atol=1e-12)


def test_total_is_the_law_of_total_covariance():
    rng = np.random.default_rng(8)
    codes = rng.integers(0, 3, 80)
    X = rng.standard_normal((80, 3)) + codes[:, None]
    total = ClassMoments.from_samples(X, codes, 4).total()
    direct = Moments.from_samples(X)
    np.testing.assert_allclose(total.mean, direct.mean, rtol=1e-13)
    np.testing.assert_allclose(total.scatter, direct.scatter, rtol=1e-12)


@pytest.mark.usefixtures("small_blocks")
def test_constant_columns_have_no_scatter_at_all():
    rng = np.random.default_rng(9)
    codes = rng.integers(0, 3, 300)
    X = np.column_stack([rng.standard_normal(300), np.full(300, 1e8 / 3), 0.1 * codes + 1e8 / 3])
    w = rng.random(300)
    assert Moments.from_samples(X).scatter[1, 1] == 0.0
    assert Moments.from_samples(X, weights=w).scatter[1, 1] == 0.0
    np.testing.assert_array_equal(ClassMoments.from_samples(X, codes, 3).scatter[1:, :], 0.0)


@pytest.mark.parametrize("size", [1, 2**20])
def test_scatter_is_symmetric_to_the_last_bit(monkeypatch, size):
    monkeypatch.setattr(blocks, "BLOCK_ELEMENTS", size)
    rng = np.random.default_rng(10)
    X, codes = rng.standard_normal((300, 41)), rng.integers(0, 5, 300)
    for m in (Moments.from_samples(X), ClassMoments.from_samples(X, codes, 5)):
        for s in (m.scatter, (m + m).scatter):
            np.testing.assert_array_equal(s, s.T)


def test_float32_and_integers_are_summed_in_float64():
    rng = np.random.default_rng(11)
    X = (1000 + rng.standard_normal((50, 2))).astype(np.float32)
    m = Moments.from_samples(X)
    np.testing.assert_array_equal(m.scatter, Moments.from_samples(X.astype(np.float64)).scatter)
    assert m.scatter.dtype == np.float64
    c = ClassMoments.from_samples(X, np.arange(50) % 2, 2)
    assert c.scatter.dtype == np.float64
    assert Moments.from_samples([[1, 2], [3, 5]]).mean.tolist() == [2.0, 3.5]


def test_the_callers_arrays_stay_and_ours_cannot_be_written():
    X = np.random.default_rng(12).standard_normal((20, 2))
    before = X.copy()
    m, c = Moments.from_samples(X), ClassMoments.from_samples(X, np.arange(20) % 2, 2)
    np.testing.assert_array_equal(X, before)
    for array in (m.mean, m.scatter, c.counts, c.means, c.scatter):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0.0


@pytest.mark.parametrize(
    ("bad", "error", "text"),
    [
        ([1.0, 2.0], ValueError, r"X must have shape \(\.\.\., n, d\) with at least one column"),
        (np.empty((3, 0)), ValueError, "at least one column"),
        ([["a"]], TypeError, "X must hold real numbers, got dtype"),
        ([[1j]], TypeError, "X must hold real numbers"),
        ([[np.nan], [1.0]], ValueError, r"X must be finite, but X\[0, 0\] is nan"),
        ([[np.inf, -np.inf]], ValueError, "X must be finite"),
        ([[1e200], [-1e200]], ValueError, "overflow float64. Rescale"),
    ],
)
def test_bad_samples_are_refused(bad, error, text):
    with pytest.raises(error, match=text):
        Moments.from_samples(bad)


def test_large_numbers_whose_sum_overflows_are_not_mistaken_for_infinities():
    assert Moments.from_samples(np.full((30, 1), 1e308)).scatter == 0.0


@pytest.mark.parametrize(
    ("weights", "text"),
    [
        ([1.0], "weights must have one entry a row"),
        ([1, -1], "must not be negative"),
        ([0, 0], "must not all be zero"),
        ([1, np.nan], "weights must be finite"),
    ],
)
def test_bad_weights_are_refused(weights, text):
    with pytest.raises(ValueError, match=text):
        Moments.from_samples([[1.0], [2.0]], weights=weights)


def test_what_cannot_be_merged_or_divided_is_refused():
    one, two = Moments.from_samples([[1.0]]), Moments.from_samples([[1.0, 2.0]])
    with pytest.raises(ValueError, match="only moments of one shape can be merged"):
        one + two
    with pytest.raises(ValueError, match="only moments of one shape can be merged"):
        ClassMoments.from_samples([[1.0]], [0], 1) + ClassMoments.from_samples([[1.0]], [0], 2)
    with pytest.raises(TypeError, match="unsupported operand"):
        one + 1
    with pytest.raises(TypeError, match="unsupported operand"):
        ClassMoments.from_samples([[1.0]], [0], 1) + one
    with pytest.raises(ValueError, match="ddof=1 needs more than 1 samples, got 1"):
        one.covariance()


@pytest.mark.parametrize(
    ("count", "mean", "scatter", "text"),
    [
        (-1.0, [0.0], [[1.0]], "count must not be negative, got -1"),
        (1.0, [0.0], [[1.0, 2.0]], "must have shapes"),
        ([1.0], [0.0], [[1.0]], "must have shapes"),
        (1.0, [0.0], [[np.nan]], "overflow"),
    ],
)
def test_bad_moments_are_refused(count, mean, scatter, text):
    with pytest.raises(ValueError, match=text):
        Moments(count, mean, scatter)


# Digits far from the origin


def in_random_order(rng, parts):
    parts = list(parts)
    while len(parts) > 1:
        i, j = rng.choice(len(parts), 2, replace=False)
        parts[i] = parts[i] + parts[j]
        del parts[j]
    return parts[0]


@pytest.mark.parametrize("order", ["tree", "reduce", "sum"])
@pytest.mark.parametrize("offset", [0.0, 1e8, 1e12, -3e15])
def test_merging_in_any_order_keeps_the_digits(offset, order):
    rng = np.random.default_rng(20)
    X = offset + rng.standard_normal((300, 3)) @ rng.standard_normal((3, 3))
    mean, scatter = exact_scatter(X)
    parts = [Moments.from_samples(part) for part in np.split(X, np.sort(rng.choice(300, 60)))]
    whole = {"tree": lambda p: in_random_order(rng, p), "reduce": lambda p: reduce(add, p)}
    m = whole.get(order, sum)(parts)
    unit = np.sqrt(np.outer(np.diag(scatter), np.diag(scatter)))
    assert np.abs((m.scatter - scatter) / unit).max() < 2e-15
    np.testing.assert_allclose(m.mean, mean, rtol=1.2e-16, atol=1e-15)


@pytest.mark.parametrize("offset", [1e8, 1e12])
def test_merging_weighted_parts_keeps_the_digits(offset):
    rng = np.random.default_rng(21)
    X, w = offset + rng.standard_normal((200, 2)), rng.gamma(1.0, size=200)
    _, scatter = exact_scatter(X, w)
    m = sum(Moments.from_samples(X[i::40], weights=w[i::40]) for i in range(40))
    np.testing.assert_allclose(m.scatter, scatter, rtol=1e-14, atol=1e-14 * scatter[0, 0])


def test_the_mean_is_kept_beyond_its_rounding():
    X = 1e12 + np.random.default_rng(22).standard_normal((100, 1))
    m = sum(Moments.from_samples(part) for part in np.split(X, 10))
    exact = sum(Fraction(float(x)) for x in X[:, 0]) / 100
    kept = Fraction(float(m.mean[0])) + Fraction(float(m.mean_low[0]))
    assert abs(float(kept - exact)) < 1e-15
    assert abs(float(Fraction(float(m.mean[0])) - exact)) > 1e-6  # the rounded mean alone


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_integers_beyond_the_floats_are_right(dtype):
    base = 2**60 + 1
    X = np.array([[base], [base + 2], [base + 4]], dtype=dtype)
    m = Moments.from_samples(X)
    assert m.scatter == 8.0
    halves = [Moments.from_samples(X[:1]), Moments.from_samples(X[1:])]
    np.testing.assert_allclose(sum(halves).scatter, 8.0, rtol=1e-15)
    np.testing.assert_array_equal(gm.Gaussian.from_samples(X).cov, [[4.0]])
    wide = gm.Gaussian.from_samples(np.column_stack([X, X, X])[:2])
    np.testing.assert_array_equal(wide.cov, np.full((3, 3), 2.0))


def test_integers_of_the_whole_range():
    limits = np.iinfo(np.int64)
    X = np.array([[limits.min], [limits.max], [-1], [7]])
    mean = Fraction(sum(int(x) for x in X[:, 0]), 4)
    scatter = sum((int(x) - mean) ** 2 for x in X[:, 0])
    m = Moments.from_samples(X)
    np.testing.assert_allclose(m.mean, float(mean), atol=1e-16 * 2.0**64)
    np.testing.assert_allclose(m.scatter, float(scatter), rtol=1e-15)


def test_long_doubles_are_measured_from_a_row_of_their_own():
    X = np.longdouble(2) ** 62 + np.arange(3, dtype=np.longdouble)[:, None]
    if np.finfo(np.longdouble).nmant < 62:
        pytest.skip("long double is double here")
    assert Moments.from_samples(X).scatter == 2.0


def test_an_empty_sum_part_and_a_pickle():
    m = Moments.from_samples(1e12 + np.random.default_rng(23).standard_normal((9, 2)))
    copy = pickle.loads(pickle.dumps(m))
    for name in ("count", "mean", "scatter", "mean_low"):
        np.testing.assert_array_equal(getattr(copy, name), getattr(m, name))
    assert sum([m]) is m
    with pytest.raises(TypeError, match="unsupported operand"):
        1 + m
    with pytest.raises(ValueError, match="read-only"):
        copy.scatter[...] = 0.0


# Taking a part away


@pytest.mark.parametrize("offset", [0.0, 1e12])
@pytest.mark.parametrize("weighted", [False, True])
def test_taking_a_part_away_leaves_the_rest(offset, weighted):
    rng = np.random.default_rng(24)
    X = offset + rng.standard_normal((120, 3))
    w = rng.gamma(2.0, size=120) if weighted else np.ones(120)
    for cut in (1, 30, 60, 119):
        whole, part = (Moments.from_samples(X[:k], weights=w[:k]) for k in (120, cut))
        rest = whole - part
        mean, scatter = exact_scatter(X[cut:], w[cut:])
        assert abs(rest.count - w[cut:].sum()) < 1e-15 * whole.count
        np.testing.assert_allclose(rest.mean - offset, mean - offset, rtol=1e-12, atol=1e-13)
        tolerance = 4e-15 * np.abs(whole.scatter).max() * whole.count / rest.count
        np.testing.assert_allclose(rest.scatter, scatter, rtol=0, atol=tolerance)


def test_taking_all_or_nothing_away():
    X = 7.0 + np.random.default_rng(25).standard_normal((50, 2))
    m, nothing = Moments.from_samples(X), Moments.from_samples(np.empty((0, 2)))
    for name in ("count", "mean", "scatter"):
        np.testing.assert_array_equal(getattr(m - nothing, name), getattr(m, name))
        np.testing.assert_array_equal(getattr(m - m, name), 0.0)
        np.testing.assert_array_equal(getattr(sum([m, m]) - m - m, name), 0.0)


def test_what_is_left_of_a_column_is_never_negative():
    rng = np.random.default_rng(26)
    X = np.column_stack([rng.standard_normal(40), np.full(40, 1 / 3)])
    X[:20, 1] += rng.standard_normal(20)
    rest = Moments.from_samples(X) - Moments.from_samples(X[:20])
    assert 0 <= rest.scatter[1, 1] < 1e-14
    batch = Moments.from_samples(np.array([X, X])) - Moments.from_samples(np.array([X, X])[:, :20])
    np.testing.assert_array_equal(batch.scatter[1], rest.scatter)


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (np.zeros((60, 2)), "the count of b, 60, exceeds that of a, 50"),
        (np.full((50, 2), 3.0), "does not fit into that of a"),  # as many rows, but others
        (np.random.default_rng(1).standard_normal((50, 2)), "does not fit into that of a"),
        (100.0 * np.ones((5, 2)), "does not fit into that of a"),  # too far off
        ([[9.0, 0.0], [-9.0, 0.0]], "does not fit into that of a"),  # too wide
        ([[2.0, -2.0], [-2.0, 2.0]] * 4, "does not fit into that of a"),  # in one direction only
    ],
)
def test_what_is_no_part_is_refused(part, text):
    whole = Moments.from_samples(np.random.default_rng(27).standard_normal((50, 2)))
    with pytest.raises(ValueError, match=text):
        whole - Moments.from_samples(part)


def test_what_cannot_be_taken_away_is_refused():
    one, two = Moments.from_samples([[1.0]]), Moments.from_samples([[1.0, 2.0]])
    with pytest.raises(ValueError, match="only moments of one shape can be merged"):
        one - two
    with pytest.raises(TypeError, match="unsupported operand"):
        one - 1
    still, moving = Moments.from_samples([[1.0]] * 5), Moments.from_samples([[1.0], [1.0 + 1e-9]])
    with pytest.raises(ValueError, match="does not fit"):
        still - moving


# Extreme input


@pytest.mark.parametrize("n", [2, 3])
def test_samples_too_far_apart_for_floats_are_refused_without_warnings(n):
    far = [[1.7e308], [-1.7e308], [0.0]][:n]
    with pytest.raises(ValueError, match=r"the squares of X overflow float64\. Rescale"):
        Moments.from_samples(far)
    first, second = (Moments.from_samples([row]) for row in far[:2])
    with pytest.raises(ValueError, match=r"the squares of X overflow float64\. Rescale"):
        first + second
    with pytest.raises(ValueError, match=r"overflow float64\. Rescale"):
        gm.Gaussian.from_samples(far)


def test_weights_too_large_to_sum_are_refused():
    with pytest.raises(ValueError, match=r"sum of the weights overflows float64\. Divide them by"):
        Moments.from_samples([[1.0], [2.0]], weights=[1.7e308, 1.7e308])


def test_weights_of_any_size_merge():
    heavy, light = (Moments.from_samples([[x]], weights=[w]) for x, w in ((0, 1e300), (3, 1e-300)))
    np.testing.assert_allclose((heavy + light).scatter, [[9e-300]], rtol=1e-15)


@pytest.mark.usefixtures("small_blocks")
def test_the_first_entry_that_is_not_finite_is_named_by_its_row():
    X = np.zeros((200, 2))
    X[150, 1] = np.nan
    with pytest.raises(ValueError, match=r"X must be finite, but X\[150, 1\] is nan"):
        Moments.from_samples(X)
    with pytest.raises(ValueError, match=r"X must be finite, but X\[150, 'b'\] is nan"):
        Moments.from_samples(pd.DataFrame(X, columns=["a", "b"]))
    with pytest.raises(ValueError, match=r"X must be finite, but X\[1, 150, 1\] is nan"):
        Moments.from_samples(np.array([np.zeros((200, 2)), X]))


@pytest.mark.parametrize(
    ("low", "text"),
    [([0.0, 0.0], r"mean_low must have the shape of the mean, \(1,\), got \(2,\)"),
     ([np.nan], "mean_low must be finite")],
)  # fmt: skip
def test_a_bad_low_part_is_refused(low, text):
    with pytest.raises(ValueError, match=text):
        Moments(1.0, [0.0], [[1.0]], low)
