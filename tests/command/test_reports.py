"""The report in HTML and JSON, and its pictures."""

import json
import re
import shlex
from base64 import b64decode
from html.parser import HTMLParser
from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from gaussmetrics.command.compare import compared, sections
from gaussmetrics.command.files import read_table
from gaussmetrics.command.pictures import MOST_LAWS, pictures
from gaussmetrics.command.selection import selected

BY = ("--by", "cultivar")


class Page(HTMLParser):
    """What a page of HTML holds: its tags, its links to elsewhere, its text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.images, self.elsewhere, self.words = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)
        if tag == "img":
            self.images.append(given)
        self.elsewhere += [
            given[k] for k in ("href", "src") if not given.get(k, "data:").startswith("data:")
        ]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_the_report_is_one_page_with_its_pictures(wine, saved, run, tmp_path):
    ended = run("compare", saved(wine), *BY, "--output", tmp_path / "a" / "report")
    directory = tmp_path / "a" / "report"
    names = [
        "report.html",
        "report.json",
        "groups.png",
        "distances.png",
        "parts.png",
        "columns.png",
    ]
    assert ended.out.endswith(f"\nWritten to {directory}: {', '.join(names)}\n")
    assert sorted(path.name for path in directory.iterdir()) == sorted(names)
    page = Page((directory / "report.html").read_text(encoding="utf8"))
    assert page.open == []
    assert page.elsewhere == []
    for image, name in zip(page.images, names[2:], strict=True):
        content = b64decode(image["src"].removeprefix("data:image/png;base64,"))
        assert content == (directory / name).read_bytes()
        assert imread(BytesIO(content)).shape[2] == 4
        assert image["alt"] in page.words
    text = " ".join(" ".join(page.words).split())
    for line in ended.out.partition("\nWritten")[0].splitlines():
        for cell in re.split(r"  +", line.strip()):
            assert cell.replace("−", "-") in text.replace("−", "-")
    typed = shlex.join(map(str, ("compare", saved(wine), *BY, "--output", directory)))
    assert f"gaussmetrics {typed}" in text
    found = json.loads((directory / "report.json").read_text(encoding="utf8"))
    assert json.loads(run("compare", saved(wine), *BY, "--json").out) == found


def test_a_picture_of_some_columns_says_of_how_many(wine, saved, run, tmp_path):
    others = np.random.default_rng(0).standard_normal((len(wine), 10))
    wine[[f"column {k}" for k in range(10)]] = others
    run("compare", saved(wine), *BY, "--output", tmp_path / "report")
    text = (tmp_path / "report" / "report.html").read_text(encoding="utf8")
    assert "differ most between groups (the 12 foremost of 13), each alone" in text


def test_names_cannot_break_the_page(wine, saved, run, tmp_path):
    wine["cultivar"] = wine.cultivar.replace("Barolo", "<script>$x & y</td>")
    path = saved(wine.rename(columns={"proline": "<b>$pro_{line"}), "<i>.csv")
    run("compare", path, *BY, "--output", tmp_path / "report")
    text = (tmp_path / "report" / "report.html").read_text(encoding="utf8")
    assert Page(text).open == []
    assert not re.search("<(script|b|i)>", text)


def test_infinite_ratios_are_null(wine, saved, run):
    wine["still"] = np.where(wine.cultivar == "Barolo", 1.0, wine.alcohol)
    text = run("compare", saved(wine), *BY, "--json").out
    found = json.loads(text)
    ratios = {c["spread_ratio"] for pair in found["pairs"] for c in pair["columns"]
              if c["name"] == "still" and "Barolo" in (pair["first"], pair["second"])}  # fmt: skip
    assert ratios == {None}
    assert "×∞" in run("compare", saved(wine[["still", "proline", "cultivar"]]), *BY).out


def drawn(path, **options):
    given = dict.fromkeys(("clusters", "separator", "decimal", "sheet"))
    given |= {"by": "g", "columns": [], "without": [], "missing": [], "no_header": False, **options}
    given = SimpleNamespace(**given)
    table = read_table(path, given)
    chosen = selected(table, given)
    found = compared(chosen, level=0.05, seed=0, tell=lambda _: None)
    assert sections(table, chosen, found)
    return {name: figure for name, (figure, _) in pictures(chosen, found).items()}


def test_the_clearest_columns_are_drawn_in_their_units(saved):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(90, 3)) * [1, 100, 1], columns=["a", "b", "c"])
    frame["g"] = np.repeat(["x", "y", "z"], 30)
    frame["b"] += 300 * (frame.g == "x")
    frame["c"] += 3 * (frame.g == "y")
    figures = drawn(saved(frame))
    (ax,) = figures["groups"].axes
    assert {ax.get_xlabel(), ax.get_ylabel()} == {"b", "c"}
    points = [line.get_xydata() for line in ax.lines if len(line.get_xydata()) == 30]
    order = [ax.get_xlabel(), ax.get_ylabel()]
    for name, found in zip("xyz", points, strict=True):
        np.testing.assert_allclose(found, frame.loc[frame.g == name, order], rtol=1e-15)
    (legend,) = figures["groups"].legends
    assert [text.get_text() for text in legend.get_texts()] == ["x", "y", "z"]
    assert [bar.get_label() for bar in figures["parts"].axes[0].containers] == [
        "means", "scales", "orientations"
    ]  # fmt: skip


def test_two_groups_need_no_table_and_one_column_no_plane(saved):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=60), "g": np.repeat(["x", "y"], 30)})
    assert set(drawn(saved(frame))) == {"groups"}
    frame["a"] += 3 * (frame.g == "x")
    figures = drawn(saved(frame))
    assert set(figures) == {"groups", "parts", "columns"}
    assert figures["groups"].axes[0].get_ylabel() == "density"


def test_of_many_groups_one_of_each_cluster_has_a_colour(saved):
    rng = np.random.default_rng(0)
    sizes = [6 + k for k in range(12)]
    g = np.repeat(np.arange(12), sizes)
    rows = rng.normal(size=(len(g), 2)) * 0.1 + 10 * np.c_[g // 3, g // 3]
    frame = pd.DataFrame(rows, columns=["a", "b"]).assign(g=[f"g{k}" for k in g])
    figures = drawn(saved(frame))
    (legend,) = figures["groups"].legends
    shown = {text.get_text() for text in legend.get_texts()}
    assert len(shown) == 8 <= MOST_LAWS
    assert {"g2", "g5", "g8", "g11"} & shown
    assert {int(name[1:]) // 3 for name in shown} == {0, 1, 2, 3}
    grey = figures["groups"].axes[0].lines[0]
    assert len(grey.get_xdata()) == len(g) - sum(sizes[int(name[1:])] for name in shown)


def test_a_report_that_cannot_be_written_is_refused_before_the_work(wine, saved, refused, tmp_path):
    (tmp_path / "file").write_text("")
    message = f"cannot make the folder {tmp_path / 'file'}: File exists"
    assert message in refused("compare", saved(wine), *BY, "--output", tmp_path / "file")


def test_a_disk_that_is_full_is_named(wine, saved, run, tmp_path):
    (tmp_path / "report" / "report.json").mkdir(parents=True)
    ended = run("compare", saved(wine), *BY, "--output", tmp_path / "report")
    assert ended.status == 2
    assert f"cannot read or write {tmp_path / 'report' / 'report.json'}: Is a dir" in ended.err


def test_without_matplotlib_there_is_text_but_no_report(wine, saved, run, refused, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    message = '--output needs matplotlib: pip install "gaussmetrics[cli]"'
    assert message in refused("compare", saved(wine), *BY, "--output", "report")
    assert run("compare", saved(wine), *BY).status == 0


@pytest.mark.parametrize("number", [0, 1])
def test_seeds_deal_anew(wine, saved, run, number):
    noise = wine.assign(cultivar=np.repeat(["a", "b"], 89))
    one, two = (run("compare", saved(noise), *BY, "--seed", s, "--json").out for s in (0, number))
    assert (one == two) == (number == 0)
