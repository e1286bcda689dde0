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


@dataclass(frozen=True)
class _Looked:
    """A frame with the moments that all its pairs need.

    Attributes:
        grey: (H, W) uint8.
        mask: (H, W) bool region, None for the whole frame.
        box: rows and columns beyond which grey and moments are zero.
        mean: (H, W) float64, its Gaussian-weighted local mean.
        power: the square of `mean`.
        variance: its Gaussian-weighted local variance.
    """

    grey: np.ndarray
    mask: np.ndarray | None
    box: tuple[slice, slice]
    mean: np.ndarray
    power: np.ndarray
    variance: np.ndarray


class Steadiness:
    """ITF and ISI of a stream of frames, holding one frame.

    With the region "people", a pair is measured on the union of both frames' regions: the squared
    error, and the SSIM map (whose windows look up to 5 pixels beyond it), averaged over its pixels.
    """

    def __init__(self, region: Region = "frame") -> None:
        """Begin a measurement over the whole frame, or over the people."""
        self.region: Region = region
        self._last: _Looked | None = None
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
        frame = _look(image_HW3, region_mask)
        last, self._last = self._last, frame
        if last is None:
            return PairSteadiness()
        if last.grey.shape != frame.grey.shape:
            raise ShapeError(f"a frame of {frame.grey.shape} follows one of {last.grey.shape}")
        return self._pair(last, frame)

    def _pair(self, last: _Looked, frame: _Looked) -> PairSteadiness:
        self._pairs += 1
        region = None
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
        similarity = _similarity(last, frame, region)
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


def _look(image_HW3: np.ndarray, mask: np.ndarray | None) -> _Looked:
    """The moments of a frame; of a picture on black, only those around what is not black."""
    grey = cv2.cvtColor(image_HW3, cv2.COLOR_RGB2GRAY)
    x, y, width, height = cv2.boundingRect(grey)
    far = _WINDOW - 1  # so that a window at the box's edge, and its mirrored half, see only black
    box = (slice(max(0, y - far), y + height + far), slice(max(0, x - far), x + width + far))
    mean, power, variance = (np.zeros(grey.shape) for _ in range(3))
    if width and height:
        inside = grey[box].astype(np.float64)
        mean[box] = _blur(inside)
        np.square(mean[box], out=power[box])
        np.subtract(_blur(inside * inside), power[box], out=variance[box])
    return _Looked(grey, None if mask is None else mask > 0, box, mean, power, variance)


def _blur(array: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(array, (_WINDOW, _WINDOW), _SIGMA)


def _mean_square_error(x: np.ndarray, y: np.ndarray, region: np.ndarray | None) -> float:
    if region is None:
        return cv2.norm(x, y, cv2.NORM_L2SQR) / x.size
    return cv2.norm(x, y, cv2.NORM_L2SQR, region.view(np.uint8)) / np.count_nonzero(region)


def _similarity(x: _Looked, y: _Looked, region: np.ndarray | None) -> float | None:
    """Mean SSIM over the region, less the outermost 5 pixels; None where nothing is left of it.

    Where both frames are black it is exactly 1: only what is lost in the boxes is computed.
    """
    counted = np.zeros(x.grey.shape, bool)
    inside = np.s_[_EDGE:-_EDGE, _EDGE:-_EDGE]
    counted[inside] = True if region is None else region[inside]
    pixels = np.count_nonzero(counted)
    if pixels == 0:
        return None
    box = _union(x.box, y.box)
    mean_product = x.mean[box] * y.mean[box]
    covariance = _blur(x.grey[box] * y.grey[box].astype(np.float64)) - mean_product
    alike = (2 * mean_product + _C1) * (2 * covariance + _C2)
    most = (x.power[box] + y.power[box] + _C1) * (x.variance[box] + y.variance[box] + _C2)
    return 1 - float(np.sum(1 - alike / most, where=counted[box])) / pixels


def _union(one: tuple[slice, slice], other: tuple[slice, slice]) -> tuple[slice, ...]:
    """The smallest box around two."""
    return tuple(
        slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(one, other, strict=True)
    )
