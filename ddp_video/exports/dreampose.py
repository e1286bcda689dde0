"""The pose arrays of DreamPose."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from ..atomic import folder_beside
from ..render import labels
from ..types import Frame, Prediction
from .target import Export, Target


@contextmanager
def dreampose(target: Target) -> Iterator[Export]:
    """U and V as (2, H, W) float32 in 0..1, 0 where nobody is: `frame_0_densepose.npy`, ….

    Its scripts read the number out of the name and write it again without leading zeros; beside a
    photo they look for `<photo>_densepose.npy`.
    """

    def pose(frame: Frame, prediction: Prediction) -> np.ndarray:
        iuv = labels(prediction, frame.size)
        return np.stack([iuv.u, iuv.v])

    if target.info.is_picture:
        with target.frames(".npy") as place:
            yield lambda frame, prediction: np.save(place(frame), pose(frame, prediction))
        return
    film = target.info.container != "pictures"
    with folder_beside(target.path) as folder:

        def write(frame: Frame, prediction: Prediction) -> None:
            name = f"frame_{frame.index}" if film else target.name(frame)
            np.save(folder / f"{name}_densepose.npy", pose(frame, prediction))

        yield write
