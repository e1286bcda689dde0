"""Anny's triangles as the charts need them: the outer skin, its sides and its bones.

Dims: N = base mesh vertices, F = faces.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from ..body.body import anny_model

INSIDE = ("eye_cavity.R", "eye_cavity.L", "mouth_cavity", "eye_back.L", "eye_back.R", "tongue")
EYES = ("eye_front.L", "eye_front.R")


@dataclass(frozen=True)
class Topology:
    """Anny's triangles and what belongs to what.

    Attributes:
        faces: (F, 3) base mesh vertices of the outer skin: no eyes, no mouth.
        mirror: (N,) the mirrored vertex; itself on the midline and for helper geometry.
        side: (N,) sign of x in the rest pose, 0 on the midline.
        bone: (N,) the bone that holds the vertex most.
        bones: their names.
    """

    faces: np.ndarray
    mirror: np.ndarray
    side: np.ndarray
    bone: np.ndarray
    bones: tuple[str, ...]


def topology() -> Topology:
    """Anny's, which does not depend on the body's shape."""
    from anny.face_segmentation import get_face_segmentation_mask

    model = anny_model()
    hidden = get_face_segmentation_mask(model, [*INSIDE, *EYES]).numpy()
    faces = model.faces.numpy()
    rest = model.template_vertices.numpy()
    skin = np.unique(faces)
    mirror = np.arange(len(rest))
    mirror[skin] = skin[KDTree(rest[skin]).query(rest[skin] * (-1, 1, 1))[1]]
    side = np.sign(rest[:, 0]) * (mirror != np.arange(len(rest)))
    share, index = model.vertex_bone_weights.numpy(), model.vertex_bone_indices.numpy()
    bone = np.take_along_axis(index, share.argmax(1)[:, None], 1)[:, 0]
    return Topology(faces[~hidden], mirror, side, bone, tuple(model.bone_labels))
