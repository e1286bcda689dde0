"""Hair and hats made of code: a cap grown from the scalp, a curtain that falls from it, a bun.

The label rule of hair and hats is that of all clothes: the body point nearest in the rest pose. A
cap is looked up on the scalp that it grows from; a curtain where it hangs, so that long hair on
the back is back.
"""

from functools import cache, lru_cache

import cv2
import numpy as np
from scipy.spatial import KDTree

from ..body.base_mesh import groups, places, reference
from ..body.body import Body, Surface, skin_layout
from .cloth import normals_of
from .cut import Piece, cut_out
from .skin import encoded
from .skin_map import texture_mask

SIDE = 128  # texels
# Linear reflectance: black, dark brown, brown, fair, red, and grey.
HAIR_COLOURS = np.array(
    [[0.012, 0.01, 0.009], [0.03, 0.02, 0.014], [0.075, 0.045, 0.026],
     [0.28, 0.18, 0.085], [0.16, 0.055, 0.022], [0.34, 0.33, 0.32]]
)  # fmt: skip
# The hairline: degrees from the forehead backwards, and metres above the eyes.
HAIRLINE = (
    (0, 25, 42, 54, 59, 71, 77, 98, 106, 125, 150, 180),
    (62, 62, 52, 36, -2, -14, 8, 8, -35, -62, -80, -88),
)
CURTAIN = 28, 14  # columns, rows


def hair_colour(depth: float, age: float, rng: np.random.Generator) -> np.ndarray:
    """(3,) linear reflectance: dark with dark skin, grey with age (0..1), now and then dyed."""
    if rng.random() < max(0.02, 3.2 * (age - 0.72)):
        colour = HAIR_COLOURS[5]
    elif rng.random() < 0.03:
        colour = rng.uniform(0.02, 0.5, 3)
    else:
        pale = np.array([0.2, 0.26, 0.26, 0.2, 0.08])
        dark = np.array([0.66, 0.27, 0.05, 0.01, 0.01])
        share = float(np.clip((depth - 0.5) / 2, 0, 1))
        colour = HAIR_COLOURS[rng.choice(5, p=(1 - share) * pale + share * dark)]
    return colour * np.exp(rng.normal(0, 0.25))


@cache
def skull() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(N,) degrees from the forehead, height above the eyes (m), and on the ear, 0..1."""
    points = places().points
    eye = reference().head("eye.L")
    azimuth = np.degrees(np.abs(np.arctan2(points[:, 0], -(points[:, 1] + 0.045))))
    faces, uv = skin_layout()
    ears = texture_mask("ears")
    column, row = (uv.reshape(-1, 2) * len(ears)).astype(int).clip(0, len(ears) - 1).T
    ear = np.zeros(len(points))
    ear[faces.ravel()] = ears[len(ears) - 1 - row, column]
    return azimuth, points[:, 2] - eye[2], ear


@lru_cache(64)
def scalp(shift: float, flat: bool) -> Piece:
    """The scalp above the hairline.

    Args:
        shift: metres by which the hairline is higher in front.
        flat: a straight rim instead of a hairline: for hats.
    """
    azimuth, height, ear = skull()
    if flat:
        line = 0.038 + shift - 0.05 * (1 - np.cos(np.radians(azimuth))) / 2
    else:
        line = np.interp(azimuth, HAIRLINE[0], np.array(HAIRLINE[1]) / 1000)
        line = line + shift * np.clip(1 - azimuth / 70, 0, 1)
    inside = np.minimum(height - line, 0.02 - 0.04 * ear)
    faces = groups()["body"][0]
    on_head = (places().points[faces][..., 2] > 0.72).all(1)
    return cut_out(faces[on_head], inside, places(), legs=False)


def strands(colour: np.ndarray, seed: int, ragged: float) -> np.ndarray:
    """(SIDE, SIDE, 4) uint8: strands along v; towards v = 0 they end one by one.

    Args:
        colour: (3,) linear.
        seed: of the strands, a few of which are kept for all.
        ragged: share of the height over which they end.
    """
    shade, ends = strand_map(seed)
    out = encoded(colour * shade[..., None])
    above = 1 - (np.arange(SIDE)[:, None] + 0.5) / SIDE
    out[..., 3] = np.where(above < ragged * ends, 0, 255)
    return out


@lru_cache(16)
def strand_map(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(SIDE, SIDE) shading of strands, and (SIDE,) where each ends, 0..1."""
    rng = np.random.default_rng(seed)
    thick = cv2.resize(rng.standard_normal((4, 20)), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    thin = cv2.resize(rng.standard_normal((8, SIDE)), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    ends = cv2.resize(rng.random((1, SIDE // 2)), (SIDE, 1), interpolation=cv2.INTER_LINEAR)[0]
    return np.exp(0.4 * thick + 0.35 * thin), ends


def cap(
    body: Body, piece: Piece, thickness: float, bumps: float, texture: np.ndarray,
    rng: np.random.Generator, gloss: float = 0.05,
) -> Surface:  # fmt: skip
    """Hair (or a hat) that stands off the scalp.

    Args:
        body: whose head.
        piece: of `scalp`.
        thickness: metres, on the crown; towards the hairline it becomes thin.
        bumps: metres, of locks.
        texture: of `strands`, or of cloth.
        rng: of the locks.
        gloss: of the surface.
    """
    skin = piece.blend @ body.vertices
    normals = normals_of(skin, piece.faces)
    azimuth = piece.blend @ skull()[0]
    rise = np.clip(piece.inside / 0.02, 0.12, 1)
    waves = rng.normal(size=(6, 3)) * 2 * np.pi / rng.uniform(0.03, 0.1, (6, 1))
    lock = np.sin(skin @ waves.T + rng.uniform(0, 6, 6)).sum(1) / 2.4
    lift = (thickness + bumps * lock) * rise
    cloth = skin + np.maximum(lift, 0.0015)[:, None] * normals
    for _ in range(2):
        cloth = 0.5 * cloth + 0.5 * (piece.smoothing @ cloth)
    cloth += np.maximum(0.0015 - ((cloth - skin) * normals).sum(1), 0)[:, None] * normals
    around = azimuth * np.sign(skin[:, 0]) / 40
    corner = around[piece.faces]
    corner = corner[:, :1] + (corner - corner[:, :1] + 4.5) % 9 - 4.5
    uv = np.stack([corner, np.clip(piece.inside / 0.07, 0.005, 0.99)[piece.faces]], 2)
    return Surface(
        cloth.astype(np.float32), piece.faces, uv.astype(np.float32), piece.weights, texture, gloss,
        anchors=skin.astype(np.float32),
    )  # fmt: skip


def sheet_faces(columns: int, rows: int) -> np.ndarray:
    """(F, 3) triangles of a grid of vertices, numbered row by row."""
    k = np.arange(columns * rows).reshape(rows, columns)
    a, b, c, d = k[:-1, :-1].ravel(), k[:-1, 1:].ravel(), k[1:, 1:].ravel(), k[1:, :-1].ravel()
    return np.concatenate([np.stack([a, d, c], 1), np.stack([a, c, b], 1)])


@cache
def hanging() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A curtain's (F, 3) faces, (F, 3, 2) coordinates, and base mesh vertices it may lie on."""
    columns, rows = CURTAIN
    faces = sheet_faces(columns, rows)
    row, column = np.divmod(np.arange(columns * rows), columns)
    corner = np.stack([6 * column / (columns - 1), 1 - row / (rows - 1)], 1)
    below = np.unique(groups()["body"][0])
    near = (places().height[below] > 0.2) & (places().arm[below] < 0.12)
    return faces, corner[faces].clip(0.004, None).astype(np.float32), below[near]


def curtain(
    body: Body, length: float, width: float, texture: np.ndarray, rng: np.random.Generator
) -> Surface:
    """Long hair: a sheet that falls from the sides and the back of the head onto the shoulders.

    Args:
        body: whose hair.
        length: metres below the eyes, of the reference adult.
        width: degrees from the back to which it reaches on either side.
        texture: of `strands`.
        rng: of the locks.
    """
    columns, rows = CURTAIN
    faces, uv, below = hanging()
    points = body.vertices[below]
    scale = body.height / reference().height
    eye = (body.head("eye.L") + body.head("eye.R")) / 2
    middle = np.array([0.0, eye[1] + 0.085 * scale])
    azimuth = np.radians(np.linspace(180 - width, 180 + width, columns))
    side = np.stack([np.sin(azimuth), -np.cos(azimuth)], 1)
    z = eye[2] + scale * np.linspace(0.055, -length, rows)
    head = np.where(np.abs(np.degrees(azimuth) - 180) < 60, 0.105, 0.092) * scale
    wave = 1 + 0.03 * np.sin(5 * azimuth * 3 + rng.uniform(0, 6)) + 0.02 * rng.normal(size=columns)
    out = np.zeros((rows, columns, 3))
    flat = np.broadcast_to(head * wave, (rows, columns)) * np.linspace(0.93, 1.02, rows)[:, None]
    out[..., :2] = middle + side * flat[..., None]
    out[..., 2] = z[:, None]
    out = out.reshape(-1, 3)
    tree = KDTree(points)
    normals = normals_of(body.vertices, body.faces)[below]
    for _ in range(3):  # push it out of neck, back and shoulders
        near = tree.query(out)[1]
        depth = 0.012 - ((out - points[near]) * normals[near]).sum(1)
        out += np.clip(depth, 0, 0.05)[:, None] * normals[near] * [1, 1, 0.3]
    near = tree.query(out, 4)[1]
    weights = body.weights[below[near]].mean(1)
    out, weights = out.astype(np.float32), weights.astype(np.float32)
    return Surface(out, faces, uv, weights, texture, 0.08)


def ball(
    body: Body, place: tuple[float, float], radii: tuple[float, float, float], texture: np.ndarray
) -> Surface:
    """A bun or a tail at the back of the head: an ellipsoid.

    Args:
        body: whose hair.
        place: metres behind the eyes and above them, of the reference adult.
        radii: metres across, backwards and upwards.
        texture: of `strands`.
    """
    columns, rows = 14, 9
    faces = sheet_faces(columns, rows)
    v, u = np.meshgrid(np.linspace(0, 1, rows), np.linspace(0, 1, columns), indexing="ij")
    uv = np.stack([2 * u, 0.5 + 0.49 * v], 2).reshape(-1, 2)[faces].astype(np.float32)
    ring, lift = np.sin(np.pi * v), -np.cos(np.pi * v)
    sphere = np.stack([ring * np.cos(2 * np.pi * u), ring * np.sin(2 * np.pi * u), lift], 2)
    scale = body.height / reference().height
    eye = (body.head("eye.L") + body.head("eye.R")) / 2
    centre = eye + scale * np.array([0.0, place[0], place[1]])
    points = centre + scale * sphere.reshape(-1, 3) * radii
    weights = np.zeros((len(points), len(body.bones)), np.float32)
    weights[:, body.bones.index("head")] = 1
    return Surface(points.astype(np.float32), faces, uv, weights, texture, 0.08)
