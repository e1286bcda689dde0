"""Poses of real people as a table of landmarks, for rendered people to take.

`ddp-video synth landmarks` writes it, `synth pictures --landmarks` reads it.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from ..atomic import beside
from ..errors import DataError, InputError
from .observe import Pose, Teachers
from .people import MIN_HEIGHT, best_pose

ANGLES = (0.0, np.pi / 2, -np.pi / 2, np.pi)  # that the crop is turned by, for unsure poses
SURE = 0.8  # from here on no other angle is tried
CREDIBLE = 0.55  # less sure poses are left out
LEGS = slice(23, 29)  # hips, knees, ankles: they must be in the picture


def landmarks(teachers: Teachers, image: np.ndarray) -> list[np.ndarray]:
    """The credible poses of a photo's people.

    Args:
        teachers: boxes and landmarks are asked.
        image: (H, W, 3) uint8 RGB.

    Returns:
        (39, 3) float32 each: metres, x right, y down, z away from the camera, upright as the photo.
    """
    found = teachers.boxes(image)
    if not len(found):  # the detector misses people who are upside down
        found = np.array([[0, 0, image.shape[1], image.shape[0], 1.0]])
    out = []
    for box in found:
        if box[3] - box[1] < MIN_HEIGHT:
            continue
        pose = best_pose(teachers, image, box)
        if pose.sureness < SURE:
            pose = best_pose(teachers, image, box, ANGLES)
        if pose.sureness > CREDIBLE and whole(pose):
            out.append(upright(pose))
    return out


def whole(pose: Pose) -> bool:
    """Whether both legs are in the picture."""
    height, width = pose.mask.shape
    points = pose.xy[LEGS]
    return bool(((points >= 0) & (points < (width, height))).all())


def upright(pose: Pose) -> np.ndarray:
    """(39, 3) landmarks turned from the crop's axes to the photo's."""
    c, s = np.cos(pose.angle), np.sin(pose.angle)
    back = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    return (pose.world @ back.T).astype(np.float32)


def write_landmarks(
    photos: Sequence[Path],
    teachers: Teachers,
    path: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Write a table of all credible poses in some photos.

    Args:
        photos: picture files; none that anything is measured on.
        teachers: the networks.
        path: `.npz` to write: `world` (N, 39, 3) float32 and `photo` (N,) names.
        progress: told photos done and in all.

    Returns:
        How many poses.

    Raises:
        DataError: a photo cannot be read.
        InputError: there is no pose in any of them.
    """
    world, names = [], []
    for done, photo in enumerate(photos):
        progress(done, len(photos))
        picture = cv2.imread(str(photo))
        if picture is None:
            raise DataError(f"{photo} cannot be read as a picture; remove it")
        people = landmarks(teachers, np.ascontiguousarray(picture[:, :, ::-1]))
        world += people
        names += [photo.name] * len(people)
    if not world:
        raise InputError("no whole person was found in these photos; give others")
    with beside(path) as part:
        np.savez_compressed(part, world=np.stack(world), photo=np.array(names))
    return len(world)
