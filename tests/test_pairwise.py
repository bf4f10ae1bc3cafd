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


@pytest.mark.parametrize(("n", "d"), [(600, 16), (3_000, 7)])
def test_workers_map_one_copy_of_large_factors(n, d):
    def lies_in_a_map(array):
        while not isinstance(array, np.memmap) and array.base is not None:
            array = array.base
        return isinstance(array, np.memmap)

    def mapped(p, q):
        parts = [part for law in (p, q) for part in vars(law.covariance).values()]
        arrays = [part for part in parts if isinstance(part, np.ndarray)]
        shared = len(arrays) >= 6 and all(map(lies_in_a_map, arrays))
        return np.full(np.broadcast_shapes(p.batch_shape, q.batch_shape), float(shared))

    laws = gm.Gaussian(np.zeros((n, d)), np.tile(np.eye(d), (n, 1, 1)))
    few = laws[:50]
    np.testing.assert_array_equal(gm.pairwise(mapped, laws[:60], few), np.zeros((60, 50)))
    np.testing.assert_array_equal(gm.pairwise(mapped, laws, laws, n_jobs=2), np.ones((n, n)))


@pytest.mark.usefixtures("small_blocks")
def test_progress_goes_to_standard_error(batches, capsys):
    ps, qs = batches
    shown = gm.pairwise(gm.kl_divergence, ps, qs, progress=True)
    np.testing.assert_array_equal(shown, gm.pairwise(gm.kl_divergence, ps, qs))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "100%" in captured.err


# Tables that go elsewhere


class Slices:
    """What a Zarr array is to its caller."""

    def __init__(self, shape, dtype=np.float64):
        self.held, self.shape, self.dtype = np.full(shape, np.nan, dtype), shape, np.dtype(dtype)

    def __setitem__(self, index, values):
        assert all(type(part) is slice for part in index)
        self.held[index] = values


@pytest.fixture(params=[None, 2], ids=["here", "workers"])
def n_jobs(request):
    return request.param


@pytest.fixture
def small_tiles(monkeypatch):
    monkeypatch.setattr(room, "CHUNK_BYTES", 8 * 9 * 4)
    monkeypatch.setattr(room, "TILE", 3)


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("metric", [gm.kl_divergence, gm.hellinger_distance])
@pytest.mark.parametrize("with_itself", [False, True])
def test_a_table_goes_where_it_is_sent(tmp_path, batches, metric, with_itself, n_jobs):
    ps, qs = batches[0], None if with_itself else batches[1]
    expected = gm.pairwise(metric, ps, qs)
    path = tmp_path / "table.npy"
    mapped = gm.pairwise(metric, ps, qs, out=path, n_jobs=n_jobs)
    assert isinstance(mapped, np.memmap)
    np.testing.assert_allclose(mapped, expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(np.load(path), mapped)
    assert [file.name for file in tmp_path.iterdir()] == ["table.npy"]
    for out in (Slices(expected.shape), np.empty(expected.shape, np.float32)):
        assert gm.pairwise(metric, ps, qs, out=out, n_jobs=n_jobs) is out
        held = getattr(out, "held", out)
        np.testing.assert_allclose(held, expected, rtol=1e-6, atol=1e-14)
    if metric in room.SYMMETRIC and with_itself:
        np.testing.assert_array_equal(mapped, mapped.T)


@pytest.mark.usefixtures("small_tiles")
def test_a_file_gets_its_name_when_it_is_complete(tmp_path, batches):
    seen = []

    def metric(p, q):
        seen.append([file.name for file in tmp_path.iterdir()])
        if len(seen) == 3:
            raise KeyboardInterrupt
        return gm.kl_divergence(p, q)

    with pytest.raises(KeyboardInterrupt):
        gm.pairwise(metric, *batches, out=str(tmp_path / "table.npy"))
    assert seen == [["table.npy.part"]] * 3


def test_a_table_takes_no_memory(tmp_path):
    tracemalloc = pytest.importorskip("tracemalloc")
    ps = gm.Gaussian(np.linspace(0, 1, 2500)[:, None], [[1.0]])
    tracemalloc.start()
    table = gm.pairwise(gm.wasserstein_distance, ps, out=tmp_path / "table.npy")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert table.nbytes == 50_000_000
    assert peak < 25_000_000
    np.testing.assert_allclose(table[::700, -1], 1 - ps.mean[::700, 0], atol=1e-15)


def test_tiles_cover_a_table_once():
    for n, m in ((0, 3), (1, 1), (7, 5), (9, 9)):
        for side in (1, 3, 20):
            for mirrored in {False, n == m}:
                tiles, count = room._tiles((n, m), side, mirrored=mirrored)
                covered = np.zeros((n, m), int)
                parts = list(tiles)
                for rows, columns in parts:
                    covered[rows, columns] += 1
                    if mirrored and rows != columns:
                        covered[columns, rows] += 1
                assert len(parts) == count
                np.testing.assert_array_equal(covered, 1)


@pytest.mark.parametrize(
    ("out", "error", "text"),
    [
        ("table.zarr", ValueError, "out must be the name of a .npy file or an array to write to, "
         "got 'table.zarr'. A Zarr store is opened first, and the array passed"),
        (3, TypeError, "out must be the name of a .npy file or an array to write to, such as"),
        ([[0.0]], TypeError, "got an object of type list"),
        (np.empty((5, 7)), ValueError, "out must be an array of floats of shape (7, 5), got float64"
         " of shape (5, 7)"),
        (np.empty((7, 5), int), ValueError, "must be an array of floats of shape (7, 5), got int"),
    ],
)  # fmt: skip
def test_what_a_table_cannot_go_to_is_refused(batches, out, error, text):
    with pytest.raises(error, match=re.escape(text)):
        gm.pairwise(gm.kl_divergence, *batches, out=out)


def test_zarr(batches):
    zarr = pytest.importorskip("zarr")
    out = zarr.create_array(store={}, shape=(7, 5), chunks=(4, 4), dtype="float64")
    gm.pairwise(gm.kl_divergence, *batches, out=out)
    np.testing.assert_array_equal(out[:], gm.pairwise(gm.kl_divergence, *batches))


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
