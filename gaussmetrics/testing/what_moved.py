"""What distinguishes a sample from its reference, in lines for the text of a failed assertion."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gaussmetrics._array.types import Array
from gaussmetrics.divergences import (
    bhattacharyya_coefficient,
    bhattacharyya_distance,
    hellinger_distance,
    kl_divergence,
)
from gaussmetrics.explain import explain
from gaussmetrics.laws.definiteness import correlations
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.laws.moments import Moments
from gaussmetrics.pairwise import Metric
from gaussmetrics.transport import squared_wasserstein_distance, wasserstein_distance

MOST_LINES, NOISE = 4, 2.5
EXPLAINED_BY: dict[Metric, Metric] = {
    bhattacharyya_distance: bhattacharyya_distance,
    bhattacharyya_coefficient: bhattacharyya_distance,
    hellinger_distance: bhattacharyya_distance,
    squared_wasserstein_distance: squared_wasserstein_distance,
    wasserstein_distance: squared_wasserstein_distance,
}
"""The metric whose parts tell what another one sees; of all others those of KL do."""


def what_moved(x: Moments, reference: Moments | Gaussian, source: Any = None) -> list[str]:
    """Return the parts of the divergence, and the largest changes in units of their errors."""
    n, m = float(x.count), np.inf
    if isinstance(reference, Moments):
        m = float(reference.count)
    old = reference if isinstance(reference, Gaussian) else _fitted(reference)
    new, names = _fitted(x), _names(old, source)
    kind = "a known law" if np.isinf(m) else f"{m:g} rows"
    moved = sorted(
        [*_of_columns(new, old, n, m, names), *_of_correlations(new, old, n, m, names)],
        reverse=True,
    )
    clear = [pair for pair in moved[:MOST_LINES] if pair[0] > NOISE] or moved[:1]
    lines = [f"{text} ({size:.3g} standard errors)" for size, text in clear]
    return [f"{n:g} rows against {kind}; {parts_of(kl_divergence, new, old)}", *lines]


def parts_of(metric: Metric, p: Gaussian, q: Gaussian) -> str:
    """Return what means, scales and orientations contribute to a metric, or else to KL."""
    explained = EXPLAINED_BY.get(metric, kl_divergence)
    whole = float(explained(p, q))
    if not np.isfinite(whole):
        return f"{explained.__name__} is infinite: one law lives where the other does not"
    parts = explain(explained, p, q)
    shares = (f"{part} {getattr(parts, part):.3g}" for part in ("mean", "scale", "orientation"))
    return f"{explained.__name__} {whole:.3g}: {', '.join(shares)}"


def _fitted(sample: Moments) -> Gaussian:
    return Gaussian(sample.mean, sample.covariance(), allow_singular=True)


def _names(law: Gaussian, source: Any) -> list[str]:
    names = getattr(source, "columns", None)
    if names is None:
        names = range(law.dim) if law.names is None else law.names
    return [str(name) if isinstance(name, int) else repr(name) for name in names]


def _of_columns(
    new: Gaussian, old: Gaussian, n: float, m: float, names: list[str]
) -> Iterator[tuple[float, str]]:
    """Yield the changes of means and of standard deviations."""
    before, after = _deviations(old), _deviations(new)
    varying = (before > 0) & (after > 0)
    for j in np.flatnonzero(varying):
        shift = abs(new.mean[j] - old.mean[j]) / before[j] / np.sqrt(1 / n + 1 / m)
        yield shift, f"column {names[j]}: mean {old.mean[j]:.4g} → {new.mean[j]:.4g}"
        ratio = abs(np.log(after[j] / before[j])) / np.sqrt(0.5 / (n - 1) + 0.5 / (m - 1))
        text = f"column {names[j]}: standard deviation {before[j]:.4g} → {after[j]:.4g}"
        yield ratio, text


def _of_correlations(
    new: Gaussian, old: Gaussian, n: float, m: float, names: list[str]
) -> Iterator[tuple[float, str]]:
    """Yield the changes of correlations, on the scale of Fisher's z."""
    if min(n, m) <= 3:
        return
    before, after = (np.clip(correlations(law.cov), -1.0, 1.0) for law in (old, new))
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.abs(np.arctanh(after) - np.arctanh(before))
    sizes = np.triu(np.nan_to_num(z, nan=0.0), 1) / np.sqrt(1 / (n - 3) + 1 / (m - 3))
    for index in np.argsort(-sizes, axis=None)[:MOST_LINES]:
        i, j = np.unravel_index(index, sizes.shape)
        if i < j:
            change = f"correlation {before[i, j]:.4g} → {after[i, j]:.4g}"
            yield float(sizes[i, j]), f"columns {names[i]} and {names[j]}: {change}"


def _deviations(law: Gaussian) -> Array:
    return np.sqrt(np.diagonal(law.cov))
