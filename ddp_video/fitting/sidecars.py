"""What may lie beside a photo: joints of the person in it, or outlines of all persons."""

import csv
from pathlib import Path

import numpy as np

from ..data.segmentation import decode
from ..errors import DataError

JOINTS = "joints.csv"  # Leeds Sports Pose: one known person a photo
LSP_TO_BLAZEPOSE = {
    "r_ankle": 28, "r_knee": 26, "r_hip": 24, "l_hip": 23, "l_knee": 25, "l_ankle": 27,
    "r_wrist": 16, "r_elbow": 14, "r_shoulder": 12, "l_shoulder": 11, "l_elbow": 13, "l_wrist": 15,
}  # fmt: skip
HEAD = ("neck", "head_top")  # which may lack in a table


def read_joints(path: Path) -> dict[str, dict[str, np.ndarray]]:
    """Leeds Sports Pose joints, head and neck too: photo → joint → (2,) pixels, visible ones only.

    Raises:
        DataError: not such a table.
    """
    joints: dict[str, dict[str, np.ndarray]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            try:
                joints[row["photo"]] = {
                    name: np.array([float(row[f"{name}_x"]), float(row[f"{name}_y"])])
                    for name in (*LSP_TO_BLAZEPOSE, *(n for n in HEAD if f"{n}_x" in row))
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
