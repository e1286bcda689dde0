"""Who is in a photo, and which pixels are whose: the outline of all people, cut into persons."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from .observe import Pose, Teachers

BOX_THRESHOLD = 0.3  # weaker boxes are nobody
LOOK_THRESHOLD = 0.4  # weaker boxes are ignored regions without a look at the pose
SURE_BOX = 0.5  # from here on a box without a credible pose is a person without surface labels
MIN_HEIGHT = 40  # pixels; smaller people are ignored
MAX_PEOPLE = 12  # the largest are labelled, the others ignored
MIN_SCORE = 0.6  # of BlazePose
MIN_SURENESS = 0.35
EDGE = 4  # pixels: a box this near to the lower edge is cut
LENGTHEN = 0.6  # of its height
LEGS = slice(25, 29)  # knees and ankles
JOINTS = slice(11, 29)
UNSEEN = 0.3  # visibility below which they are taken to be hidden
SAME_BOX = 0.55  # IoU from which two boxes are one person
SAME_POSE = 0.15  # of a person's size: nearer landmarks are one person's, seen twice
WITHIN = 0.75  # of the smaller of two boxes lies in the other: with one pose, one person
OUTLINE = 0.5  # of the matte
SMALLEST_MATTE = 416  # long side to which small photos are enlarged for the matte
MISSED = 0.5  # of a person's mask must be in the matte, or the matte does not count for it
OUTSIDE = 0.15  # a person may reach this far beyond the box, in box sides


@dataclass(frozen=True)
class Candidate:
    """One person found.

    Attributes:
        box: (4,) x0, y0, x1, y1 in pixels.
        pose: the landmarks if they are credible; None where only box and outline are known.
        mask: (H, W) bool given outline of this person; None if it must be cut from the matte.
    """

    box: np.ndarray
    pose: Pose | None
    mask: np.ndarray | None = None


def best_pose(
    teachers: Teachers, image: np.ndarray, box: np.ndarray, angles: Sequence[float] = (0.0,)
) -> Pose:
    """The surest pose among several turns of the crop.

    Of people cut by the lower edge, or whose legs are hidden, BlazePose finds more when the crop
    leaves room for the rest of them.
    """
    poses = [teachers.pose(image, box[:4], angle) for angle in angles]
    unseen = max(poses, key=lambda p: p.sureness).visibility[LEGS].mean() < UNSEEN
    if unseen or box[3] > image.shape[0] - EDGE:
        longer = box[:4] + np.array([0, 0, 0, LENGTHEN * (box[3] - box[1])])
        poses += [teachers.pose(image, longer, angle) for angle in angles]
    return max(poses, key=lambda p: p.sureness)


def credible(pose: Pose, box: np.ndarray) -> bool:
    """Whether a pose may label a surface: sure, its mask in the box and filling some of it."""
    x0, y0, x1, y1 = np.round(box[:4]).astype(int)
    inside = float(pose.mask[max(y0, 0) : y1, max(x0, 0) : x1].sum())
    everything = float(pose.mask.sum())
    fills = inside / max((x1 - x0) * (y1 - y0), 1)
    return (
        pose.score > MIN_SCORE
        and pose.sureness > MIN_SURENESS
        and fills > 0.15
        and inside > 0.6 * everything
    )


def outline_of_all(teachers: Teachers, image: np.ndarray) -> np.ndarray:
    """(H, W) float32 alpha of all people: a second pass gains a photo nothing, size a small one."""
    return teachers.matte(image, passes=1, least=SMALLEST_MATTE)


def find_people(teachers: Teachers, image: np.ndarray) -> tuple[list[Candidate], list[np.ndarray]]:
    """Detect people and look at each.

    Returns:
        The people to keep, largest first, and the boxes of others, to be ignored.
    """
    found = _distinct(teachers.boxes(image, BOX_THRESHOLD))
    found.sort(key=lambda b: -float(b[3] - b[1]))
    people: list[Candidate] = []
    others: list[np.ndarray] = []
    for box in found:
        small = box[3] - box[1] < MIN_HEIGHT or box[4] < LOOK_THRESHOLD
        if small or len(people) >= MAX_PEOPLE:
            others.append(box[:4])
            continue
        pose = best_pose(teachers, image, box)
        twin = _twin(pose, people) if credible(pose, box) else None
        if twin is not None:
            people[twin : twin + 1] = _parted(teachers, image, people[twin], box[:4], pose)
        elif credible(pose, box):
            people.append(Candidate(box[:4], pose))
        elif box[4] >= SURE_BOX:
            people.append(Candidate(box[:4], None))
        else:
            others.append(box[:4])
    return people, others


def _twin(pose: Pose, people: Sequence[Candidate]) -> int | None:
    """Who of the people has this pose already."""
    for k, person in enumerate(people):
        if person.pose is None:
            continue
        known, found = person.pose.xy[JOINTS], pose.xy[JOINTS]
        size = max(float(np.ptp(known, axis=0).max()), 1.0)
        if np.linalg.norm(known - found, axis=1).mean() < SAME_POSE * size:
            return k
    return None


def _parted(
    teachers: Teachers, image: np.ndarray, person: Candidate, box: np.ndarray, pose: Pose
) -> list[Candidate]:
    """One pose found in two boxes: halves of one person, or two people of whom one is not known."""
    both = np.r_[np.minimum(person.box[:2], box[:2]), np.maximum(person.box[2:], box[2:])]
    least = min(_area(person.box), _area(box))
    low, high = np.maximum(person.box[:2], box[:2]), np.minimum(person.box[2:], box[2:])
    if np.prod((high - low).clip(0)) > WITHIN * least:
        looked = best_pose(teachers, image, both)
        return [Candidate(both, looked if credible(looked, both) else person.pose)]
    assert person.pose is not None  # of `_twin`
    first = person.pose.sureness >= pose.sureness
    return [
        Candidate(person.box, person.pose if first else None),
        Candidate(box, None if first else pose),
    ]


def _area(box: np.ndarray) -> float:
    return float((box[2] - box[0]) * (box[3] - box[1]))


def share_out(
    outline: np.ndarray, people: Sequence[Candidate]
) -> tuple[list[np.ndarray], np.ndarray]:
    """Cut the outline of all people into persons.

    Each pixel goes to the person with the highest claim: BlazePose's mask, being in the box, and
    nearness to it. Pieces that nobody claims are people all the same, only unknown ones.

    Args:
        outline: (H, W) float, the matte.
        people: with box and maybe pose.

    Returns:
        N masks (H, W) bool without overlap, and the rest of the outline (H, W) bool.
    """
    foreground = outline > OUTLINE
    claims = np.stack([_claim(person, outline.shape) for person in people])
    sure = np.max([np.zeros_like(outline), *(p.pose.mask for p in people if p.pose)], axis=0) > 0.8
    foreground |= sure & (outline > 0.2)
    for person in people:
        foreground |= _missed(person, outline)
    owner = np.where(foreground & (claims.max(0) > 0), claims.argmax(0), -1)
    masks = []
    for k in range(len(people)):
        masks.append(_pieces(owner == k, claims[k]))
    taken = np.any(masks, axis=0)
    return masks, foreground & ~taken


def _missed(person: Candidate, outline: np.ndarray) -> np.ndarray:
    """(H, W) bool: BlazePose's mask of somebody whom the matte takes for background."""
    if person.pose is None:
        return np.zeros(outline.shape, bool)
    own = person.pose.mask > OUTLINE
    return own & bool(own.any() and (outline[own] > OUTLINE).mean() < MISSED)


def sensible(mask: np.ndarray, box: np.ndarray) -> bool:
    """Whether a cut mask may pass as this person's: it fills a fair part of the box."""
    x0, y0, x1, y1 = np.round(box).astype(int)
    return bool(mask[max(y0, 0) : y1, max(x0, 0) : x1].mean() > 0.2)


def _claim(person: Candidate, shape: tuple[int, ...]) -> np.ndarray:
    """(H, W) float32: how much each pixel speaks for this person; 0 = not at all."""
    x0, y0, x1, y1 = person.box
    w, h = max(x1 - x0, 1), max(y1 - y0, 1)
    x, y = np.arange(shape[1]) + 0.5, np.arange(shape[0]) + 0.5
    beyond_x = np.maximum(np.maximum(x0 - x, x - x1), 0) / w
    beyond_y = np.maximum(np.maximum(y0 - y, y - y1), 0) / h
    beyond = np.maximum(beyond_x[None], beyond_y[:, None])
    centre = np.abs(x[None] - (x0 + x1) / 2) / w + 0 * y[:, None]
    claim = 0.5 - beyond / OUTSIDE * 0.5 - 0.2 * centre
    claim += 1.5 * person.pose.mask - 0.35 if person.pose is not None else -0.1
    return np.where(beyond < OUTSIDE, np.maximum(claim, 1e-3), 0).astype(np.float32)


def _pieces(mask: np.ndarray, claim: np.ndarray) -> np.ndarray:
    """The largest piece and those that are near to its size or well claimed; specks go."""
    count, label, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    if count < 2:
        return mask
    area = stats[:, cv2.CC_STAT_AREA].astype(float)
    area[0] = 0
    mean = np.bincount(label.ravel(), weights=claim.ravel(), minlength=count) / np.maximum(
        stats[:, cv2.CC_STAT_AREA], 1
    )
    keep = (area >= 0.03 * area.max()) & ((mean > 0.5) | (area >= 0.3 * area.max()))
    keep[area.argmax()] = True
    keep[0] = False
    return keep[label]


def _distinct(boxes: np.ndarray) -> list[np.ndarray]:
    """Boxes by falling score without second looks at the same person."""
    kept: list[np.ndarray] = []
    for box in boxes:
        if all(box_iou(box, k) < SAME_BOX for k in kept):
            kept.append(box)
    return kept


def box_iou(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two boxes x0, y0, x1, y1."""
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    inter = max(0.0, float(w)) * max(0.0, float(h))
    area = float((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]))
    return inter / max(area - inter, 1e-6)
