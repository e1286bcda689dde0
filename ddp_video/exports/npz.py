"""NumPy archives: everything about a frame, for programs of one's own."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from ..render import labels, person_of_pixel
from ..types import Frame, Prediction
from .target import Export, Target


@contextmanager
def npz(target: Target) -> Iterator[Export]:
    """One compressed archive a frame.

    part (H, W) uint8, u and v (H, W) float16, person (H, W) uint8 (0 = nobody, n = row n − 1 of
    the boxes), boxes (N, 4) float32 x0 y0 x1 y1, scores (N,) float32, numbers (N,) int32 (who each
    row is through the film, from 1), time in seconds.
    """
    with target.frames(".npz") as place:

        def write(frame: Frame, prediction: Prediction) -> None:
            iuv = labels(prediction, frame.size)
            people = prediction.people
            np.savez_compressed(
                place(frame),
                part=iuv.part,
                u=iuv.u.astype(np.float16),
                v=iuv.v.astype(np.float16),
                person=person_of_pixel(prediction, iuv.part),
                boxes=np.array([each.box for each in people], np.float32).reshape(-1, 4),
                scores=np.array([each.score for each in people], np.float32),
                numbers=np.array([each.number for each in people], np.int32),
                time=np.float64(frame.time),
            )

        yield write
