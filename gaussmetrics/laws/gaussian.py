"""Gaussian: multivariate normal laws N(μ, Σ), alone or in batches."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from operator import add
from typing import Any, Literal, NamedTuple, NoReturn, final

import numpy as np
from numpy.typing import ArrayLike

from gaussmetrics._array import linalg, reading
from gaussmetrics._array.types import Array, Index, Names, Scalars
from gaussmetrics.laws import gaussian_checks, html, images, interop, sample_checks
from gaussmetrics.laws.covariance import Covariance, from_symmetric, stacked
from gaussmetrics.laws.moments import moments_of_rows
from gaussmetrics.laws.sample_covariance import (
    Sample,
    block_fourth_moment,
    few_samples,
    fourth_moment,
    shrunk,
)
from gaussmetrics.laws.structure import Structure
from gaussmetrics.streams import Passes, batch_passes, collection_passes, is_collection

LOG_2PI = float(np.log(2.0 * np.pi))


@final
class Gaussian:
    """A multivariate normal law N(μ, Σ) on R^d, or a batch of them.

    The covariance is checked and factorised here, once; every metric then works on the factor.
    Leading dimensions are batch dimensions and broadcast as in NumPy.

    Parameters
    ----------
    mean : (..., d) array_like
        The mean μ. The labels of a pandas object, here and in `cov`, name the variables.
    cov : (..., d, d) array_like, Covariance or scipy.stats.Covariance
        The covariance Σ, symmetric and positive definite; or one with structure.
    names : sequence of str, optional
        The variables' names, one each and all different.
    allow_singular : bool
        Accept a positive semidefinite matrix: the law then lives on the range of Σ. A
        `Covariance` carries its own answer.

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
    names : tuple of str, or None
        The names of the variables, if they have any: metrics of two laws see that they agree.

    Raises
    ------
    TypeError
        If an argument does not hold real numbers.
    ValueError
        If shapes do not fit, or Σ is asymmetric, indefinite or singular; the text names the
        matrix of the batch. If names do not fit, or those of mean and cov differ.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p = gm.Gaussian([0.0, 1.0], [[2.0, 0.5], [0.5, 1.0]])
    >>> p
    Gaussian(dim=2)
    >>> print(f"{p.logpdf([0.0, 1.0]):.6f}")
    -2.117685
    """

    __slots__ = ("batch_shape", "covariance", "dim", "mean", "names")

    mean: Array
    covariance: Structure
    dim: int
    batch_shape: tuple[int, ...]
    names: Names | None

    def __init__(
        self,
        mean: ArrayLike,
        cov: ArrayLike | Structure,
        *,
        names: Sequence[str] | None = None,
        allow_singular: bool = False,
    ) -> None:
        mu, labels = gaussian_checks.mean_vector(mean), None
        if isinstance(cov, Structure):
            sigma = cov
        else:
            sigma = interop.covariance(cov, allow_singular=allow_singular)
            labels = interop.labels(cov)
        gaussian_checks.same_dimension(mu, sigma.dim)
        agreed = gaussian_checks.agreed_names(
            sigma.dim, names=names, mean=interop.labels(mean), cov=labels
        )
        self._set(mu, sigma, agreed)

    def _set(self, mean: Array, covariance: Structure, names: Names | None) -> None:
        if mean.flags.writeable:
            mean.flags.writeable = False
        shape = mean.shape[:-1]
        if shape != covariance.batch_shape:
            shape = reading.batch_shape("mean and cov", shape, covariance.batch_shape)
        put = object.__setattr__
        put(self, "mean", mean)
        put(self, "covariance", covariance)
        put(self, "dim", covariance.dim)
        put(self, "batch_shape", shape)
        put(self, "names", names)

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        gaussian_checks.refuse_assignment(name)

    @classmethod
    def _from_checked(
        cls, mean: Array, covariance: Structure, names: Names | None = None
    ) -> Gaussian:
        law = object.__new__(cls)
        law._set(mean, covariance, names)
        return law

    @classmethod
    def standard(cls, dim: int) -> Gaussian:
        """Return the standard normal law N(0, I) on R^d.

        Parameters
        ----------
        dim : int
            The dimension d.

        Returns
        -------
        Gaussian
            With a diagonal covariance.

        Raises
        ------
        TypeError, ValueError
            If d is no positive integer.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> gm.Gaussian.standard(2).cov
        array([[1., 0.],
               [0., 1.]])
        """
        d = reading.length("dim", reading.step_count("dim", dim))
        return cls(np.zeros(d), Covariance.from_diagonal(np.ones(d)))

    @classmethod
    def stack(cls, laws: Iterable[Gaussian]) -> Gaussian:
        """Return one batch of all the laws, along a new first axis.

        Parameters
        ----------
        laws : sequence of Gaussian
            At least one, all of one dimension and batch shape. Those with names must agree.

        Returns
        -------
        Gaussian
            Its covariance keeps a structure that all of them have.

        Raises
        ------
        TypeError
            If one is not a Gaussian.
        ValueError
            If there are none, or dimensions, batch shapes or names differ.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> ps = gm.Gaussian.stack([gm.Gaussian([0.0], [[1.0]]), gm.Gaussian([3.0], [[4.0]])])
        >>> ps
        Gaussian(dim=1, batch_shape=(2,))
        """
        gaussian_checks.several_laws(laws)
        given = [operand("Gaussian.stack", f"laws[{i}]", law) for i, law in enumerate(laws)]
        names = gaussian_checks.alike("Gaussian.stack", given)
        shape = gaussian_checks.one_batch_shape("laws", [law.batch_shape for law in given])
        means = [np.broadcast_to(law.mean, (*shape, law.dim)) for law in given]
        covariance = stacked([law.covariance.broadcast_to(shape) for law in given])
        return cls._from_checked(np.stack(means), covariance, names)

    @classmethod
    def from_samples(
        cls,
        X: ArrayLike,
        *,
        weights: ArrayLike | None = None,
        ddof: float = 1,
        shrinkage: float | Literal["oas", "ledoit-wolf"] = 0.0,
        names: Sequence[str] | None = None,
        allow_singular: bool = False,
    ) -> Gaussian:
        """Fit a Gaussian to samples: their mean and their covariance S, shrunk if asked.

        Σ = (1 − γ) S + γ (tr S/d) I

        With n ≤ d rows the covariance keeps the centred rows as its factor and no d × d matrix is
        formed: it is singular without shrinkage, and low-rank plus diagonal with it. Choose "oas"
        for rows that are normal and "ledoit-wolf" for others, of columns of comparable scale.

        Parameters
        ----------
        X : (..., n, d) array_like
            One sample a row; leading dimensions are a batch. The columns of a data frame of
            pandas or polars name the variables. Of a Dask array or data frame, (n, d), each block
            is summed up where it is, and only moments travel.
        weights : (..., n) array_like, optional
            How often each row counts; an integer weight w equals the row repeated w times.
        ddof : float
            S is the scatter divided by (total weight − ddof): 1 is unbiased, 0 maximises the
            likelihood.
        shrinkage : float, "oas" or "ledoit-wolf"
            γ from 0 to 1, or a formula for it; with ddof=0 the result is scikit-learn's.
        names : sequence of str, optional
            The variables' names; those of a data frame are kept without asking.
        allow_singular : bool
            Accept more than d rows whose covariance is singular all the same.

        Returns
        -------
        Gaussian
            The fitted law, or one for each sample of a batch.

        Raises
        ------
        TypeError
            If an argument does not hold real numbers.
        ValueError
            If shapes do not fit, a weight is negative, names are not one a column and all
            different, or there are too few samples.

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
        sample_checks.shrinkage("shrinkage", shrinkage)
        fit = partial(
            cls._from_passes, ddof=ddof, shrinkage=shrinkage, allow_singular=allow_singular
        )
        if is_collection(X):
            return fit(collection_passes(X, weights=weights), names=names)
        rows, w = sample_checks.fitted_samples(X, weights, ddof)
        agreed = gaussian_checks.agreed_names(rows.shape[-1], names=names, X=interop.labels(X))
        if rows.shape[-2] <= rows.shape[-1]:
            sample_checks.finite_rows("X", rows, X)
            return cls(*few_samples(rows, w, ddof, shrinkage), names=agreed)
        sample = Sample.of(rows, w, moments_of_rows(rows, w, X))
        matrix = shrunk(sample, partial(fourth_moment, rows, w), ddof, shrinkage)
        cov = from_symmetric(
            matrix, allow_singular=allow_singular, precision=sample.rounding_of_covariance()
        )
        return cls(sample.moments.mean, cov, names=agreed)

    @classmethod
    def from_batches(
        cls,
        batches: Any,
        *,
        weights: Any = None,
        columns: Sequence[str] | None = None,
        ddof: float = 1,
        shrinkage: float | Literal["oas", "ledoit-wolf"] = 0.0,
        names: Sequence[str] | None = None,
        allow_singular: bool = False,
    ) -> Gaussian:
        """Fit a Gaussian to rows that come in batches, as `from_samples` to all of them.

        One pass is enough, except for shrinkage="ledoit-wolf", which takes a second one.

        Parameters
        ----------
        batches : iterable of (n_i, d) blocks, or path
            Arrays, data frames or Arrow record batches; a function that returns such an iterable;
            a data set, table or Parquet file of Arrow; or the path of a Parquet file, or of a
            folder of them (needs pyarrow, the extra "arrow").
        weights : iterable of (n_i,) arrays, optional
            Weights of the rows of each batch.
        columns : sequence of str, optional
            Which columns to read, of batches that name theirs.
        ddof, shrinkage, names, allow_singular
            As in `from_samples`.

        Returns
        -------
        Gaussian
            The fitted law. The columns of data frames, record batches and files name the variables.

        Raises
        ------
        ImportError
            If a path is to be read and pyarrow is not there.
        TypeError, ValueError
            As in `from_samples`, and the text says in which batch; or if a second pass is needed
            and `batches` can be read only once.

        References
        ----------
        Chan, Golub & LeVeque 1983, doi:10.1080/00031305.1983.10483115.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> week = [[0.0, 0.0], [1.0, 2.0]], [[2.0, 1.0]]
        >>> gm.Gaussian.from_batches(week).mean
        array([1., 1.])
        """
        sample_checks.shrinkage("shrinkage", shrinkage)
        passes = batch_passes(batches, weights=weights, columns=columns)
        return cls._from_passes(
            passes, ddof=ddof, shrinkage=shrinkage, names=names, allow_singular=allow_singular
        )

    @classmethod
    def _from_passes(
        cls,
        passes: Passes,
        *,
        ddof: float,
        shrinkage: float | Literal["oas", "ledoit-wolf"],
        names: Sequence[str] | None,
        allow_singular: bool,
    ) -> Gaussian:
        agreed = gaussian_checks.agreed_names(passes.width, names=names, X=passes.names)
        if shrinkage == "ledoit-wolf":
            passes.again('shrinkage="ledoit-wolf"')
        few = passes.length is not None and passes.length <= passes.width
        sample = None if few else passes.fold(Sample.of_block, Sample.merged)
        if sample is None or sample.rows <= passes.width:
            passes.again("a sample with no more rows than columns")
            rows, w, *_ = passes.gather()
            return cls.from_samples(rows, weights=w, ddof=ddof, shrinkage=shrinkage, names=agreed)
        sample_checks.some_weight(sample.moments.count, weighted=passes.weighted)
        sample_checks.degrees_of_freedom(sample.moments.count, ddof)
        fourth = partial(passes.fold, block_fourth_moment, add)
        matrix = shrunk(sample, fourth, ddof, shrinkage)
        cov = from_symmetric(
            matrix, allow_singular=allow_singular, precision=sample.rounding_of_covariance()
        )
        return cls(sample.moments.mean, cov, names=agreed)

    @classmethod
    def from_scipy(cls, frozen: Any) -> Gaussian:
        """Return the law of a frozen ``scipy.stats.multivariate_normal``.

        A covariance made by ``scipy.stats.Covariance`` keeps its diagonal or its factor, and with
        it its digits. A singular law is accepted where SciPy has accepted it; which eigenvalues
        count as zero is decided by the rounding of double precision, which is less than SciPy's.

        Parameters
        ----------
        frozen : scipy.stats.multivariate_normal(mean, cov)
            A frozen law.

        Returns
        -------
        Gaussian
            The same law.

        Raises
        ------
        TypeError
            If it is another distribution.
        ValueError
            If it is singular to rounding, and SciPy has not been told to allow that.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> from scipy import stats
        >>> p = gm.Gaussian.from_scipy(stats.multivariate_normal([0.0, 1.0], [1.0, 4.0]))
        >>> p.cov
        array([[1., 0.],
               [0., 4.]])
        """
        return cls(*interop.scipy_normal(frozen))

    @classmethod
    def from_mixture(cls, model: Any, *, allow_singular: bool = False) -> Mixture:
        """Return the weights and the components that a fitted model of scikit-learn holds.

        Diagonal and spherical covariances stay diagonal, a tied one is shared, and the names of
        the features are kept.

        Parameters
        ----------
        model : fitted estimator
            GaussianMixture or BayesianGaussianMixture; GaussianNB, QuadraticDiscriminantAnalysis,
            or LinearDiscriminantAnalysis with its covariance (one component a class, in the order
            of ``classes_``); EllipticEnvelope, EmpiricalCovariance, LedoitWolf and their kin (one
            component). Models are known by their attributes, so others with the same ones will do.
        allow_singular : bool
            Accept components whose covariance is singular.

        Returns
        -------
        Mixture
            The weights (k,) and a batch of k laws.

        Raises
        ------
        TypeError
            If the model is not one of these.
        ValueError
            If it has not been fitted or has kept no covariance, or a component is singular.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> from sklearn.naive_bayes import GaussianNB
        >>> model = GaussianNB().fit([[0.0], [2.0], [5.0], [9.0]], ["a", "a", "b", "b"])
        >>> weights, classes = gm.Gaussian.from_mixture(model)
        >>> print(weights, f"{gm.hellinger_distance(*classes):.6f}")
        [0.5 0.5] 0.923121
        """
        parts = interop.components(model)
        cov = parts.covariance(allow_singular=allow_singular)
        names = getattr(model, "feature_names_in_", None)
        return Mixture(parts.weights, cls(parts.means, cov, names=names))

    @property
    def cov(self) -> Array:
        """The covariance as an array (..., d, d)."""
        return self.covariance.dense()

    def __repr__(self) -> str:
        rank, singular = self.covariance.rank(), ""
        if np.less(rank, self.dim).any():
            singular = ", singular" if self.batch_shape else f", singular, rank={rank}"
        batch = f", batch_shape={self.batch_shape}" if self.batch_shape else ""
        names = f", names={reprlib.repr(self.names)}" if self.names else ""
        return f"Gaussian(dim={self.dim}{singular}{batch}{names})"

    def _repr_html_(self) -> str:
        return html.table(self.mean, self.covariance, self.names, self.batch_shape)

    def __len__(self) -> int:
        gaussian_checks.has_batch(self.batch_shape)
        return self.batch_shape[0]

    def __getitem__(self, index: Any) -> Gaussian:
        """Return the laws at an index into the batch, with NumPy's rules."""
        gaussian_checks.has_batch(self.batch_shape)
        key = index if isinstance(index, tuple) else (index,)
        whole = np.broadcast_to(self.mean, (*self.batch_shape, self.dim))
        mean = whole[key + (slice(None),)]  # noqa: RUF005
        covariance = self.covariance
        if covariance.batch_shape:
            covariance = covariance.broadcast_to(self.batch_shape)[key]
        return Gaussian._from_checked(mean, covariance, self.names)

    def __reduce__(self) -> tuple[Any, ...]:
        return Gaussian._from_checked, (self.mean, self.covariance, self.names)

    def logpdf(self, x: ArrayLike) -> Scalars:
        """Return the log-density log p(x) = −½ (‖L⁻¹(x − μ)‖² + log det Σ + d log 2π).

        Parameters
        ----------
        x : (..., d) array_like
            Points; their leading dimensions broadcast with the batch. If they and the law have
            names, these must agree.

        Returns
        -------
        float or (...) array
            In nats. Of a singular law, the density on its support, and −inf off it.

        Raises
        ------
        ValueError
            If the last dimension of x is not d, names differ, or the batch shapes do not
            broadcast.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> gm.Gaussian.standard(1).logpdf([[0.0], [1.0]])
        array([-0.91893853, -1.41893853])
        """
        deviations, inside = whitened(x, self)
        cov = self.covariance
        # A square beyond the floats is infinite; ∞ − ∞ on the way is NaN, which fmin passes over.
        with np.errstate(over="ignore", invalid="ignore"):
            distance = np.fmin(linalg.sum_of_squares(deviations, 1), np.inf)
        value = -0.5 * (distance + (cov.log_det() + cov.rank() * LOG_2PI))
        return np.where(inside, value, -np.inf)[()] if cov.singular else value

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

        Raises
        ------
        TypeError, ValueError
            If size holds anything but integers from 0, or rng is no source of randomness.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> gm.Gaussian.standard(3).sample(5, rng=0).shape
        (5, 3)
        """
        shape = (*gaussian_checks.sample_size(size), *self.batch_shape)
        return self.mean + self.covariance.draw(shape, reading.generator(rng))

    def marginal(self, indices: Any) -> Gaussian:
        """Return the law of some of the coordinates, in the order given.

        Parameters
        ----------
        indices : int, slice, sequence of int, boolean mask, name, or sequence of names
            Which coordinates to keep.

        Returns
        -------
        Gaussian
            With the structure of the covariance kept.

        Raises
        ------
        ValueError
            If a coordinate is out of range, unknown, or named twice.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> p = gm.Gaussian([0.0, 1.0], [[2.0, 0.5], [0.5, 1.0]])
        >>> p.marginal([1]).cov
        array([[1.]])
        >>> gm.Gaussian(p.mean, p.cov, names=["height", "weight"]).marginal("weight")
        Gaussian(dim=1, names=('weight',))
        """
        chosen = gaussian_checks.coordinates("indices", indices, self.dim, self.names)
        mean, covariance = self.mean[..., chosen], self.covariance.marginal(chosen)
        return Gaussian._from_checked(mean, covariance, self._names_at(chosen))

    def transform(
        self,
        A: ArrayLike,
        b: ArrayLike | None = None,
        *,
        names: Sequence[str] | None = None,
        allow_singular: bool = False,
    ) -> Gaussian:
        """Return the law of A x + b, the affine image N(A μ + b, A Σ Aᵀ).

        Where each row of A takes one coordinate, with a factor, and none is taken twice (other
        units, another order), the structure of the covariance is kept, and so are the names.
        Elsewhere the image is known by its factor A F, Σ = F Fᵀ, and A Σ Aᵀ is not formed.

        Parameters
        ----------
        A : (..., k, d) array_like
            The matrix of the map; its leading dimensions broadcast with the batch.
        b : (..., k) array_like, optional
            The offset, zero by default.
        names : sequence of str, optional
            The names of the k variables of the image.
        allow_singular : bool
            Accept an A of dependent rows. The image of a singular law, and one of more than d
            variables, are accepted without it: their shape says so.

        Returns
        -------
        Gaussian
            Of k variables.

        Raises
        ------
        TypeError
            If an argument does not hold real numbers.
        ValueError
            If shapes or names do not fit, the image leaves the floats, or it is singular and that
            has not been allowed.

        References
        ----------
        Anderson, An Introduction to Multivariate Statistical Analysis (2003), theorem 2.4.4.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> p = gm.Gaussian([0.0, 1.0], [[2.0, 0.5], [0.5, 1.0]], names=["inch", "pound"])
        >>> total = p.transform([[1.0, 1.0]], names=["sum"])
        >>> total.mean, total.cov.round(12)
        (array([1.]), array([[4.]]))
        >>> p.transform([[2.54, 0.0], [0.0, 0.45]]).names
        ('inch', 'pound')
        """
        a = images.matrix_of_map(A, self.dim)
        offset = images.offset_of_map(b, a)
        shapes = self.batch_shape, a.shape[:-2], offset.shape[:-1]
        reading.batch_shape("the Gaussian, A and b", *shapes)
        with np.errstate(over="ignore", invalid="ignore"):
            mean = (a @ self.mean[..., None])[..., 0] + offset
            covariance = images.image(self.covariance, a, reading.precision(A))
            images.within_floats(mean, covariance.variances())
        k, d = a.shape[-2:]
        if k <= d and not (allow_singular or self.covariance.singular):
            images.regular_image(covariance)
        chosen = images.scaled_choice(a)
        kept = None if chosen is None or names is not None else self._names_at(chosen)
        agreed = gaussian_checks.agreed_names(k, names=kept if names is None else names)
        return Gaussian._from_checked(mean, covariance, agreed)

    def _names_at(self, chosen: Index) -> Names | None:
        return None if self.names is None else tuple(self.names[i] for i in chosen)

    def conditional(self, given: Any) -> Conditional:
        """Return the law of the other coordinates y given the coordinates x: linear regression.

        y | x ~ N(x W + b, Σyy − Σyx Σxx⁻¹ Σxy) with W = Σxx⁻¹ Σxy and b = μy − μx W.

        Parameters
        ----------
        given : int, slice, sequence of int, boolean mask, name, or sequence of names
            The coordinates x that are known.

        Returns
        -------
        Conditional
            A function of x; its `weights` and `intercept` are W and b.

        Raises
        ------
        ValueError
            If a coordinate is out of range, unknown, or named twice, or none is left.

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
        x = gaussian_checks.coordinates("given", given, self.dim, self.names)
        gaussian_checks.some_left("given", x, self.dim)
        y = np.setdiff1d(np.arange(self.dim), x)
        weights, residual = self.covariance.regress(y, x)
        intercept = self.mean[..., y] - (self.mean[..., None, x] @ weights)[..., 0, :]
        return Conditional(weights, intercept, residual, self._names_at(y), self._names_at(x))


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
    names, given : tuple of str, or None
        The names of y and of x.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> p = gm.Gaussian([0.0, 1.0], [[2.0, 0.5], [0.5, 1.0]])
    >>> regression = p.conditional(given=[0])
    >>> print(regression.weights, regression.intercept, regression.covariance.dense())
    [[0.25]] [1.] [[0.875]]
    """

    weights: Array
    intercept: Array
    covariance: Structure
    names: Names | None = None
    given: Names | None = None

    def __call__(self, x: ArrayLike) -> Gaussian:
        """Return the law N(x W + b, residual covariance) of y at known values x.

        Parameters
        ----------
        x : (..., k) array_like
            Their leading dimensions broadcast with the batch; names must agree, as in `logpdf`.

        Returns
        -------
        Gaussian
            Of the m coordinates y.

        Raises
        ------
        ValueError
            If the last dimension of x is not k, names differ, or the batch shapes do not
            broadcast.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> p = gm.Gaussian([0.0, 1.0], [[2.0, 0.5], [0.5, 1.0]])
        >>> p.conditional(given=[0])([[4.0], [8.0]]).mean
        array([[2.],
               [3.]])
        """
        points = _points(x, self.weights.shape[-2], self.given)
        reading.batch_shape("x and the Gaussian", points.shape[:-1], self.intercept.shape[:-1])
        mean = (points[..., None, :] @ self.weights)[..., 0, :] + self.intercept
        return Gaussian._from_checked(mean, self.covariance, self.names)


class _Parts(NamedTuple):
    weights: Array
    components: Gaussian


@final
class Mixture(_Parts):
    """A mixture of normal laws Σ w_i N(μ_i, Σ_i).

    It is a tuple as well: ``weights, components = mixture``. Metrics between mixtures take it as
    it is.

    Parameters
    ----------
    weights : (k,) array_like, or None
        Not negative, not all zero; divided by their sum. None stands for equal ones.
    components : Gaussian
        A batch of shape (k,).

    Attributes
    ----------
    weights : (k,) array
        They sum to one.
    components : Gaussian
        The batch of laws.
    dim : int
        The dimension d.
    names : tuple of str, or None
        The names of the variables, if they have any.
    mean : (d,) array
        Σ w_i μ_i.
    cov : (d, d) array
        Σ w_i [Σ_i + (μ_i − μ)(μ_i − μ)ᵀ].

    Raises
    ------
    TypeError
        If components is not a Gaussian, or weights do not hold numbers.
    ValueError
        If components is not a batch of shape (k,), or weights do not fit.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> m = gm.Mixture([3.0, 1.0], gm.Gaussian([[0.0], [4.0]], [[1.0]]))
    >>> m
    Mixture(2 components, dim=1)
    >>> m.mean, m.cov
    (array([1.]), array([[4.]]))
    >>> gm.Gaussian(m.mean, m.cov)  # the normal law nearest to it, KL(m‖·) being least
    Gaussian(dim=1)
    """

    __slots__ = ()

    def __new__(cls, weights: ArrayLike | None, components: Gaussian) -> Mixture:
        gaussian_checks.flat_batch("components", operand("Mixture", "components", components))
        w = gaussian_checks.shares("weights", weights, len(components))
        return super().__new__(cls, linalg.frozen(w), components)

    @classmethod
    def from_arrays(
        cls,
        weights: ArrayLike | None,
        means: ArrayLike,
        covs: ArrayLike | Structure,
        *,
        names: Sequence[str] | None = None,
        allow_singular: bool = False,
    ) -> Mixture:
        """Return the mixture of the normal laws with the means and covariances given.

        Parameters
        ----------
        weights : (k,) array_like, or None
            Not negative, not all zero; divided by their sum. None stands for equal ones.
        means : (k, d) array_like
            One mean a component.
        covs : (k, d, d) array_like, (d, d) array_like or Covariance
            One covariance a component, or one for all.
        names, allow_singular
            As in `Gaussian`.

        Returns
        -------
        Mixture

        Raises
        ------
        TypeError, ValueError
            As `Mixture` and `Gaussian` do.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> m = gm.Mixture.from_arrays(None, [[0.0], [4.0]], [[[1.0]], [[2.0]]])
        >>> m.weights, m.components
        (array([0.5, 0.5]), Gaussian(dim=1, batch_shape=(2,)))
        """
        laws = Gaussian(means, covs, names=names, allow_singular=allow_singular)
        return cls(weights, laws)

    @property
    def dim(self) -> int:
        """The dimension d."""
        return self.components.dim

    @property
    def names(self) -> Names | None:
        """The names of the variables."""
        return self.components.names

    @property
    def mean(self) -> Array:
        """The mean (d,)."""
        return np.asarray(self.weights @ self._means())

    @property
    def cov(self) -> Array:
        """The covariance (d, d), by the law of total covariance."""
        centred = self._means() - self.mean
        spread = (np.sqrt(self.weights)[:, None] * centred).T
        covs = np.broadcast_to(self.components.cov, (len(self.weights), self.dim, self.dim))
        return np.asarray(np.einsum("k,kij->ij", self.weights, covs) + spread @ spread.T)

    def _means(self) -> Array:
        return np.broadcast_to(self.components.mean, (len(self.weights), self.dim))

    def __repr__(self) -> str:
        k = len(self.weights)
        names = f", names={reprlib.repr(self.names)}" if self.names else ""
        return f"Mixture({k} component{'s' * (k > 1)}, dim={self.dim}{names})"

    def logpdf(self, x: ArrayLike) -> Scalars:
        """Return the log-density log Σ w_i p_i(x).

        Parameters
        ----------
        x : (..., d) array_like
            Points. If they and the law have names, these must agree.

        Returns
        -------
        float or (...) array
            In nats.

        Raises
        ------
        ValueError
            If the last dimension of x is not d or names differ, or a component is singular: then
            the mixture has no density.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> m = gm.Mixture(None, gm.Gaussian([[0.0], [4.0]], [[1.0]]))
        >>> print(m.logpdf([[0.0], [2.0]]).round(6))
        [-1.61175  -2.918939]
        """
        gaussian_checks.has_densities("Mixture.logpdf", self.components.covariance)
        points = _points(x, self.dim, self.names)
        # By np.logaddexp no density is so small that its logarithm is lost.
        with np.errstate(divide="ignore"):
            joint = np.log(self.weights) + self.components.logpdf(points[..., None, :])
        return np.logaddexp.reduce(joint, axis=-1)[()]

    def sample(
        self,
        size: int | tuple[int, ...] = (),
        rng: np.random.Generator | int | None = None,
    ) -> Array:
        """Draw samples: of a component that is drawn by its weight.

        Parameters
        ----------
        size : int or tuple of int
            How many draws.
        rng : Generator or int, optional
            The source of randomness or a seed; None draws fresh entropy.

        Returns
        -------
        (*size, d) array

        Raises
        ------
        TypeError, ValueError
            If size holds anything but integers from 0, or rng is no source of randomness.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> m = gm.Mixture(None, gm.Gaussian([[0.0], [4.0]], [[1.0]]))
        >>> m.sample(5, rng=0).shape
        (5, 1)
        """
        shape = gaussian_checks.sample_size(size)
        source = reading.generator(rng)
        drawn = source.choice(len(self.weights), size=shape, p=self.weights)
        result = np.empty((*shape, self.dim))
        for k in np.unique(drawn):
            at = drawn == k
            result[at] = self.components[int(k)].sample(int(at.sum()), source)
        return result


def _points(x: ArrayLike, dim: int, names: Names | None) -> Array:
    if names is not None:
        gaussian_checks.same_columns(interop.labels(x), names)
    return gaussian_checks.points(x, dim)


def whitened(x: ArrayLike, p: Gaussian) -> tuple[Array, Any]:
    """Return z with ‖z‖² = (x − μ)ᵀ Σ⁺ (x − μ), and whether the points lie on the support."""
    points = _points(x, p.dim, p.names)
    reading.batch_shape("x and the Gaussian", points.shape[:-1], p.batch_shape)
    cov = p.covariance
    with np.errstate(over="ignore", invalid="ignore"):
        deviation = points - p.mean
        deviations = cov.whiten(deviation)
    if not cov.singular:
        return deviations, True
    rounding = linalg.eigenvalue_cutoff(p.dim, reading.precision(x))
    noise = rounding * np.abs(points) + rounding * np.abs(p.mean)
    return deviations, cov.contains(deviation, noise)


def operand(metric: str, name: str, value: Any) -> Gaussian:
    """Check one operand of a metric."""
    if not isinstance(value, Gaussian):
        gaussian_checks.refuse_operand(metric, name, value)
    return value
