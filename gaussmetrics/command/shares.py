"""What of a distance is due to means, scales and orientations."""

from __future__ import annotations

from gaussmetrics.explain import explain
from gaussmetrics.laws import Gaussian
from gaussmetrics.transport import squared_wasserstein_distance


def shares(p: Gaussian, q: Gaussian) -> dict[str, float] | None:
    """Return the shares of the parts in the squared Wasserstein distance, if there is any."""
    split = explain(squared_wasserstein_distance, p, q)
    if not split.total > 0:
        return None
    parts = {"means": split.mean, "scales": split.scale, "orientations": split.orientation}
    return {name: float(part / split.total) for name, part in parts.items()}
