"""What is compared, what is left out and why, and that the numbers are right."""

import json
import re
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine
from sklearn.model_selection import StratifiedKFold, cross_val_score

import gaussmetrics as gm
from gaussmetrics.command import chance, comparison
from gaussmetrics.command.chance import clearest
from gaussmetrics.command.comparison import MOST_PAIRS

BY = ("--by", "cultivar")
COLUMNS = "all columns: alcohol, flavanoids, proline, cultivar"


@pytest.fixture
def record(run):
    def record(*arguments):
        return json.loads(run("compare", *arguments, "--json").out)

    return record


def test_the_numbers_are_those_of_the_library(wine, saved, record):
    found = record(saved(wine), *BY)
    names = list(wine.cultivar.unique())
    rows = wine[["alcohol", "flavanoids", "proline"]]
    scaled = rows / rows.std()
    parts = {name: scaled[wine.cultivar == name].to_numpy() for name in names}
    rows_of = gm.estimate_pairwise(gm.wasserstein_distance, parts, allow_singular=True, rng=0).rows
    literal = {frozenset(row[:2]): row for row in rows_of}
    ours = [pair["distance"] for pair in found["pairs"]]
    np.testing.assert_allclose(ours, sorted(row.estimate.value for row in rows_of))
    for pair in found["pairs"]:
        row = literal[frozenset((pair["first"], pair["second"]))]
        ours = [pair[key] for key in ("distance", "standard_error", "low", "high", "adjusted_p")]
        theirs = [*row.estimate, row.low, row.high, row.p_value]
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)
        a, b = parts[pair["first"]], parts[pair["second"]]
        p, q = gm.Gaussian.from_samples(a), gm.Gaussian.from_samples(b)
        split = gm.explain(gm.squared_wasserstein_distance, p, q)
        shares = np.array([split.mean, split.scale, split.orientation]) / split.total
        np.testing.assert_allclose(
            [pair["means"], pair["scales"], pair["orientations"]], shares, atol=1e-12
        )
        first = pair["columns"][0]
        alone = np.hypot(a.mean(0) - b.mean(0), a.std(0, ddof=1) - b.std(0, ddof=1))
        k = int(np.argmax(alone))
        assert first["name"] == rows.columns[k]
        assert first["distance"] == pytest.approx(alone[k])
        assert first["mean_difference"] == pytest.approx((b.mean(0) - a.mean(0))[k])
        assert first["spread_ratio"] == pytest.approx((b.std(0) / a.std(0) * np.sqrt(
            len(b) / (len(b) - 1) * (len(a) - 1) / len(a)))[k])  # fmt: skip
        X, y = np.concatenate([a, b]), np.repeat([0, 1], [len(a), len(b)])
        model = gm.AnalyticLogisticRegression(priors=[0.5, 0.5])
        folds = StratifiedKFold(5, shuffle=True, random_state=0)
        score = cross_val_score(model, X, y, cv=folds, scoring="balanced_accuracy").mean()
        assert pair["confused"] == pytest.approx(1 - score)
    assert found["standard_deviations"] == pytest.approx(rows.std().to_dict())


def test_text_and_json_tell_the_same(wine, saved, run, record):
    path = saved(wine)
    found, out = record(path, *BY), run("compare", path, *BY).out
    for pair in found["pairs"]:
        line = rf"{pair['first']} – {pair['second']} +([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+) +(.+)%"
        told = [float(x) for x in re.search(line, out).groups()]
        expected = [pair[key] for key in ("distance", "low", "high", "adjusted_p")]
        np.testing.assert_allclose(told, [*expected, 100 * pair["confused"]], atol=0.051)


def test_units_do_not_matter(wine, saved, distances):
    one = distances(saved(wine), *BY)
    wine["proline"] *= 1e-150
    wine["alcohol"] = 1e9 + 1e150 * wine.alcohol
    assert distances(saved(wine), *BY) == one


def test_an_awkward_table_gives_what_the_clean_one_gives(wine, saved, run):
    clean = run("compare", saved(wine, "clean.csv"), *BY).out
    awkward = wine.assign(
        vintage="old",
        constant=3.5,
        code=wine.cultivar.map({"Barolo": 1.5, "Grignolino": 2.5, "Barbera": 3.5}),
        gaps=wine.alcohol.where(wine.index % 3 == 0),
        never=np.nan,
    )
    rare = awkward.iloc[:3].assign(cultivar="Nebbiolo")
    gone = awkward.iloc[:2].assign(cultivar="Dolcetto", proline=np.nan)
    holes = awkward.iloc[:4].assign(proline=[np.nan, np.inf, 900.0, 900.0])
    holes.loc[holes.index[2:], "cultivar"] = np.nan
    table = pd.concat([awkward, rare, gone, holes]).reset_index(drop=True)
    out = run("compare", saved(table, index=True, sep=";", decimal=","), *BY).out
    told = out.partition("Left out\n")[2].partition("\n\n")[0]
    assert [re.sub(r"\n? +", " ", line) for line in re.split(r"\n  (?! )", told.strip())] == [
        "vintage (187 entries such as 'old'): not only numbers",
        "Unnamed: 0: only counts the rows",
        "gaps (66%), never (100%): more than half of it missing",
        "2 rows of 187, without a group",
        "4 rows of 187, something missing: proline 4",
        "Nebbiolo (3): group of fewer than 5 complete rows",
        "Dolcetto: group without a complete row",
        "constant, code: the same throughout every group",
    ]
    assert out.partition("Wasserstein")[2] == clean.partition("Wasserstein")[2]


@pytest.mark.parametrize(
    ("words", "told"),
    [(["yes", "no"], "answer (no 0, yes 1)"), (["True", "False"], "answer (False 0, True 1)"),
     (["w", "m"], "answer (m 0, w 1)")],
)  # fmt: skip
def test_two_words_are_encoded(wine, saved, record, words, told):
    wine["answer"] = np.where(wine.index % 3 == 0, *words)
    path = saved(wine)
    found = record(path, *BY)
    assert f"Columns of two words are encoded: {told}." in found["remarks"]
    low, high = sorted(words)
    assert found["encoded"] == {"answer": [low, high]}
    numbers = wine.assign(answer=(wine.answer == high) * 1)
    assert found["pairs"] == record(saved(numbers, "numbers.csv"), *BY)["pairs"]


@pytest.mark.parametrize("entry", ["<0.01", "<0,01", "1,234.5"])
def test_entries_that_spoil_a_column_are_told(wine, saved, run, entry):
    sep, decimal = (";", ",") if entry == "<0,01" else (",", ".")
    wine["spoilt"] = wine.alcohol.map(str).str.replace(".", decimal)
    wine.loc[wine.index[:2], "spoilt"] = entry
    out = run("compare", saved(wine, sep=sep, decimal=decimal), *BY).out
    assert f"spoilt (2 entries such as '{entry}'): not only numbers\n" in out


@pytest.mark.parametrize(
    ("code", "column"), [(-999, "alcohol"), (9999, "alcohol"), (-9, "alcohol")]
)
def test_a_code_for_missing_values_is_told(wine, saved, run, code, column):
    wine.loc[wine.index[[0, 5, 170]], column] = code
    path = saved(wine)
    out = re.sub(r"\n +", " ", run("compare", path, *BY).out)
    told = f"{code} in {column} (3 rows) looks like a code for a missing value and is read as a "
    assert f"{told}number: if it is a code, say --missing {code}." in out
    out = run("compare", path, *BY, "--missing", code).out
    assert "looks like a code" not in out
    assert f"3 rows of 178, something missing: {column} 3" in out


@pytest.mark.parametrize("values", [[-999.0, -990.0, -5.0], [99.0, 60.0, 20.0], [5.0], [], [9.0]])
def test_a_number_in_its_range_is_no_code(wine, saved, run, values):
    wine["alcohol"] = np.resize([*values, *range(100)], 178)
    assert "looks like a code" not in run("compare", saved(wine), *BY).out


def test_only_the_columns_asked_for(wine, saved, record):
    path = saved(wine)
    assert list(record(path, *BY, "--columns", "proline")["standard_deviations"]) == ["proline"]
    both = record(path, *BY, "--columns", "proline", "--without", "alcohol", "cultivar")
    assert list(both["standard_deviations"]) == ["proline"]
    some = record(path, *BY, "--without", "proline", "alcohol")
    assert list(some["standard_deviations"]) == ["flavanoids"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], f"Which column names the groups? Say --by COLUMN. Columns that may name groups: "
         f"cultivar; {COLUMNS}."),
        (["--by", "kind"], f"There is no column 'kind' in {{}}. Columns that may name groups: "
         f"cultivar; {COLUMNS}."),
        (["--by", "Cultivar"], "in {}. Did you mean 'cultivar'?"),
        ([*BY, "--columns", "prol"], "There is no column 'prol' in {}. Did you mean 'proline'?"),
        ([*BY, "--columns", "alcool"], "There is no column 'alcool'"),
        ([*BY, "--without", "alcool"], "There is no column 'alcool'"),
        ([*BY, "--clusters", "subject"], "There is no column 'subject'"),
        ([*BY, "--columns", "cultivar"], "'cultivar' names the groups, and cannot be compared"),
        (["--by", "proline"], "Column 'proline' has 121 values in 178 rows, and most rows are in "
         "groups of fewer than 5. Does it name groups? Numbers are cut into classes first."),
        ([*BY, "--without", "alcohol", "flavanoids", "proline"], "Nothing is left to compare: it "
         "takes two groups of 5 complete rows and a column of numbers, and there are 3 groups and "
         "0 columns."),
    ],
)  # fmt: skip
def test_mistakes_are_explained(wine, saved, refused, arguments, message):
    path = saved(wine)
    assert message.format(path) in refused("compare", path, *arguments)


def test_one_group_and_three_rows(wine, saved, refused):
    why = refused("compare", saved(wine.assign(cultivar="one")), *BY)
    assert "Column 'cultivar' has one group only, 'one', and there is nothing to compare it" in why
    assert "see gaussmetrics reference and gaussmetrics drift." in why
    why = refused("compare", saved(wine.iloc[[0, 70, 170]]), *BY)
    assert "has 3 values in 3 rows. To be compared, two groups need 5 rows each: fewer tell" in why


def test_a_group_whose_rows_are_all_alike(wine, saved, run, refused):
    wine.loc[wine.cultivar == "Barolo", ["alcohol", "flavanoids", "proline"]] = 1.0
    assert "Barolo: group whose rows are all alike\n" in run("compare", saved(wine), *BY).out
    why = refused("compare", saved(wine[wine.cultivar != "Barbera"]), *BY)
    assert "there are 1 group and 3 columns.\n  Left out: Barolo: group whose rows are" in why


def test_few_rows_and_columns_that_add_up(wine, saved, run):
    few = wine.groupby("cultivar").head(6)
    sums = {f"sum {k}": few.alcohol + k * few.flavanoids for k in range(1, 8)}
    still = few.proline.where(few.cultivar != "Barolo", 1000.0)
    out = run("compare", saved(few.assign(**sums, proline=still)), *BY).out
    assert "Some group has fewer than 30 rows, or 3.3 a column: covariances are shrunk" in out
    assert "Left out\n  nothing" in out
    assert re.search(r"Barolo – Grignolino +[\d.]+ ", out)


def test_noise_is_told_so(saved, run):
    noise = np.random.default_rng(0).standard_normal((40, 100))
    frame = pd.DataFrame(noise).add_prefix("column ").assign(arm=np.repeat(["a", "b"], 20))
    out = run("compare", saved(frame), "--by", "arm").out
    assert re.search(r"a – b +[\d.]+ +0.00 +[\d.]+ +0\.\d+ +\d+\.\d% +not told from chance\n", out)
    assert "  not told from chance, and so without parts: a – b\n" in out
    assert "the best of 4950 pairs of columns" in out


def test_rows_dealt_anew_may_be_all_alike(saved, record):
    rows = [*[0.7] * 6, 1.1, 1.6, *[0.7] * 7, 0.9, 0.8]
    frame = pd.DataFrame({"x": rows, "g": list("a" * 8 + "b" * 9)})
    (pair,) = record(saved(frame), "--by", "g")["pairs"]
    assert not pair["told_apart"]


def test_a_pair_that_cannot_be_tested_does_not_stop_the_others(saved, run, record, refused):
    rng = np.random.default_rng(0)
    rows = [*[0.1] * 5, 0.3, *rng.normal(size=20), *(rng.normal(size=20) + 4.0)]
    path = saved(pd.DataFrame({"x": rows, "g": list("a" * 6 + "b" * 20 + "c" * 20)}))
    out = run("compare", path, "--by", "g").out
    assert re.search(r"a – b +0\.\d\d +no interval, no test\n", out)
    assert re.search(r"b – c +[\d.]+ +[\d.]+ +[\d.]+ +0\.003", out)
    why = "x without some of its rows determines no law: X does not vary"
    assert f"No interval and no test of 2 of 3 pairs: {why}" in re.sub(r"\n +", " ", out)
    assert [pair["low"] is None for pair in record(path, "--by", "g")["pairs"]].count(True) == 2
    path = saved(pd.DataFrame({"x": rows[:26], "g": list("a" * 6 + "b" * 20)}))
    assert f"Groups cannot be compared: {why}" in refused("compare", path, "--by", "g")


def test_two_thousand_columns(saved, record):
    rows = np.random.default_rng(0).standard_normal((60, 2000))
    rows[:30, :40] += 1.5
    frame = pd.DataFrame(rows).add_prefix("gene ").assign(arm=np.repeat(["a", "b"], 30))
    found = record(saved(frame), "--by", "arm")
    assert found["principal_axes"]["count"] == 32
    scaled = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    squares = np.linalg.svd(scaled, compute_uv=False) ** 2
    assert found["principal_axes"]["share"] == pytest.approx(squares[:32].sum() / squares.sum())
    (pair,) = found["pairs"]
    assert pair["told_apart"]
    assert {int(c["name"].split()[1]) < 40 for c in pair["columns"][:10]} == {True}
    assert found["clearest"]["pairs"] == 1999000
    assert found["clearest"]["p_value"] < 0.05
    assert found["clearest"]["distance"] > found["clearest"]["by_chance"] > 0.2


def test_forty_groups_stay_readable(saved, run, tmp_path):
    rng = np.random.default_rng(0)
    centres = np.repeat(rng.normal(size=(8, 4)) * 4, 5, axis=0)
    rows = np.concatenate([rng.normal(size=(15, 4)) * 0.5 + centre for centre in centres])
    names = np.repeat([f"group {k}" for k in range(40)], 15)
    path = saved(pd.DataFrame(rows).add_prefix("c").assign(g=names))
    out = run("compare", path, "--by", "g", "--output", tmp_path / "report").out
    assert len(out.splitlines()) < 100
    assert "nearest, 10 of 780 pairs\n" in out
    assert "farthest, 10 of 780 pairs\n" in out
    why = "adjusted by Bonferroni for all 780 pairs; of 31199 deals it is 0.025 at least"
    assert why in re.sub(r"\n +", " ", out)
    clusters = re.findall(r"^  5  (.*)$", out.partition("Groups near each other")[2], re.M)
    assert len(clusters) == 8
    assert all(len({int(name[6:]) // 5 for name in line.split(", ")}) == 1 for line in clusters)
    found = json.loads((tmp_path / "report" / "report.json").read_text())
    near, far = found["pairs"][:10], found["pairs"][10:]
    assert not any(pair["told_apart"] for pair in near)
    assert all(pair["adjusted_p"] == pytest.approx(780 / 31200) for pair in far)
    table = np.array(found["table"])
    assert table.shape == (40, 40)
    laws = [gm.Gaussian.from_samples(rows[k * 15 : k * 15 + 15] / rows.std(axis=0, ddof=1),
                                     shrinkage="ledoit-wolf") for k in (0, 39)]  # fmt: skip
    assert table[0, 39] == pytest.approx(gm.wasserstein_distance(*laws))


def test_more_groups_than_deals_can_tell_apart(saved, run, monkeypatch):
    monkeypatch.setattr(comparison, "MOST_DEALS", 999)
    rows = np.random.default_rng(0).normal(size=80) + np.repeat(np.arange(16), 5)
    frame = pd.DataFrame({"x": rows, "g": np.repeat([f"g{k}" for k in range(16)], 5)})
    out = re.sub(r"\n +", " ", run("compare", saved(frame), "--by", "g").out)
    assert "Of 120 pairs none can be told from chance one by one: 999 deals do not leave p" in out
    assert "What the distances are made of not told from chance, and so without parts: " in out


def test_pairs_of_ten_groups_are_all_tested(saved, record):
    rng = np.random.default_rng(1)
    names = np.repeat([f"g{k}" for k in range(10)], 6)
    found = record(saved(pd.DataFrame({"x": rng.normal(size=60), "g": names})), "--by", "g")
    assert len(found["pairs"]) == found["pair_count"] == MOST_PAIRS
    assert found["adjustment"] == "holm"
    assert found["permutations"] == 2 * 45 * 20 - 1


def test_rows_of_a_cluster_are_dealt_together(saved, run, record, refused):
    rng = np.random.default_rng(2)
    subject = np.repeat(np.arange(24), 10)
    rows = rng.normal(size=(24, 2))[subject] + 0.2 * rng.normal(size=(240, 2))
    frame = pd.DataFrame(rows, columns=["u", "v"])
    frame = frame.assign(subject=subject, arm=np.where(subject < 12, "a", "b"))
    path = saved(frame)
    alone = record(path, "--by", "arm", "--without", "subject")
    together = record(path, "--by", "arm", "--clusters", "subject")
    assert alone["pairs"][0]["p_value"] < 0.05 < together["pairs"][0]["p_value"]
    assert together["clearest"]["p_value"] > 0.05 >= alone["clearest"]["p_value"]
    assert (
        "Rows with one subject are dealt together."
        in run("compare", path, "--by", "arm", "--clusters", "subject").out
    )
    path = saved(frame.assign(subject=frame.subject.where(frame.index > 2)))
    assert "must say of each row what it depends on; 3 rows that would be compared" in refused(
        "compare", path, "--by", "arm", "--clusters", "subject"
    )
    path = saved(frame.assign(subject=frame.arm))
    assert "Groups cannot be compared: " in refused(
        "compare", path, "--by", "arm", "--clusters", "subject"
    )


def test_long_lists_are_cut_short(wine, saved, run):
    rare = wine.iloc[:15].assign(cultivar=[f"rare {k}" for k in range(15)])
    out = re.sub(r"\n +", " ", run("compare", saved(pd.concat([wine, rare])), *BY).out)
    assert "rare 9 (1) and 5 more: group of fewer than 5 complete rows" in out


def test_the_clearest_columns_are_the_best_by_brute_force():
    X, y = load_wine(return_X_y=True)
    found = clearest(X[:, :5], y, np.arange(len(X)), seed=0)
    from scipy.stats import norm, rankdata

    scores = norm.ppf(rankdata(X[:, :5], axis=0) / (len(X) + 1))
    apart = {}
    for columns in combinations(range(5), 2):
        laws = [gm.Gaussian(part.mean(0), np.cov(part.T, ddof=0) + 0.1 * np.eye(2))
                for part in (scores[y == k][:, columns] for k in range(3))]  # fmt: skip
        apart[columns] = np.mean([gm.hellinger_distance(*two) for two in combinations(laws, 2)])
    best = max(apart, key=apart.get)
    assert sorted(found.columns) == list(best)
    assert found.distance == pytest.approx(apart[best])
    assert (found.pairs, found.deals, found.p_value) == (10, 199, 1 / 200)


@pytest.mark.parametrize(("n", "most_rows"), [(24, 5000), (400, 24)])
def test_the_best_pair_of_columns_is_far_by_chance_as_often_as_it_says(n, most_rows, monkeypatch):
    monkeypatch.setattr(chance, "MOST_DEALS", 39)
    monkeypatch.setattr(chance, "MOST_ROWS", most_rows)
    rng, often, runs = np.random.default_rng(0), 0, 150
    for k in range(runs):
        rows, codes = rng.normal(size=(n, 6)), np.repeat([0, 1], n // 2)
        often += clearest(rows, codes, np.arange(n), seed=k).p_value <= 0.1
    assert abs(often / runs - 0.1) < 3.5 * np.sqrt(0.1 * 0.9 / runs)


@pytest.mark.parametrize("name", ["id", "ID", "patient_id", "patientId", "id_patient", "Row-ID"])
def test_numbers_that_name_the_rows_are_no_measurement(wine, saved, run, name):
    names = np.random.default_rng(0).permutation(10 * np.arange(len(wine)) + 100_003)
    path = saved(wine.assign(**{name: names}))
    out = re.sub(r"\n +", " ", run("compare", path, *BY).out)
    assert f"{name}: another whole number in each row, by its name no measurement: --colu" in out
    assert name in run("compare", path, *BY, "--columns", name, "alcohol").out.split("Left out")[0]


@pytest.mark.parametrize("order", ["sorted", "shuffled"])
def test_numbers_that_count_the_rows_are_no_measurement(wine, saved, run, order):
    count = 1001 + np.arange(len(wine))
    if order == "shuffled":
        np.random.default_rng(0).shuffle(count)
    out = run("compare", saved(wine.assign(entry=count)), *BY).out
    assert "entry: only counts the rows" in out


@pytest.mark.parametrize(
    ("name", "values"),
    [("acid", "distinct"), ("idle", "distinct"), ("width", "distinct"), ("grid", "distinct"),
     ("id", "repeated"), ("id", "fractions")],
)  # fmt: skip
def test_other_whole_numbers_are_measurements(wine, saved, run, name, values):
    column = np.random.default_rng(0).permutation(3 * np.arange(len(wine)))
    column = {"distinct": column, "repeated": column // 6, "fractions": column / 2}[values]
    out = run("compare", saved(wine.assign(**{name: column})), *BY).out
    assert "no measurement" not in out
    assert "only counts" not in out


def test_ids_beyond_the_whole_numbers_of_floats(wine, saved, run):
    ids = 1_580_000_000_000_000_000 + np.random.default_rng(0).permutation(500)[: len(wine)]
    out = run("compare", saved(wine.assign(tweet_id=ids)), *BY).out
    assert "tweet_id: another whole number in each row" in out
    out = run("compare", saved(wine.assign(entry=ids[0] + np.arange(len(wine)))), *BY).out
    assert "entry: only counts the rows" in out
