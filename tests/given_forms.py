"""One law in every form in which it can be given, and exactly what was given."""

import numpy as np
import oracles
import random_laws
from oracles import mp

import gaussmetrics as gm

Cov = gm.Covariance


def _dense(f, v):
    matrix = f @ f.T + np.diag(v)
    return (matrix + matrix.T) / 2


def _entries(rng, f, v):
    matrix = _dense(f, v)
    return gm.Gaussian(np.zeros(len(v)), matrix).covariance, oracles.matrix(matrix)


def _product(f):
    return oracles.matrix(f) * oracles.matrix(f).T


def _cholesky(rng, f, v):
    lower = np.linalg.cholesky(_dense(f, v))
    return Cov.from_cholesky(lower), _product(lower)


def _factor(rng, f, v):
    # Another basis of the latent normals, and one of them more than there are variables.
    turn = random_laws.orthogonal(rng, len(v) + 1)[: len(v)]
    columns = np.linalg.cholesky(_dense(f, v)) @ turn
    return Cov.from_factor(columns), _product(columns)


def _low_rank(rng, f, v):
    f = f @ random_laws.orthogonal(rng, f.shape[1])
    return Cov.from_factor(f, v), _product(f) + mp.diag([mp.mpf(x) for x in v.tolist()])


def _wide(rng, f, v):
    columns = np.linalg.cholesky(_dense(f, v)) @ random_laws.orthogonal(rng, len(v))
    noise = 0.125 * v
    exact = _product(columns) + mp.diag([mp.mpf(x) for x in noise.tolist()])
    return Cov.from_factor(columns, noise), exact


def _precision(rng, f, v):
    inverse = np.linalg.inv(_dense(f, v))
    inverse = (inverse + inverse.T) / 2
    return Cov.from_precision(inverse), mp.inverse(oracles.matrix(inverse))


def _eigen(rng, f, v):
    w, vectors = np.linalg.eigh(_dense(f, v))
    exact = oracles.matrix(vectors)
    return Cov.from_eigendecomposition(w, vectors), exact * mp.diag(
        [mp.mpf(x) for x in w.tolist()]
    ) * exact.T


FORMS = {
    "entries": _entries,
    "cholesky": _cholesky,
    "factor": _factor,
    "low rank": _low_rank,
    "precision": _precision,
    "eigen": _eigen,
}
ALONE = {"wide with noise": _wide}


class Law:
    """A law for the oracles, whose covariance is exactly what was given."""

    def __init__(self, mean, cov):
        self.mean, self.cov, self.dim = mean, cov, len(mean)


def latent(rng, d, rank, *, strength, isotropic=False):
    """Latent columns, `strength` times as large as the noise, and the noise."""
    v = np.full(d, 0.75) if isotropic else rng.uniform(0.5, 2.0, d)
    return strength * rng.standard_normal((d, rank)), v


def moved(rng, f, v, size, *, isotropic=False):
    change = rng.standard_normal(1 if isotropic else len(v))
    return f * (1 + size * rng.standard_normal(f.shape)), v * (1 + size * np.tanh(change))


def pair(rng, first, second, size, *, d=3, strength=1.0, scale=1.0, isotropic=False):
    """Two laws a relative `size` apart, each in a form of its own, and what exactly was given."""
    forms = {**FORMS, **ALONE}
    f, v = latent(rng, d, 1, strength=strength, isotropic=isotropic)
    g, w = moved(rng, f, v, size, isotropic=isotropic)
    root = np.sqrt(scale)
    a, exact_a = forms[first](rng, root * f, scale * v)
    b, exact_b = forms[second](rng, root * g, scale * w)
    means = np.zeros((2, d))
    p, q = gm.Gaussian(means[0], a), gm.Gaussian(means[1], b)
    return p, q, Law(means[0], exact_a), Law(means[1], exact_b)
