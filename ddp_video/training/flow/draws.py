"""What is drawn by chance in a pair: where layers lie, how they move, what cameras do to them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import cv2
import numpy as np

from ..augment import AugmentSettings, add_noise, colour, compress, soften, tone
from . import motion
from .layers import Layer, Pair
from .motion import Affine, ThinPlate
from .stock import Stock

_KNOTS = 9
_BLOB_POINTS = 24
T = TypeVar("T")

LOOK = AugmentSettings(
    light=0.4, contrast=0.25, dark=0.04, noise=0.4, max_noise=6.0, jpeg=0.4, min_quality=40
)


@dataclass(frozen=True)
class PairSettings:
    """How pairs vary. Lengths are in pixels of the pair, probabilities per pair or layer.

    Attributes:
        still_camera: probability that the background stands still.
        along: probability that a layer moves with the camera only.
        bend: strongest bending of a layer, as a share of the pair's largest motion.
        slowest: least largest motion of a pair, as a share of what is allowed (log-uniform).
        most_people: cut-outs in a pair, none included.
        thing: probability of a patch of a photo as one more layer.
        heights: of cut-outs, as shares of the picture's (log-uniform).
        any_angle: probability of any rotation of a cut-out.
        unlike: probability that the two pictures differ in light and colour too.
        cover: probability that a box covers a part of the second picture.
        look: light, colour, blur, noise and compression.
    """

    still_camera: float = 0.25
    along: float = 0.15
    bend: float = 0.5
    slowest: float = 0.15
    most_people: int = 3
    thing: float = 0.5
    heights: tuple[float, float] = (0.3, 1.6)
    any_angle: float = 0.1
    unlike: float = 0.15
    cover: float = 0.15
    look: AugmentSettings = field(default_factory=lambda: LOOK)


def draw_layers(
    rng: np.random.Generator,
    stock: Stock,
    size: tuple[int, int],
    reach: float,
    settings: PairSettings,
) -> list[Layer]:
    """Choose the layers of a pair, the farthest first.

    Args:
        rng: decides.
        stock: what they are made of.
        size: (H, W).
        reach: largest motion of the camera, and again of a layer, about.
        settings: how much.
    """
    fastest = reach * np.exp(rng.uniform(np.log(settings.slowest), 0))
    margin = int(np.ceil(2 * fastest)) + 4
    camera: list[Affine | ThinPlate] = []
    if rng.random() >= settings.still_camera:
        camera = moved(rng, (0, 0, size[1], size[0]), fastest * rng.random(), 0.15)
    photo = one_of(rng, stock.photos)
    behind = motion.field(camera, size, margin)
    layers = [Layer(*covering(rng, photo, size), behind, background=True)]
    for texture in _things(rng, stock, settings):
        texture, place, box = laid(rng, texture, size, settings)
        own = camera
        if rng.random() >= settings.along:
            own = [*camera, *moved(rng, box, fastest, settings.bend)]
        layers.append(Layer(texture, place, motion.field(own, size, margin)))
    return layers


def draw_shifted(
    rng: np.random.Generator, stock: Stock, size: tuple[int, int], reach: float
) -> list[Layer]:
    """A photo alone that moves sideways by up to `reach` each way: what is learnt first."""
    shift = Affine(np.eye(2), np.zeros(2), rng.uniform(-reach, reach, 2))
    motion_of_all = motion.field([shift], size, int(np.ceil(reach)) + 4)
    texture, place = covering(rng, one_of(rng, stock.photos), size)
    return [Layer(texture, place, motion_of_all, background=True)]


def moved(
    rng: np.random.Generator, box: tuple[float, float, float, float], fastest: float, bend: float
) -> list[Affine | ThinPlate]:
    """A motion of what lies in a box (x0, y0, x1, y1): shift, turn, scale, and bending."""
    x0, y0, x1, y1 = box
    radius = max(np.hypot(x1 - x0, y1 - y0) / 2, 16.0)
    angle, way = rng.uniform(0, 2 * np.pi), fastest * rng.random()
    shift = way * np.array([np.cos(angle), np.sin(angle)])
    turn, scale = rng.normal(0, 0.3 * fastest / radius, 2).clip(-0.4, 0.4)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    centre = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    parts: list[Affine | ThinPlate] = [Affine(np.exp(scale) * rotation, centre, shift)]
    if rng.random() < 0.75:
        inside = rng.uniform((x0, y0), (x1, y1), (_KNOTS, 2))
        corners = np.array([(x0, y0), (x1, y0), (x0, y1), (x1, y1)], float)
        bending = rng.normal(0, bend * fastest * rng.random() / 2, (_KNOTS, 2))
        still = np.zeros((4, 2))
        parts.append(ThinPlate(np.concatenate([inside, corners]), np.concatenate([bending, still])))
    return parts


def covering(
    rng: np.random.Generator, photo: np.ndarray, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """A photo as the background: texture, and place of a part of it that fills the canvas."""
    fit = max(size[0] / photo.shape[0], size[1] / photo.shape[1])
    scale = fit * np.exp(rng.uniform(0, np.log(2.5)))
    texture, scale = _resized(photo, scale)
    height, width = texture.shape[:2]
    spare = np.array([width - size[1] / scale, height - size[0] / scale])
    left, top = rng.random(2) * spare.clip(0)
    if rng.random() < 0.5:
        texture = np.ascontiguousarray(texture[:, ::-1])
    opaque = np.full((height, width, 1), 255, np.uint8)
    place = np.array([[1 / scale, 0, left], [0, 1 / scale, top]])
    return np.concatenate([texture, opaque], 2), place


def laid(
    rng: np.random.Generator, texture: np.ndarray, size: tuple[int, int], settings: PairSettings
) -> tuple[np.ndarray, np.ndarray, tuple[float, float, float, float]]:
    """Lay a cut-out on the canvas: its texture, its place, and about the box where it lies."""
    low, high = np.log(settings.heights)
    scale = np.exp(rng.uniform(low, high)) * size[0] / max(texture.shape[:2])
    texture, scale = _resized(texture, scale)
    if rng.random() < 0.5:
        texture = np.ascontiguousarray(texture[:, ::-1])
    height, width = texture.shape[:2]
    any_angle = rng.random() < settings.any_angle
    angle = np.deg2rad(rng.uniform(-180, 180) if any_angle else rng.normal(0, 8))
    middle = rng.random(2) * (size[1], size[0])
    c, s = np.cos(angle) / scale, np.sin(angle) / scale
    turn = np.array([[c, -s], [s, c]])
    offset = np.array([(width - 1) / 2, (height - 1) / 2]) - turn @ middle
    half = np.array([width, height]) * scale / 2
    box = (*(middle - half), *(middle + half))
    return texture, np.concatenate([turn, offset[:, None]], 1), box


def _things(rng: np.random.Generator, stock: Stock, settings: PairSettings) -> list[np.ndarray]:
    """Textures of the layers before the background, the farthest first."""
    people = rng.integers(settings.most_people + 1) if len(stock.cut_outs) else 0
    chosen = [one_of(rng, stock.cut_outs) for _ in range(people)]
    if rng.random() < settings.thing or not chosen:
        photo = one_of(rng, stock.photos)
        chosen.insert(int(rng.integers(len(chosen) + 1)), blob(rng, photo))
    return chosen


def blob(rng: np.random.Generator, photo: np.ndarray) -> np.ndarray:
    """A patch of a photo with a random outline, (h, w, 4), RGB times alpha, and alpha."""
    side = int(min(photo.shape[:2]) * rng.uniform(0.25, 0.7))
    y, x = (int(rng.integers(s - side + 1)) for s in photo.shape[:2])
    angle = np.linspace(0, 2 * np.pi, _BLOB_POINTS, endpoint=False)
    radius = np.full(_BLOB_POINTS, 0.62)
    for wave in range(1, 5):
        radius += rng.normal(0, 0.16 / wave) * np.cos(wave * angle + rng.uniform(0, 2 * np.pi))
    narrow = rng.uniform(0.3, 1, 2)
    outline = radius.clip(0.1, 1)[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1) * narrow
    alpha = np.zeros((side, side), np.uint8)
    points = np.rint((outline + 1) * (side - 1) / 2).astype(np.int32)
    cv2.fillPoly(alpha, [points], 255, lineType=cv2.LINE_AA)
    patch = cv2.multiply(photo[y : y + side, x : x + side], cv2.merge([alpha] * 3), scale=1 / 255)
    return np.dstack([patch, alpha])


def photographed(
    rng: np.random.Generator, pair: Pair, settings: PairSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Both pictures as cheap cameras give them: light alike, noise and compression each its own."""
    unlike, dark = rng.random() < settings.unlike, rng.random() < settings.look.dark
    seeds = rng.integers(2**31, size=2)
    pictures = []
    for image, seed in zip((pair.first, pair.second), seeds[[0, int(unlike)]], strict=True):
        same = np.random.default_rng(seed)
        image = colour(same, tone(same, image, settings.look, dark), settings.look)
        pictures.append(soften(same, image, settings.look))
    if rng.random() < settings.cover:
        cover(rng, pictures[1])
    if dark or rng.random() < settings.look.noise:
        sigma = settings.look.max_noise * rng.uniform(0.1, 1.5 if dark else 1)
        pictures = [add_noise(rng, image, sigma) for image in pictures]
    if rng.random() < settings.look.jpeg:
        quality = int(rng.integers(settings.look.min_quality, 90))
        pictures = [compress(image, quality) for image in pictures]
    return pictures[0], pictures[1]


def cover(rng: np.random.Generator, image: np.ndarray) -> None:
    """Cover a box with its mean colour, in place: what it hides must be told from around it."""
    height, width = image.shape[:2]
    h, w = (int(s * rng.uniform(0.1, 0.35)) for s in (height, width))
    y, x = int(rng.integers(height - h + 1)), int(rng.integers(width - w + 1))
    image[y : y + h, x : x + w] = image.mean((0, 1)).astype(np.uint8)


def one_of(rng: np.random.Generator, things: Sequence[T]) -> T:
    """Any of them, all alike."""
    return things[int(rng.integers(len(things)))]


def _resized(texture: np.ndarray, scale: float) -> tuple[np.ndarray, float]:
    """Shrunk by averaging where the canvas shows it smaller; and the scale that is left to do."""
    if scale >= 1:
        return texture, scale
    return cv2.resize(texture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), 1.0
