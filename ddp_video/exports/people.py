"""The people of a frame one by one, each cut out by a box, as detectors give them."""

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np

from ..render import IUV, labels
from ..types import Prediction


class PersonLabels(NamedTuple):
    """One person's labels within a box.

    Attributes:
        box: x, y, width, height in whole pixels, within the frame.
        score: 0..1.
        iuv: of the box's size.
    """

    box: tuple[int, int, int, int]
    score: float
    iuv: IUV


def people_of(prediction: Prediction, size: tuple[int, int]) -> Iterator[PersonLabels]:
    """Everybody found, by falling score.

    Args:
        prediction: of one frame.
        size: (H, W) of the frame.

    Yields:
        Each person; the box is the detected one, grown to whole pixels and to all that is
        labelled, so that no label is cut off.
    """
    for number, person in enumerate(prediction.people):
        iuv = labels(prediction.of_person(number), size)
        x, y, w, h = box = _box(person.box, iuv.part)
        cut = np.s_[y : y + h, x : x + w]
        yield PersonLabels(box, person.score, IUV(iuv.part[cut], iuv.u[cut], iuv.v[cut]))


def _box(found: tuple[float, float, float, float], part: np.ndarray) -> tuple[int, int, int, int]:
    """The smallest box of whole pixels around what was found and labelled, within the frame."""
    height, width = part.shape
    low = np.floor(found[:2]).clip(0, (width - 1, height - 1))
    high = np.ceil(found[2:]).clip(low + 1, (width, height))
    x, y, w, h = cv2.boundingRect(part)
    if w:
        low, high = np.minimum(low, (x, y)), np.maximum(high, (x + w, y + h))
    return int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])


def person_of_pixel(prediction: Prediction, part: np.ndarray) -> np.ndarray:
    """Who each labelled pixel belongs to: the person whose instance mask is highest there.

    Args:
        prediction: of one frame.
        part: (H, W) uint8, the labels of the whole frame.

    Returns:
        (H, W) uint8: 0 = nobody, 1 = the first of `prediction.people`, and so on.
    """
    owner = np.zeros(part.shape, np.uint8)
    most = np.zeros(part.shape, np.float32)
    for number, person in enumerate(prediction.people, 1):
        mask = cv2.resize(
            person.instance_mask.float().cpu().numpy(),
            part.shape[::-1],
            interpolation=cv2.INTER_LINEAR,
        )
        higher = (mask > most) & (part > 0)
        owner[higher], most[higher] = number, mask[higher]
    return owner
