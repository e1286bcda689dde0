"""Motion clips in the format of DeepMimic: a humanoid of 15 joints, one row a moment."""

import json
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from ...errors import DataError
from ..body.rotations import turn
from .skeletons import Skeleton, Take, take

# Its humanoid: joint, the joint above, offset in metres (x forwards, y up, z right), numbers a row.
JOINTS = (
    ("root", -1, (0, 0, 0), 4),
    ("chest", 0, (0, 0.236151, 0), 4),
    ("neck", 1, (0, 0.223894, 0), 4),
    ("right_hip", 0, (0, 0, 0.084887), 4),
    ("right_knee", 3, (0, -0.421546, 0), 1),
    ("right_ankle", 4, (0, -0.40987, 0), 4),
    ("right_shoulder", 1, (-0.02405, 0.2435, 0.18311), 4),
    ("right_elbow", 6, (0, -0.274788, 0), 1),
    ("left_hip", 0, (0, 0, -0.084887), 4),
    ("left_knee", 8, (0, -0.421546, 0), 1),
    ("left_ankle", 9, (0, -0.40987, 0), 4),
    ("left_shoulder", 1, (-0.02405, 0.2435, -0.18311), 4),
    ("left_elbow", 11, (0, -0.274788, 0), 1),
    ("right_wrist.tip", 7, (0, -0.258947, 0), 0),
    ("left_wrist.tip", 12, (0, -0.258947, 0), 0),
    ("right_toe.tip", 5, (0.13, -0.05, 0), 0),
    ("left_toe.tip", 10, (0.13, -0.05, 0), 0),
    ("crown.tip", 2, (0, 0.28, 0), 0),
)
WIDTH = 4 + sum(joint[3] for joint in JOINTS)  # duration and root position come first


def read_deepmimic(path: Path) -> Take:
    """Read a clip.

    Raises:
        DataError: it is none.
    """
    try:
        rows = np.array(json.loads(path.read_text("utf-8"))["Frames"], float)
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is no DeepMimic clip; remove it from the folder") from error
    if rows.ndim != 2 or rows.shape[1] != WIDTH:
        raise DataError(f"{path} has rows of another humanoid; {WIDTH} numbers are expected")
    names, parents, offsets, widths = zip(*JOINTS, strict=True)
    skeleton = Skeleton(names, parents, np.array(offsets, float))
    world = np.zeros((len(rows), len(names), 3, 3))
    column = 4
    for joint, (parent, width) in enumerate(zip(parents, widths, strict=True)):
        values = rows[:, column : column + width]
        if width == 4:
            local = Rotation.from_quat(values[:, [1, 2, 3, 0]]).as_matrix()
        else:
            local = turn("z", np.degrees(values[:, 0])) if width else np.eye(3)
        world[:, joint] = local if parent < 0 else world[:, parent] @ local
        column += width
    return take(skeleton, world, rows[:, 1:4], 1 / float(rows[:, 0].mean()), path.name)
