"""Do rows come from the law that they should? An assertion with a stated rate of false alarms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from gaussmetrics.inference import EqualityTest, equality_test
from gaussmetrics.inference import checks as inference_checks
from gaussmetrics.inference.equality import exact_test
from gaussmetrics.inference.known_law import against
from gaussmetrics.inference.null_law import exact_law_of_one
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.laws.moments import Moments
from gaussmetrics.pairwise import Metric
from gaussmetrics.testing import checks
from gaussmetrics.testing.what_moved import what_moved


def assert_same_law(
    x: ArrayLike | Moments,
    reference: ArrayLike | Moments | Gaussian,
    *,
    statistic: Literal["likelihood_ratio"] | Metric = "likelihood_ratio",
    null: Literal["normal", "permutation"] = "normal",
    means: bool = True,
    covariances: bool = True,
    level: float = 1e-6,
    groups: Sequence[ArrayLike] | None = None,
    rng: np.random.Generator | int | None = None,
) -> None:
    """Assert that rows come from the law of a reference, with a false alarm in 1/level runs.

    L = 2n KL(fitted‖known) for a known law, L = 2 Σ n_g KL(g‖pooled) for a sample: fails if
    P(L as large | equal laws) < level

    A rate of false alarms takes the place of a tolerance: the check needs no fixed seed, and
    becomes sharper with the rows.

    Parameters
    ----------
    x : (n, d) array_like or Moments
        What the tested code has drawn: independent rows, or their moments.
    reference : Gaussian, Moments or (m, d) array_like
        A known law; or the rows, or moments of rows, that are known to be right.
    statistic : "likelihood_ratio" or callable
        Or a metric of two Gaussians: by permutation, for rows on both sides.
    null : "normal" or "permutation"
        The exact law of the likelihood ratio for normal rows, or rows dealt anew, which holds for
        any law and needs the rows of both sides and ⌈1/level⌉ permutations.
    means, covariances : bool
        What the likelihood ratio compares. Means alone suppose one covariance, which is not known,
        and hold nearly for rows of any law if there are many.
    level : float
        The probability of a false alarm.
    groups : sequence of array_like, optional
        Labels of the rows of both sides that depend on each other, for permutations.
    rng : Generator or int, optional
        Deals the rows.

    Returns
    -------
    None

    Raises
    ------
    AssertionError
        If the laws differ. The text says how unlikely the statistic is, what part of the divergence
        means, scales and orientations are, and which columns and correlations have moved most.
    TypeError, ValueError
        If x and the reference cannot be compared: shapes, too few rows, no numbers.

    References
    ----------
    Anderson 2003, chapter 10, ISBN 978-0-471-36091-9; see `gaussmetrics.equality_test`.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> import numpy as np
    >>> from gaussmetrics.testing import assert_same_law
    >>> law = gm.Gaussian([0.0, 1.0], [[2.0, 0.5], [0.5, 1.0]])
    >>> rng = np.random.default_rng(0)
    >>> assert_same_law(law.sample(1000, rng), law)
    >>> assert_same_law(law.sample(1000, rng) * [1.0, 1.2], law)
    Traceback (most recent call last):
        ...
    AssertionError: x is not of the law of the reference: likelihood ratio = 134.4, p = 2.9e-27
    where at most 1e-06 is a false alarm (the exact law for normal rows).
    1000 rows against a known law; kl_divergence 0.0674: mean 0.0265, scale 0.0354,
    orientation 0.00563
    column 1: standard deviation 1 → 1.186 (7.64 standard errors)
    column 1: mean 1 → 1.208 (6.58 standard errors)
    """
    __tracebackhide__ = True
    level = checks.false_alarms(level)
    inference_checks.null_name(null)
    inference_checks.statistic_of_test(statistic, null, means=means, covariances=covariances)
    sample, known = checks.moments("x", x), checks.law_or_moments("reference", reference)
    checks.comparable(sample, known)
    checks.same_names(x, reference, known.mean.shape[-1])
    if null == "normal":
        checks.no_groups(groups)
        test = _exact(sample, known, means=means, covariances=covariances)
    else:
        test = equality_test(
            checks.rows("x", x),
            checks.rows("reference", reference),
            statistic=statistic,
            means=means,
            covariances=covariances,
            permutations=checks.permutations(level),
            groups=groups,
            rng=rng,
        )
    if test.p_value <= level:
        raise AssertionError("\n".join([_verdict(test, level), *what_moved(sample, known, x)]))


def _exact(
    sample: Moments, reference: Moments | Gaussian, *, means: bool, covariances: bool
) -> EqualityTest:
    if isinstance(reference, Moments):
        return exact_test([sample, reference], means=means, covariances=covariances)
    value = against(sample, reference, means=means, covariances=covariances)
    n, d = float(sample.count), reference.dim
    law = exact_law_of_one(n, d, means=means, covariances=covariances)
    return EqualityTest(value, law.p_value(value), law, "likelihood ratio")


def _verdict(test: EqualityTest, level: float) -> str:
    p_value = f"= {test.p_value:.2g}" if test.p_value > 1e-300 else "< 1e-300"
    return (
        f"x is not of the law of the reference: {test.name} = {test.statistic:.4g}, p {p_value} "
        f"where at most {level:g} is a false alarm ({test.null!r})."
    )
