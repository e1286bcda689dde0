"""Fit a body to people: pose, shape and place of Anny under a perspective camera, in batches.

First the landmarks, then the outline as well. Dims: B people, J turning bones, K landmarks,
P points of the skin. Frame: metres, x right, y down, z away from the camera; the picture in half
crop sides (`evidence`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ..synthesis.body.posable import Points, PosableBody
from ..synthesis.charts.lookup import Charts
from . import terms
from .evidence import NAMES, Evidence, Observation, beside, gather

FOCAL = 2.4  # half crop sides
SPACING = 0.04  # metres between points of the skin that are held against the outline
HIPS = [NAMES.index("left_hip"), NAMES.index("right_hip")]
TORSO = [
    NAMES.index(f"{side}_{joint}") for joint in ("shoulder", "hip") for side in ("left", "right")
]
TO_CAMERA = torch.tensor([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])  # Anny: z up, faces −y
NEAREST = 0.2  # metres before the camera
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


@dataclass(frozen=True)
class Fit:
    """One person's body.

    Attributes:
        turn: (J, 3) rotation vectors of `PosableBody.turning`.
        shape: (6,) unbounded, 0 the average.
        orient: (3,) rotation vector of the whole body.
        place: (3,) x and y of the hips in metres, logarithm of their distance.
        landmarks: (K, 2) where they lie in the picture, half crop sides.
        error: mean distance of the sure landmarks, pixels of 256.
        effort: the pose prior's value; it grows as joints leave their usual range.
    """

    turn: np.ndarray
    shape: np.ndarray
    orient: np.ndarray
    place: np.ndarray
    landmarks: np.ndarray
    error: float
    effort: float


@dataclass
class _Bodies:
    """What is being fitted, of B people; `settled` follows the shape now and then."""

    turn: Tensor
    shape: Tensor
    orient: Tensor
    place: Tensor
    settled: Tensor

    def leaves(self) -> tuple[Tensor, ...]:
        return self.turn, self.shape, self.orient, self.place


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
        self.body = PosableBody(device)
        self.device = self.body.device
        self.settings = settings or FitSettings()
        joints = self.body.keypoints(NAMES)
        mix = torch.from_numpy(beside()).to(self.device)
        self.landmarks = replace(joints, share=mix @ joints.share)
        whole = self.body.vertices()
        self.whole = whole
        self.skin = self.body.vertices(spaced(whole.rest.cpu().numpy(), SPACING))
        self.stiffness = terms.stiffness(self.body.turning).to(self.device)
        self.twist = _twist_table(self.body)
        self._to_camera = TO_CAMERA.to(self.device)

    def __call__(self, people: Sequence[Observation]) -> list[Fit]:
        """Fit all people at once."""
        evidence = gather(people, self.device)
        bodies = self._start(evidence)
        self._to_landmarks(bodies, evidence)
        self._to_outline(bodies, evidence)
        return self._results(bodies, evidence)

    def vertices(self, fits: Sequence[Fit]) -> np.ndarray:
        """(B, N, 3) base mesh vertices before the camera, metres."""
        with torch.no_grad():
            return self._pose(self._restored(fits), self.whole)[1].cpu().numpy()

    def _start(self, evidence: Evidence) -> _Bodies:
        """Average bodies, torso as the landmarks have it, at the distance that their size says."""
        import roma

        count = len(evidence.xy)
        zero = torch.zeros(count, 3, device=self.device)
        turn = torch.zeros(count, len(self.body.turning), 3, device=self.device)
        shape = torch.zeros(count, self.body.shapes, device=self.device)
        with torch.no_grad():
            settled = self.body.settled(self.body.coefficients(shape))
            bodies = _Bodies(turn, shape, zero, zero, settled)
            points, _ = self._pose(bodies)
            torso = points[:, TORSO] - points[:, HIPS].mean(1, keepdim=True)
            registered = roma.rigid_points_registration(torso, evidence.world[:, TORSO])[0]
            bodies.orient = roma.rotmat_to_rotvec(registered)
            bodies.place = first_place(evidence)
        for leaf in bodies.leaves():
            leaf.requires_grad_()
        return bodies

    def _pose(self, bodies: _Bodies, skin: Points | None = None) -> tuple[Tensor, Tensor]:
        """Landmarks (B, K, 3) and points of the skin (B, P, 3) before the camera."""
        import roma

        coefficients = self.body.coefficients(bodies.shape)
        turns = roma.rotvec_to_rotmat(bodies.turn)
        bones = self.body.bones(turns, coefficients, bodies.settled)
        points = self.landmarks.posed(coefficients, bones)
        hips = points[:, HIPS].mean(1, keepdim=True)
        turned = (roma.rotvec_to_rotmat(bodies.orient) @ self._to_camera).transpose(1, 2)
        away = torch.cat([bodies.place[:, :2], bodies.place[:, 2:].exp()], 1)[:, None]
        if skin is None:
            return (points - hips) @ turned + away, points[:, :0]
        vertices = skin.posed(coefficients, bones)
        return (points - hips) @ turned + away, (vertices - hips) @ turned + away

    def _to_landmarks(self, bodies: _Bodies, evidence: Evidence) -> None:
        s = self.settings
        optimiser = self._optimiser(bodies, s.rate)
        for step in range(s.landmark_steps):
            self._settle(bodies, step)
            points, _ = self._pose(bodies)
            scale = None if step <= s.squares else 0.02
            loss = self._landmark_loss(points, evidence, scale) + self._prior(bodies)
            _descend(optimiser, loss)

    def _to_outline(self, bodies: _Bodies, evidence: Evidence) -> None:
        s = self.settings
        optimiser = self._optimiser(bodies, s.late_rate)
        near = torch.zeros(0)
        for step in range(s.outline_steps):
            self._settle(bodies, step)
            points, skin = self._pose(bodies, self.skin)
            seen = project(skin)
            if step % s.refresh == 0:
                near = terms.nearest(seen, evidence.inner)
            outside = terms.skin_outside(seen, evidence.outside, evidence.known)
            uncovered = terms.mask_uncovered(seen, evidence.inner, near)
            loss = 0.5 * self._landmark_loss(points, evidence) + self._prior(bodies, 0.5)
            loss = loss + s.skin_outside * outside + s.mask_uncovered * uncovered
            _descend(optimiser, loss)

    def _landmark_loss(
        self, points: Tensor, evidence: Evidence, scale: float | None = 0.02
    ) -> Tensor:
        s = self.settings
        flat = terms.reprojection(project(points), evidence.xy, evidence.sure, scale)
        centred = points - points[:, HIPS].mean(1, keepdim=True)
        deep = terms.depth(centred, evidence.world, evidence.sure)
        return s.reprojection * flat + s.depth * deep

    def _prior(self, bodies: _Bodies, shape: float = 1.0) -> Tensor:
        s = self.settings
        pose = (self.stiffness[:, None] * bodies.turn.square()).sum((1, 2))
        pose = pose + terms.twist(bodies.turn, *self.twist) / s.pose
        return s.pose * pose + shape * s.shape * bodies.shape.square().sum(1)

    def _settle(self, bodies: _Bodies, step: int) -> None:
        if step % 20 == 0:
            with torch.no_grad():
                bodies.settled = self.body.settled(self.body.coefficients(bodies.shape))

    def _optimiser(self, bodies: _Bodies, rate: float) -> torch.optim.Adam:
        fast = {"params": [bodies.turn, bodies.orient, bodies.place], "lr": rate}
        return torch.optim.Adam([fast, {"params": [bodies.shape], "lr": self.settings.late_rate}])

    def _results(self, bodies: _Bodies, evidence: Evidence) -> list[Fit]:
        with torch.no_grad():
            self._settle(bodies, 0)
            seen = project(self._pose(bodies)[0])
            away = (seen - evidence.xy).norm(dim=-1)[:, :21]
            sure = evidence.sure[:, :21]
            error = (away * sure).sum(1) / sure.sum(1).clamp(min=1e-6) * 128
            effort = (self.stiffness[:, None] * bodies.turn.square()).sum((1, 2))
        rows = [*(x.detach() for x in bodies.leaves()), seen, error, effort]
        turn, shape, orient, place, seen, error, effort = (r.cpu().numpy() for r in rows)
        return [
            Fit(*values[:5], error=float(values[5]), effort=float(values[6]))
            for values in zip(turn, shape, orient, place, seen, error, effort, strict=True)
        ]

    def _restored(self, fits: Sequence[Fit]) -> _Bodies:
        fields = [
            np.stack([getattr(f, name) for f in fits])
            for name in ("turn", "shape", "orient", "place")
        ]
        turn, shape, orient, place = (torch.from_numpy(x).to(self.device) for x in fields)
        return _Bodies(turn, shape, orient, place, self.body.settled(self.body.coefficients(shape)))


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


def project(points: Tensor) -> Tensor:
    """(…, 3) metres → (…, 2) half crop sides."""
    return FOCAL * points[..., :2] / points[..., 2:].clamp(min=NEAREST)


def first_place(evidence: Evidence) -> Tensor:
    """(B, 3) place of the hips from the spread of the landmarks in the picture and in metres."""
    weight = evidence.sure[..., None] + 1e-4
    weight = weight / weight.sum(1, keepdim=True)
    flat, deep = evidence.xy, evidence.world[..., :2]
    flat_mean, deep_mean = (weight * flat).sum(1), (weight * deep).sum(1)
    flat_spread = (weight * (flat - flat_mean[:, None]).square()).sum((1, 2))
    deep_spread = (weight * (deep - deep_mean[:, None]).square()).sum((1, 2))
    scale = (flat_spread / deep_spread.clamp(min=1e-4)).sqrt()[:, None]
    return torch.cat([flat_mean / scale - deep_mean, (FOCAL / scale).log()], 1)


def spaced(vertices: np.ndarray, spacing: float) -> np.ndarray:
    """Vertex numbers of the skin, one for each cube of the given side that it runs through."""
    shell = np.unique(Charts.shipped().faces)
    shell = shell[shell < len(Charts.shipped().base)]
    base = Charts.shipped().base[shell]
    _, first = np.unique(np.floor(vertices[base] / spacing), axis=0, return_index=True)
    return base[first]


def _descend(optimiser: torch.optim.Adam, loss: Tensor) -> None:
    optimiser.zero_grad()
    loss.sum().backward()
    optimiser.step()
