"""Limbs that run through the body: found by capsules about the bones, and swung out of it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from .body import Body, anny_model, skin_weights
from .limbs import SIDES, Turns
from .rotations import turn, unit

SOFT = 0.4  # share of the thinner radius that may overlap: flesh and clothes give way
SWINGS = (9.0, 18.0, 28.0, 40.0)  # degrees that an arm is swung by
SLAB = 0.03  # half the height of a slice of the trunk, in body heights
MOMENTS = 16  # of a long motion that are looked at
LEVELS = {
    "pelvis": ("root", "upperleg01.L"),
    "belly": ("spine03", "spine03"),
    "chest": ("spine01", "spine01"),
}
ARM_RODS = ("upperarm", "forearm", "hand")
TRUNK = ("root", "spine", "pelvis", "clavicle", "breast")
RODS = {  # capsule → bone, from this share of its length, to the next bone's head
    "upperarm": ("upperarm01", "upperarm02", 0.45, "lowerarm01"),
    "forearm": ("lowerarm01", "lowerarm02", 0.0, "wrist"),
    "hand": ("wrist", "wrist", 0.0, "finger3-2"),
    "thigh": ("upperleg01", "upperleg02", 0.4, "lowerleg01"),
    "shin": ("lowerleg01", "lowerleg02", 0.0, "foot"),
}


@cache
def strongest_bone() -> np.ndarray:
    """(N,) the bone that moves each vertex of the base mesh most; −1 off the skin."""
    strongest = skin_weights().argmax(1)
    skin = np.unique(anny_model().faces.numpy())
    return np.where(np.isin(np.arange(len(strongest)), skin), strongest, -1)


@dataclass(frozen=True)
class Capsule:
    """A rod with round ends, in the rest pose.

    Attributes:
        name: of the body part, with its side.
        bone: that carries it.
        ends: (2, 3) of its axis.
        radius: metres.
    """

    name: str
    bone: str
    ends: np.ndarray
    radius: float


class Capsules:
    """Rods about the bones of one body, as thick as its limbs.

    Args:
        body: whose.
    """

    def __init__(self, body: Body) -> None:
        found = [*torso(body), *rods(body)]
        self.names = [capsule.name for capsule in found]
        self.bones = [body.bones.index(capsule.bone) for capsule in found]
        self.ends = np.stack([capsule.ends for capsule in found])
        self.radii = np.array([capsule.radius for capsule in found])
        numbers = range(len(found))
        self.pairs = np.array(
            [(i, j) for i in numbers for j in range(i) if meet(self.names[i], self.names[j])]
        )

    def overlap(self, transforms: np.ndarray) -> np.ndarray:
        """(T, P) metres by which the capsules of each pair overlap beyond what is soft."""
        chosen = transforms[:, self.bones]
        placed = np.einsum("tcij,cej->tcei", chosen[..., :3], self.ends) + chosen[:, :, None, :, 3]
        i, j = self.pairs.T
        gap = segment_distance(placed[:, i, 0], placed[:, i, 1], placed[:, j, 0], placed[:, j, 1])
        hard = self.radii[i] + self.radii[j] - SOFT * np.minimum(self.radii[i], self.radii[j])
        return hard - gap

    def of_arm(self, side: str) -> np.ndarray:
        """(P,) bool: pairs with that arm in them."""
        arm = {f"{rod}.{side}" for rod in ARM_RODS}
        mine = np.array([name in arm for name in self.names])
        return mine[self.pairs[:, 0]] | mine[self.pairs[:, 1]]


def torso(body: Body) -> list[Capsule]:
    """Capsules that lie across the trunk at three levels, and the head."""
    trunk = [k for k, bone in enumerate(body.bones) if bone.startswith(TRUNK)]
    flesh = body.vertices[np.isin(strongest_bone(), trunk)]
    out = []
    for name, (bone, level) in LEVELS.items():
        z = body.head(level)[2]
        slab = flesh[np.abs(flesh[:, 2] - z) < SLAB * body.height]
        low, high = np.quantile(slab, (0.06, 0.94), axis=0)
        depth = (high[1] - low[1]) / 2
        half = max((high[0] - low[0]) / 2 - depth, 0.0)
        ends = np.array([[half, (high[1] + low[1]) / 2, z], [-half, (high[1] + low[1]) / 2, z]])
        out.append(Capsule(name, bone, ends, depth))
    skull = body.vertices[strongest_bone() == body.bones.index("head")]
    low, high = np.quantile(skull, (0.05, 0.95), axis=0)
    radius = (high[0] - low[0]) / 2
    ends = np.stack([(low + high) / 2] * 2)
    ends[:, 2] += np.array([-1, 1]) * max((high[2] - low[2]) / 2 - radius, 0.0)
    return [*out, Capsule("head", "head", ends, radius)]


def rods(body: Body) -> list[Capsule]:
    """Capsules along the limbs; their radius is the median distance of the skin."""
    out = []
    for side, _ in SIDES:
        for name, (first, second, share, end) in RODS.items():
            a, b = body.head(f"{first}.{side}"), body.head(f"{end}.{side}")
            moving = [body.bones.index(f"{bone}.{side}") for bone in (first, second)]
            flesh = body.vertices[np.isin(strongest_bone(), moving)] - a
            along = unit(b - a)
            across = flesh - (flesh @ along)[:, None] * along
            radius = float(np.median(np.linalg.norm(across, axis=1)))
            ends = np.stack([a + share * (b - a), b])
            out.append(Capsule(f"{name}.{side}", f"{second}.{side}", ends, radius))
    return out


def meet(first: str, second: str) -> bool:
    """Whether two capsules must not overlap: they are no neighbours and not of one limb."""
    (a, _, side), (b, _, other) = first.partition("."), second.partition(".")
    if not side and not other:
        return False
    if not side or not other:
        return {a, b} not in ({"thigh", "pelvis"}, {"thigh", "belly"})
    if side == other:
        return (a in ARM_RODS) != (b in ARM_RODS)
    return True


def segment_distance(p: np.ndarray, q: np.ndarray, r: np.ndarray, s: np.ndarray) -> np.ndarray:
    """Least distance of the segments pq and rs, (..., 3) each."""
    d1, d2, w = q - p, s - r, p - r
    a, e = (d1 * d1).sum(-1).clip(1e-12), (d2 * d2).sum(-1).clip(1e-12)
    b, c, f = (d1 * d2).sum(-1), (d1 * w).sum(-1), (d2 * w).sum(-1)
    t1 = ((b * f - c * e) / (a * e - b * b).clip(1e-12)).clip(0, 1)
    t2 = (b * t1 + f) / e
    t1 = np.where(t2 < 0, -c / a, np.where(t2 > 1, (b - c) / a, t1)).clip(0, 1)
    gap = w + t1[..., None] * d1 - t2.clip(0, 1)[..., None] * d2
    return np.linalg.norm(gap, axis=-1)


@lru_cache(maxsize=64)
def capsules_of(body: Body) -> Capsules:
    """A body's capsules, kept for the poses to come."""
    return Capsules(body)


def swung(body: Body, turns: Turns, side: str, swing: np.ndarray) -> Turns:
    """The motion with one whole arm turned by a rotation in the chest's frame."""
    chest = turns["spine01"]
    by = chest @ swing @ chest.swapaxes(-1, -2)
    arm = {body.bones.index(f"upperarm01.{side}")}
    for k, parent in enumerate(body.parents):
        if parent in arm:
            arm.add(k)
    names = {body.bones[k] for k in arm}
    return {bone: by @ r if bone in names else r for bone, r in turns.items()}


def relaxed(body: Body, turns: Turns) -> tuple[Turns, float]:
    """Swing arms out of the body, each by one small rotation for the whole motion.

    Returns:
        The motion, and the metres by which limbs still overlap where it is worst.
    """
    capsules = capsules_of(body)
    step = -(-len(turns["root"]) // MOMENTS)

    def overlap(candidate: Turns) -> np.ndarray:
        few = {bone: r[::step] for bone, r in candidate.items()}
        return capsules.overlap(body.transforms(few, np.zeros((len(few["root"]), 3)))).max(0)

    found = overlap(turns)
    for side, sign in SIDES:
        mine = capsules.of_arm(side)
        options = tries(body, (turns, found), (side, sign), mine, overlap)
        turns, found = min(options, key=lambda option: option[1][mine].max())
    return turns, float(found.max())


def tries(
    body: Body,
    start: tuple[Turns, np.ndarray],
    which: tuple[str, int],
    mine: np.ndarray,
    overlap: Callable[[Turns], np.ndarray],
) -> list[tuple[Turns, np.ndarray]]:
    """A motion and variants with an arm swung further and further, until one is clear.

    Args:
        body: whose arm.
        start: the motion, and by how much each pair of capsules overlaps.
        which: side, and its sign.
        mine: the pairs that the arm is one of.
        overlap: tells how much the pairs overlap.
    """
    side, sign = which
    options = [start]
    for degrees in SWINGS:
        if min(found[mine].max() for _, found in options) <= 0:
            break
        for swing in (turn("y", -sign * degrees), turn("x", -degrees), turn("x", degrees)):
            candidate = swung(body, start[0], side, swing)
            options.append((candidate, overlap(candidate)))
    return options
