"""Whom a run is about: people looked for by number or size, and drawn alone."""

from collections import Counter
from collections.abc import Collection, Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from ..errors import InputError
from ..smooth import Smoothed
from ..store import SUFFIX, open_predictions
from .engines import Engines
from .outputs import RunSettings
from .overlap import Progress
from .sources import Input
from .stored import infer

_MOST = 12  # numbers in a message


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
    cells = Counter[int]()
    for frame in given.stored.between(given.start, given.end):
        for person in frame.people():
            cells[person.number] += int((person.instance_mask > 0.5).sum())
    return tuple(number for number, _ in cells.most_common(1))
