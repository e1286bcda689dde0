"""The one person of a photo whose joints are given, as in Leeds Sports Pose.

Athletes hang, fly and lie. They are looked at in many turns, and the look counts that agrees best
with the joints; where one landmark does not, the joint takes its place and its depth is forgotten.
"""

from dataclasses import replace

import cv2
import numpy as np

from .observe import CROP, Pose, Teachers
from .one_photo import Sight
from .people import MIN_SCORE, Candidate, box_iou, outline_of_all, share_out
from .sidecars import LSP_TO_BLAZEPOSE

MARGINS = (0.3, 0.15)  # of the joints' longer side: room for head, hands and feet
TURNS = 8
MAX_JOINT_ERROR = 0.14  # mean distance of landmarks to given joints, in sides of their box
MIN_JOINTS = 6
MIN_COVERED = 0.85  # of the joints must lie in the outline
MIN_LABELLED = 0.5  # of an athlete's pixels must get a part
WRONG = 0.08  # in sides of the box: a landmark farther from its given joint is replaced by it
SWAPPED = 0.75  # below this share of its own error, the mirrored pose is the right one
SIDES_COUNT = 0.05  # in sides of the box: how much better a look of the other side must be
SURENESS_COUNTS = 0.1  # a sure look may be this much farther from the joints, in sides of the box
GOOD_LOOK = 0.055  # sureness's share less the error, from which no further look is needed
APART = 0.4  # IoU of two boxes below which they are two people
# What moves with a joint: its landmarks have no depth either when the joint was mistaken.
BEYOND = {15: (17, 19, 21), 16: (18, 20, 22), 27: (29, 31), 28: (30, 32)}
TRUNK = (11, 12, 23, 24)


def see_athlete(
    teachers: Teachers, image: np.ndarray, joints: dict[str, np.ndarray]
) -> Sight | str:
    """Find the one person whose joints are given; the reason if the teachers cannot.

    Args:
        teachers: the networks.
        image: (H, W, 3) uint8 RGB.
        joints: name → (2,) pixels, of `sidecars.read_joints`.
    """
    known = np.array(list(joints.values()))
    if len(sided(joints)) < MIN_JOINTS:
        return f"fewer than {MIN_JOINTS} joints are given"
    low, high = known.min(0), known.max(0)
    box = around(low, high, MARGINS[1])
    pose = best_look(teachers, image, joints, [around(low, high, m) for m in MARGINS])
    error, swapped = joint_error(pose, joints, box)
    if pose.score < MIN_SCORE or error > MAX_JOINT_ERROR or swapped:
        return f"pose and joints differ ({error:.3f})"
    pose = corrected(pose, joints, box)
    others = [b[:4] for b in teachers.boxes(image, 0.25) if box_iou(b, box) < APART]
    everybody = [Candidate(box, pose), *(Candidate(other, None) for other in others)]
    masks, rest = share_out(outline(teachers, image, pose), everybody)
    if not masks[0].any() or covered(masks[0], known) < MIN_COVERED:
        return "the outline misses joints"
    return Sight(image, everybody[:1], masks[:1], others, rest, complete=MIN_LABELLED)


def around(low: np.ndarray, high: np.ndarray, margin: float) -> np.ndarray:
    """(4,) box about the corners of the joints, wider by a share of its longer side."""
    return np.r_[low, high] + margin * (high - low).max() * np.array([-1, -1, 1, 1])


def best_look(
    teachers: Teachers,
    image: np.ndarray,
    joints: dict[str, np.ndarray],
    boxes: list[np.ndarray],
) -> Pose:
    """Of boxes and turns the pose that agrees best with the joints, or the first that is good."""
    turns = spine_angle(joints) + [2 * np.pi * k / TURNS for k in range(TURNS)]

    def worth(pose: Pose) -> float:
        own, other = (distances(pose, joints, swap).mean() for swap in (False, True))
        side = (boxes[-1][2:] - boxes[-1][:2]).max()
        return SURENESS_COUNTS * pose.sureness - min(own / side, other / side + SIDES_COUNT)

    looks = (teachers.pose(image, box, turn) for box in boxes for turn in turns)
    best = next(looks)
    for pose in looks:
        if worth(best) > GOOD_LOOK:
            break
        best = max(best, pose, key=worth)
    return best


def outline(teachers: Teachers, image: np.ndarray, pose: Pose) -> np.ndarray:
    """(H, W) alpha of all people, the athlete also seen upright, as its network likes it."""
    upright = cv2.warpAffine(image, pose.crop, (CROP, CROP), borderMode=cv2.BORDER_REPLICATE)
    back = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
    own = outline_of_all(teachers, upright)
    turned = cv2.warpAffine(own, pose.crop, image.shape[1::-1], flags=back)
    return np.max([outline_of_all(teachers, image), turned, 0.9 * (pose.mask > 0.8)], axis=0)


def spine_angle(joints: dict[str, np.ndarray]) -> list[float]:
    """The turn of the crop that sets the trunk upright; none without shoulders and hips."""
    if not {"r_shoulder", "l_shoulder", "r_hip", "l_hip"} <= joints.keys():
        return []
    up = joints["r_shoulder"] + joints["l_shoulder"] - joints["r_hip"] - joints["l_hip"]
    return [float(np.arctan2(up[0], -up[1]))]


def joint_error(pose: Pose, joints: dict[str, np.ndarray], box: np.ndarray) -> tuple[float, bool]:
    """How far landmarks are from given joints.

    The joints' own sides are crowd-sourced and sometimes swapped, so the better of both readings
    counts.

    Returns:
        Mean distance in sides of the box, and whether the joints fit the other side much better.
    """
    errors = [distances(pose, joints, swap).mean() for swap in (False, True)]
    side = max(box[2] - box[0], box[3] - box[1])
    return float(min(errors) / side), bool(errors[1] < SWAPPED * errors[0])


def corrected(pose: Pose, joints: dict[str, np.ndarray], box: np.ndarray) -> Pose:
    """The pose with given joints in place of landmarks that are far from them.

    The depth of those, and of the hand or foot that hangs on them, is no longer believed; nor is
    any depth if half of the trunk was wrong.
    """
    swap = bool(distances(pose, joints, True).mean() < distances(pose, joints, False).mean())
    away = distances(pose, joints, swap)
    wrong = away > WRONG * max(box[2] - box[0], box[3] - box[1])
    places = list(sided(joints).values())
    numbers = np.array([_landmark(name, swap) for name in sided(joints)])
    xy, visibility, deep = pose.xy.copy(), pose.visibility.copy(), np.ones(len(pose.xy))
    xy[numbers[wrong]] = np.array(places)[wrong]
    visibility[numbers] = 1.0
    for number in numbers[wrong]:
        beyond = list(BEYOND.get(int(number), ()))
        deep[[number, *beyond]], visibility[beyond] = 0, 0
    if np.isin(TRUNK, numbers[wrong]).sum() >= len(TRUNK) / 2:
        deep[:] = 0
    return replace(pose, xy=xy, visibility=visibility, deep=deep)


def covered(mask: np.ndarray, joints: np.ndarray) -> float:
    """Share of joints (N, 2) that lie in the mask (H, W) or within a few pixels of it."""
    side = 2 * (1 + round(0.015 * max(mask.shape))) + 1
    near = cv2.dilate(mask.astype(np.uint8), np.ones((side, side), np.uint8))
    column, row = np.round(joints).astype(int).T
    inside = (column >= 0) & (row >= 0) & (column < mask.shape[1]) & (row < mask.shape[0])
    return float((near[row[inside], column[inside]] > 0).mean()) if inside.any() else 0.0


def sided(joints: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The joints that BlazePose has as well: those of the limbs."""
    return {name: xy for name, xy in joints.items() if name in LSP_TO_BLAZEPOSE}


def distances(pose: Pose, joints: dict[str, np.ndarray], swap: bool) -> np.ndarray:
    """Pixels between each given joint and its landmark, the sides as given or swapped."""
    limbs = sided(joints)
    numbers = [_landmark(name, swap) for name in limbs]
    return np.linalg.norm(pose.xy[numbers] - np.array(list(limbs.values())), axis=1)


def _landmark(name: str, swap: bool) -> int:
    number = LSP_TO_BLAZEPOSE[name]
    return number + (1 if number % 2 else -1) * swap
