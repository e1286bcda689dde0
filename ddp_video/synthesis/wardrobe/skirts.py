"""Skirts from the base mesh's skirt: flared, pleated, and labelled by where a straight one hangs.

The label rule of a skirt: a point of cloth is looked up where the close, unflared skirt has it in
the rest pose. There the nearest leg is the one on its own side, and the nearer half of that leg
is the front for the front of the skirt. So the left half of every skirt belongs to the left leg,
whatever the legs do, and no label depends on the flare.
"""

from functools import lru_cache

import numpy as np

from ..body.base_mesh import groups, places
from ..body.body import Body, Surface
from .cut import Piece, cut_out

WAIST = 0.28  # metres, of the reference adult
PLEATS = 18


@lru_cache(64)
def skirt_piece(hem: float, waist: float = WAIST) -> Piece:
    """The skirt between two heights of the reference adult."""
    where = places()
    z = where.points[:, 2]
    return cut_out(groups()["helper-skirt"][0], np.minimum(z - hem, waist - z), where, legs=False)


def skirt(
    body: Body,
    piece: Piece,
    texture: np.ndarray,
    flare: float,
    pleats: float,
    rng: np.random.Generator,
) -> Surface:
    """A skirt on a body.

    Args:
        body: who wears it.
        piece: of `skirt_piece`.
        texture: of the cloth.
        flare: how much wider than the straight skirt the hem of a knee-long one is (0.3: 30 %).
        pleats: height of the folds at the hem, metres.
        rng: of the folds' places.
    """
    straight = piece.blend @ body.vertices
    z = (piece.blend @ places().points)[:, 2]
    down = ((WAIST - z) / (WAIST + 0.286)).clip(0, None)  # 1 at the knee
    centre = np.array([0.0, straight[:, 1].mean()])
    flat = straight[:, :2] - centre
    radius = np.linalg.norm(flat, axis=1)
    angle = np.arctan2(flat[:, 0], -flat[:, 1])
    phase = rng.uniform(0, 2 * np.pi, 2)
    wave = np.cos(PLEATS * angle + phase[0]) + 0.8 * np.cos(7 * angle + phase[1])
    wider = radius * (1 + flare * down) + 0.014 + pleats * down.clip(0, 1) * wave
    cloth = straight.copy()
    cloth[:, :2] = centre + flat * (wider / np.maximum(radius, 1e-3))[:, None]
    anchors = straight.astype(np.float32)
    return Surface(
        cloth.astype(np.float32), piece.faces, piece.uv, piece.weights, texture, anchors=anchors
    )
