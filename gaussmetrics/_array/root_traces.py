"""Traces of roots of many small positive definite matrices, without their eigenvalues.

G is made tridiagonal. The best rational approximation of the root then asks for nothing but values
of the characteristic polynomial, whose coefficients are sums of positive terms.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.linalg.lapack import dsytrd

from gaussmetrics._array.types import Array, Mask

WIDEST = 64  # up to here few determinants leave the floats
_CALL_PAYS = 17  # from here on LAPACK, called for each matrix, needs less time than NumPy for all
_FLOOR = 2.0**-22
_PAIRS = 18


def root_trace(gram: Array, trace: Array) -> tuple[Array, Array, Mask]:
    """Return tr √(G/t) and tr 1/√(G/t) for G (n, d, d) of traces t, and whether to trust them.

    They can be trusted where tr (G/t)⁻¹ < 2²², which leaves no eigenvalue below 2⁻²² t, and the
    determinant is a float. Where an eigenvalue is not positive, divisions by zero may happen on the
    way.
    """
    d = gram.shape[-1]
    tridiagonal = _reflected if d < _CALL_PAYS else _reduced
    pivots, below = _pivots(*tridiagonal(gram, trace))
    polynomial = _characteristic(pivots, below)
    poles = _poles(d)
    # det (G + τ) and its derivative times τ, taken from d det (G + τ): tr G (G + τ)⁻¹.
    shares = (poles.falling @ polynomial) / (poles.powers @ polynomial)
    # Terms below 1e-308 are lost: beside a determinant of 1e-280 that is nothing.
    regular = (pivots > 0).all(axis=0) & (polynomial[0] > 1e-280)
    trusted = regular & (polynomial[0] > _FLOOR * polynomial[1])
    return poles.weight @ shares, (poles.weight / poles.tau) @ (d - shares), trusted


def _reflected(gram: Array, trace: Array) -> tuple[Array, Array]:
    """Return the diagonal and what stands beside it, (d, n) each, of matrices similar to G/t."""
    n, d, _ = gram.shape
    a = np.divide(gram.transpose(1, 2, 0), trace, out=np.empty((d, d, n)))
    beside = np.zeros((d - 1, n))
    for k in range(d - 2):
        v, rest = a[k + 1 :, k], a[k + 1 :, k + 1 :]
        square = np.einsum("in,in->n", v, v)
        beside[k] = np.copysign(np.sqrt(square), v[0])
        half = square + beside[k] * v[0]
        v[0] += beside[k]
        scale = np.divide(1.0, half, out=np.zeros(n), where=half > 1e-200)
        w = np.einsum("ijn,jn->in", rest, v) * scale
        w -= (0.5 * scale * np.einsum("in,in->n", w, v)) * v
        update = v[:, None] * w
        rest -= update
        rest -= update.transpose(1, 0, 2)
    if d > 1:
        beside[d - 2] = a[d - 1, d - 2]
    return np.diagonal(a).T.copy(), beside


def _reduced(gram: Array, trace: Array) -> tuple[Array, Array]:
    """Do the same by LAPACK, where a matrix is large enough for a call of its own."""
    n, d, _ = gram.shape
    diagonal, beside = np.empty((d, n)), np.empty((d - 1, n))
    for i, matrix in enumerate(gram):
        _, diagonal[:, i], beside[:, i], _, _ = dsytrd(matrix.T, lower=1, lwork=d)
    return diagonal / trace, beside / trace


def _pivots(diagonal: Array, beside: Array) -> tuple[Array, Array]:
    """Return D and what L² D has beside the diagonal, for T = L D Lᵀ."""
    pivots, below = diagonal.copy(), beside**2
    for i in range(len(below)):
        below[i] /= pivots[i]
        pivots[i + 1] -= below[i]
    return pivots, below


def _characteristic(pivots: Array, below: Array) -> Array:
    """Return the coefficients (d + 1, n) of det (T + τ), from that of τ⁰ on.

    With q and e on and below the diagonal, Oᵢ₊₁ = Eᵢ + eᵢ Oᵢ and Eᵢ₊₁ = τ Oᵢ₊₁ + qᵢ₊₁ Eᵢ.
    """
    d, n = pivots.shape
    odd, even = np.zeros((d + 1, n)), np.zeros((d + 1, n))
    even[0] = 1.0
    for i, pivot in enumerate(pivots):
        if i:
            odd[:i] *= below[i - 1]
        odd[: i + 1] += even[: i + 1]
        even[: i + 1] *= pivot
        even[1 : i + 2] += odd[: i + 1]
    return even


class _Poles(NamedTuple):
    """τ and w with √x = Σ w x / (x + τ), the powers of τ from 0 to d, and d − j times them."""

    tau: Array
    weight: Array
    powers: Array
    falling: Array


@cache
def _poles(d: int) -> _Poles:
    """Return the poles that give the root to all digits for x from the floor to 1.

    Hale, Higham & Trefethen 2008, doi:10.1137/070700607, their third method. The poles come in
    pairs with the product `_FLOOR`; computed from the near half, they keep their digits.
    """
    from scipy.special import ellipj, ellipkm1

    step = ellipkm1(_FLOOR) / (2 * _PAIRS)
    sn, cn, dn, _ = ellipj((np.arange(_PAIRS) + 0.5) * step, 1.0 - _FLOOR)
    near, ratio = np.sqrt(_FLOOR) * dn / cn**2, (sn / cn) ** 2
    tau = np.concatenate([_FLOOR * ratio, 1.0 / ratio])
    weight = 2.0 / np.pi * step * np.concatenate([near, dn / sn**2])
    powers = tau[:, None] ** np.arange(d + 1.0)
    return _Poles(tau, weight, powers, powers * np.arange(float(d), -1.0, -1.0))
