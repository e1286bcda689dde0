"""How far flow is from the truth, and what can be said of it where there is no truth.

Flows are (H, W, 2) float32, x then y, in pixels.
"""

import cv2
import numpy as np

OUTLIER_PIXELS, OUTLIER_SHARE = 3.0, 0.05  # KITTI 2015: both must be exceeded
CONSISTENT_SHARE, CONSISTENT_PIXELS = 0.01, 0.5  # Sundaram, Brox and Keutzer, ECCV 2010, Eq. 5


def end_point_error(flow: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(H, W) distance from the true end point in pixels; NaN where the truth is."""
    return np.linalg.norm(flow - truth, axis=-1)


def outliers(error: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(H, W) bool, wrong by KITTI's rule: by more than 3 pixels and more than 5 % of the motion."""
    return (error > OUTLIER_PIXELS) & (error > OUTLIER_SHARE * np.linalg.norm(truth, axis=-1))


def near(where: np.ndarray, pixels: int) -> np.ndarray:
    """(H, W) bool, within so many pixels of a place; the place too."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
    return cv2.dilate(where.astype(np.uint8), disc) > 0


def warped(picture: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """What a flow finds in the other picture, (H, W, …); black where it leaves it."""
    return cv2.remap(picture, *_ends(flow), cv2.INTER_LINEAR)


def lands_inside(flow: np.ndarray) -> np.ndarray:
    """(H, W) bool, whether the end point is in the picture."""
    (x, y), (height, width) = _ends(flow), flow.shape[:2]
    return (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)


def consistent(flow: np.ndarray, back: np.ndarray) -> np.ndarray:
    """(H, W) bool, whether going there and back ends close to the start."""
    returned = cv2.remap(back, *_ends(flow), cv2.INTER_LINEAR)
    gap = np.square(flow + returned).sum(-1)
    length = np.square(flow).sum(-1) + np.square(returned).sum(-1)
    return lands_inside(flow) & (gap < CONSISTENT_SHARE * length + CONSISTENT_PIXELS)


def _ends(flow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    height, width = flow.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return x + flow[..., 0], y + flow[..., 1]
