"""Things before people and in their hands, made of textured parallelograms.

They hide people exactly: they are ray cast like everything else and belong to nobody.
"""

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np

from ..body.body import Body, Surface
from ..body.rotations import turn
from .decor import carpet, slabs
from .room import PANEL_FACES, PANEL_UV, Panel, box, cloud, muted, opaque, paint, wood

Built = list[Panel]

LEAVES = 420  # on a card
FOLIAGE = 48  # different cards
MATERIALS = 120  # different ones


def turned(panels: Built, degrees: float, place: np.ndarray) -> Built:
    """Panels turned about z and brought to a place (3,)."""
    about = turn("z", degrees)
    return [
        Panel(about @ p.corner + place, about @ p.right, about @ p.up, p.texture, p.gloss)
        for p in panels
    ]


def material(rng: np.random.Generator) -> np.ndarray:
    """Wood, paint, cloth or tiles: (h, w, 4) uint8."""
    return stuff(int(rng.integers(MATERIALS)))


@lru_cache(maxsize=MATERIALS)
def stuff(number: int) -> np.ndarray:
    """One of the materials; drawn once, as that takes longer than a thing should."""
    rng = np.random.default_rng(number)
    kind = rng.random()
    if kind < 0.4:
        return wood(rng, [c * rng.uniform(0.5, 1.1) for c in (172, 128, 84)])
    if kind < 0.75:
        return paint(rng, muted(rng), (64, 64))
    pattern = carpet(rng) if kind < 0.9 else slabs(rng)
    return opaque(pattern[:128, :128].astype(float))


def crate(rng: np.random.Generator) -> Built:
    """A box, a chest of drawers, a counter."""
    w, d, h = rng.uniform(0.3, 1.6), rng.uniform(0.3, 0.7), rng.uniform(0.3, 1.2)
    return box((-w / 2, -d / 2, 0), (w / 2, d / 2, h), material(rng))


def table(rng: np.random.Generator) -> Built:
    """A table or desk."""
    w, d, h = rng.uniform(0.8, 2.0), rng.uniform(0.5, 0.9), rng.uniform(0.68, 1.05)
    stuff = material(rng)
    out = box((-w / 2, -d / 2, h - 0.04), (w / 2, d / 2, h), stuff)
    for x in (-w / 2, w / 2 - 0.06):
        for y in (-d / 2, d / 2 - 0.06):
            out += box((x, y, 0), (x + 0.06, y + 0.06, h - 0.04), stuff)
    return out


def chair(rng: np.random.Generator) -> Built:
    """A chair or, wider, a bench."""
    w, stuff = rng.choice([rng.uniform(0.4, 0.5), rng.uniform(1.2, 1.8)]), material(rng)
    out = box((-w / 2, -0.22, 0.41), (w / 2, 0.22, 0.46), stuff)
    out += box((-w / 2, 0.18, 0.6), (w / 2, 0.22, 0.92), stuff)
    for x in (-w / 2, w / 2 - 0.04):
        out += box((x, -0.22, 0), (x + 0.04, -0.18, 0.41), stuff)
        out += box((x, 0.18, 0), (x + 0.04, 0.22, 0.92), stuff)
    return out


def post(rng: np.random.Generator) -> Built:
    """A lamp post, a column, a sign on a pole."""
    r = rng.choice([rng.uniform(0.02, 0.05), rng.uniform(0.1, 0.22)])
    out = upright(r, rng.uniform(2.2, 4.0), paint(rng, muted(rng), (64, 64)))
    if rng.random() < 0.4:
        side, z = rng.uniform(0.3, 0.7), rng.uniform(1.3, 2.2)
        out += box((-side / 2, -r - 0.03, z), (side / 2, -r, z + side), material(rng))
    return out


def fence(rng: np.random.Generator) -> Built:
    """A railing or a picket fence."""
    h, w = rng.uniform(0.7, 1.2), rng.uniform(1.5, 4.0)
    stuff = material(rng)
    out = box((-w / 2, -0.02, h - 0.06), (w / 2, 0.02, h), stuff)
    out += box((-w / 2, -0.02, 0.15), (w / 2, 0.02, 0.2), stuff)
    wide, step = rng.uniform(0.02, 0.09), rng.uniform(0.12, 0.3)
    for x in np.arange(-w / 2, w / 2, step):
        out += [Panel(np.array([x, -0.03, 0]), np.array([wide, 0, 0]), np.array([0, 0, h]), stuff)]
    return out


def upright(radius: float, height: float, texture: np.ndarray, sides: int = 8) -> Built:
    """A prism that stands on the ground at the origin, with a lid."""
    angle = np.arange(sides + 1) * 2 * np.pi / sides
    ring = radius * np.stack([np.cos(angle), np.sin(angle), np.zeros(sides + 1)], 1)
    up = np.array([0, 0, height])
    out = [Panel(ring[k], ring[k + 1] - ring[k], up, texture) for k in range(sides)]
    lid = radius * 1.4
    corner = np.array([-lid / 2, -lid / 2, height])
    return [*out, Panel(corner, np.array([lid, 0, 0]), np.array([0, lid, 0]), texture)]


@lru_cache(maxsize=FOLIAGE)
def leaves(number: int, size: int = 256) -> np.ndarray:
    """Foliage with gaps: (size, size, 4) uint8, fuller below; drawn once, as that takes long."""
    rng = np.random.default_rng(number)
    dense = rng.uniform(0.5, 1.1)
    hue = np.array([rng.uniform(50, 110), rng.uniform(90, 140), rng.uniform(30, 70)])
    picture = np.zeros((size, size, 4), np.uint8)
    picture[..., :3] = 0.6 * hue  # between the leaves, where alpha is 0: edges blend with it
    for k in range(int(dense * LEAVES)):
        x, y = rng.uniform(0, size), size * (1 - rng.beta(1.2, 1.6))
        tone = hue * rng.uniform(0.45, 1.3) * (0.6 + 0.4 * k / (dense * LEAVES))
        long, wide = rng.uniform(7, 18), rng.uniform(3, 7)
        cv2.ellipse(picture, (int(x), int(y)), (int(long), int(wide)), rng.uniform(0, 180), 0, 360,
                    (*tone.clip(0, 255).tolist(), 255), -1)  # fmt: skip
    shade = 1 + 0.2 * cloud(rng, (size, size), (8, 8))
    picture[..., :3] = (picture[..., :3] * shade[..., None]).clip(0, 255)
    return picture


def bush(rng: np.random.Generator) -> Built:
    """Two or three crossed cards of leaves."""
    w, h = rng.uniform(0.8, 2.2), rng.uniform(0.6, 1.7)
    out: Built = []
    for k in range(int(rng.integers(2, 4))):
        card = [Panel(np.array([-w / 2, 0, 0]), np.array([w, 0, 0]), np.array([0, 0, h]),
                      leaves(int(rng.integers(FOLIAGE))))]  # fmt: skip
        out += turned(card, rng.uniform(-35, 35), np.array([rng.normal(0, 0.1), 0.15 * k, 0]))
    return out


OCCLUDERS: tuple[Callable[[np.random.Generator], Built], ...] = (
    crate, table, chair, post, fence, bush, bush,
)  # fmt: skip


def bottle(rng: np.random.Generator) -> Built:
    """A bottle, a can, a cup; held about its middle."""
    r, h = rng.uniform(0.025, 0.045), rng.uniform(0.1, 0.28)
    return turned(upright(r, h, paint(rng, muted(rng), (64, 64)), 7), 0, np.array([0, 0, -h / 2]))


def flat_thing(rng: np.random.Generator) -> Built:
    """A phone, a book, a folder."""
    w, d, h = rng.choice([0.075, 0.15, 0.22]), rng.uniform(0.008, 0.03), rng.uniform(0.14, 0.3)
    return box((-w / 2, -d / 2, -h / 3), (w / 2, d / 2, 2 * h / 3), material(rng))


def bag(rng: np.random.Generator) -> Built:
    """A bag that hangs from the hand by two straps."""
    w, d, h = rng.uniform(0.22, 0.45), rng.uniform(0.06, 0.16), rng.uniform(0.22, 0.4)
    strap, stuff = rng.uniform(0.1, 0.25), paint(rng, muted(rng), (64, 64))
    out = box((-w / 2, -d / 2, -strap - h), (w / 2, d / 2, -strap), stuff)
    for x in (-1, 1):
        start = np.array([x * w * 0.3, -d / 2, -strap])
        out.append(Panel(start, np.array([0.02, 0, 0]), -start, stuff))
    return out


def rod(rng: np.random.Generator) -> Built:
    """A stick, a bat, an umbrella that is closed."""
    r, h = rng.uniform(0.01, 0.03), rng.uniform(0.6, 1.2)
    return turned(upright(r, h, material(rng), 6), 0, np.array([0, 0, -rng.uniform(0.1, 0.9) * h]))


HELD: tuple[tuple[Callable[[np.random.Generator], Built], bool], ...] = (
    (bottle, False), (flat_thing, False), (bag, True), (rod, False),
)  # fmt: skip


def held(body: Body, transforms: np.ndarray, side: str, rng: np.random.Generator) -> list[Surface]:
    """Something in somebody's hand, bound to it; what hangs does so in the given pose.

    Args:
        body: whose hand.
        transforms: (B, 3, 4) of the bones.
        side: "L" or "R".
        rng: decides what.
    """
    make, hangs = HELD[rng.integers(len(HELD))]
    wrist = body.bones.index(f"wrist.{side}")
    root, palm = (
        transforms[wrist, :, :3] @ body.head(f"{bone}.{side}") + transforms[wrist, :, 3]
        for bone in ("wrist", "finger3-1")
    )
    if hangs:
        frame = turn("z", rng.uniform(0, 360))
    else:  # a fist's axis is at right angles to the hand
        up = np.cross(palm - root, rng.normal(0, 1, 3))
        along = np.cross(up, palm - root)
        frame = np.stack([along, np.cross(up, along), up], 1)
        frame /= np.linalg.norm(frame, axis=0)
    place = root + 0.9 * (palm - root)
    return [bound(panel, frame, place, transforms[wrist], wrist, body) for panel in make(rng)]


def bound(
    panel: Panel, frame: np.ndarray, place: np.ndarray, bone: np.ndarray, number: int, body: Body
) -> Surface:
    """A panel in a frame (3, 3) at a place in the world, as a surface that a bone carries."""
    world = panel.corners @ frame.T + place
    rest = (world - bone[:, 3]) @ bone[:, :3]  # the inverse of the bone's transform
    weights = np.zeros((4, len(body.bones)), np.float32)
    weights[:, number] = 1
    corners = rest.astype(np.float32)
    return Surface(corners, PANEL_FACES, PANEL_UV, weights, panel.texture, panel.gloss)
