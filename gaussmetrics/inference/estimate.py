"""A metric estimated from two samples: less bias, a standard error, a confidence interval.

The value between two fitted Gaussians is biased, mostly upwards: noise looks like distance. The
jackknife measures that bias, and the standard error, on the data themselves. It fits again without
each group of rows in turn, so one method serves every smooth function of two laws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaussmetrics._array import linalg, reading
from gaussmetrics._array.types import Array
from gaussmetrics.inference import checks
from gaussmetrics.laws import interop
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.laws.moments import Moments
from gaussmetrics.laws.operands import callable_metric
from gaussmetrics.pairwise import CHUNK_BYTES, Metric

GROUPS = 50
"""So many replicates fix a standard error to a tenth: 1/√(2·49)."""


@final
@dataclass(frozen=True, repr=False)
class Estimate:
    """The estimate of a metric from two samples.

    Attributes
    ----------
    value : float
        The metric between the fitted laws minus `bias`; it may fall below zero where the truth is
        near zero, as an estimate without bias must.
    standard_error : float
        Estimated standard deviation of `value` over repeated sampling.
    bias : float
        Estimated bias of the metric between the fitted laws, which is ``value + bias``.
    degrees_of_freedom : int
        Of the standard error: the smaller number of groups, less 1.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> low, high = gm.Estimate(2.0, 0.5, 0.1, 49).confidence_interval()
    >>> print(f"{low:.4f} {high:.4f}")
    0.9952 3.0048
    """

    value: float
    standard_error: float
    bias: float
    degrees_of_freedom: int

    def __repr__(self) -> str:
        return (
            f"Estimate(value={self.value:.6g}, standard_error={self.standard_error:.3g}, "
            f"bias={self.bias:.3g})"
        )

    def confidence_interval(self, confidence_level: float = 0.95) -> tuple[float, float]:
        """Return the interval value ± t · standard_error, t the quantile of Student's law.

        It holds the truth about as often as it says where the metric is smooth at the truth and
        several standard errors from its minimum (see `estimate`). It is not cut off at zero: of a
        metric that is never negative, read a negative end as 0.

        Parameters
        ----------
        confidence_level : float
            Between 0 and 1.

        Returns
        -------
        (low, high) : tuple of float

        Raises
        ------
        TypeError, ValueError
            If the level is no number between 0 and 1.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> low, high = gm.Estimate(2.0, 0.5, 0.1, 49).confidence_interval(0.99)
        >>> print(f"{low:.4f} {high:.4f}")
        0.6600 3.3400
        """
        # Loaded here: importing it takes as long as all of the toolkit.
        from scipy.special import stdtrit

        level = reading.probability("confidence_level", confidence_level)
        # The lower tail, which keeps its digits where the level is close to 1.
        reach = -self.standard_error * float(stdtrit(self.degrees_of_freedom, 0.5 * (1.0 - level)))
        return self.value - reach, self.value + reach


def estimate(
    metric: Metric,
    x: ArrayLike,
    y: ArrayLike,
    *,
    groups: int | None = None,
    allow_singular: bool = False,
) -> Estimate:
    """Estimate a metric of the laws that two samples were drawn from, by the jackknife.

    With θ the metric of the two fitted Gaussians, θⱼ the same without the jth of g groups of rows
    of one sample, and wⱼ the share of that sample's rows that are left:

    bias = Σⱼ wⱼ (θⱼ − θ),  variance = (1/g) Σⱼ [rⱼ (θ − θⱼ) + bias]² / rⱼ,  rⱼ = wⱼ / (1 − wⱼ)

    Biases and variances of both samples add up; value = θ − bias.

    Parameters
    ----------
    metric : callable
        A metric of the library, or any function of two Gaussians that broadcasts like them. For
        one with options: ``functools.partial(gm.renyi_divergence, alpha=0.5)``.
    x : (n, d) array_like
        Independent draws from the first law, one a row; the names of a data frame are kept.
    y : (m, d) array_like
        Independent draws from the second law, independent of x.
    groups : int, optional
        g, from 2 to the number of rows; the metric is computed 2g + 1 times. By default 50, or one
        group a row where a sample has fewer. Larger groups are dealt at random, always alike.
    allow_singular : bool
        Accept more than d rows whose covariance is singular all the same, such as constant columns.

    Returns
    -------
    Estimate
        In the unit of the metric.

    Raises
    ------
    TypeError
        If the metric is not callable or returns no real numbers, a sample does not hold any, or
        groups is no integer.
    ValueError
        If shapes do not fit, columns differ, rows are too few to leave more than d without a
        group, a covariance is singular, or the metric does not broadcast or is infinite.

    Notes
    -----
    What is removed is the bias of order 1/n. Of transport distances that is almost all, even with
    barely more rows than columns. Divergences hold an inverse covariance: with few rows a column
    the correction overshoots, and at 2 rows a column it does more harm than good.

    At p = q a smooth metric has no slope. Of the Kullback–Leibler divergence, the squared
    Wasserstein distance and their like, the value is without bias there and the standard error
    about √2 too large; intervals are then too wide in many dimensions, and in one dimension, there
    and nearby, they hold the truth less often than they say. A distance with a kink at p = q, such
    as `wasserstein_distance` or `hellinger_distance`, keeps half of its bias there: estimate the
    squared distance instead.

    Rows that depend on each other, in time or within a subject, make the standard error too small.

    References
    ----------
    The bias: Quenouille 1956, doi:10.1093/biomet/43.3-4.353; the standard error: Tukey 1958,
    doi:10.1214/aoms/1177706647, and Efron & Stein 1981, doi:10.1214/aos/1176345462; two samples:
    Arvesen 1969, doi:10.1214/aoms/1177697287; groups of unequal size: Busing, Meijer & van der
    Leeden 1999, doi:10.1023/A:1008800423698.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> from sklearn.datasets import load_iris
    >>> iris = load_iris()
    >>> versicolor, virginica = (iris.data[iris.target == k] for k in (1, 2))
    >>> gm.estimate(gm.squared_wasserstein_distance, versicolor, virginica)
    Estimate(value=2.62114, standard_error=0.45, bias=0.0534)
    """
    callable_metric("metric", metric)
    rows_x, rows_y = checks.two_samples(x, y)
    groups_x, groups_y = checks.jackknife_groups(groups, GROUPS, rows_x.shape, rows_y.shape)
    like_p = partial(_law, "x", interop.labels(x), allow_singular)
    like_q = partial(_law, "y", interop.labels(y), allow_singular)
    p, q = like_p(Moments.from_samples(rows_x)), like_q(Moments.from_samples(rows_y))
    value = float(checks.finite_values(metric(p, q), ()))
    of_x = _replicates(lambda law: metric(law, q), like_p, rows_x, groups_x)
    of_y = _replicates(lambda law: metric(p, law), like_q, rows_y, groups_y)
    bias_x, error_x = _jackknife(value, *of_x)
    bias_y, error_y = _jackknife(value, *of_y)
    bias, error = bias_x + bias_y, float(np.hypot(error_x, error_y))
    return Estimate(value - bias, error, bias, min(groups_x, groups_y) - 1)


def _law(
    sample: str, names: Sequence[str] | None, allow_singular: bool, moments: Moments
) -> Gaussian:
    """Return the law with the moments of a sample, or a batch, each without some of its rows."""
    cov = moments.covariance()
    try:
        return Gaussian(moments.mean, cov, names=names, allow_singular=allow_singular)
    except ValueError as error:
        checks.refuse_sample(sample, error, whole=cov.ndim == 2)


def _replicates(
    metric: Callable[[Gaussian], Any],
    fit: Callable[[Moments], Gaussian],
    rows: NDArray[Any],
    groups: int,
) -> tuple[Array, Array]:
    """Return the metric without each group of rows, and the share of the rows that are left."""
    n, d = rows.shape
    # Groups of neighbours would take an order in the rows for noise.
    dealt = rows if groups == n else rows[np.random.default_rng(0).permutation(n)]
    nothing = Moments(np.float64(0.0), np.zeros(d), np.zeros((d, d)))
    left_over = _without_each_group(dealt, groups, nothing)
    counts, values = [], []
    while some := list(islice(left_over, max(1, CHUNK_BYTES // (8 * d * d)))):
        parts = zip(*((m.count, m.mean, m.scatter) for m in some), strict=True)
        laws = fit(Moments(*(np.stack(part) for part in parts)))
        values.append(checks.finite_values(metric(laws), (len(some),)))
        counts += [m.count for m in some]
    return np.concatenate(values), np.array(counts) / n


def _without_each_group(rows: NDArray[Any], groups: int, rest: Moments) -> Iterator[Moments]:
    """Yield the moments of `rest` and all groups but one, for each; halving subtracts nothing."""
    if groups == 1:
        yield rest
        return
    half = groups // 2
    first, second = np.split(rows, [len(rows) * half // groups])
    yield from _without_each_group(first, half, rest + Moments.from_samples(second))
    yield from _without_each_group(second, groups - half, rest + Moments.from_samples(first))


def _jackknife(value: float, replicates: Array, left: Array) -> tuple[float, float]:
    """Return the bias and the standard error that one sample contributes."""
    bias = float(left @ (replicates - value))
    odds = left / (1.0 - left)
    deviations = (odds * (value - replicates) + bias) / np.sqrt(odds * len(left))
    return bias, float(linalg.norm(deviations))
