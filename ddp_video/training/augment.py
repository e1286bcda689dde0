"""Augmentation: where a picture lies on the canvas, what covers it, what a cheap camera does."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from ..data.canvas import STRIDE, Canvas, Picture

_GREY = np.array([0.299, 0.587, 0.114])  # BT.601


@dataclass(frozen=True)
class AugmentSettings:
    """How much training pictures vary. Probabilities are per picture.

    Attributes:
        min_height: the chosen person's longer side is at least this many pixels …
        max_height: … and at most this many times the picture's side (log-uniform between).
        max_zoom: no picture is enlarged more than this.
        min_cover: the photo's short side is at least a fraction of the canvas's, between this …
        max_cover: … and this, so that not every small person comes in a small photo.
        shift: the person's centre lies off the picture's by at most this fraction of its side.
        any_angle: probability of any rotation (people upside down).
        angle: else at most this many degrees.
        aspect: the ratio of width and height changes by at most e to this power.
        shear: at most this.
        perspective: the scale differs by at most this fraction between the middle and the border.
        flip: probability of the mirror image.
        erase: probability that something covers a person in part.
        light: strongest change of exposure, in stops.
        contrast: strongest change, relative.
        gamma: the exponent lies within e to ± this.
        saturation: strongest change, relative.
        hue: strongest turn, in degrees.
        warmth: strongest change of a single channel, relative.
        grey: probability of a grey picture.
        dark: probability of a dark, noisy picture.
        blur: probability of Gaussian blur, of motion blur as well.
        low_resolution: probability that the picture is shrunk and enlarged again.
        noise: probability of noise.
        max_noise: strongest noise, standard deviation in levels.
        jpeg: probability of JPEG artefacts.
        min_quality: lowest JPEG quality.
    """

    min_height: float = 24.0
    max_height: float = 2.2
    max_zoom: float = 2.0
    min_cover: float = 0.3
    max_cover: float = 0.9
    shift: float = 0.35
    any_angle: float = 0.12
    angle: float = 15.0
    aspect: float = 0.15
    shear: float = 0.06
    perspective: float = 0.08
    flip: float = 0.5
    erase: float = 0.2
    light: float = 0.6
    contrast: float = 0.3
    gamma: float = 0.3
    saturation: float = 0.5
    hue: float = 12.0
    warmth: float = 0.12
    grey: float = 0.06
    dark: float = 0.06
    blur: float = 0.12
    low_resolution: float = 0.2
    noise: float = 0.25
    max_noise: float = 10.0
    jpeg: float = 0.35
    min_quality: int = 25


def photo_matrix(
    rng: np.random.Generator, picture: Picture, size: int, settings: AugmentSettings
) -> tuple[np.ndarray, bool]:
    """Choose how a photo is laid on the canvas: on one of its people, off the middle, often cut.

    Args:
        rng: decides.
        picture: with at least one person.
        size: S of the canvas.
        settings: how much.

    Returns:
        3×3 matrix picture → canvas (pixel centres), and whether it turns the picture over.
    """
    x0, y0, x1, y1 = picture.boxes[rng.integers(picture.people)].tolist()
    extent = max(x1 - x0, y1 - y0, 1.0)
    cover = (
        rng.uniform(settings.min_cover, settings.max_cover) * size / min(picture.image.shape[:2])
    )
    low = max(settings.min_height, cover * extent)
    high = max(settings.max_height * size, low)
    scale = min(np.exp(rng.uniform(np.log(low), np.log(high))) / extent, settings.max_zoom)
    spare = (
        max(0.0, scale * extent / size - 1) / 2
    )  # a person beyond the frame may be seen anywhere
    shift = rng.uniform(-1, 1, 2) * size * (settings.shift + np.array([0.0, spare]))
    return lay(rng, ((x0 + x1) / 2 - 0.5, (y0 + y1) / 2 - 0.5), scale, shift, size, settings)


def background_matrix(
    rng: np.random.Generator, image: np.ndarray, size: int, settings: AugmentSettings
) -> tuple[np.ndarray, bool]:
    """Choose which part of a background (H, W, 3) is seen; returns as `photo_matrix`."""
    height, width = image.shape[:2]
    scale = size / min(height, width) * rng.uniform(1, 1.8)
    spare = np.array([scale * width - size, scale * height - size]) / 2
    centre = ((width - 1) / 2, (height - 1) / 2)
    upright = replace(settings, any_angle=0.0)
    return lay(rng, centre, scale, rng.uniform(-1, 1, 2) * spare, size, upright)


def lay(
    rng: np.random.Generator,
    centre: tuple[float, float],
    scale: float,
    shift: np.ndarray,
    size: int,
    settings: AugmentSettings,
) -> tuple[np.ndarray, bool]:
    """The homography that brings `centre` to the canvas's middle + shift, turned and slanted.

    Args:
        rng: decides.
        centre: (x, y) in the picture, as pixel centres.
        scale: canvas pixels per picture pixel, at the centre.
        shift: (x, y) in canvas pixels.
        size: S of the canvas.
        settings: flip, turn, stretch and slant.

    Returns:
        3×3 matrix picture → canvas, and whether it turns the picture over.
    """
    mirrored = bool(rng.random() < settings.flip)
    any_angle = rng.random() < settings.any_angle
    angle = np.deg2rad(rng.uniform(-180, 180) if any_angle else rng.uniform(-1, 1) * settings.angle)
    aspect = np.exp(rng.uniform(-1, 1) * settings.aspect / 2)
    shear = rng.uniform(-1, 1) * settings.shear
    c, s = np.cos(angle), np.sin(angle)
    stretch = np.array([[-aspect if mirrored else aspect, shear], [0, 1 / aspect]])
    linear = np.eye(3)
    linear[:2, :2] = scale * np.array([[c, -s], [s, c]]) @ stretch
    slant = np.eye(3)
    slant[2, :2] = rng.uniform(-1, 1, 2) * settings.perspective / (size / 2)
    middle = (size - 1) / 2
    return _move(middle + shift[0], middle + shift[1]) @ slant @ linear @ _move(
        -centre[0], -centre[1]
    ), mirrored


def _move(x: float, y: float) -> np.ndarray:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


def erase(rng: np.random.Generator, canvas: Canvas, texture: np.ndarray) -> None:
    """Cover a part of one person with a turned box of foreign texture; nobody is labelled there.

    Args:
        rng: decides.
        canvas: drawn on; nothing happens where nobody is seen.
        texture: (h, w, 3) uint8, where the cover's look is taken from.
    """
    seen = np.flatnonzero(np.bincount(canvas.instance.ravel(), minlength=256)[1:255]) + 1
    if not len(seen):
        return
    person = (canvas.instance == rng.choice(seen)).astype(np.uint8)
    x, y, w, h = cv2.boundingRect(person)
    middle = (x + w * rng.random(), y + h * rng.random())
    sides = (w * rng.uniform(0.2, 0.8), h * rng.uniform(0.1, 0.45))
    corners = cv2.boxPoints((middle, sides, rng.uniform(-90, 90)))
    cover = np.zeros_like(canvas.instance)
    cv2.fillConvexPoly(cover, np.round(corners).astype(np.int32), 255)
    canvas.image[:] = np.where(
        cover[..., None] > 0, _patch(rng, texture, canvas.size), canvas.image
    )
    canvas.instance[cover > 0] = 0
    # a cell's centre is the corner of four pixels; the one to its lower right decides
    canvas.labels[cover[STRIDE // 2 :: STRIDE, STRIDE // 2 :: STRIDE] > 0] = 0


def _patch(rng: np.random.Generator, texture: np.ndarray, size: int) -> np.ndarray:
    """A random window of a picture, as large as the canvas."""
    height, width = texture.shape[:2]
    side = max(8, int(min(height, width) * rng.uniform(0.2, 1.0)))
    x, y = rng.integers(0, width - side + 1), rng.integers(0, height - side + 1)
    return cv2.resize(
        texture[y : y + side, x : x + side], (size, size), interpolation=cv2.INTER_LINEAR
    )


def photometric(
    rng: np.random.Generator, image: np.ndarray, settings: AugmentSettings
) -> np.ndarray:
    """Light, colour, blur, noise and compression, in the order in which a camera does them.

    Args:
        rng: decides.
        image: (S, S, 3) uint8, RGB.
        settings: how much.

    Returns:
        The same shape and type.
    """
    dark = rng.random() < settings.dark
    image = tone(rng, image, settings, dark)
    image = colour(rng, image, settings)
    image = soften(rng, image, settings)
    if dark or rng.random() < settings.noise:
        sigma = settings.max_noise * (rng.uniform(0.5, 1.5) if dark else rng.uniform(0.1, 1))
        image = add_noise(rng, image, sigma)
    if rng.random() < settings.jpeg:
        quality = int(rng.integers(settings.min_quality, 90))
        image = compress(image, quality)
    return image


def tone(
    rng: np.random.Generator, image: np.ndarray, settings: AugmentSettings, dark: bool
) -> np.ndarray:
    """Exposure, contrast and gamma: one curve per channel."""
    gain = 2.0 ** (rng.uniform(-1, 1) * settings.light) * (rng.uniform(0.2, 0.5) if dark else 1)
    channel_gain = gain * (1 + rng.uniform(-1, 1, 3) * settings.warmth)
    contrast = 1 + rng.uniform(-1, 1) * settings.contrast
    gamma = np.exp(rng.uniform(-1, 1) * settings.gamma)
    level = (np.arange(256) / 255) ** gamma
    level = (level - 0.5) * contrast + 0.5
    table = np.clip(level[:, None] * channel_gain, 0, 1) * 255
    return cv2.LUT(image, table.round().astype(np.uint8)[None])


def colour(rng: np.random.Generator, image: np.ndarray, settings: AugmentSettings) -> np.ndarray:
    """Saturation and hue as one 3×3 matrix that keeps the luma of greys."""
    grey = rng.random() < settings.grey
    saturation = 0.0 if grey else 1 + rng.uniform(-1, 1) * settings.saturation
    turn = np.deg2rad(rng.uniform(-1, 1) * settings.hue)
    axis = np.full(3, 1 / np.sqrt(3))
    cross = np.cross(np.eye(3), axis)
    rotation = (
        np.cos(turn) * np.eye(3) + np.sin(turn) * cross + (1 - np.cos(turn)) * np.outer(axis, axis)
    )
    matrix = saturation * rotation + (1 - saturation) * np.tile(_GREY, (3, 1))
    return cv2.transform(image, matrix)


def soften(rng: np.random.Generator, image: np.ndarray, settings: AugmentSettings) -> np.ndarray:
    """Gaussian blur, motion blur, and the loss of a low resolution."""
    height, width = image.shape[:2]
    if rng.random() < settings.blur:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.6))
    if rng.random() < settings.blur:
        image = cv2.filter2D(image, -1, motion_kernel(rng.uniform(2, 9), rng.uniform(0, 180)))
    if rng.random() < settings.low_resolution:
        share = rng.uniform(0.35, 0.9)
        small = int(width * share), int(height * share)
        image = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
        way = cv2.INTER_LINEAR if rng.random() < 0.5 else cv2.INTER_CUBIC
        image = cv2.resize(image, (width, height), interpolation=way)
    return image


def motion_kernel(length: float, angle: float) -> np.ndarray:
    """A line of `length` pixels at `angle` degrees, centred, summing to 1."""
    side = 2 * int(np.ceil(length / 2)) + 1
    middle = (side - 1) / 2
    dx, dy = np.cos(np.deg2rad(angle)) * length / 2, np.sin(np.deg2rad(angle)) * length / 2
    kernel = np.zeros((side, side), np.float32)
    for t in np.linspace(-1, 1, 4 * side):  # symmetric steps: the picture does not move
        kernel[round(middle + t * dy), round(middle + t * dx)] += 1
    return kernel / kernel.sum()


def add_noise(rng: np.random.Generator, image: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian noise of `sigma` levels, half of it common to the three channels as in video."""
    height, width = image.shape[:2]
    drawn = np.empty((height, width, 3), np.int16)
    cv2.setRNGSeed(int(rng.integers(1, 2**31)))
    cv2.randn(drawn, np.zeros(3), np.full(3, sigma))
    return cv2.add(image, drawn, dtype=cv2.CV_8U)


def compress(image: np.ndarray, quality: int) -> np.ndarray:
    """The same picture after JPEG compression at `quality` (1..100)."""
    coded = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))[..., ::-1]
