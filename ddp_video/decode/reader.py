"""One reader for containers and pictures, decoding ahead in a thread of its own."""

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Self

from ..errors import InputError, VideoError
from ..types import Frame, VideoInfo
from .container import container_frames, probe_container, states_length
from .pictures import PictureSource
from .sources import Span, check_exists, find_pictures


def probe(source: Path) -> VideoInfo:
    """Tell what a source is; decodes one frame at most.

    Raises:
        InputError: there is no such file, or it may not be read.
        VideoError: it cannot be read as video or picture.
    """
    return FrameReader(source, prefetch=0).info


class FrameReader:
    """The frames of a source, in order.

    Attributes:
        info: what is known before reading.
        warnings: one line for each thing that is not as it should be; grows while frames are read.
    """

    def __init__(
        self,
        source: Path,
        start: Fraction | None = None,
        end: Fraction | None = None,
        prefetch: int = 4,
        picture_rate: Fraction = Fraction(25),
    ) -> None:
        """Open a source.

        Args:
            source: video file, picture, folder of pictures, or `frame_%05d.png` pattern.
            start: first moment to read, seconds, inclusive.
            end: moment to stop before, seconds, exclusive.
            prefetch: frames decoded ahead; 0 decodes in the caller's thread.
            picture_rate: pictures per second of a folder or pattern.

        Raises:
            InputError: no such file, not readable, or nothing lies between `start` and `end`.
            VideoError: the source cannot be read as video or picture.
        """
        source = Path(source)
        self._span = Span(source, start, end)
        self._prefetch = prefetch
        self._active: Generator[Frame] | None = None
        check_exists(source)
        pictures, self.warnings = find_pictures(source)
        self._pictures: PictureSource | None = None
        if pictures:
            self._pictures = PictureSource(source, pictures, picture_rate, self.warnings)
            self.info = self._pictures.info
        else:
            self.info = probe_container(source)
        if pictures or states_length(self.info):
            self._span.check(self.info.duration)

    def __iter__(self) -> Iterator[Frame]:
        """Read from the beginning of the span.

        Raises:
            VideoError: nothing at all could be decoded.
            InputError: nothing lies between `start` and `end`.
        """
        self.close()
        self._active = _ahead(self._frames(self._span, self.warnings), self._prefetch)
        return self._active

    def samples(self, most: int = 12, every: Fraction = Fraction(1, 2)) -> Iterator[Frame]:
        """Some frames, spread evenly over the span; reading from the beginning is not disturbed.

        Only the first frame where the length is not known. What cannot be read is left out.

        Args:
            most: at most so many.
            every: seconds, of which each has one frame.
        """
        first, last = self._span.start or Fraction(0), self._span.end
        if self.info.duration is not None:
            last = min(last or self.info.duration, self.info.duration)
        length = max(Fraction(0), last - first) if last else Fraction(0)
        count = min(most, max(1, round(length / every)))
        for k in range(count):
            time = first + length * (2 * k + 1) / (2 * count)
            frames = self._frames(replace(self._span, start=time), [])
            try:
                yield next(frames)
            except (VideoError, InputError):
                continue
            finally:
                frames.close()

    def _frames(self, span: Span, warnings: list[str]) -> Generator[Frame]:
        if self._pictures:
            return self._pictures.frames(span, warnings)
        return container_frames(self.info, span, warnings)

    def close(self) -> None:
        """End the reading thread and close the file."""
        if self._active is not None:
            self._active.close()
            self._active = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _ahead(frames: Generator[Frame], depth: int) -> Generator[Frame]:
    """Hand frames on while up to `depth` more are computed in a thread.

    What `frames` raises comes out here, after the frames before it.
    """
    if depth < 1:
        yield from frames
        return
    pool = ThreadPoolExecutor(1, thread_name_prefix="decode")
    try:
        waiting = deque(pool.submit(next, frames, None) for _ in range(depth))
        while (frame := waiting.popleft().result()) is not None:
            waiting.append(pool.submit(next, frames, None))
            yield frame
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        frames.close()
