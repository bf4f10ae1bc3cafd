"""Pictures: the data of their artists against definitions, sampling and scikit-learn."""

import itertools
import re
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pandas as pd
import polars as pl
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cbook import is_math_text
from matplotlib.collections import PolyCollection
from matplotlib.colors import same_color, to_rgb
from matplotlib.figure import Figure
from matplotlib.quiver import Quiver
from matplotlib.text import Text
from scipy import stats
from scipy.cluster.hierarchy import linkage
from scipy.integrate import trapezoid
from scipy.spatial.distance import squareform
from sklearn.calibration import calibration_curve
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import log_loss
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import gaussmetrics as gm

SEED = 2024
COLOURS = mpl.rcParams["axes.prop_cycle"].by_key()["color"]
LEVELS = (0.1, 0.5, 0.95, 0.999)


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


def covariance(seed, d=2):
    factor = np.random.default_rng(seed).standard_normal((d, d + 2))
    return factor @ factor.T


def law(seed=SEED, d=2, **kwargs):
    return gm.Gaussian(np.arange(1.0, d + 1), covariance(seed, d), **kwargs)


def batch(n, d=2):
    means = np.random.default_rng(SEED).standard_normal((n, d))
    return gm.Gaussian(means, np.stack([covariance(i, d) for i in range(n)]))


def polygons(ax):
    """The vertices of all filled regions, in the order in which they were drawn."""
    collections = [c for c in ax.collections if isinstance(c, PolyCollection)]
    return [p.vertices for c in collections if not isinstance(c, Quiver) for p in c.get_paths()]


def arrows(ax):
    (quiver,) = [c for c in ax.collections if isinstance(c, Quiver)]
    start = np.column_stack([quiver.X, quiver.Y])
    return start, start + np.column_stack([quiver.U, quiver.V])


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


class Stub:
    """A classifier with the probabilities it was made of, the same everywhere or one a row."""

    def __init__(self, *chances, classes=None):
        self.chances = np.array(chances)
        self.classes_ = np.arange(self.chances.shape[-1]) if classes is None else classes

    def predict(self, X):
        return np.asarray(self.classes_)[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X):
        return np.broadcast_to(self.chances, (len(X), len(self.classes_)))


def squared_distance(points, mean, cov):
    deviation = points - mean
    return np.einsum("ni,ij,nj->n", deviation, np.linalg.inv(cov), deviation)


# Ellipses

STRUCTURES = {
    "dense": covariance(1),
    "diagonal": gm.Covariance.from_diagonal([0.01, 9.0]),
    "cholesky": gm.Covariance.from_cholesky([[2.0, 0.0], [-1.0, 0.1]]),
    "factor": gm.Covariance.from_factor([[1.0, 2.0, 0.5], [0.0, -1.0, 3.0]]),
    "low rank": gm.Covariance.from_factor([[1.0], [2.0]], [0.1, 0.2]),
    "ill-conditioned": [[1.0, 0.99999], [0.99999, 1.0]],
}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("cov", STRUCTURES.values(), ids=STRUCTURES)
def test_the_edge_of_an_ellipse_is_where_the_quadratic_form_is_the_quantile(cov, level, ax):
    p = gm.Gaussian([3.0, -1.0], cov)
    gm.plot_gaussian(p, probability=level, ax=ax)
    (edge,) = polygons(ax)
    bound = 1e-13 * np.linalg.cond(p.cov)
    radii = squared_distance(edge, p.mean, p.cov)
    np.testing.assert_allclose(radii, stats.chi2(2).ppf(level), rtol=bound)
    # All around: the same number of points in every quarter, seen from whitened coordinates.
    whitened = np.linalg.solve(np.linalg.cholesky(p.cov), (edge - p.mean).T)
    angles = np.sort(np.arctan2(*whitened))
    assert np.diff(angles).max() < 0.05


@pytest.mark.parametrize("level", [0.5, 0.95])
def test_an_ellipse_holds_its_probability(level, ax):
    p, n = law(), 200_000
    gm.plot_gaussian(p, probability=level, ax=ax)
    inside = ax.collections[0].get_paths()[0].contains_points(p.sample(n, SEED))
    # The polygon has 180 corners: it lies inside the ellipse by less than 2e-4 of the radius.
    assert abs(inside.mean() - level) < 4 * np.sqrt(level * (1 - level) / n) + 4e-4


@pytest.mark.parametrize("level", LEVELS)
def test_a_law_on_a_line_is_a_segment_of_its_probability(level, ax):
    direction = np.array([3.0, 4.0])
    p = gm.Gaussian([1.0, 2.0], gm.Covariance.from_factor(direction[:, None]))
    gm.plot_gaussian(p, probability=level, ax=ax)
    (edge,) = polygons(ax)
    along = (edge - p.mean) @ direction / 25.0
    np.testing.assert_allclose(edge, p.mean + along[:, None] * direction, atol=1e-13)
    ends = stats.norm.interval(level)
    np.testing.assert_allclose([along.min(), along.max()], ends, rtol=1e-12)


def test_a_singular_matrix_is_drawn_like_its_factor(ax):
    factor = np.array([[1.0], [-2.0]])
    for cov in (factor @ factor.T, gm.Covariance.from_factor(factor)):
        gm.plot_gaussian(gm.Gaussian([0.0, 0.0], cov, allow_singular=True), ax=ax)
    first, second = ([edge.min(axis=0), edge.max(axis=0)] for edge in polygons(ax))
    np.testing.assert_allclose(first, second, atol=1e-12)


def test_a_law_that_does_not_vary_is_a_point(ax):
    gm.plot_gaussian(gm.Gaussian([1.0, 2.0], np.zeros((2, 2)), allow_singular=True), ax=ax)
    (edge,) = polygons(ax)
    np.testing.assert_array_equal(edge, np.broadcast_to([1.0, 2.0], edge.shape))
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), [[1.0, 2.0]])


def test_ranks_of_a_batch_are_told_apart(ax):
    covs = np.array([np.diag(v) for v in ([1.0, 4.0], [1.0, 0.0], [0.0, 0.0])])
    gm.plot_gaussian(gm.Gaussian(np.zeros(2), covs, allow_singular=True), ax=ax)
    reach = [np.linalg.norm(edge / [1.0, 2.0], axis=1).max() for edge in polygons(ax)]
    expected = [*np.sqrt(stats.chi2([2, 1]).ppf(0.95)), 0.0]
    np.testing.assert_allclose(reach, expected, rtol=1e-12)


def test_a_batch_has_one_colour_one_label_and_every_law(ax):
    ps = batch(6)
    gm.plot_gaussian(gm.Gaussian(ps.mean.reshape(2, 3, 2), ps.cov.reshape(2, 3, 2, 2)), ax=ax)
    one = Figure().subplots()
    for i, edge in enumerate(polygons(ax)):
        gm.plot_gaussian(ps[i], ax=one)
        np.testing.assert_allclose(edge, polygons(one)[-1], atol=1e-14)
    assert len(polygons(ax)) == 6
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), ps.mean)
    assert len(ax.collections) == len(ax.lines) == len(ax.collections[0].get_edgecolor()) == 1
    assert len(ax.collections[0].get_facecolor()) == 0


@pytest.mark.parametrize("shared", ["mean", "cov"])
def test_what_a_batch_shares_is_repeated(shared, ax):
    ps = batch(3)
    p = gm.Gaussian(
        ps.mean[0] if shared == "mean" else ps.mean, ps.cov[0] if shared == "cov" else ps.cov
    )
    gm.plot_gaussian(p, ax=ax)
    assert len(polygons(ax)) == 3
    for i, edge in enumerate(polygons(ax)):
        np.testing.assert_allclose(squared_distance(edge, p[i].mean, p[i].cov), -2 * np.log(0.05))


def test_an_empty_batch_draws_nothing(ax):
    gm.plot_gaussian(gm.Gaussian(np.zeros((0, 2)), np.eye(2)), ax=ax)
    gm.plot_gaussian(gm.Gaussian(np.zeros((0, 1)), np.eye(1)), ax=ax, label="none")
    assert polygons(ax) == []


def test_all_of_an_ellipse_is_within_the_limits(ax):
    p = law()
    gm.plot_gaussian(p, ax=ax)
    gm.plot_gaussian(gm.Gaussian(p.mean + 50.0, p.cov), ax=ax)
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    for edge in polygons(ax):
        assert (edge > [left, bottom]).all()
        assert (edge < [right, top]).all()


# One coordinate


@pytest.mark.parametrize("level", [*LEVELS, 1 - 1e-6])
def test_a_density_is_the_density_and_its_shade_holds_the_probability(level, ax):
    p = gm.Gaussian([3.0], [[4.0]])
    gm.plot_gaussian(p, probability=level, ax=ax)
    (curve,) = ax.lines
    truth = stats.norm(3.0, 2.0)
    x, y = curve.get_data()
    np.testing.assert_allclose(y, truth.pdf(x), rtol=1e-12)
    assert x[curve.get_markevery()] == [3.0]
    (edge,) = polygons(ax)
    top = edge[edge[:, 1] > 0]
    top = top[np.argsort(top[:, 0])]
    bound = 1e-12 + 1e-16 / (1 - level)
    np.testing.assert_allclose(top[[0, -1], 0], truth.interval(level), rtol=bound)
    area = trapezoid(top[:, 1], top[:, 0])
    assert area == pytest.approx(level, abs=1e-4)
    assert x.min() < top[0, 0] < top[-1, 0] < x.max()
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_ylim()[0]) == ("$x_{0}$", "density", 0.0)


def test_a_law_that_does_not_vary_is_a_vertical_line(ax):
    gm.plot_gaussian(gm.Gaussian([0.0], [[1.0]]), ax=ax)
    top = ax.get_ylim()[1]
    gm.plot_gaussian(gm.Gaussian([9.0], [[0.0]], allow_singular=True), ax=ax, label="fixed")
    line = ax.lines[-1]
    np.testing.assert_array_equal(line.get_xdata(), [9.0, 9.0])
    ends = ax.transAxes.inverted().transform(line.get_transform().transform(line.get_xydata()))
    np.testing.assert_allclose(ends[:, 1], [0.0, 1.0], atol=1e-12)
    assert ax.get_ylim()[1] == top
    assert ax.get_xlim()[1] > 9.0
    assert same_color(line.get_color(), COLOURS[1])


def test_rounding_is_no_variance(ax):
    p = gm.Gaussian([0.0, 0.0], gm.Covariance.from_factor([[1.0], [1e-20]]))
    gm.plot_gaussian(p, coordinates=1, ax=ax)
    assert ax.lines[0].get_xdata().tolist() == [0.0, 0.0]


def test_a_batch_of_densities_has_one_colour_and_one_label(ax):
    gm.plot_gaussian(batch(3, 1), label="all", ax=ax)
    assert len(ax.lines) == 3
    assert {line.get_color() for line in ax.lines} == {COLOURS[0]}
    assert ax.get_legend_handles_labels()[1] == ["all"]


# Coordinates and names


@pytest.mark.parametrize(
    ("coordinates", "chosen", "labels"),
    [
        (None, [0, 1], ("length", "width")),
        ((2, 0), [2, 0], ("mass", "length")),
        (["width", "mass"], [1, 2], ("width", "mass")),
        ("mass", [2], ("mass", "density")),
        (1, [1], ("width", "density")),
    ],
)
def test_coordinates_choose_a_marginal(coordinates, chosen, labels, ax):
    p = law(d=3, names=["length", "width", "mass"])
    gm.plot_gaussian(p, coordinates=coordinates, ax=ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == labels
    if len(chosen) == 2:
        mean, cov = p.mean[chosen], p.cov[np.ix_(chosen, chosen)]
        np.testing.assert_allclose(squared_distance(polygons(ax)[0], mean, cov), -2 * np.log(0.05))
    else:
        assert ax.lines[0].get_ydata().max() == pytest.approx(
            stats.norm.pdf(0) / np.sqrt(p.cov[chosen[0], chosen[0]])
        )


def test_nameless_coordinates_are_numbered(ax):
    gm.plot_gaussian(law(d=5), coordinates=[4, 2], ax=ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$x_{4}$", "$x_{2}$")


# Conventions of matplotlib

DOLLARS = ["price_$ and cost_$", "$b_$"]
IRIS = load_iris(as_frame=True)
TWO = ["petal length (cm)", "petal width (cm)"]
X2, Y = IRIS.data[TWO].to_numpy(), IRIS.target.to_numpy()
FITTED = gm.AnalyticLogisticRegression().fit(IRIS.data[TWO], IRIS.target)
EXPLANATION = gm.explain(gm.kl_divergence, law(1), law(2))
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


# Several laws


def test_several_laws_have_colours_markers_and_a_legend(ax):
    ps = batch(12)
    gm.plot_gaussians(ps, ax=ax)
    styles = {(line.get_color(), line.get_marker()) for line in ax.lines}
    assert len(styles) == 12
    assert legend(ax) == [str(i) for i in range(12)]
    for i, edge in enumerate(polygons(ax)):
        np.testing.assert_allclose(
            squared_distance(edge, ps[i].mean, ps[i].cov), -2 * np.log(0.05), rtol=1e-10
        )


def test_a_list_of_laws_is_a_batch_of_them(ax):
    ps, other = batch(3), Figure().subplots()
    gm.plot_gaussians(ps, labels=["a", "b", "c"], probability=0.5, ax=ax)
    gm.plot_gaussians((ps[i] for i in range(3)), labels=["a", "b", "c"], probability=0.5, ax=other)
    np.testing.assert_array_equal(polygons(ax), polygons(other))
    assert legend(ax) == legend(other) == ["a", "b", "c"]


def test_the_components_of_a_mixture_are_drawn(ax):
    mixture = gm.Gaussian.from_mixture(GaussianNB().fit(X2, Y))
    other = Figure().subplots()
    gm.plot_gaussians(mixture, ax=ax)
    gm.plot_gaussians(mixture.components, ax=other)
    np.testing.assert_array_equal(polygons(ax), polygons(other))


def test_densities_of_several_laws(ax):
    gm.plot_gaussians(batch(3, 4), coordinates=3, labels=["a", "b", "c"], ax=ax)
    assert len(ax.lines) == 3
    assert legend(ax) == ["a", "b", "c"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$x_{3}$", "density")


# Transport


def test_the_strip_is_the_geodesic_in_colours_from_p_to_q(ax):
    p, q = law(1), gm.Gaussian([9.0, 3.0], covariance(2))
    gm.plot_transport(p, q, steps=4, probability=0.7, ax=ax)
    drawn = polygons(ax)
    assert len(drawn) == 4
    for t, edge in zip((0, 1 / 3, 2 / 3, 1), drawn, strict=True):
        at = gm.wasserstein_geodesic(p, q, t)
        np.testing.assert_allclose(squared_distance(edge, at.mean, at.cov), -2 * np.log(0.3))
    strip = [c for c in ax.collections if not isinstance(c, Quiver)]
    light = [to_rgb(c.get_edgecolor()[0]) @ np.array([0.299, 0.587, 0.114]) for c in strip]
    assert (np.diff(light) > 0.05).all()
    assert (legend(ax), ax.get_aspect()) == (["p", "q"], 1.0)
    handles = ax.get_legend().legend_handles
    assert same_color(handles[0].get_edgecolor(), strip[0].get_edgecolor()[0])
    assert same_color(handles[1].get_edgecolor(), strip[-1].get_edgecolor()[0])


def test_arrows_are_the_map_and_go_from_edge_to_edge(ax):
    p, q = law(1), gm.Gaussian([9.0, 3.0], covariance(2))
    gm.plot_transport(p, q, arrows=5, ax=ax)
    starts, ends = arrows(ax)
    assert len(starts) == 6
    np.testing.assert_allclose([starts[0], ends[0]], [p.mean, q.mean], atol=1e-12)
    np.testing.assert_allclose(ends, gm.transport_map(p, q)(starts), atol=1e-12)
    for points, end in ((starts, p), (ends, q)):
        np.testing.assert_allclose(
            squared_distance(points[1:], end.mean, end.cov), -2 * np.log(0.05)
        )
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    assert ((ends > [left, bottom]) & (ends < [right, top])).all()


def test_arrows_that_leave_every_ellipse_are_within_the_limits(ax):
    # The ends of a segment are nearer than the images of an ellipse of the same probability.
    p, q = (
        gm.Gaussian.standard(2),
        gm.Gaussian([9.0, 0.0], np.diag([1.0, 0.0]), allow_singular=True),
    )
    gm.plot_transport(p, q, arrows=8, ax=ax)
    _, ends = arrows(ax)
    furthest = ends[:, 0].max()
    assert max(edge[:, 0].max() for edge in polygons(ax)) < furthest
    left, right = ax.get_xlim()
    assert right - furthest > 0.04 * (right - left)


@pytest.mark.parametrize(
    ("stretch", "aspect"), [(0.25, 1.0), (4.0, 1.0), (0.1, "auto"), (10.0, "auto")]
)
def test_units_are_drawn_alike_unless_one_range_would_vanish(stretch, aspect, ax):
    scale = [1.0, stretch]
    p, q = (gm.Gaussian(mean * np.array(scale), np.square(np.diag(scale))) for mean in (0.0, 9.0))
    gm.plot_transport(p, q, ax=ax)
    assert ax.get_aspect() == aspect


@pytest.mark.parametrize("coordinates", [(0, 1), (3, 1), 2])
def test_arrows_of_a_larger_law_are_means_of_the_images(coordinates, ax):
    # E[T(X)_c | X_c] by linear regression: (T Σ)_cc Σ_cc⁻¹, from the definition.
    p, q = law(1, 4), gm.Gaussian(np.full(4, 6.0), covariance(2, 4))
    gm.plot_transport(p, q, coordinates=coordinates, arrows=7, ax=ax)
    c = np.atleast_1d(coordinates)
    starts, ends = (points[:, : len(c)] for points in arrows(ax))
    move = gm.transport_map(p, q).matrix @ p.cov
    slope = move[np.ix_(c, c)] @ np.linalg.inv(p.cov[np.ix_(c, c)])
    np.testing.assert_allclose(ends, q.mean[c] + (starts - p.mean[c]) @ slope.T, atol=1e-11)


def test_mean_images_by_sampling(ax):
    p, q = law(1, 3), gm.Gaussian(np.full(3, 6.0), covariance(2, 3))
    gm.plot_transport(p, q, arrows=1, ax=ax)
    starts, ends = arrows(ax)
    x = p.sample(200_000, SEED)
    images = gm.transport_map(p, q)(x)[:, :2]
    near = np.linalg.norm(x[:, :2] - starts[0], axis=1) < 0.2
    error = images[near].std(axis=0) / np.sqrt(near.sum())
    assert (error < 0.05).all()
    assert (np.abs(images[near].mean(axis=0) - ends[0]) < 4 * error).all()


def test_no_arrows_on_request_and_none_where_there_is_no_map(ax):
    line, plane = gm.Covariance.from_factor([[1.0], [1.0]]), np.eye(2)
    p, q = gm.Gaussian([0.0, 0.0], line), gm.Gaussian([5.0, 0.0], plane)
    with pytest.raises(ValueError, match=r"no map carries p to q.* Pass arrows=0 to draw"):
        gm.plot_transport(p, q, ax=ax)
    gm.plot_transport(p, q, arrows=0, ax=ax)
    assert len(polygons(ax)) == 5
    assert not any(isinstance(c, Quiver) for c in ax.collections)


def test_a_path_of_densities_stands_at_its_times_and_joins_quantiles(ax):
    p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([8.0], [[4.0]])
    gm.plot_transport(p, q, steps=3, arrows=4, labels=["old", "new"], ax=ax)
    for t, edge in zip((0.0, 0.5, 1.0), polygons(ax), strict=True):
        at = gm.wasserstein_geodesic(p, q, t)
        spread = np.sqrt(at.cov[0, 0])
        assert edge[:, 1].min() == t
        peak = edge[edge[:, 1].argmax()]
        # One scale of heights for all: areas are equal.
        np.testing.assert_allclose(peak, [at.mean[0], t + 0.45 / spread], atol=1e-12)
        half = edge[:, 1] > t
        shape = stats.norm(at.mean[0], spread).pdf(edge[half, 0]) * np.sqrt(2 * np.pi) * 0.45
        np.testing.assert_allclose(edge[half, 1], t + shape, atol=1e-12)
    starts, ends = arrows(ax)
    shares = (np.arange(4) + 0.5) / 4
    np.testing.assert_allclose(np.sort(starts[:, 0]), stats.norm(0, 1).ppf(shares), atol=1e-12)
    np.testing.assert_allclose(np.sort(ends[:, 0]), stats.norm(8, 2).ppf(shares), atol=1e-12)
    np.testing.assert_array_equal([starts[:, 1], ends[:, 1]], [[0.0] * 4, [1.0] * 4])
    assert (legend(ax), ax.get_ylabel()) == (["old", "new"], "time t")


@pytest.mark.parametrize("named", [{"p"}, {"q"}, {"p", "q"}])
def test_names_of_either_law_are_on_the_axes(named, ax):
    ends = [law(names=["a", "b"]) if name in named else law() for name in ("p", "q")]
    gm.plot_transport(*ends, ax=ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("a", "b")


@pytest.mark.parametrize("variances", [(1.0, 0.0), (0.0, 0.0)])
@pytest.mark.parametrize("shift", [3.0, -3.0])
def test_a_path_to_a_law_that_does_not_vary(variances, shift, ax):
    ends = [
        gm.Gaussian([x], [[v]], allow_singular=True)
        for x, v in zip((0.0, shift), variances, strict=True)
    ]
    gm.plot_transport(*ends, ax=ax)
    last = polygons(ax)[-1]
    assert set(last[:, 0]) == {shift}
    assert np.isfinite(np.concatenate(polygons(ax))).all()
    ax.figure.canvas.draw()


# Tables


def cells(ax):
    return np.array([text.get_text() for text in ax.texts])


def ticks(axis):
    return [text.get_text() for text in axis.get_ticklabels()]


def test_a_table_is_drawn_with_its_values(ax):
    table = np.array([[0.0, 12.345, np.inf], [-0.5, 0.0, 1e-7]])
    gm.plot_pairwise(table, labels=["a", "b"], quantity="KL (nats)", ax=ax)
    (image,) = ax.images
    np.testing.assert_array_equal(image.get_array().filled(np.inf), table)
    assert cells(ax).tolist() == ["0", "12.3", "∞", "−0.5", "0", "1e−07"]
    assert [text.get_position() for text in ax.texts[:4]] == [(0, 0), (1, 0), (2, 0), (0, 1)]
    assert (ticks(ax.yaxis), ticks(ax.xaxis)) == (["a", "b"], ["0", "1", "2"])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("q", "p")
    (bar,) = [other for other in ax.figure.axes if other is not ax]
    assert bar.get_ylabel() == "KL (nats)"


def test_values_are_legible_on_their_colour(ax):
    gm.plot_pairwise(np.linspace(0.0, 1.0, 100).reshape(10, 10), ax=ax)
    (image,) = ax.images
    for text, value in zip(ax.texts, image.get_array().ravel(), strict=True):
        back = np.array(image.to_rgba(value)[:3])
        # Relative luminance and contrast as in WCAG 2, at least that of small text.
        linear = np.where(back <= 0.04045, back / 12.92, ((back + 0.055) / 1.055) ** 2.4)
        luminance = linear @ [0.2126, 0.7152, 0.0722]
        ink = 1.0 if text.get_color() == "white" else 0.0
        assert (max(luminance, ink) + 0.05) / (min(luminance, ink) + 0.05) >= 4.5


def test_a_symmetric_table_has_no_first_and_second(ax):
    gm.plot_pairwise([[0.0, 1.0], [1.0, 0.0]], ax=ax)
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_aspect()) == ("", "", 1.0)


def test_columns_may_have_names_of_their_own(ax):
    names = {"labels": ["a", "b"], "column_labels": ["c", "long one"]}
    gm.plot_pairwise(np.ones((2, 2)), **names, ax=ax)
    assert (ticks(ax.yaxis), ticks(ax.xaxis)) == (["a", "b"], ["c", "long one"])
    assert {text.get_rotation() for text in ax.get_xticklabels()} == {45.0}


def test_a_large_table_has_few_ticks_and_no_values(ax):
    table = np.zeros((60, 60))
    table[0, 1] = np.inf
    gm.plot_pairwise(table, quantity="nats", ax=ax)
    assert len(ax.texts) == 0
    assert 10 < len(ax.get_yticks()) < 30
    assert ticks(ax.yaxis) == [str(int(y)) for y in ax.get_yticks()]
    assert ax.figure.axes[1].get_ylabel() == "nats (grey: infinite)"


@pytest.mark.parametrize("places", [[0.0, 5.0, 1.0, 6.0, 2.5, 11.0], [3.0, 1.0, 2.0]])
def test_clustering_puts_points_of_a_line_in_their_order(places, ax):
    table = np.abs(np.subtract.outer(places, places))
    gm.plot_pairwise(table, order="clustering", ax=ax)
    order = [int(label) for label in ticks(ax.yaxis)]
    assert order in (np.argsort(places).tolist(), np.argsort(places)[::-1].tolist())
    assert ticks(ax.xaxis) == ticks(ax.yaxis)
    np.testing.assert_array_equal(ax.images[0].get_array(), table[np.ix_(order, order)])


@pytest.mark.parametrize("seed", range(4))
def test_clusters_stay_together_and_neighbours_are_near(seed, ax):
    # SciPy's optimal ordering sometimes misses the best order, but never by much.
    n = 6
    places = np.random.default_rng(seed).standard_normal((n, 2))
    table = np.linalg.norm(places[:, None] - places, axis=-1)
    gm.plot_pairwise(table, order="clustering", ax=ax)
    ours = [int(label) for label in ticks(ax.yaxis)]
    clusters = [{i} for i in range(n)]
    for first, second, *_ in linkage(squareform(table), "average"):
        clusters.append(clusters[int(first)] | clusters[int(second)])

    def together(order):
        places = [np.flatnonzero([i in cluster for i in order]) for cluster in clusters]
        return all(np.ptp(place) == len(place) - 1 for place in places)

    def length(order):
        return table[list(order[:-1]), list(order[1:])].sum()

    lengths = sorted(map(length, filter(together, itertools.permutations(range(n)))))
    assert together(ours)
    assert length(ours) <= lengths[len(lengths) // 4]


def test_clustering_sees_both_directions(ax):
    table = np.random.default_rng(SEED).exponential(size=(7, 7)) * (1 - np.eye(7))
    other = Figure().subplots()
    gm.plot_pairwise(table, order="clustering", ax=ax)
    gm.plot_pairwise(table.T, order="clustering", ax=other)
    assert ticks(ax.yaxis) == ticks(other.yaxis)


def test_clustering_of_an_asymmetric_table_with_infinite_values(ax):
    # Laws on two lines: within each KL is finite, between them it is not.
    lines = [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]
    ps = gm.Gaussian(
        np.zeros((5, 2)),
        np.stack([(i + 1.0) * np.diag(v) for i, v in enumerate(lines)]),
        allow_singular=True,
    )
    table = gm.pairwise(gm.kl_divergence, ps)
    gm.plot_pairwise(table, order="clustering", ax=ax)
    order = [int(label) for label in ticks(ax.yaxis)]
    assert sorted(order) == list(range(5))
    groups = [i % 2 for i in order]
    assert groups in ([0, 0, 0, 1, 1], [1, 1, 0, 0, 0])
    np.testing.assert_array_equal(
        ax.images[0].get_array().filled(np.inf), table[np.ix_(order, order)]
    )
    assert (cells(ax) == "∞").sum() == 12


@pytest.mark.filterwarnings("ignore:overflow encountered in add:RuntimeWarning:matplotlib")
@pytest.mark.parametrize(
    "table",
    [
        [[0.0]],
        [[0.0, np.inf], [np.inf, 0.0]],
        np.zeros((4, 4)),
        np.where(np.eye(3), 0, np.inf),
        [[0.0, 1e308], [1e308, 0.0]],
        [[0.0, 1e308, np.inf], [1e308, 0.0, 5e-324], [np.inf, 5e-324, 0.0]],
    ],
)
def test_clustering_of_tables_on_the_edge(table, ax):
    gm.plot_pairwise(table, order="clustering", ax=ax)
    assert sorted(ticks(ax.yaxis)) == [str(i) for i in range(len(table))]
    ax.figure.canvas.draw()


def test_a_table_without_finite_values(ax):
    gm.plot_pairwise([[np.inf]], ax=ax)
    ax.figure.canvas.draw()
    assert cells(ax).tolist() == ["∞"]


# Explanations


def bars(ax):
    """The lower and upper ends (3, n) of the parts."""
    ends = [[(b.get_y(), b.get_y() + b.get_height()) for b in c.patches] for c in ax.containers]
    return np.moveaxis(np.array(ends), -1, 0)


def test_an_explanation_has_a_bar_for_each_axis(ax):
    e = gm.explain(gm.bhattacharyya_distance, law(1, 4), law(2, 4))
    gm.plot_explanation(e, ax=ax)
    feet, tops = bars(ax)
    np.testing.assert_allclose(tops - feet, [e.means, e.scales, e.orientations], atol=1e-14)
    np.testing.assert_allclose(feet[1:], tops[:-1], atol=1e-15)
    assert (feet[0] == 0).all()
    assert tops[-1].sum() == pytest.approx(e.total)
    centres = [b.get_x() + b.get_width() / 2 for b in ax.containers[0].patches]
    np.testing.assert_allclose(centres, [1, 2, 3, 4])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("principal axis", "Bhattacharyya distance (nats)")
    parts = ("mean", "scale", "orientation")
    assert legend(ax) == [f"{part}: {getattr(e, part):.3g}" for part in parts]
    assert ax.get_legend().get_title().get_text() == f"total: {e.total:.3g}"
    assert len({b.patches[0].get_facecolor() for b in ax.containers}) == 3


def test_several_explanations_have_a_bar_each(ax):
    ps, q, other = batch(3), law(), Figure().subplots()
    e = gm.explain(gm.squared_wasserstein_distance, ps, q)
    gm.plot_explanation(e, labels=["a", "b", "c"], ax=ax)
    singles = [gm.explain(gm.squared_wasserstein_distance, ps[i], q) for i in range(3)]
    gm.plot_explanation(singles, labels=["a", "b", "c"], ax=other)
    np.testing.assert_allclose(bars(ax)[1][-1], gm.squared_wasserstein_distance(ps, q))
    np.testing.assert_allclose(bars(ax), bars(other), rtol=1e-10)
    assert ticks(ax.xaxis) == ["a", "b", "c"]
    assert legend(ax) == ["mean", "scale", "orientation"]
    assert ax.get_ylabel() == "squared Wasserstein-2 distance"


def test_the_axis_begins_at_zero_whatever_the_parts(ax):
    p = gm.Gaussian([1e-6, 5.0], np.eye(2))
    gm.plot_explanation(gm.explain(gm.kl_divergence, p, gm.Gaussian.standard(2)), ax=ax)
    assert ax.get_ylim()[0] == 0.0


def test_an_infinite_part_is_named(ax):
    line = gm.Gaussian([0.0, 0.0], gm.Covariance.from_factor([[1.0], [1.0]]))
    parts = [gm.explain(gm.kl_divergence, law(), q) for q in (line, law(2))]
    assert np.isinf(parts[0].total)
    gm.plot_explanation(parts, ax=ax)
    infinite = [n for n in ("mean", "scale", "orientation") if np.isinf(getattr(parts[0], n))]
    assert [text.get_text() for text in ax.texts] == [f"{name} = ∞" for name in infinite]
    assert {text.xy[0] for text in ax.texts} == {0}
    assert np.isfinite(bars(ax)).all()
    assert bars(ax)[1][-1, 1] == pytest.approx(parts[1].total)


# Decision regions


def regions(ax):
    """The colours of the background, and the coordinates of its pixels."""
    (image,) = ax.images
    rgb = np.asarray(image.get_array())
    left, right, bottom, top = image.get_extent()
    x, y = np.meshgrid(np.linspace(left, right, rgb.shape[1]), np.linspace(bottom, top, len(rgb)))
    return rgb, np.column_stack([x.ravel(), y.ravel()])


@pytest.mark.parametrize("names", [None, ["se", "ve", "vi"]])
def test_regions_have_the_colour_of_the_most_probable_class(names, ax):
    X, y = IRIS.data.to_numpy()[:, 2:], IRIS.target.to_numpy()
    y = y if names is None else np.array(names)[y]
    model = gm.AnalyticLogisticRegression().fit(X, y)
    gm.plot_decision_regions(model, X, y, ax=ax)
    rgb, points = regions(ax)
    chances = model.predict_proba(points)
    own = np.array([to_rgb(c) for c in COLOURS[:3]])[chances.argmax(axis=1)]
    missing = 1.0 - rgb.reshape(-1, 3)
    depth = (missing * (1 - own)).sum(axis=1) / ((1 - own) ** 2).sum(axis=1)
    np.testing.assert_allclose(missing, depth[:, None] * (1 - own), atol=1e-12)
    # White where all are as probable, and deeper in proportion to what the winner has beyond that.
    np.testing.assert_allclose(depth, depth.max() * (chances.max(axis=1) - 1 / 3) * 1.5, atol=2e-3)
    assert 0.4 < depth.max() < 0.7
    for k, (line, name) in enumerate(zip(ax.lines, model.classes_, strict=True)):
        np.testing.assert_array_equal(line.get_xydata(), X[y == name])
        assert same_color(line.get_color(), COLOURS[k])
    assert legend(ax) == [str(name) for name in model.classes_]
    assert len({line.get_marker() for line in ax.lines}) == 3


def test_boundaries_are_where_the_decision_changes(ax):
    data = load_wine()
    X, y = data.data[:, [0, 6]], data.target
    model = gm.AnalyticLogisticRegression().fit(X, y)
    gm.plot_decision_regions(model, X, y, ax=ax)
    lines = [c for c in ax.collections if hasattr(c, "levels")]
    assert lines
    for contour in lines:
        for path in contour.get_paths():
            chances = np.sort(model.predict_proba(path.vertices), axis=1)
            np.testing.assert_allclose(chances[:, -1], chances[:, -2], atol=5e-3)


def test_classes_that_never_win_have_no_region_and_no_warning(ax):
    gm.plot_decision_regions(Stub([0.5, 0.3, 0.2]), X2, Y, ax=ax)
    assert len(ax.collections) == 0
    assert legend(ax) == ["0", "1", "2"]


def test_classes_in_any_order_have_their_own_samples(ax):
    shuffled = Stub([0.5, 0.3, 0.2], classes=["b", "c", "a"])
    X, y = np.arange(10.0).reshape(5, 2), np.array(["a", "b", "c", "a", "b"])
    gm.plot_decision_regions(shuffled, X, y, ax=ax)
    assert legend(ax) == ["b", "c", "a"]
    for line, name in zip(ax.lines, "bca", strict=True):
        np.testing.assert_array_equal(line.get_xydata(), X[y == name])


def test_a_column_without_spread_still_has_a_picture(ax):
    X = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0], [3.0, 1.0]])
    y = [0, 0, 1, 1]
    gm.plot_decision_regions(LogisticRegression().fit(X, y), X, y, ax=ax)
    assert ax.get_ylim()[0] < 1.0 < ax.get_ylim()[1]


@pytest.mark.parametrize("library", [pd, pl], ids=["pandas", "polars"])
def test_frames_keep_their_names(library, ax):
    X = library.DataFrame({name: IRIS.data[name].to_numpy() for name in TWO})
    y = IRIS.target.to_numpy()
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    gm.plot_decision_regions(model, X, y, ax=ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == tuple(TWO)


# Calibration


def halves(two):
    data = load_breast_cancer() if two else load_wine()
    X, y = data.data[:, :5], np.array(data.target_names)[data.target]
    model = gm.AnalyticLogisticRegression().fit(X[::2], y[::2])
    return model, X[1::2], y[1::2]


def reliability(ax, k=0):
    """The points and the ends of the bars of the k-th classifier."""
    container = ax.containers[k]
    segments = np.array(container.lines[2][0].get_segments())
    return container.lines[0].get_xydata(), segments[:, :, 1]


def test_two_classes_against_scikit_learn(ax):
    model, X, y = halves(two=True)
    gm.plot_calibration(model, X, y, bins=8, ax=ax)
    chances = model.predict_proba(X)
    truth = calibration_curve(y == model.classes_[1], chances[:, 1], n_bins=8)
    points, _ = reliability(ax)
    np.testing.assert_allclose(points, np.column_stack(truth[::-1]), atol=1e-12)
    assert ax.get_xlabel() == f"predicted probability of {model.classes_[1]}"
    assert ax.get_ylabel() == f"fraction of {model.classes_[1]}"
    assert ax.get_aspect() == 1.0
    loss = log_loss(y, chances)
    assert f"log-loss {loss:.3g}," in legend(ax)[1]


@pytest.mark.parametrize("two", [True, False])
def test_bars_and_ece_by_brute_force(two, ax):
    model, X, y = halves(two)
    gm.plot_calibration(model, X, y, bins=6, label="ours", ax=ax)
    chances, classes = model.predict_proba(X), model.classes_
    if two:
        sure, right = chances[:, 1], y == classes[1]
    else:
        sure, right = chances.max(axis=1), y == model.predict(X)
    gap, expected = 0.0, []
    for low in np.arange(6) / 6:
        inside = (sure >= low) & ((sure < low + 1 / 6) | (low == 5 / 6))
        if inside.any():
            hits, n = int(right[inside].sum()), int(inside.sum())
            gap += abs(hits - sure[inside].sum()) / len(y)
            ends = stats.binomtest(hits, n).proportion_ci(0.95, method="wilson")
            expected.append((sure[inside].mean(), hits / n, ends.low, ends.high))
    points, ends = reliability(ax)
    np.testing.assert_allclose(np.column_stack([points, ends]), expected, atol=1e-10)
    assert legend(ax) == ["calibrated", f"ours\nlog-loss {log_loss(y, chances):.3g}, ECE {gap:.2g}"]


def test_more_classes_are_judged_by_their_confidence(ax):
    gm.plot_calibration(*halves(two=False), ax=ax)
    assert ax.get_xlabel() == "probability of the predicted class"
    assert ax.get_ylabel() == "fraction predicted right"


def test_several_classifiers_share_a_picture(ax):
    model, X, y = halves(two=True)
    bayes = GaussianNB().fit(X, y)
    for one in (model, bayes):
        gm.plot_calibration(one, X, y, ax=ax)
    names = [text.split("\n")[0] for text in legend(ax)]
    assert names == ["calibrated", "AnalyticLogisticRegression", "GaussianNB"]
    assert [
        same_color(c.lines[0].get_color(), COLOURS[i]) for i, c in enumerate(ax.containers)
    ] == [
        True,
        True,
    ]


def test_a_certain_error_costs_infinitely_much(ax):
    # The samples may be of any kind that the classifier takes.
    sure = Stub([0.0, 1.0], [0.0, 1.0], [1.0, 0.0])
    gm.plot_calibration(sure, ["yes", "oh yes", "no"], [1, 0, 0], ax=ax)
    assert "log-loss ∞, ECE 0.33" in legend(ax)[1]
    points, ends = reliability(ax)
    np.testing.assert_array_equal(points, [[0.0, 0.0], [1.0, 0.5]])
    assert ((ends >= 0) & (ends <= 1)).all()


def test_classes_in_any_order_have_their_own_probabilities(ax):
    perfect = Stub([1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], classes=["b", "c", "a"])
    gm.plot_calibration(perfect, range(3), ["b", "c", "a"], ax=ax)
    assert "log-loss 0, ECE 0" in legend(ax)[1]
    np.testing.assert_array_equal(reliability(ax)[0], [[1.0, 1.0]])


def test_a_bin_for_every_sample(ax):
    chances = np.random.default_rng(SEED).uniform(size=9)
    gm.plot_calibration(
        Stub(*np.column_stack([1 - chances, chances])), range(9), [0, 1, 1] * 3, bins=10**30, ax=ax
    )
    by_size = np.argsort(chances)
    expected = np.column_stack([chances, [0, 1, 1] * 3])[by_size]
    np.testing.assert_array_equal(reliability(ax)[0], expected)


def test_certainty_belongs_to_the_last_bin(ax):
    gm.plot_calibration(Stub([0.0, 1.0], [0.04, 0.96]), [0, 0], [1, 1], ax=ax)
    np.testing.assert_allclose(reliability(ax)[0], [[0.98, 1.0]])


# Errors

P, Q3 = law(), law(d=3)
PLAIN = gm.AnalyticLogisticRegression().fit(X2, Y)
ERRORS = {
    "array for a law": (gm.plot_gaussian, ([0.0],), {}, TypeError, "plot_gaussian takes Gaussian"),
    "probability in percent": (
        gm.plot_gaussian, (P,), {"probability": 95}, ValueError,
        "probability must lie between 0 and 1, got 95. For 95 % pass probability=0.95.",
    ),
    "probability of another type": (
        gm.plot_gaussian, (P,), {"probability": "95%"}, TypeError,
        "probability must be a number, got '95%'.",
    ),
    "three coordinates": (
        gm.plot_gaussian, (Q3,), {"coordinates": [0, 1, 2]}, ValueError,
        "coordinates must name one coordinate, whose density is drawn, or a pair, whose ellipse is "
        "drawn, got 3.",
    ),
    "a coordinate beyond": (
        gm.plot_gaussian, (P,), {"coordinates": [0, 5]}, ValueError,
        "coordinates must name coordinates from 0 to 1",
    ),
    "not a list": (gm.plot_gaussians, (5,), {}, TypeError, "plot_gaussians takes Gaussian objects"),
    "an array in a list": (
        gm.plot_gaussians, ([P, np.eye(2)],), {}, TypeError,
        "plot_gaussians takes Gaussian objects, but ps[1] is of type ndarray",
    ),
    "a single law": (gm.plot_gaussians, (P,), {}, ValueError, "ps must be a batch of shape (n,)"),
    "no law": (
        gm.plot_gaussians, ([],), {}, ValueError, "plot_gaussians needs at least one law, got none."
    ),
    "an empty batch in a list": (
        gm.plot_gaussians, ([batch(2, 1)[0], batch(2, 1)[:0]],), {}, ValueError,
        "plot_gaussians has nothing to draw of ps[1], which is an empty batch. Leave it out.",
    ),
    "two dimensions": (
        gm.plot_gaussians, ([P, Q3],), {}, ValueError,
        "plot_gaussians needs laws of one dimension, got [2, 3].",
    ),
    "other variables": (
        gm.plot_gaussians, ([law(names=["a", "b"]), P, law(names=["b", "a"])],), {}, ValueError,
        "plot_gaussians needs laws of the same variables in one order, got names ('a', 'b') and "
        "('b', 'a'). Bring them in one order with marginal(names).",
    ),
    "too few labels": (
        gm.plot_gaussians, ([P, P],), {"labels": ["a"]}, ValueError,
        "labels must name each of the 2 laws, got 1 names.",
    ),
    "labels without an order": (
        gm.plot_gaussians, ([P, P],), {"labels": {"a", "b"}}, TypeError,
        "labels must be a list of names, got a set, which has no order.",
    ),
    "a label for all": (
        gm.plot_gaussians, ([P, P],), {"labels": "ab"}, TypeError,
        "labels must be a list of names, got 'ab'.",
    ),
    "transport of a batch": (
        gm.plot_transport, (P, batch(3)), {}, ValueError,
        "plot_transport draws one pair, but q has batch_shape (3,). Pass q[i], and call it once a "
        "pair.",
    ),
    "one step": (
        gm.plot_transport, (P, P), {"steps": 1}, ValueError,
        "steps must be at least 2, got 1.",
    ),
    "half a step": (
        gm.plot_transport, (P, P), {"steps": 2.5}, TypeError, "steps must be an integer, got 2.5."
    ),
    "arrows below zero": (
        gm.plot_transport, (P, P), {"arrows": -1}, ValueError,
        "arrows must be at least 0, got -1.",
    ),
    "arrows of another type": (
        gm.plot_transport, (P, P), {"arrows": True}, TypeError,
        "arrows must be an integer, got True.",
    ),
    "ends without names": (
        gm.plot_transport, (P, P), {"labels": ["p"]}, ValueError,
        "labels must name each of the 2 laws, p and q, got 1 names.",
    ),
    "flat table": (
        gm.plot_pairwise, ([1.0, 2.0],), {}, ValueError,
        "table must have shape (n, m), as gaussmetrics.pairwise returns it, got (2,).",
    ),
    "table of words": (
        gm.plot_pairwise, ([["a"]],), {}, TypeError, "table must hold real numbers, got dtype <U1."
    ),
    "laws for their table": (
        gm.plot_pairwise, (batch(3),), {}, TypeError,
        "table must hold real numbers, got dtype object. Pass laws through "
        "gaussmetrics.pairwise(metric, laws) first.",
    ),
    "NaN": (
        gm.plot_pairwise, ([[0.0, np.nan]],), {}, ValueError,
        "table must hold no NaN, but table[0, 1] is one.",
    ),
    "unknown order": (
        gm.plot_pairwise, ([[0.0]],), {"order": "name"}, ValueError,
        "order must be None or \"clustering\", got 'name'.",
    ),
    "order of names": (
        gm.plot_pairwise, (np.eye(2),), {"order": np.array(["a", "b"])}, ValueError,
        "order must be None or \"clustering\", got array(['a', 'b'], dtype='<U1').",
    ),
    "order of a rectangle": (
        gm.plot_pairwise, ([[0.0, 1.0]],), {"order": "clustering"}, ValueError,
        'order="clustering" needs the table of a batch with itself, got shape (1, 2).',
    ),
    "order of similarities": (
        gm.plot_pairwise, ([[1.0, 0.2], [0.2, 1.0]],), {"order": "clustering"}, ValueError,
        'order="clustering" needs distances: none negative, and none of a law to itself larger '
        "than to another. Turn similarities around first, for example 1 - table.",
    ),
    "column labels": (
        gm.plot_pairwise, ([[0.0, 1.0]],), {"column_labels": ["a"]}, ValueError,
        "column_labels must name each of the 2 columns, got 1 names.",
    ),
    "a number explained": (
        gm.plot_explanation, (3.0,), {}, TypeError,
        "explanation must come from gaussmetrics.explain(metric, p, q), or be a list of such, got "
        "float.",
    ),
    "nothing explained": (
        gm.plot_explanation, ([],), {}, ValueError,
        "explanation must hold at least one explanation, got none.",
    ),
    "two metrics": (
        gm.plot_explanation, ([EXPLANATION, gm.explain(gm.bhattacharyya_distance, P, P)],), {},
        ValueError, "explanations in one picture must be of one metric, got "
        "bhattacharyya_distance, kl_divergence. They have different units",
    ),
    "batches in a list": (
        gm.plot_explanation, ([gm.explain(gm.kl_divergence, batch(2), P)],), {}, ValueError,
        "explanation must be single, a batch of shape (n,), or a list of single ones, got one of "
        "batch_shape (2,).",
    ),
    "a table of explanations": (
        gm.plot_explanation,
        (gm.explain(gm.kl_divergence, batch(2)[:, None], batch(3)),), {}, ValueError,
        "batch_shape (2, 3).",
    ),
    "labels of bars": (
        gm.plot_explanation, (EXPLANATION,), {"labels": ["a"]}, ValueError,
        "labels must name each of the 2 bars, got 1 names.",
    ),
    "no classifier": (
        gm.plot_calibration, (3, X2, Y), {}, TypeError,
        "plot_calibration takes a fitted classifier, got 3. For example classifier =",
    ),
    "a class of classifiers": (
        gm.plot_decision_regions, (GaussianNB, X2, Y), {}, TypeError,
        "plot_decision_regions takes a fitted classifier, got <class",
    ),
    "not fitted": (
        gm.plot_calibration, (GaussianNB(), X2, Y), {}, ValueError,
        "plot_calibration needs a fitted classifier: call classifier.fit(X, y) first.",
    ),
    "no probabilities": (
        gm.plot_calibration, (RidgeClassifier().fit(X2, Y), X2, Y), {}, TypeError,
        "plot_calibration needs probabilities, but RidgeClassifier has no predict_proba. Calibrate "
        "it first, with scikit-learn's CalibratedClassifierCV.",
    ),
    "three columns": (
        gm.plot_decision_regions, (PLAIN, np.ones((4, 3)), [0] * 4), {}, ValueError,
        "plot_decision_regions needs X of shape (n, 2), got (4, 3). Fit the classifier on two",
    ),
    "too few labels of rows": (
        gm.plot_decision_regions, (PLAIN, X2, Y[:3]), {}, ValueError,
        "y must hold one label a row of X, at least one, got shape (3,) for 150 rows.",
    ),
    "unknown labels": (
        gm.plot_calibration, (PLAIN, X2, Y + 1), {}, ValueError,
        "y holds labels that the classifier was not fitted on: [3]; its classes are [0, 1, 2].",
    ),
    "no labels": (
        gm.plot_decision_regions, (PLAIN, X2, [None] * 150), {}, ValueError,
        "y holds labels that the classifier was not fitted on: [None]; its classes are [0, 1, 2].",
    ),
    "labels of many kinds": (
        gm.plot_decision_regions, (PLAIN, X2[:3], np.array([0, None, "a"], dtype=object)), {},
        ValueError, "the classifier was not fitted on: [None, 'a']; its classes are [0, 1, 2].",
    ),
    "NaN for a probability": (
        gm.plot_calibration, (Stub([0.5, 0.5], [np.nan, 0.5]), X2[:2], [0, 1]), {}, ValueError,
        "predict_proba(X) must be finite, but predict_proba(X)[1, 0] is nan.",
    ),
    "NaN for a region": (
        gm.plot_decision_regions, (Stub([np.nan, 0.5]), X2[:2], [0, 1]), {}, ValueError,
        "predict_proba(X) must be finite, but predict_proba(X)[0, 0] is nan.",
    ),
    "no bins": (
        gm.plot_calibration, (PLAIN, X2, Y), {"bins": 0}, ValueError, "bins must be at least 1"
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("plot", "operands", "options", "kind", "text"), ERRORS.values(), ids=ERRORS
)
def test_errors_teach(plot, operands, options, kind, text):
    with pytest.raises(kind, match=re.escape(text)):
        plot(*operands, **options)
    assert plt.get_fignums() == [], "a figure was made before the operands were checked"


def test_without_matplotlib_the_error_says_what_to_install():
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "import gaussmetrics as gm\n"
        "try: gm.plot_gaussian\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    text = 'plotting needs the package matplotlib: pip install "gaussmetrics[plot]".'
    assert done.stdout.strip() == text
