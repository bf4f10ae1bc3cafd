"""The real data: scikit-learn's bundled iris, wine, breast cancer and digits, one normal a class.

Every column is standardised. The pixels of the digits are first projected on their leading
principal components, because many of them are constant within a class, where no normal has a
density.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array.types import Array
from gaussmetrics.laws.gaussian import Gaussian

COMPONENTS = {"iris": None, "wine": None, "breast_cancer": None, "digits": 16}
"""How many principal components stand for the columns; None keeps the columns."""

NAMES = tuple(COMPONENTS)


@dataclass(frozen=True)
class Dataset:
    """Standardised columns and the class of every row.

    Parameters
    ----------
    name : str
    features : ndarray, shape (n, d)
    labels : ndarray of int, shape (n,)
    classes : tuple of str
        Name of class k at position k.
    preparation : str
        What was done to the columns, in words.
    """

    name: str
    features: Array
    labels: NDArray[np.intp]
    classes: tuple[str, ...]
    preparation: str

    def rows(self, name: str) -> Array:
        """Return the features of one class."""
        chosen: Array = self.features[self.labels == self.classes.index(name)]
        return chosen

    def gaussians(self) -> dict[str, Gaussian]:
        """Fit one normal to each class."""
        return {name: Gaussian.from_samples(self.rows(name)) for name in self.classes}

    def first_classes(self, count: int) -> Dataset:
        """Keep the first `count` classes."""
        kept = self.labels < count
        return replace(
            self,
            features=self.features[kept],
            labels=self.labels[kept],
            classes=self.classes[:count],
        )


def load(name: str) -> Dataset:
    """Load one of scikit-learn's bundled data sets, prepared for fitting normals.

    Parameters
    ----------
    name : {"iris", "wine", "breast_cancer", "digits"}

    Returns
    -------
    Dataset

    Raises
    ------
    ValueError
        If there is no such data set.

    Examples
    --------
    >>> iris = load("iris")
    >>> iris.features.shape, iris.classes
    ((150, 4), ('setosa', 'versicolor', 'virginica'))
    """
    if name not in COMPONENTS:
        raise ValueError(f"data set must be one of {', '.join(NAMES)}, got {name!r}")
    import sklearn.datasets

    bunch = getattr(sklearn.datasets, f"load_{name}")()
    features, preparation = _prepare(bunch.data, COMPONENTS[name])
    classes = tuple(str(label) for label in bunch.target_names)
    return Dataset(name, features, np.asarray(bunch.target, dtype=np.intp), classes, preparation)


def load_all(names: Sequence[str] = NAMES) -> list[Dataset]:
    """Load several data sets."""
    return [load(name) for name in names]


def _prepare(columns: Array, components: int | None) -> tuple[Array, str]:
    """Standardise the columns, or the scores of the leading principal components."""
    centred = columns - columns.mean(axis=0)
    preparation = f"{columns.shape[1]} standardised columns"
    if components is not None:
        _, _, axes = np.linalg.svd(centred, full_matrices=False)
        centred = centred @ axes[:components].T
        preparation = (
            f"{components} leading principal components of {columns.shape[1]} columns, standardised"
        )
    return centred / centred.std(axis=0), preparation
