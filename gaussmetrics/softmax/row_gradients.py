"""One vector a row that carries the gradient of a whole batch's contrastive loss.

The loss of a batch is no sum over its rows, but its gradient in the parameters θ of an encoder is:
∇L = Σₖ ⟨∇hₖ, h̃ₖ⟩ with h̃ₖ = ∂L/∂hₖ held fixed. A first pass over micro-batches collects the rows
h, this file makes h̃ of them, and a second pass takes the gradient of Σ ⟨hₖ, h̃ₖ⟩ micro-batch by
micro-batch. Scores are formed and dropped in blocks of rows, so memory grows with b and not b².
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dgemm

from gaussmetrics._array import reading
from gaussmetrics._array.types import Array
from gaussmetrics.laws.sample_checks import streamed_samples
from gaussmetrics.softmax import score_checks
from gaussmetrics.softmax.contrastive import (
    TINY,
    Rows,
    info_nce,
    probability,
    softmax_minus_targets,
)

BLOCK_BYTES = 2**26
"""Of all arrays of the size of one block of scores that are alive at a time."""

ARRAYS_FOR_WEIGHTS = 8
"""So many are alive where targets are weights; with one positive a row there is one."""


ROWS_AT_A_TIME = 4096
"""Of vectors, where a product of two arrays of them would be a third."""


class RowGradients(NamedTuple):
    """Losses of the rows of a batch, and the gradient of their sum in every vector.

    Attributes
    ----------
    losses : (b,) array
        InfoNCE of each row of u, in nats.
    u : (b, d) array
        ∂/∂u of the sum of the losses.
    v : (m, d) array or None
        ∂/∂v of the sum of the losses; None for one encoder, whose rows stand on both sides.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> import numpy as np
    >>> rows = gm.contrastive_row_gradients(np.eye(2), np.eye(2))
    >>> print(rows.losses.round(6), rows.u[0].round(6), rows.v[0].round(6))
    [0.313262 0.313262] [-0.268941  0.268941] [-0.268941  0.268941]
    """

    losses: Array
    u: Array
    v: Array | None


def contrastive_row_gradients(
    u: Any,
    v: Any = None,
    *,
    targets: Any = None,
    temperature: float = 1.0,
    unit_length: bool = False,
    block: int | None = None,
) -> RowGradients:
    """Return the InfoNCE losses of a batch of vectors, and the gradient of their sum in each.

    With scores s_ij = ⟨u_i, v_j⟩/τ, P their softmax by rows and targets T:

    ũ = (P − T) v / τ,  ṽ = (P − T)ᵀ u / τ;  one encoder: h̃ = (P − T + (P − T)ᵀ) h / τ

    Parameters
    ----------
    u : (b, d)
        Vectors of one encoder, a row each.
    v : (m, d), optional
        Vectors of the other encoder. Without it the rows of u are compared with each other, and
        none with itself.
    targets : (b,) integers, (b, m) weights or a sparse matrix of them, optional
        The positive of each row of u among the rows of v (of u): its place, or weights that are
        not negative and are divided by their sum. Default with v: u_i goes with v_i.
    temperature : float
        τ > 0.
    unit_length : bool
        Whether rows are divided by their lengths first; gradients are still those in u and v.
    block : int, optional
        How many rows of scores are held at a time. By default as many as fit into 64 MiB.

    Returns
    -------
    RowGradients
        A named triple (losses, u, v). Divide both gradients by b for those of the mean loss. For
        the loss in both directions add those of (v, u), exchanged.

    Raises
    ------
    TypeError, ValueError
        If vectors are no finite real numbers, shapes or targets do not fit, the temperature is not
        positive, a row of zeros has no direction, one encoder is given without targets, or scores
        or gradients are beyond the floats.

    See Also
    --------
    RowGradients, info_nce_loss_gradient, flat_nce_loss_gradient

    References
    ----------
    Gao et al. 2021, arXiv:2101.06983; Su Jianlin, https://kexue.fm/archives/8471.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> sentences = [[1.0, 0.0], [0.8, 0.6], [0.0, 1.0], [0.6, 0.8]]
    >>> rows = gm.contrastive_row_gradients(sentences, targets=[1, 0, 3, 2], temperature=0.1)
    >>> print(rows.losses.round(4))
    [0.1272 1.8064 0.1272 1.8064]
    """
    tau = score_checks.positive_temperature(temperature)
    unit_length = score_checks.flag("unit_length", unit_length)
    a = _vectors("u", u)
    b = a if v is None else _vectors("v", v)
    wanted = score_checks.targets(targets, a, b, one_encoder=v is None)
    size = _rows_a_block(wanted, len(b)) if block is None else reading.step_count("block", block)
    if unit_length:
        _short_rows_in_range(a, b, tau)
    else:
        _long_rows_in_range(a, b, tau)
    left = _unit("u", a) if unit_length else a
    right = left if v is None else _unit("v", b) if unit_length else b
    losses, first, second = np.empty(len(a)), np.empty_like(left), np.zeros_like(right)
    memory = np.empty((min(size, len(a)), len(b)))
    for part in _parts(len(a), size):
        scores = np.matmul(left[part], right.T, out=memory[: part.stop - part.start])
        if v is None:
            scores[np.arange(len(scores)), np.arange(part.start, part.stop)] = -np.inf
        losses[part], gap = _compared(scores, wanted[part], tau)
        np.matmul(gap, right, out=first[part])
        _add_product(second, gap, left[part])
    if v is None:
        first += second
    if unit_length:
        _carry_to_vectors(first, a, left)
    if unit_length and v is not None:
        _carry_to_vectors(second, b, right)
    return RowGradients(losses, first, None if v is None else second)


def _compared(scores: Array, targets: Any, tau: float) -> tuple[Array, Array]:
    """Return the losses of a block of rows and (P − T) / τ, in the memory of the scores."""
    if targets.ndim == 1:
        return _one_positive(scores, targets, tau)
    weights = targets.toarray() if hasattr(targets, "toarray") else targets
    rows = Rows.of(scores, weights, tau)
    return np.asarray(info_nce(rows)), softmax_minus_targets(rows) / tau


def _one_positive(scores: Array, place: NDArray[np.intp], tau: float) -> tuple[Array, Array]:
    """Return log(1 + ξ) and (1 − p₊)(q, −1) / τ, as `info_nce_loss` and its gradient do."""
    own = (np.arange(len(scores)), place)
    scores -= scores[own][:, None]
    scores[own] = -np.inf
    scores /= tau
    top = np.maximum(scores.max(axis=1), np.finfo(float).min)
    scores -= top[:, None]
    np.exp(scores, out=scores)
    total = scores.sum(axis=1)
    with np.errstate(over="ignore"):
        odds = np.exp(top) * total
    share = probability(odds) / tau
    scores *= (share / np.maximum(total, TINY))[:, None]
    scores[own] = -share
    return np.where(odds < np.inf, np.log1p(odds), top + np.log(np.maximum(total, TINY))), scores


def _add_product(total: Array, gap: Array, vectors: Array) -> None:
    """Add gapᵀ vectors to the total in place."""
    dgemm(1.0, vectors.T, gap.T, beta=1.0, c=total.T, trans_b=True, overwrite_c=True)


def _rows_a_block(targets: Any, count: int) -> int:
    bytes_a_score = 8 if targets.ndim == 1 else 8 * ARRAYS_FOR_WEIGHTS
    return max(1, BLOCK_BYTES // (bytes_a_score * max(count, 1)))


def _vectors(name: str, value: Any) -> Array:
    """Check the rows of one side; they are copied only if they are not float64."""
    rows = streamed_samples(name, value)
    if rows.ndim != 2:
        raise ValueError(f"{name} must have shape (b, d), one vector a row, got {rows.shape}.")
    return np.ascontiguousarray(rows, dtype=np.float64)


def _unit(name: str, vectors: Array) -> Array:
    """Return rows of length 1."""
    lengths = _lengths(vectors)
    if not lengths.all():
        raise ValueError(
            f"{name} has a row of zeros, row {int(np.argmin(lengths))}, which has no direction. "
            "Leave it out, or pass unit_length=False."
        )
    return vectors / lengths


def _long_rows_in_range(u: Array, v: Array, tau: float) -> None:
    """Check that no score ⟨u, v⟩/τ and no sum of rows over τ is beyond the floats."""
    first, second = _lengths(u).max(initial=0.0), _lengths(v).max(initial=0.0)
    terms = len(u) + len(v)
    with np.errstate(over="ignore"):
        largest = max(first * second, terms * first, terms * second) / tau
    if not largest < np.finfo(float).max / 4:
        raise ValueError(
            f"u and v are so long that their products overflow, or are beyond the floats divided "
            f"by the temperature {tau:.6g}. Rescale them, or pass unit_length=True."
        )


def _short_rows_in_range(u: Array, v: Array, tau: float) -> None:
    """Check that gradients in rows of length 1, divided by the rows' lengths, are floats."""
    lengths = np.concatenate([_lengths(u), _lengths(v)])
    with np.errstate(over="ignore"):
        largest = len(lengths) / lengths.min(initial=1.0, where=lengths > 0) / tau
    if not largest < np.finfo(float).max / 4:
        raise ValueError(
            f"u and v have rows so short that gradients in them overflow at the temperature "
            f"{tau:.6g}. Rescale the rows, or raise the temperature."
        )


def _lengths(vectors: Array) -> Array:
    """Return ‖h‖ of each row, (b, 1), also where its square is beyond the floats."""
    with np.errstate(over="ignore"):
        lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    extreme = ~((lengths > 1e-140) & (lengths < np.inf))
    rows = vectors[extreme]
    scale = np.abs(rows).max(axis=1, keepdims=True, initial=TINY)
    lengths[extreme] = scale[:, 0] * np.linalg.norm(rows / scale, axis=1)
    return lengths[:, None]


def _carry_to_vectors(gradient: Array, vectors: Array, unit: Array) -> None:
    """Turn a gradient in h/‖h‖ into that in h: what is along h drops out, ‖h‖ divides the rest."""
    along = np.einsum("ij,ij->i", gradient, unit)[:, None]
    for part in _parts(len(gradient), ROWS_AT_A_TIME):
        gradient[part] -= along[part] * unit[part]
    gradient /= _lengths(vectors)


def _parts(count: int, size: int) -> Iterator[slice]:
    return (slice(start, min(start + size, count)) for start in range(0, count, size))
