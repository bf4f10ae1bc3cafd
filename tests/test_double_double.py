"""Double-double arithmetic: nothing is lost that rounding took."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaussmetrics._array import double_double
from gaussmetrics._array.double_double import exactly, two_product
from gaussmetrics._array.two_floats import two_sum

numbers = st.floats(1e-100, 1e100) | st.floats(-1e100, -1e-100)


@given(numbers, numbers)
def test_a_sum_and_its_error_are_exact(a, b):
    total, rest = two_sum(np.array(a), np.array(b))
    assert Fraction(float(total)) + Fraction(float(rest)) == Fraction(a) + Fraction(b)


@given(numbers, numbers)
def test_a_product_and_its_error_are_right_to_a_hundred_bits(a, b):
    total, rest = two_product(np.array([a]), np.array([b]))
    exact = Fraction(a) * Fraction(b)
    error = Fraction(float(total[0])) + Fraction(float(rest[0])) - exact
    assert abs(error) <= abs(exact) / 2**100


@given(st.floats(1e-200, 1e200))
def test_a_root_and_its_error(x):
    root, rest = double_double.square_root(np.array([x]))
    exact = Fraction(float(root[0])) + Fraction(float(rest[0]))
    assert abs(exact * exact - Fraction(x)) <= Fraction(x) / 2**95


def test_the_root_of_zero():
    assert [float(part[0]) for part in double_double.square_root(np.zeros(1))] == [0.0, 0.0]


@pytest.mark.parametrize("k", [1, 2, 7, 40])
def test_products_of_matrices_that_cancel(k):
    rng = np.random.default_rng(k)
    a, b = rng.standard_normal((3, k)), rng.standard_normal((k, 2))
    exact = [
        [sum(Fraction(x) * Fraction(y) for x, y in zip(row, column, strict=True)) for column in b.T]
        for row in a
    ]
    total, rest = double_double.matmul(exactly(a), b)
    for i in range(3):
        for j in range(2):
            value = Fraction(float(total[i, j])) + Fraction(float(rest[i, j]))
            assert (
                abs(value - exact[i][j]) <= Fraction(float(np.abs(a[i]) @ np.abs(b[:, j]))) / 2**90
            )
    known = np.array([[float(x) for x in row] for row in exact])
    both = np.concatenate([a, -known], axis=1), np.concatenate([b, np.eye(2)])
    left = double_double.accurate_matmul(*both)
    expected = [[float(x - Fraction(float(x))) for x in row] for row in exact]
    np.testing.assert_allclose(left, expected, rtol=1e-9, atol=1e-27)
