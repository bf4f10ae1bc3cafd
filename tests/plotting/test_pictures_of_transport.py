"""Pictures of transport: the path and the arrows against the geodesic and the map."""

import numpy as np
import pytest
from drawn import SEED, arrows, covariance, law, legend, polygons, squared_distance
from matplotlib.colors import same_color, to_rgb
from matplotlib.quiver import Quiver
from scipy import stats

import gaussmetrics as gm


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
