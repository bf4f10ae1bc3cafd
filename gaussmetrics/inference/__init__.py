"""From samples to statements: estimates of a metric, with their errors."""

from gaussmetrics.inference.estimate import Estimate, estimate

__all__ = [
    "Estimate",
    "estimate",
]
