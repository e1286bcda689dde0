"""Single moments of a person: standing in many ways, walking, or out of a motion capture take.

All are motions of one moment (`motion.Motion` with T = 1) whose person faces −y.
"""

from functools import cache
from pathlib import Path

import numpy as np

from ..errors import DataError
from .body import Body
from .capture import Skeleton, read_amc, read_asf, retarget
from .motion import (
    STRIDE_SECONDS,
    Motion,
    between,
    bone_direction,
    curled,
    moved,
    orthonormal,
    turn,
    walk,
)

# Directions of the upper and the lower arm: x away from the body, y backwards, z up.
ARMS = {
    "hanging": ((0.16, 0.03, -1.0), (0.06, -0.2, -1.0)),
    "on the hip": ((0.75, 0.32, -0.7), (-0.72, -0.3, -0.6)),
    "behind the back": ((0.3, 0.42, -0.85), (-0.6, 0.45, -0.6)),
    "folded": ((0.25, -0.25, -0.93), (-0.8, -0.62, 0.1)),
    "holding": ((0.14, 0.0, -1.0), (-0.15, -0.85, 0.5)),
    "out": ((0.9, -0.05, -0.2), (0.9, -0.2, 0.1)),
    "up": ((0.45, -0.1, 0.85), (0.05, -0.2, 1.0)),
}
SHARES = (0.44, 0.18, 0.08, 0.08, 0.1, 0.06, 0.06)


def stance(body: Body, takes: list[Path], rng: np.random.Generator) -> Motion:
    """One moment: standing (.5), walking (.25), or of one of the takes (.25)."""
    kind = rng.random()
    if kind < 0.5 or not takes:
        motion = stand(body, rng)
    elif kind < 0.75:
        waving = str(rng.choice(["", "", "", "", "L", "R"]))
        motion = walk(body, rng.random(1) * STRIDE_SECONDS, 0.0, waving, float(rng.random()))
        glance(motion[0], rng)
    else:
        motion = taken(body, takes[int(rng.integers(len(takes)))], rng)
    forwards = motion[0]["root"][0] @ np.array([0.0, -1.0, 0.0])
    return moved(motion, -float(np.degrees(np.arctan2(forwards[0], -forwards[1]))), (0.0, 0.0))


def glance(turns: dict[str, np.ndarray], rng: np.random.Generator) -> None:
    """Turn the head somewhere, in place; now and then far to the side, as people look back."""
    aside = rng.normal(0, 22) if rng.random() < 0.6 else rng.uniform(-80, 80)
    down = rng.normal(4, 11)
    chest = turns["spine01"]
    turns["neck02"] = chest @ turn("z", 0.4 * aside) @ turn("x", 0.4 * down)
    turns["head"] = chest @ turn("z", aside) @ turn("x", down)


def stand(body: Body, rng: np.random.Generator) -> Motion:
    """Standing, or now and then crouching, with the arms in one of the ways of `ARMS`."""
    pelvis = turn("z", rng.normal(0, 4)) @ turn("y", rng.normal(0, 3)) @ turn("x", rng.normal(0, 3))
    crouch = float(rng.uniform(30, 95)) if rng.random() < 0.12 else 0.0
    bend = 0.35 * crouch + rng.normal(2, 6)
    chest = turn("z", rng.normal(0, 10)) @ turn("y", rng.normal(0, 4)) @ turn("x", bend)
    turns = {"root": pelvis, "spine03": orthonormal((pelvis + chest) / 2), "spine01": chest}
    turns = {bone: r[None] for bone, r in turns.items()}
    glance(turns, rng)
    way = str(rng.choice(list(ARMS), p=SHARES))
    for sign, side in ((1, "L"), (-1, "R")):
        spread, flexion = abs(rng.normal(3, 4)), crouch + rng.normal(3, 5)
        thigh = pelvis @ turn("y", -sign * (spread + 0.15 * crouch)) @ turn("x", -flexion)
        shin = thigh @ turn("x", max(1.15 * flexion + rng.normal(2, 5), 0.0))
        foot = turn("z", sign * rng.normal(12, 9))
        for bone, r in (("upperleg01", thigh), ("lowerleg01", shin), ("foot", foot)):
            turns[f"{bone}.{side}"] = r[None]
        if rng.random() < 0.3:
            way = str(rng.choice(list(ARMS), p=SHARES))
        add_arm(body, turns, side, way, rng)
    return turns, np.zeros((1, 3))


def add_arm(
    body: Body, turns: dict[str, np.ndarray], side: str, way: str, rng: np.random.Generator
) -> None:
    """Add one arm in a way of `ARMS`, loosened at random, to a motion of one moment."""
    sign = 1 if side == "L" else -1
    chest = turns["spine01"][0]
    upper, fore = ((np.array(aim) + rng.normal(0, 0.09, 3)) * (sign, 1, 1) for aim in ARMS[way])
    first = between(bone_direction(body, f"upperarm01.{side}", f"lowerarm01.{side}"), upper)
    own = first @ bone_direction(body, f"lowerarm01.{side}", f"wrist.{side}")
    second = between(own, fore) @ first
    twist = float(rng.normal(0, 25))
    turns[f"upperarm01.{side}"] = (chest @ first)[None]
    turns[f"lowerarm01.{side}"] = (chest @ second)[None]
    for bone, share in (("lowerarm02", 0.5), ("wrist", 1.0)):
        turns[f"{bone}.{side}"] = (chest @ turn(fore, share * twist) @ second)[None]
    curled(body, turns, side, float(rng.uniform(0, 40)))


@cache
def read_take(path: Path) -> tuple[Skeleton, dict[str, np.ndarray], np.ndarray]:
    """A CMU take and the skeleton beside it (`charleston1.amc.gz`: `charleston.asf`)."""
    stem = path.name.split(".")[0]
    names = [stem, stem.rstrip("0123456789"), stem.split("_")[0]]
    found = [f for f in (path.with_name(f"{name}.asf") for name in names) if f.is_file()]
    if not found:
        raise DataError(f"{path} has no skeleton beside it; put {names[0]}.asf into the folder")
    skeleton = read_asf(found[0])
    return skeleton, *read_amc(path, skeleton)


def taken(body: Body, take: Path, rng: np.random.Generator) -> Motion:
    """A random moment of a take."""
    skeleton, world, path = read_take(take)
    one = slice(moment := int(rng.integers(len(path))), moment + 1)
    return retarget(body, skeleton, {bone: r[one] for bone, r in world.items()}, path[one])
