"""Batches, Arrow and Parquet: the moments of all rows, whatever the batches; files of moments."""

import re
import sys
import zipfile
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pytest

import gaussmetrics as gm

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
ds = pytest.importorskip("pyarrow.dataset")

NAMES = ["height", "weight", "age"]


@pytest.fixture(scope="module")
def X():
    rng = np.random.default_rng(0)
    return 1e8 + rng.standard_normal((500, 3)) @ rng.standard_normal((3, 3))


@pytest.fixture(scope="module")
def frame(X):
    return pd.DataFrame(X, columns=NAMES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, frame):
    """Write five Parquet files, with a column of text that is in no one's way."""
    path = tmp_path_factory.mktemp("parquet")
    for k in range(5):
        part = frame.iloc[100 * k : 100 * k + 100].assign(name="x")
        pq.write_table(pa.Table.from_pandas(part), path / f"part{k}.parquet", row_group_size=40)
    return path


def exact_scatter(X):
    columns = [[Fraction(float(x)) for x in column] for column in X.T]
    means = [sum(column) / len(column) for column in columns]
    centred = [[x - m for x in c] for c, m in zip(columns, means, strict=True)]
    return [
        [float(sum(a * b for a, b in zip(u, v, strict=True))) for u in centred] for v in centred
    ]


def same(m, whole):
    assert m.count == whole.count
    np.testing.assert_array_equal(m.mean, whole.mean)
    np.testing.assert_allclose(m.scatter, whole.scatter, rtol=1e-13, atol=1e-13 * m.scatter.max())


@pytest.mark.parametrize("cuts", [[], [1], [0, 1, 1, 499], range(0, 500, 7)])
def test_batches_of_any_size_equal_rational_arithmetic(X, cuts):
    m = gm.Moments.from_batches(np.split(X, cuts))
    exact = np.array(exact_scatter(X))
    np.testing.assert_allclose(m.scatter, exact, rtol=0, atol=4e-15 * exact.max())
    same(m, gm.Moments.from_samples(X))


def test_many_batches_lose_nothing():
    X = 1e10 + np.random.default_rng(1).standard_normal((6000, 1))
    m = gm.Moments.from_batches(row[None] for row in X)
    np.testing.assert_allclose(m.scatter, exact_scatter(X), rtol=2e-15)


SOURCES = {
    "list": lambda frame, _: np.array_split(frame.to_numpy(), 7),
    "generator": lambda frame, _: iter(np.array_split(frame.to_numpy(), 7)),
    "function": lambda frame, _: lambda: iter(np.array_split(frame.to_numpy(), 7)),
    "array of batches": lambda frame, _: frame.to_numpy().reshape(5, 100, 3),
    "pandas": lambda frame, _: [frame[:200], frame[200:]],
    "polars": lambda frame, _: [pl.from_pandas(frame[:9]), pl.from_pandas(frame[9:])],
    "table": lambda frame, _: pa.Table.from_pandas(frame),
    "record batches": lambda frame, _: pa.Table.from_pandas(frame).to_batches(max_chunksize=60),
    "reader": lambda frame, _: pa.Table.from_pandas(frame).to_reader(max_chunksize=60),
    "data set": lambda _, folder: ds.dataset(folder),
    "Parquet file": lambda frame, folder: _rewritten(frame, folder.parent),
    "path": lambda _, folder: folder,
    "text": lambda _, folder: str(folder),
}


def _rewritten(frame, folder):
    pq.write_table(pa.Table.from_pandas(frame), folder / "whole.parquet")
    return pq.ParquetFile(folder / "whole.parquet")


NAMED = [
    name for name in SOURCES if name not in ("list", "generator", "function", "array of batches")
]


@pytest.mark.parametrize("source", SOURCES)
def test_every_source(source, frame, folder):
    columns = NAMES if source in NAMED else None
    m = gm.Moments.from_batches(SOURCES[source](frame, folder), columns=columns)
    same(m, gm.Moments.from_samples(frame))
    p = gm.Gaussian.from_batches(SOURCES[source](frame, folder), columns=columns, shrinkage="oas")
    q = gm.Gaussian.from_samples(frame, shrinkage="oas")
    np.testing.assert_array_equal(p.mean, q.mean)
    np.testing.assert_allclose(p.cov, q.cov, rtol=1e-13)
    assert p.names == (q.names if source in NAMED else None)


@pytest.mark.parametrize("source", ["pandas", "table", "data set", "path"])
def test_columns_are_chosen_in_their_order(source, frame, folder):
    chosen = ["age", "height"]
    p = gm.Gaussian.from_batches(SOURCES[source](frame, folder), columns=chosen)
    q = gm.Gaussian.from_samples(frame[chosen])
    assert p.names == ("age", "height")
    np.testing.assert_allclose(p.cov, q.cov, rtol=1e-13)


@pytest.mark.parametrize("shrinkage", [0.0, 0.3, "oas", "ledoit-wolf"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("rows", [2, 3, 4, 40])
def test_the_law_is_that_of_all_rows(X, shrinkage, weighted, rows):
    X = X[:rows]
    w = np.random.default_rng(2).integers(0, 4, rows) + (np.arange(rows) == 1) if weighted else None
    batches = [X[:1], X[1:2], X[2:2], X[2:]]
    weights = None if w is None else [w[:1], w[1:2], w[2:2], w[2:]]
    ddof = 0
    p = gm.Gaussian.from_batches(batches, weights=weights, shrinkage=shrinkage, ddof=ddof,
                                 allow_singular=True)  # fmt: skip
    q = gm.Gaussian.from_samples(X, weights=w, shrinkage=shrinkage, ddof=ddof, allow_singular=True)
    np.testing.assert_allclose(p.mean, q.mean, rtol=1e-15)
    np.testing.assert_allclose(p.cov, q.cov, rtol=1e-12, atol=1e-13 * np.abs(q.cov).max())
    assert p.covariance.rank() == q.covariance.rank()


def test_few_rows_of_mixed_types():
    frame = pd.DataFrame({"a": [1.0, 2.5], "b": [True, False], "c": [3, 7]})
    p = gm.Gaussian.from_batches([frame[:1], frame[1:]])
    same_names = gm.Gaussian.from_samples(frame)
    np.testing.assert_array_equal(p.cov, same_names.cov)
    assert p.names == same_names.names


def test_blocks_of_weight_zero_are_no_rows(X):
    weights = [np.zeros(250), np.ones(250)]
    m = gm.Moments.from_batches(np.split(X, 2), weights=weights)
    same(m, gm.Moments.from_samples(X[250:]))


def test_integers_of_arrow_keep_their_digits():
    table = pa.table({"id": [2**60 + 1, 2**60 + 3, 2**60 + 5]})
    assert gm.Moments.from_batches(table.to_batches(max_chunksize=1)).scatter == 8.0


def test_a_file_in_memory_is_read_block_by_block(tmp_path, X, monkeypatch):
    from gaussmetrics.laws import blocks

    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    monkeypatch.setattr(blocks, "BLOCK_ELEMENTS", 1)
    monkeypatch.setattr(np.memmap, "sum", lambda *_: pytest.fail("a pass of its own"))
    same(gm.Moments.from_samples(mapped), gm.Moments.from_samples(X))
    p, q = gm.Gaussian.from_samples(mapped), gm.Gaussian.from_samples(X)
    np.testing.assert_array_equal(p.cov, q.cov)


def test_underflow_is_seen_in_any_batch():
    tiny = np.array([[0.0], [1e-170], [0.0], [0.0]])
    for batches in (iter(tiny[:, None]), [tiny[:2], tiny[2:]], [tiny[:1], tiny[2:], tiny[1:2]]):
        with pytest.raises(ValueError, match="squares of X underflow float64"):
            gm.Gaussian.from_batches(batches)
    still = iter([np.ones((3, 1)), np.ones((0, 1)), np.ones((2, 1))])
    assert gm.Gaussian.from_batches(still, allow_singular=True).covariance.rank() == 0


ONCE = "can be read only once: it is of type generator. Pass what can be opened again: a list, the"


@pytest.mark.parametrize(
    ("batches", "options", "text"),
    [
        (np.ones((9, 2)), {}, "batches must be an iterable of blocks of shape (n, d)"),
        ([], {}, "batches must hold at least one block of rows, got none"),
        (lambda: iter([]), {}, "at least one block of rows"),
        ([[[1.0, 2.0]], [[1.0]]], {}, "in batches[1] (rows 1 to 1, counted from 0 in it): a block "
         "must have the 2 columns of the sample, got 1. Bring all"),
        ([[[1.0, 2.0]], [1.0]], {}, "in batches[1] (rows 1 to 1, counted from 0 in it): a block "
         "must have shape (n, 2), got (1,). One column of numbers is x[:, None]"),
        ([np.ones((3, 1)), [[1.0], [np.nan]]], {}, "in batches[1] (rows 3 to 4, counted from 0 in "
         "it): X must be finite, but X[1, 0] is nan"),
        ([[[1.0]], [[1e200], [-1e200]]], {}, "in batches[1] (rows 1 to 2, counted from 0 in it): "
         "the squares of X overflow float64"),
        ([[[1.0]], [[2.0]]], {"weights": [[1.0]]}, "batches and weights must be as many, one array "
         "a batch, but weights end after 1"),
        ([[[1.0]]], {"weights": [[1.0], [1.0]]}, "but batches end after 1"),
        ([[[1.0]], [[2.0]]], {"weights": [[1.0], [1.0, 2.0]]}, "in batches[1] (rows 1 to 1, "
         "counted from 0 in it): weights must have one entry a row of X, 1, got (2,)"),
        ([[[1.0]], [[2.0]]], {"weights": [[1.0], [-1.0]]}, "weights must not be negative"),
        ([[[1.0]], [[2.0]]], {"weights": [[0.0], [0.0]]}, "weights must not all be zero"),
        ([pd.DataFrame({"a": [1.0]}), pd.DataFrame({"b": [1.0]})], {}, "in batches[1] (rows 1 to "
         "1, counted from 0 in it): a block must have the columns of the sample in their order, "
         "('a',), got ('b',). Choose them by name"),
        ([pd.DataFrame({"a": [1.0]})], {"columns": ["c"]}, "in batches[0]: columns must be among "
         "those of the batches, ('a',), got 'c'"),
        ([pa.record_batch({"a": [1.0]}), pa.record_batch({"a": [1.0, None]})], {}, "in batches[1]: "
         "batches must be finite, but 1 entries of the column 'a' are missing. Remove"),
    ],
)  # fmt: skip
def test_bad_batches_are_refused(batches, options, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        gm.Moments.from_batches(batches, **options)


@pytest.mark.parametrize(
    ("batches", "options", "text"),
    [
        (3, {}, "batches must be an iterable of blocks, a function that returns one, or the path"),
        (pd.DataFrame({"a": [1.0]}), {}, "got an object of type DataFrame. A sample in one piece"),
        ([[[1.0]]], {"columns": "a"}, "columns must be a list of names, got 'a'"),
        ([[[1.0]]], {"columns": {"a"}}, "columns must be a list of names, got a set, which has no"),
        ([[[1.0]]], {"columns": []}, "columns must be a list of at least one name, got []"),
        ([np.ones((1, 1))], {"columns": ["a"]}, "in batches[0]: columns are chosen by name, which "
         "the batches do not have: they are of type ndarray"),
        ([[["a"]]], {}, "in batches[0] (rows 0 to 0, counted from 0 in it): X must hold real"),
        ([pa.record_batch({"a": ["x"]})], {}, "in batches[0]: batches must hold real numbers, but "
         "the column 'a' is of type string. Leave it out with columns=[...]"),
    ],
)  # fmt: skip
def test_what_are_no_batches_is_refused(batches, options, text):
    with pytest.raises(TypeError, match=re.escape(text)):
        gm.Moments.from_batches(batches, **options)


def test_one_pass_is_one_pass(X):
    batches = (part for part in np.split(X, 5))
    with pytest.raises(ValueError, match=re.escape('shrinkage="ledoit-wolf" goes through the')):
        gm.Gaussian.from_batches(batches, shrinkage="ledoit-wolf")
    with pytest.raises(ValueError, match=re.escape(ONCE)):
        gm.Gaussian.from_batches(part for part in [X[:2]])
    with pytest.raises(ValueError, match="a sample with no more rows than columns goes through"):
        gm.Gaussian.from_batches(iter([X[:2]]))


def test_a_function_must_open_a_new_stream(X):
    stream = iter([X, X])
    with pytest.raises(ValueError, match="batches gave blocks at first and none when it was open"):
        gm.Gaussian.from_batches(lambda: stream, shrinkage="ledoit-wolf")


def test_a_path_needs_pyarrow_and_says_so(monkeypatch, folder):
    monkeypatch.setitem(sys.modules, "pyarrow.dataset", None)
    with pytest.raises(ImportError, match=re.escape('pip install "gaussmetrics[arrow]"')):
        gm.Moments.from_batches(folder)


# Files


def test_a_file_holds_every_bit(tmp_path, X):
    batches = np.stack([X, X + 1.0])
    for rows in (X, batches, np.empty((0, 2))):
        m = gm.Moments.from_samples(rows)
        m.save(tmp_path / "m")
        other = gm.Moments.load(tmp_path / "m")
        for name in ("count", "mean", "scatter", "mean_low"):
            np.testing.assert_array_equal(getattr(other, name), getattr(m, name))
    with np.load(tmp_path / "m", allow_pickle=False) as archive:  # open to anyone
        assert {"format", "version", "count", "mean", "scatter", "mean_low"} == set(archive.files)


def test_every_truncated_file_is_refused(tmp_path, X):
    path = tmp_path / "m.npz"
    gm.Moments.from_samples(X).save(path)
    whole = path.read_bytes()
    for size in range(0, len(whole), 37):
        path.write_bytes(whole[:size])
        with pytest.raises(ValueError, match="is truncated, damaged or no"):
            gm.Moments.load(path)


def test_a_flipped_bit_is_seen(tmp_path, X):
    path = tmp_path / "m.npz"
    gm.Moments.from_samples(X).save(path)
    with zipfile.ZipFile(path) as archive:
        place = archive.getinfo("scatter.npy").header_offset
    damaged = bytearray(path.read_bytes())
    damaged[place + 200] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(ValueError, match="is truncated, damaged or no"):
        gm.Moments.load(path)


def entries(**changes):
    m = gm.Moments.from_samples([[1.0], [2.0]])
    fields = {name: getattr(m, name) for name in ("count", "mean", "scatter", "mean_low")}
    return {"format": "gaussmetrics.Moments", "version": 1, **fields, **changes}


@pytest.mark.parametrize(
    ("saved", "text"),
    [
        ({"a": 1}, r"holds no Moments, but \['a'\]. Moments.load reads what Moments.save"),
        (entries(format="other"), "holds no Moments"),
        (entries(version=2), "is of version 2 of its format, and this gaussmetrics reads up to 1"),
        ({k: v for k, v in entries().items() if k != "scatter"}, "it lacks scatter"),
        (entries(scatter=np.eye(2)), r"its arrays are of \[\(\), \(1,\), \(2, 2\), \(1,\)\]"),
        (entries(scatter=np.array([[None]])), "damaged or no .npz file: Object arrays cannot"),
    ],
)
def test_other_files_are_refused(tmp_path, saved, text):
    np.savez(tmp_path / "m.npz", **saved)
    with pytest.raises(ValueError, match=text):
        gm.Moments.load(tmp_path / "m.npz")


def test_a_missing_file_is_the_systems_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=re.escape("absent.npz")):
        gm.Moments.load(tmp_path / "absent.npz")


@pytest.mark.parametrize("opened", [None, 3.0])
def test_a_function_that_opens_no_stream(opened):
    text = "and must return an iterable of blocks whenever it is called, but it returned "
    with pytest.raises(TypeError, match=text + type(opened).__name__):
        gm.estimate(gm.wasserstein_distance, lambda: opened, np.eye(4))
    with pytest.raises(TypeError, match=text + type(opened).__name__):
        gm.AnalyticLogisticRegression().fit(lambda: opened)
