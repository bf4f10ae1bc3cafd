"""Judges by gradient descent: Wasserstein-2 between two bounds, and softmax regression.

Everything here walks downhill with one routine, `descend`. No closed form of a distance or of a
classifier is used, and no singular value decomposition, which would be the closed form's own step.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from gaussmetrics._array.types import Array
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.validation.montecarlo import mean_with_error
from gaussmetrics.validation.rows import Estimate, above, below

CONVERGED = 1e-9
"""Distance between the bounds, relative to the upper one, at which the descent stops."""

ITERATIONS = 20_000

MEAN_DECAY, SQUARE_DECAY = 0.9, 0.999
"""How much of its running means Adam keeps at each step."""

SMALLEST_STEP = 1e-300
"""Shorter than this and the descent has come to rest."""


class Iterate(NamedTuple):
    """A point on the way downhill."""

    value: float
    point: Array
    gradient: Array


def descend(
    start: Array,
    objective: Callable[[Array], tuple[float, Array]],
    *,
    retract: Callable[[Array, Array], Array] = np.add,
    memory: int = 8,
) -> Iterator[Iterate]:
    """Walk downhill along the gradient, with Barzilai–Borwein steps and backtracking.

    x ← retract(x, −η g), with η from the last two points and gradients, shortened until the value
    falls clearly below the largest of the last `memory` values.

    Parameters
    ----------
    start : ndarray
        First point.
    objective : callable
        Point in; value and gradient out. On a manifold the gradient is the Riemannian one in
        coordinates that move along with the point.
    retract : callable, default addition
        Point and tangent vector in; new point out.
    memory : int
        How many values the next one is compared with.

    Yields
    ------
    Iterate
        Value, point and gradient after each step, without end: the caller decides when to stop.

    References
    ----------
    Barzilai & Borwein (1988), doi:10.1093/imanum/8.1.141;
    Raydan (1997), doi:10.1137/S1052623494266365;
    Wen & Yin (2013), doi:10.1007/s10107-012-0584-1 (on manifolds)

    Examples
    --------
    >>> steps = descend(np.array([3.0]), lambda x: (float(x @ x), 2 * x))
    >>> round(next(islice(steps, 5, None)).value, 12)
    0.0
    """
    point = start
    value, gradient = objective(point)
    values = deque([value], maxlen=memory)
    step = 1 / max(float(np.linalg.norm(gradient)), SMALLEST_STEP)
    while step > SMALLEST_STEP and gradient.any():
        new = retract(point, -step * gradient)
        new_value, new_gradient = objective(new)
        if not new_value <= max(values) - 1e-4 * step * float(np.vdot(gradient, gradient)):
            step /= 4
            continue
        step *= _curvature_factor(gradient, new_gradient)
        point, value, gradient = new, new_value, new_gradient
        values.append(value)
        yield Iterate(value, point, gradient)
    yield from repeat(Iterate(value, point, gradient))


def _curvature_factor(old: Array, new: Array) -> float:
    """Return what the last step must be multiplied by to fit the curvature that it met."""
    change = new - old
    squared_norm = float(np.vdot(change, change))
    return abs(float(np.vdot(old, change))) / squared_norm if squared_norm else 1.0


@dataclass(frozen=True)
class TransportBounds:
    """A squared Wasserstein-2 distance between two bounds.

    Parameters
    ----------
    lower, upper : float
        The bounds, rounded outward.
    map : ndarray, shape (d, d)
        Positive definite A of the best dual point found; x ↦ μq + A (x − μp) carries p to q.
    """

    lower: float
    upper: float
    map: Array


def transport_bounds(p: Gaussian, q: Gaussian, *, iterations: int = ITERATIONS) -> TransportBounds:
    """Enclose the squared Wasserstein-2 distance by two gradient descents.

    With Σp = Fp Fpᵀ, Σq = Fq Fqᵀ, any orthogonal Q and any positive definite A,

        tr Σp + tr Σq − tr(Σp A) − tr(Σq A⁻¹)  ≤  W₂² − ‖μp − μq‖²  ≤  ‖Fp − Fq Q‖²_F.

    The right side is the cost of the coupling X = Fp z, Y = Fq Q z, the left one Kantorovich's
    dual for a quadratic potential. The descent goes over Q and over A until the two meet.

    Parameters
    ----------
    p, q : Gaussian
        Of the same dimension, unbatched, non-singular.
    iterations : int
        Largest number of steps.

    Returns
    -------
    TransportBounds

    References
    ----------
    Olkin & Pukelsheim (1982), doi:10.1016/0024-3795(82)90112-4

    Examples
    --------
    >>> from gaussmetrics import Gaussian
    >>> p, q = Gaussian([0.0], [[1.0]]), Gaussian([3.0], [[4.0]])
    >>> bounds = transport_bounds(p, q)
    >>> bool(bounds.lower <= 10.0 <= bounds.upper), bool(bounds.upper - bounds.lower < 1e-7)
    (True, True)
    """
    return deque(islice(closing_bounds(p, q), iterations), maxlen=1).pop()


def closing_bounds(p: Gaussian, q: Gaussian) -> Iterator[TransportBounds]:
    """Yield the bounds of `transport_bounds` after each step, until they meet.

    Parameters
    ----------
    p, q : Gaussian

    Yields
    ------
    TransportBounds
    """
    shift = float(np.sum((p.mean - q.mean) ** 2))
    traces = float(np.trace(p.cov + q.cov))
    steps = zip(_couplings(p.cov, q.cov), _duals(p.cov, q.cov), strict=True)
    for coupling, dual in steps:
        upper, lower = shift + coupling.value, shift - dual.value
        # ‖D‖² of a difference D of matrices of size √tr carries an error of this size.
        rounding = 64 * np.finfo(float).eps * np.sqrt(upper * traces)
        yield TransportBounds(lower - rounding, upper + rounding, dual.point @ dual.point.T)
        if upper - lower <= max(CONVERGED * upper, rounding):
            return


def _couplings(cov_p: Array, cov_q: Array) -> Iterator[Iterate]:
    """Descend ‖Fp − Fq Q‖² over orthogonal Q; the gradient lives in the skew-symmetric matrices."""
    factor_p, factor_q = np.linalg.cholesky(cov_p), np.linalg.cholesky(cov_q)
    product = factor_q.T @ factor_p

    def objective(rotation: Array) -> tuple[float, Array]:
        turned = rotation.T @ product
        return float(np.sum((factor_p - factor_q @ rotation) ** 2)), turned.T - turned

    return descend(np.eye(len(cov_p)), objective, retract=_rotate)


def _rotate(rotation: Array, tangent: Array) -> Array:
    """Return the orthogonal factor of Q + Q Ω, with the signs that keep it near Q."""
    orthogonal, triangle = np.linalg.qr(rotation + rotation @ tangent)
    return np.asarray(orthogonal * np.sign(np.diag(triangle)))


def _duals(cov_p: Array, cov_q: Array) -> Iterator[Iterate]:
    """Descend minus the dual over A = B Bᵀ; the gradient is natural, B⁻¹(∂A)B⁻ᵀ, and symmetric.

    With S = A − I the dual is tr((Σq − Σp) S) − tr(Σq S A⁻¹ S), which loses no digits where A is
    near the identity.
    """
    difference, identity = cov_q - cov_p, np.eye(len(cov_p))

    def objective(factor: Array) -> tuple[float, Array]:
        inverse = np.linalg.inv(factor)
        excess = factor @ factor.T - identity
        whitened = inverse @ excess
        second_order = np.sum((whitened @ cov_q) * whitened)
        gradient = factor.T @ cov_p @ factor - inverse @ cov_q @ inverse.T
        return float(second_order - np.sum(difference * excess)), gradient

    return descend(
        identity, objective, retract=lambda factor, tangent: factor + factor @ tangent / 2
    )


def transport_upper_bound(p: Gaussian, q: Gaussian, **_: object) -> Estimate:
    """Bound the squared Wasserstein-2 distance from above by descent over couplings."""
    bounds = transport_bounds(p, q)
    baseline = "descent over couplings (≥)"
    return Estimate(baseline, bounds.upper, bounds.upper - bounds.lower, below)


def transport_lower_bound(p: Gaussian, q: Gaussian, **_: object) -> Estimate:
    """Bound the squared Wasserstein-2 distance from below by ascent of the dual."""
    bounds = transport_bounds(p, q)
    baseline = "ascent of the dual (≤)"
    return Estimate(baseline, bounds.lower, bounds.upper - bounds.lower, above)


def transport_cost(p: Gaussian, q: Gaussian, *, samples: int, rng: np.random.Generator) -> Estimate:
    """Estimate W₂² = E_p‖x − T(x)‖² under the map T that the ascent of the dual found."""
    points = p.sample(samples, rng)
    moved = q.mean + (points - p.mean) @ transport_bounds(p, q).map
    values = np.sum((points - moved) ** 2, axis=-1)
    return Estimate("cost under the ascent's map", *mean_with_error(values))


def transport_distance(
    p: Gaussian, q: Gaussian, *, samples: int, rng: np.random.Generator
) -> Estimate:
    """Estimate W₂ = √E_p‖x − T(x)‖² by the delta method."""
    cost = transport_cost(p, q, samples=samples, rng=rng)
    distance = float(np.sqrt(cost.value))
    error = cost.standard_error / (2 * distance) if distance else 0.0
    return Estimate(cost.baseline, distance, error)


@dataclass(frozen=True)
class SoftmaxRegression:
    """A softmax regression found by walking downhill, p(k|x) ∝ exp(wₖ·x + bₖ).

    Parameters
    ----------
    parameters : ndarray, shape (K, d + 1)
        Row k holds wₖ and, last, bₖ.
    losses : tuple of float
        Objective after each step; for mini-batches its mean over each complete pass.
    """

    parameters: Array
    losses: tuple[float, ...]

    def log_probabilities(self, features: Array) -> Array:
        """Return log p(k|x), shape (n, K), of the rows x of `features`."""
        return np.asarray(log_softmax(_with_ones(features) @ self.parameters.T, axis=1))


def softmax_by_gradient_descent(
    features: Array,
    labels: NDArray[np.intp],
    *,
    penalty: float = 0.0,
    tolerance: float = 1e-6,
    iterations: int = 5000,
) -> SoftmaxRegression:
    """Fit a softmax regression by full-batch gradient descent.

    Minimises the mean of −log p(yᵢ|xᵢ) plus ½ penalty Σ‖wₖ‖², from zero, until no partial
    derivative exceeds the tolerance.

    Parameters
    ----------
    features : ndarray, shape (n, d)
    labels : ndarray of int, shape (n,)
        Classes 0 … K − 1.
    penalty : float
        Zero, or 1 / (n C) for the objective of scikit-learn's ``LogisticRegression(C=C)``. For two
        classes that is 2 / (n C), because scikit-learn then penalises w₁ − w₀.
    tolerance : float
    iterations : int
        Largest number of steps.

    Returns
    -------
    SoftmaxRegression

    Examples
    --------
    >>> fit = softmax_by_gradient_descent(np.array([[0.0], [1.0], [2.0]]), np.array([0, 1, 0]))
    >>> round(fit.losses[-1], 6)  # the entropy of one in three: this feature tells nothing
    0.636514
    """
    rows, targets = _with_ones(features), _one_hot(labels)

    def objective(parameters: Array) -> tuple[float, Array]:
        return _softmax_loss(parameters, rows, targets, penalty)

    losses = []
    start = np.zeros((targets.shape[1], rows.shape[1]))
    for step in islice(descend(start, objective), iterations):
        losses.append(step.value)
        if np.max(np.abs(step.gradient)) <= tolerance:
            break
    return SoftmaxRegression(step.point, tuple(losses))


def softmax_by_adam(
    features: Array,
    labels: NDArray[np.intp],
    *,
    rng: np.random.Generator,
    penalty: float = 0.0,
    steps: int = 1000,
    batch: int = 32,
    rate: float = 0.05,
) -> SoftmaxRegression:
    """Fit a softmax regression by mini-batch Adam.

    Minimises the same objective as `softmax_by_gradient_descent`. The step length falls from `rate`
    to zero along a cosine.

    Parameters
    ----------
    features : ndarray, shape (n, d)
    labels : ndarray of int, shape (n,)
        Classes 0 … K − 1.
    rng : numpy.random.Generator
        Shuffles the rows before each pass.
    penalty : float
    steps : int
        Mini-batches to walk along.
    batch : int
        Rows in a mini-batch.
    rate : float
        First step length.

    Returns
    -------
    SoftmaxRegression

    References
    ----------
    Kingma & Ba (2015), arXiv:1412.6980

    Examples
    --------
    >>> x, y = np.array([[0.0], [1.0], [2.0]]), np.array([0, 1, 0])
    >>> fit = softmax_by_adam(x, y, rng=np.random.default_rng(0))
    >>> len(fit.losses), round(fit.losses[-1], 3)
    (1000, 0.637)
    """
    rows, targets = _with_ones(features), _one_hot(labels)
    parameters = np.zeros((targets.shape[1], rows.shape[1]))
    mean, square = np.zeros_like(parameters), np.zeros_like(parameters)
    batches = -(-len(rows) // batch)
    losses = []
    for step, chosen in enumerate(islice(_mini_batches(len(rows), batches, rng), steps)):
        loss, gradient = _softmax_loss(parameters, rows[chosen], targets[chosen], penalty)
        mean += (1 - MEAN_DECAY) * (gradient - mean)
        square += (1 - SQUARE_DECAY) * (gradient**2 - square)
        unbiased = mean / (1 - MEAN_DECAY ** (step + 1))
        spread = np.sqrt(square / (1 - SQUARE_DECAY ** (step + 1)))
        length = rate * (1 + np.cos(np.pi * step / steps)) / 2
        parameters -= length * unbiased / (spread + 1e-8)
        losses.append(loss)
    complete = steps // batches
    passes = np.reshape(losses[: complete * batches], (complete, batches))
    return SoftmaxRegression(parameters, tuple(passes.mean(axis=1).tolist()))


def _mini_batches(count: int, batches: int, rng: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    """Yield the rows of one mini-batch after another; every pass shuffles all rows."""
    while True:
        yield from np.array_split(rng.permutation(count), batches)


def _softmax_loss(
    parameters: Array, rows: Array, targets: Array, penalty: float
) -> tuple[float, Array]:
    """Return the penalised mean log-loss and its gradient; intercepts are not penalised."""
    log_p = log_softmax(rows @ parameters.T, axis=1)
    weights = parameters * (np.arange(rows.shape[1]) < rows.shape[1] - 1)
    loss = -np.sum(targets * log_p) / len(rows) + penalty / 2 * np.sum(weights**2)
    gradient = (np.exp(log_p) - targets).T @ rows / len(rows) + penalty * weights
    return float(loss), gradient


def _with_ones(features: Array) -> Array:
    return np.column_stack([features, np.ones(len(features))])


def _one_hot(labels: NDArray[np.intp]) -> Array:
    return np.eye(int(labels.max()) + 1)[labels]
