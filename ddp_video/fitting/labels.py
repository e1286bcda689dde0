"""From a fitted body to the labels of a photo's pixels.

A pixel that sees the body takes part, U and V of the point it sees. Clothes and hair reach beyond
the naked body: there a pixel of the person's mask takes the label of the nearest body pixel, by a
way that stays inside the mask, and none if it is far or if another limb is nearly as near.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from ..data.densepose_coco import UNKNOWN
from ..synthesis.charts.lookup import Charts
from ..synthesis.raster.rays import first_hits
from .bodies import FOCAL
from .evidence import to_crop
from .observe import CROP

REACH = 0.05  # of the person's height: how far labels are carried
DOUBT = 1.5  # another limb this many times as far, or nearer, makes a label doubtful
CLOSE = 0.01  # of the person's height: nearer than this, no label is doubtful

# Limb of DensePose's part 1..24: 0 torso, 1 head, 2 left arm, 3 right arm, 4 left leg, 5 right leg.
LIMB = np.array([-1, 0, 0, 3, 2, 4, 5, 5, 4, 5, 4, 5, 4, 5, 4, 2, 3, 2, 3, 2, 3, 2, 3, 1, 1])
LIMBS = 6


@dataclass(frozen=True)
class BodyPicture:
    """A body drawn over a photo.

    Attributes:
        part: (H, W) uint8, 0 where no body is.
        u: (H, W) float32, 0..1.
        v: (H, W) float32, 0..1.
    """

    part: np.ndarray
    u: np.ndarray
    v: np.ndarray


def draw_body(vertices: np.ndarray, crop: np.ndarray, size: tuple[int, int]) -> BodyPicture:
    """Draw a body with its charts.

    Args:
        vertices: (N, 3) base mesh vertices before the crop's camera, metres.
        crop: (2, 3) affine map from the picture to the crop.
        size: (H, W) of the picture.
    """
    part, u, v = np.zeros(size, np.uint8), np.zeros(size, np.float32), np.zeros(size, np.float32)
    row, column, face, bary = visible_faces(vertices, crop, size)
    if len(row):
        part[row, column], u[row, column], v[row, column] = Charts.shipped()(face, bary).T
    return BodyPicture(part, u, v)


def visible_faces(
    vertices: np.ndarray, crop: np.ndarray, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The pixels that see a body, and what of it; arguments as in `draw_body`.

    Returns:
        Rows (P,), columns (P,), faces of the charts (P,), and weights (P, 3) of their corners.
    """
    charts = Charts.shipped()
    skin = charts.refine(vertices)
    row, column = np.mgrid[window(skin, crop, size)].reshape(2, -1)
    if not len(row):
        return row, column, row, np.zeros((0, 3))
    rays = directions(np.stack([column, row], 1), crop)
    face, bary = first_hits(skin, charts.faces, np.zeros_like(rays), rays)
    hit = face >= 0
    return row[hit], column[hit], face[hit], bary[hit]


def directions(xy: np.ndarray, crop: np.ndarray) -> np.ndarray:
    """(P, 3) rays of the crop's camera through the middles of (P, 2) pixels of the picture."""
    half = 1 / CROP  # the middle of the crop's pixel 0, from its border
    return np.c_[(to_crop(xy, crop) + half) / FOCAL, np.ones(len(xy))]


def to_picture(points: np.ndarray, crop: np.ndarray) -> np.ndarray:
    """(P, 3) metres before the crop's camera → (P, 2) pixels of the picture, by their middles."""
    return from_crop(FOCAL * points[:, :2] / points[:, 2:].clip(min=1e-3), crop)


def from_crop(seen: np.ndarray, crop: np.ndarray) -> np.ndarray:
    """(P, 2) places in the crop, −1..1 from border to border → pixels of the picture."""
    pixels = seen * (CROP / 2) + CROP / 2 - 0.5
    return cv2.transform(pixels[None].astype(float), cv2.invertAffineTransform(crop))[0]


def window(vertices: np.ndarray, crop: np.ndarray, size: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of the picture that a body can touch."""
    xy = to_picture(vertices, crop)
    low = np.clip(np.floor(xy.min(0)).astype(int) - 1, 0, size[::-1])
    high = np.clip(np.ceil(xy.max(0)).astype(int) + 2, 0, size[::-1])
    return slice(low[1], high[1]), slice(low[0], high[0])


def label_mask(
    body: BodyPicture, mask: np.ndarray, trusted: np.ndarray | None = None
) -> np.ndarray:
    """Labels of all pixels of a person's mask.

    Args:
        body: the fitted body.
        mask: (H, W) bool, the visible person.
        trusted: (25,) bool, parts whose labels may be used; all if None.

    Returns:
        (H, W, 3) uint8 I, 255·U, 255·V; 0 outside the mask, I = 255 in it where nothing is known.
    """
    rows, columns = _bounds(mask)
    inside = mask[rows, columns]
    part = np.where(inside, body.part[rows, columns], 0)
    height = max(part.shape)
    source = carry(part, inside, REACH * height, CLOSE * height)
    known = source >= 0
    if trusted is not None:
        known &= trusted[part.ravel()[source]]
    fields = (body.part, body.u, body.v)
    values = [f[rows, columns].ravel()[source] for f in fields]
    own = np.zeros((*inside.shape, 3), np.uint8)
    own[inside] = (UNKNOWN, 0, 0)
    own[known] = np.round(np.stack(values, -1)[known] * (1, 255, 255))
    out = np.zeros((*mask.shape, 3), np.uint8)
    out[rows, columns] = own
    return out


def carry(part: np.ndarray, mask: np.ndarray, reach: float, close: float) -> np.ndarray:
    """From which body pixel each pixel of a mask takes its label.

    Args:
        part: (h, w) of the body inside the mask, 0 elsewhere.
        mask: (h, w) bool.
        reach: pixels that labels are carried.
        close: pixels within which a label is never in doubt.

    Returns:
        (h, w) number of the pixel that a label comes from, −1 where there is none.
    """
    source, distance = spread(part > 0, mask, reach)
    limb = np.where(source >= 0, LIMB[part.ravel()[source]], -1)
    away = np.stack([distance_to(LIMB[part] == k) for k in range(LIMBS)])
    own = limb[None] == np.arange(LIMBS)[:, None, None]
    other = np.where(own, np.inf, away).min(0)
    doubtful = (distance > close) & (other < DOUBT * distance)
    return np.where(doubtful, -1, source)


def spread(seeds: np.ndarray, mask: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Nearest seed of each pixel of a mask, found by steps inside the mask.

    Args:
        seeds: (h, w) bool, within the mask.
        mask: (h, w) bool.
        reach: pixels; seeds farther off are not found.

    Returns:
        (h, w) number of the seed, −1 where there is none; (h, w) distance to it in pixels.
    """
    width = mask.shape[1]
    frame = np.pad(seeds, 1)
    padded = np.where(frame, np.arange(frame.size).reshape(frame.shape), -1).ravel()
    stride = width + 2
    around = np.array([d * stride + e for d in (-1, 0, 1) for e in (-1, 0, 1) if d or e])
    open_pixels = np.flatnonzero(np.pad(mask & ~seeds, 1).ravel())
    for _ in range(int(np.ceil(reach))):
        offered = np.c_[padded[open_pixels[:, None] + around], padded[open_pixels]]
        squared = _squared(offered, open_pixels[:, None], stride)
        best = squared.argmin(1)
        take = np.take_along_axis(offered, best[:, None], 1)[:, 0]
        if (take == padded[open_pixels]).all():
            break
        padded[open_pixels] = take
    squared = _squared(padded, np.arange(len(padded)), stride)
    found = np.where(squared <= reach**2, padded, -1)
    row, column = found // stride - 1, found % stride - 1
    source = np.where(found >= 0, row * width + column, -1)
    inner = (slice(1, -1), slice(1, -1))
    distance = np.sqrt(squared).reshape(frame.shape)[inner]
    return source.reshape(frame.shape)[inner], distance


def _squared(seed: np.ndarray, pixel: np.ndarray, stride: int) -> np.ndarray:
    """Squared distance between pixels by number; infinite for seed −1."""
    rows, columns = seed // stride - pixel // stride, seed % stride - pixel % stride
    return np.where(seed >= 0, (rows**2 + columns**2).astype(float), np.inf)


def distance_to(where: np.ndarray) -> np.ndarray:
    """(h, w) pixels to the nearest True; infinite if there is none."""
    if not where.any():
        return np.full(where.shape, np.inf)
    return cv2.distanceTransform((~where).astype(np.uint8), cv2.DIST_L2, 5)


def _bounds(mask: np.ndarray) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return slice(0, 0), slice(0, 0)
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
