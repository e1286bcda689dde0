"""Light for a scene: sun, overcast sky, rooms, coloured spots; and light that fits a photo.

A surface of reflectance ρ that faces the key light sends out ρ · (key / distance² + ambient). Where
the key light is a share s of all light, the key makes 1.5 · s at the subject and the ambient 1 − s.
Values are linear; 1 is the white of a picture.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from ..raster.rasterise import Light

LUMA = np.array([0.2126, 0.7152, 0.0722])  # BT.709
GREY = 0.24  # the reflectance that a photo's mean stands for


@dataclass(frozen=True)
class Lamp:
    """A kind of light; ranges are drawn from evenly.

    Attributes:
        share: how often it occurs outdoors and indoors.
        key: the key light's part of all light, 0..1.
        distance: of the key light, in metres.
        softness: its radius over its distance.
        height: its angle above the horizon, in degrees.
        warmth: how far its colour goes from blue (−1) to orange (+1).
        colour: strength of a random hue, 0..1.
    """

    share: tuple[float, float]
    key: tuple[float, float]
    distance: tuple[float, float]
    softness: tuple[float, float]
    height: tuple[float, float]
    warmth: tuple[float, float] = (-0.15, 0.3)
    colour: tuple[float, float] = (0.0, 0.0)


LAMPS = {
    "sun": Lamp((0.42, 0.05), (0.55, 0.82), (80, 80), (0.006, 0.02), (18, 75), (0.0, 0.45)),
    "low sun": Lamp((0.1, 0.0), (0.5, 0.8), (80, 80), (0.006, 0.02), (6, 20), (0.4, 1.0)),
    "overcast": Lamp((0.42, 0.15), (0.1, 0.4), (80, 80), (0.4, 0.9), (45, 90), (-0.3, 0.1)),
    "room": Lamp((0.0, 0.5), (0.3, 0.65), (2.2, 5), (0.08, 0.4), (25, 80), (-0.1, 0.5)),
    "flash": Lamp((0.03, 0.1), (0.6, 0.85), (2.0, 6), (0.01, 0.03), (5, 25), (-0.1, 0.1)),
    "spot": Lamp((0.03, 0.2), (0.55, 0.9), (2.5, 6), (0.03, 0.15), (15, 75), (-0.3, 0.6), (0, 0.5)),
}


def tinted(warmth: float) -> np.ndarray:
    """A white between blue (−1) and orange (+1), luma 1."""
    colour = np.array([1.0, 0.86, 0.62]) ** warmth
    return colour / (colour @ LUMA)


def any_hue(strength: float, rng: np.random.Generator) -> np.ndarray:
    """White (0) to a strong colour (1), luma 1."""
    hue = 0.5 + 0.5 * np.cos(2 * np.pi * (rng.random() + np.array([0, 1, 2]) / 3))
    colour = 1 - strength * (1 - hue)
    return colour / (colour @ LUMA)


def drawn_light(subject: np.ndarray, indoors: bool, rng: np.random.Generator) -> Light:
    """A light for somebody at `subject` (3,), seen from −y."""
    shares = np.array([lamp.share[int(indoors)] for lamp in LAMPS.values()])
    name = str(rng.choice(list(LAMPS), p=shares / shares.sum()))
    lamp = LAMPS[name]
    azimuth = rng.normal(0, 0.35) if name == "flash" else rng.uniform(-np.pi, np.pi)
    up = np.radians(rng.uniform(*lamp.height))
    distance = rng.uniform(*lamp.distance)
    way = np.array([np.sin(azimuth) * np.cos(up), -np.cos(azimuth) * np.cos(up), np.sin(up)])
    part = rng.uniform(*lamp.key)
    key = part * tinted(rng.uniform(*lamp.warmth)) * any_hue(rng.uniform(*lamp.colour), rng)
    sky = tinted(rng.uniform(-0.5, 0.0) if not indoors else rng.uniform(-0.1, 0.4))
    ground = tinted(rng.uniform(-0.1, 0.5)) * rng.uniform(0.3, 0.7)
    around = 2 * (1 - part) / (1 + ground @ LUMA)
    return Light(
        triple(subject + distance * way),
        float(distance * rng.uniform(*lamp.softness)),
        triple(1.5 * key * distance**2),
        triple(sky * around),
        triple(ground * around),
    )


def triple(values: np.ndarray) -> tuple[float, float, float]:
    """Three plain numbers."""
    a, b, c = (float(v) for v in values)
    return a, b, c


def chroma(colour: np.ndarray) -> np.ndarray:
    """A colour (3,) scaled to luma 1; grey where it is black."""
    luma = float(colour @ LUMA)
    return colour / luma if luma > 1e-4 else np.ones(3)


def fitted(light: Light, photo: np.ndarray, cast: float = 0.5) -> Light:
    """The light as it would be in a photo: as strong, and of its colours from above and below.

    Args:
        light: that makes 1 at the subject.
        photo: (H, W, 3) linear.
        cast: how much of the photo's colours is due to its light rather than to what it shows.
    """
    h = len(photo) // 3
    top, low, mean = (np.array(cv2.mean(part)[:3]) for part in (photo[:h], photo[-h:], photo))
    strength = float(np.clip((mean @ LUMA) / GREY, 0.2, 2.0)) ** 0.7
    tint, above, below = (chroma(c) ** cast for c in (mean, top, low))
    return replace(
        light,
        key=triple(np.array(light.key) * strength * tint),
        sky=triple(np.array(light.sky) * strength * above),
        ground=triple(np.array(light.ground) * strength * below),
    )
