"""From pictures to a video file or a PNG, written beside the target and renamed at the end.

H.264 is yuv420p, BT.709, limited range, tagged so, with the index in front: what browsers play.
Its sides are even, so an odd side grows by one column or row that repeats the last. FFV1 is
lossless RGB (or RGBA) for labels and transparency; it goes into .mkv, whose clock ticks in
milliseconds.

Time: frames keep the source's pts, its variable rate and the length of the last frame. After a cut
(`start`) the first frame is at 0 and the sound moves with it; so does a source whose clock starts
late (transport streams).
"""

from .picture import write_picture
from .target import check_output
from .writer import VideoWriter

__all__ = ["VideoWriter", "check_output", "write_picture"]
