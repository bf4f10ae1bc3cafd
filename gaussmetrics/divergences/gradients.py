"""Gradients of the affine-invariant family, in both means and both covariances."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from gaussmetrics._array import linalg, reading
from gaussmetrics._array.linalg import transpose
from gaussmetrics._array.types import Array, Scalars
from gaussmetrics.divergences.overlap import bhattacharyya_distance, hellinger_distance
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.pairs.common_axes import joint_basis
from gaussmetrics.pairs.gradient import Gradient, in_stored_shapes, regular_operands


def kl_divergence_gradient(p: Gaussian, q: Gaussian) -> Gradient:
    """Return the gradient of the Kullback–Leibler divergence KL(p‖q).

    ∂/∂μp = Σq⁻¹Δ,  ∂/∂Σp = ½ (Σq⁻¹ − Σp⁻¹),  ∂/∂Σq = ½ (Σq⁻¹ − Σq⁻¹ (Σp + ΔΔᵀ) Σq⁻¹),
    ∂/∂μq = −∂/∂μp,  Δ = μp − μq

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension with positive definite covariances; batches (...) broadcast.

    Returns
    -------
    Gradient
        In nats per unit of the parameter; right to relative rounding near p = q.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If a covariance is singular, dimensions differ or batches do not broadcast.

    References
    ----------
    Magnus & Neudecker, Matrix Differential Calculus (2019), doi:10.1002/9781119541219.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> gradient = gm.kl_divergence_gradient(p, q)
    >>> print(gradient.p_mean, gradient.p_cov, gradient.q_mean, gradient.q_cov)
    [-0.25] [[-0.375]] [0.25] [[0.0625]]
    """
    p, q = regular_operands("kl_divergence_gradient", p, q)
    return in_stored_shapes(_kl, p, q)


def jeffreys_divergence_gradient(p: Gaussian, q: Gaussian) -> Gradient:
    """Return the gradient of the Jeffreys divergence J = KL(p‖q) + KL(q‖p), the plain sum.

    ∂/∂μp = (Σp⁻¹ + Σq⁻¹)Δ,  ∂/∂Σp = ½ (Σq⁻¹ − Σp⁻¹ (Σq + ΔΔᵀ) Σp⁻¹),  and the same with p and q
    exchanged, Δ = μp − μq

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension with positive definite covariances; batches (...) broadcast.

    Returns
    -------
    Gradient
        In nats per unit of the parameter; right to relative rounding near p = q.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If a covariance is singular, dimensions differ or batches do not broadcast.

    References
    ----------
    Jeffreys 1946, doi:10.1098/rspa.1946.0056; the derivatives: Magnus & Neudecker, Matrix
    Differential Calculus (2019), doi:10.1002/9781119541219.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(gm.jeffreys_divergence_gradient(p, q).p_mean)
    [-1.25]
    """
    p, q = regular_operands("jeffreys_divergence_gradient", p, q)
    return in_stored_shapes(_jeffreys, p, q)


def renyi_divergence_gradient(p: Gaussian, q: Gaussian, *, alpha: float) -> Gradient:
    """Return the gradient of the Rényi divergence D_α(p‖q) = log ∫ p^α q^(1−α) / (α − 1).

    With S = (1−α)Σp + αΣq, v = S⁻¹Δ and Δ = μp − μq:

    ∂/∂μp = α v,  ∂/∂Σp = ½ [S⁻¹ − Σp⁻¹ − α(1−α) v vᵀ],
    ∂/∂μq = −α v,  ∂/∂Σq = ½ α/(1−α) [S⁻¹ − Σq⁻¹] − ½ α² v vᵀ;  α = 1 is KL(p‖q), continuously.

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension with positive definite covariances; batches (...) broadcast.
    alpha : float
        The order α > 0.

    Returns
    -------
    Gradient
        In nats per unit of the parameter; right to relative rounding near p = q.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian, or alpha no real number.
    ValueError
        If alpha is not positive, the divergence is infinite (α > 1 and S not positive definite), a
        covariance is singular, dimensions differ or batches do not broadcast.

    References
    ----------
    Gil, Alajaji & Linder 2013, doi:10.1016/j.ins.2013.06.018.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(gm.renyi_divergence_gradient(p, q, alpha=0.5).p_mean)
    [-0.2]
    """
    p, q = regular_operands("renyi_divergence_gradient", p, q)
    order = reading.positive_number("alpha", alpha)
    return in_stored_shapes(partial(_renyi, order), p, q)


def bhattacharyya_distance_gradient(p: Gaussian, q: Gaussian) -> Gradient:
    """Return the gradient of the Bhattacharyya distance D_B = −log ∫ √(p q).

    With Σ = ½ (Σp + Σq), v = Σ⁻¹Δ and Δ = μp − μq:

    ∂/∂μp = ¼ v,  ∂/∂Σp = ¼ (Σ⁻¹ − Σp⁻¹) − 1/16 v vᵀ,  and the same with p and q exchanged

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension with positive definite covariances; batches (...) broadcast.

    Returns
    -------
    Gradient
        In nats per unit of the parameter; right to relative rounding near p = q.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If a covariance is singular, dimensions differ or batches do not broadcast.

    References
    ----------
    Kailath 1967, doi:10.1109/TCOM.1967.1089532; half the Rényi divergence of order ½: Gil, Alajaji
    & Linder 2013, doi:10.1016/j.ins.2013.06.018.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(gm.bhattacharyya_distance_gradient(p, q).p_mean)
    [-0.1]
    """
    p, q = regular_operands("bhattacharyya_distance_gradient", p, q)
    return in_stored_shapes(_bhattacharyya, p, q)


def hellinger_distance_gradient(p: Gaussian, q: Gaussian) -> Gradient:
    """Return the gradient of the Hellinger distance H = √(1 − exp(−D_B)).

    ∇H = exp(−D_B) / (2H) · ∇D_B

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension with positive definite covariances; batches (...) broadcast.

    Returns
    -------
    Gradient
        Per unit of the parameter; right to relative rounding near p = q.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If p = q, where a distance has a kink, a covariance is singular, dimensions differ or
        batches do not broadcast.

    References
    ----------
    Pardo, Statistical Inference Based on Divergence Measures (2005), doi:10.1201/9781420034813;
    D_B: Kailath 1967, doi:10.1109/TCOM.1967.1089532.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(gm.hellinger_distance_gradient(p, q).p_mean.round(6))
    [-0.110135]
    """
    p, q = regular_operands("hellinger_distance_gradient", p, q)
    distance = hellinger_distance(p, q)
    remedy = "bhattacharyya_distance_gradient, which is zero there"
    distinct_operands("hellinger_distance_gradient", remedy, distance)
    factor = np.exp(-bhattacharyya_distance(p, q)) / (2.0 * distance)
    inner = in_stored_shapes(_bhattacharyya, p, q)
    parts = (inner.p_mean, inner.p_cov, inner.q_mean, inner.q_cov)
    return Gradient(*(_scaled(factor, part) for part in parts))


def _renyi(alpha: float, p: Gaussian, q: Gaussian) -> Gradient:
    """Return the gradient of D_α in the basis B where Σq is I and Σp is diag(λ).

    There the covariance part is a sum of g(λ_i), and g′ = ½ α (λ − 1) / [λ (α + (1−α)λ)].
    """
    beta = 1.0 - alpha
    basis, excess, ratio = joint_basis(p.covariance, q.covariance)
    mixed = alpha + beta * ratio
    finite_renyi(alpha, mixed)
    shift = (basis @ (p.mean - q.mean)[..., None])[..., 0] / mixed
    v = (transpose(basis) @ shift[..., None])[..., 0]
    outer = v[..., :, None] * v[..., None, :]
    slope = 0.5 * alpha * excess / (ratio * mixed)
    p_cov = _congruence(basis, slope) - (0.5 * alpha * beta) * outer
    q_cov = -_congruence(basis, ratio * slope) - (0.5 * alpha * alpha) * outer
    return Gradient(alpha * v, p_cov, -alpha * v, q_cov)


def _kl(p: Gaussian, q: Gaussian) -> Gradient:
    return _renyi(1.0, p, q)


def _bhattacharyya(p: Gaussian, q: Gaussian) -> Gradient:
    twice = _renyi(0.5, p, q)
    return Gradient(0.5 * twice.p_mean, 0.5 * twice.p_cov, 0.5 * twice.q_mean, 0.5 * twice.q_cov)


def _jeffreys(p: Gaussian, q: Gaussian) -> Gradient:
    there, back = _kl(p, q), _kl(q, p)
    mean = there.p_mean + back.q_mean
    return Gradient(mean, there.p_cov + back.q_cov, -mean, there.q_cov + back.p_cov)


def _congruence(basis: Array, values: Array) -> Array:
    """Return Bᵀ diag(x) B."""
    return linalg.symmetric_part(transpose(basis) @ (values[..., None] * basis))


def _scaled(factor: Scalars, part: Array) -> Array:
    """Multiply an array (..., d) or (..., d, d) by numbers (...)."""
    numbers = np.asarray(factor)
    return numbers.reshape(numbers.shape + (1,) * (part.ndim - numbers.ndim)) * part


def distinct_operands(gradient: str, remedy: str, distance: Any) -> None:
    """Check that a distance is taken where it has a gradient."""
    if not np.all(distance):
        raise ValueError(
            f"{gradient} is not defined where p = q: the distance has a kink there. Use {remedy}."
        )


def finite_renyi(alpha: float, mixed: Array) -> None:
    """Check that a Rényi divergence has a gradient: that (1−α)Σp + αΣq is positive definite."""
    if not np.all(mixed > 0):
        raise ValueError(
            f"renyi_divergence_gradient is not defined where the divergence is infinite: at "
            f"alpha={alpha:g} the matrix (1 - alpha) cov_p + alpha cov_q is not positive definite. "
            "Take a smaller alpha."
        )
