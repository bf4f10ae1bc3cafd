"""Every notebook is committed without outputs and runs from top to bottom."""

import json
from pathlib import Path

import matplotlib as mpl
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook(path):
    mpl.use("Agg")
    cells = json.loads(path.read_text(encoding="utf8"))["cells"]
    namespace = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            exec(compile("".join(cell["source"]), path.name, "exec"), namespace)
    mpl.pyplot.close("all")


def test_there_are_notebooks():
    assert NOTEBOOKS
