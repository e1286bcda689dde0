"""ITF and ISI of any video, or of stored predictions drawn on black."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..decode import FrameReader
from ..errors import InputError
from ..measure import Steadiness, SteadinessResult
from ..render import draw, labels
from ..settings import RenderSettings
from ..store import StoredPredictions, is_store, open_predictions
from .overlap import Progress


def measure_video(
    source: Path, progress: Progress | None = None
) -> tuple[SteadinessResult, tuple[str, ...]]:
    """ITF and ISI over the whole frame: of a video, or of a store's isocontours on black.

    Returns:
        The measurement, and one line for each thing that was wrong with the file.

    Raises:
        InputError: the source is one picture.
        VideoError: it cannot be read.
        PredictionsError: it is a store that cannot be read.
    """
    if is_store(source):
        stored = open_predictions(source)
        is_picture: bool = stored.header["source"]["is_picture"]
        return _measured(source, is_picture, _drawn(stored), len(stored), progress), stored.warnings
    with FrameReader(source) as reader:
        images = (frame.image for frame in reader)
        info = reader.info
        result = _measured(source, info.is_picture, images, info.frames, progress)
        return result, tuple(reader.warnings)


def _measured(
    source: Path,
    is_picture: bool,
    images: Iterator[np.ndarray],
    expected: int | None,
    progress: Progress | None,
) -> SteadinessResult:
    if is_picture:
        raise InputError(f"{source} is one picture: steadiness needs a video")
    meter = Steadiness()
    for done, image in enumerate(images, 1):
        meter.add(image)
        if progress:
            progress(done, expected)
    return meter.result()


def _drawn(stored: StoredPredictions) -> Iterator[np.ndarray]:
    on_black = RenderSettings(background="black")
    for frame in stored:
        yield draw(labels(frame.prediction()), None, on_black)
