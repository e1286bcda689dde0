"""Left or right, front or back: what BlazePose's landmarks say about each pixel of a person.

BodyPix confuses the sides, and takes people seen from behind for people seen from the front. The
landmarks know better. Here they become a term that is added to BodyPix's part logits, so that clear
evidence of one wins over doubt of the other, and where both are sure and disagree the result is
near one half, which the caller ignores.

Coordinates: pixels of the person's turned crop, x right, y down; world metres, z away from the
    camera.
"""

from dataclasses import dataclass

import numpy as np

# Group of DensePose part 1..24 without side and front/back:
# 0 torso, 1 hand, 2 foot, 3 upper leg, 4 lower leg, 5 upper arm, 6 lower arm, 7 head.
GROUP = np.array([0, 0, 1, 1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6, 7, 7])
ARMS = (5, 6)
NEAR = (1, 5, 6)
LEFT = np.isin(np.arange(1, 25), [4, 5, 8, 10, 12, 14, 15, 17, 19, 21, 24])
RIGHT = np.isin(np.arange(1, 25), [3, 6, 7, 9, 11, 13, 16, 18, 20, 22, 23])
FRONT = np.isin(np.arange(1, 25), [2, 9, 10, 13, 14])
BACK = np.isin(np.arange(1, 25), [1, 7, 8, 11, 12])

# Group → (left segment, right segment) as landmark pairs, and the limb's radius in metres.
SEGMENTS = {
    1: ((15, 19), (16, 20), 0.05),
    2: ((27, 31), (28, 32), 0.06),
    3: ((23, 25), (24, 26), 0.09),
    4: ((25, 27), (26, 28), 0.06),
    5: ((11, 13), (12, 14), 0.06),
    6: ((13, 15), (14, 16), 0.05),
}
SIDE_METRES = 0.04  # this much nearer to one side's limb is one unit of evidence for it
SIDE_LIMIT = 5.0
DEPTH_METRES = 0.1  # of two limbs in one line, the one this much nearer gets one unit
FAR_METRES = 0.15  # beyond the limb's radius and this, a limb's label is doubted
FAR_SLOPE = 0.05
NEAR_ARM = 2.0  # a pixel on a visible arm's axis gains this much: BodyPix sees too much torso there
TORSO_RADIUS = 0.17
HEAD_RADIUS = 0.11
TORSO_WEIGHT = 8.0
LEG_WEIGHT = 4.0
HEAD_WEIGHT = 4.0


@dataclass(frozen=True)
class Body:
    """Landmarks in one frame.

    Attributes:
        xy: (39, 2) pixels of the crop.
        world: (39, 3) metres.
        visibility: (39,) 0..1.
        pixels_per_metre: the crop's scale at the body.
    """

    xy: np.ndarray
    world: np.ndarray
    visibility: np.ndarray
    pixels_per_metre: float


def body_scale(xy: np.ndarray, world: np.ndarray) -> float:
    """Pixels per metre, from the spread of the joints in the picture and in the world."""
    joints = slice(11, 29)
    spread = np.sqrt(world[joints, :2].var(0).sum())
    return float(np.sqrt(xy[joints].var(0).sum()) / max(spread, 1e-3))


def facing(world: np.ndarray) -> np.ndarray:
    """Unit vector out of the chest; z = -1 looks into the camera, +1 away from it.

    The left-right axis through shoulders and hips, times the spine.
    """
    left = (world[11] - world[12] + world[23] - world[24]) / 2
    up = (world[11] + world[12] - world[23] - world[24]) / 2
    return _unit(np.cross(left, up))


def evidence(points: np.ndarray, body: Body) -> tuple[np.ndarray, np.ndarray]:
    """What the landmarks add to the part logits of each pixel.

    Args:
        points: (N, 2) pixels of the crop.
        body: the person.

    Returns:
        Evidence among the parts of one group (side, front/back), and doubt that a limb is there at
        all, to be subtracted; both (N, 24) float32, channel p - 1 is part p.
    """
    out = np.zeros((len(points), 24), np.float32)
    doubt = np.zeros_like(out)
    for group, (left, right, radius) in SEGMENTS.items():
        side, off, sure = _limb(points, body, left, right, radius)
        of = group == GROUP
        out[:, of & LEFT] += side[:, None] / 2
        out[:, of & RIGHT] -= side[:, None] / 2
        doubt[:, of] = np.clip((off - FAR_METRES) / FAR_SLOPE, 0, 6)[:, None]
        if group in NEAR:
            doubt[:, of] -= NEAR_ARM * (sure * np.clip(0.5 - off / radius, 0, 1))[:, None]
    for group in (3, 4):
        out += _leg_front(points, body, group)
    front = TORSO_WEIGHT * _towards(points, body, *_torso_axis(body), facing(body.world))
    out[:, 1] += front / 2
    out[:, 0] -= front / 2
    left_of_head = HEAD_WEIGHT * _head_left(points, body)
    out[:, 23] += left_of_head / 2
    out[:, 22] -= left_of_head / 2
    return out, doubt


def _limb(
    points: np.ndarray, body: Body, left: tuple[int, int], right: tuple[int, int], radius: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Evidence for left (negative: right); metres outside the nearer limb; its visibility."""
    metre = body.pixels_per_metre
    along_l, far_l, _ = segment(points, body.xy[left[0]], body.xy[left[1]])
    along_r, far_r, _ = segment(points, body.xy[right[0]], body.xy[right[1]])
    far_l, far_r = far_l / metre, far_r / metre
    side = (far_r - far_l) / SIDE_METRES
    depth_l = body.world[left[0], 2] + along_l * (body.world[left[1], 2] - body.world[left[0], 2])
    depth_r = body.world[right[0], 2] + along_r * (
        body.world[right[1], 2] - body.world[right[0], 2]
    )
    both = (far_l < radius) & (far_r < radius)
    side = side + both * np.clip((depth_r - depth_l) / DEPTH_METRES, -2, 2)
    seen_l, seen_r = body.visibility[list(left)].min(), body.visibility[list(right)].min()
    return (
        np.clip(side, -SIDE_LIMIT, SIDE_LIMIT) * min(2 * max(seen_l, seen_r), 1.0),
        np.minimum(far_l, far_r) - radius,
        np.where(far_l < far_r, seen_l, seen_r),
    )


def _leg_front(points: np.ndarray, body: Body, group: int) -> np.ndarray:
    """Front or back of thighs or shins: the knee is a hinge about the hips' axis."""
    out = np.zeros((len(points), 24), np.float32)
    hinge = body.world[23] - body.world[24]
    for side, (start, end) in zip((LEFT, RIGHT), SEGMENTS[group][:2], strict=True):
        front = np.cross(body.world[end] - body.world[start], hinge)
        ends = body.xy[start], body.xy[end]
        value = LEG_WEIGHT * _towards(points, body, *ends, SEGMENTS[group][2], _unit(front))
        of = (group == GROUP) & side
        out[:, of & FRONT] += value[:, None] / 2
        out[:, of & BACK] -= value[:, None] / 2
    return out


def _torso_axis(body: Body) -> tuple[np.ndarray, np.ndarray, float]:
    return body.xy[11:13].mean(0), body.xy[23:25].mean(0), TORSO_RADIUS


def _towards(
    points: np.ndarray,
    body: Body,
    start: np.ndarray,
    end: np.ndarray,
    radius: float,
    direction: np.ndarray,
) -> np.ndarray:
    """Cosine between `direction` and the surface of a cylinder that is seen at each pixel."""
    _, _, across = segment(points, start, end)
    offset = np.clip(across / (radius * body.pixels_per_metre), -0.95, 0.95)
    along = _unit(end - start)
    lateral = np.array([-along[1], along[0]])
    return offset * (lateral @ direction[:2]) - np.sqrt(1 - offset**2) * direction[2]


def _head_left(points: np.ndarray, body: Body) -> np.ndarray:
    """How far to the left on a ball at the ears the surface seen at each pixel lies, -1..1."""
    left = _unit(body.world[7] - body.world[8])
    offset = (points - body.xy[7:9].mean(0)) / (HEAD_RADIUS * body.pixels_per_metre)
    length = np.maximum(np.linalg.norm(offset, axis=1), 1e-6)
    offset *= np.minimum(1, 0.95 / length)[:, None]
    depth = -np.sqrt(1 - (offset**2).sum(1))
    return offset @ left[:2] + depth * left[2]


def segment(
    points: np.ndarray, start: np.ndarray, end: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where points lie beside a segment.

    Returns:
        Fraction along it (0..1), distance to it, signed distance across its line (right-hand normal
        (-dy, dx) positive), all (N,).
    """
    axis = end - start
    length = max(float(np.linalg.norm(axis)), 1e-6)
    offset = points - start
    along = np.clip(offset @ axis / length**2, 0, 1)
    distance = np.linalg.norm(offset - along[:, None] * axis, axis=1)
    across = (offset @ np.array([-axis[1], axis[0]])) / length
    return along, distance, across


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-6)
