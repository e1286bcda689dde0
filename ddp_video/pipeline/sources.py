"""What a run reads: a video or pictures, or stored predictions together with what they are of."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from ..decode import FrameReader, pattern_stem
from ..decode.sources import find_pictures
from ..errors import DdpVideoError, InputError, PredictionsError
from ..settings import InferSettings
from ..store import StoredPredictions, is_store, open_predictions
from ..types import VideoInfo


class Input(NamedTuple):
    """An opened source.

    Attributes:
        reader: its frames.
        stored: their predictions, where the source is a store.
        start: the span that is read, seconds; None: from the beginning.
        end: exclusive; None: to the end.
    """

    reader: FrameReader
    stored: StoredPredictions | None
    start: Fraction | None
    end: Fraction | None


def open_input(source: Path, start: Fraction | None, end: Fraction | None) -> Input:
    """Open a video, a picture, a series, or a store and the source it was made from.

    Args:
        source: what the user named.
        start: seconds; None: the beginning of the source, or of what was inferred.
        end: seconds, exclusive; None: the end of it.

    Raises:
        InputError: no such file, or nothing lies between start and end.
        VideoError: the source cannot be read.
        PredictionsError: the store cannot be used, or its source is not there any more.
    """
    if not is_store(source):
        return Input(FrameReader(source, start, end), None, start, end)
    stored = open_predictions(source)
    first, last = (_fraction(stored.header["span"][key]) for key in ("start", "end"))
    start, end = first if start is None else start, last if end is None else end
    return Input(FrameReader(find_source(stored), start, end), stored, start, end)


def check_radii(given: Input, radii: Sequence[int]) -> None:
    """Refuse to smooth what is smoothed already.

    Raises:
        InputError: predictions that are smoothed, and a radius above 0.
    """
    if given.stored and given.stored.radius and max(radii) > 0:
        raise InputError(
            f"{given.stored.path} is smoothed already (radius {given.stored.radius}): render it, "
            "give --radius 0, or smooth what `ddp-video infer` wrote"
        )


def check_infer(given: Input, settings: InferSettings) -> None:
    """Refuse to look otherwise at what has been looked at.

    Raises:
        InputError: predictions that are stored, and a size or threshold that is not the default.
    """
    default = InferSettings()
    asked = (settings.threshold, settings.short_side)
    if given.stored and asked != (default.threshold, default.short_side):
        raise InputError(
            f"{given.stored.path} holds predictions: --threshold and --short-side go with the "
            "video, when they are made"
        )


def find_source(stored: StoredPredictions) -> Path:
    """Where the source of a store lies: where it was, or beside the store.

    Raises:
        PredictionsError: it is in neither place, or has changed.
    """
    facts = stored.header["source"]
    was = Path(facts["path"])
    found = [path for path in (was, stored.path.parent / was.name) if _is_there(path)]
    for path in found:
        if fingerprint(path)["sha256"] == facts["sha256"]:
            return path
    if found:
        raise PredictionsError(
            f"{found[0]} is another video than {stored.path} was made from: put that one beside it"
        )
    raise PredictionsError(
        f"{stored.path} was made from {was}, which is not there: put it back, or beside the store"
    )


def source_facts(info: VideoInfo) -> dict[str, Any]:
    """A source as a store's header tells it: where, which bytes, its clock, size and sound."""
    facts = {key: _exact(value) for key, value in asdict(info).items()}
    return {**facts, "path": str(info.path.absolute()), **fingerprint(info.path)}


def span_facts(start: Fraction | None, end: Fraction | None) -> dict[str, str | None]:
    """A span of time as a store's header tells it."""
    return {
        "start": None if start is None else str(start),
        "end": None if end is None else str(end),
    }


def fingerprint(source: Path) -> Mapping[str, Any]:
    """Number of bytes and sha256 of a file; of a series, of its pictures' names and contents."""
    files = find_pictures(source)[0] or [source]
    states = [path.stat() for path in files]
    hashes = [
        _sha256(path, state.st_size, state.st_mtime_ns)
        for path, state in zip(files, states, strict=True)
    ]
    lines = "".join(f"{each} {path.name}\n" for each, path in zip(hashes, files, strict=True))
    one = hashes[0] if source.is_file() else hashlib.sha256(lines.encode()).hexdigest()
    return {"bytes": sum(state.st_size for state in states), "sha256": one}


@lru_cache(maxsize=1024)
def _sha256(path: Path, size: int, modified: int) -> str:
    """Of a file of this size and time; a file that changed is read again."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_there(source: Path) -> bool:
    """Whether it is a file, or stands for pictures that are there."""
    if source.is_file() or not (source.is_dir() or pattern_stem(source) is not None):
        return source.is_file()
    try:
        return bool(find_pictures(source)[0])
    except DdpVideoError:
        return False


def _fraction(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)


def _exact(value: Any) -> Any:  # noqa: ANN401 (any field of VideoInfo)
    if isinstance(value, Fraction | Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value
