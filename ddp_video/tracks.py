"""Who is who from frame to frame, by the overlap of masks."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from .types import Prediction

LINK = 0.3  # IoU from which somebody is taken for the person of an earlier frame
PATIENCE = 10  # frames for which somebody unseen is remembered, where they were


class Tracks:
    """Numbers people through a film, from 0.

    Attributes:
        given: how many numbers were given so far.
    """

    def __init__(self) -> None:
        """Begin before the first frame."""
        self.given = 0
        self._frame = 0
        self._last: dict[int, tuple[int, np.ndarray]] = {}  # number → frame, mask

    def add(self, prediction: Prediction) -> list[int]:
        """The number of each person of the next frame, by where their surface is labelled."""
        return self.number([each.surface_mask.cpu().numpy() > 0.5 for each in prediction.people])

    def number(self, masks: Sequence[np.ndarray]) -> list[int]:
        """The number of each mask of the next frame.

        Numbers are given so that the overlaps with the last frames add up to most; who overlaps
        nobody's mask of the last frames is new.

        Args:
            masks: (H, W) bool each.
        """
        self._frame += 1
        self._last = {n: (t, m) for n, (t, m) in self._last.items() if self._frame - t <= PATIENCE}
        known = list(self._last)
        overlap = overlaps(masks, [self._last[n][1] for n in known])
        linked = {m: known[k] for m, k in assigned(overlap, LINK)}
        numbers = []
        for m, mask in enumerate(masks):
            number = linked.get(m, self.given)
            self.given += number == self.given
            self._last[number] = self._frame, mask
            numbers.append(number)
        return numbers


def overlaps(one: Sequence[np.ndarray], other: Sequence[np.ndarray]) -> np.ndarray:
    """(D, G) intersection over union of masks, (H, W) bool each."""
    common, own_D, own_G = in_common(one, other)
    return common / np.maximum(own_D[:, None] + own_G - common, 1)


def in_common(
    one: Sequence[np.ndarray], other: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixels that masks have in common (D, G), and each mask's own (D,), (G,)."""
    if not one or not other:
        own = [np.array([mask.sum() for mask in masks], float) for masks in (one, other)]
        return np.zeros((len(one), len(other))), own[0], own[1]
    a, b = (np.stack(masks).reshape(len(masks), -1).astype(np.float32) for masks in (one, other))
    return a @ b.T, a.sum(1), b.sum(1)


def assigned(overlap: np.ndarray, least: float) -> list[tuple[int, int]]:
    """The pairing (row, column) with the greatest total overlap, pairs below `least` left out."""
    rows, columns = linear_sum_assignment(np.where(overlap >= least, overlap, 0), maximize=True)
    return [(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if overlap[r, c] >= least]
