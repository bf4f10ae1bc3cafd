"""Exact leave-one-out of groups of rows, and of rows that do not all weigh the same."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaussmetrics._array import triangles
from gaussmetrics._array.linalg import eigenvalue_cutoff, sum_of_squares, transpose
from gaussmetrics._array.types import Array
from gaussmetrics.laws.blocks import row_blocks
from gaussmetrics.softmax.leave_one_out import LeftOut, ShrinkagePath, with_residuals
from gaussmetrics.softmax.sample import Sample

Places = NDArray[np.intp]


class LeaveGroupsOut(LeftOut):
    """Groups of any size left out together; a row by itself is a group of one.

    A group has the residuals z₁ … z_m to the means of their classes and the weights u₁ … u_m; u is
    the sum of these. Without it a class of weight n_k has n'_k, its mean moves by
    s_k = −Σ_{yᵢ=k} uᵢzᵢ/n'_k, and the scatter within the classes loses Zᵀ M Z, where
    M = diag(u) + u uᵀ/n'_k within each class. With B = (1 − γ) n/(n − u) S + γτI, M = LLᵀ and
    C = √((1 − γ)/(n − u)) LᵀZ, the covariance that is left is B − CᵀC, and

        (B − CᵀC)⁻¹ = B⁻¹ + FᵀF with F = R⁻¹CB⁻¹ and RRᵀ = I − CB⁻¹Cᵀ.

    Squared distances are those in B, plus those of the images under F. Groups with more rows than
    columns are taken out of the d × d covariance itself. The rows are kept rotated to the
    eigenbasis of S, a copy of their size. A group that holds all rows of some class is not judged.
    """

    def __init__(self, sample: Sample, path: ShrinkagePath) -> None:
        super().__init__(sample, path)
        self.rotated = np.empty((len(self.codes), len(path.eigenvalues)))

        def rotate(at: slice, block: Array) -> None:
            self.rotated[at] = block @ self.path.vectors

        with_residuals(rotate, self.X, self.codes, path.centres)

    def can_be_judged(self, sample: Sample, weights: Array) -> NDArray[np.bool_]:
        """Tell whose group leaves rows in each of its classes; sort rows into groups."""
        counted = np.flatnonzero(weights > 0)
        codes = np.arange(len(weights)) if sample.groups is None else sample.groups
        groups, place = np.unique(codes[counted], return_inverse=True)
        keeps = np.ones(len(groups), dtype=bool)
        pairs, pair_of = np.unique(
            place * sample.n_classes + sample.codes[counted], return_inverse=True
        )
        lost = np.bincount(pair_of, self.out[counted])
        own = self.path.counts[pairs % sample.n_classes]
        np.logical_and.at(keeps, pairs // sample.n_classes, own - lost > 1e-9 * own)
        judged = np.zeros(len(weights), dtype=bool)
        judged[counted] = keeps[place]
        order = counted[np.argsort(place, kind="stable")]
        sizes = np.bincount(place)
        starts = np.cumsum(sizes) - sizes
        self.stacks: list[Places] = [
            order[starts[keeps & (sizes == m)][:, None] + np.arange(m)]
            for m in np.unique(sizes[keeps])
        ]
        return judged

    def margins(self, shrinkage: float) -> Array | None:
        """Return score of class j minus score of the own class, (K, n), or None."""
        if not self.path.resolves(shrinkage):
            return None
        result = np.zeros((len(self.path.means), len(self.codes)))
        d = len(self.path.eigenvalues)
        for stack in self.stacks:
            groups, m = stack.shape
            stacked = self._stacked if m <= d else self._each
            for at in row_blocks((groups, m * (d + len(self.path.means))), 0.25 * 64 / max(64, m)):
                part = _Part(self, stack[at])
                distances = stacked(part, shrinkage)
                if distances is None:
                    return None
                margins = part.log_counts()[:, None, :] - 0.5 * distances
                margins -= np.take_along_axis(margins, part.y[..., None], axis=2)
                result[:, part.rows.ravel()] = margins.reshape(-1, len(self.path.means)).T
        return result

    def _stacked(self, part: _Part, shrinkage: float) -> Array | None:
        """Return the squared distances (g, m, K) of rows to the classes without their group."""
        inverse = 1.0 / self.path.spectrum(shrinkage, part.rest[:, None])
        capacity_factor = part.downdate_factor(shrinkage) * np.sqrt(inverse)[:, None, :]
        m = capacity_factor.shape[1]
        capacity = np.eye(m) - capacity_factor @ transpose(capacity_factor)
        condition = float(np.max(inverse.max(axis=1) / inverse.min(axis=1)))
        root = _root(capacity, eigenvalue_cutoff(len(self.path.eigenvalues)) * condition)
        if root is None:
            return None
        # In coordinates where B is I: rows z, means of their classes c, moves of those means s.
        unit = np.sqrt(inverse)[:, None, :]
        z, c, s = part.Z * unit, part.means * unit, part.shifts * unit
        F = np.linalg.solve(root, capacity_factor)
        images = self._by_class(F * unit)
        own = part.of_own_class
        r_to, c_to = self._by_class(z * unit), self._by_class(c * unit)
        norms = (inverse @ (self.path.means**2).T)[:, None, :]
        c_norms = np.take_along_axis(norms[:, 0], part.y, axis=1)[..., None]
        distances = norms + c_norms - 2.0 * c_to
        distances += 2.0 * (own(r_to)[..., None] - r_to)
        distances += np.einsum("gid,gid->gi", z, z)[..., None]
        own_images = np.take_along_axis(images, part.y[:, None, :], axis=2)
        a = F @ transpose(z) + own_images
        distances += np.einsum("gfi,gfi->gi", a, a)[..., None]
        distances += np.einsum("gfj,gfj->gj", images, images)[:, None, :]
        distances -= 2.0 * transpose(a) @ images
        # The means of the group's own classes have moved.
        along = z @ transpose(s) + c @ transpose(s) - np.einsum("gld,gld->gl", c, s)[:, None, :]
        Fs = F @ transpose(s)
        along += transpose(a) @ Fs - np.einsum("gfl,gfl->gl", own_images, Fs)[:, None, :]
        squares = np.einsum("gld,gld->gl", s, s) + np.einsum("gfl,gfl->gl", Fs, Fs)
        places = np.broadcast_to(part.y[:, None, :], along.shape)
        moved = np.take_along_axis(distances, places, axis=2) - 2.0 * along + squares[:, None, :]
        np.put_along_axis(distances, places, moved, axis=2)
        return distances

    def _each(self, part: _Part, shrinkage: float) -> Array | None:
        """Do the same by factorising the covariance that is left, group by group."""
        result = np.empty((*part.rows.shape, len(self.path.means)))
        for g, (Z, y, u) in enumerate(zip(part.Z, part.y, part.u, strict=True)):
            rest = part.rest[g]
            lost = (Z * u[:, None]).T @ (Z - part.shifts[g])
            covariance = (
                np.diag(self.path.spectrum(shrinkage, rest)) - (1.0 - shrinkage) / rest * lost
            )
            root = _root(covariance, eigenvalue_cutoff(len(Z[0])) * covariance.trace())
            if root is None:
                return None
            means = self.path.means.copy()
            means[y] += part.shifts[g]
            rows = np.linalg.solve(root, (Z + self.path.means[y]).T)
            centres = np.linalg.solve(root, means.T)
            gaps = (rows**2).sum(0)[:, None] + (centres**2).sum(0) - 2.0 * rows.T @ centres
            result[g] = gaps
        return result

    def _by_class(self, rows: NDArray[Any]) -> Array:
        """Return products with the means of all classes, (g, ·, K)."""
        g, m, d = rows.shape
        return (rows.reshape(g * m, d) @ self.path.means.T).reshape(g, m, -1)


class _Part:
    """Some groups of one size m: rows, weights and what their absence does to their classes."""

    def __init__(self, owner: LeaveGroupsOut, rows: Places) -> None:
        self.rows, self.y, self.u = rows, owner.codes[rows], owner.out[rows]
        self.Z, self.means = owner.rotated[rows], owner.path.means[self.y]
        self.same = self.y[:, :, None] == self.y[:, None, :]
        self.counts = owner.path.counts
        self.left = self.counts[self.y] - (self.same * self.u[:, None, :]).sum(axis=-1)
        self.rest = owner.path.count - self.u.sum(axis=1)
        self.shifts = (self.same * self.u[:, None, :]) @ self.Z / -self.left[..., None]

    def downdate_factor(self, shrinkage: float) -> Array:
        """Return C, (g, m, d): the covariance loses CᵀC."""
        M = self.same * self.u[:, :, None] * self.u[:, None, :] / self.left[..., None]
        M += np.eye(M.shape[1]) * self.u[..., None]
        M *= ((1.0 - shrinkage) / self.rest)[:, None, None]
        return transpose(np.linalg.cholesky(M)) @ self.Z if shrinkage < 1 else 0.0 * self.Z

    def of_own_class(self, products: Array) -> Array:
        """Pick, for every row, the entry of its own class from (g, m, K)."""
        return np.take_along_axis(products, self.y[..., None], axis=2)[..., 0]

    def log_counts(self) -> Array:
        """Return the logarithms of what each class weighs without the group, (g, K)."""
        with np.errstate(divide="ignore"):  # −inf for a class without rows
            logs = np.repeat(np.log(self.counts)[None], len(self.rows), axis=0)
        np.put_along_axis(logs, self.y, np.log(self.left), axis=1)
        return logs


def _root(matrix: NDArray[Any], cutoff: float) -> NDArray[Any] | None:
    """Return the Cholesky factor of symmetric matrices, or None if one has no inverse."""
    try:
        root = np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return None
    # No eigenvalue is smaller than this; a pivot may be a thousand times the smallest.
    smallest = 1.0 / sum_of_squares(triangles.invert_lower(root), 2)
    return root if np.min(smallest) > cutoff else None
