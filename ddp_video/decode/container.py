"""Video files, by FFmpeg."""

import os
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ..errors import VideoError
from ..types import RESTART, Frame, VideoInfo
from .sources import Span
from .upright import Upright, display_turn

_TEXT_DEMUXERS = frozenset({"tty", "bin", "xbin", "adf", "idf"})  # any .txt, drawn as a terminal
_STATES_LENGTH = ("mov", "matroska", "avi", "flv")  # whose header tells how long the video is
_SEEK_MARGIN = Fraction(2)  # seconds; decoding begins this much before `start`


def probe_container(path: Path) -> VideoInfo:
    """Tell what a video file holds; decodes its first frame.

    Raises:
        VideoError: it cannot be read as video.
    """
    damage = _Damage()
    with _open(path) as container:
        stream = _video_stream(container, path)
        first = next(_decode(container, stream, damage), None)
        if first is None or stream.time_base is None:
            raise _undecodable(path, damage.broke_off)
        width, height, aspect = first.width, first.height, stream.sample_aspect_ratio or Fraction(1)
        if display_turn(first).transpose:
            width, height, aspect = height, width, 1 / aspect
        rate = stream.average_rate or stream.guessed_rate or None
        begin = _start_time(container, stream)
        return VideoInfo(
            path=path,
            width=width,
            height=height,
            time_base=stream.time_base,
            rate=rate,
            frames=_shown_frames(stream, rate),
            duration=_duration(container, stream, begin),
            rotation=-first.rotation % 360,
            container=container.format.name,
            codec=stream.codec_context.name,
            pixel_format=first.format.name,
            audio=tuple(s.name or "unknown" for s in container.streams.audio),
            subtitles=tuple(s.name or "unknown" for s in container.streams.subtitles),
            start_time=begin,
            pixel_aspect=aspect,
        )


def container_frames(info: VideoInfo, span: Span, warnings: list[str]) -> Generator[Frame]:
    """The frames of a span of a video file.

    Args:
        info: from `probe_container`.
        span: which part.
        warnings: gets a line for each kind of damage, at the end.

    Raises:
        VideoError: nothing can be decoded.
        InputError: nothing lies in the span.
    """
    damage, upright = _Damage(), Upright(info)
    step = max(1, round(1 / (info.rate * info.time_base))) if info.rate else 1
    clock = _Clock(info.time_base, step)
    index, pts, finish = 0, None, info.start_time
    for picture in _coded_frames(info, span.start, damage):
        pts = clock(picture.pts)
        time = pts * info.time_base - info.start_time
        if span.is_over(time):
            break
        if not span.holds(time):
            continue
        if index == 0 and span.start:
            damage.skipped = 0  # what lies before the span may lack the frames it leans on
        damage.concealed += picture.is_corrupt
        yield Frame(upright.rgb(picture), index, pts, info.time_base, picture.duration or None)
        index += 1
        finish = (pts + (picture.duration or step)) * info.time_base
    else:
        if info.container == "gif" and not _ends_well(info.path):
            damage.broke_off = damage.broke_off or "its end mark is missing"
        warnings += damage.of_the_tail(info, finish) if index else []
    warnings += damage.of_the_frames(info)
    warnings += [
        f"{info.path}: its time stamps start again at {float(at - info.start_time):.2f} s; joined"
        for at in clock.restarts
    ]
    if upright.scaled:
        warnings.append(
            f"{info.path}: {upright.scaled} frames of another size were scaled to that of the first"
        )
    if index == 0:
        raise _undecodable(info.path) if pts is None else span.nothing()


@dataclass
class _Damage:
    """What went wrong while a container was read.

    Attributes:
        skipped: packets that the decoder refused.
        concealed: frames whose holes the decoder patched.
        broke_off: why the demuxer gave up before the end.
        stated_end: where the header says that the pictures end, seconds.
        slack: by how much that may be off, seconds.
    """

    skipped: int = 0
    concealed: int = 0
    broke_off: str = ""
    stated_end: Fraction | None = None
    slack: Fraction = Fraction(0)

    def of_the_tail(self, info: VideoInfo, finish: Fraction) -> list[str]:
        """A warning where the pictures end, at `finish` seconds, before the header says."""
        early = self.stated_end is not None and finish < self.stated_end - self.slack
        if not (early or self.broke_off):
            return []
        read = f"{float(finish - info.start_time):.2f} s"
        if self.stated_end is not None:
            read += f" of {float(self.stated_end - info.start_time):.2f} s"
        cause = f" ({self.broke_off})" if self.broke_off else ""
        return [f"{info.path}: damaged or cut off; only {read} could be read{cause}"]

    def of_the_frames(self, info: VideoInfo) -> list[str]:
        """A warning where frames are missing or patched."""
        lines = []
        if self.skipped:
            lines.append(f"{info.path}: damaged; {self.skipped} packets could not be decoded")
        if self.concealed:
            lines.append(f"{info.path}: damaged; {self.concealed} frames have patched holes")
        return lines


def _undecodable(path: Path, cause: str = "") -> VideoError:
    reason = f" ({cause})" if cause else ""
    return VideoError(f"{path}: none of its pictures can be decoded{reason}: check the file")


def _open(path: Path) -> InputContainer:
    try:
        # "file:" because FFmpeg takes what stands before a colon in a name for a protocol
        container = av.open(f"file:{path}", metadata_errors="replace")
    except FFmpegError as error:
        raise VideoError(
            f"{path}: not a video that can be read, or cut off ({error.strerror}): check the file"
        ) from error
    if container.format.name in _TEXT_DEMUXERS:
        container.close()
        raise VideoError(f"{path}: a text file, not a video: check the file")
    return container


def _video_stream(container: InputContainer, path: Path) -> VideoStream:
    """The stream to read: the default one, else the first; never a cover picture."""
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not streams:
        sound = ", ".join(s.name or "unknown" for s in container.streams.audio)
        what = f"only sound ({sound})" if sound else "no pictures"
        raise VideoError(f"{path}: holds {what}: choose a file with video")
    stream = next((s for s in streams if s.disposition & Disposition.default), streams[0])
    if stream.codec_context is None:
        raise VideoError(
            f"{path}: FFmpeg has no decoder for its video: re-encode it, e.g. to H.264"
        )
    stream.thread_type = "AUTO"
    return stream


def _seconds(ticks: int | None, time_base: Fraction | None) -> Fraction | None:
    return ticks * time_base if ticks and time_base else None


def _shown_frames(stream: VideoStream, rate: Fraction | None) -> int | None:
    """The container's count less what an edit list hides (it counts all that is coded)."""
    if not stream.frames:
        return None
    length = _seconds(stream.duration, stream.time_base)
    return min(stream.frames, round(length * rate)) if length and rate else stream.frames


def _start_time(container: InputContainer, stream: VideoStream) -> Fraction:
    """When the first picture or sound comes; exact, where FFmpeg's own figure is rounded to µs."""
    streams = (stream, *container.streams.audio)
    times = [
        s.start_time * s.time_base for s in streams if s.start_time is not None and s.time_base
    ]
    return min(times, default=Fraction(0))


def _duration(container: InputContainer, stream: VideoStream, begin: Fraction) -> Fraction | None:
    """From `begin` to the end of the pictures; to that of the file where only that is known."""
    length = _seconds(stream.duration, stream.time_base)
    if length is None or stream.start_time is None or stream.time_base is None:
        return length or _seconds(container.duration, Fraction(1, av.time_base))
    return stream.start_time * stream.time_base + length - begin


def states_length(info: VideoInfo) -> bool:
    """Whether the file says how long it is; elsewhere FFmpeg guesses."""
    return info.container.startswith(_STATES_LENGTH)


def _stated_end(container: InputContainer, stream: VideoStream) -> tuple[Fraction | None, Fraction]:
    """Where the header says that the pictures end, and by how much it may be off, in seconds."""
    slack = Fraction(5, 2) / (stream.average_rate or 25)
    if not container.format.name.startswith(_STATES_LENGTH):
        return None, slack
    if stream.duration:
        return _seconds((stream.start_time or 0) + stream.duration, stream.time_base), slack
    if tag := re.fullmatch(r"(\d+):(\d+):(\d+\.?\d*)", stream.metadata.get("DURATION", "")):
        return int(tag[1]) * 3600 + int(tag[2]) * 60 + Fraction(tag[3]), slack
    if not container.duration:
        return None, slack
    # the length of the whole file: its sound may go on for a little after its pictures
    return Fraction(container.duration, av.time_base), slack + bool(container.streams.audio)


def _ends_well(gif: Path) -> bool:
    """Whether the end mark stands among the last bytes; a GIF does not say how long it is."""
    with gif.open("rb") as file:
        file.seek(-4, os.SEEK_END)
        return b";" in file.read()


def _coded_frames(info: VideoInfo, start: Fraction | None, damage: _Damage) -> Iterator[VideoFrame]:
    """Decoded frames from a key frame at or before `start`, or from the beginning."""
    if start is not None and start > _SEEK_MARGIN:
        with _open(info.path) as container:
            stream = _video_stream(container, info.path)
            target = int((info.start_time + start - _SEEK_MARGIN) / info.time_base)
            frames = _decode(container, stream, damage, seek_to=target)
            first = next(frames, None)
            latest = target + _SEEK_MARGIN / info.time_base
            # some containers seek too far, or know no times: then all is read
            if first is not None and first.pts is not None and first.pts <= latest:
                yield first
                yield from frames
                return
    with _open(info.path) as container:
        yield from _decode(container, _video_stream(container, info.path), damage)


def _decode(
    container: InputContainer, stream: VideoStream, damage: _Damage, seek_to: int | None = None
) -> Iterator[VideoFrame]:
    """All frames that can be decoded, in display order; what cannot is counted in `damage`."""
    damage.stated_end, damage.slack = _stated_end(container, stream)
    if seek_to is not None:
        try:
            container.seek(seek_to, stream=stream)
        except FFmpegError:
            return
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except FFmpegError as error:
            damage.broke_off = error.strerror or "read error"
            packet = None
        try:
            frames = stream.decode(packet)
        except EOFError:  # the decoder is empty already
            return
        except FFmpegError:
            damage.skipped += 1
            frames = []
        yield from frames
        if packet is None:
            return


class _Clock:
    """The source's pts; made up where it has none or does not move on, joined where it restarts.

    Attributes:
        restarts: where it does, seconds.
    """

    def __init__(self, time_base: Fraction, step: int) -> None:
        self.restarts: list[Fraction] = []
        self._time_base, self._step = time_base, step
        self._last: int | None = None
        self._shift = 0

    def __call__(self, pts: int | None) -> int:
        """The next picture's."""
        last = self._last
        if last is None:
            self._last = pts or 0
        elif pts is None:
            self._last = last + self._step
        elif pts + self._shift > last:
            self._last = pts + self._shift
        elif (last - pts - self._shift) * self._time_base > RESTART:
            self._last = last + self._step
            self._shift = self._last - pts
            self.restarts.append(self._last * self._time_base)
        else:
            self._last = last + 1
        return self._last
