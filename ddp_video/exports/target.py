"""What an export is, and where it goes: one file or one folder, there whole or not at all."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Protocol

from ..atomic import beside, folder_beside
from ..decode.sources import find_pictures
from ..types import Frame, Prediction, VideoInfo


class Export(Protocol):
    """An outside format while it is being written.

    A preset gives it as a context: at its end the output is finished and gets its name; after an
    error nothing is left of it.
    """

    def __call__(self, frame: Frame, prediction: Prediction) -> None:
        """Write one frame, people or not."""
        ...


@dataclass(frozen=True)
class Target:
    """Where an export goes, and what it is of.

    Attributes:
        path: the file or folder, under its final name.
        info: the source.
        start: the source is read from here, seconds; None: from its beginning.
        end: exclusive; None: to its end.
        overwrite: replace what exists.
        texture: the atlas to draw people with (retexture).
        pickle: also write a pickle (detectron2).
        warnings: gets a line for each thing of the source that could not be kept.
    """

    path: Path
    info: VideoInfo
    start: Fraction | None = None
    end: Fraction | None = None
    overwrite: bool = False
    texture: Path | None = None
    pickle: bool = False
    warnings: list[str] = field(default_factory=list)

    @contextmanager
    def frames(self, ending: str) -> Iterator[Callable[[Frame], Path]]:
        """One file for each frame, in a folder; a single picture is one file and has no folder.

        Args:
            ending: what follows a frame's name.

        Yields:
            Where a frame's file is to be written.
        """
        if self.info.is_picture:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with beside(self.path) as part:
                yield lambda frame: part
        else:
            with folder_beside(self.path) as folder:
                yield lambda frame: folder / f"{self.name(frame)}{ending}"

    def name(self, frame: Frame) -> str:
        """A picture's own name without its suffix, or `frame_00000` for frames of a video."""
        return self._pictures[frame.pts].stem if self._pictures else f"frame_{frame.index:05d}"

    def file_name(self, frame: Frame) -> str:
        """The name of a picture's file; a frame of a video is called as if it were a PNG."""
        return self._pictures[frame.pts].name if self._pictures else f"{self.name(frame)}.png"

    def number(self, frame: Frame) -> int:
        """The picture's name where all names are numbers (as COCO's are), else the position."""
        return self._numbers[frame.pts] if self._numbers else frame.index

    @cached_property
    def _pictures(self) -> list[Path]:
        """The files of a source of pictures; none for a video, or where names would be equal."""
        if self.info.is_picture:
            return [self.info.path]
        pictures = find_pictures(self.info.path)[0] if self.info.container == "pictures" else []
        return pictures if len({path.stem for path in pictures}) == len(pictures) else []

    @cached_property
    def _numbers(self) -> list[int]:
        names = [path.stem for path in self._pictures]
        numbers = [int(name) for name in names if name.isdecimal()]
        return numbers if len(set(numbers)) == len(names) else []
