"""Every check of what a user passes, and the text of every error."""

from __future__ import annotations

import numbers
import operator
import re
import reprlib
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn, cast

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._linalg import eigenvalue_cutoff, symmetric_part, transpose
from gaussmetrics._typing import Array, Names

SINGULAR_REMEDY = (
    "Drop redundant variables, shrink the covariance, or pass allow_singular=True "
    "to work on its support."
)

SHRINKAGE_FORMULAS = ("oas", "ledoit-wolf")


# Arrays


def real_array(name: str, value: Any, *, shape: str, min_ndim: int, hint: str = "") -> Array:
    """Return `value` as a fresh, finite float64 array with at least `min_ndim` dimensions."""
    array = _as_array(name, value)
    if array.dtype.kind == "c":
        raise TypeError(f"{name} must hold real numbers, got complex ones. Take the real part.")
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"{name} must hold real numbers, got dtype {array.dtype}. "
            f"Convert it first, for example with np.asarray({name}, dtype=float)."
        )
    if array.ndim < min_ndim:
        raise ValueError(f"{name} must have shape {shape}, got {array.shape}.{hint}")
    with np.errstate(over="ignore"):
        result = np.array(array, dtype=np.float64, order="C")
    if not np.isfinite(result).all():
        index = tuple(int(i) for i in np.argwhere(~np.isfinite(result))[0])
        raise ValueError(
            f"{name} must be finite, but {name}{_entry(index, value)} is {result[index]}. "
            "Remove or impute such entries first."
        )
    return result


def _as_array(name: str, value: Any) -> np.ndarray[Any, Any]:
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise TypeError(f"{name} has masked entries. Remove or impute them first.")
    if hasattr(value, "toarray"):
        raise TypeError(f"{name} is a sparse matrix. Pass {name}.toarray().")
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} is not a rectangular array of numbers: {error}") from error
    return _joined_columns(name, value) if array.dtype.kind == "O" and _is_frame(value) else array


def _is_frame(value: Any) -> bool:
    return hasattr(value, "columns") and hasattr(value, "dtypes")


def _joined_columns(name: str, frame: Any) -> np.ndarray[Any, Any]:
    """Read a data frame of several types of numbers, or say which column holds none."""
    for column, dtype in zip(frame.columns, frame.dtypes, strict=True):
        if not re.match(r"u?int\d|float|double|bool", str(dtype).lower()):
            raise TypeError(
                f"{name} must hold real numbers, but its column {column!r} is of type {dtype}. "
                "Drop it, or encode it as numbers."
            )
    cast = frame.astype if hasattr(frame, "astype") else frame.cast  # pandas and polars
    return np.asarray(cast(float))


def _entry(index: Sequence[int], value: Any) -> list[Any]:
    """Return an index into an array, of a data frame with the name of the column."""
    return [*index[:-1], list(value.columns)[index[-1]]] if _is_frame(value) else list(index)


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_))


def mean_vector(value: Any) -> Array:
    """Check the mean of a Gaussian."""
    hint = " Of one variable the mean is [0.0] and cov [[1.0]], say."
    mean = real_array("mean", value, shape="(..., d)", min_ndim=1, hint=hint)
    if mean.shape[-1] == 0:
        raise ValueError(f"mean must have at least one coordinate, got shape {mean.shape}.")
    return mean


def square_matrix(name: str, value: Any) -> Array:
    """Check a stack of symmetric matrices; positive definiteness is left to the factorisation."""
    hint = " For variances alone, use Covariance.from_diagonal."
    matrix = real_array(name, value, shape="(..., d, d)", min_ndim=2, hint=hint)
    d = matrix.shape[-1]
    if matrix.shape[-2] != d or d == 0:
        raise ValueError(f"{name} must have shape (..., d, d), got {matrix.shape}.{hint}")
    _refuse_asymmetric(name, matrix, value)
    return symmetric_part(matrix)


def _refuse_asymmetric(name: str, matrix: Array, value: Any) -> None:
    """Accept asymmetry at the level of rounding in the precision of the input, and no more."""
    kind = np.asarray(value).dtype
    tolerance = np.sqrt(np.finfo(kind if kind.kind == "f" else np.float64).eps)
    scale = np.sqrt(np.abs(np.diagonal(matrix, axis1=-2, axis2=-1)))
    gap = np.abs(matrix - transpose(matrix))
    bad = gap > tolerance * scale[..., :, None] * scale[..., None, :]
    if bad.any():
        *batch, i, j = (int(k) for k in np.argwhere(bad)[0])
        at = (*batch, i, j)
        mirrored = (*batch, j, i)
        raise ValueError(
            f"{name} must be symmetric, but {name}{list(at)} = {matrix[at]:.6g} and "
            f"{name}{list(mirrored)} = {matrix[mirrored]:.6g}. "
            f"If the asymmetry is noise, pass ({name} + {name}.T) / 2."
        )


def refuse_not_positive_definite(name: str, matrix: Array) -> NoReturn:
    """Say which matrix of a batch is indefinite, or else singular."""
    cutoff = eigenvalue_cutoff(matrix.shape[-1])
    spectra: Array = np.asarray(np.linalg.eigvalsh(matrix))
    not_indefinite(name, spectra)
    scale = np.sqrt(np.maximum(np.diagonal(matrix, axis1=-2, axis2=-1), 0.0))
    scale = np.where(scale > 0, scale, 1.0)
    correlations = matrix / scale[..., :, None] / scale[..., None, :]
    weakest = np.linalg.eigvalsh(correlations)[..., 0]
    index = tuple(int(i) for i in np.argwhere(weakest == weakest.min())[0])
    near = np.argwhere(weakest <= cutoff)
    index = tuple(int(i) for i in near[0]) if len(near) else index
    if name == "cov" and not matrix[index].any():
        raise ValueError(
            f"{_label(name, index)} is zero: every column is constant. Give columns that vary, or "
            "pass allow_singular=True for a law that sits in one point."
        )
    remedy = SINGULAR_REMEDY if name == "cov" else "It has no inverse."
    raise ValueError(
        f"{_label(name, index)} is singular: its smallest eigenvalue, "
        f"{spectra[index][0]:.6g}, is zero to rounding (largest {spectra[index][-1]:.6g}). {remedy}"
    )


def not_indefinite(name: str, eigenvalues: Array) -> None:
    """Check eigenvalues, ascending, for negative ones that are not rounding."""
    smallest, largest = eigenvalues[..., 0], np.abs(eigenvalues).max(axis=-1)
    negative = np.argwhere(smallest < -eigenvalue_cutoff(eigenvalues.shape[-1]) * largest)
    if len(negative):
        index = tuple(int(i) for i in negative[0])
        raise ValueError(
            f"{_label(name, index)} must be positive definite, but its smallest eigenvalue is "
            f"{smallest[index]:.6g} (largest {eigenvalues[index][-1]:.6g}). "
            f"A covariance has none below zero: check how it was made."
        )


def _label(name: str, batch_index: Sequence[int]) -> str:
    return f"{name}[{', '.join(map(str, batch_index))}]" if len(batch_index) else name


# Structures of covariances


def variances(name: str, value: Any, *, allow_zero: bool) -> Array:
    """Check variances or eigenvalues: none negative, and none zero unless that is allowed."""
    v = real_array(name, value, shape="(..., d)", min_ndim=1)
    if v.shape[-1] == 0:
        raise ValueError(f"{name} must have at least one entry, got shape {v.shape}.")
    if (v < 0).any():
        at = [int(i) for i in np.argwhere(v < 0)[0]]
        raise ValueError(f"{name} must not be negative, but {name}{at} is {v[tuple(at)]:.6g}.")
    if not allow_zero and not v.all():
        at = [int(i) for i in np.argwhere(v == 0)[0]]
        raise ValueError(
            f"{name}{at} is zero, which makes the covariance singular. {SINGULAR_REMEDY}"
        )
    return v


def cholesky_factor(name: str, value: Any) -> Array:
    """Check a lower triangular factor with a positive diagonal."""
    lower = real_array(name, value, shape="(..., d, d)", min_ndim=2)
    d = lower.shape[-1]
    if lower.shape[-2] != d or d == 0:
        raise ValueError(f"{name} must have shape (..., d, d), got {lower.shape}.")
    above = np.argwhere(np.triu(lower, 1))
    if len(above):
        at = [int(i) for i in above[0]]
        raise ValueError(
            f"{name} must be lower triangular, but {name}{at} is {lower[tuple(at)]:.6g}. "
            f"Pass its transpose if it is upper triangular."
        )
    pivots = np.diagonal(lower, axis1=-2, axis2=-1)
    bad = np.argwhere(pivots <= 0)
    if len(bad):
        at = [int(i) for i in bad[0]]
        raise ValueError(
            f"{name} must have a positive diagonal, but {name}{[*at, at[-1]]} is "
            f"{pivots[tuple(at)]:.6g}. For a singular covariance, use Covariance.from_factor."
        )
    return lower


def factor_matrix(name: str, value: Any) -> Array:
    """Check a factor of a covariance: one row a variable."""
    factor = real_array(name, value, shape="(..., d, r)", min_ndim=2)
    if 0 in factor.shape[-2:]:
        raise ValueError(
            f"{name} must have shape (..., d, r) with at least one row and one column, "
            f"got {factor.shape}."
        )
    return factor


def factor_diagonal(value: Any, factor: Array) -> Array:
    """Check the noise variances that go with a factor."""
    d = factor.shape[-2]
    noise = real_array("diagonal", value, shape="(..., d) or a number", min_ndim=0)
    if noise.ndim and noise.shape[-1] != d:
        raise ValueError(
            f"diagonal must have one entry for each of the {d} rows of factor, got {noise.shape}."
        )
    if (noise <= 0).any():
        at = [int(i) for i in np.argwhere(noise <= 0)[0]]
        raise ValueError(
            f"diagonal must be positive, but diagonal{at or ''} is {noise[tuple(at)]:.6g}. "
            f"Leave it out for a covariance F Fᵀ."
        )
    noise = np.array(np.broadcast_to(noise, (*noise.shape[:-1], d)))
    batch_shape("factor and diagonal", factor.shape[:-2], noise.shape[:-1])
    return noise


def not_singular(name: str, singular: bool, eigenvalues: Array) -> None:
    """Check that positive eigenvalues do not vanish beside the largest."""
    if singular:
        raise ValueError(
            f"{name} from {eigenvalues.min():.6g} to {eigenvalues.max():.6g} span more than double "
            f"precision, which makes the covariance singular. {SINGULAR_REMEDY}"
        )


def orthogonal_matrix(name: str, value: Any, eigenvalues: Array) -> Array:
    """Check that the columns of a square matrix are orthonormal, one for each eigenvalue."""
    v = real_array(name, value, shape="(..., d, d)", min_ndim=2)
    dim = eigenvalues.shape[-1]
    batch_shape("eigenvalues and eigenvectors", eigenvalues.shape[:-1], v.shape[:-2])
    if v.shape[-2:] != (dim, dim):
        raise ValueError(f"{name} must have shape (..., {dim}, {dim}), got {v.shape}.")
    defect = np.abs(transpose(v) @ v - np.eye(dim)).max(axis=(-2, -1), initial=0.0)
    bad = np.argwhere(np.atleast_1d(defect) > 1e-8)
    if len(bad):
        index = tuple(int(i) for i in bad[0]) if v.ndim > 2 else ()
        raise ValueError(
            f"{_label(name, index)} must have orthonormal columns, but VᵀV differs from the "
            f"identity by {np.atleast_1d(defect)[tuple(bad[0])]:.2g}."
        )
    return v


# Dimensions and batches


def same_dimension(mean: Array, dim: int) -> None:
    """Check that a mean and a covariance speak of the same space."""
    if mean.shape[-1] != dim:
        raise ValueError(
            f"mean and cov must have the same dimension, got mean with {mean.shape[-1]} "
            f"coordinates and cov of shape (..., {dim}, {dim})."
        )


def one_batch_shape(name: str, shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """Check that laws to be stacked are batches of one shape."""
    if len(set(shapes)) > 1:
        raise ValueError(f"{name} must have one batch_shape, got {reprlib.repr(shapes)}.")
    return shapes[0]


def batch_shape(names: str, *shapes: tuple[int, ...]) -> tuple[int, ...]:
    """Broadcast batch shapes, or say which do not fit."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        listed = " and ".join(map(str, shapes))
        raise ValueError(
            f"the batch shapes of {names} must broadcast, got {listed}. "
            "For all pairs, index one with [:, None]."
        ) from None


# Operands


def refuse_operand(metric: str, name: str, value: Any) -> NoReturn:
    """Show how to make the Gaussian, or the batch, that a metric takes."""
    if isinstance(value, (list, tuple)) and {type(p).__name__ for p in value} == {"Gaussian"}:
        raise TypeError(
            f"{metric} takes a batch of Gaussians, but {name} is a {type(value).__name__} of them. "
            f"Stack it first: {name} = gaussmetrics.Gaussian.stack({name})."
        )
    raise TypeError(
        f"{metric} takes Gaussian objects, but {name} is of type {type(value).__name__}. "
        f"Construct it first: {name} = gaussmetrics.Gaussian(mean, cov), or "
        f"{name} = gaussmetrics.Gaussian.from_samples(X)."
    )


def same_space(metric: str, p_dim: int, q_dim: int) -> None:
    """Check that two operands have the same dimension."""
    if p_dim != q_dim:
        raise ValueError(
            f"{metric} needs p and q of the same dimension, got p.dim = {p_dim} and "
            f"q.dim = {q_dim}."
        )


def alike(function: str, laws: Sequence[Any]) -> Names | None:
    """Check that laws, at least one, are of the same variables; return the names if any has."""
    if not laws:
        raise ValueError(f"{function} needs at least one law, got none.")
    dims = [law.dim for law in laws]
    if len(set(dims)) > 1:
        raise ValueError(f"{function} needs laws of one dimension, got {reprlib.repr(dims)}.")
    different = list(dict.fromkeys(law.names for law in laws if law.names is not None))
    if len(different) > 1:
        raise ValueError(
            f"{function} needs laws of the same variables in one order, got names "
            f"{reprlib.repr(different[0])} and {reprlib.repr(different[1])}. Bring them in one "
            "order with marginal(names)."
        )
    return different[0] if different else None


def probability(name: str, value: Any) -> float:
    """Check a probability that is neither 0 nor 1."""
    if not _is_number(value):
        raise TypeError(f"{name} must be a number, got {value!r}.")
    if not 0.0 < value < 1.0:
        raise ValueError(
            f"{name} must lie between 0 and 1, got {value!r}. For 95 % pass {name}=0.95."
        )
    return float(value)


def disjoint(x: NDArray[np.intp], y: NDArray[np.intp]) -> None:
    """Check that two groups of coordinates share none."""
    both = np.intersect1d(x, y)
    if len(both):
        raise ValueError(
            f"x_index and y_index must not share coordinates, but both name {both.tolist()}. "
            "A variable and itself have infinite mutual information."
        )


def refuse_uncertified(
    metric: str, value: float, gap: float, bounds: tuple[float, float]
) -> NoReturn:
    """Say that a distance was found but not proved."""
    raise ValueError(
        f"{metric} is not certain between these laws: it is near {value:.6g}, between "
        f"{bounds[0]:.6g} and {bounds[1]:.6g}, but the geodesic found ends {gap:.2g} from its "
        "target. Laws so far apart are best compared by their logarithmic scales, or by "
        "bhattacharyya_distance or wasserstein_distance."
    )


def function(name: str, value: Any) -> None:
    """Check that something can be called on two Gaussians."""
    if not callable(value):
        raise TypeError(
            f"{name} must be a function of two Gaussians, such as gaussmetrics.kl_divergence, "
            f"got an object of type {type(value).__name__}."
        )


def explained_metric(metric: Any, known: Iterable[Any]) -> None:
    """Check that a metric is one of those whose parts are known."""
    if not any(metric is function for function in known):
        names = ", ".join(function.__name__ for function in known)
        raise ValueError(
            f"metric must be one of {names} of gaussmetrics, got "
            f"{getattr(metric, '__name__', repr(metric))}. Other metrics have no such split."
        )


def positive_definite_operands(gradient: str, **ranks: Any) -> None:
    """Check that both laws of a gradient have a density."""
    for name, full in ranks.items():
        if not np.all(full):
            raise ValueError(
                f"{gradient} needs positive definite covariances, but that of {name} is singular: "
                "off its support the metric jumps or has an infinite slope. "
                "Shrink the covariance, or project both laws on the support first."
            )


def distinct_operands(gradient: str, remedy: str, distance: Any) -> None:
    """Check that a distance is taken where it has a gradient."""
    if not np.all(distance):
        raise ValueError(
            f"{gradient} is not defined where p = q: the distance has a kink there. Use {remedy}."
        )


def finite_renyi(alpha: float, mixed: Array) -> None:
    """Check that a Rényi divergence has a gradient: that (1−α)Σp + αΣq is positive definite."""
    if not np.all(mixed > 0):
        raise ValueError(
            f"renyi_divergence_gradient is not defined where the divergence is infinite: at "
            f"alpha={alpha:g} the matrix (1 - alpha) cov_p + alpha cov_q is not positive definite. "
            "Take a smaller alpha."
        )


def needs_extra(what: str, package: str, extra: str) -> NoReturn:
    """Say which optional package is missing and how to get it."""
    raise ImportError(
        f'{what} needs the package {package}: pip install "gaussmetrics[{extra}]".'
    ) from None


def flat_batch(name: str, shape: tuple[int, ...]) -> None:
    """Check that a batch is a plain list of laws."""
    if len(shape) != 1:
        raise ValueError(
            f"{name} must be a batch of shape (n,), got batch_shape {shape}. "
            "Make it one with Gaussian.stack(laws), or with "
            "Gaussian(means of shape (n, d), covariances of shape (n, d, d))."
        )


def broadcast_result(shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    """Check that a metric of the user's own broadcasts."""
    if shape != expected:
        raise ValueError(
            f"metric must broadcast: for batches of shapes ({expected[0]}, 1) and "
            f"({expected[1]},) it must return an array of shape {expected}, got {shape}."
        )


def points(value: Any, dim: int) -> Array:
    """Check points at which a density is wanted."""
    x = real_array("x", value, shape=f"(..., {dim})", min_ndim=1)
    if x.shape[-1] != dim:
        raise ValueError(f"x must have shape (..., {dim}), got {x.shape}.")
    return x


def fitted_samples(
    value: Any, weights: Any, ddof: float
) -> tuple[np.ndarray[Any, Any], Array | None]:
    """Check samples, one in a row, with weights that leave some degrees of freedom."""
    rows = streamed_samples("X", value)
    if rows.shape[-2] == 0:
        raise ValueError(f"X must have at least one row, got shape {rows.shape}.")
    w = None if weights is None else sample_weights(weights, rows.shape[:-1])
    degrees_of_freedom(rows.shape[-2] if w is None else w.sum(axis=-1), ddof)
    return rows, w


def shrinkage(name: str, value: Any, rules: Sequence[str] = SHRINKAGE_FORMULAS) -> None:
    """Check a shrinkage: a number from 0 to 1, or the name of a rule."""
    if not (value in rules if isinstance(value, str) else _is_number(value)):
        *others, last = (f'"{rule}"' for rule in rules)
        raise TypeError(
            f"{name} must be a number from 0 to 1, {', '.join(others)} or {last}, got {value!r}."
        )
    if not isinstance(value, str) and not 0 <= value <= 1:
        raise ValueError(f"{name} must lie between 0 and 1, got {value!r}.")


def shrunk_everywhere(shrinkages: Any) -> None:
    """Check that a formula shrinks every covariance of a batch, or none."""
    zero = np.argwhere(np.atleast_1d(shrinkages) == 0)
    if len(zero):
        raise ValueError(
            f"the shrinkage of X[{int(zero[0][0])}] comes out as 0, which leaves it singular among "
            f"others that are not. Give the shrinkage as a number."
        )


def some_variance(variance: Any) -> None:
    """Check that there is a variance to shrink towards."""
    if not np.all(variance):
        raise ValueError("X does not vary at all, so there is no variance to shrink towards.")


def sample_weights(value: Any, shape: tuple[int, ...]) -> Array:
    """Check the weights of samples: one a row, none negative, not all zero."""
    weights = real_array("weights", value, shape="(..., n)", min_ndim=1)
    if weights.shape[-1] != shape[-1]:
        raise ValueError(
            f"weights must have one entry a row of X, {shape[-1]}, got {weights.shape}."
        )
    usable_weights("weights", weights)
    if batch_shape("X and weights", shape[:-1], weights.shape[:-1]) != shape[:-1]:
        raise ValueError(
            f"the batch shapes of X and weights must broadcast to that of X, got {shape[:-1]} "
            f"and {weights.shape[:-1]}."
        )
    return weights


def usable_weights(name: str, weights: Array) -> None:
    """Check that no weight is negative and that they are not all zero."""
    if (weights < 0).any():
        index = [int(i) for i in np.argwhere(weights < 0)[0]]
        raise ValueError(f"{name} must not be negative, but {name}{index} is.")
    if not weights.any(axis=-1).all():
        raise ValueError(f"{name} must not all be zero.")


def coordinates(
    name: str, value: Any, dim: int, names: Sequence[str] | None = None
) -> NDArray[np.intp]:
    """Check which coordinates of a vector are meant: an integer, a slice, a list, a mask, names."""
    places = _places(name, value, dim, names)
    try:
        index: Any = places if isinstance(places, slice) else np.asarray(places)
        empty = np.size(index) == 0
        chosen = np.atleast_1d(np.arange(dim)[[] if empty else index])
    except (IndexError, TypeError, ValueError):
        raise ValueError(
            f"{name} must name coordinates from 0 to {dim - 1} (an integer, a slice, a list or "
            f"a boolean mask), got {value!r}."
        ) from None
    if chosen.ndim != 1 or len(chosen) == 0:
        raise ValueError(
            f"{name} must name at least one coordinate, in a flat list, got {value!r}."
        )
    if len(np.unique(chosen)) < len(chosen):
        raise ValueError(f"{name} must name each coordinate once, got {value!r}.")
    return chosen


def some_left(name: str, chosen: NDArray[np.intp], dim: int) -> None:
    """Check that conditioning leaves a coordinate to speak of."""
    if len(chosen) == dim:
        raise ValueError(f"{name} names all {dim} coordinates: none is left to condition.")


def generator(value: Any) -> np.random.Generator:
    """Check a source of randomness: a Generator, a seed, or None for fresh entropy."""
    try:
        return np.random.default_rng(value)
    except (TypeError, ValueError):
        raise TypeError(
            f"rng must be a numpy.random.Generator or a non-negative integer seed, got {value!r}."
        ) from None


def sample_size(value: Any) -> tuple[int, ...]:
    """Check the shape of a sample."""
    try:
        size = tuple(operator.index(n) for n in (value if isinstance(value, tuple) else (value,)))
    except TypeError:
        raise TypeError(f"size must be an integer or a tuple of integers, got {value!r}.") from None
    if any(n < 0 for n in size):
        raise ValueError(f"size must not be negative, got {value!r}.")
    return size


def refuse_assignment(name: str) -> NoReturn:
    """Say why a law cannot be changed in place."""
    raise AttributeError(
        f"{name} cannot be set: a Gaussian is checked and factorised once. Make a new one, "
        "gaussmetrics.Gaussian(mean, cov)."
    )


def has_batch(shape: tuple[int, ...]) -> None:
    """Refuse to index a law that is alone."""
    if not shape:
        raise TypeError("this Gaussian has no batch dimensions to index.")


# Names of variables, and objects of other libraries


def variable_names(source: str, value: Any, dim: int) -> tuple[str, ...]:
    """Check the names of the variables: a string for each, all different."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(f"{source} must be a list of strings, one a variable, got {value!r}.")
    in_order(source, value)
    given = tuple(value)
    for name in given:
        if not isinstance(name, str):
            raise TypeError(f"{source} must be strings, got {name!r} among them.")
    if len(given) != dim:
        raise ValueError(
            f"{source} must be one for each of the {dim} variables, got {len(given)}: "
            f"{reprlib.repr(given)}."
        )
    if len(set(given)) < dim:
        twice = next(name for name in given if given.count(name) > 1)
        raise ValueError(f"{source} must differ from each other, but {twice!r} comes twice.")
    return tuple(map(str, given))


def in_order(source: str, value: Any) -> None:
    """Check that names come in an order, which that of a set is not."""
    if isinstance(value, (set, frozenset)):
        raise TypeError(
            f"{source} must be a list of names, got a {type(value).__name__}, which has no order."
        )


def agreed_names(dim: int, **sources: Any) -> tuple[str, ...] | None:
    """Check that all who name the variables name them alike, and return the names if any do."""
    first, agreed = "", None
    for who, value in sources.items():
        if value is None:
            continue
        names = variable_names(who if who == "names" else f"the labels of {who}", value, dim)
        if agreed is not None and names != agreed:
            raise ValueError(
                f"{first} and {who} must name the same variables in the same order, got "
                f"{reprlib.repr(agreed)} and {reprlib.repr(names)}. Bring them in one order, or "
                f"pass np.asarray({who}) for its numbers alone."
            )
        first, agreed = who, names
    return agreed


def same_names(metric: str, p: Sequence[str] | None, q: Sequence[str] | None) -> None:
    """Check that two operands that name their variables name them alike, in one order."""
    if p is None or q is None or p == q:
        return
    if set(p) == set(q):
        remedy = "They are the same in another order: pass q.marginal(p.names) for q."
    else:
        remedy = (
            "Compare the variables that both have, p.marginal(names) and q.marginal(names); if "
            "they are only spelled differently, pass "
            "gaussmetrics.Gaussian(q.mean, q.covariance, names=p.names) for q."
        )
    raise ValueError(
        f"{metric} needs p and q of the same variables, got p.names = {reprlib.repr(p)} and "
        f"q.names = {reprlib.repr(q)}. {remedy}"
    )


def same_columns(labels: Sequence[str] | None, names: Sequence[str] | None) -> None:
    """Check that points with labels have those of the law, in its order."""
    if labels is None or names is None or labels == names:
        return
    raise ValueError(
        f"x must have the variables of the Gaussian in their order, {reprlib.repr(names)}, got "
        f"{reprlib.repr(labels)}. Choose them by name, as x[list(names)], or pass np.asarray(x)."
    )


def _places(name: str, value: Any, dim: int, names: Sequence[str] | None) -> Any:
    """Translate names of variables to coordinates; leave anything else as it is."""
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, Sequence) and np.ndim(listed) != 1:
        return value
    listed = list(listed)
    named = [isinstance(item, str) for item in listed]
    if not any(named):
        return value
    if names is None:
        raise ValueError(
            f"{name} must name coordinates from 0 to {dim - 1}, got {value!r}, and this Gaussian "
            "has no names. Make it from a data frame, or with Gaussian(mean, cov, names=...)."
        )
    if not all(named):
        raise ValueError(f"{name} must be all names or all numbers, got {value!r}.")
    places = {known: i for i, known in enumerate(names)}
    for item in listed:
        if item not in places:
            _refuse_name(name, item, names)
    return [places[item] for item in listed]


def _refuse_name(name: str, wanted: str, names: Sequence[str]) -> NoReturn:
    close = get_close_matches(wanted, names)
    meant = f"Did you mean {' or '.join(map(repr, close))}? " if close else ""
    raise ValueError(
        f"{name} must name variables of the Gaussian, got {wanted!r}. {meant}"
        f"Its names are {reprlib.repr(tuple(names))}."
    )


def full_rank(name: str, rank: int, dim: int, allow_singular: bool) -> None:
    """Check that a covariance with a factor is nonsingular, unless that is allowed."""
    if rank < dim and not allow_singular:
        raise ValueError(f"{name} is singular: its rank is {rank} of {dim}. {SINGULAR_REMEDY}")


def refuse_frozen(value: Any) -> NoReturn:
    """Say which distribution of SciPy is understood."""
    raise TypeError(
        "from_scipy takes a frozen normal law, scipy.stats.multivariate_normal(mean, cov), got an "
        f"object of type {type(value).__name__}. Of other laws, pass the mean and the covariance: "
        "Gaussian(mean, cov)."
    )


MODELS = (
    "GaussianMixture and BayesianGaussianMixture, GaussianNB, QuadraticDiscriminantAnalysis, "
    "LinearDiscriminantAnalysis with its covariance, and EllipticEnvelope, EmpiricalCovariance, "
    "LedoitWolf and their kin"
)


def refuse_model(value: Any) -> NoReturn:
    """Say what a model lacks to be read as normal components."""
    kind = value.__name__ if isinstance(value, type) else type(value).__name__
    fitted = [name for name in getattr(value, "__dict__", {}) if name[-1:] == "_" != name[:1]]
    if hasattr(value, "steps") or hasattr(value, "best_estimator_"):
        raise TypeError(
            f"from_mixture takes the fitted model itself, got a {kind} around it. Pass its last "
            "step, pipeline[-1], or its best_estimator_; the components then live in the space "
            "that model was fitted in."
        )
    if hasattr(value, "fit") and not fitted:
        raise ValueError(
            f"from_mixture takes a fitted model, but this {kind} is not fitted. Call fit first. "
            f"Understood are {MODELS}."
        )
    if {"priors_", "means_"} <= set(fitted):
        raise ValueError(
            f"this {kind} has kept no covariance. Fit it again with store_covariance=True."
        )
    raise TypeError(
        f"from_mixture takes a fitted model of scikit-learn with normal components, got an object "
        f"of type {kind}. Understood are {MODELS}."
    )


def weights_once(name: str, operand: str, weights: Any) -> None:
    """Check that a mixture, which has weights, is not given others."""
    if weights is not None:
        raise ValueError(
            f"{name} must be left out when {operand} is a Mixture, which has weights. For other "
            f"weights pass {operand}.components."
        )


# Moments


def streamed_samples(name: str, value: Any) -> np.ndarray[Any, Any]:
    """Check samples that will be read block by block: no copy, and no loss of their dtype."""
    array = _as_array(name, value)
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"{name} must hold real numbers, got dtype {array.dtype}. "
            f"Convert it first, for example with np.asarray({name}, dtype=float)."
        )
    if array.ndim < 2 or array.shape[-1] == 0:
        raise ValueError(
            f"{name} must have shape (..., n, d) with at least one column, got {array.shape}."
            + (f" One column of numbers is {name}[:, None]." if array.ndim == 1 else "")
        )
    with np.errstate(over="ignore", invalid="ignore"):
        finite = np.isfinite(array.sum()) or np.isfinite(array).all()
    if not finite:
        real_array(name, value, shape="(..., n, d)", min_ndim=2)
    return array


def moments(count: Any, mean: Any, scatter: Any) -> tuple[Array, Array, Array]:
    """Check that a count, a mean and a scatter matrix can belong to one sample."""
    n = real_array("count", count, shape="(...)", min_ndim=0)
    m = real_array("mean", mean, shape="(..., d)", min_ndim=1)
    s = _finite_scatter(scatter)
    if (n < 0).any():
        raise ValueError(f"count must not be negative, got {n.min():g}.")
    if s.shape != (*m.shape, m.shape[-1]) or n.shape != m.shape[:-1]:
        raise ValueError(
            f"count, mean and scatter must have shapes (...), (..., d) and (..., d, d), "
            f"got {n.shape}, {m.shape} and {s.shape}."
        )
    return n, m, s


def _finite_scatter(value: Any) -> Array:
    scatter = np.asarray(value, dtype=np.float64)
    if not np.isfinite(scatter).all():
        raise ValueError(
            "the squares of X overflow float64. Rescale its columns, for example to unit variance."
        )
    return scatter


def no_underflow(lost: Any) -> None:
    """Check that columns that vary have squares that keep their digits."""
    if np.any(lost):
        raise ValueError(
            "the squares of X underflow float64. Rescale its columns, for example to unit variance."
        )


def mergeable(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    """Check that two moments speak of the same variables, classes and batch."""
    if first != second:
        raise ValueError(
            f"only moments of one shape can be merged, got means of shape {first} and {second}."
        )


def degrees_of_freedom(count: Any, ddof: float) -> None:
    """Check that enough samples are left to divide a scatter matrix by."""
    if not _is_number(ddof):
        raise TypeError(f"ddof must be a number, got {ddof!r}.")
    smallest = float(np.min(np.asarray(count, dtype=float), initial=np.inf))
    if not smallest > ddof:
        raise ValueError(
            f"a covariance with ddof={ddof:g} needs more than {ddof:g} samples, got {smallest:g}."
        )


# Estimates from samples


def two_samples(x: Any, y: Any) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Check two samples of the same columns, one draw a row."""
    for name, value in (("x", x), ("y", y)):
        if hasattr(value, "logpdf"):
            raise TypeError(
                f"estimate takes samples, but {name} is a {type(value).__name__}. The metric "
                "between known laws needs no estimate: call metric(p, q)."
            )
    samples = streamed_samples("x", x), streamed_samples("y", y)
    for name, rows in zip("xy", samples, strict=True):
        if rows.ndim != 2:
            raise ValueError(f"{name} must have shape (n, d), one draw a row, got {rows.shape}.")
    d_x, d_y = (rows.shape[1] for rows in samples)
    if d_x != d_y:
        raise ValueError(f"x and y must have the same columns, got {d_x} in x and {d_y} in y.")
    return samples


def jackknife_groups(value: Any, default: int, *shapes: tuple[int, ...]) -> tuple[int, ...]:
    """Check a number of groups, and that each sample determines a covariance without one."""
    wanted = default if value is None else step_count("groups", value, least=2)
    for name, (n, d) in zip("xy", shapes, strict=True):
        if value is not None and wanted > n:
            raise ValueError(
                f"groups must not exceed the {n} rows of {name}, got {wanted}. Leave it out for "
                "one group a row."
            )
        left = n - -(-n // max(1, min(wanted, n)))
        if left <= d:
            raise ValueError(
                f"{name} has too few rows: of {n}, {left} are left without a group, and a "
                f"covariance of {d} columns needs at least {d + 1}. Give more rows, or project "
                "both samples on fewer columns."
            )
    return tuple(min(wanted, n) for n, _ in shapes)


def finite_values(value: Any, shape: tuple[int, ...]) -> Array:
    """Check the values of a metric between fitted laws."""
    values = np.asarray(value)
    if values.dtype.kind not in "biuf":
        raise TypeError(f"metric must return real numbers, got dtype {values.dtype}.")
    if values.shape != shape:
        raise ValueError(
            "metric must return one number a pair and broadcast: for laws of batch shape "
            f"{shape} and () it must return an array of shape {shape}, got {values.shape}."
        )
    if not np.isfinite(values).all():
        raise ValueError(
            f"metric must be finite, but it is {values[~np.isfinite(values)][0]} between the "
            "fitted laws or without some rows, and has no standard error. Where a covariance is "
            "singular, drop its constant columns or use gaussmetrics.wasserstein_distance."
        )
    return values.astype(np.float64)


def refuse_sample(name: str, error: ValueError, *, whole: bool) -> NoReturn:
    """Say which sample determines no law, or none once some of its rows are left out."""
    part = "" if whole else " without some of its rows"
    raise ValueError(f"{name}{part} determines no law: {error}") from error


# Classifiers


def labelled_samples(
    X: Any, y: Any, weights: Any
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], Array | None]:
    """Check samples with one label a row, without copying them."""
    rows = streamed_samples("X", X)
    labels = np.asarray(y)
    if rows.ndim != 2 or labels.shape != rows.shape[:1]:
        raise ValueError(
            f"X must have shape (n, d) and y shape (n,), got {rows.shape} and {labels.shape}."
        )
    return rows, labels, None if weights is None else sample_weights(weights, labels.shape)


def refuse_singular_within(counts: Array, variances: Array) -> NoReturn:
    """Say why the covariance within the classes has no inverse, and what to do."""
    n, d, classes = counts.sum(), len(variances), np.count_nonzero(counts)
    constant = np.flatnonzero(~(variances > 0))
    if n - classes < d:
        why = f"{n:g} samples of {classes} classes cannot determine it for {d} columns"
    elif len(constant):
        listed = ", ".join(map(str, constant[:5])) + (", …" if len(constant) > 5 else "")
        why = f"columns without spread within the classes: {listed}"
    else:
        why = "some columns are combinations of others"
    raise ValueError(
        f"the covariance within the classes is singular: {why}. Shrink it, with "
        "AnalyticLogisticRegression(shrinkage='loo') or a number above 0, or drop such columns."
    )


def refuse_leaving_out(shrinkage: float) -> NoReturn:
    """Say that a classifier cannot be judged by leave-one-out, and what to do."""
    raise ValueError(
        f"temperature='loo' cannot judge shrinkage={shrinkage:g}: without some row the covariance "
        "within the classes is singular to rounding. Shrink more, scale the columns alike, or pass "
        "temperature=1."
    )


def temperature(value: Any) -> None:
    """Check a temperature: a positive number, or the name of the way to choose it."""
    if not (value == "loo" if isinstance(value, str) else _is_number(value)):
        raise TypeError(f'temperature must be a positive number or "loo", got {value!r}.')
    if not isinstance(value, str) and not 0.0 < value < np.inf:
        raise ValueError(f"temperature must be positive and finite, got {value!r}.")


def streaming_parameters(name: str, shrinkage: Any, temperature: Any) -> None:
    """Say why a stream of rows cannot be fitted with choices that look at all rows again."""
    if shrinkage in {"loo", "ledoit-wolf"} or temperature == "loo":
        raise AttributeError(
            f"{name}.partial_fit keeps moments and no rows, but shrinkage={shrinkage!r}, "
            f"temperature={temperature!r} looks at every row again. Use fit, or set shrinkage to "
            "a number or 'oas' and temperature to a number."
        )


def streamed_classes(known: Any, classes: Any) -> np.ndarray[Any, Any]:
    """Check the classes of a stream: given at first, the same ever after."""
    if known is None and classes is None:
        raise ValueError("classes must list all labels in the first call of partial_fit.")
    given = known if classes is None else np.unique(np.asarray(classes))
    if known is not None and not np.array_equal(known, given):
        raise ValueError(
            f"classes must be the same in every call of partial_fit, got {given.tolist()} after "
            f"{known.tolist()}."
        )
    several_classes(given)
    return cast(np.ndarray[Any, Any], given)


def known_labels(labels: np.ndarray[Any, Any], classes: np.ndarray[Any, Any]) -> NDArray[np.intp]:
    """Check that a stream brings no label that was not announced; return places in `classes`."""
    unknown = np.setdiff1d(labels, classes)
    if len(unknown):
        raise ValueError(
            f"y holds labels that are not among the classes {classes.tolist()}: "
            f"{unknown[:5].tolist()}. List all labels in the first call of partial_fit."
        )
    return np.searchsorted(classes, labels)


def several_classes(classes: np.ndarray[Any, Any]) -> None:
    """Check that there is something to tell apart."""
    if len(classes) < 2:
        raise ValueError(
            f"a classifier needs samples of at least 2 classes, got {len(classes)} class: "
            f"{classes.tolist()}."
        )


def priors(value: Any, n_classes: int) -> Array:
    """Check class probabilities."""
    p = real_array("priors", value, shape="(K,)", min_ndim=1)
    if p.shape != (n_classes,):
        raise ValueError(
            f"priors must have one entry for each of the {n_classes} classes, got shape {p.shape}."
        )
    if not (p > 0).all() or abs(p.sum() - 1.0) > 1e-8:
        raise ValueError(
            f"priors must be positive and sum to 1, got {p.tolist()}. Divide them by their sum."
        )
    return p


def spread_within(scatter: Array) -> None:
    """Check that samples differ within their classes, by a number that float64 can square."""
    if not _finite_scatter(scatter.trace()) > 0:
        raise ValueError(
            "the rows of each class are all equal (or differ by less than 1e-154), so there is no "
            "covariance to measure distances by. Rescale X, or give each class rows that differ."
        )


# Transport


def positive_number(name: str, value: Any) -> float:
    """Check a length or another number that must be positive."""
    if not _is_number(value):
        raise TypeError(f"{name} must be a number, got {value!r}.")
    if not 0.0 < value < np.inf:
        raise ValueError(f"{name} must be positive and finite, got {value!r}.")
    return float(value)


def path_time(value: Any) -> Array:
    """Check the time along a path."""
    t = real_array("t", value, shape="(...)", min_ndim=0)
    if ((t < 0) | (t > 1)).any():
        raise ValueError(
            f"t must lie between 0, where the path is at p, and 1, where it is at q, got "
            f"{float(t[(t < 0) | (t > 1)][0]):g}."
        )
    return t


def law_weights(name: str, value: Any, count: int) -> Array:
    """Check the weights of the laws of a batch, equal ones by default, and divide by their sum."""
    if count == 0:
        raise ValueError("a mean or a mixture needs at least one law, got an empty batch.")
    if value is None:
        return np.full(count, 1.0 / count)
    weights = real_array(name, value, shape=f"({count},)", min_ndim=1)
    if weights.shape != (count,):
        raise ValueError(
            f"{name} must have one entry a law, shape ({count},), got {weights.shape}."
        )
    if (weights < 0).any():
        index = int(np.argmax(weights < 0))
        raise ValueError(
            f"{name} must not be negative, but {name}[{index}] is {weights[index]:.6g}."
        )
    if not weights.any():
        raise ValueError(f"{name} must not all be zero.")
    weights = weights / weights.max()
    return weights / weights.sum()


def map_exists(exists: Any) -> None:
    """Check that p varies in enough directions to be carried to q by a map."""
    if not np.all(exists):
        raise ValueError(
            "no map carries p to q, because q varies in directions that p does not see. "
            "Use wasserstein_geodesic, which needs no map, or add noise to p."
        )


def some_regular(full_rank: Any) -> None:
    """Check that a barycentre is unique."""
    if not np.any(full_rank):
        raise ValueError(
            "a barycentre needs a law of positive weight with a nonsingular covariance, but all "
            "are singular. Shrink one of them, or work in the coordinates of their support."
        )


def refuse_not_converged(steps: int, residual: float, tolerance: float) -> NoReturn:
    """Say how far an iteration has come."""
    raise RuntimeError(
        f"the barycentre has not converged: after {steps} steps the last one was "
        f"{residual:.3g} of its size, above tolerance={tolerance:.3g}. Raise max_steps or "
        "tolerance."
    )


def step_count(name: str, value: Any, *, least: int = 1) -> int:
    """Check a number of steps, parts or dimensions."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, got {value!r}.")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value!r}.")
    return int(value)


def solved(success: bool, message: str) -> None:
    """Check that a linear program has been solved."""
    if not success:
        raise RuntimeError(f"the transport plan has not been found. The solver says: {message}")


# Pictures


def drawable_coordinates(dim: int) -> None:
    """Check that a law fits on paper."""
    if dim > 2:
        raise ValueError(
            f"coordinates must name one coordinate, whose density is drawn, or a pair, whose "
            f"ellipse is drawn, got {dim}."
        )


def refuse_axes(value: Any) -> NoReturn:
    """Say what can be drawn on."""
    raise TypeError(
        f"ax must be a matplotlib Axes of two dimensions, got {type(value).__name__}. Make one "
        "with figure, ax = plt.subplots(), or leave ax out for a new figure."
    )


def single_law(function: str, name: str, shape: tuple[int, ...]) -> None:
    """Check that a law is alone."""
    if shape:
        raise ValueError(
            f"{function} draws one pair, but {name} has batch_shape {shape}. Pass {name}[i], and "
            "call it once a pair."
        )


def drawn_batch(name: str, shape: tuple[int, ...]) -> None:
    """Check that what gets an entry in the legend is something."""
    if 0 in shape:
        raise ValueError(
            f"plot_gaussians has nothing to draw of {name}, which is an empty batch. Leave it out."
        )


def tick_labels(name: str, value: Any, count: int, what: str) -> list[str]:
    """Check the names of what a picture shows, one each."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(f"{name} must be a list of names, got {value!r}.")
    in_order(name, value)
    names = [str(label) for label in value]
    if len(names) != count:
        raise ValueError(f"{name} must name each of the {count} {what}, got {len(names)} names.")
    return names


def refuse_arrows(reason: Exception) -> NoReturn:
    """Say that there is no map to draw."""
    raise ValueError(f"{reason} Pass arrows=0 to draw the geodesic alone.") from reason


def drawn_table(value: Any) -> Array:
    """Check a table of distances; infinite ones are allowed."""
    array = _as_array("table", value)
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"table must hold real numbers, got dtype {array.dtype}. Pass laws through "
            "gaussmetrics.pairwise(metric, laws) first."
        )
    if array.ndim != 2 or array.size == 0:
        raise ValueError(
            f"table must have shape (n, m), as gaussmetrics.pairwise returns it, got {array.shape}."
        )
    if np.isnan(array).any():
        i, j = (int(k) for k in np.argwhere(np.isnan(array))[0])
        raise ValueError(f"table must hold no NaN, but table[{i}, {j}] is one.")
    return array.astype(np.float64)


def table_order(value: Any, table: Array) -> None:
    """Check how a table is to be ordered, and that it can be."""
    if value is None:
        return
    if not (isinstance(value, str) and value == "clustering"):
        raise ValueError(f'order must be None or "clustering", got {value!r}.')
    if table.shape[0] != table.shape[1]:
        raise ValueError(
            f'order="clustering" needs the table of a batch with itself, got shape {table.shape}.'
        )
    if (table < 0).any() or (np.diagonal(table)[:, None] > np.minimum(table, table.T)).any():
        raise ValueError(
            'order="clustering" needs distances: none negative, and none of a law to itself larger '
            "than to another. Turn similarities around first, for example 1 - table."
        )


def explanations(values: Any, kind: type) -> list[Any]:
    """Check explanations that are to stand beside each other: one metric, each alone."""
    given = list(values) if isinstance(values, Iterable) else [values]
    for value in given:
        if not isinstance(value, kind):
            raise TypeError(
                "explanation must come from gaussmetrics.explain(metric, p, q), or be a list of "
                f"such, got {type(value).__name__}."
            )
    if not given:
        raise ValueError("explanation must hold at least one explanation, got none.")
    metrics = sorted({value.metric for value in given})
    if len(metrics) > 1:
        raise ValueError(
            f"explanations in one picture must be of one metric, got {', '.join(metrics)}. They "
            "have different units: draw them on axes of their own."
        )
    return given


def explained_batch(shape: tuple[int, ...], *, listed: bool) -> None:
    """Check that explanations form one row of bars."""
    if len(shape) > 1 or (listed and shape):
        raise ValueError(
            f"explanation must be single, a batch of shape (n,), or a list of single ones, got "
            f"one of batch_shape {shape}."
        )


def fitted_classifier(function: str, classifier: Any) -> np.ndarray[Any, Any]:
    """Check that a classifier gives probabilities; return its classes."""
    if isinstance(classifier, type) or not hasattr(classifier, "predict"):
        raise TypeError(
            f"{function} takes a fitted classifier, got {classifier!r}. For example "
            "classifier = gaussmetrics.AnalyticLogisticRegression().fit(X, y)."
        )
    if not hasattr(classifier, "classes_"):
        raise ValueError(f"{function} needs a fitted classifier: call classifier.fit(X, y) first.")
    if not hasattr(classifier, "predict_proba"):
        raise TypeError(
            f"{function} needs probabilities, but {type(classifier).__name__} has no "
            "predict_proba. Calibrate it first, with scikit-learn's CalibratedClassifierCV."
        )
    return np.asarray(classifier.classes_)


def two_features(X: Any) -> np.ndarray[Any, Any]:
    """Check samples that fit on paper."""
    rows = streamed_samples("X", X)
    if rows.ndim != 2 or rows.shape[1] != 2:
        raise ValueError(
            f"plot_decision_regions needs X of shape (n, 2), got {rows.shape}. Fit the classifier "
            "on two of the columns, or on the first two principal components."
        )
    return rows


def class_places(y: Any, classes: np.ndarray[Any, Any], count: int) -> NDArray[np.intp]:
    """Check the labels of samples for a fitted classifier; return their places in `classes`."""
    labels = np.asarray(y)
    if labels.shape != (count,) or count == 0:
        raise ValueError(
            f"y must hold one label a row of X, at least one, got shape {labels.shape} for "
            f"{count} rows."
        )
    places = {label: k for k, label in enumerate(classes.tolist())}
    unknown = [label for label in labels.tolist() if label not in places]
    if unknown:
        raise ValueError(
            f"y holds labels that the classifier was not fitted on: "
            f"{list(dict.fromkeys(unknown))[:5]}; its classes are {classes.tolist()}."
        )
    return np.array([places[label] for label in labels.tolist()])


def forecasts(value: Any) -> Array:
    """Check the probabilities that a classifier gives."""
    return real_array("predict_proba(X)", value, shape="(n, K)", min_ndim=2)
