"""One training picture, and a batch of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from ..data.canvas import STRIDE, Canvas, ignore_people
from ..data.densepose_coco import UNKNOWN
from ..data.mirror import COARSE_ONLY
from ..data.segmentation import COARSE_OF_PART


@dataclass(frozen=True)
class Example:
    """One training picture.

    Dims: g = S/4; the cell (x, y) of the grid has its centre at the pixel (4x + 1.5, 4y + 1.5).

    Attributes:
        image: (3, S, S) uint8, RGB.
        part: (g, g) uint8, 0 background, 1..24, 255 ignore.
        coarse: (g, g) uint8, 0 no body surface, 1..14 DensePose's coarse parts, 255 ignore.
            Known wherever `part` is, and where only coarse masks were annotated.
        uv: (2, g, g) uint8, 255·U and 255·V; meaningful where `part` is 1..24.
        instance: (g, g) uint8, 0 nobody, 1..N, 255 ignored region.
        boxes: (N, 4) float32, x0 y0 x1 y1 of what is seen of the person, in pixels.
        has_surface: (N,) bool.
        weights: (N,) float32.
        points: (P, 6) float32: x, y on the grid (cell centres are whole numbers), I, U, V,
            person from 0.
        grow: whether the global IUV branch is given the true masks grown by one cell, as estimated
            masks are at inference.
        index: k.
    """

    image: Tensor
    part: Tensor
    coarse: Tensor
    uv: Tensor
    instance: Tensor
    boxes: Tensor
    has_surface: Tensor
    weights: Tensor
    points: Tensor
    grow: bool
    index: int


@dataclass(frozen=True)
class Batch:
    """B examples: maps stacked, what differs in length as lists. Fields as in `Example`.

    Attributes:
        image: (B, 3, S, S) uint8.
        part: (B, g, g) uint8.
        coarse: (B, g, g) uint8.
        uv: (B, 2, g, g) uint8.
        instance: (B, g, g) uint8.
        boxes: B of (N, 4) float32.
        has_surface: B of (N,) bool.
        weights: B of (N,) float32.
        points: B of (P, 6) float32.
        grow: (B,) bool.
        index: the ks.
    """

    image: Tensor
    part: Tensor
    coarse: Tensor
    uv: Tensor
    instance: Tensor
    boxes: list[Tensor]
    has_surface: list[Tensor]
    weights: list[Tensor]
    points: list[Tensor]
    grow: Tensor
    index: list[int]

    def to(self, device: torch.device | str) -> "Batch":
        """The same on another device."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> "Batch":
        """The same in page-locked memory, for copies to CUDA in the background."""
        return self._each(lambda tensor: tensor.pin_memory())

    def _each(self, change: Callable[[Tensor], Tensor]) -> "Batch":
        return Batch(
            image=change(self.image),
            part=change(self.part),
            coarse=change(self.coarse),
            uv=change(self.uv),
            instance=change(self.instance),
            boxes=[change(t) for t in self.boxes],
            has_surface=[change(t) for t in self.has_surface],
            weights=[change(t) for t in self.weights],
            points=[change(t) for t in self.points],
            grow=change(self.grow),
            index=self.index,
        )


def collate(examples: Sequence[Example]) -> Batch:
    """Join examples of one size into a batch."""
    return Batch(
        image=torch.stack([e.image for e in examples]),
        part=torch.stack([e.part for e in examples]),
        coarse=torch.stack([e.coarse for e in examples]),
        uv=torch.stack([e.uv for e in examples]),
        instance=torch.stack([e.instance for e in examples]),
        boxes=[e.boxes for e in examples],
        has_surface=[e.has_surface for e in examples],
        weights=[e.weights for e in examples],
        points=[e.points for e in examples],
        grow=torch.tensor([e.grow for e in examples]),
        index=[e.index for e in examples],
    )


def finish(canvas: Canvas, image: np.ndarray, min_cells: int, grow: bool, index: int) -> Example:
    """Turn a canvas into tensors.

    People who are hardly seen become ignored, the others are numbered anew.

    Args:
        canvas: drawn.
        image: (S, S, 3) uint8, what the camera made of the canvas's image.
        min_cells: a person in fewer cells is ignored.
        grow: as in `Example`.
        index: k.
    """
    cells = np.bincount(canvas.labels[..., 3].ravel(), minlength=256)[1 : canvas.people + 1]
    pixels = np.bincount(canvas.instance.ravel(), minlength=256)[1 : canvas.people + 1]
    seen = (cells >= min_cells) & (pixels > 0)
    hardly = np.flatnonzero(~seen & (pixels > 0)) + 1
    if len(hardly):
        ignore_people(canvas, hardly)
    kept = np.flatnonzero(seen)
    number = np.zeros(256, np.uint8)
    number[kept + 1] = np.arange(1, len(kept) + 1)
    number[UNKNOWN] = UNKNOWN
    label = canvas.labels
    part = np.where(label[..., 0] > COARSE_ONLY, np.uint8(UNKNOWN), label[..., 0])
    coarse = _COARSE[label[..., 0]]
    boxes = [_tight_box(canvas.instance, int(k) + 1) for k in kept]
    return Example(
        image=torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))),
        part=torch.from_numpy(part),
        coarse=torch.from_numpy(coarse),
        uv=torch.from_numpy(np.ascontiguousarray(label[..., 1:3].transpose(2, 0, 1))),
        instance=torch.from_numpy(number[label[..., 3]]),
        boxes=torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        has_surface=torch.tensor([canvas.has_surface[k] for k in kept], dtype=torch.bool),
        weights=torch.tensor([canvas.weights[k] for k in kept], dtype=torch.float32),
        points=torch.from_numpy(_visible_points(canvas, number)),
        grow=grow,
        index=index,
    )


def _coarse_law() -> np.ndarray:
    law = COARSE_OF_PART.copy()
    law[COARSE_ONLY + 1 : COARSE_ONLY + 15] = np.arange(1, 15)
    return law


_COARSE = _coarse_law()  # channel I of a label stack → coarse part


def _tight_box(instance: np.ndarray, person: int) -> tuple[int, int, int, int]:
    x, y, w, h = cv2.boundingRect((instance == person).astype(np.uint8))
    return x, y, x + w, y + h


def _visible_points(canvas: Canvas, number: np.ndarray) -> np.ndarray:
    """Points that lie on a pixel of their own person, on the grid's coordinates (P, 6)."""
    points = canvas.points
    pixel = np.floor(points[:, :2]).astype(int)
    inside = ((pixel >= 0) & (pixel < canvas.size)).all(1)
    points, pixel = points[inside], pixel[inside]
    person = points[:, 5].astype(int) + 1
    own = (canvas.instance[pixel[:, 1], pixel[:, 0]] == person) & (number[person] > 0)
    out = points[own].astype(np.float32)
    out[:, :2] = out[:, :2] / STRIDE - 0.5
    out[:, 5] = number[person[own]].astype(np.float32) - 1
    return out
