"""Estimates and tests of samples in blocks: those of one machine that holds all rows."""

import re
from functools import partial

import numpy as np
import pandas as pd
import pytest

import gaussmetrics as gm
from gaussmetrics.inference import group_passes, permutation, shuffle
from gaussmetrics.inference.shuffle import Shuffle

da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")
pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
ds = pytest.importorskip("pyarrow.dataset")

D, NAMES = 3, ["height", "weight", "age"]


def drawn(n, offset, shift, seed):
    rng = np.random.default_rng(seed)
    return offset + shift + rng.standard_normal((n, D)) @ (np.eye(D) + 0.3 * np.tri(D))


@pytest.fixture(scope="module", params=[0.0, 1e8], ids=["near", "far"])
def samples(request):
    return drawn(1111, request.param, 0.0, 1), drawn(603, request.param, 0.5, 2)


@pytest.fixture(scope="module")
def far():
    return drawn(1111, 1e8, 0.0, 1), drawn(603, 1e8, 0.5, 2)


def blocks(X, rows=200):
    return da.from_array(X, chunks=(rows, D))


def unknown(X):
    return blocks(X)[blocks(X)[:, 0] > -np.inf]


def same(found, whole):
    """To what a hundred fits, each right to 100 ε κ with κ below 5, leave of a sum over them."""
    scale = abs(whole.value) + abs(whole.standard_error)
    for name in ("value", "standard_error", "bias"):
        assert abs(getattr(found, name) - getattr(whole, name)) < 1e-11 * scale
    assert found.degrees_of_freedom == whole.degrees_of_freedom
    assert found.distance == whole.distance


def same_test(found, whole):
    assert found.p_value == whole.p_value
    assert repr(found.null) == repr(whole.null)
    # A likelihood ratio is a difference of logarithms of determinants times numbers of rows.
    scale = 1714 if "likelihood" in whole.name else np.abs(whole.null.values).max()
    assert abs(found.statistic - whole.statistic) < 1e-12 * scale
    np.testing.assert_allclose(found.null.values, whole.null.values, rtol=0, atol=1e-12 * scale)


# A random order that is told row by row


@pytest.mark.parametrize("n", [2, 99, 2**16, 2**16 + 1, 2**17, 300_007])
def test_an_order_is_a_bijection_in_any_parts(n):
    order = Shuffle(n, np.random.default_rng(0))
    places = order.places(0, n)
    np.testing.assert_array_equal(np.sort(places), np.arange(n))
    np.testing.assert_array_equal(places[order.order()], np.arange(n))
    parts = [order.places(a, b) for a, b in ((0, 1), (1, n // 2), (n // 2, n))]
    np.testing.assert_array_equal(np.concatenate(parts), places)
    assert not np.array_equal(Shuffle(n, np.random.default_rng(7)).places(0, n), places) or n == 2


@pytest.mark.parametrize("n", [1000, 70_001])
def test_an_order_advances_its_generator_alike(n):
    first, second = np.random.default_rng(3), np.random.default_rng(3)
    order = Shuffle(n, first).order()
    np.testing.assert_array_equal(Shuffle(n, second).order(), order)
    following = first.random()
    assert following == second.random()
    assert following != np.random.default_rng(3).random()
    if n == 1000:
        np.testing.assert_array_equal(order, np.random.default_rng(3).permutation(n))


def test_a_long_order_is_random():
    n, g = 2**17 + 12_345, 50
    places = Shuffle(n, np.random.default_rng(0)).places(0, n)
    group = places * g // n
    # Rows in order, a trend: means of groups spread as those of random groups do, χ² of g − 1.
    means = np.bincount(group, np.arange(n) / n) / np.bincount(group)
    spread = ((means - 0.5) ** 2).sum() / (1 / 12 / (n / g))
    assert 23.98 < spread < 85.35  # 0.1 % to 99.9 % of χ² of 49 degrees
    # Each stretch of rows, and rows at any stride, fill the groups evenly.
    for some in (*np.array_split(group, 20), group[::64], group[::777], group[:: n // 300]):
        chi2 = ((np.bincount(some, minlength=g) - len(some) / g) ** 2).sum() / (len(some) / g)
        assert 18 < chi2 < 100
    lagged = [np.corrcoef(places[:-k], places[k:])[0, 1] * np.sqrt(n) for k in (1, 2, 128, 512)]
    assert np.abs(lagged).max() < 4


# Moments of groups


@pytest.mark.parametrize("sizes", [[5, 5], [1, 0, 70, 3], [1] * 40, [900, 1, 2, 4, 8], [0, 0]])
def test_moments_of_groups_are_those_of_their_rows(sizes, monkeypatch):
    monkeypatch.setattr(group_passes, "BLOCK_ELEMENTS", 30)
    codes = np.random.default_rng(0).permutation(np.repeat(np.arange(len(sizes)), sizes))
    rows = drawn(len(codes), 1e8, 0.0, 3)
    found = group_passes.moments_of_groups(rows, codes, len(sizes))
    np.testing.assert_array_equal(found.count, sizes)
    for g in range(len(sizes)):
        own = gm.Moments.from_samples(rows[codes == g])
        scale = max(1.0, sizes[g])
        np.testing.assert_allclose(found.scatter[g], own.scatter, rtol=0, atol=1e-13 * scale)
        mean = (found.mean[g] - own.mean) + (found.mean_low[g] - own.mean_low)
        np.testing.assert_allclose(mean, 0.0, atol=1e-14 * scale)


# Estimates


def norm_of_difference(p, q):
    """A metric of the user's own."""
    return ((p.mean - q.mean) ** 2).sum(-1) + np.trace(p.cov - q.cov, axis1=-2, axis2=-1) ** 2


METRICS = [
    gm.kl_divergence,
    gm.wasserstein_distance,
    gm.hellinger_distance,
    partial(gm.renyi_divergence, alpha=0.7),
]


@pytest.mark.parametrize("rows", [1, 137, 1111, (0, 1, 1109, 1, 0)])
def test_estimates_whatever_the_blocks(samples, rows):
    x, y = samples
    rows, x = (rows, x[:60]) if rows == 1 else (rows, x)
    for metric in METRICS:
        found = gm.estimate(metric, blocks(x, rows), blocks(y, 100))
        same(found, gm.estimate(metric, x, y))
    same(gm.estimate(gm.kl_divergence, x, blocks(y)), gm.estimate(gm.kl_divergence, x, y))


def test_a_group_a_row_in_blocks():
    x, y = drawn(90, 1e8, 0.0, 1), drawn(90, 1e8, 0.5, 2)
    found = gm.estimate(gm.kl_divergence, blocks(x, 17), unknown(y), groups=90)
    same(found, gm.estimate(gm.kl_divergence, x, y, groups=90))


def test_a_function_of_ones_own_is_told_where_the_laws_are():
    x, y = drawn(300, 7.0, 0.0, 1), drawn(200, 7.0, 0.5, 2)
    found = gm.estimate(norm_of_difference, blocks(x), blocks(y))
    same(found, gm.estimate(norm_of_difference, x, y))

    def first_mean(p, q):
        return p.mean[..., 0] + 0.0 * q.mean[..., 0]

    assert abs(gm.estimate(first_mean, x, y).value - x[:, 0].mean()) < 1e-12
    test = gm.equality_test(blocks(x), y, statistic=first_mean, permutations=19, rng=0)
    assert abs(test.statistic - x[:, 0].mean()) < 1e-12
    assert np.abs(test.null.values - x[:, 0].mean()).max() < 1


@pytest.mark.parametrize("shift", [0.0, 1e8, -3e9])
def test_digits_do_not_depend_on_the_origin(shift):
    """Integers moved by an integer are the same integers."""
    rng = np.random.default_rng(4)
    x, y = rng.integers(-50, 50, (300, 2)), rng.integers(-40, 60, (200, 2))
    for metric in (gm.kl_divergence, gm.wasserstein_distance):
        for options in ({}, {"shrinkage": "ledoit-wolf"}):
            moved = gm.estimate(metric, x + shift, y + shift, **options)
            same(moved, gm.estimate(metric, x.astype(float), y.astype(float), **options))
    options = {"statistic": gm.wasserstein_distance, "permutations": 39, "rng": 0}
    moved = gm.equality_test(x + shift, y + shift, **options)
    same_test(moved, gm.equality_test(x.astype(float), y.astype(float), **options))


@pytest.mark.parametrize("groups", [None, 2, 37])
def test_groups_of_an_order_that_no_one_holds(far, monkeypatch, groups):
    x, y = far
    plain = gm.estimate(gm.kl_divergence, x, y, groups=groups)
    same(gm.estimate(gm.kl_divergence, blocks(x), unknown(y), groups=groups), plain)
    monkeypatch.setattr(shuffle, "AT_ONCE", 50)
    whole = gm.estimate(gm.kl_divergence, x, y, groups=groups)
    assert whole.value != plain.value
    same(gm.estimate(gm.kl_divergence, blocks(x), unknown(y), groups=groups), whole)
    options = {"rng": 5, "permutations": 39}
    same_test(
        gm.equality_test(blocks(x, 77), unknown(y), **options), gm.equality_test(x, y, **options)
    )


SOURCES = {
    "array": lambda x, _: blocks(x),
    "unknown sizes": lambda x, _: unknown(x),
    "data frame": lambda x, _: dd.from_pandas(pd.DataFrame(x, columns=NAMES), npartitions=3),
    "data set": lambda x, folder: ds.dataset(_parquet(x, folder)),
    "Parquet file": lambda x, folder: pq.ParquetFile(f"{_parquet(x, folder)}/0.parquet"),
    "table": lambda x, _: pa.table(dict(zip(NAMES, x.T, strict=True))),
    "record batches": lambda x, _: SOURCES["table"](x, _).to_batches(max_chunksize=90),
    "function": lambda x, _: lambda: iter(np.array_split(x, 5)),
}
NAMED = {"data frame", "path", "data set", "Parquet file", "table", "record batches"}


def _mapped(x, folder):
    np.save(folder / "x.npy", x)
    return np.load(folder / "x.npy", mmap_mode="r")


def _parquet(x, folder):
    path = folder / "parquet"
    path.mkdir(exist_ok=True)
    table = pa.table(dict(zip(NAMES, x.T, strict=True)))
    pq.write_table(table, path / "0.parquet", row_group_size=150)
    return str(path)


SOURCES |= {"memmap": _mapped, "path": _parquet}


@pytest.mark.parametrize("source", SOURCES)
def test_every_source(far, source, tmp_path, monkeypatch):
    monkeypatch.setattr("gaussmetrics.streams.batches.SLICE", 5000)
    x, y = far
    first = SOURCES[source](x, tmp_path)
    seen = []

    def metric(p, q):
        seen.append((p.names, q.names))
        return gm.kl_divergence(p, q)

    second = pd.DataFrame(y, columns=NAMES) if source in NAMED else y
    same(gm.estimate(metric, first, second), gm.estimate(metric, x, y))
    assert (tuple(NAMES) if source in NAMED else None) == seen[0][0] == seen[0][1]
    options = {"rng": 1, "permutations": 39}
    same_test(gm.equality_test(y, first, **options), gm.equality_test(y, x, **options))
    exact = gm.equality_test(first, y, null="normal")
    assert abs(exact.p_value / gm.equality_test(x, y, null="normal").p_value - 1) < 1e-9


@pytest.mark.parametrize("shrinkage", [0.3, "oas", "ledoit-wolf"])
@pytest.mark.parametrize("rows", [3, 4, 5, 60, 500])
def test_shrunk_laws(far, shrinkage, rows):
    if rows == 3 and shrinkage == "ledoit-wolf":
        pytest.skip("without one of three rows the formula does not shrink")
    x, y = far[0][:rows], far[1]
    options = {"shrinkage": shrinkage}
    found = gm.estimate(gm.kl_divergence, blocks(x, 17), blocks(y, 100), **options)
    same(found, gm.estimate(gm.kl_divergence, x, y, **options))
    if rows > 5:
        options |= {"statistic": gm.wasserstein_distance, "rng": 0, "permutations": 29}
        same_test(gm.equality_test(blocks(x, 17), y, **options), gm.equality_test(x, y, **options))


def test_shrinkage_is_that_of_the_rows_that_are_left():
    """Far outliers in one group: Ledoit and Wolf's formula sees their fourth power, then not."""
    x, y = drawn(400, 0.0, 0.0, 5), drawn(400, 0.0, 0.0, 6)
    x[:3] *= 1e4
    groups = (np.repeat(np.arange(40), 10), 100 + np.repeat(np.arange(40), 10))
    options = {"shrinkage": "ledoit-wolf", "groups": groups}
    found = gm.estimate(gm.squared_wasserstein_distance, blocks(x), blocks(y), **options)
    same(found, gm.estimate(gm.squared_wasserstein_distance, x, y, **options))


def test_columns_that_do_not_vary_and_squares_that_underflow():
    x, y = drawn(90, 0.0, 0.0, 1), drawn(80, 0.0, 0.0, 2)
    x[:, 1] = y[:, 1] = 5.0
    options = {"shrinkage": 0.5}
    found = gm.estimate(gm.kl_divergence, blocks(x, 20), y, **options)
    same(found, gm.estimate(gm.kl_divergence, x, y, **options))
    x[:, 1] = 1e-170 * np.arange(90)
    with pytest.raises(ValueError, match="squares of X underflow float64"):
        gm.estimate(gm.kl_divergence, blocks(x, 20), y, **options)


# Rows that depend on each other


@pytest.fixture(scope="module")
def labels():
    rng = np.random.default_rng(9)
    first = np.array([f"subject {i}" for i in rng.integers(0, 30, 1111)])
    return first, np.array([f"control {i}" for i in rng.integers(0, 60, 603)])


def test_clusters_whatever_the_blocks(far, labels):
    x, y = far
    whole = gm.estimate(gm.kl_divergence, x, y, groups=labels)
    for rows in (1111, 137):
        X = blocks(x, rows)
        for own in (labels[0], da.from_array(labels[0], chunks=X.chunks[:1])):
            same(gm.estimate(gm.kl_divergence, X, y, groups=(own, labels[1])), whole)
    parts = [0, 300, 300, 700]
    batches, of_batches = np.split(x, parts), np.split(labels[0], parts)
    for own in (labels[0], list(labels[0]), pd.Series(labels[0]), lambda: iter(of_batches)):
        found = gm.estimate(gm.kl_divergence, lambda: batches, y, groups=(own, labels[1]))
        same(found, whole)
    options = {"rng": 2, "permutations": 39}
    same_test(
        gm.equality_test(blocks(x), y, groups=labels, **options),
        gm.equality_test(x, y, groups=labels, **options),
    )


def test_clusters_take_one_pass(far, labels):
    x, y = far
    once = (part for part in np.array_split(x, 7))
    found = gm.estimate(gm.kl_divergence, once, y, groups=labels)
    same(found, gm.estimate(gm.kl_divergence, x, y, groups=labels))
    with pytest.raises(ValueError, match="estimate goes through x more than once"):
        gm.estimate(gm.kl_divergence, iter([x]), y, groups=labels, shrinkage="oas")


# Tests of equality


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"covariances": False},
        {"means": False},
        {"statistic": gm.squared_wasserstein_distance},
        {"statistic": gm.kl_divergence, "shrinkage": 0.1},
        {"statistic": norm_of_difference},
    ],
    ids=["joint", "means", "covariances", "transport", "shrunk", "own"],
)
def test_tests_whatever_the_blocks(samples, options):
    x, y = samples
    if options.get("statistic") is norm_of_difference:  # a mean far away has few digits
        x, y = x - x[0] + 1.0, y - x[0] + 1.0
    options = {"rng": 3, "permutations": 59, **options}
    whole = gm.equality_test(x, y, **options)
    for rows in (100, 137, 1111):
        same_test(gm.equality_test(blocks(x, rows), blocks(y, 100), **options), whole)


def test_residuals_are_dealt_wherever_the_means_are(far):
    x, y = far
    options = {"means": False, "rng": 0, "permutations": 29}
    whole = gm.equality_test(blocks(x), y, **options)
    same_test(gm.equality_test(blocks(x + 128.0), y, **options), whole)


def test_several_samples(far):
    x, y = far
    samples = {"a": x, "b": y, "c": x[:500]}
    whole = gm.equality_test(samples, rng=0, permutations=39)
    cut = {"a": blocks(x), "b": y, "c": lambda: iter([x[:100], x[100:500]])}
    found = gm.equality_test(cut, rng=0, permutations=39)
    same_test(found, whole)
    assert found.adjusted == whole.adjusted
    table = gm.estimate_pairwise(gm.kl_divergence, cut, rng=0, permutations=39)
    expected = gm.estimate_pairwise(gm.kl_divergence, samples, rng=0, permutations=39)
    for mine, theirs in zip(table.rows, expected.rows, strict=True):
        same(mine.estimate, theirs.estimate)
        assert mine[:2] + mine[5:] == theirs[:2] + theirs[5:]
    test = gm.equivalence_test(gm.hellinger_distance, blocks(x), y, 0.3)
    assert abs(test.p_value / gm.equivalence_test(gm.hellinger_distance, x, y, 0.3).p_value - 1) < (
        1e-10
    )


def test_few_rows_beside_many_do_not_cut_these_into_as_many_groups():
    x, y = drawn(60, 0.0, 1.0, 1), drawn(20_000, 0.0, 0.0, 2)
    units = permutation.of_rows([x, y], np.random.default_rng(0))
    assert units.counts() == [20, 400]
    assert units.kept[1].rows == 20_000 - 3 * 400
    whole = gm.equality_test(x, y, rng=0)
    same_test(gm.equality_test(x, blocks(y, 3000), rng=0), whole)
    assert whole.p_value < 0.05


def test_few_rows_beside_many_keep_the_size_of_the_test():
    rng = np.random.default_rng(0)
    p_values = []
    for _ in range(300):
        x, y = rng.standard_t(5, (45, 2)), rng.standard_t(5, (3000, 2))
        test = gm.equality_test(x, y, permutations=39, rng=rng)
        p_values.append(test.p_value)
    for level in (0.05, 0.25, 0.5):
        rejected = np.mean(np.array(p_values) <= level)
        assert abs(rejected - level) < 3.5 * np.sqrt(level * (1 - level) / 300)


# What a pass costs, and what is refused


class Opened:
    """A stream that counts how often it is read to its end."""

    def __init__(self, X):
        self.X, self.passes = X, 0

    def __call__(self):
        yield from np.array_split(self.X, 4)
        self.passes += 1


@pytest.mark.parametrize(
    ("call", "passes"),
    [
        (lambda x, y: gm.estimate(gm.kl_divergence, x, y), 2),
        (lambda x, y: gm.estimate(gm.kl_divergence, x, y, shrinkage="oas"), 2),
        (lambda x, y: gm.estimate(gm.kl_divergence, x, y, shrinkage="ledoit-wolf"), 3),
        (lambda x, y: gm.equality_test(x, y, permutations=19), 2),
        (lambda x, y: gm.equality_test(x, y, null="normal"), 1),
    ],
)
def test_as_many_passes_as_are_said(call, passes):
    x, y = Opened(drawn(300, 0.0, 0.0, 1)), drawn(200, 0.0, 0.0, 2)
    call(x, y)
    assert x.passes == passes


@pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.reset_index")
def test_unknown_sizes_of_a_frame_are_counted_on_one_column(tmp_path):
    x, y = drawn(600, 0.0, 0.0, 1), drawn(200, 0.0, 0.0, 2)
    path = _parquet(x, tmp_path)
    passes = gm.streams.collection_passes(dd.read_parquet(path))
    assert [part.compute().shape[1] for part in passes._narrow()] == [1]
    assert passes.count("it") == 600
    frame = dd.read_parquet(path)
    same(gm.estimate(gm.kl_divergence, frame, y), gm.estimate(gm.kl_divergence, x, y))


def wrong_sizes(X):
    """Blocks that hold one row less than they say."""
    return blocks(X).map_blocks(lambda b: b[1:], dtype=float, chunks=blocks(X).chunks, meta=X[:0])


KL = partial(gm.estimate, gm.kl_divergence)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda x, y: KL(iter([x]), y), ValueError, "estimate goes through x more than once, but x "
         "can be read only once: it is of type list_iterator. Pass what can be opened again: the "
         "path of Parquet files, or a function without arguments that opens the stream, x=lambda:"),
        (lambda x, y: gm.equality_test(x, (b for b in [y])), ValueError, "equality_test goes "
         "through y more than once, but y can be read only once: it is of type generator."),
        (lambda x, y: KL(blocks(np.where(np.arange(1111)[:, None] == 705, np.nan, x)), y),
         ValueError, "in block 3 of x (rows 600 to 799, counted from 0 in it): X must be finite, "
         "but X[105, 0] is nan"),
        (lambda x, y: KL(x, lambda: [y, y[:, :2]]), ValueError, "in y[1] (rows 603 to 1205, "
         "counted from 0 in it): a block must have the 3 columns of the sample, got 2. Bring all"),
        (lambda x, y: gm.equality_test(x, blocks(y)[:, :2]), ValueError, "x and y must have the "
         "same columns, got 3 in x and 2 in y"),
        (lambda x, y: KL(blocks(x)[:, 0], y), ValueError, "x must be a Dask array of shape (n, d) "
         "with d known, got shape (1111,). One column of numbers is x[:, None]"),
        (lambda x, y: KL(x, blocks(y).astype(str)), TypeError, "y must hold real numbers, got a "
         "Dask array of dtype <U32"),
        (lambda _, y: KL(lambda: [], y), ValueError, "x must hold at least one block of rows"),
        (lambda x, y: KL(wrong_sizes(x), y), ValueError, "x has 1105 rows where 1111 were announced"
         ". Its blocks must have the sizes that they say they have, and be the same each time"),
        (lambda x, y: gm.equality_test(wrong_sizes(x), y), ValueError, "x has 1105 rows where"),
        (lambda x, y: KL(blocks(x), y, groups=2000), ValueError, "groups must not exceed the 1111 "
         "rows of x, got 2000"),
        (lambda x, y: KL(blocks(x[:4]), y, groups=4), ValueError, "x has too few rows: of 4, 3 are "
         "left without a group"),
        (lambda x, y: KL(blocks(x), y, groups=(np.arange(7), np.arange(603))), ValueError,
         "groups must have one entry a row of x, 1111, got (7,)"),
        (lambda x, y: KL(unknown(x), y, groups=(np.arange(1111), np.arange(603))), ValueError,
         "groups must be a Dask collection in the blocks of x, because Dask does not know how"),
        (lambda x, y: KL(lambda: [x], y, groups=(np.arange(7), np.arange(603))), ValueError,
         "in x[0] (rows 0 to 1110, counted from 0 in it): groups must have one label for each of "
         "the 1111 rows of the block, got shape (7,)"),
        (lambda x, y: KL(lambda: [x], y, groups=(np.arange(2000), np.arange(603))), ValueError,
         "groups must have one entry a row of x, 1111, got (2000,)"),
        (lambda x, y: KL(lambda: [x, x], y, groups=([np.arange(1111)], np.arange(603))),
         ValueError, "x and groups must be as many, one array a batch, but groups end after 1"),
        (lambda x, y: KL(blocks(x), y, groups=(np.zeros(1111), np.arange(603))), ValueError,
         "groups must tell at least two clusters of rows apart in x, got 1"),
        (lambda x, y: gm.equality_test(blocks(x), y, groups=(np.arange(1111), np.arange(603))),
         ValueError, "groups has the label 0 in x and in y. Samples must be independent"),
        (lambda x, y: gm.equality_test(blocks(x[:3]), y), ValueError, "x has too few rows: the "
         "likelihood ratio of 3 columns needs at least 4 in each sample, got 3"),
        (lambda x, y: gm.equality_test(blocks(x @ np.diag([1.0, 1.0, 0.0])), y), ValueError,
         "x determines no law"),
    ],
)  # fmt: skip
def test_what_is_refused(call, error, text):
    with pytest.raises(error, match=re.escape(text)):
        call(drawn(1111, 0.0, 0.0, 1), drawn(603, 0.0, 0.2, 2))


def test_a_column_of_text_in_a_file_says_how_to_leave_it_out(tmp_path):
    table = pa.table({"a": [1.0, 2.0, 4.0] * 30, "who": ["x", "y", "z"] * 30})
    pq.write_table(table, tmp_path / "part.parquet")
    y = np.random.default_rng(0).normal(size=(90, 1))
    with pytest.raises(TypeError, match=re.escape("lambda: dataset.to_batches(columns=[...])")):
        gm.estimate(gm.kl_divergence, tmp_path, y)
    only = partial(ds.dataset(tmp_path).to_batches, columns=["a"])
    same(gm.estimate(gm.kl_divergence, only, y[:, :1]),
         gm.estimate(gm.kl_divergence, np.asarray(table["a"])[:, None], y))  # fmt: skip


def test_split_columns_are_joined_and_said_to_be():
    x, y = drawn(200, 0.0, 0.0, 1), drawn(100, 0.0, 0.0, 2)
    with pytest.warns(UserWarning, match="x is split along its columns, 3 blocks a row, and a cov"):
        found = gm.estimate(gm.kl_divergence, da.from_array(x, chunks=(50, 1)), y)
    same(found, gm.estimate(gm.kl_divergence, x, y))
