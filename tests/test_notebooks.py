"""Every notebook runs from top to bottom; its copy with outputs is of the notebook as it is."""

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
def test_the_copy_with_outputs_is_current(path):
    copy = path.parent / "executed" / path.name
    behind = f"{path.name} has changed: run python notebooks/execute.py"
    assert copy.exists(), behind
    notebook, executed = (json.loads(file.read_text(encoding="utf8")) for file in (path, copy))
    sources = [
        [(cell["cell_type"], "".join(cell["source"])) for cell in each["cells"]]
        for each in (notebook, executed)
    ]
    assert sources[0] == sources[1], behind
    cells = code_cells(copy)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert {"error", "stderr"}.isdisjoint(
        {output.get("name", output["output_type"]) for output in outputs}
    )
    assert any("image/png" in output.get("data", {}) for output in outputs)


def test_every_copy_has_its_notebook():
    copies = {path.name for path in (NOTEBOOKS[0].parent / "executed").iterdir()}
    assert copies == {path.name for path in NOTEBOOKS}


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
