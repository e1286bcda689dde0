"""Poses of real people, from the 39 landmarks in 3-D that BlazePose reads from a photo.

`fitting.landmark_table` writes them into a file; here they become rotations of the body's bones.
"""

from itertools import pairwise
from pathlib import Path

import numpy as np

from ...errors import DataError
from ..body.body import Body
from ..body.hands import random_hand
from ..body.limbs import ARM, LEG, SIDES, Turns, complete, limb, rest_hand
from ..body.rotations import frame, turn, unit

# BlazePose's numbers; a right one is one more than the left one.
NOSE, EAR, SHOULDER, ELBOW, WRIST, LITTLE, INDEX = 0, 7, 11, 13, 15, 17, 19
HIP, KNEE, ANKLE, HEEL, TOE = 23, 25, 27, 29, 31
COUNT = 39
LIKELY = (0.66, 1.52)  # left limb over right limb, and so on: beyond these the reading is wrong
FLAT = 0.8  # how much of a foot's slope is taken back below an upright shin
NOD = 17.0  # degrees: BlazePose puts noses that much too high (median of standing people)
TO_ANNY = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])  # x right, y down, z away → ours


class LandmarkTable:
    """Landmarks of many people.

    Args:
        path: `world` (N, 39, 3): metres, x right, y down, z away from the camera.

    Raises:
        DataError: the file cannot be read or is something else.
    """

    def __init__(self, path: Path) -> None:
        try:
            with np.load(path) as stored:
                world = stored["world"]
        except (OSError, ValueError, KeyError) as error:
            raise DataError(f"{path} is no table of landmarks; write it anew") from error
        if world.ndim != 3 or world.shape[1:] != (COUNT, 3) or not len(world):
            raise DataError(f"{path} has landmarks of another shape; write it anew")
        points = world.astype(float) @ TO_ANNY.T
        self.people = [balanced(one) for one in points if plausible(one)]

    def __len__(self) -> int:
        return len(self.people)


def plausible(points: np.ndarray) -> bool:
    """Whether both sides of a person (39, 3) are about equally long, and limbs are as limbs are."""

    def length(a: int, b: int) -> float:
        return float(np.linalg.norm(points[b] - points[a]))

    arms, legs = ((SHOULDER, ELBOW, WRIST), (HIP, KNEE, ANKLE))
    ratios = [
        length(a, b) / max(length(a + 1, b + 1), 1e-6)
        for limb in (arms, legs)
        for a, b in pairwise(limb)
    ]
    trunk = np.linalg.norm(points[SHOULDER : SHOULDER + 2].mean(0) - points[HIP : HIP + 2].mean(0))
    leg = length(HIP, KNEE) + length(KNEE, ANKLE)
    ratios += [length(HIP, KNEE) / max(length(KNEE, ANKLE), 1e-6), 1.6 * trunk / max(leg, 1e-6)]
    return all(LIKELY[0] < ratio < LIKELY[1] for ratio in ratios)


def balanced(points: np.ndarray) -> np.ndarray:
    """A standing person (39, 3) turned about the picture's level axis, over the feet.

    Depth is what BlazePose knows least, and cameras look down: people seem to lean.
    """
    way = points[[SHOULDER, SHOULDER + 1, HIP, HIP + 1]].mean(0) - points[ANKLE : ANKLE + 2].mean(0)
    if way[2] < 0.75 * np.linalg.norm(way):
        return points
    return points @ turn("x", float(np.degrees(np.arctan2(way[1], way[2])))).T


def mirrored(points: np.ndarray) -> np.ndarray:
    """The same person (39, 3), in our axes, seen in a mirror."""
    order = np.arange(COUNT)
    for pair in range(SHOULDER - 4, 33, 2):  # ears, mouth, and all limbs
        order[[pair, pair + 1]] = pair + 1, pair
    order[1:7] = [4, 5, 6, 1, 2, 3]
    return points[order] * (-1, 1, 1)


def posed(body: Body, points: np.ndarray, rng: np.random.Generator) -> Turns:
    """The bones' rotations (1, 3, 3) that lay a body along landmarks.

    Args:
        body: whose bones.
        points: (39, 3) in our axes.
        rng: for the fingers.
    """

    def mean(a: int) -> np.ndarray:
        return (points[a] + points[a + 1]) / 2

    up = mean(SHOULDER) - mean(HIP)
    level = {a: points[a] - points[a + 1] for a in (HIP, SHOULDER, EAR)}
    face = mean(EAR) - points[NOSE]
    turns = {
        "root": upright(level[HIP], up),
        "spine01": upright(level[SHOULDER], up),
        "head": frame(face, level[EAR]) @ rest_head(body).T @ turn("x", NOD),
    }
    for side, _ in SIDES:
        own = 0 if side == "L" else 1
        add_limbs(body, turns, side, points[own:])
    turns = {bone: r[None] for bone, r in turns.items()}
    turns = complete(body, turns)
    for side, _ in SIDES:
        random_hand(body, turns, side, rng)
    return turns


def upright(left: np.ndarray, up: np.ndarray) -> np.ndarray:
    """The rotation that takes z along `up` and x as near to `left` as it can."""
    return frame(up, left)[:, [1, 2, 0]]


def rest_head(body: Body) -> np.ndarray:
    """(3, 3) frame of the head in the rest pose: from the nose to between the ears, then left."""
    rest = dict(zip(body.joint_names, body.rest_joints.sum(1)[:, :3], strict=True))
    ears = (rest["left_ear"] + rest["right_ear"]) / 2
    return frame(ears - rest["nose"], np.array([1.0, 0, 0]))


def add_limbs(body: Body, turns: Turns, side: str, points: np.ndarray) -> None:
    """Add one side's arm and leg to a coarse motion; `points` begin at that side's number 0."""
    arm = limb(
        body, ARM, side, points[ELBOW] - points[SHOULDER], points[WRIST] - points[ELBOW],
        turns["spine01"],
    )  # fmt: skip
    leg = limb(
        body, LEG, side, points[KNEE] - points[HIP], points[ANKLE] - points[KNEE], turns["root"]
    )
    for bones, rotations in ((ARM, arm), (LEG, leg)):
        for bone, r in zip(bones[:2], rotations, strict=True):
            turns[f"{bone}.{side}"] = r
    fingers = (points[LITTLE] + points[INDEX]) / 2 - points[WRIST]
    hand = frame(fingers, points[INDEX] - points[LITTLE])
    turns[f"wrist.{side}"] = hand @ rest_hand(body, side).T
    rest = dict(zip(body.joint_names, body.rest_joints.sum(1)[:, :3], strict=True))
    word = {"L": "left", "R": "right"}[side]
    sole = rest[f"{word}_big_toe"] - rest[f"{word}_heel"]
    axle = np.array([1.0, 0.0, 0.0])
    steep = unit(points[KNEE] - points[ANKLE])[2]
    toes = unit(points[TOE] - points[HEEL]) * (1, 1, 1 - FLAT * max(steep, 0.0) ** 4)
    foot = frame(toes, leg[1] @ axle)
    turns[f"foot.{side}"] = foot @ frame(sole, axle).T
