"""The likelihood ratio of one sample and a known normal law."""

from __future__ import annotations

import numpy as np

from gaussmetrics.divergences import kl_divergence
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.laws.moments import Moments


def against(sample: Moments, law: Gaussian, *, means: bool, covariances: bool) -> float:
    """Return −2 log of the ratio: 2n KL(fitted‖known), of what is compared.

    Covariances alone: the same of laws with one mean, with n − 1 for n. Means alone, the covariance
    unknown: n log(1 + T²/(n − 1)) with Hotelling's T² = n (n − 1) Δᵀ A⁻¹ Δ.
    """
    n = float(sample.count)
    fitted = Gaussian(sample.mean, sample.covariance(ddof=0.0))
    if not covariances:
        about = Gaussian(law.mean, fitted.covariance)
        return float(n * np.log1p(2.0 * kl_divergence(about, fitted)))
    if means:
        return float(2.0 * n * kl_divergence(fitted, law))
    unbiased = Gaussian(law.mean, sample.covariance())
    return float(2.0 * (n - 1.0) * kl_divergence(unbiased, law))
