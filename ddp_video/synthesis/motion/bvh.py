"""BVH motion capture and poses, in whichever axes and unit."""

from pathlib import Path

import numpy as np

from ...errors import DataError
from ..body.body import anny_model
from ..body.rotations import turn
from .acclaim import read_lines
from .skeletons import Skeleton, Take, take


def read_hierarchy(words: list[str]) -> tuple[Skeleton, list[list[str]]]:
    """The skeleton of a BVH file, and each joint's channels.

    Args:
        words: all words before MOTION.
    """
    names: list[str] = []
    parents: list[int] = []
    offsets: list[list[float]] = []
    channels: list[list[str]] = []
    above = [-1]
    for k, word in enumerate(words):
        if word in ("ROOT", "JOINT", "End"):
            names.append(f"{names[above[-1]]}.tip" if word == "End" else words[k + 1])
            parents.append(above[-1])
            channels.append([])
        elif word == "OFFSET":
            offsets.append([float(w) for w in words[k + 1 : k + 4]])
        elif word == "CHANNELS":
            channels[-1] = words[k + 2 : k + 2 + int(words[k + 1])]
        elif word == "{":
            above.append(len(names) - 1)
        elif word == "}":
            above.pop()
    return Skeleton(tuple(names), tuple(parents), np.array(offsets)), channels


def rotations(
    skeleton: Skeleton, channels: list[list[str]], values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(T, J, 3, 3) world rotations and the first joint's (T, 3) path."""
    world = np.zeros((len(values), len(skeleton.names), 3, 3))
    path, column = np.zeros((len(values), 3)), 0
    for joint, (parent, names) in enumerate(zip(skeleton.parents, channels, strict=True)):
        rotation = np.broadcast_to(np.eye(3), (len(values), 3, 3))
        for name in names:
            axis = name[0].lower()
            if name.endswith("rotation"):
                rotation = rotation @ turn(axis, values[:, column])
            elif joint == 0:
                path[:, "xyz".index(axis)] = values[:, column]
            column += 1
        world[:, joint] = rotation if parent < 0 else world[:, parent] @ rotation
    return world, path


def read_bvh(path: Path) -> Take:
    """Read a BVH file; poses on MakeHuman's own bones are taken over as they are.

    Raises:
        DataError: it is none.
    """
    words = " ".join(read_lines(path)).split()
    if "MOTION" not in words or words[:1] != ["HIERARCHY"]:
        raise DataError(f"{path} is no BVH file; remove it from the folder")
    try:
        skeleton, channels = read_hierarchy(words[: words.index("MOTION")])
        start = words.index("Time:") + 1
        values = np.array(words[start + 1 :], float).reshape(-1, sum(len(c) for c in channels))
        rate = 1 / float(words[start])
    except (ValueError, IndexError, ZeroDivisionError) as error:
        raise DataError(f"{path} is a damaged BVH file; remove it from the folder") from error
    world, hips = rotations(skeleton, channels, values)
    if "upperleg01.L" not in skeleton.names:
        return take(skeleton, world, hips, rate, path.name)
    own = set(anny_model().bone_labels)
    turns = {n: world[:, j] for j, n in enumerate(skeleton.names) if n in own}
    still = np.zeros((len(values), 3))
    return Take(rate, turns, {}, {}, still, still[:, 0], ours=True)
