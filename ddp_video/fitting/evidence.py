"""What a fit is held against: one person's landmarks and outline, in the frame of the crop.

Coordinates: half crop sides, x right, y down, the crop's centre at 0, so the crop is [-1, 1]².
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import torch
from torch import Tensor

from .observe import CROP, Pose, Surface
from .spots import Spots, SurfacePoints, find_spots

# Landmarks of the body → BlazePose's numbers. Fingers by the name of Anny's bones.
LANDMARKS = {
    "nose": 0, "left_eye": 2, "right_eye": 5, "left_ear": 7, "right_ear": 8,
    "left_shoulder": 11, "right_shoulder": 12, "left_elbow": 13, "right_elbow": 14,
    "left_wrist": 15, "right_wrist": 16, "left_hip": 23, "right_hip": 24,
    "left_knee": 25, "right_knee": 26, "left_ankle": 27, "right_ankle": 28,
    "left_heel": 29, "right_heel": 30, "left_big_toe": 31, "right_big_toe": 32,
    "finger5-1.L": 17, "finger5-1.R": 18, "finger2-1.L": 19, "finger2-1.R": 20,
    "finger1-2.L": 21, "finger1-2.R": 22,
}  # fmt: skip
NAMES = list(LANDMARKS)
# BlazePose's joints are not Anny's: where they lie, from Anny's joint towards another one, as a
# share of the way. Chosen on street photos, so that limbs end where BodyPix has their ends.
BESIDE = {
    "knee": ("ankle", 0.15), "ankle": ("knee", -0.08), "elbow": ("wrist", 0.08),
    "wrist": ("elbow", -0.05), "hip": ("knee", -0.12),
}  # fmt: skip
TRUST = np.array([0.7] * 5 + [1.0] * 12 + [0.6] * 4 + [0.3] * 6, np.float32)
SEEN, SURE = 0.2, 0.7  # visibility from which a landmark counts, and counts in full
EDGE = 2.0  # pixels a landmark may lie outside the picture
OUTLINE_POINTS, INNER_POINTS = 250, 150
FAR = 0.5  # distances to the mask are cut here


def beside(moves: dict[str, tuple[str, float]] = BESIDE) -> np.ndarray:
    """(K, K) from Anny's landmarks to those of BlazePose, as means of them."""
    mix = np.eye(len(NAMES), dtype=np.float32)
    for joint, (towards, share) in moves.items():
        for side in ("left", "right"):
            row, other = NAMES.index(f"{side}_{joint}"), NAMES.index(f"{side}_{towards}")
            mix[row, row], mix[row, other] = 1 - share, share
    return mix


@dataclass(frozen=True)
class Observation:
    """One person, seen in a square crop.

    Attributes:
        crop: (2, 3) affine map from the picture's pixels to the 256×256 crop.
        xy: (K, 2) landmarks of `NAMES`, half crop sides.
        world: (K, 3) metres, x right, y down, z away, origin between the hips.
        sure: (K,) 0..1 how much each landmark counts: its visibility, 0 outside the picture.
        mask: (256, 256) bool, the person.
        known: (256, 256) bool, where the crop shows the picture and nobody stands in front.
        spots: pixels with the point of the surface that BodyPix sees there.
        deep: (K,) how much each landmark's depth counts; as `sure` if None.
        kinds: (256, 256) uint8 of `clothes.KINDS`; nothing is known of them if None.
    """

    crop: np.ndarray
    xy: np.ndarray
    world: np.ndarray
    sure: np.ndarray
    mask: np.ndarray
    known: np.ndarray
    spots: Spots = field(default_factory=Spots.none)
    deep: np.ndarray | None = None
    kinds: np.ndarray | None = None


def observation(
    pose: Pose,
    mask: np.ndarray,
    free: np.ndarray | None = None,
    surface: Surface | None = None,
    kinds: np.ndarray | None = None,
) -> Observation:
    """A pose and a mask of the picture, brought to the pose's crop.

    Args:
        pose: the landmarks.
        mask: (H, W) bool, the person.
        free: (H, W) bool, False where the person may go on unseen, behind somebody else; all of
            the picture if None.
        surface: BodyPix's answer on the pose's crop; None if it was not asked.
        kinds: (H, W) uint8 of clothes, skin and hair; None if they are not known.
    """
    numbers = list(LANDMARKS.values())
    height, width = mask.shape
    xy = pose.xy[numbers]
    inside = ((xy > -EDGE) & (xy < [width + EDGE, height + EDGE])).all(1)
    sure = ((pose.visibility[numbers] - SEEN) / (SURE - SEEN)).clip(0, 1)
    free = np.ones(mask.shape, bool) if free is None else free | mask
    own = _warp(mask, pose.crop)
    clothes = None if kinds is None else _warp_kinds(kinds, pose.crop)
    believed = 1.0 if pose.deep is None else pose.deep[numbers]
    counts = (TRUST * sure * inside).astype(np.float32)
    return Observation(
        crop=pose.crop,
        xy=to_crop(xy, pose.crop).astype(np.float32),
        world=pose.world[numbers].astype(np.float32),
        sure=counts,
        mask=own,
        known=_warp(free, pose.crop),
        spots=find_spots(surface, pose, own, clothes),
        deep=(counts * believed).astype(np.float32),
        kinds=clothes,
    )


def to_crop(xy: np.ndarray, crop: np.ndarray) -> np.ndarray:
    """(K, 2) pixels of the picture → half crop sides."""
    return (np.c_[xy, np.ones(len(xy))] @ crop.T - CROP / 2) / (CROP / 2)


def _warp(mask: np.ndarray, crop: np.ndarray) -> np.ndarray:
    return cv2.warpAffine(mask.astype(np.float32), crop, (CROP, CROP)) > 0.5


def _warp_kinds(kinds: np.ndarray, crop: np.ndarray) -> np.ndarray:
    return cv2.warpAffine(kinds, crop, (CROP, CROP), flags=cv2.INTER_NEAREST)


@dataclass(frozen=True)
class Evidence:
    """Observations of B people as tensors on one device.

    Attributes:
        xy: (B, K, 2).
        world: (B, K, 3).
        sure: (B, K).
        deep: (B, K).
        outside: (B, 1, h, w) distance to the mask, cut at 0.5.
        known: (B, 1, h, w) 1 where `outside` may be trusted.
        inner: (B, R, 2) points of the mask, those on its outline first.
        kinds: (B, R) long, the kind of clothes there; 0 where it is not known.
        spots: (B, D, 2) pixels with known points of the surface.
        points: (B, D) long, which points of the skin.
        spots_sure: (B, D) how much each counts.
    """

    xy: Tensor
    world: Tensor
    sure: Tensor
    deep: Tensor
    outside: Tensor
    known: Tensor
    inner: Tensor
    kinds: Tensor
    spots: Tensor
    points: Tensor
    spots_sure: Tensor


def gather(people: Sequence[Observation], skin: SurfacePoints, device: torch.device) -> Evidence:
    """Stack observations on a device; `skin` numbers the points that a fit poses."""

    def put(arrays: list[np.ndarray]) -> Tensor:
        return torch.from_numpy(np.stack(arrays).astype(np.float32)).to(device)

    inner = [mask_points(p.mask, p.known) for p in people]
    kinds = [kinds_at(p.kinds, points) for p, points in zip(people, inner, strict=True)]
    return Evidence(
        xy=put([p.xy for p in people]),
        world=put([p.world for p in people]),
        sure=put([p.sure for p in people]),
        deep=put([p.sure if p.deep is None else p.deep for p in people]),
        outside=put([_distance(p.mask)[None] for p in people]),
        known=put([p.known[None] for p in people]),
        inner=put(inner),
        kinds=torch.from_numpy(np.stack(kinds)).to(device),
        spots=put([p.spots.xy for p in people]),
        points=torch.from_numpy(np.stack([skin(p.spots.iuv) for p in people])).to(device),
        spots_sure=put([p.spots.sure for p in people]),
    )


def _distance(mask: np.ndarray) -> np.ndarray:
    """(256, 256) half crop sides from each pixel to the mask."""
    pixels = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
    return np.minimum(pixels / (CROP / 2), FAR)


def kinds_at(kinds: np.ndarray | None, points: np.ndarray) -> np.ndarray:
    """(R,) kinds of clothes (256, 256) at points (R, 2), half crop sides."""
    if kinds is None:
        return np.zeros(len(points), int)
    column, row = np.floor((points + 1) * (CROP / 2)).astype(int).clip(0, CROP - 1).T
    return kinds[row, column].astype(int)


def mask_points(mask: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(R, 2) points of the outline, save where the picture cuts it, and of the inside.

    An empty mask gives points at the centre.
    """
    rng = np.random.default_rng(0)
    square = np.ones((3, 3), np.uint8)
    rim = mask & (cv2.erode(mask.astype(np.uint8), square) == 0)
    rim &= cv2.erode(known.astype(np.uint8), np.ones((5, 5), np.uint8), borderValue=0) > 0
    points = []
    for where, count in ((rim, OUTLINE_POINTS), (mask & known, INNER_POINTS)):
        row, column = np.nonzero(where if where.any() else mask)
        if not len(row):
            row, column = np.array([CROP // 2]), np.array([CROP // 2])
        take = rng.choice(len(row), count, replace=len(row) < count)
        points.append(np.stack([column[take], row[take]], 1))
    return (np.concatenate(points) + 0.5 - CROP / 2) / (CROP / 2)
