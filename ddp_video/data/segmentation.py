"""COCO segmentations: polygons, compressed and uncompressed run lengths ↔ boolean masks."""

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from ..errors import DataError

DP_SIDE = 256  # DensePose-COCO masks and points live on a 256×256 grid over the box
COARSE_PARTS = 14

# DensePose part 0..24 → coarse part 0..14 (the order of dp_masks); 255 = unknown.
COARSE_OF_PART = np.zeros(256, np.uint8)
COARSE_OF_PART[1:25] = [
    1,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    6,
    7,
    8,
    9,
    8,
    9,
    10,
    11,
    10,
    11,
    12,
    13,
    12,
    13,
    14,
    14,
]
COARSE_OF_PART[255] = 255


def _coco_mask() -> ModuleType:
    """Imported late: only datasets need it, running on a video does not."""
    try:
        from pycocotools import mask
    except ImportError as error:
        raise DataError(
            "datasets need pycocotools: install it with pip install 'ddp-video[train]'"
        ) from error
    return mask


def decode(segmentation: Any, height: int, width: int) -> np.ndarray:  # noqa: ANN401 - JSON
    """Rasterise a COCO segmentation.

    Args:
        segmentation: list of polygons [x0, y0, x1, y1, …] in pixels, or run lengths with `counts`
            as a string (compressed) or as a list (as COCO writes crowds).
        height: of the picture.
        width: of the picture.

    Returns:
        (height, width) bool.

    Raises:
        DataError: neither polygons nor run lengths of this size.
    """
    if isinstance(segmentation, Mapping):
        if "counts" not in segmentation or list(segmentation.get("size", ())) != [height, width]:
            raise DataError(
                f"run lengths need counts and size [{height}, {width}], "
                f"not size {segmentation.get('size')}: write the segmentation again"
            )
        counts = segmentation["counts"]
        return _fill(counts if isinstance(counts, list) else _counts(counts), height, width)
    polygons = [p for p in segmentation if isinstance(p, Sequence) and len(p) >= 6]
    if not polygons:
        raise DataError("a segmentation needs a polygon of at least three points, or run lengths")
    coco = _coco_mask()
    rle = coco.merge(coco.frPyObjects(polygons, height, width))
    return _fill(_counts(rle["counts"]), height, width)


def _counts(text: str | bytes) -> np.ndarray:
    """Run lengths from COCO's compressed string.

    Each number is written in groups of 5 bits, low first, as characters from '0' on, with 32 added
    where another group follows; from the fourth number on it is the difference to the one two
    before.
    """
    code = np.frombuffer(text.encode("ascii") if isinstance(text, str) else text, np.uint8)
    code = code.astype(np.int64) - ord("0")
    last = np.flatnonzero((code & 32) == 0)
    first = np.r_[0, last[:-1] + 1]
    place = np.arange(len(code)) - np.repeat(first, last - first + 1)
    counts = np.add.reduceat((code & 31) << (5 * place), first)
    counts -= np.where(code[last] & 16, np.int64(1) << (5 * (last - first + 1)), 0)
    counts[1::2] = np.cumsum(counts[1::2])
    counts[2::2] = np.cumsum(counts[2::2])
    return counts


def _fill(counts: Sequence[int] | np.ndarray, height: int, width: int) -> np.ndarray:
    """Mask from run lengths, which alternate 0 and 1 down the columns."""
    counts = np.asarray(counts, np.int64)
    if (counts < 0).any() or counts.sum() != height * width:
        raise DataError(
            f"run lengths cover {counts.sum()} of {height * width} pixels: "
            "write the segmentation again"
        )
    values = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return np.ascontiguousarray(values.reshape(width, height).T)


def encode(mask: np.ndarray) -> dict[str, Any]:
    """Compressed COCO run lengths of a (H, W) mask, ready for JSON."""
    rle = _coco_mask().encode(np.asfortranarray(mask, dtype=np.uint8))
    return {"size": [int(s) for s in rle["size"]], "counts": rle["counts"].decode("ascii")}


def paste_coarse(
    dp_masks: Sequence[Any], box_xywh: Sequence[float], height: int, width: int
) -> np.ndarray:
    """Paste DensePose-COCO's coarse part masks into the picture.

    A pixel takes the label of the 256×256 cell that holds its centre.

    Args:
        dp_masks: 14 run lengths of 256×256, or empty entries for parts that are not seen.
        box_xywh: the person's box in pixels.
        height: of the picture.
        width: of the picture.

    Returns:
        (height, width) uint8, 0 outside, 1..14 the coarse part.

    Raises:
        DataError: more than 14 masks, or a mask of another size.
    """
    if len(dp_masks) > COARSE_PARTS:
        raise DataError(f"dp_masks has {len(dp_masks)} entries; DensePose-COCO has {COARSE_PARTS}")
    cells = np.zeros((DP_SIDE, DP_SIDE), np.uint8)
    for part, rle in enumerate(dp_masks, 1):
        if rle:
            cells[decode(rle, DP_SIDE, DP_SIDE)] = part
    x, y, w, h = box_xywh
    column = np.floor((np.arange(width) + 0.5 - x) / w * DP_SIDE).astype(int)
    row = np.floor((np.arange(height) + 0.5 - y) / h * DP_SIDE).astype(int)
    inside_x, inside_y = (column >= 0) & (column < DP_SIDE), (row >= 0) & (row < DP_SIDE)
    coarse = np.zeros((height, width), np.uint8)
    coarse[np.ix_(inside_y, inside_x)] = cells[np.ix_(row[inside_y], column[inside_x])]
    return coarse
