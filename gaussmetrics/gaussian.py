"""Gaussian: multivariate normal laws N(μ, Σ), alone or in batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np
from numpy.typing import ArrayLike

from gaussmetrics import _checks, _linalg
from gaussmetrics._sample_covariance import few_samples, shrunk
from gaussmetrics._typing import Array, Scalars
from gaussmetrics.covariance import Covariance, from_symmetric
from gaussmetrics.moments import Moments

LOG_2PI = float(np.log(2.0 * np.pi))


@final
class Gaussian:
    """A multivariate normal law N(μ, Σ) on R^d, or a batch of them.

    The covariance is checked and factorised here, once; every metric then works on the factor.
    Leading dimensions are batch dimensions and broadcast as in NumPy.

    Parameters
    ----------
    mean : (..., d) array_like
        The mean μ.
    cov : (..., d, d) array_like or Covariance
        The covariance Σ, symmetric and positive definite; or one with structure.
    allow_singular : bool
        Accept a positive semidefinite matrix: the law then lives on the range of Σ. Structured
        covariances carry their own answer.

    Attributes
    ----------
    mean : (..., d) array
        The mean, read-only.
    covariance : Covariance
        The covariance with its factorisation.
    dim : int
        The dimension d.
    batch_shape : tuple of int
        The shape of the batch, ``()`` for a single law.

    Raises
    ------
    TypeError
        If an argument does not hold real numbers.
    ValueError
        If shapes do not fit, or Σ is asymmetric, indefinite or singular; the text names the
        matrix of the batch.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p = gm.Gaussian([0.0, 1.0], [[2.0, 0.5], [0.5, 1.0]])
    >>> p
    Gaussian(dim=2)
    >>> print(f"{p.logpdf([0.0, 1.0]):.6f}")
    -2.117685
    """

    __slots__ = ("batch_shape", "covariance", "dim", "mean")

    mean: Array
    covariance: Covariance
    dim: int
    batch_shape: tuple[int, ...]

    def __init__(
        self, mean: ArrayLike, cov: ArrayLike | Covariance, *, allow_singular: bool = False
    ) -> None:
        mu = _checks.mean_vector(mean)
        if isinstance(cov, Covariance):
            sigma = cov
        else:
            matrix = _checks.square_matrix("cov", cov)
            sigma = from_symmetric(matrix, allow_singular=allow_singular)
        _checks.same_dimension(mu, sigma.dim)
        self._set(mu, sigma)

    def _set(self, mean: Array, covariance: Covariance) -> None:
        if mean.flags.writeable:
            mean.flags.writeable = False
        self.mean = mean
        self.covariance = covariance
        self.dim = covariance.dim
        self.batch_shape = _checks.batch_shape(
            "mean and cov", mean.shape[:-1], covariance.batch_shape
        )

    @classmethod
    def _from_checked(cls, mean: Array, covariance: Covariance) -> Gaussian:
        law = object.__new__(cls)
        law._set(mean, covariance)
        return law

    @classmethod
    def standard(cls, dim: int) -> Gaussian:
        """Return the standard normal law N(0, I) on R^d.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> gm.Gaussian.standard(2).cov
        array([[1., 0.],
               [0., 1.]])
        """
        d = _checks.positive_dimension(dim)
        return cls(np.zeros(d), Covariance.from_diagonal(np.ones(d)))

    @classmethod
    def from_samples(
        cls,
        X: ArrayLike,
        *,
        weights: ArrayLike | None = None,
        ddof: float = 1,
        shrinkage: float | Literal["oas", "ledoit-wolf"] = 0.0,
        allow_singular: bool = False,
    ) -> Gaussian:
        """Fit a Gaussian to samples: their mean and their covariance S, shrunk if asked.

        Σ = (1 − γ) S + γ (tr S/d) I

        With n ≤ d rows the covariance keeps the centred rows as its factor and no d × d matrix is
        formed: it is singular without shrinkage, and low-rank plus diagonal with it.

        Parameters
        ----------
        X : (..., n, d) array_like
            One sample a row; leading dimensions are a batch.
        weights : (..., n) array_like, optional
            How often each row counts; an integer weight w equals the row repeated w times.
        ddof : float
            S is the scatter divided by (total weight − ddof): 1 is unbiased, 0 maximises the
            likelihood.
        shrinkage : float, "oas" or "ledoit-wolf"
            γ from 0 to 1, or a formula for it; with ddof=0 the result is scikit-learn's.
        allow_singular : bool
            Accept more than d rows whose covariance is singular all the same.

        Raises
        ------
        TypeError
            If an argument does not hold real numbers.
        ValueError
            If shapes do not fit, a weight is negative, or there are too few samples.

        References
        ----------
        Ledoit & Wolf 2004, doi:10.1016/S0047-259X(03)00096-4; Chen et al. 2010,
        doi:10.1109/TSP.2010.2053029.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> p = gm.Gaussian.from_samples([[0.0, 0.0], [1.0, 2.0], [2.0, 1.0]])
        >>> p.mean
        array([1., 1.])
        >>> p.cov
        array([[1. , 0.5],
               [0.5, 1. ]])
        """
        rows, w = _checks.fitted_samples(X, weights, ddof)
        _checks.shrinkage("shrinkage", shrinkage)
        if rows.shape[-2] <= rows.shape[-1]:
            return cls(*few_samples(rows, w, ddof, shrinkage))
        moments = Moments.from_samples(rows, weights=w)
        cov = shrunk(moments, rows, w, ddof, shrinkage)
        return cls(moments.mean, cov, allow_singular=allow_singular)

    @property
    def cov(self) -> Array:
        """The covariance as an array (..., d, d)."""
        return self.covariance.dense()

    def __repr__(self) -> str:
        batch = f", batch_shape={self.batch_shape}" if self.batch_shape else ""
        return f"Gaussian(dim={self.dim}{batch})"

    def __len__(self) -> int:
        _checks.has_batch(self.batch_shape)
        return self.batch_shape[0]

    def __getitem__(self, index: Any) -> Gaussian:
        """Return the laws at an index into the batch, with NumPy's rules."""
        _checks.has_batch(self.batch_shape)
        key = index if isinstance(index, tuple) else (index,)
        whole = np.broadcast_to(self.mean, (*self.batch_shape, self.dim))
        mean = whole[key + (slice(None),)]  # noqa: RUF005
        covariance = self.covariance
        if covariance.batch_shape:
            covariance = covariance.broadcast_to(self.batch_shape)[key]
        return Gaussian._from_checked(mean, covariance)

    def __reduce__(self) -> tuple[Any, ...]:
        return Gaussian._from_checked, (self.mean, self.covariance)

    def logpdf(self, x: ArrayLike) -> Scalars:
        """Return the log-density log p(x) = −½ (‖L⁻¹(x − μ)‖² + log det Σ + d log 2π).

        Parameters
        ----------
        x : (..., d) array_like
            Points; their leading dimensions broadcast with the batch.

        Returns
        -------
        float or (...) array
            In nats. Of a singular law, the density on its support, and −inf off it.

        Raises
        ------
        ValueError
            If the last dimension of x is not d, or the batch shapes do not broadcast.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> gm.Gaussian.standard(1).logpdf([[0.0], [1.0]])
        array([-0.91893853, -1.41893853])
        """
        points = _checks.points(x, self.dim)
        _checks.batch_shape("x and the Gaussian", points.shape[:-1], self.batch_shape)
        cov, deviation = self.covariance, points - self.mean
        distance = _linalg.sum_of_squares(cov.whiten(deviation), 1)
        value = -0.5 * (distance + (cov.log_det() + cov.rank() * LOG_2PI))
        if not cov.singular:
            return value
        magnitude = _linalg.norm(points) + _linalg.norm(self.mean)
        return np.where(cov.contains(deviation, magnitude), value, -np.inf)[()]

    def sample(
        self,
        size: int | tuple[int, ...] = (),
        rng: np.random.Generator | int | None = None,
    ) -> Array:
        """Draw samples x = μ + F z with standard normal z.

        Parameters
        ----------
        size : int or tuple of int
            How many draws from each law of the batch.
        rng : Generator or int, optional
            The source of randomness or a seed; None draws fresh entropy.

        Returns
        -------
        (*size, *batch_shape, d) array

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> gm.Gaussian.standard(3).sample(5, rng=0).shape
        (5, 3)
        """
        shape = (*_checks.sample_size(size), *self.batch_shape)
        return self.mean + self.covariance.draw(shape, _checks.generator(rng))

    def marginal(self, indices: Any) -> Gaussian:
        """Return the law of some of the coordinates, in the order given.

        Parameters
        ----------
        indices : int, slice, sequence of int, or boolean mask
            Which coordinates to keep.

        Raises
        ------
        ValueError
            If a coordinate is out of range or named twice.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> p = gm.Gaussian([0.0, 1.0], [[2.0, 0.5], [0.5, 1.0]])
        >>> p.marginal([1]).cov
        array([[1.]])
        """
        chosen = _checks.coordinates("indices", indices, self.dim)
        return Gaussian._from_checked(self.mean[..., chosen], self.covariance.marginal(chosen))

    def conditional(self, given: Any) -> Conditional:
        """Return the law of the other coordinates y given the coordinates x: linear regression.

        y | x ~ N(x W + b, Σyy − Σyx Σxx⁻¹ Σxy) with W = Σxx⁻¹ Σxy and b = μy − μx W.

        Parameters
        ----------
        given : int, slice, sequence of int, or boolean mask
            The coordinates x that are known.

        Raises
        ------
        ValueError
            If a coordinate is out of range or named twice, or none is left.

        References
        ----------
        Su Jianlin, https://kexue.fm/archives/8578.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> p = gm.Gaussian([0.0, 1.0], [[2.0, 0.5], [0.5, 1.0]])
        >>> regression = p.conditional(given=[0])
        >>> regression.weights, regression.intercept
        (array([[0.25]]), array([1.]))
        >>> regression([4.0]).mean
        array([2.])
        """
        x = _checks.coordinates("given", given, self.dim)
        _checks.some_left("given", x, self.dim)
        y = np.setdiff1d(np.arange(self.dim), x)
        weights, residual = self.covariance.regress(y, x)
        intercept = self.mean[..., y] - (self.mean[..., None, x] @ weights)[..., 0, :]
        return Conditional(weights, intercept, residual)


@final
@dataclass(frozen=True, eq=False)
class Conditional:
    """The law of y given x in a joint normal: a linear regression with normal residuals.

    Attributes
    ----------
    weights : (..., k, m) array
        W, one row a known coordinate x, one column a coordinate y.
    intercept : (..., m) array
        b.
    covariance : Covariance
        Of the residuals, (..., m, m).
    """

    weights: Array
    intercept: Array
    covariance: Covariance

    def __call__(self, x: ArrayLike) -> Gaussian:
        """Return the law N(x W + b, residual covariance) at known values x (..., k)."""
        points = _checks.points(x, self.weights.shape[-2])
        _checks.batch_shape("x and the Gaussian", points.shape[:-1], self.intercept.shape[:-1])
        mean = (points[..., None, :] @ self.weights)[..., 0, :] + self.intercept
        return Gaussian._from_checked(mean, self.covariance)


def operand(metric: str, name: str, value: Any) -> Gaussian:
    """Check one operand of a metric."""
    if not isinstance(value, Gaussian):
        _checks.refuse_operand(metric, name, value)
    return value


def operands(metric: str, p: Any, q: Any) -> tuple[Gaussian, Gaussian]:
    """Check the two operands of a metric."""
    operand(metric, "p", p)
    operand(metric, "q", q)
    _checks.same_space(metric, p.dim, q.dim)
    if p.batch_shape != q.batch_shape:
        _checks.batch_shape("p and q", p.batch_shape, q.batch_shape)
    return p, q
