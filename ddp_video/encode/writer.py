"""Video files, by FFmpeg."""

import errno
from collections.abc import Iterable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Self, cast

import av
import cv2
import numpy as np
from av.codec import Codec
from av.codec.codec import UnknownCodecError
from av.codec.context import Flags
from av.container import OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import (
    ColorPrimaries,
    ColorRange,
    Colorspace,
    ColorTrc,
    VideoReformatter,
)
from av.video.stream import VideoStream

from ..atomic import temporary
from ..errors import OutputError, ShapeError
from ..settings import EncodeSettings
from ..types import VideoInfo
from .stream_copy import StreamCopy
from .target import check_output, explained

_H264_ENCODERS = ("libx264", "libopenh264", "h264_videotoolbox", "h264_mf")
_LATE_START = Fraction(1)  # seconds; a clock that starts later than this is set to zero
_MAX_TICKS = 10_000_000  # a second; finer movie clocks overflow in old players
_AVCOL_SPC = {"bt709": 1, "bt601": 6}


class VideoWriter:
    """Writes one video; a context manager. Leaves no file behind where it fails.

    Attributes:
        path: the target.
        warnings: one line for each thing of `copy_from` that could not be kept.
    """

    def __init__(
        self,
        path: Path,
        info: VideoInfo,
        size: tuple[int, int],
        settings: EncodeSettings | None = None,
        copy_from: Path | None = None,
        start: Fraction | None = None,
        end: Fraction | None = None,
        overwrite: bool = False,
    ) -> None:
        """Check the target; nothing is written before the context is entered.

        Args:
            path: target; its suffix chooses the container. A missing folder is made.
            info: the source that the frames come from (rate, pixel aspect, clock).
            size: (H, W) of the pictures.
            settings: codec and quality.
            copy_from: source whose sound and subtitles are copied; where it is a folder or a
                pattern of pictures there are none.
            start: the source was read from here, seconds from `info.start_time`.
            end: the source was read up to here, seconds from `info.start_time`.
            overwrite: replace an existing file.

        Raises:
            OutputError: the target exists, is the input, or there is no encoder for it.
        """
        self.path = Path(path)
        self.warnings: list[str] = []
        self._info, self._size, self._start = info, size, start
        self._settings = settings or EncodeSettings()
        self._end = None if end is None else info.start_time + end
        self._sources = [info.path] + ([copy_from] if copy_from else [])
        self._copy_from = copy_from if copy_from and copy_from.is_file() else None
        self._overwrite = overwrite
        check_output(self.path, self._sources, overwrite)
        if self._settings.codec == "ffv1" and self.path.suffix.lower() != ".mkv":
            raise OutputError(f"{self.path}: lossless video (ffv1) needs a name ending in .mkv")
        if self._settings.codec == "h264":
            h264_encoder()
        self._part = temporary(self.path)
        self._file: _File | None = None
        self._reformatter = VideoReformatter()
        self._offset = Fraction(0)  # seconds taken off all times

    def __enter__(self) -> Self:
        """Create the temporary file: an unwritable folder shows before the first frame.

        Raises:
            OutputError: nothing can be written there.
        """
        with explained(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._part.open("xb").close()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Finish the file and give it its name; after an error remove it.

        Raises:
            OutputError: it cannot be finished, or no frame was written.
        """
        try:
            if kind is None:
                self._finish()
        finally:
            if self._file is not None:
                self._file.abandon()
            with suppress(OSError):
                self._part.unlink(missing_ok=True)

    def write(
        self, image: np.ndarray, pts: int, time_base: Fraction, duration: int | None = None
    ) -> None:
        """Append one picture.

        Args:
            image: (H, W, 3) uint8 RGB, or, for FFV1, (H, W, 4) RGBA; all of one kind.
            pts: as in the source, rising.
            time_base: seconds per pts unit.
            duration: in units of `time_base`; matters for the last frame.

        Raises:
            OutputError: it cannot be written.
            ShapeError: the picture is not of the size announced.
        """
        if image.dtype != np.uint8 or image.shape not in ((*self._size, 3), (*self._size, 4)):
            raise ShapeError(f"expected {self._size} + (3 or 4,) uint8, not {image.shape}")
        if image.shape[2] == 4 and self._settings.codec == "h264":
            raise OutputError(f"{self.path}: H.264 has no transparency: use --codec ffv1")
        with explained(self.path):
            if self._file is None:
                self._offset = self._choose_offset(pts, time_base)
                self._file = self._open(time_base, transparent=image.shape[2] == 4)
            frame = self._converted(image, self._file.stream.pix_fmt)
            base = frame.time_base = self._file.stream.codec_context.time_base
            frame.pts = round((pts * time_base - self._offset) / base)
            frame.duration = round((duration or 0) * time_base / base)
            self._file.encode(frame)

    def _choose_offset(self, pts: int, time_base: Fraction) -> Fraction:
        """Seconds to take off: to the first frame after a cut, to zero for a late clock, else none.

        A multiple of the time base, so that no pts is rounded.
        """
        if self._start is not None:
            return pts * time_base
        if self._info.start_time > _LATE_START:
            return self._info.start_time // time_base * time_base
        return Fraction(0)

    def _open(self, time_base: Fraction, transparent: bool) -> "_File":
        """Open the file; streams whose container refuses them after all are left out."""
        file = self._open_video(time_base, transparent)
        if self._copy_from is None:
            file.container.start_encoding()
            return file
        first = None if self._start is None else self._offset
        file.copy = StreamCopy(
            self._copy_from, file.container, first, self._end, self._offset, self.warnings
        )
        try:
            file.container.start_encoding()
        except (FFmpegError, ValueError) as error:
            file.abandon()
            if not file.copy.streams or getattr(error, "errno", None) == errno.ENOSPC:
                raise
            self.warnings.append(
                f"{self._copy_from.name}: its sound and subtitles do not fit into "
                f"{self.path.suffix}; left out"
            )
            file = self._open_video(time_base, transparent)
            file.container.start_encoding()
        return file

    def _open_video(self, time_base: Fraction, transparent: bool) -> "_File":
        """The container with the picture stream only, not started."""
        mp4 = self.path.suffix.lower() in {".mp4", ".m4v", ".mov"}
        # the clock of edit lists ticks in ms by default, which would round a first pts beside 0
        ticks = str(min(time_base.denominator, _MAX_TICKS))
        options = {"movflags": "+faststart", "movie_timescale": ticks} if mp4 else {}
        container = av.open(f"file:{self._part}", "w", container_options=options)
        rate = self._info.rate or Fraction(25)
        height, width = self._size
        if self._settings.codec == "ffv1":
            stream = _add_ffv1(container, rate, transparent)
        else:
            stream = _add_h264(container, rate, self._settings, height * width)
            height, width = height + height % 2, width + width % 2
        stream.width, stream.height = width, height
        stream.codec_context.time_base = time_base
        stream.codec_context.sample_aspect_ratio = self._info.pixel_aspect
        stream.codec_context.flags |= Flags.frame_duration
        return _File(container, stream)

    def _converted(self, image: np.ndarray, pixel_format: str | None) -> VideoFrame:
        """The picture in the encoder's format."""
        h264 = self._settings.codec == "h264"
        matrix = Colorspace.ITU709 if self._settings.matrix == "bt709" else Colorspace.ITU601
        if h264 and (image.shape[0] % 2 or image.shape[1] % 2):
            bottom, right = image.shape[0] % 2, image.shape[1] % 2
            image = cv2.copyMakeBorder(image, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
        colours = "rgba" if image.shape[2] == 4 else "rgb24"
        return self._reformatter.reformat(
            VideoFrame.from_ndarray(np.ascontiguousarray(image), format=colours),
            format=pixel_format,
            dst_colorspace=matrix if h264 else None,
            dst_color_range=ColorRange.MPEG if h264 else None,
        )

    def _finish(self) -> None:
        if self._file is None:
            raise OutputError(f"{self.path}: not written, as no frame came: check the input")
        with explained(self.path):
            self._file.finish()
            check_output(self.path, self._sources, self._overwrite)  # it may have come up meanwhile
            self._part.replace(self.path)


class _File:
    """An open output: container, picture stream and, maybe, copied streams."""

    def __init__(self, container: OutputContainer, stream: VideoStream) -> None:
        self.container = container
        self.stream = stream
        self.copy: StreamCopy | None = None

    def encode(self, frame: VideoFrame | None) -> None:
        """Encode a frame, or with None what the encoder still holds."""
        self._mux(self.stream.encode(frame))

    def finish(self) -> None:
        """Write all that is left, and close."""
        self.encode(None)
        if self.copy is not None:
            self.copy.write_until(None)
            self.copy.close()
        self.container.close()

    def abandon(self) -> None:
        """Close, whatever the state."""
        if self.copy is not None:
            self.copy.close()
        with suppress(FFmpegError, OSError, ValueError):
            self.container.close()

    def _mux(self, packets: Iterable[Packet]) -> None:
        """Write video packets, each after the copied packets that are due before it."""
        for packet in packets:
            if self.copy is not None and packet.dts is not None:
                self.copy.write_until(packet.dts * packet.time_base)
            self.container.mux(packet)


def h264_encoder() -> str:
    """The first H.264 encoder that this build of FFmpeg has.

    Raises:
        OutputError: it has none.
    """
    for name in _H264_ENCODERS:
        with suppress(UnknownCodecError):
            return Codec(name, "w").name
    raise OutputError("FFmpeg has no H.264 encoder here: install PyAV from PyPI, or --codec ffv1")


def _add_h264(
    container: OutputContainer, rate: Fraction, settings: EncodeSettings, pixels: int
) -> VideoStream:
    """Add a stream that browsers play: yuv420p, High profile, limited range, its matrix tagged."""
    encoder = h264_encoder()
    options = {}
    if encoder == "libx264":
        # crf 0 would be the lossless profile, which browsers refuse
        options = {"crf": str(max(settings.crf, 1)), "preset": settings.preset, "profile": "high"}
        options["bf"] = "0"  # MP4 keeps the last frame's duration only where frames are in order
    stream = cast(VideoStream, container.add_stream(encoder, rate=rate, options=options))
    if encoder != "libx264":  # they know no crf: 0.1 bit a pixel at 23, doubled every 6 below
        stream.bit_rate = round(pixels * float(rate) * 0.1 * 2 ** ((23 - settings.crf) / 6))
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    if settings.keyframe_every:
        context.gop_size = settings.keyframe_every
    context.colorspace = _AVCOL_SPC[settings.matrix]
    context.color_range = ColorRange.MPEG
    context.color_primaries = ColorPrimaries.BT709
    context.color_trc = ColorTrc.BT709
    return stream


def _add_ffv1(container: OutputContainer, rate: Fraction, transparent: bool) -> VideoStream:
    """Add a lossless stream: every frame a key frame, slices with checksums."""
    options = {"level": "3", "slices": "4", "slicecrc": "1", "g": "1"}
    stream = container.add_stream("ffv1", rate=rate, options=options)
    stream.pix_fmt = "bgra" if transparent else "bgr0"
    return stream
