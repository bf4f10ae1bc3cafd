"""Pairs (u, v) of vectors of one thing, and of a near miss: sentences, or digits where none are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Pairs(NamedTuple):
    """Row k of u and of v are one thing; `near` (n,) is the place in v of something like it."""

    name: str
    u: np.ndarray
    v: np.ndarray
    near: np.ndarray


def sentences():
    """Verses in two translations, in the order of the book; the near miss is the next verse."""
    from sentences import vectors

    u, v = (side.astype(float) for side in vectors())
    return Pairs("verses in two translations", u, v, np.roll(np.arange(len(u)), -1))


def digits():
    """Two images of the same digit; the near miss is the nearest image of another digit."""
    X, y = images()
    X = X / np.linalg.norm(X, axis=1, keepdims=True)
    rng = np.random.default_rng(0)
    partner = np.empty(len(y), dtype=int)
    for label in np.unique(y):
        members = rng.permutation(np.flatnonzero(y == label))
        partner[members] = np.roll(members, 1)
    near = np.where(y[:, None] == y[partner], -np.inf, X @ X[partner].T).argmax(axis=1)
    return Pairs("images of one digit", X, X[partner], near)


def halves():
    """The black and the white squares of a chessboard over one image of a digit."""
    X, _ = images()
    black = np.indices((8, 8)).sum(axis=0).ravel() % 2 == 0
    u, v = (side - side.mean(axis=0) for side in (X[:, black], X[:, ~black]))
    return Pairs("halves of one image", u, v, np.roll(np.arange(len(X)), -1))


def images():
    from sklearn.datasets import load_digits

    return load_digits(return_X_y=True)
