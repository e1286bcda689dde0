"""What a rendered picture's labels are, and where people's joints are seen in it."""

from dataclasses import dataclass

import numpy as np

from ..scene.camera import project
from .rasterise import Camera

HIDDEN, SEEN = 1, 2  # COCO's flags of a joint in the picture; 0: outside

HEAD = (23, 24)
# Parts on which each joint of COCO may be seen, and how deep below the surface it lies, in metres.
JOINTS: dict[str, tuple[tuple[int, ...], float]] = {
    "nose": (HEAD, 0.05),
    "left_eye": (HEAD, 0.05),
    "right_eye": (HEAD, 0.05),
    "left_ear": (HEAD, 0.05),
    "right_ear": (HEAD, 0.05),
    "left_shoulder": ((1, 2, 15, 17), 0.2),
    "right_shoulder": ((1, 2, 16, 18), 0.2),
    "left_elbow": ((15, 17, 19, 21), 0.12),
    "right_elbow": ((16, 18, 20, 22), 0.12),
    "left_wrist": ((4, 19, 21), 0.1),
    "right_wrist": ((3, 20, 22), 0.1),
    "left_hip": ((1, 2, 8, 10), 0.25),
    "right_hip": ((1, 2, 7, 9), 0.25),
    "left_knee": ((8, 10, 12, 14), 0.16),
    "right_knee": ((7, 9, 11, 13), 0.16),
    "left_ankle": ((5, 12, 14), 0.12),
    "right_ankle": ((6, 11, 13), 0.12),
}


@dataclass(frozen=True)
class PersonTruth:
    """One person in a picture, hidden parts included.

    Attributes:
        box: (4,) left, top, right, bottom of the whole person in pixels; it may leave the picture.
        visible: pixels that it covers.
        joints: (17, 3) COCO's joints: x, y in pixels (the first pixel's centre is at .5), and
            0 outside the picture, 1 hidden, 2 seen.
    """

    box: np.ndarray
    visible: int
    joints: np.ndarray


@dataclass(frozen=True)
class Truth:
    """Exact labels through the pixels' centres.

    Attributes:
        iuv: (H, W, 3) float32: I, and U and V in 0..1; zero where nobody is.
        owner: (H, W) uint8: 0, or the actor's number from 1.
        body: (H, W) bool: the dense-pose mask, where a person is seen and its body is below the
            clothes and hair.
        depth: (H, W) float32 metres along the camera's axis; infinite where nothing is.
        people: one per actor.
        camera: whose picture.
    """

    iuv: np.ndarray
    owner: np.ndarray
    body: np.ndarray
    depth: np.ndarray
    people: tuple[PersonTruth, ...]
    camera: Camera


def whole_box(seen: np.ndarray, camera: Camera, near: float) -> np.ndarray:
    """(4,) left, top, right, bottom of (V, 3) points in the camera's frame that are before it."""
    there = seen[seen[:, 2] > near]
    if not len(there):
        return np.zeros(4, np.float32)
    middle = np.array([camera.size[1], camera.size[0]]) / 2
    pixels = camera.focal * there[:, :2] / there[:, 2:] + middle
    return np.concatenate([pixels.min(0), pixels.max(0)]).astype(np.float32)


def seen_joints(
    points: np.ndarray, camera: Camera, mine: np.ndarray, part: np.ndarray, depth: np.ndarray
) -> np.ndarray:
    """COCO's joints of one person.

    A joint is seen where the pixel shows a part that it belongs to, little before it.

    Args:
        points: (17, 3) in the world, in the order of `JOINTS`.
        camera: whose picture.
        mine: (H, W) bool, the person.
        part: (H, W) I.
        depth: (H, W) metres.

    Returns:
        (17, 3) x, y, flag.
    """
    pixels, z = project(camera, points)
    h, w = camera.size
    within = (z > 0) & (pixels >= 0).all(1) & (pixels < (w, h)).all(1)
    x, y = np.where(within[:, None], pixels, 0).astype(int).T
    parts, slack = zip(*JOINTS.values(), strict=True)
    fits = [p in allowed for p, allowed in zip(part[y, x], parts, strict=True)]
    shallow = np.abs(z - depth[y, x]) < slack
    flag = within * (HIDDEN + (mine[y, x] & fits & shallow))
    return np.column_stack([pixels, flag]).astype(np.float32)
