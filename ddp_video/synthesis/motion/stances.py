"""Moments of a person who holds one of the postures of `postures`, made of nothing but code."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from ..body.body import Body
from ..body.hands import random_hand
from ..body.limbs import ARM, SIDES, complete, limb, rest_hand
from ..body.rotations import frame, turn, unit
from .motion import Motion
from .postures import ARMS, FREE, LIFTED, TOUCHES, Posture

LOOK_BACK = 0.12  # of the people
OVER_SHOULDER = (45.0, 80.0)  # degrees of a head that looks back, from the chest
PALM = 0.55  # of the hand's length: where a touch is
SPOT = (0.012, 0.012, 0.012)  # metres, standard deviation of a touch that is not in the air
LOOSE = 0.09  # standard deviation of the arms' directions


def stance(
    body: Body, rng: np.random.Generator, table: Mapping[str, Posture]
) -> tuple[Motion, float]:
    """A posture of a table of `postures`, at one moment.

    Returns:
        The motion, its root not yet on the ground; metres that it is in the air.
    """
    shares = np.array([posture.often for posture in table.values()])
    name = str(rng.choice(list(table), p=shares / shares.sum()))
    turns = held(body, table[name], rng)
    lifted = float(rng.uniform(0, LIFTED[name])) if name in LIFTED else 0.0
    return (turns, np.zeros((1, 3))), lifted


def held(body: Body, posture: Posture, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The bones' rotations (1, 3, 3) in one way of holding a posture."""
    upright = posture.whole[1] == (0, 0)
    lean, bend = rng.uniform(*posture.lean), rng.uniform(*posture.bend)
    pelvis = turn("z", rng.normal(0, 5)) @ turn("y", rng.normal(0, 3)) @ turn("x", lean)
    aside, look = twist(rng)
    chest = pelvis @ turn("z", aside) @ turn("y", rng.normal(0, 5)) @ turn("x", bend)
    up = 0.4 * (lean + bend) if upright and lean + bend < 70 else 0.1 * bend
    turns = {
        "root": pelvis[None],
        "spine01": chest[None],
        "head": glance(chest, look, up, rng)[None],
    }
    other = "LR"[int(rng.integers(2))]
    for side, sign in SIDES:
        second = side == other and posture.hip2 is not None
        set_leg(turns, posture, (side, sign), second, rng)
    both = rng.random() < 0.6
    ways = [str(way) for way in rng.choice(posture.arms, 2)]
    chosen = dict(zip("LR", (ways[0], ways[0] if both else ways[1]), strict=True))
    for side, sign in SIDES:
        set_arm(body, turns, (side, sign), chosen[side], rng)
    if any(way in TOUCHES for way in chosen.values()):
        posed = body.transforms(complete(body, turns), np.zeros((1, 3)))[0]
        for which in SIDES:
            if chosen[which[0]] in TOUCHES:
                touch(body, turns, which, chosen[which[0]], posed, rng)
    turns = complete(body, turns)
    for side, _ in SIDES:
        random_hand(body, turns, side, rng)
    axis, (low, high) = posture.whole
    sign = float(rng.choice([-1, 1])) if axis == "y" else 1.0
    tilt = turn(axis, sign * rng.uniform(low, high))
    turns = {bone: tilt @ r for bone, r in turns.items()}
    return propped(body, turns) if posture.propped else turns


def propped(body: Body, turns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The body turned about its left so that the hands reach the ground as the legs do."""
    posed = body.transforms(turns, np.zeros((1, 3)))[0]

    def lowest(bones: tuple[str, ...]) -> np.ndarray:
        numbers = [body.bones.index(f"{bone}.{side}") for bone in bones for side, _ in SIDES]
        points = np.einsum("bij,bj->bi", posed[numbers, :, :3], body.heads[numbers])
        points += posed[numbers, :, 3]
        return points[points[:, 2].argmin()]

    way = lowest(("wrist", "finger3-2")) - lowest(("lowerleg01", "foot", "toe1-2"))
    tilt = turn("x", float(np.degrees(np.arctan2(way[2], -way[1]))))
    return {bone: tilt @ r for bone, r in turns.items()}


def twist(rng: np.random.Generator) -> tuple[float, float]:
    """Degrees about z of the chest from the pelvis, and of the head from the chest.

    Now and then somebody looks back over a shoulder, with chest and head.
    """
    if rng.random() < LOOK_BACK:
        side = float(rng.choice([-1, 1]))
        return side * rng.uniform(10, 40), side * rng.uniform(*OVER_SHOULDER)
    ahead = rng.random() < 0.7
    return rng.normal(0, 12), rng.normal(0, 20) if ahead else rng.uniform(-85, 85)


def glance(chest: np.ndarray, aside: float, up: float, rng: np.random.Generator) -> np.ndarray:
    """(3, 3) of a head that looks `aside` by so many degrees, and up or down by chance."""
    down = rng.normal(3, 11) - up
    return chest @ turn("z", aside) @ turn("x", down) @ turn("y", rng.normal(0, 5))


def set_leg(
    turns: dict[str, np.ndarray],
    posture: Posture,
    which: tuple[str, int],
    second: bool,
    rng: np.random.Generator,
) -> None:
    """Add a leg to a coarse motion of one moment, in place."""
    side, sign = which
    hip = rng.uniform(*(posture.hip2 if second and posture.hip2 else posture.hip))
    knee = rng.uniform(*(posture.knee2 if second and posture.knee2 else posture.knee))
    spread, out = rng.uniform(*posture.spread), rng.uniform(*posture.turned)
    bent = min(hip, 90) / 90 if hip > 0 else 0.0  # of a raised thigh, outwards is about z
    aside = turn("z", sign * bent * spread) @ turn("y", -sign * (1 - bent) * spread)
    thigh = turn("z", rng.normal(0, 2)) @ aside @ turn("x", -hip) @ turn("z", sign * out)
    shin = thigh @ turn("x", knee)
    flat = turn("z", sign * (8 + out * (1 - bent) + bent * spread))
    foot = flat if posture.flat else shin @ turn("x", rng.uniform(*posture.pointed))
    for bone, r in (("upperleg01", thigh), ("lowerleg01", shin), ("foot", foot)):
        turns[f"{bone}.{side}"] = r[None]


def set_arm(
    body: Body,
    turns: dict[str, np.ndarray],
    which: tuple[str, int],
    way: str,
    rng: np.random.Generator,
) -> None:
    """Add an arm in a way of `ARMS` (or hanging), loosened at random, in place."""
    side, sign = which
    chest = turns["spine01"]
    aims = [
        chest[0] @ ((np.array(aim) + rng.normal(0, LOOSE, 3)) * (sign, 1, 1))
        for aim in ARMS.get(way, ARMS["hanging"])
    ]
    arm, elbow = limb(body, ARM, side, aims[0][None], aims[1][None], chest)
    turns[f"upperarm01.{side}"], turns[f"lowerarm01.{side}"] = arm, elbow
    twist = turn(rest_hand(body, side)[:, 0], float(rng.normal(0, 30)))
    turns[f"wrist.{side}"] = elbow @ twist @ turn(rest_hand(body, side)[:, 1], rng.normal(0, 12))


def touch(
    body: Body,
    turns: dict[str, np.ndarray],
    which: tuple[str, int],
    where: str,
    posed: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """Bring a hand to a place of `TOUCHES`, or about it, in place; the elbow goes out and down.

    Args:
        body: whose hand.
        turns: the coarse motion.
        which: side, and its sign.
        where: the place.
        posed: (B, 3, 4) the bones as they are before.
        rng: nobody touches the same place twice.
    """
    side, sign = which
    bone, joint, offset, palm = TOUCHES[where]
    about, turned = FREE.get(where, (SPOT, 0.0))
    bone = bone if bone in body.bones else f"{bone}.{side}"
    carrier = posed[body.bones.index(bone)]
    spot = landmark(body, joint, side) + np.array(offset) * (sign, 1, 1) * body.height / 1.7
    target = carrier[:, :3] @ (spot + rng.normal(0, about)) + carrier[:, 3]
    looks = np.array(palm)
    if turned:
        looks = unit(looks + rng.normal(0, turned, 3))
    inwards = carrier[:, :3] @ (looks * (sign, 1, 1))
    socket = posed[body.bones.index(f"upperarm01.{side}")]
    start = socket[:, :3] @ body.head(f"upperarm01.{side}") + socket[:, 3]
    chest = turns["spine01"][0]
    out = chest @ (np.array([0.75 * sign, 0.1, -0.65]) + rng.normal(0, 0.15, 3))
    upper, fore = reach(body, side, target - start, out)
    arm, elbow = limb(body, ARM, side, upper[None], fore[None], chest[None])
    turns[f"upperarm01.{side}"], turns[f"lowerarm01.{side}"] = arm, elbow
    normal = inwards * sign  # a left palm looks along its frame's third axis, a right one against
    hand = frame(fore, np.cross(normal, fore))
    turns[f"wrist.{side}"] = (hand @ rest_hand(body, side).T)[None]


def landmark(body: Body, joint: str, side: str) -> np.ndarray:
    """(3,) a joint of `Body.joints` in the rest pose, by its name without its side."""
    word = {"L": "left", "R": "right"}
    own = word[side] if not joint.startswith("other ") else word["LR"[side == "L"]]
    plain = joint.removeprefix("other ")
    name = plain if plain in body.joint_names else f"{own}_{plain}"
    return body.rest_joints[body.joint_names.index(name)].sum(0)[:3]


def reach(body: Body, side: str, way: np.ndarray, out: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Directions of upper arm and forearm that bring the palm to a point.

    Args:
        body: whose arm.
        side: "L" or "R".
        way: (3,) from the shoulder to the point; if it is too far, the arm points there.
        out: (3,) where the elbow rather goes.
    """
    names = [f"{bone}.{side}" for bone in (*ARM, "finger3-1")]
    upper, fore, hand = (
        float(np.linalg.norm(body.head(b) - body.head(a))) for a, b in pairwise(names)
    )
    fore += PALM * hand
    far = float(np.linalg.norm(way))
    distance = float(np.clip(far, abs(upper - fore) + 0.02, upper + fore - 0.01))
    aim = way / max(far, 1e-6)
    along = (upper**2 - fore**2 + distance**2) / (2 * distance)
    aside = unit(out - (out @ aim) * aim)
    elbow = along * aim + max(upper**2 - along**2, 0.0) ** 0.5 * aside
    return unit(elbow), unit(distance * aim - elbow)
