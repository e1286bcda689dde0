"""Where the network errs: the worst people of each kind of error, kept as small pictures."""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import cv2
import numpy as np

from ..render import PART_COLOURS
from ..tracks import overlaps
from .agreement import GROUPS, Row
from .found import Found
from .truth import TruePerson, box_of

KINDS: tuple[str, ...] = (
    "missed",
    "merged",
    "left_right",
    "front_back",
    "hands",
    "feet",
    "far",
    "cropped",
)
A_KIND = 8  # 64 in all
FAR = 64  # pixels: smaller people are far
FOUND = 0.3  # IoU below which somebody was missed
COVERED = 0.5  # share of a second person under one mask from which two are merged
LEAST = 0.1  # what is less bad than this is no case
NEAR = 0.06  # of the person's size: what is shown around hands and feet
LEAST_SIDE = 64  # pixels of the picture that are shown at least
TILE = 160  # pixels, height and width of each half


@dataclass(order=True)
class Case:
    """One bad person; cases are ordered by how bad they are.

    Attributes:
        badness: 0..1.
        name: of the picture.
        tile: (160, 320, 3) uint8 RGB: truth, and what was found.
    """

    badness: float
    number: int
    name: str = field(compare=False)
    tile: np.ndarray = field(compare=False, repr=False)


class ErrorCases:
    """The worst cases of each kind.

    Attributes:
        worst: kind → cases, in no order.
        counts: kind → how many cases there were in all.
    """

    def __init__(self, a_kind: int = A_KIND) -> None:
        """Keep `a_kind` cases of each kind."""
        self.worst: dict[str, list[Case]] = {kind: [] for kind in KINDS}
        self.counts: dict[str, int] = dict.fromkeys(KINDS, 0)
        self._a_kind = a_kind
        self._number = 0

    def add(
        self,
        image: np.ndarray,
        name: str,
        true: list[TruePerson],
        found: list[Found],
        rows: Sequence[Row | None] = (),
    ) -> None:
        """Look for errors in one picture.

        Args:
            image: (H, W, 3) uint8 RGB.
            name: of the picture.
            true: its people.
            found: people found.
            rows: agreement of each true person; None where nobody was found or nothing is known.
        """
        overlap = overlaps([f.mask for f in found], [t.mask for t in true])
        for k, person in enumerate(true):
            row = rows[k] if rows else None
            best = found[int(overlap[:, k].argmax())] if overlap[:, k].any() else None
            for kind, badness in kinds_of(k, true, found, overlap, row).items():
                if badness >= LEAST:
                    draw = partial(tile, image, person, best, window_of(kind, person, best))
                    self._note(kind, badness, name, draw)

    def _note(self, kind: str, badness: float, name: str, draw: Callable[[], np.ndarray]) -> None:
        self.counts[kind] += 1
        kept = self.worst[kind]
        if len(kept) == self._a_kind and kept[0].badness >= badness:
            return
        self._number += 1
        heapq.heappush(kept, Case(badness, self._number, name, draw()))
        if len(kept) > self._a_kind:
            heapq.heappop(kept)

    def of_kind(self, kind: str) -> list[Case]:
        """The cases of one kind, worst first."""
        return sorted(self.worst[kind], reverse=True)


def kinds_of(
    k: int, true: list[TruePerson], found: list[Found], overlap: np.ndarray, row: Row | None
) -> dict[str, float]:
    """What is wrong with one person: kind → how bad, 0..1."""
    person = true[k]
    best = float(overlap[:, k].max()) if found else 0.0
    if person.height < FAR:
        return {"far": 1 - best}
    wrong = {"missed": 1 - best} if best < FOUND else {}
    wrong["merged"] = merged(k, true, found)
    if cut_off(person):
        wrong["cropped"] = 1 - best
    if row is not None:
        wrong["left_right"] = _known(row["left_right"])
        wrong["front_back"] = _known(row["front_back"])
        for group in ("hands", "feet"):
            wrong[group] = _known(1 - row[f"parts_{group}"])
    return wrong


def merged(k: int, true: list[TruePerson], found: list[Found]) -> float:
    """Share of a second person under the mask that covers most of this one.

    Only people of whom at least half lies under that mask count as covered.
    """
    own = [float((f.mask & true[k].mask).sum()) for f in found]
    if len(true) < 2 or not own or max(own) < COVERED * true[k].mask.sum():
        return 0.0
    mask = found[int(np.argmax(own))].mask
    others = [t.mask for j, t in enumerate(true) if j != k and t.height >= FAR]
    shares = [float((mask & other).sum() / max(other.sum(), 1)) for other in others]
    return max((s for s in shares if s >= COVERED), default=0.0)


def cut_off(person: TruePerson) -> bool:
    """The picture's edge cuts the person."""
    h, w = person.mask.shape
    x0, y0, x1, y1 = person.box
    return bool(x0 <= 1 or y0 <= 1 or x1 >= w - 1 or y1 >= h - 1)


def window_of(kind: str, person: TruePerson, found: Found | None) -> np.ndarray:
    """(4,) box to look at: both people, or the true hands or feet and what is near them."""
    if kind in ("hands", "feet") and person.iuv is not None:
        at = np.isin(person.iuv[..., 0], GROUPS[kind])
        if at.any():
            box = box_of(at)
            near = NEAR * max(person.height, float(person.box[2] - person.box[0]))
            return box + np.array([-near, -near, near, near])
    if found is None:
        return person.box
    low = np.minimum(person.box[:2], found.box[:2])
    return np.concatenate([low, np.maximum(person.box[2:], found.box[2:])])


def tile(
    image: np.ndarray, person: TruePerson, found: Found | None, window: np.ndarray
) -> np.ndarray:
    """(160, 320, 3) uint8: true parts and outline, and beside them those found.

    Args:
        image: (H, W, 3) uint8 RGB.
        person: the truth.
        found: who fits best; None where nobody does.
        window: (4,) box x0, y0, x1, y1 to look at.
    """
    true_part = None if person.iuv is None else person.iuv[..., 0]
    left = _half(image, person.mask, true_part, window)
    if found is None:
        right = _half(image, np.zeros_like(person.mask), None, window)
    else:
        right = _half(image, found.mask, found.iuv.part, window)
    return np.concatenate([left, right], axis=1)


def _half(
    image: np.ndarray, mask: np.ndarray, part: np.ndarray | None, window: np.ndarray
) -> np.ndarray:
    """(160, 160, 3) square around a window: parts in colour, the mask's outline in white."""
    if part is not None:
        at = (part > 0) & (part <= 24)
        image = image.copy()
        image[at] = (0.4 * image[at] + 0.6 * PART_COLOURS[part[at]]).astype(np.uint8)
    centre, side = (window[:2] + window[2:]) / 2, float((window[2:] - window[:2]).max())
    scale = TILE / max(1.2 * side, LEAST_SIDE)
    x, y = TILE / 2 - scale * centre
    matrix = np.array([[scale, 0, x], [0, scale, y]])
    flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    out = cv2.warpAffine(image, matrix, (TILE, TILE), flags=flags)
    soft = cv2.warpAffine(mask.astype(np.float32), matrix, (TILE, TILE))
    outlines = cv2.findContours(
        (soft > 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )[0]
    return cv2.drawContours(out, outlines, -1, (255, 255, 255), 1)


def _known(value: float) -> float:
    return value if np.isfinite(value) else 0.0
