"""Labels by fitted bodies: people of several photos are fitted at once, judged, and drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..data.densepose_coco import UNKNOWN
from .evidence import Observation, observation
from .fit import Fit, Fitter
from .judge import Verdict, contradicted, judge, sure_groups
from .labels import BodyPicture, draw_body, label_mask, to_picture
from .observe import CROP, Pose, Teachers
from .one_photo import PersonAnswer, PhotoLabels, Sight, assemble
from .pseudo_labels import observe_surface

MIN_HEIGHT = 60  # pixels; smaller people are not fitted
AT_ONCE = {"cpu": 16, "cuda": 512}
POINTS = 100  # sampled for each person, as DensePose-COCO's annotators clicked them
COCO_JOINTS = slice(17)  # of `evidence.NAMES`


@dataclass(frozen=True)
class FittedPerson:
    """One person with his body.

    Attributes:
        number: of the person in the sight.
        seen: what the body was fitted to.
        fit: the body's parameters.
        vertices: (N, 3) base mesh vertices before the crop's camera.
        body: the body drawn over the photo.
        groups: (H, W) int8, the limbs that BodyPix is sure of.
        verdict: how good it is.
    """

    number: int
    seen: Observation
    fit: Fit
    vertices: np.ndarray
    body: BodyPicture
    groups: np.ndarray
    verdict: Verdict


class FitLabeller:
    """Labels photos by fitted bodies.

    Args:
        teachers: the networks.
        device: where bodies are fitted.

    Attributes:
        at_once: people that are best fitted together.
    """

    def __init__(self, teachers: Teachers, device: str | torch.device = "cpu") -> None:
        self.teachers = teachers
        self.fitter = Fitter(device)
        self.at_once = AT_ONCE.get(self.fitter.device.type, AT_ONCE["cpu"])

    def __call__(self, sights: Sequence[Sight]) -> list[PhotoLabels | str]:
        """Labels of each photo, or why there are none."""
        return [
            assemble(sight, answers(sight, people))
            for sight, people in zip(sights, self.people(sights), strict=True)
        ]

    def people(self, sights: Sequence[Sight]) -> list[list[FittedPerson]]:
        """Fit everybody who is large enough and whose pose is known."""
        of = [
            (sight, k) for sight in sights for k in range(len(sight.people)) if _fittable(sight, k)
        ]
        seen = [observe(sight, k) for sight, k in of]
        fits = [
            fit
            for start in range(0, len(seen), self.at_once)
            for fit in self.fitter(seen[start : start + self.at_once])
        ]
        out: dict[int, list[FittedPerson]] = {id(sight): [] for sight in sights}
        for (sight, k), person, fit in zip(of, seen, fits, strict=True):
            out[id(sight)].append(self._person(sight, k, person, fit))
        return [out[id(sight)] for sight in sights]

    def _person(self, sight: Sight, k: int, seen: Observation, fit: Fit) -> FittedPerson:
        vertices = self.fitter.vertices([fit])[0]
        size = sight.masks[k].shape
        body = draw_body(vertices, seen.crop, size)
        pose = _pose(sight, k)
        groups = sure_groups(observe_surface(self.teachers, sight.image, pose), pose, size)
        verdict = judge(fit, seen, body, sight.masks[k], free_for(sight, k), groups)
        return FittedPerson(k, seen, fit, vertices, body, groups, verdict)


def observe(sight: Sight, k: int) -> Observation:
    """What person k's body is fitted to."""
    return observation(_pose(sight, k), sight.masks[k], free_for(sight, k))


def free_for(sight: Sight, k: int) -> np.ndarray:
    """(H, W) bool: pixels where nobody else is seen."""
    others = [m for j, m in enumerate(sight.masks) if j != k]
    return ~np.any([sight.rest, *others], axis=0)


def answers(sight: Sight, people: Sequence[FittedPerson]) -> list[PersonAnswer]:
    """One answer for everybody in the photo; those without a good body get no labels."""
    out = [PersonAnswer() for _ in sight.people]
    for person in people:
        if not person.verdict.refused:
            out[person.number] = answer(person, sight.masks[person.number])
    return out


def answer(person: FittedPerson, mask: np.ndarray) -> PersonAnswer:
    """Dense labels, sampled points, joints and the box of the whole body."""
    iuv = label_mask(person.body, mask, person.verdict.trusted)
    height = float(np.ptp(np.flatnonzero(mask.any(1))) + 1)
    iuv[contradicted(iuv[:, :, 0], person.groups, height)] = (UNKNOWN, 0, 0)
    outline = to_picture(person.vertices, person.seen.crop)
    facts = {
        "weight": person.verdict.weight,
        "points": sampled_points(iuv, person.body),
        "joints": picture_joints(person.fit, person.seen, mask.shape),
        "whole": (*outline.min(0).tolist(), *outline.max(0).tolist()),
    }
    return PersonAnswer(iuv, facts)


def sampled_points(iuv: np.ndarray, body: BodyPicture) -> np.ndarray:
    """(P, 5) x, y in pixels, I, U, V at random pixels whose label the body itself gives."""
    row, column = np.nonzero((iuv[:, :, 0] == body.part) & (body.part > 0))
    count = min(POINTS, len(row))
    take = np.random.default_rng(0).choice(len(row), count, replace=False) if count else []
    row, column = row[take], column[take]
    at = (row, column)
    return np.stack([column + 0.5, row + 0.5, body.part[at], body.u[at], body.v[at]], 1)


def picture_joints(fit: Fit, seen: Observation, size: tuple[int, int]) -> np.ndarray:
    """(17, 3) COCO's joints of the body: x, y in pixels; 0 outside, 1 hidden, 2 seen."""
    crop = fit.landmarks[COCO_JOINTS] * (CROP / 2) + CROP / 2
    back = np.linalg.inv(np.vstack([seen.crop, [0, 0, 1]]))[:2]
    xy = np.c_[crop, np.ones(len(crop))] @ back.T
    inside = ((xy >= 0) & (xy < size[::-1])).all(1)
    return np.c_[xy, inside * (1 + (seen.sure[COCO_JOINTS] > 0.4))]


def _fittable(sight: Sight, k: int) -> bool:
    box = sight.people[k].box
    tall = max(box[3] - box[1], box[2] - box[0]) >= MIN_HEIGHT
    return bool(tall and sight.people[k].pose is not None and sight.whole(k))


def _pose(sight: Sight, k: int) -> Pose:
    pose = sight.people[k].pose
    assert pose is not None  # of `_fittable`
    return pose
