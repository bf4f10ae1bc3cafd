"""What all pictures have in common: axes, labels, colours, and text that starts no formula."""

import numpy as np
import pandas as pd
import pytest
from drawn import EXPLANATION, IRIS, TWO, Stub, batch, law
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cbook import is_math_text
from matplotlib.colors import same_color
from matplotlib.figure import Figure
from matplotlib.text import Text

import gaussmetrics as gm

DOLLARS = ["price_$ and cost_$", "$b_$"]
FITTED = gm.AnalyticLogisticRegression().fit(IRIS.data[TWO], IRIS.target)
EVERY = {
    "plot_gaussian": (law(),),
    "plot_gaussians": (batch(2),),
    "plot_transport": (law(1), law(2)),
    "plot_pairwise": ([[0.0, 1.0], [2.0, 0.0]],),
    "plot_explanation": (EXPLANATION,),
    "plot_decision_regions": (FITTED, IRIS.data[TWO], IRIS.target),
    "plot_calibration": (FITTED, IRIS.data[TWO], IRIS.target),
}
every = pytest.mark.parametrize(("name", "operands"), EVERY.items(), ids=EVERY)


def test_every_picture_is_here():
    assert {name for name in gm.__all__ if name.startswith("plot_")} == set(EVERY)


@every
def test_draws_on_the_given_axes_and_opens_no_figure(name, operands, ax):
    assert getattr(gm, name)(*operands, ax=ax) is ax
    assert plt.get_fignums() == []
    assert ax.has_data()
    ax.figure.canvas.draw()


@every
def test_makes_one_figure_of_its_own_with_labels(name, operands):
    plt.figure()
    drawn = getattr(gm, name)(*operands)
    assert isinstance(drawn, Axes)
    assert len(plt.get_fignums()) == 2
    assert drawn.figure is not plt.figure(1)
    assert drawn.get_ylabel()
    drawn.figure.canvas.draw()


@every
def test_keeps_labels_that_are_there(name, operands, ax):
    ax.set(xlabel="mine", ylabel="my own")
    getattr(gm, name)(*operands, ax=ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("mine", "my own")


@every
def test_refuses_what_is_no_axes(name, operands):
    both = Figure().subplots(2)
    solid = Figure().add_subplot(projection="3d")
    for no_axes, kind in ((both, "ndarray"), (solid, "Axes3D")):
        text = rf"ax must be a matplotlib Axes of two dimensions, got {kind}\. Make one"
        with pytest.raises(TypeError, match=text):
            getattr(gm, name)(*operands, ax=no_axes)


NAMED = law(names=DOLLARS)
PAIR = Stub([0.5, 0.5], classes=DOLLARS[::-1])
TEXTS = {
    "names": lambda ax: gm.plot_gaussian(NAMED, ax=ax),
    "names of transport": lambda ax: gm.plot_transport(NAMED, NAMED, coordinates=0, ax=ax),
    "classes": lambda ax: gm.plot_decision_regions(PAIR, np.eye(2), DOLLARS, ax=ax),
    "features": lambda ax: gm.plot_decision_regions(
        PAIR, pd.DataFrame(np.eye(2), columns=DOLLARS), DOLLARS, ax=ax
    ),
    "the class foretold": lambda ax: gm.plot_calibration(PAIR, np.eye(2), DOLLARS, ax=ax),
}  # fmt: skip


@pytest.mark.parametrize("plot", TEXTS.values(), ids=TEXTS)
def test_names_that_come_with_data_start_no_formula(plot, ax):
    plot(ax)
    ax.figure.canvas.draw()
    texts = [text.get_text() for text in ax.figure.findobj(Text)]
    assert not any(is_math_text(text) for text in texts if "x_{" not in text)
    assert any("price_$ and cost_$" in text.replace(r"\$", "$") for text in texts)


def test_labels_may_hold_formulas(ax):
    gm.plot_gaussians(batch(2), labels=[r"$\mu_1$", r"$\mu_2$"], ax=ax)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [r"$\mu_1$", r"$\mu_2$"]


def test_colours_follow_the_cycle_unless_given(ax):
    ax.set_prop_cycle(color=["red", "lime"])
    gm.plot_gaussian(law(), ax=ax, label="first")
    gm.plot_gaussian(law(), color="black", ax=ax)
    gm.plot_gaussian(law(), ax=ax)
    for line, region, color in zip(ax.lines, ax.collections, ("red", "black", "lime"), strict=True):
        assert same_color(line.get_color(), color)
        assert same_color(region.get_edgecolor()[0], color)
        assert same_color(region.get_facecolor()[0][:3], color)
        assert 0 < region.get_facecolor()[0][3] < 0.3
    assert ax.get_legend_handles_labels()[1] == ["first"]
    assert ax.get_legend() is None
    assert ax.get_aspect() == "auto"


def test_a_picture_in_pixels():
    figure = Figure(figsize=(1, 1), dpi=60)
    ax = figure.add_axes((0, 0, 1, 1), xlim=(-4, 4), ylim=(-4, 4))
    gm.plot_gaussian(gm.Gaussian([0.0, 0.0], np.diag([1.0, 0.09])), color="blue", ax=ax)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3].astype(int)
    along, across = pixels[30, 30 + 12], pixels[30 - 12, 30]
    assert across.tolist() == [255, 255, 255]
    assert (along[2], along[0]) == (255, pytest.approx(255 * 0.85, abs=2))
