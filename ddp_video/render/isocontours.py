"""Isocontours of U and V inside each part: where the lines run and how much of a pixel they cover.

Dims: N = labelled pixels, row by row; M = those that a line touches; 4 = right, left, down, up.
"""

from dataclasses import dataclass

import cv2
import numpy as np

# A line must climb this much of the chart (0..1) over the picture's short side. Flatter than that,
# noise decides where the line runs, and it would flicker or fill an area.
_FLATTEST = 0.1
# Lines closer together than this many line widths fade, lest small people become solid blobs.
_CROWDED = 2.5


@dataclass(frozen=True)
class Lines:
    """The isocontours of one chart coordinate.

    Attributes:
        pixels: (M,) which of the N labelled pixels a line touches.
        level: (M,) the line's level, an index.
        alpha: (M,) float32 0..1, how much of the pixel it covers.
    """

    pixels: np.ndarray
    level: np.ndarray
    alpha: np.ndarray


def isocontours(part: np.ndarray, charts: tuple[np.ndarray, ...], levels: int) -> list[Lines]:
    """The lines at linspace(0, 1, levels) of each chart coordinate, never across a part's border.

    Lines are 1 px wide, and more on pictures whose short side exceeds 720 px. Values lie in 0..1:
    the two end levels have nothing beyond them to be the border of, and draw no line.

    Args:
        part: (H, W) uint8, 0 = background.
        charts: U, V: (H, W) float32 each.
        levels: number of levels, ends included; below 3 there is nothing to draw.

    Returns:
        For each chart coordinate its lines.
    """
    if levels < 3:
        return []
    short_side = min(part.shape)
    width = max(1.0, (short_side / 720) ** 0.5)
    left, top, columns, rows = cv2.boundingRect(part)
    box = slice(top, top + max(rows, 1)), slice(left, left + max(columns, 1))
    neighbours = _neighbours(part[box])
    return [
        _isolines(
            *_steps(chart[box], neighbours), neighbours.same, levels, width, _FLATTEST / short_side
        )
        for chart in charts
    ]


@dataclass(frozen=True)
class _Neighbours:
    """The labelled pixels and their four neighbours (right, left, down, up).

    Attributes:
        sites: (N,) flat index of the pixels in a picture with a border of one pixel around it.
        offsets: from a pixel to each neighbour, in that picture.
        same: (4, N) float32, 1 where the neighbour carries the same part, else 0.
    """

    sites: np.ndarray
    offsets: tuple[int, int, int, int]
    same: np.ndarray


def _neighbours(part: np.ndarray) -> _Neighbours:
    """Who is beside whom, part by part."""
    bordered = cv2.copyMakeBorder(part, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=[0])
    offsets = (1, -1, bordered.shape[1], -bordered.shape[1])
    flat = bordered.reshape(-1)
    sites = np.flatnonzero(flat != 0)
    here = flat.take(sites)
    same = np.empty((4, sites.size), np.float32)
    for row, offset in zip(same, offsets, strict=True):
        np.equal(flat.take(sites + offset), here, out=row)
    return _Neighbours(sites, offsets, same)


def _steps(chart: np.ndarray, neighbours: _Neighbours) -> tuple[np.ndarray, np.ndarray]:
    """U (or V) of the pixels (N,), its change to each neighbour (4, N): 0 across borders."""
    flat = cv2.copyMakeBorder(chart, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=[0]).reshape(-1)
    values = flat.take(neighbours.sites)
    steps = np.empty((4, values.size), np.float32)
    for row, offset in zip(steps, neighbours.offsets, strict=True):
        np.subtract(flat.take(neighbours.sites + offset), values, out=row)
    steps *= neighbours.same
    return values, steps


def _isolines(
    values_N: np.ndarray,
    steps_4N: np.ndarray,
    same_4N: np.ndarray,
    levels: int,
    width: float,
    flattest: float,
) -> Lines:
    """Antialiased isocontours of one chart coordinate.

    A line's distance from a pixel is |value - level| / |gradient|, so it is placed to a fraction of
    a pixel and moves smoothly from frame to frame.

    Args:
        values_N: U or V of the labelled pixels, 0..1.
        steps_4N: its change to the right, left, lower, upper neighbour; 0 if that is another part.
        same_4N: 1 where the neighbour is of the same part.
        levels: of linspace(0, 1, levels); at least 3.
        width: of a line, pixels.
        flattest: lines need a gradient above this, per pixel.

    Returns:
        The pixels that a line touches.
    """
    right, left, down, up = steps_4N
    across = (right - left) / np.maximum(same_4N[0] + same_4N[1], 1)
    along = (down - up) / np.maximum(same_4N[2] + same_4N[3], 1)
    slope = np.sqrt(across * across + along * along)
    spacing = np.float32(1 / (levels - 1))
    level = np.clip(np.rint(values_N / spacing), 1, levels - 2)
    rise = level * spacing - values_N
    reach = np.float32((width + 1) / 2)
    near = np.flatnonzero((np.abs(rise) < reach * slope) & (slope > flattest))
    slope, level, rise = slope.take(near), level.take(near), rise.take(near)
    steps_4M, same_4M = steps_4N.take(near, axis=1), same_4N.take(near, axis=1)

    # On a summit or a saddle the gradient says nothing: a neighbour has to be on the level's other
    # side (1.5: along an axis, a slanting line is up to √2 times farther than straight on).
    highest, lowest = steps_4M.max(0, initial=0), steps_4M.min(0, initial=0)
    crossed = (rise <= highest * (1.5 * reach)) & (rise >= lowest * (1.5 * reach))
    alpha = np.minimum(reach - np.abs(rise) / slope, 1) * crossed
    alpha *= np.minimum(slope / flattest - 1, 1)
    alpha *= np.minimum(spacing / (slope * (_CROWDED * width)), 1)
    alpha *= np.clip((same_4M.sum(0) - 1) / 2, 0, 1)  # no specks on slivers of a part
    return Lines(near, level.astype(np.intp), alpha)
