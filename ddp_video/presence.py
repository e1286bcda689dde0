"""Who is there in a film: whoever is sure, and who is less sure but was there a frame ago.

One threshold for both makes people who are near it come and go (compare Canny's two thresholds for
edges, and ByteTrack, Zhang et al. 2022, which keeps tracks alive by detections of low score).
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from .tracks import assigned, overlaps
from .types import Frame, Person, Prediction

STAYS = 0.5  # IoU of the masks from which somebody is taken for who was there a frame ago


def lasting(
    items: Iterable[tuple[Frame, Prediction]], threshold: float, before: Sequence[Person] = ()
) -> Iterator[tuple[Frame, Prediction]]:
    """The same stream without passing shadows.

    Args:
        items: frames and their predictions in order of time, with everybody who may be there.
        threshold: who has this score is there; who has less is there where the last frame shows
            the same person at the same place.
        before: who was there before the first frame.
    """
    for frame, prediction in items:
        there = _there(prediction.people, before, threshold)
        before = tuple(prediction.people[k] for k in there)
        yield frame, prediction.without_others(before)


def _there(people: Sequence[Person], before: Sequence[Person], threshold: float) -> list[int]:
    """Positions of those who are there."""
    sure = {k for k, person in enumerate(people) if person.score >= threshold}
    if before and len(sure) < len(people):
        overlap = overlaps([_mask(each) for each in people], [_mask(each) for each in before])
        sure.update(k for k, _ in assigned(overlap, STAYS))
    return sorted(sure)


def _mask(person: Person) -> np.ndarray:
    """(h, w) bool, the same before the mask is stored and after (`store/quantise.py`)."""
    return person.instance_mask.numpy() > 0.5
