"""What pandas, polars, SciPy and scikit-learn hand over, read by its attributes.

None of them is imported here: an object of theirs can only arrive where they are loaded. Two things
read are not in SciPy's documentation: the name of a covariance's class, which alone tells how it
was made, and the attribute `cov_object` of a frozen law.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import ArrayLike

from gaussmetrics._array import reading
from gaussmetrics._array.types import Names
from gaussmetrics.laws import covariance_checks
from gaussmetrics.laws.covariance import Covariance, from_symmetric
from gaussmetrics.laws.structure import Structure


class Components(NamedTuple):
    """Weights (k,), means (k, d), and the covariances: matrices, or variances alone."""

    weights: ArrayLike
    means: ArrayLike
    matrices: ArrayLike | None = None
    variances: ArrayLike | None = None

    def covariance(self, *, allow_singular: bool) -> Structure:
        """Return one covariance for all, or one for each."""
        if self.variances is None:
            return covariance(self.matrices, allow_singular=allow_singular)
        return Covariance.from_diagonal(self.variances, allow_singular=allow_singular)


def labels(value: Any) -> Names | None:
    """Return the names of the columns of a frame, or of the entries of a series, if all are text.

    Labels of other kinds, such as the numbers pandas gives by default, are no names.
    """
    if type(value) is np.ndarray:
        return None
    given = getattr(value, "columns", None)
    if given is None:
        given = getattr(value, "index", None)
        if given is None or callable(given):  # the method of a list
            return None
    named = tuple(given)
    return named if named and all(isinstance(name, str) for name in named) else None


def covariance(value: Any, *, allow_singular: bool) -> Structure:
    """Return the covariance that a matrix, or a covariance of SciPy, stands for."""
    stats = sys.modules.get("scipy.stats")
    if stats is not None and isinstance(value, stats.Covariance):
        return _scipy_covariance(value, allow_singular)
    # Of an array, infinities show in the factorisation; of a frame, the text names the column.
    array = isinstance(value, np.ndarray)
    checked = covariance_checks.symmetric_matrix if array else covariance_checks.square_matrix
    matrix = checked("cov", value)
    rounding = reading.precision(value)
    return from_symmetric(matrix, allow_singular=allow_singular, precision=rounding)


def _scipy_covariance(value: Any, allow_singular: bool) -> Structure:
    """Keep the factor, so that its digits survive; only a covariance of a matrix has none."""
    kind, dim = type(value).__name__, value.shape[-1]
    if kind == "CovViaDiagonal":
        v = covariance_checks.variances(
            "cov", np.diagonal(value.covariance), allow_zero=allow_singular
        )
        return Covariance.from_diagonal(v, allow_singular=allow_singular)
    # Of a negative eigenvalue the root is NaN: the matrix is then refused by name.
    root = np.full((1, 1), np.nan) if kind == "CovViaPSD" else value.colorize(np.eye(dim)).T
    if not np.isfinite(root).all():
        return covariance(value.covariance, allow_singular=allow_singular)
    result = Covariance.from_factor(root)
    covariance_checks.full_rank("cov", int(result.rank()), dim, allow_singular)
    return result


def scipy_normal(frozen: Any) -> tuple[ArrayLike, Structure]:
    """Return the mean and the covariance of a frozen scipy.stats.multivariate_normal."""
    if not (hasattr(frozen, "cov_object") and hasattr(frozen, "mean")):
        refuse_frozen(frozen)
    return frozen.mean, covariance(frozen.cov_object, allow_singular=frozen.allow_singular)


def components(model: Any) -> Components:
    """Return the normal components of a fitted model of scikit-learn, known by its attributes."""
    known = (read for held, read in READERS.items() if all(hasattr(model, name) for name in held))
    return next(known, refuse_model)(model)


def _mixture(model: Any) -> Components:
    weights, means, cov = model.weights_, model.means_, model.covariances_
    if model.covariance_type == "spherical":
        return Components(weights, means, variances=np.broadcast_to(cov[:, None], means.shape))
    if model.covariance_type == "diag":
        return Components(weights, means, variances=cov)
    return Components(weights, means, cov)


def _naive_bayes(model: Any) -> Components:
    return Components(model.class_prior_, model.theta_, variances=model.var_)


def _quadratic(model: Any) -> Components:
    axes = zip(model.rotations_, model.scalings_, strict=True)
    return Components(model.priors_, model.means_, np.stack([(v * w) @ v.T for v, w in axes]))


def _linear(model: Any) -> Components:
    return Components(model.priors_, model.means_, model.covariance_)


def _single(model: Any) -> Components:
    return Components(np.ones(1), model.location_[None], model.covariance_)


READERS: dict[tuple[str, ...], Callable[[Any], Components]] = {
    ("weights_", "means_", "covariances_", "covariance_type"): _mixture,
    ("class_prior_", "theta_", "var_"): _naive_bayes,
    ("priors_", "means_", "rotations_", "scalings_"): _quadratic,
    ("priors_", "means_", "covariance_"): _linear,
    ("location_", "covariance_"): _single,
}
"""The attributes of a fitted model that hold its normal components, and who reads them."""


def refuse_frozen(value: Any) -> NoReturn:
    """Say which distribution of SciPy is understood."""
    raise TypeError(
        "from_scipy takes a frozen normal law, scipy.stats.multivariate_normal(mean, cov), got an "
        f"object of type {type(value).__name__}. Of other laws, pass the mean and the covariance: "
        "Gaussian(mean, cov)."
    )


MODELS = (
    "GaussianMixture and BayesianGaussianMixture, GaussianNB, QuadraticDiscriminantAnalysis, "
    "LinearDiscriminantAnalysis with its covariance, and EllipticEnvelope, EmpiricalCovariance, "
    "LedoitWolf and their kin"
)


def refuse_model(value: Any) -> NoReturn:
    """Say what a model lacks to be read as normal components."""
    kind = value.__name__ if isinstance(value, type) else type(value).__name__
    fitted = [name for name in getattr(value, "__dict__", {}) if name[-1:] == "_" != name[:1]]
    if hasattr(value, "steps") or hasattr(value, "best_estimator_"):
        raise TypeError(
            f"from_mixture takes the fitted model itself, got a {kind} around it. Pass its last "
            "step, pipeline[-1], or its best_estimator_; the components then live in the space "
            "that model was fitted in."
        )
    if hasattr(value, "fit") and not fitted:
        raise ValueError(
            f"from_mixture takes a fitted model, but this {kind} is not fitted. Call fit first. "
            f"Understood are {MODELS}."
        )
    if {"priors_", "means_"} <= set(fitted):
        raise ValueError(
            f"this {kind} has kept no covariance. Fit it again with store_covariance=True."
        )
    raise TypeError(
        f"from_mixture takes a fitted model of scikit-learn with normal components, got an object "
        f"of type {kind}. Understood are {MODELS}."
    )
