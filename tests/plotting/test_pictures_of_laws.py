"""Pictures of laws: the data of their artists against definitions and sampling."""

import numpy as np
import pytest
from drawn import (
    COLOURS,
    LEVELS,
    SEED,
    X2,
    Y,
    batch,
    covariance,
    law,
    legend,
    polygons,
    squared_distance,
)
from matplotlib.colors import same_color
from matplotlib.figure import Figure
from scipy import stats
from scipy.integrate import trapezoid
from sklearn.naive_bayes import GaussianNB

import gaussmetrics as gm

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
    # Given three columns the fourth, their combination, varies by rounding alone.
    factor = np.random.default_rng(0).standard_normal((3, 3))
    rows = np.concatenate([factor, [[0.1, 0.7, 0.3]] @ factor])
    p = gm.Gaussian(np.zeros(4), gm.Covariance.from_factor(rows)).conditional([0, 1, 2])(
        np.zeros(3)
    )
    gm.plot_gaussian(p, ax=ax)
    assert ax.lines[0].get_xdata().tolist() == [0.0, 0.0]


def test_a_batch_of_densities_has_one_colour_and_one_label(ax):
    gm.plot_gaussian(batch(3, 1), label="all", ax=ax)
    assert len(ax.lines) == 3
    assert {line.get_color() for line in ax.lines} == {COLOURS[0]}
    assert ax.get_legend_handles_labels()[1] == ["all"]


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
