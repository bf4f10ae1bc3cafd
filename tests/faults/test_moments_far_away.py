"""Moments keep their digits far from the origin, and integers theirs."""

from fractions import Fraction

import numpy as np
import pytest

import gaussmetrics as gm

EPS = np.finfo(float).eps


def exact_scatter(rows):
    """Σ (x − m)(x − m)ᵀ in fractions."""
    x = [[Fraction(v) for v in row] for row in np.asarray(rows).tolist()]
    n, d = len(x), len(x[0])
    mean = [sum(row[j] for row in x) / n for j in range(d)]
    return np.array(
        [
            [float(sum((r[i] - mean[i]) * (r[j] - mean[j]) for r in x)) for j in range(d)]
            for i in range(d)
        ]
    )


def in_order(parts, order):
    if order == "left":
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total
    if order == "right":
        total = parts[-1]
        for part in parts[-2::-1]:
            total = part + total
        return total
    while len(parts) > 1:
        pairs = [a + b for a, b in zip(parts[::2], parts[1::2], strict=False)]
        parts = pairs + parts[len(pairs) * 2 :]
    return parts[0]


@pytest.mark.parametrize("order", ["left", "right", "tree"])
@pytest.mark.parametrize("offset", [0.0, 1e8, 1e12])
@pytest.mark.parametrize("size", [1, 7, 100])
def test_merging_in_any_order_keeps_the_digits(size, offset, order):
    rows = offset + np.random.default_rng(3).standard_normal((700, 2))
    parts = [gm.Moments.from_samples(block) for block in np.split(rows, 700 // size)]
    whole = in_order(parts, order)
    truth = exact_scatter(rows)
    np.testing.assert_allclose(whole.scatter, truth, rtol=1e-12, atol=1e-12 * truth[0, 0])


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_integers_above_two_to_the_fifty_three(dtype):
    # The two rows differ by 4: each is 2 from the mean, and 2² + 2² = 8.
    rows = np.array([[2**53 + 1], [2**53 + 5]], dtype=dtype)
    assert gm.Moments.from_samples(rows).scatter == 8
    parts = [gm.Moments.from_samples(row[None]) for row in rows]
    # The step between two means is scaled by a root, which is rounded.
    np.testing.assert_allclose((parts[0] + parts[1]).scatter, 8, rtol=2 * EPS)
