"""Clips of moving, clothed people: posed, rendered with motion blur, labelled exactly.

The label rule: a point of skin, clothes, shoes or hair takes I, U, V of the body point that is
nearest to it in the **rest pose**. So the labels move with the clothes, and no label jumps between
limbs that come near each other.
"""

from dataclasses import dataclass

import numpy as np

from .body import Body, Charts, Surface, pose
from .motion import Motion
from .rasterise import Camera, Light, Mesh, Scene, Texels, nearest, smooth_normals, spread
from .scene import Panel


@dataclass(frozen=True)
class Actor:
    """One dressed person in motion.

    Attributes:
        body: the naked body.
        surfaces: skin, clothes, shoes, hair.
        motion: at every moment that is rendered.
    """

    body: Body
    surfaces: list[Surface]
    motion: Motion

    def transforms(self, feet: int) -> np.ndarray:
        """(T, B, 3, 4) with the lowest vertex of surface number `feet` on the ground."""
        turns, root = self.motion
        out = self.body.transforms(turns, root)
        shoes = self.surfaces[feet]
        for moment in out:
            moment[:, 2, 3] -= pose(shoes.vertices, shoes.weights, moment)[:, 2].min()
        return out


class Stage:
    """A room with people in it, moment by moment.

    Args:
        panels: the room; may be empty.
        actors: with the bone transforms of all moments.
        light: of the room.
        charts: the DensePose charts, for the labels.
    """

    def __init__(
        self,
        panels: list[Panel],
        actors: list[tuple[Actor, np.ndarray]],
        light: Light,
        charts: Charts,
    ) -> None:
        self.actors, self.light, self.charts = actors, light, charts
        surfaces = [s for actor, _ in actors for s in actor.surfaces]
        self.texels = Texels(
            [s.texture for s in surfaces] + [p.texture for p in panels],
            [s.gloss for s in surfaces] + [p.gloss for p in panels],
        )
        quads = np.array(
            [
                [p.corner, p.corner + p.right, p.corner + p.right + p.up, p.corner + p.up]
                for p in panels
            ]
        ).reshape(-1, 4, 3)
        up = np.cross(quads[:, 1] - quads[:, 0], quads[:, 3] - quads[:, 0])
        normals = np.repeat(up / np.linalg.norm(up, axis=1, keepdims=True), 2, 0)
        self.room = quads.reshape(-1, 3), np.repeat(normals[:, None], 3, 1)
        self.rest = np.concatenate([s.vertices for s in surfaces])
        start, faces = 0, []
        for s in surfaces:
            faces.append(s.faces + start)
            start += len(s.vertices)
        square = np.array([[0, 1, 2], [0, 2, 3]])
        faces += [square + start + 4 * k for k in range(len(panels))]
        self.faces = np.concatenate(faces)
        corners = np.array([[[0, 0], [1, 0], [1, 1]], [[0, 0], [1, 1], [0, 1]]], np.float32)
        self.uv = np.concatenate([s.uv for s in surfaces] + [corners] * len(panels))
        self.material = np.repeat(np.arange(len(faces)), [len(f) for f in faces])
        owners = [k + 1 for k, (actor, _) in enumerate(actors) for _ in actor.surfaces] + [0] * len(
            panels
        )
        self.owner = np.repeat(owners, [len(f) for f in faces])

    def at(self, moment: int) -> Scene:
        """Everything as it stands at one moment."""
        posed, normals = [], []
        for actor, transforms in self.actors:
            for s in actor.surfaces:
                posed.append(pose(s.vertices, s.weights, transforms[moment]))
                normals.append(smooth_normals(posed[-1], s.faces))
        vertices = np.concatenate([*posed, self.room[0]])
        mesh = Mesh(
            vertices, self.faces, np.concatenate([*normals, self.room[1]]), self.uv, self.material
        )
        return Scene(mesh, self.texels)

    def picture(self, moments: range, cameras: list[Camera], rays: int, seed: int) -> np.ndarray:
        """(H, W, 3) linear light of one exposure.

        Each of its moments is seen through another point of the pixel, and all are averaged.

        Args:
            moments: one per sample; a square number of them.
            cameras: at those moments.
            rays: towards the light and around, per sample.
            seed: of the sampling.
        """
        shifts = spread(round(len(moments) ** 0.5), seed)
        light = [
            self.at(moment).colour(
                camera, self.light, (float(x), float(y)), range(k * rays, (k + 1) * rays), seed
            )
            for k, (moment, camera, (x, y)) in enumerate(zip(moments, cameras, shifts, strict=True))
        ]
        return np.mean(light, 0)

    def labels(self, moment: int, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
        """Exact labels through the pixels' centres.

        Returns:
            (H, W, 3) float: I, U, V, zero where nobody is.
            (H, W) uint8: 0, or the actor's number from 1.
        """
        face, bary = self.at(moment).hits(camera)
        owner = np.where(face >= 0, self.owner[face], 0)
        iuv = np.zeros((*face.shape, 3))
        for k, (actor, _) in enumerate(self.actors):
            mine = owner == k + 1
            if mine.any():
                rest = (self.rest[self.faces[face[mine]]] * bary[mine][..., None]).sum(1)
                body = self.charts.refine(actor.body.vertices)
                iuv[mine] = self.charts(*nearest(body, self.charts.faces, rest))
        return iuv, owner.astype(np.uint8)
