"""A person drawn by hand: 100 pixels to the metre, upright, hips in the middle of the crop."""

import numpy as np

from ddp_video.fitting.observe import Pose
from ddp_video.fitting.sides import Body

METRE = 100.0
CENTRE = 128.0

# x to the person's left, y down, z out of the back, metres from the hips' middle; odd = left.
JOINTS = {
    0: (0.0, -0.75, -0.1), 7: (0.08, -0.75, 0.0), 8: (-0.08, -0.75, 0.0),
    11: (0.18, -0.5, 0.0), 12: (-0.18, -0.5, 0.0), 13: (0.45, -0.5, 0.0), 14: (-0.45, -0.5, 0.0),
    15: (0.7, -0.5, 0.0), 16: (-0.7, -0.5, 0.0), 19: (0.8, -0.5, 0.0), 20: (-0.8, -0.5, 0.0),
    23: (0.12, 0.0, 0.0), 24: (-0.12, 0.0, 0.0), 25: (0.2, 0.45, 0.0), 26: (-0.2, 0.45, 0.0),
    27: (0.3, 0.9, 0.0), 28: (-0.3, 0.9, 0.0), 31: (0.35, 0.95, -0.1), 32: (-0.35, 0.95, -0.1),
}  # fmt: skip


def world(turned: float = 0.0) -> np.ndarray:
    """(39, 3) metres; `turned` radians about the upright axis, 0 faces the camera."""
    points = np.zeros((39, 3))
    for k, place in JOINTS.items():
        points[k] = place
    c, s = np.cos(turned), np.sin(turned)
    return points @ np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])


def body(turned: float = 0.0) -> Body:
    points = world(turned)
    return Body(points[:, :2] * METRE + CENTRE, points, np.ones(39), METRE)


def pose(mask: np.ndarray, turned: float = 0.0, score: float = 1.0) -> Pose:
    """As BlazePose would give it for a picture that is the crop itself."""
    points = world(turned)
    identity = np.array([[1, 0, 0], [0, 1, 0]], np.float32)
    return Pose(
        xy=points[:, :2] * METRE + CENTRE,
        world=points,
        visibility=np.ones(39),
        mask=mask.astype(np.float32),
        score=score,
        angle=0.0,
        crop=identity,
    )
