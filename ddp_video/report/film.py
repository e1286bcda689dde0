"""Two renderings of every frame in one video, the first above the second."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Self

import cv2
import numpy as np

from ..encode import VideoWriter
from ..settings import EncodeSettings
from ..types import Frame, VideoInfo

MARGIN = 8  # rows around each rendering, so that coding carries nothing from one to the other
_BLOCK = 16  # rows that H.264 codes together
_KEYFRAME_EVERY = 24  # frames: clicking on a curve and looping a clip jump at once


class Film:
    """H.264 of two renderings; begins at 0 and keeps the source's clock otherwise.

    Attributes:
        path: the file.
        size: (H, W) of one rendering in it, both even, pixels square.
        stride: rows from one rendering to the other; each begins `MARGIN` rows below a multiple.
    """

    def __init__(self, path: Path, info: VideoInfo, max_side: int, crf: int) -> None:
        """Announce a film; nothing is written before the context is entered.

        Raises:
            OutputError: this build of FFmpeg has no H.264.
        """
        self.path = path
        self.size = film_size(info, max_side)
        self.stride = -(-(self.size[0] + 2 * MARGIN) // _BLOCK) * _BLOCK
        settings = EncodeSettings(crf=crf, keyframe_every=_KEYFRAME_EVERY)
        square = replace(info, pixel_aspect=Fraction(1))
        both = (2 * self.stride, self.size[1])
        self._writer = VideoWriter(path, square, both, settings, start=Fraction(0))

    def __enter__(self) -> Self:
        """Open it."""
        self._writer.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        """Finish it, or remove it after an error."""
        self._writer.__exit__(kind, *rest)

    def add(self, frame: Frame, before_HW3: np.ndarray, after_HW3: np.ndarray) -> None:
        """Append one frame's renderings.

        Raises:
            OutputError: it cannot be written.
        """
        pictures = [self._fitted(each) for each in (before_HW3, after_HW3)]
        stacked = np.concatenate(pictures)
        self._writer.write(stacked, frame.pts, frame.time_base, frame.duration)

    def _fitted(self, picture_HW3: np.ndarray) -> np.ndarray:
        """Of the film's size, its outermost rows repeated above and below."""
        height, width = self.size
        if picture_HW3.shape[:2] != self.size:
            picture_HW3 = cv2.resize(picture_HW3, (width, height), interpolation=cv2.INTER_AREA)
        below = self.stride - height - MARGIN
        return cv2.copyMakeBorder(picture_HW3, MARGIN, below, 0, 0, cv2.BORDER_REPLICATE)


def film_size(info: VideoInfo, max_side: int) -> tuple[int, int]:
    """(H, W) with square pixels, even, and no longer than `max_side`; never enlarged beyond that.

    Args:
        info: of the video.
        max_side: pixels.
    """
    width, height = float(info.width * info.pixel_aspect), float(info.height)
    scale = min(1.0, max_side / max(width, height))
    return max(2, round(height * scale / 2) * 2), max(2, round(width * scale / 2) * 2)
