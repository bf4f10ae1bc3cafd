"""Fixed points x = x + s(x), reached in fewer steps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gaussmetrics._array.types import Array


def accelerated(past: Sequence[tuple[Array, Array]]) -> Array:
    """Return the next point of an iteration x ↦ x + s(x), from its last points and steps (x, s).

    The combination of them whose step is smallest: Anderson's method, after Walker & Ni 2011,
    doi:10.1137/10078356X.
    """
    point, step = past[-1]
    changes, moves = (
        np.diff([part.ravel() for part in parts], axis=0).T
        for parts in ([s for _, s in past], [x for x, _ in past])
    )
    share = np.linalg.lstsq(changes, step.ravel(), rcond=1e-10)[0]
    return point + step - ((changes + moves) @ share).reshape(point.shape)
