"""Cloth from the body's own surface: offset, let hang, smoothed, and never inside the body.

Garments are cut from the base mesh's tights, which lie over the body without its fine relief.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..body.base_mesh import groups, places
from ..body.body import Body, Surface
from .cut import Piece, cut_out

LEG = ("upperleg01", "lowerleg01", "foot")
ARM = ("upperarm01", "lowerarm01", "wrist")
SOFT = 6  # how sharply a tube leaves the limb where it becomes wider than it
SECTORS, RINGS = 24, 16  # of the trunk, for what hangs from the chest


@dataclass(frozen=True)
class Ease:
    """How a garment lies on the body.

    Attributes:
        offset: metres between body and cloth.
        slack: 0..1: how much of the hollows below chest and hips it spans.
        leg: radius at the trouser hem, of the thigh's; 0 follows the leg.
        sleeve: radius at the sleeve's hem, of the upper arm's; 0 follows the arm.
        folds: metres, height of the folds.
        rounds: of smoothing.
    """

    offset: float = 0.006
    slack: float = 0.0
    leg: float = 0.0
    sleeve: float = 0.0
    folds: float = 0.0
    rounds: int = 2


def tights(inside: np.ndarray, legs: bool = False) -> Piece:
    """A piece of the tights where a field (N,) over the base mesh is not negative."""
    return cut_out(groups()["helper-tights"][0], inside, places(), legs)


def normals_of(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(V, 3) unit normals, weighted by area."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    total = np.zeros_like(vertices)
    for k in range(3):
        for axis in range(3):
            total[:, axis] += np.bincount(faces[:, k], face[:, axis], len(vertices))
    return total / (np.linalg.norm(total, axis=1, keepdims=True) + 1e-12)


def polyline(body: Body, bones: tuple[str, ...], side: str) -> np.ndarray:
    """(3, 3) the heads of a limb's bones."""
    return np.stack([body.heads[body.bones.index(f"{b}.{side}")] for b in bones])


def nearest_on(line: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest point of a limb's axis, and how far along the limb it is (0..2; 1: the bend)."""
    best = np.full(len(points), np.inf)
    at, along = np.zeros_like(points), np.zeros(len(points))
    for k, (a, b) in enumerate(pairwise(line)):
        low, high = (-1.0, 1.0) if k == 0 else (0.0, 1.5)
        t = ((points - a) @ (b - a) / ((b - a) @ (b - a))).clip(low, high)
        foot = a + t[:, None] * (b - a)
        distance = np.linalg.norm(points - foot, axis=1)
        nearer = distance < best
        best[nearer], at[nearer], along[nearer] = distance[nearer], foot[nearer], k + t[nearer]
    return at, along


def tube(points: np.ndarray, line: np.ndarray, start: float, ratio: float) -> np.ndarray:
    """Move points outwards from a limb so that it becomes at least a tube.

    Args:
        points: (P, 3) of one limb.
        line: (3, 3) its axis.
        start: how far along the limb the tube begins.
        ratio: its radius at the hem, of that at the start.
    """
    axis, along = nearest_on(line, points)
    out = points - axis
    radius = np.linalg.norm(out, axis=1)
    ring = np.abs(along - start) < 0.15
    if not ring.any():
        return points
    width = float(np.median(radius[ring]))
    down = ((along - start) / max(along.max() - start, 0.05)).clip(0, 1)
    wanted = width * (1 + (ratio - 1) * down) * np.clip(6 * down, 0, 1)
    gain = (1 + (wanted / np.maximum(radius, 1e-4)) ** SOFT) ** (1 / SOFT)
    return axis + out * gain[:, None]


def hung(points: np.ndarray, trunk: np.ndarray, slack: float) -> np.ndarray:
    """Let cloth fall from the widest place above: fill the hollows of the trunk by a share.

    Args:
        points: (V, 3).
        trunk: (V,) bool: which of them may move.
        slack: that share.
    """
    p = points[trunk]
    if not len(p):
        return points
    centre = np.array([0.0, float(np.median(p[:, 1]))])
    flat = p[:, :2] - centre
    radius = np.linalg.norm(flat, axis=1)
    sector = ((np.arctan2(flat[:, 0], -flat[:, 1]) / (2 * np.pi)) % 1 * SECTORS).astype(int)
    top = p[:, 2].max()
    ring = ((top - p[:, 2]) / (top - p[:, 2].min() + 1e-6) * (RINGS - 1)).astype(int)
    widest = np.zeros((RINGS, SECTORS))
    np.maximum.at(widest, (ring, sector % SECTORS), radius)
    wrapped = np.concatenate([widest[:, -1:], widest, widest[:, :1]], 1)
    widest = (wrapped[:, :-2] + 2 * widest + wrapped[:, 2:]) / 4
    falling = np.maximum.accumulate(widest, 0)
    gain = 1 + slack * np.maximum(falling[ring, sector % SECTORS] / np.maximum(radius, 0.03) - 1, 0)
    out = points.copy()
    out[trunk, :2] = centre + flat * gain[:, None].clip(1, 2)
    return out


def rippled(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(V,) smooth noise of about ±1 over space, with waves of 6 to 25 cm."""
    directions = rng.normal(size=(7, 3)) * [1.0, 1.0, 0.7]
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    waves = directions * (2 * np.pi / rng.uniform(0.06, 0.25, (7, 1)))
    return np.sin(points @ waves.T + rng.uniform(0, 2 * np.pi, 7)).sum(1) / 2.6


def draped(body: Body, piece: Piece, ease: Ease, rng: np.random.Generator) -> np.ndarray:
    """(V, 3) the piece on the body in the rest pose."""
    skin = piece.blend @ body.vertices
    normals = normals_of(skin, piece.faces)
    where = places()
    on_arm = piece.blend @ where.arm_share > 0.5
    low = piece.blend @ where.points[:, 2]
    cloth = skin + ease.offset * normals
    if ease.slack:
        cloth = hung(cloth, ~on_arm & (low > -0.1) & (low < 0.62), ease.slack)
    for side, sign in (("L", 1), ("R", -1)):
        mine = sign * skin[:, 0] > 0
        if ease.leg:
            leg = mine & ~on_arm & (low < 0.05)
            cloth[leg] = tube(cloth[leg], polyline(body, LEG, side), 0.45, ease.leg)
            cloth[leg, 0] = sign * np.maximum(sign * cloth[leg, 0], 0.003)
        if ease.sleeve:
            arm = mine & on_arm
            cloth[arm] = tube(cloth[arm], polyline(body, ARM, side), 0.25, ease.sleeve)
    if ease.folds:
        cloth += ease.folds * rippled(piece.blend @ where.points, rng)[:, None] * normals
    for _ in range(ease.rounds):
        cloth = 0.4 * cloth + 0.6 * (piece.smoothing @ cloth)
        lift = ((cloth - skin) * normals).sum(1)
        cloth += np.maximum(ease.offset - lift, 0)[:, None] * normals
    return cloth


def worn(
    body: Body,
    piece: Piece,
    ease: Ease,
    texture: np.ndarray,
    rng: np.random.Generator,
    gloss: float = 0.0,
) -> Surface:
    """A piece of the tights as a garment; its labels are those of the skin it is cut from."""
    skin = np.asarray(piece.blend @ body.vertices, np.float32)
    cloth = draped(body, piece, ease, rng).astype(np.float32)
    return Surface(cloth, piece.faces, piece.uv, piece.weights, texture, gloss, anchors=skin)
