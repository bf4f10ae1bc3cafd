"""Keep a copy of every notebook with its outputs, to be read where nothing runs.

    python notebooks/execute.py

runs those whose cells have changed since their copy in executed/ was made, and no others, so that
a copy changes only with its notebook. The tests compare the two; they run no kernel.
"""

from base64 import b64decode, b64encode
from io import BytesIO
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image

FOLDER = Path(__file__).parent
PALETTE = 256  # colours of a drawing in a copy, which is a third as large for it
DRAWING = 2**14  # colours at most; a photograph has more


def cells(notebook):
    """Return what a notebook runs and says."""
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def is_current(notebook, copy):
    """Tell whether a copy was made from the notebook as it is."""
    return copy.exists() and cells(nbformat.read(copy, as_version=4)) == cells(notebook)


def execute(notebook):
    """Run a notebook in place; keep of the outputs what does not change from run to run."""
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": FOLDER}}).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/png" in data:
                output["data"] = smaller(data["image/png"])
    notebook.metadata["language_info"] = {"name": "python"}


def smaller(png):
    """Return a drawing with a palette, or a photograph as JPEG."""
    image = Image.open(BytesIO(b64decode(png))).convert("RGB")
    if image.getcolors(DRAWING) is None:
        image.save(file := BytesIO(), format="jpeg", quality=85)
        return {"image/jpeg": b64encode(file.getvalue()).decode("ascii")}
    image.quantize(PALETTE).save(file := BytesIO(), format="png", optimize=True)
    return {"image/png": b64encode(file.getvalue()).decode("ascii")}


def main():
    """Run the notebooks whose copies are behind."""
    (FOLDER / "executed").mkdir(exist_ok=True)
    for path in sorted(FOLDER.glob("*.ipynb")):
        copy = FOLDER / "executed" / path.name
        notebook = nbformat.read(path, as_version=4)
        if is_current(notebook, copy):
            print(f"{path.name} is current")
            continue
        execute(notebook)
        nbformat.write(notebook, copy)
        print(f"{path.name} was run")


if __name__ == "__main__":
    main()
