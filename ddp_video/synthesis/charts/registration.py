"""Anny's body laid onto the SMPL template, so that charts can be read off the nearest point.

First Anny's own shape and pose are fitted to landmarks and to the surface, then the vertices move
freely but smoothly. Everything is symmetric: the fit is of one half, the other is its mirror image.

Limbs are nearly round, so the surface says little about how a limb is turned about its own axis.
So their twist is told (`TURNS`). Left alone, the fit put the middle of the thigh's front chart 13°
farther out than it is on the template; with the turns told here, BodyPix and DensePose R-CNN agree
better with the charts on photos and on rendered people (V of the thigh's front: mean difference
.167 → .125 and .144 → .125 for BodyPix on 482 street photos and on renders, .104 → .051 for
DensePose R-CNN on 8 pictures). Turning the lower arms made one half better and the other worse, so
they keep their rest pose's front.

Dims: N = base mesh vertices, B = bones, S = samples of the template's surface, L = landmarks.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import roma
import torch
from scipy.spatial import KDTree
from torch import Tensor

from ..body.body import anny_model
from ..raster.rays import face_normals, on_surface
from .source import FINGER_TIPS, KEYPOINTS, TOE_TIPS, Source
from .topology import Topology

SAMPLES = 20000  # of either half of the template, over all its surface; half as many more on:
SMALL_PARTS = (3, 4, 5, 6, 23, 24)
NORMAL_SCALE = 0.04  # metres that one unit of difference between normals counts for
FACING = 0.3  # cosine between normals below which two points do not belong together
POSE_STEPS, LANDMARK_STEPS = 500, 200  # the first of them by landmarks only
FREE_STEPS = 90  # with each of:
SOFTNESS = (3e-3, 1e-3, 3e-4, 1e-4)
STEPS = POSE_STEPS + FREE_STEPS * len(SOFTNESS)
TWIST = 1.0  # how strongly the turns are held
# Bones (two to a limb), and where the limb begins and ends.
LIMBS = {
    bone: (f"{limb}01", end)
    for limb, end in (
        ("upperleg", "lowerleg01"),
        ("lowerleg", "foot"),
        ("upperarm", "lowerarm01"),
        ("lowerarm", "wrist"),
    )
    for bone in (f"{limb}01", f"{limb}02")
}
# Degrees about that axis, on the left, away from where the bone before it leads: positive turns the
# front of a leg inwards on the template, so the chart's front outwards on the body.
TURNS = {
    "upperleg01": -8,
    "upperleg02": -8,
    "lowerleg01": 8,
    "upperarm01": -5,
    "upperarm02": -5,
    "lowerarm01": 5,
    "lowerarm02": 5,
}
# Bones' heads and the parts whose border lies there, on the left.
JOINTS = {
    "upperarm01": ((15, 17), (1, 2)),
    "lowerarm01": ((15, 17), (19, 21)),
    "wrist": ((4,), (19, 21)),
    "lowerleg01": ((8, 10), (12, 14)),
    "foot": ((5,), (12, 14)),
}


def register(
    source: Source, body: Topology, progress: Callable[[int], object] = bool
) -> np.ndarray:
    """Base mesh vertices in the template's shape and pose.

    Args:
        source: charts on the template.
        body: Anny's.
        progress: told how many of `STEPS` are done.

    Returns:
        (N, 3) metres; the half on the right is the exact mirror image of the left.
    """
    torch.manual_seed(0)
    target = _Target(source, body)
    posed = _fit_pose(target, _Figure(body), progress)
    return _fit_freely(target, posed, body, progress).numpy()


class _Target:
    """What the body is pulled to: points of the template and of its mirror image."""

    def __init__(self, source: Source, body: Topology) -> None:
        rng = np.random.default_rng(0)
        drawn = [_sampled(half, rng) for half in (source, source.mirrored())]
        points, normals = (np.concatenate(arrays) for arrays in zip(*drawn, strict=True))
        self.tree = KDTree(np.hstack([points, NORMAL_SCALE * normals]))
        self.points, self.normals = _tensor(points), _tensor(normals)
        self.faces = torch.from_numpy(body.faces)
        self.skin = np.unique(body.faces)
        self.tips = _tensor(source.at(np.array(FINGER_TIPS + TOE_TIPS)))
        self.keypoints = _tensor(source.at(np.array(list(KEYPOINTS.values()))))
        self.joints = _tensor(np.stack([source.border(*parts) for parts in JOINTS.values()]))

    def pairs(self, vertices: Tensor) -> tuple[Tensor, Tensor]:
        """The sample nearest to each vertex of the skin, and the vertex nearest to each sample."""
        place = vertices.detach()[self.skin]
        normals = NORMAL_SCALE * vertex_normals(vertices.detach(), self.faces)[self.skin]
        here = torch.cat([place, normals], 1).numpy()
        there = np.asarray(self.tree.data)
        to, back = self.tree.query(here)[1], KDTree(here).query(there)[1]
        return torch.from_numpy(to), torch.from_numpy(self.skin[back])

    def distance(self, vertices: Tensor, pairs: tuple[Tensor, Tensor]) -> Tensor:
        """Mean squared distance both ways, mostly along the template's normals."""
        to, back = pairs
        normals = vertex_normals(vertices, self.faces)
        mine, mine_n = vertices[self.skin], normals[self.skin]
        there = _apart(mine - self.points[to], mine_n.detach(), self.normals[to])
        return there + _apart(vertices[back] - self.points, normals[back].detach(), self.normals)


def _apart(gap: Tensor, normals: Tensor, target_normals: Tensor) -> Tensor:
    facing = (normals * target_normals).sum(1) > FACING
    along = (gap * target_normals).sum(1).square()
    return (facing * (along + 0.1 * gap.square().sum(1))).mean()


def _sampled(source: Source, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(S, 3) points of the surface and their normals, denser on hands, feet and head."""
    normals, areas = face_normals(source.vertices, source.faces)
    small = areas * np.isin(source.part, SMALL_PARTS)
    face = np.concatenate(
        [
            rng.choice(len(areas), SAMPLES, p=areas / areas.sum()),
            rng.choice(len(areas), SAMPLES // 2, p=small / small.sum()),
        ]
    )
    weights = rng.dirichlet((1, 1, 1), len(face))
    return on_surface(source.vertices, source.faces, face, weights), normals[face]


class _Figure:
    """Anny as a function of a symmetric shape and pose, scaled and moved."""

    def __init__(self, body: Topology) -> None:
        import anny

        self.model: Any = anny_model()
        names = body.bones
        twin = [n.replace(".L", ".?").replace(".R", ".L").replace(".?", ".R") for n in names]
        self.twin = torch.tensor([names.index(n) for n in twin])
        moves = torch.tensor([not n.startswith(("eye", "root")) for n in names])
        self.moves = moves[:, None].float()
        self.stiffness = torch.tensor(
            [3.0 if n.startswith(("toe", "finger", "metacarpal")) else 1.0 for n in names]
        )
        self.keypoints = anny.KeypointsRegressor.coco(self.model).float()
        self.keypoint_numbers = [list(self.keypoints.labels).index(n) for n in KEYPOINTS]
        rest = self.model()
        self.start = rest["vertices"][0]
        heads = rest["rest_bone_poses"][0, :, :3, 3]
        self.joints = [names.index(f"{n}.L") for n in JOINTS]
        self.tips = self._tips(body, heads)
        self.limbs = [names.index(f"{bone}.L") for bone in LIMBS]
        starts, ends = (
            heads[[names.index(f"{bone}.L") for bone in bones]]
            for bones in zip(*LIMBS.values(), strict=True)
        )
        self.directions = torch.nn.functional.normalize(ends - starts, dim=1)
        self.turns = torch.tensor([TURNS.get(bone, 0) for bone in LIMBS]).deg2rad()

    def _tips(self, body: Topology, heads: Tensor) -> list[int]:
        """Vertices at the tips of the left fingers and of the great and the little toe."""
        ends = [(f"finger{k}-3.L", f"finger{k}-1.L") for k in range(1, 6)]
        ends += [("toe1-2.L", "foot.L"), ("toe5-3.L", "foot.L")]
        return [self._farthest(body, heads, *names) for names in ends]

    def _farthest(self, body: Topology, heads: Tensor, end: str, root: str) -> int:
        mine = np.flatnonzero(body.bone == body.bones.index(end))
        far = (self.start[mine] - heads[body.bones.index(root)]).norm(dim=1).argmax()
        return int(mine[far])

    def __call__(self, turn: Tensor, shape: Tensor, rig: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Vertices (N, 3), bone heads (B, 3), keypoints (4, 3).

        Args:
            turn: (B, 3) rotation vectors, symmetric.
            shape: one number per phenotype, any; 0 is the middle.
            rig: (4,) turn about x, shift along y and z, log scale.
        """
        names = self.model.phenotype_labels
        kinds = {n: 0.5 + 0.5 * torch.tanh(shape[None, k]) for k, n in enumerate(names)}
        poses = torch.eye(4).repeat(1, len(turn), 1, 1)
        poses[0, :, :3, :3] = roma.rotvec_to_rotmat(turn)
        out = self.model(pose_parameters=poses, phenotype_kwargs=kinds)
        zero = torch.zeros(1)
        rotation = roma.rotvec_to_rotmat(torch.cat([rig[:1], zero, zero]))
        parts = (out["vertices"][0], out["bone_poses"][0, :, :3, 3], self.keypoints(out)[0])
        shift = torch.cat([zero, rig[1:3]])
        vertices, heads, marks = (rig[3].exp() * p @ rotation.T + shift for p in parts)
        return vertices, heads, marks[self.keypoint_numbers]

    def symmetric(self, turn: Tensor) -> Tensor:
        """Rotation vectors that are their own mirror image: about y and z the sign changes."""
        return self.moves * (turn + turn[self.twin] * torch.tensor([1.0, -1.0, -1.0])) / 2


def _fit_pose(target: _Target, figure: _Figure, progress: Callable[[int], object]) -> Tensor:
    """(N, 3) Anny in the template's shape and pose, as far as her own parameters go."""
    turn = torch.zeros(len(figure.twin), 3, requires_grad=True)
    shape = torch.zeros(len(figure.model.phenotype_labels), requires_grad=True)
    shift = target.points.mean(0) - figure.start[target.skin].mean(0)
    rig = torch.tensor([0.0, shift[1], shift[2], 0.0], requires_grad=True)
    optimiser = torch.optim.Adam(
        [{"params": [turn, shape], "lr": 0.02}, {"params": [rig], "lr": 0.01}]
    )
    vertices, pairs = figure.start, None
    for step in range(POSE_STEPS):
        even = figure.symmetric(turn)
        vertices, heads, keypoints = figure(even, shape, rig)
        tips = (vertices[figure.tips] - target.tips).square().sum(1).mean()
        marks = tips + (keypoints - target.keypoints).square().sum(1).mean()
        joints = (heads[figure.joints] - target.joints).square().sum(1).mean()
        bent = (even.square().sum(1) * figure.stiffness).mean()
        twist = (even[figure.limbs] * figure.directions).sum(1) - figure.turns
        loss = (
            10 * marks + 2e-3 * bent + TWIST * twist.square().mean() + 1e-3 * shape.square().sum()
        )
        loss = loss + (20 if step < LANDMARK_STEPS else 0.1) * joints
        if step >= LANDMARK_STEPS:
            if step % 5 == 0 or pairs is None:
                pairs = target.pairs(vertices)
            loss = loss + 200 * target.distance(vertices, pairs)
        _step(optimiser, loss)
        progress(step + 1)
    return vertices.detach()


def _fit_freely(
    target: _Target, posed: Tensor, body: Topology, progress: Callable[[int], object]
) -> Tensor:
    """(N, 3) vertices moved onto the template, smoothly, softer and softer."""
    ends = np.concatenate([body.faces[:, [a, b]] for a, b in ((0, 1), (1, 2), (2, 0))])
    a, b = torch.from_numpy(np.unique(np.sort(ends, 1), axis=0)).T
    length = (posed[a] - posed[b]).square().sum(1)
    mirror, flip = torch.from_numpy(body.mirror), torch.tensor([-1.0, 1.0, 1.0])
    posed = (posed + posed[mirror] * flip) / 2
    moved = torch.zeros_like(posed, requires_grad=True)
    optimiser = torch.optim.Adam([moved], lr=0.0015)
    pairs, out = target.pairs(posed), posed
    for step in range(STEPS - POSE_STEPS):
        even = (moved + moved[mirror] * flip) / 2
        out = posed + even
        if step % 10 == 0:
            pairs = target.pairs(out)
        rough = ((even[a] - even[b]).square().sum(1) / length).mean()
        _step(optimiser, target.distance(out, pairs) + SOFTNESS[step // FREE_STEPS] * rough)
        progress(POSE_STEPS + step + 1)
    return out.detach()


def _step(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def vertex_normals(vertices: Tensor, faces: Tensor) -> Tensor:
    """(N, 3) area-weighted normals."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    normals = torch.linalg.cross(b - a, c - a)
    total = torch.zeros_like(vertices)
    for k in range(3):
        total = total.index_add(0, faces[:, k], normals)
    return torch.nn.functional.normalize(total, dim=1)


def _tensor(array: np.ndarray) -> Tensor:
    return torch.tensor(array, dtype=torch.float32)
