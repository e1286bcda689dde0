"""People that a network found in one picture, at full size; and how they overlap the true ones."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from torch import Tensor

from ..data.densepose_coco import read_picture
from ..render import IUV, labels
from ..tracks import in_common
from ..types import Frame, Prediction
from .average_precision import AT_MOST

# Average precision ranks all who may be people, as for COCO; detectron2's bound.
RANKED = 0.05

Progress = Callable[[int, int | None], None]  # pictures or frames done, and in all where known


class Looker(Protocol):
    """Whatever predicts a frame: `infer.Predictor`, or a stand-in."""

    def predict(self, frame: Frame, threshold: float | None = None) -> Prediction:
        """The prediction for one frame: people of at least this score, or the usual one."""
        ...

    def for_film(self, samples: Iterable[Frame]) -> "Looker":
        """The same, with one size for all frames of a film, of which these are some."""
        ...


@dataclass(frozen=True)
class Found:
    """One person found.

    Attributes:
        box: (4,) x0, y0, x1, y1 in pixels.
        score: 0..1.
        mask: (H, W) bool, everything that belongs to the person.
        iuv: the person's own labels.
    """

    box: np.ndarray
    score: float
    mask: np.ndarray
    iuv: IUV

    @property
    def surface(self) -> np.ndarray:
        """(H, W) bool, where the body is labelled."""
        return self.iuv.part > 0


def read_frame(path: Path) -> Frame:
    """A picture file as a frame.

    Raises:
        DataError: it cannot be read.
    """
    return frame_of(np.ascontiguousarray(read_picture(path)[..., ::-1]))


def frame_of(image: np.ndarray) -> Frame:
    """(H, W, 3) uint8 RGB as a frame of no video."""
    return Frame(image, 0, 0, Fraction(1, 25))


def full_size(mask_hw: Tensor, size: tuple[int, int]) -> np.ndarray:
    """A soft mask of the logit grid as (H, W) bool."""
    soft = cv2.resize(mask_hw.numpy(), size[::-1], interpolation=cv2.INTER_LINEAR)
    return soft > 0.5


def masks_of(prediction: Prediction) -> list[np.ndarray]:
    """Each person's instance mask, (H, W) bool, by falling score."""
    return [full_size(person.instance_mask, prediction.size) for person in prediction.people]


def people_of(prediction: Prediction, first: int = 0, end: int | None = None) -> list[Found]:
    """People found, by falling score (all, or those in a range), each with labels of their own."""
    return [
        Found(
            np.array(person.box),
            person.score,
            full_size(person.instance_mask, prediction.size),
            labels(prediction.of_person(k)),
        )
        for k, person in islice(enumerate(prediction.people), first, end)
    ]


def ranked_people(looker: Looker, frame: Frame, found: list[Found]) -> list[Found]:
    """Everybody who may be there, by falling score: what average precision ranks.

    People found keep their labels, for those of a frame in which more people are seen differ.

    Args:
        looker: the network.
        frame: the picture.
        found: people at the usual threshold.
    """
    others = people_of(looker.predict(frame, RANKED), len(found), AT_MOST)
    return found[:AT_MOST] + others


def iou(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two masks; 0 where both are empty."""
    return float((a & b).sum() / max((a | b).sum(), 1))


def share_inside(found: list[np.ndarray], regions: list[np.ndarray]) -> np.ndarray:
    """(D, G) share of each mask that lies in each region."""
    overlap, areas_D, _ = in_common(found, regions)
    return overlap / np.maximum(areas_D[:, None], 1)


def box_iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(D, G) IoU of boxes x0, y0, x1, y1, (D, 4) and (G, 4)."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    overlap = np.clip(high - low, 0, None).prod(-1)
    area_D, area_G = ((x[:, 2:] - x[:, :2]).prod(-1) for x in (a, b))
    return overlap / np.maximum(area_D[:, None] + area_G[None] - overlap, 1e-9)
