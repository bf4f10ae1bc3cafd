"""The classifier on rows in blocks: the model of one machine, whatever the blocks; faults."""

import os
import pickle
import re
import signal
import threading

import numpy as np
import pandas as pd
import pytest
from clusters import emptied, hide, interrupted, outgoing, show, slowly, some_results

from gaussmetrics.softmax import ClassMoments, fitting, refinement
from gaussmetrics.softmax.classifier import AnalyticLogisticRegression
from gaussmetrics.streams import batches

da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")
dask_blocks = pytest.importorskip("gaussmetrics.streams.dask_blocks")

N, D, K = 700, 5, 3
PLAIN = {"shrinkage": 0.0, "temperature": 1.0}
NAMES = [f"x{i}" for i in range(D)]


@pytest.fixture(scope="module")
def sample():
    """Rows with exact sums far from the origin, so that moving them is no rounding."""
    rng = np.random.default_rng(0)
    y = np.sort(rng.choice(K, N, p=[0.6, 0.3, 0.1]))[rng.permutation(N)]
    X = rng.standard_normal((N, D)) @ rng.standard_normal((D, D)) + rng.standard_normal((K, D))[y]
    return np.round(X * 2**20) / 2**20, np.array(["no", "yes", "maybe"])[y]


def same(model, other, rtol=1e-12, chosen=1e-8):
    """To 1e-12 of the scale; what is chosen to 1e-8, and in fact far closer."""
    assert model.classes_.tolist() == other.classes_.tolist()
    assert abs(model.shrinkage_ - other.shrinkage_) <= 1e-2 * chosen
    assert abs(model.temperature_ - other.temperature_) <= 1e-2 * chosen * other.temperature_
    assert model.refinement_steps_ == other.refinement_steps_
    for name in ("coef_", "intercept_", "means_", "covariance_", "priors_"):
        one, two = getattr(model, name), getattr(other, name)
        np.testing.assert_allclose(one, two, rtol=0, atol=rtol * np.abs(two).max(), err_msg=name)
    for one, two in zip(model.calibration_, other.calibration_, strict=True):
        np.testing.assert_allclose(one, two, rtol=10 * rtol, atol=10 * rtol)


def fitted(*data, **options):
    fit = {name: options.pop(name) for name in ("groups", "sample_weight") if name in options}
    return AnalyticLogisticRegression(**options).fit(*data, **fit)


# Any blocks, on threads of this process

OPTIONS = [
    {},
    PLAIN,
    {"shrinkage": "oas", "temperature": 1},
    {"shrinkage": "ledoit-wolf"},
    {"temperature": 2.0},
    {"calibration": "temperature"},
    {"calibration": None},
    {"class_weight": "balanced"},
    {"class_weight": {"no": 0.3, "yes": 2.0}, "priors": "uniform"},
    {"priors": {"no": 0.5, "yes": 0.3, "maybe": 0.2}},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("offset", [0.0, 1e8])
@pytest.mark.parametrize("rows", [N, 137, (0, 1, 2, N - 3)])
def test_whatever_the_blocks(sample, options, offset, rows):
    X, y = sample
    cut = da.from_array(X + offset, chunks=(rows, D))
    same(fitted(cut, y, **options), fitted(X + offset, y, **options), rtol=1e-11)


def test_a_model_far_from_the_origin_is_that_at_the_origin(sample):
    """Means rounded to 1e-8 would show in the coefficients."""
    X, y = sample
    for options in OPTIONS:
        near, far = fitted(X, y, **options), fitted(X + 1e8, y, **options)
        scale = np.abs(near.coef_).max()
        np.testing.assert_allclose(far.coef_, near.coef_, rtol=0, atol=1e-11 * scale)


def test_blocks_of_unknown_size(sample):
    X, y = sample
    positive = X[:, 0] > 0
    cut, labels = da.from_array(X, chunks=(100, D)), da.from_array(y, chunks=100)
    mask = cut[:, 0] > 0
    same(fitted(cut[mask], labels[mask]), fitted(X[positive], y[positive]))


WEIGHTS = {
    "repeats": lambda rng: rng.integers(0, 4, N),
    "shares": lambda rng: rng.random(N),
    "all alike": lambda rng: np.full(N, 0.5),  # noqa: ARG005
    "few": lambda rng: np.where(rng.random(N) < 0.1, rng.random(N), 0.0),
}


@pytest.mark.parametrize("options", [{}, PLAIN, {"class_weight": "balanced"}], ids=str)
@pytest.mark.parametrize("kind", WEIGHTS)
def test_weights(sample, options, kind):
    X, y = sample
    w = WEIGHTS[kind](np.random.default_rng(1))
    cut = da.from_array(X, chunks=(99, D))
    whole = fitted(X, y, sample_weight=w, **options)
    same(fitted(cut, y, sample_weight=w, **options), whole, rtol=1e-11)
    labels, weights = da.from_array(y, chunks=50), da.from_array(w, chunks=77)
    same(fitted(cut, labels, sample_weight=weights, **options), whole, rtol=1e-11)


def test_labels_without_weight_are_no_classes(sample):
    X, y = sample
    w = np.where(y == "no", 0.0, 1.0)
    same(fitted(da.from_array(X, chunks=99), y, sample_weight=w), fitted(X, y, sample_weight=w))


@pytest.mark.parametrize("weight", [None, "balanced"])
def test_groups_that_lie_in_blocks(sample, weight):
    X, y = sample
    groups = np.char.add("subject ", (np.arange(N) // 5).astype(str))
    cut = da.from_array(X, chunks=(100, D))
    options = {"class_weight": weight}
    whole = fitted(X, y, groups=groups, **options)
    same(fitted(cut, y, groups=groups, **options), whole, rtol=1e-11)
    text = "rows of the group 'subject 13' are in block 0 of X (rows 0 to 65, counted from 0 in it)"
    with pytest.raises(ValueError, match=re.escape(text) + " and in block 1 of X .*shuffle"):
        fitted(da.from_array(X, chunks=((66, N - 66), D)), y, groups=groups, **options)


@pytest.mark.parametrize("groups", [None, np.arange(N) // 7])
def test_of_more_scores_than_are_looked_at_the_same_rows_are_judged(sample, groups, monkeypatch):
    X, y = sample
    all_judged = fitted(X, y, groups=groups)
    monkeypatch.setattr(fitting, "TABLE", N)
    cut = da.from_array(X, chunks=(70, D))
    unknown = cut[cut[:, 0] > -np.inf]
    whole = fitted(X, y, groups=groups)
    assert whole.temperature_ != all_judged.temperature_
    same(fitted(cut, y, groups=groups), whole)
    if groups is None:
        same(fitted(unknown, da.from_array(y, chunks=70)), whole)


@pytest.mark.parametrize(
    ("n", "grouped", "options"),
    [(N, False, {}), (N, True, {"calibration": "temperature"}), (2500, False, {})],
)
def test_refinement(n, grouped, options, monkeypatch):
    """Curved boundaries, of which it makes use; many rows have one fold, few have four."""
    monkeypatch.setattr(refinement, "PENALTIES", np.geomspace(10.0, 1e-4, 4))
    rng = np.random.default_rng(2)
    y = rng.integers(0, 3, n)
    X = rng.standard_normal((n, 3)) * (0.2 + y)[:, None] + y[:, None]
    cut = da.from_array(X, chunks=((n // 20 * 10, n - n // 20 * 10), 3))
    groups = np.arange(n) // 10 if grouped else None
    whole = fitted(X, y, refine="auto", groups=groups, **options)
    assert whole.refinement_steps_ > 0
    same(fitted(cut, y, refine="auto", groups=groups, **options), whole, 1e-10)


def test_fewer_rows_than_columns_come_together():
    rng = np.random.default_rng(3)
    X, y = rng.standard_normal((20, 40)), np.arange(20) % 2
    few = fitted(da.from_array(X, chunks=(3, 40)), y)
    same(few, fitted(X, y))
    groups = np.arange(20) // 2
    same(fitted(da.from_array(X, chunks=(3, 40)), y, groups=groups), fitted(X, y, groups=groups))


def test_classes_are_found_block_by_block():
    X = np.random.default_rng(4).standard_normal((90, 2))
    X += np.repeat(np.eye(3)[:, :2], 30, axis=0)
    for y in (
        np.repeat(["a", "bbbb", "cc"], 30),
        np.repeat([3, 1, 2], 30),
        np.repeat(X[:3, 0] > 0, 30),
    ):
        model = fitted(da.from_array(X, chunks=(30, 2)), da.from_array(y, chunks=30))
        same(model, fitted(X, y))
        assert model.classes_.dtype == np.unique(y).dtype


# Frames


def as_frame(X, y):
    return pd.DataFrame(X, columns=NAMES).assign(kind=y, w=1.0 + np.arange(len(y)) % 3)


def test_frames_name_the_features(sample):
    X, y = sample
    frame = as_frame(X, y)
    cut = dd.from_pandas(frame, npartitions=4)
    model = fitted(cut[NAMES], cut.kind, sample_weight=cut.w)
    whole = fitted(frame[NAMES], frame.kind, sample_weight=frame.w)
    same(model, whole)
    assert model.feature_names_in_.tolist() == NAMES
    assert model.n_features_in_ == D
    some = cut[cut.x0 > 0]
    local = frame[frame.x0 > 0]
    same(fitted(some[NAMES], some.kind), fitted(local[NAMES], local.kind))
    with pytest.raises(ValueError, match="feature names should match those that were passed"):
        model.predict(cut[NAMES[::-1]])


def test_files_are_cut_together(sample, tmp_path):
    """Of the labels alone, Dask would make fewer blocks."""
    X, y = sample
    pytest.importorskip("pyarrow")
    for i, part in enumerate(np.array_split(np.arange(N), 6)):
        as_frame(X[part], y[part]).to_parquet(tmp_path / f"{i}.parquet")
    read = dd.read_parquet(tmp_path)
    same(fitted(read[NAMES], read.kind), fitted(X, y))
    with pytest.raises(ValueError, match="y must belong to the rows of X: a column of the same"):
        fitted(read[NAMES], dd.read_parquet(tmp_path).repartition(npartitions=2).kind)


# Predictions


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("as_frames", [False, True])
def test_predictions_are_lazy(sample, classes, as_frames):
    X, y = sample
    keep = np.isin(y, ["no", "yes", "maybe"][:classes])
    X, y, read = X[keep], y[keep], []

    def noted(block):
        read.append(len(block))
        return block

    X = pd.DataFrame(X, columns=NAMES) if as_frames else X
    model = AnalyticLogisticRegression().fit(X, y)
    if as_frames:
        cut = dd.from_pandas(X, npartitions=3).map_partitions(noted, meta=X.iloc[:0])
    else:
        cut = da.from_array(X, chunks=(100, D)).map_blocks(noted, dtype=float, meta=X[:0])
    read.clear()
    for name in ("predict", "predict_proba", "predict_log_proba", "decision_function", "transform"):
        lazy, expected = getattr(model, name)(cut), getattr(model, name)(X)
        assert not read
        assert isinstance(lazy, da.Array)
        assert lazy.dtype == expected.dtype
        assert lazy.ndim == expected.ndim
        if not as_frames:
            assert lazy.chunks[0] == cut.chunks[0]
        if expected.dtype.kind == "f":
            np.testing.assert_allclose(lazy.compute(), expected, rtol=1e-12, atol=1e-12)
        else:
            np.testing.assert_array_equal(lazy.compute(), expected)
        read.clear()


def test_predictions_of_a_filter_and_of_a_model_that_has_moved_on(sample):
    X, y = sample
    model = AnalyticLogisticRegression(**PLAIN).partial_fit(X, y, classes=np.unique(y))
    cut = da.from_array(X, chunks=(100, D))
    before = model.predict_proba(X)
    lazy = model.predict_proba(cut)
    model.partial_fit(X + 1.0, y)
    np.testing.assert_allclose(lazy.compute(), before, rtol=1e-12, atol=1e-12)
    none = cut[cut[:, 0] > 1e9]
    assert model.predict_proba(none).compute().shape == (0, K)
    assert model.predict(none).compute().shape == (0,)


def test_predictions_name_what_is_wrong(sample):
    X, y = sample
    model = fitted(X, y, **PLAIN)
    cut = da.from_array(X, chunks=(100, D))
    with pytest.raises(ValueError, match=r"X has 4 features, but .* is expecting 5 features"):
        model.predict(cut[:, :4])
    wrong = X.copy()
    wrong[250, 2] = np.nan
    lazy = model.predict_proba(da.from_array(wrong, chunks=(100, D)))
    text = r"in block 2 of X \(rows 200 to 299, counted from 0 in it\): Input X contains NaN"
    with pytest.raises(ValueError, match=text):
        lazy.compute()


# Batches


def in_parts(X, y):
    cuts = [0, 50, 50, 333]
    return list(zip(np.split(X, cuts), np.split(y, cuts), strict=True))


def test_batches_that_can_be_read_again(sample):
    X, y = sample
    whole = fitted(X, y)
    same(fitted(in_parts(X, y)), whole)
    same(fitted(lambda: iter(in_parts(X, y))), whole)
    w = np.random.default_rng(5).random(N)
    weighted = [(X[at], y[at], w[at]) for at in np.array_split(np.arange(N), 7)]
    same(fitted(weighted), fitted(X, y, sample_weight=w))


def test_batches_with_named_columns(sample, tmp_path):
    X, y = sample
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    ds = pytest.importorskip("pyarrow.dataset")
    frame = as_frame(X, y)
    whole = fitted(frame[NAMES], y)
    parts = [frame.drop(columns="w").iloc[at] for at in np.array_split(np.arange(N), 4)]
    for i, part in enumerate(parts):
        pq.write_table(pa.Table.from_pandas(part, preserve_index=False), tmp_path / f"{i}.parquet")
    table = pa.Table.from_pandas(frame, preserve_index=False)
    for rows in (parts, tmp_path, str(tmp_path), ds.dataset(tmp_path), table.drop(["w"])):
        model = fitted(rows, "kind")
        same(model, whole)
        assert model.feature_names_in_.tolist() == NAMES
    weighted = fitted(table, "kind", sample_weight="w")
    same(weighted, fitted(frame[NAMES], y, sample_weight=frame.w))


def test_what_can_be_read_once(sample):
    X, y = sample
    for options in (PLAIN, {"shrinkage": "oas", "temperature": 1}, {**PLAIN, "priors": "uniform"}):
        same(fitted(iter(in_parts(X, y)), **options), fitted(X, y, **options))
    for options, name in (
        ({}, "shrinkage='loo'"),
        ({"shrinkage": 0.1}, "temperature='loo'"),
        ({**PLAIN, "class_weight": {"no": 2}}, "class_weight={'no': 2}"),
    ):
        text = f"{name} goes through the batches more than once, but batches can be read only once"
        with pytest.raises(ValueError, match=re.escape(text) + ".*Pass what can be opened again"):
            fitted(iter(in_parts(X, y)), **options)


def passes_made(monkeypatch, owner):
    made, fold = [], owner.fold

    def counted(self, *arguments):
        made.append(arguments[0].__name__)
        return fold(self, *arguments)

    monkeypatch.setattr(owner, "fold", counted)
    return made


def test_passes_are_as_many_as_documented(sample, monkeypatch):
    X, y = sample
    made = passes_made(monkeypatch, batches.BatchPasses)
    for options, most in (
        (PLAIN, 1),
        ({"shrinkage": "oas", "temperature": 1}, 1),
        ({**PLAIN, "class_weight": "balanced"}, 2),
        ({"shrinkage": "ledoit-wolf", "temperature": 1}, 2),
        ({"temperature": 1}, 5),
        ({"shrinkage": 0.1, "calibration": "temperature"}, 10),
        ({}, 25),
    ):
        fitted(in_parts(X, y), **options)
        assert 0 < len(made) <= most
        made.clear()


# What cannot be


def with_entry(X, index, value):
    X = X.copy()
    X[index] = value
    return X


IN_BLOCK_2 = "in block 2 of X (rows 200 to 299, counted from 0 in it): "


def cut(X):
    return da.from_array(X, chunks=(100, D))


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda X, y: (cut(with_entry(X, (205, 1), np.nan)), y),
         ValueError, IN_BLOCK_2 + "X must be finite, but X[5, 1] is nan"),
        (lambda X, _: (cut(X), np.where(np.arange(N) == 205, np.nan, 1)),
         ValueError, IN_BLOCK_2 + "y must hold labels of classes, got the number nan"),
        (lambda X, _: (cut(X), np.where(np.arange(N) == 205, 0.5, 1)),
         ValueError, IN_BLOCK_2 + "y must hold labels of classes, got the number 0.5"),
        (lambda X, y: (cut(X), with_entry(y.astype(object), 205, None)),
         TypeError, IN_BLOCK_2 + "y must hold labels of one type, none of them missing, got "
                                 "NoneType, str"),
        (lambda X, y: (cut(X), y[:, None]), ValueError,
         "y must have one entry a row of X, 700, got (700, 1)"),
        (lambda X, y: ([(X[:9], y[:9]), (X[9:12], y[9:12]), (X[12:20], np.arange(8))],), TypeError,
         "y must hold labels of one type, got number in batches[2], str in batches[0]."),
        (lambda X, y: ([(X[:9], y[:9]), (X[9:, :3], y[9:])],), ValueError,
         "in batches[1] (rows 9 to 699, counted from 0 in it): a block must have the 5 columns of"),
        (lambda X, y: ([(X[:9], y[:9]), (X[9:], y[:9])],), ValueError,
         "in batches[1] (rows 9 to 699, counted from 0 in it): y must have one label a row of X, "
         "691, got shape (9,)"),
        (lambda X, y: ([(X, y, np.zeros(N))],), ValueError, "sample_weight must not all be zero"),
        (lambda X, y: ([(X, y, np.where(np.arange(N) == 3, -1.0, 1.0))],), ValueError,
         "sample_weight must not be negative, but sample_weight[3] is."),
        (lambda X, y: ([(X[:9], y[:9], np.full(9, 1e-20)), (X[9:], y[9:], np.ones(N - 9))],),
         ValueError, "sample_weight ranges from 1e-20 to 1"),
        (lambda X, y: ([(X, y, 1, 2)],), TypeError,
         "X must be an iterable of batches (X, y) or (X, y, sample_weight) if y is left out, got a "
         "batch of type tuple and length 4"),
        (lambda X, y: (lambda: iter([as_frame(X, y)]),), TypeError,
         "pass the name of the column that holds the labels as y"),
        (lambda X, y: ([as_frame(X, y)], "species"), ValueError,
         "in batches[0]: columns must be among those of the batches"),
        (lambda _, y: ("rows.parquet", y), TypeError,
         "y must be the name of a column of the batches X, got ndarray"),
        (lambda X, _: (da.from_array(X), None), ValueError,
         "y must hold the labels of the rows of X, but it was left out"),
        (lambda X, y: (X, da.from_array(y)), TypeError,
         "y is a Dask collection and X is not. Pass both as Dask collections, or y.compute()."),
        (lambda X, _: (cut(X), np.zeros(N)), ValueError,
         "a classifier needs samples of at least 2 classes, got 1 class"),
        (lambda _, y: (cut(np.ones((N, D))), y), ValueError,
         "the rows of each class are all equal"),
        (lambda X, y: (cut(X), y, None, np.zeros(N)), ValueError,
         "groups must each lie in one block"),
        (lambda X, y: (da.from_array(X, chunks=(N, D)), y, None, np.zeros(N)), ValueError,
         "groups must name at least 2 groups, got 1"),
        (lambda X, y: (cut(X), y, None,
                       np.where(np.arange(N) == 205, np.nan, 1.0)), ValueError,
         IN_BLOCK_2 + "groups must not hold NaN"),
        (lambda X, y: (da.from_array(X, chunks=(N, D)), y, None, (y == "no").astype(int)),
         ValueError, "groups cannot be left out: each holds all rows of some class"),
    ],
)  # fmt: skip
def test_errors_name_the_block(sample, make, error, text):
    model = AnalyticLogisticRegression()
    with pytest.raises(error, match=re.escape(text)):
        model.fit(*make(*sample))
    assert not hasattr(model, "classes_")


def test_nothing_gathers_quietly(sample):
    X, y = sample
    model = fitted(X, y).set_output(transform="pandas")
    with pytest.raises(TypeError, match='set_output asks for "pandas", which is in memory'):
        model.transform(da.from_array(X))
    assert model.score(da.from_array(X), da.from_array(y)) == model.score(X, y)
    with pytest.raises(TypeError, match="at hand, but X is a Dask collection"):
        AnalyticLogisticRegression(**PLAIN).partial_fit(da.from_array(X), y, classes=np.unique(y))


def test_blocks_split_along_columns_are_joined_and_say_so(sample):
    X, y = sample
    with pytest.warns(UserWarning, match="a covariance needs whole rows: the blocks are joined"):
        same(fitted(da.from_array(X, chunks=(100, 2)), y), fitted(X, y))


def test_rows_that_change_between_passes_are_told_of(sample):
    X, _ = sample
    rng = np.random.default_rng(6)

    def other_labels(block):
        return rng.integers(0, 10**6, len(block))

    y = da.from_array(np.zeros(N, int), chunks=100).map_blocks(other_labels, dtype=int)
    with pytest.raises(ValueError, match="y holds labels that the first pass did not meet"):
        fitted(da.from_array(X, chunks=(100, D)), y, class_weight="balanced", **PLAIN)


def test_rows_in_a_file_are_not_copied(tmp_path):
    import tracemalloc

    X = np.random.default_rng(7).standard_normal((60_000, 16))
    y = np.arange(60_000) % 2
    np.save(tmp_path / "X.npy", X)
    filed = np.load(tmp_path / "X.npy", mmap_mode="r")
    tracemalloc.start()
    model = AnalyticLogisticRegression(**PLAIN).fit(filed, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * 2**23 + 8 * len(y) * 4
    assert peak < 4 * X.nbytes
    same(model, fitted(X, y, **PLAIN))


def test_class_moments_of_parts_are_those_of_the_whole_far_away(sample):
    X, y = sample
    codes = np.unique(y, return_inverse=True)[1]
    whole = ClassMoments.from_samples(X, codes, K)
    parts = [ClassMoments.from_samples(X[i::7] + 1e8, codes[i::7], K) for i in range(7)]
    merged = sum(parts[1:], parts[0])
    np.testing.assert_allclose(merged.deviations(), whole.deviations(), rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(merged.scatter, whole.scatter, rtol=1e-12, atol=1e-11)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(merged)).means_low, merged.means_low)


# On a cluster of two processes


def test_neither_rows_nor_scores_travel(client):
    n, d, options = 12_000, 8, {"temperature": 1}
    X = da.random.default_rng(0).standard_normal((n, d), chunks=(3000, d)) + 1e8
    y = np.random.default_rng(1).integers(0, 3, n)
    before = outgoing(client)
    model = fitted(X, y, **options)
    # Five passes of four blocks, whose results are sums; the scores of one block are 72 kB.
    assert outgoing(client) - before < 5 * 4 * (8 * (d * d + 2 * 3 * d + 2 * 3) + 1000)
    same(model, fitted(X.compute(), y, **options), rtol=1e-11)
    proba = model.predict_proba(X)
    assert proba.chunks[0] == X.chunks[0]
    np.testing.assert_allclose(proba.sum(axis=1).compute(), 1.0, rtol=1e-12)


def slow_blocks(X):
    return da.from_array(X, chunks=(20, D)).map_blocks(slowly, dtype=float, meta=np.empty((0, 0)))


def test_a_killed_worker_costs_time_and_nothing_else(client, cluster, sample):
    X, y = sample
    found, options = [], {"temperature": 1.0}
    fit = threading.Thread(target=lambda: found.append(fitted(slow_blocks(X), y, **options)))
    victim = next(iter(client.run(os.getpid).values()))
    fit.start()
    some_results(cluster.scheduler)
    os.kill(victim, signal.SIGKILL)
    fit.join(timeout=120)
    same(*found, fitted(X, y, **options))
    assert victim not in client.run(os.getpid).values()


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="interrupts itself by SIGALRM")
def test_cancelling_leaves_no_tasks(client, cluster, sample):
    X, y = sample
    model = AnalyticLogisticRegression()
    rows, labels = slow_blocks(np.concatenate([X] * 2)), np.concatenate([y] * 2)
    interrupted(lambda: model.fit(rows, labels), cluster.scheduler)
    assert not hasattr(model, "classes_")
    assert emptied(cluster.scheduler)
    assert len(client.scheduler_info()["workers"]) == 2


def test_errors_of_the_workers_name_the_block(client, sample):
    X, y = sample
    wrong = da.from_array(with_entry(X, (205, 1), np.nan), chunks=(100, D))
    with pytest.raises(ValueError, match=re.escape(IN_BLOCK_2 + "X must be finite")):
        fitted(wrong, y)
    address = re.escape(client.scheduler.address)
    client.run(hide)
    try:
        with pytest.raises(ImportError, match=f"the Dask cluster at {address} cannot import gauss"):
            fitted(da.from_array(X, chunks=(100, D)), y)
    finally:
        client.run(show)


def test_weights_come_with_all_batches_or_with_none():
    X, y, w = np.eye(4), np.array([0, 1, 0, 1]), np.ones(4)
    for given, text in (
        ([(X, y), (X, y, w)], "those before bring none, this one weights"),
        ([(X, y, w), (X, y)], "those before bring weights, this one none"),
    ):
        with pytest.raises(TypeError, match=r"in batches\[1\]: all batches must bring .*" + text):
            AnalyticLogisticRegression().fit(given)


def test_labels_beside_a_function():
    with pytest.raises(TypeError, match="opens batches that bring their labels along"):
        AnalyticLogisticRegression().fit(lambda: [(np.eye(2), [0, 1])], [0, 1])
