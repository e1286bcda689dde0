"""The DensePose charts where they come from: on the SMPL template, read from two files.

`UV_Processed.mat` (13,774 faces with part I, and U, V per chart vertex) and `smpl_template.obj`
(6,890 vertices). Dims: S = chart vertices (7,829: seams are cut open), F = faces.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...data.mirror import PART_MIRROR, U_MIRRORED, V_MIRRORED
from ...errors import DataError, InputError

CHART_FILE = "UV_Processed.mat"
TEMPLATE_FILE = "smpl_template.obj"

# SMPL's vertices at the tips of thumb to little finger, great and little toe, of the left.
FINGER_TIPS = (2746, 2319, 2445, 2556, 2673)
TOE_TIPS = (3216, 3226)
# ... and at keypoints that Anny has as well.
KEYPOINTS = {"nose": 332, "left_eye": 2800, "left_ear": 583, "left_heel": 3387}


@dataclass(frozen=True)
class Source:
    """A surface with charts, in Anny's axes: metres, x to the left, y backwards, z up.

    Attributes:
        vertices: (S, 3).
        original: (S,) number of the template's vertex; vertices on a seam share one.
        faces: (F, 3), anticlockwise from outside.
        part: (F,) I, 1..24.
        u: (F, 3) of the corners, 0..1.
        v: (F, 3).
    """

    vertices: np.ndarray
    original: np.ndarray
    faces: np.ndarray
    part: np.ndarray
    u: np.ndarray
    v: np.ndarray

    def only(self, keep: np.ndarray) -> "Source":
        """Some of the faces: (F,) bool."""
        return replace(
            self,
            faces=self.faces[keep],
            part=self.part[keep],
            u=self.u[keep],
            v=self.v[keep],
        )

    def mirrored(self) -> "Source":
        """The mirror image: left and right parts change places, U and V follow the mirror law."""
        return replace(
            self,
            vertices=self.vertices * (-1, 1, 1),
            faces=self.faces[:, ::-1],
            part=PART_MIRROR[self.part].astype(self.part.dtype),
            u=np.where(np.isin(self.part, U_MIRRORED)[:, None], 1 - self.u, self.u)[:, ::-1],
            v=np.where(np.isin(self.part, V_MIRRORED)[:, None], 1 - self.v, self.v)[:, ::-1],
        )

    def border(self, some: tuple[int, ...], others: tuple[int, ...]) -> np.ndarray:
        """(3,) centre of the ring where two groups of parts meet."""
        a, b = (
            self.original[self.faces[np.isin(self.part, parts)].ravel()] for parts in (some, others)
        )
        return self.at(np.intersect1d(a, b)).mean(0)

    def at(self, numbers: np.ndarray) -> np.ndarray:
        """(K, 3) places of the template's vertices (K,)."""
        first = np.full(self.original.max() + 1, -1)
        first[self.original[::-1]] = np.arange(len(self.original))[::-1]
        return self.vertices[first[numbers]]


def read_source(folder: Path) -> Source:
    """Charts and template.

    Args:
        folder: holds `UV_Processed.mat` and `smpl_template.obj`.

    Raises:
        InputError: one of the files is missing.
        DataError: one of them is something else.
    """
    for name in (CHART_FILE, TEMPLATE_FILE):
        if not (folder / name).is_file():
            raise InputError(f"{folder} lacks {name}; give the folder that has both chart files")
    original, faces, part, u, v = _read_charts(folder / CHART_FILE)
    template = _read_template(folder / TEMPLATE_FILE)
    if original.max() >= len(template):
        raise DataError(f"{folder / TEMPLATE_FILE} is not the SMPL template of 6,890 vertices")
    return Source(template[original], original, faces, part, u[faces], v[faces])


def _read_charts(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Template vertices (S,), faces (F, 3), I (F,), U (S,), V (S,)."""
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        stored = loadmat(path)
        numbers = (stored[k].ravel().astype(np.int64) for k in ("All_vertices", "All_FaceIndices"))
        original, part = numbers
        u, v = (stored[k].ravel() for k in ("All_U_norm", "All_V_norm"))
        return original - 1, stored["All_Faces"].astype(np.int64) - 1, part, u, v
    except (OSError, ValueError, KeyError, MatReadError) as error:
        raise DataError(f"{path} holds no DensePose charts; copy the file again") from error


def _read_template(path: Path) -> np.ndarray:
    """(6890, 3) vertices of an OBJ file with y up, in Anny's axes."""
    try:
        rows = [line.split()[1:4] for line in path.read_text().splitlines() if line[:2] == "v "]
        x, y, z = np.array(rows, float).T
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is no OBJ file; copy the file again") from error
    return np.stack([x, -z, y], 1)
