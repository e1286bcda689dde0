"""Parts and U,V of one person: BodyPix, put right by BlazePose's landmarks, ignored in doubt."""

from typing import cast

import cv2
import numpy as np
from scipy import ndimage
from scipy.special import softmax

from ..data.densepose_coco import UNKNOWN
from ..data.mirror import PART_MIRROR, U_MIRRORED, V_MIRRORED
from .observe import CROP, Pose, Surface, Teachers
from .sides import ARMS, GROUP, LEFT, Body, body_scale, evidence

SCALES = (353, 257)  # sides of BodyPix's crop, 16k + 1
GRID = 89  # cells of the common grid over the crop, corners on corners
MIN_GROUP = 0.5  # probability of limb, torso, head … below which a pixel is ignored
MIN_PART = 0.62  # probability of the chosen part within its limb (side, front/back)
FILL = 0.04  # of the person's height: how far the nearest label is taken from


def observe_surface(teachers: Teachers, image: np.ndarray, pose: Pose) -> Surface:
    """BodyPix on the person's upright crop, averaged over two scales and the mirror image.

    Args:
        teachers: the networks.
        image: (H, W, 3) uint8 RGB.
        pose: whose crop and turn are used.

    Returns:
        Averages on a GRID × GRID grid whose corner cells are the crop's corner pixels.
    """
    answers = []
    for side in SCALES:
        crop = (pose.crop * ((side - 1) / (CROP - 1))).astype(np.float32)
        flags = cv2.INTER_AREA if crop[0, 0] ** 2 + crop[0, 1] ** 2 < 0.25 else cv2.INTER_LINEAR
        picture = cv2.warpAffine(
            image, crop, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        answers.append(teachers.surface(picture))
        flipped = teachers.surface(np.ascontiguousarray(picture[:, ::-1]))
        answers.append(mirror_surface(flipped))
    return average([_regrid(a, GRID) for a in answers])


def mirror_surface(surface: Surface) -> Surface:
    """BodyPix's answer to the mirrored picture, brought back to the picture itself."""
    of = PART_MIRROR[1:25].astype(int) - 1  # channel p - 1 holds part p
    parts = np.arange(1, 25)[:, None, None]
    u, v = surface.u[of, :, ::-1], surface.v[of, :, ::-1]
    return Surface(
        person=surface.person[:, ::-1],
        parts=surface.parts[of, :, ::-1],
        u=np.where(np.isin(parts, U_MIRRORED), 1 - u, u),
        v=np.where(np.isin(parts, V_MIRRORED), 1 - v, v),
    )


def average(answers: list[Surface]) -> Surface:
    """The mean of answers on one grid; U and V weighted by how sure each answer is of the part."""
    weight = np.stack([softmax(a.parts, 0) + 1e-3 for a in answers])
    weight /= weight.sum(0)
    return Surface(
        person=np.mean([a.person for a in answers], 0),
        parts=np.mean([a.parts for a in answers], 0),
        u=(weight * np.stack([a.u for a in answers])).sum(0),
        v=(weight * np.stack([a.v for a in answers])).sum(0),
    )


def label_person(surface: Surface, pose: Pose, mask: np.ndarray) -> np.ndarray:
    """Dense labels inside a person's mask.

    Args:
        surface: BodyPix's answer on the common grid of the person's crop.
        pose: landmarks that decide left/right and front/back.
        mask: (H, W) bool, the visible instance.

    Returns:
        (H, W, 3) uint8 I, 255·U, 255·V; I = 255 inside the mask where nothing sure is known.
    """
    iuv = np.zeros((*mask.shape, 3), np.uint8)
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return iuv
    points = np.stack([columns, rows, np.ones(len(rows))], 1) @ pose.crop.T
    part, sure, u, v = classify(surface, points, crop_body(pose))
    iuv[rows, columns, 0] = np.where(sure, part, UNKNOWN)
    iuv[rows, columns, 1] = np.where(sure, np.round(u * 255), 0)
    iuv[rows, columns, 2] = np.where(sure, np.round(v * 255), 0)
    return fill_nearest(iuv, mask, FILL * max(np.ptp(rows), np.ptp(columns)))


def crop_body(pose: Pose) -> Body:
    """The landmarks in the crop's frame."""
    xy = np.c_[pose.xy, np.ones(len(pose.xy))] @ pose.crop.T
    return Body(xy, pose.world, pose.visibility, body_scale(xy, pose.world))


def classify(
    surface: Surface, points: np.ndarray, body: Body
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Part, sureness, U and V at points of the crop.

    Args:
        surface: on the common grid.
        points: (N, 2) pixels of the 256×256 crop.
        body: landmarks in the same frame.

    Returns:
        part (N,) 1..24, sure (N,) bool, U and V (N,) 0..1.
    """
    x, y = (points * ((surface.person.shape[0] - 1) / (CROP - 1))).T
    inside = (x >= 0) & (y >= 0) & (x <= surface.person.shape[1] - 1)
    inside &= y <= surface.person.shape[0] - 1
    sides, doubt = evidence(points, body)
    logits = _sample(surface.parts, x, y)
    group = softmax(logits - doubt, 1) @ np.eye(GROUP.max() + 1, dtype=np.float32)[GROUP]
    best_group = group.argmax(1)
    within = softmax(np.where(best_group[:, None] == GROUP, logits + sides, -np.inf), 1)
    part = within.argmax(1)
    # front or back of an arm is BodyPix's own affair: only the side must be sure
    counted = np.arange(24) == part[:, None]
    counted |= np.isin(best_group, ARMS)[:, None] & (LEFT[part][:, None] == LEFT)
    sure = inside & (group.max(1) > MIN_GROUP) & ((within * counted).sum(1) > MIN_PART)
    sure &= _sample(surface.person[None], x, y)[:, 0] > 0
    u = _sample_channel(surface.u, part, x, y)
    v = _sample_channel(surface.v, part, x, y)
    return part + 1, sure, u, v


def fill_nearest(iuv: np.ndarray, mask: np.ndarray, reach: float) -> np.ndarray:
    """Give unknown pixels of a mask the nearest known label of the same person.

    Args:
        iuv: (H, W, 3) uint8, I = 255 unknown.
        mask: (H, W) bool, the person.
        reach: pixels; what is farther from any label stays unknown.

    Returns:
        (H, W, 3) uint8.
    """
    known = mask & (iuv[:, :, 0] > 0) & (iuv[:, :, 0] != UNKNOWN)
    if not known.any():
        return iuv
    found = ndimage.distance_transform_edt(~known, return_indices=True)
    distance, (row, column) = cast("tuple[np.ndarray, np.ndarray]", found)
    take = mask & ~known & (distance <= reach)
    filled = iuv.copy()
    filled[take] = iuv[row[take], column[take]]
    return filled


def _regrid(surface: Surface, cells: int) -> Surface:
    """Bilinear, corners on corners: BodyPix's cells sit on every 16th pixel of 16k + 1."""
    old = surface.person.shape[0]
    position = np.linspace(0, old - 1, cells)
    weight = np.maximum(0, 1 - np.abs(position[:, None] - np.arange(old))).astype(np.float32)
    return Surface(
        *(weight @ a @ weight.T for a in (surface.person, surface.parts, surface.u, surface.v))
    )


def _sample(channels: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Bilinear values (N, C) of (C, h, w) at grid positions; beyond the edge, the edge."""
    h, w = channels.shape[1:]
    x, y = x.clip(0, w - 1), y.clip(0, h - 1)
    x0, y0 = np.minimum(x.astype(int), w - 2), np.minimum(y.astype(int), h - 2)
    fx, fy = (x - x0).astype(np.float32)[:, None], (y - y0).astype(np.float32)[:, None]
    flat = np.ascontiguousarray(channels.reshape(len(channels), -1).T)
    corner = y0 * w + x0
    top = flat[corner] * (1 - fx) + flat[corner + 1] * fx
    bottom = flat[corner + w] * (1 - fx) + flat[corner + w + 1] * fx
    return top * (1 - fy) + bottom * fy


def _sample_channel(
    channels: np.ndarray, which: np.ndarray, x: np.ndarray, y: np.ndarray
) -> np.ndarray:
    """Bilinear value (N,) of one channel per point."""
    return ndimage.map_coordinates(channels, [which, y, x], order=1, mode="nearest")
