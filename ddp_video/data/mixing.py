"""Copy-paste scenes: people cut out of pictures, pasted back to front, exact where they overlap."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from .canvas import (
    STRIDE,
    Canvas,
    ignore_people,
    shrink_first,
    warp_labels,
    warp_points,
    warp_positions,
)
from .cut_out import CutOut, Side
from .densepose_coco import UNKNOWN

_MAX_PEOPLE = UNKNOWN - 1
_OPAQUE = 128


@dataclass(frozen=True)
class SceneSettings:
    """How scenes are composed. Lengths without unit are fractions of the picture's side.

    Attributes:
        count_odds: odds of 1, 2, 3 … people.
        min_source_height: a person cut out must be this high in its own picture, in pixels.
        max_cut: a person counts as cut by its picture's border on a side where more than this share
            of the box's side is the person.
        min_height: of a pasted person.
        max_height: of a pasted person.
        max_zoom: no person is enlarged more than this.
        any_angle: probability that a person is turned by any angle (acrobats).
        angle: else turned by at most this many degrees.
        aspect: the ratio of width and height is changed by at most e to this power.
        min_visible: a person of whom less than this share is seen is ignored.
        feather: the widest softening of the cut's edge, in pixels (standard deviation).
        harmonise: how far a person's colours move towards those of the background, at most (0..1).
        on_photo: probability that people are pasted into a labelled photo, not onto a background.
        swap_head: probability that a person is given another's head (`head_swap.py`).
    """

    count_odds: tuple[float, ...] = (0.30, 0.27, 0.17, 0.12, 0.08, 0.06)
    min_source_height: int = 80
    max_cut: float = 0.12
    min_height: float = 0.09
    max_height: float = 1.5
    max_zoom: float = 2.0
    any_angle: float = 0.12
    angle: float = 15.0
    aspect: float = 0.1
    min_visible: float = 0.2
    feather: float = 1.0
    harmonise: float = 0.5
    on_photo: float = 0.3
    swap_head: float = 0.4


@dataclass(frozen=True)
class Placement:
    """Where a cut-out goes.

    Attributes:
        matrix: 3×3, cut-out → canvas.
        mirrored: whether the matrix turns it over.
        feet: y of its lower edge on the canvas, in pixels.
    """

    matrix: np.ndarray
    mirrored: bool
    feet: float


def place(
    rng: np.random.Generator,
    cut: CutOut,
    size: int,
    height: float,
    feet: float,
    settings: SceneSettings,
) -> Placement:
    """Choose the matrix of a cut-out.

    Args:
        rng: decides side, angle, aspect and the place from left to right.
        cut: the person.
        size: S of the canvas.
        height: of the person's longer side on the canvas, in pixels.
        feet: wanted height of the lower edge on the canvas, in pixels.
        settings: the limits.

    Returns:
        The placement; a person cut by its picture's border stands at that border, upright.
    """
    h, w = cut.mask.shape
    scale = min(height / max(h, w), settings.max_zoom)
    mirrored = bool(rng.random() < 0.5)
    aspect = np.exp(rng.uniform(-1, 1) * settings.aspect / 2)
    angle = rng.uniform(-1, 1) * (
        180.0 if rng.random() < settings.any_angle else settings.angle * rng.random()
    )
    if cut.cut is not None:
        angle = 0.0
    c, s = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    linear = (
        scale * np.array([[c, -s], [s, c]]) @ np.diag([-aspect if mirrored else aspect, 1 / aspect])
    )
    corners = np.array([[0, 0], [w, 0], [0, h], [w, h]]) @ linear.T
    low, high = corners.min(0), corners.max(0)
    extent = high - low
    x = rng.uniform(-0.35 * extent[0], size - 0.65 * extent[0])
    y = max(min(feet - extent[1], 0.75 * size), 0.35 * size - extent[1])
    x, y = _stand_at_border(cut.cut, mirrored, x, y, extent, size)
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = np.array([x, y]) - low + linear @ [0.5, 0.5] - 0.5
    return Placement(matrix, mirrored, y + extent[1])


def _stand_at_border(
    cut: Side | None, mirrored: bool, x: float, y: float, extent: np.ndarray, size: int
) -> tuple[float, float]:
    """Move a box so that its cut side lies at (a pixel beyond) the canvas's border."""
    if mirrored and cut in ("left", "right"):
        cut = "right" if cut == "left" else "left"
    if cut == "left":
        x = min(x, -1.0)
    elif cut == "right":
        x = max(x, size - extent[0] + 1)
    elif cut == "top":
        y = min(y, -1.0)
    elif cut == "bottom":
        y = max(y, size - extent[1] + 1)
    return x, y


def paste(
    rng: np.random.Generator,
    canvas: Canvas,
    cut: CutOut,
    placement: Placement,
    settings: SceneSettings,
    front: Sequence[int] = (),
) -> int:
    """Paste a person on top of what is there.

    Args:
        rng: decides softness and colours.
        canvas: drawn on.
        cut: the person.
        placement: where.
        settings: how.
        front: ids of people on the canvas who stand before the new one.

    Returns:
        How many pixels of the canvas the person would cover if nobody stood before.
    """
    region = _region(canvas.size, cut, placement)
    if region is None or canvas.people >= _MAX_PEOPLE:
        return 0
    x0, y0, x1, y1 = region
    shift = np.array([[1, 0, -x0], [0, 1, -y0], [0, 0, 1]]) @ placement.matrix
    alpha, colour = _warp_cut(cut, shift, (x1 - x0, y1 - y0))
    area = int(np.count_nonzero(alpha >= _OPAQUE))
    before = np.zeros(256, bool)
    before[list(front)] = True
    window = canvas.image[y0:y1, x0:x1]
    instance = canvas.instance[y0:y1, x0:x1]
    cells = canvas.labels[y0 // STRIDE : y1 // STRIDE, x0 // STRIDE : x1 // STRIDE]
    person = canvas.people + 1
    colour = harmonise(colour, window, alpha, rng.uniform(0, settings.harmonise))
    alpha[before[instance]] = 0
    sigma = rng.uniform(0.3, settings.feather)
    soft = cv2.GaussianBlur(alpha, (5, 5), sigma, borderType=cv2.BORDER_REPLICATE)
    weight = soft.astype(np.float32) * (1 / 255)
    window[:] = cv2.blendLinear(colour, np.ascontiguousarray(window), weight, 1 - weight)
    instance[alpha >= _OPAQUE] = person
    drawn = warp_labels(cut.labels, shift, cells.shape[:2], placement.mirrored)
    on = (drawn[..., 3] > 0) & ~before[cells[..., 3]]
    drawn[..., 3] = person
    cells[on] = drawn[on]
    points = warp_points(cut.points, placement.matrix, placement.mirrored)
    points = points + np.array([0, 0, 0, 0, 0, person - 1], np.float32)
    canvas.points = np.concatenate([canvas.points, points]).astype(np.float32)
    canvas.has_surface.append(True)
    canvas.weights.append(cut.weight)
    return area


def _region(size: int, cut: CutOut, placement: Placement) -> tuple[int, int, int, int] | None:
    """x0, y0, x1, y1 around a placed cut-out: whole grid cells of the canvas; None if outside."""
    h, w = cut.mask.shape
    corners = warp_positions(np.array([[0, 0], [w, 0], [0, h], [w, h]]) - 0.5, placement.matrix)
    low = np.clip((np.floor(corners.min(0) / STRIDE) - 1) * STRIDE, 0, size)
    high = np.clip((np.ceil(corners.max(0) / STRIDE) + 1) * STRIDE, 0, size)
    if (high <= low).any():
        return None
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _warp_cut(
    cut: CutOut, matrix: np.ndarray, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """The person's opacity (h, w) and colours (h, w, 3) on a region of size = (w, h)."""
    mask, to_region = shrink_first(cut.mask, matrix)
    image, _ = shrink_first(cut.image, matrix)
    alpha = cv2.warpPerspective(mask, to_region, size, flags=cv2.INTER_LINEAR)
    colour = cv2.warpPerspective(
        image, to_region, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return alpha, colour


def harmonise(
    colour: np.ndarray, background: np.ndarray, alpha: np.ndarray, strength: float
) -> np.ndarray:
    """Move a person's mean colour towards the background's.

    Args:
        colour: (h, w, 3) uint8, the person.
        background: (h, w, 3) uint8.
        alpha: (h, w) uint8, where the person is.
        strength: 0 leaves the colours, 1 gives the person the background's mean.
    """
    own = np.array(cv2.mean(colour, mask=alpha)[:3])
    other = np.array(cv2.mean(background)[:3])
    gain = 1 + strength * (np.clip((other + 8) / (own + 8), 0.4, 2.5) - 1)
    table = np.clip(np.arange(256)[:, None] * gain, 0, 255).round().astype(np.uint8)
    return cv2.LUT(colour, np.ascontiguousarray(table[None]))


def compose(
    rng: np.random.Generator,
    canvas: Canvas,
    draw: Callable[[], CutOut | None],
    settings: SceneSettings,
) -> None:
    """Paste 1 to 6 people onto a canvas, far ones first, and behind nearer people of the photo.

    Heights and feet follow one ground plane, roughly: who is nearer is bigger and stands lower.
    People of whom too little is left to see become ignored, those who were there before included.

    Args:
        rng: decides.
        canvas: with a background, perhaps with people.
        draw: gives a person, or None if it found nobody fit.
        settings: how.
    """
    odds = np.array(settings.count_odds) / sum(settings.count_odds)
    count = 1 + int(rng.choice(len(odds), p=odds))
    cuts = [cut for _ in range(count) if (cut := draw()) is not None]
    size = canvas.size
    low, high = np.log(settings.min_height * size), np.log(settings.max_height * size)
    typical = rng.uniform(low, high)
    horizon, steepness = rng.uniform(0.2, 0.6) * size, rng.uniform(0.55, 1.0)
    placed = []
    for cut in cuts:
        height = float(np.exp(np.clip(typical + rng.normal(0, 0.3), low, high)))
        feet = horizon + steepness * height + rng.normal(0, 0.04) * size
        placed.append((place(rng, cut, size, height, feet, settings), cut))
    here = canvas.people
    feet = [_feet(canvas, k + 1) for k in range(here)]
    whole = np.bincount(canvas.instance.ravel(), minlength=256)[1 : here + 1].tolist()
    for placement, cut in sorted(placed, key=lambda p: p[0].feet):
        people = canvas.people
        front = [k + 1 for k in range(here) if feet[k] > placement.feet]
        area = paste(rng, canvas, cut, placement, settings, front)
        whole += [area] * (canvas.people - people)
    left = np.bincount(canvas.instance.ravel(), minlength=256)[1 : canvas.people + 1]
    hidden = np.flatnonzero(left < settings.min_visible * np.array(whole)) + 1
    if len(hidden):
        ignore_people(canvas, hidden)


def _feet(canvas: Canvas, person: int) -> int:
    """The lower edge (y) of a person on the canvas."""
    _, y, _, h = cv2.boundingRect((canvas.instance == person).astype(np.uint8))
    return y + h
