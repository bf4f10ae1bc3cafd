"""Distances of mean embeddings: the maximum mean discrepancy and the energy distance."""

from __future__ import annotations

from typing import Any

import numpy as np

from gaussmetrics._array import linalg, reading
from gaussmetrics._array.types import Array, Scalars
from gaussmetrics.laws.covariance import Covariance
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.laws.operands import operands, symmetric
from gaussmetrics.laws.structure import Structure
from gaussmetrics.pairs.smoothed import smoothed_shape
from gaussmetrics.pairs.supports import infinite_beyond_floats

_STEP = 0.2
_MARGIN = 18.0
_SPAN = 500
"""How many powers of two the kernel may be narrower than the laws."""
_RANGE = 400
"""Lengths from 2**-400 to 2**400 have squares that neither overflow nor lose digits."""
_BLOCK = 2**18
"""How many numbers the covariances of one block of nodes hold at most, or else one node does."""


def maximum_mean_discrepancy(p: Gaussian, q: Gaussian, *, bandwidth: float) -> Scalars:
    """Return the maximum mean discrepancy for the Gaussian kernel k = exp(−‖x − y‖²/(2γ²)).

    MMD² = E k(X, X′) + E k(Y, Y′) − 2 E k(X, Y)
    E k(X, Y) = |I + (Σp + Σq)/γ²|^−½ exp(−½ Δᵀ (Σp + Σq + γ² I)⁻¹ Δ),  Δ = μp − μq

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension, singular ones included; batches (...) broadcast. Symmetric.
    bandwidth : float
        The width γ > 0 of the kernel, in the unit of the variables.

    Returns
    -------
    float or (...) array
        The discrepancy itself, not squared, without unit and below √2. A metric; right to relative
        rounding near zero.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian or bandwidth is not a number.
    ValueError
        If dimensions differ, batches do not broadcast, or bandwidth is not positive.

    See Also
    --------
    energy_distance, equality_test

    Notes
    -----
    The relative error is near 1e-15 times the condition number of the covariances with γ²/2 added
    to all variances.

    References
    ----------
    Gretton et al. 2012, https://jmlr.org/papers/v13/gretton12a.html, lemma 6; the expectation of
    the kernel: Muandet et al. 2012, arXiv:1202.6504, table 1.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(f"{gm.maximum_mean_discrepancy(p, q, bandwidth=1.0):.6f}")
    0.399338
    """
    p, q = operands("maximum_mean_discrepancy", p, q)
    width = reading.positive_number("bandwidth", bandwidth)
    largest, own = _exponent(*_deviations(p, q)), _exponent(width)
    wide_enough("bandwidth", width, largest)
    # Midway between the laws and the kernel, the squares of neither over- or underflow.
    ordinary = max(abs(largest), abs(own)) <= _RANGE
    p, q, unit = _in_unit(p, q, 0 if ordinary else max((largest + own) // 2, own - _RANGE))
    return _discrepancy(p, q, np.asarray(width / unit))


def _discrepancy(p: Gaussian, q: Gaussian, width: Array) -> Scalars:
    """Return MMD for bandwidths (...), from its square (√Ekpp − √Ekqq)² + 2 (√(Ekpp Ekqq) − Ekpq).

    E k is the overlap of p and q with noise γ²/2 added to each, in the unit of that noise, so the
    second part is an affinity of Bhattacharyya's kind, and no term cancels.
    """
    parts = smoothed_shape(p.covariance, q.covariance, np.sqrt(0.5) * width)
    middle, logs, change, shape = parts
    distance = np.hypot(shape, 0.5 * _mahalanobis(p, q, middle))
    smaller, product = np.min(logs, axis=0), np.mean(logs, axis=0)
    apart = np.exp(-0.25 * smaller) * np.expm1(-0.25 * np.abs(change))
    return np.hypot(apart, np.sqrt(2.0) * np.exp(-0.25 * product) * _far(distance))[()]


@infinite_beyond_floats
def _mahalanobis(p: Gaussian, q: Gaussian, cov: Structure) -> Scalars:
    return linalg.norm(cov.whiten(p.mean - q.mean))


def _far(distance: Array) -> Array:
    """Return √(1 − exp(−x²)), also where the square vanishes."""
    return np.where(
        distance < 1e-8, distance, np.sqrt(-np.expm1(-(np.minimum(distance, 40.0) ** 2)))
    )


@symmetric
def energy_distance(p: Gaussian, q: Gaussian) -> Scalars:
    """Return the energy distance, by quadrature.

    D² = 2 E‖X − Y‖ − E‖X − X′‖ − E‖Y − Y′‖ = π^−½ ∫₀^∞ MMD²(u) u⁻² du

    MMD(u) is the maximum mean discrepancy for the kernel exp(−u²‖x − y‖²).

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension, singular ones included; batches (...) broadcast. Symmetric.

    Returns
    -------
    float or (...) array
        The distance D itself, as in ``scipy.stats.energy_distance``, not its square; its unit is
        the square root of that of the variables. A metric; keeps its digits near zero.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ or batches do not broadcast.

    See Also
    --------
    maximum_mean_discrepancy, wasserstein_distance

    Notes
    -----
    The quadrature is right to a relative 1e-13. Of a covariance with condition number κ, rounding
    adds 1e-15 κ where that is larger.

    References
    ----------
    Székely & Rizzo 2013, doi:10.1016/j.jspi.2013.03.018; as a discrepancy: Sejdinovic et al. 2013,
    arXiv:1207.6076.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(f"{gm.energy_distance(p, q):.6f}")
    0.730825
    """
    p, q = operands("energy_distance", p, q)
    largest = _exponent(0.5 * p.mean - 0.5 * q.mean, *_deviations(p, q))
    p, q, unit = _in_unit(p, q, largest - min(max(largest, -_RANGE), _RANGE))
    logs = _log_frequencies(p, q)
    total = np.zeros(logs.shape[1:])
    block = max(1, _BLOCK // max(1, total.size * p.dim**2))
    for start in range(0, len(logs), block):
        u = np.exp(logs[start : start + block])
        weights = np.ones(len(u))
        # Beyond both ends the integrand falls by the factor e in each unit of log u.
        weights[0] += (start == 0) / np.expm1(_STEP)
        weights[-1] += (start + block >= len(logs)) / np.expm1(_STEP)
        terms = _discrepancy(p, q, np.sqrt(0.5) / u) ** 2 / u
        total = total + np.tensordot(weights, terms, axes=1)
    return np.sqrt(unit) * np.sqrt(_STEP / np.sqrt(np.pi) * total)


def _deviations(p: Gaussian, q: Gaussian) -> list[Array]:
    return [np.sqrt(law.covariance.variances()) for law in (p, q)]


def _exponent(*lengths: Any) -> int:
    """Return the power of two that the largest length is near."""
    return int(np.frexp(max(np.abs(x).max(initial=0.0) for x in lengths))[1])


def _in_unit(p: Gaussian, q: Gaussian, exponent: int) -> tuple[Gaussian, Gaussian, float]:
    """Return both laws in the unit 2ᵏ."""
    if exponent == 0:
        return p, q, 1.0
    unit = float(np.ldexp(1.0, exponent))
    # Measured from the second mean, no mean leaves the floats unless the difference does.
    with np.errstate(over="ignore"):
        shift = 2.0 * ((0.5 * p.mean - 0.5 * q.mean) / unit)
    first, second = (
        Gaussian._from_checked(mean, Covariance.from_factor(law.covariance.factor() / unit))
        for mean, law in ((shift, p), (np.zeros_like(q.mean), q))
    )
    return first, second, unit


def _log_frequencies(p: Gaussian, q: Gaussian) -> Array:
    """Return equally spaced log u (n, ...), well beyond the largest and the smallest length."""
    shift = np.asarray(linalg.sum_of_squares(p.mean - q.mean, 1))
    sizes = [np.asarray(law.covariance.trace()) for law in (p, q)]
    largest = shift + sizes[0] + sizes[1]
    largest = np.where(largest > 0, largest, 1.0)
    floor = linalg.EPS**2 * largest
    smallest = np.where(shift > floor, shift, largest)
    for law in (p, q):
        with np.errstate(over="ignore"):
            precision = law.covariance.precisions().sum(axis=-1)
        smallest = np.minimum(smallest, 1.0 / np.maximum(precision, 1.0 / largest))
    span = 0.5 * np.log(largest / np.maximum(smallest, floor))
    count = int(np.ceil((np.max(span, initial=0.0) + 2 * _MARGIN) / _STEP)) + 1
    steps = np.arange(count).reshape(-1, *(1,) * largest.ndim) * _STEP
    return -0.5 * np.log(largest) - _MARGIN + steps


def wide_enough(name: str, bandwidth: float, largest: int) -> None:
    """Check that the kernel is not so narrow that its square vanishes beside the laws."""
    least = np.ldexp(1.0, largest - _SPAN)
    if bandwidth < least:
        raise ValueError(
            f"{name} must be at least {least:.3g} between laws so wide, got {bandwidth:.3g}: its "
            "square vanishes beside their variances."
        )
