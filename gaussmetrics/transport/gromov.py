"""The distance of Gromov and Wasserstein, between laws of any two dimensions, and its map."""

from __future__ import annotations

import numpy as np

from gaussmetrics._array import linalg, reading
from gaussmetrics._array.types import Scalars
from gaussmetrics.laws.gaussian import Gaussian, operand
from gaussmetrics.laws.operands import symmetric
from gaussmetrics.pairs.couplings import aligned_axes, eigenvalue_differences
from gaussmetrics.transport.maps import GromovWassersteinMap, map_exists


@symmetric
def gromov_wasserstein_distance(p: Gaussian, q: Gaussian) -> Scalars:
    """Return the Gromov–Wasserstein distance over Gaussian couplings, a comparison of shapes.

    GW² = min E(‖X − X′‖² − ‖Y − Y′‖²)² = 4 (tr Σp − tr Σq)² + 8 Σ (λi − κi)²

    (X, Y) and (X′, Y′) are independent copies of a jointly Gaussian coupling, λ and κ the
    eigenvalues of Σp and Σq, largest first, the shorter list filled with zeros.

    Parameters
    ----------
    p, q : Gaussian
        Laws whose dimensions may differ; batches (...) broadcast. Symmetric in p and q.

    Returns
    -------
    float or (...) array
        The distance itself, not squared, in squared units of the variables, because it compares
        squared distances. Zero where a rigid motion carries one law to the other.

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If batches do not broadcast.

    See Also
    --------
    wasserstein_distance

    Notes
    -----
    Over all couplings the minimum may be smaller: this is an upper bound on it. Between nearly
    equal laws digits are kept where no two eigenvalues of a law are as near each other as those of
    the two laws; elsewhere the error is about 1e-15 times the largest eigenvalue. Eigenvalues known
    without rounding, zeros of singular laws and noise of one variance, may repeat.

    References
    ----------
    Delon, Desolneux & Salmona 2022, doi:10.1017/jpr.2022.16, arXiv:2104.07970.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian.standard(2)
    >>> print(f"{gm.gromov_wasserstein_distance(p, q):.6f}")
    3.464102
    """
    operand("gromov_wasserstein_distance", "p", p)
    operand("gromov_wasserstein_distance", "q", q)
    reading.batch_shape("p and q", p.batch_shape, q.batch_shape)
    difference = eigenvalue_differences(p.covariance, q.covariance)
    value = np.hypot(2.0 * difference.sum(axis=-1), np.sqrt(8.0) * linalg.norm(difference))
    return np.broadcast_to(value, np.broadcast_shapes(p.batch_shape, q.batch_shape))[()]


def gromov_wasserstein_map(p: Gaussian, q: Gaussian) -> GromovWassersteinMap:
    """Return the map from p to q that keeps distances best: the coupling behind GW, as a map.

    x ↦ μq + T (x − μp),  T = Σ wᵢ ± √(κᵢ/λᵢ) vᵢᵀ,  T Σp Tᵀ = Σq

    λ and v are the eigenvalues and eigenvectors of Σp, κ and w those of Σq, largest first: each
    axis goes to the axis of the same rank.

    Parameters
    ----------
    p, q : Gaussian
        Laws whose dimensions m and n may differ; batches (...) broadcast. The map goes from p to q.

    Returns
    -------
    GromovWassersteinMap
        A function of points (..., m), with `matrix` (..., n, m) and `offset` (..., n).

    Raises
    ------
    TypeError
        If p or q is not a Gaussian.
    ValueError
        If batches do not broadcast, or q varies in more directions than p: no map leads there.

    See Also
    --------
    gromov_wasserstein_distance, transport_map

    Notes
    -----
    Distances do not see reflections, so each sign may be either. Taken is the one that makes
    vᵢ · wᵢ positive over the coordinates that both laws have, which brings an image of p by little
    more than a stretch back to where it was. Where eigenvalues repeat, their axes may turn.

    References
    ----------
    Delon, Desolneux & Salmona 2022, doi:10.1017/jpr.2022.16, arXiv:2104.07970.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p, q = gm.Gaussian([0.0, 0.0], [[1.0, 0.0], [0.0, 4.0]]), gm.Gaussian([1.0], [[9.0]])
    >>> gm.gromov_wasserstein_map(p, q).matrix
    array([[0. , 1.5]])
    """
    operand("gromov_wasserstein_map", "p", p)
    operand("gromov_wasserstein_map", "q", q)
    reading.batch_shape("p and q", p.batch_shape, q.batch_shape)
    matrix, exists = aligned_axes(p.covariance, q.covariance)
    map_exists(exists)
    batch = np.broadcast_shapes(p.batch_shape, q.batch_shape)
    return GromovWassersteinMap(p, q, np.broadcast_to(matrix, (*batch, q.dim, p.dim)))
