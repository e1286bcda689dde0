"""Who is who from frame to frame, by the overlap of masks."""

import numpy as np

from ..types import Prediction

LINK = 0.3  # IoU from which somebody is taken for the person of an earlier frame
PATIENCE = 10  # frames for which somebody unseen is remembered


class Tracks:
    """Numbers people through a film, from 0."""

    def __init__(self) -> None:
        self._frame = 0
        self._given = 0
        self._last: dict[int, tuple[int, np.ndarray]] = {}  # number → frame, mask

    def add(self, prediction: Prediction) -> list[int]:
        """The number of each person of the next frame.

        Everybody takes the number of the mask that overlaps most, pairs of the largest overlap
        first; who overlaps nobody's mask of the last frames is new.
        """
        self._frame += 1
        self._last = {
            number: (seen, mask)
            for number, (seen, mask) in self._last.items()
            if self._frame - seen <= PATIENCE
        }
        masks = [person.surface_mask.cpu().numpy() > 0.5 for person in prediction.people]
        numbers = self._linked(masks)
        for number, mask in zip(numbers, masks, strict=True):
            self._last[number] = (self._frame, mask)
        return numbers

    def _linked(self, masks: list[np.ndarray]) -> list[int]:
        pairs = [
            (_overlap(mask, before), person, number)
            for person, mask in enumerate(masks)
            for number, (_, before) in self._last.items()
        ]
        numbers: dict[int, int] = {}
        for overlap, person, number in sorted(pairs, reverse=True):
            if overlap >= LINK and person not in numbers and number not in numbers.values():
                numbers[person] = number
        for person in range(len(masks)):
            if person not in numbers:
                numbers[person] = self._given
                self._given += 1
        return [numbers[person] for person in range(len(masks))]


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union."""
    union = np.count_nonzero(one | other)
    return np.count_nonzero(one & other) / union if union else 0.0
