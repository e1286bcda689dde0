"""One person cut out of a labelled picture, to be pasted into another."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from .canvas import Picture

Side = Literal["left", "right", "top", "bottom"]


@dataclass(frozen=True)
class CutOut:
    """One person cut out of a picture; coordinates are those of the crop.

    Attributes:
        image: (h, w, 3) uint8.
        labels: (h, w, 4) uint8, 0 outside the person; instance is 1.
        mask: (h, w) uint8, 255 on the person.
        points: (P, 6) float32, person 0.
        weight: of the person in the losses.
        cut: the side on which its picture's border cut it, if any.
    """

    image: np.ndarray
    labels: np.ndarray
    mask: np.ndarray
    points: np.ndarray
    weight: float = 1.0
    cut: Side | None = None


def cut_out(picture: Picture, person: int, min_height: int, max_cut: float) -> CutOut | None:
    """Cut a person out, if it is fit for pasting.

    Fit is who has surface labels, is high enough, and is cut by the border on one side at most.

    Args:
        picture: the labelled picture.
        person: from 0.
        min_height: the least length of the longer side of the person's box, in pixels.
        max_cut: a person counts as cut by the picture's border on a side where more than this
            share of the box's side is the person.

    Returns:
        The person, or None if not fit.
    """
    if not picture.has_surface[person]:
        return None
    height, width = picture.labels.shape[:2]
    guess = picture.boxes[person]
    left, top = (max(0, int(c) - 1) for c in guess[:2])
    window = picture.labels[top : int(guess[3]) + 2, left : int(guess[2]) + 2]
    mask = (window[..., 3] == person + 1).astype(np.uint8) * 255
    x, y, w, h = cv2.boundingRect(mask)
    if max(w, h) < min_height:
        return None
    mask, window = mask[y : y + h, x : x + w], window[y : y + h, x : x + w]
    left, top = left + x, top + y
    cut: list[Side] = [
        side for side, share in _border_shares(mask, left, top, width, height) if share > max_cut
    ]
    if len(cut) > 1:
        return None
    labels = cv2.bitwise_and(window, window, mask=mask)
    labels[..., 3] = mask & 1
    points = picture.points[picture.points[:, 5] == person] - np.array(
        [left, top, 0, 0, 0, person], np.float32
    )
    image = picture.image[top : top + h, left : left + w]
    return CutOut(
        image, labels, mask, points, float(picture.weights[person]), cut[0] if cut else None
    )


def _border_shares(
    mask: np.ndarray, left: int, top: int, width: int, height: int
) -> list[tuple[Side, float]]:
    """For each side of the picture that the box touches, the person's share of the box's side."""
    h, w = mask.shape
    touches: list[tuple[Side, bool, np.ndarray]] = [
        ("left", left == 0, mask[:, 0]),
        ("right", left + w == width, mask[:, -1]),
        ("top", top == 0, mask[0]),
        ("bottom", top + h == height, mask[-1]),
    ]
    return [(side, float(edge.mean()) / 255) for side, touching, edge in touches if touching]
