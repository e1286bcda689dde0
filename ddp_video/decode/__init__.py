"""From a video file, a picture or a folder of pictures to frames.

Time: a frame keeps the source's own pts and time base. `start` and `end` are seconds from
`VideoInfo.start_time`, the moment that a player shows as 0:00.

Colour: the matrix and range that the stream states are honoured. A stream that states no matrix is
read as players read it: BT.709 from 1280 columns or 577 lines on, BT.601 below. HDR (PQ, HLG) is
brought to BT.709. Transparency is laid over black.

Damage: what can be read is given, and a line of `FrameReader.warnings` says what is missing.
"""

from .reader import FrameReader, probe
from .sources import PICTURE_SUFFIXES, VIDEO_SUFFIXES, expand_inputs, pattern_stem

__all__ = [
    "PICTURE_SUFFIXES",
    "VIDEO_SUFFIXES",
    "FrameReader",
    "expand_inputs",
    "pattern_stem",
    "probe",
]
