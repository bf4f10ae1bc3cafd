"""Laws in the form they were given, each beside its covariance in exact arithmetic.

`Given.law` is what the library sees; the oracles read `Given` itself, whose covariance is made of
the numbers that were given (a factor, a precision, eigenvalues) and never of the rounded matrix.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from oracles import matrix, mp

import gaussmetrics as gm

Cov = gm.Covariance


@dataclass(frozen=True)
class Given:
    """A law, and its mean and covariance as exact matrices."""

    law: gm.Gaussian
    mean: Any
    cov: Any

    @property
    def dim(self):
        return self.law.dim


def given(mean, covariance, exact):
    mean = np.zeros(exact.rows) if mean is None else np.asarray(mean, float)
    return Given(gm.Gaussian(mean, covariance), matrix(mean), exact)


def from_matrix(cov, mean=None):
    return given(mean, cov, matrix(cov))


def from_diagonal(variances, mean=None):
    return given(mean, Cov.from_diagonal(variances), mp.diag(list(map(float, variances))))


def from_factor(factor, diagonal=None, mean=None):
    """F Fᵀ + diag(v)."""
    f = matrix(factor)
    exact = f * f.T
    if diagonal is not None:
        exact += mp.diag(np.broadcast_to(diagonal, f.rows).tolist())
    return given(mean, Cov.from_factor(factor, diagonal), exact)


def from_cholesky(lower, mean=None):
    f = matrix(lower)
    return given(mean, Cov.from_cholesky(lower), f * f.T)


def from_precision(precision, mean=None):
    return given(mean, Cov.from_precision(precision), mp.inverse(matrix(precision)))


def from_eigendecomposition(values, vectors, mean=None):
    v = matrix(vectors)
    exact = v * mp.diag(np.asarray(values).tolist()) * v.T
    return given(mean, Cov.from_eigendecomposition(values, vectors), exact)


def scatter(rows):
    """Count, mean and scatter of rows as they stand in memory."""
    x = matrix(rows)
    count = x.rows
    mean = mp.matrix([[mp.fsum(x[:, j]) / count] for j in range(x.cols)])
    centred = x - mp.ones(count, 1) * mean.T
    return count, mean, centred.T * centred


def columns(rows, chosen):
    """The law of some columns of a sample, for the oracles."""
    count, mean, within = scatter(np.asarray(rows)[:, chosen])
    cov = within / (count - 1)
    rounded = np.array(cov.tolist(), float)
    law = gm.Gaussian(np.array(mean.tolist(), float)[:, 0], rounded)
    return Given(law, mean, cov)
