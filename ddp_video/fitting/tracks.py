"""Who is who from one frame of a clip to the next, and who jumps."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from .one_photo import Sight
from .people import box_iou

SAME = 0.3  # IoU of two boxes in successive frames, below which they are two people
JUMP = 0.06  # of the person's height: how far a body may lie from between its neighbours


def link(sights: Sequence[Sight]) -> list[list[int]]:
    """The track of each person of each frame; tracks count from 0 and have no gaps."""
    out: list[list[int]] = []
    boxes: list[np.ndarray] = []  # of the frame before
    fresh = 0
    for sight in sights:
        own = [-1] * len(sight.people)
        here = [person.box for person in sight.people]
        size = len(here), len(boxes)
        overlap = np.array([box_iou(a, b) for a in here for b in boxes]).reshape(size)
        for k, before in zip(*linear_sum_assignment(-overlap), strict=True):
            if overlap[k, before] >= SAME:
                own[k] = out[-1][before]
        for k, track in enumerate(own):
            if track < 0:
                own[k], fresh = fresh, fresh + 1
        out.append(own)
        boxes = here
    return out


def jumps(joints: np.ndarray, every: int = 1) -> np.ndarray:
    """Which bodies of one person are not where those before and after say.

    Args:
        joints: (T, K, 2) pixels, frame by frame.
        every: frames of the clip from one to the next; where speeds wander, what they stray by
            grows with its power 3/2.

    Returns:
        (T,) bool; the first and the last never jump.
    """
    out = np.zeros(len(joints), bool)
    if len(joints) > 2:
        between = (joints[:-2] + joints[2:]) / 2
        away = np.median(np.linalg.norm(joints[1:-1] - between, axis=2), axis=1)
        height = np.ptp(joints[1:-1], axis=1).max(1).clip(1)
        out[1:-1] = away > JUMP * every**1.5 * height
    return out
