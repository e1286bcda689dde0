"""Single pictures, as PNG."""

from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from ..atomic import beside
from ..errors import OutputError, ShapeError
from .target import check_output, explained


def write_picture(
    path: Path,
    image: np.ndarray,
    overwrite: bool = False,
    channel_order: Literal["rgb", "bgr"] = "rgb",
    source: Path | None = None,
) -> None:
    """Write a PNG, lossless, beside the target and renamed.

    Args:
        path: target, ending in .png. A missing folder is made.
        image: (H, W) labels, (H, W, 3) colours or (H, W, 4) with alpha; uint8 or uint16.
        overwrite: replace an existing file.
        channel_order: how the channels of `image` are to be read: "rgb" for pictures; "bgr" for
            (I, 255·U, 255·V), which OpenCV then reads back in this order.
        source: the input, which is never overwritten.

    Raises:
        OutputError: the target exists, is the input, or cannot be written.
        ShapeError: not a picture.
    """
    channels = image.shape[2] if image.ndim == 3 else 1
    if image.dtype not in (np.uint8, np.uint16) or image.ndim not in (2, 3) or channels == 2:
        raise ShapeError(f"a picture is (H, W[, 3|4]) uint8 or uint16, not {image.shape}")
    if path.suffix.lower() != ".png":
        raise OutputError(f"{path}: pictures are written as PNG: choose a name ending in .png")
    check_output(path, [source] if source else [], overwrite)
    if channel_order == "rgb" and channels > 1:
        image = cv2.cvtColor(image, cv2.COLOR_RGB2BGR if channels == 3 else cv2.COLOR_RGBA2BGRA)
    _, png = cv2.imencode(".png", image)
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside(path) as part:
            part.write_bytes(png.tobytes())
