"""Garments cut out of a surface of the base mesh along level lines, so that hems are crisp.

A cut depends on the base mesh only: it is made once and worn by every body.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.sparse import csr_matrix

from ..body.base_mesh import Places
from ..body.body import skin_weights

TURN = 1.0  # metres of cloth once around the trunk: one width of the texture


@dataclass(frozen=True)
class Piece:
    """A cut-out piece of surface.

    Attributes:
        blend: (V, N) sparse: each vertex lies between two vertices of the base mesh.
        faces: (F, 3).
        uv: (F, 3, 2) texture coordinates in metres of cloth; a texture is 1 m wide and high.
        smoothing: (V, V) sparse: mean of the neighbours; along a hem, of the hem only.
        inside: (V,) metres to the nearest hem, on the reference adult, by the field of the cut.
    """

    blend: csr_matrix
    faces: np.ndarray
    uv: np.ndarray = field(repr=False)
    smoothing: csr_matrix = field(repr=False)
    inside: np.ndarray = field(repr=False)

    @cached_property
    def weights(self) -> np.ndarray:
        """(V, B) shares of the bones; the same on every body."""
        return np.asarray(self.blend @ skin_weights(), np.float32)


def clipped(faces: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Keep the part of a triangle mesh where a field is not negative.

    Args:
        faces: (F, 3).
        inside: (N,) the field at the vertices; linear along the edges.

    Returns:
        parents (V, 2): the two old vertices between which each new one lies (twice the same where
        it is an old one); share (V,): of the second; faces (F', 3) of new vertices.
    """
    near = inside[faces] >= 0
    kept = near.sum(1)
    whole = faces[kept == 3]
    corners = [np.stack([whole, whole], 2)]
    for count in (1, 2):
        cut, lone = faces[kept == count], near[kept == count] == (count == 1)
        a, b, c = (
            np.take_along_axis(cut, (lone.argmax(1)[:, None] + k) % 3, 1)[:, 0] for k in range(3)
        )
        ab, ac = np.stack([a, b], 1), np.stack([a, c], 1)
        if count == 1:
            corners.append(np.stack([np.stack([a, a], 1), ab, ac], 1))
        else:
            bb, cc = np.stack([b, b], 1), np.stack([c, c], 1)
            corners += [np.stack([ab, bb, cc], 1), np.stack([ab, cc, ac], 1)]
    ends = np.concatenate(corners).reshape(-1, 2)
    parents, numbers = np.unique(np.sort(ends, 1), axis=0, return_inverse=True)
    low, high = inside[parents].T
    step = low - high
    share = np.where(parents[:, 0] == parents[:, 1], 0.0, low / np.where(step == 0, 1, step))
    return parents, share, numbers.reshape(-1, 3)


def blending(parents: np.ndarray, share: np.ndarray, count: int) -> csr_matrix:
    """(V, count) sparse matrix that puts each vertex between its two parents."""
    rows = np.repeat(np.arange(len(parents)), 2)
    values = np.stack([1 - share, share], 1).ravel()
    return csr_matrix((values, (rows, parents.ravel())), (len(parents), count))


def edges_of(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(E, 2) edges, each once, and (E,) bool: on the border (one face only)."""
    sides = np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), 1)
    edges, count = np.unique(sides, axis=0, return_counts=True)
    return edges, count == 1


def mean_of_neighbours(faces: np.ndarray, count: int) -> csr_matrix:
    """(V, V) sparse: the mean of a vertex' neighbours; of those on the hem for one on the hem."""
    edges, border = edges_of(faces)
    hem = np.zeros(count, bool)
    hem[edges[border]] = True
    both = np.concatenate([edges, edges[:, ::-1]])
    linked = ~hem[both[:, 0]] | np.concatenate([border, border])
    a, b = both[linked].T
    matrix = csr_matrix((np.ones(len(a)), (a, b)), (count, count))
    degree = np.asarray(matrix.sum(1)).ravel()
    lonely = csr_matrix(
        (np.ones((degree == 0).sum()), [np.flatnonzero(degree == 0)] * 2), matrix.shape
    )
    return csr_matrix(matrix.multiply(1 / np.maximum(degree, 1)[:, None]) + lonely)


def cut_out(faces: np.ndarray, inside: np.ndarray, where: Places, legs: bool) -> Piece:
    """Cut a piece out of a group of the base mesh.

    Args:
        faces: (F, 3) of the base mesh.
        inside: (N,) metres to the nearest hem, negative outside.
        where: the vertices' places.
        legs: lay the texture around each leg up to the waist instead of around trunk or skirt.
    """
    parents, share, triangles = clipped(faces, inside)
    blend = blending(parents, share, len(inside))
    smoothing = mean_of_neighbours(triangles, len(parents))
    uv = cloth_coordinates(blend @ where.points, blend @ where.arm, blend @ where.arm_share,
                           triangles, legs)  # fmt: skip
    return Piece(blend, triangles, uv, smoothing, blend @ inside)


def cloth_coordinates(
    points: np.ndarray, arm: np.ndarray, arm_share: np.ndarray, faces: np.ndarray, legs: bool
) -> np.ndarray:
    """(F, 3, 2) texture coordinates in metres: around the trunk or a limb, and along it.

    The trunk's front is at u = 0.5 and its seam behind; a sleeve's seam lies below the arm and a
    leg's on its inside, and both have their middle at u = 0.
    """
    middle = points[faces].mean(1)
    on_arm = arm_share[faces].mean(1) > 0.5
    on_leg = ~on_arm & legs
    side = np.sign(middle[:, 0])[:, None]
    p = points[faces]
    x, y, z = p[..., 0], p[..., 1], p[..., 2]
    knots = np.array([-0.738, -0.286, 0.158])
    leg_x = np.interp(z, knots, [0.195, 0.152, 0.1])
    leg_y = np.interp(z, knots, [-0.009, -0.039, -0.004])
    # Angle 0 is in front for the trunk, outside for a leg, above for an arm.
    depth = np.interp(z, [0.1, 0.35, 0.5, 0.65, 0.75], [0.0, -0.01, -0.02, 0.0, -0.01])
    trunk = np.arctan2(x / 1.3, -(y - depth))
    leg = np.arctan2(y - leg_y, x * side - leg_x)
    lift = (x * side - 0.187) * 0.67 + (z - 0.652) * 0.74  # across the arm, upwards
    sleeve = np.arctan2(y + 0.03 + 0.55 * np.maximum(arm[faces] - 0.287, 0), lift)
    angle = np.where(on_arm[:, None], sleeve, np.where(on_leg[:, None], leg, trunk))
    angle = angle[:, :1] + (angle - angle[:, :1] + np.pi) % (2 * np.pi) - np.pi  # seams in one face
    width = np.where(on_arm, 0.32, np.where(on_leg, 0.55, 1.0))[:, None] * TURN
    u = width * angle / (2 * np.pi) + np.where(on_arm | on_leg, 0.0, 0.5)[:, None]
    v = np.where(on_arm[:, None], 0.75 - arm[faces], (z + 0.8) / 1.15 if legs else z + 0.1)
    return np.stack([u, v], 2).astype(np.float32)
