"""Two predictions of every frame: unsmoothed and smoothed, or those of two stores."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import tee
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import InputError
from ..smooth import smooth
from ..store import StoredPredictions, open_predictions
from ..types import Frame, Prediction, VideoInfo
from .deliver import in_stored_form
from .engines import Engines
from .outputs import RunSettings
from .overlap import AHEAD, ahead
from .sources import Input, open_input
from .stored import smoothing_facts


class Compared(NamedTuple):
    """One frame and what two sides say of it."""

    frame: Frame
    before: Prediction
    after: Prediction


class Side(NamedTuple):
    """One of the two that are compared.

    Attributes:
        name: for people.
        made: how its predictions were made, as a store's header tells it.
    """

    name: str
    made: Mapping[str, Any]


@dataclass(frozen=True)
class Comparison:
    """What is compared.

    Attributes:
        info: the video.
        before: the first side.
        after: the second side.
        frames: what both say, in order of time; to be read once.
        warnings: one line for each thing that was wrong with the source; grows while frames are
            read.
        unmatched: frames that only one of two stores holds.
        start: where the span begins, seconds; None: at the beginning.
        end: where it ends, exclusive; None: at the end.
    """

    info: VideoInfo
    before: Side
    after: Side
    frames: Iterator[Compared]
    warnings: list[str]
    unmatched: int
    start: Fraction | None
    end: Fraction | None


@contextmanager
def compare(
    source: Path, other: Path | None, engines: Engines, settings: RunSettings
) -> Generator[Comparison]:
    """Open a store and its smoothed self, or two stores of one video.

    Args:
        source: the first store.
        other: the second one; None: the first one, smoothed.
        engines: the flow, where there is no second store.
        settings: one radius, used where there is no second store; flow; span of time.

    Raises:
        InputError: nothing to compare: smoothed already, two videos, no common frame, a picture.
        VideoError: the source cannot be read.
        PredictionsError: stored predictions that cannot be used.
    """
    first = open_predictions(source)
    second = open_predictions(other) if other else None
    _check(first, second, settings)
    given = open_input(source, settings.start, settings.end)
    if given.reader.info.is_picture:
        raise InputError(f"{source} is of one picture: a report needs a video")
    before = Side(_name(first, second), first.header["made"])
    with given.reader as reader:
        if second:
            after, items = Side(_name(second, first), second.header["made"]), _both(given, second)
            unmatched = len(set(first.pts.tolist()) ^ set(second.pts.tolist()))
        else:
            after, unmatched = _smoothed_side(first, engines, settings), 0
            items = _smoothed(given, engines, settings)
        with closing(ahead(items, AHEAD)) as coming:
            yield Comparison(
                reader.info,
                before,
                after,
                coming,
                reader.warnings,
                unmatched,
                given.start,
                given.end,
            )


def _check(first: StoredPredictions, second: StoredPredictions | None, how: RunSettings) -> None:
    """Refuse what cannot be compared."""
    if second is None:
        if first.radius:
            raise InputError(
                f"{first.path} is smoothed already (radius {first.radius}): give the unsmoothed "
                f"predictions first, `ddp-video report UNSMOOTHED.ddp {first.path}`"
            )
        if not how.radii or how.radii[0] == 0:
            raise InputError("radius 0 smooths nothing to compare with: give --radius 2")
        return
    sources = [each.header["source"] for each in (first, second)]
    if sources[0]["sha256"] != sources[1]["sha256"]:
        names = " and ".join(Path(each["path"]).name for each in sources)
        raise InputError(
            f"{first.path} and {second.path} are of different videos ({names}): give two of one"
        )
    if not set(first.pts.tolist()) & set(second.pts.tolist()):
        raise InputError(f"{first.path} and {second.path} have no frame in common")


def _name(store: StoredPredictions, other: StoredPredictions | None) -> str:
    if other is None:
        return "unsmoothed"
    return store.path.name if store.path.name != other.path.name else str(store.path)


def _smoothed_side(first: StoredPredictions, engines: Engines, settings: RunSettings) -> Side:
    made = {**first.header["made"], "smoothing": smoothing_facts(engines, settings)}
    return Side(f"smoothed, r = {settings.radii[0]}", made)


def _smoothed(given: Input, engines: Engines, settings: RunSettings) -> Iterator[Compared]:
    assert given.stored is not None
    radius, how = settings.radii[0], settings.smoothing
    predictions = given.stored(given.reader)
    for item in smooth(predictions, engines.estimator, [radius], how):
        yield Compared(item.frame, item.unsmoothed, in_stored_form(item).smoothed[radius])


def _both(given: Input, second: StoredPredictions) -> Iterator[Compared]:
    """The frames that both stores hold."""
    first = given.stored
    assert first is not None
    common = set(first.pts.tolist()) & set(second.pts.tolist())
    frames = tee(frame for frame in given.reader if frame.pts in common)
    for (frame, before), (_, after) in zip(first(frames[0]), second(frames[1]), strict=True):
        yield Compared(frame, before, after)
