"""Parts as the colours that the tools of the field know, and pictures of a fixed size."""

import cv2
import numpy as np

from ..render import IUV, labels
from ..types import PARTS, Prediction

# DensePose's visualiser scales I by 255/24 and cuts off the fraction.
_LEVELS = (np.arange(PARTS) * 255 / (PARTS - 1)).astype(np.uint8)


def _colours(colour_map: int) -> np.ndarray:
    """(25, 3) uint8 RGB."""
    return cv2.applyColorMap(_LEVELS[:, None], colour_map)[:, 0, ::-1].copy()


VIRIDIS = _colours(cv2.COLORMAP_VIRIDIS)  # background (68, 1, 84), which is viridis of 0
PARULA_ON_BLACK = _colours(cv2.COLORMAP_PARULA)
PARULA_ON_BLACK[0] = 0


def nearest_parts(image: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """The part whose colour is nearest, for pictures that went through a lossy codec.

    Args:
        image: (H, W, 3) uint8 RGB.
        colours: (25, 3) uint8 RGB.

    Returns:
        (H, W) uint8, 0..24.
    """
    nearest = np.zeros(image.shape[:2], np.uint8)
    least = np.full(image.shape[:2], np.inf, np.float32)
    for part, colour in enumerate(colours.astype(np.float32)):
        distance = np.square(image - colour).sum(axis=2)
        closer = distance < least
        nearest[closer], least[closer] = part, distance[closer]
    return nearest


def fitted_labels(prediction: Prediction, size: tuple[int, int]) -> IUV:
    """Labels as large as fits into a picture, in its middle, proportions kept.

    The logits are brought to that size, not their labels, so outlines stay clean.

    Args:
        prediction: of one frame.
        size: (H, W) of the picture.
    """
    scale = min(size[0] / prediction.size[0], size[1] / prediction.size[1])
    height, width = (max(1, round(side * scale)) for side in prediction.size)
    inner = labels(prediction, (height, width))
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    margins = ((top, size[0] - height - top), (left, size[1] - width - left))
    return IUV(*(np.pad(each, margins) for each in (inner.part, inner.u, inner.v)))
