"""The affine-invariant family: entropy, Kullback–Leibler, Bhattacharyya, Hellinger, Rényi and kin.

Each is a sum over the eigenvalues of Σq⁻¹Σp plus a quadratic form in Δ = μp − μq, so none changes
when both laws are carried through the same invertible affine map (entropies excepted). All are in
nats.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from gaussmetrics import _checks, _linalg, _pair
from gaussmetrics._typing import Scalars
from gaussmetrics.covariance import Covariance
from gaussmetrics.gaussian import LOG_2PI, Gaussian, operand, operands


def entropy(p: Gaussian) -> Scalars:
    """Return the differential entropy H(p) = −E_p log p of a Gaussian.

    H = ½ log det Σ + ½ d (1 + log 2π)

    Parameters
    ----------
    p : Gaussian
        A law or a batch (...) of laws.

    Returns
    -------
    float or (...) array
        In nats; negative for concentrated laws.

    Raises
    ------
    TypeError
        If p is not a Gaussian.

    References
    ----------
    Cover & Thomas, Elements of Information Theory (2006), theorem 8.4.1,
    doi:10.1002/047174882X.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> print(f"{gm.entropy(gm.Gaussian.standard(1)):.6f}")
    1.418939
    """
    p = operand("entropy", "p", p)
    log_det = np.broadcast_to(p.covariance.log_det(), p.batch_shape)
    return 0.5 * (log_det + p.covariance.rank() * (1.0 + LOG_2PI))


def cross_entropy(p: Gaussian, q: Gaussian) -> Scalars:
    """Return the cross-entropy H(p, q) = −E_p log q = H(p) + KL(p‖q).

    H(p, q) = ½ [log det Σq + d log 2π + tr(Σq⁻¹Σp) + Δᵀ Σq⁻¹ Δ],  Δ = μp − μq

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. The expectation is under p.

    Returns
    -------
    float or (...) array
        In nats.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ or batches do not broadcast.

    References
    ----------
    Cover & Thomas, Elements of Information Theory (2006), section 8.5, doi:10.1002/047174882X.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(f"{gm.cross_entropy(p, q):.6f}")
    1.862086
    """
    p, q = operands("cross_entropy", p, q)
    a, b = p.covariance, q.covariance
    square = _pair.infinite_unless(_pair.support_within(a, b), _mean_square(p, q))
    return 0.5 * (b.log_det() + b.rank() * LOG_2PI + square)


def kl_divergence(p: Gaussian, q: Gaussian) -> Scalars:
    """Return the Kullback–Leibler divergence KL(p‖q) = E_p log(p/q) of p from q.

    KL(p‖q) = ½ [Δᵀ Σq⁻¹ Δ + tr(Σq⁻¹Σp) − log det(Σq⁻¹Σp) − d],  Δ = μp − μq

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. The expectation is under p: swapping
        the operands changes the value.

    Returns
    -------
    float or (...) array
        In nats; zero if and only if p = q, and right to relative rounding near zero.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ or batches do not broadcast.

    References
    ----------
    Kullback & Leibler 1951, doi:10.1214/aoms/1177729694; the derivation: Su Jianlin,
    https://kexue.fm/archives/8512.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(f"{gm.kl_divergence(p, q):.6f} {gm.kl_divergence(q, p):.6f}")
    0.443147 1.306853
    """
    p, q = operands("kl_divergence", p, q)
    return _kl(p, q)


def bhattacharyya_distance(p: Gaussian, q: Gaussian) -> Scalars:
    """Return the Bhattacharyya distance D_B = −log ∫ √(p q).

    D_B = ½ log[det Σ / √(det Σp det Σq)] + ⅛ Δᵀ Σ⁻¹ Δ,  Σ = ½ (Σp + Σq),  Δ = μp − μq

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. Symmetric in p and q.

    Returns
    -------
    float or (...) array
        In nats; zero if and only if p = q, and right to relative rounding near zero. It does not
        obey the triangle inequality; the Hellinger distance does.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ or batches do not broadcast.

    References
    ----------
    Kailath 1967, doi:10.1109/TCOM.1967.1089532; the derivation: Su Jianlin,
    https://kexue.fm/archives/8512.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(f"{gm.bhattacharyya_distance(p, q):.6f}")
    0.161572
    """
    p, q = operands("bhattacharyya_distance", p, q)
    return _about_midpoint(p, q, 0.125)


def bhattacharyya_coefficient(p: Gaussian, q: Gaussian) -> Scalars:
    """Return the Bhattacharyya coefficient BC = ∫ √(p q) = exp(−D_B), the overlap of two laws.

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. Symmetric in p and q.

    Returns
    -------
    float or (...) array
        Between 0 (disjoint) and 1 (equal), without unit.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ or batches do not broadcast.

    References
    ----------
    Kailath 1967, doi:10.1109/TCOM.1967.1089532.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(f"{gm.bhattacharyya_coefficient(p, q):.6f}")
    0.850805
    """
    p, q = operands("bhattacharyya_coefficient", p, q)
    return np.exp(-bhattacharyya_distance(p, q))


def hellinger_distance(p: Gaussian, q: Gaussian) -> Scalars:
    """Return the Hellinger distance H = √(1 − ∫ √(p q)) = √(1 − exp(−D_B)).

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. Symmetric in p and q.

    Returns
    -------
    float or (...) array
        The distance itself, not its square; between 0 and 1, without unit. A metric.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ or batches do not broadcast.

    References
    ----------
    Pardo, Statistical Inference Based on Divergence Measures (2005), doi:10.1201/9781420034813.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(f"{gm.hellinger_distance(p, q):.6f}")
    0.386257
    """
    p, q = operands("hellinger_distance", p, q)
    return np.sqrt(-np.expm1(-bhattacharyya_distance(p, q)))


def jeffreys_divergence(p: Gaussian, q: Gaussian) -> Scalars:
    """Return Jeffreys' divergence J = KL(p‖q) + KL(q‖p), the plain sum.

    J = ½ [tr(Σq⁻¹Σp) + tr(Σp⁻¹Σq) − 2d + Δᵀ (Σp⁻¹ + Σq⁻¹) Δ],  Δ = μp − μq

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. Symmetric in p and q.

    Returns
    -------
    float or (...) array
        In nats, the sum and not half of it; zero if and only if p = q, and right to relative
        rounding near zero. Infinite between different supports.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ or batches do not broadcast.

    References
    ----------
    Jeffreys 1946, doi:10.1098/rspa.1946.0056; Kullback & Leibler 1951,
    doi:10.1214/aoms/1177729694.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(f"{gm.jeffreys_divergence(p, q):.6f}")
    1.750000
    """
    p, q = operands("jeffreys_divergence", p, q)
    return kl_divergence(p, q) + kl_divergence(q, p)


def renyi_divergence(p: Gaussian, q: Gaussian, *, alpha: float) -> Scalars:
    """Return Rényi's divergence D_α(p‖q) = log ∫ p^α q^(1−α) / (α − 1) of order α.

    D_α = ½ α Δᵀ Σ_α⁻¹ Δ + ½ log[det Σ_α / (det Σp^(1−α) det Σq^α)] / (1 − α),
    Σ_α = (1 − α) Σp + α Σq,  Δ = μp − μq

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. Swapping them changes the value:
        (1 − α) D_α(p‖q) = α D_(1−α)(q‖p).
    alpha : float
        The order, positive and finite. Order 1 is KL, order ½ twice the Bhattacharyya distance.

    Returns
    -------
    float or (...) array
        In nats, increasing in α; zero if and only if p = q, and right to relative rounding near
        zero. Infinite between different supports, and for α > 1 where Σ_α is not positive
        definite, because the integral diverges.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian, or alpha not a number.
    ValueError
        If dimensions differ, batches do not broadcast, or alpha is not positive and finite.

    Notes
    -----
    Between low-rank plus diagonal covariances the cost is O(d r²) for α < 1. For α > 1 it is
    O(d³), because whether Σ_α is definite takes the eigenvalues of Σq⁻¹Σp.

    References
    ----------
    Gil, Alajaji & Linder 2013, doi:10.1016/j.ins.2013.06.018; van Erven & Harremoës 2014,
    arXiv:1206.2459.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(f"{gm.renyi_divergence(p, q, alpha=0.5):.6f}")
    0.323144
    >>> print(gm.renyi_divergence(q, p, alpha=2))
    inf
    """
    p, q = operands("renyi_divergence", p, q)
    alpha = _checks.positive_number("alpha", alpha)
    if alpha == 1.0:
        return kl_divergence(p, q)
    if alpha > 1.0:
        return _chernoff_exponent(p, q, common_axes(p, q), alpha) / (1.0 - alpha)
    mixture = _pair.mixture(p.covariance, q.covariance, 1.0 - alpha)
    shape = _pair.renyi_shape(p.covariance, q.covariance, mixture, alpha)
    return shape + 0.5 * alpha * _squared_mahalanobis(p, q, mixture)


def chi_squared_divergence(p: Gaussian, q: Gaussian) -> Scalars:
    """Return Pearson's χ² divergence χ²(p‖q) = ∫ (p − q)² / q = exp(D_2(p‖q)) − 1.

    D_2 is Rényi's divergence of order 2.

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. The square is relative to q: swapping
        the operands gives Neyman's χ².

    Returns
    -------
    float or (...) array
        Without unit; zero if and only if p = q, and right to relative rounding near zero. Infinite
        unless 2Σq − Σp is positive definite, and where exp(D_2) exceeds the largest float.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ or batches do not broadcast.

    Notes
    -----
    Costs O(d³) for all structures but the diagonal one.

    References
    ----------
    Nielsen & Nock 2014, arXiv:1309.3029.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(f"{gm.chi_squared_divergence(p, q):.6f}")
    0.744026
    """
    p, q = operands("chi_squared_divergence", p, q)
    with np.errstate(over="ignore"):
        return np.expm1(renyi_divergence(p, q, alpha=2.0))


def chernoff_information(p: Gaussian, q: Gaussian) -> Scalars:
    """Return the Chernoff information C = max over α of −log ∫ p^α q^(1−α), 0 < α < 1.

    It is the rate at which the error of the best test between p and q decays with the number of
    samples, and also KL(m‖p) = KL(m‖q) for the law m ∝ p^α q^(1−α) at the best α.

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. Symmetric in p and q.

    Returns
    -------
    float or (...) array
        In nats, at least the Bhattacharyya distance; zero if and only if p = q, and right to
        relative rounding near zero. Infinite between different supports.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ or batches do not broadcast.

    Notes
    -----
    The maximum is that of a concave function of one variable, found by bisection of its slope.
    Costs O(d³) for all structures but the diagonal one.

    References
    ----------
    Chernoff 1952, doi:10.1214/aoms/1177729330; Nielsen 2013, arXiv:1102.2684; Nielsen 2022,
    doi:10.3390/e24101400.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(f"{gm.chernoff_information(p, q):.6f}")
    0.172117
    """
    p, q = operands("chernoff_information", p, q)
    axes = common_axes(p, q)
    return _chernoff_exponent(p, q, axes, _pair.chernoff_point(axes, 0.0))


def chernoff_alpha(p: Gaussian, q: Gaussian) -> Scalars:
    """Return the α in (0, 1) that maximises −log ∫ p^α q^(1−α), as the Chernoff information does.

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. Swapping them turns α into 1 − α.

    Returns
    -------
    float or (...) array
        The weight of p, without unit; ½ for equal covariances, for equal laws, and between
        different supports, where every α gives infinity.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ or batches do not broadcast.

    Notes
    -----
    Costs O(d³) for all structures but the diagonal one.

    References
    ----------
    Nielsen 2013, arXiv:1102.2684; Nielsen 2022, doi:10.3390/e24101400.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(f"{gm.chernoff_alpha(p, q):.6f}")
    0.370577
    """
    p, q = operands("chernoff_alpha", p, q)
    axes = common_axes(p, q)
    finite = np.isfinite(_chernoff_exponent(p, q, axes, 0.5))
    return np.where(finite, _pair.chernoff_point(axes, 0.0), 0.5)[()]


def cauchy_schwarz_divergence(p: Gaussian, q: Gaussian) -> Scalars:
    """Return the Cauchy–Schwarz divergence −log[∫ p q / √(∫ p² ∫ q²)].

    D_CS = ½ log[det Σ / √(det Σp det Σq)] + ¼ Δᵀ Σ⁻¹ Δ,  Σ = ½ (Σp + Σq),  Δ = μp − μq

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. Symmetric in p and q.

    Returns
    -------
    float or (...) array
        In nats; zero if and only if p = q, and right to relative rounding near zero. Infinite
        between different supports.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ or batches do not broadcast.

    References
    ----------
    Jenssen, Príncipe, Erdogmus & Eltoft 2006, doi:10.1016/j.jfranklin.2006.03.018.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(f"{gm.cauchy_schwarz_divergence(p, q):.6f}")
    0.211572
    """
    p, q = operands("cauchy_schwarz_divergence", p, q)
    return _about_midpoint(p, q, 0.25)


def geometric_jensen_shannon_divergence(p: Gaussian, q: Gaussian) -> Scalars:
    """Return the geometric Jensen–Shannon divergence ½ KL(p‖g) + ½ KL(q‖g), g ∝ √(p q).

    The normal g has the mean of the precisions as its precision, and the divergence is
    J/4 − D_B, with Jeffreys' divergence J and the Bhattacharyya distance D_B.

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. Symmetric in p and q.

    Returns
    -------
    float or (...) array
        In nats; zero if and only if p = q, and right to relative rounding near zero. Unlike the
        Jensen–Shannon divergence it exceeds log 2 for laws far apart, and it may grow where a
        coordinate is forgotten; infinite between different supports.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ or batches do not broadcast.

    References
    ----------
    Nielsen 2019, arXiv:1904.04017.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(f"{gm.geometric_jensen_shannon_divergence(p, q):.6f}")
    0.275928
    """
    p, q = operands("geometric_jensen_shannon_divergence", p, q)
    quarter = 0.25 * jeffreys_divergence(p, q)
    finite = np.isfinite(quarter)
    distance = np.where(finite, bhattacharyya_distance(p, q), 0.0)
    return quarter - distance[()]


class JensenShannonBounds(NamedTuple):
    """What the Jensen–Shannon divergence lies between.

    Attributes
    ----------
    lower, upper : float or (...) array
        In nats.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> bounds = gm.jensen_shannon_bounds(p, q)
    >>> print(f"{bounds.lower:.6f} {bounds.upper:.6f}")
    0.077526 0.325413
    """

    lower: Scalars
    upper: Scalars


def jensen_shannon_bounds(p: Gaussian, q: Gaussian) -> JensenShannonBounds:
    """Return bounds on JS(p, q) = ½ KL(p‖m) + ½ KL(q‖m), m = ½ (p + q), which has no closed form.

    −log[½ (1 + BC)] ≤ JS ≤ −½ log[½ (1 + exp(−KL(p‖q)))] − ½ log[½ (1 + exp(−KL(q‖p)))],
    BC = ∫ √(p q)

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension; batches (...) broadcast. Symmetric in p and q.

    Returns
    -------
    JensenShannonBounds
        A named pair (lower, upper), each a float or (...) array, in nats, from 0 at p = q to log 2
        for disjoint laws. Near p = q they are J/16 and J/4, and JS itself is J/8.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If dimensions differ or batches do not broadcast.

    References
    ----------
    Kolchinsky & Tracey 2017, arXiv:1706.02419.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> lower, upper = gm.jensen_shannon_bounds(p, q)
    >>> print(f"{lower:.6f} {upper:.6f}")
    0.077526 0.325413
    """
    p, q = operands("jensen_shannon_bounds", p, q)
    ends = kl_divergence(p, q), kl_divergence(q, p)
    upper = 0.5 * _mixed_overlap(ends[0]) + 0.5 * _mixed_overlap(ends[1])
    return JensenShannonBounds(_mixed_overlap(bhattacharyya_distance(p, q)), upper)


def _mixed_overlap(distance: Scalars) -> Scalars:
    """Return −log[½ (1 + exp(−D))]."""
    return -np.log1p(0.5 * np.expm1(-distance))


def mutual_information(p: Gaussian, x_index: Any, y_index: Any) -> Scalars:
    """Return the mutual information I(x; y) of two groups of coordinates of one law.

    I = KL(p_xy ‖ p_x ⊗ p_y) = ½ log[det Σxx det Σyy / det Σ] = −½ Σ log(1 − ρ²),
    with the canonical correlations ρ of x and y.

    Parameters
    ----------
    p : Gaussian
        A law or a batch (...) of laws.
    x_index, y_index : int, slice, sequence of int, or boolean mask
        Two groups of coordinates that share none; others are forgotten.

    Returns
    -------
    float or (...) array
        In nats; zero if and only if x and y are independent, and right to relative rounding near
        zero. Infinite where a direction of y is a function of x.

    Raises
    ------
    TypeError
        If p is not a Gaussian.
    ValueError
        If a coordinate is out of range or named twice.

    References
    ----------
    Cover & Thomas, Elements of Information Theory (2006), section 8.5, doi:10.1002/047174882X.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p = gm.Gaussian([0.0, 0.0], [[1.0, 0.6], [0.6, 1.0]])
    >>> print(f"{gm.mutual_information(p, 0, 1):.6f}")
    0.223144
    """
    p = operand("mutual_information", "p", p)
    x = _checks.coordinates("x_index", x_index, p.dim, p.names)
    y = _checks.coordinates("y_index", y_index, p.dim, p.names)
    _checks.disjoint(x, y)
    value = _pair.shared_information(p.covariance, x, y)
    return np.broadcast_to(value, p.batch_shape)[()] * 1.0


def common_axes(p: Gaussian, q: Gaussian) -> _pair.Axes:
    """Return two laws in the coordinates where q is standard normal and p is independent."""
    with np.errstate(over="ignore", invalid="ignore"):
        scales, shift = _pair.common_axes(p.covariance, q.covariance, p.mean - q.mean)
    return _pair.Axes(scales, np.fmin(shift, np.inf))


def _chernoff_exponent(p: Gaussian, q: Gaussian, axes: _pair.Axes, alpha: Any) -> Scalars:
    """Return −log ∫ p^α q^(1−α), of the sign of 1 − α; infinite in size where supports differ."""
    with np.errstate(over="ignore"):
        value = _pair.chernoff_exponent(axes, alpha)
    same = supports_agree(p, q)
    return value if same is True else np.where(same, value, np.sign(1.0 - alpha) * np.inf)[()]


def supports_agree(p: Gaussian, q: Gaussian) -> Any:
    """Tell whether both laws live on the same affine subspace."""
    if not (p.covariance.singular or q.covariance.singular):
        return True
    finite = np.isfinite(_squared_mahalanobis(p, q, q.covariance))
    return finite & _pair.supports_agree(p.covariance, q.covariance)


def _about_midpoint(p: Gaussian, q: Gaussian, weight: float) -> Scalars:
    """Return ½ log[det Σ / √(det Σp det Σq)] + w Δᵀ Σ⁻¹ Δ with Σ = ½ (Σp + Σq)."""
    a, b = p.covariance, q.covariance
    if not np.any(_pair.supports_agree(a, b)):
        return np.full(np.broadcast_shapes(p.batch_shape, q.batch_shape), np.inf)[()]
    middle = _pair.midpoint(a, b)
    shape = _pair.bhattacharyya_shape(a, b, middle)
    return shape + weight * _squared_mahalanobis(p, q, middle)


def _infinite_beyond_floats(square: Callable[..., Scalars]) -> Callable[..., Scalars]:
    """Make a sum of squares infinite where it, or a sum on the way to it, leaves the floats."""

    def infinite(*operands: Any) -> Scalars:
        with np.errstate(over="ignore", invalid="ignore"):
            # ∞ − ∞ is NaN, and the smaller of NaN and ∞ is ∞ to fmin.
            return np.fmin(square(*operands), np.inf)

    return infinite


@_infinite_beyond_floats
def _kl(p: Gaussian, q: Gaussian) -> Scalars:
    shape, distance = _pair.kl_terms(p.covariance, q.covariance, p.mean - q.mean)
    return shape + 0.5 * _on_support(distance, p, q, q.covariance)


@_infinite_beyond_floats
def _mean_square(p: Gaussian, q: Gaussian) -> Scalars:
    """Return E_p (x − μq)ᵀ Σq⁻¹ (x − μq)."""
    trace = _pair.relative_trace(p.covariance, q.covariance)
    return trace + _squared_mahalanobis(p, q, q.covariance)


@_infinite_beyond_floats
def _squared_mahalanobis(p: Gaussian, q: Gaussian, cov: Covariance) -> Scalars:
    """Return Δᵀ Σ⁻¹ Δ, infinite where the difference of the means leaves the support of Σ."""
    distance = _linalg.sum_of_squares(cov.whiten(p.mean - q.mean), 1)
    return _on_support(distance, p, q, cov)


def _on_support(distance: Scalars, p: Gaussian, q: Gaussian, cov: Covariance) -> Scalars:
    """Return the distance, infinite where the difference of the means leaves the support of Σ."""
    if not cov.singular:
        return distance
    magnitude = _linalg.norm(p.mean) + _linalg.norm(q.mean)
    return _pair.infinite_unless(cov.contains(p.mean - q.mean, magnitude), distance)
