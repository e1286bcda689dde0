"""Predictions handed on, frame by frame, to whoever wants them in another form."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from ..errors import VideoError
from ..smooth import Smoothed, smooth
from ..store import as_stored
from ..types import Frame, Prediction, VideoInfo
from .engines import Engines, suited
from .outputs import RunSettings, expected_frames
from .overlap import AHEAD, Progress, ahead, half_of_the_cores
from .people import picked, settled
from .sources import Input, check_infer, check_radii, open_input
from .stored import predicted

Receiver = Callable[[Frame, Prediction], None]
# what the source is: as the user named it, what is known of it, and the span that is read
OpenReceiver = Callable[
    [Path, VideoInfo, Fraction | None, Fraction | None], AbstractContextManager[Receiver]
]


@dataclass(frozen=True)
class Delivery:
    """What was handed on.

    Attributes:
        source: what was read.
        people: people found in each frame.
        warnings: one line for each thing that was wrong with the source.
    """

    source: Path
    people: tuple[int, ...]
    warnings: tuple[str, ...]


def deliver(
    source: Path,
    receiver: OpenReceiver,
    engines: Engines,
    settings: RunSettings | None = None,
    progress: Progress | None = None,
    *,
    as_they_are: bool = False,
) -> Delivery:
    """Hand every frame with its smoothed prediction to a receiver.

    Args:
        source: a video, a picture, a series of pictures, or a store.
        receiver: opened on what the source is; closed at the end, or by an error.
        engines: from `load_engines`.
        settings: one radius (pictures are not smoothed), flow, span of time.
        progress: called after every frame.
        as_they_are: take predictions that are smoothed already without smoothing them again.

    Raises:
        InputError: settings that make no sense, or a person whom nobody saw.
        VideoError: the source cannot be read, or has no frames where they are wanted.
        PredictionsError: stored predictions that cannot be used.
        OutputError: the receiver cannot write.
    """
    settings = settings or RunSettings()
    given = open_input(source, settings.start, settings.end)
    smoothed = as_they_are and given.stored is not None and given.stored.radius > 0
    radius = 0 if smoothed or given.reader.info.is_picture else settings.radii[0]
    check_radii(given, [radius])
    check_infer(given, settings.infer)
    people: list[int] = []
    with given.reader as reader, ExitStack() as stack:
        receive = stack.enter_context(opened(receiver, source, given))
        engines, settings = suited(engines, settings, given)
        given, settings = stack.enter_context(
            settled(source, given, engines, settings, progress=progress)
        )
        coming = ahead(predicted(reader, given, engines), AHEAD)
        predictions = stack.enter_context(closing(coming))
        items = smooth(predictions, engines.estimator, [radius], settings.smoothing)
        items = picked(map(in_stored_form, items), settings.people)
        for item in stack.enter_context(closing(ahead(items, AHEAD, half_of_the_cores()))):
            receive(item.frame, item.smoothed[radius])
            people.append(len(item.unsmoothed.people))
            if progress:
                progress(len(people), expected_frames(reader.info, settings))
        if not people:
            raise VideoError(f"{source} has no frames there: choose another --start and --end")
    return Delivery(source, tuple(people), tuple(reader.warnings))


def opened(receiver: OpenReceiver, source: Path, given: Input) -> AbstractContextManager[Receiver]:
    """A receiver for an input."""
    return receiver(source, given.reader.info, given.start, given.end)


def passing(items: Iterator[Smoothed], receive: Receiver, radius: int) -> Iterator[Smoothed]:
    """The same items; each is received on its way."""
    for item in items:
        receive(item.frame, item.smoothed[radius])
        yield item


def in_stored_form(item: Smoothed) -> Smoothed:
    """What is used is what a store would give back, so that both ways give the same."""
    smoothed = {r: as_stored(each) if r else each for r, each in item.smoothed.items()}
    return item._replace(smoothed=smoothed)
