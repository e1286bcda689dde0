"""Points as DensePose-COCO's annotators were given them: spread evenly over each visible part.

"We sample each part region with a set of roughly equidistant points obtained via k-means …  the
maximum number of sampled points per part is 14" (Güler, Neverova, Kokkinos: DensePose, 2018).
"""

import cv2
import numpy as np

PER_PART = 14
AREA = 12  # pixels of a part for each of its points
STOP = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 10, 0.5)


def centres(pixels: np.ndarray, count: int) -> np.ndarray:
    """(count,) numbers of the pixels (P, 2) nearest to the centres of k-means."""
    found = cv2.kmeans(
        pixels.astype(np.float32), count, np.empty(0, np.int32), STOP, 1, cv2.KMEANS_PP_CENTERS
    )[2]
    return np.square(found[:, None] - pixels[None]).sum(2).argmin(1)


def sampled_points(iuv: np.ndarray, mask: np.ndarray, seed: int) -> np.ndarray:
    """Points of one person.

    Args:
        iuv: (H, W, 3) float, I 0..24, U and V 0..1.
        mask: (H, W) bool, where the person is seen.
        seed: of k-means.

    Returns:
        (P, 5) float32: x, y in pixels (pixel i has its centre at i + 0.5), I, U, V.
    """
    cv2.setRNGSeed(seed)
    part = np.where(mask, iuv[..., 0], 0).round().astype(int)
    rows = [np.zeros((0, 5), np.float32)]
    for number in range(1, 25):
        pixels = np.argwhere(part == number)
        count = min(PER_PART, len(pixels) // AREA)
        if count:
            y, x = pixels[np.unique(centres(pixels, count))].T
            spots = np.stack([x + 0.5, y + 0.5], 1)
            rows.append(np.concatenate([spots, iuv[y, x]], 1).astype(np.float32))
    return np.concatenate(rows)
