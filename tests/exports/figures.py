"""People drawn by hand: rectangles of stripes, a part each, on a coarse grid."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch

from ddp_video.tracks import numbered
from ddp_video.types import PARTS, Frame, Person, Prediction, VideoInfo

GRID = (24, 32)  # h, w
SIZE = (97, 131)  # H, W: odd, and no multiple of the grid
TIME = Fraction(1, 25)

# x0, y0, x1, y1 in cells, and the parts of its stripes from top to bottom
Figure = tuple[tuple[int, int, int, int], Sequence[int]]
TALL: Figure = ((3, 2, 12, 22), (24, 2, 9, 13))
SMALL: Figure = ((18, 6, 28, 18), (23, 1, 16))


def prediction(*figures: Figure, size: tuple[int, int] = SIZE) -> Prediction:
    """U rises to the right and V downwards, each from 0 to 1 over the rectangle."""
    h, w = GRID
    logits = torch.full((3 * PARTS, h, w), -6.0)
    logits[0] = 0
    logits[PARTS:] = 0
    coverage = torch.zeros(h, w)
    people = []
    for number, ((x0, y0, x1, y1), parts) in enumerate(figures):
        mask = torch.zeros(h, w)
        mask[y0:y1, x0:x1] = 1
        coverage += mask
        inside = mask.bool()
        logits[0][inside] = -6
        for stripe, part in enumerate(parts):
            top, bottom = (y0 + (y1 - y0) * k // len(parts) for k in (stripe, stripe + 1))
            logits[part, top:bottom, x0:x1] = 0
        logits[PARTS : 2 * PARTS, y0:y1, x0:x1] = torch.linspace(0, 1, x1 - x0)
        logits[2 * PARTS :, y0:y1, x0:x1] = torch.linspace(0, 1, y1 - y0)[:, None]
        sides = np.array([size[1] / w, size[0] / h] * 2) * (x0, y0, x1, y1)
        x, y, right, bottom = map(float, sides)
        people.append(Person((x, y, right, bottom), 0.9 - 0.1 * number, mask, mask))
    return Prediction(logits, coverage.clamp(max=1), tuple(people), size)


def film(size: tuple[int, int] = SIZE) -> Iterator[tuple[Frame, Prediction]]:
    """Four frames: two people, nobody, the second one, two."""
    image = np.random.default_rng(0).integers(0, 255, (*size, 3), np.uint8)
    scenes = enumerate([(TALL, SMALL), (), (SMALL,), (TALL, SMALL)])
    return numbered(
        (Frame(image, index, index, TIME, 1), prediction(*figures, size=size))
        for index, figures in scenes
    )


def info(size: tuple[int, int] = SIZE, path: Path = Path("clip.mp4"), **more) -> VideoInfo:
    return VideoInfo(path, size[1], size[0], TIME, Fraction(25), 4, Fraction(4, 25), **more)
