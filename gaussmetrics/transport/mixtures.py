"""Optimal transport between mixtures of Gaussians, component by component."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gaussmetrics._array import linalg
from gaussmetrics._array.types import Array
from gaussmetrics.laws.gaussian import Gaussian, Mixture, operand
from gaussmetrics.laws.gaussian_checks import flat_batch, law_weights
from gaussmetrics.laws.operands import same_names, same_space
from gaussmetrics.pairwise import pairwise
from gaussmetrics.transport.plans import cheapest_plan
from gaussmetrics.transport.wasserstein import wasserstein_distance


def mixture_wasserstein_distance(
    ps: Gaussian | Mixture,
    qs: Gaussian | Mixture,
    *,
    weights_p: ArrayLike | None = None,
    weights_q: ArrayLike | None = None,
) -> np.float64:
    """Return MW2, the Wasserstein-2 distance of mixtures over couplings that are mixtures too.

    MW2² = min Σ w_ij W2²(p_i, q_j) over w ≥ 0 with row sums weights_p, column sums weights_q

    Parameters
    ----------
    ps, qs : Gaussian or Mixture
        The components of each mixture: batches of shapes (n,) and (m,) of one dimension. A
        `Mixture`, such as `Gaussian.from_mixture` makes, brings its weights.
    weights_p : (n,) array_like, optional
        Not negative, not all zero; divided by their sum. Equal by default.
    weights_q : (m,) array_like, optional
        Likewise.

    Returns
    -------
    float
        The distance itself, not squared, in the unit of the variables. At least W2 of the two
        mixtures, and at least W2 of the Gaussians with their means and covariances.

    Raises
    ------
    TypeError
        If ps or qs is not a Gaussian or weights do not hold numbers.
    ValueError
        If a batch is empty or not one-dimensional, dimensions differ, or weights do not fit.
    RuntimeError
        If no plan has been proved to be the cheapest.

    See Also
    --------
    mixture_transport_plan, wasserstein_distance, Mixture

    Notes
    -----
    Equal weights are an assignment, solved exactly. Other plans are proved by the dual of the
    linear program: their cost is at most 2e-15 of itself above the least, whatever the distances
    of the components, for the weights as given (sums of theirs that differ by rounding differ).
    A linear program of n·m unknowns comes first: 1000 and 1000 components take about a minute,
    100 000 and 10 several, and a gigabyte.

    References
    ----------
    Delon & Desolneux 2020, doi:10.1137/19M1301047, arXiv:1907.05254.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> ps = gm.Gaussian([[0.0], [10.0]], [[1.0]])
    >>> qs = gm.Gaussian([[10.0], [3.0]], [[1.0]])
    >>> print(f"{gm.mixture_wasserstein_distance(ps, qs):.6f}")
    2.121320
    """
    distances, plan = _solve("mixture_wasserstein_distance", ps, qs, weights_p, weights_q)
    return np.float64(linalg.norm((distances * np.sqrt(plan)).ravel()))


def mixture_transport_plan(
    ps: Gaussian | Mixture,
    qs: Gaussian | Mixture,
    *,
    weights_p: ArrayLike | None = None,
    weights_q: ArrayLike | None = None,
) -> Array:
    """Return how much of each component goes to which: the plan behind MW2.

    argmin Σ w_ij W2²(p_i, q_j) over w ≥ 0 with row sums weights_p, column sums weights_q

    Parameters
    ----------
    ps, qs : Gaussian or Mixture
        The components of each mixture: batches of shapes (n,) and (m,) of one dimension. A
        `Mixture`, such as `Gaussian.from_mixture` makes, brings its weights.
    weights_p : (n,) array_like, optional
        Not negative, not all zero; divided by their sum. Equal by default.
    weights_q : (m,) array_like, optional
        Likewise.

    Returns
    -------
    (n, m) array
        The weights w, which sum to one; at most n + m − 1 of them are positive. Mass moves from
        component i to component j along ``transport_map(ps[i], qs[j])``.

    Raises
    ------
    TypeError
        If ps or qs is not a Gaussian or weights do not hold numbers.
    ValueError
        If a batch is empty or not one-dimensional, dimensions differ, or weights do not fit.
    RuntimeError
        If no plan has been proved to be the cheapest.

    See Also
    --------
    mixture_wasserstein_distance, Mixture

    References
    ----------
    Delon & Desolneux 2020, doi:10.1137/19M1301047, arXiv:1907.05254.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> ps = gm.Gaussian([[0.0], [10.0]], [[1.0]])
    >>> qs = gm.Gaussian([[10.0], [3.0]], [[1.0]])
    >>> gm.mixture_transport_plan(ps, qs, weights_q=[3.0, 1.0])
    array([[0.25, 0.25],
           [0.5 , 0.  ]])
    """
    return _solve("mixture_transport_plan", ps, qs, weights_p, weights_q)[1]


def _solve(
    name: str,
    ps: Gaussian | Mixture,
    qs: Gaussian | Mixture,
    weights_p: ArrayLike | None,
    weights_q: ArrayLike | None,
) -> tuple[Array, Array]:
    ps, a = _parts(name, "ps", ps, "weights_p", weights_p)
    qs, b = _parts(name, "qs", qs, "weights_q", weights_q)
    same_space(name, ps.dim, qs.dim)
    same_names(name, ps.names, qs.names)
    distances = pairwise(wasserstein_distance, ps, qs)
    return distances, cheapest_plan(_squares(distances), a, b)


def _parts(
    name: str, label: str, laws: Any, weights_label: str, weights: ArrayLike | None
) -> tuple[Gaussian, Array]:
    """Check one mixture and return its components and their weights."""
    if isinstance(laws, Mixture):
        weights_once(weights_label, label, weights)
        weights, laws, weights_label = *laws, f"{label}.weights"
    flat_batch(label, operand(name, label, laws))
    return laws, law_weights(weights_label, weights, len(laws))


def _squares(distances: Array) -> Array:
    """Return the squares in a unit in which those 300 decades apart are told from zero."""
    # The largest is near 2⁴⁹⁰, so that sums of a million squares stay within the floats.
    _, exponent = np.frexp(distances.max())
    return np.ldexp(distances, 490 - exponent) ** 2


def weights_once(name: str, operand: str, weights: Any) -> None:
    """Check that a mixture, which has weights, is not given others."""
    if weights is not None:
        raise ValueError(
            f"{name} must be left out when {operand} is a Mixture, which has weights. For other "
            f"weights pass {operand}.components."
        )
