"""How often somebody is taken for somebody else from frame to frame."""

from collections import Counter

import numpy as np

from ..tracks import Tracks, assigned, overlaps

MATCH = 0.5  # IoU from which a found person stands for a true one


class Identities:
    """Numbers people through a film; counts switches and IDF1 against true numbers.

    Attributes:
        switches: how often a true person got another number than the last time it was seen.
    """

    def __init__(self) -> None:
        """Begin before the first frame."""
        self.switches = 0
        self._tracks = Tracks()
        self._given: dict[int, int] = {}  # true number → number
        self._together: Counter[tuple[int, int]] = Counter()  # frames of true number and number
        self._sights = 0  # of people, true and found

    @property
    def tracks(self) -> int:
        """How many numbers were given so far."""
        return self._tracks.given

    @property
    def idf1(self) -> float | None:
        """Share of sights told right if each true person has one number throughout, 0..1.

        2·IDTP / (true sights + found sights), with true people and numbers paired so that most
        frames agree (Ristani et al. 2016). None where nobody was there or found.
        """
        if not self._sights:
            return None
        true, given = (sorted({pair[k] for pair in self._together}) for k in (0, 1))
        frames = np.array([[self._together[t, n] for n in given] for t in true], float)
        pairs = assigned(frames.reshape(len(true), len(given)), 1)
        return 2 * float(sum(frames[pair] for pair in pairs)) / self._sights

    def add(
        self,
        masks: list[np.ndarray],
        time: float,
        image: np.ndarray,
        truth: np.ndarray | None = None,
    ) -> list[int]:
        """Number the people of the next frame.

        Args:
            masks: (H, W) bool each.
            time: seconds.
            image: (H, W, 3) uint8 RGB.
            truth: (H, W) true numbers, 0 = nobody; None where not known.

        Returns:
            Each person's number, from 1.
        """
        numbers = self._tracks.number(masks, time, image)
        if truth is not None:
            self._compare(masks, numbers, truth)
        return numbers

    def _compare(self, masks: list[np.ndarray], numbers: list[int], truth: np.ndarray) -> None:
        people = [int(n) for n in np.unique(truth) if n]
        self._sights += len(people) + len(masks)
        for d, g in assigned(overlaps(masks, [truth == n for n in people]), MATCH):
            before = self._given.get(people[g], numbers[d])
            self.switches += before != numbers[d]
            self._given[people[g]] = numbers[d]
            self._together[people[g], numbers[d]] += 1
