"""From few rotations of a body to those of all its bones, as joints share a movement.

A coarse motion names root, spine01 (the chest), head and per side upperarm01, lowerarm01, wrist,
upperleg01, lowerleg01, foot, and perhaps clavicle. The others follow: a spine bends along its
length, a forearm twists along its length, and a raised arm lifts its shoulder.
"""

from functools import lru_cache

import numpy as np

from .body import Body
from .rotations import (
    about,
    cross,
    frame,
    from_vector,
    part_way,
    rotation_vector,
    turn,
    twist_about,
    unit,
)

Turns = dict[str, np.ndarray]

SPINE = {"spine05": 0.15, "spine04": 0.35, "spine03": 0.6, "spine02": 0.8}  # pelvis → chest
NECK = {"neck01": 0.25, "neck02": 0.5, "neck03": 0.75}  # chest → head
ARM = ("upperarm01", "lowerarm01", "wrist")
LEG = ("upperleg01", "lowerleg01", "foot")
SIDES = (("L", 1), ("R", -1))
STRAIGHT = 0.15  # how much the expected hinge counts beside the measured one (sine of the bend)

# Joint limits in degrees from the rest pose: twist about the bone above, then swing.
LIMITS = {"head": (75.0, 60.0), "wrist": (80.0, 65.0), "foot": (25.0, 62.0)}


def direction(body: Body, bone: str, end: str) -> np.ndarray:
    """From one bone's head to another's in the rest pose, metres."""
    return body.head(end) - body.head(bone)


def rest_limb(body: Body, bones: tuple[str, str, str], side: str) -> tuple[np.ndarray, ...]:
    """A limb's upper and lower direction, and the axis it bends about, in the rest pose."""
    upper, lower, end = (f"{bone}.{side}" for bone in bones)
    first, second = direction(body, upper, lower), direction(body, lower, end)
    hinge = np.array([1.0, 0, 0]) if bones is LEG else cross(first, second)
    return first, second, hinge


def limb(
    body: Body,
    bones: tuple[str, str, str],
    side: str,
    upper: np.ndarray,
    lower: np.ndarray,
    base: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Rotations that lay a limb along two directions, its hinge across both.

    Args:
        body: whose bones.
        bones: `ARM` or `LEG`.
        side: "L" or "R".
        upper: (..., 3) direction of upper arm or thigh.
        lower: (..., 3) direction of forearm or shin.
        base: (..., 3, 3) rotation of chest or pelvis; tells the hinge of a straight limb.

    Returns:
        (..., 3, 3) of the upper and of the lower bone.
    """
    first, second, axis = rest_limb(body, bones, side)
    upper, lower = unit(upper), unit(lower)
    local = np.einsum("...ji,...j->...i", base, upper)
    axle = cross(unit(first), local)
    cosine = (local @ unit(first))[..., None]
    swung = axis + cross(axle, axis) + cross(axle, cross(axle, axis)) / (1.05 + cosine)
    expected = np.einsum("...ij,...j->...i", base, unit(swung))
    hinge = cross(upper, lower) + STRAIGHT * expected
    return (
        frame(upper, hinge) @ frame(first, axis).T,
        frame(lower, hinge) @ frame(second, axis).T,
    )


@lru_cache(maxsize=64)
def rest_hand(body: Body, side: str) -> np.ndarray:
    """(3, 3) frame of a hand in the rest pose: along the fingers, towards the thumb, across."""
    along = direction(body, f"wrist.{side}", f"finger3-1.{side}")
    return frame(along, direction(body, f"finger5-1.{side}", f"finger2-1.{side}"))


def limited(
    above: np.ndarray, below: np.ndarray, axis: np.ndarray, twist: float, swing: float
) -> np.ndarray:
    """`below` brought within the limits of its joint with `above` (degrees)."""
    relative = above.swapaxes(-1, -2) @ below
    angle = twist_about(relative, axis)
    vector = rotation_vector(relative @ about(axis, -angle))
    length = np.linalg.norm(vector, axis=-1, keepdims=True)
    vector = vector * np.minimum(1, np.radians(swing) / np.maximum(length, 1e-9))
    return above @ from_vector(vector) @ about(axis, angle.clip(*np.radians((-twist, twist))))


def complete(body: Body, turns: Turns) -> Turns:
    """All bones' rotations from a coarse motion, within the limits of the joints."""
    out = dict(turns)
    pelvis, chest = out["root"], out["spine01"]
    out["head"] = limited(chest, out.get("head", chest), np.array([0.0, 0, 1]), *LIMITS["head"])
    out.update(zip(SPINE, part_way(pelvis, chest, SPINE.values()), strict=True))
    out.update(zip(NECK, part_way(chest, out["head"], NECK.values()), strict=True))
    for side, sign in SIDES:
        if f"clavicle.{side}" not in out:
            shrug(body, out, side, sign)
        spread_arm(body, out, side)
        spread_leg(body, out, side)
    return out


def shrug(body: Body, turns: Turns, side: str, sign: int) -> None:
    """Lift a shoulder with its arm and bring it forwards with it, in place."""
    chest, upper = turns["spine01"], turns[f"upperarm01.{side}"]
    aim = upper @ unit(direction(body, f"upperarm01.{side}", f"lowerarm01.{side}"))
    local = np.einsum("...ji,...j->...i", chest, aim)
    raised = np.degrees(np.arcsin(local[..., 2].clip(-1, 1)))
    lift = (0.3 * (raised + 20)).clip(0, 30)
    ahead = (-14 * local[..., 1]).clip(-6, 12)
    for bone, share in (("clavicle", 0.6), ("shoulder01", 1.0)):
        turns[f"{bone}.{side}"] = (
            chest @ turn("z", -sign * share * ahead) @ turn("y", -sign * share * lift)
        )


def untwisted(above: np.ndarray, below: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """`below` with half of its twist against `above` taken back."""
    twist = twist_about(above.swapaxes(-1, -2) @ below, axis)
    return below @ about(axis, -twist / 2)


def spread_arm(body: Body, turns: Turns, side: str) -> None:
    """Twist the upper arm and the forearm along their length, in place."""
    upper, fore, _ = rest_limb(body, ARM, side)
    shoulder = turns.get(f"shoulder01.{side}", turns[f"clavicle.{side}"])
    arm, elbow = turns[f"upperarm01.{side}"], turns[f"lowerarm01.{side}"]
    wrist = limited(elbow, turns.get(f"wrist.{side}", elbow), fore, *LIMITS["wrist"])
    turns[f"upperarm02.{side}"] = arm
    turns[f"upperarm01.{side}"] = untwisted(shoulder, arm, upper)
    twist = twist_about(elbow.swapaxes(-1, -2) @ wrist, fore)
    turns[f"lowerarm02.{side}"] = elbow @ about(fore, twist / 2)
    turns[f"wrist.{side}"] = wrist


def spread_leg(body: Body, turns: Turns, side: str) -> None:
    """Twist thigh and shin along their length, in place."""
    upper, shin, _ = rest_limb(body, LEG, side)
    thigh, knee = turns[f"upperleg01.{side}"], turns[f"lowerleg01.{side}"]
    foot = limited(knee, turns.get(f"foot.{side}", knee), shin, *LIMITS["foot"])
    turns[f"upperleg02.{side}"] = thigh
    turns[f"upperleg01.{side}"] = untwisted(turns["root"], thigh, upper)
    twist = twist_about(knee.swapaxes(-1, -2) @ foot, shin)
    turns[f"lowerleg02.{side}"] = knee @ about(shin, twist / 2)
    turns[f"foot.{side}"] = foot
