"""Motion capture of the CMU library (ASF skeletons, AMC takes), brought to Anny's bones."""

import gzip
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..errors import DataError
from .body import Body
from .motion import Motion, between, bone_direction, curled, turn


@dataclass
class Skeleton:
    """An ASF skeleton: per bone its parent, rest direction, local axes and degrees of freedom."""

    parent: dict[str, str] = field(default_factory=dict)
    direction: dict[str, np.ndarray] = field(default_factory=dict)
    axes: dict[str, np.ndarray] = field(default_factory=dict)
    dof: dict[str, list[str]] = field(default_factory=dict)


def euler(degrees: np.ndarray) -> np.ndarray:
    """ASF order XYZ: (..., 3) degrees → Rz·Ry·Rx."""
    return turn("z", degrees[..., 2]) @ turn("y", degrees[..., 1]) @ turn("x", degrees[..., 0])


def read_asf(path: Path) -> Skeleton:
    """Read an Acclaim skeleton.

    Raises:
        DataError: it is not one.
    """
    out, name = Skeleton(), ""
    lines = read_lines(path)
    for words in (line.split() for line in lines):
        if words[:1] == ["name"]:
            name = words[1]
        elif words[:1] == ["direction"]:
            out.direction[name] = np.array(words[1:4], float)
        elif words[:1] == ["axis"] and len(words) == 5:
            out.axes[name] = euler(np.array(words[1:4], float))
        elif words[:1] == ["dof"]:
            out.dof[name] = words[1:]
    start = lines.index(":hierarchy") if ":hierarchy" in lines else len(lines)
    for words in (line.split() for line in lines[start + 1 :]):
        if len(words) > 1:
            out.parent.update(dict.fromkeys(words[1:], words[0]))
    if not out.parent:
        raise DataError(f"{path} is no ASF skeleton; pass one of the CMU motion library")
    return out


def read_lines(path: Path) -> list[str]:
    """Stripped lines of a text file, gzipped or not."""
    data = path.read_bytes()
    text = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    return [line.strip() for line in text.decode("ascii", "replace").splitlines()]


def read_amc(path: Path, skeleton: Skeleton) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """World rotations of each bone away from the rest pose, and the root's path, in ASF's frame.

    Returns:
        bone → (T, 3, 3); (T, 3) in metres (ASF's unit is 1/0.45 inch).
    """
    rows: dict[str, list[list[float]]] = {}
    for words in (line.split() for line in read_lines(path)):
        if len(words) > 1 and words[0][0] not in "#:":
            rows.setdefault(words[0], []).append([float(w) for w in words[1:]])
    root = np.array(rows.pop("root"))
    world = {"root": euler(root[:, 3:])}
    for bone, parent in skeleton.parent.items():
        angles = np.zeros((len(root), 3))
        for k, axis in enumerate(skeleton.dof.get(bone, [])):
            angles[:, "xyz".index(axis[1])] = np.array(rows[bone])[:, k]
        frame = skeleton.axes[bone]
        world[bone] = world[parent] @ frame @ euler(angles) @ frame.T
    return world, root[:, :3] / 0.45 * 0.0254


# ASF bone → Anny's bones that turn with it. Limbs are first laid along the ASF rest direction.
TRUNK = {
    "root": "root",
    "lowerback": "spine05",
    "upperback": "spine03",
    "thorax": "spine01",
    "lowerneck": "neck01",
    "upperneck": "neck02",
    "head": "head",
}
LIMBS = {
    "femur": ("upperleg01", "lowerleg01"),
    "tibia": ("lowerleg01", "foot"),
    "clavicle": ("clavicle", ""),
    "humerus": ("upperarm01", "lowerarm01"),
    "radius": ("lowerarm01", "wrist"),
    "wrist": ("lowerarm02", ""),
    "hand": ("wrist", ""),
    "foot": ("foot", ""),
}
TO_ANNY = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])  # ASF: x left, y up, z forwards


def retarget(
    body: Body, skeleton: Skeleton, world: dict[str, np.ndarray], path: np.ndarray
) -> Motion:
    """Bring motion capture to Anny's bones: limbs along the captured ones, turning as they do."""
    turned = {bone: TO_ANNY @ r @ TO_ANNY.T for bone, r in world.items()}
    turns = {ours: turned[theirs] for theirs, ours in TRUNK.items()}
    for side in "LR":
        lay = np.eye(3)
        for theirs, (ours, end) in LIMBS.items():
            source = f"{side.lower()}{theirs}"
            if theirs in ("femur", "clavicle", "humerus", "foot"):
                lay = np.eye(3)
            if end:
                own = lay @ bone_direction(body, f"{ours}.{side}", f"{end}.{side}")
                lay = between(own, TO_ANNY @ skeleton.direction[source]) @ lay
            turns[f"{ours}.{side}"] = turned[source] @ lay
        curled(body, turns, side, 12.0)
    hips = path @ TO_ANNY.T
    legs = (
        body.heads[body.bones.index("upperleg01.L"), 2] - body.heads[body.bones.index("foot.L"), 2]
    )
    return turns, hips * (legs / 0.87)
