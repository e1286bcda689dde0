"""A captured skeleton in motion, whatever file it came from, and which of our bones its are."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...errors import DataError
from ..body.limbs import ARM, LEG, SIDES
from ..body.rotations import unit

# Our bone → what files call the joint it starts at; the first that is there counts.
TRUNK = {
    "root": ("root", "hips", "hip"),
    "spine01": ("thorax", "chest2", "spine3", "chest"),
    "head": ("head", "neck"),
}
LIMBS = {
    "upperarm01": ("humerus", "shldr", "arm", "shoulder"),
    "lowerarm01": ("radius", "forearm", "elbow"),
    "wrist": ("hand", "wrist"),
    "clavicle": ("clavicle", "collar", "shoulder"),
    "upperleg01": ("femur", "thigh", "upleg", "hip"),
    "lowerleg01": ("tibia", "shin", "leg", "knee"),
    "foot": ("foot", "ankle"),
}
AIRBORNE = (0.09, 0.22)  # joints this high over the ground, in leg lengths: standing … flying
BENT = 0.05  # mean sine of the bend from which a limb's own hinge can be measured


@dataclass(frozen=True)
class Skeleton:
    """Joints in the rest pose, in the file's axes and unit.

    Attributes:
        names: of the joints; those that end a chain have names of their own.
        parents: number of the joint above, −1 for the first.
        offsets: (J, 3) from the joint above.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: np.ndarray

    @cached_property
    def bones(self) -> dict[str, int]:
        """Our bone → number of the joint that it starts at."""
        plain = [name.lower().replace("_", "") for name in self.names]
        out = {}
        for bone, candidates in TRUNK.items():
            out[bone] = next((plain.index(c) for c in candidates if c in plain), -1)
        for side, _ in SIDES:
            prefixes = {"L": ("l", "left"), "R": ("r", "right")}[side]
            for bone, candidates in LIMBS.items():
                names = [p + c for c in candidates for p in prefixes]
                found = next((plain.index(n) for n in names if n in plain), -1)
                if found not in out.values():
                    out[f"{bone}.{side}"] = found
        return {bone: joint for bone, joint in out.items() if joint >= 0}

    @cached_property
    def rest(self) -> np.ndarray:
        """(J, 3) joints in the rest pose."""
        return self.joints(np.eye(3)[None, None].repeat(len(self.names), 1), np.zeros((1, 3)))[0]

    @cached_property
    def axes(self) -> np.ndarray:
        """(3, 3) from the file's axes to ours: x left, y backwards, z up."""
        rest, bones = self.rest, self.bones
        left = nearest_axis(rest[bones["upperleg01.L"]] - rest[bones["upperleg01.R"]])
        up = nearest_axis(rest[bones["head"]] - rest[bones["root"]])
        return np.stack([left, np.cross(up, left), up])

    def joints(self, world: np.ndarray, path: np.ndarray) -> np.ndarray:
        """(T, J, 3) joints under (T, J, 3, 3) world rotations and the first joint's (T, 3) path."""
        out = np.zeros((len(path), len(self.names), 3))
        for j, parent in enumerate(self.parents):
            out[:, j] = path if parent < 0 else out[:, parent] + world[:, parent] @ self.offsets[j]
        return out


def nearest_axis(vector: np.ndarray) -> np.ndarray:
    """The axis, with its sign, that a vector is nearest to."""
    k = int(np.abs(vector).argmax())
    return np.eye(3)[k] * np.sign(vector[k])


@dataclass(frozen=True)
class Take:
    """Captured motion in our axes; lengths in those of its legs (hip to ankle).

    Attributes:
        rate: moments a second.
        turns: our bone → (T, 3, 3) world rotation away from the file's rest pose.
        rest: our limb bone → (3,) its direction in the file's rest pose.
        hinges: "upperarm01.L" … → (3,) axis the limb bends about, in that pose.
        path: (T, 3) of the hips.
        air: (T,) how far the lowest joint is off the ground.
        ours: the rest pose is Anny's own.
    """

    rate: float
    turns: dict[str, np.ndarray]
    rest: dict[str, np.ndarray]
    hinges: dict[str, np.ndarray]
    path: np.ndarray
    air: np.ndarray
    ours: bool = False

    @property
    def seconds(self) -> float:
        """From the first moment to the last."""
        return (len(self.path) - 1) / self.rate


def take(skeleton: Skeleton, world: np.ndarray, path: np.ndarray, rate: float, name: str) -> Take:
    """A skeleton's motion as a take.

    Args:
        skeleton: its joints.
        world: (T, J, 3, 3) rotations away from the rest pose, in the file's axes.
        path: (T, 3) of the first joint.
        rate: moments a second.
        name: of the file, for the message.

    Raises:
        DataError: the skeleton is not that of a person.
    """
    bones = skeleton.bones
    needed = {*TRUNK, *(f"{bone}.{s}" for bone in (*ARM[:2], *LEG) for s, _ in SIDES)}
    if needed - bones.keys():
        raise DataError(f"{name} has no joint for {min(needed - bones.keys())}; use another take")
    axes = skeleton.axes
    turns = {bone: axes @ world[:, joint] @ axes.T for bone, joint in bones.items()}
    joints = skeleton.joints(world, path) @ axes.T
    rest = {}
    for side, _ in SIDES:
        for limb in (ARM, LEG):
            chain = [bones.get(f"{bone}.{side}", -1) for bone in limb]
            for bone, joint, end in zip(limb[:2], chain[:2], chain[1:], strict=True):
                end = end if end >= 0 else skeleton.parents.index(joint)
                rest[f"{bone}.{side}"] = axes @ (skeleton.rest[end] - skeleton.rest[joint])
    legs = sum(float(np.linalg.norm(rest[f"{bone}.L"])) for bone in LEG[:2])
    hips = joints[:, [bones["upperleg01.L"], bones["upperleg01.R"]]].mean(1)
    low = joints[..., 2].min(1)
    return Take(rate, turns, rest, hinges(turns, rest), hips / legs, airborne(low / legs))


def airborne(low: np.ndarray) -> np.ndarray:
    """(T,) how far off the ground the lowest joint is, from its height; mostly 0."""
    height = (low - np.quantile(low, 0.02)).clip(0)
    share = ((height - AIRBORNE[0]) / (AIRBORNE[1] - AIRBORNE[0])).clip(0, 1)
    return height * share**2 * (3 - 2 * share)


def hinges(turns: dict[str, np.ndarray], rest: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The axes that elbows and knees bend about in the rest pose, measured over a take."""
    out = {}
    for side, _ in SIDES:
        for limb in (ARM, LEG):
            upper, lower = (f"{bone}.{side}" for bone in limb[:2])
            above, below = unit(rest[upper]), unit(rest[lower])
            bend = np.cross(turns[upper] @ above, turns[lower] @ below)
            axis = np.einsum("tji,tj->ti", turns[upper], bend).mean(0)
            expected = np.cross(above, (0.0, -1 if limb is ARM else 1, 0))  # forwards, backwards
            bent = np.linalg.norm(axis) > BENT and axis @ expected > 0
            out[upper] = unit(axis if bent else expected)
    return out
