"""Moments of groups of rows, dealt at random in one pass over a sample that no machine holds."""

from __future__ import annotations

from operator import add

import numpy as np

from gaussmetrics.laws.moments import Moments, moments_of_rows, rows_of_block
from gaussmetrics.streams import Block, Passes


def group_moments(passes: Passes, groups: int) -> Moments:
    """Return the moments of g groups of rows, a batch of shape (g,): g d × d matrices travel.

    Each block deals its rows to the groups like cards, in an order that its number decides: the
    same sample in the same blocks is always dealt alike. Sizes differ by one row a block at most.

    Parameters
    ----------
    passes : Passes
        Blocks of rows.
    groups : int
        g.

    Returns
    -------
    Moments
        Of batch shape (g,); a group may be empty where rows are few.
    """
    return passes.fold(_dealt, add, groups)


def _dealt(block: Block, groups: int) -> Moments:
    rows, weights = rows_of_block(block)
    rng = np.random.default_rng([0, block.number])
    group = (rng.permutation(len(rows)) + rng.integers(groups)) % groups
    parts = [
        moments_of_rows(rows[group == g], None if weights is None else weights[group == g], rows)
        for g in range(groups)
    ]
    fields = zip(*((m.count, m.mean, m.scatter, m.mean_low) for m in parts), strict=True)
    return Moments(*(np.stack(field) for field in fields))
