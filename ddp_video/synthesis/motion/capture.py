"""Motion capture brought to the body's bones."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from ...errors import DataError
from ..body.body import Body
from ..body.limbs import ARM, LEG, SIDES, Turns, complete, rest_hand, rest_limb
from ..body.rotations import frame, orthonormal
from .acclaim import read_amc
from .bvh import read_bvh
from .deepmimic import read_deepmimic
from .skeletons import Take

FORWARDS = np.array([0.0, -1.0, 0.0])
READERS = {".amc": read_amc, ".bvh": read_bvh, ".txt": read_deepmimic}


@lru_cache(maxsize=64)
def read_take(path: Path) -> Take:
    """A take of any of the formats, gzipped or not.

    Raises:
        DataError: the format is not known, or the file is damaged.
    """
    kind = Path(path.name.removesuffix(".gz")).suffix
    if kind not in READERS:
        raise DataError(f"{path} is no motion capture; amc, bvh and DeepMimic's txt are read")
    return READERS[kind](path)


def lays(body: Body, take: Take) -> dict[str, np.ndarray]:
    """Bone → rotation from our rest pose to that of a take."""
    out = {}
    for side, _ in SIDES:
        for limb in (ARM, LEG):
            upper, lower, axis = rest_limb(body, limb, side)
            hinge = take.hinges[f"{limb[0]}.{side}"]
            for bone, own in ((limb[0], upper), (limb[1], lower)):
                theirs = frame(take.rest[f"{bone}.{side}"], hinge)
                out[f"{bone}.{side}"] = theirs @ frame(own, axis).T
        hand = frame(take.rest[f"lowerarm01.{side}"], FORWARDS)  # thumbs point forwards at rest
        out[f"wrist.{side}"] = hand @ rest_hand(body, side).T
    return out


def at(rotations: np.ndarray, low: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Rotations between two moments of a take."""
    if not share.any():
        return rotations[low]
    weight = share[:, None, None]
    high = np.minimum(low + 1, len(rotations) - 1)
    return orthonormal((1 - weight) * rotations[low] + weight * rotations[high])


def retarget(body: Body, take: Take, seconds: np.ndarray) -> tuple[Turns, np.ndarray]:
    """Bring moments of a take to a body: limbs along the captured ones, turning as they do.

    Args:
        body: whose bones.
        take: the motion.
        seconds: (T,) from the take's start; beyond its ends it stands still.

    Returns:
        The bones' rotations; (T, 3) path of the hips whose z is how far the body is off the ground.
    """
    where = (seconds * take.rate).clip(0, len(take.path) - 1)
    low, share = where.astype(int), where % 1
    turns = {bone: at(r, low, share) for bone, r in take.turns.items()}
    if not take.ours:
        for bone, lay in lays(body, take).items():
            theirs = bone if bone in take.turns else bone.replace("wrist", "lowerarm01")
            turns[bone] = at(take.turns[theirs], low, share) @ lay
        turns = complete(body, turns)
    high = np.minimum(low + 1, len(take.path) - 1)
    legs = sum(float(np.linalg.norm(part)) for part in rest_limb(body, LEG, "L")[:2])
    path = legs * ((1 - share)[:, None] * take.path[low] + share[:, None] * take.path[high])
    air = legs * ((1 - share) * take.air[low] + share * take.air[high])
    return turns, np.stack([path[:, 0], path[:, 1], air], 1)


def grounded(body: Body, turns: Turns, path: np.ndarray) -> np.ndarray:
    """(T, 3) root path: x and y as given, and the lowest point z above the ground."""
    flat = path * (1.0, 1.0, 0.0)
    flat[:, 2] = path[:, 2] - body.lowest(body.transforms(turns, flat))
    return flat
