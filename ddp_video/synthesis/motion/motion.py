"""How people move: a keyed walk with swinging or waving arms, and what holds for all motions.

A motion is (turns, root): bone → (T, 3, 3) world rotation away from the rest pose, and (T, 3)
metres. Rotations are in Anny's frame (x left, y backwards, z up).
"""

from dataclasses import dataclass

import numpy as np

from ..body.body import Body
from ..body.hands import curled
from ..body.limbs import ARM, SIDES, complete, limb
from ..body.rotations import turn

Motion = tuple[dict[str, np.ndarray], np.ndarray]

# One stride of level walking in tenths, from heel strike, degrees (keyed by hand).
HIP_FLEXION = (24, 21, 13, 4, -5, -10, -3, 12, 22, 25)
KNEE_FLEXION = (5, 14, 16, 10, 6, 12, 35, 55, 42, 13)
ANKLE_FLEXION = (0, -4, 2, 6, 9, 5, -13, -8, 0, 1)
HEEL = np.array([0.0, 0.04, -0.05])  # metres, from the ankle


@dataclass(frozen=True)
class Gait:
    """A manner of walking.

    Attributes:
        seconds: of one stride (two steps).
        reach: length of the steps, 1 as keyed.
        lift: how much the knees bend, 1 as keyed.
        swing: of the arms, 1 as keyed.
        lean: degrees forwards.
        bent: degrees of the elbows.
    """

    seconds: float = 1.06
    reach: float = 1.0
    lift: float = 1.0
    swing: float = 1.0
    lean: float = 2.0
    bent: float = 20.0

    @classmethod
    def sampled(cls, rng: np.random.Generator) -> "Gait":
        """From a stroll to a hurry."""
        haste = float(rng.random())
        return cls(
            seconds=1.25 - 0.35 * haste,
            reach=0.6 + 0.65 * haste + 0.1 * float(rng.standard_normal()),
            lift=float(rng.uniform(0.85, 1.25)),
            swing=float(rng.uniform(0.3, 1.5)) * (0.6 + 0.6 * haste),
            lean=float(rng.normal(2 + 3 * haste, 2)),
            bent=float(rng.uniform(12, 35 + 40 * haste**3)),
        )


def periodic(keys: tuple[float, ...], phase: np.ndarray) -> np.ndarray:
    """Smooth curve of period 1 through equally spaced keys (their Fourier series)."""
    wave = np.fft.rfft(keys) / len(keys)
    order = np.arange(len(wave))
    scale = np.where((order == 0) | (2 * order == len(keys)), 1.0, 2.0)
    return np.real(np.exp(2j * np.pi * np.outer(phase, order)) @ (scale * wave))


def walk(
    body: Body,
    seconds: np.ndarray,
    heading: float,
    waving: str = "",
    phase: float = 0.0,
    gait: Gait | None = None,
) -> Motion:
    """Level walking in a straight line, perhaps with one arm raised and waving.

    Args:
        body: whose bones.
        seconds: (T,) moments.
        heading: degrees about z; 0 walks towards −y.
        waving: side of the raised arm, "L" or "R", or nothing.
        phase: share of a stride at second 0.
        gait: how.
    """
    gait = gait or Gait()
    stride = seconds / gait.seconds + phase
    facing = turn("z", heading)
    sway, roll = np.cos(2 * np.pi * stride), np.sin(2 * np.pi * stride)
    pelvis = facing @ turn("z", -5 * gait.reach * sway) @ turn("y", 2.5 * roll)
    chest = facing @ turn("z", 6 * gait.swing * sway) @ turn("y", -1.5 * roll)
    turns = {
        "root": pelvis @ turn("x", 0.4 * gait.lean - 3),
        "spine01": chest @ turn("x", gait.lean),
        "head": facing @ turn("x", np.full(len(seconds), 2.0)),
    }
    for side, offset in (("L", 0.0), ("R", 0.5)):
        leg = (stride + offset) % 1
        thigh = pelvis @ turn("x", -gait.reach * periodic(HIP_FLEXION, leg))
        shin = thigh @ turn("x", gait.reach * gait.lift * periodic(KNEE_FLEXION, leg).clip(3))
        turns[f"upperleg01.{side}"] = thigh
        turns[f"lowerleg01.{side}"] = shin
        turns[f"foot.{side}"] = shin @ turn("x", -gait.reach * periodic(ANKLE_FLEXION, leg))
        if side == waving:
            wave_arm(body, turns, side, seconds)
        else:
            swing_arm(body, turns, side, gait, np.cos(2 * np.pi * leg))
    turns = complete(body, turns)
    for side, _ in SIDES:
        curled(body, turns, side, 5.0 if side == waving else 22.0)
    return turns, planted(body, turns)


def swing_arm(
    body: Body, turns: dict[str, np.ndarray], side: str, gait: Gait, back: np.ndarray
) -> None:
    """Add an arm that swings against its leg; `back` (T,) is +1 behind … −1 before."""
    sign = 1 if side == "L" else -1
    chest = turns["spine01"]
    upper = turn("x", 2 + 19 * gait.swing * back) @ np.array([sign * 0.17, 0.02, -1.0])
    bend = gait.bent - 9 * gait.swing * back
    fore = turn("x", 2 + 19 * gait.swing * back - bend) @ np.array([sign * 0.08, 0.02, -1.0])
    lay_arm(body, turns, side, chest @ upper[..., None], chest @ fore[..., None])


def wave_arm(body: Body, turns: dict[str, np.ndarray], side: str, seconds: np.ndarray) -> None:
    """Add an arm that is raised and waves."""
    sign = 1 if side == "L" else -1
    chest, beat = turns["spine01"], np.sin(2 * np.pi * 1.7 * seconds)
    upper = np.array([[sign * 0.86], [-0.3], [0.28]])
    fore = np.stack([sign * (0.12 + 0.42 * beat), np.full_like(beat, -0.35), 1 + 0 * beat], -1)
    lay_arm(body, turns, side, chest @ upper, chest @ fore[..., None])


def lay_arm(
    body: Body, turns: dict[str, np.ndarray], side: str, upper: np.ndarray, fore: np.ndarray
) -> None:
    """Lay an arm along two directions, (T, 3, 1), in place."""
    arm, elbow = limb(body, ARM, side, upper[..., 0], fore[..., 0], turns["spine01"])
    turns[f"upperarm01.{side}"], turns[f"lowerarm01.{side}"] = arm, elbow


def planted(body: Body, turns: dict[str, np.ndarray]) -> np.ndarray:
    """(T, 3) root path on which the lower foot does not slide; z puts it on the ground."""
    t = len(turns["root"])
    posed = body.transforms(turns, np.zeros((t, 3)))
    soles = []
    for side in "LR":
        bone = body.bones.index(f"foot.{side}")
        for point in (body.heads[bone] + HEEL, body.head(f"toe1-1.{side}")):
            soles.append(posed[:, bone, :, :3] @ point + posed[:, bone, :, 3])
    sole = np.stack(soles, 1)  # (T, 4, 3)
    lowest = sole[:, :, 2].argmin(1)
    step = np.diff(sole, axis=0)[np.arange(t - 1), lowest[1:]]
    root = np.zeros((t, 3))
    root[1:, :2] = -np.cumsum(step[:, :2], 0)
    root[:, 2] = -body.lowest(posed)
    return root


def moved(motion: Motion, heading: float, place: tuple[float, float]) -> Motion:
    """The motion turned about z by `heading` degrees, its mean place brought to `place` (x, y)."""
    turns, root = motion
    about = turn("z", heading)
    path = root @ about.T
    path[:, :2] += np.array(place) - path[:, :2].mean(0)
    return {bone: about @ r for bone, r in turns.items()}, path


def facing(turns: dict[str, np.ndarray]) -> float:
    """Degrees about z from −y to where the person's front points at the first moment.

    Of somebody whose front points up or down, the hips tell.
    """
    pelvis = turns["root"][0]
    front, left = pelvis @ np.array([0.0, -1.0, 0.0]), pelvis @ np.array([1.0, 0.0, 0.0])
    across = np.cross(left, (0.0, 0.0, 1.0))  # level, at a right angle to the hips
    use = front if np.hypot(*front[:2]) > 0.5 else across
    return float(np.degrees(np.arctan2(use[0], -use[1])))
