"""Fit a body to people: pose, shape and place of Anny under a perspective camera, in batches.

First the landmarks and the points of the surface, then the outline as well; who ends far from the
landmarks starts once more and trusts their depth less. The frames of one person in a clip share a
shape and move steadily, as one problem: each frame knows those before and after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ..synthesis.body.posable import PosableBody
from . import terms
from .bodies import HIPS, Bodies, Fit, Posing, project
from .evidence import Evidence, Observation, gather

JUDGED = 21  # the first landmarks; fingers are too coarse to speak for a fit
# Limb bones: where they end, and the usual turn about their own direction in degrees (left side;
# the right is mirrored) with its weight per squared radian. DensePose's charts want thighs inwards.
LIMBS = {
    "upperleg01": ("lowerleg01", 20.0, 3.2),
    "lowerleg01": ("foot", 0.0, 3.2),
    "upperarm01": ("lowerarm01", 0.0, 0.0),
    "lowerarm01": ("wrist", 0.0, 0.0),
}


@dataclass(frozen=True)
class FitSettings:
    """How long and how hard a fit tries.

    Attributes:
        landmark_steps: steps of the first stage.
        outline_steps: steps of the second stage.
        rate: step size of angles and place in the first stage.
        late_rate: the same in the second stage, and of the shape in both.
        refresh: steps between two looks for nearest points.
        squares: steps before the landmarks' error becomes robust.
        reprojection: weight of the landmarks in the picture.
        depth: weight of the landmarks in metres.
        pose: weight of the joints' turns.
        shape: weight of the shape's distance from the average.
        skin_outside: weight of skin outside the mask.
        mask_uncovered: weight of mask without skin.
        surface: weight of the points of the surface that BodyPix sees; chosen on street and crowd
            photos by elbows and knees that were left out of the fit.
        surface_from: step of the first stage from which these count.
        steady: of clips, weight of a change of speed, per square metre and frame.
        steady_turn: the same of the joints' turns, square metres per squared radian.
        restart_above: pixels of 256: who ends farther from the landmarks starts again.
    """

    landmark_steps: int = 120
    outline_steps: int = 80
    rate: float = 0.05
    late_rate: float = 0.02
    refresh: int = 4
    squares: int = 40
    reprojection: float = 20.0
    depth: float = 8.0
    pose: float = 0.08
    shape: float = 0.05
    skin_outside: float = 12 * 128.0
    mask_uncovered: float = 3 * 128.0
    surface: float = 600.0
    surface_from: int = 60
    steady: float = 4.0
    steady_turn: float = 0.05
    restart_above: float = 4.0

    def loose(self) -> "FitSettings":
        """Of the second start: the picture counts for more, the landmarks' depth for less."""
        return replace(
            self,
            squares=self.landmark_steps - 10,
            reprojection=3 * self.reprojection,
            depth=self.depth / 4,
            pose=self.pose / 2,
        )

    def sparse(self, every: int) -> "FitSettings":
        """For every so many-th frame of a clip: where speeds wander, bodies move less steadily."""
        return replace(self, steady=self.steady / every**3)


class Fitter:
    """Fits bodies to observations.

    Args:
        device: CPU or CUDA.
        settings: how long and how hard it tries.
    """

    def __init__(
        self,
        device: str | torch.device = "cpu",
        settings: FitSettings | None = None,
    ) -> None:
        self.posing = Posing(device)
        self.body, self.device = self.posing.body, self.posing.device
        self.settings = settings or FitSettings()
        self.stiffness = terms.stiffness(self.body.turning).to(self.device)
        self.twist = _twist_table(self.body)

    def __call__(
        self, people: Sequence[Observation], tracks: Sequence[int] | None = None
    ) -> list[Fit]:
        """Fit all people at once.

        Args:
            people: what is seen of them.
            tracks: who each is, where they are frames of a clip: equal numbers are one person, in
                the order of time. None: all are different people.
        """
        who = (
            np.arange(len(people)) if tracks is None else np.unique(tracks, return_inverse=True)[1]
        )
        fits = self._fit(people, who, self.settings)
        errors = mean_errors(fits, who)
        again = np.flatnonzero(errors[who] > self.settings.restart_above).tolist()
        if again:
            number = np.unique(who[again], return_inverse=True)[1]
            loose = self._fit([people[k] for k in again], number, self.settings.loose())
            better = mean_errors(loose, number)[number] < errors[who[again]]
            for k, fit, take in zip(again, loose, better, strict=True):
                fits[k] = fit if take else fits[k]
        return fits

    def vertices(self, fits: Sequence[Fit]) -> np.ndarray:
        """(B, N, 3) base mesh vertices before the camera, metres."""
        with torch.no_grad():
            posing = self.posing
            return posing(posing.restored(fits), posing.whole)[1].cpu().numpy()

    def _fit(
        self, people: Sequence[Observation], who: np.ndarray, settings: FitSettings
    ) -> list[Fit]:
        evidence = gather(people, self.posing.surface, self.device)
        bodies = self.posing.start(evidence, torch.from_numpy(who).to(self.device))
        course = torch.from_numpy(successive(who)).to(self.device)
        self._to_landmarks(bodies, evidence, course, settings)
        self._to_outline(bodies, evidence, course, settings)
        return self._results(bodies, evidence)

    def _to_landmarks(
        self, bodies: Bodies, evidence: Evidence, course: Tensor, s: FitSettings
    ) -> None:
        optimiser = self._optimiser(bodies, s.rate)
        for step in range(s.landmark_steps):
            self._settle(bodies, step)
            dense = step >= s.surface_from
            points, skin = self.posing(bodies, self.posing.skin if dense else None)
            scale = None if step <= s.squares else 0.02
            loss = self._landmark_loss(points, evidence, s, scale) + self._prior(bodies, s)
            if dense:
                loss = loss + s.surface * _surface(project(skin), evidence)
            _descend(optimiser, loss.sum() + self._unrest(points, bodies, course, s))

    def _to_outline(
        self, bodies: Bodies, evidence: Evidence, course: Tensor, s: FitSettings
    ) -> None:
        optimiser = self._optimiser(bodies, s.late_rate)
        near = torch.zeros(0)
        for step in range(s.outline_steps):
            self._settle(bodies, step)
            points, skin = self.posing(bodies, self.posing.skin)
            seen = project(skin)
            if step % s.refresh == 0:
                near = terms.nearest(seen, evidence.inner, self._unlikely(evidence))
            outside = terms.skin_outside(seen, evidence.outside, evidence.known)
            uncovered = terms.mask_uncovered(seen, evidence.inner, near)
            loss = 0.5 * self._landmark_loss(points, evidence, s) + self._prior(bodies, s, 0.5)
            loss = loss + s.skin_outside * outside + s.mask_uncovered * uncovered
            loss = loss + s.surface * _surface(seen, evidence)
            _descend(optimiser, loss.sum() + self._unrest(points, bodies, course, s))

    def _unlikely(self, evidence: Evidence) -> Tensor | None:
        """(B, R, P) which skin does not belong under which clothes; None if none are known."""
        return self.posing.unlikely[evidence.kinds] if evidence.kinds.any() else None

    def _landmark_loss(
        self, points: Tensor, evidence: Evidence, s: FitSettings, scale: float | None = 0.02
    ) -> Tensor:
        flat = terms.reprojection(project(points), evidence.xy, evidence.sure, scale)
        centred = points - points[:, HIPS].mean(1, keepdim=True)
        deep = terms.depth(centred, evidence.world, evidence.deep)
        return s.reprojection * flat + s.depth * deep

    def _prior(self, bodies: Bodies, s: FitSettings, shape: float = 1.0) -> Tensor:
        pose = (self.stiffness[:, None] * bodies.turn.square()).sum((1, 2))
        pose = pose + terms.twist(bodies.turn, *self.twist) / s.pose
        return s.pose * pose + shape * s.shape * bodies.shape.square().sum(1)[bodies.who]

    def _unrest(self, points: Tensor, bodies: Bodies, course: Tensor, s: FitSettings) -> Tensor:
        """() how much the people of clips jerk; 0 for photos."""
        centred = points - points[:, HIPS].mean(1, keepdim=True)
        return s.steady * (
            terms.jerk(centred, course).sum()
            + s.steady_turn * terms.jerk(bodies.turn, course).sum()
        )

    def _settle(self, bodies: Bodies, step: int) -> None:
        if step % 20 == 0:
            self.posing.settle(bodies)

    def _optimiser(self, bodies: Bodies, rate: float) -> torch.optim.Adam:
        fast = {"params": [bodies.turn, bodies.orient, bodies.place], "lr": rate}
        return torch.optim.Adam([fast, {"params": [bodies.shape], "lr": self.settings.late_rate}])

    def _results(self, bodies: Bodies, evidence: Evidence) -> list[Fit]:
        with torch.no_grad():
            self.posing.settle(bodies)
            seen = project(self.posing(bodies)[0])
            away = (seen - evidence.xy).norm(dim=-1)[:, :JUDGED]
            sure = evidence.sure[:, :JUDGED]
            error = _weighted_median(away, sure) * 128
            effort = (self.stiffness[:, None] * bodies.turn.square()).sum((1, 2))
        turn, shape, orient, place = (x.detach() for x in bodies.leaves())
        rows = [turn, shape[bodies.who], orient, place, seen, error, effort]
        turn, shape, orient, place, seen, error, effort = (r.cpu().numpy() for r in rows)
        return [
            Fit(*values[:5], error=float(values[5]), effort=float(values[6]))
            for values in zip(turn, shape, orient, place, seen, error, effort, strict=True)
        ]


def _twist_table(body: PosableBody) -> tuple[Tensor, Tensor, Tensor]:
    """Directions (J, 3), usual turns (J,) in radians and weights (J,) for `terms.twist`."""
    ends = {f"{b}.{s}": f"{end}.{s}" for b, (end, _, _) in LIMBS.items() for s in "LR"}
    usual, hold = torch.zeros(2, len(body.turning))
    for bone in ends:
        name, side = bone.split(".")
        j = body.turning.index(bone)
        usual[j] = np.radians(LIMBS[name][1]) * (1 if side == "L" else -1)
        hold[j] = LIMBS[name][2]
    return body.directions(ends), usual.to(body.device), hold.to(body.device)


def mean_errors(fits: Sequence[Fit], who: np.ndarray) -> np.ndarray:
    """(W,) mean landmark error of each person's bodies; `who` (B,)."""
    return np.bincount(who, [fit.error for fit in fits]) / np.bincount(who)


def successive(who: np.ndarray) -> np.ndarray:
    """(C, 3) places of three bodies of one person that follow one another; `who` (B,)."""
    runs = [np.flatnonzero(who == k) for k in np.unique(who)]
    return np.concatenate([np.stack([r[:-2], r[1:-1], r[2:]], 1) for r in runs])


def _surface(seen: Tensor, evidence: Evidence) -> Tensor:
    known = (evidence.spots, evidence.points, evidence.spots_sure)
    return terms.surface_points(seen, *known)


def _weighted_median(values: Tensor, weight: Tensor) -> Tensor:
    """(B,) of (B, K): where half of the weight lies below; 0 without any weight."""
    ordered, order = values.sort(1)
    below = weight.gather(1, order).cumsum(1)
    middle = (below < below[:, -1:] / 2).sum(1, keepdim=True).clamp(max=values.shape[1] - 1)
    return ordered.gather(1, middle)[:, 0] * (below[:, -1] > 0)


def _descend(optimiser: torch.optim.Adam, loss: Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
