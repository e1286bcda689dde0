"""True people of one labelled picture: masks, surfaces, and the points at which GPS is measured."""

from dataclasses import dataclass

import numpy as np

from ..data.densepose_coco import UNKNOWN, Record
from ..data.segmentation import COARSE_PARTS, DP_SIDE

POINTS_A_PART = 14  # annotators of DensePose-COCO clicked up to this many in every part they saw
EVALUATOR_SIDE = 255  # the official evaluator divides dp_x, dp_y by this, the format's page by 256


@dataclass(frozen=True)
class TruePerson:
    """One true person.

    Attributes:
        box: (4,) x0, y0, x1, y1 in pixels.
        mask: (H, W) bool, the visible person.
        surface: (H, W) bool, where the body is labelled; None where no one labelled it densely.
        points: (P, 5) float: x, y in pixels, I 1..24, U, V; from dense labels where there are any,
            else as clicked. Empty without surface labels.
        iuv: (H, W, 3) uint8 I, 255·U, 255·V, 0 outside the person, 255 not known; None without.
    """

    box: np.ndarray
    mask: np.ndarray
    surface: np.ndarray | None
    points: np.ndarray
    iuv: np.ndarray | None

    @property
    def height(self) -> float:
        """Pixels from top to bottom of the box."""
        return float(self.box[3] - self.box[1])

    @property
    def from_behind(self) -> bool:
        """More of the back is seen than of the front."""
        part = self.points[:, 2] if self.iuv is None else self.iuv[..., 0]
        return bool((part == 1).sum() > (part == 2).sum())


def true_people(record: Record) -> list[TruePerson]:
    """The people of a picture, in the order of its boxes."""
    return [_person(record, k) for k in range(len(record.boxes))]


def ignored_region(record: Record) -> np.ndarray:
    """(H, W) bool, people that nobody labelled."""
    return record.instance == UNKNOWN


def outlined(mask: np.ndarray) -> TruePerson:
    """Somebody of whom only the outline is known."""
    return TruePerson(box_of(mask), mask, None, np.zeros((0, 5)), None)


def labelled(iuv: np.ndarray) -> TruePerson:
    """The one person of a picture (H, W, 3) of I, 255·U, 255·V."""
    mask = iuv[..., 0] > 0
    return TruePerson(box_of(mask), mask, mask, spread_points(iuv), iuv)


def box_of(mask: np.ndarray) -> np.ndarray:
    """(4,) x0, y0, x1, y1 around a mask that is not empty."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], float)


def _person(record: Record, k: int) -> TruePerson:
    mask = record.instance == k + 1
    coarse = record.coarse * mask
    surface = (coarse > 0) & (coarse <= COARSE_PARTS)
    iuv = None
    if record.iuv is not None and record.has_surface[k]:
        iuv = record.iuv * mask[..., None].astype(np.uint8)
    if iuv is not None:
        points = spread_points(iuv)
    else:
        clicked = record.points[record.points[:, 5] == k, :5]
        points = as_evaluated(clicked, record.boxes[k])
    return TruePerson(record.boxes[k], mask, surface if surface.any() else None, points, iuv)


def as_evaluated(points: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Clicked points where the official evaluator puts them, so that figures can be compared."""
    moved = points.astype(float)
    corner = box[:2]
    moved[:, :2] = corner + (moved[:, :2] - corner) * (DP_SIDE / EVALUATOR_SIDE)
    return moved


def spread_points(iuv: np.ndarray, a_part: int = POINTS_A_PART) -> np.ndarray:
    """Points spread evenly over every labelled part, as many as an annotator would click.

    Args:
        iuv: (H, W, 3) uint8, I, 255·U, 255·V of one person.
        a_part: at most so many in each part.

    Returns:
        (P, 5) x, y (pixel centres), I, U, V.
    """
    chosen = [np.zeros((0, 2), int)]
    for part in range(1, 25):
        at = np.argwhere(iuv[..., 0] == part)
        if len(at):
            chosen.append(at[np.linspace(0, len(at) - 1, min(a_part, len(at))).round().astype(int)])
    y, x = np.concatenate(chosen).T
    values = iuv[y, x].astype(float)
    return np.column_stack([x + 0.5, y + 0.5, values[:, 0], values[:, 1:] / 255])
