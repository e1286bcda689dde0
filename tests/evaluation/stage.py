"""A stage for evaluation: pictures with known people, and a looker who answers what it is told."""

from collections.abc import Iterable, Mapping
from typing import Self

import numpy as np
import torch

from ddp_video.data.densepose_coco import Record
from ddp_video.types import PARTS, Frame, Person, Prediction

SURE, NEVER = 0.0, -7.0


def two_people() -> tuple[np.ndarray, np.ndarray]:
    """Labels (96, 128, 3) and numbers (96, 128): two rectangles of four parts, U right, V down."""
    iuv, owner = np.zeros((96, 128, 3), np.uint8), np.zeros((96, 128), np.uint8)
    for person, x0 in ((1, 10), (2, 74)):
        for k, part in enumerate((23, 2, 7, 8)):
            rows = slice(8 + 20 * k, 28 + 20 * k)
            iuv[rows, x0 : x0 + 40, 0] = part
            iuv[rows, x0 : x0 + 40, 1] = np.linspace(20, 200, 40)
            iuv[rows, x0 : x0 + 40, 2] = np.linspace(20, 200, 20)[:, None]
        owner[8:88, x0 : x0 + 40] = person
    return iuv, owner


def prediction(
    iuv: np.ndarray, owner: np.ndarray, scores: Mapping[int, float] | None = None
) -> Prediction:
    """A prediction that says exactly this, on a grid as fine as the picture."""
    h, w = owner.shape
    logits = torch.full((3 * PARTS, h, w), NEVER)
    part = torch.from_numpy(iuv[..., 0].astype(np.int64))
    logits.scatter_(0, part[None], SURE)
    for plane in (1, 2):
        value = torch.from_numpy(iuv[..., plane].astype(np.float32) / 255)
        logits[plane * PARTS : (plane + 1) * PARTS] = value
    people = []
    for number in np.unique(owner[owner > 0]):
        mask = owner == number
        y, x = np.nonzero(mask)
        soft = torch.from_numpy(mask.astype(np.float32))
        surface = soft * (part > 0)
        box = (float(x.min()), float(y.min()), float(x.max() + 1), float(y.max() + 1))
        score = (scores or {}).get(int(number), 1 - 0.1 * int(number))
        people.append(Person(box, score, soft, surface))
    people.sort(key=lambda p: -p.score)
    return Prediction(logits, (part > 0).float(), tuple(people), (h, w))


class _OneSize:
    def for_film(self, samples: Iterable[Frame]) -> Self:
        return self


class Says(_OneSize):
    """Answers each picture in turn with what it is given, and again when asked for all to rank."""

    def __init__(self, *answers: Prediction, threshold: float = 0.0) -> None:
        self._answers, self._threshold = list(answers), threshold

    def predict(self, frame: Frame, threshold: float | None = None) -> Prediction:
        if threshold is None:
            self._last = self._answers.pop(0)
        assert frame.size == self._last.size
        least = self._threshold if threshold is None else threshold
        return self._last.without_others([p for p in self._last.people if p.score >= least])


class Knows(_OneSize):
    """Answers with the truth of the record whose picture it is shown."""

    def __init__(self, records: list[Record]) -> None:
        self._of = {r.image.tobytes(): r for r in records}

    def predict(self, frame: Frame, threshold: float | None = None) -> Prediction:
        record = self._of[frame.image.tobytes()]
        assert record.iuv is not None
        return prediction(record.iuv, record.instance)


class Flat:
    """A body of one flat chart a part: distance = difference of U in metres, far between parts."""

    def node(self, part: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        return part.astype(int) * 1000 + np.round(u * 255).astype(int)

    def distance(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.where(a // 1000 == b // 1000, np.abs(a - b) / 255, 10.0)
