"""Slow, literal formulas in 100-digit arithmetic, straight from the definitions."""

import mpmath as mp
import numpy as np

mp.mp.dps = 100


def matrix(array):
    return mp.matrix(np.asarray(array).tolist())


def log_det(a):
    return mp.log(mp.det(a))


def trace(a):
    return mp.fsum(a[i, i] for i in range(a.rows))


def square_root(a):
    values, vectors = mp.eigsy(a)
    return vectors * mp.diag([mp.sqrt(v) for v in values]) * vectors.T


def parameters(p, q):
    return matrix(p.cov), matrix(q.cov), matrix(p.mean) - matrix(q.mean)


def quadratic(a, x):
    return (x.T * mp.lu_solve(a, x))[0]


def entropy(p):
    return (log_det(matrix(p.cov)) + p.dim * (1 + mp.log(2 * mp.pi))) / 2


def kl_divergence(p, q):
    a, b, shift = parameters(p, q)
    ratio = mp.inverse(b) * a
    return (quadratic(b, shift) + trace(ratio) - log_det(ratio) - p.dim) / 2


def cross_entropy(p, q):
    return entropy(p) + kl_divergence(p, q)


def bhattacharyya_distance(p, q):
    a, b, shift = parameters(p, q)
    middle = (a + b) / 2
    shape = log_det(middle) - (log_det(a) + log_det(b)) / 2
    return shape / 2 + quadratic(middle, shift) / 8


def bhattacharyya_coefficient(p, q):
    return mp.exp(-bhattacharyya_distance(p, q))


def hellinger_distance(p, q):
    return mp.sqrt(1 - bhattacharyya_coefficient(p, q))


def squared_wasserstein_distance(p, q):
    a, b, shift = parameters(p, q)
    root = square_root(a)
    inner = root * b * root
    overlap = mp.fsum(mp.sqrt(v) for v in mp.eigsy((inner + inner.T) / 2, eigvals_only=True))
    return mp.fsum(x * x for x in shift) + trace(a) + trace(b) - 2 * overlap


def wasserstein_distance(p, q):
    return mp.sqrt(squared_wasserstein_distance(p, q))


def relative_error(value, truth):
    return float(abs(mp.mpf(float(value)) - truth) / abs(truth)) if truth else float(abs(value))
