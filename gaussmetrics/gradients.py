"""Closed-form gradients of the distances, in both means and both covariances.

The gradient of f in a symmetric matrix Σ is the symmetric matrix G with df = tr(G dΣ) for every
symmetric dΣ. Its entry off the diagonal is half the derivative by the number that stands in two
places of Σ at once. Of a diagonal covariance the variances are stored, and their gradient is the
diagonal of G; for a factor, Σ = F Fᵀ, the chain rule gives df = 2 tr((G F)ᵀ dF).

No gradient here differentiates an eigenvector: repeated eigenvalues are points like any other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import final

import numpy as np

from gaussmetrics import _checks, _linalg, _pair
from gaussmetrics._linalg import transpose
from gaussmetrics._typing import Array, Scalars
from gaussmetrics.covariance import Covariance, Diagonal
from gaussmetrics.divergences import bhattacharyya_distance, hellinger_distance
from gaussmetrics.gaussian import Gaussian, operands


@final
@dataclass(frozen=True, eq=False)
class Gradient:
    """The gradient of a function of two Gaussians, one for each pair of a batch.

    Attributes
    ----------
    p_mean, q_mean : (..., d) array
        Gradients in the means.
    p_cov, q_cov : (..., d, d) array, or (..., d) array
        Gradients in the covariances, symmetric matrices G with df = tr(G dΣ). For a covariance
        made by `Covariance.from_diagonal`, the gradient in its variances; for every other
        structure the gradient in the matrix Σ itself.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> slope = gm.squared_wasserstein_distance_gradient(p, q)
    >>> print(slope.p_mean, slope.q_mean, slope.p_cov, slope.q_cov)
    [-2.] [2.] [[-1.]] [[0.5]]
    """

    p_mean: Array
    p_cov: Array
    q_mean: Array
    q_cov: Array


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
    p, q = _operands("kl_divergence_gradient", p, q)
    return _gradient(_kl, p, q)


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
    p, q = _operands("jeffreys_divergence_gradient", p, q)
    return _gradient(_jeffreys, p, q)


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
    p, q = _operands("renyi_divergence_gradient", p, q)
    order = _checks.positive_number("alpha", alpha)
    return _gradient(partial(_renyi, order), p, q)


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
    p, q = _operands("bhattacharyya_distance_gradient", p, q)
    return _gradient(_bhattacharyya, p, q)


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
    p, q = _operands("hellinger_distance_gradient", p, q)
    distance = hellinger_distance(p, q)
    remedy = "bhattacharyya_distance_gradient, which is zero there"
    _checks.distinct_operands("hellinger_distance_gradient", remedy, distance)
    factor = np.exp(-bhattacharyya_distance(p, q)) / (2.0 * distance)
    inner = _gradient(_bhattacharyya, p, q)
    parts = (inner.p_mean, inner.p_cov, inner.q_mean, inner.q_cov)
    return Gradient(*(_scaled(factor, part) for part in parts))


def squared_wasserstein_distance_gradient(p: Gaussian, q: Gaussian) -> Gradient:
    """Return the gradient of the squared Wasserstein-2 distance.

    ∂/∂μp = 2Δ,  ∂/∂Σp = I − T,  ∂/∂μq = −2Δ,  ∂/∂Σq = I − T⁻¹,  Δ = μp − μq

    with the optimal map T of N(0, Σp) to N(0, Σq), the positive T with T Σp T = Σq.

    Parameters
    ----------
    p, q : Gaussian
        Laws of the same dimension with positive definite covariances; batches (...) broadcast.

    Returns
    -------
    Gradient
        In squared units of the variables per unit of the parameter; right to relative rounding
        near p = q.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If a covariance is singular, dimensions differ or batches do not broadcast.

    References
    ----------
    Olkin & Pukelsheim 1982, doi:10.1016/0024-3795(82)90112-4; Bhatia, Jain & Lim 2019,
    doi:10.1016/j.exmath.2018.01.002.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([1.0], [[4.0]])
    >>> print(gm.squared_wasserstein_distance_gradient(p, q).p_cov)
    [[-1.]]
    """
    p, q = _operands("squared_wasserstein_distance_gradient", p, q)
    return _gradient(_wasserstein, p, q)


# Gradients in dense parameters


def _renyi(alpha: float, p: Gaussian, q: Gaussian) -> Gradient:
    """Return the gradient of D_α in the basis B where Σq is I and Σp is diag(λ).

    There the covariance part is a sum of g(λ_i), and g′ = ½ α (λ − 1) / [λ (α + (1−α)λ)].
    """
    beta = 1.0 - alpha
    basis, excess, ratio = _pair.joint_basis(p.covariance, q.covariance)
    mixed = alpha + beta * ratio
    _checks.finite_renyi(alpha, mixed)
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


def _wasserstein(p: Gaussian, q: Gaussian) -> Gradient:
    a, b = p.covariance, q.covariance
    mean = 2.0 * (p.mean - q.mean)
    return Gradient(mean, -_pair.map_minus_identity(a, b), -mean, -_pair.map_minus_identity(b, a))


# Shapes


def _operands(name: str, p: Gaussian, q: Gaussian) -> tuple[Gaussian, Gaussian]:
    operands(name, p, q)
    full = {k: law.covariance.rank() == law.dim for k, law in (("p", p), ("q", q))}
    _checks.positive_definite_operands(name, **full)
    return p, q


def _gradient(
    in_matrices: Callable[[Gaussian, Gaussian], Gradient], p: Gaussian, q: Gaussian
) -> Gradient:
    """Bring a gradient in means and matrices to the batch of pairs, and to what is stored."""
    a, b = p.covariance, q.covariance
    if isinstance(a, Diagonal) and isinstance(b, Diagonal):
        g = in_matrices(_coordinates(p), _coordinates(q))
        parts = (g.p_mean[..., 0], g.p_cov[..., 0, 0], g.q_mean[..., 0], g.q_cov[..., 0, 0])
    else:
        g = in_matrices(p, q)
        parts = (g.p_mean, _as_stored(g.p_cov, a), g.q_mean, _as_stored(g.q_cov, b))
    batch = np.broadcast_shapes(p.batch_shape, q.batch_shape)
    cores = (1, _stored_dimensions(a), 1, _stored_dimensions(b))
    return Gradient(
        *(
            np.broadcast_to(part, (*batch, *part.shape[part.ndim - core :])).copy()
            for part, core in zip(parts, cores, strict=True)
        )
    )


def _coordinates(p: Gaussian) -> Gaussian:
    """Return the batch of the laws of the coordinates, which are independent."""
    return Gaussian._from_checked(p.mean[..., None], Diagonal(p.covariance.variances()[..., None]))


def _stored_dimensions(cov: Covariance) -> int:
    return 1 if isinstance(cov, Diagonal) else 2


def _as_stored(matrix: Array, cov: Covariance) -> Array:
    return _linalg.diagonal(matrix) if isinstance(cov, Diagonal) else matrix


def _congruence(basis: Array, values: Array) -> Array:
    """Return Bᵀ diag(x) B."""
    return _linalg.symmetric_part(transpose(basis) @ (values[..., None] * basis))


def _scaled(factor: Scalars, part: Array) -> Array:
    """Multiply an array (..., d) or (..., d, d) by numbers (...)."""
    numbers = np.asarray(factor)
    return numbers.reshape(numbers.shape + (1,) * (part.ndim - numbers.ndim)) * part
