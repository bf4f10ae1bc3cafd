"""Every picture of the gallery is drawn by its script, with a title and without a warning."""

import ast
import runpy
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

FOLDER = Path(__file__).parents[1] / "examples" / "pictures"
each_script = pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda p: p.stem)


@each_script
def test_it_draws_one_picture(path):
    with mpl.rc_context({"backend": "Agg"}):
        plt.close("all")
        runpy.run_path(str(path))
        (number,) = plt.get_fignums()
        figure = plt.figure(number)
        figure.canvas.draw()
        frame = figure.bbox.padded(1.0)
        for ax in figure.axes:
            assert ax.has_data()
            place = ax.get_tightbbox()
            assert frame.contains(place.x0, place.y0)
            assert frame.contains(place.x1, place.y1)
        plt.close("all")


@each_script
def test_it_begins_with_a_title(path):
    title, line, *_ = ast.get_docstring(ast.parse(path.read_text(encoding="utf8"))).splitlines()
    assert line == "=" * len(title)
