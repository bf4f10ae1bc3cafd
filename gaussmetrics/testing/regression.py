"""References beside the tests: the moments of rows that were right once, and rows of today."""

from __future__ import annotations

import os
import re
from hashlib import sha256
from pathlib import Path
from typing import final

from numpy.typing import ArrayLike

from gaussmetrics.laws.moments import Moments
from gaussmetrics.testing import checks
from gaussmetrics.testing.same_law import assert_same_law


@final
class LawRegression:
    """The fixture `law_regression`: moments kept in a folder named like the file of the test.

    The first run writes the reference and fails, so that none comes into being unseen. With
    ``pytest --force-regen`` a check that fails writes it anew, and still fails that once.

    Parameters
    ----------
    folder : path
        Where the references are.
    name : str
        The name of the test.
    force_regen : bool
        Whether a check that fails writes its reference anew.

    Examples
    --------
    >>> from gaussmetrics.testing import LawRegression
    >>> import tempfile
    >>> import numpy as np
    >>> folder, rng = tempfile.mkdtemp(), np.random.default_rng(0)
    >>> try:
    ...     LawRegression(folder, "test_walk").check(rng.normal(size=(500, 2)))
    ... except AssertionError as failure:
    ...     print(str(failure)[:16])
    no reference yet
    >>> LawRegression(folder, "test_walk").check(rng.normal(size=(500, 2)))
    """

    def __init__(
        self, folder: str | os.PathLike[str], name: str, *, force_regen: bool = False
    ) -> None:
        self._folder, self._name, self._force_regen = Path(folder), name, force_regen
        self._checked: set[Path] = set()

    def check(
        self,
        x: ArrayLike | Moments,
        *,
        name: str | None = None,
        means: bool = True,
        covariances: bool = True,
        level: float = 1e-6,
    ) -> None:
        """Assert that rows come from the law of the reference; see `assert_same_law`.

        Parameters
        ----------
        x : (n, d) array_like or Moments
            Independent rows that the tested code has drawn, or their moments.
        name : str, optional
            What is added to the name of the reference, for more than one check in a test.
        means, covariances : bool
            What is compared.
        level : float
            The probability of a false alarm.

        Returns
        -------
        None

        Raises
        ------
        AssertionError
            If the laws differ, or there was no reference and one was written.
        TypeError, ValueError
            If the rows cannot be compared, or two checks of a test have one name.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> import tempfile
        >>> from gaussmetrics.testing import LawRegression
        >>> law_regression = LawRegression(tempfile.mkdtemp(), "test_walk", force_regen=True)
        >>> law_regression.check(gm.Gaussian.standard(2).sample(100, 0), name="steps")
        Traceback (most recent call last):
            ...
        AssertionError: no reference yet: the moments of 100 rows were written to ...
        """
        __tracebackhide__ = True
        sample, path = checks.moments("x", x), self._path(name)
        checks.false_alarms(level)
        checks.comparable(sample, sample)
        if not path.exists():
            _write(path, sample)
            raise AssertionError(
                f"no reference yet: the moments of {sample.count:g} rows were written to {path}. "
                "Look at what was drawn, commit the file, and run the test again."
            )
        reference = Moments.load(path)
        try:
            checks.same_columns(sample, reference, path)
            assert_same_law(x, reference, means=means, covariances=covariances, level=level)
        except AssertionError as failure:
            if not self._force_regen:
                hint = f"If the change is meant, write {path} anew with --force-regen."
                raise AssertionError(f"{failure}\n{hint}") from None
            _write(path, sample)
            raise AssertionError(f"{failure}\n{path} was written anew.") from None

    def _path(self, name: str | None) -> Path:
        # Two tests may give their checks one name.
        full = self._name if name is None else f"{self._name}_{name}"
        path = self._folder / f"{_stem(full)}.npz"
        checks.one_check_a_name(path, self._checked)
        self._checked.add(path)
        return path


def _stem(name: str) -> str:
    """Return a file's name; of long ones, which file systems refuse, the beginning and a digest."""
    stem = re.sub(r"\W", "_", name).encode()
    if len(stem) > 200:
        stem = stem[:180] + b"_" + sha256(stem).hexdigest()[:16].encode()
    return stem.decode(errors="ignore")


def _write(path: Path, sample: Moments) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    sample.save(path)
