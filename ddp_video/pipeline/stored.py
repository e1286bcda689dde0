"""Predictions into a store, as the network gives them or smoothed; and out of it again."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any

from ..errors import InputError, OutputError, PredictionsError
from ..smooth import smooth
from ..store import (
    PredictionWriter,
    StoredPredictions,
    as_stored,
    is_store,
    new_header,
    open_predictions,
    record,
)
from ..tracks import numbered
from ..types import Frame, Prediction, VideoInfo
from .engines import Engines, suited
from .outputs import RunSettings, expected_frames
from .overlap import AHEAD, Progress, ahead, half_of_the_cores
from .report import plain, versions
from .sources import Input, check_infer, check_radii, open_input, source_facts, span_facts

_RESOLVED = ("device", "precision")  # the engines say what these became


@dataclass(frozen=True)
class StoreReport:
    """What was stored.

    Attributes:
        stored: the store, open for reading.
        remade: chunks that were damaged and made anew.
    """

    stored: StoredPredictions
    remade: tuple[str, ...] = ()


def predicted(
    frames: Iterable[Frame],
    given: Input,
    engines: Engines,
    writer: PredictionWriter | None = None,
    *,
    numbers: bool = True,
) -> Iterator[tuple[Frame, Prediction]]:
    """Frames with their predictions: stored ones, or the network's in the form of stored ones.

    Both ways give the same to the bit, so nothing that follows can tell them apart.

    Args:
        frames: of the source.
        given: what the source is.
        engines: the network, where nothing is stored.
        writer: where to keep what the network gives.
        numbers: whether it matters who is who; what is stored tells it in any case.
    """
    if given.stored:
        return given.stored(frames)
    network = engines.network()
    if writer:
        return record(network, frames, writer)
    items = ((frame, as_stored(prediction)) for frame, prediction in network(frames))
    return numbered(items) if numbers else items


def facts_of(given: Input, engines: Engines) -> dict[str, Any]:
    """Weights, device and flow, for the record."""
    if not given.stored:
        return dict(engines.facts)
    made = given.stored.header["made"]
    return {
        "predictions": str(given.stored.path),
        "weights": made["weights"],
        "inference": {**made["inference"], **made["settings"]},
        "flow": engines.facts["flow"],
    }


def header_of(info: VideoInfo, settings: RunSettings, engines: Engines) -> dict[str, Any]:
    """The header of a store of what the network gives for a source."""
    infer = plain(asdict(settings.infer))
    made = {
        "weights": engines.facts.get("weights"),
        "inference": dict(engines.network().description),
        "settings": {key: value for key, value in infer.items() if key not in _RESOLVED},
        "smoothing": None,
    }
    span = span_facts(settings.start, settings.end)
    return new_header(source_facts(info), span, made, versions())


def infer(
    source: Path,
    out: Path,
    engines: Engines,
    settings: RunSettings | None = None,
    progress: Progress | None = None,
) -> StoreReport:
    """Store the network's predictions for a video or a picture.

    A store that was not finished goes on where it was, and ends the same to the byte; one whose
    chunks are damaged gets these anew; a finished one is left as it is.

    Args:
        source: a video, a picture, a folder of pictures or a `frame_%05d.png` pattern.
        out: the store, a folder; made where it does not exist.
        engines: from `load_engines`.
        settings: span of time, thresholds, whether to overwrite.
        progress: called after every frame.

    Raises:
        InputError: the source is a store itself, or settings that make no sense.
        VideoError: the source cannot be read.
        PredictionsError: `out` holds other predictions.
        OutputError: it cannot be written, or somebody else is writing it.
    """
    settings = settings or RunSettings()
    if is_store(source):
        raise InputError(f"{source} holds predictions already: give the video, or render it")
    given = open_input(source, settings.start, settings.end)
    with given.reader as reader:
        engines, settings = suited(engines, settings, given)
        header = header_of(reader.info, settings, engines)
        if not settings.overwrite and (finished := _finished(out, header)):
            return StoreReport(finished)
        with PredictionWriter(out, header, settings.overwrite) as writer:
            for done, _ in zip(count(1), predicted(reader, given, engines, writer)):
                if progress:
                    progress(done, expected_frames(reader.info, settings))
            writer.finish(reader.warnings)
    return StoreReport(open_predictions(out), tuple(writer.damaged))


def store_smoothed(
    source: Path,
    out: Path,
    engines: Engines,
    settings: RunSettings,
    progress: Progress | None = None,
) -> StoreReport:
    """Smooth along the optical flow and store the result.

    Args:
        source: a store, or a video whose predictions are not kept.
        out: the store to write.
        engines: from `load_engines`.
        settings: one radius, flow, span of time.
        progress: called after every frame.

    Raises:
        InputError: more than one radius, or predictions that are smoothed already.
        VideoError, PredictionsError: the source cannot be read.
        OutputError: it is the source, cannot be written, or somebody else is writing it.
    """
    if len(settings.radii) != 1:
        raise InputError("a store holds one radius: give --radius once, or a folder with -o")
    if is_store(source) and out.exists() and out.samefile(source):
        raise OutputError(f"{out}: this is the input itself: choose another name with -o")
    (radius,) = settings.radii
    given = open_input(source, settings.start, settings.end)
    check_radii(given, settings.radii)
    check_infer(given, settings.infer)
    with given.reader as reader:
        engines, settings = suited(engines, settings, given)
        header = _smoothed_header(given, engines, settings)
        inferred = ahead(predicted(reader, given, engines), AHEAD)
        with (
            PredictionWriter(out, header, settings.overwrite) as writer,
            closing(inferred) as predictions,
        ):
            items = smooth(predictions, engines.estimator, settings.radii, settings.smoothing)
            with closing(ahead(items, AHEAD, half_of_the_cores())) as coming:
                for done, item in enumerate(coming, 1):
                    writer.add(item.frame, item.smoothed[radius])
                    if progress:
                        progress(done, expected_frames(reader.info, settings))
            writer.finish(reader.warnings)
    return StoreReport(open_predictions(out))


def smoothing_facts(engines: Engines, settings: RunSettings) -> dict[str, Any]:
    """How predictions are smoothed, as a store's header tells it."""
    return {
        "radius": settings.radii[0],
        "method": settings.smoothing.method,
        "flow": engines.facts["flow"],
        "settings": plain(asdict(settings.flow)),
    }


def _smoothed_header(given: Input, engines: Engines, settings: RunSettings) -> dict[str, Any]:
    smoothing = smoothing_facts(engines, settings)
    if not given.stored:
        header = header_of(given.reader.info, settings, engines)
    else:
        there, span = given.stored.header, span_facts(given.start, given.end)
        header = new_header(there["source"], span, there["made"], versions())
    return {**header, "made": {**header["made"], "smoothing": smoothing}}


def _finished(out: Path, header: dict[str, Any]) -> StoredPredictions | None:
    """The store, if it is whole and holds just this."""
    if not is_store(out):
        return None
    try:
        stored = open_predictions(out)
    except PredictionsError:
        return None  # whatever it is, the writer will say
    return stored if stored.is_of(header) and not stored.damaged() else None
