"""Dask: the moments of one machine, whatever the blocks; a real cluster, its faults included."""

import os
import pickle
import re
import signal
import threading

import joblib
import numpy as np
import pandas as pd
import pytest
from clusters import emptied, hide, interrupted, outgoing, show, slowly, some_results

import gaussmetrics as gm

da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")
distributed = pytest.importorskip("distributed")

D = 4


@pytest.fixture(scope="module")
def X():
    rng = np.random.default_rng(0)
    return 1e8 + rng.standard_normal((3000, D)) @ rng.standard_normal((D, D))


def same(m, whole):
    """To 1e-12 of the scale, in fact to the rounding of a sum."""
    assert m.count == whole.count
    unit = np.sqrt(np.diag(whole.scatter))
    assert np.abs(m.mean - whole.mean).max() <= 1e-12 * unit.max()
    assert np.abs((m.scatter - whole.scatter) / np.outer(unit, unit)).max() < 1e-14


def same_law(p, q):
    np.testing.assert_allclose(p.mean, q.mean, rtol=1e-15)
    np.testing.assert_allclose(p.cov, q.cov, rtol=0, atol=1e-13 * np.abs(q.cov).max())
    assert p.names == q.names


# Any blocks, on threads of this process


@pytest.mark.parametrize("rows", [1, 137, 1000, 3000, (0, 1, 2999, 0)])
@pytest.mark.parametrize("weighted", [None, "numpy", "dask", "other blocks"])
def test_whatever_the_blocks(X, rows, weighted):
    X = X[:60] if rows == 1 else X
    w = np.random.default_rng(1).integers(0, 4, len(X)).astype(float)
    cut = da.from_array(X, chunks=(rows, D))
    weights = {
        "numpy": w,
        "dask": da.from_array(w, chunks=(cut.chunks[0],)),
        "other blocks": da.from_array(w, chunks=13),
    }.get(weighted)
    m = gm.Moments.from_samples(cut, weights=weights)
    same(m, gm.Moments.from_samples(X, weights=w if weighted else None))


@pytest.mark.parametrize("shrinkage", [0.0, 0.3, "oas", "ledoit-wolf"])
@pytest.mark.parametrize("rows", [3, 4, 5, 100])
def test_laws(X, shrinkage, rows):
    q = gm.Gaussian.from_samples(X[:rows], shrinkage=shrinkage)
    cut = da.from_array(X[:rows], chunks=(2, D))
    unknown = cut[cut[:, 0] > 0]
    for blocks in (cut, unknown):
        p = gm.Gaussian.from_samples(blocks, shrinkage=shrinkage)
        same_law(p, q)
        assert p.covariance.rank() == q.covariance.rank()
    w = np.arange(1.0, rows + 1)
    p = gm.Gaussian.from_samples(cut, weights=w, shrinkage=shrinkage, ddof=0)
    same_law(p, gm.Gaussian.from_samples(X[:rows], weights=w, shrinkage=shrinkage, ddof=0))


def test_blocks_of_unknown_size(X):
    positive = X[:, 0] > X[:, 0].mean()
    cut = da.from_array(X, chunks=(211, D))
    mask = cut[:, 0] > X[:, 0].mean()
    same(gm.Moments.from_samples(cut[mask]), gm.Moments.from_samples(X[positive]))
    w = np.random.default_rng(2).gamma(2.0, size=len(X))
    weighted = gm.Moments.from_samples(cut[mask], weights=da.from_array(w, chunks=211)[mask])
    whole = gm.Moments.from_samples(X[positive], weights=w[positive])
    np.testing.assert_allclose(weighted.scatter, whole.scatter, rtol=1e-13)


@pytest.mark.parametrize("chunks", [(500, 2), (3000, 1)])
def test_blocks_split_along_columns_are_joined_and_say_so(X, chunks):
    cut = da.from_array(X, chunks=chunks)
    text = r"blocks a row, and a covariance needs whole rows: the blocks are joined, and 9.6e\+04 "
    with pytest.warns(UserWarning, match=text + "bytes, all of X, may travel") as told:
        same(gm.Moments.from_samples(cut), gm.Moments.from_samples(X))
    assert told[0].filename == __file__
    with pytest.warns(UserWarning, match="are joined, and all of X may travel"):
        same(gm.Moments.from_samples(cut[cut[:, 0] > 0]), gm.Moments.from_samples(X))


def test_frames_name_the_variables(X):
    frame = pd.DataFrame(X, columns=list("abcd")).assign(e=np.arange(3000))
    cut = dd.from_pandas(frame, npartitions=5)
    same_law(gm.Gaussian.from_samples(cut), gm.Gaussian.from_samples(frame))
    some = cut[cut.a > X[:, 0].mean()]
    w = gm.Moments.from_samples(some[["b", "c"]], weights=some.e + 1)
    local = frame[frame.a > X[:, 0].mean()]
    same(w, gm.Moments.from_samples(local[["b", "c"]], weights=local.e + 1))
    with pytest.raises(ValueError, match="names and X must name the same variables"):
        gm.Gaussian.from_samples(cut, names=list("abcdf"))


def test_integers_beyond_the_floats():
    ids = da.from_array(np.array([[2**60 + 1], [2**60 + 3], [2**60 + 5]]), chunks=(1, 1))
    assert gm.Moments.from_samples(ids).scatter == 8.0


def with_entry(X, index, value):
    X = X.copy()
    X[index] = value
    return X


def narrow_last(block, block_info=None):
    return block[:, :3] if block_info and block_info[0]["chunk-location"][0] == 2 else block


def unknown_rows(X):
    cut = da.from_array(X, chunks=(1000, D))
    return cut[cut[:, 0] > 0]


def unknown_columns(X):
    cut = da.from_array(X, chunks=(1000, D))
    return cut[:, cut[0] > 0]


IN_BLOCK_2 = "in block 2 of X (rows 2000 to 2999, counted from 0 in it): "
NAN_BLOCK = IN_BLOCK_2 + "X must be finite, but X[5, 1] is nan"


@pytest.mark.parametrize(
    ("make", "weights", "error", "text"),
    [
        (lambda X: da.from_array(with_entry(X, (2005, 1), np.nan), chunks=(1000, D)), None,
         ValueError, NAN_BLOCK),
        (lambda X: da.from_array(X, chunks=(1000, D)).map_blocks(narrow_last, dtype=float), None,
         ValueError, IN_BLOCK_2 + "a block must have the 4 columns of the sample, got 3"),
        (lambda X: dd.from_pandas(pd.DataFrame(with_entry(X, (5, 1), np.nan), columns=list("abcd")),
                                  npartitions=2), None,
         ValueError, "in block 0 of X: X must be finite, but X[5, 'b'] is nan"),
        (lambda _: dd.from_pandas(pd.DataFrame({"a": ["x", "y"], "b": [1, 2]}), npartitions=1),
         None, TypeError, "in block 0 of X: X must hold real numbers, but its column 'a'"),
        (lambda X: da.from_array(X[:, 0], chunks=1000), None, ValueError,
         "X must be a Dask array of shape (n, d) with d known, got shape (3000,). One column"),
        (lambda X: da.from_array(X[None], chunks=1000), None, ValueError, "of shape (n, d)"),
        (lambda X: da.from_array(X, chunks=(1000, D))[:, :0], None, ValueError, "of shape (n, d)"),
        (unknown_columns, None, ValueError, "Call X.compute_chunk_sizes() first"),
        (lambda X: da.from_array(X + 1j, chunks=1000), None, TypeError,
         "X must hold real numbers, got a Dask array of dtype complex128"),
        (lambda X: da.from_array(X, chunks=(1000, D)), np.ones(7), ValueError,
         "weights must have one entry a row of X, 3000, got (7,)"),
        (lambda X: da.from_array(X, chunks=(1000, D)), da.ones(7), ValueError,
         "weights must have one entry a row of X, 3000, got (7,)"),
        (lambda X: da.from_array(X, chunks=(1000, D)), np.zeros(3000), ValueError,
         "weights must not all be zero"),
        (unknown_rows, np.ones(3000), ValueError, "weights must be a Dask collection"),
        (unknown_rows, da.ones(3000, chunks=500), ValueError,
         "weights must come in the blocks of X, 3 of them, got 6. Cut both alike"),
    ],
)  # fmt: skip
def test_errors_name_the_block(X, make, weights, error, text):
    with pytest.raises(error, match=re.escape(text)):
        gm.Moments.from_samples(make(X), weights=weights)


def test_no_more_rows_than_columns_form_no_square_matrix():
    wide = da.random.default_rng(0).standard_normal((3, 20_000), chunks=(1, 20_000))
    assert gm.Gaussian.from_samples(wide).covariance.factor().shape == (20_000, 3)


# On a cluster of two processes


def test_only_moments_travel(client):
    n, d = 200_000, 8
    X = da.random.default_rng(0).standard_normal((n, d), chunks=(10_000, d)) + 1e8
    before = outgoing(client)
    m = gm.Moments.from_samples(X)
    # 20 blocks in a tree of 4 merges: each result of a block, and each merged one, once at most.
    assert 0 < outgoing(client) - before < 24 * (8 * (d * d + 2 * d) + 200)
    assert len(pickle.dumps(m)) < 8 * (d * d + 2 * d) + 800
    same(m, gm.Moments.from_samples(X.compute()))
    law = gm.Gaussian.from_samples(X, shrinkage="ledoit-wolf")
    same_law(law, gm.Gaussian.from_samples(X.compute(), shrinkage="ledoit-wolf"))


@pytest.mark.usefixtures("client")
def test_errors_of_the_workers_name_the_block(X):
    with pytest.raises(ValueError, match=re.escape(NAN_BLOCK)):
        gm.Moments.from_samples(da.from_array(with_entry(X, (2005, 1), np.nan), chunks=(1000, D)))


def test_only_sums_of_groups_travel(client):
    n, d, count = 200_000, 4, 20
    cut = {"chunks": (n // count, d)}
    X, Y = (da.random.default_rng(k).standard_normal((n, d), **cut) + 1e8 for k in (0, 1))
    x, y = X.compute(), Y.compute()
    group = 8 * (d * d + 2 * d + 1)
    # Each result of a block, and each merged one, once at most.
    for call, groups in (
        (lambda x, y: gm.estimate(gm.kl_divergence, x, y, groups=20), 20),
        (lambda x, y: gm.equality_test(x, y, permutations=19, rng=0), 201),
    ):
        before = outgoing(client)
        found = call(X, Y)
        assert 0 < outgoing(client) - before < 2 * 24 * (groups * (group + 8) + 1000) < 16 * n * d
        whole = call(x, y)
        if hasattr(found, "null"):
            assert found.p_value == whole.p_value
            np.testing.assert_allclose(found.null.values, whole.null.values, rtol=0, atol=n * 1e-12)
        else:
            np.testing.assert_allclose(tuple(found), tuple(whole), rtol=0, atol=1e-15)


@pytest.mark.usefixtures("client")
def test_errors_of_workers_name_the_sample(X):
    bad = da.from_array(with_entry(X, (2005, 1), np.nan), chunks=(1000, D))
    with pytest.raises(ValueError, match=re.escape(NAN_BLOCK.replace("of X", "of y"))):
        gm.estimate(gm.kl_divergence, X, bad)
    with pytest.raises(ValueError, match=re.escape(NAN_BLOCK.replace("of X", "of x"))):
        gm.equality_test(bad, X)


def slow_blocks(X):
    return da.from_array(X, chunks=(50, D)).map_blocks(slowly, dtype=float, meta=np.empty((0, 0)))


def with_a_worker_killed(call, client, cluster):
    """Return what a call returns, in the middle of which a worker dies."""
    found = []
    fit = threading.Thread(target=lambda: found.append(call()))
    victim = next(iter(client.run(os.getpid).values()))
    fit.start()
    some_results(cluster.scheduler)
    os.kill(victim, signal.SIGKILL)
    fit.join(timeout=120)
    assert victim not in client.run(os.getpid).values()
    return found[0]


def test_a_killed_worker_costs_time_and_nothing_else(client, cluster, X):
    found = with_a_worker_killed(lambda: gm.Moments.from_samples(slow_blocks(X)), client, cluster)
    same(found, gm.Moments.from_samples(X))


def test_a_worker_killed_in_an_estimate_or_a_test(client, cluster, X):
    y = X[:400] + 0.5
    found = with_a_worker_killed(
        lambda: gm.estimate(gm.wasserstein_distance, slow_blocks(X[:1500]), y), client, cluster
    )
    whole = gm.estimate(gm.wasserstein_distance, X[:1500], y)
    np.testing.assert_allclose(tuple(found), tuple(whole), rtol=1e-12)
    client.wait_for_workers(2)
    test = with_a_worker_killed(
        lambda: gm.equality_test(slow_blocks(X[:1500]), y, rng=0), client, cluster
    )
    assert test.p_value == gm.equality_test(X[:1500], y, rng=0).p_value


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="interrupts itself by SIGALRM")
@pytest.mark.parametrize(
    "call", [gm.Moments.from_samples, lambda X: gm.equality_test(X, np.eye(D), null="permutation")]
)
def test_cancelling_leaves_no_tasks(client, cluster, X, call):
    assert emptied(cluster.scheduler)
    interrupted(lambda: call(slow_blocks(np.concatenate([X] * 4))), cluster.scheduler)
    assert emptied(cluster.scheduler)
    assert len(client.scheduler_info()["workers"]) == 2


def test_a_cluster_without_gaussmetrics_is_told_of(client, X):
    address = re.escape(client.scheduler.address)
    client.run(hide)
    try:
        with pytest.raises(ImportError, match=f"the Dask cluster at {address} cannot import gauss"):
            gm.Moments.from_samples(da.from_array(X, chunks=(1000, D)))
        with pytest.raises(ImportError, match=f"the Dask cluster at {address} cannot import gauss"):
            gm.estimate(gm.kl_divergence, da.from_array(X, chunks=(1000, D)), X)
    finally:
        client.run(show)
    same(gm.Moments.from_samples(da.from_array(X, chunks=1000)), gm.Moments.from_samples(X))


# Tables of all pairs


def held(dask_worker):
    return [type(value).__name__ for value in dask_worker.data.values()]


def look_and_measure(p, q):
    """Tell how many copies of the laws the worker holds."""
    worker = distributed.get_worker()
    return np.full(np.broadcast_shapes(p.batch_shape, q.batch_shape), held(worker).count("Laws"))


@pytest.mark.usefixtures("client")
def test_workers_of_dask_share_a_table_and_hold_the_laws_once(cluster, tmp_path):
    rng = np.random.default_rng(3)
    ps = gm.Gaussian(rng.standard_normal((60, 3)), np.eye(3) * rng.gamma(2.0, size=(60, 1, 1)))
    with joblib.parallel_config(backend="dask"):
        table = gm.pairwise(gm.hellinger_distance, ps, n_jobs=-1)
        filed = gm.pairwise(gm.kl_divergence, ps, n_jobs=-1, out=tmp_path / "kl.npy")
        assert emptied(cluster.scheduler)
        copies = gm.pairwise(look_and_measure, ps, n_jobs=-1)
    np.testing.assert_allclose(table, gm.pairwise(gm.hellinger_distance, ps), rtol=1e-12)
    np.testing.assert_allclose(filed, gm.pairwise(gm.kl_divergence, ps), rtol=1e-12)
    np.testing.assert_array_equal(copies, 1.0)
    assert emptied(cluster.scheduler)


@pytest.mark.usefixtures("client")
def test_progress_is_kept_on_dask(capsys):
    ps = gm.Gaussian(np.arange(40.0)[:, None], [[1.0]])
    with joblib.parallel_config(backend="dask"):
        gm.pairwise(gm.kl_divergence, ps, n_jobs=-1, progress=True)
    assert "100%" in capsys.readouterr().err
