"""Dense labels at full size: logits are upsampled, then the winner is taken.

Dims: H W = the picture, h w = the logit grid, N = labelled pixels only. People cover a small part
of most frames, so all that follows the first look at the grid works on lists of pixels.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from ..errors import ShapeError
from ..types import PARTS, Prediction

_MIXED = 255  # a square of four grid cells that do not agree on the part


@dataclass(frozen=True, eq=False)  # it is itself only: arrays have no truth to compare by
class IUV:
    """Dense labels of one frame.

    Attributes:
        part: (H, W) uint8, I: 0 = background, 1..24 = the DensePose parts.
        u: (H, W) float32, 0..1 on the part's chart; 0 on the background.
        v: (H, W) float32, likewise.
    """

    part: np.ndarray
    u: np.ndarray
    v: np.ndarray

    @cached_property
    def people(self) -> np.ndarray:
        """(N,) flat positions of the labelled pixels, row by row."""
        return np.flatnonzero(self.part != 0)

    def __post_init__(self) -> None:
        if self.part.ndim != 2 or not self.part.shape == self.u.shape == self.v.shape:
            shapes = f"{self.part.shape}, {self.u.shape}, {self.v.shape}"
            raise ShapeError(f"I, U and V are (H, W) each, not {shapes}")


def labels(prediction: Prediction, size: tuple[int, int] | None = None) -> IUV:
    """Dense labels at full size, from logits that are upsampled before the winner is taken.

    A pixel none of whose four grid cells was covered is background: no U and V were computed there.

    Args:
        prediction: logits and coverage on the grid.
        size: (H, W) of the labels; the frame's own size where not given.

    Returns:
        I, and U and V of the winning part, clipped to 0..1.

    Raises:
        ShapeError: neither `size` nor the prediction says how large the picture is.
    """
    height, width = size or prediction.size
    if height < 1 or width < 1:
        raise ShapeError(f"labels need the size of the picture (H, W), not {(height, width)}")
    iuv = IUV(
        np.zeros((height, width), np.uint8),
        np.zeros((height, width), np.float32),
        np.zeros((height, width), np.float32),
    )
    coverage_hw = _at_least_two(prediction.coverage)
    logits_Chw = _at_least_two(prediction.logits)
    square_hw = _square_winners(logits_Chw[:PARTS], coverage_hw)
    rows, columns = _axis(height, coverage_hw.shape[0]), _axis(width, coverage_hw.shape[1])
    crop = _crop(square_hw, rows, columns)
    if crop is None:
        return iuv
    logits_Chw, coverage_hw = logits_Chw[:, *crop.cells], coverage_hw[crop.cells]
    part = square_hw[rows.low[crop.pixels[0]]].take(columns.low[crop.pixels[1]], axis=1)
    mixed = part == _MIXED
    part[mixed] = _mixed_winners(logits_Chw[:PARTS], _taps(mixed, crop, rows, columns))

    people = part > 0
    u_N, v_N, known_N = _winning_uv(
        logits_Chw[PARTS:], coverage_hw, part[people], _taps(people, crop, rows, columns)
    )
    part[people] *= known_N
    iuv.part[crop.pixels] = part
    iuv.u[crop.pixels][people] = u_N
    iuv.v[crop.pixels][people] = v_N
    return iuv


def _at_least_two(grid: Tensor) -> np.ndarray:
    """The grid as an array, two cells or more each way: every pixel lies between two."""
    values = grid.detach().float().cpu().numpy()
    missing = [(0, max(0, 2 - cells)) for cells in values.shape[-2:]]
    if not np.any(missing):
        return values
    return np.pad(values, [(0, 0)] * (values.ndim - 2) + missing, mode="edge")


@dataclass(frozen=True)
class _Axis:
    """Bilinear taps along one axis: (1 - weight) · cell[low] + weight · cell[low + 1]."""

    low: np.ndarray
    weight: np.ndarray


@lru_cache(maxsize=16)
def _axis(pixels: int, cells: int) -> _Axis:
    """Where each pixel of a row (or column) falls between the cells, `align_corners=False`."""
    position = (np.arange(pixels) + 0.5) * (cells / pixels) - 0.5
    position = np.clip(position, 0, cells - 1)
    low = np.minimum(position.astype(np.intp), cells - 2)
    return _Axis(low, (position - low).astype(np.float32))


def _square_winners(part_logits_Chw: np.ndarray, coverage_hw: np.ndarray) -> np.ndarray:
    """The part that wins in the whole square between four neighbouring cells, (h - 1, w - 1).

    Where one part wins at all four corners it wins at every point between them, because bilinear
    interpolation keeps order; only the other squares (`_MIXED`) are looked at pixel by pixel.
    A square without coverage is background.
    """
    covered_hw = _over_corners(coverage_hw, np.maximum) > 0
    square_hw = np.zeros(covered_hw.shape, np.uint8)
    left, top, columns, rows = cv2.boundingRect(covered_hw.view(np.uint8))
    box = slice(top, top + rows), slice(left, left + columns)
    corners = slice(top, top + rows + 1), slice(left, left + columns + 1)
    winner_hw = part_logits_Chw[:, *corners].argmax(0).astype(np.uint8)
    low, high = (_over_corners(winner_hw, each) for each in (np.minimum, np.maximum))
    square_hw[box] = np.where(low == high, low, np.uint8(_MIXED)) * covered_hw[box]
    return square_hw


def _over_corners(values_hw: np.ndarray, reduce: np.ufunc) -> np.ndarray:
    """Minimum or maximum over the four corners of each square."""
    columns = reduce(values_hw[:-1], values_hw[1:])
    return reduce(columns[:, :-1], columns[:, 1:])


@dataclass(frozen=True)
class _Crop:
    """The bounding box of all squares that are not plain background: rows and columns of each."""

    pixels: tuple[slice, slice]
    cells: tuple[slice, slice]


def _crop(square_hw: np.ndarray, rows: _Axis, columns: _Axis) -> _Crop | None:
    """Where there is something to label; None where there is nothing."""
    pixels, cells = [], []
    for axis, other in ((rows, 1), (columns, 0)):
        squares = np.flatnonzero(square_hw.any(axis=other))
        if squares.size == 0:
            return None
        first, last = int(squares[0]), int(squares[-1]) + 1
        pixels.append(slice(*map(int, np.searchsorted(axis.low, (first, last)))))
        cells.append(slice(first, last + 1))
    return _Crop((pixels[0], pixels[1]), (cells[0], cells[1]))


@dataclass(frozen=True)
class _Taps:
    """Of N pixels: the upper left cell (flat), cells to a row, how far down and right they lie."""

    cell: np.ndarray
    stride: int
    down: np.ndarray
    right: np.ndarray

    def corners(self) -> tuple[np.ndarray, ...]:
        """Flat cells (N,): upper left, upper right, lower left, lower right."""
        below = self.cell + self.stride
        return self.cell, self.cell + 1, below, below + 1

    def between(self, values: np.ndarray, offset: np.ndarray | int = 0) -> np.ndarray:
        """Bilinear value (N,) of a flat grid, read `offset` cells further on."""
        a, b, c, d = (values.take(cell + offset) for cell in self.corners())
        upper = a + (b - a) * self.right
        return upper + (c + (d - c) * self.right - upper) * self.down


def _taps(chosen: np.ndarray, crop: _Crop, rows: _Axis, columns: _Axis) -> _Taps:
    """The taps of the chosen pixels (bool) of the crop, on the cropped grid."""
    height, width = chosen.shape
    y = np.repeat(np.arange(height), np.count_nonzero(chosen, axis=1))
    x = np.flatnonzero(chosen) - y * width
    stride = crop.cells[1].stop - crop.cells[1].start
    row_cell = (rows.low[crop.pixels[0]] - crop.cells[0].start) * stride
    column_cell = columns.low[crop.pixels[1]] - crop.cells[1].start
    return _Taps(
        row_cell.take(y) + column_cell.take(x),
        stride,
        rows.weight[crop.pixels[0]].take(y),
        columns.weight[crop.pixels[1]].take(x),
    )


def _mixed_winners(part_logits_Chw: np.ndarray, taps: _Taps) -> np.ndarray:
    """Argmax of the upsampled part logits at the given pixels."""
    if taps.cell.size == 0:
        return np.zeros(0, np.uint8)
    up, left = 1 - taps.down, 1 - taps.right
    weights = (up * left, up * taps.right, taps.down * left, taps.down * taps.right)
    sums = embedding_bag(
        torch.from_numpy(np.stack(taps.corners(), 1)),
        torch.from_numpy(np.ascontiguousarray(part_logits_Chw.reshape(PARTS, -1).T)),
        mode="sum",
        per_sample_weights=torch.from_numpy(np.stack(weights, 1)),
    )
    return sums.numpy().argmax(1).astype(np.uint8)


def _winning_uv(
    uv_Chw: np.ndarray, coverage_hw: np.ndarray, winner_N: np.ndarray, taps: _Taps
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """U and V of each pixel's part, taken from covered cells only.

    Returns:
        U and V (N,) in 0..1, and (N,) bool: False where no cell around was covered (U = V = 0).
    """
    covered_uv = np.where(coverage_hw > 0, uv_Chw, 0)
    covered_uv = (covered_uv * coverage_hw).reshape(-1)
    total = taps.between(coverage_hw.reshape(-1))
    known = total > 1e-6
    total[~known] = np.inf
    channel = winner_N.astype(np.intp) * coverage_hw.size
    u = taps.between(covered_uv, channel) / total
    v = taps.between(covered_uv, channel + PARTS * coverage_hw.size) / total
    return np.clip(u, 0, 1, out=u), np.clip(v, 0, 1, out=v), known
