"""The `image-densepose` folder of the try-on datasets: VITON-HD, HR-VITON, IDM-VTON."""

from collections.abc import Iterator
from contextlib import contextmanager

from ..encode import write_picture
from ..render import labels
from .colours import PARULA_ON_BLACK
from .target import Export, Target

SIZE = (1024, 768)  # H, W


@contextmanager
def viton_hd(target: Target) -> Iterator[Export]:
    """768×1024 JPEG (4:4:4, quality 100), parula on black at full strength, named as the photo.

    Their loaders bring the photo to 768×1024 without regard to its proportions; so is this.
    """
    with target.frames(".jpg") as place:
        yield lambda frame, prediction: write_picture(
            place(frame), PARULA_ON_BLACK[labels(prediction, SIZE).part]
        )
