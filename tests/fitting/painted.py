"""Photos in which the person is painted white, and teachers that see just that."""

import numpy as np

from ddp_video.fitting.observe import Pose, Surface

from .figures import pose

SIDE = 256


class Painted:
    """Teachers for pictures in which the person is painted white."""

    def __init__(self, *_: object) -> None:
        self.looked = 0

    def outline(self, image: np.ndarray) -> np.ndarray:
        return image[:, :, 0] > 200

    def boxes(self, image: np.ndarray, threshold: float = 0.35) -> np.ndarray:
        rows, columns = np.nonzero(self.outline(image))
        if not len(rows):
            return np.zeros((0, 5), np.float32)
        low = columns.min(), rows.min()
        return np.array([[*low, columns.max() + 1, rows.max() + 1, 0.9]], np.float32)

    def pose(self, image: np.ndarray, box: np.ndarray, angle: float = 0.0) -> Pose:
        self.looked += 1
        return pose(self.outline(image), score=1.0 if angle == 0 else 0.1)

    def matte(self, image: np.ndarray, **_: object) -> np.ndarray:
        return self.outline(image).astype(np.float32)

    def surface(self, image: np.ndarray) -> Surface:
        cells = (image.shape[0] - 1) // 16 + 1
        parts = np.full((24, cells, cells), -8.0, np.float32)
        parts[1] = 8
        half = np.full((24, cells, cells), 0.5, np.float32)
        return Surface(np.ones((cells, cells), np.float32), parts, half, half)


def painted(x0: int = 90, y0: int = 20, x1: int = 166, y1: int = 236) -> np.ndarray:
    image = np.zeros((SIDE, SIDE, 3), np.uint8)
    image[y0:y1, x0:x1] = 255
    return image
