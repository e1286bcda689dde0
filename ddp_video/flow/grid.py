"""From the frame to the size of the estimation, and from there to another grid.

Dims: H W = the frame, f g = height and width at which the flow is estimated, h w = the logit grid.
All three cover exactly the whole picture (`align_corners=False`: pixel x is the cell [x-.5, x+.5]),
so going from one to another multiplies a displacement by the ratio of the sides and nothing else.
"""

import cv2
import numpy as np
import torch
from torch import Tensor


def to_grid(flow_FG2: np.ndarray, grid: tuple[int, int]) -> Tensor:
    """Bring a flow to another grid over the same picture, displacements in its pixels.

    Args:
        flow_FG2: (f, g, 2) float32 flow, x then y, in its own pixels.
        grid: (h, w).

    Returns:
        (2, h, w) float32: means over the cells where the grid is coarser, bilinear where finer.
    """
    (rows, columns), (h, w) = flow_FG2.shape[:2], grid
    flow_HW2 = _resize(flow_FG2, grid) * np.array([w / columns, h / rows], np.float32)
    return torch.from_numpy(np.ascontiguousarray(flow_HW2.transpose(2, 0, 1)))


def canvas(
    image: np.ndarray, max_side: int, minimum: int, multiple: int
) -> tuple[np.ndarray, tuple[slice, slice]]:
    """Resize to the size of the estimation; repeat the edge as far as the engine's sides ask for.

    Returns the picture, and the slices (rows, columns) that cut that margin off.
    """
    height, width = image.shape[:2]
    scale = min(1.0, max_side / max(height, width))
    f, g = (max(1, round(side * scale)) for side in (height, width))
    down, right = (max(minimum, -(-side // multiple) * multiple) - side for side in (f, g))
    top, left = down // 2, right // 2
    pixels = cv2.copyMakeBorder(
        _resize(image, (f, g)), top, down - top, left, right - left, cv2.BORDER_REPLICATE
    )
    return pixels, (slice(top, top + f), slice(left, left + g))


def _resize(array: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Average along the axes that shrink, interpolate along those that grow; (h, w) cells."""
    h, w = size
    # two steps, for OpenCV averages only where no axis grows
    small = (min(w, array.shape[1]), min(h, array.shape[0]))
    array = cv2.resize(array, small, interpolation=cv2.INTER_AREA)
    return cv2.resize(array, (w, h), interpolation=cv2.INTER_LINEAR)
