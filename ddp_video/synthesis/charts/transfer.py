"""Charts carried to Anny's registered surface: a part for each face, U and V for its corners.

A face takes the part whose piece of the template is nearest, among the parts that may lie on its
bones. Its corners take U and V of the nearest points of one connected sheet of that part: where a
chart was cut open to be laid flat, the other side of the cut is as near, but far away in U and V.

Dims: F = faces of Anny's left half, P = points.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from ..raster.rays import closest, face_normals, on_surface
from .registration import vertex_normals
from .source import Source
from .topology import Topology

NORMAL_COST = 0.02  # metres that a face turned by 90° counts as farther away
WIDE = 0.08  # a face whose corners differ by more in U or V may lie across a cut
SHEET = 1.5, 0.012  # a sheet reaches so many radii of the face, and so many metres, around it
FOLD = -0.2  # cosine between normals below which a face is on the other side of a fold
APART = 0.1  # U or V that differ by more between both sides' charts are not averaged
HANDS = (3, 4)  # the two hand charts are cut open at different places

# DensePose R-CNN and BodyPix, who learnt from hand-drawn parts, let the upper arm begin nearer to
# the neck than the template does: in front by 2.3 and 1.8 cm (8 photos; 320 fitted bodies), by 2.5
# on top, by .4 on the back, and hardly where arms are raised (.3 to .6). So its charts are longer
# by `REACH` in front and on top, and U between their end and `LENGTHENED` is spread anew.
TORSO = (1, 2)
UPPER_ARM = (15, 17)
REACH = 0.018  # metres
ARM_LENGTH = 0.24  # metres for which U runs from 0, at the shoulder, to 1
LENGTHENED = 0.35

# Bones by the beginning of their name, and the parts that may lie on the left of them.
PARTS = {
    ("finger", "metacarpal"): (4,),
    ("wrist",): (4, 19, 21),
    ("lowerarm",): (4, 19, 21, 15, 17),
    ("upperarm",): (19, 21, 15, 17, 1, 2),
    ("shoulder", "clavicle"): (1, 2, 15, 17, 24),
    ("toe",): (5,),
    ("foot",): (5, 12, 14),
    ("lowerleg",): (5, 12, 14, 8, 10),
    ("upperleg", "pelvis"): (12, 14, 8, 10, 1, 2),
    ("neck", "head", "eye"): (24, 1, 2),
    ("root", "spine"): (1, 2, 8, 10, 24, 15, 17),
}


@dataclass(frozen=True)
class Labels:
    """What each face carries.

    Attributes:
        part: (F,) I.
        u: (F, 3) of the corners, 0..1.
        v: (F, 3).
    """

    part: np.ndarray
    u: np.ndarray
    v: np.ndarray


def allowed(body: Topology, bone: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(F, 25) bool: which parts may lie on a face of the left half.

    Args:
        body: names the bones.
        bone: (V,) the bone that holds each vertex.
        faces: (F, 3).
    """
    table = np.zeros((len(body.bones), 25), bool)
    for row, name in zip(table, body.bones, strict=True):
        for beginnings, parts in PARTS.items():
            if name.startswith(beginnings):
                row[list(parts)] = True
    a, b, c = bone[faces].T
    return table[a] | table[b] | table[c]


def choose_parts(
    source: Source, vertices: np.ndarray, faces: np.ndarray, allow: np.ndarray
) -> np.ndarray:
    """(F,) the nearest part of the template, of those that are allowed; both sides are asked.

    Args:
        source: charts on the template.
        vertices: (V, 3) registered.
        faces: (F, 3) of the left half.
        allow: (F, 25) bool.
    """
    cost = np.where(allow, 0.0, np.inf)
    normals = face_normals(vertices, faces)[0]
    centres = vertices[faces].mean(1)
    for half in (source, source.mirrored()):
        for part in np.flatnonzero(allow.any(0)):
            mine = allow[:, part]
            piece = half.only(half.part == part)
            face, bary = closest(piece.vertices, piece.faces, centres[mine])
            found = on_surface(piece.vertices, piece.faces, face, bary)
            turned = 1 - (face_normals(piece.vertices, piece.faces)[0][face] * normals[mine]).sum(1)
            far = np.linalg.norm(centres[mine] - found, axis=1)
            cost[mine, part] += far + NORMAL_COST * turned
    best = cost.argmin(1)
    arm = np.array(UPPER_ARM)[cost[:, UPPER_ARM].argmin(1)]
    farther = (cost[:, UPPER_ARM].min(1) - cost.min(1)) / 2  # each side's was added
    return np.where(np.isin(best, TORSO) & (farther < reach(normals)), arm, best)


def reach(normals: np.ndarray) -> np.ndarray:
    """(K,) how much farther the upper arm's charts reach, in metres, where normals are (K, 3)."""
    return REACH * (1 - normals[:, 1]).clip(0, 1)


def transfer(source: Source, vertices: np.ndarray, faces: np.ndarray, part: np.ndarray) -> Labels:
    """U and V of the left half: the mean of the left charts and of the mirrored right ones.

    Where the two disagree, because a cut runs elsewhere, and on the hands, the left ones count.
    """
    normals = vertex_normals(torch.from_numpy(vertices), torch.from_numpy(faces)).numpy()
    longer = reach(normals)[faces]
    mine, other = (
        _one_side(half, vertices[faces], part, longer) for half in (source, source.mirrored())
    )
    gap = np.abs(mine - other).max((1, 2))
    alone = (gap > APART) | np.isin(part, HANDS)
    u, v = np.where(alone[:, None, None], mine, (mine + other) / 2).transpose(2, 0, 1)
    return Labels(part, u, v)


def _one_side(
    source: Source, corners: np.ndarray, part: np.ndarray, longer: np.ndarray
) -> np.ndarray:
    """(F, 3, 2) U and V of the corners (F, 3, 3); upper arms are to reach `longer` (F, 3)."""
    out = np.zeros((*corners.shape[:2], 2))
    for number in np.unique(part):
        mine = np.flatnonzero(part == number)
        sheet = _Sheet(source.only(source.part == number))
        out[mine], gap = sheet.at(corners[mine])
        if number in UPPER_ARM:
            out[mine, :, 0] = _lengthened(out[mine, :, 0], gap, longer[mine])
    return out


def _lengthened(u: np.ndarray, gap: np.ndarray, longer: np.ndarray) -> np.ndarray:
    """U of an upper arm that begins farther up.

    Args:
        u: (K, 3) at the nearest point of the template's chart.
        gap: (K, 3) metres to that point.
        longer: (K, 3) metres by which the chart is to reach beyond its end.
    """
    beyond = np.where(u < LENGTHENED, u - gap / ARM_LENGTH, u)
    add = longer / ARM_LENGTH
    spread = (beyond + add) * LENGTHENED / (LENGTHENED + add)
    return np.where(beyond < LENGTHENED, spread.clip(0), u)


class _Sheet:
    """One part of the template, to look points up on."""

    def __init__(self, piece: Source) -> None:
        self.piece = piece
        self.normals = face_normals(piece.vertices, piece.faces)[0]
        self.centres = piece.vertices[piece.faces].mean(1)
        self.adjacent = _adjacent(piece.faces)
        self.uv = np.stack([piece.u, piece.v], -1)

    def at(self, corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """At the corners (K, 3, 3) of faces: (K, 3, 2) U and V, and (K, 3) metres to the sheet."""
        piece, points = self.piece, corners.reshape(-1, 3)
        face, bary = closest(piece.vertices, piece.faces, points)
        out = np.einsum("pk,pkc->pc", bary, self.uv[face]).reshape(*corners.shape[:2], 2)
        nearest = on_surface(piece.vertices, piece.faces, face, bary)
        gap = np.linalg.norm(points - nearest, axis=1).reshape(corners.shape[:2])
        for wide in np.flatnonzero(np.ptp(out, axis=1).max(1) > WIDE):
            near = self._around(corners[wide])
            face, bary = closest(piece.vertices, piece.faces[near], corners[wide])
            out[wide] = np.einsum("pk,pkc->pc", bary, self.uv[near[face]])
        return out, gap

    def _around(self, triangle: np.ndarray) -> np.ndarray:
        """Faces near a triangle that hang together with the one that is nearest and faces alike."""
        centre = triangle.mean(0)
        a, b, c = triangle
        normal = np.cross(b - a, c - a)
        normal = normal / (np.linalg.norm(normal) + 1e-12)
        distance = np.linalg.norm(self.centres - centre, axis=1)
        seed = int((distance + NORMAL_COST * (1 - self.normals @ normal)).argmin())
        reach = SHEET[0] * np.linalg.norm(triangle - centre, axis=1).max() + SHEET[1]
        near = (distance < reach) & (self.normals @ self.normals[seed] > FOLD)
        near[seed] = True
        numbers = np.flatnonzero(near)
        sheet = connected_components(self.adjacent[numbers][:, numbers], directed=False)[1]
        return numbers[sheet == sheet[np.searchsorted(numbers, seed)]]


def _adjacent(faces: np.ndarray) -> csr_array:
    """(F, F) which faces share an edge."""
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), 1)
    edge = np.unique(edges, axis=0, return_inverse=True)[1].ravel()
    face = np.tile(np.arange(len(faces)), 3)
    has = coo_array((np.ones(len(face), np.int8), (face, edge))).tocsr()
    return csr_array(has @ has.T)
