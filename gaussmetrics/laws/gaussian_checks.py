"""Checks of one Gaussian: its mean, names and coordinates, and points of its space."""

from __future__ import annotations

import operator
import reprlib
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array.linalg import EPS
from gaussmetrics._array.reading import as_array, in_order, length, real_array, shown
from gaussmetrics._array.types import Array, Names


def mean_vector(value: Any) -> Array:
    """Check the mean of a Gaussian."""
    hint = " Of one variable the mean is [0.0] and cov [[1.0]], say."
    mean = real_array("mean", value, shape="(..., d)", min_ndim=1, hint=hint)
    if mean.shape[-1] == 0:
        raise ValueError(f"mean must have at least one coordinate, got shape {mean.shape}.")
    return mean


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


def _is_scalar(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim == 0


def several_laws(laws: Any) -> None:
    """Check that laws to be stacked come one after another."""
    try:
        iter(laws)
    except TypeError:
        raise TypeError(
            f"Gaussian.stack takes a list of Gaussians, got an object of type "
            f"{type(laws).__name__}."
        ) from None


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


def variable_names(source: str, value: Any, dim: int) -> tuple[str, ...]:
    """Check the names of the variables: a string for each, all different."""
    if isinstance(value, str) or not isinstance(value, Iterable) or _is_scalar(value):
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


def same_columns(labels: Sequence[str] | None, names: Sequence[str] | None) -> None:
    """Check that points with labels have those of the law, in its order."""
    if labels is None or names is None or labels == names:
        return
    raise ValueError(
        f"x must have the variables of the Gaussian in their order, {reprlib.repr(names)}, got "
        f"{reprlib.repr(labels)}. Choose them by name, as x[list(names)], or pass np.asarray(x)."
    )


def points(value: Any, dim: int) -> Array:
    """Check points at which a density is wanted."""
    x = real_array("x", value, shape=f"(..., {dim})", min_ndim=1)
    if x.shape[-1] != dim:
        raise ValueError(f"x must have shape (..., {dim}), got {x.shape}.")
    return x


def coordinates(
    name: str, value: Any, dim: int, names: Sequence[str] | None = None
) -> NDArray[np.intp]:
    """Check which coordinates of a vector are meant: an integer, a slice, a list, a mask, names."""
    value = as_array(name, value) if hasattr(value, "__array__") else value
    places = _places(name, value, dim, names)
    try:
        index: Any = places if isinstance(places, slice) else np.asarray(places)
        empty = np.size(index) == 0
        chosen = np.atleast_1d(np.arange(dim)[[] if empty else index])
    except (IndexError, TypeError, ValueError, RuntimeError):
        raise ValueError(
            f"{name} must name coordinates from 0 to {dim - 1} (an integer, a slice, a list or "
            f"a boolean mask), got {shown(value)}."
        ) from None
    if chosen.ndim != 1 or len(chosen) == 0:
        raise ValueError(
            f"{name} must name at least one coordinate, in a flat list, got {value!r}."
        )
    if len(np.unique(chosen)) < len(chosen):
        raise ValueError(f"{name} must name each coordinate once, got {value!r}.")
    return chosen


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


def some_left(name: str, chosen: NDArray[np.intp], dim: int) -> None:
    """Check that conditioning leaves a coordinate to speak of."""
    if len(chosen) == dim:
        raise ValueError(f"{name} names all {dim} coordinates: none is left to condition.")


def sample_size(value: Any) -> tuple[int, ...]:
    """Check the shape of a sample."""
    try:
        size = tuple(operator.index(n) for n in (value if isinstance(value, tuple) else (value,)))
    except TypeError:
        raise TypeError(f"size must be an integer or a tuple of integers, got {value!r}.") from None
    if any(n < 0 for n in size):
        raise ValueError(f"size must not be negative, got {shown(value)}.")
    return tuple(length("size", n) for n in size)


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


def flat_batch(name: str, law: Any) -> None:
    """Check that a batch is a plain list of laws."""
    if len(law.batch_shape) != 1:
        raise ValueError(
            f"{name} must be a batch of shape (n,), got batch_shape {law.batch_shape}. "
            "Make it one with Gaussian.stack(laws), or with "
            "Gaussian(means of shape (n, d), covariances of shape (n, d, d))."
        )


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


def shares(name: str, value: Any, count: int) -> Array:
    """Check weights likewise; those that sum to one already are not rounded again."""
    result = law_weights(name, value, count)
    if value is None:
        return result
    weights = np.array(value, dtype=np.float64)
    return weights if (np.abs(weights - result) <= 4 * EPS * result).all() else result


def has_densities(function: str, cov: Any) -> None:
    """Check that no component of a mixture is singular."""
    ranks = np.broadcast_to(cov.rank(), cov.batch_shape or (1,))
    if (ranks < cov.dim).any():
        index = int(np.argmax(ranks < cov.dim)) if cov.batch_shape else 0
        raise ValueError(
            f"{function} needs components with densities, but components[{index}] is singular, of "
            f"rank {int(ranks[index])} in {cov.dim} dimensions. Where one subspace holds them all, "
            "work in coordinates of it: "
            "gaussmetrics.Mixture(m.weights, m.components.marginal(indices))."
        )


def refuse_operand(metric: str, name: str, value: Any) -> NoReturn:
    """Show how to make the Gaussian, or the batch, that a metric takes."""
    if isinstance(value, (list, tuple)) and {type(p).__name__ for p in value} == {"Gaussian"}:
        raise TypeError(
            f"{metric} takes a batch of Gaussians, but {name} is a {type(value).__name__} of them. "
            f"Stack it first: {name} = gaussmetrics.Gaussian.stack({name})."
        )
    if hasattr(value, "components"):
        closest = {
            "kl_divergence": "mixture_kl_divergence",
            "wasserstein_distance": "mixture_wasserstein_distance",
        }.get(metric, "mixture_kl_divergence or mixture_wasserstein_distance")
        raise TypeError(
            f"{metric} takes Gaussian objects, but {name} is a {type(value).__name__}. Take its "
            f"laws, {name}.components, or compare mixtures with gaussmetrics.{closest}."
        )
    raise TypeError(
        f"{metric} takes Gaussian objects, but {name} is of type {type(value).__name__}. "
        f"Construct it first: {name} = gaussmetrics.Gaussian(mean, cov), or "
        f"{name} = gaussmetrics.Gaussian.from_samples(X)."
    )
