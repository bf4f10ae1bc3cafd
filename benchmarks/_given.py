"""Pairs of laws in every form a covariance can be given in, with the exact matrix of that form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import mpmath as mp
import numpy as np
from _laws import Array, Cell, orthogonal, perturbed

import gaussmetrics as gm

Cov = gm.Covariance
Rng = np.random.Generator


class Form(NamedTuple):
    """How a structure is drawn, changed a little, built, made exact, and how well conditioned."""

    draw: Callable[[Rng, Cell], tuple[Array, ...]]
    move: Callable[[Rng, tuple[Array, ...], float], tuple[Array, ...]]
    build: Callable[..., Any]
    exact: Callable[..., Any]
    condition: Callable[..., float]


class Given(NamedTuple):
    """A law, its exact mean and covariance, and the condition number of its form."""

    law: gm.Gaussian
    mean: Any
    cov: Any
    kappa: float


def matrix(array: Array) -> Any:
    return mp.matrix(array.tolist())


def _gram(f: Any) -> Any:
    return f * f.T


def _eigenvalues(rng: Rng, cell: Cell) -> Array:
    """From scale/κ to scale, each up to twice as large, so that unrelated laws differ in all."""
    grid = cell.scale * cell.kappa ** -np.linspace(0.0, 1.0, cell.dim)
    return grid * (1 + rng.random(cell.dim))


def _covariance(rng: Rng, values: Array) -> Array:
    basis = orthogonal(rng, 1, len(values))[0]
    half = 0.5 * (basis * values) @ basis.T
    return half + half.T


def _factor(rng: Rng, cell: Cell, columns: int) -> Array:
    left = orthogonal(rng, 1, cell.dim)[0]
    right = orthogonal(rng, 1, columns)[0][: cell.dim]
    return (left * np.sqrt(_eigenvalues(rng, cell))) @ right


def _triangle(rng: Rng, cell: Cell) -> Array:
    upper = np.linalg.qr(_factor(rng, cell, cell.dim).T)[1]
    return np.tril(upper.T * np.sign(np.diag(upper)))


def _low_rank(rng: Rng, cell: Cell) -> tuple[Array, Array]:
    """Noise variances within a factor of two, and a factor κ times as strong."""
    rank = max(1, cell.dim // 2)
    noise = cell.scale / cell.kappa * (1 + rng.random(cell.dim))
    strength = np.sqrt(cell.scale / cell.dim)
    return strength * rng.standard_normal((cell.dim, rank)), noise


def _isotropic(rng: Rng, cell: Cell) -> tuple[Array, Array]:
    factor, noise = _low_rank(rng, cell)
    return factor, noise[:1].repeat(cell.dim)


def _each(rng: Rng, parts: tuple[Array, ...], size: float) -> tuple[Array, ...]:
    return tuple(a * (1 + size * rng.uniform(-1, 1, a.shape)) for a in parts)


def _congruence(rng: Rng, parts: tuple[Array, ...], size: float) -> tuple[Array, ...]:
    return (perturbed(rng, parts[0], size),)


def _first_only(rng: Rng, parts: tuple[Array, ...], size: float) -> tuple[Array, ...]:
    """Eigenvalues move, eigenvectors stay."""
    return (*_each(rng, parts[:1], size), *parts[1:])


def _alike(rng: Rng, parts: tuple[Array, ...], size: float) -> tuple[Array, ...]:
    """The factor moves, and the equal variances by one ratio."""
    factor, noise = parts
    return (*_each(rng, (factor,), size), noise * (1 + size * rng.uniform(-1, 1)))


def _cond(a: Array) -> float:
    return float(np.linalg.cond(a))


def _whitened(factor: Array, noise: Array) -> float:
    return float(1 + np.linalg.norm(factor / np.sqrt(noise)[:, None], 2) ** 2)


FORMS = {
    "matrix": Form(
        lambda rng, cell: (_covariance(rng, _eigenvalues(rng, cell)),),
        _congruence, lambda a: a, matrix, _cond,
    ),
    "diagonal": Form(
        lambda rng, cell: (rng.permutation(_eigenvalues(rng, cell)),),
        _each, Cov.from_diagonal, lambda v: mp.diag(v.tolist()), lambda _: 1.0,
    ),
    "cholesky": Form(
        lambda rng, cell: (_triangle(rng, cell),),
        _each, Cov.from_cholesky, lambda f: _gram(matrix(f)), _cond,
    ),
    "factor": Form(
        lambda rng, cell: (_factor(rng, cell, cell.dim + 2),),
        _each, Cov.from_factor, lambda f: _gram(matrix(f)), _cond,
    ),
    "low rank": Form(
        _low_rank, _each, Cov.from_factor,
        lambda f, v: _gram(matrix(f)) + mp.diag(v.tolist()), _whitened,
    ),
    "isotropic": Form(
        _isotropic, _alike, Cov.from_factor,
        lambda f, v: _gram(matrix(f)) + mp.diag(v.tolist()), _whitened,
    ),
    "precision": Form(
        lambda rng, cell: (_covariance(rng, 1 / _eigenvalues(rng, cell)),),
        _congruence, Cov.from_precision, lambda p: mp.inverse(matrix(p)), _cond,
    ),
    "eigen": Form(
        lambda rng, cell: (_eigenvalues(rng, cell), orthogonal(rng, 1, cell.dim)[0]),
        _first_only, Cov.from_eigendecomposition,
        lambda w, v: matrix(v) * mp.diag(w.tolist()) * matrix(v).T,
        lambda w, _: float(np.sqrt(w.max() / w.min())),
    ),
}  # fmt: skip


def pair_given(structure: str, cell: Cell, rng: Rng) -> tuple[Given, Given]:
    """Draw two laws of one structure, as far apart as the cell says."""
    form = FORMS[structure]
    first = form.draw(rng, cell)
    near = cell.apart < 1
    second = form.move(rng, first, cell.apart) if near else form.draw(rng, cell)
    mean, direction = np.sqrt(cell.scale) * rng.standard_normal((2, cell.dim))
    shifted = mean + cell.apart / np.sqrt(cell.kappa) * direction
    return _given(form, mean, first), _given(form, shifted, second)


def _given(form: Form, mean: Array, parts: tuple[Array, ...]) -> Given:
    law = gm.Gaussian(mean, form.build(*parts))
    return Given(law, matrix(mean), form.exact(*parts), form.condition(*parts))
