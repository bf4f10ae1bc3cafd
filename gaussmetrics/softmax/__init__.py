"""Softmax regression in closed form, on arrays and as a scikit-learn estimator."""

from gaussmetrics.softmax.class_moments import ClassMoments
from gaussmetrics.softmax.regression import (
    analytic_softmax,
    log_softmax,
    shrunk_covariance,
    softmax_coefficients,
    softmax_loss,
    softmax_loss_gradient,
)

__all__ = [
    "ClassMoments",
    "analytic_softmax",
    "log_softmax",
    "shrunk_covariance",
    "softmax_coefficients",
    "softmax_loss",
    "softmax_loss_gradient",
]
