"""The stored form of a prediction: quantised, and only where people are.

Dims: h w = the logit grid, N = covered cells, P = people. Cells come person by person (each belongs
to the person whose instance mask is largest there), and row by row within a person.

    part logits   log p = ln(FLOOR) · (level / 511)²   9 bits, finer where a part can win; every 8th
                                                        level, down from 511, where it hardly can
    U, V          −1/16 + 9/8 · level / 1023            10 bits; multiples of 16 where the part is
                                                        unlikely; the background's are left out
    masks         level / 255                           8 bits; on the same side of 1/2 as before
    boxes, scores float32; numbers int32
"""

import math
from dataclasses import dataclass

import numpy as np
import torch

from ..types import FLOOR, LOGIT_CHANNELS, PARTS, Person, Prediction

UV_CHANNELS = LOGIT_CHANNELS - PARTS - 2  # U and V of the 24 parts
_PART_LEVELS, _UV_LEVELS, _MASK_LEVELS = 511, 1023, 255
_UNLIKELY = 384  # part levels above this stand for probabilities below 0.02
_COARSE_PART, _COARSE_UV = 8, 16
_UV_LOW, _UV_SPAN = -1 / 16, 9 / 8
_LOG_FLOOR = math.log(FLOOR)
# Where U and V of the parts stand among the channels; the background has neither.
_UV_ROWS = np.r_[PARTS + 1 : 2 * PARTS, 2 * PARTS + 1 : LOGIT_CHANNELS]


@dataclass(frozen=True)
class Quantised:
    """A frame's prediction as it is stored.

    Attributes:
        size: (H, W) of the frame.
        owner: (h, w) uint16, 0 where nothing was computed, k for the cells of person k - 1.
        parts: (25, N) uint16 levels.
        uv: (48, N) uint16 levels, U of parts 1..24, then V.
        boxes: (P, 4) float32.
        scores: (P,) float32.
        numbers: (P,) int32, who it is through the film; 0 where nobody told.
        masks: (P, 2, h, w) uint8 levels, M_ins and M_dp.
    """

    size: tuple[int, int]
    owner: np.ndarray
    parts: np.ndarray
    uv: np.ndarray
    boxes: np.ndarray
    scores: np.ndarray
    numbers: np.ndarray
    masks: np.ndarray


def quantised(prediction: Prediction) -> Quantised:
    """Bring a prediction into its stored form."""
    people = prediction.people
    owner = _owners(prediction)
    flat_N = cells_of(owner)
    logits_CN = prediction.logits.flatten(1).numpy()[:, flat_N]
    masks = [torch.stack([each.instance_mask, each.surface_mask]).numpy() for each in people]
    parts = _part_levels(logits_CN[:PARTS])
    return Quantised(
        size=prediction.size,
        owner=owner,
        parts=parts,
        uv=_uv_levels(logits_CN[_UV_ROWS], np.tile(parts[1:] > _UNLIKELY, (2, 1))),
        boxes=np.array([each.box for each in people], np.float32).reshape(-1, 4),
        scores=np.array([each.score for each in people], np.float32),
        numbers=np.array([each.number for each in people], np.int32),
        masks=_mask_levels(np.array(masks, np.float32).reshape(-1, 2, *owner.shape)),
    )


def restored(stored: Quantised) -> Prediction:
    """The prediction that a stored form stands for."""
    masks = map(mask_values, stored.masks)
    rows = zip(stored.boxes, stored.scores, stored.numbers, masks, strict=True)
    people = tuple(as_person(*row) for row in rows)
    logits_Chw = dense_logits(stored.owner.shape, cells_of(stored.owner), stored.parts, stored.uv)
    coverage_hw = (stored.owner > 0).astype(np.float32)
    return Prediction(
        torch.from_numpy(logits_Chw), torch.from_numpy(coverage_hw), people, stored.size
    )


def as_stored(prediction: Prediction) -> Prediction:
    """What would come back if the prediction were stored; doing it again changes nothing."""
    return restored(quantised(prediction))


def cells_of(owner_hw: np.ndarray) -> np.ndarray:
    """(N,) flat positions of the covered cells, in the order in which they are stored."""
    flat_N = np.flatnonzero(owner_hw)
    return flat_N[np.argsort(owner_hw.reshape(-1)[flat_N], kind="stable")]


def dense_logits(
    grid: tuple[int, ...], flat_N: np.ndarray, parts_KN: np.ndarray, uv_KN: np.ndarray
) -> np.ndarray:
    """(75, h, w) float32 logits: background for certain but at the given cells."""
    logits_CP = np.zeros((LOGIT_CHANNELS, math.prod(grid)), np.float32)
    logits_CP[1:PARTS] = _LOG_FLOOR
    logits_CP[:PARTS, flat_N] = _LOG_FLOOR * np.square(parts_KN / np.float32(_PART_LEVELS))
    logits_CP[_UV_ROWS[:, None], flat_N] = _UV_LOW + uv_KN * np.float32(_UV_SPAN / _UV_LEVELS)
    return logits_CP.reshape(LOGIT_CHANNELS, *grid)


def mask_values(levels: np.ndarray) -> np.ndarray:
    """Masks as float32, 0..1."""
    return levels / np.float32(_MASK_LEVELS)


def as_person(box_4: np.ndarray, score: float, number: int, masks_2hw: np.ndarray) -> Person:
    """Rows of the tables, and M_ins and M_dp as values 0..1, as a person."""
    x0, y0, x1, y1 = map(float, box_4)
    instance, surface = torch.from_numpy(masks_2hw)
    return Person((x0, y0, x1, y1), float(score), instance, surface, int(number))


def _owners(prediction: Prediction) -> np.ndarray:
    covered_hw = prediction.coverage.numpy() > 0
    owner_hw = covered_hw.astype(np.uint16)
    if prediction.people:
        masks = [each.instance_mask.numpy()[covered_hw] for each in prediction.people]
        owner_hw[covered_hw] += np.argmax(masks, axis=0).astype(np.uint16)
    return owner_hw


def _part_levels(logits: np.ndarray) -> np.ndarray:
    """Fine where the part may win."""
    fine = np.rint(np.sqrt(np.clip(logits / _LOG_FLOOR, 0, 1)) * _PART_LEVELS)
    coarse = _PART_LEVELS - np.rint((_PART_LEVELS - fine) / _COARSE_PART) * _COARSE_PART
    return np.where(fine > _UNLIKELY, coarse, fine).astype(np.uint16)


def _uv_levels(uv: np.ndarray, unlikely: np.ndarray) -> np.ndarray:
    """Fine where the part may be seen; where it hardly can be, coarse levels take fewer bytes."""
    fine = np.clip((uv - _UV_LOW) / _UV_SPAN, 0, 1) * _UV_LEVELS
    coarse = np.minimum(np.rint(fine / _COARSE_UV), _UV_LEVELS // _COARSE_UV) * _COARSE_UV
    return np.where(unlikely, coarse, np.rint(fine)).astype(np.uint16)


def _mask_levels(masks: np.ndarray) -> np.ndarray:
    """Rounded so that what is above 1/2 stays above it, and nothing else gets there."""
    return np.ceil(np.clip(masks, 0, 1) * _MASK_LEVELS - 0.5).astype(np.uint8)
