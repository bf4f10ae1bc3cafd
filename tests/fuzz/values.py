"""Every function of one pair of laws, evaluated once, and how exactly it can be known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import gaussmetrics as gm

from .cases import Case
from .findings import Finding
from .metrics import ALL, SIGNED, Metric
from .watching import Broken, Refused, finding, number

EPS = float(np.finfo(float).eps)
LARGE = 1e300


class Values(dict[str, Any]):
    """The answers by name; functions that refused, or were broken, are missing."""

    def __init__(self, p: gm.Gaussian, q: gm.Gaussian, metrics: list[Metric] = ALL) -> None:
        super().__init__()
        self.p, self.q = p, q
        self.broken: list[Finding] = []
        self.refused: dict[str, str] = {}
        shape = np.broadcast_shapes(p.batch_shape, q.batch_shape)
        for metric in metrics:
            if metric.name.startswith("maximum_mean") and _too_wide(p, q):
                continue
            signed = metric.name in SIGNED
            try:
                self[metric.name] = number(
                    lambda m=metric: m.function(p, q), signed=signed, shape=shape
                )
            except Broken as broken:
                self.broken.append(finding(metric.name, broken))
            except Refused as refused:
                self.refused[metric.name] = str(refused)

    def both(self, other: Values) -> Iterator[str]:
        return (name for name in self if name in other)


def _too_wide(p: gm.Gaussian, q: gm.Gaussian) -> bool:
    """Whether an ulp of the laws is no longer small beside the bandwidth: no digit is known."""
    size = max(float(np.max(np.abs(law.cov), initial=0.0)) for law in (p, q))
    return bool(np.sqrt(size) * EPS > 1e-6)


def condition(case: Case) -> float:
    """The largest condition number of the two covariances, each on its support, in any unit.

    A factor knows axes that its matrix does not, with a condition of its own.
    """
    worst = 1.0
    for law in (case.plain().p, case.plain().q):
        factor = law.covariance.factor()
        sizes = np.linalg.norm(factor, axis=-1, keepdims=True)
        axes = np.linalg.svd(factor / np.where(sizes > 0, sizes, 1), compute_uv=False)
        for values, cutoff in (
            (np.linalg.eigvalsh(law.cov)[..., ::-1], 1e-13),
            (axes, 4 * law.dim * EPS),
        ):
            top = values[..., :1]
            least = np.where(values > cutoff * top, values, top).min(axis=-1)
            ratio = top[..., 0] / np.where(least > 0, least, 1)
            worst = max(worst, float(np.max(ratio, initial=1.0)))
    return worst


def same_numbers(case: Case) -> float:
    """The relative tolerance between two ways to one answer from the same numbers."""
    if case.relation == "tilted supports":
        return 1.0  # rounding decides what is left of the supports, and only the verdict is one
    loose = 1.0 if case.regular else 1e3
    return loose * (1e-11 + 300 * EPS * condition(case))


def another_form(case: Case) -> float:
    """What is left of Σ, in parts of its size, where it goes on by its factor or its matrix.

    Of a precision the largest eigenvalue of Σ is known to κ ε.
    """
    return EPS * (condition(case) if "precision" in case.structures else 1.0)


def unit_of(values: Values, name: str) -> float:
    """What rounding leaves of zero, where a distance is a difference of computed spectra."""
    if name != "gromov_wasserstein_distance":
        return 0.0
    return 30 * EPS * max(float(np.max(np.abs(law.cov), initial=0)) for law in (values.p, values.q))


def rounded_again(case: Case, values: Values, name: str) -> tuple[float, float]:
    """Tolerances, relative and absolute, where the covariances were rounded in between.

    Rounding moves an affine invariant by ε κ of the distance √(8 D_B), and a transport distance by
    ε √κ of the size of the laws.
    """
    if case.relation == "tilted supports":
        return 0.3, 0.0
    kappa = condition(case)
    distance = np.sqrt(8 * np.min(values.get("bhattacharyya_distance", 1.0), initial=1.0))
    relative = 1e-10 + 300 * EPS * kappa * (1 + 1 / max(distance, 1e-300))
    size = max(float(np.max(np.abs(law.cov), initial=0)) for law in (values.p, values.q))
    unit = 100 * EPS * np.sqrt(kappa * size)
    if "squared_wasserstein" in name:
        w = float(np.sqrt(np.max(values.get(name, 0.0), initial=0.0)))
        return 1e-10, unit * (2 * w + unit)
    if name in ("wasserstein_distance", "gelbrich_bound"):
        return 1e-10, unit
    if name == "gromov_wasserstein_distance":
        return 1e-10, 1000 * another_form(case) * size
    return relative, 1e-14 if "alpha" not in name else 1e-9


def differ(a: Any, b: Any, rtol: float, atol: float = 0.0) -> bool:
    """Whether two answers disagree; beyond 1e300 infinity is as good as a number."""
    a, b = np.broadcast_arrays(np.asarray(a, float), np.asarray(b, float))
    large = (np.abs(a) > LARGE) & (np.abs(b) > LARGE) & (np.sign(a) == np.sign(b))
    tiny = (np.abs(a) < 1e-290) & (np.abs(b) < 1e-290)
    with np.errstate(invalid="ignore", over="ignore"):
        close = np.abs(a - b) <= atol + rtol * np.maximum(np.abs(a), np.abs(b))
    close &= np.isfinite(a) & np.isfinite(b)
    return not (large | tiny | close).all()


def versus(a: Any, b: Any) -> str:
    return f"{np.asarray(a)} against {np.asarray(b)}"
