"""A table gives the same whatever the file it is in; what had to be guessed is told."""

import gzip

import numpy as np
import pandas as pd
import pytest

BY = ("--by", "cultivar")


@pytest.fixture
def clean(wine, saved, distances):
    return distances(saved(wine, "clean.csv"), *BY)


@pytest.mark.parametrize("sep", [",", ";", "\t", "|", " "])
def test_separators(wine, saved, distances, clean, sep):
    assert distances(saved(wine, sep=sep), *BY) == clean


def test_decimal_commas_are_told(wine, saved, run, clean):
    out = run("compare", saved(wine, sep=";", decimal=","), *BY).out
    assert "Decimal commas: 1,5 is read as 1.5 (--decimal . reads it otherwise)." in out
    assert out.partition("Wasserstein distances")[2] == clean


def test_a_decimal_mark_and_a_separator_may_be_said(wine, saved, distances, clean):
    path = saved(wine, sep="~", decimal=",")
    assert distances(path, *BY, "--separator", "~", "--decimal", ",") == clean
    assert distances(saved(wine, sep="\t"), *BY, "--separator", "tab") == clean


def test_comments_and_blank_lines_are_passed_over(wine, saved, distances, clean):
    path = saved(wine)
    header, first, rest = path.read_text().split("\n", 2)
    path.write_text(f"# wine\n\n# made, today\n{header}\n{first}\n# a note, with, commas\n\n{rest}")
    assert distances(path, *BY) == clean


def test_an_entry_may_hold_the_sign_of_comments(wine, saved, distances, clean):
    wine["cultivar"] = wine.cultivar.replace("Barolo", "Ba#rol")
    assert distances(saved(wine), *BY).replace("Ba#rol", "Barolo") == clean


def test_names_in_a_comment_above_numbers(wine, tmp_path, run):
    rows = wine[["alcohol", "proline"]].assign(kind=wine.cultivar == "Barolo").astype(float)
    np.savetxt(tmp_path / "rows.txt", rows, header="alcohol proline kind")
    ended = run("compare", tmp_path / "rows.txt", "--by", "kind")
    assert "names of the columns are taken from the comment “# alcohol proline kind”" in ended.out
    assert "2 groups of kind, with their rows: 1 59, 0 119" in ended.out


def test_blanks_are_no_part_of_names(wine, saved, distances, clean):
    wine["cultivar"] += np.tile(["", "  "], 89)
    assert distances(saved(wine.rename(columns=" {} ".format)), *BY) == clean


def test_separators_that_end_lines_move_no_column(wine, saved, distances, clean):
    path = saved(wine)
    header, rest = path.read_text().split("\n", 1)
    path.write_text(header + "\n" + rest.replace("\n", ",\n"))
    assert distances(path, *BY) == clean


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_unicode(wine, saved, distances, clean, encoding):
    wine["cultivar"] = wine.cultivar.str.replace("Barolo", "Barölo")
    assert distances(saved(wine, encoding=encoding), *BY).replace("ö", "o") == clean


def test_latin_1_is_told(wine, saved, run):
    wine["cultivar"] = wine.cultivar.str.replace("Barolo", "Barölo")
    path = saved(wine, encoding="latin-1")
    out = run("compare", path, *BY).out
    assert " is not in UTF-8: read as Latin-1." in out
    assert "Barölo 59" in out


def test_gzip(wine, tmp_path, distances, clean):
    path = tmp_path / "wine.csv.gz"
    path.write_bytes(gzip.compress(wine.to_csv(index=False).encode()))
    assert distances(path, *BY) == clean


def test_a_damaged_gzip(wine, tmp_path, refused):
    path = tmp_path / "wine.csv.gz"
    path.write_bytes(gzip.compress(wine.to_csv(index=False).encode())[:500])
    assert f"{path} is a damaged file of gzip." in refused("compare", path, *BY)


def test_parquet(wine, tmp_path, distances, clean, refused):
    wine.to_parquet(tmp_path / "wine.parquet")
    assert distances(tmp_path / "wine.parquet", *BY) == clean
    (tmp_path / "no.parquet").write_text("a,b\n1,2\n")
    message = "no.parquet cannot be read as Parquet: "
    assert message in refused("compare", tmp_path / "no.parquet", *BY)


def test_a_named_index_of_parquet_is_a_column(wine, tmp_path, distances, clean):
    wine.set_index("cultivar").to_parquet(tmp_path / "wine.parquet")
    assert distances(tmp_path / "wine.parquet", *BY) == clean


def test_excel(wine, tmp_path, run, refused, clean):
    pytest.importorskip("openpyxl")
    path = tmp_path / "wine.xlsx"
    with pd.ExcelWriter(path) as writer:
        wine.to_excel(writer, sheet_name="wines", index=False)
        wine.iloc[:, :2].to_excel(writer, sheet_name="notes", index=False)
    out = run("compare", path, *BY).out
    assert "Read is the first sheet, of wines, notes (--sheet NAME)." in out
    assert out.partition("Wasserstein distances")[2] == clean
    assert "has no sheet 'x'. Its sheets: wines, notes" in refused(
        "compare", path, *BY, "--sheet", "x"
    )
    assert "There is no column 'cultivar'" in refused("compare", path, *BY, "--sheet", "notes")
    (tmp_path / "no.xlsx").write_text("a,b\n1,2\n")
    assert "no.xlsx cannot be read as Excel: " in refused("compare", tmp_path / "no.xlsx", *BY)


def test_old_excel_is_to_be_saved_anew(tmp_path, refused):
    (tmp_path / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0")
    message = "old.xls: save it as .xlsx or CSV, which can be read."
    assert message in refused("compare", tmp_path / "old.xls", *BY)


def test_a_header_of_numbers_is_told(wine, saved, run, refused):
    path = saved(wine, header=False)
    why = refused("compare", path, *BY)
    assert "There is no column 'cultivar'" in why
    assert "The header looks like numbers: 14.23, 3.06, 1065.0. If it is a row of data, say" in why
    out = run("compare", path, "--no-header", "--by", "4", "--without", "1").out
    assert "178 rows, 4 columns" in out
    assert "column 2, column 3." in out
    assert "looks like numbers" not in out


def test_years_may_be_names(wine, saved, run):
    path = saved(wine.rename(columns={"alcohol": "2019", "flavanoids": "2020", "proline": "2021"}))
    out = run("compare", path, *BY).out
    assert "The header looks like numbers: 2019, 2020, 2021. If it is a row of data, say" in out


def test_groups_may_be_called_none_or_null(wine, saved, run):
    wine["cultivar"] = wine.cultivar.replace({"Barolo": "None", "Barbera": "null"})
    wine.loc[:4, "cultivar"] = "NA"
    out = run("compare", saved(wine), *BY).out
    assert "None 54, Grignolino 71, null 48" in out
    assert "5 rows of 178, without a group" in out


def test_whole_numbers_name_groups_without_a_point(wine, saved, run):
    numbers = wine.cultivar.map({"Barolo": 1.0, "Grignolino": 2.0, "Barbera": 3.0})
    numbers[0] = np.nan
    assert "1 58, 2 71, 3 48" in run("compare", saved(wine.assign(cultivar=numbers)), *BY).out


def test_arrays_are_groups(tmp_path, run):
    rng = np.random.default_rng(0)
    groups = {"before": rng.normal(size=(40, 3)), "after": rng.normal(size=(50, 3)) + 1.0}
    np.savez(tmp_path / "groups.npz", **groups)
    (tmp_path / "groups").mkdir()
    for name, rows in groups.items():
        np.save(tmp_path / "groups" / f"{name}.npy", rows)
    one, two = (run("compare", tmp_path / name).out for name in ("groups.npz", "groups"))
    assert "2 groups of group, with their rows: before 40, after 50" in one
    assert "after 50, before 40" in two
    rows = {name: rows.tolist() for name, rows in groups.items()}
    assert all(len(x[0]) == 3 for x in rows.values())


def test_arrays_with_labels(tmp_path, run, refused):
    rng = np.random.default_rng(0)
    path = tmp_path / "xy.npz"
    np.savez(path, X=rng.normal(size=(40, 2)), y=np.repeat(["a", "b"], 20), z=rng.normal(size=40))
    out = run("compare", path, "--by", "y").out
    assert "2 groups of y, with their rows: a 20, b 20" in out
    assert "X[0], X[1], z." in out
    assert "has no array 'w' of one name a row. Without --by each" in refused(
        "compare", path, "--by", "w"
    )


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": np.ones(3)}, "holds no array of shape (rows, columns), but a (3,)."),
        ({"a": np.ones((3, 2)), "b": np.ones((3, 4))}, "same columns, but their arrays are of "
         "shapes a (3, 2), b (3, 4)."),
        ({"a": np.array([{}])}, "it holds Python objects, not numbers. Write it with numpy.save"),
    ],
)  # fmt: skip
def test_arrays_that_are_no_groups(tmp_path, refused, arrays, message):
    np.savez(tmp_path / "odd.npz", **arrays)
    assert message in refused("compare", tmp_path / "odd.npz")


def test_damaged_arrays(tmp_path, refused):
    np.savez(tmp_path / "whole.npz", a=np.ones((30, 2)))
    (tmp_path / "cut.npz").write_bytes((tmp_path / "whole.npz").read_bytes()[:200])
    assert "it is damaged or cut short" in refused("compare", tmp_path / "cut.npz")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty: no line of it holds a table."),
        (b"\n \n", "is empty: no line of it holds a table."),
        (b"# only\n# comments\n", "is empty: no line of it holds a table."),
        (b"a,kind\n", "has a header, but no row of data below it."),
        (b"a,kind\n1,2\n1,2,3\n", "Expected 2 fields in line 3, saw 3. Every line must have as "
         "many fields as the first; here they were cut at commas. Another is given with"),
        (bytes(range(256)), "is no table in text, but binary. Tables may be CSV, Parquet"),
    ],
)  # fmt: skip
def test_what_is_no_table(tmp_path, refused, content, message):
    path = tmp_path / "odd.csv"
    path.write_bytes(content)
    assert message in refused("compare", path, "--by", "kind")


def test_lines_are_counted_as_in_the_file(tmp_path, refused):
    (tmp_path / "odd.csv").write_text("# one\na,b\n# three\n1,2\n1,2,3\n")
    assert "in line 5, saw 3" in refused("compare", tmp_path / "odd.csv", "--by", "b")


def test_no_file_and_a_folder(tmp_path, refused, wine, saved):
    saved(wine, "wine.csv")
    assert f"There is no file {tmp_path / 'wine'}. There is wine.csv." in refused(
        "compare", tmp_path / "wine", *BY
    )
    assert "There is no file absent.csv." in refused("compare", "absent.csv", *BY)
    assert f"{tmp_path} is a folder. Of folders, those with .npy" in refused(
        "compare", tmp_path, *BY
    )


def test_names_that_stand_twice(tmp_path, refused, wine):
    frame = wine.set_axis(["alcohol", "alcohol ", "proline", "cultivar"], axis=1)
    frame.to_parquet(tmp_path / "twice.parquet")
    message = "has more than one column of the name alcohol. Rename one."
    assert message in refused("compare", tmp_path / "twice.parquet", *BY)


def test_a_missing_package_is_named(wine, saved, refused, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    message = 'reading tables needs pandas: pip install "gaussmetrics[cli]"'
    path = saved(wine)
    assert message in refused("compare", path, *BY)
