"""References and drift: right distances, thresholds, tests and exit statuses."""

import json
import re

import numpy as np
import pandas as pd
import pytest

import gaussmetrics as gm

COLUMNS = ["a", "b", "c"]


def night(rng, n=200, shift=0.0, scale=1.0):
    rows = rng.normal(size=(n, 3)) * [1.0, 10.0, 0.1] + [0.0, 100.0, 5.0]
    rows[:, 1] = 100.0 + (rows[:, 1] - 100.0) * scale
    rows[:, 2] += shift
    return pd.DataFrame(rows, columns=COLUMNS)


@pytest.fixture
def nights(saved):
    """Thirty nights in one table."""
    rng = np.random.default_rng(0)
    frames = [night(rng).assign(night=f"night {k}") for k in range(30)]
    return saved(pd.concat(frames), "nights.csv")


@pytest.fixture
def reference(run, nights, tmp_path):
    path = tmp_path / "reference.npz"
    assert run("reference", nights, "--by", "night", "--output", path).status == 0
    return path


@pytest.fixture
def alone(run, saved, tmp_path):
    """A reference without parts."""
    path = tmp_path / "alone.npz"
    frame = night(np.random.default_rng(1), 500)
    assert run("reference", saved(frame, "one.csv"), "--output", path).status == 0
    return path, frame


def law(frame):
    return gm.Gaussian.from_samples(frame[COLUMNS].to_numpy())


def test_the_file_holds_moments_that_the_library_reads(reference, nights):
    rows = pd.read_csv(nights)[COLUMNS].to_numpy()
    whole = gm.Moments.from_samples(rows)
    loaded = gm.Moments.load(reference)
    assert loaded.count == 6000
    np.testing.assert_allclose(loaded.mean, whole.mean, rtol=1e-14)
    np.testing.assert_allclose(loaded.scatter, whole.scatter, rtol=1e-12)


def test_the_threshold_is_the_largest_usual_distance(run, nights, tmp_path, reference):
    table = pd.read_csv(nights)
    ended = run("reference", nights, "--by", "night", "--output", tmp_path / "again.npz")
    pairs = [(law(part), law(table[table.night != name])) for name, part in table.groupby("night")]
    largest = max(gm.kl_divergence(*pair) for pair in pairs)
    assert f"largest distances, {largest:.3g} nats (KL), " in ended.out
    assert "about one false alarm in 31." in re.sub(r"\n +", " ", ended.out)
    found = json.loads(run("drift", reference, nights, "--json").out)
    assert found["threshold"] == pytest.approx(largest, rel=1e-9)


def test_several_tables_are_parts(run, saved, tmp_path):
    rng = np.random.default_rng(2)
    paths = [saved(night(rng), f"{k}.csv") for k in range(6)]
    out = run("reference", *paths, "--output", tmp_path / "r.npz").out
    assert f"Written to {tmp_path / 'r.npz'}: 1200 rows, 3 columns\n" in out
    assert "Each of 6 parts was compared with all others" in out
    few = run("reference", *paths[:3], "--output", tmp_path / "r.npz").out
    assert "No threshold: it takes 5 parts of more rows than columns, and there are 3 parts." in few


def test_a_usual_night_and_drift(run, saved, reference):
    rng = np.random.default_rng(5)
    usual = run("drift", reference, saved(night(rng), "today.csv"))
    assert usual.status == 0
    told = r"as usual: KL divergence 0\.0\d+ nats, 0\.\d+ allowed \(the largest of 30 parts of the"
    assert re.match(told, usual.out)
    shifted = run("drift", reference, saved(night(rng, shift=0.1), "today.csv"))
    assert shifted.status == 1
    assert shifted.out.startswith("drift: KL divergence 0.5")
    assert "Columns that differ most, each alone: c 0." in shifted.out
    assert re.search(
        r"What has changed: means 9\d%, scales \d%, orientations \d% \(of the sq", shifted.out
    )
    wider = run("drift", reference, saved(night(rng, scale=2.0), "today.csv"))
    assert wider.status == 1
    assert re.search(r"What has changed: means \d%, scales 9\d%, ", wider.out)
    assert "each alone: b 0." in wider.out


@pytest.mark.parametrize("metric", ["kl", "wasserstein"])
def test_the_distance_is_that_of_the_library(run, saved, alone, metric):
    path, then = alone
    now = night(np.random.default_rng(6), 80, shift=0.05)
    found = json.loads(run("drift", path, saved(now, "now.csv"), "--metric", metric, "--json").out)
    if metric == "kl":
        expected = gm.kl_divergence(law(now), law(then))
    else:
        units = then[COLUMNS].std()
        expected = gm.wasserstein_distance(law(now / units), law(then / units))
    assert found["distance"] == pytest.approx(expected, rel=1e-8)
    test = gm.equality_test(now[COLUMNS].to_numpy(), then[COLUMNS].to_numpy(), null="normal")
    assert found["p_value"] == pytest.approx(test.p_value, rel=1e-6)
    assert sum(found["shares"].values()) == pytest.approx(1.0)
    assert found["rule"] == "the test at level 0.001"


def test_without_a_threshold_the_test_decides(run, saved, alone):
    path, _ = alone
    rng = np.random.default_rng(7)
    usual, shifted = night(rng), night(rng, shift=0.04)
    assert run("drift", path, saved(usual, "now.csv")).status == 0
    ended = run("drift", path, saved(shifted, "now.csv"))
    assert ended.status == 1
    assert "(the test at level 0.001)" in ended.out
    assert run("drift", path, saved(shifted, "now.csv"), "--level", "1e-30").status == 0


@pytest.mark.parametrize(("threshold", "status"), [("0.5", 0), ("0.001", 1), ("0", 1)])
def test_a_threshold_of_ones_own(run, saved, reference, threshold, status):
    path = saved(night(np.random.default_rng(8)), "now.csv")
    ended = run("drift", reference, path, "--threshold", threshold)
    assert ended.status == status
    assert f", {float(threshold):.3g} allowed (the threshold given)\n" in ended.out


def test_columns_are_found_by_name_and_others_do_not_matter(run, saved, reference):
    frame = night(np.random.default_rng(9))
    one = run("drift", reference, saved(frame, "now.csv")).out
    mixed = frame.assign(new="x")[["new", "c", "a", "b"]]
    assert run("drift", reference, saved(mixed, "now.csv", sep=";", decimal=",")).out.startswith(
        one
    )


def test_what_cannot_be_told_is_two(refused, saved, reference, tmp_path):
    frame = night(np.random.default_rng(10))
    now = saved(frame, "now.csv")
    assert f"There is no file {tmp_path / 'no.npz'}. gaussmetrics reference TABLE --output" in (
        refused("drift", tmp_path / "no.npz", now)
    )
    assert "There is no file no.csv." in refused("drift", reference, "no.csv")
    swapped = refused("drift", now, reference)
    assert f"No reference: {now} is truncated, damaged or no .npz file. The reference, which " in (
        swapped
    )
    assert "gaussmetrics reference writes, comes before the table." in swapped
    assert "pickle" not in swapped
    lacking = saved(frame.drop(columns="b"), "lacking.csv")
    assert "lacking.csv lacks 1 column of the reference: b. Its columns: a, c." in refused(
        "drift", reference, lacking
    )
    words = saved(frame.assign(b="many"), "words.csv")
    assert "Column 'b' of " in refused("drift", reference, words)


def test_few_rows(refused, run, saved, reference, alone):
    few = saved(night(np.random.default_rng(10), 3), "few.csv")
    why = refused("drift", reference, few)
    assert "3 complete rows for 3 columns: it takes 4 rows at least to tell how they spread" in why
    assert "Or say --metric wasserstein, which takes 2." in why
    options = ("--metric", "wasserstein", "--threshold", "9")
    assert run("drift", reference, few, *options).status == 0
    assert "There is no threshold, and no test: it takes more rows than columns" in refused(
        "drift", alone[0], few, "--metric", "wasserstein"
    )


def test_batches_of_moments_are_no_reference(refused, saved, tmp_path):
    gm.Moments.from_samples(np.zeros((2, 9, 3))).save(tmp_path / "two.npz")
    now = saved(night(np.random.default_rng(0)), "now.csv")
    assert "two.npz holds the moments of (2,) samples, not one." in refused(
        "drift", tmp_path / "two.npz", now
    )


def test_moments_without_names_are_matched_by_place(run, saved, tmp_path):
    frame = night(np.random.default_rng(11))
    gm.Moments.from_samples(frame.to_numpy()).save(tmp_path / "plain.npz")
    ended = run("drift", tmp_path / "plain.npz", saved(frame, "now.csv"))
    assert ended.status == 0
    assert re.search(r"each alone: column \d .*column 1 |each alone: column 1 ", ended.out)


def test_rows_with_gaps_are_told(run, saved, reference):
    frame = night(np.random.default_rng(12))
    frame.loc[:4, "a"] = np.nan
    out = run("drift", reference, saved(frame, "now.csv")).out
    assert "Left out: 5 rows of 200, something missing: a 5" in out
    frame.loc[:149, "b"] = np.inf
    out = run("drift", reference, saved(frame, "now.csv"), "--threshold", "9").out
    assert "More than half of the rows are left out: the rest may be no fair sample." in out


def test_a_constant_column_that_moves_is_drift(run, saved, tmp_path):
    rng = np.random.default_rng(13)
    path = tmp_path / "r.npz"
    run("reference", saved(night(rng).assign(version=3), "r.csv"), "--output", path)
    same, other = (night(rng).assign(version=v) for v in (3, 4))
    assert run("drift", path, saved(same, "now.csv")).status == 0
    ended = run("drift", path, saved(other, "now.csv"), "--threshold", "9")
    assert ended.status == 1
    assert "No longer constant, or at another value: version." in ended.out


def test_columns_that_cease_to_determine_each_other(run, saved, tmp_path):
    rng = np.random.default_rng(14)
    path = tmp_path / "r.npz"
    frame = night(rng)
    run("reference", saved(frame.assign(d=frame.a + frame.b), "r.csv"), "--output", path)
    loose = frame.assign(d=frame.a + frame.b + rng.normal(size=200))
    ended = run("drift", path, saved(loose, "now.csv"), "--threshold", "9")
    assert ended.status == 1
    assert ended.out.startswith("drift: KL divergence ∞ nats, 9 allowed")
    assert "The divergence is infinite: columns that determined each other" in ended.out
    assert "No test: it takes more rows than columns, and columns not determined" in ended.out
    options = ("--metric", "wasserstein", "--threshold", "9")
    assert run("drift", path, saved(loose, "now.csv"), *options).status == 0


def test_two_words_keep_the_numbers_of_the_reference(run, saved, tmp_path):
    rng = np.random.default_rng(15)
    path = tmp_path / "r.npz"
    then = night(rng).assign(ok=np.where(rng.random(200) < 0.9, "yes", "no"))
    ended = run("reference", saved(then, "r.csv"), "--output", path)
    assert "Columns of two words are encoded: ok (no 0, yes 1)." in ended.out
    usual = night(rng).assign(ok=np.where(rng.random(200) < 0.9, "yes", "no"))
    assert run("drift", path, saved(usual, "now.csv"), "--threshold", "0.2").status == 0
    fewer = usual.assign(ok=np.where(rng.random(200) < 0.3, "yes", "no"))
    ended = run("drift", path, saved(fewer, "now.csv"), "--threshold", "0.2")
    assert ended.status == 1
    assert "each alone: ok " in ended.out
    other = saved(usual.assign(ok="perhaps"), "now.csv")
    assert run("drift", path, other, "--threshold", "0.2").status == 2


def test_what_is_left_out_of_a_reference_is_told(run, refused, saved, tmp_path):
    frame = night(np.random.default_rng(16)).assign(note="x", gaps=np.nan)
    frame.loc[0, "a"] = np.nan
    out = run("reference", saved(frame), "--output", tmp_path / "r.npz").out
    assert "Left out: note (200 entries such as 'x'): not only numbers" in out
    assert "Left out: gaps: more than half of it missing" in out
    assert "Left out: 1 row: something missing" in out
    assert (
        "No parts (--by COLUMN, or several tables): drift then needs --threshold, or tests." in out
    )
    path = saved(frame[["note"]])
    assert "No column of numbers is left. note (200 entries" in refused(
        "reference", path, "--output", tmp_path / "r.npz"
    )
    path = saved(frame.head(2))
    assert "A reference needs 2 complete rows at least, got 1." in refused(
        "reference", path, "--output", tmp_path / "r.npz"
    )
    assert "There is no column 'day' in " in refused(
        "reference", path, "--by", "day", "--output", tmp_path / "r.npz"
    )
    other = saved(frame.drop(columns="b"), "other.csv")
    assert "other.csv lacks the column 'b' of " in refused(
        "reference", path, other, "--output", tmp_path / "r.npz"
    )


@pytest.mark.parametrize("metric", ["kl", "wasserstein"])
def test_short_nights_are_no_drift_for_being_short(run, saved, reference, metric):
    """Of a law unchanged, rows are further away by chance the fewer they are."""
    rng = np.random.default_rng(7)
    ended = [
        run("drift", reference, saved(night(rng, 30), "short.csv"), "--metric", metric)
        for _ in range(20)
    ]
    # One false alarm in 31 is usual; 16 of 20 were raised against the bound of whole nights.
    assert sum(one.status for one in ended) <= 3
    factor = "6.5" if metric == "kl" else "2.5"
    told = f"parts of the reference, times {factor} because it has fewer rows)"
    assert told in re.sub(r"\n +", " ", ended[0].out)
    assert run("drift", reference, saved(night(rng, 30, scale=3.0), "short.csv")).status == 1


def test_a_usual_night_differs_and_has_not_changed(run, saved, reference):
    out = run("drift", reference, saved(night(np.random.default_rng(5)), "today.csv")).out
    assert "What differs: means" in out
    assert "times" not in out


def test_a_code_for_missing_values_is_told_at_night(run, saved, reference):
    rows = night(np.random.default_rng(5))
    rows.loc[3, "b"] = -999.0
    path = saved(rows, "today.csv")
    out = re.sub(r"\n +", " ", run("drift", reference, path).out)
    assert "-999 in b (1 row) looks like a code for a missing value and is read as a number" in out
    assert run("drift", reference, path, "--missing", "-999").status == 0


def test_what_all_tables_have_is_told_once(run, saved, tmp_path):
    rng = np.random.default_rng(2)
    paths = [saved(night(rng), f"{k}.csv", sep=";", decimal=",") for k in range(3)]
    out = run("reference", *paths, "--output", tmp_path / "r.npz").out
    assert out.count("Decimal commas") == 1


def test_parts_of_unlike_sizes_are_each_allowed_for(run, saved, tmp_path):
    """Twelve rows are as far by chance as the parts of twelve were, whatever a larger one had."""
    rng = np.random.default_rng(17)
    sizes = [1200, *[12] * 6]
    parts = pd.concat([night(rng, n).assign(p=k) for k, n in enumerate(sizes)])
    path = tmp_path / "r.npz"
    assert run("reference", saved(parts), "--by", "p", "--output", path).status == 0
    usual = [run("drift", path, saved(night(rng, 12), "now.csv")) for _ in range(16)]
    assert sum(one.status for one in usual) <= 5  # one in eight
    far = [run("drift", path, saved(night(rng, 12, shift=0.3), "now.csv")) for _ in range(10)]
    assert sum(one.status for one in far) >= 8


def test_ids_that_begin_anew_in_every_table_are_no_measurement(run, saved, tmp_path):
    rng = np.random.default_rng(18)
    rows = [night(rng).assign(id=range(1, 201), run_id=rng.permutation(5000)[:200])
            for _ in range(3)]  # fmt: skip
    paths = [saved(frame, f"{k}.csv") for k, frame in enumerate(rows)]
    out = run("reference", *paths, "--output", tmp_path / "r.npz").out
    assert "Columns: a, b, c.\n" in out
    one = saved(pd.concat([frame.assign(night=k) for k, frame in enumerate(rows)]), "all.csv")
    again = run("reference", one, "--by", "night", "--output", tmp_path / "r.npz").out
    assert "Columns: a, b, c.\n" in again


def test_a_word_that_the_reference_did_not_know_is_named(run, saved, tmp_path):
    rng = np.random.default_rng(15)
    path = tmp_path / "r.npz"
    words = np.where(rng.random(200) < 0.9, "yes", "no")
    run("reference", saved(night(rng).assign(ok=words), "r.csv"), "--output", path)
    words[:4] = "--"
    table = saved(night(rng).assign(ok=words), "now.csv")
    out = re.sub(r"\n +", " ", run("drift", path, table, "--threshold", "0.2").out)
    assert "Left out: 4 rows, ok is neither 'no' nor 'yes' but such as '--'" in out
