"""Normal laws: Gaussians, the structures of their covariances, and the samples they come from."""

from gaussmetrics.laws.covariance import Covariance
from gaussmetrics.laws.gaussian import Conditional, Gaussian, Mixture
from gaussmetrics.laws.moments import Moments

__all__ = [
    "Conditional",
    "Covariance",
    "Gaussian",
    "Mixture",
    "Moments",
]
