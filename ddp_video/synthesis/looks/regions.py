"""Which limb each point of the body belongs to, and what lies behind it.

Dims: S = side of a tile, M = vertices of the charts, F = their faces.
"""

from functools import cache

import numpy as np

from ...data.atlas import COLUMNS
from ..body.base_mesh import reference
from ..charts.lookup import Charts
from ..raster.rays import face_normals, first_hits
from .surface import atlas_map, looked_up, skin

HANDS, HEAD = (3, 4), (23, 24)
LIMBS = ((1, 2), (7, 9, 11, 13), (8, 10, 12, 14), (16, 18, 20, 22), (15, 17, 19, 21), (5,), (6,))
TORSO, DEEP = 0, 5  # from the latter on, feet and head, depth counts as height and width do
OF_HAND, OF_FACE = 1, 2  # of `bare`
FRONT = -0.075  # metres, y: what of a head lies before this,
BROW = 0.05  # and less than so many metres above the eyes, is face
SCALP = 0.03  # metres above the eyes, where behind the face the scalp begins
FAR = 2.0  # metres
OPEN, WIDE = 0.08, 0.17  # metres, half: what shirts show between a jacket's fronts; a trunk


@cache
def bare() -> np.ndarray:
    """(M,) 0 clothes or hair, 1 hands, 2 face: by the charts' vertices."""
    charts, out = Charts.shipped(), np.zeros(len(skin()), np.uint8)
    out[charts.faces[np.isin(charts.part, HANDS)]] = OF_HAND
    head = np.zeros(len(out), bool)
    head[charts.faces[np.isin(charts.part, HEAD)]] = True
    front = (skin()[:, 1] < FRONT) & (skin()[:, 2] < reference().head("eye.L")[2] + BROW)
    out[head & front] = OF_FACE
    return out


@cache
def limb() -> np.ndarray:
    """(M,) which of LIMBS a vertex belongs to, the head after the last; −1: hands and faces."""
    charts, out = Charts.shipped(), np.full(len(skin()), -1)
    for number, parts in enumerate((*LIMBS, HEAD)):
        out[charts.faces[np.isin(charts.part, parts)]] = number
    out[bare() > 0] = -1
    return out


@cache
def scalp() -> np.ndarray:
    """(M,) bool."""
    return (limb() == len(LIMBS)) & (skin()[:, 2] > reference().head("eye.L")[2] + SCALP)


@cache
def behind(side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each texel of an atlas the point straight behind or before it on the same limb.

    A back takes what lies beside the middle of the chest: no buttons, no necklines, no ties.

    Returns:
        (6·S, 4·S) part; (6·S, 4·S, 2) U, V; (6·S, 4·S) bool, where there is such a point.
    """
    charts, where = Charts.shipped(), atlas_map(side)
    face = where.face.ravel()
    back = face_normals(skin(), charts.faces)[0][face, 1] > 0
    own = limb()[charts.faces[face, 0]]
    start = where.points.reshape(-1, 3).copy()
    x = start[:, 0]
    aside = np.where(x < 0, -1, 1) * (OPEN + np.abs(x) * (1 - OPEN / WIDE))
    start[:, 0] = np.where(back & (own == TORSO) & (np.abs(x) < WIDE), aside, x)
    start[:, 1] = np.where(back, -FAR, FAR)
    ways = np.zeros_like(start)
    ways[:, 1] = np.where(back, 1, -1)
    hit, bary = first_hits(skin(), charts.faces, start, ways)
    there = (hit >= 0) & (own >= 0) & (own < DEEP)
    there &= limb()[charts.faces[np.maximum(hit, 0), 0]] == own
    iuv = charts(np.maximum(hit, 0), bary)
    size = where.face.shape
    return iuv[:, 0].reshape(size), iuv[:, 1:].reshape(*size, 2), there.reshape(size)


def turned(colour: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """An atlas (6·S, 4·S, 3), and weights (6·S, 4·S), with front and back exchanged."""
    part, uv, there = behind(atlas_side(weight))
    both = np.dstack([colour * weight[..., None], weight]).astype(np.float32)
    found = looked_up(both, part, uv[..., 0], uv[..., 1])
    return found[..., :3] / found[..., 3:].clip(1e-6), np.where(there, found[..., 3], 0)


def atlas_side(atlas: np.ndarray) -> int:
    """Of a tile in texels."""
    return atlas.shape[1] // COLUMNS
