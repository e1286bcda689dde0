"""A picture of the charts: front and back, as parts and as isocontours of U and V."""

from dataclasses import dataclass

import cv2
import numpy as np

from ...render import IUV, draw
from ...settings import RenderSettings
from ..body.body import anny_model
from ..raster.rays import face_normals, first_hits
from .lookup import Charts
from .source import Source

HEIGHT = 900  # pixels of a person
MARGIN = 20
CAPTION = 30


@dataclass(frozen=True)
class Portrait:
    """A surface with charts, to be drawn.

    Attributes:
        name: written above it.
        vertices: (V, 3) metres, z up, facing −y.
        faces: (F, 3).
        part: (F,).
        u: (F, 3) of the corners.
        v: (F, 3).
    """

    name: str
    vertices: np.ndarray
    faces: np.ndarray
    part: np.ndarray
    u: np.ndarray
    v: np.ndarray

    @classmethod
    def of(cls, name: str, charts: Charts | Source, vertices: np.ndarray) -> "Portrait":
        """A table, or the source, with the vertices that its faces count."""
        return cls(name, vertices, charts.faces, charts.part, charts.u, charts.v)

    @classmethod
    def at_rest(cls, charts: Charts) -> "Portrait":
        """A table on Anny's default body in the rest pose."""
        return cls.of("Anny", charts, charts.refine(anny_model()()["rest_vertices"][0].numpy()))


def chart_picture(portraits: list[Portrait]) -> np.ndarray:
    """(H, W, 3) uint8 RGB: a row for each surface, front and back, parts and then isocontours."""
    rows = []
    for portrait in portraits:
        views = [seen(portrait, sign) for sign in (-1, 1)]
        row = [parts for parts, _ in views] + [contours for _, contours in views]
        rows.append(_titled(np.hstack(row), portrait.name))
    width = max(row.shape[1] for row in rows)
    return np.vstack([np.pad(r, ((0, 0), (0, width - r.shape[1]), (0, 0))) for r in rows])


def seen(portrait: Portrait, sign: int) -> tuple[np.ndarray, np.ndarray]:
    """Shaded parts, and isocontours, seen along y: (H, W, 3) uint8 RGB each.

    Args:
        portrait: what is seen.
        sign: −1 from the front (from −y), 1 from behind.
    """
    low, high = portrait.vertices.min(0), portrait.vertices.max(0)
    scale = HEIGHT / (high[2] - low[2])
    w, h = (np.ceil((high - low)[[0, 2]] * scale).astype(int) + 2 * MARGIN).tolist()
    x, z = np.meshgrid(np.arange(w), np.arange(h))
    middle = (low + high) / 2
    across = (x + 0.5 - w / 2) / scale * -sign + middle[0]
    up = (h / 2 - z - 0.5) / scale + middle[2]
    origins = np.stack([across, np.full(x.shape, sign * 10.0), up], -1).reshape(-1, 3)
    directions = np.broadcast_to([0.0, -sign, 0.0], origins.shape)
    face, bary = first_hits(portrait.vertices, portrait.faces, origins, directions)
    return _drawn(portrait, face.reshape(h, w), bary.reshape(h, w, 3))


def _drawn(portrait: Portrait, face: np.ndarray, bary: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    there = face >= 0
    part = np.where(there, portrait.part[face], 0).astype(np.uint8)
    u, v = (
        np.where(there, (values[face] * bary).sum(-1), 0).clip(0, 1).astype(np.float32)
        for values in (portrait.u, portrait.v)
    )
    iuv = IUV(part, u, v)
    parts = draw(iuv, None, RenderSettings("parts", "black"))
    normals = face_normals(portrait.vertices, portrait.faces)[0]
    shade = 0.45 + 0.55 * np.abs(normals[face][..., 1])
    contours = draw(iuv, None, RenderSettings("contour", "black"))
    return (parts * shade[..., None]).astype(np.uint8), contours


def _titled(row: np.ndarray, name: str) -> np.ndarray:
    out = np.pad(row, ((CAPTION, 0), (0, 0), (0, 0)))
    place = (MARGIN, CAPTION - 8)
    return cv2.putText(out, name, place, cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255, 255, 255), 1, 16)
