"""How far apart are the groups in your own table, and which columns tell them apart?

    gaussmetrics compare data.csv --by column --output report

is a command of the package (`pip install ".[cli]"`; docs/how-to/command.md): it reads a table with
one observation a row and compares the groups that one column names. This page writes a table of 178
wines as an example of yours and runs it on that; with arguments, on yours:

    python examples/your_own_csv.py data.csv --by column --output report
"""

import sys
import tempfile
from pathlib import Path

from sklearn.datasets import load_wine

from gaussmetrics.command import main


def example():
    wine = load_wine(as_frame=True)
    names = wine.target.map({0: "Barolo", 1: "Grignolino", 2: "Barbera"})
    path = Path(tempfile.mkdtemp()) / "wine.csv"
    wine.data.assign(cultivar=names).to_csv(path, index=False)
    return [str(path), "--by", "cultivar", "--output", str(path.with_name("report"))]


if __name__ == "__main__":
    sys.exit(main(["compare", *(sys.argv[1:] or example())]))
