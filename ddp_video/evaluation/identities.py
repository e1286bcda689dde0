"""Who is who from frame to frame, told by overlap alone, and how often that goes wrong."""

import numpy as np

from .found import iou_table

LINK = 0.3  # IoU from which somebody is taken for the person of an earlier frame
MATCH = 0.5  # IoU from which a found person stands for a true one
PATIENCE = 10  # frames for which somebody unseen is remembered


class Identities:
    """Numbers people by overlap with the frames before; counts switches against true numbers.

    Attributes:
        tracks: how many numbers were given so far.
        switches: how often a true person got another number than the last time it was seen.
    """

    def __init__(self) -> None:
        self.tracks = 0
        self.switches = 0
        self._last: dict[int, tuple[int, np.ndarray]] = {}  # number → frame, mask
        self._given: dict[int, int] = {}  # true number → number
        self._frame = 0

    def add(self, masks: list[np.ndarray], truth: np.ndarray | None = None) -> list[int]:
        """Number the people of the next frame.

        Args:
            masks: (H, W) bool each.
            truth: (H, W) true numbers, 0 = nobody; None where not known.

        Returns:
            Each person's number.
        """
        self._frame += 1
        self._last = {n: (t, m) for n, (t, m) in self._last.items() if self._frame - t <= PATIENCE}
        numbers = self._linked(masks)
        for number, mask in zip(numbers, masks, strict=True):
            self._last[number] = (self._frame, mask)
        if truth is not None and masks:
            self._count_switches(masks, numbers, truth)
        return numbers

    def _linked(self, masks: list[np.ndarray]) -> list[int]:
        """Known numbers where the overlap is good enough, new ones elsewhere."""
        known = list(self._last)
        overlap = iou_table(masks, [self._last[n][1] for n in known])
        linked = {d: known[k] for d, k in assigned(overlap, LINK)}
        numbers = []
        for d in range(len(masks)):
            if d not in linked:
                self.tracks += 1
            numbers.append(linked.get(d, self.tracks))
        return numbers

    def _count_switches(
        self, masks: list[np.ndarray], numbers: list[int], truth: np.ndarray
    ) -> None:
        people = [int(n) for n in np.unique(truth) if n]
        for d, g in assigned(iou_table(masks, [truth == n for n in people]), MATCH):
            before = self._given.get(people[g], numbers[d])
            self.switches += before != numbers[d]
            self._given[people[g]] = numbers[d]


def assigned(overlap: np.ndarray, least: float) -> list[tuple[int, int]]:
    """The pairing (row, column) with the greatest total overlap, pairs below `least` left out."""
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(np.where(overlap >= least, overlap, 0), maximize=True)
    return [(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if overlap[r, c] >= least]
