"""Who is who from frame to frame: by overlap, motion, height and colours.

Dims: H W = the grid of the masks, D = people of the present frame, G = people known from before.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment

from .types import Frame, Person, Prediction

LINK = 0.3  # IoU from which somebody is taken for the person of a neighbouring frame
PATIENCE = 1.0  # seconds for which somebody unseen is remembered

# Measured on the crossing sample and on drawn figures that cross, hide and come back.
_LEAST = 0.2  # likeness from which somebody is taken for a known person
_REACH, _GROWTH = 0.5, 0.3  # heights that somebody may be off the motion at once, and after 1 s
_NEW, _DOUBT = 3, 0.5  # who was seen fewer times than this counts half: it may be a false sight
_WITHIN = 0.7  # a new sight that lies so far within known people is a second one of them
_PACE = 0.15  # how fast velocities follow
_CHANGE = 0.1  # how fast heights and colours follow
_STEADY = 0.75  # a mask that shrinks or grows beyond this says nothing of motion
_SHADES = 6  # of red, green and blue each


@dataclass(frozen=True)
class _Sight:
    """One mask: its middle x, y, its pixels, the height of the person, shares of colours (root)."""

    mask: np.ndarray
    middle: np.ndarray
    pixels: int
    height: float
    colours: np.ndarray


@dataclass
class _Known:
    """A person: the last sight and its time (s), velocity (pixels/s), means, number of sights."""

    sight: _Sight
    time: float
    velocity: np.ndarray
    height: float
    colours: np.ndarray
    sights: int = 1

    def expected(self, time: float) -> np.ndarray:
        """Where the middle is if the motion goes on."""
        return self.sight.middle + self.velocity * (time - self.time)

    def follow(self, sight: _Sight, time: float, within: float) -> None:
        """See the person again; `within` is the share of the mask that belongs to sure people."""
        growth = sight.pixels / max(self.sight.pixels, 1)
        if _STEADY < growth < 1 / _STEADY and time > self.time:
            velocity = (sight.middle - self.sight.middle) / (time - self.time)
            self.velocity += max(_PACE, 1 / self.sights) * (velocity - self.velocity)
        self.sights += self.sights >= _NEW or within < _WITHIN
        self.height += max(_CHANGE, 1 / self.sights) * (sight.height - self.height)
        self.colours += _CHANGE * (sight.colours - self.colours)
        self.sight, self.time = sight, time


class Tracks:
    """Numbers people through a film, from 1, in one pass.

    Who is new gets the next number, from left to right. Who is hidden for less than `PATIENCE` and
    comes back near where the motion leads keeps the number.

    Attributes:
        given: how many numbers were given so far.
    """

    def __init__(self) -> None:
        """Begin before the first frame."""
        self.given = 0
        self._known: dict[int, _Known] = {}

    def add(self, frame: Frame, people: Sequence[Person]) -> tuple[Person, ...]:
        """The people of the next frame with their numbers, told by their instance masks."""
        masks = [each.instance_mask.cpu().numpy() > 0.5 for each in people]
        numbers = self.number(masks, float(frame.time), frame.image)
        return tuple(replace(p, number=n) for p, n in zip(people, numbers, strict=True))

    def number(self, masks: Sequence[np.ndarray], time: float, image: np.ndarray) -> list[int]:
        """The number of each mask of the next frame.

        Args:
            masks: (H, W) bool each.
            time: seconds.
            image: uint8 RGB of any size, which the masks cover.
        """
        self._known = {n: k for n, k in self._known.items() if time - k.time <= PATIENCE}
        sights = _sights(masks, image)
        known = list(self._known)
        alike = _likeness(sights, list(self._known.values()), time)
        numbers = {d: known[g] for d, g in assigned(alike, _LEAST * _DOUBT)}
        sure = [masks[d] for d, n in numbers.items() if self._known[n].sights >= _NEW]
        for d in sorted(range(len(sights)), key=lambda d: sights[d].middle[0]):
            if d in numbers:
                self._known[numbers[d]].follow(sights[d], time, _within(masks[d], sure))
                continue
            self.given += 1
            numbers[d] = self.given
            new = sights[d]
            self._known[self.given] = _Known(new, time, np.zeros(2), new.height, new.colours.copy())
        return [numbers[d] for d in range(len(sights))]


def numbered(
    items: Iterable[tuple[Frame, Prediction]], tracks: Tracks | None = None
) -> Iterator[tuple[Frame, Prediction]]:
    """The same stream, people numbered.

    Args:
        items: frames and their predictions in order of time.
        tracks: who was seen before; None: nobody.
    """
    tracks = tracks or Tracks()
    for frame, prediction in items:
        yield frame, replace(prediction, people=tracks.add(frame, prediction.people))


def _sights(masks: Sequence[np.ndarray], image: np.ndarray) -> list[_Sight]:
    """What is to be known of each mask."""
    if not masks:
        return []
    small = cv2.resize(image, masks[0].shape[::-1], interpolation=cv2.INTER_AREA)
    shades = (small.astype(np.intp) * _SHADES >> 8) @ (_SHADES**2, _SHADES, 1)
    return [_sight(mask, shades) for mask in masks]


def _sight(mask: np.ndarray, shades_HW: np.ndarray) -> _Sight:
    y, x = np.nonzero(mask)
    colours = np.bincount(shades_HW[mask], minlength=_SHADES**3) / max(len(y), 1)
    if not len(y):
        return _Sight(mask, np.zeros(2), 0, 1.0, colours)
    # √12 · σ is the length of a bar: steadier than a box, which one stray pixel enlarges
    height = 1 + np.sqrt(12) * float(y.std())
    return _Sight(mask, np.array([x.mean(), y.mean()]), len(y), height, np.sqrt(colours))


def _within(mask: np.ndarray, others: Sequence[np.ndarray]) -> float:
    """The share of a mask that lies within others."""
    return float((mask & np.any(others, axis=0)).sum() / max(mask.sum(), 1)) if others else 0.0


def _likeness(sights: Sequence[_Sight], known: Sequence[_Known], time: float) -> np.ndarray:
    """(D, G) 0..1: the place, by overlap or nearness, times the colours; 0 below `_LEAST`.

    Halved for who was hardly seen yet.
    """
    if not sights or not known:
        return np.zeros((len(sights), len(known)))
    expected = [each.expected(time) for each in known]
    moved = [
        _shifted(each.sight.mask, place - each.sight.middle)
        for each, place in zip(known, expected, strict=True)
    ]
    overlap = overlaps([each.mask for each in sights], moved)
    colours = np.stack([s.colours for s in sights]) @ np.stack([k.colours for k in known]).T
    doubt = np.array([_DOUBT if each.sights < _NEW else 1 for each in known])
    alike = np.maximum(overlap, _nearness(sights, known, expected, time)) * colours
    return np.where(alike >= _LEAST, alike, 0) * doubt


def _nearness(
    sights: Sequence[_Sight], known: Sequence[_Known], expected: Sequence[np.ndarray], time: float
) -> np.ndarray:
    """(D, G) 1 for the same height at the expected place, falling to 0 where nobody gets to."""
    middles = np.stack([each.middle for each in sights])
    away = np.linalg.norm(middles[:, None] - np.stack(expected), axis=2)
    heights = np.array([each.height for each in known])
    reach = heights * (_REACH + _GROWTH * np.array([time - each.time for each in known]))
    ratio = np.array([each.height for each in sights])[:, None] / heights
    return np.clip(1 - away / reach, 0, 1) * np.minimum(ratio, 1 / ratio) ** 2


def _shifted(mask: np.ndarray, by: np.ndarray) -> np.ndarray:
    """A mask moved by whole pixels x, y; what leaves the grid is lost."""
    move = np.array([[1, 0, round(float(by[0]))], [0, 1, round(float(by[1]))]], np.float32)
    moved = cv2.warpAffine(mask.astype(np.uint8), move, mask.shape[::-1], flags=cv2.INTER_NEAREST)
    return moved > 0


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
