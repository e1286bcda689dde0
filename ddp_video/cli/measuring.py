"""Joins pipeline, evaluation and synthesis, which do not know one another, for `metrics`."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InputError, PredictionsError
from ..evaluation.clips import FLOW, TRUTH
from ..evaluation.steady import SteadyScore
from ..pipeline import measure_video, open_input
from ..pipeline.people import largest, picked
from ..settings import People
from ..smooth import smooth
from ..store import is_store
from ..synthesis.clip_files import read_flow, read_truth

if TYPE_CHECKING:
    from ..measure import SteadinessResult
    from ..pipeline.overlap import Progress
    from ..pipeline.sources import Input

Measured = tuple["SteadinessResult", dict[str, float], tuple[str, ...]]


def measure(path: Path, progress: "Progress | None" = None, people: People = "all") -> Measured:
    """ITF and ISI of a video or a store; of a store whose source is there, everything else too.

    Args:
        path: a video or a store.
        progress: called after every frame.
        people: whose labels are measured; the truth is only compared with those of all.

    Returns:
        ITF and ISI, the figures of `SteadyScore`, and one line for each thing that was wrong.
    """
    warnings: tuple[str, ...] = ()
    if people != "all" and not is_store(path):
        raise InputError(f"{path} is no stored predictions: --person and --largest go with these")
    if is_store(path):
        try:
            given = open_input(path, None, None)
        except PredictionsError as error:
            if people != "all":
                raise
            warnings = (f"{error}; without it only ITF and ISI can be measured",)
        else:
            if not given.reader.info.is_picture:
                return _scored(given, progress, people)
            given.reader.close()
    result, further = measure_video(path, progress)
    return result, {}, (*warnings, *further)


def _scored(given: "Input", progress: "Progress | None", people: People) -> Measured:
    """Every frame with its picture, and with its truth where that lies beside the source."""
    assert given.stored is not None
    score = SteadyScore()
    truth, flow = truth_of(given)
    if people != "all":
        truth = None
    who = largest(given) if people == "largest" else people
    with given.reader as reader:
        for t, item in enumerate(picked(smooth(given.stored(reader), None, [0]), who)):
            score.add(
                item.frame.image,
                item.unsmoothed,
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
