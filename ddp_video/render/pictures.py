"""Pictures of dense labels: isocontours, parts, mask, or the labels themselves.

Dims: H W = the picture, N = labelled pixels only, row by row.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from ..errors import ShapeError
from ..settings import RenderSettings
from .dense_labels import IUV
from .instances import colours_of, write_numbers
from .isocontours import isocontours

# Under the lines people are darkened (so that lines read on white clothes) and tinted by part.
_SCRIM = 0.45
_TINT = 0.12

# One hue per limb, the right side dark and saturated, the left side light; index = DensePose part.
PART_COLOURS = np.array(
    [
        (0, 0, 0),
        *((38, 84, 172), (92, 158, 255)),  # torso: back, front
        *((178, 24, 43), (255, 128, 128)),  # hands: right, left
        *((255, 150, 215), (190, 30, 140)),  # feet: left, right
        *((0, 75, 40), (105, 195, 105), (30, 140, 70), (175, 240, 155)),  # upper legs: R L R L
        *((110, 70, 0), (215, 190, 60), (170, 130, 20), (250, 230, 140)),  # lower legs: R L R L
        *((195, 150, 255), (85, 30, 160), (225, 205, 255), (130, 85, 215)),  # upper arms: L R L R
        *((110, 220, 225), (0, 90, 105), (190, 252, 248), (0, 150, 160)),  # lower arms: L R L R
        *((205, 70, 0), (255, 145, 60)),  # head: right, left
    ],
    np.uint8,
)


def draw(
    iuv: IUV,
    frame_image: np.ndarray | None,
    settings: RenderSettings,
    number_HW: np.ndarray | None = None,
) -> np.ndarray:
    """One picture of the labels.

    Args:
        iuv: dense labels, (H, W).
        frame_image: (H, W, 3) uint8 RGB; None will do where nothing is drawn over the video.
        settings: view, background, number of levels.
        number_HW: from `number_of_pixel`; for the view "instances".

    Returns:
        (H, W, 3) uint8 RGB, or (H, W, 4) RGBA (straight alpha) on a transparent background.
        "iuv" is labels, not a picture: always 3 channels, RGB = (V, U, I), so that OpenCV reads
        (I, U, V) from a PNG of it. "mask" is white on black over "video" too.

    Raises:
        ShapeError: no frame to draw over, or one of another size; instances without numbers.
    """
    if settings.view == "iuv":
        return np.ascontiguousarray(iuv_array(iuv)[..., ::-1])
    people = iuv.people
    if settings.view == "mask":
        return _mask(iuv.part, people, settings.background == "transparent")
    canvas = _canvas(frame_image, iuv.part.shape, settings)
    if people.size == 0:
        return canvas
    alpha = 0.6 if settings.background == "video" else 1.0
    if settings.view == "parts":
        layer = _part_layer(iuv.part, people, alpha)
    elif settings.view == "instances":
        if number_HW is None:
            raise ShapeError("instances are drawn with numbers: give number_of_pixel(…)")
        people = np.flatnonzero(number_HW)  # smoothing may label what is nobody's in this frame
        colour = colours_of(number_HW.reshape(-1)[people]) * np.float32(alpha)
        layer = _Layer(colour, np.full(people.size, alpha, np.float32))
    else:
        layer = _contour_layer(iuv, settings.levels)
    _lay_over(canvas, people, layer)
    if settings.view == "instances" and number_HW is not None:
        write_numbers(canvas, number_HW)
    return canvas


def iuv_array(iuv: IUV) -> np.ndarray:
    """I, 255·U, 255·V, rounded: (H, W, 3) uint8 as the field's tools give it to `cv2.imwrite`."""
    u, v = (np.rint(values * 255).astype(np.uint8) for values in (iuv.u, iuv.v))
    return cv2.merge((iuv.part, u, v))


@dataclass(frozen=True)
class _Layer:
    """What is laid over the N labelled pixels: colour (3, N) times its alpha, and alpha (N,)."""

    colour: np.ndarray
    alpha: np.ndarray

    def cover(self, pixels: np.ndarray, colour_3M: np.ndarray, alpha_M: np.ndarray) -> None:
        """Lay something on top of some of the pixels, in place."""
        under_M = 1 - alpha_M
        for plane, colour_M in zip(self.colour, colour_3M, strict=True):
            plane[pixels] = plane[pixels] * under_M + colour_M * alpha_M
        self.alpha[pixels] = self.alpha[pixels] * under_M + alpha_M


def _canvas(
    frame_image: np.ndarray | None, size: tuple[int, ...], settings: RenderSettings
) -> np.ndarray:
    """What is behind the people."""
    if settings.background != "video":
        return np.zeros((*size, 4 if settings.background == "transparent" else 3), np.uint8)
    if frame_image is None or frame_image.shape != (*size, 3):
        found = "none" if frame_image is None else f"one of shape {frame_image.shape}"
        raise ShapeError(f"drawing over the video needs a frame {(*size, 3)}, found {found}")
    return frame_image.copy()


def _lay_over(canvas: np.ndarray, people: np.ndarray, layer: _Layer) -> None:
    """Blend the layer into the labelled pixels of the canvas, in place."""
    planes = canvas.reshape(-1, canvas.shape[2]).T
    transparent = len(planes) == 4
    under = 1 - layer.alpha
    for plane, colour in zip(planes[:3], layer.colour, strict=True):
        over = colour / np.maximum(layer.alpha, 1e-6) if transparent else colour
        plane[people] = plane[people] * under + over + np.float32(0.5)
    if transparent:
        planes[3][people] = layer.alpha * 255 + np.float32(0.5)


def _mask(part: np.ndarray, people: np.ndarray, transparent: bool) -> np.ndarray:
    """White people on black, or white people with their silhouette as alpha."""
    picture = np.zeros((*part.shape, 4 if transparent else 3), np.uint8)
    picture.reshape(part.size, -1)[people] = 255
    return picture


def _part_layer(part: np.ndarray, people: np.ndarray, alpha: float) -> _Layer:
    """One colour per part."""
    palette = (PART_COLOURS * np.float32(alpha)).T
    colour = palette.take(part.reshape(-1)[people], axis=1)
    return _Layer(colour, np.full(people.size, alpha, np.float32))


@lru_cache(maxsize=1)  # the same labels are drawn on several backgrounds, one after the other
def _contour_layer(iuv: IUV, levels: int) -> _Layer:
    """Scrim and tint under the isocontours of V and U."""
    # Inside the outline the scrim sets in over two pixels, which hides the steps of a hard edge.
    inside = cv2.blur((iuv.part > 0).astype(np.float32), (3, 3)).reshape(-1)[iuv.people]
    tint = _part_layer(iuv.part, iuv.people, _TINT).colour * inside
    layer = _Layer(tint, inside * np.float32(_SCRIM))
    for lines in isocontours(iuv.part, (iuv.v, iuv.u), levels):
        colour = _level_colours(levels).take(lines.level, axis=1)
        layer.cover(lines.pixels, colour, lines.alpha)
    return layer


@lru_cache(maxsize=4)
def _level_colours(levels: int) -> np.ndarray:
    """(3, levels) float32 RGB from low (blue) to high (red), without the map's dark ends."""
    ramp = np.rint(np.linspace(0.05, 0.92, levels) * 255).astype(np.uint8)
    return cv2.applyColorMap(ramp[:, None], cv2.COLORMAP_TURBO)[:, 0, ::-1].T.astype(np.float32)
