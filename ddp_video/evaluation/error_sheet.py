"""The worst cases as one picture to look at: a row for each kind of error."""

from pathlib import Path

import cv2
import numpy as np

from ..atomic import beside
from ..errors import OutputError
from .error_cases import KINDS, TILE, ErrorCases

TITLES = {
    "missed": "missed",
    "merged": "merged with somebody",
    "left_right": "left and right",
    "front_back": "front and back",
    "hands": "hands",
    "feet": "feet",
    "far": "far (below 64 px)",
    "cropped": "cut by the picture",
}
_CAPTION = 18  # pixels
_GAP = 6
_INK = (235, 235, 235)
_PAPER = 24


def error_sheet(cases: ErrorCases, a_row: int = 8) -> np.ndarray:
    """(H, W, 3) uint8 RGB: truth beside what was found, worst first in each row.

    Args:
        cases: what was gathered.
        a_row: cases of one kind.
    """
    rows = [_row(kind, cases, a_row) for kind in KINDS]
    return np.concatenate(rows)


def write_error_sheet(cases: ErrorCases, path: Path) -> None:
    """Write the sheet as a picture, in the form that its name says.

    Raises:
        OutputError: it cannot be written.
    """
    data = cv2.imencode(path.suffix, error_sheet(cases)[..., ::-1])[1].tobytes()
    try:
        with beside(path) as part:
            part.write_bytes(data)
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror})") from error


def _row(kind: str, cases: ErrorCases, a_row: int) -> np.ndarray:
    shown = cases.of_kind(kind)[:a_row]
    height = 2 * _CAPTION + TILE + _GAP if shown else _CAPTION
    row = np.full((height, a_row * (2 * TILE + _GAP), 3), _PAPER, np.uint8)
    _write(row, f"{TITLES[kind]}: {cases.counts[kind]} cases; each: truth | found", 4, 13, 0.5)
    for k, case in enumerate(shown):
        x = k * (2 * TILE + _GAP)
        row[_CAPTION : _CAPTION + TILE, x : x + 2 * TILE] = case.tile
        below = f"{case.badness:.2f}  {Path(case.name).name[:40]}"
        _write(row, below, x + 4, _CAPTION + TILE + 13, 0.4)
    return row


def _write(picture: np.ndarray, text: str, x: int, y: int, size: float) -> None:
    cv2.putText(picture, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, _INK, 1, cv2.LINE_AA)
