"""The Fisher–Rao distance: the length of the shortest path between two laws, exact and certified.

Normal laws are points G(K) = M D Mᵀ of the symmetric positive definite matrices of size 2d + 1,

    D = diag(Σ⁻¹, 1, Σ),   M = [[I, 0, 0], [μᵀ, 1, 0], [K − ½ μμᵀ, −μ, I]],

up to an antisymmetric K. Seen from N(0, I), the distance is the least over K of √(½ Σ log² g), over
the d largest eigenvalues g of G(K): there log G(K) is the velocity of the geodesic.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import NamedTuple, NoReturn

import numpy as np

from gaussmetrics._array import linalg
from gaussmetrics._array.fixed_point import accelerated
from gaussmetrics._array.types import Array, Scalars
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.laws.operands import operands, symmetric
from gaussmetrics.pairs.common_axes import Axes, axes_of, common_axes
from gaussmetrics.pairs.supports import on_common_support

_POLISH = 60
_MEMORY = 25
_CERTIFIED = 1e-8
_LARGEST = 1e150
_DOWN = 600
"""A power of two that brings any number of deviations back within the floats."""


@symmetric
def fisher_rao_distance(p: Gaussian, q: Gaussian) -> Scalars:
    """Return the Fisher–Rao distance, the geodesic distance of the Fisher information metric.

    ds² = dμᵀ Σ⁻¹ dμ + ½ tr[(Σ⁻¹ dΣ)²]

    It is √(½ Σ log² λ) for equal means, λ the eigenvalues of Σq⁻¹Σp; √2 arcosh(1 + ¼ Δᵀ Σ⁻¹ Δ) for
    equal covariances; √2 arcosh(1 + [½ Δ² + (σp − σq)²] / (2 σp σq)) on the line. In general it has
    no closed form, and the geodesic is found by iteration.

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. Symmetric in p and q.

    Returns
    -------
    float or (...) array
        The distance itself, without unit. A metric; near p = q it is √J, with Jeffreys' divergence
        J, and right to relative rounding. Infinite between different supports.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ or batches do not broadcast, or if the laws are so far apart that
        rounding keeps the result from being certified.

    See Also
    --------
    hellinger_distance, wasserstein_distance, kl_divergence

    Notes
    -----
    Every result without closed form is certified: the geodesic shot from q with the velocity found
    ends at p up to 1e-8 of the distance, and the distance lies between the lower bound of Calvo &
    Oller and √J. The geodesic between two normal laws is unique. An iteration costs O(d³).

    References
    ----------
    Rao 1945; Eriksen 1987; Calvo & Oller 1990, doi:10.1016/0047-259X(90)90026-E; Kobayashi 2023,
    "Geodesics of multivariate normal distributions and a Toda lattice type Lax pair"; Nielsen 2023,
    arXiv:2302.08175.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(f"{gm.fisher_rao_distance(p, q):.6f}")
    1.189381
    >>> p = gm.Gaussian([1.0, 2.0], [[2.0, 1.0], [1.0, 3.0]])
    >>> print(f"{gm.fisher_rao_distance(p, gm.Gaussian.standard(2)):.6f}")
    1.770665
    """
    p, q = operands("fisher_rao_distance", p, q)
    return on_common_support(_distance, p, q, np.inf)


def _distance(p: Gaussian, q: Gaussian) -> Scalars:
    axes = axes_of(p, q)
    value, closed = _closed_form(axes, partial(_log_length, p, q))
    result = np.array(value)
    for index in np.argwhere(np.logical_not(closed)):
        at = tuple(index)
        result[at] = _geodesic_distance(axes.log_scales[at], axes.shift[at])
    return result[()]


def _log_length(p: Gaussian, q: Gaussian) -> Array:
    """Return log √(Δᵀ Σq⁻¹ Δ) where the means are more deviations apart than the largest float."""
    shift = np.ldexp(0.5 * p.mean - 0.5 * q.mean, -_DOWN)
    length = linalg.norm(common_axes(p.covariance, q.covariance, shift).shift)
    return np.log(np.where(length > 0, length, 1.0)) + (_DOWN + 1) * np.log(2.0)


def _closed_form(axes: Axes, log_length: Callable[[], Array]) -> tuple[Array, Array]:
    """Return the distance where the means differ along one axis at most, and where that is so.

    Such laws are products: of a law on the line, and of others that differ in scale alone. Along
    its own direction the shift between laws of equal covariances is one of them.
    """
    t, w = axes
    length = linalg.norm(w)
    equal = ~t.any(axis=-1)
    along = np.argmax(np.abs(w), axis=-1)[..., None]
    scale = np.take_along_axis(t, along, axis=-1)[..., 0]
    # arcosh(1 + 2x²) = 2 arsinh x
    with np.errstate(over="ignore"):
        half = np.hypot(length * np.exp(-0.25 * scale), np.sqrt(8.0) * np.sinh(0.25 * scale))
    line = np.arcsinh(half / np.sqrt(8.0))
    if np.isinf(half).any():
        line = np.where(np.isinf(half), log_length() - 0.25 * scale - 0.5 * np.log(2.0), line)
    line = 2.0 * np.sqrt(2.0) * line
    others = np.sqrt(0.5 * np.maximum((t * t).sum(axis=-1) - scale * scale, 0.0))
    return np.hypot(line, others), equal | ((w != 0).sum(axis=-1) <= 1)


def _geodesic_distance(t: Array, w: Array) -> float:
    """Return the distance from N(0, I) of N(w, diag(exp t)), or an error if it is not certain."""
    return certified("fisher_rao_distance", t, w)[0]


def certified(function: str, t: Array, w: Array) -> tuple[float, Logarithm, bool]:
    """Return the distance, the velocity of the geodesic and whether it starts from the other law.

    From N(0, I) to N(w, diag(exp t)), or, where that is easier, from N(0, I) to what N(0, I) is
    seen from the other law, mirrored: N(w exp(−½ t), diag(exp −t)).
    """
    with np.errstate(over="ignore"):
        seen = w * np.exp(-0.5 * t)
    swapped = bool(np.abs(seen).max() < np.abs(w).max())
    if swapped:
        t, w = -t, seen
    # The distance grows with the shift, so that of a smaller one is a bound too.
    low, high = _calvo_oller(t, np.clip(w, -_LARGEST, _LARGEST)), _root_jeffreys(t, w)
    try:
        # Where numbers leave the floats on the way, nothing can be certified.
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            log = _horizontal(t, within_floats(w))
            value = float(np.sqrt(0.5) * linalg.norm(log.values))
            gap = _miss(log, t, w)
    except FloatingPointError:
        refuse_uncertified(function, low, np.inf, (low, high))
    if not (gap <= _CERTIFIED * value and low * (1 - 1e-8) <= value <= high * (1 + 1e-8)):
        refuse_uncertified(function, value, gap, (low, high))
    return value, log, swapped


def within_floats(shift: Array) -> Array:
    """Check that numbers are finite, as NumPy would: a shift that is not ends the search."""
    if not np.isfinite(shift).all():
        raise FloatingPointError
    return shift


class Logarithm(NamedTuple):
    """The upper half of the eigenvalues of log G and their vectors; the lower half mirrors it."""

    values: Array
    vectors: Array

    def matrix(self) -> Array:
        """Return log G."""
        u, d = self.vectors, len(self.values)
        mirrored = np.concatenate([u[d + 1 :], u[d : d + 1], u[:d]])
        return (u * self.values) @ u.T - (mirrored * self.values) @ mirrored.T

    def start(self) -> tuple[Array, Array]:
        """Return the velocities of Σ⁻¹ and Σ⁻¹μ."""
        d, velocity = len(self.values), self.matrix()
        return velocity[:d, :d], velocity[:d, d]


def _horizontal(t: Array, w: Array) -> Logarithm:
    """Return log G(K) for the K that makes it shortest, where its corner block vanishes.

    The corner is the gradient over K. Descent finds the minimum up to the rounding of the length,
    and accelerated steps along the corner find its zero.
    """
    d = len(t)
    unit = np.exp(0.25 * (t[:, None] + t))  # in these units the slope of the corner is near one

    def logarithm(point: Array) -> tuple[Logarithm, Array]:
        log = _logarithm(t, w, unit * point.reshape(d, d))
        corner = log.matrix()[:d, d + 1 :]
        return log, (unit * 0.5 * (corner - corner.T)).ravel()

    def half_square(point: Array) -> tuple[float, Array]:
        log, corner = logarithm(point)
        return 0.5 * float(np.sum(log.values**2)), -corner

    # Loaded here, because importing it takes longer than importing the whole toolkit.
    from scipy.optimize import minimize

    found = minimize(
        half_square,
        np.zeros(d * d),
        jac=True,
        method="L-BFGS-B",
        options={"gtol": 1e-9, "ftol": 1e-15, "maxcor": _MEMORY},
    )
    return _polished(logarithm, np.asarray(found.x))


def _polished(logarithm: Callable[[Array], tuple[Logarithm, Array]], point: Array) -> Logarithm:
    """Follow the steps that come with a logarithm until they vanish to rounding."""
    past: deque[tuple[Array, Array]] = deque(maxlen=_MEMORY)
    best, smallest = logarithm(point)[0], np.inf
    for _ in range(_POLISH):
        log, step = logarithm(point)
        size = float(np.abs(step).max())
        best, smallest = (log, size) if size < smallest else (best, smallest)
        if size <= 1e-15 * np.abs(log.values).max():
            break
        past.append((point, step))
        point = accelerated(past)
    return best


def _logarithm(t: Array, w: Array, k: Array) -> Logarithm:
    """Return log G(K), from G − I where that is small and from a factor of G where it is not."""
    d = len(t)
    corner = k - 0.5 * np.outer(w, w)
    excess = _excess(t, w, corner)
    if np.abs(excess).max() < 0.5 / d:
        values, vectors = np.linalg.eigh(excess)
        return Logarithm(np.log1p(values[d + 1 :]), vectors[:, d + 1 :])
    root = np.exp(0.5 * t)
    factor = np.zeros((2 * d + 1, 2 * d + 1))
    factor[:d, :d], factor[d, d], factor[d + 1 :, d + 1 :] = np.diag(1.0 / root), 1.0, np.diag(root)
    factor[d, :d], factor[d + 1 :, d], factor[d + 1 :, :d] = w / root, -w, corner / root
    u, s, _ = np.linalg.svd(factor)
    return Logarithm(2.0 * np.log(s[:d]), u[:, :d])


def _excess(t: Array, w: Array, corner: Array) -> Array:
    """Return G − I without cancellation."""
    d, inverse = len(t), np.exp(-t)
    result = np.zeros((2 * d + 1, 2 * d + 1))
    result[:d, :d] = np.diag(np.expm1(-t))
    result[d, :d], result[d + 1 :, :d] = inverse * w, corner * inverse
    result[d, d], result[d + 1 :, d] = w @ (inverse * w), (corner * inverse) @ w - w
    rest = (corner * inverse) @ corner.T + np.outer(w, w)
    result[d + 1 :, d + 1 :] = rest + np.diag(np.expm1(t))
    return np.tril(result) + np.tril(result, -1).T


def shot(precision: Array, scaled_mean: Array, time: float) -> tuple[Array, Array]:
    """Return Σ⁻¹ − I and Σ⁻¹μ at a time on the geodesic that leaves N(0, I) with given velocities.

    The first rows of exp(time · A) hold Σ⁻¹ and Σ⁻¹μ when the corner of A vanishes (Eriksen).
    """
    values, vectors = np.linalg.eigh(_generator(precision, scaled_mean))
    return _first_rows(vectors, np.expm1(time * values))


def arrival(precision: Array, scaled_mean: Array) -> tuple[Array, Array]:
    """Return the velocities of Σ⁻¹ and μ with which that geodesic arrives at time 1."""
    values, vectors = np.linalg.eigh(_generator(precision, scaled_mean))
    excess, scaled = _first_rows(vectors, np.expm1(values))
    end = excess + np.eye(len(excess))
    change, scaled_change = _first_rows(vectors, values * np.exp(values))
    mean = np.linalg.solve(end, scaled)
    return change, np.asarray(np.linalg.solve(end, scaled_change - change @ mean))


def _generator(precision: Array, scaled_mean: Array) -> Array:
    """Return A."""
    d = len(precision)
    a = np.zeros((2 * d + 1, 2 * d + 1))
    a[:d, :d], a[d + 1 :, d + 1 :] = precision, -precision
    a[:d, d] = a[d, :d] = scaled_mean
    a[d + 1 :, d] = a[d, d + 1 :] = -scaled_mean
    return a


def _first_rows(vectors: Array, values: Array) -> tuple[Array, Array]:
    """Return the first block and the first column beside it of V diag(f) Vᵀ."""
    d = len(values) // 2
    rows = (vectors[:d] * values) @ vectors[: d + 1].T
    return rows[:, :d], rows[:, d]


def _miss(log: Logarithm, t: Array, w: Array) -> float:
    """Return √J between the end of the geodesic, shot with the velocity of `log`, and its target.

    J is Jeffreys' divergence, whose root is no less than the distance.
    """
    precision, scaled_mean = shot(*log.start(), 1.0)
    root = np.exp(0.5 * t)
    off = np.diag(np.expm1(t)) + root[:, None] * precision * root
    z = root * (scaled_mean - w - precision @ w)
    e, v = np.linalg.eigh(linalg.symmetric_part(off))
    if e[0] <= -0.5:
        return np.inf
    z = v.T @ z / (1.0 + e)
    return float(np.sqrt(0.5 * np.sum(e * e / (1.0 + e) + z * z * (2.0 + e))))


def _calvo_oller(t: Array, w: Array) -> float:
    """Return √(½ Σ log² g) over the eigenvalues g of [[Σ + μμᵀ, μ], [μᵀ, 1]], a lower bound."""
    d = len(t)
    excess, factor = np.zeros((d + 1, d + 1)), np.eye(d + 1)
    with np.errstate(over="ignore"):
        excess[:d, :d] = np.diag(np.expm1(t)) + np.outer(w, w)
    excess[:d, d] = excess[d, :d] = w
    if np.abs(excess).max() < 0.5 / d:
        return float(np.sqrt(0.5) * linalg.norm(np.log1p(np.linalg.eigvalsh(excess))))
    factor[:d, :d], factor[:d, d] = np.diag(np.exp(0.5 * t)), w
    s = np.linalg.svd(factor, compute_uv=False)
    # Without those that rounding has taken the bound is lower.
    return float(np.sqrt(2.0) * linalg.norm(np.log(s[s > 0])))


def _root_jeffreys(t: Array, w: Array) -> float:
    with np.errstate(over="ignore"):
        scales = linalg.norm(2.0 * np.sinh(0.5 * t))
        shifts = linalg.norm(w * np.hypot(1.0, np.exp(-0.5 * t)))
    return float(np.sqrt(0.5) * np.hypot(scales, shifts))


def refuse_uncertified(
    metric: str, value: float, gap: float, bounds: tuple[float, float]
) -> NoReturn:
    """Say that a distance was found but not proved."""
    raise ValueError(
        f"{metric} is not certain between these laws: it lies between {bounds[0]:.6g} and "
        f"{bounds[1]:.6g}, perhaps near {value:.6g}, but the geodesic found ends {gap:.2g} from "
        "its target. Laws so far apart are best compared by their logarithmic scales, or by "
        "bhattacharyya_distance or wasserstein_distance."
    )
