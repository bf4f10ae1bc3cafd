"""Gradients of the affine-invariant family, in both means and both covariances."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np

from gaussmetrics._array import reading
from gaussmetrics._array.beyond_floats import Scaled, congruence, exponential, scaled_product
from gaussmetrics._array.types import Array, Mask
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

    See Also
    --------
    kl_divergence, jeffreys_divergence_gradient, Gradient

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

    See Also
    --------
    jeffreys_divergence, kl_divergence_gradient, Gradient

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

    See Also
    --------
    renyi_divergence, kl_divergence_gradient, Gradient

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

    See Also
    --------
    bhattacharyya_distance, hellinger_distance_gradient, Gradient

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

    See Also
    --------
    hellinger_distance, bhattacharyya_distance_gradient, Gradient

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
    weight = exponential(-bhattacharyya_distance(p, q)).times(0.5 / distance)
    return in_stored_shapes(partial(_hellinger, weight), p, q)


def _kl(p: Gaussian, q: Gaussian) -> Gradient:
    return _slopes(1.0, p, q).within_floats()


def _renyi(alpha: float, p: Gaussian, q: Gaussian) -> Gradient:
    return _slopes(alpha, p, q).within_floats()


def _bhattacharyya(p: Gaussian, q: Gaussian) -> Gradient:
    return _slopes(0.5, p, q).times(0.5).within_floats()


def _hellinger(weight: Scaled, p: Gaussian, q: Gaussian) -> Gradient:
    return _slopes(0.5, p, q).times(0.5).weighted(weight).within_floats()


def _jeffreys(p: Gaussian, q: Gaussian) -> Gradient:
    there, back = _slopes(1.0, p, q), _slopes(1.0, q, p)
    mean = there.mean.plus(back.mean.times(-1.0))
    return Slopes(mean, there.p_cov.plus(back.q_cov), there.q_cov.plus(back.p_cov)).within_floats()


def _slopes(alpha: float, p: Gaussian, q: Gaussian) -> Slopes:
    """Return the slopes of D_α in the basis B where Σq is I and Σp is diag(λ).

    There the covariance part is a sum of g(λ_i), and g′ = ½ α (λ − 1) / [λ (α + (1−α)λ)].
    """
    beta = 1.0 - alpha
    basis, excess, root = joint_basis(p.covariance, q.covariance)
    # λ or 1/λ, whichever is at most one; then that minus one, and √(α + βλ).
    swapped, near = root > 1.0, np.abs(excess) < 0.5
    inner = np.where(swapped, 1.0 / np.maximum(root, 1.0), root)
    small = np.where(near, excess, 0.0)
    small = np.where(swapped, -small / (1.0 + small), small)
    change = np.where(near, small, (inner - 1.0) * (inner + 1.0))
    mixed = _root_of_mixture(alpha, swapped, inner)
    share = np.sqrt(alpha) / mixed
    rows, sign = share * np.sqrt(0.5 * np.abs(change)), np.where(swapped, -1, 1) * np.sign(change)
    stretch = np.where(swapped, share * inner, share) ** 2
    mean = scaled_product(basis, 2.0 * stretch, 0.5 * p.mean - 0.5 * q.mean)
    outer = mean.outer().times(-0.5)
    return Slopes(
        mean,
        congruence(basis / root[..., None], rows, sign).plus(outer.times(beta).over(alpha)),
        congruence(basis, rows, -sign).plus(outer),
    )


def _root_of_mixture(alpha: float, swapped: Mask, inner: Array) -> Array:
    """Return √(α + βλ) for √λ ≤ 1, or of swapped laws √(β + α/λ)."""
    beta = 1.0 - alpha
    a, b = np.where(swapped, beta, alpha), np.where(swapped, alpha, beta)
    if beta >= 0:
        return np.hypot(np.sqrt(a), np.sqrt(b) * inner)
    mixed = a + b * inner * inner
    finite_renyi(alpha, mixed)
    return np.sqrt(mixed)


class Slopes(NamedTuple):
    """A gradient in p's mean, of which that in q's is the opposite, and in both covariances."""

    mean: Scaled
    p_cov: Scaled
    q_cov: Scaled

    def times(self, factor: float) -> Slopes:
        """Multiply by a number."""
        return Slopes(*(part.times(factor) for part in self))

    def weighted(self, weight: Scaled) -> Slopes:
        """Multiply by numbers, one for each pair of laws or for all coordinates of a pair."""
        batch = self.mean.value.ndim - 1
        return Slopes(
            self.mean.product(weight.trailing(batch, 1)),
            self.p_cov.product(weight.trailing(batch, 2)),
            self.q_cov.product(weight.trailing(batch, 2)),
        )

    def within_floats(self) -> Gradient:
        """Return the gradient, infinite where it leaves the floats."""
        mean, p_cov, q_cov = (part.within_floats() for part in self)
        return Gradient(mean, p_cov, -mean, q_cov)


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
