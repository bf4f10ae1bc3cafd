"""Checks of scores, of what is positive among them, and of a temperature."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array import reading
from gaussmetrics._array.types import Array, Mask
from gaussmetrics.softmax.logits import logits


def scored(
    scores: Any, positives: Any, excluded: Any, temperature: Any
) -> tuple[Array, Array, float]:
    """Return scores with −∞ where excluded, the weights of the positives, and τ."""
    tau = positive_temperature(temperature)
    s = logits("scores", scores)
    w = _weights(s, positives)
    if excluded is not None:
        s[_mask(excluded, s.shape)] = -np.inf
        _positives_compared(s, w, excluded)
    return s, w, tau


def positive_temperature(value: Any) -> float:
    """Return τ, of which the inverse, the size of a gradient, is within the floats."""
    tau = reading.positive_number("temperature", value)
    smallest = np.finfo(float).tiny
    if tau < smallest:
        raise ValueError(
            f"temperature must be at least {smallest:.4g}, or gradients overflow, got {tau:.6g}. "
            "Multiply the temperature and the scores by the same factor."
        )
    return tau


def flag(name: str, value: Any) -> bool:
    """Check an option that is on or off; no other value counts as either."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {value!r}.")
    return bool(value)


def _weights(scores: Array, positives: Any) -> Array:
    """Return the weight of each candidate, not negative and not all zero."""
    if positives is None:
        return np.broadcast_to(np.eye(square(scores.shape)), scores.shape)
    given = reading.as_array("positives", positives)
    if given.shape == scores.shape:
        return _weights_of_rows("positives", positives)
    if given.ndim and given.shape != scores.shape[:-1]:
        raise ValueError(
            f"positives must be places of shape {scores.shape[:-1]} or weights of the scores' "
            f"shape {scores.shape}, got shape {given.shape}."
        )
    chosen = places("positives", given, scores.shape[-1])[..., None] == np.arange(scores.shape[-1])
    return np.broadcast_to(chosen, scores.shape).astype(float)


def places(name: str, given: np.ndarray[Any, Any], count: int) -> np.ndarray[Any, Any]:
    """Check places in a row of candidates."""
    if not given.size:  # NumPy reads an empty list as floats
        return given.astype(np.intp)
    if given.dtype.kind not in "iu":
        raise TypeError(
            f"{name} must be integers, the place of the positive in each row, got dtype "
            f"{given.dtype}. For weights pass one for each candidate."
        )
    outside = (given < 0) | (given >= count)
    if outside.any():
        first = np.argwhere(outside)[0]
        raise ValueError(
            f"{name} must be places 0 to {count - 1} in a row of {count} candidates, but "
            f"{reading.label(name, first)} is {given[tuple(first)]}."
        )
    return given


def _weights_of_rows(name: str, given: Any) -> Array:
    weights = reading.real_array(name, given, shape="(..., K)", min_ndim=1)
    _not_negative(name, weights)
    _some_positive(name, weights.max(axis=-1))
    return weights


def _not_negative(name: str, weights: Array) -> None:
    if (weights < 0).any():
        first = np.argwhere(weights < 0)[0]
        raise ValueError(
            f"{name} must not be negative, but {reading.label(name, first)} is "
            f"{weights[tuple(first)]:.6g}."
        )


def _some_positive(name: str, sums: Array) -> None:
    if not sums.all():
        row = reading.label(name, np.argwhere(sums == 0)[0])
        raise ValueError(
            f"each row needs a positive, but {row} is zero throughout. Leave such rows out."
        )


def targets(given: Any, u: Array, v: Array, *, one_encoder: bool) -> Any:
    """Return the positives of rows of vectors: places (b,), or weights (b, m), dense or sparse."""
    if u.shape[1] != v.shape[1]:
        raise ValueError(
            f"u and v must have vectors of the same length, got {u.shape[1]} and {v.shape[1]}."
        )
    if given is None:
        return _same_place(len(u), len(v), one_encoder)
    sparse = hasattr(given, "tocsr")
    array = given.tocsr() if sparse else reading.as_array("targets", given)
    if array.shape == (len(u),):
        array = places("targets", array, len(v))
    elif array.shape == (len(u), len(v)):
        array = _sparse_weights(array) if sparse else _weights_of_rows("targets", given)
    else:
        raise ValueError(
            f"targets must be places of shape ({len(u)},) or weights of shape "
            f"({len(u)}, {len(v)}), got shape {array.shape}."
        )
    if one_encoder:
        _not_itself(array)
    return array


def _same_place(rows: int, columns: int, one_encoder: bool) -> NDArray[np.intp]:
    """Let u_i go with v_i."""
    if one_encoder:
        raise ValueError(
            "targets must say which row goes with which where one encoder is given: for "
            "neighbours, (0, 1), (2, 3), …, pass targets=numpy.arange(len(u)) ^ 1."
        )
    if rows != columns:
        raise ValueError(
            f"u and v must have as many rows as each other where no targets are given, got {rows} "
            f"and {columns}. Pass targets, the place in v of each row's positive."
        )
    return np.arange(rows)


def _sparse_weights(weights: Any) -> Any:
    data = reading.real_array("targets.data", weights.data, shape="(entries,)", min_ndim=1)
    _not_negative("targets.data", data)
    weights = weights.astype(np.float64)  # sums of large integers would wrap around
    _some_positive("targets", np.asarray(weights.sum(axis=1)).reshape(-1))
    return weights


def _not_itself(positives: Any) -> None:
    """Check that no row of one encoder is its own positive."""
    if positives.ndim == 1:
        itself = positives == np.arange(len(positives))
    else:
        itself = positives.diagonal() > 0
    if itself.any():
        raise ValueError(
            f"targets must not pair a row with itself, but row {int(np.argmax(itself))} is its own "
            "positive. With one encoder no row is compared with itself."
        )


def _mask(excluded: Any, shape: tuple[int, ...]) -> Mask:
    mask = reading.as_array("excluded", excluded)
    if mask.dtype.kind != "b":
        raise TypeError(
            f"excluded must be boolean, True where a candidate is not compared, got dtype "
            f"{mask.dtype}."
        )
    try:
        return np.broadcast_to(mask, shape)
    except ValueError:
        raise ValueError(
            f"excluded must have the scores' shape {shape} or broadcast to it, got {mask.shape}."
        ) from None


def _positives_compared(scores: Array, weights: Array, excluded: Any) -> None:
    """Check that no positive is excluded and no row empty."""
    both = np.broadcast_to(excluded, scores.shape) & (weights > 0)
    if both.any():
        place = reading.label("scores", np.argwhere(both)[0])
        raise ValueError(
            f"{place} is a positive and excluded. Leave it in, or take its weight away."
        )
    logits("scores", scores)


def square(shape: tuple[int, ...]) -> int:
    """Check that scores are a similarity matrix of pairs; return their number."""
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise ValueError(
            f"scores must be a similarity matrix (..., n, n) where positives are not given or both "
            f"directions are asked for, got shape {shape}. Pass positives, one a row."
        )
    return shape[-1]


def transposed(scores: Array, weights: Array) -> tuple[Array, Array]:
    """Return the columns of a similarity matrix as rows."""
    square(scores.shape)
    columns = np.swapaxes(weights, -1, -2)
    empty = ~columns.any(axis=-1)
    if empty.any():
        column = int(np.argwhere(empty)[0][-1])
        raise ValueError(
            f"both directions need a positive in each column, but column {column} has none. "
            "Leave such candidates out, or pass both_directions=False."
        )
    return np.swapaxes(scores, -1, -2), columns


def some_negative(negative: Mask) -> None:
    """Check that FlatNCE has a gradient: that each row has a negative."""
    missing = ~negative.any(axis=-1)
    if missing.any():
        row = reading.label("scores", np.argwhere(missing)[0])
        raise ValueError(
            f"flat_nce_loss_gradient is not defined where no negative is left: the loss of {row} "
            "is -inf. Leave such rows out, or use info_nce_loss_gradient, which is zero there."
        )


def rows_of_pairs(scores: Array, *, least: int) -> None:
    """Check that there are rows enough for a standard error."""
    if scores.ndim != 2 or len(scores) < least:
        raise ValueError(
            f"scores must be a matrix (n, K) of at least {least} rows, got shape {scores.shape}."
        )


def summable_losses(losses: Array) -> None:
    """Check that losses have a mean and a standard error within the floats."""
    if np.isposinf(losses).any():
        row = reading.label("scores", np.argwhere(np.isposinf(losses))[0])
        raise ValueError(
            f"mutual_information_bound needs finite scores of the positives, but {row} has a "
            "positive of score -inf: the bound is -inf and has no standard error. Leave such rows "
            "out."
        )
    if losses.max() > np.finfo(float).max / (4.0 * len(losses) ** 2):
        row = reading.label("scores", np.argwhere(losses == losses.max())[0])
        raise ValueError(
            f"mutual_information_bound needs losses whose sums are floats, but that of {row} is "
            f"{losses.max():.6g}. Divide the scores by a number, or raise the temperature."
        )
