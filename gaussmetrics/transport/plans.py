"""Cheapest transport plans between two lists of weights, proved by their dual.

A plan of least cost needs no more arcs than a spanning tree of all sources and sinks. On a tree the
flows follow from the weights, and the potentials from the costs; where no arc is cheaper than the
potentials of its ends allow, no plan is cheaper. Flows are integers here, and reduced costs carry
their rounding, so that costs of any spread are told apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NoReturn

import numpy as np

from gaussmetrics._array.linalg import EPS
from gaussmetrics._array.two_floats import two_sum
from gaussmetrics._array.types import Array, Mask

Arc = tuple[int, int]
_CERTIFIED = 8 * EPS
"""How far above the bound of its dual, relative to itself, the cost of a plan may be."""


def cheapest_plan(costs: Array, a: Array, b: Array) -> Array:
    """Return the w ≥ 0 with row sums a and column sums b for which Σ w_ij c_ij is least."""
    if len(a) == len(b) and (a == a[0]).all() and (b == b[0]).all():
        return _assignment(costs, a)
    tree = _Tree(costs, _integers(a, b), _first_arcs(costs, _approximate_plan(costs, a, b)))
    tree.make_feasible()
    tree.make_cheapest()
    return tree.plan()


def _assignment(costs: Array, a: Array) -> Array:
    """Solve by shortest augmenting paths, none of which is longer than the value itself."""
    from scipy.optimize import linear_sum_assignment

    plan = np.zeros(costs.shape)
    plan[linear_sum_assignment(costs)] = a
    return plan


def _approximate_plan(costs: Array, a: Array, b: Array) -> Array:
    """Solve to 1e-10 of the largest cost; of many components against few, in the interior."""
    # Loaded here, because importing them takes longer than importing the whole toolkit.
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, eye_array, kron, vstack

    n, m = costs.shape
    rows = kron(eye_array(n), np.ones((1, m)))
    columns = kron(np.ones((1, n)), eye_array(m))
    # One of the sums follows from the others; left in, its rounding could make them disagree.
    constraints: Any = csr_array(vstack([rows, columns]))[:-1]
    tolerances: Any = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    scaled = costs / (costs.max() or 1.0)
    sums = np.concatenate([a, b])[:-1]
    method: Any = "highs-ipm" if max(n, m) > 50 * min(n, m) else "highs-ds"
    result = linprog(scaled.ravel(), A_eq=constraints, b_eq=sums, method=method, options=tolerances)
    solved(result.success, result.message)
    return np.asarray(result.x, dtype=np.float64).reshape(n, m)


def _integers(a: Array, b: Array) -> list[int]:
    """Return what every source has and, negative, every sink wants: integers that sum to zero."""
    exact = [[Fraction(x) for x in map(float, weights)] for weights in (a, b)]
    totals = [sum(weights) for weights in exact]
    supply = [x * totals[1] for x in exact[0]] + [-x * totals[0] for x in exact[1]]
    # Floats are integers over powers of two, the largest of which is common to all.
    common = max(x.denominator for x in supply)
    return [int(x * common) for x in supply]


def _first_arcs(costs: Array, plan: Array) -> list[Arc]:
    """Return a spanning tree: the arcs of a plan, the largest first, then the cheapest others."""
    n, m = plan.shape
    order = np.lexsort((costs.ravel(), -np.maximum(plan, 0.0).ravel()))
    group = list(range(n + m))

    def find(x: int) -> int:
        while group[x] != x:
            group[x] = x = group[group[x]]
        return x

    arcs: list[Arc] = []
    for k in order:
        i, j = divmod(int(k), m)
        first, second = find(i), find(n + j)
        if first != second:
            group[first] = second
            arcs.append((i, j))
            if len(arcs) == n + m - 1:
                break
    return arcs


class _Tree:
    """A spanning tree with its exact flows, and reduced costs that vanish on it."""

    def __init__(self, costs: Array, supply: Sequence[int], arcs: list[Arc]) -> None:
        self.costs, self.supply = costs, supply
        self.total = sum(x for x in supply if x > 0)
        self.shares = np.array([x / self.total for x in supply[: len(costs)]])
        self.arcs = set(arcs)
        self.reduced, self.rest = costs, np.zeros(costs.shape)
        self._settle()

    def _settle(self) -> None:
        """Walk the tree from its root; sum the flows up, and the potentials down."""
        n, m = self.costs.shape
        near: list[list[int]] = [[] for _ in range(n + m)]
        for i, j in self.arcs:
            near[i].append(n + j)
            near[n + j].append(i)
        self.parent, order = [-1] * (n + m), [0]
        for node in order:
            for other in near[node]:
                if other != self.parent[node]:
                    self.parent[other] = node
                    order.append(other)
        below, self.flow = list(self.supply), {}
        potential = np.zeros(n + m)
        for node in order[:0:-1]:
            self.flow[self._arc(node)] = below[node] if node < n else -below[node]
            below[self.parent[node]] += below[node]
        self.downwards = order[1:]
        for node in self.downwards:
            potential[node] = self.reduced[self._arc(node)] - potential[self.parent[node]]
        self._reduce(potential[:n, None], potential[n:])

    def _arc(self, node: int) -> Arc:
        """Return the arc from a node to its parent."""
        n, above = len(self.costs), self.parent[node]
        return (node, above - n) if node < n else (above, node - n)

    def _reduce(self, rows: Array, columns: Array) -> None:
        """Take potentials off the costs, and keep what rounding would lose."""
        both, lost = two_sum(rows, columns)
        left, error = two_sum(self.reduced, -both)
        rest = self.rest + (error - lost)
        self.reduced, self.rest = two_sum(left, rest)

    def make_feasible(self) -> None:
        """Replace arcs with negative flows: dual steps, which keep the reduced costs positive."""
        for _ in range(self._patience()):
            worst = min(self.flow, key=self.flow.__getitem__)
            if self.flow[worst] >= 0:
                return
            rows, columns = self._cut(worst)
            crossing = np.where(~rows[:, None] & columns, self.reduced, np.inf)
            self._exchange(worst, np.unravel_index(np.argmin(crossing), crossing.shape))
        uncertified("is not feasible")

    def _cut(self, arc: Arc) -> tuple[Mask, Mask]:
        """Return the sources and the sinks that are left with the source of an arc without it."""
        n, m = self.costs.shape
        child = arc[0] if self.parent[arc[0]] == n + arc[1] else n + arc[1]
        inside = np.zeros(n + m, bool)
        inside[child] = True
        for node in self.downwards:
            inside[node] |= inside[self.parent[node]]
        if child != arc[0]:
            inside = ~inside
        return inside[:n], inside[n:]

    def make_cheapest(self) -> None:
        """Bring in arcs that are cheaper than their potentials, until the dual bound is met."""
        for _ in range(self._patience()):
            if self._excess() <= _CERTIFIED * self._value():
                return
            entering = np.unravel_index(np.argmin(self.reduced), self.costs.shape)
            shrinking = self._path(entering)[::2]
            self._exchange(min(shrinking, key=self.flow.__getitem__), entering)
        uncertified(f"costs {self._excess():.3g} more than the bound of its dual")

    def _path(self, arc: Any) -> list[Arc]:
        """Return the arcs of the tree on the way from the source of an arc to its sink."""
        ways = []
        for node in (int(arc[0]), len(self.costs) + int(arc[1])):
            way = [node]
            while self.parent[way[-1]] >= 0:
                way.append(self.parent[way[-1]])
            ways.append(way)
        while len(ways[0]) > 1 and len(ways[1]) > 1 and ways[0][-2] == ways[1][-2]:
            ways = [way[:-1] for way in ways]
        up, down = ([self._arc(node) for node in way[:-1]] for way in ways)
        return up + down[::-1]

    def _exchange(self, leaving: Arc, entering: Any) -> None:
        self.arcs.remove(leaving)
        self.arcs.add((int(entering[0]), int(entering[1])))
        self._settle()

    def plan(self) -> Array:
        """Return the flows, as parts of one."""
        plan = np.zeros(self.costs.shape)
        for arc, flow in self.flow.items():
            plan[arc] = flow / self.total
        return plan

    def _value(self) -> float:
        return sum(flow / self.total * float(self.costs[arc]) for arc, flow in self.flow.items())

    def _excess(self) -> float:
        """Return how far the cost of the plan can be above the least: Σ a_i max(0, −min_j r_ij)."""
        lowest = np.minimum(self.reduced.min(axis=1), 0.0)
        return float(-self.shares @ lowest)

    def _patience(self) -> int:
        return 1000 + 50 * len(self.supply)


def uncertified(what: str) -> NoReturn:
    """Say that a plan has not been proved to be the cheapest."""
    raise RuntimeError(
        f"the transport plan has not been proved: the best one found {what}. Weights that nearly "
        "vanish, or components that all but agree, may be merged first."
    )


def solved(success: bool, message: str) -> None:
    """Check that a linear program has been solved."""
    if not success:
        raise RuntimeError(f"the transport plan has not been found. The solver says: {message}")
