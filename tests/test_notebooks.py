"""Every notebook is committed without outputs and runs from top to bottom."""

import json
from pathlib import Path

import matplotlib as mpl
import mpmath as mp
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_cells(path):
    cells = json.loads(path.read_text(encoding="utf8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


@each_notebook
def test_outputs_are_empty(path):
    for cell in code_cells(path):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None


@each_notebook
def test_it_runs(path):
    mpl.use("Agg")
    namespace = {}
    # Notebooks set the precision and the style of their process as they like.
    with mp.workdps(mp.mp.dps), mpl.rc_context():
        for cell in code_cells(path):
            exec(compile("".join(cell["source"]), path.name, "exec"), namespace)
    mpl.pyplot.close("all")


def test_there_are_seven():
    assert len(NOTEBOOKS) == 7
