"""What flows from stage to stage. Frozen, checked where it is built.

Dims: H W = the displayed frame, h w = the logit grid (about 1/4 of the network's input), K = 75
    channels.
The logit grid covers exactly the whole frame: grid cell (x, y) has its centre at frame position
((x + .5)·W/w − .5, (y + .5)·H/h − .5), the convention of `align_corners=False`.
"""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from .errors import ShapeError

PARTS = 25  # 0 = background, 1..24 = the DensePose parts
LOGIT_CHANNELS = 3 * PARTS  # part logits, then U, then V, 25 each
# Least probability of a part: keeps log-probabilities bounded where frames are averaged.
FLOOR = 1e-3
# Seconds: time stamps that run back by more than this start again, for recordings were joined.
RESTART = Fraction(1)


@dataclass(frozen=True)
class VideoInfo:
    """What is known of a source before its frames are read.

    Attributes:
        path: the file, the folder, or the `frame_%05d.png` pattern.
        width: displayed width in pixels (rotation applied).
        height: displayed height in pixels.
        time_base: seconds per pts unit.
        rate: average frames per second, as the container says; None where unknown.
        frames: number of frames as the container says; None where unknown.
        duration: seconds; None where unknown.
        rotation: degrees clockwise that the stored picture was turned by to be displayed (0, 90,
            180, 270).
        container: FFmpeg's name of the container, or "pictures" / "picture".
        codec: FFmpeg's name of the video codec.
        pixel_format: as stored.
        audio: codec names of the audio streams.
        subtitles: codec names of the subtitle streams.
        is_picture: True for a single picture (a PNG comes out, not a video).
        start_time: where the source's clock begins, in seconds; `--start` and `--end` count from
            here.
        pixel_aspect: width / height of a displayed pixel (1 but for anamorphic video).
    """

    path: Path
    width: int
    height: int
    time_base: Fraction
    rate: Fraction | None
    frames: int | None
    duration: Fraction | None
    rotation: int = 0
    container: str = ""
    codec: str = ""
    pixel_format: str = ""
    audio: tuple[str, ...] = ()
    subtitles: tuple[str, ...] = ()
    is_picture: bool = False
    start_time: Fraction = Fraction(0)
    pixel_aspect: Fraction = Fraction(1)


@dataclass(frozen=True)
class Frame:
    """One displayed picture.

    Attributes:
        image: (H, W, 3) uint8, RGB.
        index: position in what is read, from 0.
        pts: presentation time in units of `time_base`, as in the source.
        time_base: seconds per pts unit.
        duration: how long it stays, in units of `time_base`; None where unknown.
    """

    image: np.ndarray
    index: int
    pts: int
    time_base: Fraction
    duration: int | None = None

    def __post_init__(self) -> None:
        if self.image.ndim != 3 or self.image.shape[2] != 3 or self.image.dtype != np.uint8:
            raise ShapeError(
                f"a frame is (H, W, 3) uint8, not {self.image.shape} {self.image.dtype}"
            )

    @property
    def time(self) -> Fraction:
        """Seconds from the source's zero."""
        return self.pts * self.time_base

    @property
    def size(self) -> tuple[int, int]:
        """(H, W)."""
        return self.image.shape[0], self.image.shape[1]


@dataclass(frozen=True)
class Person:
    """One detected person.

    Attributes:
        box: x0, y0, x1, y1 in pixels of the frame.
        score: 0..1.
        instance_mask: (h, w) float 0..1, M_ins on the logit grid: everything that belongs to the
            person.
        surface_mask: (h, w) float 0..1, M_dp on the logit grid: where the body surface is labelled.
        number: who it is through the film, from 1 (`tracks.py`); 0 where nobody has told.
    """

    box: tuple[float, float, float, float]
    score: float
    instance_mask: Tensor
    surface_mask: Tensor
    number: int = 0


@dataclass(frozen=True)
class Prediction:
    """The network's answer for one frame, on the logit grid.

    Attributes:
        logits: (75, h, w) float32: 25 part logits (`network.assemble`: background and 24 parts),
            then U and V per part.
        coverage: (h, w) float32, 1 where the global IUV branch computed U and V (people), 0
            elsewhere. U and V carry no meaning where it is 0.
        people: by falling score.
        size: (H, W) of the frame.
    """

    logits: Tensor
    coverage: Tensor
    people: tuple[Person, ...] = field(default=())
    size: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        if self.logits.ndim != 3 or self.logits.shape[0] != LOGIT_CHANNELS:
            raise ShapeError(f"logits are ({LOGIT_CHANNELS}, h, w), not {tuple(self.logits.shape)}")
        if self.coverage.shape != self.logits.shape[1:]:
            raise ShapeError(
                f"coverage is {tuple(self.logits.shape[1:])}, not {tuple(self.coverage.shape)}"
            )

    def of_person(self, index: int) -> "Prediction":
        """One person's own IUV: this prediction within M_dp, background for certain elsewhere.

        Args:
            index: position in `people`.

        Raises:
            IndexError: there is no such person.
        """
        person = self.people[index]
        return self._within(person.surface_mask > 0.5, (person,))

    def without_others(self, people: Sequence[Person]) -> "Prediction":
        """Only these people, as if the others had not been found.

        Unlike `of_people`, cells that two share stay with the one who is left.

        Args:
            people: some of `self.people`.
        """
        others = tuple(each for each in self.people if all(each is not one for one in people))
        if not others:
            return self
        left, gone = (_highest(some, self.coverage) for some in (people, others))
        return self._within((left >= gone) | (left > 0.5), tuple(people))

    def _within(self, inside: Tensor, people: tuple[Person, ...]) -> "Prediction":
        """Background for certain outside (h, w)."""
        nothing = torch.zeros_like(self.logits)
        nothing[1:PARTS] = math.log(FLOOR)
        logits = torch.where(inside, self.logits, nothing)
        return Prediction(logits, self.coverage * inside, people, self.size)

    def of_people(self, numbers: Collection[int]) -> "Prediction":
        """Only the people with these numbers; all others are background.

        A cell belongs to whoever's M_ins is largest. Between two people who touch, background and
        part draw level where their masks do, so that the outline has no steps of the grid.

        Args:
            numbers: of people, from 1; those who are not there do not matter.
        """
        wanted = tuple(person for person in self.people if person.number in numbers)
        if len(wanted) == len(self.people):
            return self
        others = (person for person in self.people if person.number not in numbers)
        mine, theirs = (_highest(people, self.coverage) for people in (wanted, others))
        lead = (_STEEP * (theirs - mine)).clamp(math.log(FLOOR), -math.log(FLOOR))
        logits = self.logits.clone()
        logits[0] = torch.maximum(logits[0], logits[1:PARTS].amax(0) + lead)
        return Prediction(logits, self.coverage * (mine > theirs), wanted, self.size)


_STEEP = 20  # logits that a part loses to the background for a mask that leads by 1


def _highest(people: Iterable[Person], like: Tensor) -> Tensor:
    """(h, w) the highest of the people's instance masks, 0 where nobody is."""
    return torch.stack([torch.zeros_like(like), *(each.instance_mask for each in people)]).amax(0)


class FlowEstimator(Protocol):
    """An optical-flow engine, as the smoothing stage sees it (`flow/` holds the engines)."""

    def flows(
        self, window: Sequence[np.ndarray], centre: int, grid: tuple[int, int]
    ) -> dict[int, Tensor]:
        """Estimate the flow from one frame of a window to every other.

        Args:
            window: consecutive frames, (H, W, 3) uint8 RGB, all of one size. An array must not be
                written to between two calls that hold it: engines keep what they derived from it.
            centre: position of the present frame in the window.
            grid: (h, w) of the grid the flow is wanted on, which covers exactly the whole frame.

        Returns:
            For each neighbour offset k = j - centre != 0: (2, h, w) float32 flow present ->
            neighbour, x then y, in pixels of that grid.
        """
        ...


class TwoWayFlow(FlowEstimator, Protocol):
    """An engine that also looks back, which shows where its flow can be trusted."""

    def flows_back(
        self, window: Sequence[np.ndarray], centre: int, grid: tuple[int, int]
    ) -> dict[int, Tensor]:
        """Estimate the flow from every other frame of a window to one of them.

        Args:
            window: as for `flows`, called before with the same window.
            centre: likewise.
            grid: likewise.

        Returns:
            For each neighbour offset k = j - centre != 0: (2, h, w) float32 flow neighbour ->
            present, x then y, in pixels of that grid.
        """
        ...
