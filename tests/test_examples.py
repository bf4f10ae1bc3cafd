"""Every example runs as a user runs it, and the numbers it prints are right."""

import importlib.util
import os
import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.cbook import get_sample_data
from sklearn.covariance import LedoitWolf
from sklearn.datasets import load_digits, load_wine
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import StandardScaler

EXAMPLES = Path(__file__).parents[1] / "examples"
TESTED = {
    "classifier_pipeline",
    "contrastive_accumulation",
    "drift_detection",
    "eeg_like_covariances",
    "fid_from_features",
    "latent_regulariser",
    "merge_mixture_components",
    "training_losses",
    "your_own_csv",
}
CULTIVARS = np.array(["Barolo", "Grignolino", "Barbera"])


def run(name, *arguments, **environment):
    command = [sys.executable, "-W", "error", str(EXAMPLES / f"{name}.py"), *map(str, arguments)]
    env = {**os.environ, "MPLBACKEND": "Agg", "PYTHONIOENCODING": "utf8", **environment}
    done = subprocess.run(
        command, capture_output=True, encoding="utf8", timeout=300, env=env, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def after(text, output):
    """The first number after a text."""
    return float(re.search(re.escape(text) + r"[^\d-]*(-?[\d.]+)", output)[1])


def squared_wasserstein(m, S, n, T):
    """Literally, by eigenvalues of the product."""
    roots = np.sqrt(np.linalg.eigvals(S @ T).real.clip(0))
    return ((m - n) ** 2).sum() + np.trace(S + T) - 2 * roots.sum()


def kl(m, S, n, T):
    P = np.linalg.inv(T)
    shape = np.trace(P @ S) - len(m) - np.linalg.slogdet(P @ S)[1]
    return 0.5 * (shape + (n - m) @ P @ (n - m))


def hellinger(laws, axes):
    """Literally, of each pair of laws in some of their columns."""
    cut = [(m[list(axes)], S[np.ix_(axes, axes)]) for m, S in laws]
    for (m, S), (n, T) in combinations(cut, 2):
        middle = 0.5 * (S + T)
        roots = np.sqrt(np.linalg.det(S) * np.linalg.det(T)) / np.linalg.det(middle)
        yield np.sqrt(1 - np.sqrt(roots) * np.exp(-(m - n) @ np.linalg.solve(middle, m - n) / 8))


def moments(rows):
    return np.mean(rows, axis=0), np.cov(rows, rowvar=False)


def test_every_example_is_tested_and_listed():
    scripts = {path.stem for path in EXAMPLES.glob("*.py")}
    assert scripts == TESTED
    listed = (EXAMPLES / "README.md").read_text(encoding="utf8")
    assert all(f"python examples/{name}.py" in listed for name in scripts)


def test_fid_from_features():
    output = run("fid_from_features")
    X, y = load_digits(return_X_y=True)
    expected = squared_wasserstein(*moments(X[y == 0]), *moments(X[y == 1]))
    assert after("zeros and ones", output) == pytest.approx(expected, abs=0.06)
    rows, distances = np.array(re.findall(r"(\d+) rows and \d+ others +([\d.]+)", output), float).T
    slope = np.polyfit(np.log(rows), np.log(distances), 1)[0]
    assert slope == pytest.approx(-1.0, abs=0.2)  # the bias falls like one over rows
    value, error = np.array(re.findall(r"others.* (-?[\d.]+) ± ([\d.]+)", output), float).T
    assert (abs(value) < 3 * error).all()  # both sides are of one source
    assert (abs(value) < 0.25 * distances).all()


def test_drift_detection():
    output = run("drift_detection")
    prices = pd.read_csv(get_sample_data("Stocks.csv", asfileobj=False), comment="#")
    months = prices[prices.Date.str.endswith("-01")]
    columns = ["IBM", "AAPL", "MSFT", "XRX", "ADBE", "^GSPC", "^IXIC"]
    returns = 100 * np.diff(np.log(months[columns].to_numpy()), axis=0)
    year = months.Date.str[:4].astype(int).to_numpy()[1:]
    usable = np.isfinite(returns).all(axis=1)
    returns, year = returns[usable], year[usable]
    nineties = (year >= 1990) & (year < 2000)
    for start in range(2000, 2021, 3):
        now = (year >= start) & (year < start + 3)
        distance = kl(*moments(returns[now]), *moments(returns[nineties]))
        assert after(f"{start} to {start + 2}", output) == pytest.approx(distance, abs=0.006)
        line = next(x for x in output.splitlines() if x.startswith(f"  {start} to"))
        share = float(re.search(r"(0\.\d{3}|1\.000)", line)[1])
        both = now | nineties
        rows, years = returns[both], year[both]
        every = [np.isin(years, three) for three in combinations(np.unique(years), 3)]
        dealt = [kl(*moments(rows[chosen]), *moments(rows[~chosen])) for chosen in every]
        exact = np.mean(np.array(dealt) >= distance - 1e-9)
        assert share == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 999) + 0.0015)
        assert ("drift" in line) == (share <= 0.05)
    assert re.search("2000 to 2002.*drift, most of it in XRX", output)


def test_merge_mixture_components():
    output = run("merge_mixture_components")
    data = load_wine(as_frame=True).data[["flavanoids", "color_intensity", "proline"]]
    X = StandardScaler().fit_transform(data)
    model = GaussianMixture(8, reg_covar=1e-3, n_init=5, random_state=0).fit(X)
    w, mean, cov = model.weights_, model.means_, model.covariances_
    costs = []
    for i, j in combinations(range(8), 2):  # Runnalls' bound, in his form
        step = (mean[i] - mean[j])[:, None]
        total = w[i] + w[j]
        merged = (w[i] * cov[i] + w[j] * cov[j]) / total + w[i] * w[j] / total**2 * step @ step.T
        logs = [np.linalg.slogdet(S)[1] for S in (merged, cov[i], cov[j])]
        costs.append(0.5 * (total * logs[0] - w[i] * logs[1] - w[j] * logs[2]))
    table = np.array(re.findall(r"^ +(\d)" + r" +([\d.]+)" * 3 + "$", output, re.M), float)
    assert table[0, 1] == pytest.approx(min(costs), abs=6e-4)
    assert table[:, 0].tolist() == [7, 6, 5, 4, 3, 2, 1]
    groups, cost = table[np.argmax(np.diff(table[:, 1]) > 0.2)][:2]
    assert groups == 3  # the cost jumps from here, at the number of cultivars
    assert table[5, 1] > 2 * cost
    assert table[4, 3] > after("fitted at once:", output)


def test_classifier_pipeline():
    output = run("classifier_pipeline")
    lines = re.findall(r"^ *(\d+)  (closed form|iterated) +([\d.]+) +([\d.]+)", output, re.M)
    result = {(int(n), name): (float(a), float(loss)) for n, name, a, loss in lines}
    (few, few_loss), (few_lr, few_lr_loss) = (result[100, k] for k in ("closed form", "iterated"))
    assert abs(few - few_lr) < 0.03
    assert abs(few_loss - few_lr_loss) < 0.1
    (many, many_loss), (many_lr, many_lr_loss) = (
        result[1200, k] for k in ("closed form", "iterated")
    )
    assert 0.93 < many < many_lr
    assert many_lr_loss < many_loss < 0.25


def test_eeg_like_covariances():
    pytest.importorskip("pyriemann", minversion="0.12")
    output = run("eeg_like_covariances")
    differences = re.findall(r"gm\..* (\d+e[+-]\d+)$", output, re.M)
    assert len(differences) == 8
    assert all(float(x) < 1e-9 for x in differences)
    judged = re.findall(r"_distance +([\d.]+)% +([\d.]+)% +(\d+)%$", output, re.M)
    assert [same for _, _, same in judged] == ["100", "100"]
    assert all(ours == theirs and float(ours) > 65 for ours, theirs, _ in judged)


def test_latent_regulariser():
    pytest.importorskip("torch")
    output = run("latent_regulariser")
    # From N(1, I) to N(0, C) the map is T = √C, and the gradient 2 (1 − 0) and I − T.
    values, vectors = np.linalg.eigh([[1.0, 0.5], [0.5, 1.0]])
    T = vectors @ np.diag(np.sqrt(values)) @ vectors.T
    norm = np.sqrt(8 + ((np.eye(2) - T) ** 2).sum())
    found = re.search(r"W2² +repeated eigenvalues +([\d.]+) +nan", output)
    assert float(found[1]) == pytest.approx(norm, abs=6e-7)
    assert re.search(r"W2², autograd +nan +nan", output)
    trained = re.findall(r"^(KL|W2²), closed form +([\d.]+) +([\d.]+)$", output, re.M)
    assert [name for name, _, _ in trained] == ["KL", "W2²"]
    for _, error, penalty in trained:  # of data whose mean square is 1.7
        assert float(error) < 0.1
        assert float(penalty) < 0.05
    assert after("KL, closed form", output) == after("KL, autograd", output)


def test_contrastive_experiment():
    output = run("contrastive_experiment/experiment", "--quick")
    recalls = {
        (loss, precision): float(recall)
        for loss, precision, recall in re.findall(
            r"loss (\w+)  precision (float\d\d) .* recall ([\d.]+)", output
        )
    }
    assert len(recalls) == 5
    assert recalls["flat", "float32"] > recalls["usual", "float32"] + 2
    for (loss, _), recall in recalls.items():
        if loss != "flat":  # what float32 loses makes no difference
            assert recall == pytest.approx(recalls["usual", "float32"], abs=0.5)
    bounds = re.findall(
        r"d (\d+)  rho ([\d.]+) .*tion ([\d.]+)  bound ([\d.]+) .*error ([\d.]+)  log_K ([\d.]+)",
        output,
    )
    assert len(bounds) == 8
    for d, rho, information, bound, error, ceiling in np.array(bounds, float):
        assert information == pytest.approx(-d / 2 * np.log1p(-(rho**2)), rel=1e-3)
        assert bound < min(information + 4 * error, ceiling + 1e-3)
    areas = re.findall(r"false_pairs (\w+) .* features (.+?)  acc.* auc ([\d.]+)", output)
    areas = {(kind, name): float(area) for kind, name, area in areas}
    assert areas["near", "|u − v|, u·v"] > areas["near", "cosine"] + 5


# The reader's own table


@pytest.fixture(scope="module")
def csv():
    path = EXAMPLES / "your_own_csv.py"
    spec = importlib.util.spec_from_file_location("your_own_csv", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def wine():
    data, target = load_wine(return_X_y=True, as_frame=True)
    return data[["alcohol", "flavanoids", "proline"]].assign(cultivar=CULTIVARS[target])


def saved(tmp_path, frame, **options):
    path = tmp_path / "mine.csv"
    frame.to_csv(path, **{"index": False, **options})
    return path


def test_your_own_csv_makes_an_example(tmp_path):
    output = run("your_own_csv", TMPDIR=str(tmp_path), TEMP=str(tmp_path))
    (picture,) = tmp_path.rglob("wine_groups.png")
    assert picture.read_bytes().startswith(b"\x89PNG")
    X, y = load_wine(return_X_y=True)
    X = X / X.std(axis=0, ddof=1)
    fits = [LedoitWolf().fit(X[y == k]) for k in range(3)]
    n = np.bincount(y)
    laws = [(fit.location_, fit.covariance_ * k / (k - 1)) for fit, k in zip(fits, n, strict=True)]
    for i, j in combinations(range(3), 2):
        expected = np.sqrt(squared_wasserstein(*laws[i], *laws[j]))
        pair = f"{CULTIVARS[i]} – {CULTIVARS[j]}"
        assert after(pair, output) == pytest.approx(expected, abs=0.006)
    lines = re.findall(r"^(.+ – \w+) +([\d.]+) +([\d.]+) +([\d.]+)%", output, re.M)
    assert [pair.split(" – ") for pair, *_ in lines][-1] == ["Barolo", "Barbera"]
    told_apart = {pair: sum(hellinger(laws, pair)) for pair in combinations(range(13), 2)}
    drawn = sorted(load_wine().feature_names[k] for k in max(told_apart, key=told_apart.get))
    line = rf"Picture: {re.escape(str(picture))}\nof (\w+) and (\w+), which"
    assert sorted(re.search(line, output).groups()) == drawn
    distance, chance, wrong = np.array([numbers for _, *numbers in lines], float).T
    assert (np.diff(distance) > 0).all()
    assert (distance > 3.5).all()
    assert (chance == 0.005).all()
    assert (wrong < 6).all()


def test_an_awkward_table_gives_what_the_clean_one_gives(csv, wine, tmp_path, capsys):
    csv.main(saved(tmp_path, wine), "cultivar")
    clean = capsys.readouterr().out.partition("\n\n")[2]
    awkward = wine.assign(
        vintage="old",
        constant=3.5,
        code=wine.cultivar.map({"Barolo": 1.5, "Grignolino": 2.5, "Barbera": 3.5}),
        gaps=wine.alcohol.where(wine.index % 3 == 0),
    )
    rare = awkward.iloc[:3].assign(cultivar="Nebbiolo")
    holes = awkward.iloc[:4].assign(proline=[np.nan, np.inf, 900.0, 900.0])
    holes.loc[holes.index[2:], "cultivar"] = np.nan
    table = pd.concat([awkward, rare, holes])
    path = saved(tmp_path, table.reset_index(drop=True), index=True, sep=";", decimal=",",
                 encoding="utf-8-sig")  # fmt: skip
    csv.main(path, "cultivar")
    top, _, rest = capsys.readouterr().out.partition("\n\n")
    assert rest == clean
    assert top.splitlines()[1:] == [
        "Left out, not only numbers: vintage (185 entries such as 'old')",
        "Left out, only counts the rows: Unnamed: 0",
        "Left out, more than half of it missing: gaps",
        "Left out, something missing: 4 of 185 rows",
        "Left out, group of fewer than 5 complete rows: Nebbiolo",
        "Left out, the same throughout every group: constant, code",
    ]


def test_latin_1_is_read_and_blanks_are_no_part_of_a_name(csv, wine, tmp_path, capsys):
    csv.main(saved(tmp_path, wine), "cultivar")
    clean = capsys.readouterr().out.partition("\n\n")[2]
    wine["cultivar"] = wine.cultivar.str.replace("Barolo", "Barölo") + np.tile(["", " "], 89)
    path = saved(tmp_path, wine.rename(columns=" {} ".format), encoding="latin-1")
    csv.main(path, "cultivar")
    top, _, rest = capsys.readouterr().out.partition("\n\n")
    assert top.startswith(f"{path} is not in UTF-8: read as Latin-1\n")
    assert rest.replace("ö", "o") == clean


@pytest.mark.parametrize("entry", ["<0.01", "<0,01", "1,234.5"])
def test_entries_that_spoil_a_column_are_told(csv, wine, tmp_path, capsys, entry):
    sep, decimal = (";", ",") if entry == "<0,01" else (",", ".")
    wine["spoilt"] = wine.alcohol.map(str).str.replace(".", decimal)
    wine.loc[wine.index[:2], "spoilt"] = entry
    csv.main(saved(tmp_path, wine, sep=sep, decimal=decimal), "cultivar")
    told = f"Left out, not only numbers: spoilt (2 entries such as '{entry}')\n"
    assert told in capsys.readouterr().out


def test_two_groups_need_no_table_in_the_picture(csv, wine):
    parts = [wine.loc[wine.cultivar == name, ["alcohol", "proline"]] for name in CULTIVARS]
    for n, axes in ((2, 1), (3, 3)):  # with three a table and the bar of its colours
        figure = csv.picture(parts[:n], CULTIVARS[:n], np.ones((n, n)))
        assert len(figure.axes) == axes
        assert figure.axes[0].get_xlabel() == "alcohol"


@pytest.mark.parametrize("sep", [",", ";", "\t"])
def test_separators(csv, wine, tmp_path, sep):
    frame = csv.read(saved(tmp_path, wine, sep=sep))
    pd.testing.assert_frame_equal(frame, wine, check_dtype=False)


def test_only_the_columns_asked_for(csv, wine, tmp_path, capsys):
    csv.main(saved(tmp_path, wine), "cultivar", "alcohol")
    output = capsys.readouterr().out
    assert "alcohol" in output
    assert "proline" not in output
    assert (tmp_path / "mine_groups.png").exists()


def test_noise_is_no_difference(csv, capsys, tmp_path):
    noise = np.random.default_rng(0).standard_normal((40, 100))
    frame = pd.DataFrame(noise).add_prefix("column ").assign(arm=np.repeat(["a", "b"], 20))
    csv.main(saved(tmp_path, frame), "arm")
    numbers = re.search(r"a – b +([\d.]+) +([\d.]+) +([\d.]+)%", capsys.readouterr().out)
    distance, chance, wrong = map(float, numbers.groups())
    assert distance > 0
    assert 0.05 < chance <= 1
    assert 25 < wrong < 75


def test_one_distance_in_twenty_between_equals_is_above_chance(csv):
    rng, above = np.random.default_rng(0), 0
    for _ in range(400):
        rows = rng.standard_normal((12, 2))
        rows /= rows.std(axis=0, ddof=1)
        a, b = rows[:5], rows[5:]
        above += csv.by_chance(a, b) <= 0.05
    assert abs(above / 400 - 0.05) < 3.5 * np.sqrt(0.05 * 0.95 / 400)


def test_few_rows_and_columns_that_add_up(csv, wine, tmp_path, capsys):
    few = wine.groupby("cultivar").head(6)
    sums = {f"sum {k}": few.alcohol + k * few.flavanoids for k in range(1, 8)}
    one_still = few.proline.where(few.cultivar != "Barolo", 1000.0)
    csv.main(saved(tmp_path, few.assign(**sums, proline=one_still)), "cultivar")
    output = capsys.readouterr().out
    assert "Left out" not in output
    assert np.isfinite(after("Barolo – Grignolino", output))


COLUMNS = "all columns: alcohol, flavanoids, proline, cultivar"


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ([], f"Which column names the groups.*may name groups: cultivar; {COLUMNS}"),
        (["kind"], f"no column 'kind'.*may name groups: cultivar; {COLUMNS}"),
        (["cultivar", "alcool"], "no column 'alcool'"),
        (["proline"], "'proline' has 121 values in 178 rows.*need 5 rows each"),
        (["cultivar", "cultivar"], "Nothing is left to compare"),
    ],
)
def test_mistakes_are_explained(csv, wine, tmp_path, named, message):
    with pytest.raises(SystemExit, match=message):
        csv.main(saved(tmp_path, wine), *named)


def test_a_missing_file_is_named(csv, tmp_path):
    with pytest.raises(SystemExit, match=r"no file .*absent\.csv"):
        csv.main(tmp_path / "absent.csv", "cultivar")


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n1,2,3\n", b"\xf6,b\n1,2\n1,2,3\n"])
def test_what_is_no_table_is_refused(csv, tmp_path, content):
    path = tmp_path / "broken.csv"
    path.write_bytes(content)
    with pytest.raises(SystemExit, match="is no table as CSV"):
        csv.main(path, "kind")


def test_long_lists_are_cut_short(csv, wine, tmp_path, capsys):
    rare = wine.iloc[:15].assign(cultivar=[f"rare {k}" for k in range(15)])
    csv.main(saved(tmp_path, pd.concat([wine, rare])), "cultivar")
    assert "rare 9 and 5 more\n" in capsys.readouterr().out


def test_a_group_whose_rows_are_all_alike_is_left_out(csv, wine, tmp_path, capsys):
    wine.loc[wine.cultivar == "Barolo", ["alcohol", "flavanoids", "proline"]] = 1.0
    csv.main(saved(tmp_path, wine), "cultivar")
    output = capsys.readouterr().out
    assert "Left out, group whose rows are all alike: Barolo\n" in output
    assert "Barolo –" not in output
