"""The driving video of MagicAnimate."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from ..encode import VideoWriter, write_picture
from ..settings import EncodeSettings
from ..types import Frame, Prediction
from .colours import VIRIDIS, fitted_labels
from .target import Export, Target

SIDE = 512
# Its own driving videos carry no colour tags and hold BT.601, which readers assume that ask nobody.
_ENCODE = EncodeSettings(crf=4, matrix="bt601")


@contextmanager
def magicanimate(target: Target) -> Iterator[Export]:
    """512×512, viridis on its own darkest colour, H.264 yuv420p in BT.601; margins are background.

    MagicAnimate squeezes any other shape into the square, so the proportions are kept here.
    """

    def picture(prediction: Prediction) -> np.ndarray:
        return VIRIDIS[fitted_labels(prediction, (SIDE, SIDE)).part]

    if target.info.is_picture:
        with target.frames(".png") as place:
            yield lambda frame, prediction: write_picture(place(frame), picture(prediction))
        return
    writer = VideoWriter(
        target.path,
        target.info,
        (SIDE, SIDE),
        _ENCODE,
        start=target.start,
        overwrite=target.overwrite,
    )
    with writer as video:

        def write(frame: Frame, prediction: Prediction) -> None:
            video.write(picture(prediction), frame.pts, frame.time_base, frame.duration)

        yield write
