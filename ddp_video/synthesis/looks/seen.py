"""What one photo shows of a person's surface, as a partial atlas.

Every pixel of the person knows its point of the surface. Pixels near an outline are left out, the
person's own limbs' outlines included: there the background, or another limb, shines through where
the labels are off by a little. So are pixels whose label was carried out to loose clothes, and
those that see the surface from the side.

Dims: H, W = of the picture (or the person's part of it), S = side of a tile.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from ...data.atlas import COLUMNS, LAST, ROWS, atlas_position, tile
from .surface import atlas_map, looked_up

HEAD = (23, 24)
RIM = 0.006  # of the person's height: nearer than this to an outline nothing is taken
SURE = 0.015  # of the person's height: from this far on a pixel counts in full
JUMP = 8.0  # neighbours that are so many times as far apart as usual are on two surfaces,
LEAST_JUMP = 0.03  # and at least so many metres
CARRIED = (0.15, 0.5)  # of the usual area of a pixel: fewer is a label carried outwards
SIDEWAYS = 5.0  # times the usual area: more is seen too much from the side
GAP = 1.2  # texels: sigma by which texels between pixels are closed
LEAST = 0.05  # of a pixel's weight that a texel needs


@dataclass(frozen=True)
class Seen:
    """A partial atlas.

    Attributes:
        colour: (6·S, 4·S, 3) float32 RGB 0..255; 0 where nothing is known.
        weight: (6·S, 4·S) float32, 0..1: how well each texel is seen.
    """

    colour: np.ndarray
    weight: np.ndarray


def trust(iuv: np.ndarray, mask: np.ndarray, side: int) -> np.ndarray:
    """(H, W) float32 0..1: how far the pixels of a person show what their labels say.

    Args:
        iuv: (H, W, 3) uint8 I, 255·U, 255·V; I 0 or 255 where no surface is known.
        mask: (H, W) bool, the person.
        side: of the atlas by which points of the surface are looked up.
    """
    part = iuv[..., 0]
    known = mask & (part > 0) & (part <= LAST)
    if not known.any():
        return np.zeros(mask.shape, np.float32)
    points = looked_up(
        atlas_map(side).points, np.where(known, part, 1), iuv[..., 1] / 255, iuv[..., 2] / 255
    )
    area = footprint(points, known)
    usual = float(np.percentile(area[known], 30)) + 1e-9
    tall = np.ptp(np.flatnonzero(known.any(1))) + 1
    broken = steps(points, known) > max(JUMP * np.sqrt(usual), LEAST_JUMP)
    head = np.isin(part, HEAD)  # eyes and mouth are holes in the charts, and no outlines
    away = cv2.distanceTransform((known & (head | ~broken)).astype(np.uint8), cv2.DIST_L2, 5)
    away[head & broken] = 0
    inside = ((away - max(1.5, RIM * tall)) / ((SURE - RIM) * tall)).clip(0, 1)
    share = area / usual
    own = ((share - CARRIED[0]) / (CARRIED[1] - CARRIED[0])).clip(0, 1)
    frontal = np.where(share < SIDEWAYS, (2 / share.clip(1e-3)).clip(0, 1), 0)
    return np.where(known, inside * own * frontal, 0).astype(np.float32)


def footprint(points: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(H, W) square metres of the surface that a pixel sees, by differences over five pixels.

    Args:
        points: (H, W, 3) metres.
        known: (H, W) bool, where they mean something.
    """
    weight = known.astype(np.float32)
    total = cv2.blur(points * weight[..., None], (3, 3))
    smooth = total / cv2.blur(weight, (3, 3)).clip(1e-6)[..., None]
    down, right = np.gradient(smooth, axis=(0, 1))
    return np.linalg.norm(np.cross(right, down), axis=2)


def steps(points: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(H, W) metres to the farthest of the four neighbours that are known."""
    out = np.zeros(known.shape)
    for axis in (0, 1):
        apart = np.linalg.norm(np.diff(points, axis=axis), axis=2)
        both = np.logical_and(*(np.delete(known, k, axis) for k in (0, -1)))
        apart = np.where(both, apart, 0)
        for ends in ((1, 0), (0, 1)):
            beside = [(0, 0), (0, 0)]
            beside[axis] = ends
            out = np.maximum(out, np.pad(apart, beside))
    return out


def projected(image: np.ndarray, iuv: np.ndarray, mask: np.ndarray, side: int) -> Seen:
    """Lay a person's pixels on the atlas.

    Between neighbouring pixels of one part colours and labels are interpolated, as finely as the
    texels lie.

    Args:
        image: (H, W, 3) uint8 RGB.
        iuv: (H, W, 3) uint8, as in `trust`.
        mask: (H, W) bool.
        side: of a tile.
    """
    weight = trust(iuv, mask, side)
    tall = np.ptp(np.flatnonzero(mask.any(1))) + 1 if mask.any() else 1
    fine = int(np.clip(np.ceil(6 * side / tall), 1, 6))  # texels are about so much denser
    part, u, v, colour, count = refined(image, iuv, weight, fine)
    x, y = atlas_position(part, u, v, side)
    size = (ROWS * side, COLUMNS * side)
    texel = np.rint(y).astype(np.int64) * size[1] + np.rint(x).astype(np.int64)
    layers = [count, *(count[:, None] * colour).T, np.ones_like(count)]
    sums = np.stack([np.bincount(texel, k, size[0] * size[1]) for k in layers], 1)
    return closed(sums.reshape(*size, 5).astype(np.float32))


def refined(
    image: np.ndarray, iuv: np.ndarray, weight: np.ndarray, fine: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Points between pixels whose neighbours all count and lie on one part.

    Args:
        image: (H, W, 3) uint8 RGB.
        iuv: (H, W, 3) uint8.
        weight: (H, W) float32.
        fine: points for each pixel and axis.

    Returns:
        Part (P,), U and V (P,) in 0..1, colour (P, 3) and weight (P,).
    """
    rows, columns = (slice(k[0], k[-1] + 1) if len(k) else slice(0, 1) for k in (
        np.flatnonzero(weight.any(1)), np.flatnonzero(weight.any(0))))  # fmt: skip
    part = iuv[rows, columns, 0].astype(np.float32)
    layers = np.dstack([
        image[rows, columns], iuv[rows, columns, 1:], weight[rows, columns],
        weight[rows, columns] > 0, part, part * part,
    ]).astype(np.float32)  # fmt: skip
    size = (layers.shape[1] * fine, layers.shape[0] * fine)
    layers = np.dstack([cv2.resize(layers[..., k : k + 3], size) for k in range(0, 9, 3)])
    whole, mean = layers[..., 6], layers[..., 7]
    usable = (whole > 1 - 1e-4) & (np.abs(layers[..., 8] - mean * mean) < 1e-2)
    out = layers[usable]
    return np.rint(out[:, 7]), out[:, 3] / 255, out[:, 4] / 255, out[:, :3], out[:, 5]


def closed(sums: np.ndarray) -> Seen:
    """Mean colours and weights of texels; small gaps between them are closed, tile by tile.

    Args:
        sums: (6·S, 4·S, 5) float32: weights, weighted RGB, and how many points fell on a texel.
    """
    side = sums.shape[1] // COLUMNS
    out = np.zeros((*sums.shape[:2], 4), np.float32)
    for part in range(1, LAST + 1):
        own = np.ascontiguousarray(sums[tile(part, side)])
        if not own[..., 4].any():
            continue
        blurred = np.dstack([cv2.GaussianBlur(own[..., k], (0, 0), GAP) for k in range(5)])
        own = np.where(own[..., 4:] > 0, own, blurred)
        known = own[..., 4] > LEAST
        window = out[tile(part, side)]
        window[known, :3] = own[known, 1:4] / own[known, :1].clip(1e-6)
        window[known, 3] = own[known, 0] / own[known, 4]
    return Seen(out[..., :3], out[..., 3])
