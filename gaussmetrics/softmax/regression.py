"""Softmax regression in closed form: coefficients from class moments, log-softmax, loss, gradient.

The model is p(k|x) ∝ exp(wₖ·x + bₖ). If x given k is normal with mean μₖ and one covariance Σ, then

    wₖ = Σ⁻¹ (μₖ − μ),    bₖ = log pₖ − ½ (μₖ − μ)ᵀ Σ⁻¹ (μₖ − μ) − wₖ·μ.

A vector added to every wₖ changes no probability. Here it is fixed by the mean μ of all rows, so
Σₖ nₖ wₖ = 0: with μ = 0 this is the formula wₖ = Σ⁻¹μₖ, but a large offset of the data cancels
before the covariance is inverted and not after.

References
----------
Su Jianlin, https://kexue.fm/archives/8578 (2021): the formula as a stand-in for maximum likelihood.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_triangular
from scipy.linalg.lapack import dpocon, dpotrf

from gaussmetrics._array.linalg import eigenvalue_cutoff
from gaussmetrics._array.types import Array
from gaussmetrics.softmax import checks
from gaussmetrics.softmax.class_moments import ClassMoments


def analytic_softmax(
    X: ArrayLike, y: ArrayLike, *, weights: ArrayLike | None = None, whiten: bool = False
) -> tuple[Array, Array]:
    """Return the softmax coefficients that the class means and the pooled covariance determine.

    wₖ = Σ⁻¹(μₖ − μ),  bₖ = log pₖ − ½ (μₖ − μ)ᵀΣ⁻¹(μₖ − μ) − wₖ·μ, with class frequencies pₖ, class
    means μₖ, their mean μ = Σₖ pₖμₖ and the covariance Σ within the classes, divided by n.

    Parameters
    ----------
    X : (n, d)
        Samples, one a row.
    y : (n,)
        Their labels. Class k is the k-th label in sorted order.
    weights : (n,), optional
        Weights that are not negative; weight 2 is the row given twice.
    whiten : bool
        Whiten all rows together before inverting, as the article recommends. The result is the
        same to rounding; centring within the classes is already stable.

    Returns
    -------
    coefficients : (K, d) array
    intercepts : (K,) array

    Raises
    ------
    TypeError, ValueError
        If X or the weights are not finite real numbers, shapes do not fit, there are fewer than
        two classes, or the covariance within the classes is singular.

    References
    ----------
    Su Jianlin, https://kexue.fm/archives/8578 (2021).

    Examples
    --------
    >>> from gaussmetrics.softmax import analytic_softmax
    >>> X = [[-1.0], [1.0], [2.0], [6.0]]
    >>> coefficients, intercepts = analytic_softmax(X, ["no", "no", "yes", "yes"])
    >>> print(coefficients[1] - coefficients[0], round(intercepts[1] - intercepts[0], 12))
    [1.6] -3.2
    """
    rows, labels, w = checks.labelled_samples(X, y, weights)
    classes, codes = np.unique(labels, return_inverse=True)
    checks.several_classes(classes)
    moments = ClassMoments.from_samples(rows, codes, len(classes), weights=w)
    return _whitened_coefficients(moments) if whiten else softmax_coefficients(moments)


def softmax_coefficients(
    moments: ClassMoments,
    *,
    shrinkage: float = 0.0,
    unit: float | None = None,
    priors: Array | None = None,
) -> tuple[Array, Array]:
    """Return the coefficients that class moments and a shrunk covariance determine.

    The covariance is (1 − γ) S + γ τ I with S = scatter / n and τ = tr S / d.

    Parameters
    ----------
    moments : ClassMoments
        A class without rows gets coefficients 0 and intercept −inf: probability 0.
    shrinkage : float
        γ in [0, 1].
    unit : float, optional
        τ; the default is tr S / d.
    priors : (K,), optional
        Positive class probabilities; the default is the class frequencies. They enter the
        intercepts only.

    Returns
    -------
    coefficients : (K, d) array
    intercepts : (K,) array

    Raises
    ------
    ValueError
        If the covariance is singular.
    """
    scale, lower = _factor(shrunk_covariance(moments, shrinkage, unit), moments)
    centre = moments.mean
    half = _whiten(moments.deviations(), scale, lower)
    coefficients = solve_triangular(lower, half.T, lower=True, trans=1).T / scale
    intercepts = log_priors(moments, priors) - 0.5 * (half**2).sum(1) - coefficients @ centre
    return coefficients, intercepts


def _whitened_coefficients(moments: ClassMoments) -> tuple[Array, Array]:
    """Take the article's route: whitened data have covariance I, of which Σ is I − Σₖ pₖ μₖμₖᵀ."""
    total, n = moments.total(), moments.count
    scale, lower = _factor(total.covariance(ddof=0), moments)
    white = _whiten(moments.deviations(), scale, lower)
    within = np.eye(len(lower)) - (white.T * (moments.counts / n)) @ white
    unit, within_lower = _factor(within, moments)
    half = _whiten(white, unit, within_lower)
    whitened = solve_triangular(within_lower, half.T, lower=True, trans=1).T / unit
    coefficients = solve_triangular(lower, whitened.T, lower=True, trans=1).T / scale
    intercepts = log_priors(moments) - 0.5 * (half**2).sum(1) - coefficients @ total.mean
    return coefficients, intercepts


def shrunk_covariance(moments: ClassMoments, shrinkage: float, unit: float | None = None) -> Array:
    """Return (1 − γ) S + γ τ I, where S is the scatter within the classes over n, τ = tr S / d."""
    covariance: Array = (1.0 - shrinkage) / moments.count * moments.scatter
    diagonal = covariance.ravel()[:: len(covariance) + 1]
    diagonal += shrinkage * (mean_variance(moments) if unit is None else unit)
    return covariance


def mean_variance(moments: ClassMoments) -> float:
    """Return τ = tr S / d, the mean variance within the classes."""
    return float(moments.scatter.diagonal().mean() / moments.count)


def log_priors(moments: ClassMoments, priors: Array | None = None) -> Array:
    """Return log pₖ of the given priors, or of the class frequencies; −inf for a class not seen."""
    p = moments.counts / moments.count if priors is None else priors
    seen = moments.counts > 0
    return np.log(p, out=np.full(len(seen), -np.inf), where=seen)


def _factor(covariance: Array, moments: ClassMoments) -> tuple[Array, Array]:
    """Factorise a covariance as (s L)(s L)ᵀ with standard deviations s: units drop out."""
    variances = covariance.diagonal()
    scale = np.sqrt(np.where(variances > 0, variances, 1.0))
    correlation = covariance / scale / scale[:, None]
    lower, info = dpotrf(correlation.T, lower=1, clean=1)  # LAPACK's own order of the entries
    rcond = dpocon(lower, np.abs(correlation).sum(0).max(), uplo="L")[0] if info == 0 else 0.0
    if not rcond > eigenvalue_cutoff(len(scale)):
        checks.refuse_singular_within(moments.counts, variances)
    return scale, lower


def _whiten(rows: Array, scale: Array, lower: Array) -> Array:
    return cast(Array, solve_triangular(lower, (rows / scale).T, lower=True).T)


def log_softmax(scores: ArrayLike) -> Array:
    """Return the logarithms of the softmax of scores, with no floor and no loss near probability 1.

    log pₖ = sₖ − log Σⱼ exp sⱼ, written with log1p of all terms but the largest.

    Parameters
    ----------
    scores : (..., K)
        At least one score of each row is finite; −inf is probability 0.

    Returns
    -------
    (..., K) array

    Examples
    --------
    >>> from gaussmetrics.softmax import log_softmax
    >>> print(log_softmax([0.0, -1000.0]), log_softmax([0.0, -50.0])[0])
    [    0. -1000.] -1.9287498479639178e-22
    """
    s = np.asarray(scores, dtype=np.float64)
    top = s.argmax(axis=-1, keepdims=True)
    with np.errstate(over="ignore"):  # further apart than floats are is probability 0
        shifted = s - np.take_along_axis(s, top, axis=-1)
    others = np.exp(shifted)
    np.put_along_axis(others, top, 0.0, axis=-1)
    return cast(Array, shifted - np.log1p(others.sum(axis=-1, keepdims=True)))


def softmax_loss(
    coefficients: Array,
    intercepts: Array,
    X: Array,
    codes: NDArray[Any],
    *,
    weights: Array | None = None,
) -> float:
    """Return the mean cross-entropy −Σ w log p(code|x) / Σ w of a softmax model, in nats.

    Parameters
    ----------
    coefficients : (K, d)
    intercepts : (K,)
    X : (n, d)
    codes : (n,)
        Class of each row, 0 … K − 1.
    weights : (n,), optional
        Weight of each row.

    Returns
    -------
    float

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmetrics.softmax import softmax_loss
    >>> zero = softmax_loss(np.zeros((2, 1)), np.zeros(2), np.ones((3, 1)), np.array([0, 1, 1]))
    >>> round(zero, 12)
    0.69314718056
    """
    own = log_softmax(X @ coefficients.T + intercepts)[np.arange(len(codes)), codes]
    return -float(np.average(own, weights=weights))


def softmax_loss_gradient(
    coefficients: Array,
    intercepts: Array,
    X: Array,
    codes: NDArray[Any],
    *,
    weights: Array | None = None,
) -> tuple[float, Array, Array]:
    """Return the mean cross-entropy of a softmax model and its gradient.

    With P the (n, K) probabilities, Y the one-hot codes and weights that sum to 1, the gradients
    are (P − Y)ᵀ diag(w) X and (P − Y)ᵀ w.

    Parameters
    ----------
    coefficients : (K, d)
    intercepts : (K,)
    X : (n, d)
    codes : (n,)
        Class of each row, 0 … K − 1.
    weights : (n,), optional
        Weight of each row.

    Returns
    -------
    loss : float
        As `softmax_loss`.
    coefficients_gradient : (K, d) array
    intercepts_gradient : (K,) array
    """
    n = len(codes)
    w = np.full(n, 1.0 / n) if weights is None else weights / weights.sum()
    log_p = log_softmax(X @ coefficients.T + intercepts)
    own = (np.arange(n), codes)
    loss = -float(w @ log_p[own])
    residual = np.exp(log_p)
    residual[own] -= 1.0
    residual *= w[:, None]
    return loss, residual.T @ X, residual.sum(axis=0)
