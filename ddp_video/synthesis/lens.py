"""What lens, sensor and codec do to light: blur, vignette, exposure, colour, noise, artefacts.

Light is (H, W, 3) float32, linear; 1 is the white of an sRGB picture.
"""

from dataclasses import dataclass
from functools import cache, lru_cache

import cv2
import numpy as np

STEPS = 4095  # of the table from light to sRGB
TOP = 1.6  # light that becomes full white
LUMA = np.array([0.299, 0.587, 0.114])  # BT.601
GREY = 0.45  # what contrast leaves as it is
KNEE = 0.7  # above this share of white, highlights are rolled off


@dataclass(frozen=True)
class Faults:
    """What one camera does to one picture; the defaults do nothing.

    Attributes:
        defocus: radius of the blur disc, pixels.
        shake: (x, y) path of the camera during the exposure, pixels.
        vignette: light lost in the corners, 0..1.
        exposure: factor on the light.
        balance: factors on red, green and blue.
        contrast: slope of the tone curve at mid-grey.
        saturation: factor on the distance from grey.
        noise: standard deviation at mid-grey, levels of 255.
        shrink: size at which the picture is stored before it is enlarged again, as a share.
        sharpen: strength of an unsharp mask.
        quality: of a JPEG it goes through; 100 for none.
        video: coarse chroma and smoothed blocks, as at a video's low bit rate.
    """

    defocus: float = 0.0
    shake: tuple[float, float] = (0.0, 0.0)
    vignette: float = 0.0
    exposure: float = 1.0
    balance: tuple[float, float, float] = (1.0, 1.0, 1.0)
    contrast: float = 1.0
    saturation: float = 1.0
    noise: float = 0.0
    shrink: float = 1.0
    sharpen: float = 0.0
    quality: int = 100
    video: bool = False


def drawn_faults(size: int, rng: np.random.Generator) -> Faults:
    """The faults of a camera drawn at random, most of them slight.

    Args:
        size: longer side of the picture; blurs are in proportion to it.
        rng: decides.
    """
    unit = size / 512

    def sometimes(chance: float, low: float, high: float, otherwise: float = 0.0) -> float:
        value = float(rng.uniform(low, high))
        return value if rng.random() < chance else otherwise

    length, angle = sometimes(0.12, 2, 9) * unit, rng.uniform(0, np.pi)
    warm = np.array([1.0, 1.0, 1.0]) + rng.normal(0, 0.035) * np.array([1.0, 0.1, -1.0])
    dark = rng.random() < 0.06
    return Faults(
        defocus=sometimes(0.35, 0.3, 1.4) * unit,
        shake=(length * float(np.cos(angle)), length * float(np.sin(angle))),
        vignette=sometimes(0.5, 0.05, 0.35),
        exposure=float(np.exp(rng.normal(0, 0.16))) * (0.45 if dark else 1.0),
        balance=tuple(warm.tolist()),
        contrast=float(np.exp(rng.normal(0.03, 0.1))),
        saturation=float(np.exp(rng.normal(0, 0.15))),
        noise=float(rng.uniform(5, 14)) if dark else float(rng.gamma(1.5, 1.3)),
        shrink=sometimes(0.15, 0.4, 0.9, 1.0),
        sharpen=sometimes(0.3, 0.2, 0.9),
        quality=int(sometimes(0.6, 35, 95, 100)),
        video=bool(rng.random() < 0.25),
    )


@cache
def decoding() -> np.ndarray:
    """(256,) float32: light of each sRGB level (IEC 61966-2-1)."""
    s = np.arange(256) / 255
    return np.where(s <= 0.04045, s / 12.92, ((s + 0.055) / 1.055) ** 2.4).astype(np.float32)


@cache
def encoding() -> np.ndarray:
    """(STEPS + 1,) float32: sRGB value of the light (k / STEPS)² · TOP, highlights rolled off."""
    light = (np.arange(STEPS + 1) / STEPS) ** 2 * TOP
    over = (light - KNEE).clip(0)
    room = 1 - KNEE
    slope = 1 / room - 1 / (TOP - KNEE)  # from slope 1 at the knee to exactly 1 at TOP
    light = np.where(light > KNEE, KNEE + over / (1 + slope * over), light)
    out = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return out.clip(0, 1).astype(np.float32)


def to_light(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 sRGB → light, highlights taken as they are."""
    return cv2.LUT(picture, decoding())


def to_srgb(light: np.ndarray) -> np.ndarray:
    """Light → (H, W, 3) float32 sRGB in 0..1."""
    index = np.sqrt((light / TOP).clip(0, 1)) * STEPS
    return encoding()[(index + 0.5).astype(np.uint16)]


def disc(radius: float) -> np.ndarray:
    """The blur disc of a lens, antialiased, summing to 1."""
    side = int(np.ceil(radius)) + 1
    y, x = np.mgrid[-side : side + 1, -side : side + 1]
    kernel = (radius + 0.5 - np.hypot(x, y)).clip(0, 1)
    return (kernel / kernel.sum()).astype(np.float32)


def defocus(light: np.ndarray, radius: float) -> np.ndarray:
    """Spread every point over a disc."""
    if radius < 0.25:
        return light
    return cv2.filter2D(light, -1, disc(radius), borderType=cv2.BORDER_REFLECT_101)


def streak(path: tuple[float, float]) -> np.ndarray:
    """A straight path (x, y) of pixels as a kernel, centred, summing to 1."""
    side = int(np.ceil(max(abs(path[0]), abs(path[1])) / 2)) + 1
    kernel = np.zeros((2 * side + 1, 2 * side + 1), np.float32)
    for t in np.linspace(-0.5, 0.5, 8 * side + 1):
        x, y = side + t * path[0], side + t * path[1]
        i, j, a, b = int(x), int(y), x % 1, y % 1
        corners = np.outer([1 - b, b], [1 - a, a])
        kernel[j : j + 2, i : i + 2] += corners[: 2 * side + 1 - j, : 2 * side + 1 - i]
    return kernel / kernel.sum()


def shake(light: np.ndarray, path: tuple[float, float]) -> np.ndarray:
    """Move the picture along a path while it is exposed."""
    if np.hypot(*path) < 0.5:
        return light
    return cv2.filter2D(light, -1, streak(path), borderType=cv2.BORDER_REFLECT_101)


def falloff(size: tuple[int, int], loss: float) -> np.ndarray:
    """(H, W) float32: 1 in the middle, 1 − loss in the corners."""
    y = np.linspace(-1, 1, size[0], dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, size[1], dtype=np.float32)[None]
    return 1 - np.float32(loss) * (x * x + y * y) / 2


def toned(srgb: np.ndarray, contrast: float, saturation: float) -> np.ndarray:
    """Contrast about mid-grey and saturation about grey, in sRGB values 0..1."""
    mix = contrast * (saturation * np.eye(3) + (1 - saturation) * LUMA)
    return cv2.transform(srgb, np.column_stack([mix, np.full(3, GREY * (1 - contrast))]))


@lru_cache(maxsize=2)
def film(size: tuple[int, int]) -> np.ndarray:
    """(H, W) normal noise that every picture shifts its own way: drawing it anew takes its time."""
    return np.random.default_rng(0).standard_normal(size, np.float32)


def noisy(srgb: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    """Sensor noise: `sigma` levels at mid-grey, more in the shadows' chroma than in the lights."""
    if sigma <= 0:
        return srgb
    shifts = rng.integers(0, srgb.shape[:2], (3, 2))
    grain = cv2.merge([np.roll(film(srgb.shape[:2]), tuple(shift), (0, 1)) for shift in shifts])
    share = sigma / 255
    return cv2.multiply(grain, 1.15 * share - 0.3 * share * srgb) + srgb


def lowered(picture: np.ndarray, share: float) -> np.ndarray:
    """Shrink a picture and enlarge it again."""
    if share >= 1:
        return picture
    h, w = picture.shape[:2]
    small = max(8, round(w * share)), max(8, round(h * share))
    shrunk = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
    return cv2.resize(shrunk, (w, h), interpolation=cv2.INTER_CUBIC)


def sharpened(picture: np.ndarray, strength: float) -> np.ndarray:
    """Unsharp mask, as cameras apply it."""
    if strength <= 0:
        return picture
    soft = cv2.GaussianBlur(picture, (0, 0), 1.0)
    return cv2.addWeighted(picture, 1 + strength, soft, -strength, 0)


def compressed(picture: np.ndarray, quality: int, video: bool) -> np.ndarray:
    """What a codec leaves of (H, W, 3) uint8 RGB.

    A video at a low bit rate has chroma at a quarter of the pixels and its block borders filtered.
    """
    if quality >= 100:
        return picture
    sampling = (
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420 if video else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
    )
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    coded = cv2.imencode(".jpg", picture[..., ::-1], options)[1]
    out = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))[..., ::-1]
    return deblocked(np.ascontiguousarray(out), 2 + (100 - quality) / 8) if video else out


def deblocked(picture: np.ndarray, step: float) -> np.ndarray:
    """Smooth small steps across the borders of 8×8 blocks; real edges (over 3 steps) stay."""
    out = picture.astype(np.float32)
    for _ in range(2):
        left, right = out[:, 7:-1:8], out[:, 8::8]
        gap = right - left
        move = np.where(np.abs(gap) < 3 * step, gap / 4, 0)
        out[:, 7:-1:8] += move
        out[:, 8::8] -= move
        out = out.transpose(1, 0, 2)
    return out.clip(0, 255).astype(np.uint8)


def photographed(light: np.ndarray, faults: Faults, rng: np.random.Generator) -> np.ndarray:
    """(H, W, 3) uint8 RGB: the light, through lens, sensor and codec."""
    light = shake(defocus(light, faults.defocus), faults.shake)
    gain = faults.exposure * np.diag(faults.balance)
    loss = cv2.merge([falloff(light.shape[:2], faults.vignette)] * 3)
    light = cv2.transform(np.ascontiguousarray(light), gain) * loss
    srgb = toned(to_srgb(light), faults.contrast, faults.saturation)
    srgb = noisy(srgb, faults.noise, rng)
    picture = (srgb.clip(0, 1) * 255 + 0.5).astype(np.uint8)
    picture = sharpened(lowered(picture, faults.shrink), faults.sharpen)
    return compressed(picture, faults.quality, faults.video)
