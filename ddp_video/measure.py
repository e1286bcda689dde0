"""Steadiness of a video: ITF and ISI, the mean PSNR and SSIM of consecutive frames.

House rule (public tools differ in all of it): 8-bit grey (BT.601), range 255; SSIM with a Gaussian
window, σ = 1.5, 11×11 (Wang et al. 2004), population covariance, as in scikit-image; identical
pairs, whose PSNR is infinite, are left out of both means and counted; the region is always stated.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import cv2
import numpy as np

from .errors import ShapeError

Region = Literal["frame", "people"]

DEFINITIONS = {
    "itf_db": "interframe transformation fidelity: mean PSNR of consecutive frames in dB, 8-bit "
    "grey (BT.601), range 255; of stored predictions, their isocontours on black",
    "isi": "interframe similarity index: mean SSIM of the same pairs, Gaussian window of 11×11, "
    "σ = 1.5",
    "n_identical": "pairs left out of both because nothing changed",
    "region": "where ITF and ISI are measured",
}

_RANGE = 255.0
_SIGMA = 1.5
_WINDOW = 11
_EDGE = (_WINDOW - 1) // 2  # pixels whose window leaves the picture: no SSIM there
_C1 = (0.01 * _RANGE) ** 2
_C2 = (0.03 * _RANGE) ** 2
_MIDDLE = 128  # taken off all levels, so that squares keep their digits in float32


@dataclass(frozen=True)
class SteadinessResult:
    """What was measured.

    Attributes:
        itf_db: interframe transformation fidelity, mean PSNR in dB; None where no pair counts.
        isi: interframe similarity index, mean SSIM; None where no pair counts.
        pairs: consecutive pairs seen (frames - 1).
        n_identical: pairs left out because nothing changed in the region.
        n_empty: pairs left out because the region is empty in both frames.
        region: "frame", or "people": the union of the people of both frames of a pair.
    """

    itf_db: float | None
    isi: float | None
    pairs: int
    n_identical: int
    n_empty: int
    region: Region


class PairSteadiness(NamedTuple):
    """One pair of consecutive frames.

    Attributes:
        psnr_db: PSNR in dB; None where the pair is left out, or where there is none yet.
        ssim: SSIM; None likewise, and where the picture is smaller than a window.
    """

    psnr_db: float | None = None
    ssim: float | None = None


_Box = tuple[slice, slice]  # rows and columns, within the picture


@dataclass(frozen=True)
class _Field:
    """Numbers (C, H, W) over a picture, computed in a box only.

    Attributes:
        box: where.
        values: (C, h, w) float32 in the box.
        under: the field whose numbers hold beyond the box; None: zeros do.
    """

    box: _Box
    values: np.ndarray
    under: "_Field | None"

    def at(self, box: _Box) -> np.ndarray:
        """(C, h, w) in any box."""
        whole = _union(box, self.box)
        values = self.values
        if whole != self.box:
            size = (side.stop - side.start for side in whole)
            values = np.zeros((len(values), *size), np.float32)
            if self.under is not None:
                values[:] = self.under.at(whole)
            values[:, *_within(self.box, whole)] = self.values
        return values[:, *_within(box, whole)]

    def sum(self, box: _Box) -> float:
        """Sum over a box, of which only what differs from the field below is looked at."""
        if self.under is None:
            return float(self.at(_common(box, self.box)).sum(dtype=np.float64))
        shared = _common(box, self.box)
        more = self.at(shared) - self.under.at(shared)
        return self.under.sum(box) + float(more.sum(dtype=np.float64))


@dataclass(frozen=True)
class _Looked:
    """A frame with what all its pairs need.

    Attributes:
        grey: (H, W) uint8.
        mask: (H, W) bool region, None for the whole frame.
        moments: Gaussian-weighted local mean, its square, and local variance.
    """

    grey: np.ndarray
    mask: np.ndarray | None
    moments: _Field


class Steadiness:
    """ITF and ISI of a stream of frames, holding one frame.

    With the region "people", a pair is measured on the union of both frames' regions: the squared
    error, and the SSIM map (whose windows look up to 5 pixels beyond it), averaged over its pixels.
    """

    def __init__(self, region: Region = "frame", over: "Steadiness | None" = None) -> None:
        """Begin a measurement over the whole frame, or over the people.

        Args:
            region: where to measure.
            over: a meter of whole frames that is given each frame before this one is given the same
                frame with something drawn over it: what is equal in both is looked at once.
        """
        self.region: Region = region
        self._over = over
        self._last: _Looked | None = None
        self._unlike: _Field | None = None  # 1 - SSIM of the latest pair; None: 0 everywhere
        self._psnr: list[float] = []
        self._ssim: list[float] = []
        self._pairs = self._identical = self._empty = 0

    def add(self, image_HW3: np.ndarray, region_mask: np.ndarray | None = None) -> PairSteadiness:
        """Take the next frame.

        Args:
            image_HW3: (H, W, 3) uint8 RGB.
            region_mask: (H, W), above 0 where people are; for the region "people" only.

        Returns:
            The pair that it makes with the frame before.

        Raises:
            ShapeError: a mask without need, none where one is needed, or another size.
        """
        if (region_mask is None) != (self.region == "frame"):
            raise ShapeError(f"the region '{self.region}' and the mask do not fit together")
        if region_mask is not None and region_mask.shape != image_HW3.shape[:2]:
            raise ShapeError(f"the mask is {region_mask.shape}, the frame {image_HW3.shape[:2]}")
        frame = _look(image_HW3, region_mask, self._over and self._over._last)
        last, self._last = self._last, frame
        if last is None:
            return PairSteadiness()
        if last.grey.shape != frame.grey.shape:
            raise ShapeError(f"a frame of {frame.grey.shape} follows one of {last.grey.shape}")
        return self._pair(last, frame)

    def _pair(self, last: _Looked, frame: _Looked) -> PairSteadiness:
        self._pairs += 1
        self._unlike = region = None
        if last.mask is not None and frame.mask is not None:
            region = last.mask | frame.mask
            if not region.any():
                self._empty += 1
                return PairSteadiness()
        error = _mean_square_error(last.grey, frame.grey, region)
        if error == 0:
            self._identical += 1
            return PairSteadiness()
        psnr = float(10 * np.log10(_RANGE**2 / error))
        self._psnr.append(psnr)
        self._unlike = _unlike(last, frame, self._over and self._over._unlike)
        similarity = _mean_similarity(self._unlike, region, frame.grey.shape)
        if similarity is not None:
            self._ssim.append(similarity)
        return PairSteadiness(psnr, similarity)

    def result(self) -> SteadinessResult:
        """The measurement so far."""
        return SteadinessResult(
            itf_db=float(np.mean(self._psnr)) if self._psnr else None,
            isi=float(np.mean(self._ssim)) if self._ssim else None,
            pairs=self._pairs,
            n_identical=self._identical,
            n_empty=self._empty,
            region=self.region,
        )


def _look(image_HW3: np.ndarray, mask: np.ndarray | None, over: _Looked | None) -> _Looked:
    """The moments of a frame, computed where it differs from the one below, or from black."""
    grey = cv2.cvtColor(image_HW3, cv2.COLOR_RGB2GRAY)
    drawn = grey if over is None else cv2.absdiff(grey, over.grey)
    x, y, width, height = cv2.boundingRect(drawn)
    box = _grown((slice(y, y + height), slice(x, x + width)), grey.shape)
    inside = _levels(grey[_grown(box, grey.shape)])
    off = _local_mean(inside, box)
    mean, variance = off + _MIDDLE, _local_mean(inside * inside, box) - off * off
    field = _Field(
        box, np.stack((mean, mean * mean, variance)), None if over is None else over.moments
    )
    return _Looked(grey, None if mask is None else mask > 0, field)


def _levels(grey: np.ndarray) -> np.ndarray:
    """Grey levels as float32, from the middle."""
    return grey.astype(np.float32) - _MIDDLE


def _local_mean(grown: np.ndarray, box: _Box) -> np.ndarray:
    """The Gaussian-weighted local mean in a box, of an array of the grown one."""
    blurred = cv2.GaussianBlur(grown, (_WINDOW, _WINDOW), _SIGMA)
    top, left = (min(_EDGE, side.start) for side in box)
    return blurred[top : top + box[0].stop - box[0].start, left : left + box[1].stop - box[1].start]


def _mean_square_error(x: np.ndarray, y: np.ndarray, region: np.ndarray | None) -> float:
    if region is None:
        return cv2.norm(x, y, cv2.NORM_L2SQR) / x.size
    return cv2.norm(x, y, cv2.NORM_L2SQR, region.view(np.uint8)) / np.count_nonzero(region)


def _unlike(x: _Looked, y: _Looked, under: _Field | None) -> _Field:
    """1 - SSIM, (1, H, W), computed where either is not black, or not as the frames below."""
    box = _union(x.moments.box, y.moments.box)
    (mean_x, power_x, variance_x), (mean_y, power_y, variance_y) = (
        each.moments.at(box) for each in (x, y)
    )
    seen = _grown(box, x.grey.shape)
    off_product = (mean_x - _MIDDLE) * (mean_y - _MIDDLE)
    covariance = _local_mean(_levels(x.grey[seen]) * _levels(y.grey[seen]), box) - off_product
    alike = (2 * mean_x * mean_y + _C1) * (2 * covariance + _C2)
    most = (power_x + power_y + _C1) * (variance_x + variance_y + _C2)
    return _Field(box, (1 - alike / most)[None], under)


def _mean_similarity(
    unlike: _Field, region: np.ndarray | None, size: tuple[int, ...]
) -> float | None:
    """Mean SSIM over the region, less the outermost 5 pixels; None where nothing is left of it."""
    height, width = size
    if min(size) < _WINDOW:
        return None
    inner = slice(_EDGE, height - _EDGE), slice(_EDGE, width - _EDGE)
    if region is None:
        return 1 - unlike.sum(inner) / ((height - 2 * _EDGE) * (width - 2 * _EDGE))
    counted = unlike.at(inner)[0][region[inner]]
    return 1 - float(counted.mean(dtype=np.float64)) if counted.size else None


def _grown(box: _Box, size: tuple[int, ...]) -> _Box:
    """What the windows of a box's pixels see; also, whose windows see the box."""
    rows, columns = (
        slice(max(0, side.start - _EDGE), min(side.stop + _EDGE, most))
        for side, most in zip(box, size, strict=True)
    )
    return rows, columns


def _within(box: _Box, outer: _Box) -> _Box:
    """A box as it lies in another one."""
    rows, columns = (
        slice(a.start - b.start, a.stop - b.start) for a, b in zip(box, outer, strict=True)
    )
    return rows, columns


def _union(one: _Box, other: _Box) -> _Box:
    """The smallest box around two."""
    rows, columns = (
        slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(one, other, strict=True)
    )
    return rows, columns


def _common(one: _Box, other: _Box) -> _Box:
    """What two boxes share."""
    rows, columns = (
        slice(start := max(a.start, b.start), max(start, min(a.stop, b.stop)))
        for a, b in zip(one, other, strict=True)
    )
    return rows, columns
