"""The part alone, I = 0..24, as 8-bit grey PNG: also what CatVTON's masker reads."""

from collections.abc import Iterator
from contextlib import contextmanager

from ..encode import write_picture
from ..render import labels
from .target import Export, Target


@contextmanager
def part_png(target: Target) -> Iterator[Export]:
    """One picture a frame, in the frame's size, named as the photo."""
    with target.frames(".png") as place:
        yield lambda frame, prediction: write_picture(
            place(frame), labels(prediction, frame.size).part
        )
