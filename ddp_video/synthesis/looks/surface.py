"""Where an atlas lies on the body, and colours carried along its surface.

Dims: S = side of a tile, F = faces and M = vertices of the charts, P = points, C = channels.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from scipy.sparse import coo_matrix, csc_matrix, diags_array
from scipy.sparse.linalg import splu

from ...data.atlas import COLUMNS, LAST, ROWS, atlas_position, tile
from ..body.base_mesh import reference
from ..charts.lookup import Charts
from ..raster.rays import closest, on_surface

WIDE = 1024  # look-ups in a row
ANCHOR = 1e-6  # how much a vertex that is tied to nothing wants the mean colour


@dataclass(frozen=True)
class AtlasMap:
    """Which point of the body each texel shows.

    Attributes:
        face: (6·S, 4·S) of the charts; texels beside a chart show its nearest point.
        bary: (6·S, 4·S, 3) weights of its corners.
        points: (6·S, 4·S, 3) float32 metres on the reference adult.
        within: (6·S, 4·S) bool, texels on the chart.
    """

    face: np.ndarray
    bary: np.ndarray
    points: np.ndarray
    within: np.ndarray

    @property
    def side(self) -> int:
        """Of a tile in texels."""
        return self.face.shape[1] // COLUMNS

    def carried(self, values: np.ndarray) -> np.ndarray:
        """(M, C) values at the charts' vertices → (6·S, 4·S, C) float32."""
        corners = values.astype(np.float32)[Charts.shipped().faces[self.face]]
        return np.einsum("yxkc,yxk->yxc", corners, self.bary.astype(np.float32))


@cache
def skin() -> np.ndarray:
    """(M, 3) the charts' vertices on the reference adult, metres."""
    return Charts.shipped().refine(reference().vertices)


@cache
def atlas_map(side: int) -> AtlasMap:
    """Where the texels of an atlas lie; made once."""
    charts = Charts.shipped()
    part = np.repeat(charts.part, 3)
    flat = np.stack([charts.u.ravel(), charts.v.ravel(), 10.0 * part], 1)  # a plane for each part
    size = (ROWS * side, COLUMNS * side)
    asked = np.zeros((*size, 3), np.float32)
    steps = np.arange(side, dtype=np.float32) / (side - 1)
    for number in range(1, LAST + 1):
        window = asked[tile(number, side)]
        window[..., 0], window[..., 1], window[..., 2] = steps, 1 - steps[:, None], 10 * number
    faces = np.arange(len(flat)).reshape(-1, 3)
    face, bary = closest(flat, faces, asked.reshape(-1, 3))
    away = np.abs(on_surface(flat, faces, face, bary) - asked.reshape(-1, 3)).max(1)
    points = on_surface(skin(), charts.faces, face, bary)
    return AtlasMap(
        face.reshape(size),
        bary.reshape(*size, 3),
        points.reshape(*size, 3).astype(np.float32),
        (away < 0.5 / (side - 1)).reshape(size),
    )


def looked_up(atlas: np.ndarray, part: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """What an atlas (6·S, 4·S, C ≤ 4) shows at labels of any one shape: (…, C)."""
    x, y = atlas_position(part, u, v, atlas.shape[1] // COLUMNS)
    short = -x.size % WIDE  # OpenCV takes no side above 32,767
    x, y = (np.pad(k.ravel(), (0, short)).astype(np.float32).reshape(-1, WIDE) for k in (x, y))
    found = cv2.remap(atlas, x, y, cv2.INTER_LINEAR).reshape(-1, atlas.shape[2])
    return found[: part.size].reshape(*part.shape, -1)


def at_vertices(colour: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """An atlas at the charts' vertices, which have a place on each chart that they touch.

    Args:
        colour: (6·S, 4·S, 3) float32.
        weight: (6·S, 4·S) float32, 0..1: how well each texel is known.

    Returns:
        (M, 3) and (M,) of the same meaning.
    """
    charts, count = Charts.shipped(), len(skin())
    part = np.repeat(charts.part[:, None], 3, 1)
    both = np.dstack([colour * weight[..., None], weight]).astype(np.float32)
    found = looked_up(both, part, charts.u, charts.v).reshape(-1, 4)
    corner = charts.faces.ravel()
    total = np.stack([np.bincount(corner, found[:, k], count) for k in range(4)], 1)
    seen = total[:, 3] / np.bincount(corner, minlength=count).clip(1)
    return total[:, :3] / total[:, 3:].clip(1e-6), seen


@cache
def laplacian() -> csc_matrix:
    """(M, M) of the charts' edges: rows sum to 0, each edge counts once."""
    faces, count = Charts.shipped().faces, len(skin())
    a = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).T
    edges = coo_matrix((np.ones(a.shape[1]), (a[0], a[1])), (count, count)).tocsr()
    edges = ((edges + edges.T) > 0).astype(float)
    return csc_matrix(diags_array(np.asarray(edges.sum(1)).ravel()) - edges)


def spread(values: np.ndarray, weight: np.ndarray, stiff: float, fade: float = 0.0) -> np.ndarray:
    """Values carried along the surface from where they are known, as smoothly as can be.

    Minimises Σ w (x − values)² + stiff · Σ over edges (xᵢ − xⱼ)² + fade · Σ x².

    Args:
        values: (M, C) at the charts' vertices.
        weight: (M,) 0..1.
        stiff: what differences between neighbours cost.
        fade: what it costs to be other than 0: values fade out within √(stiff / fade) edges.

    Returns:
        (M, C).
    """
    known = max(float(weight.sum()), 1e-6)
    mean = (values * weight[:, None]).sum(0) / known
    matrix = csc_matrix(diags_array(weight + fade + ANCHOR) + stiff * laplacian())
    given = values * weight[:, None] + ANCHOR * mean
    return splu(matrix, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}).solve(given)
