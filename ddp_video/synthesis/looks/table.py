"""Looks as a file: `ddp-video synth looks` writes it, `synth pictures --looks` reads it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from ...atomic import beside
from ...data.atlas import COLUMNS, ROWS
from ...errors import DataError

QUALITY = 88  # of WebP


@dataclass(frozen=True)
class PhotoLook:
    """How somebody in a photo looks, all round.

    Attributes:
        atlas: (6·S, 4·S, 4) uint8 RGBA in DensePose's layout, sRGB; alpha 0 where hands or face
            are not known.
        tone: (3,) linear reflectance of the skin; NaN where none was seen.
        hair: (3,) the same of the hair.
        scalp: share of the scalp that was seen.
        name: of the photo.
    """

    atlas: np.ndarray
    tone: np.ndarray
    hair: np.ndarray
    scalp: float
    name: str


def write_looks(path: Path, looks: Sequence[PhotoLook]) -> None:
    """Write a table: an npz with the atlases as WebP, end to end.

    Raises:
        DataError: there are none.
    """
    if not looks:
        raise DataError("there are no looks to write; give other photos")
    coded = [_coded(look.atlas) for look in looks]
    with beside(path) as part:
        np.savez(
            part,
            webp=np.concatenate(coded),
            ends=np.cumsum([len(one) for one in coded]),
            tone=np.stack([look.tone for look in looks]).astype(np.float32),
            hair=np.stack([look.hair for look in looks]).astype(np.float32),
            scalp=np.array([look.scalp for look in looks], np.float32),
            photo=np.array([look.name for look in looks]),
        )


def _coded(atlas: np.ndarray) -> np.ndarray:
    bgra = cv2.cvtColor(atlas, cv2.COLOR_RGBA2BGRA)
    return cv2.imencode(".webp", bgra, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])[1].ravel()


class LookTable(Sequence[PhotoLook]):
    """The looks of many people.

    Args:
        path: as `write_looks` wrote it.

    Raises:
        DataError: the file cannot be read or is something else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with np.load(path) as stored:
                self._webp, self._ends = stored["webp"], stored["ends"]
                self._tone, self._hair = stored["tone"], stored["hair"]
                self._scalp, self._photo = stored["scalp"], stored["photo"]
        except (OSError, ValueError, KeyError) as error:
            raise DataError(
                f"{path} is no table of looks; make one with ddp-video synth looks"
            ) from error
        if not len(self) or int(self._ends[-1]) != len(self._webp):
            raise DataError(f"{path} is damaged; make it anew with ddp-video synth looks")

    @staticmethod
    @cache
    def opened(path: Path) -> "LookTable":
        """The table, read once a process."""
        return LookTable(path)

    def __len__(self) -> int:
        """Number of looks."""
        return len(self._ends)

    def __getitem__(self, index: int) -> PhotoLook:  # type: ignore[override]  # no slices
        """One look.

        Raises:
            DataError: its atlas is damaged.
        """
        starts = np.concatenate([[0], self._ends])
        picture = cv2.imdecode(self._webp[starts[index] : starts[index + 1]], cv2.IMREAD_UNCHANGED)
        if picture is None or picture.shape[0] * COLUMNS != picture.shape[1] * ROWS:
            raise DataError(f"{self.path} is damaged; make it anew with ddp-video synth looks")
        if picture.shape[2] == 3:  # WebP drops an alpha that is opaque all over
            picture = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
        return PhotoLook(
            cv2.cvtColor(picture, cv2.COLOR_BGRA2RGBA),
            self._tone[index],
            self._hair[index],
            float(self._scalp[index]),
            str(self._photo[index]),
        )
