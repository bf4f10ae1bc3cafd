"""Every example runs as a user runs it, and the numbers it prints are right."""

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


def test_your_own_csv(tmp_path):
    output = run("your_own_csv", TMPDIR=str(tmp_path), TEMP=str(tmp_path))
    (report,) = tmp_path.rglob("report.html")
    assert f"Written to {report.parent}: report.html, report.json, groups.png" in output
    X, y = load_wine(return_X_y=True)
    laws = [moments(rows) for rows in (X[y == k] / X.std(axis=0, ddof=1) for k in range(3))]
    for i, j in combinations(range(3), 2):
        fitted = np.sqrt(squared_wasserstein(*laws[i], *laws[j]))
        numbers = re.search(
            f"{CULTIVARS[i]} – {CULTIVARS[j]} +([\\d.]+) +([\\d.]+) +([\\d.]+)", output
        )
        value, low, high = map(float, numbers.groups())
        assert low < value < fitted < high  # the bias is less than the standard error
    again = run("your_own_csv", *tmp_path.rglob("wine.csv"), "--by", "cultivar", "--columns", "hue")
    assert "hue is the only column" in again
