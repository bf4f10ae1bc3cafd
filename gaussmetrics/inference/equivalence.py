"""Are two laws so near each other that the difference does not matter?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

from numpy.typing import ArrayLike

from gaussmetrics.inference import checks
from gaussmetrics.inference.estimate import estimate
from gaussmetrics.inference.intervals import Estimate, standardised
from gaussmetrics.pairwise import Metric


@final
@dataclass(frozen=True, repr=False)
class EquivalenceTest:
    """The result of a test that a distance is at least a bound.

    Attributes
    ----------
    estimate : Estimate
        The distance.
    bound : float
        The bound, in the unit of the metric.
    statistic : float
        How many standard errors the estimate is above the bound; below it is negative.
    p_value : float
        A small one shows that the distance is smaller than the bound.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> import numpy as np
    >>> x, y = np.random.default_rng(0).normal(size=(2, 200, 3))
    >>> result = gm.equivalence_test(gm.wasserstein_distance, x, y, 0.5)
    >>> print(f"{result.estimate:.2f}, p = {result.p_value:.1e}")
    0.19 ± 0.16, p = 1.9e-02
    """

    estimate: Estimate
    bound: float
    statistic: float
    p_value: float

    def __repr__(self) -> str:
        return (
            f"EquivalenceTest({self.estimate:.4g}, bound {self.bound:.4g}: "
            f"t = {self.statistic:.3g}, p = {self.p_value:.3g})"
        )


def equivalence_test(
    metric: Metric, x: ArrayLike, y: ArrayLike, bound: float, **options: Any
) -> EquivalenceTest:
    """Test whether the distance of two laws is below a bound.

    H₀: D ≥ bound, against D < bound, by (estimate − bound) / standard error in Student's law

    The standard error is the one at the estimate or at the bound, whichever is larger. p is below α
    where the upper end of the interval of level 1 − 2α lies below the bound. That the laws are not
    shown to differ, by `equality_test`, shows nothing of the kind.

    Parameters
    ----------
    metric : callable
        A distance or divergence of the library, or one of your own with scale="square".
    x : (n, d) array_like, or in blocks as in `estimate`
        Independent draws from the first law, one a row.
    y : (m, d) array_like
        Independent draws from the second law, independent of x.
    bound : float
        The largest distance that does not matter, in the unit of the metric.
    **options
        As in `estimate`: groups, scale, shrinkage, allow_singular.

    Returns
    -------
    EquivalenceTest

    Raises
    ------
    TypeError
        If the bound is no number, or as `estimate` does.
    ValueError
        If the bound is not positive, the metric is not known to be a distance, or as `estimate`
        does.

    See Also
    --------
    equality_test, estimate, EquivalenceTest

    References
    ----------
    Schuirmann 1987, doi:10.1007/BF01068419; Wellek 2010, doi:10.1201/EBK1439808184.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> from sklearn.datasets import load_iris
    >>> iris = load_iris()
    >>> setosa = iris.data[iris.target == 0]
    >>> gm.equivalence_test(gm.hellinger_distance, setosa[::2], setosa[1::2], 0.6)
    EquivalenceTest(0.2629 ± 0.2197, bound 0.6: t = -1.79, p = 0.0427)
    """
    result = estimate(metric, x, y, **options)
    checks.one_estimate(result.value)
    bound = checks.bound_of_equivalence(bound, result.scale, distance=result.distance)
    statistic = standardised(result, bound)
    from scipy.special import stdtr

    p_value = float(stdtr(result.degrees_of_freedom, statistic))
    return EquivalenceTest(result, bound, statistic, p_value)
