"""Nearly equal laws in every form in which they can be given, and exactly what was given."""

import itertools

import numpy as np
import oracles
import random_laws
from oracles import mp

import gaussmetrics as gm

Cov = gm.Covariance


def dense(f, v):
    matrix = f @ f.T + np.diag(v)
    return (matrix + matrix.T) / 2


def product(f):
    return oracles.matrix(f) * oracles.matrix(f).T


def diagonal_matrix(v):
    return mp.diag([mp.mpf(x) for x in v.tolist()])


def entries(_rng, f, v):
    matrix = dense(f, v)
    return gm.Gaussian(np.zeros(len(v)), matrix).covariance, oracles.matrix(matrix)


def variances(_rng, _f, v):
    return Cov.from_diagonal(v), diagonal_matrix(v)


def cholesky(_rng, f, v):
    lower = np.linalg.cholesky(dense(f, v))
    return Cov.from_cholesky(lower), product(lower)


def factor(rng, f, v):
    # Another basis of the latent normals, and one of them more than there are variables.
    turn = random_laws.orthogonal(rng, len(v) + 1)[: len(v)]
    columns = np.linalg.cholesky(dense(f, v)) @ turn
    return Cov.from_factor(columns), product(columns)


def low_rank(rng, f, v):
    f = f @ random_laws.orthogonal(rng, f.shape[1])
    return Cov.from_factor(f, v), product(f) + diagonal_matrix(v)


def wide(rng, f, v):
    """As many latent factors as variables, and noise."""
    columns = np.linalg.cholesky(dense(f, 0.75 * v)) @ random_laws.orthogonal(rng, len(v))
    return Cov.from_factor(columns, 0.25 * v), product(columns) + diagonal_matrix(0.25 * v)


def precision(_rng, f, v):
    inverse = np.linalg.inv(dense(f, v))
    inverse = (inverse + inverse.T) / 2
    return Cov.from_precision(inverse), mp.inverse(oracles.matrix(inverse))


def eigen(_rng, f, v):
    w, vectors = np.linalg.eigh(dense(f, v))
    exact = oracles.matrix(vectors)
    return Cov.from_eigendecomposition(w, vectors), exact * diagonal_matrix(w) * exact.T


FORMS = {
    form.__name__: form
    for form in (entries, cholesky, factor, low_rank, wide, precision, eigen, variances)
}
CORRELATED = [name for name in FORMS if name != "variances"]
ISOTROPIC = ("isotropic", "isotropic")
"""Both of low rank, with noise of one variance."""
PAIRS = [
    *itertools.product(CORRELATED, repeat=2),
    *(("variances", name) for name in FORMS),
    *((name, "variances") for name in CORRELATED),
    ISOTROPIC,
]


class Law:
    """A law for the oracles, whose covariance is exactly what was given."""

    def __init__(self, cov):
        self.mean, self.cov, self.dim = np.zeros(cov.rows), cov, cov.rows


def near_pair(rng, forms, size, *, strength=1.0, scale=1.0, units=(1.0, 1.0, 1.0)):
    """Two laws a relative `size` apart, each in a form of its own, and what exactly was given.

    A latent factor is `strength` times as large as the noise. Independent variables have none, and
    variances as far apart instead.
    """
    isotropic, independent, d = forms == ISOTROPIC, "variances" in forms, len(units)
    roots = np.sqrt(scale) * np.asarray(units)
    f, v = strength * rng.standard_normal((d, 1)), rng.uniform(0.5, 2.0, d)
    if isotropic:
        v = np.full(d, 0.75)
    if independent:
        f, v = 0.0 * f, v * np.geomspace(1.0, strength**2, d)
    change = rng.standard_normal(1 if isotropic else d)
    moved = f * (1 + size * rng.standard_normal(f.shape)), v * (1 + size * np.tanh(change))
    laws = []
    for name, parameters in zip(forms, ((f, v), moved), strict=True):
        f, v = roots[:, None] * parameters[0], roots**2 * parameters[1]
        cov, exact = FORMS.get(name, low_rank)(rng, f, v)
        laws.append((gm.Gaussian(np.zeros(d), cov), Law(exact)))
    (p, exact_p), (q, exact_q) = laws
    return p, q, exact_p, exact_q
