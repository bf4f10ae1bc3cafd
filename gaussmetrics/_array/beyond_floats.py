"""Numbers beyond the floats: a float and a power of two, for slopes between scales far apart."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array.linalg import symmetric_part, transpose
from gaussmetrics._array.types import Array, Scalars

_ORDINARY = 2.0**100
_LOWEST = 100_000
"""An exponent so low that the number vanishes beside any other."""

Exponents = NDArray[np.intp]
_NONE: Exponents = np.zeros((), np.intp)


class Scaled(NamedTuple):
    """Numbers x·2ᵏ, with one k for all where that will do."""

    value: Array
    exponent: Exponents

    @classmethod
    def of(cls, array: Any, exponent: Exponents = _NONE) -> Scaled:
        """Take the power of two out of every number, unless all are of ordinary size."""
        if exponent is _NONE and np.abs(array).max(initial=0.0) < _ORDINARY:
            return cls(array, _NONE)
        value, power = np.frexp(array)
        return cls(value, np.where(value == 0, -_LOWEST, power + exponent))

    def times(self, factor: Any) -> Scaled:
        """Multiply by numbers within the floats."""
        return self.product(Scaled.of(factor))

    def product(self, other: Scaled) -> Scaled:
        """Multiply."""
        return Scaled.of(self.value * other.value, _sum(self.exponent, other.exponent))

    def over(self, divisor: float) -> Scaled:
        """Divide by a number within the floats."""
        value, power = np.frexp(divisor)
        inverse = Scaled(np.asarray(1.0 / value), np.asarray(-power, np.intp))
        return self.product(inverse if abs(power) > 100 else Scaled.of(1.0 / divisor))

    def plus(self, other: Scaled) -> Scaled:
        """Add; a part too small to be seen beside the other vanishes."""
        if self.exponent is other.exponent is _NONE:
            return Scaled.of(self.value + other.value)
        top = np.maximum(self.exponent, other.exponent)
        first, second = (raised(part.value, part.exponent - top) for part in (self, other))
        return Scaled.of(first + second, top)

    def outer(self) -> Scaled:
        """Return x xᵀ."""
        x = self.value
        return Scaled.of(x[..., :, None] * x[..., None, :], _outer_sum(self.exponent))

    def trailing(self, batch: int, core: int) -> Scaled:
        """Add axes of length one, up to a batch of so many axes and so many after it."""
        shape = np.shape(self.value) + (1,) * (batch - np.ndim(self.value) + core)
        exponent = self.exponent if self.exponent is _NONE else self.exponent.reshape(shape)
        return Scaled(np.reshape(self.value, shape), exponent)

    def within_floats(self) -> Array:
        """Return the numbers, infinite beyond the floats."""
        with np.errstate(over="ignore"):
            return raised(self.value, self.exponent)


def raised(value: Array, exponent: Exponents) -> Array:
    """Return x·2ᵏ."""
    if exponent is _NONE:
        return value
    return np.ldexp(value, np.clip(exponent, -_LOWEST, _LOWEST).astype(np.int32))


def exponential(x: Scalars) -> Scaled:
    """Return exp x for x ≤ 0."""
    x = np.maximum(x, -1e4)
    steps = np.rint(x / np.log(2.0))
    return Scaled.of(np.exp(x - steps * np.log(2.0)), np.asarray(steps, np.intp))


def scaled_product(basis: Array, weights: Array, vector: Array) -> Scaled:
    """Return Bᵀ diag(x) B v."""
    columns, units = _unit_columns(basis)
    v = Scaled.of(vector, units)
    largest = v.exponent if v.exponent is _NONE else v.exponent.max(axis=-1, keepdims=True)
    along = (columns @ raised(v.value, _sum(v.exponent, largest, -1))[..., None])[..., 0]
    moved = transpose(columns) @ (weights * along)[..., None]
    return Scaled.of(moved[..., 0], _sum(units, largest))


def congruence(basis: Array, weights: Array, signs: Array) -> Scaled:
    """Return Bᵀ diag(± x²) B."""
    columns, units = _unit_columns(basis)
    columns, more = _unit_columns(weights[..., None] * columns)
    product = symmetric_part(transpose(columns) @ (signs[..., None] * columns))
    return Scaled.of(product, _outer_sum(_sum(units, more)))


def _unit_columns(matrix: Array) -> tuple[Array, Exponents]:
    """Take the power of two out of every column, unless all are of ordinary size."""
    largest = np.abs(matrix).max(axis=-2, initial=0.0)
    if largest.max(initial=0.0) < _ORDINARY and largest.min(initial=1.0) > 1.0 / _ORDINARY:
        return matrix, _NONE
    units = np.frexp(largest)[1].astype(np.intp)
    return raised(matrix, -units[..., None, :]), units


def _sum(first: Exponents, second: Exponents, sign: int = 1) -> Exponents:
    return _NONE if first is second is _NONE else first + sign * second


def _outer_sum(exponent: Exponents) -> Exponents:
    return _NONE if exponent is _NONE else exponent[..., :, None] + exponent[..., None, :]
