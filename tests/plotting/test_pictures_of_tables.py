"""Pictures of tables: values, ticks, names and the order of clusters."""

import itertools

import numpy as np
import pytest
from drawn import SEED, ticks
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform

import gaussmetrics as gm

INFINITE = r"$\infty$"


def cells(ax):
    return np.array([text.get_text() for text in ax.texts])


def test_a_table_is_drawn_with_its_values(ax):
    table = np.array([[0.0, 12.345, np.inf], [-0.5, 0.0, 1e-7]])
    gm.plot_pairwise(table, labels=["a", "b"], quantity="KL (nats)", ax=ax)
    (image,) = ax.images
    np.testing.assert_array_equal(image.get_array().filled(np.inf), table)
    assert cells(ax).tolist() == ["0", "12.3", INFINITE, "−0.5", "0", "1e−07"]
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
    assert (cells(ax) == INFINITE).sum() == 12


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
    assert cells(ax).tolist() == [INFINITE]
