"""Whether two laws live on one subspace: the one decision, and laws in the coordinates they share.

Two supports are one where they have the same dimension and neither law leaves that of the other by
more than can be seen (`Singular.contains`), the difference of the means included. On a common
support some coordinates determine all others, and what no injective linear map changes is the same
for the laws of these coordinates, which have densities. Elsewhere the laws are mutually singular.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gaussmetrics._array import linalg
from gaussmetrics._array.linalg import transpose
from gaussmetrics._array.types import Mask, Scalars
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.laws.operands import mean_difference
from gaussmetrics.laws.structure import Structure
from gaussmetrics.pairs.combinations import as_regular

Metric = Callable[[Gaussian, Gaussian], Scalars]


def on_common_support(metric: Metric, p: Gaussian, q: Gaussian, elsewhere: float) -> Scalars:
    """Return a metric of laws with densities, on their common support, and elsewhere a number."""
    if not (p.covariance.singular or q.covariance.singular):
        return metric(p, q)
    p, q = _together(p, q)
    result = np.full(p.batch_shape, elsewhere)
    of_either = p.covariance.independent(), q.covariance.independent()
    for at, chosen in groups(np.asarray(supports_agree(p, q)), _first_of(*of_either)):
        result[at] = metric(_regular(p, at, chosen), _regular(q, at, chosen))
    return result[()]


def on_second_support(metric: Metric, p: Gaussian, q: Gaussian, elsewhere: float) -> Scalars:
    """Return a metric that needs a density of q alone, where p lies on its support."""
    if not q.covariance.singular:
        return metric(p, q)
    p, q = _together(p, q)
    result = np.full(p.batch_shape, elsewhere)
    for at, chosen in groups(np.asarray(support_within(p, q)), q.covariance.independent()):
        result[at] = metric(_restricted(p, at, chosen), _regular(q, at, chosen))
    return result[()]


def supports_agree(p: Gaussian, q: Gaussian) -> Any:
    """Tell whether both laws live on the same affine subspace."""
    if not (p.covariance.singular or q.covariance.singular):
        return True
    same = np.equal(p.covariance.rank(), q.covariance.rank())
    return same & support_within(p, q) & support_within(q, p) if same.any() else same


def support_within(p: Gaussian, q: Gaussian) -> Any:
    """Tell whether the support of p lies in that of q."""
    if not q.covariance.singular:
        return True
    rounding = linalg.eigenvalue_cutoff(p.dim)
    noise = rounding * np.abs(p.mean) + rounding * np.abs(q.mean)
    return q.covariance.contains(mean_difference(p, q), noise) & range_within(
        p.covariance, q.covariance
    )


def range_within(p: Structure, q: Structure) -> Any:
    """Tell whether p varies in no direction in which q does not."""
    columns = transpose(p.factor())
    each = q[..., None] if q.batch_shape else q
    return each.contains(columns, p.unseen()[..., None, :]).all(axis=-1)


def _together(p: Gaussian, q: Gaussian) -> tuple[Gaussian, Gaussian]:
    """Repeat both laws to the batch of pairs."""
    batch = np.broadcast_shapes(p.batch_shape, q.batch_shape)
    mean_p, mean_q = (np.broadcast_to(law.mean, (*batch, law.dim)) for law in (p, q))
    a, b = (law.covariance.broadcast_to(batch) for law in (p, q))
    return Gaussian._from_checked(mean_p, a), Gaussian._from_checked(mean_q, b)


def _restricted(p: Gaussian, at: Any, chosen: Mask) -> Gaussian:
    """Return the law of some coordinates; of laws that sit in one point, any single one."""
    index = np.flatnonzero(chosen) if chosen.any() else np.zeros(1, dtype=np.intp)
    return Gaussian._from_checked(p.mean[at][..., index], p.covariance[at].marginal(index))


def _regular(p: Gaussian, at: Any, chosen: Mask) -> Gaussian:
    """Return the law of coordinates that determine all others, which has a density."""
    if not chosen.any():
        # Laws that sit in one and the same point are as near as any law is to itself.
        return Gaussian.standard(1)
    law = _restricted(p, at, chosen)
    return Gaussian._from_checked(law.mean, as_regular(law.covariance))


def _first_of(a: Mask, b: Mask) -> Mask:
    """Return whichever set of coordinates comes first, so that p and q may be swapped."""
    differ = np.argmax(a != b, axis=-1)[..., None]
    return np.where(np.take_along_axis(a, differ, axis=-1), a, b)


def groups(fits: Mask, independent: Mask) -> Iterator[tuple[Any, Mask]]:
    """Yield each set of coordinates, and the pairs that have it."""
    if not fits.ndim:
        yield from [((), independent)] * bool(fits)
        return
    for chosen in np.unique(independent[fits], axis=0):
        yield fits & (independent == chosen).all(axis=-1), chosen


def infinite_beyond_floats(square: Callable[..., Scalars]) -> Callable[..., Scalars]:
    """Make a sum of squares infinite where it, or a sum on the way to it, leaves the floats."""

    quiet = np.errstate(over="ignore", invalid="ignore")(square)

    def infinite(*operands: Any) -> Scalars:
        # ∞ − ∞ is NaN, and the smaller of NaN and ∞ is ∞ to fmin.
        return np.fmin(quiet(*operands), np.inf)

    return infinite


@infinite_beyond_floats
def squared_mahalanobis(p: Gaussian, q: Gaussian, cov: Structure) -> Scalars:
    """Return Δᵀ Σ⁻¹ Δ."""
    return linalg.sum_of_squares(cov.whiten(p.mean - q.mean), 1)
