"""How often somebody is taken for somebody else from frame to frame."""

import numpy as np

from ..tracks import Tracks, assigned, overlaps

MATCH = 0.5  # IoU from which a found person stands for a true one


class Identities:
    """Numbers people by overlap with the frames before; counts switches against true numbers.

    Attributes:
        switches: how often a true person got another number than the last time it was seen.
    """

    def __init__(self) -> None:
        """Begin before the first frame."""
        self.switches = 0
        self._tracks = Tracks()
        self._given: dict[int, int] = {}  # true number → number

    @property
    def tracks(self) -> int:
        """How many numbers were given so far."""
        return self._tracks.given

    def add(self, masks: list[np.ndarray], truth: np.ndarray | None = None) -> list[int]:
        """Number the people of the next frame.

        Args:
            masks: (H, W) bool each.
            truth: (H, W) true numbers, 0 = nobody; None where not known.

        Returns:
            Each person's number, from 0.
        """
        numbers = self._tracks.number(masks)
        if truth is not None and masks:
            self._count_switches(masks, numbers, truth)
        return numbers

    def _count_switches(
        self, masks: list[np.ndarray], numbers: list[int], truth: np.ndarray
    ) -> None:
        people = [int(n) for n in np.unique(truth) if n]
        for d, g in assigned(overlaps(masks, [truth == n for n in people]), MATCH):
            before = self._given.get(people[g], numbers[d])
            self.switches += before != numbers[d]
            self._given[people[g]] = numbers[d]
