"""How two Gaussians differ: the parts of a divergence due to means, scales and orientations.

Both laws are seen along the principal axes of the reference covariance R of the metric, the one
that does not depend on the order of the operands where the metric does not: Σq for KL(p‖q), and
(Σp + Σq)/2 for the Bhattacharyya and the squared Wasserstein distance. Along these axes every
metric is a sum of three parts, none of which can be negative:

- mean: what it would be if the covariances were equal to R (to anything, for W2²);
- scale: what it would be if the means were equal and the coordinates along the axes independent,
  each with the variance it has;
- orientation: the rest, which is due to correlations between the axes.

Between positive definite covariances the orientation part is zero if and only if they commute,
whatever the order of their eigenvalues: diag(1, 4) and diag(4, 1) differ in scale. Let a_i
and b_i be the variances of p and q along axis i. Then the rest is

- for KL, ½ [Σ log a_i − log det Σp], the total correlation of p between the axes of q: not
  negative by Hadamard's inequality, and zero only if Σp is diagonal there;
- for D_B, half the sum of the total correlations of p and of q, because R is diagonal;
- for W2², Σ 2 [√(a_i b_i) − Cov(x_i, y_i)] under the optimal coupling of x ~ p and y ~ q: not
  negative by Cauchy and Schwarz, and zero only if the optimal map is diagonal in these axes; then
  so is Σp, whose entries there obey (1 + t_i t_j) Σp_ij = 0 off the diagonal.

Where R has equal eigenvalues its axes are free to turn; those are taken along which the orientation
part is least, the principal axes of the other covariance within the eigenspace. So the split jumps
where an eigenvalue of R turns double, as principal axes do; the total does not. Rotations leave
the split as it is. Other affine maps do not: some map makes any two covariances diagonal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np

from gaussmetrics._array import linalg
from gaussmetrics._array.linalg import sum_of_squares, transpose
from gaussmetrics._array.types import Array, Mask, Scalars
from gaussmetrics.divergences.information import kl_divergence
from gaussmetrics.divergences.overlap import bhattacharyya_distance
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.laws.operands import operands
from gaussmetrics.laws.structure import Structure
from gaussmetrics.pairs.bures import displacement
from gaussmetrics.pairs.combinations import midpoint
from gaussmetrics.pairs.differences import difference_along
from gaussmetrics.pairs.supports import supports_agree
from gaussmetrics.transport.wasserstein import squared_wasserstein_distance

Parts: TypeAlias = tuple[Array, Array, Array]
"""Means, scales and orientations along the axes."""


@final
@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """The parts of a divergence due to means, scales and orientations, axis by axis.

    Everything is in the unit of the metric. The parts of one axis add up to what that axis
    contributes; for W2² that is the mean squared transport distance along it.

    Attributes
    ----------
    metric : str
        The name of the metric that is split.
    directions : (..., d, d) array
        The axes: orthonormal columns, in the order of falling variance of the reference.
    means, scales, orientations : (..., d) array
        The parts along each axis, none negative.
    mean, scale, orientation : float or (...) array
        The parts: the sums over the axes.
    total : float or (...) array
        Their sum, the metric itself.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> gm.explain(gm.squared_wasserstein_distance, p, q)
    Explanation of squared_wasserstein_distance
      mean         1
      scale        1
      orientation  0
      total        2
    """

    metric: str
    directions: Array
    means: Array
    scales: Array
    orientations: Array

    @property
    def mean(self) -> Scalars:
        """The part due to the means."""
        return self.means.sum(axis=-1)

    @property
    def scale(self) -> Scalars:
        """The part due to the variances along the axes."""
        return self.scales.sum(axis=-1)

    @property
    def orientation(self) -> Scalars:
        """The part due to correlations between the axes."""
        return self.orientations.sum(axis=-1)

    @property
    def total(self) -> Scalars:
        """The metric itself, the sum of the three parts."""
        return self.mean + self.scale + self.orientation

    def __repr__(self) -> str:
        *batch, d = self.means.shape
        if batch:
            return f"<Explanation of {self.metric}, dim={d}, batch_shape={tuple(batch)}>"
        parts = ("mean", "scale", "orientation")
        lines = [f"{name:<12} {getattr(self, name):.6g}" for name in (*parts, "total")]
        return "\n  ".join([f"Explanation of {self.metric}", *lines])


def explain(metric: Callable[..., Any], p: Gaussian, q: Gaussian) -> Explanation:
    """Split a divergence into the parts due to the means, the scales and the orientations.

    With v_i the principal axes of R, Δ_i = v_iᵀ(μp − μq), a_i = v_iᵀ Σp v_i and b_i = v_iᵀ Σq v_i:

    KL = Σ ½ Δ_i²/b_i + Σ ½ [a_i/b_i − 1 − log(a_i/b_i)] + orientation,  R = Σq

    D_B = Σ ⅛ Δ_i²/r_i + Σ ½ log[r_i/√(a_i b_i)] + orientation,  R = ½ (Σp + Σq)

    W2² = Σ Δ_i² + Σ (√a_i − √b_i)² + orientation,  R = ½ (Σp + Σq)

    with r_i = ½ (a_i + b_i).

    The orientation part is never negative, and zero if and only if the covariances commute.

    Parameters
    ----------
    metric : callable
        `kl_divergence`, `bhattacharyya_distance` or `squared_wasserstein_distance`.
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast.

    Returns
    -------
    Explanation
        The parts and the axes, in nats (W2²: squared units of the variables). Right to rounding
        relative to the total, also near p = q. Where the metric is infinite, so is a part.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If the metric is another one, dimensions differ or batches do not broadcast.

    See Also
    --------
    Explanation, plot_explanation, kl_divergence, squared_wasserstein_distance

    Notes
    -----
    Every pair needs the principal axes of R and works on d × d matrices, whatever the structure.
    Along each axis the total correlation is shared out as −½ (log C)_ii, with C the correlation
    matrix between the axes; by Jensen's inequality no share is negative.

    References
    ----------
    Hadamard's inequality and total correlation: Cover & Thomas, Elements of Information Theory
    (2006), theorem 17.9.2, doi:10.1002/047174882X; that independent coordinates are the nearest:
    Watanabe 1960, doi:10.1147/rd.41.0066; W2²: Dowson & Landau 1982,
    doi:10.1016/0047-259X(82)90077-X. The splits and their proofs are in the module.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p = gm.Gaussian([1.0, 0.0], [[3.0, 1.0], [1.0, 2.0]])
    >>> q = gm.Gaussian([0.0, 0.0], [[2.0, 0.0], [0.0, 1.0]])
    >>> gm.explain(gm.kl_divergence, p, q)
    Explanation of kl_divergence
      mean         0.25
      scale        0.200694
      orientation  0.0911608
      total        0.541855
    >>> gm.explain(gm.kl_divergence, p, q).scales.round(3)
    array([0.047, 0.153])
    """
    explained_metric(metric, _SPLITS)
    p, q = operands("explain", p, q)
    batch = np.broadcast_shapes(p.batch_shape, q.batch_shape)
    a, b = (law.covariance.broadcast_to(batch) for law in (p, q))
    reference = b if metric is kl_divergence else midpoint(a, b)
    axes = _principal_axes(reference, a)
    along = (transpose(axes) @ (p.mean - q.mean)[..., None])[..., 0]
    # A part beyond the largest float is infinite.
    with np.errstate(over="ignore"):
        parts = _SPLITS[metric](a, b, axes, along)
        if reference.singular and metric is not squared_wasserstein_distance:
            same = np.broadcast_to(supports_agree(p, q), batch)

            def inside(at: tuple[int, ...]) -> Parts:
                rank = int(a[at].rank())
                return _SPLITS[metric](a[at], b[at], axes[at][:, :rank], along[at][:rank])

            parts = _on_supports(inside, same, parts)
    return Explanation(metric.__name__, axes, *parts)


def _on_supports(inside: Callable[[tuple[int, ...]], Parts], same: Mask, elsewhere: Parts) -> Parts:
    """Return the parts along the axes of common supports; elsewhere some part is infinite."""
    parts = np.array(elsewhere)
    for index in np.argwhere(same):
        at = tuple(index)
        values = np.array(inside(at))
        every = (slice(None), *at)
        parts[every] = 0.0
        parts[every][:, : values.shape[-1]] = values
    finite = ~same & np.isfinite(parts).all(axis=(0, -1))
    # Laws that vary alike along every axis, and yet on different supports, are turned.
    parts[2][finite] = np.inf
    return parts[0], parts[1], parts[2]


def _split_kl(p: Structure, q: Structure, axes: Array, shift: Array) -> Parts:
    change = difference_along(p, q, transpose(axes))
    rows = transpose(axes) @ p.factor()
    a, b = _variances(rows, p), _variances(transpose(axes) @ q.factor(), q)
    safe = np.where(b > 0, b, 1.0)
    stretch = np.where(b > 0, np.sqrt(a) / np.sqrt(safe), np.where(a > 0, np.inf, 1.0))
    excess = np.where(b > 0, linalg.diagonal(change) / safe, stretch - 1.0)
    scales = _excess_minus_log(excess, stretch)
    return 0.5 * _squared(shift, b), 0.5 * scales, _total_correlation(rows, change, a, p)


def _split_bhattacharyya(p: Structure, q: Structure, axes: Array, shift: Array) -> Parts:
    half = 0.5 * difference_along(p, q, transpose(axes))
    rows, columns = transpose(axes) @ p.factor(), transpose(axes) @ q.factor()
    a, b = _variances(rows, p), _variances(columns, q)
    middle = 0.5 * a + 0.5 * b
    safe = np.where(middle > 0, middle, 1.0)
    ratio = np.where(middle > 0, linalg.diagonal(half) / safe, 0.0)
    near = (np.abs(ratio) < 0.5) | (middle == 0)
    with np.errstate(divide="ignore"):
        far = 2.0 * np.log(safe) - sum(np.log(np.where(near, safe, v)) for v in (a, b))
    scales = np.where(near, -np.log1p(-(np.where(near, ratio, 0.0) ** 2)), far)
    orientations = _total_correlation(rows, half, a, p) + _total_correlation(columns, -half, b, q)
    scales = np.where(middle > 0, scales, 0.0)
    return 0.125 * _squared(shift, middle), 0.25 * scales, 0.5 * orientations


def _split_wasserstein(p: Structure, q: Structure, axes: Array, shift: Array) -> Parts:
    difference, moved = displacement(p, q)
    r, y = transpose(axes) @ difference, transpose(axes) @ moved
    x = r + y
    a, b = (np.sqrt(sum_of_squares(rows, 1)) for rows in (x, y))
    sums = np.where(a + b > 0, a + b, 1.0)
    scales = (np.einsum("...ij,...ij->...i", r, x + y) / sums) ** 2
    # 2 [|x||y| − x·y], the angle between x and y taken from their difference where they are close.
    near = np.asarray(sum_of_squares(r, 1)) < 0.25 * a * a
    unit_x, unit_y = (rows / np.where(n > 0, n, 1.0)[..., None] for rows, n in ((x, a), (y, b)))
    across = r - unit_x * np.einsum("...ij,...ij->...i", unit_x, r)[..., None]
    cosine = np.einsum("...ij,...ij->...i", unit_x, unit_y)
    close = 2.0 * a * sum_of_squares(across, 1) / np.where(near, b * (1.0 + cosine), 1.0)
    apart = a * b * sum_of_squares(unit_x - unit_y, 1)
    return shift**2, scales, np.where(near, close, apart)


_SPLITS: dict[Callable[..., Any], Callable[[Structure, Structure, Array, Array], Parts]] = {
    kl_divergence: _split_kl,
    bhattacharyya_distance: _split_bhattacharyya,
    squared_wasserstein_distance: _split_wasserstein,
}


def _principal_axes(reference: Structure, other: Structure) -> Array:
    """Return the eigenvectors of R as columns; within an eigenspace, those of the other one."""
    axes, s, _ = np.linalg.svd(reference.factor(), full_matrices=True)
    d = reference.dim
    values = np.zeros((*s.shape[:-1], d))
    values[..., : s.shape[-1]] = s**2
    new = values[..., :-1] - values[..., 1:] > linalg.eigenvalue_cutoff(d) * values[..., :1]
    if not new.all():
        group = np.concatenate([np.zeros_like(s[..., :1]), np.cumsum(new, axis=-1)], axis=-1)
        axes = axes @ _axes_within(group, transpose(axes) @ other.factor())
    largest = np.abs(axes).argmax(axis=-2)[..., None, :]
    return axes * np.sign(np.take_along_axis(axes, largest, axis=-2))


def _axes_within(group: Array, rows: Array) -> Array:
    """Return the eigenvectors of every diagonal block of F Fᵀ, the blocks marked by `group`."""
    same = (group[..., :, None] == group[..., None, :]).astype(float)
    traces = (same @ np.asarray(sum_of_squares(rows, 1))[..., None])[..., 0]
    unit = rows / np.sqrt(np.where(traces > 0, traces, 1.0))[..., None]
    # Each block has trace one: shifts by three hold their eigenvalues apart and in order.
    blocks = same * (unit @ transpose(unit)) + 3.0 * group[..., None] * np.eye(group.shape[-1])
    return same * np.linalg.eigh(blocks)[1]


def _varies_along_all(rows: Array, cov: Structure) -> bool:
    """Tell whether a law has as many dimensions as there are axes."""
    return bool(np.equal(cov.rank(), rows.shape[-2]).all())


def _variances(rows: Array, cov: Structure) -> Array:
    """Return the variances along the axes; of a singular law, zero where only rounding is left."""
    values = np.asarray(sum_of_squares(rows, 1))
    if _varies_along_all(rows, cov):
        return values
    cutoff = linalg.eigenvalue_cutoff(cov.dim) * values.sum(axis=-1, keepdims=True)
    return np.where(values > cutoff, values, 0.0)


def _total_correlation(rows: Array, change: Array, variances: Array, cov: Structure) -> Array:
    """Return −½ (log C)_ii for the correlations C between the axes, of Σ = F Fᵀ with rows F.

    `change` has the off-diagonal entries of Σ, right in their last digits where Σ is almost
    diagonal. With C = Σ c_j u_j u_jᵀ and C_ii = 1, log C may stand for log C − C + I.
    """
    d = rows.shape[-2]
    deviations = np.sqrt(np.where(variances > 0, variances, np.inf))
    scaled = change / deviations[..., None] / deviations[..., None, :]
    near = np.asarray(sum_of_squares(scaled, 2) < 0.25)[..., None]
    off = np.where(near[..., None], scaled, 0.0) * (1.0 - np.eye(d))
    e, u = np.linalg.eigh(linalg.symmetric_part(off))
    # An axis without variance counts as one that is independent of the others.
    still = (variances == 0)[..., None] * np.eye(d)
    unit = linalg.side_by_side(rows / deviations[..., None], still)
    far, s, _ = np.linalg.svd(unit, full_matrices=False)
    turn = np.where(near[..., None], u, far)
    terms = _excess_minus_log(np.where(near, e, s * s - 1.0), s)
    shares = 0.5 * (turn**2 @ np.where(np.isfinite(terms), terms, 0.0)[..., None])[..., 0]
    if _varies_along_all(rows, cov):
        return shares
    # Fewer dimensions than axes with variance: some combination of the axes does not vary.
    flat = (variances > 0).sum(axis=-1) > cov.rank()
    return np.where(flat[..., None] & (variances > 0), np.inf, shares)


def _excess_minus_log(excess: Array, root: Array) -> Array:
    """Return e − log(1 + e), given e where it is small and √(1 + e) where it is not."""
    near = np.abs(excess) < 0.5
    usual = ~near & (root > 0) & np.isfinite(root)
    safe = np.where(usual, root, 1.0)
    far = np.where(usual, safe * safe - 1.0 - 2.0 * np.log(safe), np.inf)
    return np.where(near, linalg.x_minus_log1p(np.where(near, excess, 0.0)), far)


def _squared(shift: Array, variances: Array) -> Array:
    """Return Δ_i²/v_i; without variance a shift is infinitely far."""
    safe = np.where(variances > 0, variances, 1.0)
    off = np.where(shift == 0, 0.0, np.inf)
    return np.where(variances > 0, (shift / np.sqrt(safe)) ** 2, off)


def explained_metric(metric: Any, known: Iterable[Any]) -> None:
    """Check that a metric is one of those whose parts are known."""
    if not any(metric is function for function in known):
        names = ", ".join(function.__name__ for function in known)
        raise ValueError(
            f"metric must be one of {names} of gaussmetrics, got "
            f"{getattr(metric, '__name__', repr(metric))}. Other metrics have no such split."
        )
