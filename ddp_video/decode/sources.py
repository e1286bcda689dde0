"""What the paths of a command stand for: files, patterns, folders of videos or of pictures.

A folder of pictures is one series in natural order (2 before 10). It may hold other files too, so

1. a picture that annotates another (`00000_mask.png` beside `00000.jpg`) is left out,
2. of what remains, the commonest file type is read (of two equally common ones, the first by name),
3. pictures of another size than the first are left out while reading.

Each of these leaves a warning. A `frame_%05d.png` pattern takes all that matches it, subject to 3.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from ..errors import InputError, VideoError

# fmt: off
PICTURE_SUFFIXES = frozenset({
    ".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".jp2", ".ppm", ".pgm", ".pnm",
})
VIDEO_SUFFIXES = frozenset({
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".gif", ".mpg", ".mpeg", ".ts", ".m2ts",
    ".mts", ".wmv", ".flv", ".ogv", ".3gp", ".mxf", ".vob", ".nut", ".ivf", ".y4m",
    ".h264", ".264", ".h265", ".265", ".hevc",
})
# fmt: on
_PATTERN = re.compile(r"%(?:0(\d+))?d")
_TICK = Fraction(1, 1_000_000)  # times that differ by less are one moment (1/3 s typed as .333333)


@dataclass(frozen=True)
class Span:
    """The part of a source that is asked for, in seconds from its zero.

    Attributes:
        source: for the messages.
        start: inclusive; None is the beginning.
        end: exclusive; None is the end.
    """

    source: Path
    start: Fraction | None
    end: Fraction | None

    def __post_init__(self) -> None:
        start, end = self.start or Fraction(0), self.end
        if start < 0:
            raise InputError(
                f"start {float(start):g} s is before the beginning: give 0 or more seconds"
            )
        if end is not None and start >= end:
            raise InputError(
                f"start {float(start):g} s is not before end {float(end):g} s: give a later end"
            )

    def holds(self, time: Fraction) -> bool:
        """Whether a frame of this time is wanted."""
        return (self.start is None or time >= self.start - _TICK) and not self.is_over(time)

    def is_over(self, time: Fraction) -> bool:
        """Whether a frame of this time comes after all that is wanted."""
        return self.end is not None and time >= self.end - _TICK

    def check(self, duration: Fraction | None) -> None:
        """Raise InputError where the source is known to end before `start`."""
        if self.start is not None and duration is not None and self.start >= duration:
            raise InputError(
                f"{self.source}: start {float(self.start):g} s is beyond its length of "
                f"{float(duration):g} s: give an earlier start"
            )

    def nothing(self) -> InputError:
        """The error for a span in which no frame lies."""
        return InputError(f"{self.source}: no frame lies between start and end: choose others")


def pattern_stem(source: Path) -> str | None:
    """What stands before the number in a `frame_%05d.png` pattern; None where it is none."""
    number = None if source.exists() else _PATTERN.search(source.name)
    return source.name[: number.start()] if number else None


def check_exists(source: Path) -> None:
    """Look at a path before it is opened.

    Raises:
        InputError: no such file, folder or pattern, or it may not be read.
        VideoError: an empty file.
    """
    if source.is_dir() or pattern_stem(source) is not None:
        return
    if not source.exists():
        raise InputError(f"{source}: no such file or folder: check the path")
    try:
        with source.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise InputError(
            f"{source}: cannot be opened ({error.strerror}): check its permissions"
        ) from error
    if empty:
        raise VideoError(f"{source}: the file is empty (0 bytes): record or download it again")


def expand_inputs(paths: Iterable[Path | str]) -> list[Path]:
    """Turn the arguments of a command into sources, one for each output.

    A file, a pattern or a folder of pictures stands for itself; a folder that holds videos stands
    for each of them (pictures beside videos are taken for covers and left out).

    Raises:
        InputError: a path does not exist, or a folder holds neither videos nor pictures.
    """
    sources: list[Path] = []
    for path in map(Path, paths):
        if not path.is_dir():
            check_exists(path)
            sources.append(path)
            continue
        videos = _files(path, VIDEO_SUFFIXES)
        if not videos and not _files(path, PICTURE_SUFFIXES):
            raise InputError(f"{path}: no video and no picture in this folder: name another one")
        sources += videos or [path]
    return sources


def find_pictures(source: Path) -> tuple[list[Path], list[str]]:
    """The pictures that a source stands for, in order, and warnings; no pictures for a container.

    Raises:
        InputError: a folder that may not be listed, a pattern that nothing matches.
        VideoError: a folder without pictures.
    """
    if source.is_dir():
        pictures, left_out = _series(_files(source, PICTURE_SUFFIXES))
        if not pictures:
            raise VideoError(
                f"{source}: no pictures in this folder: name a video, a picture or another folder"
            )
        if not left_out:
            return pictures, []
        series = f"the series of {pictures[0].name}"
        return pictures, [f"{source}: {left_out} pictures that are not of {series} are left out"]
    if source.exists():
        return ([source] if source.suffix.lower() in PICTURE_SUFFIXES else []), []
    return _matches(source), []


def _matches(pattern: Path) -> list[Path]:
    """The files that a `frame_%05d.png` pattern stands for, by number."""
    before, digits, after = _PATTERN.split(pattern.name, maxsplit=1)
    number = rf"\d{{{int(digits)},}}" if digits else r"\d+"
    name = re.compile(f"{re.escape(before)}{number}{re.escape(after)}")
    found = [p for p in _listed(pattern.parent) if name.fullmatch(p.name)]
    if not found:
        raise InputError(
            f"{pattern}: no picture matches this pattern: check the path and the number of digits"
        )
    return sorted(found, key=natural_order)


def _series(pictures: list[Path]) -> tuple[list[Path], int]:
    """The one series among a folder's pictures (rules 1 and 2), and how many are left out."""
    stems = {p.stem for p in pictures}

    def annotates(picture: Path) -> bool:
        head = re.fullmatch(r"(.+)[_.-][A-Za-z][A-Za-z_]*", picture.stem)
        return head is not None and head[1] in stems

    def kind(picture: Path) -> str:
        suffix = picture.suffix.lower()
        return {".jpeg": ".jpg", ".tiff": ".tif"}.get(suffix, suffix)

    frames = [p for p in pictures if not annotates(p)]
    if not frames:
        return [], len(pictures)
    counts = Counter(kind(p) for p in frames)  # in the order of names, so the first wins a draw
    commonest = max(counts, key=lambda suffix: counts[suffix])
    series = [p for p in frames if kind(p) == commonest]
    return series, len(pictures) - len(series)


def _files(folder: Path, suffixes: frozenset[str]) -> list[Path]:
    """Files of these types, hidden ones left out, in natural order."""
    found = [p for p in _listed(folder) if p.suffix.lower() in suffixes and p.name[0] != "."]
    return sorted((p for p in found if p.is_file()), key=natural_order)


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be listed ({error.strerror}): check the path and its permissions"
        ) from error


def natural_order(path: Path) -> list[str | int]:
    """Sort key for file names, by which 2 comes before 10."""
    pieces = re.split(r"(\d+)", path.name.casefold())
    return [int(piece) if i % 2 else piece for i, piece in enumerate(pieces)]
