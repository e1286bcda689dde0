"""What the engines share: a window of frames, and flows over several steps of it.

Dims: f g = height and width at which the flow is estimated.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Generic, TypeVar

import cv2
import numpy as np
from torch import Tensor

from ..errors import ShapeError
from ..settings import FlowSettings
from .grid import canvas, to_grid

Prepared = TypeVar("Prepared")


class WindowFlow(ABC, Generic[Prepared]):
    """What the engines share: sizes, units, and each frame and each step of the window done once.

    Flows are estimated between consecutive frames only. Those to frames farther away follow the
    points from frame to frame (`chained`): measured on rendered clips (benchmarks/bench_flow.py)
    this is nearer to the truth on people than an estimate over two frames or more, whose motion is
    larger, and two pairs a frame do for any radius.

    The interface has no state to see: what was derived from a frame (its grey picture, its feature
    maps) and from two is kept as long as the same arrays stand in the window of the latest call,
    so that a window sliding by one frame prepares one frame and estimates two pairs. Memory is
    bounded by one window.
    """

    minimum_side = 1
    multiple = 1

    def __init__(self, max_side: int = FlowSettings.max_side) -> None:
        """Set the longest side, in pixels, at which the flow is estimated."""
        self.max_side = max_side
        # by id(array); the array is held beside, so that its id cannot pass to another one
        self._kept: dict[int, tuple[np.ndarray, tuple[slice, slice], Prepared]] = {}
        # by the ids of two arrays in _kept: neighbours, as estimated; and any two, on a grid
        self._steps: dict[tuple[int, int], np.ndarray] = {}
        self._flows: dict[tuple[int, int, tuple[int, int]], Tensor] = {}

    @abstractmethod
    def _prepare(self, pixels: np.ndarray) -> Prepared:
        """Compute what is needed of one frame in every pair."""

    @abstractmethod
    def _estimate(self, pairs: Sequence[tuple[Prepared, Prepared]]) -> list[np.ndarray]:
        """Flow from the first to the second of each pair, (f, g, 2) float32, in its own pixels."""

    def flows(
        self, window: Sequence[np.ndarray], centre: int, grid: tuple[int, int]
    ) -> dict[int, Tensor]:
        """Estimate the flow from one frame of a window to every other, as `FlowEstimator` says.

        The tensors are on the CPU, whatever the engine's device.

        Raises:
            ShapeError: the frames are not of one size, or the centre is not in the window.
        """
        names = self._enter(window, centre)
        self._walk((*pairwise(names[centre::-1]), *pairwise(names[centre:])))
        ways = [names[j : centre + 1][::-1] for j in range(centre)]
        ways += [names[centre : j + 1] for j in range(centre + 1, len(names))]
        return dict(zip(_offsets(names, centre), self._along(ways, grid), strict=True))

    def flows_back(
        self, window: Sequence[np.ndarray], centre: int, grid: tuple[int, int]
    ) -> dict[int, Tensor]:
        """Estimate the flow from every other frame to one, as `TwoWayFlow` says.

        The steps are those that `flows` takes when the window has moved on: none is estimated
        twice.

        Raises:
            ShapeError: as for `flows`.
        """
        names = self._enter(window, centre)
        self._walk(tuple(pairwise(names[: centre + 1])) + tuple(pairwise(names[centre:][::-1])))
        ways = [names[j : centre + 1] for j in range(centre)]
        ways += [names[centre : j + 1][::-1] for j in range(centre + 1, len(names))]
        return dict(zip(_offsets(names, centre), self._along(ways, grid), strict=True))

    def _enter(self, window: Sequence[np.ndarray], centre: int) -> list[int]:
        """Prepare the frames of a window; what they are called."""
        if not 0 <= centre < len(window):
            raise ShapeError(f"the window has {len(window)} frames, none at position {centre}")
        if len(sizes := {image.shape for image in window}) > 1:
            raise ShapeError(f"the frames of a window must be of one size, not {sorted(sizes)}")
        kept = {id(image): self._kept.get(id(image)) or self._look(image) for image in window}
        self._kept = kept
        return [id(image) for image in window]

    def _along(self, ways: Sequence[Sequence[int]], grid: tuple[int, int]) -> Iterator[Tensor]:
        """The flows from the first to the last frame of each way, without the margin, on a grid."""
        for way in ways:
            ends = (way[0], way[-1], grid)
            if ends not in self._flows:
                *_, flow = chained([self._steps[step] for step in pairwise(way)])
                self._flows[ends] = to_grid(flow[self._kept[way[0]][1]], grid)
            yield self._flows[ends]

    def _walk(self, wanted: Sequence[tuple[int, int]]) -> None:
        """Have the flows between these neighbours, and forget those that left the window."""
        kept = self._kept
        steps = {ids: flow for ids, flow in self._steps.items() if kept.keys() >= set(ids)}
        self._flows = {ids: flow for ids, flow in self._flows.items() if kept.keys() >= {*ids[:2]}}
        missing = [ids for ids in wanted if ids not in steps]
        flows = self._estimate([(kept[one][2], kept[other][2]) for one, other in missing])
        self._steps = steps | dict(zip(missing, flows, strict=True))

    def _look(self, image: np.ndarray) -> tuple[np.ndarray, tuple[slice, slice], Prepared]:
        pixels, inside = canvas(image, self.max_side, self.minimum_side, self.multiple)
        return image, inside, self._prepare(pixels)


def _offsets(names: Sequence[int], centre: int) -> list[int]:
    return [j - centre for j in range(len(names)) if j != centre]


def chained(steps: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
    """Flows over one, two, … steps: every point is followed from frame to frame.

    Args:
        steps: (f, g, 2) float32 flows from each frame to the next, in pixels; a point that leaves
            the picture goes on as the border does.
    """
    flow = None
    for step in steps:
        if flow is None:
            flow = step
        else:
            x = flow[..., 0] + np.arange(step.shape[1], dtype=np.float32)
            y = flow[..., 1] + np.arange(step.shape[0], dtype=np.float32)[:, None]
            flow = flow + cv2.remap(step, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        yield flow
