"""Joins pipeline, evaluation and synthesis, which do not know one another, for `metrics`."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..evaluation.clips import FLOW, TRUTH
from ..evaluation.steady import SteadyScore
from ..pipeline import measure_video, open_input
from ..store import is_store
from ..synthesis.clip_files import read_flow, read_truth

if TYPE_CHECKING:
    from ..measure import SteadinessResult
    from ..pipeline.overlap import Progress
    from ..pipeline.sources import Input

Measured = tuple["SteadinessResult", dict[str, float], tuple[str, ...]]


def measure(path: Path, progress: "Progress | None" = None) -> Measured:
    """ITF and ISI of a video or a store; of a store whose source is there, everything else too.

    Returns:
        ITF and ISI, the figures of `SteadyScore`, and one line for each thing that was wrong.
    """
    from ..errors import PredictionsError

    warnings: tuple[str, ...] = ()
    if is_store(path):
        try:
            given = open_input(path, None, None)
        except PredictionsError as error:
            warnings = (f"{error}; without it only ITF and ISI can be measured",)
        else:
            if not given.reader.info.is_picture:
                return _scored(given, progress)
            given.reader.close()
    result, further = measure_video(path, progress)
    return result, {}, (*warnings, *further)


def _scored(given: "Input", progress: "Progress | None") -> Measured:
    """Every frame with its picture, and with its truth where that lies beside the source."""
    assert given.stored is not None
    score = SteadyScore()
    truth, flow = truth_of(given)
    with given.reader as reader:
        for t, (frame, prediction) in enumerate(given.stored(reader)):
            score.add(
                frame.image,
                prediction,
                truth[t] if truth is not None and t < len(truth) else None,
                flow[t - 1] if flow is not None and 0 < t <= len(flow) else None,
            )
            if progress:
                progress(t + 1, len(given.stored))
        return score.steadiness(), score.figures(), tuple(reader.warnings)


def truth_of(given: "Input") -> tuple[np.ndarray | None, np.ndarray | None]:
    """Labels and flow of a rendered clip, where all of it was inferred."""
    source = given.reader.info.path
    if given.start or given.end is not None:
        return None, None
    labels, flow = (source.with_name(source.stem + suffix) for suffix in (TRUTH, FLOW))
    return (
        read_truth(labels)[0] if labels.is_file() else None,
        read_flow(flow) if flow.is_file() else None,
    )
