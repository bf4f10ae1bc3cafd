"""gaussmetrics: closed-form statistics for multivariate normals, right to the last digit.

>>> import gaussmetrics as gm
>>> p = gm.Gaussian([0.0, 0.0], [[1.0, 0.3], [0.3, 2.0]])
>>> q = gm.Gaussian([1.0, 0.0], [[1.0, 0.0], [0.0, 1.0]])
>>> print(f"{gm.kl_divergence(p, q):.6f} {gm.wasserstein_distance(p, q):.6f}")
0.676448 1.094674
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gaussmetrics.covariance import Covariance
from gaussmetrics.divergences import (
    bhattacharyya_coefficient,
    bhattacharyya_distance,
    cross_entropy,
    entropy,
    hellinger_distance,
    kl_divergence,
)
from gaussmetrics.gaussian import Conditional, Gaussian
from gaussmetrics.moments import Moments
from gaussmetrics.pairwise import pairwise
from gaussmetrics.transport import squared_wasserstein_distance, wasserstein_distance

if TYPE_CHECKING:
    from gaussmetrics.linear_model import AnalyticLogisticRegression

__version__ = "0.1.0"

# Loaded when first asked for, because scikit-learn takes longer to import than all of the rest.
_LAZY = {"AnalyticLogisticRegression": "gaussmetrics.linear_model"}

__all__ = [
    "AnalyticLogisticRegression",
    "Conditional",
    "Covariance",
    "Gaussian",
    "Moments",
    "bhattacharyya_coefficient",
    "bhattacharyya_distance",
    "cross_entropy",
    "entropy",
    "hellinger_distance",
    "kl_divergence",
    "pairwise",
    "squared_wasserstein_distance",
    "wasserstein_distance",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
