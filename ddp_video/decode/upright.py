"""Decoded frames made upright RGB of one size: rotation and colour."""

import struct

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import (
    ColorPrimaries,
    Colorspace,
    ColorTrc,
    Interpolation,
    VideoReformatter,
)

from ..types import VideoInfo
from .turn import UPRIGHT, Turn, over_black, turned

_UNSPECIFIED_MATRIX = 2
_HDR_CURVES = (ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67)
# The fast path of swscale is off by up to 3 levels; with these flags it is off by at most 1.
_ACCURATE = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT


def display_turn(frame: VideoFrame) -> Turn:
    """How the container wants the stored picture laid.

    Its display matrix [a b u; c d v; …] takes the stored (x, y) to (a·x + c·y, b·x + d·y).
    """
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return UPRIGHT
    a, b, _, c, d = struct.unpack("=5i", bytes(matrix)[:20])
    return Turn(True, c < 0, b < 0) if abs(b) > abs(a) else Turn(False, a < 0, d < 0)


class Upright:
    """Turns decoded frames into upright RGB of one size.

    Attributes:
        scaled: frames so far whose own size was another.
    """

    def __init__(self, info: VideoInfo) -> None:
        self.scaled = 0
        self._size = (info.width, info.height)
        self._reformatter = VideoReformatter()  # kept: it holds swscale's tables
        self._turn: Turn | None = None  # that of the first frame: it belongs to the stream

    def rgb(self, frame: VideoFrame) -> np.ndarray:
        """(H, W, 3) uint8 as displayed."""
        if self._turn is None:  # asked once: side data keep a frame in memory until Python's gc
            self._turn = display_turn(frame)
        turn = self._turn
        width, height = self._size[::-1] if turn.transpose else self._size
        self.scaled += (frame.width, frame.height) != (width, height)
        matrix = None
        if frame.colorspace == _UNSPECIFIED_MATRIX and not frame.format.is_rgb:
            hd = frame.width >= 1280 or frame.height > 576
            matrix = Colorspace.ITU709 if hd else Colorspace.ITU601
        hdr = frame.color_trc in _HDR_CURVES
        transparent = any(component.is_alpha for component in frame.format.components)
        image = self._reformatter.reformat(
            frame,
            width=width,
            height=height,
            format="rgba" if transparent else "rgb24",
            src_colorspace=matrix,
            interpolation=_ACCURATE,
            dst_color_trc=ColorTrc.BT709 if hdr else None,
            dst_color_primaries=ColorPrimaries.BT709 if hdr else None,
        ).to_ndarray()
        return turned(over_black(image) if transparent else image, turn)
