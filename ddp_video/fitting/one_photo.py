"""One photo to its labels: people, outlines, parts and U,V, and what must be ignored.

First the people are seen (`see_photo`, `athletes.see_athlete`); then each gets labels, by BodyPix
(`SurfaceLabeller`) or by a fitted body (`fitted`); then all are put together (`assemble`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np

from ..data.densepose_coco import UNKNOWN
from ..data.writer import PersonLabel
from .clothes import THING, UNKNOWN_KIND
from .observe import Teachers
from .people import (
    MIN_HEIGHT,
    SURE_BOX,
    Candidate,
    best_pose,
    box_iou,
    credible,
    find_people,
    outline_of_all,
    sensible,
    share_out,
)
from .pseudo_labels import label_person, observe_surface

MIN_OVERLAP = 0.4  # IoU of BlazePose's mask with a given outline, else the pose is not used


@dataclass(frozen=True)
class Sight:
    """The people of a photo, before they are labelled.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        people: those to be labelled.
        masks: N of (H, W) bool, without overlap, the visible pixels of each.
        others: boxes of people that are ignored.
        rest: (H, W) bool, people's pixels that belong to nobody.
        complete: share of each person's pixels that must get a part.
        kinds: (H, W) uint8 of `clothes.read_kinds`; None where nothing is known of clothes.
    """

    image: np.ndarray
    people: list[Candidate]
    masks: list[np.ndarray]
    others: list[np.ndarray]
    rest: np.ndarray
    complete: float = 0.0
    kinds: np.ndarray | None = None

    def whole(self, k: int) -> bool:
        """Whether person k has a sensible mask."""
        mask = self.masks[k]
        if not mask.any():
            return False
        return sensible(mask, _box(mask)) and sensible(mask, self.people[k].box)


@dataclass(frozen=True)
class PersonAnswer:
    """One person's labels.

    Attributes:
        iuv: (H, W, 3) uint8, I = 255 where not known; None where nothing is.
        facts: what else is known: the fields `weight`, `points`, `joints` and `whole` of
            `PersonLabel`.
    """

    iuv: np.ndarray | None = None
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PhotoLabels:
    """What the teachers say of one photo.

    Attributes:
        people: persons and ignored regions.
        iuv: (H, W, 3) uint8 I, 255·U, 255·V, I = 255 where not known.
        surfaces: number of people with surface labels.
    """

    people: list[PersonLabel]
    iuv: np.ndarray
    surfaces: int


def see_photo(
    teachers: Teachers, image: np.ndarray, given: list[np.ndarray] | None = None
) -> Sight:
    """Find the people of a photo.

    Args:
        teachers: the networks.
        image: (H, W, 3) uint8 RGB.
        given: outlines of all persons (H, W) bool, where they are known; None: by RTMDet and the
            matte.

    Returns:
        The people; none at all is a valid answer.
    """
    if given is not None:
        people, others = _given_people(teachers, image, given)
        masks = [p.mask for p in people if p.mask is not None]
        return Sight(image, people, masks, others, np.zeros(image.shape[:2], bool))
    people, others = find_people(teachers, image)
    matte = outline_of_all(teachers, image)
    masks, rest = share_out(matte, people) if people else ([], matte > 0.5)
    return Sight(image, people, masks, others, rest)


def dressed(sight: Sight, kinds: np.ndarray, person: np.ndarray) -> Sight:
    """A sight with what the photo's own labels say of one person.

    Where they and the matte do not agree who is there, and where a bag is, the photo is ignored.

    Args:
        sight: the people.
        kinds: (H, W) uint8 of `clothes.read_kinds`.
        person: (H, W) bool, the labelled person.
    """
    overlaps = [_overlap(mask.astype(np.float32), person) for mask in sight.masks]
    if not overlaps or max(overlaps) < MIN_OVERLAP:
        return sight
    k = int(np.argmax(overlaps))
    own = (sight.masks[k] | sight.rest) & person & (kinds != THING)
    masks = [own if j == k else mask for j, mask in enumerate(sight.masks)]
    rest = (sight.rest | sight.masks[k] | person) & ~np.any(masks, axis=0)
    return replace(sight, masks=masks, rest=rest, kinds=np.where(own, kinds, UNKNOWN_KIND))


class SurfaceLabeller:
    """Labels photos by BodyPix, put right by the landmarks.

    Args:
        teachers: the networks.

    Attributes:
        at_once: people that are best labelled together.
    """

    at_once = 1

    def __init__(self, teachers: Teachers) -> None:
        self.teachers = teachers

    def __call__(self, sights: Sequence[Sight]) -> list[PhotoLabels | str]:
        """Labels of each photo, or why there are none."""
        return [
            assemble(sight, [self._person(sight, k) for k in range(len(sight.people))])
            for sight in sights
        ]

    def _person(self, sight: Sight, k: int) -> PersonAnswer:
        pose = sight.people[k].pose
        if pose is None:
            return PersonAnswer()
        surface = observe_surface(self.teachers, sight.image, pose)
        return PersonAnswer(label_person(surface, pose, sight.masks[k]))


def assemble(sight: Sight, answers: list[PersonAnswer]) -> PhotoLabels | str:
    """Put the people's labels together; the reason if too much of a person has none."""
    labels: list[PersonLabel] = []
    others = list(sight.others)
    iuv = np.zeros(sight.image.shape, np.uint8)
    ignored = _opened(sight.rest)
    surfaces = 0
    for k, (mask, answer) in enumerate(zip(sight.masks, answers, strict=True)):
        if not sight.whole(k):
            others.append(sight.people[k].box)
            continue
        iuv[mask] = (UNKNOWN, 0, 0) if answer.iuv is None else answer.iuv[mask]
        labelled = (iuv[mask][:, 0] > 0) & (iuv[mask][:, 0] != UNKNOWN)
        if labelled.mean() < sight.complete:
            return "parts are in doubt"
        surfaces += bool(labelled.any())
        labels.append(PersonLabel(mask, **answer.facts))
    for box in others:
        x0, y0, x1, y1 = np.round(box[:4]).astype(int)
        ignored[max(y0, 0) : y1, max(x0, 0) : x1] = True
    for label in labels:
        ignored &= ~label.mask
    iuv[ignored] = (UNKNOWN, 0, 0)
    if ignored.any():
        labels.append(PersonLabel(ignored, ignore=True))
    return PhotoLabels(labels, iuv, surfaces)


def _given_people(
    teachers: Teachers, image: np.ndarray, given: list[np.ndarray]
) -> tuple[list[Candidate], list[np.ndarray]]:
    """People with known outlines, and sure boxes that no outline explains."""
    people, taken = [], np.zeros(image.shape[:2], bool)
    for mask in sorted(given, key=np.sum):  # small on top, as the reader draws
        box = _box(mask)
        pose = None
        if box[3] - box[1] >= MIN_HEIGHT:
            looked = best_pose(teachers, image, box)
            pose = (
                looked
                if credible(looked, box) and _overlap(looked.mask, mask) > MIN_OVERLAP
                else None
            )
        visible = mask & ~taken
        if visible.any():
            people.append(Candidate(box, pose, visible))
        taken |= mask
    found = teachers.boxes(image, SURE_BOX)
    others = [b[:4] for b in found if all(box_iou(b, p.box) < 0.3 for p in people)]
    return people, [b for b in others if _elsewhere(b, taken)]


def _opened(mask: np.ndarray) -> np.ndarray:
    """Without the thin rims that a matte leaves around people."""
    kernel = np.ones((5, 5), np.uint8)
    return cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel) > 0


def _box(mask: np.ndarray) -> np.ndarray:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], float)


def _overlap(soft: np.ndarray, mask: np.ndarray) -> float:
    hard = soft > 0.5
    return float((hard & mask).sum() / max((hard | mask).sum(), 1))


def _elsewhere(box: np.ndarray, mask: np.ndarray) -> bool:
    """Whether a box is not about the people of this mask."""
    x0, y0, x1, y1 = np.round(box[:4]).astype(int)
    own = mask[max(y0, 0) : y1, max(x0, 0) : x1]
    return (
        own.size > 0 and own.mean() < 0.3 and box_iou(box, _box(mask) if mask.any() else box) < 0.5
    )
