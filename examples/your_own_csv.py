"""How far apart are the groups in your own table, and which columns tell them apart?

    python examples/your_own_csv.py data.csv group-column [column ...]

reads a table with one observation a row and compares the groups that one column names, in all
columns of numbers or in those given. It prints what it leaves out and why, the distances, how often
groups would be as far apart by chance, how often rows would be put in the wrong group, and which
columns differ most; and it saves a picture beside the file, in the two columns that together tell
the groups apart best. Columns are divided by their standard deviation, so units do not matter;
covariances are shrunk by the rule of Ledoit and Wolf, so few rows will do. Semicolons, tabs,
decimal commas and Latin-1 are understood. Without arguments it writes a table of 178 wines as an
example of yours and works on that.
"""

import argparse
import tempfile
from io import StringIO
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.datasets import load_wine
from sklearn.model_selection import cross_val_score

import gaussmetrics as gm

FEWEST_ROWS = 5


def example():
    wine = load_wine(as_frame=True)
    names = wine.target.map({0: "Barolo", 1: "Grignolino", 2: "Barbera"})
    path = Path(tempfile.mkdtemp()) / "wine.csv"
    wine.data.assign(cultivar=names).to_csv(path, index=False)
    return path, "cultivar"


def read(path):
    if not path.is_file():
        raise SystemExit(f"There is no file {path}.")
    try:
        return parsed(decoded(path))
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise SystemExit(f"{path} is no table as CSV. Save it as one. ({error})") from None


def decoded(path):
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        print(f"{path} is not in UTF-8: read as Latin-1")
        return content.decode("latin-1")


def parsed(text):
    """Return the table, by the separator of the first line and the mark that makes more numbers."""
    sep = max(",;\t", key=text.partition("\n")[0].count)
    options = {"sep": sep, "skipinitialspace": True}
    marks = "." if sep == "," else ".,"
    readings = [pd.read_csv(StringIO(text), decimal=mark, **options) for mark in marks]
    frame = max(readings, key=lambda frame: frame.select_dtypes("number").shape[1])
    return frame.rename(columns=str.rstrip).replace(r"\s+$", "", regex=True)


def check(frame, group, columns):
    """Stop with an explanation unless there is a column of groups, and the others asked for."""
    likely = [c for c in frame if 2 <= frame[c].nunique() <= min(20, len(frame) / FEWEST_ROWS)]
    hint = f"Columns that may name groups: {', '.join(likely) or 'none'}; all columns: "
    hint += ", ".join(frame)
    if group is None:
        raise SystemExit(f"Which column names the groups? Give it after the file. {hint}")
    for column in (group, *columns):
        if column not in frame:
            raise SystemExit(f"There is no column {column!r}. {hint}")
    sizes = frame[group].value_counts()
    groups = sizes[sizes >= FEWEST_ROWS]
    if len(groups) < 2 or groups.sum() < len(frame) / 2:
        raise SystemExit(
            f"Column {group!r} has {len(sizes)} values in {len(frame)} rows. To name groups, "
            f"two need {FEWEST_ROWS} rows each, and most rows must belong to such. {hint}"
        )


def left_out(what, why):
    if len(what):
        more = f" and {len(what) - 10} more" if len(what) > 10 else ""
        print(f"Left out, {why}: {', '.join(map(str, what[:10]))}{more}")


def no_number(column):
    """Return the entries that keep a column from being one of numbers."""
    text = column.dropna().astype(str)
    readings = [pd.to_numeric(text.str.replace(mark, "."), errors="coerce") for mark in ".,"]
    failing = [text[reading.isna()] for reading in readings if reading.isna().any()]
    return min(failing, key=len, default=text)


def comparable(table, groups):
    """Return rows of numbers without gaps, and their groups; tell what is left out."""
    numbers = table.select_dtypes("number").replace([np.inf, -np.inf], np.nan)
    failing = {c: no_number(table[c]) for c in table if c not in numbers}
    told = [f"{c} ({len(x)} entries such as {x.iloc[0]!r})" for c, x in failing.items()]
    left_out(told, "not only numbers")
    counting = numbers.columns[numbers.diff().iloc[1:].eq(1).all()]
    left_out(counting, "only counts the rows")
    empty = numbers.columns[numbers.isna().mean() > 0.5]
    left_out(empty, "more than half of it missing")
    rows = numbers.drop(columns=counting.union(empty))[groups.notna()].dropna()
    if len(rows) < len(table):
        print(f"Left out, something missing: {len(table) - len(rows)} of {len(table)} rows")
    sizes = groups[rows.index].value_counts()
    left_out(sizes.index[sizes < FEWEST_ROWS], f"group of fewer than {FEWEST_ROWS} complete rows")
    rows = rows[groups[rows.index].map(sizes) >= FEWEST_ROWS]
    values = rows.groupby(groups).nunique()
    left_out(values.columns[values.max() <= 1], "the same throughout every group")
    left_out(values.index[values.max(axis=1) <= 1], "group whose rows are all alike")
    kept = groups[rows.index].isin(values.index[values.max(axis=1) > 1])
    rows = rows.loc[kept, values.max() > 1]
    if rows.empty or groups[rows.index].nunique() < 2:
        raise SystemExit("Nothing is left to compare: two groups and a column of numbers it takes.")
    return rows, groups[rows.index]


def law(rows):
    return gm.Gaussian.from_samples(rows, shrinkage="ledoit-wolf")


def by_chance(a, b):
    """Return how often rows shuffled between both groups are as far apart."""
    options = {"shrinkage": "ledoit-wolf", "allow_singular": True, "permutations": 199, "rng": 0}
    return gm.equality_test(a, b, statistic=gm.wasserstein_distance, **options).p_value


def confused(a, b):
    """Return the share of rows put in the wrong group, the mean of both groups, in new rows."""
    X, y = np.concatenate([a, b]), np.repeat([0, 1], [len(a), len(b)])
    model = gm.AnalyticLogisticRegression(priors=[0.5, 0.5])
    return 1.0 - cross_val_score(model, X, y, cv=5, scoring="balanced_accuracy").mean()


def distances(laws):
    """Return the table of Wasserstein distances, and one for each column alone."""
    marginals = [laws.marginal([i]) for i in range(laws.dim)]
    table, *alone = (gm.pairwise(gm.wasserstein_distance, ps) for ps in (laws, *marginals))
    return table, np.stack(alone, axis=-1)


def clearest(laws, alone):
    """Return the two columns that together tell the groups apart best, of ten that differ most."""
    telling = np.argsort(-alone.sum(axis=(0, 1)))[:10]
    pairs = combinations(telling, min(2, len(telling)))
    return max(pairs, key=lambda c: gm.pairwise(gm.hellinger_distance, laws.marginal(c)).sum())


def report(parts, names, columns, table, alone):
    print("\nWasserstein distance, in standard deviations of the columns")
    print(pd.DataFrame(table, names, names).round(2).to_string())
    pairs = sorted(combinations(range(len(names)), 2), key=lambda pair: table[pair])[:10]
    width = max(13, *(len(f"{names[i]} – {names[j]}") for i, j in pairs))
    print(f"\n{'nearest first':{width}}  distance  by chance  confused  columns that differ most")
    for i, j in pairs:
        most = [f"{columns[c]} {alone[i, j, c]:.2f}" for c in np.argsort(-alone[i, j])[:3]]
        chance, wrong = by_chance(parts[i], parts[j]), confused(parts[i], parts[j])
        pair = f"{names[i]} – {names[j]}"
        print(f"{pair:{width}}  {table[i, j]:8.2f}  {chance:9.3f}  {wrong:8.1%}  {', '.join(most)}")
    print(
        "by chance: how often rows shuffled between both are as far apart; below 0.05 they differ"
    )
    print("confused: share of rows a linear classifier puts in the wrong one, cross-validated")


def picture(parts, names, table):
    """Draw the groups in one or two columns, and the table if there are more than two groups."""
    panels = 1 + (len(names) > 2)
    figure = Figure(figsize=(5.5 * panels, 4.5), layout="constrained")
    left, *right = figure.subplots(1, panels, squeeze=False)[0]
    laws = [gm.Gaussian.from_samples(part, allow_singular=True) for part in parts]
    gm.plot_gaussians(laws, labels=names, ax=left)
    if laws[0].dim == 2:
        for k, part in enumerate(parts):
            left.plot(*part.to_numpy().T, ".", color=f"C{k}", markersize=3, alpha=0.5)
    left.set_title("Regions of 95 % in the clearest columns")
    for axes in right:
        gm.plot_pairwise(table, labels=names, ax=axes)
        axes.set_title("Wasserstein distance, in standard deviations")
    return figure


def main(path, group=None, *columns):
    path = Path(path)
    frame = read(path)
    check(frame, group, columns)
    print(f"{path}: {len(frame)} rows, {len(frame.columns)} columns, groups by {group}")
    table = frame[list(columns)] if columns else frame.drop(columns=group)
    rows, groups = comparable(table, frame[group])
    labels = groups.unique()
    names = [str(label) for label in labels]
    scaled = rows / rows.std()
    parts = [scaled[groups == label].to_numpy() for label in labels]
    fitted = [law(part) for part in parts]
    laws = gm.Gaussian([p.mean for p in fitted], [p.cov for p in fitted])
    table, alone = distances(laws)
    report(parts, names, rows.columns, table, alone)
    drawn = rows.columns[list(clearest(laws, alone))]
    target = path.with_name(f"{path.stem}_groups.png")
    picture([rows.loc[groups == label, drawn] for label in labels], names, table).savefig(target)
    print(f"\nPicture: {target}")
    print(f"of {' and '.join(drawn)}, which together tell the groups apart best")


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("table", nargs="?", help="a CSV file; without it, an example is made")
    parser.add_argument("group", nargs="?", help="the column that names the groups")
    parser.add_argument("columns", nargs="*", help="the columns to compare; else all of numbers")
    return parser.parse_args()


if __name__ == "__main__":
    given = arguments()
    main(*(example() if given.table is None else (given.table, given.group, *given.columns)))
