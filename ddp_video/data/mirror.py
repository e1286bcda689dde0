"""What a mirror does to labels: left and right parts change places, and U or V runs the other way.

The law was read off the charts, each vertex of the SMPL template against its mirrored neighbour: on
the torso V becomes 1 - V; on hands, feet and head U becomes 1 - U; on the limbs both stay. The mean
error is at most .04 of a chart, and .11 on the hands, whose charts are not quite mirror images.
"""

import numpy as np

COARSE_ONLY = 100  # in label stacks: part = 100 + c where only the coarse part c (1..14) is known
V_MIRRORED = (1, 2)
U_MIRRORED = (3, 4, 5, 6, 23, 24)


def _part_mirror() -> np.ndarray:
    law = np.arange(256, dtype=np.uint8)
    for right in range(3, 25, 2):
        law[right], law[right + 1] = right + 1, right
    for coarse in range(COARSE_ONLY + 2, COARSE_ONLY + 14, 2):  # 1 is the torso, 14 the head
        law[coarse], law[coarse + 1] = coarse + 1, coarse
    return law


PART_MIRROR = _part_mirror()  # part, or 100 + coarse part → its mirror image; all other values stay
_U_TURNS = np.isin(np.arange(256), U_MIRRORED)
_V_TURNS = np.isin(np.arange(256), V_MIRRORED)


def mirror_values(labels: np.ndarray) -> np.ndarray:
    """Rename labels that were already turned over in space.

    Args:
        labels: (..., C ≥ 3) uint8, I, 255·U, 255·V and channels that do not change.

    Returns:
        A new array of the same shape.
    """
    out = labels.copy()
    part, u, v = labels[..., 0], labels[..., 1], labels[..., 2]
    out[..., 0] = PART_MIRROR[part]
    out[..., 1] = np.where(_U_TURNS[part], 255 - u, u)
    out[..., 2] = np.where(_V_TURNS[part], 255 - v, v)
    return out


def mirror_points(points: np.ndarray) -> np.ndarray:
    """Rename points whose x, y were already turned over: (P, 6) x, y, I, U, V, person."""
    out = points.copy()
    part = points[:, 2].astype(np.uint8)
    out[:, 2] = PART_MIRROR[part]
    out[:, 3] = np.where(_U_TURNS[part], 1 - points[:, 3], points[:, 3])
    out[:, 4] = np.where(_V_TURNS[part], 1 - points[:, 4], points[:, 4])
    return out
