"""Sound and subtitles of a source, copied packet by packet without re-encoding."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import ArgumentError, FFmpegError, InvalidDataError
from av.packet import Packet
from av.stream import Discard, Stream

from ..types import RESTART

_SEEKABLE = ("mov", "matroska")  # with an index; elsewhere a seek may land too late
_MARGIN = Fraction(10)  # seconds that streams of one file may lie apart; FFmpeg interleaves so


class StreamCopy:
    """The streams of a source that a target takes, cut and shifted like the pictures.

    Attributes:
        streams: index in the source → stream of the target.
    """

    def __init__(
        self,
        source: Path,
        target: OutputContainer,
        first: Fraction | None,
        end: Fraction | None,
        offset: Fraction,
        warnings: list[str],
    ) -> None:
        """Add the streams to the target.

        Args:
            source: the file to copy from.
            target: where to; not started yet.
            first: packets before this time of the source, in seconds, are left out; None takes all.
            end: packets from this time of the source on are left out; None takes all.
            offset: seconds taken off all times.
            warnings: gets a line for what cannot be kept.
        """
        self._target, self._name, self._warnings = target, source.name, warnings
        self._first, self._end, self._offset = first, end, offset
        self._broken = 0
        self._source: InputContainer = av.open(f"file:{source}", metadata_errors="replace")
        self.streams: dict[int, Stream] = {}
        allowed = target.supported_codecs
        for stream in self._source.streams:
            if stream.type not in ("audio", "subtitle"):
                stream.discard = Discard.all
                continue
            if _is_empty(stream):
                warnings.append(f"{source.name}: a track of its sound is empty; left out")
                continue
            codec = stream.codec_context.name if stream.codec_context else "unknown codec"
            if codec in allowed:
                self.streams[stream.index] = _added(target, stream)
                continue
            kind = "sound" if stream.type == "audio" else "subtitles"
            warnings.append(
                f"{source.name}: its {kind} ({codec}) cannot be kept in "
                f"{Path(target.name).suffix}; left out"
            )
        self._packets = self._read()
        self._next: Packet | None = next(self._packets, None)

    def write_until(self, time: Fraction | None) -> None:
        """Write the packets due up to a time of the target, in seconds; None writes all."""
        while self._next is not None:
            packet = self._next
            if time is not None and packet.dts is not None and packet.dts * packet.time_base > time:
                return
            try:
                self._target.mux(packet)
            except (InvalidDataError, ArgumentError):  # a broken packet, a time that runs back
                self._broken += 1
            self._next = next(self._packets, None)

    def close(self) -> None:
        """Close the source."""
        if self._broken:
            self._warnings.append(f"{self._name}: {self._broken} damaged pieces of sound left out")
        self._next, self._broken = None, 0
        self._source.close()

    def _read(self) -> Iterator[Packet]:
        """Packets inside the cut, shifted; ends early, with a warning, at damage."""
        if not self.streams:
            return
        waiting = set(self.streams)
        ends: dict[int, Fraction] = {}
        shifts: dict[int, Fraction] = {}
        try:
            self._skip_to_start()
            for packet in self._source.demux(*(self._source.streams[i] for i in self.streams)):
                if packet.dts is None or packet.pts is None:
                    continue  # an empty packet at the end
                stream, unit = packet.stream_index, packet.time_base
                shift = shifts.get(stream, Fraction(0))
                time, end = packet.dts * unit + shift, ends.get(stream)
                if end is not None and end - time > RESTART:  # the pictures are joined there too
                    shift = shifts[stream] = shift + end - time
                    time = end
                ends[stream] = time + (packet.duration or 0) * unit
                waiting -= self._ended(stream, time)
                if not waiting:
                    return
                if not self._wants(packet.pts * unit + shift):
                    continue
                ticks = round((shift - self._offset) / unit)
                packet.pts += ticks
                packet.dts += ticks
                packet.stream = self.streams[stream]
                yield packet
        except FFmpegError as error:
            self._warnings.append(
                f"{self._name}: its sound is damaged and was copied in part ({error.strerror})"
            )

    def _skip_to_start(self) -> None:
        """Leave out what lies well before the cut, where the file says where that is."""
        if self._first is None or not self._source.format.name.startswith(_SEEKABLE):
            return
        target = self._first - _MARGIN
        if target > 0:
            self._source.seek(int(target * av.time_base))

    def _ended(self, stream: int, time: Fraction) -> set[int]:
        """Streams that give no more after a packet of this time; subtitles may be far apart."""
        if self._end is None or time < self._end:
            return set()
        sparse = {i for i in self.streams if self._source.streams[i].type == "subtitle"}
        return {stream} | (sparse if time >= self._end + _MARGIN else set())

    def _wants(self, time: Fraction) -> bool:
        return (self._first is None or time >= self._first) and (
            self._end is None or time < self._end
        )


def _is_empty(stream: Stream) -> bool:
    """Whether a track of sound is announced and has nothing: its rate is not known then."""
    return isinstance(stream, AudioStream) and not stream.sample_rate


def _added(target: OutputContainer, stream: Stream) -> Stream:
    """A stream like this one in the target."""
    copy = target.add_stream_from_template(stream)
    for key in ("language", "title"):
        if key in stream.metadata:
            copy.metadata[key] = stream.metadata[key]
    copy.disposition = stream.disposition
    return copy
