"""Random laws for the tests, with stated conditioning."""

import numpy as np

import gaussmetrics as gm


def orthogonal(rng, d):
    q, r = np.linalg.qr(rng.standard_normal((d, d)))
    return q * np.sign(np.diag(r))


def covariance(rng, d, *, kappa=10.0, scale=1.0):
    """A covariance with eigenvalues from scale/kappa to scale, in random directions."""
    eigenvalues = scale * kappa ** -np.linspace(0.0, 1.0, d)
    q = orthogonal(rng, d)
    matrix = (q * eigenvalues) @ q.T
    return (matrix + matrix.T) / 2


def gaussian(rng, d, *, batch=(), kappa=10.0, scale=1.0):
    count = int(np.prod(batch))
    covariances = np.array([covariance(rng, d, kappa=kappa, scale=scale) for _ in range(count)])
    means = np.sqrt(scale) * rng.standard_normal((*batch, d))
    return gm.Gaussian(means, covariances.reshape(*batch, d, d))


def perturbed(rng, matrix, size):
    """L (I + size·E) Lᵀ with a random symmetric E of spectral norm one."""
    lower = np.linalg.cholesky(matrix)
    e = rng.standard_normal(matrix.shape)
    e = e + e.T
    e = e / np.abs(np.linalg.eigvalsh(e)).max()
    change = size * lower @ e @ lower.T
    return matrix + (change + change.T) / 2


def pair(rng, d, kappa, apart, scale):
    """Two laws, unrelated or a relative `apart` from each other."""
    a = covariance(rng, d, kappa=kappa, scale=scale)
    b = perturbed(rng, a, apart) if apart < 1 else covariance(rng, d, kappa=kappa, scale=scale)
    mean = np.sqrt(scale) * rng.standard_normal(d)
    shift = apart * np.sqrt(scale) * rng.standard_normal(d) / np.sqrt(kappa)
    return gm.Gaussian(mean, a), gm.Gaussian(mean + shift, b)
