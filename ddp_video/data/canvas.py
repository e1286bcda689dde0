"""A training picture while it is put together: picture and labels, drawn through homographies.

Matrices are 3×3 and map pixel centres to pixel centres (pixel i has its centre at i, as OpenCV has
it); boxes and points are continuous (pixel i covers [i, i + 1)), as in `Record`. Labels lie on the
1/4 grid, whose cell x has its centre at pixel 4·x + 1.5.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np

from ..types import PARTS
from .densepose_coco import UNKNOWN, Record
from .mirror import COARSE_ONLY, mirror_points, mirror_values

STRIDE = 4
_TO_GRID = np.array(
    [[1 / STRIDE, 0, 0.5 / STRIDE - 0.5], [0, 1 / STRIDE, 0.5 / STRIDE - 0.5], [0, 0, 1]]
)
_SHRINK_BELOW = (
    0.5  # bilinear sampling aliases below this scale, so the picture is brought near its size first
)
_NO_POINTS = np.zeros((0, 6), np.float32)


@dataclass(frozen=True)
class Picture:
    """A record as the training keeps it: small, and its label maps in one stack.

    Attributes:
        image: (H, W, 3) uint8, RGB.
        labels: (H, W, 4) uint8: I, 255·U, 255·V, instance. I is 0, a part 1..24, 100 + c where only
            the coarse part c is known, or 255; instance is 0, 1..N, or 255.
        boxes: (N, 4) float32, x0 y0 x1 y1.
        has_surface: (N,) bool.
        weights: (N,) float32.
        points: (P, 6) float32, x, y, I, U, V, person from 0; of people without dense labels, who
            would else count twice.
    """

    image: np.ndarray
    labels: np.ndarray
    boxes: np.ndarray
    has_surface: np.ndarray
    weights: np.ndarray
    points: np.ndarray

    @property
    def people(self) -> int:
        """Number of persons."""
        return len(self.boxes)


@dataclass
class Canvas:
    """What is drawn on.

    Attributes:
        image: (S, S, 3) uint8, RGB.
        instance: (S, S) uint8: 0, 1..N, or 255.
        labels: (S/4, S/4, 4) uint8, as in `Picture`.
        has_surface: one per person.
        weights: one per person.
        points: (P, 6) float32, continuous pixels of the canvas.
    """

    image: np.ndarray
    instance: np.ndarray
    labels: np.ndarray
    has_surface: list[bool] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    points: np.ndarray = field(default_factory=lambda: _NO_POINTS)

    @property
    def size(self) -> int:
        """S."""
        return self.image.shape[0]

    @property
    def people(self) -> int:
        """Number of persons drawn so far, seen or hidden."""
        return len(self.has_surface)


def picture_from_record(record: Record, long_side: int) -> Picture:
    """Shrink a record to at most `long_side` pixels and stack its labels."""
    part = _parts(record)
    uv = np.zeros((*part.shape, 2), np.uint8) if record.iuv is None else record.iuv[..., 1:]
    labels = np.dstack([part, uv, record.instance])
    height, width = part.shape
    scale = min(1.0, long_side / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    image = record.image
    if scale < 1:
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        labels = cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST_EXACT)
    factor = np.array([size[0] / width, size[1] / height], np.float32)
    points = _points(record)
    points[:, :2] *= factor
    boxes = record.boxes * np.tile(factor, 2)
    return Picture(image, labels, boxes, record.has_surface, record.weights, points)


def _points(record: Record) -> np.ndarray:
    """The points of those people of whom no pixel is labelled."""
    if record.iuv is None or not len(record.points):
        return record.points.copy()
    labelled = (record.iuv[..., 0] > 0) & (record.iuv[..., 0] < PARTS)
    dense = np.bincount(record.instance[labelled], minlength=256) > 0
    return record.points[~dense[record.points[:, 5].astype(int) + 1]]


def _parts(record: Record) -> np.ndarray:
    """The channel I of a label stack (see `Picture`)."""
    if record.iuv is None:
        part = np.where(record.coarse > 0, record.coarse + np.uint8(COARSE_ONLY), np.uint8(0))
    else:
        part = record.iuv[..., 0]
    unlabelled = np.zeros(256, bool)
    unlabelled[1 : len(record.boxes) + 1] = ~record.has_surface
    unknown = (record.coarse == UNKNOWN) | (record.instance == UNKNOWN)
    unknown |= unlabelled[record.instance] & (record.coarse == 0)
    return np.where(unknown, np.uint8(UNKNOWN), part)


def blank_canvas(image: np.ndarray) -> Canvas:
    """A canvas with nobody on it; `image` (S, S, 3) uint8 is drawn on, not copied."""
    size = image.shape[0]
    grid = size // STRIDE
    return Canvas(image, np.zeros((size, size), np.uint8), np.zeros((grid, grid, 4), np.uint8))


def draw_picture(canvas: Canvas, picture: Picture, matrix: np.ndarray, mirrored: bool) -> None:
    """Draw a whole picture with all its people; where it does not reach, the canvas stays.

    Args:
        canvas: nobody on it yet.
        picture: what is drawn.
        matrix: 3×3, picture → canvas.
        mirrored: whether the matrix turns the picture over, so that labels must be renamed.
    """
    warp_image(picture.image, matrix, canvas.image)
    size = canvas.size
    if picture.people or picture.labels.any():
        instance = np.ascontiguousarray(picture.labels[..., 3])
        canvas.instance[:] = cv2.warpPerspective(
            instance, matrix, (size, size), flags=cv2.INTER_NEAREST
        )
        canvas.labels[:] = warp_labels(picture.labels, matrix, canvas.labels.shape[0], mirrored)
    canvas.has_surface += picture.has_surface.tolist()
    canvas.weights += picture.weights.tolist()
    canvas.points = warp_points(picture.points, matrix, mirrored)


def draw_background(canvas: Canvas, image: np.ndarray, matrix: np.ndarray) -> None:
    """Draw a picture in which nobody is; beyond its border it goes on as its mirror image."""
    image, matrix = shrink_first(image, matrix)
    size = (canvas.size, canvas.size)
    cv2.warpPerspective(
        image, matrix, size, dst=canvas.image, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )


def warp_image(image: np.ndarray, matrix: np.ndarray, out: np.ndarray) -> None:
    """Draw an image through a homography into `out`; what it does not reach stays."""
    image, matrix = shrink_first(image, matrix)
    height, width = out.shape[:2]
    cv2.warpPerspective(
        image,
        matrix,
        (width, height),
        dst=out,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_TRANSPARENT,
    )


def shrink_first(image: np.ndarray, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shrink an image by area averaging where the matrix would shrink it by more than two.

    Args:
        image: (H, W) or (H, W, 3) uint8.
        matrix: 3×3; its third row gives 1 at the place whose scale is to be judged.

    Returns:
        The image and the matrix from its pixels to the same canvas.
    """
    scale = float(np.sqrt(abs(np.linalg.det(matrix))))
    if scale >= _SHRINK_BELOW:
        return image, matrix
    height, width = image.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    fx, fy = size[0] / width, size[1] / height
    back = np.array([[1 / fx, 0, 0.5 / fx - 0.5], [0, 1 / fy, 0.5 / fy - 0.5], [0, 0, 1]])
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA), matrix @ back


def warp_labels(
    labels: np.ndarray, matrix: np.ndarray, grid: int | tuple[int, int], mirrored: bool
) -> np.ndarray:
    """Read labels (H, W, 4) at the cell centres of the 1/4 grid, 0 outside.

    Args:
        labels: as in `Picture`.
        matrix: 3×3, labels' pixels → canvas.
        grid: side of the grid, or (height, width).
        mirrored: rename left and right.
    """
    height, width = (grid, grid) if isinstance(grid, int) else grid
    out = cv2.warpPerspective(labels, _TO_GRID @ matrix, (width, height), flags=cv2.INTER_NEAREST)
    return mirror_values(out) if mirrored else out


def warp_points(points: np.ndarray, matrix: np.ndarray, mirrored: bool) -> np.ndarray:
    """Carry points (P, 6) to the canvas, and rename them if mirrored."""
    if not len(points):
        return _NO_POINTS
    out = mirror_points(points) if mirrored else points.copy()
    out[:, :2] = warp_positions(points[:, :2] - 0.5, matrix) + 0.5
    return out


def warp_positions(xy: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """(P, 2) positions through a homography."""
    homogeneous = np.column_stack([xy, np.ones(len(xy))]) @ matrix.T
    return homogeneous[:, :2] / homogeneous[:, 2:]


def ignore_people(canvas: Canvas, people: np.ndarray) -> None:
    """Turn persons (ids from 1) into regions that no loss looks at."""
    gone = np.zeros(256, bool)
    gone[people] = True
    canvas.instance[gone[canvas.instance]] = UNKNOWN
    cells = gone[canvas.labels[..., 3]]
    canvas.labels[cells] = (UNKNOWN, 0, 0, UNKNOWN)
