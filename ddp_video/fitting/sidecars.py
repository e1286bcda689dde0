"""What may lie beside a photo: joints of the person in it, or outlines of all persons."""

import csv
from pathlib import Path

import numpy as np

from ..data.segmentation import decode
from ..errors import DataError
from .observe import Pose

JOINTS = "joints.csv"  # Leeds Sports Pose: one known person a photo
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


def joint_error(pose: Pose, joints: dict[str, np.ndarray], box: np.ndarray) -> tuple[float, bool]:
    """How far landmarks are from given joints.

    The joints' own sides are crowd-sourced and sometimes swapped, so the better of both readings
    counts.

    Returns:
        Mean distance in sides of the box, and whether the joints fit the other side much better.
    """
    errors = []
    for swap in (False, True):
        of = {n: k + (1 if k % 2 else -1) * swap for n, k in LSP_TO_BLAZEPOSE.items()}
        errors.append(
            np.mean([np.linalg.norm(pose.xy[of[n]] - p) for n, p in joints.items() if n in of])
        )
    side = max(box[2] - box[0], box[3] - box[1])
    return float(min(errors) / side), bool(errors[1] < SWAPPED * errors[0])
