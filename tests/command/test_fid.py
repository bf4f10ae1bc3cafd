"""The FID of two sets of features."""

import json
import re

import numpy as np
import pandas as pd
import pytest

import gaussmetrics as gm


@pytest.fixture
def features(tmp_path):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(300, 10)), rng.normal(size=(400, 10)) * 1.2 + 0.1
    np.save(tmp_path / "a.npy", a)
    np.save(tmp_path / "b.npy", b)
    return tmp_path / "a.npy", tmp_path / "b.npy", a, b


def fitted(a, b):
    return gm.squared_wasserstein_distance(*(gm.Gaussian.from_samples(x) for x in (a, b)))


def test_value_bias_and_interval(run, features):
    path_a, path_b, a, b = features
    found = json.loads(run("fid", path_a, path_b, "--json").out)
    assert found["fid"] == pytest.approx(fitted(a, b), rel=1e-12)
    one = gm.estimate(gm.squared_wasserstein_distance, a, b)
    expected = [one.value, one.standard_error, *one.confidence_interval()]
    keys = ("value", "standard_error", "low", "high")
    np.testing.assert_allclose([found[key] for key in keys], expected, rtol=1e-9)
    text = run("fid", path_a, path_b, "--level", "0.1").out
    assert f"300 rows in {path_a}\n" in text
    assert f"400 rows in {path_b}\n" in text
    assert f"FID of 10 features as it is: {fitted(a, b):.3g}\n" in text
    assert f"less its bias: {one.value:.3g} ± {one.standard_error:.3g}, 90% interval" in text


def test_the_same_from_every_format(run, features, tmp_path):
    path_a, path_b, a, _ = features
    expected = run("fid", path_a, path_b).out.partition("FID")[2]
    np.savez(tmp_path / "a.npz", features=a, labels=np.arange(300))
    (tmp_path / "folder").mkdir()
    for k, part in enumerate(np.split(a, 10)):
        np.save(tmp_path / "folder" / f"{k}.npy", part)
    pd.DataFrame(a).add_prefix("x").to_csv(tmp_path / "a.csv", index=False)
    pd.DataFrame(a).add_prefix("x").to_parquet(tmp_path / "a.parquet")
    for name in ("a.npz", "folder", "a.csv", "a.parquet"):
        ended = run("fid", tmp_path / name, path_b)
        assert ended.out.partition("FID")[2] == expected


def test_one_vector_a_file(run, tmp_path):
    rng = np.random.default_rng(1)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        for k in range(12):
            np.save(tmp_path / folder / f"{k:02}.npy", rng.normal(size=3))
    assert "FID of 3 features as it is" in run("fid", tmp_path / "a", tmp_path / "b").out


def test_mu_and_sigma_have_no_interval(run, features, tmp_path):
    _, path_b, a, b = features
    np.savez(tmp_path / "mu.npz", mu=a.mean(axis=0), sigma=np.cov(a, rowvar=False))
    out = run("fid", tmp_path / "mu.npz", path_b).out
    assert "mu and sigma in " in out
    assert f"FID of 10 features as it is: {fitted(a, b):.3g}\n" in out
    assert "No bias, no interval: it takes the features themselves, and mu and sigma are" in out


def test_too_few_rows_are_told(run, features, tmp_path):
    path_a, _, a, b = features
    np.save(tmp_path / "few.npy", b[:8])
    ended = run("fid", path_a, tmp_path / "few.npy")
    assert ended.status == 0
    out = re.sub(r"\n +", " ", ended.out)
    assert f"FID of 10 features as it is: {fitted(a, b[:8]):.3g}\n" in ended.out
    assert "No bias, no interval: 8 rows for 10 features are too few to take the bias off" in out
    np.save(tmp_path / "few.npy", b[:20])
    assert (
        "With fewer than 3.3 rows a feature the interval may hold less often"
        in run("fid", path_a, tmp_path / "few.npy").out
    )


def test_constant_features_are_taken(run, features, tmp_path):
    path_a, _, _, b = features
    b[:, 0] = 1.0
    np.save(tmp_path / "still.npy", b)
    assert run("fid", path_a, tmp_path / "still.npy").status == 0


def test_groups_of_the_jackknife(run, features):
    path_a, path_b, a, b = features
    one = gm.estimate(gm.squared_wasserstein_distance, a, b, groups=10)
    out = run("fid", path_a, path_b, "--groups", "10").out
    assert f"less its bias: {one.value:.3g} ± {one.standard_error:.3g}" in out


def save(path, **arrays):
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.ones((5, 9))}, "Both must have the same features, but {a} has 10 and {b} has 9."),
        ({"x": np.ones((5, 9)), "y": np.ones((4, 9))}, "{b} must hold one array of shape (rows, "
         "features), or mu and sigma; it holds x (5, 9), y (4, 9)."),
        ({"x": np.ones(9)}, "{b} must hold one array of shape (rows, features)"),
        ({"x": np.array([[1.0] * 10, [np.nan] * 10])}, "{b} must hold finite features, but 1 row "
         "of 2 has a NaN or infinity, the first of them row 1."),
        ({"x": np.ones((1, 10))}, "{b} holds 1 row: a law takes 2 at least."),
        ({"x": np.ones((5, 10), dtype=complex)}, "{b} must hold real numbers, but its features are "
         "of type complex128."),
        ({"mu": np.ones(3), "sigma": np.eye(4)}, "mu and sigma of {b} do not fit: mu (3,), sigma "
         "(4, 4)."),
        ({"mu": np.ones(2), "sigma": -np.eye(2)}, "mu and sigma of {b} are no law: "),
    ],
)  # fmt: skip
def test_features_that_are_none(refused, features, tmp_path, arrays, message):
    a, b = features[0], save(tmp_path / "odd.npz", **arrays)
    assert message.format(a=a, b=b) in refused("fid", a, b)


def test_folders_and_tables_that_hold_none(refused, features, tmp_path):
    a = features[0]
    (tmp_path / "empty").mkdir()
    assert f"There is no .npy file in the folder {tmp_path / 'empty'}." in refused(
        "fid", a, tmp_path / "empty"
    )
    np.save(tmp_path / "empty" / "1.npy", np.ones((2, 3)))
    np.save(tmp_path / "empty" / "2.npy", np.ones((2, 4)))
    assert "must hold features of one length, one vector a row; it holds 1 (2, 3), 2 (2, 4)." in (
        refused("fid", a, tmp_path / "empty")
    )
    assert "There is no file or folder no.npy." in refused("fid", a, "no.npy")
    (tmp_path / "words.csv").write_text("x,y\n1,a\n2,b\n3,c\n")
    assert "words.csv must hold features, numbers only: ['y (3 entries such as 'a')" in refused(
        "fid", a, tmp_path / "words.csv"
    ).replace('["', "['")


def test_a_long_wait_is_announced(run, features, monkeypatch):
    path_a, path_b, *_ = features
    assert run("fid", path_a, path_b).err == ""
    times = iter([0.0, 15.0])
    monkeypatch.setattr("gaussmetrics.command.fid.perf_counter", lambda: next(times))
    ended = run("fid", path_a, path_b, "--groups", "8")
    assert ended.err == (
        "gaussmetrics fid: the interval takes 17 more distances, about 5 minutes; fewer --groups "
        "take less and tell the error less well.\n"
    )
    assert ended.status == 0
