"""Values that cancel between laws near each other, computed anew from the difference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gaussmetrics._array.types import Array, Scalars
from gaussmetrics.laws.structure import Structure


def recompute(
    value: Scalars, cancels: Any, accurate: Callable[..., Array], *covariances: Structure
) -> Scalars:
    """Compute anew, by the accurate formula, the entries of `value` that lose their digits."""
    if not np.ndim(cancels):
        return accurate(*covariances)[()] if cancels else value
    if not cancels.any():
        return value
    result = np.array(value)
    result[cancels] = accurate(*selected(cancels, *covariances))
    return result


def selected(chosen: Any, *covariances: Structure) -> list[Structure]:
    """Return the covariances of a broadcast batch at the places of a mask; of one law, itself."""
    if not np.ndim(chosen):
        return list(covariances)
    return [cov.broadcast_to(chosen.shape)[chosen] for cov in covariances]
