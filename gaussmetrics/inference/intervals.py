"""An estimate with its standard error, and the intervals around it.

The variance of a smooth distance is not the same everywhere: where p = q it is least, and it grows
in proportion to the distance. Intervals that know it are right in few dimensions and near p = q.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np

from gaussmetrics._array import reading
from gaussmetrics.inference import checks, scales


@final
@dataclass(frozen=True, repr=False)
class Estimate:
    """The estimate of a metric from two samples, or from each pair of two batches of samples.

    ``value, error = estimate`` unpacks it and ``f"{estimate:.3f}"`` writes value ± error.

    Attributes
    ----------
    value : float or (...) array
        The metric between the fitted laws minus `bias`. On the metric's own scale it may fall below
        zero where the truth is near zero, as an estimate without bias must.
    standard_error : float or (...) array
        Estimated standard deviation of `value` over repeated sampling, about √2 too large at p = q;
        of a metric estimated on another scale, half of the way from one standard error below to one
        above.
    bias : float or (...) array
        Estimated bias of the metric between the fitted laws, which is ``value + bias``.
    degrees_of_freedom : int
        Of the standard error: the smaller number of groups, less 1.
    scale : str
        The scale of the interval: "identity", "square" and so on.
    smooth : tuple of three, optional
        Value, standard error and bias on that scale, where it is not the metric's own.
    distance : bool
        Whether the metric is zero at p = q and positive elsewhere, as its interval then supposes.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> result = gm.Estimate(2.0, 0.5, 0.1, 49)
    >>> low, high = result.confidence_interval()
    >>> print(f"{low:.4f} {high:.4f}")
    0.9952 3.0048
    >>> value, error = result
    >>> print(f"{result:.2f}")
    2.00 ± 0.50
    """

    value: Any
    standard_error: Any
    bias: Any
    degrees_of_freedom: int
    scale: str = "identity"
    smooth: tuple[Any, Any, Any] | None = None
    distance: bool = False

    def __repr__(self) -> str:
        if np.ndim(self.value):
            return f"Estimate(value={self.value}, standard_error={self.standard_error})"
        return (
            f"Estimate(value={self.value:.6g}, standard_error={self.standard_error:.3g}, "
            f"bias={self.bias:.3g})"
        )

    def __iter__(self) -> Iterator[Any]:
        return iter((self.value, self.standard_error))

    def __format__(self, spec: str) -> str:
        if not spec:
            return repr(self)
        checks.one_estimate(self.value)
        return f"{self.value:{spec}} ± {self.standard_error:{spec}}"

    def _repr_html_(self) -> str:
        if np.ndim(self.value):
            return f"{np.size(self.value)} estimates"
        low, high = self.confidence_interval()
        return (
            f"<b>{self.value:.4g} ± {self.standard_error:.2g}</b>, 95 % interval "
            f"{low:.4g} to {high:.4g} (bias taken off: {self.bias:.2g})"
        )

    def confidence_interval(
        self, confidence_level: float = 0.95, *, method: Literal["score", "student"] | None = None
    ) -> tuple[Any, Any]:
        """Return an interval that holds the truth about as often as it says.

        "student": value ± t · standard_error, with the quantile t of Student's law.

        "score": all D ≥ 0 with (value − D)² ≤ t² s (D + bias/2). Near p = q the variance of a
        smooth distance D grows in proportion to D, from s · bias/2 at p = q on; the jackknife finds
        s · (D + bias). No end is negative.

        Both are taken on the scale of the estimate and carried back from there.

        Parameters
        ----------
        confidence_level : float
            Between 0 and 1.
        method : "score" or "student", optional
            By default of a distance, which most metrics of the library are, the hull of both, cut
            off at 0: "student" is too short above in few dimensions, and "score" under heavy tails
            with few rows a column. Of other metrics "student".

        Returns
        -------
        (low, high) : tuple of float or (...) array

        Raises
        ------
        TypeError, ValueError
            If the level is no number between 0 and 1, or the method is unknown or supposes a
            distance where there is none.

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
        checks.interval_method(method, distance=self.distance)
        # The lower tail, which keeps its digits where the level is close to 1.
        t = -float(stdtrit(self.degrees_of_freedom, 0.5 * (1.0 - level)))
        ends = _ends(*on_scale(self), t, method, distance=self.distance)
        low, high = (scales.SCALES[self.scale].back(end) for end in ends)
        return scalar(np.minimum(low, high)), scalar(np.maximum(low, high))


def on_scale(estimate: Estimate) -> tuple[Any, Any, Any]:
    """Return value, standard error and bias on the scale of the interval."""
    own = (estimate.value, estimate.standard_error, estimate.bias)
    return own if estimate.smooth is None else estimate.smooth


def standardised(estimate: Estimate, bound: float) -> float:
    """Return how far a value is from a bound, in the standard error at either that is larger."""
    value, error, bias = on_scale(estimate)
    there = scales.SCALES[estimate.scale].there(bound)
    growth = (there + max(bias, 0.0) / 2.0) / spread(value, bias)
    return float((value - there) / (error * np.sqrt(max(growth, 1.0))))


def _ends(
    value: Any, error: Any, bias: Any, t: float, method: str | None, *, distance: bool
) -> tuple[Any, Any]:
    student = value - t * error, value + t * error
    if method == "student" or not distance:
        return student
    score = _score_ends(value, error, bias, t)
    if method == "score":
        return score
    return np.maximum(np.minimum(student[0], score[0]), 0.0), np.maximum(student[1], score[1])


def _score_ends(value: Any, error: Any, bias: Any, t: float) -> tuple[Any, Any]:
    """Solve (x − D)² ≤ t² s (D + b/2) for D, in units of where the jackknife has found e."""
    unit = spread(value, bias)
    x, slope, half = value / unit, np.square(error / unit), np.maximum(bias, 0.0) / unit / 2.0
    # As far below zero as p = q explains and no further: an interval is never empty.
    x = np.maximum(x, -t * np.sqrt(slope * half))
    middle = x + t * t * slope / 2.0
    reach = np.sqrt(np.maximum(t * t * slope * (x + half) + np.square(t * t * slope / 2.0), 0.0))
    # Where middle and reach cancel, what is left is their rounding.
    dust = 1e-14 * (np.abs(middle) + reach)
    ends = middle - reach, middle + reach
    return tuple(np.where(end > dust, end, 0.0) * unit for end in ends)


def spread(value: Any, bias: Any) -> Any:
    """Return what the variance of a distance is proportional to, at its value or at zero."""
    size = np.maximum(value, 0.0) + bias
    return np.where(size > 0, size, 1.0)


def scalar(value: Any) -> Any:
    """Return one number as a float, and a batch as it is."""
    return value if np.ndim(value) else float(value)
