"""What may lie beside a photo: joints of the person in it, or outlines of all persons."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..data.segmentation import decode
from ..errors import DataError
from .observe import Pose

JOINTS = "joints.csv"  # Leeds Sports Pose: one known person a photo
WRONG = 0.08  # in sides of the box: a landmark farther from its given joint is replaced by it
SWAPPED = 0.75  # below this share of its own error, the mirrored pose is the right one
LSP_TO_BLAZEPOSE = {
    "r_ankle": 28, "r_knee": 26, "r_hip": 24, "l_hip": 23, "l_knee": 25, "l_ankle": 27,
    "r_wrist": 16, "r_elbow": 14, "r_shoulder": 12, "l_shoulder": 11, "l_elbow": 13, "l_wrist": 15,
}  # fmt: skip


def read_joints(path: Path) -> dict[str, dict[str, np.ndarray]]:
    """Leeds Sports Pose joints: photo → joint → (2,) pixels, visible ones only.

    Raises:
        DataError: not such a table.
    """
    joints: dict[str, dict[str, np.ndarray]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            try:
                joints[row["photo"]] = {
                    name: np.array([float(row[f"{name}_x"]), float(row[f"{name}_y"])])
                    for name in LSP_TO_BLAZEPOSE
                    if float(row[f"{name}_visible"]) > 0
                }
            except (KeyError, TypeError, ValueError) as error:
                raise DataError(
                    f"{path} lacks columns photo, r_ankle_x …; remove it or mend it"
                ) from error
    return joints


def read_polygons(path: Path, size: tuple[int, int]) -> list[np.ndarray]:
    """Person masks (H, W) bool from a YOLO polygon file, class 0.

    Raises:
        DataError: not such a file.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        rows = [[float(v) for v in line.split()] for line in lines]
        shares = [np.array(r[1:]).reshape(-1, 2) for r in rows if len(r) >= 7 and r[0] == 0]
    except ValueError as error:
        raise DataError(f"{path} is not a polygon file; remove it or mend it") from error
    masks = [decode([(xy * [size[1], size[0]]).ravel().tolist()], *size) for xy in shares]
    return [m for m in masks if m.any()]


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
    errors = [_distances(pose, joints, swap).mean() for swap in (False, True)]
    side = max(box[2] - box[0], box[3] - box[1])
    return float(min(errors) / side), bool(errors[1] < SWAPPED * errors[0])


def corrected(pose: Pose, joints: dict[str, np.ndarray], box: np.ndarray) -> Pose:
    """The pose with given joints in place of landmarks that are far from them."""
    away = _distances(pose, joints, False)
    swap = bool(_distances(pose, joints, True).mean() < away.mean())
    away = _distances(pose, joints, swap)
    wrong = away > WRONG * max(box[2] - box[0], box[3] - box[1])
    numbers = np.array([_landmark(name, swap) for name in joints])[wrong]
    xy, visibility = pose.xy.copy(), pose.visibility.copy()
    xy[numbers] = np.array(list(joints.values()))[wrong]
    visibility[numbers] = 1.0
    return replace(pose, xy=xy, visibility=visibility)


def _distances(pose: Pose, joints: dict[str, np.ndarray], swap: bool) -> np.ndarray:
    """Pixels between each given joint and its landmark, the sides as given or swapped."""
    numbers = [_landmark(name, swap) for name in joints]
    return np.linalg.norm(pose.xy[numbers] - np.array(list(joints.values())), axis=1)


def _landmark(name: str, swap: bool) -> int:
    number = LSP_TO_BLAZEPOSE[name]
    return number + (1 if number % 2 else -1) * swap
