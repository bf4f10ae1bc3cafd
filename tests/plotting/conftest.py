"""Axes to draw on; no figure and no setting is left behind."""

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

mpl.use("Agg")


@pytest.fixture(autouse=True)
def clean():
    """Leave no figure behind, and find every setting of matplotlib as it was."""
    before = mpl.rcParams.copy()
    yield
    plt.close("all")
    assert mpl.rcParams == before


@pytest.fixture
def ax():
    return Figure().subplots()
