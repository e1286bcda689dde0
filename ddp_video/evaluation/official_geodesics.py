"""Geodesics from the three files of the DensePose-COCO evaluation, which the user fetches.

SMPL_subdiv.mat has U, V and part of every vertex of a subdivided SMPL body,
SMPL_SUBDIV_TRANSFORM.mat maps these to the vertices whose distances are known, Pdist_matrix.pkl
holds the distances.
"""

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError

VERTICES = "SMPL_subdiv.mat"
TRANSFORM = "SMPL_SUBDIV_TRANSFORM.mat"
DISTANCES = "Pdist_matrix.pkl"


class OfficialGeodesics:
    """Distances between the vertices of the subdivided SMPL body.

    Args:
        folder: holds the three files.

    Raises:
        DataError: a file is missing, or is not what its name says.
    """

    def __init__(self, folder: Path) -> None:
        from scipy.spatial import KDTree

        missing = [n for n in (VERTICES, TRANSFORM, DISTANCES) if not (folder / n).is_file()]
        if missing:
            raise DataError(
                f"{folder} lacks {', '.join(missing)}: fetch DensePose's evaluation data"
            )
        vertices = _matlab(folder / VERTICES, "U_subdiv", "V_subdiv", "Part_ID_subdiv")
        u, v, part = (values.ravel() for values in vertices)
        self._row = _matlab(folder / TRANSFORM, "index")[0].ravel().astype(np.int64) - 1
        self._condensed = _pickled(folder / DISTANCES)
        uv = np.stack([u, v], 1)
        self._vertices = {p: np.flatnonzero(part == p) for p in range(1, 25)}
        self._trees = {p: KDTree(uv[at]) for p, at in self._vertices.items() if at.size}

    def node(self, part: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """(P,) int: the row of the vertex nearest in U, V within the part."""
        node = np.zeros(len(part), np.int64)
        for p in np.unique(part):
            at = part == p
            _, nearest = self._trees[int(p)].query(np.stack([u[at], v[at]], 1))
            node[at] = self._row[self._vertices[int(p)][nearest]]
        return node

    def distance(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """(P,) metres. The matrix is stored below its diagonal, row by row."""
        low, high = np.minimum(a, b), np.maximum(a, b)
        place = np.where(low == high, 0, high * (high - 1) // 2 + low)
        return np.where(low == high, 0.0, self._condensed[place])


def _matlab(path: Path, *names: str) -> list[np.ndarray]:
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        content = loadmat(path)
        return [np.asarray(content[name]) for name in names]
    except (MatReadError, KeyError, ValueError, NotImplementedError, TypeError) as error:
        raise DataError(f"{path} lacks {', '.join(names)}: fetch DensePose's file again") from error


_ARRAYS = {
    *(("numpy", name) for name in ("ndarray", "dtype")),
    *((f"numpy.{core}.multiarray", "_reconstruct") for core in ("core", "_core")),
    *((f"numpy.{core}.numeric", "_frombuffer") for core in ("core", "_core")),
    ("_codecs", "encode"),
}


class _ArraysOnly(pickle.Unpickler):
    """Reads numpy arrays and nothing that could run code."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401
        """Refuse whatever is not needed to build an array."""
        if (module, name) not in _ARRAYS:
            raise pickle.UnpicklingError(f"{module}.{name} is no array")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def _pickled(path: Path) -> np.ndarray:
    try:
        with path.open("rb") as file:
            return np.asarray(_ArraysOnly(file, encoding="latin1").load()["Pdist_matrix"]).ravel()
    except (pickle.UnpicklingError, EOFError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} holds no distances: fetch DensePose's file again") from error
