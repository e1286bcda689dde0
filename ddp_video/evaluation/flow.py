"""Engines of optical flow side by side, on rendered clips with truth and on real ones without.

A rendered clip is NAME.mp4 with NAME.flow.mkv (frame → next frame) and NAME.truth.mkv (people). Of
any other clip of `clips.py` it is measured whether the flow carries its masks, how alike the
pictures are that it lays on one another, and whether it finds the way back.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..errors import DataError
from ..types import FlowEstimator
from .clips import FLOW, ReadTruth, carry, clip_frames
from .flow_errors import consistent, end_point_error, lands_inside, near, outliers, warped
from .found import Progress, iou

# Flow video → (T, h, w, 2) float32 pixels at every n-th pixel from the first, NaN where not seen
ReadFlow = Callable[[Path], np.ndarray]
Engines = Mapping[str, FlowEstimator]
Row = dict[str, float | None]

AROUND = 8  # pixels around what is hidden in the next frame: where flow tears
OFFSETS = (1, -1, 2, -2)


@dataclass(frozen=True)
class FlowClip:
    """A clip, read.

    Attributes:
        images: (H, W, 3) uint8 RGB each.
        people: (H, W) person's numbers of each frame, 0 = nobody; None where not known.
        flow: (T − 1, h, w, 2) to the next frame at every `every`-th pixel; None where not known.
        every: pixels between those of the flow.
    """

    images: Sequence[np.ndarray]
    people: Sequence[np.ndarray | None]
    flow: np.ndarray | None = None
    every: int = 1


@dataclass
class Means:
    """Figures gathered pair by pair: sums and counts by name."""

    sums: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, values: np.ndarray) -> None:
        """Take in values that all weigh the same."""
        self.sums[name] = self.sums.get(name, 0.0) + float(np.sum(values))
        self.counts[name] = self.counts.get(name, 0) + values.size

    def row(self) -> Row:
        """Means; None where nothing was known."""
        return {n: self.sums[n] / c if (c := self.counts[n]) else None for n in self.sums}


def read_clip(clip: Path, read_truth: ReadTruth, read_flow: ReadFlow) -> FlowClip:
    """Read a clip of `clips.find_clips` with what is known of its motion.

    Raises:
        DataError: it has fewer than two frames, or the flow does not fit.
    """
    frames = list(clip_frames(clip, 1, read_truth))
    images, people = [f.frame.image for f in frames], [f.people for f in frames]
    if len(images) < 2:
        raise DataError(f"{clip} has no two frames: give a longer clip")
    path = clip.with_name(clip.stem + FLOW)
    if clip.is_dir() or not path.is_file():
        return FlowClip(images, people)
    flow = read_flow(path)
    every = images[0].shape[0] // flow.shape[1]
    if len(flow) != len(images) - 1 or people[0] is None:
        raise DataError(f"{path} does not fit {clip.name}; make the clip again")
    return FlowClip(images, people, flow, every)


def score_clip(
    engines: Engines, clip: FlowClip, step: int = 1, progress: Progress | None = None
) -> dict[str, Row]:
    """Figures of each engine on one clip.

    Args:
        engines: by name.
        clip: from `read_clip`.
        step: look at every n-th frame.
        progress: told frames done.
    """
    means = {name: Means() for name in engines}
    chosen = range(0, len(clip.images), step)
    for done, t in enumerate(chosen, 1):
        if clip.flow is not None:
            if t < len(clip.flow):
                _against_truth(engines, clip, t, means)
        else:
            _without_truth(engines, clip, t, means)
        if progress:
            progress(done, len(chosen))
    return {name: found.row() for name, found in means.items()}


def flow_between(engine: FlowEstimator, here: np.ndarray, there: np.ndarray) -> np.ndarray:
    """(H, W, 2) flow from a picture to another one, at full size."""
    flow = engine.flows([here, there], 0, here.shape[:2])[1]
    return np.ascontiguousarray(flow.permute(1, 2, 0).numpy())


def _against_truth(engines: Engines, clip: FlowClip, t: int, means: dict[str, Means]) -> None:
    """End-point errors of the flow to the next frame, by region."""
    assert clip.flow is not None
    truth, people = clip.flow[t], clip.people[t]
    assert people is not None
    seen = np.isfinite(truth[..., 0])
    body = people[:: clip.every, :: clip.every] > 0
    torn = near(~seen, max(1, AROUND // clip.every))
    regions = {"all": seen, "people": seen & body, "background": seen & ~body, "torn": seen & torn}
    for name, engine in engines.items():
        flow = flow_between(engine, clip.images[t], clip.images[t + 1])
        error = end_point_error(flow[:: clip.every, :: clip.every], truth)
        for region, where in regions.items():
            means[name].add(f"epe_{region}", error[where])
        means[name].add("fl_all", outliers(error, truth)[seen])
        means[name].add("fl_people", outliers(error, truth)[seen & body])


def _without_truth(engines: Engines, clip: FlowClip, t: int, means: dict[str, Means]) -> None:
    """Masks carried, pictures laid on one another, the way back, for all neighbours."""
    for k in _neighbours(t, len(clip.images)):
        here, there = clip.images[t], clip.images[t + k]
        ways = {
            name: (flow_between(engine, here, there), flow_between(engine, there, here))
            for name, engine in engines.items()
        }
        judged = _judged(ways)
        for name, (flow, back) in ways.items():
            found, span = means[name], abs(k)
            here_mask, there_mask = clip.people[t], clip.people[t + k]
            if here_mask is not None and there_mask is not None and here_mask.any():
                carried = carry((there_mask > 0).astype(np.uint8), flow.transpose(2, 0, 1)) > 0
                found.add(f"mask_iou_{span}", np.array(iou(carried, here_mask > 0)))
            gap = np.abs(warped(there, flow).astype(np.float32) - here).mean(-1)
            found.add(f"photometric_{span}", gap[judged])
            found.add(f"consistent_{span}", consistent(flow, back))


def _neighbours(t: int, frames: int) -> Iterator[int]:
    return (k for k in OFFSETS if 0 <= t + k < frames)


def _judged(ways: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Where pictures are compared: no engine leaves the frame, and most find the way back.

    The same place for all engines, else one would gain by losing its way. Where nothing moves the
    way back is no evidence, so that an engine that finds none at all has no voice.
    """
    inside = np.all([lands_inside(flow) for flow, _ in ways.values()], axis=0)
    votes = [consistent(flow, back) for flow, back in ways.values() if flow.any()]
    return inside & (np.mean(votes, axis=0) > 0.5) if votes else inside
