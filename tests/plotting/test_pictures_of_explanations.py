"""Pictures of explanations: bars against the parts they show."""

import numpy as np
import pytest
from drawn import batch, law, legend, ticks
from matplotlib.figure import Figure

import gaussmetrics as gm


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
    assert [text.get_text() for text in ax.texts] == [rf"{name} = $\infty$" for name in infinite]
    assert {text.xy[0] for text in ax.texts} == {0}
    assert np.isfinite(bars(ax)).all()
    assert bars(ax)[1][-1, 1] == pytest.approx(parts[1].total)
