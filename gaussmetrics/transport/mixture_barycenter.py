"""The mean of mixtures under the distance MW2: components in groups of one from each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike

from gaussmetrics._array import reading
from gaussmetrics._array.types import Array, Index
from gaussmetrics.laws.gaussian import Gaussian, Mixture
from gaussmetrics.laws.gaussian_checks import alike, law_weights
from gaussmetrics.laws.operands import mixture
from gaussmetrics.transport.barycenter import wasserstein_barycenter
from gaussmetrics.transport.maps import wasserstein_geodesic
from gaussmetrics.transport.mixtures import mixture_transport_plan
from gaussmetrics.transport.wasserstein import squared_wasserstein_distance

_MOST = 50_000
_PROVED = 1e-9
_NOTHING = 1e-13


def mixture_wasserstein_barycenter(
    mixtures: Iterable[Mixture],
    weights: ArrayLike | None = None,
    *,
    tolerance: float = 1e-9,
    max_steps: int = 100,
) -> Mixture:
    """Return the barycentre of mixtures, the one with the least mean squared distance MW2.

    Σ λ MW2²(p, ·) is smallest at Σ w_k N_k, sum over groups k of one component from each mixture:
    N_k is the Wasserstein barycentre of the group and w the cheapest plan between all mixtures.

    Parameters
    ----------
    mixtures : sequence of Mixture
        Of one dimension. Of two, with weights [1 − t, t], the barycentre is the geodesic at time t.
    weights : (n,) array_like, optional
        λ, not negative, not all zero; divided by their sum. Equal by default.
    tolerance, max_steps
        Of the barycentres of groups of three and more, as in `wasserstein_barycenter`.

    Returns
    -------
    Mixture
        Of at most as many components as the mixtures have together, less n − 1.

    Raises
    ------
    TypeError
        If an element is not a Mixture, or an option is not a number.
    ValueError
        If there are none, dimensions or names differ, weights do not fit, or there are more than
        50 000 groups; or if all components of a group of three or more are singular.
    RuntimeError
        If an iteration has not converged, or no plan has been proved to be the cheapest.

    See Also
    --------
    wasserstein_barycenter, mixture_transport_plan, mixture_wasserstein_distance

    Notes
    -----
    The plan of two mixtures is exact. That of more is a linear program with an unknown for each
    group, proved by its dual: its cost is at most 1e-9 of the dearest group above the least.

    References
    ----------
    Delon & Desolneux 2020, doi:10.1137/19M1301047, arXiv:1907.05254.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p = gm.Mixture(None, gm.Gaussian([[0.0], [10.0]], [[1.0]]))
    >>> q = gm.Mixture(None, gm.Gaussian([[12.0], [4.0]], [[9.0]]))
    >>> middle = gm.mixture_wasserstein_barycenter([p, q])
    >>> middle.components.mean.ravel(), middle.components.cov.ravel()
    (array([ 2., 11.]), array([4.]))
    """
    given = _several(mixtures)
    shares = law_weights("weights", weights, len(given))
    tolerance = reading.positive_number("tolerance", tolerance)
    steps = reading.step_count("max_steps", max_steps)
    given = [m for m, share in zip(given, shares, strict=True) if share > 0]
    shares = shares[shares > 0]
    if len(given) == 1:
        return given[0]
    if len(given) == 2:
        plan = mixture_transport_plan(*given)
        i, j = np.nonzero(plan)
        ends = given[0].components[i], given[1].components[j]
        return Mixture(plan[i, j], wasserstein_geodesic(*ends, shares[1]))
    groups = _groups(given)
    laws = [[m.components[int(k)] for k in range(len(m.weights))] for m in given]
    centres, costs = [], np.empty(len(groups))
    for number, group in enumerate(groups):
        members = Gaussian.stack([laws[i][k] for i, k in enumerate(group)])
        centre = wasserstein_barycenter(members, shares, tolerance=tolerance, max_steps=steps)
        centres.append(centre)
        costs[number] = shares @ squared_wasserstein_distance(members, centre)
    plan = _cheapest(costs, groups, [m.weights for m in given])
    kept = np.flatnonzero(plan)
    return Mixture(plan[kept], Gaussian.stack([centres[k] for k in kept]))


def _groups(mixtures: Sequence[Mixture]) -> Index:
    """Return the choices of one component from each mixture, leaving out those without weight."""
    chosen = [np.flatnonzero(m.weights) for m in mixtures]
    count = int(np.prod([float(len(part)) for part in chosen]))
    if count > _MOST:
        raise ValueError(
            f"mixture_wasserstein_barycenter takes at most {_MOST} groups of one component from "
            f"each mixture, got {count}. Take the mean of two mixtures at a time, or mixtures of "
            "fewer components."
        )
    return np.stack(np.meshgrid(*chosen, indexing="ij"), axis=-1).reshape(-1, len(chosen))


def _cheapest(costs: Array, groups: Index, weights: Sequence[Array]) -> Array:
    """Return the cheapest plan whose marginals are the weights, proved by its dual."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_array

    starts = np.cumsum([0, *map(len, weights)])
    rows = (groups + starts[:-1]).T.ravel()
    columns = np.tile(np.arange(len(groups)), len(weights))
    shape = (int(starts[-1]), len(groups))
    sums: Any = csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)
    unit = costs.max() or 1.0
    wanted = np.concatenate(weights)
    found: Any = linprog(costs / unit, A_eq=sums, b_eq=wanted, method="highs-ds")
    if found.status != 0:
        _refuse_unproved(found.message)
    shares = np.asarray(found.x)
    plan = np.where(shares > _NOTHING, shares, 0.0)
    prices = found.eqlin.marginals
    slack = min(0.0, float((costs / unit - sums.T @ prices).min()))
    gap = float(costs @ plan / unit - (wanted @ prices + slack))
    if gap > _PROVED:
        _refuse_unproved(f"it costs {gap:.2g} of the dearest group more than the bound of its dual")
    return np.asarray(plan / plan.sum())


def _refuse_unproved(why: str) -> NoReturn:
    """Say that the search for a plan has found none that is certain."""
    raise RuntimeError(
        f"the plan between the mixtures has not been proved to be the cheapest: {why}. Take the "
        "mean of two mixtures at a time."
    )


def _several(mixtures: Any) -> list[Mixture]:
    """Check mixtures that come one after another."""
    name = "mixture_wasserstein_barycenter"
    if isinstance(mixtures, (Mixture, Gaussian)) or not np.iterable(mixtures):
        raise TypeError(
            f"{name} takes a list of Mixture objects, got an object of type "
            f"{type(mixtures).__name__}."
        )
    given = [mixture(name, f"mixtures[{i}]", m) for i, m in enumerate(mixtures)]
    alike(name, given)
    return given
