"""Socks, shoes and boots from the feet of the base mesh's tights."""

from functools import lru_cache

import numpy as np

from ..body.base_mesh import places
from ..body.body import Body, Surface
from .cloth import normals_of, tights
from .cut import Piece

ANKLE, GROUND = -0.738, -0.818  # metres, of the reference adult
SOLE = 0.3  # share of a shoe's texture, from below, that is its sole


@lru_cache(64)
def foot_field(top: float, slope: float = 0.0) -> np.ndarray:
    """(N,) metres below the rim of a shoe; the rim drops forwards by `slope`."""
    where = places()
    return top + slope * (where.points[:, 1] + 0.01).clip(-0.07, 0.1) - where.height


@lru_cache(64)
def foot_piece(top: float, slope: float = 0.0) -> Piece:
    """Feet up to a height of the reference adult."""
    return tights(foot_field(top, slope))


def sock(body: Body, top: float, texture: np.ndarray) -> Surface:
    """A pair of socks."""
    piece = foot_piece(top)
    skin = piece.blend @ body.vertices
    cloth = skin + 0.003 * normals_of(skin, piece.faces)
    return Surface(
        cloth.astype(np.float32), piece.faces, piece.uv, piece.weights, texture,
        anchors=skin.astype(np.float32),
    )  # fmt: skip


def shoe(
    body: Body, top: float, slope: float, texture: np.ndarray, sole: float, gloss: float
) -> Surface:
    """A pair of shoes or boots.

    Args:
        body: who wears them.
        top: height of the opening, of the reference adult.
        slope: how much lower the opening is in front.
        texture: `SOLE` of it, from below, is sole; the rest upper.
        sole: thickness, metres.
        gloss: of the leather.
    """
    piece = foot_piece(top, slope)
    skin = piece.blend @ body.vertices
    z = (piece.blend @ places().points)[:, 2] - GROUND
    normals = normals_of(skin, piece.faces)
    outwards = normals * [1.0, 1.0, 0.5]
    low = np.clip(1 - z / 0.035, 0, 1)
    cloth = skin + (0.006 + 0.006 * low[:, None]) * outwards
    for _ in range(2):
        cloth = 0.5 * cloth + 0.5 * (piece.smoothing @ cloth)
    lift = ((cloth - skin) * normals).sum(1)
    cloth += np.maximum(0.005 - lift, 0)[:, None] * normals
    ground = skin[:, 2].min()
    cloth[:, 2] = np.where(z < 0.012, ground - sole, cloth[:, 2] - sole * np.clip(low - 0.3, 0, 1))
    height = np.interp(z[piece.faces], [0.0, 0.03, 0.11, 0.5], [0.0, SOLE, 0.75, 0.98])
    uv = np.stack([piece.uv[..., 0], height], 2).astype(np.float32)
    return Surface(
        cloth.astype(np.float32), piece.faces, uv, piece.weights, texture, gloss,
        anchors=skin.astype(np.float32),
    )  # fmt: skip
