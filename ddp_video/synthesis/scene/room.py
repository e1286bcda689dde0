"""A room made of nothing but code: floor, walls, window, pictures, furniture.

World: metres, x to the right of the picture, y away from the camera, z up, floor at 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

GLOSS = 0.05  # of furniture


@dataclass(frozen=True)
class Panel:
    """A textured parallelogram.

    Attributes:
        corner: (3,) its lower left.
        right: (3,) edge along the texture's width.
        up: (3,) edge along the texture's height.
        texture: (h, w, 4) uint8.
        gloss: strength of the highlight.
    """

    corner: np.ndarray
    right: np.ndarray
    up: np.ndarray
    texture: np.ndarray
    gloss: float = 0.0

    @property
    def corners(self) -> np.ndarray:
        """(4, 3) anticlockwise from the lower left, as the texture has them."""
        p, r, u = self.corner, self.right, self.up
        return np.array([p, p + r, p + r + u, p + u])


# A panel as triangles of its `corners`.
PANEL_FACES = np.array([[0, 1, 2], [0, 2, 3]])
PANEL_UV = np.array([[[0, 0], [1, 0], [1, 1]], [[0, 0], [1, 1], [0, 1]]], np.float32)


def panel(corner: tuple, right: tuple, up: tuple, texture: np.ndarray, gloss: float = 0.0) -> Panel:
    """A panel from plain numbers."""
    return Panel(
        np.array(corner, float), np.array(right, float), np.array(up, float), texture, gloss
    )


def opaque(rgb: np.ndarray) -> np.ndarray:
    """(h, w, 3) numbers 0..255 → RGBA uint8."""
    alpha = np.full((*rgb.shape[:2], 1), 255)
    return np.concatenate([rgb.clip(0, 255), alpha], 2).astype(np.uint8)


def cloud(rng: np.random.Generator, size: tuple[int, int], cells: tuple[int, int]) -> np.ndarray:
    """Smooth noise of mean 0 and about ±1, (h, w)."""
    coarse = rng.standard_normal((cells[0] + 3, cells[1] + 3)).astype(np.float32)
    return cv2.resize(coarse, (size[1], size[0]), interpolation=cv2.INTER_CUBIC)


def paint(
    rng: np.random.Generator, colour: Sequence[float], size: tuple[int, int] = (256, 512)
) -> np.ndarray:
    """Rolled wall paint: one colour with stains and grain."""
    grain = 2.2 * cloud(rng, size, (4, 8)) + 1.5 * rng.standard_normal(size)
    return opaque(np.array(colour) + grain[..., None])


def planks(rng: np.random.Generator, boards: int = 34, size: int = 1024) -> np.ndarray:
    """A wooden floor; the boards run along the texture's height."""
    width = size / boards
    column = (np.arange(size) / width).astype(int)
    out = np.zeros((size, size, 3), np.float32)
    for k in range(boards):
        grain = (
            cloud(rng, (size, int(width) + 2), (10, 14)) * 7
            + cloud(rng, (size, int(width) + 2), (3, 24)) * 6
        )
        breaks = np.sort(rng.integers(0, size, 3))
        tone = rng.normal(0, 9, 4)[np.searchsorted(breaks, np.arange(size))]
        strip = np.array([148, 108, 72]) + (tone[:, None] + grain)[..., None] * [1.0, 0.86, 0.68]
        for b in breaks:
            strip[b : b + 2] *= 0.6
        where = column == k
        out[:, where] = strip[:, : where.sum()]
        out[:, np.flatnonzero(where)[:1]] *= 0.62
    return opaque(out)


def wood(
    rng: np.random.Generator, colour: Sequence[float], size: tuple[int, int] = (128, 256)
) -> np.ndarray:
    """Furniture board with grain along the width."""
    grain = cloud(rng, size, (24, 4)) * 6 + cloud(rng, size, (50, 8)) * 4
    return opaque(np.array(colour) + grain[..., None] * [1.0, 0.9, 0.75])


def muted(rng: np.random.Generator) -> list[int]:
    """A colour of moderate strength, as print and cloth have."""
    hsv = np.array([[[rng.integers(180), rng.integers(30, 130), rng.integers(60, 215)]]], np.uint8)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0].tolist()


def poster(
    rng: np.random.Generator, ground: Sequence[float], size: tuple[int, int] = (256, 192)
) -> np.ndarray:
    """An abstract print: discs and bands in a pale frame."""
    picture = np.full((*size, 3), ground, np.uint8)
    for _ in range(5):
        centre = (int(rng.integers(20, size[1] - 20)), int(rng.integers(30, size[0] - 30)))
        cv2.circle(picture, centre, int(rng.integers(12, 60)), muted(rng), -1, cv2.LINE_AA)
    y = int(size[0] * 0.72)
    cv2.rectangle(picture, (0, y), (size[1], y + 16), muted(rng), -1)
    cv2.rectangle(picture, (0, 0), (size[1] - 1, size[0] - 1), (236, 232, 224), 22)
    cv2.rectangle(picture, (0, 0), (size[1] - 1, size[0] - 1), (52, 44, 38), 7)
    return opaque(picture + 3 * cloud(rng, size, (30, 22))[..., None])


def window(rng: np.random.Generator, size: tuple[int, int] = (256, 320)) -> np.ndarray:
    """A window: a bright, hazy garden out of focus, frame and bars."""
    h, w = size
    y = np.linspace(0, 1, h)[:, None, None]
    view = (
        np.array([226, 238, 250]) * (1 - y)
        + np.array([246, 248, 246]) * y
        + 3 * cloud(rng, size, (3, 4))[..., None]
    )
    leaves = cloud(rng, size, (12, 15)) + 0.8 * cloud(rng, size, (26, 32)) + 7 * (y[..., 0] - 0.72)
    green = np.array([150, 178, 126]) + 14 * cloud(rng, size, (18, 22))[..., None]
    view += (1 / (1 + np.exp(-3 * leaves)))[..., None] * (green - view)
    picture = np.ascontiguousarray(cv2.GaussianBlur(view.clip(0, 255), (0, 0), 4).astype(np.uint8))
    cv2.rectangle(picture, (0, 0), (w - 1, h - 1), (240, 238, 234), 20)
    cv2.line(picture, (w // 2, 0), (w // 2, h), (232, 230, 226), 11)
    cv2.line(picture, (0, h // 3), (w, h // 3), (232, 230, 226), 9)
    return opaque(picture.astype(float))


def books(rng: np.random.Generator, size: tuple[int, int] = (128, 512)) -> np.ndarray:
    """A row of book spines in a dark shelf."""
    picture = np.full((*size, 3), (44, 35, 28), np.uint8)
    x = 6
    while x < size[1] - 26:
        wide, tall = int(rng.integers(9, 24)), int(rng.integers(70, 116))
        cv2.rectangle(picture, (x, size[0] - tall), (x + wide, size[0]), muted(rng), -1)
        cv2.line(picture, (x, size[0] - tall), (x, size[0]), (25, 20, 18), 1)
        if rng.random() < 0.5:
            cv2.rectangle(
                picture,
                (x + 2, size[0] - tall + 10),
                (x + wide - 2, size[0] - tall + 20),
                (200, 190, 160),
                -1,
            )
        x += wide + (1 if rng.random() < 0.85 else int(rng.integers(10, 60)))
    return opaque(picture.astype(float))


def box(low: tuple, high: tuple, texture: np.ndarray) -> list[Panel]:
    """The five faces of a box that can be seen from the room (not its underside)."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    w, d, h = x1 - x0, y1 - y0, z1 - z0
    return [
        panel((x0, y0, z0), (w, 0, 0), (0, 0, h), texture, GLOSS),
        panel((x0, y0, z1), (w, 0, 0), (0, d, 0), texture, GLOSS),
        panel((x0, y1, z0), (0, -d, 0), (0, 0, h), texture, GLOSS),
        panel((x1, y0, z0), (0, d, 0), (0, 0, h), texture, GLOSS),
        panel((x0, y1, z0), (w, 0, 0), (0, 0, h), texture, GLOSS),
    ]


def room(rng: np.random.Generator) -> list[Panel]:
    """A living room, 7 × 8 × 2.9 m, looked at along +y."""
    wall, side, white = (
        paint(rng, (205, 198, 182)),
        paint(rng, (214, 209, 198)),
        paint(rng, (238, 236, 231)),
    )
    oak, walnut = wood(rng, (172, 128, 84)), wood(rng, (96, 66, 46))
    panels = [
        panel((-3.5, -5, 0), (7, 0, 0), (0, 8, 0), planks(rng), 0.1),
        panel((-3.5, 3, 0), (7, 0, 0), (0, 0, 2.9), wall),
        panel((-3.5, -5, 0), (0, 8, 0), (0, 0, 2.9), side),
        panel((3.5, 3, 0), (0, -8, 0), (0, 0, 2.9), side),
        panel((-3.5, -5, 2.9), (7, 0, 0), (0, 8, 0), white),
        panel((-2.75, 2.985, 1.0), (1.5, 0, 0), (0, 0, 1.35), window(rng)),
        panel((0.25, 2.98, 1.45), (0.62, 0, 0), (0, 0, 0.82), poster(rng, (226, 202, 160))),
        panel((1.1, 2.98, 1.5), (0.55, 0, 0), (0, 0, 0.72), poster(rng, (120, 160, 168))),
    ]
    panels += box((-3.5, 2.97, 0), (3.5, 3.0, 0.1), white)
    panels += box((-0.75, 2.5, 0), (1.35, 2.95, 0.72), oak)
    for k in range(3):
        panels.append(
            panel(
                (-0.72 + 0.7 * k, 2.495, 0.06), (0.64, 0, 0), (0, 0, 0.6), wood(rng, (186, 142, 96))
            )
        )
    panels += box((2.15, 2.6, 0), (3.3, 2.95, 2.05), walnut)
    for k in range(5):
        panels.append(panel((2.2, 2.595, 0.08 + 0.39 * k), (1.05, 0, 0), (0, 0, 0.34), books(rng)))
    panels += box((-0.55, 2.6, 0.72), (-0.35, 2.8, 1.0), paint(rng, (70, 112, 120)))
    panels += box((0.85, 2.6, 0.72), (1.2, 2.82, 0.86), paint(rng, (178, 84, 62)))
    panels += rug(rng)
    return panels


def rug(rng: np.random.Generator) -> list[Panel]:
    """A woven rug, a finger above the floor."""
    size = (256, 384)
    picture = np.full((*size, 3), (104, 72, 66), np.uint8)
    for inset, colour in ((8, (176, 160, 132)), (22, (70, 74, 88)), (34, (128, 92, 78))):
        cv2.rectangle(picture, (inset, inset), (size[1] - inset, size[0] - inset), colour, 5)
    for row, y in enumerate(range(52, size[0] - 44, 13)):
        for x in range(52 + 10 * (row % 2), size[1] - 44, 20):
            cv2.ellipse(picture, (x, y), (5, 3), 0, 0, 360, (126, 94, 80), -1, cv2.LINE_AA)
    woven = picture + (
        4 * rng.standard_normal((*size, 1)) + 4 * (np.indices(size).sum(0) % 2)[..., None]
    )
    return [panel((-1.7, -0.7, 0.008), (3.2, 0, 0), (0, 2.1, 0), opaque(woven))]
