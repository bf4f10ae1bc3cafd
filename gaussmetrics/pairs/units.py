"""Covariances in another unit of their variables, a power of two, which rounds nothing."""

from __future__ import annotations

import numpy as np

from gaussmetrics._array.types import Array
from gaussmetrics.laws.covariance import Covariance
from gaussmetrics.laws.dense import Dense
from gaussmetrics.laws.diagonal import Diagonal
from gaussmetrics.laws.given import Columns, Entries, Given
from gaussmetrics.laws.low_rank import LowRank
from gaussmetrics.laws.structure import Structure

_RANGE = 450
"""Deviations from 2**-450 to 2**450 have variances with room for condition numbers beside them."""


def in_unit(cov: Structure, exponent: int) -> Structure:
    """Return Σ / 4ᵏ in the form it was given, or where that would leave the floats, its factor."""
    variances = cov.variances()
    _, sizes = np.frexp(np.sqrt(variances[variances > 0]))
    within = (np.abs(sizes - exponent) < _RANGE).all()
    if isinstance(cov, Diagonal) and within:
        return Diagonal(np.ldexp(cov.variances(), -2 * exponent))
    if isinstance(cov, LowRank) and within:
        return LowRank(np.ldexp(cov.columns, -exponent), np.ldexp(cov.noise, -2 * exponent))
    if isinstance(cov, Dense) and within:
        given = _given_in_unit(cov.given, exponent)
        return Dense(np.ldexp(cov.lower, -exponent), given=given)
    return Covariance.from_factor(np.ldexp(cov.factor(), -exponent))


def _given_in_unit(given: Given, exponent: int) -> Given:
    if isinstance(given, Entries):
        return Entries(np.ldexp(given.matrix, -2 * exponent))
    if isinstance(given, Columns):
        noise: Array | None = given.noise
        if noise is not None:
            noise = np.ldexp(noise, -2 * exponent)
        return Columns(np.ldexp(given.columns, -exponent), given.weights, noise)
    return given._replace(matrix=np.ldexp(given.matrix, 2 * exponent))
