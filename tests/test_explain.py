"""The parts of a divergence: literal oracles in 100-digit arithmetic, and the laws they obey."""

import dataclasses
import re

import numpy as np
import oracles
import pytest
import random_laws
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import mp
from structured_laws import STRUCTURES, law

import gaussmetrics as gm

EPS = np.finfo(float).eps
METRICS = [gm.kl_divergence, gm.bhattacharyya_distance, gm.squared_wasserstein_distance]
PARTS = ("mean", "scale", "orientation")
every = pytest.mark.parametrize("metric", METRICS, ids=lambda f: f.__name__)
seeds = st.integers(0, 2**32 - 1)


def log_of_correlations(cov):
    """The diagonal of log C, C the correlation matrix of a covariance."""
    n = cov.rows
    c = mp.matrix(n, n)
    for i in range(n):
        for j in range(n):
            c[i, j] = cov[i, j] / mp.sqrt(cov[i, i] * cov[j, j])
    values, vectors = mp.eigsy(c)
    return [mp.fsum(vectors[i, k] ** 2 * mp.log(values[k]) for k in range(n)) for i in range(n)]


def exact_parts(metric, p, q):
    """The three parts, axis by axis, from their definitions."""
    a, b, shift = oracles.parameters(p, q)
    reference = b if metric is gm.kl_divergence else (a + b) / 2
    _, axes = mp.eigsy(reference)
    a, b, shift = axes.T * a * axes, axes.T * b * axes, axes.T * shift
    n = range(p.dim)
    if metric is gm.kl_divergence:
        mean = [shift[i] ** 2 / b[i, i] / 2 for i in n]
        scale = [(a[i, i] / b[i, i] - 1 - mp.log(a[i, i] / b[i, i])) / 2 for i in n]
        orientation = [-x / 2 for x in log_of_correlations(a)]
    elif metric is gm.bhattacharyya_distance:
        middle = [(a[i, i] + b[i, i]) / 2 for i in n]
        mean = [shift[i] ** 2 / middle[i] / 8 for i in n]
        scale = [mp.log(middle[i] / mp.sqrt(a[i, i] * b[i, i])) / 2 for i in n]
        logs = [log_of_correlations(x) for x in (a, b)]
        orientation = [-(logs[0][i] + logs[1][i]) / 4 for i in n]
    else:
        root = oracles.square_root(a)
        inner = root * b * root
        inverse = mp.inverse(root)
        optimal = inverse * oracles.square_root((inner + inner.T) / 2) * inverse
        together = optimal * a
        mean = [shift[i] ** 2 for i in n]
        scale = [(mp.sqrt(a[i, i]) - mp.sqrt(b[i, i])) ** 2 for i in n]
        orientation = [2 * (mp.sqrt(a[i, i] * b[i, i]) - together[i, i]) for i in n]
    return [list(reversed(part)) for part in (mean, scale, orientation)]  # largest axis first


def pair(rng, d, kappa, apart):
    a = random_laws.covariance(rng, d, kappa=kappa)
    b = (
        random_laws.perturbed(rng, a, apart)
        if apart < 1
        else random_laws.covariance(rng, d, kappa=kappa)
    )
    shift = apart * rng.standard_normal(d) / np.sqrt(kappa)
    return gm.Gaussian(np.zeros(d), a), gm.Gaussian(shift, b)


@pytest.mark.parametrize("apart", [1.0, 0.3, 1e-2, 1e-4, 1e-8, 1e-12])
@pytest.mark.parametrize("kappa", [10.0, 1e4])
@pytest.mark.parametrize("d", [1, 2, 5])
@every
def test_every_part_against_its_definition(metric, d, kappa, apart):
    # Stated: right to rounding relative to the total; axes are known to ε κ over their gaps.
    p, q = pair(np.random.default_rng([d, int(kappa)]), d, kappa, apart)
    ours, truth = gm.explain(metric, p, q), exact_parts(metric, p, q)
    total = mp.fsum(mp.fsum(part) for part in truth)
    for part, expected in zip((ours.means, ours.scales, ours.orientations), truth, strict=True):
        errors = [abs(mp.mpf(float(x)) - y) / total for x, y in zip(part, expected, strict=True)]
        assert max(errors) <= 1e-13 + 50 * EPS * kappa
    assert oracles.relative_error(ours.total, total) <= 2e-14 + 5 * EPS * kappa


@pytest.mark.parametrize("apart", [1.0, 0.3, 1e-3, 1e-9])
@pytest.mark.parametrize("kappa", [1.0, 1e4, 1e8])
@every
def test_parts_sum_to_the_metric(metric, kappa, apart):
    p, q = pair(np.random.default_rng(0), 7, kappa, apart)
    parts = gm.explain(metric, p, q)
    assert parts.total == parts.mean + parts.scale + parts.orientation
    bound = 2e-12 if metric is METRICS[2] else 2e-14 + 10 * EPS * kappa
    np.testing.assert_allclose(parts.total, metric(p, q), rtol=bound)


@every
@given(seed=seeds, d=st.integers(1, 6), apart=st.floats(-14, 0), kappa=st.floats(0, 8))
@settings(max_examples=40, deadline=None)
def test_no_part_is_negative(metric, seed, d, apart, kappa):
    p, q = pair(np.random.default_rng(seed), d, 10.0**kappa, 0.9 * 10.0**apart)
    parts = gm.explain(metric, p, q)
    for values in (parts.means, parts.scales, parts.orientations):
        assert (values >= 0).all()


@every
@given(seed=seeds, d=st.integers(1, 6), kappa=st.floats(0, 6), repeated=st.booleans())
@settings(max_examples=40, deadline=None)
def test_orientation_is_zero_where_covariances_commute(metric, seed, d, kappa, repeated):
    # Any pairing of the eigenvalues, sorted or swapped, and also with repeated ones.
    rng = np.random.default_rng(seed)
    v = random_laws.orthogonal(rng, d)
    w, x = 10.0 ** (-kappa * rng.random((2, d)))
    if repeated:
        w[1:3], x[2:] = w[0], x[-1]
    p, q = (gm.Gaussian(np.zeros(d), (v * values) @ v.T) for values in (w, x))
    parts = gm.explain(metric, p, q)
    # The matrices commute up to the rounding of their entries, which turns an axis by ε κ over the
    # distance to the next eigenvalue.
    axes = np.sort(x if metric is gm.kl_divergence else w + x)
    gaps = np.diff(axes) / axes[-1]
    gap = gaps[gaps > 1e-9].min(initial=1.0)
    assert parts.orientation <= (100 * EPS * 10.0**kappa) ** 2 + (10 * EPS * 10.0**kappa / gap) ** 2
    assert parts.mean == 0.0


@pytest.mark.parametrize("diagonal", [True, False])
@every
def test_swapped_axes_are_a_matter_of_scale(metric, diagonal):
    make = gm.Covariance.from_diagonal if diagonal else np.diag
    p, q = (gm.Gaussian([0.0, 0.0], make(v)) for v in ([1.0, 4.0], [4.0, 1.0]))
    parts = gm.explain(metric, p, q)
    assert parts.orientation == parts.mean == 0.0
    np.testing.assert_allclose(parts.scale, metric(p, q), rtol=1e-14)


@pytest.mark.parametrize("angle", [1e-6, 1e-3, 0.3, np.pi / 4])
@every
def test_a_turn_is_orientation(metric, angle):
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, -s], [s, c]])
    q = gm.Gaussian([0.0, 0.0], np.diag([4.0, 1.0]))
    p = gm.Gaussian([0.0, 0.0], turn @ q.cov @ turn.T)
    parts = gm.explain(metric, p, q)
    if metric is gm.kl_divergence:  # variances 4 − 3 s² and 1 + 3 s² along the axes, det 4
        expected = 0.5 * np.log1p(9 * (s * c) ** 2 / 4)
        np.testing.assert_allclose(parts.orientation, expected, rtol=1e-9)
    # Small turns change variances in second order only, correlations in the first.
    assert parts.orientation > (0.9 if angle < 0.1 else 0.3) * parts.total
    # The parts along the axes are those of independent coordinates.
    axes = parts.directions
    alone = [
        gm.Gaussian(
            [0.0, 0.0], gm.Covariance.from_diagonal(np.diag(axes.T @ law.cov @ axes).copy())
        )
        for law in (p, q)
    ]
    np.testing.assert_allclose(parts.scale, metric(*alone), rtol=1e-6, atol=1e-30)


@every
def test_only_what_differs_is_named(metric):
    rng = np.random.default_rng(1)
    p = random_laws.gaussian(rng, 4)
    moved = gm.explain(metric, gm.Gaussian(p.mean + 1.0, p.cov), p)
    assert moved.scale == moved.orientation == 0.0 < moved.mean
    grown = gm.explain(metric, gm.Gaussian(p.mean, 4.0 * p.cov), p)
    assert grown.mean == 0.0 < grown.scale
    assert grown.orientation <= 1e-25
    same = gm.explain(metric, p, gm.Gaussian(p.mean, p.cov))
    assert same.total == 0.0


@every
@given(seed=seeds, d=st.integers(1, 5))
@settings(max_examples=20, deadline=None)
def test_unchanged_by_rigid_motions(metric, seed, d):
    rng = np.random.default_rng(seed)
    p, q = random_laws.gaussian(rng, d), random_laws.gaussian(rng, d)
    turn, shift = random_laws.orthogonal(rng, d), rng.standard_normal(d)
    moved = [gm.Gaussian(turn @ x.mean + shift, turn @ x.cov @ turn.T) for x in (p, q)]
    ours, theirs = gm.explain(metric, p, q), gm.explain(metric, *moved)
    for part in PARTS:
        np.testing.assert_allclose(
            getattr(theirs, part), getattr(ours, part), rtol=1e-7, atol=1e-9 * ours.total
        )


@pytest.mark.parametrize("metric", METRICS[1:], ids=lambda f: f.__name__)
def test_symmetric_metrics_have_symmetric_parts(metric):
    rng = np.random.default_rng(2)
    p, q = random_laws.gaussian(rng, 4), random_laws.gaussian(rng, 4)
    ours, theirs = gm.explain(metric, p, q), gm.explain(metric, q, p)
    for part in ("directions", "means", "scales", "orientations"):
        np.testing.assert_allclose(getattr(ours, part), getattr(theirs, part), rtol=1e-9)


@pytest.mark.parametrize("second", STRUCTURES)
@pytest.mark.parametrize("first", STRUCTURES)
@every
def test_every_structure_equals_its_dense_twin(metric, first, second):
    rng = np.random.default_rng(0)
    p, q = law(rng, first, (4, 1)), law(rng, second, (3,))
    dense = [gm.Gaussian(x.mean, x.cov) for x in (p, q)]
    ours, theirs = gm.explain(metric, p, q), gm.explain(metric, *dense)
    np.testing.assert_allclose(ours.total, metric(p, q), rtol=1e-10)
    for part in ("means", "scales", "orientations"):
        values = getattr(theirs, part)
        assert getattr(ours, part).shape == values.shape == (4, 3, p.dim)
        scale = theirs.total[..., None]
        np.testing.assert_allclose(getattr(ours, part) / scale, values / scale, atol=1e-8)


@pytest.mark.parametrize("size", [1e-3, 1e-7, 1e-11])
@every
def test_near_factors_keep_their_digits(metric, size):
    rng = np.random.default_rng(3)
    f = rng.standard_normal((5, 8))
    factors = [f, f * (1 + size * rng.standard_normal(f.shape))]
    p, q = (gm.Gaussian(np.zeros(5), gm.Covariance.from_factor(x)) for x in factors)
    parts = gm.explain(metric, p, q)
    np.testing.assert_allclose(parts.total, metric(p, q), rtol=1e-11)


@pytest.mark.parametrize(
    "shapes", [((4,), (4,)), ((3, 1), (4,)), ((), (4,)), ((3,), ()), ((0,), ())]
)
@every
def test_batches_broadcast_like_a_loop(metric, shapes):
    rng = np.random.default_rng(4)
    p, q = (random_laws.gaussian(rng, 3, batch=shape) for shape in shapes)
    batch = np.broadcast_shapes(*shapes)
    parts = gm.explain(metric, p, q)
    assert np.shape(parts.total) == batch
    assert parts.directions.shape == (*batch, 3, 3)
    means = [np.broadcast_to(x.mean, (*batch, 3)) for x in (p, q)]
    covs = [np.broadcast_to(x.cov, (*batch, 3, 3)) for x in (p, q)]
    for i in np.ndindex(batch):
        single = gm.explain(
            metric, *(gm.Gaussian(m[i], c[i]) for m, c in zip(means, covs, strict=True))
        )
        for part in ("directions", "means", "scales", "orientations"):
            np.testing.assert_allclose(
                getattr(parts, part)[i], getattr(single, part), rtol=1e-8, atol=1e-12
            )


@every
def test_near_and_far_and_degenerate_pairs_in_one_batch(metric):
    rng = np.random.default_rng(5)
    p = random_laws.gaussian(rng, 3)
    covs = [
        p.cov,
        random_laws.perturbed(rng, p.cov, 1e-6),
        np.eye(3),
        5 * p.cov,
        random_laws.covariance(rng, 3),
    ]
    q = gm.Gaussian(np.zeros(3), covs)
    parts = gm.explain(metric, p, q)
    singles = [gm.explain(metric, p, q[i]).orientation for i in range(len(covs))]
    np.testing.assert_allclose(parts.orientation, singles, rtol=1e-9, atol=1e-25)


class TestSingular:
    basis = random_laws.orthogonal(np.random.default_rng(9), 4)

    def on(self, columns, mean=0.0, seed=0):
        small = random_laws.covariance(np.random.default_rng(seed), columns.shape[1])
        cov = columns @ small @ columns.T
        return gm.Gaussian(np.zeros(4) + mean, cov, allow_singular=True)

    @every
    def test_equal_supports_are_a_smaller_space(self, metric):
        inside = self.basis[:, :2]
        p, q = self.on(inside, seed=1), self.on(inside, inside @ [0.5, -0.3], seed=2)
        reduced = [gm.Gaussian(inside.T @ x.mean, inside.T @ x.cov @ inside) for x in (p, q)]
        ours, smaller = gm.explain(metric, p, q), gm.explain(metric, *reduced)
        for part in PARTS:
            np.testing.assert_allclose(
                getattr(ours, part), getattr(smaller, part), rtol=1e-9, atol=1e-25
            )
        np.testing.assert_allclose(ours.total, metric(p, q), rtol=1e-9)

    @every
    def test_different_supports(self, metric):
        flat, other = self.on(self.basis[:, :2]), self.on(self.basis[:, 1:3])
        turned = self.on(self.basis[:, :2] @ np.eye(2) + 0.1 * self.basis[:, 2:4])
        line, full = self.on(self.basis[:, :1]), gm.Gaussian.standard(4)
        away = self.on(self.basis[:, :2], self.basis[:, 3])
        point = gm.Gaussian(np.zeros(4), np.zeros((4, 4)), allow_singular=True)
        laws_ = [flat, other, turned, line, full, away, point]
        for p in laws_:
            for q in laws_:
                parts = gm.explain(metric, p, q)
                assert not np.isnan([parts.mean, parts.scale, parts.orientation]).any()
                np.testing.assert_allclose(parts.total, metric(p, q), rtol=1e-9, atol=1e-25)

    def test_what_is_infinite_is_named(self):
        coordinate = gm.Covariance.from_diagonal([1.0, 0.0], allow_singular=True)
        flat, full = gm.Gaussian([0.0, 0.0], coordinate), gm.Gaussian.standard(2)
        assert gm.explain(gm.kl_divergence, full, flat).scales.tolist() == [0.0, np.inf]
        away = gm.explain(gm.kl_divergence, gm.Gaussian([0.0, 1.0], coordinate), flat)
        assert (away.mean, away.scale, away.orientation) == (np.inf, 0.0, 0.0)
        slanted = gm.Gaussian([0.0, 0.0], np.ones((2, 2)), allow_singular=True)
        turned = gm.explain(gm.kl_divergence, slanted, gm.Gaussian([0.0, 0.0], np.diag([2.0, 1.0])))
        assert turned.orientation == np.inf > turned.scale


@pytest.mark.parametrize("scale", [1e-100, 1e100])
@every
def test_extreme_scales(metric, scale):
    rng = np.random.default_rng(6)
    p, q = random_laws.gaussian(rng, 3), random_laws.gaussian(rng, 3)
    a, b = (gm.Gaussian(np.sqrt(scale) * x.mean, scale * x.cov) for x in (p, q))
    factor = scale if metric is gm.squared_wasserstein_distance else 1.0
    ours, plain = gm.explain(metric, a, b), gm.explain(metric, p, q)
    for part in PARTS:
        np.testing.assert_allclose(getattr(ours, part) / factor, getattr(plain, part), rtol=1e-9)


@every
def test_shows_the_parts_and_cannot_be_changed(metric):
    rng = np.random.default_rng(7)
    p, q = random_laws.gaussian(rng, 2), random_laws.gaussian(rng, 2, batch=(3,))
    single, batch = gm.explain(metric, p, q[0]), gm.explain(metric, p, q)
    lines = repr(single).splitlines()
    assert lines[0] == f"Explanation of {metric.__name__}"
    assert [line.split()[0] for line in lines[1:]] == [*PARTS, "total"]
    assert float(lines[-1].split()[1]) == pytest.approx(float(metric(p, q[0])), rel=1e-5)
    assert repr(batch) == f"<Explanation of {metric.__name__}, dim=2, batch_shape=(3,)>"
    with pytest.raises(dataclasses.FrozenInstanceError):
        single.means = 0.0


def test_directions_are_orthonormal_and_show_upwards():
    rng = np.random.default_rng(8)
    q = random_laws.gaussian(rng, 4)
    axes = gm.explain(gm.kl_divergence, random_laws.gaussian(rng, 4), q).directions
    np.testing.assert_allclose(axes.T @ axes, np.eye(4), atol=1e-14)
    values = np.diag(axes.T @ q.cov @ axes)
    np.testing.assert_allclose(axes.T @ q.cov @ axes, np.diag(values), atol=1e-14)
    assert (np.diff(values) < 0).all()
    assert (axes[np.abs(axes).argmax(axis=0), range(4)] > 0).all()


@pytest.mark.parametrize("metric", [gm.hellinger_distance, "kl", None, np.add])
def test_other_metrics_are_refused(metric):
    text = "metric must be one of kl_divergence, bhattacharyya_distance, squared_wasserstein_dist"
    with pytest.raises(ValueError, match=re.escape(text)):
        gm.explain(metric, gm.Gaussian.standard(2), gm.Gaussian.standard(2))


@every
def test_operands_are_checked(metric):
    with pytest.raises(TypeError, match="explain takes Gaussian objects, but q is of type list"):
        gm.explain(metric, gm.Gaussian.standard(1), [0.0])
    with pytest.raises(ValueError, match="explain needs p and q of the same dimension"):
        gm.explain(metric, gm.Gaussian.standard(1), gm.Gaussian.standard(2))
