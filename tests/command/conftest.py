"""Running the command line in this process, and the tables it is run on."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from sklearn.datasets import load_wine

from gaussmetrics.command import main

CULTIVARS = np.array(["Barolo", "Grignolino", "Barbera"])


class Ended(NamedTuple):
    status: int
    out: str
    err: str


@pytest.fixture
def run(capsys):
    def run(*arguments):
        status = main([str(argument) for argument in arguments])
        return Ended(status, *capsys.readouterr())

    return run


@pytest.fixture
def refused(run):
    """Run what cannot be done, and return why."""

    def refused(*arguments):
        ended = run(*arguments)
        assert ended.status == 2
        assert ended.out == ""
        return ended.err

    return refused


@pytest.fixture
def wine():
    data, target = load_wine(return_X_y=True, as_frame=True)
    return data[["alcohol", "flavanoids", "proline"]].assign(cultivar=CULTIVARS[target])


@pytest.fixture
def saved(tmp_path, monkeypatch):
    """Write a table as CSV; a short name, so that texts break where they do for everyone."""
    monkeypatch.chdir(tmp_path)

    def saved(frame, name="mine.csv", **options):
        path = Path(name)
        frame.to_csv(path, **{"index": False, **options})
        return path

    return saved


@pytest.fixture
def distances(run):
    """Return what is told of the distances of a table, the same however the table is written."""

    def distances(path, *arguments):
        ended = run("compare", path, *arguments)
        assert ended.status == 0, ended.err
        return ended.out.partition("Wasserstein distances")[2]

    return distances
