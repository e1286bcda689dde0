"""Pictures and series of pictures, read with OpenCV: upright, 8 bits, over black."""

import re
import struct
from collections.abc import Generator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from ..errors import VideoError
from ..types import Frame, VideoInfo
from .sources import Span
from .turn import UPRIGHT, Turn, over_black, turned

_EXIF_CHUNK = re.compile(rb"(?:eXIf|EXIF.{4})(?:Exif\0\0)?((?:II\*\0|MM\0\*).{,4096})", re.DOTALL)
_ORIENTATION = 274
_EXIF_TURNS = {
    2: Turn(False, True, False),
    3: Turn(False, True, True),
    4: Turn(False, False, True),
    5: Turn(True, False, False),
    6: Turn(True, True, False),
    7: Turn(True, True, True),
    8: Turn(True, False, True),
}


class PictureSource:
    """A single picture, or several as one film.

    Attributes:
        info: size (of the first picture that can be read), number, rate.
    """

    def __init__(
        self, source: Path, pictures: list[Path], rate: Fraction, warnings: list[str]
    ) -> None:
        """Read the first picture.

        Args:
            source: what the user named.
            pictures: the files, in order; pts = position here.
            rate: pictures per second.
            warnings: gets a line for each thing that is not as it should be.

        Raises:
            VideoError: none of the pictures can be read.
        """
        self._pictures = pictures
        self._position, self._first = _first_readable(pictures, warnings)
        single = source.is_file()
        self.info = VideoInfo(
            path=source,
            width=self._first.shape[1],
            height=self._first.shape[0],
            time_base=1 / rate,
            rate=None if single else rate,
            frames=len(pictures),
            duration=None if single else len(pictures) / rate,
            container="picture" if single else "pictures",
            codec=pictures[0].suffix.lower().lstrip("."),
            pixel_format="rgb24",
            is_picture=single,
        )

    def frames(self, span: Span, warnings: list[str]) -> Generator[Frame]:
        """The pictures of a span as frames.

        Args:
            span: which part.
            warnings: gets a line for each picture that is not as it should be.

        Raises:
            InputError: none lies in it.
        """
        info, index, other_size = self.info, 0, 0
        for pts in range(self._position, len(self._pictures)):
            if not span.holds(pts * info.time_base):
                continue
            image = self._image(pts, warnings)
            if image is None:
                continue
            if image.shape[:2] != (info.height, info.width):
                other_size += 1
                continue
            yield Frame(image, index, pts, info.time_base, None if info.is_picture else 1)
            index += 1
        if other_size:
            warnings.append(
                f"{info.path}: {other_size} pictures of another size than the first are left out"
            )
        if index == 0:
            raise span.nothing()

    def _image(self, position: int, warnings: list[str]) -> np.ndarray | None:
        """One picture, the first from memory; None, with a warning, where it cannot be read."""
        if position == self._position:
            return self._first
        try:
            return read_picture(self._pictures[position], warnings)
        except VideoError as error:
            warnings.append(f"{error} (left out)")
            return None


def _first_readable(pictures: list[Path], warnings: list[str]) -> tuple[int, np.ndarray]:
    """Position and content of the first picture that can be read."""
    if len(pictures) == 1:
        return 0, read_picture(pictures[0], warnings)
    for position, path in enumerate(pictures):
        try:
            return position, read_picture(path, warnings)
        except VideoError as error:
            warnings.append(f"{error} (left out)")
    raise VideoError(f"{pictures[0].parent}: none of its pictures can be read: check the files")


def read_picture(path: Path, warnings: list[str]) -> np.ndarray:
    """A picture as (H, W, 3) uint8 RGB, upright, over black.

    Raises:
        VideoError: it cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise VideoError(
            f"{path}: cannot be opened ({error.strerror}): check its permissions"
        ) from error
    jpeg = data[:2] == b"\xff\xd8"
    if jpeg and data.rfind(b"\xff\xd9") < data.rfind(b"\xff\xda"):  # no end after the last scan
        data += b"\xff\xd9"  # without it OpenCV refuses what is there
        warnings.append(f"{path}: the picture is cut off; its missing part is grey")
    try:
        image, turn = _decoded(data, jpeg)
    except cv2.error:
        image, turn = None, UPRIGHT
    if image is None:
        raise VideoError(f"{path}: not a picture that can be read, or cut off: check the file")
    if image.dtype == np.uint16:
        image = ((image.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if image.dtype != np.uint8:
        raise VideoError(
            f"{path}: pictures of {image.dtype} numbers are not read: save it with 8 or 16 bits"
        )
    return turned(_to_rgb(image), turn)


def _to_rgb(image: np.ndarray) -> np.ndarray:
    """(H, W, 3) RGB of what OpenCV gives: grey, BGR or BGRA."""
    if image.ndim == 2:
        return cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)
    if image.shape[2] == 4:
        return over_black(cv2.cvtColor(image, cv2.COLOR_BGRA2RGBA))
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def _decoded(data: bytes, jpeg: bool) -> tuple[np.ndarray | None, Turn]:
    """The picture as OpenCV reads it, and the turn that is still to be done.

    OpenCV turns by the EXIF orientation only where it drops alpha and depth. So JPEG, which has
    neither, is left to it; for PNG and WebP the orientation is read here (TIFF comes turned).
    """
    coded = np.frombuffer(data, np.uint8)
    if jpeg:
        return cv2.imdecode(coded, cv2.IMREAD_COLOR), UPRIGHT
    exif = _EXIF_CHUNK.search(data) if data[:4] in (b"\x89PNG", b"RIFF") else None
    turn = _EXIF_TURNS.get(_exif_orientation(exif[1]), UPRIGHT) if exif else UPRIGHT
    return cv2.imdecode(coded, cv2.IMREAD_UNCHANGED), turn


def _exif_orientation(exif: bytes) -> int:
    """The orientation in the first directory of an EXIF block; 1, upright, where it has none."""
    order = "<" if exif[:2] == b"II" else ">"
    if len(exif) < 10:
        return 1
    (offset,) = struct.unpack_from(order + "I", exif, 4)
    for entry in range(offset + 2, len(exif) - 11, 12):
        tag, _, _, value = struct.unpack_from(order + "HHIH", exif, entry)
        if tag == _ORIENTATION:
            return value
    return 1
