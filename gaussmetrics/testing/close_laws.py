"""Are two laws as near as they should be? An assertion about a metric."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gaussmetrics.inference.checks import name_of
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.laws.operands import callable_metric, operands
from gaussmetrics.pairwise import Metric
from gaussmetrics.testing import checks
from gaussmetrics.testing.what_moved import parts_of


def assert_laws_close(p: Gaussian, q: Gaussian, metric: Metric, bound: float) -> None:
    """Assert that a metric of two laws is at most a bound.

    metric(p, q) ≤ bound, for every pair of a batch

    Parameters
    ----------
    p, q : Gaussian
        The laws, whose batches broadcast.
    metric : callable
        Such as `gaussmetrics.kl_divergence` or `gaussmetrics.wasserstein_distance`.
    bound : float
        The largest value that passes, in the unit of the metric.

    Returns
    -------
    None

    Raises
    ------
    AssertionError
        If the metric of a pair exceeds the bound. The text names the worst pair of a batch, and
        says what part of the divergence means, scales and orientations are.
    TypeError, ValueError
        If p or q is no law, their dimensions or batches do not fit, or the bound is no number ≥ 0.

    References
    ----------
    Kullback & Leibler 1951, doi:10.1214/aoms/1177729694; the parts: see `gaussmetrics.explain`.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> from gaussmetrics.testing import assert_laws_close
    >>> p, q = gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([0.1], [[1.1]])
    >>> assert_laws_close(p, q, gm.wasserstein_distance, 0.2)
    >>> assert_laws_close(p, q, gm.kl_divergence, 1e-3)
    Traceback (most recent call last):
        ...
    AssertionError: kl_divergence is 0.006746, more than 0.001.
    kl_divergence 0.00675: mean 0.00455, scale 0.0022, orientation 0
    """
    __tracebackhide__ = True
    checks.laws(p, q)
    operands("assert_laws_close", p, q)
    callable_metric("metric", metric)
    largest, name = checks.bound(bound), name_of(metric)
    batch = np.broadcast_shapes(p.batch_shape, q.batch_shape)
    values = checks.distances(name, metric(p, q), batch)
    if (values <= largest).all():
        return
    worst = np.unravel_index(np.argmax(values), values.shape)
    where = f" for pair {[int(i) for i in worst]} of the batch" if worst else ""
    raise AssertionError(
        f"{name} is {values[worst]:.4g}{where}, more than {largest:g}.\n"
        f"{parts_of(metric, _one(p, worst), _one(q, worst))}"
    )


def _one(law: Gaussian, index: Sequence[np.intp]) -> Gaussian:
    """Return the law that stands at an index of the broadcast batch."""
    shape = law.batch_shape
    if not shape:
        return law
    own = index[len(index) - len(shape) :]
    return law[tuple(0 if size == 1 else int(i) for i, size in zip(own, shape, strict=True))]
