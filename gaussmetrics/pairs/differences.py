"""The difference of two covariances, taken between what was given."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np

from gaussmetrics._array import double_double, linalg, procrustes
from gaussmetrics._array.double_double import DoubleDouble, exactly
from gaussmetrics._array.linalg import side_by_side, transpose
from gaussmetrics._array.two_floats import two_sum
from gaussmetrics._array.types import Array
from gaussmetrics.laws.given import Columns, Entries, Given, Precision
from gaussmetrics.laws.low_rank import LowRank
from gaussmetrics.laws.structure import Structure
from gaussmetrics.pairs.combinations import as_low_rank, both_low_rank

ColumnMap: TypeAlias = Callable[[Array], Array]


class DiagonalPlusProduct(NamedTuple):
    """diag(a) + L Rᵀ with thin L and R."""

    diagonal: Array
    left: Array
    right: Array


class Difference(NamedTuple):
    """The difference Δ = diag(a) + L Rᵀ of two covariances; where it is None, R is I and a is 0.

    Where L and R are thin, or large beside Δ, they are mapped before they are multiplied.
    """

    left: Array
    right: Array | None = None
    diagonal: Array | None = None

    def between(self, a: ColumnMap, b: ColumnMap) -> Array:
        """Return A Δ Bᵀ for the maps X ↦ A X and X ↦ B X of columns."""
        if self.right is None:
            return transpose(b(transpose(a(self.left))))
        product = a(self.left) @ transpose(b(self.right))
        if self.diagonal is None:
            return product
        diagonal = self.diagonal[..., None] * np.eye(self.diagonal.shape[-1])
        return product + transpose(b(transpose(a(diagonal))))

    def dense(self) -> Array:
        """Return Δ."""
        if self.right is None:
            return self.left
        return linalg.symmetric_part(self.between(np.asarray, np.asarray))


def whitened_difference(p: Structure, q: Structure, by: Structure) -> Array:
    """Return Σp − Σq, whitened on both sides."""
    return linalg.symmetric_part(difference(p, q).between(by.whiten_columns, by.whiten_columns))


def relative_excess(p: Structure, q: Structure, whiten: ColumnMap) -> Array:
    """Return A (Σp − Σq) Aᵀ for the map X ↦ A X of columns that whitens Σq.

    Of factors G + E and G it is M Qᵀ + Q Mᵀ + M Mᵀ with M = A E and the rotation Q = A G.
    """
    if both_low_rank(p, q) or not given_by_columns(p, q):
        return linalg.symmetric_part(difference(p, q).between(whiten, whiten))
    change = whiten(factor_change(unrounded(p), unrounded(q)))
    change, rows = linalg.same_width(change, q.whitened_factor())
    return linalg.symmetric_part(change @ transpose(2.0 * rows + change))


def difference_along(p: Structure, q: Structure, rows: Array) -> Array:
    """Return A (Σp − Σq) Aᵀ for the rows of A (..., k, d)."""

    def project(columns: Array) -> Array:
        return rows @ columns

    return linalg.symmetric_part(difference(p, q).between(project, project))


def difference(p: Structure, q: Structure) -> Difference:
    """Return Σp − Σq, where nothing is rounded before the difference."""
    a, b = p.given, q.given
    if both_low_rank(p, q):
        diagonal, left, right = low_rank_difference(as_low_rank(p), as_low_rank(q))
        return Difference(left, right, diagonal)
    if isinstance(a, Columns) and isinstance(b, Columns):
        return Difference(*_of_factors(unrounded_factor(a), unrounded_factor(b)))
    if isinstance(a, Precision) or isinstance(b, Precision):
        # Far apart, where products overflow, the difference is taken plainly.
        with np.errstate(over="ignore", invalid="ignore"):
            return _with_precision(a, b, p, q)
    return _of_matrices(a, b)


def _with_precision(a: Given, b: Given, p: Structure, q: Structure) -> Difference:
    if isinstance(b, Precision):
        if isinstance(a, Precision):
            return _of_precisions(a, b, p, q)
        return _from_precision(a, b, p, q)
    change = _with_precision(b, a, q, p)
    return change._replace(left=-change.left)


def given_by_columns(p: Structure, q: Structure) -> bool:
    """Tell whether factors of both were given, which then know more than the matrices."""
    return isinstance(p.given, Columns) and isinstance(q.given, Columns)


def low_rank_difference(p: LowRank, q: LowRank) -> DiagonalPlusProduct:
    """Return Σp − Σq, in which nothing of size d × d occurs."""
    left, right = _of_factors(exactly(p.columns), exactly(q.columns))
    return DiagonalPlusProduct(p.noise - q.noise, left, right)


def _of_factors(f: DoubleDouble, g: DoubleDouble) -> tuple[Array, Array]:
    """Return L and R with F Fᵀ − G Gᵀ = L Rᵀ: E (G + E)ᵀ + G Eᵀ."""
    change, base = linalg.same_width(factor_change(f, g), g.leading)
    return side_by_side(change, base), side_by_side(base + change, change)


def factor_change(f: DoubleDouble, g: DoubleDouble) -> Array:
    """Return a small E with F Fᵀ = (G + E) (G + E)ᵀ: F − G, or F Q − G with a rotation Q.

    Where F − G is not much larger than the matrices' difference demands, it keeps what the
    rotation would mix: columns of very different size. Every variable counts alike in both: they
    are found in units of powers of two.
    """
    f, g = procrustes.padded(f, g)
    largest = (np.abs(x.leading).max(axis=-1, keepdims=True, initial=0.0) for x in (f, g))
    _, unit = np.frexp(np.maximum(*largest))
    f, g = (DoubleDouble(*(np.ldexp(part, -unit) for part in x)) for x in (f, g))
    total, error = two_sum(f.leading, -g.leading)
    plain = total + (error + (f.rest - g.rest))
    product = linalg.symmetric_part(plain @ transpose(2.0 * g.leading + plain))
    change, base, demanded = (linalg.sum_of_squares(x, 2) for x in (plain, g.leading, product))
    large = np.asarray(change * base > 100.0 * demanded)[..., None, None]
    if large.any():
        plain = np.where(large, -procrustes.aligned_difference(g, f)[0], plain)
    return np.ldexp(plain, unit)


def _of_precisions(a: Precision, b: Precision, p: Structure, q: Structure) -> Difference:
    """Return Σp (Pq − Pp) Σq, with the factors of Σp and Σq next to the change."""
    f, g = p.factor(), q.factor()
    change = transpose(f) @ (b.matrix - a.matrix) @ g
    return _unless_far(Difference(f, g @ transpose(change)), change, p, q)


def _from_precision(a: Entries | Columns, b: Precision, p: Structure, q: Structure) -> Difference:
    """Return (Σp Pq − I) Σq, in units of powers of two in which no variance dwarfs another."""
    sigma = _unrounded_matrix(a)
    _, exponent = np.frexp(linalg.diagonal(sigma.leading))
    rows, columns = (exponent // 2)[..., :, None], (exponent // 2)[..., None, :]
    scaled = DoubleDouble(*(np.ldexp(np.ldexp(part, -rows), -columns) for part in sigma))
    precision = np.ldexp(np.ldexp(b.matrix, rows), columns)
    product, rest = double_double.matmul(scaled, precision)
    excess = (product - np.eye(q.dim)) + rest
    factor = q.factor()
    left = np.ldexp(excess @ np.ldexp(factor, -rows), rows)
    return _unless_far(Difference(left, factor), q.whiten_columns(left), p, q)


def _unless_far(near: Difference, whitened: Array, p: Structure, q: Structure) -> Difference:
    """Return a difference known to the size of itself whitened, or where that is large, plainly."""
    # What overflowed is not below one half, either.
    far = ~(np.abs(whitened) < 0.5).all(axis=(-2, -1), keepdims=True)
    if near.right is None or not far.any():
        return near
    left = np.where(far, p.dense() - q.dense(), near.left)
    return Difference(left, np.where(far, np.eye(p.dim), near.right))


def _of_matrices(a: Entries | Columns, b: Entries | Columns) -> Difference:
    if isinstance(a, Entries) and isinstance(b, Entries):
        return Difference(a.matrix - b.matrix)
    first, second = _unrounded_matrix(a), _unrounded_matrix(b)
    total, error = two_sum(first.leading, -second.leading)
    return Difference(total + (error + (first.rest - second.rest)))


def unrounded(cov: Structure) -> DoubleDouble:
    """Return a factor of Σ, with its rounding where columns were given."""
    if isinstance(cov.given, Columns):
        return unrounded_factor(cov.given)
    return exactly(cov.factor())


def unrounded_factor(given: Columns) -> DoubleDouble:
    """Return [F √w, diag(√v)] with its rounding."""
    columns = _unrounded_columns(given)
    if given.noise is None:
        return columns
    return double_double.beside(columns, _diagonal_root(given.noise))


def _unrounded_columns(given: Columns) -> DoubleDouble:
    if given.weights is None:
        return exactly(given.columns)
    return double_double.scaled_columns(given.columns, double_double.square_root(given.weights))


def _diagonal_root(variances: Array) -> DoubleDouble:
    eye = np.eye(variances.shape[-1])
    roots = double_double.square_root(variances)
    return DoubleDouble(*(part[..., None] * eye for part in roots))


def _unrounded_matrix(given: Entries | Columns) -> DoubleDouble:
    if isinstance(given, Entries):
        return exactly(given.matrix)
    columns = exactly(given.columns)
    if given.weights is not None:
        columns = double_double.scaled_columns(given.columns, exactly(given.weights))
    product, rest = double_double.matmul(columns, transpose(given.columns))
    if given.noise is None:
        return DoubleDouble(product, rest)
    total, error = two_sum(product, given.noise[..., None] * np.eye(given.noise.shape[-1]))
    return DoubleDouble(total, error + rest)
