"""Pictures whose motion is known."""

import cv2
import numpy as np

# OpenCV's own results differ by 1e-6 with the alignment of the memory, and its bilinear weights
# come in steps of 1/32
CLOSE = {"atol": 5e-3, "rtol": 1e-3}


def world(height: int, width: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 256, (height, width, 3), np.uint8)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.5)
    return cv2.normalize(smooth, smooth.copy(), 0, 255, cv2.NORM_MINMAX)


def panning(frames: int, step: tuple[int, int], size=(90, 160)) -> list[np.ndarray]:
    """The picture's content moves by `step` (x, y), both at most 0, from frame to frame."""
    height, width = size
    big = world(height + 40, width + 40)
    starts = [(-step[1] * t, -step[0] * t) for t in range(frames)]
    return [np.ascontiguousarray(big[y : y + height, x : x + width]) for y, x in starts]
