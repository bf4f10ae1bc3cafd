"""Every quantity of two normal laws in 60-digit arithmetic, from their joint axes.

With Σq = L Lᵀ and L⁻¹ Σp L⁻ᵀ = U diag(v) Uᵀ the laws are N(z, diag v) and N(0, I) for z = Uᵀ L⁻¹ Δ:
whatever no affine map changes is a sum over these axes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import mpmath as mp
from _given import Given

mp.mp.dps = 60
Number = Any


def cholesky(a: Any) -> Any:
    """As mpmath does, whose test for definiteness knows no unit."""
    size = mp.fsum(a[i, i] for i in range(a.rows))
    return mp.sqrt(size) * mp.cholesky(a / size)


def symmetric(a: Any) -> Any:
    return (a + a.T) / 2


def eigenvalues(a: Any) -> list[Number]:
    """Of a matrix of any unit."""
    size = mp.fsum(abs(a[i, i]) for i in range(a.rows)) or mp.mpf(1)
    return [size * v for v in mp.eigsy(symmetric(a) / size, eigvals_only=True)]


def square_root(a: Any) -> Any:
    size = mp.fsum(a[i, i] for i in range(a.rows))
    values, vectors = mp.eigsy(symmetric(a) / size)
    return mp.sqrt(size) * vectors * mp.diag([mp.sqrt(v) for v in values]) * vectors.T


def trace(a: Any) -> Number:
    return mp.fsum(a[i, i] for i in range(a.rows))


class Joint:
    """Two laws, and on demand what their quantities are made of."""

    def __init__(self, p: Given, q: Given) -> None:
        self.a, self.b, self.shift = p.cov, q.cov, p.mean - q.mean
        self.dim = p.cov.rows

    @cached_property
    def axes(self) -> list[tuple[Number, Number]]:
        """Variances v and squared shifts z² of p where q is standard."""
        lower = cholesky(self.b)
        inverse = mp.inverse(lower)
        values, vectors = mp.eigsy(symmetric(inverse * self.a * inverse.T))
        z = vectors.T * (inverse * self.shift)
        return [(v, w * w) for v, w in zip(values, z, strict=True)]

    @cached_property
    def mirrored(self) -> list[tuple[Number, Number]]:
        return [(1 / v, z / v) for v, z in self.axes]

    @cached_property
    def log_det(self) -> Number:
        lower = cholesky(self.a)
        return 2 * mp.fsum(mp.log(lower[i, i]) for i in range(self.dim))

    @cached_property
    def overlaps(self) -> list[Number]:
        """s with s² the eigenvalues of Σp^½ Σq Σp^½, which are those of LᵀΣqL."""
        lower = cholesky(self.a)
        return [mp.sqrt(v) for v in eigenvalues(lower.T * self.b * lower)]

    @cached_property
    def own(self) -> tuple[list[Number], list[Number]]:
        return eigenvalues(self.a), eigenvalues(self.b)

    @cached_property
    def total(self) -> tuple[list[Number], list[Number]]:
        """Eigenvalues of Σp + Σq, and the squared shifts along its axes."""
        size = trace(self.a) + trace(self.b)
        values, vectors = mp.eigsy(symmetric(self.a + self.b) / size)
        return [size * v for v in values], [x * x for x in vectors.T * self.shift]


# Unchanged by affine maps


def kl(j: Joint, axes: Any = None) -> Number:
    return mp.fsum(v - 1 - mp.log(v) + z for v, z in axes or j.axes) / 2


def reverse_kl(j: Joint) -> Number:
    return kl(j, j.mirrored)


def jeffreys(j: Joint) -> Number:
    return kl(j) + reverse_kl(j)


def bhattacharyya(j: Joint) -> Number:
    return mp.fsum(mp.log((1 + v) / 2) / 2 - mp.log(v) / 4 + z / (4 * (1 + v)) for v, z in j.axes)


def hellinger(j: Joint) -> Number:
    return mp.sqrt(-mp.expm1(-bhattacharyya(j)))


def renyi(alpha: float) -> Callable[[Joint], Number]:
    def quantity(j: Joint) -> Number:
        x = mp.mpf(alpha)
        mixed = [(1 - x) * v + x for v, _ in j.axes]
        if min(mixed) <= 0:
            return mp.inf
        shape = mp.fsum(
            mp.log(m) - (1 - x) * mp.log(v) for m, (v, _) in zip(mixed, j.axes, strict=True)
        )
        shifts = mp.fsum(z / m for m, (_, z) in zip(mixed, j.axes, strict=True))
        return shape / (1 - x) / 2 + x * shifts / 2

    return quantity


def chi_squared(j: Joint) -> Number:
    return mp.expm1(renyi(2.0)(j))


def chernoff(j: Joint) -> Number:
    """max over α of −log ∫ p^α q^(1−α), by golden halving of the concave exponent's slope."""

    def slope(alpha: Number) -> Number:
        total = mp.mpf(0)
        for v, z in j.axes:
            m = (1 - alpha) * v + alpha
            exponent = (1 - v) / m + mp.log(v)  # of the shape, twice
            total += exponent / 2
            total += z * ((1 - 2 * alpha) * m - alpha * (1 - alpha) * (1 - v)) / (2 * m * m)
        return total

    low, high = mp.mpf(0), mp.mpf(1)
    for _ in range(100):  # an error of 2^-100 in α is one of 2^-200 in the maximum
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    return (1 - low) * renyi(low)(j)


def cauchy_schwarz(j: Joint) -> Number:
    return mp.fsum(mp.log((1 + v) / 2) / 2 - mp.log(v) / 4 + z / (2 * (1 + v)) for v, z in j.axes)


def geometric(j: Joint) -> Number:
    total = mp.mpf(0)
    for v, z in j.axes:
        g = 2 / (1 + 1 / v)
        away = z * (g / v / 2 - 1) ** 2, z * (g / v / 2) ** 2
        for spread, squared in ((v, away[0]), (mp.mpf(1), away[1])):
            total += (spread / g - 1 - mp.log(spread / g) + squared / g) / 4
    return total


def lower_bound(j: Joint) -> Number:
    return -mp.log1p(mp.expm1(-bhattacharyya(j)) / 2)


def upper_bound(j: Joint) -> Number:
    return -mp.fsum(mp.log1p(mp.expm1(-x) / 2) for x in (kl(j), reverse_kl(j))) / 2


def centred_fisher_rao(j: Joint) -> Number:
    return mp.sqrt(mp.fsum(mp.log(v) ** 2 for v, _ in j.axes) / 2)


def line_total_variation(j: Joint) -> Number:
    """In one dimension, from the points where the densities cross."""
    ((v, z2),) = j.axes
    z, s = mp.sqrt(z2), mp.sqrt(v)
    # (x − z)²/v + log v = x²
    a, b, c = 1 / v - 1, -2 * z / v, z2 / v + mp.log(v)
    if abs(a) < mp.mpf(10) ** -50:
        roots = [-c / b] if b else []
    else:
        root = mp.sqrt(b * b - 4 * a * c)
        far = -(b + (root if b >= 0 else -root)) / 2
        roots = sorted([far / a, c / far]) if far else [mp.mpf(0)]
    gaps = [mp.ncdf((x - z) / s) - mp.ncdf(x) for x in roots]
    return abs(gaps[0] - gaps[1]) if len(gaps) == 2 else abs(gaps[0]) if gaps else mp.mpf(0)


def entropy(j: Joint) -> Number:
    return (j.log_det + j.dim * (1 + mp.log(2 * mp.pi))) / 2


def cross_entropy(j: Joint) -> Number:
    return entropy(j) + kl(j)


# In the unit of the variables


def squared_wasserstein(j: Joint) -> Number:
    shifts = mp.fsum(x * x for x in j.shift)
    return shifts + trace(j.a) + trace(j.b) - 2 * mp.fsum(j.overlaps)


def wasserstein(j: Joint) -> Number:
    return mp.sqrt(squared_wasserstein(j))


def gromov_wasserstein(j: Joint) -> Number:
    a, b = j.own
    gap = mp.fsum((x - y) ** 2 for x, y in zip(sorted(a), sorted(b), strict=True))
    return mp.sqrt(4 * (trace(j.a) - trace(j.b)) ** 2 + 8 * gap)


def turning(j: Joint) -> Number:
    """Bound what a relative ε, the same in both matrices, does to the distance between spectra.

    It turns the axes of a by ε λ₁ / (λᵢ − λₖ), which mixes what the eigenvalues differ by, δᵢ, with
    the entries Dᵢₖ of the difference: Σ δᵢ² changes by 4 ε λ₁ Σ |Dᵢₖ (δᵢ − δₖ) / (λᵢ − λₖ)|. Far
    apart, Weyl's inequality says less: no eigenvalue moves by more than ε λ₁.
    """
    distance, size = gromov_wasserstein(j), trace(j.a)
    if j.dim == 1 or not distance:
        return mp.mpf(1)
    values, vectors = mp.eigsy(symmetric(j.a) / size)
    change = vectors.T * ((j.a - j.b) / size) * vectors
    moves = [a - b / size for a, b in zip(values, sorted(j.own[1]), strict=True)]
    # What is equal by construction, as outside the span of a few factors, no rounding parts.
    pairs = [(i, k) for i in range(j.dim) for k in range(i) if values[i] - values[k] > 1e-40]
    mixed = mp.fsum(
        abs(change[i, k] * (moves[i] - moves[k]) / (values[i] - values[k])) for i, k in pairs
    )
    largest = max(values)
    near = 16 * largest * mixed / (distance / size) ** 2
    return min(near, 4 * j.dim * largest / (distance / size))


def _smoothing(overlaps: list[Number], e: Number) -> Number:
    roots = [1 + mp.sqrt(1 + 16 * s * s / e**2) for s in overlaps]
    return -e / 2 * mp.fsum(m - mp.log(m) + mp.log(2) - 2 for m in roots)


def entropic(epsilon: float) -> Callable[[Joint], Number]:
    def quantity(j: Joint) -> Number:
        shifts = mp.fsum(x * x for x in j.shift)
        return shifts + trace(j.a) + trace(j.b) + _smoothing(j.overlaps, mp.mpf(epsilon))

    return quantity


def sinkhorn(epsilon: float) -> Callable[[Joint], Number]:
    def quantity(j: Joint) -> Number:
        e = mp.mpf(epsilon)
        shifts = mp.fsum(x * x for x in j.shift)
        own = sum(_smoothing(s, e) for s in j.own)
        return shifts + _smoothing(j.overlaps, e) - own / 2

    return quantity


def _kernels(j: Joint, u: Number) -> Number:
    """E k(X, X′) + E k(Y, Y′) − 2 E k(X, Y) for k = exp(−u²‖x − y‖²)."""
    own = [mp.fprod(1 / mp.sqrt(1 + 4 * u * u * v) for v in values) for values in j.own]
    values, squares = j.total
    cross = mp.fprod(1 / mp.sqrt(1 + 2 * u * u * v) for v in values)
    away = mp.fsum(s / (1 + 2 * u * u * v) for v, s in zip(values, squares, strict=True))
    return own[0] + own[1] - 2 * cross * mp.exp(-u * u * away)


def discrepancy(bandwidth: float) -> Callable[[Joint], Number]:
    return lambda j: mp.sqrt(_kernels(j, 1 / (mp.sqrt(2) * mp.mpf(bandwidth))))


def energy(j: Joint) -> Number:
    """From ‖z‖ = π^−½ ∫ (1 − exp(−u²‖z‖²)) u⁻² du, by the trapezoidal rule in log u."""
    step, size = mp.mpf("0.125"), mp.sqrt(trace(j.a) + trace(j.b))
    with mp.workdps(120):  # the kernels are all but one where u is small
        nodes = (mp.exp(k * step) / size for k in range(-480, 281))
        return mp.sqrt(step * mp.fsum(_kernels(j, u) / u for u in nodes) / mp.sqrt(mp.pi))


# One law


def log_density(j: Joint) -> Number:
    """Of p at the mean of q."""
    return -(distance_in_p(j) + j.log_det + j.dim * mp.log(2 * mp.pi)) / 2


def distance_in_p(j: Joint) -> Number:
    return (j.shift.T * mp.lu_solve(j.a, j.shift))[0]


def mutual_information(j: Joint) -> Number:
    """Between the first coordinate of p and the others."""
    if j.dim == 1:
        return mp.mpf(0)
    rest = j.a[1:, 1:]
    lower = cholesky(rest)
    others = 2 * mp.fsum(mp.log(lower[i, i]) for i in range(rest.rows))
    value = (mp.log(j.a[0, 0]) + others - j.log_det) / 2
    return value if value > mp.mpf(10) ** -50 else mp.mpf(0)  # of 60 digits


# Gradients: ∂/∂μp, ∂/∂Σp and ∂/∂Σq, by Magnus & Neudecker's rules


Slopes = tuple[Any, ...]


def _inverses(j: Joint) -> tuple[Any, Any, Any]:
    return mp.inverse(j.a), mp.inverse(j.b), j.shift * j.shift.T


def kl_slopes(j: Joint) -> Slopes:
    ia, ib, square = _inverses(j)
    return ib * j.shift, (ib - ia) / 2, (ib - ib * (j.a + square) * ib) / 2


def jeffreys_slopes(j: Joint) -> Slopes:
    ia, ib, square = _inverses(j)
    return (
        (ia + ib) * j.shift,
        (ib - ia * (j.b + square) * ia) / 2,
        (ia - ib * (j.a + square) * ib) / 2,
    )


def bhattacharyya_slopes(j: Joint) -> Slopes:
    ia, ib, square = _inverses(j)
    im = mp.inverse((j.a + j.b) / 2)
    away = im * square * im / 16
    return im * j.shift / 4, (im - ia) / 4 - away, (im - ib) / 4 - away


def hellinger_slopes(j: Joint) -> Slopes:
    distance = bhattacharyya(j)
    slope = mp.exp(-distance) / (2 * mp.sqrt(-mp.expm1(-distance)))
    return tuple(slope * part for part in bhattacharyya_slopes(j))


def renyi_slopes(alpha: float) -> Callable[[Joint], Slopes]:
    def slopes(j: Joint) -> Slopes:
        x = mp.mpf(alpha)
        ia, ib, square = _inverses(j)
        s = mp.inverse((1 - x) * j.a + x * j.b)
        away = s * square * s
        return (
            x * s * j.shift,
            (s - ia - x * (1 - x) * away) / 2,
            x / (1 - x) * (s - ib) / 2 - x * x * away / 2,
        )

    return slopes


def transport_map(j: Joint) -> Slopes:
    root = square_root(j.a)
    inverse = mp.inverse(root)
    return (inverse * square_root(root * j.b * root) * inverse,)


def wasserstein_slopes(j: Joint) -> Slopes:
    (there,) = transport_map(j)
    eye = mp.eye(j.dim)
    return 2 * j.shift, eye - there, eye - mp.inverse(there)
