"""Tests of equal laws: against refits, exhaustive permutations, known sizes and powers."""

import re
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import gaussmetrics as gm
from gaussmetrics.inference import permutation
from gaussmetrics.inference.holm import adjusted


def two(n=12, m=9, d=2, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), 1.3 * rng.normal(size=(m, d)) + 0.4


def covariance(rows, ddof=1):
    return np.atleast_2d(np.cov(rows.T, ddof=ddof))


def law(rows):
    return gm.Gaussian(rows.mean(axis=0), covariance(rows))


def joint(*samples):
    pooled = np.concatenate(samples)
    parts = sum(len(x) * np.linalg.slogdet(covariance(x, 0))[1] for x in samples)
    return len(pooled) * np.linalg.slogdet(covariance(pooled, 0))[1] - parts


def hotelling(x, y):
    n, m = len(x), len(y)
    pooled = ((n - 1) * covariance(x) + (m - 1) * covariance(y)) / (n + m - 2)
    shift = x.mean(axis=0) - y.mean(axis=0)
    square = n * m / (n + m) * shift @ np.linalg.solve(pooled, shift)
    return (n + m) * np.log1p(square / (n + m - 2))


def box(x, y):
    n, m = len(x) - 1, len(y) - 1
    pooled = (n * covariance(x) + m * covariance(y)) / (n + m)
    logs = [np.linalg.slogdet(c)[1] for c in (pooled, covariance(x), covariance(y))]
    return (n + m) * logs[0] - n * logs[1] - m * logs[2]


STATISTICS = [
    ({}, joint),
    ({"covariances": False}, hotelling),
    ({"means": False}, box),
    (
        {"statistic": gm.squared_wasserstein_distance},
        lambda x, y: gm.squared_wasserstein_distance(law(x), law(y)),
    ),
    ({"statistic": gm.kl_divergence}, lambda x, y: gm.kl_divergence(law(x), law(y))),
]


@pytest.mark.parametrize(("options", "refitted"), STATISTICS)
def test_permutations_by_moments_are_refits(options, refitted):
    x, y = two()
    result = gm.equality_test(x, y, permutations=50, rng=4, **options)
    np.testing.assert_allclose(result.statistic, refitted(x, y), rtol=1e-10)
    if options.get("means", True):
        rows = np.concatenate([x, y])
    else:
        rows = np.concatenate([x - x.mean(axis=0), y - y.mean(axis=0)])
    owners = np.tile(np.repeat([0, 1], [12, 9]), (50, 1))
    owners = np.random.default_rng(4).permuted(owners, axis=1)
    expected = [refitted(rows[o == 0], rows[o == 1]) for o in owners]
    np.testing.assert_allclose(result.null.values, expected, rtol=1e-8)
    assert result.p_value == (1 + np.sum(np.array(expected) >= result.statistic)) / 51


def test_against_all_permutations():
    x, y = two(5, 4, 1, seed=3)
    rows, chosen = np.concatenate([x, y]), list(combinations(range(9), 5))
    every = [joint(rows[list(c)], np.delete(rows, list(c), axis=0)) for c in chosen]
    exact = np.mean(np.array(every) >= joint(x, y) - 1e-9)
    result = gm.equality_test(x, y, permutations=4000, rng=0)
    assert abs(result.p_value - exact) < 4 * np.sqrt(exact * (1 - exact) / 4000)
    assert 0.05 < exact < 0.95


def test_clusters_are_dealt_whole():
    x, y = two(24, 20)
    labels = np.arange(24) % 5, np.arange(20) % 4 + 10
    result = gm.equality_test(x, y, permutations=30, groups=labels, rng=1)
    assert repr(result.null) == "30 permutations of clusters"
    rows, names = np.concatenate([x, y]), np.concatenate(labels)
    owners = np.random.default_rng(1).permuted(np.tile(np.repeat([0, 1], [5, 4]), (30, 1)), axis=1)
    expected = []
    for o in owners:
        first = np.isin(names, np.unique(names)[o == 0])
        expected.append(joint(rows[first], rows[~first]))
    np.testing.assert_allclose(result.null.values, expected, rtol=1e-8)


def test_many_rows_are_dealt_in_groups():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(1003, 3)), rng.normal(size=(3001, 3))
    result = gm.equality_test(x, y, rng=0, permutations=99)
    assert repr(result.null) == "99 permutations of groups of 11 rows"
    units = permutation.of_rows([x, y], np.random.default_rng(0))
    assert units.counts() == [91, 272]
    assert [sums.rows for sums in units.kept] == [2, 9]
    for k, sample in enumerate((x, y)):
        own = units.owners == k
        np.testing.assert_array_equal(units.sizes[own], 11)
        total = units.totals[own].sum(axis=0) + units.kept[k].total
        np.testing.assert_allclose(total, sample.sum(axis=0), rtol=1e-12)
        square = units.squares(slice(None))[own].sum(axis=0) + units.kept[k].square
        np.testing.assert_allclose(square, sample.T @ sample, rtol=1e-12)
    # The spread of the statistic is that of rows dealt one by one.
    monkey = permutation.Units.of_arrays([x[:, None], y[:, None]], [x[:0], y[:0]], "rows")
    one_by_one = gm.inference.equality.likelihood.joint
    values = np.concatenate(
        [one_by_one(m) for m in permutation.moments_dealt(monkey, 99, np.random.default_rng(5))]
    )
    assert stats.ks_2samp(values, result.null.values).pvalue > 0.001


def test_moments_of_groups_and_of_rows_that_stay():
    rng = np.random.default_rng(12)
    rows = rng.normal(size=(23, 2))
    groups, kept = [rows[i : i + 3] for i in range(0, 18, 3)], [rows[18:20], rows[20:]]
    units = permutation.Units.of_arrays([groups[:2], groups[2:]], kept, "groups")
    (found,) = permutation.moments_dealt(units, 5, np.random.default_rng(1))
    owners = np.random.default_rng(1).permuted(np.tile(units.owners, (5, 1)), axis=1)
    for k in range(2):
        for i in range(5):
            own = [group for group, o in zip(groups, owners[i], strict=True) if o == k]
            expected = gm.Moments.from_samples(np.concatenate([*own, kept[k]]))
            assert found[k].count[i] == expected.count
            np.testing.assert_allclose(found[k].mean[i], expected.mean, rtol=1e-10)
            np.testing.assert_allclose(found[k].scatter[i], expected.scatter, rtol=1e-10)


def test_small_blocks_of_permutations(monkeypatch):
    x, y = two(30, 25, 3)
    whole = gm.equality_test(x, y, permutations=40, rng=6)
    monkeypatch.setattr(permutation, "CHUNK_BYTES", 8 * 9 * 40)
    blocks = gm.equality_test(x, y, permutations=40, rng=6)
    np.testing.assert_allclose(blocks.null.values, whole.null.values, rtol=1e-9)
    monkeypatch.setattr(permutation, "CHUNK_BYTES", 8 * 9 * 7)
    assert len(gm.equality_test(x, y, permutations=40, rng=6).null.values) == 40


@pytest.mark.parametrize("heavy", [False, True])
@pytest.mark.parametrize("options", [{}, {"statistic": gm.squared_wasserstein_distance}])
def test_the_size_of_the_default(heavy, options):
    rng, count, rejected = np.random.default_rng([heavy, len(options)]), 300, 0
    for _ in range(count):
        x, y = rng.normal(size=(30, 3)), rng.normal(size=(20, 3))
        if heavy:
            x, y = (rows * np.sqrt(5 / rng.chisquare(5, (len(rows), 1))) for rows in (x, y))
        rejected += gm.equality_test(x, y, permutations=39, rng=rng, **options).p_value <= 0.05
    assert abs(rejected / count - 0.05) < 4 * np.sqrt(0.05 * 0.95 / count)


def test_what_sees_what():
    """W₂² sees shifts of the mean, the likelihood ratio a correlation."""
    rng, count = np.random.default_rng(7), 40
    cov = np.eye(6)
    cov[0, 1] = cov[1, 0] = 0.55
    correlated = np.linalg.cholesky(cov)
    rejected = {"shift": np.zeros(2), "shape": np.zeros(2)}
    for _ in range(count):
        x, y = rng.normal(size=(2, 60, 6))
        for change, rows in (("shift", y + 0.2), ("shape", y @ correlated.T)):
            for k, statistic in enumerate(("likelihood_ratio", gm.squared_wasserstein_distance)):
                result = gm.equality_test(x, rows, statistic=statistic, permutations=99, rng=rng)
                rejected[change][k] += result.p_value <= 0.05
    assert rejected["shift"][1] > rejected["shift"][0] + 5
    assert rejected["shape"][0] > rejected["shape"][1] + 5


def test_several_samples():
    rng = np.random.default_rng(8)
    samples = {"a": rng.normal(size=(30, 2)), "b": rng.normal(size=(25, 2)) + 1, "c": two()[0]}
    result = gm.equality_test(samples, permutations=99, rng=0)
    np.testing.assert_allclose(result.statistic, joint(*samples.values()), rtol=1e-10)
    assert list(result.pairs) == [("a", "b"), ("a", "c"), ("b", "c")]
    for (i, j), pair in result.pairs.items():
        np.testing.assert_allclose(pair.statistic, joint(samples[i], samples[j]), rtol=1e-10)
    raw = [pair.p_value for pair in result.pairs.values()]
    assert list(result.adjusted.values()) == adjusted(raw)
    lines = repr(result).splitlines()
    assert lines[0].startswith("EqualityTest(likelihood ratio = ")
    assert lines[1].startswith("  a – b: ")
    listed = gm.equality_test(list(samples.values()), permutations=99, rng=0)
    assert listed.p_value == result.p_value
    assert list(listed.pairs) == [("0", "1"), ("0", "2"), ("1", "2")]


def test_a_metric_of_several_samples_is_measured_from_the_pooled_law():
    samples = [two()[0], two()[1], two(seed=5)[0]]
    result = gm.equality_test(
        samples, statistic=gm.squared_wasserstein_distance, permutations=19, rng=0
    )
    pooled = law(np.concatenate(samples))
    values = [len(x) * gm.squared_wasserstein_distance(law(x), pooled) for x in samples]
    np.testing.assert_allclose(result.statistic, sum(values) / 33, rtol=1e-10)


def test_the_exact_law_of_several_samples():
    samples = [two()[0], two()[1], two(seed=5)[0]]
    result = gm.equality_test(samples, null="normal")
    assert 0.0 < result.p_value < 1.0
    assert result.null.parts == ((11.0, 12.0), (8.0, 9.0), (11.0, 12.0))


@pytest.mark.parametrize("shrinkage", [0.2, "oas", "ledoit-wolf"])
def test_shrunk_laws(shrinkage):
    x, y = two(8, 7, 12)
    result = gm.equality_test(
        x, y, statistic=gm.kl_divergence, shrinkage=shrinkage, permutations=19, rng=0
    )
    gamma = shrinkage
    if isinstance(shrinkage, str):
        pooled = np.concatenate([x, y])
        cov, target = covariance(pooled), np.trace(covariance(pooled)) / 12
        fitted = gm.Gaussian.from_samples(pooled, shrinkage=shrinkage).cov
        gamma = 1 - fitted[0, 1] / cov[0, 1]
        np.testing.assert_allclose(fitted[0, 0], (1 - gamma) * cov[0, 0] + gamma * target)
    laws = [gm.Gaussian.from_samples(rows, shrinkage=gamma) for rows in (x, y)]
    np.testing.assert_allclose(result.statistic, gm.kl_divergence(*laws), rtol=1e-8)


def test_wide_data_by_transport():
    x, y = two(8, 7, 12)
    result = gm.equality_test(
        x, y, statistic=gm.wasserstein_distance, allow_singular=True, permutations=19, rng=0
    )
    laws = [gm.Gaussian.from_samples(rows) for rows in (x, y)]
    np.testing.assert_allclose(result.statistic, gm.wasserstein_distance(*laws), rtol=1e-6)


@pytest.mark.parametrize("unit", [1e-100, 1e100])
def test_units(unit):
    x, y = two(30, 20, 3)
    expected = gm.equality_test(x, y, permutations=99, rng=0)
    result = gm.equality_test(unit * x, unit * y, permutations=99, rng=0)
    np.testing.assert_allclose(result.statistic, expected.statistic, rtol=1e-8)
    assert result.p_value == expected.p_value


def test_far_from_the_origin():
    x, y = two(30, 20, 3)
    expected = gm.equality_test(x, y, permutations=99, rng=0)
    result = gm.equality_test(x + 1e8, y + 1e8, permutations=99, rng=0)
    np.testing.assert_allclose(result.statistic, expected.statistic, rtol=1e-5)
    np.testing.assert_allclose(result.null.values, expected.null.values, rtol=1e-5)


def test_holm():
    assert adjusted([0.01, 0.04, 0.03]) == [0.03, 0.06, 0.06]
    assert adjusted([0.5, 0.9]) == [1.0, 1.0]
    assert adjusted([]) == []


def test_thresholds():
    x, y = two(40, 30, 3)
    exact = gm.equality_test(x, y, null="normal")
    np.testing.assert_allclose(exact.null.p_value(exact.threshold(0.01)), 0.01, rtol=1e-8)
    with pytest.raises(ValueError, match="level must lie between 0 and 1, got 5"):
        exact.threshold(5)


# Equivalence.


def test_equivalence_is_the_interval_turned_around():
    rng = np.random.default_rng(9)
    x, y = rng.normal(size=(200, 3)), rng.normal(size=(150, 3)) + 0.1
    for metric in (gm.wasserstein_distance, gm.kl_divergence, gm.hellinger_distance):
        result = gm.estimate(metric, x, y)
        _, high = result.confidence_interval(0.9)
        for bound, below in ((0.99 * high, False), (1.01 * high, True)):
            test = gm.equivalence_test(metric, x, y, bound)
            assert (test.p_value < 0.05) == below
            assert test.estimate == result
            assert (test.statistic < 0) == (bound > result.value)
    assert repr(test).startswith("EquivalenceTest(0.")


def test_equivalence_is_rarely_claimed_at_the_bound():
    """The bound is the truth: a test of size 0.05 may claim less at most that often."""
    rng, count = np.random.default_rng(10), 100
    shift = 0.3
    x, y = rng.normal(size=(count, 60, 2)), shift / np.sqrt(2) + rng.normal(size=(count, 60, 2))
    tests = [
        gm.equivalence_test(gm.wasserstein_distance, a, b, shift, groups=10)
        for a, b in zip(x, y, strict=True)
    ]
    claimed = np.mean([test.p_value < 0.05 for test in tests])
    assert claimed < 0.05 + 3 * np.sqrt(0.05 * 0.95 / count)


def test_equivalence_takes_the_options_of_estimate():
    x, y = two(30, 25)
    test = gm.equivalence_test(
        lambda p, q: 2 * gm.wasserstein_distance(p, q), x, y, 5.0, scale="square", groups=5
    )
    assert test.estimate.degrees_of_freedom == 4


# Tables.


def test_a_table_of_all_pairs():
    rng = np.random.default_rng(11)
    samples = {"a_b": rng.normal(size=(30, 2)), "c": rng.normal(size=(25, 2)) + 1, "d": two()[0]}
    table = gm.estimate_pairwise(gm.wasserstein_distance, samples, permutations=99, rng=0)
    assert [(row.first, row.second) for row in table.rows] == [
        ("a_b", "c"),
        ("a_b", "d"),
        ("c", "d"),
    ]
    generator = np.random.default_rng(0)
    raw = []
    for row in table.rows:
        pair = samples[row.first], samples[row.second]
        assert row.estimate == gm.estimate(gm.wasserstein_distance, *pair)
        assert (row.low, row.high) == row.estimate.confidence_interval()
        raw.append(
            gm.equality_test(
                *pair, statistic=gm.wasserstein_distance, permutations=99, rng=generator
            ).p_value
        )
    assert [row.p_value for row in table.rows] == adjusted(raw)
    frame = table.to_frame()
    assert isinstance(frame, pd.DataFrame)
    assert list(frame["value"]) == [row.estimate.value for row in table.rows]
    assert table.to_markdown().count("\n") == 4
    assert table.to_latex().startswith("\\begin{tabular}{lrrrrr}\n\\toprule\npair & value")
    assert r"a\_b -- c & " in table.to_latex()
    assert "<td>a_b – c</td>" in table._repr_html_()
    assert repr(table).splitlines()[1].startswith("a_b – c ")
    assert len(table) == 3


def test_both_directions_of_an_asymmetric_metric():
    table = gm.estimate_pairwise(
        gm.kl_divergence, list(two(30, 25)), ["p|", "q"], permutations=19, rng=0, groups=None
    )
    assert [(row.first, row.second) for row in table.rows] == [("p|", "q"), ("q", "p|")]
    assert "| p\\| – q |" in table.to_markdown()


def test_a_table_of_clusters_and_levels():
    x, y = two(30, 25)
    labels = np.arange(30) % 6, np.arange(25) % 5 + 10
    table = gm.estimate_pairwise(
        gm.wasserstein_distance, [x, y], groups=labels, confidence_level=0.8, rng=0,
        permutations=19,
    )  # fmt: skip
    expected = gm.estimate(gm.wasserstein_distance, x, y, groups=labels)
    assert table.rows[0].estimate == expected
    assert (table.rows[0].low, table.rows[0].high) == expected.confidence_interval(0.8)


# Errors.

X, Y = two()


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        (
            {"statistic": "wilks"},
            TypeError,
            'statistic must be "likelihood_ratio" or a metric such as',
        ),
        ({"null": "chi2"}, ValueError, 'null must be "permutation" or "normal", got \'chi2\'.'),
        (
            {"means": False, "covariances": False},
            ValueError,
            "means and covariances are both False: nothing is left to compare.",
        ),
        (
            {"means": False, "statistic": gm.kl_divergence},
            ValueError,
            "means and covariances choose the likelihood ratio; a metric compares both.",
        ),
        (
            {"null": "normal", "statistic": gm.kl_divergence},
            ValueError,
            'null="normal" is the exact law of the likelihood ratio only.',
        ),
        (
            {"null": "normal", "groups": (np.arange(12), np.arange(9) + 20)},
            ValueError,
            'null="normal" supposes independent rows. With groups take null="permutation".',
        ),
        ({"permutations": 0}, ValueError, "permutations must be at least 1, got 0"),
        ({"permutations": 99.0}, TypeError, "permutations must be an integer, got 99.0"),
        ({"rng": "seed"}, TypeError, "rng must be a numpy.random.Generator or a non-negative"),
        ({"shrinkage": 0.1}, ValueError, "the likelihood ratio needs covariances of full rank as"),
        ({"allow_singular": True}, ValueError, "allow_singular pass a metric as statistic, such"),
        ({"shrinkage": "lw"}, TypeError, 'shrinkage must be a number from 0 to 1, "oas" or'),
        (
            {"x": X[:2]},
            ValueError,
            "x has too few rows: the likelihood ratio of 2 columns needs at",
        ),
        (
            {"x": X[:1], "statistic": gm.kl_divergence},
            ValueError,
            "x has too few rows: a covariance needs two, got 1.",
        ),
        (
            {"x": np.ones((2, 9)), "y": np.ones((3, 9)), "covariances": False},
            ValueError,
            "too few rows: means of 9 columns need 11 rows in all samples together, got 5.",
        ),
        (
            {"x": np.c_[X, X[:, 0]], "y": np.c_[Y, Y[:, 0]]},
            ValueError,
            "x determines no law: cov is sing",
        ),
        (
            {"x": np.c_[X, X[:, 0]], "y": np.c_[Y, Y[:, 0]], "covariances": False},
            ValueError,
            "x less its means determines no law: cov is singular",
        ),
        (
            {"x": np.c_[X, X[:, 0]], "y": np.c_[Y, Y[:, 0]], "statistic": gm.kl_divergence},
            ValueError,
            "a sample, or rows dealt anew to it, determine no law: cov is singular",
        ),
        (
            {"statistic": lambda p, q: np.ones(np.broadcast_shapes(p.batch_shape, q.batch_shape))},
            ValueError,
            "the statistic is 1 however the rows are dealt, and tells nothing. Is it a function of",
        ),
        (
            {"statistic": lambda p, q: np.nan * gm.kl_divergence(p, q)},
            ValueError,
            "the statistic is nan for the samples or for rows dealt anew, and cannot be compared.",
        ),
        ({"statistic": lambda _p, _q: 1.0}, ValueError, "metric must return one number a pair"),
        ({"statistic": lambda _p, _q: 1j}, TypeError, "metric must return real numbers"),
        (
            {"groups": (np.arange(12) // 6, np.arange(9) // 5 + 9)},
            ValueError,
            "the 4 groups of rows can be dealt to the samples in 6 ways only, so that no p-value "
            "below 0.17 is possible. Give more rows or clusters.",
        ),
        ({"groups": 5}, ValueError, "groups must be a number, or one list of labels for each of x"),
        (
            {"x": gm.Gaussian.standard(2)},
            TypeError,
            "equality_test takes samples, but x is a Gaussian.",
        ),
        (
            {"y": gm.Gaussian.standard(2)},
            TypeError,
            "gaussmetrics.testing.assert_same_law(x, law)",
        ),
        (
            {"y": np.ones((9, 3))},
            ValueError,
            "x and y must have the same columns, got 2 in x and 3",
        ),
        ({"y": np.ones((2, 9, 2))}, ValueError, "y must have shape (n, d), one draw a row, got (2"),
        ({"x": X * np.nan}, ValueError, "x must be finite, but x[0, 0] is nan"),
        ({"y": None}, TypeError, "equality_test takes two samples, or a list of samples of shape"),
        ({"x": [X], "y": None}, ValueError, "equality_test compares two samples or more, got 1."),
    ],
)
def test_errors(change, error, text):
    arguments = {"x": X, "y": Y, "permutations": 19, "rng": 0, **change}
    with pytest.raises(error, match=re.escape(text)):
        gm.equality_test(arguments.pop("x"), arguments.pop("y"), **arguments)


@pytest.mark.parametrize(
    ("metric", "bound", "error", "text"),
    [
        (gm.wasserstein_distance, 0, ValueError, "bound must be positive and finite, got 0. It is"),
        (gm.wasserstein_distance, -1.0, ValueError, "bound must be positive and finite, got -1.0."),
        (gm.wasserstein_distance, np.inf, ValueError, "bound must be positive and finite, got inf"),
        (gm.wasserstein_distance, "1", TypeError, "bound must be a number, got '1'."),
        (
            gm.hellinger_distance,
            1.0,
            ValueError,
            "bound must be below 1, which this distance never",
        ),
        (
            gm.bayes_error,
            0.4,
            ValueError,
            "equivalence is a distance below a bound, and this metric",
        ),
        (gm.cross_entropy, 1.0, ValueError, 'or scale="square" with a distance of your own.'),
    ],
)
def test_errors_of_equivalence(metric, bound, error, text):
    with pytest.raises(error, match=re.escape(text)):
        gm.equivalence_test(metric, X, Y, bound)


def test_equivalence_of_a_batch_is_refused():
    batch = np.random.default_rng(0).normal(size=(3, 20, 2))
    with pytest.raises(TypeError, match="a batch of 3 estimates cannot be"):
        gm.equivalence_test(gm.wasserstein_distance, batch, batch + 1, 1.0)


@pytest.mark.parametrize(
    ("samples", "names", "error", "text"),
    [
        ([X, Y], ["a"], ValueError, "names must be 2 different names, one a sample, got ['a']."),
        ([X, Y], ["a", "a"], ValueError, "names must be 2 different names, one a sample, got"),
        (X, None, TypeError, "estimate_pairwise takes two samples, or a list of samples of shape"),
        ([X, np.ones((5, 3))], None, ValueError, "0 and 1 must have the same columns, got 2 in 0"),
    ],
)
def test_errors_of_the_table(samples, names, error, text):
    with pytest.raises(error, match=re.escape(text)):
        gm.estimate_pairwise(gm.wasserstein_distance, samples, names)


def test_without_pandas(monkeypatch):
    table = gm.estimate_pairwise(gm.wasserstein_distance, [X, Y], permutations=19, rng=0)
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(ImportError, match="to_frame needs the package pandas: pip install pandas"):
        table.to_frame()
