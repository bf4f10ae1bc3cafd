"""Laws of every structure: at random, as dense twins, near each other, as the oracles see them."""

import numpy as np
import oracles
import random_laws

import gaussmetrics as gm
from gaussmetrics.laws.given import Columns

Cov = gm.Covariance
D = 5


def dense(rng, batch):
    return random_laws.gaussian(rng, D, batch=batch).cov


def lower_triangles(rng, batch):
    lower = np.tril(rng.standard_normal((*batch, D, D)), -1)
    return lower + np.exp(rng.standard_normal((*batch, D)))[..., None] * np.eye(D)


STRUCTURES = {
    "dense": dense,
    "diagonal": lambda rng, batch: Cov.from_diagonal(rng.gamma(2.0, size=(*batch, D))),
    "cholesky": lambda rng, batch: Cov.from_cholesky(lower_triangles(rng, batch)),
    "factor": lambda rng, batch: Cov.from_factor(rng.standard_normal((*batch, D, D + 3))),
    "low rank": lambda rng, batch: Cov.from_factor(
        rng.standard_normal((*batch, D, 2)), rng.gamma(2.0, size=(*batch, D))
    ),
    "isotropic": lambda rng, batch: Cov.from_factor(rng.standard_normal((*batch, D, 2)), 0.3),
    "precision": lambda rng, batch: Cov.from_precision(dense(rng, batch)),
    "eigen": lambda rng, batch: Cov.from_eigendecomposition(*np.linalg.eigh(dense(rng, batch))),
}


def law(rng, structure, batch=()):
    return gm.Gaussian(rng.standard_normal((*batch, D)), STRUCTURES[structure](rng, batch))


def twin(p):
    return gm.Gaussian(p.mean, p.cov)


def near(rng, structure, size):
    """Two laws of one structure, a relative `size` apart in what the structure is given."""
    if structure == "diagonal":
        v = rng.gamma(2.0, size=D)
        return Cov.from_diagonal(v), Cov.from_diagonal(v * (1 + size * rng.standard_normal(D)))
    if structure in ("cholesky", "factor"):
        a = lower_triangles(rng, ()) if structure == "cholesky" else rng.standard_normal((D, D + 3))
        b = a * (1 + size * rng.standard_normal(a.shape))
        make = getattr(Cov, f"from_{structure}")
        return make(a), make(b)
    f, v = rng.standard_normal((D, 2)), rng.gamma(2.0, size=D)
    g = f * (1 + size * rng.standard_normal(f.shape))
    return Cov.from_factor(f, v), Cov.from_factor(g, v * (1 + size * rng.standard_normal(D)))


def exact(cov):
    """The matrix in high precision, from what the structure was given."""
    if hasattr(cov, "noise"):
        f = oracles.matrix(cov.columns)
        return f * f.T + oracles.mp.diag([oracles.mp.mpf(float(v)) for v in cov.noise])
    if isinstance(cov.given, Columns) and cov.given.columns.size:
        f = oracles.matrix(cov.given.columns)
        return f * f.T
    return oracles.matrix(cov.dense())


class Exact:
    """A law for the oracles, whose covariance is not rounded to double precision."""

    def __init__(self, cov, dim=D):
        self.cov, self.mean, self.dim = exact(cov), np.zeros(dim), dim
