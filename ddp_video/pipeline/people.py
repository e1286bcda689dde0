"""Whom a run is about: people numbered, looked for, and drawn alone."""

from collections import Counter
from collections.abc import Collection, Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

from ..decode import FrameReader
from ..errors import InputError
from ..smooth import Smoothed
from ..store import SUFFIX, open_predictions
from ..tracks import Tracks, numbered
from ..types import Frame, Prediction
from .engines import Engines
from .outputs import RunSettings
from .overlap import Progress
from .sources import Input
from .stored import infer

_MOST = 12  # numbers in a message


def told_apart(
    items: Iterator[tuple[Frame, Prediction]], given: Input
) -> Iterator[tuple[Frame, Prediction]]:
    """The same, people numbered: from the first frame that is read, or from a store's first one."""
    return numbered(items, _tracks_before(given))


@contextmanager
def settled(
    source: Path,
    given: Input,
    engines: Engines,
    settings: RunSettings,
    keep: Path | None = None,
    progress: Progress | None = None,
) -> Generator[tuple[Input, RunSettings]]:
    """Settings that name people by number.

    Who is largest shows when all frames were seen. So what the network gives goes into a store
    first, and comes from there the second time.

    Args:
        source: what the user named.
        given: the same, opened.
        engines: from `load_engines`.
        settings: whom is meant.
        keep: the store, where it is to be kept; None: a temporary one.
        progress: called after every frame that is inferred.
    """
    if settings.people != "largest":
        yield given, settings
        return
    with TemporaryDirectory(prefix="ddp-video-") as folder:
        if given.stored is None:
            path = keep or Path(folder) / f"predictions{SUFFIX}"
            infer(source, path, engines, settings, progress)
            given = given._replace(stored=open_predictions(path))
        yield given, replace(settings, people=largest(given))


def picked(items: Iterator[Smoothed], people: Collection[int] | str) -> Iterator[Smoothed]:
    """The same with these people only; all others are background.

    Raises:
        InputError: somebody was in none of the frames, after the last one.
    """
    if isinstance(people, str):
        yield from items
        return
    seen: set[int] = set()
    frames = 0
    for frames, item in enumerate(items, 1):  # noqa: B007 (counted)
        seen.update(person.number for person in item.unsmoothed.people)
        alone = {radius: each.of_people(people) for radius, each in item.smoothed.items()}
        yield item._replace(unsmoothed=item.unsmoothed.of_people(people), smoothed=alone)
    if frames:
        check_seen(people, seen)


def check_seen(people: Collection[int], seen: Collection[int]) -> None:
    """Refuse people who were never seen.

    Raises:
        InputError: somebody was not; says who was.
    """
    if missing := sorted(set(people) - set(seen)):
        there = sorted(seen)
        listed = ", ".join(map(str, there[:_MOST])) + (" …" if len(there) > _MOST else "")
        found = f"{len(there)} were ({listed})" if there else "nobody was"
        raise InputError(
            f"--person {missing[0]} was not seen, {found}: --view instances shows who is who"
        )


def largest(given: Input) -> tuple[int, ...]:
    """Who covers most over the span of a store; nobody where nobody is."""
    assert given.stored is not None
    tracks, cells = _tracks_before(given), Counter[int]()
    with FrameReader(given.reader.info.path, given.start, given.end) as frames:
        for frame in frames:
            for person in tracks.add(frame, given.stored.at(frame).people()):
                cells[person.number] += int((person.instance_mask > 0.5).sum())
    return tuple(number for number, _ in cells.most_common(1))


def _tracks_before(given: Input) -> Tracks:
    """Where numbers stand as the span begins."""
    tracks = Tracks()
    if given.stored is None or given.start is None:
        return tracks
    text = given.stored.header["span"]["start"]
    first = None if text is None else Fraction(text)
    if given.start > (first or 0):
        with FrameReader(given.reader.info.path, first, given.start) as frames:
            for frame in frames:
                tracks.add(frame, given.stored.at(frame).people())
    return tracks
