"""Moments of samples, gathered block by block, that merge exactly.

A sample is summed up by its total weight n, its mean m and its scatter S = Σ w (x − m)(x − m)ᵀ. Two
parts combine by the pairwise update of Chan, Golub & LeVeque (1983)::

    δ = m₂ − m₁,   n = n₁ + n₂,   m = m₁ + (n₂/n) δ,   S = S₁ + S₂ + (n₁n₂/n) δδᵀ

Every block is measured from a row of the sample and centred before it is multiplied, so nothing
cancels when the mean is large against the spread, and a constant column has scatter exactly 0. The
mean is kept in two floats, so that δ keeps its digits however far from the origin the parts lie.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from operator import add
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaussmetrics._array.two_floats import TwoFloats, deviations, difference, shifted, split
from gaussmetrics._array.types import Array, Scalars
from gaussmetrics.laws import moments_file, sample_checks
from gaussmetrics.laws.blocks import (
    centre,
    first_row,
    freeze_fields,
    gram,
    merge_exactly,
    row_blocks,
    take_away,
)
from gaussmetrics.streams import (
    Block,
    Passes,
    batch_passes,
    collection_passes,
    in_pairs,
    is_collection,
)


@dataclass(frozen=True, eq=False)
class Moments:
    """Total weight, mean and scatter of a sample; ``a + b`` is both samples taken together.

    ``sum(parts)`` merges many. ``a - b`` takes the rows of b away from a, which holds them; the
    error of what is left is the rounding of a, so that few digits remain of a small rest.

    Parameters
    ----------
    count : (...)
        Total weight of the rows; an empty sample has count, mean and scatter 0.
    mean : (..., d)
        Weighted mean of the rows.
    scatter : (..., d, d)
        Σ w (x − mean)(x − mean)ᵀ.
    mean_low : (..., d), optional
        What `mean` lost when it was rounded: the mean is mean + mean_low. It keeps the digits of
        merged parts far from the origin.

    References
    ----------
    Chan, Golub & LeVeque, The American Statistician 37 (1983), doi:10.1080/00031305.1983.10483115.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> week = gm.Moments.from_samples([[1.0], [3.0]]) + gm.Moments.from_samples([[8.0]])
    >>> print(week.count, week.mean, week.covariance())
    3.0 [4.] [[13.]]
    """

    count: Scalars
    mean: Array
    scatter: Array
    mean_low: Array = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        count, mean, scatter = sample_checks.moments(self.count, self.mean, self.scatter)
        low = sample_checks.mean_low(self.mean_low, mean.shape)
        freeze_fields(self, count=count[()], mean=mean, scatter=scatter, mean_low=low)

    @classmethod
    def from_samples(cls, X: ArrayLike, *, weights: ArrayLike | None = None) -> Moments:
        """Gather the moments of the rows of X.

        Parameters
        ----------
        X : (..., n, d)
            Samples, one a row. They are read block by block and never copied as a whole, so a
            ``numpy.memmap`` may be larger than memory. Of a Dask array or data frame, (n, d), each
            block is summed up where it is, and only moments travel.
        weights : (..., n), optional
            Weights that are not negative; weight 2 is the row given twice.

        Returns
        -------
        Moments
            Of batch shape ``X.shape[:-2]``.

        Raises
        ------
        TypeError, ValueError
            If X or the weights are not finite real numbers of these shapes.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> gm.Moments.from_samples([[0.0], [6.0]], weights=[2, 1]).mean
        array([2.])
        """
        if is_collection(X):
            return cls._of_passes(collection_passes(X, weights=weights))
        rows = sample_checks.sample_rows("X", X)
        w = None if weights is None else sample_checks.sample_weights(weights, rows.shape[:-1])
        return moments_of_rows(rows, w, X)

    @classmethod
    def from_batches(
        cls,
        batches: Any,
        *,
        weights: Any = None,
        columns: Sequence[str] | None = None,
    ) -> Moments:
        """Gather the moments of rows that come in batches, in one pass.

        Parameters
        ----------
        batches : iterable of (n_i, d) blocks, or path
            Arrays, data frames or Arrow record batches; a function that returns such an iterable;
            a data set, table or Parquet file of Arrow; or the path of a Parquet file, or of a
            folder of them (needs pyarrow, the extra "arrow").
        weights : iterable of (n_i,) arrays, optional
            Weights of the rows of each batch, as in `from_samples`.
        columns : sequence of str, optional
            Which columns to read, of batches that name theirs.

        Returns
        -------
        Moments
            Those of all rows together, whatever the batches.

        Raises
        ------
        ImportError
            If a path is to be read and pyarrow is not there.
        TypeError, ValueError
            If there is no batch, or one is not of finite real numbers or lacks the columns of the
            first: the text says which.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> week = gm.Moments.from_batches([[[1.0], [3.0]], [[8.0]]])
        >>> print(week.count, week.mean, week.covariance())
        3.0 [4.] [[13.]]
        """
        return cls._of_passes(batch_passes(batches, weights=weights, columns=columns))

    @classmethod
    def _of_passes(cls, passes: Passes) -> Moments:
        whole = passes.fold(block_moments, add)
        sample_checks.some_weight(whole.count, weighted=passes.weighted)
        return whole

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the moments to a file, in NumPy's open format ``.npz`` and without pickles.

        Parameters
        ----------
        path : str or path
            The file, which is replaced if it is there. Nothing is added to its name.

        Returns
        -------
        None

        Raises
        ------
        OSError
            If the file cannot be written.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> import os, tempfile
        >>> path = os.path.join(tempfile.mkdtemp(), "monday.npz")
        >>> gm.Moments.from_samples([[1.0], [3.0]]).save(path)
        >>> gm.Moments.load(path).mean
        array([2.])
        """
        moments_file.write(path, self)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Moments:
        """Read the moments that `save` has written, to the last bit.

        Parameters
        ----------
        path : str or path
            The file.

        Returns
        -------
        Moments

        Raises
        ------
        OSError
            If the file cannot be opened.
        ValueError
            If it holds no moments, is truncated or damaged, or is of a later version.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> import os, tempfile
        >>> paths = [os.path.join(tempfile.mkdtemp(), f"{day}.npz") for day in ("mon", "tue")]
        >>> for path, rows in zip(paths, ([[1.0], [3.0]], [[8.0]])):
        ...     gm.Moments.from_samples(rows).save(path)
        >>> sum(gm.Moments.load(path) for path in paths).mean
        array([4.])
        """
        return cls(**moments_file.read(path))

    def _moved(self, by: TwoFloats) -> Moments:
        high, low = shifted((by[0], by[1] + self.mean_low), self.mean)
        return Moments(self.count, high, self.scatter, low)

    def __add__(self, other: Moments) -> Moments:
        if not isinstance(other, Moments):
            return NotImplemented
        sample_checks.mergeable(self.mean.shape, other.mean.shape)
        with np.errstate(over="ignore", invalid="ignore"):
            count, mean, step = merge_exactly(*self._location, *other._location)
            scatter = self.scatter + other.scatter + _square(step)
        return Moments(count, mean[0], scatter, mean[1])

    def __radd__(self, other: Any) -> Moments:
        """Let ``sum`` begin with its 0."""
        return self if isinstance(other, int) and other == 0 else NotImplemented

    def __sub__(self, other: Moments) -> Moments:
        if not isinstance(other, Moments):
            return NotImplemented
        sample_checks.mergeable(self.mean.shape, other.mean.shape)
        sample_checks.smaller_part(np.asarray(self.count), np.asarray(other.count))
        with np.errstate(over="ignore", invalid="ignore"):
            count, mean, step = take_away(*self._location, *other._location)
            rest = sample_checks.finite_scatter(self.scatter - other.scatter - _square(step))
        sample_checks.part_of(count, rest, self.scatter)
        # What is left of a column is 0 where rounding has made its variance negative.
        kept = (np.diagonal(rest, axis1=-2, axis2=-1) > 0) & (count > 0)[..., None]
        rest = np.where(kept[..., :, None] & kept[..., None, :], rest, 0.0)
        return Moments(count, mean[0], rest, mean[1])

    def __reduce__(self) -> tuple[Any, ...]:
        return Moments, fields(self)

    def __sizeof__(self) -> int:
        """Count the arrays, by which Dask decides where results stay and what is spilled."""
        return object.__sizeof__(self) + self.scatter.nbytes + 2 * self.mean.nbytes

    @property
    def _location(self) -> tuple[Scalars, TwoFloats]:
        return self.count, (self.mean, self.mean_low)

    def covariance(self, *, ddof: float = 1) -> Array:
        """Return the covariance matrix, scatter / (count − ddof).

        Parameters
        ----------
        ddof : float
            1 for the unbiased estimate, 0 for the one of maximum likelihood.

        Returns
        -------
        (..., d, d) array

        Raises
        ------
        ValueError
            If the count does not exceed `ddof`.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> gm.Moments.from_samples([[0.0], [2.0]]).covariance(ddof=0)
        array([[1.]])
        """
        sample_checks.degrees_of_freedom(self.count, ddof)
        return cast(Array, self.scatter / np.asarray(self.count - ddof)[..., None, None])


def fields(moments: Moments) -> tuple[Any, ...]:
    """Return what moments are made of, in the order in which `Moments` takes it."""
    return moments.count, moments.mean, moments.scatter, moments.mean_low


def rows_of_block(block: Block) -> tuple[NDArray[Any], Array | None]:
    """Check one block of a sample, of which all weights may be 0."""
    rows = sample_checks.sample_rows("X", block.rows)
    if block.weights is None:
        return rows, None
    return rows, sample_checks.row_weights(block.weights, rows.shape[:-1])


def measured_from(moments: Moments, origin: Array) -> Moments:
    """Return the moments of rows less an origin: near them, the mean keeps its digits."""
    mean = difference((moments.mean, moments.mean_low), (origin, np.zeros(1)))
    return Moments(moments.count, mean, moments.scatter)


def block_moments(block: Block) -> Moments:
    """Return the moments of one block of a sample."""
    return moments_of_rows(*rows_of_block(block), block.rows)


def moments_of_rows(rows: NDArray[Any], weights: Array | None, X: Any) -> Moments:
    """Moments of rows, measured from one of them and read block by block; X is what was passed."""
    w = None if weights is None else np.broadcast_to(weights, rows.shape[:-1])
    origin = first_row(rows, w)
    parts = (_part(rows, w, origin, at, X) for at in row_blocks(rows.shape))
    with np.errstate(over="ignore", invalid="ignore"):
        whole = in_pairs(parts, add) or no_samples(rows.shape[:-2], rows.shape[-1])
        return whole._moved(split(origin.sum(axis=-2, dtype=origin.dtype)))


def no_samples(batch: tuple[int, ...], d: int) -> Moments:
    """Return the moments of no rows."""
    return Moments(np.zeros(batch), np.zeros((*batch, d)), np.zeros((*batch, d, d)))


def _part(
    rows: NDArray[Any], weights: Array | None, origin: NDArray[Any], at: slice, X: ArrayLike
) -> Moments:
    """Moments of one block of rows, measured from a row of the sample."""
    block = deviations(rows[..., at, :], origin)
    count, mean = centre(block, None if weights is None else weights[..., at])
    if not np.isfinite(mean).all():
        sample_checks.finite_rows("X", rows[..., at, :], X, first_row=at.start)
    return Moments(count, mean, gram(block))


def _square(step: Array) -> Array:
    return step[..., :, None] * step[..., None, :]
