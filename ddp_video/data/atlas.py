"""The layout of DensePose's texture atlases.

4 columns of 6 tiles, parts 1 to 6 down the first column, 7 to 12 down the second, and so on; within
a tile U runs to the right and V upwards.
"""

import numpy as np

from .mirror import PART_MIRROR, U_MIRRORED, V_MIRRORED

COLUMNS, ROWS = 4, 6
TILE = 200  # side of a tile in texels: DensePose's atlases are 800×1200
LAST = COLUMNS * ROWS  # the highest part


def atlas_position(
    part: np.ndarray, u: np.ndarray, v: np.ndarray, side: int
) -> tuple[np.ndarray, np.ndarray]:
    """Where labels lie on an atlas.

    Args:
        part: 1..24, any shape.
        u: 0..1, of the same shape.
        v: likewise.
        side: of a tile in texels.

    Returns:
        x and y float32 in texels, the middle of texel (0, 0) at (0, 0).
    """
    column, row = np.divmod(part.astype(np.float32) - 1, ROWS)
    return column * side + u * (side - 1), row * side + (1 - v) * (side - 1)


def tile(part: int, side: int) -> tuple[slice, slice]:
    """Rows and columns of a part's tile."""
    column, row = divmod(part - 1, ROWS)
    return np.s_[row * side : (row + 1) * side, column * side : (column + 1) * side]


def mirrored_atlas(atlas: np.ndarray) -> np.ndarray:
    """The atlas (6·S, 4·S, …) of the same person in a mirror, by the law of `data.mirror`."""
    side = atlas.shape[1] // COLUMNS
    out = np.empty_like(atlas)
    for part in range(1, LAST + 1):
        other = atlas[tile(int(PART_MIRROR[part]), side)]
        other = other[:, ::-1] if part in U_MIRRORED else other
        out[tile(part, side)] = other[::-1] if part in V_MIRRORED else other
    return out
