"""What is measured of one side, frame by frame: steadiness of its rendering, flips, people."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..measure import Steadiness
from ..types import Prediction

Values = list[float | None]


class Series:
    """Values of every frame; those of a pair stand at its later frame, None where there is none.

    Attributes:
        psnr: dB, of the rendering on black against the frame before; None also where the two are
            identical. The mean is ITF.
        ssim: the same for SSIM, 0..1. The mean is ISI.
        flips: see `part_flips`.
        people: how many were found.
    """

    def __init__(self) -> None:
        """Begin before the first frame."""
        self.psnr: Values = []
        self.ssim: Values = []
        self.flips: Values = []
        self.people: list[int] = []
        self._seen: dict[int, list[int]] = {}
        self._meter = Steadiness()
        self._part: np.ndarray | None = None  # of the frame before

    def add(self, on_black_HW3: np.ndarray, part_HW: np.ndarray, prediction: Prediction) -> None:
        """Take the next frame.

        Args:
            on_black_HW3: its rendering on black, uint8 RGB.
            part_HW: its parts, 0 = background.
            prediction: what they are of, people numbered.
        """
        pair = self._meter.add(on_black_HW3)
        self.psnr.append(pair.psnr_db)
        self.ssim.append(pair.ssim)
        self.flips.append(None if self._part is None else part_flips(self._part, part_HW))
        for person in prediction.people:
            self._seen.setdefault(person.number, []).append(len(self.people))
        self.people.append(len(prediction.people))
        self._part = part_HW

    def totals(self) -> dict[str, float | int | None]:
        """Means over the pairs that count, and how many frames and pairs do not."""
        measured = self._meter.result()
        return {
            "itf_db": measured.itf_db,
            "isi": measured.isi,
            "flips": mean(self.flips),
            "identical": measured.n_identical,
            "empty": self.people.count(0),
        }

    def as_json(self) -> dict[str, Any]:
        """Everything, rounded to what a curve can show."""
        return {
            "psnr": rounded(self.psnr, 3),
            "ssim": rounded(self.ssim, 5),
            "flips": rounded(self.flips, 5),
            "people": self.people,
            "tracks": [
                {"number": number, "spans": spans(frames)} for number, frames in self._seen.items()
            ],
            "totals": self.totals(),
        }


def part_flips(before_HW: np.ndarray, after_HW: np.ndarray) -> float | None:
    """Share of the pixels with a part in both frames whose part changes, 0..1; None without any.

    Movement changes parts too: compare the figures of one video, not of two.
    """
    both = (before_HW > 0) & (after_HW > 0)
    count = np.count_nonzero(both)
    return np.count_nonzero((before_HW != after_HW) & both) / count if count else None


def mean(values: Values) -> float | None:
    """Over the values that are there."""
    there = [each for each in values if each is not None]
    return float(np.mean(there)) if there else None


def rounded(values: Values, digits: int) -> Values:
    """For JSON."""
    return [None if each is None else round(each, digits) for each in values]


def spans(frames: Sequence[int]) -> list[list[int]]:
    """Rising numbers as runs, first and last: 1 2 3 7 → [1, 3], [7, 7]."""
    runs: list[list[int]] = []
    for frame in frames:
        if runs and runs[-1][1] == frame - 1:
            runs[-1][1] = frame
        else:
            runs.append([frame, frame])
    return runs
