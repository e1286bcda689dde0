"""Sheets of looks: the photo, and an adult who wears it, from before and from behind."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np

from ...atomic import beside
from ..charts.lookup import Charts
from ..raster.rays import first_hits
from .gather import Candidate
from .surface import looked_up, skin

HEIGHT, WIDTH = 300, 230  # of one picture
ROWS, COLUMNS = 5, 3
FALLBACK = np.array([0.41, 0.235, 0.145])  # skin whose tone is not known


class Sheets:
    """Writes sheets beside a table as people are given.

    Args:
        path: of the table; `x.npz` gets `x_00.jpg` and so on.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.written, self.waiting = path, [], []

    def add(self, candidate: Candidate) -> None:
        """Take one more; a full sheet is written."""
        self.waiting.append(tile(candidate))
        if len(self.waiting) == ROWS * COLUMNS:
            self.close()

    def close(self) -> None:
        """Write what waits."""
        if not self.waiting:
            return
        self.waiting += [np.full_like(self.waiting[0], 255)] * (-len(self.waiting) % COLUMNS)
        rows = [
            np.hstack(self.waiting[k : k + COLUMNS]) for k in range(0, len(self.waiting), COLUMNS)
        ]
        path = self.path.with_name(f"{self.path.stem}_{len(self.written):02d}.jpg")
        with beside(path) as part:
            sheet = np.vstack(rows)[:, :, ::-1]
            part.write_bytes(cv2.imencode(".jpg", sheet)[1].tobytes())
        self.written.append(path)
        self.waiting = []


def tile(candidate: Candidate) -> np.ndarray:
    """(HEIGHT, 3·WIDTH, 3) uint8 RGB: photo, front, back."""
    photo = candidate.picture
    scale = min(HEIGHT / photo.shape[0], WIDTH / photo.shape[1])
    size = (max(1, round(photo.shape[1] * scale)), max(1, round(photo.shape[0] * scale)))
    frame = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    frame[: size[1], : size[0]] = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    tone = candidate.look.tone if np.isfinite(candidate.look.tone).all() else FALLBACK
    return np.hstack([frame, *(worn(candidate.look.atlas, tone, side) for side in (1, -1))])


def worn(atlas: np.ndarray, tone: np.ndarray, side: int) -> np.ndarray:
    """(HEIGHT, WIDTH, 3) uint8: an adult in an atlas, without light; `side` 1 before, −1 behind."""
    hit, iuv = view(side)
    found = looked_up(atlas, *iuv.T).astype(np.float32)
    alpha = found[:, 3:] / 255
    out = np.full((*hit.shape, 3), 255, np.uint8)
    out[hit] = (alpha * found[:, :3] + (1 - alpha) * 255 * tone ** (1 / 2.2)).round()
    return out


@cache
def view(side: int) -> tuple[np.ndarray, np.ndarray]:
    """(HEIGHT, WIDTH) bool where an adult is seen; (P, 3) I, U, V there."""
    charts, points = Charts.shipped(), skin()
    top, bottom = points[:, 2].max() + 0.03, points[:, 2].min() - 0.03
    z = np.linspace(top, bottom, HEIGHT)
    x = side * np.linspace(-0.5, 0.5, WIDTH) * (top - bottom) * WIDTH / HEIGHT
    x, z = np.meshgrid(x, z)
    eyes = np.stack([x, np.full_like(x, -3.0 * side), z], 2).reshape(-1, 3)
    ways = np.tile([0.0, side, 0.0], (len(eyes), 1))
    face, bary = first_hits(points, charts.faces, eyes, ways)
    hit = face >= 0
    return hit.reshape(HEIGHT, WIDTH), charts(face[hit], bary[hit])
