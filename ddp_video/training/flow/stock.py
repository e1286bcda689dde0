"""What pairs are made of: photos as backgrounds, and cut-outs of people and things.

A stock is a folder of pictures: those with an alpha channel (PNG, WebP) are cut-outs, all others
are photos. `write_cut_out` makes the former, so that a stock is small enough to be sent along.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ...atomic import beside
from ...errors import DataError, OutputError
from ..batches import list_pictures

PHOTO_SIDE = 640  # pixels: larger photos are shrunk, for the pairs are small
CUT_OUT_SIDE = 320
_QUALITY = 85  # of WebP


@dataclass(frozen=True)
class Stock:
    """Pictures in memory.

    Attributes:
        photos: (h, w, 3) uint8 RGB each.
        cut_outs: (h, w, 4) uint8 each, RGB times alpha, and alpha.
    """

    photos: Sequence[np.ndarray]
    cut_outs: Sequence[np.ndarray]


def read_stock(folders: Sequence[Path]) -> Stock:
    """Read all pictures of some folders and their subfolders.

    Raises:
        DataError: one cannot be read, or there are no photos among them.
    """
    photos, cut_outs = [], []
    for path in (p for folder in folders for p in list_pictures(folder)):
        picture = _read(path)
        kind = photos if picture.shape[2] == 3 else cut_outs
        kind.append(shrunk(picture, PHOTO_SIDE if picture.shape[2] == 3 else CUT_OUT_SIDE))
    if not photos:
        raise DataError(f"no photos in {folders[0]}: pairs need pictures without alpha behind them")
    return Stock(photos, cut_outs)


def write_cut_out(image: np.ndarray, mask: np.ndarray, path: Path) -> None:
    """Cut something out of a photo and write it as WebP with alpha.

    Args:
        image: (H, W, 3) uint8 RGB.
        mask: (H, W) bool, not empty.
        path: of the file, .webp.

    Raises:
        OutputError: it cannot be written.
    """
    x, y, w, h = cv2.boundingRect(mask.astype(np.uint8))
    window = slice(y, y + h), slice(x, x + w)
    cut = np.dstack([image[window], mask[window].astype(np.uint8) * 255])
    cut = cv2.copyMakeBorder(cut, 2, 2, 2, 2, cv2.BORDER_CONSTANT)  # WebP drops a full alpha
    cut[..., 3] = cv2.GaussianBlur(cut[..., 3], (3, 3), 0)
    write_picture(shrunk(cut, CUT_OUT_SIDE), path)


def write_picture(picture: np.ndarray, path: Path) -> None:
    """Write (h, w, 3 or 4) uint8 RGB or RGBA as WebP.

    Raises:
        OutputError: it cannot be written.
    """
    swapped = np.ascontiguousarray(picture[..., [2, 1, 0, 3][: picture.shape[2]]])
    coded = cv2.imencode(".webp", swapped, [cv2.IMWRITE_WEBP_QUALITY, _QUALITY])[1]
    try:
        with beside(path) as part:
            part.write_bytes(coded.tobytes())
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; choose another -o") from error


def shrunk(picture: np.ndarray, side: int) -> np.ndarray:
    """The same with its longer side at most so long."""
    scale = side / max(picture.shape[:2])
    if scale >= 1:
        return picture
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def _read(path: Path) -> np.ndarray:
    """(h, w, 3) RGB, or (h, w, 4) RGB times alpha, and alpha."""
    data = np.fromfile(os.fspath(path), np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
    if picture is None or picture.dtype != np.uint8:
        raise DataError(f"{path} is not an 8-bit picture that OpenCV reads; restore the file")
    if picture.ndim == 2:
        return cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB)
    if picture.shape[2] == 3:
        return np.ascontiguousarray(picture[..., ::-1])
    colours, alpha = picture[..., 2::-1], picture[..., 3:]
    return np.concatenate([np.rint(colours * (alpha / 255.0)).astype(np.uint8), alpha], 2)
