"""All triangles of a scene on a device: at rest, and posed at a moment."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from ..body.body import Surface
from .memo import Memo
from .posing_kernels import normal_kernel, skin_kernel, unit_kernel
from .raster_kernels import Triangles, look_kernel
from .texels import packed_textures
from .warped import scalars, usable, vectors, wp

# How Warp builds a tree: more than twice as fast as its own way, and no slower to ask.
TREE = {"bvh_constructor": "cubql", "bvh_leaf_size": 4}


@dataclass(frozen=True)
class Piece:
    """A surface of a scene.

    Attributes:
        surface: in the rest pose.
        owner: number of the person it belongs to, 0 for nobody.
        mover: which set of bone transforms moves it; −1: it stands still.
    """

    surface: Surface
    owner: int
    mover: int


sparse = Memo(csr_matrix)  # of skin weights: which bones move a vertex, and their shares
STILL = np.eye(3, 4)[None]  # the transform of a bone that does not move


def bones_of(pieces: list[Piece]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which bones move the vertices of a scene.

    The bones are those of all movers one after the other, and one more that stands still.

    Returns:
        (V + 1,) where each vertex's bones start and those of the last end; bones and their shares.
    """
    each = max(piece.surface.weights.shape[1] for piece in pieces)
    still = each * (1 + max(piece.mover for piece in pieces))
    counts, bones, shares = [], [], []
    for piece in pieces:
        if piece.mover < 0:
            one = np.ones(len(piece.surface.vertices), np.int32)
            counts.append(one)
            bones.append(still * one)
            shares.append(one.astype(np.float32))
        else:
            own = sparse(piece.surface.weights)
            counts.append(np.diff(own.indptr))
            bones.append(own.indices + each * piece.mover)
            shares.append(own.data)
    starts = np.concatenate([[0], np.cumsum(np.concatenate(counts))])
    return starts, np.concatenate(bones), np.concatenate(shares)


class Assembly:
    """All triangles of a scene in the rest pose, on a device.

    Args:
        pieces: of the scene.
        device: `cpu` or `cuda`.

    Attributes:
        starts: (P + 1,) where the vertices of each piece start.
        faces: (F, 3) numbers of vertices.
    """

    def __init__(self, pieces: list[Piece], device: str) -> None:
        self.device, self.pieces = usable(device), pieces
        surfaces = [piece.surface for piece in pieces]
        self.starts = np.cumsum([0, *(len(s.vertices) for s in surfaces)])
        self.faces = np.concatenate(
            [s.faces + start for s, start in zip(surfaces, self.starts[:-1], strict=True)]
        ).astype(np.int32)
        starts, bones, shares = bones_of(pieces)
        rest = np.concatenate([s.vertices for s in surfaces])
        self.bound = [  # what the kernel that poses them is given
            vectors(rest, wp.vec3, device), scalars(starts, device), scalars(bones, device),
            scalars(shares, device, np.float32),
        ]  # fmt: skip
        self.static = self._static(surfaces, np.array([len(s.faces) for s in surfaces]))
        self._mesh: wp.Mesh | None = None

    def mesh(self, vertices: wp.array) -> wp.Mesh:
        """The triangles at one moment, ready for rays of any direction, until the next call.

        All moments share one tree, which is built once and then fitted anew: that is ten times
        faster, and people move little within a scene.
        """
        if self._mesh is None:
            corners = scalars(self.faces.ravel(), self.device)
            self._mesh = wp.Mesh(vertices, corners, **TREE)
        elif self._mesh.points is not vertices:
            self._mesh.points = vertices
        return self._mesh

    def _static(self, surfaces: list[Surface], sizes: np.ndarray) -> dict[str, Any]:
        """The fields of `Triangles` that do not move."""
        device = self.device
        owner = np.repeat([piece.owner for piece in self.pieces], sizes)
        textures = [s.texture for s in surfaces]
        return {
            "corners": vectors(self.faces, wp.vec3i, device),
            "uv": vectors(np.concatenate([s.uv.reshape(-1, 2) for s in surfaces]), wp.vec2, device),
            "material": scalars(np.repeat(np.arange(len(surfaces)), sizes), device),
            "owner": scalars(owner, device),
            "textures": packed_textures(textures, [s.gloss for s in surfaces], device),
        }

    def posed(self, transforms: list[np.ndarray]) -> "Posed":
        """Everything at one moment.

        Args:
            transforms: (B, 3, 4) of each mover.
        """
        device = self.device
        rows = vectors(np.concatenate([*transforms, STILL]).reshape(-1, 4), wp.vec4, device)
        vertices: Any = wp.empty(int(self.starts[-1]), dtype=wp.vec3, device=device)  # pyright: ignore
        given = [*self.bound, rows.reshape((-1, 3)), vertices]
        wp.launch(skin_kernel, len(vertices), given, device=device)
        return Posed(self, vertices)


class Posed:
    """The triangles of a scene as they stand at one moment.

    Args:
        assembly: of the scene.
        vertices: Warp array of (V,) points.
    """

    def __init__(self, assembly: Assembly, vertices: wp.array) -> None:
        self.assembly, self.vertices, self.device = assembly, vertices, assembly.device

    @cached_property
    def normals(self) -> wp.array:
        """(V,) area-weighted vertex normals."""
        out = wp.zeros(len(self.vertices), dtype=wp.vec3, device=self.device)
        corners = self.assembly.static["corners"]
        wp.launch(normal_kernel, len(corners), [self.vertices, corners, out], device=self.device)
        wp.launch(unit_kernel, len(out), [out], device=self.device)
        return out

    @property
    def mesh(self) -> wp.Mesh:
        """The triangles, ready for rays, until those of another moment are asked for."""
        return self.assembly.mesh(self.vertices)

    @cached_property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest corner (3,) of a box around everything."""
        points = self.vertices.numpy()
        return points.min(0), points.max(0)

    def triangles(self, view: Any) -> Any:  # noqa: ANN401
        """A `Triangles` struct for the kernels, with the vertices as a `View` sees them too."""
        out = Triangles()
        for name, value in self.assembly.static.items():
            setattr(out, name, value)
        out.vertices, out.normals = self.vertices, self.normals
        out.seen = wp.empty(len(self.vertices), dtype=wp.vec3, device=self.device)  # pyright: ignore
        given = [view, self.vertices, out.seen]
        wp.launch(look_kernel, len(self.vertices), given, device=self.device)
        return out
