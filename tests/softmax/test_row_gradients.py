"""The vectors that carry a batch's gradient: against many digits, and block by block."""

from __future__ import annotations

from functools import partial

import mpmath as mp
import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix

import gaussmetrics as gm

RNG = np.random.default_rng(0)
U, V = RNG.standard_normal((2, 6, 3))
SOFT = RNG.random((6, 6)) * (RNG.random((6, 6)) < 0.5) + np.eye(6)
PARTNER = np.arange(6) ^ 1
SOFT_PARTNERS = SOFT + np.eye(6)[PARTNER]
np.fill_diagonal(SOFT_PARTNERS, 0.0)


def loss(u, v, *, targets, tau, unit_length, one_encoder):
    """The sum over rows of −Σ t log p, from the definition."""
    if unit_length:
        u, v = ([[x / mp.norm(row) for x in row] for row in side] for side in (u, v))
    total = mp.mpf(0)
    for i, row in enumerate(u):
        scores = {
            j: mp.fdot(row, other) / tau
            for j, other in enumerate(v)
            if not (one_encoder and i == j)
        }
        log_sum = mp.log(mp.fsum(map(mp.exp, scores.values())))
        weight = mp.fsum(map(mp.mpf, targets[i]))
        total += mp.fsum(mp.mpf(targets[i][j]) / weight * (log_sum - s) for j, s in scores.items())
    return total


def slopes(f, side):
    step, exact = mp.mpf(10) ** -25, [[mp.mpf(x) for x in row] for row in side]
    result = np.empty(side.shape)
    for i, j in np.ndindex(side.shape):
        values = []
        for sign in (1, -1):
            moved = [list(row) for row in exact]
            moved[i][j] += sign * step
            values.append(f(moved))
        result[i, j] = (values[0] - values[1]) / (2 * step)
    return result


@pytest.mark.parametrize("unit_length", [False, True])
@pytest.mark.parametrize("targets", [None, SOFT], ids=["pairs", "soft"])
def test_two_encoders(targets, unit_length):
    tau, weights = 0.5, (np.eye(6) if targets is None else SOFT).tolist()
    rows = gm.contrastive_row_gradients(
        U, V, targets=targets, temperature=tau, unit_length=unit_length
    )
    with mp.workdps(60):
        a, b = ([[mp.mpf(x) for x in row] for row in side] for side in (U, V))
        of = partial(loss, targets=weights, tau=tau, unit_length=unit_length, one_encoder=False)
        total = of(a, b)
        first, second = slopes(lambda x: of(x, b), U), slopes(lambda x: of(a, x), V)
    assert rows.losses.sum() == pytest.approx(float(total), rel=1e-14)
    np.testing.assert_allclose(rows.u, first, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(rows.v, second, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("unit_length", [False, True])
@pytest.mark.parametrize("targets", [PARTNER, SOFT_PARTNERS], ids=["pairs", "soft"])
def test_one_encoder(targets, unit_length):
    tau = 0.5
    weights = (np.eye(6)[PARTNER] if targets.ndim == 1 else targets).tolist()
    rows = gm.contrastive_row_gradients(
        U, targets=targets, temperature=tau, unit_length=unit_length
    )
    with mp.workdps(60):
        of = partial(loss, targets=weights, tau=tau, unit_length=unit_length, one_encoder=True)
        gradient = slopes(lambda x: of(x, x), U)
    np.testing.assert_allclose(rows.u, gradient, rtol=1e-12, atol=1e-14)
    assert rows.v is None


@pytest.mark.parametrize("block", [1, 2, 5, 6, 100])
@pytest.mark.parametrize("targets", [PARTNER, SOFT_PARTNERS], ids=["pairs", "soft"])
def test_blocks_of_any_size_agree(targets, block):
    for v in (None, V):
        whole = gm.contrastive_row_gradients(U, v, targets=targets)
        parts = gm.contrastive_row_gradients(U, v, targets=targets, block=block)
        for one, other in zip(whole, parts, strict=True):
            if one is not None:
                np.testing.assert_allclose(one, other, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("sparse", [csr_matrix, csr_array])
def test_sparse_weights_are_the_dense_ones(sparse):
    dense = gm.contrastive_row_gradients(U, V, targets=SOFT)
    for one, other in zip(
        dense, gm.contrastive_row_gradients(U, V, targets=sparse(SOFT)), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-13, atol=1e-15)


def test_sparse_integers_whose_sum_is_beyond_the_integers():
    weights = np.full((6, 6), 2**62)
    dense = gm.contrastive_row_gradients(U, V, targets=weights)
    wide = gm.contrastive_row_gradients(U, V, targets=csr_array(weights))
    for one, other in zip(dense, wide, strict=True):
        np.testing.assert_array_equal(one, other)
    four = gm.contrastive_row_gradients(U[:4], V[:4], targets=csr_array(weights[:4, :4]))
    assert np.isfinite(four.losses).all()


def test_one_hot_weights_are_places():
    places = gm.contrastive_row_gradients(U, V[:4], targets=[0, 1, 2, 3, 0, 1])
    weights = gm.contrastive_row_gradients(U, V[:4], targets=np.eye(4)[[0, 1, 2, 3, 0, 1]])
    for one, other in zip(places, weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-13, atol=1e-15)


def test_both_directions_are_two_calls():
    gradient = gm.info_nce_loss_gradient(U @ V.T / 0.3, both_directions=True) / 0.3
    there = gm.contrastive_row_gradients(U, V, temperature=0.3)
    back = gm.contrastive_row_gradients(V, U, temperature=0.3)
    np.testing.assert_allclose((there.u + back.v) / 2, gradient @ V, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose((there.v + back.u) / 2, gradient.T @ U, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("scale", [17, 40, 700])
def test_nothing_is_lost_where_every_positive_leads(scale):
    """u = v = √s · I: ξ = (b − 1) e^{−s}."""
    u = np.sqrt(scale) * np.eye(4)
    rows = gm.contrastive_row_gradients(u, u)
    xi = 3 * np.exp(-np.square(u).max())
    np.testing.assert_allclose(rows.losses, np.log1p(xi), rtol=1e-13)
    expected = np.sqrt(scale) * xi / (1 + xi) * (np.where(np.eye(4) > 0, -1.0, 1 / 3))
    np.testing.assert_allclose(rows.u, expected, rtol=1e-13)


def test_nothing_is_lost_where_a_weight_is_nearly_all():
    """One positive leads and has nearly all the weight, another has a trace of it."""
    u, v, weights = np.eye(3)[:1], np.array([[34.0, 0, 0], [0, 1, 0], [-40, 0, 1]]), [1, 1e-15, 0]
    rows = gm.contrastive_row_gradients(u, v, targets=[weights])
    with mp.workdps(90):
        exact = [[[mp.mpf(x) for x in row] for row in side] for side in (u, v)]
        of = partial(loss, targets=[weights], tau=1, unit_length=False, one_encoder=False)
        total, second = float(of(*exact)), slopes(lambda x: of(exact[0], x), v)
    assert rows.losses[0] == pytest.approx(total, rel=1e-14)
    np.testing.assert_allclose(rows.v, second, rtol=1e-13)


def test_float32_and_one_candidate():
    single = gm.contrastive_row_gradients(U.astype(np.float32), V.astype(np.float32))
    double = gm.contrastive_row_gradients(
        U.astype(np.float32).astype(float), V.astype(np.float32).astype(float)
    )
    np.testing.assert_array_equal(single.u, double.u)
    alone = gm.contrastive_row_gradients([[1.0, 2.0]], [[3.0, 4.0]])
    for part in alone:
        np.testing.assert_array_equal(part, 0.0)


@pytest.mark.parametrize("factor", [1e-200, 1e200])
def test_unit_length_in_any_unit(factor):
    plain = gm.contrastive_row_gradients(U, V, unit_length=True)
    scaled = gm.contrastive_row_gradients(factor * U, V, unit_length=True)
    np.testing.assert_allclose(scaled.losses, plain.losses, rtol=1e-13)
    np.testing.assert_allclose(scaled.u * factor, plain.u, rtol=1e-11, atol=1e-15)


def test_the_callers_arrays_stay():
    u, v = U.copy(), V.copy()
    gm.contrastive_row_gradients(u, v, unit_length=True)
    gm.contrastive_row_gradients(u, targets=PARTNER)
    np.testing.assert_array_equal(u, U)
    np.testing.assert_array_equal(v, V)


NEGATIVE = np.where(np.eye(6) > 0, -1.0, 1.0)
BAD = [
    ({"u": U[0]}, ValueError, r"u must have shape \(\.\.\., n, d\)"),
    ({"u": U[None], "targets": [0]}, ValueError, r"u must have shape \(b, d\), one vector a row"),
    ({"u": [["a"]]}, TypeError, "u must hold real numbers"),
    ({"u": [[np.nan]]}, ValueError, "u must be finite"),
    ({"u": U, "v": V[:, :2]}, ValueError, "vectors of the same length, got 3 and 2"),
    ({"u": U}, ValueError, r"targets must say which row goes with which where one encoder .* \^ 1"),
    ({"u": U, "v": V[:4]}, ValueError, "as many rows as each other .*got 6 and 4. Pass targets"),
    ({"u": U, "v": V, "targets": [0, 1]}, ValueError,
     r"targets must be places of shape \(6,\) or weights of shape \(6, 6\), got shape \(2,\)"),
    ({"u": U, "v": V, "targets": [0, 1, 2, 3, 4, 6]}, ValueError,
     r"targets must be places 0 to 5 in a row of 6 candidates, but targets\[5\] is 6"),
    ({"u": U, "v": V, "targets": np.zeros(6)}, TypeError, "targets must be integers"),
    ({"u": U, "v": V, "targets": NEGATIVE}, ValueError, r"but targets\[0, 0\] is -1"),
    ({"u": U, "v": V, "targets": csr_array(NEGATIVE)}, ValueError, r"targets.data must not be neg"),
    ({"u": U, "v": V, "targets": np.diag([1.0, 1, 1, 0, 1, 1])}, ValueError,
     r"each row needs a positive, but targets\[3\] is zero"),
    ({"u": U, "v": V, "targets": csr_array(np.diag([1.0, 1, 1, 0, 1, 1]))}, ValueError,
     r"each row needs a positive, but targets\[3\] is zero"),
    ({"u": U, "targets": np.arange(6)}, ValueError,
     "must not pair a row with itself, but row 0 is its own"),
    ({"u": U, "targets": SOFT}, ValueError, "must not pair a row with itself, but row 0"),
    ({"u": U, "v": V, "temperature": 0}, ValueError, "temperature must be positive"),
    ({"u": U, "v": V, "unit_length": "no"}, TypeError,
     "unit_length must be True or False, got 'no'"),
    ({"u": U, "v": V, "unit_length": np.array([True, False])}, TypeError,
     "unit_length must be True or False, got array"),
    ({"u": U, "v": V, "block": 0}, ValueError, "block must be at least 1, got 0"),
    ({"u": U, "v": np.vstack([V[:5], np.zeros(3)]), "unit_length": True}, ValueError,
     "v has a row of zeros, row 5, which has no direction"),
    ({"u": 1e200 * U, "v": 1e200 * V}, ValueError, "so long that their products overflow"),
    ({"u": 1e150 * np.eye(3), "v": 1e150 * np.eye(3)[::-1], "temperature": 1e-20}, ValueError,
     "beyond the floats divided by the temperature 1e-20. Rescale them, or pass unit_length=True"),
    ({"u": 1e150 * np.eye(3), "v": 1e-150 * np.eye(3), "temperature": 1e-200}, ValueError,
     "beyond the floats divided by the temperature 1e-200"),
    ({"u": 1e-150 * U, "v": V, "temperature": 1e-200, "unit_length": True}, ValueError,
     "rows so short that gradients in them overflow at the temperature 1e-200. Rescale the rows"),
    ({"u": U, "v": V, "temperature": 1e-320}, ValueError,
     "temperature must be at least 2.225e-308"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "kind", "text"), BAD)
def test_bad_input(arguments, kind, text):
    with pytest.raises(kind, match=text):
        gm.contrastive_row_gradients(**arguments)
