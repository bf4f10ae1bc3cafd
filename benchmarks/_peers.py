"""The same quantities from gaussmetrics and from its peers, brought to one convention.

Every function takes a Pair of arrays. POT returns the distance, not its square. pyRiemann compares
covariances alone, so the term of the means is added here; its `distance_logdet` squared is twice
the Bhattacharyya distance. The rest is typed by hand as it is found in many scripts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import ot
import scipy.linalg
import torch
from _laws import Array, Pair
from pyriemann.geometry import distance as riemann

import gaussmetrics as gm

Formula: TypeAlias = Callable[[Pair], Any]
QUANTITIES = ("squared Wasserstein-2", "Kullback–Leibler", "Bhattacharyya", "Hellinger")


def gaussians(pair: Pair) -> tuple[gm.Gaussian, gm.Gaussian]:
    return gm.Gaussian(pair.mean_p, pair.cov_p), gm.Gaussian(pair.mean_q, pair.cov_q)


def ours(metric: Callable[..., Any]) -> Formula:
    return lambda pair: metric(*gaussians(pair))


def _mahalanobis(cov: Array, pair: Pair) -> Any:
    shift = pair.mean_p - pair.mean_q
    return shift @ np.linalg.solve(cov, shift)


def pot_squared_wasserstein(pair: Pair) -> Any:
    distance = ot.gaussian.bures_wasserstein_distance(
        pair.mean_p, pair.mean_q, pair.cov_p, pair.cov_q
    )
    return distance**2


def pyriemann_squared_wasserstein(pair: Pair) -> Any:
    shift = pair.mean_p - pair.mean_q
    return shift @ shift + riemann.distance_wasserstein(pair.cov_p, pair.cov_q, squared=True)


def pyriemann_kl(pair: Pair) -> Any:
    shape = riemann.distance_kullback(pair.cov_p, pair.cov_q)
    return shape + 0.5 * _mahalanobis(pair.cov_q, pair)


def pyriemann_bhattacharyya(pair: Pair) -> Any:
    shape = 0.5 * riemann.distance_logdet(pair.cov_p, pair.cov_q, squared=True)
    return shape + 0.125 * _mahalanobis(0.5 * (pair.cov_p + pair.cov_q), pair)


def pyriemann_hellinger(pair: Pair) -> Any:
    return np.sqrt(1.0 - np.exp(-pyriemann_bhattacharyya(pair)))


def torch_normals(pair: Pair, *, validate: bool | None = None) -> tuple[Any, Any]:
    arrays = [torch.from_numpy(np.ascontiguousarray(array)) for array in pair]
    normal = torch.distributions.MultivariateNormal
    return (
        normal(arrays[0], covariance_matrix=arrays[1], validate_args=validate),
        normal(arrays[2], covariance_matrix=arrays[3], validate_args=validate),
    )


def torch_kl(pair: Pair) -> Any:
    return torch.distributions.kl_divergence(*torch_normals(pair)).numpy()[()]


def fid(pair: Pair) -> Any:
    """Fréchet distance as image scripts compute it: a square root of the product ΣpΣq.

    They add 1e-6 to the diagonals when the root is not finite, refuse a root that is visibly
    complex, and take the real part of any other.
    """
    root = scipy.linalg.sqrtm(pair.cov_p @ pair.cov_q)
    if not np.isfinite(root).all():
        ridge = 1e-6 * np.eye(len(root))
        root = scipy.linalg.sqrtm((pair.cov_p + ridge) @ (pair.cov_q + ridge))
    if np.iscomplexobj(root) and not np.allclose(np.diagonal(root).imag, 0.0, atol=1e-3):
        return complex(np.trace(root))
    shift = pair.mean_p - pair.mean_q
    traces = np.trace(pair.cov_p) + np.trace(pair.cov_q)
    return shift @ shift + traces - 2.0 * np.trace(root.real)


def typed_kl(pair: Pair) -> Any:
    shift = pair.mean_q - pair.mean_p
    inverse = np.linalg.inv(pair.cov_q)
    log_ratio = np.log(np.linalg.det(pair.cov_q) / np.linalg.det(pair.cov_p))
    trace = np.trace(inverse @ pair.cov_p)
    return 0.5 * (trace + shift @ inverse @ shift - len(shift) + log_ratio)


def typed_bhattacharyya(pair: Pair) -> Any:
    shift, middle = pair.mean_p - pair.mean_q, (pair.cov_p + pair.cov_q) / 2
    geometric = np.sqrt(np.linalg.det(pair.cov_p) * np.linalg.det(pair.cov_q))
    mean_term = shift @ np.linalg.inv(middle) @ shift / 8
    return mean_term + 0.5 * np.log(np.linalg.det(middle) / geometric)


def typed_hellinger(pair: Pair) -> Any:
    return np.sqrt(1.0 - np.exp(-typed_bhattacharyya(pair)))


FORMULAS: dict[str, dict[str, Formula]] = {
    "squared Wasserstein-2": {
        "gaussmetrics": ours(gm.squared_wasserstein_distance),
        "POT": pot_squared_wasserstein,
        "pyRiemann": pyriemann_squared_wasserstein,
        "FID formula": fid,
    },
    "Kullback–Leibler": {
        "gaussmetrics": ours(gm.kl_divergence),
        "torch": torch_kl,
        "pyRiemann": pyriemann_kl,
        "det and inv": typed_kl,
    },
    "Bhattacharyya": {
        "gaussmetrics": ours(gm.bhattacharyya_distance),
        "pyRiemann": pyriemann_bhattacharyya,
        "det and inv": typed_bhattacharyya,
    },
    "Hellinger": {
        "gaussmetrics": ours(gm.hellinger_distance),
        "pyRiemann": pyriemann_hellinger,
        "det and inv": typed_hellinger,
    },
}
