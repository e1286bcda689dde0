"""How people move: rotations, and a keyed walk with a waving arm.

A motion is (turns, root): bone → (T, 3, 3) world rotation away from the rest pose, and (T, 3)
metres. Rotations are in Anny's frame (x left, y backwards, z up).
"""

import numpy as np

from .body import Body

Motion = tuple[dict[str, np.ndarray], np.ndarray]

# One stride of level walking in tenths, from heel strike, degrees (keyed by hand).
HIP_FLEXION = (24, 21, 13, 4, -5, -10, -3, 12, 22, 25)
KNEE_FLEXION = (5, 14, 16, 10, 6, 12, 35, 55, 42, 13)
ANKLE_FLEXION = (0, -4, 2, 6, 9, 5, -13, -8, 0, 1)
STRIDE_SECONDS = 1.06
HEEL = np.array([0.0, 0.04, -0.05])  # metres, from the ankle


def turn(axis: str | np.ndarray, degrees: np.ndarray | float) -> np.ndarray:
    """Rotation about x, y, z or a vector (Rodrigues): (T,) or one angle → (T, 3, 3) or (3, 3)."""
    unit = np.eye(3)["xyz".index(axis)] if isinstance(axis, str) else axis / np.linalg.norm(axis)
    x, y, z = unit
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(np.asarray(degrees, float))[..., None, None]
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)


def between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The smallest rotation that takes direction a to direction b."""
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    axis = np.cross(a, b)
    length = np.linalg.norm(axis)
    if length < 1e-9:
        return np.eye(3)
    return turn(axis / length, float(np.degrees(np.arctan2(length, a @ b))))


def periodic(keys: tuple[float, ...], phase: np.ndarray) -> np.ndarray:
    """Smooth curve of period 1 through equally spaced keys (their Fourier series)."""
    wave = np.fft.rfft(keys) / len(keys)
    order = np.arange(len(wave))
    scale = np.where((order == 0) | (2 * order == len(keys)), 1.0, 2.0)
    return np.real(np.exp(2j * np.pi * np.outer(phase, order)) @ (scale * wave))


def bone_direction(body: Body, bone: str, end: str) -> np.ndarray:
    """From one bone's head to another's in the rest pose."""
    return body.heads[body.bones.index(end)] - body.heads[body.bones.index(bone)]


def curled(body: Body, turns: dict[str, np.ndarray], side: str, degrees: float) -> None:
    """Add a relaxed hand to a motion: fingers bent about the knuckles' line."""
    across = bone_direction(body, f"finger5-1.{side}", f"finger2-1.{side}")
    for finger in "2345":
        above = turns[f"wrist.{side}"]
        for joint in "123":
            above = above @ turn(
                across, degrees * (1 if joint == "1" else 1.3) * (1 if side == "L" else -1)
            )
            turns[f"finger{finger}-{joint}.{side}"] = above


def walk(
    body: Body, seconds: np.ndarray, heading: float, waving: str = "R", phase: float = 0.0
) -> Motion:
    """Level walking in a straight line with one arm raised and waving.

    Args:
        body: whose bones.
        seconds: (T,) moments.
        heading: degrees about z; 0 walks towards −y.
        waving: side of the raised arm, "L" or "R".
        phase: share of a stride at second 0.
    """
    stride = seconds / STRIDE_SECONDS + phase
    facing = turn("z", heading)
    swing = np.sin(2 * np.pi * stride)
    pelvis = (
        facing @ turn("z", -5 * np.cos(2 * np.pi * stride)) @ turn("y", 2.5 * swing) @ turn("x", -3)
    )
    chest = (
        facing @ turn("z", 6 * np.cos(2 * np.pi * stride)) @ turn("y", -1.5 * swing) @ turn("x", -2)
    )
    turns = {
        "root": pelvis,
        "spine03": (pelvis + chest) / 2,
        "spine01": chest,
        "head": facing @ turn("x", 2.0),
    }
    turns["spine03"] = orthonormal(turns["spine03"])
    for side, offset in (("L", 0.0), ("R", 0.5)):
        leg = (stride + offset) % 1
        thigh = pelvis @ turn("x", -periodic(HIP_FLEXION, leg))
        shin = thigh @ turn("x", periodic(KNEE_FLEXION, leg))
        turns[f"upperleg01.{side}"] = thigh
        turns[f"lowerleg01.{side}"] = shin
        turns[f"foot.{side}"] = shin @ turn("x", -periodic(ANKLE_FLEXION, leg))
        add_arm(
            body, turns, side, chest, None if side != waving else seconds, np.cos(2 * np.pi * leg)
        )
    return turns, planted(body, turns)


def add_arm(
    body: Body,
    turns: dict[str, np.ndarray],
    side: str,
    chest: np.ndarray,
    wave: np.ndarray | None,
    back: np.ndarray,
) -> None:
    """Add one arm to a walk: swinging against its leg, or raised and waving.

    Args:
        body: whose bones.
        turns: the motion, changed in place.
        side: "L" or "R".
        chest: (T, 3, 3) its rotation.
        wave: (T,) seconds for a waving arm, None for a swinging one.
        back: (T,) where a swinging arm is, +1 behind … −1 before.
    """
    sign = 1 if side == "L" else -1
    upper = bone_direction(body, f"upperarm01.{side}", f"lowerarm01.{side}")
    fore = bone_direction(body, f"lowerarm01.{side}", f"wrist.{side}")
    hinge = np.cross(upper, fore)
    if wave is None:
        arm = chest @ turn("x", 2 + 19 * back) @ between(upper, np.array([sign * 0.2, 0.02, -1.0]))
        turns[f"upperarm01.{side}"] = arm
        turns[f"lowerarm01.{side}"] = arm @ turn(hinge, -22 - 9 * back)
        turns[f"wrist.{side}"] = turns[f"lowerarm01.{side}"]
    else:
        out = between(upper, np.array([sign * 0.86, -0.3, 0.28]))
        turns[f"shoulder01.{side}"] = chest @ turn("y", -sign * 12.0)
        turns[f"upperarm01.{side}"] = np.broadcast_to(chest @ out, chest.shape)
        beat = np.sin(2 * np.pi * 1.7 * wave)
        aim = [
            between(out @ fore, np.array([sign * (0.12 + 0.42 * b), -0.35, 1.0])) @ out
            for b in beat
        ]
        turns[f"lowerarm01.{side}"] = chest @ np.stack(aim)
        turns[f"wrist.{side}"] = turns[f"lowerarm01.{side}"] @ turn(
            "y", sign * 10 * np.cos(2 * np.pi * 1.7 * wave)
        )
    curled(body, turns, side, 14.0 if wave is None else 2.0)


def orthonormal(matrices: np.ndarray) -> np.ndarray:
    """The nearest rotations (T, 3, 3)."""
    u, _, vt = np.linalg.svd(matrices)
    return u @ vt


def planted(body: Body, turns: dict[str, np.ndarray]) -> np.ndarray:
    """(T, 3) root path on which the lower foot does not slide; z puts it on the ground."""
    t = len(turns["root"])
    posed = body.transforms(turns, np.zeros((t, 3)))
    soles = []
    for side in "LR":
        bone = body.bones.index(f"foot.{side}")
        head, toe = body.heads[bone], body.heads[body.bones.index(f"toe1-1.{side}")]
        for point in (head + HEEL, toe):
            soles.append(posed[:, bone, :, :3] @ point + posed[:, bone, :, 3])
    sole = np.stack(soles, 1)  # (T, 4, 3)
    lowest = sole[:, :, 2].argmin(1)
    step = np.diff(sole, axis=0)[np.arange(t - 1), lowest[1:]]
    root = np.zeros((t, 3))
    root[1:, :2] = -np.cumsum(step[:, :2], 0)
    root[:, 2] = -sole[:, :, 2].min(1)
    return root


def sampled(motion: Motion, rate: float, seconds: np.ndarray) -> Motion:
    """A motion of `rate` moments a second at other moments (between its first and last)."""
    turns, root = motion
    where = (seconds * rate).clip(0, len(root) - 1.001)
    low, share = where.astype(int), where % 1
    blended = {
        bone: orthonormal((1 - share)[:, None, None] * r[low] + share[:, None, None] * r[low + 1])
        for bone, r in turns.items()
    }
    return blended, (1 - share)[:, None] * root[low] + share[:, None] * root[low + 1]


def moved(motion: Motion, heading: float, place: tuple[float, float]) -> Motion:
    """The motion turned about z by `heading` degrees, its mean place brought to `place` (x, y)."""
    turns, root = motion
    about = turn("z", heading)
    path = root @ about.T
    path[:, :2] += np.array(place) - path[:, :2].mean(0)
    return {bone: about @ r for bone, r in turns.items()}, path
