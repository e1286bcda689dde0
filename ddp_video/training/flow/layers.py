"""Two pictures of layers that move one over the other, with exact flow and occlusion.

The classic of synthetic flow (FlyingChairs, AutoFlow) with people for chairs: a background and
cut-outs before it, each with a smooth motion of its own on top of the camera's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from .motion import inverse, pixels

_SOLID = 127  # a layer hides what is behind it where its alpha is above


@dataclass(frozen=True)
class Layer:
    """One layer.

    Attributes:
        texture: (h, w, 4) uint8, RGB times alpha, and alpha; what is beyond its border is
            transparent, or for a background its mirror image.
        place: (2, 3) canvas → texture in the first picture, both in pixels from centre to centre.
        motion: (H + 2M, W + 2M, 2) field of `motion.field`, first → second picture.
        background: whether it goes on beyond its texture.
    """

    texture: np.ndarray
    place: np.ndarray
    motion: np.ndarray
    background: bool = False


@dataclass(frozen=True)
class Pair:
    """Two pictures and the flow from the first to the second.

    Attributes:
        first: (H, W, 3) uint8 RGB.
        second: the same.
        flow: (H, W, 2) float32, x then y, in pixels; exact for hidden points too.
        seen: (H, W) bool, seen in both: inside the second picture and hidden by nothing.
        layer: (H, W) uint8, number of the layer seen in the first picture.
        valid: (H, W) bool, where the flow is known.
    """

    first: np.ndarray
    second: np.ndarray
    flow: np.ndarray
    seen: np.ndarray
    layer: np.ndarray
    valid: np.ndarray


def draw(layers: Sequence[Layer], size: tuple[int, int]) -> Pair:
    """Draw layers, the farthest first, at both moments.

    Args:
        layers: the first is a background; all motions have the same margin.
        size: (H, W).
    """
    height, width = size
    first, second = (np.zeros((height, width, 3), np.uint8) for _ in range(2))
    flow = np.zeros((height, width, 2), np.float32)
    layer_then, layer_now = (np.zeros(size, np.uint8) for _ in range(2))
    x, y = pixels(size)
    for number, layer in enumerate(layers):
        inside = _inside(layer.motion, size)
        back = inverse(layer.motion)[inside]
        here = _drawn(layer, x, y)
        there = _drawn(layer, x + back[..., 0], y + back[..., 1])
        _lay_over(first, here)
        _lay_over(second, there)
        solid = here[..., 3] > _SOLID
        np.copyto(flow, layer.motion[inside], where=solid[..., None])
        layer_then[solid] = number
        layer_now[there[..., 3] > _SOLID] = number
    seen = _still_seen(flow, layer_then, layer_now)
    return Pair(first, second, flow, seen, layer_then, np.ones(size, bool))


def _inside(motion: np.ndarray, size: tuple[int, int]) -> tuple[slice, slice]:
    """The canvas within a field."""
    margins = ((whole - side) // 2 for whole, side in zip(motion.shape[:2], size, strict=True))
    top, left = margins
    return slice(top, top + size[0]), slice(left, left + size[1])


def _drawn(layer: Layer, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(H, W, 4) the layer at points of the first picture."""
    (a, b, c), (d, e, f) = layer.place.astype(np.float32)
    beyond = cv2.BORDER_REFLECT_101 if layer.background else cv2.BORDER_CONSTANT
    where = a * x + b * y + c, d * x + e * y + f
    return cv2.remap(layer.texture, *where, cv2.INTER_LINEAR, borderMode=beyond)


def _lay_over(picture: np.ndarray, layer_HW4: np.ndarray) -> None:
    """Lay premultiplied colours over a picture, in place."""
    through = cv2.merge([255 - layer_HW4[..., 3]] * 3)
    picture[:] = cv2.add(layer_HW4[..., :3], cv2.multiply(picture, through, scale=1 / 255))


def _still_seen(flow: np.ndarray, layer_then: np.ndarray, layer_now: np.ndarray) -> np.ndarray:
    """Whether the point's own layer is what the second picture shows where the point goes."""
    height, width = layer_then.shape
    there_x, there_y = (
        np.rint(p + flow[..., k]).astype(int) for k, p in enumerate(pixels((height, width)))
    )
    inside = (there_x >= 0) & (there_x < width) & (there_y >= 0) & (there_y < height)
    shown = layer_now[there_y.clip(0, height - 1), there_x.clip(0, width - 1)]
    return inside & (shown == layer_then)
