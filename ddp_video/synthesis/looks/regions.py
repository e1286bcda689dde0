"""Which limb each point of the body belongs to, and what lies behind it.

Dims: S = side of a tile, M = vertices of the charts, F = their faces.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from ...data.atlas import COLUMNS, mirrored_atlas
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
SPINE = 0.06  # metres to either side, where both sides of a back run into one another


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


@dataclass(frozen=True)
class Behind:
    """For each texel of an atlas the point straight behind or before it on the same limb.

    Attributes:
        part: (6·S, 4·S) 1..24.
        uv: (6·S, 4·S, 2).
        there: (6·S, 4·S) bool, where there is such a point.
        shared: (6·S, 4·S, 1) 0..0.5: how far that of the other side counts as well.
    """

    part: np.ndarray
    uv: np.ndarray
    there: np.ndarray
    shared: np.ndarray


@cache
def behind(side: int) -> Behind:
    """What a back takes from the front, and a front from the back; made once.

    A trunk's back takes what lies beside the middle of the front: no buttons, necklines or ties.
    """
    charts, where = Charts.shipped(), atlas_map(side)
    face, size = where.face.ravel(), where.face.shape
    back = face_normals(skin(), charts.faces)[0][face, 1] > 0
    own = limb()[charts.faces[face, 0]]
    start = where.points.reshape(-1, 3).copy()
    x, trunk = start[:, 0].copy(), back & (own == TORSO)
    aside = np.where(x < 0, -1, 1) * (OPEN + np.abs(x) * (1 - OPEN / WIDE))
    start[:, 0] = np.where(trunk & (np.abs(x) < WIDE), aside, x)
    start[:, 1] = np.where(back, -FAR, FAR)
    ways = np.zeros_like(start)
    ways[:, 1] = np.where(back, 1, -1)
    hit, bary = first_hits(skin(), charts.faces, start, ways)
    there = (hit >= 0) & (own >= 0) & (own < DEEP)
    there &= limb()[charts.faces[np.maximum(hit, 0), 0]] == own
    iuv = charts(np.maximum(hit, 0), bary)
    shared = np.where(trunk, 0.5 * (1 - np.abs(x) / SPINE).clip(0, 1), 0)
    return Behind(
        iuv[:, 0].reshape(size),
        iuv[:, 1:].reshape(*size, 2),
        there.reshape(size),
        shared.reshape(*size, 1).astype(np.float32),
    )


def turned(colour: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """An atlas (6·S, 4·S, 3), and weights (6·S, 4·S), with front and back exchanged."""
    place = behind(atlas_side(weight))
    both = np.dstack([colour * weight[..., None], weight]).astype(np.float32)
    found, other = (
        looked_up(atlas, place.part, place.uv[..., 0], place.uv[..., 1])
        for atlas in (both, mirrored_atlas(both))
    )
    found += place.shared * (other - found)
    return found[..., :3] / found[..., 3:].clip(1e-6), np.where(place.there, found[..., 3], 0)


def atlas_side(atlas: np.ndarray) -> int:
    """Of a tile in texels."""
    return atlas.shape[1] // COLUMNS
