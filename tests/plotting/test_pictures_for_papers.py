"""What a printed page asks of a picture: free legends, many groups, sizes, colours and fonts."""

import matplotlib as mpl
import numpy as np
import pytest
from drawn import IRIS, TWO, batch, law, legend
from matplotlib import pyplot as plt
from matplotlib.colors import same_color
from matplotlib.transforms import Bbox

import gaussmetrics as gm

WIDE = gm.Gaussian(np.zeros((3, 2)), np.eye(2) * np.array([1.0, 2.0, 3.0])[:, None, None])
CORNERS = gm.Gaussian([[-9.0, -9.0], [9.0, 9.0]], np.eye(2))


def frame(ax):
    """The legend's place in the finished picture, beside that of the axes."""
    ax.figure.canvas.draw()
    return ax.get_legend().get_window_extent(), ax.get_window_extent()


def inside(inner, outer):
    return Bbox.intersection(inner, outer).bounds == pytest.approx(inner.bounds)


def test_a_legend_that_would_cover_a_law_stands_beside_and_within_the_figure():
    ax = gm.plot_gaussians(WIDE, labels=[f"a group with a long name, {k}" for k in range(3)])
    names, data = frame(ax)
    assert names.x0 > data.x1
    assert inside(names, ax.figure.bbox)


def test_a_legend_stays_inside_where_there_is_room():
    names, data = frame(gm.plot_gaussians(CORNERS))
    assert inside(names, data)


def test_where_the_layout_makes_no_room_the_legend_stays_inside(ax):
    names, data = frame(gm.plot_gaussians(WIDE, ax=ax))
    assert inside(names, data)


def test_samples_and_curves_are_not_covered_either():
    model = gm.AnalyticLogisticRegression().fit(IRIS.data[TWO], IRIS.target)
    ax = gm.plot_decision_regions(model, IRIS.data[TWO], IRIS.target)
    names, _ = frame(ax)
    samples = ax.transData.transform(IRIS.data[TWO])
    assert not any(names.contains(*sample) for sample in samples)
    ax = gm.plot_calibration(model, IRIS.data[TWO], IRIS.target)
    names, _ = frame(ax)
    assert inside(names, ax.figure.bbox)
    for line in ax.lines:
        path = line.get_path().transformed(line.get_transform())
        assert not path.intersects_bbox(names, filled=False)


def test_forty_laws_are_all_named_and_no_two_look_alike():
    ax = gm.plot_gaussians(batch(40))
    names, data = frame(ax)
    assert legend(ax) == [str(i) for i in range(40)]
    assert names.x0 > data.x1
    assert inside(names, ax.figure.bbox)
    looks = {
        (line.get_color(), line.get_marker(), str(region.get_linestyle()))
        for line, region in zip(ax.lines, ax.collections, strict=True)
    }
    assert len(looks) == 40
    assert not any(region.get_facecolor().size for region in ax.collections)


def test_many_densities_have_strokes_too(ax):
    gm.plot_gaussians(gm.Gaussian(np.arange(12.0)[:, None], [[1.0]]), ax=ax)
    assert [line.get_linestyle() for line in ax.lines] == ["-"] * 10 + ["--"] * 2


@pytest.mark.parametrize("width", [1.5, 3.4, 7.0])
def test_values_fit_into_their_cells_or_are_left_out(width):
    ax = plt.subplots(figsize=(width, 0.8 * width), layout="compressed")[1]
    table = np.linspace(0.0, 1.2345, 36).reshape(6, 6)
    gm.plot_pairwise(table, ax=ax)
    ax.figure.canvas.draw()
    cell = ax.get_window_extent().width / 6
    assert all(text.get_window_extent().width < cell for text in ax.texts)
    assert len(ax.texts) == (36 if width > 3 else 0)


def test_without_values_infinity_is_in_the_legend_of_the_bar():
    ax = plt.subplots(figsize=(1.5, 1.2))[1]
    table = np.full((9, 9), np.inf)
    table[0, 0] = 0.123
    gm.plot_pairwise(table, quantity="nats", ax=ax)
    assert not ax.texts
    assert ax.figure.axes[1].get_ylabel() == "nats (grey: infinite)"


def test_colours_may_be_given(ax):
    gm.plot_gaussians(batch(2), colors=["red", "#00ff00"], ax=ax)
    for line, color in zip(ax.lines, ("red", "lime"), strict=True):
        assert same_color(line.get_color(), color)


@pytest.mark.parametrize(
    ("colors", "kind", "text"),
    [
        ("red", TypeError, "colors must be a list of colours, got 'red'"),
        (["red"], ValueError, "colors must hold a colour for each of the 2 laws, got 1"),
        (["red", "rde"], ValueError, r"colors\[1\] is 'rde'"),
    ],
)
def test_what_are_no_colours(colors, kind, text):
    with pytest.raises(kind, match=text):
        gm.plot_gaussians(batch(2), colors=colors)
    assert plt.get_fignums() == []


def test_colour_maps_may_be_given(ax):
    gm.plot_pairwise([[0.0, 1.0]], cmap="magma", ax=ax)
    (image,) = ax.images
    assert same_color(image.to_rgba(1.0), mpl.colormaps["magma"](1.0))
    other = gm.plot_transport(law(1), law(2), cmap=mpl.colormaps["cividis"])
    assert same_color(other.lines[0].get_color(), mpl.colormaps["cividis"](0.0))


@pytest.mark.parametrize("cmap", ["virids", None, 3])
def test_what_is_no_colour_map(cmap):
    text = f"cmap must be a colour map of matplotlib or the name of one, .* got {cmap!r}"
    for plot in (lambda: gm.plot_pairwise([[1.0]], cmap=cmap),
                 lambda: gm.plot_transport(law(1), law(2), cmap=cmap)):  # fmt: skip
        with pytest.raises(ValueError, match=text):
            plot()
    assert plt.get_fignums() == []


def test_a_font_without_the_signs_of_mathematics_is_enough():
    plain = {"font.family": "cmr10", "axes.unicode_minus": False, "mathtext.fontset": "cm",
             "axes.formatter.use_mathtext": True}  # fmt: skip
    with mpl.rc_context(plain):  # a missing glyph is a warning, and an error here
        gm.plot_pairwise([[0.0, np.inf], [-1e-9, 0.0]]).figure.canvas.draw()
        singular = gm.Gaussian([1.0, 0.0], np.diag([1.0, 0.0]), allow_singular=True)
        parts = gm.explain(gm.kl_divergence, law(2), singular)
        gm.plot_explanation(parts).figure.canvas.draw()
        gm.plot_transport(law(1), law(2)).figure.canvas.draw()
