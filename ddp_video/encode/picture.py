"""Single pictures: PNG, and JPEG for those who ask for it."""

from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from ..atomic import beside
from ..errors import OutputError, ShapeError
from .target import check_output, explained

# as little loss as JPEG can have: flat colours come back to within a few levels
_JPEG = [
    *(cv2.IMWRITE_JPEG_QUALITY, 100),
    *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444),
]


def write_picture(
    path: Path,
    image: np.ndarray,
    overwrite: bool = False,
    channel_order: Literal["rgb", "bgr"] = "rgb",
    source: Path | None = None,
) -> None:
    """Write a picture beside the target and renamed.

    Args:
        path: target, ending in .png (lossless) or, for 8-bit colours, .jpg. A missing folder is
            made.
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
    if path.suffix.lower() not in (".png", ".jpg"):
        raise OutputError(f"{path}: pictures are written as PNG: choose a name ending in .png")
    check_output(path, [source] if source else [], overwrite)
    if channel_order == "rgb" and channels > 1:
        image = cv2.cvtColor(image, cv2.COLOR_RGB2BGR if channels == 3 else cv2.COLOR_RGBA2BGRA)
    suffix = path.suffix.lower()
    _, coded = cv2.imencode(suffix, image, _JPEG if suffix == ".jpg" else [])
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside(path) as part:
            part.write_bytes(coded.tobytes())
