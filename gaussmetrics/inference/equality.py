"""Are the laws of two or more samples equal? Tests that are exact, or hold without a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from itertools import combinations
from operator import add
from typing import Any, Literal, TypeAlias, final

import numpy as np
from numpy.typing import ArrayLike

from gaussmetrics._array import reading
from gaussmetrics.inference import checks, compared, likelihood, permutation, scales
from gaussmetrics.inference.compared import Compared
from gaussmetrics.inference.holm import adjusted
from gaussmetrics.inference.likelihood import Statistic
from gaussmetrics.inference.null_law import ExactLaw, PermutationLaw, exact_law
from gaussmetrics.laws import sample_checks
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.laws.moments import Moments
from gaussmetrics.pairwise import Metric


@final
@dataclass(frozen=True, repr=False)
class EqualityTest:
    """The result of a test of equal laws.

    Attributes
    ----------
    statistic : float
        The statistic of the samples.
    p_value : float
        Probability of one as large where the laws are equal.
    null : PermutationLaw or ExactLaw
        The law of the statistic there.
    name : str
        What the statistic is.
    pairs : dict of (str, str) to EqualityTest
        Of more than two samples, the test of each pair.
    adjusted : dict of (str, str) to float
        The p-values of the pairs, adjusted by Holm: the chance that any of them is below α where
        its laws are equal is at most α.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> from sklearn.datasets import load_iris
    >>> iris = load_iris()
    >>> setosa = iris.data[iris.target == 0]
    >>> gm.equality_test(setosa[::2], setosa[1::2], null="normal")
    EqualityTest(likelihood ratio = 25.08, p = 0.07451, null: the exact law for normal rows)
    """

    statistic: float
    p_value: float
    null: PermutationLaw | ExactLaw
    name: str
    pairs: Mapping[tuple[str, str], EqualityTest] = field(default_factory=dict)
    adjusted: Mapping[tuple[str, str], float] = field(default_factory=dict)

    def __repr__(self) -> str:
        text = f"{self.name} = {self.statistic:.4g}, p = {self.p_value:.4g}, null: {self.null!r}"
        lines = [
            f"  {i} – {j}: {test.statistic:.4g}, adjusted p = {self.adjusted[i, j]:.4g}"
            for (i, j), test in self.pairs.items()
        ]
        return "\n".join([f"EqualityTest({text})", *lines])

    def threshold(self, level: float = 0.05) -> float:
        """Return the least statistic that a test of this size calls unequal.

        Parameters
        ----------
        level : float
            The size of the test, between 0 and 1.

        Returns
        -------
        float
            In the unit of the statistic; infinity if there are too few permutations.

        Raises
        ------
        TypeError, ValueError
            If the level is no number between 0 and 1.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> import numpy as np
        >>> x, y = np.random.default_rng(0).normal(size=(2, 40, 3))
        >>> print(f"{gm.equality_test(x, y, null='normal').threshold(0.05):.2f}")
        17.97
        """
        return self.null.threshold(reading.probability("level", level))


def equality_test(
    x: Any,
    y: ArrayLike | None = None,
    *,
    statistic: Literal["likelihood_ratio"] | Metric = "likelihood_ratio",
    null: Literal["permutation", "normal"] = "permutation",
    means: bool = True,
    covariances: bool = True,
    permutations: int = 999,
    groups: Sequence[ArrayLike] | None = None,
    rng: np.random.Generator | int | None = None,
    shrinkage: float | Literal["oas", "ledoit-wolf"] = 0.0,
    allow_singular: bool = False,
) -> EqualityTest:
    """Test whether two or more samples come from one law.

    L = N log|Σ| − Σ_g n_g log|Σ_g| = 2 Σ_g n_g KL(g‖pooled), covariances of maximum likelihood

    By permutation the test holds for any law, with any statistic: p is the share of deals of all
    rows to the samples, the data's among them, whose statistic is as large. With null="normal" the
    likelihood ratio is compared with its exact law for normal rows, at every n.

    Parameters
    ----------
    x : (n, d) array_like, or in blocks as in `estimate`, or a list or mapping of several
        Independent draws from the first law, one a row. Without y: a list of samples, or a mapping
        of names to samples.
    y : (m, d) array_like, optional
        Independent draws from the second law.
    statistic : "likelihood_ratio" or callable
        Or a metric of two Gaussians, of the fitted laws; of more than two samples the mean over all
        rows of the metric between the sample's law and the pooled one. The likelihood ratio sees
        changes of shape, such as a correlation, best; the squared Wasserstein distance what
        happens in columns of large variance, shifts of the mean above all.
    null : "permutation" or "normal"
        Where rows may have heavy tails, only the first keeps its size.
    means, covariances : bool
        What the likelihood ratio compares. Means alone, of laws with one covariance: Hotelling's
        T² as N log(1 + T²/(N − 2)). Covariances alone: Box's M; its permutations deal rows less
        the mean of their sample, which is exact for large n only.
    permutations : int
        999 let p be 0.001 at least.
    groups : sequence of array_like, optional
        Labels of the rows of each sample: rows with one label, such as those of one subject, are
        dealt together.
    rng : Generator or int, optional
        Deals the rows.
    shrinkage : float, "oas" or "ledoit-wolf"
        As in `Gaussian.from_samples`, for a metric; a formula is evaluated once, on all rows.
    allow_singular : bool
        Accept laws with a singular covariance, for a metric.

    Returns
    -------
    EqualityTest

    Raises
    ------
    TypeError
        If samples do not hold real numbers, or the statistic is no function.
    ValueError
        If shapes do not fit, rows or clusters are too few, labels do not fit the rows, or the
        statistic is infinite or constant.

    See Also
    --------
    equivalence_test, estimate, EqualityTest

    Notes
    -----
    Permutations cost one product of matrices, permutations × groups × d² operations with at most
    about 400 groups of rows for samples of similar size, and the metric of so many laws; 4 MB at a
    time. No law is fitted to rows again. Rows that do not fill a group stay in their sample, and
    those of a sample so much larger than another that it has more than 400 groups.

    A sample in blocks is read once for each test it is in, a matrix of size d × d a group travels
    from each block, and the result is that of one machine, for the same `rng`. Where it is not
    known how many rows there are, a pass to count them comes first.

    References
    ----------
    Exact size of permutations: Phipson & Smyth 2010, doi:10.2202/1544-6115.1585; Hotelling 1931,
    doi:10.1214/aoms/1177732979; Box 1949, doi:10.1093/biomet/36.3-4.317; the joint test: Anderson
    2003, section 10.3, ISBN 978-0-471-36091-9; pairs: Holm 1979, https://www.jstor.org/stable/4615733.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> from sklearn.datasets import load_iris
    >>> iris = load_iris()
    >>> versicolor, virginica = (iris.data[iris.target == k] for k in (1, 2))
    >>> gm.equality_test(versicolor, virginica, rng=0)
    EqualityTest(likelihood ratio = 190.6, p = 0.001, null: 999 permutations of rows)
    """
    samples = compared.read(x, y, groups)
    checks.null_name(null)
    checks.statistic_of_test(statistic, null, means=means, covariances=covariances)
    permutations = reading.step_count("permutations", permutations)
    sample_checks.shrinkage("shrinkage", shrinkage)
    generator = reading.generator(rng)
    if groups is not None:
        checks.no_groups_of_normal_rows(null)
    if callable(statistic):
        make = partial(_of_metric, statistic, shrinkage, allow_singular)
    else:
        checks.options_of_likelihood(shrinkage, allow_singular=allow_singular)
        make = partial(_of_likelihood, means, covariances)
    law = partial(exact_law, means=means, covariances=covariances) if null == "normal" else None
    test = _Procedure(make, law, not means, permutations, generator)
    whole = test(samples)
    if len(samples) == 2:
        return whole
    pairs = {
        (first.name, second.name): test([first, second])
        for first, second in combinations(samples, 2)
    }
    p_values = adjusted([pair.p_value for pair in pairs.values()])
    return EqualityTest(
        whole.statistic,
        whole.p_value,
        whole.null,
        whole.name,
        pairs,
        dict(zip(pairs, p_values, strict=True)),
    )


def exact_test(
    samples: Sequence[Moments], *, means: bool = True, covariances: bool = True
) -> EqualityTest:
    """Compare the likelihood ratio of samples, known by their moments, with its exact law."""
    wanted = {"means": means, "covariances": covariances}
    value = float(likelihood.chosen(**wanted)(samples))
    law = exact_law([float(part.count) for part in samples], samples[0].mean.size, **wanted)
    return EqualityTest(value, law.p_value(value), law, "likelihood ratio")


Maker: TypeAlias = Callable[[Sequence[Compared], Sequence[Moments]], tuple[str, Statistic]]


@dataclass(frozen=True)
class _Procedure:
    """A test of any samples: how to make its statistic, and its exact law or how to deal rows."""

    statistic_of: Maker
    exact: Callable[[Sequence[int], int], ExactLaw] | None
    residuals: bool
    permutations: int
    rng: np.random.Generator

    def __call__(self, samples: Sequence[Compared]) -> EqualityTest:
        if self.exact is None:
            return self._by_permutation(samples)
        moments = compared.moments_of(samples)
        name, _, observed = self._observed(samples, moments)
        law = self.exact([int(m.count) for m in moments], moments[0].mean.size)
        return EqualityTest(observed, law.p_value(observed), law, name)

    def _observed(
        self, samples: Sequence[Compared], moments: Sequence[Moments]
    ) -> tuple[str, Statistic, float]:
        name, statistic = self.statistic_of(samples, moments)
        observed = float(statistic(compared.about_their_mean(moments)))
        checks.finite_statistics(np.array([observed]))
        return name, statistic, observed

    def _by_permutation(self, samples: Sequence[Compared]) -> EqualityTest:
        summed = compared.in_groups(samples, self.rng)
        name, statistic, observed = self._observed(samples, summed.moments)
        units = summed.units(each=self.residuals)
        checks.ways_to_deal(units.counts())
        dealt = permutation.moments_dealt(units, self.permutations, self.rng)
        values = [np.atleast_1d(statistic(moments)) for moments in dealt]
        law = PermutationLaw(np.concatenate(values), units.name)
        checks.finite_statistics(np.array([observed, *law.values]))
        return EqualityTest(observed, law.p_value(observed), law, name)


def _of_likelihood(
    means: bool, covariances: bool, samples: Sequence[Compared], moments: Sequence[Moments]
) -> tuple[str, Statistic]:
    names, sizes = [sample.name for sample in samples], [int(m.count) for m in moments]
    d = moments[0].mean.size
    if covariances:
        checks.rows_for_likelihood(names, sizes, d)
        for name, part in zip(names, moments, strict=True):
            compared.determines_a_law(name, part)
    else:
        checks.rows_for_means(sizes, d)
        scatter = np.sum([m.scatter for m in moments], axis=0)
        within = Moments(np.float64(sum(sizes)), np.zeros(d), scatter)
        compared.determines_a_law("x less its means", within)
    parts = {"means": means, "covariances": covariances}
    of = "" if all(parts.values()) else f" of {next(k for k, v in parts.items() if v)}"
    return f"likelihood ratio{of}", likelihood.chosen(**parts)


def _of_metric(
    metric: Metric,
    shrinkage: Any,
    allow_singular: bool,
    samples: Sequence[Compared],
    moments: Sequence[Moments],
) -> tuple[str, Statistic]:
    checks.two_rows_each([sample.name for sample in samples], [int(m.count) for m in moments])
    gamma = shrinkage
    if isinstance(shrinkage, str):
        gamma = compared.pooled_shrinkage(samples, reduce(add, moments), shrinkage)

    # A metric of the user's own is told where the laws are, far from the origin too.
    place = 0.0 if scales.unmoved(metric) else reduce(add, moments).mean

    def law(moments: Moments) -> Gaussian:
        cov = moments.covariance()
        if gamma:
            target = np.trace(cov, axis1=-2, axis2=-1) / cov.shape[-1]
            cov = (1.0 - gamma) * cov + gamma * target[..., None, None] * np.eye(cov.shape[-1])
        try:
            return Gaussian(moments.mean + place, cov, allow_singular=allow_singular)
        except ValueError as error:
            checks.refuse_dealt(error)

    def statistic(parts: Sequence[Moments]) -> Any:
        laws = [law(moments) for moments in parts]
        if len(laws) == 2:
            return checks.broadcast_values(metric(*laws), laws[0].batch_shape)
        whole = law(reduce(add, parts))
        counts = [moments.count for moments in parts]
        values = [checks.broadcast_values(metric(one, whole), one.batch_shape) for one in laws]
        return sum(n * v for n, v in zip(counts, values, strict=True)) / sum(counts)

    return checks.name_of(metric), statistic
