"""Bodies before the camera: what is being fitted, and where its landmarks and skin are seen.

Dims: B bodies, W people (a person of a clip has one body a frame), J turning bones, K landmarks,
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
from .clothes import unlikely
from .evidence import NAMES, Evidence, beside
from .spots import SurfacePoints

FOCAL = 2.4  # half crop sides
SPACING = 0.04  # metres between points of the skin that are held against the outline
HIPS = [NAMES.index("left_hip"), NAMES.index("right_hip")]
TORSO = [
    NAMES.index(f"{side}_{joint}") for joint in ("shoulder", "hip") for side in ("left", "right")
]
TO_CAMERA = torch.tensor([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])  # Anny: z up, faces −y
NEAREST = 0.2  # metres before the camera


@dataclass(frozen=True)
class Fit:
    """One person's body.

    Attributes:
        turn: (J, 3) rotation vectors of `PosableBody.turning`.
        shape: (6,) unbounded, 0 the average.
        orient: (3,) rotation vector of the whole body.
        place: (3,) x and y of the hips in metres, logarithm of their distance.
        landmarks: (K, 2) where they lie in the picture, half crop sides.
        error: median distance of the landmarks, by how sure they are, pixels of 256.
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
class Bodies:
    """What is being fitted.

    Attributes:
        turn: (B, J, 3) rotation vectors.
        shape: (W, 6) of each person.
        orient: (B, 3).
        place: (B, 3).
        who: (B,) long, the person of each body.
        settled: (B, A, 3, 3), follows the shape now and then.
    """

    turn: Tensor
    shape: Tensor
    orient: Tensor
    place: Tensor
    who: Tensor
    settled: Tensor

    def leaves(self) -> tuple[Tensor, ...]:
        """What is optimised, one row a body save for the shape."""
        return self.turn, self.shape, self.orient, self.place


class Posing:
    """Anny's landmarks and skin as functions of what is fitted.

    Args:
        device: CPU or CUDA.
    """

    def __init__(self, device: str | torch.device = "cpu") -> None:
        self.body = PosableBody(device)
        self.device = self.body.device
        joints = self.body.keypoints(NAMES)
        mix = torch.from_numpy(beside()).to(self.device)
        self.landmarks = replace(joints, share=mix @ joints.share)
        self.whole = self.body.vertices()
        numbers = spaced(self.whole.rest.cpu().numpy(), SPACING)
        self.skin = self.body.vertices(numbers)
        self.surface = SurfacePoints(numbers)
        limbs = torch.from_numpy(unlikely()[:, self.surface.groups()].astype(np.float32))
        self.unlikely = limbs.to(self.device)  # (kinds, P): not where such clothes are
        self._to_camera = TO_CAMERA.to(self.device)

    def __call__(self, bodies: Bodies, skin: Points | None = None) -> tuple[Tensor, Tensor]:
        """Landmarks (B, K, 3) and points of the skin (B, P, 3) before the camera."""
        import roma

        coefficients = self.body.coefficients(bodies.shape)[bodies.who]
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

    def settle(self, bodies: Bodies) -> None:
        """Bring `settled` up to the shape."""
        with torch.no_grad():
            coefficients = self.body.coefficients(bodies.shape)
            bodies.settled = self.body.settled(coefficients)[bodies.who]

    def start(self, evidence: Evidence, who: Tensor) -> Bodies:
        """Average bodies, torso as the landmarks have it, at the distance that their size says."""
        import roma

        count = len(evidence.xy)
        zero = torch.zeros(count, 3, device=self.device)
        turn = torch.zeros(count, len(self.body.turning), 3, device=self.device)
        shape = torch.zeros(int(who.max()) + 1, self.body.shapes, device=self.device)
        bodies = Bodies(turn, shape, zero, zero, who, zero)
        self.settle(bodies)
        with torch.no_grad():
            points, _ = self(bodies)
            torso = points[:, TORSO] - points[:, HIPS].mean(1, keepdim=True)
            registered = roma.rigid_points_registration(torso, evidence.world[:, TORSO])[0]
            bodies.orient = roma.rotmat_to_rotvec(registered)
            bodies.place = first_place(evidence)
        for leaf in bodies.leaves():
            leaf.requires_grad_()
        return bodies

    def restored(self, fits: Sequence[Fit]) -> Bodies:
        """Bodies as they were fitted."""
        fields = [
            np.stack([getattr(f, name) for f in fits])
            for name in ("turn", "shape", "orient", "place")
        ]
        turn, shape, orient, place = (torch.from_numpy(x).to(self.device) for x in fields)
        who = torch.arange(len(fits), device=self.device)
        bodies = Bodies(turn, shape, orient, place, who, turn)
        self.settle(bodies)
        return bodies


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
