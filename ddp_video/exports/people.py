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
        number: who it is through the film, from 1; 0 where nobody has told.
        iuv: of the box's size.
    """

    box: tuple[int, int, int, int]
    score: float
    number: int
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
    for rank, person in enumerate(prediction.people):
        iuv = labels(prediction.of_person(rank), size)
        x, y, w, h = box = _box(person.box, iuv.part)
        cut = np.s_[y : y + h, x : x + w]
        own = IUV(iuv.part[cut], iuv.u[cut], iuv.v[cut])
        yield PersonLabels(box, person.score, person.number, own)


def _box(found: tuple[float, float, float, float], part: np.ndarray) -> tuple[int, int, int, int]:
    """The smallest box of whole pixels around what was found and labelled, within the frame."""
    height, width = part.shape
    low = np.floor(found[:2]).clip(0, (width - 1, height - 1))
    high = np.ceil(found[2:]).clip(low + 1, (width, height))
    x, y, w, h = cv2.boundingRect(part)
    if w:
        low, high = np.minimum(low, (x, y)), np.maximum(high, (x + w, y + h))
    return int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])
