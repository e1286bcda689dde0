"""Labels by fitted bodies: people of several photos are fitted at once, judged, and drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..data.densepose_coco import UNKNOWN
from .bodies import Fit
from .evidence import Observation, observation
from .fit import FitSettings, Fitter
from .judge import Verdict, contradicted, judge, misdressed, sure_groups
from .labels import BodyPicture, draw_body, from_crop, label_mask, to_picture
from .observe import Pose, Surface, Teachers
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
        settings: of the fit.

    Attributes:
        at_once: people that are best fitted together.
    """

    def __init__(
        self,
        teachers: Teachers,
        device: str | torch.device = "cpu",
        settings: FitSettings | None = None,
    ) -> None:
        self.teachers = teachers
        self.fitter = Fitter(device, settings)
        self.at_once = AT_ONCE.get(self.fitter.device.type, AT_ONCE["cpu"])

    def __call__(self, sights: Sequence[Sight]) -> list[PhotoLabels | str]:
        """Labels of each photo, or why there are none."""
        return [
            assemble(sight, answers(sight, people))
            for sight, people in zip(sights, self.people(sights), strict=True)
        ]

    def people(
        self, sights: Sequence[Sight], tracks: Sequence[Sequence[int]] | None = None
    ) -> list[list[FittedPerson]]:
        """Fit everybody who is large enough and whose pose is known.

        Args:
            sights: photos, or successive frames of a clip.
            tracks: of a clip, who each person of each frame is (`tracks.link`).
        """
        of = [(t, k) for t, s in enumerate(sights) for k in range(len(s.people)) if _fittable(s, k)]
        seen, groups = [], []
        for t, k in of:
            pose = _pose(sights[t], k)
            surface = observe_surface(self.teachers, sights[t].image, pose)
            seen.append(observe(sights[t], k, surface))
            groups.append(sure_groups(surface, pose, sights[t].masks[k].shape))
        fits = self._fits(seen, None if tracks is None else [tracks[t][k] for t, k in of])
        out: list[list[FittedPerson]] = [[] for _ in sights]
        for (t, k), person, fit, sure in zip(of, seen, fits, groups, strict=True):
            out[t].append(self._person(sights[t], k, person, fit, sure))
        return out

    def _fits(self, seen: Sequence[Observation], tracks: Sequence[int] | None) -> list[Fit]:
        if tracks is not None:
            return self.fitter(seen, tracks) if seen else []
        starts = range(0, len(seen), self.at_once)
        return [fit for k in starts for fit in self.fitter(seen[k : k + self.at_once])]

    def _person(
        self, sight: Sight, k: int, seen: Observation, fit: Fit, groups: np.ndarray
    ) -> FittedPerson:
        vertices = self.fitter.vertices([fit])[0]
        body = draw_body(vertices, seen.crop, sight.masks[k].shape)
        verdict = judge(fit, seen, body, sight.masks[k], free_for(sight, k), groups)
        return FittedPerson(k, seen, fit, vertices, body, groups, verdict)


def observe(sight: Sight, k: int, surface: Surface | None = None) -> Observation:
    """What person k's body is fitted to."""
    return observation(_pose(sight, k), sight.masks[k], free_for(sight, k), surface, sight.kinds)


def free_for(sight: Sight, k: int) -> np.ndarray:
    """(H, W) bool: pixels where nobody else is seen."""
    others = [m for j, m in enumerate(sight.masks) if j != k]
    return ~np.any([sight.rest, *others], axis=0)


def answers(sight: Sight, people: Sequence[FittedPerson]) -> list[PersonAnswer]:
    """One answer for everybody in the photo; those without a good body get no labels."""
    out = [PersonAnswer() for _ in sight.people]
    for person in people:
        if not person.verdict.refused:
            out[person.number] = answer(person, sight.masks[person.number], sight.kinds)
    return out


def answer(person: FittedPerson, mask: np.ndarray, kinds: np.ndarray | None = None) -> PersonAnswer:
    """Dense labels, sampled points, joints and the box of the whole body."""
    iuv = label_mask(person.body, mask, person.verdict.trusted)
    height = float(np.ptp(np.flatnonzero(mask.any(1))) + 1)
    iuv[contradicted(iuv[:, :, 0], person.groups, height)] = (UNKNOWN, 0, 0)
    if kinds is not None:
        iuv[misdressed(iuv[:, :, 0], kinds, height)] = (UNKNOWN, 0, 0)
    outline = to_picture(person.vertices, person.seen.crop) + 0.5
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
    xy = from_crop(fit.landmarks[COCO_JOINTS], seen.crop) + 0.5
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
