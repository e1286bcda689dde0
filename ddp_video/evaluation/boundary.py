"""How well outlines agree; the IoU of large masks hardly tells."""

import cv2
import numpy as np

BAND = 0.02  # of the picture's diagonal: the band inside an outline that boundary IoU compares
TOLERANCE = 0.008  # of the diagonal: how far an outline may be off for boundary F
FARTHEST = 16.0  # pixels


def boundary_iou(found: np.ndarray, true: np.ndarray) -> float:
    """IoU of the inner bands along both outlines (Cheng et al., CVPR 2021).

    Args:
        found: (H, W) bool.
        true: (H, W) bool.

    Returns:
        0..1; 1 where both masks are empty.
    """
    width = max(1, round(BAND * float(np.hypot(*true.shape))))
    a, b = band(found, width), band(true, width)
    union = (a | b).sum()
    return float((a & b).sum() / union) if union else 1.0


def boundary_f(found: np.ndarray, true: np.ndarray) -> float:
    """Harmonic mean of outline precision and recall (DAVIS, Perazzi et al., CVPR 2016).

    Returns:
        0..1; 1 where neither mask has an outline, 0 where one of them has none.
    """
    reach = int(np.ceil(TOLERANCE * float(np.hypot(*true.shape))))
    a, b = band(found, 1), band(true, 1)
    if not a.any() or not b.any():
        return float(a.any() == b.any())
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    near_a, near_b = (cv2.dilate(x.astype(np.uint8), disc) > 0 for x in (a, b))
    precision, recall = (a & near_b).sum() / a.sum(), (b & near_a).sum() / b.sum()
    return float(2 * precision * recall / max(precision + recall, 1e-12))


def band(mask: np.ndarray, width: int) -> np.ndarray:
    """Pixels of the mask within `width` of its outline; the picture's edge is outline too."""
    padded = np.pad(mask.astype(np.uint8), 1)
    inner = cv2.erode(padded, np.ones((3, 3), np.uint8), iterations=width)[1:-1, 1:-1]
    return mask & (inner == 0)


def boundary_distance(found: np.ndarray, true: np.ndarray, most: float = FARTHEST) -> float:
    """Mean distance in pixels from each outline to the other one, both ways.

    Args:
        found: (H, W) bool.
        true: (H, W) bool.
        most: no pixel counts as farther away than this, so that a false person is no catastrophe.

    Returns:
        0 where neither mask has an outline, `most` where one of them has none.
    """
    a, b = band(found, 1), band(true, 1)
    if not a.any() or not b.any():
        return 0.0 if a.any() == b.any() else most
    to_a, to_b = (cv2.distanceTransform((~x).astype(np.uint8), cv2.DIST_L2, 5) for x in (a, b))
    return float(np.minimum(to_b[a], most).mean() + np.minimum(to_a[b], most).mean()) / 2
