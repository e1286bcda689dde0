"""An adult in the rest pose whose colours say where on the body they are."""

import numpy as np

from ddp_video.synthesis.looks.preview import view
from ddp_video.synthesis.looks.surface import atlas_map, looked_up

SIDE = 64  # of a tile: enough, and quick


def colours(points: np.ndarray) -> np.ndarray:
    """(…, 3) smooth colours of points (…, 3): as far from the middle, as deep, as high."""
    x, y, z = np.moveaxis(points, -1, 0)
    scaled = np.stack([abs(x) / 0.9, (y + 0.3) / 0.6, (z + 1.0) / 2.0], -1)
    return (30 + 190 * scaled.clip(0, 1)).astype(np.float32)


def person(side: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Image (H, W, 3), labels (H, W, 3) and mask (H, W), from before (1) or from behind (−1)."""
    mask, found = view(side)
    iuv = np.zeros((*mask.shape, 3), np.uint8)
    iuv[mask] = np.rint(found * (1, 255, 255))
    image = np.full(iuv.shape, 255, np.uint8)
    image[mask] = colours(looked_up(atlas_map(SIDE).points, *found.T)).round()
    return image, iuv, mask


def whole() -> np.ndarray:
    """(6·S, 4·S, 3) float32: the same colours as an atlas."""
    return colours(atlas_map(SIDE).points)
