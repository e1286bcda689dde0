"""Smooth motions of the plane with exact displacements, and their inverses.

A motion moves the point p to p + d(p). It is a field: d at every pixel of a canvas and of a
margin around it, (H + 2M, W + 2M, 2) float32, x then y, in pixels; field[M, M] is that of the
pixel (0, 0).
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

CELL = 8  # pixels between the points at which splines are evaluated
COARSE = 4  # pixels between the points at which a motion is inverted first
MOST_SHEAR = 0.5  # bound on the change of d per pixel: far below 1, so that points keep their order
_ROUNDS = 9


@dataclass(frozen=True)
class Affine:
    """p → p + (A − 1)(p − c) + t.

    Attributes:
        linear: (2, 2) A.
        centre: (2,) c, x and y.
        shift: (2,) t.
    """

    linear: np.ndarray
    centre: np.ndarray
    shift: np.ndarray

    def displacement(self, points_N2: np.ndarray) -> np.ndarray:
        """Of points, (N, 2)."""
        return (points_N2 - self.centre) @ (self.linear - np.eye(2)).T + self.shift


@dataclass(frozen=True)
class ThinPlate:
    """The bending of least energy that moves some points as given (thin-plate spline).

    Attributes:
        knots: (K, 2) points, at least 3 of them and not on one line.
        moved: (K, 2) their displacements.
    """

    knots: np.ndarray
    moved: np.ndarray

    def displacement(self, points_N2: np.ndarray) -> np.ndarray:
        """Of points, (N, 2)."""
        from scipy.interpolate import RBFInterpolator  # of the extra `train`

        return RBFInterpolator(self.knots, self.moved, kernel="thin_plate_spline")(points_N2)


def field(parts: list[Affine | ThinPlate], size: tuple[int, int], margin: int) -> np.ndarray:
    """The sum of motions as a field, interpolated between points CELL pixels apart.

    Args:
        parts: whose displacements add up.
        size: (H, W) of the canvas.
        margin: M.

    Returns:
        (H + 2M, W + 2M, 2) float32, shrunk where it would change by more than MOST_SHEAR a pixel.
    """
    rows, columns = (-(-(side + 2 * margin) // CELL) for side in size)
    y, x = np.mgrid[:rows, :columns] * CELL + ((CELL - 1) / 2 - margin)  # middles of cells
    points = np.stack([x.ravel(), y.ravel()], 1)
    coarse = sum((part.displacement(points) for part in parts), np.zeros_like(points))
    coarse = coarse.reshape(rows, columns, 2).astype(np.float32)
    fine = cv2.resize(tame(coarse), (columns * CELL, rows * CELL), interpolation=cv2.INTER_LINEAR)
    return fine[: size[0] + 2 * margin, : size[1] + 2 * margin]


def tame(coarse: np.ndarray) -> np.ndarray:
    """The same about its mean, shrunk so that it changes by at most MOST_SHEAR a pixel."""
    slopes = [np.abs(np.diff(coarse, axis=axis)).sum(-1).max(initial=0) / CELL for axis in (0, 1)]
    if max(slopes) <= MOST_SHEAR:
        return coarse
    mean = coarse.mean((0, 1))
    return mean + (coarse - mean) * (MOST_SHEAR / max(slopes))


def inverse(field_HW2: np.ndarray) -> np.ndarray:
    """Where things come from: e with e(p + d(p)) = −d(p).

    By the fixed point e(q) = −d(q + e(q)), on a coarse grid first.

    Args:
        field_HW2: d.

    Returns:
        (H, W, 2) float32; at the border of the field, where a point comes from beyond it, as if d
        went on there as at its edge.
    """
    height, width = field_HW2.shape[:2]
    small = (-(-width // COARSE), -(-height // COARSE))
    x, y = (COARSE * p + (COARSE - 1) / 2 for p in pixels(small[::-1]))
    found = np.zeros((*y.shape, 2), np.float32)
    for _ in range(_ROUNDS):
        found = -_sampled(field_HW2, x + found[..., 0], y + found[..., 1])
    full = (small[0] * COARSE, small[1] * COARSE)
    fine = cv2.resize(found, full, interpolation=cv2.INTER_LINEAR)[:height, :width]
    x, y = pixels((height, width))
    return -_sampled(field_HW2, x + fine[..., 0], y + fine[..., 1])


@lru_cache(maxsize=64)
def pixels(size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The x and the y of every pixel of a picture (H, W), float32, not to be written to."""
    y, x = np.indices(size, np.float32)
    return x, y


def _sampled(field_HW2: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return cv2.remap(field_HW2, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
