"""The triangles that carry the charts: finer where charts meet, and exactly symmetric.

Dims: V = vertices, the base mesh's first and then midpoints; F = faces.
"""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class ChartMesh:
    """Triangles over base mesh vertices and midpoints.

    Attributes:
        faces: (F, 3).
        parents: (V, 2) the ends that a midpoint lies between; twice itself for the base mesh.
        base: number of base mesh vertices; they come first.
    """

    faces: np.ndarray
    parents: np.ndarray
    base: int

    @classmethod
    def of(cls, faces: np.ndarray, base: int) -> "ChartMesh":
        """No midpoints yet."""
        return cls(faces, np.repeat(np.arange(base)[:, None], 2, 1), base)

    def refined(self, split: np.ndarray) -> tuple["ChartMesh", np.ndarray]:
        """Faces (F,) bool cut into four at the middle of their edges.

        A neighbour that stays whole has the new vertex on its edge: no gap opens.

        Returns:
            The finer mesh, and for each of its faces the one that it came from.
        """
        old = self.faces[split]
        ends = np.sort(np.concatenate([old[:, [0, 1]], old[:, [1, 2]], old[:, [2, 0]]]), 1)
        known = self.parents[self.base :]
        edges, number = np.unique(np.concatenate([known, ends]), axis=0, return_inverse=True)
        first = np.full(len(edges), -1)
        first[number.ravel()[: len(known)]] = self.base + np.arange(len(known))
        new = first < 0
        first[new] = len(self.parents) + np.arange(new.sum())
        ab, bc, ca = first[number.ravel()[len(known) :]].reshape(3, -1)
        a, b, c = old.T
        quarters = np.stack([[a, ab, ca], [b, bc, ab], [c, ca, bc], [ab, bc, ca]]).transpose(
            2, 0, 1
        )
        faces = np.concatenate([self.faces[~split], quarters.reshape(-1, 3)])
        origin = np.concatenate([np.flatnonzero(~split), np.repeat(np.flatnonzero(split), 4)])
        return ChartMesh(faces, np.concatenate([self.parents, edges[new]]), self.base), origin

    def with_mirror_image(self, mirror: np.ndarray) -> "ChartMesh":
        """This half and its mirror image; face F + k is the image of face k, its corners reversed.

        Args:
            mirror: (base,) the mirrored vertex; on the midline itself.
        """
        count = len(self.parents)
        alone = np.concatenate([mirror == np.arange(self.base), np.zeros(count - self.base, bool)])
        for k in range(self.base, count):
            alone[k] = alone[self.parents[k]].all()
        twin = np.concatenate([mirror, np.arange(self.base, count)])
        alone[: self.base] = True  # their images have numbers already
        twin[~alone] = count + np.arange((~alone).sum())
        faces = np.concatenate([self.faces, twin[self.faces][:, ::-1]])
        parents = np.concatenate([self.parents, np.sort(twin[self.parents[~alone]], 1)])
        return replace(self, faces=faces, parents=parents)

    def without_unused(self) -> tuple["ChartMesh", np.ndarray]:
        """Only vertices that faces or midpoints need, and which base mesh vertices those are."""
        need = np.zeros(len(self.parents), bool)
        need[self.faces] = True
        need[self.parents[self.base :]] = True
        number = np.cumsum(need) - 1
        base = np.flatnonzero(need[: self.base])
        return ChartMesh(number[self.faces], number[self.parents[need]], len(base)), base


def at_borders(faces: np.ndarray, part: np.ndarray) -> np.ndarray:
    """(F,) faces with a vertex that faces of several parts share."""
    low, high = np.full(faces.max() + 1, 25), np.zeros(faces.max() + 1, int)
    np.minimum.at(low, faces, part[:, None])
    np.maximum.at(high, faces, part[:, None])
    return (low != high)[faces].any(1)
