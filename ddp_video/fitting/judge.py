"""How good a fit is, which people and which limbs may be used, and how much they count."""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.special import softmax

from .bodies import Fit
from .clothes import HEAD, SKIN, TORSO, UNKNOWN_KIND, unlikely
from .evidence import LANDMARKS, Observation
from .labels import LIMB, LIMBS, BodyPicture, distance_to
from .observe import CROP, Pose, Surface
from .sides import GROUP

MAX_ERROR = 4.0  # pixels of 256
MIN_OVERLAP = 0.62  # IoU of body and mask
FULL_OVERLAP = 0.8  # from here on a person counts in full
MIN_AGREEMENT = 0.7  # with BodyPix's limbs, where it is sure
MIN_HEARD = 0.2  # of the person of which BodyPix must be sure: in rare poses a few pixels are wrong
MAX_EFFORT = 12.0
MIN_JOINTS = 8.0  # sure landmarks, summed up
FEWEST_JOINTS = 5.0  # for whom the outline fits in full: people cut at the chest
SURE_GROUP = 0.8  # probability from which BodyPix is sure of a limb
MIN_SEEN = 30  # pixels from which a limb is judged
MIN_INSIDE = 0.5  # of a limb's pixels must lie in the mask
MAX_LIMB_ERROR = 9.0  # pixels of 256
MIN_LIMB_AGREEMENT = 0.4
TOLERANCE = 0.025  # of the person's height: how far apart two borders of limbs may be
LEAST_WEIGHT = 0.3
BORDER = 0.008  # of the person's height: how far clothes may reach over a limb's end
NECK = 0.06  # of the person's height: so far from the head, bare torso is no surprise

GROUP_OF_PART = np.r_[-1, GROUP]  # 0 torso, 1 hand, 2 foot, 3, 4 leg, 5, 6 arm, 7 head
GROUPS = 8
# Landmarks that speak for a limb (of `labels.LIMB`); torso and head stand or fall with the person.
ENDS = {
    2: ("left_elbow", "left_wrist"),
    3: ("right_elbow", "right_wrist"),
    4: ("left_knee", "left_ankle"),
    5: ("right_knee", "right_ankle"),
}


@dataclass(frozen=True)
class Verdict:
    """What to make of a fit.

    Attributes:
        error: mean landmark error, pixels of 256.
        overlap: IoU of body and mask, where nobody stands in front.
        agreement: share of pixels where BodyPix, being sure, sees the same limb; 1 if it is
            sure of less than a fifth of the person.
        effort: how far the joints are from their usual range.
        refused: why the person is not to be used; empty if it is.
        trusted: (25,) bool, parts whose labels may be used.
    """

    error: float
    overlap: float
    agreement: float
    effort: float
    refused: str
    trusted: np.ndarray

    @property
    def weight(self) -> float:
        """How much the person counts in training, 0..1."""
        if self.refused:
            return 0.0
        share = (self.overlap - MIN_OVERLAP) / (FULL_OVERLAP - MIN_OVERLAP)
        return float(np.clip(share, LEAST_WEIGHT, 1))


def judge(
    fit: Fit,
    seen: Observation,
    body: BodyPicture,
    mask: np.ndarray,
    free: np.ndarray,
    groups: np.ndarray,
) -> Verdict:
    """Judge one person.

    Args:
        fit: the body.
        seen: what it was fitted to.
        body: the body drawn.
        mask: (H, W) bool, the visible person.
        free: (H, W) bool, where nobody else stands in front.
        groups: (H, W) int8 of `sure_groups`.
    """
    overlap = iou((body.part > 0) & (free | mask), mask)
    heard = (groups[mask] >= 0).sum() >= MIN_HEARD * mask.sum()
    agreement = agreeing(body.part, mask, groups) if heard else 1.0
    refused = _reason(fit, seen, overlap, agreement)
    trusted = trusted_parts(fit, seen, body.part, mask, free, groups)
    return Verdict(fit.error, overlap, agreement, fit.effort, refused, trusted)


def _reason(fit: Fit, seen: Observation, overlap: float, agreement: float) -> str:
    if seen.sure.sum() < (MIN_JOINTS if overlap < FULL_OVERLAP else FEWEST_JOINTS):
        return "too few joints are seen"
    if fit.error > MAX_ERROR:
        return f"the joints are {fit.error:.1f} px of 256 off"
    if overlap < MIN_OVERLAP:
        return f"body and outline overlap by {overlap:.2f}"
    if agreement < MIN_AGREEMENT:
        return f"limbs agree at {agreement:.2f} of the pixels"
    if fit.effort > MAX_EFFORT:
        return f"joints turn too far ({fit.effort:.1f})"
    return ""


def iou(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two masks."""
    return float((a & b).sum() / max((a | b).sum(), 1))


def agreeing(part: np.ndarray, mask: np.ndarray, groups: np.ndarray) -> float:
    """Share of pixels with the same limb, where both see one."""
    both = mask & (part > 0) & (groups >= 0)
    return float((GROUP_OF_PART[part[both]] == groups[both]).mean()) if both.any() else 1.0


def trusted_parts(
    fit: Fit,
    seen: Observation,
    part: np.ndarray,
    mask: np.ndarray,
    free: np.ndarray,
    groups: np.ndarray,
) -> np.ndarray:
    """(25,) bool: parts of limbs whose joints, outline and BodyPix's limb fit."""
    trusted = np.ones(LIMBS, bool)
    for limb, ends in ENDS.items():
        own = (LIMB[part] == limb) & (part > 0) & (free | mask)
        numbers = [list(LANDMARKS).index(name) for name in ends]
        sure = seen.sure[numbers]
        away = np.linalg.norm(fit.landmarks[numbers] - seen.xy[numbers], axis=1) * CROP / 2
        if sure.sum() > 0 and (away * sure).sum() / sure.sum() > MAX_LIMB_ERROR:
            trusted[limb] = False
        if own.sum() >= MIN_SEEN:
            inside = (own & mask).sum() / own.sum()
            agrees = agreeing(np.where(own, part, 0), mask, groups)
            trusted[limb] &= inside > MIN_INSIDE and agrees > MIN_LIMB_AGREEMENT
    return np.r_[False, trusted[LIMB[1:]]]


def sure_groups(surface: Surface | None, pose: Pose, size: tuple[int, int]) -> np.ndarray:
    """(H, W) int8: the limb that BodyPix is sure of, −1 where it is not."""
    out = np.full(size, -1, np.int8)
    if surface is None:
        return out
    share = softmax(surface.parts, 0)
    person = surface.person > 0
    share = np.stack([share[k == GROUP].sum(0) for k in range(GROUPS)]) * person
    sure = np.where(share.max(0) > SURE_GROUP, share.argmax(0), -1)
    cells = surface.person.shape[0]
    to_grid = pose.crop * ((cells - 1) / (CROP - 1))
    return cv2.warpAffine(
        sure.astype(np.int16), to_grid, size[::-1], flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT, borderValue=(-1,),
    ).astype(np.int8)  # fmt: skip


def contradicted(part: np.ndarray, groups: np.ndarray, height: float) -> np.ndarray:
    """(H, W) bool: pixels where BodyPix is sure of a limb that the labels do not have near by.

    Args:
        part: (H, W) labels, 0 or above 24 where there is none.
        groups: (H, W) of `sure_groups`.
        height: of the person in pixels.
    """
    labelled = (part > 0) & (part < len(GROUP_OF_PART))
    group = np.where(labelled, GROUP_OF_PART[np.where(labelled, part, 0)], -1)
    out = np.zeros(part.shape, bool)
    for k in np.unique(groups[labelled & (groups >= 0)]):
        here = labelled & (groups == k) & (group != k)
        out |= here & (distance_to(group == k) > TOLERANCE * height)
    return out


def misdressed(part: np.ndarray, kinds: np.ndarray, height: float) -> np.ndarray:
    """(H, W) bool: pixels whose labels do not go with the clothes, skin or hair there.

    Args:
        part: (H, W) labels, 0 or above 24 where there is none.
        kinds: (H, W) uint8 of `clothes.KINDS`.
        height: of the person in pixels.
    """
    labelled = (part > 0) & (part < len(GROUP_OF_PART))
    group = np.where(labelled, GROUP_OF_PART[np.where(labelled, part, 0)], -1)
    neck = labelled & (group == TORSO) & (distance_to(group == HEAD) <= NECK * height)
    out = np.zeros(part.shape, bool)
    for kind in np.setdiff1d(np.unique(kinds[labelled]), UNKNOWN_KIND):
        wrong = labelled & unlikely()[kind, group]
        near = distance_to(labelled & ~wrong) <= BORDER * height
        out |= (kinds == kind) & wrong & ~near & ~(neck & (kind == SKIN))
    return out
