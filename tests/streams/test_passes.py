"""What a formula needs of passes over blocks: class by class, group by group, row by row."""

import re

import numpy as np
import pandas as pd
import pytest

import gaussmetrics as gm
from gaussmetrics import streams
from gaussmetrics.inference.group_passes import Dealt, by_label, grouped
from gaussmetrics.inference.jackknife import deal
from gaussmetrics.inference.jackknife import dealt as jackknife_dealt

da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")

N, D = 600, 3


@pytest.fixture(scope="module")
def sample():
    rng = np.random.default_rng(0)
    y = rng.choice(["a", "b", "c"], N, p=[0.6, 0.3, 0.1])
    X = 1e8 + rng.standard_normal((N, D)) @ rng.standard_normal((D, D)) + (y == "b")[:, None]
    return X, y, rng.gamma(2.0, size=N)


def as_batches(X, y, w):
    cuts = [0, 50, 50, 333]
    return streams.batch_passes(
        np.split(X, cuts),
        labels=np.split(y, cuts),
        weights=None if w is None else np.split(w, cuts),
    )


def as_array(X, y, w):
    return streams.collection_passes(da.from_array(X, chunks=(77, D)), labels=y, weights=w)


def as_frame(X, y, w):
    frame = pd.DataFrame(X, columns=list("abc")).assign(y=y, w=1.0 if w is None else w)
    cut = dd.from_pandas(frame, npartitions=4)
    return streams.collection_passes(cut[list("abc")], labels=cut.y, weights=cut.w)


EVERY_SOURCE = pytest.mark.parametrize("passes_of", [as_batches, as_array, as_frame])


@EVERY_SOURCE
def test_groups_are_all_rows_dealt_evenly(sample, passes_of):
    X, y, _ = sample
    passes = passes_of(X, y, None)
    dealt = Dealt(passes.count("it"), *deal(N, 7))
    codes, groups = grouped(passes, dealt)
    assert codes.tolist() == list(range(7))
    assert sorted(part.count for part in groups) == [85, 85, 86, 86, 86, 86, 86]
    for found, rows in zip(groups, jackknife_dealt(X, 7), strict=True):
        own = gm.Moments.from_samples(rows)
        np.testing.assert_allclose(found.scatter, own.scatter, rtol=1e-13, atol=1e-11)
        np.testing.assert_array_equal(found.mean, own.mean)
    direct = gm.Moments.from_samples(X)
    np.testing.assert_allclose(sum(groups).scatter, direct.scatter, rtol=1e-13, atol=1e-10)
    # Groups at random: their means scatter as means of so many rows do.
    z = (np.stack([part.mean for part in groups]) - direct.mean) / np.sqrt(
        np.diag(direct.covariance()) * (1 / 86 - 1 / N)
    )
    assert 0.3 < (z**2).mean() < 2.2  # χ² of 18 degrees of freedom, 0.1% to 99.9%


@EVERY_SOURCE
def test_groups_of_labels(sample, passes_of):
    X, y, _ = sample
    labels, groups = grouped(passes_of(X, y, None), by_label)
    assert labels.tolist() == ["a", "b", "c"]
    for label, found in zip(labels, groups, strict=True):
        own = gm.Moments.from_samples(X[y == label])
        assert found.count == own.count
        np.testing.assert_allclose(found.scatter, own.scatter, rtol=1e-13, atol=1e-10)


@EVERY_SOURCE
def test_blocks_know_their_first_row_once_counted(sample, passes_of):
    X, y, _ = sample
    passes = passes_of(X, y, None)
    assert passes.count("it") == N == passes.length
    starts = passes.fold(lambda block: [(block.start, len(block.rows))], lambda a, b: a + b)
    assert [start for start, _ in starts] == np.cumsum([0, *(n for _, n in starts)])[:-1].tolist()


@pytest.mark.parametrize("width", [None, 2])
def test_rows_are_mapped_lazily(sample, width):
    X, calls = sample[0], []

    def function(block):
        calls.append(len(block))
        values = np.asarray(block)
        return values[:, 0] if width is None else values[:, :2]

    cut = da.from_array(X, chunks=(77, D))
    frame = dd.from_pandas(pd.DataFrame(X, columns=list("abc")), npartitions=4)
    for collection in (cut, cut[cut[:, 0] > 0], frame):
        lazy = streams.mapped(function, collection, width=width, dtype=float)
        assert not calls
        assert lazy.ndim == (1 if width is None else 2)
        np.testing.assert_array_equal(lazy.compute(), function(X))
        calls.clear()
    assert streams.mapped(function, cut, width=width, dtype=float).chunks[0] == cut.chunks[0]


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ([["a"]], "batches and labels must be as many, one array a batch, but labels end after 1"),
        ([["a"]] * 3, "but batches end after 2"),
    ],
)
def test_labels_go_with_their_batches(labels, text):
    passes = streams.batch_passes([[[1.0]], [[2.0]]], labels=labels)
    with pytest.raises(ValueError, match=re.escape(text)):
        passes.fold(len, max)
