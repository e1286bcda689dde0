"""Cloth made of nothing but code: colours, weaves, prints, and the shading of folds.

A texture is 512 × 512 texels of sRGB and alpha for 1 × 1 m of cloth; it repeats without a seam.
"""

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np

SIDE = 512
FOLD_MAPS = 10

Colour = np.ndarray  # (3,) sRGB, 0..255

PLAIN_COLOURS = (  # what most clothes are: black, white, grey, navy, khaki, brown …
    (22, 22, 25), (38, 38, 42), (70, 70, 74), (128, 128, 130), (190, 190, 190), (232, 231, 227),
    (28, 34, 58), (48, 62, 96), (116, 108, 84), (86, 78, 62), (74, 50, 38), (150, 132, 108),
)  # fmt: skip
DENIM_COLOURS = ((44, 58, 84), (70, 92, 126), (112, 136, 166), (34, 38, 50), (150, 166, 184))


def cloth_colour(rng: np.random.Generator) -> Colour:
    """A colour as clothes have it: half of them black, white, grey, navy or brown."""
    if rng.random() < 0.45:
        return np.array(PLAIN_COLOURS[rng.integers(len(PLAIN_COLOURS))]) * rng.uniform(0.85, 1.1)
    lightness, chroma, hue = (
        rng.uniform(15, 88),
        min(rng.gamma(2.0, 13.0), 62.0),
        rng.uniform(0, 360),
    )
    lab = [lightness, chroma * np.cos(np.radians(hue)), chroma * np.sin(np.radians(hue))]
    rgb = cv2.cvtColor(np.array([[lab]], np.float32), cv2.COLOR_LAB2RGB)[0, 0]
    return 255.0 * rgb.clip(0, 1).astype(float)


def noise(
    rng: np.random.Generator, cells: tuple[int, int], size: tuple[int, int] = (SIDE, SIDE)
) -> np.ndarray:
    """(h, w) float32 smooth noise of mean 0 and about ±1 that repeats.

    Args:
        rng: of the values.
        cells: bumps down and across.
        size: (h, w).
    """
    coarse = np.pad(rng.standard_normal(cells).astype(np.float32), 2, mode="wrap")
    step = size[0] / cells[0], size[1] / cells[1]
    full = (round(coarse.shape[1] * step[1]), round(coarse.shape[0] * step[0]))
    fine = cv2.resize(coarse, full, interpolation=cv2.INTER_CUBIC)
    top, left = round(2 * step[0]), round(2 * step[1])
    return fine[top : top + size[0], left : left + size[1]]


@cache
def fold_map(number: int, upright: bool) -> np.ndarray:
    """(SIDE, SIDE) float32 shading of folds, about 1; one of `FOLD_MAPS` of each kind.

    Args:
        number: which.
        upright: folds that fall, as in skirts; else across and slanted, as in sleeves.
    """
    rng = np.random.default_rng((number, upright))
    if upright:
        height = 1.2 * noise(rng, (2, 22)) + 0.5 * noise(rng, (3, 40))
    else:
        slant = (np.arange(SIDE)[:, None] + np.arange(SIDE) * rng.choice([-1, 1])) % SIDE
        creases = [noise(rng, (14, 4)), noise(rng, (11, 4))[slant, np.arange(SIDE)]]
        height = sum(np.exp(-((crease / 0.35) ** 2)) for crease in creases) + 0.3 * noise(
            rng, (9, 7)
        )
    slope = np.roll(height, -2, 0) - np.roll(height, 2, 0)
    slope += np.roll(height, -2, 1) - np.roll(height, 2, 1) if upright else 0.0
    fine = noise(rng, (SIDE // 2, SIDE // 2))
    return (1 + 0.075 * np.tanh(4 * slope) + 0.025 * height + 0.02 * fine).astype(np.float32)


def folded(
    cloth: np.ndarray, rng: np.random.Generator, strength: float = 1.0, upright: bool = False
) -> np.ndarray:
    """(SIDE, SIDE, 3) colours with folds → (SIDE, SIDE, 4) uint8."""
    shade = fold_map(int(rng.integers(FOLD_MAPS)), upright)
    shade = np.roll(shade, tuple(rng.integers(0, SIDE, 2)), (0, 1))
    gain = cv2.merge([1 + np.float32(strength) * (shade - 1)] * 3)
    out = np.full((SIDE, SIDE, 4), 255, np.uint8)
    out[..., :3] = cv2.multiply(np.ascontiguousarray(cloth, np.float32), gain, dtype=cv2.CV_8U)
    return out


def plain(rng: np.random.Generator, colour: Colour) -> np.ndarray:
    """One colour."""
    return np.broadcast_to(colour.astype(np.float32), (SIDE, SIDE, 3))


def melange(rng: np.random.Generator, colour: Colour) -> np.ndarray:
    """Yarns of slightly different shades, as in sweatshirts and tweed."""
    grain = rng.standard_normal((SIDE, SIDE // 4)).astype(np.float32)
    grain = cv2.resize(grain, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    return colour + (rng.uniform(5, 16) * grain)[..., None]


def bands(count: int, share: float) -> np.ndarray:
    """(SIDE,) bool: `count` stripes of that share of their distance."""
    return np.arange(SIDE) * count / SIDE % 1 < share


def stripes(rng: np.random.Generator, colour: Colour) -> np.ndarray:
    """Stripes across, or now and then upright, in two or three colours."""
    count, second = int(rng.choice([6, 10, 16, 26, 40])), cloth_colour(rng)
    row = np.where(bands(count, rng.uniform(0.15, 0.6))[:, None], second, colour)
    if rng.random() < 0.3:
        row[np.roll(bands(count, 0.12), SIDE // (2 * count))] = cloth_colour(rng)
    row = row.astype(np.float32)
    across = np.broadcast_to(row[:, None], (SIDE, SIDE, 3))
    return across if rng.random() < 0.75 else across.transpose(1, 0, 2)


def checks(rng: np.random.Generator, colour: Colour) -> np.ndarray:
    """A woven check: two sets of stripes that mix, with a thin line."""
    count, second = int(rng.choice([8, 12, 20, 32])), cloth_colour(rng)
    share = rng.uniform(0.3, 0.55)
    mix = (bands(count, share)[:, None] * 0.5 + bands(count, share)[None] * 0.5)[..., None]
    out = colour * (1 - mix) + second * mix
    if rng.random() < 0.6:
        line, third = np.roll(bands(count, 0.07), SIDE // (3 * count)), cloth_colour(rng)
        out[line] = 0.5 * out[line] + 0.5 * third
        out[:, line] = 0.5 * out[:, line] + 0.5 * third
    return out.astype(np.float32)


def dots(rng: np.random.Generator, colour: Colour) -> np.ndarray:
    """Dots in a staggered grid."""
    count = int(rng.choice([12, 20, 32]))
    y = np.arange(SIDE)[:, None] * count / SIDE
    x = np.arange(SIDE) * count / SIDE + 0.5 * (np.floor(y) % 2)
    near = (x % 1 - 0.5) ** 2 + (y % 1 - 0.5) ** 2 < rng.uniform(0.15, 0.34) ** 2
    return np.where(near[..., None], cloth_colour(rng), colour).astype(np.float32)


def patches(rng: np.random.Generator, colour: Colour) -> np.ndarray:
    """Irregular patches in three or four colours: camouflage, batik, flowers."""
    cells = int(rng.choice([9, 16, 30]))
    out = np.broadcast_to(colour, (SIDE, SIDE, 3)).astype(np.float32)
    for _ in range(int(rng.integers(2, 4))):
        where = noise(rng, (cells, cells)) > rng.uniform(0.2, 0.9)
        out[where] = cloth_colour(rng)
    return out


def printed(rng: np.random.Generator, colour: Colour) -> np.ndarray:
    """A print on the chest: letters, discs or a block; all else is plain."""
    out = np.array(np.broadcast_to(colour.clip(0, 255), (SIDE, SIDE, 3)), np.uint8, order="C")
    middle = SIDE // 2, int(SIDE * (1 - rng.uniform(0.6, 0.68)))
    for _ in range(int(rng.integers(1, 4))):
        ink = tuple(float(c) for c in cloth_colour(rng))
        x, y = (int(m + rng.normal(0, 12)) for m in middle)
        kind = rng.random()
        if kind < 0.4:
            text = "".join(rng.choice(list("ABDEHKLMNORSTUXZ0123456789"), int(rng.integers(2, 6))))
            scale = float(rng.uniform(0.5, 1.3))
            wide = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, scale, 3)[0][0]
            cv2.putText(out, text, (x - wide // 2, y + 8), cv2.FONT_HERSHEY_DUPLEX, scale, ink, 3,
                        cv2.LINE_AA)  # fmt: skip
        elif kind < 0.7:
            cv2.circle(out, (x, y), int(rng.integers(10, 36)), ink, -1, cv2.LINE_AA)
        else:
            w, h = rng.integers(15, 50), rng.integers(6, 40)
            cv2.rectangle(out, (x - int(w), y - int(h)), (x + int(w), y + int(h)), ink, -1)
    return out.astype(np.float32)


def blocks(rng: np.random.Generator, colour: Colour) -> np.ndarray:
    """The upper or lower half in another colour."""
    out = np.array(plain(rng, colour))
    border = int(SIDE * rng.uniform(0.3, 0.6))
    out[:border] = cloth_colour(rng)
    if rng.random() < 0.5:
        out[border : border + int(rng.integers(8, 40))] = cloth_colour(rng)
    return out


def denim(rng: np.random.Generator, colour: Colour) -> np.ndarray:
    """Twill with worn thighs: pale in front, dark beside the seams."""
    base = np.array(DENIM_COLOURS[rng.integers(len(DENIM_COLOURS))], np.float32)
    y, x = np.indices((SIDE, SIDE), np.float32)
    twill = 4 * np.sin(2 * np.pi * (x + y) / 5)
    wear = np.exp(-(((x / SIDE - 0.9) / 0.09) ** 2) - ((y / SIDE - 0.4) / 0.25) ** 2)
    wear = rng.uniform(0, 55) * wear + 7 * noise(rng, (24, 24))
    return base + (twill + wear)[..., None]


Pattern = Callable[[np.random.Generator, Colour], np.ndarray]
PATTERNS: dict[str, tuple[tuple[Pattern, float], ...]] = {
    "top": ((plain, 0.36), (melange, 0.12), (stripes, 0.16), (checks, 0.1), (dots, 0.03),
            (patches, 0.06), (printed, 0.13), (blocks, 0.04)),
    "trousers": ((plain, 0.4), (melange, 0.15), (denim, 0.37), (checks, 0.03), (patches, 0.05)),
    "tights": ((plain, 0.8), (patches, 0.1), (blocks, 0.1)),
    "skirt": ((plain, 0.4), (melange, 0.1), (stripes, 0.12), (checks, 0.16), (dots, 0.08),
              (patches, 0.14)),
}  # fmt: skip


def pattern(rng: np.random.Generator, use: str) -> np.ndarray:
    """(SIDE, SIDE, 3) float32, 0..255: cloth without folds, for one of the uses of `PATTERNS`."""
    kinds, shares = zip(*PATTERNS[use], strict=True)
    kind = kinds[int(rng.choice(len(kinds), p=shares))]
    return kind(rng, np.asarray(cloth_colour(rng)))


def leather(rng: np.random.Generator, sole: float) -> np.ndarray:
    """(64, 64, 4) uint8 for shoes: the lower share is sole, with now and then a stripe above."""
    upper = cloth_colour(rng) + 4 * rng.standard_normal((64, 64, 1))
    edge = 64 - round(64 * sole)
    bottom = rng.choice([235, 210, 30, 45, 140]) * np.array([1.0, 0.98, 0.94])
    out = np.full((64, 64, 4), 255.0)
    out[..., :3] = upper
    if rng.random() < 0.4:
        out[int(edge * 0.25) : int(edge * 0.55), ::8, :3] = cloth_colour(rng)
    out[edge:, :, :3] = bottom
    out[edge - 1, :, :3] *= 0.6
    return out.clip(0, 255).astype(np.uint8)
