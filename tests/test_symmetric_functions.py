"""Sums of one to three singular values, against 50 digits."""

import mpmath as mp
import numpy as np
import pytest

from gaussmetrics._array.symmetric_functions import singular_value_sums


def matrices(rng, d, values):
    """Return matrices of given singular values (n, d), and the sums that rounding left."""
    left, right = np.linalg.qr(rng.standard_normal((2, *values.shape, d)))[0]
    result = (left * values[:, None]) @ right
    with mp.workdps(50):
        sums = [sum(mp.svd_r(mp.matrix(m.tolist()), compute_uv=False)) for m in result]
    return result, np.array(sums, dtype=float)


@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("decades", [0, 1, 4, 8, 16, 150])
@pytest.mark.parametrize("alike", ["none", "first", "last", "all", "zeros"])
def test_sums_of_singular_values_keep_their_digits(d, decades, alike):
    rng = np.random.default_rng([d, decades])
    values = -np.sort(-(10.0 ** -(decades * rng.random((12, d)))), axis=-1)
    if alike in ("first", "all"):
        values[:, : d if alike == "all" else 2] = values[:, :1]
    elif alike in ("last", "zeros"):
        values[:, 1:] = values[:, 1:2] if alike == "last" else 0.0
    m, expected = matrices(rng, d, values)
    np.testing.assert_allclose(singular_value_sums(m), expected, rtol=1e-15)


@pytest.mark.parametrize("scale", [0.0, 5e-324, 1e-300, 1e150, 5e307])
def test_no_square_leaves_the_floats(scale):
    for d in (1, 2, 3):
        m = scale * np.eye(d)[None]
        np.testing.assert_allclose(singular_value_sums(m), [d * scale], rtol=1e-15)
