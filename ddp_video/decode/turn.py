"""From a stored picture to the displayed one."""

from typing import NamedTuple

import numpy as np


class Turn(NamedTuple):
    """One of the eight ways to lay a rectangle on itself: transpose, then flip."""

    transpose: bool
    flip_x: bool
    flip_y: bool


UPRIGHT = Turn(False, False, False)


def turned(image_HWC: np.ndarray, turn: Turn) -> np.ndarray:
    """The picture turned, contiguous in memory."""
    if turn == UPRIGHT:
        return np.ascontiguousarray(image_HWC)
    if turn.transpose:
        image_HWC = image_HWC.transpose(1, 0, 2)
    rows, columns = -1 if turn.flip_y else 1, -1 if turn.flip_x else 1
    return np.ascontiguousarray(image_HWC[::rows, ::columns])


def over_black(image_HW4: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 of an (H, W, 4) uint8 picture with straight alpha."""
    alpha = image_HW4[..., 3:].astype(np.uint16)
    return ((image_HW4[..., :3] * alpha + 127) // 255).astype(np.uint8)
