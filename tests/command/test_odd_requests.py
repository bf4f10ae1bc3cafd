"""What is asked twice, of the wrong column, or of numbers that floats cannot square."""

import numpy as np
import pandas as pd
import pytest

import gaussmetrics as gm
from gaussmetrics.command import main


def two_groups(n=40, shift=0.0, scale=1.0):
    rows = np.random.default_rng(0).normal(size=(n, 2))
    rows[1::2] += shift
    return pd.DataFrame(rows * scale, columns=["x", "y"]).assign(g=["a", "b"] * (n // 2))


@pytest.fixture
def table(saved):
    return saved(two_groups())


def test_a_column_named_twice_is_one(run, table, tmp_path):
    once = run("compare", table, "--by", "g", "--columns", "x")
    assert run("compare", table, "--by", "g", "--columns", "x", "x") == once
    ended = run("reference", table, "--columns", "x", "x", "--output", tmp_path / "r.npz")
    assert "40 rows, 1 column\n" in ended.out


def test_the_column_of_clusters_is_not_compared(refused, table):
    said = refused("compare", table, "--by", "g", "--columns", "x", "--clusters", "x")
    assert "'x' names the clusters, and cannot be compared as well." in said


def test_the_column_of_parts_is_not_compared(refused, table, tmp_path):
    output = "--output", tmp_path / "r.npz"
    said = refused("reference", table, "--by", "g", "--columns", "g", *output)
    assert "'g' names the parts, and cannot be compared as well." in said


def test_the_column_of_groups_may_be_left_out_too(run, table, tmp_path):
    assert run("compare", table, "--by", "g", "--without", "g").status == 0
    output = "--output", tmp_path / "r.npz"
    assert run("reference", table, "--by", "g", "--without", "g", *output).status == 0


def test_a_missing_column_is_told_also_where_parts_are_called_group(refused, saved, tmp_path):
    path = saved(two_groups().rename(columns={"g": "group"}))
    output = "--output", tmp_path / "r.npz"
    said = refused("reference", path, "--by", "group", "--columns", "z", *output)
    assert "There is no column 'z'" in said


def test_lists_in_cells_name_no_groups(refused, tmp_path):
    path = tmp_path / "lists.parquet"
    two_groups().assign(parts=[[1.0, 2.0]] * 40).to_parquet(path)
    said = refused("compare", path, "--by", "nothing")
    assert "Columns that may name groups: g; all columns: x, y, g, parts." in said
    assert "has one group only" in refused("compare", path, "--by", "parts")


@pytest.mark.parametrize(("scale", "why"), [(1e300, "overflow"), (1e-300, "underflow")])
def test_numbers_that_floats_cannot_square(refused, saved, tmp_path, scale, why):
    path = saved(two_groups(scale=scale)[["x", "y"]])
    output = "--output", tmp_path / "r.npz"
    for said in (refused("reference", path, *output), refused("fid", path, path)):
        assert f"{path}: the squares of X {why} float64. Rescale its columns" in said
    assert not (tmp_path / "r.npz").exists()


def test_a_drift_beyond_the_floats_is_told(run, refused, saved, tmp_path):
    usual = saved(two_groups()[["x", "y"]], "usual.csv")
    assert run("reference", usual, "--output", tmp_path / "r.npz").status == 0
    far = saved(two_groups(scale=1e200)[["x", "y"]], "far.csv")
    said = refused("drift", tmp_path / "r.npz", far)
    assert f"{far}: the squares of X overflow float64." in said


def test_rows_that_are_all_alike_are_no_reference(refused, saved, tmp_path):
    alike = saved(pd.DataFrame({"x": [1.0] * 9, "y": [2.0] * 9}))
    why = "all rows of the reference are alike, which tells nothing of how rows spread"
    assert f"{alike}: {why}" in refused("reference", alike, "--output", tmp_path / "r.npz")
    gm.Moments.from_samples(np.ones((9, 2))).save(tmp_path / "saved.npz")
    rows = saved(pd.DataFrame(np.ones((9, 2))), "rows.csv", header=False)
    assert why in refused("drift", tmp_path / "saved.npz", rows, "--no-header")


def test_groups_far_apart_are_told_apart_at_any_level(run, saved):
    # Of 999 deals the smallest p-value is 0.001, and would never be below a smaller level.
    path = saved(two_groups(shift=9.0))
    for level in ("0.05", "0.0005"):
        assert "not told from chance" not in run("compare", path, "--by", "g", "--level", level).out


@pytest.mark.parametrize(
    ("command", "level", "why"),
    [
        ("compare", "0.00001", "must be 0.0001 at least, as rows are dealt 2/P times"),
        ("fid", "1e-300", "must not be so small that 1 − P is 1"),
    ],
)
def test_levels_too_small(capsys, command, level, why):
    with pytest.raises(SystemExit, match="2"):
        main([command, "a.csv", "--level", level])
    assert why in capsys.readouterr().err


@pytest.mark.parametrize(
    ("mean", "cov", "why"),
    [
        (["a", "b"], np.eye(2), "types <U1 and float64"),
        ([1j, 0], np.eye(2), "types complex128 and float64"),
        ([0.0, 0.0], np.eye(2).astype(str), "types float64 and <U32"),
    ],
)
def test_statistics_that_are_no_numbers(refused, tmp_path, mean, cov, why):
    path = tmp_path / "statistics.npz"
    np.savez(path, mu=np.array(mean), sigma=cov)
    said = refused("fid", path, path)
    assert f"{path} must hold real numbers, but its mu and sigma are of {why}." in said


def test_features_without_any(refused, tmp_path):
    np.save(tmp_path / "none.npy", np.empty((5, 0)))
    said = refused("fid", tmp_path / "none.npy", tmp_path / "none.npy")
    assert "holds 5 rows of no feature." in said
    np.savez(tmp_path / "empty.npz")
    said = refused("fid", tmp_path / "empty.npz", tmp_path / "none.npy")
    assert f"There is no array in {tmp_path / 'empty.npz'}." in said


def test_characters_that_no_font_has_are_told_once(run, saved, tmp_path):
    table = two_groups(shift=9.0).replace({"a": "𐎠𐎡", "b": "plain"})
    ended = run("compare", saved(table), "--by", "g", "--output", tmp_path / "report")
    assert ended.err == "no font here has 𐎠 𐎡: boxes are in their place\n"
    assert "𐎠𐎡" in (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
