"""I, 255·U, 255·V in the byte order of the field: pictures, or one lossless video."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from ..encode import VideoWriter, write_picture
from ..render import iuv_array, labels
from ..settings import EncodeSettings
from ..types import Frame, Prediction
from .target import Export, Target


@contextmanager
def iuv_png(target: Target) -> Iterator[Export]:
    """One PNG a frame; OpenCV reads (I, 255·U, 255·V), PIL the reverse."""
    with target.frames(".png") as place:
        yield lambda frame, prediction: write_picture(
            place(frame), iuv_array(labels(prediction, frame.size)), channel_order="bgr"
        )


@contextmanager
def iuv_video(target: Target) -> Iterator[Export]:
    """FFV1 in Matroska, frames as those of `iuv-png`; a single picture is a PNG."""
    if target.info.is_picture:
        with iuv_png(target) as export:
            yield export
        return
    size = (target.info.height, target.info.width)
    lossless = EncodeSettings(codec="ffv1")
    with VideoWriter(
        target.path, target.info, size, lossless, start=target.start, overwrite=target.overwrite
    ) as video:

        def write(frame: Frame, prediction: Prediction) -> None:
            rgb = np.ascontiguousarray(iuv_array(labels(prediction, frame.size))[..., ::-1])
            video.write(rgb, frame.pts, frame.time_base, frame.duration)

        yield write
