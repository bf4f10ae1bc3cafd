"""A random order of rows, of which any part can be told without the rest."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
from numpy.typing import NDArray

AT_ONCE = 2**16
"""So many rows are shuffled as a whole, wherever one of them is asked for."""

ROUNDS = 6
"""Four rounds already pass for random (Luby & Rackoff 1988) if the function in them does."""

Numbers = NDArray[np.uint64]


class Shuffle:
    """A random order of n rows: where each of them goes depends on its number alone.

    So rows that no machine holds together are dealt alike in any blocks. Beyond `AT_ONCE` rows the
    order is a Feistel network on the bits of their numbers, taken again where it leaves the range
    (Black & Rogaway 2002): a bijection, told row by row.

    Parameters
    ----------
    n : int
        How many rows there are.
    rng : Generator
        It is advanced, the same way wherever the rows are.
    """

    def __init__(self, n: int, rng: np.random.Generator) -> None:
        self.n, self.rng = n, deepcopy(rng)
        if n <= AT_ONCE:
            rng.permutation(n)
        else:
            self.keys = rng.integers(2**64, size=ROUNDS, dtype=np.uint64)

    def order(self) -> NDArray[np.intp]:
        """Return the numbers of all rows in this order."""
        if self.n <= AT_ONCE:
            return deepcopy(self.rng).permutation(self.n)
        return np.argsort(self.places(0, self.n))

    def places(self, start: int, stop: int) -> NDArray[np.intp]:
        """Return where the rows from number `start` to before `stop` go."""
        if self.n <= AT_ONCE:
            places = np.empty(self.n, dtype=np.intp)
            places[self.order()] = np.arange(self.n)
            return places[start:stop]
        numbers = np.arange(start, stop, dtype=np.uint64)
        parts = np.array_split(numbers, 1 + len(numbers) // AT_ONCE)
        return np.concatenate([self._bijection(part) for part in parts]).astype(np.intp)

    def _bijection(self, numbers: Numbers) -> Numbers:
        found = self._network(numbers)
        while (beyond := np.flatnonzero(found >= self.n)).size:
            found[beyond] = self._network(found[beyond])
        return found

    def _network(self, numbers: Numbers) -> Numbers:
        """Map the numbers of as many bits as n has one to one, halves in turn."""
        bits = (self.n - 1).bit_length()
        left, right = bits // 2, bits - bits // 2
        high, low = numbers >> np.uint64(right), numbers & np.uint64((1 << right) - 1)
        for key in self.keys:
            high, low = low, high ^ (_mixed(low + key) >> np.uint64(64 - left))
            left, right = right, left
        return (high << np.uint64(right)) | low


def _mixed(x: Numbers) -> Numbers:
    """Spread every bit over all higher ones and back: the finaliser of SplitMix64 (Steele 2014)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
