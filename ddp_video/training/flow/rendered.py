"""Pairs of neighbouring frames of rendered clips, whose exact flow lies beside them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import DataError
from .layers import Pair

FLOW = ".flow.mkv"
# Flow video → (T, h, w, 2) float32 pixels at every n-th pixel from the first, NaN where not seen
ReadFlow = Callable[[Path], np.ndarray]


@dataclass(frozen=True)
class RenderedPair:
    """Two frames, (H, W, 3) uint8 RGB, and the (h, w, 2) flow at every n-th pixel, or NaN."""

    first: np.ndarray
    second: np.ndarray
    flow: np.ndarray


def read_rendered(folders: Sequence[Path], read_flow: ReadFlow) -> list[RenderedPair]:
    """All pairs of all clips NAME.mp4 with NAME.flow.mkv in some folders.

    Raises:
        DataError: a folder has no such clip, or a flow does not fit its video.
    """
    pairs: list[RenderedPair] = []
    for folder in folders:
        flows = sorted(folder.glob(f"*{FLOW}"))
        if not flows:
            raise DataError(f"{folder} has no rendered clips: give NAME.mp4 with NAME{FLOW}")
        for path in flows:
            pairs.extend(_of_clip(path, read_flow))
    return pairs


def _of_clip(path: Path, read_flow: ReadFlow) -> list[RenderedPair]:
    from ...decode import FrameReader  # here, so that layered pairs alone need no PyAV

    video = path.with_name(path.name.replace(FLOW, ".mp4"))
    flows = read_flow(path)
    with FrameReader(video) as reader:
        frames = [frame.image for frame in reader]
    every = frames[0].shape[0] / flows.shape[1]
    if len(frames) != len(flows) + 1 or not every.is_integer():
        raise DataError(f"{path} does not fit {video.name}; make the clip again")
    return [RenderedPair(frames[k], frames[k + 1], flow) for k, flow in enumerate(flows)]


def cropped(rng: np.random.Generator, pair: RenderedPair, size: tuple[int, int]) -> Pair:
    """A random window of a pair, mirrored or not; the flow is valid where it is stored.

    Raises:
        DataError: the frames are smaller than the window.
    """
    every = pair.first.shape[0] // pair.flow.shape[0]
    spare = [
        (whole - side) // every for whole, side in zip(pair.first.shape[:2], size, strict=True)
    ]
    if min(spare) < 0:
        raise DataError(f"rendered frames are smaller than pairs of {size[1]}x{size[0]}")
    top, left = (every * int(rng.integers(s + 1)) for s in spare)
    window = slice(top, top + size[0]), slice(left, left + size[1])
    flow = np.full((*size, 2), np.nan, np.float32)
    stored = pair.flow[top // every :, left // every :]
    shape = flow[::every, ::every].shape[:2]
    flow[::every, ::every] = stored[: shape[0], : shape[1]]
    pictures = [pair.first[window], pair.second[window]]
    if rng.random() < 0.5:
        flow = flow[:, ::-1] * np.array([-1, 1], np.float32)
        pictures = [picture[:, ::-1] for picture in pictures]
    first, second = (np.ascontiguousarray(picture) for picture in pictures)
    valid = np.isfinite(flow[..., 0])
    nobody = np.zeros(size, np.uint8)
    return Pair(first, second, np.nan_to_num(flow), valid, nobody, valid)
