"""Procedural floors, walls and horizons: (h, w, 3) uint8 sRGB textures."""

from collections.abc import Callable

import cv2
import numpy as np

from .room import books, cloud, muted, paint, planks, poster, window

Texture = Callable[[np.random.Generator], np.ndarray]
SIDE = 512


def tiled(rng: np.random.Generator, size: tuple[int, int], cells: tuple[int, int]) -> np.ndarray:
    """Smooth noise (h, w) of mean 0 and about ±1 that repeats without a seam."""
    coarse = rng.standard_normal(cells).astype(np.float32)
    wide = np.pad(coarse, 2, mode="wrap")
    h, w = size[0] // cells[0], size[1] // cells[1]
    fine = cv2.resize(wide, None, fx=w, fy=h, interpolation=cv2.INTER_CUBIC)
    return cv2.resize(fine[2 * h : -2 * h, 2 * w : -2 * w], (size[1], size[0]))


def grains(rng: np.random.Generator, colour: np.ndarray, depths: dict[int, float]) -> np.ndarray:
    """A colour (3,) with seamless noise; `depths` is number of cells → levels."""
    out = np.zeros((SIDE, SIDE), np.float32)
    for cells, depth in depths.items():
        out += depth * tiled(rng, (SIDE, SIDE), (cells, cells))
    return (colour * (1 + out[..., None] / 100)).clip(0, 255).astype(np.uint8)


def asphalt(rng: np.random.Generator) -> np.ndarray:
    """Dark grey, speckled."""
    grey = rng.uniform(70, 135) * rng.uniform(0.96, 1.04, 3)
    return grains(rng, grey, {512: 9, 256: 8, 8: 5, 3: 5})


def grass(rng: np.random.Generator) -> np.ndarray:
    """Green to straw, in blades."""
    share = rng.random()
    colour = (1 - share) * np.array([74, 96, 46]) + share * np.array([142, 130, 84])
    blades = cv2.blur(rng.standard_normal((SIDE, SIDE)).astype(np.float32), (1, 7)) * 2.2
    out = grains(rng, colour, {128: 7, 16: 9, 4: 8}).astype(np.float32)
    return (out * (1 + 0.11 * blades[..., None])).clip(0, 255).astype(np.uint8)


def sand(rng: np.random.Generator) -> np.ndarray:
    """Sand, earth or snow."""
    colours = ((196, 172, 132), (140, 110, 80), (226, 230, 236))
    colour = np.array(colours[rng.integers(3)]) * rng.uniform(0.85, 1.05)
    return grains(rng, colour, {256: 3, 64: 4, 16: 4, 4: 3})


def slabs(rng: np.random.Generator) -> np.ndarray:
    """Tiles or paving stones with joints, some in two colours."""
    n = int(rng.choice([2, 3, 4, 6, 8]))
    colour = np.array(muted(rng)) * 0.35 + rng.uniform(90, 200) * 0.65
    tones = rng.normal(0, rng.uniform(1, 7), (n, n))
    if rng.random() < 0.25:
        tones += 38 * (np.indices((n, n)).sum(0) % 2 - 0.5)
    tone = cv2.resize(tones, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
    out = grains(rng, colour, {256: 3, 32: 3, 8: 3}) + tone[..., None]
    width = int(rng.integers(1, 5))
    edge = SIDE // n
    joint = (np.arange(SIDE) % edge) < width
    out[joint[:, None] | joint[None]] *= rng.uniform(0.5, 0.9)
    return out.clip(0, 255).astype(np.uint8)


def carpet(rng: np.random.Generator) -> np.ndarray:
    """One dull colour, woven."""
    colour = 0.45 * np.array(muted(rng)) + 0.55 * rng.uniform(60, 200)
    return grains(rng, colour, {512: 6, 256: 5, 4: 3})


def boards(rng: np.random.Generator) -> np.ndarray:
    """A wooden floor."""
    colour = planks(rng, int(rng.integers(8, 24)), SIDE)[..., :3].astype(np.float32)
    return (
        (colour * rng.uniform(0.6, 1.25) * rng.uniform(0.93, 1.07, 3)).clip(0, 255).astype(np.uint8)
    )


OUTDOOR_FLOORS: dict[Texture, float] = {asphalt: 1.5, grass: 2.0, sand: 0.8, slabs: 1.6}
INDOOR_FLOORS: dict[Texture, float] = {boards: 0.7, carpet: 1.5, slabs: 1.6, asphalt: 2.0}


def wall(rng: np.random.Generator) -> np.ndarray:
    """An inner wall, 3 m high and as wide as the room, with what hangs and stands there."""
    base = np.array(muted(rng)) * 0.3 + rng.uniform(120, 240) * 0.7
    out = paint(rng, base.clip(0, 255).tolist(), (256, 640))[..., :3].copy()
    if rng.random() < 0.2:
        stripes = (np.arange(640) // int(rng.integers(6, 30)) % 2)[None, :, None]
        out = (out * (1 - 0.12 * stripes)).astype(np.uint8)
    for _ in range(int(rng.integers(1, 8))):
        kind = rng.random()
        if kind < 0.45:
            paste(out, poster(rng, muted(rng)), rng, (30, 80), (40, 130))
        elif kind < 0.7:
            paste(out, window(rng), rng, (70, 130), (30, 80))
        elif kind < 0.85:
            paste(out, door(rng), rng, (190, 191), (66, 67))
        else:
            paste(out, np.vstack([books(rng) for _ in range(4)]), rng, (150, 180), (76, 106))
    out[-8:] = out[-8:] * rng.uniform(0.4, 1.1)
    return cornered(out)


def door(rng: np.random.Generator) -> np.ndarray:
    """A door with panels and a handle."""
    out = np.full((200, 90, 3), np.array(muted(rng)) * 0.4 + rng.uniform(60, 220) * 0.6, np.uint8)
    for y0, y1 in ((14, 90), (104, 186)):
        cv2.rectangle(out, (14, y0), (76, y1), (out[0, 0] * 0.8).tolist(), 3)
    cv2.circle(out, (82, 104), 3, (190, 186, 170), -1, cv2.LINE_AA)
    cv2.rectangle(out, (0, 0), (89, 199), (out[0, 0] * 0.7).tolist(), 3)
    return out


def paste(
    ground: np.ndarray,
    what: np.ndarray,
    rng: np.random.Generator,
    heights: tuple[int, int],
    tops: tuple[int, int],
) -> None:
    """Put a picture of a random height somewhere on a wall, in place."""
    height, top = int(rng.integers(*heights)), int(rng.integers(*tops))
    width = min(round(what.shape[1] * height / len(what)), ground.shape[1] - 1)
    small = cv2.resize(
        np.ascontiguousarray(what[..., :3]), (width, height), interpolation=cv2.INTER_AREA
    )
    left = int(rng.integers(0, ground.shape[1] - width))
    small = small[: len(ground) - top]
    ground[top : top + len(small), left : left + width] = small


def cornered(texture: np.ndarray) -> np.ndarray:
    """Darker towards the borders, as walls are where they meet."""
    h, w = texture.shape[:2]
    y, x = (np.minimum(np.arange(n), n - 1 - np.arange(n)) / h for n in (h, w))
    shade = (1 - 0.22 * np.exp(-y / 0.12))[:, None] * (1 - 0.22 * np.exp(-x / 0.12))[None]
    return (texture * shade[..., None]).astype(np.uint8)


def bricks(rng: np.random.Generator) -> np.ndarray:
    """A brick or block wall, 4 m high."""
    out = np.full((256, 640, 3), rng.uniform(110, 200) * rng.uniform(0.95, 1, 3), np.float32)
    high = int(rng.choice([8, 12, 24]))
    long = int(high * rng.uniform(2, 3))
    colour = np.array([[150, 84, 62], [170, 150, 120], [130, 126, 122]][rng.integers(3)])
    for row, y in enumerate(range(0, 256, high)):
        for x in range(-(long // 2) * (row % 2), 640, long):
            tone = colour * rng.normal(1, 0.09)
            out[max(y + 1, 0) : y + high, max(x + 1, 0) : max(x + long, 0)] = tone
    out *= 1 + 0.05 * cloud(rng, (256, 640), (20, 40))[..., None]
    return out.clip(0, 255).astype(np.uint8)


def facade(rng: np.random.Generator) -> np.ndarray:
    """A house front with rows of windows, some 9 m high."""
    base = np.array(muted(rng)) * 0.4 + rng.uniform(90, 220) * 0.6
    out = paint(rng, base.tolist(), (320, 640))[..., :3].copy()
    wide, high = int(rng.integers(30, 60)), int(rng.integers(40, 64))
    step = int(wide * rng.uniform(1.5, 2.4))
    for top in (24, 124, 224):
        for left in range(int(rng.integers(8, 30)), 640 - wide, step):
            glass = np.array([70, 84, 98]) * rng.uniform(0.5, 1.5)
            cv2.rectangle(out, (left, top), (left + wide, top + high), glass.tolist(), -1)
            cv2.rectangle(out, (left, top), (left + wide, top + high), (225, 222, 215), 3)
            cv2.line(
                out, (left + wide // 2, top), (left + wide // 2, top + high), (225, 222, 215), 2
            )
    return out


def horizon_view(rng: np.random.Generator) -> np.ndarray:
    """Sky above hills, trees or roofs; the ground begins at the lower border."""
    h, w = 320, 1024
    y = np.linspace(0, 1, h)[:, None, None]
    zenith, haze = np.array([96, 142, 205]), np.array([214, 222, 228])
    cover = rng.random()
    zenith = (1 - cover) * zenith + cover * np.array([190, 196, 204])
    sky = zenith * (1 - y) + haze * y + (18 * cloud(rng, (h, w), (6, 12)).clip(0))[..., None]
    for layer in range(int(rng.integers(1, 4))):
        jag = 14 * cloud(rng, (1, w), (1, 40))[0] + 9 * cloud(rng, (1, w), (1, 160))[0]
        town = rng.random() < 0.3
        roofs = np.repeat(rng.uniform(-40, 40, 64), 16)
        top = 250 + 18 * layer + (roofs if town else jag)
        stuff = rng.uniform(90, 170) * rng.uniform(0.85, 1.1, 3) if town else np.array([70, 92, 60])
        colour = stuff * rng.uniform(0.5, 1.3) * (0.6 + 0.2 * layer)
        colour = 0.7 * colour + 0.3 * haze if layer == 0 else colour
        rough = 0.03 if town else 0.18
        body = colour * (1 + rough * cloud(rng, (h, w), (60, 190)))[..., None]
        where = (np.arange(h)[:, None] > top)[..., None]
        sky = np.where(where, body, sky)
    return sky.clip(0, 255).astype(np.uint8)


OUTDOOR_WALLS: dict[Texture, float] = {bricks: 3.5, facade: 9.0}
